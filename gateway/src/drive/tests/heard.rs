//! Who has a bundle: only a client that goes on after all of it has left (Profile §8.10, §13.8). Over sockets, in clear, under TLS
//! and compressed.
//!
//! All runs on one thread. While a client speaks, the gateway reads nothing, and it goes on only when all that was said lies in its
//! kernel: so what is said before the answer is there before it, on any machine.

use std::sync::Arc;

use fumibako_model::{Door, Party};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::expire::send;
use fumibako_store::suite::{World, himawari, keywords, sakura, view};
use fumibako_wire::{Cover, imap, pop3};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn};

use super::super::*;
use crate::admin::{AccountRequest, Admin, Reply, Request, Secret};
use crate::desk::{Entry, ImapDesk, Pop3Desk};
use crate::house::fresh::house;
use crate::house::{House, Place};
use crate::tls;

mod client;
#[path = "../../../tests/all/trusting.rs"]
mod trusting;
use client::Client;

const PASSWORD: &str = "hana-to-ki";

/// How what is said is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Clear,
    Tls,
    Compressed,
}
use Way::{Clear, Compressed, Tls};

/// A client, and its conversation, which ends some day.
type Talk = (Client, JoinHandle<io::Result<()>>);

/// A desk that answers only while its gate is open.
struct Behind<D>(Arc<Semaphore>, D);

impl<C: Conversation, D: Desk<C>> Desk<C> for Behind<D> {
    async fn answer(&mut self, ask: C::Ask) -> C::Answer {
        drop(self.0.acquire().await.unwrap());
        self.1.answer(ask).await
    }
    fn refused(&mut self, refused: &Refused) {
        self.1.refused(refused);
    }
    fn secured(&mut self, shown: Shown) -> Offer {
        self.1.secured(shown)
    }
    async fn body(&mut self, piece: Private<Vec<u8>>) {
        self.1.body(piece).await;
    }
    async fn heard(&mut self) {
        self.1.heard().await;
    }
    async fn news(&mut self) -> bool {
        self.1.news().await
    }
}

/// A house with bundles for sakura, and who knocks.
struct Stage {
    folder: TempDir,
    gate: Arc<Semaphore>,
    house: Arc<House<SqliteStore>>,
    line: Line,
    #[expect(dead_code, reason = "while it is here the gateway does not stop")]
    running: watch::Sender<bool>,
}

impl Stage {
    /// So many bundles wait in sakura's `INBOX`.
    async fn with(bundles: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Arc::new(house(folder.path()).await);
        let world = World::with(&house.store).await;
        for number in 1..=bundles {
            send(&house.store, &world, &number.to_string(), house.clock.now()).await;
        }
        let make = AccountRequest::make(sakura().as_str(), Party::Office(sakura()), Secret(PASSWORD.into()));
        assert_eq!(Admin::new(house.clone()).answer(Request::Account(make)).await, Reply::Done);
        let (running, stopping) = watch::channel(false);
        let line = Line {
            clock: house.clock,
            tls: tls::acceptor(&house.config.tls).unwrap(),
            stopping,
            handshake_within: Duration::from_mins(1),
            write_within: Duration::from_mins(1),
            pondering: Arc::new(Semaphore::new(1)),
        };
        Self { folder, gate: Arc::new(Semaphore::new(1)), house, line, running }
    }

    /// A client, and its conversation's end.
    async fn connect(&self, door: Door, way: Way) -> Talk {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, address) = listener.accept().unwrap();
        let mut client = Client::new(stream, socket.try_clone().unwrap());
        socket.set_nonblocking(true).unwrap();
        let (house, line, gate) = (self.house.clone(), self.line.clone(), self.gate.clone());
        let ended = spawn(async move {
            let mut peer = Peer::new(TcpStream::from_std(socket)?);
            if way != Clear {
                peer = peer.secure(&line.tls).await?;
            }
            let place = Place::take(&house, address.ip()).unwrap();
            let entry = Entry::new(house.clone(), place, (address.ip(), door), "R".into(), Shown::default());
            let (now, cover) = (line.clock.now(), Cover::Tls(Shown::default().offer()));
            if door == Door::Pop3 {
                let session = pop3::Session::open(now, cover, house.pop3.clone(), "R".into());
                return drive(peer, session, Behind(gate, Pop3Desk::new(entry)), line).await;
            }
            let session = imap::Session::open(now, cover, house.imap.clone(), "R".into());
            drive(peer, session, Behind(gate, ImapDesk::new(entry)), line).await
        });
        if way != Clear {
            client.secure(&crate::tls_authority_file(self.folder.path())).await;
        }
        (client, ended)
    }

    /// Logged in, the folder open.
    async fn imap(&self, way: Way) -> Talk {
        let (mut client, ended) = self.connect(Door::Imap, way).await;
        client.hear("* OK ").await;
        client.ask(&format!("a LOGIN {} {PASSWORD}\r\n", sakura()), "a OK ").await;
        if way == Compressed {
            client.ask("b COMPRESS DEFLATE\r\n", "b OK ").await;
            client.compress();
        }
        client.ask("c SELECT INBOX\r\n", "c OK ").await;
        (client, ended)
    }

    async fn pop3(&self, way: Way) -> Talk {
        let (mut client, ended) = self.connect(Door::Pop3, way).await;
        client.hear("+OK ").await;
        client.ask(&format!("USER {}\r\n", sakura()), "+OK ").await;
        client.ask(&format!("PASS {PASSWORD}\r\n"), "+OK ").await;
        (client, ended)
    }

    /// The numbers of the bundles that the sender sees as handed over.
    async fn handed_over(&self) -> Vec<usize> {
        let sent = view(&self.house.store, himawari(), "Sent").await;
        let is_handed = |at: &usize| keywords(&sent, &sent.entries[at - 1]).iter().any(|word| word == "$HandedOver");
        (1..=sent.entries.len()).filter(is_handed).collect()
    }
}

