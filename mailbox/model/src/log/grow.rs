//! The log grows: hashes are appended, tiles fill, the root follows.

use super::{Hash, node, nothing};

/// Hashes of a tile.
pub const TILE: usize = 256;
/// Levels of tiles: 256^8 entries are more than there will be.
const LEVELS: u8 = 8;

/// Some hashes that stand side by side, with their place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// 0: of entries; 1: of 256 entries each; and so on.
    pub level: u8,
    /// How many full tiles stand before it.
    pub index: u64,
    /// The hashes, up to 256.
    pub hashes: Vec<Hash>,
}

/// The right edge of the tree, where it grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    size: u64,
    /// The last hashes of each level, fewer than 256.
    open: Vec<Vec<Hash>>,
    /// Tiles that became full.
    full: Vec<Tile>,
}

impl Growth {
    /// The tiles at the edge of a log of this size: where they stand, and how many hashes of each count.
    pub fn edge(size: u64) -> impl Iterator<Item = (u8, u64, usize)> {
        let tile = move |level: u8| {
            let nodes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
            (level, nodes / TILE as u64, usize::try_from(nodes % TILE as u64).unwrap_or(0))
        };
        (0..LEVELS).map(tile).filter(|(_, _, count)| *count > 0)
    }

    /// For each level the first tile that a log of this size does not have.
    pub fn beyond(size: u64) -> impl Iterator<Item = (u8, u64)> {
        let first = move |level: u8| size.checked_shr(8 * u32::from(level)).unwrap_or(0).div_ceil(TILE as u64);
        (0..LEVELS).map(move |level| (level, first(level)))
    }

    /// The edge of a log of this size, from its tiles. `None`: one is missing or too short.
    pub fn resume(size: u64, tiles: &[Tile]) -> Option<Self> {
        let mut open = vec![Vec::new(); usize::from(LEVELS)];
        for (level, index, count) in Self::edge(size) {
            let tile = tiles.iter().find(|tile| tile.level == level && tile.index == index)?;
            open[usize::from(level)] = tile.hashes.get(..count)?.to_vec();
        }
        Some(Self { size, open, full: Vec::new() })
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One more entry, by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..LEVELS {
            let nodes = self.size >> (8 * u32::from(level));
            if self.open.len() <= usize::from(level) {
                self.open.push(Vec::new());
            }
            let open = &mut self.open[usize::from(level)];
            open.push(hash);
            if open.len() < TILE {
                return;
            }
            let hashes = std::mem::take(open);
            hash = over(&hashes);
            self.full.push(Tile { level, index: nodes / TILE as u64 - 1, hashes });
        }
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut root = None;
        for level in &self.open {
            let mut rest = level.as_slice();
            // From the right: the smallest whole subtree first.
            while !rest.is_empty() {
                let (before, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let left = over(last);
                root = Some(root.map_or(left, |right| node(&left, &right)));
                rest = before;
            }
        }
        root.unwrap_or_else(nothing)
    }

    /// The tiles to keep: those that became full since, and those at the edge.
    pub fn tiles(&self) -> Vec<Tile> {
        let edge = Self::edge(self.size).map(|(level, index, _)| {
            let hashes = self.open.get(usize::from(level)).cloned().unwrap_or_default();
            Tile { level, index, hashes }
        });
        self.full.iter().cloned().chain(edge).collect()
    }
}

/// The hash over a power of two of hashes.
fn over(hashes: &[Hash]) -> Hash {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    node(&over(left), &over(right))
}
