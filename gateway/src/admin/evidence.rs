//! What the operator asks of the evidence: which there is, what proves it, whether any of it was touched (Profile §8.15).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::log::SetBack;
use fumibako_model::{Acceptance, Continuation, EvidenceId, Pruning, Refusal, What};
use fumibako_store::{
    LogAudit, LogFault, LogState, RefusedCount, RefusedReceipt, RefusedReceipts, Store, StoreError, Vouched, Which,
    WhichRefused, Wrong, hex,
};

use super::Admin;
use super::words::{
    AcceptedBundle, AcceptedNow, AcceptedRow, Audited, NotContinued, PruneView, RefusedMore, RefusedRow, Remedy, Reply,
    Request, Tampered,
};
use super::{NAME_CHARACTERS, short};
use crate::witness::{self, Said};
use crate::{accepted, proof, prune};

mod named;

use named::{about, fault, object, stamp_wrong, taken_out, unsealed};

/// Of bundles that were accepted so many are named by the answer; the file names all.
const NAMED: usize = 20;

impl<S: Store> Admin<S> {
    /// What is asked of the evidence.
    pub(super) async fn evidence(&self, request: Request) -> Result<Reply, StoreError> {
        match request {
            Request::EvidenceList { office, message_id, after } => {
                self.list_evidence(Which { office, message_id, after }).await
            }
            Request::EvidenceExport { id } => self.export_evidence(id).await,
            Request::EvidenceContinues { head } => self.continues(head).await,
            Request::EvidencePrune { dry_run } => self.prune_evidence(dry_run).await,
            Request::EvidenceRefused { repeated, office, before } => {
                self.refused(WhichRefused { repeated, office, before }).await
            }
            Request::EvidenceAuthority => Ok(Reply::Authority { pem: self.0.keys.believed.file() }),
            Request::EvidenceAccept { reason } => self.accept(reason).await,
            _ => self.verify_evidence().await,
        }
    }

    async fn list_evidence(&self, which: Which) -> Result<Reply, StoreError> {
        Ok(Reply::Evidence { entries: self.0.store.list_evidence(which).await? })
    }

    /// A piece, and all else about its bundle, with what proves it.
    async fn export_evidence(&self, id: EvidenceId) -> Result<Reply, StoreError> {
        let Some(file) = proof::whole(&self.0, id, None).await? else {
            proof::not_pruned(&self.0, id).await?;
            return Err(Refusal::EvidenceUnknown.about(id).into());
        };
        Ok(Reply::Proof(Box::new(file)))
    }

    /// What goes whose years are over, or would go.
    async fn prune_evidence(&self, dry_run: bool) -> Result<Reply, StoreError> {
        let house = &self.0;
        let term = house.config.evidence_term();
        let by = self.did(What::EvidencePruned).by;
        let pruning = if dry_run { prune::plan(house).await? } else { prune::run(house, &by).await? };
        Ok(Reply::Pruned(PruneView { years: term.years(), before: term.ends(house.clock.now()), pruning }))
    }

