//! Lost networks and power cuts only delay.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fumibako_gateway::Request;

use crate::house::{House, set, type_in};

/// Profile §11.2: it waits in the outbox.
#[test]
fn what_could_not_be_posted_waits_and_is_posted_by_the_next_send() {
    let mut house = House::new();
    let folder = house.sample();
    house.stage.stop();
    let object = type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(69).only();
    assert_eq!(object["state"], "waiting");
    let again = type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(69).says("同じデータが送信待ちにある");
    assert_eq!(again.only()["message_id"], object["message_id"], "no second message is made of the same files");
    let other = type_in(&house.a, ["send", folder.to_str().unwrap(), "--message", "x"]).ended(69);
    assert_eq!(other.objects().len(), 2, "with a cover message it is another one");
    fs::remove_dir_all(house.a.with_file_name("data")).unwrap();
    type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(69);
    let listed = type_in(&house.a, ["list", "sent"]).ended(69);
    assert_eq!(listed.only()["progress"], "waiting", "what waits is listed although the gateway is away");
    let json = type_in(&house.a, ["list", "sent", "--format", "json"]).ended(69);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap()[0]["progress"], "waiting");
    type_in(&house.a, ["list", "sent", "--format", "text"]).ended(69).says("送信待ち").says("つながりません");
}

/// Profile §5.8, §11.2: the same Message-ID, the same evidence.
#[test]
fn a_message_posted_twice_is_stored_once() {
    let house = House::new();
    let message = house.composed(crate::house::B);
    house.smuggle(&message);
    let first = type_in(&house.a, ["send", "--resume"]).ended(0).only();
    // As if the record had not been written: the message is in the outbox again.
    let outbox = house.a.parent().unwrap().join("data/outbox");
    fs::remove_dir_all(&outbox).unwrap();
    house.smuggle(&message);
    let second = type_in(&house.a, ["send", "--resume"]).ended(0).only();
    assert_eq!(first["evidence"], second["evidence"]);
    assert_eq!(house.messages_at_the_gateway(), 1);
}

/// Profile §8.3, §8.5
#[test]
fn a_crash_between_saving_and_receipt_saves_no_second_copy() {
    let house = House::new();
    let (port, first) = saved_but_not_acknowledged(&house);
    assert_eq!((&first["state"], &first["receipt_state"]), (&"saved".into(), &"waiting".into()));
    // Profile §8.10: what is on the disk is handed over, whatever becomes of its receipt.
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済（受け渡し）");
    set(&house.b, "submission_port", &port);
    let second = type_in(&house.b, ["fetch"]).ended(0).only();
    assert_eq!((&second["again"], &second["folder"]), (&true.into(), &first["folder"]));
    assert_eq!(second["receipt"], first["receipt"], "one receipt, whatever happened");
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済");
    assert_eq!(saved_folders(&house).len(), 1);
}

#[test]
fn a_power_cut_at_any_step_of_fetching_is_made_good() {
    for cut in ["record says only where", "receipt was not written"] {
        let house = House::new();
        let (port, _) = saved_but_not_acknowledged(&house);
        let data = house.b.parent().unwrap().join("data");
        fs::remove_dir_all(data.join("outbox")).unwrap();
        let record = fs::read_dir(data.join("received")).unwrap().next().unwrap().unwrap().path();
        if cut == "record says only where" {
            let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
            json["saved_at"] = serde_json::Value::Null;
            fs::write(&record, json.to_string()).unwrap();
        }
        set(&house.b, "submission_port", &port);
        type_in(&house.b, ["fetch"]).ended(0);
        assert_eq!(saved_folders(&house).len(), 1, "{cut}");
        assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済", "{cut}");
    }
}

#[test]
fn a_cut_before_the_folder_was_renamed_saves_it_where_it_was_meant_to_be() {
    let house = House::new();
    let (port, first) = saved_but_not_acknowledged(&house);
    let data = house.b.parent().unwrap().join("data");
    fs::remove_dir_all(data.join("outbox")).unwrap();
    let record = fs::read_dir(data.join("received")).unwrap().next().unwrap().unwrap().path();
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    json["saved_at"] = serde_json::Value::Null;
    fs::write(&record, json.to_string()).unwrap();
    let folder = PathBuf::from(first["folder"].as_str().unwrap());
    fs::remove_dir_all(&folder).unwrap();
    let token = json["receipt"].as_str().unwrap().split('@').next().unwrap().to_owned();
    let half = folder.with_file_name(format!(".fumibako-{token}"));
    fs::create_dir(&half).unwrap();
    fs::write(half.join("UP1KYO"), "half").unwrap();
    set(&house.b, "submission_port", &port);
    let second = type_in(&house.b, ["fetch"]).ended(0).only();
    assert_eq!((&second["again"], &second["folder"]), (&false.into(), &first["folder"]));
    assert_eq!(saved_folders(&house).len(), 1, "the half folder is cleared");
}

