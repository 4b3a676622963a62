//! The newest evidence is taken away in every way that a hand in the rows has: just the pieces that are gone are named, and what is written
//! afterwards stands beside them (Profile §8.15).

use std::path::Path;

use fumibako_model::{EvidenceId, LogEntry};
use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::suite::evidence::{log, log_at};
use fumibako_store::suite::expire::{ago, send};
use fumibako_store::suite::{World, domain, himawari, keywords, now, sakura, view};
use fumibako_store::{LogFault, Store, StoreError, Vouched, Which, Wrong};
use jiff::SignedDuration;

use super::open::meddle;

/// Pieces of evidence in each store.
const PIECES: u64 = 13;

/// What else is done where the last pieces are taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Also {
    /// The counter of pieces says that they never were.
    Count,
    /// The counters of ids say so.
    Ids,
    /// The hashes of the log end before them.
    Hashes,
    /// Heads over them go.
    Heads,
    /// The bundles' rows and marks are as they were before.
    State,
    /// Bundles whose acceptance is among them go with their mail.
    Mail,
}

/// Every way in which the others go with the rows. Hashes or heads that went without the count leave numbers that nothing continues.
const WAYS: &[&[Also]] = &[
    &[],
    &[Also::Count],
    &[Also::Ids],
    &[Also::Count, Also::Ids],
    &[Also::State],
    &[Also::Count, Also::State],
    &[Also::Count, Also::Ids, Also::Mail],
    &[Also::Count, Also::Ids, Also::State, Also::Mail],
    &[Also::Count, Also::Hashes],
    &[Also::Count, Also::Ids, Also::Hashes, Also::State, Also::Mail],
    &[Also::Count, Also::Heads],
    &[Also::Count, Also::Ids, Also::Hashes, Also::Heads],
    &[Also::Count, Also::Ids, Also::Hashes, Also::Heads, Also::State, Also::Mail],
];

/// Bundles of two days under heads of their own: one that was handed over and acknowledged, one that could be sent again, one of today with a
/// receipt, one that waits.
async fn store_of_days(folder: &Path) -> (World, [u8; 32]) {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    let mut digests = Vec::new();
    for (days, id) in [(1, "a"), (1, "b")] {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        digests.push(*bundle.facts().content_digest());
        store.deliver(bundle, ago(days)).await.unwrap();
    }
    let inbox = view(&store, sakura(), "INBOX").await;
    store.hand_over(sakura(), vec![inbox.entries[0].message], None, ago(1)).await.unwrap();
    log_at(&store, ago(1)).await.unwrap();
    receipt(&store, &world, ("ra", "a", &digests[0])).await;
    for id in ["c", "d", "e"] {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        digests.push(*bundle.facts().content_digest());
        store.deliver(bundle, now()).await.unwrap();
    }
    receipt(&store, &world, ("rc", "c", &digests[2])).await;
    log(&store).await.unwrap();
    assert_eq!(store.log_state().await.unwrap().size, PIECES);
    store.close().await.unwrap();
    (world, digests[2])
}

async fn receipt(store: &SqliteStore, world: &World, (id, of, digest): (&str, &str, &[u8; 32])) {
    let (named, of) = (format!("{id}@x.example"), format!("{of}@x.example"));
    let receipt = world.receipt(store, (sakura(), himawari()), &named, (&of, digest));
    store.deliver(receipt, now()).await.unwrap();
}

