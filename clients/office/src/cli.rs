//! The command line: one file a command. Data goes to one writer, messages to another, and tests hold both.

mod by;
mod cert;
mod check;
mod completions;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod fetch;
mod licence;
pub(crate) mod list;
mod mandate;
mod office;
mod password;
mod receipt;
pub mod screen;
mod send;
mod setup;
mod show;
mod table;
mod ui;
mod verify;
mod which;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use fumibako_careplan::Lang;
use jiff::Timestamp;

use crate::exit::Exit;
use crate::settings::{Settings, usual_place};
use crate::trouble::Trouble;
use screen::{Format, Screen};

/// What the program is given from outside: where its output goes, and the time.
pub struct World<'w> {
    /// Standard output: data.
    pub out: &'w mut dyn Write,
    /// Standard error: messages.
    pub err: &'w mut dyn Write,
    /// Is standard output a terminal? If not, data is written for programs.
    pub out_is_terminal: bool,
    /// Is standard error a terminal? If not, there are no progress bars.
    pub err_is_terminal: bool,
    /// The clock; only `main` reads the computer's.
    pub clock: fn() -> Timestamp,
}

/// 文箱（ふみばこ）: ケアプランデータを署名・暗号化して送り、受け取り、受領証を返します。
/// Fumibako sends care plans as signed and encrypted mail, receives them and acknowledges them.
#[derive(Debug, Parser)]
#[command(name = "fumibako", version, verbatim_doc_comment, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Globals {
    /// 設定ファイル / settings file
    #[arg(long, global = true, value_name = "FILE", env = "FUMIBAKO_CONFIG")]
    config: Option<PathBuf>,
    /// 出力の形 / output; auto: text on a terminal, NDJSON in a pipe
    #[arg(long, global = true, value_enum, default_value_t = FormatArg::Auto)]
    format: FormatArg,
    /// 言語 / language
    #[arg(long, global = true, value_enum, default_value_t = LangArg::Ja, env = "FUMIBAKO_LANG")]
    lang: LangArg,
    /// 何も尋ねません / never ask anything
    #[arg(long, global = true)]
    no_input: bool,
    /// 知らせを出しません / no messages
    #[arg(short, long, global = true)]
    quiet: bool,
    /// 記録を詳しく出します / more of the log on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Auto,
    Text,
    Json,
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LangArg {
    Ja,
    En,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// ファイルを宛先ごとにまとめて送ります / send files, sorted by recipient
    Send(send::Send),
    /// 届いたデータを保存し、受領証を返します / save what arrived and acknowledge it
    Fetch(fetch::Fetch),
    /// 受信・送信の一覧 / what arrived, what was sent
    List(list::List),
    /// 1 件を詳しく見ます / one message in detail
    Show(show::Show),
    /// 1 件の証跡を、証明に要るものすべてと一緒に書き出します（受領証） / the evidence about one message, with all that proves it
    Receipt(receipt::Receipt),
    /// ファイルを標準仕様と照らし合わせます / check files against the standard
    Check(check::Check),
    /// 委任（代行業者に任せる・引き受ける・取り消す） / mandates: let an agent act for you, or act for an office
    Mandate(mandate::Mandate),
    /// ライセンス（利用の申請・更新） / the licence: how it stands, apply, renew
    Licence(licence::Licence),
    /// 事業所検索（データをやり取りできるか、証明書の取り込み） / find offices; take over their certificates
    Office(office::Office),
    /// 電子証明書（登録・一覧・登録から外す） / our certificates at the gateway: enrol, list, remove
    Cert(cert::Cert),
    /// ユーザ ID の状態（権限、パスワードの期限、停止の理由） / our user ID: role, password, why it is suspended
    Account(password::Account),
    /// パスワードの変更と、メールソフト用のアプリパスワード / change the password; application passwords for mail tools
    Password(password::Password),
    /// メールや証跡のファイルの署名と暗号化を確かめます / verify a message or evidence file: signatures, certificates, seal
    Verify(verify::Verify),
    /// 画面をブラウザーで開きます（設定がなければ、はじめの設定から） / the screens, in a browser; without settings, their page first
    Ui(ui::Ui),
    /// はじめの設定（尋ねながら） / the first settings, step by step
    Setup(setup::Setup),
    /// このパソコンの点検 / look whether everything works
    Doctor(doctor::Doctor),
    /// シェルの補完 / completions for the shell
    Completions(completions::Completions),
    /// 設定の場所と見本 / where the settings are, and a sample
    Config(config::Config),
    /// 見本のデータで全体を試します / try everything with sample data
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
}

