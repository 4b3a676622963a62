//! Receipts composed by hand: the first good one turns 未 into 済; every other changes nothing.

mod openssl;
mod shown;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_conformance::{Letter, Mailbox, Office, Receipt, Reply, Submission, now};
use fumibako_model::{ProofFile, Refusal};
use jiff::SignedDuration;
use serde_json::Value;

use crate::office::Desk;
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
    let marks = flags(&world, &world.recipient, "INBOX");
    assert!(marks.contains("$MDNSent") && marks.contains("$Acknowledged"), "{marks}");
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
    assert!(!flags(&world, &world.recipient, "INBOX").contains("$Acknowledged"));
    assert_eq!(acknowledge(&world, &world.recipient, &good).code, 250);
    assert!(flags(&world, &world.sender, "Sent").contains("$Retrieved"));
}

// Profile §8.19: whatever a list shows, the command and its page say what the evidence says.
#[test]
fn what_nobody_signed_for_is_called_so_and_a_receipt_is_not() {
    let (world, letter) = delivered();
    let desk = Desk::new(&world, &world.sender, &world.sender.password);
    let proved = |name: &str, lang: &str| {
        let path = desk.folder.join(name);
        let ran = desk.run(&["receipt", letter.message_id(), "--lang", lang, "-o", &path.to_string_lossy()]);
        let page = fs::read_to_string(path.with_extension("html")).expect("it was written");
        (ran.well().messages(), page.contains("<h1>受領証</h1>"), page.contains("受領証も受け渡しの記録もありません"))
    };
    let (said, is_receipt, lacks) = proved("before.json", "ja");
    assert!(said.contains("受領証も受け渡しの記録もありません") && said.contains("evidence verify"), "{said}");
    assert_eq!((is_receipt, lacks), (false, true));
    let (said, ..) = proved("before-en.json", "en");
    assert!(said.contains("There is no receipt and no handover"), "{said}");

    let receipt = Receipt::of(&letter, &world.recipient, &world.sender);
    assert_eq!(acknowledge(&world, &world.recipient, &receipt).code, 250);
    let (said, is_receipt, lacks) = proved("after.json", "ja");
    assert!(!said.contains("ありません"), "{said}");
    assert_eq!((is_receipt, lacks), (true, false));
}

// Profile §8.18, §8.19, §8.22
#[test]
fn the_word_that_it_does_not_open_is_proved_offline_and_a_changed_one_is_not() {
    let (world, letter) = delivered();
    let said = "automatic-action/MDN-sent-automatically; processed/error: decryption-failed";
    let failure = Receipt { disposition: said.into(), ..Receipt::of(&letter, &world.recipient, &world.sender) };
    let signed = failure.signed(&world.recipient.identity);
    let mut session = Submission::of(&world.gateway.submission(), &world.recipient).expect("the office logs in");
    let reply = session.send(&world.recipient.address(), &[&world.sender.address()], &signed);
    assert_eq!(reply.expect("the gateway answers").code, 250);

    let desk = Desk::new(&world, &world.sender, &world.sender.password);
    let path = desk.folder.join("failure.json");
    desk.run(&["receipt", letter.message_id(), "-o", &path.to_string_lossy()]).well();
    let file = fs::read(&path).expect("it was written");
    let file: ProofFile = serde_json::from_slice(&file).expect("it is a proof");
    let verified = |failure: Option<&[u8]>| {
        let failure = failure.map(|octets| STANDARD.encode(octets));
        let other = serde_json::to_vec(&ProofFile { failure, ..file.clone() }).expect("JSON");
        fs::write(&path, other).expect("the folder is writable");
        let ran = desk.run(&["verify", &path.to_string_lossy(), "--format", "ndjson"]);
        let rows = ran.output();
        let mut rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        let row = rows.find(|row| row["layer"] == "not-opened").expect("it is looked at");
        let state = if row["state"] == "fails" { &row["code"] } else { &row["state"] };
        (ran.exit(), state.as_str().expect("it has a state").to_owned())
    };
    let kept = STANDARD.decode(file.failure.as_ref().expect("the word is in it")).expect("it is base64");
    assert_eq!(kept, signed, "octet for octet as it was accepted");
    assert_eq!(verified(Some(&kept)), (Some(0), "holds".into()));
    let broken = (Some(76), Refusal::EvidenceBroken.row().code.to_owned());
    for (was, is) in [("decryption-failed", "integrity-check-failed"), ("with thanks", "but not read")] {
        let changed = String::from_utf8(kept.clone()).expect("it is text").replacen(was, is, 1);
        assert_ne!(changed.as_bytes(), kept);
        assert_eq!(verified(Some(changed.as_bytes())), broken, "{is}");
    }
    // Another word of the same office about the same bundle is not the one that the evidence is about.
    let other = Receipt { fields: Receipt::of(&letter, &world.recipient, &world.sender).fields, ..failure };
    assert_eq!(verified(Some(&other.signed(&world.recipient.identity))), broken);
    assert_eq!(verified(None), (Some(0), "unseen".into()), "which is said, and proves nothing");
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

    // Profile §8.3: the first receipt counts, and another one leaves its row; the same octets once more do not.
    assert_eq!(acknowledge(&world, &world.recipient, &good).code, 250);
    let (before, marks) = (world.gateway.holdings(), flags(&world, &world.sender, "Sent"));
    assert_eq!(acknowledge(&world, &world.recipient, &good.dated(now() - SignedDuration::from_mins(1))).code, 250);
    assert_eq!((world.gateway.holdings(), flags(&world, &world.sender, "Sent")), (before, marks));
    let second = world.gateway.admin(["evidence", "refused", "--repeated", "--format", "ndjson"]).output();
    assert_eq!((second.matches(r#""code":"repeated""#).count(), second.lines().count()), (1, 1), "{second}");
    let status = world.gateway.status();
    assert_eq!((&status["receipts_refused"], &status["receipts_repeated"]), (&5.into(), &1.into()));
    let metrics = world.gateway.admin(["status", "--metrics"]).output();
    for line in ["fumibako_receipts_refused_total 5", "fumibako_receipts_repeated_total 1"] {
        assert!(metrics.lines().any(|one| one == line), "{line} in {metrics}");
    }
    // By office, and page by page.
    let pages = |more: &[&str]| {
        let words = [&["evidence", "refused", "--format", "ndjson"], more].concat();
        world.gateway.admin(words).output().lines().count()
    };
    let [one, other] = [&world.recipient, &stranger].map(|office| office.number.as_str());
    let counts = [pages(&["--before", "3"]), pages(&["--office", one]), pages(&["--office", other])];
    assert_eq!(counts, [2, 4, 1]);
}
