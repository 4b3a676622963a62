//! Opens what a power cut left, as the gateway would, and holds it against what was told before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_model::{Flags, FolderView, MessageId, OfficeNumber};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::{ALL, Fill, World, domain, folder, himawari, now, office, sakura};
use fumibako_store::{Store, StoreError, message_id_of};

use crate::told::{Number, Told};

/// What a power cut must not do.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The store does not open.
    Unopened(String),
    /// Something that was answered is not there.
    Lost(String),
    /// A bundle stands in one of its two folders.
    Half(String),
    /// A message or a counter is not what it should be.
    Damaged(String),
    /// A UID has, or had, another meaning.
    Reused(String),
    /// It opens, and takes in nothing new.
    Deaf(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, what) = match self {
            Unopened(what) => ("unopened", what),
            Lost(what) => ("lost", what),
            Half(what) => ("half visible", what),
            Damaged(what) => ("damaged", what),
            Reused(what) => ("UID reused", what),
            Deaf(what) => ("takes in nothing", what),
        };
        write!(f, "{kind}: {what}")
    }
}

use Problem::{Damaged, Deaf, Half, Lost, Reused, Unopened};

type Problems = Vec<Problem>;

/// Who looks: the offices, and all that was ever sent.
pub(crate) struct Witness {
    pub(crate) world: World,
    pub(crate) sent: PathBuf,
    /// What each number meant in any state of the same history.
    pub(crate) meant: BTreeMap<Number, String>,
}

/// A message in a folder.
struct Found {
    id: String,
    flags: Flags,
    message: MessageId,
}

/// The three folders, by UID.
struct Shelves {
    inbox: BTreeMap<u32, Found>,
    sent: BTreeMap<u32, Found>,
    drafts: BTreeMap<u32, Found>,
}

impl Witness {
    /// Everything that is wrong with the store in this folder; `name` is for the new bundles that it must take.
    async fn look(&mut self, store: &Path, told: &Told, name: &str) -> Problems {
        match self.recover(store, told, name).await {
            Ok(problems) => problems,
            Err(error) => vec![Unopened(error.to_string())],
        }
    }

    async fn recover(&mut self, path: &Path, told: &Told, name: &str) -> Result<Problems, StoreError> {
        let mut problems = Vec::new();
        let store = SqliteStore::open(path, domain()).await?;
        if store.roll().office(sakura()).is_none() && told.promises() > 0 {
            problems.push(Lost("the roll".into()));
        }
        for number in [himawari(), sakura()] {
            store.put_office(office(number)).await?;
        }
        let shelves = self.shelves(&store, &mut problems).await?;
        self.remember(&shelves, &mut problems);
        hold_against(told, &shelves, &mut problems);
        self.evidence(&store, told, &mut problems).await?;
        let lines = if problems.is_empty() { self.go_on(&store, told, &shelves, name, &mut problems).await } else { 0 };
        store.close().await?;
        if problems.is_empty() {
            let store = SqliteStore::open(path, domain()).await?;
            let again = self.shelves(&store, &mut problems).await?;
            if again.inbox.len() != shelves.inbox.len() + lines {
                problems.push(Lost("a bundle that came after the cut".into()));
            }
            store.close().await?;
        }
        Ok(problems)
    }

    async fn shelves(&self, store: &SqliteStore, problems: &mut Problems) -> Result<Shelves, StoreError> {
        let mut read = BTreeMap::new();
        Ok(Shelves {
            inbox: self.shelf(store, (sakura(), "INBOX"), &mut read, problems).await?,
            sent: self.shelf(store, (himawari(), "Sent"), &mut read, problems).await?,
            drafts: self.shelf(store, (himawari(), "Drafts"), &mut read, problems).await?,
        })
    }

