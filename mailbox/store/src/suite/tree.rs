//! The tree of folders: made with their levels, removed, renamed, subscribed to; messages that move, come together or
//! replace one another.

use std::collections::BTreeSet;
use std::sync::Arc;

use fumibako_model::{FlagChange, Flags, FolderName, ModSeq, NamedFlags, Refusal, UidValidity};

use super::folders::{append, bundles, copy_of, names, remove, uid};
use super::{ALL, also, folder, himawari, keywords, now, refused, sakura, view};
use crate::{CopyOrder, Deposit, Draft, FOLDERS, FlagOrder, SUBSCRIPTIONS, Store, StoreError};

async fn rename<S: Store>(store: &S, from: &str, to: &str) -> Result<(), StoreError> {
    store.rename(himawari(), folder(from), folder(to), now()).await.map(|taken| taken.answer)
}

async fn validity<S: Store>(store: &S, name: &str) -> UidValidity {
    view(store, himawari(), name).await.status.uid_validity
}

pub async fn levels_above_a_new_folder_are_made_with_it<S: Store>(store: Arc<S>) {
    // RFC 3501 §6.3.3
    bundles(&*store, 1).await;
    let id = store.create(himawari(), folder("a/b/c")).await.unwrap();
    assert_eq!(names(&*store).await[6..], ["a", "a/b", "a/b/c"]);
    assert_eq!(view(&*store, himawari(), "a/b/c").await.status.folder, id);
    refused(store.create(himawari(), folder("a/b")).await, Refusal::FolderExists);
    refused(store.create(himawari(), folder("sent/old")).await, Refusal::FolderExists);
    store.create(himawari(), folder("Sent/old")).await.unwrap();
    for number in names(&*store).await.len()..FOLDERS - 1 {
        store.create(himawari(), folder(&number.to_string())).await.unwrap();
    }
    refused(store.create(himawari(), folder("x/y")).await, Refusal::TooManyFolders);
    store.create(himawari(), folder("x")).await.unwrap();
}

pub async fn a_deleted_folder_takes_its_messages_along<S: Store>(store: Arc<S>) {
    bundles(&*store, 2).await;
    store.create(himawari(), folder("a/b")).await.unwrap();
    let sent = view(&*store, himawari(), "Sent").await;
    store.copy(himawari(), copy_of(sent.status.folder, &[1, 2], "a"), now()).await.unwrap();
    append(&*store, "a", None).await.unwrap();
    let (old, used) = (view(&*store, himawari(), "a").await, store.quota(himawari()).await.unwrap().used);
    let mut news = store.watch(old.status.folder);
    store.delete(himawari(), folder("a")).await.unwrap();
    assert!(news.has_changed().unwrap(), "who has it open is woken");
    news.mark_unchanged();
    refused(store.since(himawari(), old.status.folder, ModSeq(0)).await, Refusal::NoSuchFolder);
    refused(store.read(himawari(), old.entries[2].message, ALL).await, Refusal::NoSuchMessage);
    assert!(store.read(himawari(), sent.entries[0].message, ALL).await.is_ok(), "it still stands in Sent");
    assert_eq!(store.quota(himawari()).await.unwrap().used, used - old.status.bytes);
    assert_eq!(names(&*store).await[6..], ["a/b"], "what stands below stays");
    refused(store.delete(himawari(), folder("a")).await, Refusal::NoSuchFolder);
    assert!(store.inspect().await.unwrap().faults.is_empty());
    // RFC 3501 §6.3.4, RFC 8474 §4.1: the name gets other UIDs, and another id.
    store.create(himawari(), folder("a")).await.unwrap();
    let new = view(&*store, himawari(), "a").await.status;
    assert!(new.uid_validity > old.status.uid_validity && new.folder != old.status.folder);
    for (standard, _) in fumibako_model::STANDARD_FOLDERS {
        refused(store.delete(himawari(), folder(standard)).await, Refusal::FolderIsStandard);
    }
    refused(store.delete(sakura(), folder("a")).await, Refusal::NoSuchFolder);
}

