//! Opening what was sealed. The order never changes: the outer signature, then the envelope, then the inner signature, by
//! the same signer. Nothing is decrypted whose outer signature does not hold (Profile §4).

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
    let (sealed, outer, clear) = opened_envelope(message, trust, identities, at)?;
    let clear = if is_compressed(&clear) { expand(&clear)? } else { clear };
    let signed = Signed::read(&clear).map_err(OpenError::Inner)?;
    let inner = signed.verify().map_err(OpenError::Inner)?;
    same_signer(&outer, &inner)?;
    let routing = memchr::memmem::find(sealed.part(), b"\r\n\r\n").map_or(0, |end| end + 2);
    let (routing, entity) = (sealed.part()[..routing].to_vec(), Zeroizing::new(signed.part().to_vec()));
    Ok(Opened { routing, entity, outer, inner })
}

/// Opens a sealed receipt (RFC 2634 §2.4 step 11), as [`crate::seal_receipt`] makes it. What it confirms is asked of it.
pub fn open_receipt(
    message: &[u8],
    trust: &Trust,
    identities: &[Identity],
    at: Timestamp,
) -> Result<SignedReceipt, OpenError> {
    let (_, outer, clear) = opened_envelope(message, trust, identities, at)?;
    let receipt = SignedReceipt::read(&clear)?;
    same_signer(&outer, receipt.signature())?;
    Ok(receipt)
}

/// The outer signature holds and is believed; then, and only then, the envelope is opened.
fn opened_envelope<'m>(
    message: &'m [u8],
    trust: &Trust,
    identities: &[Identity],
    at: Timestamp,
) -> Result<(Signed<'m>, Signature, Zeroizing<Vec<u8>>), OpenError> {
    let sealed = Signed::read(message).map_err(OpenError::Outer)?;
    let outer = sealed.verify().map_err(OpenError::Outer)?;
    trust.check(&outer, at)?;
    let clear = Enveloped::read(sealed.part())?.decrypt(identities)?;
    Ok((sealed, outer, clear))
}

/// RFC 2634 §1.1 leaves it open; here one signer answers for both, so its certificate was judged already.
fn same_signer(outer: &Signature, inner: &Signature) -> Result<(), OpenError> {
    if inner.signer() == outer.signer() { Ok(()) } else { Err(OpenError::OtherSigner) }
}
