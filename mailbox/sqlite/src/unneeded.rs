//! What judgements rested on goes with the last evidence that needs it (Profile §8.29).
//!
//! Which paper a piece of evidence names is noted apart, a thousand pieces at a time and beside everything else: ids rise and evidence goes
//! from the beginning, so the last piece that names a paper says how long it is needed. Nothing is noted in the commits of the evidence.
//!
//! | a crash after step      | finds on restart                              | the next run |
//! |-------------------------|-----------------------------------------------|--------------|
//! | 1 some evidence is read | what it names, and how far it was read        | reads on     |
//! | 2 some papers are gone  | others that nothing needs, and the old counter | begins anew  |
//! | 3 the counter is set    | nothing to do until more evidence is pruned   | reads on     |
//!
//! What is kept again comes whole, with all that belongs to it, so that half of what nothing needed harms nobody.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{EvidenceId, TrustState};
use fumibako_store::StoreError;
use sqlx::{SqliteConnection, SqlitePool};

use crate::command::Command;
use crate::error::{Stop, damaged, store_error, unpacked, unreadable};
use crate::paper::short;
use crate::prune::Order;
use crate::store::SqliteStore;

/// Evidence that is read at once.
const READ: i64 = 1_000;
/// Papers that leave in one transaction.
const LEAVE: usize = 100;

/// What some evidence names.
#[derive(Debug)]
pub(crate) struct Named {
    /// Each name with the last piece that has it, as JSON.
    names: String,
    /// The last piece that was read.
    read: i64,
}

/// Some of what nothing needs, as far as evidence was read.
#[derive(Debug)]
pub(crate) struct Unneeded {
    /// Their names, as JSON.
    names: String,
    /// The last piece of evidence that was pruned: what was kept after it counts still, whether or not any names it yet.
    pruned: i64,
    /// The last piece that was read.
    read: i64,
}

/// One paper, as far as it says what is needed with it.
struct Kept {
    /// No evidence after this piece needs it for itself.
    until: i64,
    beside: Vec<String>,
    /// What leads to others leaves before them.
    rank: u8,
}

/// Lets it go, once for what was pruned. `believed` is the state of trust by which is judged now.
pub(crate) async fn run(store: &SqliteStore, believed: &str) -> Result<u64, StoreError> {
    let order = |order| store.change(|reply| Command::Prune(Box::new(order), reply));
    // Nobody waits for it, and two who do it at once do no harm.
    while let Some(named) = read_on(&store.readers).await? {
        order(Order::Named(named)).await?;
    }
    let _one_at_a_time = store.expiring.lock().await;
    let Some((size, pieces)) = plan(&store.readers, believed).await? else { return Ok(0) };
    let mut gone = 0;
    for piece in pieces {
        let some = order(Order::Forget(piece)).await?;
        if some == 0 {
            break;
        }
        gone += some;
    }
    order(Order::Forgotten(size)).await?;
    Ok(gone)
}

/// What the next pieces of evidence name; none if all are read.
async fn read_on(readers: &SqlitePool) -> Result<Option<Named>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(id, json_valid(doc),
                      CASE WHEN json_valid(doc) THEN CAST(doc ->> 'signer' AS TEXT) END,
                      CASE WHEN json_valid(doc) THEN CAST(doc ->> 'trust' AS TEXT) END)) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id, doc FROM evidence WHERE id > (SELECT value FROM counter WHERE name = 'papers_read')
                 ORDER BY id LIMIT ?)"#,
        READ
    );
    let found = found.fetch_one(readers).await.map_err(store_error)?;
    let found: Vec<(i64, u8, Option<String>, Option<String>)> = unpacked(&found).map_err(store_error)?;
    // Nobody can tell what it names: as long as it is so, no paper goes.
    if let Some((id, ..)) = found.iter().find(|(_, reads, ..)| *reads == 0) {
        return Err(store_error(damaged(EvidenceId(*id))));
    }
    let Some((read, ..)) = found.last() else { return Ok(None) };
    let read = *read;
    let mut names = BTreeMap::new();
    for (id, _, signer, trust) in found {
        for name in signer.map(|signer| short(&signer).to_owned()).into_iter().chain(trust) {
            names.insert(name, id);
        }
    }
    let names: Vec<_> = names.into_iter().collect();
    Ok(Some(Named { names: json(&names)?, read }))
}

/// Notes it, inside the transaction.
pub(crate) async fn note(rows: &mut SqliteConnection, Named { names, read }: &Named) -> Result<u64, Stop> {
    let noted = sqlx::query!(
        "INSERT INTO paper_named (name, last) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
         ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
        names
    );
    noted.execute(&mut *rows).await?;
    let reached = sqlx::query!("UPDATE counter SET value = max(value, ?) WHERE name = 'papers_read'", read);
    reached.execute(rows).await?;
    Ok(0)
}

