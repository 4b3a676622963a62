//! `audit list|verify|export`: who changed which right, and what agents did for offices (Profile §16).

mod words;

use std::path::PathBuf;

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{AuditRow, JAPAN, OfficeNumber};

use super::{Context, Failure, unexpected};
use crate::admin::{ActsReport, Reply, Request};
use crate::init::write_private;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// 監査記録の一覧（古い順、最大 1,000 件） / rows of the audit, the oldest first, at most 1,000
    List {
        /// この事業所のもの / of this office
        #[arg(long)]
        office: Option<OfficeNumber>,
        /// この番号より後のもの / after this row
        #[arg(long)]
        after: Option<u64>,
    },
    /// 監査記録を署名済みの控えと照合し、最初に合わない行を示す / hold the audit against itself and its signed heads
    Verify,
    /// すべてを NDJSON のファイルに書き出す / all of it, one JSON object a line, into a file
    Export {
        /// 書き出すファイル / the file
        #[arg(short, long)]
        output: PathBuf,
        /// この事業所のもの / of this office
        #[arg(long)]
        office: Option<OfficeNumber>,
    },
}

impl Audit {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::List { office, after } => {
                let rows = read(&ask(context, office, after)?)?;
                let lang = context.lang;
                context.rows(&rows, |row| line(row, lang))
            }
            Self::Verify => verify(context),
            Self::Export { output, office } => export(context, &output, office),
        }
    }
}

fn ask(context: &Context<'_>, office: Option<OfficeNumber>, after: Option<u64>) -> Result<Vec<String>, Failure> {
    let Reply::Acts { rows } = context.ask(&Request::AuditList { office, after })? else { return Err(unexpected()) };
    Ok(rows)
}

fn read(rows: &[String]) -> Result<Vec<AuditRow>, Failure> {
    let read = |row: &String| serde_json::from_str(row).map_err(std::io::Error::from);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn line(row: &AuditRow, lang: Lang) -> String {
    let done = &row.done;
    let at = JAPAN.to_datetime(done.at).strftime("%Y-%m-%d %H:%M:%S");
    let office = done.office.map(|office| office.to_string()).unwrap_or_default();
    // The word that stands in JSON, too.
    let what = serde_json::to_value(done.what).ok();
    let word = what.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let what = lang.pick(format!("{}（{word}）", words::japanese(done.what)), word.to_owned());
    format!("{}\t{at}\t{}\t{what}\t{office}\t{}\t{}", row.n, done.by, done.about, done.note)
}

/// Rows octet for octet, so that they can be hashed again.
fn export(context: &mut Context<'_>, output: &std::path::Path, office: Option<OfficeNumber>) -> Result<(), Failure> {
    let (mut text, mut after, mut count) = (String::new(), None, 0);
    loop {
        let rows = ask(context, office, after)?;
        let Some(last) = read(&rows)?.last().map(|row| row.n) else { break };
        (after, count) = (Some(last), count + rows.len());
        text.extend(rows.iter().flat_map(|row| [row.as_str(), "\n"]));
    }
    write_private(output, text.as_bytes())?;
    let shown = output.display();
    context.say(&format!("{count} 件を {shown} に書き出しました。"), &format!("{count} rows are written to {shown}."))
}

fn verify(context: &mut Context<'_>) -> Result<(), Failure> {
    let Reply::ActsAudited(report) = context.ask(&Request::AuditVerify)? else { return Err(unexpected()) };
    let lang = context.lang;
    context.rows(std::slice::from_ref(&report), |report: &ActsReport| match report.broken {
        // The number that `audit list` shows.
        Some(n) => lang.pick(
            format!("監査記録 {n} 番（audit list の番号）: {}", report.what_ja),
            format!("row number {n}, as in `audit list`: {}", report.what),
        ),
        None => lang.pick(
            format!("監査記録 {} 件（日ごとの署名 {} 件）に異常はありません。", report.rows, report.heads),
            format!("{} rows under {} signed heads: all are as they were.", report.rows, report.heads),
        ),
    })?;
    if report.broken.is_some() { Err(Failure::AuditTampered(report.next)) } else { Ok(()) }
}
