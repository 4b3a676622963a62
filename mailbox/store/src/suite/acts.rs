//! The audit: written with the change it tells of, chained, and not at all where nothing changed (Profile §16.1, §15.3).

use std::sync::Arc;

use fumibako_model::{Agent, AuditRow, Done, FlagChange, Flags, NamedFlags, Office, OfficeNumber, Refusal, What};

use super::folders::{copy_of, uid};
use super::{Fill, World, folder, himawari, kaede, kawara, mandates, now, office, refused, sakura, view};
use crate::bodies::Day;
use crate::{
    ActsAudit, ActsHead, ActsState, Amend, Amendment, CopyOrder, Deposit, Doer, Draft, FlagOrder, Store, ToldTo,
    WhichActs,
};

/// What the audit tells.
pub(super) async fn rows<S: Store>(store: &S, office: Option<OfficeNumber>, after: Option<u64>) -> Vec<AuditRow> {
    let docs = store.acts(WhichActs { office, after }).await.unwrap();
    docs.iter().map(|doc| serde_json::from_str(doc).unwrap()).collect()
}

fn suspension(number: OfficeNumber) -> Amend {
    let suspended = Some("届出の確認中".to_owned());
    let done = Done::new(now(), "operator", What::OfficeSuspended).of(number).noting("届出の確認中");
    Amend { changes: vec![Amendment::Office(Box::new(Office { suspended, ..office(number) }))], done: vec![done] }
}

pub async fn what_changes_a_right_is_told_in_the_same_commit<S: Store>(store: Arc<S>) {
    let _world = World::with(&*store).await;
    assert_eq!(store.audit_acts().await.unwrap(), ActsAudit::default());
    let ActsState { rows: none, hash, head } = store.acts_state().await.unwrap();
    assert_eq!((none, hash, head), (0, "0".repeat(64), None));
    for number in [himawari(), sakura()] {
        store.amend(suspension(number)).await.unwrap();
    }
    let all = rows(&*store, None, None).await;
    assert_eq!(
        all.iter().map(|row| (row.n, row.done.office)).collect::<Vec<_>>(),
        [(0, Some(himawari())), (1, Some(sakura()))]
    );
    assert_eq!(rows(&*store, Some(sakura()), None).await, all[1..]);
    assert_eq!(rows(&*store, None, Some(0)).await, all[1..]);
    assert_eq!(rows(&*store, Some(kaede()), None).await, []);
    // Of what is refused nothing is changed and nothing told, whatever came before it in the same order.
    let one = mandates::sending(himawari());
    let mut both = suspension(kaede());
    both.changes.push(Amendment::Mandate(mandates::granting(&one)));
    refused(store.amend(both).await, Refusal::AgentUnknown);
    assert_eq!(store.roll().office(kaede()).unwrap().suspended, None);
    // Nor of a deed that came before.
    store.put_agent(Agent { id: kawara(), name: "かわら事務代行".into(), suspended: None }).await.unwrap();
    for _ in 0..2 {
        let done = Done::new(now(), himawari(), What::MandateRegistered).of(himawari()).about(one.id);
        let changes = vec![Amendment::Mandate(mandates::granting(&one))];
        store.amend(Amend { changes, done: vec![done] }).await.unwrap();
    }
    // What changes nothing on the roll can be told, too.
    let told = Done::new(now(), "operator", What::BackupMade);
    store.amend(Amend { changes: Vec::new(), done: vec![told.clone(), told] }).await.unwrap();
    let audit = store.audit_acts().await.unwrap();
    assert_eq!((audit.rows, audit.broken), (5, None));
    let unsigned = store.acts_state().await.unwrap();
    assert!(unsigned.rows == 5 && unsigned.is_unsigned());
    let head = ActsHead { day: Day::of(now()), rows: 5, signed: b"signed".to_vec(), beyond: None };
    store.keep_acts_head(head.clone()).await.unwrap();
    let state = store.acts_state().await.unwrap();
    assert!(!state.is_unsigned());
    assert_eq!(state.head, Some((head.clone(), Some(unsigned.hash))));
    assert_eq!(store.audit_acts().await.unwrap().heads, Vec::from_iter(state.head));
    // Ahead over a midnight, and right again: the longest is the newest, and each day after it has its own (Profile §8.13).
    for (rows, days) in (6..).zip([365, 366, 1, 1, 2]) {
        store.amend(suspension(kaede())).await.unwrap();
        let signed = format!("{rows}").into_bytes();
        store.keep_acts_head(ActsHead { day: Day(head.day.0 + days), rows, signed, beyond: None }).await.unwrap();
        assert!(!store.acts_state().await.unwrap().is_unsigned());
    }
    let heads = store.audit_acts().await.unwrap().heads;
    let kept: Vec<_> = heads.iter().map(|(kept, _)| (kept.day.0 - head.day.0, kept.rows)).collect();
    assert_eq!(kept, [(0, 5), (365, 6), (366, 7), (1, 9), (2, 10)]);
}

