//! What expired before anybody fetched it, told at home to both sides (HM-08), and what the gateway lost.

use fumibako_model::{BundleFacts, State as How};
use jiff::SignedDuration;

use super::*;
use crate::ui::work::look::tests::{arrived, sent, spot};
use crate::ui::work::look::{Arrived, Content, Gone};

fn days_ago(days: i64) -> jiff::Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

/// A plan that was sent so many days ago and ended so many days ago.
fn gone(message_id: &str, at: i64, ended: i64) -> Gone {
    let facts = BundleFacts {
        units: vec!["plan".into()],
        month: Some("202611".into()),
        serial: Some("20261105101010".into()),
        files: 1,
        size: 9,
    };
    let (at, until, state) = (days_ago(at), Some(days_ago(ended)), Some(How::Expired));
    Gone { at, until, state, content: Content::Settled, facts: Some(facts), ..sent(message_id) }
}

/// The lines that home tells of data that was sent, and of data that came.
async fn lines(desk: &Desk) -> (usize, usize) {
    let home = desk.get("/").await.text;
    (home.matches("へ送ったデータは、").count(), home.matches("に届いたデータは、こちらで").count())
}

#[tokio::test]
async fn what_expired_is_told_at_home_for_a_while_and_until_it_was_sent_again() {
    let desk = Desk::new();
    assert_eq!(lines(&desk).await, (0, 0));
    {
        let mut mail = held(&desk.app.mail);
        mail.sent.insert(spot(1), gone("a@x", 95, 4));
        // That one's end is long ago; the receipt of that one came late; that one was taken.
        mail.sent.insert(spot(2), gone("b@x", 150, 59));
        mail.sent.insert(spot(3), Gone { state: Some(How::Late), ..gone("c@x", 95, 4) });
        mail.sent.insert(spot(4), Gone { state: Some(How::Retrieved), ..gone("d@x", 95, 4) });
        let until = Some(days_ago(4));
        let came = |id: &str| Arrived { gone: true, until, at: days_ago(95), ..arrived(id) };
        mail.inbox.insert(spot(1), came("e@x"));
        mail.inbox.insert(spot(2), Arrived { done: true, ..came("f@x") });
        mail.inbox.insert(spot(3), Arrived { gone: false, ..came("g@x") });
        mail.inbox.insert(spot(4), Arrived { until: Some(days_ago(31)), ..came("h@x") });
    }
    assert_eq!(lines(&desk).await, (1, 1));
    let home = desk.get("/").await.text;
    for words in ["居宅サービス計画（1～3表）", "2026-11", "送り直してください", "送り直しを頼んで"]
    {
        assert!(home.contains(words), "{words} in {home}");
    }
    // Another plan of the same kind and month is not the same.
    let mut other = gone("i@x", 1, -89);
    (other.state, other.content) = (Some(How::Delivered), Content::There);
    if let Some(facts) = &mut other.facts {
        facts.serial = Some("20261106101010".into());
    }
    held(&desk.app.mail).sent.insert(spot(5), other.clone());
    assert_eq!(lines(&desk).await, (1, 1));
    if let Some(facts) = &mut other.facts {
        facts.serial = Some("20261105101010".into());
    }
    held(&desk.app.mail).sent.insert(spot(5), other);
    assert_eq!(lines(&desk).await, (0, 1), "it was sent again");
}

// Profile §8.22
#[tokio::test]
async fn what_was_fetched_and_did_not_open_before_it_expired_is_told_as_that() {
    let desk = Desk::new();
    let fault = Some(fumibako_model::Fault::DecryptionFailed);
    held(&desk.app.mail).sent.insert(spot(1), Gone { fault, ..gone("a@x", 95, 4) });
    let home = desk.get("/").await.text;
    assert!(home.contains("取得しても開けないまま") && home.contains("証明書と鍵"), "{home}");
    let list = desk.get("/sent").await.text;
    assert!(list.contains("取得されても開けないまま期限切れ") && list.contains("期限切れの証明"), "{list}");
    held(&desk.app.mail).sent.insert(spot(1), gone("a@x", 95, 4));
    let list = desk.get("/sent").await.text;
    assert!(!list.contains("開けないまま") && list.contains("取得されず期限切れ"), "{list}");
}

// Profile §15.9
#[tokio::test]
async fn what_the_gateway_has_no_record_of_is_told_until_the_same_went_again() {
    let desk = Desk::new();
    let missing = Gone { content: Content::Missing, state: None, until: None, ..gone("a@x", 3, 0) };
    held(&desk.app.mail).sent.insert(spot(u32::MAX), missing);
    let home = desk.get("/").await.text;
    assert!(home.contains("記録が、ゲートウェイにありません") && home.contains("2026-11"), "{home}");
    let list = desk.get("/sent").await.text;
    assert!(list.contains("記録なし") && list.contains("届いていなければ"), "{list}");
    assert!(!list.contains("取得待ち") && !list.contains("/again"), "{list}");
    let page = desk.get(&format!("/sent/{}", spot(u32::MAX))).await.text;
    assert!(page.contains("記録なし") && !page.contains("/proof"), "{page}");
    let again = Gone { content: Content::There, state: Some(How::Delivered), ..gone("b@x", 1, -89) };
    held(&desk.app.mail).sent.insert(spot(2), again);
    assert!(!desk.get("/").await.text.contains("記録が、ゲートウェイにありません"));
}
