//! `backup create|verify|restore`: copies of the store.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::JAPAN;
use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::{Store, StoreError, Verified};

use super::{Context, Failure, check, runtime, unexpected};
use crate::admin::{BackupReport, CallError, Reply, Request, RestoreReport, VerifyReport, call, operator};
use crate::clock::Clock;
use crate::witness::PutBack;

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// 稼働中のまま控えを取る（鍵は入らない） / copy the store while it runs; keys are not in it
    Create {
        /// 新しいフォルダー / a new folder
        folder: PathBuf,
        /// 鍵の控えも別のフォルダーに取る / copy the keys, too, into a folder of their own
        #[arg(long)]
        keys: Option<PathBuf>,
    },
    /// 控えが壊れていないか確かめる / is a copy whole?
    Verify {
        /// 控えのフォルダー / folder of the copy
        folder: PathBuf,
        /// 鍵のフォルダー（中身まで確かめる） / folder of the keys, to look inside
        #[arg(long)]
        keys: Option<PathBuf>,
    },
    /// 控えから戻す（ゲートウェイを止めてから。設定ファイルと証跡の鍵 evidence が要る） / make a copy a store again; stop the gateway
    /// first. It needs the settings and the key of the evidence, to sign that this was a backup
    Restore {
        /// 控えのフォルダー / folder of the copy
        folder: PathBuf,
        /// 鍵のフォルダー（今の store/keys か、その控え） / folder of the keys: today's store/keys, or its copy
        #[arg(long)]
        keys: PathBuf,
        /// 戻す先の、空のフォルダー / an empty folder to restore to
        #[arg(long)]
        to: PathBuf,
    },
}

impl Backup {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Create { folder, keys } => create(context, &folder, keys.as_deref()),
            Self::Verify { folder, keys } => verify(context, &folder, keys.as_deref()),
            Self::Restore { folder, keys, to } => restore(context, &folder, &keys, &to),
        }
    }
}

fn create(context: &mut Context<'_>, folder: &Path, keys: Option<&Path>) -> Result<(), Failure> {
    let config = context.load()?;
    // The gateway counts paths from its own folder.
    let whole = |path: &Path| std::path::absolute(path).map_err(|why| Failure::Read(path.to_owned(), why));
    let (to, keys) = (whole(folder)?, keys.map(whole).transpose()?);
    let store_folder = whole(&config.store_folder)?;
    if let Some(inside) = keys.iter().chain([&to]).find(|path| path.starts_with(&store_folder)) {
        let why = format!("{} lies in the store itself; name a folder outside, on another disk", inside.display());
        return Err(StoreError::Failed(why).into());
    }
    if keys.as_ref().is_some_and(|keys| keys.starts_with(&to)) {
        return Err(
            StoreError::Failed("keys and copy must not lie in one folder: who has both reads all mail".into()).into()
        );
    }
    if keys.is_some() {
        context.say(
            "注意: 鍵の控えがあると、あとで消去したメールも、この控えから読めてしまいます。別の場所に厳重に保管し、\
             保管期間が過ぎる前に新しいものと入れ替えて、古いものは破棄してください。",
            "Warning: this copy of the keys opens what is erased later. Lock it away, elsewhere; replace it before the \
             retention is over, and destroy the old one.",
        )?;
    }
    let request = Request::Backup { to: to.clone(), keys: keys.clone() };
    let report = match runtime()?.block_on(call(&config.admin_socket, &request)) {
        Ok(Reply::BackedUp(report)) => report,
        Ok(Reply::No { code, about }) => return Err(fumibako_model::Refused { why: code, about }.into()),
        Ok(Reply::Failed { why }) => return Err(StoreError::Failed(why).into()),
        Ok(_) => return Err(unexpected()),
        Err(CallError::NotRunning(_)) => offline(&config, to, keys)?,
        Err(error) => return Err(error.into()),
    };
    let lang = context.lang;
    context.rows(std::slice::from_ref(&report), |report| {
        let BackupReport { files, bytes, missing } = report;
        let lacks = listed(missing, lang.pick("ありません: ", "missing: "));
        lang.pick(
            format!("控え: ファイル {files} 個（{bytes} バイト）{lacks}"),
            format!("copied: {files} files ({bytes} bytes){lacks}"),
        )
    })?;
    if report.missing.is_empty() {
        return context.say(
            "控えを取りました。鍵は入っていないので、鍵の控え（--keys）がなければ読めません。backup verify で確かめ、別の機械に移してください。",
            "The copy is made. Keys are not in it: without a copy of those (--keys) nobody can read it. Check it with `backup verify`, and move it to another machine.",
        );
    }
    context.say(
        "保管庫にないファイルがありました。check --store で確かめてください。",
        "The store itself lacks files; see `check --store`.",
    )?;
    Err(Failure::Unsound)
}