/// Commands that do nothing, more than is read at once, and hardly smaller when they are compressed.
fn idle_words() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut dice = 1_u32;
    let mut letter = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(LETTERS[(dice >> 26) as usize])
    };
    let mut tag = || (0..200).map(|_| letter()).collect::<String>();
    (0..240).map(|_| tag() + " NOOP\r\n").collect()
}

#[tokio::test]
async fn what_was_said_before_a_bundle_had_left_tells_nothing_of_it_whenever_it_is_read_by_imap() {
    let (stage, idle) = (Stage::with(6).await, idle_words());
    let mut number = 0;
    for way in [Clear, Tls, Compressed] {
        for between in ["d NOOP\r\n", &idle] {
            number += 1;
            let (mut client, ended) = stage.imap(way).await;
            let fetch = format!("e FETCH {number} BODY.PEEK[]\r\n");
            client.say(&[&fetch, between, &format!("f STORE {number} +FLAGS (\\Seen)\r\n"), "g LOGOUT\r\n"]);
            let said = client.rest().await;
            assert!(said.contains("\r\ne OK ") && said.contains("\r\nf OK "), "{way:?} {said}");
            ended.await.unwrap().unwrap();
            assert_eq!(stage.handed_over().await, [0; 0], "{way:?}, {} octets between", between.len());
        }
    }
}

#[tokio::test]
async fn what_was_said_before_a_bundle_had_left_tells_nothing_of_it_whenever_it_is_read_by_pop3() {
    let (stage, idle) = (Stage::with(2).await, "NOOP\r\n".repeat(7_000));
    for way in [Clear, Tls] {
        for between in ["NOOP\r\n", &idle] {
            let (mut client, ended) = stage.pop3(way).await;
            client.say(&["RETR 1\r\n", between, "QUIT\r\n"]);
            let said = client.rest().await;
            assert!(said.contains("\r\n.\r\n") && said.ends_with("+OK Goodbye\r\n"), "{said}");
            ended.await.unwrap().unwrap();
            let (mut client, ended) = stage.pop3(way).await;
            client.say(&["RETR 2\r\n", between, "DELE 2\r\n", "QUIT\r\n"]);
            let said = client.rest().await;
            let last = said.lines().last().unwrap();
            assert!(last.starts_with("-ERR Kept "), "{way:?}, {} octets between: {last}", between.len());
            ended.await.unwrap().unwrap();
            assert_eq!(stage.handed_over().await, [0; 0], "{way:?}, {} octets between", between.len());
        }
    }
    let inbox = view(&stage.house.store, sakura(), "INBOX").await;
    assert!(inbox.entries.len() == 2 && inbox.status.unseen == 2, "nothing is lost, and nothing seen");
}

#[tokio::test]
async fn what_was_said_while_the_answer_was_being_made_was_said_before_it() {
    let stage = Stage::with(5).await;
    let interrupt = async |(mut client, ended): Talk, question: &str, word: &str| {
        let gate = stage.gate.acquire().await.unwrap();
        client.say(&[question]);
        client.is_read().await;
        client.say(&[word]);
        drop(gate);
        client.rest().await;
        ended.await.unwrap().unwrap();
    };
    for (number, way) in (1..).zip([Clear, Tls, Compressed]) {
        interrupt(stage.imap(way).await, &format!("d FETCH {number} BODY[]\r\n"), "e LOGOUT\r\n").await;
    }
    for (number, way) in (4..).zip([Clear, Tls]) {
        interrupt(stage.pop3(way).await, &format!("RETR {number}\r\n"), "QUIT\r\n").await;
    }
    assert_eq!(stage.handed_over().await, [0; 0]);
}

#[tokio::test]
async fn who_says_something_after_a_bundle_has_left_has_it_whatever_was_said_before() {
    let (stage, idle) = (Stage::with(10).await, idle_words());
    let mut expected = Vec::new();
    for way in [Clear, Tls, Compressed] {
        for between in ["", &idle] {
            let number = expected.len() + 1;
            let (mut client, ended) = stage.imap(way).await;
            client.say(&[&format!("d FETCH {number} BODY[]\r\n"), between, "e NOOP\r\n"]);
            client.hear("\r\ne OK ").await;
            client.say(&["f LOGOUT\r\n"]);
            client.rest().await;
            ended.await.unwrap().unwrap();
            expected.push(number);
            assert_eq!(stage.handed_over().await, expected, "{way:?}, {} octets between", between.len());
        }
    }
    for way in [Clear, Tls] {
        for (at, between) in ["", "NOOP\r\n"].into_iter().enumerate() {
            let number = expected.len() + 1;
            let (mut client, ended) = stage.pop3(way).await;
            client.say(&[&format!("RETR {number}\r\n"), between]);
            client.hear(["\r\n.\r\n", "\r\n.\r\n+OK OK\r\n"][at]).await;
            client.say(&["QUIT\r\n"]);
            client.rest().await;
            ended.await.unwrap().unwrap();
            expected.push(number);
            assert_eq!(stage.handed_over().await, expected, "{way:?} {between}");
        }
    }
}
