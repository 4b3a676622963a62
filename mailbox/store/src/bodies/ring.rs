//! The key ring as octets: which days have which keys, sealed under a root key.
//!
//! | octets | what |
//! |--------|------|
//! | 8      | magic and version |
//! | 8      | the root's id |
//! | 12     | nonce, random |
//! | …      | sealed: how many keys (`u32`), how many erased days (`u32`), each day (`i32`) with its key (32), each erased day (`i32`) |
//! | 16     | tag over all of it |
//!
//! Numbers are little-endian. Never here: a file, a key that outlives its day in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::day::Day;
use super::error::BodyError;

const MAGIC: &[u8; 8] = b"FUMIRNG\x01";
const NONCE: usize = 12;
const HEADER: usize = MAGIC.len() + 8 + NONCE;
const KEY: usize = 32;
const TAG: usize = 16;
/// A ring is never longer, and none is written that is.
pub(super) const RING_BYTES: u64 = 4 << 20;
/// Of it, so much is for days alone: keys for the longest retention take 13 KiB, and what is remembered of a year's days 1.4 KiB.
/// Holds have the rest: 87,000 at a time, or 780,000 that there ever were.
const FOR_DAYS: u64 = 1 << 20;

/// The key of a day. It stays where it is in memory, and is wiped there.
pub(super) type DayKey = Zeroizing<[u8; KEY]>;

/// A key that opens the ring, and nothing else.
pub(super) struct Root {
    pub(super) id: RootId,
    pub(super) key: Zeroizing<[u8; KEY]>,
}

/// Names a root; it stands in the name of the root's file and in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RootId(pub(super) [u8; 8]);

impl Root {
    pub(super) fn random() -> Result<Self, BodyError> {
        let mut id = RootId([0; 8]);
        aws_lc_rs::rand::fill(&mut id.0)?;
        Ok(Self { id, key: random_key()? })
    }

    fn cipher(&self) -> Result<LessSafeKey, BodyError> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key[..])?))
    }
}

pub(super) fn random_key() -> Result<Zeroizing<[u8; KEY]>, BodyError> {
    let mut key = Zeroizing::new([0; KEY]);
    aws_lc_rs::rand::fill(&mut key[..])?;
    Ok(key)
}

/// The days that have a key, and those whose key was destroyed.
#[derive(Clone, Default)]
pub(super) struct Ring {
    pub(super) keys: BTreeMap<Day, Arc<DayKey>>,
    pub(super) erased: BTreeSet<Day>,
}

impl Ring {
    /// Octets of the ring as it stands in its file.
    pub(super) fn octets_sealed(&self) -> u64 {
        (HEADER + 8 + self.keys.len() * (4 + KEY) + self.erased.len() * 4 + TAG) as u64
    }

    /// Has it room for one more hold, and for all days that may come?
    pub(super) fn has_room_for_a_hold(&self) -> bool {
        self.octets_sealed() + (4 + KEY) as u64 <= RING_BYTES - FOR_DAYS
    }

    pub(super) fn seal(&self, root: &Root) -> Result<Vec<u8>, BodyError> {
        let mut nonce = [0; NONCE];
        aws_lc_rs::rand::fill(&mut nonce)?;
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&root.id.0);
        header.extend_from_slice(&nonce);
        let mut octets = self.octets()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = root.cipher()?.seal_in_place_separate_tag(nonce, Aad::from(&header), &mut octets)?;
        Ok([&header, &octets[..], tag.as_ref()].concat())
    }

    /// The id of the root that opens this ring, if it is a ring.
    pub(super) fn root(sealed: &[u8]) -> Option<RootId> {
        let id = sealed.strip_prefix(MAGIC)?.get(..8)?;
        Some(RootId(id.try_into().ok()?))
    }

    /// `None`: damaged, or of another root.
    pub(super) fn open(sealed: &[u8], root: &Root) -> Option<Self> {
        let (header, rest) = sealed.split_at_checked(HEADER)?;
        if Self::root(header)? != root.id {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(&header[HEADER - NONCE..]).ok()?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let octets = root.cipher().ok()?.open_in_place(nonce, Aad::from(header), &mut rest).ok()?;
        Self::read(octets)
    }

    /// With room for the whole at once, so that no copy of a key is left behind by growing.
    fn octets(&self) -> Result<Zeroizing<Vec<u8>>, BodyError> {
        let count = |n: usize| u32::try_from(n).map_err(|_| BodyError::Cipher);
        let room = 8 + self.keys.len() * (4 + KEY) + self.erased.len() * 4 + TAG;
        let mut octets = Zeroizing::new(Vec::with_capacity(room));
        octets.extend_from_slice(&count(self.keys.len())?.to_le_bytes());
        octets.extend_from_slice(&count(self.erased.len())?.to_le_bytes());
        for (day, key) in &self.keys {
            octets.extend_from_slice(&day.0.to_le_bytes());
            octets.extend_from_slice(&key[..]);
        }
        for day in &self.erased {
            octets.extend_from_slice(&day.0.to_le_bytes());
        }
        Ok(octets)
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (keys, rest) = octets.split_first_chunk()?;
        let (erased, rest) = rest.split_first_chunk()?;
        let count = |n: &[u8; 4]| usize::try_from(u32::from_le_bytes(*n)).ok();
        let day = |octets: &[u8]| Some(Day(i32::from_le_bytes(octets.try_into().ok()?)));
        let (keys, days) = rest.split_at_checked(count(keys)?.checked_mul(4 + KEY)?)?;
        if days.len() != count(erased)?.checked_mul(4)? {
            return None;
        }
        let mut ring = Self::default();
        for entry in keys.chunks_exact(4 + KEY) {
            let mut key = Zeroizing::new([0; KEY]);
            key.copy_from_slice(&entry[4..]);
            ring.keys.insert(day(&entry[..4])?, Arc::new(key));
        }
        for entry in days.chunks_exact(4) {
            ring.erased.insert(day(entry)?);
        }
        Some(ring)
    }
}
