//! The log of evidence and what is due, as the store keeps them: what is asked for and given.

use fumibako_model::log::{Growth, Hash, Tile};
use fumibako_model::{
    Done, EvidenceId, MessageId, OfficeNumber, Party, Pruned, Pruning, Recorded, Report, ShownBundle, Wishes,
};
use jiff::Timestamp;

use crate::bodies::{Day, Spool};
use crate::shape::Foreign;

/// Evidence that no signed head covers yet.
#[derive(Clone, Debug)]
pub struct Unlogged {
    /// The log so far.
    pub growth: Growth,
    /// The pieces after it, in order, octet for octet.
    pub entries: Vec<String>,
    /// The seal beside each, where there is one.
    pub seals: Vec<Option<Vec<u8>>>,
    /// The id of the last of them.
    pub last: EvidenceId,
}

/// The log, longer, under a new signed head.
#[derive(Clone, Debug)]
pub struct Logging {
    /// The UTC day of the signature, as the clock said. It takes the place of one of the last two heads, if that is of the same day and has no stamp.
    pub day: Day,
    /// Pieces of evidence now.
    pub size: u64,
    /// The id of the last.
    pub last: EvidenceId,
    /// The head with its signature.
    pub head: Vec<u8>,
    /// The tiles that changed.
    pub tiles: Vec<Tile>,
}

/// What proves that a piece of evidence stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The piece, octet for octet.
    pub entry: String,
    /// The hashes beside its way to the root.
    pub path: Vec<Hash>,
    /// The newest signed head.
    pub head: Vec<u8>,
    /// A time stamp over it.
    pub stamp: Option<Vec<u8>>,
    /// Of a piece about an erasure: where the bundle stands among what was erased.
    pub among: Option<Among>,
}

/// A message among those that one erasure is about (Profile §8.28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Among {
    /// Its number in the tree of the erasure.
    pub index: u64,
    /// The hashes beside its way to that root.
    pub beside: Vec<Hash>,
}

/// How far the log is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    /// Pieces under the newest head.
    pub size: u64,
    /// That head, with its signature.
    pub head: Option<Vec<u8>>,
    /// How many pieces went from its beginning, and the last of them.
    pub pruned: Option<(u64, EvidenceId)>,
}

/// What the rows say where no signed head tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The last piece beside which what the recipient said is missing, where it was not kept yet; else 0.
    pub words_from: EvidenceId,
    /// All heads with their signatures, the oldest first.
    pub heads: Vec<Vec<u8>>,
    /// Pieces there are: those under the newest head, and the rows after it.
    pub pieces: u64,
}

/// Evidence that may go (Profile §8.29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The number of the first piece.
    pub from: u64,
    /// So many pieces the head covers.
    pub until: u64,
    /// The signed head.
    pub head: Vec<u8>,
    /// The last of the pieces with its way to that head, if it is there.
    pub last: Option<Proof>,
}

/// Lets it go.
#[derive(Clone, Debug)]
pub struct PruneOrder {
    /// What, and by what right.
    pub pruned: Pruning,
    /// What the audit tells of it, in the same commit.
    pub told: Done,
}

/// Something that a judgement rested on, kept as long as evidence (Profile §8.18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The first 32 letters of its SHA-256 in hex; of a state of trust, its own name.
    pub name: String,
    /// What it is.
    pub kind: PaperKind,
    /// Its octets: DER, or the JSON of a state of trust.
    pub octets: Vec<u8>,
    /// The names of the certificates that came with it.
    pub beside: Vec<String>,
}

/// Letters of a paper's name.
pub const PAPER_NAME: usize = 32;

/// What a paper is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperKind {
    /// A certificate: a signer's, one that came with it, or an authority's.
    Certificate,
    /// A revocation list, or a responder's answer.
    Revocation,
    /// Which of these counted at some time ([`fumibako_model::TrustState`]).
    Trust,
}

