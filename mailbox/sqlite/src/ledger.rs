//! The ledger of one change: counters as the transaction found them and raises them, and the rows it adds.
//!
//! A verb loads what it needs, refuses or decides in memory, and then writes everything with a constant number of
//! statements, however many messages it is about. A refusal leaves before [`Ledger::write`], so it leaves no row.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{
    Erased, Event, Evidence, EvidenceId, Flags, FolderId, FolderStatus, KEYWORD_BYTES, KEYWORDS, Keeping, Keywords,
    MessageId, ModSeq, NamedFlags, OfficeNumber, Pruned, Pruning, Recorded, Refusal, Refused, Report, Uid, UidValidity,
    Wishes,
};
use fumibako_store::bodies::{Day, Place};
use fumibako_store::{Facts, Kind, Sum, hex};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::erased::Tree;
use crate::error::{Stop, unreadable};
use crate::{given, seal};

mod write;

/// Seconds of a UTC day.
const DAY: i64 = 86_400;
/// Ids carry the day above this many bits.
pub(crate) const DAY_SHIFT: u32 = 40;

/// Everything one verb, or one run of deliveries, is about to change.
#[derive(Default)]
pub(crate) struct Ledger<'m> {
    last_message: i64,
    last_evidence: i64,
    /// Pieces of evidence so far.
    evidence_count: i64,
    folders: BTreeMap<FolderId, Folder>,
    offices: BTreeMap<i64, Account>,
    touched: BTreeSet<FolderId>,
    messages: Vec<Body<'m>>,
    entries: Vec<EntryRow>,
    changed: Vec<MarkRow>,
    keywords: Vec<(i64, usize, String)>,
    evidence: Vec<EvidenceRow>,
    /// The documents of the evidence, one after the other.
    octets: Vec<u8>,
    dues: Vec<DueRow>,
}

/// A folder's row and its office's, as they stand in this change.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Folder {
    pub(crate) id: i64,
    /// The office's row.
    pub(crate) office: i64,
    pub(crate) number: OfficeNumber,
    pub(crate) name: String,
    pub(crate) uid_validity: UidValidity,
    pub(crate) uid_next: u32,
    pub(crate) modseq: i64,
    account: Account,
    pub(crate) messages: u32,
    pub(crate) unseen: u32,
    pub(crate) bytes: u64,
    /// Messages with `\Deleted`, and their bytes.
    pub(crate) deleted: (u32, u64),
    /// Messages nobody was told of, and the lowest UID they can have.
    pub(crate) recent: (u32, u32),
    /// Which UIDs vanished up to this change is not known any more.
    pub(crate) forgotten: i64,
    pub(crate) keywords: Keywords,
}

/// An office's change counter, the bytes in its folders, and how many they may be.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Account {
    modseq: i64,
    used: u64,
    quota: u64,
}

/// A body's row.
pub(crate) struct Body<'m> {
    place: Place,
    message_id: Option<&'m str>,
    received_at: Timestamp,
    /// What the gateway knows of a message that came by admission; an office's own has none.
    admitted: Option<Provenance>,
    id: i64,
}

/// Where an admitted message came from.
struct Provenance {
    sha256: [u8; 32],
    /// As received.
    size: u64,
    /// Of the signed part with its signature, where its Message-ID is not signed with it.
    signed_digest: Option<[u8; 32]>,
    /// Of a bundle only.
    content_digest: Option<[u8; 32]>,
    sender: i64,
    recipient: i64,
    sent_key: i64,
    /// The evidence it was answered with.
    answer: Option<EvidenceId>,
    /// What its sender asked of reports, as JSON.
    wishes: Option<String>,
}

