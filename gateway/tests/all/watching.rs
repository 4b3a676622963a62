//! NOTIFY over sockets: who watches hears of other connections' work, and pays nothing for it while nothing happens.

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, SENDER};

async fn login(gateway: &Fixture) -> Client {
    let mut imap = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    imap.line().await;
    imap.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    imap
}

// Profile §7.17
#[tokio::test(flavor = "multi_thread")]
async fn who_watches_hears_of_what_another_connection_does() {
    let gateway = Fixture::start().await;
    let (mut watcher, mut worker) = (login(&gateway).await, login(&gateway).await);
    watcher.imap("b", "NOTIFY SET (personal (MailboxName SubscriptionChange MessageNew MessageExpunge))").await;
    worker.imap("b", "CREATE own").await;
    assert_eq!(watcher.line().await.unwrap().trim_end(), r#"* LIST (\HasNoChildren) "/" own"#);
    worker.imap("c", "SUBSCRIBE own").await;
    assert_eq!(watcher.line().await.unwrap().trim_end(), r#"* LIST (\Subscribed \HasNoChildren) "/" own"#);
    worker.say("d APPEND own {3+}\r\none\r\n").await;
    assert!(worker.line().await.unwrap().starts_with("d OK [APPENDUID "));
    assert!(watcher.line().await.unwrap().starts_with("* STATUS own (MESSAGES 1 UIDNEXT 2 "));
    worker.imap("e", "RENAME own other").await;
    assert!(watcher.line().await.unwrap().contains(r#"other ("OLDNAME" (own))"#));
    worker.imap("f", "DELETE other").await;
    assert!(watcher.line().await.unwrap().starts_with(r"* LIST (\NonExistent "));
    // Nothing is told to who watches no longer.
    watcher.imap("c", "NOTIFY NONE").await;
    worker.imap("g", "CREATE own").await;
    let said = watcher.imap("d", "NOOP").await;
    assert!(said.iter().all(|line| !line.starts_with("* LIST")), "{said:?}");
}

// Profile §7.9
#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_deleted_folder_open_is_told_so() {
    let gateway = Fixture::start().await;
    let (mut reader, mut worker) = (login(&gateway).await, login(&gateway).await);
    worker.imap("b", "CREATE own").await;
    reader.imap("b", "SELECT own").await;
    reader.say("c IDLE\r\n").await;
    assert!(reader.line().await.unwrap().starts_with('+'));
    worker.imap("c", "DELETE own").await;
    assert!(reader.line().await.unwrap().starts_with("* BYE "));
}
