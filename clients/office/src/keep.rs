//! What the office's program keeps for itself between two runs, encrypted: letters that are being written, and their files.
//!
//! Records have names and are written whole. Each is sealed with AES-256-GCM under one key of this folder, and that key is
//! encrypted to the office's own certificate: who cannot read the office's mail cannot read its drafts either, and no further
//! secret has to be kept. A record is bound to its name, so that none can be put in the place of another.
//!
//! | a crash after step  | finds on restart                                      |
//! |---------------------|-------------------------------------------------------|
//! | 1 written aside     | the record as it was before; half a file, swept       |
//! | 2 renamed, synced   | the record as it was written                          |

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use fumibako_signer::{Certificate, Enveloped, Identity, SealError, encrypt};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::disk;
use crate::partners::{CIPHER, own_reader};
use crate::random;
use crate::settings::{Settings, read_small};
use crate::trouble::{NotKept, Trouble};

/// How a record begins: the version of its form.
const MARK: &[u8; 4] = b"FBK1";
/// The key that seals the records, encrypted to the office's certificate.
const KEY: &str = "key.p7m";
/// Held by the one run that writes here.
const LOCK: &str = "lock";
/// How the files of records end.
const ENDING: &str = ".kept";
/// A run that is just ending lets go of the folder within so many tries.
const TRIES: u32 = 20;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(50);

/// Profile §15.6: the records of one office. Holding it keeps every other run of this program out.
pub(crate) struct Keep {
    folder: PathBuf,
    key: RandomizedNonceKey,
    _lock: File,
}

impl Keep {
    /// Opens what is kept in a data folder, or begins it, and clears what a crash left half-written.
    pub(crate) fn open(settings: &Settings, now: Timestamp) -> Result<Self, Trouble> {
        let folder = settings.data_folder.join("kept");
        disk::private_folder(&folder).map_err(Trouble::writing(&folder))?;
        let lock = lock(&folder.join(LOCK)).ok_or_else(|| Trouble::Busy(settings.data_folder.clone()))?;
        disk::sweep(&folder).map_err(Trouble::writing(&folder))?;
        let key = secret(&folder.join(KEY), &settings.reading_keys()?, now)?;
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| Trouble::Kept(folder.join(KEY), NotKept::Key))?;
        Ok(Self { folder, key, _lock: lock })
    }

    /// Writes a record. After `Ok` it is there whatever happens; before that the one it replaces is.
    pub(crate) fn write(&self, name: &str, clear: &[u8]) -> Result<(), Trouble> {
        let path = self.place(name);
        let mut sealed = Vec::with_capacity(clear.len() + 32);
        sealed.extend_from_slice(clear);
        let nonce = self.key.seal_in_place_append_tag(Aad::from(name), &mut sealed);
        let nonce = nonce.map_err(|_| Trouble::Kept(path.clone(), NotKept::Damaged))?;
        disk::replace(&path, &[MARK, &nonce.as_ref()[..], &sealed].concat()).map_err(Trouble::writing(&path))
    }

    /// Reads a record; `None`: there is none of that name.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
        let path = self.place(name);
        let octets = match fs::read(&path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            octets => octets.map_err(Trouble::reading(&path))?,
        };
        match self.unsealed(name, &octets) {
            Some(clear) => Ok(Some(clear)),
            None => Err(Trouble::Kept(path, NotKept::Damaged)),
        }
    }

    fn unsealed(&self, name: &str, octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = octets.strip_prefix(MARK)?.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut clear = Zeroizing::new(sealed.to_vec());
        let bytes = self.key.open_in_place(nonce, Aad::from(name), &mut clear).ok()?.len();
        clear.truncate(bytes);
        Some(clear)
    }

    /// Removes a record; one that is gone already is no error.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Trouble> {
        let path = self.place(name);
        disk::remove(&path).map_err(Trouble::writing(&path))
    }

    /// The names of all records.
    pub(crate) fn names(&self) -> Result<Vec<String>, Trouble> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(Trouble::reading(&self.folder))? {
            let file = entry.map_err(Trouble::reading(&self.folder))?.file_name();
            names.extend(file.to_string_lossy().strip_suffix(ENDING).map(str::to_owned));
        }
        Ok(names)
    }

    /// Where a record stands.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{ENDING}"))
    }
}

/// A lock that lasts as long as the file, waited for a moment.
pub(crate) fn lock(place: &Path) -> Option<File> {
    let file = File::options().create(true).append(true).open(place).ok()?;
    for _ in 0..TRIES {
        if file.try_lock().is_ok() {
            return Some(file);
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// The key of the records. It is made once; when the office has a new certificate, it is encrypted to that one, too.
fn secret(place: &Path, ours: &[Identity], now: Timestamp) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    if !place.exists() {
        let key = Zeroizing::new(random::key().to_vec());
        wrap(place, &key, ours, now)?;
        return Ok(key);
    }
    let wrapped =
        Enveloped::read(&read_small(place)?).map_err(|_| Trouble::Kept(place.to_owned(), NotKept::Damaged))?;
    let current = reader(ours, now).is_none_or(|certificate| wrapped.is_for(&certificate, now));
    let key = wrapped.decrypt(ours).map_err(|_| Trouble::Kept(place.to_owned(), NotKept::Key))?;
    if !current {
        wrap(place, &key, ours, now)?;
    }
    Ok(key)
}

/// The certificate in use, if it may receive; one for signing alone has another beside it.
fn reader(ours: &[Identity], now: Timestamp) -> Option<Certificate> {
    let in_use = ours.first().map(|identity| identity.certificate().clone());
    let receives = |certificate: &Certificate| encrypt(b"", std::slice::from_ref(certificate), CIPHER).is_ok();
    in_use.filter(receives).or_else(|| own_reader(ours, now))
}

fn wrap(place: &Path, key: &[u8], ours: &[Identity], now: Timestamp) -> Result<(), Trouble> {
    let readers: Vec<_> = reader(ours, now).into_iter().collect();
    let wrapped = encrypt(key, &readers, CIPHER).map_err(|why| Trouble::Seal(SealError::Encrypt(why)))?;
    disk::replace(place, &wrapped).map_err(Trouble::writing(place))
}

impl std::fmt::Debug for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "records in {}", self.folder.display())
    }
}

#[cfg(test)]
mod tests;
