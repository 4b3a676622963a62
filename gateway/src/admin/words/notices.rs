//! Questions and answers about notices.

use fumibako_model::{Notice, NoticeKind, Stop};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A question about notices.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NoticeAsk {
    /// Posts one.
    Post {
        /// What it is about.
        kind: NoticeKind,
        /// One line.
        title: String,
        /// Lines.
        body: String,
        /// From when it stands; now when absent.
        from: Option<Timestamp>,
        /// Until when.
        until: Timestamp,
        /// When the gateway is to stop.
        stop: Option<Stop>,
    },
    /// Those that stand or are to stand, or the last thousand.
    List {
        /// The last thousand, whatever became of them.
        all: bool,
    },
    /// One of them.
    Show {
        /// Its number.
        id: u32,
    },
    /// Takes one back.
    Withdraw {
        /// Its number.
        id: u32,
    },
}

/// How a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeState {
    /// Its time is to come.
    Scheduled,
    /// It stands.
    Standing,
    /// Its time is over.
    Over,
    /// It was taken back.
    Withdrawn,
}

/// A notice, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRow {
    /// Its number.
    pub id: u32,
    /// How it stands.
    pub state: NoticeState,
    /// When it was posted.
    pub posted: Timestamp,
    /// When it was taken back.
    pub withdrawn: Option<Timestamp>,
    /// What it says.
    #[serde(flatten)]
    pub notice: Notice,
}
