//! The sentences of every trouble: what happened, then what to do next. Japanese first.

use fumibako_careplan::Lang;
use fumibako_model::{Refusal, Refused};

use super::{Limit, Trouble};
use crate::verify::NotWhole;

mod files;
mod kept;
mod keys;
mod password;
mod screen;
mod system;
mod token;
mod unbelieved;
mod usage;

/// What is said to people: never a name of a person, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub what: String,
    /// What to do next.
    pub next: String,
    /// `E-…` of the catalogue, if it has one.
    pub code: Option<&'static str>,
    /// The reference number for the operator.
    pub reference: Option<String>,
}

impl Words {
    fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), code: None, reference: None }
    }

    /// The words of a row of the catalogue.
    pub fn of(refused: &Refused, reference: Option<String>, lang: Lang) -> Self {
        let row = refused.why.row();
        let about = refused.about_in(lang).unwrap_or_else(|| password::about(refused, lang));
        let about = if about.is_empty() { String::new() } else { format!("（{about}）") };
        let (what, next) = match lang {
            Lang::Ja => (format!("{}{about}", row.ja), row.next_ja.to_owned()),
            Lang::En if refused.about.is_empty() => (format!("{}.", row.en), format!("{}.", row.next_en)),
            Lang::En => (
                format!("{} ({}).", row.en, refused.about_in(lang).as_ref().unwrap_or(&refused.about)),
                format!("{}.", row.next_en),
            ),
        };
        let next = keys::next(refused.why, lang).map_or(next, str::to_owned);
        Self { what, next, code: Some(row.code), reference }
    }

    /// One line: the sentence, what to do, then code and reference in brackets.
    pub fn line(&self, lang: Lang) -> String {
        let gap = lang.pick("", " ");
        let reference = self.reference.as_ref().map(|id| format!("{} {id}", lang.pick("受付番号", "reference")));
        let marks: Vec<String> = self.code.map(str::to_owned).into_iter().chain(reference).collect();
        let marks = if marks.is_empty() { String::new() } else { format!(" [{}]", marks.join(", ")) };
        format!("{}{gap}{}{marks}", self.what, self.next)
    }
}

impl Trouble {
    /// What is said to people.
    pub fn words(&self, lang: Lang) -> Words {
        match (self, lang) {
            (Self::Refused { refused, reference }, _) => Words::of(refused, reference.clone(), lang),
            (Self::Distrust(refused), _) => Words::of(refused, None, lang),
            (Self::NoMandate(id), _) => Words::of(&Refusal::MandateUnknown.about(id), None, lang),
            (Self::Alone(alone), _) => alone.words(lang),
            (Self::Kept(path, why), _) => kept::words(path, *why, lang),
            (Self::CannotRead(path, why), _) => system::unread(path, why, lang),
            (Self::CannotWrite(path, why), _) => system::unwritten(path, why, lang),
            (Self::Output(why), _) => system::unsaid(why, lang),
            (Self::NotAttached(path, why), _) => {
                let gap = lang.pick("", " ");
                let what = format!("{}:{gap}{}", path.display(), why.sentence(lang));
                Words::new(what, why.what_to_do(lang))
            }
            (_, Lang::Ja) => self.japanese(),
            (_, Lang::En) => self.english(),
        }
    }

    fn japanese(&self) -> Words {
        let (what, next) = match self {
            Self::NoSettings(path) => (
                format!("設定ファイル {} がありません。", path.display()),
                "`fumibako config` の見本を保存し、事業所番号などを書き入れてください。".into(),
            ),
            Self::BadSettings(path, why) => (
                format!("設定ファイル {} を読み取れません（{why}）。", path.display()),
                "示された行を直してください。`fumibako config` で見本を見られます。".into(),
            ),
            Self::SettingMissing(name) => (
                format!("設定 {name} が空です。"),
                "設定ファイルに書き入れてください。場所は `fumibako config` でわかります。".into(),
            ),
            Self::Identity(..)
            | Self::OldIdentity(..)
            | Self::KeyFile(..)
            | Self::OwnCertificate(..)
            | Self::Partners(_)
            | Self::PartnerNote(..)
            | Self::NoPartner { .. }
            | Self::Seal(_)
            | Self::Trust(..)
            | Self::NobodyTrusted
            | Self::NoGatewayTrusted
            | Self::Revocation(..)
            | Self::Token { .. }
            | Self::Sign(_)
            | Self::TlsAnchors(_) => self.about_keys(Lang::Ja),
            Self::NotAMessage(path, why) => not_whole(&path.display().to_string(), *why, Lang::Ja),
            Self::NoSuchFile(path) => {
                (format!("{} が見つかりません。", path.display()), "場所と名前を確かめてください。".into())
            }
            Self::NothingToCheck => ("確認するファイルがありません。".into(), "場所を確かめてください。".into()),
            Self::Exists(_) | Self::Taken(_) | Self::NoOriginal(_) => self.about_files(Lang::Ja),
            Self::Deaf(_) | Self::Busy(_) => self.another_runs(Lang::Ja),
            Self::Usage(usage) => usage.japanese(),
            Self::Limit(limit) => limit.japanese(),
            Self::Unreachable { host, .. } => (
                format!("ゲートウェイ {host} につながりません。"),
                "ネットワークを確かめ、しばらくしてからもう一度実行してください。".into(),
            ),
            Self::NotTheGateway { host, .. } => (
                format!("接続先 {host} が本物のゲートウェイか確かめられません。何も送っていません。"),
                "設定 tls_ca_file と gateway を確かめ、運用者に問い合わせてください。".into(),
            ),
            Self::Garbled(_) => (
                "ゲートウェイの応答を理解できません。".into(),
                "しばらくしてからもう一度実行し、続くときは運用者に知らせてください。".into(),
            ),
            Self::NoGateway(why) => no_gateway(why, Lang::Ja),
            Self::NoMessage(id) => usage::no_message(id, Lang::Ja),
            Self::Refused { .. }
            | Self::Distrust(_)
            | Self::NoMandate(_)
            | Self::Alone(_)
            | Self::Kept(..)
            | Self::NotAttached(..)
            | Self::CannotRead(..)
            | Self::CannotWrite(..)
            | Self::Output(_) => nothing(), // in `words`
        };
        Words::new(what, next)
    }

