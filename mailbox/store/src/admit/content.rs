//! What a signed part holds: a bundle's files, or a receipt.

mod receipt;

use fumibako_careplan::{Gathered, Recognised, UnitKind, bare, gather, recognise};
use fumibako_model::{
    Address, BundleFacts, HEADER_BYTES, OfficeNumber, Party, Refusal, Refused, Roll, read_section, revoked,
};
use fumibako_signer::{
    Addressed, Certificate, CertificateError, DecryptError, EnvelopedStream, RevocationError, Trust,
};
use jiff::Timestamp;
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders};
use memchr::memmem;

use super::admitted::Units;
use super::excerpt::Excerpt;
use super::fields::{Fields, repeats_routing};
use super::parameters::plain_names;
use super::{Kind, Rules};

pub use receipt::{Receipt, Word};
pub(super) use receipt::{SignedBy, claimed};

/// Most octets of a receipt as it comes (Profile §8.2): it is kept as long as its evidence, and holds a text, two signatures with their
/// certificates, and at most the header of what it is about.
pub const RECEIPT_BYTES: u64 = 256 << 10;
/// Most MIME parts of one message (Profile §12.1).
const PARTS: usize = 1000;
/// Most levels of multiparts (Profile §12.1).
const DEPTH: usize = 16;

/// The signed part, as far as admission keeps it.
pub(super) enum Part {
    /// An envelope, for the recipient only.
    Sealed(Sealed),
    /// MIME that everybody can read, without the insides of large files.
    Readable(Excerpt),
    /// Its header did not end, or is not readable.
    Unread(Vec<u8>),
}

/// An envelope that passed by.
pub(super) struct Sealed {
    header: Vec<u8>,
    addressed: Result<Addressed, DecryptError>,
}

/// The signed part on its way in.
pub(super) enum PartStream {
    Header(Vec<u8>),
    Sealed(Vec<u8>, Box<EnvelopedStream>),
    Readable(Excerpt),
}

impl PartStream {
    /// Before the first octet.
    pub(super) fn new() -> Self {
        Self::Header(Vec::new())
    }

    /// The next octets.
    pub(super) fn receive(&mut self, octets: &[u8]) {
        match self {
            Self::Sealed(_, envelope) => envelope.receive(octets),
            Self::Readable(excerpt) => excerpt.receive(octets),
            Self::Header(header) => {
                if header.len() > HEADER_BYTES {
                    return;
                }
                header.extend_from_slice(octets);
                let Some(end) = header_end(header) else { return };
                let Ok(is_sealed) = is_sealed(header) else { return };
                let (first, header) = (std::mem::take(header), end);
                let mut next = if is_sealed {
                    Self::Sealed(first[..header].to_vec(), Box::default())
                } else {
                    Self::Readable(Excerpt::default())
                };
                next.receive(&first);
                *self = next;
            }
        }
    }

    /// Octets held in memory.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Header(header) => header.len(),
            Self::Sealed(header, envelope) => header.len() + envelope.held(),
            Self::Readable(excerpt) => excerpt.held(),
        }
    }

    /// After the last octet.
    pub(super) fn finish(self) -> Part {
        match self {
            Self::Header(header) => Part::Unread(header),
            Self::Sealed(header, envelope) => Part::Sealed(Sealed { header, addressed: envelope.finish() }),
            Self::Readable(excerpt) => Part::Readable(excerpt.finished()),
        }
    }
}

impl Part {
    /// Begins with its header section.
    pub(super) fn header(&self) -> &[u8] {
        match self {
            Self::Sealed(sealed) => &sealed.header,
            Self::Readable(excerpt) => excerpt.kept(),
            Self::Unread(header) => header,
        }
    }
}

fn header_end(octets: &[u8]) -> Option<usize> {
    if octets.starts_with(b"\r\n") { Some(2) } else { memmem::find(octets, b"\r\n\r\n").map(|at| at + 4) }
}

/// RFC 8551 §3.2: what the signed part says of itself.
fn is_sealed(part: &[u8]) -> Result<bool, Refused> {
    let fields = read_section(part)?;
    let kind = fields.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    Ok(["application/pkcs7-mime", "application/x-pkcs7-mime"].iter().any(|m| kind.eq_ignore_ascii_case(m)))
}

