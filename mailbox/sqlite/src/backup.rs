//! A copy of the whole store while it runs (Profile §11.9): first the rows at one moment, then the bodies they name, then a list of it all.
//!
//! Never here: a key, unless a folder for keys is named; a copy without its list that counts as whole.

mod files;
mod restore;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fumibako_store::bodies::{Day, Segment};
use fumibako_store::{BackedUp, Restored, StoreError, Verified};
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::error::{ended, store_error};
use crate::open::DATABASE_FILE;
use crate::store::SqliteStore;
use files::{Listed, Manifest, copy, digest, empty_folder, folder_of, sync};

use restore::{restore, verify};

impl SqliteStore {
    /// Is a copy made by [`Store::back_up`](fumibako_store::Store::back_up) whole? With the keys it is looked through, too.
    pub async fn verify_backup(folder: &Path, keys: Option<&Path>) -> Result<Verified, StoreError> {
        verify(folder, keys).await
    }

    /// Makes a copy a store again, in a folder that is new or empty.
    pub async fn restore(folder: &Path, keys: &Path, to: &Path, now: Timestamp) -> Result<Restored, StoreError> {
        restore(folder, keys, to, now).await
    }
}

/// Copies the store into `to`, which is made or empty, and its keys into `keys`.
///
/// | a crash         | leaves                                                         |
/// |-----------------|----------------------------------------------------------------|
/// | before the list | a folder that `verify` and `restore` refuse: no list           |
/// | after it        | the copy                                                       |
pub(crate) async fn create(
    store: &SqliteStore,
    to: PathBuf,
    keys: Option<PathBuf>,
    now: Timestamp,
) -> Result<BackedUp, StoreError> {
    // Profile §11.9: nothing expires meanwhile, so every body that the rows name is still there.
    let _nothing_expires = store.expiring.lock().await;
    let also = to.clone();
    on_thread(move || empty_folder(&also)).await?;
    let rows = to.join(DATABASE_FILE);
    copy_rows(store, &rows).await?;
    let segments = named(&rows).await?;
    let bodies = store.bodies.clone();
    on_thread(move || {
        let mut done = BackedUp::default();
        let mut listed = vec![digest(&to, &rows)?];
        sync(&rows)?;
        for segment in segments {
            let from = bodies.file(segment);
            if !from.exists() {
                // Of a day that was erased, its file may be gone before its rows are.
                if !bodies.erased().contains(&segment.day()) {
                    done.missing.push(from.display().to_string());
                }
                continue;
            }
            listed.push(copy(&from, &to, &folder_of(segment))?);
        }
        if let Some(keys) = keys {
            empty_folder(&keys)?;
            // That the other medium cannot be synced says nothing of the store.
            bodies.copy_keys(&keys).map_err(|error| match StoreError::from(error) {
                StoreError::Broken(why) => StoreError::Failed(why),
                other => other,
            })?;
        }
        done.files = listed.len() as u64;
        done.bytes = listed.iter().map(|file| file.bytes).sum();
        Manifest { v: files::VERSION, made: now, files: listed }.write(&to)?;
        Ok(done)
    })
    .await
}

/// The rows at one moment, in a new database without free pages.
async fn copy_rows(store: &SqliteStore, to: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::clone(&store.readers.connect_options()).pragma("query_only", "OFF");
    let mut connection = options.connect().await.map_err(store_error)?;
    let target = to.to_str().ok_or_else(|| {
        StoreError::Failed(format!(
            "{0}: 名前が UTF-8 ではありません。別の名前にしてください / {0}: the name is no UTF-8",
            to.display()
        ))
    })?;
    let copied = sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await;
    let _ = connection.close().await;
    copied.map_err(|error| match store_error(error) {
        StoreError::Full(why) => StoreError::Full(format!("{}: {why}", to.display())),
        other => StoreError::Failed(format!("{0} に書き込めません / {0} could not be written: {other}", to.display())),
    })?;
    files::private(to)
}

/// The segments that hold bodies which these rows need.
async fn named(rows: &Path) -> Result<BTreeSet<Segment>, StoreError> {
    let mut connection = look_at(rows).await?;
    let found = sqlx::query_scalar!(
        r#"SELECT DISTINCT segment AS "segment!: i64" FROM message WHERE stored > 0
           UNION SELECT segment FROM hold WHERE released_at IS NULL"#
    )
    .fetch_all(&mut connection)
    .await
    .map_err(store_error)?;
    let _ = connection.close().await;
    Ok(found.into_iter().map(Segment).collect())
}

/// Opens the rows of a copy; nothing is written beside them.
async fn look_at(rows: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(rows).read_only(true).immutable(true);
    let opened = options.disable_statement_logging().connect().await;
    opened.map_err(|error| {
        StoreError::Failed(format!("{0} をデータベースとして開けません / {0}: {error}", rows.display()))
    })
}

/// The work waits for the disk.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(ended)?
}

/// The day a listed file belongs to, if it is a segment.
fn day_of(file: &Listed) -> Option<Day> {
    let mut parts = Path::new(&file.path).components();
    let (first, day) = (parts.next()?, parts.next()?);
    if first.as_os_str() == "bodies" { Day::named(day.as_os_str().to_str()?) } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
mod tests;
