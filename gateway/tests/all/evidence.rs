//! Evidence in a running gateway: signed, exported, verified offline, and found out when it was touched.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{
    AccountRequest, Audited, Clock, Config, Gateway, Remedy, Reply, Request, Running, Secret, Tampered,
    evidence_authority_file,
};
use fumibako_model::log::{Head, extended, included, leaf};
use fumibako_model::{EvidenceId, Party, ProofFile, Recorded, Refusal, Retention};
use fumibako_signer::authority::{Authority, KeyKind, Purpose};
use fumibako_signer::{Identity, TimeStamp, Trust, enclose, enclosed, unhex};
use fumibako_sqlite::SqliteStore;
use fumibako_store::bodies::Day;
use fumibako_store::suite::{World, domain, expire::send, himawari, kaede, sakura};
use fumibako_store::{Asked, Logging, Store as _, Unlogged, hex};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::forged::operator;
use crate::forged::restore;
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER, ago, store_of};

/// A gateway whose store has three bundles, and the evidence of the first.
pub(crate) async fn with_mail() -> (Fixture, EvidenceId) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let first = send(&store, &world, "a", ago(2)).await;
    for id in ["b", "c"] {
        send(&store, &world, id, ago(1)).await;
    }
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    (Fixture::with_config(|config| config.store_folder = from).await.keeping(folder), first.evidence)
}