pub async fn a_renamed_folder_keeps_its_messages_and_its_children<S: Store>(store: Arc<S>) {
    bundles(&*store, 1).await;
    store.create(himawari(), folder("old/one/two")).await.unwrap();
    append(&*store, "old/one", None).await.unwrap();
    let before = view(&*store, himawari(), "old/one").await;
    rename(&*store, "old", "new/place").await.unwrap();
    assert_eq!(names(&*store).await[6..], ["new", "new/place", "new/place/one", "new/place/one/two"]);
    let after = view(&*store, himawari(), "new/place/one").await;
    assert_eq!((after.status.folder, after.entries), (before.status.folder, before.entries), "RFC 8474 §4.1");
    assert_eq!(after.status.uid_validity, before.status.uid_validity);
    // One that moves up takes the name of its parent, which went away before.
    store.delete(himawari(), folder("new/place")).await.unwrap();
    rename(&*store, "new/place/one", "new/place").await.unwrap();
    assert_eq!(names(&*store).await[6..], ["new", "new/place", "new/place/two"]);

    refused(rename(&*store, "nowhere", "x").await, Refusal::NoSuchFolder);
    refused(rename(&*store, "new", "new").await, Refusal::FolderExists);
    refused(rename(&*store, "new/place", "Sent").await, Refusal::FolderExists);
    refused(rename(&*store, "new/place", "sent").await, Refusal::FolderExists);
    refused(rename(&*store, "new", "new/place/below").await, Refusal::ValueUnfit);
    refused(rename(&*store, "new", &"x".repeat(250)).await, Refusal::ValueUnfit);
    refused(rename(&*store, "Archive", "Old").await, Refusal::FolderIsStandard);
    assert_eq!(names(&*store).await[6..], ["new", "new/place", "new/place/two"]);
}

pub async fn a_level_without_a_folder_is_renamed_with_those_below<S: Store>(store: Arc<S>) {
    // RFC 9051 §6.3.6, second example.
    bundles(&*store, 1).await;
    store.create(himawari(), folder("foo/bar")).await.unwrap();
    store.delete(himawari(), folder("foo")).await.unwrap();
    rename(&*store, "foo", "zowie").await.unwrap();
    assert_eq!(names(&*store).await[6..], ["zowie/bar"]);
}

pub async fn the_uidvalidity_of_a_name_only_rises<S: Store>(store: Arc<S>) {
    // Profile §7.9
    bundles(&*store, 1).await;
    store.create(himawari(), folder("a")).await.unwrap();
    store.create(himawari(), folder("b")).await.unwrap();
    let (a, b) = (validity(&*store, "a").await, validity(&*store, "b").await);
    store.delete(himawari(), folder("b")).await.unwrap();
    rename(&*store, "a", "b").await.unwrap();
    let later = validity(&*store, "b").await;
    assert!(later > b && b > a, "who knew the other b must not believe its UIDs");
    rename(&*store, "b", "c").await.unwrap();
    rename(&*store, "c", "b").await.unwrap();
    assert_eq!(validity(&*store, "b").await, later, "a folder that comes back is as it was");
    store.delete(himawari(), folder("b")).await.unwrap();
    store.create(himawari(), folder("b")).await.unwrap();
    assert!(validity(&*store, "b").await > later);
}

pub async fn the_uidvalidity_of_a_name_rises_though_many_names_came_between<S: Store>(store: Arc<S>) {
    // Profile §7.9: not every name is remembered for ever.
    bundles(&*store, 1).await;
    for name in ["early", "a"] {
        store.create(himawari(), folder(name)).await.unwrap();
    }
    let old = validity(&*store, "a").await;
    store.delete(himawari(), folder("a")).await.unwrap();
    for number in 0..1001 {
        let name = folder(&number.to_string());
        store.create(himawari(), name.clone()).await.unwrap();
        store.delete(himawari(), name).await.unwrap();
    }
    rename(&*store, "early", "a").await.unwrap();
    assert!(validity(&*store, "a").await > old);
    store.create(himawari(), folder("late")).await.unwrap();
    let late = validity(&*store, "late").await;
    rename(&*store, "late", "later").await.unwrap();
    assert_eq!(validity(&*store, "later").await, late, "a new folder need not change it");
}

