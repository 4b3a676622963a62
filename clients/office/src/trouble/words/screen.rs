//! The same troubles as the screens tell them: office staff know no settings and no command lines, so what only those mend is
//! asked of whoever set the computer up.

use fumibako_careplan::Lang;
use fumibako_model::{OfficeNumber, Party, Refusal, Refused};
use fumibako_signer::{SealError, SignError};

use super::Words;
use crate::partners::NoPartner;
use crate::trouble::{Alone, NoToken, NotKept, Trouble, Unfit, Usage};

/// A sentence in both languages.
type Both = (&'static str, &'static str);

/// What nobody mends on a screen.
const SHOW: Both = (
    "このパソコンの設定をした人か、ゲートウェイの運用者に、この画面を見せてください。",
    "Show this to whoever set this computer up, or to the gateway's operator.",
);
/// A renewed certificate: the former one still reads what was encrypted to it.
const FORMER: Both = (
    "このパソコンの設定をした人に、前の証明書も使えるようにするよう依頼してください。",
    "Ask whoever set this computer up to let it use the former certificate as well.",
);
const LOST: Both = (
    "その鍵がもうないときは、送信元に電話などで、今の証明書で送り直すよう依頼してください。",
    "If that key is lost, ask the sender by telephone to send it again to your certificate of today.",
);
const LIST: Both = (
    "このパソコンの設定をした人に、発行元の新しい失効リストを使うようにするよう依頼してください。",
    "Ask whoever set this computer up to have it use the authority's current revocation list.",
);
const UNSETTLED: Both =
    ("このパソコンの設定に、足りないところがあります。", "The settings of this computer are not complete.");

/// What is worth another try once the other side or this computer is ready.
const PRESS: Both =
    ("少し待ってから、もう一度ボタンを押してください。", "Wait a little and press the button once more.");
/// What a command line asks for and no screen does.
const NOT_HERE: Both = ("この画面からは、この操作はできません。", "This cannot be done on this screen.");

impl Trouble {
    /// What the screens say: as [`Trouble::words`], without a setting or a command that staff would have to know.
    pub(crate) fn on_screen(&self, lang: Lang) -> Words {
        let words = match self {
            Self::Distrust(refused) => return Words::distrusted_on_screen(refused, lang),
            _ => self.words(lang),
        };
        let what = self.what_on_screen(lang).unwrap_or(words.what);
        let next = self.next_on_screen().map_or(words.next, |(ja, en)| lang.pick(ja, en).to_owned());
        Words { what, next, code: words.code, reference: words.reference }
    }

    fn what_on_screen(&self, lang: Lang) -> Option<String> {
        let both = |(ja, en): Both| Some(lang.pick(ja, en).to_owned());
        match self {
            Self::NoSettings(_) | Self::BadSettings(..) | Self::SettingMissing(_) => both(UNSETTLED),
            Self::NoPartner { office, why: NoPartner::NoFile | NoPartner::Unlisted } => Some(unlisted(*office, lang)),
            Self::OwnCertificate(_, Unfit::Other(other)) => Some(other_s(other, lang)),
            Self::Busy(_) => both(("ほかの送受信が進んでいます。", "Something else is being sent or fetched.")),
            Self::Output(_) => both(("途中で止まりました。", "It stopped half-way.")),
            Self::Usage(usage) => usage.what_on_screen().and_then(both),
            _ => None,
        }
    }

