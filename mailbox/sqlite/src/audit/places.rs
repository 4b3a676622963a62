//! The place in the log of rows that do not say it, or say what was never signed: between two pieces that are as they were, those that fill a
//! gap were changed, and those for which there is none were put in (Profile §8.15).

use std::collections::BTreeMap;

use fumibako_model::EvidenceId;
use fumibako_store::{LISTED, LogFault, Wrong};

use crate::ledger::DAY_SHIFT;

/// A row that is no piece the log has.
pub(super) struct Unplaced {
    /// Its id.
    pub(super) id: i64,
    /// The number that it says it has, if it says so under its own id.
    pub(super) claims: Option<u64>,
}

/// The numbers between two pieces that are as they were.
pub(super) struct Gap {
    /// The first number that is not accounted for, and the one after the last.
    pub(super) first: u64,
    pub(super) until: u64,
    /// The piece before, unless that is the beginning or was pruned.
    pub(super) before: Option<i64>,
    /// The piece after, unless that is the end.
    pub(super) after: Option<i64>,
    /// Of some of these numbers the id is known: of the last piece that a head covers, or that was counted.
    pub(super) ends: Vec<(u64, i64)>,
}

impl Gap {
    /// What became of these numbers, and what these rows are, in the order of ids.
    pub(super) fn settle(&self, rows: &[Unplaced]) -> Vec<LogFault> {
        let mut places = BTreeMap::new();
        let mut faults = Vec::new();
        let all = rows.len() as u64 == self.until - self.first;
        for (row, in_order) in rows.iter().zip(self.first..) {
            let number = if self.is_full() || !all { self.number(row) } else { Some(in_order) };
            match number.filter(|n| (self.first..self.until).contains(n) && !places.contains_key(n)) {
                Some(n) => drop(places.insert(n, row.id)),
                None => faults.push(fault(self.until, Some(row.id), Wrong::Added)),
            }
        }
        for n in self.first..self.until {
            if faults.len() > LISTED {
                break;
            }
            faults.push(match places.get(&n) {
                Some(id) => fault(n, Some(*id), Wrong::Changed),
                None => fault(n, self.id(n), Wrong::Removed),
            });
        }
        faults
    }

    /// Were there just so many ids between the two pieces as there are numbers?
    fn is_full(&self) -> bool {
        let room = self.before.zip(self.after).map(|(before, after)| (after - before).cast_unsigned());
        room == Some(self.until - self.first + 1)
    }

    /// The number of a row: by its id, where ids tell, else what it says, else what its neighbours of the same day say.
    fn number(&self, row: &Unplaced) -> Option<u64> {
        let day = |id: i64| id >> DAY_SHIFT;
        let behind = |before: i64| self.first.checked_add((row.id - before - 1).cast_unsigned());
        let ahead = |after: i64| self.until.checked_sub((after - row.id).cast_unsigned());
        if self.is_full() {
            return self.before.and_then(behind);
        }
        let fits = |n: &u64| (self.first..self.until).contains(n);
        let same_day = |one: Option<i64>| one.filter(|id| day(*id) == day(row.id));
        let by_neighbours = || {
            let before = same_day(self.before).and_then(behind).filter(fits);
            before.or_else(|| same_day(self.after).and_then(ahead).filter(fits))
        };
        row.claims.filter(fits).or_else(by_neighbours)
    }

    /// The id of a piece that is not there, where it can be told: it is known, or there were just so many ids between two that are known as there
    /// are numbers.
    fn id(&self, n: u64) -> Option<i64> {
        let before = self.before.zip(self.first.checked_sub(1)).map(|(id, n)| (n, id));
        let known = || before.into_iter().chain(self.ends.iter().copied());
        let (last, id) = known().take_while(|(at, _)| *at <= n).last()?;
        let by_order = id.saturating_add((n - last).cast_signed());
        let after = known().chain(self.after.map(|id| (self.until, id))).find(|(at, _)| *at > n);
        let fits = |(at, after): (u64, i64)| (after - id).cast_unsigned() == at - last;
        (n == last || after.is_some_and(fits)).then_some(by_order)
    }
}

