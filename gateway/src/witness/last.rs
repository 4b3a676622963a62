//! The last head that was signed, held in memory and beside the key, outside the store: a log that does not continue it has lost its
//! end (Profile §8.20). Nothing that whoever edits the rows can write explains that away: what does is signed, and lies beside the key.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fumibako_model::log::{FormerKey, Growth, Head, SetBack};
use fumibako_model::{EvidenceId, Witnesses};
use fumibako_signer::{Identity, enclosed};
use fumibako_store::{LogState, Store, StoreError, hex};
use jiff::Timestamp;

use super::Doubt;
use super::keys::{self, Keys, Signed};

/// Its name, beside the key.
const LAST_HEAD: &str = "last-head.p7m";
/// What `backup restore` signed of the log that it put back.
const RESTORED_HEAD: &str = "restored-head.p7m";

/// What the gateway knows of its log and does not read from the rows.
#[derive(Debug)]
pub(crate) struct Witnessing {
    /// Where the log went on from an older state, if it did. Every head from then on says it.
    pub(crate) set_back: Option<SetBack>,
    /// The last piece beside which what a recipient said may be missing (Profile §8.18). Every head says it, and what the first one said
    /// stands.
    pub(crate) words_from: EvidenceId,
    /// What is not signed before the operator says so.
    pub(crate) doubt: Doubt,
    pub(super) last: Option<Last>,
}

/// The newest head that the log is known to have had.
#[derive(Debug)]
pub(super) struct Last {
    size: u64,
    root: String,
    /// When.
    at: Timestamp,
    /// As it was signed.
    head: Vec<u8>,
}

pub(super) fn restored_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(RESTORED_HEAD)
}

pub(super) fn file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(LAST_HEAD)
}

/// Did the log lose its end, by a backup that was restored or by a hand in its folder? Asked at the start; from then on every head
/// says it. What no head tells yet is taken from the rows. A backup explains it only as `backup restore` signed for it: the log continues
/// what was put back, and nothing was signed since.
pub(crate) async fn begin<S: Store>(
    store: &S,
    identity_file: &Path,
    (own, believed): (&Identity, Witnesses),
    now: Timestamp,
) -> Result<(Witnessing, Keys), StoreError> {
    let LogState { size, head, .. } = store.log_state().await?;
    let file = file(identity_file);
    let given = Beside::read(&file);
    let younger = |one: &Beside| {
        let since = given.as_ref().is_none_or(|given| given.head.at < one.head.at);
        since && Signed::read(&one.octets, &believed).is_some()
    };
    let restored = Beside::read(&restored_file(identity_file)).filter(younger);
    let known: Vec<_> =
        head.iter().chain(given.iter().chain(&restored).map(|one| &one.octets)).map(Vec::as_slice).collect();
    let Told { words_from, mut former } = Told::by(store, own, (&known, &believed), now).await?;
    let [goes_on, explained] =
        [continued(store, size, given.as_ref()).await?, continued(store, size, restored.as_ref()).await?];
    let root = root(store, size).await?;
    if given.is_some() && !goes_on {
        end_at(&mut former, (size, &root));
    }
    let keys = Keys::new(own.certificate().fingerprint_hex(), believed, former);
    // What a head says beside the log counts if it was signed here, whoever put it into the rows.
    let newest = head.as_deref().and_then(|head| keys.head(head).ok()).map(|(said, _)| said);
    let said = newest.as_ref().and_then(|head| head.set_back.clone());
    // As it was signed: whoever changed the hashes since is not believed at the next start either.
    let last = newest.zip(head).map(|(said, head)| Last { size: said.size, root: said.root, at: said.at, head });
    let mut witnessing = Witnessing { set_back: said, words_from, doubt: Doubt::default(), last };
    match (given, restored) {
        (Some(_), _) if goes_on => {}
        (None, None) => witnessing.doubt = Doubt::apart(),
        (given, Some(restored)) if explained => {
            if let Some(gone) = given {
                keep_aside(&file, &gone.octets, RESTORED, now);
            }
            witnessing.doubt = Doubt::before(restored.head.at);
            witnessing.set_back = restored.head.set_back.or(witnessing.set_back);
        }
        (given, restored) => {
            let all: Vec<_> = given.into_iter().chain(restored).collect();
            let longest = all.iter().map(|one| one.head.size).max();
            tracing::error!(size, lost = longest, "evidence.set_back");
            let this = SetBack { size, root, at: now, lost: longest, earlier: Vec::new() };
            let told: Vec<_> =
                all.iter().filter_map(|one| one.head.set_back.clone()).chain(witnessing.set_back).collect();
            witnessing.set_back = Some(this.after(told.iter()));
            for one in all {
                keep_aside(&file, &one.octets, LOST, now);
                witnessing.doubt = Doubt::before(one.head.at);
            }
        }
    }
    Ok((witnessing, keys))
}

/// What heads tell beside the log; of what none of them tells yet, what the rows do.
pub(super) struct Told {
    pub(super) words_from: EvidenceId,
    pub(super) former: Vec<FormerKey>,
}

