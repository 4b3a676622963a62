//! Whoever writes into the rows while the gateway runs, or between two of its days, and has no key: a log that he cuts is not signed anew
//! (Profile §8.20).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Audited, Config, Gateway, Reply, Request, Running};
use fumibako_model::log::{Head, leaf};
use fumibako_signer::{enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::hex;
use jiff::{SignedDuration, Timestamp};

use crate::evidence::{edit, head_of, with_mail};
use crate::forged::operator;
use crate::keys::{key_of, mail, under_an_old_key};
use crate::support::Fixture;

/// Another recipient in the first piece, in words and columns.
const FORGED: &str = "UPDATE evidence SET doc = replace(doc, '9970000029', '9970000011'), to_office = from_office
    WHERE id = (SELECT min(id) FROM evidence) AND doc LIKE '%9970000029%';";
pub(crate) const NO_LOG: &str = "DELETE FROM log_head; DELETE FROM log_tile;";
/// All evidence goes, and is at hand for whoever took it.
pub(crate) const TAKEN: &str = "CREATE TABLE IF NOT EXISTS aside AS SELECT * FROM evidence; CREATE TABLE IF NOT EXISTS words AS SELECT * FROM word;
    DELETE FROM word; DELETE FROM evidence; UPDATE counter SET value = 0 WHERE name = 'evidence_count';";

/// One more piece of this moment, with this number, under the seal that the gateway itself would give it.
pub(crate) fn one_more(n: u64, config: &Config) -> String {
    let sealed = sealed(config);
    format!(
        "INSERT INTO evidence SELECT max(id, coalesce((SELECT max(id) FROM evidence), 0)) + 1, -1, kind, at, 0, 0, doc
         FROM (SELECT * FROM aside ORDER BY id DESC LIMIT 1);
         UPDATE evidence SET at = unixepoch() * 1000, doc = json_set(doc, '$.n', {n}, '$.id', printf('EV%014X', id),
             '$.at', strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(), 'unixepoch')) WHERE id = (SELECT max(id) FROM evidence);
         {sealed} UPDATE counter SET value = {n} + 1 WHERE name = 'evidence_count';"
    )
}

/// The newest piece bears the seal that the gateway itself would give it.
pub(crate) fn sealed(config: &Config) -> String {
    sealed_under(&key_of(config).secret(b"fumibako evidence seal v2").unwrap())
}

/// The newest piece bears a seal under this secret.
pub(crate) fn sealed_under(secret: &[u8]) -> String {
    let secret = hex(secret);
    format!("INSERT OR REPLACE INTO seal SELECT id, seal_of(x'{secret}', doc) FROM evidence ORDER BY id DESC LIMIT 1;")
}

pub(crate) async fn audited(running: &Running) -> Audited {
    let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    *found
}

pub(crate) async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

fn waits(found: &Audited) -> bool {
    found.faults.iter().any(|fault| fault.what.contains("not new"))
}

