//! What the store is asked to do with licences (Profile §10).

use fumibako_model::{LicenceOrder, LicenceTerms, OfficeNumber};
use jiff::Timestamp;

/// A change of an office's licence. It is decided inside the commit, over what was committed before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceChange {
    /// Whose.
    pub office: OfficeNumber,
    /// What is done.
    pub order: LicenceOrder,
    /// When.
    pub at: Timestamp,
    /// What the office signed, as it came. The same deed again changes nothing, and succeeds.
    pub signed: Option<Vec<u8>>,
}

/// A version of the terms, and when it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The terms.
    pub terms: LicenceTerms,
    /// From when on they were in force.
    pub at: Timestamp,
}