async fn audited(gateway: &Fixture) -> Audited {
    match gateway.ask(Request::EvidenceVerify).await {
        Reply::Audited(audited) => *audited,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn octets(hex: &str) -> [u8; 32] {
    unhex(hex).unwrap().try_into().unwrap()
}

/// What `openssl` finds inside, if the signature holds under this authority.
fn by_openssl(head: &[u8], authority: &Path) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("head.p7m");
    std::fs::write(&file, head).unwrap();
    let done = Command::new("openssl")
        .args(["cms", "-verify", "-binary", "-inform", "DER", "-in"])
        .arg(&file)
        .arg("-CAfile")
        .arg(authority)
        .output()
        .unwrap();
    done.status.success().then_some(done.stdout)
}

// Profile §8.13, §8.16
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_is_proved_offline_by_its_path_and_openssl() {
    let (gateway, first) = with_mail().await;
    let Reply::Proof(export) = gateway.ask(Request::EvidenceExport { id: first }).await else { panic!("a proof") };
    let ProofFile { entries, head, .. } = *export;
    assert_eq!(entries.len(), 2, "accepted and delivered");
    let (entry, path) = (&entries[0].entry, &entries[0].path);
    let recorded: Recorded = serde_json::from_str(entry).unwrap();
    assert_eq!((recorded.id, recorded.evidence.message_id.as_str()), (first, "a@x.example"));
    let head = STANDARD.decode(head).unwrap();
    let authority = evidence_authority_file(gateway.folder.path());
    let inside = by_openssl(&head, &authority).expect("openssl verifies the head");
    let head: Head = serde_json::from_slice(&inside).unwrap();
    let path: Vec<_> = path.iter().map(|hash| octets(hash)).collect();
    assert!(included(&leaf(entry.as_bytes()), recorded.n, (head.size, &octets(&head.root)), &path));
    assert_eq!((head.log.as_str(), head.size), ("plans.example", 6));
    let other = gateway.folder.path().join("dev-ca/offices-ca.pem");
    assert_eq!(by_openssl(&STANDARD.decode(enveloped(&gateway, first).await).unwrap(), &other), None);
}

async fn enveloped(gateway: &Fixture, id: EvidenceId) -> String {
    let Reply::Proof(export) = gateway.ask(Request::EvidenceExport { id }).await else { panic!("a proof") };
    export.head
}

/// What the hand knows of seals that has the key (Profile §8.20): an HMAC of the piece under one of a secret that comes from it.
const EDIT: &str = "import hmac, sqlite3, sys
def mac(key, said):
    return hmac.new(key, said, 'sha256').digest()
d = sqlite3.connect(sys.argv[1])
d.create_function('seal_of', 2, lambda key, doc: mac(mac(key, b'fumibako evidence seal v1'), doc.encode())[:16])
d.executescript(sys.argv[2])
d.close()";

/// `sqlite3` edits the rows of a store that no gateway has open.
pub(crate) fn edit(store: &Path, statement: &str) {
    let done = Command::new("python3")
        .args(["-c", EDIT])
        .arg(store.join(fumibako_sqlite::DATABASE_FILE))
        .arg(statement)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn whoever_edits_rows_is_found_out_by_the_gateway() {
    let (gateway, first) = with_mail().await;
    let before = audited(&gateway).await;
    assert_eq!((before.evidence, before.logged, before.faults.len()), (6, 6, 0), "{before:?}");
    assert!(before.heads >= 1);
    let Fixture { folder: _folder, config, running, kept: _mail } = gateway;
    running.stop().await;
    // Row and hash alike: the signed root tells.
    edit(
        &config.store_folder,
        "UPDATE evidence SET doc = replace(doc, '9970000029', '9970000037') WHERE id = (SELECT min(id) FROM evidence);
         UPDATE log_tile SET hashes = CAST(substr(hashes, 1, 160) || zeroblob(32) AS BLOB)",
    );
    let running = Gateway::start(config).await.unwrap();
    let Reply::Audited(after) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
    assert!(after.faults.iter().any(|fault| fault.id == Some(first) && fault.what.contains("changed")), "{after:?}");
    assert!(after.faults.iter().any(|fault| fault.first == 5), "{after:?}");
    assert!(after.faults.iter().any(|fault| fault.what.contains("head")), "{after:?}");
    running.stop().await;
}

// Profile §8.15, §8.29: nobody is told that its years were over of what was taken away.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_bundle_whose_first_piece_was_taken_away_it_is_said_that_it_is_not_what_was_signed() {
    let (gateway, first) = with_mail().await;
    let Fixture { folder: _folder, config, running, kept: _mail } = gateway;
    running.stop().await;
    edit(&config.store_folder, "DELETE FROM evidence WHERE id = (SELECT min(id) FROM evidence)");
    let running = Gateway::start(config).await.unwrap();
    let export = async |id| match running.admin().answer(Request::EvidenceExport { id }).await {
        Reply::No { code, .. } => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(export(EvidenceId(first.0 + 1)).await, Refusal::EvidenceBroken);
    assert_eq!(export(EvidenceId(first.0 + 1000)).await, Refusal::EvidenceUnknown);
    running.stop().await;
}

pub(crate) async fn head_of(running: &Running, id: EvidenceId) -> (String, Head) {
    let Reply::Proof(file) = running.admin().answer(Request::EvidenceExport { id }).await else { panic!("a proof") };
    let inside = enclosed(&STANDARD.decode(&file.head).unwrap()).unwrap().1;
    (file.head.clone(), serde_json::from_slice(&inside).unwrap())
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_set_back_says_so_and_continues_no_head_that_it_lost() {
    let (gateway, first) = with_mail().await;
    let (early, six) = head_of(&gateway.running, first).await;
    let aside = tempfile::tempdir().unwrap();
    let (backup, keys) = (aside.path().join("backup"), aside.path().join("keys"));
    let request = Request::Backup { to: backup.clone(), keys: Some(keys.clone()) };
    assert!(matches!(gateway.ask(request).await, Reply::BackedUp(_)));
    let Fixture { folder, config, running, kept } = gateway;
    running.stop().await;
    copy(&config.store_folder, &aside.path().join("again"));

    let store = store_of(&config).await;
    send(&store, &World::with(&store).await, "d", ago(0)).await;
    store.close().await.unwrap();
    let running = Gateway::start(config.clone()).await.unwrap();
    let (later, eight) = head_of(&running, first).await;
    assert_eq!((six.size, eight.size, eight.set_back), (6, 8, None));
    let continues = async |running: &Running, head: &str| {
        running.admin().answer(Request::EvidenceContinues { head: head.into() }).await
    };
    let Reply::Continues(proof) = continues(&running, &early).await else { panic!("it continues") };
    let between: Vec<_> = proof.between.iter().map(|hash| octets(hash)).collect();
    assert!(extended((6, &octets(&six.root)), (8, &octets(&eight.root)), &between));
    running.stop().await;

    // The operator puts the old rows back: that is no fault. The gateway goes on, and says from where.
    let restored = fumibako_gateway::Config { store_folder: aside.path().join("store"), ..config };
    let (code, said) = restore(folder.path(), (&backup, &keys), &restored.store_folder).await;
    assert_eq!(code, 0, "{said}");
    let store = store_of(&restored).await;
    send(&store, &World::with(&store).await, "e", ago(0)).await;
    store.close().await.unwrap();
    let running = Gateway::start(restored.clone()).await.unwrap();
    let faults = async |running: &Running| {
        let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
        found.faults.iter().map(|fault| (fault.first, fault.last)).collect::<Vec<_>>()
    };
    assert_eq!(faults(&running).await, []);
    let (_, other) = head_of(&running, first).await;
    let said = other.set_back.clone().unwrap();
    assert_eq!((other.size, said.size, said.lost, &said.root), (8, 6, Some(8), &six.root));
    assert_ne!(other.root, eight.root);
    assert!(matches!(continues(&running, &early).await, Reply::Continues(_)), "what was before goes on");
    assert!(matches!(
        continues(&running, &later).await,
        Reply::NotContinued(fumibako_gateway::NotContinued { ours: true, .. })
    ));
    // The operator is told what follows, and not to ask himself.
    let given = aside.path().join("given.json");
    for (head, words) in [
        (&later, ["はじめの 8 件の証跡が、署名のときと違います", "戻した日時を伝えてください"]),
        (&"AAAA".to_owned(), ["署名として読めません", "壊れていないか"]),
    ] {
        let file = ProofFile { head: head.clone(), ..ProofFile::default() };
        std::fs::write(&given, serde_json::to_vec(&file).unwrap()).unwrap();
        let (code, said) = operator(folder.path(), &["evidence", "continues", given.to_str().unwrap()]).await;
        let is_said = words.iter().all(|word| said.contains(word)) && !said.contains("運用者に問い合わせ");
        assert!(code == 76 && is_said, "{said}");
    }
    running.stop().await;
    let running = Gateway::start(restored.clone()).await.unwrap();
    assert_eq!(head_of(&running, first).await.1.set_back, Some(said.clone()), "it is said once, and stays said");
    assert_eq!(faults(&running).await, []);
    running.stop().await;

    // Once more, by rows that know of no other time.
    let restored = fumibako_gateway::Config { store_folder: aside.path().join("again"), ..restored };
    let store = store_of(&restored).await;
    send(&store, &World::with(&store).await, "f", ago(0)).await;
    store.close().await.unwrap();
    let running = Gateway::start(restored).await.unwrap();
    let twice = head_of(&running, first).await.1.set_back.unwrap();
    assert_eq!((twice.size, twice.lost, twice.earlier), (6, Some(8), vec![said]), "the first one is not forgotten");
    assert_eq!(faults(&running).await, [(6, 7)], "no backup explains this one");
    running.stop().await;
    drop((folder, kept));
}

/// What an office is told that asks for evidence: the status, the whole answer, and the piece that the file begins with.
pub(crate) async fn asked(gateway: &Fixture, login: &str, path: &str) -> (String, String, Option<EvidenceId>) {
    let login = STANDARD.encode(format!("{login}:{PASSWORD}"));
    let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
    let head = "Host: plans.example\r\nConnection: close\r\n";
    client.say(&format!("GET /v1/evidence/{path} HTTP/1.1\r\n{head}Authorization: Basic {login}\r\n\r\n")).await;
    let answer = client.rest().await;
    let status = answer.split(' ').nth(1).unwrap().to_owned();
    let file = answer.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str::<ProofFile>(body).ok());
    let first = file.map(|file| serde_json::from_str::<Recorded>(&file.entries[0].entry).unwrap().id);
    (status, answer, first)
}

// Profile §8.18
#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_that_was_used_again_gives_nobody_the_evidence_of_the_other_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let world = World::with(&store).await;
    let mut sent = Vec::new();
    // Two are gone when the third comes.
    for (to, days) in [(sakura(), 60), (kaede(), 40), (sakura(), 20)] {
        store.expire(Retention::new(10).unwrap(), Asked::ByThePerson, ago(days)).await.unwrap();
        let bundle = world.bundle(&store, (himawari(), to), "twice@x.example", &format!("{days}"));
        let came = ago(days);
        sent.push((store.deliver(bundle, came).await.unwrap().evidence, came.as_second()));
    }
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let gateway = Fixture::with_config(|config| config.store_folder = from).await.keeping(folder);
    let third = kaede().to_string();
    let made = AccountRequest::make(third.as_str(), Party::Office(kaede()), Secret(PASSWORD.into()));
    gateway.done(Request::Account(made)).await;

    let named = "twice@x.example?from=9970000011";
    let at = |n: usize| format!("{named}&at={}", Timestamp::from_second(sent[n].1).unwrap());
    // Whose it is, or when it came, tells them apart.
    for (login, path, expected) in [
        (third.as_str(), named, Some(1)),
        (RECIPIENT, at(0).as_str(), Some(0)),
        (RECIPIENT, at(2).as_str(), Some(2)),
        (RECIPIENT, at(1).as_str(), None),
        (SENDER, at(1).as_str(), Some(1)),
        (SENDER, "twice@x.example?from=9970000029", None),
        (RECIPIENT, "twice@x.example", None),
    ] {
        let (status, answer, first) = asked(&gateway, login, path).await;
        assert_eq!(first, expected.map(|n: usize| sent[n].0), "{login} {path}: {answer}");
        assert_eq!(status, if expected.is_some() { "200" } else { "404" });
    }
    // Else who asks is told the numbers of his own.
    for (login, path, own) in [(RECIPIENT, named, [true, false, true]), (SENDER, "twice@x.example", [true; 3])] {
        let (status, answer, _) = asked(&gateway, login, path).await;
        assert!(status == "409" && answer.contains("E-DIR-024"), "{answer}");
        assert_eq!(sent.iter().map(|(id, _)| answer.contains(&id.to_string())).collect::<Vec<_>>(), own, "{answer}");
        assert!(answer.contains(" to 9970000029"), "{answer}");
    }
    for unread in ["from=nobody", "at=yesterday", "to=9970000029"] {
        let (status, answer, _) = asked(&gateway, RECIPIENT, &format!("twice@x.example?{unread}")).await;
        assert!(status == "422" && answer.contains("E-DIR-014"), "{answer}");
    }
}

/// The heads beside the key that the log did not continue.
fn lost_heads(config: &Config) -> Vec<Head> {
    let folder = config.evidence.identity_file.parent().unwrap();
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let lost = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("lost-head-"));
    let read = |path: PathBuf| enclosed(&std::fs::read(path).unwrap()).unwrap().1;
    lost.map(|path| serde_json::from_slice(&read(path)).unwrap()).collect()
}