    /// Everything against everything: rows, hashes, roots, signatures.
    async fn verify_evidence(&self) -> Result<Reply, StoreError> {
        witness::attest(&self.0).await.or_else(|error| match error {
            // That is what is to be found out.
            StoreError::Failed(_) => Ok(()),
            other => Err(other),
        })?;
        let told = accepted::all(&self.0)?;
        let by = self.vouched(&told).await;
        let LogAudit { evidence, logged, heads, pruned, faults, accepted, foreign, .. } =
            self.0.store.audit(by).await?;
        self.0.looked(&faults);
        let accepted = accepted.iter().filter_map(|one| accepted_row(one, &told)).collect();
        let waiting = self.waiting(evidence).await;
        // What bears no seal is named as that.
        let known = |fault: &&LogFault| fault.what == Wrong::Added && waiting.iter().any(|row| row.id == fault.id);
        let faults = faults.iter().filter(|one| !known(one)).map(|one| fault(one, evidence));
        let mut rows: Vec<_> = foreign.iter().map(|one| object(one, evidence)).chain(faults).collect();
        rows.extend(waiting);
        rows.extend(self.not_put().await);
        rows.extend(self.lost().await.or_else(|error| match error {
            StoreError::Failed(why) => {
                Ok(vec![about(Said::new(why.as_str(), why.as_str()), (0, evidence.max(1) - 1), None)])
            }
            other => Err(other),
        })?);
        let (mut good, mut counted) = (0, Vec::new());
        for (kept, judged) in self.0.keys.judge(&heads) {
            let last = kept.size.max(1) - 1;
            rows.extend(stamp_wrong(kept).map(|said| about(said, (last, last), None)));
            match judged {
                Ok(head) => {
                    good = kept.size;
                    rows.extend(witness::misplaced(kept, &head).map(|said| about(said, (last, last), None)));
                    rows.extend(taken_out(&head, &heads));
                    counted.push(head);
                }
                Err(Said { ja, en }) => {
                    let day = kept.day;
                    let said = Said::new(format!("{day} の署名: {ja}"), format!("the head of {day}: {en}"));
                    rows.push(about(said, (good, last), None));
                }
            }
        }
        for one in &pruned {
            let Pruning { from, until, .. } = one.pruning;
            let said = prune::wrongly(&self.0, one, &counted).await?;
            rows.extend(said.map(|said| about(said, (from, until.max(1) - 1), Some(one.id))));
        }
        let (heads, set_back) = (heads.len() as u64, self.0.witnessing.lock().await.set_back.clone());
        let pruned = pruned.into_iter().next_back().map(|one| one.pruning);
        Ok(Reply::Audited(Box::new(Audited { evidence, logged, heads, set_back, pruned, faults: rows, accepted })))
    }

    /// What an audit goes by that no row says.
    async fn vouched(&self, told: &[Acceptance]) -> Vouched {
        let (words_from, covered) = {
            let witnessing = self.0.witnessing.lock().await;
            (witnessing.words_from, witnessing.covered())
        };
        let accepted = told.iter().flat_map(|one| one.bundles.clone()).collect();
        Vouched { words_from, accepted, signed: Some(covered.max(self.0.lost_end().await)) }
    }

    /// Profile §8.20: ends of the log that were signed for and are not there, as long as the head that proves it lies beside the key.
    async fn lost(&self) -> Result<Vec<Tampered>, StoreError> {
        let house = &self.0;
        let set_back = house.witnessing.lock().await.set_back.clone();
        let left = |signed| set_back.iter().flat_map(SetBack::all).find(|one| one.lost == Some(signed));
        let lost =
            witness::lost_heads(&house.store, &house.config.evidence.identity_file, &house.keys.believed).await?;
        let row = |signed: u64| {
            let first = left(signed).map_or(0, |one| one.size).min(signed.max(1) - 1);
            let said = Said::new(
                "署名した記録とつながらず、この範囲は署名のときの証跡であると言えません（その署名 lost-head-… は鍵と同じフォルダーにあります）",
                "was signed for and is not there: the log does not continue that head, which lies beside the key",
            );
            Tampered { next: Remedy::Accept, ..about(said, (first, signed.max(1) - 1), None) }
        };
        Ok(lost.into_iter().map(row).collect())
    }

    /// Profile §8.20: what tells at the next start how long the log is, is not written.
    async fn not_put(&self) -> Option<Tampered> {
        let size = self.0.witnessing.lock().await.not_put()?;
        let said = Said::new(
            "最後の署名を鍵の横（last-head.p7m）に書けません。空きと書き込みの権限を確かめてください。書けるまで毎秒やり直します",
            "is under a head that cannot be written beside the key (last-head.p7m): see to room and rights; it is tried every second",
        );
        Some(Tampered { next: Remedy::Folder, ..about(said, (size.max(1) - 1, size.max(1) - 1), None) })
    }

    /// Profile §8.20: evidence that is not new and stands under no signature. Nothing is signed before the operator accepts it.
    async fn waiting(&self, evidence: u64) -> Vec<Tampered> {
        let witnessing = self.0.witnessing.lock().await;
        let (doubt, over) = (&witnessing.doubt, &witnessing.over);
        let unsealed = doubt.unsealed().iter().map(|(n, id)| unsealed(over.waited(*n), *n, *id));
        let mut rows: Vec<_> = unsealed.collect();
        let Some(first) = doubt.held() else { return rows };
        let said = Said::new(
            "新しくないのに署名がありません。evidence accept で承認されるまで、署名を止めています",
            "is not new and stands under no signature; nothing is signed until `evidence accept`",
        );
        let next = Remedy::Accept;
        rows.push(Tampered { next, ..about(said, (first, evidence.max(first + 1) - 1), None) });
        rows
    }

