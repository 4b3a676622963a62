//! What the notification inside a receipt says (RFC 8098 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Address, Fault, Refusal, Refused};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};

use crate::verify::Fact;

/// The fields of a notification, as far as they can be read. Nothing vouches for them but the signature around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// Who received the bundle.
    pub recipient: Option<Address>,
    /// The bundle's Message-ID, without angle brackets.
    pub original: Option<String>,
    /// What became of it.
    pub disposition: Option<String>,
    /// SHA-256 of the bundle's signed part.
    pub digest: Option<[u8; 32]>,
}

impl Notification {
    /// Reads the notification of a `multipart/report`, if the entity is one.
    pub fn read(entity: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(entity)?;
        let is_report = is(message.root_part(), "multipart", "report");
        let text = is_report.then(|| fields_of(&message))??;
        let get = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            let (_, value) = lines.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
            Some(value.trim().to_owned())
        };
        let bare = |id: String| id.trim_start_matches('<').trim_end_matches('>').to_owned();
        Some(Self {
            recipient: get("Final-Recipient").and_then(|value| value.split_once(';')?.1.trim().parse().ok()),
            original: get("Original-Message-ID").map(bare),
            disposition: get("Disposition"),
            digest: get("Received-content-MIC").and_then(|value| digest(&value)),
        })
    }

    /// RFC 8098 §3.2.6: only `processed` without a modifier acknowledges a bundle.
    pub fn is_processed(&self) -> Result<(), Refused> {
        let outcome = self.disposition.as_deref().and_then(|text| text.rsplit(';').next()).unwrap_or_default();
        let whole = self.original.is_some() && self.digest.is_some();
        if whole && outcome.trim().eq_ignore_ascii_case("processed") {
            Ok(())
        } else {
            Err(Refusal::MessageMalformed.about("Disposition"))
        }
    }

    /// RFC 8098 §3.2.6, RFC 4130 §7.4.3: why it could not be opened, if that is what is said.
    pub fn fault(&self) -> Option<Fault> {
        let outcome = self.disposition.as_deref()?.rsplit(';').next()?.trim();
        let (kind, modifier) = outcome.split_once('/')?;
        let (modifier, class) = modifier.split_once(':').unwrap_or((modifier, ""));
        let is_error = kind.trim().eq_ignore_ascii_case("processed") && modifier.trim().eq_ignore_ascii_case("error");
        is_error.then(|| Fault::from_word(class.trim()).unwrap_or(Fault::UnexpectedProcessingError))
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        let digest = self.digest.map(|digest| crate::random::hex_of(&digest));
        let fault = self.fault().map(|fault| fault.word().to_owned());
        vec![
            Fact::text("original", "受け取ったデータ", "what was received", self.original.clone()),
            Fact::text("content_sha256", "その内容（SHA-256）", "its content, SHA-256", digest),
            Fact::text("disposition", "扱い", "disposition", self.disposition.clone()),
            Fact::text("fault", "開封できず（受領ではありません）", "not opened, no receipt", fault),
        ]
    }
}

/// The signed receipt (RFC 2634 §2) that stands beside the notification, octet for octet.
pub fn signed_receipt(entity: &[u8]) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(entity)?;
    let part = message.parts.iter().find(|part| is(part, "application", "pkcs7-mime"))?;
    entity.get(part.offset_header as usize..part.offset_end as usize).map(<[u8]>::to_vec)
}

fn is(part: &MessagePart<'_>, kind: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|written| {
        written.ctype().eq_ignore_ascii_case(kind) && written.subtype().is_some_and(|s| s.eq_ignore_ascii_case(sub))
    })
}

fn fields_of(message: &Message<'_>) -> Option<String> {
    let part = message.parts.iter().find(|part| is(part, "message", "disposition-notification"))?;
    Some(String::from_utf8_lossy(part.contents()).into_owned())
}

/// RFC 4130 §7.4.3
fn digest(value: &str) -> Option<[u8; 32]> {
    let (digest, algorithm) = value.split_once(',')?;
    let known = ["sha-256", "sha256"].iter().any(|name| algorithm.trim().eq_ignore_ascii_case(name));
    STANDARD.decode(digest.trim()).ok().filter(|_| known)?.try_into().ok()
}
