//! The same troubles as the screens tell them: office staff know no settings and no command lines, so what only those mend is
//! asked of whoever set the computer up.

use fumibako_careplan::Lang;
use fumibako_model::{OfficeNumber, Party, Refusal, Refused};
use fumibako_signer::SealError;

use super::Words;
use crate::partners::NoPartner;
use crate::trouble::{NoToken, NotKept, Trouble, Unfit, Usage};

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
const LIST: Both = (
    "このパソコンの設定をした人に、発行元の新しい失効リストを使うようにするよう依頼してください。",
    "Ask whoever set this computer up to have it use the authority's current revocation list.",
);
const UNSETTLED: Both =
    ("このパソコンの設定に、足りないところがあります。", "The settings of this computer are not complete.");

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
        match self {
            Self::NoSettings(_) | Self::BadSettings(..) | Self::SettingMissing(_) => {
                Some(lang.pick(UNSETTLED.0, UNSETTLED.1).into())
            }
            Self::NoPartner { office, why: NoPartner::NoFile | NoPartner::Unlisted } => Some(unlisted(*office, lang)),
            Self::OwnCertificate(_, Unfit::Other(other)) => Some(other_s(other, lang)),
            Self::Usage(Usage::NothingToSend) => {
                Some(lang.pick("送るファイルがありません。", "There is no file to send.").into())
            }
            _ => None,
        }
    }

    fn next_on_screen(&self) -> Option<Both> {
        match self {
            Self::Identity(..)
            | Self::OldIdentity(..)
            | Self::Trust(..)
            | Self::NobodyTrusted
            | Self::Revocation(..)
            | Self::TlsAnchors(_)
            | Self::Partners(_)
            | Self::PartnerNote(..)
            | Self::NoSettings(_)
            | Self::BadSettings(..)
            | Self::SettingMissing(_)
            | Self::OwnCertificate(_, Unfit::Other(_))
            | Self::Token {
                why: NoToken::Unsupported | NoToken::Module(_) | NoToken::WrongPin | NoToken::NoKey, ..
            } => Some(SHOW),
            Self::Token { why: NoToken::Missing, .. } => Some((
                "つなぎ直してください。つながっているのに同じ表示が出るときは、このパソコンの設定をした人に伝えてください。",
                "Connect it; if it is connected, tell whoever set this computer up.",
            )),
            Self::OwnCertificate(_, Unfit::Ended(_) | Unfit::Revoked(_)) => Some((
                "新しい証明書の発行を受け、このパソコンの設定をした人に、入れ替えを依頼してください。前の証明書は、届いたデータを\
                 開くのに要るので、捨てないでください。",
                "Obtain a new certificate and have it put in place by whoever set this computer up. Keep the former one: it \
                 opens what has arrived.",
            )),
            Self::Kept(_, NotKept::Key) => Some(FORMER),
            Self::NoPartner { why, .. } => partner_next(*why),
            Self::Refused { refused, .. } if refused.why == Refusal::NotSealedToRecipient => Some((
                "送信先の証明書が新しくなっています。もう一度送ってください。同じ表示が続くときは、ゲートウェイの運用者に問い合わせてください。",
                "That office has a newer certificate. Send again; if this is said once more, ask the gateway's operator.",
            )),
            Self::Seal(SealError::Encrypt(_)) => Some((
                "このパソコンの証明書が暗号化にも使えるものか、発行元に確かめてください。",
                "Ask its issuer whether the certificate of this computer is for encryption too.",
            )),
            Self::NotTheGateway { .. } => Some((
                "つないでいるネットワークを確かめてください。同じ表示が続くときは、ゲートウェイの運用者に問い合わせてください。",
                "Check which network this computer is on; if this is said again, ask the gateway's operator.",
            )),
            Self::NoMessage(_) => {
                Some(("一覧を更新して、もう一度選んでください。", "Refresh the list and choose again."))
            }
            Self::Usage(Usage::NothingToSend) => {
                Some(("ファイルを追加してから送ってください。", "Add files, then send."))
            }
            Self::Usage(Usage::Search(_)) => Some((
                "番号・名称・かな・市区町村の一部（100文字まで）を入力してください。",
                "Type a part of the number, name, kana or municipality (100 characters).",
            )),
            Self::Usage(Usage::Mandate(_)) => Some((
                "期間、範囲、相手先（500件まで）を確かめてください。",
                "Check the period, the scope and the counterparties (up to 500).",
            )),
            _ => None,
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
                format!(
                    "証明書を更新したあとなら、{} そうでなければ、送信元に送り直すよう依頼してください。",
                    FORMER.0
                ),
                format!("If the certificate was renewed: {} Else ask the sender to send it again.", FORMER.1),
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
mod tests {
    use std::path::PathBuf;

    use fumibako_model::NotADeed;
    use fumibako_signer::{CertificateError, IdentityError, ListError};
    use jiff::Timestamp;

    use super::*;

    /// Every trouble whose own words name a setting or a command, and that a screen can meet.
    fn all() -> Vec<Trouble> {
        let path = || PathBuf::from("place");
        let at = Timestamp::UNIX_EPOCH;
        let office: OfficeNumber = "9970000029".parse().unwrap();
        let token = |why| Trouble::Token { module: path(), label: "office".into(), why };
        let refused = |why: Refusal| why.about("x");
        let mut all: Vec<Trouble> = [
            NoPartner::NoFile,
            NoPartner::Unknown,
            NoPartner::Unlisted,
            NoPartner::Ended(at),
            NoPartner::Revoked(at),
            NoPartner::Stale(at),
            NoPartner::Unusable,
        ]
        .map(|why| Trouble::NoPartner { office, why })
        .into();
        all.extend(
            [Unfit::Ended(at), Unfit::Early(at), Unfit::Revoked(at), Unfit::Other(Party::Office(office))]
                .map(|why| Trouble::OwnCertificate(path(), why)),
        );
        all.extend(
            [NoToken::Unsupported, NoToken::Missing, NoToken::WrongPin, NoToken::Locked, NoToken::NoKey].map(token),
        );
        all.extend([token(NoToken::Module("x".into())), token(NoToken::Failed("x".into()))]);
        all.extend([
            Trouble::Identity(path(), IdentityError::PasswordNeeded),
            Trouble::Identity(path(), IdentityError::WrongPassword),
            Trouble::OldIdentity(path(), IdentityError::WrongPassword),
            Trouble::OldIdentity(path(), IdentityError::NoCertificate),
            Trouble::Trust(path(), CertificateError::UnknownIssuer { issuer: "x".into() }),
            Trouble::NobodyTrusted,
            Trouble::Revocation(path(), ListError::BadSignature),
            Trouble::TlsAnchors(path()),
            Trouble::Partners(path()),
            Trouble::PartnerNote(path(), 3, "reads".into()),
            Trouble::NoSettings(path()),
            Trouble::BadSettings(path(), "line 3".into()),
            Trouble::SettingMissing("trust_file"),
            Trouble::Kept(path(), NotKept::Key),
            Trouble::Kept(path(), NotKept::Damaged),
            Trouble::NotTheGateway { host: "localhost".into(), why: "x".into() },
            Trouble::Unreachable { host: "localhost".into(), why: "x".into() },
            Trouble::Garbled("x".into()),
            Trouble::Busy(path()),
            Trouble::Deaf(path()),
            Trouble::NoMessage("x".into()),
            Trouble::Usage(Usage::NothingToSend),
            Trouble::Usage(Usage::Search("x".into())),
            Trouble::Usage(Usage::Mandate(NotADeed::Dates)),
            Trouble::Distrust(refused(Refusal::SealedForOthers)),
            Trouble::Distrust(refused(Refusal::RevocationUnknown)),
            Trouble::Distrust(refused(Refusal::SealBroken)),
            Trouble::Refused { refused: refused(Refusal::NotSealedToRecipient), reference: Some("R1".into()) },
        ]);
        all
    }

    /// What staff cannot know: a key of the settings, a flag, a command.
    fn names_the_works(words: &Words) -> bool {
        let line = words.line(Lang::En);
        let keys = ["office", "agent", "token", "label", "module", "gateway"].map(|key| format!("設定 {key}"));
        line.contains('`')
            || line.contains("--")
            || line.contains("fumibako ")
            || line.contains("_file")
            || keys.iter().any(|key| line.contains(key))
    }

    #[test]
    fn screens_name_no_setting_and_no_command() {
        for trouble in all() {
            for lang in [Lang::Ja, Lang::En] {
                let words = trouble.on_screen(lang);
                assert!(!words.what.is_empty() && !words.next.is_empty(), "{trouble:?}");
                assert!(!names_the_works(&words), "{trouble:?}: {words:?}");
            }
        }
        let works = all().iter().filter(|trouble| names_the_works(&trouble.words(Lang::Ja))).count();
        assert!(works > 15, "the command line may name them, and does: {works}");
    }

    #[test]
    fn what_is_said_beside_a_refusal_stays() {
        let refused =
            Trouble::Refused { refused: Refusal::NotSealedToRecipient.about(""), reference: Some("R1".into()) };
        let (screen, terminal) = (refused.on_screen(Lang::Ja), refused.words(Lang::Ja));
        assert_eq!(
            (&screen.what, screen.code, &screen.reference),
            (&terminal.what, terminal.code, &terminal.reference)
        );
        let busy = Trouble::Busy(PathBuf::from("place"));
        assert_eq!(busy.on_screen(Lang::En), busy.words(Lang::En));
    }
}
