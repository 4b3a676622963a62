//! What the gateway answers about its evidence.

use std::path::PathBuf;

use fumibako_model::log::SetBack;
use fumibako_model::{EvidenceId, OfficeNumber, Party, Pruning};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// All evidence held against the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// Pieces there should be.
    pub evidence: u64,
    /// Of these, under a signed head.
    pub logged: u64,
    /// Signed heads, one for each day.
    pub heads: u64,
    /// Where the log went on from an older state, if it did.
    pub set_back: Option<SetBack>,
    /// What went when its years were over; its hashes are there.
    #[serde(default)]
    pub pruned: Option<Pruning>,
    /// What is wrong; empty when nothing was touched.
    pub faults: Vec<Tampered>,
    /// Bundles whose evidence was taken away, and that the operator accepted as they are shown (Profile §8.20).
    #[serde(default)]
    pub accepted: Vec<AcceptedRow>,
}

/// A bundle that the operator accepted without evidence of what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRow {
    /// Its acceptance, where that is there.
    pub id: Option<EvidenceId>,
    /// Its Message-ID, where no evidence is.
    pub message_id: Option<String>,
    /// When it was accepted.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Evidence that goes when its years are over (Profile §8.29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneView {
    /// How many years evidence is kept.
    pub years: u16,
    /// What was signed for before this may go.
    pub before: Timestamp,
    /// What goes; none if nothing does.
    pub pruning: Option<Pruning>,
}

/// A receipt that changed nothing (Profile §8.3, §8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// Its number among those of its kind: the older ones are asked for by it.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// Who was logged in.
    pub login: Party,
    /// Whose receipt it is, as its sender says.
    pub from: Option<OfficeNumber>,
    /// Whose bundle it was for.
    pub to: OfficeNumber,
    /// That bundle's Message-ID, as it says.
    pub original: String,
    /// SHA-256 of the receipt, in hex.
    pub sha256: String,
    /// Why: the code of the catalogue, or `repeated`.
    pub code: String,
}

/// Of a login's refused receipts of a day, those without rows (Profile §8.24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMore {
    /// The UTC day.
    pub day: String,
    /// Who was logged in; none where the row does not say it any more.
    pub login: Option<Party>,
    /// They only came second; the others were refused.
    #[serde(default)]
    pub repeated: bool,
    /// How many.
    pub count: u64,
}

/// Why the log does not continue a head that somebody was given (Profile §8.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotContinued {
    /// In Japanese, without a full stop.
    pub ja: String,
    /// The same in English.
    pub en: String,
    /// The head is this gateway's, so the log was set back, or edited, since.
    pub ours: bool,
}

/// Evidence that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tampered {
    /// Its number in the log, or the first of those it may be.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// Its row, where that can be told.
    pub id: Option<EvidenceId>,
    /// The Message-ID of a bundle that no evidence is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message_id: Option<String>,
    /// The table, index, view or trigger of the database that it is about, which no piece is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// What is wrong, in English.
    pub what: String,
    /// The same in Japanese.
    #[serde(default)]
    pub what_ja: String,
    /// What to do next.
    #[serde(default)]
    pub next: Remedy,
}

/// What whoever is told of a fault does next, once he has copied what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Put back from a backup what was removed or changed: accepting does not help.
    #[default]
    Restore,
    /// Delete the row that was put in.
    Delete,
    /// Delete the row that this gateway did not write; accept it where it is known why it is there.
    DeleteOrAccept,
    /// Accept it where it is known why it is so.
    Accept,
    /// Do what is said of this object of the database.
    Object,
    /// See to room and rights of the folder of the key.
    Folder,
    /// Nothing: it was signed so, and stays so.
    Keep,
}

/// What the operator accepted (Profile §8.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedNow {
    /// The log, or the audit, as it stands.
    pub log: bool,
    /// How many bundles as they are shown.
    pub count: u64,
    /// The first of them.
    pub bundles: Vec<AcceptedBundle>,
    /// The file beside the key that names them all, signed.
    pub file: Option<PathBuf>,
}

/// A bundle that was accepted as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBundle {
    /// Its acceptance, where that is there.
    pub id: Option<EvidenceId>,
    /// Its Message-ID, where no evidence is.
    pub message_id: Option<String>,
}
