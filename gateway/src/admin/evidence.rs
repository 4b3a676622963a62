//! What the operator asks of the evidence: which there is, what proves it, whether any of it was touched (Profile §8.15).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::log::{Head, HeadBefore, SetBack};
use fumibako_model::{Acceptance, Continuation, EvidenceId, Pruning, Refusal, What};
use fumibako_signer::{TimeStamp, TimeStampError, Trust};
use fumibako_store::{
    Foreign, KeptHead, LogAudit, LogFault, LogState, Odd, RefusedCount, RefusedReceipt, RefusedReceipts, Store,
    StoreError, Sum, Vouched, Which, WhichRefused, Wrong, hex,
};
use jiff::Timestamp;

use super::Admin;
use super::words::{AcceptedRow, Audited, PruneView, RefusedMore, RefusedRow, Reply, Request, Tampered};
use super::{NAME_CHARACTERS, short};
use crate::witness::{self, Said};
use crate::{accepted, proof, prune};

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
        let words_from = self.0.witnessing.lock().await.words_from;
        let told = accepted::all(&self.0)?;
        let by = Vouched { words_from, accepted: told.iter().flat_map(|one| one.bundles.clone()).collect() };
        let LogAudit { evidence, logged, heads, pruned, faults, accepted, foreign, .. } =
            self.0.store.audit(by).await?;
        let accepted = accepted.iter().filter_map(|one| accepted_row(one, &told)).collect();
        let mut rows: Vec<_> =
            foreign.iter().map(|one| object(one, evidence)).chain(faults.iter().map(fault)).collect();
        rows.extend(self.waiting(evidence).await);
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
            about(said, (first, signed.max(1) - 1), None)
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
        Some(about(said, (size.max(1) - 1, size.max(1) - 1), None))
    }

    /// Profile §8.20: evidence that is not new and stands under no signature. Nothing is signed before the operator accepts it.
    async fn waiting(&self, evidence: u64) -> Vec<Tampered> {
        let witnessing = self.0.witnessing.lock().await;
        let (doubt, is_new) = (&witnessing.doubt, witnessing.is_new());
        let unsealed = doubt.unsealed().iter().map(|(n, id)| about(unsealed(is_new), (*n, *n), Some(*id)));
        let mut rows: Vec<_> = unsealed.collect();
        let Some(first) = doubt.held() else { return rows };
        let said = Said::new(
            "新しくないのに署名がありません。evidence accept で承認されるまで、署名を止めています",
            "is not new and stands under no signature; nothing is signed until `evidence accept`",
        );
        rows.push(about(said, (first, evidence.max(first + 1) - 1), None));
        rows
    }

    /// Profile §8.20: the operator knows why the log does not continue what was signed, and the audit says who accepted it, and why. So he
    /// does of bundles whose evidence went with it, as they are shown then.
    async fn accept(&self, reason: String) -> Result<Reply, StoreError> {
        let reason = short(reason, NAME_CHARACTERS)?;
        let told = self.did(What::EvidenceAccepted).noting(&reason);
        let by = told.by.clone();
        let of_the_log = witness::accept(&self.0, told.clone()).await?;
        let words_from = self.0.witnessing.lock().await.words_from;
        let accepted = accepted::all(&self.0)?.into_iter().flat_map(|one| one.bundles).collect();
        let unproved = self.0.store.audit(Vouched { words_from, accepted }).await?.unproved;
        if unproved.is_empty() {
            return if of_the_log {
                Ok(Reply::Done)
            } else {
                Err(Refusal::ValueUnfit.about("there is nothing to accept").into())
            };
        }
        if !of_the_log {
            self.tell(told).await?;
        }
        accepted::keep(&self.0, (by, reason), unproved)?;
        Ok(Reply::Done)
    }

    async fn refused(&self, which: WhichRefused) -> Result<Reply, StoreError> {
        let row = |(number, one): (u64, RefusedReceipt)| {
            let RefusedReceipt { at, login, from, to, original, sha256, code } = one;
            RefusedRow { number, at, login, from, to, original, sha256, code }
        };
        let RefusedReceipts { rows, more } = self.0.store.refused_receipts(which).await?;
        let counted =
            |RefusedCount { day, login, repeated, count }| RefusedMore { day: day.to_string(), login, repeated, count };
        let (receipts, more) = (rows.into_iter().map(row).collect(), more.into_iter().map(counted).collect());
        Ok(Reply::RefusedReceipts { receipts, more })
    }

    /// Profile §8.20: a head that somebody was given is one that the log continues, or it is said that it is not.
    async fn continues(&self, given: String) -> Result<Reply, StoreError> {
        let broken = |why: String| StoreError::from(Refusal::EvidenceBroken.about(why));
        let der = STANDARD.decode(&given).map_err(|why| broken(why.to_string()))?;
        let (head, _) = self.0.keys.head(&der).map_err(|said| broken(said.en))?;
        witness::attest(&self.0).await?;
        let LogState { size, head: newest, .. } = self.0.store.log_state().await?;
        let newest = newest.filter(|_| head.size <= size);
        let newest = newest.ok_or_else(|| broken(format!("{} pieces; there are {size} now", head.size)))?;
        let known = self.0.store.continuation(head.size, size).await?;
        let between = known.filter(|(root, _)| hex(root) == head.root).map(|(_, between)| between);
        let between = between.ok_or_else(|| broken(format!("the first {} pieces are others now", head.size)))?;
        let between = between.iter().map(|hash| hex(hash)).collect();
        Ok(Reply::Continues(Continuation { v: 1, earlier: given, later: STANDARD.encode(newest), between }))
    }
}

