//! What is said about each layer, in plain words, and what to do next.

use fumibako_careplan::Lang;
use fumibako_model::Refusal;

mod letter;
mod proof;

use super::layer::{Fact, State, Unseen, What};
use super::proof::{NAMED_BY, ON_THE_ROLL};
use super::{Form, Layer, Report};
use crate::trouble::Words;

impl What {
    /// Its name for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::OuterSignature => "outer-signature",
            Self::Authority => "authority",
            Self::Revocation => "revocation",
            Self::TimeStamp => "time-stamp",
            Self::Holder => "holder",
            Self::Mandate => "mandate",
            Self::RoutingFields => "routing-fields",
            Self::Envelope => "envelope",
            Self::InnerSignature => "inner-signature",
            Self::SameSigner => "same-signer",
            Self::FieldsInside => "fields-inside",
            Self::Addressed => "addressed-to",
            Self::Files => "files",
            Self::Reported => "report",
            Self::ReportEvidence => "report-evidence",
            Self::Letter => "letter",
            Self::Notification => "notification",
            Self::NotOpened => "not-opened",
            Self::Original => "original",
            Self::SignedReceipt => "signed-receipt",
            Self::LogHead => "log-head",
            Self::Gateway => "gateway-certificate",
            Self::FormerKey => "former-key",
            Self::Evidence => "evidence",
            Self::Sequence => "sequence",
            Self::TrustState => "trust-state",
            Self::SenderCertificate => "sender-certificate",
            Self::RecipientCertificate => "recipient-certificate",
            Self::Receipt => "receipt",
            Self::Erased => "erasure",
            Self::Later => "later-evidence",
            Self::Continues => "continues",
        }
    }

    /// Its name for people.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::OuterSignature => lang.pick("外側の署名", "outer signature"),
            Self::Authority => lang.pick("証明書の発行元と期間", "certificate's authority and days"),
            Self::Revocation => lang.pick("証明書の失効", "revocation"),
            Self::TimeStamp => lang.pick("タイムスタンプ", "time stamp"),
            Self::Holder => lang.pick("証明書の持ち主と差出人", "holder and From"),
            Self::Mandate => lang.pick("委任", "mandate"),
            Self::RoutingFields => lang.pick("表書き", "fields under the signature"),
            Self::Envelope => lang.pick("暗号化", "encryption"),
            Self::InnerSignature => lang.pick("内側の署名", "inner signature"),
            Self::SameSigner => lang.pick("内と外の署名者", "one signer for both"),
            Self::FieldsInside => lang.pick("内側の表書き", "fields inside the seal"),
            Self::Addressed => lang.pick("宛先", "addressed to"),
            Self::Files => lang.pick("ファイル名の事業所", "offices in the file names"),
            Self::Notification => lang.pick("受領の内容", "what the receipt says"),
            Self::NotOpened => lang.pick("開封できないという返事", "the word that it does not open"),
            Self::Original => lang.pick("元の送信データとの一致", "the message it is for"),
            Self::SignedReceipt => lang.pick("署名つきの受領（ESS）", "signed receipt (ESS)"),
            _ => self.name_in_proof(lang),
        }
    }

    /// What it means that it holds.
    fn good(self, lang: Lang) -> &'static str {
        match self {
            Self::OuterSignature => lang.pick("署名のあと変わっていません。", "Nothing changed since it was signed."),
            Self::Authority => lang.pick(
                "信頼する発行元の証明書で、この時刻に有効です。",
                "A trusted authority issued it, and it is valid at that moment.",
            ),
            Self::Revocation => lang.pick("失効していません。", "It was not revoked."),
            Self::TimeStamp => {
                lang.pick("署名はこの日時より前からありました。", "The signature existed by that moment.")
            }
            Self::Holder => lang.pick("差出人は証明書の事業所です。", "From names the office of the certificate."),
            Self::RoutingFields => lang.pick("署名された表書きと同じです。", "They equal those under the signature."),
            Self::Envelope => lang.pick("手元の鍵で開けました。", "It opened with a key given."),
            Self::InnerSignature => {
                lang.pick("中身は署名のあと変わっていません。", "The content did not change since it was signed.")
            }
            Self::SameSigner => lang.pick("同じ証明書です。", "It is the same certificate."),
            Self::FieldsInside => lang.pick("外側の表書きと同じです。", "They equal those outside."),
            Self::Addressed => lang.pick("署名した人が書いた宛先です。", "This is whom the signer wrote it for."),
            Self::Files => lang.pick("差出人と宛先の事業所と合っています。", "They are those of From and To."),
            Self::Notification => lang.pick(
                "受け取った事業所が、保存を終えたと署名しています。",
                "The receiving office signed that it had saved the data.",
            ),
            Self::NotOpened => lang.pick(
                "受け取った事業所が、開けなかったと署名しています。受領ではありません。",
                "The receiving office signed that it could not open the data. This is no receipt.",
            ),
            Self::Original => {
                lang.pick("送った内容と同じものを受け取っています。", "What was received is what was sent.")
            }
            Self::SignedReceipt => lang.pick(
                "受け取った事業所は、送信者の署名を中身と照らして確かめています。",
                "The receiving office verified the sender's signature over the very content.",
            ),
            _ => self.good_in_proof(lang),
        }
    }
}

