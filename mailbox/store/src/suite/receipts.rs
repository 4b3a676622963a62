//! Receipts: 未 becomes 済, once, and only by the recipient's own word (Profile §8). And the roll.

use std::sync::Arc;

use fumibako_model::{
    CertificateKey, Done, Enrolled, Event, EvidenceId, Fault, FlagChange, Flags, OfficeNumber, Party, Pruning, Reason,
    Refusal, Report, What, first_reminder,
};
use jiff::Timestamp;

use super::accounts;
use super::evidence::log_at;
use super::expire::{ago, keep};
use super::flags::change;
use super::folders::copy_of;
use super::{ALL, Fill, World, folder, himawari, kaede, keywords, now, refused, sakura, view};
use crate::bodies::Day;
use crate::{
    AccountOrder, Amendment, Asked, Delivery, Due, Facts, OUTRUN, PruneOrder, RefusedCount, RefusedReceipt, Store,
    Told, WhichRefused, hex,
};

const BUNDLE: &str = "bundle@x.example";

async fn delivered<S: Store>(store: &S) -> (World, Facts) {
    let world = World::with(store).await;
    let bundle = world.bundle(store, (himawari(), sakura()), BUNDLE, "one");
    let facts = bundle.facts().clone();
    store.deliver(bundle, now()).await.unwrap();
    (world, facts)
}

async fn marks<S: Store>(store: &S, office: OfficeNumber, name: &str) -> Vec<String> {
    let view = view(store, office, name).await;
    keywords(&view, &view.entries[0])
}

pub async fn a_receipt_turns_a_bundle_to_done<S: Store>(store: Arc<S>) {
    let (world, bundle) = delivered(&*store).await;
    let sent = store.status(himawari(), &folder("Sent")).await.unwrap();
    let watch = store.watch(sent.folder);
    let back = (sakura(), himawari());
    let receipt = world.receipt_letter(back, "receipt@x.example", (BUNDLE, bundle.content_digest()));
    let taken = store.deliver(world.admit(&*store, back, &receipt), now()).await.unwrap();
    assert!(!taken.repeated);

    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered", "$Retrieved"]);
    assert_eq!(marks(&*store, sakura(), "INBOX").await, ["$MDNSent", "$Acknowledged"]);
    assert!(watch.has_changed().unwrap(), "the sender's list hears of it");
    let told = store.since(himawari(), sent.folder, sent.highest_modseq).await.unwrap();
    assert_eq!(told.entries.len(), 1);
    let (senders, signers) = (view(&*store, himawari(), "Receipts").await, view(&*store, sakura(), "Receipts").await);
    assert_eq!((senders.entries[0].flags, signers.entries[0].flags), (Flags::default(), Flags::SEEN));
    let octets = store.read(himawari(), senders.entries[0].message, ALL).await.unwrap();
    assert!(octets.0.ends_with(&receipt));

    let evidence = store.evidence(taken.evidence).await.unwrap().unwrap();
    assert_eq!((evidence.event, evidence.message_id.as_str()), (Event::ContentHandover, BUNDLE));
    assert_eq!((evidence.from, evidence.to), (himawari(), sakura()), "of the bundle, not of the receipt");
    assert_eq!(evidence.receipt_sha256, Some(fumibako_model::hash(&receipt)));
    assert_eq!(evidence.receipt.as_deref(), Some("receipt@x.example"));
}

