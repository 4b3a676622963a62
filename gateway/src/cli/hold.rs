//! `hold add|remove|list`: 保全 — messages kept over their expiry.

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, OfficeNumber};

use super::{Context, Failure, unexpected, user};
use crate::admin::{HoldRow, Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Hold {
    /// メールを期限後も残す / keep a message over its expiry
    Add {
        #[command(flatten)]
        which: Which,
        /// 理由（記録に残る） / why (it is recorded)
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// 保全を解く（期限を過ぎていれば、すぐに消去される） / end a hold; past its retention the message is erased at once
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        who: Who,
    },
    /// 一覧（解いたものも含む） / list, with those that ended
    List,
    /// 登録のない保全の鍵を破棄する（控えから戻したあとに残ったもの。元には戻せない） / destroy, for good, the keys of holds
    /// that nothing records, as a restored backup leaves them
    Clear {
        /// 理由（記録に残る） / why (it is recorded)
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// メールを持つ事業所の番号 / number of an office that has the message
    number: OfficeNumber,
    /// Message-ID
    message_id: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// 操作した人（記録に残る） / who does it (it is recorded)
    #[arg(long, env = "SUDO_USER", hide_env = true)]
    by: Option<String>,
}

impl Who {
    fn name(self) -> String {
        let login = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        self.by.or_else(|| login().ok()).filter(|name| !name.trim().is_empty()).unwrap_or_else(user::of_this_program)
    }
}

impl Which {
    fn parts(self) -> (OfficeNumber, String) {
        let id = self.message_id.trim();
        let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
        (self.number, bare.to_owned())
    }
}

impl Hold {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add { which, reason, who } => {
                let (number, message_id) = which.parts();
                Request::HoldAdd { number, message_id, reason, by: who.name() }
            }
            Self::Remove { which, who } => {
                let (number, message_id) = which.parts();
                Request::HoldRemove { number, message_id, by: who.name() }
            }
            Self::List => Request::HoldList,
            Self::Clear { reason, who } => Request::HoldClear { reason, by: who.name() },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::Done => context.say(
                "保全しました。期限が過ぎても、hold remove で解くまで残ります。",
                "It is held: it stays past its expiry until `hold remove`.",
            ),
            Reply::Holds { strays, .. } if matches!(request, Request::HoldClear { .. }) => cleared(context, &strays),
            Reply::Holds { holds, strays } => {
                context.rows(&holds, |row| line(row, lang))?;
                if !matches!(request, Request::HoldRemove { .. }) {
                    return told(context, &strays);
                }
                if holds.iter().any(|row| row.erased) {
                    return context
                        .say("期限を過ぎていたので、すぐに消去しました。", "It was past its retention and is erased.");
                }
                context.say(
                    "保全を解きました。メールは、ほかのメールと同じように、期限が来ると消去されます。",
                    "It is held no more, and goes as other mail does when its retention ends.",
                )
            }
            _ => Err(unexpected()),
        }
    }
}

fn cleared(context: &mut Context<'_>, strays: &[String]) -> Result<(), Failure> {
    if strays.is_empty() {
        return context.say("登録のない保全の鍵はありません。", "There is no key of a hold that nothing records.");
    }
    let (count, names) = (strays.len(), strays.join(", "));
    context.say(
        &format!("登録のない保全の鍵を {count} 件破棄しました（{names}）。監査記録に残ります。"),
        &format!("{count} keys of holds that nothing recorded are destroyed ({names}); the audit says so."),
    )
}

/// Of keys without a record: what they are, and how they go.
fn told(context: &mut Context<'_>, strays: &[String]) -> Result<(), Failure> {
    if strays.is_empty() {
        return Ok(());
    }
    let (count, names) = (strays.len(), strays.join(", "));
    context.say(
        &format!(
            "登録のない保全の鍵が {count} 件あります（{names}）。控えより後に保全したものの鍵です。要るものは元の保管庫から取り出すか、もう一度保全し、要らなくなったら hold clear --reason で破棄してください。"
        ),
        &format!(
            "There are {count} keys of holds that nothing records ({names}), placed after the backup was made. Take what is needed from the old store, or hold it again; then destroy the keys with `hold clear --reason`."
        ),
    )
}

fn line(row: &HoldRow, lang: Lang) -> String {
    let day = |at| JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let since = day(row.since);
    let state = match (row.ended, &row.ended_by) {
        (Some(at), by) => {
            let (at, by) = (day(at), by.as_deref().unwrap_or_default());
            let how =
                if row.erased { lang.pick("解除・消去", "ended, erased") } else { lang.pick("解除", "ended") };
            format!("{how} {at} {by}")
        }
        (None, _) => lang.pick("保全中", "in force").to_owned(),
    };
    // As it was written down: what a number is called today may be another's name.
    let by = &row.by;
    format!("{}\t{}\t{}\t{since} {by}\t{}\t{state}", row.number, row.message_id, row.day, row.reason)
}
