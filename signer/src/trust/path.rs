//! From a certificate to an anchor (RFC 5280 §6). Paths are found here, within named limits; each is judged by `certval`,
//! whose crypto is ours. Exchanging the validator means exchanging this file.

use std::collections::HashMap;

use certval::{
    CertificationPath, CertificationPathResults, CertificationPathSettings, Error, ObjectIdentifierSet, PDVCertificate,
    PDVTrustAnchorChoice, PathValidationStatus as Status, PkiEnvironment, TimeOfInterest,
    enforce_trust_anchor_constraints, validate_path_rfc5280,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_CE_CRL_DISTRIBUTION_POINTS};
use der::asn1::BitString;
use jiff::Timestamp;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};

use crate::algorithm::Algorithm;
use crate::allowed;
use crate::certificate::{Certificate, names_match};
use crate::error::CertificateError;
use crate::limits::{PATH_AUTHORITIES_MAX, PATH_SIGNATURES_MAX, PATH_STEPS_MAX, PATHS_MAX};
use crate::practice::Practice;
use crate::profile;

pub(super) struct Validator {
    environment: PkiEnvironment,
}

impl Validator {
    pub(super) fn new() -> Self {
        let mut environment = PkiEnvironment::new();
        environment.clear_all_callbacks();
        environment.add_verify_signature_message_callback(verify);
        Self { environment }
    }

    /// The first of the possible paths that holds; otherwise why the last one judged does not, or what barred the way.
    pub(super) fn validate<'c>(
        &'c self,
        target: &'c Certificate,
        helpers: Vec<&'c Certificate>,
        (anchors, practices): (&'c [Certificate], &'c [Practice]),
        at: Timestamp,
    ) -> Result<Path<'c>, CertificateError> {
        let mut search = Search {
            validator: self,
            helpers,
            anchors,
            practices,
            at,
            climb: vec![target],
            signed: HashMap::new(),
            paths: PATHS_MAX,
            steps: PATH_STEPS_MAX,
            barred: None,
            judged: None,
        };
        let unknown = || CertificateError::UnknownIssuer { issuer: target.issuer() };
        search.climb().ok_or_else(|| search.judged.or(search.barred).unwrap_or_else(unknown))
    }

    fn judge(&self, path: &Path<'_>, practice: &Practice, at: Timestamp) -> Result<(), CertificateError> {
        profile::holder(path.certificates[0], practice)?;
        for authority in &path.certificates[1..] {
            profile::any(authority)?;
        }
        let chain: Vec<&Certificate> = path.all().collect();
        // Profile §4.16: what an authority signed is believed as long as its key is, and the way it signed.
        chain.iter().try_for_each(|certificate| lasts(certificate, at))?;
        for signed in &path.certificates {
            allowed::by(Algorithm::read(signed.decoded().signature_algorithm(), None)?.end(), at)?;
        }
        for (place, authority) in chain.iter().enumerate().skip(1) {
            chain[..place].iter().try_for_each(|below| profile::keeps_names(authority, below))?;
        }
        keeps_purposes(&chain, practice)?;
        let decode = |certificate: &&Certificate| PDVCertificate::try_from(certificate.der()).map_err(broken);
        let target = decode(&path.certificates[0])?;
        // certval wants the authorities from the anchor downwards.
        let authorities = path.certificates[1..].iter().rev().map(decode).collect::<Result<Vec<_>, _>>()?;
        let anchor = PDVTrustAnchorChoice::try_from(path.anchor.der()).map_err(broken)?;

        let seconds = u64::try_from(at.as_second()).unwrap_or(0).max(1);
        let mut settings = CertificationPathSettings::new();
        settings.set_time_of_interest(TimeOfInterest::from_unix_secs(seconds).map_err(broken)?);
        settings.set_require_ta_store(false);
        settings.set_check_revocation_status(false);
        settings.set_enforce_trust_anchor_constraints(true);
        settings.set_forbid_self_signed_ee(true);
        // Judged before: certval would take `any purpose` of an authority for a purpose of its own.
        settings.set_extended_key_usage_path(false);
        let settings = enforce_trust_anchor_constraints(&settings, &anchor).map_err(reason)?;

        let path = CertificationPath::new(anchor, authorities, target);
        let mut results = CertificationPathResults::new();
        // RFC 5280 §4.2.1.13: where lists are found is obeyed here, by whoever fetches them.
        results.set_processed_extensions(ObjectIdentifierSet::from([ID_CE_CRL_DISTRIBUTION_POINTS]));
        validate_path_rfc5280(&self.environment, &settings, &path, &mut results).map_err(reason)
    }
}