/// (mailbox, uid, message, modseq, flags, keywords, saved at)
type EntryRow = (i64, u32, i64, i64, u8, i64, i64);
/// (mailbox, uid, modseq, flags, keywords)
type MarkRow = (i64, u32, i64, u8, i64);
/// (id, message, kind, at, from, to, where its document begins, and its octets, where its seal begins)
type EvidenceRow = (i64, i64, &'static str, i64, i64, i64, usize, usize, Option<usize>);
/// (at, message, what, evidence, wishes)
type DueRow = (i64, i64, i64, i64, Option<String>);

/// An entry that stands in a folder already.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Standing {
    pub(crate) folder: i64,
    pub(crate) uid: Uid,
    pub(crate) message: i64,
    system: u8,
    keywords: i64,
    pub(crate) size: u64,
    /// 0 where nobody asks.
    #[serde(default)]
    pub(crate) modseq: u64,
}

impl Folder {
    /// What STATUS and SELECT say of it.
    pub(crate) fn status(&self) -> Result<FolderStatus, sqlx::Error> {
        Ok(FolderStatus {
            folder: FolderId(self.id),
            name: self.name.parse().map_err(unreadable)?,
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            highest_modseq: ModSeq(self.modseq.cast_unsigned()),
            messages: self.messages,
            unseen: self.unseen,
            bytes: self.bytes,
            deleted: self.deleted.0,
            deleted_bytes: self.deleted.1,
            recent: self.recent.0,
            recent_from: self.recent.1,
        })
    }

    /// Counts a message of these flags and this size in.
    fn count_in(&mut self, flags: Flags, size: u64) {
        self.messages += 1;
        self.bytes += size;
        self.unseen += u32::from(!flags.has(Flags::SEEN));
        if flags.has(Flags::DELETED) {
            self.deleted = (self.deleted.0 + 1, self.deleted.1 + size);
        }
    }

    /// Counts it out.
    fn count_out(&mut self, flags: Flags, size: u64) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
        self.unseen = self.unseen.saturating_sub(u32::from(!flags.has(Flags::SEEN)));
        if flags.has(Flags::DELETED) {
            self.deleted = (self.deleted.0.saturating_sub(1), self.deleted.1.saturating_sub(size));
        }
    }
}

impl Standing {
    pub(crate) fn flags(&self) -> Flags {
        Flags { system: self.system, keywords: self.keywords.cast_unsigned() }
    }
}

impl<'m> Body<'m> {
    /// What an office puts into its own folder.
    pub(crate) fn own(place: Place, message_id: Option<&'m str>, date: Timestamp) -> Self {
        Self { place, message_id, received_at: date, admitted: None, id: 0 }
    }

    /// What came by admission, between these offices' rows.
    pub(crate) fn admitted(signed: &'m Facts, place: Place, (sender, recipient): (i64, i64), now: Timestamp) -> Self {
        let content_digest = (*signed.kind() == Kind::Bundle).then(|| *signed.content_digest());
        let provenance = Provenance {
            sha256: *signed.sha256(),
            size: signed.size(),
            signed_digest: signed.signed_digest().copied(),
            content_digest,
            sender,
            recipient,
            sent_key: sent_key(signed.from(), signed.message_id()),
            answer: None,
            wishes: None,
        };
        Self { admitted: Some(provenance), ..Self::own(place, Some(signed.message_id()), now) }
    }
}

impl<'m> Ledger<'m> {
    /// A ledger with the counters of ids as they stand.
    pub(crate) async fn begin(rows: &mut SqliteConnection) -> Result<Self, Stop> {
        let begun = sqlx::query!(
            r#"SELECT message AS "message!: i64", evidence AS "evidence!: i64", pieces AS "pieces!: i64", covered AS "covered!: i64"
               FROM begun"#
        )
        .fetch_one(rows)
        .await?;
        Self::found([begun.message, begun.evidence, begun.pieces, begun.covered], "[]")
    }

    /// A ledger with these counters and folders, as one query found them. It goes on above all that is known (Profile §8.15): no id is given
    /// twice, and no number that a head covers.
    pub(crate) fn found(begun: [i64; 4], folders: &str) -> Result<Self, Stop> {
        let [last_message, last_evidence, evidence_count] = given::above(begun);
        let mut ledger = Self { last_message, last_evidence, evidence_count, ..Self::default() };
        ledger.keep(folders)?;
        Ok(ledger)
    }