    /// `None`: the sentence of the command line does for the screens, too. Each trouble is decided on by itself: one that is new does
    /// not compile before it is.
    fn next_on_screen(&self) -> Option<Both> {
        match self {
            Self::Identity(..)
            | Self::OldIdentity(..)
            | Self::KeyFile(..)
            | Self::Trust(..)
            | Self::NobodyTrusted
            | Self::NoGatewayTrusted
            | Self::Revocation(..)
            | Self::TlsAnchors(_)
            | Self::Partners(_)
            | Self::PartnerNote(..)
            | Self::NoSettings(_)
            | Self::BadSettings(..)
            | Self::SettingMissing(_)
            | Self::NoGateway(_)
            | Self::Deaf(_) => Some(SHOW),
            Self::OwnCertificate(_, why) => own_next(why),
            Self::Token { why, .. } => token_next(why),
            Self::Kept(_, NotKept::Key) => Some(FORMER),
            Self::NoPartner { why, .. } => partner_next(*why),
            Self::Refused { refused, .. } => refused_next(refused.why),
            Self::Sign(why) => sign_next(why),
            Self::Seal(why) => seal_next(why),
            Self::Unreachable { .. } => Some((
                "ネットワークを確かめ、しばらく待ってから、もう一度ボタンを押してください。送信待ちのデータは、つながると自動で送られます。",
                "Check the network, wait a while and press the button once more. What waits to be sent goes by itself.",
            )),
            Self::NotTheGateway { .. } => Some((
                "つないでいるネットワークを確かめてください。同じ表示が続くときは、ゲートウェイの運用者に問い合わせてください。",
                "Check which network this computer is on; if this is said again, ask the gateway's operator.",
            )),
            Self::Garbled(_) => Some((
                "しばらく待ってから、もう一度ボタンを押してください。続くときは、ゲートウェイの運用者に知らせてください。",
                "Wait a while and press the button once more; if it goes on, tell the gateway's operator.",
            )),
            Self::Busy(_) => Some(PRESS),
            Self::CannotWrite(..) => Some((
                "空き容量とフォルダーの権限を確かめて、もう一度ボタンを押してください。",
                "Check the free space and the folder's permissions, then press the button once more.",
            )),
            Self::Output(_) => Some((
                "もう一度ボタンを押してください。続くときは、このパソコンの設定をした人に知らせてください。",
                "Press the button once more; if it goes on, tell whoever set this computer up.",
            )),
            Self::Exists(_) | Self::Taken(_) => Some(("別の名前か場所を選んでください。", "Choose another name or place.")),
            Self::NoMessage(_) | Self::NoOriginal(_) => {
                Some(("一覧を更新して、もう一度選んでください。", "Refresh the list and choose again."))
            }
            Self::NotAMessage(..) => Some((
                "受領証や受信詳細の画面から、もう一度保存したファイルを使ってください。",
                "Use a file saved anew from the pages of receipts or of what was received.",
            )),
            Self::Usage(usage) => usage.next_on_screen(),
            Self::Alone(alone) => Some(alone.next_on_screen()),
            Self::Kept(_, NotKept::Damaged | NotKept::Message)
            | Self::CannotRead(..)
            | Self::NoSuchFile(_)
            | Self::NothingToCheck
            | Self::Limit(_)
            | Self::NotAttached(..)
            // In its own words above.
            | Self::Distrust(_)
            | Self::NoMandate(_) => None,
        }
    }
}

impl Alone {
    fn next_on_screen(self) -> Both {
        match self {
            Self::OfficesGrant => {
                ("事業所に、委任するよう依頼してください。", "Ask the office to grant the mandate itself.")
            }
            Self::AgentsConfirm => (
                "代行業者に委任番号を伝え、引き受けるよう依頼してください。",
                "Tell the agent the mandate's id and ask it to confirm.",
            ),
        }
    }
}

impl Usage {
    fn what_on_screen(&self) -> Option<Both> {
        match self {
            Self::NothingToSend => Some(("送るファイルがありません。", "There is no file to send.")),
            Self::AttachNeedsOneBundle(_)
            | Self::TwoMessages
            | Self::Undelegable(_)
            | Self::NoScope(_)
            | Self::NameOfThePage(_)
            | Self::EvidenceNumber(_)
            | Self::Unanswered(_) => Some(NOT_HERE),
            Self::Several(..) | Self::Search(_) | Self::TypedDifferently | Self::Mandate(_) => None,
        }
    }

    fn next_on_screen(&self) -> Option<Both> {
        match self {
            Self::NothingToSend => Some(("ファイルを追加してから送ってください。", "Add files, then send.")),
            Self::Search(_) => Some((
                "番号・名称・かな・市区町村の一部（100文字まで）を入力してください。",
                "Type a part of the number, name, kana or municipality (100 characters).",
            )),
            Self::Mandate(_) => Some((
                "期間、範囲、相手先（500件まで）を確かめてください。",
                "Check the period, the scope and the counterparties (up to 500).",
            )),
            Self::AttachNeedsOneBundle(_)
            | Self::TwoMessages
            | Self::Undelegable(_)
            | Self::NoScope(_)
            | Self::NameOfThePage(_)
            | Self::EvidenceNumber(_)
            | Self::Unanswered(_) => Some(SHOW),
            Self::Several(..) => Some(("一覧から、どれかを選んでください。", "Choose one of them in the list.")),
            Self::TypedDifferently => None,
        }
    }
}

impl Words {
    /// As [`Words::distrusted`], for the screens.
    pub(crate) fn distrusted_on_screen(why: &Refused, lang: Lang) -> Self {
        let words = Self::distrusted(why, lang);
        let kept = lang.pick("保存も受領もしていません。", "Nothing was saved or acknowledged. ");
        let next = match why.why {
            Refusal::SealedForOthers => lang.pick(
                format!("事業所の別のパソコンで取得してください。証明書を更新したあとなら、{}{}", FORMER.0, LOST.0),
                format!(
                    "Fetch it on another computer of the office. If the certificate was renewed: {} {}",
                    FORMER.1, LOST.1
                ),
            ),
            Refusal::RevocationUnknown => lang.pick(LIST.0, LIST.1).to_owned(),
            _ => return words,
        };
        Self { next: format!("{kept}{next}"), ..words }
    }
}

