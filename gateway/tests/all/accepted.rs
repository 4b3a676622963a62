//! What the operator accepts (Profile §8.20), and what he is not told that he accepted.

use std::path::{Path, PathBuf};

use fumibako_gateway::{AcceptedNow, AcceptedRow, Audited, Config, Reply, Request, Running};
use fumibako_model::{Acceptance, EvidenceId};
use fumibako_signer::enclosed;
use tempfile::TempDir;

use crate::cut::{NO_LOG, audited, one_more, sealed, started};
use crate::evidence::{copy, edit, head_of, with_mail};
use crate::forged::Grown;
use crate::keys::{mail, renewed};
use crate::put_back::signed_anew;
use crate::support::Fixture;

async fn accept(running: &Running) -> Reply {
    running.admin().answer(Request::EvidenceAccept { reason: "長いほうに戻した".into() }).await
}

// Profile §8.16, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_longer_store_of_a_former_key_that_is_put_back_is_signed_for_again_once_it_is_accepted() {
    let (gateway, first) = with_mail().await;
    assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let aside = tempfile::tempdir().unwrap();
    copy(&config.store_folder, &aside.path().join("shorter"));
    mail(&config, "d").await;
    let running = started(&config).await;
    assert_eq!(head_of(&running, first).await.1.size, 8);
    running.stop().await;

    let second = renewed(&config, 2).await;
    let shorter = Config { store_folder: aside.path().join("shorter"), ..second.clone() };
    edit(&shorter.store_folder, &format!("CREATE TABLE aside AS SELECT * FROM evidence; {}", one_more(6, &shorter)));
    let running = started(&shorter).await;
    let (_, seven) = head_of(&running, first).await;
    assert_eq!((seven.size, seven.former.unwrap()[0].size), (7, 6), "the key before it ended there");
    running.stop().await;

    // The longer one again: its newest head is of that key, and over more.
    let running = started(&second).await;
    assert!(audited(&running).await.faults.iter().any(|fault| fault.what.contains("replaced")));
    assert!(matches!(accept(&running).await, Reply::Accepted(AcceptedNow { log: true, count: 0, file: None, .. })));
    let found = audited(&running).await;
    assert_eq!((found.faults, found.logged), (vec![], 8));
    running.stop().await;
    // It stays so over a restart at which nothing new is there, and what is new is signed.
    mail(&second, "e").await;
    for _ in 0..2 {
        let running = started(&second).await;
        let found = audited(&running).await;
        assert_eq!((found.faults, found.logged), (vec![], 10));
        let (_, ten) = head_of(&running, first).await;
        let back = ten.set_back.unwrap();
        assert_eq!((ten.former.unwrap()[0].size, back.size, back.lost), (8, 8, Some(7)));
        running.stop().await;
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_to_be_accepted_what_is_older_than_a_backup_goes_on_waiting() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let again = grown.put_back(&aside.path().join("again")).await;
    let running = started(&again).await;
    assert_eq!(accept(&running).await, Reply::NothingToAccept);
    let Reply::Acts { rows } = running.admin().answer(Request::AuditList { office: None, after: None }).await else {
        panic!("the audit")
    };
    assert!(!rows.iter().any(|row| row.contains("evidence-accepted")), "and nobody is said to have done it: {rows:?}");
    // A piece of yesterday, which the backup did not have.
    let older = "UPDATE evidence SET at = at - 86400000, doc = json_set(doc, '$.at', strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch() - 86400, 'unixepoch'))
        WHERE id = (SELECT max(id) FROM evidence);";
    edit(
        &again.store_folder,
        &format!(
            "BEGIN; CREATE TABLE aside AS SELECT * FROM evidence; {} {older} {} COMMIT;",
            one_more(6, &again),
            sealed(&again)
        ),
    );
    let found = audited(&running).await;
    assert!(found.logged == 6 && found.faults.iter().any(|fault| fault.what.contains("not new")), "{found:?}");
    running.stop().await;
}

// Profile §8.16, §8.20: who has a former key says nothing with it, whatever moment he writes.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_under_a_former_key_counts_where_the_one_after_it_took_it_over() {
    let (_folders, config, word) = accepted().await;
    let under_the_former = std::fs::read(&word).unwrap();
    let second = renewed(&config, 2).await;
    assert_eq!(told(&second).await, (0, 1));
    assert_ne!(std::fs::read(&word).unwrap(), under_the_former);
    // The same, but laid there after the key was replaced.
    std::fs::write(&word, under_the_former).unwrap();
    assert_eq!(told(&second).await, (1, 0));
    // Nor does the next key take it for one of the key before it.
    assert_eq!(told(&renewed(&second, 3).await).await, (1, 0));
}

