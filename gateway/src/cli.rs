//! `fumibako-gateway`: one file a command; this one holds what they share.

mod account;
mod advice;
mod agent;
mod audit;
mod backup;
mod cert;
mod check;
mod evidence;
mod expire;
mod hold;
mod init;
mod licence;
mod mandate;
mod notice;
mod office;
mod serve;
mod status;
mod terms;
mod trust;
mod user;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use fumibako_careplan::Lang;
use fumibako_model::{Refusal, Refused};
use fumibako_store::StoreError;
use serde::Serialize;

use crate::admin::{self, CallError, Remedy, Reply, Request};
use crate::config::{Config, ConfigError};

/// 文箱 Fumibako: ゲートウェイ / the gateway.
#[derive(Debug, Parser)]
#[command(name = "fumibako-gateway", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
struct Common {
    /// 設定ファイル / settings file
    #[arg(long, global = true, env = "FUMIBAKO_GATEWAY_CONFIG", default_value = crate::init::CONFIG_FILE)]
    config: PathBuf,
    /// 出力の形 / form of the output
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// 言語 / language
    #[arg(long, global = true, value_enum, default_value_t = Language::Ja)]
    lang: Language,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
    Ndjson,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Ja,
    En,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 新しいゲートウェイのフォルダーを作る / make the folder of a new gateway
    Init(init::Init),
    /// ゲートウェイを動かす / run the gateway
    Serve(serve::Serve),
    /// 設定を点検する / check the settings
    Check(check::Check),
    /// 事業所の登録簿 / the offices on the roll
    #[command(subcommand)]
    Office(office::Office),
    /// ログイン / logins
    #[command(subcommand)]
    Account(account::Account),
    /// 代行業者 / the agents on the roll
    #[command(subcommand)]
    Agent(agent::Agent),
    /// 委任 / mandates
    #[command(subcommand)]
    Mandate(mandate::Mandate),
    /// ライセンス / licences
    #[command(subcommand)]
    Licence(licence::Licence),
    /// 利用規約 / the terms that offices agree to
    #[command(subcommand)]
    Terms(terms::Terms),
    /// 信頼する認証局 / trusted authorities
    #[command(subcommand)]
    Trust(trust::Trust),
    /// 開発用の証明書 / development certificates
    #[command(subcommand)]
    Cert(cert::Cert),
    /// 保管期間が過ぎた内容を消去する / erase what is past its retention
    Expire(expire::Expire),
    /// 保全（期限後も残す） / legal holds
    #[command(subcommand)]
    Hold(hold::Hold),
    /// 監査記録（だれがいつ何の権限を変えたか） / the audit: who changed which right, and when
    #[command(subcommand)]
    Audit(audit::Audit),
    /// お知らせ / notices
    #[command(subcommand)]
    Notice(notice::Notice),
    /// 証跡 / evidence
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// 保管庫の控え / copies of the store
    #[command(subcommand)]
    Backup(backup::Backup),
    /// 稼働状況 / how the gateway is
    Status(status::Status),
}

