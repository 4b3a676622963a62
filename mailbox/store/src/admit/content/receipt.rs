//! A receipt, or the word that a bundle could not be opened: a notification (RFC 8098), and nothing that could carry a plan.

use fumibako_model::{
    Address, Became, CLOCK_SKEW, Fault, Notification, Refusal, Refused, original_message_id, read_section,
};
use fumibako_signer::{ReceiptError, SignatureError, SignedReceipt};
use jiff::Timestamp;
use mail_parser::{DateTime, Message, MessagePart, MimeHeaders};

use super::{Part, is, names};

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The bundle's Message-ID, without angle brackets.
    pub original_message_id: String,
    /// What became of the bundle.
    pub word: Word,
}

/// What the recipient says became of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It has it. SHA-256 of the signed part (`Received-content-MIC`, RFC 4130 §7.4.3).
    Processed([u8; 32]),
    /// It could not open it (Profile §8.22), and the same digest where it was that far.
    Failed(Fault, Option<[u8; 32]>),
}

impl Word {
    /// SHA-256 of the signed part, as it says.
    pub fn digest(&self) -> Option<[u8; 32]> {
        match self {
            Self::Processed(digest) => Some(*digest),
            Self::Failed(_, digest) => *digest,
        }
    }
}

/// Who signed a message, and when, as the signature says.
pub(in super::super) struct SignedBy<'s> {
    /// SHA-256 of the certificate.
    pub(in super::super) fingerprint: &'s [u8; 32],
    pub(in super::super) at: Option<Timestamp>,
}

/// The Message-ID that a message is about which says, in its signed part or its header, that it is a receipt. Empty: that cannot be read.
pub(in super::super) fn claimed(part: &Part, header: &[u8]) -> Option<String> {
    let part = match part {
        Part::Sealed(_) => return None,
        Part::Readable(excerpt) => excerpt.kept(),
        Part::Unread(octets) => octets,
    };
    let says_so = |octets: &[u8]| {
        let fields = read_section(octets).unwrap_or_default();
        let kind = fields.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.to_ascii_lowercase());
        kind.is_some_and(|kind| kind.starts_with("multipart/report") && kind.contains("disposition-notification"))
    };
    if !says_so(part) && !says_so(header) {
        return None;
    }
    let named = part.split(|octet| *octet == b'\n').find_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        name.eq_ignore_ascii_case("original-message-id").then(|| original_message_id(value)).flatten()
    });
    Some(named.unwrap_or_default())
}

/// RFC 8098 §3: the whole message is the report, not a part of it somewhere.
pub(super) fn is_report(message: &Message<'_>) -> bool {
    let root = message.root_part();
    let kind = root.content_type().and_then(|written| written.attribute("report-type"));
    is(root, "multipart", "report") && kind.is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"))
}

/// Profile §8.23: neither its `Date` nor its signature is of a time to come.
pub(super) fn not_from_the_future(date: Option<&str>, signing: &SignedBy<'_>, now: Timestamp) -> Result<(), Refused> {
    let date = date.and_then(DateTime::parse_rfc822).filter(DateTime::is_valid);
    let date = date.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    let date = date.ok_or_else(|| Refusal::MessageMalformed.about("date"))?;
    [Some(date), signing.at].into_iter().flatten().try_for_each(|at| has_come(at, now))
}

fn has_come(at: Timestamp, now: Timestamp) -> Result<(), Refused> {
    if at.duration_since(now) > CLOCK_SKEW { Err(Refusal::ReceiptFromTheFuture.about(at)) } else { Ok(()) }
}

/// A receipt is a text, the notification, and perhaps the header of what it is about or the signed receipt that the bundle
/// asked for (Profile §8.2, §8.8): nothing that could carry a plan.
pub(super) fn report(
    message: &Message<'_>,
    sender: &Address,
    (signing, now): (&SignedBy<'_>, Timestamp),
) -> Result<Receipt, Refused> {
    let malformed = |about: &'static str| Refusal::MessageMalformed.about(about);
    let children = message.root_part().sub_parts().unwrap_or_default();
    let parts: Vec<_> = children.iter().filter_map(|child| message.part(*child)).collect();
    let (text, notification, rest) = match parts.as_slice() {
        [text, notification] => (text, notification, None),
        [text, notification, header] => (text, notification, Some(header)),
        _ => return Err(malformed("a receipt has a text and a notification")),
    };
    let word = rest.filter(|part| is(part, "application", "pkcs7-mime"));
    let whole = is(text, "text", "plain")
        && is(notification, "message", "disposition-notification")
        && rest.is_none_or(|part| word.is_some() || is(part, "text", "rfc822-headers"))
        && message.parts.len() == parts.len() + 1;
    // A signed receipt is a file with a name, whatever program wrote it.
    let nameless = |part: &MessagePart<'_>| {
        is(part, "application", "pkcs7-mime") || names(message, part).is_ok_and(|names| names.is_empty())
    };
    if !whole || !message.parts.iter().all(nameless) {
        return Err(malformed("a receipt carries nothing but its text, its notification and a signed receipt"));
    }
    let receipt = receipt(notification.contents(), sender)?;
    if let Some(part) = word {
        if matches!(receipt.word, Word::Failed(..)) {
            return Err(malformed("who could not open a bundle signs no receipt for it"));
        }
        signed_receipt(message, part, (signing, now))?;
    }
    Ok(receipt)
}

/// RFC 2634 §2.8: a receipt of that kind is read to its end, and its own signature holds, by who signed the message;
/// its size has the limit of a signature. Whether it confirms the bundle is for the sender to see, who has the signature that it speaks about.
fn signed_receipt(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    (signing, now): (&SignedBy<'_>, Timestamp),
) -> Result<(), Refused> {
    let range = part.offset_header as usize..part.offset_end as usize;
    let entity = message.raw_message.get(range).unwrap_or_default();
    match SignedReceipt::read(entity) {
        Ok(receipt) if receipt.signature().signer().fingerprint() == *signing.fingerprint => {
            receipt.signature().signing_time().map_or(Ok(()), |at| has_come(at, now))
        }
        Ok(_) => Err(Refusal::NotItsCertificate.about("signed receipt")),
        Err(ReceiptError::Signature(SignatureError::ContentChanged | SignatureError::BadSignature)) => {
            Err(Refusal::SignatureBroken.about("signed receipt"))
        }
        Err(why) => Err(Refusal::MessageMalformed.about(why)),
    }
}

/// RFC 8098 §3.2: the fields of a disposition notification, as the office reads them whose bundle it is about.
pub(super) fn receipt(report: &[u8], signer: &Address) -> Result<Receipt, Refused> {
    let said = Notification::read(report)?;
    let outcome = said.said()?;
    if said.recipient.and_then(|recipient| recipient.party()) != signer.party() {
        return Err(Refusal::ReceiptNotByRecipient.about("final-recipient"));
    }
    let malformed = |about: &'static str| move || Refusal::MessageMalformed.about(about);
    let original_message_id = said.original.ok_or_else(malformed("receipt without original-message-id"))?;
    let word = match (outcome, said.digest) {
        (Became::Failed(fault), digest) => Word::Failed(fault, digest),
        (Became::Processed, Some(digest)) => Word::Processed(digest),
        (Became::Processed, None) => return Err(malformed("receipt without received-content-mic")()),
    };
    Ok(Receipt { original_message_id, word })
}
