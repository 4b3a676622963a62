//! Sets of UIDs, as few ranges as they need.

use crate::Uid;

/// UIDs as ranges: rising, none next to another. A million in a row take the room of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UidSet(Vec<(u32, u32)>);

impl UidSet {
    /// Of ranges (lowest, highest), in any order.
    pub fn of_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.retain(|(lo, hi)| *lo > 0 && lo <= hi);
        ranges.sort_unstable();
        let mut set: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (lo, hi) in ranges {
            match set.last_mut() {
                Some((_, last)) if lo <= last.saturating_add(1) => *last = hi.max(*last),
                _ => set.push((lo, hi)),
            }
        }
        Self(set)
    }

    /// Everything below `end` but these, which rise.
    pub fn all_but(uids: impl IntoIterator<Item = Uid>, end: u32) -> Self {
        let (mut ranges, mut from) = (Vec::new(), 1);
        for uid in uids {
            ranges.push((from, uid.get() - 1));
            from = uid.get().saturating_add(1);
        }
        ranges.push((from, end.saturating_sub(1)));
        Self::of_ranges(ranges)
    }

    /// Is this one in it?
    pub fn contains(&self, uid: Uid) -> bool {
        let after = self.0.partition_point(|(_, hi)| *hi < uid.get());
        self.0.get(after).is_some_and(|(lo, _)| *lo <= uid.get())
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (mut both, mut at) = (Vec::new(), 0);
        for (lo, hi) in &self.0 {
            while other.0.get(at).is_some_and(|(_, end)| end < lo) {
                at += 1;
            }
            let meets = other.0[at..].iter().take_while(|(start, _)| start <= hi);
            both.extend(meets.map(|(start, end)| (*lo.max(start), *hi.min(end))));
        }
        Self(both)
    }

    /// The ranges (lowest, highest), rising.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, rising. There may be very many.
    pub fn iter(&self) -> impl Iterator<Item = Uid> {
        self.0.iter().flat_map(|(lo, hi)| *lo..=*hi).filter_map(Uid::new)
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        Self::of_ranges(uids.into_iter().map(|uid| (uid.get(), uid.get())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u32, u32)]) -> UidSet {
        UidSet::of_ranges(ranges.to_vec())
    }

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    #[test]
    fn ranges_that_touch_are_one() {
        assert_eq!(set(&[(5, 6), (1, 2), (3, 3), (9, 8), (0, 0), (2, 4)]).ranges(), [(1, 6)]);
        assert_eq!(set(&[(1, 1), (3, 3)]).iter().collect::<UidSet>(), set(&[(3, 3), (1, 1)]));
    }

    #[test]
    fn what_is_left_out_is_not_in_it() {
        let rest = UidSet::all_but([uid(1), uid(4), uid(5)], 9);
        assert_eq!(rest.ranges(), [(2, 3), (6, 8)]);
        assert!(rest.contains(uid(3)) && rest.contains(uid(8)));
        assert!(![1, 4, 5, 9].iter().any(|number| rest.contains(uid(*number))));
        assert!(UidSet::all_but([], 1).is_empty());
    }

    #[test]
    fn of_two_sets_both_hold_what_is_in_each() {
        let both = set(&[(1, 5), (8, 9), (20, 30)]).and(&set(&[(2, 3), (5, 8), (25, 25), (28, 40)]));
        assert_eq!(both.ranges(), [(2, 3), (5, 5), (8, 8), (25, 25), (28, 30)]);
    }
}
