//! Whoever edits the row of a bundle has the gateway write nothing down that its evidence does not bear out (Profile §8.15).

use fumibako_model::{EvidenceId, MessageId, OfficeNumber, Refusal};
use fumibako_sqlite::SqliteStore;
use fumibako_store::suite::evidence::log;
use fumibako_store::suite::expire::{ago, keep};
use fumibako_store::suite::{World, domain, himawari, kaede, now, refused, sakura, view};
use fumibako_store::{Asked, Delivery, Store, StoreError, Wrong, unhex};

use super::edited::Edited;
use super::open::meddle;

/// The row of a bundle, whatever was edited in it.
fn of(id: &str) -> String {
    format!("(SELECT id FROM was.message WHERE message_id = '{id}@x.example' AND content_digest IS NOT NULL)")
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

/// The word of an office about a bundle of another: a receipt, or that it does not open.
#[derive(Clone, Copy)]
struct Word {
    ends: (OfficeNumber, OfficeNumber),
    /// It is no receipt.
    failed: bool,
    digest: [u8; 32],
}

impl Word {
    /// The receipt of its recipient.
    async fn receipt(edited: &mut Edited, about: &str) -> Self {
        let digest =
            edited.words(&format!("SELECT hex(content_digest) FROM was.message WHERE id = {}", of(about))).await;
        let digest = unhex(&digest[0].to_lowercase()).unwrap().try_into().unwrap();
        Self { ends: (sakura(), himawari()), failed: false, digest }
    }

    async fn come(&self, edited: &Edited, (id, about): (&str, &str)) -> Result<Delivery, StoreError> {
        let (world, about) = (World::new(), format!("{about}@x.example"));
        let about = (about.as_str(), &self.digest);
        let letter = if self.failed {
            world.failure(&edited.store, self.ends, id, about)
        } else {
            world.receipt(&edited.store, self.ends, id, about)
        };
        edited.store.deliver(letter, now()).await
    }
}

/// The marks on the copies of a bundle, of its sender and of its recipient.
async fn marks(edited: &mut Edited, id: &str) -> Vec<String> {
    let marks = format!(
        "SELECT o.number || ' ' || k.name FROM entry e JOIN mailbox b ON b.id = e.mailbox JOIN office o ON o.id = b.office
         JOIN keyword k ON k.mailbox = b.id AND e.keywords >> k.bit & 1 = 1
         WHERE e.message = {} AND k.name NOT IN ('$Accepted', '$Delivered', '$MDNSent') ORDER BY 1",
        of(id)
    );
    edited.words(&marks).await
}

// Profile §8.3, §8.15, §8.22
#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_a_recipient_counts_by_what_evidence_says_whatever_is_in_the_rows() {
    let mut edited = Edited::new().await;
    let newest = "SELECT json_array(kind, doc ->> 'message_id', coalesce(doc ->> 'reason', '')) FROM evidence ORDER BY id DESC LIMIT 1";
    let done = ["9970000011 $Retrieved", "9970000029 $Acknowledged"];
    let not_opened = ["9970000011 $FailedDecryption"];
    for (n, edit) in [
        "state = 1",
        "state = 3, handover = answer",
        "state = 4",
        "state = 9",
        "sender = recipient",
        "recipient = sender",
        "content_digest = sha256",
        "content_digest = NULL, answer = NULL",
    ]
    .into_iter()
    .enumerate()
    {
        for failed in [false, true] {
            edited.edit("message", &format!("UPDATE message SET {edit} WHERE id = {}", of("waiting"))).await;
            let word = Word { failed, ..Word::receipt(&mut edited, "waiting").await };
            let answer = word.come(&edited, (&format!("{n}@x.example"), "waiting")).await;
            assert!(!answer.unwrap().repeated, "{edit}");
            let (said, marked) = if failed {
                (r#"["ContentHandoverFailure","waiting@x.example","check-failed"]"#, &not_opened[..])
            } else {
                (r#"["ContentHandover","waiting@x.example",""]"#, &done[..])
            };
            assert_eq!(
                (edited.words(newest).await, marks(&mut edited, "waiting").await),
                (vec![said.to_owned()], marked.iter().map(ToString::to_string).collect()),
                "{edit}"
            );
            if edit.starts_with("state") {
                assert_eq!(edited.faults().await, Vec::<String>::new(), "{edit}: its row says what evidence says");
            }
            edited.back().await;
        }
    }
}

// Profile §8.3, §8.15
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_the_first_or_another_by_what_evidence_says() {
    let mut edited = Edited::new().await;
    let first =
        edited.words(&format!("SELECT CAST(handover AS TEXT) FROM message WHERE id = {}", of("acknowledged"))).await;
    let first = EvidenceId(first[0].parse().unwrap());
    let pieces = edited.store.census().await.unwrap().evidence;
    for edit in [
        "state = 1, handover = NULL",
        "state = 2, handover = answer",
        "state = 1, recipient = sender, content_digest = sha256",
    ] {
        edited.edit("message", &format!("UPDATE message SET {edit} WHERE id = {}", of("acknowledged"))).await;
        for failed in [false, true] {
            let word = Word { failed, ..Word::receipt(&mut edited, "acknowledged").await };
            let answer = word.come(&edited, ("second@x.example", "acknowledged")).await.unwrap();
            assert_eq!(answer, Delivery { evidence: first, repeated: true, outrun: true }, "{edit}");
        }
        assert_eq!(edited.store.census().await.unwrap().evidence, pieces, "{edit}");
        edited.back().await;
    }
}

// Profile §8.4, §8.15
#[tokio::test(flavor = "multi_thread")]
async fn a_false_receipt_counts_for_no_row_and_a_row_hides_no_bundle() {
    let mut edited = Edited::new().await;
    let set = |id: &str, what: &str| format!("UPDATE message SET {what} WHERE id = {}", of(id));
    let kaedes = set("waiting", "recipient = (SELECT id FROM office WHERE number = '9970000037')");
    let digest = set("waiting", "content_digest = zeroblob(32)");
    // One that bears the name of another is not that one.
    let named = "(message_id, sent_key) = (SELECT message_id, sent_key FROM was.message WHERE message_id = 'waiting@x.example')";
    let named = set("by-agent", named);
    let own = Word::receipt(&mut edited, "waiting").await;
    let agents = Word::receipt(&mut edited, "by-agent").await;
    for (edit, word, why) in [
        (&kaedes, Word { ends: (kaede(), himawari()), ..own }, Refusal::ReceiptNotByRecipient),
        (&digest, Word { digest: [0; 32], ..own }, Refusal::ReceiptDigestDiffers),
        (&named, agents, Refusal::ReceiptDigestDiffers),
    ] {
        assert!(edited.edit("message", edit).await, "{edit}");
        refused(word.come(&edited, ("false@x.example", "waiting")).await, why);
        assert!(!own.come(&edited, ("true@x.example", "waiting")).await.unwrap().repeated, "{edit}");
        assert_eq!(
            marks(&mut edited, "waiting").await,
            ["9970000011 $Retrieved", "9970000029 $Acknowledged"],
            "{edit}"
        );
        edited.back().await;
    }
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn where_evidence_cannot_be_read_the_receipt_of_its_bundle_alone_waits() {
    let mut edited = Edited::new().await;
    let piece = |bundle: &str, order: &str| {
        format!("(SELECT id FROM evidence WHERE message = {} ORDER BY id {order} LIMIT 1)", of(bundle))
    };
    let last = edited.words(&format!("SELECT printf('EV%014X', {})", piece("waiting", "DESC"))).await;
    let first = edited.words(&format!("SELECT printf('EV%014X', {})", piece("waiting", "ASC"))).await;
    let (waiting, collected) =
        (Word::receipt(&mut edited, "waiting").await, Word::receipt(&mut edited, "collected").await);
    for (edit, named) in [
        (format!("UPDATE evidence SET doc = '{{' WHERE id = {}", piece("waiting", "DESC")), &last[0]),
        (format!("UPDATE evidence SET doc = CAST(x'ff' AS TEXT) WHERE id = {}", piece("waiting", "ASC")), &first[0]),
        (format!("DELETE FROM evidence WHERE id = {}", piece("waiting", "ASC")), &last[0]),
        (format!("DELETE FROM evidence WHERE message = {}", of("waiting")), &first[0]),
    ] {
        assert!(edited.edit("evidence", &edit).await, "{edit}");
        let answer = waiting.come(&edited, ("receipt-1@x.example", "waiting")).await;
        assert!(matches!(&answer, Err(StoreError::Failed(why)) if why.contains(named.as_str())), "{edit}: {answer:?}");
        assert!(!collected.come(&edited, ("receipt-2@x.example", "collected")).await.unwrap().repeated, "{edit}");
        edited.back().await;
        assert!(!waiting.come(&edited, ("receipt-1@x.example", "waiting")).await.unwrap().repeated, "it comes again");
        edited.back().await;
    }
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
    let store = super::acknowledged(folder.path()).await;
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