    /// Profile §8.20: the operator knows why the log does not continue what was signed, and the audit says who accepted it, and why. So he
    /// does of bundles whose evidence went with it, as they are shown then.
    async fn accept(&self, reason: String) -> Result<Reply, StoreError> {
        let reason = short(reason, NAME_CHARACTERS)?;
        let told = self.did(What::EvidenceAccepted).noting(&reason);
        let by = told.by.clone();
        let of_the_log = witness::accept(&self.0, told.clone()).await?;
        let vouched = self.vouched(&accepted::all(&self.0)?).await;
        let LogAudit { unproved, faults, .. } = self.0.store.audit(vouched).await?;
        self.0.looked(&faults);
        if unproved.is_empty() {
            let now = AcceptedNow { log: true, count: 0, bundles: Vec::new(), file: None };
            return Ok(if of_the_log { Reply::Accepted(now) } else { Reply::NothingToAccept });
        }
        if !of_the_log {
            self.tell(told).await?;
        }
        let name = |(_, fault): &(_, LogFault)| AcceptedBundle { id: fault.id, message_id: fault.message_id.clone() };
        let (count, bundles) = (unproved.len() as u64, unproved.iter().take(NAMED).map(name).collect());
        let shown = unproved.into_iter().map(|(shown, _)| shown).collect();
        let file = accepted::keep(&self.0, (by, reason), shown)?;
        Ok(Reply::Accepted(AcceptedNow { log: of_the_log, count, bundles, file: Some(file) }))
    }

    async fn refused(&self, which: WhichRefused) -> Result<Reply, StoreError> {
        let row = |(number, one): (u64, RefusedReceipt)| {
            let RefusedReceipt { at, login, from, to, original, sha256, code } = one;
            RefusedRow { number, at, login, from, to, original, sha256, code }
        };
        let RefusedReceipts { rows, damaged, more } = self.0.store.refused_receipts(which).await?;
        let counted =
            |RefusedCount { day, login, repeated, count }| RefusedMore { day: day.to_string(), login, repeated, count };
        let (receipts, more) = (rows.into_iter().map(row).collect(), more.into_iter().map(counted).collect());
        Ok(Reply::RefusedReceipts { receipts, damaged, more })
    }

    /// Profile §8.20: a head that somebody was given is one that the log continues, or it is said that it is not.
    async fn continues(&self, given: String) -> Result<Reply, StoreError> {
        let not = |Said { ja, en }: Said, ours: bool| Ok(Reply::NotContinued(NotContinued { ja, en, ours }));
        let read = STANDARD.decode(&given).map_err(|why| Said::broken(&why)).and_then(|der| self.0.keys.head(&der));
        let head = match read {
            Ok((head, _)) => head,
            Err(said) => return not(said, false),
        };
        witness::attest(&self.0).await?;
        let LogState { size, head: newest, .. } = self.0.store.log_state().await?;
        let signed = head.size;
        let Some(newest) = newest.filter(|_| signed <= size) else {
            let said = Said::new(
                format!("証跡 {signed} 件の記録への署名ですが、いまの記録は {size} 件です"),
                format!("it is over {signed} pieces of evidence, and there are {size} now"),
            );
            return not(said, true);
        };
        let known = self.0.store.continuation(signed, size).await?;
        let Some((_, between)) = known.filter(|(root, _)| hex(root) == head.root) else {
            let said = Said::new(
                format!("はじめの {signed} 件の証跡が、署名のときと違います"),
                format!("the first {signed} pieces of evidence are others than were signed"),
            );
            return not(said, true);
        };
        let between = between.iter().map(|hash| hex(hash)).collect();
        Ok(Reply::Continues(Continuation { v: 1, earlier: given, later: STANDARD.encode(newest), between }))
    }
}

/// When a bundle was accepted last, by whom and why.
fn accepted_row((bundle, fault): &(i64, LogFault), told: &[Acceptance]) -> Option<AcceptedRow> {
    let one = told.iter().rfind(|one| one.bundles.iter().any(|known| known.bundle == *bundle))?;
    let Acceptance { at, by, reason, .. } = one.clone();
    Some(AcceptedRow { id: fault.id, message_id: fault.message_id.clone(), at, by, reason })
}
