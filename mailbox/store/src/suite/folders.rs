//! Folders as IMAP sees them: names, UIDs, changes, copies, what an office may put where.

use std::collections::BTreeMap;
use std::sync::Arc;

use fumibako_model::{
    Entry, FlagChange, Flags, FolderId, ModSeq, NamedFlags, OfficeNumber, Refusal, STANDARD_FOLDERS, Uid, UidValidity,
};

use super::{ALL, Fill, World, folder, himawari, kaede, keywords, now, refused, sakura, view};
use crate::{CopyOrder, Deposit, Draft, FOLDERS, FlagOrder, Store, StoreError};

pub(super) fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

/// Bundles from himawari to sakura: UIDs 1 to `count`.
pub(super) async fn bundles<S: Store>(store: &S, count: u32) {
    let world = World::with(store).await;
    for id in 1..=count {
        let bundle = world.bundle(store, (himawari(), sakura()), &format!("{id}@x.example"), "one");
        store.deliver(bundle, now()).await.unwrap();
    }
}

pub(super) async fn append<S: Store>(
    store: &S,
    name: &str,
    message_id: Option<&str>,
) -> Result<(UidValidity, Uid), StoreError> {
    let flags = NamedFlags { system: Flags::DRAFT.system, keywords: vec!["Mine".into(), "$Retrieved".into()] };
    let mut body = store.spool(now());
    body.write(b"Subject: draft\r\n\r\n").unwrap();
    let date = "2026-11-20T01:02:03Z".parse().unwrap();
    let draft = Draft { flags, date, message_id: message_id.map(Into::into), body };
    let (validity, uids) = store.append(himawari(), Deposit::of(folder(name), draft), now()).await?.answer;
    Ok((validity, uids[0]))
}

/// An order to copy.
pub(super) fn copy_of(from: FolderId, uids: &[u32], to: &str) -> CopyOrder {
    CopyOrder { folder: from, uids: uids.iter().map(|number| uid(*number)).collect(), to: folder(to), moves: false }
}

/// The names of himawari's folders.
pub(super) async fn names<S: Store>(store: &S) -> Vec<String> {
    store.folders(himawari()).await.unwrap().folders.into_iter().map(|folder| folder.name.to_string()).collect()
}

/// Marks these `\Deleted` and expunges them.
pub(super) async fn remove<S: Store>(store: &S, (office, name): (OfficeNumber, &str), uids: &[u32]) {
    let status = store.status(office, &folder(name)).await.unwrap();
    let uids: Vec<Uid> = uids.iter().map(|number| uid(*number)).collect();
    let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
    let order = FlagOrder {
        folder: status.folder,
        uids: uids.clone(),
        change: FlagChange::Add,
        flags,
        unchanged_since: None,
        since: status.highest_modseq,
    };
    store.flag(office, order).await.unwrap();
    let told = store.expunge(office, status.folder, None, status.highest_modseq).await.unwrap().answer;
    assert_eq!(told.vanished, uids.iter().copied().collect());
}

pub async fn every_office_has_the_standard_folders<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    assert_eq!(names(&*store).await, ["INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash"]);
    let inbox = view(&*store, himawari(), "INBOX").await;
    assert_eq!((inbox.status.uid_next, inbox.entries.len()), (1, 0));
    assert!(inbox.status.highest_modseq > ModSeq(0), "RFC 7162 §3.1.1: mod-sequences are positive");
    store.put_office(super::office(himawari())).await.unwrap();
    assert_eq!(view(&*store, himawari(), "INBOX").await, inbox, "an office put again keeps its folders");
}

pub async fn an_own_folder_is_made_once<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    for name in ["令和8年", "INBOX/2026"] {
        store.create(himawari(), folder(name)).await.unwrap();
        refused(store.create(himawari(), folder(name)).await, Refusal::FolderExists);
    }
    refused(store.create(himawari(), folder("inbox")).await, Refusal::FolderExists);
    refused(store.create(himawari(), folder("receipts")).await, Refusal::FolderExists);
    assert_eq!(names(&*store).await[6..], ["INBOX/2026", "令和8年"]);
    let (first, second) =
        (view(&*store, himawari(), "令和8年").await.status, view(&*store, himawari(), "INBOX/2026").await.status);
    assert!(second.uid_validity > first.uid_validity, "UIDVALIDITY only rises");
}

pub async fn an_office_has_200_folders<S: Store>(store: Arc<S>) {
    World::with(&*store).await;
    for number in STANDARD_FOLDERS.len()..FOLDERS {
        store.create(himawari(), folder(&format!("{number}"))).await.unwrap();
    }
    refused(store.create(himawari(), folder("one more")).await, Refusal::TooManyFolders);
    store.create(sakura(), folder("one more")).await.unwrap();
    assert_eq!(names(&*store).await.len(), FOLDERS);
}