/// Profile §4.16: a key is allowed until the day in the table.
pub(super) fn lasts(certificate: &Certificate, at: Timestamp) -> Result<(), CertificateError> {
    Ok(allowed::by(allowed::end(certificate.decoded().tbs_certificate().subject_public_key_info())?, at)?)
}

/// RFC 5280 §4.2.1.12: an authority for other purposes only vouches for no mail; one for any purpose, or for none it says,
/// does.
fn keeps_purposes(chain: &[&Certificate], practice: &Practice) -> Result<(), CertificateError> {
    let mut left: Vec<ObjectIdentifier> = practice.purposes().serving().to_vec();
    for certificate in chain {
        let usage = certificate.decoded().tbs_certificate().get_extension::<ExtendedKeyUsage>();
        let usage = usage.map_err(|_| CertificateError::Malformed("an extension does not decode"))?;
        if let Some((_, ExtendedKeyUsage(stated))) = usage
            && !stated.contains(&ANY_EXTENDED_KEY_USAGE)
        {
            left.retain(|purpose| stated.contains(purpose));
        }
    }
    if left.is_empty() { Err(reason_of(Status::InvalidKeyUsage)) } else { Ok(()) }
}

/// The target, then the authorities upwards, then the anchor.
pub(super) struct Path<'c> {
    certificates: Vec<&'c Certificate>,
    anchor: &'c Certificate,
    /// Which of the anchors.
    pub(super) place: usize,
}

impl<'c> Path<'c> {
    /// The anchor last.
    pub(super) fn all(&self) -> impl Iterator<Item = &'c Certificate> + Clone {
        self.certificates.iter().copied().chain([self.anchor])
    }
}

/// The search for paths. Names lead upwards (RFC 5280 §7.1), and nobody is climbed who did not sign what is below: a message
/// may bring any number of namesakes, in any order. Each path is judged when it is found.
struct Search<'c> {
    validator: &'c Validator,
    helpers: Vec<&'c Certificate>,
    anchors: &'c [Certificate],
    practices: &'c [Practice],
    at: Timestamp,
    /// The target and the authorities above it, so far.
    climb: Vec<&'c Certificate>,
    /// Which of two certificates signed the other, as far as it was asked, by their fingerprints.
    signed: HashMap<[[u8; 32]; 2], bool>,
    /// Paths still to be judged.
    paths: usize,
    /// Certificates still to be looked at: sixteen authorities of one name lead to millions of dead ends.
    steps: usize,
    /// Why an authority of the right name was not climbed.
    barred: Option<CertificateError>,
    /// Why a whole path does not hold.
    judged: Option<CertificateError>,
}

