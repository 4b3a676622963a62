//! 受領証: the signed word that a bundle is on our disk (Profile §8.2; RFC 8098, RFC 4130 §7.4.3). Written only after that is so.

mod failure;
mod notification;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_careplan::Lang;
use fumibako_model::{Address, JAPAN, Private};
use fumibako_signer::{Identity, ReceiptError, Signature, sign_receipt};
use jiff::Timestamp;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;

use crate::bundle::MESSAGE_BYTES;
use crate::bundle::fields::Fields;
use crate::bundle::seal::{self, Asks, Letter};
use crate::signatory::Signatory;
use crate::trouble::Trouble;

pub use failure::Failure;
pub(crate) use notification::{facts, is};
pub use notification::{notification, signed_receipt};

/// What stands in the header of a notification.
struct About<'a> {
    message_id: &'a str,
    original: &'a str,
    at: Timestamp,
    subject: &'a str,
}

/// Signs a notification (RFC 8098) from our office to the sender's.
fn notice(
    (us, sender): (&Address, &Address),
    signatory: Signatory<'_>,
    about: &About<'_>,
    parts: Vec<MimePart<'_>>,
) -> Result<Private<Vec<u8>>, Trouble> {
    let fields = Fields {
        from: us.clone(),
        sender: signatory.sender(&us.domain),
        to: sender.clone(),
        at: about.at,
        message_id: about.message_id.to_owned(),
        subject: about.subject.into(),
        more: vec![("In-Reply-To", format!("<{}>", about.original))],
    };
    let kind = ContentType::new("multipart/report").attribute("report-type", "disposition-notification");
    // Profile §4.5: it holds no care data, so everybody on the way may read it.
    seal::signed(&fields, Letter { kind, parts, most: MESSAGE_BYTES }, (signatory.identity, Asks::Nothing), about.at)
}

/// The first part, for people whose mail tool shows it (RFC 6522 §3).
fn for_people(text: String) -> MimePart<'static> {
    MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), text)
}

/// The second part, for machines.
fn for_machines(text: String) -> MimePart<'static> {
    MimePart::new(ContentType::new("message/disposition-notification"), text.into_bytes()).transfer_encoding("7bit")
}

/// What is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The receipt's own Message-ID, chosen before the files are saved so that no crash makes a second receipt.
    pub message_id: String,
    /// The bundle's Message-ID, without angle brackets.
    pub original: String,
    /// SHA-256 of the bundle's signed part.
    pub digest: [u8; 32],
    /// When its files were on disk.
    pub saved_at: Timestamp,
}

impl Receipt {
    /// Composes and signs the receipt from our office to the sender's, with a signed receipt (RFC 2634 §2) when the verified
    /// `innermost` signature of the bundle asks for one, and is at hand.
    pub fn compose<'i, 's>(
        &self,
        us: &Address,
        sender: &Address,
        signatory: impl Into<Signatory<'i>>,
        innermost: impl Into<Option<&'s Signature>>,
    ) -> Result<Private<Vec<u8>>, Trouble> {
        let signatory = signatory.into();
        let mut parts = vec![self.readable(us), self.notification(us)];
        // Profile §8.8: as it was signed, octet for octet.
        if let Some(innermost) = innermost.into() {
            parts.extend(self.signed(innermost, signatory.identity)?.map(MimePart::raw));
        }
        let about = About {
            message_id: &self.message_id,
            original: &self.original,
            at: self.saved_at,
            subject: "ケアプランデータ 受領証 [Fumibako]",
        };
        let octets = notice((us, sender), signatory, &about, parts)?;
        tracing::info!(message = self.message_id, original = self.original, to = %sender, "receipt.composed");
        Ok(octets)
    }

    /// What the bundle asked for. A request that nobody can read, or that asks others, costs nobody the notification.
    fn signed(&self, innermost: &Signature, identity: &Identity) -> Result<Option<Vec<u8>>, Trouble> {
        match sign_receipt(innermost, identity, self.saved_at) {
            Ok(entity) => Ok(Some(entity)),
            Err(ReceiptError::Sign(why)) => Err(why.into()),
            Err(why) => {
                tracing::debug!(original = self.original, %why, "receipt.unsigned");
                Ok(None)
            }
        }
    }