    /// A folder, each message compared with what was sent.
    async fn shelf(
        &self,
        store: &SqliteStore,
        (office, name): (OfficeNumber, &str),
        read: &mut BTreeMap<MessageId, String>,
        problems: &mut Problems,
    ) -> Result<BTreeMap<u32, Found>, StoreError> {
        let view = store.open(office, &folder(name)).await?;
        counters(&view, problems);
        let mut found = BTreeMap::new();
        for entry in view.entries {
            let id = match read.get(&entry.message) {
                Some(id) => id.clone(),
                None => match store.read(office, entry.message, ALL).await {
                    Ok(octets) => self.whole(&octets.0, problems),
                    Err(error) => {
                        problems.push(Damaged(format!("{name} {}: {error}", entry.uid)));
                        continue;
                    }
                },
            };
            read.insert(entry.message, id.clone());
            found.insert(entry.uid.get(), Found { id, flags: entry.flags, message: entry.message });
        }
        let ids: BTreeSet<&str> = found.values().map(|found| found.id.as_str()).collect();
        if ids.len() != found.len() {
            problems.push(Damaged(format!("{name}: something stands there twice")));
        }
        Ok(found)
    }

    /// The Message-ID of a message that is as it was sent, below the gateway's one line of trace.
    fn whole(&self, octets: &[u8], problems: &mut Problems) -> String {
        let id = message_id_of(octets).unwrap_or_default();
        let sent = fs::read(self.sent.join(&id)).unwrap_or_default();
        let trace = octets.strip_suffix(&sent[..]).filter(|_| !sent.is_empty());
        if !trace.is_some_and(|trace| trace.is_empty() || trace.starts_with(b"Received: ") && trace.len() < 200) {
            problems.push(Damaged(format!("{id} is not what was sent")));
        }
        id
    }

    /// A number means the same in every state of one history.
    fn remember(&mut self, shelves: &Shelves, problems: &mut Problems) {
        for (folder, shelf) in shelves.named() {
            for (uid, found) in shelf {
                let meant = self.meant.entry((folder.to_owned(), *uid)).or_insert_with(|| found.id.clone());
                if *meant != found.id {
                    problems.push(Reused(format!("{folder} {uid}: {} was {meant}", found.id)));
                }
            }
        }
    }

    async fn evidence(&self, store: &SqliteStore, told: &Told, problems: &mut Problems) -> Result<(), StoreError> {
        for (id, evidence) in &told.answered {
            let size = fs::metadata(self.sent.join(id)).map_or(0, |file| file.len());
            match store.evidence(*evidence).await? {
                Some(found) if found.message_id == *id && found.size == Some(size) => {}
                Some(found) => problems.push(Damaged(format!("{evidence} of {id} speaks of {}", found.message_id))),
                None => problems.push(Lost(format!("{evidence} of {id}"))),
            }
        }
        Ok(())
    }

    /// New bundles come and get new numbers; an old one that comes again is known. How many came.
    async fn go_on(
        &self,
        store: &SqliteStore,
        told: &Told,
        shelves: &Shelves,
        name: &str,
        problems: &mut Problems,
    ) -> usize {
        let ends = (himawari(), sakura());
        let ids = [("one", 100), ("other", 100), ("large", 900_000)].map(|(id, size)| (format!("{name}.{id}"), size));
        for (id, size) in &ids {
            let octets = self.world.letter(ends, id, &"7".repeat(*size));
            fs::write(self.sent.join(id), &octets).unwrap();
            if let Err(error) = store.deliver(self.world.admit(store, ends, &octets), now()).await {
                problems.push(Deaf(error.to_string()));
            }
        }
        if let Some((id, evidence)) = told.answered.last_key_value() {
            let octets = fs::read(self.sent.join(id)).unwrap();
            match store.deliver(self.world.admit(store, ends, &octets), now()).await {
                Ok(again) if again.repeated && again.evidence == *evidence => {}
                other => problems.push(Lost(format!("{id} was answered {evidence}, and now {other:?}"))),
            }
        }
        for (office, folder_name, shelf) in [(sakura(), "INBOX", &shelves.inbox), (himawari(), "Sent", &shelves.sent)] {
            let highest = told.highest(folder_name).max(shelf.keys().next_back().copied().unwrap_or(0));
            let view = store.open(office, &folder(folder_name)).await;
            let new = view.map(|view| view.entries.iter().filter(|entry| entry.uid.get() > highest).count());
            if new.as_ref().ok() != Some(&ids.len()) {
                problems.push(Reused(format!("{folder_name}: {new:?} of {} new bundles above {highest}", ids.len())));
            }
        }
        ids.len()
    }
}

