//! Evidence that stands under no head is not signed before the operator says so (Profile §8.20) where it is not new: once it stood under
//! one; or where it does not bear this gateway's seal: somebody wrote it beside the gateway.

use fumibako_model::{EvidenceId, LogEntry};
use fumibako_store::{LISTED, SealKey, StoreError};
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
    unsealed: Vec<(u64, EvidenceId)>,
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
    /// The operator has accepted what stands there.
    Accepted,
}

/// Evidence that may come under a head now.
pub(super) struct Coming<'c> {
    /// The number of the first piece.
    pub(super) first: u64,
    /// The pieces, octet for octet.
    pub(super) entries: &'c [String],
    /// The seal of each.
    pub(super) seals: &'c [Option<Vec<u8>>],
    /// The key signs since then.
    pub(super) since: Timestamp,
}

impl Doubt {
    /// A head was signed then which the log does not continue, or which a backup took the place of.
    pub(super) fn before(at: Timestamp) -> Self {
        Self { rule: Rule::Before(at.checked_sub(LAG).unwrap_or(at)), ..Self::default() }
    }

    /// Beside the key lies no head.
    pub(super) fn apart() -> Self {
        Self { rule: Rule::Apart(None), ..Self::default() }
    }

    /// A head covers all there is. What is older than a head that the log lost may come back later and waits then; it takes the operator's
    /// word to end that.
    pub(super) fn covered(&mut self) {
        if matches!(self.rule, Rule::Apart(_) | Rule::Accepted) {
            *self = Self::default();
        }
        self.unsealed.clear();
    }

    /// The operator has accepted all that there is; what is written down later is asked for its seal again.
    pub(super) fn accepted() -> Self {
        Self { rule: Rule::Accepted, ..Self::default() }
    }

    /// The number of the first piece that waits for the operator, if any does, because it is not new.
    pub(crate) fn held(&self) -> Option<u64> {
        self.held
    }

    /// Does anything wait for the operator?
    pub(super) fn keeps_something(&self) -> bool {
        self.held.is_some() || !self.unsealed.is_empty()
    }

    /// Pieces that this gateway did not write as they stand there, each with its number. Whatever comes after them waits too.
    pub(crate) fn unsealed(&self) -> &[(u64, EvidenceId)] {
        &self.unsealed
    }

    /// May these pieces come under a head? With a key each from this number on must bear its seal.
    pub(super) fn passes(&mut self, coming: &Coming<'_>, sealed: Option<(u64, &SealKey)>) -> Result<(), StoreError> {
        let read: Vec<_> = coming.entries.iter().map(|entry| entry.parse::<LogEntry>().ok()).collect();
        let times = read.iter().flatten().map(LogEntry::at);
        let old = match &mut self.rule {
            Rule::None | Rule::Accepted => false,
            Rule::Before(signed) => times.min().is_some_and(|at| at < *signed),
            Rule::Apart(earliest) => {
                // What is older than the key was never signed by it.
                let times: Vec<_> = times.filter(|at| *at >= coming.since).collect();
                *earliest = earliest.iter().chain(&times).min().copied();
                let latest = times.iter().max().copied();
                earliest.zip(latest).is_some_and(|(earliest, latest)| latest.duration_since(earliest) > APART)
            }
        };
        self.held = self.held.or(old.then_some(coming.first));
        self.waits()?;
        let Some((from, key)) = sealed.filter(|_| !matches!(self.rule, Rule::Accepted)) else { return Ok(()) };
        let pieces = coming.entries.iter().zip(coming.seals).zip(&read);
        let not_ours = pieces.zip(coming.first..).filter(|(((entry, seal), _), n)| {
            *n >= from && !seal.as_ref().is_some_and(|seal| key.holds(entry.as_bytes(), seal))
        });
        // Asked anew each time: as long as it stands there.
        self.unsealed = not_ours.filter_map(|((_, known), n)| Some((n, known.as_ref()?.id()))).take(LISTED).collect();
        match self.unsealed.first() {
            None => Ok(()),
            Some((_, id)) => Err(StoreError::Failed(format!(
                "{id} was not written by this gateway; nothing is signed until it is accepted; see `evidence verify`, then `evidence accept`"
            ))),
        }
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