// Profile §8.18: a receipt's body goes with its day; what it said is kept as long as the evidence that names it.
pub async fn what_a_recipient_said_is_kept_as_long_as_its_evidence<S: Store>(store: Arc<S>) {
    let (world, back, came) = (World::with(&*store).await, (sakura(), himawari()), ago(101));
    let bundle = world.bundle(&*store, (himawari(), sakura()), BUNDLE, "one");
    let digest = *bundle.facts().content_digest();
    let accepted = store.deliver(bundle, came).await.unwrap().evidence;
    let mut said = Vec::new();
    for letter in [
        world.failure(&*store, back, "failed@x.example", (BUNDLE, &digest)),
        world.receipt(&*store, back, "receipt@x.example", (BUNDLE, &digest)),
    ] {
        let sha256 = hex(letter.facts().sha256());
        said.push((store.deliver(letter, came).await.unwrap().evidence, sha256));
    }
    // What comes after the first changes nothing of it.
    let again = world.receipt(&*store, back, "again@x.example", (BUNDLE, &digest));
    assert!(store.deliver(again, came).await.unwrap().repeated);
    let signed = log_at(&*store, came).await.unwrap();
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries, [], "their bodies are gone");
    for (evidence, sha256) in &said {
        let kept = store.word(*evidence).await.unwrap();
        assert_eq!(kept.map(|octets| fumibako_model::hash(&octets)).as_ref(), Some(sha256), "octet for octet");
    }
    assert_eq!(store.word(accepted).await.unwrap(), None);
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);

    let pruned = Pruning { from: 0, until: signed.size, root: signed.root, signed: signed.at, years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap();
    for (evidence, _) in said {
        assert_eq!(store.word(evidence).await.unwrap(), None, "it goes with its evidence");
    }
}

pub async fn the_first_receipt_counts<S: Store>(store: Arc<S>) {
    let (world, bundle) = delivered(&*store).await;
    let back = (sakura(), himawari());
    let receipt = |id| world.receipt_letter(back, id, (BUNDLE, bundle.content_digest()));
    let once = receipt("receipt@x.example");
    let first = store.deliver(world.admit(&*store, back, &once), now()).await.unwrap();
    // Signed anew, the octets differ.
    for (again, outrun) in [(once, false), (receipt("receipt@x.example"), true), (receipt("later@x.example"), true)] {
        let answer = store.deliver(world.admit(&*store, back, &again), now()).await.unwrap();
        assert_eq!(answer, Delivery { evidence: first.evidence, repeated: true, outrun });
    }
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), 1);
    assert_eq!(store.census().await.unwrap().evidence, 3);
    let other = world.bundle(&*store, (himawari(), sakura()), "other@x.example", "two");
    let digest = *other.facts().content_digest();
    store.deliver(other, now()).await.unwrap();
    let reused = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", ("other@x.example", &digest));
    refused(store.deliver(reused, now()).await, Refusal::MessageIdReused);
}

pub async fn a_copy_filed_elsewhere_is_marked_too<S: Store>(store: Arc<S>) {
    let (world, bundle) = delivered(&*store).await;
    let sent = store.status(himawari(), &folder("Sent")).await.unwrap().folder;
    store.copy(himawari(), copy_of(sent, &[1], "Archive"), now()).await.unwrap();
    let digest = bundle.content_digest();
    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", (BUNDLE, digest));
    store.deliver(receipt, now()).await.unwrap();
    for name in ["Sent", "Archive"] {
        assert_eq!(marks(&*store, himawari(), name).await.last().map(String::as_str), Some("$Retrieved"));
    }
}

// Profile §8.4
pub async fn a_receipt_of_something_else_is_refused<S: Store>(store: Arc<S>) {
    let (world, bundle) = delivered(&*store).await;
    let digest = bundle.content_digest();
    let receipt = |ends, original, digest| world.receipt(&*store, ends, "receipt@x.example", (original, digest));
    for (receipt, why) in [
        (receipt((sakura(), himawari()), "never@x.example", digest), Refusal::ReceiptUnknownMessage),
        (receipt((sakura(), kaede()), BUNDLE, digest), Refusal::ReceiptUnknownMessage),
        (receipt((kaede(), himawari()), BUNDLE, digest), Refusal::ReceiptNotByRecipient),
        (receipt((sakura(), himawari()), BUNDLE, &[7; 32]), Refusal::ReceiptDigestDiffers),
    ] {
        refused(store.deliver(receipt, now()).await, why);
    }
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries, []);
    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered"]);
    assert_eq!(store.census().await.unwrap().evidence, 2);
}