/// Profile §5.10: a sealed bundle says in signed fields where it goes and what it is, and the addressed office can open
/// it with a current certificate that nobody revoked. Nothing inside is read.
pub(super) fn sealed(
    part: Sealed,
    fields: &Fields,
    (roll, trust): (&Roll, &Trust),
    to: OfficeNumber,
    now: Timestamp,
) -> Result<(Kind, Units), Refused> {
    if !repeats_routing(&part.header)? {
        return Err(Refusal::SignedFieldsDiffer.about("a sealed bundle repeats its routing fields in the signed part"));
    }
    let facts = fields.get("fumibako-bundle").ok_or_else(|| Refusal::MessageMalformed.about("no Fumibako-Bundle"))?;
    let facts: BundleFacts = facts.parse().map_err(|why| Refusal::MessageMalformed.about(why))?;
    let envelope = part.addressed.map_err(|why| match why {
        DecryptError::Algorithm(_) => Refusal::AlgorithmNotAllowed.about(why),
        other => Refusal::MessageMalformed.about(other),
    })?;
    let recipient = Party::Office(to);
    let mut why = Refusal::NotSealedToRecipient.about(to);
    let current = roll.current(&recipient, now).filter_map(|enrolled| Certificate::from_der(&enrolled.der).ok());
    for certificate in current.filter(|certificate| envelope.is_for(certificate, now)) {
        match trust.check_revocation_of(&certificate, &[], now) {
            // It was judged when it came onto the roll. Those between it and an authority may not be at hand, and then
            // nobody here has a list of theirs either.
            Ok(()) | Err(RevocationError::Certificate(CertificateError::UnknownIssuer { .. })) => {
                return Ok((Kind::Bundle, Units { kinds: facts.units, month: facts.month }));
            }
            Err(RevocationError::Certificate(_) | RevocationError::Revoked { .. }) => {}
            Err(not_known) => why = revoked(not_known),
        }
    }
    Err(why)
}

/// Profile §5.7: reads the signed part as far as its kind demands.
pub(super) fn read(
    part: &[u8],
    fields: &Fields,
    (from, to): (OfficeNumber, OfficeNumber),
    by: &SignedBy<'_>,
    (rules, now): (&Rules, Timestamp),
) -> Result<(Kind, Units), Refused> {
    let message = parse(part)?;
    if receipt::is_report(&message) {
        receipt::not_from_the_future(fields.get("date"), by, now)?;
        let receipt = receipt::report(&message, &Address::office(from, &rules.domain), (by, now))?;
        return Ok((Kind::Receipt(receipt), Units::default()));
    }
    if !rules.accept_signed {
        return Err(Refusal::FormNotAccepted.about("signed only"));
    }
    files(&message, fields, from, to).map(|units| (Kind::Bundle, units))
}

/// Profile §8.2: what is kept for years beside the evidence has an end.
pub(super) fn within_its_size(kind: &Kind, size: u64) -> Result<(), Refused> {
    match kind {
        Kind::Receipt(_) if size > RECEIPT_BYTES => {
            Err(Refusal::MessageTooLarge.about(format_args!("limit {RECEIPT_BYTES} bytes of a receipt")))
        }
        _ => Ok(()),
    }
}

/// Reads MIME within limits, and only such that every reader reads alike.
fn parse(part: &[u8]) -> Result<Message<'_>, Refused> {
    // Before anything is built of it: a delimiter line begins with two hyphens (RFC 2046 §5.1.1).
    if memmem::find_iter(part, b"\n--").take(2 * PARTS + 1).count() > 2 * PARTS {
        return Err(Refusal::TooManyParts.about(format_args!("limit {PARTS}")));
    }
    let message = MessageParser::new().with_mime_headers().parse(part);
    let message = message.ok_or_else(|| Refusal::MessageMalformed.about("signed part"))?;
    if message.parts.len() > PARTS || depth(&message, 0, 0) > DEPTH {
        return Err(Refusal::TooManyParts.about(format_args!("limit {PARTS}, {DEPTH} levels")));
    }
    for part in &message.parts {
        let mut known: Vec<String> = Vec::new();
        for header in &part.headers {
            let name = header.name.as_str().to_ascii_lowercase();
            if name.starts_with("content-") && known.contains(&name) {
                return Err(Refusal::MessageMalformed.about(format_args!("{name} stands twice")));
            }
            known.push(name);
        }
    }
    Ok(message)
}

