use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::enclose;
use fumibako_store::bodies::Day;
use jiff::SignedDuration;

use super::*;

/// An hour of the day of these tests.
fn hour(hour: i64) -> Timestamp {
    "2026-11-25T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

/// Keys of one gateway under one authority, the oldest first.
struct Ring(Authority, Vec<Identity>);

impl Ring {
    fn of(count: usize) -> Self {
        let from = hour(-24);
        let authority = Authority::create_for_domain("Evidence", "plans.example", from).unwrap();
        let request = Request {
            common_name: "gateway",
            rfc822_name: "gateway@plans.example",
            key: KeyKind::EcP256,
            purpose: Purpose::Evidence,
            not_before: from,
            not_after: from + SignedDuration::from_hours(24 * 365),
        };
        let keys = (0..count).map(|_| authority.issue(&request).unwrap()).collect();
        Self(authority, keys)
    }

    fn name(&self, key: usize) -> String {
        self.1[key].certificate().fingerprint_hex()
    }

    fn former(&self, key: usize, size: u64, until: Timestamp) -> FormerKey {
        FormerKey { key: self.name(key), size, root: root(size), until, rows: None }
    }

    /// The keys, of which the last one signs now.
    fn keys(&self, former: Vec<FormerKey>) -> Keys {
        let believed = Witnesses::new(vec![self.0.certificate().clone()], [].into()).unwrap();
        Keys::new(self.name(self.1.len() - 1), believed, former)
    }

    /// A head that this key signed.
    fn head(&self, key: usize, size: u64, at: Timestamp) -> Vec<u8> {
        let head = serde_json::to_vec(&over(size, at)).unwrap();
        enclose(&head, &self.1[key], at).unwrap()
    }

    fn signed(&self, key: usize, size: u64, at: Timestamp) -> Signed {
        Signed { key: self.name(key), head: over(size, at) }
    }

    fn before(&self, heads: Vec<Signed>, now: Timestamp) -> Vec<FormerKey> {
        before(self.1.last().unwrap(), heads.into_iter(), now)
    }
}

fn root(size: u64) -> String {
    fumibako_store::hex(&hash(size))
}

fn hash(size: u64) -> [u8; 32] {
    [u8::try_from(size).unwrap(); 32]
}

fn over(size: u64, at: Timestamp) -> Head {
    Head::over("plans.example", (size, root(size)), at)
}

/// As it stands in the log, which has these hashes.
fn kept(head: Vec<u8>, size: u64, there: Option<u64>) -> KeptHead {
    KeptHead { day: Day::of(hour(0)), size, head, stamp: None, root: there.map(hash) }
}

fn why<T>(judged: Result<T, Said>) -> Option<String> {
    judged.err().map(|said| said.en)
}

// Profile §8.16
#[test]
fn what_the_keys_before_signed_is_taken_from_the_heads_of_then() {
    let ring = Ring::of(3);
    assert_eq!(ring.before(vec![], hour(9)), [], "a new log");
    assert_eq!(ring.before(vec![ring.signed(2, 4, hour(1))], hour(9)), [], "it always signed");
    // Each ends when the next one begins, with what it signed last; the latest is the first.
    let two = || vec![ring.signed(0, 1, hour(1)), ring.signed(0, 2, hour(2)), ring.signed(1, 4, hour(3))];
    let (first, second) = (ring.former(0, 2, hour(3)), |until| ring.former(1, 4, until));
    let own = ring.signed(2, 6, hour(5));
    assert_eq!(ring.before([two(), vec![own.clone()]].concat(), hour(9)), [second(hour(5)), first.clone()]);
    // It has not signed yet; by a clock that was set back the one before ends with its own last head.
    assert_eq!(ring.before(two(), hour(9)), [second(hour(9)), first.clone()]);
    assert_eq!(ring.before(two(), hour(0)), [second(hour(3)), first.clone()]);
    // One that was replaced signs again, and more: that counts for nothing.
    let thief = ring.signed(0, 5, hour(4));
    assert_eq!(ring.before([two(), vec![thief, own]].concat(), hour(9)), [second(hour(5)), first.clone()]);
    // What a head tells of keys before it stands, whatever else is there.
    let told = vec![ring.former(0, 1, hour(2))];
    let mut heads = two();
    heads[2].head.former = Some(told.clone());
    assert_eq!(ring.before(heads, hour(9)), [vec![second(hour(9))], told].concat());
}

// Profile §8.16
#[test]
fn a_former_key_has_a_say_as_far_as_it_signed_and_no_further() {
    let ring = Ring::of(4);
    // The second of them never signed this log.
    let keys = ring.keys(vec![ring.former(2, 6, hour(5)), ring.former(0, 2, hour(3))]);
    let judged = |key, size, at| keys.head(&ring.head(key, size, at)).map(|(head, rank)| (head.size, rank));
    for (key, size, at, rank) in [(3, 9, hour(9), 0), (2, 6, hour(5), 1), (0, 2, hour(3), 2), (0, 1, hour(1), 2)] {
        assert_eq!(judged(key, size, at).ok(), Some((size, rank)), "{key}");
    }
    let second = SignedDuration::from_secs(1);
    for (key, size, at, said) in [
        (2, 7, hour(5), "after 6 pieces"),
        (0, 3, hour(3), "after 2 pieces"),
        (2, 6, hour(5) + second, "replaced"),
        (0, 2, hour(3) + second, "replaced"),
        (1, 1, hour(1), "never signed this log"),
    ] {
        let found = why(judged(key, size, at)).unwrap();
        assert!(found.contains(said), "{key}: {found}");
    }
    assert!(why(keys.head(b"no signature")).is_some());
}

// Profile §8.15, §8.16
#[test]
fn of_the_heads_of_a_log_those_count_that_are_in_order_and_over_what_is_there() {
    let ring = Ring::of(2);
    let keys = ring.keys(vec![ring.former(0, 6, hour(5))]);
    let heads = [
        kept(ring.head(0, 2, hour(2)), 2, Some(2)),
        kept(ring.head(1, 3, hour(6)), 3, Some(3)),
        // Within what it signed, and of a time when it did: but another has signed in between.
        kept(ring.head(0, 4, hour(4)), 4, Some(4)),
        kept(ring.head(1, 5, hour(7)), 5, Some(4)),
        kept(ring.head(1, 6, hour(7)), 7, Some(6)),
        kept(ring.head(1, 8, hour(8)), 8, None),
        kept(ring.head(1, 9, hour(9)), 9, Some(9)),
    ];
    let found: Vec<_> = keys.judge(&heads).into_iter().map(|(_, judged)| why(judged).unwrap_or_default()).collect();
    let said = ["", "", "had been replaced before", "over other evidence", "not there now", "not there now", ""];
    for (n, (found, said)) in found.iter().zip(said).enumerate() {
        assert!(found.contains(said) && found.is_empty() == said.is_empty(), "{n}: {found}");
    }
}

// Profile §8.15: a row that was edited is that of its head, and accuses nothing that the head vouches for.
#[test]
fn a_head_filed_under_another_day_is_named_and_counts() {
    let ring = Ring::of(1);
    let keys = ring.keys(Vec::new());
    let good = kept(ring.head(0, 2, hour(2)), 2, Some(2));
    let moved = KeptHead { day: Day::of(hour(2 - 24 * 100)), ..kept(ring.head(0, 3, hour(3)), 3, Some(3)) };
    let heads = [good, moved];
    let judged = keys.judge(&heads).into_iter().map(|(kept, judged)| (kept, judged.map_err(|said| said.en).unwrap()));
    let named: Vec<_> = judged.map(|(kept, head)| (head.size, misplaced(kept, &head).map(|said| said.en))).collect();
    assert_eq!(named[0], (2, None));
    assert!(matches!(&named[1], (3, Some(said)) if said.contains("another day")), "{named:?}");
}

// Profile §8.16
#[test]
fn a_head_tells_of_fifty_keys_and_forgets_the_oldest() {
    let ring = Ring::of(1);
    let one = |n: usize| FormerKey { key: format!("{n:064x}"), size: 1, root: root(1), until: hour(1), rows: None };
    for (all, left) in [(FORMER_KEYS, FORMER_KEYS), (FORMER_KEYS + 1, FORMER_KEYS)] {
        let keys = ring.keys((0..all).map(one).collect());
        assert_eq!(keys.former(), (0..left).map(one).collect::<Vec<_>>());
        assert!((0..left).all(|n| keys.believed.replaced(&format!("{n:064x}")) == Some(hour(1))));
    }
}
