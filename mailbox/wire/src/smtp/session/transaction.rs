//! MAIL, RCPT, DATA, BDAT: one message and its way in (RFC 5321 §3.3, RFC 3030).

use std::mem;

use fumibako_model::{NotAnAddress, Private, RecipientWishes, Refusal, Refused};

use super::{Addressed, Phase, Question, Session};
use crate::Effect;
use crate::smtp::body::{Body, too_large};
use crate::smtp::command::{Mail, Rcpt};
use crate::smtp::parameters::BodyKind;
use crate::smtp::path::Path;
use crate::smtp::reply::{self, Fault};
use crate::smtp::{Ask, Envelope};

/// Octets of a chunk that are handed on at a time.
const PIECE_BYTES: usize = 64 << 10;

/// A chunk that is coming (RFC 3030 §2).
pub(super) struct Chunk {
    left: u64,
    last: bool,
}

impl Session {
    pub(super) fn mail(&mut self, mail: Mail) -> Phase {
        let largest = self.settings.message_bytes;
        // RFC 1870 §6.1: a message declared too large is refused before it is sent.
        if mail.size.is_some_and(|size| size > largest) {
            return self.refuse(&too_large(largest), Phase::Ready);
        }
        // RFC 9422 §3.1
        if self.mails >= self.settings.mails {
            return self.leave(reply::reply(421, "4.5.3", &["So many messages are enough for one connection"]));
        }
        let from = match mail.from.address(&self.settings.domain) {
            Ok(from) => Some(from),
            // RFC 8098 §3: notifications come from nobody; admission lets receipts alone come so (Profile §13.12).
            Err(_) if mail.from == Path::Null => None,
            Err(NotAnAddress::NoDomain) => return self.fault(Fault::MAIL_SYNTAX, Phase::Ready),
            Err(why) => return self.refuse(&Refusal::SenderUnknown.about(why), Phase::Ready),
        };
        self.mails += 1;
        let envelope = Envelope { from, to: Vec::new(), utf8: mail.utf8, wishes: mail.wishes };
        self.say(250, "2.1.0", "Sender noted", Phase::Addressing(Addressed { envelope, body: mail.body }))
    }

    pub(super) fn recipient(&mut self, addressed: Addressed, rcpt: Rcpt) -> Phase {
        let envelope = &addressed.envelope;
        // RFC 5321 §4.5.3.1.10
        if envelope.to.len() >= self.settings.recipients {
            let refused = Refusal::TooManyRecipients.about(format_args!("at most {}", self.settings.recipients));
            return self.refuse(&refused, Phase::Addressing(addressed));
        }
        if !envelope.utf8 && (rcpt.utf8 || !rcpt.to.is_ascii()) {
            return self.fault(Fault::NEEDS_UTF8, Phase::Addressing(addressed));
        }
        let why = match rcpt.to.address(&self.settings.domain) {
            Ok(to) => {
                let (from, utf8, greeted) = (envelope.from.clone(), envelope.utf8, self.greeted.clone());
                let ask = Ask::Recipient { from, to: to.clone(), utf8, greeted };
                let Rcpt { notify, original, .. } = rcpt;
                let wishes = RecipientWishes { address: to.to_string(), notify, original };
                return self.ask(ask, Question::Recipient(addressed, to, wishes));
            }
            Err(NotAnAddress::NoDomain) => return self.fault(Fault::RCPT_SYNTAX, Phase::Addressing(addressed)),
            Err(why) => why,
        };
        let refusal = if why == NotAnAddress::Domain { Refusal::OtherDomain } else { Refusal::RecipientUnknown };
        self.refuse(&refusal.about(why), Phase::Addressing(addressed))
    }

    pub(super) fn data(&mut self, addressed: Addressed) -> Phase {
        // RFC 5321 §3.3
        if addressed.envelope.to.is_empty() {
            return self.say_fault(Fault::NOBODY, Phase::Addressing(addressed));
        }
        // RFC 3030 §3
        if addressed.body == BodyKind::Binary {
            return self.fault(Fault::BINARY_NEEDS_BDAT, Phase::Addressing(addressed));
        }
        let body = Body::new(self.settings.message_bytes);
        self.say(354, "", "Send the message, then a line with a dot alone", Phase::Receiving(addressed.envelope, body))
    }

