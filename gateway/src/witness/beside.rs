//! What lies beside the evidence key, outside the store: the last head that was signed of the log and of the audit, what `backup restore`
//! signed, and heads that the log lost its end under (Profile §8.20, §16.2). A file that cannot be read is not one that is not there: whoever is to believe what it says stops.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fumibako_model::log::Head;
use fumibako_signer::enclosed;
use fumibako_store::StoreError;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// The last head that was signed.
const LAST_HEAD: &str = "last-head.p7m";
/// What `backup restore` signed of the log that it put back.
const RESTORED_HEAD: &str = "restored-head.p7m";
/// The last head of the audit that was signed.
const LAST_ACTS_HEAD: &str = "last-acts-head.p7m";
/// What `backup restore` signed of the audit that it put back.
const RESTORED_ACTS_HEAD: &str = "restored-acts-head.p7m";
/// Most heads of one second that the log lost its end under.
const ASIDE: u32 = 1_000;

/// What heads are called that the log, or the audit, does not continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// Nothing explains it.
    Lost,
    /// The operator knows of it: it is from before a backup that he restored, or he accepted it.
    Known,
    /// The same of the audit.
    KnownOfActs,
}

impl Aside {
    fn begins(self) -> &'static str {
        match self {
            Self::Lost => "lost-head-",
            Self::Known => "earlier-head-",
            Self::KnownOfActs => "earlier-acts-head-",
        }
    }

    /// All of this kind.
    pub(super) fn all(self, file: &Path) -> Result<Vec<Beside>, StoreError> {
        let read = |path: PathBuf| Beside::read(&path).transpose();
        self.files(file)
            .map_err(|why| unreadable(file.parent().unwrap_or(file), &why))?
            .into_iter()
            .filter_map(read)
            .collect()
    }

    fn files(self, file: &Path) -> io::Result<Vec<PathBuf>> {
        let Some(folder) = file.parent() else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // One that a crash left half written is none: its octets are still to be kept.
            if name.starts_with(self.begins()) && entry.path().extension().is_some_and(|kind| kind == "p7m") {
                files.push(entry.path());
            }
        }
        Ok(files)
    }
}

/// The file of the last head.
pub(super) fn last_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(LAST_HEAD)
}

/// The file of what a backup restored.
pub(super) fn restored_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(RESTORED_HEAD)
}

/// The file of the audit's last head.
pub(super) fn last_acts_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(LAST_ACTS_HEAD)
}

/// The file of the audit that a backup restored.
pub(super) fn restored_acts_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(RESTORED_ACTS_HEAD)
}

/// A head that lies beside the key.
pub(super) struct Beside<H = Head> {
    pub(super) octets: Vec<u8>,
    /// What was signed; whose signature it is, is asked by whoever has to know.
    pub(super) head: H,
}

impl<H: DeserializeOwned> Beside<H> {
    /// None: there is no such file.
    pub(super) fn read(file: &Path) -> Result<Option<Self>, StoreError> {
        let octets = match std::fs::read(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|why| unreadable(file, &why))?,
        };
        let inside = enclosed(&octets).map_err(|why| unreadable(file, &why))?.1;
        let head = serde_json::from_slice(&inside).map_err(|why| unreadable(file, &why))?;
        Ok(Some(Self { octets, head }))
    }
}

impl Beside {
    /// Was it signed after the newest head of the log, which the log has as these octets? The longer one is later; of two over the same it says
    /// itself which one it stands after, and where it was signed before heads said that, their moments are asked.
    pub(super) fn stands_after(&self, newest: Option<&Head>, octets: Option<&[u8]>) -> bool {
        let (Some(newest), Some(octets)) = (newest, octets) else { return true };
        match &self.head.before {
            _ if newest.size > self.head.size => false,
            Some(before) => before.sha256 == fumibako_model::hash(octets),
            None => newest.at < self.head.at,
        }
    }
}