impl Paper {
    /// One without others beside it.
    pub fn new(kind: PaperKind, octets: Vec<u8>) -> Self {
        let mut name = fumibako_model::hash(&octets);
        name.truncate(PAPER_NAME);
        Self { name, kind, octets, beside: Vec::new() }
    }
}

/// A receipt that changed nothing (Profile §8.4, §8.24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedReceipt {
    /// When it came.
    pub at: Timestamp,
    /// Who was logged in. That is known for certain, whatever the receipt says.
    pub login: Party,
    /// Whose receipt it is, as its sender says.
    pub from: Option<OfficeNumber>,
    /// Whose bundle it was for.
    pub to: OfficeNumber,
    /// That bundle's Message-ID, as it says; empty where it says none that can be read.
    pub original: String,
    /// SHA-256 of the receipt, in hex.
    pub sha256: String,
    /// Why: the code of the catalogue, or [`OUTRUN`].
    pub code: String,
}

/// Said in place of a code: another receipt had come first, and that one counts (Profile §8.3).
pub const OUTRUN: &str = "repeated";

/// Which of the receipts that changed nothing to list. Those that were refused and those that only came second are apart: of these
/// an office with two PCs brings many, and they hide none of those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhichRefused {
    /// Those that only came second ([`OUTRUN`]).
    pub repeated: bool,
    /// Brought by this office, in its name, or for its bundle.
    pub office: Option<OfficeNumber>,
    /// Older than the one of this number.
    pub before: Option<u64>,
}

/// Receipts of one kind that changed nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedReceipts {
    /// The latest first, at most [`LISTED`], each with its number among those of its kind.
    pub rows: Vec<(u64, RefusedReceipt)>,
    /// Numbers between those, of rows that do not read as they were written; they count for [`LISTED`], too.
    pub damaged: Vec<u64>,
    /// Those beyond a login's rows of a day, of every login, the latest day first, at most [`LISTED`]; none where older ones are asked for.
    pub more: Vec<RefusedCount>,
}

/// How many more receipts of a login were refused on a day than there are rows for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCount {
    /// The UTC day.
    pub day: Day,
    /// Who was logged in; none where the row does not say it any more.
    pub login: Option<Party>,
    /// They only came second ([`OUTRUN`]); the others were refused.
    pub repeated: bool,
    /// How many.
    pub count: u64,
}

/// Which evidence to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// From or to this office.
    pub office: Option<OfficeNumber>,
    /// About this Message-ID.
    pub message_id: Option<String>,
    /// After this piece.
    pub after: Option<EvidenceId>,
}

/// Something that an office sent under some Message-ID. A Message-ID is free again once the content is gone (Profile §5.8), so several
/// may bear one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// When it came.
    pub came: Timestamp,
    /// The first piece of evidence about it that is left; of a receipt, about its bundle.
    pub first: Recorded,
}

/// Most pieces one list has.
pub const LISTED: usize = 1_000;

/// A signed head, and what the log says now of its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// The UTC day of its signature, as the clock said.
    pub day: Day,
    /// Pieces of evidence it covers.
    pub size: u64,
    /// What was signed, with its signature.
    pub head: Vec<u8>,
    /// A time stamp over it.
    pub stamp: Option<Vec<u8>>,
    /// The root of so many hashes in the log as it is now.
    pub root: Option<Hash>,
}

/// A piece of evidence that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFault {
    /// Its number in the log, from 0.
    pub n: u64,
    /// Its row, if that can be told.
    pub id: Option<EvidenceId>,
    /// The Message-ID of a bundle that has no evidence.
    pub message_id: Option<String>,
    /// What is wrong with it.
    pub what: Wrong,
}

