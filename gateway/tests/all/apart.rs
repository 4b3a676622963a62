//! An audit that does not go on from what was signed is not signed after a restart either: its last head lies beside the key, outside the
//! rows (Profile §16.2).

use std::path::{Path, PathBuf};

use fumibako_gateway::{Clock, Config, Gateway, Reply, Request, Running};
use fumibako_model::{AuditHead, AuditRow};
use fumibako_signer::{Identity, enclose, enclosed};
use fumibako_store::bodies::Day;
use fumibako_store::{Store as _, hex};
use jiff::{SignedDuration, Timestamp};

use crate::audit::{anew, verified};
use crate::cut::audited;
use crate::evidence::{edit, head_of, with_mail};
use crate::forged::{Grown, operator, restore};
use crate::keys::{key_of, mail, renewed};
use crate::support::{Fixture, SENDER, ago, store_of};

/// As if the last two had never been.
const SHORTER: &str = "BEGIN; DELETE FROM act WHERE n > (SELECT max(n) - 2 FROM act); DELETE FROM act_head;
    UPDATE counter SET value = (SELECT max(n) + 1 FROM act) WHERE name = 'acts'; COMMIT;";

async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

async fn apart(running: &Running) -> bool {
    let Reply::Status(status) = running.admin().answer(Request::Status).await else { panic!("a status") };
    status.audit_apart
}

async fn heads(running: &Running) -> u64 {
    let Reply::ActsAudited(report) = running.admin().answer(Request::AuditVerify).await else { panic!("a report") };
    report.heads
}

async fn suspend(running: &Running, reason: &str) {
    let (number, reason) = (SENDER.parse().unwrap(), reason.into());
    assert_eq!(running.admin().answer(Request::OfficeSuspend { number, reason }).await, Reply::Done);
}

/// What lies beside the key under a name that begins so.
fn beside(config: &Config, begins: &str) -> Vec<PathBuf> {
    let folder = config.evidence.identity_file.parent().unwrap();
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(begins)).collect()
}

fn acts_head(file: &Path) -> AuditHead {
    serde_json::from_slice(&enclosed(&std::fs::read(file).unwrap()).unwrap().1).unwrap()
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_written_anew_or_cut_under_a_stopped_gateway_is_not_signed_before_the_operator_accepts_it() {
    for (cut, stay) in [(false, 0), (true, 0), (true, 1)] {
        let gateway = Fixture::start().await;
        assert_eq!(verified(&gateway.running).await, None);
        let edited = if cut { SHORTER.to_owned() } else { anew(gateway.told(None).await) };
        let edited = if stay > 0 { edited.replace("DELETE FROM act_head;", "") } else { edited };
        let Fixture { folder, config, running, kept: _kept } = gateway;
        running.stop().await;
        let [last] = &beside(&config, "last-acts-head")[..] else { panic!("the last head lies beside the key") };
        let signed = acts_head(last);
        edit(&config.store_folder, &edited);
        for _ in 0..2 {
            let running = started(&config).await;
            suspend(&running, "届出の確認").await;
            let (_, what) = verified(&running).await.expect("it is named");
            let said = if stay > 0 { "is over other rows than are there now" } else { "what this gateway signed" };
            assert!(what.contains(said), "{what}");
            assert_eq!((heads(&running).await, apart(&running).await), (stay, true), "{cut}");
            let (code, said) = operator(folder.path(), &["audit", "verify"]).await;
            assert!(code == 76 && said.contains("番（audit list の番号）: "), "{said}");
            assert!(said.contains("evidence accept で承認してください") && !said.contains("row"), "{said}");
            let (_, said) = operator(folder.path(), &["status"]).await;
            assert!(said.contains("監査記録: 署名した記録とつながらない"), "{said}");
            running.stop().await;
            assert_eq!(acts_head(last), signed, "what proves it stays");
        }
        // Whoever knows why says so; that is told before it is signed, and what was signed before stays.
        let running = started(&config).await;
        let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "訓練"]).await;
        assert_eq!(code, 0, "{said}");
        let (_, told) = operator(folder.path(), &["audit", "list"]).await;
        assert!(told.contains("evidence-accepted") && told.contains("訓練"), "{told}");
        assert_ne!(operator(folder.path(), &["evidence", "accept", "--reason", "再"]).await.0, 0, "nothing waits");
        running.stop().await;
        let running = started(&config).await;
        assert_eq!((verified(&running).await, heads(&running).await, apart(&running).await), (None, 1, false));
        let [earlier] = &beside(&config, "earlier-acts-head-")[..] else { panic!("it is kept") };
        assert_eq!(acts_head(earlier), signed);
        running.stop().await;
    }
}