pub async fn folders_of_others_do_not_exist<S: Store>(store: Arc<S>) {
    bundles(&*store, 1).await;
    let inbox = view(&*store, sakura(), "INBOX").await;
    let id = inbox.status.folder;
    refused(store.since(kaede(), id, ModSeq(0)).await, Refusal::NoSuchFolder);
    refused(store.expunge(kaede(), id, None, ModSeq(0)).await, Refusal::NoSuchFolder);
    refused(store.copy(kaede(), copy_of(id, &[1], "Archive"), now()).await, Refusal::NoSuchFolder);
    refused(store.read(kaede(), inbox.entries[0].message, ALL).await, Refusal::NoSuchMessage);
    refused(store.open(kaede(), &folder("Elsewhere")).await, Refusal::NoSuchFolder);
}

pub async fn uids_are_never_used_twice<S: Store>(store: Arc<S>) {
    // RFC 3501 §2.3.1.1
    bundles(&*store, 3).await;
    remove(&*store, (sakura(), "INBOX"), &[2, 3]).await;
    let world = World::with(&*store).await;
    store.deliver(world.bundle(&*store, (kaede(), sakura()), "next@x.example", "one"), now()).await.unwrap();
    let inbox = view(&*store, sakura(), "INBOX").await;
    assert_eq!(inbox.entries.iter().map(|entry| entry.uid.get()).collect::<Vec<_>>(), [1, 4]);
}

pub async fn changes_are_told_since_any_point<S: Store>(store: Arc<S>) {
    bundles(&*store, 4).await;
    let before = view(&*store, sakura(), "INBOX").await;
    let (id, point) = (before.status.folder, before.status.highest_modseq);
    let told = store.since(sakura(), id, point).await.unwrap();
    assert_eq!((told.entries.len(), told.vanished.ranges().len(), told.highest_modseq), (0, 0, point));

    remove(&*store, (sakura(), "INBOX"), &[1, 2, 4]).await;
    let told = store.since(sakura(), id, point).await.unwrap();
    assert_eq!((told.entries.len(), told.vanished), (0, [uid(1), uid(2), uid(4)].into_iter().collect()));
    assert!(told.highest_modseq > point);
    let told = store.since(sakura(), id, told.highest_modseq).await.unwrap();
    assert!(told.entries.is_empty() && told.vanished.is_empty());
    let all = store.since(sakura(), id, ModSeq(0)).await.unwrap();
    assert_eq!(all.entries, view(&*store, sakura(), "INBOX").await.entries);
    let third = store.since(sakura(), id, before.entries[1].modseq).await.unwrap();
    assert_eq!(third.entries[0].uid, uid(3));
}

pub async fn who_applies_the_changes_sees_the_folder<S: Store>(store: Arc<S>) {
    // RFC 7162 §3.2: whatever was done, and however seldom somebody looks, the changes lead to the folder as it is.
    bundles(&*store, 8).await;
    let first = view(&*store, himawari(), "Sent").await;
    let (id, world) = (first.status.folder, World::with(&*store).await);
    let mut known: BTreeMap<Uid, Entry> = first.entries.iter().map(|entry| (entry.uid, *entry)).collect();
    let mut point = first.status.highest_modseq;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    for step in 0..150 {
        let some: Vec<Uid> = known.keys().copied().filter(|_| pick(3) == 0).collect();
        let flags = [Flags::SEEN, Flags::DELETED, Flags::FLAGGED, Flags::ANSWERED][pick(4)];
        let change = [FlagChange::Add, FlagChange::Remove, FlagChange::Replace][pick(3)];
        let named = NamedFlags { system: flags.system, keywords: vec![format!("k{}", pick(5))] };
        match pick(6) {
            0 => {
                let bundle = world.bundle(&*store, (himawari(), kaede()), &format!("more{step}@x.example"), "one");
                store.deliver(bundle, now()).await.map(drop).unwrap();
            }
            1 => {
                let uids = some.into_iter().take(3).collect();
                let order = CopyOrder { folder: id, uids, to: folder("Sent"), moves: pick(2) == 0 };
                drop(store.copy(himawari(), order, now()).await.unwrap());
            }
            2 => drop(store.expunge(himawari(), id, (pick(2) == 0).then_some(some), point).await.unwrap()),
            _ => {
                let order =
                    FlagOrder { folder: id, uids: some, change, flags: named, unchanged_since: None, since: point };
                drop(store.flag(himawari(), order).await.unwrap());
            }
        }
        if pick(3) == 0 {
            let told = store.since(himawari(), id, point).await.unwrap();
            known.extend(told.entries.iter().map(|entry| (entry.uid, *entry)));
            known.retain(|uid, _| !told.vanished.contains(*uid));
            point = told.highest_modseq;
            let now = view(&*store, himawari(), "Sent").await;
            assert!(known.values().eq(&now.entries), "after step {step}");
            assert_eq!((point, told.keywords), (now.status.highest_modseq, now.keywords));
        }
    }
    assert!(first.status.uid_next < 20 && point.0 > 60, "much was done");
}

