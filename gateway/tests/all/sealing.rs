//! Whose seals are believed of what waits for a signature over a restart (Profile §8.20, §16.2).

use fumibako_gateway::{Config, Gateway};
use fumibako_model::log::Head;
use fumibako_model::{Done, What};
use fumibako_store::{Amend, Store as _};

use crate::audit::verified;
use crate::cut::{audited, last_head, one_more, sealed_under, started};
use crate::evidence::{copy, edit, with_mail};
use crate::keys::{key_of, mail, renewed, sign_over};
use crate::support::{Fixture, ago, old_key, store_of};

/// All is signed, of evidence so many pieces; or else what is named.
async fn signed(config: &Config) -> Result<u64, String> {
    let running = Gateway::start(config.clone()).await.unwrap();
    let found = audited(&running).await;
    let acts = verified(&running).await;
    running.stop().await;
    match (found.faults.first(), acts) {
        (None, None) => Ok(found.logged),
        (fault, acts) => Err(format!("{fault:?} {acts:?}")),
    }
}

/// A gateway that stands still, with six pieces under its newest head.
async fn still() -> Fixture {
    let (gateway, _) = with_mail().await;
    assert_eq!((audited(&gateway.running).await.logged, verified(&gateway.running).await), (6, None));
    gateway
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_signed_by_the_next_start_however_the_file_of_the_key_was_written_anew() {
    let Fixture { folder: _folder, config, running, kept: _kept } = still().await;
    running.stop().await;
    mail(&config, "d").await;
    let file = &config.evidence.identity_file;
    let (text, more) = (std::fs::read_to_string(file).unwrap(), old_key().0.certificate().to_pem());
    std::fs::write(file, format!("# 2026 年度の鍵\n\n{more}{text}\n")).unwrap();
    assert_eq!(signed(&config).await, Ok(8));
}

// Profile §8.20: versions before sealed by the octets of the file.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_version_sealed_and_did_not_sign_for_is_signed() {
    let Fixture { folder: _folder, config, running, kept: _kept } = still().await;
    running.stop().await;
    let octets = std::fs::read(&config.evidence.identity_file).unwrap();
    let more = |n: u64, secret: &[u8]| {
        let (more, seal) = (one_more(n, &config), sealed_under(secret));
        format!("CREATE TABLE aside AS SELECT * FROM evidence; {more} {seal} DROP TABLE aside;")
    };
    for (n, secret, logged) in [(6, octets.as_slice(), 7), (7, b"another", 7)] {
        edit(&config.store_folder, &more(n, secret));
        let running = started(&config).await;
        let found = audited(&running).await;
        let named = found.faults.iter().any(|fault| fault.what.contains("was not written by this gateway"));
        assert_eq!((found.logged, named), (logged, n == 7), "{found:?}");
        running.stop().await;
    }
}

// Profile §8.16, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_another_key_takes_the_place_is_signed_where_the_former_one_is_at_hand_and_nothing_later_is() {
    let Fixture { folder: _folder, config, running, kept: _kept } = still().await;
    running.stop().await;
    mail(&config, "d").await;
    let second = renewed(&config, 2).await;
    let (there, away) = (&config.evidence.identity_file, config.store_folder.with_file_name("elsewhere.pem"));
    std::fs::rename(there, &away).unwrap();
    for _ in 0..2 {
        let said = signed(&second).await.unwrap_err();
        assert!(said.contains("was not written by this gateway") && said.contains("was just replaced"), "{said}");
    }
    std::fs::rename(&away, there).unwrap();
    assert_eq!(signed(&second).await, Ok(8));
    // Who has the former key seals with it, and says nothing by it any more.
    mail(&config, "e").await;
    let said = signed(&second).await.unwrap_err();
    assert!(said.contains("was not written by this gateway") && !said.contains("was just replaced"), "{said}");
    let running = started(&second).await;
    assert_eq!(audited(&running).await.logged, 8);
    running.stop().await;
}

/// A row of the audit that waits for a signature.
async fn act(config: &Config) {
    let store = store_of(config).await;
    let done = vec![Done::new(ago(0), "operator", What::EvidencePruned)];
    store.amend(Amend { changes: Vec::new(), done }).await.unwrap();
    store.close().await.unwrap();
}

// Profile §8.16, §8.20: between the log's head and the audit's, or between two of the log where more waits than comes under one.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_another_key_takes_the_place_is_signed_after_a_start_that_broke_off_between_its_heads() {
    let Fixture { folder: _folder, config, running, kept: _kept } = still().await;
    running.stop().await;
    mail(&config, "d").await;
    act(&config).await;
    let aside = tempfile::tempdir().unwrap();
    copy(&config.store_folder, aside.path());
    let second = renewed(&config, 2).await;
    let beside = |name: &str| second.evidence.identity_file.with_file_name(name);
    let before =
        ["last-head.p7m", "last-acts-head.p7m"].map(|name| (beside(name), std::fs::read(beside(name)).unwrap()));
    assert_eq!(signed(&second).await, Ok(8));
    let first = last_head(&second);
    // Only a head over so many of the pieces that waited was signed.
    let broken_off = async |most: usize| {
        std::fs::remove_dir_all(&second.store_folder).unwrap();
        copy(aside.path(), &second.store_folder);
        for (file, octets) in &before {
            std::fs::write(file, octets).unwrap();
        }
        sign_over(&key_of(&second), &second, most, |(size, root)| Head { size, root, ..first.clone() }).await;
    };
    for most in [2, 1] {
        broken_off(most).await;
        // The former key goes on to be believed of what was there then, and of nothing that its thief writes behind it.
        assert_eq!(signed(&second).await, Ok(8), "{most}");
        mail(&config, "e").await;
        let said = signed(&second).await.unwrap_err();
        assert!(said.contains("was not written by this gateway") && !said.contains("was just replaced"), "{said}");
    }
    broken_off(1).await;
    act(&config).await;
    let said = signed(&second).await.unwrap_err();
    assert!(said.starts_with("None") && said.contains("was not written by this gateway"), "{said}");
}
