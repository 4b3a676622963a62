//! All evidence, row by row, against the log (Profile §8.15).

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::log::{Growth, Hash, TILE, Tile, leaf};
use fumibako_model::{Erased, EvidenceId, LogEntry, Pruned, ShownBundle};
use fumibako_store::bodies::Day;
use fumibako_store::{KeptHead, LogAudit, LogFault, StoreError, Vouched, Wrong};
use sqlx::SqlitePool;

use crate::error::store_error;
use crate::log::{newest, tile_id, tiles};
use crate::shape;

mod lives;
mod mandates;
mod papers;
mod places;
mod rows;
mod standing;
mod trees;

use mandates::Quoted;
use papers::Papers;
use places::{Gap, Unplaced};
use rows::{Beside, Row, rows_from, stray_words};
use standing::Standing;

/// The hashes of the log.
struct Logged(Vec<Hash>);

impl Logged {
    /// Is this what was signed under that number? What is not in the log yet nobody signed.
    fn is_as_signed(&self, n: u64, doc: &str) -> bool {
        self.get(n).is_none_or(|hash| *hash == leaf(doc.as_bytes()))
    }

    fn get(&self, n: u64) -> Option<&Hash> {
        usize::try_from(n).ok().and_then(|n| self.0.get(n))
    }

    /// The piece of this id, as its document says, if that is what was signed or waits to be.
    fn sound(&self, id: i64, doc: &str) -> Option<LogEntry> {
        let known = doc.parse::<LogEntry>().ok()?;
        (known.id() == EvidenceId(id) && self.is_as_signed(known.n(), doc)).then_some(known)
    }
}

/// What is known while the rows go by.
struct Look {
    logged: Logged,
    /// So many pieces were pruned; of their rows some may still be on their way.
    gone: u64,
    /// The last of them.
    last_gone: EvidenceId,
    /// Pieces there should be: as was counted before the rows went by, or as heads cover, whichever is more. A counter alone is soon set back.
    end: u64,
    /// The last that was counted then, and the id that was given last.
    counted: Option<(u64, i64)>,
    /// Of these, under those heads of the rows that count.
    covered: u64,
    /// The number of the next row.
    next: u64,
    last: Option<EvidenceId>,
    /// The first row that no pruning took.
    first: Option<EvidenceId>,
    /// Rows since then of which it is not known what they are.
    unplaced: Vec<Unplaced>,
    /// Rows that no head covers, by the number that they say they have.
    tail: BTreeMap<u64, Uncovered>,
    /// The last piece under each head, as it says, by the pieces under it.
    ends: BTreeMap<u64, i64>,
    /// Pieces that were moved, each with its number.
    moved: BTreeMap<i64, u64>,
    /// What is known of bundles to which something was done.
    touched: Touched,
    /// Pieces about erasures.
    erased: Vec<Erased>,
    /// Mandates that pieces quote.
    quoted: Quoted,
    /// What the first pieces, so many, were judged by.
    papers: (u64, Papers),
    faults: Vec<LogFault>,
}

/// A row that no head covers.
struct Uncovered {
    id: i64,
    /// The bundle, where it tells what came of it.
    ends: Option<i64>,
    sealed: bool,
}

/// What of bundles cannot be told by the evidence about them, because somebody had his hand in it.
#[derive(Default)]
struct Touched {
    /// Bundles of which something that is named said, or may have said, what came of them.
    bundles: BTreeSet<i64>,
    /// Pieces that others name as the one before them, and that are not there.
    gone: BTreeSet<i64>,
}

/// Evidence that is pruned during a look makes another one necessary; so many at most.
const LOOKS: u32 = 3;

/// Everything that the rows say of evidence, against everything else. What is pruned meanwhile is no fault.
pub(crate) async fn audit(readers: &SqlitePool, by: &Vouched) -> Result<LogAudit, StoreError> {
    let mut looks = 0;
    loop {
        let before = Counters::read(readers).await?;
        let found = look_through(readers, by).await?;
        looks += 1;
        if found.faults.is_empty() || looks == LOOKS || Counters::read(readers).await?.pruned == before.pruned {
            return Ok(found);
        }
    }
}

