//! `evidence list|show|export|verify`: what was written down, and whether it is as it was.

use std::path::{Path, PathBuf};

use fumibako_careplan::Lang;
use fumibako_model::log::SetBack;
use fumibako_model::{
    Erased, Evidence as Piece, EvidenceId, JAPAN, LogEntry, OfficeNumber, ProofFile, Pruned, Pruning, happened,
};

use refused::Refused;

use super::{Context, Failure, unexpected};
use crate::admin::{AcceptedBundle, AcceptedNow, AcceptedRow, Audited, PruneView, Remedy, Reply, Request, Tampered};
use crate::init::write_private;

mod refused;

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
    /// すべての証跡を署名済みの記録と照合し、送付の表示（済など）も証跡と照合する / hold all evidence against the signed log, and what is shown of
    /// bundles (済 and the like) against the evidence
    Verify,
    /// 証跡や監査記録が以前の署名につながらない理由が分かっているとき（自分で古い保管庫に戻したなど）に承認し、署名を再開する。
    /// 覚えがなければ使わないこと / accept a log, or an audit, that does not continue what was signed, and sign again: only if you know
    /// why, as after you put back an older store
    Accept {
        /// 理由（監査記録に残る） / why (it stands in the audit)
        #[arg(long)]
        reason: String,
    },
    /// 保存期間（`evidence.keep_years`）を過ぎた証跡を整理する。ふだんは自動で行われる / let the evidence go whose years are over; this
    /// happens by itself
    Prune {
        /// 整理せず、対象を表示する / let nothing go, show what would
        #[arg(long)]
        dry_run: bool,
    },
    /// 拒否した受領証とその理由（新しい順、最大 1,000 件） / receipts that were refused, and why, the latest first, at most 1,000
    Refused(Refused),
    /// 事業所に配る証跡の発行元のファイル（PEM）を書き出す。前の鍵がいつまで使われたかも入る。鍵を替えたあとに配り直す /
    /// write the file of authorities that offices verify evidence with, and until when former keys signed; hand it out after
    /// another key took the place of one
    Authority {
        /// 書き出すファイル / the file
        #[arg(short, long)]
        output: PathBuf,
    },
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
                let read = |entry: &String| entry.parse::<LogEntry>().map_err(std::io::Error::other);
                let rows = entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                let lang = context.lang;
                context.rows(&rows, |row| line(row, lang))
            }
            Self::Show { id } => {
                let Reply::Proof(proof) = context.ask(&Request::EvidenceExport { id })? else {
                    return Err(unexpected());
                };
                // As it is hashed, octet for octet.
                let of_it = |entry: &&String| entry.parse::<LogEntry>().is_ok_and(|one| one.id() == id);
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
            Self::Accept { reason } => accept(context, reason),
            Self::Prune { dry_run } => prune(context, dry_run),
            Self::Refused(which) => which.run(context),
            Self::Authority { output } => {
                let Reply::Authority { pem } = context.ask(&Request::EvidenceAuthority)? else {
                    return Err(unexpected());
                };
                std::fs::write(&output, pem)?;
                let shown = output.display();
                context.say(
                    &format!("{shown} に書き出しました。証跡の鍵を替える前に書き出したのなら、配らずに、新しい鍵の設定 former_authorities_file に指定してください。替えたあとと、替えないときは、事業所に配り、設定 evidence_authority_file のファイルと入れ替えてもらってください。"),
                    &format!("Written to {shown}. If you are about to replace the evidence key, do not hand it out: name it in former_authorities_file beside the new key. After that, or if you replace none, hand it out: it takes the place of the file that offices name in evidence_authority_file."),
                )
            }
            Self::Continues { file, output } => continues(context, &file, output.as_deref()),
        }
    }
}

