//! Our gateway and Debian's Dovecot beside each other, both over TLS on this machine, with the same mail: `cargo bench -p
//! fumibako-conformance --bench dovecot`. `FUMIBAKO_COUNT` (10000) messages of `FUMIBAKO_SIZE` (50000) octets.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_conformance::{Door, Dovecot, Gateway, Line, Random, setting, timed};

/// A server, and a connection that is logged in.
struct Side {
    line: Line,
    commands: u32,
}

impl Side {
    fn of(door: &Door, login: &str, password: &str) -> Self {
        let mut side = Self { line: Line::open(door).expect("it connects"), commands: 0 };
        side.line.patience(Duration::from_mins(5)).expect("a time can be set");
        side.line.line().expect("it greets");
        side.say(&format!("LOGIN \"{login}\" \"{password}\""));
        side.say("CREATE bench");
        side
    }

    /// One command, read to its end and not looked at; the octets of the answer.
    fn say(&mut self, command: &str) -> u64 {
        self.commands += 1;
        let tag = format!("b{} ", self.commands);
        self.line.send(format!("{tag}{command}\r\n").as_bytes()).expect("it is sent");
        self.line.through(&tag).unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    /// APPEND without waiting for the literal (RFC 7888).
    fn append(&mut self, octets: &[u8]) {
        self.commands += 1;
        let tag = format!("b{} ", self.commands);
        let command = format!("{tag}APPEND bench {{{}+}}\r\n", octets.len());
        self.line.send(&[command.as_bytes(), octets, b"\r\n"].concat()).expect("it is sent");
        self.line.through(&tag).expect("it is filed");
    }
}

/// A message that does not compress, as a sealed one does not.
fn message(number: usize, size: usize, random: &mut Random) -> Vec<u8> {
    let header = format!(
        "From: 9970000011@plans.example\r\nTo: 9970000029@plans.example\r\nDate: Thu, 5 Nov 2026 12:00:00 +0900\r\n\
         Message-ID: <{number}@plans.example>\r\nSubject: plan {number}\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    let mut text = header.into_bytes();
    while text.len() < size {
        let octets: Vec<u8> = (0..8).flat_map(|_| random.below(u64::MAX).to_be_bytes()).collect();
        text.extend_from_slice(STANDARD.encode(&octets[..57]).as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// The shortest of some runs of each side, in turn, so that both meet the same machine.
fn beside(what: &str, runs: usize, sides: &mut [Side; 2], work: impl Fn(&mut Side, usize) -> u64) {
    let mut best = [Duration::MAX; 2];
    for run in 0..runs {
        for (side, best) in sides.iter_mut().zip(&mut best) {
            *best = (*best).min(timed(|| work(side, run)).0);
        }
    }
    told(what, best);
}

fn told(what: &str, [ours, theirs]: [Duration; 2]) {
    let milliseconds = |span: Duration| span.as_secs_f64() * 1000.0;
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{what:<34} {:>10.1} ms {:>10.1} ms {ratio:>7.2}", milliseconds(ours), milliseconds(theirs));
}

fn main() {
    let (count, size) = (setting("FUMIBAKO_COUNT", 10_000), setting("FUMIBAKO_SIZE", 50_000));
    let (gateway, dovecot) = (Gateway::start(), Dovecot::start());
    let office = gateway.office("9970000029");
    let mut sides = [
        Side::of(&gateway.mailboxes(), &office.login, &office.password),
        Side::of(&dovecot.imap().tls, "bench", Dovecot::PASSWORD),
    ];
    println!("{count} messages of {size} octets{:>17} {:>13} {:>7}", "ours", "Dovecot", "ratio");
    let (mut random, mut filed) = (Random::from_seed(7), [Duration::ZERO; 2]);
    for number in 0..count {
        let message = message(number, size, &mut random);
        for (side, filed) in sides.iter_mut().zip(&mut filed) {
            *filed += timed(|| side.append(&message)).0;
        }
    }
    told("APPEND, each answered", filed);
    beside("SELECT and UNSELECT, 20 times", 5, &mut sides, |side, _| {
        for _ in 0..20 {
            side.say("SELECT bench");
            side.say("UNSELECT");
        }
        20
    });
    for side in &mut sides {
        side.say("SELECT bench");
    }
    beside("FETCH 1:* (UID FLAGS)", 7, &mut sides, |side, _| side.say("FETCH 1:* (UID FLAGS)"));
    let search = |side: &mut Side, run: usize| side.say(&format!("SEARCH HEADER Message-ID <{}@", count / 2 + run));
    beside("SEARCH HEADER Message-ID, first", 1, &mut sides, search);
    beside("SEARCH HEADER Message-ID, again", 5, &mut sides, search);
    let subject = |side: &mut Side, _: usize| side.say("SEARCH HEADER Subject \"plan 77\"");
    beside("SEARCH HEADER Subject", 5, &mut sides, subject);
    let header = "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (From Subject Date)])";
    beside("FETCH of three fields", 3, &mut sides, |side, _| side.say(header));
    beside("FETCH 1:* BODY.PEEK[]", 3, &mut sides, |side, _| {
        let octets = side.say("FETCH 1:* (BODY.PEEK[])");
        assert!(octets > (count * size) as u64, "all of it");
        octets
    });
    beside("STORE 1:* +FLAGS.SILENT (\\Seen)", 1, &mut sides, |side, _| side.say("STORE 1:* +FLAGS.SILENT (\\Seen)"));
}
