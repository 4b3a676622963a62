//! What a report of the gateway says, in the parts for machines (RFC 6522, RFC 3464 §2, RFC 8098 §3) and in its words.

use fumibako_model::{
    Address, EvidenceId, Notification, OfficeNumber, Refusal, Refused, Report, message_id, read_section,
};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};

use crate::receipt::is;

/// What is told of which bundle.
pub(super) struct Told {
    pub(super) kind: Report,
    /// The office it was for.
    pub(super) to: OfficeNumber,
    /// Its Message-ID, without angle brackets.
    pub(super) message_id: String,
    /// When what is told happened, where the part for machines says so; to the second.
    pub(super) at: Option<Timestamp>,
    /// Until when it can be collected.
    pub(super) until: Option<Timestamp>,
    /// The piece of evidence that it is about, and the file of it, as it is attached.
    pub(super) evidence: Option<(EvidenceId, Vec<u8>)>,
    text: String,
}

/// Fields of a section, of which none that is asked for stands twice.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(section: &[u8]) -> Result<Self, Refused> {
        read_section(&[section.trim_ascii_end(), b"\r\n\r\n"].concat()).map(Self)
    }

    fn get(&self, wanted: &'static str) -> Result<Option<&str>, Refused> {
        let mut found = self.0.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refusal::MessageMalformed.about(format_args!("{wanted} stands twice"))),
            (found, None) => Ok(found),
        }
    }

    fn date(&self, wanted: &'static str) -> Result<Option<Timestamp>, Refused> {
        let read = |text: &str| {
            let date = jiff::fmt::rfc2822::parse(text).map_err(|_| Refusal::MessageMalformed.about(wanted))?;
            Ok(date.timestamp())
        };
        self.get(wanted)?.map(read).transpose()
    }
}

/// Is there a report in it, whatever it says? Any says by a header which bundle it is about.
pub(super) fn is_a_report(part: &[u8]) -> bool {
    let Some(message) = MessageParser::default().parse(part) else { return false };
    message.parts.iter().any(|part| is(part, "multipart", "report") || is(part, "text", "rfc822-headers"))
}

/// The words for people.
pub(super) fn text(part: &[u8]) -> String {
    MessageParser::default().parse(part).as_ref().map(words).unwrap_or_default()
}

fn words(message: &Message<'_>) -> String {
    let text = message.parts.iter().find(|part| is(part, "text", "plain")).and_then(MessagePart::text_contents);
    text.unwrap_or_default().to_owned()
}

impl Told {
    /// Refused where a part or a field is missing, stands twice, or contradicts another.
    pub(super) fn read(part: &[u8]) -> Result<Self, Refused> {
        let missing = |what: &'static str| move || Refusal::MessageMalformed.about(what);
        let message = MessageParser::default().parse(part).ok_or_else(missing("report"))?;
        let one = |kind: &str, sub: &'static str| {
            let mut found = message.parts.iter().filter(|part| is(part, kind, sub));
            match (found.next(), found.next()) {
                (_, Some(_)) => Err(Refusal::MessageMalformed.about(format_args!("{sub} stands twice"))),
                (found, None) => Ok(found),
            }
        };
        let headers = one("text", "rfc822-headers")?.ok_or_else(missing("rfc822-headers"))?;
        let header = Fields::read(headers.contents())?;
        let named = header.get("message-id")?.and_then(message_id).ok_or_else(missing("message-id"))?;
        let told = match (one("message", "delivery-status")?, one("message", "disposition-notification")?) {
            (Some(status), None) => Self::by_status(status.contents(), named)?,
            (None, Some(disposition)) => Self::by_disposition(disposition.contents(), named)?,
            (None, None) if one("multipart", "report")?.is_none() => Self::by_header(&header, named)?,
            _ => return Err(missing("report-type")()),
        };
        let file = |part: &MessagePart<'_>| {
            let id = part.attachment_name()?.strip_suffix(".json")?.parse().ok()?;
            Some((id, part.contents().to_vec()))
        };
        let evidence = one("application", "json")?.map(|part| file(part).ok_or_else(missing("name"))).transpose()?;
        Ok(Self { evidence, text: words(&message), ..told })
    }

    /// RFC 3464 §2: fields about the message, then those about its recipient, of whom a bundle has one.
    fn by_status(status: &[u8], message_id: String) -> Result<Self, Refused> {
        let missing = |what: &'static str| Refusal::MessageMalformed.about(what);
        let status = status.trim_ascii();
        let apart = status.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| missing("Final-Recipient"))?;
        Fields::read(&status[..apart])?;
        let about = status[apart..].trim_ascii();
        if about.windows(4).any(|four| four == b"\r\n\r\n") {
            return Err(missing("several recipients"));
        }
        let about = Fields::read(about)?;
        let kind = match about.get("action")? {
            Some("delivered") => Report::Delivered,
            Some("delayed") => Report::Uncollected,
            Some("failed") => Report::Expired,
            _ => return Err(missing("Action")),
        };
        // RFC 3464 §2.3.2: `rfc822;address`.
        let to =
            about.get("final-recipient")?.and_then(|value| value.split_once(';')?.1.trim().parse::<Address>().ok());
        let to = to.and_then(|to| to.office_number()).ok_or_else(|| missing("Final-Recipient"))?;
        let (at, until) = (about.date("last-attempt-date")?, about.date("will-retry-until")?);
        Ok(Self { kind, to, message_id, at, until, evidence: None, text: String::new() })
    }

    /// RFC 8098 §3.2.6: the gateway saw it go, and tells nothing else so.
    fn by_disposition(fields: &[u8], message_id: String) -> Result<Self, Refused> {
        let missing = |what: &'static str| Refusal::MessageMalformed.about(what);
        let said = Notification::read(fields)?;
        if said.original.as_ref() != Some(&message_id) {
            return Err(missing("Original-Message-ID"));
        }
        if !said.outcome()?.eq_ignore_ascii_case("dispatched") {
            return Err(missing("Disposition"));
        }
        let to = said.recipient.and_then(|to| to.office_number()).ok_or_else(|| missing("Final-Recipient"))?;
        Ok(Self::handed_over(to, message_id))
    }

    /// Profile §8.17: the same, told to who did not ask for a disposition notification, has no part for machines but the evidence.
    fn by_header(header: &Fields, message_id: String) -> Result<Self, Refused> {
        let to = header.get("to")?.and_then(|to| to.trim().parse::<Address>().ok()?.office_number());
        Ok(Self::handed_over(to.ok_or_else(|| Refusal::MessageMalformed.about("To"))?, message_id))
    }

    fn handed_over(to: OfficeNumber, message_id: String) -> Self {
        let (kind, text) = (Report::HandedOver, String::new());
        Self { kind, to, message_id, at: None, until: None, evidence: None, text }
    }

    pub(super) fn evidence_id(&self) -> Option<EvidenceId> {
        self.evidence.as_ref().map(|(id, _)| *id)
    }

    /// Every SHA-256 that the words name, in small letters.
    pub(super) fn digests(&self) -> impl Iterator<Item = String> {
        let words = self.text.split(|letter: char| !letter.is_ascii_hexdigit());
        words.filter(|word| word.len() == 64).map(str::to_ascii_lowercase)
    }
}