fn line(row: &LogEntry, lang: Lang) -> String {
    let (id, n, (ja, en)) = (row.id(), row.n(), happened::entry(row));
    let at = JAPAN.to_datetime(row.at()).strftime("%Y-%m-%d %H:%M:%S");
    let about = match row {
        LogEntry::Bundle(one) => {
            let Piece { from, to, message_id, .. } = &one.evidence;
            format!("\t{from}\t{to}\t<{message_id}>")
        }
        LogEntry::Erased(Erased { day, count, .. }) => lang.pick(
            format!("\t{day}（UTC）に届いた {count} 通の内容を消去"),
            format!("\tcontent of {count} messages that came on {day} (UTC) erased"),
        ),
        LogEntry::Pruned(Pruned { pruning: Pruning { from, until, years, .. }, .. }) => lang.pick(
            format!("\t保存期間 {years} 年を過ぎた証跡 {from}–{} 番を整理", until - 1),
            format!("\tnumbers {from}–{} went after {years} years", until - 1),
        ),
    };
    format!("{id}\t{n}\t{at}\t{}{about}", lang.pick(ja, en))
}

fn continues(context: &mut Context<'_>, file: &Path, output: Option<&Path>) -> Result<(), Failure> {
    let text = std::fs::read(file)?;
    let ProofFile { head, .. } = serde_json::from_slice(&text).map_err(std::io::Error::from)?;
    let proof = match context.ask(&Request::EvidenceContinues { head })? {
        Reply::Continues(proof) => proof,
        Reply::NotContinued(why) => return Err(Failure::NotContinued(why)),
        _ => return Err(unexpected()),
    };
    if let Some(output) = output {
        let text = serde_json::to_string_pretty(&proof).map_err(std::io::Error::from)?;
        write_private(output, text.as_bytes())?;
    }
    context.say("いまの記録は、その署名に続いています。", "The log continues that head.")
}

fn prune(context: &mut Context<'_>, dry_run: bool) -> Result<(), Failure> {
    let Reply::Pruned(view) = context.ask(&Request::EvidencePrune { dry_run })? else { return Err(unexpected()) };
    let lang = context.lang;
    context.rows(std::slice::from_ref(&view), |PruneView { years, before, pruning }| {
        let before = JAPAN.to_datetime(*before).strftime("%Y-%m-%d %H:%M");
        match pruning {
            None => lang.pick(
                format!("整理する証跡はありません（保存 {years} 年。いまの対象は {before}（日本時間）より前の証跡）。"),
                format!("Nothing goes: evidence is kept for {years} years, and none is from before {before} (Japan)."),
            ),
            Some(Pruning { from, until, .. }) => {
                let (count, last) = (until - from, until - 1);
                let (ja, en) = if dry_run { ("整理の対象です", "would go") } else { ("整理しました", "went") };
                lang.pick(
                    format!("証跡 {count} 件（{from}–{last} 番）{ja}（保存 {years} 年、{before}（日本時間）より前）。"),
                    format!("{count} pieces (numbers {from}–{last}) {en}: kept for {years} years, from before {before} (Japan)."),
                )
            }
        }
    })
}

