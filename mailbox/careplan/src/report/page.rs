//! The printable page. No script, nothing loaded from elsewhere, and every text escaped.

use super::alike::{Alike, grouped};
use super::folder::{Folder, folders};
use super::{Checked, Report, Unchecked, What, edition, label, not_checked, verdict};
use crate::finding::Finding;
use crate::{Lang, Severity};

const STYLE: &str = include_str!("page.css");

pub(super) fn of(report: &Report, lang: Lang, made: &str) -> String {
    let title = lang.pick("ケアプランデータの確認結果", "Care-plan files: result of the check");
    let (code, mood) = (lang.pick("ja", "en"), if report.holds(false) { "good" } else { "bad" });
    let folders: String = folders(report).iter().map(|folder| section(folder, lang)).collect();
    let made = if made.is_empty() { String::new() } else { format!("<p class=\"made\">{}</p>\n", escape(made)) };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{made}<p class=\"summary {mood}\">{}</p>\n{folders}</body>\n</html>\n",
        escape(&report.summary(lang)),
    )
}

/// A folder: first what needs a hand, then what is fine, one line each.
fn section(folder: &Folder<'_>, lang: Lang) -> String {
    let at = if folder.at.is_empty() { String::new() } else { format!("<h2>{}</h2>\n", escape(folder.at)) };
    let (fine, wrong): (Vec<_>, Vec<_>) = folder.files.iter().partition(|(_, findings)| findings.is_empty());
    let unchecked: String = folder.unchecked.iter().map(|file| unread(file, lang)).collect();
    let wrong: String = wrong.iter().map(|(file, findings)| found(file, findings, lang)).collect();
    let fine: String = fine.iter().map(|(file, _)| row(file, lang)).collect();
    let fine = if fine.is_empty() { fine } else { format!("<table>\n{}{fine}</table>\n", headings(lang)) };
    format!("<section>\n{at}{unchecked}{wrong}{fine}</section>\n")
}

fn unread(file: &Unchecked, lang: Lang) -> String {
    format!(
        "<h3>{}</h3>\n<ul>\n<li><strong class=\"error\">{}</strong><br>\n{}<br>\n<span class=\"todo\">→ {}</span></li>\n</ul>\n",
        escape(file.file.show()),
        not_checked(lang),
        escape(file.sentence.in_lang(lang)),
        escape(file.what_to_do.in_lang(lang)),
    )
}

fn found(file: &Checked, findings: &[&Finding], lang: Lang) -> String {
    let about: Vec<String> = kind(file, lang).into_iter().chain(edition(file, lang)).collect();
    let about = escape(&about.join(lang.pick("　", ", ")));
    let items: String = grouped(findings).iter().map(|alike| item(alike, lang)).collect();
    let name = escape(file.file.show());
    format!("<h3>{name}</h3>\n<p class=\"about\">{about}</p>\n<ul>\n{items}</ul>\n")
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

fn headings(lang: Lang) -> String {
    let [file, kind, rows, result] =
        lang.pick(["ファイル", "種類", "行数", "結果"], ["file", "kind", "rows", "result"]);
    format!("<thead><tr><th>{file}</th><th>{kind}</th><th class=\"number\">{rows}</th><th>{result}</th></tr></thead>\n")
}

fn row(file: &Checked, lang: Lang) -> String {
    let rows = if file.edition.is_some() { file.rows.to_string() } else { String::new() };
    let result = match file.what {
        What::Attachment => lang.pick("添付（対象外）", "attachment"),
        What::Standard | What::NearMiss => verdict(file, lang),
    };
    format!(
        "<tr><td class=\"name\">{}</td><td class=\"kind\">{}</td><td class=\"number\">{rows}</td><td class=\"none\">{result}</td></tr>\n",
        escape(file.file.show()),
        kind(file, lang).map_or(String::new(), |kind| escape(&kind)),
    )
}

fn kind(file: &Checked, lang: Lang) -> Option<String> {
    file.kind.map(|kind| kind.name(lang).to_owned())
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
