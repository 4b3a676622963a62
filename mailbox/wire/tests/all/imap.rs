//! IMAP: the transcripts, and what holds for any bytes at any cut.

use std::collections::BTreeMap;

use fumibako_model::{NamedFlags, Private};
use fumibako_wire::imap::Session;
use fumibako_wire::{Conversation, Effect};
use imap_codec::decode::Decoder;
use imap_codec::imap_types::response::{Greeting, Response};
use imap_codec::{GreetingCodec, ResponseCodec};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::claims::OFFER;
use crate::imap_office::{Office, sample};
use crate::law;
use crate::player::{Desk, play_folder};

#[test]
fn transcripts_hold_however_the_bytes_are_cut() {
    play_folder("imap", Office::default);
}

/// One connection to an office in memory.
struct Line {
    session: Session,
    /// What the server said, and what it asked, in one string each.
    said: Vec<u8>,
    asked: Vec<String>,
    body: Vec<u8>,
    closed: bool,
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

impl Line {
    fn open(office: &mut Office) -> Self {
        let session = office.open(NOW, &BTreeMap::new());
        let mut line = Self { session, said: Vec::new(), asked: Vec::new(), body: Vec::new(), closed: false };
        line.pump(office);
        line
    }

    fn send(&mut self, office: &mut Office, bytes: &[u8]) {
        if !self.closed {
            self.session.receive(NOW, bytes);
            self.pump(office);
        }
    }

