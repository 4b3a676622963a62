//! Evidence: one piece for each event, in a log that proves it (Profile §8.9 to §8.14).

use std::sync::Arc;

use fumibako_model::log::{Head, included, leaf};
use fumibako_model::{
    Done, Event, EvidenceId, MessageId, Pruning, Reason, RecipientWishes, Recorded, Report, Retention, What, Wishes,
    first_reminder,
};
use jiff::{SignedDuration, Timestamp};

use super::expire::{ago, send};
use super::{World, folder, himawari, kaede, keywords, now, sakura, view};
use crate::bodies::Day;
use crate::{
    Due, HoldOrder, Letter, Logging, Prunable, PruneOrder, Store, Told, Unlogged, Which, WhichActs, Wrong, hex,
};

const BUNDLE: &str = "bundle@x.example";
const MANY: usize = 100;

async fn delivered<S: Store>(store: &S) -> (World, [u8; 32], MessageId) {
    let world = World::with(store).await;
    let bundle = world.bundle(store, (himawari(), sakura()), BUNDLE, "one");
    let digest = *bundle.facts().content_digest();
    store.deliver(bundle, now()).await.unwrap();
    let message = view(store, sakura(), "INBOX").await.entries[0].message;
    (world, digest, message)
}

async fn recorded<S: Store>(store: &S) -> Vec<Recorded> {
    let all = store.list_evidence(Which::default()).await.unwrap();
    all.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect()
}

