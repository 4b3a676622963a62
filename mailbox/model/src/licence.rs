//! ライセンス: an office's right to send and be sent to (Profile §10): one year at a time, its payment, the terms it rests on.
//!
//! Start at [`Licensing`] (what the roll keeps), [`Licensing::decide`] (what an order makes of it), [`Licensing::due`] (what happens
//! by itself).

mod deed;
mod due;
mod order;
mod terms;
mod view;

use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::roll::Licence;

pub use deed::{Asked, LICENCE_DEED_TYPE, LicenceDeed, NotALicenceDeed, Switch, USER_CHARACTERS};
pub use due::{LicenceDue, WARNING_DAYS};
pub use order::{DEED_MINUTES, LicenceOrder, PERIODS};
pub use terms::{NotTerms, TERMS_BYTES, TERMS_VERSION_BYTES, Terms as LicenceTerms};
pub use view::LicenceView;

/// What a year costs for one office number, in yen with tax (Profile §10.1).
pub const FEE_YEN: u32 = 21_000;
/// So many days before its end a licence is said to end soon, and can be renewed.
pub const ENDING_DAYS: u16 = 60;

/// ライセンスの状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenceState {
    /// 未申請: there was none so far, or its first day is still to come.
    None,
    /// 有効.
    InForce,
    /// まもなく終了: in force, and in its last [`ENDING_DAYS`] days.
    Ending,
    /// 終了.
    Ended,
    /// 停止: the operator stopped it, whatever its days.
    Suspended,
}

/// 支払い状況.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payment {
    /// 未払.
    #[default]
    Unpaid,
    /// 請求済.
    Billed,
    /// 支払済.
    Paid,
}

/// 支払い方法.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PayBy {
    /// 介護給付費からの差引.
    Deduction,
    /// 請求書による口座振込.
    Invoice,
}

/// 同意: what somebody of the office agreed to, as the office signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Version of the terms.
    pub version: String,
    /// SHA-256 of their text, in hex.
    pub digest: String,
    /// When, by the office's clock.
    pub at: Timestamp,
    /// ユーザID of who agreed.
    pub by: String,
}

/// 利用期間: a year of a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day, in Japan.
    pub from: Date,
    /// The last day; it still counts.
    pub until: Date,
    /// How far it is paid.
    #[serde(default)]
    pub payment: Payment,
    /// How it is paid; what the operator granted may leave it open.
    #[serde(default)]
    pub pay_by: Option<PayBy>,
    /// What it rests on; what the operator granted rests on paper.
    #[serde(flatten)]
    pub consent: Option<Consent>,
    /// Did it begin without being asked for anew?
    #[serde(default)]
    pub automatic: bool,
}

/// All that the roll keeps of an office's licence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licensing {
    /// Its years, in order; none begins before the one before it has ended.
    pub periods: Vec<Period>,
    /// 自動更新: is it renewed by itself?
    #[serde(default)]
    pub automatic: bool,
    /// Why it is stopped, if it is.
    #[serde(default)]
    pub suspended: Option<String>,
    /// Of which last day the office was warned so many days before. Never twice, whatever the clock does.
    #[serde(default)]
    pub warned: Option<(Date, u16)>,
    /// The time in the last deed that was obeyed: deeds are obeyed in their order, and none twice.
    #[serde(default)]
    pub said: Option<Timestamp>,
    /// Is the office itself suspended? Not kept here: whoever decides takes it from the office's own row.
    #[serde(skip)]
    pub office_stopped: bool,
}

impl LicenceState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::InForce, Self::Ending, Self::Ended, Self::Suspended];

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "未申請",
            Self::InForce => "有効",
            Self::Ending => "まもなく終了",
            Self::Ended => "終了",
            Self::Suspended => "停止",
        }
    }

    /// The same in English.
    pub fn word_en(self) -> &'static str {
        match self {
            Self::None => "not applied for",
            Self::InForce => "in force",
            Self::Ending => "ends soon",
            Self::Ended => "ended",
            Self::Suspended => "suspended",
        }
    }
}

