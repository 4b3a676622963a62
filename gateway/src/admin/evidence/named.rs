//! What is said of each fault that `evidence verify` names, and what to do next (Profile §8.15).

use fumibako_model::EvidenceId;
use fumibako_model::log::{Head, HeadBefore};
use fumibako_signer::{TimeStamp, TimeStampError, Trust};
use fumibako_store::{Foreign, KeptHead, LogFault, Odd, Sum, Wrong};
use jiff::Timestamp;

use crate::admin::words::{Remedy, Tampered};
use crate::witness::Said;

/// Profile §8.20: a piece that does not bear the gateway's seal; under a key that has just taken the place of another it may bear that one's.
pub(super) fn unsealed(just_replaced: bool, n: u64, id: EvidenceId) -> Tampered {
    let (ja, en) = if just_replaced {
        (
            "。鍵を替えたばかりです。前の鍵のときに書かれ、署名を待っていたものなら、前の鍵のファイルを新しい鍵のファイルと同じフォルダーに置いて再起動すると、署名します",
            ". The key was just replaced: if this was written under the former one and waited for a signature, put that one's file into the folder of the new key and start again",
        )
    } else {
        ("", "")
    };
    let said = Said::new(
        format!(
            "このゲートウェイが書いた証跡ではありません（書いたときの印がないか、合いません）。署名を止めています{ja}"
        ),
        format!(
            "was not written by this gateway as it stands there (its seal is missing or another); nothing is signed{en}"
        ),
    );
    Tampered { next: Remedy::DeleteOrAccept, ..about(said, (n, n), Some(id)) }
}

/// Profile §8.13: the head that this one says stands before it does not stand there.
pub(super) fn taken_out(head: &Head, heads: &[KeptHead]) -> Option<Tampered> {
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

/// What is wrong with these numbers, and with this row. What was there is put back from a backup.
pub(super) fn about(said: Said, (first, last): (u64, u64), id: Option<EvidenceId>) -> Tampered {
    let next = Remedy::Restore;
    Tampered { first, last, id, message_id: None, object: None, what: said.en, what_ja: said.ja, next }
}

/// Profile §8.30: what another hand put into the database, or took out of it. It may have changed any of what was written since.
pub(super) fn object(one: &Foreign, evidence: u64) -> Tampered {
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
    let about = about(said, (0, evidence.max(1) - 1), None);
    Tampered { object: Some(one.to_string()), next: Remedy::Object, ..about }
}

/// Is what stands for its time stamp none over this head? Whose it is, whoever verifies asks: the operator may have named another authority
/// since.
pub(super) fn stamp_wrong(kept: &KeptHead) -> Option<Said> {
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

/// Of a log whose rows have so many pieces, or once had.
pub(super) fn fault(fault: &LogFault, evidence: u64) -> Tampered {
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
        Wrong::Stray => (
            "証跡がないのに、受領証だけが加えられています（表 word）",
            "is not there, and a receipt was put in for it (table `word`)",
        ),
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
    // Profile §8.20: only a head beside the key, which the log does not continue, says that there was such a piece; it goes with that head.
    let beyond = fault.what == Wrong::Removed && fault.n >= evidence;
    let next = if beyond { Remedy::Accept } else { remedy(fault.what) };
    let about = about(Said::new(ja, en), (fault.n, fault.n), fault.id);
    Tampered { message_id: fault.message_id.clone(), next, ..about }
}

fn remedy(what: Wrong) -> Remedy {
    match what {
        Wrong::Added | Wrong::Stray => Remedy::Delete,
        Wrong::Unproved => Remedy::Accept,
        Wrong::Unfounded => Remedy::Keep,
        Wrong::Removed
        | Wrong::Changed
        | Wrong::Columns
        | Wrong::Moved
        | Wrong::Word
        | Wrong::Paper
        | Wrong::Mandate
        | Wrong::Hidden
        | Wrong::Described
        | Wrong::Tree
        | Wrong::End
        | Wrong::Counter
        | Wrong::Log => Remedy::Restore,
    }
}
