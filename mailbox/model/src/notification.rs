//! What a disposition notification says (RFC 8098 §3), read alike by the gateway, which takes it for a receipt, and by the office whose
//! bundle it is about: what one of them takes for a receipt the other does as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;

use crate::section::{message_id, read_section};
use crate::{Address, Fault, Refusal, Refused};

/// So much the clocks of an office and of the gateway may differ without a word. One set by the network is right to the second, and one
/// that somebody sets by hand to some minutes; a wrong time zone, or a lie, is an hour and more (Profile §8.23).
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The fields of a notification. Nothing vouches for them but the signature around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// Who received the bundle (`Final-Recipient`).
    pub recipient: Option<Address>,
    /// The bundle's Message-ID, without angle brackets.
    pub original: Option<String>,
    /// What became of it, as it is written.
    pub disposition: Option<String>,
    /// SHA-256 of the bundle's signed part (`Received-content-MIC`, RFC 4130 §7.4.3).
    pub digest: Option<[u8; 32]>,
    /// The class of an error in a field of its own.
    error: Option<String>,
    /// Whether the last thing counts that its disposition says, with whatever before it.
    loose: bool,
}

/// What became of a bundle, as its recipient says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It has it.
    Processed,
    /// It could not open it (Profile §8.22).
    Failed(Fault),
}

impl Notification {
    /// Reads the fields, folded ones too (RFC 5322 §2.2.3), and with comments where RFC 8098 §3 has `OWS`. Refused where they are no
    /// fields, where one of them stands twice, where a second group of them follows, or where a digest stands that is none.
    pub fn read(fields: &[u8]) -> Result<Self, Refused> {
        // RFC 8098 §3.1: one group of fields. Behind an empty line another reader could find a second, which says something else.
        if fields.trim_ascii_end().windows(4).any(|four| four == b"\r\n\r\n") {
            return Err(Refusal::MessageMalformed.about("the receipt has a second group of fields"));
        }
        Self::first_group(fields, false)
    }

    /// Reads what a gateway may have admitted long ago, of a receipt that is there: where [`Notification::read`] finds no word, the first group of
    /// fields is read, and the last thing counts that its disposition says, whatever stands before it (Profile §8.2). What was told to be a receipt
    /// then is one for good; nothing new is admitted by this.
    pub fn read_again(fields: &[u8]) -> Result<Self, Refused> {
        let closely = Self::read(fields);
        if closely.as_ref().is_ok_and(|closely| closely.said().is_ok()) {
            return closely;
        }
        let loosely = Self::first_group(fields, true).ok().filter(|loosely| loosely.said().is_ok());
        loosely.map_or(closely, Ok)
    }

    fn first_group(fields: &[u8], loose: bool) -> Result<Self, Refused> {
        let malformed = |about: &'static str| Refusal::MessageMalformed.about(about);
        // The fields end with the part; a section of its own ends with an empty line.
        let fields = read_section(&[fields.trim_ascii_end(), b"\r\n\r\n"].concat())?;
        for (at, (name, _)) in fields.iter().enumerate() {
            if fields[..at].iter().any(|(before, _)| before == name) {
                return Err(malformed("a field of the receipt stands twice"));
            }
        }
        let get = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        // RFC 8098 §3.2.4: `rfc822;address`, whoever received the bundle.
        let address = |value: &str| without_comments(value)?.split_once(';')?.1.trim().parse().ok();
        let recipient = get("final-recipient").and_then(address);
        let digest = get("received-content-mic");
        let digest = digest.map(|mic| sha256(mic).ok_or_else(|| malformed("received-content-mic"))).transpose()?;
        Ok(Self {
            recipient,
            original: get("original-message-id").and_then(original_message_id),
            disposition: get("disposition").map(str::to_owned),
            digest,
            error: get("error").map(str::to_owned),
            loose,
        })
    }

