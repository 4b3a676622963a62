//! The gateway's word: new evidence goes into the log, and the head of the log is signed (Profile §8.13).
//!
//! Evidence itself is written in the commit of its event; what costs time, the signature, is one for all that came meanwhile,
//! and nobody who sends or reads waits for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::log::{Head, HeadBefore, leaf};
use fumibako_model::{Domain, Done, Witnesses};
use fumibako_signer::{Certificate, CertificateError, Identity};
use fumibako_store::bodies::Day;
use fumibako_store::{Amend, Logging, SealKey, Store, StoreError, Unlogged, hex};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::config::Evidence;
use crate::house::House;
use crate::{accepted, licence, notices, report};

mod acts;
mod beside;
mod doubt;
mod keys;
mod last;
mod over;
mod restored;
mod seals;

pub(crate) use acts::attest as attest_acts;
pub(crate) use beside::put as put_beside;
use beside::{any_lost, known, last_file};
use doubt::{Coming, Doubt};
pub(crate) use keys::{Keys, Said, misplaced};
#[cfg(test)]
pub(crate) use last::begin;
pub(crate) use last::{Witnessing, begin_sealed, lost_heads};
use over::Over;
pub(crate) use restored::{PutBack, key, vouch};
use seals::Seals;

/// From one look for new evidence to the next.
const LOOK: Duration = Duration::from_secs(1);

/// The evidence key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The file cannot be read.
    #[error(
        "{0}: 証跡の鍵を読めません（{1}）。初めてのゲートウェイなら fumibako-gateway init が作ります / it cannot be read; for a new gateway `fumibako-gateway init` makes one"
    )]
    File(PathBuf, std::io::Error),
    /// It is not there, and the store has evidence of it.
    #[error(
        "{0}: 証跡の鍵がありません。この保管庫や控えの証跡に署名した鍵が要るので、元の機械のフォルダー evidence（鍵と、その横にある署名の控え）をまるごとここに移してください。\
         init で作る新しい鍵では、署名の続きになりません。前の鍵が失われたときは、README のformer_authorities_file の手順に従ってください / \
         the evidence key is not there: this store, or copy, needs the one that signed its evidence. Bring the whole folder `evidence` of the former machine here (the key, and the \
         heads beside it); a new key made by `init` does not go on from what was signed. If it is lost, see `former_authorities_file` in the README"
    )]
    Gone(PathBuf),
    /// It holds no key with its certificate.
    #[error("{0}: {1}")]
    Unfit(PathBuf, fumibako_signer::IdentityError),
    /// The authorities of the keys before it cannot be read.
    #[error("{0}: {1}. Take it out of `former_authorities_file`, or put the file back")]
    Former(PathBuf, std::io::Error),
    /// They are no authorities.
    #[error(
        "{0}: 証跡の発行元として使えません（{1}）。identity_file には init が作った鍵と証明書のファイルを、former_authorities_file には前の鍵の発行元のファイルを指定し、タイムスタンプ局の発行元は stamp_authority_file に分けてください / \
         no authority of evidence: {1}. Name the file that `init` made as identity_file, and that of the authorities of the keys before it as former_authorities_file; authorities of time stamps belong into \
         stamp_authority_file"
    )]
    NoAuthority(PathBuf, CertificateError),
    /// By the same file another took the place of this very key, so that nothing it signs would be believed.
    #[error(
        "{0}: この鍵はもう交代したと書かれています（{2} まで、{1}）。identity_file に新しい鍵を指定するか、この鍵のままなら、その鍵についての Fumibako-Key-Replaced の行をこのファイルから消してください / \
         it says that this very key ({1}) was replaced on {2}: name the new key as identity_file, or, if this one goes on, take the line \
         Fumibako-Key-Replaced about it out of the file"
    )]
    Replaced(PathBuf, String, Timestamp),
}

