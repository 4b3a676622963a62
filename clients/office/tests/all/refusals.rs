//! Bad input as the user sees it: exit code, sentence, nothing stored.

use std::fs;
use std::path::Path;

use fumibako::Settings;
use fumibako_gateway::{Request, development_authority};
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request as Wish};
use jiff::SignedDuration;
use serde_json::Value;

use crate::house::{A, B, House, Ran, now, set, type_in, type_in_at};

/// Profile §6.1, §6.2: the gateway said no to the message: the code, its sentence in Japanese, a reference number, and nothing is stored.
#[track_caller]
fn refused(house: &House, ran: Ran, exit: u8, code: &str, sentence: &str) {
    let object = ran.ended(exit).objects().pop().unwrap();
    assert_eq!((&object["state"], &object["code"]), (&"refused".into(), &code.into()), "{object:#}");
    assert!(object["sentence"].as_str().unwrap().starts_with(sentence), "{object:#}");
    assert!(!object["next"].as_str().unwrap().is_empty() && object["reference"].is_string(), "{object:#}");
    assert_eq!(house.messages_at_the_gateway(), 0);
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects().pop();
    // A message without `Fumibako-Bundle` is no bundle, so the list does not name it.
    if let Some(listed) = listed {
        assert_eq!(listed["progress"], "refused");
        assert!(listed["note"].as_str().unwrap().contains(code), "{listed:#}");
    }
    let text = type_in(&house.a, ["send", "--resume"]);
    assert_eq!(text.ended(0).out, "", "what was refused for good is not posted again");
}

fn resume(house: &House) -> Ran {
    type_in(&house.a, ["send", "--resume"])
}

#[test]
fn an_unsigned_message() {
    let house = House::new();
    let text = format!(
        "From: <{A}@plans.example>\r\nTo: <{B}@plans.example>\r\nDate: Fri, 20 Nov 2026 09:15:00 +0900\r\n\
         Message-ID: <smuggled@plans.example>\r\n\r\nhello\r\n"
    );
    house.smuggle(text.as_bytes());
    refused(&house, resume(&house), 3, "E-SIG-001", "電子署名がありません。");
}

#[test]
fn a_broken_signature() {
    let house = House::new();
    let message = String::from_utf8(house.composed(B)).unwrap().replacen("UP1KYO", "UP2KYO", 1);
    house.smuggle(message.as_bytes());
    refused(&house, resume(&house), 3, "E-SIG-002", "署名と内容が一致しません。");
}

#[test]
fn an_unknown_authority() {
    let house = House::new();
    let stranger = Authority::create("Stranger", now()).unwrap();
    sign_with(&house, &stranger, now() + SignedDuration::from_hours(24), A);
    let ran = type_in(&house.a, ["send", house.sample().to_str().unwrap()]);
    refused(&house, ran, 3, "E-CRT-001", "証明書の発行元が登録されていません。");
}

#[test]
fn an_expired_certificate() {
    let house = House::new();
    let authority = development_authority(&house.folder.path().join("gateway")).unwrap();
    sign_with(&house, &authority, now() - SignedDuration::from_hours(24), A);
    // Profile §4.11: our own program says so before anything is sent.
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(78).says("に期限が切れています。何も送って");
    assert_eq!(house.messages_at_the_gateway(), 0);
    type_in(&house.a, ["list", "sent"]).ended(0);
    // The gateway says it to a message that was composed all the same.
    house.smuggle(&house.composed(B));
    refused(&house, resume(&house), 3, "E-CRT-002", "証明書の有効期限が切れています。");
}

#[test]
fn the_certificate_of_another_office() {
    let house = House::new();
    set(&house.a, "identity_file", &format!("\"../{B}/office.pem\""));
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(78).says("別の事業所 9970000029 のものです");
    assert_eq!(house.messages_at_the_gateway(), 0);
    house.smuggle(&house.composed(B));
    refused(&house, resume(&house), 3, "E-CRT-005", "別の事業所の証明書で署名されています。");
}

#[test]
fn a_recipient_that_is_not_registered() {
    let house = House::new();
    let ran = type_in(&house.a, ["send", "--signed-only", house.renamed(B, "9970000045").to_str().unwrap()]);
    refused(&house, ran, 3, "E-DIR-001", "送信先の事業所は利用登録がありません。");
}

#[test]
fn a_recipient_that_is_suspended() {
    let house = House::new();
    house.stage.ask(Request::OfficeSuspend { number: B.parse().unwrap(), reason: "test".into() }).unwrap();
    let ran = type_in(&house.a, ["send", house.sample().to_str().unwrap()]);
    refused(&house, ran, 3, "E-LIC-004", "送信先の事業所は利用停止中です。");
}

#[test]
fn files_that_name_another_recipient_than_the_address() {
    let house = House::new();
    house.stage.add_office("9970000037".parse().unwrap(), "見本", KeyKind::EcP256, now()).unwrap();
    house.smuggle(&house.composed("9970000037"));
    refused(&house, resume(&house), 3, "E-STD-102", "ファイル名の送信先と宛先が異なります。");
}

#[test]
fn a_message_that_is_too_large() {
    let house = House::new();
    let mut message = house.composed(B);
    message.extend(b"x\r\n".repeat(9 << 20));
    house.smuggle(&message);
    refused(&house, resume(&house), 3, "E-SIZ-001", "送信データが大きすぎます。");
}

#[test]
fn a_file_that_is_too_large_is_not_even_read() {
    let house = House::new();
    let folder = house.sample();
    let pdf = house.folder.path().join("large.pdf");
    fs::File::create(&pdf).unwrap().set_len((25 << 20) + 1).unwrap();
    let ran = type_in(&house.a, ["send", folder.to_str().unwrap(), "--attach", pdf.to_str().unwrap()]);
    ran.ended(65).says("上限の 25.0 MiB を超えています");
    assert_eq!(house.messages_at_the_gateway(), 0);
}

