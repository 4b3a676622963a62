//! What no head covers and this gateway did not write (Profile §8.20): `backup restore` signs for no copy that has such a piece (§11.9), and the
//! operator is told as long as nothing is signed for it.

use fumibako_gateway::{Reply, Request};

use crate::cut::sealed;
use crate::evidence::{edit, with_mail};
use crate::forged::{list_anew, operator, restore};
use crate::support::Fixture;

/// One more piece behind the last one, a moment after it.
const ONE_MORE: &str =
    "INSERT INTO evidence SELECT id + 1, -1, kind, at, 0, 0, doc FROM evidence ORDER BY id DESC LIMIT 1;
    UPDATE evidence SET doc = json_set(doc, '$.n', (SELECT count(*) - 1 FROM evidence), '$.id', printf('EV%014X', id))
    WHERE id = (SELECT max(id) FROM evidence);
    UPDATE counter SET value = (SELECT count(*) FROM evidence) WHERE name = 'evidence_count';";

// Profile §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_somebody_put_into_a_copy_is_not_signed_when_it_is_restored() {
    let aside = tempfile::tempdir().unwrap();
    let (gateway, _) = with_mail().await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    let seal = sealed(&config);
    let mut copies = Vec::new();
    for (name, edited) in
        [("whole", String::new()), ("more", ONE_MORE.to_owned()), ("ours", format!("{ONE_MORE} {seal}"))]
    {
        let (to, keys) = (aside.path().join(name), aside.path().join(format!("keys-{name}")));
        let request = Request::Backup { to: to.clone(), keys: Some(keys.clone()) };
        assert!(matches!(running.admin().answer(request).await, Reply::BackedUp(_)));
        edit(&to, &edited);
        list_anew(&to);
        copies.push((name, to, keys));
    }
    running.stop().await;
    for (name, copy, keys) in copies {
        let (code, said) = restore(folder.path(), (&copy, &keys), &aside.path().join(format!("back-{name}"))).await;
        assert_eq!(code, if name == "more" { 76 } else { 0 }, "{name}: {said}");
    }
}

// Profile §8.20, §8.27
#[tokio::test(flavor = "multi_thread")]
async fn status_and_the_metrics_tell_that_nothing_is_signed_before_somebody_does_something() {
    let (gateway, _) = with_mail().await;
    let (folder, store) = (gateway.folder.path(), &gateway.config.store_folder);
    let told = async || {
        assert!(matches!(gateway.ask(Request::EvidenceVerify).await, Reply::Audited(_)));
        let Reply::Metrics { text } = gateway.ask(Request::Metrics).await else { panic!("figures") };
        let (code, said) = operator(folder, &["status"]).await;
        (text.contains("fumibako_evidence_signing_stopped 1\n"), code, said)
    };
    let (stopped, code, said) = told().await;
    assert!(!stopped && code == 0 && !said.contains("証跡の署名:"), "{said}");
    // Right in all but its seal, and counted by no counter.
    let unseen = ONE_MORE.split("UPDATE counter").next().unwrap();
    edit(store, unseen);
    let (stopped, code, said) = told().await;
    assert!(stopped && code == 76, "{said}");
    let row = said.lines().find(|line| line.starts_with("証跡の署名: 止まっています")).unwrap();
    for word in ["書いた証跡ではない", "受領証のファイル", "evidence verify を実行"] {
        assert!(row.contains(word), "{row}");
    }
    assert!(!row.contains(" / "), "{row}");
    edit(store, "DELETE FROM evidence WHERE id = (SELECT max(id) FROM evidence)");
    let (stopped, code, said) = told().await;
    assert!(!stopped && code == 0, "{said}");
    gateway.running.stop().await;
}
