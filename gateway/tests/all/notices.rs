//! Notices of a running gateway: posted by the operator, read by every office and agent, told at once where they are urgent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{NoticeAsk, NoticeRow, NoticeState, Reply, Request};
use fumibako_model::{NOTICE_TITLE, NoticeKind, Refusal, Stop, What};
use fumibako_sqlite::SqliteStore;
use jiff::{SignedDuration, Timestamp};

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, plain};

const ALERT: &str = "* OK [ALERT] Maintenance";

fn post(kind: NoticeKind, title: &str, from: Option<Timestamp>) -> NoticeAsk {
    let until = fumibako_gateway::Clock.now() + SignedDuration::from_hours(24);
    NoticeAsk::Post {
        kind, title: title.into(), body: "本文です。\n二行目。\n".into(), from, until, stop: None
    }
}

impl Fixture {
    async fn notice(&self, ask: NoticeAsk) -> NoticeRow {
        let Reply::Notices { mut notices } = self.ask(Request::Notice(ask)).await else { panic!("a notice") };
        assert_eq!(notices.len(), 1);
        notices.remove(0)
    }

    pub(crate) async fn imap(&self, login: &str) -> Client {
        let mut client = Client::tls(self.running.addresses().imap_tls, &self.authority()).await;
        client.line().await;
        let answer = client.imap("a0", &format!("AUTHENTICATE PLAIN {}", plain(login, PASSWORD))).await;
        assert!(answer.last().unwrap().starts_with("a0 OK"), "{answer:?}");
        client
    }

