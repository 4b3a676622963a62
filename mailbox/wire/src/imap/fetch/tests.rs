//! However much is asked of however nasty a message, the session keeps little of the answer at a time.

use std::sync::Arc;

use fumibako_model::{
    Entry, Flags, FolderId, FolderStatus, FolderView, Keywords, MessageId, ModSeq, Private, Uid, UidValidity,
};
use jiff::Timestamp;

use crate::imap::settings::{FETCH_ITEMS, STEP_BYTES};
use crate::imap::{Answer, Ask, Session, Settings};
use crate::mime::HEADER_BYTES;
use crate::{Conversation, Cover, Effect};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// What may be queued: the words of one item, and the steps on their way out.
const QUEUED_BYTES: usize = 1 << 20;

fn answer(ask: &Ask, message: &Arc<[u8]>) -> Answer {
    match ask {
        Ask::Login(_) => Answer::Welcome("9970000011".parse().unwrap()),
        Ask::Open(name) => {
            let (modseq, size) = (ModSeq(1), message.len() as u64);
            let entry = Entry {
                uid: Uid::new(1).unwrap(),
                flags: Flags::SEEN,
                modseq,
                message: MessageId(1),
                size,
                received_at: NOW,
            };
            let status = FolderStatus {
                folder: FolderId(1),
                name: name.clone(),
                uid_validity: UidValidity(1.try_into().unwrap()),
                uid_next: 2,
                highest_modseq: modseq,
                messages: 1,
                unseen: 0,
                bytes: size,
            };
            Answer::Folder(Box::new(FolderView { status, keywords: Keywords::default(), entries: vec![entry] }))
        }
        Ask::Read(_) => Answer::Message(Private(message.clone())),
        _ => Answer::Done,
    }
}

/// What is said to a FETCH of these items, and the most that was queued at a time.
fn fetch(items: &str, message: Vec<u8>) -> (Vec<u8>, usize) {
    let message: Arc<[u8]> = message.into();
    let mut session = Session::open(NOW, Cover::Tls, Arc::new(Settings::default()), String::new());
    let (mut said, mut most) = (Vec::new(), 0);
    for line in ["a LOGIN x y\r\n", "b SELECT INBOX\r\n", &format!("c FETCH 1 ({items})\r\n")] {
        said.clear();
        session.receive(NOW, line.as_bytes());
        loop {
            let effect = session.next();
            most = most.max(session.queued());
            match effect {
                Some(Effect::Send(bytes)) => {
                    assert!(bytes.len() <= 2 * STEP_BYTES, "{}", bytes.len());
                    most = most.max(session.queued() + bytes.len());
                    said.extend(bytes);
                }
                Some(Effect::Ask(ask)) => session.answer(NOW, answer(&ask, &message)),
                Some(_) => {}
                None => break,
            }
        }
    }
    assert!(said.ends_with(b")\r\nc OK FETCH done.\r\n"));
    (said, most)
}

fn count(said: &[u8], word: &str) -> usize {
    memchr::memmem::find_iter(said, word).count()
}

/// As many bytes of short fields.
fn tiny_fields(bytes: usize) -> Vec<u8> {
    b"a:\r\nb:\r\n".iter().copied().cycle().take(bytes).collect()
}

#[test]
fn a_hundred_selections_of_a_million_fields_are_written_one_by_one() {
    let items: Vec<String> = (0..FETCH_ITEMS).map(|at| format!("BODY.PEEK[HEADER.FIELDS (a x{at})]")).collect();
    let (said, most) = fetch(&items.join(" "), tiny_fields(24 << 20));
    assert!(most <= QUEUED_BYTES, "{most}");
    assert_eq!(count(&said, "BODY[HEADER.FIELDS"), FETCH_ITEMS);
    assert!(said.len() < FETCH_ITEMS * (HEADER_BYTES / 2 + 100), "only what is header is looked through");
}

#[test]
fn equal_items_are_answered_once() {
    let (said, most) = fetch(&["BODY.PEEK[]"; FETCH_ITEMS].join(" "), tiny_fields(3 << 20));
    assert!(most <= QUEUED_BYTES, "{most}");
    assert_eq!(count(&said, "BODY[] {3145728}\r\n"), 1);
    let (said, _) = fetch("UID BODYSTRUCTURE UID ENVELOPE BODYSTRUCTURE BODY[1] BODY.PEEK[1] BODY[1]<0.1>", Vec::new());
    for item in [" (UID 1 ", "BODYSTRUCTURE (", "ENVELOPE (", "BODY[1] {0}", "BODY[1]<0> {0}"] {
        assert_eq!(count(&said, item), 1, "{item}");
    }
}

#[test]
fn a_header_of_64_kib_is_header_and_what_is_more_is_body() {
    for (bytes, header, body) in [(HEADER_BYTES, HEADER_BYTES, 0), (HEADER_BYTES + 4, HEADER_BYTES, 4)] {
        let items = "BODY.PEEK[HEADER.FIELDS (a b)] BODY.PEEK[HEADER.FIELDS.NOT (c)]<65532.9> BODY.PEEK[TEXT]";
        let (said, _) = fetch(items, tiny_fields(bytes));
        assert_eq!(count(&said, &format!("BODY[HEADER.FIELDS (a b)] {{{header}}}\r\n")), 1);
        assert_eq!(count(&said, "BODY[HEADER.FIELDS.NOT (c)]<65532> {4}\r\n"), 1);
        assert_eq!(count(&said, &format!("BODY[TEXT] {{{body}}}\r\n")), 1);
    }
}

#[test]
fn a_structure_longer_than_its_message_is_written_part_by_part() {
    let parameters = ";a=".repeat(21_000);
    let part = format!("--b\r\nContent-Type: text/plain{parameters}\r\n\r\n");
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(30)).into_bytes();
    let length = message.len();
    let (said, most) = fetch("BODYSTRUCTURE BODYSTRUCTURE BODY", message);
    assert!(most <= QUEUED_BYTES, "{most}");
    assert!(said.len() > 2 * length, "{} of {length}", said.len());
    assert_eq!(count(&said, "\"text\" \"plain\" (\"a\" \"\""), 2 * 30);
}

#[test]
fn addresses_told_six_times_are_bounded_by_the_header() {
    let message = format!("From: {}\r\n\r\n", "\"\\\"".repeat(20_000)).into_bytes();
    let (said, most) = fetch("ENVELOPE", message);
    assert!(most <= QUEUED_BYTES, "{most}");
    assert!(said.len() > HEADER_BYTES / 2);
}
