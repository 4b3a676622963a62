//! PARTIAL (RFC 9394, Profile §7.40): some of a list of messages.

use std::ops::Range;

use super::cursor::{Cursor, Parsed};

/// `1:500` counts from the first, `-1:-500` from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    from: u32,
    to: u32,
    backward: bool,
}

impl Window {
    /// ```text
    /// partial-range       = partial-range-first / partial-range-last
    /// partial-range-first = nz-number ":" nz-number
    /// partial-range-last  = "-" nz-number ":" "-" nz-number
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let backward = cursor.take(b'-');
        let from = cursor.nz_number()?;
        cursor.need(b':', ":")?;
        if backward {
            cursor.need(b'-', "-")?;
        }
        Ok(Self { from, to: cursor.nz_number()?, backward })
    }

    /// As it was asked for.
    pub(super) fn written(self) -> String {
        let sign = if self.backward { "-" } else { "" };
        format!("{sign}{}:{sign}{}", self.from, self.to)
    }

    /// The places it names in a list of this length; RFC 9394 §4: 500:400 is 400:500.
    pub(super) fn of(self, length: usize) -> Range<usize> {
        let (low, high) = (self.from.min(self.to) as usize, self.from.max(self.to) as usize);
        if low > length {
            return 0..0;
        }
        if self.backward { length.saturating_sub(high)..length + 1 - low } else { low - 1..high.min(length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_to_what_is_there() {
        for (text, length, range) in [
            ("1:5", 10, 0..5),
            ("5:1", 10, 0..5),
            ("8:12", 10, 7..10),
            ("10:10", 10, 9..10),
            ("11:20", 10, 0..0),
            ("-1:-3", 10, 7..10),
            ("-3:-1", 10, 7..10),
            ("-9:-12", 10, 0..2),
            ("-11:-12", 10, 0..0),
            ("1:1", 0, 0..0),
        ] {
            let window = Window::read(&mut Cursor::new(text.as_bytes())).unwrap();
            assert_eq!((window.of(length), window.written().as_str()), (range, text));
        }
    }

    #[test]
    fn a_window_has_two_ends_counted_the_same_way() {
        for bad in ["1", "0:1", "1:*", "-1:1", "1:-1", ":1", "1:"] {
            assert!(Window::read(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
    }
}
