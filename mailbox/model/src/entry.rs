//! An entry of the log of evidence, whatever it is about: mostly a bundle, now and then the gateway's own keeping.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::evidence::{EvidenceId, Recorded};
use crate::log::{Hash, leaf};

/// What the gateway did with what it keeps. These events have no name in ETSI EN 319 522-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Keeping {
    /// 消去: the key of some messages' content was destroyed.
    ContentErasure,
    /// 整理: evidence went whose years were over.
    EvidencePruning,
}

impl Keeping {
    /// How the store names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContentErasure => "ContentErasure",
            Self::EvidencePruning => "EvidencePruning",
        }
    }
}

/// The content of admitted messages that came on one day is gone for good (Profile §8.28). Which ones it were, a tree tells
/// whose root stands here: its entries are their SHA-256 as accepted, in the order of the entries' hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The form of all this: 1.
    pub v: u8,
    /// Its name.
    pub id: EvidenceId,
    /// How many pieces the log had before it.
    pub n: u64,
    /// What happened.
    pub event: Keeping,
    /// When, by the gateway's clock.
    pub at: Timestamp,
    /// The UTC day on which they had come.
    pub day: Date,
    /// How many they were.
    pub count: u64,
    /// The root of the tree over their digests, in hex.
    pub root: String,
}

/// Evidence went from the beginning of the log; its hashes stay (Profile §8.29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The form of all this: 1.
    pub v: u8,
    /// Its name.
    pub id: EvidenceId,
    /// How many pieces the log had before it.
    pub n: u64,
    /// What happened.
    pub event: Keeping,
    /// When, by the gateway's clock.
    pub at: Timestamp,
    /// What went.
    #[serde(flatten)]
    pub pruning: Pruning,
}

/// Which evidence went, and by what right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruning {
    /// The number of the first piece that went then.
    pub from: u64,
    /// The number of the first that stayed: so many a signed head covered.
    pub until: u64,
    /// The root that was signed over them, in hex.
    pub root: String,
    /// When that head was signed: before it was older than the years, nothing under it went.
    pub signed: Timestamp,
    /// For how many years evidence was kept.
    pub years: u16,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LogEntry {
    /// About one bundle.
    Bundle(Box<Recorded>),
    /// About content that is gone.
    Erased(Erased),
    /// About evidence that is gone.
    Pruned(Pruned),
}

/// The octets are no entry of a log of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an entry of the log of evidence")]
pub struct NotAnEntry;

impl FromStr for LogEntry {
    type Err = NotAnEntry;
    fn from_str(text: &str) -> Result<Self, NotAnEntry> {
        // Nearly all are about bundles.
        let bundle = serde_json::from_str(text).map(|one| Self::Bundle(Box::new(one)));
        let erased = || serde_json::from_str(text).map(Self::Erased);
        let pruned = || serde_json::from_str(text).map(Self::Pruned);
        bundle.or_else(|_| erased()).or_else(|_| pruned()).map_err(|_| NotAnEntry)
    }
}

impl LogEntry {
    /// Its name.
    pub fn id(&self) -> EvidenceId {
        match self {
            Self::Bundle(one) => one.id,
            Self::Erased(one) => one.id,
            Self::Pruned(one) => one.id,
        }
    }

    /// Its number in the log, from 0.
    pub fn n(&self) -> u64 {
        match self {
            Self::Bundle(one) => one.n,
            Self::Erased(one) => one.n,
            Self::Pruned(one) => one.n,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Bundle(one) => one.evidence.at,
            Self::Erased(one) => one.at,
            Self::Pruned(one) => one.at,
        }
    }

    /// What happened, as the store names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bundle(one) => one.evidence.event.as_str(),
            Self::Erased(one) => one.event.as_str(),
            Self::Pruned(one) => one.event.as_str(),
        }
    }
}

