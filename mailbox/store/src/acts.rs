//! Changes of rights, and the audit that tells them (Profile §16): none is made without its row.

use fumibako_model::{Agent, CertificateKey, Description, Done, Enrolled, LicenceTerms, Office, OfficeNumber};
use jiff::Timestamp;

use crate::accounts::{AccountOrder, Removal};
use crate::bodies::Day;
use crate::licences::LicenceChange;
use crate::mandates::MandateOrder;
use crate::notices::NoticeOrder;

/// One change of the roll.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// Puts an office on the roll, or replaces its row; a new one gets its standard folders. Its licence stays as it is.
    Office(Box<Office>),
    /// A change of user IDs.
    Account(AccountOrder),
    /// Puts a certificate on the roll, or replaces its row: whose it is, and that senders encrypt to it. Past
    /// [`CERTIFICATES`](fumibako_model::CERTIFICATES) of one party that count, it is refused.
    Enrol(Enrolled),
    /// The same at its holder's word: what was taken off the roll, or is another's, stays as it is (E-CRT-009, E-CRT-004).
    EnrolOwn(Enrolled),
    /// A certificate goes off the roll.
    Remove(Box<Removal>),
    /// Changes nothing: what stands beside it was signed by this certificate, and is not done if that went off the roll meanwhile
    /// (Profile §19.12, E-CRT-009).
    SignedBy(CertificateKey),
    /// Puts an agent on the roll, or replaces its row.
    Agent(Agent),
    /// Registers, confirms or revokes a mandate. What is committed after a revocation is judged without the mandate
    /// (Profile §9.6).
    Mandate(MandateOrder),
    /// Changes the licence of an office (Profile §10).
    Licence(Box<LicenceChange>),
    /// Publishes terms: from now on they are in force.
    Terms(LicenceTerms, Timestamp),
    /// Posts a notice, or withdraws one. What comes or goes by it shows with the next [`Store::turn_notices`](crate::Store).
    Notice(NoticeOrder),
}

/// What is to be said of offices (Profile §17.2). The rest, and all rights, stay as they are.
#[derive(Clone, Debug)]
pub struct DescribeOrder {
    /// Each office once. One that is new needs a name (E-DIR-011 otherwise) and gets its standard folders.
    pub offices: Vec<Description>,
    /// Who says it, and when: the audit gets such a row for each office that becomes another.
    pub told: Done,
    /// Is it only to be found what would be done?
    pub dry_run: bool,
}

/// What became of offices, held against the roll in the commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// New ones.
    pub added: usize,
    /// Those of which something is said that was not said before.
    pub changed: usize,
    /// Those that stay as they were.
    pub unchanged: usize,
}

/// Which rows of the audit are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhichActs {
    /// Of this office only.
    pub office: Option<OfficeNumber>,
    /// After this row.
    pub after: Option<u64>,
}

/// Which rows of the audit an office is told (Profile §16.4): [`What::TOLD`](fumibako_model::What::TOLD) of its own, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldTo {
    /// The office.
    pub office: OfficeNumber,
    /// Before this row.
    pub before: Option<u64>,
    /// So many at most.
    pub most: usize,
}

/// How far the audit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActsState {
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the last one, in hex, as the row says; without one that which the first row names as before it.
    pub hash: String,
    /// The last signed head, with the hash of its last row as it is now.
    pub head: Option<(ActsHead, Option<String>)>,
}

impl ActsState {
    /// Does no signature cover its last row yet?
    pub fn is_unsigned(&self) -> bool {
        self.rows > self.head.as_ref().map_or(0, |(head, _)| head.rows)
    }
}

/// A row of the audit over which no head need be signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAct {
    /// Its number.
    pub n: u64,
    /// The row, octet for octet.
    pub row: String,
    /// Its seal, where there is one.
    pub seal: Option<Vec<u8>>,
}

/// A signed head of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActsHead {
    /// The UTC day it was signed, as the clock said.
    pub day: Day,
    /// Rows under it.
    pub rows: u64,
    /// What was signed, with its signature.
    pub signed: Vec<u8>,
    /// Heads over more rows than this go when it is kept: the operator accepted that they are over other rows than there are.
    pub beyond: Option<u64>,
}

/// How the audit stands, held against itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActsAudit {
    /// Rows there are.
    pub rows: u64,
    /// The first row that is not as it was.
    pub broken: Option<ActsFault>,
    /// Each signed head, with the hash of its last row as it is now.
    pub heads: Vec<(ActsHead, Option<String>)>,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActsFault {
    /// Its number.
    pub n: u64,
    /// What.
    pub what: ActsWrong,
}

/// How a row differs from what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActsWrong {
    /// It is gone.
    Removed,
    /// Its words, or what stands beside them, are not those of its hash, or it stands in another's place.
    Changed,
    /// It does not follow the row before it.
    Unchained,
}

/// Changes that are made together, or not at all, and what the audit says of them.
#[derive(Clone, Debug)]
pub struct Amend {
    /// The changes; none, where there is only something to tell.
    pub changes: Vec<Amendment>,
    /// The rows.
    pub done: Vec<Done>,
}
