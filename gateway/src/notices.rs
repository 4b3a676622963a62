//! お知らせ at the gateway: when they come and go, the message that shows each, and who is told at once (Profile §18).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use fumibako_model::{Domain, Notice, NoticeKind, Party, Stop, Uid};
use fumibako_store::{KeptNotice, Store, StoreError, WhichNotices};
use fumibako_wire::Alert;
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::house::House;
use crate::report::{date, encoded_words, lines, shown, written_by};

/// What the gateway keeps of notices beside the store.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// Held by whoever changes them, so that their numbers follow each other.
    due: Mutex<Due>,
    /// Those of maintenance that stand.
    pub(crate) urgent: watch::Sender<Arc<[Urgent]>>,
    /// Changes with the mailbox.
    pub(crate) news: watch::Sender<()>,
    /// Change with a party's own marks.
    pub(crate) marked: Marks,
}

/// One channel for each party that somebody listens for.
#[derive(Debug, Default)]
pub(crate) struct Marks(std::sync::Mutex<HashMap<Party, watch::Sender<()>>>);

impl Marks {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<Party, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of this party's marks.
    pub(crate) fn watch(&self, party: &Party) -> watch::Receiver<()> {
        self.all().entry(party.clone()).or_default().subscribe()
    }

    /// This party marked something. Nobody listens: it is forgotten.
    pub(crate) fn wake(&self, party: &Party) {
        let mut all = self.all();
        if all.get(party).is_some_and(|sender| sender.send(()).is_err()) {
            all.remove(party);
        }
    }

    /// For how many parties somebody listens, or did.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }
}

/// When the next one comes or goes.
#[derive(Debug, Default)]
struct Due {
    next: Option<Timestamp>,
    /// The clock as it was; `None` before the first look.
    looked: Option<Timestamp>,
}

/// What everybody is told at once.
#[derive(Clone, Debug)]
pub(crate) struct Urgent {
    /// It stands under this UID; a later one has a higher one.
    pub(crate) uid: Uid,
    pub(crate) alert: Alert,
}

/// Lets notices come and go, if it is time.
pub(crate) async fn turn<S: Store>(house: &House<S>) -> Result<(), StoreError> {
    let mut due = house.notices.due.lock().await;
    let now = house.clock.now();
    // A clock that ran back may have been wrong before.
    let wrong = due.looked.is_none_or(|looked| now < looked);
    if wrong || due.next.is_some_and(|next| next <= now) {
        return look(house, &mut due, now).await;
    }
    due.looked = Some(now);
    Ok(())
}

async fn look<S: Store>(house: &House<S>, due: &mut Due, now: Timestamp) -> Result<(), StoreError> {
    let turned = house.store.turn_notices(now).await?;
    if turned.changed || due.looked.is_none() {
        let standing = house.store.notices(WhichNotices::Standing).await?;
        let urgent = standing.iter().filter(|kept| kept.notice.kind == NoticeKind::Maintenance);
        let urgent = urgent.filter_map(|kept| Some(Urgent { uid: kept.uid?, alert: alert(&kept.notice) }));
        house.notices.urgent.send_replace(urgent.collect());
        house.notices.news.send_replace(());
    }
    *due = Due { next: turned.next, looked: Some(now) };
    Ok(())
}

/// Nobody else changes them meanwhile; what was changed shows when this ends.
pub(crate) struct Changing<'h, S> {
    house: &'h House<S>,
    due: MutexGuard<'h, Due>,
}

impl<'h, S: Store> Changing<'h, S> {
    pub(crate) async fn begin(house: &'h House<S>) -> Self {
        Self { house, due: house.notices.due.lock().await }
    }

    /// The number of the next one.
    pub(crate) async fn next_id(&self) -> Result<u32, StoreError> {
        let all = self.house.store.notices(WhichNotices::All).await?;
        Ok(all.last().map_or(0, |kept: &KeptNotice| kept.id).saturating_add(1))
    }

    pub(crate) async fn end(mut self) -> Result<(), StoreError> {
        let now = self.house.clock.now();
        look(self.house, &mut self.due, now).await
    }
}

