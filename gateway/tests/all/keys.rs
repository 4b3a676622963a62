//! The key that signs the log is replaced, and who has the former one says nothing with it (Profile §8.16).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Config, Gateway, Reply, Request, Running, evidence_authority_file};
use fumibako_model::log::{FormerKey, Head, leaf};
use fumibako_model::{EvidenceId, KeyStanding, LogEntry, Refusal, Witnesses};
use fumibako_signer::{Identity, enclose, enclosed};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::{World, domain, expire::send};
use fumibako_store::{Logging, Store as _, Unlogged, hex};
use jiff::{SignedDuration, Timestamp};

use crate::evidence::{copy, edit, head_of, with_mail};
use crate::support::{Fixture, ago, key_since, store_of};

pub(crate) fn key_of(config: &Config) -> Identity {
    Identity::from_pem(&std::fs::read(&config.evidence.identity_file).unwrap(), None).unwrap()
}

fn name_of(key: &Identity) -> String {
    key.certificate().fingerprint_hex()
}

/// The same with a new key, as the README has it; `n` tells these keys apart.
pub(crate) async fn renewed(config: &Config, n: u8) -> Config {
    let Fixture { folder, config: fresh, running, kept: _ } = Fixture::start().await;
    running.stop().await;
    let beside = |name: &str| config.evidence.identity_file.with_file_name(format!("{name}-{n}.pem"));
    let (identity_file, former_authorities_file) = (beside("identity"), beside("former"));
    std::fs::copy(&fresh.evidence.identity_file, &identity_file).unwrap();
    assert!(evidence_authority_file(folder.path()).exists());
    let mut former = std::fs::read_to_string(&config.evidence.former_authorities_file).unwrap_or_default();
    former.extend(key_of(config).chain().iter().map(fumibako_signer::Certificate::to_pem));
    std::fs::write(&former_authorities_file, former).unwrap();
    let evidence = fumibako_gateway::Evidence { identity_file, former_authorities_file, ..config.evidence.clone() };
    Config { evidence, ..config.clone() }
}

/// Mail that comes while no gateway has the store open.
pub(crate) async fn mail(config: &Config, id: &str) {
    let store = store_of(config).await;
    send(&store, &World::with(&store).await, id, ago(0)).await;
    store.close().await.unwrap();
}

/// Who has a key of the gateway and can write its rows signs what stands there, and his head is the newest.
pub(crate) async fn sign_with(key: &Identity, config: &Config, at: Timestamp) -> Vec<u8> {
    sign_over(key, config, usize::MAX, |over| Head::over("plans.example", over, at)).await
}

/// The head that this makes of so many of the pieces that wait, signed with this key, is the newest.
pub(crate) async fn sign_over(
    key: &Identity,
    config: &Config,
    most: usize,
    head: impl FnOnce((u64, String)) -> Head,
) -> Vec<u8> {
    let store = store_of(config).await;
    let Unlogged { mut growth, entries, .. } = store.unlogged().await.unwrap().unwrap();
    let covered = &entries[..most.min(entries.len())];
    for entry in covered {
        growth.push(leaf(entry.as_bytes()));
    }
    let last = covered.last().unwrap().parse::<LogEntry>().unwrap().id();
    let head = head((growth.size(), hex(&growth.root())));
    let at = head.at;
    let head = enclose(&serde_json::to_vec(&head).unwrap(), key, at).unwrap();
    let (day, size, tiles) = (Day::of(at), growth.size(), growth.tiles());
    store.keep_log(Logging { day, size, last, head: head.clone(), tiles }).await.unwrap();
    store.close().await.unwrap();
    head
}

async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

async fn named(running: &Running) -> Vec<String> {
    let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    found.faults.into_iter().map(|fault| fault.what).collect()
}

/// The file that the operator hands out.
async fn authority(running: &Running) -> Witnesses {
    let Reply::Authority { pem } = running.admin().answer(Request::EvidenceAuthority).await else { panic!("a file") };
    Witnesses::read(pem.as_bytes()).unwrap()
}

fn standing(file: &Witnesses, head: &[u8]) -> Result<KeyStanding, Refusal> {
    let (signature, inside) = enclosed(head).unwrap();
    let head: Head = serde_json::from_slice(&inside).unwrap();
    file.judge(&signature, head.at).map_err(|refused| refused.why)
}

fn tells(head: &Head) -> Vec<(&str, u64)> {
    head.former.iter().flatten().map(|one| (one.key.as_str(), one.size)).collect()
}

