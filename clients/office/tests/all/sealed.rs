//! Encryption as the user sees it: who can read, what stays on the disk, and what to do when something is missing.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako::demo::sample;
use fumibako::demo::unread::Traces;
use fumibako_gateway::{Request, development_authority, issue_office};
use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request as Wish};
use jiff::{SignedDuration, Timestamp};

use crate::house::{A, B, House, Ran, now, set, type_in};
use crate::ui::{end, start, until};

fn send(house: &House, words: &[&str]) -> Ran {
    let folder = house.sample();
    type_in(&house.a, ["send", folder.to_str().unwrap()].into_iter().chain(words.iter().copied()))
}

/// Where the plan's text stands in a folder.
fn readable_in(folder: &Path) -> Vec<PathBuf> {
    Traces::of_plan(&sample::FILES).found_below(folder).unwrap()
}

/// A new certificate and key of an office, from the gateway's own authority.
fn renewed(house: &House, office: &str) -> Identity {
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    let domain = "plans.example".parse().unwrap();
    issue_office(&authority, office.parse().unwrap(), &domain, KeyKind::EcP256, now()).unwrap()
}

/// The file of certificates that both offices use.
fn partners(house: &House) -> PathBuf {
    house.folder.path().join("partners.pem")
}

/// Profile §4.5, §4.8: whole way sealed; neither the outbox nor the gateway holds a word of the plan.
#[test]
fn a_sealed_bundle_leaves_no_readable_trace_on_the_way() {
    let mut house = House::new();
    let (ours, gateway) = (house.a.with_file_name("data"), house.stage.gateway_folder());
    let secret = "添え状の秘密の文章です";
    send(&house, &["--message", secret]).ended(0);
    type_in(&house.a, ["show", "sent:1"]).ended(0).says(secret);
    for folder in [&ours, &gateway] {
        assert_eq!(readable_in(folder), Vec::<PathBuf>::new());
        assert_eq!(Traces::of(secret.as_bytes()).found_below(folder).unwrap(), Vec::<PathBuf>::new());
    }
    // What waits, or was refused for good, stays in the outbox, sealed too.
    house.stage.ask(Request::OfficeSuspend { number: B.parse().unwrap(), reason: "test".into() }).unwrap();
    send(&house, &[]).ended(3);
    house.stage.stop();
    send(&house, &["--message", secret]).ended(69);
    let kept = fs::read_dir(ours.join("outbox")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(kept.filter(|path| path.extension().is_some_and(|end| end == "eml")).count(), 2);
    assert_eq!(readable_in(&ours), Vec::<PathBuf>::new());
    assert_eq!(Traces::of(secret.as_bytes()).found_below(&ours).unwrap(), Vec::<PathBuf>::new());
    assert!(!readable_in(&house.folder.path().join("written")).is_empty(), "the same search finds what is there");
}

/// Profile §4.6: the user may choose to let the gateway read it.
#[test]
fn signed_only_is_sent_when_the_user_says_so() {
    for (seal, words) in [("true", ["--signed-only"].as_slice()), ("false", &[])] {
        let house = House::new();
        set(&house.a, "seal", seal);
        set(&house.a, "partners_file", "\"\"");
        send(&house, words).ended(0);
        let shown = type_in(&house.b, ["show", "1"]).ended(0).only();
        assert_eq!((&shown["form"], &shown["signature"]), (&"signed".into(), &"holds".into()));
        type_in(&house.b, ["fetch"]).ended(0);
        assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済");
    }
}

/// Profile §4.6
#[test]
fn without_a_certificate_that_bundle_is_not_sent_and_the_others_go_on() {
    let house = House::new();
    let other = house.renamed(B, "9970000037");
    let ran = send(&house, &[other.to_str().unwrap()]).ended(3);
    let [missing, sent] = ran.objects().try_into().unwrap();
    assert_eq!((&missing["to"], &missing["state"]), (&"9970000037".into(), &"not-sent".into()));
    assert!(missing["sentence"].as_str().unwrap().contains("送信先 9970000037 に宛てて暗号化できません。"));
    assert!(missing["next"].as_str().unwrap().contains("--signed-only"));
    assert_eq!((&sent["to"], &sent["state"]), (&B.into(), &"accepted".into()));
    let dry = type_in(&house.a, ["send", other.to_str().unwrap(), "--dry-run"]).ended(3).only();
    assert_eq!(dry["state"], "not-sent", "a dry run tells it beforehand");
    let text = type_in(&house.a, ["send", other.to_str().unwrap(), "--format", "text", "--lang", "en"]).ended(3);
    text.says("Nothing can be encrypted to 9970000037");
    assert_eq!(house.messages_at_the_gateway(), 1);
}

#[test]
fn a_missing_or_useless_file_of_certificates_is_told_with_what_to_do() {
    let house = House::new();
    set(&house.a, "partners_file", "\"nowhere.pem\"");
    send(&house, &[]).ended(66).says("nowhere.pem");
    set(&house.a, "partners_file", "\"password\"");
    send(&house, &[]).ended(78).says("相手の事業所の証明書が一つもありません");
    set(&house.a, "partners_file", "\"../partners.pem\"");
    let stranger = Authority::create("Stranger", now()).unwrap();
    fs::write(partners(&house), of_b(&stranger, now() + SignedDuration::from_hours(24))).unwrap();
    send(&house, &[]).ended(3).says("信頼できる発行元のものでないか");
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    fs::write(partners(&house), of_b(&authority, now() - SignedDuration::from_hours(24))).unwrap();
    send(&house, &[]).ended(3).says("期限が切れたので");
    assert_eq!(house.messages_at_the_gateway(), 0);
    assert_eq!(fs::read_dir(house.a.with_file_name("data").join("outbox")).unwrap().count(), 0, "nothing waits");
}

/// Profile §9.11: without a file the gateway is asked, and what it said last counts while it does not answer.
#[test]
fn without_a_file_of_certificates_the_gateway_is_asked() {
    let mut house = House::new();
    set(&house.a, "partners_file", "\"\"");
    let other = house.renamed(B, "9970000037");
    let ran = send(&house, &[other.to_str().unwrap()]).ended(3);
    assert_eq!(
        ran.objects().iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>(),
        ["not-sent", "accepted"]
    );
    ran.says("ゲートウェイに、その証明書が登録されていない");
    assert_eq!(type_in(&house.b, ["fetch"]).ended(0).only()["receipt_state"], "accepted");
    house.stage.stop();
    send(&house, &["--message", "もう一度"]).ended(69);
    let kept = fs::read_dir(house.a.with_file_name("data").join("outbox")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(kept.filter(|path| path.extension().is_some_and(|end| end == "eml")).count(), 1, "it waits, sealed");
    fs::remove_dir_all(house.a.with_file_name("data").join("readers")).unwrap();
    send(&house, &["--message", "三度目"]).ended(69).says("つながりません");
}

/// Profile §5.10: the gateway says no to what the recipient could not open, and the client says what to do.
#[test]
fn a_bundle_for_an_outdated_certificate_is_refused_and_goes_after_an_update() {
    let house = House::new();
    // B's new certificate never reached A: here A has one that the gateway's roll does not know.
    fs::write(partners(&house), renewed(&house, B).certificate().to_pem()).unwrap();
    let object = send(&house, &[]).ended(3).only();
    assert_eq!((&object["state"], &object["code"]), (&"refused".into(), &"E-CRT-007".into()));
    assert!(object["next"].as_str().unwrap().contains("partners_file"), "{object:#}");
    assert_eq!(house.messages_at_the_gateway(), 0);
    house.stage.hand_out_certificates().unwrap();
    send(&house, &[]).ended(0);
    type_in(&house.b, ["fetch"]).ended(0);
}

/// Profile §8.7: what does not open is neither saved nor acknowledged, and stays; the old key opens it.
#[test]
fn after_a_renewal_the_old_key_still_reads() {
    let house = House::new();
    send(&house, &[]).ended(0);
    let (new, old) = (renewed(&house, B), house.b.with_file_name("office.pem"));
    fs::write(house.b.with_file_name("new.pem"), new.to_pem().as_bytes()).unwrap();
    set(&house.b, "identity_file", "\"new.pem\"");
    for _ in 0..2 {
        let ran = type_in(&house.b, ["fetch"]).ended(76);
        let one = ran.only();
        assert_eq!(
            (&one["state"], &one["code"], one["told"].is_null()),
            (&"distrusted".into(), &"E-CRT-008".into(), true)
        );
        ran.says("このパソコンにある鍵では開けないデータです。").says("old_identity_files");
    }
    type_in(&house.b, ["show", "1"]).ended(76).says("E-CRT-008");
    assert!(!house.b.with_file_name("受信").exists(), "nothing was saved");
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).only();
    // Profile §5.10, §8.22: it is for a key of the office's, and the sender did nothing wrong.
    assert_eq!((&listed["state"], &listed["fault"]), (&"未".into(), &serde_json::Value::Null));
    fs::write(
        house.b.with_file_name("old.p12"),
        Identity::read(&fs::read(&old).unwrap(), None).unwrap().to_pkcs12("昔").unwrap(),
    )
    .unwrap();
    set(&house.b, "old_identity_files", "[\"old.p12\"]");
    type_in(&house.b, ["fetch"]).ended(78).says("前の証明書のファイル").says("old_identity_password_file");
    fs::write(house.b.with_file_name("old-passwords"), "違う\n昔\n").unwrap();
    set(&house.b, "old_identity_password_file", "\"old-passwords\"");
    type_in(&house.b, ["fetch"]).ended(0);
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["state"], "済");
    let shown = type_in(&house.a, ["show", "sent:1"]).ended(0).only();
    assert_eq!((&shown["receipt"]["holds"], &shown["fault"]), (&true.into(), &serde_json::Value::Null), "{shown}");
}

