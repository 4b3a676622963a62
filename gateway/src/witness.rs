//! The gateway's word: new evidence goes into the log, and the head of the log is signed (Profile §8.13).
//!
//! Evidence itself is written in the commit of its event; what costs time, the signature, is one for all that came meanwhile,
//! and nobody who sends or reads waits for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::log::{Head, leaf};
use fumibako_model::{AuditHead, Domain, Done, Witnesses};
use fumibako_signer::{Certificate, CertificateError, Identity, enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{ActsHead, Amend, Logging, SealKey, Store, StoreError, Unlogged, UnsignedActs, WhichActs, hex};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::config::Evidence;
use crate::house::House;
use crate::{licence, notices, report};

mod beside;
mod doubt;
mod keys;
mod last;
mod restored;

use beside::{any_lost, known};
use doubt::{Coming, Doubt};
pub(crate) use keys::{Keys, Said};
pub(crate) use last::{Witnessing, begin, lost_heads};
pub(crate) use restored::{key, vouch};

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
    /// The authorities of the keys before it cannot be read.
    #[error("{0}: {1}. Take it out of `former_authorities_file`, or put the file back")]
    Former(PathBuf, std::io::Error),
    /// They are no authorities.
    #[error("{0}: {1}")]
    NoAuthority(PathBuf, CertificateError),
}

/// Reads the evidence key with its certificate, and whose signatures over the log are believed: those under its authority, and
/// under those of the keys before it, until another took their place (Profile §8.16).
pub(crate) fn load(settings: &Evidence) -> Result<(Identity, Witnesses), WitnessError> {
    let (file, former) = (&settings.identity_file, &settings.former_authorities_file);
    let octets = std::fs::read(file).map_err(|why| WitnessError::File(file.clone(), why))?;
    let witness = Identity::from_pem(&octets, None).map_err(|why| WitnessError::Unfit(file.clone(), why))?;
    let pem = if former.as_os_str().is_empty() {
        Vec::new()
    } else {
        std::fs::read(former).map_err(|why| WitnessError::Former(former.clone(), why))?
    };
    // A file without a certificate is a wrong one.
    let unfit = |why| WitnessError::NoAuthority(former.clone(), why);
    let own: String = witness.chain().iter().map(Certificate::to_pem).collect();
    let believed = Witnesses::read(&[own.as_bytes(), &pem].concat()).map_err(unfit)?;
    Ok((witness, believed))
}

/// The key whose seal all evidence bears that this gateway writes down (Profile §8.20): it comes from the evidence key's file, which lies
/// outside the store.
pub fn seal_key(settings: &Evidence) -> Result<SealKey, WitnessError> {
    let file = &settings.identity_file;
    let octets = std::fs::read(file).map_err(|why| WitnessError::File(file.clone(), why))?;
    Ok(SealKey::of(&octets))
}

/// Profile §8.13: by a clock outside the days of the key's certificate nothing is signed, for it would hold nowhere. Evidence
/// waits, and the first head after the clock was set right covers it.
fn may_sign<S: Store>(house: &House<S>, now: Timestamp) -> bool {
    within_its_days(&house.witness, now)
}

fn within_its_days(witness: &Identity, now: Timestamp) -> bool {
    let certificate = witness.certificate();
    (certificate.not_before()..=certificate.not_after()).contains(&now)
}

/// So long before the key's certificate ends the operator is told: whoever verifies needs the next authority by then.
const WARNING: SignedDuration = SignedDuration::from_hours(24 * 180);

/// Does the key's certificate end soon, so that another has to take its place?
pub(crate) fn ends_soon(witness: &Identity, now: Timestamp) -> Option<Timestamp> {
    let until = witness.certificate().not_after();
    (until.duration_since(now) < WARNING).then_some(until)
}

