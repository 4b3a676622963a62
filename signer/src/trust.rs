//! Whom we believe: the anchors, and whether a signer's certificate leads to one of them at a given moment.

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::ext::pkix::BasicConstraints;

use crate::certificate::Certificate;
use crate::error::CertificateError;
use crate::profile;
use crate::signed::Signature;

mod path;

/// The trusted authorities. Cheap to clone; a changed list is a new `Trust`.
#[derive(Clone)]
pub struct Trust {
    anchors: Arc<[Certificate]>,
    validator: Arc<path::Validator>,
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
        Ok(Self { anchors: anchors.into(), validator: Arc::new(path::Validator::new()) })
    }

    /// The anchors.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// Whether the signature's certificate is one to believe at `at`.
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
        if self.anchors.contains(certificate) {
            return Err(CertificateError::Authority);
        }
        is_in_force(certificate, at)?;
        profile::signer(certificate)?;
        self.validator.validate(certificate, helpers, &self.anchors, at)
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
