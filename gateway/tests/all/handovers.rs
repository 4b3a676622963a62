//! 受け渡し: who got all octets of a bundle over one connection, and who marks or removes it over another (Profile §8.10).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Config, Gateway, Reply, Request};
use fumibako_model::log::Head;
use fumibako_model::{Event, MandateId, Reason, Recorded, Scope, What};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::suite::expire::send;
use fumibako_store::suite::{sakura, view};
use fumibako_store::{Store as _, hex};

use crate::evidence::edit;
use crate::keys::{key_of, renewed};
use crate::lines::Client;
use crate::reports::with;
use crate::support::{Fixture, PASSWORD, RECIPIENT, ago, store_of};

/// Who speaks to the gateway: the recipient of everything here, or the agent that acts as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Office,
    Agent,
}
use Who::{Agent, Office};

/// A gateway whose recipient has these bundles, by UID.
async fn holding(ids: &[&str]) -> Fixture {
    with(async |store, world| {
        for id in ids {
            send(store, world, id, ago(0)).await;
        }
    })
    .await
}

impl Who {
    fn login(self) -> String {
        let acting = if self == Agent { "kawara" } else { RECIPIENT };
        STANDARD.encode(format!("{RECIPIENT}\0{acting}\0{PASSWORD}"))
    }

    /// A new connection, with INBOX open.
    async fn reads(self, gateway: &Fixture) -> Client {
        let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
        client.line().await;
        ok(&mut client, &format!("AUTHENTICATE PLAIN {}", self.login())).await;
        ok(&mut client, "SELECT INBOX").await;
        client
    }

    /// A whole session of POP3. A retrieved message is read to its end.
    async fn pops(self, gateway: &Fixture, commands: &[&str], between: impl AsyncFnOnce()) {
        let mut client = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
        client.line().await;
        let login = format!("AUTH PLAIN {}", self.login());
        for command in [&[&login[..]], commands].concat() {
            client.say(&format!("{command}\r\n")).await;
            let answer = client.line().await.unwrap();
            assert!(answer.starts_with("+OK"), "{command}: {answer}");
            while command.starts_with("RETR") && client.line().await.is_some_and(|line| line != ".") {}
        }
        between().await;
        client.say("QUIT\r\n").await;
        assert!(client.line().await.unwrap().starts_with("+OK"));
    }
}

async fn ok(client: &mut Client, command: &str) -> Vec<String> {
    let answer = client.imap("a", command).await;
    assert!(answer.last().unwrap().starts_with("a OK"), "{command}: {answer:?}");
    answer
}

/// Fetches without a mark, and goes on.
async fn peek(client: &mut Client, uids: &str) {
    ok(client, &format!("UID FETCH {uids} BODY.PEEK[]")).await;
    ok(client, "NOOP").await;
}

/// What was handed over, by what is before `@` in its Message-ID, and to which agent under which mandate.
async fn handed_over(gateway: &Fixture) -> BTreeSet<(String, Option<MandateId>)> {
    let all = Request::EvidenceList { office: None, message_id: None, after: None };
    let Reply::Evidence { entries } = gateway.ask(all).await else { panic!("evidence") };
    let all = entries.iter().map(|entry| serde_json::from_str::<Recorded>(entry).unwrap().evidence);
    let handed: Vec<_> = all.filter(|one| one.event == Event::ContentHandover).collect();
    assert!(handed.iter().all(|one| one.reason == Some(Reason::SeenByTheGateway)), "{handed:?}");
    let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("a status") };
    assert_eq!(status.handed_over, handed.len() as u64, "once each, and counted");
    let by = |by: fumibako_model::Delegate| {
        assert_eq!(by.agent.as_str(), "kawara");
        by.mandate
    };
    handed.into_iter().map(|one| (one.message_id.split('@').next().unwrap().to_owned(), one.by.map(by))).collect()
}

/// The messages that the audit says the agent collected.
async fn told(gateway: &Fixture) -> Vec<String> {
    let rows = gateway.told(None).await.into_iter().map(|row| row.done);
    rows.filter(|done| done.what == What::AgentCollected).map(|done| done.about).collect()
}

