//! The last head that was signed, held in memory and beside the key, outside the store: a log that does not continue it has lost its
//! end (Profile §8.20).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fumibako_model::log::{Growth, Head, SetBack};
use fumibako_model::{EvidenceId, Witnesses};
use fumibako_signer::{Identity, enclosed};
use fumibako_store::{LogState, Store, StoreError, hex};
use jiff::Timestamp;

use super::keys::{self, Keys, Signed};

/// Its name, beside the key.
const LAST_HEAD: &str = "last-head.p7m";

/// What the gateway knows of its log and does not read from the rows.
#[derive(Debug)]
pub(crate) struct Witnessing {
    /// Where the log went on from an older state, if it did. Every head from then on says it.
    pub(crate) set_back: Option<SetBack>,
    /// The last piece beside which what a recipient said may be missing (Profile §8.18). Every head says it, and what the first one said
    /// stands.
    pub(crate) words_from: EvidenceId,
    last: Option<Last>,
}

/// The newest head that the log is known to have had.
#[derive(Debug)]
struct Last {
    size: u64,
    root: String,
    /// As it was signed.
    head: Vec<u8>,
}

pub(super) fn file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(LAST_HEAD)
}

/// Did the log lose its end, by a backup that was restored or by a hand in its folder? Asked at the start; from then on every head
/// says it. What no head tells yet is taken from the rows.
pub(crate) async fn begin<S: Store>(
    store: &S,
    identity_file: &Path,
    (own, believed): (&Identity, Witnesses),
    now: Timestamp,
) -> Result<(Witnessing, Keys), StoreError> {
    let LogState { size, head, restored, .. } = store.log_state().await?;
    let file = file(identity_file);
    let beside = std::fs::read(&file).ok();
    let given = beside.as_deref().and_then(read);
    let key = own.certificate().fingerprint_hex();
    let known = || head.iter().chain(&beside).filter_map(|head| Signed::read(head, &believed));
    let words_from = known().filter_map(|one| one.head.words_from).min();
    let told = known().filter(|one| one.key == key).max_by_key(|one| one.head.size).and_then(|one| one.head.former);
    let (words_from, mut former) = match (words_from, told) {
        (Some(words_from), Some(former)) => (words_from, former),
        (words_from, told) => {
            let untold = store.untold().await?;
            let mut all: Vec<_> =
                untold.heads.iter().chain(&beside).filter_map(|head| Signed::read(head, &believed)).collect();
            all.sort_by_key(|one| one.head.size);
            (words_from.unwrap_or(untold.words_from), told.unwrap_or_else(|| keys::before(own, all.into_iter(), now)))
        }
    };
    let lost = match &given {
        Some(given) => !continues(store, size, (given.size, &given.root)).await?,
        None => false,
    };
    let root = root(store, size).await?;
    if lost {
        // What a key signed of the end that is gone is not signed by it again.
        former.iter_mut().filter(|one| one.size > size).for_each(|one| (one.size, one.root) = (size, root.clone()));
    }
    let keys = Keys::new(key, believed, former);
    // What a head says beside the log counts if it was signed here, whoever put it into the rows.
    let newest = head.as_deref().and_then(|head| keys.head(head).ok());
    let said = newest.as_ref().and_then(|(head, _)| head.set_back.clone());
    // As it was signed: whoever changed the hashes since is not believed at the next start either.
    let signed_last = newest.zip(head).map(|((said, _), head)| Last { size: said.size, root: said.root, head });
    let news = restored.filter(|at| said.as_ref().is_none_or(|said| said.at < *at));
    if !lost && news.is_none() {
        return Ok((Witnessing { set_back: said, words_from, last: signed_last }, keys));
    }
    let told: Vec<_> = said.into_iter().chain(given.as_ref().and_then(|given| given.set_back.clone())).collect();
    let lost = given.filter(|_| lost).map(|given| given.size);
    tracing::warn!(size, lost, "evidence.set_back");
    if lost.is_some() {
        keep_aside(&file, if news.is_some() { RESTORED } else { LOST }, now);
    }
    let this = SetBack { size, root, at: news.unwrap_or(now), lost, earlier: Vec::new() };
    Ok((Witnessing { set_back: Some(this.after(told.iter())), words_from, last: signed_last }, keys))
}