// Profile §8.10
pub async fn a_handover_is_written_down_once_and_a_receipt_still_counts<S: Store>(store: Arc<S>) {
    let (world, digest, message) = delivered(&*store).await;
    for nobody in [himawari(), kaede()] {
        assert_eq!(
            store.hand_over(nobody, vec![message], None, now()).await.unwrap(),
            [],
            "it is the recipient's to collect"
        );
    }
    // Two terminals at once.
    let calls = (0..2).map(|_| {
        let store = super::also(&store);
        async move { store.hand_over(sakura(), vec![message], None, now()).await.unwrap() }
    });
    let new = super::at_once(calls).await;
    assert_eq!(new.concat(), [message]);
    let sent = view(&*store, himawari(), "Sent").await;
    assert_eq!(keywords(&sent, &sent.entries[0]), ["$Accepted", "$Delivered", "$HandedOver"]);
    let inbox = view(&*store, sakura(), "INBOX").await;
    assert!(keywords(&inbox, &inbox.entries[0]).is_empty(), "the recipient itself has said nothing");

    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", (BUNDLE, &digest));
    assert!(!store.deliver(receipt, now()).await.unwrap().repeated);
    assert_eq!(store.hand_over(sakura(), vec![message], None, now()).await.unwrap(), [], "more is known by now");
    let all = recorded(&*store).await;
    let events: Vec<_> = all.iter().map(|one| (one.evidence.event, one.evidence.reason)).collect();
    assert_eq!(
        events,
        [
            (Event::SubmissionAcceptance, None),
            (Event::ContentConsignment, None),
            (Event::ContentHandover, Some(Reason::SeenByTheGateway)),
            (Event::ContentHandover, None)
        ]
    );
    let previous: Vec<_> = all.iter().map(|one| one.previous).collect();
    assert_eq!(previous, [None, Some(all[0].id), Some(all[1].id), Some(all[2].id)]);
    assert_eq!(all.iter().map(|one| one.n).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(all[3].evidence.receipt.as_deref(), Some("receipt@x.example"));
}

/// Takes what is new into the log, under a head that nobody signed.
pub async fn log<S: Store>(store: &S) -> Option<Head> {
    log_at(store, now()).await
}

/// The same at another moment.
pub async fn log_at<S: Store>(store: &S, at: Timestamp) -> Option<Head> {
    let Unlogged { mut growth, entries, last, .. } = store.unlogged().await.unwrap()?;
    for entry in &entries {
        growth.push(leaf(entry.as_bytes()));
    }
    let head = Head::over("plans.example", (growth.size(), hex(&growth.root())), at);
    let signed = serde_json::to_vec(&head).unwrap();
    let logging = Logging { day: Day::of(at), size: growth.size(), last, head: signed, tiles: growth.tiles() };
    store.keep_log(logging).await.unwrap();
    Some(head)
}

// Profile §8.13
pub async fn the_log_grows_and_proves_every_piece<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    assert!(log(&*store).await.is_none(), "there is nothing to sign yet");
    let deliver = async |id: usize| {
        let bundle = world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), "plan");
        store.deliver(bundle, now()).await.unwrap().evidence
    };
    let early = deliver(0).await;
    assert_eq!(store.prove_life(early).await.unwrap(), [], "no head covers it yet");
    log(&*store).await.unwrap();
    for id in 1..140 {
        deliver(id).await;
    }
    let head = log(&*store).await.unwrap();
    assert_eq!(head.size, 280);
    assert!(log(&*store).await.is_none());
    for one in recorded(&*store).await {
        let life = store.prove_life(one.id).await.unwrap();
        assert_eq!(life.len(), 2, "accepted and delivered");
        let same = |proof: &&crate::Proof| serde_json::from_str::<Recorded>(&proof.entry).unwrap().id == one.id;
        let proof = life.iter().find(same).unwrap();
        let head: Head = serde_json::from_slice(&proof.head).unwrap();
        let root = root_of(&head.root);
        assert!(included(&leaf(proof.entry.as_bytes()), one.n, (head.size, &root), &proof.path), "{}", one.id);
    }
    assert_eq!(store.prove_life(EvidenceId(1)).await.unwrap(), []);
    let audit = store.audit(EvidenceId(0)).await.unwrap();
    assert_eq!((audit.evidence, audit.logged, audit.heads.len()), (280, 280, 1));
    assert!(audit.faults.iter().all(|fault| fault.what != Wrong::Removed), "{:?}", audit.faults);
    assert_eq!(audit.faults, []);
    assert_eq!(audit.heads[0].root.map(|root| hex(&root)), Some(head.root));
    let about = Which { message_id: Some("7@x.example".into()), ..Which::default() };
    assert_eq!(store.list_evidence(about).await.unwrap().len(), 2);
    let none = Which { office: Some(kaede()), ..Which::default() };
    assert_eq!(store.list_evidence(none).await.unwrap().len(), 0);
}

// Profile §5.8, §8.18
pub async fn bundles_of_one_message_id_are_told_apart<S: Store>(store: Arc<S>) {
    const TWICE: &str = "twice@x.example";
    let world = World::with(&*store).await;
    let ten_days = Retention::new(10).unwrap();
    let deliver = async |ends, at| {
        store.deliver(world.bundle(&*store, ends, TWICE, &format!("{at}")), at).await.unwrap().evidence
    };
    // Each comes when the content of the one before is gone.
    let mut sent = Vec::new();
    for (to, days) in [(sakura(), 60), (kaede(), 40), (sakura(), 20)] {
        store.expire(ten_days, crate::Asked::ByThePerson, ago(days)).await.unwrap();
        sent.push((deliver((himawari(), to), ago(days)).await, to, ago(days)));
    }
    let other = deliver((sakura(), himawari()), ago(20)).await;
    let named = async |office, id: &str| {
        let found = store.find_named(office, id).await.unwrap();
        found.into_iter().map(|one| (one.first.id, one.first.evidence.to, one.came)).collect::<Vec<_>>()
    };
    sent.reverse();
    assert_eq!(named(himawari(), TWICE).await, sent, "the one that is kept, and those that failed");
    assert_eq!(named(sakura(), TWICE).await, [(other, himawari(), ago(20))], "who sends counts");
    assert_eq!(named(himawari(), "once@x.example").await, []);

    // What is collected and kept is one; so it is when its content is gone, and its receipt names it.
    let kept = view(&*store, sakura(), "INBOX").await.entries[0].message;
    assert_eq!(store.hand_over(sakura(), vec![kept], None, ago(19)).await.unwrap(), [kept]);
    assert_eq!(named(himawari(), TWICE).await, sent);
    let digest =
        *world.bundle(&*store, (himawari(), sakura()), TWICE, &format!("{}", ago(20))).facts().content_digest();
    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", (TWICE, &digest));
    store.deliver(receipt, ago(18)).await.unwrap();
    assert_eq!(named(sakura(), "receipt@x.example").await, [(sent[0].0, sakura(), ago(18))]);
    store.expire(ten_days, crate::Asked::ByThePerson, now()).await.unwrap();
    assert_eq!(named(himawari(), TWICE).await, sent);
}

