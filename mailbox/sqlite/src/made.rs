//! A database that is made: it gets its name once it is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fumibako_store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::open::{MIGRATIONS, about, cannot_migrate, cannot_open, private_file};

/// Makes the database where there is none. Under another name nothing of it has to be synced before its end, which would cost
/// a new store some fifty turns of the disk.
///
/// | a crash after step     | the next start finds                 |
/// |------------------------|--------------------------------------|
/// | 1 all rows written     | a file of another name; it goes      |
/// | 2 the file synced      | the same                             |
/// | 3 renamed              | the same, or the database, whole     |
///
/// The caller syncs the folder.
pub(crate) async fn make(file: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(file) {
        Ok(known) if known.is_file() && known.len() == 0 => {}
        // A link is the operator's: where it leads, SQLite says.
        Ok(_) => return Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(about(file)(why)),
    }
    let new = beside(file, ".new");
    // What a start that was cut short left of it, and the logs of a database that is gone: SQLite takes none either for an empty file.
    let logs = [&new, file].into_iter().flat_map(|file| ["-wal", "-shm", "-journal"].map(|log| beside(file, log)));
    for left in logs.chain([new.clone()]) {
        gone(&left).map_err(about(&left))?;
    }
    private_file(&new).map_err(about(file))?;
    let options = SqliteConnectOptions::new()
        .filename(&new)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(true)
        .disable_statement_logging();
    let mut rows = options.connect().await.map_err(|why| cannot_open(file, why))?;
    MIGRATIONS.run(&mut rows).await.map_err(|why| cannot_migrate(file, why))?; // 1
    rows.close().await.map_err(|why| cannot_open(file, why))?;
    let named = File::open(&new).and_then(|rows| rows.sync_all()).and_then(|()| fs::rename(&new, file)); // 2, 3
    named.map_err(about(file))
}

/// A file whose name is this one's and more.
fn beside(file: &Path, more: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(more);
    name.into()
}

fn gone(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}
