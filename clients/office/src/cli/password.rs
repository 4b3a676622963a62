//! `fumibako account` and `fumibako password change|app`: our user ID, its password, and application passwords for mail tools. Secrets come
//! from files or the terminal, never from the command line. Exit 0: done. 3: refused, and said why. 77: it has to be changed first.

use std::path::PathBuf;

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{AccountView, AppView, Door, Private, Role};
use serde_json::json;

use super::screen::Screen;
use super::setup::Asking;
use super::table::table;
use crate::account;
use crate::exit::Exit;
use crate::settings::{Settings, first_line};
use crate::trouble::{Trouble, Usage};

/// ユーザ ID の状態: 権限、パスワードの期限、停止の理由。/ Our user ID: role, password, why it is suspended.
#[derive(Debug, clap::Args)]
pub(super) struct Account {}

/// パスワード: 変更と、メールソフト用のアプリパスワード。/ The password, and application passwords for mail tools.
#[derive(Debug, clap::Args)]
pub(super) struct Password {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// パスワードを変えます（設定のファイルも書き換えます） / change it, here and at the gateway
    Change {
        /// 今のパスワードを 1 行目に書いたファイル（なければ設定のもの） / file with the present one; without it that of the settings
        #[arg(long, value_name = "FILE")]
        old_file: Option<PathBuf>,
        /// 新しいパスワードを 1 行目に書いたファイル（なければ尋ねます） / file with the new one; without it you are asked
        #[arg(long, value_name = "FILE")]
        new_file: Option<PathBuf>,
        /// アプリパスワードもすべて取り消します（ほかの人に知られたおそれがあるとき） / withdraw the application passwords, too: if somebody may know them
        #[arg(long)]
        withdraw_apps: bool,
    },
    /// アプリパスワード / application passwords
    #[command(subcommand)]
    App(App),
}

#[derive(Debug, Subcommand)]
enum App {
    /// 作ります（パスワードは一度だけ表示されます） / make one; its password is shown this once
    Add {
        /// 名前（英小文字・数字・-） / its name
        name: String,
        /// 使える用途: smtp, imap, pop3 / where it may be used
        #[arg(long = "for", value_delimiter = ',', required = true)]
        doors: Vec<Door>,
    },
    /// 一覧 / list
    List,
    /// 取り消します / withdraw
    Remove {
        /// 名前 / its name
        name: String,
    },
}

impl Account {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(&self, settings: &Settings, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        let view = crate::wait(account::view(settings))?;
        let mut object = json!(view);
        object["kind"] = "account".into();
        screen.data(&object, |lang| lines(&view, lang))?;
        let stopped =
            view.suspended.is_some() || matches!(view.password.state.as_str(), "temporary" | "lapsed" | "expired");
        Ok(if stopped { Exit::NOT_ALLOWED } else { Exit::OK })
    }
}

impl Password {
    pub(super) fn run(&self, may_ask: bool, settings: &Settings, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        match &self.what {
            What::Change { old_file, new_file, withdraw_apps } => {
                let old = old_file.as_deref().map(first_line).transpose()?;
                let new = match new_file {
                    Some(file) => first_line(file)?,
                    None => typed(&Asking::at_a_terminal(may_ask), screen)?,
                };
                account::change(settings, old, (&new, *withdraw_apps))?;
                screen.say(screen.pick("パスワードを変えました。", "The password is changed."));
                // What became of the application passwords is not worth a failure: it is changed.
                let left = account::apps(settings).map_or(0, |apps| apps.len());
                if let Some(told) = apps_told(*withdraw_apps, left, screen.lang()) {
                    screen.say(&told);
                }
            }
            What::App(app) => app.run(settings, screen)?,
        }
        Ok(Exit::OK)
    }
}

/// Profile §19.14: what became of the application passwords.
fn apps_told(withdrawn: bool, left: usize, lang: Lang) -> Option<String> {
    match (withdrawn, left) {
        (true, _) => Some(lang.pick(
            "アプリパスワードもすべて取り消しました。使うメールソフトの分を、fumibako password app add で作り直してください。".into(),
            "The application passwords are withdrawn, too. Make new ones with fumibako password app add.".into(),
        )),
        (false, 0) => None,
        (false, left) => Some(lang.pick(
            format!(
                "アプリパスワード {left} 件は、今までどおり使えます。ほかの人に知られたおそれがあるときは、fumibako password app remove で取り消してください。"
            ),
            format!(
                "{left} application passwords stay as they are. If somebody else may know them, withdraw them with fumibako password app remove."
            ),
        )),
    }
}