    /// Loads folders by office and name; those that do not exist are passed over.
    pub(crate) async fn load_named(
        &mut self,
        rows: &mut SqliteConnection,
        places: &BTreeSet<(OfficeNumber, &str)>,
    ) -> Result<(), Stop> {
        let places = serde_json::to_string(places)?;
        let found = sqlx::query_scalar!(
            r#"SELECT json_group_array(json(f.doc)) AS "found!: String" FROM json_each(?) place
               JOIN folder f ON f.office_number = place.value ->> 0 AND f.name = place.value ->> 1"#,
            places
        )
        .fetch_one(rows)
        .await?;
        self.keep(&found)
    }

    /// Loads folders by id.
    pub(crate) async fn load(&mut self, rows: &mut SqliteConnection, ids: &BTreeSet<FolderId>) -> Result<(), Stop> {
        let ids = serde_json::to_string(ids)?;
        let found = sqlx::query_scalar!(
            r#"SELECT json_group_array(json(f.doc)) AS "found!: String" FROM json_each(?) place
               JOIN folder f ON f.id = place.value"#,
            ids
        )
        .fetch_one(rows)
        .await?;
        self.keep(&found)
    }

    fn keep(&mut self, found: &str) -> Result<(), Stop> {
        for folder in serde_json::from_str::<Vec<Folder>>(found)? {
            self.offices.entry(folder.office).or_insert(folder.account);
            self.folders.entry(FolderId(folder.id)).or_insert(folder);
        }
        Ok(())
    }

    /// A loaded folder by office and name.
    pub(crate) fn named(&self, office: OfficeNumber, name: &str) -> Option<&Folder> {
        self.folders.values().find(|folder| folder.number == office && folder.name == name)
    }

    /// A loaded folder of this office.
    pub(crate) fn owned(&self, office: OfficeNumber, id: FolderId) -> Result<&Folder, Refused> {
        self.folders.get(&id).filter(|folder| folder.number == office).ok_or_else(|| Refusal::NoSuchFolder.into())
    }

    /// The office of a loaded folder.
    pub(crate) fn office_of(&self, id: FolderId) -> Option<i64> {
        self.folders.get(&id).map(|folder| folder.office)
    }

    /// The flags of these names in a folder; keywords it does not know get its next bits.
    pub(crate) fn learn(&mut self, id: FolderId, named: &NamedFlags) -> Result<Flags, Refused> {
        let mut flags = Flags { system: named.system, keywords: 0 };
        let Some(folder) = self.folders.get_mut(&id) else { return Err(Refusal::NoSuchFolder.into()) };
        for name in &named.keywords {
            if folder.keywords.flag(name).is_none() {
                if name.len() > KEYWORD_BYTES {
                    return Err(Refusal::ValueUnfit.about(format_args!("a keyword has at most {KEYWORD_BYTES} octets")));
                }
                if folder.keywords.0.len() == KEYWORDS {
                    return Err(Refusal::TooManyKeywords.into());
                }
                self.keywords.push((folder.id, folder.keywords.0.len(), name.clone()));
                folder.keywords.0.push(name.clone());
            }
            flags |= folder.keywords.flag(name).unwrap_or_default();
        }
        Ok(flags)
    }

    /// The flags of these names in a folder, as far as it knows them.
    pub(crate) fn known(&self, id: FolderId, named: &NamedFlags) -> Flags {
        let known = self
            .folders
            .get(&id)
            .into_iter()
            .flat_map(|folder| named.keywords.iter().filter_map(|name| folder.keywords.flag(name)));
        known.fold(Flags { system: named.system, keywords: 0 }, |all, flag| all | flag)
    }

    /// Raises the office's counter: the folder changes now.
    pub(crate) fn tick(&mut self, id: FolderId) -> i64 {
        let Some(folder) = self.folders.get_mut(&id) else { return 0 };
        let counter = self.offices.entry(folder.office).or_default();
        counter.modseq += 1;
        folder.modseq = counter.modseq;
        self.touched.insert(id);
        folder.modseq
    }

