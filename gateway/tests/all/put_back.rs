//! A backup that is put back: what the operator is told of it, what the audit tells, and which of the heads beside the key counts (Profile
//! §8.20, §11.9, §16.1).

use std::collections::BTreeSet;
use std::path::Path;

use fumibako_gateway::{Config, Gateway, Reply, Request, Running};
use fumibako_model::{AuditRow, EvidenceId, Uid, What};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::suite::expire::send;
use fumibako_store::suite::{World, sakura, view};
use jiff::Timestamp;

use crate::audit::verified;
use crate::cut::{audited, last_head, started};
use crate::evidence::{copy, with_mail};
use crate::forged::{Grown, restore};
use crate::keys::{key_of, mail};
use crate::support::{Fixture, ago, store_of};

/// What the audit tells of copies that were put back.
async fn restores(running: &Running) -> Vec<AuditRow> {
    let Reply::Acts { rows } = running.admin().answer(Request::AuditList { office: None, after: None }).await else {
        panic!("rows")
    };
    let rows = rows.iter().map(|row| serde_json::from_str::<AuditRow>(row).unwrap());
    rows.filter(|row| row.done.what == What::BackupRestored).collect()
}

/// What is signed in a file beside the key, signed anew after this was done to it.
pub(crate) fn signed_anew(
    config: &Config,
    name: &str,
    change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
) {
    let file = config.evidence.identity_file.with_file_name(name);
    let mut inside = serde_json::from_slice(&enclosed(&std::fs::read(&file).unwrap()).unwrap().1).unwrap();
    change(&mut inside);
    std::fs::write(&file, enclose(&serde_json::to_vec(&inside).unwrap(), &key_of(config), ago(0)).unwrap()).unwrap();
}

fn at(moment: Timestamp) -> impl FnOnce(&mut serde_json::Map<String, serde_json::Value>) {
    move |said| drop(said.insert("at".into(), moment.to_string().into()))
}

/// Nothing is lost of the log nor of the audit, as far as is known.
async fn explained(config: &Config) -> bool {
    let running = started(config).await;
    let whole = audited(&running).await.faults.is_empty() && verified(&running).await.is_none();
    running.stop().await;
    whole
}

// Profile §8.20, §16.1
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_says_what_the_copy_lacks_and_the_audit_tells_of_it() {
    let aside = tempfile::tempdir().unwrap();
    let (gateway, _) = with_mail().await;
    let (from, keys) = (aside.path().join("copy"), aside.path().join("keys"));
    let request = Request::Backup { to: from.clone(), keys: Some(keys.clone()) };
    assert!(matches!(gateway.ask(request).await, Reply::BackedUp(_)));
    let to = |name: &str| aside.path().join(name);
    let put_back = async |folder: &Path, name: &str| {
        let (code, said) = restore(folder, (&from, &keys), &to(name)).await;
        assert_eq!(code, 0, "{said}");
        ["証跡 2 件、監査記録", "証跡 0 件、監査記録 1 行", "ゲートウェイが動いています"]
            .map(|word| said.contains(word))
    };
    // The audit has a row of the copy itself by now.
    assert_eq!(verified(&gateway.running).await, None);
    assert_eq!(put_back(gateway.folder.path(), "drill").await, [false, true, true]);
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    assert_eq!(put_back(folder.path(), "stopped").await, [false, true, false]);
    mail(&config, "d").await;
    let running = started(&config).await;
    assert_eq!(audited(&running).await.logged, 8);
    running.stop().await;
    assert_eq!(put_back(folder.path(), "again").await, [true, false, false]);

    let again = Config { store_folder: to("again"), ..config.clone() };
    for _ in 0..2 {
        let running = started(&again).await;
        assert_eq!((verified(&running).await, audited(&running).await.faults), (None, vec![]));
        let told = restores(&running).await;
        let [one] = &told[..] else { panic!("{told:?}") };
        let list = fumibako_model::hash(&std::fs::read(from.join("manifest.json")).unwrap());
        assert!(one.done.by.starts_with("operator uid ") && one.done.about == list, "{one:?}");
        assert!(one.done.note.contains("6 pieces of evidence"), "{one:?}");
        running.stop().await;
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_counts_as_the_latest_by_the_head_that_it_replaces_and_not_by_the_clock() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let config = &grown.config;
    // The clock was ahead when the last heads were signed, and was set right since.
    for name in ["last-head.p7m", "last-acts-head.p7m"] {
        signed_anew(config, name, at(ago(-1)));
    }
    let first = grown.put_back(&aside.path().join("first")).await;
    assert!(explained(&first).await);
    // More was signed since it was put back, by a clock that was behind.
    let behind = last_head(config).at;
    let second = grown.put_back(&aside.path().join("second")).await;
    mail(&first, "e").await;
    let running = started(&first).await;
    assert!(audited(&running).await.logged > 6);
    running.stop().await;
    signed_anew(config, "last-head.p7m", at(behind));
    assert!(!explained(&second).await);
}

// Profile §8.20: versions before named no head that was replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_names_no_head_counts_by_its_moment() {
    for (later, counts) in [(false, true), (true, false)] {
        let aside = tempfile::tempdir().unwrap();
        let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
        let again = grown.put_back(&aside.path().join("again")).await;
        for name in ["restored-head.p7m", "restored-acts-head.p7m"] {
            signed_anew(&again, name, |said| assert!(said.remove("replaces").is_some()));
        }
        if later {
            signed_anew(&again, "last-head.p7m", at(ago(-1)));
        }
        assert_eq!(explained(&again).await, counts);
    }
}

