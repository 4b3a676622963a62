//! What people read in a report.

use fumibako_model::Report;

use super::{Telling, shown};

impl Telling<'_> {
    /// Names no month, no plan, no person.
    pub(super) fn subject(&self) -> &'static str {
        match self.due.key.report {
            Report::Delivered => "ケアプランデータ お届け済み [Fumibako]",
            Report::HandedOver => "ケアプランデータ 受け渡し済み [Fumibako]",
            Report::Uncollected => "ケアプランデータ 未取得のお知らせ [Fumibako]",
            Report::Expired => "ケアプランデータ 期限切れのお知らせ [Fumibako]",
        }
    }

    /// Japanese, then English, then what an inspector asks for.
    pub(super) fn text(&self) -> String {
        let evidence = &self.due.recorded.evidence;
        let (to, ends) = (evidence.to, shown(self.ends));
        let (ja, en) = match self.due.key.report {
            Report::Delivered => (
                format!(
                    "送信データは、事業所 {to} のメールボックスに届きました。相手が取得したかどうかは、受領証でわかります。"
                ),
                format!(
                    "The bundle stands in the mailbox of the office {to}. Its receipt will say that it was collected."
                ),
            ),
            Report::HandedOver => (
                format!(
                    "送信データの全体を、事業所 {to} の端末に渡しました。これはゲートウェイの記録で、相手の受領証ではありません。"
                ),
                format!(
                    "All of the bundle went to a terminal of the office {to}. This is the gateway's word, not the recipient's receipt."
                ),
            ),
            Report::Uncollected => (
                format!(
                    "送信データを、事業所 {to} はまだ取得していません。{ends}（日本時間）を過ぎると消去されます。相手に連絡してください。\r\n事業所 {to} の方へ: 受信箱に取得していない送信データがあります。期限までに取得してください。"
                ),
                format!(
                    "The office {to} has not collected the bundle. It is erased after {ends} (Japan time). Please call the office.\r\nTo the office {to}: your mailbox holds data that you have not collected. Please collect it in time."
                ),
            ),
            Report::Expired => (
                format!(
                    "送信データは、事業所 {to} が取得しないまま期限が切れ、消去されました。必要なら送り直してください。"
                ),
                format!(
                    "The bundle expired before the office {to} collected it, and is erased. Send it again if it is needed."
                ),
            ),
        };
        format!(
            "{ja}\r\n{en}\r\n\r\nMessage-ID: <{}>\r\nSHA-256: {}\r\n証跡 / evidence: {} ({})\r\n日時 / time: {}（日本時間 / Japan time）\r\n",
            evidence.message_id,
            self.sha256,
            self.due.recorded.id,
            evidence.event.uri(),
            shown(evidence.at),
        )
    }
}
