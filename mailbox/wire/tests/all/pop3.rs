//! POP3: the transcripts, and what holds for any bytes at any cut.

use fumibako_wire::pop3::{Answer, Ask};
use fumibako_wire::{Conversation, Effect};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::claims;
use crate::law;
use crate::player::{self, Desk, play_folder};
use crate::pop3_maildrop::Maildrop;

#[test]
fn transcripts_hold_however_the_bytes_are_cut() {
    play_folder("pop3", Maildrop::default);
}

/// Everything a conversation says after these bytes, and the largest piece it said at once.
fn converse(cut: usize, bytes: &[u8], drop: &mut Maildrop) -> (Vec<u8>, usize) {
    let now = Timestamp::UNIX_EPOCH;
    let mut session = drop.open(now, &player::Settings::new());
    let (mut said, mut largest) = (Vec::new(), 0);
    for piece in std::iter::once(&b""[..]).chain(bytes.chunks(cut)) {
        session.receive(now, piece);
        while let Some(effect) = session.next() {
            match effect {
                Effect::Send(bytes) => {
                    largest = largest.max(bytes.len());
                    said.extend(bytes);
                }
                Effect::Body(_) => panic!("POP3 takes no bodies"),
                Effect::Refused(_) | Effect::Ponder | Effect::Compress(_) => {}
                Effect::Ask(ask) => {
                    let answer = drop.answer(ask, Vec::new(), None).unwrap();
                    session.answer(now, answer);
                }
                Effect::StartTls => session.secured(now, claims::OFFER),
                Effect::Close => return (said, largest),
            }
        }
    }
    (said, largest)
}

const LOGIN: &[u8] = b"USER 9970000011\r\nPASS secret\r\n";

/// Pieces a hostile or broken client may send.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop_oneof![
        Just(LOGIN.to_vec()),
        Just(b"RETR 1\r\n".to_vec()),
        Just(b"DELE 1\r\n".to_vec()),
        Just(b"TOP 2 1\r\nLIST\r\nUIDL\r\n".to_vec()),
        Just(b"DELE 1\r\nRSET\r\nSTAT\r\n".to_vec()),
        Just(b"AUTH PLAIN\r\n".to_vec()),
        Just(b"CAPA\r\n".repeat(30)),
        Just(b"QUIT\r\n".to_vec()),
        "[A-Z0-9 ]{0,20}(\r|\n|\r\n)?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        Just(vec![b'x'; 700]),
    ];
    prop::collection::vec(scrap, 0..12).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn any_bytes_get_the_same_replies_at_any_cut(bytes in scraps(), cut in 1..50usize) {
        let drop = || Maildrop::of(&[b"A: b\r\n\r\n.c\r\n", b"\r\nd"]);
        let (said, _) = converse(cut, &bytes, &mut drop());
        prop_assert_eq!(&said, &converse(4096, &bytes, &mut drop()).0);
        prop_assert!(said.ends_with(b"\r\n"));
    }

    #[test]
    fn the_law_holds_whatever_the_server_answers(dice in any::<u8>(), bytes in scraps()) {
        let drop = || Maildrop::of(&[b"A: b\r\n\r\n.c\r\n", b"\r\nd"]);
        law::hold(drop, &[&[dice], bytes.as_slice()].concat());
    }

    #[test]
    fn a_message_arrives_as_it_is_however_long_its_lines(lines in prop::collection::vec("[.a-z]{0,6}", 1..20)) {
        let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        let commands = [LOGIN, b"RETR 1\r\nQUIT\r\n"].concat();
        let (said, _) = converse(4096, &commands, &mut Maildrop::of(&[message.as_bytes()]));
        let said = String::from_utf8(said).unwrap();
        let (_, rest) = said.split_once(" octets\r\n+OK").unwrap();
        let body = rest.split_once("\r\n").unwrap().1.strip_suffix(".\r\n+OK Goodbye\r\n").unwrap();
        let back: Vec<&str> = body.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
        prop_assert_eq!(back.join("\r\n"), message);
    }
}