    /// Another run of the program is at it.
    fn another_runs(&self, lang: Lang) -> (String, String) {
        let (what, next) = match (self, lang) {
            (Self::Deaf(_), Lang::Ja) => (
                "文箱はすでに動いていますが、応答がありません。",
                "動いている文箱を終わらせてから（Ctrl-C、またはパソコンの再起動）、もう一度実行してください。",
            ),
            (Self::Deaf(_), Lang::En) => (
                "Fumibako runs already, but does not answer.",
                "End the one that runs (Ctrl-C, or restart the computer), then run it again.",
            ),
            (_, Lang::Ja) => ("ほかの送受信が実行中です。", "終わってからもう一度実行してください。"),
            (_, Lang::En) => ("Another run is sending or fetching.", "Run it again when that has ended."),
        };
        (what.into(), next.into())
    }

    fn english(&self) -> Words {
        let (what, next) = match self {
            Self::NoSettings(path) => (
                format!("There are no settings at {}.", path.display()),
                "Save the sample that `fumibako config` prints and fill in your office.".into(),
            ),
            Self::BadSettings(path, why) => (
                format!("The settings in {} cannot be read ({why}).", path.display()),
                "Mend the line named; `fumibako config` prints a sample.".into(),
            ),
            Self::SettingMissing(name) => (
                format!("The setting {name} is empty."),
                "Fill it in; `fumibako config` says where the settings are.".into(),
            ),
            Self::Identity(..)
            | Self::OldIdentity(..)
            | Self::KeyFile(..)
            | Self::OwnCertificate(..)
            | Self::Partners(_)
            | Self::PartnerNote(..)
            | Self::NoPartner { .. }
            | Self::Seal(_)
            | Self::Trust(..)
            | Self::NobodyTrusted
            | Self::NoGatewayTrusted
            | Self::Revocation(..)
            | Self::Token { .. }
            | Self::Sign(_)
            | Self::TlsAnchors(_) => self.about_keys(Lang::En),
            Self::NotAMessage(path, why) => not_whole(&path.display().to_string(), *why, Lang::En),
            Self::NoSuchFile(path) => {
                (format!("There is no {}.", path.display()), "Check the place and the name.".into())
            }
            Self::NothingToCheck => ("There is no file to check.".into(), "Check where the folder is.".into()),
            Self::Exists(_) | Self::Taken(_) | Self::NoOriginal(_) => self.about_files(Lang::En),
            Self::Deaf(_) | Self::Busy(_) => self.another_runs(Lang::En),
            Self::Usage(usage) => usage.english(),
            Self::Limit(limit) => limit.english(),
            Self::Unreachable { host, .. } => (
                format!("The gateway {host} does not answer."),
                "Check the network and run it again in a while.".into(),
            ),
            Self::NotTheGateway { host, .. } => (
                format!("{host} did not prove to be the gateway. Nothing was sent."),
                "Check the settings tls_ca_file and gateway, and ask the operator.".into(),
            ),
            Self::Garbled(_) => (
                "The gateway's answer is not understood.".into(),
                "Run it again in a while; if it goes on, tell the operator.".into(),
            ),
            Self::NoGateway(why) => no_gateway(why, Lang::En),
            Self::NoMessage(id) => usage::no_message(id, Lang::En),
            Self::Refused { .. }
            | Self::Distrust(_)
            | Self::NoMandate(_)
            | Self::Alone(_)
            | Self::Kept(..)
            | Self::NotAttached(..)
            | Self::CannotRead(..)
            | Self::CannotWrite(..)
            | Self::Output(_) => nothing(), // in `words`
        };
        Words::new(what, next)
    }
}

