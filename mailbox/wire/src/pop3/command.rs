//! Reads one command line (RFC 1939 §3, RFC 2449 §4).

use super::settings::{COMMAND_BYTES, PASS_BYTES};
use crate::sasl::LINE_BYTES;

/// A command. It may hold a password, so it does not print.
pub(super) enum Command {
    Capa,
    Stls,
    Utf8,
    /// LANG, perhaps with a language (RFC 6856 §3).
    Lang(Option<String>),
    User(String),
    Pass(String),
    /// AUTH, perhaps with its initial response, still in base64.
    Auth {
        mechanism: String,
        initial: Option<String>,
    },
    Stat,
    /// LIST of all or of one.
    List(Option<usize>),
    Uidl(Option<usize>),
    Retr(usize),
    /// A message's header and so many lines.
    Top(usize, u64),
    Dele(usize),
    Noop,
    Rset,
    Quit,
}

/// How long a line may be that begins like this.
pub(super) fn limit(start: &[u8]) -> usize {
    match start.get(..4) {
        Some(verb) if verb.eq_ignore_ascii_case(b"AUTH") => LINE_BYTES,
        Some(verb) if verb.eq_ignore_ascii_case(b"PASS") => PASS_BYTES,
        _ => COMMAND_BYTES,
    }
}

/// A command line, without its CR LF, or what is wrong with it.
///
/// ```text
/// command = keyword *( SP argument )               ; RFC 1939 §3, in any case
/// PASS    = "PASS" SP 1*octet                      ; spaces belong to the password (RFC 1939 §7)
/// ```
pub(super) fn command(line: &[u8]) -> Result<Command, &'static str> {
    let line = str::from_utf8(line).map_err(|_| "Commands are written in UTF-8")?;
    if line.contains('\0') {
        return Err("A command has no NUL");
    }
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let verb = verb.to_ascii_uppercase();
    if verb == "PASS" {
        return if rest.is_empty() { Err("Expected a password") } else { Ok(Command::Pass(rest.to_owned())) };
    }
    let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(match (verb.as_str(), words.as_slice()) {
        ("CAPA", []) => Command::Capa,
        ("STLS", []) => Command::Stls,
        ("UTF8", []) => Command::Utf8,
        ("LANG", []) => Command::Lang(None),
        ("LANG", [language]) => Command::Lang(Some((*language).to_owned())),
        ("USER", [name]) => Command::User((*name).to_owned()),
        ("AUTH", [mechanism]) => Command::Auth { mechanism: (*mechanism).to_owned(), initial: None },
        ("AUTH", [mechanism, initial]) => {
            Command::Auth { mechanism: (*mechanism).to_owned(), initial: Some((*initial).to_owned()) }
        }
        ("STAT", []) => Command::Stat,
        ("LIST", []) => Command::List(None),
        ("LIST", [message]) => Command::List(Some(number(message)?)),
        ("UIDL", []) => Command::Uidl(None),
        ("UIDL", [message]) => Command::Uidl(Some(number(message)?)),
        ("RETR", [message]) => Command::Retr(number(message)?),
        ("DELE", [message]) => Command::Dele(number(message)?),
        ("TOP", [message, lines]) => Command::Top(number(message)?, number(lines)? as u64),
        ("NOOP", []) => Command::Noop,
        ("RSET", []) => Command::Rset,
        ("QUIT", []) => Command::Quit,
        (
            "CAPA" | "STLS" | "UTF8" | "LANG" | "USER" | "AUTH" | "STAT" | "LIST" | "UIDL" | "RETR" | "DELE" | "TOP"
            | "NOOP" | "RSET" | "QUIT",
            _,
        ) => return Err("These are not the arguments of this command"),
        _ => return Err("There is no such command"),
    })
}

/// A number of digits only; one too large for anything is just not there.
fn number(word: &str) -> Result<usize, &'static str> {
    if word.bytes().all(|b| b.is_ascii_digit()) {
        Ok(word.parse().unwrap_or(usize::MAX))
    } else {
        Err("Expected a number")
    }
}
