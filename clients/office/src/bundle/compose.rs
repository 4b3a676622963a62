//! A bundle becomes a message: cover message, files with their original bytes, attachments, signed or sealed.

use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use fumibako_careplan::{Bundle, Lang, ServiceMonth};
use fumibako_model::{Address, BUNDLE_FIELD, BUNDLE_FIELD_BYTES, BundleFacts, JAPAN, Private};
use fumibako_signer::Identity;
use jiff::Timestamp;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::fields::{Fields, parameter};
use super::gather::Source;
use super::seal::{self, Asks, Form, Letter};
use super::{COVER_CHARACTERS, FILES, MESSAGE_BYTES, open};
use crate::random;
use crate::signatory::Signatory;
use crate::trouble::{Limit, Trouble};

/// Everything that goes into one message.
#[derive(Debug)]
pub struct Draft {
    /// The files of the standard.
    pub bundle: Bundle<Source>,
    /// メッセージ, if there is one.
    pub cover: Option<Private<String>>,
    /// PDFs and the like.
    pub attached: Vec<Attached>,
}

/// A file outside the standard.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its name as it travels; it may hold a person's name.
    pub name: Private<String>,
    /// Its bytes.
    pub bytes: Private<Vec<u8>>,
}

/// A message ready for the outbox.
#[derive(Debug)]
pub struct Composed {
    /// Its routing fields.
    pub fields: Fields,
    /// What the `Fumibako-Bundle` field says.
    pub facts: BundleFacts,
    /// The message, CRLF throughout.
    pub octets: Private<Vec<u8>>,
}

impl Draft {
    /// Checks the limits of Profile §12.1 that can be checked before composing.
    pub fn within_limits(&self) -> Result<(), Trouble> {
        let characters = self.cover.as_ref().map_or(0, |Private(text)| text.chars().count());
        if characters > COVER_CHARACTERS {
            return Err(Trouble::Limit(Limit::Cover(characters, COVER_CHARACTERS)));
        }
        let files = self.files().count() + self.attached.len();
        if files > FILES {
            return Err(Trouble::Limit(Limit::Files(files, FILES)));
        }
        // RFC 5322 §2.1.1: a line holds 998 octets, and the field names every send unit.
        if self.facts().to_string().len() > BUNDLE_FIELD_BYTES {
            return Err(Trouble::Limit(Limit::Units(self.bundle.units.len())));
        }
        Ok(())
    }

    /// The files of the standard, in the order in which the receiver works through them.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let members = self.bundle.units.iter().flat_map(|unit| &unit.files);
        members.map(|file| (file.written.as_str(), file.payload.bytes.0.as_slice()))
    }

    /// Tells it from any other: what another run put into the outbox already is not put there again.
    pub fn sum(&self) -> [u8; 32] {
        let attached = self.attached.iter().map(|file| (file.name.0.as_str(), file.bytes.0.as_slice()));
        let cover = self.cover.as_ref().map(lines_of);
        sum(self.files().chain(attached), cover.as_deref())
    }

    /// The same of a message composed earlier, whose Message-ID then stands for it. A sealed one is opened with our own keys.
    pub fn sum_in(message: &[u8], keys: &[Identity]) -> Option<[u8; 32]> {
        let contents = open::own(message, keys)?;
        let carried = contents.files.iter().map(|(name, bytes)| (name.0.as_str(), bytes.0.as_slice()));
        Some(sum(carried, contents.cover.as_ref().map(|Private(text)| text.as_str())))
    }

    /// What the message reveals of itself: kinds, month, serial, counts (Profile §4.3).
    pub fn facts(&self) -> BundleFacts {
        let units: Vec<String> = self.bundle.units.iter().map(|unit| unit.kind.to_string()).collect();
        let sizes = self.files().map(|(_, bytes)| bytes.len()).chain(self.attached.iter().map(|a| a.bytes.0.len()));
        let (files, size) = sizes.fold((0, 0), |(files, size), bytes| (files + 1, size + bytes as u64));
        BundleFacts {
            units,
            month: self.bundle.month().map(|month| month.to_string()),
            serial: self.bundle.units.first().map(|unit| unit.serial.to_string()),
            files,
            size,
        }
    }

    /// What only readers see: which data it is.
    fn subject_inside(&self, now: Timestamp) -> String {
        let mut names: Vec<&str> = self.bundle.units.iter().map(|unit| unit.kind.name(Lang::Ja)).collect();
        names.dedup();
        format!("ケアプランデータ {} {} [Fumibako]", month_of(self.bundle.month(), now), names.join("、"))
    }
}

/// Composes the message of a bundle, signed or sealed. Its Message-ID is made here and never changes afterwards.
pub fn compose<'i>(
    draft: &Draft,
    between: (Address, Address),
    form: &Form,
    signatory: impl Into<Signatory<'i>>,
    now: Timestamp,
) -> Result<Composed, Trouble> {
    compose_within(MESSAGE_BYTES, draft, between, (form, signatory.into()), now)
}

