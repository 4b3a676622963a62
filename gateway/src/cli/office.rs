//! `office add|list|show|quota|suspend|resume`: the offices on the roll.

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{Office as Row, OfficeNumber};
use serde::Serialize;

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Office {
    /// 登録する（登録済みなら名称を改める） / register, or rename
    Add {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 事業所名 / name
        name: String,
    },
    /// 一覧 / list
    List,
    /// 一つを表示する / show one
    Show {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
    /// 保管容量を表示する・改める / show how much an office's folders hold and may hold, or change it
    Quota {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 新しい上限（バイト） / from now on at most so many bytes
        bytes: Option<u64>,
    },
    /// 利用を停止する / suspend
    Suspend {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 理由 / why
        #[arg(long)]
        reason: String,
    },
    /// 停止を解く / end a suspension
    Resume {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
}

impl Office {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add { number, name } => Request::OfficeAdd { number, name },
            Self::List => Request::OfficeList,
            Self::Show { number } => return show(context, number),
            Self::Quota { number, bytes } => Request::OfficeQuota { number, bytes },
            Self::Suspend { number, reason } => Request::OfficeSuspend { number, reason },
            Self::Resume { number } => Request::OfficeResume { number },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::Done => context.say("登録簿を更新しました。", "The roll is updated."),
            Reply::Quota { used, limit, .. } => {
                context.rows(&[Held { used_bytes: used, quota_bytes: limit }], |row| held(row, lang))
            }
            Reply::Offices { offices } => context.rows(&offices, |row| line(row, lang)),
            _ => Err(unexpected()),
        }
    }
}

/// How much an office's folders hold, and may.
#[derive(Serialize)]
struct Held {
    used_bytes: u64,
    quota_bytes: u64,
}

/// An office with what its folders hold.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    office: Row,
    #[serde(flatten)]
    held: Held,
}

fn show(context: &mut Context<'_>, number: OfficeNumber) -> Result<(), Failure> {
    let Reply::Office(office) = context.ask(&Request::OfficeShow { number })? else { return Err(unexpected()) };
    let asked = context.ask(&Request::OfficeQuota { number, bytes: None })?;
    let Reply::Quota { used: used_bytes, limit: quota_bytes, .. } = asked else { return Err(unexpected()) };
    let (lang, held_now) = (context.lang, Held { used_bytes, quota_bytes });
    context.rows(&[Shown { office, held: held_now }], |row| {
        format!("{}\t{}", line(&row.office, lang), held(&row.held, lang))
    })
}

fn held(held: &Held, lang: Lang) -> String {
    let Held { used_bytes, quota_bytes } = held;
    let percent = used_bytes.saturating_mul(100).checked_div(*quota_bytes).unwrap_or(100);
    lang.pick(
        format!("容量 {used_bytes} / {quota_bytes} バイト（{percent}%）"),
        format!("{used_bytes} of {quota_bytes} bytes ({percent}%)"),
    )
}

fn line(office: &Row, lang: Lang) -> String {
    let licence = office.licence.map_or_else(
        || lang.pick("ライセンスなし", "no licence").to_owned(),
        |licence| format!("{}–{}", licence.from, licence.until),
    );
    let suspended = office.suspended.as_ref().map(|why| format!("\t{}: {why}", lang.pick("停止中", "suspended")));
    format!("{}\t{}\t{licence}{}", office.number, office.name, suspended.unwrap_or_default())
}
