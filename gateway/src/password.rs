//! Passwords: Argon2id at rest, and a limit on guessing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{
    Error, Output, PasswordHash, PasswordHasher, Salt, SaltString, rand_core::OsRng, rand_core::RngCore,
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use fumibako_model::{PASSWORD_BYTES, Private};
use fumibako_wire::sasl::{ROUNDS, Verifier};
use jiff::{SignedDuration, Timestamp};

/// Most (user ID, address) pairs remembered; past it the oldest are forgotten.
const REMEMBERED: usize = 10_000;

/// Stands for all user IDs of an address; no login has it.
const NOBODY: &str = "";

/// What it takes to make a new password's verifiers, and to guess at stolen ones. No setting can lower it: only a program that
/// starts a gateway of its own, whose passwords keep nothing, may ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Of Argon2id: memory in KiB, and passes over it.
    argon: (u32, u32),
    /// Of PBKDF2, for SCRAM.
    rounds: NonZeroU32,
}

impl Default for Cost {
    /// A tenth of a second and 19 MiB for each password.
    fn default() -> Self {
        Self { argon: (Params::DEFAULT_M_COST, Params::DEFAULT_T_COST), rounds: ROUNDS }
    }
}

impl Cost {
    /// The least that Argon2id can do, and RFC 7677 §4 asks for: for passwords that keep nothing.
    pub fn least() -> Self {
        const ROUNDS: NonZeroU32 = NonZeroU32::new(4_096).unwrap();
        Self { argon: (Params::MIN_M_COST, Params::MIN_T_COST), rounds: ROUNDS }
    }

    /// Rounds of PBKDF2 for SCRAM.
    pub(crate) fn rounds(self) -> NonZeroU32 {
        self.rounds
    }

    fn argon(self) -> Result<Argon2<'static>, Error> {
        let (memory, passes) = self.argon;
        let params = Params::new(memory, passes, Params::DEFAULT_P_COST, None)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::default(), params))
    }

    /// The password's hash, in PHC form.
    fn hash(self, password: &str) -> Result<String, Error> {
        let salt = SaltString::generate(&mut OsRng);
        Ok(self.argon()?.hash_password(password.as_bytes(), &salt)?.to_string())
    }

    /// What is kept of a new password: its hash, and what SCRAM needs (RFC 5803).
    pub(crate) fn kept(self, password: &str) -> Result<(String, String), Error> {
        let mut salt = [0; 16];
        OsRng.try_fill_bytes(&mut salt).map_err(|_| Error::Crypto)?;
        Ok((self.hash(password)?, Verifier::new(password, salt, self.rounds).to_string()))
    }
}

/// A new password that nobody chose: four groups of five letters and digits, none easily confused; a hundred bits.
pub(crate) fn generated() -> Option<Private<String>> {
    const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let mut random = [0; 20];
    OsRng.try_fill_bytes(&mut random).ok()?;
    let groups = random
        .chunks(5)
        .map(|group| group.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect::<String>());
    Some(Private(groups.collect::<Vec<_>>().join("-")))
}

/// Can it be the password of anybody?
pub(crate) fn fits(password: &str) -> bool {
    !password.is_empty() && password.len() <= PASSWORD_BYTES
}

/// The memory in which passwords are judged: 19 MiB each, made once and used again, as the system would not take it back
/// from every thread that ever judged one.
pub(crate) struct Scratch {
    idle: Mutex<Vec<Vec<Block>>>,
    cost: Cost,
}

impl Scratch {
    /// For passwords of this cost.
    pub(crate) fn of(cost: Cost) -> Self {
        Self { idle: Mutex::default(), cost }
    }

