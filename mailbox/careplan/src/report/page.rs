//! The printable page. No script, nothing loaded from elsewhere, and every text escaped.

use super::alike::{Alike, grouped};
use super::{Checked, Report, heading, label, verdict};
use crate::finding::Finding;
use crate::{Lang, Severity};

const STYLE: &str = "body{font-family:'Hiragino Sans','Yu Gothic',Meiryo,sans-serif;max-width:48rem;margin:2rem auto;\
padding:0 1rem;color:#222;line-height:1.6}h1{font-size:1.4rem}h2{font-size:1rem;border-bottom:1px solid #999;\
overflow-wrap:anywhere}li{margin:.6rem 0;break-inside:avoid}.error{color:#a40000}.warning{color:#7a5200}\
.todo{color:#333}.none{color:#22632a}code{overflow-wrap:anywhere}@page{size:A4;margin:15mm}";

pub(super) fn of(report: &Report, lang: Lang) -> String {
    let title = lang.pick("ケアプランデータの確認結果", "Care-plan files: result of the check");
    let code = lang.pick("ja", "en");
    let files: String = report.by_file().map(|(file, findings)| section(file, &findings, lang)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{}</p>\n{files}</body>\n</html>\n",
        escape(&report.summary(lang)),
    )
}

fn section(file: &Checked, findings: &[&Finding], lang: Lang) -> String {
    let heading = escape(&heading(file, lang));
    if findings.is_empty() {
        return format!("<h2>{heading}</h2>\n<p class=\"none\">{}</p>\n", verdict(file, lang));
    }
    let items: String = grouped(findings).iter().map(|alike| item(alike, lang)).collect();
    format!("<h2>{heading}</h2>\n<ul>\n{items}</ul>\n")
}

fn item(alike: &Alike<'_>, lang: Lang) -> String {
    let finding = alike.first;
    let class = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = finding.text.as_ref().map_or(String::new(), |text| format!(" <code>{}</code>", escape(text.show())));
    let rows = alike.elsewhere(lang).map_or(String::new(), |rows| format!("<br>\n{}", escape(&rows)));
    format!(
        "<li><strong class=\"{class}\">{} {}</strong> {}<br>\n{}{text}<br>\n<span class=\"todo\">→ {}</span>{rows}</li>\n",
        label(finding.severity, lang),
        finding.code,
        escape(&finding.place(lang)),
        escape(&finding.sentence(lang)),
        escape(finding.what_to_do(lang)),
    )
}

/// Makes text safe between tags and inside quoted attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