/// What takes the last `k` pieces away so.
fn taking(k: u64, ways: &[Also]) -> String {
    let left = PIECES - k;
    let gone = format!("(SELECT id FROM taken ORDER BY id DESC LIMIT {k})");
    let done = format!(
        "CREATE TEMP TABLE taken AS SELECT * FROM evidence ORDER BY id DESC LIMIT {k};
         DELETE FROM word WHERE evidence IN {gone}; DELETE FROM evidence WHERE id IN {gone};"
    );
    let more = ways.iter().map(|also| {
        match also {
            Also::Count => format!("UPDATE counter SET value = {left} WHERE name = 'evidence_count';"),
            Also::Ids => "UPDATE counter SET value = coalesce((SELECT max(id) FROM evidence), 0) WHERE name = 'evidence';".to_owned(),
            Also::Hashes => format!("UPDATE log_tile SET hashes = substr(hashes, 1, {left} * 32); DELETE FROM log_tile WHERE hashes = x'';"),
            Also::Heads => format!("DELETE FROM log_head WHERE size > {left};"),
            Also::State => {
                // As the pieces that are left say.
                "UPDATE message SET handover = NULL WHERE handover IN (SELECT id FROM taken);
                 UPDATE message SET state = CASE WHEN handover IS NOT NULL THEN 3
                     WHEN EXISTS (SELECT 1 FROM evidence e WHERE e.message = message.id AND e.kind = 'ContentHandover') THEN 2 ELSE 1 END
                 WHERE content_digest IS NOT NULL AND id IN (SELECT message FROM taken);
                 UPDATE entry SET keywords = keywords & ~(SELECT coalesce(sum(1 << bit), 0) FROM keyword k
                     WHERE k.mailbox = entry.mailbox AND (k.name IN ('$Retrieved', '$Acknowledged')
                        AND (SELECT handover FROM message m WHERE m.id = entry.message) IS NULL
                      OR k.name = '$HandedOver' AND (SELECT state FROM message m WHERE m.id = entry.message) = 1))
                 WHERE message IN (SELECT message FROM taken);".to_owned()
            }
            Also::Mail => {
                "CREATE TEMP TABLE mail AS SELECT message FROM taken WHERE kind = 'SubmissionAcceptance';
                 DELETE FROM entry WHERE message IN (SELECT message FROM mail); DELETE FROM due WHERE message IN (SELECT message FROM mail);
                 DELETE FROM message WHERE id IN (SELECT message FROM mail);
                 UPDATE counter SET value = coalesce((SELECT max(id) FROM message), 0) WHERE name = 'message';".to_owned()
            }
        }
    });
    let more = more.collect::<Vec<_>>().concat();
    format!("BEGIN; {done} {more} COMMIT")
}

/// (number, id) of all that there is.
async fn pieces(store: &SqliteStore) -> Vec<(u64, EvidenceId)> {
    let all = store.list_evidence(Which::default()).await.unwrap();
    let read = |doc: &String| doc.parse::<LogEntry>().map(|one| (one.n(), one.id())).unwrap();
    all.iter().map(read).collect()
}

/// The numbers of what is named so, each with its id where that is told.
fn named(faults: &[LogFault], what: Wrong) -> Vec<(u64, Option<EvidenceId>)> {
    faults.iter().filter(|fault| fault.what == what).map(|fault| (fault.n, fault.id)).collect()
}

/// What of this is not just the pieces that are gone, under ids that are theirs, and beside them what was done to counters and hashes.
fn odd(faults: &[LogFault], gone: &[(u64, EvidenceId)], ways: &[Also]) -> Vec<String> {
    let removed = named(faults, Wrong::Removed);
    let is_it = |(n, told): &(u64, Option<EvidenceId>)| {
        gone.iter().any(|(m, id)| m == n && told.is_none_or(|told| told == *id))
    };
    let all = removed.len() == gone.len() && removed.iter().all(is_it);
    let counted = ways.iter().any(|also| [Also::Count, Also::Ids].contains(also));
    let known = |fault: &&LogFault| match fault.what {
        Wrong::Removed => all,
        Wrong::Counter => counted && fault.id.is_none(),
        Wrong::Log => ways.contains(&Also::Heads) && fault.id.is_none(),
        _ => false,
    };
    let odd = faults.iter().filter(|fault| !known(fault)).map(|fault| format!("{fault:?}"));
    odd.chain((removed.len() != gone.len()).then(|| format!("{} are named of {}", removed.len(), gone.len()))).collect()
}

