//! Everybody comes: with our program on two computers, by POP3, by IMAP in pieces, at several terminals at once; and one when all
//! is over.

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_conformance::{Deadline, Letter, Line, Mailbox, Office, Receipt, Reply, Submission};
use fumibako_model::{Event, LogEntry, ProofFile, Reason, Refusal};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::stamps::Stamps;
use super::{Life, SOON, field, minutes, moments};
use crate::office::Desk;

const ACCEPTED: (Event, Option<Reason>) = (Event::SubmissionAcceptance, None);
const DELIVERED: (Event, Option<Reason>) = (Event::ContentConsignment, None);
const SEEN: (Event, Option<Reason>) = (Event::ContentHandover, Some(Reason::SeenByTheGateway));
const RECEIVED: (Event, Option<Reason>) = (Event::ContentHandover, None);
const EXPIRED: (Event, Option<Reason>) = (Event::ContentHandoverFailure, Some(Reason::Expired));
const LATE: (Event, Option<Reason>) = (Event::ContentHandover, Some(Reason::AfterExpiry));

/// A maildrop, logged in; the number of its last message.
fn maildrop(life: &Life) -> (Line, usize) {
    let office = &life.world.recipient;
    let mut pop = Line::open(&life.world.gateway.maildrops()).expect("the door is open");
    pop.line().expect("it greets");
    let mut say = |command: &str| {
        pop.send(format!("{command}\r\n").as_bytes()).expect("it can be sent");
        let answer = pop.line().expect("it is answered");
        assert!(answer.starts_with("+OK"), "{answer}");
        answer
    };
    say(&format!("USER {}", office.login));
    say(&format!("PASS {}", office.password));
    let count = say("STAT").split(' ').nth(1).and_then(|count| count.parse().ok());
    (pop, count.expect("it counts"))
}

fn by_pop3((mut pop, number): (Line, usize)) {
    pop.send(format!("RETR {number}\r\n").as_bytes()).expect("it can be sent");
    while pop.line().expect("it comes") != "." {}
    // Said in one breath with RETR it would say nothing of what came (Profile §8.10).
    pop.send(b"QUIT\r\n").expect("it can be sent");
    assert!(pop.line().expect("it says farewell").starts_with("+OK"));
}

fn mailbox(life: &Life) -> Mailbox {
    let mut mailbox = Mailbox::of(&life.world.gateway.mailboxes(), &life.world.recipient).expect("it opens");
    mailbox.command("SELECT INBOX").expect("it opens");
    mailbox
}

fn by_imap(mut mailbox: Mailbox, commands: &[&str]) {
    for command in commands.iter().chain(&["NOOP", "LOGOUT"]) {
        mailbox.command(command).expect("it is answered");
    }
}

/// A plan composed by hand, which asks what becomes of it or does not; its Message-ID as evidence has it.
fn deliver(life: &Life, asks: bool) -> (Letter, String) {
    let mut letter = Letter::plan(&life.world.sender, &life.world.recipient);
    if asks {
        letter.fields.push(("Disposition-Notification-To", life.world.sender.address()));
    }
    life.world.deliver(&letter.signed(&life.world.sender.identity));
    let id = letter.message_id().trim_matches(['<', '>']).to_owned();
    (letter, id)
}

fn acknowledge(life: &Life, by: &Office, receipt: &Receipt) -> Reply {
    let mut session = Submission::of(&life.world.gateway.submission(), by).expect("the office logs in");
    let to = life.world.sender.address();
    session.send(&by.address(), &[&to], &receipt.signed(&by.identity)).expect("the gateway answers")
}

/// Two computers of one office collect at the same moment, with our program.
fn by_our_program_twice(life: &Life) {
    let office = &life.world.recipient;
    let other = Desk::named("desk-other", &life.world, office, &office.password);
    thread::scope(|threads| {
        let both = [&life.recipient, &other].map(|desk| threads.spawn(|| desk.run(&["fetch"])));
        for ran in both {
            ran.join().expect("it runs").well();
        }
    });
}

/// Three terminals take the last message at the same moment.
fn at_three_terminals(life: &Life) {
    let (drop, one, other, start) = (maildrop(life), mailbox(life), mailbox(life), Barrier::new(3));
    thread::scope(|threads| {
        let start = &start;
        threads.spawn(move || {
            start.wait();
            by_pop3(drop);
        });
        for mailbox in [one, other] {
            threads.spawn(move || {
                start.wait();
                by_imap(mailbox, &["FETCH * BODY[]"]);
            });
        }
    });
}

/// The state that each copy of the sender's shows.
fn states(life: &Life) -> Vec<&'static str> {
    let mut mailbox = Mailbox::of(&life.world.gateway.mailboxes(), &life.world.sender).expect("the mailbox opens");
    mailbox.command("EXAMINE Sent").expect("it opens");
    let said = mailbox.command("FETCH 1:* (FLAGS)").expect("they are there");
    let known = ["$Retrieved", "$HandedOver", "$Delivered"];
    let state = |text: &str| known.into_iter().find(|flag| text.contains(flag));
    said.iter().filter_map(|said| state(&said.text)).collect()
}

