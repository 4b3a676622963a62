//! 受領証: one file that proves what became of a bundle, offline, and a page to print.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_gateway::{Reply, Request};
use fumibako_model::Continuation;
use fumibako_signer::authority::KeyKind;
use serde_json::Value;

use crate::house::{B, House, empty, now, type_in};

/// A bundle that went the whole way: what was told of its proof, and the file of it.
fn proved(house: &House) -> (Value, PathBuf) {
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    type_in(&house.b, ["fetch"]).ended(0);
    let file = house.folder.path().join("proof.json");
    let id = sent["evidence"].as_str().unwrap();
    let told = type_in(&house.a, ["receipt", id, "-o", file.to_str().unwrap()]).ended(0).only();
    assert_eq!((&told["event"], &told["receipt"]), (&"ContentHandover".into(), &true.into()), "{told}");
    (told, file)
}

/// The piece of the acceptance.
fn first(told: &Value) -> String {
    told["evidence"][0].as_str().unwrap().to_owned()
}

/// The layers of `verify`, each with its state.
fn layers(settings: &Path, file: &Path, exit: u8) -> Vec<(String, String)> {
    let ran = type_in(settings, ["verify", file.to_str().unwrap()]).ended(exit);
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let layers = ran.objects().into_iter().filter(|row| row["record"] == "layer");
    layers.map(|row| (word(&row, "layer"), word(&row, "state"))).collect()
}

fn openssl(arguments: &[&str], authority: &Path, input: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in");
    fs::write(&file, input).unwrap();
    let mut command = Command::new("openssl");
    command.args(["cms", "-verify", "-out", "/dev/null"]).args(arguments).arg("-in").arg(&file);
    command.arg("-CAfile").arg(authority).output().unwrap().status.success()
}

// Profile §8.18, §8.19
#[test]
fn a_receipt_proves_itself_offline_and_by_openssl() {
    let mut house = House::new();
    let (told, file) = proved(&house);
    house.stage.stop();
    let found = layers(&house.a, &file, 0);
    // Who printed the page counted as whoever verifies it counts.
    let unseen = found.iter().filter(|(_, state)| state == "unseen").count();
    assert_eq!(told["unseen"], unseen);
    let expected = [
        ("log-head", "holds"),
        ("gateway-certificate", "holds"),
        ("evidence", "holds"),
        ("evidence", "holds"),
        ("evidence", "holds"),
        ("sequence", "holds"),
        ("trust-state", "holds"),
        ("sender-certificate", "holds"),
        ("revocation", "unseen"),
        ("recipient-certificate", "holds"),
        ("revocation", "unseen"),
        ("receipt", "holds"),
        ("signed-receipt", "unseen"),
        ("later-evidence", "unseen"),
        ("original", "unseen"),
    ];
    assert_eq!(found, expected.map(|(layer, state)| (layer.to_owned(), state.to_owned())));

    let proof: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let octets = |name: &str| STANDARD.decode(proof[name].as_str().unwrap()).unwrap();
    let (gateway, offices) = ("gateway/evidence/authority.pem", "gateway/dev-ca/offices-ca.pem");
    let at = |name: &str| house.folder.path().join(name);
    assert!(openssl(&["-inform", "DER", "-binary"], &at(gateway), &octets("head")));
    assert!(openssl(&["-purpose", "smimesign"], &at(offices), &octets("receipt")));
    assert!(!openssl(&["-inform", "DER", "-binary"], &at(offices), &octets("head")));

    // The register is asked what the offices are called, and the outbox what was sent.
    let page = fs::read_to_string(file.with_extension("html")).unwrap();
    for known in ["参考（証跡の対象外）", "見本", "居宅サービス計画（1～3表）", "4 個", "署名した日時"]
    {
        assert!(page.contains(known), "{known} in {page}");
    }
    assert!(!file.with_extension("eml").exists() && told["original"].is_null());
    let count = format!("うち {unseen} 項目");
    for said in [&*count, "<title>受領証</title>", "9970000011", "9970000029", "@media print", "受領に署名しました"]
    {
        assert!(page.contains(said), "{said} in {page}");
    }
    // What comes after a receipt changes nothing: it is listed among what no file shows, and no sentence warns of it.
    assert!(!page.contains("<script") && !page.contains("このあとの証跡がない"));
}

