//! Closing a message: signed for everybody to read, or sealed so that only its readers can (Profile §4.5).

use fumibako_model::Private;
use fumibako_signer::{Certificate, Extras, Identity, Receipts, Sealing, Signing, seal_with, sign_with};
use jiff::Timestamp;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};

use super::MESSAGE_BYTES;
use super::fields::Fields;
use crate::partners::CIPHER;
use crate::random;
use crate::trouble::{Limit, Trouble};

/// The form of a bundle on its way.
#[derive(Clone, Debug)]
pub enum Form {
    /// Signed only: the gateway can read it.
    Signed,
    /// Sealed: only the holders of these certificates can.
    Sealed(Vec<Certificate>),
}

/// What goes into a message, before anybody signs it.
pub(crate) struct Letter<'p> {
    /// Its type.
    pub(crate) kind: ContentType<'p>,
    /// Its parts.
    pub(crate) parts: Vec<MimePart<'p>>,
}

/// Whether a signature asks its readers for signed receipts (RFC 2634 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Profile §8.8: a bundle asks everybody who reads it, since a certificate may name its office in ways that a list of
    /// mail addresses does not.
    Receipts,
    /// RFC 2634 §2.2: a receipt asks for none.
    Nothing,
}

/// The whole message, signed: the fields, then the signed entity, which repeats them (RFC 9788, `hp="clear"`; Profile §4.2).
pub(crate) fn signed(
    fields: &Fields,
    letter: Letter<'_>,
    (identity, asks): (&Identity, Asks),
    at: Timestamp,
) -> Result<Private<Vec<u8>>, Trouble> {
    let mut entity = letter.entity("clear");
    entity.headers.extend(fields.headers());
    let us = fields.from.to_string();
    let to = [us.as_str()];
    message(fields, &sign_with(&written(entity), identity, &asks.signing(&to), at)?)
}

/// The whole message, sealed: the fields, then the signed envelope, which repeats them; within it the signed entity, which
/// repeats them again, with the subject that only readers see.
pub(crate) fn sealed(
    fields: &Fields,
    subject: &str,
    letter: Letter<'_>,
    (readers, identity): (&[Certificate], &Identity),
    at: Timestamp,
) -> Result<Private<Vec<u8>>, Trouble> {
    let mut entity = letter.entity("cipher");
    entity.headers.extend(fields.within(subject));
    let routing = fields.octets();
    let sealing = Sealing { routing: &routing, signer: identity, recipients: readers, cipher: CIPHER };
    let us = fields.from.to_string();
    let to = [us.as_str()];
    let extras = Extras { signing: Asks::Receipts.signing(&to), ..Extras::default() };
    message(fields, &seal_with(&written(entity), &sealing, &extras, at)?)
}

impl Asks {
    fn signing<'a>(self, to: &'a [&'a str]) -> Signing<'a> {
        let receipts = (self == Self::Receipts).then_some(Receipts { from: None, to });
        Signing { receipts, ..Signing::default() }
    }
}

impl<'p> Letter<'p> {
    /// RFC 9788 §2.1: `hp` says whether the fields it repeats were meant for everybody.
    fn entity(self, hp: &'static str) -> MimePart<'p> {
        let kind = self.kind.attribute("boundary", format!("=_{}", random::hex())).attribute("hp", hp);
        MimePart::new(kind, BodyPart::Multipart(self.parts))
    }
}

fn written(entity: MimePart<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    // Writing to a `Vec` cannot fail.
    let _ = entity.write_part(&mut octets);
    octets
}

fn message(fields: &Fields, closed: &[u8]) -> Result<Private<Vec<u8>>, Trouble> {
    let message = [fields.octets().as_slice(), b"MIME-Version: 1.0\r\n", closed].concat();
    if message.len() > MESSAGE_BYTES {
        return Err(Trouble::Limit(Limit::Message(message.len(), MESSAGE_BYTES)));
    }
    Ok(Private(message))
}