    /// What is said behind how it came about, without comments (RFC 8098 §3.2.6). Refused where no mode of action and of sending stands before
    /// it, or where two are said, for readers would differ on which counts.
    pub fn outcome(&self) -> Result<String, Refused> {
        let other = |about: &'static str| move || Refusal::MessageMalformed.about(about);
        let written = self.disposition.as_deref().ok_or_else(other("disposition"))?;
        let written = without_comments(written).ok_or_else(other("disposition: a comment does not end"))?;
        let (mode, outcome) = written.split_once(';').ok_or_else(other("disposition: no action and sending mode"))?;
        let (action, sending) = mode.split_once('/').unwrap_or_default();
        let is_one = |word: &str, of: [&str; 2]| of.iter().any(|known| word.trim().eq_ignore_ascii_case(known));
        if !is_one(action, ["manual-action", "automatic-action"])
            || !is_one(sending, ["MDN-sent-manually", "MDN-sent-automatically"])
        {
            return Err(other("disposition: no action and sending mode")());
        }
        if outcome.contains(';') {
            return Err(other("disposition: it says two things")());
        }
        Ok(outcome.trim().to_owned())
    }

    /// RFC 8098 §3.2.6, RFC 4130 §7.4.3: `processed` without a modifier acknowledges; with `error` it says that nothing came of the
    /// bundle, and the class stands behind it, or in a field of its own. Anything else is no word about a bundle.
    pub fn said(&self) -> Result<Became, Refused> {
        let other = || Refusal::MessageMalformed.about("disposition");
        let last = || self.disposition.as_deref()?.rsplit(';').next().map(|outcome| outcome.trim().to_owned());
        let outcome = if self.loose { last().ok_or_else(other)? } else { self.outcome()? };
        let (kind, modifier) = outcome.split_once('/').map_or((&*outcome, None), |(kind, rest)| (kind, Some(rest)));
        if !kind.trim().eq_ignore_ascii_case("processed") {
            return Err(other());
        }
        let Some(modifier) = modifier else { return Ok(Became::Processed) };
        let (modifier, class) = modifier.split_once(':').map_or((modifier, None), |(name, class)| (name, Some(class)));
        if !modifier.trim().eq_ignore_ascii_case("error") {
            return Err(other());
        }
        let Some(class) = class.or(self.error.as_deref()) else {
            return Ok(Became::Failed(Fault::UnexpectedProcessingError));
        };
        Fault::from_word(class.trim()).map(Became::Failed).ok_or_else(other)
    }

    /// Does it acknowledge the bundle that it names?
    pub fn is_processed(&self) -> Result<(), Refused> {
        let whole = self.original.is_some() && self.digest.is_some();
        match self.said()? {
            Became::Processed if whole => Ok(()),
            _ => Err(Refusal::MessageMalformed.about("disposition")),
        }
    }

    /// Why it could not be opened, if that is what is said.
    pub fn fault(&self) -> Option<Fault> {
        match self.said() {
            Ok(Became::Failed(fault)) => Some(fault),
            _ => None,
        }
    }
}

/// The Message-ID in a value of `Original-Message-ID`, without brackets and comments (RFC 8098 §3.2.5, RFC 5322 §3.6.4).
pub fn original_message_id(value: &str) -> Option<String> {
    message_id(&without_comments(value)?)
}

/// A value without its comments (RFC 5322 §3.2.2), each of which is a space; none: one of them does not end. What stands in quotation marks
/// or angle brackets has none.
fn without_comments(value: &str) -> Option<String> {
    let (mut plain, mut depth, mut inside) = (String::with_capacity(value.len()), 0_u32, None);
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        // RFC 5322 §3.2.1: a quoted pair begins and ends nothing.
        let pair = if letter == '\\' && (depth > 0 || inside == Some('"')) { Some(letters.next()?) } else { None };
        match (letter, inside) {
            _ if depth == 0 && pair.is_some() => plain.extend([Some(letter), pair].into_iter().flatten()),
            _ if pair.is_some() => {}
            ('(', None) => {
                depth += 1;
                plain.push(' ');
            }
            (')', None) if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            (end, Some(wanted)) => {
                inside = inside.filter(|_| end != wanted);
                plain.push(end);
            }
            (begin, None) => {
                inside = match begin {
                    '"' => Some('"'),
                    '<' => Some('>'),
                    _ => None,
                };
                plain.push(begin);
            }
        }
    }
    (depth == 0).then_some(plain)
}