fn unlisted(office: OfficeNumber, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("送信先 {office} の証明書がこのパソコンにないので、このデータは送っていません。"),
        Lang::En => {
            format!("This computer has no certificate of {office} to encrypt to. This bundle was not sent.")
        }
    }
}

fn other_s(other: &Party, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("このパソコンの証明書は、別の利用者 {other} のものです。何も送っていません。"),
        Lang::En => format!("The certificate of this computer belongs to somebody else, {other}. Nothing was sent."),
    }
}

/// The catalogue speaks to users of every program; of these rows it names ours.
fn refused_next(why: Refusal) -> Option<Both> {
    match why {
        Refusal::NotSealedToRecipient => Some((
            "送信先の証明書が新しくなっています。もう一度送ってください。同じ表示が続くときは、ゲートウェイの運用者に問い合わせてください。",
            "That office has a newer certificate. Send again; if this is said once more, ask the gateway's operator.",
        )),
        Refusal::PasswordTemporary | Refusal::PasswordExpired => Some((
            "「パスワードの変更」の画面で、自分のパスワードに変えてください。",
            "Change it to one of your own on the page for changing the password.",
        )),
        Refusal::AccountSuspended => Some((
            "ゲートウェイの運用者に、停止の理由を問い合わせてください。",
            "Ask the operator of the gateway for the reason.",
        )),
        _ => None,
    }
}

fn own_next(why: &Unfit) -> Option<Both> {
    match why {
        Unfit::Other(_) => Some(SHOW),
        Unfit::Ended(_) | Unfit::Revoked(_) => Some((
            "新しい証明書の発行を受け、このパソコンの設定をした人に、入れ替えを依頼してください。前の証明書は、届いたデータを\
             開くのに要るので、捨てないでください。",
            "Obtain a new certificate and have it put in place by whoever set this computer up. Keep the former one: it \
             opens what has arrived.",
        )),
        Unfit::Early(_) => None,
    }
}

fn token_next(why: &NoToken) -> Option<Both> {
    match why {
        NoToken::Unsupported | NoToken::Module(_) | NoToken::WrongPin | NoToken::NoKey => Some(SHOW),
        NoToken::Missing => Some((
            "つなぎ直してください。つながっているのに同じ表示が出るときは、このパソコンの設定をした人に伝えてください。",
            "Connect it; if it is connected, tell whoever set this computer up.",
        )),
        NoToken::Failed(_) => {
            Some(("つなぎ直して、もう一度ボタンを押してください。", "Connect it anew and press the button once more."))
        }
        NoToken::Locked => None,
    }
}

fn seal_next(why: &SealError) -> Option<Both> {
    match why {
        SealError::Sign(why) => sign_next(why),
        SealError::Encrypt(_) => Some((
            "このパソコンの証明書が暗号化にも使えるものか、発行元に確かめてください。",
            "Ask its issuer whether the certificate of this computer is for encryption too.",
        )),
        SealError::Routing | SealError::Receipt(_) | SealError::OtherSigner => None,
    }
}

fn sign_next(why: &SignError) -> Option<Both> {
    (*why == SignError::Provider).then_some((
        "鍵がトークンにあるときは、つながっているか確かめて、もう一度ボタンを押してください。",
        "If the key is on a token, check that it is connected, and press the button once more.",
    ))
}

fn partner_next(why: NoPartner) -> Option<Both> {
    match why {
        NoPartner::Unknown => None,
        NoPartner::NoFile | NoPartner::Unlisted => Some((
            "事業所番号を確かめてください。正しければ、利用登録が済んでいるかを送信先に聞き、済んでいれば、送信先の証明書を\
             加えるようゲートウェイの運用者に依頼してください。",
            "Check the office number. If it is right, ask that office whether it is registered; if it is, ask the gateway's \
             operator for its certificate.",
        )),
        NoPartner::Ended(_) | NoPartner::Unusable => Some((
            "送信先に、証明書の更新を依頼してください。更新が済んでいるときは、ゲートウェイの運用者に問い合わせてください。",
            "Ask that office to renew its certificate; if it has, ask the gateway's operator.",
        )),
        NoPartner::Revoked(_) => Some((
            "送信先に電話などで確かめてください。新しい証明書があるのに同じ表示が出るときは、ゲートウェイの運用者に問い合わせてください。",
            "Ask that office by telephone. If it has a new certificate, ask the gateway's operator.",
        )),
        NoPartner::Stale(_) => Some(LIST),
    }
}

#[cfg(test)]
mod tests;