// Profile §8.3, §8.9, §8.10, §8.11, §8.13, §8.17, §8.19, §8.21
#[test]
fn whoever_comes_is_written_down_once_and_proved_offline_and_who_comes_late_as_well() {
    let clock = std::sync::Arc::new(fumibako_conformance::MovedClock::new());
    let stamps = Stamps::open(clock.clone());
    let url = format!("stamp_url = \"{}\"", stamps.url);
    let mut life = Life::under(clock, |settings| settings.replace("stamp_url = \"\"", &url));
    let evidence = life.gateway_authority().parent().expect("it stands in a folder").to_owned();
    fs::write(evidence.join("tsa.pem"), &stamps.authority).expect("the folder is writable");
    life.sender.set("stamp_authority_file = \"../evidence/tsa.pem\"");

    let ours = life.send();
    by_our_program_twice(&life);
    let (letter_again, popped) = deliver(&life, true);
    by_pop3(maildrop(&life));
    let (_, pieced) = deliver(&life, true);
    let backwards = ["FETCH * BODY.PEEK[]<700.100000>", "FETCH * BODY.PEEK[]<0.700>", "STORE * +FLAGS (\\Seen)"];
    by_imap(mailbox(&life), &backwards);
    let (_, crowded) = deliver(&life, false);
    at_three_terminals(&life);
    let (letter, late) = deliver(&life, true);

    assert_eq!(states(&life), ["$Retrieved", "$HandedOver", "$HandedOver", "$HandedOver", "$Delivered"]);
    let sender = life.world.sender.clone();
    // The recipient's receipt, and the gateway's word on three.
    assert_eq!(life.world.waits_for_letters(&sender, 4), 4);
    for id in [&popped, &pieced, &crowded] {
        assert_eq!(life.happened(id), [ACCEPTED, DELIVERED, SEEN]);
        let told = life.told(&sender, id);
        assert_eq!(told.len(), 1);
        // RFC 8098 §2.1: who did not ask for a notification gets none, and is told all the same.
        assert_eq!(told[0].contains("\nDisposition: "), *id != crowded, "{told:?}");
        assert!(*id == crowded || field(&told[0], "Disposition").ends_with("dispatched"), "{told:?}");
        assert!(life.openssl_believes(&told[0]), "{told:?}");
        life.our_program_believes(&told[0], ("handed-over", id));
    }
    let mut happened = life.happened(&ours);
    // Whether the gateway saw it go before the receipt came is a matter of moments; it says so once at most.
    happened.retain(|step| *step != SEEN);
    assert_eq!(happened, [ACCEPTED, DELIVERED, RECEIVED]);
    assert!(life.happened(&ours).len() <= 4);

    // The day is over, and its last head is stamped.
    let accepted = life.evidence(|_| true)[0].evidence.at;
    life.cut(accepted + SignedDuration::from_hours(25));
    let stamped = || (life.world.gateway.status()["heads_stamped"] == 1).then_some(());
    assert!(Deadline::after(SOON).until(stamped).is_some(), "the day's head is not stamped");
    for id in [&ours, &popped, &pieced, &crowded] {
        let (_, file) = life.proved(id);
        assert!(file.stamp.is_some() && file.receipt.is_some() == (*id == ours), "{id}");
    }
    let sent = life.sender.folder.join("sent.eml");
    fs::write(&sent, &life.folder(&sender, "Sent")[0]).expect("the folder is writable");
    who_comes_late(&mut life, &letter, &late);
    used_again(&life, &letter_again, &popped);

    // The days of all receipts are over, and the bodies gone; the recipients' signatures are in the file. Years later, the gateway is
    // gone as well, and the certificates of the offices are over.
    assert!(life.clock.now() > accepted + SignedDuration::from_hours(24 * 91));
    let proved = [&ours, &late].map(|id| life.proved(id));
    let page = |path: &Path| fs::read_to_string(path.with_extension("html")).expect("it was written");
    assert!(page(&proved[0].0).contains("<h1>受領証</h1>") && page(&proved[1].0).contains("<h1>受領証（期限後）</h1>"));
    life.world.gateway.kill();
    life.clock.set(accepted + SignedDuration::from_hours(24 * 365 * 6));
    for (path, file) in &proved {
        assert!(file.receipt.is_some());
        life.verified(path);
    }
    life.judges_the_signed_receipt(&proved[0].0, &sent);
    life.knows_a_receipt_that_was_taken_out(&proved[0].0);
}

