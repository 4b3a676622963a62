//! An office's mailboxes in memory, behind the IMAP transcripts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use fumibako_model::{
    Annotation, Changes, Entry, FlagChange, Flags, FolderId, FolderName, FolderStatus, FolderView, Keywords, MessageId,
    ModSeq, NOTICES, NamedFlags, Private, Refusal, Refused, STANDARD_FOLDERS, Uid, UidValidity,
};
use fumibako_wire::imap::{Answer, Ask, Session, Settings};
use jiff::Timestamp;

use crate::claims::{self, Judged};
use crate::player::{Desk, refusal};

/// Everything one office keeps. All connections see the same.
pub(crate) struct Office {
    /// By id; a deleted one leaves its place empty.
    pub(crate) folders: Vec<Folder>,
    pub(crate) subscribed: BTreeSet<FolderName>,
    pub(crate) annotations: BTreeMap<(Option<FolderName>, String), Note>,
    bodies: Vec<Arc<[u8]>>,
    pub(crate) modseq: u64,
    /// Messages of one APPEND that came already.
    aside: Vec<(Vec<u8>, NamedFlags, Option<Timestamp>)>,
}

/// A value, none where it was removed, and when that was.
type Note = (Option<Vec<u8>>, ModSeq);

pub(crate) struct Folder {
    pub(crate) name: FolderName,
    pub(crate) deleted: bool,
    uid_next: u32,
    keywords: Keywords,
    pub(crate) entries: Vec<Entry>,
    vanished: Vec<(ModSeq, Uid)>,
    recent_from: u32,
}

impl Default for Office {
    fn default() -> Self {
        let names = STANDARD_FOLDERS.iter().map(|(name, _)| *name).chain([NOTICES]);
        let folders: Vec<_> = names.map(|name| Folder::new(name.parse().unwrap())).collect();
        let subscribed = folders.iter().map(|folder| folder.name.clone()).collect();
        let annotations = BTreeMap::new();
        Self { folders, subscribed, annotations, bodies: Vec::new(), modseq: 0, aside: Vec::new() }
    }
}

impl Folder {
    pub(crate) fn new(name: FolderName) -> Self {
        Self {
            name,
            deleted: false,
            uid_next: 1,
            keywords: Keywords::default(),
            entries: Vec::new(),
            vanished: Vec::new(),
            recent_from: 1,
        }
    }

    fn flags(&mut self, named: &NamedFlags) -> Flags {
        let mut flags = Flags { system: named.system, keywords: 0 };
        for name in &named.keywords {
            if self.keywords.flag(name).is_none() {
                self.keywords.0.push(name.clone());
            }
            flags |= self.keywords.flag(name).unwrap();
        }
        flags
    }
}

impl Office {
    pub(crate) fn at(&self, name: &FolderName) -> Result<usize, Refused> {
        let found = self.folders.iter().position(|folder| folder.name == *name && !folder.deleted);
        found.ok_or(Refusal::NoSuchFolder.into())
    }

    pub(crate) fn tick(&mut self) -> ModSeq {
        self.modseq += 1;
        ModSeq(self.modseq)
    }

    pub(crate) fn status(&self, at: usize) -> FolderStatus {
        let folder = &self.folders[at];
        let gone = folder.vanished.iter().map(|(modseq, _)| *modseq);
        let deleted = || folder.entries.iter().filter(|entry| entry.flags.has(Flags::DELETED));
        FolderStatus {
            folder: FolderId(i64::try_from(at).unwrap()),
            name: folder.name.clone(),
            uid_validity: UidValidity((1000 + u32::try_from(at).unwrap()).try_into().unwrap()),
            uid_next: folder.uid_next,
            highest_modseq: folder.entries.iter().map(|entry| entry.modseq).chain(gone).max().unwrap_or(ModSeq(1)),
            messages: folder.entries.len().try_into().unwrap(),
            unseen: folder.entries.iter().filter(|entry| !entry.flags.has(Flags::SEEN)).count().try_into().unwrap(),
            bytes: folder.entries.iter().map(|entry| entry.size).sum(),
            deleted: deleted().count().try_into().unwrap(),
            deleted_bytes: deleted().map(|entry| entry.size).sum(),
            recent: folder.entries.iter().filter(|e| e.uid.get() >= folder.recent_from).count().try_into().unwrap(),
            recent_from: folder.recent_from,
        }
    }