/// Holds every row against its hash, every hash against the tiles above it, and the roots against the heads.
async fn look_through(readers: &SqlitePool, by: &Vouched) -> Result<LogAudit, StoreError> {
    let (heads, ends) = heads(readers).await?;
    let (logged, _) = newest(readers).await?;
    let Counters { count: evidence, last: last_given, .. } = Counters::read(readers).await?;
    let logged_hashes = Logged(leaves(readers, logged).await?);
    let pruned = pruned(readers, &logged_hashes).await?;
    let gone = pruned.iter().map(|one| one.pruning.until).max().unwrap_or_default();
    let signed = by.signed.unwrap_or(logged);
    // Kept before the evidence that names them: what was counted until here has its own among them.
    let papers = (evidence.max(logged), Papers::of(readers).await?);
    let mut look = Look {
        logged: logged_hashes,
        gone,
        last_gone: EvidenceId(ends.get(&gone).copied().unwrap_or_default()),
        end: evidence.max(signed),
        counted: evidence.checked_sub(1).map(|n| (n, last_given)),
        covered: logged.min(signed),
        next: gone,
        last: None,
        first: None,
        unplaced: Vec::new(),
        tail: BTreeMap::new(),
        ends,
        moved: BTreeMap::new(),
        touched: Touched::default(),
        erased: Vec::new(),
        quoted: Quoted::default(),
        papers,
        faults: Vec::new(),
    };
    look.rows(readers, by.words_from).await?;
    let standing = look.beside_the_rows(readers, &by.accepted).await?;
    look.faults.truncate(fumibako_store::LISTED);
    let mut growth = Growth::default();
    let mut heads = heads.into_iter();
    let mut kept: Vec<KeptHead> = Vec::new();
    let mut awaited = heads.next();
    for (leaf, size) in look.logged.0.iter().zip(1..) {
        growth.push(*leaf);
        while let Some(head) = awaited.take_if(|head| head.size == size) {
            kept.push(KeptHead { root: Some(growth.root()), ..head });
            awaited = heads.next();
        }
    }
    kept.extend(awaited.into_iter().chain(heads));
    tiles_agree(readers, (&growth, logged), &mut look.faults).await?;
    let foreign = shape::foreign(readers).await?;
    let Standing { unproved, accepted, .. } = standing;
    let evidence = evidence.max(look.covered);
    Ok(LogAudit { evidence, logged, heads: kept, pruned, faults: look.faults, unproved, accepted, foreign })
}

impl Look {
    /// One paper may be that of a million pieces: more are not kept in mind than are told.
    fn fault(&mut self, n: u64, id: Option<EvidenceId>, what: Wrong) {
        if self.faults.len() <= fumibako_store::LISTED {
            self.faults.push(LogFault { n, id, message_id: None, what });
        }
    }

    /// All rows, one after the other.
    async fn rows(&mut self, readers: &SqlitePool, words_from: EvidenceId) -> Result<(), StoreError> {
        // Whoever puts a row in is not held to the ids that the gateway gives.
        let mut from = Some(i64::MIN);
        while let Some(first) = from {
            let rows = rows_from(readers, first, &self.logged).await?;
            // More are not named.
            let most = fumibako_store::LISTED.saturating_sub(self.moved.len());
            let beside = Beside::of((readers, &self.logged), &rows, (words_from, most)).await?;
            for row in &rows {
                self.at(row, &beside);
            }
            self.touched.gone.extend(beside.gone);
            for one in beside.moved {
                self.touched.bundles.extend(one.ends);
                self.moved.insert(one.id, one.n);
            }
            from = rows.last().and_then(|last| last.id.checked_add(1));
        }
        self.settle(self.end, None);
        let named: BTreeSet<_> = self.faults.iter().filter_map(|fault| fault.id).collect();
        let moved: Vec<_> = std::mem::take(&mut self.moved).into_iter().collect();
        for (id, n) in moved.into_iter().filter(|(id, _)| !named.contains(&EvidenceId(*id))) {
            self.fault(n, Some(EvidenceId(id)), Wrong::Moved);
        }
        self.faults.sort_by_key(|fault| fault.n);
        Ok(())
    }

