//! `licence grant|list`: who may send and receive, and until when.

use clap::Subcommand;
use fumibako_model::OfficeNumber;
use jiff::civil::Date;

use super::{Context, Failure, unexpected};
use crate::admin::{OfficeRow, Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Licence {
    /// 与える（既にあれば置き換える） / grant, or replace
    Grant {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 初日（なければ今日） / first day (default: today)
        #[arg(long)]
        from: Option<Date>,
        /// 最終日（なければ 1 年後の前日） / last day (default: a year later, less a day)
        #[arg(long)]
        until: Option<Date>,
    },
    /// 一覧 / list
    List,
}

impl Licence {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Grant { number, from, until } => Request::LicenceGrant { number, from, until },
            Self::List => Request::OfficeList,
        };
        match context.ask(&request)? {
            Reply::Done => context.say("ライセンスを登録しました。", "The licence is granted."),
            Reply::Offices { mut offices } => {
                offices.retain(|row| row.office.licence.is_some());
                context.rows(&offices, |OfficeRow { office, .. }| {
                    let licence = office.licence.map(|licence| format!("{}\t{}", licence.from, licence.until));
                    format!("{}\t{}", office.number, licence.unwrap_or_default())
                })
            }
            _ => Err(unexpected()),
        }
    }
}
