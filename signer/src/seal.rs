//! Sealing: an entity goes to its recipients so that only they read it and everybody on the way sees who sent it. The
//! triple wrap of RFC 2634 §1.1: signed, encrypted, signed again (Profile §4).

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::encrypt::encrypt;
use crate::envelope::Cipher;
use crate::error::{Layer, SealError};
use crate::identity::Identity;
use crate::mime::Entity;
use crate::sign::sign;

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

/// Seals an entity. The result is a `multipart/signed` entity as [`sign`] makes it.
pub fn seal(entity: &[u8], sealing: &Sealing<'_>, at: Timestamp) -> Result<Vec<u8>, SealError> {
    check_routing(sealing.routing)?;
    let inner = sign(entity, sealing.signer, at)?;
    let envelope = encrypt(&inner, sealing.recipients, sealing.cipher)?;
    Ok(sign(&[sealing.routing, &envelope].concat(), sealing.signer, at)?)
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
