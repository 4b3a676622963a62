//! 受領証, a page to print: what the evidence says, in words an inspector reads. One HTML file without a script, which asks nobody
//! for anything.

use std::path::Path;

use fumibako_careplan::Lang;
use fumibako_model::{BundleFacts, Delegate, Erased, Event, Evidence, Reason, Recorded, happened};
use jiff::Timestamp;

use crate::cli::screen::{harmless, moment};
use crate::fetch::Names;
use crate::settings::Settings;
use crate::verify::{Report, State, What, Witnessed};

const HEAD: &str = include_str!("page/head.html");
/// A hash has at least so many hexadecimal digits, and stands in one line.
const HASH: usize = 40;

/// What this computer and the register know of a bundle beside its evidence, which proves none of it.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// What the register calls the offices.
    pub(crate) names: Names,
    /// What its header says it holds.
    pub(crate) facts: Option<BundleFacts>,
    /// The name of the file with the message itself, where it is kept beside the proof.
    pub(crate) original: Option<String>,
    /// The files with the authorities it was judged by.
    pub(crate) authorities: Authorities,
    /// When the page is made.
    pub(crate) issued: Timestamp,
}

/// The names of files with authorities.
#[derive(Debug, Default)]
pub(crate) struct Authorities {
    gateway: String,
    offices: Vec<String>,
    /// Those of time stamps, where they are named.
    stamps: Option<String>,
}

/// The page about what was verified; `file` is the name of the proof beside it.
pub(crate) fn of(witnessed: &Witnessed, report: &Report, file: &str, beside: &Beside) -> String {
    let proves = Proves::of(witnessed);
    let title = proves.title();
    let lacks = proves.lacks().map_or_else(String::new, |(ja, en)| {
        format!("<p class=\"lacks\">{ja}<br><small lang=\"en\">{en}</small></p>\n")
    });
    let about = witnessed.pieces.first().map_or_else(String::new, |one| table(&bundle(&one.evidence)));
    let known = witnessed.pieces.first().map_or_else(String::new, |one| known(&one.evidence, beside));
    let later = report.layers.iter().find(|layer| layer.what == What::Later && !witnessed.ends_acknowledged());
    let later = later.map(|layer| format!("<p>{}</p>\n", escaped(&layer.words(Lang::Ja).what))).unwrap_or_default();
    let replaced = report.layers.iter().find(|layer| layer.what == What::FormerKey);
    let replaced = replaced.map_or_else(String::new, |layer| {
        let (words, facts) = (layer.words(Lang::Ja), facts(report, What::FormerKey, &REPLACED));
        format!("<p>{}{}</p>\n{}", escaped(&words.what), escaped(&words.next), table(&facts))
    });
    let signed = witnessed.receipt.as_ref().map_or_else(String::new, |_| {
        let by = signer(witnessed, |one| one.event == Event::ContentHandover && one.receipt.is_some());
        let heading = if by.is_empty() {
            "受け取った事業所の署名"
        } else {
            "受け取った事業所の代行業者の署名"
        };
        let rows = [by, facts(report, What::Receipt, &SIGNATURE)].concat();
        format!("<h2>{heading}</h2>\n{}", table(&rows))
    });
    let unopened = witnessed.failure.as_ref().map_or_else(String::new, |_| {
        let by = signer(witnessed, |one| one.reason == Some(Reason::CheckFailed));
        let rows = [by, facts(report, What::NotOpened, &SIGNATURE[..5])].concat();
        format!("<h2>開けないことへの署名</h2>\n{}", table(&rows))
    });
    let (rows, stamp) = (history(witnessed), stamp(report));
    let log = table(&facts(report, What::LogHead, &LOG));
    let (issued, original, typed) = (moment(beside.issued), original(witnessed, file, beside), escaped(&word(file)));
    let (head, file, checks, unseen) =
        (HEAD.replace("{title}", title), escaped(file), report.layers.len(), unseen(report));
    format!(
        "{head}<h1>{title}</h1>\n<p class=\"issued\">発行日 {}</p>\n{lacks}{about}{known}<h2>経過</h2>\n<table class=\"rows\">\n\
         <tr><th>日時（日本時間）</th><th>出来事</th><th>証跡番号</th></tr>\n{rows}</table>\n{later}{unopened}{signed}\
         <h2>ゲートウェイの記録</h2>\n{log}{stamp}{replaced}<div class=\"note\"><p>この書面は証跡のファイル {file} を確かめて作りました。\
         {checks} 項目を調べ、正しくない項目はありませんでした{unseen}。証明するのはこの書面ではなく、証跡のファイルです。\
         上の日時と事業所が、あとから書き換えられていないことを、何年たっても確かめられます。\
         運営指導などで求められたら、この書面と一緒に、担当者にファイルのまま渡してください。</p>\n{original}\
         <p><small>検証する技術者向け（ネットワークは要りません。発行元のファイルは設定のフォルダーから写し、この書面と一緒に保存して渡してください）: \
         <code>fumibako verify {typed}{options}</code></small></p></div>\n</body>\n</html>\n",
        issued.split(' ').next().unwrap_or_default(),
        options = options(beside),
    )
}

