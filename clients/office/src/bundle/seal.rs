//! Closing a message: signed for everybody to read, or sealed so that only its readers can (Profile §4.5).

use fumibako_model::Private;
use fumibako_signer::{
    Certificate, Cipher, Extras, Identity, Receipts, Sealing, Signing, compress, seal_with, sign_with,
};
use jiff::Timestamp;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};

use super::COVER_CHARACTERS;
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
    /// Sealed, and compressed inside where that pays (Profile §4.10).
    Compressed(Vec<Certificate>),
    /// Sealed for somebody who reads with a plain mail program (Profile §4.15): an older cipher, and never compressed.
    ForMailTools(Vec<Certificate>),
}

/// What goes into a message, before anybody signs it.
pub(crate) struct Letter<'p> {
    /// Its type.
    pub(crate) kind: ContentType<'p>,
    /// Its parts.
    pub(crate) parts: Vec<MimePart<'p>>,
    /// Octets that the message may have.
    pub(crate) most: usize,
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
    let most = letter.most;
    let mut entity = letter.entity("clear");
    entity.headers.extend(fields.headers());
    let us = fields.from.to_string();
    let to = [us.as_str()];
    message(fields, &sign_with(&written(entity), identity, &asks.signing(&to), at)?, most)
}

/// The whole message, sealed: the fields, then the signed envelope, which repeats them; within it the signed entity, which
/// repeats them again, with the subject that only readers see.
pub(crate) fn sealed(
    fields: &Fields,
    subject: &str,
    letter: Letter<'_>,
    (form, identity): (&Form, &Identity),
    at: Timestamp,
) -> Result<Private<Vec<u8>>, Trouble> {
    let most = letter.most;
    let mut entity = letter.entity("cipher");
    entity.headers.extend(fields.within(subject));
    let entity = Private(written(entity));
    let routing = fields.octets();
    let cipher = form.cipher().unwrap_or(CIPHER);
    let sealing = Sealing { routing: &routing, signer: identity, recipients: form.readers(), cipher };
    let us = fields.from.to_string();
    let to = [us.as_str()];
    let compress = matches!(form, Form::Compressed(_)) && pays(&entity.0);
    let extras = Extras { signing: Asks::Receipts.signing(&to), compress };
    message(fields, &seal_with(&entity.0, &sealing, &extras, at)?, most)
}

/// Octets of a sealed message beside files and readers: fields in three places, signatures with their certificates, and a cover
/// message of the full length, each character in four octets and each octet in three (RFC 2045 §6.7).
const BESIDE: usize = (64 << 10) + 12 * COVER_CHARACTERS;
/// Of one file: its fields, without its name.
const A_FILE: usize = 512;
/// Of one reader: a content key under RSA of 8,192 bits, and the name of the certificate's issuer.
const A_READER: usize = 2048;
/// Readers that are reckoned with: two certificates of each office, and those of agents.
const READERS: usize = 16;

/// Profile §12.1: no sealed message with these files, each its name and size, is larger. What compression saves is not known yet.
pub(crate) fn at_most<'f>(files: impl IntoIterator<Item = (&'f str, usize)>) -> usize {
    // A name stands twice, and each of its octets may take three (RFC 2231 §4).
    let file = |(name, bytes): (&str, usize)| letters(bytes) + 6 * name.len() + A_FILE;
    letters(files.into_iter().map(file).sum::<usize>() + BESIDE + READERS * A_READER) + BESIDE
}

/// RFC 2045 §6.8: four letters of three octets, and CR LF after 76 letters.
fn letters(octets: usize) -> usize {
    let letters = octets.div_ceil(3).saturating_mul(4);
    letters + 2 * letters.div_ceil(76)
}

/// Profile §4.10: it has to save a quarter.
fn pays(entity: &[u8]) -> bool {
    compress(entity).is_some_and(|small| small.len() <= entity.len() / 4 * 3)
}

impl Form {
    /// Whoever can open it; everybody, if it is signed only.
    pub fn readers(&self) -> &[Certificate] {
        match self {
            Self::Signed => &[],
            Self::Sealed(readers) | Self::Compressed(readers) | Self::ForMailTools(readers) => readers,
        }
    }

    /// How it is encrypted; not at all, if it is signed only.
    pub fn cipher(&self) -> Option<Cipher> {
        match self {
            Self::Signed => None,
            // Profile §4.5: a cipher that notices a changed ciphertext.
            Self::Sealed(_) | Self::Compressed(_) => Some(CIPHER),
            Self::ForMailTools(_) => Some(Cipher::Aes256Cbc),
        }
    }

    /// What that is called, as [`fumibako_signer::Enveloped::cipher`] calls it.
    pub fn cipher_name(&self) -> Option<&'static str> {
        self.cipher().map(|cipher| match cipher {
            Cipher::Aes256Gcm => "AES-256-GCM",
            Cipher::Aes256Cbc => "AES-256-CBC",
        })
    }
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

fn message(fields: &Fields, closed: &[u8], most: usize) -> Result<Private<Vec<u8>>, Trouble> {
    let message = [fields.octets().as_slice(), b"MIME-Version: 1.0\r\n", closed].concat();
    if message.len() > most {
        return Err(Trouble::Limit(Limit::Message(message.len(), most)));
    }
    Ok(Private(message))
}