/// Runs until the gateway stops, and once more then.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    let (mut looked, mut told, mut signs, mut warned, mut failed) = (None, None, true, None, None);
    loop {
        let last = *stopping.borrow();
        let today = Day::of(house.clock.now());
        if let (true, Some(until)) =
            (warned.replace(today) != Some(today), ends_soon(&house.witness, house.clock.now()))
        {
            tracing::warn!(%until, "evidence.key_ends");
        }
        if std::mem::replace(&mut signs, may_sign(&house, house.clock.now())) && !signs {
            let certificate = house.witness.certificate();
            tracing::warn!(from = %certificate.not_before(), until = %certificate.not_after(), "evidence.not_signed");
        }
        match attest(&house).await {
            Ok(()) => failed = None,
            // It stays so until somebody does something, and is said once.
            Err(StoreError::Failed(why)) if failed.as_ref() == Some(&why) => {}
            Err(error) => {
                failed = Some(error.to_string());
                house.refusal_of(error);
            }
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

/// Takes all new evidence into the log, and signs its head. A log that lost its end since the last one says so from now on.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut witnessing = house.witnessing.lock().await;
    let file = &house.config.evidence.identity_file;
    loop {
        witnessing.put(file).await;
        // Before each signature, for whoever writes into the rows may do it at any moment.
        witnessing.look(&house.store, (file, &house.keys), house.clock.now()).await?;
        if !may_sign(house, house.clock.now()) {
            return Ok(());
        }
        let by = (&house.config.domain, &house.witness);
        let covered = cover(&house.store, (&mut witnessing, &house.keys), by, house.clock.now()).await?;
        let Some(head) = covered else { return Ok(()) };
        house.counts.heads_signed.inc();
        tracing::debug!(size = head.size, "evidence.logged");
    }
}

/// Takes so much new evidence into the log as is read at once, and signs its head; none if there is nothing new.
async fn cover<S: Store>(
    store: &S,
    (witnessing, keys): (&mut Witnessing, &Keys),
    (log, witness): (&Domain, &Identity),
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    witnessing.doubt.waits()?;
    let Some(Unlogged { mut growth, entries, seals, last }) = store.unlogged().await? else {
        if witnessing.last.is_some() {
            witnessing.doubt.covered();
        }
        return Ok(None);
    };
    witnessing.goes_on(&growth)?;
    let coming =
        Coming { first: growth.size(), entries: &entries, seals: &seals, since: witness.certificate().not_before() };
    let sealed = witnessing.seal.as_ref().map(|key| (witnessing.sealed_from, key));
    witnessing.doubt.passes(&coming, sealed)?;
    for entry in &entries {
        growth.push(leaf(entry.as_bytes()));
    }
    let (head, signed) = witnessing.sign((growth.size(), hex(&growth.root())), keys, (log, witness), now)?;
    let logging = Logging { day: Day::of(now), size: growth.size(), last, head: signed.clone(), tiles: growth.tiles() };
    store.keep_log(logging).await?;
    witnessing.signed(&head, signed);
    Ok(Some(head))
}

/// The operator accepts the log as it stands, and the audit tells it before anything else is done: what waits is signed, every head from
/// then on says where it went on from, and heads that the log does not continue are no fault any more. Says whether there was anything to
/// accept; where there was not, or where nothing could be signed then, nothing is changed.
pub(crate) async fn accept<S: Store>(house: &House<S>, told: Done) -> Result<bool, StoreError> {
    let (store, file, now) = (&house.store, &house.config.evidence.identity_file, house.clock.now());
    // What waits is known only once it was looked at.
    attest(house).await.or_else(|error| if matches!(error, StoreError::Failed(_)) { Ok(()) } else { Err(error) })?;
    let mut witnessing = house.witnessing.lock().await;
    let end = witnessing.beyond(store, &house.keys).await?;
    if end.is_none() {
        witnessing.look(store, (file, &house.keys), now).await?;
    }
    if end.is_none() && !witnessing.doubt.keeps_something() && !any_lost(file)? {
        return Ok(false);
    }
    store.amend(Amend { changes: Vec::new(), done: vec![told] }).await?;
    if let Some(end) = end {
        house.keys.end_at(end);
        witnessing.look(store, (file, &house.keys), now).await?;
    }
    witnessing.accept(store, now).await?;
    if may_sign(house, now) {
        witnessing.stand(store, &house.keys, (&house.config.domain, &house.witness), now).await?;
    }
    drop(witnessing);
    known(file).map_err(|why| StoreError::Failed(why.to_string()))?;
    attest(house).await?;
    Ok(true)
}

/// Signs the audit as it stands now, if it grew (Profile §16.2). Never an audit that does not go on from what was signed before: as the
/// newest head says whose key is of this gateway, and as is known since the gateway runs, whatever heads the rows have.
pub(crate) async fn attest_acts<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut witnessing = house.witnessing.lock().await;
    let Some(UnsignedActs { rows, hash, head }) = house.store.unsigned_acts().await? else { return Ok(()) };
    let goes_on = |(before, now): &(ActsHead, Option<String>)| {
        let (signature, octets) = enclosed(&before.signed).ok()?;
        let said: AuditHead = serde_json::from_slice(&octets).ok()?;
        house.keys.believed.trust().check(&signature, said.at).ok()?;
        (Some(&said.hash) == now.as_ref() && said.rows == before.rows).then_some(())
    };
    if head.is_some_and(|head| goes_on(&head).is_none()) || !has_signed_acts(&house.store, &witnessing).await? {
        return Err(StoreError::Failed("the audit is not what was signed; see `audit verify`".into()));
    }
    let now = house.clock.now();
    if !may_sign(house, now) {
        return Ok(());
    }
    let head = AuditHead { v: 1, audit: house.config.domain.to_string(), rows, hash: hash.clone(), at: now };
    let octets = serde_json::to_vec(&head).map_err(|why| StoreError::Failed(why.to_string()))?;
    let signed = enclose(&octets, &house.witness, now).map_err(|why| StoreError::Failed(why.to_string()))?;
    house.store.keep_acts_head(ActsHead { day: Day::of(now), rows, signed }).await?;
    witnessing.acts = Some((rows, hash));
    Ok(())
}

/// Is the last row that was signed since the gateway runs still there, as it was?
async fn has_signed_acts<S: Store>(store: &S, witnessing: &Witnessing) -> Result<bool, StoreError> {
    let Some((rows, hash)) = &witnessing.acts else { return Ok(true) };
    let found = store.acts(WhichActs { office: None, after: rows.checked_sub(2) }).await?;
    Ok(found.first().is_some_and(|row| fumibako_model::hash(row.as_bytes()) == *hash))
}