/// A bundle that comes today and is signed for by this day.
async fn signed_for<S: Store>(store: &S, world: &World, day: Day) -> EvidenceId {
    let id = format!("{}@x.example", store.census().await.unwrap().evidence);
    let bundle = world.bundle(store, (himawari(), sakura()), &id, "plan");
    let evidence = store.deliver(bundle, now()).await.unwrap().evidence;
    log_at(store, ago(i64::from(Day::of(now()).0 - day.0))).await.unwrap();
    evidence
}

async fn kept<S: Store>(store: &S) -> Vec<(i32, u64, bool)> {
    let audit = store.audit(EvidenceId(0)).await.unwrap();
    assert!(audit.faults.is_empty() && audit.heads.iter().all(|head| head.root.is_some()), "{audit:?}");
    audit.heads.iter().map(|head| (head.day.0, head.size, head.stamp.is_some())).collect()
}

// Profile §8.13, §8.21
pub async fn a_clock_set_back_leaves_the_longest_log_the_newest<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let day = Day::of(now()).0;
    for at in [day, day + 1, day] {
        signed_for(&*store, &world, Day(at)).await;
        assert!(log(&*store).await.is_none(), "it is signed for");
    }
    assert_eq!(kept(&*store).await, [(day, 6, false)], "a clock that goes back over midnight");
    // Ahead over a midnight, and right again: each day after it has its own head.
    let mut last = EvidenceId(0);
    for at in [day + 365, day + 366, day + 1, day + 1, day + 2] {
        last = signed_for(&*store, &world, Day(at)).await;
    }
    let stand = |stamped: usize| {
        let all = [(day, 6), (day + 365, 8), (day + 366, 10), (day + 1, 14), (day + 2, 16)];
        all.into_iter().zip(1..).map(|((day, size), n)| (day, size, n <= stamped)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&*store).await, stand(0));
    let newest = store.log_state().await.unwrap();
    let life = store.prove_life(last).await.unwrap();
    assert_eq!((newest.size, life.len(), newest.head.as_ref()), (16, 2, Some(&life[0].head)));

    // All but the newest are ripe, whatever their days; a stamp of what went meanwhile is of nothing.
    for (n, expected) in [6, 8, 10, 14].into_iter().enumerate() {
        let (size, head) = store.unstamped(Day(day + 2)).await.unwrap().unwrap();
        assert_eq!(size, expected);
        store.keep_stamp((size, b"another".to_vec()), b"stamp".to_vec()).await.unwrap();
        assert_eq!(kept(&*store).await, stand(n));
        store.keep_stamp((size, head), b"stamp".to_vec()).await.unwrap();
    }
    assert_eq!(store.unstamped(Day(day + 2)).await.unwrap(), None, "its day is not over");
    let (size, head) = store.unstamped(Day(day + 3)).await.unwrap().unwrap();
    store.keep_stamp((size, head.clone()), b"stamp".to_vec()).await.unwrap();
    // What has its stamp stays, and is what proves.
    signed_for(&*store, &world, Day(day + 2)).await;
    assert_eq!(kept(&*store).await, [stand(5), vec![(day + 2, 18, false)]].concat());
    assert!(store.prove_life(last).await.unwrap().iter().all(|proof| proof.head == head));
}

