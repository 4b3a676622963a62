//! The trees of what was erased, held against the roots that evidence names (Profile §8.28).

use fumibako_model::log::Growth;
use fumibako_model::{Erased, EvidenceId};
use fumibako_store::{LISTED, LogFault, StoreError, Wrong, hex};
use sqlx::SqlitePool;

use crate::error::store_error;
use crate::log::{tile_id, unpack};

/// Pieces about an erasure whose tree is another or not there, and trees that stand beside none. Of what a pruning took (so many pieces, the
/// last of them) trees may still be on their way.
pub(super) async fn faults(
    readers: &SqlitePool,
    pieces: &[Erased],
    (gone, before): (EvidenceId, u64),
) -> Result<Vec<LogFault>, StoreError> {
    let mut faults = Vec::new();
    for piece in pieces {
        if !has_its_tree(readers, piece).await? {
            faults.push(LogFault { n: piece.n, id: Some(piece.id), message_id: None, what: Wrong::Tree });
        }
    }
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let stray = sqlx::query!(
        r#"SELECT DISTINCT t.erasure, (SELECT count(*) FROM evidence e WHERE e.id < t.erasure) AS "before!: i64"
           FROM erased_tile t WHERE t.erasure > ?
             AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.id = t.erasure AND e.kind = 'ContentErasure')
           ORDER BY t.erasure LIMIT ?"#,
        gone.0,
        most
    );
    let stray = stray.fetch_all(readers).await.map_err(store_error)?;
    faults.extend(stray.into_iter().map(|row| LogFault {
        n: before + row.before.cast_unsigned(),
        id: Some(EvidenceId(row.erasure)),
        message_id: None,
        what: Wrong::Tree,
    }));
    Ok(faults)
}

async fn has_its_tree(readers: &SqlitePool, piece: &Erased) -> Result<bool, StoreError> {
    let tiles = sqlx::query!("SELECT tile, hashes FROM erased_tile WHERE erasure = ? ORDER BY tile", piece.id.0);
    let tiles: Vec<_> =
        tiles.fetch_all(readers).await.map_err(store_error)?.into_iter().map(|row| (row.tile, row.hashes)).collect();
    if piece.count <= 1 {
        // Of one message the root says all.
        return Ok(tiles.is_empty());
    }
    let mut growth = Growth::default();
    let leaves = tiles.iter().take_while(|(id, _)| *id < tile_id(1, 0)).flat_map(|(_, hashes)| unpack(hashes));
    leaves.for_each(|leaf| growth.push(leaf));
    let mut made: Vec<_> =
        growth.tiles().iter().map(|tile| (tile_id(tile.level, tile.index), tile.hashes.concat())).collect();
    made.sort_unstable();
    Ok(growth.size() == piece.count && hex(&growth.root()) == piece.root && made == tiles)
}