    fn at(&mut self, row: &Row, beside: &Beside) {
        let id = EvidenceId(row.id);
        // No piece ever had such an id, and none of those that have one stands in its place.
        if row.id <= 0 {
            self.touched(row);
            return self.fault(self.next, Some(id), Wrong::Added);
        }
        let Some(known) = row.entry.as_ref().filter(|known| row.sound && self.may_stand_here(row.id, known.n())) else {
            return self.nowhere(row);
        };
        if known.n() < self.gone {
            return;
        }
        if known.n() < self.next && !self.takes_its_place(row, known.n()) {
            return self.nowhere(row);
        }
        self.first = self.first.or(Some(id));
        self.settle(known.n(), Some(id));
        if known.n() >= self.logged.0.len() as u64 {
            let ends = Some(row.message).filter(|_| row.is_of_an_end());
            self.tail.insert(known.n(), Uncovered { id: row.id, ends, sealed: row.sealed });
        }
        if !row.columns_agree(known) {
            self.touched(row);
            self.fault(known.n(), Some(id), Wrong::Columns);
        } else if !row.has_a_number_of_its_own(known) {
            self.fault(known.n(), Some(id), Wrong::Moved);
        } else if beside.unfounded.contains(&row.id) {
            self.fault(known.n(), Some(id), Wrong::Unfounded);
        } else if !beside.has_its_word(row, known) {
            self.fault(known.n(), Some(id), Wrong::Word);
        } else if known.n() < self.papers.0 && !self.papers.1.lead_on_from(known) {
            self.fault(known.n(), Some(id), Wrong::Paper);
        } else if self.ends.get(&(known.n() + 1)).is_some_and(|last| *last != id.0) {
            self.fault(known.n(), Some(id), Wrong::End);
        }
        self.quoted.take(known);
        self.erased.extend(if let LogEntry::Erased(erased) = known { Some(erased.clone()) } else { None });
        (self.next, self.last) = (self.next.max(known.n() + 1), Some(id));
    }

    /// May a row of this id have this number, which no hash of the log speaks against? Ids rise with every piece, and what was not counted yet
    /// when this began comes piece by piece.
    fn may_stand_here(&self, id: i64, n: u64) -> bool {
        if n < self.logged.0.len() as u64 {
            return true;
        }
        let behind = self.next + self.unplaced.len() as u64;
        let room = self.last.is_none_or(|last| n < self.next || n - self.next < (id - last.0).cast_unsigned());
        room && (n < self.end || n <= behind)
    }

    /// Two rows say that they are the same piece, which no head covers yet: the one that bears a seal is the gateway's.
    fn takes_its_place(&mut self, row: &Row, n: u64) -> bool {
        let Some(there) = self.tail.get(&n).filter(|there| row.sealed && !there.sealed) else { return false };
        let id = there.id;
        self.touched.bundles.extend(there.ends);
        self.fault(n, Some(EvidenceId(id)), Wrong::Added);
        true
    }

    /// A row that is no piece the log has: what it is can be told once the next one is known that is.
    fn nowhere(&mut self, row: &Row) {
        self.touched(row);
        let claims = row.entry.as_ref().map(LogEntry::n);
        if row.id <= self.last_gone.0 {
            let n = claims.filter(|n| *n < self.gone).unwrap_or(self.gone.saturating_sub(1));
            return self.fault(n, Some(EvidenceId(row.id)), Wrong::Changed);
        }
        self.unplaced.push(Unplaced { id: row.id, claims });
    }

    /// What its bundle came to cannot be told without it.
    fn touched(&mut self, row: &Row) {
        if row.is_of_an_end() {
            self.touched.bundles.insert(row.message);
        }
    }

