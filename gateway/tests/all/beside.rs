//! What lies beside the evidence key and cannot be read, or cannot be written (Profile §8.20): the gateway takes neither for nothing.

use std::path::Path;

use fumibako_gateway::{Gateway, Reply, Request};
use fumibako_model::AuditHead;
use fumibako_signer::enclosed;

use crate::audit::verified;
use crate::cut::{NO_LOG, TAKEN, audited, last_head, one_more, started};
use crate::evidence::{edit, head_of, with_mail};
use crate::forged::operator;
use crate::support::{Fixture, SENDER, ago};

/// A folder in the place where the file is written first.
fn in_the_way(folder: &Path, names: &[String]) {
    for name in names {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
}

fn out_of_the_way(folder: &Path, names: &[String]) {
    for name in names {
        std::fs::remove_dir(folder.join(name)).unwrap();
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_head_beside_the_key_that_cannot_be_read_is_not_taken_for_none() {
    let (gateway, first) = with_mail().await;
    assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
    let Fixture { folder, config, running, kept: _kept } = gateway;
    let beside = folder.path().join("evidence");
    std::fs::write(beside.join("lost-head-1-0.p7m"), "damaged").unwrap();
    let found = audited(&running).await;
    assert!(found.faults.iter().any(|fault| fault.what_ja.contains("lost-head-1-0.p7m")), "{found:?}");
    running.stop().await;
    std::fs::remove_file(beside.join("lost-head-1-0.p7m")).unwrap();
    let genuine = std::fs::read(beside.join("last-head.p7m")).unwrap();
    for name in ["last-head.p7m", "restored-head.p7m", "lost-head-1-0.p7m"] {
        let file = beside.join(name);
        let refused =
            async || Gateway::start(config.clone()).await.err().map(|why| why.to_string()).unwrap_or_default();
        std::fs::remove_file(&file).unwrap_or_default();
        std::fs::create_dir(&file).unwrap();
        let folder_there = refused().await;
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, "damaged").unwrap();
        for said in [folder_there, refused().await] {
            assert!(said.contains("鍵の横") && said.contains("make it readable") && said.contains(name), "{said}");
        }
        std::fs::remove_file(&file).unwrap();
        std::fs::write(beside.join("last-head.p7m"), &genuine).unwrap();
    }
    let running = started(&config).await;
    assert_eq!(audited(&running).await.faults, []);
    running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn without_a_last_head_beside_the_key_every_head_says_where_the_log_went_on() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    std::fs::remove_file(folder.path().join("evidence/last-head.p7m")).unwrap();
    edit(&config.store_folder, &format!("CREATE TABLE aside AS SELECT * FROM evidence; {}", one_more(6, &config)));
    let running = started(&config).await;
    assert_eq!(audited(&running).await.faults.iter().filter(|fault| fault.what.contains("not new")).count(), 0);
    let (_, seven) = head_of(&running, first).await;
    let back = seven.set_back.unwrap();
    assert_eq!((six.set_back, seven.size, back.size, back.lost), (None, 7, 6, None));
    running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_before_the_head_that_was_lost_is_kept() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let beside = gateway.folder.path().join("evidence");
    let now = ago(0).as_second();
    let names: Vec<_> = (now - 5..now + 600).map(|at| format!("lost-head-{at}-0.new")).collect();
    in_the_way(&beside, &names);
    edit(&gateway.config.store_folder, &format!("BEGIN; {TAKEN} {NO_LOG} {} COMMIT;", one_more(0, &gateway.config)));
    for _ in 0..2 {
        let found = audited(&gateway.running).await;
        assert_eq!((found.evidence, found.logged), (1, 0), "{found:?}");
    }
    assert_eq!(last_head(&gateway.config), six, "it still lies there");
    out_of_the_way(&beside, &names);
    let found = audited(&gateway.running).await;
    assert_eq!((found.evidence, found.logged), (1, 1), "{found:?}");
    let lost = std::fs::read_dir(&beside).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(lost.filter(|name| name.to_string_lossy().starts_with("lost-head-")).count(), 1);
    gateway.running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_last_head_that_cannot_be_written_is_named_and_tried_again() {
    let (gateway, first) = with_mail().await;
    assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
    let beside = gateway.folder.path().join("evidence");
    let name = ["last-head.new".to_owned()];
    in_the_way(&beside, &name);
    edit(
        &gateway.config.store_folder,
        &format!("CREATE TABLE aside AS SELECT * FROM evidence; {}", one_more(6, &gateway.config)),
    );
    assert_eq!(head_of(&gateway.running, first).await.1.size, 7);
    let written =
        |faults: &[fumibako_gateway::Tampered]| !faults.iter().any(|one| one.what.contains("cannot be written"));
    assert!(!written(&audited(&gateway.running).await.faults));
    let unwritten = async || match gateway.ask(Request::Status).await {
        Reply::Status(status) => status.heads_unwritten,
        other => panic!("{other:?}"),
    };
    assert!(unwritten().await, "and `status` says so");
    assert_eq!(last_head(&gateway.config).size, 6);
    out_of_the_way(&beside, &name);
    assert!(written(&audited(&gateway.running).await.faults));
    assert_eq!(last_head(&gateway.config).size, 7, "without another head");
    assert!(!unwritten().await);
    gateway.running.stop().await;
}

// Profile §16.2, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn status_ends_with_an_error_as_long_as_the_last_head_of_the_audit_cannot_be_written() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let folder = gateway.folder.path();
    let rows = || {
        let octets = std::fs::read(folder.join("evidence/last-acts-head.p7m")).unwrap();
        serde_json::from_slice::<AuditHead>(&enclosed(&octets).unwrap().1).unwrap().rows
    };
    let before = rows();
    assert_eq!(operator(folder, &["status"]).await.0, 0);
    let name = ["last-acts-head.new".to_owned()];
    in_the_way(&folder.join("evidence"), &name);
    let suspend = Request::OfficeSuspend { number: SENDER.parse().unwrap(), reason: "届出の確認".into() };
    gateway.done(suspend).await;
    assert_eq!(verified(&gateway.running).await, None);
    let (code, said) = operator(folder, &["status"]).await;
    assert_eq!(code, 73, "{said}");
    assert!(said.contains("last-acts-head.p7m") && said.contains("空きと書き込みの権限を確かめてください"), "{said}");
    assert_eq!(rows(), before);
    out_of_the_way(&folder.join("evidence"), &name);
    assert_eq!(verified(&gateway.running).await, None);
    let (code, said) = operator(folder, &["status"]).await;
    assert_eq!((code, rows()), (0, before + 1), "{said}");
    gateway.running.stop().await;
}
