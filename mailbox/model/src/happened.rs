//! What evidence and the gateway's reports say happened, in words for people: Japanese, then English. One place for lists,
//! the page to print and `verify`.

use crate::{Event, LogEntry, Reason, Report};

/// Japanese, English.
pub type Words = (&'static str, &'static str);

/// What happened to a bundle, in a word.
pub fn event(event: Event, reason: Option<Reason>) -> Words {
    match (event, reason) {
        (Event::SubmissionAcceptance, _) => ("受付", "accepted"),
        (Event::ContentConsignment, _) => ("お届け", "delivered"),
        (Event::ContentHandover, Some(Reason::SeenByTheGateway)) => ("受け渡し", "handed over"),
        (Event::ContentHandover, Some(Reason::AfterExpiry)) => ("期限後の受領", "received after the end"),
        (Event::ContentHandover, _) => ("取得", "collected"),
        (Event::ContentHandoverFailure, Some(Reason::CheckFailed)) => ("開封できず", "not opened"),
        (Event::ContentHandoverFailure, _) => ("期限切れ", "expired"),
    }
}

/// Why, or on whose word.
pub fn reason(reason: Reason) -> Words {
    match reason {
        Reason::SeenByTheGateway => (
            "全体が受け取る事業所の端末に渡りました。ゲートウェイの記録です",
            "all of it went to a terminal of the recipient, by the gateway's word",
        ),
        Reason::AfterExpiry => {
            ("内容が消去されたあとに受領が届きました", "the receipt came when the content was erased")
        }
        Reason::CheckFailed => (
            "受け取る事業所から、開けないという署名つきの返事が届きました。ゲートウェイの記録です",
            "the recipient signed that it does not open, by the gateway's word",
        ),
        Reason::Expired => ("取得されないまま消去されました", "erased before anybody collected it"),
    }
}

/// What a piece of the log is about, in a word.
pub fn entry(entry: &LogEntry) -> Words {
    match entry {
        LogEntry::Bundle(one) => event(one.evidence.event, one.evidence.reason),
        LogEntry::Erased(_) => ("消去", "erased"),
        LogEntry::Pruned(_) => ("証跡の整理", "evidence pruned"),
    }
}

/// What the gateway reports to the sender: for programs, and in words.
pub fn reported(report: Report) -> (&'static str, Words) {
    match report {
        Report::Delivered => (
            "delivered",
            ("お届け（受け取る事業所のメールボックスに届きました）", "it stands in the recipient's mailbox"),
        ),
        Report::HandedOver => (
            "handed-over",
            (
                "受け渡し（全体が受け取る事業所の端末に渡りました。相手の受領証ではありません）",
                "all of it went to a terminal of the recipient; this is no receipt",
            ),
        ),
        Report::Uncollected => (
            "uncollected",
            ("未取得（受け取る事業所がまだ取得していません）", "the recipient has not collected it yet"),
        ),
        Report::Expired => {
            ("expired", ("期限切れ（取得されないまま消去されました）", "it was erased before anybody collected it"))
        }
    }
}
