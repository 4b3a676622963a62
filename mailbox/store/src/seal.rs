//! What tells a gateway's own evidence from rows that another hand wrote, until a head is signed over it (Profile §8.20).

use std::fmt;

use aws_lc_rs::hmac;

/// Octets of a seal: half of an HMAC with SHA-256 (RFC 2104 §5).
pub const SEAL: usize = 16;

/// What it is for. The secret signs heads as well, in another way.
const PURPOSE: &[u8] = b"fumibako evidence seal v1";

/// A key that only the gateway has: whoever edits rows cannot write evidence that bears its seal.
#[derive(Clone)]
pub struct SealKey(hmac::Key);

impl SealKey {
    /// The key that a secret of the gateway gives: the file of its evidence key.
    pub fn of(secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, PURPOSE).as_ref()))
    }

    /// The seal of a piece, octet for octet as it is kept; its id and its place in the log stand in it.
    pub fn seal(&self, piece: &[u8]) -> [u8; SEAL] {
        let whole = hmac::sign(&self.0, piece);
        let mut seal = [0; SEAL];
        seal.iter_mut().zip(whole.as_ref()).for_each(|(to, from)| *to = *from);
        seal
    }

    /// Is this the seal of that piece?
    pub fn holds(&self, piece: &[u8], seal: &[u8]) -> bool {
        // As long as the compared octets are the same, nobody who asks learns how many: the answer comes a second later, in words.
        self.seal(piece) == seal
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.20
    #[test]
    fn only_the_same_secret_makes_the_seal_of_a_piece() {
        let key = SealKey::of(b"secret");
        let seal = key.seal(b"{\"v\":1}");
        assert!(key.holds(b"{\"v\":1}", &seal) && SealKey::of(b"secret").holds(b"{\"v\":1}", &seal));
        assert!(!key.holds(b"{\"v\":2}", &seal) && !SealKey::of(b"secret2").holds(b"{\"v\":1}", &seal));
        assert!(!key.holds(b"{\"v\":1}", &seal[..SEAL - 1]) && !key.holds(b"{\"v\":1}", b""));
        assert_eq!(format!("{key:?}"), "SealKey");
    }
}