    /// Files a body; its UID.
    pub(crate) fn file(&mut self, at: usize, body: &[u8], named: &NamedFlags, received_at: Timestamp) -> Uid {
        self.bodies.push(body.into());
        let message = MessageId(i64::try_from(self.bodies.len()).unwrap());
        self.show(at, message, named, received_at)
    }

    fn show(&mut self, at: usize, message: MessageId, named: &NamedFlags, received_at: Timestamp) -> Uid {
        let modseq = self.tick();
        let size = self.bodies[usize::try_from(message.0).unwrap() - 1].len() as u64;
        let folder = &mut self.folders[at];
        let flags = folder.flags(named);
        let uid = Uid::new(folder.uid_next).unwrap();
        folder.uid_next += 1;
        folder.entries.push(Entry { uid, flags, modseq, message, size, received_at, saved_at: received_at });
        uid
    }

    fn flag(&mut self, at: usize, uids: &[Uid], change: FlagChange, named: &NamedFlags) {
        let modseq = self.tick();
        let folder = &mut self.folders[at];
        let flags = folder.flags(named);
        for entry in folder.entries.iter_mut().filter(|entry| uids.contains(&entry.uid)) {
            let now = match change {
                FlagChange::Add => entry.flags | flags,
                FlagChange::Remove => entry.flags.without(flags),
                FlagChange::Replace => flags,
            };
            if now != entry.flags {
                (entry.flags, entry.modseq) = (now, modseq);
            }
        }
    }

    /// Those that changed since stay as they are.
    fn flag_unchanged(
        &mut self,
        at: usize,
        uids: &[Uid],
        (change, named): (FlagChange, &NamedFlags),
        since: Option<ModSeq>,
    ) -> Vec<Uid> {
        let late = |entry: &&Entry| uids.contains(&entry.uid) && since.is_some_and(|since| entry.modseq > since);
        let modified: Vec<Uid> = self.folders[at].entries.iter().filter(late).map(|entry| entry.uid).collect();
        let rest: Vec<Uid> = uids.iter().copied().filter(|uid| !modified.contains(uid)).collect();
        self.flag(at, &rest, change, named);
        modified
    }

    fn expunge(&mut self, at: usize, which: impl Fn(&Entry) -> bool) {
        let modseq = self.tick();
        let folder = &mut self.folders[at];
        let (gone, stay) = folder.entries.iter().partition(|entry| which(entry));
        folder.entries = stay;
        let gone: Vec<Entry> = gone;
        folder.vanished.extend(gone.iter().map(|entry| (modseq, entry.uid)));
    }

    /// What happened since; and the messages named, as they are.
    fn changes(&self, at: usize, since: ModSeq, named: &[Uid]) -> Changes {
        let folder = &self.folders[at];
        let told = |entry: &&Entry| entry.modseq > since || named.contains(&entry.uid);
        Changes {
            keywords: folder.keywords.clone(),
            entries: folder.entries.iter().filter(told).copied().collect(),
            vanished: folder.vanished.iter().filter(|(at, _)| *at > since).map(|(_, uid)| *uid).collect(),
            highest_modseq: ModSeq(self.modseq),
            modified: Vec::new(),
            recent: folder.recent_from..folder.uid_next,
        }
    }

    fn head(&self, message: MessageId, longest: u64) -> Option<Private<Arc<[u8]>>> {
        let body = &self.bodies[usize::try_from(message.0).unwrap() - 1];
        let end = body.windows(4).position(|end| end == b"\r\n\r\n").map_or(body.len(), |at| at + 4);
        let end = end.min(usize::try_from(longest).unwrap());
        (!body.is_empty()).then(|| Private(body[..end].into()))
    }

    /// What nobody was told of before, if some of it is told now.
    fn claimed(&mut self, at: usize, changes: Changes) -> Answer {
        let folder = &mut self.folders[at];
        folder.recent_from = folder.uid_next;
        Answer::Changes(changes)
    }

