use super::*;
use crate::testing::{A, Ca};
use fumibako_careplan::Lang;
use fumibako_signer::Naming;

fn load(text: &str) -> Result<Settings, Trouble> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fumibako.toml");
    fs::write(&path, text).unwrap();
    Settings::load(&path)
}

#[test]
fn the_sample_is_the_default() {
    assert_eq!(toml::from_str::<Settings>(SAMPLE).unwrap(), Settings::default());
}

#[test]
fn the_sample_with_every_line_uncommented_names_every_setting() {
    let assignment = |line: &&str| line.split_once(" = ").is_some_and(|(name, _)| !name.trim().contains(' '));
    let lines = SAMPLE.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).filter(assignment);
    let whole = lines.collect::<Vec<_>>().join("\n");
    let settings: Settings = toml::from_str(&whole).unwrap();
    assert!(settings.office.is_some() && settings.agent.is_some() && settings.domain.is_some());
    let table: toml::Table = whole.parse().unwrap();
    assert_eq!(table.len(), 29, "one line a field");
}

#[test]
fn paths_are_relative_to_the_file() {
    let settings = load("password_file = 'secret/password'\nsave_folder = '/srv/plans'\n").unwrap();
    assert!(settings.password_file.is_absolute() && settings.password_file.ends_with("secret/password"));
    assert_eq!(settings.save_folder, Path::new("/srv/plans"));
    assert_eq!(settings.identity_file, Path::new(""));
    let settings = load("old_identity_files = ['2025.p12', '/keys/2024.p12']\n").unwrap();
    let [newer, older] = settings.old_identity_files.as_slice() else { panic!("{settings:?}") };
    assert!(newer.is_absolute() && newer.ends_with("2025.p12") && older == Path::new("/keys/2024.p12"));
}

#[test]
fn old_keys_open_with_whichever_password_fits() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let [new, clear, locked] = [(); 3].map(|()| ca.identity(A));
    let mut settings = Settings {
        identity_file: write("new.pem", new.to_pem().as_bytes()),
        old_identity_files: vec![
            write("clear.pem", clear.to_pem().as_bytes()),
            write("locked.p12", &locked.to_pkcs12("二つ目").unwrap()),
        ],
        old_identity_password_file: write("passwords", "一つ目\n二つ目\n".as_bytes()),
        ..Settings::default()
    };
    let keys = settings.reading_keys().unwrap();
    let found: Vec<_> = keys.iter().map(Identity::certificate).collect();
    assert_eq!(found, [&new, &clear, &locked].map(Identity::certificate), "the one in use first");
    write("passwords", "一つ目\n".as_bytes());
    let trouble = settings.reading_keys().unwrap_err();
    assert!(matches!(&trouble, Trouble::OldIdentity(path, _) if path.ends_with("locked.p12")), "{trouble}");
    assert_eq!(trouble.exit(), crate::exit::Exit::NOT_SET_UP);
    settings.old_identity_password_file = PathBuf::new();
    assert!(settings.reading_keys().unwrap_err().words(Lang::Ja).next.contains("old_identity_password_file"));
}

/// Profile §4.14
#[test]
fn a_token_stands_in_place_of_a_key_file() {
    let token = "token = { module = 'lib.so', label = 'card', pin_file = 'pin' }\n";
    let settings = load(token).unwrap();
    let place = settings.token.as_ref().unwrap();
    assert!(place.module.is_absolute() && place.pin_file.is_absolute() && settings.names_a_key());
    assert_eq!(place.certificate_file, Path::new(""), "the certificate is on the token");
    assert!(matches!(settings.identity(), Err(Trouble::CannotRead(..))), "its PIN is read first");
    for wrong in [&format!("identity_file = 'a.p12'\n{token}"), "token = { module = 'lib.so', label = 'card' }\n"] {
        assert!(matches!(load(wrong), Err(Trouble::BadSettings(..))), "{wrong}");
    }
    assert!(load("token = { module = 'lib.so', label = 'card', pin_file = 'pin', pin = '4649' }\n").is_err());
}

#[test]
fn an_unknown_key_is_an_error_that_names_its_line() {
    let trouble = load("imap_port = 993\npasword_file = 'x'\n").unwrap_err();
    assert!(matches!(&trouble, Trouble::BadSettings(_, why) if why.contains("line 2") && why.contains("pasword_file")));
    assert_eq!(trouble.exit(), crate::exit::Exit::NOT_SET_UP);
}

