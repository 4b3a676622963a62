//! Reads one command line (RFC 5321 §4.1, 4954, 3207).

use super::path::{Path, path};
use super::reply::Fault;
use crate::sasl::LINE_BYTES;

/// Longest command line with its CR LF (RFC 5321 §4.5.3.1.4).
pub(super) const COMMAND_BYTES: usize = 512;
/// Longest MAIL: SIZE= adds 26 bytes (RFC 1870 §3), BODY= 17 (RFC 6152 §2), AUTH= 500 (RFC 4954 §3).
pub(super) const MAIL_BYTES: usize = COMMAND_BYTES + 26 + 17 + 500;

/// A command. It may hold a password, so it does not print.
pub(super) enum Command {
    /// EHLO, and HELO, which differs in its reply alone.
    Hello {
        /// The client knows extensions.
        extended: bool,
    },
    StartTls,
    /// AUTH, perhaps with its initial response, still in base64.
    Auth {
        mechanism: String,
        initial: Option<String>,
    },
    Mail(Mail),
    Rcpt(Path),
    Data,
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
}

/// How long a line may be that begins like this.
pub(super) fn limit(start: &[u8]) -> usize {
    match start.get(..4) {
        Some(verb) if verb.eq_ignore_ascii_case(b"AUTH") => LINE_BYTES,
        Some(verb) if verb.eq_ignore_ascii_case(b"MAIL") => MAIL_BYTES,
        _ => COMMAND_BYTES,
    }
}

/// A command line, without its CR LF.
///
/// ```text
/// command = ("EHLO" / "HELO") SP 1*octet / "STARTTLS" / "AUTH" SP mechanism [SP base64]
///         / "MAIL FROM:" path *(SP parameter) / "RCPT TO:" path *(SP parameter)
///         / "DATA" / "RSET" / "NOOP" [SP text] / "QUIT" / "HELP" [SP text] / ("VRFY" / "EXPN") SP text
/// ```
pub(super) fn command(line: &[u8]) -> Result<Command, Fault> {
    // The name is neither used nor shown, and office PCs have Japanese ones; so any bytes will do.
    if let Some(extended) = hello(line) {
        return if line.len() > 5 { Ok(Command::Hello { extended }) } else { Err(Fault::ARGUMENT_NEEDED) };
    }
    let line = str::from_utf8(line).ok().filter(|line| line.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')));
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

fn mail(rest: &str) -> Result<Mail, Fault> {
    let (from, parameters) = path(after(rest, "FROM:").ok_or(Fault::MAIL_SYNTAX)?).ok_or(Fault::MAIL_SYNTAX)?;
    let mut mail = Mail { from, size: None };
    let mut seen = Vec::new();
    for parameter in each(parameters).ok_or(Fault::MAIL_SYNTAX)? {
        let (keyword, value) = parameter?;
        if seen.contains(&keyword) {
            return Err(Fault::PARAMETER_VALUE);
        }
        match (keyword.as_str(), value) {
            // size-value = 1*20DIGIT (RFC 1870 §4)
            ("SIZE", Some(digits)) if digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                mail.size = Some(digits.parse().unwrap_or(u64::MAX));
            }
            ("BODY", Some(body)) if matches!(body.to_ascii_uppercase().as_str(), "7BIT" | "8BITMIME") => {}
            // RFC 4954 §5: whom an untrusted client names is read and forgotten.
            ("AUTH", Some(_)) => {}
            ("SIZE" | "AUTH" | "BODY", _) => return Err(Fault::PARAMETER_VALUE),
            _ => return Err(Fault::PARAMETER_UNKNOWN),
        }
        seen.push(keyword);
    }
    Ok(mail)
}

fn rcpt(rest: &str) -> Result<Path, Fault> {
    let (to, parameters) = path(after(rest, "TO:").ok_or(Fault::RCPT_SYNTAX)?).ok_or(Fault::RCPT_SYNTAX)?;
    match each(parameters).ok_or(Fault::RCPT_SYNTAX)?.next() {
        _ if to == Path::Null => Err(Fault::RCPT_SYNTAX),
        None => Ok(to),
        Some(Err(fault)) => Err(fault),
        Some(Ok(_)) => Err(Fault::PARAMETER_UNKNOWN),
    }
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
/// value     = 1*(%d33-60 / %d62-126)                  ; RFC 5321 §4.1.2
/// ```
fn each(parameters: &str) -> Option<impl Iterator<Item = Result<(String, Option<&str>), Fault>>> {
    let divided = parameters.is_empty() || parameters.starts_with(' ');
    let words = parameters.split(' ').filter(|word| !word.is_empty());
    divided.then(|| {
        words.map(|word| {
            let (keyword, value) = word.split_once('=').map_or((word, None), |(keyword, value)| (keyword, Some(value)));
            let good = keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && keyword.bytes().next().is_some_and(|b| b != b'-')
                && value
                    .is_none_or(|value| !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && b != b'='));
            if good { Ok((keyword.to_ascii_uppercase(), value)) } else { Err(Fault::PARAMETER_VALUE) }
        })
    })
}
