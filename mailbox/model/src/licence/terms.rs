//! 利用規約: what an office agrees to; each version stays as it was published.

use serde::{Deserialize, Serialize};

use crate::proof::hash;

/// Longest terms, in bytes.
pub const TERMS_BYTES: usize = 64 << 10;
/// Longest name of a version, in bytes.
pub const TERMS_VERSION_BYTES: usize = 32;

/// A version of the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its name, such as `2026-04`.
    pub version: String,
    /// SHA-256 of the text, in hex.
    pub digest: String,
    /// What it says.
    pub text: String,
}

/// The text cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTerms {
    /// No text, or more than [`TERMS_BYTES`].
    #[error("the terms have 1 to 65536 bytes")]
    Length,
    /// Characters that no screen shows.
    #[error("the terms hold a control character")]
    Control,
    /// Its version has another form.
    #[error("a version has 1 to 32 letters, digits, dots and hyphens")]
    Version,
}

impl Terms {
    /// Profile §10.3: terms with the digest of exactly this text.
    pub fn new(version: &str, text: &str) -> Result<Self, NotTerms> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if version.is_empty() || version.len() > TERMS_VERSION_BYTES || !version.bytes().all(fits) {
            return Err(NotTerms::Version);
        }
        if text.trim().is_empty() || text.len() > TERMS_BYTES {
            return Err(NotTerms::Length);
        }
        if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) {
            return Err(NotTerms::Control);
        }
        Ok(Self { version: version.to_owned(), digest: hash(text.as_bytes()), text: text.to_owned() })
    }

    /// Are these the words that the digest names? Who is shown terms asks this before anybody agrees to them.
    pub fn hold(&self) -> bool {
        hash(self.text.as_bytes()) == self.digest
    }
}
