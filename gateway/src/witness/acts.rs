//! The audit is signed as it grows, and never one that does not go on from what was signed before (Profile §16.2): as its newest head says
//! whose key is of this gateway; as is known since the gateway runs; and as the last head says that lies beside the key, outside the rows.

use std::path::Path;

use fumibako_model::log::FormerKey;
use fumibako_model::{AuditHead, AuditRow, Witnesses};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{ActsHead, ActsState, SealedAct, Store, StoreError, WhichActs};
use jiff::Timestamp;

use super::beside::{Aside, Beside, ToPut, keep_aside, last_acts_file, put, remove};
use super::restored;
use super::{Keys, Seals, Witnessing, may_sign};
use crate::house::House;

/// What the gateway knows of the audit and does not read from the rows.
#[derive(Debug, Default)]
pub(crate) struct Acts {
    /// So many rows were signed last, and the hash of the last of them.
    last: Option<(u64, String)>,
    /// The last head, where it does not lie beside the key yet.
    to_put: ToPut,
    /// From this row on all bear the gateway's seal until they are signed for. Every head says it, and what the first one said stands.
    sealed_from: u64,
    /// The operator has accepted rows up to this one as they stand.
    accepted: u64,
    apart: bool,
    /// The first row that this gateway did not write as it stands there.
    not_ours: Option<u64>,
}

