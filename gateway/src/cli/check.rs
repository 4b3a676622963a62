//! `check`: are settings, certificates and authorities usable? With `--store`: does everything that is kept hold together?

use fumibako_careplan::Lang;
use fumibako_model::JAPAN;
use fumibako_sqlite::SqliteStore;

use super::{Context, Failure, runtime, unexpected};
use crate::admin::{CallError, FaultRow, Reply, Request, StoreReport, call};
use crate::gateway::StartError;

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// 保管庫のすべてのメールと数を照合する（時間がかかります） / look through everything that is kept; it takes a while
    #[arg(long)]
    store: bool,
}

impl Check {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let config = context.load()?;
        if self.store {
            return store(context);
        }
        crate::tls::acceptor(&config.tls).map_err(StartError::from)?;
        let trusted = crate::trust::load(&config.trust_folder).map_err(StartError::from)?.anchors().len();
        let crate::witness::Loaded { witness, .. } =
            crate::witness::load(&config.evidence).map_err(StartError::from)?;
        if let Some(until) = crate::witness::ends_soon(&witness, crate::clock::Clock.now()) {
            let day = JAPAN.to_datetime(until).date();
            context.say(
                &format!("証跡に署名する鍵の証明書は {day} に終わります。新しい鍵に替えてください（README「Evidence」）。"),
                &format!("The certificate of the key that signs evidence ends on {day}. Put another key in its place (README, Evidence)."),
            )?;
        }
        context.say(
            &format!("設定は正しく、信頼する認証局は {trusted} 件です。"),
            &format!("The settings are usable; {trusted} authorities are trusted."),
        )
    }
}

/// Asks the gateway that has the store open; without one, opens it to look.
fn store(context: &mut Context<'_>) -> Result<(), Failure> {
    let config = context.load()?;
    let asked = runtime()?.block_on(call(&config.admin_socket, &Request::Inspect));
    let report = match asked {
        Ok(Reply::Inspected(report)) => *report,
        Ok(Reply::No { code, about }) => return Err(fumibako_model::Refused { why: code, about }.into()),
        Ok(Reply::Failed { why }) => return Err(fumibako_store::StoreError::Failed(why).into()),
        Ok(_) => return Err(unexpected()),
        Err(CallError::NotRunning(_)) => {
            runtime()?.block_on(SqliteStore::look_through(&config.store_folder, None))?.into()
        }
        Err(error) => return Err(error.into()),
    };
    show(context, &report)
}

/// Writes the report; one with faults is a failure.
fn show(context: &mut Context<'_>, report: &StoreReport) -> Result<(), Failure> {
    let lang = context.lang;
    context.rows(std::slice::from_ref(report), |report| text(report, lang))?;
    if report.faults.is_empty() {
        return context.say("異常はありません。", "Everything holds together.");
    }
    context.out.flush()?;
    Err(Failure::Unsound)
}

pub(super) fn text(report: &StoreReport, lang: Lang) -> String {
    let StoreReport { messages, bytes, expired, files, unnamed_files, unnamed_bytes, faults } = report;
    let counts = lang.pick(
        format!(
            "照合したメール: {messages} 通（{bytes} バイト）\n期限切れで消去の途中: {expired} 通\n本文のファイル: {files} 個\n\
             どのメールのものでもないファイル: {unnamed_files} 個（{unnamed_bytes} バイト）\n異常: {} 件",
            faults.len()
        ),
        format!(
            "messages opened: {messages} ({bytes} bytes)\nexpired, about to leave: {expired}\nfiles of bodies: {files}\n\
             files that no message names: {unnamed_files} ({unnamed_bytes} bytes)\nfaults: {}",
            faults.len()
        ),
    );
    faults.iter().fold(counts, |all, fault| all + "\n" + &line(fault, lang))
}

fn line(fault: &FaultRow, lang: Lang) -> String {
    let advice = match fault.kind.as_str() {
        "body" => lang.pick(
            "本文を読めません。ゲートウェイを止め、このファイルをバックアップから同じ場所に戻してください。",
            "A body cannot be read. Stop the gateway and put this file back from a backup.",
        ),
        "counter" => lang.pick(
            "数が合いません。メールは読めます。保管庫の控えを取り、この表示と一緒に提供元へ知らせてください。",
            "A counter is wrong; mail can be read. Make a backup and send this line to the makers.",
        ),
        _ => lang.pick(
            "データベースに異常があります。ゲートウェイを止め、backup restore で戻してください。",
            "The database is damaged. Stop the gateway and use backup restore.",
        ),
    };
    let places: Vec<String> =
        fault.places.iter().map(|at| format!("{} {} UID {}", at.office, at.folder, at.uid)).collect();
    let concerned = if fault.messages == 0 {
        String::new()
    } else {
        let count = fault.messages;
        let counted = lang.pick(format!("対象 {count} 通"), format!("{count} messages"));
        format!("\n    {counted}: {}", places.join(", "))
    };
    format!("- {advice}\n    {}{concerned}", fault.what)
}