// Profile §8.11
pub async fn a_receipt_after_expiry_is_evidence_and_no_more<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let bundle = world.bundle(&*store, (himawari(), sakura()), BUNDLE, "one");
    let digest = *bundle.facts().content_digest();
    store.deliver(bundle, super::expire::ago(91)).await.unwrap();
    store.expire(super::expire::keep(), Asked::ByThePerson, now()).await.unwrap();
    let deliver = async |ends: (OfficeNumber, OfficeNumber), digest: &[u8; 32]| {
        store.deliver(world.receipt(&*store, ends, "late@x.example", (BUNDLE, digest)), now()).await
    };
    refused(deliver((kaede(), himawari()), &digest).await, Refusal::ReceiptNotByRecipient);
    refused(deliver((sakura(), kaede()), &digest).await, Refusal::ReceiptUnknownMessage);
    refused(deliver((sakura(), himawari()), &[7; 32]).await, Refusal::ReceiptDigestDiffers);
    assert_eq!(store.census().await.unwrap().evidence, 4, "nothing of these");

    let late = deliver((sakura(), himawari()), &digest).await.unwrap();
    let evidence = store.evidence(late.evidence).await.unwrap().unwrap();
    assert_eq!((evidence.event, evidence.reason), (Event::ContentHandover, Some(Reason::AfterExpiry)));
    assert_eq!((evidence.message_id.as_str(), evidence.receipt.as_deref()), (BUNDLE, Some("late@x.example")));
    let again = world.receipt(&*store, (sakura(), himawari()), "later@x.example", (BUNDLE, &digest));
    let again = store.deliver(again, now()).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (late.evidence, true));
    assert_eq!(store.census().await.unwrap().evidence, 5);
    // Profile §8.17: the receipt was quicker than the letter, which would ask to send again what was received.
    let due = store.due(now(), None, 99).await.unwrap();
    let key = due.iter().find(|due| due.key.report == Report::Expired).unwrap().key;
    let letter = Some(super::evidence::letter(&*store, "expired@x.example"));
    assert!(!store.told(Told { key, again: None, moment: None, letter }, now()).await.unwrap());
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), 1, "the receipt alone");
    assert!(store.due(now(), None, 99).await.unwrap().iter().all(|due| due.key != key));
}

// Profile §5.8, §8.11: once a bundle has ended, another may have its Message-ID.
pub async fn a_late_receipt_finds_its_own_bundle_among_those_of_one_message_id<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let send = async |ends: (OfficeNumber, OfficeNumber), content: &str, at| {
        let bundle = world.bundle(&*store, ends, BUNDLE, content);
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, at).await.unwrap();
        digest
    };
    let first = send((himawari(), sakura()), "one", super::expire::ago(95)).await;
    store.expire(super::expire::keep(), Asked::ByThePerson, now()).await.unwrap();
    let second = send((himawari(), kaede()), "two", super::expire::ago(93)).await;
    store.expire(super::expire::keep(), Asked::ByThePerson, now()).await.unwrap();
    // Both ended; the later one is another office's. Then a third lives.
    let late = async |by: OfficeNumber, id: &str, digest: &[u8; 32]| {
        let receipt = world.receipt(&*store, (by, himawari()), id, (BUNDLE, digest));
        let answer = store.deliver(receipt, now()).await?.evidence;
        Ok(store.evidence(answer).await.unwrap().unwrap())
    };
    let found = late(sakura(), "late@x.example", &first).await.unwrap();
    assert_eq!((found.to, found.reason), (sakura(), Some(Reason::AfterExpiry)));
    send((himawari(), sakura()), "three", now()).await;
    let found = late(kaede(), "later@x.example", &second).await.unwrap();
    assert_eq!((found.to, found.reason), (kaede(), Some(Reason::AfterExpiry)));
    refused(late(sakura(), "none@x.example", &second).await, Refusal::ReceiptDigestDiffers);
    refused(late(kaede(), "none@x.example", &first).await, Refusal::ReceiptNotByRecipient);
    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered"], "the third waits for its own");
}

