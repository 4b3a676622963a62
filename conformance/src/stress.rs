//! Many clients at once on one account, each of which believes what it is told and says when that cannot be: the stress
//! mode of the kit, for any IMAP server (Profile §14.4).
//!
//! Start at [`Target::run`]: rounds of random commands (`acts`), then a pause in which everybody must believe the same
//! (`quiet`), then news for those who wait. `client` holds a client, `mirror` what it believes of its folder, `facts`
//! what all of them know together, `answer` the grammar.
//!
//! Never here: anything of the gateway's, least of all its way of writing responses.

mod acts;
mod answer;
mod client;
mod facts;
mod letter;
mod mirror;
mod outcome;
mod quiet;
mod rounds;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::time::Duration;

use crate::clock::{Deadline, timed};
use crate::kit::World;
use crate::line::Door;
use crate::random::Random;

use client::{Checked, Client, Order};
use facts::Facts;
use quiet::Truth;
use rounds::News;

pub use outcome::{Finding, Outcome};

/// Folders that all clients share.
const FOLDERS: [&str; 3] = ["a", "b", "c"];
/// So many findings are enough.
const ENOUGH: usize = 20;

/// An account on an IMAP server, and how long it is to be tried.
#[derive(Clone)]
pub struct Target {
    /// Where.
    pub door: Door,
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: String,
    /// What the server offers and is not to be tried, in capitals: `NOTIFY`.
    pub without: BTreeSet<String>,
    /// How many clients there are at once.
    pub clients: usize,
    /// What they draw by lot. The same seed is the same way for each client, as far as the others let it.
    pub seed: u64,
    /// No round begins after this time.
    pub time: Duration,
    /// At most so many rounds.
    pub rounds: u64,
}

/// How often a command was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In all.
    pub asked: u64,
    /// So often it was refused, for a reason.
    pub refused: u64,
}

/// What the clients have in common.
struct Shared {
    target: Target,
    /// How the names of all folders begin that are made here.
    prefix: String,
    folders: Vec<String>,
    facts: Mutex<Facts>,
    counts: Mutex<BTreeMap<&'static str, Count>>,
    findings: Mutex<Vec<Finding>>,
    truths: Mutex<HashMap<String, Truth>>,
    news: Mutex<Option<News>>,
    /// All of them stand here between two parts of a round.
    gate: Barrier,
    is_over: AtomicBool,
}

/// Another thread fell over, which is a fault of the kit's.
const FELL: &str = "another client of the kit fell over";

impl Shared {
    fn facts(&self) -> Checked<MutexGuard<'_, Facts>> {
        self.facts.lock().map_err(|_| FELL.to_owned())
    }

    /// What a folder holds in truth.
    fn truth(&self, folder: &str) -> Checked<Truth> {
        let truths = self.truths.lock().map_err(|_| FELL)?;
        truths.get(folder).cloned().ok_or_else(|| format!("nobody could look at {folder}"))
    }

    fn find(&self, finding: Finding) {
        if let Ok(mut findings) = self.findings.lock() {
            findings.push(finding);
        }
    }

    fn has_enough(&self) -> bool {
        self.findings.lock().is_ok_and(|findings| findings.len() >= ENOUGH)
    }
}

impl Target {
    /// Tries the server. Folders of its own are made and removed; nothing else is touched. An error: it could not be tried.
    pub fn run(&self) -> io::Result<Outcome> {
        let mut world = World::open(&self.door, &self.user, &self.password)?;
        let before = world.before.clone();
        let prefix = format!("Stress-{:05x}-", Random::from_seed(Random::any_seed()).below(1 << 20));
        let folders: Vec<String> = FOLDERS.iter().map(|name| format!("{prefix}{name}")).collect();
        for folder in &folders {
            world.create(folder)?;
        }
        drop(world);
        let shared = Arc::new(Shared {
            target: self.clone(),
            prefix,
            folders,
            facts: Mutex::default(),
            counts: Mutex::default(),
            findings: Mutex::default(),
            truths: Mutex::default(),
            news: Mutex::default(),
            gate: Barrier::new(self.clients + 1),
            is_over: AtomicBool::new(false),
        });
        let (took, rounds) = timed(|| conduct(&shared));
        let mut world = World::open(&self.door, &self.user, &self.password)?;
        world.before = before;
        world.clean()?;
        Ok(Outcome::of(&shared, rounds?, took))
    }
}

/// Starts the clients, and leads them from round to round; how many rounds there were.
fn conduct(shared: &Arc<Shared>) -> io::Result<u64> {
    let mut clients = Vec::new();
    for number in 1..=shared.target.clients {
        let random = Random::from_seed(shared.target.seed.wrapping_add(number as u64 * 1_000_003));
        clients.push(Client::open(number, Arc::clone(shared), random).map_err(io::Error::other)?);
    }
    let threads: Vec<_> =
        clients.into_iter().map(|client| std::thread::spawn(move || rounds::follow(client))).collect();
    let end = Deadline::after(shared.target.time);
    let mut random = Random::from_seed(shared.target.seed);
    let mut count = 0;
    shared.gate.wait();
    loop {
        count += 1;
        rounds::lead(shared, &mut random);
        let is_over = end.is_over() || count >= shared.target.rounds || shared.has_enough();
        shared.is_over.store(is_over, Ordering::SeqCst);
        shared.gate.wait();
        if is_over {
            break;
        }
    }
    for thread in threads {
        thread.join().map_err(|_| io::Error::other(FELL))?;
    }
    Ok(count)
}

impl Client {
    fn log_out(&mut self) -> Checked<()> {
        self.order(Order::new("LOGOUT", "LOGOUT")).map(drop)
    }
}
