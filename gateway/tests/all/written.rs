//! Evidence that another hand writes beside the gateway, as of now or of any day, is never signed unasked; what the gateway wrote is, whatever
//! its clock said (Profile §8.20).

use fumibako_gateway::{Audited, Config, Gateway, Reply, Request, Running};
use fumibako_model::EvidenceId;
use fumibako_store::suite::{World, expire::send};

use crate::evidence::{edit, with_mail};
use crate::forged::operator;
use crate::support::{Fixture, ago, store_of};

/// One more piece, like the last one, under the next id and number; the counters follow.
const ONE_MORE: &str = "INSERT INTO evidence SELECT id + 1, message, kind, at, from_office, to_office,
        replace(replace(doc, printf('%014X', id), printf('%014X', id + 1)),
                '\"n\":' || (doc ->> 'n'), '\"n\":' || ((doc ->> 'n') + 1))
    FROM evidence ORDER BY id DESC LIMIT 1;
    UPDATE counter SET value = value + 1 WHERE name IN ('evidence', 'evidence_count');";
/// Of this moment.
const AS_OF_NOW: &str = "UPDATE evidence SET at = unixepoch() * 1000,
        doc = replace(doc, doc ->> 'at', strftime('%Y-%m-%dT%H:%M:%SZ')) WHERE id = (SELECT max(id) FROM evidence);";

async fn audited(running: &Running) -> Audited {
    let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    *found
}

async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

/// Mail that came and was not signed for before a crash.
async fn mail(config: &Config, (id, days): (&str, i64)) -> EvidenceId {
    let store = store_of(config).await;
    let evidence = send(&store, &World::with(&store).await, id, ago(days)).await.evidence;
    store.close().await.unwrap();
    evidence
}

/// What is named, each with its number, and that it was not written here.
fn strangers(found: &Audited) -> Vec<(Option<EvidenceId>, u64, u64)> {
    assert!(found.faults.iter().all(|fault| fault.what.contains("not written by this gateway")), "{found:?}");
    found.faults.iter().map(|fault| (fault.id, fault.first, fault.last)).collect()
}

// Profile §8.15, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_another_hand_writes_is_signed_neither_under_a_running_gateway_nor_after_a_restart() {
    for dated in [AS_OF_NOW, ""] {
        let (gateway, _) = with_mail().await;
        let before = audited(&gateway.running).await;
        assert_eq!((before.evidence, before.logged, before.faults), (6, 6, vec![]));
        let Fixture { folder, config, running, kept: _kept } = gateway;
        edit(&config.store_folder, &format!("{ONE_MORE} {dated}"));
        let found = audited(&running).await;
        let stranger = found.faults.first().and_then(|fault| fault.id).expect("it is named");
        assert_eq!((found.logged, strangers(&found)), (6, vec![(Some(stranger), 6, 6)]), "{dated}");
        running.stop().await;
        // Mail goes on, and waits behind it.
        mail(&config, ("d", 0)).await;
        for _ in 0..2 {
            let running = started(&config).await;
            let found = audited(&running).await;
            let named = strangers(&found);
            assert_eq!((found.evidence, found.logged, named), (9, 6, vec![(Some(stranger), 6, 6)]), "{dated}");
            let (code, said) = operator(folder.path(), &["evidence", "verify"]).await;
            assert!(
                code == 76 && said.contains(&stranger.to_string()) && said.contains("書いた証跡ではありません"),
                "{said}"
            );
            running.stop().await;
        }
        // Whoever knows why it is there says so; what comes after that is asked again.
        let running = started(&config).await;
        let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "訓練"]).await;
        assert_eq!(code, 0, "{said}");
        let found = audited(&running).await;
        assert_eq!((found.logged, found.faults), (9, vec![]), "{dated}");
        edit(&config.store_folder, ONE_MORE);
        let found = audited(&running).await;
        assert_eq!((found.logged, strangers(&found).len()), (9, 1), "{dated}");
        running.stop().await;
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_wrote_is_signed_after_a_crash_whatever_its_clock_said_and_not_if_it_was_edited() {
    let (gateway, _) = with_mail().await;
    audited(&gateway.running).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // A clock that had been set back by days, and is right again.
    for (n, days) in [(8, 5), (10, 0), (12, 20)] {
        mail(&config, (&format!("of-{days}"), days)).await;
        let running = started(&config).await;
        let found = audited(&running).await;
        assert_eq!((found.logged, found.faults), (n, vec![]), "{days}");
        running.stop().await;
    }
    let edited = mail(&config, ("edited", 0)).await;
    edit(
        &config.store_folder,
        &format!("UPDATE evidence SET doc = replace(doc, '9970000029', '9970000037') WHERE id = {}", edited.0),
    );
    let running = started(&config).await;
    let found = audited(&running).await;
    assert!(
        found.faults.iter().any(|fault| fault.id == Some(edited) && fault.what.contains("not written by")),
        "{found:?}"
    );
    assert_eq!(found.logged, 12);
    running.stop().await;
}
