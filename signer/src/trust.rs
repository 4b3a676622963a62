//! Whom we believe: the anchors, and whether a signer's certificate leads to one of them at a given moment.

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::ext::pkix::BasicConstraints;

use crate::certificate::Certificate;
use crate::error::{CertificateError, RevocationError};
use crate::profile;
use crate::revocation::RevocationList;
use crate::signed::Signature;

mod path;

/// The trusted authorities and what they revoked. Cheap to clone; a changed list is a new `Trust`.
#[derive(Clone)]
pub struct Trust {
    anchors: Arc<[Certificate]>,
    lists: Arc<[RevocationList]>,
    without_list: WithoutList,
    validator: Arc<path::Validator>,
}

/// What it means that an authority has no revocation list here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutList {
    /// Its certificates are believed.
    #[default]
    Accept,
    /// They are not.
    Refuse,
}

impl Trust {
    /// Trusts these authorities. A certificate that is no authority's is refused, for it could vouch for nobody.
    pub fn new(anchors: impl IntoIterator<Item = Certificate>) -> Result<Self, CertificateError> {
        let anchors: Vec<Certificate> = anchors.into_iter().collect();
        for anchor in &anchors {
            profile::anchor(anchor)?;
            let constraints = anchor.decoded().tbs_certificate().get_extension::<BasicConstraints>();
            if !matches!(constraints, Ok(Some((_, constraints))) if constraints.ca) {
                return Err(CertificateError::BadChain("a trusted certificate is not an authority's"));
            }
        }
        let (lists, without_list) = (Arc::default(), WithoutList::default());
        Ok(Self { anchors: anchors.into(), lists, without_list, validator: Arc::new(path::Validator::new()) })
    }

    /// The same anchors with these revocation lists in place of the former.
    #[must_use]
    pub fn with_lists(&self, lists: impl IntoIterator<Item = RevocationList>, without_list: WithoutList) -> Self {
        let mut lists: Vec<RevocationList> = lists.into_iter().collect();
        // The newest of an authority is found first.
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        Self { lists: lists.into(), without_list, ..self.clone() }
    }

    /// The anchors.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// Whether the signature's certificate is one to believe at `at`. Whether it was revoked is another question, with
    /// other answers: [`Trust::check_revocation`].
    pub fn check(&self, signature: &Signature, at: Timestamp) -> Result<(), CertificateError> {
        self.check_certificate(signature.signer(), signature.chain(), at)
    }

    /// The same for a certificate without a signature, such as one an office enrols; `helpers` may lead to an anchor.
    pub fn check_certificate(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<(), CertificateError> {
        self.path(certificate, helpers, at).map(|_| ())
    }

    /// Whether the signature's certificate leads to an anchor at `at` and nothing on the way was revoked by then.
    pub fn check_revocation(&self, signature: &Signature, at: Timestamp) -> Result<(), RevocationError> {
        let path = self.path(signature.signer(), signature.chain(), at)?;
        for (certificate, authority) in path.iter().zip(&path[1..]) {
            self.check_link(certificate, authority, at)?;
        }
        Ok(())
    }

    /// The certificate, the authorities above it and the anchor, when all rules hold.
    fn path<'c>(
        &'c self,
        certificate: &'c Certificate,
        helpers: &'c [Certificate],
        at: Timestamp,
    ) -> Result<Vec<&'c Certificate>, CertificateError> {
        if self.anchors.contains(certificate) {
            return Err(CertificateError::Authority);
        }
        is_in_force(certificate, at)?;
        profile::signer(certificate)?;
        self.validator.validate(certificate, helpers, &self.anchors, at)
    }

    /// RFC 5280 §6.3: asked of the newest list of the authority that issued the certificate.
    fn check_link(
        &self,
        certificate: &Certificate,
        authority: &Certificate,
        at: Timestamp,
    ) -> Result<(), RevocationError> {
        let Some(list) = self.lists.iter().find(|list| list.speaks_about(certificate, authority)) else {
            return match self.without_list {
                WithoutList::Accept => Ok(()),
                WithoutList::Refuse => Err(RevocationError::NoList { issuer: authority.subject() }),
            };
        };
        if let Some(revoked) = list.find(certificate, at) {
            return Err(RevocationError::Revoked { subject: certificate.subject(), revoked });
        }
        if at > list.next_update() {
            let (issuer, next_update) = (list.issuer(), list.next_update());
            return Err(RevocationError::Stale { issuer, next_update });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.anchors.iter()).finish()
    }
}

/// RFC 5280 §4.1.2.5: both ends belong to the validity.
fn is_in_force(certificate: &Certificate, at: Timestamp) -> Result<(), CertificateError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if at < not_before {
        return Err(CertificateError::NotYetValid { not_before });
    }
    if at.as_second() > not_after.as_second() {
        return Err(CertificateError::Expired { not_after });
    }
    Ok(())
}