/// RFC 4130 §7.4.3: `base64, micalg`.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let (digest, algorithm) = value.split_once(',')?;
    let known = ["sha-256", "sha256"].iter().any(|name| algorithm.trim().eq_ignore_ascii_case(name));
    STANDARD.decode(digest.trim()).ok().filter(|_| known)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "Reporting-UA: a; b\r\nFinal-Recipient: rfc822; 9970000029@plans.example\r\n\
        Original-Message-ID: <b@x.example>\r\nDisposition: manual-action/MDN-sent-manually; processed\r\n\
        Received-content-MIC: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=, sha-256\r\n";

    fn read(fields: &str) -> Notification {
        Notification::read(fields.as_bytes()).unwrap()
    }

    // Profile §8.2
    #[test]
    fn folded_fields_say_what_they_say_on_one_line() {
        let known = read(FIELDS);
        assert_eq!((known.said(), known.is_processed(), known.digest), (Ok(Became::Processed), Ok(()), Some([7; 32])));
        // The disposition is shown as it is written, where folding is one space.
        for (from, to) in [
            ("; processed", ";\r\n processed"),
            ("rfc822; 99", "rfc822;\r\n\t99"),
            ("ID: <b@x", "ID:\r\n <b@x"),
            ("=, sha-256", "=,\r\n  sha-256"),
            ("\r\nDisposition", "\r\nDISPOSITION"),
            (FIELDS, FIELDS.trim_end()),
        ] {
            assert_eq!(read(&FIELDS.replacen(from, to, 1)), known, "{to}");
        }
        let class = read(&FIELDS.replace("; processed", ";\r\n processed/error:\r\n decryption-failed"));
        assert_eq!(class.fault(), Some(Fault::DecryptionFailed));
    }

    // Profile §8.2
    #[test]
    fn what_two_readers_could_read_differently_is_not_read() {
        for broken in [
            format!("{FIELDS}Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"),
            format!("{FIELDS}disposition:\r\n manual-action/MDN-sent-manually; processed\r\n"),
            FIELDS.replace(", sha-256", ", md5"),
            FIELDS.replace("BwcH", ""),
            FIELDS.replace("\r\n", "\n"),
            format!(" folded\r\n{FIELDS}"),
            format!("{FIELDS}\r\nOriginal-Message-ID: <c@x.example>\r\nDisposition: a/b; processed/error\r\n"),
            format!("{FIELDS}\r\n\r\nX-More: 1"),
            format!("{FIELDS}no field\r\n"),
        ] {
            assert_eq!(Notification::read(broken.as_bytes()).unwrap_err().why, Refusal::MessageMalformed, "{broken}");
        }
    }

    // Profile §8.2, RFC 8098 §3.2
    #[test]
    fn a_comment_changes_nothing() {
        let known = read(FIELDS);
        for (from, to) in [
            ("; processed", "; processed (done)"),
            ("Disposition: manual-action/MDN", "Disposition: (by \\) hand (all of it)) manual-action (x) / (y) MDN"),
            ("; processed", " (;) ;\r\n (deleted; denied)\r\n processed"),
            ("rfc822; 99", "(a) rfc822 (b;c); (d) 99"),
            ("plans.example\r\n", "plans.example (us)\r\n"),
            ("<b@x.example>", "(this) <b@x.example> (and no other)"),
        ] {
            let found = read(&FIELDS.replacen(from, to, 1));
            assert_eq!(found.is_processed(), Ok(()), "{to}");
            assert_eq!((found.original, found.recipient), (known.original.clone(), known.recipient.clone()), "{to}");
        }
        let class = read(&FIELDS.replace("; processed", "; processed (no) / error (why): decryption-failed (so)"));
        assert_eq!(class.fault(), Some(Fault::DecryptionFailed));
        // What stands in brackets is the id, whatever it looks like.
        assert_eq!(read(&FIELDS.replace("<b@", "<b(1)@")).original.as_deref(), Some("b(1)@x.example"));
        assert_eq!(without_comments(r#""a \" (b" (c \( d) e"#).as_deref(), Some(r#""a \" (b"   e"#));
        for broken in ["; processed (done", "; processed (done\\)", "; processed (a (b)"] {
            assert!(read(&FIELDS.replace("; processed", broken)).said().is_err(), "{broken}");
        }
    }

    // Profile §8.2, RFC 8098 §3.2.6
    #[test]
    fn a_disposition_says_how_it_came_about_and_one_thing() {
        let mode = "manual-action/MDN-sent-manually; processed";
        for (written, about) in [
            ("processed", "disposition: no action and sending mode"),
            ("; processed", "disposition: no action and sending mode"),
            ("manual-action; processed", "disposition: no action and sending mode"),
            ("MDN-sent-manually/manual-action; processed", "disposition: no action and sending mode"),
            ("manual-action/MDN-sent-manually; denied; processed", "disposition: it says two things"),
            ("manual-action/MDN-sent-manually; processed; processed", "disposition: it says two things"),
            ("manual-action/MDN-sent-manually; processed;", "disposition: it says two things"),
        ] {
            let refused = read(&FIELDS.replace(mode, written)).is_processed().unwrap_err();
            assert_eq!((refused.why, &*refused.about), (Refusal::MessageMalformed, about), "{written}");
        }
        // One that was admitted before this was asked goes on being a receipt, and one that said something else is none.
        let again = |fields: &str| Notification::read_again(fields.as_bytes()).map(|read| read.is_processed().is_ok());
        for admitted in ["processed", "; processed", "manual-action; processed", "a/b; denied; processed"] {
            assert_eq!(again(&FIELDS.replace(mode, admitted)), Ok(true), "{admitted}");
        }
        assert_eq!(again(&format!("{FIELDS}\r\nDisposition: a/b; processed/error\r\n")), Ok(true));
        assert_eq!(again(FIELDS), Ok(true));
        for other in ["processed; denied", "denied", "processed/error", ""] {
            assert_eq!(again(&FIELDS.replace(mode, other)), Ok(false), "{other}");
        }
        assert!(again(&format!("{FIELDS}Disposition: a/b; processed\r\n")).is_err(), "one field twice was never one");
        let automatic = FIELDS.replace(mode, "Automatic-Action / mdn-sent-automatically ;PROCESSED");
        assert_eq!(read(&automatic).is_processed(), Ok(()));
    }

    // Profile §8.22
    #[test]
    fn only_processed_without_a_modifier_acknowledges() {
        let said = |outcome: &str| read(&FIELDS.replace("; processed", &format!("; {outcome}"))).said().ok();
        for (outcome, expected) in [
            ("Processed", Some(Became::Processed)),
            ("processed/error", Some(Became::Failed(Fault::UnexpectedProcessingError))),
            ("processed/Error: integrity-check-failed", Some(Became::Failed(Fault::IntegrityCheckFailed))),
            ("processed/error: something-else", None),
            ("processed/warning", None),
            ("displayed", None),
            ("dispatched", None),
        ] {
            assert_eq!(said(outcome), expected, "{outcome}");
        }
        let classed = FIELDS.replace("; processed", "; processed/error") + "Error: authentication-failed\r\n";
        assert_eq!(read(&classed).fault(), Some(Fault::AuthenticationFailed));
        for missing in
            ["Original-Message-ID: <b@x.example>\r\n", "Disposition: manual-action/MDN-sent-manually; processed\r\n"]
        {
            assert!(read(&FIELDS.replace(missing, "")).is_processed().is_err(), "{missing}");
        }
    }
}
