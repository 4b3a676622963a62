//! A bundle comes in: exactly once, in order, and durable before the answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fumibako_model::{Event, EvidenceId, Flags, OfficeNumber, Refusal};

use super::{ALL, World, also, at_once, folder, himawari, kaede, keywords, now, refused, sakura, view};
use crate::{Admitted, Census, Store};

pub async fn a_bundle_stands_in_the_inbox_and_in_sent<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let letter = world.letter(ends, "a@plans.example", "one");
    let admitted = world.admit(&*store, ends, &letter);
    let content = crate::hex(admitted.facts().content_digest());
    let delivery = store.deliver(admitted, now()).await.unwrap();
    assert!(!delivery.repeated);

    let (inbox, sent) = (view(&*store, sakura(), "INBOX").await, view(&*store, himawari(), "Sent").await);
    let (arrived, kept) = (inbox.entries[0], sent.entries[0]);
    assert_eq!(
        (arrived.flags, keywords(&sent, &kept)),
        (Flags::default(), vec!["$Accepted".into(), "$Delivered".into()])
    );
    assert!(kept.flags.has(Flags::SEEN));
    assert_eq!(arrived.message, kept.message, "one body serves both");
    let octets = store.read(sakura(), arrived.message, ALL).await.unwrap();
    assert_eq!((arrived.received_at, arrived.size), (now(), octets.0.len() as u64));
    assert!(octets.0.starts_with(b"Received: from [127.0.0.1]") && octets.0.ends_with(&letter), "under a trace field");

    let accepted = store.evidence(delivery.evidence).await.unwrap().unwrap();
    assert_eq!((accepted.event, accepted.from, accepted.to), (Event::SubmissionAcceptance, himawari(), sakura()));
    assert_eq!((accepted.message_id.as_str(), accepted.at), ("a@plans.example", now()));
    let delivered = store.evidence(EvidenceId(delivery.evidence.0 + 1)).await.unwrap().unwrap();
    assert_eq!(delivered.event, Event::ContentConsignment);
    let said = (accepted.sha256.as_deref(), accepted.content.as_deref(), accepted.size);
    let digest = fumibako_model::hash(&letter);
    assert_eq!(said, (Some(digest.as_str()), Some(content.as_str()), Some(letter.len() as u64)));
    assert_eq!(store.evidence(EvidenceId(delivery.evidence.0 + 2)).await.unwrap(), None);
    let bytes = arrived.size;
    let census = store.census().await.unwrap();
    assert_eq!(
        census,
        Census { offices: 3, accounts: 0, messages: 1, bytes, evidence: 2, due: 1, ..Census::default() }
    );
}

pub async fn the_same_bundle_again_is_stored_once_and_answered_alike<S: Store>(store: Arc<S>) {
    // Profile §5.8
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let letter = world.letter(ends, "a@plans.example", "one");
    let first = store.deliver(world.admit(&*store, ends, &letter), now()).await.unwrap();
    let again = store.deliver(world.admit(&*store, ends, &letter), now()).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (first.evidence, true));
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1);
    assert_eq!(store.census().await.unwrap().evidence, 2);
}

// Profile §5.8
pub async fn the_same_signature_under_another_message_id_is_no_new_bundle<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let octets = world.letter(ends, "one@x.example", "one");
    let first = store.deliver(world.admit(&*store, ends, &octets), now()).await.unwrap();
    let replayed = String::from_utf8(octets).unwrap().replace("<one@x.example>", "<two@x.example>");
    let again = store.deliver(world.admit(&*store, ends, replayed.as_bytes()), now()).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (first.evidence, true));
    assert_eq!(store.status(sakura(), &folder("INBOX")).await.unwrap().messages, 1);
    // The signature's base64 broken into other lines is the same signature.
    let start = replayed.rfind("\r\n\r\n").unwrap() + 4;
    let mut respelled = replayed.replace("<two@x.example>", "<four@x.example>");
    respelled.insert_str(start + 8 + 1, "\r\n");
    let again = store.deliver(world.admit(&*store, ends, respelled.as_bytes()), now()).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (first.evidence, true));
    // Where the Message-ID is signed with the content, nothing else needs remembering: another one is refused at the door.
    let admitted = world.admit(&*store, ends, &world.routed(ends, "five@x.example", "one"));
    assert_eq!(admitted.facts().signed_digest(), None);
    assert!(!store.deliver(admitted, now()).await.unwrap().repeated);
    // Signed anew it is a new bundle: an office may well send the same files again.
    let anew = world.bundle(&*store, ends, "three@x.example", "one");
    assert!(!store.deliver(anew, now()).await.unwrap().repeated);
}