/// Why a command did not do it. The exit codes are a contract (Profile §3).
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The gateway says no.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The gateway cannot be asked.
    #[error("{0}")]
    Call(#[from] CallError),
    /// A folder could not be made or read.
    #[error("{0}")]
    Init(#[from] crate::init::InitError),
    /// The gateway did not start.
    #[error("{0}")]
    Start(#[from] crate::gateway::StartError),
    /// The store broke while the gateway ran.
    #[error(
        "the store can no longer be trusted; the lines before this one say why. Nothing answered 250 is lost: repair the disk or restore, then start again"
    )]
    Broken,
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    /// Two passwords typed were not the same.
    #[error("the two passwords typed are not the same; type them again")]
    Mistyped,
    /// A password was not given.
    #[error("{0}")]
    Password(&'static str),
    /// The store, or a copy of it, is not sound; what is wrong was said.
    #[error("the store is not sound; the lines above name what is wrong and what to do")]
    Unsound,
    /// Evidence was touched: so many faults, each of which was said, and what to do about them.
    #[error("{}", advice::of_evidence(*.0, .1, Lang::En))]
    Tampered(usize, BTreeSet<Remedy>),
    /// The log does not continue the head that was given.
    #[error("{}", advice::of_a_head(.0, Lang::En))]
    NotContinued(admin::NotContinued),
    /// Nothing that was named can be accepted.
    #[error(
        "there is nothing to accept. What `evidence verify` names besides is mended as it says: restore from a backup what was removed or changed, delete what was put in"
    )]
    NothingToAccept,
    /// What a backup has of evidence is not all under a signature.
    #[error(
        "the store is restored, but its evidence is not what was signed, or not all of it: take another backup, or start the gateway and see `evidence verify`"
    )]
    Unvouched,
    /// What tells how long log and audit are cannot be written; what to do was said.
    #[error(
        "the folder of the evidence key cannot be written, as the last line above says: see to room and rights there, and do not restart before"
    )]
    HeadsUnwritten,
    /// No evidence is signed before somebody does something; what, was said.
    #[error("no evidence is signed, as said above: run `fumibako-gateway evidence verify`, and do what it says")]
    SigningStopped,
    /// Less evidence is kept than was signed for; how much, was said.
    #[error(
        "evidence that was signed for is not there, as said above: run `fumibako-gateway evidence verify`, and do what it says"
    )]
    EvidenceMissing,
    /// The audit was touched; where, was said.
    #[error("{}", advice::of_audit(*.0, Lang::En))]
    AuditTampered(Remedy),
    /// Lines of a file are wrong; which was said.
    #[error("{0} lines are wrong, as said above, and nothing was done. Mend them and run it again")]
    Faulty(usize),
    /// A store, or a copy of it, cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Output could not be written.
    #[error("output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn exit(&self) -> u8 {
        match self {
            Self::Config(ConfigError::Unreadable(..)) | Self::Password(_) | Self::Mistyped => 78,
            Self::Config(_)
            | Self::Unsound
            | Self::Faulty(_)
            | Self::Store(StoreError::Failed(_) | StoreError::Broken(_)) => 65,
            Self::Store(StoreError::Busy(_)) => 75,
            Self::Refused(refused) | Self::Store(StoreError::Refused(refused)) => refused.why.row().exit,
            Self::Call(_) | Self::Start(_) | Self::Broken => 69,
            Self::Init(_) | Self::Output(_) | Self::HeadsUnwritten | Self::Store(StoreError::Full(_)) => 73,
            Self::Read(..) => 66,
            Self::Tampered(..)
            | Self::NotContinued(_)
            | Self::Unvouched
            | Self::SigningStopped
            | Self::EvidenceMissing
            | Self::AuditTampered(_) => 76,
            Self::NothingToAccept => Refusal::ValueUnfit.row().exit,
        }
    }

    /// The sentence for the operator; refusals stand in the catalogue in both languages.
    fn sentence(&self, lang: Lang) -> String {
        match self {
            Self::Refused(refused) | Self::Store(StoreError::Refused(refused)) => {
                let row = refused.why.row();
                let about = refused.about_in(lang).unwrap_or_else(|| refused.about.clone());
                let about = if about.is_empty() { about } else { format!("（{about}）") };
                lang.pick(format!("{} {}{about}{}", row.code, row.ja, row.next_ja), refused.to_string())
            }
            Self::Tampered(count, next) => advice::of_evidence(*count, next, lang),
            Self::AuditTampered(next) => advice::of_audit(*next, lang),
            Self::NotContinued(why) => advice::of_a_head(why, lang),
            other if other.is_all_said() => lang.pick(other.japanese().to_owned(), other.to_string()),
            other => lang.pick(format!("{}（{}）", other.japanese(), other.cause()), other.to_string()),
        }
    }

    /// What stands in brackets behind the sentence in Japanese: in Japanese first where it is a sentence of ours.
    fn cause(&self) -> String {
        use crate::gateway::StartError as Start;
        match self {
            Self::Store(why) | Self::Start(Start::Store(why) | Start::Log(why)) => match why {
                StoreError::Refused(refused) => refused.about_in(Lang::Ja).unwrap_or_else(|| refused.to_string()),
                StoreError::Busy(why) | StoreError::Full(why) | StoreError::Failed(why) | StoreError::Broken(why) => {
                    why.clone()
                }
            },
            Self::Start(Start::Witness(why)) => why.to_string(),
            // The sentence in front says the rest.
            Self::Call(CallError::NotRunning(why) | CallError::Broken(why)) => why.to_string(),
            other => other.to_string(),
        }
    }

    /// Does its sentence in Japanese say everything? Of another the cause follows it in brackets.
    fn is_all_said(&self) -> bool {
        matches!(
            self,
            Self::Broken
                | Self::Mistyped
                | Self::Unsound
                | Self::Unvouched
                | Self::HeadsUnwritten
                | Self::SigningStopped
                | Self::EvidenceMissing
                | Self::NothingToAccept
                | Self::Faulty(_)
        )
    }

    fn japanese(&self) -> &'static str {
        match self {
            Self::Config(_) => {
                "設定ファイルが使えません。かっこの中の項目を直すか、fumibako-gateway init で作ってください。"
            }
            Self::Refused(_) => "受け付けられません。",
            Self::Call(CallError::Broken(_)) => {
                "ゲートウェイから正しい答えが来ません。status で動いているか確かめ、このプログラムと同じ版で起動し直してから、もう一度実行してください。"
            }
            Self::Call(CallError::NotRunning(_)) => {
                "ゲートウェイが動いていません。fumibako-gateway serve で起動してから、もう一度実行してください。"
            }
            Self::Init(_) => "フォルダーを用意できません。別のフォルダーを指定するか、書き込めるか確かめてください。",
            Self::Start(crate::gateway::StartError::Store(_)) => {
                "保管庫を開けません。同じフォルダーのゲートウェイが既に動いていないか、status で確かめてください。"
            }
            Self::Start(crate::gateway::StartError::Tls(_)) => {
                "TLS の証明書と鍵を読めません。tls フォルダーに置いてください。"
            }
            Self::Start(crate::gateway::StartError::Witness(_)) => {
                "証跡の鍵を使えません。かっこの中のとおりにしてから、もう一度実行してください。"
            }
            Self::Start(_) => "起動できません。かっこの中の理由を取り除いて、もう一度起動してください。",
            Self::Broken => {
                "保管庫に異常があり、停止しました。受け付けたデータは失われていません。記録を見てディスクを直し、起動し直してください。"
            }
            Self::Read(..) => "ファイルを読めません。場所と名前を確かめてください。",
            Self::Password(_) => "パスワードが空です。1 行目に書いてください。",
            Self::Mistyped => "二度入力されたパスワードが同じではありません。もう一度実行してください。",
            Self::Unsound => "保管庫に異常があります。上に示したファイルをバックアップから戻してください。",
            Self::Tampered(..) => "証跡に異常があります。",
            Self::AuditTampered(_) => "監査記録に異常があります。",
            Self::NotContinued(_) => "いまの記録が、その署名に続いていると言えません。",
            Self::NothingToAccept => {
                "承認するものはありません。evidence verify が示すほかの異常は、その案内のとおりに直してください（なくなった行と書き換えられた行はバックアップから戻し、加えられた行は消します）。"
            }
            Self::Unvouched => {
                "戻しましたが、この控えの証跡は署名したものと違うか、署名のないものがあります。別の控えから戻すか、ゲートウェイを起動して evidence verify で確かめてください。"
            }
            Self::HeadsUnwritten => {
                "証跡の鍵のフォルダーに書き込めません。上の最後の行のとおり、空きと書き込みの権限を確かめてください。それまで再起動しないでください。"
            }
            Self::SigningStopped => {
                "証跡の署名が止まっています。上の「証跡の署名」の行のとおり、fumibako-gateway evidence verify を実行し、それが示すとおりに直してください。"
            }
            Self::EvidenceMissing => {
                "記録した証跡の一部がありません。上の「なくなった証跡」の行のとおり、fumibako-gateway evidence verify を実行し、それが示すとおりに直してください。"
            }
            Self::Faulty(_) => "上に示した行に誤りがあり、何も登録していません。直してから、もう一度実行してください。",
            Self::Store(StoreError::Busy(_)) => {
                "ほかの処理が保管庫を使っています。終わってから、もう一度実行してください。"
            }
            Self::Store(StoreError::Full(_)) => {
                "ディスクに空きがありません。空きを作ってから、もう一度実行してください。"
            }
            Self::Store(_) => "保管庫またはその控えを使えません。かっこの中の理由を見て対処してください。",
            Self::Output(_) => "結果を書き出せません。",
        }
    }
}