/// Somebody puts a row behind the last one, as the gateway would have written it.
fn one_more(last: &AuditRow) -> String {
    let mut row = AuditRow { n: last.n + 1, previous: hashed(last), ..last.clone() };
    row.done.note = String::from("nobody");
    let (n, hash) = (row.n, hashed(&row));
    let doc = serde_json::to_string(&row).unwrap();
    format!(
        "BEGIN; INSERT INTO act (n, office, doc, hash) SELECT {n}, office, '{doc}', '{hash}' FROM act WHERE n = {n} - 1;
         UPDATE counter SET value = {n} + 1 WHERE name = 'acts'; COMMIT;"
    )
}

fn hashed(row: &AuditRow) -> String {
    fumibako_model::hash(serde_json::to_string(row).unwrap().as_bytes())
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_audit_that_another_hand_writes_is_not_signed_before_the_operator_accepts_it() {
    for stopped in [false, true] {
        let gateway = Fixture::start().await;
        assert_eq!(verified(&gateway.running).await, None);
        let last = gateway.told(None).await.pop().unwrap();
        let Fixture { folder, config, mut running, kept: _kept } = gateway;
        if stopped {
            running.stop().await;
            edit(&config.store_folder, &one_more(&last));
            running = started(&config).await;
        } else {
            edit(&config.store_folder, &one_more(&last));
        }
        // What the gateway writes behind it waits as well.
        suspend(&running, "届出の確認").await;
        for _ in 0..2 {
            let (n, what) = verified(&running).await.expect("it is named");
            assert!(n == last.n + 1 && what.contains("was not written by this gateway"), "{n} {what}");
            assert!(apart(&running).await);
            let signed = acts_head(&beside(&config, "last-acts-head")[0]);
            assert_eq!(signed.rows, last.n + 1, "neither it nor what comes after it");
            running.stop().await;
            running = started(&config).await;
        }
        // Not what is put in between the word and the signature, either.
        let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "訓練"]).await;
        assert_eq!(code, 0, "{said}");
        assert_eq!((verified(&running).await, apart(&running).await), (None, false));
        let Reply::Acts { mut rows } = running.admin().answer(Request::AuditList { office: None, after: None }).await
        else {
            panic!("rows")
        };
        edit(&config.store_folder, &one_more(&serde_json::from_str(&rows.pop().unwrap()).unwrap()));
        assert!(verified(&running).await.is_some(), "what was accepted is what was there");
        running.stop().await;
    }
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_audit_from_before_the_seals_are_signed_as_they_are() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let last = gateway.told(None).await.pop().unwrap();
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    // As a gateway left them that knew of no seals, and was stopped before it signed.
    edit(&config.store_folder, "DELETE FROM act_head");
    sign_with(&key_of(&config), &config, Clock.now()).await;
    std::fs::remove_file(&beside(&config, "last-acts-head")[0]).unwrap();
    edit(&config.store_folder, &one_more(&last));
    let running = started(&config).await;
    assert_eq!((verified(&running).await, apart(&running).await), (None, false));
    suspend(&running, "届出の確認").await;
    assert_eq!(verified(&running).await, None);
    running.stop().await;
    let signed = acts_head(&beside(&config, "last-acts-head")[0]);
    assert_eq!((signed.rows, signed.sealed_from), (last.n + 3, Some(last.n + 2)), "from then on they are sealed");
}

// Profile §16.2
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_knows_of_no_last_head_of_the_audit_puts_the_newest_one_beside_the_key() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let rows = gateway.told(None).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let last = beside(&config, "last-acts-head").remove(0);
    std::fs::remove_file(&last).unwrap();
    let running = started(&config).await;
    assert_eq!(verified(&running).await, None);
    running.stop().await;
    assert_eq!(acts_head(&last).rows, rows.len() as u64, "without another row");
    edit(&config.store_folder, &anew(rows));
    let running = started(&config).await;
    assert!(verified(&running).await.is_some());
    running.stop().await;
}

// Profile §16.2, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_the_audit_that_a_crash_kept_from_its_place_beside_the_key_is_put_there_by_the_next_start() {
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    let last = beside(&config, "last-acts-head").remove(0);
    let older = std::fs::read(&last).unwrap();
    suspend(&running, "届出の確認").await;
    assert_eq!(verified(&running).await, None);
    running.stop().await;
    let signed = acts_head(&last);
    std::fs::write(&last, older).unwrap();
    assert_eq!(acts_head(&last).rows + 1, signed.rows);
    // Nothing new is told that would be signed.
    let running = started(&config).await;
    assert_eq!(verified(&running).await, None);
    running.stop().await;
    assert_eq!(acts_head(&last), signed);
    // So the row is missed where it is cut.
    edit(&config.store_folder, &SHORTER.replace("- 2", "- 1"));
    let running = started(&config).await;
    assert!(verified(&running).await.is_some());
    running.stop().await;
}