    /// Profile §12.4: an office's folders hold so much and no more.
    pub(crate) fn room(&self, office: i64, size: u64) -> Result<(), Refused> {
        let account = self.offices.get(&office).copied().unwrap_or_default();
        if account.used.saturating_add(size) <= account.quota {
            return Ok(());
        }
        Err(Refusal::QuotaFull.about(format_args!("{} of {} bytes are used", account.used, account.quota)))
    }

    /// Adds a body; its id carries the day it came.
    pub(crate) fn add(&mut self, body: Body<'m>, now: Timestamp) -> MessageId {
        self.last_message = next_id(self.last_message, now);
        self.messages.push(Body { id: self.last_message, ..body });
        MessageId(self.last_message)
    }

    /// Shows a message in a folder from now on, under its next UID (Profile §7.4).
    pub(crate) fn enter(
        &mut self,
        id: FolderId,
        (message, size): (MessageId, u64),
        flags: Flags,
        now: Timestamp,
    ) -> Result<Uid, sqlx::Error> {
        let modseq = self.tick(id);
        let misuse = |what: &str| sqlx::Error::InvalidArgument(format!("folder {}: {what}", id.0));
        let folder = self.folders.get_mut(&id).ok_or_else(|| misuse("not loaded"))?;
        let uid = Uid::new(folder.uid_next).ok_or_else(|| misuse("no UID"))?;
        let next = folder.uid_next.checked_add(1).ok_or_else(|| misuse("UIDs used up"))?;
        folder.uid_next = next;
        folder.recent.0 += 1;
        folder.count_in(flags, size);
        self.offices.entry(folder.office).or_default().used += size;
        let (keywords, saved_at) = (flags.keywords.cast_signed(), now.as_millisecond());
        self.entries.push((id.0, uid.get(), message.0, modseq, flags.system, keywords, saved_at));
        Ok(uid)
    }

    /// Gives a standing entry other flags, as part of the change `modseq`.
    pub(crate) fn mark(&mut self, entry: &Standing, flags: Flags, modseq: i64) {
        if let Some(folder) = self.folders.get_mut(&FolderId(entry.folder)) {
            folder.count_out(entry.flags(), entry.size);
            folder.count_in(flags, entry.size);
        }
        let keywords = flags.keywords.cast_signed();
        self.changed.push((entry.folder, entry.uid.get(), modseq, flags.system, keywords));
    }

    /// Takes a standing entry out of its folder's counters.
    pub(crate) fn leave(&mut self, entry: &Standing) {
        if let Some(folder) = self.folders.get_mut(&FolderId(entry.folder)) {
            folder.count_out(entry.flags(), entry.size);
            if entry.uid.get() >= folder.recent.1 {
                folder.recent.0 = folder.recent.0.saturating_sub(1);
            }
            let account = self.offices.entry(folder.office).or_default();
            account.used = account.used.saturating_sub(entry.size);
        }
    }

    /// Writes an event down, in its place in the log (Profile §8.12).
    pub(crate) fn witness(
        &mut self,
        about: MessageId,
        (from, to): (i64, i64),
        (previous, mut evidence): (Option<EvidenceId>, Evidence),
    ) -> Result<EvidenceId, Stop> {
        let (id, n, at) = self.next_piece(evidence.at);
        evidence.at = at;
        let kind = Event::as_str(evidence.event);
        self.put_down((id, about.0), (kind, at), (from, to), &Recorded { v: 1, id, n, previous, evidence })?;
        Ok(id)
    }

    /// Writes down that content is gone (Profile §8.28).
    pub(crate) fn erased(&mut self, day: Date, tree: &Tree, at: Timestamp) -> Result<EvidenceId, Stop> {
        let (id, n, at) = self.next_piece(at);
        let (event, count, root) = (Keeping::ContentErasure, tree.count, hex(&tree.root));
        let erased = Erased { v: 1, id, n, event, at, day, count, root };
        self.put_down((id, -id.0), (event.as_str(), at), (0, 0), &erased)?;
        Ok(id)
    }

