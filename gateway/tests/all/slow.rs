//! Clients that are slow, mute or greedy: they keep what is theirs busy, and nobody else.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, plain};

const PATIENCE: Duration = Duration::from_secs(20);

/// Returns when the gateway has closed the connection.
async fn is_closed(socket: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    let closed = async { while matches!(socket.read(&mut buffer).await, Ok(n) if n > 0) {} };
    timeout(PATIENCE, closed).await.is_ok()
}

async fn answers_at_once(address: SocketAddr) {
    let asked = async {
        let mut other = Client::clear(address).await;
        other.reply().await;
        other.smtp("NOOP").await
    };
    let answer = timeout(Duration::from_secs(5), asked).await.expect("another had to wait");
    assert!(answer.starts_with("250 "), "{answer}");
}

// Profile §13.5
#[tokio::test(flavor = "multi_thread")]
async fn half_a_handshake_holds_its_place_for_so_many_seconds_only() {
    let gateway = Fixture::with(|limits| {
        (limits.handshake_seconds, limits.connections_per_address) = (1, 5);
    })
    .await;
    let doors = gateway.running.addresses();
    let mut mute = Vec::new();
    for address in [doors.submission_tls, doors.imap_tls, doors.pop3_tls, doors.https] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        // The first octets of a handshake, and then nothing.
        socket.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
        mute.push(socket);
    }
    answers_at_once(doors.submission_starttls).await;
    for socket in &mut mute {
        assert!(is_closed(socket).await, "a half-open connection stays");
    }
    answers_at_once(doors.submission_starttls).await;
}

// Profile §13.5
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_not_waited_for_and_nobody_waits_for_him() {
    let gateway = Fixture::with(|limits| limits.write_seconds = 1).await;
    let address = gateway.running.addresses().submission_starttls;
    let mut greedy = TcpStream::connect(address).await.unwrap();
    let flood = b"NOOP\r\n".repeat(10_000);
    // More than all buffers on the way hold: at some point the gateway reads no more, then it hangs up.
    let hung_up = async { while greedy.write_all(&flood).await.is_ok() {} };
    let (stopped, ()) = tokio::join!(timeout(PATIENCE, hung_up), answers_at_once(address));
    assert!(stopped.is_ok(), "the gateway took everything, or waits for ever");
    answers_at_once(address).await;
}

// Profile §13.5
#[tokio::test(flavor = "multi_thread")]
async fn one_password_tried_with_many_logins_locks_the_address() {
    let gateway = Fixture::with(|limits| limits.login_failures_per_address = 3).await;
    let attempt = async |login: &str, password: &str| {
        let mut client = Client::tls(gateway.running.addresses().pop3_tls, &gateway.authority()).await;
        client.line().await;
        client.say(&format!("AUTH PLAIN {}\r\n", plain(login, password))).await;
        client.line().await.unwrap()
    };
    assert!(attempt(SENDER, PASSWORD).await.starts_with("+OK "));
    for login in [SENDER, RECIPIENT, "nobody"] {
        assert!(attempt(login, "spring-2026").await.starts_with("-ERR [AUTH] E-AUT-001 "));
    }
    assert!(attempt(SENDER, PASSWORD).await.starts_with("-ERR [SYS/TEMP] E-AUT-004 "));
}
