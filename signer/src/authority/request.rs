//! What a certificate is to say, also the wrong things: a demonstration and every test of a refusal needs a twin of the
//! good certificate with one flaw.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, RevocationReason, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};

use super::AuthorityError;
use crate::certificate::Certificate;

/// A subscriber's wish.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The subject's common name.
    pub common_name: &'r str,
    /// The mail address the certificate is for.
    pub rfc822_name: &'r str,
    /// The kind of key to make.
    pub key: KeyKind,
    /// What the certificate is for.
    pub purpose: Purpose,
    /// Its first second.
    pub not_before: Timestamp,
    /// Its last second.
    pub not_after: Timestamp,
}

/// The kind of key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits: every mail program reads it.
    Rsa2048,
    /// ECDSA on P-256: small and quick to sign.
    EcP256,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing mail and receiving encrypted mail.
    Mail,
    /// Signing mail only.
    MailSigning,
    /// Receiving encrypted mail only.
    MailEncryption,
    /// Signing time stamps, and nothing else.
    TimeStamping,
    /// Signing evidence, and the mail that carries it.
    Evidence,
    /// A certificate for mail with one thing wrong.
    Flawed(Flaw),
}

/// One thing wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The extended key usage is for TLS clients.
    OtherPurpose,
    /// There is no extended key usage.
    NoPurpose,
    /// The key usage allows encryption only.
    OtherKeyUsage,
    /// There is no key usage.
    NoKeyUsage,
    /// An extension stands twice.
    DoubledExtension,
    /// It says of itself that it is an authority's.
    Authority,
    /// It has no mail address.
    NoMailAddress,
    /// It has two mail addresses.
    TwoMailAddresses,
    /// It has a critical extension nobody knows.
    UnknownCriticalExtension,
}

impl Request<'_> {
    pub(super) fn params(&self) -> Result<CertificateParams, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(self.common_name)?;
        params.subject_alt_names = vec![SanType::Rfc822Name(ascii(self.rfc822_name)?)];
        set_validity(&mut params, self.not_before, self.not_after)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        let sign = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        // RFC 3279 §2.3.1, RFC 5480 §3: an RSA key wraps, an elliptic one agrees.
        let encrypt = match self.key {
            KeyKind::Rsa2048 => KeyUsagePurpose::KeyEncipherment,
            KeyKind::EcP256 => KeyUsagePurpose::KeyAgreement,
        };
        params.key_usages = match self.purpose {
            Purpose::MailSigning | Purpose::Evidence => sign.to_vec(),
            Purpose::MailEncryption => vec![encrypt],
            Purpose::TimeStamping => vec![KeyUsagePurpose::DigitalSignature],
            Purpose::Mail | Purpose::Flawed(_) => sign.into_iter().chain([encrypt]).collect(),
        };
        match self.purpose {
            Purpose::Flawed(flaw) => flaw.spoil(&mut params, encrypt),
            Purpose::TimeStamping => stamp_only(&mut params),
            Purpose::Evidence => {
                // RFC 9336 §3: documentSigning beside emailProtection.
                let documents = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 36]);
                params.extended_key_usages.push(documents);
            }
            Purpose::Mail | Purpose::MailSigning | Purpose::MailEncryption => {}
        }
        Ok(params)
    }
}

/// RFC 3161 §2.3: critical, which rcgen's own extended key usage never is.
fn stamp_only(params: &mut CertificateParams) {
    params.extended_key_usages.clear();
    let time_stamping = vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
    let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], time_stamping);
    usage.set_criticality(true);
    params.custom_extensions.push(usage);
}

impl Flaw {
    fn spoil(self, params: &mut CertificateParams, encrypt: KeyUsagePurpose) {
        match self {
            Self::OtherPurpose => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Self::NoPurpose => params.extended_key_usages.clear(),
            Self::OtherKeyUsage => params.key_usages = vec![encrypt],
            Self::NoKeyUsage => params.key_usages.clear(),
            Self::DoubledExtension => {
                // A second, more generous extended key usage: anyExtendedKeyUsage.
                let any = vec![0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0];
                params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 37], any));
            }
            Self::Authority => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.key_usages.push(KeyUsagePurpose::KeyCertSign);
            }
            Self::NoMailAddress => params.subject_alt_names.clear(),
            Self::TwoMailAddresses => params.subject_alt_names.extend_from_within(..),
            Self::UnknownCriticalExtension => {
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
                extension.set_criticality(true);
                params.custom_extensions.push(extension);
            }
        }
    }
}

/// RFC 9525 §6: servers are known by their alternative names, the subject is decoration.
pub(super) fn server_params(
    names: &[&str],
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(names.first().copied().unwrap_or("server"))?;
    params.subject_alt_names = names.iter().map(|name| server_name(name)).collect::<Result<_, _>>()?;
    set_validity(&mut params, not_before, not_after)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn server_name(name: &str) -> Result<SanType, AuthorityError> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(ascii(name)?)),
    }
}

pub(super) fn common_name(name: &str) -> Result<DistinguishedName, AuthorityError> {
    // RFC 5280 Appendix A.1: ub-common-name.
    if name.is_empty() || name.chars().count() > 64 {
        return Err(AuthorityError::Name(name.to_owned()));
    }
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    Ok(names)
}

fn ascii(name: &str) -> Result<Ia5String, AuthorityError> {
    Ia5String::try_from(name).map_err(|_| AuthorityError::Name(name.to_owned()))
}

/// Whole seconds from 1970 on; rcgen's own type of time is reached without naming its crate.
pub(super) fn set_validity(
    params: &mut CertificateParams,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<(), AuthorityError> {
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(not_before)?;
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(not_after)?;
    Ok(())
}

fn since_1970(at: Timestamp) -> Result<Duration, AuthorityError> {
    u64::try_from(at.as_second()).map(Duration::from_secs).map_err(|_| AuthorityError::Time(at))
}

/// RFC 5280 §5.1, §5.2.3: a list whose number rises with the time.
pub(super) fn list_params(
    revoked: &[(&Certificate, Timestamp)],
    at: Timestamp,
    next: Timestamp,
) -> Result<CertificateRevocationListParams, AuthorityError> {
    let epoch = date_time_ymd(1970, 1, 1);
    let entry = |(certificate, since): &(&Certificate, Timestamp)| {
        let serial_number =
            SerialNumber::from_slice(certificate.decoded().tbs_certificate().serial_number().as_bytes());
        let reason_code = Some(RevocationReason::KeyCompromise);
        let revocation_time = epoch + since_1970(*since)?;
        Ok(RevokedCertParams { serial_number, revocation_time, reason_code, invalidity_date: None })
    };
    Ok(CertificateRevocationListParams {
        this_update: epoch + since_1970(at)?,
        next_update: epoch + since_1970(next)?,
        crl_number: SerialNumber::from(at.as_second().to_be_bytes().to_vec()),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect::<Result<_, AuthorityError>>()?,
        key_identifier_method: KeyIdMethod::Sha256,
    })
}