    /// Writes down that evidence goes (Profile §8.29).
    pub(crate) fn pruned(&mut self, pruning: &Pruning, at: Timestamp) -> Result<EvidenceId, Stop> {
        let (id, n, at) = self.next_piece(at);
        let event = Keeping::EvidencePruning;
        let pruned = Pruned { v: 1, id, n, event, at, pruning: pruning.clone() };
        self.put_down((id, -id.0), (event.as_str(), at), (0, 0), &pruned)?;
        Ok(id)
    }

    /// The next place in the log, and the moment to the millisecond, as its row has it.
    fn next_piece(&mut self, at: Timestamp) -> (EvidenceId, u64, Timestamp) {
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        self.last_evidence = next_id(self.last_evidence, at);
        let n = self.evidence_count.cast_unsigned();
        self.evidence_count += 1;
        (EvidenceId(self.last_evidence), n, at)
    }

    fn put_down(
        &mut self,
        (id, about): (EvidenceId, i64),
        (kind, at): (&'static str, Timestamp),
        (from, to): (i64, i64),
        entry: &impl Serialize,
    ) -> Result<(), Stop> {
        let begin = self.octets.len();
        serde_json::to_writer(&mut self.octets, entry)?;
        // SQL counts octets from 1.
        let (first, octets) = (begin + 1, self.octets.len() - begin);
        let sealed = seal::of(&self.octets[begin..]).map(|seal| {
            self.octets.extend_from_slice(&seal);
            begin + octets + 1
        });
        self.evidence.push((id.0, about, kind, at.as_millisecond(), from, to, first, octets, sealed));
        Ok(())
    }

    /// This is to be told at that moment, or soon after.
    pub(crate) fn due(
        &mut self,
        about: MessageId,
        what: Report,
        at: Timestamp,
        (evidence, wishes): (EvidenceId, Option<String>),
    ) {
        self.dues.push((at.as_millisecond(), about.0, what.code(), evidence.0, wishes));
    }

    /// Remembers the answer to the message added last, and what its sender asked of reports.
    pub(crate) fn answered(&mut self, answer: EvidenceId, wishes: &Wishes) -> Result<(), Stop> {
        let wishes = (!wishes.is_empty()).then(|| serde_json::to_string(wishes)).transpose()?;
        if let Some(known) = self.messages.last_mut().and_then(|body| body.admitted.as_mut()) {
            (known.answer, known.wishes) = (Some(answer), wishes);
        }
        Ok(())
    }
}

/// What finds a message by its sender and Message-ID. Two may share one by chance, so both are compared as well.
pub(crate) fn sent_key(sender: OfficeNumber, message_id: &str) -> i64 {
    let mut sum = Sum::default();
    sum.add(sender.as_str().as_bytes());
    sum.add(message_id.as_bytes());
    sum.finish().first_chunk().map_or(0, |head| i64::from_be_bytes(*head))
}

/// The next id after `last`, in the range of `now`'s day. If the clock went back, ids still rise.
fn next_id(last: i64, now: Timestamp) -> i64 {
    let day = now.as_second().div_euclid(DAY).max(0);
    (last + 1).max(day << DAY_SHIFT)
}

/// No id of this day is below.
pub(crate) fn first_id_of(day: Day) -> i64 {
    i64::from(day.0.max(0)) << DAY_SHIFT
}

/// What a committed change touched, for the watchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wake {
    pub(crate) office: OfficeNumber,
    /// `None`: the tree of folders itself.
    pub(crate) folder: Option<FolderId>,
    pub(crate) modseq: ModSeq,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_the_day_and_rise_even_when_the_clock_goes_back() {
        let noon: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let before: Timestamp = "2026-11-24T23:59:59Z".parse().unwrap();
        let first = next_id(0, noon);
        assert_eq!(first >> DAY_SHIFT, 20_782);
        assert_eq!(next_id(first, noon), first + 1);
        assert_eq!(next_id(first, before), first + 1);
    }
}