/// No gateway runs: the store is opened for the time of the copy.
fn offline(config: &crate::Config, to: PathBuf, keys: Option<PathBuf>) -> Result<BackupReport, Failure> {
    let file = config.store_folder.join(DATABASE_FILE);
    if !file.is_file() {
        return Err(Failure::Read(file, io::ErrorKind::NotFound.into()));
    }
    let done = runtime()?.block_on(async {
        let store = SqliteStore::open(&config.store_folder, config.domain.clone()).await?;
        let done = store.back_up(to, keys, Clock.now()).await;
        store.close().await?;
        done
    })?;
    Ok(done.into())
}

fn verify(context: &mut Context<'_>, folder: &Path, keys: Option<&Path>) -> Result<(), Failure> {
    let found = runtime()?.block_on(SqliteStore::verify_backup(folder, keys))?;
    let Verified { made, files, bytes, wrong, inside } = found;
    let report = VerifyReport { made, files, bytes, wrong, inside: inside.map(Into::into) };
    let lang = context.lang;
    context.rows(std::slice::from_ref(&report), |report| {
        let made = JAPAN.to_datetime(report.made).strftime("%Y-%m-%d %H:%M").to_string();
        let wrong = listed(&report.wrong, "");
        let (files, bytes) = (report.files, report.bytes);
        let head = lang.pick(
            format!("{made}（日本時間）の控え: 正しいファイル {files} 個（{bytes} バイト）{wrong}"),
            format!("copy of {made} (Japan): {files} files as written ({bytes} bytes){wrong}"),
        );
        report.inside.iter().fold(head, |head, inside| head + "\n" + &check::text(inside, lang))
    })?;
    let sound = report.wrong.is_empty() && report.inside.as_ref().is_none_or(|inside| inside.faults.is_empty());
    match (sound, keys) {
        (true, Some(_)) => context.say("控えは正しく、中身も開けます。", "The copy is whole and opens."),
        (true, None) => context.say(
            "ファイルはすべて正しいです。--keys を付けると、中身を開けるかまで確かめます。",
            "Every file is as it was written. With --keys it is opened, too.",
        ),
        (false, _) => Err(Failure::Unsound),
    }
}