/// LG-10: screens that never lock, or lock at once, are no setting.
#[test]
fn the_lock_of_the_screens_has_limits() {
    let idle = |seconds: u32| load(&format!("idle_seconds = {seconds}\n")).map(|settings| settings.idle_seconds);
    assert_eq!([1, 86_400].map(|seconds| idle(seconds).unwrap()), [1, 86_400]);
    for wrong in [0, 86_401] {
        assert!(matches!(idle(wrong), Err(Trouble::BadSettings(_, why)) if why.contains("idle_seconds")), "{wrong}");
    }
}

/// Profile §9.12
#[test]
fn one_is_an_office_or_an_agent() {
    let agent = load("agent = 'kawara'\n").unwrap();
    assert_eq!(agent.party().unwrap().to_string(), "kawara");
    assert!(matches!(agent.office(), Err(Trouble::SettingMissing("office"))));
    for wrong in ["agent = 'kawara'\noffice = '9970000011'\n", "agent = '9970000011'\n"] {
        assert!(matches!(load(wrong), Err(Trouble::BadSettings(..))), "{wrong}");
    }
}

#[test]
fn a_missing_setting_is_named() {
    assert!(matches!(load("").unwrap().office(), Err(Trouble::SettingMissing("office"))));
    assert!(matches!(load("").unwrap().identity(), Err(Trouble::SettingMissing("identity_file"))));
}

/// Profile §4.13: the words are the gateway's.
#[test]
fn an_authority_says_how_it_writes_certificates() {
    let check = |names: &str, naming: Naming| {
        let text = format!("[[authority]]\nfile = \"ca.pem\"\nnames = \"{names}\"\npurposes = \"unstated\"\n");
        let settings = load(&text).unwrap();
        let [authority] = settings.authority.as_slice() else { panic!("{settings:?}") };
        assert!(authority.file.is_absolute() && authority.purposes == Stated::Unstated);
        assert_eq!(authority.naming(), naming);
    };
    check("mail-address", Naming::MailAddress);
    check("subject-serial-number", Naming::SubjectSerialNumber);
    check("roll", Naming::Roll);
    check("other-name:1.3.6.1.4.1.99999.1", Naming::OtherName("1.3.6.1.4.1.99999.1".parse().unwrap()));
    for wrong in ["names = \"common-name\"", "names = \"other-name:x\"", "purposes = \"any\"", "name = \"roll\""] {
        let trouble = load(&format!("authority = [{{ file = \"ca.pem\", {wrong} }}]\n")).unwrap_err();
        assert!(matches!(&trouble, Trouble::BadSettings(_, why) if why.contains("line 1")), "{wrong}: {trouble}");
        assert_eq!(trouble.exit(), crate::exit::Exit::NOT_SET_UP);
    }
    let both = load("trust_file = \"a.pem\"\nauthority = [{ file = \"b.pem\" }]\n").unwrap().authorities();
    let usual: Vec<_> = both.iter().map(|authority| (authority.naming(), authority.purposes)).collect();
    assert_eq!(usual, [(Naming::MailAddress, Stated::Mail); 2]);
}

/// Profile §4.11, §4.13
#[test]
fn our_own_certificate_names_its_office_where_its_authority_writes_it() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    let own = ca.numbered(None, "9970000029");
    fs::write(path("own.pem"), own.to_pem()).unwrap();
    fs::write(path("ca.pem"), ca.pem()).unwrap();
    let authority =
        Authority { names: "subject-serial-number".to_owned().try_into().unwrap(), ..Authority::usual(path("ca.pem")) };
    let mut settings = Settings {
        office: Some("9970000029".parse().unwrap()),
        domain: Some("plans.example".parse().unwrap()),
        identity_file: path("own.pem"),
        authority: vec![authority],
        ..Settings::default()
    };
    assert!(settings.signer(crate::testing::now()).is_ok());
    settings.office = Some("9970000011".parse().unwrap());
    let trouble = settings.signer(crate::testing::now()).unwrap_err();
    let other = "9970000029".parse().unwrap();
    assert!(matches!(trouble, Trouble::OwnCertificate(_, Unfit::Other(ref found)) if *found == other), "{trouble}");
}

