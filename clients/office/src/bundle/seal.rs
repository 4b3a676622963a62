//! Sealing: an entity that repeats the routing fields is signed and goes under those fields.
//!
//! Here the entity will also be encrypted to the recipient, between two signatures (the form `sealed`).

use fumibako_model::Private;
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};

use super::MESSAGE_BYTES;
use super::fields::Fields;
use crate::random;
use crate::trouble::{Limit, Trouble};

/// A multipart entity of this type whose header repeats the fields (RFC 9788, `hp="clear"`; Profile §4.2).
pub(crate) fn entity<'p>(kind: ContentType<'p>, fields: &Fields, parts: Vec<MimePart<'p>>) -> MimePart<'p> {
    let kind = kind.attribute("boundary", format!("=_{}", random::hex())).attribute("hp", "clear");
    let mut entity = MimePart::new(kind, BodyPart::Multipart(parts));
    entity.headers.extend(fields.headers());
    entity
}

/// The whole message: the fields, then the signed entity.
pub(crate) fn seal(
    fields: &Fields,
    entity: MimePart<'_>,
    identity: &Identity,
    at: Timestamp,
) -> Result<Private<Vec<u8>>, Trouble> {
    let mut octets = Vec::new();
    // Writing to a `Vec` cannot fail.
    let _ = entity.write_part(&mut octets);
    let signed = sign(&octets, identity, at)?;
    let message = [fields.octets().as_slice(), b"MIME-Version: 1.0\r\n", &signed].concat();
    if message.len() > MESSAGE_BYTES {
        return Err(Trouble::Limit(Limit::Message(message.len(), MESSAGE_BYTES)));
    }
    Ok(Private(message))
}