fn restore(context: &mut Context<'_>, folder: &Path, keys: &Path, to: &Path) -> Result<(), Failure> {
    let config = context.load()?;
    // Without the key that signs evidence nobody would believe that this was a backup (Profile §8.20).
    let key = crate::witness::key(&config)?;
    let (report, vouched) = runtime()?.block_on(async {
        let done = SqliteStore::restore(folder, keys, to, Clock.now()).await?;
        let rows = to.join(DATABASE_FILE);
        // Whoever made them is the one who restores.
        let by = operator(std::fs::metadata(&rows).map_err(|why| Failure::Read(rows, why))?.uid());
        let PutBack { vouched, later_evidence, later_acts } =
            crate::witness::vouch(&config, &key, to, (&done, &by, Clock.now())).await?;
        let running = !matches!(call(&config.admin_socket, &Request::Status).await, Err(CallError::NotRunning(_)));
        let report = RestoreReport { later_evidence, later_acts, running, ..done.into() };
        Ok::<_, Failure>((report, vouched))
    })?;
    let lang = context.lang;
    context.rows(std::slice::from_ref(&report), |report| restored(report, lang))?;
    let to = to.display();
    context.say(
        &format!("{to} に戻しました。gateway.toml の store_folder をここに合わせて、ゲートウェイを起動してください。\n\
            控えより後に届いたメールと、控えより後の保全（hold add）は入っていません。hold list で見て、要るものはもう一度保全してください。\n\
            元の保管庫の keys フォルダーと、使った鍵の控えがあると、これから消去される内容もそこから読めてしまいます。新しい鍵の控えを取ってから、破棄してください。"),
        &format!("Restored to {to}. Name this folder as store_folder in gateway.toml and start the gateway.\n\
            What came after the copy is not in it, nor what was held after it: see `hold list`, and hold again what must stay.\n\
            The folder `keys` of the former store, and the copy of the keys that was used, open what is erased from now on: take a new copy of the keys, then destroy both."),
    )?;
    if report.running {
        context.say(
            "ゲートウェイが動いています。復元の練習なら、このままで構いません（動いている保管庫には触れていません）。ただし、これから受け付けるものは戻した保管庫に入らないので、\
             あとでそちらに切り替えると、記録の終わりが失われたと扱われます。切り替えるときは、先にゲートウェイを止め、新しい控えを取り、それを戻してください。",
            "The gateway is running. For a drill that is fine: its store was not touched. But what it accepts from now on is not in the restored one, and whoever switches to that later has a log \
             and an audit that lost their end. To switch, stop the gateway first, take a fresh copy, and restore that.",
        )?;
    }
    match (vouched, report.without_key.is_empty()) {
        (false, _) => Err(Failure::Unvouched),
        (true, false) => Err(Failure::Unsound),
        (true, true) => Ok(()),
    }
}

fn restored(report: &RestoreReport, lang: Lang) -> String {
    let RestoreReport { made, files, erased, without_key, later_evidence, later_acts, .. } = report;
    let made = JAPAN.to_datetime(*made).strftime("%Y-%m-%d %H:%M").to_string();
    let mut text = lang.pick(
        format!("{made}（日本時間）の控えから、本文のファイル {files} 個を戻しました。"),
        format!("copy of {made} (Japan): {files} files of bodies are back"),
    );
    if !erased.is_empty() {
        let days = erased.join(", ");
        text += &lang.pick(
            format!("\n消去済みの日と、解いた保全（held-…）。起動後に片付きます: {days}"),
            format!("\ndays erased and holds (held-…) ended since, swept at the next start: {days}"),
        );
    }
    if !without_key.is_empty() {
        let days = without_key.join(", ");
        text += &lang.pick(
            format!("\n鍵がなく読めない日（新しい鍵のフォルダーで戻し直してください）: {days}"),
            format!("\nwithout a key, so unreadable (restore again with newer keys): {days}"),
        );
    }
    if *later_evidence > 0 || *later_acts > 0 {
        text += &lang.pick(
            format!(
                "\nこの控えのあとに署名され、戻した保管庫にないもの: 証跡 {later_evidence} 件、監査記録 {later_acts} 行。前の保管庫がまだ使えるなら、\
                 ゲートウェイを止め、新しい控えを取り（backup create）、それを別の空のフォルダーに戻してください。使えないなら、このまま進めてください（失われたことは、以後の署名に残ります）"
            ),
            format!(
                "\nsigned for after this copy, and not in the restored store: {later_evidence} pieces of evidence, {later_acts} rows of the audit. If the former store can \
                 still be used, stop the gateway, take a fresh copy (`backup create`) and restore that into another empty folder. If it cannot, go on: that it was lost stays said in every signature"
            ),
        );
    }
    text
}

/// Each on a line of its own.
fn listed(all: &[String], before: &str) -> String {
    all.iter().fold(String::new(), |text, one| text + "\n- " + before + one)
}