impl Witnessing {
    /// Is the newest head the last one that was signed, or one that continues it? If not, the log lost its end under the running
    /// gateway: that is remembered, and every head from now on says it. What stands under a head that was not signed here is never
    /// signed for.
    pub(super) async fn look<S: Store>(
        &mut self,
        store: &S,
        (file, keys): (&Path, &Keys),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let LogState { size, head, .. } = store.log_state().await?;
        let known = |last: &Last| last.size == size && head.as_ref() == Some(&last.head);
        if self.last.as_ref().is_some_and(known) {
            return Ok(());
        }
        if head.as_deref().is_some_and(|head| keys.head(head).map_or(true, |(said, _)| said.size != size)) {
            return Err(StoreError::Failed(
                "the newest head of the log was not signed by this gateway; see `evidence verify`".into(),
            ));
        }
        let Some(last) = &self.last else { return Ok(()) };
        let root = root(store, size).await?;
        if continues(store, size, (last.size, &last.root)).await? {
            self.last = head.map(|head| Last { size, root, head });
            return Ok(());
        }
        let longer = last.size;
        tracing::error!(size, lost = longer, "evidence.set_back");
        keep_aside(file, LOST, now);
        let this = SetBack { size, root: root.clone(), at: now, lost: Some(longer), earlier: Vec::new() };
        self.set_back = Some(this.after(self.set_back.iter()));
        self.last = Some(Last { size, root, head: head.unwrap_or_default() });
        Ok(())
    }

    /// The hashes that new evidence is put to are those that were signed: over others nothing is.
    pub(super) fn goes_on(&self, growth: &Growth) -> Result<(), StoreError> {
        match &self.last {
            Some(last) if last.size == growth.size() && last.root != hex(&growth.root()) => Err(StoreError::Failed(
                "the hashes of the log are not those that were signed; see `evidence verify`".into(),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn signed(&mut self, head: &Head, signed: Vec<u8>) {
        self.last = Some(Last { size: head.size, root: head.root.clone(), head: signed });
    }
}

/// Heads of this gateway beside the key that the log does not continue and no backup explains; how many pieces each had.
pub(crate) async fn lost_heads<S: Store>(
    store: &S,
    identity_file: &Path,
    believed: &Witnesses,
) -> Result<BTreeSet<u64>, StoreError> {
    let LogState { size, .. } = store.log_state().await?;
    let file = file(identity_file);
    let explained: Vec<_> = aside(&file, RESTORED).iter().filter_map(|head| std::fs::read(head).ok()).collect();
    let given = aside(&file, LOST).into_iter().chain([file]).filter_map(|head| std::fs::read(head).ok());
    let mut lost = BTreeSet::new();
    for octets in given.filter(|octets| !explained.contains(octets)) {
        let Some(Signed { head, .. }) = Signed::read(&octets, believed) else { continue };
        if !continues(store, size, (head.size, &head.root)).await? {
            lost.insert(head.size);
        }
    }
    Ok(lost)
}

/// Does the log of this size begin with what was signed?
async fn continues<S: Store>(store: &S, size: u64, (signed, root): (u64, &str)) -> Result<bool, StoreError> {
    if signed == 0 {
        return Ok(true);
    }
    if signed > size {
        return Ok(false);
    }
    Ok(store.continuation(signed, size).await?.is_some_and(|(known, _)| hex(&known) == root))
}

async fn root<S: Store>(store: &S, size: u64) -> Result<String, StoreError> {
    let root = if size == 0 { None } else { store.continuation(size, size).await?.map(|(root, _)| root) };
    Ok(hex(&root.unwrap_or_else(|| Growth::default().root())))
}

/// What was signed; whose signature it is, is asked by whoever has to know.
fn read(head: &[u8]) -> Option<Head> {
    serde_json::from_slice(&enclosed(head).ok()?.1).ok()
}

/// Another file in its place, whole and for good: what says after a power cut how long the log was must not be shorter than it.
pub(super) fn put(file: &Path, octets: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = File::create(&beside)?;
    new.write_all(octets)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    // The name is of the folder, and durable with it.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// What heads are called that the log lost its end under, and those from before a backup that was restored.
const LOST: &str = "lost-head-";
const RESTORED: &str = "earlier-head-";

/// The files beside the key whose names begin so.
fn aside(file: &Path, begins: &str) -> Vec<PathBuf> {
    let entries = file.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    let of_kind = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins));
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(of_kind).collect()
}

/// The head that the log does not continue stays, once, under a name of its own: it proves what was there.
fn keep_aside(file: &Path, begins: &str, now: Timestamp) {
    let Ok(octets) = std::fs::read(file) else { return };
    let known = [LOST, RESTORED].into_iter().flat_map(|begins| aside(file, begins));
    if known.into_iter().any(|head| std::fs::read(head).is_ok_and(|kept| kept == octets)) {
        return;
    }
    let name = |n: u32| file.with_file_name(format!("{begins}{}-{n}.p7m", now.as_second()));
    let Some(aside) = (0..1_000).map(name).find(|name| !name.exists()) else { return };
    if let Err(why) = put(&aside, &octets) {
        tracing::warn!(%why, file = %file.display(), "evidence.last_head");
    }
}
