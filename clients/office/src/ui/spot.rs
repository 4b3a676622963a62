//! Where a message is: in our own folder, or in that of an office an agent acts for.

use std::fmt;
use std::str::FromStr;

use fumibako_model::OfficeNumber;
use serde::Deserialize;

use crate::mailbox::{Folder, Place};

/// A message's number, and whose folder that number counts in. In addresses: `5`, or `9970000011-5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Spot {
    /// The office, where an agent looks; none: our own folder.
    pub(super) of: Option<OfficeNumber>,
    pub(super) uid: u32,
}

/// The text names no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message: a number is expected, perhaps after an office and a dash")]
pub(super) struct NotASpot;

impl Spot {
    pub(super) fn new(place: Place, uid: u32) -> Self {
        Self { of: place.office, uid }
    }

    pub(super) fn place(self, folder: Folder) -> Place {
        Place { office: self.of, folder }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Some(office) => write!(f, "{office}-{}", self.uid),
            None => write!(f, "{}", self.uid),
        }
    }
}

impl FromStr for Spot {
    type Err = NotASpot;
    fn from_str(text: &str) -> Result<Self, NotASpot> {
        let (of, uid) = match text.split_once('-') {
            Some((office, uid)) => (Some(office.parse().map_err(|_| NotASpot)?), uid),
            None => (None, text),
        };
        Ok(Self { of, uid: uid.parse().map_err(|_| NotASpot)? })
    }
}

impl TryFrom<String> for Spot {
    type Error = NotASpot;
    fn try_from(text: String) -> Result<Self, NotASpot> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_by_its_office_and_number() {
        for text in ["5", "9970000011-5", "4294967295"] {
            assert_eq!(text.parse::<Spot>().map(|spot| spot.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "-5", "x-5", "9970000011-", "9970000011-5-5", "4294967296", "997000001-5", "9970000011-w0"] {
            assert_eq!(text.parse::<Spot>(), Err(NotASpot), "{text}");
        }
    }
}
