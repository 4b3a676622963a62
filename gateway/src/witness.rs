//! The gateway's word: new evidence goes into the log, and the head of the log is signed (Profile §8.13).
//!
//! Evidence itself is written in the commit of its event; what costs time, the signature, is one for all that came meanwhile,
//! and nobody who sends or reads waits for it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::AuditHead;
use fumibako_model::log::{Growth, Head, SetBack, leaf};
use fumibako_signer::{Identity, enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{ActsHead, LogState, Logging, Store, StoreError, Unlogged, UnsignedActs, hex};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::house::House;
use crate::{licence, notices, report};

/// From one look for new evidence to the next.
const LOOK: Duration = Duration::from_secs(1);

/// The evidence key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The file cannot be read.
    #[error("{0}: {1}. `fumibako-gateway init` makes one")]
    File(PathBuf, std::io::Error),
    /// It holds no key with its certificate.
    #[error("{0}: {1}")]
    Unfit(PathBuf, fumibako_signer::IdentityError),
}

/// Reads the evidence key with its certificate.
pub(crate) fn load(file: &Path) -> Result<Identity, WitnessError> {
    let octets = std::fs::read(file).map_err(|why| WitnessError::File(file.into(), why))?;
    Identity::from_pem(&octets, None).map_err(|why| WitnessError::Unfit(file.into(), why))
}

/// Beside the key, outside the store and its backups: the last head that was signed.
const LAST_HEAD: &str = "last-head.p7m";

fn last_head_file(identity_file: &Path) -> PathBuf {
    identity_file.with_file_name(LAST_HEAD)
}

/// Profile §8.20: did the log lose its end, by a backup that was restored or by a hand in its folder? Asked at the start; from then on
/// every head says it.
pub(crate) async fn set_back<S: Store>(
    store: &S,
    identity_file: &Path,
    now: Timestamp,
) -> Result<Option<SetBack>, StoreError> {
    let LogState { size, head, restored, .. } = store.log_state().await?;
    let said = head.as_deref().and_then(read).and_then(|head| head.set_back);
    let given = std::fs::read(last_head_file(identity_file)).ok().as_deref().and_then(read);
    let lost = match &given {
        Some(given) if given.size > size => true,
        // Of the same length, or shorter, and not what is there now.
        Some(given) if given.size > 0 => {
            let known = store.continuation(given.size, size).await?;
            known.is_none_or(|(root, _)| hex(&root) != given.root)
        }
        _ => false,
    };
    let news = restored.filter(|at| said.as_ref().is_none_or(|said| said.at < *at));
    if !lost && news.is_none() {
        return Ok(said);
    }
    let root = if size == 0 { None } else { store.continuation(size, size).await?.map(|(root, _)| root) };
    let root = root.map_or_else(|| hex(&Growth::default().root()), |root| hex(&root));
    let told: Vec<_> = said.into_iter().chain(given.as_ref().and_then(|given| given.set_back.clone())).collect();
    let lost = given.filter(|_| lost).map(|given| given.size);
    tracing::warn!(size, lost, "evidence.set_back");
    let this = SetBack { size, root, at: news.unwrap_or(now), lost, earlier: Vec::new() };
    Ok(Some(this.after(told.iter())))
}

/// What was signed; whose signature it is, is asked by whoever has to know.
fn read(head: &[u8]) -> Option<Head> {
    serde_json::from_slice(&enclosed(head).ok()?.1).ok()
}

/// Profile §8.13: by a clock outside the days of the key's certificate nothing is signed, for it would hold nowhere. Evidence
/// waits, and the first head after the clock was set right covers it.
fn may_sign<S: Store>(house: &House<S>, now: Timestamp) -> bool {
    let certificate = house.witness.certificate();
    (certificate.not_before()..=certificate.not_after()).contains(&now)
}

