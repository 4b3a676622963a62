//! A certificate authority for development, demonstration and tests. Its keys are made at run time; it must
//! never vouch for a real office.

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize, SerialNumber,
};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{CertificateError, IdentityError};
use crate::identity::Identity;
use crate::key::PrivateKey;
use crate::pem;

mod manner;
mod request;
mod respond;

pub use manner::Manner;
pub use request::{Flaw, KeyKind, Purpose, Request};

/// Days a new authority's own certificate is valid.
pub const AUTHORITY_DAYS: i64 = 3650;

/// Why the authority could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The stored authority is not readable.
    #[error("malformed authority file: {0}")]
    Malformed(&'static str),
    /// A name cannot stand in a certificate.
    #[error("{0:?} cannot stand in a certificate")]
    Name(String),
    /// A moment cannot stand in a certificate.
    #[error("{0} cannot stand in a certificate")]
    Time(Timestamp),
    /// Key or certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    Make(String),
    /// The certificate just made is not readable.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key just made is not readable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Make(error.to_string())
    }
}

/// An authority: its certificate and its key (P-256).
pub struct Authority {
    certificate: Certificate,
    key: KeyPair,
}

/// A TLS server's certificate and key.
pub struct ServerCredentials {
    /// The server's certificate, then the authority's.
    pub chain_pem: String,
    /// The private key (PKCS#8).
    pub key_pem: Zeroizing<String>,
}

impl Authority {
    /// A new self-signed authority whose certificate begins at `at`.
    pub fn create(name: &str, at: Timestamp) -> Result<Self, AuthorityError> {
        Self::root(name, at, Vec::new())
    }

    /// A new authority that may vouch for mail addresses of one domain only (RFC 5280 §4.2.1.10). rustls refuses every
    /// server certificate below such a constraint, so TLS needs another authority.
    pub fn create_for_domain(name: &str, domain: &str, at: Timestamp) -> Result<Self, AuthorityError> {
        Self::root(name, at, vec![GeneralSubtree::Rfc822Name(domain.to_owned())])
    }

    fn root(name: &str, at: Timestamp, permitted: Vec<GeneralSubtree>) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = authority_params(name, at, BasicConstraints::Unconstrained)?;
        if !permitted.is_empty() {
            let excluded_subtrees = Vec::new();
            params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees });
        }
        let made = params.self_signed(&key)?;
        Ok(Self { certificate: Certificate::from_der(made.der())?, key })
    }

    /// A lower authority, with room for `below` authorities between it and a subscriber.
    pub fn issue_authority(&self, name: &str, at: Timestamp, below: u8) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let params = authority_params(name, at, BasicConstraints::Constrained(below))?;
        Ok(Self { certificate: self.certify(params, &key)?, key })
    }

    /// Reads what `to_pem` wrote.
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthorityError> {
        let certificate = Certificate::from_pem(text)?;
        let blocks = pem::blocks(text).map_err(AuthorityError::Malformed)?;
        let key = blocks.iter().find(|block| block.label == "PRIVATE KEY");
        let key = key.ok_or(AuthorityError::Malformed("the private key is missing"))?;
        let broken = |_| AuthorityError::Malformed("the private key does not decode");
        let key = KeyPair::try_from(key.bytes.as_slice()).map_err(broken)?;
        let held = certificate.decoded().tbs_certificate().subject_public_key_info();
        if held.subject_public_key.raw_bytes() != key.der_bytes() {
            return Err(AuthorityError::Malformed("key and certificate do not belong together"));
        }
        Ok(Self { certificate, key })
    }

    /// Certificate and key. Whoever stores it guards it.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(self.certificate.to_pem());
        text.push_str(&Zeroizing::new(self.key.serialize_pem()));
        text
    }

    /// The authority's certificate, to be trusted.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// A new key with a certificate for it.
    pub fn issue(&self, request: &Request<'_>) -> Result<Identity, AuthorityError> {
        self.issue_as(request, &Manner::default())
    }

    /// The same, written as another authority writes its certificates.
    pub fn issue_as(&self, request: &Request<'_>, manner: &Manner<'_>) -> Result<Identity, AuthorityError> {
        let key = match request.key {
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            KeyKind::EcP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
        };
        let mut params = request.params()?;
        manner.apply(&mut params);
        let certificate = self.certify(params, &key)?;
        let private = PrivateKey::from_pkcs8(&Zeroizing::new(key.serialize_der()))?;
        Ok(Identity::new(private, vec![certificate, self.certificate.clone()])?)
    }

    /// A new P-256 key with a TLS server's certificate for these DNS names and IP addresses.
    pub fn issue_server(
        &self,
        names: &[&str],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<ServerCredentials, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = self.certify(request::server_params(names, not_before, not_after)?, &key)?;
        let chain_pem = certificate.to_pem() + &self.certificate.to_pem();
        Ok(ServerCredentials { chain_pem, key_pem: Zeroizing::new(key.serialize_pem()) })
    }

    /// A revocation list over these certificates, each revoked since its moment, valid from `at` to `next`.
    pub fn revoke(
        &self,
        revoked: &[(&Certificate, Timestamp)],
        at: Timestamp,
        next: Timestamp,
    ) -> Result<Vec<u8>, AuthorityError> {
        let made = request::list_params(revoked, at, next)?.signed_by(&self.issuer()?)?;
        Ok(made.der().to_vec())
    }

    fn issuer(&self) -> Result<Issuer<'_, &KeyPair>, AuthorityError> {
        let name = self.certificate.common_name().ok_or(AuthorityError::Malformed("the authority has no name"))?;
        let params = authority_params(&name, Timestamp::UNIX_EPOCH, BasicConstraints::Unconstrained)?;
        Ok(Issuer::new(params, &self.key))
    }

    fn certify(&self, mut params: CertificateParams, key: &KeyPair) -> Result<Certificate, AuthorityError> {
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        let made = Certificate::from_der(params.signed_by(key, &self.issuer()?)?.der())?;
        // The issuer's name is written from its common name; an authority with a longer name is not one of ours.
        let (own, written) = (self.certificate.decoded().tbs_certificate(), made.decoded().tbs_certificate());
        if own.subject() != written.issuer() {
            return Err(AuthorityError::Malformed("the authority's name is not one this program wrote"));
        }
        Ok(made)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({:?})", self.certificate)
    }
}

/// RFC 5280 §4.2.1.9, §4.2.1.3: an authority's certificate says so, critically.
fn authority_params(name: &str, at: Timestamp, path: BasicConstraints) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = request::common_name(name)?;
    let end = at.checked_add(SignedDuration::from_hours(24 * AUTHORITY_DAYS)).map_err(|_| AuthorityError::Time(at))?;
    request::set_validity(&mut params, at, end)?;
    params.is_ca = IsCa::Ca(path);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    params.key_identifier_method = KeyIdMethod::Sha256;
    Ok(params)
}

/// RFC 5280 §4.1.2.2: positive, at most 20 octets; 127 random bits.
fn serial() -> Result<SerialNumber, AuthorityError> {
    let mut octets = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| AuthorityError::Make("no random numbers".to_owned()))?;
    octets[0] = (octets[0] & 0x7f) | 0x40;
    Ok(SerialNumber::from(octets.to_vec()))
}
