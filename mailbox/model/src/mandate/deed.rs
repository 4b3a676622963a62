//! What is signed of a mandate: granting, confirming and revoking it, each in one canonical form.

use fumibako_signer::hex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{COUNTERPARTIES, Mandate, MandateId, Registered};
use crate::document;

/// The media type of a signed deed's content.
pub const DEED_TYPE: &str = "application/vnd.fumibako.mandate+json";
/// Longest deed, in bytes.
pub const DEED_BYTES: usize = 16 << 10;

/// A deed about a mandate (Profile §9.1).
///
/// ```text
/// {"grant":{"v":1,"office":"9970000011","agent":"kawara","scopes":["send"],"from":"2026-04-01",…}}
/// {"confirm":{"mandate":"MD…","at":"2026-04-01T00:00:00Z"}}        ; by the agent
/// {"revoke":{"mandate":"MD…","at":"2026-04-01T00:00:00Z"}}         ; by the office, or the agent that lays it down
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// The office gives it.
    Grant(Box<Mandate>),
    /// The agent takes it.
    Confirm(Said),
    /// One of both ends it.
    Revoke(Said),
}

/// A word about a mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Which.
    pub mandate: MandateId,
    /// When it was said.
    pub at: Timestamp,
}

/// The octets are no deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADeed {
    /// Longer than [`DEED_BYTES`].
    #[error("longer than 16 KiB")]
    TooLong,
    /// Not the JSON of a deed.
    #[error("not a grant, a confirmation or a revocation")]
    Malformed,
    /// The JSON of a deed, but in another order or with blanks, doubled or needless members.
    #[error("not in canonical form")]
    NotCanonical,
    /// `v` is newer than 1.
    #[error("of a version this program does not know")]
    Version,
    /// No scope, no office or kind left by a limit, or more than the limit of counterparties.
    #[error("it would allow nothing, or names too much")]
    Limits,
    /// It would end before it begins.
    #[error("it would end before it begins")]
    Dates,
}

impl Deed {
    /// The one way to write it: members in the order of the type, sets sorted, no blanks.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// When it was signed, as it says.
    pub fn said(&self) -> Timestamp {
        match self {
            Self::Grant(mandate) => mandate.granted,
            Self::Confirm(said) | Self::Revoke(said) => said.at,
        }
    }

    /// What is signed of it: a MIME entity (Profile §9.5).
    pub fn entity(&self) -> String {
        document::entity(DEED_TYPE, &self.canonical())
    }

    /// Reads it in what was signed.
    pub fn in_entity(entity: &[u8]) -> Result<Self, NotADeed> {
        Self::read(document::content(DEED_TYPE, entity).ok_or(NotADeed::Malformed)?)
    }

    /// Reads it, if that is how it was written: nothing is signed that two readers could read differently.
    pub fn read(octets: &[u8]) -> Result<Self, NotADeed> {
        if octets.len() > DEED_BYTES {
            return Err(NotADeed::TooLong);
        }
        let deed: Self = serde_json::from_slice(octets).map_err(|_| NotADeed::Malformed)?;
        if deed.canonical().as_bytes() != octets {
            return Err(NotADeed::NotCanonical);
        }
        if let Self::Grant(mandate) = &deed {
            mandate.sound()?;
        }
        Ok(deed)
    }
}

impl Mandate {
    /// Can it stand on a roll?
    pub fn sound(&self) -> Result<(), NotADeed> {
        if self.v != 1 {
            return Err(NotADeed::Version);
        }
        let offices = self.counterparties.as_ref().map_or(1, std::collections::BTreeSet::len);
        let kinds = self.kinds.as_ref().map_or(1, std::collections::BTreeSet::len);
        if self.scopes.is_empty() || kinds == 0 || !(1..=COUNTERPARTIES).contains(&offices) {
            return Err(NotADeed::Limits);
        }
        let months = self.months.is_none_or(|(from, until)| from <= until);
        if self.from <= self.until && months { Ok(()) } else { Err(NotADeed::Dates) }
    }

    /// It, with its name, as it comes onto the roll: unconfirmed. `digest` is SHA-256 of [`Deed::canonical`].
    pub fn registered(self, digest: [u8; 32]) -> Registered {
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Registered {
            id: MandateId(id),
            digest: hex(&digest),
            mandate: self,
            paper: false,
            confirmed: None,
            revoked: None,
        }
    }
}