/// The evidence key, as its file and that of the authorities before it say.
pub(crate) struct Loaded {
    /// It, with its certificate.
    pub(crate) witness: Identity,
    /// Whose signatures over the log are believed: those under its authority, and under those of the keys before it, until another took their
    /// place (Profile §8.16).
    pub(crate) believed: Witnesses,
    /// The key whose seal all evidence bears that this gateway writes down (Profile §8.20): it comes from the evidence key, which lies outside
    /// the store.
    pub(crate) seal: SealKey,
}

/// Reads it.
pub(crate) fn load(settings: &Evidence) -> Result<Loaded, WitnessError> {
    let (file, former) = (&settings.identity_file, &settings.former_authorities_file);
    let octets = std::fs::read(file).map_err(|why| WitnessError::File(file.clone(), why))?;
    let witness = Identity::from_pem(&octets, None).map_err(|why| WitnessError::Unfit(file.clone(), why))?;
    let pem = if former.as_os_str().is_empty() {
        Vec::new()
    } else {
        std::fs::read(former).map_err(|why| WitnessError::Former(former.clone(), why))?
    };
    // A file without a certificate is a wrong one.
    let own: String = witness.chain().iter().map(Certificate::to_pem).collect();
    // Profile §8.21: who stands above time stamps signs no log, unless it is whom the operator has his own key from.
    let stampers = std::fs::read(&settings.stamp_authority_file).ok();
    let stampers = stampers.and_then(|pem| Certificate::many_from_pem(&pem).ok()).unwrap_or_default();
    let stamps = |one: &Certificate| stampers.contains(one) && !witness.certificate().is_signed_by(one);
    let unfit = |why| {
        let wrong = if Witnesses::of_ones_own(own.as_bytes(), stamps).is_err() { file } else { former };
        WitnessError::NoAuthority(wrong.clone(), why)
    };
    let believed = Witnesses::of_ones_own(&[own.as_bytes(), &pem].concat(), stamps).map_err(unfit)?;
    let key = witness.certificate().fingerprint_hex();
    if let Some(until) = believed.replaced(&key) {
        return Err(WitnessError::Replaced(former.clone(), key, until));
    }
    let seal = seals::key(&witness, &octets)
        .ok_or_else(|| WitnessError::Unfit(file.clone(), fumibako_signer::IdentityError::NoKey))?;
    Ok(Loaded { witness, believed, seal })
}

/// Reads it for a store, or a copy of one, that was served before: a new key is no help there.
pub(crate) fn load_again(settings: &Evidence) -> Result<Loaded, WitnessError> {
    load(settings).map_err(|error| match error {
        WitnessError::File(file, why) if why.kind() == std::io::ErrorKind::NotFound => WitnessError::Gone(file),
        other => other,
    })
}