#[test]
fn a_spoilt_record_and_a_spoilt_receipt_hold_up_nothing_and_are_made_anew() {
    let house = House::new();
    let (port, _) = saved_but_not_acknowledged(&house);
    let data = house.b.parent().unwrap().join("data");
    let only = |folder: &str| fs::read_dir(data.join(folder)).unwrap().next().unwrap().unwrap().path();
    fs::write(only("outbox"), "no mail at all").unwrap();
    set(&house.b, "submission_port", &port);
    let anew = type_in(&house.b, ["fetch"]).ended(0).only();
    assert_eq!((&anew["again"], &anew["receipt_state"]), (&true.into(), &"accepted".into()));
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済");

    set(&house.b, "submission_port", "1");
    let first = one_more(&house, "two");
    type_in(&house.b, ["fetch"]).ended(69);
    let record = fs::read_dir(data.join("received"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read_to_string(path).unwrap().contains(&first));
    fs::write(record.unwrap(), "{").unwrap();
    let second = one_more(&house, "three");
    set(&house.b, "submission_port", &port);
    let saved = type_in(&house.b, ["fetch"]).ended(0);
    let ids: Vec<String> = saved.objects().iter().map(|one| one["message_id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.contains(&first) && ids.contains(&second), "{ids:?}");
    let sent = type_in(&house.a, ["list", "sent"]).objects();
    assert!(sent.iter().all(|one| one["state"] == "済"), "{sent:?}");
}

/// Profile §11.2
#[test]
fn a_bundle_that_was_spoilt_while_it_waited_is_told_until_its_file_is_gone() {
    let house = House::new();
    let port = house.stage.addresses().submission_tls.port().to_string();
    set(&house.a, "submission_port", "1");
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(69);
    let outbox = house.a.with_file_name("data").join("outbox");
    let only = || fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().path()).next();
    fs::write(only().unwrap(), "no mail at all").unwrap();
    set(&house.a, "submission_port", &port);
    for _ in 0..2 {
        let told = type_in(&house.a, ["list", "sent"]).ended(65).only();
        assert_eq!((&told["progress"], &told["state"]), (&"damaged".into(), &"破損".into()));
        assert!(told["note"].as_str().unwrap().contains("もう一度送ってください"), "{told}");
        type_in(&house.a, ["send", "--resume"]).ended(65).says("送信待ちのデータが壊れています");
    }
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0).says("送信待ちのデータが壊れています");
    fs::remove_file(
        fs::read_dir(&outbox)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().ends_with(".unreadable"))
            .unwrap(),
    )
    .unwrap();
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["state"], "未");
}

/// The network is lost after saving: the receipt cannot be posted. The port by which it can, and what `fetch` said.
fn saved_but_not_acknowledged(house: &House) -> (String, serde_json::Value) {
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let port = house.stage.addresses().submission_tls.port();
    set(&house.b, "submission_port", "1");
    (port.to_string(), type_in(&house.b, ["fetch"]).ended(69).only())
}

/// The same files under another cover message; its Message-ID.
fn one_more(house: &House, message: &str) -> String {
    let sent = type_in(&house.a, ["send", house.sample().to_str().unwrap(), "--message", message]).ended(0);
    sent.only()["message_id"].as_str().unwrap().to_owned()
}

/// Profile §8.5: no receipt before the files are on disk.
#[test]
fn a_save_folder_that_cannot_be_written_stops_the_run_and_nothing_is_acknowledged() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    fs::write(house.b.with_file_name("受信"), "a file where the folder should be").unwrap();
    type_in(&house.b, ["fetch"]).ended(73).says("書き込めません");
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "未");
}

