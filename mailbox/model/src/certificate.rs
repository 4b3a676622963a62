//! What an office or agent signs about its certificates (Profile §19.10 to §19.13), and what it is told of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Party;
use crate::document::{content, entity};

/// The media type of a signed word about a certificate.
pub const CERTIFICATE_TYPE: &str = "application/vnd.fumibako.certificate+json";
/// Longest such word, in bytes.
pub const CERTIFICATE_WORD_BYTES: usize = 1024;
/// Certificates of one office or agent that count at the same time; one more is refused.
pub const CERTIFICATES: usize = 50;

/// A word about a certificate, as it is signed: by the key to be enrolled, or by another key of the same party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateWord {
    /// This key is ours, too.
    Enrol(Enrol),
    /// This certificate counts no longer.
    Remove(Remove),
}

/// Asks for a certificate to come onto the roll: the one that signed this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// 1.
    pub v: u8,
    /// Whose it is.
    pub party: Party,
    /// What the gateway gave out for this.
    pub challenge: String,
}

/// Asks for a certificate to count no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remove {
    /// 1.
    pub v: u8,
    /// Whose it is.
    pub party: Party,
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// What the gateway gave out for this.
    pub challenge: String,
}

/// What is given out for one word about a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// 32 random octets in hex.
    pub challenge: String,
    /// Until when it is good, if nobody uses it before.
    pub until: Timestamp,
    /// Whose words it goes with.
    pub party: Party,
}

/// A certificate of one's own, as the gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCertificate {
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
    /// Does a signature by it count (Profile §4.20)?
    pub signs: bool,
    /// Is mail encrypted to it?
    pub receives: bool,
    /// Since when it is revoked, as far as lists and answers say.
    pub revoked: Option<Timestamp>,
    /// Since when it is off the roll.
    pub removed: Option<Timestamp>,
}

impl CertificateWord {
    /// Its version, and whose words it is.
    pub fn says(&self) -> (u8, &Party, &str) {
        match self {
            Self::Enrol(Enrol { v, party, challenge }) | Self::Remove(Remove { v, party, challenge, .. }) => {
                (*v, party, challenge)
            }
        }
    }

    /// What is signed of it: a MIME entity.
    pub fn entity(&self) -> String {
        entity(CERTIFICATE_TYPE, &serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads it in what was signed, if it is in canonical form.
    pub fn in_entity(signed: &[u8]) -> Option<Self> {
        let octets = content(CERTIFICATE_TYPE, signed).filter(|octets| octets.len() <= CERTIFICATE_WORD_BYTES)?;
        let word: Self = serde_json::from_slice(octets).ok()?;
        let canonical = serde_json::to_string(&word).ok()?;
        (canonical.as_bytes() == octets && word.says().0 == 1).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §19.10
    #[test]
    fn a_word_is_read_as_it_was_written_and_in_no_other_form() {
        let party: Party = "9970000011".parse().unwrap();
        let word = CertificateWord::Enrol(Enrol { v: 1, party, challenge: "00ff".into() });
        let text = word.entity();
        assert_eq!(
            text,
            "Content-Type: application/vnd.fumibako.certificate+json\r\n\r\n\
             {\"enrol\":{\"v\":1,\"party\":\"9970000011\",\"challenge\":\"00ff\"}}\r\n"
        );
        assert_eq!(CertificateWord::in_entity(text.as_bytes()), Some(word));
        for other in [
            text.replace(":1,", ":2,"),
            text.replace(":1,", ": 1,"),
            text.replace("\"v\":1,", ""),
            text.replace("certificate+json", "mandate+json"),
            text.replace("00ff", &"0".repeat(CERTIFICATE_WORD_BYTES)),
        ] {
            assert_eq!(CertificateWord::in_entity(other.as_bytes()), None, "{other}");
        }
    }
}
