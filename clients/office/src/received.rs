//! What was received: a small synced record a message, so that no crash saves a bundle twice or loses its receipt.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_model::{Domain, EvidenceId, Fault, OfficeNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bundle::Opened;
use crate::disk;
use crate::random;
use crate::trouble::Trouble;

/// The records of one office.
#[derive(Debug)]
pub struct Received {
    folder: PathBuf,
}

/// One message on its way to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The bundle's Message-ID, without angle brackets.
    pub message_id: String,
    /// Who sent it.
    pub from: OfficeNumber,
    /// Where its files are, or will be.
    pub folder: PathBuf,
    /// The Message-ID its receipt has, chosen beforehand.
    pub receipt: String,
    /// When the last file was on disk; none before.
    pub saved_at: Option<Timestamp>,
    /// The evidence its receipt was answered with when it was sent once more because the gateway showed none (Profile §8.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked_after: Option<EvidenceId>,
}

/// A word that a message does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its own Message-ID.
    pub message_id: String,
    /// The evidence it was answered with when it was sent once more because the gateway had lost that (Profile §8.22).
    pub asked_after: Option<EvidenceId>,
}

impl Received {
    /// Opens the records in a data folder.
    pub fn open(data_folder: &Path) -> Result<Self, Trouble> {
        let folder = data_folder.join("received");
        disk::private_folder(&folder).map_err(Trouble::writing(&folder))?;
        disk::sweep(&folder).map_err(Trouble::writing(&folder))?;
        Ok(Self { folder })
    }

    /// What is known of this message. A record that cannot be read is set aside, and nothing is known then: its files are saved once
    /// more, in a folder of their own, and nothing behind it has to wait.
    pub fn find(&self, opened: &Opened) -> Result<Option<Record>, Trouble> {
        let path = self.path(opened);
        match fs::read(&path) {
            Ok(json) => {
                let record = serde_json::from_slice(&json).ok();
                if record.is_none() {
                    disk::set_aside(&path).map_err(Trouble::writing(&path))?;
                }
                Ok(record)
            }
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(Trouble::reading(&path)(why)),
        }
    }

    /// Are its files on this disk, though it may not be believed any more? By the digest of what its sender signed.
    pub(crate) fn is_saved(&self, from: OfficeNumber, message_id: &str, signed: &[u8; 32]) -> bool {
        let record = fs::read(self.path_of(from, message_id, signed)).ok();
        let record = record.and_then(|json| serde_json::from_slice::<Record>(&json).ok());
        record.is_some_and(|record| record.saved_at.is_some())
    }

    /// Keeps what is known now. After `Ok` the power may fail.
    pub fn keep(&self, opened: &Opened, record: &Record) -> Result<(), Trouble> {
        let path = self.path(opened);
        let json = serde_json::to_vec_pretty(record).map_err(std::io::Error::from).map_err(Trouble::writing(&path))?;
        disk::replace(&path, &json).map_err(Trouble::writing(&path))
    }

    /// It is saved, and its receipt is not ours to return (Profile §9.13): so it is not collected again.
    pub fn withhold(&self, to: OfficeNumber, from: OfficeNumber, message_id: &str) -> Result<(), Trouble> {
        let path = self.mark(to, from, message_id);
        disk::replace(&path, b"").map_err(Trouble::writing(&path))
    }

    /// Its sender is told that it could not be opened, and why, by this word: so he is told once.
    pub fn told(
        &self,
        to: OfficeNumber,
        from: OfficeNumber,
        (message_id, fault): (&str, Fault),
        word: &Word,
    ) -> Result<(), Trouble> {
        let path = self.failed(to, from, (message_id, fault));
        let asked = word.asked_after.map(|evidence| format!("\n{evidence}")).unwrap_or_default();
        disk::replace(&path, format!("{}{asked}", word.message_id).as_bytes()).map_err(Trouble::writing(&path))
    }

    /// The word by which he was told that.
    pub fn told_by(&self, to: OfficeNumber, from: OfficeNumber, (message_id, fault): (&str, Fault)) -> Option<Word> {
        let text = fs::read_to_string(self.failed(to, from, (message_id, fault))).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Word { message_id: lines.next()?, asked_after: lines.next().and_then(|evidence| evidence.parse().ok()) })
    }

    fn failed(&self, to: OfficeNumber, from: OfficeNumber, (message_id, fault): (&str, Fault)) -> PathBuf {
        self.mark(to, from, message_id).with_extension(fault.word())
    }

    /// Was it saved without a receipt?
    pub fn is_withheld(&self, to: OfficeNumber, from: OfficeNumber, message_id: &str) -> bool {
        self.mark(to, from, message_id).exists()
    }

    /// Is it on this computer, whatever became of its receipt?
    pub(crate) fn has_saved(&self, to: OfficeNumber, from: OfficeNumber, message_id: &str) -> bool {
        let records = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let read = |path: &Path| serde_json::from_slice::<Record>(&fs::read(path).ok()?).ok();
        let is_it = |one: &Record| one.from == from && one.message_id == message_id && one.saved_at.is_some();
        self.is_withheld(to, from, message_id)
            || records.filter_map(|record| read(&record.path())).any(|record| is_it(&record))
    }

    /// While its content lives, no other message of this sender has this Message-ID (Profile §5.8).
    fn mark(&self, to: OfficeNumber, from: OfficeNumber, message_id: &str) -> PathBuf {
        let name = digest(&SHA256, format!("{to}\n{from}\n{message_id}").as_bytes());
        self.folder.join(format!("{}.withheld", fumibako_signer::hex(name.as_ref())))
    }

    /// A Message-ID may be anything, and two senders may use the same: the name is a digest of who, which and what.
    fn path(&self, opened: &Opened) -> PathBuf {
        self.path_of(opened.from(), opened.message_id(), opened.signature().digest())
    }

    fn path_of(&self, from: OfficeNumber, message_id: &str, signed: &[u8; 32]) -> PathBuf {
        let key = [from.as_str().as_bytes(), b"\n", message_id.as_bytes(), b"\n"].concat();
        let name = digest(&SHA256, &[key.as_slice(), signed].concat());
        self.folder.join(format!("{}.json", fumibako_signer::hex(name.as_ref())))
    }
}

/// Is a receipt, or the word that something does not open, known here under a Message-ID that begins so?
pub(crate) fn answers_by(data_folder: &Path, local_part: &str) -> bool {
    let records = fs::read_dir(data_folder.join("received")).into_iter().flatten().flatten();
    let begins = format!("{local_part}@");
    records.filter_map(|record| fs::read_to_string(record.path()).ok()).any(|text| text.contains(&begins))
}

impl Record {
    /// The intention to save a message at a place.
    pub fn intend(opened: &Opened, folder: PathBuf, domain: &Domain) -> Self {
        let (message_id, from) = (opened.message_id().to_owned(), opened.from());
        Self { message_id, from, folder, receipt: random::message_id(domain), saved_at: None, asked_after: None }
    }

    /// A word that is this message's alone.
    pub fn token(&self) -> &str {
        self.receipt.split('@').next().unwrap_or_default()
    }
}