impl<'c> Search<'c> {
    fn climb(&mut self) -> Option<Path<'c>> {
        let lowest = *self.climb.last()?;
        for (place, anchor) in self.anchors.iter().enumerate().filter(|(_, anchor)| issued(anchor, lowest)) {
            if self.paths == 0 {
                return None;
            }
            self.paths -= 1;
            let path = Path { certificates: self.climb.clone(), anchor, place };
            match self.validator.judge(&path, &self.practices[place], self.at) {
                Ok(()) => return Some(path),
                Err(error) => self.judged = Some(error),
            }
        }
        if self.climb.len() > PATH_AUTHORITIES_MAX {
            return None;
        }
        for place in 0..self.helpers.len() {
            let helper = self.helpers[place];
            if self.steps == 0 || self.paths == 0 {
                return None;
            }
            self.steps -= 1;
            // An authority never stands above itself, nor above an anchor.
            let leads = issued(helper, lowest)
                && !self.anchors.contains(helper)
                && !self.climb.iter().any(|below| same_key(below, helper));
            if leads && self.may_stand_above(helper, lowest) {
                self.climb.push(helper);
                let found = self.climb();
                self.climb.pop();
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// What is quickly seen of an authority, before all that stands above it is searched.
    fn may_stand_above(&mut self, helper: &Certificate, lowest: &Certificate) -> bool {
        let at = self.at.as_second();
        let constraints = helper.decoded().tbs_certificate().get_extension::<BasicConstraints>();
        let reason = if at < helper.not_before().as_second() {
            Status::InvalidNotBeforeDate
        } else if at > helper.not_after().as_second() {
            Status::InvalidNotAfterDate
        } else if !matches!(constraints, Ok(Some((_, constraints))) if constraints.ca) {
            Status::MissingBasicConstraints
        } else if let Err(ended) = lasts(helper, self.at) {
            self.barred = Some(ended);
            return false;
        } else {
            // A namesake that did not sign has nothing to do with it.
            return self.signed(helper, lowest);
        };
        self.barred = Some(reason_of(reason));
        false
    }

    /// Asked once of two certificates, and of a bounded number of them.
    fn signed(&mut self, helper: &Certificate, lowest: &Certificate) -> bool {
        let pair = [helper.fingerprint(), lowest.fingerprint()];
        if let Some(signed) = self.signed.get(&pair) {
            return *signed;
        }
        let signed = self.signed.len() < PATH_SIGNATURES_MAX && lowest.is_issued_by(helper) == Ok(true);
        self.signed.insert(pair, signed);
        signed
    }
}

fn issued(authority: &Certificate, certificate: &Certificate) -> bool {
    let (above, below) = (authority.decoded().tbs_certificate(), certificate.decoded().tbs_certificate());
    names_match(above.subject(), below.issuer())
}

fn same_key(one: &Certificate, other: &Certificate) -> bool {
    let (one, other) = (one.decoded().tbs_certificate(), other.decoded().tbs_certificate());
    one.subject_public_key_info() == other.subject_public_key_info() && one.subject() == other.subject()
}

/// certval asks here whether an authority signed; it knows no other crypto in this environment.
fn verify(
    _: &PkiEnvironment,
    message: &[u8],
    signature: &BitString,
    algorithm: &AlgorithmIdentifierOwned,
    key: &SubjectPublicKeyInfoOwned,
) -> certval::Result<()> {
    const FAILED: Error = Error::PathValidation(Status::SignatureVerificationFailure);
    let octets = signature.as_bytes().ok_or(FAILED)?;
    let algorithm = Algorithm::read(algorithm, None).map_err(|_| FAILED)?;
    algorithm.verify(key, message, octets).map_err(|_| FAILED)?.map_err(|_| FAILED)
}

fn broken(_: der::Error) -> CertificateError {
    CertificateError::Malformed("it does not decode")
}

/// certval's verdicts in our words. The signer's own validity was judged before, so a time here is an authority's.
fn reason(error: Error) -> CertificateError {
    let Error::PathValidation(status) = error else {
        return CertificateError::BadChain("a certificate on the way is not readable");
    };
    reason_of(status)
}

fn reason_of(status: Status) -> CertificateError {
    CertificateError::BadChain(match status {
        Status::SignatureVerificationFailure => "a certificate was not signed by the authority it names",
        Status::InvalidNotBeforeDate => "an authority's certificate has not begun",
        Status::InvalidNotAfterDate => "an authority's certificate has ended",
        Status::MissingBasicConstraints | Status::InvalidBasicConstraints => {
            "a certificate on the way is no authority's"
        }
        Status::InvalidPathLength => "there are more authorities than one of them allows",
        Status::InvalidKeyUsage => "an authority may not sign certificates, or not for this purpose",
        Status::NameConstraintsViolation => "the name lies outside what an authority may certify",
        Status::UnprocessedCriticalExtension => "a critical extension is unknown",
        Status::NullPolicySet | Status::InvalidPolicyMapping => "the certificate policies do not agree",
        Status::SelfSignedEndIdentity => "the certificate was issued by itself",
        Status::EncodingError => "an extension does not decode",
        Status::NameChainingFailure => "the names do not chain",
        _ => "it does not validate",
    })
}