/// Copies what is in a folder.
fn copy_into(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let (file, to) = (file.unwrap().path(), to.to_owned());
        let to = to.join(file.file_name().unwrap());
        if file.is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy_into(&file, &to);
        } else {
            std::fs::copy(file, to).unwrap();
        }
    }
}

/// What is known of the store before somebody has his hand in it.
struct Before {
    folder: tempfile::TempDir,
    world: World,
    /// Of the bundle that the last receipt is for.
    digest: [u8; 32],
    pieces: Vec<(u64, EvidenceId)>,
}

impl Before {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (world, digest) = store_of_days(folder.path()).await;
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        assert_eq!(store.audit(EvidenceId(0)).await.unwrap().faults, []);
        assert_eq!((store.inspect().await.unwrap().faults, store.census().await.unwrap().missing), (vec![], 0));
        let pieces = pieces(&store).await;
        store.close().await.unwrap();
        Self { folder, world, digest, pieces }
    }

    /// A store like it.
    fn copied(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_into(self.folder.path(), copy.path());
        copy
    }

    /// The last pieces go so, with the store open or closed; then more comes.
    async fn without(&self, k: u64, ways: &[Also], running: bool) -> Vec<String> {
        let gone = &self.pieces[usize::try_from(PIECES - k).unwrap()..];
        let folder = self.copied();
        let open = async || SqliteStore::open(folder.path(), domain()).await.unwrap();
        let opened = if running { Some(open().await) } else { None };
        meddle(folder.path(), &taking(k, ways)).await;
        let store = if let Some(opened) = opened { opened } else { open().await };
        let heads = !ways.contains(&Also::Heads);
        // Where the rows have no head over them any more, the one beside the key tells.
        let signed = (!heads).then_some(PIECES);
        let by = || Vouched { words_from: EvidenceId(0), accepted: Vec::new(), signed };
        let faults = store.audit(by()).await.unwrap().faults;
        let mut wrong = odd(&faults, gone, ways);
        let set_back = ways.iter().any(|also| [Also::Count, Also::Ids].contains(also));
        if named(&faults, Wrong::Counter).is_empty() == (set_back && heads) {
            wrong.push(format!("the counters: {faults:?}"));
        }
        if heads {
            let inspected = store.inspect().await.unwrap().faults;
            let inspected = inspected.iter().filter(|fault| fault.what.contains("証跡")).count();
            let counted = store.census().await.unwrap().missing;
            // Of what is older than the two heads before the last, the look through everything tells; here there is nothing so old.
            if (inspected, counted) != (1, k) {
                wrong.push(format!("in passing: {inspected} and {counted}"));
            }
            wrong.extend(self.more(&store, gone, ways).await);
        }
        store.close().await.unwrap();
        wrong.into_iter().map(|wrong| format!("{k} pieces, {ways:?}, running: {running}: {wrong}")).collect()
    }

    /// What comes afterwards has numbers and ids that were never given, and nothing else is named than before.
    async fn more(&self, store: &SqliteStore, gone: &[(u64, EvidenceId)], ways: &[Also]) -> Vec<String> {
        let later = now() + SignedDuration::from_secs(60);
        let sent = send(store, &self.world, "new", later).await.evidence;
        let new: Vec<_> = pieces(store).await.into_iter().filter(|(_, id)| *id >= sent).map(|(n, _)| n).collect();
        let mut wrong = Vec::new();
        if sent <= self.pieces.last().unwrap().1 || new != [PIECES, PIECES + 1] {
            wrong.push(format!("{sent} is given to {new:?}"));
        }
        let signed = store.unlogged().await.is_ok();
        // Over hashes that are gone nothing is signed; what comes has its evidence all the same.
        if signed == ways.contains(&Also::Hashes) || (signed && log_at(store, later).await.unwrap().size != PIECES + 2)
        {
            wrong.push(format!("signed: {signed}"));
        }
        let audit = store.audit(EvidenceId(0)).await.unwrap();
        wrong.extend(odd(&audit.faults, gone, &[]).into_iter().map(|odd| format!("then {odd}")));
        wrong.extend((audit.evidence != PIECES + 2).then(|| format!("{} pieces", audit.evidence)));
        wrong
    }
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_last_evidence_away_is_found_whatever_else_he_takes() {
    let (before, mut wrong) = (Before::new().await, Vec::new());
    for ways in WAYS {
        for k in 1..=PIECES {
            wrong.extend(before.without(k, ways, false).await);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_last_evidence_from_a_running_store_is_found_and_no_number_comes_again() {
    let (before, mut wrong) = (Before::new().await, Vec::new());
    for ways in WAYS {
        for k in [1, 2, 7, PIECES] {
            wrong.extend(before.without(k, ways, true).await);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

// Profile §8.15, §8.20: where the log's own hashes and heads went, it goes on from its older state; ids never come again.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_comes_never_again_in_a_running_store_whatever_the_rows_say() {
    let before = Before::new().await;
    let folder = before.copied();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let given = send(&store, &before.world, "x", now()).await.evidence;
    let all = [Also::Count, Also::Ids, Also::Hashes, Also::Heads, Also::Mail];
    meddle(folder.path(), &taking(PIECES, &all)).await;
    meddle(folder.path(), "DELETE FROM entry; DELETE FROM message; DELETE FROM evidence; UPDATE counter SET value = 0 WHERE name IN ('message', 'evidence', 'evidence_count')").await;
    let next = send(&store, &before.world, "y", now()).await.evidence;
    assert!(next > given, "{next} was given before {given}");
    assert_eq!(
        pieces(&store).await.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        [0, 1],
        "a log without hashes begins anew"
    );
}

// Profile §8.15: what was taken may yet be put back, and then all is as it was; a second piece in its place would stand in the way for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_whose_evidence_was_taken_away_waits_until_it_is_put_back() {
    let before = Before::new().await;
    let last = before.pieces.last().unwrap().1;
    let whole = before.folder.path().join(DATABASE_FILE);
    let back = format!(
        "ATTACH '{1}' AS whole; INSERT INTO evidence SELECT * FROM whole.evidence WHERE id = {0};
         INSERT INTO word SELECT * FROM whole.word WHERE evidence = {0}",
        last.0,
        whole.display()
    );
    for ways in [&[][..], &[Also::Count, Also::Ids, Also::State]] {
        let folder = before.copied();
        meddle(folder.path(), &taking(1, ways)).await;
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let come = async || {
            let named = ("c@x.example", &before.digest);
            let receipt = before.world.receipt(&store, (sakura(), himawari()), "rc@x.example", named);
            store.deliver(receipt, now() + SignedDuration::from_secs(60)).await
        };
        let shown = async || {
            let (sent, filed) = (view(&store, himawari(), "Sent").await, view(&store, himawari(), "Receipts").await);
            (keywords(&sent, &sent.entries[2]), filed.entries.len(), pieces(&store).await)
        };
        let stood = shown().await;
        for _ in 0..2 {
            let answer = come().await;
            let for_now = matches!(&answer, Err(StoreError::Failed(why)) if why.contains(&last.to_string()) && why.contains("evidence verify"));
            assert!(for_now, "{ways:?}: {answer:?}");
        }
        assert_eq!(shown().await, stood, "{ways:?}: nothing is written");
        meddle(folder.path(), &back).await;
        let again = come().await.unwrap();
        assert!(again.repeated && again.evidence == last, "{ways:?}: {again:?}");
        let faults = store.audit(EvidenceId(0)).await.unwrap().faults;
        assert_eq!(named(&faults, Wrong::Removed), [], "{ways:?}");
        if ways.is_empty() {
            assert_eq!((faults, store.inspect().await.unwrap().faults), (vec![], vec![]));
            assert_eq!(pieces(&store).await, before.pieces);
        }
        store.close().await.unwrap();
    }
}