/// The entries of the tree of an erasure, in their order: one for each digest.
pub fn erased_leaves<'d>(digests: impl Iterator<Item = &'d [u8; 32]>) -> Vec<Hash> {
    let mut leaves: Vec<_> = digests.map(|digest| leaf(digest)).collect();
    leaves.sort_unstable();
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.28
    #[test]
    fn an_erasure_is_written_in_one_way_only_and_is_no_piece_about_a_bundle() {
        let erased = Erased {
            v: 1,
            id: EvidenceId(20_782 << 40 | 26),
            n: 3,
            event: Keeping::ContentErasure,
            at: "2026-11-25T12:00:00Z".parse().unwrap(),
            day: "2026-08-25".parse().unwrap(),
            count: 2,
            root: "0a".into(),
        };
        let written = serde_json::to_string(&LogEntry::Erased(erased.clone())).unwrap();
        assert_eq!(
            written,
            "{\"v\":1,\"id\":\"EV512E000000001A\",\"n\":3,\"event\":\"ContentErasure\",\"at\":\"2026-11-25T12:00:00Z\",\
             \"day\":\"2026-08-25\",\"count\":2,\"root\":\"0a\"}"
        );
        let read: LogEntry = written.parse().unwrap();
        assert_eq!((read.id(), read.n(), read.kind()), (erased.id, 3, "ContentErasure"));
        assert_eq!((read.at(), read), (erased.at, LogEntry::Erased(erased)));
        assert!(serde_json::from_str::<Recorded>(&written).is_err());
        let bundle = "{\"v\":1,\"id\":\"EV512E000000001A\",\"n\":3,\"event\":\"ContentConsignment\",\
                      \"at\":\"2026-11-25T12:00:00Z\",\"message_id\":\"a@x.example\",\"from\":\"9970000011\",\"to\":\"9970000029\"}";
        let read: LogEntry = bundle.parse().unwrap();
        assert_eq!((read.kind(), read.id().to_string().as_str()), ("ContentConsignment", "EV512E000000001A"));
        assert_eq!(serde_json::to_string(&read).unwrap(), bundle);
        for other in ["{}", "nothing", &written.replace("ContentErasure", "ContentConsignment")] {
            assert_eq!(other.parse::<LogEntry>(), Err(NotAnEntry), "{other}");
        }
    }

    // Profile §8.29
    #[test]
    fn a_pruning_is_written_in_one_way_only() {
        let pruning =
            Pruning { from: 1, until: 3, root: "0a".into(), signed: "2026-11-25T12:00:00Z".parse().unwrap(), years: 7 };
        let at = "2034-12-02T00:01:00Z".parse().unwrap();
        let pruned = Pruned { v: 1, id: EvidenceId(9), n: 5, event: Keeping::EvidencePruning, at, pruning };
        let written = serde_json::to_string(&pruned).unwrap();
        assert_eq!(
            written,
            "{\"v\":1,\"id\":\"EV00000000000009\",\"n\":5,\"event\":\"EvidencePruning\",\"at\":\"2034-12-02T00:01:00Z\",\
             \"from\":1,\"until\":3,\"root\":\"0a\",\"signed\":\"2026-11-25T12:00:00Z\",\"years\":7}"
        );
        let read: LogEntry = written.parse().unwrap();
        assert_eq!((read.id(), read.n(), read.at(), read.kind()), (pruned.id, 5, at, "EvidencePruning"));
        assert_eq!(read, LogEntry::Pruned(pruned));
    }

    // Profile §8.28
    #[test]
    fn the_order_in_which_messages_came_is_not_told() {
        let digests = [[1; 32], [2; 32], [3; 32]];
        let leaves = erased_leaves(digests.iter());
        assert_eq!(leaves, erased_leaves(digests.iter().rev()));
        assert!(leaves.is_sorted() && leaves.contains(&leaf(&digests[0])));
        assert_ne!(leaves, erased_leaves(digests[..2].iter()));
    }
}