// Profile §8.13: it signed without end once.
pub async fn a_clock_that_flaps_over_midnight_leaves_a_head_on_each_side<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let day = Day::of(now()).0;
    for n in 0..6 {
        signed_for(&*store, &world, Day(day + n % 2)).await;
    }
    assert_eq!(kept(&*store).await, [(day, 10, false), (day + 1, 12, false)]);
}

// Profile §8.29
pub async fn heads_of_wrong_days_let_no_evidence_go_early<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let today = Day::of(now()).0;
    // A year ahead, a year behind, and right at last.
    for days in [100, -265, 90, 455, 80] {
        signed_for(&*store, &world, Day(today - days)).await;
    }
    for (before, until) in [(101, None), (100, None), (95, Some(2)), (85, Some(6)), (70, Some(10))] {
        let found = store.prunable(ago(before), now()).await.unwrap();
        assert_eq!(found.map(|found| found.until), until, "what was signed for {before} days ago");
    }
    // What was pruned is known by its head: it stays, though another of its day comes.
    let pruned = Pruning { from: 0, until: 10, root: String::new(), signed: ago(80), years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    assert_eq!(store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap(), 10);
    signed_for(&*store, &world, Day(today - 80)).await;
    let state = store.log_state().await.unwrap();
    assert_eq!((state.size, state.pruned.map(|(count, _)| count)), (13, Some(10)));
}

// Profile §8.29
pub async fn evidence_goes_after_its_years_and_the_log_holds<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let mut sent = Vec::new();
    let mut heads = Vec::new();
    for (id, days) in [("first", 103), ("held", 102), ("young", 0)] {
        sent.push(send(&*store, &world, id, ago(days)).await.evidence);
        heads.push(log_at(&*store, ago(days)).await.unwrap());
    }
    assert_eq!(store.prunable(ago(103), now()).await.unwrap(), None, "no head is older");
    let hold = HoldOrder {
        office: sakura(),
        message_id: "held@x.example".into(),
        reason: "審査請求".into(),
        by: "運用者".into(),
    };
    store.hold(hold, now()).await.unwrap();
    let until = |found: Option<Prunable>| found.map(|found| (found.from, found.until));
    assert_eq!(until(store.prunable(ago(50), now()).await.unwrap()), Some((0, 2)), "what is held keeps its evidence");
    store.release(sakura(), "held@x.example".into(), "運用者".into(), now()).await.unwrap();
    assert_eq!(until(store.prunable(ago(102), now()).await.unwrap()), Some((0, 2)));
    assert_eq!(until(store.prunable(ago(50), now()).await.unwrap()), Some((0, 4)));
    let before = store.census().await.unwrap();

    let pruned = Pruning { from: 0, until: 4, root: heads[1].root.clone(), signed: heads[1].at, years: 7 };
    let order = || PruneOrder { pruned: pruned.clone(), told: Done::new(now(), "gateway", What::EvidencePruned) };
    let calls = (0..2).map(|_| {
        let (store, order) = (super::also(&store), order());
        async move { store.prune(Some(order), now()).await.unwrap() }
    });
    assert_eq!(super::at_once(calls).await.iter().sum::<u64>(), 4, "once");
    let after = store.census().await.unwrap();
    assert_eq!((after.evidence, after.pruned), (before.evidence - 4 + 1, 4));
    assert_eq!(store.prunable(ago(50), now()).await.unwrap(), None);
    assert_eq!(store.prune(None, now()).await.unwrap(), 0);
    assert_eq!(
        store.acts(WhichActs::default()).await.unwrap().iter().filter(|act| act.contains("evidence-pruned")).count(),
        1
    );

    log(&*store).await.unwrap();
    assert_eq!(store.evidence(sent[0]).await.unwrap(), None);
    assert_eq!(store.prove_life(sent[1]).await.unwrap(), []);
    let state = store.log_state().await.unwrap();
    assert_eq!((state.size, state.pruned.map(|(count, _)| count)), (7, Some(4)));
    assert!(state.pruned.unwrap().1 > sent[1] && state.pruned.unwrap().1 < sent[2]);
    let life = store.prove_life(sent[2]).await.unwrap();
    let root = root_of(&serde_json::from_slice::<Head>(&life[0].head).unwrap().root);
    assert!(included(&leaf(life[0].entry.as_bytes()), 4, (7, &root), &life[0].path), "what stays is proved");
    let (first, _) = store.continuation(2, 7).await.unwrap().unwrap();
    assert_eq!(first, root_of(&heads[0].root), "and so is what went, to whoever has it");
    let audit = store.audit(EvidenceId(0)).await.unwrap();
    // Their content was never erased here: a bundle that outlives its evidence is named.
    let named: Vec<_> = audit.faults.iter().map(|fault| fault.what).collect();
    assert_eq!(named, [Wrong::Unproved, Wrong::Unproved]);
    assert_eq!((audit.evidence, audit.heads.len()), (7, 3), "the newest head took one's place");
    assert!(audit.heads.iter().all(|head| head.root.is_some()));
    assert_eq!(audit.pruned.iter().map(|one| one.pruning.clone()).collect::<Vec<_>>(), [pruned]);
}

