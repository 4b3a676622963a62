//! The whole way as two offices type it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use fumibako::Settings;
use fumibako::demo::sample;
use fumibako::mailbox::{Folder, Mailbox};
use serde_json::Value;

use crate::house::{A, B, House, now, set, type_in, type_in_at};

/// Profile §2.3, §5.9, §8.1, §8.2, §8.3: byte for byte, and the receipt turns 未 into 済.
#[test]
fn a_bundle_goes_the_whole_way_and_comes_back_as_done() {
    let house = House::new();
    let folder = house.sample();
    let pdf = house.folder.path().join("計画書（山田）.pdf");
    fs::write(&pdf, b"%PDF-1.7\0\r\n").unwrap();
    let sent = type_in(
        &house.a,
        ["send", folder.to_str().unwrap(), "--attach", pdf.to_str().unwrap(), "--message", "よろしく\n二行目"],
    )
    .ended(0)
    .only();
    assert_eq!((&sent["state"], &sent["to"]), (&"accepted".into(), &B.into()));
    let id = sent["message_id"].as_str().unwrap();

    let listed = type_in(&house.a, ["list", "sent"]).ended(0).only();
    assert_eq!((&listed["state"], &listed["message_id"]), (&"未".into(), &id.into()));
    let note = listed["note"].as_str().unwrap();
    let (evidence, left) = note.split_once("、").unwrap();
    assert_eq!(evidence, sent["evidence"], "the sender's list shows the evidence id");
    // Profile §8.25: kept for 90 days after that of its arrival, so that 90 whole ones are left, or 89 where that day ends just now.
    assert!(["あと 90 日", "あと 89 日"].contains(&left), "{note}");
    assert_eq!(type_in(&house.b, ["list", "inbox"]).ended(0).only()["state"], "未");

    let saved = type_in(&house.b, ["fetch"]).ended(0).only();
    assert_eq!((&saved["from"], &saved["receipt_state"]), (&A.into(), &"accepted".into()));
    let place = std::path::Path::new(saved["folder"].as_str().unwrap());
    for (name, bytes) in sample::FILES {
        assert_eq!(fs::read(place.join(name)).unwrap(), bytes, "{name}");
    }
    assert_eq!(fs::read(place.join("計画書（山田）.pdf")).unwrap(), b"%PDF-1.7\0\r\n");
    assert_eq!(fs::read_to_string(place.join("メッセージ.txt")).unwrap(), "よろしく\r\n二行目\r\n");

    let taken = type_in(&house.a, ["list", "sent"]).ended(0).only();
    assert_eq!((&taken["state"], &taken["note"]), (&"済".into(), &sent["evidence"]), "nobody has to hurry any more");
    assert_eq!(type_in(&house.b, ["list", "inbox"]).ended(0).only()["state"], "済");
    type_in(&house.b, ["fetch"]).ended(0).says("新しく届いたデータはありません。");
    assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1, "it was saved once");
}

/// So many octets that begin as a PDF does, and pack well.
fn pdf(octets: usize) -> Vec<u8> {
    let mut pdf = vec![b'0'; octets];
    pdf[..8].copy_from_slice(b"%PDF-1.7");
    pdf
}

// Profile §12.1: what the gateway takes decides, and not what is usual.
#[test]
fn what_is_sent_is_as_large_as_the_gateway_says() {
    let sends = |most: usize, octets: usize| {
        let house = House::with(|config| config.limits.message_bytes = most);
        let scan = house.folder.path().join("scan.pdf");
        fs::write(&scan, pdf(octets)).unwrap();
        let folder = house.sample();
        // Whoever was connected once knows it, however long an answer takes today.
        type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(0);
        type_in(&house.a, ["send", folder.to_str().unwrap(), "--attach", scan.to_str().unwrap()])
    };
    // It packs well, so that it goes into the message.
    assert_eq!(sends(40 << 20, 26 << 20).ended(0).only()["state"], "accepted");
    sends(2 << 20, 3 << 20).ended(65).says("3.0 MiB").says("2.0 MiB");
}

