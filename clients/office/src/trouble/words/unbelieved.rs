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
            "保存も受領もしていません。送信元には何も伝えていません。事業所の別のパソコンの証明書か、前の証明書に宛てて暗号化されています。\
             その鍵があるパソコンで受け取るか、その証明書のファイルを設定 old_identity_files に加えて、もう一度受け取ってください。\
             その鍵がもうないときは、送信元に電話などで、今の証明書で送り直すよう依頼してください。",
            "Nothing was saved or acknowledged, and the sender is told nothing. It is encrypted to a certificate of another \
             computer of the office, or to a former one. Fetch it on the computer that has the key, or add that certificate's \
             file to old_identity_files and fetch again. If that key is lost, ask the sender by telephone to send it again to \
             your certificate of today.",
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