// Profile §8.19: both ends keep what the digest is of, and it is that.
#[test]
fn the_message_itself_can_be_kept_beside_its_receipt() {
    let house = House::new();
    let (told, file) = proved(&house);
    let id = first(&told);
    for (settings, end) in [(&house.a, "sender"), (&house.b, "recipient")] {
        let with = house.folder.path().join(format!("{end}.json"));
        let words = ["receipt", &*id, "-o", with.to_str().unwrap(), "--with-original"];
        let told = type_in(settings, words).ended(0).only();
        let original = with.with_extension("eml");
        assert_eq!(told["original"].as_str(), original.to_str());
        let page = fs::read_to_string(with.with_extension("html")).unwrap();
        assert!(page.contains(&format!("{end}.json --original {end}.eml")), "{page}");
        let verify = ["verify", with.to_str().unwrap(), "--original", original.to_str().unwrap()];
        let layers = type_in(settings, verify).ended(0).objects();
        for layer in ["original", "signed-receipt"] {
            assert!(layers.iter().any(|row| row["layer"] == layer && row["state"] == "holds"), "{layer}: {layers:?}");
        }
        // Whatever is there already is not written over.
        type_in(settings, words).ended(73);
    }
    let taken = file.with_extension("eml");
    type_in(&house.a, ["receipt", &*id, "-o", taken.to_str().unwrap(), "--with-original"]).ended(2);
    assert!(!taken.exists());
}

// Profile §8.19
#[test]
fn whatever_is_changed_in_the_file_is_found() {
    let house = House::new();
    let (_, file) = proved(&house);
    let good = fs::read_to_string(&file).unwrap();
    let proof: Value = serde_json::from_str(&good).unwrap();
    let check = |layer: &str, change: &dyn Fn(&mut Value)| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_ne!(changed, proof, "{layer}");
        let other = house.folder.path().join("changed.json");
        fs::write(&other, changed.to_string()).unwrap();
        let failed: Vec<_> = layers(&house.a, &other, 76)
            .into_iter()
            .filter(|(_, state)| state == "fails")
            .map(|(name, _)| name)
            .collect();
        assert!(failed.contains(&layer.to_owned()), "{layer}: {failed:?}");
    };
    let replaced = |value: &mut Value, from: &str, to: &str| {
        *value = value.as_str().unwrap().replace(from, to).into();
    };
    check("evidence", &|file| replaced(&mut file["entries"][1]["entry"], "9970000029", "9970000037"));
    // Dated back.
    check("evidence", &|file| replaced(&mut file["entries"][0]["entry"], "\"at\":\"20", "\"at\":\"19"));
    check("sequence", &|file| drop(file["entries"].as_array_mut().unwrap().remove(1)));
    check("sequence", &|file| drop(file["entries"].as_array_mut().unwrap().remove(0)));
    check("sequence", &|file| file["entries"].as_array_mut().unwrap().swap(0, 1));
    check("evidence", &|file| file["entries"][0]["path"] = serde_json::json!([]));
    check("trust-state", &|file| file["trust"] = serde_json::json!([[]]));
    check("trust-state", &|file| file["revocation"] = serde_json::json!(["MAA="]));
    check("receipt", &|file| {
        let receipt = STANDARD.decode(file["receipt"].as_str().unwrap()).unwrap();
        let text = String::from_utf8(receipt).unwrap().replacen("Date: ", "Date:  ", 1);
        file["receipt"] = STANDARD.encode(text).into();
    });
    check("log-head", &|file| {
        let mut head = STANDARD.decode(file["head"].as_str().unwrap()).unwrap();
        let at = head.windows(6).position(|six| six == b"\"size\"").unwrap();
        head[at + 7] ^= 1;
        file["head"] = STANDARD.encode(head).into();
    });
    // A head by an office's key is not the gateway's.
    check("gateway-certificate", &|file| {
        let head = STANDARD.decode(file["head"].as_str().unwrap()).unwrap();
        let inside = fumibako_signer::enclosed(&head).unwrap().1;
        let identity = fumibako::Settings::load(&house.a).unwrap().identity().unwrap();
        file["head"] = STANDARD.encode(fumibako_signer::enclose(&inside, &identity, now()).unwrap()).into();
    });
}

