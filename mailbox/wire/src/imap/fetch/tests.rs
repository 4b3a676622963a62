//! However much is asked of however nasty a message, the session keeps little of the answer at a time.

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{
    Entry, Flags, FolderId, FolderStatus, FolderView, Keywords, MessageId, ModSeq, Private, Uid, UidValidity,
};
use jiff::Timestamp;

use crate::imap::settings::{FETCH_ITEMS, HEAD_BYTES, PIECE_BYTES, PREVIEW_BYTES, STEP_BYTES};
use crate::imap::{Answer, Ask, Session, Settings};
use crate::mime::HEADER_BYTES;
use crate::{Conversation, Cover, Effect};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// What may be queued: the words of one item, and the steps on their way out.
const QUEUED_BYTES: usize = 1 << 20;

fn answer(ask: &Ask, message: &Arc<[u8]>) -> Answer {
    match ask {
        Ask::Login(_) => Answer::Welcome("9970000011".parse().unwrap()),
        Ask::Open { name, .. } => {
            let (modseq, size) = (ModSeq(1), message.len() as u64);
            let entry = Entry {
                uid: Uid::new(1).unwrap(),
                flags: Flags::SEEN,
                modseq,
                message: MessageId(1),
                size,
                received_at: NOW,
                saved_at: NOW,
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
                deleted: 0,
                deleted_bytes: 0,
                recent: 0,
                recent_from: 1,
            };
            Answer::Folder(Box::new(FolderView {
                status,
                keywords: Keywords::default(),
                entries: vec![entry],
                lent: None,
            }))
        }
        Ask::Read(_, range) => {
            let place = |at: u64| usize::try_from(at).unwrap().min(message.len());
            Answer::Message(Private(message[place(range.start)..place(range.end)].into()))
        }
        Ask::Heads { messages, longest } => {
            let head = message[..message.len().min(usize::try_from(*longest).unwrap())].into();
            Answer::Heads(vec![Some(Private(head)); messages.len()])
        }
        _ => Answer::Done,
    }
}

