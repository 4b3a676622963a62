//! STORE: flags, keywords, the gateway's marks.

use std::sync::Arc;

use fumibako_model::{
    ACKNOWLEDGED, Changes, FlagChange, Flags, KEYWORDS, MDN_SENT, ModSeq, NamedFlags, OfficeNumber, Refusal, Uid, marks,
};

use super::{World, folder, himawari, keywords, now, refused, sakura, view};
use crate::{FlagOrder, MARKS, Store, StoreError};

/// One bundle delivered: UID 1 in the recipient's `INBOX` and in the sender's `Sent`.
async fn one_bundle<S: Store>(store: &S) {
    let world = World::with(store).await;
    store.deliver(world.bundle(store, (himawari(), sakura()), "a@x.example", "one"), now()).await.unwrap();
}

/// STORE on UID 1 of a folder, from the asker's last view.
pub(super) async fn change<S: Store>(
    store: &S,
    (office, name): (OfficeNumber, &str),
    change: FlagChange,
    (system, names): (Flags, &[&str]),
) -> Result<Changes, StoreError> {
    let status = store.status(office, &folder(name)).await.unwrap();
    let order = FlagOrder {
        folder: status.folder,
        uids: vec![Uid::new(1).unwrap(), Uid::new(9).unwrap()],
        change,
        flags: NamedFlags { system: system.system, keywords: names.iter().map(ToString::to_string).collect() },
        unchanged_since: None,
        since: status.highest_modseq,
    };
    store.flag(office, order).await.map(|taken| taken.answer)
}

async fn now_in_inbox<S: Store>(store: &S) -> (u8, Vec<String>) {
    let view = view(store, sakura(), "INBOX").await;
    (view.entries[0].flags.system, keywords(&view, &view.entries[0]))
}

pub async fn flags_are_added_removed_and_replaced<S: Store>(store: Arc<S>) {
    one_bundle(&*store).await;
    let inbox = (sakura(), "INBOX");
    let seen = Flags::SEEN.system;
    let told = change(&*store, inbox, FlagChange::Add, (Flags::SEEN, &["Urgent"])).await.unwrap();
    assert_eq!(now_in_inbox(&*store).await, (seen, vec!["Urgent".into()]));
    assert_eq!((told.entries.len(), told.keywords.0.last().map(String::as_str)), (1, Some("Urgent")));
    assert_eq!(told.entries[0].modseq, told.highest_modseq);

    change(&*store, inbox, FlagChange::Add, (Flags::FLAGGED, &["urgent"])).await.unwrap();
    assert_eq!(now_in_inbox(&*store).await, (seen | Flags::FLAGGED.system, vec!["Urgent".into()]), "one keyword");
    change(&*store, inbox, FlagChange::Remove, (Flags::SEEN, &["URGENT", "Unheard"])).await.unwrap();
    assert_eq!(now_in_inbox(&*store).await, (Flags::FLAGGED.system, vec![]));
    assert_eq!(view(&*store, sakura(), "INBOX").await.keywords.flag("Unheard"), None, "removing teaches nothing");
    change(&*store, inbox, FlagChange::Replace, (Flags::SEEN, &["Later"])).await.unwrap();
    assert_eq!(now_in_inbox(&*store).await, (seen, vec!["Later".into()]));
}

pub async fn what_is_as_asked_raises_no_counter<S: Store>(store: Arc<S>) {
    one_bundle(&*store).await;
    let inbox = (sakura(), "INBOX");
    change(&*store, inbox, FlagChange::Add, (Flags::SEEN, &[])).await.unwrap();
    let before = store.status(sakura(), &folder("INBOX")).await.unwrap();
    let watch = store.watch(before.folder);
    let told = change(&*store, inbox, FlagChange::Add, (Flags::SEEN, &[])).await.unwrap();
    assert_eq!(told.highest_modseq, before.highest_modseq);
    assert_eq!(told.entries.len(), 1, "the message named is told all the same");
    assert!(!watch.has_changed().unwrap());
}

pub async fn a_folder_knows_64_keywords<S: Store>(store: Arc<S>) {
    one_bundle(&*store).await;
    let names: Vec<String> = (MARKS.len()..KEYWORDS).map(|bit| format!("k{bit}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let inbox = (sakura(), "INBOX");
    change(&*store, inbox, FlagChange::Add, (Flags::default(), &names)).await.unwrap();
    assert_eq!(now_in_inbox(&*store).await.1, names, "the last of them is bit 63");
    refused(change(&*store, inbox, FlagChange::Add, (Flags::SEEN, &["k64"])).await, Refusal::TooManyKeywords);
    assert_eq!(now_in_inbox(&*store).await.0, 0, "nothing of it was done");
    refused(
        change(&*store, (himawari(), "Sent"), FlagChange::Add, (Flags::SEEN, &[&"k".repeat(65)])).await,
        Refusal::ValueUnfit,
    );
}

pub async fn mail_tools_do_not_touch_the_marks<S: Store>(store: Arc<S>) {
    // Profile §7
    one_bundle(&*store).await;
    let (sent, inbox) = ((himawari(), "Sent"), (sakura(), "INBOX"));
    let all: Vec<&str> = marks().collect();
    for how in [FlagChange::Replace, FlagChange::Add] {
        let told = change(&*store, sent, how, (Flags::FLAGGED, &all)).await.unwrap();
        let names: Vec<_> = told.keywords.names(told.entries[0].flags).collect();
        assert_eq!(names, ["$Accepted", "$Delivered"], "{how:?}");
        assert_eq!(told.entries[0].flags.system, Flags::FLAGGED.system);
        assert!(told.highest_modseq > ModSeq(0));
    }
    let told = change(&*store, sent, FlagChange::Remove, (Flags::FLAGGED, &all)).await.unwrap();
    assert_eq!(told.keywords.names(told.entries[0].flags).collect::<Vec<_>>(), ["$Accepted", "$Delivered"]);
    // RFC 3503 §3.1: that a notification is spoken for anybody may say; that the gateway took one it says itself (Profile §8.3).
    let told = change(&*store, inbox, FlagChange::Add, (Flags::SEEN, &[MDN_SENT, ACKNOWLEDGED])).await.unwrap();
    assert_eq!(told.keywords.names(told.entries[0].flags).collect::<Vec<_>>(), [MDN_SENT]);
}
