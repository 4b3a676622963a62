//! Opening a store: its folder, its lock, its database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use fumibako_model::Domain;
use fumibako_store::bodies::{Bodies, Segment};
use fumibako_store::{News, SealKey, StoreError};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::checkpoint::Checkpoints;
use crate::disk::Disk;
use crate::error::store_error;
use crate::gather::{BATCH_COMMANDS, Gatherer};
use crate::given;
use crate::hold;
use crate::inspect;
use crate::made;
use crate::queue::queue;
use crate::roll;
use crate::seal;
use crate::shape;
use crate::store::SqliteStore;
use crate::writer::Writer;

/// The database's file in the store's folder.
pub const DATABASE_FILE: &str = "store.sqlite3";
/// SQLite's log beside it.
const LOG_FILE: &str = "store.sqlite3-wal";
/// The file whose lock says that a process has the store open. SQLite's own locks are not enough: they let a second
/// writer in between two transactions.
pub const LOCK_FILE: &str = "store.lock";

/// Before it, SQLite could lose what two connections wrote around a reset of the log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Connections that read.
const READERS: u32 = 4;
/// How long one connection waits for another's lock on the database.
const BUSY: Duration = Duration::from_secs(5);
/// Pages of the log after which a commit itself moves them into the database (64 MB), if the task beside it came too late.
const CHECKPOINT_PAGES: &str = "16384";
/// What is left of the log's file after that, in bytes; room for more is never used.
pub const LOG_BYTES: u64 = 66 << 20;
/// Memory for pages, in KiB, as SQLite writes it.
const WRITER_CACHE: &str = "-65536";
const READER_CACHE: &str = "-16384";

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

/// Opens the store in `folder` and starts its writer. A process that stays gives the log room first.
pub(crate) async fn open(
    folder: &Path,
    domain: Domain,
    (room, key): (u64, Option<SealKey>),
) -> Result<SqliteStore, StoreError> {
    let (writer, readers, bodies) = prepare(folder, domain).await?;
    if room > 0 {
        lengthen(folder.join(LOG_FILE), room.min(LOG_BYTES)).await?;
    }
    let (ask, asked) = mpsc::channel(BATCH_COMMANDS);
    let (roll, news) = (Arc::clone(&writer.roll), Arc::clone(&writer.news));
    let (rows, batches) = queue();
    let (ended, writer_ended) = oneshot::channel();
    // On a thread of its own: on the runtime's, every answer of the database would wait behind those who ask.
    let (runtime, given) = (Handle::current(), Arc::<given::Given>::default());
    let told = Arc::clone(&given);
    let thread = std::thread::Builder::new().name("fumibako-rows".into()).spawn(move || {
        runtime.block_on(given::within(told, seal::within(key, writer.run(batches))));
        drop(ended);
    });
    thread.map_err(|error| StoreError::Busy(format!("no thread for the store: {error}")))?;
    let gatherer = Gatherer { appender: bodies.appender(), rows, writer: writer_ended };
    let thread = std::thread::Builder::new().name("fumibako-store".into()).spawn(move || gatherer.run(asked));
    thread.map_err(|error| StoreError::Busy(format!("no thread for the store: {error}")))?;
    let (expiring, touching) = (Arc::default(), Arc::default());
    Ok(SqliteStore {
        ask,
        readers,
        roll,
        index: Arc::default(),
        news,
        bodies,
        disk: Disk::new(),
        heads: Arc::default(),
        views: Arc::default(),
        expiring,
        undone: Arc::default(),
        unreadable: Arc::default(),
        touching,
        given,
    })
}

/// Makes what is missing. Every step is safe to repeat after a crash at any of them.
pub(crate) async fn prepare(folder: &Path, domain: Domain) -> Result<(Writer, SqlitePool, Bodies), StoreError> {
    let file = folder.join(DATABASE_FILE);
    let lock = locked(folder)?;
    made::make(&file).await?;
    named(folder, &file)?;
    let mut connection = writer(&file).connect().await.map_err(|error| cannot_open(&file, error))?;
    new_enough(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await.map_err(|error| cannot_migrate(&file, error))?;
    shape::tell(&mut connection).await?;
    let bodies = Bodies::open(folder)?;
    set_unnamed_aside(&mut connection, &bodies).await?;
    hold::part(&mut connection, &bodies).await?;
    let roll = roll::load(&mut connection, &domain).await.map_err(|error| cannot_open(&file, error))?;
    let readers = readers(&file).await.map_err(|error| cannot_open(&file, error))?;
    let (roll, news) = (Arc::new(RwLock::new(Arc::new(roll))), Arc::new(News::default()));
    let checkpoints = writer(&file).connect().await.map_err(|error| cannot_open(&file, error))?;
    let checkpoints = Checkpoints::begin(checkpoints);
    Ok((Writer { connection, domain, roll, news, checkpoints, lock }, readers, bodies))
}

/// Gives the log this length before the writer begins, by zeros: SQLite takes a frame for page 0 for the end. Commits then
/// write over what is there, as they do once the log has been used to its end: a file that grows costs each of them new pages
/// and blocks. Without the room for it, it grows as it needs to; a disk that does not sync is not written on.
async fn lengthen(log: PathBuf, room: u64) -> Result<(), StoreError> {
    let name = log.display().to_string();
    let lengthened = tokio::task::spawn_blocking(move || {
        let mut file = OpenOptions::new().write(true).open(log)?;
        let end = file.seek(SeekFrom::End(0))?;
        let zeros = vec![0; 1 << 20];
        let piece = |at: u64| &zeros[..zeros.len().min(usize::try_from(room - at).unwrap_or(usize::MAX))];
        let mut pieces = (end..room).step_by(zeros.len()).map(piece);
        if let Err(error) = pieces.try_for_each(|piece| file.write_all(piece)) {
            tracing::warn!(%error, "store.log");
            file.set_len(end)?;
        }
        file.sync_data()
    });
    let broken = |why: &dyn std::fmt::Display| {
        StoreError::Broken(format!(
            "{name} を広げられません。ディスクの空きを確かめてください / {name} cannot be lengthened: {why}"
        ))
    };
    lengthened.await.map_err(|why| broken(&why))?.map_err(|why| broken(&why))
}

/// Segments that no row names hold bodies whose commit never came, or, should the rows be lost or older than they were, mail
/// that was promised: they are moved aside, not destroyed. Copies of holds that never counted or have ended are destroyed.
async fn set_unnamed_aside(connection: &mut SqliteConnection, bodies: &Bodies) -> Result<(), StoreError> {
    let segments: Vec<i64> = bodies.segments()?.into_iter().map(|(segment, _)| segment.0).collect();
    let unnamed = inspect::unnamed(&mut *connection, &segments).await.map_err(store_error)?;
    let unnamed = unnamed.into_iter().map(Segment).collect();
    for segment in hold::end_unnamed(connection, bodies, unnamed).await? {
        tracing::warn!(%segment, "store.unnamed");
        bodies.set_aside(segment)?;
    }
    Ok(())
}

/// The lock on a folder. It is given back by word and not by closing: what this process forked a moment ago to start a program has the
/// file open, too, until its exec closes it, and would hold the folder so long.
pub(crate) struct Lock(pub(crate) File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing gives it back at the latest.
        let _ = self.0.unlock();
    }
}