/// By when the gateway had signed, by whose word, and whether that was verified (Profile §8.21).
fn stamp(report: &Report) -> String {
    let Some(layer) = report.layers.iter().find(|layer| layer.what == What::TimeStamp) else { return String::new() };
    let words = match layer.state {
        State::Holds => "タイムスタンプを確かめました。上の記録は、この日時にはありました。",
        _ => {
            "タイムスタンプがありますが、確かめていません。下の日時とタイムスタンプ局は、タイムスタンプに書かれているとおりです。"
        }
    };
    format!("<p>{words}</p>\n{}", table(&facts(report, What::TimeStamp, &STAMP)))
}

/// The same on one line, where there is a stamp.
pub(crate) fn stamped(report: &Report, lang: Lang) -> Option<String> {
    let layer = report.layers.iter().find(|layer| layer.what == What::TimeStamp)?;
    let shown = |key| Some(layer.facts.iter().find(|fact| fact.key == key)?.shown(lang));
    let verified = match layer.state {
        State::Holds => lang.pick("確かめました", "verified"),
        _ => lang.pick("確かめていません", "not verified"),
    };
    let said: Vec<_> = ["time", "stamped_by"].into_iter().filter_map(shown).chain([verified.into()]).collect();
    Some(said.join("　"))
}

