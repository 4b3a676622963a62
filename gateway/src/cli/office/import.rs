//! `office import FILE.csv`: many offices at once (Profile §17.3). Exit 0: all are on the roll. 65: some line is wrong, each is named, and
//! nothing was done.

use std::io::Read as _;
use std::path::PathBuf;

use serde::Serialize;

use super::table::{Column, FILE_BYTES, Fault, read};
use super::{Context, Failure, unexpected};
use crate::admin::{PutReport, Reply, Request};

/// A CSV file as spreadsheets write it, in UTF-8 or `Shift_JIS`; the first line has the headings.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Import {
    /// 一覧表。見出し: 事業所番号, 事業所名, フリガナ, 市区町村, サービス種類, 対応版, 地域連携（○か空）（ない列の内容はそのまま） / the list; headings: number, name, kana, municipality, kinds, editions, regional
    file: PathBuf,
    /// 登録せずに、点検だけする / look, change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A fault for people and programs.
#[derive(Serialize)]
struct Told {
    line: u64,
    column: Option<&'static str>,
    #[serde(skip)]
    heading: &'static str,
    why: String,
}

impl Import {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let file = std::fs::File::open(&self.file).map_err(|why| Failure::Read(self.file.clone(), why))?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|why| Failure::Read(self.file, why))?;
        let lang = context.lang;
        let offices = match read(&bytes) {
            Ok(offices) => offices,
            Err(faults) => {
                let line = |Fault { line, column, why }: &Fault| {
                    let heading = column.map_or("", |column| column.heading(lang));
                    Told { line: *line, column: column.map(Column::word), heading, why: why.words(lang) }
                };
                let lines: Vec<Told> = faults.iter().map(line).collect();
                context.rows(&lines, |Told { line, heading, why, .. }| match (lang.pick(true, false), *heading) {
                    (true, "") => format!("{line} 行目: {why}"),
                    (true, heading) => format!("{line} 行目（{heading}）: {why}"),
                    (false, "") => format!("line {line}: {why}"),
                    (false, heading) => format!("line {line} ({heading}): {why}"),
                })?;
                return Err(Failure::Faulty(lines.len()));
            }
        };
        let asked = context.ask(&Request::OfficePut { offices, dry_run: self.dry_run })?;
        let Reply::OfficesPut(report) = asked else { return Err(unexpected()) };
        context.rows(&[report], |report| {
            let PutReport { added, changed, unchanged, dry_run } = report;
            let ja = format!("新規 {added}、変更 {changed}、変更なし {unchanged}");
            let en = format!("{added} new, {changed} changed, {unchanged} as they were");
            match dry_run {
                true => lang.pick(format!("{ja}（点検だけ。何も登録していません）"), format!("{en}; nothing was done")),
                false => lang.pick(ja, en),
            }
        })
    }
}