    fn pump(&mut self, office: &mut Office) {
        while let Some(effect) = self.session.next() {
            assert!(!self.closed, "nothing is said after Close");
            match effect {
                Effect::Send(bytes) => {
                    assert!(bytes.len() <= 128 * 1024, "one step says a bounded amount: {}", bytes.len());
                    self.said.extend(bytes);
                }
                Effect::Refused(_) | Effect::Ponder | Effect::Compress(_) => {}
                Effect::Body(Private(piece)) => self.body.extend(piece),
                Effect::Ask(ask) => {
                    let body = std::mem::take(&mut self.body);
                    let told = office.write(&ask, &body);
                    self.asked.extend((!told.is_empty()).then_some(told));
                    let answer = office.answer(ask, body, None).unwrap();
                    self.session.answer(NOW, answer);
                }
                Effect::StartTls => self.session.secured(NOW, OFFER),
                Effect::Close => self.closed = true,
            }
        }
    }
}

/// An office with the three samples and one message without end of line.
fn office() -> Office {
    let mut office = Office::default();
    for name in ["plan.eml", "signed.eml", "forwarded.eml"] {
        office.act(&format!("deliver {name} to INBOX")).unwrap();
    }
    office
}

/// What a command does, in order: it asks (once or more), ponders, says something.
fn turns(office: &mut Office, command: &str) -> String {
    let mut line = Line::open(office);
    line.send(office, b"a LOGIN 9970000011 himitsu\r\nb SELECT INBOX\r\n");
    line.session.receive(NOW, command.as_bytes());
    let mut turns = String::new();
    while let Some(effect) = line.session.next() {
        let turn = match effect {
            Effect::Ask(ask) => {
                line.session.answer(NOW, office.answer(ask, Vec::new(), None).unwrap());
                'a'
            }
            Effect::Ponder => 'p',
            Effect::Send(said) => {
                assert!(String::from_utf8(said).unwrap().contains("c OK "));
                's'
            }
            other => panic!("{other:?}"),
        };
        if turn != 'a' || !turns.ends_with('a') {
            turns.push(turn);
        }
    }
    turns
}

// Profile §7.49: between two turns no more messages are looked at than come with one answer, and whatever costs more than
// that stands behind a `p`.
#[test]
fn others_wait_neither_for_the_order_of_many_messages_nor_for_a_large_one() {
    let mut few = Office::default();
    for _ in 0..256 {
        few.act("deliver plan.eml to INBOX").unwrap();
    }
    let (thread, by_size) = ("c THREAD REFERENCES UTF-8 ALL\r\n", "c SORT (SIZE) UTF-8 ALL\r\n");
    let (by_subject, whole) = ("c SORT (SUBJECT) UTF-8 ALL\r\n", "c THREAD ORDEREDSUBJECT UTF-8 ALL\r\n");
    assert_eq!([thread, by_size, whole].map(|command| turns(&mut few, command)), ["as", "s", "as"]);
    let mut many = few;
    many.act("deliver plan.eml to INBOX").unwrap();
    for command in [thread, by_subject, whole] {
        assert_eq!(turns(&mut many, command), "aps", "{command}");
    }
    assert_eq!(turns(&mut many, by_size), "ps");
    let keys = |count: usize| format!("c SEARCH{}\r\n", " ALL".repeat(count));
    assert_eq!(turns(&mut many, &keys(1_000_000 / 257)), "s");
    assert_eq!(turns(&mut many, &keys(1_000_000 / 257 + 1)), "ps");
    assert_eq!(turns(&mut many, &(keys(4_000).trim_end().to_owned() + " SUBJECT e\r\n")), "pas");
    for (octets, expected) in [(256 << 10, "as"), ((256 << 10) + 1, "aps")] {
        let mut office = Office::default();
        office.file(0, &vec![b'x'; octets], &NamedFlags::default(), NOW);
        assert_eq!(turns(&mut office, "c SEARCH TEXT y\r\n"), expected);
    }
    // Of a few messages, too, many references are followed beside those who wait.
    for (octets, expected) in [(16 << 10, "as"), ((16 << 10) + 1, "aps")] {
        let mut office = Office::default();
        let references = "<a@b>".repeat(1_000);
        let header = format!("X: {}\r\nReferences: {references}\r\n\r\n", "x".repeat(octets - references.len() - 21));
        assert_eq!(header.len(), octets);
        office.file(0, header.as_bytes(), &NamedFlags::default(), NOW);
        assert_eq!(turns(&mut office, thread), expected);
        assert_eq!(turns(&mut office, by_subject), "as");
    }
}

/// Pieces a hostile or broken client may send.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let lines = [
        "a LOGIN 9970000011 himitsu\r\n",
        "b SELECT INBOX\r\n",
        "c FETCH 1:* (FLAGS BODY[])\r\n",
        "d UID FETCH 2 (ENVELOPE BODYSTRUCTURE BODY[1.2.MIME]<3.9>)\r\n",
        "e UID SEARCH CHARSET UTF-8 OR BODY {9+}\r\n計画書 NOT SUBJECT signed\r\n",
        "f STORE 1,3 +FLAGS (\\Deleted $X)\r\n",
        "g EXPUNGE\r\n",
        "h APPEND Drafts (\\Seen) {5+}\r\nhello\r\n",
        "i APPEND Drafts {5}\r\n",
        "j IDLE\r\n",
        "DONE\r\n",
        "k AUTHENTICATE PLAIN\r\n",
        "AGthd2FyYQBoaW1pdHN1\r\n",
        "l COPY 1 Archive\r\n",
        "m LIST \"\" *\r\n",
        "n CLOSE\r\n",
        "o LOGIN {10}\r\n",
        "p APPEND INBOX {4+}\r\nabc",
        "q NOOP\n",
        "r FETCH 1 BODY[HEADER.FIELDS (To \"From\" {4}\r\n",
        "s STATUS {7+}\r\n",
        "t LOGOUT\r\n",
        "u NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[1]) MessageExpunge)) (subtree (Own {4+}\r\nSent) NONE)\r\n",
        "v LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% {3+}\r\na/%) RETURN (STATUS (SIZE DELETED) MYRIGHTS)\r\n",
        "w UID MOVE 1:* Archive\r\n",
        "x UID REPLACE 2 {6+}\r\nDrafts {3+}\r\nabc\r\n",
        "y APPEND Drafts {3+}\r\nabc (\\Seen) {3+}\r\ndef\r\n",
        "z SETMETADATA Own (/private/comment {3+}\r\nabc)\r\n",
        "A CREATE Own/below\r\nB RENAME Own Other\r\nC DELETE Other/below\r\n",
        "D UNAUTHENTICATE\r\nN COMPRESS DEFLATE\r\n",
        "K FETCH 1:3 (BINARY[1] BINARY.SIZE[1.2] BINARY.PEEK[2]<3.9> PREVIEW (LAZY))\r\n",
        "L UID FETCH 1:* (ENVELOPE PREVIEW) (PARTIAL -1:-2)\r\nM APPEND Drafts ~{3+}\r\na\0b\r\n",
        "E SEARCH RETURN (SAVE MIN PARTIAL 1:2) ALL\r\nF FETCH $ FLAGS\r\n",
        "G SORT (SUBJECT REVERSE DATE) UTF-8 ALL\r\nH UID THREAD REFERENCES UTF-8 $\r\n",
        "I SORT RETURN (COUNT) (SIZE) UTF-8 TEXT e\r\nJ THREAD ORDEREDSUBJECT UTF-8 BODY a SUBJECT e\r\n",
    ];
    let scrap = prop_oneof![
        10 => prop::sample::select(lines.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        1 => "[A-Za-z0-9(){}\\[\\]+*:,.<>\"\\\\ ]{0,30}(\r|\n|\r\n)?".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(scrap, 0..15).prop_map(|scraps| scraps.concat())
}

fn converse(cut: usize, bytes: &[u8]) -> (String, Vec<String>) {
    let mut office = office();
    let mut line = Line::open(&mut office);
    for piece in bytes.chunks(cut) {
        line.send(&mut office, piece);
    }
    (String::from_utf8_lossy(&line.said).into_owned(), line.asked)
}

/// Reads everything the server said with imap-codec.
fn read_back(said: &[u8]) -> Result<usize, String> {
    let shown = |rest: &[u8]| String::from_utf8_lossy(&rest[..rest.len().min(300)]).into_owned();
    let (mut rest, Greeting { .. }) = GreetingCodec::default().decode(said).map_err(|why| format!("{why:?}"))?;
    let mut count = 0;
    while !rest.is_empty() {
        let read: Result<(&[u8], Response<'_>), _> = ResponseCodec::default().decode(rest);
        (rest, _) = read.map_err(|why| format!("{why:?}: {}", shown(rest)))?;
        count += 1;
    }
    Ok(count)
}

const PROLOGUE: &str = "a LOGIN 9970000011 himitsu\r\nb SELECT INBOX\r\n";

#[test]
fn another_reader_understands_every_kind_of_response() {
    let commands = [
        "1 CAPABILITY\r\n2 ID NIL\r\n3 NAMESPACE\r\n4 LIST \"\" *\r\n5 LSUB \"\" %\r\n6 LIST \"\" \"\"\r\n",
        "7 STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)\r\n8 FETCH 1:3 FULL\r\n",
        "9 FETCH 1:3 (BODYSTRUCTURE RFC822 RFC822.HEADER RFC822.TEXT)\r\n",
        "10 FETCH 1:3 (BODY.PEEK[1.2.MIME]<1.2> BODY.PEEK[HEADER.FIELDS.NOT (\"To\" x)] BODY[2.HEADER] BODY[9])\r\n",
        "11 STORE 1 +FLAGS ($X \\Deleted)\r\n12 UID COPY 1:2 Archive\r\n13 EXPUNGE\r\n14 SEARCH ALL\r\n",
        "15 APPEND Drafts {3+}\r\nabc\r\n16 COPY 1 nowhere\r\n17 FROB\r\n18 IDLE\r\nDONE\r\n19 LOGOUT\r\n",
    ];
    let mut office = office();
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    line.send(&mut office, commands.concat().as_bytes());
    assert!(read_back(&line.said).unwrap() > 50);
}

#[test]
fn a_fetch_reads_small_messages_together_and_large_ones_alone_and_only_if_it_must() {
    let mut office = Office::default();
    let large = vec![b'x'; 300 << 10];
    let middle = vec![b'y'; 100 << 10];
    let bodies: [&[u8]; 9] = [b"1", b"2", &large, b"4", &middle, &middle, &middle, b"8", b"9"];
    for body in bodies {
        office.file(0, body, &NamedFlags::default(), NOW);
    }
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    line.asked.clear();
    line.send(&mut office, b"1 FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n");
    assert_eq!(line.asked, [""; 0]);
    line.said.clear();
    line.send(&mut office, b"2 FETCH 1:* BODY.PEEK[]\r\n");
    // The office answers three at a time, and the rest is asked for again; together they stay below 256 KiB.
    let asked = ["bodies 1,2", "read 3", "read 3", "bodies 4,5,6", "bodies 7,8,9"];
    assert_eq!(line.asked, asked);
    let said = bodies.iter().enumerate().flat_map(|(at, body)| {
        let head = format!("* {} FETCH (BODY[] {{{}}}\r\n", at + 1, body.len());
        [head.as_bytes(), body, b")\r\n"].concat()
    });
    assert!(line.said == said.chain(*b"2 OK FETCH done.\r\n").collect::<Vec<u8>>());
    // Of a piece only, no more is read than that.
    line.asked.clear();
    line.send(&mut office, b"3 FETCH 5:6 BODY.PEEK[]<0.3>\r\n");
    assert_eq!(line.asked, ["read 5", "read 6"]);
}

#[test]
fn a_message_that_cannot_be_read_does_not_take_its_neighbours_along() {
    let mut office = Office::default();
    for body in [b"1", b"2", b"3", b"4"] {
        office.file(0, body, &NamedFlags::default(), NOW);
    }
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    office.act("lose 2").unwrap();
    line.said.clear();
    line.send(&mut office, b"1 FETCH 1:* BODY.PEEK[]\r\n");
    let said = String::from_utf8_lossy(&line.said).into_owned();
    assert!(said.contains("* 1 FETCH") && said.contains("* 3 FETCH") && said.contains("* 4 FETCH"), "{said}");
    assert!(!said.contains("* 2 FETCH") && said.contains("1 NO [EXPUNGEISSUED]"), "{said}");
}

#[test]
fn a_driver_that_reads_on_while_the_server_is_asked_loses_the_connection() {
    let mut office = office();
    let mut line = Line::open(&mut office);
    line.session.receive(NOW, b"a LOGIN 9970000011 himitsu\r\n");
    while !matches!(line.session.next(), Some(Effect::Ask(_))) {}
    line.session.receive(NOW, &vec![b'x'; 1 << 20]);
    line.session.receive(NOW, b"x");
    assert_eq!(line.session.next(), None, "kept");
    line.session.receive(NOW, b"x");
    let Some(Effect::Send(said)) = line.session.next() else { panic!("nothing said") };
    assert_eq!(said, b"* BYE [LIMIT] Too much at once.\r\n");
    assert_eq!(line.session.next(), Some(Effect::Close));
}

/// What a client believes of its folder, from what the server said alone.
#[derive(Default)]
struct Belief {
    /// UID and flags by number, as far as known.
    messages: Vec<(Option<u32>, Option<String>)>,
}

impl Belief {
    /// Takes in the untagged lines of one turn. `renumbers`: EXPUNGE is allowed in it.
    fn hear(&mut self, said: &str, renumbers: bool) -> Result<(), String> {
        for line in said.lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["*", count, "EXISTS"] => {
                    let count: usize = count.parse().unwrap();
                    if count < self.messages.len() {
                        return Err(format!("EXISTS {count} takes messages away"));
                    }
                    self.messages.resize(count, (None, None));
                }
                ["*", number, "EXPUNGE"] if renumbers => {
                    let number: usize = number.parse().unwrap();
                    if number == 0 || number > self.messages.len() {
                        return Err(format!("{number} EXPUNGE of {}", self.messages.len()));
                    }
                    self.messages.remove(number - 1);
                }
                ["*", _, "EXPUNGE"] => return Err("EXPUNGE is not allowed here".into()),
                ["*", number, "FETCH", items] => {
                    let number: usize = number.parse().unwrap();
                    let message = self.messages.get_mut(number - 1).ok_or(format!("{number} is no message"))?;
                    if let Some(uid) = items.split_once("UID ").map(|(_, rest)| rest) {
                        let uid: String = uid.chars().take_while(char::is_ascii_digit).collect();
                        let uid = uid.parse().ok();
                        if message.0.is_some() && message.0 != uid {
                            return Err(format!("{number} was {:?} and is {uid:?}", message.0));
                        }
                        message.0 = uid;
                    }
                    if let Some((flags, _)) = items.split_once("FLAGS (").and_then(|(_, rest)| rest.split_once(')')) {
                        message.1 = Some(flags.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn turn() -> impl Strategy<Value = (usize, String)> {
    let commands = prop_oneof![
        Just("NOOP".to_owned()),
        Just("FETCH 1 (UID FLAGS)".to_owned()),
        Just("FETCH 1 BODY[TEXT]".to_owned()),
        Just("UID FETCH 1:* FLAGS".to_owned()),
        Just("SEARCH ALL".to_owned()),
        Just("UID SEARCH SUBJECT signed".to_owned()),
        Just("EXPUNGE".to_owned()),
        Just("IDLE".to_owned()),
        Just("COPY 1 Archive".to_owned()),
        Just("APPEND Archive {5+}\r\nhello".to_owned()),
        Just("MOVE 1 Archive".to_owned()),
        Just("MOVE 1 Archive2".to_owned()),
        Just("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge))".to_owned()),
        (1..9u32, "[+-]?", "(\\.SILENT)?", prop::sample::select(vec!["\\Deleted", "\\Seen", "$A", "$B"]))
            .prop_map(|(uid, sign, silent, flag)| format!("UID STORE {uid} {sign}FLAGS{silent} ({flag})")),
        (1..4u32, "(\\.SILENT)?").prop_map(|(number, silent)| format!("STORE {number} +FLAGS{silent} (\\Deleted)")),
    ];
    (0..3usize, commands)
}

#[test]
fn nothing_is_asked_when_an_append_is_the_last_senseless_command() {
    let (login, append) = ("a LOGIN 9970000011 himitsu\r\n", "b APPEND Drafts {3+}\r\nabc rubbish\r\n");
    for senseless in 17..22 {
        let said =
            law::hold(office, &["\x07", login, &"c RUBBISH\r\n".repeat(senseless), append].concat().into_bytes());
        assert!(said.windows(4).any(|word| word == b"BAD "), "{}", String::from_utf8_lossy(&said));
    }
}

proptest! {
    #[test]
    fn the_law_holds_whatever_the_server_answers(dice in any::<u8>(), bytes in scraps()) {
        law::hold(office, &[&[dice], bytes.as_slice()].concat());
    }

    #[test]
    fn any_bytes_get_the_same_answers_at_any_cut(bytes in scraps(), cut in 1..50usize) {
        prop_assert_eq!(converse(cut, &bytes), converse(4096, &bytes));
    }

    #[test]
    fn what_is_said_of_any_message_another_reader_understands(
        scraps in prop::collection::vec(prop_oneof![
            Just("Content-Type: multipart/mixed; boundary=b\r\n"), Just("Content-Type: message/rfc822\r\n"),
            Just("Content-Type: \"a\"/b; c=\"d\\\"e\"; f*0*=''%20\r\n"), Just("Content-Type: text\r\n"),
            Just("--b\r\n"), Just("--b--\r\n"), Just("\r\n"), Just("text\r\n"), Just("=計\u{80}\r\n"),
            Just("From: =?x?= \"a\\\"b\" <@r:c@d>, g: e; (f(\\)) h@i\r\n"), Just("To: ,;:<>@\"\r\n"),
            Just("Content-Disposition: attachment; filename=\r\n"), Just("Content-Language: a, b,\r\n"),
            Just("Subject: 計画\r\n"), Just("Content-Disposition:\r\n"), Just("Content-ID: \r\n\t<x>\r\n"),
            Just("Content-Transfer-Encoding: \"8bit\" x\r\n"), Just("Date:\r\n"),
        ], 1..25)
    ) {
        let mut office = Office::default();
        office.file(0, scraps.concat().as_bytes(), &NamedFlags::default(), NOW);
        let mut line = Line::open(&mut office);
        line.send(&mut office, PROLOGUE.as_bytes());
        line.send(&mut office, b"c FETCH 1 (ENVELOPE BODY BODYSTRUCTURE BODY[HEADER.FIELDS (To)] BODY[1.1] BODY[1.MIME])\r\n");
        read_back(&line.said).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn numbers_never_slip_however_connections_mix(turns in prop::collection::vec(turn(), 0..40)) {
        let mut office = Office::default();
        office.act("create Archive2").unwrap();
        for _ in 0..3 {
            office.act("deliver signed.eml to Archive").unwrap();
        }
        let mut lines: Vec<_> = (0..2).map(|_| (Line::open(&mut office), Belief::default())).collect();
        for (line, belief) in &mut lines {
            line.send(&mut office, b"a LOGIN 9970000011 himitsu\r\nb SELECT Archive\r\n");
            belief.hear(&String::from_utf8_lossy(&std::mem::take(&mut line.said)), false).map_err(TestCaseError::fail)?;
        }
        for (who, command) in &turns {
            let Some((line, belief)) = lines.get_mut(*who) else {
                office.act("deliver signed.eml to Archive").unwrap();
                for (line, _) in &mut lines {
                    line.session.news(NOW);
                }
                continue;
            };
            let done = if command == "IDLE" { "DONE\r\n" } else { "" };
            line.send(&mut office, format!("t {command}\r\n{done}").as_bytes());
            let said = String::from_utf8_lossy(&std::mem::take(&mut line.said)).into_owned();
            if command.contains("SILENT") {
                // The client knows better than it was told; here it forgets instead.
                for message in &mut belief.messages {
                    message.1 = None;
                }
            }
            let renumbers = !["FETCH", "STORE", "SEARCH"].iter().any(|name| command.starts_with(name));
            belief.hear(&said, renumbers).map_err(|why| TestCaseError::fail(format!("{who} {command}: {why}\n{said}")))?;
        }
        for (line, belief) in &mut lines {
            let believed = |belief: &Belief| belief.messages.iter().map(|(_, flags)| flags.clone()).collect::<Vec<_>>();
            line.send(&mut office, b"t NOOP\r\n");
            belief.hear(&String::from_utf8_lossy(&std::mem::take(&mut line.said)), true).map_err(TestCaseError::fail)?;
            let before = believed(belief);
            line.send(&mut office, b"t UID FETCH 1:* FLAGS\r\n");
            belief.hear(&String::from_utf8_lossy(&line.said), true).map_err(TestCaseError::fail)?;
            // Every flag the client was told is still what the office keeps.
            for (told, kept) in before.iter().zip(believed(belief)) {
                prop_assert!(told.is_none() || *told == kept, "{:?} {:?}", told, kept);
            }
        }
    }

    #[test]
    fn an_appended_message_comes_back_as_it_went(body: Vec<u8>, cut in 1..60usize) {
        prop_assume!(!body.is_empty());
        let mut office = Office::default();
        let mut line = Line::open(&mut office);
        let mut wire = b"a LOGIN 9970000011 himitsu\r\na2 ENABLE UTF8=ACCEPT\r\n".to_vec();
        wire.extend(format!("b APPEND Drafts ~{{{}+}}\r\n", body.len()).into_bytes());
        wire.extend(&body);
        wire.extend(b"\r\nc SELECT Drafts\r\nd FETCH 1 BODY.PEEK[]\r\n");
        for piece in wire.chunks(cut) {
            line.send(&mut office, piece);
        }
        // Profile §7.46: but for NUL.
        let body: Vec<u8> = body.into_iter().map(|octet| if octet == 0 { 0x80 } else { octet }).collect();
        let expected = [format!("* 1 FETCH (BODY[] {{{}}}\r\n", body.len()).as_bytes(), &body, b")\r\nd OK FETCH done.\r\n"].concat();
        prop_assert!(line.said.ends_with(&expected));
    }
}

#[test]
fn the_first_part_of_a_signed_message_is_what_was_signed() {
    // RFC 1847 §2.1: the octets between the delimiters, their last line end left out.
    let message = sample("signed.eml");
    let tree = fumibako_wire::mime::Tree::read(&message).unwrap();
    let signed = tree.root().parts().next().unwrap().octets();
    let text = String::from_utf8(message.clone()).unwrap();
    let (_, rest) = text.split_once("--outer\r\n").unwrap();
    let (expected, _) = rest.split_once("\r\n--outer\r\n").unwrap();
    assert_eq!(signed, expected.as_bytes());
}

// Profile §7.40, RFC 5032 §3
#[test]
fn an_age_is_judged_to_the_second() {
    let mut office = Office::default();
    let an_hour_ago = NOW - jiff::SignedDuration::from_mins(60);
    office.file(0, b"Subject: x\r\n\r\n", &NamedFlags::default(), an_hour_ago);
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    for (key, found) in [("OLDER 3600", true), ("OLDER 3601", false), ("YOUNGER 3600", true), ("YOUNGER 3599", false)] {
        line.said.clear();
        line.send(&mut office, format!("1 SEARCH {key}\r\n").as_bytes());
        let expected = if found { "* SEARCH 1\r\n" } else { "* SEARCH\r\n" };
        assert!(line.said.starts_with(expected.as_bytes()), "{key}");
    }
}

// Profile §7.45
#[test]
fn a_search_reads_headers_many_at_a_time_and_bodies_only_where_a_header_does_not_decide() {
    let mut office = office();
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    for (command, asked) in [
        ("SEARCH ALL", &[][..]),
        ("SEARCH SUBJECT signed", &["heads 1,2,3"]),
        ("SEARCH SENTSINCE 1-Nov-2026 HEADER Message-ID s1", &["heads 1,2,3"]),
        ("SEARCH SUBJECT signed BODY x", &["heads 1,2,3", "read 2"]),
        ("SEARCH 2 BODY x", &["read 2"]),
        ("SEARCH TEXT x", &["bodies 1,2,3"]),
        ("SEARCH OR SUBJECT signed BODY x", &["heads 1,2,3", "bodies 1,3"]),
        ("SORT (ARRIVAL SIZE) UTF-8 ALL", &[]),
        ("SORT (SUBJECT) UTF-8 1:2", &["heads 1,2"]),
        ("THREAD REFERENCES UTF-8 ALL", &["heads 1,2,3"]),
    ] {
        line.asked.clear();
        line.send(&mut office, format!("1 {command}\r\n").as_bytes());
        assert_eq!(line.asked, asked, "{command}");
    }
}

#[test]
fn the_numbers_of_a_large_folder_go_out_in_pieces() {
    let mut office = Office::default();
    for _ in 0..30_000 {
        office.file(0, b"A: b\r\n\r\n", &NamedFlags::default(), NOW);
    }
    let mut line = Line::open(&mut office);
    line.send(&mut office, PROLOGUE.as_bytes());
    line.said.clear();
    // `pump` looks at the length of each piece.
    line.send(
        &mut office,
        b"1 SEARCH ALL\r\n2 SORT (REVERSE ARRIVAL) UTF-8 ALL\r\n3 THREAD ORDEREDSUBJECT UTF-8 ALL\r\n",
    );
    let said = String::from_utf8_lossy(&line.said);
    let lengths: Vec<usize> = said.lines().map(str::len).collect();
    assert_eq!(lengths.len(), 6);
    assert!([lengths[0], lengths[2], lengths[4]].iter().all(|length| *length > 168_000), "{lengths:?}");
}

#[test]
fn a_search_that_passed_over_something_says_so() {
    let long = |bytes: usize| [b"Subject: x\r\n\r\n".as_slice(), &b"a\n".repeat(bytes / 2)].concat();
    for (bytes, ending) in
        [(4 << 20, "done."), ((4 << 20) + 2, "done, but not past the first 4 MiB of a message's text.")]
    {
        let mut office = Office::default();
        office.file(0, &long(bytes), &NamedFlags::default(), NOW);
        let mut line = Line::open(&mut office);
        line.send(&mut office, PROLOGUE.as_bytes());
        line.said.clear();
        line.send(&mut office, b"1 SEARCH BODY b\r\n2 SEARCH BODY a\r\n3 SEARCH NOT BODY b\r\n");
        let expected = format!(
            "* SEARCH\r\n1 OK SEARCH {ending}\r\n* SEARCH 1\r\n2 OK SEARCH done.\r\n* SEARCH 1\r\n3 OK SEARCH {ending}\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&line.said), expected);
    }
}

#[test]
fn with_64_keywords_a_folder_says_that_no_more_can_be_made() {
    for (count, more) in [(63, true), (64, false)] {
        let mut office = office();
        for number in 0..count {
            office.act(&format!("mark 1 $k{number} in INBOX")).unwrap();
        }
        let mut line = Line::open(&mut office);
        line.send(&mut office, PROLOGUE.as_bytes());
        let said = String::from_utf8(line.said).unwrap();
        let permanent = said.lines().find(|line| line.contains("[PERMANENTFLAGS")).unwrap();
        assert_eq!(permanent.contains(" \\*)"), more);
        assert_eq!(permanent.contains("$k63"), count == 64);
    }
}
