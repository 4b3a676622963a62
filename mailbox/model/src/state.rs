//! How far a bundle has come, as its sender sees it (Profile §8).

use serde::{Deserialize, Serialize};

/// 届き具合. States only ever rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// 受付: durable at the gateway.
    Accepted,
    /// お届け: in the recipient's mailbox.
    Delivered,
    /// 取得（済）: the recipient's signed receipt arrived and its digest matches.
    Retrieved,
}

impl State {
    /// All states, in the order they are reached.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Delivered, Self::Retrieved];

    /// The keyword on the sender's copy (Profile §7).
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Accepted => "$Accepted",
            Self::Delivered => "$Delivered",
            Self::Retrieved => "$Retrieved",
        }
    }

    /// The word in the sender's list: 済 once the recipient has acknowledged, 未 before.
    pub fn word(self) -> &'static str {
        if self == Self::Retrieved { "済" } else { "未" }
    }

    /// The furthest state that these keywords say.
    pub fn from_keywords<'k>(keywords: impl IntoIterator<Item = &'k str>) -> Option<Self> {
        keywords.into_iter().filter_map(|k| Self::ALL.into_iter().find(|s| s.keyword().eq_ignore_ascii_case(k))).max()
    }
}

/// On the recipient's copy, once its receipt was accepted (RFC 3503 §3.1).
pub const MDN_SENT: &str = "$MDNSent";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_keyword_counts_and_only_the_receipt_makes_it_done() {
        assert_eq!(State::from_keywords(["$accepted", "$Delivered"]).map(State::word), Some("未"));
        assert_eq!(State::from_keywords(["$Retrieved", "$Accepted"]).map(State::word), Some("済"));
        assert_eq!(State::from_keywords(["$Forwarded"]), None);
    }
}