/// Profile §8.3, §11.9: a gateway that was restored from a copy has no receipt that came since, whatever this computer wrote down of it.
#[test]
fn a_receipt_that_the_gateway_lost_is_sent_again() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let first = type_in(&house.b, ["fetch"]).ended(0).only();
    let port = house.stage.addresses().submission_tls.port().to_string();
    let original = one_more(&house, "二");
    set(&house.b, "submission_port", "1");
    let second = type_in(&house.b, ["fetch"]).ended(69).only();
    set(&house.b, "submission_port", &port);
    // What waits went, says the outbox; the gateway has nothing of it.
    let outbox = house.b.with_file_name("data").join("outbox");
    let files: Vec<PathBuf> = fs::read_dir(outbox).unwrap().map(|file| file.unwrap().path()).collect();
    let ending = |end: &str| files.iter().find(|file| file.to_str().unwrap().ends_with(end)).unwrap();
    let posted = fs::read_to_string(ending(".posted.json")).unwrap();
    let of = |fetched: &serde_json::Value| fetched["receipt"].as_str().unwrap().to_owned();
    let waits = ending(".eml");
    fs::write(waits.with_extension("posted.json"), posted.replace(&of(&first), &of(&second))).unwrap();
    fs::remove_file(waits).unwrap();
    let state = || {
        let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects();
        listed.iter().find(|one| one["message_id"] == original.as_str()).unwrap()["state"].clone()
    };
    assert_eq!(state(), "済（受け渡し）");
    let fetch = || type_in(&house.b, ["fetch"]).ended(0).only();
    // Where that was tried, and answered with the evidence that is known, the mark has no place there; nobody tries for ever.
    let records = fs::read_dir(house.b.with_file_name("data").join("received")).unwrap();
    let mut records = records.map(|file| file.unwrap().path());
    let record = records.find(|file| fs::read_to_string(file).unwrap().contains(&of(&second))).unwrap();
    let before = fs::read_to_string(&record).unwrap();
    let evidence = &posted[posted.find("EV").unwrap()..][..16];
    fs::write(&record, before.replacen('{', &format!("{{\"asked_after\":\"{evidence}\","), 1)).unwrap();
    fetch();
    assert_eq!(state(), "済（受け渡し）");
    fs::write(&record, before).unwrap();
    let again = fetch();
    assert_eq!((&again["again"], of(&again)), (&true.into(), of(&second)), "under its own Message-ID");
    assert_eq!(state(), "済");
    assert_eq!(type_in(&house.b, ["fetch"]).ended(0).objects(), [] as [serde_json::Value; 0], "and once");
}

#[test]
fn a_refused_receipt_is_written_anew_once_its_reason_is_mended() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let number = crate::house::B.parse().unwrap();
    house.stage.ask(Request::OfficeSuspend { number, reason: "test".into() }).unwrap();
    for _ in 0..2 {
        let ran = type_in(&house.b, ["fetch"]).ended(3);
        let object = ran.only();
        assert_eq!((&object["state"], &object["receipt_state"]), (&"saved".into(), &"refused".into()));
        assert_eq!(object["code"], "E-LIC-003");
        assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済（受け渡し）", "the files are on the disk");
    }
    let text = type_in(&house.b, ["fetch", "--format", "text"]).ended(3);
    text.says("送信元には「済（受け渡し）」と表示されます").says("fetch をもう一度実行してください");
    house.stage.ask(Request::OfficeResume { number }).unwrap();
    type_in(&house.b, ["fetch"]).ended(0);
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済");
    assert_eq!(saved_folders(&house).len(), 1);
}

/// The program is killed at many moments of sending; what it had kept arrives, and nothing arrives twice.
#[test]
fn killing_the_program_while_it_sends_loses_nothing_and_doubles_nothing() {
    const BUNDLES: usize = 8;
    let house = House::new();
    let folders: Vec<PathBuf> = (0..BUNDLES).map(|n| house.folder.path().join(format!("written-{n}"))).collect();
    for (n, folder) in folders.iter().enumerate() {
        fs::create_dir(folder).unwrap();
        for (name, bytes) in fumibako::demo::sample::FILES {
            // One office may run several services, each a bundle of its own.
            fs::write(folder.join(name.replace("9970000029_11", &format!("9970000029_{}", 61 + n))), bytes).unwrap();
        }
    }
    let program = |words: &[&std::ffi::OsStr]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fumibako"));
        command.arg("--config").arg(&house.a).args(words).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    for (kill_after, folder) in folders.iter().enumerate() {
        let mut sending = program(&["send".as_ref(), folder.as_os_str()]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(15 * kill_after as u64));
        sending.kill().unwrap();
        sending.wait().unwrap();
    }
    assert!(program(&["send".as_ref(), "--resume".as_ref()]).status().unwrap().success());
    let entries = fumibako::outbox::look(&house.a.with_file_name("data")).unwrap();
    assert!(entries.iter().all(|entry| entry.evidence().is_some()), "everything kept was posted");
    assert_eq!(house.messages_at_the_gateway(), entries.len() as u64, "and nothing twice");
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects().len();
    assert_eq!(listed, entries.len());
}

fn saved_folders(house: &House) -> Vec<PathBuf> {
    let months = fs::read_dir(house.b.with_file_name("受信")).unwrap();
    months.flat_map(|month| fs::read_dir(month.unwrap().path()).unwrap()).map(|entry| entry.unwrap().path()).collect()
}