    fn readable(&self, us: &Address) -> MimePart<'static> {
        let time = JAPAN.to_datetime(self.saved_at).strftime("%Y-%m-%d %H:%M:%S");
        let sentence = |lang: Lang| match lang {
            Lang::Ja => format!("事業所 {us} は、送信データを受け取り、{time}（日本時間）に保存を終えました。"),
            Lang::En => format!("The office {us} received the bundle and had saved it by {time} (Japan time)."),
        };
        let text = format!(
            "受領証\r\n\r\n{}\r\n{}\r\n\r\nMessage-ID: <{}>\r\n",
            sentence(Lang::Ja),
            sentence(Lang::En),
            self.original
        );
        for_people(text)
    }

    /// For machines. The user asked for it with `fetch`, hence `manual-action/MDN-sent-manually`; the files were saved
    /// and not shown, hence `processed` (RFC 8098 §3.2.6.2).
    fn notification(&self, us: &Address) -> MimePart<'static> {
        let text = format!(
            "Reporting-UA: {domain}; Fumibako {version}\r\nFinal-Recipient: rfc822; {us}\r\n\
             Original-Message-ID: <{original}>\r\nDisposition: manual-action/MDN-sent-manually; processed\r\n\
             Received-content-MIC: {digest}, sha-256\r\n",
            domain = us.domain,
            version = env!("CARGO_PKG_VERSION"),
            original = self.original,
            digest = STANDARD.encode(self.digest),
        );
        for_machines(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, Ca, address, now};
    use expect_test::expect;
    use fumibako_signer::{Receipts, Signed, SignedReceipt, Signing, sign_with};

    #[test]
    fn the_notification_is_written_by_rfc_8098() {
        let receipt = Receipt {
            message_id: "r@plans.example".into(),
            original: "b@plans.example".into(),
            digest: [7; 32],
            saved_at: "2026-11-20T00:15:00Z".parse().unwrap(),
        };
        let mut octets = Vec::new();
        receipt.notification(&"9970000029@plans.example".parse().unwrap()).write_part(&mut octets).unwrap();
        expect![[r"
            Content-Type: message/disposition-notification
            Content-Transfer-Encoding: 7bit

            Reporting-UA: plans.example; Fumibako 0.1.0
            Final-Recipient: rfc822; 9970000029@plans.example
            Original-Message-ID: <b@plans.example>
            Disposition: manual-action/MDN-sent-manually; processed
            Received-content-MIC: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=, sha-256
        "]]
        .assert_eq(&String::from_utf8(octets).unwrap().replace('\r', ""));
    }

    /// Profile §8.8. What we write we can read back.
    #[test]
    fn the_notification_is_read_as_it_was_written() {
        let (us, ca) = (address(B), Ca::new());
        let receipt = Receipt {
            message_id: "r@x.example".into(),
            original: "b@x.example".into(),
            digest: [7; 32],
            saved_at: now(),
        };
        let original = |signing: &Signing<'_>| {
            sign_with(b"Content-Type: text/plain\r\n\r\nplan\r\n", &ca.identity(A), signing, now()).unwrap()
        };
        let signature = |message: &[u8]| Signed::read(message).unwrap().verify().unwrap();
        let plain = signature(&original(&Signing::default()));
        let message = receipt.compose(&us, &address(A), &ca.identity(B), &plain).unwrap();
        assert_eq!(signed_receipt(Signed::read(&message.0).unwrap().part()), None, "nobody asked for one");
        let read = notification(Signed::read(&message.0).unwrap().part()).unwrap();
        assert_eq!((read.recipient.as_ref(), read.original.as_deref()), (Some(&us), Some("b@x.example")));
        assert_eq!((read.digest, read.is_processed()), (Some([7; 32]), Ok(())));
        let receipts = Some(Receipts { from: None, to: &[A] });
        let asking = signature(&original(&Signing { receipts, ..Signing::default() }));
        let message = receipt.compose(&us, &address(A), &ca.identity(B), &asking).unwrap();
        let signed = signed_receipt(Signed::read(&message.0).unwrap().part()).unwrap();
        assert_eq!(SignedReceipt::read(&signed).unwrap().confirms(&asking), Ok(()));
        assert_eq!(notification(b"Content-Type: text/plain\r\n\r\nDisposition: x; processed\r\n"), None);
    }
}
