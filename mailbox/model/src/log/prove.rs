//! Proofs about the log, from its tiles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hash, TILE, Tile, node, nothing, split};

/// The tiles of a log, as far as a proof needs them. A first run with none finds out which ones; the second makes the proof.
#[derive(Debug, Default)]
pub struct Nodes {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
    missing: BTreeSet<(u8, u64)>,
}

impl Nodes {
    /// With these tiles.
    pub fn new(tiles: impl IntoIterator<Item = Tile>) -> Self {
        let tiles = tiles.into_iter().map(|tile| ((tile.level, tile.index), tile.hashes)).collect();
        Self { tiles, missing: BTreeSet::new() }
    }

    /// Which tiles, by level and index, it takes to prove that entry `n` is in a log of this size.
    pub fn for_inclusion(n: u64, size: u64) -> BTreeSet<(u8, u64)> {
        let mut nodes = Self::default();
        nodes.inclusion(n, size);
        nodes.missing
    }

    /// Which it takes to prove that a log of `old` entries was continued to one of `new`.
    pub fn for_consistency(old: u64, new: u64) -> BTreeSet<(u8, u64)> {
        let mut nodes = Self::default();
        nodes.consistency(old, new);
        nodes.missing
    }

    /// Which it takes to know the root of the first `size` entries.
    pub fn for_root(size: u64) -> BTreeSet<(u8, u64)> {
        let mut nodes = Self::default();
        nodes.root(size);
        nodes.missing
    }

    /// RFC 9162 §2.1.3.1: the hashes beside the way from entry `n` to the root. `None`: there is no such entry, or a tile is
    /// missing.
    pub fn inclusion(&mut self, n: u64, size: u64) -> Option<Vec<Hash>> {
        let mut path = Vec::new();
        (n < size).then(|| self.path(n, (0, size), &mut path))?;
        self.missing.is_empty().then_some(path)
    }

    fn path(&mut self, n: u64, (from, to): (u64, u64), path: &mut Vec<Hash>) {
        if to - from <= 1 {
            return;
        }
        let middle = from + split(to - from);
        if n < middle {
            self.path(n, (from, middle), path);
            path.push(self.range(middle, to));
        } else {
            self.path(n, (middle, to), path);
            path.push(self.range(from, middle));
        }
    }

    /// RFC 9162 §2.1.4.1: what shows that the first `old` entries of a log of `new` are those they were. `None`: there never
    /// were, or a tile is missing.
    pub fn consistency(&mut self, old: u64, new: u64) -> Option<Vec<Hash>> {
        let mut proof = Vec::new();
        (0 < old && old <= new).then(|| self.subproof(old, (0, new), true, &mut proof))?;
        self.missing.is_empty().then_some(proof)
    }

    fn subproof(&mut self, old: u64, (from, to): (u64, u64), whole: bool, proof: &mut Vec<Hash>) {
        if old == to {
            if !whole {
                proof.push(self.range(from, to));
            }
            return;
        }
        let middle = from + split(to - from);
        if old <= middle {
            self.subproof(old, (from, middle), whole, proof);
            proof.push(self.range(middle, to));
        } else {
            self.subproof(old, (middle, to), false, proof);
            proof.push(self.range(from, middle));
        }
    }

    /// The root of the first `size` entries.
    pub fn root(&mut self, size: u64) -> Option<Hash> {
        let root = if size == 0 { nothing() } else { self.range(0, size) };
        self.missing.is_empty().then_some(root)
    }

    /// The hash over these entries, which begin where a subtree of that size does.
    fn range(&mut self, from: u64, to: u64) -> Hash {
        let count = to - from;
        if count.is_power_of_two() {
            return self.subtree(count.trailing_zeros(), from >> count.trailing_zeros());
        }
        let middle = from + split(count);
        let (left, right) = (self.range(from, middle), self.range(middle, to));
        node(&left, &right)
    }

    /// The hash over the whole subtree of this number on this level.
    fn subtree(&mut self, level: u32, number: u64) -> Hash {
        if level.is_multiple_of(8) {
            return self.kept(u8::try_from(level / 8).unwrap_or(u8::MAX), number);
        }
        let (left, right) = (self.subtree(level - 1, 2 * number), self.subtree(level - 1, 2 * number + 1));
        node(&left, &right)
    }

    fn kept(&mut self, level: u8, number: u64) -> Hash {
        let (tile, at) = ((level, number / TILE as u64), usize::try_from(number % TILE as u64).unwrap_or(TILE));
        let hash = self.tiles.get(&tile).and_then(|hashes| hashes.get(at)).copied();
        if hash.is_none() {
            self.missing.insert(tile);
        }
        hash.unwrap_or_default()
    }
}
