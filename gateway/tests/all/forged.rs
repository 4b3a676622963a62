//! Whoever edits the rows, and has no key, finds nothing to write there by which the gateway believes him (Profile §8.20).

use std::path::{Path, PathBuf};

use clap::Parser as _;
use fumibako_gateway::{Audited, CONFIG_FILE, Config, Gateway, Remedy, Reply, Request, Running, cli::Cli};
use fumibako_sqlite::DATABASE_FILE;
use fumibako_store::suite::{World, expire::send};
use fumibako_store::{Sum, hex};

use crate::evidence::{copy, edit, head_of, with_mail};
use crate::keys::mail;
use crate::support::{Fixture, ago, old_key, store_of};

/// What somebody writes who wants the gateway to take it for a backup that was restored.
const HEADLESS: &str = "DELETE FROM log_head; DELETE FROM log_tile;
    UPDATE counter SET value = unixepoch() * 1000 WHERE name = 'restored_at';";
/// Another sender, in words and columns.
const ANOTHER_OFFICE: &str =
    "UPDATE evidence SET doc = replace(doc, '9970000029', '9970000011'), to_office = from_office
    WHERE id = (SELECT min(id) + 1 FROM evidence);";
/// A day earlier, in words and columns.
const EARLIER: &str = "UPDATE evidence SET at = at - 86400000,
    doc = replace(doc, doc ->> 'at', strftime('%Y-%m-%dT%H:%M:%S', at / 1000 - 86400, 'unixepoch') || printf('.%03dZ', at % 1000))
    WHERE id = (SELECT min(id) + 1 FROM evidence);";
/// As if the last three had never been.
const SHORTER: &str = "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 3);
    DELETE FROM word WHERE evidence > (SELECT max(id) FROM evidence);
    UPDATE counter SET value = value - 3 WHERE name IN ('evidence', 'evidence_count');";

/// The program of the operator: its exit code, and all it said.
pub(crate) async fn operator(folder: &Path, words: &[&str]) -> (u8, String) {
    let config = folder.join(CONFIG_FILE);
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let done = tokio::task::spawn_blocking(move || {
        let all = ["fumibako-gateway", "--config"].into_iter().map(String::from);
        let cli = Cli::try_parse_from(all.chain([config.to_string_lossy().into_owned()]).chain(words)).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli.run(&mut out, &mut err);
        (code, String::from_utf8([out, err].concat()).unwrap())
    });
    done.await.unwrap()
}

/// `backup restore`, into this folder.
pub(crate) async fn restore(folder: &Path, (from, keys): (&Path, &Path), to: &Path) -> (u8, String) {
    let [from, keys, to] = [from, keys, to].map(|path| path.to_str().unwrap());
    operator(folder, &["backup", "restore", from, "--keys", keys, "--to", to]).await
}

async fn audited(running: &Running) -> Audited {
    let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    *found
}

async fn started(config: &Config) -> Running {
    Gateway::start(config.clone()).await.unwrap()
}

// Profile §8.15, §8.20
#[tokio::test(flavor = "multi_thread")]
async fn edited_rows_are_not_signed_anew_whatever_the_rows_say_of_a_backup() {
    for (edited, left) in [(ANOTHER_OFFICE, 6), (EARLIER, 6), (SHORTER, 3), ("", 6)] {
        let (gateway, first) = with_mail().await;
        let (_, six) = head_of(&gateway.running, first).await;
        let Fixture { folder, config, running, kept: _kept } = gateway;
        running.stop().await;
        edit(&config.store_folder, &format!("{edited} {HEADLESS}"));
        for _ in 0..2 {
            let running = started(&config).await;
            let found = audited(&running).await;
            let named: Vec<_> = found.faults.iter().map(|fault| (fault.first, fault.last)).collect();
            let mut expected = vec![(0, left - 1), (0, 5)];
            if edited == SHORTER {
                // What the head beside the key covers is named, row by row.
                assert!(found.faults[..3].iter().all(|fault| fault.what == "was removed"), "{found:?}");
                expected.splice(0..0, [(3, 3), (4, 4), (5, 5)]);
            }
            assert_eq!((found.evidence, found.logged, named), (left, 0, expected), "{edited}");
            let (code, said) = operator(folder.path(), &["evidence", "verify"]).await;
            assert_eq!(code, 76, "{said}");
            assert!(said.contains("署名がありません") && said.contains("evidence accept"), "{said}");
            running.stop().await;
        }
        // Whoever knows why it is so says so, and it is said from then on.
        let running = started(&config).await;
        let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "訓練"]).await;
        let bare = edited == SHORTER;
        assert_eq!(code, 0, "{said}");
        assert_eq!(
            said.contains("<c@x.example>\n") && said.contains("1 件") && said.contains("accepted-"),
            bare,
            "{said}"
        );
        let (code, said) = operator(folder.path(), &["evidence", "verify"]).await;
        assert!(code == 0 && said.contains("0 件目まで戻り"), "{said}");
        assert_eq!(said.contains("<c@x.example>") && said.contains("理由: 訓練"), bare, "{said}");
        let (_, head) = head_of(&running, first).await;
        let back = head.set_back.unwrap();
        assert_eq!((head.size, back.size, back.lost), (left, 0, Some(six.size)), "{edited}");
        let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "再"]).await;
        assert!(code == 3 && said.contains("承認するものはありません"), "nothing waits: {said}");
        let (_, told) = operator(folder.path(), &["audit", "list"]).await;
        assert!(told.contains("evidence-accepted") && told.contains("訓練"), "{told}");
        running.stop().await;
        let running = started(&config).await;
        let found = audited(&running).await;
        assert_eq!((found.faults, found.accepted.len()), (vec![], usize::from(bare)), "{edited}");
        running.stop().await;
    }
}

