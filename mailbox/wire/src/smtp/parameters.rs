//! The parameters of MAIL and RCPT (RFC 5321 §4.1.1.11).

use super::command::{Mail, Rcpt};
use super::path::{Path, path};
use super::reply::Fault;

/// How the octets of a message are written (RFC 6152, 3030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// 7BIT or 8BITMIME: lines.
    #[default]
    Lines,
    /// BINARYMIME: by BDAT only.
    Binary,
}

/// Longest ENVID (RFC 3461 §4.4).
const ENVELOPE_ID: usize = 100;
/// Longest ORCPT (RFC 3461 §4.2).
const ORIGINAL: usize = 500;

pub(super) fn mail(rest: &str) -> Result<Mail, Fault> {
    let (from, parameters) = path(after(rest, "FROM:").ok_or(Fault::MAIL_SYNTAX)?).ok_or(Fault::MAIL_SYNTAX)?;
    let mut mail =
        Mail { from, size: None, body: BodyKind::Lines, utf8: false, wishes: fumibako_model::Wishes::default() };
    let mut seen = Vec::new();
    for parameter in each(parameters).ok_or(Fault::MAIL_SYNTAX)? {
        let (keyword, value) = parameter?;
        if seen.contains(&keyword) {
            return Err(Fault::PARAMETER_VALUE);
        }
        let upper = value.map(str::to_ascii_uppercase);
        match (keyword.as_str(), upper.as_deref()) {
            // size-value = 1*20DIGIT (RFC 1870 §4)
            ("SIZE", Some(digits)) if digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                mail.size = Some(digits.parse().unwrap_or(u64::MAX));
            }
            ("BODY", Some("BINARYMIME")) => mail.body = BodyKind::Binary,
            // RFC 4954 §5: whom an untrusted client names is read and forgotten.
            ("BODY", Some("7BIT" | "8BITMIME")) | ("AUTH", Some(_)) => {}
            ("SMTPUTF8", None) => mail.utf8 = true,
            // RFC 8689 §2: a gateway that keeps what it accepts sends nothing on in clear.
            ("REQUIRETLS", None) => mail.wishes.require_tls = true,
            ("RET", Some("FULL")) => mail.wishes.whole = Some(true),
            ("RET", Some("HDRS")) => mail.wishes.whole = Some(false),
            ("ENVID", Some(_)) => {
                let id = value.filter(|id| id.len() <= ENVELOPE_ID).and_then(xtext).ok_or(Fault::PARAMETER_VALUE)?;
                mail.wishes.envelope_id = Some(id);
            }
            ("SIZE" | "AUTH" | "BODY" | "SMTPUTF8" | "REQUIRETLS" | "RET" | "ENVID", _) => {
                return Err(Fault::PARAMETER_VALUE);
            }
            _ => return Err(Fault::PARAMETER_UNKNOWN),
        }
        seen.push(keyword);
    }
    // RFC 6531 §3.5: an address beyond ASCII needs SMTPUTF8.
    if mail.utf8 || mail.from.is_ascii() { Ok(mail) } else { Err(Fault::NEEDS_UTF8) }
}

pub(super) fn rcpt(rest: &str) -> Result<Rcpt, Fault> {
    let (to, parameters) = path(after(rest, "TO:").ok_or(Fault::RCPT_SYNTAX)?).ok_or(Fault::RCPT_SYNTAX)?;
    if to == Path::Null {
        return Err(Fault::RCPT_SYNTAX);
    }
    let mut rcpt = Rcpt { to, notify: None, original: None, utf8: false };
    for parameter in each(parameters).ok_or(Fault::RCPT_SYNTAX)? {
        let (keyword, value) = parameter?;
        let (place, read) = match keyword.as_str() {
            "NOTIFY" => (&mut rcpt.notify, value.and_then(notify)),
            "ORCPT" => (&mut rcpt.original, value.and_then(original)),
            _ => return Err(Fault::PARAMETER_UNKNOWN),
        };
        if place.is_some() || read.is_none() {
            return Err(Fault::PARAMETER_VALUE);
        }
        *place = read;
        rcpt.utf8 |= value.is_some_and(|value| !value.is_ascii());
    }
    Ok(rcpt)
}

/// ```text
/// notify = "NEVER" / event *( "," event )            ; RFC 3461 §4.1, each event once
/// event  = "SUCCESS" / "FAILURE" / "DELAY"
/// ```
fn notify(value: &str) -> Option<String> {
    let value = value.to_ascii_uppercase();
    let events: Vec<&str> = value.split(',').collect();
    let known = |event: &&str| matches!(*event, "SUCCESS" | "FAILURE" | "DELAY");
    let once = events.iter().enumerate().all(|(at, event)| !events[..at].contains(event));
    (value == "NEVER" || (events.iter().all(known) && once)).then_some(value)
}

/// ```text
/// original = addr-type ";" xtext                      ; RFC 3461 §4.2
///          / "utf-8;" unitext                         ; RFC 6533 §3
/// ```
/// It is written as a report of seven bits has it (RFC 6533 §3): in ASCII.
fn original(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';')?;
    let kind = kind.to_ascii_lowercase();
    let named = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let address = if kind == "utf-8" { unitext(address) } else { xtext(address) };
    let written = format!("{kind};{}", address.filter(|address| !address.is_empty())?);
    (named && value.len() <= ORIGINAL && written.len() <= ORIGINAL).then_some(written)
}

