//! 受領証 as a message (Profile §8.2): a signed disposition notification, whole or with one thing wrong.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;

use crate::clock::now;
use crate::gateway::Office;
use crate::letter::{Letter, date, lines, new_message_id};

/// A receipt that is not signed yet.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The header's fields, repeated under the signature.
    pub fields: Vec<(&'static str, String)>,
    /// The bundle's Message-ID, with angle brackets.
    pub original: String,
    /// What the receipt says happened (RFC 8098 §3.2.6).
    pub disposition: String,
    /// SHA-256 of the bundle's signed part, in base64.
    pub digest: String,
}

impl Receipt {
    /// The receipt for a letter, by the office that received it.
    pub fn of(letter: &Letter, by: &Office, to: &Office) -> Self {
        let fields =
            vec![("From", by.address()), ("To", to.address()), ("Date", date(now())), ("Message-ID", new_message_id())];
        let digest = STANDARD.encode(digest(&SHA256, &letter.part()));
        let disposition = "manual-action/MDN-sent-manually; processed".to_owned();
        Self { fields, original: letter.message_id().to_owned(), disposition, digest }
    }

    /// The same, dated then.
    #[must_use]
    pub fn dated(mut self, at: Timestamp) -> Self {
        for (_, value) in self.fields.iter_mut().filter(|(name, _)| *name == "Date") {
            *value = date(at);
        }
        self
    }

    /// The message, signed.
    pub fn signed(&self, by: &Identity) -> Vec<u8> {
        const BOUNDARY: &str = "parts-of-one-receipt";
        let Self { fields, original, disposition, digest } = self;
        let entity = format!(
            "{repeated}Content-Type: multipart/report; report-type=disposition-notification; boundary=\"{BOUNDARY}\"\r\n\r\n\
             --{BOUNDARY}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nReceived with thanks.\r\n\
             --{BOUNDARY}\r\nContent-Type: message/disposition-notification\r\n\r\n\
             Reporting-UA: pc.example; conformance\r\nFinal-Recipient: rfc822; {from}\r\n\
             Original-Message-ID: {original}\r\nDisposition: {disposition}\r\n\
             Received-content-MIC: {digest}, sha-256\r\n\r\n--{BOUNDARY}--\r\n",
            repeated = lines(fields),
            from = fields[0].1,
        );
        let signed = sign(entity.as_bytes(), by, now()).expect("the entity can be signed");
        let header = lines(fields) + "Subject: =?UTF-8?B?5Y+X6aCY6Ki8?=\r\nMIME-Version: 1.0\r\n";
        [header.as_bytes(), &signed].concat()
    }
}
