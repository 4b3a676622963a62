//! COMPRESS over sockets: what is compressed means the same, and no limit is got round by it.

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, SENDER};

async fn login(gateway: &Fixture) -> Client {
    let mut imap = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    imap.line().await;
    imap.imap("a", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    imap
}

async fn compressed(gateway: &Fixture) -> Client {
    let mut imap = login(gateway).await;
    let said = imap.imap("b", "COMPRESS DEFLATE").await;
    assert!(said.len() == 1 && said[0].starts_with("b OK "), "{said:?}");
    imap.compress(true);
    imap
}

// Profile §7.28, RFC 4978 §3, RFC 8437 §3
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_connection_works_as_any_other() {
    let gateway = Fixture::start().await;
    let (mut imap, mut other) = (compressed(&gateway).await, login(&gateway).await);
    assert!(imap.imap("c", "COMPRESS DEFLATE").await[0].starts_with("c NO [COMPRESSIONACTIVE] "));
    // Several times what is expanded or compressed at once.
    let text = (0..20_000).map(|at| format!("line {at} of a draft\r\n")).collect::<Vec<_>>().concat();
    imap.say(&format!("d APPEND Drafts {{{}+}}\r\nSubject: x\r\n\r\n{text}\r\n", text.len() + 14)).await;
    assert!(imap.line().await.unwrap().starts_with("d OK [APPENDUID "));
    imap.imap("e", "SELECT Drafts").await;
    let said = imap.imap("f", "FETCH 1 BODY.PEEK[TEXT]").await;
    assert_eq!(said[1..said.len() - 2].join("\r\n") + "\r\n", text);
    // What happens during IDLE comes when it happens.
    imap.say("g IDLE\r\n").await;
    assert!(imap.line().await.unwrap().starts_with("+ "));
    other.imap("b", "APPEND Drafts {3+}\r\nabc").await;
    assert_eq!(imap.line().await.unwrap(), "* 2 EXISTS");
    imap.say("DONE\r\n").await;
    while !imap.line().await.unwrap().starts_with("g OK ") {}
    // It ends with the login, and may begin anew.
    let said = imap.imap("h", "UNAUTHENTICATE").await;
    assert!(said.last().unwrap().starts_with("h OK "), "{said:?}");
    imap.compress(false);
    let said = imap.imap("i", &format!("LOGIN {SENDER} {PASSWORD}")).await;
    assert!(said[0].contains(" COMPRESS=DEFLATE "), "{said:?}");
}

// Profile §7.28
#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_meets_the_limits_and_what_is_no_deflate_ends_the_connection() {
    let gateway = Fixture::start().await;
    let mut line = compressed(&gateway).await;
    line.say(&"x".repeat(64 << 20)).await;
    assert!(line.line().await.unwrap().starts_with("* BYE [TOOBIG] "));
    assert_eq!(line.line().await, None);

    let mut literal = compressed(&gateway).await;
    literal.say(&format!("c APPEND Drafts {{67108864+}}\r\n{}\r\n", "x".repeat(64 << 20))).await;
    assert!(literal.line().await.unwrap().starts_with("c NO [TOOBIG] "));

    let mut broken = compressed(&gateway).await;
    broken.say_octets(b"c NOOP\r\n\xff\xff\xff").await;
    assert_eq!(broken.line().await, None);
    assert!(login(&gateway).await.imap("c", "NOOP").await[0].starts_with("c OK "));
}