/// ```text
/// unitext  = 1*( QCHAR / UTF8-non-ascii / embedded )   ; RFC 6533 §3
/// QCHAR    = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
/// embedded = "\x{" 2*6HEXDIG "}"                       ; no surrogate
/// ```
/// The answer has what is beyond ASCII embedded too (`utf-8-addr-xtext`).
fn unitext(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = value;
    while let Some(character) = rest.chars().next() {
        let taken = match character {
            '\\' => {
                let (digits, _) = rest.strip_prefix("\\x{")?.split_once('}')?;
                let upper = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
                let known = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
                // What controls something is not put into a field of a report, however it is written.
                let fit = upper && (2..=6).contains(&digits.len()) && !known.is_control();
                let whole = &rest[..digits.len() + 4];
                text.push_str(fit.then_some(whole)?);
                whole.len()
            }
            '+' | '=' => return None,
            '!'..='~' => {
                text.push(character);
                1
            }
            beyond if !beyond.is_ascii() && !beyond.is_control() => {
                text.extend(format!("\\x{{{:X}}}", u32::from(beyond)).chars());
                beyond.len_utf8()
            }
            _ => return None,
        };
        rest = &rest[taken..];
    }
    Some(text)
}

/// ```text
/// xtext   = *( xchar / hexchar )                       ; RFC 3461 §4
/// xchar   = %d33-42 / %d44-60 / %d62-126
/// hexchar = "+" 2( DIGIT / "A"-"F" )
/// ```
/// What it stands for must be printable: it will stand in a field of a report.
fn xtext(value: &str) -> Option<String> {
    if !value.is_ascii() {
        return None;
    }
    let mut pieces = value.split('+');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let upper = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        text.push(char::from(
            u8::from_str_radix(digits, 16).ok().filter(|octet| upper && matches!(octet, b' '..=b'~'))?,
        ));
        text.push_str(rest);
    }
    Some(text)
}

/// What follows `FROM:` or `TO:`. A space after the colon is a common mistake of clients and harms nothing.
fn after<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    let (head, path) = rest.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then(|| path.trim_start_matches(' '))
}

/// The parameters of MAIL and RCPT; `None` if no space divides them from the path.
///
/// ```text
/// parameter = keyword ["=" value]
/// keyword   = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// value     = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)      ; RFC 5321 §4.1.2, RFC 6531 §3.3
/// ```
fn each(parameters: &str) -> Option<impl Iterator<Item = Result<(String, Option<&str>), Fault>>> {
    let divided = parameters.is_empty() || parameters.starts_with(' ');
    let words = parameters.split(' ').filter(|word| !word.is_empty());
    divided.then(|| {
        words.map(|word| {
            let (keyword, value) = word.split_once('=').map_or((word, None), |(keyword, value)| (keyword, Some(value)));
            let good = keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && keyword.bytes().next().is_some_and(|b| b != b'-')
                && value.is_none_or(|value| {
                    !value.is_empty() && value.bytes().all(|b| (b.is_ascii_graphic() && b != b'=') || b >= 0x80)
                });
            if good { Ok((keyword.to_ascii_uppercase(), value)) } else { Err(Fault::PARAMETER_VALUE) }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_stands_for_printable_text() {
        // RFC 3461 §4
        assert_eq!(xtext("QQ314159"), Some("QQ314159".into()));
        assert_eq!(xtext("a+2Bb+3Dc"), Some("a+b=c".into()));
        for bad in ["a+", "a+2", "a+2b", "+0D+0A", "+7F", "+é1", "é"] {
            assert_eq!(xtext(bad), None, "{bad}");
        }
    }

    #[test]
    fn events_are_named_once() {
        // RFC 3461 §4.1
        assert_eq!(notify("success,Delay"), Some("SUCCESS,DELAY".into()));
        assert_eq!(notify("never"), Some("NEVER".into()));
        for bad in ["", "NEVER,DELAY", "SUCCESS,SUCCESS", "SUCCESS,", "ALWAYS"] {
            assert_eq!(notify(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_original_recipient_has_a_type() {
        // RFC 3461 §4.2
        assert_eq!(original("RFC822;a+2Bb@c.example"), Some("rfc822;a+b@c.example".into()));
        let longest = format!("x;{}", "a".repeat(ORIGINAL - 2));
        assert!(original(&longest).is_some() && original(&format!("{longest}a")).is_none());
        for bad in ["a@b", ";a@b", "rfc822;", "rfc 822;a", "rfc822;é@c.example"] {
            assert_eq!(original(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_original_recipient_beyond_ascii_is_written_in_ascii() {
        // RFC 6533 §3
        for (value, written) in [
            ("UTF-8;田@c.example", "utf-8;\\x{7530}@c.example"),
            ("utf-8;\\x{7530}@c.example", "utf-8;\\x{7530}@c.example"),
            ("utf-8;a\\x{2B}b@c.example", "utf-8;a\\x{2B}b@c.example"),
            ("utf-8;😀@c.example", "utf-8;\\x{1F600}@c.example"),
        ] {
            assert_eq!(original(value).as_deref(), Some(written), "{value}");
        }
        for bad in [
            "a+2Bb",
            "a=b",
            "a\\b",
            "\\x{0A}",
            "\\x{A}",
            "\\x{7530",
            "\\x{d0}",
            "\\x{D800}",
            "\\x{0110000}",
            "\u{85}",
            "",
        ] {
            assert_eq!(original(&format!("utf-8;{bad}")), None, "{bad}");
        }
        let longest = format!("utf-8;{}", "田".repeat(61));
        assert!(
            original(&longest).is_some() && original(&format!("{longest}田")).is_none(),
            "what is written has the limit"
        );
    }
}
