//! `status`: how the running gateway is.

use fumibako_careplan::Lang;
use fumibako_model::JAPAN;

use super::{Context, Failure, unexpected};
use crate::admin::{ExpiryView, Reply, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// 監視用の数値（OpenMetrics） / the figures for monitoring, as OpenMetrics text
    #[arg(long)]
    metrics: bool,
}

impl Status {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        if self.metrics {
            let Reply::Metrics { text } = context.ask(&Request::Metrics)? else { return Err(unexpected()) };
            return Ok(write!(context.out, "{text}")?);
        }
        let Reply::Status(status) = context.ask(&Request::Status)? else { return Err(unexpected()) };
        let (lang, unwritten, stopped) = (context.lang, status.heads_unwritten, status.evidence_stopped.is_some());
        let missing = status.evidence_missing > 0;
        context.rows(&[*status], |s| {
            let rows = figures(s, lang);
            let stopped = s.evidence_stopped.as_deref().map(|why| said_of_stopped(why, lang));
            let stopped = stopped.map(|said| (lang.pick("証跡の署名", "signing evidence"), said));
            let foreign = foreign(s.foreign_objects, lang);
            let foreign = foreign.map(|said| (lang.pick("データベース", "the database"), said));
            let unwritten = said_of_unwritten(s.heads_unwritten, lang);
            let unwritten = unwritten.map(|said| (lang.pick("鍵のフォルダー", "the folder of the evidence key"), said));
            let missing = said_of_missing(s.evidence_missing, lang);
            let missing = missing.map(|said| (lang.pick("なくなった証跡", "evidence that is gone"), said));
            let rows = rows.into_iter().chain(foreign).chain(missing).chain(stopped).chain(unwritten);
            rows.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
        })?;
        match (unwritten, stopped, missing) {
            (true, ..) => Err(Failure::HeadsUnwritten),
            (_, true, _) => Err(Failure::SigningStopped),
            (.., true) => Err(Failure::EvidenceMissing),
            _ => Ok(()),
        }
    }
}

/// What it has, and what it did, each with its name.
fn figures(s: &crate::admin::Status, lang: Lang) -> Vec<(&'static str, String)> {
    vec![
        (lang.pick("ドメイン", "domain"), s.domain.clone()),
        (lang.pick("版", "version"), s.version.clone()),
        (lang.pick("事業所", "offices"), s.offices.to_string()),
        (lang.pick("ログイン", "logins"), s.accounts.to_string()),
        (
            lang.pick("保管中のメール", "messages kept"),
            lang.pick(
                format!("{} 通（{} バイト）", s.messages, s.bytes),
                format!("{} ({} bytes)", s.messages, s.bytes),
            ),
        ),
        (
            lang.pick("証跡", "evidence"),
            lang.pick(
                format!("{} 件（署名済み {} 件）", s.evidence, s.evidence_logged),
                format!("{} ({} signed for)", s.evidence, s.evidence_logged),
            ),
        ),
        (
            lang.pick("保存期間を過ぎて整理した証跡", "evidence that went after its years"),
            s.evidence_pruned.to_string(),
        ),
        (
            lang.pick("証跡に署名する鍵の期限", "the evidence key ends"),
            JAPAN.to_datetime(s.evidence_key_until).date().to_string(),
        ),
        (lang.pick("監査記録", "audit"), audit(s.audit_apart, lang).to_owned()),
        (lang.pick("予定の報告", "reports due"), s.reports_due.to_string()),
        (lang.pick("拒否した受領証", "receipts refused"), s.receipts_refused.to_string()),
        (
            lang.pick("先の受領証のあとに届いた受領証", "receipts that only came second"),
            s.receipts_repeated.to_string(),
        ),
        (lang.pick("起動後の受け渡し", "handed over since start"), s.handed_over.to_string()),
        (lang.pick("起動後の報告", "reports since start"), s.reported.to_string()),
        (lang.pick("起動後の記録の署名", "heads signed since start"), s.heads_signed.to_string()),
        (lang.pick("起動後のタイムスタンプ", "heads stamped since start"), s.heads_stamped.to_string()),
        (lang.pick("容量が 8 割を超えた事業所", "offices nearly full"), s.nearly_full.to_string()),
        (lang.pick("起動後の受付", "accepted since start"), s.accepted.to_string()),
        (lang.pick("起動後の拒否", "refused since start"), s.refused.to_string()),
        (lang.pick("起動後の接続", "connections since start"), s.connections.to_string()),
        (lang.pick("期限切れの消去", "expiry"), expiry(&s.expiry, lang)),
    ]
}