    /// What stands before this piece, up to which all numbers are known.
    fn settle(&mut self, until: u64, next: Option<EvidenceId>) {
        let rows = std::mem::take(&mut self.unplaced);
        let (before, after) = (self.last.map(|id| id.0), next.map(|id| id.0));
        let until = until.max(self.next);
        // Of what is not there a head may tell the id, which names its last piece, and so may the counters.
        let ends = self.ends.range(self.next + 1..=until.min(self.covered).max(self.next + 1));
        let mut ends: Vec<_> = ends.map(|(size, last)| (size - 1, *last)).collect();
        let behind = ends.last().map_or(self.next, |(n, _)| n + 1);
        ends.extend(self.counted.filter(|(n, _)| (behind..until).contains(n)));
        let gap = Gap { first: self.next, until, before, after, ends };
        for LogFault { n, id, what, .. } in gap.settle(&rows) {
            self.fault(n, id, what);
        }
        self.next = gap.until;
    }

    /// What stands beside the rows: counters, what heads say of what went, trees of what was erased, and what is said of bundles.
    async fn beside_the_rows(
        &mut self,
        readers: &SqlitePool,
        accepted: &[ShownBundle],
    ) -> Result<Standing, StoreError> {
        let known = Counters::read(readers).await?;
        // The gateway counts what it writes in the commit that writes it.
        for (n, row) in std::mem::take(&mut self.tail).split_off(&known.count.max(self.end)) {
            self.touched.bundles.extend(row.ends);
            self.fault(n, Some(EvidenceId(row.id)), Wrong::Added);
        }
        for (id, before) in stray_words(readers).await? {
            self.fault(self.gone + before, Some(EvidenceId(id)), Wrong::Stray);
        }
        // What is signed for was counted; of the others what else is wrong explains it.
        let last = self.ends.range(..=self.covered).next_back().map_or(0, |(_, last)| *last);
        let set_back = known.count < self.covered || known.last < last;
        let other = known.count < self.next || known.last < known.newest || known.pruned != self.gone;
        if set_back || (other && self.faults.is_empty()) {
            self.fault(known.count.min(self.next), None, Wrong::Counter);
        }
        // By it the rows are found that are to go.
        let ends_later = |first: EvidenceId| self.ends.range(..=self.gone).any(|(_, last)| *last >= first.0);
        if self.first.is_some_and(ends_later) {
            self.fault(self.gone, self.first, Wrong::End);
        }
        self.faults.extend(trees::faults(readers, &self.erased, (self.last_gone, self.gone)).await?);
        self.faults.extend(self.quoted.faults(readers).await?);
        self.explained();
        // What stands in the rows beside evidence that is named already is not held against that.
        let removed = || self.faults.iter().filter(|fault| fault.what == Wrong::Removed);
        let is_last = |fault: &&LogFault| fault.id.is_none_or(|id| !self.touched.gone.contains(&id.0));
        let known = standing::Known {
            named: self.faults.iter().filter_map(|fault| fault.id).collect(),
            loose: removed().filter(is_last).count(),
            removed: removed().filter_map(|fault| fault.id).collect(),
            missing: removed().next().is_some(),
            touched: self.touched.bundles.clone(),
            accepted: accepted.iter().map(|one| (one.bundle, one)).collect(),
        };
        let mut standing = standing::look(readers, &known).await?;
        self.faults.append(&mut standing.faults);
        Ok(standing)
    }

    /// What was put in, or is not there, is named as that, and what else follows from it is not.
    fn explained(&mut self) {
        let all = [Wrong::Added, Wrong::Removed];
        let ids: BTreeSet<_> =
            self.faults.iter().filter(|fault| all.contains(&fault.what)).filter_map(|fault| fault.id).collect();
        self.faults.retain(|fault| all.contains(&fault.what) || fault.id.is_none_or(|id| !ids.contains(&id)));
    }
}

/// What the log says of pieces that went: only what it said when it was signed, or has said since.
async fn pruned(readers: &SqlitePool, logged: &Logged) -> Result<Vec<Pruned>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE kind = 'EvidencePruning' ORDER BY id"#
    );
    let rows = rows.fetch_all(readers).await.map_err(store_error)?;
    let read = |doc: &Vec<u8>| serde_json::from_slice::<Pruned>(doc).ok().map(|one| (leaf(doc), one));
    let as_signed = |(hash, one): &(Hash, Pruned)| logged.get(one.n).is_none_or(|known| known == hash);
    Ok(rows.iter().filter_map(read).filter(as_signed).map(|(_, one)| one).collect())
}