// Profile §8.20: versions before took nothing over, and none of their heads says that they did.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_under_a_key_that_an_older_version_saw_replaced_is_taken_over_once() {
    let (_folders, config, word) = accepted().await;
    let under_the_former = std::fs::read(&word).unwrap();
    let second = renewed(&config, 2).await;
    assert_eq!(told(&second).await, (0, 1));
    let as_before = || {
        std::fs::write(&word, &under_the_former).unwrap();
        signed_anew(&second, "last-head.p7m", |said| assert!(said.remove("took_over").is_some()));
    };
    as_before();
    assert_eq!(told(&second).await, (0, 1));
    std::fs::write(&word, &under_the_former).unwrap();
    assert_eq!(told(&second).await, (1, 0), "what is laid there later says nothing");
    // The key is replaced again, at the same moment.
    as_before();
    let third = renewed(&second, 3).await;
    assert_eq!(told(&third).await, (0, 1));
    std::fs::write(&word, &under_the_former).unwrap();
    assert_eq!(told(&third).await, (1, 0));
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn where_what_was_accepted_cannot_be_taken_over_nothing_is_signed_and_it_is_said_what_to_do() {
    let (_folders, config, word) = accepted().await;
    let second = renewed(&config, 2).await;
    let in_the_way = word.with_extension("new");
    std::fs::create_dir(&in_the_way).unwrap();
    mail(&second, "d").await;
    let running = started(&second).await;
    assert_eq!(audited(&running).await.logged, 4);
    let id = EvidenceId(i64::MAX);
    let Reply::Failed { why } = running.admin().answer(Request::EvidenceExport { id }).await else {
        panic!("it waits")
    };
    assert!(why.contains("空きと書き込みの権限を確かめてください") && why.contains("see to room and rights"), "{why}");
    assert!(why.contains(word.file_name().unwrap().to_str().unwrap()), "{why}");
    // Nor does a head say that it was done which the operator asks for, as there is one to accept.
    let beside = |name: &str| second.evidence.identity_file.with_file_name(name);
    std::fs::copy(beside("last-head.p7m"), beside("lost-head-1-0.p7m")).unwrap();
    assert!(matches!(accept(&running).await, Reply::Failed { .. }));
    running.stop().await;
    std::fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(told(&second).await, (0, 1));
}

/// A gateway, stopped, whose operator accepted a bundle without evidence: the settings, and the file that says so.
async fn accepted() -> ([Option<TempDir>; 2], Config, PathBuf) {
    let (gateway, first) = with_mail().await;
    assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    edit(&config.store_folder, &without_the_last());
    let running = started(&config).await;
    assert!(matches!(accept(&running).await, Reply::Accepted(_)));
    running.stop().await;
    let word = word_of(folder.path());
    ([Some(folder), kept], config, word)
}

/// How many faults there are, and bundles that are told as accepted; and a restart changes nothing of it.
async fn told(config: &Config) -> (usize, usize) {
    let once = async || {
        let running = started(config).await;
        let found = audited(&running).await;
        running.stop().await;
        (found.faults.len(), found.accepted.len())
    };
    let found = once().await;
    assert_eq!(once().await, found);
    found
}

/// The end of the log goes, with the evidence of the last bundle.
fn without_the_last() -> String {
    format!(
        "BEGIN; DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 2);
        UPDATE counter SET value = 4 WHERE name = 'evidence_count'; {NO_LOG} COMMIT;"
    )
}

/// The file of what was accepted.
fn word_of(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder.join("evidence")).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().starts_with("accepted-");
    files.into_iter().find(is_it).unwrap()
}

// Profile §8.20: what was accepted is told as that, and what is shown beyond it is a fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_whose_evidence_was_taken_away_is_no_fault_once_it_is_accepted_as_it_is_shown() {
    let (gateway, first) = with_mail().await;
    assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    edit(&config.store_folder, &without_the_last());
    let running = started(&config).await;
    let of_it =
        |found: &Audited| found.faults.iter().filter(|one| one.message_id.as_deref() == Some("c@x.example")).count();
    let found = audited(&running).await;
    // The pieces that it lacks are named, as long as the head beside the key says that they were there.
    let removed: Vec<_> = found.faults.iter().filter(|one| one.what == "was removed").map(|one| one.first).collect();
    assert_eq!((of_it(&found), removed, found.accepted.len()), (0, vec![4, 5], 0), "{found:?}");
    // It is named, with the file that says so.
    let Reply::Accepted(now) = accept(&running).await else { panic!("it is accepted") };
    let named: Vec<_> = now.bundles.iter().map(|one| one.message_id.as_deref()).collect();
    assert_eq!((now.log, now.count, named), (true, 1, vec![Some("c@x.example")]));
    let signed = std::fs::read(now.file.unwrap()).unwrap();
    let said: Acceptance = serde_json::from_slice(&enclosed(&signed).unwrap().1).unwrap();
    assert_eq!((said.bundles.len(), said.reason.as_str()), (1, "長いほうに戻した"));
    let accepted = async |running: &Running| {
        let found = audited(running).await;
        let told = |one: &AcceptedRow| (one.message_id.clone(), one.by.clone(), one.reason.clone());
        (found.faults, found.accepted.iter().map(told).collect::<Vec<_>>())
    };
    let told = vec![(Some("c@x.example".to_owned()), "operator".to_owned(), "長いほうに戻した".to_owned())];
    assert_eq!(accepted(&running).await, (vec![], told.clone()));
    assert_eq!(accept(&running).await, Reply::NothingToAccept, "there is nothing more");
    running.stop().await;
    let running = started(&config).await;
    assert_eq!(accepted(&running).await, (vec![], told.clone()), "nor does a restart forget it");
    // Shown as further than it was then, or as another's, it is named again.
    for (what, back) in [("state = 3", "state = 1"), ("received_at = received_at - 1", "received_at = received_at + 1")]
    {
        let is = |what: &str| {
            format!("UPDATE message SET {what} WHERE message_id = 'c@x.example' AND content_digest IS NOT NULL")
        };
        edit(&config.store_folder, &is(what));
        let found = audited(&running).await;
        assert_eq!((of_it(&found), found.accepted.len()), (1, 0), "{what}: {found:?}");
        edit(&config.store_folder, &is(back));
        assert_eq!(accepted(&running).await, (vec![], told.clone()), "{back}");
    }
    // The word is the gateway's, and lies outside of the store.
    let word = word_of(folder.path());
    let mut octets = std::fs::read(&word).unwrap();
    let at = octets.windows(8).position(|some| some == b"operator").unwrap();
    octets[at] = b'0';
    std::fs::write(&word, octets).unwrap();
    assert_eq!(of_it(&audited(&running).await), 1);
    running.stop().await;
}
