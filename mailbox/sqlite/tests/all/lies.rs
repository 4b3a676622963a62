//! Whoever edits the row of a bundle has the gateway write nothing down that its evidence does not bear out (Profile §8.15).

use fumibako_model::{EvidenceId, MessageId};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::evidence::log;
use fumibako_store::suite::expire::{ago, keep};
use fumibako_store::suite::{World, domain, himawari, now, sakura, view};
use fumibako_store::{Asked, Store, Wrong};

use super::edited::Edited;
use super::open::meddle;

/// The row of a bundle.
fn of(id: &str) -> String {
    format!("(SELECT id FROM message WHERE message_id = '{id}@x.example' AND content_digest IS NOT NULL)")
}

/// A copy of the row under another number, to which the copies lead.
const COPIED: &str = "INSERT INTO message SELECT id + 1000, sha256, NULL, content_digest, received_size, size, message_id, sender, recipient,
        received_at, NULL, sent_key, answer, wishes, 1, segment, body_offset, stored FROM message WHERE message_id = 'acknowledged@x.example';
    UPDATE entry SET message = message + 1000 WHERE message = (SELECT min(id) FROM message WHERE message_id = 'acknowledged@x.example')";

/// What expiry wrote of bundles, as its documents say: Message-ID, recipient, digest, size and content; and how many bundles it says are gone.
async fn expired(edited: &mut Edited, at: jiff::Timestamp) -> (Vec<String>, Vec<String>) {
    let newest = edited.words("SELECT CAST(max(id) AS TEXT) FROM evidence").await.remove(0);
    edited.store.expire(keep(), Asked::ByThePerson, at).await.unwrap();
    let failed = edited
        .words(&format!(
            "SELECT json_array(doc ->> 'message_id', doc ->> 'to', doc ->> 'sha256', doc ->> 'size', doc ->> 'content')
        FROM evidence WHERE kind = 'ContentHandoverFailure' AND id > {newest} ORDER BY id"
        ))
        .await;
    let gone =
        format!("SELECT CAST(doc ->> 'count' AS TEXT) FROM evidence WHERE kind = 'ContentErasure' AND id > {newest}");
    (failed, edited.words(&gone).await)
}

// Profile §8.9, §8.28
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_with_a_day_is_what_evidence_says_whatever_is_in_the_rows() {
    let mut edited = Edited::new().await;
    let as_accepted = edited
        .words(
            "SELECT json_array(doc ->> 'message_id', doc ->> 'to', doc ->> 'sha256', doc ->> 'size', doc ->> 'content')
        FROM evidence WHERE kind = 'SubmissionAcceptance' AND doc ->> 'message_id' IN ('waiting@x.example', 'by-agent@x.example') ORDER BY id",
        )
        .await;
    let set = |id: &str, what: &str| format!("UPDATE message SET {what} WHERE id = {}", of(id));
    for edit in [
        "SELECT 1".to_owned(),
        set("acknowledged", "state = 1, handover = NULL"),
        set("collected", "state = 1"),
        set("waiting", "state = 3"),
        set("waiting", "recipient = sender"),
        set("waiting", "content_digest = sha256, sha256 = content_digest"),
        set("waiting", "content_digest = NULL"),
        set("waiting", "received_size = -1, message_id = 'another@x.example', wishes = '{'"),
        COPIED.to_owned(),
    ] {
        edited.edit("message", &edit).await;
        assert_eq!(edited.faults().await.is_empty(), edit == "SELECT 1", "{edit}");
        let (failed, gone) = expired(&mut edited, ago(-91)).await;
        assert_eq!((failed, gone), (as_accepted.clone(), vec!["4".to_owned()]), "{edit}");
        edited.back().await;
    }
}