impl Unseen {
    /// Its name for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Earlier => "rests-on-another",
            Self::NoKey => "no-key",
            Self::OtherKey => "other-key",
            Self::Closed => "closed",
            Self::NoOriginal => "no-original",
            Self::NoHeader => "no-header",
            Self::NoList => "no-revocation-list",
            Self::NoStampers => "no-time-stamping-authority",
            Self::OtherClock => "unknown-time-stamping-authority",
            Self::UnreadStampers => "unread-time-stamping-authorities",
            Self::LaterStamp => "stamped-later",
            Self::NoMandate => "no-mandate-in-file",
            Self::NoFiles => "no-files",
            Self::KeyReplaced => "key-replaced",
            Self::KeyReplacedSometime => "key-replaced-nobody-says-when",
            Self::Later => "cannot-be-shown",
            Self::NotInProof => "not-in-file",
            Self::NoOffices => "no-office-authority",
            Self::LaterForm => "later-form",
            Self::Unrepeated => "not-signed-by-sender",
        }
    }

    fn words(self, lang: Lang) -> (&'static str, &'static str) {
        match self {
            Self::Earlier => (
                lang.pick(
                    "上の項目が正しくないので、確かめていません。",
                    "Not looked at, since it rests on something above that does not hold.",
                ),
                "",
            ),
            Self::NoKey => (
                lang.pick("開く鍵がないので、確かめていません。", "Not looked at: there is no key to open it."),
                lang.pick(
                    "--key で受け取った事業所の鍵のファイルを指定すると確かめられます。",
                    "Name the receiving office's key file with --key to look inside.",
                ),
            ),
            Self::OtherKey => (
                lang.pick(
                    "手元の鍵で開けるものではないので、確かめていません。",
                    "Not looked at: it is encrypted to other keys than those given.",
                ),
                lang.pick(
                    "受け取った事業所の、そのときの鍵を --key で指定してください。",
                    "Name the key that the receiving office had then with --key.",
                ),
            ),
            Self::Closed => (
                lang.pick("暗号化を開いていないので、確かめていません。", "Not looked at: the seal was not opened."),
                "",
            ),
            Self::NoOriginal => (
                lang.pick(
                    "元の送信データがないので、確かめていません。",
                    "Not looked at: the message it is for was not given.",
                ),
                lang.pick(
                    "--original で送信済みのメールのファイルを指定すると確かめられます。",
                    "Name the file of the message as it was sent with --original to look.",
                ),
            ),
            Self::NoHeader => (
                lang.pick("差出人の欄がありません。", "There is no From field."),
                lang.pick("証明書の持ち主で確かめてください。", "See whose certificate it is."),
            ),
            Self::NoList => (
                lang.pick(
                    "発行元の失効リストがないので、確かめていません。",
                    "Not looked at: there is no revocation list of the authority.",
                ),
                lang.pick(
                    "発行元の失効リスト（CRL）を --crl（または設定 revocation_files）で指定すると確かめられます。",
                    "Name the authority's list with --crl (or in revocation_files) to look.",
                ),
            ),
            Self::NoStampers => no_stampers(lang),
            Self::OtherClock => other_clock(lang),
            Self::UnreadStampers => unread_stampers(lang),
            Self::LaterStamp => later_stamp(lang),
            Self::NoMandate => no_mandate(lang),
            Self::NotInProof
            | Self::NoOffices
            | Self::LaterForm
            | Self::Later
            | Self::KeyReplaced
            | Self::KeyReplacedSometime => self.words_in_proof(lang),
            Self::NoFiles => {
                (lang.pick("ファイルがないので、確かめていません。", "Not looked at: there are no files."), "")
            }
            Self::Unrepeated => unrepeated(lang),
        }
    }
}

