//! Files that nobody needs any more: all their messages were removed by their offices, or none was ever committed.

use fumibako_store::StoreError;
use fumibako_store::bodies::{Bodies, Day, Segment};
use jiff::{SignedDuration, Timestamp};

use crate::error::{store_error, unreadable};
use crate::store::SqliteStore;

/// A file without a row that was written to within this time may be of a message that is still coming in.
const SETTLED: SignedDuration = SignedDuration::from_hours(24);

/// Removes them; says how many there were and their bytes. Files of today and of yesterday are left alone: a message that
/// began to come in before midnight gets its row after it.
pub(crate) async fn remove_unneeded(store: &SqliteStore, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let today = Day::of(now).0;
    let on_disk = store.touch(Bodies::segments).await?;
    let old: Vec<(Segment, u64)> = on_disk.into_iter().filter(|(segment, _)| segment.day().0 < today - 1).collect();
    let (mut files, mut bytes) = (0, 0);
    for (segment, named) in unneeded(store, &old).await? {
        if !named && !settled(store, segment, now) {
            continue;
        }
        store.touch(move |bodies| bodies.remove(segment)).await?;
        files += 1;
        bytes += old.iter().find(|(known, _)| *known == segment).map_or(0, |(_, bytes)| *bytes);
        tracing::info!(%segment, "segment.unneeded");
    }
    Ok((files, bytes))
}

/// Those of these segments that hold no body a folder shows or a hold keeps, and whether a row names them at all.
async fn unneeded(store: &SqliteStore, segments: &[(Segment, u64)]) -> Result<Vec<(Segment, bool)>, StoreError> {
    let asked: Vec<i64> = segments.iter().map(|(segment, _)| segment.0).collect();
    let asked = serde_json::to_string(&asked).map_err(|error| store_error(unreadable(error)))?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(file.value, EXISTS (SELECT 1 FROM message WHERE segment = file.value)))
                  AS "found!: String"
           FROM json_each(?) file
           WHERE NOT EXISTS (SELECT 1 FROM message WHERE segment = file.value AND stored > 0)
             AND NOT EXISTS (SELECT 1 FROM hold WHERE segment = file.value AND released_at IS NULL)"#,
        asked
    )
    .fetch_one(&store.readers)
    .await
    .map_err(store_error)?;
    let found: Vec<(i64, u8)> = serde_json::from_str(&found).map_err(|error| store_error(unreadable(error)))?;
    Ok(found.into_iter().map(|(segment, named)| (Segment(segment), named != 0)).collect())
}

/// Was it last written to long ago?
fn settled(store: &SqliteStore, segment: Segment, now: Timestamp) -> bool {
    let written = std::fs::metadata(store.bodies.file(segment)).and_then(|file| file.modified());
    let written = written.ok().and_then(|written| Timestamp::try_from(written).ok());
    written.is_some_and(|written| now.duration_since(written) >= SETTLED)
}