pub(crate) fn last_head(config: &Config) -> Head {
    let octets = std::fs::read(config.evidence.identity_file.with_file_name("last-head.p7m")).unwrap();
    serde_json::from_slice(&enclosed(&octets).unwrap().1).unwrap()
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_with_the_very_signature_is_not_signed_anew() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let cut = format!(
        "CREATE TABLE aside AS SELECT * FROM evidence;
         CREATE TRIGGER cut AFTER INSERT ON log_head WHEN (SELECT doc FROM evidence ORDER BY id LIMIT 1) LIKE '%9970000029%'
         BEGIN {FORGED} {NO_LOG} END; {}",
        one_more(six.size, &gateway.config)
    );
    edit(&gateway.config.store_folder, &cut);
    for _ in 0..2 {
        let found = audited(&gateway.running).await;
        assert_eq!((found.evidence, found.logged), (7, 0), "{found:?}");
        assert!(waits(&found) && found.faults.iter().any(|fault| fault.what.contains("signed for")), "{found:?}");
        // Profile §8.30: and what does it is named.
        assert!(
            found.faults.iter().any(|fault| fault.object.as_deref() == Some("trigger cut ON log_head")),
            "{found:?}"
        );
    }
    assert_eq!(last_head(&gateway.config).size, 7, "what was signed stays");
    gateway.running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_newest_head_that_cannot_be_read_over_a_restart_makes_nothing_forgotten() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    edit(&config.store_folder, "UPDATE log_head SET head = x'00'");
    let running = started(&config).await;
    let found = audited(&running).await;
    assert!(found.logged == 6 && !found.faults.is_empty(), "{found:?}");
    // All but the latest of it is gone, so that what is left does not stand apart.
    let left = "DELETE FROM word WHERE evidence < (SELECT max(id) FROM evidence); DELETE FROM evidence WHERE id < (SELECT max(id) FROM evidence);
        UPDATE evidence SET doc = json_set(doc, '$.n', 0); UPDATE counter SET value = 1 WHERE name = 'evidence_count';";
    edit(&config.store_folder, &format!("BEGIN; {left} {NO_LOG} COMMIT;"));
    for _ in 0..2 {
        let found = audited(&running).await;
        assert!(found.logged == 0 && waits(&found), "{found:?}");
        assert!(found.faults.iter().any(|fault| fault.last == 5 && fault.what.contains("signed for")), "{found:?}");
    }
    assert_eq!(last_head(&config), six);
    running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn hashes_are_those_that_an_older_head_signed_or_nothing_is_put_to_them() {
    let (gateway, first) = with_mail().await;
    let (given, six) = head_of(&gateway.running, first).await;
    let Reply::Evidence { entries } =
        gateway.ask(Request::EvidenceList { office: None, message_id: None, after: None }).await
    else {
        panic!("a list")
    };
    let begin = "CREATE TABLE aside AS SELECT * FROM evidence;";
    edit(&gateway.config.store_folder, &format!("{begin} {}", one_more(6, &gateway.config)));
    assert_eq!(head_of(&gateway.running, first).await.1.size, 7);
    // A head of ours is the newest again; the hashes under it are others.
    let forged: Vec<_> = entries.iter().map(|entry| entry.replace("9970000029", "9970000037")).collect();
    let hashes: String = forged.iter().map(|entry| hex(&leaf(entry.as_bytes()))).collect();
    let head = hex(&STANDARD.decode(given).unwrap());
    let put = format!(
        "BEGIN; DELETE FROM evidence WHERE id = (SELECT max(id) FROM evidence);
         UPDATE evidence SET doc = replace(doc, '9970000029', '9970000037');
         UPDATE log_head SET size = 6, head = x'{head}', last = (SELECT max(id) FROM evidence);
         DELETE FROM log_tile; INSERT INTO log_tile (id, hashes) VALUES (0, x'{hashes}'); {} COMMIT;",
        one_more(6, &gateway.config)
    );
    edit(&gateway.config.store_folder, &put);
    for _ in 0..2 {
        let found = audited(&gateway.running).await;
        assert_eq!((found.evidence, found.logged), (7, 6), "nothing is signed over them: {found:?}");
        assert!(found.faults.iter().any(|fault| fault.what.contains("other evidence")), "{found:?}");
    }
    assert_eq!((last_head(&gateway.config).size, six.size), (7, 6));
    gateway.running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_away_and_comes_back_later_waits_even_where_new_evidence_was_signed_since() {
    let back = |from: u64| {
        format!(
            "INSERT INTO evidence SELECT * FROM aside WHERE NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.id = aside.id);
             INSERT INTO word SELECT * FROM words; {FORGED}
             UPDATE counter SET value = {from} + 6 WHERE name = 'evidence_count';"
        )
    };
    let (gateway, first) = with_mail().await;
    head_of(&gateway.running, first).await;
    edit(&gateway.config.store_folder, &format!("BEGIN; {TAKEN} {NO_LOG} COMMIT;"));
    let found = audited(&gateway.running).await;
    assert_eq!((found.evidence, found.logged, waits(&found)), (0, 0, false), "{found:?}");
    edit(&gateway.config.store_folder, &back(0));
    let found = audited(&gateway.running).await;
    assert!(found.logged == 0 && waits(&found), "{found:?}");
    gateway.running.stop().await;

    let (gateway, first) = with_mail().await;
    head_of(&gateway.running, first).await;
    edit(&gateway.config.store_folder, &format!("BEGIN; {TAKEN} {NO_LOG} {} COMMIT;", one_more(0, &gateway.config)));
    let found = audited(&gateway.running).await;
    assert_eq!((found.evidence, found.logged, waits(&found)), (1, 1, false), "what is new is signed: {found:?}");
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let running = started(&config).await;
    // Their days come after that of the new piece.
    let again = "UPDATE aside SET id = id + 3298534883328, message = message + 3298534883328, doc = json_set(doc, '$.n', doc ->> 'n' + 1, '$.id', printf('EV%014X', id + 3298534883328));
        UPDATE words SET evidence = evidence + 3298534883328;";
    edit(&config.store_folder, &format!("BEGIN; {again} {} COMMIT;", back(1)));
    let found = audited(&running).await;
    assert_eq!((found.evidence, found.logged, waits(&found)), (7, 1, true), "{found:?}");
    // Until the operator says that he knows of it.
    let accept = Request::EvidenceAccept { reason: "訓練".into() };
    assert!(matches!(running.admin().answer(accept).await, Reply::Accepted(_)));
    let found = audited(&running).await;
    assert_eq!((found.logged, waits(&found)), (7, false), "{found:?}");
    running.stop().await;
}

// Profile §8.29
#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_went_by_a_piece_dated_ahead_is_named() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let (root, signed) = (&six.root, six.at);
    let forged = format!(
        "BEGIN; INSERT INTO evidence SELECT max(id) + 1, -1, 'EvidencePruning', unixepoch('2040-01-01') * 1000, 0, 0, '' FROM evidence;
         UPDATE evidence SET message = -id, doc = json_object('v', 1, 'id', printf('EV%014X', id), 'n', 6, 'event', kind, 'at', '2040-01-01T00:00:00Z',
             'from', 0, 'until', 6, 'root', '{root}', 'signed', '{signed}', 'years', 2) WHERE kind = 'EvidencePruning';
         DELETE FROM word; DELETE FROM evidence WHERE kind <> 'EvidencePruning';
         UPDATE counter SET value = 6 WHERE name = 'evidence_pruned'; UPDATE counter SET value = 7 WHERE name = 'evidence_count'; COMMIT;"
    );
    edit(&gateway.config.store_folder, &forged);
    // It is not signed; and where it is, the head that covers it tells when it came.
    let signed = format!("BEGIN; {} COMMIT;", sealed(&gateway.config));
    for (logged, then) in [(6, signed.as_str()), (7, ""), (7, "")] {
        let found = audited(&gateway.running).await;
        let early: Vec<_> = found.faults.iter().filter(|fault| fault.what.contains("years were over")).collect();
        assert_eq!((early.len(), early[0].first, early[0].last, found.logged), (1, 0, 5, logged), "{found:?}");
        let unsealed = found.faults.iter().any(|fault| fault.what.contains("was not written by this gateway"));
        assert_eq!(unsealed, logged == 6, "{found:?}");
        edit(&gateway.config.store_folder, then);
    }
    gateway.running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_a_crash_kept_from_its_place_beside_the_key_is_put_there_by_the_next_start() {
    let (gateway, _) = with_mail().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let file = config.evidence.identity_file.with_file_name("last-head.p7m");
    let older = std::fs::read(&file).unwrap();
    mail(&config, "d").await;
    started(&config).await.stop().await;
    let newer = std::fs::read(&file).unwrap();
    assert!(last_head(&config).size > 6);
    std::fs::write(&file, older).unwrap();
    // Nothing new comes that would be signed.
    started(&config).await.stop().await;
    assert_eq!(std::fs::read(&file).unwrap(), newer);
}

// Profile §8.13, §8.15
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_taken_out_from_between_others_is_named_by_the_one_after_it() {
    let (gateway, first) = under_an_old_key(30).await;
    let (_, two) = head_of(&gateway.running, first).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // It is of yesterday, and stays where another comes.
    let at = two.at - SignedDuration::from_hours(24);
    let resigned =
        |at| enclose(&serde_json::to_vec(&Head { at, ..two.clone() }).unwrap(), &key_of(&config), at).unwrap();
    let signed = resigned(at);
    edit(&config.store_folder, &format!("UPDATE log_head SET day = day - 1, head = x'{}'", hex(&signed)));
    mail(&config, "d").await;
    let running = started(&config).await;
    let (_, four) = head_of(&running, first).await;
    let before = four.before.clone().expect("it says what stands before it");
    let sum = fumibako_model::hash(&signed);
    assert_eq!((two.before.clone(), four.size, before.size, before.sha256), (None, 4, 2, sum));
    assert_eq!(audited(&running).await.faults, []);
    running.stop().await;
    // Taken out; another of ours in its place, over the same; and as it was.
    let put = |head: &[u8], at: Timestamp| {
        let (head, day) = (hex(head), Day::of(at).0);
        let last = "(SELECT id FROM evidence ORDER BY id LIMIT 1 OFFSET 1)";
        format!("INSERT OR REPLACE INTO log_head (size, day, last, head) VALUES (2, {day}, {last}, x'{head}')")
    };
    let before_it = at - SignedDuration::from_secs(1);
    let (another, back) = (put(&resigned(before_it), before_it), put(&signed, at));
    for (edited, named) in [("DELETE FROM log_head WHERE size = 2", 1), (&another, 1), (&back, 0)] {
        edit(&config.store_folder, edited);
        let running = started(&config).await;
        let found = audited(&running).await.faults;
        let missing = found.iter().filter(|fault| fault.what.contains("over 2 pieces is not there, or is another"));
        assert_eq!((missing.count(), found.len()), (named, named), "{edited}: {found:?}");
        running.stop().await;
    }
}

// Profile §8.15: the rows and the counters say that the last pieces never were; heads and hashes stand.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_was_taken_away_with_its_counters_is_named_in_passing_too_and_nothing_that_comes_later() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let taken = "DELETE FROM word WHERE evidence IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 2);
        DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 2);
        UPDATE counter SET value = value - 2 WHERE name IN ('evidence', 'evidence_count');";
    edit(&gateway.config.store_folder, &format!("BEGIN IMMEDIATE; {taken} COMMIT"));
    let named =
        |found: &Audited| found.faults.iter().map(|fault| (fault.first, fault.what.clone())).collect::<Vec<_>>();
    let removed = [4, 5].map(|n| (n, "was removed".to_owned()));
    let found = audited(&gateway.running).await;
    assert!(removed.iter().all(|one| named(&found).contains(one)), "{found:?}");
    assert!(named(&found).iter().any(|(_, what)| what.contains("a counter")) && found.faults.len() == 3, "{found:?}");
    let (code, said) = operator(gateway.folder.path(), &["status"]).await;
    assert!(code == 76 && said.contains("2 件がありません") && said.contains("evidence verify"), "{said}");
    let (code, said) = operator(gateway.folder.path(), &["check", "--store"]).await;
    assert!(code == 65 && said.contains("証跡は 6 件記録され"), "{said}");
    let (_, text) = operator(gateway.folder.path(), &["status", "--metrics"]).await;
    assert!(text.contains("fumibako_evidence_missing 2\n"), "{text}");
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    mail(&config, "later").await;
    for _ in 0..2 {
        let running = started(&config).await;
        let found = audited(&running).await;
        assert_eq!((named(&found), found.logged), (removed.to_vec(), six.size + 2), "{found:?}");
        running.stop().await;
    }
}