/// A plain mail program repeats nothing (Profile §4.2).
fn unrepeated(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "送信プログラムが署名に含めていないので、確かめられません。",
            "It cannot be told: the sender's program did not sign it.",
        ),
        lang.pick(
            "差出人は証明書で確かめています。宛先は本文で確かめてください。",
            "From is vouched for by the certificate; see the text for whom it was meant.",
        ),
    )
}

/// Profile §9.10: whose word it is that there was one.
fn no_mandate(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "この代行業者が差出人の事業所から委任されていたかは、このファイルだけでは分かりません。",
            "This file alone does not show whether the office in From had given this agent a mandate.",
        ),
        lang.pick(
            "ゲートウェイは受け付けるときに委任を確かめます。その証跡は fumibako receipt で書き出せます。",
            "The gateway judges mandates when it accepts; fumibako receipt writes its evidence of that.",
        ),
    )
}

/// A stamp that nobody could have seen then.
fn later_stamp(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "判定の日時より後に押されたので、確かめていません。",
            "Not looked at: it was made after the moment as of which all is judged.",
        ),
        lang.pick("--at を外すと、いまの時点で確かめます。", "Without --at it is judged as of now."),
    )
}

/// A stamp of somebody nobody here vouches for.
fn no_stampers(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "タイムスタンプ局を信頼する指定がないので、確かめていません。",
            "Not looked at: nothing says that its time-stamping authority is to be believed.",
        ),
        lang.pick(
            "タイムスタンプ局の発行元の証明書を --stamp-authority（または設定 stamp_authority_file）で指定すると確かめられます。",
            "Name the certificate of the authority above it with --stamp-authority (or in stamp_authority_file) to look.",
        ),
    )
}

fn unread_stampers(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "タイムスタンプ局の発行元のファイルを読めないので、確かめていません。",
            "Not looked at: the file of the time-stamping authorities cannot be read.",
        ),
        lang.pick(
            "設定 stamp_authority_file に、タイムスタンプ局の発行元の証明書（PEM）のファイルを指定してください。",
            "Name a PEM file of the certificates of those authorities in stamp_authority_file.",
        ),
    )
}

fn other_clock(lang: Lang) -> (&'static str, &'static str) {
    (
        lang.pick(
            "信頼すると指定されたどの発行元のタイムスタンプでもないので、確かめていません。",
            "Not looked at: it is of none of the time-stamping authorities that are to be believed.",
        ),
        lang.pick(
            "--stamp-authority（または設定 stamp_authority_file）に、このタイムスタンプ局の発行元の証明書を加えると確かめられます。",
            "Add the certificate of the authority above it to the file of --stamp-authority (or stamp_authority_file) to look.",
        ),
    )
}

/// What its reader can do; the catalogue speaks to its sender.
fn next(why: Refusal, lang: Lang) -> &'static str {
    match why {
        Refusal::UnknownAuthority => lang.pick(
            "--trust（または設定 trust_file）のファイルが正しければ、このデータを信用しないでください。",
            "If the file of --trust (or trust_file) is the right one, do not believe this message.",
        ),
        Refusal::CertificateExpired | Refusal::CertificateNotYetValid => lang.pick(
            "届いた日時で判定するときは、--at でその日時を指定してください。",
            "To judge as of its arrival, give that moment with --at.",
        ),
        Refusal::AlgorithmNotAllowed => lang.pick(
            "信用しないでください。まだ認められていた間に届いていたときは、--at でその日時を指定してください。",
            "Do not believe it. If it arrived while that was still allowed, give that moment with --at.",
        ),
        Refusal::RevocationUnknown => lang.pick(
            "発行元の新しい失効リストを取り込んで、もう一度確かめてください。",
            "Get the authority's current revocation list and verify again.",
        ),
        Refusal::CertificateRevoked => lang.pick(
            "信用しないでください。失効の前に届いていたときは、--at でその日時を指定してください。",
            "Do not believe it. If it arrived before the revocation, give that moment with --at.",
        ),
        Refusal::EvidenceKeyReplaced => lang.pick(
            "信用せず、ゲートウェイの運用者にこのファイルを渡して知らせてください。",
            "Do not believe it; give this file to the gateway's operator and say where it came from.",
        ),
        Refusal::NotSigned => lang.pick(
            "だれが書いたか確かめられません。送信元に、署名して送るよう依頼してください。",
            "Nobody can tell who wrote it. Ask the sender to sign it.",
        ),
        _ => lang
            .pick("信用せず、送信元に電話などで確かめてください。", "Do not believe it; ask the sender by telephone."),
    }
}

