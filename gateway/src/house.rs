//! What all connections share: the store, the trust, the limits, and who is connected.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fumibako_model::{AgentId, Done, OfficeNumber, Party, Promised, Refusal, Refused, What};
use fumibako_signer::{Certificate, Identity, Trust};
use fumibako_store::bodies::Day;
use fumibako_store::{Amend, Expired, Facts, LogFault, Paper, PaperKind, Rules, Store, StoreError, Wrong};
use fumibako_wire::{imap, pop3, smtp};
use tokio::sync::{Semaphore, watch};

use crate::admin::ExpiryView;
use crate::clock::Clock;
use crate::config::Config;
use crate::counts::{Counts, Held};
use crate::gateway::Addresses;
use crate::notices::Notices;
use crate::password::{Guesses, Scratch};
use crate::trust::{self, TrustError};
use crate::witness::{self, Keys, Witnessing};

mod certificates;
mod challenges;
#[cfg(test)]
pub(crate) mod fresh;
mod handovers;
mod issuers;
mod logins;
mod passwords;
mod searches;

pub(crate) use certificates::{Vouches, done_by, revoked_since, told};
pub(crate) use challenges::Challenges;
pub(crate) use handovers::Terminal;
pub(crate) use issuers::Issuers;
pub(crate) use logins::From;
pub(crate) use passwords::New;
pub(crate) use searches::Searches;

/// Certificates whose keeping is remembered, 32 octets each. Past it, all are looked up again.
const VOUCHED: usize = 100_000;

/// Whom the gateway believes.
pub(crate) struct Believed {
    pub(crate) trust: Arc<Trust>,
    /// How evidence names it ([`fumibako_model::TrustState`]).
    pub(crate) name: String,
}

/// The gateway's shared state.
pub(crate) struct House<S> {
    pub(crate) store: S,
    pub(crate) config: Config,
    /// Where it listens.
    pub(crate) addresses: Addresses,
    pub(crate) clock: Clock,
    pub(crate) counts: Counts,
    pub(crate) connected: Connected,
    pub(crate) notices: Notices,
    /// How SMTP conversations behave.
    pub(crate) smtp: Arc<smtp::Settings>,
    /// How IMAP conversations behave.
    pub(crate) imap: Arc<imap::Settings>,
    /// How POP3 conversations behave.
    pub(crate) pop3: Arc<pop3::Settings>,
    /// Who signs evidence.
    pub(crate) witness: Identity,
    /// Whose signatures over the log are believed: its own, and those of the keys before it up to their end.
    pub(crate) keys: Keys,
    /// Held by whoever lets the log grow.
    pub(crate) witnessing: tokio::sync::Mutex<Witnessing>,
    believed: RwLock<Arc<Believed>>,
    /// How long content of each day is kept, as offices are told.
    promised: RwLock<Promised>,
    /// Certificates that are kept beside the evidence.
    vouched: Mutex<HashSet<[u8; 32]>>,
    /// Held from reading the folder of trust until what it says counts.
    changing_trust: Mutex<()>,
    /// Held by many from judging a message until the evidence of it is kept, and by nobody meanwhile who lets papers go.
    pub(crate) judging: tokio::sync::RwLock<()>,
    guesses: Guesses,
    /// How often each searches the directory.
    pub(crate) searches: Searches,
    /// How often each asks whom to encrypt to.
    pub(crate) readings: Searches,
    /// How often each asks for a file of evidence.
    pub(crate) proofs: Searches,
    /// So many files of evidence are made at once: each may be large.
    pub(crate) proving: Semaphore,
    pub(crate) issuers: Arc<Issuers>,
    /// How often each office reads what was done for it.
    pub(crate) looks: Searches,
    /// Given out for words about certificates.
    pub(crate) challenges: Challenges,
    /// Passwords are judged on as many threads as there are cores, no more.
    hashing: Semaphore,
    scratch: Arc<Scratch>,
    /// What the salts of user IDs that nobody has are made of.
    nobody: [u8; 32],
    /// Becomes true when the store can no longer be trusted; the gateway then stops.
    pub(crate) broken: watch::Sender<bool>,
    /// Pieces of evidence that were found missing, until the evidence is looked through.
    lacking: AtomicU64,
    /// Bytes of bodies in memory, in KiB.
    pub(crate) body_memory: Arc<Semaphore>,
    /// Large bodies are filed on as many threads as there are cores, no more.
    pub(crate) filing: Semaphore,
}