/// Profile §8.20: evidence that does not bear the gateway's seal; under a key that has just taken the place of another it may bear that one's.
fn unsealed(is_new: bool) -> Said {
    let (ja, en) = if is_new {
        (
            "鍵を替えたばかりです。前の鍵のときに書かれ、署名を待っていたものなら、前の鍵のファイルを新しい鍵のファイルと同じフォルダーに置いて再起動すると、署名します。",
            " The key was just replaced: if this was written under the former one and waited for a signature, put that one's file into the folder of the new key and start again.",
        )
    } else {
        ("", "")
    };
    Said::new(
        format!(
            "このゲートウェイが書いた証跡ではありません（書いたときの印がないか、合いません）。署名を止めています。{ja}覚えがなければこの行を残したまま調べ、バックアップと比べてください。わけが分かっていれば evidence accept で承認できます"
        ),
        format!(
            "was not written by this gateway as it stands there (its seal is missing or another); nothing is signed.{en} If nobody of yours wrote it, keep the row, and compare with a backup; whoever knows why it is there says so by `evidence accept`"
        ),
    )
}

/// Profile §8.13: the head that this one says stands before it does not stand there.
fn taken_out(head: &Head, heads: &[KeptHead]) -> Option<Tampered> {
    let HeadBefore { size, sha256 } = head.before.as_ref()?;
    let is_it = |kept: &KeptHead| kept.size == *size && fumibako_model::hash(&kept.head) == *sha256;
    let last = size.max(&1) - 1;
    (!heads.iter().any(is_it)).then(|| {
        let at = head.at;
        let said = Said::new(
            format!("{at} の署名が前にあると示す署名（証跡 {size} 件に対するもの）がないか、別のものです。バックアップと比べてください"),
            format!("the head over {size} pieces is not there, or is another, which the one of {at} says stands before it: compare with a backup"),
        );
        about(said, (last, last), None)
    })
}

/// When a bundle was accepted last, by whom and why.
fn accepted_row((bundle, fault): &(i64, LogFault), told: &[Acceptance]) -> Option<AcceptedRow> {
    let one = told.iter().rfind(|one| one.bundles.iter().any(|known| known.bundle == *bundle))?;
    let Acceptance { at, by, reason, .. } = one.clone();
    Some(AcceptedRow { id: fault.id, message_id: fault.message_id.clone(), at, by, reason })
}

/// What is wrong with these numbers, and with this row.
fn about(said: Said, (first, last): (u64, u64), id: Option<EvidenceId>) -> Tampered {
    Tampered { first, last, id, message_id: None, object: None, what: said.en, what_ja: said.ja }
}

/// Profile §8.30: what another hand put into the database, or took out of it. It may have changed any of what was written since.
fn object(one: &Foreign, evidence: u64) -> Tampered {
    let said = match one.what {
        Odd::More => Said::new(
            "このゲートウェイが作ったものではありません。書き込みを書き換えるものかもしれません。覚えがなければ、まず内容の写しを取って調べてください。要らなければ、ゲートウェイを止めてから sqlite3 で消せます（DROP）",
            "is not of this gateway's making, and may edit what it writes. If nobody of yours made it, copy its text first and look into it; to be rid of it stop the gateway and DROP it with sqlite3",
        ),
        Odd::Missing => Said::new(
            "なくなっています。ゲートウェイを止め、これがあるバックアップに戻すか、提供元に知らせてください",
            "was taken away: stop the gateway and restore a backup that has it, or ask the makers",
        ),
        Odd::Other => Said::new(
            "このゲートウェイが作ったものと違います。ゲートウェイを止め、書き換えられる前のバックアップに戻すか、提供元に知らせてください",
            "is another than this gateway makes: stop the gateway and restore a backup from before, or ask the makers",
        ),
    };
    Tampered { object: Some(one.to_string()), ..about(said, (0, evidence.max(1) - 1), None) }
}

