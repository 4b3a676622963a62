//! Which certificates a list speaks about (RFC 5280 §5.2.5): an authority may cut its list into pieces, and the wrong piece
//! says "not revoked" about everybody.

use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::name::{Name, RdnSequence};

use super::series::DELTA_INDICATOR;
use crate::certificate::Certificate;
use crate::error::ListError;

/// Read from a list's extensions.
#[derive(Clone, PartialEq)]
pub(super) struct Scope {
    holders: Holders,
    /// The names of the piece; none: the list is whole.
    points: Vec<GeneralName>,
}

#[derive(Clone, Copy, PartialEq)]
enum Holders {
    All,
    Subscribers,
    Authorities,
}

const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");

impl Scope {
    /// A list whose meaning another list or authority changes is refused.
    pub(super) fn read(extensions: &[Extension], issuer: &Name) -> Result<Self, ListError> {
        let mut scope = Self { holders: Holders::All, points: Vec::new() };
        for extension in extensions {
            if extension.extn_id == ISSUING_DISTRIBUTION_POINT {
                scope = Self::of_point(extension.extn_value.as_bytes(), issuer)?;
            } else if extension.critical && extension.extn_id != DELTA_INDICATOR {
                return Err(ListError::Unsupported("a critical extension"));
            }
        }
        Ok(scope)
    }

    fn of_point(der: &[u8], issuer: &Name) -> Result<Self, ListError> {
        let broken = |_| ListError::Malformed("its distribution point does not decode");
        let point = IssuingDistributionPoint::from_der(der).map_err(broken)?;
        if point.indirect_crl || point.only_some_reasons.is_some() || point.only_contains_attribute_certs {
            return Err(ListError::Unsupported("a scope of other authorities, some reasons or attributes"));
        }
        let holders = match (point.only_contains_user_certs, point.only_contains_ca_certs) {
            (false, false) => Holders::All,
            (true, false) => Holders::Subscribers,
            (false, true) => Holders::Authorities,
            (true, true) => return Err(ListError::Malformed("it speaks about nobody")),
        };
        let points = point.distribution_point.map(|name| full_names(name, issuer)).unwrap_or_default();
        Ok(Self { holders, points })
    }

    /// What tells one scope from another.
    pub(super) fn octets(&self) -> Vec<u8> {
        [vec![self.holders as u8], self.points.to_der().unwrap_or_default()].concat()
    }

    /// RFC 5280 §6.3.3 (b) (2).
    pub(super) fn covers(&self, certificate: &Certificate) -> bool {
        let holder = match self.holders {
            Holders::All => true,
            Holders::Authorities => is_authority(certificate),
            Holders::Subscribers => !is_authority(certificate),
        };
        holder && (self.points.is_empty() || points_of(certificate).iter().any(|name| self.points.contains(name)))
    }
}

/// Where the certificate says its list is. A point of another authority, or of some reasons only, is no help.
fn points_of(certificate: &Certificate) -> Vec<GeneralName> {
    let tbs = certificate.decoded().tbs_certificate();
    let Ok(Some((_, CrlDistributionPoints(points)))) = tbs.get_extension() else { return Vec::new() };
    let plain = points.into_iter().filter(|point| point.reasons.is_none() && point.crl_issuer.is_none());
    plain.filter_map(|point| point.distribution_point).flat_map(|name| full_names(name, tbs.issuer())).collect()
}

/// RFC 5280 §4.2.1.13: a relative name continues the issuer's.
fn full_names(name: DistributionPointName, issuer: &Name) -> Vec<GeneralName> {
    match name {
        DistributionPointName::FullName(names) => names,
        DistributionPointName::NameRelativeToCRLIssuer(last) => {
            let mut whole = RdnSequence::default();
            issuer.iter_rdn().cloned().chain([last]).for_each(|part| whole.push(part));
            vec![GeneralName::DirectoryName(Name::hazmat_from_rdn_sequence(whole))]
        }
    }
}

fn is_authority(certificate: &Certificate) -> bool {
    let constraints = certificate.decoded().tbs_certificate().get_extension::<BasicConstraints>();
    matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
}