/// How much of the log is wanted, read from the arguments before anything else happens.
pub fn verbosity(args: &[OsString]) -> u8 {
    Cli::try_parse_from(args).map_or(0, |cli| cli.globals.verbose)
}

/// Runs one command and says how it ended.
pub fn run(args: &[OsString], world: World<'_>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => return misused(&usage, world),
    };
    // `fumibako config > FILE` makes a settings file.
    let for_people = world.out_is_terminal || matches!(cli.command, Command::Config(_));
    let format = match (cli.globals.format, for_people) {
        (FormatArg::Auto, true) | (FormatArg::Text, _) => Format::Text,
        (FormatArg::Json, _) => Format::Json,
        (FormatArg::Auto, false) | (FormatArg::Ndjson, _) => Format::Ndjson,
    };
    let lang = if cli.globals.lang == LangArg::Ja { Lang::Ja } else { Lang::En };
    let clock = world.clock;
    let bars = world.err_is_terminal && !cli.globals.quiet;
    let mut screen = Screen::new(world.out, world.err, format, lang, cli.globals.quiet, bars);
    let for_people = world.out_is_terminal && format == Format::Text;
    let ended = cli.command.run(&cli.globals, &mut screen, (clock, for_people));
    // What was found before something went wrong is shown all the same.
    let shown = screen.finish().map_err(Trouble::from);
    ended.and_then(|exit| shown.map(|()| exit)).unwrap_or_else(|trouble| {
        screen.trouble(&trouble);
        trouble.exit()
    })
}

impl Command {
    fn run(
        &self,
        globals: &Globals,
        screen: &mut Screen<'_>,
        (clock, terminal): (fn() -> Timestamp, bool),
    ) -> Result<Exit, Trouble> {
        let place = || globals.config.clone().unwrap_or_else(usual_place);
        let settings = || Settings::load(&place());
        match self {
            Self::Send(send) => send.fits_together().and_then(|()| send.run(&settings()?, screen, clock)),
            Self::Fetch(fetch) => fetch.run(&settings()?, screen, clock),
            Self::List(list) => list.run(&settings()?, screen, clock),
            Self::Show(show) => show.run(&settings()?, screen),
            Self::Receipt(receipt) => receipt.run(&settings()?, screen, clock),
            Self::Check(check) => check.run(screen, clock),
            Self::Mandate(mandate) => mandate.run(&settings()?, screen, clock),
            Self::Licence(licence) => licence.run((&settings()?, !globals.no_input), screen, clock),
            Self::Office(office) => office.run(&settings()?, screen, clock),
            Self::Cert(cert) => cert.run(&settings()?, screen, clock),
            Self::Account(account) => account.run(&settings()?, screen),
            Self::Password(password) => password.run(!globals.no_input, &settings()?, screen),
            Self::Verify(verify) => verify.run((&place(), globals.config.is_some()), screen, clock),
            Self::Ui(ui) => ui.run(settings(), (place(), terminal), screen, clock),
            Self::Setup(setup) => setup.run((&place(), !globals.no_input), screen, clock),
            Self::Doctor(doctor) => doctor.run(&settings()?, screen, clock),
            Self::Completions(completions) => completions.run(screen),
            Self::Config(config) => config.run(&place(), screen),
            #[cfg(feature = "demo")]
            Self::Demo(demo) => demo.run(screen, clock),
        }
    }
}

/// clap's own text is English; one Japanese sentence goes before it.
fn misused(usage: &clap::Error, world: World<'_>) -> Exit {
    // If even this cannot be written there is nobody to tell.
    if usage.use_stderr() {
        let hint = "使い方が違います。`fumibako --help` で使い方を確かめてください。";
        let _ = write!(world.err, "{hint}\n{}", usage.render());
        Exit::USAGE
    } else {
        let _ = write!(world.out, "{}", usage.render());
        Exit::OK
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn every_command_line_can_be_read() {
        Cli::command().debug_assert();
    }
}
