//! 受け渡し: what went out whole is taken by whoever got it, in the commit by which it is marked or removed (Profile §8.10).

use std::sync::Arc;

use fumibako_model::{
    Agent, AgentId, AuditRow, Delegate, Event, EvidenceId, FlagChange, Flags, MandateId, MessageId, ModSeq, NamedFlags,
    Recorded, Scope, Uid, What,
};
use jiff::SignedDuration;

use super::mandates::{agent, confirming, granting, registered, revocation, sending};
use super::{Fill, World, folder, himawari, kaede, kawara, keywords, now, sakura, view};
use crate::{CopyOrder, Deposit, Doer, Draft, FlagOrder, Store, Taken, Which, WhichActs};

fn tsuta() -> AgentId {
    "tsuta".parse().unwrap()
}

/// A mandate to receive for sakura, in force on the roll; of several the `number`th.
async fn receiving<S: Store>(store: &S, agent: AgentId, number: u8) -> Delegate {
    let mut words = sending(sakura()).mandate;
    (words.agent, words.scopes) = (agent, [Scope::Receive].into());
    words.granted += SignedDuration::from_secs(number.into());
    let one = registered(words);
    store.mandate(granting(&one)).await.unwrap();
    store.mandate(confirming(&one)).await.unwrap();
    one.delegate()
}

async fn revoke<S: Store>(store: &S, id: MandateId) {
    let one = store.roll().mandate_by_id(id).unwrap().clone();
    store.mandate(revocation(&one)).await.unwrap();
}

/// The world, with two agents that no office has mandated yet.
async fn world<S: Store>(store: &S) -> World {
    let world = World::with(store).await;
    agent(store).await;
    store.put_agent(Agent { id: tsuta(), name: "つた記録".into(), suspended: None }).await.unwrap();
    world
}

/// A bundle that comes into sakura's INBOX.
async fn delivered<S: Store>(store: &S, world: &World, id: &str) -> (Uid, MessageId) {
    let bundle = world.bundle(store, (himawari(), sakura()), &format!("{id}@x.example"), id);
    store.deliver(bundle, now()).await.unwrap();
    let last = view(store, sakura(), "INBOX").await.entries.pop().unwrap();
    (last.uid, last.message)
}

/// How somebody takes a message.
#[derive(Clone, Copy, Debug)]
enum By {
    Seen,
    Expunge,
    Move,
    Replace,
}

async fn mark<S: Store>(
    store: &S,
    doer: Doer,
    name: &str,
    uids: Vec<Uid>,
    (change, flags): (FlagChange, Flags),
) -> Vec<MessageId> {
    let folder = store.status(sakura(), &folder(name)).await.unwrap().folder;
    let flags = NamedFlags { system: flags.system, keywords: vec![] };
    let order = FlagOrder { folder, uids, change, flags, unchanged_since: None, since: ModSeq(0) };
    store.flag(doer, order).await.unwrap().handed_over
}

/// Does so to a message of INBOX; what was handed over.
async fn take<S: Store>(store: &S, doer: &Doer, by: By, uid: Uid) -> Vec<MessageId> {
    let from = store.status(sakura(), &folder("INBOX")).await.unwrap().folder;
    match by {
        By::Seen => mark(store, doer.clone(), "INBOX", vec![uid], (FlagChange::Add, Flags::SEEN)).await,
        By::Expunge => {
            let deleted = mark(store, doer.clone(), "INBOX", vec![uid], (FlagChange::Add, Flags::DELETED)).await;
            assert_eq!(deleted, [], "it may still be undone");
            let gone = store.expunge(doer.clone(), from, Some(vec![uid]), ModSeq(0)).await.unwrap();
            assert!(gone.answer.vanished.contains(uid));
            gone.handed_over
        }
        By::Move => {
            let order = CopyOrder { folder: from, uids: vec![uid], to: folder("Archive"), moves: true };
            let Taken { answer, handed_over } = store.copy(doer.clone(), order, now()).await.unwrap();
            assert_eq!(answer.1.len(), 1);
            handed_over
        }
        // RFC 8508 §3: the old one goes as the new one comes.
        By::Replace => {
            let mut body = store.spool(now());
            body.write(b"Subject: note\r\n\r\n").unwrap();
            let draft = Draft { flags: NamedFlags::default(), date: now(), message_id: None, body };
            let order = Deposit { replaces: Some((from, uid)), ..Deposit::of(folder("Archive"), draft) };
            let Taken { answer, handed_over } = store.append(doer.clone(), order, now()).await.unwrap();
            assert_eq!(answer.1.len(), 1);
            handed_over
        }
    }
}

