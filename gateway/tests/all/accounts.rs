//! User IDs (Profile §19): temporary and expired passwords, suspension, roles, application passwords, at every door.

mod apps;
mod certificates;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{AccountRequest, Clock, Gateway, Reply, Request, Secret};
use fumibako_model::{AccountChange, Party, Role, What};
use fumibako_signer::{Identity, sign};
use fumibako_store::{AccountOrder, Amend, Amendment, NewPassword, Store};
use serde_json::{Value, json};

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, plain, store_of};

const NEW: &str = "yama ni noboru ko";

impl Fixture {
    /// One request over HTTPS, with a login or without.
    async fn https(&self, what: &str, login: Option<(&str, &str)>, body: &str) -> (u16, Value) {
        let mut client = Client::tls(self.running.addresses().https, &self.authority()).await;
        let basic = login.map(|(login, password)| STANDARD.encode(format!("{login}:{password}")));
        let basic = basic.map(|basic| format!("Authorization: Basic {basic}\r\n")).unwrap_or_default();
        let length = body.len();
        client
            .say(&format!(
                "{what} HTTP/1.1\r\nHost: x\r\n{basic}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            ))
            .await;
        let text = client.rest().await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    /// The code of a problem, or nothing.
    async fn code(&self, what: &str, login: (&str, &str), body: &str) -> String {
        let (status, answer) = self.https(what, Some(login), body).await;
        answer["code"].as_str().map_or_else(|| status.to_string(), str::to_owned)
    }

    async fn change(&self, login: (&str, &str), new: &str) -> String {
        self.code("PUT /v1/password", login, &json!({ "new": new }).to_string()).await
    }

    async fn account(&self, request: AccountRequest) {
        self.done(Request::Account(request)).await;
    }

    /// What SMTP, IMAP, POP3 and HTTPS answer to this login, without what a reference makes different. All are asked at once.
    async fn doors(&self, login: &str, password: &str) -> [String; 4] {
        let (addresses, authority) = (self.running.addresses(), self.authority());
        let smtp = async {
            let mut smtp = Client::tls(addresses.submission_tls, &authority).await;
            smtp.reply().await;
            smtp.smtp("EHLO office").await;
            smtp.smtp(&format!("AUTH PLAIN {}", plain(login, password))).await
        };
        let imap = async {
            let mut imap = Client::tls(addresses.imap_tls, &authority).await;
            imap.line().await;
            imap.imap("a", &format!("LOGIN {login} \"{password}\"")).await.pop().unwrap()
        };
        let pop3 = async {
            let mut pop3 = Client::tls(addresses.pop3_tls, &authority).await;
            pop3.line().await;
            pop3.say(&format!("USER {login}\r\nPASS {password}\r\n")).await;
            pop3.line().await;
            pop3.line().await.unwrap()
        };
        let https = self.code("GET /v1/mandates", (login, password), "");
        let (smtp, imap, pop3, https) = Box::pin(async { tokio::join!(smtp, imap, pop3, https) }).await;
        [smtp, imap, pop3, https].map(|answer| answer.chars().take(24).collect())
    }
}

/// The codes that the doors answer, each in its own spelling.
#[track_caller]
fn refused(doors: &[String; 4], smtp: &str, imap: &str, code: &str) {
    let [a, b, c, d] = doors;
    assert!(a.starts_with(&format!("{smtp} {code}")), "{doors:?}");
    assert!(b.starts_with(&format!("a NO [{imap}]")), "{doors:?}");
    assert!(c.starts_with(&format!("-ERR [AUTH] {code}")), "{doors:?}");
    assert_eq!(d, code);
}

#[track_caller]
fn open(doors: &[String; 4]) {
    let [a, b, c, d] = doors;
    assert!(a.starts_with("235 ") && b.starts_with("a OK ") && c.starts_with("+OK ") && d == "200", "{doors:?}");
}

// Profile §19.3, §19.4
#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_password_opens_nothing_until_its_person_changes_it() {
    let gateway = Fixture::start().await;
    let (login, last) = (SENDER.to_owned(), gateway.told(None).await.last().unwrap().n);
    gateway
        .account(AccountRequest::Password { login, password: Secret("from-the-desk".into()), temporary: true })
        .await;
    // RFC 4954 §6, RFC 5530 §3, RFC 3206 §4
    refused(&gateway.doors(SENDER, "from-the-desk").await, "535 5.7.8", "EXPIRED", "E-AUT-005");
    let (status, view) = gateway.https("GET /v1/account", Some((SENDER, "from-the-desk")), "").await;
    assert_eq!(
        (status, view["password"]["state"].as_str(), view["password"]["shortest"].as_u64()),
        (200, Some("temporary"), Some(12))
    );
    assert_eq!(gateway.change((SENDER, "from-the-desk"), "short").await, "E-AUT-010");
    assert_eq!(gateway.change((SENDER, "from-the-desk"), "from-the-desk").await, "E-AUT-010");
    assert_eq!(gateway.change((SENDER, "from-the-desk"), &format!("{SENDER}-himitsu")).await, "E-AUT-010");
    assert_eq!(gateway.code("PUT /v1/password", (SENDER, "from-the-desk"), "{}").await, "E-DIR-014");
    assert_eq!(gateway.change((SENDER, "from-the-desk"), NEW).await, "204");
    open(&gateway.doors(SENDER, NEW).await);
    let told = gateway.told(Some(last)).await;
    let who: Vec<_> = told.iter().map(|row| (row.done.what, row.done.by.as_str(), row.done.note.as_str())).collect();
    assert_eq!(who, [(What::PasswordSet, "operator", "temporary"), (What::PasswordSet, SENDER, "")]);
    assert!(!serde_json::to_string(&told).unwrap().contains(NEW), "no password in the audit");
}

/// Makes a user ID of the sender with a temporary password.
fn temporary(login: &str) -> Request {
    let (login, party) = (login.to_owned(), Party::Office(SENDER.parse().unwrap()));
    let password = Secret("from-the-desk".into());
    Request::Account(AccountRequest::Make { login, party, password, role: Role::Staff, temporary: true })
}

// Profile §19.5
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_changed_or_goes_back_to_the_operator() {
    let gateway = Fixture::with_config(|config| config.passwords.expire_days = 20).await;
    let view = gateway.https("GET /v1/account", Some((SENDER, PASSWORD)), "").await.1;
    assert_eq!(view["password"]["state"], "good", "{view}");
    assert!(view["password"]["until"].is_string());
    gateway.done(temporary("hanako")).await;
    let gateway = gateway.aged(&[(SENDER, 10), (RECIPIENT, 20), ("hanako", 7)]).await;
    let view = gateway.https("GET /v1/account", Some((SENDER, PASSWORD)), "").await.1;
    assert_eq!(view["password"]["state"], "soon", "warned of before: {view}");
    open(&gateway.doors(SENDER, PASSWORD).await);
    refused(&gateway.doors(RECIPIENT, PASSWORD).await, "535 5.7.8", "EXPIRED", "E-AUT-006");
    assert_eq!(gateway.change((RECIPIENT, PASSWORD), NEW).await, "204");
    open(&gateway.doors(RECIPIENT, NEW).await);
    refused(&gateway.doors("hanako", "from-the-desk").await, "535 5.7.8", "CONTACTADMIN", "E-AUT-007");
    assert_eq!(gateway.change(("hanako", "from-the-desk"), NEW).await, "E-AUT-007");
}

/// Results of the sender for the recipient, signed by this key.
fn letter_by(key: &Identity, number: usize) -> String {
    let file = format!("UPJSK_202510_{SENDER}_43_{RECIPIENT}_11_20251101093000.CSV");
    let part =
        format!("Content-Type: text/csv; name=\"{file}\"\r\nContent-Disposition: attachment\r\n\r\nplan {number}\r\n");
    let head = format!(
        "From: {SENDER}@plans.example\r\nTo: {RECIPIENT}@plans.example\r\nDate: Wed, 25 Nov 2026 12:00:00 +0900\r\n\
         Message-ID: <{number}-of-accounts@plans.example>\r\nMIME-Version: 1.0\r\n"
    );
    head + std::str::from_utf8(&sign(part.as_bytes(), key, Clock.now()).unwrap()).unwrap()
}

impl Fixture {
    /// The same gateway, where the passwords of these logins were set so many days ago.
    async fn aged(self, logins: &[(&str, i64)]) -> Self {
        let Self { folder, config, running, kept } = self;
        running.stop().await;
        let store = store_of(&config).await;
        let change = |(login, days): &(&str, i64)| {
            let known = store.roll().account(login).unwrap().clone();
            Amendment::Account(AccountOrder::Password(Box::new(NewPassword {
                login: known.login,
                was: None,
                password_hash: known.password_hash,
                scram: known.scram,
                temporary: known.temporary,
                withdraws: false,
                at: Clock.now() - jiff::SignedDuration::from_hours(24 * days),
            })))
        };
        let changes = logins.iter().map(change).collect();
        store.amend(Amend { changes, done: Vec::new() }).await.unwrap();
        store.close().await.unwrap();
        let running = Gateway::start(config.clone()).await.unwrap();
        Self { folder, config, running, kept }
    }

    /// Hands a message of the sender in; what is answered to it.
    async fn hand_in(&self, client: &mut Client, letter: &str) -> String {
        for command in [
            format!("MAIL FROM:<{SENDER}@plans.example>"),
            format!("RCPT TO:<{RECIPIENT}@plans.example>"),
            "DATA".to_owned(),
        ] {
            let answer = client.smtp(&command).await;
            assert!(answer.starts_with(['2', '3']), "{answer}");
        }
        client.say(letter).await;
        client.smtp(".").await
    }
}

// Profile §19.2
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_user_id_hears_why_and_does_nothing_more_even_in_open_connections() {
    let gateway = Fixture::start().await;
    let mut mailbox = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    mailbox.line().await;
    mailbox.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    let mut post = gateway.submission(SENDER).await;
    let last = gateway.told(None).await.last().unwrap().n;
    let (login, reason) = (SENDER.to_owned(), Some("担当者の退職".to_owned()));
    gateway.account(AccountRequest::Change(AccountChange::Suspend { login: login.clone(), reason })).await;
    assert!(mailbox.imap("b", "SELECT INBOX").await.pop().unwrap().starts_with("b NO [CONTACTADMIN] E-AUT-008"));
    post.smtp(&format!("MAIL FROM:<{SENDER}@plans.example>")).await;
    let answer = post.smtp(&format!("RCPT TO:<{RECIPIENT}@plans.example>")).await;
    assert!(answer.starts_with("525 5.7.13 E-AUT-008 "), "{answer}");
    refused(&gateway.doors(SENDER, PASSWORD).await, "525 5.7.13", "CONTACTADMIN", "E-AUT-008");
    assert_eq!(gateway.change((SENDER, PASSWORD), NEW).await, "E-AUT-008");
    // Who does not know the password learns nothing of it; who does, reads why.
    assert_eq!(gateway.code("GET /v1/account", (SENDER, "no"), "").await, "E-AUT-001");
    let view = gateway.https("GET /v1/account", Some((SENDER, PASSWORD)), "").await.1;
    assert_eq!(view["suspended"], "担当者の退職");
    gateway.account(AccountRequest::Change(AccountChange::Suspend { login, reason: None })).await;
    assert!(mailbox.imap("c", "SELECT INBOX").await.pop().unwrap().starts_with("c OK "));
    let told = gateway.told(Some(last)).await;
    assert_eq!((told[0].done.what, told[0].done.note.as_str()), (What::AccountSuspended, "担当者の退職"));
    assert_eq!((told[1].done.what, told[1].done.about.as_str()), (What::AccountResumed, SENDER));
    let number = SENDER.parse().unwrap();
    gateway.done(Request::OfficeSuspend { number, reason: "届出の確認中".into() }).await;
    let view = gateway.https("GET /v1/account", Some((SENDER, PASSWORD)), "").await.1;
    assert_eq!(view["office"]["suspended"], "届出の確認中", "an office reads why it is suspended");
}

// Profile §19.1
#[tokio::test(flavor = "multi_thread")]
async fn a_role_leaves_out_what_it_does_not_allow() {
    let gateway = Fixture::start().await;
    let role =
        async |role| gateway.account(AccountRequest::Change(AccountChange::Role { login: SENDER.into(), role })).await;
    role(Role::Sender).await;
    let [smtp, imap, pop3, https] = gateway.doors(SENDER, PASSWORD).await;
    assert!(smtp.starts_with("235 ") && imap.starts_with("a OK") && https == "200");
    assert!(pop3.starts_with("-ERR [AUTH] E-AUT-011"), "{pop3}");
    let mut mailbox = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    mailbox.line().await;
    mailbox.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    assert!(mailbox.imap("b", "EXAMINE INBOX").await.pop().unwrap().starts_with("b NO [NOPERM] E-AUT-011"));
    assert!(mailbox.imap("c", "SELECT Sent").await.pop().unwrap().starts_with("c OK"));
    assert!(mailbox.imap("d", "COPY 1:* INBOX").await.pop().unwrap().starts_with("d "));
    assert!(!mailbox.imap("e", "LIST \"\" *").await.iter().any(|line| line.contains("INBOX")));
    assert_eq!(gateway.code("GET /v1/certificates/challenge", (SENDER, PASSWORD), "").await, "E-AUT-011");
    role(Role::Receiver).await;
    assert!(mailbox.imap("f", "SELECT INBOX").await.pop().unwrap().starts_with("f OK"), "from the next command on");
    assert!(mailbox.imap("g", "SELECT Sent").await.pop().unwrap().starts_with("g NO [NOPERM] E-AUT-011"));
    let mut post = gateway.submission(SENDER).await;
    let letter = letter_by(&gateway.identity(SENDER), 1);
    let answer = gateway.hand_in(&mut post, &letter).await;
    assert!(answer.starts_with("550 5.7.1 E-AUT-011 "), "{answer}");
    role(Role::Staff).await;
    let answer = gateway.hand_in(&mut gateway.submission(SENDER).await, &letter).await;
    assert!(answer.starts_with("250 "), "{answer}");
    assert_eq!(gateway.code("GET /v1/certificates/challenge", (SENDER, PASSWORD), "").await, "E-AUT-011");
    // Profile §8.18: evidence about what the office sent, and about what came to it.
    let id = answer.split(' ').find(|word| word.starts_with("EV")).expect("an evidence id").trim_end().to_owned();
    let path = format!("GET /v1/evidence/{id}");
    let change = |login: &str, role| AccountRequest::Change(AccountChange::Role { login: login.into(), role });
    for (login, role, expected) in [
        (SENDER, Role::Receiver, 404),
        (SENDER, Role::Sender, 200),
        (RECIPIENT, Role::Sender, 404),
        (RECIPIENT, Role::Receiver, 200),
    ] {
        gateway.account(change(login, role)).await;
        assert_eq!(gateway.https(&path, Some((login, PASSWORD)), "").await.0, expected, "{login} as {role:?}");
    }
    role(Role::Manager).await;
    assert_eq!(gateway.code("GET /v1/certificates/challenge", (SENDER, PASSWORD), "").await, "200");
}

// Profile §19.4, §12.1
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_door_for_new_passwords_are_guesses() {
    let gateway = Fixture::with(|limits| limits.login_failures = 2).await;
    for door in ["PUT /v1/password", "GET /v1/account"] {
        assert_eq!(gateway.code(door, (RECIPIENT, "no"), "{\"new\":\"yama ni noboru ko\"}").await, "E-AUT-001");
    }
    assert_eq!(gateway.change((RECIPIENT, PASSWORD), NEW).await, "E-AUT-004");
    assert!(gateway.doors(RECIPIENT, PASSWORD).await[0].starts_with("454 4.7.0 E-AUT-004"));
    assert_eq!(gateway.change((SENDER, PASSWORD), NEW).await, "204", "another login is free");
    assert_eq!(gateway.https("PUT /v1/password", None, "{\"new\":\"x\"}").await.1["code"], "E-AUT-002");
    // Both know the old one at the same moment; one of them is the later.
    let races = [NEW, NEW].map(|old| gateway.change((SENDER, old), "tori ga naite iru"));
    let [a, b] = races;
    let (a, b) = tokio::join!(a, b);
    let mut both = [a.as_str(), b.as_str()];
    both.sort_unstable();
    assert_eq!(both, ["204", "E-AUT-001"]);
}

// Profile §19.1, §19.2
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_makes_lists_and_removes_user_ids() {
    let gateway = Fixture::start().await;
    gateway.done(temporary("hanako")).await;
    for bad in ["hana/ko", "", "花子"] {
        let reply = gateway.ask(temporary(bad)).await;
        assert!(matches!(reply, Reply::No { code: fumibako_model::Refusal::ValueUnfit, .. }), "{bad}: {reply:?}");
    }
    let Reply::Accounts { accounts } = gateway.ask(Request::AccountList).await else { panic!("rows") };
    let row = accounts.iter().find(|row| row.login == "hanako").unwrap();
    assert_eq!((row.role, row.password.as_str(), row.apps), (Role::Staff, "temporary", 0));
    gateway.account(AccountRequest::Change(AccountChange::Remove { login: "hanako".into() })).await;
    assert!(gateway.doors("hanako", "from-the-desk").await[0].starts_with("535 5.7.8 E-AUT-001"));
}
