//! A backup that is put back: which of the heads beside the key counts (Profile §8.20).

use fumibako_gateway::Config;
use fumibako_signer::{enclose, enclosed};
use jiff::Timestamp;

use crate::audit::verified;
use crate::cut::{audited, last_head, started};
use crate::forged::Grown;
use crate::keys::{key_of, mail};
use crate::support::ago;

/// What is signed in a file beside the key, signed anew after this was done to it.
fn signed_anew(config: &Config, name: &str, change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
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
