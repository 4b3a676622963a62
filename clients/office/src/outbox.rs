//! The outbox: from [`Outbox::put`] on, a crash only delays (Profile §11.2). One file a message, named so that the oldest goes first.
//!
//! | file                | means                                                          |
//! |---------------------|----------------------------------------------------------------|
//! | `KEY.eml` alone     | waits; is posted by this run or the next, with its Message-ID  |
//! | `KEY.posted.json`   | durable at the gateway; an `.eml` beside it is only left over  |
//! | `KEY.refused.json`  | refused for good; the `.eml` stays to be looked at             |
//! | `KEY.eml.unreadable`| was spoilt before it went, and set aside by whoever held the outbox |

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fumibako_model::{Address, BUNDLE_FIELD, BundleFacts, EvidenceId, JAPAN, OfficeNumber, Private, Refused};
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

use crate::bundle::open::agent_of;
use crate::disk;
use crate::lost::Went;
use crate::post::Carry;
use crate::received;
use crate::trouble::{NotKept, Trouble};

/// The outbox of one office. Holding it keeps every other run of this program out.
pub struct Outbox {
    folder: PathBuf,
    _lock: File,
}

/// What is known of a message that left or wants to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Without angle brackets.
    pub message_id: String,
    /// The sending office's address.
    pub from: String,
    /// The agent that sends it for that office.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent: Option<String>,
    /// The address it goes to.
    pub to: String,
    /// When it was composed.
    pub composed: Timestamp,
    /// What a bundle says of itself; none for a receipt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bundle: Option<String>,
    /// How far it came.
    #[serde(flatten)]
    pub fate: Fate,
}

/// How far a message came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It waits for the gateway.
    Waiting,
    /// Durable at the gateway.
    Posted {
        /// The gateway's evidence id.
        evidence: String,
        /// When the gateway answered.
        at: Timestamp,
        /// Its host; none: an earlier version of this program did not note it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gateway: Option<String>,
    },
    /// Refused for good.
    Refused {
        /// `E-…` of the catalogue.
        code: fumibako_model::Refusal,
        /// What it was about.
        about: String,
        /// 受付番号.
        reference: Option<String>,
        /// When.
        at: Timestamp,
    },
}

/// What became of one message in [`Outbox::post_all`].
#[derive(Debug)]
pub struct Outcome {
    /// The message, as it is now.
    pub entry: Entry,
    /// Why it was not posted.
    pub trouble: Option<Trouble>,
}

impl Outbox {
    /// Opens the outbox in a data folder and clears what a crash left half-written. What is spoilt is set aside before anybody asks
    /// whether it is here.
    pub fn open(data_folder: &Path) -> Result<Self, Trouble> {
        let folder = data_folder.join("outbox");
        disk::private_folder(&folder).map_err(Trouble::writing(&folder))?;
        let place = data_folder.join("lock");
        let lock = File::options().create(true).append(true).open(&place).map_err(Trouble::writing(&place))?;
        lock.try_lock().map_err(|_| Trouble::Busy(data_folder.to_owned()))?;
        disk::sweep(&folder).map_err(Trouble::writing(&folder))?;
        waiting(&folder, &names(&folder)?)?;
        Ok(Self { folder, _lock: lock })
    }

    /// Keeps a message, as it will travel and in no other form (Profile §4.8). After `Ok` the power may fail and it still
    /// is posted, once.
    ///
    /// | a crash after step | finds on restart                                    |
    /// |--------------------|-----------------------------------------------------|
    /// | 1 written aside    | half a file; swept. Nothing was promised            |
    /// | 2 renamed, synced  | a message that waits; the next run posts it         |
    pub fn put(&self, message_id: &str, at: Timestamp, octets: &Private<Vec<u8>>) -> Result<(), Trouble> {
        let path = self.folder.join(format!("{}.eml", key(message_id, at)));
        disk::create(&path, &octets.0).map_err(Trouble::writing(&path))?;
        tracing::info!(message = message_id, bytes = octets.0.len(), "outbox.put");
        Ok(())
    }

