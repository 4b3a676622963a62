//! `licence grant|suspend|resume|payment|list|show`: who may send and receive, until when, and how far it is paid.

use clap::Subcommand;
use fumibako_model::{LicenceView, OfficeNumber, PayBy, Payment};
use jiff::civil::Date;

use super::{Context, Failure, unexpected};
use crate::admin::{LicenceAsk, Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Licence {
    /// 与える（その初日を含む年は前日まで、後に始まる年は取り消す） / grant; the year of its first day ends before it, later ones go
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
    /// 停止する（送受信できなくなる） / stop it: the office neither sends nor is sent to
    Suspend {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 理由（事業所に表示される） / why; the office is shown it
        #[arg(long)]
        reason: String,
    },
    /// 停止を解く / let it go on
    Resume {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
    /// 支払い状況を記録する / write down how far a year is paid
    Payment {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// unpaid（未払）, billed（請求済）, paid（支払済） / how far
        payment: Payment,
        /// この日に始まる年（なければ最後の年） / the year that begins on this day (default: the last)
        #[arg(long)]
        from: Option<Date>,
        /// 支払い方法も改める: deduction（差引）, invoice（請求書） / how it is paid from now on
        #[arg(long)]
        pay_by: Option<PayBy>,
    },
    /// 一覧 / list
    List,
    /// 一つを詳しく、事業所が署名した申請とともに見る / show one, with what the office signed
    Show {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
}

impl Licence {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Grant { number, from, until } => Request::LicenceGrant { number, from, until },
            Self::Suspend { number, reason } => Request::Licence(LicenceAsk::Suspend { number, reason: Some(reason) }),
            Self::Resume { number } => Request::Licence(LicenceAsk::Suspend { number, reason: None }),
            Self::Payment { number, payment, from, pay_by } => {
                Request::Licence(LicenceAsk::Payment { number, from, payment, pay_by })
            }
            Self::List => Request::Licence(LicenceAsk::List),
            Self::Show { number } => Request::Licence(LicenceAsk::Show { number }),
        };
        match context.ask(&request)? {
            Reply::Done => context.say("ライセンスを登録しました。", "The licence is written down."),
            Reply::Licences { licences } => context.rows(&licences, row),
            Reply::Licence { licence, deeds } => {
                let lang = context.lang;
                let years = licence.periods.iter().map(|year| {
                    let by = year.pay_by.map_or("-", |by| lang.pick(by.word(), by.word_en()));
                    let paid = lang.pick(year.payment.word(), year.payment.word_en());
                    let consent = year.consent.as_ref();
                    let consent =
                        consent.map_or_else(String::new, |one| format!("\t{} {} {}", one.version, one.by, one.at));
                    format!("\n{}\t{}\t{paid}\t{by}{consent}", year.from, year.until)
                });
                let text = row(&licence) + &years.collect::<String>();
                let one = serde_json::json!({ "licence": licence, "deeds": deeds });
                context.rows(&[one], |_| text.clone())
            }
            _ => Err(unexpected()),
        }
    }
}

/// The office, its days, and how it stands, in words that do not change with the language.
fn row(one: &LicenceView) -> String {
    let day = |day: Option<Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let (state, paid) = (one.state.word_en(), one.payment.map_or("-", Payment::word_en));
    let automatic = if one.automatic { "automatic" } else { "by hand" };
    let stopped = one.suspended.as_ref().map_or_else(String::new, |why| format!("\t{why}"));
    format!("{}\t{}\t{}\t{state}\t{paid}\t{automatic}{stopped}", one.office, day(one.from), day(one.until))
}
