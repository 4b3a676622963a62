//! Sequence sets (RFC 3501 §9).

use super::cursor::{Cursor, Parsed};

/// Message numbers or UIDs as a client names them; none at all is `$`, what the last SEARCH saved (RFC 5182).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set(pub(super) Vec<(Num, Num)>);

/// A number; `None` is `*`, the largest in use.
pub(super) type Num = Option<u32>;

/// ```text
/// sequence-set = (seq-number / seq-range) *("," sequence-set)
/// seq-number   = nz-number / "*"
/// ```
pub(super) fn set(cursor: &mut Cursor<'_>) -> Parsed<Set> {
    let mut ranges = Vec::new();
    loop {
        let from = number(cursor)?;
        let to = if cursor.take(b':') { number(cursor)? } else { from };
        ranges.push((from, to));
        if !cursor.take(b',') {
            return Ok(Set(ranges));
        }
    }
}

/// ```text
/// sequence-set =/ "$" ; RFC 5182 §3: it stands alone
/// ```
pub(super) fn set_or_saved(cursor: &mut Cursor<'_>) -> Parsed<Set> {
    if cursor.take(b'$') { Ok(Set(Vec::new())) } else { set(cursor) }
}

fn number(cursor: &mut Cursor<'_>) -> Parsed<Num> {
    if cursor.take(b'*') { Ok(None) } else { cursor.nz_number().map(Some) }
}

impl Set {
    /// Is it `$`?
    pub(super) fn is_saved(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, low end first, `*` being `largest`.
    pub(super) fn resolve(&self, largest: u32) -> impl Iterator<Item = (u32, u32)> {
        let number = move |number: Num| number.unwrap_or(largest);
        self.0.iter().map(move |(from, to)| (number(*from), number(*to))).map(|(a, b)| (a.min(b), a.max(b)))
    }
}

/// Numbers as a set: `1:3,7`.
pub(super) fn write(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(from, to): (u32, u32)| if from == to { from.to_string() } else { format!("{from}:{to}") };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_may_be_written_either_way_round() {
        let set = set(&mut Cursor::new(b"2,4:7,9,12:*,*:4")).unwrap();
        assert_eq!(set.resolve(15).collect::<Vec<_>>(), [(2, 2), (4, 7), (9, 9), (12, 15), (4, 15)]);
    }

    #[test]
    fn zero_and_33_bits_are_no_message_numbers() {
        for bad in ["0", "4294967296", "", "1:", "a"] {
            assert!(set(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
        assert!(set(&mut Cursor::new(b"4294967295")).is_ok());
    }

    #[test]
    fn runs_are_written_as_ranges() {
        assert_eq!(write([1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(write([u32::MAX]), "4294967295");
    }
}