// Profile §8.18
#[test]
fn both_ends_get_it_by_any_name_and_nobody_else_does() {
    let house = House::new();
    let id = first(&proved(&house).0);
    let message = type_in(&house.a, ["list", "sent"]).ended(0).only()["message_id"].as_str().unwrap().to_owned();
    let c = house.stage.add_office("9970000037".parse().unwrap(), "見本", KeyKind::EcP256, now()).unwrap();
    let mut count = 0;
    let mut ask = |settings: &Path, which: &str| {
        count += 1;
        let file = house.folder.path().join(format!("{count}.json"));
        (type_in(settings, ["receipt", which, "-o", file.to_str().unwrap()]), file)
    };
    for (settings, which) in [(&house.a, "sent:1"), (&house.a, &message), (&house.b, "1"), (&house.b, &id)] {
        let (ran, file) = ask(settings, which);
        ran.ended(0);
        assert!(layers(&house.a, &file, 0).contains(&("receipt".into(), "holds".into())));
        type_in(settings, ["receipt", which, "-o", file.to_str().unwrap()]).ended(73);
    }
    // The page would have the name of the file.
    let page = house.folder.path().join("proof-to-print.html");
    type_in(&house.a, ["receipt", &id, "-o", page.to_str().unwrap()]).ended(2).says(".json");
    assert!(!page.exists());
    for which in [&id, "EV00000000000001"] {
        let (ran, file) = ask(&c, which);
        ran.ended(66).says("E-DIR-021");
        assert!(!file.exists());
    }
}

// Profile §8.19
#[test]
fn that_nothing_came_later_is_never_said_to_be_proved() {
    let house = House::new();
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).only();
    let early = house.folder.path().join("early.json");
    let id = sent["evidence"].as_str().unwrap();
    type_in(&house.a, ["receipt", id, "-o", early.to_str().unwrap()]).ended(0);
    let page = fs::read_to_string(early.with_extension("html")).unwrap();
    assert!(page.contains("<p>このあとの証跡がないことは、このファイルでは分かりません。</p>"), "{page}");

    type_in(&house.b, ["fetch"]).ended(0);
    let file = house.folder.path().join("proof.json");
    type_in(&house.a, ["receipt", id, "-o", file.to_str().unwrap()]).ended(0);
    let mut proof: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let cut = proof["entries"].as_array_mut().unwrap().pop().unwrap();
    assert!(cut["entry"].as_str().unwrap().contains("ContentHandover"), "{cut}");
    fs::write(&file, proof.to_string()).unwrap();
    assert!(layers(&house.a, &file, 0).contains(&("later-evidence".into(), "unseen".into())));

    proof["v"] = 2.into();
    fs::write(&file, proof.to_string()).unwrap();
    type_in(&house.a, ["verify", file.to_str().unwrap()]).ended(65).says("知らない形式");
    for damaged in ["{}", "{\"v\":1,\"entries\":[{\"en"] {
        fs::write(&file, damaged).unwrap();
        type_in(&house.a, ["verify", file.to_str().unwrap()]).ended(65).says("壊れた証跡のファイルです");
    }
}

