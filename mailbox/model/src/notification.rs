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
    /// Reads the fields, folded ones too (RFC 5322 §2.2.3). Refused where they are no fields, where one of them stands twice, or where a
    /// digest stands that is none.
    pub fn read(fields: &[u8]) -> Result<Self, Refused> {
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
        let recipient = get("final-recipient").and_then(|value| value.split_once(';')?.1.trim().parse().ok());
        let digest = get("received-content-mic");
        let digest = digest.map(|mic| sha256(mic).ok_or_else(|| malformed("received-content-mic"))).transpose()?;
        Ok(Self {
            recipient,
            original: get("original-message-id").and_then(message_id),
            disposition: get("disposition").map(str::to_owned),
            digest,
            error: get("error").map(str::to_owned),
        })
    }

    /// RFC 8098 §3.2.6, RFC 4130 §7.4.3: `processed` without a modifier acknowledges; with `error` it says that nothing came of the
    /// bundle, and the class stands behind it, or in a field of its own. Anything else is no word about a bundle.
    pub fn said(&self) -> Result<Became, Refused> {
        let other = || Refusal::MessageMalformed.about("disposition");
        let outcome = self.disposition.as_deref().ok_or_else(other)?.rsplit(';').next().unwrap_or_default().trim();
        let (kind, modifier) = outcome.split_once('/').map_or((outcome, None), |(kind, rest)| (kind, Some(rest)));
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
            format!("{FIELDS}no field\r\n"),
        ] {
            assert_eq!(Notification::read(broken.as_bytes()).unwrap_err().why, Refusal::MessageMalformed, "{broken}");
        }
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
