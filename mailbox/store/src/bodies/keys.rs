//! The keys of the days, on the disk and in memory.
//!
//! `keys/ring` holds them, sealed under `keys/root-<id>.key`, whose id it names. Erasing a day writes the ring anew
//! without it, under a fresh root, and then destroys the old root: no copy of an old ring opens any more.
//!
//! Never here: a key in a database or a log, a key that is used before it is durable, a destroyed key that comes back.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::day::Day;
use super::disk::{names, private_file, private_folder, sync_file, sync_folder, unlink};
use super::error::{BodyError, io_error};
use super::ring::{DayKey, RING_BYTES, Ring, Root, RootId, random_key};

const RING: &str = "ring";
/// The next ring, before it takes the name.
const RING_NEW: &str = "ring.new";
const ROOT_PREFIX: &str = "root-";
const ROOT_SUFFIX: &str = ".key";

pub(super) struct Keys {
    folder: PathBuf,
    /// As it is on the disk. Nobody who reads waits for the disk.
    state: RwLock<State>,
    /// One change at a time.
    changing: Mutex<()>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keys").field(&self.folder).finish()
    }
}

#[derive(Clone)]
struct State {
    root: Arc<Root>,
    ring: Arc<Ring>,
}

impl Keys {
    /// Opens the ring, or makes the first one where there are no bodies yet. What a crash left behind is destroyed,
    /// once it is certain that the ring does not need it.
    pub(super) fn open(folder: PathBuf, bodies: bool) -> Result<Self, BodyError> {
        private_folder(&folder)?;
        let ring = folder.join(RING);
        let state = match read(&ring, RING_BYTES)? {
            Some(sealed) => unlock(&folder, &ring, &sealed)?,
            None if bodies => return Err(no_ring(ring)),
            None => first(&folder)?,
        };
        let keys = Self { folder, state: RwLock::new(state), changing: Mutex::default() };
        keys.clear()?;
        Ok(keys)
    }

    /// Opens a ring that is there, and changes nothing.
    pub(super) fn look(folder: PathBuf) -> Result<Self, BodyError> {
        let ring = folder.join(RING);
        let sealed = read(&ring, RING_BYTES)?.ok_or_else(|| no_ring(ring.clone()))?;
        let state = unlock(&folder, &ring, &sealed)?;
        Ok(Self { folder, state: RwLock::new(state), changing: Mutex::default() })
    }

    /// The key of a day that has one.
    pub(super) fn get(&self, day: Day) -> Result<Arc<DayKey>, BodyError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match state.ring.keys.get(&day) {
            Some(key) => Ok(Arc::clone(key)),
            None if state.ring.erased.contains(&day) => Err(BodyError::Erased(day)),
            None => Err(BodyError::KeyLost { path: self.folder.join(RING), day }),
        }
    }

    /// The key of a day, made if it is new: then it is durable before this returns. Holds leave room for the keys of days.
    pub(super) fn get_or_make(&self, day: Day) -> Result<Arc<DayKey>, BodyError> {
        let has_none = |found: &Result<_, BodyError>| matches!(found, Err(BodyError::KeyLost { .. }));
        let found = self.get(day);
        if !has_none(&found) {
            return found;
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.get(day);
        if !has_none(&found) {
            return found; // another thread was faster
        }
        let State { root, ring } = self.now();
        if day.is_hold() && !ring.has_room_for_a_hold() {
            return Err(BodyError::TooManyHolds(self.holds().len()));
        }
        let (mut ring, key) = (Ring::clone(&ring), Arc::new(random_key()?));
        ring.keys.insert(day, Arc::clone(&key));
        self.replace(&ring, &root)?;
        self.set(State { root, ring: Arc::new(ring) });
        Ok(key)
    }

    pub(super) fn days(&self) -> Vec<Day> {
        self.now().ring.keys.keys().copied().filter(|day| !day.is_hold()).collect()
    }

    /// The legal holds that have a key.
    pub(super) fn holds(&self) -> Vec<Day> {
        self.now().ring.keys.keys().copied().filter(|day| day.is_hold()).collect()
    }

    pub(super) fn erased(&self) -> Vec<Day> {
        self.now().ring.erased.iter().copied().collect()
    }

    /// Writes this ring and its root into another folder; the ring last, without which the folder is none of keys.
    pub(super) fn copy(&self, folder: &Path) -> Result<(), BodyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let State { root, ring } = self.now();
        write_root(folder, &root)?;
        write_new(&folder.join(RING), &ring.seal(&root)?)?;
        sync_folder(folder)
    }

    fn now(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Destroys the key of a day.
    ///
    /// | a crash after step     | finds on restart                     | the key      |
    /// |------------------------|--------------------------------------|--------------|
    /// | 1 new root synced      | the old ring, a root it does not need| is still there; erase again |
    /// | 2 new ring renamed     | either ring, and the root of each    | is there as long as the old root is |
    /// | 3 names synced         | the new ring, the old root           | goes when the leftover is destroyed on opening |
    /// | 4 old root zeroed      | the new ring, a file of zeros        | is gone      |
    pub(super) fn erase(&self, day: Day) -> Result<(), BodyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.now();
        if old.ring.erased.contains(&day) {
            return self.clear(); // the last time may have failed before the old root was gone
        }
        let mut ring = Ring::clone(&old.ring);
        if ring.keys.remove(&day).is_none() {
            return Ok(());
        }
        ring.erased.insert(day);
        let root = Root::random()?;
        write_root(&self.folder, &root)?; // 1
        if let Err(error) = self.replace(&ring, &root) {
            // The name may or may not have changed: only a restart may say which root is the leftover.
            if !matches!(error, BodyError::Unsynced { .. }) {
                let _ = destroy(&root_file(&self.folder, root.id));
            }
            return Err(error);
        }
        self.set(State { root: Arc::new(root), ring: Arc::new(ring) });
        destroy(&root_file(&self.folder, old.root.id))?; // 4
        sync_folder(&self.folder)
    }

    /// Puts a ring in the place of the one on the disk. After an error other than `Unsynced` the old one stands.
    fn replace(&self, ring: &Ring, root: &Root) -> Result<(), BodyError> {
        // What is written must be read again.
        if ring.octets_sealed() > RING_BYTES {
            return Err(BodyError::RingFull(self.folder.join(RING)));
        }
        let next = self.folder.join(RING_NEW);
        unlink(&next)?;
        write_new(&next, &ring.seal(root)?)?;
        fs::rename(&next, self.folder.join(RING)).map_err(io_error(&next, "renamed"))?; // 2
        sync_folder(&self.folder) // 3
    }

    /// Destroys what a crash left: a ring that never took its name, roots that open nothing any more.
    fn clear(&self) -> Result<(), BodyError> {
        // What the last process renamed may not be durable yet, and the old root must not go before it is.
        sync_folder(&self.folder)?;
        let own = root_name(self.now().root.id);
        for name in names(&self.folder)? {
            let path = self.folder.join(&name);
            if name == RING_NEW {
                unlink(&path)?;
            } else if name.starts_with(ROOT_PREFIX) && name.ends_with(ROOT_SUFFIX) && name != own {
                destroy(&path)?;
            }
        }
        sync_folder(&self.folder)
    }
}

