//! Opening what was sealed. The order never changes: the outer signature, then the envelope, then the inner signature, by
//! the same signer. Nothing is decrypted whose outer signature does not hold (Profile §4).
//!
//! Whoever may sign an outer layer may wrap any ciphertext in it, also pieces of mail that was sealed for this reader by
//! others (Vaudenay, EUROCRYPT 2002; RFC 3218). So one answer, after the same steps, stands for everything that goes
//! wrong inside: padding, compression, structure, signature (Profile §4.12).

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::compress::{expand, is_compressed};
use crate::decrypt::Enveloped;
use crate::error::OpenError;
use crate::ess::SignedReceipt;
use crate::identity::Identity;
use crate::signed::{Signature, Signed};
use crate::trust::Trust;

/// A sealed message that was opened: every layer held. There is no other way to come by one.
pub struct Opened {
    routing: Vec<u8>,
    entity: Zeroizing<Vec<u8>>,
    outer: Signature,
    inner: Signature,
}

impl Opened {
    /// The entity that was sealed, octet for octet.
    pub fn entity(&self) -> &[u8] {
        &self.entity
    }

    /// The header block of the outer signed part: the routing fields, and what describes the envelope.
    pub fn routing(&self) -> &[u8] {
        &self.routing
    }

    /// The signature everybody on the way could verify.
    pub fn outer(&self) -> &Signature {
        &self.outer
    }

    /// The signature over the content.
    pub fn inner(&self) -> &Signature {
        &self.inner
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened(‹{} private octets› signed by {:?})", self.entity.len(), self.inner.signer())
    }
}

/// Opens a sealed message with one of the identities it was sealed for; certificates are judged as of `at`.
pub fn open(message: &[u8], trust: &Trust, identities: &[Identity], at: Timestamp) -> Result<Opened, OpenError> {
    let (sealed, outer, envelope) = believed_envelope(message, trust, at)?;
    let (entity, inner) = envelope.read_inside(identities, at, signed_inside)?;
    same_signer(&outer, &inner)?;
    let routing = memchr::memmem::find(sealed.part(), b"\r\n\r\n").map_or(0, |end| end + 2);
    Ok(Opened { routing: sealed.part()[..routing].to_vec(), entity, outer, inner })
}

/// The entity that the inner signature covers, and that signature. Why there is none is nobody's to know.
fn signed_inside(clear: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Signature)> {
    let expanded = if is_compressed(clear) { Some(expand(clear).ok()?) } else { None };
    let signed = Signed::read(expanded.as_deref().map_or(clear, Vec::as_slice)).ok()?;
    let inner = signed.verify().ok()?;
    Some((Zeroizing::new(signed.part().to_vec()), inner))
}

/// Opens a sealed receipt (RFC 2634 §2.4 step 11), as [`crate::seal_receipt`] makes it. What it confirms is asked of it.
pub fn open_receipt(
    message: &[u8],
    trust: &Trust,
    identities: &[Identity],
    at: Timestamp,
) -> Result<SignedReceipt, OpenError> {
    let (_, outer, envelope) = believed_envelope(message, trust, at)?;
    let receipt = envelope.read_inside(identities, at, |clear| SignedReceipt::read(clear).ok())?;
    same_signer(&outer, receipt.signature())?;
    Ok(receipt)
}

/// The outer signature holds and is believed; then, and only then, the envelope may be opened.
fn believed_envelope<'m>(
    message: &'m [u8],
    trust: &Trust,
    at: Timestamp,
) -> Result<(Signed<'m>, Signature, Enveloped), OpenError> {
    let sealed = Signed::read(message).map_err(OpenError::Outer)?;
    let outer = sealed.verify().map_err(OpenError::Outer)?;
    trust.check(&outer, at)?;
    let envelope = Enveloped::read(sealed.part())?;
    Ok((sealed, outer, envelope))
}

/// RFC 2634 §1.1 leaves it open; here one signer answers for both, so its certificate was judged already.
fn same_signer(outer: &Signature, inner: &Signature) -> Result<(), OpenError> {
    if inner.signer() == outer.signer() { Ok(()) } else { Err(OpenError::OtherSigner) }
}