// Profile §16.3
pub async fn what_an_agent_looks_at_is_told_once_an_hour<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let hour = jiff::SignedDuration::from_hours(1);
    let opened = async |at: jiff::Timestamp, office, folder: &str| {
        let done = Done::by_agent(at, &kawara(), What::AgentOpened, office).about(folder);
        store.amend(Amend { changes: Vec::new(), done: vec![done.clone(), done] }).await.unwrap();
    };
    for _ in 0..3 {
        opened(now(), himawari(), "INBOX").await;
        opened(now(), himawari(), "Sent").await;
        opened(now(), sakura(), "INBOX").await;
    }
    opened(now() + hour, himawari(), "INBOX").await;
    for _ in 0..2 {
        let acts = Done::by_agent(now(), &kawara(), What::AgentActs, himawari());
        let changed = Done { what: What::AgentChanged, ..acts.clone() };
        store.amend(Amend { changes: Vec::new(), done: vec![acts, changed] }).await.unwrap();
    }
    let told: Vec<_> = rows(&*store, None, None).await.into_iter().map(|row| (row.done.what, row.done.about)).collect();
    let opened = |folder: &str| (What::AgentOpened, folder.to_owned());
    let other = |what| (what, String::new());
    assert_eq!(
        told,
        [
            opened("INBOX"),
            opened("Sent"),
            opened("INBOX"),
            opened("INBOX"),
            other(What::AgentActs),
            other(What::AgentChanged),
            other(What::AgentChanged)
        ]
    );
    // What it changes is told each time, or is not done.
    let changes = |count| {
        let one = Done::by_agent(now(), &kawara(), What::AgentChanged, sakura());
        store.amend(Amend { changes: Vec::new(), done: vec![one; count] })
    };
    changes(1_000).await.unwrap();
    refused(changes(1).await, Refusal::TooManyQuestions);
    let audit = store.audit_acts().await.unwrap();
    assert_eq!((audit.rows, audit.broken), (1_007, None));
}

/// A message of himawari's own, for a folder.
fn deposit<S: Store>(store: &S, to: &str) -> Deposit {
    let mut body = store.spool(now());
    body.write(b"Subject: own\r\n\r\n").unwrap();
    Deposit::of(folder(to), Draft { flags: NamedFlags::default(), date: now(), message_id: None, body })
}

