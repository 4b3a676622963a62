//! Secrets that come from another secret.

use aws_lc_rs::hkdf::{self, HKDF_SHA256, KeyType};
use zeroize::Zeroizing;

/// So many octets.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// RFC 5869: HKDF with SHA-256, without a salt. `None`: more octets are asked for than it gives.
pub(crate) fn derived(secret: &[u8], octets: usize, info: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0; octets]);
    let pseudorandom = hkdf::Salt::new(HKDF_SHA256, &[]).extract(secret);
    pseudorandom.expand(&[info], Length(octets)).ok()?.fill(&mut key).ok()?;
    Some(key)
}
