//! `evidence list|show|export|verify`: what was written down, and whether it is as it was.

use std::path::{Path, PathBuf};

use fumibako_careplan::Lang;
use fumibako_model::log::SetBack;
use fumibako_model::{EvidenceId, JAPAN, OfficeNumber, ProofFile, Recorded, Refusal};

use super::{Context, Failure, unexpected};
use crate::admin::{Audited, RefusedMore, RefusedRow, Reply, Request, Tampered};
use crate::init::write_private;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Evidence {
    /// 証跡の一覧（古い順、最大 1,000 件） / evidence, the oldest first, at most 1,000 pieces
    List {
        /// この事業所が送った、または受け取ったもの / sent or received by this office
        #[arg(long)]
        office: Option<OfficeNumber>,
        /// この Message-ID のもの / about this Message-ID
        #[arg(long)]
        message_id: Option<String>,
        /// この証跡より後のもの / after this piece
        #[arg(long)]
        after: Option<EvidenceId>,
    },
    /// 証跡 1 件 / one piece
    Show {
        /// 証跡番号 / its id
        id: EvidenceId,
    },
    /// 証跡と、その証明に要るものすべてをファイルに書き出す / one piece with all that proves it, into a file
    Export {
        /// 証跡番号 / its id
        id: EvidenceId,
        /// 書き出すファイル / the file
        #[arg(short, long)]
        output: PathBuf,
    },
    /// すべての証跡を署名済みの記録と照合する / hold all evidence against the signed log
    Verify,
    /// 受け付けなかった受領証（新しい順、最大 1,000 件） / receipts that were refused, the latest first, at most 1,000
    Refused,
    /// 以前に渡した記録の署名に、いまの記録が続いているかを証明する / prove that the log continues a head that was given out
    Continues {
        /// 証跡のファイル（`evidence export`、`fumibako receipt`） / a file of evidence that holds the head
        file: PathBuf,
        /// 証明を書き出すファイル / the file for the proof
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}

impl Evidence {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::List { office, message_id, after } => {
                let Reply::Evidence { entries } = context.ask(&Request::EvidenceList { office, message_id, after })?
                else {
                    return Err(unexpected());
                };
                let read = |entry: &String| serde_json::from_str::<Recorded>(entry).map_err(std::io::Error::from);
                let rows = entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                context.rows(&rows, line)
            }
            Self::Show { id } => {
                let Reply::Proof(proof) = context.ask(&Request::EvidenceExport { id })? else {
                    return Err(unexpected());
                };
                // As it is hashed, octet for octet.
                let of_it = |entry: &&String| serde_json::from_str::<Recorded>(entry).is_ok_and(|one| one.id == id);
                let entry = proof.entries.iter().map(|one| &one.entry).find(of_it).ok_or_else(unexpected)?;
                Ok(writeln!(context.out, "{entry}")?)
            }
            Self::Export { id, output } => {
                let Reply::Proof(proof) = context.ask(&Request::EvidenceExport { id })? else {
                    return Err(unexpected());
                };
                let text = serde_json::to_string_pretty(&proof).map_err(std::io::Error::from)?;
                write_private(&output, text.as_bytes())?;
                let shown = output.display();
                context.say(&format!("{id} を {shown} に書き出しました。"), &format!("{id} is written to {shown}."))
            }
            Self::Verify => verify(context),
            Self::Refused => refused(context),
            Self::Continues { file, output } => continues(context, &file, output.as_deref()),
        }
    }
}

fn line(row: &Recorded) -> String {
    let Recorded { id, n, evidence, .. } = row;
    let at = JAPAN.to_datetime(evidence.at).strftime("%Y-%m-%d %H:%M:%S");
    let reason = evidence.reason.map_or_else(String::new, |reason| format!(" ({reason:?})"));
    let (event, from, to, message) = (evidence.event.as_str(), evidence.from, evidence.to, &evidence.message_id);
    format!("{id}\t{n}\t{at}\t{event}{reason}\t{from}\t{to}\t<{message}>")
}

/// Profile §8.24: each with who brought it and why it was refused, then how many more there were.
fn refused(context: &mut Context<'_>) -> Result<(), Failure> {
    let Reply::RefusedReceipts { receipts, more } = context.ask(&Request::EvidenceRefused)? else {
        return Err(unexpected());
    };
    let lang = context.lang;
    let rows: Vec<_> = receipts.into_iter().map(Line::Row).chain(more.into_iter().map(Line::More)).collect();
    context.rows(&rows, |row| match row {
        Line::Row(RefusedRow { at, login, from, to, original, code, .. }) => {
            let at = JAPAN.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S");
            let from = from.map_or_else(|| "-".to_owned(), |from| from.to_string());
            let why = code.parse::<Refusal>().map_or("", |why| lang.pick(why.row().ja, why.row().en));
            format!("{at}\t{code}\t{login}\t{from}\t{to}\t<{original}>\t{why}")
        }
        Line::More(RefusedMore { day, login, count }) => {
            lang.pick(format!("{day}（UTC）\t{login}\tほか {count} 件"), format!("{day} (UTC)\t{login}\t{count} more"))
        }
    })
}

/// A line of `evidence refused`.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Line {
    Row(RefusedRow),
    More(RefusedMore),
}

fn continues(context: &mut Context<'_>, file: &Path, output: Option<&Path>) -> Result<(), Failure> {
    let text = std::fs::read(file)?;
    let ProofFile { head, .. } = serde_json::from_slice(&text).map_err(std::io::Error::from)?;
    let Reply::Continues(proof) = context.ask(&Request::EvidenceContinues { head })? else { return Err(unexpected()) };
    if let Some(output) = output {
        let text = serde_json::to_string_pretty(&proof).map_err(std::io::Error::from)?;
        write_private(output, text.as_bytes())?;
    }
    context.say("いまの記録は、その署名に続いています。", "The log continues that head.")
}

fn verify(context: &mut Context<'_>) -> Result<(), Failure> {
    let Reply::Audited(audited) = context.ask(&Request::EvidenceVerify)? else { return Err(unexpected()) };
    let Audited { evidence, logged, heads, set_back, faults } = *audited;
    let lang = context.lang;
    for SetBack { size, at, .. } in set_back.iter().flat_map(SetBack::all) {
        let at = JAPAN.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S");
        context.say(
            &format!("記録は {at} に {size} 件目まで戻りました（バックアップからの復元など）。以後の署名にその旨が書かれています。"),
            &format!("The log went back to {size} pieces on {at}, as after a restored backup; every signature since says so."),
        )?;
    }
    context.rows(&faults, |fault| named(fault, lang))?;
    if faults.is_empty() {
        return context.say(
            &format!("証跡 {evidence} 件（署名済み {logged} 件、日ごとの署名 {heads} 件）に異常はありません。"),
            &format!("{evidence} pieces of evidence, {logged} under {heads} signed heads: all are as they were."),
        );
    }
    Err(Failure::Tampered(faults.len()))
}

fn named(fault: &Tampered, lang: Lang) -> String {
    let Tampered { first, last, id, what } = fault;
    let id = id.map_or_else(String::new, |id| format!("{id}\t"));
    let range = if first == last { format!("{first}") } else { format!("{first}–{last}") };
    lang.pick(format!("{id}{range} 番\t書き換えの疑い: {what}"), format!("{id}number {range}\t{what}"))
}
