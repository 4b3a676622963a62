//! What `backup restore` signs of the log and of the audit that it puts back (Profile §8.20, §16.2). Whoever edits rows cannot say that a
//! backup was restored: the gateway believes it of these heads alone, which lie beside the key. They are about one store, and explain one
//! start.

use std::path::Path;

use fumibako_model::log::{Head, SetBack, TookOver};
use fumibako_model::{AuditHead, Done, What, Witnesses};
use fumibako_signer::{Identity, enclose};
use fumibako_sqlite::SqliteStore;
use fumibako_store::{ActsState, Amend, LogState, Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::beside::{Beside, known, last_acts_file, last_file, put, remove, restored_acts_file, restored_file};
use super::doubt::Doubt;
use super::keys::Signed;
use super::last::{Last, Told, Witnessing, continued, end_at, jump, over_all, root};
use super::{Keys, Loaded, Seals, cover, load_again, within_its_days};
use crate::config::Config;
use crate::gateway::StartError;

/// A head over the log, or the audit, that was put back, where, and after what.
#[derive(Serialize, Deserialize)]
struct Restored<H> {
    #[serde(flatten)]
    head: H,
    /// The folder of the store; none said it before this was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    store: Option<String>,
    /// SHA-256, in hex, of the last head that lay beside the key then, and nothing where there was none; none said it before this was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    replaces: Option<String>,
}

impl<H> Restored<H> {
    fn new<L>(head: H, store: Option<String>, last: Option<&Beside<L>>) -> Self {
        let replaces = last.map(|last| fumibako_model::hash(&last.octets)).unwrap_or_default();
        Self { head, store, replaces: Some(replaces) }
    }

    /// Was nothing signed since? The head that it takes the place of is the last one still, whatever the clock said; of one that names none the
    /// moments are asked.
    fn is_latest<L>(&self, last: Option<&Beside<L>>, earlier: impl Fn(&L, &H) -> bool) -> bool {
        let Some(last) = last else { return true };
        let named = self.replaces.as_ref().map(|replaced| *replaced == fumibako_model::hash(&last.octets));
        named.unwrap_or_else(|| earlier(&last.head, &self.head))
    }
}

/// The evidence key, if it can be used: asked before anything is put back.
pub(crate) fn key(config: &Config) -> Result<Loaded, StartError> {
    Ok(load_again(&config.evidence)?)
}

/// What was signed of this very store when it was put back, if nothing was signed since.
pub(super) fn of_this_store(
    config: &Config,
    given: Option<&Beside>,
    believed: &Witnesses,
) -> Result<Option<Beside>, StoreError> {
    let file = restored_file(&config.evidence.identity_file);
    let Some(Beside { octets, head: restored }) = Beside::<Restored<Head>>::read(&file)? else { return Ok(None) };
    let latest = restored.is_latest(given, |last, put_back| last.at < put_back.at);
    let Restored { head, store, .. } = restored;
    let of_this_store = store.is_none_or(|store| Some(store) == name_of(&config.store_folder));
    let counts = of_this_store && latest && Signed::read(&octets, believed).is_some();
    Ok(counts.then_some(Beside { octets, head }))
}

/// What was signed of the audit when this very store was put back, if nothing was signed since.
pub(super) fn of_its_audit(
    identity_file: &Path,
    given: Option<&Beside<AuditHead>>,
) -> Result<Option<Beside<AuditHead>>, StoreError> {
    let found = Beside::<Restored<AuditHead>>::read(&restored_acts_file(identity_file))?;
    let latest = found.filter(|one| one.head.is_latest(given, |last, put_back| last.at < put_back.at));
    Ok(latest.map(|Beside { octets, head }| Beside { octets, head: head.head }))
}

/// The folder, however it is written.
fn name_of(store: &Path) -> Option<String> {
    std::fs::canonicalize(store).ok().map(|whole| whole.to_string_lossy().into_owned())
}

/// It has explained what it was signed for, and explains nothing else: it is the last head from now on, if it says what is there now, and
/// whatever the log lost its end under before is known with it.
pub(super) fn spend(identity_file: &Path, put_back: Option<Vec<u8>>) -> Result<(), StoreError> {
    let spent = || {
        if let Some(head) = put_back {
            put(&last_file(identity_file), &head)?;
            known(identity_file)?;
        }
        remove(&restored_acts_file(identity_file))?;
        remove(&restored_file(identity_file))
    };
    spent().map_err(|why| StoreError::Failed(why.to_string()))
}

/// What came of a copy that was put back.
pub(crate) struct PutBack {
    /// The log and the audit are what was signed, and this start is explained; or else the gateway will ask the operator before it signs for
    /// that.
    pub(crate) vouched: bool,
    /// Pieces of evidence that were signed for beside the key and are not in the copy.
    pub(crate) later_evidence: u64,
    /// Rows of the audit, likewise.
    pub(crate) later_acts: u64,
}

/// Signs for the log and the audit in this folder, as the operator put them back. False: they are not what was signed, or not all of the log
/// was within seconds. The audit tells in any case that a copy was put back, and which.
pub(crate) async fn vouch(
    config: &Config,
    key: &Loaded,
    folder: &Path,
    (copy, by, now): (&fumibako_store::Restored, &str, Timestamp),
) -> Result<PutBack, StoreError> {
    let identity_file = &config.evidence.identity_file;
    let last: Option<Beside> = Beside::read(&last_file(identity_file))?;
    let last_acts: Option<Beside<AuditHead>> = Beside::read(&last_acts_file(identity_file))?;
    let store = SqliteStore::open_to_serve(folder, config.domain.clone(), (0, Some(key.seal.clone()))).await?;
    let done = put_back(&store, (config, key), (copy, by), now).await;
    store.close().await?;
    let ((pieces, rows), found) = done?;
    let vouched = found.is_some();
    if let Some((head, acts)) = found {
        let acts = Restored::new(acts, None, last_acts.as_ref());
        let head = Restored::new(head, name_of(folder), last.as_ref());
        lay(&restored_acts_file(identity_file), &acts, &key.witness, now)?;
        lay(&restored_file(identity_file), &head, &key.witness, now)?;
    }
    let later_evidence = last.map_or(0, |last| last.head.size.saturating_sub(pieces));
    let later_acts = last_acts.map_or(0, |last| last.head.rows.saturating_sub(rows));
    Ok(PutBack { vouched, later_evidence, later_acts })
}

/// How many pieces and rows the copy has, and the heads over them; then the audit of the store tells of it, under the gateway's seal, and the
/// gateway signs that as it does all rows.
async fn put_back<S: Store>(
    store: &S,
    (config, key): (&Config, &Loaded),
    (copy, by): (&fumibako_store::Restored, &str),
    now: Timestamp,
) -> Result<((u64, u64), Option<(Head, AuditHead)>), StoreError> {
    let found = match whole(store, config, key, now).await? {
        Some((head, keys)) => whole_acts(store, config, &keys, now).await?.map(|acts| (head, acts)),
        None => None,
    };
    let (pieces, rows) = (store.untold().await?.pieces, store.acts_state().await?.rows);
    let note = format!("copy of {}: {pieces} pieces of evidence, {rows} rows", copy.made);
    let told = Done::new(now, by, What::BackupRestored).about(&copy.list).noting(note);
    store.amend(Amend { changes: Vec::new(), done: vec![told] }).await?;
    Ok(((pieces, rows), found))
}

/// Signs it, and puts it beside the key.
fn lay(file: &Path, head: &impl Serialize, witness: &Identity, now: Timestamp) -> Result<(), StoreError> {
    let failed = |why: &dyn std::fmt::Display| StoreError::Failed(format!("{}: {why}", file.display()));
    let head = serde_json::to_vec(head).map_err(|why| failed(&why))?;
    let octets = enclose(&head, witness, now).map_err(|why| failed(&why))?;
    put(file, &octets).map_err(|why| failed(&why))
}

/// A head over all of it, which tells where it went back to; what the copy took before it was signed for gets its own in the log.
async fn whole<S: Store>(
    store: &S,
    config: &Config,
    Loaded { witness, believed, seal }: &Loaded,
    now: Timestamp,
) -> Result<Option<(Head, Keys)>, StoreError> {
    let LogState { size, head, .. } = store.log_state().await?;
    let identity_file = &config.evidence.identity_file;
    let given = Beside::read(&last_file(identity_file))?;
    let given_acts = Beside::read(&last_acts_file(identity_file))?;
    // Another backup was put back where the gateway runs, and no last head tells of it yet: that is not forgotten. One that was put back
    // elsewhere, as in a drill, the log never went through.
    let before = of_this_store(config, given.as_ref(), believed)?;
    let heads: Vec<_> = head.iter().chain(given.iter().map(|one| &one.octets)).map(Vec::as_slice).collect();
    let Told { words_from, mut former, sealed_from, took_over, notes_sealed, .. } =
        Told::by(store, witness, (&heads, given_acts.as_ref(), believed), now).await?;
    // No seal of a former key counts in a copy.
    let took_over = took_over.map(|_| TookOver::default());
    let pieces = store.untold().await?.pieces;
    let (at, root_then) = (size, root(store, size).await?);
    let lost = given.is_some() && !continued(store, size, given.as_ref()).await?;
    if lost {
        end_at(&mut former, (size, &root_then));
    }
    let keys = Keys::new(witness.certificate().fingerprint_hex(), believed.clone(), former);
    let newest = head.as_deref().and_then(|head| keys.head(head).ok()).map(|(said, _)| said);
    let newest = newest.filter(|said| said.size == size);
    if !within_its_days(witness, now) || (size > 0 && newest.as_ref().is_none_or(|said| said.root != root_then)) {
        return Ok(None);
    }
    // The copy went ahead by itself; where it was put back before, what was given then is above that.
    jump(store, newest.as_ref(), ([given.as_ref(), before.as_ref()], 0), now).await?;
    let lost = given.as_ref().filter(|_| lost).map(|given| given.head.size);
    let signed = newest.as_ref().zip(head).map(|(said, head)| Last::of(said, head));
    let beside = given.into_iter().chain(before).map(|one| one.head);
    let told: Vec<_> = newest.into_iter().chain(beside).filter_map(|head| head.set_back).collect();
    let set_back = SetBack { size: at, root: root_then, at: now, lost, earlier: Vec::new() }.after(told.iter());
    let mut witnessing = Witnessing::new((Some(set_back), words_from), Doubt::apart(), signed);
    // What the copy has, and no head covers, another hand may have put there before it was taken, or since.
    (witnessing.seals, witnessing.sealed_from) = (Some(Seals::under(seal.clone())), sealed_from.unwrap_or(pieces));
    witnessing.over.said = took_over;
    // The gateway that starts on it seals the notes of a copy from before they were sealed.
    witnessing.notes_sealed = notes_sealed;
    loop {
        match cover(store, (&mut witnessing, &keys), (&config.domain, witness), now).await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(StoreError::Failed(_)) => return Ok(None),
            Err(other) => return Err(other),
        }
    }
    let over = over_all(store, &config.domain, now).await?;
    let (words_from, former) = (Some(words_from), Some(keys.former()));
    let sealed_from = Some(witnessing.sealed_from.min(over.size));
    let head = Head { set_back: witnessing.set_back, words_from, former, sealed_from, took_over, notes_sealed, ..over };
    Ok(Some((head, keys)))
}

/// A head over the audit as far as its newest head goes, if that is of this gateway and over what is there: later rows are signed as all rows
/// are.
async fn whole_acts<S: Store>(
    store: &S,
    config: &Config,
    keys: &Keys,
    now: Timestamp,
) -> Result<Option<AuditHead>, StoreError> {
    let ActsState { rows, hash, head } = store.acts_state().await?;
    let (rows, hash, sealed_from) = match head {
        // No row, and none was ever signed.
        None if rows == 0 => (rows, hash, None),
        None => return Ok(None),
        Some((head, hash)) => match (keys.acts_head(&head.signed), hash) {
            (Ok((said, _)), Some(hash)) if said.rows == head.rows && said.hash == hash => {
                (head.rows, hash, said.sealed_from)
            }
            _ => return Ok(None),
        },
    };
    let whole = store.audit_acts().await?.broken.is_none();
    Ok(whole.then(|| AuditHead { v: 1, audit: config.domain.to_string(), rows, hash, at: now, sealed_from }))
}