/// Levels of multiparts below a part.
fn depth(message: &Message<'_>, part: u32, above: usize) -> usize {
    let children = message.part(part).and_then(|part| part.sub_parts()).unwrap_or_default();
    if above > DEPTH {
        return above;
    }
    children.iter().map(|child| depth(message, *child, above + 1)).max().unwrap_or(above)
}

fn is(part: &MessagePart<'_>, kind: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|written| {
        written.ctype().eq_ignore_ascii_case(kind) && written.subtype().is_some_and(|s| s.eq_ignore_ascii_case(sub))
    })
}

/// Every name a part is given, bare: one reader looks here first, another there.
fn names(message: &Message<'_>, part: &MessagePart<'_>) -> Result<Vec<String>, Refused> {
    let disposition = part.content_disposition().and_then(|written| written.attribute("filename"));
    let kind = part.content_type().and_then(|written| written.attribute("name"));
    let mut names: Vec<String> = disposition.into_iter().chain(kind).map(bare).collect();
    for header in &part.headers {
        if matches!(header.name, HeaderName::ContentType | HeaderName::ContentDisposition) {
            let (start, end) = (header.offset_start as usize, header.offset_end as usize);
            let written = String::from_utf8_lossy(message.raw_message.get(start..end).unwrap_or_default());
            // What is encoded there (RFC 2047) was decoded above.
            let plain = plain_names(&written)?.into_iter().filter(|name| !name.contains("=?"));
            names.extend(plain.map(|name| bare(&name)));
        }
    }
    Ok(names)
}

/// Every care-plan file names this sender and this recipient, and together they are send units (標準仕様 2.4).
fn files(message: &Message<'_>, fields: &Fields, from: OfficeNumber, to: OfficeNumber) -> Result<Units, Refused> {
    let malformed = |about: &'static str| Refusal::MessageMalformed.about(about);
    let mut found: Vec<String> = Vec::new();
    for part in &message.parts {
        if part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("message")) {
            return Err(malformed("a message inside the message"));
        }
        let names = names(message, part)?;
        let Some(name) = names.first() else { continue };
        let is_standard = |name: &String| matches!(recognise(name), Recognised::Standard { .. });
        // A photo may well have a plain name beside the one in Japanese; a plan has one.
        if names.iter().any(|other| other != name) && names.iter().any(is_standard) {
            return Err(malformed("a part with two names"));
        }
        found.push(name.clone());
    }
    for (at, name) in found.iter().enumerate() {
        let Recognised::Standard { name, .. } = recognise(name) else { continue };
        // A file name holds office numbers and a time, no person; the refusal counts the files all the same.
        let about = format_args!("file {} of {}", at + 1, found.len()).to_string();
        if name.sender().office != from {
            return Err(Refusal::FileNotFromSender.about(about));
        }
        if name.recipient().office != to {
            return Err(Refusal::FileNotForRecipient.about(about));
        }
    }
    let sorted: Gathered<()> = gather(found.iter().map(|name| (name.clone(), ())));
    if let Some(left) = sorted.left_out.first() {
        let at = found.iter().position(|name| *name == left.written).unwrap_or_default() + 1;
        return Err(Refusal::NotASendUnit.about(format_args!("file {at} of {}", found.len())));
    }
    if sorted.bundles.is_empty() {
        return Err(Refusal::NoFiles.into());
    }
    facts_hold(fields, &sorted, found.len())?;
    Ok(units(&sorted))
}

/// The kinds of the send units, and the month, if all that have one agree.
fn units(sorted: &Gathered<()>) -> Units {
    let kinds = sorted.kinds().into_iter().map(|kind| kind.id().to_owned());
    Units { kinds: kinds.collect(), month: sorted.month().map(|month| month.to_string()) }
}

/// Profile §4.3: where the content is readable, the `Fumibako-Bundle` field says what is there.
fn facts_hold(fields: &Fields, sorted: &Gathered<()>, files: usize) -> Result<(), Refused> {
    let Some(value) = fields.get("fumibako-bundle") else { return Ok(()) };
    let facts: BundleFacts = value.parse().map_err(|why| Refusal::MessageMalformed.about(why))?;
    let units: Vec<_> = sorted.kinds().into_iter().map(UnitKind::id).collect();
    if facts.units != units || usize::try_from(facts.files) != Ok(files) {
        return Err(Refusal::MessageMalformed.about("the Fumibako-Bundle field names other files"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
