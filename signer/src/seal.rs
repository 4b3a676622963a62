//! Sealing: an entity goes to its recipients so that only they read it and everybody on the way sees who sent it. The
//! triple wrap of RFC 2634 §1.1: signed, encrypted, signed again (Profile §4).

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::compress::compress;
use crate::encrypt::encrypt;
use crate::envelope::Cipher;
use crate::error::{Layer, SealError};
use crate::ess::SignedReceipt;
use crate::identity::Identity;
use crate::mime::Entity;
use crate::sign::{Signing, sign_with};

/// What is sealed, for whom, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'s> {
    /// Header fields, each line ending with CRLF, that the outer signature repeats for everybody on the way.
    pub routing: &'s [u8],
    /// Who signs, inside and outside.
    pub signer: &'s Identity,
    /// The certificates of everybody who is to read it, the sender's own among them if it wants to read it again.
    pub recipients: &'s [Certificate],
    /// How the content is encrypted.
    pub cipher: Cipher,
}

/// What a seal does beyond the usual. By default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'s> {
    /// What the inner signature says; the outer one only follows its way to sign (RFC 2634 §2.2: receipts are asked for by
    /// the innermost signature).
    pub signing: Signing<'s>,
    /// Compress what is encrypted, where it pays. Only for recipients who said that they can read it
    /// ([`crate::Capabilities::reads_compressed`]).
    pub compress: bool,
}

/// Seals an entity. The result is a `multipart/signed` entity as [`crate::sign`] makes it.
pub fn seal(entity: &[u8], sealing: &Sealing<'_>, at: Timestamp) -> Result<Vec<u8>, SealError> {
    seal_with(entity, sealing, &Extras::default(), at)
}

/// Seals an entity as [`seal`] does, and does what `extras` asks for.
pub fn seal_with(
    entity: &[u8],
    sealing: &Sealing<'_>,
    extras: &Extras<'_>,
    at: Timestamp,
) -> Result<Vec<u8>, SealError> {
    check_routing(sealing.routing)?;
    // Care data in the clear: wiped when the envelope is made.
    let signed = Zeroizing::new(sign_with(entity, sealing.signer, &extras.signing, at)?);
    let compressed = if extras.compress { compress(&signed).map(Zeroizing::new) } else { None };
    let envelope = encrypt(compressed.as_ref().unwrap_or(&signed), sealing.recipients, sealing.cipher)?;
    let outer = Signing { receipts: None, ..extras.signing };
    Ok(sign_with(&[sealing.routing, &envelope].concat(), sealing.signer, &outer, at)?)
}

/// Seals a signed receipt (RFC 2634 §2.4 step 11): encrypted, then signed with a hint of what is inside. The receipt has a
/// signature of its own, so there is no other one within; [`crate::open_receipt`] opens it.
pub fn seal_receipt(receipt: &[u8], sealing: &Sealing<'_>, at: Timestamp) -> Result<Vec<u8>, SealError> {
    check_routing(sealing.routing)?;
    if SignedReceipt::read(receipt)?.signature().signer() != sealing.signer.certificate() {
        return Err(SealError::OtherSigner);
    }
    let envelope = encrypt(receipt, sealing.recipients, sealing.cipher)?;
    let signing = Signing { holds_receipt: true, ..Signing::default() };
    Ok(sign_with(&[sealing.routing, &envelope].concat(), sealing.signer, &signing, at)?)
}

/// The fields stand above the envelope's own, which alone say what the part is.
fn check_routing(routing: &[u8]) -> Result<(), SealError> {
    let block = [routing, b"\r\n"].concat();
    let entity = Entity::read(&block, Layer::Parts).map_err(|_| SealError::Routing)?;
    let about_content = |name: &str| name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"));
    if !entity.body.is_empty() || entity.names().any(about_content) {
        return Err(SealError::Routing);
    }
    Ok(())
}