/// What is wrong with a piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It was there, and is not.
    Removed,
    /// It is not what its hash in the log says.
    Changed,
    /// The columns beside it say another time, event or office.
    Columns,
    /// It is filed under another bundle than it is about.
    Moved,
    /// What it says of its bundle cannot follow from the evidence before it, as a loss behind a receipt.
    Unfounded,
    /// The recipient's word that it names is not kept beside it, or is another.
    Word,
    /// A certificate, list or state of trust that it was judged by is not kept, or is another.
    Paper,
    /// The mandate that it quotes, or what was signed of it, is not kept, or is another. The piece is the first that quotes it.
    Mandate,
    /// What a recipient said stands where no evidence is.
    Stray,
    /// A bundle, in its row or by the mark of a copy, is said to have come further than any evidence about it says. The piece is its acceptance.
    Unproved,
    /// Evidence says that a bundle came further than its row or a copy shows. The piece is its acceptance.
    Hidden,
    /// A bundle's row names other offices, another digest, size, Message-ID, time or answer than its evidence. The piece is its acceptance.
    Described,
    /// The tree of what was erased is not that of the root it names, or stands where no such piece is.
    Tree,
    /// The head that ends with it says that it ends with another.
    End,
    /// A counter says that there were fewer pieces than are kept or signed for, that others were given last, or that more or fewer went.
    Counter,
    /// The log never had it.
    Added,
    /// The log's own hashes are not those that its tiles were made of.
    Log,
}

/// What an audit of evidence goes by beside the rows.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// Beside pieces after this one nothing that a recipient said may be missing.
    pub words_from: EvidenceId,
    /// Bundles that the operator accepted as they were shown then.
    pub accepted: Vec<ShownBundle>,
    /// So many pieces were signed for at least, by heads that count, in the rows or beside the key; if nobody knows, those of the rows do.
    pub signed: Option<u64>,
}

impl From<EvidenceId> for Vouched {
    fn from(words_from: EvidenceId) -> Self {
        Self { words_from, accepted: Vec::new(), signed: None }
    }
}

/// All evidence held against the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogAudit {
    /// Pieces there should be.
    pub evidence: u64,
    /// Of these, in the log under a signed head.
    pub logged: u64,
    /// The heads, the oldest first.
    pub heads: Vec<KeptHead>,
    /// What went from the beginning, as the log says; the latest last.
    pub pruned: Vec<Pruned>,
    /// What is wrong.
    pub faults: Vec<LogFault>,
    /// Bundles that are shown as further than evidence says, as they stand: what the operator would accept of them, and what names each.
    pub unproved: Vec<(ShownBundle, LogFault)>,
    /// Those that he accepted, and that are no fault for it: their number in the store, and what else it would be.
    pub accepted: Vec<(i64, LogFault)>,
    /// Objects of the database that are not as the store makes them (Profile §8.30).
    pub foreign: Vec<Foreign>,
}

/// Something that is to be told now.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its row.
    pub key: DueKey,
    /// The evidence it is about; of a reminder, that of the acceptance.
    pub recorded: Recorded,
    /// What the sender asked of reports.
    pub wishes: Wishes,
    /// Has nobody collected the bundle so far?
    pub waiting: bool,
    /// Could that still be told? Also of what the gateway alone saw handed over, as its recipient may say that it does not open (Profile §8.22).
    pub open: bool,
    /// The day by which its content is kept, held or not (Profile §11.6); of content that is gone, that of the evidence.
    pub day: Day,
    /// Of the moments of a reminder the last that was told.
    pub reminded: Option<Timestamp>,
}

/// The row of something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueKey {
    /// When.
    pub at: Timestamp,
    /// About which bundle.
    pub message: MessageId,
    /// What.
    pub report: Report,
}

/// What was done about something due, in one commit: it leaves the list, and what was written is filed.
#[derive(Debug)]
pub struct Told {
    /// What it was.
    pub key: DueKey,
    /// When it is due again.
    pub again: Option<Timestamp>,
    /// Of a reminder, the moment that is told by this: neither it nor one before it is told again.
    pub moment: Option<Timestamp>,
    /// A message for an office's `Receipts`.
    pub letter: Option<Letter>,
}

/// A message of the gateway itself.
#[derive(Debug)]
pub struct Letter {
    /// Whose `Receipts`.
    pub offices: Vec<OfficeNumber>,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Its octets.
    pub body: Spool,
}