/// A gateway under its second key, stopped: the settings under the first one and under this, and what the first one signed last.
async fn twice() -> (Renewed, Config, Head, Vec<u8>) {
    let (gateway, first) = with_mail().await;
    let (given, six) = head_of(&gateway.running, first).await;
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    let second = renewed(&config, 2).await;
    let given = STANDARD.decode(given).unwrap();
    (Renewed { _folders: (Some(folder), kept), config, first }, second, six, given)
}

struct Renewed {
    _folders: (Option<tempfile::TempDir>, Option<tempfile::TempDir>),
    config: Config,
    first: EvidenceId,
}

// Profile §8.16
#[tokio::test(flavor = "multi_thread")]
async fn every_head_tells_how_far_the_word_of_former_keys_goes() {
    let (before, second, six, given) = Box::pin(twice()).await;
    let (one, two) = (key_of(&before.config), key_of(&second));
    mail(&second, "d").await;
    let running = started(&second).await;
    assert_eq!(named(&running).await, [""; 0]);
    let (_, eight) = head_of(&running, before.first).await;
    assert_eq!((eight.size, tells(&eight)), (8, vec![(name_of(&one).as_str(), 6)]));
    let FormerKey { root, until, .. } = eight.former.clone().unwrap().remove(0);
    assert!(root == six.root && six.at <= until && until <= eight.at);
    // The file for offices tells it, too.
    let file = authority(&running).await;
    assert_eq!(standing(&file, &given), Ok(KeyStanding::Replaced(Some(until))));
    running.stop().await;

    let third = renewed(&second, 3).await;
    mail(&third, "e").await;
    for _ in 0..2 {
        let running = started(&third).await;
        assert_eq!(named(&running).await, [""; 0]);
        let (_, ten) = head_of(&running, before.first).await;
        assert_eq!(tells(&ten), [(name_of(&two).as_str(), 8), (name_of(&one).as_str(), 6)]);
        assert_eq!(ten.former.unwrap()[1].until, until, "what was told stands");
        running.stop().await;
    }
}

// Profile §8.16
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_with_a_former_key_is_named_and_nothing_is_signed_over_it() {
    let (before, second, _, given) = Box::pin(twice()).await;
    let thief = key_of(&before.config);
    mail(&second, "d").await;
    let running = started(&second).await;
    let (_, eight) = head_of(&running, before.first).await;
    let until = eight.former.clone().unwrap()[0].until;
    running.stop().await;
    let untouched = tempfile::tempdir().unwrap();
    copy(&second.store_folder, untouched.path());
    // The newest of all; dated back, it says of no moment after its end.
    for at in [ago(0), until - SignedDuration::from_secs(1)] {
        mail(&second, "forged").await;
        let forged = sign_with(&thief, &second, at).await;
        let running = started(&second).await;
        for _ in 0..2 {
            let found = named(&running).await;
            assert!(found.iter().any(|what| what.contains("replaced")), "{found:?}");
            let export = running.admin().answer(Request::EvidenceExport { id: before.first }).await;
            assert!(!matches!(export, Reply::Proof(_)), "nothing is given out under it: {export:?}");
        }
        let file = authority(&running).await;
        let later = at > until;
        let expected = if later { Err(Refusal::EvidenceKeyReplaced) } else { Ok(KeyStanding::Replaced(Some(until))) };
        assert_eq!(standing(&file, &forged), expected);
        let head = STANDARD.encode(&forged);
        let continues = running.admin().answer(Request::EvidenceContinues { head }).await;
        assert!(matches!(continues, Reply::NotContinued(_)), "{continues:?}");
        running.stop().await;
        std::fs::remove_dir_all(&second.store_folder).unwrap();
        copy(untouched.path(), &second.store_folder);
    }
    // Among older heads, over what is truly there.
    let head = Head::over("plans.example", (7, eight.root.clone()), until - SignedDuration::from_secs(1));
    let head = enclose(&serde_json::to_vec(&head).unwrap(), &thief, head.at).unwrap();
    let last = "(SELECT id FROM evidence ORDER BY id LIMIT 1 OFFSET 6)";
    let put =
        format!("INSERT INTO log_head SELECT 7, day, {last}, x'{}', NULL FROM log_head WHERE size = 8", hex(&head));
    edit(&second.store_folder, &put);
    let running = started(&second).await;
    let found = named(&running).await;
    assert!(found.len() == 1 && found[0].contains("replaced"), "{found:?}");
    // What it signed rightly is confirmed.
    let head = STANDARD.encode(&given);
    let continues = running.admin().answer(Request::EvidenceContinues { head }).await;
    assert!(matches!(continues, Reply::Continues(_)), "{continues:?}");
    running.stop().await;
}

