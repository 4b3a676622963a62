//! The proof of forgetting (Profile §11.4): after expiry, what was said is nowhere, and that it was said is written down.

use std::fs;
use std::path::Path;

use fumibako_model::{Event, EvidenceId, Refusal};
use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::bodies::{Bodies, BodyError, Day};
use fumibako_store::suite::expire::{ago, draft, keep};
use fumibako_store::suite::{ALL, World, domain, himawari, now, refused, sakura, view};
use fumibako_store::{Asked, CopyOrder, Store};

/// What nobody may find.
const SAID: &str = "Yamada Hanako, care level 3, lives alone in Sakuragaoka 12. Needs help with her bath at 10.";

/// Ways in which it can stand in a file: as it is, as UTF-16, and in base64 at each of three offsets.
fn spellings() -> Vec<Vec<u8>> {
    let wide = SAID.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut all = vec![SAID.as_bytes().to_vec(), wide];
    for offset in 0..3 {
        let whole = base64(&[&b"###"[..offset], SAID.as_bytes()].concat());
        // Without the ends, which depend on what stands beside it; short enough for a line of 76 letters.
        all.push(whole.as_bytes()[8..40].to_vec());
    }
    all
}

fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]);
        (0..=three.len()).map(letter).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

fn stands_in(octets: &[u8]) -> bool {
    spellings().iter().any(|spelling| octets.windows(spelling.len()).any(|window| window == spelling))
}

/// The files below a folder in which it stands, and how many there are in all.
fn search(folder: &Path) -> (Vec<String>, usize) {
    let (mut found, mut all) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let (inside, count) = search(&path);
            found.extend(inside);
            all += count;
        } else {
            all += 1;
            if stands_in(&fs::read(&path).unwrap()) {
                found.push(path.display().to_string());
            }
        }
    }
    (found, all)
}

#[tokio::test]
async fn what_expired_is_found_nowhere_and_that_it_was_sent_is_proven() {
    let outer = tempfile::tempdir().unwrap();
    let (folder, copy) = (outer.path().join("store"), outer.path().join("copy"));
    let store = SqliteStore::open(&folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    let letter = world.letter((himawari(), sakura()), "told@x.example", SAID);
    let delivery = store.deliver(world.admit(&store, (himawari(), sakura()), &letter), ago(91)).await.unwrap();
    draft(&store, SAID, ago(91)).await;
    // Wherever else it could be left: copies, flags, and rows removed again.
    let sent = view(&store, himawari(), "Drafts").await;
    let (from, uids) = (sent.status.folder, vec![sent.entries[0].uid]);
    let order = CopyOrder { folder: from, uids, to: "Archive".parse().unwrap(), moves: false };
    store.copy(himawari(), order, now()).await.unwrap();
    let large = [letter.clone(), SAID.repeat(20_000).into_bytes()].concat();
    draft(&store, std::str::from_utf8(&large).unwrap(), ago(91)).await;

    let search_is_able = outer.path().join("clear");
    fs::create_dir(&search_is_able).unwrap();
    fs::write(search_is_able.join("letter"), &letter).unwrap();
    fs::write(search_is_able.join("draft"), SAID).unwrap();
    assert_eq!(search(&search_is_able).0.len(), 2, "the search finds it in base64 and as it is");

    let entry = view(&store, sakura(), "INBOX").await.entries[0];
    assert!(stands_in(&store.read(sakura(), entry.message, ALL).await.unwrap().0), "the store tells it");
    let drafts = view(&store, himawari(), "Drafts").await;
    assert!(stands_in(&store.read(himawari(), drafts.entries[0].message, ALL).await.unwrap().0));
    assert_eq!(search(&folder).0, [] as [String; 0], "and the disk never does");
    store.back_up(copy.clone(), None, now()).await.unwrap();
    let inside = SqliteStore::verify_backup(&copy, Some(&folder.join("keys"))).await.unwrap().inside.unwrap();
    assert_eq!((inside.messages, inside.expired), (3, 0), "until then, the copy opens");

    store.expire(keep(), Asked::ByTheClock, now()).await.unwrap();

    // The store runs: its log has not been taken into the database.
    assert!(folder.join(format!("{DATABASE_FILE}-wal")).is_file());
    let (found, files) = search(&folder);
    assert_eq!(found, [] as [String; 0]);
    assert!(files >= 4, "rows, log, lock, keys: {files}");
    refused(store.read(sakura(), entry.message, ALL).await, Refusal::NoSuchMessage);
    // The copy has the ciphertext still, and today's ring opens none of it.
    let bodies = Bodies::look(&copy.join("bodies"), &folder.join("keys")).unwrap();
    let segments = bodies.segments().unwrap();
    assert!(segments.len() >= 2, "{segments:?}");
    for (segment, _) in segments {
        assert!(matches!(bodies.records(segment), Err(BodyError::Erased(day)) if day == Day::of(ago(91))));
    }
    assert_eq!(search(&copy).0, [] as [String; 0]);
    let inside = SqliteStore::verify_backup(&copy, Some(&folder.join("keys"))).await.unwrap().inside.unwrap();
    assert_eq!((inside.messages, inside.expired), (0, 3));

    let proof = store.evidence(delivery.evidence).await.unwrap().unwrap();
    assert_eq!((proof.event, proof.message_id.as_str()), (Event::SubmissionAcceptance, "told@x.example"));
    let failed = store.evidence(EvidenceId(i64::from(Day::of(now()).0) << 40)).await.unwrap().unwrap();
    assert_eq!((failed.event, failed.sha256), (Event::ContentHandoverFailure, proof.sha256));
    store.close().await.unwrap();
    assert_eq!(search(&folder).0, [] as [String; 0]);
}
