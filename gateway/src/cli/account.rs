//! `account add|password|list`: logins. A password comes from a file or the terminal, never from the command line.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Subcommand;
use fumibako_model::Party;

use super::{Context, Failure, unexpected};
use crate::admin::{AccountRow, Reply, Request, Secret};

#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// ユーザ ID を新しく作る / make a new user ID
    Add {
        /// ユーザID / user ID
        login: String,
        /// 事業所番号または代行業者 ID / the office or agent it is
        #[arg(long, visible_alias = "agent")]
        office: Party,
        #[command(flatten)]
        password: Password,
    },
    /// パスワードを改める / give a new password
    Password {
        /// ユーザID / user ID
        login: String,
        #[command(flatten)]
        password: Password,
    },
    /// 一覧 / list
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct Password {
    /// パスワードを 1 行目に書いたファイル（なければ標準入力の 1 行目） / a file whose first line is the password (else the first line of standard input)
    #[arg(long)]
    password_file: Option<PathBuf>,
}

impl Account {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add { login, office, password } => {
                Request::AccountAdd { login, party: office, password: password.read(context)? }
            }
            Self::Password { login, password } => Request::AccountPassword { login, password: password.read(context)? },
            Self::List => Request::AccountList,
        };
        match context.ask(&request)? {
            Reply::Done => context.say("ログインを登録しました。", "The login is set."),
            Reply::Accounts { accounts } => {
                context.rows(&accounts, |AccountRow { login, party }| format!("{login}\t{party}"))
            }
            _ => Err(unexpected()),
        }
    }
}

impl Password {
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