impl Cli {
    /// Runs the command. Data goes to `out`, messages to `err`; returns the exit code.
    pub fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
        let lang = match self.common.lang {
            Language::Ja => Lang::Ja,
            Language::En => Lang::En,
        };
        let mut context = Context { config: self.common.config, format: self.common.format, lang, out, err };
        let done = match self.command {
            Command::Init(command) => command.run(&mut context),
            Command::Serve(command) => command.run(&mut context),
            Command::Check(command) => command.run(&mut context),
            Command::Office(command) => command.run(&mut context),
            Command::Account(command) => command.run(&mut context),
            Command::Agent(command) => command.run(&mut context),
            Command::Mandate(command) => command.run(&mut context),
            Command::Licence(command) => command.run(&mut context),
            Command::Terms(command) => command.run(&mut context),
            Command::Trust(command) => command.run(&mut context),
            Command::Cert(command) => command.run(&mut context),
            Command::Expire(command) => command.run(&mut context),
            Command::Hold(command) => command.run(&mut context),
            Command::Audit(command) => command.run(&mut context),
            Command::Notice(command) => command.run(&mut context),
            Command::Evidence(command) => command.run(&mut context),
            Command::Backup(command) => command.run(&mut context),
            Command::Status(command) => command.run(&mut context),
        };
        match done {
            Ok(()) => 0,
            Err(failure) => {
                let sentence = failure.sentence(lang);
                // With the messages' own channel gone, the exit code is all that is left to say.
                writeln!(context.err, "fumibako-gateway: {sentence}").unwrap_or_default();
                failure.exit()
            }
        }
    }
}