    fn append(
        &mut self,
        folder: &FolderName,
        (body, flags, date): (&[u8], NamedFlags, Option<Timestamp>),
        replaces: Option<(FolderId, Uid)>,
    ) -> Result<Answer, Refused> {
        let mut messages = std::mem::take(&mut self.aside);
        messages.push((body.to_vec(), flags, date));
        let at = self.at(folder)?;
        let file = |(body, flags, date): (Vec<u8>, NamedFlags, Option<Timestamp>)| {
            self.file(at, &body, &flags, date.unwrap_or(Timestamp::UNIX_EPOCH))
        };
        let uids = messages.into_iter().map(file).collect();
        if let Some((from, uid)) = replaces {
            self.expunge(usize::try_from(from.0).unwrap(), |entry| entry.uid == uid);
        }
        Ok(Answer::Appended(self.status(at).uid_validity, uids))
    }

    fn copy(&mut self, (from, to): (usize, usize), uids: &[Uid], moves: bool) -> Answer {
        let wanted: Vec<Entry> =
            self.folders[from].entries.iter().filter(|entry| uids.contains(&entry.uid)).copied().collect();
        let pairs = wanted.iter().map(|entry| {
            let keywords = self.folders[from].keywords.names(entry.flags).map(str::to_owned).collect();
            let named = NamedFlags { system: entry.flags.system, keywords };
            (entry.uid, self.show(to, entry.message, &named, entry.received_at))
        });
        let pairs = pairs.collect();
        if moves {
            self.expunge(from, |entry| wanted.iter().any(|moved| moved.uid == entry.uid));
        }
        Answer::Copied(self.status(to).uid_validity, pairs)
    }

    /// Of some of them only. One that is lost ends the answer; as the first it is refused.
    fn some_bodies(&self, messages: &[MessageId]) -> Result<Answer, Refused> {
        let body = |message: &MessageId| self.bodies[usize::try_from(message.0).unwrap() - 1].clone();
        let some = messages.iter().take(3).map(body).take_while(|body| !body.is_empty());
        let some: Vec<_> = some.map(|body| Some(Private(body))).collect();
        if some.is_empty() { Err(Refusal::NoSuchMessage.into()) } else { Ok(Answer::Heads(some)) }
    }

    fn obey(&mut self, ask: Ask, body: &[u8]) -> Result<Answer, Refused> {
        let place = |folder: FolderId| usize::try_from(folder.0).unwrap();
        Ok(match ask {
            Ask::Login(claim) => match claims::judge(claim, Some("himitsu"))? {
                Judged::Party(party) => Answer::Welcome(party),
                Judged::Secrets(secrets) => Answer::Secrets(secrets),
            },
            Ask::Folders { subscribed: true } => Answer::Folders(self.listing()),
            // Who does not ask for it is not told.
            Ask::Folders { subscribed: false } => {
                Answer::Folders(fumibako_model::Listing { subscribed: BTreeSet::new(), ..self.listing() })
            }
            Ask::Status(name) => Answer::Status(self.status(self.at(&name)?)),
            Ask::Open { name, read_only } => {
                let at = self.at(&name)?;
                let status = self.status(at);
                if !read_only {
                    self.folders[at].recent_from = self.folders[at].uid_next;
                }
                let (keywords, entries) = (self.folders[at].keywords.clone(), self.folders[at].entries.clone());
                Answer::Folder(Box::new(FolderView { status, keywords, entries, lent: None }))
            }
            Ask::Close | Ask::Forget | Ask::Sent(_) => Answer::Done,
            Ask::Discard => {
                self.aside.clear();
                Answer::Done
            }
            Ask::Since { folder, .. }
            | Ask::Expunge { folder, .. }
            | Ask::Flag { folder, .. }
            | Ask::Copy { folder, .. }
                if self.folders[place(folder)].deleted =>
            {
                return Err(Refusal::NoSuchFolder.into());
            }
            Ask::Since { folder, since, read_only } => {
                let changes = self.changes(place(folder), since, &[]);
                if read_only { Answer::Changes(changes) } else { self.claimed(place(folder), changes) }
            }
            Ask::Read(message, range) => {
                let body = self.bodies[usize::try_from(message.0).unwrap() - 1].clone();
                if body.is_empty() {
                    return Err(Refusal::NoSuchMessage.into());
                }
                let place = |at: u64| usize::try_from(at).unwrap().min(body.len());
                Answer::Message(Private(body[place(range.start)..place(range.end)].into()))
            }
            Ask::Bodies(messages) => self.some_bodies(&messages)?,
            // Of some of them only: the rest is asked for again.
            Ask::Heads { messages, longest } => {
                Answer::Heads(messages.iter().take(3).map(|message| self.head(*message, longest)).collect())
            }
            Ask::Flag { folder, uids, change, flags, unchanged_since, since } => {
                let modified = self.flag_unchanged(place(folder), &uids, (change, &flags), unchanged_since);
                let changes = Changes { modified, ..self.changes(place(folder), since, &uids) };
                self.claimed(place(folder), changes)
            }
            Ask::Expunge { folder, uids, since } => {
                let named = |uid: &Uid| uids.as_ref().is_none_or(|uids| uids.contains(uid));
                self.expunge(place(folder), |entry| entry.flags.has(Flags::DELETED) && named(&entry.uid));
                let changes = self.changes(place(folder), since, &[]);
                self.claimed(place(folder), changes)
            }
            Ask::PutAside { flags, date } => {
                self.aside.push((body.to_vec(), flags, date));
                Answer::Done
            }
            Ask::Append { folder, flags, date, replaces } => self.append(&folder, (body, flags, date), replaces)?,
            Ask::Copy { folder, uids, to, moves } => self.copy((place(folder), self.at(&to)?), &uids, moves),
            ask => self.change_tree(ask)?,
        })
    }
}