/// The same for a gateway that takes messages of so many octets.
pub fn compose_within(
    most: usize,
    draft: &Draft,
    (from, to): (Address, Address),
    (form, signatory): (&Form, Signatory<'_>),
    now: Timestamp,
) -> Result<Composed, Trouble> {
    draft.within_limits()?;
    let identity = signatory.identity;
    let facts = draft.facts();
    let fields = Fields {
        message_id: random::message_id(&from.domain),
        at: now,
        subject: subject(draft.bundle.month(), now),
        more: vec![(BUNDLE_FIELD, facts.to_string()), ("Disposition-Notification-To", format!("<{from}>"))],
        sender: signatory.sender(&from.domain),
        from,
        to,
    };
    let subject_inside = draft.subject_inside(now);
    let cover = match form {
        Form::Signed => draft.cover.as_ref().map(|text| cover_part(lines_of(text))),
        _ => Some(displaying_part(&subject_inside, draft.cover.as_ref())),
    };
    let mut parts: Vec<MimePart<'_>> = cover.into_iter().collect();
    parts.extend(draft.files().map(|(name, bytes)| file_part(standard_type(name), name, bytes)));
    parts.extend(draft.attached.iter().map(|file| file_part(media_type(&file.name.0), &file.name.0, &file.bytes.0)));
    let letter = Letter { kind: ContentType::new("multipart/mixed"), parts, most };
    let octets = match form {
        Form::Signed => seal::signed(&fields, letter, (identity, Asks::Receipts), now)?,
        sealed => seal::sealed(&fields, &subject_inside, letter, (sealed, identity), now)?,
    };
    tracing::info!(
        message = fields.message_id, from = %fields.from, to = %fields.to,
        files = facts.files, readers = form.readers().len(), bytes = octets.0.len(), "bundle.composed"
    );
    Ok(Composed { fields, facts, octets })
}

/// Of names, contents and cover message, each with its length before it.
fn sum<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>, cover: Option<&'f str>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let cover = cover.map(|text| ("", text.as_bytes()));
    for part in files.chain(cover).flat_map(|(name, bytes)| [name.as_bytes(), bytes]) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    sum
}

/// Profile §4.4: constant words and a month.
fn subject(month: Option<ServiceMonth>, now: Timestamp) -> String {
    format!("ケアプランデータ {} [Fumibako]", month_of(month, now))
}

/// The service month, else the month of sending.
fn month_of(month: Option<ServiceMonth>, now: Timestamp) -> String {
    let today = JAPAN.to_datetime(now);
    let (year, month) =
        month.map_or((today.year().into(), today.month().unsigned_abs()), |m| (i32::from(m.year()), m.month()));
    format!("{year:04}-{month:02}")
}

/// RFC 2046 §4.1.1: lines of text end with CRLF, also inside an encoding.
fn lines_of(Private(text): &Private<String>) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    lines.join("\r\n") + "\r\n"
}

fn cover_part(text: String) -> MimePart<'static> {
    MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), text).inline()
}

/// The cover message under the subject that its readers are to see, for mail tools that show the outer one (RFC 9788,
/// legacy display; Profile §4.7). Our own reader takes these lines away again.
fn displaying_part(subject: &str, cover: Option<&Private<String>>) -> MimePart<'static> {
    let text = format!("Subject: {subject}\r\n\r\n{}", cover.map(lines_of).unwrap_or_default());
    let kind = ContentType::new("text/plain").attribute("charset", "utf-8").attribute("hp-legacy-display", "1");
    MimePart::new(kind, text).inline()
}

/// A file, base64 whatever it is: the bytes arrive as they left (Profile §2.3).
fn file_part<'f>(kind: &str, name: &str, bytes: &'f [u8]) -> MimePart<'f> {
    let mut part = MimePart::raw(bytes);
    part.headers = vec![
        ("Content-Type".into(), Raw::new(format!("{kind};\r\n {}", parameter("name", name))).into()),
        ("Content-Disposition".into(), Raw::new(format!("attachment;\r\n {}", parameter("filename", name))).into()),
    ];
    part
}

/// The standard's files are MS932 (標準仕様 4.3), but for the picture of the family.
fn standard_type(name: &str) -> &'static str {
    if is_called(name, &["csv"]) { "text/csv; charset=Shift_JIS" } else { media_type(name) }
}

fn media_type(name: &str) -> &'static str {
    const TYPES: [(&[&str], &str); 4] = [
        (&["pdf"], "application/pdf"),
        (&["jpg", "jpeg"], "image/jpeg"),
        (&["png"], "image/png"),
        (&["csv"], "text/csv"),
    ];
    TYPES
        .iter()
        .find(|(extensions, _)| is_called(name, extensions))
        .map_or("application/octet-stream", |(_, kind)| kind)
}

fn is_called(name: &str, extensions: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|found| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests;