impl Layer {
    /// `holds`, `fails` or `unseen`.
    pub fn state_id(&self) -> &'static str {
        match self.state {
            State::Holds => "holds",
            State::Fails(_) => "fails",
            State::Unseen(_) => "unseen",
        }
    }

    fn next(&self, why: Refusal, lang: Lang) -> &'static str {
        match (self.what, why) {
            (What::Gateway, Refusal::UnknownAuthority) => letter::of_another(lang),
            _ => next(why, lang),
        }
    }

    fn good(&self, lang: Lang) -> String {
        if self.facts.iter().any(|fact| fact.key == NAMED_BY && fact.value == ON_THE_ROLL) {
            return proof::by_the_roll(lang).into();
        }
        let agent = self.facts.iter().find(|fact| fact.key == "agent").filter(|_| self.what == What::Holder);
        let Some(agent) = agent.map(|fact| &fact.shown) else { return self.what.good(lang).into() };
        let ja = format!("代行業者 {agent} の証明書です。差出人の事業所のものではありません。");
        lang.pick(ja, format!("It is the certificate of the agent {agent}, not of the office in From."))
    }

    /// What was found, and what to do next.
    pub fn words(&self, lang: Lang) -> Words {
        let plain =
            |what: &str, next: &str| Words { what: what.into(), next: next.into(), code: None, reference: None };
        match &self.state {
            State::Holds => plain(&self.good(lang), ""),
            State::Unseen(why) => {
                let (what, next) = why.words(lang);
                plain(what, next)
            }
            State::Fails(refused) => {
                // How the chain of another key looks tells its reader nothing; what to do is said.
                let of_another = (self.what, refused.why) == (What::Gateway, Refusal::UnknownAuthority);
                let refused = &if of_another { refused.why.into() } else { refused.clone() };
                Words { next: self.next(refused.why, lang).into(), ..Words::of(refused, None, lang) }
            }
        }
    }
}

impl Fact {
    /// The value for people.
    pub fn shown(&self, lang: Lang) -> String {
        match self.value.as_bool() {
            Some(true) => lang.pick("はい", "yes").into(),
            Some(false) => lang.pick("いいえ", "no").into(),
            None => self.english.filter(|_| lang == Lang::En).map_or_else(|| self.shown.clone(), str::to_owned),
        }
    }
}

impl Form {
    /// Its name for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Signed => "signed",
            Self::Receipt => "receipt",
            Self::Failure => "failure",
            Self::Report => "report",
            Self::Letter => "letter",
            Self::SignedReceipt => "signed-receipt",
            Self::Unsigned => "unsigned",
            Self::Proof => "proof",
        }
    }

    /// Its name for people.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Sealed => lang.pick("暗号化と署名", "sealed: encrypted and signed"),
            Self::Signed => lang.pick("署名のみ", "signed only"),
            Self::Receipt => lang.pick("受領証", "receipt"),
            Self::Failure => lang.pick("開封できないという返事", "word that it does not open"),
            Self::Report => lang.pick("ゲートウェイの報告", "report of the gateway"),
            Self::Letter => lang.pick("ゲートウェイからのお知らせ", "letter of the gateway"),
            Self::SignedReceipt => lang.pick("署名つきの受領（ESS）", "signed receipt (ESS)"),
            Self::Unsigned => lang.pick("署名なし", "not signed"),
            Self::Proof => lang.pick("証跡と証明", "evidence with its proof"),
        }
    }
}

impl Report {
    /// The last line.
    pub fn summary(&self, lang: Lang) -> String {
        let failed = self.layers.iter().filter(|layer| layer.state_id() == "fails").count();
        let unseen = self.unseen();
        match (failed, unseen, lang) {
            (0, 0, Lang::Ja) => "結果: すべて正しいことを確かめました。".into(),
            (0, 0, Lang::En) => "Result: everything holds.".into(),
            (0, _, Lang::Ja) => {
                format!("結果: 確かめた項目はすべて正しいものでした。確かめていない項目が {unseen} 件あります。")
            }
            (0, _, Lang::En) => format!("Result: all that was looked at holds; {unseen} were not looked at."),
            (_, _, Lang::Ja) => {
                format!("結果: 正しくない項目が {failed} 件あります。このデータを信用しないでください。")
            }
            (_, _, Lang::En) => format!("Result: {failed} do not hold. Do not believe this message."),
        }
    }
}