/// Is the audit signed?
fn audit(apart: bool, lang: Lang) -> &'static str {
    if apart {
        lang.pick(
            "署名した記録とつながらないため、署名を止めています。audit verify で確かめてください",
            "does not go on from what was signed, and is signed no more: see `audit verify`",
        )
    } else {
        lang.pick("署名した記録とつながっています", "goes on from what was signed")
    }
}

/// When it ran, and, in a line each, what somebody has to do.
fn expiry(view: &ExpiryView, lang: Lang) -> String {
    let ExpiryView { ran_on, doubted, reminders_doubted, days_kept_back: kept, days_stuck: stuck, .. } = view;
    let ran = ran_on.as_ref().map(|day| lang.pick(format!("{day}（UTC）に実行"), format!("ran on {day} (UTC)")));
    let ran = ran.unwrap_or_else(|| lang.pick("まだ実行していません", "has not run yet").to_owned());
    let doubted = doubted.then(|| {
        lang.pick(
            format!(
                "日付がそこから 30 日より多く進んでいるので、時計の狂いを疑い、自動では消去しません（消去を待つ日: {kept} 日分）。\
                 時計を確かめてください。正しければ、fumibako-gateway expire --dry-run で消えるものを見て、残すものは hold add で保全してから、\
                 fumibako-gateway expire を実行してください。時計が遅れていた間に届いたメールは、その日付の分として消えます。"
            ),
            format!(
                "The date is more than 30 days past that. The clock may be wrong, or was: nothing is erased by itself ({kept} day(s) wait). \
                 Look at the clock. If it is right, see what would go (fumibako-gateway expire --dry-run), hold what must stay (hold add), \
                 then run fumibako-gateway expire. Mail that came while the clock was behind goes with the date it got."
            ),
        )
    });
    let reminders = reminders_doubted.then(|| {
        let said =
            ("それまで、未取得のお知らせも送りません。", "Until then nobody is reminded of what was not collected.");
        lang.pick(said.0, said.1).to_owned()
    });
    let stuck = (*stuck > 0).then(|| {
        lang.pick(
            format!("消去できなかったもの: {stuck} 日分。fumibako-gateway expire を実行すると、理由と、することが表示されます。"),
            format!("Could not be erased: {stuck} day(s). Run fumibako-gateway expire: it says why, and what to do."),
        )
    });
    let (keeps, wanted) = (view.keeps_days, view.retention_days);
    let shorter = (keeps > wanted).then(|| {
        lang.pick(
            format!(
                "保管期間を {keeps} 日から {wanted} 日に短くした設定は、そのあとの日に届いたデータから効いています。前に届いたデータは、\
                 {keeps} 日間保管すると知らせてあるので、その日まで残ります。それも短くするときは、fumibako-gateway expire --dry-run で\
                 消えるものを見て、よければ fumibako-gateway expire を実行してください。誤りなら、retention_days を元に戻して再起動してください。"
            ),
            format!(
                "The retention of {wanted} days in the settings counts for what came on the days since. What came before stays for {keeps} days, as \
                 offices were told. If that is to be shorter, too, see what would go (fumibako-gateway expire --dry-run), and if it is right, run \
                 fumibako-gateway expire. If it is a mistake, set retention_days back and restart."
            ),
        )
    });
    [Some(ran), doubted, reminders, stuck, shorter].into_iter().flatten().collect::<Vec<_>>().join("\n  ")
}

/// Profile §8.20: what waits while nothing is signed, why, and what to do.
fn said_of_stopped(why: &str, lang: Lang) -> String {
    let (ja, en) = why.split_once(" / ").unwrap_or((why, why));
    lang.pick(
        format!(
            "止まっています（{ja}）。メールの送受信は続きますが、まだ署名のない証跡の受領証のファイルと、その報告・お知らせは、署名できるまで出ません。\
             fumibako-gateway evidence verify を実行し、それが示すとおりに直してください（理由が分かっているものは evidence accept で承認できます）。"
        ),
        format!(
            "Stopped ({en}). Mail goes on, but files of receipts, reports and reminders about evidence that is not signed yet wait until it is. Run fumibako-gateway evidence verify, \
             and mend what it names as it says (what you know the reason of can be accepted by `evidence accept`)."
        ),
    )
}

/// Profile §8.15: less is kept than was signed for, and what to do.
fn said_of_missing(pieces: u64, lang: Lang) -> Option<String> {
    (pieces > 0).then(|| {
        lang.pick(
            format!(
                "記録した証跡のうち、少なくとも {pieces} 件がありません。fumibako-gateway evidence verify を実行し、それが示すとおりに直してください。古いバックアップは、調べ終わるまで消さないでください。この行は、evidence verify でなくなったものが見つからなくなるか、evidence accept で承認されるまで出ます。"
            ),
            format!(
                "At least {pieces} piece(s) of evidence that were written down are not there. Run fumibako-gateway evidence verify, and mend what it names as it says. Keep your older \
                 backups until that is done. This is said until `evidence verify` finds none gone, or `evidence accept` settles it."
            ),
        )
    })
}