pub async fn the_same_bundle_on_eight_connections_is_stored_once<S: Store>(store: Arc<S>) {
    // Profile §5.8
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let letter = world.letter(ends, "a@plans.example", "one");
    let calls = (0..8).map(|_| deliver(&store, world.admit(&*store, ends, &letter)));
    let answers: Vec<_> = at_once(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert_eq!(answers.iter().map(|answer| answer.evidence.0).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1);
}

pub async fn a_message_id_with_other_content_is_refused<S: Store>(store: Arc<S>) {
    // Profile §5.8
    let world = World::with(&*store).await;
    let send = |from, text| deliver(&store, world.bundle(&*store, (from, sakura()), "a@plans.example", text));
    send(himawari(), "one").await.unwrap();
    refused(send(himawari(), "two").await, Refusal::MessageIdReused);
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1);
    send(kaede(), "of another office").await.unwrap();
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 2);
}

pub async fn a_refusal_leaves_the_rest_of_its_batch_alone<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let one =
        |id: usize, text: String| world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), &text);
    let bundles: Vec<_> = (0..24).map(|at| one(at / 2, format!("{at}"))).collect();
    let outcomes = at_once(bundles.into_iter().map(|bundle| deliver(&store, bundle))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 12);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        refused(outcome, Refusal::MessageIdReused);
    }
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 12);
}

pub async fn sixty_four_deliveries_at_once_get_rising_uids<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let one = |id: usize| world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), "one");
    let bundles: Vec<_> = (0..64).map(one).collect();
    let answers = at_once(bundles.into_iter().map(|bundle| deliver(&store, bundle))).await;
    let evidence: BTreeSet<_> = answers.into_iter().map(|answer| answer.unwrap().evidence).collect();
    assert_eq!(evidence.len(), 64);
    for (office, name) in [(sakura(), "INBOX"), (himawari(), "Sent")] {
        let view = view(&*store, office, name).await;
        assert!(view.entries.iter().map(|entry| entry.uid.get()).eq(1..=64), "RFC 3501 §2.3.1.1: in order of arrival");
        assert!(view.entries.is_sorted_by(|one, next| one.modseq < next.modseq), "each delivery is its own change");
        assert!(view.entries.is_sorted_by(|one, next| one.message < next.message), "bodies come in the same order");
        assert_eq!(view.status.uid_next, 65);
    }
}

// Profile §7.4, RFC 3501 §2.3.1.1: a client that was shown a UID never looks below it again.
pub async fn no_uid_becomes_visible_below_one_already_shown<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let one = |id: usize| world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), "one");
    let bundles: Vec<_> = (0..64).map(one).collect();
    let ended = Arc::new(AtomicBool::new(false));
    let ends = [(sakura(), "INBOX"), (himawari(), "Sent")];
    let openers: Vec<_> = ends.map(|end| tokio::spawn(opens_again_and_again(also(&store), end, ended.clone()))).into();
    let followers: Vec<_> = ends.map(|end| tokio::spawn(follows(also(&store), end, ended.clone()))).into();
    for answer in at_once(bundles.into_iter().map(|bundle| deliver(&store, bundle))).await {
        answer.unwrap();
    }
    ended.store(true, Ordering::Release);
    for reader in openers.into_iter().chain(followers) {
        assert_eq!(reader.await.unwrap(), (1..=64).collect::<Vec<u32>>());
    }
}

/// Looks at the whole folder, until once after the end; the UIDs there then.
async fn opens_again_and_again<S: Store>(
    store: Arc<S>,
    (office, name): (OfficeNumber, &str),
    ended: Arc<AtomicBool>,
) -> Vec<u32> {
    let (mut shown, mut next): (Vec<u32>, u32) = (Vec::new(), 1);
    loop {
        let last = ended.load(Ordering::Acquire);
        let view = store.open(office, &folder(name)).await.unwrap();
        let uids: Vec<u32> = view.entries.iter().map(|entry| entry.uid.get()).collect();
        assert!(uids.starts_with(&shown), "{uids:?} after {shown:?}");
        assert!(uids[shown.len()..].iter().all(|uid| *uid >= next), "UIDNEXT was {next}: {uids:?}");
        (shown, next) = (uids, view.status.uid_next);
        if last {
            return shown;
        }
    }
}

/// Asks what changed, until once after the end; the UIDs it was told of.
async fn follows<S: Store>(store: Arc<S>, (office, name): (OfficeNumber, &str), ended: Arc<AtomicBool>) -> Vec<u32> {
    let view = store.open(office, &folder(name)).await.unwrap();
    let mut told: Vec<u32> = view.entries.iter().map(|entry| entry.uid.get()).collect();
    let mut since = view.status.highest_modseq;
    loop {
        let last = ended.load(Ordering::Acquire);
        let changes = store.since(office, view.status.folder, since).await.unwrap();
        for entry in changes.entries {
            assert!(told.last().is_none_or(|last| *last < entry.uid.get()), "{} after {told:?}", entry.uid);
            assert!(entry.modseq > since, "{:?} was told of", entry.modseq);
            told.push(entry.uid.get());
        }
        since = changes.highest_modseq;
        if last {
            return told;
        }
    }
}