/// Who collected what, by the evidence: Message-ID and delegate.
async fn collected<S: Store>(store: &S) -> Vec<(String, Option<Delegate>)> {
    let all = store.list_evidence(Which::default()).await.unwrap();
    let all = all.iter().map(|entry| serde_json::from_str::<Recorded>(entry).unwrap().evidence);
    all.filter(|one| one.event == Event::ContentHandover).map(|one| (one.message_id, one.by)).collect()
}

/// What of it the audit tells, by whom.
async fn told<S: Store>(store: &S) -> Vec<(String, String)> {
    let acts = store.acts(WhichActs::default()).await.unwrap();
    let acts = acts.iter().map(|act| serde_json::from_str::<AuditRow>(act).unwrap().done);
    acts.filter(|done| done.what == What::AgentCollected).map(|done| (done.by, done.about)).collect()
}

// Profile §8.10, §16.3
pub async fn what_went_out_whole_is_taken_by_nobody_but_who_got_it<S: Store>(store: Arc<S>) {
    let world = world(&*store).await;
    let (first, other) = (receiving(&*store, kawara(), 1).await, receiving(&*store, tsuta(), 2).await);
    let parties = [None, Some(first), Some(other)];
    let doer = |by: &Option<Delegate>| match by {
        None => Doer::office(sakura(), now()),
        Some(by) => Doer::agent(sakura(), by.agent.clone(), now()),
    };
    let (mut count, mut expected, mut told_of) = (0, Vec::new(), Vec::new());
    for by in [By::Seen, By::Expunge, By::Move, By::Replace] {
        for got in &parties {
            for takes in &parties {
                count += 1;
                let id = count.to_string();
                let (uid, message) = delivered(&*store, &world, &id).await;
                store.note_sent(sakura(), vec![message], got.as_ref().map(|by| by.mandate)).await.unwrap();
                let new = take(&*store, &doer(takes), by, uid).await;
                assert_eq!(new, if got == takes { vec![message] } else { vec![] }, "{by:?} {got:?} {takes:?}");
                if got == takes {
                    expected.push((format!("{id}@x.example"), got.clone()));
                    told_of.extend(got.as_ref().map(|by| (by.agent.to_string(), format!("M{}", message.0))));
                }
            }
        }
    }
    assert_eq!(collected(&*store).await, expected);
    assert_eq!(told(&*store).await, told_of);
    let sent = view(&*store, himawari(), "Sent").await;
    let marked = sent.entries.iter().filter(|entry| keywords(&sent, entry).contains(&"$HandedOver".to_owned()));
    assert_eq!(marked.count(), expected.len());
    super::evidence::log(&*store).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

// Profile §8.10
pub async fn what_an_agent_got_counts_while_that_mandate_is_in_force<S: Store>(store: Arc<S>) {
    let world = world(&*store).await;
    let (uid, message) = delivered(&*store, &world, "one").await;
    let old = receiving(&*store, kawara(), 1).await;
    store.note_sent(sakura(), vec![message], Some(old.mandate)).await.unwrap();
    let agent = Doer::agent(sakura(), kawara(), now());
    // Before its first day and after its last one; the mandate of another office; and never again once it was revoked.
    for at in ["2026-03-31T14:59:59Z", "2027-03-31T15:00:00Z"] {
        let at = Doer::agent(sakura(), kawara(), at.parse().unwrap());
        assert_eq!(take(&*store, &at, By::Seen, uid).await, []);
    }
    assert_eq!(store.hand_over(kaede(), vec![message], Some(old.clone()), now()).await.unwrap(), []);
    revoke(&*store, old.mandate).await;
    let new = receiving(&*store, kawara(), 2).await;
    assert_eq!(take(&*store, &agent, By::Seen, uid).await, [], "it got it under another");
    assert_eq!(store.hand_over(sakura(), vec![message], Some(old), now()).await.unwrap(), []);
    assert_eq!((collected(&*store).await, told(&*store).await), (vec![], vec![]));
    // Under the new one it got it, too; and where several are in force, each that it got it under counts.
    store.note_sent(sakura(), vec![message], Some(new.mandate)).await.unwrap();
    receiving(&*store, kawara(), 0).await;
    receiving(&*store, kawara(), 3).await;
    assert_eq!(take(&*store, &agent, By::Move, uid).await, [message]);
    assert_eq!(collected(&*store).await, [("one@x.example".to_owned(), Some(new))]);
}

// Profile §16.3
pub async fn an_agent_is_told_of_a_message_once_however_often_it_fetches_it<S: Store>(store: Arc<S>) {
    let world = world(&*store).await;
    let (one, other) = (receiving(&*store, kawara(), 1).await, receiving(&*store, tsuta(), 2).await);
    let (uid, first) = delivered(&*store, &world, "first").await;
    let (_, second) = delivered(&*store, &world, "second").await;
    let fetches = async |by: &Delegate, messages: &[MessageId], hours: i64| {
        let at = now() + jiff::SignedDuration::from_hours(hours);
        store.hand_over(sakura(), messages.to_vec(), Some(by.clone()), at).await.unwrap()
    };
    assert_eq!(fetches(&one, &[first], 0).await, [first]);
    for hours in [0, 2, 50] {
        assert_eq!(fetches(&one, &[first], hours).await, []);
    }
    // Of what an agent fetches after another or the office it is told, too, and what it had is none of that.
    assert_eq!(fetches(&other, &[first, second, MessageId(1 << 40)], 60).await, [second]);
    assert_eq!(fetches(&one, &[first, second], 60).await, []);
    assert_eq!(take(&*store, &Doer::agent(sakura(), kawara(), now()), By::Seen, uid).await, []);
    let about = |by: AgentId, message: MessageId| (by.to_string(), format!("M{}", message.0));
    let all = [about(kawara(), first), about(tsuta(), first), about(tsuta(), second), about(kawara(), second)];
    assert_eq!(told(&*store).await, all);
}

// Profile §8.10
pub async fn many_are_taken_at_once_and_nothing_by_a_look<S: Store>(store: Arc<S>) {
    let world = world(&*store).await;
    let office = || Doer::office(sakura(), now());
    let mut all = Vec::new();
    for id in 0..40 {
        all.push(delivered(&*store, &world, &id.to_string()).await);
    }
    let (uids, messages): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    // Another office's are none of it, and neither is what nobody knows.
    let noted = [&messages[..30], &[MessageId(1)]].concat();
    store.note_sent(himawari(), noted.clone(), None).await.unwrap();
    assert_eq!(mark(&*store, office(), "INBOX", uids.clone(), (FlagChange::Add, Flags::SEEN)).await, []);
    store.note_sent(sakura(), noted, None).await.unwrap();
    for (change, flags) in
        [(FlagChange::Add, Flags::FLAGGED), (FlagChange::Remove, Flags::SEEN), (FlagChange::Replace, Flags::ANSWERED)]
    {
        assert_eq!(mark(&*store, office(), "INBOX", uids.clone(), (change, flags)).await, []);
    }
    let from = store.status(sakura(), &folder("INBOX")).await.unwrap().folder;
    let copy = CopyOrder { folder: from, uids: uids[..5].to_vec(), to: folder("Archive"), moves: false };
    assert_eq!(store.copy(office(), copy, now()).await.unwrap().handed_over, []);
    // What changed too late for the order stays as it is.
    let flags = NamedFlags { system: Flags::SEEN.system, keywords: vec![] };
    let late = FlagOrder {
        folder: from,
        uids: uids[..5].to_vec(),
        change: FlagChange::Add,
        flags,
        unchanged_since: Some(ModSeq(1)),
        since: ModSeq(0),
    };
    assert_eq!(store.flag(office(), late).await.unwrap().handed_over, []);
    // The copy is marked as seen by the gateway's own hand, and then by the office: that it has the mark is no matter.
    let seen = (FlagChange::Add, Flags::SEEN);
    let archived: Vec<_> = view(&*store, sakura(), "Archive").await.entries.iter().map(|entry| entry.uid).collect();
    assert_eq!(mark(&*store, sakura().into(), "Archive", archived.clone(), seen).await, []);
    assert_eq!(mark(&*store, office(), "Archive", archived, seen).await, messages[..5]);
    assert_eq!(mark(&*store, office(), "INBOX", uids.clone(), seen).await, messages[5..30]);
    assert_eq!(mark(&*store, office(), "INBOX", uids, (FlagChange::Replace, Flags::SEEN)).await, []);
    assert_eq!(store.hand_over(sakura(), messages.clone(), None, now()).await.unwrap(), messages[30..]);
    assert_eq!(collected(&*store).await.len(), 40);
    super::evidence::log(&*store).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
}

// Profile §8.10; RFC 9051 §6.3.5, §6.3.6
pub async fn what_leaves_its_folder_with_all_others_is_taken<S: Store>(store: Arc<S>) {
    let world = world(&*store).await;
    let mandate = receiving(&*store, kawara(), 1).await.mandate;
    let office = || Doer::office(sakura(), now());
    let mut all = Vec::new();
    for id in ["office", "agent", "nobody", "copied"] {
        all.push(delivered(&*store, &world, id).await);
    }
    let (uids, messages): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let note = async |which: usize, by| store.note_sent(sakura(), vec![messages[which]], by).await.unwrap();
    let from = store.status(sakura(), &folder("INBOX")).await.unwrap().folder;
    for name in ["one", "two"] {
        store.create(sakura(), folder(name)).await.unwrap();
        let copy = CopyOrder { folder: from, uids: vec![uids[3]], to: folder(name), moves: false };
        store.copy(office(), copy, now()).await.unwrap();
    }
    note(3, None).await;
    // The gateway's own hand takes nothing; a terminal's does, though another copy stays.
    assert_eq!(store.delete(sakura(), folder("one")).await.unwrap().handed_over, []);
    assert_eq!(store.delete(office(), folder("two")).await.unwrap().handed_over, [messages[3]]);
    note(0, None).await;
    note(1, Some(mandate)).await;
    let rename = async |from: &str, to: &str| {
        let taken = store.rename(office(), folder(from), folder(to), now()).await.unwrap();
        taken.handed_over
    };
    assert_eq!(rename("INBOX", "old").await, [messages[0]], "what the agent got it takes itself");
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries, []);
    // They stand where they stood, under another name.
    note(2, None).await;
    assert_eq!(rename("old", "older").await, []);
    assert_eq!(store.delete(office(), folder("older")).await.unwrap().handed_over, [messages[2]]);
    let handed = ["copied", "office", "nobody"].map(|id| (format!("{id}@x.example"), None));
    assert_eq!(collected(&*store).await, handed);
    let sent = view(&*store, himawari(), "Sent").await;
    let marked = sent.entries.iter().map(|entry| keywords(&sent, entry).contains(&"$HandedOver".to_owned()));
    assert_eq!(marked.collect::<Vec<_>>(), [true, false, true, true]);
    super::evidence::log(&*store).await.unwrap();
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
    assert!(store.inspect().await.unwrap().faults.is_empty());
}
