//! What the gateway answers about its store.

use fumibako_model::{DayState, Goes, OfficeNumber};
use fumibako_store::{BackedUp, FaultKind, Inspection, Restored};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A UTC day of mail, and when its content goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// How far it has gone.
    pub state: DayState,
    /// It goes where a person asks for expiry, or it went.
    pub due: bool,
    /// Does it go by itself?
    pub goes: Goes,
    /// The moment its retention ends, as was said when it came.
    pub expires: Option<Timestamp>,
    /// The moment it ends by shorter settings, once a person has asked for expiry.
    pub sooner: Option<Timestamp>,
    /// Messages that came that day.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bundles among them that nobody collected.
    pub uncollected: u64,
    /// Messages of that day that stay, under a legal hold.
    pub held: u64,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// The office for which it was placed.
    pub number: OfficeNumber,
    /// The message.
    pub message_id: String,
    /// The UTC day it came.
    pub day: String,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub by: String,
    /// When.
    pub since: Timestamp,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When.
    pub ended: Option<Timestamp>,
    /// The message went when it ended.
    pub erased: bool,
}

/// What a look through the whole store found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    /// Bodies that were opened to their last frame.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that have expired and are about to leave.
    pub expired: u64,
    /// Files of bodies.
    pub files: u64,
    /// Those that no row names.
    pub unnamed_files: u64,
    /// Their bytes.
    pub unnamed_bytes: u64,
    /// What is wrong; empty for a sound store.
    pub faults: Vec<FaultRow>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRow {
    /// `database`, `body` or `counter`.
    pub kind: String,
    /// File, place in it, what to do; or the counter.
    pub what: String,
    /// How many messages it concerns.
    pub messages: u64,
    /// The first of them.
    pub places: Vec<PlaceRow>,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRow {
    /// Whose.
    pub office: OfficeNumber,
    /// In which folder.
    pub folder: String,
    /// Under which UID.
    pub uid: u32,
}

impl From<Inspection> for StoreReport {
    fn from(found: Inspection) -> Self {
        let kind = |kind| match kind {
            FaultKind::Database => "database",
            FaultKind::Body => "body",
            FaultKind::Counter => "counter",
        };
        let place = |at: fumibako_store::Seen| PlaceRow {
            office: at.office,
            folder: at.folder.as_str().into(),
            uid: at.uid.get(),
        };
        let fault = |fault: fumibako_store::Fault| FaultRow {
            kind: kind(fault.kind).into(),
            what: fault.what,
            messages: fault.messages,
            places: fault.places.into_iter().map(place).collect(),
        };
        Self {
            messages: found.messages,
            bytes: found.bytes,
            expired: found.expired,
            files: found.files,
            unnamed_files: found.unnamed,
            unnamed_bytes: found.unnamed_bytes,
            faults: found.faults.into_iter().map(fault).collect(),
        }
    }
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that the store itself lacks.
    pub missing: Vec<String>,
}

impl From<BackedUp> for BackupReport {
    fn from(BackedUp { files, bytes, missing }: BackedUp) -> Self {
        Self { files, bytes, missing }
    }
}

/// A copy that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// When it was made.
    pub made: Timestamp,
    /// Files as they were written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are not.
    pub wrong: Vec<String>,
    /// What stands inside, if keys were given.
    pub inside: Option<StoreReport>,
}

/// A copy that became a store again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    /// When the copy was made.
    pub made: Timestamp,
    /// Files of bodies that are back.
    pub files: u64,
    /// Days that were erased since.
    pub erased: Vec<String>,
    /// Days without a key.
    pub without_key: Vec<String>,
    /// SHA-256, in hex, of the copy's list, as the audit tells it.
    pub list: String,
    /// Pieces of evidence that the gateway signed for after the copy, as what lies beside its key says: they are not in it.
    pub later_evidence: u64,
    /// Rows of the audit, likewise.
    pub later_acts: u64,
    /// The gateway ran meanwhile: what it goes on writing is not in it either.
    pub running: bool,
}

impl From<Restored> for RestoreReport {
    fn from(done: Restored) -> Self {
        let names = |days: &[fumibako_store::bodies::Day]| days.iter().map(ToString::to_string).collect();
        let (erased, without_key) = (names(&done.erased), names(&done.without_key));
        let Restored { made, list, files, .. } = done;
        Self { made, files, erased, without_key, list, later_evidence: 0, later_acts: 0, running: false }
    }
}
