//! RETR and TOP: a message goes out piece by piece, and one piece at a time is in memory.

use fumibako_model::Refused;

use super::transaction::NOT_THERE;
use super::{Maildrop, Phase, Question, Session};
use crate::Effect;
use crate::pop3::outgoing::Stuffer;
use crate::pop3::settings::PIECE_BYTES;
use crate::pop3::{Ask, reply};

/// A message on its way out.
pub(super) struct Retrieving {
    number: usize,
    /// So many octets of it were read.
    read: u64,
    size: u64,
    /// It was asked for by TOP.
    top: bool,
    stuffer: Stuffer,
}

impl Session {
    /// RETR, or TOP of so many lines.
    pub(super) fn retrieve(&mut self, maildrop: Maildrop, number: usize, lines: Option<u64>) -> Phase {
        let Some(message) = maildrop.get(number) else { return self.fault(NOT_THERE, Phase::Ready(maildrop)) };
        let (size, top) = (message.size, lines.is_some());
        self.read_on(maildrop, Retrieving { number, read: 0, size, top, stuffer: Stuffer::new(lines) })
    }

    fn read_on(&mut self, maildrop: Maildrop, retrieving: Retrieving) -> Phase {
        match maildrop.get(retrieving.number).map(|message| message.id) {
            Some(id) => {
                let range = retrieving.read..retrieving.read + PIECE_BYTES;
                self.ask(Ask::Read(id, range), Question::Read(maildrop, Box::new(retrieving)))
            }
            None => self.fault(NOT_THERE, Phase::Ready(maildrop)),
        }
    }

    /// The next octets of a message.
    pub(super) fn read(&mut self, mut maildrop: Maildrop, mut retrieving: Retrieving, octets: &[u8]) -> Phase {
        if retrieving.read == 0 {
            // RFC 6856 §2.1: a header in UTF-8 is for those who said UTF8.
            if !self.utf8 && !header(octets).is_ascii() {
                return self.fault(
                    "[UTF8] The header is written in UTF-8: say UTF8 before you log in",
                    Phase::Ready(maildrop),
                );
            }
            let told =
                if retrieving.top { "The top follows".to_owned() } else { format!("{} octets", retrieving.size) };
            self.bad_commands = 0;
            self.send(reply::yes(&told));
        }
        let mut out = Vec::with_capacity(octets.len() + 64);
        retrieving.stuffer.write(octets, &mut out);
        retrieving.read += octets.len() as u64;
        let ended = octets.is_empty() || retrieving.read >= retrieving.size;
        if !ended && !retrieving.stuffer.is_done() {
            self.send(out);
            return self.read_on(maildrop, retrieving);
        }
        // TOP shows no whole message, and is no retrieval, unless it asks for more lines than there are: so fetchmail collects.
        let whole = ended && !retrieving.stuffer.is_done();
        retrieving.stuffer.end(&mut out);
        self.send(out);
        if whole {
            maildrop.retrieved(retrieving.number);
        }
        Phase::Ready(maildrop)
    }

    /// The message cannot be read. Once part of it was said, nothing but the end of the connection says that the rest is
    /// missing: the dot alone would make it look whole.
    pub(super) fn unread(
        &mut self,
        maildrop: Maildrop,
        retrieving: &Retrieving,
        refused: &Refused,
        reference: &str,
    ) -> Phase {
        if retrieving.read == 0 {
            self.send(reply::refusal(refused, reference));
            return Phase::Ready(maildrop);
        }
        self.effects.push_back(Effect::Close);
        self.lines.clear();
        Phase::Over
    }
}

/// The header, as far as these octets have it.
fn header(octets: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(octets, b"\r\n\r\n").unwrap_or(octets.len());
    &octets[..end]
}
