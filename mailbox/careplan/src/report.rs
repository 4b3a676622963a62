//! A report on checked files: as a value, as lines, as a page to print.

mod alike;
mod folder;
mod page;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use alike::Alike;
use folder::folders;

use crate::finding::Finding;
use crate::lang::Both;
use crate::private::Private;
use crate::{Edition, Kind, Lang, Severity};

/// What was checked and what was found. Serialises to one JSON object; `v` rises only on incompatible change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every file given, in the order given.
    pub files: Vec<Checked>,
    /// What was found, file by file, then between files.
    pub findings: Vec<Finding>,
    /// What could not be read, so nothing is said about it. This crate reads no files: whoever does says so here.
    pub unchecked: Vec<Unchecked>,
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Where it lies, as [`Report::within`] was told; empty if it was not.
    #[serde(skip_serializing_if = "Private::is_empty")]
    pub folder: Private,
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

/// A file that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// Where it lies, as [`Report::within`] was told; empty if it was not.
    #[serde(skip_serializing_if = "Private::is_empty")]
    pub folder: Private,
    /// Its name.
    pub file: Private,
    /// Why, as a stable word.
    pub reason: &'static str,
    /// Why, in one sentence.
    pub sentence: Both<String>,
    /// What to do next.
    pub what_to_do: Both<&'static str>,
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
    /// The same report with the folder it is about.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        let folder = Private::new(folder);
        self.files.iter_mut().for_each(|file| file.folder = folder.clone());
        self.findings.iter_mut().for_each(|finding| finding.folder = folder.clone());
        self.unchecked.iter_mut().for_each(|file| file.folder = folder.clone());
        self
    }

    /// Adds the report on another folder.
    pub fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.findings.extend(other.findings);
        self.unchecked.extend(other.unchecked);
    }

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

    /// Whether the files can be sent: all of them checked, no error, and with `strict` no warning either.
    pub fn holds(&self, strict: bool) -> bool {
        self.errors() == 0 && self.unchecked.is_empty() && !(strict && self.warnings() > 0)
    }

    /// The sentence that sums it up.
    pub fn summary(&self, lang: Lang) -> String {
        let checked = self.files.iter().filter(|file| file.what != What::Attachment).count();
        let (errors, warnings, unchecked) = (self.errors(), self.warnings(), self.unchecked.len());
        let found = match (lang, errors, warnings) {
            _ if checked == 0 => {
                lang.pick("標準仕様のファイルは見つかりませんでした。", "No file of the standard was found.").to_owned()
            }
            (Lang::Ja, 0, 0) => format!("標準仕様のファイル{checked}件を確認しました。問題はありません。"),
            (Lang::Ja, ..) => {
                format!("標準仕様のファイル{checked}件を確認しました。エラー {errors}件、警告 {warnings}件です。")
            }
            (Lang::En, 0, 0) => format!("{checked} files of the standard checked; nothing found."),
            (Lang::En, ..) => format!("{checked} files of the standard checked: {errors} errors, {warnings} warnings."),
        };
        match (unchecked, lang) {
            (0, _) => found,
            (_, Lang::Ja) => format!("{found}確認できなかったファイルが {unchecked}件あります。"),
            (_, Lang::En) => format!("{found} Not checked: {unchecked}."),
        }
    }

    /// The report as lines of text: each file with what was found in it, then the summary.
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        let mut lines = self.told(lang, true);
        lines.push(self.summary(lang));
        lines
    }

    /// Only what was found, as lines of text.
    pub fn found(&self, lang: Lang) -> Vec<String> {
        self.told(lang, false)
    }

    fn told(&self, lang: Lang, also_fine: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for folder in folders(self) {
            if !folder.at.is_empty() {
                lines.push(format!("■ {}", folder.at));
            }
            for (file, findings) in folder.files.iter().filter(|(_, found)| also_fine || !found.is_empty()) {
                lines.push(heading(file, lang));
                if findings.is_empty() {
                    lines.push(format!("  {}", verdict(file, lang)));
                }
                for alike in alike::grouped(findings) {
                    lines.extend(told(&alike, lang));
                }
            }
            for file in &folder.unchecked {
                lines.push(file.file.show().to_owned());
                lines.push(format!("  {}: {}", not_checked(lang), file.sentence.in_lang(lang)));
                lines.push(format!("      → {}", file.what_to_do.in_lang(lang)));
            }
        }
        lines
    }

    /// The report as a page to print: one self-contained HTML document. `made` stands below the title: when, by whom.
    pub fn page(&self, lang: Lang, made: &str) -> String {
        page::of(self, lang, made)
    }
}

fn heading(file: &Checked, lang: Lang) -> String {
    let kind = file.kind.map(|kind| kind.name(lang).to_owned());
    let words = std::iter::once(file.file.show().to_owned()).chain(kind).chain(edition(file, lang));
    words.collect::<Vec<_>>().join("  ")
}

fn edition(file: &Checked, lang: Lang) -> Option<String> {
    file.edition.map(|edition| match lang {
        Lang::Ja => format!("第{}版", edition.label()),
        Lang::En => format!("edition {}", edition.label()),
    })
}

fn verdict(file: &Checked, lang: Lang) -> &'static str {
    match file.what {
        What::Attachment => lang.pick("添付ファイル（標準仕様の対象外）", "attachment, outside the standard"),
        What::Standard | What::NearMiss => lang.pick("問題はありません", "nothing found"),
    }
}

fn not_checked(lang: Lang) -> &'static str {
    lang.pick("確認できません", "not checked")
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
    let text = finding.text.as_ref().map_or(String::new(), |text| {
        lang.pick(format!("（ファイルの値: {}）", text.show()), format!(" (in the file: {})", text.show()))
    });
    let severity = label(finding.severity, lang);
    let mut lines = vec![format!("  {severity} {} {place}{}{text}", finding.code, finding.sentence(lang))];
    lines.push(format!("      → {}", finding.what_to_do(lang)));
    lines.extend(alike.elsewhere(lang).map(|rows| format!("      {rows}")));
    lines
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 6)?;
        report.serialize_field("v", &1)?;
        report.serialize_field("errors", &self.errors())?;
        report.serialize_field("warnings", &self.warnings())?;
        report.serialize_field("files", &self.files)?;
        report.serialize_field("findings", &self.findings)?;
        report.serialize_field("unchecked", &self.unchecked)?;
        report.end()
    }
}

#[cfg(test)]
mod tests;