#[test]
fn a_wrong_password_keeps_the_message_for_later() {
    let house = House::new();
    let password = house.a.with_file_name("password");
    let right = fs::read(&password).unwrap();
    fs::write(&password, "wrong").unwrap();
    let object = type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(3).only();
    assert_eq!((&object["state"], &object["code"]), (&"waiting".into(), &"E-AUT-001".into()));
    assert!(object["sentence"].as_str().unwrap().starts_with("ユーザ ID またはパスワードが違います。"));
    type_in(&house.b, ["list", "inbox"]).ended(0);
    type_in(&house.a, ["fetch"]).ended(3).says("ユーザ ID またはパスワードが違います。");
    fs::write(&password, right).unwrap();
    assert_eq!(resume(&house).ended(0).only()["message_id"], object["message_id"], "the Message-ID stays");
}

#[test]
fn a_gateway_that_cannot_prove_itself_gets_nothing() {
    let house = House::new();
    set(&house.a, "tls_ca_file", "\"office-ca.pem\"");
    type_in(&house.a, ["send", house.sample().to_str().unwrap()])
        .ended(76)
        .says("本物のゲートウェイか確かめられません");
    type_in(&house.a, ["fetch"]).ended(76).says("本物のゲートウェイか確かめられません");
    assert_eq!(house.messages_at_the_gateway(), 0);
}

#[test]
fn a_message_whose_signer_we_do_not_trust_stays_where_it_is() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let trust = house.b.with_file_name("office-ca.pem");
    let right = fs::read(&trust).unwrap();
    fs::write(&trust, Authority::create("Other", now()).unwrap().certificate().to_pem()).unwrap();
    // Profile §8.22, §8.23: the word of a clock that is ahead is refused, and tells nobody; it is said once the clock is right.
    let ahead = || now() + SignedDuration::from_mins(20);
    assert_eq!(type_in_at(ahead, &house.b, ["fetch"]).ended(76).only()["told"], Value::Null);
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["state"], "未");
    for _ in 0..2 {
        let ran = type_in(&house.b, ["fetch"]).ended(76);
        assert_eq!((&ran.only()["code"], &ran.only()["told"]), (&"E-CRT-001".into(), &"authentication-failed".into()));
        ran.says("送信元に電話などで確かめてください");
    }
    assert!(!house.b.with_file_name("受信").exists(), "nothing was saved");
    // Profile §8.22: the sender learns why, once.
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).only();
    assert_eq!((&listed["state"], &listed["fault"]), (&"開封できず".into(), &"authentication-failed".into()));
    assert!(listed["note"].as_str().unwrap().contains("発行元（認証局）の登録を確かめてもらってください"), "{listed}");
    fs::write(&trust, right).unwrap();
    type_in(&house.b, ["fetch"]).ended(0);
    assert_eq!(type_in(&house.a, ["list", "sent"]).ended(0).only()["state"], "済");
}

#[test]
fn settings_that_are_missing_or_wrong_are_named() {
    let house = House::new();
    type_in(std::path::Path::new("/nowhere/fumibako.toml"), ["send"]).ended(2).says("送るファイルが指定されていません");
    type_in(std::path::Path::new("/nowhere/fumibako.toml"), ["fetch"]).ended(78).says("設定ファイル");
    set(&house.a, "colour", "\"green\"");
    type_in(&house.a, ["list", "sent"]).ended(78).says("colour");
    set(&house.b, "identity_file", "\"\"");
    type_in(&house.b, ["fetch"]).ended(78).says("identity_file");
    type_in(&house.b, ["send"]).ended(2).says("--resume");
    type_in(&house.b, ["sned"]).ended(2).says("使い方が違います");
}

/// Gives A a certificate of this authority for this office.
fn sign_with(house: &House, authority: &Authority, until: jiff::Timestamp, office: &str) {
    let wish = Wish {
        common_name: office,
        rfc822_name: &format!("{office}@plans.example"),
        key: KeyKind::EcP256,
        purpose: Purpose::Mail,
        not_before: until - SignedDuration::from_hours(48),
        not_after: until,
    };
    let pem = authority.issue(&wish).unwrap().to_pem();
    fs::write(house.a.with_file_name("office.pem"), pem.as_bytes()).unwrap();
}

// Profile §4.6, §5.3
#[test]
fn a_revoked_office_is_neither_written_to_nor_believed() {
    let house = House::new();
    let authority = development_authority(&house.stage.gateway_folder()).unwrap();
    let list = |settings: &Path, office: &Path| {
        let revoked = Settings::load(office).unwrap().identity().unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let list = authority.revoke(&[(revoked.certificate(), now() - hour)], now() - hour, now() + hour).unwrap();
        fs::write(settings.with_file_name("ca.crl"), list).unwrap();
        set(settings, "revocation_files", "[\"ca.crl\"]");
    };
    list(&house.a, &house.b);
    let files = house.sample();
    let sent = type_in(&house.a, ["send", files.to_str().unwrap()]).ended(3);
    sent.says("失効したので").says("このデータは送っていません。");
    assert_eq!(house.messages_at_the_gateway(), 0);

    set(&house.a, "revocation_files", "[]");
    type_in(&house.a, ["send", files.to_str().unwrap()]).ended(0);
    list(&house.b, &house.a);
    let fetched = type_in(&house.b, ["fetch"]).ended(76);
    assert_eq!(fetched.only()["code"], "E-REV-001");
    assert!(!house.b.with_file_name("受信").exists(), "nothing was saved");
    set(&house.b, "revocation_files", "[]");
    type_in(&house.b, ["fetch"]).ended(0).says("accepted");
}