const PORTS: [&str; 3] = ["submission_port", "imap_port", "https_port"];

/// Somebody who takes connections and never says a word.
fn nobody_speaks(settings: &Path, ports: &[&str]) -> TcpListener {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    for key in ports {
        set(settings, key, &port);
    }
    silent
}

// Profile §12.1, §9.11
#[test]
fn a_dry_run_asks_nobody_and_goes_by_what_was_heard() {
    let house = House::with(|config| config.limits.message_bytes = 4 << 20);
    let folder = house.sample();
    let scan = |mebibytes: usize| {
        let scan = house.folder.path().join(format!("scan{mebibytes}.pdf"));
        fs::write(&scan, pdf(mebibytes << 20)).unwrap();
        scan.to_str().unwrap().to_owned()
    };
    let dry = |scan: &str| type_in(&house.a, ["send", "--dry-run", folder.to_str().unwrap(), "--attach", scan]);
    set(&house.a, "partners_file", "\"\"");
    let ports = fs::read(&house.a).unwrap();
    let silent = nobody_speaks(&house.a, &PORTS);
    let plan = dry(&scan(5)).ended(0).only();
    assert_eq!((&plan["state"], &plan["form"]), (&"dry-run".into(), &"sealed".into()));
    assert!(plan["readers"].is_null(), "to whom it is sealed, nobody was asked: {plan}");
    fs::write(&house.a, ports).unwrap();
    type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(0);
    let again = nobody_speaks(&house.a, &PORTS);
    assert_eq!(dry(&scan(1)).ended(0).only()["readers"], 2, "what was told before is remembered");
    dry(&scan(5)).ended(65).says("4.0 MiB");
    for silent in [silent, again] {
        assert_eq!(silent.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody connected");
    }
}

// Profile §12.1, §11.2
#[test]
fn what_is_large_is_in_the_outbox_without_a_word_of_the_gateway_s() {
    let house = House::new();
    let folder = house.sample();
    let scan = house.folder.path().join("scan.pdf");
    fs::write(&scan, pdf(3 << 20)).unwrap();
    type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(0);
    let silent = nobody_speaks(&house.a, &PORTS);
    set(&house.a, "patience_seconds", "1");
    let waits = type_in(&house.a, ["send", folder.to_str().unwrap(), "--attach", scan.to_str().unwrap()]);
    assert_eq!(waits.ended(69).only()["state"], "waiting");
    let called = std::iter::from_fn(|| silent.accept().ok()).count();
    assert_eq!(called, 2, "who reads it was asked, and it was to be posted; what fits was known");
}

// Profile §2.9
#[test]
fn a_program_is_not_attached() {
    let house = House::new();
    let folder = house.sample();
    for (name, octets, why) in [
        ("plan.exe", &b"x"[..], "プログラムやWebページのファイルは"),
        ("plan.pdf", b"MZ\x90", "プログラムやWebページのファイルは"),
        ("plan.pdf", b"<html>", "名前の示す種類のファイルではありません"),
        ("plan.zip", b"PK\x03\x04", "この種類のファイルは添付できません"),
    ] {
        let file = house.folder.path().join(name);
        fs::write(&file, octets).unwrap();
        type_in(&house.a, ["send", folder.to_str().unwrap(), "--attach", file.to_str().unwrap()]).ended(65).says(why);
    }
    assert_eq!(house.messages_at_the_gateway(), 0);
}

// Profile §5.3
#[test]
fn what_arrived_while_a_certificate_was_valid_can_be_collected_after_its_end() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let two_years_on = || now() + jiff::SignedDuration::from_hours(24 * 730);
    let saved = type_in_at(two_years_on, &house.b, ["fetch"]).ended(3).only();
    assert_eq!((&saved["from"], &saved["state"]), (&A.into(), &"saved".into()));
    assert_eq!(type_in_at(two_years_on, &house.b, ["show", "1"]).ended(0).only()["signature"], "holds");
    // Profile §8.23: for the gateway that is a receipt of a time to come. Once the clock is set right it is taken.
    assert_eq!((&saved["receipt_state"], &saved["code"]), (&"refused".into(), &"E-STD-109".into()));
    assert_eq!(type_in(&house.b, ["fetch"]).ended(0).only()["receipt_state"], "accepted");
}

