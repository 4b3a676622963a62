//! Writes replies (RFC 5321 §4.2) with their enhanced status codes (RFC 2034, 3463).

use fumibako_model::Refused;

/// Longest reply line with its CR LF (RFC 5321 §4.5.3.1.5).
const REPLY_BYTES: usize = 512;

/// A mistake in a command: the protocol's own reply, not a refusal of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(u16, &'static str, &'static str);

#[rustfmt::skip]
impl Fault {
    pub(super) const UNKNOWN: Self           = Self(500, "5.5.1", "Unknown command");
    pub(super) const NOT_ASCII: Self         = Self(500, "5.5.2", "Commands are printable ASCII, addresses UTF-8");
    pub(super) const LINE_TOO_LONG: Self     = Self(500, "5.5.2", "Line too long");
    pub(super) const RESPONSE_TOO_LONG: Self = Self(500, "5.5.6", "The response is too long");
    pub(super) const BARE_END: Self          = Self(500, "5.5.2", "A CR or LF stands alone; lines end with CR LF");
    pub(super) const NO_ARGUMENT: Self       = Self(501, "5.5.4", "The command takes no argument");
    pub(super) const ARGUMENT_NEEDED: Self   = Self(501, "5.5.4", "The command needs an argument");
    pub(super) const MAIL_SYNTAX: Self       = Self(501, "5.1.7", "Write MAIL FROM:<name@domain>, then parameters");
    pub(super) const RCPT_SYNTAX: Self       = Self(501, "5.1.3", "Write RCPT TO:<name@domain>");
    pub(super) const PARAMETER_VALUE: Self   = Self(501, "5.5.4", "The value of a parameter is wrong");
    pub(super) const PARAMETER_UNKNOWN: Self = Self(555, "5.5.4", "A parameter is not known here");
    pub(super) const CANCELLED: Self         = Self(501, "5.7.0", "Login cancelled");
    pub(super) const NOT_OFFERED: Self       = Self(504, "5.5.4", "This mechanism is not offered");
    pub(super) const NO_LISTS: Self          = Self(502, "5.5.1", "There are no lists here");
    pub(super) const HELLO_FIRST: Self       = Self(503, "5.5.1", "Say EHLO first");
    pub(super) const NOT_NOW: Self           = Self(503, "5.5.1", "Not now: the commands came in the wrong order");
    pub(super) const CHUNK_SIZE: Self        = Self(501, "5.5.4", "Write BDAT, a number of octets, and LAST at the end");
    pub(super) const NEEDS_UTF8: Self        = Self(553, "5.6.7", "Addresses beyond ASCII need SMTPUTF8");
    pub(super) const BINARY_NEEDS_BDAT: Self = Self(503, "5.5.1", "BINARYMIME is sent by BDAT");
    pub(super) const NOBODY: Self            = Self(554, "5.5.1", "No recipient was accepted");

    /// A response of an exchange is none.
    pub(super) fn response(expected: &'static str) -> Self {
        Self(501, "5.5.2", expected)
    }

    pub(super) fn reply(self) -> Vec<u8> {
        reply(self.0, self.1, &[self.2])
    }
}

/// A reply of one or more lines, each with the enhanced code (RFC 2034 §4); long ones are wrapped.
pub(super) fn reply(code: u16, enhanced: &str, lines: &[&str]) -> Vec<u8> {
    let room = REPLY_BYTES - 2 - 4 - if enhanced.is_empty() { 0 } else { enhanced.len() + 1 };
    let wrapped: Vec<String> = lines.iter().flat_map(|line| wrap(line, room)).collect();
    let space = if enhanced.is_empty() { "" } else { " " };
    let written = wrapped.iter().enumerate().flat_map(|(at, line)| {
        let mark = if at + 1 == wrapped.len() { ' ' } else { '-' };
        format!("{code}{mark}{enhanced}{space}{line}\r\n").into_bytes()
    });
    written.collect()
}

/// A row of the catalogue (Profile §6):
/// `550 5.7.1 E-CRT-005 The certificate belongs to another office (9970000029). Sign with … (ref 3FA2B1)`
pub(super) fn refusal(refused: &Refused, reference: &str) -> Vec<u8> {
    reply(refused.why.row().smtp, refused.why.row().enhanced, &[&sentence(refused, reference)])
}

/// The same as the last word of a connection (RFC 5321 §3.8).
pub(super) fn farewell(refused: &Refused, reference: &str) -> Vec<u8> {
    let enhanced = refused.why.row().enhanced;
    reply(421, enhanced, &[&sentence(refused, reference)])
}

fn sentence(refused: &Refused, reference: &str) -> String {
    if reference.is_empty() { refused.to_string() } else { format!("{refused} (ref {reference})") }
}

/// Words in lines of at most `room` bytes. What is not printable ASCII becomes `?`, so that nothing a refusal is about
/// can end a reply.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let text: String = text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    let mut lines = Vec::new();
    let mut rest = text.as_str();
    while rest.len() > room {
        let at = rest[..=room].rfind(' ').filter(|at| *at > 0).unwrap_or(room);
        lines.push(rest[..at].to_owned());
        rest = rest[at..].trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use fumibako_model::Refusal;

    fn text(reply: Vec<u8>) -> String {
        String::from_utf8(reply).unwrap()
    }

    #[test]
    fn a_refusal_says_what_and_what_next_and_where_to_find_it() {
        expect![[r"
            550 5.7.1 E-SIG-001 The message carries no signature. Sign it with the office's certificate. (ref 3FA2B1)
        "]]
        .assert_eq(&text(refusal(&Refusal::NotSigned.into(), "3FA2B1")).replace('\r', ""));
    }

    #[test]
    fn every_refusal_of_the_catalogue_can_be_said() {
        for (why, row) in Refusal::all() {
            let reply = text(refusal(&why.about("9970000029"), "3FA2B1"));
            assert!(reply.starts_with(&format!("{} {} {} ", row.smtp, row.enhanced, row.code)), "{reply}");
            assert!(reply.ends_with(". (ref 3FA2B1)\r\n"), "{reply}");
        }
    }

    #[test]
    fn a_long_reply_goes_over_lines_of_512_bytes() {
        // RFC 5321 §4.5.3.1.5, RFC 2034 §4
        for about in ["word ".repeat(300), "x".repeat(1500)] {
            let reply = text(refusal(&Refused { why: Refusal::Internal, about }, ""));
            let lines: Vec<&str> = reply.split_inclusive("\r\n").collect();
            let (last, others) = lines.split_last().unwrap();
            assert!(others.len() > 2 && lines.iter().all(|line| line.len() <= REPLY_BYTES));
            assert!(others.iter().all(|line| line.starts_with("451-4.3.0 ")) && last.starts_with("451 4.3.0 "));
        }
    }

    #[test]
    fn a_line_of_512_bytes_is_not_wrapped_and_one_more_is() {
        let room = REPLY_BYTES - "250 2.0.0 \r\n".len();
        assert_eq!(reply(250, "2.0.0", &[&"x".repeat(room)]).len(), REPLY_BYTES);
        assert_eq!(text(reply(250, "2.0.0", &[&"x".repeat(room + 1)])).lines().count(), 2);
    }

    #[test]
    fn nothing_can_end_a_reply_from_within() {
        let about = "a\r\n250 2.0.0 接".to_owned();
        let reply = text(refusal(&Refused { why: Refusal::Internal, about }, ""));
        assert_eq!(reply.lines().count(), 1);
        assert!(reply.contains("(a??250 2.0.0 ?)"), "{reply}");
    }
}