    /// Does the password belong to this hash? Takes some tens of milliseconds of one core: call it off the runtime.
    /// Without a hash (an unknown user ID) it takes as long and says no.
    pub(crate) fn matches(&self, password: &str, hash: Option<&str>) -> bool {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut blocks = idle.unwrap_or_default();
        let known = hash.and_then(|text| PasswordHash::new(text).ok());
        let is_it = if let Some(known) = &known {
            judged(password, known, &mut blocks).unwrap_or(false)
        } else {
            let salt = Salt::from_b64("bm9ib2R5J3Mgc2FsdA");
            let nobody = salt.and_then(|salt| computed(password, salt, self.cost.argon()?, &mut blocks));
            nobody.is_ok_and(|_| false)
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
        is_it
    }
}

/// Computes the hash again, as the known one was computed. Outputs are compared in constant time.
fn judged(password: &str, known: &PasswordHash<'_>, blocks: &mut Vec<Block>) -> Result<bool, Error> {
    let algorithm = Algorithm::try_from(known.algorithm)?;
    let version = known.version.map_or(Ok(Version::default()), Version::try_from)?;
    let argon = Argon2::new(algorithm, version, Params::try_from(known)?);
    let (Some(salt), Some(expected)) = (known.salt, known.hash) else { return Ok(false) };
    Ok(computed(password, salt, argon, blocks)? == expected)
}

fn computed(password: &str, salt: Salt<'_>, argon: Argon2<'_>, blocks: &mut Vec<Block>) -> Result<Output, Error> {
    let mut octets = [0; 64];
    let salt = salt.decode_b64(&mut octets)?;
    blocks.resize(argon.params().block_count(), Block::default());
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    argon.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, blocks)?;
    Output::new(&out)
}

/// Failed logins per (user ID, address).
#[derive(Debug)]
pub(crate) struct Guesses {
    most: u32,
    /// The same of an address, whatever the user IDs.
    most_of_address: u32,
    lock: SignedDuration,
    failed: Mutex<HashMap<(String, IpAddr), Failed>>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    times: u32,
    /// The first of these times.
    since: Timestamp,
    last: Timestamp,
}

impl Guesses {
    /// Locks a pair for `minutes` after `most` failures, and an address after `most_of_address` of them in so many minutes: who
    /// tries one password with many user IDs is a guesser, too (Profile §13.5).
    pub(crate) fn new(most: u32, most_of_address: u32, minutes: u32) -> Self {
        let lock = SignedDuration::from_mins(i64::from(minutes));
        Self { most, most_of_address, lock, failed: Mutex::default() }
    }