    /// Is this message here, whatever became of it? One whose file was spoilt before it went is not, and is to be composed anew.
    pub fn knows(&self, message_id: &str) -> Result<bool, Trouble> {
        let end = format!("-{}.", local_part(message_id));
        let spoilt = format!(".eml{}", disk::UNREADABLE);
        Ok(self.names()?.iter().any(|name| name.contains(&end) && !name.ends_with(&spoilt)))
    }

    /// A message that waits, by its key.
    pub(crate) fn octets(&self, key: &str) -> Result<Vec<u8>, Trouble> {
        let path = self.folder.join(format!("{key}.eml"));
        fs::read(&path).map_err(Trouble::reading(&path))
    }

    /// Forgets a message that was refused for good, so that it can be composed anew under its Message-ID. True: it was
    /// there and refused.
    pub fn forget_refused(&self, message_id: &str) -> Result<bool, Trouble> {
        let Some(key) = self.key_of(message_id, REFUSED)? else { return Ok(false) };
        // The message first: a record without a message is only history.
        for end in [".eml", REFUSED] {
            let path = self.folder.join(format!("{key}{end}"));
            disk::remove(&path).map_err(Trouble::writing(&path))?;
        }
        Ok(true)
    }

    /// The key of a message of which there is this record: [`REFUSED`] for good, or [`POSTED`].
    pub(crate) fn key_of(&self, message_id: &str, record: &str) -> Result<Option<String>, Trouble> {
        let end = format!("-{}{record}", local_part(message_id));
        let names = self.names()?;
        let key = names.iter().find(|name| name.ends_with(&end)).and_then(|name| name.strip_suffix(record));
        Ok(key.map(str::to_owned))
    }

    /// Receipts, and words that a bundle does not open, that were refused, with the key of each, oldest first. What is spoilt is left out.
    pub(crate) fn refused_words(&self) -> Result<Vec<(String, Entry)>, Trouble> {
        let names = self.names()?;
        let has = |key: &str, end: &str| names.iter().any(|name| *name == format!("{key}{end}"));
        let keys = names.iter().filter_map(|name| name.strip_suffix(REFUSED));
        let mut refused = Vec::new();
        for key in keys.filter(|key| has(key, ".eml") && !has(key, POSTED)) {
            if let Some(Ok(entry)) = under(&self.folder, key, &mut |path| fs::read(path))?
                && entry.bundle.is_none()
            {
                refused.push((key.to_owned(), entry));
            }
        }
        Ok(refused)
    }

    /// Puts another message, of the same Message-ID, in the place of one that was refused, or that was posted and that the gateway has no
    /// more. After `Ok` the power may fail and it still is posted.
    ///
    /// | a crash after step        | finds on restart                                                              |
    /// |---------------------------|-------------------------------------------------------------------------------|
    /// | 1 the refusal taken away  | the message of before, which waits, and is refused once more                  |
    /// | 2 message replaced        | refused before: a message that waits. Posted before: the record beside it, and it is made anew |
    /// | 3 the posting taken away  | a message that waits; the next run posts it                                   |
    pub(crate) fn renew(&self, key: &str, octets: &Private<Vec<u8>>) -> Result<(), Trouble> {
        let place = |end: &str| self.folder.join(format!("{key}{end}"));
        let forget = |record: PathBuf| disk::remove(&record).map_err(Trouble::writing(&record));
        let message = place(".eml");
        forget(place(REFUSED))?; // 1
        disk::replace(&message, &octets.0).map_err(Trouble::writing(&message))?; // 2
        forget(place(POSTED)) // 3
    }

