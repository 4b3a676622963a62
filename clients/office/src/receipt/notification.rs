//! The notification inside a receipt (RFC 8098 §3), found and shown. What it says is read in [`fumibako_model`], as at the gateway.

use fumibako_model::Notification;
use mail_parser::{MessageParser, MessagePart, MimeHeaders as _};

use crate::verify::Fact;

/// Reads the notification of a `multipart/report`, if the entity is one. One whose fields cannot be read says nothing. What is in hand may be of a
/// time at which gateways read less closely, and is what it was then.
pub fn notification(entity: &[u8]) -> Option<Notification> {
    let message = MessageParser::default().parse(entity)?;
    if !is(message.root_part(), "multipart", "report") {
        return None;
    }
    let part = message.parts.iter().find(|part| is(part, "message", "disposition-notification"))?;
    Some(Notification::read_again(part.contents()).unwrap_or_default())
}

/// What it says, for people.
pub(crate) fn facts(said: &Notification) -> Vec<Fact> {
    let digest = said.digest.map(|digest| fumibako_signer::hex(&digest));
    let fault = said.fault().map(|fault| fault.word().to_owned());
    vec![
        Fact::text("original", "受け取ったデータ", "what was received", said.original.clone()),
        Fact::text("content_sha256", "その内容（SHA-256）", "its content, SHA-256", digest),
        Fact::text("disposition", "扱い", "disposition", said.disposition.clone()),
        Fact::text("fault", "開封できず（受領ではありません）", "not opened, no receipt", fault),
    ]
}

/// The signed receipt (RFC 2634 §2) that stands beside the notification, octet for octet.
pub fn signed_receipt(entity: &[u8]) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(entity)?;
    let part = message.parts.iter().find(|part| is(part, "application", "pkcs7-mime"))?;
    entity.get(part.offset_header as usize..part.offset_end as usize).map(<[u8]>::to_vec)
}

/// Is it of this media type?
pub(crate) fn is(part: &MessagePart<'_>, kind: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|written| {
        written.ctype().eq_ignore_ascii_case(kind) && written.subtype().is_some_and(|s| s.eq_ignore_ascii_case(sub))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.2: as the gateway reads them.
    #[test]
    fn folded_fields_make_a_good_receipt_and_doubled_ones_none() {
        let report = |fields: &str| {
            let entity = format!(
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: text/plain\r\n\r\nReceived.\r\n\
                 --b\r\nContent-Type: message/disposition-notification\r\n\r\n{fields}\r\n--b--\r\n"
            );
            notification(entity.as_bytes()).unwrap()
        };
        let folded = "Final-Recipient: rfc822;\r\n 9970000029@plans.example\r\nOriginal-Message-ID:\r\n <b@x.example>\r\n\
            Disposition: manual-action/MDN-sent-manually;\r\n\tprocessed\r\n\
            Received-content-MIC:\r\n BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=, sha-256\r\n";
        let said = report(folded);
        assert_eq!((said.is_processed(), said.original.as_deref()), (Ok(()), Some("b@x.example")));
        assert!(said.recipient.is_some());
        let twice = report(&format!("{folded}Disposition: manual-action/MDN-sent-manually; deleted\r\n"));
        assert!(twice.is_processed().is_err() && twice.fault().is_none());
    }
}