pub async fn one_counter_numbers_all_changes_of_an_office<S: Store>(store: Arc<S>) {
    // Profile §7
    let world = World::with(&*store).await;
    let offices = [himawari(), sakura(), kaede()];
    let ends = (0..60).map(|at| (offices[at % 3], offices[(at + 1 + at / 3 % 2) % 3]));
    let one = |(at, ends)| world.bundle(&*store, ends, &format!("{at}@x.example"), "one");
    let bundles: Vec<_> = ends.enumerate().map(one).collect();
    for answer in at_once(bundles.into_iter().map(|bundle| deliver(&store, bundle))).await {
        answer.unwrap();
    }
    for office in offices {
        let (inbox, sent) = (view(&*store, office, "INBOX").await, view(&*store, office, "Sent").await);
        assert_eq!((inbox.entries.len(), sent.entries.len()), (20, 20));
        let changes: BTreeSet<_> = inbox.entries.iter().chain(&sent.entries).map(|entry| entry.modseq).collect();
        assert_eq!(changes.len(), 40, "no two changes have one number");
    }
}

pub async fn work_goes_on_when_nobody_waits_for_it<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let mut inbox = store.watch(store.status(sakura(), &folder("INBOX")).await.unwrap().folder);
    let bundle = world.bundle(&*store, (himawari(), sakura()), "a@plans.example", "one");
    let mut call = Box::pin(store.deliver(bundle, now()));
    // One poll asks; then the caller is gone, as a rule before there is an answer.
    let _ = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx))).await;
    drop(call);
    inbox.changed().await.unwrap();
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1);
}

pub async fn a_delivery_wakes_its_two_folders_and_no_other<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let mut watches = Vec::new();
    for (office, name) in [(sakura(), "INBOX"), (himawari(), "Sent"), (sakura(), "Sent"), (kaede(), "INBOX")] {
        watches.push(store.watch(store.status(office, &folder(name)).await.unwrap().folder));
    }
    store.deliver(world.bundle(&*store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
    let woken: Vec<_> = watches.iter().map(|watch| watch.has_changed().unwrap()).collect();
    assert_eq!(woken, [true, true, false, false]);
    assert_eq!(*watches[0].borrow_and_update(), view(&*store, sakura(), "INBOX").await.status.highest_modseq);
}

// Profile §11.3
pub async fn a_large_bundle_is_received_and_read_in_pieces<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    let letter = world.letter(ends, "large@x.example", &"計画".repeat(1 << 20));
    let admitted = world.admit(&*store, ends, &letter);
    assert!(admitted.is_filed(), "it does not wait in memory");
    let first = store.deliver(admitted, now()).await.unwrap();
    let again = store.deliver(world.admit(&*store, ends, &letter), now()).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (first.evidence, true));
    let entry = view(&*store, sakura(), "INBOX").await.entries[0];
    let octets = store.read(sakura(), entry.message, ALL).await.unwrap();
    assert_eq!(octets.0.len() as u64, entry.size);
    assert!(octets.0.ends_with(&letter));
    for range in [0..10, 5_000_000..5_300_000, entry.size - 3..entry.size + 9, entry.size..entry.size + 1] {
        let piece = store.read(sakura(), entry.message, range.clone()).await.unwrap();
        let place = |at: u64| usize::try_from(at.min(entry.size)).unwrap();
        assert_eq!(*piece.0, octets.0[place(range.start)..place(range.end)]);
    }
}

pub async fn a_full_mailbox_takes_nothing_more<S: Store>(store: Arc<S>) {
    // Profile §12.4
    let world = World::with(&*store).await;
    let ends = (himawari(), sakura());
    store.set_quota(sakura(), 10_000).await.unwrap();
    let send = |id: &str| deliver(&store, world.bundle(&*store, ends, id, &"x".repeat(3_000)));
    send("one@x.example").await.unwrap();
    refused(send("two@x.example").await, Refusal::QuotaFull);
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1, "what is there stays");
    assert_eq!(view(&*store, himawari(), "Sent").await.entries.len(), 1, "nothing is half delivered");
    let used = store.quota(sakura()).await.unwrap();
    assert_eq!((used.used, used.limit), (view(&*store, sakura(), "INBOX").await.status.bytes, 10_000));
    let nearly_full = async || store.census().await.unwrap().nearly_full;
    assert_eq!(nearly_full().await, 0);
    store.set_quota(sakura(), used.used * 5 / 4).await.unwrap();
    assert_eq!(nearly_full().await, 1, "four fifths are used");
    store.set_quota(sakura(), 20_000).await.unwrap();
    send("two@x.example").await.unwrap();
}

fn deliver<S: Store>(
    store: &Arc<S>,
    message: Admitted,
) -> impl Future<Output = Result<crate::Delivery, crate::StoreError>> + Send + 'static {
    let store = also(store);
    async move { store.deliver(message, now()).await }
}
