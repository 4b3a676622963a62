//! What evidence was judged by, held against its names (Profile §8.18).

use std::collections::{HashMap, HashSet};

use fumibako_model::LogEntry;
use fumibako_store::{PaperKind, StoreError};
use sqlx::SqlitePool;

use crate::paper::{as_named, next, short};

/// Names of papers that are as they were, with everything that they lead to.
pub(super) struct Papers {
    /// Certificates with those that came with them.
    certificates: HashSet<String>,
    /// States of trust with all authorities, lists and answers that counted.
    states: HashSet<String>,
}

impl Papers {
    /// Reads them one by one: a list of revoked certificates may have megabytes.
    pub(super) async fn of(readers: &SqlitePool) -> Result<Self, StoreError> {
        let (mut kept, mut after) = (HashMap::new(), Vec::new());
        while let Some((name, paper)) = next(readers, &after).await? {
            if let Some(found) = paper.as_ref().and_then(as_named) {
                kept.extend(paper.map(|paper| (paper.name, found)));
            }
            after = name;
        }
        let kind = |name: &str| kept.get(name).map(|(kind, _)| *kind);
        let whole = |wanted: PaperKind, led: fn(PaperKind) -> bool| {
            let of_it = kept.iter().filter(move |(_, (kind, _))| *kind == wanted);
            let whole = of_it.filter(|(_, (_, leads))| leads.iter().all(|name| kind(name).is_some_and(led)));
            whole.map(|(name, _)| name.clone()).collect()
        };
        let certificates = whole(PaperKind::Certificate, |kind| kind == PaperKind::Certificate);
        let states = whole(PaperKind::Trust, |kind| kind != PaperKind::Trust);
        Ok(Self { certificates, states })
    }

    /// Is all there that this piece was judged by? One that names no state of trust is from before any of it was kept.
    pub(super) fn lead_on_from(&self, known: &LogEntry) -> bool {
        let LogEntry::Bundle(one) = known else { return true };
        let (signer, Some(trust)) = (&one.evidence.signer, &one.evidence.trust) else { return true };
        self.states.contains(trust) && signer.as_ref().is_none_or(|signer| self.certificates.contains(short(signer)))
    }
}