/// Profile §4.11
#[test]
fn our_own_certificate_is_judged_before_anything_is_signed() {
    let (ca, folder, now) = (Ca::new(), tempfile::tempdir().unwrap(), crate::testing::now());
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name)
    };
    let (own, hour) = (ca.identity(A), jiff::SignedDuration::from_hours(1));
    let mut settings = Settings {
        office: Some("9970000011".parse().unwrap()),
        domain: Some("plans.example".parse().unwrap()),
        identity_file: write("own.pem", own.to_pem().as_bytes()),
        trust_file: write("ca.pem", ca.pem().as_bytes()),
        ..Settings::default()
    };
    let why = |settings: &Settings, at| match settings.signer(at) {
        Ok(_) => None,
        Err(Trouble::OwnCertificate(_, why)) => Some(why),
        Err(other) => panic!("{other}"),
    };
    let (begins, ends) = (own.certificate().not_before(), own.certificate().not_after());
    assert_eq!((why(&settings, begins), why(&settings, ends)), (None, None));
    assert_eq!(why(&settings, begins - hour), Some(Unfit::Early(begins)));
    assert_eq!(why(&settings, ends + hour), Some(Unfit::Ended(ends)));
    settings.revocation_files = vec![write("ca.crl", &ca.list(&[&own], ends))];
    assert_eq!(why(&settings, now + hour), Some(Unfit::Revoked(now)));
    // Profile §4.18: an answer of its responder does as well.
    settings.revocation_files = vec![write("own.ocsp", &ca.answer(&own, false, ends))];
    assert_eq!(why(&settings, now + hour), None);
    settings.revocation_files.push(write("ca.ocsp", &ca.answer(&own, true, ends)));
    fs::remove_file(settings.revocation_files.remove(0)).unwrap();
    assert_eq!(why(&settings, now + hour), Some(Unfit::Revoked(now)));
    settings.revocation_files = vec![write("other.ocsp", &Ca::new().answer(&own, false, ends))];
    assert!(matches!(settings.signer(now), Err(Trouble::Revocation(..))));
    settings.revocation_files.clear();
    settings.office = Some("9970000029".parse().unwrap());
    assert_eq!(why(&settings, now), Some(Unfit::Other("9970000011".parse().unwrap())));
    // A key beside a certificate that is not its own.
    let pair = own.to_pem();
    let key = &pair[..pair.find("-----BEGIN CERTIFICATE").unwrap()];
    settings.identity_file = write("mixed.pem", (key.to_owned() + &ca.identity(A).certificate().to_pem()).as_bytes());
    let trouble = settings.signer(now).unwrap_err();
    assert!(trouble.words(Lang::Ja).next.contains("秘密鍵と対になる証明書がファイルにありません"), "{trouble}");
    assert_eq!(trouble.exit(), crate::exit::Exit::NOT_SET_UP);
}

#[test]
fn a_revocation_list_of_a_stranger_is_no_list() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("list.crl");
    let mut settings = Settings {
        trust_file: folder.path().join("ca.pem"),
        revocation_files: vec![path.clone()],
        ..Settings::default()
    };
    fs::write(&settings.trust_file, ca.pem()).unwrap();
    let next = crate::testing::now() + jiff::SignedDuration::from_hours(1);
    for (octets, holds) in [(ca.list(&[], next), true), (Ca::new().list(&[], next), false), (b"no list".into(), false)]
    {
        fs::write(&path, octets).unwrap();
        let trouble = settings.trust().map(|_| ()).err();
        assert_eq!(trouble.is_none(), holds, "{trouble:?}");
        assert!(trouble.is_none_or(|trouble| trouble.exit() == crate::exit::Exit::NOT_SET_UP));
    }
    settings.revocation_files = vec![folder.path().join("nothing")];
    assert!(matches!(settings.trust(), Err(Trouble::CannotRead(..))));
}

// Profile §4.19
#[test]
fn an_authority_writes_as_the_settings_say_wherever_its_file_lies() {
    let (ca, other, folder) = (Ca::new(), Ca::new(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let file = write("ca.pem", ca.pem());
    let text = format!("authority = [{{ file = \"{}\", names = \"roll\" }}]\n", file.display());
    let settings: Settings = toml::from_str(&text).unwrap();
    let files =
        [write("copy.pem", ca.pem()), write("other.pem", other.pem()), write("both.pem", ca.pem() + &other.pem())];
    let [copy, other, both] = &settings.authorities_in(&files).unwrap()[..] else { panic!("one for each file") };
    assert_eq!((copy.naming(), &copy.file), (fumibako_signer::Naming::Roll, &files[0]));
    assert_eq!((other.naming(), both.naming()), Default::default());
    assert!(matches!(settings.authorities_in(&[folder.path().join("none")]), Err(Trouble::CannotRead(..))));
}

#[test]
fn no_file_is_another_trouble_than_a_bad_file() {
    assert!(matches!(Settings::load(Path::new("/nowhere/fumibako.toml")), Err(Trouble::NoSettings(_))));
}
