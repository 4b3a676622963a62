//! お知らせ: what the operator tells everybody (Profile §18).

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::mailbox::{FolderId, MessageId, Uid};

/// The mailbox that shows them to everybody.
pub const NOTICES: &str = "Notices";
/// Its number: the store gives none below 1.
pub const NOTICES_FOLDER: FolderId = FolderId(0);
/// Longest title, in characters.
pub const NOTICE_TITLE: usize = 100;
/// Longest body, in characters.
pub const NOTICE_BODY: usize = 10_000;
/// Most notices that stand, or are to stand.
pub const NOTICES_AT_ONCE: usize = 50;
/// How long one stands at most, and how far ahead it is posted.
pub const NOTICE_DAYS: i64 = 400;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// お知らせ
    Info,
    /// 重要
    Important,
    /// 停止・保守
    Maintenance,
    /// ライセンス
    Licence,
}

/// The text is no kind of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a notice is info, important, maintenance or licence")]
pub struct NotANoticeKind;

/// A notice as it is posted. It does not change; another word is another notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// One line.
    pub title: String,
    /// Lines that end with LF.
    pub body: String,
    /// It stands from this moment on,
    pub from: Timestamp,
    /// and no longer at this one.
    pub until: Timestamp,
    /// When the gateway is to stop, where it is about that.
    #[serde(flatten)]
    pub stop: Option<Stop>,
}

/// The time in which the gateway is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// From then,
    #[serde(rename = "stop_from")]
    pub from: Timestamp,
    /// until then.
    #[serde(rename = "stop_until")]
    pub until: Timestamp,
}

/// Why a text is no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANotice {
    /// The title does not fit.
    #[error("a title has 1 to {NOTICE_TITLE} characters in one line")]
    Title,
    /// The body does not fit.
    #[error("a body has 1 to {NOTICE_BODY} characters and no control characters but line ends and tabs")]
    Body,
    /// It would end before it begins, or is over.
    #[error("a notice ends after it begins, and after now")]
    Time,
    /// It would stand too long.
    #[error("a notice begins and ends within {NOTICE_DAYS} days")]
    Long,
    /// Only maintenance stops anything, and a stop takes time.
    #[error("a stop belongs to a notice of maintenance, and ends after it begins")]
    Stop,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Info, Self::Important, Self::Maintenance, Self::Licence];

    /// The word in the protocols.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Important => "important",
            Self::Maintenance => "maintenance",
            Self::Licence => "licence",
        }
    }

    /// The word on screens and in subjects.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "お知らせ",
            Self::Important => "重要",
            Self::Maintenance => "停止・保守",
            Self::Licence => "ライセンス",
        }
    }
}

impl FromStr for NoticeKind {
    type Err = NotANoticeKind;
    fn from_str(text: &str) -> Result<Self, NotANoticeKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotANoticeKind)
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Notice {
    /// Profile §18.1: may it be posted now?
    pub fn sound(&self, now: Timestamp) -> Result<(), NotANotice> {
        if !fits(&self.title, NOTICE_TITLE) || self.title.chars().any(char::is_control) {
            return Err(NotANotice::Title);
        }
        if !fits(&self.body, NOTICE_BODY) || self.body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(NotANotice::Body);
        }
        if self.until <= self.from || self.until <= now {
            return Err(NotANotice::Time);
        }
        let most = SignedDuration::from_hours(24 * NOTICE_DAYS);
        if self.until.duration_since(self.from.min(now)) > most {
            return Err(NotANotice::Long);
        }
        match self.stop {
            Some(stop) if self.kind != NoticeKind::Maintenance || stop.until <= stop.from => Err(NotANotice::Stop),
            _ => Ok(()),
        }
    }
}

/// Something to read in so many characters, none of which turns the direction of others or hides.
fn fits(text: &str, most: usize) -> bool {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(turns)
}

/// The message that shows a notice under this UID. No store gives a number below 0, and no UID is given twice.
pub fn notice_message(uid: Uid) -> MessageId {
    MessageId(-i64::from(uid.get()))
}

/// The UID of such a message.
pub fn notice_uid(message: MessageId) -> Option<Uid> {
    u32::try_from(message.0.checked_neg()?).ok().and_then(Uid::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice {
            kind: NoticeKind::Maintenance,
            title: "定期メンテナンス".into(),
            body: "11月29日の夜、\n停止します。\n".into(),
            from: "2026-11-26T00:00:00Z".parse().unwrap(),
            until: "2026-11-30T00:00:00Z".parse().unwrap(),
            stop: None,
        }
    }

    // Profile §18.1
    #[test]
    fn a_notice_has_limits_on_each_side() {
        let now: Timestamp = "2026-11-26T09:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        let posted = |change: fn(&mut Notice)| {
            let mut notice = notice();
            change(&mut notice);
            notice.sound(now)
        };
        assert_eq!(posted(|_| ()), Ok(()));
        assert_eq!(posted(|n| n.title = "題".repeat(NOTICE_TITLE)), Ok(()));
        assert_eq!(posted(|n| n.title = "題".repeat(NOTICE_TITLE + 1)), Err(NotANotice::Title));
        for title in ["", " \u{3000}", "a\r\nBcc: x", "a\nb", "a\tb", "a\u{202e}b", "a\0b", "a\u{2028}b"] {
            assert_eq!(Notice { title: title.into(), ..notice() }.sound(now), Err(NotANotice::Title), "{title:?}");
        }
        assert_eq!(posted(|n| n.body = "文".repeat(NOTICE_BODY)), Ok(()));
        assert_eq!(posted(|n| n.body = "文".repeat(NOTICE_BODY + 1)), Err(NotANotice::Body));
        for body in ["", "\n", "a\rb", "a\u{1b}[31m", "a\0"] {
            assert_eq!(Notice { body: body.into(), ..notice() }.sound(now), Err(NotANotice::Body), "{body:?}");
        }
        assert_eq!(posted(|n| n.until = n.from), Err(NotANotice::Time));
        assert_eq!(Notice { until: now, ..notice() }.sound(now), Err(NotANotice::Time));
        let late = Notice { from: now, until: now + day * 400, ..notice() };
        assert_eq!(late.sound(now), Ok(()));
        let later = Notice { until: late.until + SignedDuration::from_secs(1), ..late };
        assert_eq!(later.sound(now), Err(NotANotice::Long));
        let stop = Some(Stop { from: now, until: now + day });
        assert_eq!(Notice { stop, ..notice() }.sound(now), Ok(()));
        assert_eq!(Notice { stop, kind: NoticeKind::Info, ..notice() }.sound(now), Err(NotANotice::Stop));
        assert_eq!(Notice { stop: Some(Stop { from: now, until: now }), ..notice() }.sound(now), Err(NotANotice::Stop));
    }

    #[test]
    fn a_notice_reads_as_it_is_written() {
        let text = serde_json::to_string(&notice()).unwrap();
        assert!(!text.contains("stop"), "{text}");
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice());
        let stop = Some(Stop { from: notice().from, until: notice().until });
        let text = serde_json::to_string(&Notice { stop, ..notice() }).unwrap();
        assert!(text.contains("\"stop_from\":\"2026-11-26T00:00:00Z\""), "{text}");
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap().stop, stop);
    }

    #[test]
    fn its_messages_have_numbers_of_their_own() {
        for uid in [1, u32::MAX] {
            let uid = Uid::new(uid).unwrap();
            assert_eq!(notice_uid(notice_message(uid)), Some(uid));
        }
        for other in [0, 1, i64::MAX, i64::MIN] {
            assert_eq!(notice_uid(MessageId(other)), None);
        }
    }
}
