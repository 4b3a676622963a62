//! The mandates that evidence quotes, with what was signed of each, held against the digest that it quotes (Profile §8.26).

use std::collections::BTreeMap;

use fumibako_model::{AgentId, Deed, Delegate, EvidenceId, LogEntry, Mandate, MandateId, hash};
use fumibako_store::{LISTED, LogFault, StoreError, Wrong, deed_in};
use sqlx::SqlitePool;

use crate::error::store_error;

/// Mandates by their name and digest, each with its agent and the first piece that quotes it.
#[derive(Default)]
pub(super) struct Quoted(BTreeMap<(MandateId, String), (AgentId, u64, EvidenceId)>);

impl Quoted {
    pub(super) fn take(&mut self, piece: &LogEntry) {
        let LogEntry::Bundle(one) = piece else { return };
        let Some(Delegate { agent, mandate, digest }) = one.evidence.by.clone() else { return };
        self.0.entry((mandate, digest)).or_insert((agent, one.n, one.id));
    }

    /// Those of which what is kept is not what evidence quotes: each is named by the first piece.
    pub(super) async fn faults(&self, readers: &SqlitePool) -> Result<Vec<LogFault>, StoreError> {
        let mut faults = Vec::new();
        for ((mandate, digest), (agent, n, id)) in &self.0 {
            if faults.len() > LISTED {
                break;
            }
            let whole = match Kept::of(readers, *mandate).await {
                // A cell that cannot be read is not what was quoted.
                Err(StoreError::Failed(_)) => false,
                kept => kept?.is_some_and(|kept| kept.is(*mandate, digest, agent)),
            };
            if !whole {
                faults.push(LogFault { n: *n, id: Some(*id), message_id: None, what: Wrong::Mandate });
            }
        }
        Ok(faults)
    }
}

/// A mandate's row with its deeds.
struct Kept {
    digest: String,
    doc: String,
    paper: bool,
    confirmed: Option<i64>,
    revoked: Option<i64>,
    /// (kind, when it came, as it came)
    deeds: Vec<(String, i64, Vec<u8>)>,
}

impl Kept {
    /// As all of it stood at one moment; none where there is no such row.
    async fn of(readers: &SqlitePool, id: MandateId) -> Result<Option<Self>, StoreError> {
        let id = id.to_string();
        let found = sqlx::query!(
            r#"SELECT m.digest, m.doc, m.paper, m.confirmed_at, m.revoked_at, d.kind AS "kind?", d.at AS "at?", d.signed AS "signed?"
               FROM mandate m LEFT JOIN deed d ON d.mandate = m.id WHERE m.id = ?"#,
            id
        );
        let mut kept: Option<Self> = None;
        for row in found.fetch_all(readers).await.map_err(store_error)? {
            let (digest, doc, paper) = (row.digest, row.doc, row.paper != 0);
            let (confirmed, revoked) = (row.confirmed_at, row.revoked_at);
            let one = kept.get_or_insert(Self { digest, doc, paper, confirmed, revoked, deeds: Vec::new() });
            one.deeds.extend(row.kind.zip(row.at).zip(row.signed).map(|((kind, at), signed)| (kind, at, signed)));
        }
        Ok(kept)
    }

    /// Are its words those of this digest, confirmed by the agent, and signed as they stand here? Of one from paper nobody signed this
    /// form (Profile §9.2), and the operator may revoke any without a deed.
    fn is(&self, id: MandateId, digest: &str, agent: &AgentId) -> bool {
        let Ok(words) = serde_json::from_str::<Mandate>(&self.doc) else { return false };
        let grant = Deed::Grant(Box::new(words.clone()));
        if hash(grant.canonical().as_bytes()) != digest || self.digest != digest || words.agent != *agent {
            return false;
        }
        let signed = |(kind, at, octets): &(String, i64, Vec<u8>)| match (kind.as_str(), deed_in(octets)) {
            ("grant", Some(deed)) => deed == grant && *at == words.granted.as_millisecond(),
            ("confirm", Some(Deed::Confirm(said))) => said.mandate == id && Some(*at) == self.confirmed && !self.paper,
            // The first revocation counts, and may have been the operator's.
            ("revoke", Some(Deed::Revoke(said))) => {
                said.mandate == id && self.revoked.is_some_and(|first| first <= *at)
            }
            _ => false,
        };
        let has = |wanted: &str| self.deeds.iter().any(|(kind, ..)| kind == wanted);
        let all = self.paper || (has("grant") && has("confirm"));
        all && self.confirmed.is_some() && self.deeds.iter().all(signed)
    }
}