// Profile §8.11
pub async fn a_receipt_after_expiry_counts_for_what_was_handed_over<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let then = super::expire::ago(91);
    let back = (sakura(), himawari());
    let mut digests = Vec::new();
    for id in ["seen@x.example", "done@x.example"] {
        let bundle = world.bundle(&*store, (himawari(), sakura()), id, id);
        digests.push(*bundle.facts().content_digest());
        store.deliver(bundle, then).await.unwrap();
        let message = view(&*store, sakura(), "INBOX").await.entries.last().unwrap().message;
        assert_eq!(store.hand_over(sakura(), vec![message], None, then).await.unwrap(), [message]);
    }
    let receipt = |id: &str, original: &str, digest: &[u8; 32]| world.receipt(&*store, back, id, (original, digest));
    let first = store.deliver(receipt("first@x.example", "done@x.example", &digests[1]), then).await.unwrap();
    store.expire(super::expire::keep(), Asked::ByThePerson, now()).await.unwrap();
    let before = store.census().await.unwrap().evidence;

    // Its own is the first one that counts.
    refused(
        store.deliver(receipt("bad@x.example", "seen@x.example", &[7; 32]), now()).await,
        Refusal::ReceiptDigestDiffers,
    );
    let failure = world.failure(&*store, back, "failed@x.example", ("seen@x.example", &digests[0]));
    refused(store.deliver(failure, now()).await, Refusal::ReceiptUnknownMessage);
    let late = store.deliver(receipt("late@x.example", "seen@x.example", &digests[0]), now()).await.unwrap();
    let evidence = store.evidence(late.evidence).await.unwrap().unwrap();
    assert_eq!((late.repeated, evidence.event, evidence.reason), (false, Event::ContentHandover, None));
    assert_eq!(evidence.receipt.as_deref(), Some("late@x.example"));
    for (id, original, digest, answered) in [
        ("again@x.example", "seen@x.example", &digests[0], late.evidence),
        ("first@x.example", "done@x.example", &digests[1], first.evidence),
        ("second@x.example", "done@x.example", &digests[1], first.evidence),
    ] {
        let again = store.deliver(receipt(id, original, digest), now()).await.unwrap();
        assert_eq!((again.evidence, again.repeated), (answered, true), "{id}");
    }
    assert_eq!(store.census().await.unwrap().evidence, before + 1);
}

// Profile §8.22
pub async fn what_could_not_be_opened_is_marked_and_a_receipt_still_counts<S: Store>(store: Arc<S>) {
    let (world, bundle) = delivered(&*store).await;
    let (back, digest) = ((sakura(), himawari()), bundle.content_digest());
    let fail = async |ends: (OfficeNumber, OfficeNumber), id: &str, digest: &[u8; 32]| {
        store.deliver(world.failure(&*store, ends, id, (BUNDLE, digest)), now()).await
    };
    refused(fail((kaede(), himawari()), "f@x.example", digest).await, Refusal::ReceiptNotByRecipient);
    refused(fail((sakura(), kaede()), "f@x.example", digest).await, Refusal::ReceiptUnknownMessage);
    refused(fail(back, "f@x.example", &[7; 32]).await, Refusal::ReceiptDigestDiffers);
    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered"]);

    let told = fail(back, "failure@x.example", digest).await.unwrap();
    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered", "$FailedDecryption"]);
    assert_eq!(marks(&*store, sakura(), "INBOX").await, [""; 0], "it may be tried again");
    // A mail tool that replaces all flags does not take the word back.
    change(&*store, (himawari(), "Sent"), FlagChange::Replace, (Flags::SEEN, &[])).await.unwrap();
    assert_eq!(marks(&*store, himawari(), "Sent").await, ["$Accepted", "$Delivered", "$FailedDecryption"]);
    let evidence = store.evidence(told.evidence).await.unwrap().unwrap();
    assert_eq!((evidence.event, evidence.reason), (Event::ContentHandoverFailure, Some(Reason::CheckFailed)));
    assert_eq!(
        (evidence.fault, evidence.receipt.as_deref()),
        (Some(Fault::DecryptionFailed), Some("failure@x.example"))
    );
    let again = fail(back, "again@x.example", digest).await.unwrap();
    assert_eq!((again.evidence, again.repeated), (told.evidence, true));
    assert_eq!(view(&*store, himawari(), "Receipts").await.entries.len(), 1);

    let receipt = world.receipt(&*store, back, "receipt@x.example", (BUNDLE, digest));
    let taken = store.deliver(receipt, now()).await.unwrap();
    assert!(!taken.repeated && marks(&*store, himawari(), "Sent").await.contains(&"$Retrieved".to_owned()));
    let late = fail(back, "late@x.example", digest).await.unwrap();
    assert_eq!((late.evidence, late.repeated), (taken.evidence, true), "it was received");
    assert_eq!(store.census().await.unwrap().evidence, 4);
}