pub fn root_of(hex: &str) -> [u8; 32] {
    crate::unhex(hex).unwrap().try_into().unwrap()
}

pub fn letter<S: Store>(store: &S, id: &str) -> Letter {
    let mut body = store.spool(now());
    body.write(b"Subject: report\r\n\r\nNobody came.\r\n").unwrap();
    Letter { offices: vec![himawari(), sakura()], message_id: id.into(), body }
}

// Profile §8.14
pub async fn what_is_due_is_told_once<S: Store>(store: Arc<S>) {
    let (world, digest, _) = delivered(&*store).await;
    assert!(store.due(now(), None, MANY).await.unwrap().is_empty());
    let to_tell = async || store.census().await.unwrap().due;
    assert_eq!(to_tell().await, 1);
    let first = first_reminder(now());
    let [Due { key, recorded, waiting: true, .. }] = &store.due(first, None, MANY).await.unwrap()[..] else {
        panic!("one is due")
    };
    assert_eq!((key.report, key.at), (Report::Uncollected, first));
    assert_eq!(recorded.evidence.event, Event::SubmissionAcceptance);
    let again = first + SignedDuration::from_hours(48);
    let told = |id: &str| Told { key: *key, again: Some(again), moment: None, letter: Some(letter(&*store, id)) };
    assert!(store.told(told("one@x.example"), first).await.unwrap());
    assert!(!store.told(told("two@x.example"), first).await.unwrap(), "somebody else was quicker");
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), 1);
    assert!(store.due(first, None, MANY).await.unwrap().is_empty());

    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", (BUNDLE, &digest));
    store.deliver(receipt, now()).await.unwrap();
    let [Due { key, waiting: false, .. }] = &store.due(again, None, MANY).await.unwrap()[..] else {
        panic!("it is due again")
    };
    assert_eq!(to_tell().await, 0, "nothing is left to tell");
    assert!(store.told(Told { key: *key, again: None, moment: None, letter: None }, again).await.unwrap());
    assert!(store.due(again, None, MANY).await.unwrap().is_empty());
    assert_eq!(store.status(himawari(), &folder("Receipts")).await.unwrap().messages, 2);
}