/// What a start brings beside the settings.
pub(crate) struct Own {
    pub(crate) addresses: Addresses,
    /// What the salts of user IDs that nobody has are made of.
    pub(crate) nobody: [u8; 32],
    /// Who signs evidence.
    pub(crate) witness: Identity,
    /// Whose signatures over the log are believed.
    pub(crate) keys: Keys,
    /// What is known of the log.
    pub(crate) witnessing: Witnessing,
    /// How long content of each day is kept.
    pub(crate) promised: Promised,
}

impl<S: Store> House<S> {
    pub(crate) fn new(store: S, config: Config, believed: Believed, own: Own) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let message_bytes = config.limits.message_bytes as u64;
        let host = config.domain.clone();
        Self {
            store,
            smtp: Arc::new(smtp::Settings { message_bytes, ..smtp::Settings::new(host.clone(), host) }),
            imap: Arc::new(imap::Settings {
                message_bytes,
                retention_days: config.limits.retention_days,
                ..imap::Settings::default()
            }),
            pop3: Arc::new(pop3::Settings {
                retention_days: config.limits.retention_days,
                ..pop3::Settings::default()
            }),
            clock: Clock,
            counts: Counts::default(),
            connected: Connected::default(),
            notices: Notices::default(),
            lacking: AtomicU64::new(0),
            believed: RwLock::new(Arc::new(believed)),
            promised: RwLock::new(own.promised),
            vouched: Mutex::default(),
            changing_trust: Mutex::default(),
            judging: tokio::sync::RwLock::default(),
            guesses: Guesses::new(
                config.limits.login_failures,
                config.limits.login_failures_per_address,
                config.limits.login_lock_minutes,
            ),
            searches: Searches::up_to(config.limits.searches_per_minute),
            readings: Searches::up_to(config.limits.readings_per_minute),
            proofs: Searches::up_to(searches::PROOFS),
            proving: Semaphore::new(cores),
            issuers: Arc::default(),
            looks: Searches::up_to(config.limits.searches_per_minute),
            challenges: Challenges::default(),
            hashing: Semaphore::new(cores),
            scratch: Arc::new(Scratch::of(config.passwords.cost)),
            nobody: own.nobody,
            witness: own.witness,
            keys: own.keys,
            witnessing: tokio::sync::Mutex::new(own.witnessing),
            addresses: own.addresses,
            filing: Semaphore::new(cores),
            broken: watch::Sender::new(false),
            body_memory: Arc::new(Semaphore::new(config.limits.body_memory_bytes >> 10)),
            config,
        }
    }

    /// The authorities trusted now.
    pub(crate) fn trust(&self) -> Arc<Trust> {
        self.believed().trust.clone()
    }

    /// The same, with the name under which evidence quotes them.
    pub(crate) fn believed(&self) -> Arc<Believed> {
        self.believed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long content of each day is kept: what is announced, told of in letters, and obeyed.
    pub(crate) fn promised(&self) -> Promised {
        self.promised.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same once somebody asked for expiry, by which all of it may be shorter.
    pub(crate) async fn promise_anew(&self) -> Result<(), StoreError> {
        let promised = self.store.promised(self.config.retention()).await?;
        *self.promised.write().unwrap_or_else(PoisonError::into_inner) = promised;
        Ok(())
    }

    /// The rules of admission.
    pub(crate) fn rules(&self) -> Rules {
        self.config.rules(self.promised())
    }

    /// Changes the folder of trust; from now on what it then says counts. One change after another: of two operators the
    /// later does not undo the earlier. It waits for the disk, and must not be called where others wait for the thread.
    pub(crate) fn change_trust(
        &self,
        change: impl FnOnce(&Path) -> Result<Trust, TrustError>,
    ) -> Result<(), TrustError> {
        let _one = self.changing_trust.lock().unwrap_or_else(PoisonError::into_inner);
        let trust = Arc::new(change(&self.config.trust_folder)?);
        let (name, papers) = trust::papers(&self.config.trust_folder)?;
        // Kept before anybody is judged by it.
        tokio::runtime::Handle::current().block_on(self.store.keep_papers(papers))?;
        *self.believed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Believed { trust, name });
        Ok(())
    }

    /// Profile §8.18: the certificates that a message was judged by are kept before evidence names them. Those seen before cost
    /// one look.
    pub(crate) async fn vouch(&self, facts: &Facts) -> Result<(), StoreError> {
        let known = || self.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(facts.signer()) {
            return Ok(());
        }
        let paper = |one: &Certificate| Paper::new(PaperKind::Certificate, one.der().to_vec());
        let mut papers: Vec<_> = facts.papers().iter().map(paper).collect();
        let beside = papers.iter().skip(1).map(|paper| paper.name.clone()).collect();
        if let Some(signer) = papers.first_mut() {
            signer.beside = beside;
        }
        self.store.keep_papers(papers).await?;
        let mut known = known();
        if known.len() >= VOUCHED {
            known.clear();
        }
        known.insert(*facts.signer());
        Ok(())
    }

    /// Profile §8.29: papers go that no evidence needs. Whoever is judged from here on has his papers kept again before that, and what
    /// was judged by those that were kept long ago has its evidence.
    pub(crate) async fn forget_papers(&self) -> Result<u64, StoreError> {
        {
            let _nobody = self.judging.write().await;
            self.vouched.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.store.forget_papers(&self.believed().name).await
    }

    /// A refusal on its way to a client: counted, logged under a reference that the reply carries.
    pub(crate) fn refuse(&self, what: &'static str, who: Option<&Party>, refused: &Refused) -> String {
        let reference = reference();
        self.note_refusal(what, who, refused, &reference);
        reference
    }

    /// What the store could not do, as a refusal; the operator reads the rest in the log.
    pub(crate) fn refusal_of(&self, error: StoreError) -> Refused {
        match error {
            StoreError::Refused(refused) => refused,
            StoreError::Busy(why) => {
                tracing::warn!(why, "store.busy");
                Refusal::StoreBusy.into()
            }
            StoreError::Full(why) => {
                tracing::error!(why, "store.full");
                Refusal::StorageFull.into()
            }
            StoreError::Failed(why) => {
                tracing::error!(why, "store.failed");
                Refusal::StoreBusy.into()
            }
            StoreError::Broken(why) => {
                tracing::error!(why, "store.broken");
                self.broken.send_replace(true);
                Refusal::Internal.into()
            }
        }
    }

    /// Profile §16.3: the audit tells what an agent does for an office. What it changes is told in the commit of the change.
    pub(crate) async fn agent_did(
        &self,
        (agent, office): (&AgentId, OfficeNumber),
        what: What,
        about: String,
    ) -> Result<(), Refused> {
        let done = Done::by_agent(self.clock.now(), agent, what, office).about(about);
        let told = self.store.amend(Amend { changes: Vec::new(), done: vec![done] }).await;
        told.map_err(|error| self.refusal_of(error))
    }

    /// What expiry took away.
    pub(crate) fn count_expired(&self, expired: &Expired) {
        for day in &expired.days {
            self.counts.expired.inc_by(day.uncollected);
            self.counts.erased.inc_by(day.messages);
        }
    }

    /// Everything that is counted, as OpenMetrics text (Profile §8.27).
    pub(crate) async fn metrics(&self) -> Result<String, StoreError> {
        let census = self.store.census().await?;
        let connections = self.connected.0.lock().unwrap_or_else(PoisonError::into_inner).all;
        let free = self.body_memory.available_permits() << 10;
        let body_memory = self.config.limits.body_memory_bytes.saturating_sub(free);
        let expiry = ExpiryView::of(&census, self.config.retention(), Day::of(self.clock.now()));
        let signing_stopped = self.witnessing.lock().await.stopped.is_some();
        let missing = self.missing(&census).await;
        Ok(self.counts.text(&census, Held { connections, body_memory, signing_stopped, missing }, &expiry))
    }

    /// At least so many pieces that were signed for, or counted, are not there (Profile §8.15): of the last days, of a log that lost its end, and
    /// what was found so before, until the evidence is looked through.
    pub(crate) async fn missing(&self, census: &fumibako_store::Census) -> u64 {
        let there = census.evidence + census.pruned;
        // What came since does not make up for it.
        let lost = match self.lost_end().await {
            0 => 0,
            end => end.saturating_sub(there).max(1),
        };
        let now = census.missing.max(lost);
        self.lacking.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// The evidence was looked through, and this is wrong with it.
    pub(crate) fn looked(&self, faults: &[LogFault]) {
        let removed = faults.iter().filter(|fault| fault.what == Wrong::Removed).count();
        self.lacking.store(removed as u64, Ordering::Relaxed);
    }

    /// The largest head beside the key that the log does not continue and nobody explained is over so many pieces. What cannot be read says
    /// nothing: `evidence verify` names it.
    pub(crate) async fn lost_end(&self) -> u64 {
        let (file, believed) = (&self.config.evidence.identity_file, &self.keys.believed);
        let lost = witness::lost_heads(&self.store, file, believed).await.unwrap_or_default();
        lost.last().copied().unwrap_or(0)
    }

    /// Counts and logs a refusal that has its reference already (Profile §6.2).
    pub(crate) fn note_refusal(&self, what: &'static str, who: Option<&Party>, refused: &Refused, reference: &str) {
        self.counts.refused(refused.why);
        let row = refused.why.row();
        let who = who.map(ToString::to_string).unwrap_or_default();
        tracing::info!(reference, code = row.code, what, who, about = refused.about, "refused");
    }
}

/// 受付番号: six characters, random, without letters that are easily confused.
pub(crate) fn reference() -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut random = [0; 6];
    // Without randomness the reference says so; the refusal itself matters more.
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        return "000000".into();
    }
    random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Who is connected: from which address, under which login.
#[derive(Debug, Default)]
pub(crate) struct Connected(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    all: usize,
    addresses: HashMap<IpAddr, usize>,
    parties: HashMap<Party, usize>,
}

/// One connection's place; given back when dropped.
pub(crate) struct Place<S> {
    house: Arc<House<S>>,
    address: IpAddr,
    party: Option<Party>,
}

impl<S: Store> Place<S> {
    /// A place for a new connection, while there is one.
    pub(crate) fn take(house: &Arc<House<S>>, address: IpAddr) -> Result<Self, Refused> {
        let limits = &house.config.limits;
        let mut tally = house.connected.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = tally.addresses.get(&address).copied().unwrap_or_default();
        if tally.all >= limits.connections || here >= limits.connections_per_address {
            return Err(Refusal::TooManyConnections.into());
        }
        tally.all += 1;
        *tally.addresses.entry(address).or_default() += 1;
        drop(tally);
        Ok(Self { house: house.clone(), address, party: None })
    }

    /// The connection logged in: it now also counts for its login. Who logs in again, after an exchange that the client broke
    /// off at its last turn, counts once.
    pub(crate) fn belongs_to(&mut self, party: &Party) -> Result<(), Refused> {
        let most = self.house.config.limits.connections_per_account;
        let mut tally = self.house.connected.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = self.party.take() {
            give_back(&mut tally.parties, &before);
        }
        let count = tally.parties.entry(party.clone()).or_default();
        if *count >= most {
            return Err(Refusal::TooManyConnections.into());
        }
        *count += 1;
        self.party = Some(party.clone());
        Ok(())
    }

    /// The connection logged out, and stays (RFC 8437).
    pub(crate) fn is_nobodys(&mut self) {
        if let Some(party) = self.party.take() {
            let mut tally = self.house.connected.0.lock().unwrap_or_else(PoisonError::into_inner);
            give_back(&mut tally.parties, &party);
        }
    }
}

impl<S> Drop for Place<S> {
    fn drop(&mut self) {
        let mut tally = self.house.connected.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.all -= 1;
        give_back(&mut tally.addresses, &self.address);
        if let Some(party) = &self.party {
            give_back(&mut tally.parties, party);
        }
    }
}

fn give_back<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
