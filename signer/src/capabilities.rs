//! What a signer can read, as it says itself (RFC 8551 §2.5.2): so a sender learns from a signature how to seal the answer.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_AES_256_CBC, ID_AES_256_GCM};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use crate::cms::attribute;
use crate::compress::ZLIB;
use crate::envelope::Cipher;
use crate::error::SignError;

/// RFC 8551 §2.5.2.
pub(crate) const SMIME_CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.15");

/// What a signer says it can read. It may read more; what it says was signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    gcm: bool,
    cbc: bool,
    zlib: bool,
}

impl Capabilities {
    /// What this crate reads.
    pub(crate) const OURS: Self = Self { gcm: true, cbc: true, zlib: true };

    /// Whether content under this cipher can be read.
    pub fn reads(&self, cipher: Cipher) -> bool {
        match cipher {
            Cipher::Aes256Gcm => self.gcm,
            Cipher::Aes256Cbc => self.cbc,
        }
    }

    /// Whether compressed content can be read (RFC 3274 §2).
    pub fn reads_compressed(&self) -> bool {
        self.zlib
    }

    /// A list that is absent says nothing, and an entry nobody here knows is for others.
    pub(crate) fn read(stated: Option<Vec<AlgorithmIdentifierOwned>>) -> Self {
        let stated = stated.unwrap_or_default();
        let has = |oid| stated.iter().any(|entry| entry.oid == oid);
        Self { gcm: has(ID_AES_256_GCM), cbc: has(ID_AES_256_CBC), zlib: has(ZLIB) }
    }

    /// RFC 8551 §2.5.2: best first, each without parameters.
    pub(crate) fn attribute(self) -> Result<Attribute, SignError> {
        let all = [(self.gcm, ID_AES_256_GCM), (self.cbc, ID_AES_256_CBC), (self.zlib, ZLIB)];
        let stated = all.into_iter().filter(|(has, _)| *has);
        let stated: Vec<_> = stated.map(|(_, oid)| AlgorithmIdentifierOwned { oid, parameters: None }).collect();
        attribute(SMIME_CAPABILITIES, &stated)
    }
}
