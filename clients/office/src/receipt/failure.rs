//! The signed word that a bundle could not be opened here (Profile §8.22; RFC 8098 §3.2.6, RFC 4130 §7.4.3): a class, no content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_careplan::Lang;
use fumibako_model::{Address, Fault, JAPAN, Private};
use jiff::Timestamp;

use super::{About, for_machines, for_people, notice};
use crate::signatory::Signatory;
use crate::trouble::Trouble;

/// What could not be opened, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The notification's own Message-ID.
    pub message_id: String,
    /// The bundle's Message-ID, without angle brackets.
    pub original: String,
    /// The class of what was wrong.
    pub fault: Fault,
    /// SHA-256 of the bundle's signed part, where its outer signature holds.
    pub digest: Option<[u8; 32]>,
    /// When it was tried.
    pub at: Timestamp,
}

impl Failure {
    /// Composes and signs the notification from our office to the sender's.
    pub fn compose(
        &self,
        us: &Address,
        sender: &Address,
        signatory: Signatory<'_>,
    ) -> Result<Private<Vec<u8>>, Trouble> {
        let about = About {
            message_id: &self.message_id,
            original: &self.original,
            at: self.at,
            subject: "ケアプランデータ 開封できません [Fumibako]",
        };
        let parts = vec![for_people(self.words(us)), for_machines(self.notification(us))];
        let octets = notice((us, sender), signatory, &about, parts)?;
        tracing::info!(
            message = self.message_id,
            original = self.original,
            fault = self.fault.word(),
            "failure.composed"
        );
        Ok(octets)
    }

    fn words(&self, us: &Address) -> String {
        let time = JAPAN.to_datetime(self.at).strftime("%Y-%m-%d %H:%M:%S");
        let said = |lang: Lang| format!("{}\r\n{}", self.fault.sentence(lang), self.fault.next(lang));
        format!(
            "開封できないことのお知らせ\r\n\r\n事業所 {us} は、{time}（日本時間）に送信データを受け取りましたが、開けませんでした。\
             保存も受領もしていません。\r\n{}\r\n\r\nThe office {us} collected the bundle and could not open it; nothing was \
             saved or acknowledged.\r\n{}\r\n\r\nMessage-ID: <{}>\r\n",
            said(Lang::Ja),
            said(Lang::En),
            self.original
        )
    }

    /// Nobody was asked, hence `automatic-action/MDN-sent-automatically`. The class stands in the disposition, where RFC 4130 has
    /// it, and in the field that RFC 8098 §3.2.7 has for it.
    fn notification(&self, us: &Address) -> String {
        let word = self.fault.word();
        let mic = self.digest.map(|digest| format!("Received-content-MIC: {}, sha-256\r\n", STANDARD.encode(digest)));
        format!(
            "Reporting-UA: {domain}; Fumibako {version}\r\nFinal-Recipient: rfc822; {us}\r\n\
             Original-Message-ID: <{original}>\r\n\
             Disposition: automatic-action/MDN-sent-automatically; processed/error: {word}\r\nError: {word}\r\n{mic}",
            domain = us.domain,
            version = env!("CARGO_PKG_VERSION"),
            original = self.original,
            mic = mic.unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::notification;
    use crate::testing::{A, B, Ca, address, now};
    use fumibako_signer::Signed;

    // Profile §8.22
    #[test]
    fn the_word_names_the_class_and_the_bundle_and_nothing_else() {
        let failure = Failure {
            message_id: "f@x.example".into(),
            original: "b@x.example".into(),
            fault: Fault::DecryptionFailed,
            digest: Some([7; 32]),
            at: now(),
        };
        let (us, identity) = (address(B), Ca::new().identity(B));
        let octets = failure.compose(&us, &address(A), (&identity).into()).unwrap();
        let read = notification(Signed::read(&octets.0).unwrap().part()).unwrap();
        assert_eq!((read.recipient.as_ref(), read.original.as_deref()), (Some(&us), Some("b@x.example")));
        assert_eq!((read.fault(), read.digest), (Some(Fault::DecryptionFailed), Some([7; 32])));
        assert!(read.is_processed().is_err());
        let bare = Failure { digest: None, ..failure };
        assert!(!bare.notification(&us).contains("MIC"));
        assert!(
            bare.notification(&us).contains("; processed/error: decryption-failed\r\nError: decryption-failed\r\n")
        );
    }
}