// Profile §8.16, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_the_replacement_brings_no_word_of_the_former_key_back() {
    let (before, _, _, _) = Box::pin(twice()).await;
    let aside = tempfile::tempdir().unwrap();
    copy(&before.config.store_folder, &aside.path().join("store"));
    mail(&before.config, "d").await;
    let running = started(&before.config).await;
    assert_eq!(head_of(&running, before.first).await.1.size, 8);
    running.stop().await;
    let second = renewed(&before.config, 4).await;
    mail(&second, "e").await;
    let running = started(&second).await;
    let (_, ten) = head_of(&running, before.first).await;
    running.stop().await;
    let told = ten.former.unwrap().remove(0);
    assert_eq!((ten.size, told.size), (10, 8));

    let restored = Config { store_folder: aside.path().join("store"), ..second };
    mail(&restored, "f").await;
    let running = started(&restored).await;
    let accept = Request::EvidenceAccept { reason: "put back by hand".into() };
    assert!(matches!(running.admin().answer(accept).await, Reply::Accepted(_)));
    assert_eq!(named(&running).await, [""; 0]);
    let (_, again) = head_of(&running, before.first).await;
    let former = again.former.clone().unwrap().remove(0);
    assert_eq!((again.size, former.size, former.until), (8, 6, told.until), "it ended when it did, and with less");
    running.stop().await;
    mail(&restored, "forged").await;
    sign_with(&key_of(&before.config), &restored, told.until - SignedDuration::from_secs(1)).await;
    let running = started(&restored).await;
    let found = named(&running).await;
    assert!(found.iter().any(|what| what.contains("replaced")), "{found:?}");
    running.stop().await;
}

// Profile §8.16: such a head stands where it stands, whatever its clock said.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_former_key_whose_clock_was_ahead_is_no_fault() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // Two false days, so that the next head of today takes the place of neither (Profile §8.13).
    let ahead = ago(-40);
    for (id, at) in [("d", ahead), ("e", ago(-41))] {
        mail(&config, id).await;
        sign_with(&key_of(&config), &config, at).await;
    }
    mail(&config, "f").await;
    let running = started(&config).await;
    assert_eq!((six.size, head_of(&running, first).await.1.size), (6, 12));
    assert_eq!(crate::cut::audited(&running).await.heads, 4, "all of them are there");
    running.stop().await;
    let second = renewed(&config, 2).await;
    mail(&second, "g").await;
    let running = started(&second).await;
    assert_eq!(named(&running).await, [""; 0]);
    let (_, newest) = head_of(&running, first).await;
    let former = newest.former.clone().unwrap().remove(0);
    assert!(newest.size == 14 && former.size == 12 && former.until < ahead, "{former:?}");
    running.stop().await;
}

/// A gateway with a bundle of today, and the evidence of it, whose key is of so many days ago.
pub(crate) async fn under_an_old_key(days: i64) -> (Fixture, EvidenceId) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let first = send(&store, &World::with(&store).await, "a", ago(0)).await.evidence;
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let gateway = Fixture::with_config(|config| {
        config.store_folder = from;
        std::fs::write(&config.evidence.identity_file, key_since(days).1.to_pem()).unwrap();
    });
    (gateway.await.keeping(folder), first)
}

// Profile §8.29: he may date back what he signs, and not what the pieces say.
#[tokio::test(flavor = "multi_thread")]
async fn heads_that_a_former_key_dates_back_let_no_young_evidence_go() {
    let (gateway, first) = under_an_old_key(4 * 365).await;
    let Fixture { folder: _folder, mut config, running, kept: _kept } = gateway;
    config.evidence.keep_years = 2;
    let key = key_of(&config);
    let (_, two) = head_of(&running, first).await;
    running.stop().await;
    let second = renewed(&config, 2).await;
    let would_go = async || {
        let running = started(&second).await;
        let Reply::Pruned(view) = running.admin().answer(Request::EvidencePrune { dry_run: true }).await else {
            panic!("what would go")
        };
        running.stop().await;
        view.pruning.map(|pruning| pruning.until)
    };
    assert_eq!((two.size, would_go().await), (2, None));
    let at = ago(4 * 365 - 10);
    let head = enclose(&serde_json::to_vec(&Head { at, ..two }).unwrap(), &key, at).unwrap();
    let (day, head) = (Day::of(at).0, hex(&head));
    edit(&second.store_folder, &format!("UPDATE log_head SET day = {day}, head = x'{head}'"));
    assert_eq!(would_go().await, None, "it came today");
}
