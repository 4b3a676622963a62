//! Reads one command line (RFC 5321 §4.1, 4954, 3207).

use super::parameters::{BodyKind, mail, rcpt};
use super::path::Path;
use super::reply::Fault;
use crate::sasl::LINE_BYTES;
use fumibako_model::{Domain, Wishes};

/// Longest command line with its CR LF (RFC 5321 §4.5.3.1.4).
pub(super) const COMMAND_BYTES: usize = 512;
/// Longest MAIL: SIZE= adds 26 bytes (RFC 1870 §3), BODY= 17 (RFC 6152 §2), AUTH= 500 (RFC 4954 §3), SMTPUTF8 10 (RFC 6531
/// §3.4), RET= and ENVID= 116 (RFC 3461 §4), REQUIRETLS 11 (RFC 8689 §2).
pub(super) const MAIL_BYTES: usize = COMMAND_BYTES + 26 + 17 + 500 + 10 + 116 + 11;
/// Longest RCPT: ORCPT= adds 507 bytes, NOTIFY= 29 (RFC 3461 §4).
pub(super) const RCPT_BYTES: usize = COMMAND_BYTES + 507 + 29;

/// A command. It may hold a password, so it does not print.
pub(super) enum Command {
    /// EHLO, and HELO, which differs in its reply alone.
    Hello {
        /// The client knows extensions.
        extended: bool,
        /// What it calls itself, where that is a name.
        name: Option<Domain>,
    },
    StartTls,
    /// AUTH, perhaps with its initial response, still in base64.
    Auth {
        mechanism: String,
        initial: Option<String>,
    },
    Mail(Mail),
    Rcpt(Rcpt),
    Data,
    /// BDAT; so many octets follow.
    Bdat {
        size: u64,
        last: bool,
    },
    Rset,
    Noop,
    Quit,
    Help,
    Vrfy,
    Expn,
}

/// MAIL with its parameters.
pub(super) struct Mail {
    pub(super) from: Path,
    /// SIZE=, as declared (RFC 1870 §6).
    pub(super) size: Option<u64>,
    /// BODY=.
    pub(super) body: BodyKind,
    /// SMTPUTF8 (RFC 6531).
    pub(super) utf8: bool,
    /// RET, ENVID, REQUIRETLS.
    pub(super) wishes: Wishes,
}

/// RCPT with its parameters.
pub(super) struct Rcpt {
    pub(super) to: Path,
    /// NOTIFY=.
    pub(super) notify: Option<String>,
    /// ORCPT=.
    pub(super) original: Option<String>,
    /// Something of it is written beyond ASCII, which needs SMTPUTF8 (RFC 6531 §3.5, RFC 6533 §3).
    pub(super) utf8: bool,
}

/// How long a line may be that begins like this.
pub(super) fn limit(start: &[u8]) -> usize {
    match start.get(..4) {
        Some(verb) if verb.eq_ignore_ascii_case(b"AUTH") => LINE_BYTES,
        Some(verb) if verb.eq_ignore_ascii_case(b"MAIL") => MAIL_BYTES,
        Some(verb) if verb.eq_ignore_ascii_case(b"RCPT") => RCPT_BYTES,
        _ => COMMAND_BYTES,
    }
}

/// A command line, without its CR LF.
///
/// ```text
/// command = ("EHLO" / "HELO") SP 1*octet / "STARTTLS" / "AUTH" SP mechanism [SP base64]
///         / "MAIL FROM:" path *(SP parameter) / "RCPT TO:" path *(SP parameter)
///         / "DATA" / "BDAT" SP size [SP "LAST"] / "RSET" / "NOOP" [SP text] / "QUIT" / "HELP" [SP text] / ("VRFY" / "EXPN") SP text
/// ```
pub(super) fn command(line: &[u8]) -> Result<Command, Fault> {
    // The name is only shown, in the trace field, and office PCs have Japanese ones; so any bytes will do.
    if let Some(extended) = hello(line) {
        let name = str::from_utf8(&line[5..]).ok().and_then(|name| name.trim_end().parse().ok());
        return if line.len() > 5 { Ok(Command::Hello { extended, name }) } else { Err(Fault::ARGUMENT_NEEDED) };
    }
    let line = str::from_utf8(line).ok().filter(|line| line.chars().all(|char| char == '\t' || !char.is_control()));
    // RFC 6531 §3.3: addresses may be UTF-8, and nothing else is.
    let line = line.filter(|line| line.is_ascii() || has_address(line));
    // RFC 5321 §4.1.1: white space before the line end is tolerated.
    let line = line.ok_or(Fault::NOT_ASCII)?.trim_end();
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let alone = |command| if rest.is_empty() { Ok(command) } else { Err(Fault::NO_ARGUMENT) };
    let asking = |command| if rest.is_empty() { Err(Fault::ARGUMENT_NEEDED) } else { Ok(command) };
    match verb.to_ascii_uppercase().as_str() {
        "STARTTLS" => alone(Command::StartTls),
        "AUTH" => auth(rest),
        "MAIL" => mail(rest).map(Command::Mail),
        "RCPT" => rcpt(rest).map(Command::Rcpt),
        "DATA" => alone(Command::Data),
        "BDAT" => bdat(rest),
        "RSET" => alone(Command::Rset),
        "QUIT" => alone(Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" => asking(Command::Vrfy),
        "EXPN" => asking(Command::Expn),
        "EHLO" | "HELO" => Err(Fault::ARGUMENT_NEEDED),
        _ => Err(Fault::UNKNOWN),
    }
}

fn has_address(line: &str) -> bool {
    let verb = line.split(' ').next().unwrap_or_default();
    ["MAIL", "RCPT", "VRFY", "EXPN"].iter().any(|known| known.eq_ignore_ascii_case(verb))
}

fn hello(line: &[u8]) -> Option<bool> {
    let verb = line.get(..5)?;
    if verb.eq_ignore_ascii_case(b"EHLO ") {
        Some(true)
    } else if verb.eq_ignore_ascii_case(b"HELO ") {
        Some(false)
    } else {
        None
    }
}

fn auth(rest: &str) -> Result<Command, Fault> {
    let (mechanism, initial) = match rest.split_once(' ') {
        Some((mechanism, initial)) => (mechanism.to_owned(), Some(initial.to_owned())),
        None => (rest.to_owned(), None),
    };
    if mechanism.is_empty() { Err(Fault::ARGUMENT_NEEDED) } else { Ok(Command::Auth { mechanism, initial }) }
}

/// ```text
/// bdat = "BDAT" SP 1*20DIGIT [ SP "LAST" ]            ; RFC 3030 §2
/// ```
fn bdat(rest: &str) -> Result<Command, Fault> {
    let (size, last) = match rest.split_once(' ') {
        None => (rest, false),
        Some((size, end)) if end.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return Err(Fault::CHUNK_SIZE),
    };
    let digits = !size.is_empty() && size.len() <= 20 && size.bytes().all(|b| b.is_ascii_digit());
    let size = size.parse().ok().filter(|_| digits).ok_or(Fault::CHUNK_SIZE)?;
    Ok(Command::Bdat { size, last })
}