/// What is counted.
struct Counters {
    /// Pieces there ever were.
    count: u64,
    /// The id given last.
    last: i64,
    /// The newest id there is.
    newest: i64,
    /// Pieces that went.
    pruned: u64,
}

impl Counters {
    /// As they all stood at one moment.
    async fn read(readers: &SqlitePool) -> Result<Self, StoreError> {
        let found = sqlx::query!(
            r#"SELECT coalesce((SELECT value FROM counter WHERE name = 'evidence_count'), 0) AS "count!: i64",
                      coalesce((SELECT value FROM counter WHERE name = 'evidence'), -1) AS "last!: i64",
                      coalesce((SELECT value FROM counter WHERE name = 'evidence_pruned'), -1) AS "pruned!: i64",
                      coalesce((SELECT max(id) FROM evidence), 0) AS "newest!: i64""#
        );
        let found = found.fetch_one(readers).await.map_err(store_error)?;
        let (count, pruned) = (found.count.cast_unsigned(), found.pruned.cast_unsigned());
        Ok(Self { count, last: found.last, newest: found.newest, pruned })
    }
}

/// The heads in their order, and the last piece that each says it has.
async fn heads(readers: &SqlitePool) -> Result<(Vec<KeptHead>, BTreeMap<u64, i64>), StoreError> {
    let rows = sqlx::query!("SELECT day, size, last, head, stamp FROM log_head ORDER BY size");
    let rows = rows.fetch_all(readers).await.map_err(store_error)?;
    let ends = rows.iter().map(|row| (row.size.cast_unsigned(), row.last)).collect();
    let kept = rows.into_iter().map(|row| KeptHead {
        // None was signed on a day that is none.
        day: Day(i32::try_from(row.day).unwrap_or(i32::MIN)),
        size: row.size.cast_unsigned(),
        head: row.head,
        stamp: row.stamp,
        root: None,
    });
    Ok((kept.collect(), ends))
}

/// The hashes of all entries in the log; where a tile is missing or too short there are fewer.
async fn leaves(readers: &SqlitePool, size: u64) -> Result<Vec<Hash>, StoreError> {
    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(TILE as u64) {
        let [Tile { hashes, .. }] = &tiles(readers, &BTreeSet::from([(0, index)])).await?[..] else { break };
        leaves.extend_from_slice(hashes);
    }
    leaves.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(leaves)
}

/// The tiles are those that the entries make, octet for octet, and no others: what stands beyond the end would be of the log once it has
/// grown so far. What is put to it while this looks is no fault.
async fn tiles_agree(
    readers: &SqlitePool,
    (growth, logged): (&Growth, u64),
    faults: &mut Vec<LogFault>,
) -> Result<(), StoreError> {
    let grew = async || Ok::<_, StoreError>(newest(readers).await?.0 != logged);
    let fault = |n| LogFault { n, id: None, message_id: None, what: Wrong::Log };
    let mut made_of_them = BTreeSet::new();
    for made in growth.tiles() {
        let (id, hashes) = (tile_id(made.level, made.index), made.hashes.concat());
        made_of_them.insert(id);
        let kept = sqlx::query_scalar!("SELECT hashes FROM log_tile WHERE id = ?", id).fetch_optional(readers).await;
        let kept = kept.map_err(store_error)?.unwrap_or_default();
        let agrees = kept == hashes || (kept.starts_with(&hashes) && grew().await?);
        if !agrees {
            let n = made.index * (TILE as u64).pow(u32::from(made.level) + 1);
            faults.push(fault(n));
        }
    }
    let kept =
        sqlx::query_scalar!("SELECT id FROM log_tile ORDER BY id").fetch_all(readers).await.map_err(store_error)?;
    if kept.iter().any(|id| !made_of_them.contains(id)) && !grew().await? {
        faults.push(fault(growth.size()));
    }
    Ok(())
}