fn verify(context: &mut Context<'_>) -> Result<(), Failure> {
    let Reply::Audited(audited) = context.ask(&Request::EvidenceVerify)? else { return Err(unexpected()) };
    let Audited { evidence, logged, heads, set_back, pruned, faults, accepted } = *audited;
    let lang = context.lang;
    if let Some(Pruning { until, years, .. }) = pruned {
        context.say(
            &format!("はじめの {until} 件は保存期間（{years} 年）を過ぎて整理されました。記録の署名はすべて確かめられます。"),
            &format!("The first {until} pieces went after their {years} years; every signature over the log is verified all the same."),
        )?;
    }
    for SetBack { size, at, .. } in set_back.iter().flat_map(SetBack::all) {
        let at = JAPAN.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S");
        context.say(
            &format!("記録は {at} に {size} 件目まで戻り、そこから続いています（バックアップからの復元など）。以後の署名にその旨が書かれています。覚えがなければ、だれかが証跡を書き換えた疑いがあります。"),
            &format!("The log went back to {size} pieces on {at}, as after a restored backup; every signature since says so. If nobody of yours did that, somebody may have edited the evidence."),
        )?;
    }
    for AcceptedRow { id, message_id, at, by, reason } in accepted {
        let about = bundle(id, message_id.as_ref());
        let at = JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S");
        context.say(
            &format!("{about}\t証跡がありませんが、{at} に承認されています（承認者 {by}、理由: {reason}）。異常には数えません。"),
            &format!("{about}\thas no evidence of what is shown; {by} accepted that on {at} because: {reason}"),
        )?;
    }
    context.rows(&faults, |fault| named(fault, lang))?;
    if faults.is_empty() {
        return context.say(
            &format!("証跡 {evidence} 件（署名済み {logged} 件、日ごとの署名 {heads} 件）に異常はありません。"),
            &format!("{evidence} pieces of evidence, {logged} under {heads} signed heads: all are as they were."),
        );
    }
    Err(Failure::Tampered(faults.len(), faults.iter().map(|fault| fault.next).collect()))
}

/// What the bundle is called: the piece by which it was accepted, or its Message-ID where no evidence is.
fn bundle(id: Option<EvidenceId>, message_id: Option<&String>) -> String {
    message_id.map_or_else(|| id.map(|id| id.to_string()).unwrap_or_default(), |named| format!("<{named}>"))
}

/// Profile §8.20: names what was accepted, and where it is kept.
fn accept(context: &mut Context<'_>, reason: String) -> Result<(), Failure> {
    let AcceptedNow { log, count, bundles, file } = match context.ask(&Request::EvidenceAccept { reason })? {
        Reply::Accepted(now) => now,
        Reply::NothingToAccept => return Err(Failure::NothingToAccept),
        _ => return Err(unexpected()),
    };
    context.rows(&bundles, |AcceptedBundle { id, message_id }| bundle(*id, message_id.as_ref()))?;
    if log {
        context.say(
            "署名した記録とつながらないところを承認しました。証跡をどこから続けたかは、以後の署名に残ります。",
            "Accepted what did not go on from what was signed. Every signature from now on says where the log of evidence went on from.",
        )?;
    }
    if let Some(file) = file.map(|file| file.display().to_string()) {
        let more = count.saturating_sub(bundles.len() as u64);
        let (ja, en) = if more > 0 {
            (format!("と、ほか {more} 件"), format!(", and {more} more"))
        } else {
            (String::new(), String::new())
        };
        context.say(
            &format!("証跡なしに表示されている送付 {count} 件を、いまの表示のまま承認しました（上の行{ja}）。すべての一覧は署名して {file} に置きました。鍵と一緒に保管してください。"),
            &format!("{count} bundles that are shown without evidence are accepted as they are shown now (the lines above{en}). All of them are listed, signed, in {file}: keep it with the key."),
        )?;
    }
    context.say("evidence verify と audit verify で確かめてください。", "See `evidence verify` and `audit verify`.")
}

fn named(fault: &Tampered, lang: Lang) -> String {
    let Tampered { first, last, id, message_id, object, what, what_ja, next } = fault;
    if let Some(object) = object {
        return lang
            .pick(format!("データベースの {object}\t異常: {what_ja}"), format!("{object} in the database\t{what}"));
    }
    if let Some(message_id) = message_id {
        return lang.pick(format!("<{message_id}>\t異常: {what_ja}"), format!("<{message_id}>\t{what}"));
    }
    // What was put in has no number.
    if let Some(id) = id.filter(|_| *next == Remedy::Delete) {
        return lang.pick(format!("{id}\t異常: {what_ja}"), format!("{id}\t{what}"));
    }
    let id = id.map_or_else(String::new, |id| format!("{id}\t"));
    let range = if first == last { format!("{first}") } else { format!("{first}–{last}") };
    lang.pick(format!("{id}{range} 番\t異常: {what_ja}"), format!("{id}number {range}\t{what}"))
}