    /// Is this pair locked, or the address?
    pub(crate) fn locked(&self, login: &str, address: IpAddr, now: Timestamp) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = failed.get(&(login.to_owned(), address));
        let whole = failed.get(&(NOBODY.to_owned(), address));
        pair.is_some_and(|f| f.times >= self.most && self.fresh(f, now))
            || whole.is_some_and(|f| f.times >= self.most_of_address && now.duration_since(f.since) < self.lock)
    }

    /// A login went wrong.
    pub(crate) fn failed(&self, login: &str, address: IpAddr, now: Timestamp) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= REMEMBERED {
            failed.retain(|_, f| self.fresh(f, now));
        }
        if failed.len() >= REMEMBERED
            && let Some(oldest) = failed.iter().min_by_key(|(_, f)| f.last).map(|(pair, _)| pair.clone())
        {
            failed.remove(&oldest);
        }
        let none = Failed { times: 0, since: now, last: now };
        let pair = failed.entry((login.to_owned(), address)).or_insert(none);
        let before = if self.fresh(pair, now) { *pair } else { none };
        *pair = Failed { times: before.times + 1, last: now, ..before };
        // Many offices may share an address: what counts is how often in a time, not how long since the last.
        let whole = failed.entry((NOBODY.to_owned(), address)).or_insert(none);
        let before = if now.duration_since(whole.since) < self.lock { *whole } else { none };
        *whole = Failed { times: before.times + 1, last: now, ..before };
    }

    /// A login went right.
    pub(crate) fn succeeded(&self, login: &str, address: IpAddr) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).remove(&(login.to_owned(), address));
    }

    fn fresh(&self, failed: &Failed, now: Timestamp) -> bool {
        now.duration_since(failed.last) < self.lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches_its_hash() {
        let kept = Cost::default().hash("ひまわり-2026").unwrap();
        let scratch = Scratch::of(Cost::default());
        for _ in 0..2 {
            assert!(scratch.matches("ひまわり-2026", Some(&kept)));
            assert!(!scratch.matches("ひまわり-2027", Some(&kept)));
            assert!(!scratch.matches("ひまわり-2026", None));
            assert!(
                !scratch.matches("ひまわり-2026", Some("$argon2id$v=19$m=8,t=1,p=1$")),
                "a broken hash is nobody's"
            );
        }
    }

    // Profile §13.1
    #[test]
    fn a_gateway_keeps_what_is_dear_to_guess_at() {
        let (hash, scram) = Cost::default().kept("ひまわり-2026").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(scram.starts_with("SCRAM-SHA-256$120000:"), "{scram}");
        let (cheap, scram) = Cost::least().kept("ひまわり-2026").unwrap();
        assert!(cheap.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{cheap}");
        assert!(scram.starts_with("SCRAM-SHA-256$4096:"), "{scram}");
        for cost in [Cost::default(), Cost::least()] {
            let scratch = Scratch::of(cost);
            assert!(scratch.matches("ひまわり-2026", Some(&hash)) && scratch.matches("ひまわり-2026", Some(&cheap)));
            assert!(!scratch.matches("ひまわり-2027", Some(&hash)) && !scratch.matches("ひまわり-2027", Some(&cheap)));
        }
    }

    // Profile §19.7
    #[test]
    fn what_nobody_chose_is_long_and_never_the_same() {
        let (one, other) = (generated().unwrap().0, generated().unwrap().0);
        assert!(one.len() == 23 && one.split('-').all(|group| group.len() == 5), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn the_tenth_failure_locks_that_pair_for_a_quarter_of_an_hour() {
        let guesses = Guesses::new(10, 50, 15);
        let here: IpAddr = [127, 0, 0, 1].into();
        let start: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        for _ in 0..9 {
            guesses.failed("9970000011", here, start);
        }
        assert!(!guesses.locked("9970000011", here, start));
        guesses.failed("9970000011", here, start);
        assert!(guesses.locked("9970000011", here, start));
        assert!(!guesses.locked("9970000029", here, start), "another login is free");
        assert!(!guesses.locked("9970000011", [127, 0, 0, 2].into(), start), "another address is free");
        assert!(guesses.locked("9970000011", here, start + SignedDuration::from_secs(899)));
        assert!(!guesses.locked("9970000011", here, start + SignedDuration::from_mins(15)));
    }

    // Profile §13.5
    #[test]
    fn one_password_tried_with_many_logins_locks_the_address() {
        let guesses = Guesses::new(10, 3, 15);
        let here: IpAddr = [127, 0, 0, 1].into();
        let start: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        for (login, minute) in [("a", 0), ("b", 5)] {
            guesses.failed(login, here, start + SignedDuration::from_mins(minute));
        }
        guesses.succeeded("a", here);
        assert!(!guesses.locked("c", here, start + SignedDuration::from_mins(6)));
        guesses.failed("c", here, start + SignedDuration::from_mins(7));
        assert!(
            guesses.locked("d", here, start + SignedDuration::from_mins(14)),
            "an own login does not wash it clean"
        );
        assert!(!guesses.locked("d", [127, 0, 0, 2].into(), start + SignedDuration::from_mins(14)));
        assert!(!guesses.locked("d", here, start + SignedDuration::from_mins(15)));
        // Now and then a mistake, by many behind one address, is no attack.
        for minute in 1..20 {
            guesses.failed("e", here, start + SignedDuration::from_mins(15 + minute * 8));
        }
        assert!(!guesses.locked("f", here, start + SignedDuration::from_mins(15 + 19 * 8)));
    }

    #[test]
    fn a_good_login_wipes_the_slate() {
        let guesses = Guesses::new(2, 50, 15);
        let (here, now): (IpAddr, Timestamp) = ([127, 0, 0, 1].into(), Timestamp::UNIX_EPOCH);
        guesses.failed("a", here, now);
        guesses.succeeded("a", here);
        guesses.failed("a", here, now);
        assert!(!guesses.locked("a", here, now));
    }
}
