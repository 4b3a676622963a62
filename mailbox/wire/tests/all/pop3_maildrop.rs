//! An office's `INBOX` in memory, behind the POP3 transcripts.

use std::path::Path;
use std::sync::Arc;

use fumibako_model::{Entry, Flags, MessageId, ModSeq, Private, Refusal, Uid, UidValidity};
use fumibako_wire::pop3::{Answer, Ask, Inbox, Session, Settings};
use jiff::Timestamp;

use crate::claims::{self, Judged};
use crate::player::{self, Desk, refusal};

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

    pub(crate) fn inbox(&self) -> Inbox {
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
            Ask::Update { seen, removed, .. } => format!("update seen {} removed {}", list(seen), list(removed)),
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
