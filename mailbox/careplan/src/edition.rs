//! Editions of the standard: what column 1 says, from which month it counts, which file names go with it.

use serde::{Deserialize, Serialize};

use crate::{NameForm, ServiceMonth};

/// 版: an edition of the standard. Column 1 of every row carries its value; the service month chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Edition {
    /// 201910. Its layouts are not known to us.
    #[serde(rename = "1")]
    First,
    /// 202003. Its layouts are not known to us.
    #[serde(rename = "2")]
    Second,
    /// 202208: editions 3, 3.1 and 3.2.
    #[serde(rename = "3")]
    Third,
    /// 202504: superseded by 4.1 before its first month.
    #[serde(rename = "4.0")]
    Fourth,
    /// 202407. The value is smaller than that of 4.0 although the edition is newer: never order by value.
    #[serde(rename = "4.1")]
    FourthRevised,
}

/// Values that are wrong by the standard and yet written for 4.1 by public software and by the standard's own examples.
const WRONG_FOR_4_1: [&[u8]; 2] = [b"202410", b"202404"];

impl Edition {
    /// Every edition, oldest first.
    pub const ALL: [Self; 5] = [Self::First, Self::Second, Self::Third, Self::Fourth, Self::FourthRevised];

    /// What column 1 says.
    pub fn value(self) -> &'static str {
        match self {
            Self::First => "201910",
            Self::Second => "202003",
            Self::Third => "202208",
            Self::Fourth => "202504",
            Self::FourthRevised => "202407",
        }
    }

    /// The edition people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::Second => "2",
            Self::Third => "3",
            Self::Fourth => "4.0",
            Self::FourthRevised => "4.1",
        }
    }

    /// The edition people call so. 3.1 and 3.2 are written as 3 is.
    pub fn of_label(label: &str) -> Option<Self> {
        let label = if matches!(label, "3.1" | "3.2") { "3" } else { label };
        Self::ALL.into_iter().find(|edition| edition.label() == label)
    }

    /// The form of the file names that go with it.
    pub fn name_form(self) -> NameForm {
        match self {
            Self::First | Self::Second | Self::Third => NameForm::Edition3,
            Self::Fourth => NameForm::Edition40,
            Self::FourthRevised => NameForm::Edition41,
        }
    }

    /// The newest edition whose file names have this form.
    pub fn of_form(form: NameForm) -> Self {
        match form {
            NameForm::Edition3 => Self::Third,
            NameForm::Edition40 => Self::Fourth,
            NameForm::Edition41 => Self::FourthRevised,
        }
    }

    /// Whether a file about this service month carries this edition's value (layout annex, CSVバージョン履歴).
    pub fn covers(self, month: ServiceMonth) -> bool {
        let month = u32::from(month.year()) * 100 + u32::from(month.month());
        let (from, before) = match self {
            Self::First => (202_003, 202_010),
            Self::Second => (202_010, 202_301),
            Self::Third => (202_301, 202_504),
            Self::Fourth | Self::FourthRevised => (202_504, u32::MAX),
        };
        (from..before).contains(&month)
    }

    /// Whether its columns are known to us. Those of edition 3 are derived from the change lists of edition 4.
    pub(crate) fn generation(self) -> Option<Generation> {
        match self {
            Self::First | Self::Second => None,
            Self::Third => Some(Generation::Three),
            Self::Fourth | Self::FourthRevised => Some(Generation::Four),
        }
    }

    pub(crate) fn read(value: &[u8]) -> Read {
        match Self::ALL.into_iter().find(|edition| edition.value().as_bytes() == value) {
            Some(edition) => Read::Known(edition),
            None if WRONG_FOR_4_1.contains(&value) => Read::MeantFor41,
            None => Read::Unknown,
        }
    }
}

/// What a value of column 1 turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    Known(Edition),
    MeantFor41,
    Unknown,
}

/// Editions whose files have the same columns: 4.1 changed only the value and the file names of 4.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Generation {
    Three,
    Four,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_month_chooses_the_edition() {
        let editions = |month: &str| {
            let month = month.parse().unwrap();
            let covering = Edition::ALL.into_iter().filter(|edition| edition.covers(month));
            covering.map(Edition::label).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(editions("202002"), "");
        assert_eq!(editions("202003"), "1");
        assert_eq!(editions("202009"), "1");
        assert_eq!(editions("202010"), "2");
        assert_eq!(editions("202212"), "2");
        assert_eq!(editions("202301"), "3");
        assert_eq!(editions("202503"), "3");
        assert_eq!(editions("202504"), "4.0 4.1");
    }
}
