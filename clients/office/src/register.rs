//! What the gateway tells of offices, licences and notices over HTTPS (Profile §10).

use fumibako_model::OfficeNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::https::{Question, ask};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Longest text that is searched for, in characters.
pub const QUERY_CHARACTERS: usize = 100;

/// An office as the directory tells it: no mail address, nothing about persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名.
    pub name: String,
    /// Where it is.
    #[serde(default)]
    pub municipality: Option<String>,
    /// サービス種類, two characters each.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Can it receive?
    pub can_receive: bool,
    /// Why not: a stable word.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Offices {
    /// The offices, not all of them if there are `more`.
    pub offices: Vec<Office>,
    /// Were some left out?
    #[serde(default)]
    pub more: bool,
}

/// How the licence of our office stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Licence {
    /// `none`, `in-force`, `ending`, `ended` or `suspended`.
    pub state: String,
    /// Its last day.
    #[serde(default)]
    pub until: Option<Date>,
    /// Days until then.
    #[serde(default)]
    pub days_left: Option<i64>,
    /// `unpaid`, `billed` or `paid`.
    #[serde(default)]
    pub payment: Option<String>,
    /// `deduction` or `invoice`.
    #[serde(default)]
    pub pay_by: Option<String>,
    /// Is it renewed by itself?
    #[serde(default)]
    pub automatic: bool,
}

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
    /// From when it is shown; of a stop, when it begins.
    pub from: Timestamp,
    /// Until when.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Notices {
    notices: Vec<Notice>,
}

/// Offices whose number, name, kana or municipality holds this text.
pub async fn search(settings: &Settings, query: &str) -> Result<Offices, Trouble> {
    let query: String = query.chars().take(QUERY_CHARACTERS).collect();
    ask(settings, Question::get(&format!("/v1/directory?q={}", encoded(&query)))).await
}

/// One office.
pub async fn office(settings: &Settings, number: OfficeNumber) -> Result<Office, Trouble> {
    ask(settings, Question::get(&format!("/v1/directory/{number}"))).await
}

/// Our licence.
pub async fn licence(settings: &Settings) -> Result<Licence, Trouble> {
    ask(settings, Question::get("/v1/licence")).await
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
        let found: Offices = serde_json::from_str(text).unwrap();
        assert_eq!((found.offices[0].name.as_str(), found.more), ("見本", true));
        let licence: Licence =
            serde_json::from_str(r#"{"state":"ending","until":"2026-12-01","days_left":5}"#).unwrap();
        assert_eq!((licence.days_left, licence.payment), (Some(5), None));
        let text = r#"{"id":1,"kind":"maintenance","title":"t","body":"b","from":"2026-11-29T00:00:00Z"}"#;
        assert_eq!(serde_json::from_str::<Notice>(text).unwrap().kind, "maintenance");
    }
}
