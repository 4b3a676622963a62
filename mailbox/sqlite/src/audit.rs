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

mod mandates;
mod papers;
mod rows;
mod standing;
mod trees;

use mandates::Quoted;
use papers::Papers;
use rows::{Beside, Row, rows_from, stray_words};
use standing::Standing;

/// What is known while the rows go by.
struct Look {
    /// Hashes of the log.
    logged: Vec<Hash>,
    /// So many pieces were pruned; of their rows some may still be on their way.
    gone: u64,
    /// The number of the next row.
    next: u64,
    last: Option<EvidenceId>,
    /// The first row that no pruning took.
    first: Option<EvidenceId>,
    /// The last piece under each head, as it says, by the pieces under it.
    ends: BTreeMap<u64, i64>,
    /// Pieces about erasures.
    erased: Vec<Erased>,
    /// Mandates that pieces quote.
    quoted: Quoted,
    /// What the first pieces, so many, were judged by.
    papers: (u64, Papers),
    faults: Vec<LogFault>,
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
    let evidence = Counters::read(readers).await?.count;
    let logged_hashes = leaves(readers, logged).await?;
    let pruned = pruned(readers, &logged_hashes).await?;
    let gone = pruned.iter().map(|one| one.pruning.until).max().unwrap_or_default();
    // Kept before the evidence that names them: what was counted until here has its own among them.
    let papers = (evidence.max(logged), Papers::of(readers).await?);
    let last_gone = EvidenceId(ends.get(&gone).copied().unwrap_or_default());
    let mut look = Look {
        logged: logged_hashes,
        gone,
        next: gone,
        last: None,
        first: None,
        ends,
        erased: Vec::new(),
        quoted: Quoted::default(),
        papers,
        faults: Vec::new(),
    };
    // Whoever puts a row in is not held to the ids that the gateway gives.
    let mut from = Some(i64::MIN);
    while let Some(first) = from {
        let rows = rows_from(readers, first).await?;
        let beside = Beside::of(readers, &rows, by.words_from).await?;
        for row in &rows {
            look.at(row, &beside);
        }
        from = rows.last().and_then(|last| last.id.checked_add(1));
    }
    look.missing(evidence, None);
    for (id, before) in stray_words(readers).await? {
        look.fault(gone + before, Some(EvidenceId(id)), Wrong::Stray);
    }
    let standing = look.beside_the_rows(readers, last_gone, &by.accepted).await?;
    look.faults.truncate(fumibako_store::LISTED);
    let mut growth = Growth::default();
    let mut heads = heads.into_iter();
    let mut kept: Vec<KeptHead> = Vec::new();
    let mut awaited = heads.next();
    for (leaf, size) in look.logged.iter().zip(1..) {
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
    Ok(LogAudit { evidence, logged, heads: kept, pruned, faults: look.faults, unproved, accepted, foreign })
}

impl Look {
    /// One paper may be that of a million pieces: more are not kept in mind than are told.
    fn fault(&mut self, n: u64, id: Option<EvidenceId>, what: Wrong) {
        if self.faults.len() <= fumibako_store::LISTED {
            self.faults.push(LogFault { n, id, message_id: None, what });
        }
    }

    fn at(&mut self, row: &Row, beside: &Beside) {
        let id = EvidenceId(row.id);
        // No piece ever had such an id, and none of those that have one stands in its place.
        if row.id <= 0 {
            return self.fault(self.next, Some(id), Wrong::Added);
        }
        let Some(known) = &row.entry else {
            // Its place is the next one, as far as can be told.
            self.fault(self.next, Some(id), Wrong::Changed);
            (self.next, self.last) = (self.next + 1, Some(id));
            return;
        };
        let hash = usize::try_from(known.n()).ok().and_then(|n| self.logged.get(n));
        let hash_differs = hash.is_some_and(|hash| *hash != leaf(row.doc.as_bytes()));
        if known.n() < self.gone {
            if hash_differs {
                self.fault(known.n(), Some(id), Wrong::Changed);
            }
            return;
        }
        if known.n() < self.next {
            return self.fault(known.n(), Some(id), Wrong::Added);
        }
        self.first = self.first.or(Some(id));
        self.missing(known.n(), Some(id));
        if hash_differs {
            self.fault(known.n(), Some(id), Wrong::Changed);
        } else if !row.columns_agree(known) {
            self.fault(known.n(), Some(id), Wrong::Columns);
        } else if !beside.has_it_in_its_place(row, known) {
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
        if !hash_differs {
            self.quoted.take(known);
            self.erased.extend(if let LogEntry::Erased(erased) = known { Some(erased.clone()) } else { None });
        }
        (self.next, self.last) = (known.n() + 1, Some(id));
    }

    /// What stands beside the rows: counters, what heads say of what went, trees of what was erased, and what is said of bundles.
    async fn beside_the_rows(
        &mut self,
        readers: &SqlitePool,
        last_gone: EvidenceId,
        accepted: &[ShownBundle],
    ) -> Result<Standing, StoreError> {
        let known = Counters::read(readers).await?;
        // What else is wrong explains these.
        if self.faults.is_empty() && (known.count < self.next || known.last < known.newest || known.pruned != self.gone)
        {
            self.fault(known.count.min(self.next), None, Wrong::Counter);
        }
        // By it the rows are found that are to go.
        let ends_later = |first: EvidenceId| self.ends.range(..=self.gone).any(|(_, last)| *last >= first.0);
        if self.first.is_some_and(ends_later) {
            self.fault(self.gone, self.first, Wrong::End);
        }
        self.faults.extend(trees::faults(readers, &self.erased, (last_gone, self.gone)).await?);
        self.faults.extend(self.quoted.faults(readers).await?);
        // What stands in the rows beside evidence that is named already is not held against that.
        let known = standing::Known {
            missing: self.faults.iter().any(|fault| fault.what == Wrong::Removed),
            named: self.faults.iter().filter_map(|fault| fault.id).collect(),
            accepted: accepted.iter().map(|one| (one.bundle, one)).collect(),
        };
        let mut standing = standing::look(readers, &known).await?;
        self.faults.append(&mut standing.faults);
        Ok(standing)
    }

    /// Rows up to this number are not there. Their ids are known where they fill the room between their neighbours.
    fn missing(&mut self, until: u64, next: Option<EvidenceId>) {
        for n in self.next..until {
            let id = match (self.last, next) {
                (Some(last), Some(next)) if (next.0 - last.0).cast_unsigned() == until - self.next + 1 => {
                    Some(EvidenceId(last.0 + (n - self.next + 1).cast_signed()))
                }
                (Some(last), None) => Some(EvidenceId(last.0 + (n - self.next + 1).cast_signed())),
                _ => None,
            };
            self.fault(n, id, Wrong::Removed);
            if self.faults.len() > fumibako_store::LISTED {
                break;
            }
        }
        self.next = until.max(self.next);
    }
}

/// What the log says of pieces that went: only what it said when it was signed, or has said since.
async fn pruned(readers: &SqlitePool, logged: &[Hash]) -> Result<Vec<Pruned>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE kind = 'EvidencePruning' ORDER BY id"#
    );
    let rows = rows.fetch_all(readers).await.map_err(store_error)?;
    let read = |doc: &Vec<u8>| serde_json::from_slice::<Pruned>(doc).ok().map(|one| (leaf(doc), one));
    let as_signed = |(hash, one): &(Hash, Pruned)| {
        let known = usize::try_from(one.n).ok().and_then(|n| logged.get(n));
        known.is_none_or(|known| known == hash)
    };
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