// Profile §8.9, §8.22: before the gateway saw it handed over, or after.
pub async fn what_could_not_be_opened_waits_whatever_the_gateway_saw<S: Store>(store: Arc<S>) {
    let world = World::with(&*store).await;
    let (then, back) = (super::expire::ago(91), (sakura(), himawari()));
    let (first, later) = (first_reminder(then), super::expire::ago(60));
    let letter = |id: &str| Some(super::evidence::letter(&*store, id));
    let reminders = async || {
        let due = store.due(later, None, 99).await.unwrap();
        due.into_iter().filter(|due| due.key.report == Report::Uncollected).collect::<Vec<_>>()
    };
    for (seen_first, id) in [(false, "failed-first@x.example"), (true, "seen-first@x.example")] {
        let bundle = world.bundle(&*store, (himawari(), sakura()), id, id);
        let digest = *bundle.facts().content_digest();
        store.deliver(bundle, then).await.unwrap();
        let message = view(&*store, sakura(), "INBOX").await.entries.last().unwrap().message;
        if seen_first {
            assert_eq!(store.hand_over(sakura(), vec![message], None, then).await.unwrap(), [message]);
            let [Due { key, waiting: false, open: true, .. }] = reminders().await[..] else {
                panic!("it may wait again")
            };
            assert_eq!(key.at, first);
            let told = Told { key, again: Some(later), moment: None, letter: letter("seen@x.example") };
            assert!(!store.told(told, first).await.unwrap(), "somebody has it");
        }
        let failure = world.failure(&*store, back, &format!("failed-{id}"), (id, &digest));
        assert!(!store.deliver(failure, then).await.unwrap().repeated);
        assert_eq!(
            store.hand_over(sakura(), vec![message], None, then).await.unwrap(),
            [],
            "its recipient said otherwise"
        );
        let [Due { key, waiting: true, open: true, .. }] = reminders().await[..] else { panic!("{id} waits") };
        assert_eq!(key.at, if seen_first { later } else { first });
        let told = Told { key, again: Some(now()), moment: Some(key.at), letter: letter(&format!("told-{id}")) };
        assert!(store.told(told, later).await.unwrap());
        assert!(reminders().await.is_empty());
    }
    let failed = async || {
        let due = store.due(now(), None, 99).await.unwrap();
        due.into_iter()
            .filter(|due| due.key.report == Report::Expired)
            .map(|due| due.recorded.evidence.message_id)
            .collect::<Vec<_>>()
    };
    assert!(failed().await.is_empty());
    assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, [], "the rows say what the evidence says");
    store.expire(super::expire::keep(), Asked::ByThePerson, now()).await.unwrap();
    assert_eq!(
        failed().await,
        ["failed-first@x.example", "seen-first@x.example"],
        "both were lost, and their sender is told"
    );
}