// Profile §11.4: before its time nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_moved_to_a_day_that_is_over_is_not_said_to_be_lost() {
    let mut edited = Edited::new().await;
    let moved = format!("UPDATE message SET segment = segment - (200 << 24) WHERE id = {}", of("waiting"));
    assert!(edited.edit("message", &moved).await);
    assert_eq!(expired(&mut edited, now()).await, (vec![], vec![]));
}

// Profile §8.10
#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_over_is_what_evidence_says_whatever_is_in_the_rows() {
    let mut edited = Edited::new().await;
    let taken = async |edited: &mut Edited, id: &str| {
        let id = edited.words(&format!("SELECT CAST({} AS TEXT)", of(id))).await[0].parse().unwrap();
        edited.store.hand_over(sakura(), vec![MessageId(id)], None, now()).await.unwrap().len()
    };
    for id in ["acknowledged", "collected"] {
        edited.edit("message", &format!("UPDATE message SET state = 1, handover = NULL WHERE id = {}", of(id))).await;
        assert_eq!(taken(&mut edited, id).await, 0, "{id}");
    }
    let others = format!(
        "UPDATE message SET answer = (SELECT answer FROM message WHERE id = {}), sender = recipient WHERE id = {}",
        of("acknowledged"),
        of("waiting")
    );
    edited.edit("message", &others).await;
    assert_eq!(taken(&mut edited, "waiting").await, 1);
    let said = edited.words("SELECT doc ->> 'message_id' FROM evidence ORDER BY id DESC LIMIT 1").await;
    assert_eq!(said, ["waiting@x.example"]);
    edited.back().await;
    // To whom it was not sent it is not handed over.
    edited.edit("message", &format!("UPDATE message SET recipient = sender WHERE id = {}", of("waiting"))).await;
    let id = edited.words(&format!("SELECT CAST({} AS TEXT)", of("waiting"))).await[0].parse().unwrap();
    assert_eq!(edited.store.hand_over(himawari(), vec![MessageId(id)], None, now()).await.unwrap(), []);
}

// Profile §8.15: of two rows with one acceptance one is not its own, by whatever it is to be known.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_row_with_one_acceptance_is_named() {
    let mut edited = Edited::new().await;
    for more in ["", "; UPDATE message SET content_digest = NULL WHERE id = (SELECT max(id) FROM message)"] {
        edited.edit("message", &format!("{COPIED}{more}")).await;
        let found = edited.faults().await;
        assert!(found.iter().any(|fault| fault.contains("Described")), "{more}: {found:?}");
        edited.back().await;
    }
}

// Profile §8.9, §8.15: a loss behind a receipt is named, for whatever reason it was signed.
#[tokio::test]
async fn a_piece_that_cannot_follow_is_named_in_the_evidence_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let bundle = world.bundle(&store, (himawari(), sakura()), "a@x.example", "plan");
    let digest = *bundle.facts().content_digest();
    store.deliver(bundle, now()).await.unwrap();
    let receipt = world.receipt(&store, (sakura(), himawari()), "receipt@x.example", ("a@x.example", &digest));
    store.deliver(receipt, now()).await.unwrap();
    store.close().await.unwrap();
    meddle(
        folder.path(),
        "INSERT INTO evidence SELECT last + 1, message, 'ContentHandoverFailure', at, from_office, to_office, json_set(doc, '$.id', printf('EV%014X', last + 1),
            '$.n', 3, '$.previous', printf('EV%014X', last), '$.event', 'ContentHandoverFailure', '$.reason', 'expired')
         FROM (SELECT *, (SELECT max(id) FROM evidence) AS last FROM evidence ORDER BY id LIMIT 1);
         UPDATE counter SET value = value + 1 WHERE name IN ('evidence', 'evidence_count')",
    )
    .await;
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    log(&store).await.unwrap();
    let found = store.audit(EvidenceId(0)).await.unwrap().faults;
    assert!(found.iter().any(|fault| (fault.n, fault.what) == (3, Wrong::Unfounded)), "{found:?}");
    assert_eq!(view(&store, sakura(), "INBOX").await.entries.len(), 1);
}