// Profile §8.20
#[tokio::test(flavor = "multi_thread")]
async fn whoever_cuts_the_log_of_a_running_gateway_is_found_out_and_what_was_signed_is_kept() {
    let (gateway, first) = with_mail().await;
    let (early, six) = head_of(&gateway.running, first).await;
    assert_eq!((six.size, audited(&gateway).await.faults.len()), (6, 0));
    edit(
        &gateway.config.store_folder,
        "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id DESC LIMIT 2);
         UPDATE counter SET value = value - 2 WHERE name = 'evidence_count';
         DELETE FROM log_head; DELETE FROM log_tile",
    );
    for _ in 0..2 {
        let found = audited(&gateway).await;
        let faults: Vec<_> = found.faults.iter().map(|fault| (fault.first, fault.last)).collect();
        assert_eq!((faults, found.evidence, found.logged), (vec![(4, 4), (5, 5), (0, 3), (0, 5)], 4, 0), "{found:?}");
        let gone = |fault: &Tampered| fault.what == "was removed" && fault.next == Remedy::Accept;
        assert!(found.faults[..2].iter().all(gone), "one remedy for what one acceptance clears: {found:?}");
        assert!(found.faults[3].what.contains("signed for"), "{found:?}");
        let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("how it is") };
        assert_eq!(status.evidence_missing, 2);
    }
    assert_eq!(lost_heads(&gateway.config), std::slice::from_ref(&six), "what the log said before is kept");
    // Nothing is signed over what was signed once and stands bare now, before the operator says so.
    let accepted = gateway.ask(Request::EvidenceAccept { reason: "known".into() }).await;
    assert!(matches!(accepted, Reply::Accepted(_)), "{accepted:?}");
    let (_, after) = head_of(&gateway.running, first).await;
    let said = after.set_back.clone().unwrap();
    assert_eq!((after.size, said.size, said.lost), (4, 0, Some(6)));
    let continues = gateway.ask(Request::EvidenceContinues { head: early }).await;
    assert!(matches!(continues, Reply::NotContinued(_)), "{continues:?}");
    let found = audited(&gateway).await;
    let accepted: Vec<_> = found.accepted.iter().map(|one| (one.message_id.as_deref(), one.reason.as_str())).collect();
    assert_eq!((lost_heads(&gateway.config), found.faults), (vec![], vec![]), "it is known");
    let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("how it is") };
    assert_eq!(status.evidence_missing, 0, "it is settled");
    assert_eq!(accepted, [(Some("c@x.example"), "known")]);
    let Fixture { folder: _folder, config, running, kept: _mail } = gateway;
    running.stop().await;
    let running = Gateway::start(config.clone()).await.unwrap();
    assert_eq!(head_of(&running, first).await.1.set_back, Some(said), "it stays said");
    running.stop().await;
}

