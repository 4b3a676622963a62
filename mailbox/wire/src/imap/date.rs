//! Dates as IMAP writes them (RFC 3501 §9).

use fumibako_model::JAPAN;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::cursor::{Cursor, Parsed};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// INTERNALDATE, in Japan's time (Profile §7.6): the day it shows is the day SEARCH compares.
pub(super) fn write(at: Timestamp) -> String {
    let there = JAPAN.to_datetime(at);
    let month = MONTHS[usize::from(there.month().unsigned_abs()).clamp(1, 12) - 1];
    let (day, year) = (there.day(), there.year());
    format!("{day:>2}-{month}-{year:04} {:02}:{:02}:{:02} +0900", there.hour(), there.minute(), there.second())
}

/// ```text
/// date = date-text / DQUOTE date-text DQUOTE
/// ```
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<Date> {
    let quoted = cursor.take(b'"');
    let date = date_text(cursor)?;
    if quoted {
        cursor.need(b'"', "\" after the date")?;
    }
    Ok(date)
}

/// ```text
/// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
/// ```
pub(super) fn date_time(cursor: &mut Cursor<'_>) -> Parsed<Timestamp> {
    cursor.need(b'"', "a date and time in quotation marks")?;
    cursor.take(b' ');
    let date = date_text(cursor)?;
    cursor.space()?;
    let hour = digits(cursor, 2)?;
    cursor.need(b':', ":")?;
    let minute = digits(cursor, 2)?;
    cursor.need(b':', ":")?;
    // A leap second is the end of its minute.
    let second = match digits(cursor, 2)? {
        60 => 59,
        second => second,
    };
    cursor.space()?;
    let east = if cursor.take(b'+') {
        1
    } else {
        cursor.need(b'-', "+ or -")?;
        -1
    };
    let zone = i32::from(digits(cursor, 2)?) * 3600 + i32::from(digits(cursor, 2)?) * 60;
    cursor.need(b'"', "\" after the zone")?;
    let narrow = |number: i16| i8::try_from(number).unwrap_or(i8::MAX);
    let time = Time::new(narrow(hour), narrow(minute), narrow(second), 0).ok();
    let at = time.zip(Offset::from_seconds(zone * east).ok());
    at.and_then(|(time, offset)| offset.to_timestamp(DateTime::from_parts(date, time)).ok())
        .map_or_else(|| cursor.bad("a time that exists"), Ok)
}

/// ```text
/// date-text = date-day "-" date-month "-" date-year
/// ```
fn date_text(cursor: &mut Cursor<'_>) -> Parsed<Date> {
    let day = cursor.number()?;
    cursor.need(b'-', "-")?;
    let Some(month) = (1..=12).zip(MONTHS).find(|(_, name)| cursor.take_word(name)).map(|(number, _)| number) else {
        return cursor.bad("a month, Jan to Dec");
    };
    cursor.need(b'-', "-")?;
    let year = digits(cursor, 4)?;
    let date = i8::try_from(day).ok().and_then(|day| Date::new(year, month, day).ok());
    date.map_or_else(|| cursor.bad("a date that exists"), Ok)
}

fn digits(cursor: &mut Cursor<'_>, count: usize) -> Parsed<i16> {
    let mut value = 0;
    for _ in 0..count {
        match cursor.peek() {
            Some(digit @ b'0'..=b'9') => value = value * 10 + i16::from(digit - b'0'),
            _ => return cursor.bad("a digit"),
        }
        cursor.take(cursor.peek().unwrap_or_default());
    }
    Ok(value)
}

/// The day a `Date:` field names, in the zone it was written (RFC 3501 §6.4.4 disregards time and zone).
pub(super) fn sent_on(field: &[u8]) -> Option<Date> {
    let text = without_comments(field);
    day_of(&mut words(&text))
}