// Profile §8.20, §8.13
#[tokio::test(flavor = "multi_thread")]
async fn what_a_head_beside_the_key_tells_counts_where_it_stands_after_the_newest_one_whatever_the_clock_said() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let again = grown.put_back(&aside.path().join("again")).await;
    started(&again).await.stop().await;
    let put_back = last_head(&again);
    assert!(put_back.set_back.is_some() && put_back.before.is_some(), "{put_back:?}");
    signed_anew(&again, "last-head.p7m", at(key_of(&again).certificate().not_before()));
    let running = started(&again).await;
    assert_eq!(audited(&running).await.set_back, put_back.set_back);
    running.stop().await;
}

/// What the store gives to a bundle that comes now: the id of its evidence, and the UID.
async fn given(config: &Config, id: &str) -> (EvidenceId, Uid) {
    let store = store_of(config).await;
    let evidence = send(&store, &World::with(&store).await, id, ago(0)).await.evidence;
    let uid = view(&store, sakura(), "INBOX").await.entries.last().unwrap().uid;
    store.close().await.unwrap();
    (evidence, uid)
}

// Profile §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_put_back_by_hand_gives_nothing_a_second_time() {
    let aside = tempfile::tempdir().unwrap();
    let (gateway, _) = with_mail().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let older = aside.path().join("older");
    copy(&config.store_folder, &older);
    let (mut ids, mut uids) = (BTreeSet::new(), BTreeSet::new());
    let mut gives = async |config: &Config, id: &str| {
        let (evidence, uid) = given(config, id).await;
        assert!(ids.insert(evidence), "{evidence} was given before");
        assert!(uids.insert(uid), "{uid:?} was given before");
        uid.0.get()
    };
    let first = gives(&config, "d").await;
    started(&config).await.stop().await;
    for round in ["one", "two", "three"] {
        let again = Config { store_folder: aside.path().join(round), ..config.clone() };
        copy(&older, &again.store_folder);
        started(&again).await.stop().await;
        let jumped = gives(&again, "e").await;
        assert!(jumped > first + (1 << 20) - 1);
        // Its own start finds nothing lost.
        started(&again).await.stop().await;
        assert_eq!(gives(&again, "f").await, jumped + 1, "once for each loss");
        started(&again).await.stop().await;
    }
}

// Profile §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_restored_twice_gives_nothing_a_second_time() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let mut all = BTreeSet::new();
    for name in ["one", "two"] {
        let again = grown.put_back(&aside.path().join(name)).await;
        started(&again).await.stop().await;
        let now = given(&again, "f").await;
        assert!(all.insert(now), "{now:?} was given before");
        assert!(explained(&again).await);
    }
}

// Profile §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_that_signed_a_store_its_folder_is_asked_for_and_no_new_key() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let (folder, config) = (grown.folder.path(), &grown.config);
    std::fs::rename(folder.join("evidence"), aside.path().join("evidence")).unwrap();
    let wanted = |said: &str| {
        said.contains("元の機械のフォルダー evidence") && !said.contains("`fumibako-gateway init` makes one")
    };
    let (code, said) = restore(folder, (&grown.copy.0, &grown.copy.1), &aside.path().join("again")).await;
    assert!(code == 69 && wanted(&said) && said.contains("証跡の鍵を使えません"), "{said}");
    assert!(!aside.path().join("again").exists(), "nothing was begun");
    let refused = async |config: &Config| Gateway::start(config.clone()).await.err().unwrap().to_string();
    let said = refused(config).await;
    assert!(wanted(&said), "{said}");
    let new = Config { store_folder: aside.path().join("new"), ..config.clone() };
    let said = refused(&new).await;
    assert!(!wanted(&said) && said.contains("init が作ります"), "{said}");
}