// Profile §16.1, §16.3
pub async fn what_an_agent_changed_is_told_and_not_what_it_tried<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let (agent, ends) = (|| Doer::agent(himawari(), kawara(), now()), (sakura(), himawari()));
    for id in ["1@x.example", "2@x.example"] {
        store.deliver(world.bundle(&*store, ends, id, "one"), now()).await.unwrap();
    }
    let inbox = view(&*store, himawari(), "INBOX").await.status;
    let (id, since) = (inbox.folder, inbox.highest_modseq);
    // Nothing is `\Deleted`, no folder has this name, no message this UID, nothing is filed where mail comes in, no room is left.
    assert!(store.expunge(agent(), id, None, since).await.unwrap().answer.vanished.is_empty());
    assert_eq!(store.copy(agent(), copy_of(id, &[9], "Archive"), now()).await.unwrap().answer.1, []);
    refused(store.copy(agent(), copy_of(id, &[1], "運用者より"), now()).await, Refusal::NoSuchFolder);
    refused(store.append(agent(), deposit(&*store, "運用者より"), now()).await, Refusal::NoSuchFolder);
    refused(store.append(agent(), deposit(&*store, "INBOX"), now()).await, Refusal::FolderIsProtected);
    let quota = store.quota(himawari()).await.unwrap();
    store.set_quota(himawari(), quota.used).await.unwrap();
    refused(store.append(agent(), deposit(&*store, "Drafts"), now()).await, Refusal::QuotaFull);
    refused(store.copy(agent(), copy_of(id, &[1], "Archive"), now()).await, Refusal::QuotaFull);
    store.set_quota(himawari(), quota.limit).await.unwrap();
    assert_eq!(store.audit_acts().await.unwrap().rows, 0);
    // What the office does itself is no agent's.
    store.append(himawari(), deposit(&*store, "Drafts"), now()).await.unwrap();
    store.append(agent(), deposit(&*store, "Drafts"), now()).await.unwrap();
    let drafts = view(&*store, himawari(), "Drafts").await.status.folder;
    let better = Deposit { replaces: Some((drafts, uid(2))), ..deposit(&*store, "Drafts") };
    store.append(agent(), better, now()).await.unwrap();
    store.copy(agent(), copy_of(id, &[1, 2, 9], "Archive"), now()).await.unwrap();
    store.copy(agent(), CopyOrder { moves: true, ..copy_of(id, &[2], "Trash") }, now()).await.unwrap();
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let (uids, change) = (vec![uid(1)], FlagChange::Add);
    let marking = FlagOrder { folder: id, uids, change, flags, unchanged_since: None, since };
    store.flag(himawari(), marking.clone()).await.unwrap();
    store.expunge(agent(), id, None, since).await.unwrap();
    let told = rows(&*store, Some(himawari()), None).await.into_iter().map(|row| row.done);
    assert!(told.clone().all(|done| (done.by.as_str(), done.what) == ("kawara", What::AgentChanged)));
    let told: Vec<_> = told.map(|done| (done.about, done.note)).collect();
    let row = |about: &str, note: &str| (about.to_owned(), note.to_owned());
    assert_eq!(
        told,
        [
            row("append Drafts", "UID 2"),
            row("append Drafts", "UID 3, for another"),
            row("copy 2 from INBOX to Archive", "UID 1:2"),
            row("move 1 from INBOX to Trash", "UID 2"),
            row("expunge INBOX", "UID 1"),
        ]
    );
    // The one too many is not made, and nothing of it is left; what changes nothing is no change.
    let all = vec![Done::by_agent(now(), &kawara(), What::AgentChanged, himawari()); 995];
    store.amend(Amend { changes: Vec::new(), done: all }).await.unwrap();
    let archive = view(&*store, himawari(), "Archive").await.status.folder;
    store.flag(himawari(), FlagOrder { folder: archive, ..marking }).await.unwrap();
    let before = store.folders(himawari()).await.unwrap();
    refused(store.copy(agent(), copy_of(archive, &[2], "Trash"), now()).await, Refusal::TooManyQuestions);
    refused(store.append(agent(), deposit(&*store, "Trash"), now()).await, Refusal::TooManyQuestions);
    refused(store.expunge(agent(), archive, None, since).await, Refusal::TooManyQuestions);
    store.expunge(agent(), id, None, since).await.unwrap();
    assert_eq!(store.folders(himawari()).await.unwrap(), before);
    assert_eq!(store.audit_acts().await.unwrap().rows, 1_000);
    assert!(store.inspect().await.unwrap().faults.is_empty());
    let gone = store.expunge(himawari(), archive, None, since).await.unwrap().answer;
    assert_eq!(gone.vanished.iter().collect::<Vec<_>>(), [uid(1)]);
}

pub async fn only_what_an_agent_sends_is_told<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    store.put_agent(Agent { id: kawara(), name: "かわら事務代行".into(), suspended: None }).await.unwrap();
    let one = mandates::in_force(&*store, himawari()).await;
    let ends = (himawari(), sakura());
    store.deliver(world.bundle(&*store, ends, "own@plans.example", "one"), now()).await.unwrap();
    assert_eq!(store.audit_acts().await.unwrap().rows, 0, "evidence tells what an office does itself");
    let letter = world.letter_by_agent(ends, "agents@plans.example", "one");
    for _ in 0..2 {
        store.deliver(world.admit_by_agent(&*store, ends, &letter), now()).await.unwrap();
    }
    let told = rows(&*store, Some(himawari()), None).await;
    let [row] = &told[..] else { panic!("{told:?}") };
    let expected = Done::by_agent(now(), &kawara(), What::AgentSent, himawari());
    assert_eq!(row.done, expected.about("agents@plans.example").noting(one.id));
    // What else is told of the office is not told to it.
    store.amend(suspension(himawari())).await.unwrap();
    let own = |before, most| store.told_acts(ToldTo { office: himawari(), before, most });
    let docs = own(None, 2).await.unwrap();
    let [doc] = &docs[..] else { panic!("{docs:?}") };
    assert_eq!(serde_json::from_str::<AuditRow>(doc).unwrap(), *row);
    assert_eq!((own(Some(row.n), 2).await.unwrap().len(), own(None, 0).await.unwrap().len()), (0, 0));
    assert_eq!(store.told_acts(ToldTo { office: sakura(), before: None, most: 2 }).await.unwrap().len(), 0);
}
