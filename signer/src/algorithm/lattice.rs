//! What withstands a quantum computer, as far as anybody knows: ML-DSA (FIPS 204) signs, ML-KEM (FIPS 203) carries keys.
//! Whether they are believed is said in the table ([`crate::allowed`]).

use aws_lc_rs::kem;
use aws_lc_rs::signature::{
    self as aws, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaSigningAlgorithm, VerificationAlgorithm,
};
use const_oid::ObjectIdentifier;

use super::Hash;

/// A parameter set of ML-DSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44, as strong as SHA-256.
    MlDsa44,
    /// ML-DSA-65, as strong as AES-192.
    MlDsa65,
    /// ML-DSA-87, as strong as AES-256.
    MlDsa87,
}

/// A parameter set of ML-KEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MlKem {
    MlKem512,
    MlKem768,
    MlKem1024,
}

impl MlDsa {
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        // RFC 9881 §2
        ObjectIdentifier::new_unwrap(match self {
            Self::MlDsa44 => "2.16.840.1.101.3.4.3.17",
            Self::MlDsa65 => "2.16.840.1.101.3.4.3.18",
            Self::MlDsa87 => "2.16.840.1.101.3.4.3.19",
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// RFC 9882 §3.3: a digest over the content at least as strong as the signature; SHA-512 goes with all.
    pub(crate) fn goes_with(self, hash: Hash) -> bool {
        match self {
            Self::MlDsa44 => true,
            Self::MlDsa65 => hash != Hash::Sha256,
            Self::MlDsa87 => hash == Hash::Sha512,
        }
    }

    pub(super) fn verifier(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::MlDsa44 => &aws::ML_DSA_44,
            Self::MlDsa65 => &aws::ML_DSA_65,
            Self::MlDsa87 => &aws::ML_DSA_87,
        }
    }

    pub(crate) fn signer(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::MlDsa44 => &ML_DSA_44_SIGNING,
            Self::MlDsa65 => &ML_DSA_65_SIGNING,
            Self::MlDsa87 => &ML_DSA_87_SIGNING,
        }
    }
}

impl MlKem {
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        // RFC 9936 §3
        ObjectIdentifier::new_unwrap(match self {
            Self::MlKem512 => "2.16.840.1.101.3.4.4.1",
            Self::MlKem768 => "2.16.840.1.101.3.4.4.2",
            Self::MlKem1024 => "2.16.840.1.101.3.4.4.3",
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MlKem512 => "ML-KEM-512",
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
        }
    }

    pub(crate) fn provider(self) -> &'static kem::Algorithm {
        match self {
            Self::MlKem512 => &kem::ML_KEM_512,
            Self::MlKem768 => &kem::ML_KEM_768,
            Self::MlKem1024 => &kem::ML_KEM_1024,
        }
    }

    /// FIPS 203 Table 3: octets of a ciphertext.
    pub(crate) fn ciphertext_bytes(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    /// FIPS 203 Table 3: octets of a public key.
    pub(crate) fn public_bytes(self) -> usize {
        384 * self.rank() + 32
    }

    /// FIPS 203 Table 3: octets of an expanded private key, which holds the public one behind its first part.
    pub(crate) fn private_bytes(self) -> usize {
        768 * self.rank() + 96
    }

    /// FIPS 203 §7.1: the public half inside an expanded private key.
    pub(crate) fn public_half(self, private: &[u8]) -> Option<&[u8]> {
        let begin = 384 * self.rank();
        private.get(begin..begin + self.public_bytes())
    }

    fn rank(self) -> usize {
        match self {
            Self::MlKem512 => 2,
            Self::MlKem768 => 3,
            Self::MlKem1024 => 4,
        }
    }
}
