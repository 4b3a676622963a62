//! Application passwords (Profile §19.7, §19.8): for one use each, shown once, withdrawn at once.

use fumibako_gateway::{AccountRequest, Reply, Request};
use fumibako_model::{Door, What};

use super::{NEW, open};
use crate::lines::Client;
use crate::sasl::scram;
use crate::support::{Fixture, PASSWORD, SENDER};

/// Makes one over HTTPS: its user ID and password.
async fn made(gateway: &Fixture, name: &str, doors: &str) -> (String, String) {
    let body = format!("{{\"name\":\"{name}\",\"doors\":{doors}}}");
    let (status, app) = gateway.https("POST /v1/app-passwords", Some((SENDER, PASSWORD)), &body).await;
    assert_eq!(status, 201, "{app}");
    let text = |field: &str| app[field].as_str().unwrap().to_owned();
    (text("login"), text("password"))
}

// Profile §19.7, §19.8
#[tokio::test(flavor = "multi_thread")]
async fn it_opens_what_it_is_for_and_nothing_else() {
    let gateway = Fixture::start().await;
    let last = gateway.told(None).await.last().unwrap().n;
    let (login, password) = made(&gateway, "outlook", "[\"imap\",\"smtp\"]").await;
    assert_eq!((login.as_str(), password.len()), ("9970000011/outlook", 23));
    let [smtp, imap, pop3, https] = gateway.doors(&login, &password).await;
    assert!(smtp.starts_with("235 ") && imap.starts_with("a OK"), "{smtp} {imap}");
    assert!(pop3.starts_with("-ERR [AUTH] E-AUT-009") && https == "E-AUT-009", "{pop3} {https}");
    // It is not the user's word: neither a new password, nor how the user ID stands, nor another application password.
    let body = "{\"name\":\"more\",\"doors\":[\"imap\"]}";
    for (what, body) in [
        ("GET /v1/account", ""),
        ("PUT /v1/password", "{\"new\":\"yama ni noboru ko\"}"),
        ("GET /v1/app-passwords", ""),
        ("POST /v1/app-passwords", body),
        ("DELETE /v1/app-passwords/outlook", ""),
        ("GET /v1/certificates/challenge", ""),
    ] {
        assert_eq!(gateway.code(what, (&login, &password), body).await, "E-AUT-009", "{what}");
    }
    // Each secret goes with its own user ID.
    assert!(gateway.doors(SENDER, &password).await[0].starts_with("535 5.7.8 E-AUT-001"));
    assert!(gateway.doors(&login, PASSWORD).await[0].starts_with("535 5.7.8 E-AUT-001"));
    let (_, listed) = gateway.https("GET /v1/app-passwords", Some((SENDER, PASSWORD)), "").await;
    assert!(listed[0]["used"].is_string() && listed[0]["password"].is_null(), "{listed}");
    let told = gateway.told_since(last).await;
    assert_eq!(told, [(What::AppPasswordMade, login.clone())], "use is not a change of rights");
}

// Profile §19.7
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_it_counts_and_withdrawn_it_is_nobody_s_in_the_middle_of_a_session() {
    let gateway = Fixture::start().await;
    let (login, password) = made(&gateway, "mutt", "[\"smtp\",\"imap\",\"pop3\"]").await;
    let mut client = Client::tls(gateway.running.addresses().submission_tls, &gateway.authority()).await;
    client.reply().await;
    client.smtp("EHLO office").await;
    let answer = scram(&mut client, &login, &password, None).await;
    assert!(answer.starts_with("235 "), "{answer}");
    let mut mailbox = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    mailbox.line().await;
    mailbox.imap("a", &format!("LOGIN {login} {password}")).await;
    assert!(mailbox.imap("b", "SELECT INBOX").await.pop().unwrap().starts_with("b OK"));
    assert_eq!(gateway.code("DELETE /v1/app-passwords/mutt", (SENDER, PASSWORD), "").await, "204");
    assert_eq!(gateway.code("DELETE /v1/app-passwords/mutt", (SENDER, PASSWORD), "").await, "E-DIR-013");
    assert!(mailbox.imap("c", "STATUS INBOX (MESSAGES)").await.pop().unwrap().contains("E-AUT-002"));
    assert!(gateway.doors(&login, &password).await[1].starts_with("a NO [AUTHENTICATIONF"));
    open(&gateway.doors(SENDER, PASSWORD).await);
}

