//! What judgements rested on goes with the last evidence that needs it (Profile §8.29).
//!
//! | a crash after step      | finds on restart                              | the next run |
//! |-------------------------|-----------------------------------------------|--------------|
//! | 1 some papers are gone  | others that nothing needs, and the old counter | begins anew  |
//! | 2 the counter is set    | nothing to do until more evidence is pruned   | does nothing |
//!
//! What is kept again comes whole, with all that belongs to it, so that half of what nothing needed harms nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fumibako_model::TrustState;
use fumibako_store::{PAPER_NAME, StoreError};
use sqlx::{SqliteConnection, SqlitePool};

use crate::command::Command;
use crate::error::{Stop, store_error, unreadable};
use crate::prune::Order;
use crate::store::SqliteStore;

/// Evidence that is read at once.
const READ: i64 = 1_000;
/// Papers that leave in one transaction.
const LEAVE: i64 = 100;

/// What nothing needs, as far as evidence was read.
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
    after: i64,
    beside: Vec<String>,
}

/// Lets it go, once for what was pruned. `believed` is the state of trust by which is judged now.
pub(crate) async fn run(store: &SqliteStore, believed: &str) -> Result<u64, StoreError> {
    let _one_at_a_time = store.expiring.lock().await;
    let Some((size, unneeded)) = plan(&store.readers, believed).await? else { return Ok(0) };
    let order = |order| store.change(|reply| Command::Prune(Box::new(order), reply));
    let (unneeded, mut gone) = (Arc::new(unneeded), 0);
    loop {
        let some = order(Order::Forget(unneeded.clone())).await?;
        if some == 0 {
            break;
        }
        gone += some;
    }
    order(Order::Forgotten(size)).await?;
    Ok(gone)
}

/// What may go, and with how much evidence; none if no evidence went since the last time.
async fn plan(readers: &SqlitePool, believed: &str) -> Result<Option<(i64, Unneeded)>, StoreError> {
    let Some((size, pruned)) = behind(readers).await? else { return Ok(None) };
    let papers = papers(readers).await?;
    // All evidence is read, and only if some paper waits for it.
    let old = papers.values().any(|paper| paper.after <= pruned);
    let (named, read) = if old { named(readers, pruned).await? } else { (BTreeSet::new(), pruned) };
    let gone = unneeded(&papers, named, (pruned, believed));
    Ok(Some((size, Unneeded { names: json(&gone)?, pruned, read })))
}

fn json(names: &BTreeSet<&str>) -> Result<String, StoreError> {
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
        r#"SELECT name, after, beside, iif(kind = 'trust', octets, x'') AS "state!: Vec<u8>" FROM paper ORDER BY name"#
    );
    let found = found.fetch_all(readers).await.map_err(store_error)?;
    let read = |beside: &str, state: &[u8]| -> serde_json::Result<Vec<String>> {
        let mut all: Vec<String> = serde_json::from_str(beside)?;
        if !state.is_empty() {
            let state: TrustState = serde_json::from_slice(state)?;
            all.extend(state.members().iter().map(|member| short(member)));
        }
        Ok(all)
    };
    let paper = |after, beside: &str, state: &[u8]| -> Result<Kept, StoreError> {
        let beside = read(beside, state).map_err(|why| store_error(unreadable(why)))?;
        Ok(Kept { after, beside })
    };
    found.into_iter().map(|row| Ok((row.name, paper(row.after, &row.beside, &row.state)?))).collect()
}

fn short(digest: &str) -> String {
    digest.get(..PAPER_NAME).unwrap_or(digest).to_owned()
}

/// What evidence after this piece names, and the last of it.
async fn named(readers: &SqlitePool, pruned: i64) -> Result<(BTreeSet<String>, i64), StoreError> {
    let (mut named, mut last) = (BTreeSet::new(), pruned);
    loop {
        let found = sqlx::query_scalar!(
            r#"SELECT json_group_array(json_array(id, doc ->> 'signer', doc ->> 'trust')) AS "found!: String"
               FROM (SELECT id, doc FROM evidence WHERE id > ? ORDER BY id LIMIT ?)"#,
            last,
            READ
        );
        let found = found.fetch_one(readers).await.map_err(store_error)?;
        let found: Vec<(i64, Option<String>, Option<String>)> =
            serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))?;
        let Some((id, ..)) = found.last() else { return Ok((named, last)) };
        last = *id;
        for (_, signer, trust) in found {
            named.extend(signer.map(|signer| short(&signer)));
            named.extend(trust);
        }
    }
}

/// Of what was kept before the last pruned piece: what neither evidence nor anything needed leads to.
fn unneeded<'p>(
    papers: &'p BTreeMap<String, Kept>,
    named: BTreeSet<String>,
    (pruned, believed): (i64, &str),
) -> BTreeSet<&'p str> {
    let old = |kept: &Kept| kept.after <= pruned;
    let younger = papers.iter().filter(|(_, kept)| !old(kept)).map(|(name, _)| name.clone());
    let mut open: Vec<String> = named.into_iter().chain(younger).chain([believed.to_owned()]).collect();
    let mut needed = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some((name, kept)) = papers.get_key_value(&name)
            && needed.insert(name.as_str())
        {
            open.extend(kept.beside.iter().cloned());
        }
    }
    let gone = papers.iter().filter(|(name, kept)| old(kept) && !needed.contains(name.as_str()));
    gone.map(|(name, _)| name.as_str()).collect()
}

/// Some leave, inside the transaction; none where evidence that came meanwhile names any of them: they wait for the next pruning.
pub(crate) async fn leave(rows: &mut SqliteConnection, unneeded: &Unneeded) -> Result<u64, Stop> {
    let Unneeded { names, pruned, read } = unneeded;
    let named_meanwhile = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM evidence e WHERE e.id > ?2 AND (
               substr(e.doc ->> 'signer', 1, 32) IN (SELECT value FROM json_each(?1))
               OR e.doc ->> 'trust' IN (SELECT value FROM json_each(?1)))) AS "named!: bool""#,
        names,
        read
    );
    if named_meanwhile.fetch_one(&mut *rows).await? {
        return Ok(0);
    }
    let left = sqlx::query!(
        "DELETE FROM paper WHERE rowid IN (
             SELECT p.rowid FROM json_each(?) gone JOIN paper p ON p.name = gone.value WHERE p.after <= ? LIMIT ?)",
        names,
        pruned,
        LEAVE
    );
    Ok(left.execute(rows).await?.rows_affected())
}

/// All have left that went with so much evidence.
pub(crate) async fn left(rows: &mut SqliteConnection, size: i64) -> Result<u64, Stop> {
    sqlx::query!("UPDATE counter SET value = ? WHERE name = 'papers_followed'", size).execute(rows).await?;
    Ok(0)
}

#[cfg(test)]
mod tests;
