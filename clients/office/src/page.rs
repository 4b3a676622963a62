//! 受領証, a page to print: what the evidence says, in words an inspector reads. One HTML file without a script, which asks nobody
//! for anything.

use fumibako_careplan::Lang;
use fumibako_model::{Erased, Event, Evidence, Reason, Recorded};

use crate::cli::screen::{harmless, moment};
use crate::happened;
use crate::verify::{Fact, Report, What, Witnessed};

const HEAD: &str = include_str!("page/head.html");

/// The page about what was verified; `file` is the name of the proof beside it.
pub(crate) fn of(witnessed: &Witnessed, report: &Report, file: &str) -> String {
    let title = title(witnessed);
    let about = witnessed.pieces.first().map_or_else(String::new, |one| table(&bundle(&one.evidence)));
    let row = |one: &Recorded| {
        let words = words(one, witnessed.receipt.is_some());
        format!("<tr><td>{}</td><td>{words}</td><td>{}</td></tr>\n", moment(one.evidence.at), one.id)
    };
    let gone = |one: &Erased| {
        format!("<tr><td>{}</td><td>消去（内容を読む鍵を破棄しました）</td><td>{}</td></tr>\n", moment(one.at), one.id)
    };
    let rows: String = witnessed.pieces.iter().map(row).chain(witnessed.erased.iter().map(gone)).collect();
    let later = report.layers.iter().find(|layer| layer.what == What::Later && !witnessed.ends_acknowledged());
    let later = later.map(|layer| format!("<p>{}</p>\n", escaped(&layer.words(Lang::Ja).what))).unwrap_or_default();
    let replaced = report.layers.iter().find(|layer| layer.what == What::FormerKey);
    let replaced = replaced.map_or_else(String::new, |layer| {
        let (words, facts) = (layer.words(Lang::Ja), facts(report, What::FormerKey, &["replaced"]));
        format!("<p>{}{}</p>\n{}", escaped(&words.what), escaped(&words.next), table(&facts))
    });
    let signed = witnessed.receipt.as_ref().map_or_else(String::new, |_| {
        let facts = facts(report, What::Receipt, &["subject", "serial", "sha256", "content_sha256"]);
        format!("<h2>受け取った事業所の署名</h2>\n{}", table(&facts))
    });
    let unopened = witnessed.failure.as_ref().map_or_else(String::new, |_| {
        let facts = facts(report, What::NotOpened, &["subject", "serial", "sha256"]);
        format!("<h2>開けないことへの署名</h2>\n{}", table(&facts))
    });
    let log = table(&facts(report, What::LogHead, &["log", "size", "at", "set_back", "sha256"]));
    let unseen = match report.unseen() {
        0 => String::new(),
        count => format!("（うち {count} 項目は、このファイルだけでは確かめていません）"),
    };
    let (head, file, checks) = (HEAD.replace("{title}", title), escaped(file), report.layers.len());
    format!(
        "{head}<h1>{title}</h1>\n{about}<h2>経過</h2>\n<table class=\"rows\">\n\
         <tr><th>日時（日本時間）</th><th>出来事</th><th>証跡番号</th></tr>\n{rows}</table>\n{later}{unopened}{signed}\
         <h2>ゲートウェイの記録</h2>\n{log}{replaced}<p class=\"note\">この書面は証跡のファイル {file} を確かめて作りました。\
         {checks} 項目を調べ、正しくない項目はありませんでした{unseen}。証明するのはこの書面ではなく、証跡のファイルです。\
         上の日時と事業所が、あとから書き換えられていないことを、何年たっても確かめられます。\
         運営指導などで求められたら、この書面と一緒に、担当者にファイルのまま渡してください。<br>\
         <small>検証する技術者向け（ネットワークは要りません）: <code>fumibako verify {file}</code></small></p>\n</body>\n</html>\n"
    )
}

/// Only the recipient's own signature makes a 受領証: one that stands in the file, and holds.
fn title(witnessed: &Witnessed) -> &'static str {
    let has = |event| witnessed.last(event);
    let signed = witnessed.receipt.is_some();
    match has(Event::ContentHandover) {
        Some(one) if signed && one.reason == Some(Reason::AfterExpiry) => "受領証（期限後）",
        Some(one) if signed && one.receipt.is_some() => "受領証",
        Some(one) if one.receipt.is_some() => "受領の証明（ゲートウェイの記録）",
        Some(_) => "受け渡しの証明（ゲートウェイの記録）",
        None if has(Event::ContentHandoverFailure).is_some_and(|one| one.reason == Some(Reason::CheckFailed)) => {
            // Only where its signature is in the file, too.
            match witnessed.failure {
                Some(_) => "開封できなかったことの証明（受け取る事業所の署名）",
                None => "開封できなかったことの証明（ゲートウェイの記録）",
            }
        }
        None if has(Event::ContentHandoverFailure).is_some() => "期限切れ（未取得）の証明",
        None => "受付・お届けの証明",
    }
}

