//! What to do about evidence, or an audit, that somebody touched: what fits the faults that were named, and nothing else (Profile §8.15).

use std::collections::BTreeSet;

use fumibako_careplan::Lang;

use crate::admin::{NotContinued, Remedy};

/// So many faults of evidence, and what to do about them.
pub(super) fn of_evidence(count: usize, next: &BTreeSet<Remedy>, lang: Lang) -> String {
    let found = lang.pick(
        format!("証跡の異常が {count} 件あります（番号は evidence list の 2 列目の番号です）。"),
        format!("{count} faults in the evidence, as the lines above say (numbers are those of `evidence list`)."),
    );
    [vec![found], sentences(next, lang)].concat().join(lang.pick("", " "))
}

/// An audit that is not as it was.
pub(super) fn of_audit(next: Remedy, lang: Lang) -> String {
    let found = lang.pick(
        "監査記録が、上に示した行から後、以前と違います。書き出した記録（audit export）と比べてください。",
        "The audit is not as it was from the row above on. Compare with an exported one (`audit export`).",
    );
    [vec![found.to_owned()], sentences(&BTreeSet::from([next]), lang)].concat().join(lang.pick("", " "))
}

/// Profile §8.20: a head that the log does not continue, and what follows from it for whoever runs the gateway.
pub(super) fn of_a_head(why: &NotContinued, lang: Lang) -> String {
    let NotContinued { ja, en, ours } = why;
    let (next_ja, next_en) = if *ours {
        (
            "この署名のあとで、記録が前の状態に戻されたか、書き換えられています。バックアップから戻したのなら、戻した控えより後に渡したファイルについては、続いていることを証明できません。\
             ファイルはそのまま有効で、fumibako verify で確かめられるので、渡した相手に保管してもらい、戻した日時を伝えてください。覚えがなければ evidence verify を実行し、その案内のとおりにしてください。",
            "Since it was signed the log was set back, or edited. If you restored a backup, no proof of this kind can be had for files that were given out after that backup was made: \
             they hold as they are, by `fumibako verify`, so let whoever has one keep it, and tell them when you restored. If you did not, run `evidence verify` and do what it says.",
        )
    } else {
        (
            "このゲートウェイの証跡のファイルか、壊れていないかを確かめ、受け取ったファイルそのものを指定してください。前の鍵で署名されたものなら、その鍵が former_authorities_file に載っているか確かめてください。",
            "See whether it is a file of this gateway's evidence, and whole, and name the very file that was given. If a former key signed it, see whether former_authorities_file knows that key.",
        )
    };
    lang.pick(
        format!("いまの記録が、その署名に続いていると言えません: {ja}。{next_ja}"),
        format!("The log cannot be said to continue that head: {en}. {next_en}"),
    )
}

/// First what is to be kept for whoever looks into it, then a sentence for each.
fn sentences(next: &BTreeSet<Remedy>, lang: Lang) -> Vec<String> {
    let keep = lang.pick(
        "先に、調べる人のために、保管庫のフォルダーと鍵のフォルダーをそのまま写して残し、調べ終わるまで整理（prune）しないでください。",
        "First copy the store's folder and the key's as they are for whoever looks into it, and let nothing be pruned until then.",
    );
    let touched = next.iter().any(|one| *one != Remedy::Folder);
    let keep = touched.then(|| keep.to_owned());
    keep.into_iter().chain(next.iter().map(|one| sentence(*one, lang).to_owned())).collect()
}