fn no_gateway(why: &str, lang: Lang) -> (String, String) {
    let what = match lang {
        Lang::Ja => format!("見本のゲートウェイを動かせません（{why}）。"),
        Lang::En => format!("The demo's gateway does not run ({why})."),
    };
    let next = lang.pick("--dir で別の空のフォルダーを指定してください。", "Name another, empty folder with --dir.");
    (what, next.into())
}

fn nothing() -> (String, String) {
    <_>::default()
}

fn not_whole(name: &str, why: NotWhole, lang: Lang) -> (String, String) {
    let name = if name == "-" { lang.pick("標準入力", "Standard input") } else { name };
    let what = match (why, lang) {
        (NotWhole::Other, Lang::Ja) => format!("{name} はメールのファイルではありません。"),
        (NotWhole::Other, Lang::En) => format!("{name} is not a mail message."),
        (NotWhole::Envelope, Lang::Ja) => format!("{name} は暗号化された中身だけで、署名がありません。"),
        (NotWhole::Envelope, Lang::En) => format!("{name} is the encrypted part alone, without a signature."),
        (NotWhole::Proof, Lang::Ja) => format!("{name} は壊れた証跡のファイルです。"),
        (NotWhole::Proof, Lang::En) => format!("{name} is a damaged proof."),
        (NotWhole::LaterProof, Lang::Ja) => {
            format!("{name} はこのプログラムの知らない形式（v が 1 でない）の証跡です。")
        }
        (NotWhole::LaterProof, Lang::En) => {
            format!("{name} is evidence in a form unknown to this program (v is not 1).")
        }
        (NotWhole::Cms, Lang::Ja) => format!("{name} は署名などの部品だけで、署名されたものがありません。"),
        (NotWhole::Cms, Lang::En) => format!("{name} is a signature or the like without what it signs."),
    };
    let next = match why {
        NotWhole::Proof => lang.pick(
            "信用せず、fumibako receipt でもう一度書き出してください。",
            "Do not believe it; write it anew with fumibako receipt.",
        ),
        NotWhole::LaterProof => {
            lang.pick("新しい版の fumibako で確かめてください。", "Use a newer version of fumibako.")
        }
        NotWhole::Other | NotWhole::Envelope | NotWhole::Cms => lang.pick(
            "メールソフトで「名前を付けて保存」したメール全体（.eml）を指定してください。",
            "Name the whole message as a mail program saves it (.eml).",
        ),
    };
    (what, next.into())
}

impl Limit {
    fn japanese(self) -> (String, String) {
        match self {
            Self::Cover(found, most) => (
                format!("メッセージが {found} 文字あり、上限の {most} 文字を超えています。"),
                "短くするか、PDF などで添付してください。".into(),
            ),
            Self::Files(found, most) => (
                format!("一つの送信データのファイルが {found} 個あり、上限の {most} 個を超えています。"),
                "分けて送ってください。".into(),
            ),
            Self::Units(found) => {
                (format!("一つの送信データの送信単位が {found} 件あり、多すぎます。"), "分けて送ってください。".into())
            }
            Self::Message(found, most) => (
                format!("送信データが {} あり、上限の {} を超えています。", mebibytes(found), mebibytes(most)),
                "添付ファイルを減らすか、分けて送ってください。".into(),
            ),
            Self::File(most) => (
                format!("ファイルが、確かめられる上限の {} を超えています。", mebibytes(most)),
                "メール 1 通のファイルを指定してください。".into(),
            ),
        }
    }

    fn english(self) -> (String, String) {
        match self {
            Self::Cover(found, most) => (
                format!("The cover message has {found} characters, {most} are allowed."),
                "Shorten it or attach it as a PDF.".into(),
            ),
            Self::Files(found, most) => {
                (format!("One bundle has {found} files, {most} are allowed."), "Send it in parts.".into())
            }
            Self::Units(found) => {
                (format!("One bundle has {found} send units, too many to name."), "Send it in parts.".into())
            }
            Self::Message(found, most) => (
                format!("The message has {}, {} are allowed.", mebibytes(found), mebibytes(most)),
                "Attach less or send it in parts.".into(),
            ),
            Self::File(most) => (
                format!("The file is larger than {}, the most that is verified.", mebibytes(most)),
                "Name a file with one message.".into(),
            ),
        }
    }
}

/// Rounded up, so that a message just past the limit does not read as the limit itself.
fn mebibytes(bytes: usize) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
