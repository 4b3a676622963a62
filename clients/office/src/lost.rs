//! What expired before anybody fetched it: how long people are told of it, and what ends that (HM-08).

use fumibako_model::{BundleFacts, OfficeNumber};
use jiff::Timestamp;

use crate::nights::days;

/// It is told for so many days after its end.
pub(crate) const LOST_DAYS: i64 = 30;

/// Is what ended then still told of?
pub(crate) fn is_told(end: Timestamp, now: Timestamp) -> bool {
    (0..LOST_DAYS).contains(&days(end, now))
}

/// What was sent, as far as it tells whether the same went once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Went<'a> {
    /// When.
    pub(crate) at: Timestamp,
    /// Whom it was for.
    pub(crate) to: Option<OfficeNumber>,
    /// What it says of itself.
    pub(crate) facts: Option<&'a BundleFacts>,
}

impl Went<'_> {
    /// Is this the same once more: later, to the same office, of the same kinds and month?
    pub(crate) fn repeats(&self, earlier: &Went<'_>) -> bool {
        let what = |facts: Option<&BundleFacts>| facts.map(|facts| (facts.units.clone(), facts.month.clone()));
        self.at > earlier.at && self.to == earlier.to && what(self.facts) == what(earlier.facts)
    }
}
