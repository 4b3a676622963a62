//! Evidence that stands under no head though it is not new is not signed before the operator says so (Profile §8.20): once it stood
//! under one, or somebody wrote it beside the gateway.

use fumibako_model::LogEntry;
use fumibako_store::StoreError;
use jiff::{SignedDuration, Timestamp};

/// A head is signed within a second of new evidence; so much later at most is a piece committed that bears an earlier time.
const LAG: SignedDuration = SignedDuration::from_mins(1);
/// So far apart are pieces at most that wait for a head after a crash, where no head says how long they wait.
const APART: SignedDuration = SignedDuration::from_mins(10);

/// Which evidence is not signed unasked.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    rule: Rule,
    held: Option<u64>,
}

#[derive(Debug, Default)]
enum Rule {
    /// The log continues what was signed: what comes after it is new.
    #[default]
    None,
    /// What is older than the head that the log should continue.
    Before(Timestamp),
    /// Nothing tells when the log was signed last: what is further apart than waiting for a head explains. Since then the first waits.
    Apart(Option<Timestamp>),
}

impl Doubt {
    /// A head was signed then which the log does not continue, or which a backup took the place of.
    pub(super) fn before(at: Timestamp) -> Self {
        Self { rule: Rule::Before(at.checked_sub(LAG).unwrap_or(at)), held: None }
    }

    /// Beside the key lies no head.
    pub(super) fn apart() -> Self {
        Self { rule: Rule::Apart(None), held: None }
    }

    /// A head covers all there is. What is older than a head that the log lost may come back later and waits then; it takes the operator's
    /// word to end that.
    pub(super) fn covered(&mut self) {
        if matches!(self.rule, Rule::Apart(_)) {
            *self = Self::default();
        }
    }

    /// The number of the first piece that waits for the operator, if any does.
    pub(crate) fn held(&self) -> Option<u64> {
        self.held
    }

    /// May these pieces come under a head? They begin with this number, and the key signs since then.
    pub(super) fn passes(&mut self, first: u64, entries: &[String], since: Timestamp) -> Result<(), StoreError> {
        let times = entries.iter().filter_map(|entry| Some(entry.parse::<LogEntry>().ok()?.at()));
        let old = match &mut self.rule {
            Rule::None => false,
            Rule::Before(signed) => times.min().is_some_and(|at| at < *signed),
            Rule::Apart(earliest) => {
                // What is older than the key was never signed by it.
                let times: Vec<_> = times.filter(|at| *at >= since).collect();
                *earliest = earliest.iter().chain(&times).min().copied();
                let latest = times.iter().max().copied();
                earliest.zip(latest).is_some_and(|(earliest, latest)| latest.duration_since(earliest) > APART)
            }
        };
        self.held = self.held.or(old.then_some(first));
        self.waits()
    }

    /// Nothing is signed while something waits.
    pub(super) fn waits(&self) -> Result<(), StoreError> {
        match self.held {
            None => Ok(()),
            Some(first) => Err(StoreError::Failed(format!(
                "evidence from number {first} on stands under no signature and is not new; nothing is signed until it is \
                 accepted; see `evidence verify`, then `evidence accept`"
            ))),
        }
    }
}