// Profile §8.24
pub async fn refused_receipts_of_a_login_have_so_many_rows_a_day_and_then_a_count<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let note_as = async |code: &str, login: Party, at: Timestamp, name: String| {
        let one = RefusedReceipt {
            at,
            login,
            from: Some(sakura()),
            to: himawari(),
            original: BUNDLE.into(),
            sha256: name,
            code: code.into(),
        };
        store.note_refused(one).await.unwrap()
    };
    let note = async |login, at, name| note_as(Refusal::MandateScope.row().code, login, at, name).await;
    let agent = Party::Agent(super::kawara());
    // An office of two PCs, whose receipts come twice, loses no refusal by it.
    for number in 0..102 {
        assert!(note_as(OUTRUN, agent.clone(), now(), format!("second {number}")).await);
    }
    for number in 0..103 {
        assert!(note(agent.clone(), now(), number.to_string()).await, "new, with a row or without");
    }
    assert!(!note(agent.clone(), now(), "7".into()).await, "there is a row for it");
    // Profile §8.27: so is one that was only counted, that day and any other.
    for later in [0, 24, 48] {
        let at = now() + jiff::SignedDuration::from_hours(later);
        assert!(!note(agent.clone(), at, "101".into()).await, "it was counted, {later} hours before");
    }
    note(Party::Office(sakura()), now(), "own".into()).await;
    note(agent.clone(), now() + jiff::SignedDuration::from_hours(24), "next day".into()).await;
    let all = WhichRefused::default();
    let kept = store.refused_receipts(all).await.unwrap();
    assert_eq!(kept.rows.len(), 102, "100, of somebody else, and of the next day");
    assert_eq!((&kept.rows[0].1.login, kept.rows[0].1.sha256.as_str()), (&agent, "next day"));
    let more = RefusedCount { day: Day::of(now()), login: Some(agent.clone()), repeated: false, count: 3 };
    assert_eq!(kept.more, std::slice::from_ref(&more));
    let second = store.refused_receipts(WhichRefused { repeated: true, ..all }).await.unwrap();
    let counted = RefusedCount { repeated: true, count: 2, ..more.clone() };
    assert_eq!((second.rows.len(), second.more), (100, vec![counted]));
    let census = store.census().await.unwrap();
    assert_eq!((census.refused_receipts, census.repeated_receipts), (105, 102));
    // The older ones, and those of one office: brought by it, in its name or for its bundle.
    let older = store.refused_receipts(WhichRefused { before: Some(3), ..all }).await.unwrap();
    let names: Vec<_> = older.rows.iter().map(|(number, row)| (*number, row.sha256.as_str())).collect();
    assert_eq!((names, older.more), (vec![(2, "1"), (1, "0")], vec![]));
    // What was only counted may be of any of them.
    for (office, count) in [(sakura(), 102), (himawari(), 102), (kaede(), 0)] {
        let its = store.refused_receipts(WhichRefused { office: Some(office), ..all }).await.unwrap();
        assert_eq!((its.rows.len(), its.more.as_slice()), (count, std::slice::from_ref(&more)), "{office}");
    }
}

// Profile §8.24
pub async fn a_clock_that_leapt_takes_no_counts_of_refused_receipts<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let keep = super::expire::keep();
    let note = async |at: Timestamp, name: String| {
        let one = RefusedReceipt {
            at,
            login: Party::Office(sakura()),
            from: None,
            to: himawari(),
            original: BUNDLE.into(),
            sha256: name,
            code: Refusal::ReceiptUnknownMessage.row().code.into(),
        };
        store.note_refused(one).await.unwrap();
    };
    store.expire(keep, Asked::ByTheClock, now()).await.unwrap();
    for number in 0..101 {
        note(now(), number.to_string()).await;
    }
    let counts = async || store.refused_receipts(WhichRefused::default()).await.unwrap().more.len();
    let ahead = super::expire::ago(-401);
    note(ahead, "ahead".into()).await;
    assert_eq!(counts().await, 1, "nobody believes that clock");
    store.expire(keep, Asked::ByThePerson, ahead).await.unwrap();
    note(ahead, "right".into()).await;
    assert_eq!(counts().await, 0, "its days are over");
}

pub async fn the_roll_is_what_was_last_put<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    let old = store.roll();
    let mut office = super::office(himawari());
    office.suspended = Some("届出の確認中".into());
    store.put_office(office.clone()).await.unwrap();
    let key = CertificateKey { issuer: "CN=Suite CA".into(), serial: "0a".into() };
    let agent = Party::Agent("machida-care".parse().unwrap());
    let certificate = Enrolled {
        key: key.clone(),
        party: agent.clone(),
        der: vec![0x30, 0x00],
        from: now(),
        until: now() + jiff::SignedDuration::from_hours(1),
        removed: None,
    };
    store.put(Amendment::Enrol(certificate.clone())).await.unwrap();
    store.put(Amendment::Account(AccountOrder::Make(Box::new(accounts::account("himawari"))))).await.unwrap();
    let roll = store.roll();
    assert_eq!(roll.office(himawari()), Some(&office));
    assert_eq!(roll.holder(&key), Ok(agent));
    assert_eq!(roll.certificates().collect::<Vec<_>>(), [&certificate]);
    assert_eq!((roll.offices().count(), store.census().await.unwrap().accounts), (3, 1));
    assert_eq!(old.office(himawari()).unwrap().suspended, None, "a snapshot does not change");
}
