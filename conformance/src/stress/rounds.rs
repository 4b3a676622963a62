//! One round: random commands, a pause in which all must believe the same, and news for those who wait. Each part begins
//! when all clients have ended the one before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::Deadline;
use crate::random::Random;

use super::client::{Checked, Client, Heard, Mode, Order};
use super::letter::letter;
use super::quiet::Truth;
use super::wire::Wire;
use super::{FELL, Finding, Shared};

/// Commands of each client in a round.
const ACTS: usize = 40;
/// How often a client comes again after a fault before it is given up.
const TRIES: usize = 3;
/// How long news may take where a client has to ask for them.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happens in the first folder while all clients wait there.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// This one goes.
    pub(super) gone: u32,
    /// This one gets another flag.
    pub(super) marked: u32,
    pub(super) flag: String,
    /// So many there are in the end: another came.
    pub(super) count: usize,
}

/// A client's way through all rounds.
pub(super) fn follow(mut client: Client) {
    let shared = Arc::clone(&client.shared);
    let mut alive = true;
    let mut part = |client: &mut Client, part: fn(&mut Client) -> Checked<()>| {
        if alive {
            // Who falls over still comes to the gate: the others stand there.
            let done = catch_unwind(AssertUnwindSafe(|| part(client)));
            if let Err(why) = done.unwrap_or_else(|_| Err("a client of the kit fell over here".into())) {
                alive = client.falls_over(why);
            }
        }
        shared.gate.wait();
    };
    // Each wait here stands beside one in `lead`.
    part(&mut client, Client::enable);
    while !client.shared.is_over.load(Ordering::SeqCst) {
        part(&mut client, Client::be_busy);
        part(&mut client, |_| Ok(()));
        part(&mut client, Client::be_quiet);
        part(&mut client, Client::make_ready);
        part(&mut client, Client::wait_for_news);
    }
    client.log_out().unwrap_or_default();
}

/// Leads one round; whoever calls it opens the last gate.
pub(super) fn lead(shared: &Arc<Shared>, random: &mut Random) {
    shared.gate.wait();
    let mut watcher = look(shared, random);
    shared.gate.wait();
    if let Some(watcher) = &mut watcher {
        let planned = watcher.plan();
        watcher.told(planned);
    }
    shared.gate.wait();
    shared.gate.wait();
    if let Some(watcher) = &mut watcher {
        let happened = watcher.make_news();
        watcher.told(happened);
        watcher.log_out().unwrap_or_default();
    }
}

/// A new connection looks at all folders.
fn look(shared: &Arc<Shared>, random: &mut Random) -> Option<Client> {
    let opened = Client::open(0, Arc::clone(shared), Random::from_seed(random.below(u64::MAX)));
    let mut watcher = match opened {
        Ok(watcher) => watcher,
        Err(what) => {
            shared.find(Finding { client: 0, what, last: Vec::new() });
            return None;
        }
    };
    for folder in &shared.folders {
        match watcher.look(folder) {
            Ok(truth) => shared
                .truths
                .lock()
                .map(|mut truths| truths.insert(folder.clone(), truth))
                .map(drop)
                .unwrap_or_default(),
            Err(why) => watcher.told(Err(why)),
        }
    }
    Some(watcher)
}

impl Client {
    fn told(&mut self, outcome: Checked<()>) {
        if let Err(what) = outcome {
            self.shared.find(Finding { client: self.number, what, last: self.wire.last() });
        }
    }

    /// Keeps a finding, and begins anew: what this client believes is worth nothing now. `false`: it cannot come again.
    fn falls_over(&mut self, why: String) -> bool {
        self.told(Err(why));
        (self.mirror, self.opening, self.mode) = (None, None, Mode::default());
        for _ in 0..TRIES {
            if let Ok(wire) = Wire::open(&self.shared.target) {
                self.wire = wire;
                return true;
            }
        }
        self.told(Err("the client cannot come again".into()));
        false
    }

    fn be_busy(&mut self) -> Checked<()> {
        for _ in 0..ACTS {
            if self.shared.has_enough() {
                break;
            }
            self.act()?;
        }
        Ok(())
    }

    fn be_quiet(&mut self) -> Checked<()> {
        if self.mirror.is_none() {
            let folder = self.any_folder();
            self.select(&folder, true)?;
        }
        self.compare()?;
        if self.below(3) == 0 {
            self.come_again()?;
            self.compare()?;
        }
        Ok(())
    }

    /// Opens the first folder and learns all that is in it.
    fn make_ready(&mut self) -> Checked<()> {
        let first = self.shared.folders[0].clone();
        if self.mirror.as_ref().is_none_or(|mirror| mirror.name != first) {
            self.select(&first, false)?;
        }
        self.learn_all()
    }

    fn wait_for_news(&mut self) -> Checked<()> {
        let Some(news) = self.shared.news.lock().map_err(|_| FELL)?.clone() else { return Ok(()) };
        let arrived = |client: &Self| client.knows_news(&news);
        if self.mode.is_notified() {
            let order = Order::new("NOTIFY", "");
            while !arrived(self) {
                if let Some(end) = self.step(&order, &mut Heard::default())? {
                    return Err(format!("{end:?}, and nothing was asked"));
                }
            }
            return Ok(());
        }
        if self.can("IDLE") {
            return self.idle_until(arrived);
        }
        let end = Deadline::after(PATIENCE);
        while !arrived(self) {
            if end.is_over() {
                return Err(format!("news do not come: {news:?}"));
            }
            self.order(Order::new("NOOP", "NOOP"))?;
        }
        Ok(())
    }

    fn knows_news(&self, news: &News) -> bool {
        let Some(mirror) = &self.mirror else { return false };
        let marked = mirror.find(news.marked).and_then(|place| mirror.rows[place].flags.as_ref());
        mirror.len() == news.count
            && mirror.find(news.gone).is_none()
            && marked.is_some_and(|flags| flags.contains(&news.flag))
    }

    /// Draws what is to happen; nothing, where there is not enough in the folder.
    fn plan(&mut self) -> Checked<()> {
        const FLAG: &str = "$news";
        let first = self.shared.folders[0].clone();
        let truth: Truth = self.shared.truth(&first)?;
        let uids = truth.without(FLAG);
        let news = (uids.len() > 1).then(|| News {
            gone: uids[0],
            marked: uids[uids.len() - 1],
            flag: FLAG.to_owned(),
            count: truth.count(),
        });
        *self.shared.news.lock().map_err(|_| FELL)? = news;
        Ok(())
    }

    /// Makes happen what was drawn.
    fn make_news(&mut self) -> Checked<()> {
        let Some(news) = self.shared.news.lock().map_err(|_| FELL)?.clone() else { return Ok(()) };
        let first = self.shared.folders[0].clone();
        self.select(&first, false)?;
        let News { gone, marked, flag, .. } = news;
        self.order(Order::new("STORE", format!("UID STORE {gone} +FLAGS.SILENT (\\Deleted)")))?;
        if self.can("UIDPLUS") {
            self.order(Order::new("EXPUNGE", format!("UID EXPUNGE {gone}")))?;
        } else {
            return Ok(());
        }
        self.order(Order::new("STORE", format!("UID STORE {marked} +FLAGS ({flag})")))?;
        let name = format!("news.{}.{gone}", self.shared.prefix);
        let octets = letter(&mut self.random, &name);
        self.order(Order::new("APPEND", format!("APPEND {first} ")).with(octets, "")).map(drop)
    }
}
