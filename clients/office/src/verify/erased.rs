//! That the content is gone: the piece in the log, and this bundle among those it is about (Profile §8.28).

use fumibako_model::log::{Hash, Head, included, leaf};
use fumibako_model::{Erased, ErasureProof, Evidence, LogEntry};

use super::Report;
use super::layer::{Fact, State, Unseen, What};
use super::proof::{broken, octets, stands_in};

impl Report {
    /// Says what it found, if the file has it.
    pub(super) fn erased(
        &mut self,
        file: Option<&ErasureProof>,
        (accepted, head): (Option<&Evidence>, Option<&Head>),
    ) -> Option<Erased> {
        let ErasureProof { piece, index, beside } = file?;
        let entry = piece.entry.parse::<LogEntry>();
        let Ok(LogEntry::Erased(erased)) = &entry else {
            self.add(What::Erased, broken("erasure"), Vec::new());
            return None;
        };
        let facts = vec![
            Fact::text("id", "証跡番号", "id", Some(erased.id.to_string())),
            Fact::moment("at", "消去日時", "erased", Some(erased.at)),
            Fact::text("day", "届いた日（UTC）", "day it came (UTC)", Some(erased.day.to_string())),
            Fact::text("count", "同時に消去された件数", "erased together", Some(erased.count.to_string())),
        ];
        let digest = accepted.and_then(|one| one.sha256.as_deref()).and_then(octets);
        let state = match (digest, head) {
            (Some(digest), Some(head)) => {
                let beside: Option<Vec<Hash>> = beside.iter().map(|hash| octets(hash)).collect();
                let among = |(beside, root): (Vec<Hash>, Hash)| {
                    included(&leaf(&digest), *index, (erased.count, &root), &beside)
                };
                let holds = beside.zip(octets(&erased.root)).is_some_and(among) && stands_in(piece, erased.n, head);
                if holds { State::Holds } else { broken(erased.id) }
            }
            _ => State::Unseen(Unseen::Earlier),
        };
        let holds = state == State::Holds;
        self.add(What::Erased, state, facts);
        holds.then(|| erased.clone())
    }
}