/// What is said to a FETCH of these items, and the most that was queued at a time.
fn fetch(items: &str, message: Vec<u8>) -> (Vec<u8>, usize) {
    let message: Arc<[u8]> = message.into();
    let mut session =
        Session::open(NOW, Cover::Tls(crate::sasl::Offer::default()), Arc::new(Settings::default()), String::new());
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

// Profile §7.46
#[test]
fn no_nul_goes_out_but_in_a_literal8() {
    let message = b"Subject: a\0b\r\nFrom: \"c\0\" <d\0@e>\r\nContent-Type: text/plain; name=\"f\0g\"\r\n\r\nh\0\0\r\n";
    let items = "ENVELOPE BODY BODYSTRUCTURE PREVIEW BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[TEXT] BODY.PEEK[]";
    let (said, _) = fetch(items, message.to_vec());
    assert_eq!(count(&said, "\0"), 0, "{}", said.escape_ascii());
    let (said, _) = fetch("BODY.PEEK[]", message.to_vec());
    let shown = message.map(|octet| if octet == 0 { 0x80 } else { octet });
    assert_eq!(memchr::memmem::find_iter(&said, &shown).count(), 1, "{}", said.escape_ascii());
    let (said, _) = fetch("BINARY.PEEK[]", message.to_vec());
    assert_eq!(memchr::memmem::find_iter(&said, message).count(), 1, "{}", said.escape_ascii());
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

#[test]
fn a_whole_message_is_read_and_sent_in_pieces() {
    let message = tiny_fields(3 * PIECE_BYTES + 5);
    for (items, head, expected) in [
        ("BODY.PEEK[]", "BODY[] {786437}\r\n", message.as_slice()),
        ("UID RFC822.SIZE RFC822", "RFC822 {786437}\r\n", &message),
        ("BODY.PEEK[]<7.300000>", "BODY[]<7> {300000}\r\n", &message[7..300_007]),
        ("BODY.PEEK[]<786430.300000>", "BODY[]<786430> {7}\r\n", &message[786_430..]),
        ("BODY.PEEK[]<786437.1>", "BODY[]<786437> {0}\r\n", b""),
        ("BODY.PEEK[]<999999999.1>", "BODY[]<999999999> {0}\r\n", b""),
    ] {
        let (said, asked) = watched(items, message.clone());
        let at = memchr::memmem::find(&said, head.as_bytes()).unwrap_or_else(|| panic!("{items}")) + head.len();
        assert_eq!(&said[at..at + expected.len()], expected, "{items}");
        let most = asked.iter().map(|range| range.end - range.start).max().unwrap_or(0);
        assert!(most <= PIECE_BYTES as u64, "{items}: {most}");
        assert_eq!(asked.iter().map(|range| range.end - range.start).sum::<u64>(), expected.len() as u64, "{items}");
    }
}

#[test]
fn only_the_beginning_is_read_for_what_stands_in_the_header() {
    let message = [b"From: a@b\r\n\r\n".to_vec(), vec![b'x'; 1 << 20]].concat();
    for items in ["ENVELOPE", "BODY.PEEK[HEADER]", "FLAGS RFC822.HEADER", "BODY.PEEK[HEADER.FIELDS (From)]"] {
        let (_, asked) = watched(items, message.clone());
        assert_eq!(asked, vec![0..HEAD_BYTES as u64; 1], "{items}");
    }
    let (_, asked) = watched("PREVIEW ENVELOPE", message.clone());
    assert_eq!(asked, vec![0..(HEAD_BYTES + PREVIEW_BYTES) as u64; 1]);
    let (_, asked) = watched("UID FLAGS RFC822.SIZE", message.clone());
    assert!(asked.is_empty());
    let (_, asked) = watched("BODY.PEEK[TEXT]", message.clone());
    assert_eq!(asked, vec![0..message.len() as u64; 1]);
}

/// What is said to a FETCH, and which octets were asked for.
fn watched(items: &str, message: Vec<u8>) -> (Vec<u8>, Vec<Range<u64>>) {
    let message: Arc<[u8]> = message.into();
    let mut session =
        Session::open(NOW, Cover::Tls(crate::sasl::Offer::default()), Arc::new(Settings::default()), String::new());
    let (mut said, mut asked) = (Vec::new(), Vec::new());
    for line in ["a LOGIN x y\r\n", "b SELECT INBOX\r\n", &format!("c FETCH 1 ({items})\r\n")] {
        session.receive(NOW, line.as_bytes());
        while let Some(effect) = session.next() {
            match effect {
                Effect::Send(bytes) => said.extend(bytes),
                Effect::Ask(ask) => {
                    match &ask {
                        Ask::Read(_, range) => asked.push(range.clone()),
                        Ask::Heads { longest, .. } => asked.push(0..*longest),
                        _ => {}
                    }
                    session.answer(NOW, answer(&ask, &message));
                }
                _ => {}
            }
        }
    }
    assert!(said.ends_with(b")\r\nc OK FETCH done.\r\n"));
    (said, asked)
}

#[test]
fn a_message_that_breaks_off_in_the_middle_of_its_octets_ends_the_connection() {
    let message: Arc<[u8]> = tiny_fields(3 * PIECE_BYTES).into();
    let refused = || Answer::No { refused: fumibako_model::Refusal::StoreBusy.into(), reference: "ABC234".into() };
    let short = || Answer::Message(Private(message[..9].into()));
    for broken in [&refused as &dyn Fn() -> Answer, &short] {
        let mut session =
            Session::open(NOW, Cover::Tls(crate::sasl::Offer::default()), Arc::new(Settings::default()), String::new());
        let (mut reads, mut closed, mut said) = (0, false, Vec::new());
        for line in ["a LOGIN x y\r\n", "b SELECT INBOX\r\n", "c FETCH 1 BODY.PEEK[]\r\nd NOOP\r\n"] {
            session.receive(NOW, line.as_bytes());
            while let Some(effect) = session.next() {
                match effect {
                    Effect::Ask(ask @ Ask::Read(..)) => {
                        reads += 1;
                        session.answer(NOW, if reads < 2 { answer(&ask, &message) } else { broken() });
                    }
                    Effect::Ask(ask) => session.answer(NOW, answer(&ask, &message)),
                    Effect::Send(bytes) => said.extend(bytes),
                    Effect::Close => closed = true,
                    _ => {}
                }
            }
        }
        assert!(closed, "no other word could be told from the octets that are missing");
        assert_eq!(count(&said, "\r\nc ") + count(&said, "\r\nd "), 0);
    }
}

// Profile §7.46, RFC 3516 §4.2
#[test]
fn a_part_is_decoded_once_and_goes_out_in_steps() {
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let lines = base64::engine::Engine::encode(&base64::engine::general_purpose::STANDARD, &content);
    let lines = lines.as_bytes().chunks(76).collect::<Vec<_>>().join(b"\r\n".as_slice());
    let message = [b"Content-Transfer-Encoding: base64\r\n\r\n".as_slice(), &lines].concat();
    let (said, _) = watched("BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[1]<2999999.9> BINARY.PEEK[1]<1.9>", message);
    let text = [
        b"BINARY[1] ~{3000000}\r\n".as_slice(),
        &content,
        b" BINARY.SIZE[1] 3000000 BINARY[1]<2999999> {1}\r\n",
        &content[2_999_999..],
        b" BINARY[1]<1> {9}\r\n",
        &content[1..10],
        b")\r\nc OK",
    ]
    .concat();
    assert!(memchr::memmem::find(&said, &text).is_some());
}

// Profile §8.10
#[test]
fn the_server_hears_which_octets_of_a_message_went_out() {
    let message = b"From: a@b.example\r\nSubject: x\r\n\r\nthe text\r\n".to_vec();
    let (header, size) = (33, 43);
    assert_eq!(message.len() as u64, size);
    let went = |items: &str| -> Vec<(u64, u64)> { sent(items, &message) };
    let all = || vec![(0, size)];
    for items in ["BODY.PEEK[]", "RFC822", "BODY[] BODYSTRUCTURE", "ENVELOPE BODY.PEEK[]"] {
        assert_eq!(went(items), all(), "{items}");
    }
    assert_eq!(went("RFC822.HEADER"), [(0, header)]);
    assert_eq!(went("BODY.PEEK[HEADER]<5.9>"), [(5, 14)]);
    assert_eq!(went("BODY.PEEK[TEXT]"), [(header, size)]);
    assert_eq!(went("BODY.PEEK[TEXT]<2.3>"), [(header + 2, header + 5)]);
    assert_eq!(went("BODY.PEEK[]<40.99>"), [(40, size)]);
    assert_eq!(went("RFC822.HEADER BODY[1]"), [(0, header), (header, size)]);
    // Fields that were picked out, and what is made of a message, are not its octets.
    for items in ["FLAGS", "ENVELOPE", "BODYSTRUCTURE", "BODY[HEADER.FIELDS (Subject)]", "BODY[]<99.1>", "PREVIEW"] {
        assert_eq!(went(items), [], "{items}");
    }
}

/// What the server hears that went out.
fn sent(items: &str, message: &[u8]) -> Vec<(u64, u64)> {
    let message: Arc<[u8]> = message.into();
    let mut session =
        Session::open(NOW, Cover::Tls(crate::sasl::Offer::default()), Arc::new(Settings::default()), String::new());
    let mut sent = Vec::new();
    for line in ["a LOGIN x y\r\n", "b SELECT INBOX\r\n", &format!("c FETCH 1 ({items})\r\n")] {
        session.receive(NOW, line.as_bytes());
        while let Some(effect) = session.next() {
            let Effect::Ask(ask) = effect else { continue };
            if let Ask::Sent(all) = &ask {
                sent.extend(all.iter().flat_map(|(_, ranges)| ranges).map(|range| (range.start, range.end)));
            }
            session.answer(NOW, answer(&ask, &message));
        }
    }
    sent
}