// Profile §8.13
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_over_hashes_that_were_not_signed() {
    let (gateway, first) = with_mail().await;
    let (_, six) = head_of(&gateway.running, first).await;
    edit(
        &gateway.config.store_folder,
        "UPDATE log_tile SET hashes = CAST(substr(hashes, 1, 160) || zeroblob(32) AS BLOB);
         INSERT INTO evidence SELECT id + 1, -1, kind, at, 0, 0, replace(replace(doc, '\"n\":5', '\"n\":6'), printf('%014X', id), printf('%014X', id + 1))
         FROM evidence ORDER BY id DESC LIMIT 1",
    );
    let found = audited(&gateway).await;
    assert_eq!(found.logged, six.size, "no head covers what came after it: {found:?}");
    assert!(found.faults.iter().any(|fault| fault.first == 5), "{found:?}");
}

// Profile §8.16
#[tokio::test(flavor = "multi_thread")]
async fn another_key_takes_the_place_of_the_one_that_signed_and_what_that_signed_is_believed() {
    let (gateway, first) = with_mail().await;
    let (early, _) = head_of(&gateway.running, first).await;
    let Fixture { folder, config, running, kept: _mail } = gateway;
    running.stop().await;
    let fresh = Fixture::start().await;
    let put = |name: &str, from: &Path| {
        let to = config.evidence.identity_file.with_file_name(name);
        std::fs::copy(from, &to).unwrap();
        to
    };
    let evidence = fumibako_gateway::Evidence {
        identity_file: put("next.pem", &fresh.config.evidence.identity_file),
        former_authorities_file: put("former.pem", &evidence_authority_file(folder.path())),
        ..config.evidence.clone()
    };
    let forgetful = fumibako_gateway::Evidence { former_authorities_file: PathBuf::new(), ..evidence.clone() };
    let refused = Gateway::start(Config { evidence: forgetful.clone(), ..config.clone() }).await.err();
    let said = refused.map(|why| why.to_string()).unwrap_or_default();
    assert!(said.contains("last-head.p7m") && said.contains("former_authorities_file"), "{said}");
    // Nothing lies beside the key, and the rows alone tell of it.
    let beside = config.evidence.identity_file.parent().unwrap();
    for head in ["last-head.p7m", "last-acts-head.p7m"] {
        std::fs::rename(beside.join(head), beside.join(format!("{head}.away"))).unwrap();
    }
    for (evidence, believed) in [(forgetful, false), (evidence, true)] {
        let config = Config { evidence, ..config.clone() };
        if believed {
            for head in ["last-head.p7m", "last-acts-head.p7m"] {
                std::fs::rename(beside.join(format!("{head}.away")), beside.join(head)).unwrap();
            }
        }
        let running = Gateway::start(config).await.unwrap();
        let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
        assert_eq!(found.faults.is_empty(), believed, "{found:?}");
        let continues = running.admin().answer(Request::EvidenceContinues { head: early.clone() }).await;
        assert_eq!(matches!(continues, Reply::Continues(_)), believed, "{continues:?}");
        let Reply::ActsAudited(acts) = running.admin().answer(Request::AuditVerify).await else { panic!("an audit") };
        assert_eq!(acts.broken.is_none(), believed, "{acts:?}");
        running.stop().await;
    }
    let nowhere =
        fumibako_gateway::Evidence { former_authorities_file: "nowhere.pem".into(), ..config.evidence.clone() };
    let refused = Gateway::start(Config { evidence: nowhere, ..config }).await.err();
    assert!(refused.is_some_and(|why| why.to_string().contains("nowhere.pem")));
}