pub async fn renaming_inbox_moves_its_messages<S: Store>(store: Arc<S>) {
    // RFC 3501 §6.3.5
    bundles(&*store, 3).await;
    store.create(sakura(), folder("INBOX/below")).await.unwrap();
    store.rename(sakura(), folder("INBOX"), folder("令和8年/11月"), now()).await.unwrap();
    let (inbox, moved) = (view(&*store, sakura(), "INBOX").await, view(&*store, sakura(), "令和8年/11月").await);
    assert_eq!((inbox.entries.len(), inbox.status.uid_next, moved.entries.len()), (0, 4, 3));
    assert!(view(&*store, sakura(), "INBOX/below").await.entries.is_empty());
    refused(store.rename(sakura(), folder("INBOX"), folder("Trash"), now()).await, Refusal::FolderExists);
    store.rename(sakura(), folder("INBOX"), folder("empty"), now()).await.unwrap();
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

pub async fn subscriptions_are_kept_whatever_folders_there_are<S: Store>(store: Arc<S>) {
    // RFC 3501 §6.3.6, §6.3.9
    bundles(&*store, 1).await;
    let subscribed = async |store: &S| store.folders(himawari()).await.unwrap().subscribed;
    let standard = fumibako_model::STANDARD_FOLDERS.iter().map(|(name, _)| *name);
    let standard: BTreeSet<FolderName> = standard.chain([fumibako_model::NOTICES]).map(folder).collect();
    assert_eq!(subscribed(&*store).await, standard);
    let mut news = store.watch_office(himawari());
    for _ in 0..2 {
        store.subscribe(himawari(), folder("nowhere"), true).await.unwrap();
        store.subscribe(himawari(), folder("Trash"), false).await.unwrap();
    }
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    store.create(himawari(), folder("own")).await.unwrap();
    let known = subscribed(&*store).await;
    assert!(known.contains(&folder("nowhere")) && !known.contains(&folder("Trash")) && !known.contains(&folder("own")));
    store.subscribe(himawari(), folder("own"), true).await.unwrap();
    store.delete(himawari(), folder("own")).await.unwrap();
    assert!(subscribed(&*store).await.contains(&folder("own")), "RFC 3501 §6.3.6");
    for number in known.len() + 1..SUBSCRIPTIONS {
        store.subscribe(himawari(), folder(&number.to_string()), true).await.unwrap();
    }
    refused(store.subscribe(himawari(), folder("more"), true).await, Refusal::TooManyFolders);
    store.subscribe(himawari(), folder("own"), true).await.unwrap();
}

pub async fn moved_messages_leave_as_they_arrive<S: Store>(store: Arc<S>) {
    // RFC 6851 §3.3
    bundles(&*store, 3).await;
    let inbox = view(&*store, sakura(), "INBOX").await;
    let order = CopyOrder { moves: true, ..copy_of(inbox.status.folder, &[1, 3, 9], "Archive") };
    let used = store.quota(sakura()).await.unwrap();
    store.set_quota(sakura(), used.used).await.unwrap();
    let (_, pairs) = store.copy(sakura(), order.clone(), now()).await.unwrap().answer;
    assert_eq!(pairs, [(uid(1), uid(1)), (uid(3), uid(2))], "it needs no room");
    let told = store.since(sakura(), inbox.status.folder, inbox.status.highest_modseq).await.unwrap();
    assert_eq!(told.vanished, [uid(1), uid(3)].into_iter().collect());
    let archive = view(&*store, sakura(), "Archive").await;
    assert_eq!(archive.entries[1].message, inbox.entries[2].message);
    assert_eq!(view(&*store, sakura(), "INBOX").await.entries.len(), 1);
    assert_eq!(store.quota(sakura()).await.unwrap().used, used.used);
    let gone = store.copy(sakura(), order, now()).await.unwrap().answer;
    assert!(gone.1.is_empty());
    // To where it stands: it gets another UID.
    let within = CopyOrder { moves: true, ..copy_of(archive.status.folder, &[1], "Archive") };
    assert_eq!(store.copy(sakura(), within, now()).await.unwrap().answer.1, [(uid(1), uid(3))]);
    let archive = view(&*store, sakura(), "Archive").await;
    assert_eq!(archive.entries.iter().map(|entry| entry.uid.get()).collect::<Vec<_>>(), [2, 3]);
    let back = CopyOrder { moves: true, ..copy_of(archive.status.folder, &[2], "INBOX") };
    refused(store.copy(sakura(), back, now()).await, Refusal::FolderIsProtected);
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

fn draft<S: Store>(store: &S, text: &str, keyword: &str) -> Draft {
    let mut body = store.spool(now());
    body.write(text.as_bytes()).unwrap();
    let flags = NamedFlags { system: Flags::DRAFT.system, keywords: vec![keyword.to_owned()] };
    Draft { flags, date: now(), message_id: None, body }
}

pub async fn messages_that_come_together_are_filed_together<S: Store>(store: Arc<S>) {
    // RFC 3502 §6.3.11
    bundles(&*store, 1).await;
    let deposit = |keyword: &str| {
        let drafts = vec![draft(&*store, "one", "x"), draft(&*store, &"two ".repeat(600_000), keyword)];
        Deposit { folder: folder("Drafts"), drafts, replaces: None }
    };
    refused(store.append(himawari(), deposit(&"k".repeat(65)), now()).await, Refusal::ValueUnfit);
    assert!(view(&*store, himawari(), "Drafts").await.entries.is_empty(), "all or nothing");
    let (_, uids) = store.append(himawari(), deposit("y"), now()).await.unwrap().answer;
    assert_eq!(uids, [uid(1), uid(2)]);
    let drafts = view(&*store, himawari(), "Drafts").await;
    assert_eq!(keywords(&drafts, &drafts.entries[1]), ["y"]);
    let octets = store.read(himawari(), drafts.entries[0].message, ALL).await.unwrap();
    assert_eq!((&octets.0[..], drafts.entries[1].size), (&b"one"[..], 2_400_000));
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

pub async fn a_replaced_message_goes_as_the_new_one_comes<S: Store>(store: Arc<S>) {
    // RFC 8508 §3
    bundles(&*store, 1).await;
    append(&*store, "Drafts", None).await.unwrap();
    let drafts = view(&*store, himawari(), "Drafts").await.status.folder;
    let deposit = |number, to: &str| {
        let drafts_of = vec![draft(&*store, "better", "x")];
        Deposit { folder: folder(to), drafts: drafts_of, replaces: Some((drafts, uid(number))) }
    };
    refused(store.append(himawari(), deposit(7, "Drafts"), now()).await, Refusal::NoSuchMessage);
    refused(store.append(himawari(), deposit(1, "INBOX"), now()).await, Refusal::FolderIsProtected);
    assert_eq!(view(&*store, himawari(), "Drafts").await.entries[0].uid, uid(1));
    assert_eq!(store.append(himawari(), deposit(1, "Drafts"), now()).await.unwrap().answer.1, [uid(2)]);
    let left: Vec<_> = view(&*store, himawari(), "Drafts").await.entries.iter().map(|entry| entry.uid).collect();
    assert_eq!(left, [uid(2)]);
    store.append(himawari(), deposit(2, "Trash"), now()).await.unwrap();
    assert!(view(&*store, himawari(), "Drafts").await.entries.is_empty());
    assert_eq!(store.census().await.unwrap().messages, 2, "the bundle and the last of the drafts");
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

pub async fn deleted_messages_are_counted<S: Store>(store: Arc<S>) {
    // RFC 9051 §6.3.11, RFC 9208 §5.2
    bundles(&*store, 3).await;
    let sent = view(&*store, himawari(), "Sent").await;
    let flag = async |change, uids: &[u32]| {
        let flags = NamedFlags { system: Flags::DELETED.system, keywords: vec![] };
        let uids = uids.iter().map(|number| uid(*number)).collect();
        let order =
            FlagOrder { folder: sent.status.folder, uids, change, flags, unchanged_since: None, since: ModSeq(0) };
        store.flag(himawari(), order).await.unwrap();
        let status = store.status(himawari(), &folder("Sent")).await.unwrap();
        (status.deleted, status.deleted_bytes)
    };
    let size = sent.entries[0].size;
    assert_eq!(flag(FlagChange::Add, &[1, 2]).await, (2, size + sent.entries[1].size));
    assert_eq!(flag(FlagChange::Remove, &[2]).await, (1, size));
    store.copy(himawari(), copy_of(sent.status.folder, &[1], "Trash"), now()).await.unwrap();
    assert_eq!(store.status(himawari(), &folder("Trash")).await.unwrap().deleted_bytes, size);
    remove(&*store, (himawari(), "Sent"), &[1]).await;
    let left = store.status(himawari(), &folder("Sent")).await.unwrap();
    assert_eq!((left.deleted, left.deleted_bytes), (0, 0));
    assert!(store.inspect().await.unwrap().faults.is_empty());
}

pub async fn a_copy_has_its_own_save_date<S: Store>(store: Arc<S>) {
    // RFC 8514 §3
    bundles(&*store, 1).await;
    let sent = view(&*store, himawari(), "Sent").await;
    assert_eq!(sent.entries[0].saved_at, now());
    let later = now() + jiff::SignedDuration::from_hours(30);
    store.copy(himawari(), copy_of(sent.status.folder, &[1], "Archive"), later).await.unwrap();
    let copy = view(&*store, himawari(), "Archive").await.entries[0];
    assert_eq!((copy.saved_at, copy.received_at), (later, sent.entries[0].received_at));
    append(&*store, "Drafts", None).await.unwrap();
    let draft = view(&*store, himawari(), "Drafts").await.entries[0];
    assert!(draft.received_at < draft.saved_at && draft.saved_at == now());
}

pub async fn folders_come_and_go_while_others_work<S: Store>(store: Arc<S>) {
    bundles(&*store, 4).await;
    let sent = view(&*store, himawari(), "Sent").await.status.folder;
    let calls = (0..8).map(|number| {
        let store = also(&store);
        async move {
            let (name, other) = (format!("t{number}"), format!("u{number}"));
            for _ in 0..5 {
                store.create(himawari(), folder(&name)).await.unwrap();
                store.copy(himawari(), copy_of(sent, &[1, 2, 3, 4], &name), now()).await.unwrap();
                rename(&*store, &name, &other).await.unwrap();
                store.delete(himawari(), folder(&other)).await.unwrap();
            }
        }
    });
    super::at_once(calls).await;
    assert_eq!(names(&*store).await.len(), 6);
    assert!(store.inspect().await.unwrap().faults.is_empty());
}