/// Believing that nothing was signed would make the gateway sign anew what was.
fn unreadable(what: &Path, why: &dyn std::fmt::Display) -> StoreError {
    let what = what.display();
    StoreError::Failed(format!(
        "鍵の横にある署名の控えを読めません。読めるようにするか、壊れているなら、調べる人のために別のフォルダーへ移してから、起動して evidence verify で確かめてください / \
         what lies beside the evidence key cannot be read: make it readable, or, if it is damaged, move it to another folder for whoever looks into it, \
         then start and see `evidence verify`: {what}: {why}"
    ))
}

/// Another file in its place, whole and for good: what says after a power cut how long the log was must not be shorter than it.
pub(crate) fn put(file: &Path, octets: &[u8]) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = File::create(&beside)?;
    new.write_all(octets)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    // The name is of the folder, and durable with it.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// A head that belongs beside the key, until it lies there.
#[derive(Debug, Default)]
pub(super) struct ToPut {
    octets: Option<Vec<u8>>,
    /// The log of events said that it cannot be written.
    told: bool,
}

impl ToPut {
    pub(super) fn set(&mut self, octets: Vec<u8>) {
        self.octets = Some(octets);
    }

    pub(super) fn waits(&self) -> bool {
        self.octets.is_some()
    }

    /// Puts it there, if it does not lie there yet. A crash before leaves an older one, which is continued; a disk that is full, or a folder
    /// where nothing may be written, is tried again.
    pub(super) async fn put(&mut self, file: PathBuf) {
        let Some(octets) = self.octets.clone() else { return };
        let shown = file.clone();
        let done = tokio::task::spawn_blocking(move || put(&file, &octets));
        match done.await.map_err(io::Error::other).and_then(|done| done) {
            Ok(()) => *self = Self::default(),
            Err(_) if self.told => {}
            Err(why) => {
                self.told = true;
                tracing::warn!(%why, file = %shown.display(), "evidence.last_head");
            }
        }
    }
}

/// It is not there any more.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Does any lie there that the operator does not know of yet?
pub(crate) fn any_lost(identity_file: &Path) -> Result<bool, StoreError> {
    Ok(!Aside::Lost.all(&last_file(identity_file))?.is_empty())
}

/// The operator knows of every head that the log lost its end under, and accepts it: no fault any more, and they stay. How many.
pub(crate) fn known(identity_file: &Path) -> io::Result<u64> {
    let mut known = 0;
    for head in Aside::Lost.files(&last_file(identity_file))? {
        let name = head.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.replacen(Aside::Lost.begins(), Aside::Known.begins(), 1);
        std::fs::rename(&head, head.with_file_name(name))?;
        known += 1;
    }
    Ok(known)
}

/// The head that the log does not continue stays, once, under a name of its own: it proves what was there.
pub(super) fn keep_aside(file: &Path, octets: &[u8], kind: Aside, now: Timestamp) -> Result<(), StoreError> {
    let unread = |why| unreadable(file.parent().unwrap_or(file), &why);
    for kind in [Aside::Lost, Aside::Known, Aside::KnownOfActs] {
        for kept in kind.files(file).map_err(unread)? {
            if std::fs::read(&kept).map_err(unread)? == octets {
                return Ok(());
            }
        }
    }
    let name = |n: u32| file.with_file_name(format!("{}{}-{n}.p7m", kind.begins(), now.as_second()));
    let kept = match (0..ASIDE).map(name).find(|name| !name.exists()) {
        Some(aside) => put(&aside, octets),
        None => Err(io::ErrorKind::AlreadyExists.into()),
    };
    kept.map_err(|why| {
        let folder = file.parent().unwrap_or(file).display();
        StoreError::Failed(format!(
            "ログの続きにならない署名を鍵の横に残せないので、署名を止めています。空きと書き込みの権限を確かめてください / \
             the head that the log does not continue cannot be kept beside the key, and nothing is signed before: see to room and rights: {folder}: {why}"
        ))
    })
}