/// Is what stands for its time stamp none over this head? Whose it is, whoever verifies asks: the operator may have named another authority
/// since.
fn stamp_wrong(kept: &KeptHead) -> Option<Said> {
    let nobody = Trust::for_time_stamps([]).ok()?;
    let mut sum = Sum::default();
    sum.add(&kept.head);
    let digest = sum.finish();
    let judged = TimeStamp::verify(kept.stamp.as_ref()?, &digest, &nobody, Timestamp::MAX);
    let why = judged.err().filter(|why| !matches!(why, TimeStampError::Certificate(_)))?;
    let day = kept.day;
    Some(Said::new(
        format!(
            "{day} の署名に付いている時刻の証明が壊れています。署名そのものは有効です。バックアップから戻せます（{why}）"
        ),
        format!(
            "the head of {day}: its time stamp is broken; the signature holds; a backup may have the stamp ({why})"
        ),
    ))
}

fn fault(fault: &LogFault) -> Tampered {
    let (ja, en) = match fault.what {
        Wrong::Removed => ("なくなっています", "was removed"),
        Wrong::Changed => ("内容が署名のときと違います", "was changed"),
        Wrong::Columns => (
            "横の列の日時・種類・事業所が、証跡の内容と違います",
            "has a time, event or office beside it that is not its own",
        ),
        Wrong::Moved => ("別の送信データの証跡として置かれています", "is filed under another bundle"),
        Wrong::Unfounded => (
            "この送付について、それまでの証跡からは起こりえないこと（受領のあとの期限切れなど）が書かれています。受領証で確かめてください（evidence export）",
            "says of its bundle what cannot follow from the evidence before it, as that it was lost behind its receipt: go by the receipt (`evidence export`)",
        ),
        Wrong::Word => {
            ("証跡が示す受領証が一緒にないか、別のものです", "names a receipt that is not kept with it, or is another")
        }
        Wrong::Paper => (
            "署名した人の証明書か、判断のもとになった認証局・失効リストが保存されていないか、別のものです",
            "names a certificate, or authorities and lists, that are not kept, or are others",
        ),
        Wrong::Mandate => (
            "証跡が示す委任か、その署名（委任・確認・取消し）が保存されていないか、別のものです。バックアップと比べてください",
            "quotes a mandate that is not kept, or is another, or what was signed of it is: compare with a backup",
        ),
        Wrong::Stray => ("証跡がないのに受領証だけがあります", "has a receipt kept beside it and is not there"),
        Wrong::Unproved => (
            "この送付に付いている「済」などの表示や状態を示す証跡がありません。表示ではなく、受領証（evidence export）で確かめてください",
            "is about a bundle that is shown as further than any evidence says (済 or the like): go by its receipt (`evidence export`), not by what is shown",
        ),
        Wrong::Hidden => (
            "この送付の受領または受け渡しの証跡がありますが、表示や状態がそうなっていません。正しいのは証跡です（evidence export）",
            "is about a bundle of which evidence says that it was acknowledged or handed over, and which is not shown so: the evidence counts (`evidence export`)",
        ),
        Wrong::Described => (
            "この送付の記載（事業所、日時、Message-ID、大きさ、ハッシュ）が、受付の証跡と違います。正しいのは証跡です（evidence export）",
            "is about a bundle whose row names other offices, another time, Message-ID, size or digest: the evidence counts (`evidence export`)",
        ),
        Wrong::Tree => (
            "消去したものの一覧のハッシュが、証跡の示すものと違うか、証跡がないのに残っています。この日の消去は証明できません。バックアップと比べてください",
            "and the tree of what was erased do not belong together: what was erased then cannot be proved; compare with a backup",
        ),
        Wrong::End => (
            "署名の行が示す最後の証跡が違います。ゲートウェイを止め、バックアップと比べてください",
            "is not the last one that a head names: stop the gateway, and compare with a backup",
        ),
        Wrong::Counter => (
            "証跡の件数か番号の控えが書き換えられています。ゲートウェイを止め、バックアップと比べてください",
            "and what follows: a counter of evidence was changed; stop the gateway, and compare with a backup",
        ),
        Wrong::Added => ("記録になかったものが加えられています", "was put in: the log never had it"),
        Wrong::Log => (
            "ここから先の、記録のハッシュが書き換えられています",
            "and what follows: the hashes of the log were changed",
        ),
    };
    Tampered { message_id: fault.message_id.clone(), ..about(Said::new(ja, en), (fault.n, fault.n), fault.id) }
}