// Profile §8.10, §13.8, §16.3
#[tokio::test(flavor = "multi_thread")]
async fn what_one_party_got_no_other_takes() {
    const PAIRS: [(Who, Who); 4] = [(Office, Office), (Agent, Office), (Office, Agent), (Agent, Agent)];
    let ids: Vec<String> = ["DELE", "STORE", "EXPUNGE", "MOVE"]
        .into_iter()
        .flat_map(|how| PAIRS.map(|(got, takes)| format!("{how}-{got:?}-{takes:?}")))
        .collect();
    let gateway = holding(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    gateway.with_agent().await;
    let mandate = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let (mut office, mut agent) = (Office.reads(&gateway).await, Agent.reads(&gateway).await);
    peek(&mut office, "1,3,5,7,9,11,13,15").await;
    peek(&mut agent, "2,4,6,8,10,12,14,16").await;
    assert_eq!(handed_over(&gateway).await, BTreeSet::new(), "nobody marked any");
    for (who, first) in [(Office, 5), (Agent, 7)] {
        let both = |from: u32| format!("{},{}", from, from + 1);
        let mut client = who.reads(&gateway).await;
        ok(&mut client, &format!("UID STORE {} +FLAGS.SILENT (\\Seen)", both(first))).await;
        ok(&mut client, &format!("UID STORE {} +FLAGS (\\Deleted)", both(first + 4))).await;
        ok(&mut client, "EXPUNGE").await;
        ok(&mut client, &format!("UID MOVE {} Archive", both(first + 8))).await;
        ok(&mut client, "LOGOUT").await;
        who.pops(&gateway, &["DELE 1", "DELE 2"], async || {}).await;
    }
    // They hear of all that, and take nothing by it.
    for client in [&mut office, &mut agent] {
        for _ in 0..2 {
            ok(client, "NOOP").await;
        }
    }
    let own = |id: &&String| id.ends_with("-Office-Office") || id.ends_with("-Agent-Agent");
    let expected = ids.iter().filter(own).map(|id| (id.clone(), id.ends_with("-Agent-Agent").then_some(mandate)));
    assert_eq!(handed_over(&gateway).await, expected.collect());
    let told = told(&gateway).await;
    assert_eq!((told.len(), told.iter().collect::<BTreeSet<_>>().len()), (4, 4), "each once: {told:?}");
}

// Profile §8.10; RFC 8508 §3; RFC 9051 §6.3.5, §6.3.6
#[tokio::test(flavor = "multi_thread")]
async fn whatever_way_it_leaves_its_folder_it_is_taken_by_who_got_it() {
    let ids = ["replaced", "by-the-agent", "replaced-by-it", "in-a-folder", "with-inbox", "unread"];
    let gateway = holding(&ids).await;
    gateway.with_agent().await;
    let mandate = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let (mut office, mut agent) = (Office.reads(&gateway).await, Agent.reads(&gateway).await);
    peek(&mut office, "1:2,4:5").await;
    peek(&mut agent, "2:3,5").await;
    let replace = |uid: u32| format!("UID REPLACE {uid} Archive {{17+}}\r\nSubject: note\r\n\r\n");
    ok(&mut office, &replace(1)).await;
    for uid in [2, 3] {
        ok(&mut agent, &replace(uid)).await;
    }
    ok(&mut office, "CREATE own").await;
    ok(&mut office, "UID MOVE 4 own").await;
    let mut handed = vec![("replaced", None), ("by-the-agent", Some(mandate)), ("replaced-by-it", Some(mandate))];
    handed.push(("in-a-folder", None));
    let expected = |handed: &[(&str, _)]| handed.iter().map(|(id, by)| ((*id).to_owned(), *by)).collect();
    assert_eq!(handed_over(&gateway).await, expected(&handed));
    ok(&mut office, "RENAME INBOX old").await;
    handed.push(("with-inbox", None));
    assert_eq!(handed_over(&gateway).await, expected(&handed));
    // What goes with its folder was looked at there.
    ok(&mut office, "EXAMINE old").await;
    peek(&mut office, "1:*").await;
    ok(&mut office, "DELETE old").await;
    handed.push(("unread", None));
    assert_eq!(handed_over(&gateway).await, expected(&handed));
    assert_eq!(told(&gateway).await.len(), 2, "what the agent collected");
    for _ in 0..2 {
        office.imap("b", "NOOP").await;
    }
    assert_eq!(handed_over(&gateway).await, expected(&handed));
}

// Profile §8.10, §13.8
#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_got_under_a_mandate_that_ended_it_does_not_take_under_another() {
    let gateway = holding(&["retrieved", "marked", "removed", "moved", "fetched", "again"]).await;
    gateway.with_agent().await;
    let old = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let mut first = Agent.reads(&gateway).await;
    peek(&mut first, "2:4,6").await;
    // Nothing was heard of it after this one.
    ok(&mut first, "UID FETCH 5 BODY[]").await;
    let mut new = None;
    let between = async || {
        gateway.revoked(old).await;
        new = Some(gateway.mandated(RECIPIENT, &[Scope::Receive]).await);
    };
    Agent.pops(&gateway, &["RETR 1", "DELE 1"], between).await;
    assert_ne!(new, Some(old));
    let mut second = Agent.reads(&gateway).await;
    ok(&mut second, "UID STORE 2,6 +FLAGS (\\Seen)").await;
    ok(&mut second, "UID STORE 3 +FLAGS (\\Deleted)").await;
    ok(&mut second, "UID EXPUNGE 3").await;
    ok(&mut second, "UID MOVE 4 Archive").await;
    first.imap("b", "NOOP").await;
    assert_eq!((handed_over(&gateway).await, told(&gateway).await), (BTreeSet::new(), vec![]));
    // It is marked already, and said to be seen once more.
    ok(&mut second, "UID FETCH 6 BODY[]").await;
    ok(&mut second, "NOOP").await;
    assert_eq!(handed_over(&gateway).await, [("again".to_owned(), new)].into());
    assert_eq!(told(&gateway).await.len(), 1);
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_between_the_octets_and_the_next_word_is_somebodys() {
    let gateway = holding(&["alone", "with-an-agent", "by-an-agent", "in-one-breath"]).await;
    let mark = async |who: Who, uid: u32| {
        let mut other = who.reads(&gateway).await;
        ok(&mut other, &format!("UID STORE {uid} +FLAGS (\\Seen)")).await;
    };
    let mut client = Office.reads(&gateway).await;
    let hears = async |client: &mut Client| {
        for _ in 0..3 {
            ok(client, "NOOP").await;
        }
        handed_over(&gateway).await.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    ok(&mut client, "UID FETCH 1 BODY.PEEK[]").await;
    mark(Office, 1).await;
    assert_eq!(hears(&mut client).await, ["alone"], "there is nobody else");
    // Where an agent has a mandate, nobody knows whose mark it was.
    gateway.with_agent().await;
    gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    for (who, uid) in [(Office, 2), (Agent, 3)] {
        ok(&mut client, &format!("UID FETCH {uid} BODY.PEEK[]")).await;
        mark(who, uid).await;
        assert_eq!(hears(&mut client).await, ["alone"], "{who:?}");
    }
    // What the connection marks itself is its own.
    client.say("b UID FETCH 4 BODY.PEEK[]\r\nc UID STORE 4 +FLAGS (\\Seen)\r\n").await;
    while client.line().await.is_some_and(|line| !line.starts_with("c OK")) {}
    assert_eq!(hears(&mut client).await, ["alone", "in-one-breath"]);
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_was_there_before_the_octets_is_only_its_own() {
    let ids = ["alone", "peeked", "read", "marked-again", "agents-own", "pieces", "after-the-agent"];
    let gateway = holding(&ids).await;
    let mut office = Office.reads(&gateway).await;
    let own = |all: &[&str]| all.iter().map(|id| ((*id).to_owned(), None)).collect::<BTreeSet<_>>();
    // Nobody else can have set it.
    ok(&mut office, "UID STORE 1 +FLAGS (\\Seen)").await;
    peek(&mut office, "1").await;
    assert_eq!(handed_over(&gateway).await, own(&["alone"]));
    gateway.with_agent().await;
    let mandate = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let mut agent = Agent.reads(&gateway).await;
    ok(&mut agent, "UID STORE 2:7 +FLAGS (\\Seen)").await;
    ok(&mut office, "NOOP").await;
    peek(&mut office, "2,4").await;
    ok(&mut office, "NOOP").await;
    assert_eq!(handed_over(&gateway).await, own(&["alone"]), "it was the agent's mark");
    ok(&mut office, "UID FETCH 3 BODY[]").await;
    ok(&mut office, "UID STORE 4 +FLAGS (\\Seen)").await;
    // Read in part, and the rest looked at.
    ok(&mut office, "UID FETCH 6 BODY[]<0.100>").await;
    peek(&mut office, "6").await;
    ok(&mut office, "NOOP").await;
    let mut all = own(&["alone", "read", "marked-again", "pieces"]);
    assert_eq!(handed_over(&gateway).await, all);
    // Whether it set the mark itself nobody knows any more; but it says so again.
    peek(&mut agent, "5").await;
    assert_eq!(handed_over(&gateway).await, all);
    ok(&mut agent, "UID FETCH 5 BODY[]").await;
    ok(&mut agent, "NOOP").await;
    all.insert(("agents-own".to_owned(), Some(mandate)));
    assert_eq!(handed_over(&gateway).await, all);
    // The mark outlasts the mandate.
    gateway.revoked(mandate).await;
    peek(&mut office, "7").await;
    ok(&mut office, "NOOP").await;
    assert_eq!(handed_over(&gateway).await, all);
}

// Profile §8.3, §8.10
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_mdnsent_keeps_nobody_from_collecting() {
    let gateway = holding(&["by-imap", "by-pop3"]).await;
    let mut client = Office.reads(&gateway).await;
    ok(&mut client, "STORE 1:2 +FLAGS ($MDNSent)").await;
    let waits = ok(&mut client, "SEARCH UNSEEN UNKEYWORD $Acknowledged").await;
    assert_eq!(waits[0], "* SEARCH 1 2");
    ok(&mut client, "FETCH 1 BODY[]").await;
    ok(&mut client, "NOOP").await;
    Office.pops(&gateway, &["RETR 2"], async || {}).await;
    let both = ["by-imap", "by-pop3"].map(|id| (id.to_owned(), None));
    assert_eq!(handed_over(&gateway).await, both.into());
}

/// Back to the shape in which notes of what went out bore no seal.
const NO_SEALS: &str = "
    CREATE TABLE noted AS SELECT message, mandate FROM sent_out;
    DROP TABLE sent_out;
    CREATE TABLE sent_out (message INTEGER NOT NULL, mandate TEXT NOT NULL, PRIMARY KEY (message, mandate)) STRICT, WITHOUT ROWID;
    INSERT INTO sent_out (message, mandate) SELECT message, mandate FROM noted;
    DROP TABLE noted;
    DELETE FROM _sqlx_migrations WHERE version = 20;";
/// Another hand says that this one went out, too.
const FORGED: &str =
    "INSERT INTO sent_out (message, mandate) SELECT id, '' FROM message WHERE message_id = 'forged@x.example'";

/// The recipient's mail program has the first bundle whole, without a mark, and the gateway stopped.
async fn fetched(ids: &[&str]) -> (Config, [Option<tempfile::TempDir>; 2]) {
    let gateway = holding(ids).await;
    peek(&mut Office.reads(&gateway).await, "1").await;
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    (config, [Some(folder), kept])
}

/// The gateway runs by these settings, and the recipient marks all he has as seen: what was handed over by that.
async fn marked(
    config: Config,
    [folder, kept]: [Option<tempfile::TempDir>; 2],
) -> BTreeSet<(String, Option<MandateId>)> {
    let running = Gateway::start(config.clone()).await.unwrap();
    let gateway = Fixture { folder: folder.unwrap(), config, running, kept };
    ok(&mut Office.reads(&gateway).await, "UID STORE 1:* +FLAGS (\\Seen)").await;
    let handed_over = handed_over(&gateway).await;
    gateway.running.stop().await;
    handed_over
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn what_went_out_before_notes_were_sealed_is_taken_and_no_note_without_a_seal_counts_later() {
    let (config, folders) = fetched(&["fetched", "forged"]).await;
    let beside = config.evidence.identity_file.with_file_name("last-head.p7m");
    let head: Head = serde_json::from_slice(&enclosed(&std::fs::read(&beside).unwrap()).unwrap().1).unwrap();
    assert!(head.notes_sealed, "every head says it");
    let before = serde_json::to_vec(&Head { notes_sealed: false, ..head.clone() }).unwrap();
    let before = enclose(&before, &key_of(&config), head.at).unwrap();
    std::fs::write(&beside, &before).unwrap();
    edit(&config.store_folder, &format!("{NO_SEALS} UPDATE log_head SET head = x'{}'", hex(&before)));
    // No evidence comes while it runs.
    Gateway::start(config.clone()).await.unwrap().stop().await;
    edit(&config.store_folder, FORGED);
    assert_eq!(marked(config, folders).await, BTreeSet::from([("fetched".to_owned(), None)]));
}

// Profile §8.10, §8.16
#[tokio::test(flavor = "multi_thread")]
async fn what_went_out_under_a_former_key_is_taken_and_no_note_under_it_counts_later() {
    let (first, folders) = fetched(&["fetched", "forged"]).await;
    let second = renewed(&first, 2).await;
    Gateway::start(second.clone()).await.unwrap().stop().await;
    // Who has the former key's file.
    let store = store_of(&first).await;
    let inbox = view(&store, sakura(), "INBOX").await;
    store.note_sent(sakura(), vec![inbox.entries[1].message], None).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(marked(second, folders).await, BTreeSet::from([("fetched".to_owned(), None)]));
}