/// Nobody sees what was typed, so it is typed twice.
fn typed(asking: &Asking, screen: &Screen<'_>) -> Result<Private<String>, Trouble> {
    let new = asking.secret("--new-file", screen.pick("新しいパスワード", "new password"))?;
    let again = asking.secret("--new-file", screen.pick("もう一度", "once more"))?;
    if new == again { Ok(new) } else { Err(Trouble::Usage(Usage::TypedDifferently)) }
}

impl App {
    fn run(&self, settings: &Settings, screen: &mut Screen<'_>) -> Result<(), Trouble> {
        match self {
            Self::Add { name, doors } => {
                show(&[account::add_app(settings, name, doors.iter().copied().collect())?], screen)?;
                screen.say(screen.pick(
                    "このパスワードは二度と表示されません。メールソフトに、ユーザ ID と一緒に入力してください。",
                    "This password is not shown again. Enter it into the mail tool, with the user ID beside it.",
                ));
            }
            Self::List => show(&account::apps(settings)?, screen)?,
            Self::Remove { name } => {
                account::remove_app(settings, name)?;
                screen.say(screen.pick("アプリパスワードを取り消しました。", "The application password is withdrawn."));
            }
        }
        Ok(())
    }
}

fn show(apps: &[AppView], screen: &mut Screen<'_>) -> Result<(), Trouble> {
    if !screen.is_text() {
        for app in apps {
            let mut object = json!(app);
            object["kind"] = "app-password".into();
            screen.data(&object, |_| String::new())?;
        }
        return Ok(());
    }
    let lang = screen.lang();
    let rows: Vec<Vec<String>> = apps.iter().map(|app| cells(app, lang)).collect();
    let headings = lang.pick(
        ["ユーザID", "用途", "作成", "最後の使用", "パスワード"],
        ["user ID", "for", "made", "last used", "password"],
    );
    Ok(screen.text(&table(&headings, &rows))?)
}

fn cells(app: &AppView, lang: Lang) -> Vec<String> {
    let doors: Vec<String> = app.doors.iter().map(ToString::to_string).collect();
    let day = |at| fumibako_model::japanese_day(at).to_string();
    let used = app.used.map_or_else(|| lang.pick("なし", "never").to_owned(), day);
    let hidden = || lang.pick("（表示できません）", "(not shown)").to_owned();
    vec![app.login.clone(), doors.join(","), day(app.made), used, app.password.clone().unwrap_or_else(hidden)]
}

fn lines(view: &AccountView, lang: Lang) -> String {
    let role = match view.role {
        Role::Manager => lang.pick("管理者", "manager"),
        Role::Staff => lang.pick("担当者", "staff"),
        Role::Sender => lang.pick("送信のみ", "sending only"),
        Role::Receiver => lang.pick("受信のみ", "receiving only"),
    };
    let until = view.password.until.map(|at| fumibako_model::japanese_day(at).to_string()).unwrap_or_default();
    let password = match view.password.state.as_str() {
        "temporary" => lang.pick("仮パスワード（変更が必要）", "temporary: has to be changed"),
        "lapsed" => lang.pick("仮パスワードの期限切れ（運用者に依頼）", "temporary and too old: ask the operator"),
        "expired" => lang.pick("期限切れ（変更が必要）", "expired: has to be changed"),
        "soon" => lang.pick("まもなく期限切れ", "ends soon"),
        _ => lang.pick("有効", "in order"),
    };
    let mut lines = vec![
        format!("{}: {}（{}）", lang.pick("ユーザID", "user ID"), view.login, view.party),
        format!("{}: {role}", lang.pick("権限", "role")),
        format!("{}: {password} {until}", lang.pick("パスワード", "password")).trim_end().to_owned(),
    ];
    if view.password.withdrawn > 0 {
        let gone = view.password.withdrawn;
        lines.push(lang.pick(
            format!("運用者がパスワードを設定し直したので、アプリパスワード {gone} 件を取り消しました。使う分は fumibako password app add で作り直してください。"),
            format!("The operator set the password, so {gone} application passwords were withdrawn. Make those you need anew: fumibako password app add."),
        ));
    }
    let stopped = |what: &str, why: &Option<String>| why.as_ref().map(|why| format!("{what}: {why}"));
    lines.extend(stopped(lang.pick("ユーザ ID は停止中", "the user ID is suspended"), &view.suspended));
    lines.extend(stopped(lang.pick("事業所は停止中", "the office is suspended"), &view.office.suspended));
    lines.join("\n")
}
