//! Reads transcripts: the format is described in `conformance/transcripts/README.md`. Knows no protocol and no server.

use std::fmt;

/// What happens next, and where the transcript says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Line of the file, from 1.
    pub(crate) line: usize,
    /// The connection it happens on; 1 unless the line names another.
    pub(crate) connection: u32,
    /// What happens.
    pub(crate) turn: Turn,
}

/// One turn of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The client sends these bytes.
    Client(Vec<u8>),
    /// The server says one line like this; `…` stands for anything.
    Server(String),
    /// The server closes the connection.
    Closed,
    /// The server says nothing.
    Silent,
    /// The conversation asks the server this; `…` stands for anything.
    Asked(String),
    /// Something is arranged at the server.
    Act(String),
    /// This many seconds pass.
    Pass(i64),
}

/// A line of the file that is no turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotATurn {
    /// Line of the file, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) why: &'static str,
}

impl fmt::Display for NotATurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// All turns of a transcript.
///
/// ```text
/// transcript = *(line LF)
/// line       = comment / [connection SP] turn / ""
/// comment    = "#" *any
/// turn       = "C:" [SP text]            ; a line to the server, CR LF is added
///            / "C*:" [SP escaped]        ; bytes to the server, nothing is added
///            / "S:" [SP pattern] / "closed" / "silent"
///            / "?" SP pattern / "!" SP act / "@" SP "+" number SP unit
/// ```
pub(crate) fn read(text: &str) -> Result<Vec<Step>, NotATurn> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(at, line)| step(at, line))
        .collect()
}

fn step(line: usize, text: &str) -> Result<Step, NotATurn> {
    let (connection, rest) = match text.split_once(' ') {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => (number.parse().unwrap_or(1), rest),
        _ => (1, text),
    };
    let turn = turn(rest).map_err(|why| NotATurn { line, why })?;
    Ok(Step { line, connection, turn })
}

fn turn(text: &str) -> Result<Turn, &'static str> {
    let after = |mark: &str| text.strip_prefix(mark).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
    if let Some(line) = after("C:") {
        Ok(Turn::Client([line.as_bytes(), b"\r\n"].concat()))
    } else if let Some(escaped) = after("C*:") {
        unescape(escaped).map(Turn::Client)
    } else if let Some(pattern) = after("S:") {
        Ok(Turn::Server(pattern.to_owned()))
    } else if let Some(pattern) = after("?") {
        Ok(Turn::Asked(pattern.to_owned()))
    } else if let Some(act) = after("!") {
        Ok(Turn::Act(act.to_owned()))
    } else if let Some(span) = after("@") {
        seconds(span).map(Turn::Pass).ok_or("expected: @ + number unit")
    } else {
        match text.trim_end() {
            "closed" => Ok(Turn::Closed),
            "silent" => Ok(Turn::Silent),
            _ => Err("expected C: C*: S: ? ! @ closed or silent"),
        }
    }
}

fn seconds(span: &str) -> Option<i64> {
    let (number, unit) = span.strip_prefix('+')?.split_once(' ')?;
    let unit = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86400,
        _ => return None,
    };
    Some(number.parse::<i64>().ok()? * unit)
}

/// ```text
/// escaped = *(char / "\r" / "\n" / "\\" / "\x" 2HEXDIG / "\(" escaped "*" number ")")
/// ```
fn unescape(mut text: &str) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = r"expected \r \n \\ \xHH or \(text*times) after a backslash";
    let mut bytes = Vec::new();
    while let Some(at) = text.find('\\') {
        bytes.extend_from_slice(&text.as_bytes()[..at]);
        text = &text[at + 1..];
        let mark = text.chars().next().ok_or(WRONG)?;
        text = &text[mark.len_utf8()..];
        match mark {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            '\\' => bytes.push(b'\\'),
            'x' => {
                let hex = text.get(..2).ok_or(WRONG)?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(|_| WRONG)?);
                text = &text[2..];
            }
            '(' => {
                let (repeated, rest) = text.split_once(')').ok_or(WRONG)?;
                let (what, times) = repeated.rsplit_once('*').ok_or(WRONG)?;
                bytes.extend(unescape(what)?.repeat(times.parse().map_err(|_| WRONG)?));
                text = rest;
            }
            _ => return Err(WRONG),
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

/// Does the line fit the pattern, in which each `…` stands for anything?
pub(crate) fn fits(pattern: &str, line: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('…') else { return pattern == line };
    let Some(mut line) = line.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = line.find(part) else { return false };
        line = &line[at + part.len()..];
    }
    line.ends_with(tail)
}

#[test]
fn a_pattern_fits_around_its_gaps() {
    for (pattern, line, expected) in [
        ("250 OK", "250 OK", true),
        ("250 OK", "250 OKAY", false),
        ("250 …", "250 OK", true),
        ("250 …", "251 OK", false),
        ("…", "", true),
        ("a…c…e", "abcde", true),
        ("a…c…e", "abde", false),
        ("aa…aa", "aaa", false),
    ] {
        assert_eq!(fits(pattern, line), expected, "{pattern} {line}");
    }
}

#[test]
fn raw_bytes_are_written_with_escapes() {
    assert_eq!(unescape(r"a\r\n\x00\\\(xy*3)"), Ok(b"a\r\n\0\\xyxyxy".to_vec()));
    assert!(unescape(r"\q").is_err());
}

#[test]
fn a_line_that_is_no_turn_is_named() {
    assert_eq!(read("C: a\n\nQ: b\n").unwrap_err().line, 3);
}