impl Told {
    /// By the newest head of the log, and those that lie beside the key.
    pub(super) async fn by<S: Store>(
        store: &S,
        own: &Identity,
        (heads, believed): (&[&[u8]], &Witnesses),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let signed = |head: &&[u8]| Signed::read(head, believed);
        let known: Vec<_> = heads.iter().filter_map(signed).collect();
        let key = own.certificate().fingerprint_hex();
        let words_from = known.iter().filter_map(|one| one.head.words_from).min();
        let told = known.iter().filter(|one| one.key == key).max_by_key(|one| one.head.size);
        let told = told.and_then(|one| one.head.former.clone());
        if let (Some(words_from), Some(former)) = (words_from, &told) {
            return Ok(Self { words_from, former: former.clone() });
        }
        let untold = store.untold().await?;
        let mut all: Vec<_> = untold.heads.iter().filter_map(|head| signed(&head.as_slice())).chain(known).collect();
        all.sort_by_key(|one| one.head.size);
        let former = told.unwrap_or_else(|| keys::before(own, all.into_iter(), now));
        Ok(Self { words_from: words_from.unwrap_or(untold.words_from), former })
    }
}

/// What a key signed of an end that is gone is not signed by it again.
pub(super) fn end_at(former: &mut [FormerKey], (size, root): (u64, &str)) {
    former.iter_mut().filter(|one| one.size > size).for_each(|one| (one.size, one.root) = (size, root.to_owned()));
}

/// A head that lies beside the key.
pub(super) struct Beside {
    pub(super) octets: Vec<u8>,
    pub(super) head: Head,
}

impl Beside {
    pub(super) fn read(file: &Path) -> Option<Self> {
        let octets = std::fs::read(file).ok()?;
        Some(Self { head: read(&octets)?, octets })
    }
}

pub(super) async fn continued<S: Store>(store: &S, size: u64, one: Option<&Beside>) -> Result<bool, StoreError> {
    match one {
        Some(one) => continues(store, size, (one.head.size, &one.head.root)).await,
        None => Ok(false),
    }
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
            let at = last.at;
            self.last = head.map(|head| Last { size, root, at, head });
            return Ok(());
        }
        let (longer, at) = (last.size, last.at);
        tracing::error!(size, lost = longer, "evidence.set_back");
        keep_aside(file, &last.head, LOST, now);
        let this = SetBack { size, root: root.clone(), at: now, lost: Some(longer), earlier: Vec::new() };
        self.set_back = Some(this.after(self.set_back.iter()));
        self.doubt = Doubt::before(at);
        self.last = Some(Last { size, root, at, head: head.unwrap_or_default() });
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

    /// What waits may be signed now, and every head says where from. Did anything wait?
    pub(super) async fn accept<S: Store>(&mut self, store: &S, now: Timestamp) -> Result<bool, StoreError> {
        let held = std::mem::take(&mut self.doubt).held().is_some();
        let said = self.set_back.as_ref().is_some_and(|said| self.last.as_ref().is_none_or(|last| said.at > last.at));
        if held && !said {
            let size = store.log_state().await?.size;
            let this = SetBack { size, root: root(store, size).await?, at: now, lost: None, earlier: Vec::new() };
            self.set_back = Some(this.after(self.set_back.iter()));
        }
        Ok(held)
    }

    pub(super) fn signed(&mut self, head: &Head, signed: Vec<u8>) {
        self.last = Some(Last { size: head.size, root: head.root.clone(), at: head.at, head: signed });
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

pub(super) async fn root<S: Store>(store: &S, size: u64) -> Result<String, StoreError> {
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

/// What heads are called that the log lost its end under, and those of which the operator knows: from before a backup that he restored,
/// or accepted.
const LOST: &str = "lost-head-";
const RESTORED: &str = "earlier-head-";

/// The files beside the key whose names begin so.
fn aside(file: &Path, begins: &str) -> Vec<PathBuf> {
    let entries = file.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    let of_kind = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins));
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(of_kind).collect()
}

/// The operator knows of every head that the log lost its end under, and accepts it: no fault any more, and they stay. How many.
pub(crate) fn known(identity_file: &Path) -> std::io::Result<u64> {
    let file = file(identity_file);
    let mut known = 0;
    for head in aside(&file, LOST) {
        let name = head.file_name().map(|name| name.to_string_lossy().replacen(LOST, RESTORED, 1)).unwrap_or_default();
        std::fs::rename(&head, head.with_file_name(name))?;
        known += 1;
    }
    Ok(known)
}

/// The head that the log does not continue stays, once, under a name of its own: it proves what was there.
fn keep_aside(file: &Path, octets: &[u8], begins: &str, now: Timestamp) {
    let known = [LOST, RESTORED].into_iter().flat_map(|begins| aside(file, begins));
    if octets.is_empty() || known.into_iter().any(|head| std::fs::read(head).is_ok_and(|kept| kept == octets)) {
        return;
    }
    let name = |n: u32| file.with_file_name(format!("{begins}{}-{n}.p7m", now.as_second()));
    let Some(aside) = (0..1_000).map(name).find(|name| !name.exists()) else { return };
    if let Err(why) = put(&aside, octets) {
        tracing::warn!(%why, file = %file.display(), "evidence.last_head");
    }
}
