//! Connections that send, lose the gateway, and send again what was not answered.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fumibako_conformance::{Deadline, Door, Letter, Office, Reply, Submission};

/// Pause before another attempt to connect.
const PAUSE: Duration = Duration::from_millis(5);

/// What all connections share.
pub(crate) struct Post {
    door: Door,
    offices: [Office; 2],
    within: Deadline,
    stop: AtomicBool,
    abandoned: AtomicBool,
    answers: AtomicU64,
    repeated: AtomicU64,
}

/// A message that was answered 250.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    /// Which way it went: index of [`Post::ways`].
    pub(crate) way: usize,
    /// Its Message-ID.
    pub(crate) id: String,
    /// As sent.
    pub(crate) octets: Vec<u8>,
    /// The answer; it names the evidence.
    pub(crate) reply: Reply,
}

impl Post {
    pub(crate) fn new(door: Door, offices: [Office; 2], within: Deadline) -> Self {
        let no = || AtomicBool::new(false);
        let none = || AtomicU64::new(0);
        Self { door, offices, within, stop: no(), abandoned: no(), answers: none(), repeated: none() }
    }

    /// Sender and recipient, both ways.
    pub(crate) fn ways(&self) -> [[&Office; 2]; 2] {
        let [one, other] = &self.offices;
        [[one, other], [other, one]]
    }

    /// No new messages from now on; those under way are still sent until they are answered.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Gives up what is under way: the test has failed elsewhere.
    pub(crate) fn abandon(&self) {
        self.stop();
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Messages answered so far.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Messages sent again because no answer came.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Sends distinct messages one way until told to stop.
    pub(crate) fn send(&self, way: usize) -> Vec<Answered> {
        let mut answered = Vec::new();
        let mut waiting = None;
        while waiting.is_some() || !self.stop.load(Ordering::Relaxed) {
            assert!(!self.within.is_over(), "the test takes too long");
            if self.abandoned.load(Ordering::Relaxed) {
                break;
            }
            // The gateway is dead or starting; what waits is sent later.
            if self.send_on_one_connection(way, &mut waiting, &mut answered).is_err() {
                std::thread::sleep(PAUSE);
            }
        }
        answered
    }

    fn send_on_one_connection(
        &self,
        way: usize,
        waiting: &mut Option<Vec<u8>>,
        answered: &mut Vec<Answered>,
    ) -> io::Result<()> {
        let [from, to] = self.ways()[way];
        let mut session = Submission::of(&self.door, from)?;
        self.repeated.fetch_add(u64::from(waiting.is_some()), Ordering::Relaxed);
        while waiting.is_some() || !self.stop.load(Ordering::Relaxed) {
            let octets = waiting.get_or_insert_with(|| Letter::plan(from, to).signed(&from.identity));
            let reply = session.send(&from.address(), &[&to.address()], octets)?;
            assert_eq!(reply.code, 250, "{reply}");
            let octets = waiting.take().expect("it was sent");
            answered.push(Answered { way, id: message_id(&octets), octets, reply });
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The answer to a message that was answered before.
    pub(crate) fn again(&self, message: &Answered) -> Reply {
        let [from, to] = self.ways()[message.way];
        let mut session = Submission::of(&self.door, from).expect("the office logs in");
        session.send(&from.address(), &[&to.address()], &message.octets).expect("the gateway answers")
    }
}

/// The Message-ID of a message of these tests.
pub(crate) fn message_id(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let line = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.expect("every message has one").to_owned()
}
