//! Whether proofs hold.

use super::{Hash, node};

/// RFC 9162 §2.1.3.2: is this entry, by its hash, number `n` of the log with this size and root?
pub fn included(leaf: &Hash, n: u64, (size, root): (u64, &Hash), path: &[Hash]) -> bool {
    if n >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (n, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(beside, &hash);
            // A right edge without a neighbour goes up as it is.
            let up = if at % 2 == 0 { at.trailing_zeros() } else { 0 };
            (at, last) = (at.checked_shr(up).unwrap_or(0), last.checked_shr(up).unwrap_or(0));
        } else {
            hash = node(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// RFC 9162 §2.1.4.2: was the log of size and root `old` continued to the one of size and root `new`, without a change?
pub fn extended((old, old_root): (u64, &Hash), (new, new_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let (first, rest) = match proof {
        // The old tree is a whole subtree of the new one, and is not repeated.
        _ if old.is_power_of_two() => (old_root, proof),
        [first, rest @ ..] => (first, rest),
        [] => return false,
    };
    let (mut at, mut last) = (old - 1, new - 1);
    let up = at.trailing_ones();
    (at, last) = (at.checked_shr(up).unwrap_or(0), last.checked_shr(up).unwrap_or(0));
    let (mut was, mut is) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (was, is) = (node(beside, &was), node(beside, &is));
            let up = if at % 2 == 0 { at.trailing_zeros() } else { 0 };
            (at, last) = (at.checked_shr(up).unwrap_or(0), last.checked_shr(up).unwrap_or(0));
        } else {
            is = node(&is, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && was == *old_root && is == *new_root
}
