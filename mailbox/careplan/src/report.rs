//! A report on checked files: as a value, as lines, as a page to print.

mod alike;
mod page;

use std::collections::HashMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use alike::Alike;

use crate::finding::Finding;
use crate::private::Private;
use crate::{Edition, Kind, Lang, Severity};

/// What was checked and what was found. Serialises to one JSON object; `v` rises only on incompatible change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every file given, in the order given.
    pub files: Vec<Checked>,
    /// What was found, file by file, then between files.
    pub findings: Vec<Finding>,
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its name.
    pub file: Private,
    /// What the name makes of it.
    pub what: What,
    /// Its kind, or the kind that it was probably meant to be.
    pub kind: Option<Kind>,
    /// The edition that its first row names.
    pub edition: Option<Edition>,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What a name makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A file of the standard.
    Standard,
    /// Meant to be one, but the name cannot be read.
    NearMiss,
    /// Something else, which travels unchecked.
    Attachment,
}

impl Report {
    /// How many places are wrong, those not listed one by one included.
    pub fn errors(&self) -> u64 {
        self.count(Severity::Error)
    }

    /// How many places are not as the standard writes them.
    pub fn warnings(&self) -> u64 {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> u64 {
        self.findings.iter().filter(|finding| finding.severity == severity).map(|finding| 1 + finding.more).sum()
    }

    /// Whether the files can be sent: no error, and with `strict` no warning either.
    pub fn holds(&self, strict: bool) -> bool {
        self.errors() == 0 && !(strict && self.warnings() > 0)
    }

    /// The sentence that sums it up.
    pub fn summary(&self, lang: Lang) -> String {
        let checked = self.files.iter().filter(|file| file.what != What::Attachment).count();
        let (errors, warnings) = (self.errors(), self.warnings());
        match (lang, errors, warnings) {
            (Lang::Ja, 0, 0) => format!("標準仕様のファイル{checked}件を確認しました。問題はありません。"),
            (Lang::Ja, ..) => {
                format!("標準仕様のファイル{checked}件を確認しました。エラー {errors}件、警告 {warnings}件です。")
            }
            (Lang::En, 0, 0) => format!("{checked} files of the standard checked; nothing found."),
            (Lang::En, ..) => format!("{checked} files of the standard checked: {errors} errors, {warnings} warnings."),
        }
    }

    /// The report as lines of text: each file with what was found in it, then the summary.
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        let mut lines = Vec::new();
        for (file, findings) in self.by_file() {
            lines.push(heading(file, lang));
            if findings.is_empty() {
                lines.push(format!("  {}", verdict(file, lang)));
            }
            for alike in alike::grouped(&findings) {
                lines.extend(told(&alike, lang));
            }
        }
        lines.push(self.summary(lang));
        lines
    }

    /// The report as a page to print: one self-contained HTML document.
    pub fn page(&self, lang: Lang) -> String {
        page::of(self, lang)
    }

    /// Each file with its findings. Two files of one name, from two folders, share them.
    fn by_file(&self) -> impl Iterator<Item = (&Checked, Vec<&Finding>)> {
        let mut found: HashMap<&Private, Vec<&Finding>> = HashMap::new();
        for finding in &self.findings {
            found.entry(&finding.file).or_default().push(finding);
        }
        self.files.iter().map(move |file| (file, found.get(&file.file).cloned().unwrap_or_default()))
    }
}

fn heading(file: &Checked, lang: Lang) -> String {
    let kind = file.kind.map_or(String::new(), |kind| format!("  {}", kind.name(lang)));
    let edition = file.edition.map_or(String::new(), |edition| match lang {
        Lang::Ja => format!("  第{}版", edition.label()),
        Lang::En => format!("  edition {}", edition.label()),
    });
    format!("{}{kind}{edition}", file.file.show())
}

fn verdict(file: &Checked, lang: Lang) -> &'static str {
    match file.what {
        What::Attachment => lang.pick("添付ファイル（標準仕様の対象外）", "attachment, outside the standard"),
        What::Standard | What::NearMiss => lang.pick("問題はありません", "nothing found"),
    }
}

fn label(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::Error => lang.pick("エラー", "error"),
        Severity::Warning => lang.pick("警告", "warning"),
    }
}

fn told(alike: &Alike<'_>, lang: Lang) -> Vec<String> {
    let finding = alike.first;
    let place = match finding.place(lang) {
        place if place.is_empty() => String::new(),
        place => format!("{place}: "),
    };
    let text = finding.text.as_ref().map_or(String::new(), |text| format!(" [{}]", text.show()));
    let severity = label(finding.severity, lang);
    let mut lines = vec![format!("  {severity} {} {place}{}{text}", finding.code, finding.sentence(lang))];
    lines.push(format!("      → {}", finding.what_to_do(lang)));
    lines.extend(alike.elsewhere(lang).map(|rows| format!("      {rows}")));
    lines
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 5)?;
        report.serialize_field("v", &1)?;
        report.serialize_field("errors", &self.errors())?;
        report.serialize_field("warnings", &self.warnings())?;
        report.serialize_field("files", &self.files)?;
        report.serialize_field("findings", &self.findings)?;
        report.end()
    }
}

#[cfg(test)]
mod tests;