    /// Posts everything that waits, oldest first, and tells of each as it happens. Stops where the way is blocked. A bundle
    /// never overtakes what its office sent before: where one has to wait, so do the later ones, and other offices' go on. Receipts and
    /// the words that a bundle does not open go before all bundles and wait for none: files are on the disk, and somebody is told that
    /// they are not (Profile §9.13).
    pub fn post_all(
        &self,
        post: &mut impl Carry,
        clock: fn() -> Timestamp,
        tell: &mut dyn FnMut(&Outcome),
    ) -> Result<Vec<Outcome>, Trouble> {
        let (mut outcomes, mut blocked): (Vec<Outcome>, Vec<(Option<String>, Trouble)>) = (Vec::new(), Vec::new());
        let mut waiting = self.waiting()?;
        waiting.sort_by_key(|(_, entry)| entry.bundle.is_some());
        for (key, entry) in waiting {
            let stops = |whose: &Option<String>| whose.as_ref().is_none_or(|office| *office == entry.from);
            let why = blocked.iter().find(|(whose, _)| stops(whose)).map(|(_, why)| why.again());
            let outcome = match why {
                Some(why) => Outcome { entry, trouble: Some(why) },
                None => self.post_one(&key, entry, post, clock)?,
            };
            if let Some(why) = outcome.trouble.as_ref().filter(|why| why.is_on_the_way()) {
                let office = why.is_one_office_s().then(|| outcome.entry.from.clone());
                // A receipt that has to wait says nothing of what is behind it.
                if office.is_none() || outcome.entry.bundle.is_some() {
                    blocked.push((office, why.again()));
                }
            }
            tell(&outcome);
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn post_one(
        &self,
        key: &str,
        mut entry: Entry,
        post: &mut impl Carry,
        clock: fn() -> Timestamp,
    ) -> Result<Outcome, Trouble> {
        let path = self.folder.join(format!("{key}.eml"));
        let octets = self.octets(key)?;
        let posted = match (entry.from.parse(), entry.to.parse()) {
            // RFC 8098 §3: only a bundle has a sender who could be told of it; what else goes out speaks of a bundle (Profile §13.12).
            (Ok(from), Ok(to)) => post.post(entry.bundle.as_ref().map(|_| &from), &to, &octets),
            _ => Err(Trouble::Garbled(format!("{key} names no sender or recipient"))),
        };
        let trouble = match posted {
            Ok(evidence) => {
                let gateway = Some(post.gateway().to_owned());
                entry.fate = Fate::Posted { evidence: evidence.to_string(), at: clock(), gateway };
                self.record(key, "posted", &entry)?;
                // A crash before this line leaves an `.eml` beside its record, and the record counts.
                disk::remove(&path).map_err(Trouble::writing(&path))?;
                tracing::info!(message = entry.message_id, %evidence, "message.posted");
                None
            }
            Err(Trouble::Refused { refused, reference }) if !is_on_the_way(&refused) => {
                tracing::warn!(message = entry.message_id, code = refused.why.row().code, "message.refused");
                entry.fate = Fate::refused(&refused, reference.clone(), clock());
                self.record(key, "refused", &entry)?;
                Some(Trouble::Refused { refused, reference })
            }
            Err(why) => {
                tracing::warn!(message = entry.message_id, %why, "message.waits");
                Some(why)
            }
        };
        Ok(Outcome { entry, trouble })
    }

    fn record(&self, key: &str, fate: &str, entry: &Entry) -> Result<(), Trouble> {
        let path = self.folder.join(format!("{key}.{fate}.json"));
        let json = serde_json::to_vec_pretty(entry).map_err(std::io::Error::from).map_err(Trouble::writing(&path))?;
        disk::replace(&path, &json).map_err(Trouble::writing(&path))
    }

    /// Every message known here, oldest first. What is spoilt is set aside.
    pub fn entries(&self) -> Result<Vec<Entry>, Trouble> {
        let (entries, spoilt) = known(&self.folder)?;
        for path in spoilt {
            disk::set_aside(&path).map_err(Trouble::writing(&path))?;
        }
        Ok(entries)
    }

    /// What waits, oldest first, with the key of each.
    pub(crate) fn waiting(&self) -> Result<Vec<(String, Entry)>, Trouble> {
        waiting(&self.folder, &self.names()?)
    }

    fn names(&self) -> Result<Vec<String>, Trouble> {
        names(&self.folder)
    }
}

/// Every message known in a data folder, oldest first; for looking at while another run may hold the outbox. Nothing is changed by it.
pub fn look(data_folder: &Path) -> Result<Vec<Entry>, Trouble> {
    let folder = data_folder.join("outbox");
    if folder.is_dir() { Ok(known(&folder)?.0) } else { Ok(Vec::new()) }
}

/// What was spoilt before it went, and when it was composed: nobody can say what it was. What was composed anew since is none of it, nor
/// are receipts and words of a failure, which the next fetch composes anew.
pub fn spoilt(data_folder: &Path) -> Result<Vec<(Timestamp, Trouble)>, Trouble> {
    let folder = data_folder.join("outbox");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let (names, aside) = (names(&folder)?, format!(".eml{}", disk::UNREADABLE));
    let mut spoilt: BTreeMap<String, PathBuf> = BTreeMap::new();
    let fresh = known(&folder)?.1.into_iter().filter(|path| path.extension().is_some_and(|end| end == "eml"));
    for path in fresh.chain(names.iter().filter(|name| name.ends_with(&aside)).map(|name| folder.join(name))) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        spoilt.insert(name.split(".eml").next().unwrap_or_default().to_owned(), path.clone());
    }
    let anew = |key: &str| {
        let of_it = |name: &&String| !name.starts_with(key) && name.contains(&format!("-{}.", secret(key)));
        names.iter().any(|name| of_it(&name))
    };
    spoilt.retain(|key, _| !anew(key) && !received::answers_by(data_folder, secret(key)));
    let all = spoilt.into_iter().map(|(key, path)| (composed(&key), Trouble::Kept(path, NotKept::Message)));
    Ok(all.collect())
}

/// Everything under its key, and the files that are spoilt.
fn known(folder: &Path) -> Result<(Vec<Entry>, Vec<PathBuf>), Trouble> {
    let names = names(folder)?;
    let key = |name: &'_ String| ENDS.iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned);
    let keys: BTreeSet<String> = names.iter().filter_map(key).collect();
    let (mut entries, mut spoilt) = (Vec::new(), Vec::new());
    for key in keys {
        match under(folder, &key, &mut |path| fs::read(path))? {
            Some(Ok(entry)) => entries.push(entry),
            Some(Err(path)) => spoilt.push(path),
            None => {}
        }
    }
    Ok((entries, spoilt))
}

/// Of a message that is durable at the gateway.
pub(crate) const POSTED: &str = ".posted.json";
/// Of one that was refused for good.
pub(crate) const REFUSED: &str = ".refused.json";
/// How the names of a message's files end, in the order in which they count.
const ENDS: [&str; 3] = [POSTED, REFUSED, ".eml"];

/// What is under a key, or the file that is spoilt. Another run may have gone on since the key was seen: a message goes once its record is
/// there, so that is looked for once more.
fn under(
    folder: &Path,
    key: &str,
    read: &mut dyn FnMut(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<Option<Result<Entry, PathBuf>>, Trouble> {
    for end in ENDS.iter().chain(&ENDS[..2]) {
        let path = folder.join(format!("{key}{end}"));
        let entry = match read(&path) {
            Ok(octets) if *end == ".eml" => entry_of(&octets),
            Ok(json) => serde_json::from_slice(&json).ok(),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
            Err(why) => return Err(Trouble::reading(&path)(why)),
        };
        return Ok(Some(entry.ok_or(path)));
    }
    Ok(None)
}

fn waiting(folder: &Path, names: &[String]) -> Result<Vec<(String, Entry)>, Trouble> {
    let has = |key: &str, fate: &str| names.iter().any(|name| *name == format!("{key}.{fate}.json"));
    let keys = names.iter().filter_map(|name| name.strip_suffix(".eml"));
    let mut waiting = Vec::new();
    for key in keys.filter(|key| !has(key, "posted") && !has(key, "refused")) {
        let path = folder.join(format!("{key}.eml"));
        let octets = fs::read(&path).map_err(Trouble::reading(&path))?;
        match entry_of(&octets) {
            Some(entry) => waiting.push((key.to_owned(), entry)),
            None => disk::set_aside(&path).map_err(Trouble::writing(&path))?,
        }
    }
    Ok(waiting)
}

fn names(folder: &Path) -> Result<Vec<String>, Trouble> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Trouble::reading(folder))? {
        names.push(entry.map_err(Trouble::reading(folder))?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The message's own fields say everything, so a waiting message is one file and cannot contradict itself.
fn entry_of(octets: &[u8]) -> Option<Entry> {
    let message = MessageParser::default().parse_headers(octets)?;
    let address = |list: Option<&mail_parser::Address<'_>>| {
        list.and_then(|list| list.first()).and_then(|one| one.address()).map(str::to_owned)
    };
    Some(Entry {
        message_id: message.message_id()?.to_owned(),
        from: address(message.from())?,
        agent: agent_of(&message),
        to: address(message.to())?,
        composed: Timestamp::from_second(message.date()?.to_timestamp()).ok()?,
        bundle: message.header_raw(BUNDLE_FIELD).map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")),
        fate: Fate::Waiting,
    })
}

/// Sorts by time, in Japan's, and is unguessable by its second half.
fn key(message_id: &str, at: Timestamp) -> String {
    format!("{}-{}", JAPAN.to_datetime(at).strftime("%Y%m%d-%H%M%S.%6f"), local_part(message_id))
}

/// The second half of a key.
fn secret(key: &str) -> &str {
    key.splitn(3, '-').nth(2).unwrap_or_default()
}

/// The first half of a key; where it is none, the beginning of time.
fn composed(key: &str) -> Timestamp {
    let time = key.strip_suffix(secret(key)).and_then(|time| time.strip_suffix('-')).unwrap_or_default();
    let time = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S.%f", time).ok();
    time.and_then(|time| JAPAN.to_timestamp(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn local_part(message_id: &str) -> &str {
    message_id.split('@').next().unwrap_or_default()
}

fn is_on_the_way(refused: &Refused) -> bool {
    Trouble::Refused { refused: refused.clone(), reference: None }.is_on_the_way()
}

impl Fate {
    fn refused(refused: &Refused, reference: Option<String>, at: Timestamp) -> Self {
        Self::Refused { code: refused.why, about: refused.about.clone(), reference, at }
    }
}

impl Entry {
    /// What a bundle says of itself.
    pub fn facts(&self) -> Option<BundleFacts> {
        self.bundle.as_ref()?.parse().ok()
    }

    /// What tells whether the same data went once more, with what it says of itself.
    pub(crate) fn went<'a>(&self, facts: Option<&'a BundleFacts>) -> Went<'a> {
        Went { at: self.composed, to: self.to().and_then(|to| to.office_number()), facts }
    }

    /// The office it comes from.
    pub fn from(&self) -> Option<Address> {
        self.from.parse().ok()
    }

    /// The office it goes to.
    pub fn to(&self) -> Option<Address> {
        self.to.parse().ok()
    }

    /// Is it what went to this office under this Message-ID? Others may have sent theirs under the same.
    pub fn is(&self, message_id: &str, to: Option<OfficeNumber>) -> bool {
        self.message_id == message_id && self.to().and_then(|to| to.office_number()) == to
    }

    /// The evidence of its acceptance.
    pub fn evidence(&self) -> Option<EvidenceId> {
        match &self.fate {
            Fate::Posted { evidence, .. } => evidence.parse().ok(),
            _ => None,
        }
    }

    /// Why it was refused, in words to be made.
    pub fn refusal(&self) -> Option<(Refused, Option<String>)> {
        match &self.fate {
            Fate::Refused { code, about, reference, .. } => Some((code.about(about), reference.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
