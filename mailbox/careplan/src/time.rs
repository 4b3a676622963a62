//! Months and stamps as the standard writes them. The clock is the caller's.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::text::as_text;

/// サービス提供年月: a service month, `YYYYMM`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceMonth {
    year: u16,
    month: u8,
}

/// The text is not six digits that name a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month: six digits YYYYMM are expected")]
pub struct NotAMonth;

/// ファイル連番: the 14-digit stamp that all files of one send unit share, and the order in which a receiver works.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(DateTime);

/// The text is not a serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASerial {
    /// Something other than 14 digits.
    #[error("not a serial: 14 digits YYYYMMDDHHMMSS are expected")]
    Shape,
    /// 14 digits, but the calendar or the clock has no such moment.
    #[error("not a serial: the 14 digits are not a date and time")]
    NoSuchMoment,
}

/// All-digit text as a number; none if it is not, or does not fit.
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |n, b| {
        let digit = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

/// How many days the month has; none if there is no such month.
pub(crate) fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

impl ServiceMonth {
    /// A month of the years 1900 to 2999; nothing else is a month in which care was given.
    pub fn new(year: u16, month: u8) -> Result<Self, NotAMonth> {
        let good = (1900..3000).contains(&year) && (1..=12).contains(&month);
        good.then_some(Self { year, month }).ok_or(NotAMonth)
    }

    /// The year, such as 2026.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let [year @ .., tens, ones] = bytes else { return None };
        let year: u16 = (year.len() == 4).then(|| number(year))??.try_into().ok()?;
        let month: u8 = number(&[*tens, *ones])?.try_into().ok()?;
        Self::new(year, month).ok()
    }
}

impl Serial {
    /// The serial of this moment, in the office's local time; fractions of a second are dropped.
    ///
    /// A sender must not give two send units the same serial: receivers work in serial order (標準仕様 2.5).
    pub fn at(moment: DateTime) -> Self {
        Self(moment.with().subsec_nanosecond(0).build().unwrap_or(moment))
    }

    /// The moment it names.
    pub fn moment(self) -> DateTime {
        self.0
    }
}

impl FromStr for ServiceMonth {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        Self::read(text.as_bytes()).ok_or(NotAMonth)
    }
}

impl FromStr for Serial {
    type Err = NotASerial;
    fn from_str(text: &str) -> Result<Self, NotASerial> {
        let bytes = text.as_bytes();
        if bytes.len() != 14 || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(NotASerial::Shape);
        }
        let part = |from: usize, to: usize| number(&bytes[from..to]).and_then(|n| i16::try_from(n).ok());
        let short = |from: usize| part(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let moment =
            || DateTime::new(part(0, 4)?, short(4)?, short(6)?, short(8)?, short(10)?, short(12)?, 0).ok().map(Self);
        moment().ok_or(NotASerial::NoSuchMoment)
    }
}

impl fmt::Display for ServiceMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.0;
        write!(f, "{:04}{:02}{:02}", m.year(), m.month(), m.day())?;
        write!(f, "{:02}{:02}{:02}", m.hour(), m.minute(), m.second())
    }
}

as_text!(ServiceMonth, NotAMonth);
as_text!(Serial, NotASerial);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_run_from_january_to_december() {
        assert_eq!("202512".parse::<ServiceMonth>().unwrap().to_string(), "202512");
        for bad in ["202500", "202513", "20251", "2025123", "000000", "２０２５"] {
            assert_eq!(bad.parse::<ServiceMonth>(), Err(NotAMonth), "{bad}");
        }
    }

    #[test]
    fn a_serial_is_a_moment_of_the_calendar() {
        for good in ["20251101093000", "20240229235959"] {
            assert_eq!(good.parse::<Serial>().unwrap().to_string(), good);
        }
        for bad in ["20250229093000", "20251301093000", "20251101240000", "20251101096000"] {
            assert_eq!(bad.parse::<Serial>(), Err(NotASerial::NoSuchMoment), "{bad}");
        }
        for bad in ["2025110109300", "201911110102233", "2025110109300a"] {
            assert_eq!(bad.parse::<Serial>(), Err(NotASerial::Shape), "{bad}");
        }
    }

    #[test]
    fn serials_order_as_time_does() {
        let at = |text: &str| text.parse::<Serial>().unwrap();
        assert!(at("20251231235959") < at("20260101000000"));
        assert_eq!(Serial::at(at("20251101093000").moment()), at("20251101093000"));
    }
}