#[test]
fn one_message_is_shown_to_both_ends() {
    let house = House::new();
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    let id = sent["message_id"].as_str().unwrap();
    for (settings, which) in [(&house.a, id), (&house.b, id), (&house.a, "sent:1"), (&house.b, "1")] {
        let shown = type_in(settings, ["show", which]).ended(0).only();
        assert_eq!(shown["message_id"], id);
        assert_eq!(shown["signature"], "holds");
        assert_eq!(shown["names"].as_array().unwrap().len(), sample::FILES.len());
        assert_eq!(shown["certificate"]["subject"], format!("CN={A}"));
        assert_eq!(shown["form"], "sealed");
    }
    assert_eq!(type_in(&house.a, ["show", id]).only()["evidence"], sent["evidence"]);
    assert_eq!(type_in(&house.a, ["show", id]).only()["receipt"], Value::Null);
    // Profile §8.8: the sender sees that the receipt confirms what it sent.
    type_in(&house.b, ["fetch"]).ended(0);
    let receipt = &type_in(&house.a, ["show", id]).ended(0).only()["receipt"];
    assert_eq!((&receipt["holds"], &receipt["signed_receipt"]), (&true.into(), &"holds".into()), "{receipt}");
    type_in(&house.a, ["show", id, "--format", "text"]).says("署名つきの受領（ESS）も送った内容と一致します");
    let text = type_in(&house.b, ["show", "1", "--format", "text"]).ended(0);
    text.says("確かめました").says("UP1KYO_9970000011_43_9970000029_11_20250920101600.CSV（618 B）");
    for absent in ["sent:99", "nobody@plans.example", "a\" OR ALL", ""] {
        type_in(&house.b, ["show", absent]).ended(66).says("見つかりません");
    }
    type_in(&house.b, ["show", "99"]).ended(66).says("受信一覧に 99 番のデータはありません").says("sent:99 と書きます");
}

#[test]
fn a_list_for_people_has_headings_that_line_up() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let text = type_in(&house.a, ["list", "sent", "--format", "text"]).ended(0);
    let lines: Vec<&str> = text.out.lines().collect();
    assert_eq!(lines.len(), 2, "{text:#?}");
    assert!(lines[0].starts_with("番号    送信日時          送信先      データ"), "{}", lines[0]);
    assert!(lines[1].starts_with("sent:1  "), "{}", lines[1]);
    assert!(lines[1].contains("居宅サービス計画（1～3表）  -     4 (3,520 B)  未    EV"), "{}", lines[1]);
    let english = type_in(&house.b, ["list", "inbox", "--format", "text", "--lang", "en"]).ended(0);
    assert!(english.out.starts_with("UID  arrived"), "{english:#?}");
}

/// Profile §2.2: one message for each recipient.
#[test]
fn bundles_of_several_recipients_go_in_one_run() {
    let house = House::new();
    house
        .stage
        .add_office(
            "9970000037".parse().unwrap(),
            "見本",
            fumibako_signer::authority::KeyKind::EcP256,
            crate::house::now(),
        )
        .unwrap();
    let other = house.renamed(B, "9970000037");
    let (folder, other) = (house.sample(), other);
    let sent = type_in(&house.a, ["send", folder.to_str().unwrap(), other.to_str().unwrap()]).ended(0);
    let to: Vec<String> = sent.objects().iter().map(|object| object["to"].as_str().unwrap().to_owned()).collect();
    assert_eq!(to, [B, "9970000037"]);
    let two = type_in(&house.a, ["send", folder.to_str().unwrap(), other.to_str().unwrap(), "--message", "x"]);
    two.ended(2).says("宛先が一つのときだけ");
}

#[test]
fn a_dry_run_sends_nothing() {
    let house = House::new();
    let plan = type_in(&house.a, ["send", house.sample().to_str().unwrap(), "--dry-run"]).ended(0).only();
    assert_eq!((&plan["state"], &plan["to"], &plan["files"]), (&"dry-run".into(), &B.into(), &4.into()));
    assert_eq!(plan["form"], "sealed");
    assert_eq!(house.messages_at_the_gateway(), 0);
}

