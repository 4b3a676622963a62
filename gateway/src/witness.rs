//! The gateway's word: new evidence goes into the log, and the head of the log is signed (Profile §8.13).
//!
//! Evidence itself is written in the commit of its event; what costs time, the signature, is one for all that came meanwhile,
//! and nobody who sends or reads waits for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::log::{Head, leaf};
use fumibako_signer::{Identity, enclose};
use fumibako_store::bodies::Day;
use fumibako_store::{Logging, Store, StoreError, Unlogged, hex};
use tokio::sync::watch;

use crate::house::House;
use crate::report;

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
pub(crate) fn load(file: &std::path::Path) -> Result<Identity, WitnessError> {
    let octets = std::fs::read(file).map_err(|why| WitnessError::File(file.into(), why))?;
    Identity::from_pem(&octets, None).map_err(|why| WitnessError::Unfit(file.into(), why))
}

/// Runs until the gateway stops, and once more then.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    loop {
        let last = *stopping.borrow();
        if let Err(error) = attest(&house).await {
            house.refusal_of(error);
        }
        if let Err(error) = report::tell(&house).await {
            house.refusal_of(error);
        }
        if last || *house.broken.borrow() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

/// Takes all new evidence into the log, and signs its head.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let _one_at_a_time = house.witnessing.lock().await;
    while let Some(Unlogged { mut growth, entries, last }) = house.store.unlogged().await? {
        let now = house.clock.now();
        for entry in &entries {
            growth.push(leaf(entry.as_bytes()));
        }
        let head = Head {
            v: 1,
            log: house.config.domain.to_string(),
            size: growth.size(),
            root: hex(&growth.root()),
            at: now,
        };
        let octets = serde_json::to_vec(&head).map_err(|why| StoreError::Failed(why.to_string()))?;
        let signed = enclose(&octets, &house.witness, now).map_err(|why| StoreError::Failed(why.to_string()))?;
        let logging = Logging { day: Day::of(now), size: growth.size(), last, head: signed, tiles: growth.tiles() };
        house.store.keep_log(logging).await?;
        tracing::debug!(size = head.size, new = entries.len(), "evidence.logged");
    }
    Ok(())
}
