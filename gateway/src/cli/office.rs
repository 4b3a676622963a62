//! `office add|list|show|suspend|resume`: the offices on the roll.

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{Office as Row, OfficeNumber};

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
            Self::Show { number } => Request::OfficeShow { number },
            Self::Suspend { number, reason } => Request::OfficeSuspend { number, reason },
            Self::Resume { number } => Request::OfficeResume { number },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::Done => context.say("登録簿を更新しました。", "The roll is updated."),
            Reply::Office(office) => context.rows(&[office], |row| line(row, lang)),
            Reply::Offices { offices } => context.rows(&offices, |row| line(row, lang)),
            _ => Err(unexpected()),
        }
    }
}

fn line(office: &Row, lang: Lang) -> String {
    let licence = office.licence.map_or_else(
        || lang.pick("ライセンスなし", "no licence").to_owned(),
        |licence| format!("{}–{}", licence.from, licence.until),
    );
    let suspended = office.suspended.as_ref().map(|why| format!("\t{}: {why}", lang.pick("停止中", "suspended")));
    format!("{}\t{}\t{licence}{}", office.number, office.name, suspended.unwrap_or_default())
}