// Profile §8.19
#[test]
fn the_bundle_is_the_one_that_was_accepted_under_nothing_but_a_trace() {
    let house = House::new();
    let (sent, file) = (house.composed(B), house.folder.path().join("proof.json"));
    house.smuggle(&sent);
    type_in(&house.a, ["send", "--resume"]).ended(0);
    type_in(&house.a, ["receipt", "sent:1", "-o", file.to_str().unwrap()]).ended(0);
    let copy = house.folder.path().join("copy.eml");
    let original = |octets: &[u8], exit| {
        fs::write(&copy, octets).unwrap();
        let words = ["verify", file.to_str().unwrap(), "--original", copy.to_str().unwrap()];
        let rows = type_in(&house.a, words).ended(exit).objects();
        rows.iter().find(|row| row["layer"] == "original").unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(original(&sent, 0), "holds");
    assert_eq!(original(&[b"Return-Path: <>\r\nReceived: from x\r\n by y\r\n", &*sent].concat(), 0), "holds");
    for before in ["Subject: other\r\n", "From: <9970000037@plans.example>\r\n\r\nother plan\r\n"] {
        assert_eq!(original(&[before.as_bytes(), &sent].concat(), 76), "fails", "{before}");
    }
}

// Profile §8.20
#[test]
fn a_later_head_is_proved_to_continue_an_earlier_one_and_no_other() {
    let house = House::new();
    let (told, file) = proved(&house);
    let id = first(&told);
    let head = |file: &Path| {
        let proof: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        proof["head"].as_str().unwrap().to_owned()
    };
    let early = head(&file);
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let Reply::Proof(_) = house.stage.ask(Request::EvidenceExport { id: id.parse().unwrap() }).unwrap() else {
        panic!("a proof")
    };
    let Reply::Continues(proof) = house.stage.ask(Request::EvidenceContinues { head: early }).unwrap() else {
        panic!("it continues")
    };
    let written = house.folder.path().join("continues.json");
    fs::write(&written, serde_json::to_string(&proof).unwrap()).unwrap();
    let found = layers(&house.a, &written, 0);
    assert_eq!(found.last(), Some(&("continues".into(), "holds".into())), "{found:?}");
    let turned = Continuation { earlier: proof.later.clone(), later: proof.earlier.clone(), ..proof.clone() };
    let cut = Continuation { between: proof.between[1..].to_vec(), ..proof };
    for wrong in [turned, cut] {
        fs::write(&written, serde_json::to_string(&wrong).unwrap()).unwrap();
        assert_eq!(layers(&house.a, &written, 76).last(), Some(&("continues".into(), "fails".into())));
    }
}

/// Another hand changes the rows of the gateway, which runs.
fn meddle(house: &House, sql: &str) {
    let store = house.folder.path().join("gateway/store/store.sqlite3");
    let script = "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1], timeout=20)\nd.executescript(sys.argv[2])";
    let ran = Command::new("python3").args(["-c", script]).arg(store).arg(sql).status().unwrap();
    assert!(ran.success(), "{sql}");
}

// Profile §8.18, §8.19
#[test]
fn what_the_gateway_lost_of_what_it_was_to_keep_is_said_and_is_no_success() {
    let house = House::new();
    let (told, _) = proved(&house);
    let (id, mut lacks) = (first(&told), Vec::new());
    assert_eq!(told["lacks"], serde_json::json!([]));
    for (spoil, lost, words) in [
        (
            "UPDATE paper SET octets = x'00' WHERE kind = 'certificate'",
            &["sender-certificate", "recipient-certificate"][..],
            "送信した側の証明書",
        ),
        ("DELETE FROM paper WHERE kind = 'trust'", &["trust-state"], "evidence verify"),
    ] {
        meddle(&house, spoil);
        lacks.splice(0..0, lost.iter().copied());
        let file = house.folder.path().join(format!("{}.json", lost[0]));
        let ran = type_in(&house.a, ["receipt", &*id, "-o", file.to_str().unwrap()]).ended(3);
        assert_eq!(ran.only()["lacks"], serde_json::json!(lacks), "{spoil}");
        assert!(ran.err.contains(words) && ran.err.contains("このファイルだけでは証明できません"), "{}", ran.err);
        // Nothing in it is wrong, and what it lacks it says.
        let found = layers(&house.a, &file, 0);
        for lost in &lacks {
            assert!(found.contains(&((*lost).to_owned(), "unseen".to_owned())), "{lost} in {found:?}");
        }
    }
}

// Profile §8.19
#[test]
fn without_the_message_itself_the_evidence_is_still_to_be_had_and_that_is_said() {
    let house = House::new();
    let (told, first_file) = proved(&house);
    let id = first(&told);
    empty(&house.a, "Sent");
    let file = house.folder.path().join("again.json");
    let typed = id.to_lowercase();
    let ran = type_in(&house.a, ["receipt", &*typed, "--with-original", "-o", file.to_str().unwrap()]).ended(66);
    assert!(!ran.err.contains('@'), "nobody typed a Message-ID: {}", ran.err);
    ran.says("原本は、").says("--with-original なしで実行すると");
    assert!(!file.exists());
    type_in(&house.a, ["receipt", &*typed, "-o", file.to_str().unwrap()]).ended(0);
    // What is there stays, and no option is named that this command has not.
    let ran = type_in(&house.a, ["receipt", &*typed, "-o", first_file.to_str().unwrap()]).ended(73);
    assert!(!ran.err.contains("--overwrite"), "{}", ran.err);
    type_in(&house.a, ["receipt", "EV12", "-o", file.with_file_name("none.json").to_str().unwrap()])
        .ended(2)
        .says("証跡番号は");
}
