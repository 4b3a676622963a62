//! What the gateway tells of offices (Profile §17), licences and notices over HTTPS (Profile §10).

use std::collections::BTreeSet;

use fumibako_model::{
    AgentId, Found, LicenceView, Listed, ListedAgent, OfficeNumber, SEARCHED_CHARACTERS, Search, Shown,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::https::{Question, ask};
use crate::licence::PATH as LICENCE;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// An office as the directory tells it: no mail address, nothing about persons.
pub type Office = Listed<usize>;

/// So long before it begins, a stop is near.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// A notice of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Notice {
    /// Its number.
    pub id: u64,
    /// `info`, `important`, `maintenance` or `licence`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// From when it is shown.
    pub from: Timestamp,
    /// Until when.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// When the gateway is to stop.
    #[serde(default)]
    pub stop_from: Option<Timestamp>,
    /// Until when it is to be stopped.
    #[serde(default)]
    pub stop_until: Option<Timestamp>,
    /// Did we see it before?
    #[serde(default)]
    pub seen: bool,
}

impl Notice {
    /// Profile §18.7: is it about a stop that is near, or under way?
    pub fn is_near(&self, now: Timestamp) -> bool {
        let begins = match self.stop_from {
            Some(from) => from.saturating_sub(NEAR).unwrap_or(from),
            None => self.from,
        };
        let ends = self.stop_until.or(self.until);
        self.kind == "maintenance" && now >= begins && ends.is_none_or(|ends| now < ends)
    }

    /// Is the stop that it tells of under way?
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.stop_from.is_some_and(|from| from <= now) && self.is_near(now)
    }
}

#[derive(Deserialize)]
struct Notices {
    notices: Vec<Notice>,
}

/// Offices that match. What is too long to be searched for is cut.
pub async fn search(settings: &Settings, search: &Search) -> Result<Found, Trouble> {
    let cut = |text: &str| text.chars().take(SEARCHED_CHARACTERS).collect::<String>();
    let fields = [("q", cut(&search.q)), ("municipality", cut(&search.municipality)), ("kind", cut(&search.kind))];
    let fields = fields.iter().filter(|(_, text)| !text.is_empty());
    let fields: Vec<String> = fields.map(|(name, text)| format!("{name}={}", encoded(text))).collect();
    ask(settings, Question::get(&format!("/v1/directory?{}", fields.join("&")))).await
}

/// These offices, at most [`FOUND`](fumibako_model::FOUND); those that are not on the roll are left out.
pub async fn offices(settings: &Settings, numbers: &BTreeSet<OfficeNumber>) -> Result<Vec<Office>, Trouble> {
    let numbers: Vec<&str> = numbers.iter().map(OfficeNumber::as_str).collect();
    let path = format!("/v1/directory?numbers={}", numbers.join(","));
    ask::<Found>(settings, Question::get(&path)).await.map(|found| found.offices)
}

/// One office, with whom to seal to.
pub async fn office(settings: &Settings, number: OfficeNumber) -> Result<Shown, Trouble> {
    ask(settings, Question::get(&format!("/v1/directory/{number}"))).await
}

/// What these agents are called, at most [`FOUND`](fumibako_model::FOUND); those that are not on the roll are left out.
pub async fn agents(settings: &Settings, ids: &BTreeSet<AgentId>) -> Result<Vec<ListedAgent>, Trouble> {
    let ids: Vec<&str> = ids.iter().map(AgentId::as_str).collect();
    ask(settings, Question::get(&format!("/v1/agents/{}", ids.join(",")))).await
}

/// Our licence.
pub async fn licence(settings: &Settings) -> Result<LicenceView, Trouble> {
    ask(settings, Question::get(LICENCE)).await
}

/// What the operator tells everybody.
pub async fn notices(settings: &Settings) -> Result<Vec<Notice>, Trouble> {
    ask::<Notices>(settings, Question::get("/v1/notices")).await.map(|all| all.notices)
}

/// Text in the query of an address (RFC 3986 §2.1).
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_encoded_whatever_it_is() {
        assert_eq!(encoded("99-a_b.~"), "99-a_b.~");
        assert_eq!(encoded("見本 &q="), "%E8%A6%8B%E6%9C%AC%20%26q%3D");
    }

    #[test]
    fn members_that_are_not_known_are_passed_over_and_missing_ones_are_nothing() {
        let text = r#"{"offices":[{"number":"9970000029","name":"見本","can_receive":false,"reason":"suspended","new":1}],"more":true}"#;
        let found: Found = serde_json::from_str(text).unwrap();
        assert_eq!((found.offices[0].name.as_str(), found.more), ("見本", true));
        let text =
            r#"{"office":"9970000011","state":"ending","until":"2026-12-01","days_left":5,"fee_yen":21000,"new":1}"#;
        let licence: LicenceView = serde_json::from_str(text).unwrap();
        assert_eq!((licence.days_left, licence.payment), (Some(5), None));
        let text = r#"{"id":1,"kind":"maintenance","title":"t","body":"b","from":"2026-11-29T00:00:00Z"}"#;
        assert_eq!(serde_json::from_str::<Notice>(text).unwrap().kind, "maintenance");
    }

    // Profile §18.7
    #[test]
    fn a_stop_is_near_from_a_day_before_until_it_is_over() {
        let read = |more: &str| {
            let text = format!(
                r#"{{"id":1,"kind":"maintenance","title":"t","body":"b","from":"2026-11-20T00:00:00Z","until":"2026-12-20T00:00:00Z"{more}}}"#
            );
            serde_json::from_str::<Notice>(&text).unwrap()
        };
        let named = read(r#","stop_from":"2026-12-01T01:00:00Z","stop_until":"2026-12-01T05:00:00Z""#);
        for (at, near) in [
            ("2026-11-30T00:59:59Z", false),
            ("2026-11-30T01:00:00Z", true),
            ("2026-12-01T04:59:59Z", true),
            ("2026-12-01T05:00:00Z", false),
        ] {
            assert_eq!(named.is_near(at.parse().unwrap()), near, "{at}");
        }
        let open = read("");
        let near = |at: &str| open.is_near(at.parse().unwrap());
        assert!(near("2026-11-20T00:00:00Z") && !near("2026-11-19T23:59:59Z") && !near("2026-12-20T00:00:00Z"));
        let other = Notice { kind: "important".into(), ..named };
        assert!(!other.is_near("2026-12-01T02:00:00Z".parse().unwrap()));
    }
}