// Profile §8.14
pub async fn what_was_collected_while_the_letter_was_written_is_not_told<S: Store>(store: Arc<S>) {
    let (world, digest, message) = delivered(&*store).await;
    let first = first_reminder(now());
    let again = Some(first + SignedDuration::from_hours(48));
    let due = async || store.due(first, None, MANY).await.unwrap();
    let [Due { key, waiting: true, .. }] = due().await[..] else { panic!("it is due") };
    store.hand_over(sakura(), vec![message], None, first).await.unwrap();
    let told = Told { key, again, moment: None, letter: Some(letter(&*store, "one@x.example")) };
    assert!(!store.told(told, first).await.unwrap(), "the recipient has it by now");
    for office in [himawari(), sakura()] {
        assert!(view(&*store, office, "Receipts").await.entries.is_empty());
    }
    assert!(due().await.iter().all(|due| due.key.report == Report::HandedOver), "nor is it due again");
    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", (BUNDLE, &digest));
    store.deliver(receipt, first).await.unwrap();
}

// Profile §8.14, §11.5
pub async fn by_a_doubted_date_nobody_is_reminded<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let asked = RecipientWishes { notify: Some("SUCCESS".into()), ..RecipientWishes::default() };
    for id in ["one", "two", "three"] {
        let bundle = world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        let wishes = Wishes { recipients: vec![asked.clone()], ..Wishes::default() };
        store.deliver(bundle.with_wishes(wishes), now()).await.unwrap();
    }
    let kinds = async |days: i64, after, most| {
        let at = now() + SignedDuration::from_hours(24 * days);
        let due = store.due(at, after, most).await.unwrap();
        due.into_iter().map(|due| due.key).collect::<Vec<_>>()
    };
    assert_eq!(kinds(120, None, MANY).await.len(), 6, "expiry never ran, and doubts nothing");
    store.expire(super::expire::keep(), crate::Asked::ByTheClock, now()).await.unwrap();
    let leapt = kinds(120, None, MANY).await;
    assert!(leapt.len() == 3 && leapt.iter().all(|key| key.report == Report::Delivered), "{leapt:?}");
    // The clock is right again. They come in pages.
    let all = kinds(1, None, MANY).await;
    assert_eq!(all.iter().filter(|key| key.report == Report::Uncollected).count(), 3);
    let (mut paged, mut after) = (Vec::new(), None);
    while let Some(key) = kinds(1, after, 1).await.pop() {
        paged.push(key);
        after = Some(key);
    }
    assert_eq!(paged, all);
}

// Profile §8.14
pub async fn who_asked_for_a_report_is_put_on_the_list<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let asked = |notify: &str| {
        let recipient = RecipientWishes { notify: Some(notify.into()), ..RecipientWishes::default() };
        Wishes { envelope_id: Some("E1".into()), recipients: vec![recipient], ..Wishes::default() }
    };
    for (id, notify) in [("never", "NEVER"), ("success", "SUCCESS"), ("failure", "FAILURE")] {
        let bundle = world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        store.deliver(bundle.with_wishes(asked(notify)), super::expire::ago(91)).await.unwrap();
    }
    let due = store.due(super::expire::ago(91), None, MANY).await.unwrap();
    let [Due { key, recorded, wishes, .. }] = &due[..] else { panic!("{due:?}") };
    assert_eq!((key.report, recorded.evidence.message_id.as_str()), (Report::Delivered, "success@x.example"));
    assert_eq!((recorded.evidence.event, wishes), (Event::ContentConsignment, &asked("SUCCESS")));

    store.expire(super::expire::keep(), crate::Asked::ByThePerson, now()).await.unwrap();
    let due = store.due(now(), None, MANY).await.unwrap();
    let failed: Vec<_> = due.iter().filter(|due| due.key.report == Report::Expired).collect();
    let [Due { recorded, wishes, .. }] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(recorded.evidence.message_id, "failure@x.example");
    assert_eq!(wishes.envelope_id.as_deref(), Some("E1"), "though the submission is gone");
}
