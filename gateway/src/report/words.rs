//! What people read in a report: what happened, to which bundle, what to do next, and what the attached file is for.

use fumibako_careplan::Lang;
use fumibako_model::{BundleFacts, OfficeNumber, Report};
use jiff::{SignedDuration, Timestamp};

use super::{Telling, shown};

/// So many days before the end somebody should telephone who sees no 済.
const CALLED_BEFORE: i64 = 3;

#[cfg(test)]
mod tests;

impl Telling<'_> {
    /// Names no month, no plan, no person; of what waits, until when it does.
    pub(super) fn subject(&self) -> String {
        let what = match (self.due.key.report, self.fault().is_some()) {
            (Report::Delivered | Report::HandedOver, true) => "開封できず",
            (Report::Delivered, false) => "お届け済み",
            (Report::HandedOver, false) => "受け渡し済み",
            (Report::Uncollected, true) => "開封できず・期限のお知らせ",
            (Report::Uncollected, false) => "未取得のお知らせ",
            (Report::Expired, _) => "期限切れのお知らせ",
        };
        let reminds = self.due.key.report == Report::Uncollected;
        let until = if reminds { format!("（{} に消去）", shown(self.ends)) } else { String::new() };
        format!("ケアプランデータ {what}{until} [Fumibako]")
    }

    /// Japanese, then English, then what an inspector asks for.
    pub(super) fn text(&self) -> String {
        let evidence = &self.due.recorded.evidence;
        let sha256 = self.pieces.first().and_then(|one| one.evidence.sha256.as_deref()).unwrap_or_default();
        format!(
            "{}\r\n----------------------------------------\r\n\r\n{}\r\n----------------------------------------\r\n\r\n\
             照合用 / for reference\r\nMessage-ID: <{}>\r\nSHA-256: {sha256}\r\n証跡 / evidence: {} ({})\r\n",
            self.told(Lang::Ja),
            self.told(Lang::En),
            evidence.message_id,
            self.due.recorded.id,
            evidence.event.uri(),
        )
    }

    /// All of it in one language.
    fn told(&self, lang: Lang) -> String {
        let section = |name: (&str, &str), lines: &str| format!("■ {}\r\n{lines}\r\n\r\n", lang.pick(name.0, name.1));
        let facts: Vec<_> = self.facts(lang).iter().map(|(label, value)| format!("{label}: {value}")).collect();
        [
            format!("{}\r\n\r\n", self.happened(lang)),
            section(("どの送信データか", "Which bundle"), &facts.join("\r\n")),
            section(("このあとすること", "What to do next"), &self.next(lang)),
            section(("添付のファイル", "The attached file"), &self.attached(lang)).trim_end().to_owned(),
            "\r\n".to_owned(),
        ]
        .concat()
    }

    /// An office by its name and its number.
    fn office(name: &str, number: OfficeNumber, lang: Lang) -> String {
        match name {
            "" => lang.pick(format!("事業所（{number}）"), format!("office {number}")),
            name => lang.pick(format!("{name}（{number}）"), format!("{name} ({number})")),
        }
    }

    fn from(&self, lang: Lang) -> String {
        Self::office(&self.about.from, self.due.recorded.evidence.from, lang)
    }

    fn to(&self, lang: Lang) -> String {
        Self::office(&self.about.to, self.due.recorded.evidence.to, lang)
    }

    /// Whose terminal took it: the recipient's own, or that of an agent for it (Profile §9.5).
    fn taken_by(&self, lang: Lang) -> String {
        let to = self.to(lang);
        match &self.due.recorded.evidence.by {
            None => lang.pick(format!("{to}の端末"), format!("a terminal of {to}")),
            Some(by) => lang.pick(
                format!("{to}の代行業者 {} の端末", by.agent),
                format!("a terminal of {}, the agent of {to}", by.agent),
            ),
        }
    }

    fn happened(&self, lang: Lang) -> String {
        let (from, to, ends) = (self.from(lang), self.to(lang), moment(self.ends, lang));
        match (self.due.key.report, self.fault()) {
            (Report::Delivered, None) => lang.pick(
                format!("送信データは、{to}のメールボックスに届きました。"),
                format!("The bundle stands in the mailbox of {to}."),
            ),
            (Report::Delivered | Report::HandedOver, Some(fault)) => lang.pick(
                format!("送信データは{to}に届きましたが、開けないという署名つきの返事がありました。{ends}を過ぎると消去されます。\r\n{}", fault.sentence(lang)),
                format!("The bundle reached {to}, which answered, signed, that it does not open. It is erased after {ends}.\r\n{}", fault.sentence(lang)),
            ),
            (Report::HandedOver, None) => lang.pick(
                format!("送信データの全体を、{}に渡しました。これはゲートウェイの記録で、相手の受領証ではありません。", self.taken_by(lang)),
                format!("All of the bundle went to {}. This is the gateway's word, not the recipient's receipt.", self.taken_by(lang)),
            ),
            (Report::Uncollected, None) => lang.pick(
                format!("{from}が送ったデータを、{to}はまだ取得していません。{ends}を過ぎると消去されます。"),
                format!("{to} has not collected what {from} sent. It is erased after {ends}."),
            ),
            (Report::Uncollected, Some(fault)) => lang.pick(
                format!("{from}が送ったデータを、{to}は取得しましたが、開けないという署名つきの返事をしました。{ends}を過ぎると消去されます。\r\n{}", fault.sentence(lang)),
                format!("{to} collected what {from} sent and answered, signed, that it does not open. It is erased after {ends}.\r\n{}", fault.sentence(lang)),
            ),
            (Report::Expired, None) => lang.pick(
                format!("送信データは、{to}が取得しないまま期限が切れ、消去されました。"),
                format!("The bundle expired before {to} collected it, and is erased."),
            ),
            (Report::Expired, Some(_)) => lang.pick(
                format!("送信データは、{to}が取得しても開けないまま期限が切れ、消去されました。"),
                format!("The bundle, which {to} collected and could not open, expired and is erased."),
            ),
        }
    }

    /// Which bundle, and every moment with its name.
    fn facts(&self, lang: Lang) -> Vec<(&'static str, String)> {
        let (about, evidence) = (&self.about, &self.due.recorded.evidence);
        let files = about.facts.as_ref().map(|facts| lang.pick(format!("{} 個", facts.files), facts.files.to_string()));
        let accepted = self.pieces.first().map(|one| moment(one.evidence.at, lang));
        let at = moment(evidence.at, lang);
        // What is held stays over its end (Profile §11.6); nobody is told a moment that went by.
        let erased = Some(moment(self.ends, lang)).filter(|_| self.now < self.ends);
        let (happened, until) = match self.due.key.report {
            Report::Delivered => ((lang.pick("お届けの日時", "delivered"), at), erased),
            Report::HandedOver => ((lang.pick("受け渡しの日時", "handed over"), at), erased),
            Report::Uncollected => ((lang.pick("このお知らせの日時", "this letter"), moment(self.now, lang)), erased),
            Report::Expired => ((lang.pick("期限切れの日時", "expired"), at), None),
        };
        let rows = [
            (lang.pick("送信元", "from"), Some(self.from(lang))),
            (lang.pick("送信先", "to"), Some(self.to(lang))),
            (lang.pick("送信日時", "sent"), about.sent.map(|sent| moment(sent, lang))),
            (lang.pick("データの種類", "data"), about.kinds(lang)),
            (lang.pick("対象年月", "month"), about.facts.as_ref().and_then(BundleFacts::year_month)),
            (lang.pick("ファイル", "files"), files),
            (lang.pick("受付の日時", "accepted"), accepted),
            (happened.0, Some(happened.1)),
            (lang.pick("消去の予定", "to be erased"), until),
        ];
        rows.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
    }

    fn next(&self, lang: Lang) -> String {
        let (from, to, ends) = (self.from(lang), self.to(lang), moment(self.ends, lang));
        match (self.due.key.report, self.fault()) {
            (Report::Delivered | Report::HandedOver, Some(fault)) => fault.next(lang).into(),
            (Report::Delivered, None) => {
                let by = moment(self.in_time(), lang);
                lang.pick(
                    format!("お手続きは不要です。相手が取得すると、署名つきの受領証が Receipts フォルダーに届きます（fumibako の送信一覧では「未」が「済」になります）。{by}までに届かないときは、電話などで相手に確かめてください。{ends}を過ぎると消去されます。"),
                    format!("Nothing. When the other office has collected it, its signed receipt comes into the folder Receipts (the list of fumibako says 済). Where none does until {by}, telephone that office: it is erased after {ends}."),
                )
            }
            (Report::HandedOver, None) => lang.pick(
                "お手続きは不要です。相手の署名つきの受領証が必要なときは、受領証を返すよう相手に頼んでください（相手が fumibako で取得すると、自動で返ります）。".into(),
                "Nothing. If you need the recipient's signed receipt, ask that office to return one (fumibako does so by itself when it collects).".into(),
            ),
            (Report::Uncollected, None) => lang.pick(
                format!("送信元の{from}の方へ: 電話などで相手に知らせてください。\r\n送信先の{to}の方へ: 受信一覧（メールソフトでは受信トレイ）に、{from}からの取得していないデータがあります。期限までに取得してください。普通のメールソフトで受け取り済みのときは、そのメールを開いて既読にするか、別のフォルダーへ移してください。受け渡し済みと記録され、このお知らせは止まります。見当たらないとき（開かずに削除・移動したときなど）は、{from}に送り直しを頼んでください。"),
                format!("To the sender, {from}: please telephone the other office.\r\nTo the recipient, {to}: your inbox holds data of {from} that you have not collected. Please collect it in time. If you have it already by an ordinary mail program, open that mail so that it is marked as read, or move it to another folder: that is written down as handed over, and these letters end. If it is not in your inbox any more (deleted or moved before you collected it), ask {from} to send it again."),
            ),
            (Report::Uncollected, Some(fault)) => lang.pick(
                format!("送信元の{from}の方へ: {}\r\n送信先の{to}の方へ: 証明書と鍵を確かめて、もう一度取得してください。それでも開けないときは、{from}に送り直しを頼んでください。", fault.next(lang)),
                format!("To the sender, {from}: {}\r\nTo the recipient, {to}: check your certificate and keys, and collect it once more. If it does not open then, ask {from} to send it again.", fault.next(lang)),
            ),
            (Report::Expired, _) => lang.pick(
                "データが必要なら、相手に連絡してから、元のファイルを送り直してください。データの種類と対象年月は内容と一緒に消去したので、ここには書けません。送信の控えか、このデータについての前のお知らせで確かめてください。".into(),
                "If the data is needed, call the other office and send the files again. What it was went with its content and cannot be told here: see your own list, or the letters before about this bundle.".into(),
            ),
        }
    }

    /// Some days before it is erased, so that a telephone call still helps; of what is kept no longer than that, its end.
    fn in_time(&self) -> Timestamp {
        let before = self.ends.saturating_sub(SignedDuration::from_hours(24 * CALLED_BEFORE)).unwrap_or(self.ends);
        if before > self.now { before } else { self.ends }
    }

    fn attached(&self, lang: Lang) -> String {
        let id = self.due.recorded.id;
        lang.pick(
            format!("{id}.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify {id}.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）"),
            format!("{id}.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify {id}.json (where nothing is set up, with --evidence-authority and the authority's file)"),
        )
    }
}

/// A moment as people in Japan read it, and that it is their time.
fn moment(at: Timestamp, lang: Lang) -> String {
    format!("{}{}", shown(at), lang.pick("（日本時間）", " (Japan time)"))
}