/// What happened, a row each, in the order of the log.
fn history(witnessed: &Witnessed) -> String {
    let row = |at, words: &str, id| format!("<tr><td>{}</td><td>{words}</td><td>{id}</td></tr>\n", moment(at));
    let erased = |one: &Erased| (one.n, row(one.at, "消去（内容を読む鍵を破棄しました）", one.id));
    let piece = |one: &Recorded| (one.n, row(one.evidence.at, &escaped(&words(one, witnessed)), one.id));
    let mut rows: Vec<_> = witnessed.pieces.iter().map(piece).chain(witnessed.erased.iter().map(erased)).collect();
    rows.sort_by_key(|(n, _)| *n);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The agent whose signature it is, where it is not the office's own (Profile §9.5).
fn signer(witnessed: &Witnessed, which: impl Fn(&Evidence) -> bool) -> Vec<(String, String)> {
    let found = witnessed.pieces.iter().find(|one| which(&one.evidence)).and_then(|one| one.evidence.by.as_ref());
    found.map(|by| ("署名した代行業者".to_owned(), agent(by))).into_iter().collect()
}

/// An agent, and what lets it act.
pub(crate) fn agent(by: &Delegate) -> String {
    format!("{}（委任 {}）", by.agent, by.mandate)
}

/// What else verifying it needs where nothing is set up, years later too, as the command takes it.
fn options(beside: &Beside) -> String {
    escaped(&judged_by(&beside.authorities))
}

/// The files with the authorities of the settings.
pub(crate) fn authorities(settings: &Settings) -> Authorities {
    Authorities {
        gateway: name(&settings.evidence_authority_file),
        offices: settings.authorities().iter().map(|one| name(&one.file)).collect(),
        stamps: Some(name(&settings.stamp_authority_file)).filter(|file| !file.is_empty()),
    }
}

/// The name of a file, wherever it lies.
pub(crate) fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of the authorities, as options of `fumibako verify`.
pub(crate) fn judged_by(Authorities { gateway, offices, stamps }: &Authorities) -> String {
    let named = |option: &str, file: &String| format!(" --{option} {}", word(file));
    let offices = offices.iter().map(|file| named("trust", file));
    let stamps = stamps.iter().map(|file| named("stamp-authority", file));
    std::iter::once(named("evidence-authority", gateway)).chain(offices).chain(stamps).collect()
}

/// What is shown of the recipient's signature, by key, and under which words.
const SIGNATURE: [(&str, &str); 6] = [
    ("claimed_time", "署名した日時（署名した側の申告）"),
    ("clock", "注意"),
    ("subject", "署名に使った証明書の名義"),
    ("serial", "その証明書の番号"),
    ("sha256", "その証明書の指紋（SHA-256）"),
    ("content_sha256", "受け取ったと署名した内容（SHA-256）"),
];
/// The same of the gateway's.
const LOG: [(&str, &str); 5] = [
    ("log", "ゲートウェイ"),
    ("size", "記録の件数"),
    ("at", "記録に署名した日時"),
    ("set_back", "記録の巻き戻り"),
    ("sha256", "署名した証明書の指紋（SHA-256）"),
];

/// Of the time stamp over that.
const STAMP: [(&str, &str); 4] = [
    ("time", "タイムスタンプの日時"),
    ("stamped_by", "タイムスタンプ局"),
    ("stamp_serial", "タイムスタンプの番号"),
    ("stamper_revocation", "タイムスタンプ局の証明書"),
];
/// And of the key that took its place.
const REPLACED: [(&str, &str); 1] = [("replaced", "鍵を替えた日時")];

/// What nothing proves, and says so.
fn known(evidence: &Evidence, beside: &Beside) -> String {
    let name = |number| beside.names.get(number).cloned();
    let facts = beside.facts.as_ref();
    let rows = [
        ("送信した事業所の名称", name(&evidence.from)),
        ("受け取る事業所の名称", name(&evidence.to)),
        ("データの種類", facts.map(|facts| facts.kinds(Lang::Ja)).filter(|kinds| !kinds.is_empty())),
        ("対象年月", facts.and_then(BundleFacts::year_month)),
        ("ファイル", facts.map(|facts| format!("{} 個", facts.files))),
    ];
    let rows: Vec<_> = rows.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?))).collect();
    if rows.is_empty() { String::new() } else { format!("<h2>参考（証跡の対象外）</h2>\n{}", table(&rows)) }
}

/// What was not looked at, by name, and how often.
fn unseen(report: &Report) -> String {
    match report.unseen() {
        0 => String::new(),
        count => {
            format!("（うち {count} 項目は、このファイルだけでは確かめていません: {}）", report.unseen_names(Lang::Ja))
        }
    }
}

/// Evidence names what was received by its digest. Whether the thing itself is kept, and how else it could be shown.
fn original(witnessed: &Witnessed, file: &str, beside: &Beside) -> String {
    let words = match (&beside.original, &witnessed.erased) {
        (Some(name), _) => {
            let (name, file, typed) = (escaped(name), escaped(&word(file)), escaped(&word(name)));
            format!(
                "送受信したデータの原本は {name} に保存しました。暗号化されているものは、当時の証明書の鍵がないと開けません。\
                 証明書を更新したあとも、古い鍵を捨てないでください。この書面のデータと同じものであることは \
                 <code>fumibako verify {file} --original {typed}</code> で確かめられます。"
            )
        }
        (None, Some(_)) => {
            "送受信したデータそのものは、この書面にも証跡のファイルにも入っておらず、ゲートウェイからは消去されました。\
             何を受け取ったかは、事業所に保存したファイルで示してください。"
                .into()
        }
        (None, None) => {
            "送受信したデータそのものは、この書面にも証跡のファイルにも入っていません。ゲートウェイが消去するまでなら、\
             <code>fumibako receipt … --with-original</code> で原本も一緒に保存でき、あとで照らし合わせられます。"
                .into()
        }
    };
    format!("<p>{words}</p>\n")
}

