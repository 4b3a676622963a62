//! The authority answers questions about what it issued (RFC 6960), for demonstrations and tests.

use std::time::Duration;

use const_oid::db::rfc5912::ECDSA_WITH_SHA_256;
use der::asn1::{AnyRef, BitString, GeneralizedTime, Null, OctetString};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use rcgen::SigningKey as _;
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;

use super::{Authority, AuthorityError};
use crate::certificate::Certificate;
use crate::revocation::Reason;
use crate::status::response::{BASIC, Basic, Body, Content, Outcome, Responder, Response, RevokedInfo, Single, Status};
use crate::status::{CertId, NONCE, Question, nonce_of};

const BROKEN: AuthorityError = AuthorityError::Malformed("the question does not decode");

impl Authority {
    /// Answers a question: these certificates are revoked, each since its moment, and all others are good. The answer
    /// counts from `at` to `next`.
    pub fn answer(
        &self,
        question: &[u8],
        revoked: &[(&Certificate, Timestamp)],
        at: Timestamp,
        next: Timestamp,
    ) -> Result<Vec<u8>, AuthorityError> {
        let question = Question::from_der(question).map_err(|_| BROKEN)?.content;
        let nonce = nonce_of(question.extensions.as_ref()).map_err(|_| BROKEN)?;
        let extensions = nonce.map(repeated).transpose().map_err(|_| BROKEN)?;
        let mut answers = Vec::new();
        for request in question.requests {
            let status = self.status(&request.id, revoked)?;
            let (this_update, next_update) = (time(at)?, Some(time(next)?));
            answers.push(Single { id: request.id, status, this_update, next_update, extensions: None });
        }
        let responder = Responder::Name(self.certificate.decoded().tbs_certificate().subject().clone());
        let extensions = extensions.map(|extension| vec![extension]);
        let content = Content { version: 0, responder, produced_at: time(at)?, answers, extensions };
        let signed = content.to_der().map_err(|_| BROKEN)?;
        let signature = self.key.sign(&signed)?;
        wrapped(&signed, &signature).map_err(|_| AuthorityError::Make("the answer does not encode".to_owned()))
    }

    /// Signs any octets as the content of a revocation list or a certificate (RFC 5280 §4.1, §5.1): what a reader makes of
    /// what no authority should have signed is for tests to see. `None`: they are not even one element of DER.
    pub fn sign_content(&self, content: &[u8]) -> Option<Vec<u8>> {
        let signature = self.key.sign(content).ok()?;
        basic(content, &signature).and_then(|signed| signed.to_der()).ok()
    }

    /// The same as the content of an answer (RFC 6960 §4.2.1).
    pub fn sign_answer(&self, content: &[u8]) -> Option<Vec<u8>> {
        let signature = self.key.sign(content).ok()?;
        wrapped(content, &signature).ok()
    }

    fn status(&self, id: &CertId, revoked: &[(&Certificate, Timestamp)]) -> Result<Status, AuthorityError> {
        if !id.is_of(&self.certificate) {
            return Ok(Status::Unknown(Null));
        }
        let found = revoked
            .iter()
            .find(|(certificate, _)| *certificate.decoded().tbs_certificate().serial_number() == id.serial);
        let Some((_, since)) = found else { return Ok(Status::Good(Null)) };
        Ok(Status::Revoked(RevokedInfo { since: time(*since)?, reason: Some(Reason::KeyCompromise) }))
    }
}

fn repeated(nonce: &[u8]) -> der::Result<Extension> {
    let extn_value = OctetString::new(OctetString::new(nonce)?.to_der()?)?;
    Ok(Extension { extn_id: NONCE, critical: false, extn_value })
}

/// Content, algorithm and signature, as they stand in lists, certificates and answers alike.
fn basic<'s>(signed: &'s [u8], signature: &[u8]) -> der::Result<Basic<'s>> {
    let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA_256, parameters: None };
    let signature = BitString::from_bytes(signature)?;
    Ok(Basic { signed: AnyRef::from_der(signed)?, algorithm, signature, certificates: None })
}

fn wrapped(signed: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
    let body = Some(Body { kind: BASIC, octets: OctetString::new(basic(signed, signature)?.to_der()?)? });
    Response { outcome: Outcome::Successful, body }.to_der()
}

fn time(at: Timestamp) -> Result<GeneralizedTime, AuthorityError> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| AuthorityError::Time(at))?;
    GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).map_err(|_| AuthorityError::Time(at))
}
