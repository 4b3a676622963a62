//! Connections that send, lose the gateway, and send again what was not answered.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fumibako_conformance::{Deadline, Door, Office, Reply, Submission};

/// Pause before another attempt to connect.
const PAUSE: Duration = Duration::from_millis(5);

/// What all connections share.
pub(crate) struct Post {
    door: Door,
    within: Deadline,
    abandoned: AtomicBool,
    paused: AtomicBool,
    answers: Mutex<Vec<Answered>>,
    repeated: AtomicU64,
}

/// A message that was answered 250.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    /// Its Message-ID.
    pub(crate) id: String,
    /// As sent.
    pub(crate) octets: Vec<u8>,
    /// The answer; it names the evidence.
    pub(crate) reply: Reply,
}

impl Post {
    pub(crate) fn new(door: Door, within: Deadline) -> Self {
        let (no, answers, repeated) = (|| AtomicBool::new(false), Mutex::default(), AtomicU64::new(0));
        Self { door, within, abandoned: no(), paused: no(), answers, repeated }
    }

    /// Gives up what is under way: the test has failed elsewhere.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Nothing more is sent until it goes on; what is on its way goes its way.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    fn waits(&self) {
        while self.paused.load(Ordering::Relaxed) && !self.abandoned.load(Ordering::Relaxed) {
            std::thread::sleep(PAUSE);
        }
    }

    /// Messages answered so far.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.lock().expect("no thread panics with it").len() as u64
    }

    /// The first so many of them.
    pub(crate) fn first(&self, count: usize) -> Vec<Answered> {
        self.answers.lock().expect("no thread panics with it")[..count].to_vec()
    }

    /// Messages sent again because no answer came.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Sends what comes next, each until it is answered, as long as something does.
    pub(crate) fn send(&self, way: [&Office; 2], mut next: impl FnMut() -> Option<Vec<u8>>) -> Vec<Answered> {
        let (mut answered, mut waiting) = (Vec::new(), None);
        // The gateway is dead or starting; what waits is sent later.
        while self.send_on_one_connection(way, (&mut waiting, &mut next), &mut answered).is_err() {
            assert!(!self.within.is_over(), "the test takes too long");
            if self.abandoned.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        answered
    }

    fn send_on_one_connection(
        &self,
        [from, to]: [&Office; 2],
        (waiting, next): (&mut Option<Vec<u8>>, &mut impl FnMut() -> Option<Vec<u8>>),
        answered: &mut Vec<Answered>,
    ) -> io::Result<()> {
        let mut session = Submission::of(&self.door, from)?;
        self.repeated.fetch_add(u64::from(waiting.is_some()), Ordering::Relaxed);
        loop {
            self.waits();
            assert!(!self.within.is_over(), "the test takes too long");
            let Some(octets) = waiting.take().or_else(&mut *next) else { return Ok(()) };
            let octets = waiting.insert(octets);
            let reply = session.send(&from.address(), &[&to.address()], octets)?;
            assert_eq!(reply.code, 250, "{reply}");
            let octets = waiting.take().expect("it was sent");
            let one = Answered { id: message_id(&octets), octets, reply };
            self.answers.lock().expect("no thread panics with it").push(one.clone());
            answered.push(one);
        }
    }

    /// The answer to a message that was answered before.
    pub(crate) fn again(&self, [from, to]: [&Office; 2], message: &Answered) -> Reply {
        let mut session = Submission::of(&self.door, from).expect("the office logs in");
        session.send(&from.address(), &[&to.address()], &message.octets).expect("the gateway answers")
    }
}

/// A scope waits for its threads, and they for the gateway: a failure must let them go.
pub(crate) struct AbandonOnPanic<'p>(pub(crate) &'p Post);

impl Drop for AbandonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
    }
}

/// The Message-ID of a message of these tests.
pub(crate) fn message_id(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let line = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.expect("every message has one").to_owned()
}
