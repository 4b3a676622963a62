//! The words that a message does not open, to who sent it (Profile §8.22).

use fumibako_model::{EvidenceId, Fault, OfficeNumber, Refusal};

use super::{Desk, Fetch, claimed_sender};
use crate::bundle::{Reader, fault_of};
use crate::mailbox::Kept;
use crate::outbox::{Entry, POSTED};
use crate::proof::{self, About};
use crate::random;
use crate::receipt::Failure;
use crate::received::Word;
use crate::signatory::Signatory;
use crate::trouble::Trouble;

/// So many questions about evidence in one run, fewer than the gateway answers in a minute; another run asks about the others.
const ASKED: usize = 50;

/// A word that went, and that the gateway has lost: its key in the outbox, and what it was answered with.
struct Lost {
    key: String,
    evidence: EvidenceId,
}

impl Fetch<'_> {
    /// The sender learns, once, that his bundle could not be opened. What may mend itself is not told, nor of what
    /// this office acknowledged, or this computer saved, already. Nor is a seal for keys that are not here: the gateway took it in because it names a
    /// certificate of the office (Profile §5.10), so another computer opens it.
    pub(super) async fn tell_sender(
        &self,
        desk: &Desk<'_>,
        reader: &Reader<'_>,
        (kept, why): (&Kept, Refusal),
    ) -> Result<Option<(Fault, String)>, Trouble> {
        let message = &kept.octets.0;
        let header = mail_parser::MessageParser::default().parse_headers(message);
        let id = header.as_ref().and_then(|header| header.message_id()).filter(|id| is_plain(id));
        let (Some(from), Some(id)) = (claimed_sender(message), id) else { return Ok(None) };
        let now = (self.clock)();
        let others = why == Refusal::SealedForOthers || kept.is_acknowledged();
        if why.row().retryable() || others || from == desk.office || desk.may_acknowledge(from, now).is_err() {
            return Ok(None);
        }
        let (fault, digest) = fault_of(message, reader, why);
        if digest.is_some_and(|digest| self.received.is_saved(from, id, &digest)) {
            return Ok(None);
        }
        let (mut message_id, mut lost) = (random::message_id(&desk.us.domain), None);
        if let Some(word) = self.received.told_by(desk.office, from, (id, fault)) {
            lost = self.lost_word(&word, (from, id)).await?;
            // What stood in the way of a refused word, such as a clock that was ahead, may have been mended.
            if lost.is_none() && !self.outbox.forget_refused(&word.message_id)? {
                return Ok(Some((fault, word.message_id)));
            }
            if lost.is_some() {
                message_id = word.message_id;
            }
        }
        let failure = Failure { message_id, original: id.to_owned(), fault, digest, at: now };
        let signatory = Signatory::of(&self.identity, &self.party);
        let octets = failure.compose(&desk.us, &self.settings.address_of(from)?, signatory)?;
        match &lost {
            Some(lost) => self.outbox.renew(&lost.key, &octets)?,
            None => self.outbox.put(&failure.message_id, now, &octets)?,
        }
        // A crash before this line tells him twice; the gateway answers the second with the first.
        let word = Word { message_id: failure.message_id, asked_after: lost.map(|lost| lost.evidence) };
        self.received.told(desk.office, from, (id, fault), &word)?;
        Ok(Some((fault, word.message_id)))
    }

    /// Was this word of what `from` sent under `id` lost with what came after the copy that the gateway was restored from (Profile §11.9)?
    /// Nothing in the folder tells it, so its evidence is asked. A gateway that has the word all the same answers it with the evidence that
    /// is known, and it does not go a third time.
    async fn lost_word(&self, word: &Word, (from, id): (OfficeNumber, &str)) -> Result<Option<Lost>, Trouble> {
        let Some(key) = self.outbox.key_of(&word.message_id, POSTED)? else { return Ok(None) };
        let entries = self.outbox.entries()?;
        let evidence = entries.iter().find(|entry| entry.message_id == word.message_id).and_then(Entry::evidence);
        let Some(evidence) = evidence.filter(|evidence| Some(*evidence) != word.asked_after) else { return Ok(None) };
        if self.questions.get() >= ASKED {
            return Ok(None);
        }
        self.questions.set(self.questions.get() + 1);
        match proof::is_recorded(self.settings, &About::Piece(evidence), (from, id)).await {
            Ok(is_recorded) => Ok((!is_recorded).then_some(Lost { key, evidence })),
            Err(why) => {
                tracing::debug!(%evidence, %why, "failure.unasked");
                if matches!(why, Trouble::Unreachable { .. }) {
                    self.questions.set(ASKED);
                }
                Ok(None)
            }
        }
    }
}

/// Can it stand in a notification?
fn is_plain(id: &str) -> bool {
    id.contains('@') && id.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>'))
}
