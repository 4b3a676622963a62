//! Many large messages at once, in and out: the gateway's memory does not grow with them (Profile §11.3).

#![allow(clippy::expect_used, reason = "a test says no by a panic")]

use std::fs;

use fumibako_conformance::{Gateway, Letter, Limit, Mailbox, Office, Submission};

/// Octets of the file in each message.
const FILE_BYTES: usize = 36 << 20;
/// Messages sent at once; `FUMIBAKO_LONG=1` sends fifty, two and a half gigabytes.
const AT_ONCE: usize = 12;
const AT_ONCE_LONG: usize = 50;
/// Messages collected at once.
const COLLECTED: usize = 6;
/// What the gateway may need in memory at its worst, in KiB.
const MEMORY_KIB: u64 = 512 << 10;

/// A message in three pieces; the middle one, nearly all of it, is the same for all messages of an office pair.
struct Large {
    before: Vec<u8>,
    after: Vec<u8>,
}

#[test]
fn large_messages_at_once_stay_out_of_memory() {
    let at_once = if std::env::var_os("FUMIBAKO_LONG").is_some() { AT_ONCE_LONG } else { AT_ONCE };
    let gateway = Gateway::start_with(&[
        Limit("message_bytes", 64 << 20),
        Limit("connections_per_account", 100),
        Limit("connections_per_address", 200),
    ]);
    let [sender, one, other] = ["9970000011", "9970000029", "9970000037"].map(|number| gateway.office(number));
    let count = at_once / 2;
    let pairs = [&one, &other].map(|recipient| (recipient, compose(&sender, recipient, count)));
    std::thread::scope(|threads| {
        for (recipient, (middle, messages)) in &pairs {
            for message in messages {
                let (gateway, sender) = (&gateway, &sender);
                threads.spawn(move || send(gateway, sender, recipient, &[&message.before, middle, &message.after]));
            }
        }
    });
    let after_sending = peak_kib(&gateway);
    std::thread::scope(|threads| {
        for at in 1..=COLLECTED.min(count) {
            let (gateway, one) = (&gateway, &one);
            threads.spawn(move || collect(gateway, one, at));
        }
    });
    let peak = peak_kib(&gateway);
    println!("{} messages of {} MiB: {} MiB in memory", 2 * count, (FILE_BYTES * 4 / 3) >> 20, after_sending >> 10);
    println!("with {} collected at once: {} MiB", COLLECTED.min(count), peak >> 10);
    assert!(peak < MEMORY_KIB, "{peak} KiB");
}

/// As many messages, signed one by one, and the octets that they share.
fn compose(from: &Office, to: &Office, count: usize) -> (Vec<u8>, Vec<Large>) {
    let mut letter = Letter::plan(from, to);
    letter.attach("photos.bin", &noise(FILE_BYTES));
    let part = letter.part();
    // A line's worth at each end is left to the pieces that differ.
    let (start, end) = (part.len() / 100, part.len() - part.len() / 100);
    let middle = part[start..end].to_vec();
    let messages = (0..count).map(|at| {
        letter.put("Message-ID", &format!("<large-{at}-{}@plans.example>", to.number));
        let signed = letter.signed(&from.identity);
        let place = signed.windows(4096).position(|window| window == &middle[..4096]).expect("it holds the part");
        Large { before: signed[..place].to_vec(), after: signed[place + middle.len()..].to_vec() }
    });
    let messages = messages.collect();
    (middle, messages)
}

fn send(gateway: &Gateway, from: &Office, to: &Office, pieces: &[&[u8]]) {
    let mut submission = Submission::of(&gateway.submission(), from).expect("the office logs in");
    let reply = submission.send_pieces(&from.address(), &[&to.address()], pieces).expect("the connection holds");
    assert_eq!(reply.code, 250, "{reply}");
}

fn collect(gateway: &Gateway, office: &Office, at: usize) {
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), office).expect("the mailbox opens");
    mailbox.command("SELECT INBOX").expect("it is there");
    let said = mailbox.command(&format!("FETCH {at} BODY.PEEK[]")).expect("the connection holds");
    let octets: usize = said.iter().flat_map(|said| &said.literals).map(Vec::len).sum();
    assert!(octets > FILE_BYTES, "{octets}");
}

/// The most memory the gateway ever held.
fn peak_kib(gateway: &Gateway) -> u64 {
    let pid = gateway.pid().expect("the gateway runs");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak stands there");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// Octets that repeat nowhere.
fn noise(bytes: usize) -> Vec<u8> {
    let mut octets = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut octets).expect("there is randomness");
    octets
}