pub async fn a_copy_shares_the_body_and_keeps_the_flags<S: Store>(store: Arc<S>) {
    bundles(&*store, 2).await;
    store.create(himawari(), folder("Own")).await.unwrap();
    let sent = view(&*store, himawari(), "Sent").await;
    let order = copy_of(sent.status.folder, &[2, 1, 7, 2], "Own");
    let (validity, pairs) = store.copy(himawari(), order, now()).await.unwrap().answer;
    let own = view(&*store, himawari(), "Own").await;
    assert_eq!((validity, pairs), (own.status.uid_validity, vec![(uid(1), uid(1)), (uid(2), uid(2))]));
    assert_eq!(own.entries[1].message, sent.entries[1].message);
    assert_eq!(keywords(&own, &own.entries[0]), ["$Accepted", "$Delivered"], "a mark is kept in every folder");
    assert!(own.entries[0].flags.has(Flags::SEEN));
    assert_eq!(store.census().await.unwrap().messages, 2);
    let nowhere = copy_of(sent.status.folder, &[1], "Nowhere");
    refused(store.copy(himawari(), nowhere, now()).await, Refusal::NoSuchFolder);
}

pub async fn only_the_gateway_fills_inbox_and_receipts<S: Store>(store: Arc<S>) {
    // Profile §7
    bundles(&*store, 1).await;
    let sent = view(&*store, himawari(), "Sent").await.status.folder;
    for name in ["INBOX", "Receipts"] {
        refused(append(&*store, name, None).await, Refusal::FolderIsProtected);
        refused(store.copy(himawari(), copy_of(sent, &[1], name), now()).await, Refusal::FolderIsProtected);
    }
    refused(append(&*store, "Nowhere", None).await, Refusal::NoSuchFolder);
    let (validity, first) = append(&*store, "Drafts", Some("draft@x.example")).await.unwrap();
    let drafts = view(&*store, himawari(), "Drafts").await;
    assert_eq!((validity, first), (drafts.status.uid_validity, uid(1)));
    let entry = drafts.entries[0];
    assert_eq!((entry.flags.system, keywords(&drafts, &entry)), (Flags::DRAFT.system, vec!["Mine".into()]));
    assert_eq!(entry.received_at, "2026-11-20T01:02:03Z".parse().unwrap());
}

pub async fn a_copy_of_what_is_kept_in_sent_is_not_kept_twice<S: Store>(store: Arc<S>) {
    // Profile §7
    bundles(&*store, 2).await;
    assert_eq!(append(&*store, "Sent", Some("2@x.example")).await.unwrap().1, uid(2));
    assert_eq!(view(&*store, himawari(), "Sent").await.entries.len(), 2);
    assert_eq!(append(&*store, "Sent", Some("other@x.example")).await.unwrap().1, uid(3));
    assert_eq!(append(&*store, "Archive", Some("2@x.example")).await.unwrap().1, uid(1));
    remove(&*store, (himawari(), "Sent"), &[2]).await;
    assert_eq!(append(&*store, "Sent", Some("2@x.example")).await.unwrap().1, uid(4), "it is not kept any more");
}

pub async fn a_body_nobody_shows_is_gone<S: Store>(store: Arc<S>) {
    bundles(&*store, 1).await;
    append(&*store, "Drafts", None).await.unwrap();
    remove(&*store, (himawari(), "Drafts"), &[1]).await;
    assert_eq!(store.census().await.unwrap().messages, 1);
    let message = view(&*store, sakura(), "INBOX").await.entries[0].message;
    remove(&*store, (himawari(), "Sent"), &[1]).await;
    refused(store.read(himawari(), message, ALL).await, Refusal::NoSuchMessage);
    assert!(store.read(sakura(), message, ALL).await.is_ok(), "the other office still has it");
    remove(&*store, (sakura(), "INBOX"), &[1]).await;
    assert_eq!(store.census().await.unwrap().messages, 0);
    let world = World::with(&*store).await;
    let other = world.bundle(&*store, (himawari(), sakura()), "1@x.example", "two");
    refused(store.deliver(other, now()).await, Refusal::MessageIdReused);
}