/// Runs until the gateway stops, and once more then.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    let (mut looked, mut told, mut signs) = (None, None, true);
    loop {
        let last = *stopping.borrow();
        if std::mem::replace(&mut signs, may_sign(&house, house.clock.now())) && !signs {
            let certificate = house.witness.certificate();
            tracing::warn!(from = %certificate.not_before(), until = %certificate.not_after(), "evidence.not_signed");
        }
        if let Err(error) = attest(&house).await {
            house.refusal_of(error);
        }
        if let Err(error) = attest_acts(&house).await {
            house.refusal_of(error);
        }
        if let Err(error) = notices::turn(&house).await {
            house.refusal_of(error);
        }
        let reports = report::tell(&house, &mut told).await;
        let licences = licence::tell(&house, &mut looked).await;
        let mut more = false;
        for left in [reports, licences] {
            match left {
                Ok(left) => more |= left,
                Err(error) => drop(house.refusal_of(error)),
            }
        }
        if last || *house.broken.borrow() {
            return;
        }
        // However much there is to write, what happens meanwhile is signed for in between.
        if more {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

/// Another file in its place, whole and for good: what says after a power cut how long the log was must not be shorter than it.
fn put(file: &Path, octets: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = File::create(&beside)?;
    new.write_all(octets)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    // The name is of the folder, and durable with it.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Takes all new evidence into the log, and signs its head.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let _one_at_a_time = house.witnessing.lock().await;
    while let Some(Unlogged { mut growth, entries, last }) = house.store.unlogged().await? {
        let now = house.clock.now();
        if !may_sign(house, now) {
            return Ok(());
        }
        for entry in &entries {
            growth.push(leaf(entry.as_bytes()));
        }
        let head = Head {
            v: 1,
            log: house.config.domain.to_string(),
            size: growth.size(),
            root: hex(&growth.root()),
            at: now,
            set_back: house.set_back.clone(),
        };
        let octets = serde_json::to_vec(&head).map_err(|why| StoreError::Failed(why.to_string()))?;
        let signed = enclose(&octets, &house.witness, now).map_err(|why| StoreError::Failed(why.to_string()))?;
        let file = last_head_file(&house.config.evidence.identity_file);
        let also = signed.clone();
        let logging = Logging { day: Day::of(now), size: growth.size(), last, head: signed, tiles: growth.tiles() };
        house.store.keep_log(logging).await?;
        // A crash between leaves an older one there, which the log continues.
        let kept = tokio::task::spawn_blocking({
            let file = file.clone();
            move || put(&file, &also)
        });
        if let Err(why) = kept.await.map_err(std::io::Error::other).and_then(|kept| kept) {
            tracing::warn!(%why, file = %file.display(), "evidence.last_head");
        }
        house.counts.heads_signed.inc();
        tracing::debug!(size = head.size, new = entries.len(), "evidence.logged");
    }
    Ok(())
}

/// Signs the audit as it stands now, if it grew (Profile §16.2).
pub(crate) async fn attest_acts<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let _one_at_a_time = house.witnessing.lock().await;
    let Some(UnsignedActs { rows, hash, head }) = house.store.unsigned_acts().await? else { return Ok(()) };
    // Never signed: an audit that does not go on from what was signed before.
    let goes_on = |(before, now): (ActsHead, Option<String>)| {
        let (_, octets) = enclosed(&before.signed).ok()?;
        let said: AuditHead = serde_json::from_slice(&octets).ok()?;
        (Some(said.hash) == now).then_some(())
    };
    if head.is_some_and(|head| goes_on(head).is_none()) {
        return Err(StoreError::Failed("the audit is not what was signed; see `audit verify`".into()));
    }
    let now = house.clock.now();
    if !may_sign(house, now) {
        return Ok(());
    }
    let head = AuditHead { v: 1, audit: house.config.domain.to_string(), rows, hash, at: now };
    let octets = serde_json::to_vec(&head).map_err(|why| StoreError::Failed(why.to_string()))?;
    let signed = enclose(&octets, &house.witness, now).map_err(|why| StoreError::Failed(why.to_string()))?;
    house.store.keep_acts_head(ActsHead { day: Day::of(now), rows, signed }).await
}