/// What a file of evidence comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proves {
    /// The recipient's receipt: its signature stands in the file, and holds.
    Received,
    /// The same, after the content was gone.
    ReceivedLate,
    /// The gateway names a receipt that is not in the file.
    ReceiptNamed,
    /// The gateway saw it handed over.
    HandedOver,
    /// The recipient says that it does not open; `true`: its signature is in the file.
    NotOpened(bool),
    /// It expired, and its recipient had said that it does not open.
    ExpiredNotOpened,
    /// It expired, and nobody had collected it.
    Expired,
    /// It was accepted, and stands in the recipient's mailbox as far as evidence says.
    Delivered,
}

impl Proves {
    /// Only the recipient's own signature makes a 受領証: one that stands in the file, and holds.
    pub(crate) fn of(witnessed: &Witnessed) -> Self {
        let has = |event| witnessed.last(event);
        let signed = witnessed.receipt.is_some();
        // The recipient's own word says more than what the gateway saw (Profile §8.22).
        let failed = has_failed(witnessed);
        match has(Event::ContentHandover) {
            Some(one) if signed && one.reason == Some(Reason::AfterExpiry) => Self::ReceivedLate,
            Some(one) if signed && one.receipt.is_some() => Self::Received,
            Some(one) if one.receipt.is_some() => Self::ReceiptNamed,
            Some(_) if !failed => Self::HandedOver,
            _ => match has(Event::ContentHandoverFailure).and_then(|one| one.reason) {
                // Only where its signature is in the file, too.
                Some(Reason::CheckFailed) => Self::NotOpened(witnessed.failure.is_some()),
                Some(_) if failed => Self::ExpiredNotOpened,
                Some(_) => Self::Expired,
                None => Self::Delivered,
            },
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::ReceivedLate => "受領証（期限後）",
            Self::Received => "受領証",
            Self::ReceiptNamed => "受領の証明（ゲートウェイの記録）",
            Self::HandedOver => "受け渡しの証明（ゲートウェイの記録）",
            Self::NotOpened(true) => "開封できなかったことの証明（受け取る事業所の署名）",
            Self::NotOpened(false) => "開封できなかったことの証明（ゲートウェイの記録）",
            Self::ExpiredNotOpened => "期限切れ（開封できず）の証明",
            Self::Expired => "期限切れ（未取得）の証明",
            Self::Delivered => "受付・お届けの証明",
        }
    }

    /// What is not in it, however the bundle is marked in a list; Japanese, English. None of what its recipient signed for.
    pub(crate) fn lacks(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Received | Self::ReceivedLate => return None,
            Self::ReceiptNamed => (
                "この証跡のファイルには、受領証そのものは入っていません。受領証が届いたというゲートウェイの記録だけです。",
                "The receipt itself is not in this file: it has only the gateway's record that one came.",
            ),
            Self::HandedOver => (
                "この証跡に、受け取る事業所の受領証はありません。相手先の端末に渡ったというゲートウェイの記録だけです。",
                "There is no receipt of the recipient in this evidence, only the gateway's record that it was handed over.",
            ),
            Self::NotOpened(_) | Self::ExpiredNotOpened => (
                "この証跡に、受け取る事業所の受領証はありません。受け取る事業所は、開けなかったと知らせています。",
                "There is no receipt of the recipient in this evidence: it says that it could not open the message.",
            ),
            Self::Expired => (
                "この証跡に、受領証も受け渡しの記録もありません。取得されないまま、保存期限が過ぎました。",
                "There is no receipt and no handover in this evidence: nobody collected it in time.",
            ),
            Self::Delivered => (
                "この証跡に、受領証も受け渡しの記録もありません。相手先が受け取ったことは証明できません。",
                "There is no receipt and no handover in this evidence: it does not prove that anybody received it.",
            ),
        })
    }
}