fn fault(n: u64, id: Option<i64>, what: Wrong) -> LogFault {
    LogFault { n, id: id.map(EvidenceId), message_id: None, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 20_782 << DAY_SHIFT;
    const NEXT: i64 = 20_783 << DAY_SHIFT;

    /// What becomes of these rows, each with what it says, where pieces 3 and 3 + `gap` + 1 are as they were.
    #[track_caller]
    fn check(
        (before, after): (Option<i64>, Option<i64>),
        gap: u64,
        rows: &[(i64, Option<u64>)],
        expected: &[(u64, Option<i64>, Wrong)],
    ) {
        let rows: Vec<_> = rows.iter().map(|(id, claims)| Unplaced { id: *id, claims: *claims }).collect();
        // The last id that was given is counted.
        let ends = if after.is_none() && gap > 0 { vec![(3 + gap, DAY + 3 + gap.cast_signed())] } else { Vec::new() };
        let found = Gap { first: 4, until: 4 + gap, before, after, ends }.settle(&rows);
        assert_eq!(found, expected.iter().map(|(n, id, what)| fault(*n, *id, *what)).collect::<Vec<_>>());
    }

    // Profile §8.15
    #[test]
    fn a_row_is_changed_where_the_log_has_a_place_for_it_and_else_put_in() {
        use Wrong::{Added, Changed, Removed};
        let one_day = (Some(DAY + 3), Some(DAY + 6));
        check(
            one_day,
            2,
            &[(DAY + 4, None), (DAY + 5, None)],
            &[(4, Some(DAY + 4), Changed), (5, Some(DAY + 5), Changed)],
        );
        // Its id tells, whatever it says.
        check(one_day, 2, &[(DAY + 5, Some(4))], &[(4, Some(DAY + 4), Removed), (5, Some(DAY + 5), Changed)]);
        check((Some(DAY + 3), Some(NEXT)), 0, &[(DAY + 4, Some(4))], &[(4, Some(DAY + 4), Added)]);
        // Over midnight so many ids are not given.
        check((Some(DAY + 3), Some(NEXT)), 1, &[(DAY + 4, None)], &[(4, Some(DAY + 4), Changed)]);
        check(
            (Some(DAY + 3), Some(NEXT + 1)),
            3,
            &[(NEXT, None)],
            &[(4, None, Removed), (5, None, Removed), (6, Some(NEXT), Changed)],
        );
        check(
            (Some(DAY + 3), Some(NEXT + 1)),
            3,
            &[(DAY + 4, None)],
            &[(4, Some(DAY + 4), Changed), (5, None, Removed), (6, None, Removed)],
        );
        check(
            (Some(DAY + 3), Some(NEXT + 1)),
            3,
            &[(DAY + 9, Some(5))],
            &[(4, None, Removed), (5, Some(DAY + 9), Changed), (6, None, Removed)],
        );
        check(
            (Some(DAY + 3), Some(NEXT)),
            1,
            &[(DAY + 4, None), (DAY + 9, None)],
            &[(5, Some(DAY + 9), Added), (4, Some(DAY + 4), Changed)],
        );
        // Behind the end.
        check((Some(DAY + 3), None), 0, &[(DAY + 4, Some(4))], &[(4, Some(DAY + 4), Added)]);
        check((Some(DAY + 3), None), 2, &[], &[(4, Some(DAY + 4), Removed), (5, Some(DAY + 5), Removed)]);
        check(
            (Some(DAY + 3), None),
            2,
            &[(DAY + 5, None)],
            &[(4, Some(DAY + 4), Removed), (5, Some(DAY + 5), Changed)],
        );
        // Before the beginning.
        check((None, Some(DAY + 1)), 1, &[(DAY, None)], &[(4, Some(DAY), Changed)]);
        check((None, Some(DAY)), 0, &[(DAY - 1, None)], &[(4, Some(DAY - 1), Added)]);
    }

    // Profile §8.15
    #[test]
    fn of_pieces_that_are_not_there_heads_tell_the_ids_over_midnight_and_behind_the_end() {
        let removed = |until, before, ends: &[(u64, i64)]| {
            let found = Gap { first: 4, until, before, after: None, ends: ends.to_vec() }.settle(&[]);
            found.into_iter().map(|fault| fault.id.map(|id| id.0)).collect::<Vec<_>>()
        };
        let some = |ids: &[i64]| ids.iter().map(|id| Some(*id)).collect::<Vec<_>>();
        assert_eq!(removed(6, Some(DAY + 3), &[(5, DAY + 5)]), some(&[DAY + 4, DAY + 5]));
        assert_eq!(removed(6, Some(DAY + 3), &[(4, DAY + 4), (5, NEXT)]), some(&[DAY + 4, NEXT]));
        // Which of the two days the first is of nobody can tell, nor of what stands behind the head.
        assert_eq!(removed(7, Some(DAY + 3), &[(5, NEXT + 1)]), [None, Some(NEXT + 1), None]);
        assert_eq!(removed(6, None, &[(5, NEXT)]), [None, Some(NEXT)]);
    }
}