// Profile §8.10, §13.8
#[test]
fn only_who_goes_on_after_the_last_octet_has_retrieved_a_message() {
    // Breath by breath, each in pieces.
    let session = |breaths: &[&[&str]]| {
        let (mut drop, now) = (Maildrop::of(&[b"A: b\r\n\r\nc\r\n", b"D: e\r\n\r\nf\r\n"]), Timestamp::UNIX_EPOCH);
        let mut session = drop.open(now, &player::Settings::new());
        let (mut said, mut updates) = (Vec::new(), Vec::new());
        let login: &[&str] = &[std::str::from_utf8(LOGIN).unwrap()];
        let pieces = [login].into_iter().chain(breaths.iter().copied()).flat_map(|breath| breath.iter().enumerate());
        for (at, piece) in pieces {
            if at == 0 {
                session.goes_on();
            }
            session.receive(now, piece.as_bytes());
            while let Some(effect) = session.next() {
                match effect {
                    Effect::Send(bytes) => said.extend(bytes),
                    Effect::Ask(Ask::Update { seen, removed, retrieved }) => {
                        updates.push((seen.len(), removed.len(), retrieved.len()));
                        session.answer(now, Answer::Done);
                    }
                    Effect::Ask(ask) => {
                        let answer = drop.answer(ask, Vec::new(), None).unwrap();
                        session.answer(now, answer);
                    }
                    _ => {}
                }
            }
        }
        let said = String::from_utf8(said).unwrap();
        (updates, said.lines().last().unwrap().split(' ').next().unwrap().to_owned())
    };
    let ok = |updates: &[(usize, usize, usize)]| (updates.to_vec(), "+OK".to_owned());
    assert_eq!(session(&[&["RETR 1\r\n"], &["QUIT\r\n"]]), ok(&[(1, 0, 1)]));
    assert_eq!(session(&[&["RETR 1\r\nDELE 1\r\n"], &["QUIT\r\n"]]), ok(&[(0, 1, 1)]));
    assert_eq!(session(&[&["RETR 1\r\nQUIT\r\n"]]), ok(&[]), "it was said before any of it came");
    assert_eq!(session(&[&["RETR 1\r\n", "QUIT\r\n"]]), ok(&[]), "and so it was, however the network cuts it");
    assert_eq!(session(&[&["RETR 1\r\n", "RETR 2\r\n", "NOOP\r\nQUIT\r\n"]]), ok(&[]));
    assert_eq!(session(&[&["RETR 1\r\n"], &["RETR 1\r\nQUIT\r\n"]]), ok(&[(1, 0, 1)]), "it came the first time");
    // Nothing is lost: what may still be on its way stays.
    let kept = |updates: &[(usize, usize, usize)]| (updates.to_vec(), "-ERR".to_owned());
    assert_eq!(session(&[&["RETR 1\r\nDELE 1\r\nQUIT\r\n"]]), kept(&[]));
    assert_eq!(session(&[&["RETR 1\r\n", "DELE 1\r\n", "QUIT\r\n"]]), kept(&[]));
    assert_eq!(session(&[&["RETR 1\r\nDELE 1\r\n"], &["RETR 2\r\nDELE 2\r\nQUIT\r\n"]]), kept(&[(0, 1, 1)]));
    assert_eq!(
        session(&[&["DELE 1\r\nQUIT\r\n"]]),
        ok(&[(0, 1, 0)]),
        "who did not ask for it here has it, or does not want it"
    );
}

#[test]
fn a_large_message_and_a_long_list_go_out_in_pieces() {
    // Profile §13.6
    let large: Vec<u8> = b"A: b\r\n\r\n".iter().copied().chain(b".0123456789\r\n".repeat(80_000)).collect();
    let mut many = vec![b"\r\n".as_slice(); 20_000];
    many.push(&large);
    let commands = [LOGIN, b"UIDL\r\nRETR 20001\r\nQUIT\r\n"].concat();
    let (said, largest) = converse(4096, &commands, &mut Maildrop::of(&many));
    assert!(said.len() > 1_300_000 && said.ends_with(b"\r\n.\r\n+OK Goodbye\r\n"), "{} octets", said.len());
    assert!(largest <= 256 * 1024, "{largest} octets at once");
}

#[test]
fn a_driver_that_reads_on_while_the_server_is_asked_loses_the_connection() {
    let now = Timestamp::UNIX_EPOCH;
    let mut session = Maildrop::default().open(now, &player::Settings::new());
    session.receive(now, LOGIN);
    while !matches!(session.next(), Some(Effect::Ask(_))) {}
    session.receive(now, &vec![b'x'; 256 * 1024]);
    session.receive(now, b"x");
    session.answer(now, Answer::Welcome("kawara".parse().unwrap()));
    while let Some(effect) = session.next() {
        match effect {
            Effect::Ask(_) => session.answer(now, Answer::Inbox(Maildrop::default().inbox())),
            Effect::Close => return,
            _ => {}
        }
    }
    panic!("it was not closed");
}