    /// Takes in what has come of a message after DATA.
    pub(super) fn take_in(&mut self) -> bool {
        let Phase::Receiving(_, body) = &mut self.phase else { return false };
        if self.lines.len() == 0 {
            return false;
        }
        let read = body.read(self.lines.rest());
        self.lines.read(read.used);
        if !read.piece.is_empty() {
            self.effects.push_back(Effect::Body(Private(read.piece)));
        }
        if read.ended
            && let Phase::Receiving(envelope, body) = mem::take(&mut self.phase)
        {
            self.phase = self.submit(envelope, body.refused());
        }
        true
    }

    /// The message is complete, or already known not to be taken.
    fn submit(&mut self, envelope: Envelope, refused: Option<Refused>) -> Phase {
        match refused {
            None => self.ask(Ask::Submit(envelope), Question::Submit),
            Some(refused) => self.ask(Ask::Discard, Question::Discard(refused)),
        }
    }

    /// BDAT. The octets it announces follow at once, whatever is said to it; so they are read exactly (RFC 3030 §2).
    pub(super) fn chunk(&mut self, phase: Phase, size: u64, last: bool) -> Phase {
        let chunk = Chunk { left: size, last };
        match phase {
            Phase::Addressing(Addressed { envelope, .. }) if !envelope.to.is_empty() => {
                Phase::Chunk(envelope, Body::new(self.settings.message_bytes), chunk)
            }
            Phase::Chunking(envelope, body) => Phase::Chunk(envelope, body, chunk),
            Phase::Addressing(addressed) => {
                Phase::Swallowing(Box::new(Phase::Addressing(addressed)), size, Fault::NOBODY)
            }
            Phase::Connected => Phase::Swallowing(Box::new(Phase::Connected), size, Fault::HELLO_FIRST),
            phase => Phase::Swallowing(Box::new(phase), size, Fault::NOT_NOW),
        }
    }

    /// Takes in what has come of a chunk.
    pub(super) fn take_chunk(&mut self) -> bool {
        let Phase::Chunk(_, body, chunk) = &mut self.phase else { return false };
        if self.lines.len() == 0 && chunk.left > 0 {
            return false;
        }
        let most = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(self.lines.len()).min(PIECE_BYTES);
        let piece = body.chunk(&self.lines.rest()[..most]);
        self.lines.read(most);
        chunk.left -= most as u64;
        if !piece.is_empty() {
            self.effects.push_back(Effect::Body(Private(piece)));
        }
        if chunk.left == 0
            && let Phase::Chunk(envelope, mut body, Chunk { last, .. }) = mem::take(&mut self.phase)
        {
            if last {
                body.close();
            }
            self.phase = match body.refused() {
                // RFC 3030 §2: a chunk that fails fails the message, and the chunks behind it belong to nothing.
                None if !last => self.say(250, "2.0.0", "Chunk taken", Phase::Chunking(envelope, body)),
                refused => self.submit(envelope, refused),
            };
        }
        true
    }

    /// Lets a chunk go by that belongs to nothing.
    pub(super) fn swallow(&mut self) -> bool {
        let Phase::Swallowing(_, left, _) = &mut self.phase else { return false };
        if self.lines.len() == 0 && *left > 0 {
            return false;
        }
        let some = usize::try_from(*left).unwrap_or(usize::MAX).min(self.lines.len());
        self.lines.read(some);
        *left -= some as u64;
        if *left == 0
            && let Phase::Swallowing(phase, _, fault) = mem::take(&mut self.phase)
        {
            // RFC 2920 §3.1: chunks sent together with a MAIL that was refused are no further mistake.
            self.phase = match *phase {
                phase @ (Phase::Greeted | Phase::Ready | Phase::Addressing(_)) => self.say_fault(fault, phase),
                phase => self.fault(fault, phase),
            };
        }
        true
    }
}
