//! What a client that comes back is told: what is recent, what it may still change, what went meanwhile.

use std::sync::Arc;

use fumibako_model::{FlagChange, Flags, ModSeq, NamedFlags, Uid};

use super::folders::{append, bundles, copy_of, remove, uid};
use super::{folder, himawari, now, sakura, view};
use crate::{CopyOrder, FlagOrder, Store};

/// RFC 3501 §2.3.2: of all who ask, the first is told.
pub async fn a_message_is_recent_to_whoever_asks_first<S: Store>(store: Arc<S>) {
    bundles(&*store, 2).await;
    let status = async || store.status(sakura(), &folder("INBOX")).await.unwrap();
    let before = status().await;
    assert_eq!((before.recent, before.recent_from), (2, 1));
    let asks = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.claim(sakura(), before.folder).await.unwrap() })
    });
    let mut told = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        told.extend(ask.await.unwrap());
    }
    assert_eq!(told, [1, 2]);
    assert_eq!(status().await.recent, 0);
    // What comes later is recent again, and what goes untold is not counted.
    let sent = store.status(himawari(), &folder("Drafts")).await.unwrap().folder;
    for number in ["1", "2", "3"] {
        append(&*store, "Drafts", Some(number)).await.unwrap();
    }
    remove(&*store, (himawari(), "Drafts"), &[2]).await;
    let drafts = store.status(himawari(), &folder("Drafts")).await.unwrap();
    assert_eq!(drafts.recent, 2);
    let news = store.since(himawari(), sent, ModSeq(0)).await.unwrap();
    assert_eq!(news.recent, 1..4);
    assert_eq!(store.claim(himawari(), sent).await.unwrap(), 1..4);
    assert_eq!(store.since(himawari(), sent, ModSeq(0)).await.unwrap().recent, 0..0);
    // Another office's folder is nobody's business.
    assert!(store.claim(sakura(), sent).await.is_err());
}

/// RFC 7162 §3.1.3.
pub async fn what_changed_meanwhile_is_left_as_it_is<S: Store>(store: Arc<S>) {
    bundles(&*store, 3).await;
    let before = view(&*store, sakura(), "INBOX").await;
    let order = |uids: &[u32], flag: Flags, unchanged_since| FlagOrder {
        folder: before.status.folder,
        uids: uids.iter().map(|number| uid(*number)).collect(),
        change: FlagChange::Add,
        flags: NamedFlags { system: flag.system, keywords: vec![] },
        unchanged_since,
        since: before.status.highest_modseq,
    };
    let point = before.status.highest_modseq;
    store.flag(sakura(), order(&[2], Flags::SEEN, None)).await.unwrap();
    let told = store.flag(sakura(), order(&[1, 2, 3], Flags::FLAGGED, Some(point))).await.unwrap().answer;
    assert_eq!(told.modified, [uid(2)]);
    let flags = |number: u32| told.entries.iter().find(|entry| entry.uid == uid(number)).map(|entry| entry.flags);
    assert_eq!([1, 2, 3].map(flags), [Some(Flags::FLAGGED), Some(Flags::SEEN), Some(Flags::FLAGGED)]);
    // §3.1.11: what is as asked is not changed, and does not fail either once it is in time.
    let told = store.flag(sakura(), order(&[1], Flags::FLAGGED, Some(told.highest_modseq))).await.unwrap().answer;
    assert!(told.modified.is_empty());
    let told = store.flag(sakura(), order(&[1], Flags::SEEN, Some(ModSeq(0)))).await.unwrap().answer;
    assert_eq!(told.modified, [uid(1)]);
}

/// Profile §7.23: past 2,000 ranges of UIDs that vanished it is not known which of those that are not there ever were.
pub async fn what_vanished_long_ago_is_all_that_is_not_there<S: Store>(store: Arc<S>) {
    bundles(&*store, 0).await;
    append(&*store, "Drafts", None).await.unwrap();
    let drafts = store.status(himawari(), &folder("Drafts")).await.unwrap().folder;
    for double in 0..12 {
        let order = CopyOrder { uids: (1..=1 << double).map(uid).collect(), ..copy_of(drafts, &[], "Drafts") };
        store.copy(himawari(), order, now()).await.unwrap();
    }
    let every_other = |count: u32| (0..count).map(|at| 2 * at + 1).collect::<Vec<_>>();
    let first = store.since(himawari(), drafts, ModSeq(0)).await.unwrap().highest_modseq;
    remove(&*store, (himawari(), "Drafts"), &[2]).await;
    let second = store.since(himawari(), drafts, first).await.unwrap();
    assert_eq!(second.vanished.ranges(), [(2, 2)]);
    remove(&*store, (himawari(), "Drafts"), &every_other(1_999)).await;
    let told = store.since(himawari(), drafts, second.highest_modseq).await.unwrap();
    assert_eq!(told.vanished.ranges().len(), 1_999, "as many as are remembered");
    remove(&*store, (himawari(), "Drafts"), &[4_095]).await;
    let told = store.since(himawari(), drafts, second.highest_modseq).await.unwrap();
    let gone: Vec<Uid> = told.vanished.iter().collect();
    assert!(gone.contains(&uid(2)), "it went before, but that is forgotten");
    let standing = view(&*store, himawari(), "Drafts").await.entries;
    assert_eq!(gone.len() + standing.len(), 4_096);
    assert!(!standing.iter().any(|entry| told.vanished.contains(entry.uid)));
    // What is newer is still known exactly.
    remove(&*store, (himawari(), "Drafts"), &[4_094]).await;
    let newest = store.since(himawari(), drafts, told.highest_modseq).await.unwrap();
    assert_eq!(newest.vanished.ranges(), [(4_094, 4_094)]);
}
