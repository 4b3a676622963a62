//! What the gateway's reports say happened, in words for people: Japanese, then English.

use fumibako_model::Report;

/// Japanese, English.
pub(crate) type Words = (&'static str, &'static str);

/// What the gateway reports to the sender: for programs, and in words.
pub(crate) fn reported(report: Report) -> (&'static str, Words) {
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