// Profile §8.15, §8.20: the gateway's own piece may say the same number, and bears its seal.
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_somebody_puts_behind_the_last_one_is_named_and_none_that_the_gateway_writes_behind_it() {
    let fits = "json_set(doc, '$.n', 6, '$.id', printf('EV%014X', id + 1))";
    for (words, alone) in [(fits, Remedy::DeleteOrAccept), ("doc", Remedy::Delete)] {
        let (gateway, first) = with_mail().await;
        assert_eq!(head_of(&gateway.running, first).await.1.size, 6);
        let Fixture { folder, config, running, kept: _kept } = gateway;
        let columns = "message, kind, at, from_office, to_office";
        let put =
            format!("INSERT INTO evidence SELECT id + 1, {columns}, {words} FROM evidence ORDER BY id DESC LIMIT 1");
        edit(&config.store_folder, &put);
        let named = |found: &Audited| found.faults.iter().map(|one| (one.id.unwrap(), one.next)).collect::<Vec<_>>();
        let found = named(&audited(&running).await);
        let put_in = found[0].0;
        assert_eq!(found, [(put_in, alone)], "{words}");
        running.stop().await;
        mail(&config, "d").await;
        let running = started(&config).await;
        let found = audited(&running).await;
        assert_eq!((named(&found), found.logged), (vec![(put_in, Remedy::Delete)], 6), "{found:?}");
        let (code, said) = operator(folder.path(), &["evidence", "verify"]).await;
        assert!(code == 76 && said.starts_with(&format!("{put_in}\t異常: ")), "{said}");
        assert!(said.contains("その行だけを sqlite3 で消して") && !said.contains("evidence accept"), "{said}");
        // Once it is gone, what was written behind it is signed.
        edit(&config.store_folder, &format!("DELETE FROM evidence WHERE id = {}", put_in.0));
        let found = audited(&running).await;
        assert_eq!((named(&found), found.logged), (vec![], 8), "{found:?}");
        running.stop().await;
    }
}

/// A gateway whose log has grown since its copy was made: under its newest head it has eight pieces, and the copy six. It stands still.
pub(crate) struct Grown {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: Config,
    /// The copy, and its keys.
    pub(crate) copy: (PathBuf, PathBuf),
    _kept: Option<tempfile::TempDir>,
}

impl Grown {
    pub(crate) async fn since_a_copy(aside: &Path) -> Self {
        let (gateway, from, keys) = lost_with_a_copy(aside).await;
        let Fixture { folder, config, running, kept } = gateway;
        running.stop().await;
        mail(&config, "d").await;
        let running = started(&config).await;
        assert_eq!(audited(&running).await.logged, 8);
        running.stop().await;
        Self { folder, config, copy: (from, keys), _kept: kept }
    }

    /// `backup restore`, to this folder: the settings that name it.
    pub(crate) async fn put_back(&self, to: &Path) -> Config {
        let (code, said) = restore(self.folder.path(), (&self.copy.0, &self.copy.1), to).await;
        assert_eq!(code, 0, "{said}");
        Config { store_folder: to.to_owned(), ..self.config.clone() }
    }
}

/// A copy of a gateway with mail; what it had was lost, and more.
async fn lost_with_a_copy(aside: &Path) -> (Fixture, PathBuf, PathBuf) {
    let (gateway, _) = with_mail().await;
    let (to, keys) = (aside.join("copy"), aside.join("keys"));
    let request = Request::Backup { to: to.clone(), keys: Some(keys.clone()) };
    assert!(matches!(gateway.ask(request).await, Reply::BackedUp(_)));
    (gateway, to, keys)
}