/// Profile §18.5: what is said of maintenance. A client that reads ASCII is sent to the mailbox for the rest.
fn alert(notice: &Notice) -> Alert {
    let title = if notice.title.is_ascii() { format!(": {}", notice.title) } else { String::new() };
    let (plain, full) = match notice.stop {
        Some(Stop { from, until }) => {
            let (from, until) = (shown(from), shown(until));
            (format!(" from {from} to {until} (Japan time)"), format!("（停止 {from} – {until} 日本時間）"))
        }
        None => (String::new(), String::new()),
    };
    Alert {
        plain: format!("Maintenance{plain}{title}. The folder Notices says more."),
        full: format!("{}: {}{full}", notice.kind.word(), notice.title),
    }
}

/// The message that shows a notice: Japanese words, the operator's text, and when it holds. What the operator wrote stands in base64
/// alone, so that none of it can be taken for a field.
pub(crate) fn message(notice: &Notice, id: u32, domain: &Domain, posted: Timestamp) -> Vec<u8> {
    let begins = notice.from.max(posted);
    let subject = encoded_words(&format!("[{}] {}", notice.kind.word(), notice.title));
    let urgent = matches!(notice.kind, NoticeKind::Important | NoticeKind::Maintenance);
    let importance = if urgent { "Importance: high\r\n" } else { "" };
    let stop = notice
        .stop
        .map_or_else(String::new, |stop| format!("停止 / stop: {} – {}\n", shown(stop.from), shown(stop.until)));
    let text = format!(
        "{}\n\n{}\n\n--\n{stop}掲載 / shown: {} – {}（日本時間 / Japan time）\n",
        notice.title,
        notice.body.trim_end(),
        shown(begins),
        shown(notice.until),
    );
    let head = format!(
        "{}Date: {}\r\nMessage-ID: <notice.{id}.{}@{domain}>\r\nSubject: {subject}\r\n\
         Fumibako-Notice: v=1; id={id}; kind={}\r\n{importance}Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        written_by(domain),
        date(begins),
        posted.as_second(),
        notice.kind,
    );
    [head, lines(&text.replace('\n', "\r\n"))].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use fumibako_model::NOTICE_TITLE;

    use super::*;

    fn notice(title: &str) -> Notice {
        Notice {
            kind: NoticeKind::Maintenance,
            title: title.into(),
            body: "\r\n.\r\nBcc: everybody\nContent-Type: text/html\n\n<b>停止</b>\n".into(),
            from: "2026-11-26T00:00:00Z".parse().unwrap(),
            until: "2026-11-30T00:00:00Z".parse().unwrap(),
            stop: None,
        }
    }

    // Profile §18.2
    #[test]
    fn nothing_the_operator_wrote_becomes_a_field() {
        let domain: Domain = "plans.example".parse().unwrap();
        for title in ["題名\r\nBcc: x@y", "a\nb", &"題".repeat(NOTICE_TITLE), "=?utf-8?Q?x?=", ""] {
            let octets = message(&notice(title), 7, &domain, Timestamp::UNIX_EPOCH);
            let text = String::from_utf8(octets.clone()).unwrap();
            assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 78), "{text}");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> =
                head.replace("\r\n ", "").lines().map(|l| l.split(':').next().unwrap().to_owned()).collect();
            let expected = [
                "From",
                "Date",
                "Message-ID",
                "Subject",
                "Fumibako-Notice",
                "Importance",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding",
            ];
            assert_eq!(names, expected);
            assert!(!body.contains("\r\n\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
            let read = mail_subject(&octets);
            assert_eq!(read, format!("[停止・保守] {title}"));
        }
    }

    /// As another reader decodes it.
    fn mail_subject(octets: &[u8]) -> String {
        let text = std::str::from_utf8(octets).unwrap().replace("\r\n ", "");
        let line = text.lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned();
        let words = line.strip_prefix("Subject: ").unwrap().split("=?utf-8?B?").skip(1);
        words.map(|word| String::from_utf8(STANDARD.decode(word.trim_end_matches("?=")).unwrap()).unwrap()).collect()
    }

    // Profile §18.5
    #[test]
    fn an_alert_is_ascii_for_those_who_read_no_more() {
        let both = alert(&notice("定期メンテナンス"));
        assert_eq!(both.plain, "Maintenance. The folder Notices says more.");
        assert_eq!(both.full, "停止・保守: 定期メンテナンス");
        let stop = Some(Stop { from: Timestamp::UNIX_EPOCH, until: Timestamp::UNIX_EPOCH });
        let both = alert(&Notice { stop, ..notice("Disks") });
        assert_eq!(
            both.plain,
            "Maintenance from 1970-01-01 09:00 to 1970-01-01 09:00 (Japan time): Disks. The folder Notices says more."
        );
    }
}