/// B's second computer, with a key of its own that is on the roll as well; A encrypts to the first one's alone.
fn second_computer(house: &House) -> PathBuf {
    let folder = house.folder.path().join("second");
    fs::create_dir(&folder).unwrap();
    let files = fs::read_dir(house.b.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.is_file()) {
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let key = renewed(house, B);
    house.stage.enrol(B.parse().unwrap(), key.certificate()).unwrap();
    fs::write(folder.join("second.pem"), key.to_pem().as_bytes()).unwrap();
    let settings = folder.join(house.b.file_name().unwrap());
    set(&settings, "identity_file", "\"second.pem\"");
    settings
}

/// Profile §8.22, §15.5: what is for another computer of the office is no fault of the sender's, and he is told none: neither by the
/// screens, merely started, nor by `fetch`. What that computer fetched is 済 here as well.
#[test]
fn a_second_computer_of_the_office_tells_no_sender_that_the_first_one_s_data_does_not_open() {
    let house = House::new();
    let second = second_computer(&house);
    send(&house, &["--message", "一通目"]).ended(0);
    type_in(&house.b, ["fetch"]).ended(0);
    send(&house, &["--message", "二通目"]).ended(0);
    let (program, browser) = start(&second, None);
    until("both are shown", || {
        let page = browser.get("/inbox");
        page.contains("別のパソコンで取得済みです") && page.contains("事業所の別のパソコンで取得してください")
    });
    // A look begins once the one before it has told whomever there was to tell.
    until("senders would be told", || second.with_file_name("data").join("outbox").is_dir());
    send(&house, &["--message", "三通目"]).ended(0);
    until("it looked again", || browser.get("/inbox").contains("id=\"row-3\""));
    let page = browser.get("/inbox");
    assert_eq!((page.matches("確認できません").count(), page.matches("自動で知らせて").count()), (2, 0), "{page}");
    end(program);
    let ran = type_in(&second, ["fetch"]).ended(76).says("このパソコンにある鍵では開けない").says("old_identity_files");
    let told: Vec<_> = ran.objects().iter().map(|one| (one["code"].clone(), one["told"].clone())).collect();
    assert_eq!(told, vec![("E-CRT-008".into(), serde_json::Value::Null); 2]);
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects();
    assert_eq!(listed.iter().filter(|one| one["state"] == "未").count(), 2, "{listed:#?}");
    assert!(listed.iter().all(|one| one["fault"].is_null()), "{listed:#?}");
    type_in(&house.b, ["fetch"]).ended(0);
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects();
    assert!(listed.iter().all(|one| one["state"] == "済"), "{listed:#?}");
}

/// Profile §4.6: nobody else's Sent is readable with our key, and ours is.
#[test]
fn the_sender_reads_its_own_copy_also_after_a_renewal() {
    let house = House::new();
    send(&house, &["--message", "控えの確認"]).ended(0);
    fs::write(house.a.with_file_name("new.pem"), renewed(&house, A).to_pem().as_bytes()).unwrap();
    set(&house.a, "identity_file", "\"new.pem\"");
    type_in(&house.a, ["show", "sent:1"]).ended(76).says("E-CRT-008");
    set(&house.a, "old_identity_files", "[\"office.pem\"]");
    let shown = type_in(&house.a, ["show", "sent:1"]).ended(0).only();
    assert_eq!((&shown["form"], &shown["cover"]), (&"sealed".into(), &"控えの確認\r\n".into()));
    assert_eq!(shown["names"].as_array().unwrap().len(), sample::FILES.len());
    let text = type_in(&house.a, ["show", "sent:1", "--format", "text"]).ended(0);
    text.says("暗号化と署名").says("居宅サービス計画（1～3表）");
}

/// A certificate of B by this authority, as PEM.
fn of_b(authority: &Authority, until: Timestamp) -> String {
    let wish = Wish {
        common_name: B,
        rfc822_name: &format!("{B}@plans.example"),
        key: KeyKind::EcP256,
        purpose: Purpose::Mail,
        not_before: until - SignedDuration::from_hours(48),
        not_after: until,
    };
    authority.issue(&wish).unwrap().certificate().to_pem()
}
