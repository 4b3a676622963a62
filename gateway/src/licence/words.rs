//! What people read in a letter about their licence.

use fumibako_model::{FEE_YEN, LicenceDue};

use super::Telling;

impl Telling<'_> {
    pub(super) fn subject(&self) -> &'static str {
        match self.due {
            LicenceDue::Warn(_) => "ライセンスの有効期限が近づいています [Fumibako]",
            LicenceDue::Renew => "ライセンスを自動更新しました [Fumibako]",
            LicenceDue::Lapse => "ライセンスは自動更新されませんでした [Fumibako]",
        }
    }

    /// Japanese, then English.
    pub(super) fn text(&self) -> String {
        let (office, until, fee) = (self.office, self.until, yen(FEE_YEN));
        match self.due {
            LicenceDue::Renew => format!(
                "事業所 {office} のライセンスを自動更新しました。新しい有効期限は {until} です。利用料は 1 年 {fee} 円（税込）です。\r\n自動更新は、ライセンスの画面か fumibako licence automatic off で止められます。\r\n\r\nThe licence of the office {office} was renewed by itself, until {until}. A year costs {fee} yen with tax.\r\nAutomatic renewal can be turned off in the licence screen or with: fumibako licence automatic off\r\n"
            ),
            LicenceDue::Lapse => {
                let (next_ja, next_en) = self.next();
                format!(
                    "事業所 {office} のライセンスは、自動更新されずに {until} で終わりました。自動更新の設定は解除しました。\r\n{next_ja}\r\n\r\nThe licence of the office {office} was not renewed by itself and ended on {until}. Automatic renewal is turned off.\r\n{next_en}\r\n"
                )
            }
            LicenceDue::Warn(_) => {
                let left = self.licensing.days_left(fumibako_model::japanese_day(self.now)).unwrap_or_default();
                let (next_ja, next_en) = self.next();
                format!(
                    "事業所 {office} のライセンスの有効期限は {until} です（あと {left} 日）。期限を過ぎると送受信できなくなります。届いているデータの取得と証跡の確認は、期限の後もできます。\r\n{next_ja}\r\n\r\nThe licence of the office {office} ends on {until}, in {left} days. After that the office neither sends nor receives; what has arrived can still be collected, and evidence read.\r\n{next_en}\r\n"
                )
            }
        }
    }

    /// What the office has to do.
    fn next(&self) -> (&'static str, &'static str) {
        if self.licensing.stopped() {
            return (
                "利用停止中なので、自動でも手続きでも更新されません。ゲートウェイの運用者に問い合わせてください。",
                "It is suspended, so it is renewed neither by itself nor when asked for. Contact the operator of the gateway.",
            );
        }
        let Some(consent) = self.licensing.consent() else {
            return (
                "利用規約への同意がまだないので、自動では更新されません。ライセンスの画面か fumibako licence renew で、利用規約に同意して更新してください。",
                "Nobody has agreed to the terms yet, so it is not renewed by itself. Agree to them and renew it in the licence screen or with: fumibako licence renew",
            );
        };
        match (self.licensing.automatic, consent.is_to(self.roll.terms())) {
            (true, true) => (
                "自動更新の設定になっているので、手続きは要りません。最終日に 1 年更新されます。",
                "It is renewed by itself for a year on the last day; there is nothing to do.",
            ),
            (true, false) => (
                "自動更新の設定ですが、利用規約が変わったため、このままでは更新されません。新しい利用規約を読み、同意して更新してください。",
                "It is set to renew by itself, but the terms have changed and it will not be renewed as it stands. Read the new terms, agree to them and renew.",
            ),
            (false, _) => (
                "ライセンスの画面か fumibako licence renew で更新してください。",
                "Renew it in the licence screen or with: fumibako licence renew",
            ),
        }
    }
}

/// `21,000`.
fn yen(amount: u32) -> String {
    format!("{},{:03}", amount / 1000, amount % 1000)
}