/// Why a file cannot be had.
pub(crate) fn about(what: &Path) -> impl Fn(io::Error) -> StoreError {
    let what = what.display().to_string();
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::Full(format!("{what} を書く空きがありません / {what}: {error}"))
        }
        _ => StoreError::Broken(format!(
            "{what} に書き込めません。持ち主と権限を確かめてください / {what} cannot be opened for writing: {error}"
        )),
    }
}

/// The folder (0700) and its lock.
fn locked(folder: &Path) -> Result<Lock, StoreError> {
    if !folder.is_dir() {
        private_folder(folder).map_err(about(folder))?;
    }
    let lock_file = folder.join(LOCK_FILE);
    let lock = private_file(&lock_file).map_err(about(&lock_file))?;
    match lock.try_lock() {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => {
            let folder = folder.display();
            Err(StoreError::Busy(format!(
                "{folder} は別のプログラムが使っています / {folder} is open in another process; only one may write it"
            )))
        }
        Err(TryLockError::Error(error)) => Err(about(&lock_file)(error)),
    }
}

/// The database's file (0600: the log beside it takes the same mode), and the names of all.
fn named(folder: &Path, file: &Path) -> Result<(), StoreError> {
    private_file(file).map_err(about(file))?;
    // The names must survive a power cut before anything they hold is promised.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(about(folder))
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match folder.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(unix)]
pub(crate) fn private_file(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)?;
    opened.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(opened)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
pub(crate) fn private_file(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file)
}

fn writer(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_BYTES.to_string())
        // What an office removes is overwritten, not only unlinked from its table.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

async fn readers(file: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(BUSY)
        .pragma("cache_size", READER_CACHE)
        .pragma("query_only", "ON")
        .disable_statement_logging();
    // All of them now and for good: a reader that opens later could find no file descriptor left.
    let pool = SqlitePoolOptions::new()
        .min_connections(READERS)
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    let mut opened = Vec::new();
    for _ in 0..READERS {
        opened.push(pool.acquire().await?);
    }
    drop(opened);
    Ok(pool)
}

async fn new_enough(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version = sqlx::query_scalar!(r#"SELECT sqlite_version() AS "version!: String""#)
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) >= OLDEST_SQLITE {
        return Ok(());
    }
    let (major, minor, patch) = OLDEST_SQLITE;
    Err(StoreError::Broken(format!(
        "SQLite {major}.{minor}.{patch} 以降が要ります（いまは {version}） / SQLite {version} is linked; {major}.{minor}.{patch} or newer is needed"
    )))
}

/// Rows of a newer version are not judged by an older one.
pub(crate) async fn check_version(pool: &SqlitePool, file: &Path) -> Result<(), StoreError> {
    let broken = |error| cannot_open(file, error);
    let found: i64 =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(pool).await.map_err(broken)?;
    if MIGRATIONS.iter().any(|known| known.version >= found) {
        return Ok(());
    }
    Err(cannot_migrate(file, MigrateError::VersionMissing(found)))
}

pub(crate) fn cannot_open(file: &Path, error: sqlx::Error) -> StoreError {
    let file = file.display();
    match store_error(error) {
        StoreError::Busy(why) => StoreError::Busy(format!("{file}: {why}")),
        StoreError::Full(why) => StoreError::Full(format!("{file}: {why}")),
        StoreError::Broken(why) => StoreError::Broken(format!("{file} を開けません / {file} cannot be opened: {why}")),
        other => other,
    }
}

pub(crate) fn cannot_migrate(file: &Path, error: MigrateError) -> StoreError {
    let name = file.display();
    match error {
        MigrateError::VersionMissing(version) => StoreError::Broken(format!(
            "{name} は、より新しい Fumibako が書いたものです。そのプログラムを起動するか、それより前の控えから戻してください / \
             {name} was written by a newer Fumibako (its rows are of version {version}); start that one, or restore \
             a backup made before it"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Broken(format!(
            "{name} は、別の Fumibako が書いたものです。そのプログラムで開いてください / \
             {name} was written by another Fumibako: its rows of version {version} are of a different shape"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => cannot_open(file, error),
        error => StoreError::Broken(format!("{name}: {error}")),
    }
}
