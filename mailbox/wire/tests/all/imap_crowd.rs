//! IMAP: many messages, many connections, news at any moment. What it costs is counted, not timed.

use std::collections::BTreeMap;

use fumibako_model::NamedFlags;
use fumibako_wire::imap::{Answer, Ask, Session};
use fumibako_wire::{Conversation, Effect};
use jiff::Timestamp;

use crate::imap_office::Office;
use crate::player::Desk;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// What one turn of a connection came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turn {
    said: String,
    /// Questions to the server, and the messages its answers told of.
    asked: usize,
    rows: usize,
}

fn drain(session: &mut Session, office: &mut Office) -> Turn {
    let mut turn = Turn::default();
    while let Some(effect) = session.next() {
        match effect {
            Effect::Send(said) => turn.said.push_str(std::str::from_utf8(&said).unwrap()),
            Effect::Ask(ask) => {
                assert!(!matches!(ask, Ask::Read(..) | Ask::Bodies(_) | Ask::Heads { .. }), "{ask:?}");
                let answer = office.answer(ask, Vec::new(), None).unwrap();
                turn.asked += 1;
                turn.rows += match &answer {
                    Answer::Changes(changes) => changes.entries.len(),
                    Answer::Folder(view) => view.entries.len(),
                    _ => 0,
                };
                session.answer(NOW, answer);
            }
            other => panic!("{other:?}"),
        }
    }
    turn
}

fn say(session: &mut Session, office: &mut Office, words: &str) -> Turn {
    session.receive(NOW, words.as_bytes());
    drain(session, office)
}

fn selected(office: &mut Office) -> Session {
    let mut session = office.open(NOW, &BTreeMap::new());
    say(&mut session, office, "a LOGIN 9970000011 himitsu\r\nb SELECT INBOX\r\n");
    session
}

fn filled(messages: usize) -> Office {
    let mut office = Office::default();
    for _ in 0..messages {
        office.file(0, b"x", &NamedFlags::default(), NOW);
    }
    office
}

// Profile §7.26
#[test]
fn flags_and_uids_of_a_hundred_thousand_messages_are_told_without_asking_for_any() {
    let mut office = filled(100_000);
    let mut session = selected(&mut office);
    let turn = say(&mut session, &mut office, "c FETCH 1:* (FLAGS UID)\r\n");
    assert_eq!((turn.asked, turn.rows), (0, 0));
    assert_eq!(turn.said.lines().count(), 100_001);
    assert!(turn.said.contains("\r\n* 99999 FETCH (FLAGS (\\Recent) UID 99999)\r\n"));
    // So it is for a client that comes back and knows all but the last change.
    let turn =
        say(&mut session, &mut office, "d STORE 7 +FLAGS (\\Seen)\r\ne UID FETCH 1:* FLAGS (CHANGEDSINCE 100000)\r\n");
    assert_eq!((turn.asked, turn.rows), (1, 1), "the STORE alone");
    assert!(turn.said.contains("* 7 FETCH (UID 7 FLAGS (\\Recent \\Seen) MODSEQ (100001))\r\ne OK "), "{}", turn.said);
}

// Profile §7.26
#[test]
fn a_message_that_comes_costs_twenty_idle_terminals_the_same_in_a_large_folder_and_a_small_one() {
    let cost = |messages: usize| {
        let mut office = filled(messages);
        let mut idle: Vec<Session> = (0..20).map(|_| selected(&mut office)).collect();
        for session in &mut idle {
            say(session, &mut office, "c IDLE\r\n");
        }
        office.file(0, b"y", &NamedFlags::default(), NOW);
        let turns = idle.iter_mut().map(|session| {
            session.news(NOW);
            drain(session, &mut office)
        });
        let turns: Vec<Turn> = turns.collect();
        assert!(turns.iter().all(|turn| turn.said.starts_with(&format!("* {} EXISTS\r\n", messages + 1))));
        turns.iter().map(|turn| (turn.asked, turn.rows, turn.said.len())).collect::<Vec<_>>()
    };
    // Both counts have as many digits.
    let (small, large) = (cost(1_000), cost(9_998));
    assert_eq!(small, large);
    assert!(small.iter().all(|(asked, rows, octets)| (*asked, *rows) == (1, 1) && *octets < 50), "{small:?}");
}

// Profile §7.5, RFC 2177 §3
#[test]
fn done_may_be_cut_anywhere_while_something_comes_and_is_written_in_any_case() {
    for done in ["DONE\r\n", "done\r\n", "dOnE\r\n"] {
        for cut in 0..done.len() {
            let mut office = filled(1);
            let mut session = selected(&mut office);
            say(&mut session, &mut office, "c IDLE\r\n");
            assert_eq!(say(&mut session, &mut office, &done[..cut]).said, "");
            office.file(0, b"y", &NamedFlags::default(), NOW);
            session.news(NOW);
            assert!(drain(&mut session, &mut office).said.starts_with("* 2 EXISTS\r\n"), "{done:?} cut at {cut}");
            let turn = say(&mut session, &mut office, &format!("{}d NOOP\r\n", &done[cut..]));
            assert_eq!(turn.said, "c OK IDLE done.\r\nd OK NOOP done.\r\n", "{done:?} cut at {cut}");
        }
        // Something at every cut.
        let mut office = filled(1);
        let mut session = selected(&mut office);
        say(&mut session, &mut office, "c IDLE\r\n");
        let mut said = String::new();
        for at in 0..done.len() {
            office.file(0, b"y", &NamedFlags::default(), NOW);
            session.news(NOW);
            said += &drain(&mut session, &mut office).said;
            said += &say(&mut session, &mut office, &done[at..=at]).said;
        }
        let expected =
            (2..8).map(|count| format!("* {count} EXISTS\r\n* {count} RECENT\r\n")).collect::<Vec<_>>().concat();
        assert_eq!(said, expected + "c OK IDLE done.\r\n");
    }
}