/// The receipt of the one whom nobody collected in time.
fn who_comes_late(life: &mut Life, letter: &Letter, late: &str) {
    let (sender, recipient) = (life.world.sender.clone(), life.world.recipient.clone());
    let (_, ends) = moments(life.evidence(|one| one.evidence.message_id == late)[0].evidence.at);
    life.pass(ends);
    life.cut(ends + minutes(1));
    let reported = || (life.world.gateway.status()["reported"] == 1).then_some(());
    assert!(Deadline::after(SOON).until(reported).is_some(), "the sender is not told");
    assert!(life.told(&sender, late).iter().any(|one| field(one, "Action") == "failed"));
    assert_eq!(life.happened(late), [ACCEPTED, DELIVERED, EXPIRED]);

    let receipt = Receipt::of(letter, &recipient, &sender);
    let wrong = Receipt { digest: STANDARD.encode([7; 32]), ..receipt.clone() };
    let no = acknowledge(life, &recipient, &wrong);
    assert!(no.code == 550 && no.text.contains(Refusal::ReceiptDigestDiffers.row().code), "{no}");
    let yes = acknowledge(life, &recipient, &receipt);
    assert_eq!(yes.code, 250, "{yes}");
    let at = life.clock.now() + minutes(1);
    life.cut(at);
    assert_eq!(acknowledge(life, &recipient, &receipt), yes);
    assert_eq!(life.happened(late), [ACCEPTED, DELIVERED, EXPIRED, LATE]);
    assert!(life.proved(late).1.receipt.is_some());

    // The clock goes back over midnight, and the gateway runs: what comes then is signed for as well, and nobody is accused.
    life.clock.set(at - SignedDuration::from_hours(25));
    let (_, again) = deliver(life, true);
    life.world.gateway.admin(["evidence", "verify"]);
    assert_eq!(life.happened(&again), [ACCEPTED, DELIVERED]);
    ahead_over_a_midnight(life, at);
}

/// A Message-ID whose content is gone comes again: each of both bundles is proved, and none for the other (Profile §8.18).
fn used_again(life: &Life, letter: &Letter, id: &str) {
    life.world.deliver(&letter.signed(&life.world.sender.identity));
    let [first, second] =
        &life.evidence(|one| one.evidence.message_id == id && one.evidence.event == Event::SubmissionAcceptance)[..]
    else {
        panic!("it came twice")
    };
    let mut count = 0;
    let mut ask = |desk: &Desk, words: &[&str]| {
        count += 1;
        let path = desk.folder.join(format!("again-{count}.json"));
        let ran = desk.run(&[&["receipt"], words, &["-o", &path.to_string_lossy()]].concat());
        let text = ran.output() + &ran.messages();
        let file =
            fs::read(&path).ok().map(|octets| serde_json::from_slice::<ProofFile>(&octets).expect("it is a proof"));
        let about = file.map(|file| file.entries[0].entry.parse::<LogEntry>().expect("it is evidence").id());
        (ran.exit(), text, about)
    };
    let sender = &life.world.sender.number;
    for (desk, words) in
        [(&life.recipient, &[id, "--from", sender][..]), (&life.recipient, &[id]), (&life.sender, &[id])]
    {
        let (exit, text, file) = ask(desk, words);
        assert_eq!((exit, file), (Some(2), None), "{text}");
        for told in [Refusal::EvidenceSeveral.row().code.into(), first.id.to_string(), second.id.to_string()] {
            assert!(text.contains(&told), "{told}: {text}");
        }
    }
    for (desk, list, before) in [(&life.recipient, "inbox", ""), (&life.sender, "sent", "sent:")] {
        let rows = desk.run(&["list", list, "--format", "ndjson"]).well().output();
        let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        let row = rows.into_iter().find(|row| row["message_id"] == id).expect("it is kept");
        for (which, meant) in [(format!("{before}{}", row["uid"]), second), (first.id.to_string(), first)] {
            let (exit, text, file) = ask(desk, &[&which]);
            assert_eq!((exit, file), (Some(0), Some(meant.id)), "{which}: {text}");
        }
    }
}

/// The clock is ten days ahead, goes over a midnight there, and is right again: the days that follow have heads of their own, which do
/// not wait for that date with their stamps, and nobody is accused.
fn ahead_over_a_midnight(life: &mut Life, at: Timestamp) {
    let day = |count: i64| at + SignedDuration::from_hours(24 * count);
    let mut last = String::new();
    for count in [10, 11, 1] {
        life.clock.set(day(count));
        last = deliver(life, true).1;
        for log in ["evidence", "audit"] {
            life.world.gateway.admin([log, "verify"]);
        }
    }
    assert!(life.proved(&last).1.stamp.is_none(), "its day is not over");
    life.cut(day(2));
    let stamp = || life.proved(&last).1.stamp;
    assert!(Deadline::after(SOON).until(stamp).is_some(), "a day that is over is not stamped");
    for log in ["evidence", "audit"] {
        life.world.gateway.admin([log, "verify"]);
    }
    outside_the_days_of_the_key(life, day(2));
}

/// A machine without a battery wakes in 1970: nothing is signed by that clock, what happened then is signed for by the right one, and
/// nobody is accused.
fn outside_the_days_of_the_key(life: &Life, at: Timestamp) {
    life.clock.set(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
    life.world.gateway.admin(["office", "describe", &life.world.recipient.number, "--municipality", "見本市"]);
    life.world.gateway.admin(["audit", "verify"]);
    life.clock.set(at);
    for log in ["evidence", "audit"] {
        life.world.gateway.admin([log, "verify"]);
    }
}