// Profile §8.20, §11.9
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_the_operator_restores_is_no_fault_and_whoever_edits_it_then_is_found_out() {
    let aside = tempfile::tempdir().unwrap();
    let (gateway, from, keys) = lost_with_a_copy(aside.path()).await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let store = store_of(&config).await;
    let fourth = send(&store, &World::with(&store).await, "d", ago(0)).await.evidence;
    store.close().await.unwrap();
    let running = started(&config).await;
    assert_eq!(head_of(&running, fourth).await.1.size, 8);
    running.stop().await;

    let again = Config { store_folder: aside.path().join("again"), ..config.clone() };
    let (code, said) = restore(folder.path(), (&from, &keys), &again.store_folder).await;
    assert_eq!(code, 0, "{said}");
    copy(&again.store_folder, &aside.path().join("edited"));
    for _ in 0..2 {
        let running = started(&again).await;
        let found = audited(&running).await;
        let back = found.set_back.clone().unwrap();
        assert_eq!((found.faults, found.logged, back.size, back.lost), (vec![], 6, 6, Some(8)));
        running.stop().await;
    }
    // Before anything is signed again, somebody edits what was put back.
    let edited = Config { store_folder: aside.path().join("edited"), ..config };
    edit(&edited.store_folder, &format!("{ANOTHER_OFFICE} {HEADLESS}"));
    let running = started(&edited).await;
    let found = audited(&running).await;
    let named: Vec<_> = found.faults.iter().map(|fault| (fault.first, fault.last)).collect();
    assert_eq!((found.logged, named), (0, vec![(0, 5), (0, 5)]), "waits, and is not what was put back: {found:?}");
    running.stop().await;
}

/// The list of a copy says what the file is now.
pub(crate) fn list_anew(copy: &Path) {
    let (rows, list) = (std::fs::read(copy.join(DATABASE_FILE)).unwrap(), copy.join("manifest.json"));
    let mut sum = Sum::default();
    sum.add(&rows);
    let mut listed: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    let files = listed["files"].as_array_mut().unwrap();
    let file = files.iter_mut().find(|file| file["path"] == DATABASE_FILE).unwrap();
    (file["bytes"], file["sha256"]) = (rows.len().into(), hex(&sum.finish()).into());
    std::fs::write(&list, listed.to_string()).unwrap();
}

// Profile §8.20, §11.9: another machine has the keys, and nothing of what lay beside them.
#[tokio::test(flavor = "multi_thread")]
async fn on_another_machine_a_backup_is_believed_by_its_heads_and_one_without_them_is_not() {
    let (aside, filled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (gateway, first) = with_mail().await;
    gateway.running.stop().await;
    copy(&gateway.config.store_folder, filled.path());
    edit(filled.path(), &format!("{HEADLESS} DELETE FROM act_head;"));
    let gateway = Fixture::with_config(|config| config.limits.log_room_bytes = 0).await;
    let Fixture { folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    let (authority, key) = old_key();
    for (name, pem) in [("identity.pem", &*key.to_pem()), ("authority.pem", &authority.certificate().to_pem())] {
        std::fs::write(folder.path().join("evidence").join(name), pem).unwrap();
    }
    for beside in ["last-head.p7m", "last-acts-head.p7m"] {
        std::fs::remove_file(folder.path().join("evidence").join(beside)).unwrap_or_default();
    }
    // Rows of two days, of which no head tells and which this key could have signed.
    let bare = Config { store_folder: filled.path().to_owned(), ..config };
    let running = started(&bare).await;
    let found = audited(&running).await;
    assert_eq!((found.logged, found.faults.len(), found.faults[0].last), (0, 1, 5), "{found:?}");
    let (code, said) = operator(folder.path(), &["evidence", "accept", "--reason", "移行"]).await;
    assert_eq!(code, 0, "{said}");
    let (whole, forged, keys) = (aside.path().join("copy"), aside.path().join("forged"), aside.path().join("keys"));
    let request = Request::Backup { to: whole.clone(), keys: Some(keys.clone()) };
    assert!(matches!(running.admin().answer(request).await, Reply::BackedUp(_)));
    let six = head_of(&running, first).await.1;
    running.stop().await;
    copy(&whole, &forged);
    edit(&forged, &format!("{ANOTHER_OFFICE} {HEADLESS}"));
    list_anew(&forged);

    for (from, believed) in [(&whole, true), (&forged, false)] {
        for beside in ["last-head.p7m", "last-acts-head.p7m", "restored-head.p7m"] {
            std::fs::remove_file(folder.path().join("evidence").join(beside)).unwrap_or_default();
        }
        let again = Config { store_folder: aside.path().join(format!("again-{believed}")), ..bare.clone() };
        let (code, said) = restore(folder.path(), (from, &keys), &again.store_folder).await;
        assert_eq!(code, if believed { 0 } else { 76 }, "{said}");
        let running = started(&again).await;
        let found = audited(&running).await;
        assert_eq!((found.faults.is_empty(), found.logged), (believed, if believed { 6 } else { 0 }), "{found:?}");
        if believed {
            let back = found.set_back.unwrap();
            assert_eq!((back.size, back.root, back.lost), (6, six.root.clone(), None));
        }
        running.stop().await;
    }
}