impl Fixture {
    /// The operator makes one: its user ID and password.
    async fn given(&self, name: &str) -> (String, String) {
        let add = AccountRequest::AddApp { login: SENDER.into(), name: name.into(), doors: [Door::Pop3].into() };
        let Reply::Apps { apps } = self.ask(Request::Account(add)).await else { panic!("shown once") };
        (apps[0].login.clone(), apps[0].password.clone().unwrap())
    }

    async fn apps(&self) -> usize {
        let ask = AccountRequest::Apps { login: SENDER.into() };
        let Reply::Apps { apps } = self.ask(Request::Account(ask)).await else { panic!("a list") };
        apps.len()
    }

    /// What POP3 answers to it.
    async fn maildrop(&self, (login, password): &(String, String)) -> String {
        let mut pop3 = Client::tls(self.running.addresses().pop3_tls, &self.authority()).await;
        pop3.line().await;
        pop3.say(&format!("USER {login}\r\nPASS {password}\r\n")).await;
        pop3.line().await;
        pop3.line().await.unwrap()
    }
}

// Profile §19.3, §19.7, §19.8
#[tokio::test(flavor = "multi_thread")]
async fn it_waits_with_its_user_id_and_the_operator_may_withdraw_it() {
    let gateway = Fixture::start().await;
    let password = fumibako_gateway::Secret(NEW.into());
    gateway.account(AccountRequest::Password { login: SENDER.into(), password, temporary: true }).await;
    let app = gateway.given("pop").await;
    assert!(gateway.maildrop(&app).await.starts_with("-ERR [AUTH] E-AUT-005"));
    assert_eq!(gateway.change((SENDER, NEW), "tori ga naite iru").await, "204");
    assert!(gateway.maildrop(&app).await.starts_with("+OK "));
    gateway.account(AccountRequest::RemoveApp { login: SENDER.into(), name: "pop".into() }).await;
    assert_eq!(gateway.apps().await, 0);
    for doors in ["[]", "[\"https\"]", "[\"telnet\"]"] {
        let body = format!("{{\"name\":\"x\",\"doors\":{doors}}}");
        let code = gateway.code("POST /v1/app-passwords", (SENDER, "tori ga naite iru"), &body).await;
        assert_eq!(code, "E-DIR-014", "{doors}");
    }
}

// Profile §19.14
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_operator_sets_withdraws_them_and_ones_own_only_where_it_says_so() {
    let gateway = Fixture::start().await;
    let last = gateway.told(None).await.last().unwrap().n;
    let (imap, spare) = (made(&gateway, "imap", "[\"imap\"]").await, gateway.given("spare").await);
    let body = |more: &str| format!("{{\"new\":\"{NEW}\"{more}}}");
    assert_eq!(gateway.code("PUT /v1/password", (SENDER, PASSWORD), &body("")).await, "204");
    assert_eq!(gateway.apps().await, 2);
    let mut open = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    open.line().await;
    assert!(open.imap("a", &format!("LOGIN {} {}", imap.0, imap.1)).await.pop().unwrap().starts_with("a OK"));
    let password = fumibako_gateway::Secret(PASSWORD.into());
    gateway.account(AccountRequest::Password { login: SENDER.into(), password, temporary: false }).await;
    assert!(gateway.maildrop(&spare).await.starts_with("-ERR [AUTH] E-AUT-001"));
    assert!(open.imap("b", "STATUS INBOX (MESSAGES)").await.pop().unwrap().contains("E-AUT-002"));
    let withdrawn = async || {
        gateway.https("GET /v1/account", Some((SENDER, PASSWORD)), "").await.1["password"]["withdrawn"].clone()
    };
    assert_eq!(withdrawn().await, 2);
    let mutt = made(&gateway, "mutt", "[\"pop3\"]").await;
    assert_eq!(withdrawn().await, 0, "told until one is made anew");
    assert_eq!(gateway.code("PUT /v1/password", (SENDER, PASSWORD), &body(",\"withdraw_apps\":true")).await, "204");
    assert!(gateway.apps().await == 0 && gateway.maildrop(&mutt).await.starts_with("-ERR [AUTH] E-AUT-001"));
    let told = gateway.told_since(last).await;
    let gone: Vec<_> = told.iter().filter(|(what, _)| *what == What::AppPasswordRemoved).map(|(_, who)| who).collect();
    assert_eq!(gone, [&imap.0, &spare.0, &mutt.0]);
}
