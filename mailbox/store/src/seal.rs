//! What tells a gateway's own evidence, and its own audit, from rows that another hand wrote, until a head is signed over them
//! (Profile §8.20, §16.2); and its own notes of what went out, until that is taken (Profile §8.10).

use std::fmt;

use aws_lc_rs::hmac;

/// Octets of a seal: half of an HMAC with SHA-256 (RFC 2104 §5).
pub const SEAL: usize = 16;

/// What it is for. The secret signs heads as well, in another way.
const PURPOSE: &[u8] = b"fumibako evidence seal v1";

/// What stands before a row of the audit under its seal. No piece of evidence begins so.
const ACT: &[u8] = b"act ";
/// What stands before the number of a message that went out. No piece of evidence and no row of the audit begins so.
const SENT: &[u8] = b"sent ";

/// A key that only the gateway has: whoever edits rows cannot write evidence, nor audit, that bears its seal.
#[derive(Clone)]
pub struct SealKey {
    /// What is written down bears the seal under this one.
    own: Box<hmac::Key>,
    /// Seals under these hold as well.
    also: Vec<hmac::Key>,
}

impl SealKey {
    /// The key that a secret of the gateway gives, which comes from its evidence key.
    pub fn of(secret: &[u8]) -> Self {
        Self { own: Box::new(from(secret)), also: Vec::new() }
    }

    /// The same, by which the seals under another secret hold, too: what was written down under that one may wait still.
    #[must_use]
    pub fn also(mut self, secret: &[u8]) -> Self {
        self.also.push(from(secret));
        self
    }

    /// The seal of a piece, octet for octet as it is kept; its id and its place in the log stand in it.
    pub fn seal(&self, piece: &[u8]) -> [u8; SEAL] {
        over(&self.own, &[piece])
    }

    /// The seal of a row of the audit, octet for octet as it is kept; its number and the row before it stand in it.
    pub fn seal_act(&self, row: &str) -> [u8; SEAL] {
        over(&self.own, &[ACT, row.as_bytes()])
    }

    /// The seal of the note that all octets of this message went to its recipient, to an agent under this mandate or, where that is empty, to
    /// the office itself.
    pub fn seal_sent(&self, message: i64, mandate: &str) -> [u8; SEAL] {
        over(&self.own, &[SENT, &message.to_be_bytes(), mandate.as_bytes()])
    }

    /// Is this the seal of that piece?
    pub fn holds(&self, piece: &[u8], seal: &[u8]) -> bool {
        self.any(&[piece], seal)
    }

    /// Is this the seal of that row of the audit?
    pub fn holds_act(&self, row: &str, seal: &[u8]) -> bool {
        self.any(&[ACT, row.as_bytes()], seal)
    }

    /// Is this the seal of that note?
    pub fn holds_sent(&self, (message, mandate): (i64, &str), seal: &[u8]) -> bool {
        self.any(&[SENT, &message.to_be_bytes(), mandate.as_bytes()], seal)
    }

    fn any(&self, parts: &[&[u8]], seal: &[u8]) -> bool {
        // As long as the compared octets are the same, nobody who asks learns how many: the answer comes a second later, in words.
        std::iter::once(&*self.own).chain(&self.also).any(|key| over(key, parts) == seal)
    }
}

/// Notes of what went out that bear no seal of the gateway's key, and count all the same (Profile §8.10).
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Those without any: they were written down before notes were sealed.
    pub unsealed: bool,
    /// Those under the key whose place this one took.
    pub former: Option<SealKey>,
}

impl Notes {
    /// Is this note, with this seal, one of them?
    pub fn have(&self, note: (i64, &str), seal: Option<&[u8]>) -> bool {
        match seal {
            None => self.unsealed,
            Some(seal) => self.former.as_ref().is_some_and(|key| key.holds_sent(note, seal)),
        }
    }
}

fn from(secret: &[u8]) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, PURPOSE).as_ref())
}

fn over(key: &hmac::Key, parts: &[&[u8]]) -> [u8; SEAL] {
    let mut whole = hmac::Context::with_key(key);
    for part in parts {
        whole.update(part);
    }
    let mut seal = [0; SEAL];
    seal.iter_mut().zip(whole.sign().as_ref()).for_each(|(to, from)| *to = *from);
    seal
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

    // Profile §8.20
    #[test]
    fn seals_under_a_secret_that_is_known_beside_its_own_hold_and_none_is_made_under_it() {
        let [before, own] = [b"before".as_slice(), b"secret"].map(SealKey::of);
        let (old, old_act) = (before.seal(b"{}"), before.seal_act("{}"));
        let both = own.clone().also(b"before");
        assert!(!own.holds(b"{}", &old) && both.holds(b"{}", &old) && both.holds_act("{}", &old_act));
        assert!(both.holds(b"{}", &own.seal(b"{}")) && !both.holds(b"[]", &old));
        assert_eq!((both.seal(b"{}"), both.seal_act("{}")), (own.seal(b"{}"), own.seal_act("{}")));
    }

    // Profile §16.2
    #[test]
    fn a_row_of_the_audit_and_a_piece_of_evidence_have_no_seal_in_common() {
        let key = SealKey::of(b"secret");
        let seal = key.seal_act("{\"v\":1}");
        assert!(key.holds_act("{\"v\":1}", &seal) && !key.holds_act("{\"v\":2}", &seal));
        assert!(!key.holds(b"{\"v\":1}", &seal) && !key.holds_act("{\"v\":1}", &key.seal(b"{\"v\":1}")));
    }

    // Profile §8.10
    #[test]
    fn a_note_of_what_went_out_is_of_one_message_and_one_taker() {
        let key = SealKey::of(b"secret");
        let seal = key.seal_sent(7, "MD1");
        assert!(key.holds_sent((7, "MD1"), &seal) && !SealKey::of(b"secret2").holds_sent((7, "MD1"), &seal));
        assert!(
            !key.holds_sent((8, "MD1"), &seal) && !key.holds_sent((7, ""), &seal) && !key.holds_sent((7, "MD1"), b"")
        );
    }
}
