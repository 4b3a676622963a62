//! Receipts composed by hand: the first good one turns 未 into 済; every other changes nothing.

mod openssl;

use fumibako_conformance::{Letter, Mailbox, Office, Receipt, Reply, Submission, now};
use fumibako_model::Refusal;
use jiff::SignedDuration;

use crate::world::World;

/// Sends a receipt; the reply.
fn acknowledge(world: &World, by: &Office, receipt: &Receipt) -> Reply {
    acknowledge_as(world, &by.address(), by, receipt)
}

/// The same, from another envelope address.
fn acknowledge_as(world: &World, from: &str, by: &Office, receipt: &Receipt) -> Reply {
    let mut session = Submission::of(&world.gateway.submission(), by).expect("the office logs in");
    let reply = session.send(from, &[&world.sender.address()], &receipt.signed(&by.identity));
    reply.expect("the gateway answers")
}

/// The flags of the one message of a folder.
fn flags(world: &World, office: &Office, folder: &str) -> String {
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), office).expect("the mailbox opens");
    mailbox.command(&format!("EXAMINE {folder}")).expect("the folder is there");
    let said = mailbox.command("FETCH 1 (FLAGS)").expect("the message is there");
    said.into_iter().map(|said| said.text).find(|text| text.contains("FLAGS (")).expect("it has flags")
}

fn count(world: &World, office: &Office, folder: &str) -> u64 {
    let mut mailbox = Mailbox::of(&world.gateway.mailboxes(), office).expect("the mailbox opens");
    mailbox.count(folder).expect("the folder is there")
}

/// A world in which one plan was delivered.
fn delivered() -> (World, Letter) {
    let world = World::new();
    let letter = Letter::plan(&world.sender, &world.recipient);
    world.deliver(&letter.signed(&world.sender.identity));
    (world, letter)
}

#[test]
fn the_first_receipt_counts_and_another_gets_its_answer() {
    let (world, letter) = delivered();
    let receipt = || Receipt::of(&letter, &world.recipient, &world.sender);
    assert!(!flags(&world, &world.sender, "Sent").contains("$Retrieved"));
    let first = acknowledge(&world, &world.recipient, &receipt());
    assert_eq!(first.code, 250, "{first}");
    // Profile §8.3
    assert!(flags(&world, &world.sender, "Sent").contains("$Retrieved"));
    assert!(flags(&world, &world.recipient, "INBOX").contains("$MDNSent"));
    // Profile §8.2: both find it in Receipts, and it is no bundle.
    let receipts = || [&world.sender, &world.recipient].map(|office| count(&world, office, "Receipts"));
    assert_eq!((receipts(), count(&world, &world.sender, "INBOX")), ([1, 1], 0));
    assert_eq!(acknowledge(&world, &world.recipient, &receipt()), first);
    assert_eq!(receipts(), [1, 1]);
}

// Profile §8.22
#[test]
fn who_cannot_open_it_says_so_and_may_still_acknowledge_it() {
    let (world, letter) = delivered();
    let good = Receipt::of(&letter, &world.recipient, &world.sender);
    let said = "automatic-action/MDN-sent-automatically; processed/error: decryption-failed";
    let failure = Receipt { disposition: said.into(), ..Receipt::of(&letter, &world.recipient, &world.sender) };
    let reply = acknowledge(&world, &world.recipient, &failure);
    assert_eq!(reply.code, 250, "{reply}");
    let marks = flags(&world, &world.sender, "Sent");
    assert!(marks.contains("$FailedDecryption") && !marks.contains("$Retrieved"), "{marks}");
    assert!(!flags(&world, &world.recipient, "INBOX").contains("$MDNSent"));
    assert_eq!(acknowledge(&world, &world.recipient, &good).code, 250);
    assert!(flags(&world, &world.sender, "Sent").contains("$Retrieved"));
}

// Profile §13.12
#[test]
fn a_receipt_may_come_from_nobody_and_a_bundle_may_not() {
    let (world, letter) = delivered();
    let receipt = Receipt::of(&letter, &world.recipient, &world.sender);
    let reply = acknowledge_as(&world, "", &world.recipient, &receipt);
    assert_eq!(reply.code, 250, "{reply}");
    assert!(flags(&world, &world.sender, "Sent").contains("$Retrieved"));
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the office logs in");
    let reply = session.send("", &[&world.recipient.address()], &world.plan()).expect("the gateway answers");
    assert!(reply.code == 550 && reply.to_string().contains("E-DIR-005"), "{reply}");
    // Nor may another office's receipt: it is the login's that comes from nobody.
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the office logs in");
    let octets = receipt.signed(&world.recipient.identity);
    let reply = session.send("", &[&world.sender.address()], &octets).expect("the gateway answers");
    assert_eq!(reply.code, 550, "{reply}");
}

#[test]
fn a_receipt_that_is_not_the_recipients_word_changes_nothing() {
    let (world, letter) = delivered();
    let good = Receipt::of(&letter, &world.recipient, &world.sender);
    let stranger = world.gateway.office("9970000037");
    let by_stranger = Receipt::of(&letter, &stranger, &world.sender);
    let unknown = Receipt { original: "<nothing@plans.example>".into(), ..good.clone() };
    let other = Letter::plan(&world.sender, &world.recipient);
    let digest = Receipt { digest: Receipt::of(&other, &world.recipient, &world.sender).digest, ..good.clone() };
    let future = good.clone().dated(now() + SignedDuration::from_hours(2));
    let deleted = Receipt { disposition: "manual-action/MDN-sent-manually; deleted".into(), ..good.clone() };
    let (before, marks) = (world.gateway.holdings(), flags(&world, &world.sender, "Sent"));
    // Profile §8.4, §8.23
    for (by, receipt, why) in [
        (&stranger, by_stranger, Refusal::ReceiptNotByRecipient),
        (&world.recipient, unknown, Refusal::ReceiptUnknownMessage),
        (&world.recipient, digest, Refusal::ReceiptDigestDiffers),
        (&world.recipient, deleted, Refusal::MessageMalformed),
        (&world.recipient, future, Refusal::ReceiptFromTheFuture),
    ] {
        let (reply, row) = (acknowledge(&world, by, &receipt), why.row());
        let said = (reply.code, reply.enhanced.as_str(), reply.text.split(' ').next());
        assert_eq!(said, (row.smtp, row.enhanced, Some(row.code)), "{reply}");
    }
    assert_eq!((world.gateway.holdings(), flags(&world, &world.sender, "Sent")), (before, marks));
    // Profile §8.24: what was refused is kept with its reason, once each, wherever it failed.
    let refused = world.gateway.admin(["evidence", "refused", "--format", "ndjson"]).output();
    for why in [
        Refusal::ReceiptNotByRecipient,
        Refusal::ReceiptUnknownMessage,
        Refusal::ReceiptDigestDiffers,
        Refusal::MessageMalformed,
        Refusal::ReceiptFromTheFuture,
    ] {
        assert_eq!(refused.matches(why.row().code).count(), 1, "{refused}");
    }
    assert_eq!(world.gateway.status()["receipts_refused"], 5);
}
