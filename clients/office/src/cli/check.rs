//! `fumibako check PATH…`: files against the standard, nothing is sent. Exit 0: no error. 65: errors, each named.

use std::path::PathBuf;

use clap::Args;
use fumibako_careplan::{self as careplan, Finding, Lang, Severity};
use serde_json::json;

use super::screen::{Screen, harmless};
use crate::bundle::Left;
use crate::bundle::gather::{Source, WhyLeft, file_name, read_all, sort};
use crate::exit::Exit;
use crate::trouble::Trouble;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// 調べるフォルダーやファイル / folders and files to check
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(&self, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        let (found, too_large) = read_all(&self.paths)?;
        let named: Vec<(String, &[u8])> =
            found.iter().map(|source| (file_name(&source.path), source.bytes.0.as_slice())).collect();
        let report = careplan::check(&named);
        for finding in &report.findings {
            tell(finding, screen)?;
        }
        // What names and units show is among the findings; what only this end refuses is not.
        let refused = left_by_us(found, too_large);
        for left in &refused {
            tell_left(left, screen)?;
        }
        let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let bad = errors + refused.len();
        screen.say(&match screen.lang() {
            Lang::Ja => format!(
                "{} ファイルを調べました。エラー {bad} 件、警告 {} 件。",
                report.files.len(),
                report.findings.len() - errors
            ),
            Lang::En => format!(
                "{} files checked: {bad} errors, {} warnings.",
                report.files.len(),
                report.findings.len() - errors
            ),
        });
        Ok(if bad == 0 { Exit::OK } else { Exit::BAD_FILE })
    }
}

fn left_by_us(found: Vec<Source>, too_large: Vec<Left>) -> Vec<Left> {
    let left = sort((found, too_large)).left.into_iter();
    left.filter(|left| match &left.why {
        WhyLeft::TooLarge(_) => true,
        WhyLeft::Standard(why) => why.code().is_none(),
        WhyLeft::NamesNobody | WhyLeft::OtherSender(_) => false,
    })
    .collect()
}

fn tell(finding: &Finding, screen: &mut Screen<'_>) -> std::io::Result<()> {
    screen.data(finding, |lang| {
        let severity = match finding.severity {
            Severity::Error => lang.pick("エラー", "error"),
            Severity::Warning => lang.pick("警告", "warning"),
        };
        let place = finding.place(lang);
        let at = if place.is_empty() { String::new() } else { format!(" {place}") };
        let more = match (finding.more, lang) {
            (0, _) => String::new(),
            (more, Lang::Ja) => format!("（ほかに {more} か所）"),
            (more, Lang::En) => format!(" (and {more} more)"),
        };
        format!(
            "{severity} {} {}{at}\n  {}{more}\n  → {}",
            finding.code,
            harmless(finding.file.show()),
            harmless(&finding.sentence(lang)),
            finding.what_to_do(lang),
        )
    })
}

fn tell_left(left: &Left, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let lang = screen.lang();
    let (sentence, next) = (left.why.sentence(lang), left.why.what_to_do(lang));
    let object = json!({ "severity": "error", "file": left.path, "sentence": sentence, "what_to_do": next });
    screen.data(&object, |lang| {
        let head = lang.pick("エラー", "error");
        format!("{head} {}\n  {sentence}{}{next}", left.path.display(), lang.pick("", " "))
    })
}
