//! An envelope that passes by: who can open it is seen, its content is not kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::beginning::Beginning;
use crate::certificate::Certificate;
use crate::decrypt::envelope_entity;
use crate::error::{DecryptError, Layer};
use crate::limits::{ENVELOPE_BEGINNING_BYTES_MAX, ENVELOPE_BYTES_MAX, HEADER_BYTES_MAX};
use crate::mime::Entity;

/// An encrypted entity on its way. Give it every piece, then ask with [`EnvelopedStream::finish`].
#[derive(Debug, Default)]
pub struct EnvelopedStream {
    beginning: Vec<u8>,
    octets: usize,
    blanks: usize,
    pads: usize,
}

/// For whom an entity is encrypted. Its content was not kept.
pub struct Addressed(Beginning);

impl EnvelopedStream {
    /// The next octets of the entity, from its header on.
    pub fn receive(&mut self, piece: &[u8]) {
        let room = ENVELOPE_BEGINNING_BYTES_MAX.saturating_sub(self.beginning.len());
        self.beginning.extend_from_slice(&piece[..piece.len().min(room)]);
        self.octets += piece.len();
        self.blanks += piece.iter().filter(|octet| octet.is_ascii_whitespace()).count();
        self.pads += memchr::memchr_iter(b'=', piece).count();
    }

    /// Octets kept so far.
    pub fn held(&self) -> usize {
        self.beginning.len()
    }

    /// After the last octet: whom it is for. An envelope that says how long it is must be that long.
    pub fn finish(self) -> Result<Addressed, DecryptError> {
        if self.octets > ENVELOPE_BYTES_MAX + HEADER_BYTES_MAX {
            return Err(DecryptError::TooLarge { what: "envelope", limit: ENVELOPE_BYTES_MAX });
        }
        let (octets, entity) = first_octets(&self.beginning, self.octets)?;
        let header = &self.beginning[..self.beginning.len() - entity.body.len()];
        let come = if entity.encoding(Layer::Parts)?.is_base64() {
            let count = |wanted: fn(&u8) -> bool| header.iter().filter(|octet| wanted(octet)).count();
            let letters = self.octets - self.blanks - (header.len() - count(u8::is_ascii_whitespace));
            let pads = self.pads - count(|octet| *octet == b'=');
            (letters / 4 * 3).saturating_sub(pads)
        } else {
            self.octets - header.len()
        };
        let (beginning, length) = Beginning::read(&octets)?;
        match length {
            Some(length) if length > come as u64 => Err(DecryptError::Malformed("it ends too early")),
            Some(length) if length < come as u64 => Err(DecryptError::Malformed("something follows its end")),
            _ => Ok(Addressed(beginning)),
        }
    }
}

/// The first octets of an envelope, and the entity around it, which has `whole` octets in all.
pub(crate) fn first_octets(beginning: &[u8], whole: usize) -> Result<(Vec<u8>, Entity<'_>), DecryptError> {
    let entity = envelope_entity(beginning)?;
    if !entity.encoding(Layer::Parts)?.is_base64() {
        return Ok((entity.body.to_vec(), entity));
    }
    let letters = entity.body.iter().copied().filter(|octet| !octet.is_ascii_whitespace());
    let mut letters: Vec<u8> = letters.collect();
    if whole > beginning.len() {
        letters.truncate(letters.len() / 4 * 4);
    }
    let octets = STANDARD.decode(letters).map_err(|_| DecryptError::Malformed("the body is not base64"))?;
    Ok((octets, entity))
}

impl Addressed {
    /// Whether the holder of this certificate can open it at `at`, as far as the beginning tells.
    pub fn is_for(&self, certificate: &Certificate, at: Timestamp) -> bool {
        self.0.is_for(certificate, at)
    }
}

impl std::fmt::Debug for Addressed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Addressed({} recipients)", self.0.recipients.len())
    }
}
