//! SMTP: the transcripts, and what holds for any bytes at any cut.

use fumibako_model::Private;
use fumibako_wire::smtp::{Answer, Ask};
use fumibako_wire::{Conversation, Effect};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::claims;
use crate::law;
use crate::player::{self, Desk, play, play_folder};
use crate::smtp_gateway::Gateway;

#[test]
fn transcripts_hold_however_the_bytes_are_cut() {
    play_folder("smtp", Gateway::default);
}

/// Everything a conversation wants after these bytes, questions answered as the gateway would.
fn converse(cut: usize, bytes: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut gateway = Gateway::default();
    let now = Timestamp::UNIX_EPOCH;
    let mut session = gateway.open(now, &player::Settings::new());
    let (mut said, mut body, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for piece in bytes.chunks(cut) {
        session.receive(now, piece);
        while let Some(effect) = session.next() {
            match effect {
                Effect::Send(bytes) => {
                    assert!(bytes.len() < 4096 + 1024, "replies that leave together are bounded");
                    said.extend(bytes);
                }
                Effect::Refused(_) | Effect::Ponder | Effect::Compress(_) => {}
                Effect::Body(Private(piece)) => body.extend(piece),
                Effect::Ask(ask) => {
                    let complete = std::mem::take(&mut body);
                    if matches!(ask, Ask::Submit(_)) {
                        bodies.push(complete);
                    }
                    let answer = gateway.answer(ask, Vec::new(), None).unwrap_or(Answer::Yes);
                    session.answer(now, answer);
                }
                Effect::StartTls => session.secured(now, claims::OFFER),
                Effect::Close => return (said, bodies),
            }
        }
    }
    (said, bodies)
}

const UP_TO_DATA: &str = "EHLO pc\r\nAUTH PLAIN AGthd2FyYQBzZWNyZXQ=\r\nMAIL FROM:<9970000011@plans.example>\r\n\
                          RCPT TO:<9970000029@plans.example>\r\nDATA\r\n";

/// Pieces a hostile or broken client may send.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop_oneof![
        Just(UP_TO_DATA.as_bytes().to_vec()),
        Just(b"\r\n.\r\n".to_vec()),
        Just(b"MAIL FROM:<9970000011@plans.example> SIZE=99\r\n".to_vec()),
        Just(b"RCPT TO:<9970000029@plans.example>\r\n".to_vec()),
        Just(b"AUTH PLAIN\r\n".to_vec()),
        Just(b"HELP\r\n".repeat(40)),
        Just(b"STARTTLS\r\n".to_vec()),
        Just(b"BDAT 3\r\na\r\n".to_vec()),
        Just(b"BDAT 4 LAST\r\nb\r\n".to_vec()),
        Just(b"BDAT 0 LAST\r\n".to_vec()),
        Just(b"RSET\r\n".to_vec()),
        "[A-Z<>@:.= \"\\\\]{0,20}(\r|\n|\r\n)?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        Just(vec![b'x'; 700]),
    ];
    prop::collection::vec(scrap, 0..12).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn any_bytes_get_the_same_replies_at_any_cut(bytes in scraps(), cut in 1..50usize) {
        prop_assert_eq!(converse(cut, &bytes), converse(4096, &bytes));
    }

    #[test]
    fn the_law_holds_whatever_the_server_answers(dice in any::<u8>(), bytes in scraps()) {
        prop_assert!(law::are_replies(&law::hold(Gateway::default, &[&[dice], bytes.as_slice()].concat())));
    }

    #[test]
    fn a_message_is_submitted_as_it_was_before_its_dots_were_stuffed(
        lines in prop::collection::vec("[.a-z]{0,6}", 0..20), cut in 1..40usize,
    ) {
        let message: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        let mut wire = UP_TO_DATA.as_bytes().to_vec();
        for line in &lines {
            wire.extend(if line.starts_with('.') { b".".as_slice() } else { b"" });
            wire.extend([line.as_bytes(), b"\r\n"].concat());
        }
        wire.extend(b".\r\nQUIT\r\n");
        let (said, bodies) = converse(cut, &wire);
        prop_assert_eq!(bodies, [message]);
        prop_assert!(said.ends_with(b"221 2.0.0 Goodbye\r\n"));
    }

    #[test]
    fn no_other_end_of_line_smuggles_a_second_message(
        end in "[\r\n]{0,2}\\.[\r\n]{0,3}", cut in 1..40usize,
    ) {
        // RFC 5321 §2.3.8, §4.1.1.4
        prop_assume!(!format!("a{end}M").contains("\r\n.\r\n"));
        let second = UP_TO_DATA.split_once("MAIL").unwrap().1;
        let wire = format!("{UP_TO_DATA}a{end}MAIL{second}b\r\n.\r\n");
        let (said, bodies) = converse(cut, wire.as_bytes());
        prop_assert!(bodies.len() <= 1);
        let said = String::from_utf8(said).unwrap();
        prop_assert_eq!(said.matches("354 ").count(), 1, "{}", said);
    }
}

#[test]
fn a_transcript_that_expects_otherwise_does_not_hold() {
    let played = play("S: 220 …\nC: NOOP\nS: 251 …\n", 4096, Gateway::default());
    assert_eq!(played.unwrap_err(), "3: expected 251 …\n     got 250 2.0.0 OK");
    let unused = play("S: 220 …\n! answer yes\n", 4096, Gateway::default());
    assert!(unused.unwrap_err().contains("nothing asked for"));
}

#[test]
fn a_driver_that_reads_on_while_the_server_is_asked_loses_the_connection() {
    let now = Timestamp::UNIX_EPOCH;
    let mut session = Gateway::default().open(now, &player::Settings::new());
    session.receive(now, b"EHLO pc\r\nAUTH PLAIN AGthd2FyYQBzZWNyZXQ=\r\n");
    while !matches!(session.next(), Some(Effect::Ask(_))) {}
    session.receive(now, &vec![b'x'; fumibako_wire::smtp::WAITING_BYTES]);
    assert_eq!(session.next(), None, "kept");
    session.receive(now, b"x");
    session.answer(now, Answer::Welcome("kawara".parse().unwrap()));
    let Some(Effect::Send(said)) = session.next() else { panic!("nothing said") };
    assert!(String::from_utf8(said).unwrap().contains("\r\n421 4.7.0 "));
    assert_eq!(session.next(), Some(Effect::Close));
}
