//! `account add|password|role|suspend|resume|remove|app-password|list`: logins. A password comes from a file or the terminal, never from the command line.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{AccountChange, AppView, Door, Party, Role};

use super::{Context, Failure, unexpected};
use crate::admin::{AccountRequest, AccountRow, Reply, Request, Secret};

#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// ユーザ ID を新しく作る / make a new user ID
    Add {
        /// ユーザID / user ID
        login: String,
        /// 事業所番号または代行業者 ID / the office or agent it is
        #[arg(long, visible_alias = "agent")]
        office: Party,
        /// 権限: manager（管理者）, staff（担当者）, sender（送信のみ）, receiver（受信のみ） / what its person may do
        #[arg(long, default_value_t)]
        role: Role,
        #[command(flatten)]
        password: Given,
    },
    /// パスワードを改める（アプリパスワードはすべて取り消される） / give a new password; its application passwords go
    Password {
        /// ユーザID / user ID
        login: String,
        #[command(flatten)]
        password: Given,
    },
    /// 権限を改める（manager, staff, sender, receiver） / give other rights
    Role {
        /// ユーザID / user ID
        login: String,
        /// 権限 / the role
        role: Role,
    },
    /// 利用を停止する（理由は事業所にも示される） / suspend; its office reads the reason, too
    Suspend {
        /// ユーザID / user ID
        login: String,
        /// 理由 / why
        #[arg(long)]
        reason: String,
    },
    /// 停止を解く / end a suspension
    Resume {
        /// ユーザID / user ID
        login: String,
    },
    /// 削除する（アプリパスワードも消える） / remove, with its application passwords
    Remove {
        /// ユーザID / user ID
        login: String,
    },
    /// アプリパスワード（メールソフト用） / application passwords, for mail tools
    #[command(subcommand)]
    AppPassword(App),
    /// 一覧 / list
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum App {
    /// 作る（パスワードは一度だけ表示される） / make one; its password is shown this once
    Add {
        /// ユーザID / user ID
        login: String,
        /// 名前（英小文字・数字・-、24 文字まで） / its name
        name: String,
        /// 使える用途: smtp, imap, pop3 / where it may be used
        #[arg(long = "for", value_delimiter = ',', required = true)]
        doors: Vec<Door>,
    },
    /// 一覧 / list
    List {
        /// ユーザID / user ID
        login: String,
    },
    /// 取り消す / withdraw
    Remove {
        /// ユーザID / user ID
        login: String,
        /// 名前 / its name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// パスワードを 1 行目に書いたファイル（なければ標準入力の 1 行目） / a file whose first line is the password (else the first line of standard input)
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// 仮パスワード（本人が変えるまで、ほかのことはできない） / temporary: it has to be changed before anything else
    #[arg(long)]
    temporary: bool,
}

impl Account {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add { login, office: party, role, password } => {
                let (temporary, password) = (password.temporary, password.read(context)?);
                AccountRequest::Make { login, party, password, role, temporary }
            }
            Self::Password { login, password } => {
                let (temporary, password) = (password.temporary, password.read(context)?);
                AccountRequest::Password { login, password, temporary }
            }
            Self::Role { login, role } => AccountRequest::Change(AccountChange::Role { login, role }),
            Self::Suspend { login, reason } => {
                AccountRequest::Change(AccountChange::Suspend { login, reason: Some(reason) })
            }
            Self::Resume { login } => AccountRequest::Change(AccountChange::Suspend { login, reason: None }),
            Self::Remove { login } => AccountRequest::Change(AccountChange::Remove { login }),
            Self::AppPassword(app) => app.request(),
            Self::List => return list(context),
        };
        let (lang, new_password) = (context.lang, matches!(request, AccountRequest::Password { .. }));
        match context.ask(&Request::Account(request))? {
            Reply::Done if new_password => context.say(
                "パスワードを改めました。このユーザ ID のアプリパスワードは、すべて取り消しました。",
                "The password is set; the application passwords of this user ID are withdrawn.",
            ),
            Reply::Done => context.say("ユーザ ID を更新しました。", "The user ID is updated."),
            Reply::Apps { apps } => context.rows(&apps, |app| app_line(app, lang)),
            _ => Err(unexpected()),
        }
    }
}

impl App {
    fn request(self) -> AccountRequest {
        match self {
            Self::Add { login, name, doors } => {
                AccountRequest::AddApp { login, name, doors: doors.into_iter().collect() }
            }
            Self::List { login } => AccountRequest::Apps { login },
            Self::Remove { login, name } => AccountRequest::RemoveApp { login, name },
        }
    }
}

fn list(context: &mut Context<'_>) -> Result<(), Failure> {
    let lang = context.lang;
    let Reply::Accounts { accounts } = context.ask(&Request::AccountList)? else { return Err(unexpected()) };
    context.rows(&accounts, |row| {
        let AccountRow { login, party, role, password, until, suspended, apps } = row;
        let until = until.map(|until| format!(" {until}")).unwrap_or_default();
        let suspended = suspended.as_ref().map(|why| format!("\t{}: {why}", lang.pick("停止中", "suspended")));
        format!("{login}\t{party}\t{role}\t{password}{until}\t{apps}{}", suspended.unwrap_or_default())
    })
}

fn app_line(app: &AppView, lang: Lang) -> String {
    let doors: Vec<String> = app.doors.iter().map(ToString::to_string).collect();
    let used = app.used.map_or_else(|| lang.pick("未使用", "never used").to_owned(), |used| used.to_string());
    let secret = app.password.as_ref().map(|secret| format!("\t{secret}")).unwrap_or_default();
    format!("{}\t{}\t{}\t{used}{secret}", app.login, doors.join(","), app.made)
}

impl Given {
    fn read(self, context: &mut Context<'_>) -> Result<Secret, Failure> {
        let text = if let Some(path) = self.password_file {
            std::fs::read_to_string(&path).map_err(|why| Failure::Read(path, why))?
        } else if std::io::stdin().is_terminal() {
            return typed(|again| {
                if again {
                    context.say("もう一度同じパスワードを入力してください。", "Type the same password again.")?;
                } else {
                    context.say(
                        "パスワードを入力して Enter を押してください（画面には出ません）。",
                        "Type the password and press Enter; it is not shown.",
                    )?;
                }
                Ok(rpassword::read_password()?)
            });
        } else {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line
        };
        secret(text.lines().next().unwrap_or_default())
    }
}

/// Nobody sees what was typed, so it is typed twice.
fn typed(mut ask: impl FnMut(bool) -> Result<String, Failure>) -> Result<Secret, Failure> {
    let first = secret(&ask(false)?)?;
    if ask(true)? == first.0 { Ok(first) } else { Err(Failure::Mistyped) }
}

fn secret(text: &str) -> Result<Secret, Failure> {
    if text.is_empty() {
        return Err(Failure::Password("the password is empty; its first line is what counts"));
    }
    Ok(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(words: [&str; 2]) -> (Result<String, u8>, usize) {
        let mut asked = 0;
        let typed = typed(|again| {
            asked += 1;
            Ok(words[usize::from(again)].to_owned())
        });
        (typed.map(|secret| secret.0).map_err(|why| why.exit()), asked)
    }

    #[test]
    fn a_password_that_nobody_sees_is_typed_twice_alike() {
        assert_eq!(type_in(["長いパスワード", "長いパスワード"]), (Ok("長いパスワード".into()), 2));
        assert_eq!(type_in(["one", "other"]), (Err(78), 2));
        assert_eq!(type_in(["", ""]), (Err(78), 1));
    }
}