/// What a mail tool of office B does to a message of its INBOX: marks it as seen, with or without having fetched it.
fn marks(house: &House, uid: u64, fetches: bool) {
    let settings = Settings::load(&house.b).unwrap();
    let uid = u32::try_from(uid).unwrap();
    let work = async {
        let mut mailbox = Mailbox::open(&settings).await.unwrap();
        mailbox.select(Folder::Inbox).await.unwrap();
        if fetches {
            mailbox.message(uid).await.unwrap().unwrap();
        }
        mailbox.mark(uid, "\\Seen").await.unwrap();
        mailbox.close().await;
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

/// Profile §8.10, §15.5
#[test]
fn what_was_only_looked_at_is_not_handed_over() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let uid = type_in(&house.b, ["list", "inbox"]).ended(0).only()["uid"].as_u64().unwrap();
    let shown = type_in(&house.b, ["show", &uid.to_string()]).ended(0).only();
    assert_eq!((&shown["signature"], shown["names"].as_array().unwrap().len()), (&"holds".into(), sample::FILES.len()));
    let (program, browser) = crate::ui::start(&house.b, None);
    crate::ui::until("the screens show it", || browser.get("/inbox").contains(A));
    crate::ui::end(program);
    let state = || type_in(&house.a, ["list", "sent"]).ended(0).only()["state"].clone();
    marks(&house, uid, false);
    assert_eq!(state(), "未", "the files are nowhere");
    marks(&house, uid, true);
    assert_eq!(state(), "済（受け渡し）", "a mail tool that fetches all of it");
    type_in(&house.b, ["fetch"]).ended(0);
    assert_eq!(state(), "済");
}

/// Nothing that `show` tells depends on the number of the evidence: it is not waited for as long as for an answer that matters.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test has patience, not more")]
fn a_message_is_shown_without_a_word_of_the_https_port() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let uid = type_in(&house.b, ["list", "inbox"]).ended(0).only()["uid"].as_u64().unwrap();
    let show = || type_in(&house.b, ["show", &uid.to_string()]).ended(0).only();
    assert!(show()["evidence"].is_string());
    let silent = nobody_speaks(&house.b, &["https_port"]);
    set(&house.b, "patience_seconds", "600");
    let began = Instant::now();
    let shown = show();
    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
    assert_eq!((&shown["signature"], shown["evidence"].is_null()), (&"holds".into(), true));
    silent.accept().unwrap();
}

/// Profile §8.2, §8.8: a receipt is found by what its notification names. `In-Reply-To` may be missing, or name another bundle.
#[test]
fn the_receipt_of_what_was_sent_is_found_by_its_notification() {
    let house = House::new();
    let ids = ["一", "二"].map(|cover| {
        let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap(), "--message", cover]).ended(0).only();
        sent["message_id"].as_str().unwrap().to_owned()
    });
    let port = house.stage.addresses().submission_tls.port().to_string();
    set(&house.b, "submission_port", "1");
    type_in(&house.b, ["fetch"]).ended(69);
    // Other programs need not write the field, or write it otherwise: it stands before the signed part, and is no part of it.
    for entry in fs::read_dir(house.b.with_file_name("data").join("outbox")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (first, second) = (format!("In-Reply-To: <{}>\r\n", ids[0]), format!("In-Reply-To: <{}>\r\n", ids[1]));
        assert!(text.contains(&first) != text.contains(&second), "{text}");
        fs::write(&path, text.replacen(&first, "", 1).replacen(&second, &first, 1)).unwrap();
    }
    set(&house.b, "submission_port", &port);
    type_in(&house.b, ["fetch"]).ended(0);
    for id in &ids {
        let shown = type_in(&house.a, ["show", id]).ended(0).only();
        assert_eq!((&shown["state"], &shown["receipt"]["holds"]), (&"済".into(), &true.into()), "{shown}");
    }
}
