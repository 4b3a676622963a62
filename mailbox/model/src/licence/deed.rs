//! What an office signs about its licence: applying, renewing, renewing by itself or no longer; each in one canonical form.

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PayBy;
use crate::mandate::DEED_BYTES;

/// The media type of a signed deed's content.
pub const LICENCE_DEED_TYPE: &str = "application/vnd.fumibako.licence+json";
/// Longest user ID in a deed, in characters.
pub const USER_CHARACTERS: usize = 64;

/// A deed about a licence (Profile §10.4), by the office itself.
///
/// ```text
/// {"apply":{"v":1,"office":"9970000011","terms":"2026-04","digest":"…","pay_by":"deduction","automatic":true,"user":"…","at":"…"}}
/// {"renew":{…the same members…}}
/// {"automatic":{"v":1,"office":"9970000011","on":false,"at":"…"}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenceDeed {
    /// 利用申請.
    Apply(Asked),
    /// 更新.
    Renew(Asked),
    /// 自動更新 from now on, or no longer.
    Automatic(Switch),
}

/// A year that is asked for, with the consent to the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// 1; rises only when an older reader would understand it wrongly.
    pub v: u8,
    /// Whose licence.
    pub office: OfficeNumber,
    /// Version of the terms agreed to.
    pub terms: String,
    /// SHA-256 of their text, in hex.
    pub digest: String,
    /// How it will be paid.
    pub pay_by: PayBy,
    /// Renewed by itself from then on?
    pub automatic: bool,
    /// ユーザID of who agreed.
    pub user: String,
    /// When it was signed.
    pub at: Timestamp,
}

/// Renewed by itself, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// 1.
    pub v: u8,
    /// Whose licence.
    pub office: OfficeNumber,
    /// By itself?
    pub on: bool,
    /// When it was signed.
    pub at: Timestamp,
}

/// The octets are no deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALicenceDeed {
    /// Longer than [`DEED_BYTES`].
    #[error("longer than 16 KiB")]
    TooLong,
    /// Not the JSON of a deed.
    #[error("not an application, a renewal or a word about automatic renewal")]
    Malformed,
    /// The JSON of a deed, but in another order or with blanks, doubled or needless members.
    #[error("not in canonical form")]
    NotCanonical,
    /// `v` is newer than 1.
    #[error("of a version this program does not know")]
    Version,
    /// Nobody's user ID.
    #[error("a user ID has 1 to 64 printable characters")]
    User,
}

impl LicenceDeed {
    /// Whose licence.
    pub fn office(&self) -> OfficeNumber {
        match self {
            Self::Apply(asked) | Self::Renew(asked) => asked.office,
            Self::Automatic(switch) => switch.office,
        }
    }

    /// When it was signed, as it says.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Apply(asked) | Self::Renew(asked) => asked.at,
            Self::Automatic(switch) => switch.at,
        }
    }

    /// The one way to write it: members in the order of the type, no blanks.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is signed of it: a MIME entity, as of a mandate (Profile §9.5).
    pub fn entity(&self) -> String {
        format!("Content-Type: {LICENCE_DEED_TYPE}\r\n\r\n{}\r\n", self.canonical())
    }

    /// Reads it in what was signed.
    pub fn in_entity(entity: &[u8]) -> Result<Self, NotALicenceDeed> {
        let head = format!("Content-Type: {LICENCE_DEED_TYPE}\r\n\r\n");
        let octets = entity.strip_prefix(head.as_bytes()).ok_or(NotALicenceDeed::Malformed)?;
        Self::read(octets.strip_suffix(b"\r\n").unwrap_or(octets))
    }

    /// Reads it, if that is how it was written: nothing is signed that two readers could read differently.
    pub fn read(octets: &[u8]) -> Result<Self, NotALicenceDeed> {
        if octets.len() > DEED_BYTES {
            return Err(NotALicenceDeed::TooLong);
        }
        let deed: Self = serde_json::from_slice(octets).map_err(|_| NotALicenceDeed::Malformed)?;
        if deed.canonical().as_bytes() != octets {
            return Err(NotALicenceDeed::NotCanonical);
        }
        let (v, user) = match &deed {
            Self::Apply(asked) | Self::Renew(asked) => (asked.v, asked.user.as_str()),
            Self::Automatic(switch) => (switch.v, "-"),
        };
        if v != 1 {
            return Err(NotALicenceDeed::Version);
        }
        let named = (1..=USER_CHARACTERS).contains(&user.chars().count()) && !user.chars().any(char::is_control);
        if named { Ok(deed) } else { Err(NotALicenceDeed::User) }
    }
}
