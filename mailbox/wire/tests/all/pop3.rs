//! POP3: the transcripts, and what holds for any bytes at any cut.

use std::path::Path;
use std::sync::Arc;

use fumibako_model::{Entry, Flags, MessageId, ModSeq, Private, Refusal, Uid, UidValidity};
use fumibako_wire::pop3::{Answer, Ask, Inbox, Session, Settings};
use fumibako_wire::{Conversation, Effect};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::claims::{self, Judged};
use crate::player::{self, Desk, play_folder, refusal};

/// One office's `INBOX` in memory.
#[derive(Default)]
pub(crate) struct Maildrop {
    /// Every message that ever came; those removed are `None`.
    messages: Vec<Option<Vec<u8>>>,
}

fn uid(number: usize) -> Uid {
    Uid::new(u32::try_from(number).unwrap()).unwrap()
}

impl Maildrop {
    pub(crate) fn of(messages: &[&[u8]]) -> Self {
        Self { messages: messages.iter().map(|message| Some(message.to_vec())).collect() }
    }

    fn inbox(&self) -> Inbox {
        let entry = |(at, message): (usize, &Option<Vec<u8>>)| {
            let size = message.as_ref()?.len() as u64;
            let (flags, modseq, moment) = (Flags::default(), ModSeq(1), Timestamp::UNIX_EPOCH);
            let (uid, message) = (uid(at + 1), MessageId(i64::try_from(at).unwrap() + 1));
            Some(Entry { uid, flags, modseq, message, size, received_at: moment, saved_at: moment })
        };
        let entries = self.messages.iter().enumerate().filter_map(entry).collect();
        Inbox { validity: UidValidity(1000.try_into().unwrap()), entries }
    }
}

impl Desk for Maildrop {
    type Session = Session;

    fn open(&mut self, now: Timestamp, set: &player::Settings) -> Session {
        let settings = Arc::new(Settings::default());
        match set.get("refuse").map(|script| refusal(script).unwrap()) {
            Some((refused, reference)) => Session::turned_away(now, settings, &refused, reference),
            None => Session::open(now, claims::cover(set), settings, "C0FFEE".to_owned()),
        }
    }

    fn write(&self, ask: &Ask, _body: &[u8]) -> String {
        let list = |uids: &[Uid]| uids.iter().map(Uid::to_string).collect::<Vec<_>>().join(",");
        match ask {
            Ask::Login(claim) => claims::write(claim),
            Ask::Open => "open".to_owned(),
            Ask::Read(message, _) => format!("read {}", message.0),
            Ask::Update { seen, removed } => format!("update seen {} removed {}", list(seen), list(removed)),
        }
    }

    fn answer(&mut self, ask: Ask, _body: Vec<u8>, script: Option<&str>) -> Result<Answer, String> {
        if let Some(script) = script {
            let (refused, reference) = refusal(script).ok_or_else(|| format!("no such answer: {script}"))?;
            return Ok(Answer::No { refused, reference });
        }
        let no = |why: Refusal| Answer::No { refused: why.into(), reference: "3FA2B1".into() };
        Ok(match ask {
            Ask::Login(claim) => match claims::judge(claim, Some("secret")) {
                Ok(Judged::Party(party)) => Answer::Welcome(party),
                Ok(Judged::Secrets(secrets)) => Answer::Secrets(secrets),
                Err(refused) => Answer::No { refused, reference: "3FA2B1".into() },
            },
            Ask::Open => Answer::Inbox(self.inbox()),
            Ask::Read(message, range) => {
                let at = usize::try_from(message.0).unwrap() - 1;
                let Some(octets) = self.messages.get(at).and_then(Option::as_ref) else {
                    return Ok(no(Refusal::NoSuchMessage));
                };
                let place = |at: u64| usize::try_from(at).unwrap().min(octets.len());
                Answer::Message(Private(octets[place(range.start)..place(range.end)].into()))
            }
            Ask::Update { removed, .. } => {
                for uid in removed {
                    self.messages[uid.0.get() as usize - 1] = None;
                }
                Answer::Done
            }
        })
    }

    /// `deliver FILE`.
    fn act(&mut self, words: &str) -> Result<(), String> {
        let file = words.strip_prefix("deliver ").ok_or_else(|| format!("no such act: {words}"))?;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/transcripts/pop3").join(file);
        let text = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
        self.messages.push(Some(text.replace('\n', "\r\n").into_bytes()));
        Ok(())
    }
}

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
                Effect::Refused(_) => {}
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
