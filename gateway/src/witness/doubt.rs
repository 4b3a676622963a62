//! Evidence that stands under no head is not signed before the operator says so (Profile §8.20) where it is not new: once it stood under
//! one; or where it does not bear this gateway's seal: somebody wrote it beside the gateway.

use fumibako_model::{EvidenceId, LogEntry};
use fumibako_store::{LISTED, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::Seals;

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
    /// The operator has accepted what stands there, so many pieces.
    Accepted(u64),
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

    /// A head covers all there is, or nothing is there any more that waited. What is older than a head that the log lost may come back later
    /// and waits then; it takes the operator's word to end that.
    pub(super) fn covered(&mut self) {
        if matches!(self.rule, Rule::Apart(_) | Rule::Accepted(_)) {
            self.rule = Rule::default();
        }
        (self.held, self.unsealed) = (None, Vec::new());
    }

    /// The operator has accepted all that there is, so many pieces; what comes after them is asked for its seal.
    pub(super) fn accepted(pieces: u64) -> Self {
        Self { rule: Rule::Accepted(pieces), ..Self::default() }
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

    /// May these pieces come under a head? With seals each from this number on must bear one of them.
    pub(super) fn passes(&mut self, coming: &Coming<'_>, sealed: Option<(u64, &Seals)>) -> Result<(), StoreError> {
        let read: Vec<_> = coming.entries.iter().map(|entry| entry.parse::<LogEntry>().ok()).collect();
        let times = read.iter().flatten().map(LogEntry::at);
        let old = match &mut self.rule {
            Rule::None | Rule::Accepted(_) => false,
            Rule::Before(signed) => times.min().is_some_and(|at| at < *signed),
            Rule::Apart(earliest) => {
                // What is older than the key was never signed by it.
                let times: Vec<_> = times.filter(|at| *at >= coming.since).collect();
                *earliest = earliest.iter().chain(&times).min().copied();
                let latest = times.iter().max().copied();
                earliest.zip(latest).is_some_and(|(earliest, latest)| latest.duration_since(earliest) > APART)
            }
        };
        // Asked anew each time, as the seals are: as long as it stands there.
        self.held = old.then_some(coming.first);
        self.waits()?;
        let Some((from, seals)) = sealed else { return Ok(()) };
        let from = if let Rule::Accepted(pieces) = self.rule { from.max(pieces) } else { from };
        let pieces = coming.entries.iter().zip(coming.seals).zip(&read);
        let not_ours = pieces.zip(coming.first..).filter(|(((entry, seal), _), n)| {
            *n >= from && !seal.as_ref().is_some_and(|seal| seals.holds(*n, entry.as_bytes(), seal))
        });
        self.unsealed = not_ours.filter_map(|((_, known), n)| Some((n, known.as_ref()?.id()))).take(LISTED).collect();
        match self.unsealed.first() {
            None => Ok(()),
            Some((_, id)) => Err(StoreError::Failed(format!(
                "{id} はこのゲートウェイが書いた証跡ではないので、署名を止めています。evidence verify で確かめてください / \
                 {id} was not written by this gateway, and nothing is signed; see `evidence verify`"
            ))),
        }
    }

    /// Nothing is signed while something waits.
    fn waits(&self) -> Result<(), StoreError> {
        match self.held {
            None => Ok(()),
            Some(first) => Err(StoreError::Failed(format!(
                "{first} 番からの証跡は新しくないのに署名がないので、署名を止めています。evidence verify で確かめてください / \
                 evidence from number {first} on stands under no signature and is not new, and nothing is signed; see `evidence verify`"
            ))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use fumibako_model::{Keeping, Pruned, Pruning};
    use fumibako_store::SealKey;

    use super::*;

    const AT: &str = "2026-11-27T00:00:00Z";

    fn piece(n: u64) -> String {
        let (at, id) = (AT.parse().unwrap(), EvidenceId(i64::try_from(n).unwrap() + 1));
        let pruning = Pruning { from: 0, until: 1, root: String::new(), signed: at, years: 3 };
        serde_json::to_string(&Pruned { v: 1, id, n, event: Keeping::EvidencePruning, at, pruning }).unwrap()
    }

    fn passes(doubt: &mut Doubt, entries: &[String], first: u64, key: &Seals) -> bool {
        let seals = vec![None; entries.len()];
        let coming = Coming { first, entries, seals: &seals, since: AT.parse().unwrap() };
        doubt.passes(&coming, Some((0, key))).is_ok()
    }

    // Profile §8.20
    #[test]
    fn what_was_accepted_is_what_was_there() {
        let key = Seals::under(SealKey::of(b"secret"));
        let [mut before, mut accepted] = [Doubt::default(), Doubt::accepted(1)];
        assert!(!passes(&mut before, &[piece(0)], 0, &key) && before.unsealed().len() == 1);
        assert!(passes(&mut accepted, &[piece(0)], 0, &key));
        assert!(!passes(&mut accepted, &[piece(0), piece(1)], 0, &key));
        assert_eq!(accepted.unsealed().iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1]);
    }

    // Profile §8.20
    #[test]
    fn nothing_waits_any_more_where_what_waited_is_gone_and_it_waits_where_it_comes_back() {
        let key = Seals::under(SealKey::of(b"secret"));
        let later = AT.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(1);
        let mut doubt = Doubt::before(later);
        for _ in 0..2 {
            assert!(!passes(&mut doubt, &[piece(0)], 0, &key) && doubt.held() == Some(0));
            doubt.covered();
            assert!(doubt.held().is_none() && !doubt.keeps_something());
        }
    }
}
