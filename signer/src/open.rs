//! Opening what was sealed. The order never changes: the outer signature, then the envelope, then the inner signature, by
//! the same signer. Nothing is decrypted whose outer signature does not hold (Profile §4).

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::compress::{expand, is_compressed};
use crate::decrypt::Enveloped;
use crate::error::OpenError;
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
    let sealed = Signed::read(message).map_err(OpenError::Outer)?;
    let outer = sealed.verify().map_err(OpenError::Outer)?;
    trust.check(&outer, at)?;
    let clear = Enveloped::read(sealed.part())?.decrypt(identities)?;
    let clear = if is_compressed(&clear) { expand(&clear)? } else { clear };
    let signed = Signed::read(&clear).map_err(OpenError::Inner)?;
    let inner = signed.verify().map_err(OpenError::Inner)?;
    // RFC 2634 §1.1 leaves it open; here one signer answers for both, so its certificate was judged already.
    if inner.signer() != outer.signer() {
        return Err(OpenError::OtherSigner);
    }
    let routing = memchr::memmem::find(sealed.part(), b"\r\n\r\n").map_or(0, |end| end + 2);
    let (routing, entity) = (sealed.part()[..routing].to_vec(), Zeroizing::new(signed.part().to_vec()));
    Ok(Opened { routing, entity, outer, inner })
}