/// The moment a `Date:` field names. RFC 5256 §2.2: a time that is none is midnight, a zone that is none is UTC.
pub(super) fn sent_at(field: &[u8]) -> Option<Timestamp> {
    let text = without_comments(field);
    let mut words = words(&text);
    let date = day_of(&mut words)?;
    let time = words.next().and_then(time_of).unwrap_or_default();
    let offset = words.next().and_then(zone_of).unwrap_or(Offset::UTC);
    offset.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// RFC 5322 §3.2.2: comments nest.
fn without_comments(field: &[u8]) -> String {
    let mut depth = 0_usize;
    let kept = |char: &char| {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    String::from_utf8_lossy(field).chars().filter(kept).collect()
}

/// What follows the name of the day.
fn words(text: &str) -> std::str::SplitAsciiWhitespace<'_> {
    text.rsplit_once(',').map_or(text, |(_, date)| date).split_ascii_whitespace()
}

fn day_of<'t>(words: &mut impl Iterator<Item = &'t str>) -> Option<Date> {
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let (month, _) = (1..=12).zip(MONTHS).find(|(_, month)| name.eq_ignore_ascii_case(month))?;
    let year: i16 = words.next()?.parse().ok()?;
    // RFC 5322 §4.3: two and three digits of old.
    let year = match year {
        0..=49 => year + 2000,
        50..=999 => year + 1900,
        _ => year,
    };
    Date::new(year, month, day).ok()
}

/// ```text
/// time-of-day = hour ":" minute [":" second]
/// ```
fn time_of(word: &str) -> Option<Time> {
    let mut numbers = word.splitn(3, ':').map(str::parse::<i8>);
    let (hour, minute) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    // A leap second is the end of its minute.
    let second = numbers.next().unwrap_or(Ok(0)).ok()?.min(59);
    Time::new(hour, minute, second, 0).ok()
}

/// ```text
/// zone = ("+" / "-") 4DIGIT / obs-zone ; RFC 5322 §4.3
/// ```
fn zone_of(word: &str) -> Option<Offset> {
    let named = |hours: i8| Offset::from_hours(hours).ok();
    match word.to_ascii_uppercase().as_str() {
        "EDT" => named(-4),
        "EST" | "CDT" => named(-5),
        "CST" | "MDT" => named(-6),
        "MST" | "PDT" => named(-7),
        "PST" => named(-8),
        "JST" => named(9),
        word => {
            let digits = word.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4)?;
            let number: i32 = digits.parse().ok()?;
            let seconds = number / 100 * 3600 + number % 100 * 60;
            Offset::from_seconds(if word.starts_with('-') { -seconds } else { seconds }).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_date_is_read_and_written() {
        let at = date_time(&mut Cursor::new(b"\" 5-Nov-2026 23:30:00 -0330\"")).unwrap();
        assert_eq!(at, "2026-11-06T03:00:00Z".parse().unwrap());
        assert_eq!(write(at), " 6-Nov-2026 12:00:00 +0900");
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for bad in ["31-Feb-2026", "0-Jan-2026", "1-Foo-2026", "1-Jan-26", "\"1-Jan-2026"] {
            assert!(date(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sent_date_counts_as_written() {
        let day = jiff::civil::date(2026, 11, 5);
        for field in ["Thu, 5 Nov 2026 23:59:59 -1200", "05 Nov 2026 00:00 +0900", "Thu, 5 nov 26 1:2:3 GMT"] {
            assert_eq!(sent_on(field.as_bytes()), Some(day), "{field}");
        }
        assert_eq!(sent_on(b"yesterday"), None);
    }

    #[test]
    fn a_sent_moment_is_that_of_its_zone() {
        for (field, at) in [
            ("31 Dec 2000 16:01:33 -0800", "2001-01-01T00:01:33Z"),
            ("Sun, 31 Dec 2000 16:01:33 PST", "2001-01-01T00:01:33Z"),
            ("Sun,31 Dec 2000 16:01 +0900 (JST)", "2000-12-31T07:01:00Z"),
            ("(New (Year's) Eve) 31 Dec 00 23:59:60 GMT", "2000-12-31T23:59:59Z"),
            ("31 Dec 2000 16:01:33", "2000-12-31T16:01:33Z"),
            ("31 Dec 2000 16:01:33 somewhere", "2000-12-31T16:01:33Z"),
            ("31 Dec 2000 25:00 +0900", "2000-12-30T15:00:00Z"),
            ("31 Dec 2000", "2000-12-31T00:00:00Z"),
        ] {
            assert_eq!(sent_at(field.as_bytes()), Some(at.parse().unwrap()), "{field}");
        }
        assert_eq!(sent_at(b"31 Foo 2000 16:01:33 -0800"), None);
    }
}