// Profile §16.2, §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_restored_explains_a_shorter_audit_and_one_that_was_edited_does_not() {
    let aside = tempfile::tempdir().unwrap();
    let gateway = Fixture::start().await;
    assert_eq!(verified(&gateway.running).await, None);
    let (from, keys) = (aside.path().join("copy"), aside.path().join("keys"));
    // What is not signed yet is signed for the copy.
    edit(&gateway.config.store_folder, "DELETE FROM act_head");
    let request = Request::Backup { to: from.clone(), keys: Some(keys.clone()) };
    assert!(matches!(gateway.ask(request).await, Reply::BackedUp(_)));
    suspend(&gateway.running, "控えの後").await;
    assert_eq!(verified(&gateway.running).await, None);
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let again = Config { store_folder: aside.path().join("again"), ..config.clone() };
    let (code, said) = restore(folder.path(), (&from, &keys), &again.store_folder).await;
    assert_eq!(code, 0, "{said}");
    for _ in 0..2 {
        let running = started(&again).await;
        assert_eq!(verified(&running).await, None);
        suspend(&running, "控えから").await;
        assert_eq!((verified(&running).await, apart(&running).await), (None, false));
        running.stop().await;
    }
    assert_eq!(beside(&config, "earlier-acts-head-").len(), 1, "what was signed since the copy is known");
    assert_eq!(beside(&config, "restored-").len(), 0, "it explains one start");
    // The audit of a copy that somebody edited is not vouched for.
    edit(&from, "UPDATE act SET doc = replace(doc, 'operator', 'nobody') WHERE n = 0");
    crate::forged::list_anew(&from);
    let (code, said) = restore(folder.path(), (&from, &keys), &aside.path().join("edited")).await;
    assert_eq!((code, beside(&config, "restored-").len()), (76, 0), "{said}");
}

/// Whoever has this key signs the audit as it stands, and his head is the only one.
async fn sign_with(key: &Identity, config: &Config, at: Timestamp) {
    let store = store_of(config).await;
    let state = store.acts_state().await.unwrap();
    store.close().await.unwrap();
    let head =
        AuditHead { v: 1, audit: "plans.example".into(), rows: state.rows, hash: state.hash, at, sealed_from: None };
    let signed = hex(&enclose(&serde_json::to_vec(&head).unwrap(), key, at).unwrap());
    let (rows, day) = (state.rows, Day::of(at).0);
    edit(
        &config.store_folder,
        &format!("DELETE FROM act_head; INSERT INTO act_head (rows, day, signed) VALUES ({rows}, {day}, x'{signed}')"),
    );
}

// Profile §8.16, §16.2
#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_the_audit_by_a_former_key_beyond_its_end_is_named_and_nothing_is_signed_over_it() {
    let (gateway, first) = with_mail().await;
    assert_eq!(verified(&gateway.running).await, None);
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let rows = acts_head(&beside(&config, "last-acts-head")[0]).rows;
    let second = renewed(&config, 2).await;
    mail(&second, "d").await;
    let running = started(&second).await;
    let (_, head) = head_of(&running, first).await;
    let former = head.former.unwrap().remove(0);
    assert_eq!(former.rows, Some(rows), "every head tells it");
    suspend(&running, "鍵の交代の後").await;
    assert_eq!(verified(&running).await, None);
    running.stop().await;
    // Dated back he says of no moment after his end; what lies beside the key says that another has signed since, and its end says the rest.
    for beside_the_key in [true, false] {
        for at in [ago(0), former.until - SignedDuration::from_secs(1)] {
            if !beside_the_key {
                for file in beside(&second, "last-acts-head") {
                    std::fs::remove_file(file).unwrap();
                }
            }
            sign_with(&key_of(&config), &second, at).await;
            let running = started(&second).await;
            suspend(&running, "署名されない").await;
            let (_, what) = verified(&running).await.expect("it is named");
            assert!(what.contains("replaced"), "{what}");
            assert_eq!((heads(&running).await, apart(&running).await), (1, true));
            running.stop().await;
        }
    }
}