fn sentence(next: Remedy, lang: Lang) -> &'static str {
    let (ja, en) = match next {
        Remedy::Restore => (
            "なくなった行と書き換えられた行は、正しいバックアップから戻してください（backup restore。または、止めてから、バックアップにあるその行だけを sqlite3 で書き戻す）。evidence accept では直りません。",
            "Put back what was removed or changed from the last good backup (`backup restore`; or stop the gateway and copy just that row from the backup with sqlite3). `evidence accept` does not mend it.",
        ),
        Remedy::Delete => (
            "加えられた行は、ゲートウェイを止め、その行だけを sqlite3 で消して、起動し直してください。",
            "Delete just the row that was put in, with sqlite3, the gateway stopped; then start again.",
        ),
        Remedy::DeleteOrAccept => (
            "このゲートウェイが書いていない行は、覚えがなければ、止めてからその行だけを sqlite3 で消して、起動し直してください。わけが分かっているときは、evidence accept で承認してください。",
            "The row that this gateway did not write: if nobody of yours wrote it, delete just that row with sqlite3, the gateway stopped, and start again; if you know why it is there, say so by `evidence accept`.",
        ),
        Remedy::Accept => (
            "署名した記録とつながらないものと、証跡なしに「済」などと表示されているものは、わけが分かっているとき（自分で古い保管庫に戻したなど）だけ、evidence accept で承認してください。分からなければ承認せず、正しいバックアップから戻してください（backup restore）。",
            "What does not go on from what was signed, and what is shown as 済 and the like without evidence: only if you know why, as after you put back an older store, say so by `evidence accept`; else accept nothing, and restore the last good backup (`backup restore`).",
        ),
        Remedy::Object => (
            "データベースの表・索引・ビュー・トリガーは、上の行が言うとおりにしてください。",
            "With tables, indexes, views and triggers of the database do what the lines above say.",
        ),
        Remedy::Folder => (
            "鍵のフォルダーは、空きと書き込みの権限を直してください。ゲートウェイが自分で書き直します。",
            "See to room and rights of the folder of the key; the gateway then writes there by itself.",
        ),
        Remedy::Keep => (
            "起こりえないことを書いた証跡は、そのまま署名されているので直せません。することは写しを残すことだけです。その送付は受領証（evidence export）で判断してください。",
            "What cannot have happened was signed as it stands, and cannot be mended: there is nothing to do but to keep the copy, and to go by the receipt (`evidence export`).",
        ),
    };
    lang.pick(ja, en)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    // Profile §8.15
    #[test]
    fn what_is_said_fits_what_was_found() {
        let all = [
            Remedy::Restore,
            Remedy::Delete,
            Remedy::DeleteOrAccept,
            Remedy::Accept,
            Remedy::Object,
            Remedy::Folder,
            Remedy::Keep,
        ];
        for lang in [Lang::Ja, Lang::En] {
            let said: BTreeSet<_> = all.iter().map(|one| sentence(*one, lang)).collect();
            assert_eq!(said.len(), all.len(), "each says something else");
            for one in all {
                let advice = of_evidence(1, &BTreeSet::from([one]), lang);
                let others = all.iter().filter(|other| **other != one);
                assert!(advice.ends_with(sentence(one, lang)), "{advice}");
                assert!(others.into_iter().all(|other| !advice.contains(sentence(*other, lang))), "{advice}");
            }
        }
        let two = BTreeSet::from([Remedy::Delete, Remedy::Restore]);
        expect!["証跡の異常が 2 件あります（番号は evidence list の 2 列目の番号です）。先に、調べる人のために、保管庫のフォルダーと鍵のフォルダーをそのまま写して残し、調べ終わるまで整理（prune）しないでください。なくなった行と書き換えられた行は、正しいバックアップから戻してください（backup restore。または、止めてから、バックアップにあるその行だけを sqlite3 で書き戻す）。evidence accept では直りません。加えられた行は、ゲートウェイを止め、その行だけを sqlite3 で消して、起動し直してください。"]
            .assert_eq(&of_evidence(2, &two, Lang::Ja));
        expect!["1 faults in the evidence, as the lines above say (numbers are those of `evidence list`). See to room and rights of the folder of the key; the gateway then writes there by itself."]
            .assert_eq(&of_evidence(1, &BTreeSet::from([Remedy::Folder]), Lang::En));
        expect!["The audit is not as it was from the row above on. Compare with an exported one (`audit export`). First copy the store's folder and the key's as they are for whoever looks into it, and let nothing be pruned until then. The row that this gateway did not write: if nobody of yours wrote it, delete just that row with sqlite3, the gateway stopped, and start again; if you know why it is there, say so by `evidence accept`."]
            .assert_eq(&of_audit(Remedy::DeleteOrAccept, Lang::En));
    }
}
