//! A cell that somebody edited, or that was damaged, ends nothing but what needs it: mail goes on, and the audit names what it can
//! (Profile §8.15).

use fumibako_model::{EvidenceId, FolderName};
use fumibako_store::suite::expire::{ago, keep};
use fumibako_store::suite::{World, himawari, now, sakura, view};
use fumibako_store::{Asked, Store, StoreError, Which};

use super::edited::Edited;

/// What is put in the place of a cell: text that is none, text that is no JSON, numbers nobody counts to, nothing.
const DAMAGES: [&str; 5] = ["CAST(x'ff' AS TEXT)", "-1", "NULL", "'{'", "9223372036854775807"];
/// The rows that evidence stands in, and those that are held against it or that the chores of a day read.
const TABLES: [&str; 9] = ["evidence", "message", "due", "word", "log_head", "erased_tile", "sent_out", "day", "paper"];

/// What the store answered; none is how a store ends.
fn outlived<T>(what: &str, answer: Result<T, StoreError>) -> Option<T> {
    match answer {
        Err(StoreError::Broken(why)) => panic!("{what}: the store is broken: {why}"),
        Err(_) => None,
        Ok(answer) => Some(answer),
    }
}

/// All that the gateway does by itself or for an office with evidence, and what comes a retention later.
async fn live(edited: &Edited, world: &World, pieces: &[EvidenceId], round: usize) {
    let (store, later) = (&edited.store, ago(-91));
    outlived("papers", store.forget_papers("nothing").await);
    outlived("due", store.due(later, None, 2).await);
    outlived("unlogged", store.unlogged().await);
    outlived("untold", store.untold().await);
    let all = Which { office: Some(sakura()), message_id: Some("waiting@x.example".into()), ..Which::default() };
    outlived("list", store.list_evidence(all).await);
    outlived("list", store.list_evidence(Which::default()).await);
    for piece in pieces {
        outlived("evidence", store.evidence(*piece).await);
        outlived("life", store.prove_life(*piece).await);
    }
    let digest = *world.bundle(store, (himawari(), sakura()), "x@x.example", "acknowledged").facts().content_digest();
    let again = ("acknowledged@x.example", &digest);
    let receipt = world.receipt(store, (sakura(), himawari()), &format!("again-{round}@x.example"), again);
    outlived("receipt", store.deliver(receipt, now()).await);
    if round.is_multiple_of(2) {
        let inbox: FolderName = "INBOX".parse().unwrap();
        let inbox = outlived("inbox", store.open(sakura(), &inbox).await);
        let all = inbox.into_iter().flat_map(|inbox| inbox.entries).map(|entry| entry.message).collect();
        outlived("handover", store.hand_over(sakura(), all, None, now()).await);
    }
    outlived("expiry", store.expire(keep(), Asked::ByThePerson, later).await);
    let bundle = world.bundle(store, (himawari(), sakura()), &format!("new-{round}@x.example"), "new");
    assert!(outlived("mail", store.deliver(bundle, later).await).is_some(), "mail goes on");
}

// Profile §8.15, §8.20: a damaged row is that of its bundle alone.
#[tokio::test(flavor = "multi_thread")]
async fn no_damaged_cell_ends_the_store_and_the_audit_names_those_of_evidence() {
    let (mut edited, world, mut round) = (Edited::new().await, World::new(), 0);
    let pieces = edited.words("SELECT CAST(id AS TEXT) FROM evidence").await;
    let pieces: Vec<_> = pieces.iter().map(|id| EvidenceId(id.parse().unwrap())).collect();
    for table in TABLES {
        let columns = edited.words(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let key = &edited.words(&format!("SELECT name FROM pragma_table_info('{table}') WHERE pk = 1")).await[0];
        let evidence = table == "evidence";
        let (ends, damages) =
            if evidence { (&["ASC", "DESC"][..], &DAMAGES[..]) } else { (&["DESC"][..], &DAMAGES[..3]) };
        let each = columns.iter().flat_map(|column| damages.iter().map(move |damage| (column, *damage)));
        for (column, damage, end) in
            each.flat_map(|(column, damage)| ends.iter().map(move |end| (column, damage, *end)))
        {
            let edit = format!(
                "UPDATE OR IGNORE {table} SET {column} = {damage}
                 WHERE {key} = (SELECT {key} FROM {table} ORDER BY {key} {end} LIMIT 1)"
            );
            if !edited.edit(table, &edit).await {
                continue;
            }
            round += 1;
            println!("{edit}");
            let named = edited.faults().await;
            let is_its_business = evidence || (table == "paper" && column == "beside");
            assert!(!is_its_business || !named.is_empty(), "{edit}: nobody says so");
            live(&edited, &world, &pieces, round).await;
            edited.back().await;
        }
    }
    assert!(round > 50, "{round} edits");
    assert_eq!(view(&edited.store, sakura(), "INBOX").await.entries.len(), 4, "all is as it was");
}
