//! The audit is signed as it grows, and never one that does not go on from what was signed before (Profile §16.2): as its newest head says
//! whose key is of this gateway; as is known since the gateway runs; and as the last head says that lies beside the key, outside the rows.

use std::path::Path;

use fumibako_model::log::FormerKey;
use fumibako_model::{AuditHead, Witnesses};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{ActsHead, ActsState, Store, StoreError, WhichActs};
use jiff::Timestamp;

use super::beside::{Aside, Beside, ToPut, keep_aside, last_acts_file, put, remove, restored_acts_file};
use super::may_sign;
use crate::house::House;

/// What the gateway knows of the audit and does not read from the rows.
#[derive(Debug, Default)]
pub(crate) struct Acts {
    /// So many rows were signed last, and the hash of the last of them.
    last: Option<(u64, String)>,
    /// The last head, where it does not lie beside the key yet.
    to_put: ToPut,
    apart: bool,
}

impl Acts {
    /// Of an audit whose last head lies beside the key. Another one explains that it is not so long any more where `backup restore` signed
    /// for just the store that starts.
    pub(super) async fn begin<S: Store>(
        store: &S,
        identity_file: &Path,
        (given, restored): (Option<Beside<AuditHead>>, bool),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let said = |one: &Beside<AuditHead>| (one.head.rows, one.head.hash.clone());
        let last = given.as_ref().map(said);
        if has(store, last.as_ref()).await? || !restored {
            return Ok(Self { last, ..Self::default() });
        }
        let back = Beside::<AuditHead>::read(&restored_acts_file(identity_file))?;
        let younger = |back: &Beside<AuditHead>| given.as_ref().is_none_or(|given| given.head.at < back.head.at);
        let Some(back) = back.filter(younger) else { return Ok(Self { last, ..Self::default() }) };
        let explained = Some(said(&back));
        if !has(store, explained.as_ref()).await? {
            return Ok(Self { last, ..Self::default() });
        }
        let file = last_acts_file(identity_file);
        if let Some(given) = &given {
            keep_aside(&file, &given.octets, Aside::KnownOfActs, now)?;
        }
        put(&file, &back.octets).map_err(|why| failed(&why))?;
        Ok(Self { last: explained, ..Self::default() })
    }

    /// What a former key signed of an audit that went back is not signed by it again.
    pub(super) fn end(&self, former: &mut [FormerKey]) {
        let Some((last, _)) = &self.last else { return };
        for one in former {
            one.rows = one.rows.map(|rows| rows.min(*last));
        }
    }

    /// Is it not what was signed, so that nothing is signed any more?
    pub(crate) fn apart(&self) -> bool {
        self.apart
    }

    /// Does it not go on from the last head that is known of, whatever heads the rows have?
    pub(super) async fn lost<S: Store>(&self, store: &S) -> Result<bool, StoreError> {
        Ok(!has(store, self.last.as_ref()).await?)
    }

    /// The operator knows why, and accepts it. What was signed before stays beside the key, and is none any more that the audit goes on from.
    pub(super) fn accept(&mut self, identity_file: &Path, now: Timestamp) -> Result<(), StoreError> {
        let file = last_acts_file(identity_file);
        if let Some(given) = Beside::<AuditHead>::read(&file)? {
            keep_aside(&file, &given.octets, Aside::KnownOfActs, now)?;
        }
        remove(&file).map_err(|why| failed(&why))?;
        *self = Self::default();
        Ok(())
    }

    /// Signs it as it stands now, if it grew. False: it does not go on from what was signed.
    async fn sign<S: Store>(&mut self, house: &House<S>) -> Result<bool, StoreError> {
        let state = house.store.acts_state().await?;
        let as_signed = self.last.as_ref().is_some_and(|(rows, hash)| (*rows, hash) == (state.rows, &state.hash));
        if as_signed && !state.is_unsigned() {
            return Ok(true);
        }
        if !as_signed && self.lost(&house.store).await? {
            return Ok(false);
        }
        let is_unsigned = state.is_unsigned();
        let ActsState { rows, hash, head } = state;
        let of_ours = |(head, hash): &(ActsHead, Option<String>)| {
            house
                .keys
                .acts_head(&head.signed)
                .is_ok_and(|(said, _)| said.rows == head.rows && Some(&said.hash) == hash.as_ref())
        };
        if head.as_ref().is_some_and(|head| !of_ours(head)) {
            return Ok(false);
        }
        if !is_unsigned {
            // Signed before such a head lay beside the key, or accepted.
            if let Some((head, _)) = head.filter(|_| self.last.is_none()) {
                self.last = Some((rows, hash));
                self.to_put.set(head.signed);
            }
            return Ok(true);
        }
        let now = house.clock.now();
        if may_sign(house, now) {
            let head = AuditHead { v: 1, audit: house.config.domain.to_string(), rows, hash: hash.clone(), at: now };
            let octets = serde_json::to_vec(&head).map_err(|why| failed(&why))?;
            let signed = enclose(&octets, &house.witness, now).map_err(|why| failed(&why))?;
            house.store.keep_acts_head(ActsHead { day: Day::of(now), rows, signed: signed.clone() }).await?;
            self.last = Some((rows, hash));
            self.to_put.set(signed);
        }
        Ok(true)
    }
}

/// Signs the audit as it stands now, if it grew.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut witnessing = house.witnessing.lock().await;
    let acts = &mut witnessing.acts;
    let goes_on = acts.sign(house).await?;
    acts.apart = !goes_on;
    acts.to_put.put(last_acts_file(&house.config.evidence.identity_file)).await;
    if goes_on { Ok(()) } else { Err(failed(&"the audit is not what was signed; see `audit verify`")) }
}

/// The audit's last head that is known of, and the key that signed it: the one beside the key, or else the newest of the rows.
pub(super) async fn newest<S: Store>(
    store: &S,
    given: Option<&Beside<AuditHead>>,
    believed: &Witnesses,
) -> Result<Option<(String, AuditHead)>, StoreError> {
    let read = |octets: &[u8]| {
        let (signature, inside) = enclosed(octets).ok()?;
        let head: AuditHead = serde_json::from_slice(&inside).ok()?;
        believed.judge(&signature, head.at).ok()?;
        Some((signature.signer().fingerprint_hex(), head))
    };
    if let Some(found) = given.and_then(|given| read(&given.octets)) {
        return Ok(Some(found));
    }
    Ok(store.acts_state().await?.head.and_then(|(head, _)| read(&head.signed)))
}

/// Is the last row that was signed still there, as it was?
async fn has<S: Store>(store: &S, last: Option<&(u64, String)>) -> Result<bool, StoreError> {
    let Some((rows, hash)) = last.filter(|(rows, _)| *rows > 0) else { return Ok(true) };
    let found = store.acts(WhichActs { office: None, after: rows.checked_sub(2) }).await?;
    Ok(found.first().is_some_and(|row| fumibako_model::hash(row.as_bytes()) == *hash))
}

fn failed(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Failed(why.to_string())
}