/// The key of the seals alone.
pub fn seal_key(settings: &Evidence) -> Result<SealKey, WitnessError> {
    load(settings).map(|loaded| loaded.seal)
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
    let (mut looked, mut told, mut signs, mut warned) = (None, report::Round::default(), true, None);
    let (mut failed, mut acts_failed) = (None, None);
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
        for (attested, failed) in [(attest(&house).await, &mut failed), (attest_acts(&house).await, &mut acts_failed)] {
            match attested {
                Ok(()) => *failed = None,
                // It stays so until somebody does something, and is said once.
                Err(StoreError::Failed(why)) if failed.as_ref() == Some(&why) => {}
                Err(error) => {
                    *failed = Some(error.to_string());
                    house.refusal_of(error);
                }
            }
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

/// Takes all new evidence into the log, and signs its head. A log that lost its end since the last one says so from now on. Why nothing is
/// signed before somebody does something is remembered for whoever asks how the gateway is.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut witnessing = house.witnessing.lock().await;
    let done = attest_all(house, &mut witnessing).await;
    match &done {
        Ok(()) => witnessing.stopped = None,
        Err(StoreError::Failed(why)) => witnessing.stopped = Some(why.clone()),
        Err(_) => {}
    }
    done
}

async fn attest_all<S: Store>(house: &House<S>, witnessing: &mut Witnessing) -> Result<(), StoreError> {
    let file = &house.config.evidence.identity_file;
    loop {
        witnessing.to_put.put(last_file(file)).await;
        // Before each signature, for whoever writes into the rows may do it at any moment.
        witnessing.look(&house.store, (file, &house.keys), house.clock.now()).await?;
        if !may_sign(house, house.clock.now()) {
            return Ok(());
        }
        if witnessing.over.of > 0 {
            accepted::take_over(house, witnessing.over.of)?;
        }
        let by = (&house.config.domain, &house.witness);
        let covered = cover(&house.store, (witnessing, &house.keys), by, house.clock.now()).await?;
        let Some(head) = covered else {
            if witnessing.take_untold() {
                witnessing.stand(&house.store, &house.keys, by, house.clock.now()).await?;
                witnessing.to_put.put(last_file(file)).await;
            }
            return Ok(());
        };
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
    let Some(Unlogged { mut growth, entries, seals, last }) = store.unlogged().await? else {
        if witnessing.last.is_some() {
            witnessing.doubt.covered();
        }
        return Ok(None);
    };
    witnessing.goes_on(&growth)?;
    let coming =
        Coming { first: growth.size(), entries: &entries, seals: &seals, since: witness.certificate().not_before() };
    let sealed = witnessing.seals.as_ref().map(|seals| (witnessing.sealed_from, seals));
    witnessing.doubt.passes(&coming, sealed)?;
    for entry in &entries {
        growth.push(leaf(entry.as_bytes()));
    }
    let before = store.head_before(Day::of(now)).await?;
    let before = before.map(|(size, head)| HeadBefore { size, sha256: fumibako_model::hash(&head) });
    let over = Head { before, ..Head::over(log.to_string(), (growth.size(), hex(&growth.root())), now) };
    let (head, signed) = witnessing.sign(over, keys, witness)?;
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
    unless_failed(attest(house).await)?;
    unless_failed(attest_acts(house).await)?;
    if !may_sign(house, now) {
        return Err(StoreError::Failed(
            "時計が証跡の鍵の有効期間から外れているので、署名できません。時計を確かめてから、もう一度実行してください / \
             the clock is outside the days of the evidence key, and nothing can be signed: set it right, then run it again"
                .into(),
        ));
    }
    let mut witnessing = house.witnessing.lock().await;
    // What cannot be taken into the log is not accepted either, and nothing is said as if it were.
    store.unlogged().await?;
    let end = witnessing.beyond(store, &house.keys).await?;
    if end.is_none() {
        witnessing.look(store, (file, &house.keys), now).await?;
    }
    let acts_wait = witnessing.acts.waits(store).await?;
    if end.is_none() && !witnessing.doubt.keeps_something() && acts_wait.is_none() && !any_lost(file)? {
        return Ok(false);
    }
    // The next head says that it was done.
    if witnessing.over.of > 0 {
        accepted::take_over(house, witnessing.over.of)?;
    }
    store.amend(Amend { changes: Vec::new(), done: vec![told] }).await?;
    if let Some(end) = end {
        house.keys.end_at(end);
        witnessing.look(store, (file, &house.keys), now).await?;
    }
    witnessing.accept(store, now).await?;
    if let Some(rows) = acts_wait {
        witnessing.acts.accept(store, (file, rows), now).await?;
    }
    witnessing.stand(store, &house.keys, (&house.config.domain, &house.witness), now).await?;
    drop(witnessing);
    known(file).map_err(|why| StoreError::Failed(why.to_string()))?;
    attest(house).await?;
    // Whether the audit can be signed now is another question, which `audit verify` answers.
    unless_failed(attest_acts(house).await)?;
    Ok(true)
}

/// What failed stays so until somebody does something; what is asked here is another question.
pub(crate) fn unless_failed(done: Result<(), StoreError>) -> Result<(), StoreError> {
    if matches!(done, Err(StoreError::Failed(_))) { Ok(()) } else { done }
}