fn bundle(one: &Evidence) -> Vec<(String, String)> {
    let rows = [
        ("送信した事業所", one.from.to_string()),
        ("受け取る事業所", one.to.to_string()),
        ("Message-ID", format!("<{}>", one.message_id)),
        ("送信データ全体の SHA-256", one.sha256.clone().unwrap_or_default()),
        ("大きさ", format!("{} バイト", crate::cli::screen::bytes(one.size.unwrap_or_default()))),
    ];
    let agent = one.by.as_ref().map(|by| ("代行業者".to_owned(), agent(by)));
    rows.map(|(label, value)| (label.to_owned(), value)).into_iter().chain(agent).collect()
}

/// What happened, and who says so. A handover is signed for only where the signature is in the file.
fn words(one: &Recorded, witnessed: &Witnessed) -> String {
    let (evidence, signed) = (&one.evidence, witnessed.receipt.is_some());
    let (event, reason) = (evidence.event, evidence.reason);
    let to = evidence.by.as_ref().map_or_else(|| "受け取った事業所".into(), |by| format!("代行業者 {}", agent(by)));
    let more = match (event, reason) {
        (Event::SubmissionAcceptance, _) => "ゲートウェイが受け取り、保存しました".into(),
        (Event::ContentConsignment, _) => "受け取る事業所のメールボックスに入りました".into(),
        (Event::ContentHandover, Some(Reason::AfterExpiry)) if signed => format!("{to}の署名"),
        (Event::ContentHandover, Some(Reason::AfterExpiry)) => {
            "ゲートウェイの記録です。署名はこのファイルにありません".into()
        }
        (Event::ContentHandover, None) if signed => format!("{to}が受領に署名しました"),
        (Event::ContentHandover, None) => "ゲートウェイの記録です。受領の署名はこのファイルにありません".into(),
        (Event::ContentHandoverFailure, Some(Reason::Expired)) if has_failed(witnessed) => {
            "取得しても開けないまま消去されました".into()
        }
        (Event::ContentHandover | Event::ContentHandoverFailure, reason) => {
            let said = happened::reason(reason.unwrap_or(Reason::Expired)).0;
            let why = evidence.fault.map_or("", |fault| fault.sentence(Lang::Ja));
            let by = evidence.by.as_ref().map(|by| format!("。代行業者: {}", agent(by))).unwrap_or_default();
            [said, if why.is_empty() { "" } else { "。" }, why.trim_end_matches('。'), &by].concat()
        }
    };
    format!("{}（{more}）", happened::event(event, reason).0)
}

/// Did its recipient say that it does not open (Profile §8.22)?
fn has_failed(witnessed: &Witnessed) -> bool {
    witnessed.pieces.iter().any(|one| one.evidence.reason == Some(Reason::CheckFailed))
}

/// Facts of a layer under the words for this page.
fn facts(report: &Report, what: What, keys: &[(&str, &str)]) -> Vec<(String, String)> {
    let found = report.layers.iter().find(|layer| layer.what == what);
    let all = found.map_or(&[][..], |layer| layer.facts.as_slice());
    let wanted = keys.iter().filter_map(|(key, label)| Some((label, all.iter().find(|fact| fact.key == *key)?)));
    wanted.map(|(label, fact)| ((*label).to_owned(), fact.shown(Lang::Ja))).collect()
}

fn table(rows: &[(String, String)]) -> String {
    let is_hash = |value: &str| value.len() >= HASH && value.bytes().all(|letter| letter.is_ascii_hexdigit());
    let row = |(label, value): &(String, String)| {
        let class = if is_hash(value) { " class=\"hash\"" } else { "" };
        format!("<tr><th>{}</th><td{class}>{}</td></tr>\n", escaped(label), escaped(value))
    };
    format!("<table>\n{}</table>\n", rows.iter().map(row).collect::<String>())
}

/// Whatever a stranger wrote is text and nothing else.
fn escaped(text: &str) -> String {
    harmless(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A file's name as it is typed in a command, whatever is in it: what a shell may take for something else stands in quotes.
fn word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-+,=@".contains(c);
    // No name is an option.
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    match &name {
        name if name.chars().all(|c| plain(c) || c == '/') => name.clone(),
        // Windows' own shell knows these alone; its names have none of what they do not cover in the others.
        name if !name.contains(['"', '$', '`', '\\', '!', '%']) => format!("\"{name}\""),
        name => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests;