    /// `GET /v1/notices` by this login.
    async fn told_over_https(&self, login: &str) -> serde_json::Value {
        let mut client = Client::tls(self.running.addresses().https, &self.authority()).await;
        let login = STANDARD.encode(format!("{login}:{PASSWORD}"));
        let request = format!(
            "GET /v1/notices HTTP/1.1\r\nHost: plans.example\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\r\n"
        );
        client.say(&request).await;
        let text = client.rest().await;
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

/// The next line, but for what is said of `\Recent`.
async fn said(client: &mut Client) -> String {
    loop {
        let line = client.line().await.unwrap().trim_end().to_owned();
        if !line.ends_with(" RECENT") {
            return line;
        }
    }
}

// Profile §18.3, §18.4, §18.6
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_stands_in_everybodys_mailbox_and_over_https_until_it_is_withdrawn() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let last = gateway.told(None).await.last().unwrap().n;
    let mut waiting = gateway.imap(RECIPIENT).await;
    waiting.imap("b", "SELECT Notices").await;
    waiting.say("c IDLE\r\n").await;
    assert!(said(&mut waiting).await.starts_with('+'));
    let row = gateway.notice(post(NoticeKind::Important, "検索の改良", None)).await;
    assert_eq!((row.id, row.state), (1, NoticeState::Standing));
    assert_eq!(said(&mut waiting).await, "* 1 EXISTS");

    // An office reads it, an agent sees it unread, and so does the other office.
    let mut office = gateway.imap(SENDER).await;
    let listed = office.imap("b", "LIST \"\" Notices RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))").await;
    assert_eq!(listed[1].trim_end(), "* STATUS Notices (MESSAGES 1 UNSEEN 1 UIDNEXT 2)");
    office.imap("c", "SELECT Notices").await;
    let fetched = office.imap("d", "FETCH 1 (ENVELOPE PREVIEW BODY[TEXT] EMAILID)").await.concat();
    let subject = STANDARD.encode("[重要] 検索の改良");
    assert!(fetched.contains(&format!("=?utf-8?B?{subject}?=")), "{fetched}");
    assert!(fetched.contains("\\Seen") || office.imap("e", "FETCH 1 FLAGS").await.concat().contains("\\Seen"));
    let found = office.imap("f", "SEARCH CHARSET UTF-8 BODY {9+}\r\n二行目").await.concat();
    assert!(found.contains("* SEARCH 1"), "{found}");
    let copied = office.imap("g", "COPY 1 Archive").await.concat();
    assert!(copied.contains("COPYUID"), "{copied}");
    let kept = office.imap("h", "STATUS Archive (MESSAGES UNSEEN)").await;
    assert_eq!(kept[0].trim_end(), "* STATUS Archive (MESSAGES 1 UNSEEN 0)");
    let mut agent = gateway.imap("kawara").await;
    let listed = agent.imap("b", "LIST (SUBSCRIBED) \"\" * RETURN (MYRIGHTS STATUS (UNSEEN))").await.concat();
    assert!(listed.contains("* MYRIGHTS Notices lrs* STATUS Notices (UNSEEN 1)"), "{listed}");
    agent.imap("c", "SELECT Notices").await;
    agent.imap("d", "STORE 1 +FLAGS (\\Seen)").await;
    assert!(agent.imap("e", "COPY 1 Archive").await.concat().contains("e NO "));
    let seen = async |login: &str| gateway.told_over_https(login).await["notices"][0]["seen"].as_bool();
    assert_eq!(
        (seen(SENDER).await, seen("kawara").await, seen(RECIPIENT).await),
        (Some(true), Some(true), Some(false))
    );
    let told = gateway.told_over_https(RECIPIENT).await;
    assert_eq!((told["notices"][0]["kind"].as_str(), told["notices"][0]["id"].as_u64()), (Some("important"), Some(1)));
    assert_eq!(told["notices"][0]["body"], "本文です。\n二行目。\n");

    // It goes from everybody's view.
    assert_eq!(gateway.notice(NoticeAsk::Withdraw { id: 1 }).await.state, NoticeState::Withdrawn);
    assert_eq!(said(&mut waiting).await, "* 1 EXPUNGE");
    assert!(office.imap("i", "NOOP").await.concat().contains("* 1 EXPUNGE"));
    assert_eq!(gateway.told_over_https(SENDER).await["notices"], serde_json::json!([]));
    let row = gateway.notice(post(NoticeKind::Info, "次", None)).await;
    assert_eq!((row.id, said(&mut waiting).await), (2, "* 1 EXISTS".into()));
    assert!(office.imap("j", "NOOP").await.concat().contains("* 1 EXISTS"));
    let again = office.imap("k", "UID FETCH 1:* FLAGS").await.concat();
    assert!(again.contains("UID 2 "), "no UID comes twice: {again}");
    assert_eq!(
        gateway.told_since(last).await,
        [(What::NoticePosted, "1".to_owned()), (What::NoticeWithdrawn, "1".into()), (What::NoticePosted, "2".into())]
    );
}

// Profile §18.5
#[tokio::test(flavor = "multi_thread")]
async fn maintenance_is_told_at_once_and_at_every_login_once_each() {
    let gateway = Fixture::start().await;
    let (mut idle, mut busy) = (gateway.imap(SENDER).await, gateway.imap(RECIPIENT).await);
    idle.say("b IDLE\r\n").await;
    assert!(said(&mut idle).await.starts_with('+'));
    gateway.notice(post(NoticeKind::Info, "quiet", None)).await;
    let stop = Timestamp::UNIX_EPOCH;
    let NoticeAsk::Post { kind, body, from, until, .. } = post(NoticeKind::Maintenance, "", None) else { panic!() };
    let stop = Some(Stop { from: stop, until: stop + SignedDuration::from_hours(4) });
    gateway.notice(NoticeAsk::Post { kind, title: "Disks".into(), body, from, until, stop }).await;
    let words =
        format!("{ALERT} from 1970-01-01 09:00 to 1970-01-01 13:00 (Japan time): Disks. The folder Notices says more.");
    assert_eq!(said(&mut idle).await, words);
    assert_eq!(said(&mut busy).await, words);
    // Once: then only at a new login, whoever it is.
    assert_eq!(busy.imap("b", "NOOP").await.len(), 1);
    busy.imap("c", "UNAUTHENTICATE").await;
    busy.imap("d", &format!("AUTHENTICATE PLAIN {}", plain(SENDER, PASSWORD))).await;
    assert_eq!(said(&mut busy).await, words);
    let mut late = gateway.imap(SENDER).await;
    late.say("b ENABLE IMAP4rev2\r\n").await;
    assert_eq!(said(&mut late).await, words);
    assert!(said(&mut late).await.starts_with("* ENABLED") && said(&mut late).await.starts_with("b OK"));
    // What is no more is not told, and who reads UTF-8 is told the title.
    gateway.notice(NoticeAsk::Withdraw { id: 2 }).await;
    let soon = fumibako_gateway::Clock.now() + SignedDuration::from_millis(1500);
    let row = gateway.notice(post(NoticeKind::Maintenance, "緊急の停止", Some(soon))).await;
    assert_eq!(row.state, NoticeState::Scheduled);
    assert_eq!(said(&mut late).await, "* OK [ALERT] 停止・保守: 緊急の停止");
    assert_eq!(said(&mut idle).await, format!("{ALERT}. The folder Notices says more."));
    let mut new = gateway.imap(RECIPIENT).await;
    assert_eq!(said(&mut new).await, format!("{ALERT}. The folder Notices says more."));
    assert_eq!(new.imap("b", "NOOP").await.len(), 1);
}

// Profile §18.1
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_notice_is_refused() {
    let gateway = Fixture::start().await;
    for title in ["", "a\r\nBcc: x@example.jp", "\u{202e}gnp", &"題".repeat(NOTICE_TITLE + 1)] {
        let refused = gateway.ask(Request::Notice(post(NoticeKind::Info, title, None))).await;
        assert!(matches!(refused, Reply::No { code: Refusal::ValueUnfit, .. }), "{title:?} {refused:?}");
    }
    for ask in [NoticeAsk::Show { id: 1 }, NoticeAsk::Withdraw { id: 1 }] {
        assert!(matches!(gateway.ask(Request::Notice(ask)).await, Reply::No { code: Refusal::NoticeUnknown, .. }));
    }
    assert_eq!(gateway.told_over_https("9970000011").await["notices"], serde_json::json!([]));
}

// Profile §11.9, §18.4
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_gateway_shows_the_same_notices_and_gives_no_uid_again() {
    let gateway = Fixture::start().await;
    for title in ["一", "二"] {
        gateway.notice(post(NoticeKind::Info, title, None)).await;
    }
    let mut office = gateway.imap(SENDER).await;
    office.imap("b", "SELECT Notices").await;
    office.imap("c", "STORE 1 +FLAGS (\\Seen)").await;
    let aside = tempfile::tempdir().unwrap();
    let (copy, again) = (aside.path().join("copy"), aside.path().join("store"));
    let reply = gateway.ask(Request::Backup { to: copy.clone(), keys: None }).await;
    assert!(matches!(reply, Reply::BackedUp(_)), "{reply:?}");
    // What comes, goes and is marked after the copy is lost with the old store.
    gateway.notice(post(NoticeKind::Info, "三", None)).await;
    gateway.notice(NoticeAsk::Withdraw { id: 1 }).await;
    office.imap("d", "STORE 2 +FLAGS (\\Seen)").await;
    let numbers = async |client: &mut Client| {
        let told = client.imap("n", "STATUS Notices (MESSAGES UIDVALIDITY UIDNEXT HIGHESTMODSEQ)").await;
        let told = told.into_iter().find(|line| line.starts_with("* STATUS ")).unwrap();
        let numbers = told.split(|letter: char| !letter.is_ascii_digit()).filter_map(|word| word.parse().ok());
        <[u64; 4]>::try_from(numbers.collect::<Vec<_>>()).unwrap()
    };
    let [_, validity, next, modseq] = numbers(&mut office).await;
    assert_eq!(next, 4);
    let whole = async |client: &mut Client| {
        let told = client.imap("w", "UID FETCH 2 (BODY.PEEK[])").await.concat();
        told.split_once(" FETCH ").unwrap().1.to_owned()
    };
    let second = whole(&mut office).await;
    drop(office);

    let Fixture { folder, config, running, .. } = gateway;
    running.stop().await;
    let (keys, now) = (config.store_folder.join("keys"), fumibako_gateway::Clock.now());
    SqliteStore::restore(&copy, &keys, &again, now).await.unwrap();
    let config = fumibako_gateway::Config { store_folder: again, ..config };
    let running = fumibako_gateway::Gateway::start(config.clone()).await.unwrap();
    let gateway = Fixture { folder, config, running, kept: Some(aside) };
    let told = gateway.told_over_https(SENDER).await;
    let row = |row: &serde_json::Value| (row["id"].as_u64().unwrap(), row["seen"].as_bool().unwrap());
    assert_eq!(told["notices"].as_array().unwrap().iter().map(row).collect::<Vec<_>>(), [(1, true), (2, false)]);
    let mut office = gateway.imap(SENDER).await;
    let [messages, same, later, above] = numbers(&mut office).await;
    assert!((messages, same) == (2, validity) && later > next && above > modseq, "{later} {above}");
    // Who remembers what was lost is told that it went, and all marks anew.
    office.imap("b", "ENABLE QRESYNC").await;
    let told = office.imap("c", &format!("SELECT Notices (QRESYNC ({validity} {modseq}))")).await.concat();
    let vanished = told.split("* VANISHED (EARLIER) ").nth(1).and_then(|rest| rest.split('*').next()).unwrap();
    assert_eq!(vanished, format!("3:{}", later - 1), "{told}");
    assert!(told.contains("* 1 FETCH (UID 1 FLAGS (\\Seen)") && told.contains("* 2 FETCH (UID 2 FLAGS ()"), "{told}");
    assert_eq!(whole(&mut office).await, second);
    gateway.notice(post(NoticeKind::Info, "四", None)).await;
    let told = office.imap("d", "NOOP").await.concat();
    assert!(told.contains("* 3 EXISTS"), "{told}");
    assert!(office.imap("e", "FETCH 3 (UID)").await.concat().contains(&format!("* 3 FETCH (UID {later})")));
}
