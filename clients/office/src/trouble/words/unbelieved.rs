//! What is said of a message that arrived and is not believed.

use fumibako_careplan::Lang;
use fumibako_model::{Refusal, Refused};

use super::Words;

impl Words {
    /// Why it is not believed, and what to do.
    pub fn distrusted(why: &Refused, lang: Lang) -> Self {
        Self { next: next(why.why, lang).into(), ..Self::of(why, None, lang) }
    }
}

/// Profile §8.7: it stays at the gateway, unsaved and without a receipt.
fn next(why: Refusal, lang: Lang) -> &'static str {
    match why {
        Refusal::SealedForOthers => lang.pick(
            "保存も受領もしていません。証明書を更新したときは、前の証明書のファイルを設定 old_identity_files に加えて、\
             もう一度受け取ってください。そうでなければ、送信元に今の証明書で送り直すよう依頼してください。",
            "Nothing was saved or acknowledged. If the certificate was renewed, add the former one's file to \
             old_identity_files and fetch again; else ask the sender to send it to your current certificate.",
        ),
        Refusal::RevocationUnknown => lang.pick(
            "保存も受領もしていません。発行元の新しい失効リストを取得し、設定 revocation_files のファイルと置き換えて、\
             もう一度受け取ってください。",
            "Nothing was saved or acknowledged. Get the authority's current revocation list, put it in place of the one \
             that revocation_files names, and fetch again.",
        ),
        Refusal::SealBroken => lang.pick(
            "保存も受領もしていません。送信元に、もう一度送るよう依頼してください。",
            "Nothing was saved or acknowledged. Ask the sender to send it again.",
        ),
        _ => lang.pick(
            "保存も受領もしていません。送信元に電話などで確かめてください。",
            "Nothing was saved or acknowledged. Ask the sender by telephone.",
        ),
    }
}
