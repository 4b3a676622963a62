//! What `backup restore` signs of the log that it puts back (Profile §8.20). Whoever edits rows cannot say that a backup was restored: the
//! gateway believes it of this head alone, which lies beside the key.

use std::path::Path;

use fumibako_model::Witnesses;
use fumibako_model::log::{Head, SetBack};
use fumibako_signer::{Identity, enclose};
use fumibako_sqlite::SqliteStore;
use fumibako_store::{LogState, Store, StoreError};
use jiff::Timestamp;

use super::beside::{Beside, last_file, put, restored_file};
use super::doubt::Doubt;
use super::last::{Last, Told, Witnessing, continued, end_at, root};
use super::{Keys, cover, load, within_its_days};
use crate::config::Config;
use crate::gateway::StartError;

/// The evidence key, if it can be used: asked before anything is put back.
pub(crate) fn key(config: &Config) -> Result<(Identity, Witnesses), StartError> {
    Ok(load(&config.evidence)?)
}

/// Signs for the log in this folder, as the operator put it back. False: it is not what was signed, or not all of it was within
/// seconds, and the gateway will ask the operator before it signs for that.
pub(crate) async fn vouch(
    config: &Config,
    key: &(Identity, Witnesses),
    folder: &Path,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let store = SqliteStore::open(folder, config.domain.clone()).await?;
    let head = whole(&store, config, key, now).await;
    store.close().await?;
    let Some(head) = head? else { return Ok(false) };
    let head = serde_json::to_vec(&head).map_err(|why| StoreError::Failed(why.to_string()))?;
    let octets = enclose(&head, &key.0, now).map_err(|why| StoreError::Failed(why.to_string()))?;
    let beside = restored_file(&config.evidence.identity_file);
    put(&beside, &octets).map_err(|why| StoreError::Failed(format!("{}: {why}", beside.display())))?;
    Ok(true)
}

/// A head over all of it, which tells where it went back to; what the copy took before it was signed for gets its own in the log.
async fn whole<S: Store>(
    store: &S,
    config: &Config,
    (witness, believed): &(Identity, Witnesses),
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    let LogState { size, head, .. } = store.log_state().await?;
    let given = Beside::read(&last_file(&config.evidence.identity_file))?;
    let known: Vec<_> = head.iter().chain(given.iter().map(|one| &one.octets)).map(Vec::as_slice).collect();
    let Told { words_from, mut former, .. } = Told::by(store, witness, (&known, believed), now).await?;
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
    let lost = given.as_ref().filter(|_| lost).map(|given| given.head.size);
    let signed = newest.as_ref().zip(head).map(|(said, head)| Last::of(said, head));
    let told: Vec<_> = newest.into_iter().chain(given.map(|one| one.head)).filter_map(|head| head.set_back).collect();
    let set_back = SetBack { size: at, root: root_then, at: now, lost, earlier: Vec::new() }.after(told.iter());
    // The operator puts it back as it is; whoever starts it asks for the seals of what comes after it.
    let mut witnessing = Witnessing::new((Some(set_back), words_from), Doubt::apart(), signed);
    loop {
        match cover(store, (&mut witnessing, &keys), (&config.domain, witness), now).await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(StoreError::Failed(_)) => return Ok(None),
            Err(other) => return Err(other),
        }
    }
    let size = store.log_state().await?.size;
    let over = Head::over(config.domain.to_string(), (size, root(store, size).await?), now);
    let (words_from, former) = (Some(words_from), Some(keys.former()));
    Ok(Some(Head { set_back: witnessing.set_back, words_from, former, ..over }))
}