/// `openssl ts` behind a door on this machine, as RFC 3161 §3.4 has it.
async fn openssl_tsa(folder: PathBuf) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let query = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                request.extend_from_slice(&piece[..read]);
                let text = String::from_utf8_lossy(&request).to_lowercase();
                let length = text.split("content-length: ").nth(1);
                let length = length.and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
                let body = request.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
                match (length, body) {
                    (Some(length), Some(body)) if request.len() >= body + length => break request[body..].to_vec(),
                    _ => assert!(read > 0, "the request breaks off"),
                }
            };
            std::fs::write(folder.join("query"), query).unwrap();
            let line = "ts -reply -config conf -section tsa -queryfile query -signer id.pem -inkey id.pem -chain ca.pem -out reply";
            let done = Command::new("openssl").args(line.split(' ')).current_dir(&folder).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            let reply = std::fs::read(folder.join("reply")).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\r\n",
                reply.len()
            );
            stream.write_all(&[head.as_bytes(), &reply].concat()).await.unwrap();
        }
    });
    address
}

// Profile §8.18, §17.6
#[tokio::test(flavor = "multi_thread")]
async fn an_office_is_given_so_many_files_in_a_minute() {
    const MOST: usize = 120;
    let gateway = Fixture::start().await;
    let asked = async |login: &str, path: &str, often: usize| {
        let login = STANDARD.encode(format!("{login}:{PASSWORD}"));
        let one = |last: bool| {
            let end = if last { "Connection: close\r\n" } else { "" };
            format!("GET {path} HTTP/1.1\r\nHost: plans.example\r\nAuthorization: Basic {login}\r\n{end}\r\n")
        };
        let mut client = Client::tls(gateway.running.addresses().https, &gateway.authority()).await;
        client.say(&(1..=often).map(|n| one(n == often)).collect::<String>()).await;
        client.rest().await
    };
    // One that is not there is asked for all the same.
    let path = "/v1/evidence/EV00000000000001";
    let answers = asked(SENDER, path, MOST + 2).await;
    let answers: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), MOST + 2);
    for (n, answer) in answers.iter().enumerate() {
        let (status, code) = if n < MOST { ("404 ", "E-DIR-021") } else { ("429 ", "E-TMP-005") };
        assert!(answer.starts_with(status) && answer.contains(code), "{n}: {answer}");
    }
    let seconds = answers[MOST].split("\r\nretry-after: ").nth(1).unwrap().lines().next().unwrap();
    assert!((1..=60).contains(&seconds.parse::<u8>().unwrap()), "{seconds}");
    // Others are not kept from it, nor is the same office from what else it asks.
    assert!(asked(RECIPIENT, path, 1).await.starts_with("HTTP/1.1 404 "));
    assert!(asked(SENDER, "/v1/directory?q=99", 1).await.starts_with("HTTP/1.1 200 "));
}

