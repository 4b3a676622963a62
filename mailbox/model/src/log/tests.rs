//! The tree against the published values of the certificate-transparency project, and against itself by another way.

use fumibako_signer::hex;
use proptest::prelude::*;

use super::*;

/// Entries and roots that every implementation of RFC 6962 and RFC 9162 is tried with.
const ENTRIES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// RFC 9162 §2.1.1, word for word.
fn by_the_book(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => nothing(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(usize::try_from(split(leaves.len() as u64)).unwrap());
            node(&by_the_book(left), &by_the_book(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
}

fn grown(leaves: &[Hash]) -> Growth {
    let mut growth = Growth::default();
    for leaf in leaves {
        growth.push(*leaf);
    }
    growth
}

// Profile §8.13
#[test]
fn the_roots_are_those_published() {
    let mut growth = Growth::default();
    assert_eq!(hex(&growth.root()), ROOTS[0]);
    for (entry, root) in ENTRIES.iter().zip(&ROOTS[1..]) {
        growth.push(leaf(entry));
        assert_eq!(hex(&growth.root()), *root);
    }
    // RFC 9162 §2.1.5 draws these proofs for a tree of seven.
    let leaves: Vec<_> = ENTRIES[..7].iter().map(|entry| leaf(entry)).collect();
    let mut nodes = Nodes::new(grown(&leaves).tiles());
    let k = node(&node(&leaves[0], &leaves[1]), &node(&leaves[2], &leaves[3]));
    let l = node(&node(&leaves[4], &leaves[5]), &leaves[6]);
    assert_eq!(nodes.inclusion(0, 7).unwrap(), [leaves[1], node(&leaves[2], &leaves[3]), l]);
    assert_eq!(nodes.inclusion(6, 7).unwrap(), [node(&leaves[4], &leaves[5]), k]);
    assert_eq!(nodes.consistency(4, 7).unwrap(), [l]);
    assert_eq!(nodes.consistency(6, 7).unwrap(), [node(&leaves[4], &leaves[5]), leaves[6], k]);
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other_does() {
    let leaves = leaves(24);
    for size in 1..=24 {
        let mut nodes = Nodes::new(grown(&leaves[..usize::try_from(size).unwrap()]).tiles());
        let root = nodes.root(size).unwrap();
        for (n, leaf) in (0..size).zip(&leaves) {
            let path = nodes.inclusion(n, size).unwrap();
            assert!(included(leaf, n, (size, &root), &path), "{n} of {size}");
            assert!(!included(&leaves[(usize::try_from(n).unwrap() + 1) % 24], n, (size, &root), &path));
            assert!((0..=size).all(|other| other == n || !included(leaf, other, (size, &root), &path)));
            assert!(path.is_empty() || !included(leaf, n, (size, &root), &path[1..]));
            let longer = [path.as_slice(), &[root]].concat();
            assert!(!included(leaf, n, (size, &root), &longer));
        }
        for old in 1..=size {
            let was = by_the_book(&leaves[..usize::try_from(old).unwrap()]);
            let proof = nodes.consistency(old, size).unwrap();
            assert!(extended((old, &was), (size, &root), &proof), "{old} to {size}");
            let mut other = was;
            other[0] ^= 1;
            assert!(!extended((old, &other), (size, &root), &proof));
            assert!(!extended((old, &was), (size, &other), &proof));
            assert!(!extended((old, &was), (size, &root), &[proof.as_slice(), &[root]].concat()));
        }
        assert_eq!((nodes.inclusion(size, size), nodes.consistency(0, size)), (None, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn large_trees_grow_in_steps_and_prove_from_few_tiles(size in 1_u64..140_000, cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let leaves = leaves(size);
        let first = u64::try_from(cut.index(leaves.len())).unwrap();
        let mut kept = std::collections::BTreeMap::new();
        let mut keep = |growth: &Growth| for tile in growth.tiles() { kept.insert((tile.level, tile.index), tile); };
        let before = grown(&leaves[..cut.index(leaves.len())]);
        keep(&before);
        let mut growth = Growth::resume(first, &before.tiles()).unwrap();
        leaves[cut.index(leaves.len())..].iter().for_each(|leaf| growth.push(*leaf));
        keep(&growth);
        let root = by_the_book(&leaves);
        prop_assert_eq!(growth.root(), root);

        let n = u64::try_from(at.index(leaves.len())).unwrap();
        let wanted = Nodes::for_inclusion(n, size);
        prop_assert!(wanted.len() <= 6);
        let mut nodes = Nodes::new(wanted.iter().map(|place| kept[place].clone()));
        prop_assert!(included(&leaves[at.index(leaves.len())], n, (size, &root), &nodes.inclusion(n, size).unwrap()));
        if first > 0 {
            let mut nodes = Nodes::new(Nodes::for_consistency(first, size).iter().map(|place| kept[place].clone()));
            prop_assert!(extended((first, &before.root()), (size, &root), &nodes.consistency(first, size).unwrap()));
        }
        prop_assert_eq!(Growth::resume(first + 1, &[]), None, "an edge without its tiles is none");
    }
}

// Profile §8.20
#[test]
fn every_time_that_a_log_was_set_back_stays_said() {
    let back = |size: u64, at: i64| SetBack {
        size,
        root: "00".into(),
        at: jiff::Timestamp::from_second(at).unwrap(),
        lost: None,
        earlier: Vec::new(),
    };
    let first = back(6, 1);
    let second = back(9, 2).after([&first].into_iter());
    // The rows that came back knew of the first, the head beside the key of both.
    let third = back(6, 3).after([&first, &second].into_iter());
    assert_eq!(third.all().map(|one| one.at.as_second()).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(third.earlier.iter().all(|one| one.earlier.is_empty()));
    let many = (0..100).fold(first, |before, at| back(1, 10 + at).after([&before].into_iter()));
    assert_eq!((many.all().count(), many.at.as_second()), (SET_BACKS, 109));
}