/// A message beside the transcripts; its lines end with CR LF on the wire.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/transcripts/imap").join(name);
    std::fs::read_to_string(path).unwrap().replace('\n', "\r\n").into_bytes()
}

fn ids(messages: &[MessageId]) -> String {
    messages.iter().map(|message| message.0.to_string()).collect::<Vec<_>>().join(",")
}

fn uids(uids: &[Uid]) -> String {
    uids.iter().map(Uid::to_string).collect::<Vec<_>>().join(",")
}

fn names(flags: &NamedFlags) -> String {
    let system = Flags { system: flags.system, keywords: 0 };
    let named = Flags::NAMED.iter().filter(|(flag, _)| system.has(*flag)).map(|(_, name)| *name);
    named.chain(flags.keywords.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

impl Desk for Office {
    type Session = Session;

    fn open(&mut self, now: Timestamp, set: &BTreeMap<String, String>) -> Session {
        let mut settings = Settings::default();
        if let Some(bytes) = set.get("message-bytes") {
            settings.message_bytes = bytes.parse().unwrap();
        }
        let settings = Arc::new(settings);
        if let Some(script) = set.get("refuse") {
            let (refused, reference) = refusal(script).unwrap();
            return Session::turned_away(now, settings, &refused, reference);
        }
        Session::open(now, claims::cover(set), settings, "C0FFEE".to_owned())
    }

    fn write(&self, ask: &Ask, body: &[u8]) -> String {
        match ask {
            Ask::Login(claim) => claims::write(claim),
            Ask::Folders { .. } => "folders".into(),
            Ask::Status(name) => format!("status {name}"),
            Ask::Open { name, .. } => format!("open {name}"),
            Ask::Close => "close".into(),
            Ask::Forget => "forget".into(),
            Ask::Since { since, .. } => format!("since {}", since.0),
            Ask::Read(message, _) => format!("read {}", message.0),
            Ask::Bodies(messages) => format!("bodies {}", ids(messages)),
            // It is told, and nothing is asked.
            Ask::Sent(_) => String::new(),
            Ask::Heads { messages, .. } => format!("heads {}", ids(messages)),
            Ask::Flag { uids: named, change, flags, .. } => {
                let sign = match change {
                    FlagChange::Add => "+",
                    FlagChange::Remove => "-",
                    FlagChange::Replace => "=",
                };
                format!("flag {} {sign}({})", uids(named), names(flags))
            }
            Ask::Expunge { uids: None, .. } => "expunge".into(),
            Ask::Expunge { uids: Some(named), .. } => format!("expunge {}", uids(named)),
            Ask::PutAside { flags, .. } => format!("put aside ({}) {:?}", names(flags), String::from_utf8_lossy(body)),
            Ask::Append { folder, flags, date, .. } => {
                let date = date.map(|date| format!(" {date}")).unwrap_or_default();
                format!("append {folder} ({}){date} {:?}", names(flags), String::from_utf8_lossy(body))
            }
            Ask::Discard => "discard".into(),
            Ask::Look => "look".into(),
            Ask::Copy { uids: named, to, moves, .. } => {
                format!("{} {} to {to}", if *moves { "move" } else { "copy" }, uids(named))
            }
            Ask::Watch => "watch".into(),
            Ask::Unwatch => "unwatch".into(),
            Ask::AnnotatedSince(since) => format!("annotated since {}", since.0),
            Ask::Quota(_) => "quota".into(),
            Ask::Annotations(folder) => format!("annotations of {folder:?}"),
            Ask::Annotate(folder, entries) => format!("annotate {folder:?} {}", entries.len()),
            Ask::Create(name) => format!("create {name}"),
            Ask::Delete(name) => format!("delete {name}"),
            Ask::Rename { from, to } => format!("rename {from} to {to}"),
            Ask::Subscribe { folder, wanted } => {
                format!("{} {folder}", if *wanted { "subscribe" } else { "unsubscribe" })
            }
        }
    }

    fn answer(&mut self, ask: Ask, body: Vec<u8>, script: Option<&str>) -> Result<Answer, String> {
        match script {
            None | Some("yes") => Ok(self
                .obey(ask, &body)
                .unwrap_or_else(|refused| Answer::No { refused, reference: "3FA2B1".to_owned() })),
            Some(script) => {
                let (refused, reference) = refusal(script).ok_or_else(|| format!("no such answer: {script}"))?;
                Ok(Answer::No { refused, reference })
            }
        }
    }

    /// `deliver FILE to FOLDER`, `mark UID FLAG in FOLDER`, `remove UID from FOLDER`, `lose MESSAGE`, `create FOLDER`, `delete FOLDER`,
    /// `rename FOLDER to FOLDER`, `subscribe NAME`, `unsubscribe NAME`, `annotate FOLDER ENTRY`.
    fn act(&mut self, words: &str) -> Result<(), String> {
        let words: Vec<&str> = words.split(' ').collect();
        let folder = |office: &Self, name: &str| office.at(&name.parse().unwrap()).map_err(|why| why.to_string());
        let uid = |text: &str| Uid::new(text.parse().unwrap()).unwrap();
        match words[..] {
            ["deliver", file, "to", name] => {
                let at = folder(self, name)?;
                let at_noon = "2026-11-05T03:00:00Z".parse().unwrap();
                self.file(at, &sample(file), &NamedFlags::default(), at_noon);
            }
            ["mark", number, flag, "in", name] => {
                let at = folder(self, name)?;
                let system = Flags::NAMED.iter().find(|(_, known)| *known == flag).map(|(flag, _)| flag.system);
                let keywords = if system.is_none() { vec![flag.to_owned()] } else { Vec::new() };
                let named = NamedFlags { system: system.unwrap_or_default(), keywords };
                self.flag(at, &[uid(number)], FlagChange::Add, &named);
            }
            ["remove", number, "from", name] => {
                let at = folder(self, name)?;
                self.expunge(at, |entry| entry.uid == uid(number));
            }
            ["lose", message] => self.bodies[message.parse::<usize>().unwrap() - 1] = Arc::from([]),
            ["delete", name] => {
                let at = folder(self, name)?;
                self.folders[at].deleted = true;
            }
            ["rename", from, "to", to] => {
                self.change_tree(Ask::Rename { from: from.parse().unwrap(), to: to.parse().unwrap() }).unwrap();
            }
            ["subscribe", name] => drop(self.subscribed.insert(name.parse().unwrap())),
            ["unsubscribe", name] => drop(self.subscribed.remove(&name.parse().unwrap())),
            ["annotate", name, entry] => {
                let note = Annotation { name: entry.to_owned(), value: Some(Private(b"x".to_vec())) };
                self.change_tree(Ask::Annotate(name.parse().ok(), vec![note])).unwrap();
            }
            ["create", name] => self.folders.push(Folder::new(name.parse().unwrap())),
            _ => return Err(format!("no such act: {}", words.join(" "))),
        }
        Ok(())
    }
}