/// The first root and an empty ring.
fn first(folder: &Path) -> Result<State, BodyError> {
    let state = State { root: Arc::new(Root::random()?), ring: Arc::default() };
    write_root(folder, &state.root)?;
    let next = folder.join(RING_NEW);
    unlink(&next)?;
    write_new(&next, &state.ring.seal(&state.root)?)?;
    fs::rename(&next, folder.join(RING)).map_err(io_error(&next, "renamed"))?;
    sync_folder(folder)?;
    Ok(state)
}

fn unlock(folder: &Path, path: &Path, sealed: &[u8]) -> Result<State, BodyError> {
    let damaged = |problem| BodyError::Keys { path: path.to_owned(), problem, remedy: NO_REMEDY };
    let id = Ring::root(sealed).ok_or_else(|| damaged("this is no key ring"))?;
    let file = root_file(folder, id);
    let lost = |problem| BodyError::Keys { path: file.clone(), problem, remedy: NO_REMEDY };
    let key = read(&file, 64)?.ok_or_else(|| lost("the root key that opens the key ring is missing"))?;
    let key: [u8; 32] = key[..].try_into().map_err(|_| lost("a root key has 32 octets, this file has not"))?;
    let root = Root { id, key: Zeroizing::new(key) };
    let ring = Ring::open(sealed, &root).ok_or_else(|| damaged("its root key does not open it, or it is damaged"))?;
    Ok(State { root: Arc::new(root), ring: Arc::new(ring) })
}

const NO_REMEDY: &str = "without one no body can be read: then move the folders of the bodies and of the keys away, \
    and what comes from now on is kept anew";

fn no_ring(path: PathBuf) -> BodyError {
    BodyError::Keys { path, problem: "the key ring is missing, and there are bodies that need it", remedy: NO_REMEDY }
}

fn root_name(RootId(id): RootId) -> String {
    let id = u64::from_be_bytes(id);
    format!("{ROOT_PREFIX}{id:016x}{ROOT_SUFFIX}")
}

fn root_file(folder: &Path, id: RootId) -> PathBuf {
    folder.join(root_name(id))
}

/// A root counts once its name is synced too.
fn write_root(folder: &Path, root: &Root) -> Result<(), BodyError> {
    write_new(&root_file(folder, root.id), &root.key[..])?;
    sync_folder(folder)
}

/// A new file with this content, synced; after an error there is no such file.
fn write_new(path: &Path, content: &[u8]) -> Result<(), BodyError> {
    let mut file = private_file(path)?;
    let written = file.write_all(content).map_err(io_error(path, "written"));
    let written = written.and_then(|()| sync_file(&file, path));
    if written.is_err() {
        let _ = unlink(path);
    }
    written
}

/// The content of a file of at most so many octets; `None` if there is no such file.
fn read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, BodyError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io_error(path, "read"))?,
    };
    let mut content = Zeroizing::new(Vec::new());
    let read = file.take(limit + 1).read_to_end(&mut content).map_err(io_error(path, "read"))?;
    if read as u64 > limit {
        return Err(BodyError::Keys { path: path.to_owned(), problem: "it is too long to be ours", remedy: NO_REMEDY });
    }
    Ok(Some(content))
}

/// Writes zeros over a root key and unlinks it. The caller syncs the folder.
fn destroy(path: &Path) -> Result<(), BodyError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(io_error(path, "erased"))?,
    };
    file.write_all(&[0; 32]).map_err(io_error(path, "erased"))?;
    sync_file(&file, path)?;
    unlink(path)
}

#[cfg(test)]
mod tests;
