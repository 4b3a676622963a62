//! Licences and terms, as the operator asks of them.

use fumibako_model::{OfficeNumber, PayBy, Payment};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What the operator asks of licences and terms.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "licence", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LicenceAsk {
    /// Stops a licence, or lets it go on.
    Suspend {
        /// 事業所番号.
        number: OfficeNumber,
        /// Why; the office is shown it. None ends a suspension.
        reason: Option<String>,
    },
    /// Writes down how far a year is paid.
    Payment {
        /// 事業所番号.
        number: OfficeNumber,
        /// The year that begins on this day; the last one when absent.
        from: Option<Date>,
        /// How far.
        payment: Payment,
        /// How it is paid from now on.
        pay_by: Option<PayBy>,
    },
    /// All licences.
    List,
    /// One, with what the office signed.
    Show {
        /// 事業所番号.
        number: OfficeNumber,
    },
    /// Publishes terms: they are in force from now on.
    TermsPublish {
        /// The name of the version.
        version: String,
        /// What they say.
        text: String,
    },
    /// All versions.
    TermsList,
    /// One version.
    TermsShow {
        /// Its name.
        version: String,
    },
}

impl LicenceAsk {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Suspend { reason: Some(_), .. } => "licence-suspend",
            Self::Suspend { reason: None, .. } => "licence-resume",
            Self::Payment { .. } => "licence-payment",
            Self::List => "licence-list",
            Self::Show { .. } => "licence-show",
            Self::TermsPublish { .. } => "terms-publish",
            Self::TermsList => "terms-list",
            Self::TermsShow { .. } => "terms-show",
        }
    }

    pub(super) fn about(&self) -> String {
        match self {
            Self::Suspend { number, .. } | Self::Payment { number, .. } | Self::Show { number } => number.to_string(),
            Self::TermsPublish { version, .. } | Self::TermsShow { version } => version.clone(),
            Self::List | Self::TermsList => String::new(),
        }
    }
}

/// A version of the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsRow {
    /// Its name.
    pub version: String,
    /// SHA-256 of its text, in hex.
    pub digest: String,
    /// Since when.
    pub at: Timestamp,
    /// Is it in force?
    pub current: bool,
    /// What it says; in lists nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
}

/// What an office signed of its licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeedRow {
    /// `apply`, `renew` or `automatic`.
    pub kind: String,
    /// When it came.
    pub at: Timestamp,
    /// The signed entity, in base64.
    pub signed: String,
}