/// Profile §8.20: what tells at the next start how long the log is, is out of date, and what to do.
fn said_of_unwritten(heads: bool, lang: Lang) -> Option<String> {
    heads.then(|| {
        lang.pick(
            "書き込めないため、最後の署名の控え（last-head.p7m、last-acts-head.p7m）を残せません。空きと書き込みの権限を確かめてください。書けるまで毎秒やり直し、書けたらこの行は消えます。\
             それまで再起動しないでください。控えがないまま再起動すると、そのたびに、記録が前に戻ったかもしれないと以後の署名に残ります。",
            "It cannot be written, and what tells how long log and audit are (last-head.p7m, last-acts-head.p7m) is not kept. See to room and rights; it is tried every second, \
             and this line goes once it is done. Do not restart before: each restart without it is told in every signature as a log that may have been set back.",
        )
        .to_owned()
    })
}

/// Profile §8.30: what is not as this version makes it, and what to do.
fn foreign(objects: u64, lang: Lang) -> Option<String> {
    (objects > 0).then(|| {
        lang.pick(
            format!(
                "このゲートウェイが作ったのと違う表・索引・ビュー・トリガーが {objects} 件あります。fumibako-gateway evidence verify を実行すると、どれか、何をするかが表示されます。"
            ),
            format!(
                "{objects} table(s), index(es), view(s) or trigger(s) are not as this gateway makes them. Run fumibako-gateway evidence verify: it says which, and what to do."
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(view: &ExpiryView, lang: Lang, expected: Expect) {
        expected.assert_eq(&expiry(view, lang));
    }

    // Profile §11.5
    #[test]
    fn what_stands_in_the_way_of_expiry_is_said_with_what_to_do() {
        let well = ExpiryView { ran_on: Some("2026-11-26".into()), ..ExpiryView::default() };
        check(&ExpiryView::default(), Lang::Ja, expect!["まだ実行していません"]);
        check(&well, Lang::En, expect!["ran on 2026-11-26 (UTC)"]);
        let shorter = ExpiryView { keeps_days: 90, retention_days: 10, ..well.clone() };
        check(
            &shorter,
            Lang::Ja,
            expect![[r"
                2026-11-26（UTC）に実行
                  保管期間を 90 日から 10 日に短くした設定は、そのあとの日に届いたデータから効いています。前に届いたデータは、90 日間保管すると知らせてあるので、その日まで残ります。それも短くするときは、fumibako-gateway expire --dry-run で消えるものを見て、よければ fumibako-gateway expire を実行してください。誤りなら、retention_days を元に戻して再起動してください。"]],
        );
        check(
            &shorter,
            Lang::En,
            expect![[r"
                ran on 2026-11-26 (UTC)
                  The retention of 10 days in the settings counts for what came on the days since. What came before stays for 90 days, as offices were told. If that is to be shorter, too, see what would go (fumibako-gateway expire --dry-run), and if it is right, run fumibako-gateway expire. If it is a mistake, set retention_days back and restart."]],
        );
        let ill = ExpiryView { doubted: true, reminders_doubted: true, days_kept_back: 2, days_stuck: 1, ..well };
        check(
            &ill,
            Lang::Ja,
            expect![[r"
                2026-11-26（UTC）に実行
                  日付がそこから 30 日より多く進んでいるので、時計の狂いを疑い、自動では消去しません（消去を待つ日: 2 日分）。時計を確かめてください。正しければ、fumibako-gateway expire --dry-run で消えるものを見て、残すものは hold add で保全してから、fumibako-gateway expire を実行してください。時計が遅れていた間に届いたメールは、その日付の分として消えます。
                  それまで、未取得のお知らせも送りません。
                  消去できなかったもの: 1 日分。fumibako-gateway expire を実行すると、理由と、することが表示されます。"]],
        );
        check(
            &ExpiryView { reminders_doubted: false, ..ill },
            Lang::En,
            expect![[r"
                ran on 2026-11-26 (UTC)
                  The date is more than 30 days past that. The clock may be wrong, or was: nothing is erased by itself (2 day(s) wait). Look at the clock. If it is right, see what would go (fumibako-gateway expire --dry-run), hold what must stay (hold add), then run fumibako-gateway expire. Mail that came while the clock was behind goes with the date it got.
                  Could not be erased: 1 day(s). Run fumibako-gateway expire: it says why, and what to do."]],
        );
    }
}
