//! Writes replies (RFC 1939 §3) with their response codes (RFC 2449 §8, RFC 3206, RFC 6856 §5).

use fumibako_model::Refused;

/// Longest reply line with its CR LF (RFC 2449 §4).
const REPLY_BYTES: usize = 512;

/// `+OK text`.
pub(super) fn yes(text: &str) -> Vec<u8> {
    line("+OK", text)
}

/// `-ERR text`.
pub(super) fn no(text: &str) -> Vec<u8> {
    line("-ERR", text)
}

/// A row of the catalogue (Profile §6): `-ERR [AUTH] E-AUT-001 User ID or password is wrong. … (ref 3FA2B1)`.
pub(super) fn refusal(refused: &Refused, reference: &str) -> Vec<u8> {
    let row = refused.why.row();
    // RFC 3206 §4: AUTH when it is about who one is; SYS/TEMP when it may be tried again; SYS/PERM when somebody must help.
    let code = match row.imap {
        _ if row.retryable() => "SYS/TEMP",
        // RFC 3206 §4 names an expired account and a login against policy, too.
        _ if row.code.starts_with("E-AUT") => "AUTH",
        "NOPERM" => "AUTH",
        _ => "SYS/PERM",
    };
    let reference = if reference.is_empty() { String::new() } else { format!(" (ref {reference})") };
    no(&format!("[{code}] {refused}{reference}"))
}

/// One line of ASCII, whatever was told, cut at the limit.
fn line(status: &str, text: &str) -> Vec<u8> {
    let room = REPLY_BYTES - 2 - status.len() - 1;
    let text = text.chars().map(|char| if matches!(char, ' '..='~') { char } else { '?' }).take(room);
    format!("{status} {}\r\n", text.collect::<String>()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::Refusal;

    #[test]
    fn every_refusal_of_the_catalogue_fits_a_line_and_says_whose_turn_it_is() {
        // RFC 2449 §4, RFC 3206 §4
        for (why, row) in Refusal::all() {
            let reply = String::from_utf8(refusal(&why.about("あ".repeat(600)), "3FA2B1")).unwrap();
            assert!(reply.len() <= REPLY_BYTES && reply.ends_with("\r\n") && reply.lines().count() == 1, "{reply}");
            assert!(reply.contains(row.code), "{reply}");
            assert_eq!(reply.starts_with("-ERR [SYS/TEMP] "), row.retryable(), "{reply}");
        }
        assert!(refusal(&Refusal::WrongPassword.into(), "").starts_with(b"-ERR [AUTH] E-AUT-001 "));
    }
}
