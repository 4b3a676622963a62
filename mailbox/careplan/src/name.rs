//! File names: the only thing about a file that says what it is and where it goes.

mod bare;
mod fault;
mod party;
mod read;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use bare::bare;
pub use fault::{NameFault, NameProblem, Slip};
pub use party::{NotAServiceCode, Party, Service, ServiceCode};
pub use read::recognise;

use crate::{Kind, Serial, ServiceMonth};

/// What [`recognise`] finds in a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A file of the standard. `slips` are departures that a receiver reads all the same.
    Standard {
        /// What the name says.
        name: FileName,
        /// How it departs from the standard's spelling; empty for a name written strictly.
        slips: Vec<Slip>,
    },
    /// Nothing of the standard, whatever it is called: a PDF named `UPPLAN202510.pdf`, a letter, a photo.
    Attachment,
    /// Meant to be a file of the standard, but no receiver could tell what it is.
    NearMiss(NameProblem),
}

impl Recognised {
    /// The name, if it is one of the standard.
    pub fn standard(self) -> Option<FileName> {
        match self {
            Self::Standard { name, .. } => Some(name),
            Self::Attachment | Self::NearMiss(_) => None,
        }
    }
}

/// A name of the standard, read or made. It prints as the standard spells it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName {
    parts: Parts,
    serial: Serial,
}

/// Everything a name says except its serial, so that content can be compared with a name whose serial is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    pub(crate) month: NamedMonth,
    pub(crate) sender: Party,
    pub(crate) recipient: Party,
    pub(crate) branch: Option<u16>,
}

/// What stands where the month stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamedMonth {
    /// The kind has no month in its name.
    Absent,
    /// `000000`: a supplement that travels with tables 1-3.
    Zero,
    /// The service month.
    Service(ServiceMonth),
}

/// Which spelling a name follows; it must agree with the version written in the file (標準仕様 CSVバージョン履歴).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NameForm {
    /// Office numbers alone.
    #[serde(rename = "3")]
    Edition3,
    /// Three-character service codes; superseded before its first month.
    #[serde(rename = "4.0")]
    Edition40,
    /// Two-character service kinds.
    #[serde(rename = "4.1")]
    Edition41,
}

/// The parts do not make a name that the standard allows to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotName {
    /// The kind needs a month and none is given, or the other way round.
    #[error("this kind of file is named with another sort of month")]
    Month,
    /// One party has a service kind and the other has none, or both differ in edition.
    #[error("sender and recipient must be written in the form of one edition")]
    Form,
    /// A kind of edition 4 named in the form of edition 3.
    #[error("this kind of file exists only from edition 4")]
    Kind,
    /// An image needs a branch number from 1 to 9999; no other kind has one.
    #[error("an image has a branch number from 1 to 9999, and nothing else has")]
    Branch,
}

impl FileName {
    /// Makes a name as the standard spells it; for writing.
    pub fn new(
        kind: Kind,
        month: NamedMonth,
        sender: Party,
        recipient: Party,
        serial: Serial,
    ) -> Result<Self, CannotName> {
        let parts = Parts { kind, month, sender, recipient, branch: None };
        if kind == Kind::PreventionBasicImage { Err(CannotName::Branch) } else { Self::checked(parts, serial) }
    }

    /// Makes the name of the `branch`-th picture, counted from 1.
    pub fn image(sender: Party, recipient: Party, serial: Serial, branch: u16) -> Result<Self, CannotName> {
        let kind = Kind::PreventionBasicImage;
        let parts = Parts { kind, month: NamedMonth::Absent, sender, recipient, branch: Some(branch) };
        if (1..=9999).contains(&branch) { Self::checked(parts, serial) } else { Err(CannotName::Branch) }
    }

    fn checked(parts: Parts, serial: Serial) -> Result<Self, CannotName> {
        if parts.month.is_for(parts.kind).is_err() {
            return Err(CannotName::Month);
        }
        if parts.sender.form() != parts.recipient.form() {
            return Err(CannotName::Form);
        }
        if parts.kind.since_edition_4() && parts.sender.form() == NameForm::Edition3 {
            return Err(CannotName::Kind);
        }
        Ok(Self { parts, serial })
    }

    /// What the file is.
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// What stands in the month's place.
    pub fn named_month(&self) -> NamedMonth {
        self.parts.month
    }

    /// The service month, if the name has one.
    pub fn month(&self) -> Option<ServiceMonth> {
        match self.parts.month {
            NamedMonth::Service(month) => Some(month),
            NamedMonth::Absent | NamedMonth::Zero => None,
        }
    }

    /// Who sends it.
    pub fn sender(&self) -> Party {
        self.parts.sender
    }

    /// Who receives it.
    pub fn recipient(&self) -> Party {
        self.parts.recipient
    }

    /// The stamp it shares with the other files of its send unit.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// Which picture it is; pictures only.
    pub fn branch(&self) -> Option<u16> {
        self.parts.branch
    }

    /// Which edition's spelling it follows.
    pub fn form(&self) -> NameForm {
        self.parts.sender.form()
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }
}

impl NamedMonth {
    /// Whether the kind is named with such a month (CSVファイルレイアウト定義書, file names).
    fn is_for(self, kind: Kind) -> Result<(), NameFault> {
        match (self, kind) {
            (Self::Service(_), kind) if kind.has_month() => Ok(()),
            (Self::Zero, Kind::Supplement) => Ok(()),
            (Self::Absent, kind) if !kind.has_month() => Ok(()),
            (Self::Absent, _) => Err(NameFault::MonthMissing),
            (Self::Zero | Self::Service(_), _) => Err(NameFault::MonthUnknown),
        }
    }
}

impl fmt::Display for NameForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Edition3 => "3",
            Self::Edition40 => "4.0",
            Self::Edition41 => "4.1",
        })
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { kind, month, sender, recipient, branch } = &self.parts;
        write!(f, "{kind}_")?;
        match month {
            NamedMonth::Absent => {}
            NamedMonth::Zero => write!(f, "000000_")?,
            NamedMonth::Service(month) => write!(f, "{month}_")?,
        }
        for party in [sender, recipient] {
            write!(f, "{}_", party.office)?;
            if let Some(service) = party.service {
                write!(f, "{service}_")?;
            }
        }
        write!(f, "{}", self.serial)?;
        match branch {
            Some(branch) => write!(f, "_{branch:04}.jpg"),
            None => f.write_str(".CSV"),
        }
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a file name of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a file name of the care-plan standard")]
pub struct NotAFileName;

impl FromStr for FileName {
    type Err = NotAFileName;
    fn from_str(text: &str) -> Result<Self, NotAFileName> {
        recognise(text).standard().ok_or(NotAFileName)
    }
}

impl TryFrom<String> for FileName {
    type Error = NotAFileName;
    fn try_from(text: String) -> Result<Self, NotAFileName> {
        text.parse()
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests;