// Profile §8.21
#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_day_that_is_over_is_stamped_by_openssl() {
    let now = Clock.now();
    let ca = Authority::create("検証用認証局", now - SignedDuration::from_hours(48)).unwrap();
    let request = fumibako_signer::authority::Request {
        common_name: "TSA",
        rfc822_name: "tsa@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::TimeStamping,
        not_before: now - SignedDuration::from_hours(1),
        not_after: now + SignedDuration::from_hours(24),
    };
    let identity = ca.issue(&request).unwrap();
    let tsa = tempfile::tempdir().unwrap();
    let put = |name: &str, octets: &str| std::fs::write(tsa.path().join(name), octets).unwrap();
    put("ca.pem", &ca.certificate().to_pem());
    put("id.pem", &identity.to_pem());
    put("serial", "01\n");
    put("conf", "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.3.6.1.4.1.99999.1\ndigests=sha256\n");
    let address = openssl_tsa(tsa.path().to_owned()).await;

    // A store whose newest head is of yesterday.
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
    let first = send(&store, &World::with(&store).await, "a", ago(1)).await.evidence;
    let Unlogged { mut growth, entries, last, .. } = store.unlogged().await.unwrap().unwrap();
    for entry in &entries {
        growth.push(leaf(entry.as_bytes()));
    }
    let yesterday = Day(Day::of(now).0 - 1);
    let (size, tiles, root) = (growth.size(), growth.tiles(), hex(&growth.root()));
    // As the gateway signed it then whose key this is.
    let Fixture { folder: _key, config: Config { evidence, .. }, running, kept: _ } = Fixture::start().await;
    running.stop().await;
    let witness = Identity::from_pem(&std::fs::read(&evidence.identity_file).unwrap(), None).unwrap();
    let head = Head::over("plans.example", (size, root), Clock.now());
    let signed = enclose(&serde_json::to_vec(&head).unwrap(), &witness, head.at).unwrap();
    store.keep_log(Logging { day: yesterday, size, last, head: signed.clone(), tiles }).await.unwrap();
    store.close().await.unwrap();
    let from = folder.path().to_owned();
    let authority = tsa.path().join("ca.pem");
    let gateway = Fixture::with_config(|config| {
        config.store_folder = from;
        config.evidence.identity_file = evidence.identity_file;
        config.evidence.stamp_url = format!("http://{address}/ts");
        config.evidence.stamp_authority_file = authority;
    });
    let gateway = gateway.await.keeping(folder);
    let mut stamp = None;
    for _ in 0..400 {
        let Reply::Proof(file) = gateway.ask(Request::EvidenceExport { id: first }).await else { panic!("a proof") };
        if let Some(found) = &file.stamp {
            stamp = Some((file.head.clone(), found.clone()));
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (head, stamp) = stamp.expect("the head is stamped");
    let (head, stamp) = (STANDARD.decode(head).unwrap(), STANDARD.decode(stamp).unwrap());
    assert_eq!(head, signed);
    let mut digest = [0; 32];
    digest.copy_from_slice(fumibako_signer::Hash::Sha256.of(&head).as_ref());
    let trust = Trust::for_time_stamps([ca.certificate().clone()]).unwrap();
    assert!(TimeStamp::verify(&stamp, &digest, &trust, Clock.now()).is_ok());
    let Reply::Status(status) = gateway.ask(Request::Status).await else { panic!("a status") };
    assert_eq!((status.heads_stamped, status.evidence_logged), (1, status.evidence));
    let Fixture { folder: _folder, config, running, kept: _kept } = gateway;
    running.stop().await;
    broken_stamps_are_named(&config).await;
}

/// What stands in the place of a stamp and is none (Profile §8.15).
async fn broken_stamps_are_named(config: &Config) {
    let stamps = "UPDATE log_head SET stamp =";
    for (statement, broken) in
        [("", 0), ("x'00'", 1), ("CAST(substr(stamp, 1, length(stamp) - 1) || x'00' AS BLOB)", 1)]
    {
        if !statement.is_empty() {
            edit(&config.store_folder, &format!("{stamps} {statement} WHERE stamp IS NOT NULL"));
        }
        let running = Gateway::start(config.clone()).await.unwrap();
        let Reply::Audited(found) = running.admin().answer(Request::EvidenceVerify).await else { panic!("an audit") };
        let said = found.faults.iter().filter(|fault| fault.what.contains("time stamp is broken"));
        assert_eq!(said.count(), broken, "{statement}: {found:?}");
        running.stop().await;
    }
}
