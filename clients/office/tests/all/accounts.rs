//! User ID, password, application passwords and certificates as an office types them, at a real gateway.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako::Settings;
use fumibako_gateway::{AccountRequest, Request, Secret, development_authority, issue_office};
use fumibako_model::AccountChange;
use fumibako_signer::authority::KeyKind;

use crate::house::{A, House, now, type_in};

const NEW: &str = "yama ni noboru ko";

impl House {
    fn account(&self, request: AccountRequest) {
        self.stage.ask(Request::Account(request)).unwrap();
    }

    /// A file whose first line is this.
    fn secret(&self, name: &str, line: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("{line}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// One more key of office A, not on the roll.
    fn another_key(&self, name: &str) -> PathBuf {
        let authority = development_authority(&self.stage.gateway_folder()).unwrap();
        let domain = Settings::load(&self.a).unwrap().domain.unwrap();
        let identity = issue_office(&authority, A.parse().unwrap(), &domain, KeyKind::EcP256, now()).unwrap();
        let path = self.folder.path().join(name);
        fs::write(&path, identity.to_pem().as_bytes()).unwrap();
        path
    }
}

fn password_file(settings: &Path) -> PathBuf {
    Settings::load(settings).unwrap().password_file
}

/// Profile §19.3, §19.4, §19.9
#[test]
fn a_temporary_password_is_changed_before_anything_else() {
    let house = House::new();
    let temporary = Secret("from-the-desk".into());
    house.account(AccountRequest::Password { login: A.into(), password: temporary, temporary: true });
    let old = house.secret("old", "from-the-desk");
    // What the computer has is no longer it; what the operator gave opens nothing but the change.
    type_in(&house.a, ["account"]).ended(3).says("E-AUT-001");
    fs::write(password_file(&house.a), "from-the-desk\n").unwrap();
    assert_eq!(type_in(&house.a, ["account"]).ended(77).only()["password"]["state"], "temporary");
    type_in(&house.a, ["list", "inbox"]).ended(77).says("E-AUT-005").says("fumibako password change");
    let new = house.secret("new", "mijikai");
    type_in(&house.a, ["password", "change", "--new-file", &new]).ended(3).says("12 文字以上にしてください");
    assert_eq!(fs::read_to_string(password_file(&house.a)).unwrap(), "from-the-desk\n", "nothing changed");
    let new = house.secret("new", NEW);
    type_in(&house.a, ["password", "change", "--old-file", &old, "--new-file", &new]).ended(0).says("変えました");
    assert_eq!(fs::read_to_string(password_file(&house.a)).unwrap(), format!("{NEW}\n"));
    assert_eq!(type_in(&house.a, ["account"]).ended(0).only()["password"]["state"], "good");
    type_in(&house.a, ["list", "inbox"]).ended(0);
    type_in(&house.a, ["password", "change", "--no-input"]).ended(2).says("--new-file");
}

/// Profile §19.9: the run ended after the gateway took it, or before.
#[test]
fn a_change_that_was_broken_off_is_found_out_by_the_next() {
    let house = House::new();
    let (place, new) = (password_file(&house.a), house.secret("new", "tori ga naite iru"));
    let aside = PathBuf::from(format!("{}.new", place.display()));
    fs::write(&aside, "never-came-there\n").unwrap();
    type_in(&house.a, ["password", "change", "--new-file", &new]).ended(0);
    assert!(!aside.exists());
    // It was taken; the file with the old one stayed.
    fs::write(&aside, "tori ga naite iru\n").unwrap();
    fs::write(&place, "the-old-one\n").unwrap();
    let next = house.secret("next", NEW);
    type_in(&house.a, ["password", "change", "--new-file", &next]).ended(0);
    assert_eq!((fs::read_to_string(&place).unwrap(), aside.exists()), (format!("{NEW}\n"), false));
}

/// Profile §19.2, §19.6
#[test]
fn who_is_suspended_reads_why() {
    let house = House::new();
    house.account(AccountRequest::Change(AccountChange::Suspend {
        login: A.into(),
        reason: Some("担当者の退職".into()),
    }));
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(77).says("E-AUT-008");
    type_in(&house.a, ["account", "--format", "text"])
        .ended(77)
        .says("ユーザ ID は停止中: 担当者の退職")
        .says("権限: 管理者");
    house.account(AccountRequest::Change(AccountChange::Suspend { login: A.into(), reason: None }));
    // What was to be sent waited.
    type_in(&house.a, ["send", "--resume"]).ended(0);
    let number = A.parse().unwrap();
    house.stage.ask(Request::OfficeSuspend { number, reason: "届出の確認中".into() }).unwrap();
    type_in(&house.a, ["account", "--format", "text"]).ended(0).says("事業所は停止中: 届出の確認中");
}

/// Profile §19.7
#[test]
fn an_application_password_is_shown_once_and_withdrawn() {
    let house = House::new();
    let app = type_in(&house.a, ["password", "app", "add", "outlook", "--for", "imap,smtp"]).ended(0);
    let row = app.only();
    assert_eq!((&row["login"], row["password"].as_str().unwrap().len()), (&"9970000011/outlook".into(), 23));
    app.says("二度と表示されません");
    let list = type_in(&house.a, ["password", "app", "list"]).ended(0).only();
    assert!(list["password"].is_null() && list["used"].is_null(), "{list}");
    type_in(&house.a, ["password", "app", "list", "--format", "text"]).ended(0).says("（表示できません）");
    type_in(&house.a, ["password", "app", "add", "web", "--for", "https"]).ended(3).says("E-DIR-014");
    type_in(&house.a, ["password", "app", "remove", "../account"]).ended(67).says("E-DIR-013");
    type_in(&house.a, ["password", "app", "remove", "outlook"]).ended(0);
    assert!(type_in(&house.a, ["password", "app", "list"]).ended(0).objects().is_empty());
}

/// Profile §19.14
#[test]
fn what_becomes_of_application_passwords_is_told_with_a_new_password() {
    let house = House::new();
    let add = |name: &str| type_in(&house.a, ["password", "app", "add", name, "--for", "imap"]).ended(0);
    add("outlook");
    let new = house.secret("new", NEW);
    type_in(&house.a, ["password", "change", "--new-file", &new])
        .ended(0)
        .says("アプリパスワード 1 件は、今までどおり");
    house.account(AccountRequest::Password { login: A.into(), password: Secret(NEW.into()), temporary: false });
    let view = type_in(&house.a, ["account", "--format", "text"]).ended(0);
    view.says("アプリパスワード 1 件を取り消しました").says("password app add");
    add("mutt");
    let newer = house.secret("newer", "tori ga naite iru");
    let ran = type_in(&house.a, ["password", "change", "--new-file", &newer, "--withdraw-apps"]).ended(0);
    ran.says("アプリパスワードもすべて取り消しました");
    assert!(type_in(&house.a, ["password", "app", "list"]).ended(0).objects().is_empty());
}

/// Profile §19.11 to §19.13
#[test]
fn a_new_key_is_enrolled_and_the_old_one_taken_off_by_it() {
    let house = House::new();
    let first = type_in(&house.a, ["cert", "list"]).ended(0).only();
    assert_eq!((&first["signs"], &first["receives"]), (&true.into(), &true.into()));
    let old = first["fingerprint"].as_str().unwrap();
    let key = house.another_key("new-key.pem");
    let path = key.to_str().unwrap();
    type_in(&house.a, ["cert", "remove", old]).ended(3).says("E-CRT-013");
    assert_eq!(type_in(&house.a, ["cert", "enrol", path]).ended(0).objects().len(), 2);
    assert_eq!(type_in(&house.a, ["cert", "enrol", path]).ended(0).objects().len(), 2, "again: nothing more");
    type_in(&house.b, ["cert", "enrol", path]).ended(3).says("E-CRT-005");
    crate::house::set(&house.a, "identity_file", &format!("{path:?}"));
    let rows = type_in(&house.a, ["cert", "remove", old]).ended(0).objects();
    assert_eq!(rows.iter().filter(|row| row["removed"].is_null()).count(), 1);
    type_in(&house.a, ["cert", "list", "--format", "text"]).ended(0).says("外した").says("署名・暗号化");
    type_in(&house.a, ["cert", "remove", old]).ended(0);
    type_in(&house.a, ["cert", "remove", "00"]).ended(66).says("E-CRT-010");
}