/// The text is none of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of: {0}")]
pub struct NotAWord(&'static str);

impl FromStr for Payment {
    type Err = NotAWord;
    fn from_str(text: &str) -> Result<Self, NotAWord> {
        Self::ALL.into_iter().find(|payment| payment.word_en() == text).ok_or(NotAWord("unpaid, billed, paid"))
    }
}

impl FromStr for PayBy {
    type Err = NotAWord;
    fn from_str(text: &str) -> Result<Self, NotAWord> {
        match text {
            "deduction" => Ok(Self::Deduction),
            "invoice" => Ok(Self::Invoice),
            _ => Err(NotAWord("deduction, invoice")),
        }
    }
}

impl Payment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unpaid, Self::Billed, Self::Paid];

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "未払",
            Self::Billed => "請求済",
            Self::Paid => "支払済",
        }
    }

    /// The same in English, which is also what is typed.
    pub fn word_en(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Billed => "billed",
            Self::Paid => "paid",
        }
    }
}

impl PayBy {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deduction => "介護給付費からの差引",
            Self::Invoice => "請求書による口座振込",
        }
    }

    /// The same in English.
    pub fn word_en(self) -> &'static str {
        match self {
            Self::Deduction => "deduction from the care benefit",
            Self::Invoice => "bank transfer on an invoice",
        }
    }
}

impl Period {
    /// Days it holds, as the roll's licence.
    pub fn days(&self) -> Licence {
        Licence { from: self.from, until: self.until }
    }
}

impl Licensing {
    /// One that the operator granted.
    pub fn granted(days: Licence) -> Self {
        let Licence { from, until } = days;
        let period = Period { from, until, payment: Payment::Unpaid, pay_by: None, consent: None, automatic: false };
        Self { periods: vec![period], ..Self::default() }
    }

    /// Profile §5.6: does a year of it hold this day? A suspension is asked of apart.
    pub fn covers(&self, day: Date) -> bool {
        self.periods.iter().any(|period| (period.from..=period.until).contains(&day))
    }

    /// The years that follow each other without a gap, up to the last.
    pub fn run(&self) -> Option<Licence> {
        let mut run = self.periods.last()?.days();
        for earlier in self.periods.iter().rev().skip(1) {
            if earlier.until.tomorrow().ok() != Some(run.from) {
                break;
            }
            run.from = earlier.from;
        }
        Some(run)
    }

    /// Is it stopped, or its office?
    pub fn stopped(&self) -> bool {
        self.suspended.is_some() || self.office_stopped
    }

    /// Days from this one to the last; negative once that is over.
    pub fn days_left(&self, today: Date) -> Option<i32> {
        self.run().map(|run| days_between(today, run.until))
    }

    /// Profile §10.2: how it stands on a day.
    pub fn state(&self, today: Date) -> LicenceState {
        let Some(left) = self.days_left(today) else { return LicenceState::None };
        if self.suspended.is_some() {
            LicenceState::Suspended
        } else if left < 0 {
            LicenceState::Ended
        } else if !self.covers(today) {
            LicenceState::None
        } else if left <= i32::from(ENDING_DAYS) {
            LicenceState::Ending
        } else {
            LicenceState::InForce
        }
    }

    /// What its last year rests on.
    pub fn consent(&self) -> Option<&Consent> {
        self.periods.last().and_then(|period| period.consent.as_ref())
    }
}

/// Profile §10.1: the last day of a year that begins on this one: the day before its anniversary. Where there is none, after a 29
/// February, it is the last of that month, as 民法 143 counts. `None` past the calendar's end.
pub fn last_day(from: Date) -> Option<Date> {
    let anniversary = from.checked_add(Span::new().years(1)).ok()?;
    if anniversary.day() == from.day() { anniversary.yesterday().ok() } else { Some(anniversary) }
}

/// Days from one to another.
fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests;