fn bundle(one: &Evidence) -> Vec<(String, String)> {
    let rows = [
        ("送信した事業所", one.from.to_string()),
        ("受け取る事業所", one.to.to_string()),
        ("Message-ID", format!("<{}>", one.message_id)),
        ("送信データの SHA-256", one.sha256.clone().unwrap_or_default()),
        ("大きさ", format!("{} バイト", crate::cli::screen::bytes(one.size.unwrap_or_default()))),
    ];
    let agent = one.by.as_ref().map(|by| ("代行業者".to_owned(), by.agent.to_string()));
    rows.map(|(label, value)| (label.to_owned(), value)).into_iter().chain(agent).collect()
}

/// `signed`: the recipient's signature is in the file.
fn words(one: &Recorded, signed: bool) -> String {
    let (event, reason) = (one.evidence.event, one.evidence.reason);
    let more = match (event, reason) {
        (Event::SubmissionAcceptance, _) => "ゲートウェイが受け取り、保存しました",
        (Event::ContentConsignment, _) => "受け取る事業所のメールボックスに入りました",
        (Event::ContentHandover, Some(Reason::AfterExpiry)) if signed => "受け取った事業所の署名",
        (Event::ContentHandover, Some(Reason::AfterExpiry)) => "ゲートウェイの記録です。署名はこのファイルにありません",
        (Event::ContentHandover, None) if signed => "受け取った事業所が受領に署名しました",
        (Event::ContentHandover, None) => "ゲートウェイの記録です。受領の署名はこのファイルにありません",
        (Event::ContentHandover | Event::ContentHandoverFailure, reason) => {
            happened::reason(reason.unwrap_or(Reason::Expired)).0
        }
    };
    format!("{}（{more}）", happened::event(event, reason).0)
}

fn facts(report: &Report, what: What, keys: &[&str]) -> Vec<(String, String)> {
    let found = report.layers.iter().find(|layer| layer.what == what);
    let all = found.map_or(&[][..], |layer| layer.facts.as_slice());
    let wanted = all.iter().filter(|fact| keys.contains(&fact.key));
    wanted.map(|fact: &Fact| (fact.label.0.to_owned(), fact.shown(Lang::Ja))).collect()
}

fn table(rows: &[(String, String)]) -> String {
    let row = |(label, value): &(String, String)| {
        format!("<tr><th>{}</th><td>{}</td></tr>\n", escaped(label), escaped(value))
    };
    format!("<table>\n{}</table>\n", rows.iter().map(row).collect::<String>())
}

/// Whatever a stranger wrote is text and nothing else.
fn escaped(text: &str) -> String {
    harmless(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.19
    #[test]
    fn only_a_signature_that_is_there_and_holds_makes_a_receipt() {
        let piece = |receipt: Option<&str>, reason: Option<&str>| -> Recorded {
            let piece = serde_json::json!({
                "v": 1, "id": "EV512E000000001A", "n": 0, "event": "ContentHandover", "at": "2026-11-25T12:00:00Z",
                "message_id": "a@x.example", "from": "9970000011", "to": "9970000029", "receipt": receipt, "reason": reason,
            });
            serde_json::from_value(piece).unwrap()
        };
        let late = Some("after-expiry");
        for (named, reason, signed, expected) in [
            (Some("r@x.example"), None, true, "受領証"),
            (Some("r@x.example"), late, true, "受領証（期限後）"),
            // The evidence names a receipt, and that may be anything.
            (Some("r@x.example"), None, false, "受領の証明（ゲートウェイの記録）"),
            (Some("r@x.example"), late, false, "受領の証明（ゲートウェイの記録）"),
            (None, Some("seen-by-the-gateway"), false, "受け渡しの証明（ゲートウェイの記録）"),
        ] {
            let (pieces, receipt) = (vec![piece(named, reason)], signed.then(fumibako_model::Notification::default));
            let witnessed = Witnessed { pieces, head: None, receipt, failure: None, erased: None };
            assert_eq!(title(&witnessed), expected);
            assert_eq!(words(&witnessed.pieces[0], signed).contains("ゲートウェイの記録"), !signed);
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_no_markup() {
        assert_eq!(escaped("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
        let rows = [("a".to_owned(), "<script>".to_owned())];
        assert!(!table(&rows).contains("<script>"));
        assert!(!HEAD.contains("<script") && !HEAD.contains("http"), "it asks nobody for anything");
    }
}