// Profile §8.16
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_signed_no_evidence_has_its_end_told_from_its_first_start_on() {
    let (gateway, first) = with_mail().await;
    head_of(&gateway.running, first).await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let second = renewed(&config, 2).await;
    let mut file = None;
    for n in 0..3 {
        let running = started(&second).await;
        suspend(&running, &format!("{n} 回目")).await;
        assert_eq!(verified(&running).await, None);
        let Reply::Authority { pem } = running.admin().answer(Request::EvidenceAuthority).await else {
            panic!("a file")
        };
        assert!(pem.contains("Fumibako-Key-Replaced:"), "{pem}");
        assert_eq!(*file.get_or_insert(pem.clone()), pem, "it ended when it did, whenever the gateway starts");
        // What waits is looked for first.
        assert_eq!(audited(&running).await.faults, []);
        running.stop().await;
    }
    let third = renewed(&second, 3).await;
    mail(&third, "d").await;
    let running = started(&third).await;
    let (_, head) = head_of(&running, first).await;
    let told: Vec<_> = head.former.iter().flatten().map(|one| one.key.clone()).collect();
    let names = [&second, &config].map(|config| key_of(config).certificate().fingerprint_hex());
    assert_eq!((head.size, told), (8, names.to_vec()));
    running.stop().await;
}

// Profile §8.16
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_which_its_settings_say_that_it_was_replaced_does_not_start() {
    let gateway = Fixture::start().await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let file = folder.path().join("former.pem");
    let key = key_of(&config);
    let pem: String = key.chain().iter().map(fumibako_signer::Certificate::to_pem).collect();
    let name = key.certificate().fingerprint_hex();
    std::fs::write(&file, format!("Fumibako-Key-Replaced: {name} {}\n{pem}", Clock.now())).unwrap();
    let evidence = fumibako_gateway::Evidence { former_authorities_file: file, ..config.evidence.clone() };
    let refused = Gateway::start(Config { evidence, ..config }).await.err().map(|why| why.to_string());
    let said = refused.unwrap_or_default();
    assert!(said.contains("もう交代した") && said.contains(&name) && said.contains("very key"), "{said}");
}

// Profile §8.16: the file of a third key has to know of the second.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_know_of_the_one_before_it_does_not_start() {
    let (gateway, _) = with_mail().await;
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let second = renewed(&config, 2).await;
    let running = started(&second).await;
    running.stop().await;
    // The authority of the first alone.
    let third = renewed(&config, 3).await;
    let refused = Gateway::start(third).await.err().map(|why| why.to_string()).unwrap_or_default();
    assert!(refused.contains("認証局が設定にありません") && refused.contains("evidence authority"), "{refused}");
}

// Profile §8.20: a drill puts a backup back beside a gateway that goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_restored_elsewhere_explains_nothing_of_another_store() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let config = &grown.config;
    let drill = grown.put_back(&aside.path().join("drill")).await;
    // The rows of the drill, in the store that goes on.
    let rows = |folder: &Path| folder.join(fumibako_sqlite::DATABASE_FILE);
    std::fs::copy(rows(&drill.store_folder), rows(&config.store_folder)).unwrap();
    let running = started(config).await;
    let found = audited(&running).await;
    assert!(found.faults.iter().any(|fault| (fault.first, fault.last) == (6, 7)), "{found:?}");
    assert!(verified(&running).await.is_some(), "nor of its audit");
    running.stop().await;
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_lost_is_known_once_a_backup_was_put_back_and_a_drill_is_no_set_back() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    let running = started(&grown.config).await;
    edit(&grown.config.store_folder, "BEGIN; DELETE FROM log_head; DELETE FROM log_tile; COMMIT;");
    let found = audited(&running).await;
    assert!(found.faults.iter().any(|fault| fault.last == 7), "{found:?}");
    running.stop().await;
    assert_eq!(beside(&grown.config, "lost-head-").len(), 1);
    // The first of the two is a drill, and was never started.
    grown.put_back(&aside.path().join("drill")).await;
    let again = grown.put_back(&aside.path().join("again")).await;
    for _ in 0..2 {
        let running = started(&again).await;
        let found = audited(&running).await;
        let back = found.set_back.unwrap();
        assert_eq!((found.faults, back.size, back.lost), (vec![], 6, Some(8)));
        assert_eq!(back.earlier, [], "the log never went through the drill");
        running.stop().await;
    }
    assert_eq!(beside(&again, "lost-head-").len(), 0);
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_tells_of_the_one_before_it_that_the_gateway_ran_on_and_could_not_sign_for() {
    let aside = tempfile::tempdir().unwrap();
    let grown = Box::pin(Grown::since_a_copy(aside.path())).await;
    // Where the settings say that the store is.
    let first = grown.put_back(&grown.folder.path().join("store")).await;
    edit(&first.store_folder, "UPDATE log_head SET head = x'00'");
    started(&first).await.stop().await;
    let again = grown.put_back(&aside.path().join("again")).await;
    let running = started(&again).await;
    let back = audited(&running).await.set_back.unwrap();
    assert_eq!((back.size, back.earlier.len(), back.earlier[0].size), (6, 1, 6), "{back:?}");
    running.stop().await;
}