impl Acts {
    /// Of an audit whose last head lies beside the key. Another one explains that it is not so long any more where `backup restore` signed
    /// for just the store that starts.
    pub(super) async fn begin<S: Store>(
        store: &S,
        identity_file: &Path,
        (given, put_back, believed): (Option<Beside<AuditHead>>, bool, &Witnesses),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let said = |one: &Beside<AuditHead>| (one.head.rows, one.head.hash.clone());
        let ActsState { rows, head, .. } = store.acts_state().await?;
        let kept = head.and_then(|(head, _)| Some(read(&head.signed, believed)?.1));
        let told = given.iter().map(|given| &given.head).chain(&kept).filter_map(|head| head.sealed_from).min();
        let last = given.as_ref().map(said);
        let begun = Self { last, sealed_from: told.unwrap_or(rows), ..Self::default() };
        if has(store, begun.last.as_ref()).await? || !put_back {
            return Ok(begun);
        }
        let back = restored::of_its_audit(identity_file, given.as_ref())?;
        let Some(back) = back.filter(|back| read(&back.octets, believed).is_some()) else { return Ok(begun) };
        let explained = Some(said(&back));
        if !has(store, explained.as_ref()).await? {
            return Ok(begun);
        }
        let file = last_acts_file(identity_file);
        if let Some(given) = &given {
            keep_aside(&file, &given.octets, Aside::KnownOfActs, now)?;
        }
        put(&file, &back.octets).map_err(|why| failed(&why))?;
        // A copy from before the seals has none in what no head of it covers either.
        let sealed_from = if back.head.sealed_from.is_some() { begun.sealed_from.min(back.head.rows) } else { rows };
        Ok(Self { last: explained, sealed_from, ..begun })
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

    /// Is its last head not beside the key yet, because it cannot be written?
    pub(crate) fn not_put(&self) -> bool {
        self.to_put.waits()
    }

    /// The first row that this gateway did not write as it stands there: neither it nor what comes after it is signed.
    pub(crate) fn not_ours(&self) -> Option<u64> {
        self.not_ours
    }

    /// Does it not go on from the last head that is known of, whatever heads the rows have?
    pub(super) async fn lost<S: Store>(&self, store: &S) -> Result<bool, StoreError> {
        Ok(!has(store, self.last.as_ref()).await?)
    }

    /// How many rows wait for the operator's word, if any do.
    pub(super) async fn waits<S: Store>(&self, store: &S) -> Result<Option<u64>, StoreError> {
        let waits = self.apart || self.lost(store).await?;
        Ok(if waits { Some(store.acts_state().await?.rows) } else { None })
    }

    /// The operator knows why, and accepts so many rows as they stand. What was signed before and is not there any more stays beside the key,
    /// and is none that the audit goes on from.
    pub(super) async fn accept<S: Store>(
        &mut self,
        store: &S,
        (identity_file, accepted): (&Path, u64),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let file = last_acts_file(identity_file);
        if self.lost(store).await? {
            if let Some(given) = Beside::<AuditHead>::read(&file)? {
                keep_aside(&file, &given.octets, Aside::KnownOfActs, now)?;
            }
            remove(&file).map_err(|why| failed(&why))?;
            (self.last, self.to_put) = (None, ToPut::default());
        }
        // What is written from now on is asked for its seal.
        (self.accepted, self.sealed_from) = (accepted, self.sealed_from.min(accepted));
        self.not_ours = None;
        Ok(())
    }

    /// The rows from this number on, as far as the gateway wrote them: how many there are then, and the hash of the last.
    async fn ours<S: Store>(
        &mut self,
        store: &S,
        seals: Option<&Seals>,
        (mut rows, mut hash): (u64, String),
    ) -> Result<(u64, String), StoreError> {
        loop {
            let found = store.sealed_acts(rows).await?;
            if found.is_empty() {
                return Ok((rows, hash));
            }
            for one in found {
                let sealed = seals.is_none_or(|seals| one.n < self.sealed_from || is_sealed(&one, seals));
                if !(sealed && follows(&one, (rows, &hash))) {
                    self.not_ours = Some(rows);
                    return Ok((rows, hash));
                }
                (rows, hash) = after(&one);
            }
        }
    }

    /// Where the audit goes on from, as it was signed last. None: its newest head is not of this gateway, or over others than there are.
    fn behind_what_was_signed(&self, keys: &Keys, newest: Option<Newest>) -> Option<GoesOn> {
        if newest.as_ref().is_some_and(|newest| !agrees(keys, newest)) {
            return None;
        }
        Some(self.behind(newest))
    }

    /// Where it goes on from once the operator accepted rows: whatever heads they have, these go under the next head as they stand, and heads
    /// from the first on that is over others than there are go with it.
    async fn behind_what_was_accepted<S: Store>(
        &self,
        house: &House<S>,
        newest: Option<Newest>,
    ) -> Result<GoesOn, StoreError> {
        let goes_on = self.behind(newest.filter(|newest| agrees(&house.keys, newest)));
        let (mut rows, mut hash) = goes_on.from;
        while rows < self.accepted {
            let found = house.store.sealed_acts(rows).await?;
            let Some(last) = found.iter().take_while(|one| one.n < self.accepted).last() else { break };
            (rows, hash) = after(last);
        }
        let beyond = Some(agreeing(house).await?);
        Ok(GoesOn { from: (rows, hash), beyond, ..goes_on })
    }

    /// Behind the newest head of the rows, or behind the last that was signed: that may be gone, and the seals of what was under it with it.
    fn behind(&self, newest: Option<Newest>) -> GoesOn {
        let head = newest.as_ref().and_then(|(head, hash)| Some((head.rows, hash.clone()?)));
        let from = head.into_iter().chain(self.last.clone()).max_by_key(|(rows, _)| *rows).unwrap_or_else(beginning);
        GoesOn { newest: newest.map(|(head, _)| head), from, beyond: None }
    }

    /// Signs it as it stands now, if it grew. False: it does not go on from what was signed.
    async fn sign<S: Store>(&mut self, house: &House<S>, seals: Option<&Seals>) -> Result<bool, StoreError> {
        self.not_ours = None;
        let state = house.store.acts_state().await?;
        let as_signed = self.last.as_ref().is_some_and(|(rows, hash)| (*rows, hash) == (state.rows, &state.hash));
        if as_signed && !state.is_unsigned() {
            return Ok(true);
        }
        if !as_signed && self.lost(&house.store).await? {
            return Ok(false);
        }
        let ActsState { rows, hash, head } = state;
        let goes_on = if self.accepted > 0 {
            Some(self.behind_what_was_accepted(house, head).await?)
        } else {
            self.behind_what_was_signed(&house.keys, head)
        };
        let Some(GoesOn { newest, from, beyond }) = goes_on else { return Ok(false) };
        let covered = newest.as_ref().map_or(0, |head| head.rows);
        if covered >= rows {
            // Signed before such a head lay beside the key, or accepted; or a crash kept it from its place there.
            let older = self.last.as_ref().is_none_or(|(known, _)| *known < rows);
            if let Some(head) = newest.filter(|_| older) {
                self.last = Some((rows, hash));
                self.to_put.set(head.signed);
            }
            return Ok(true);
        }
        let (rows, hash) = self.ours(&house.store, seals, from).await?;
        let now = house.clock.now();
        if rows > covered && may_sign(house, now) {
            let (audit, sealed_from) = (house.config.domain.to_string(), Some(self.sealed_from));
            let head = AuditHead { v: 1, audit, rows, hash: hash.clone(), at: now, sealed_from };
            let octets = serde_json::to_vec(&head).map_err(|why| failed(&why))?;
            let signed = enclose(&octets, &house.witness, now).map_err(|why| failed(&why))?;
            house.store.keep_acts_head(ActsHead { day: Day::of(now), rows, signed: signed.clone(), beyond }).await?;
            (self.last, self.accepted) = (Some((rows, hash)), 0);
            self.to_put.set(signed);
        }
        Ok(self.not_ours.is_none())
    }
}

/// The newest head of the rows, and the hash of the row that it is over, if that is there.
type Newest = (ActsHead, Option<String>);

/// Where the audit goes on from.
struct GoesOn {
    /// The newest head of the rows, if it counts.
    newest: Option<ActsHead>,
    /// So many rows are not looked at any more, and the hash of the last of them.
    from: (u64, String),
    /// Heads over more than so many rows are to go.
    beyond: Option<u64>,
}

/// So many rows there are with this one, and its hash.
fn after(one: &SealedAct) -> (u64, String) {
    (one.n + 1, fumibako_model::hash(one.row.as_bytes()))
}

/// Is this head of this gateway, and over the row that is there now?
fn agrees(keys: &Keys, (head, hash): &Newest) -> bool {
    let said = keys.acts_head(&head.signed);
    said.is_ok_and(|(said, _)| said.rows == head.rows && Some(&said.hash) == hash.as_ref())
}

/// How many rows are under the last head before the first one that is over others than there are.
async fn agreeing<S: Store>(house: &House<S>) -> Result<u64, StoreError> {
    let heads = house.store.audit_acts().await?.heads;
    let good = heads.iter().take_while(|head| agrees(&house.keys, head)).last();
    Ok(good.map_or(0, |(head, _)| head.rows))
}

/// Does it bear the seal of this gateway?
fn is_sealed(one: &SealedAct, seals: &Seals) -> bool {
    one.seal.as_ref().is_some_and(|seal| seals.holds_act(one.n, &one.row, seal))
}

/// Is it the row that comes after so many, of which the last has this hash?
fn follows(one: &SealedAct, (rows, hash): (u64, &str)) -> bool {
    let known = serde_json::from_str::<AuditRow>(&one.row);
    one.n == rows && known.is_ok_and(|known| known.n == rows && known.previous == hash)
}

const NOT_AS_SIGNED: &str = "監査記録が、署名した記録に続いていません。audit verify で確かめてください / \
    the audit is not what was signed; see `audit verify`";

/// Before the first row.
fn beginning() -> (u64, String) {
    (0, "0".repeat(64))
}

/// Signs the audit as it stands now, if it grew.
pub(crate) async fn attest<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut witnessing = house.witnessing.lock().await;
    let Witnessing { acts, seals, .. } = &mut *witnessing;
    let goes_on = acts.sign(house, seals.as_ref()).await?;
    acts.apart = !goes_on;
    acts.to_put.put(last_acts_file(&house.config.evidence.identity_file)).await;
    if goes_on { Ok(()) } else { Err(failed(&NOT_AS_SIGNED)) }
}

/// The audit's last head that is known of, and the key that signed it: the one beside the key, or else the newest of the rows.
pub(super) async fn newest<S: Store>(
    store: &S,
    given: Option<&Beside<AuditHead>>,
    believed: &Witnesses,
) -> Result<Option<(String, AuditHead)>, StoreError> {
    if let Some(found) = given.and_then(|given| read(&given.octets, believed)) {
        return Ok(Some(found));
    }
    Ok(store.acts_state().await?.head.and_then(|(head, _)| read(&head.signed, believed)))
}

/// A head that one of these keys signed, and which.
fn read(octets: &[u8], believed: &Witnesses) -> Option<(String, AuditHead)> {
    let (signature, inside) = enclosed(octets).ok()?;
    let head: AuditHead = serde_json::from_slice(&inside).ok()?;
    believed.judge(&signature, head.at).ok()?;
    Some((signature.signer().fingerprint_hex(), head))
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
