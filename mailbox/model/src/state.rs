//! How far a bundle has come, as its sender sees it (Profile §8).

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// 届き具合. States only ever rise; how, stands in [`outcome`](crate::outcome).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// 受付: durable at the gateway.
    Accepted,
    /// お届け: in the recipient's mailbox.
    Delivered,
    /// 受け渡し: its whole content went to a terminal of the recipient, as the gateway saw it.
    HandedOver,
    /// 取得（済）: the recipient's signed receipt arrived and its digest matches.
    Retrieved,
    /// 期限切れ: the retention ended before anybody collected it.
    Expired,
    /// The recipient's signed receipt arrived after the retention had ended.
    Late,
}

impl State {
    /// All states, in the order they are reached.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Delivered, Self::HandedOver, Self::Retrieved, Self::Expired, Self::Late];

    /// The keyword on the sender's copy (Profile §7).
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Accepted => "$Accepted",
            Self::Delivered => "$Delivered",
            Self::HandedOver => "$HandedOver",
            Self::Retrieved => "$Retrieved",
            Self::Expired | Self::Late => "$Expired",
        }
    }

    /// The word in the sender's list: 済 once the recipient has acknowledged, 未 before.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted | Self::Delivered => "未",
            Self::HandedOver => "済（受け渡し）",
            Self::Retrieved => "済",
            Self::Expired | Self::Late => "期限切れ",
        }
    }

    /// The number it is stored under.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state of a stored number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The furthest state that these keywords say.
    pub fn from_keywords<'k>(keywords: impl IntoIterator<Item = &'k str>) -> Option<Self> {
        keywords.into_iter().filter_map(|k| Self::ALL.into_iter().find(|s| s.keyword().eq_ignore_ascii_case(k))).max()
    }
}

/// On the recipient's copy, once the gateway took its receipt (Profile §8.3).
pub const ACKNOWLEDGED: &str = "$Acknowledged";

/// On a copy about which a notification was sent, or somebody decided that none will be (RFC 3503 §3.1): any mail tool may say so, and
/// the gateway says it with [`ACKNOWLEDGED`].
pub const MDN_SENT: &str = "$MDNSent";

/// On the sender's copy of what was refused.
pub const REFUSED: &str = "$Refused";

/// Keywords that only the gateway sets and clears (Profile §8.1).
pub fn marks() -> impl Iterator<Item = &'static str> {
    State::ALL.map(State::keyword).into_iter().chain(Fault::ALL.map(Fault::keyword)).chain([REFUSED, ACKNOWLEDGED])
}

/// Is it one of [`marks`]? Keywords are the same in any case (RFC 3501 §2.3.2).
pub fn is_mark(keyword: &str) -> bool {
    marks().any(|mark| mark.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_keyword_counts_and_only_the_receipt_makes_it_done() {
        assert_eq!(State::from_keywords(["$accepted", "$Delivered"]).map(State::word), Some("未"));
        assert_eq!(State::from_keywords(["$HandedOver", "$Delivered"]).map(State::word), Some("済（受け渡し）"));
        assert_eq!(State::from_keywords(["$Retrieved", "$HandedOver"]).map(State::word), Some("済"));
        assert_eq!(State::from_keywords(["$Forwarded"]), None);
    }

    #[test]
    fn every_state_has_a_number_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(state));
        }
        assert_eq!(State::from_code(6), None);
    }
}
