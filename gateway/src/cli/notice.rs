//! `notice post|list|show|withdraw`: what the operator tells everybody (Profile §18).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, NOTICE_BODY, NoticeKind, Refusal, Stop};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use super::{Context, Failure, unexpected};
use crate::admin::{NoticeAsk, NoticeRow, NoticeState, Reply, Request};
use crate::clock::Clock;

/// How long a notice stands unless it is said.
const DAYS: i64 = 30;
/// Octets of the longest body, with a mark at its beginning and its line ends.
const BODY_BYTES: u64 = 8 * NOTICE_BODY as u64;

#[derive(Debug, Subcommand)]
pub(super) enum Notice {
    /// お知らせを出す（--from で予約） / post a notice, later with --from
    Post(Box<Post>),
    /// 掲載中と予約済みの一覧 / those that stand or are to stand
    List {
        /// 終わったものと取り下げたものも（最大 1,000 件） / also those that are over or withdrawn, at most 1,000
        #[arg(long)]
        all: bool,
    },
    /// 一つを本文とともに表示する / show one with its body
    Show {
        /// お知らせの番号 / its number
        id: u32,
    },
    /// 取り下げる（戻せない） / take one back for good
    Withdraw {
        /// お知らせの番号 / its number
        id: u32,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Post {
    /// 種別: info お知らせ, important 重要, maintenance 停止・保守（IMAP の ALERT でも知らせる）, licence ライセンス / its kind; maintenance also comes as an IMAP ALERT
    #[arg(long, default_value = "info")]
    kind: NoticeKind,
    /// 件名（1 行、100 文字まで） / its title: one line of up to 100 characters
    #[arg(long)]
    title: String,
    /// 掲載の始まり（日本時間の 2026-12-01T09:00、または時差付き。省略時は今） / from when it stands, in Japan's time or with an offset; now if not given
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// 掲載の終わり（省略時は停止の終わり、または 30 日後） / until when; if not given, the end of the stop or 30 days
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
    /// 停止の始まり（maintenance のみ） / when the gateway is to stop
    #[arg(long, value_parser = moment, requires = "stop_until")]
    stop_from: Option<Timestamp>,
    /// 停止の終わり / until when it is to be stopped
    #[arg(long, value_parser = moment, requires = "stop_from")]
    stop_until: Option<Timestamp>,
    /// 本文のファイル（UTF-8、10,000 文字まで。- は標準入力） / the file with its body in UTF-8, up to 10,000 characters; - is standard input
    #[arg(default_value = "-")]
    body: PathBuf,
}

/// A moment with its offset, or one in Japan: `2026-12-01T09:00`, `2026-12-01`.
fn moment(text: &str) -> Result<Timestamp, String> {
    let here = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    let at = match (text.parse::<Timestamp>(), here) {
        (Ok(at), _) => Ok(at),
        (Err(_), Ok(here)) => JAPAN.to_timestamp(here),
        (Err(why), Err(_)) => Err(why),
    };
    at.map_err(|_| "a moment is written 2026-12-01T09:00 (Japan time), 2026-12-01 or 2026-12-01T09:00+09:00".into())
}

impl Post {
    fn ask(self, now: Timestamp) -> Result<NoticeAsk, Failure> {
        let stop = self.stop_from.zip(self.stop_until).map(|(from, until)| Stop { from, until });
        let begins = self.from.unwrap_or(now);
        let month = || begins.saturating_add(SignedDuration::from_hours(24 * DAYS)).unwrap_or(begins);
        let until = self.until.or(self.stop_until).unwrap_or_else(month);
        let body = body(&self.body)?;
        Ok(NoticeAsk::Post { kind: self.kind, title: self.title, body, from: self.from, until, stop })
    }
}

/// The text of a body, with its lines ended as they are kept.
fn body(file: &Path) -> Result<String, Failure> {
    let mut octets = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(BODY_BYTES + 1).read_to_end(&mut octets)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(BODY_BYTES + 1).read_to_end(&mut octets))
    };
    read.map_err(|why| Failure::Read(file.into(), why))?;
    let text = String::from_utf8(octets).ok().filter(|text| text.len() as u64 <= BODY_BYTES);
    let text =
        text.ok_or_else(|| Refusal::ValueUnfit.about(format_args!("a body of {NOTICE_BODY} characters, UTF-8")))?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

impl Notice {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let whole = matches!(self, Self::Show { .. });
        let ask = match self {
            Self::Post(post) => post.ask(Clock.now())?,
            Self::List { all } => NoticeAsk::List { all },
            Self::Show { id } => NoticeAsk::Show { id },
            Self::Withdraw { id } => NoticeAsk::Withdraw { id },
        };
        let lang = context.lang;
        match context.ask(&Request::Notice(ask))? {
            Reply::Notices { notices } => context.rows(&notices, |row| line(row, lang, whole)),
            _ => Err(unexpected()),
        }
    }
}

fn line(row: &NoticeRow, lang: Lang, whole: bool) -> String {
    let shown = |at: Timestamp| JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let state = match row.state {
        NoticeState::Scheduled => lang.pick("予約", "scheduled"),
        NoticeState::Standing => lang.pick("掲載中", "standing"),
        NoticeState::Over => lang.pick("終了", "over"),
        NoticeState::Withdrawn => lang.pick("取り下げ", "withdrawn"),
    };
    let notice = &row.notice;
    let kind = lang.pick(notice.kind.word(), notice.kind.as_str());
    let span = |from, until| format!("{}–{}", shown(from), shown(until));
    let stop = notice.stop.map(|stop| format!("{} {}", lang.pick("停止", "stop"), span(stop.from, stop.until)));
    let body = if whole { format!("\n\n{}", notice.body.trim_end()) } else { String::new() };
    format!(
        "{}\t{state}\t{kind}\t{}\t{}\t{}{body}",
        row.id,
        span(notice.from, notice.until),
        notice.title,
        stop.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_japans_unless_they_say_otherwise() {
        let at = |text: &str| moment(text).map(|at| at.to_string());
        assert_eq!(at("2026-12-01T09:00"), Ok("2026-12-01T00:00:00Z".into()));
        assert_eq!(at("2026-12-01"), Ok("2026-11-30T15:00:00Z".into()));
        assert_eq!(at("2026-12-01T09:00+01:00"), Ok("2026-12-01T08:00:00Z".into()));
        assert!(at("tomorrow").is_err() && at("").is_err());
    }
}