/// What every command gets.
struct Context<'a> {
    config: PathBuf,
    format: Format,
    lang: Lang,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl Context<'_> {
    fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.config)?)
    }

    /// Asks the running gateway; a refusal is a failure.
    fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        let socket = self.load()?.admin_socket;
        match runtime()?.block_on(admin::call(&socket, request))? {
            Reply::No { code, about } => Err(Refused { why: code, about }.into()),
            Reply::Failed { why } => Err(StoreError::Failed(why).into()),
            reply => Ok(reply),
        }
    }

    /// A message for people; goes to standard error.
    fn say(&mut self, ja: &str, en: &str) -> Result<(), Failure> {
        let text = self.lang.pick(ja, en);
        Ok(writeln!(self.err, "{text}")?)
    }

    /// What stands in the columns of the rows that come; programs have the names in JSON.
    fn columns(&mut self, ja: &[&str], en: &[&str]) -> Result<(), Failure> {
        match self.format {
            Format::Text => Ok(writeln!(self.out, "{}", self.lang.pick(ja, en).join("\t"))?),
            Format::Json | Format::Ndjson => Ok(()),
        }
    }

    /// Rows of data: text lines, one JSON array, or one JSON object a line.
    fn rows<R: Serialize>(&mut self, rows: &[R], text: impl Fn(&R) -> String) -> Result<(), Failure> {
        match self.format {
            Format::Text => rows.iter().try_for_each(|row| writeln!(self.out, "{}", text(row)))?,
            Format::Json => writeln!(self.out, "{}", serde_json::to_string_pretty(rows).map_err(io::Error::from)?)?,
            Format::Ndjson => {
                for row in rows {
                    writeln!(self.out, "{}", serde_json::to_string(row).map_err(io::Error::from)?)?;
                }
            }
        }
        Ok(())
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// The gateway answered with another kind of reply than was asked for: the two are of different versions.
fn unexpected() -> Failure {
    let why = "このプログラムと版が違います / it is of another version than this program";
    Failure::Call(CallError::Broken(io::Error::other(why)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use fumibako_model::not_trusted;
    use fumibako_signer::CertificateError;
    use fumibako_store::bodies::BodyError;

    use super::*;

    #[test]
    fn every_command_line_can_be_read() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_operator_reads_the_cause_in_japanese_first_and_in_japan_s_time() {
        let ended = || not_trusted(CertificateError::Expired { not_after: "2026-11-30T05:48:16Z".parse().unwrap() });
        let gone = || StoreError::from(BodyError::Missing("bodies/1.seg".into()));
        let down = || CallError::NotRunning(io::ErrorKind::NotFound.into());
        for (failure, ja, en) in [
            (
                Failure::from(ended()),
                "（2026-11-30 14:48 まで有効）",
                "(the certificate ended at 2026-11-30T05:48:16Z)",
            ),
            (StoreError::from(ended()).into(), "（2026-11-30 14:48 まで有効）", "E-CRT-"),
            (
                gone().into(),
                "（bodies/1.seg がありません。バックアップから戻してください / ",
                "bodies/1.seg is missing",
            ),
            (StoreError::Busy("使用中 / in use".into()).into(), "（使用中 / in use）", "the store is busy"),
            (
                crate::gateway::StartError::Store(gone()).into(),
                "（bodies/1.seg がありません",
                "bodies/1.seg is missing",
            ),
            (down().into(), "serve で起動してから、もう一度実行してください。（entity not found）", "is not running"),
            (unexpected(), "（このプログラムと版が違います / ", "it is of another version"),
        ] {
            let (said, english) = (failure.sentence(Lang::Ja), failure.sentence(Lang::En));
            assert!(said.contains(ja) && english.contains(en), "{said}\n{english}");
        }
    }
}
