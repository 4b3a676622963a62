//! What a key takes over from those before it (Profile §8.16, §8.20), once: what the operator accepted under them, and what they wrote and did
//! not sign for. Its heads say so; a crash between two of them leaves the rest to the next start.

use fumibako_model::log::{Head, TookOver};
use fumibako_store::{Store, StoreError};

use super::last::Told;

/// What is taken over, and how far that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Over {
    /// What every head says of it; of a first key none says anything.
    pub(super) said: Option<TookOver>,
    /// What the operator accepted under so many keys before this one is still to be signed anew, before any head says that it was.
    pub(super) of: usize,
    /// Of so much a former key's seal counts still, as far as no head covers it.
    pub(super) waits: TookOver,
    /// No head of the key says anything yet.
    pub(super) is_new: bool,
}

impl Over {
    /// As heads tell it, and by the rows under the audit's newest one.
    pub(super) async fn begin<S: Store>(store: &S, told: &Told, acts: u64) -> Result<Self, StoreError> {
        if told.former.is_empty() {
            return Ok(Self::default());
        }
        let said = match told.took_over {
            Some(said) => said,
            None if told.is_new => {
                TookOver { pieces: store.untold().await?.pieces, rows: store.acts_state().await?.rows }
            }
            // Versions before did not say what was there when the key began.
            None => TookOver::default(),
        };
        let of = match (told.left, told.is_new) {
            (true, _) => usize::MAX,
            (false, is_new) => usize::from(is_new),
        };
        let open = |there: u64, covered: u64| if covered < there { there } else { 0 };
        let waits = TookOver { pieces: open(said.pieces, told.covered), rows: open(said.rows, acts) };
        Ok(Self { said: Some(said), of, waits, is_new: told.is_new })
    }

    /// Is anything still to be taken over?
    pub(super) fn goes_on(&self) -> bool {
        self.of > 0 || self.waits != TookOver::default()
    }

    /// Was the piece with this number there when the key began, and waits?
    pub(crate) fn waited(&self, n: u64) -> bool {
        n < self.waits.pieces
    }

    /// The log lost its end, or its operator accepted it as it stands: what comes to those places now is new.
    pub(super) fn no_more_waits(&mut self) {
        self.said = self.said.map(|_| TookOver::default());
        self.waits = TookOver::default();
    }
}

/// May what was accepted under keys before that of this head still lie there as these signed it? Versions before took nothing over.
pub(super) fn may_have_left(newest: &Head) -> bool {
    newest.took_over.is_none() && newest.former.as_ref().is_none_or(|former| !former.is_empty())
}