impl Shelves {
    fn named(&self) -> [(&'static str, &BTreeMap<u32, Found>); 3] {
        [("INBOX", &self.inbox), ("Sent", &self.sent), ("Drafts", &self.drafts)]
    }
}

fn counters(view: &FolderView, problems: &mut Problems) {
    let (status, entries) = (&view.status, &view.entries);
    let seen = entries.iter().filter(|entry| entry.flags.has(Flags::SEEN)).count();
    let hold = status.messages as usize == entries.len()
        && status.unseen as usize == entries.len() - seen
        && status.bytes == entries.iter().map(|entry| entry.size).sum::<u64>()
        && entries.iter().all(|entry| entry.modseq <= status.highest_modseq && entry.uid.get() < status.uid_next);
    if !hold {
        problems.push(Damaged(format!("the counters {status:?}")));
    }
}

/// Everything told is there, nothing is half there.
fn hold_against(told: &Told, shelves: &Shelves, problems: &mut Problems) {
    let ids = |shelf: &BTreeMap<u32, Found>| shelf.values().map(|found| found.id.clone()).collect::<BTreeSet<_>>();
    let (inbox, sent) = (ids(&shelves.inbox), ids(&shelves.sent));
    let leaving: BTreeSet<&String> = told.leaving.values().collect();
    for id in told.answered.keys().filter(|id| !sent.contains(*id)) {
        problems.push(Lost(format!("{id} was answered")));
    }
    let (received, kept): (BTreeSet<_>, BTreeSet<_>) =
        (shelves.inbox.values().map(|f| f.message).collect(), shelves.sent.values().map(|f| f.message).collect());
    for found in shelves.inbox.values().filter(|found| !kept.contains(&found.message)) {
        problems.push(Half(format!("{} is in INBOX only", found.id)));
    }
    for found in shelves.sent.values().filter(|found| !received.contains(&found.message)) {
        if !leaving.contains(&found.id) {
            problems.push(Half(format!("{} is in Sent only", found.id)));
        }
    }
    for ((folder, uid), id) in &told.numbers {
        let (_, shelf) = shelves.named().into_iter().find(|(name, _)| name == folder).unwrap();
        match shelf.get(uid) {
            Some(found) if found.id == *id => {}
            Some(found) => problems.push(Reused(format!("{folder} {uid} was {id} and is {}", found.id))),
            None if folder == "INBOX" && told.leaving.contains_key(uid) && !inbox.contains(id) => {}
            None => problems.push(Lost(format!("{folder} {uid}, {id}"))),
        }
    }
    for uid in &told.flagged {
        if shelves.inbox.get(uid).is_some_and(|found| !found.flags.has(Flags::FLAGGED)) {
            problems.push(Lost(format!("the flag of {uid}")));
        }
    }
    for uid in told.left.iter().filter(|uid| shelves.inbox.contains_key(uid)) {
        problems.push(Lost(format!("that {uid} was removed")));
    }
}

/// Looks on a thread of its own: a store in pieces may panic, and that is a finding too.
pub(crate) fn look(witness: &mut Witness, store: &Path, told: &Told, name: &str) -> Problems {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    std::thread::scope(|threads| {
        let looking = threads.spawn(|| runtime.block_on(witness.look(store, told, name)));
        looking.join().unwrap_or_else(|_| vec![Unopened("it panicked".into())])
    })
}
