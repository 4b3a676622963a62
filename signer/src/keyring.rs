//! The keys of one office. The newest sign and receive; the older ones still read what was sent to them before.

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::ext::pkix::KeyUsage;
use zeroize::Zeroizing;

use crate::certificate::{Certificate, names_match};
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::keyfile::KeyFile;
use crate::limits::{CERTIFICATES_MAX, KEYS_MAX};
use crate::pkcs12;

/// Several identities of one holder, the newest first. No key is forgotten because another took its place.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<Identity>);

impl Keyring {
    /// A keyring of these; the same certificate counts once.
    pub fn new(identities: impl IntoIterator<Item = Identity>) -> Result<Self, IdentityError> {
        let mut keyring = Self::default();
        identities.into_iter().try_for_each(|identity| keyring.add(identity))?;
        Ok(keyring)
    }

    /// Reads every key of a PEM text or a PKCS#12 file. A key without its certificate is an error: nobody could say what
    /// it reads.
    pub fn read(bytes: &[u8], password: Option<&str>) -> Result<Self, IdentityError> {
        let KeyFile { keys, certificates } = KeyFile::read(bytes, password)?;
        if keys.is_empty() {
            return Err(IdentityError::NoKey);
        }
        let is_own = |certificate: &Certificate| keys.iter().any(|key| key.belongs_to(certificate));
        let (own, others): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_own);
        let mut keyring = Self::default();
        for key in keys.into_iter().map(Arc::new) {
            let mut held = own.iter().filter(|certificate| key.belongs_to(certificate)).peekable();
            if held.peek().is_none() {
                return Err(IdentityError::NoCertificate);
            }
            // A renewed certificate keeps its key: messages name the one or the other.
            for certificate in held {
                let chain = authorities_above(certificate, &others)?;
                keyring.add(Identity::of(Arc::clone(&key), certificate.clone(), chain))?;
            }
        }
        Ok(keyring)
    }

    /// One more identity, which takes its place by the beginning of its certificate.
    pub fn add(&mut self, identity: Identity) -> Result<(), IdentityError> {
        if self.0.iter().any(|known| known.certificate() == identity.certificate()) {
            return Ok(());
        }
        if self.0.len() == KEYS_MAX {
            return Err(IdentityError::TooLarge { what: "number of keys", limit: KEYS_MAX });
        }
        let begins = identity.certificate().not_before();
        let place = self.0.partition_point(|known| known.certificate().not_before() > begins);
        self.0.insert(place, identity);
        Ok(())
    }

    /// All of them, the newest first: what [`crate::open`] and [`crate::Enveloped::decrypt`] read with.
    pub fn all(&self) -> &[Identity] {
        &self.0
    }

    /// The newest one whose certificate is in force at `at` and may sign (RFC 8550 §4.4.2).
    pub fn signer(&self, at: Timestamp) -> Option<&Identity> {
        self.newest(at, |usage| usage.digital_signature() || usage.non_repudiation())
    }

    /// The newest one that others should encrypt to at `at` (RFC 3279 §2.3.1, RFC 5480 §3).
    pub fn recipient(&self, at: Timestamp) -> Option<&Identity> {
        self.newest(at, |usage| usage.key_encipherment() || usage.key_agreement())
    }

    /// All keys and certificates as PEM. Whoever stores it guards it.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let texts: Vec<_> = self.0.iter().map(Identity::to_pem).collect();
        let mut all = Zeroizing::new(String::with_capacity(texts.iter().map(|text| text.len()).sum()));
        for text in &texts {
            all.push_str(text);
        }
        all
    }

    /// The same as one PKCS#12 file under a password.
    pub fn to_pkcs12(&self, password: &str) -> Result<Vec<u8>, IdentityError> {
        let pair = |identity| Identity::key(identity).pkcs8().map(|key| (key, Identity::certificate(identity)));
        let pairs = self.0.iter().map(pair).collect::<Option<Vec<_>>>().ok_or(IdentityError::NoKey)?;
        let mut authorities: Vec<&Certificate> = Vec::new();
        for certificate in self.0.iter().flat_map(Identity::chain) {
            if !authorities.contains(&certificate) {
                authorities.push(certificate);
            }
        }
        pkcs12::write(&pairs, &authorities, password)
    }

    fn newest(&self, at: Timestamp, may: impl Fn(&KeyUsage) -> bool) -> Option<&Identity> {
        self.0.iter().find(|identity| {
            let certificate = identity.certificate();
            let usage = certificate.decoded().tbs_certificate().get_extension::<KeyUsage>();
            // RFC 5280 §4.2.1.3: without the extension every usage is allowed.
            let allowed = usage.is_ok_and(|usage| usage.is_none_or(|(_, usage)| may(&usage)));
            allowed && certificate.not_before() <= at && at.as_second() <= certificate.not_after().as_second()
        })
    }
}

/// Those of `others` that the names lead to from a certificate.
pub(crate) fn authorities_above(
    certificate: &Certificate,
    others: &[Certificate],
) -> Result<Vec<Certificate>, IdentityError> {
    let mut chain = vec![certificate.clone()];
    let mut climbed = 0;
    while let Some(lower) = chain.get(climbed).cloned() {
        let issuer = lower.decoded().tbs_certificate().issuer();
        for other in others.iter().filter(|other| names_match(other.decoded().tbs_certificate().subject(), issuer)) {
            // Counted while climbing: a file may hold a thousand of one name.
            if !chain.contains(other) {
                if chain.len() == CERTIFICATES_MAX {
                    return Err(IdentityError::TooLarge { what: "chain of certificates", limit: CERTIFICATES_MAX });
                }
                chain.push(other.clone());
            }
        }
        climbed += 1;
    }
    chain.remove(0);
    Ok(chain)
}
