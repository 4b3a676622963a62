//! `fumibako check PATH…`: files against the standard, nothing is sent. Exit 0: no error. 65: errors, each named. 66: no
//! such file.

use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_careplan::{Lang, Report};
use jiff::Timestamp;
use serde::Serialize;

use super::screen::{Screen, harmless, moment};
use crate::check::{Limits, Step, check};
use crate::disk;
use crate::exit::Exit;
use crate::trouble::Trouble;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// 確認するフォルダー、ファイル、ZIP、*.csv のような名前 / folders, files, ZIP archives, patterns
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// 警告もエラーとして数えます / warnings count as errors
    #[arg(long)]
    strict: bool,
    /// 印刷できる結果を書き出します / write the result as a page to print
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// すでにある結果のファイルを置き換えます / replace the page if it is there already
    #[arg(long, requires = "report")]
    overwrite: bool,
}

impl Check {
    pub(super) fn run(&self, screen: &mut Screen<'_>, clock: fn() -> Timestamp) -> Result<Exit, Trouble> {
        screen.one_object();
        // A check may take minutes; whether its page may be written is known before.
        if let Some(path) = self.report.as_deref().filter(|path| path.exists() && !self.overwrite) {
            return Err(Trouble::Exists(path.to_owned()));
        }
        let report = check(&self.paths, &Limits::default(), &mut |step| match step {
            Step::Places(count) => screen.begin(count),
            Step::Done => screen.step(),
        })?;
        tell(&report, screen)?;
        if let Some(path) = &self.report {
            self.write(path, &report, clock(), screen)?;
        }
        // Profile §2.5
        let holds = report.holds(self.strict);
        if !holds && report.holds(false) {
            screen.say(screen.pick(
                "--strict が指定されているので、警告もエラーとして数えました。",
                "Warnings counted as errors, as --strict says.",
            ));
        }
        Ok(if holds { Exit::OK } else { Exit::BAD_FILE })
    }

    fn write(&self, path: &Path, report: &Report, at: Timestamp, screen: &mut Screen<'_>) -> Result<(), Trouble> {
        let program = concat!("Fumibako ", env!("CARGO_PKG_VERSION"));
        let made = format!("{}　{program}", moment(at));
        let page = report.page(screen.lang(), &made);
        let write = if self.overwrite { disk::replace } else { disk::create };
        write(path, page.as_bytes()).map_err(|why| match why.kind() {
            std::io::ErrorKind::AlreadyExists => Trouble::Exists(path.to_owned()),
            _ => Trouble::writing(path)(why),
        })?;
        let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let place = place.display();
        screen.say(&match screen.lang() {
            Lang::Ja => format!("結果を {place} に書き出しました。ブラウザーで開いて印刷できます。"),
            Lang::En => format!("The result is in {place}; open it in a browser to print it."),
        });
        Ok(())
    }
}

/// A line of NDJSON: the same objects that stand in the lists of the JSON, each with the word for it.
#[derive(Serialize)]
struct Line<'r, T> {
    record: &'static str,
    #[serde(flatten)]
    object: &'r T,
}

/// The last line: whoever reads it knows that nothing is missing.
#[derive(Serialize)]
struct Summary {
    files: usize,
    errors: u64,
    warnings: u64,
    unchecked: usize,
}

fn line<T: Serialize>(record: &'static str, object: &T, screen: &mut Screen<'_>) -> std::io::Result<()> {
    screen.data(&Line { record, object }, |_| String::new())
}

/// Profile §2.8: the report as text, as one object, or line by line.
fn tell(report: &Report, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let lang = screen.lang();
    if screen.is_text() {
        let lines = report.lines(lang).into_iter().map(|line| harmless(&line));
        return screen.text(&lines.collect::<Vec<_>>().join("\n"));
    }
    if screen.whole(report)? {
        return Ok(());
    }
    report.files.iter().try_for_each(|file| line("file", file, screen))?;
    report.findings.iter().try_for_each(|finding| line("finding", finding, screen))?;
    report.unchecked.iter().try_for_each(|file| line("unchecked", file, screen))?;
    let (files, unchecked) = (report.files.len(), report.unchecked.len());
    let summary = Summary { files, errors: report.errors(), warnings: report.warnings(), unchecked };
    line("summary", &summary, screen)?;
    screen.say(&report.summary(lang));
    Ok(())
}
