//! What this process gave, and what it was told of signed heads: no row says it, so that whoever edits rows sets it back neither.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What the writer gives is above this.
#[derive(Debug)]
pub(crate) struct Given {
    /// The last ids of a message and of a piece of evidence.
    message: AtomicI64,
    evidence: AtomicI64,
    /// So many pieces are under heads that were signed here, as far as anybody said so.
    covered: AtomicI64,
}

impl Default for Given {
    fn default() -> Self {
        Self { message: AtomicI64::new(0), evidence: AtomicI64::new(0), covered: AtomicI64::new(i64::MAX) }
    }
}

tokio::task_local! {
    /// Of the writer that runs here, as its seals are.
    static GIVEN: Arc<Given>;
}

/// Whatever this work gives is above what was given.
pub(crate) async fn within<T>(given: Arc<Given>, work: impl Future<Output = T>) -> T {
    GIVEN.scope(given, work).await
}

impl Given {
    /// So many pieces are under heads that were signed here.
    pub(crate) fn cover(&self, pieces: u64) {
        self.covered.store(i64::try_from(pieces).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// A head over so many pieces is kept now.
pub(crate) fn covered(pieces: i64) {
    let _ = GIVEN.try_with(|given| {
        // Where nobody says what was signed here, all heads of the rows count.
        if given.covered.load(Ordering::Relaxed) < i64::MAX {
            given.covered.store(pieces, Ordering::Relaxed);
        }
    });
}

/// The last ids of a message and of a piece of evidence, and how many pieces there ever were, where the rows say this and that their newest
/// head is over so many. A head that was not signed here gives no number away.
pub(crate) fn above([message, evidence, pieces, covered]: [i64; 4]) -> [i64; 3] {
    let known = |given: &Arc<Given>| {
        let [last_message, last_evidence, signed] =
            [&given.message, &given.evidence, &given.covered].map(|one| one.load(Ordering::Relaxed));
        [message.max(last_message), evidence.max(last_evidence), pieces.max(covered.min(signed))]
    };
    GIVEN.try_with(known).unwrap_or([message, evidence, pieces.max(covered)])
}

/// These are given now. Where the change is undone they are left out.
pub(crate) fn gave(message: i64, evidence: i64) {
    let _ = GIVEN.try_with(|given| {
        given.message.fetch_max(message, Ordering::Relaxed);
        given.evidence.fetch_max(evidence, Ordering::Relaxed);
    });
}
