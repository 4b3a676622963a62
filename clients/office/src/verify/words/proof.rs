//! The same of evidence that stands alone.

use fumibako_careplan::Lang;

use super::super::layer::{Unseen, What};

impl What {
    pub(super) fn name_in_proof(self, lang: Lang) -> &'static str {
        match self {
            Self::LogHead => lang.pick("ゲートウェイの記録の署名", "signature over the gateway's log"),
            Self::Gateway => lang.pick("ゲートウェイの証明書", "the gateway's certificate"),
            Self::FormerKey => lang.pick("署名した鍵の交代", "replacement of the key that signed"),
            Self::Evidence => lang.pick("証跡", "evidence"),
            Self::Sequence => lang.pick("証跡のつながり", "how the pieces follow each other"),
            Self::TrustState => lang.pick("判定に使われた発行元と失効リスト", "authorities and lists it was judged by"),
            Self::SenderCertificate => {
                lang.pick("送信した側の証明書（受付のとき）", "sender's certificate, when accepted")
            }
            Self::RecipientCertificate => {
                lang.pick("受け取った側の証明書（受領のとき）", "recipient's certificate, at the receipt")
            }
            Self::Receipt => lang.pick("受け取った事業所の受領証", "the recipient's receipt"),
            Self::Erased => lang.pick("内容の消去", "erasure of the content"),
            Self::Later => lang.pick("このあとの証跡", "later evidence"),
            Self::Continues => lang.pick("記録のつながり", "one log after the other"),
            _ => self.name_in_letter(lang),
        }
    }

    pub(super) fn good_in_proof(self, lang: Lang) -> &'static str {
        match self {
            Self::LogHead => lang.pick("署名のあと変わっていません。", "Nothing changed since it was signed."),
            Self::Gateway => lang.pick("ゲートウェイの証明書です。", "It is the gateway's."),
            Self::FormerKey => lang.pick(
                "この鍵はあとでほかの鍵に替えられましたが、署名はその前からありました（タイムスタンプ）。",
                "Its key was replaced later; the signature is older than that, as its time stamp shows.",
            ),
            Self::Evidence => lang.pick("署名された記録の中にあります。", "It stands in the log that was signed."),
            Self::Sequence => lang.pick(
                "同じ送信データについて、順に書かれています。",
                "They are about one bundle, each naming the one before.",
            ),
            Self::TrustState => lang.pick("証跡に書かれたとおりです。", "They are those that the evidence names."),
            Self::SenderCertificate | Self::RecipientCertificate => lang.pick(
                "信頼する発行元の、その事業所（または証跡にある代行業者）の証明書で、そのとき有効でした。",
                "A trusted authority issued it to that office, or the agent in the evidence; it was valid then.",
            ),
            Self::Mandate => lang.pick(
                "事業所が署名した委任が、そのときこの行為を認めていました。それまでに取り消されていないことは、ファイルでは分かりません。",
                "The office had signed a mandate that allowed this at that moment; that none of both had revoked it, no file can show.",
            ),
            Self::Continues => lang.pick(
                "後の記録は、前の記録をすべて、変えずに含んでいます。",
                "The later log holds all of the earlier one, unchanged.",
            ),
            Self::Receipt => lang.pick(
                "受け取った事業所（または証跡にある代行業者）が、この送信データの受け取りに署名しています。",
                "The receiving office, or the agent in the evidence, signed that it had received this very bundle.",
            ),
            Self::Erased => lang.pick(
                "この送信データの内容は、その日の鍵とともに消去されたと記録されています。",
                "The log says that this bundle's content was erased with the key of its day.",
            ),
            _ => self.good_in_letter(lang),
        }
    }
}

/// Profile §5.4: of a certificate that names no office nothing but the gateway's roll says whose it is.
pub(super) fn by_the_roll(lang: Lang) -> &'static str {
    lang.pick(
        "信頼する発行元の証明書で、そのとき有効でした。だれのものかは証明書に書かれておらず、ゲートウェイの登録簿の記録だけが示します。",
        "A trusted authority issued it, and it was valid then. It does not say whose it is: that is the word of the gateway's roll alone.",
    )
}

impl Unseen {
    pub(super) fn words_in_proof(self, lang: Lang) -> (&'static str, &'static str) {
        match self {
            Self::Later => (
                lang.pick(
                    "このあとの証跡がないことは、このファイルでは分かりません。",
                    "This file cannot show that there is no later evidence.",
                ),
                lang.pick(
                    "いまある証跡は fumibako receipt で書き出せます。",
                    "fumibako receipt writes what evidence there is now.",
                ),
            ),
            Self::KeyReplaced => (
                lang.pick(
                    "署名した鍵は、あとでほかの鍵に替えられました。その前に署名されたことは、このファイルだけでは分かりません。",
                    "The key that signed was replaced since. That it signed this before then, the file alone cannot show.",
                ),
                lang.pick(
                    "fumibako receipt でもう一度書き出すと、鍵の交代のあとに証跡が書かれていれば、いまの鍵で署名されたファイルになります。書き出せないときは、\
                     ゲートウェイの運用者に、このファイルを fumibako-gateway evidence continues で確かめるよう依頼してください。",
                    "Write it again with fumibako receipt: once evidence came since, that file is signed by the key of today. Where that is not possible, ask the \
                     gateway's operator to confirm this file with fumibako-gateway evidence continues.",
                ),
            ),
            Self::KeyReplacedSometime => (
                lang.pick(
                    "署名した鍵より新しい鍵の発行元が指定されています。署名した鍵がいつ替えられたかは、発行元のファイルに書かれていません。",
                    "The authority of a newer key is named. When the key that signed this was replaced, the file of authorities does not say.",
                ),
                lang.pick(
                    "ゲートウェイの運用者に、新しい発行元のファイル（evidence_authority_file）を求めてから、もう一度確かめてください。",
                    "Ask the gateway's operator for the file of authorities of today (evidence_authority_file), and verify again.",
                ),
            ),
            Self::NotInProof => (
                lang.pick(
                    "このファイルに入っていないので、確かめていません。",
                    "Not looked at: it is not in the file.",
                ),
                lang.pick(
                    "ゲートウェイに残っていれば、fumibako receipt で書き出すファイルには入ります。",
                    "A file that fumibako receipt writes has it, where the gateway still does.",
                ),
            ),
            Self::LaterForm => (
                lang.pick(
                    "このプログラムの知らない形式なので、確かめていません。",
                    "Not looked at: this program does not know the form it is in.",
                ),
                lang.pick("新しい版の fumibako で確かめてください。", "Verify it with a newer fumibako."),
            ),
            _ => (
                lang.pick(
                    "事業所の発行元を信頼する指定がないので、確かめていません。",
                    "Not looked at: nothing says which authorities of offices to believe.",
                ),
                lang.pick(
                    "--trust（または設定 trust_file）で発行元の証明書を指定すると確かめられます。",
                    "Name the offices' authority with --trust (or trust_file) to look.",
                ),
            ),
        }
    }
}