/// What may go, in pieces, and with how much evidence; none if no evidence went since the last time.
async fn plan(readers: &SqlitePool, believed: &str) -> Result<Option<(i64, Vec<Unneeded>)>, StoreError> {
    let Some((size, pruned)) = behind(readers).await? else { return Ok(None) };
    // Before the papers: what is noted between the two is looked at again when they leave.
    let read = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'papers_read'");
    let read = read.fetch_one(readers).await.map_err(store_error)?;
    let papers = papers(readers).await?;
    let mut gone = unneeded(&papers, (pruned, believed));
    gone.sort_by_key(|name| papers.get(*name).map(|paper| paper.rank));
    let piece = |names: &[&str]| Ok(Unneeded { names: json(&names)?, pruned, read });
    let pieces = gone.chunks(LEAVE).map(piece).collect::<Result<_, StoreError>>()?;
    Ok(Some((size, pieces)))
}

fn json(names: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(names).map_err(|why| store_error(unreadable(why)))
}

/// How much evidence went, and the last piece of it, if papers have not followed yet.
async fn behind(readers: &SqlitePool) -> Result<Option<(i64, i64)>, StoreError> {
    let found = sqlx::query!(
        "SELECT size, last FROM log_head WHERE size = (SELECT value FROM counter WHERE name = 'evidence_pruned')
         AND size > (SELECT value FROM counter WHERE name = 'papers_followed')"
    );
    let found = found.fetch_optional(readers).await.map_err(store_error)?;
    Ok(found.map(|row| (row.size, row.last)))
}

async fn papers(readers: &SqlitePool) -> Result<BTreeMap<String, Kept>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT p.name, max(p.after, coalesce(n.last, 0)) AS "until!: i64", p.beside,
                  iif(p.kind = 'trust', p.octets, x'') AS "state!: Vec<u8>"
           FROM paper p LEFT JOIN paper_named n ON n.name = p.name"#
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    let read = |beside: &str, state: &[u8]| -> serde_json::Result<(Vec<String>, u8)> {
        let mut all: Vec<String> = serde_json::from_str(beside)?;
        if state.is_empty() {
            let rank = if all.is_empty() { 2 } else { 1 };
            return Ok((all, rank));
        }
        let state: TrustState = serde_json::from_slice(state)?;
        all.extend(state.members().iter().map(|member| short(member).to_owned()));
        Ok((all, 0))
    };
    let paper = |until, beside: &str, state: &[u8]| -> Result<Kept, StoreError> {
        let (beside, rank) = read(beside, state).map_err(|why| store_error(unreadable(why)))?;
        Ok(Kept { until, beside, rank })
    };
    found.into_iter().map(|row| Ok((row.name, paper(row.until, &row.beside, &row.state)?))).collect()
}

/// What neither evidence that is left, nor a wish to keep it since the last pruned piece, nor anything needed leads to.
fn unneeded<'p>(papers: &'p BTreeMap<String, Kept>, (pruned, believed): (i64, &str)) -> Vec<&'p str> {
    let wanted = papers.iter().filter(|(_, kept)| kept.until > pruned).map(|(name, _)| name.as_str());
    let mut open: Vec<&str> = wanted.chain([believed]).collect();
    let mut needed = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some((name, kept)) = papers.get_key_value(name)
            && needed.insert(name.as_str())
        {
            open.extend(kept.beside.iter().map(String::as_str));
        }
    }
    papers.keys().map(String::as_str).filter(|name| !needed.contains(name)).collect()
}

/// They leave, inside the transaction; none where evidence that was not read yet names any of them, and with it none of those that
/// they lead to: all of it waits for the next pruning.
pub(crate) async fn leave(rows: &mut SqliteConnection, unneeded: &Unneeded) -> Result<u64, Stop> {
    let Unneeded { names, pruned, read } = unneeded;
    let named_meanwhile = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM evidence e WHERE e.id > ?2 AND CASE WHEN json_valid(e.doc) THEN
               substr(e.doc ->> 'signer', 1, 32) IN (SELECT value FROM json_each(?1))
               OR e.doc ->> 'trust' IN (SELECT value FROM json_each(?1)) ELSE true END) AS "named!: bool""#,
        names,
        read
    );
    if named_meanwhile.fetch_one(&mut *rows).await? {
        return Ok(0);
    }
    let left =
        sqlx::query!("DELETE FROM paper WHERE name IN (SELECT value FROM json_each(?)) AND after <= ?", names, pruned);
    let left = left.execute(&mut *rows).await?.rows_affected();
    let notes = sqlx::query!(
        "DELETE FROM paper_named WHERE name IN (SELECT value FROM json_each(?)) AND last <= ?
         AND NOT EXISTS (SELECT 1 FROM paper WHERE paper.name = paper_named.name)",
        names,
        pruned
    );
    notes.execute(rows).await?;
    Ok(left)
}

/// All have left that went with so much evidence.
pub(crate) async fn left(rows: &mut SqliteConnection, size: i64) -> Result<u64, Stop> {
    sqlx::query!("UPDATE counter SET value = ? WHERE name = 'papers_followed'", size).execute(rows).await?;
    Ok(0)
}

#[cfg(test)]
mod tests;
