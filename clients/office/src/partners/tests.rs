use std::fs;
use std::path::Path;

use fumibako_signer::authority::Purpose;
use jiff::SignedDuration;

use super::*;
use crate::exit::Exit;
use crate::testing::{A, B, Ca, address, now};

/// Settings of A whose partners' file holds this.
fn settings(folder: &Path, ca: &Ca, own: &Identity, partners: &str) -> Settings {
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    Settings {
        identity_file: write("own.pem", &own.to_pem()),
        trust_file: write("ca.pem", &ca.pem()),
        partners_file: write("partners.pem", partners),
        ..Settings::default()
    }
}

/// The readers of a bundle from A to B.
fn readers(ca: &Ca, partners: &str) -> Result<Vec<Certificate>, Trouble> {
    let folder = tempfile::tempdir().unwrap();
    let own = ca.identity(A);
    let found = Partners::read(&settings(folder.path(), ca, &own, partners))?.readers(&address(B), now())?;
    assert_eq!(found.last(), Some(own.certificate()), "the sender reads its own copy");
    Ok(found[..found.len() - 1].to_vec())
}

fn pem(identity: &Identity) -> String {
    identity.certificate().to_pem()
}

#[track_caller]
fn missing(ca: &Ca, partners: &str) -> NoPartner {
    match readers(ca, partners) {
        Err(Trouble::NoPartner { office, why }) => {
            assert_eq!(office.as_str(), "9970000029");
            why
        }
        other => panic!("{other:?}"),
    }
}

/// Profile §4.6: every certificate of the office that is valid now and leads to a trusted authority; nobody else's.
#[test]
fn the_readers_are_all_certificates_in_force_of_the_office_addressed() {
    let ca = Ca::new();
    let [one, two] = [ca.identity(B), ca.identity(B)];
    let ended = ca.identity_until(B, now() - SignedDuration::from_hours(1));
    let others = [ca.identity("9970000037@plans.example"), ca.identity("9970000029@elsewhere.example")];
    let strangers = [Ca::new().identity(B), ca.identity("kawara@plans.example")];
    let all: Vec<String> = others.iter().chain(&strangers).chain([&one, &ended, &two, &one]).map(pem).collect();
    let found = readers(&ca, &format!("注釈\n{}", all.join("\n"))).unwrap();
    assert_eq!(found, [one.certificate().clone(), two.certificate().clone()], "each once");
    let kind = ca.identity("9970000029+11@plans.example");
    assert_eq!(readers(&ca, &pem(&kind)).unwrap(), [kind.certificate().clone()], "a service kind is of the office");
}

#[test]
fn why_nothing_can_be_encrypted_is_told() {
    let ca = Ca::new();
    let other = pem(&ca.identity("9970000037@plans.example"));
    assert_eq!(missing(&ca, &other), NoPartner::Unlisted);
    let until = now() - SignedDuration::from_hours(1);
    let ended = pem(&ca.identity_until(B, until));
    let earlier = pem(&ca.identity_until(B, until - SignedDuration::from_hours(2)));
    assert_eq!(missing(&ca, &format!("{ended}{earlier}{other}")), NoPartner::Ended(until));
    assert_eq!(missing(&ca, &pem(&Ca::new().identity(B))), NoPartner::Unusable);
    let (signing, end) = (Purpose::MailSigning, now() + SignedDuration::from_hours(1));
    assert_eq!(missing(&ca, &pem(&ca.identity_for(B, signing, end))), NoPartner::Unusable);
    for why in [NoPartner::NoFile, NoPartner::Unlisted, NoPartner::Ended(until), NoPartner::Unusable] {
        let trouble = Trouble::NoPartner { office: "9970000029".parse().unwrap(), why };
        assert_eq!(trouble.exit(), if why == NoPartner::NoFile { Exit::NOT_SET_UP } else { Exit::PARTLY });
        for lang in [Lang::Ja, Lang::En] {
            let words = trouble.words(lang);
            assert!(words.what.contains("9970000029"), "{}", words.what);
            assert!(words.next.contains("partners_file") && words.next.contains("--signed-only"), "{}", words.next);
        }
    }
}

/// Profile §4.6: nothing is encrypted to a revoked certificate, nor while nobody can tell whether it was.
#[test]
fn a_revoked_partner_is_no_reader_and_a_list_past_its_end_closes_the_door() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let [revoked, good] = [ca.identity(B), ca.identity(B)];
    let mut settings = settings(folder.path(), &ca, &ca.identity(A), &(pem(&revoked) + &pem(&good)));
    let next = now() + SignedDuration::from_hours(24);
    let path = folder.path().join("ca.crl");
    fs::write(&path, ca.list(&[&revoked], next)).unwrap();
    settings.revocation_files = vec![path.clone()];
    let found = |settings: &Settings, at| Partners::read(settings).unwrap().readers(&address(B), at);
    assert_eq!(found(&settings, now()).unwrap()[..1], [good.certificate().clone()]);
    let why = |settings: &Settings, at| match found(settings, at) {
        Err(Trouble::NoPartner { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    fs::write(&settings.partners_file, pem(&revoked)).unwrap();
    assert_eq!(why(&settings, now()), NoPartner::Revoked(now()));
    fs::write(&settings.partners_file, pem(&good)).unwrap();
    fs::write(&path, ca.list(&[&revoked], now() + SignedDuration::from_hours(1))).unwrap();
    let end = now() + SignedDuration::from_hours(1);
    assert!(found(&settings, end).is_ok());
    assert_eq!(why(&settings, end + SignedDuration::from_secs(1)), NoPartner::Stale(end));
    for (why, setting, exit) in [
        (NoPartner::Revoked(end), "partners_file", Exit::PARTLY),
        (NoPartner::Stale(end), "revocation_files", Exit::NOT_SET_UP),
    ] {
        let trouble = Trouble::NoPartner { office: "9970000029".parse().unwrap(), why };
        assert_eq!(trouble.exit(), exit);
        assert!([Lang::Ja, Lang::En].iter().all(|lang| trouble.words(*lang).next.contains(setting)));
    }
}

/// Profile §4.13: each authority in its own way, and what names no office by the number above it.
#[test]
fn a_partner_is_found_where_its_authority_writes_the_number() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let [by_number, bare] = [ca.numbered(None, "9970000029"), ca.numbered(None, "")];
    let both = ca.numbered(Some("9970000037@plans.example"), "9970000029");
    let found = |names: &str, partners: &str| {
        let mut settings = settings(folder.path(), &ca, &ca.identity(A), partners);
        let authority = Authority::usual(std::mem::take(&mut settings.trust_file));
        settings.authority = vec![Authority { names: names.to_owned().try_into().unwrap(), ..authority }];
        settings.domain = Some("plans.example".parse().unwrap());
        match Partners::read(&settings).unwrap().readers(&address(B), now()) {
            Ok(mut readers) => {
                readers.pop();
                Ok(readers)
            }
            Err(Trouble::NoPartner { why, .. }) => Err(why),
            Err(other) => panic!("{other}"),
        }
    };
    let one = |identity: &Identity| Ok(vec![identity.certificate().clone()]);
    let [serial, roll, mail] = ["subject-serial-number", "roll", "mail-address"];
    assert_eq!(found(serial, &pem(&by_number)), one(&by_number));
    assert_eq!(found(serial, &pem(&both)), one(&both), "the mail address in it says nothing there");
    assert_eq!(found(mail, &pem(&both)), Err(NoPartner::Unlisted), "nor does the number here");
    let under = |line: &str, identity: &Identity| format!("{line}\n{}", pem(identity));
    assert_eq!(found(roll, &under("# 9970000029 かわら居宅", &bare)), one(&bare));
    assert_eq!(found(serial, &under("# 9970000029", &bare)), one(&bare), "it has no number of its own");
    assert_eq!(found(serial, &under("# 9970000037", &by_number)), one(&by_number), "its own number counts");
    for nothing in ["", "# 9970000037", "9970000029", "# かわら 9970000029"] {
        assert_eq!(found(roll, &under(nothing, &bare)), Err(NoPartner::Unlisted), "{nothing}");
    }
    let beyond = under("# 9970000029", &ca.identity("9970000037@plans.example")) + &pem(&bare);
    assert_eq!(found(roll, &beyond).map(|readers| readers.len()), Ok(1), "a line is about one certificate");
    assert!(
        matches!(found(mail, &under("# 9970000029", &bare)), Err(NoPartner::Unlisted)),
        "no mail address, no office"
    );
}

/// Profile §4.15: the cipher of our own programs, unless the partner's entry or the setting says otherwise.
#[test]
fn the_form_follows_what_the_partner_reads() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let [one, two] = [ca.identity(B), ca.identity(B)];
    let form = |partners: &str, cipher, compress| {
        let settings = settings(folder.path(), &ca, &ca.identity(A), partners);
        let settings = Settings { cipher, compress, ..settings };
        match Closing::of(&settings, false).unwrap().form(&address(B), now()).unwrap() {
            Form::Signed => panic!("it is sealed"),
            Form::Sealed(readers) => ("sealed", readers.len()),
            Form::Compressed(readers) => ("compressed", readers.len()),
            Form::ForMailTools(readers) => ("for mail tools", readers.len()),
        }
    };
    let under = |line: &str, identity: &Identity| format!("{line}\n{}", pem(identity));
    let (plain, marked) = (pem(&one), under("# 9970000029 かわら居宅 reads=cbc", &two));
    let (auto, gcm, cbc) = (CipherChoice::Auto, CipherChoice::Gcm, CipherChoice::Cbc);
    assert_eq!(form(&plain, auto, true), ("compressed", 2));
    assert_eq!(form(&plain, auto, false), ("sealed", 2));
    assert_eq!(form(&under("# 9970000029 reads=gcm", &one), auto, true), ("compressed", 2));
    for compress in [true, false] {
        assert_eq!(form(&marked, auto, compress), ("for mail tools", 2), "never compressed");
        assert_eq!(form(&plain, cbc, compress), ("for mail tools", 2));
    }
    assert_eq!(form(&(plain.clone() + &marked), auto, true), ("for mail tools", 3), "every reader must read it");
    assert_eq!(form(&(pem(&two) + &marked), auto, true), ("for mail tools", 2), "one certificate, listed twice");
    assert_eq!(form(&marked, gcm, true), ("compressed", 2), "the setting is stronger");
    let other = under("# 9970000037 reads=cbc", &ca.identity("9970000037@plans.example"));
    assert_eq!(form(&(other + &plain), auto, true), ("compressed", 2), "another partner's mark");
}

#[test]
fn a_mark_that_means_nothing_is_named_with_its_line() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let partners = format!("{}注釈\n# 9970000029 reads=cfb\n{}", pem(&ca.identity(B)), pem(&ca.identity(B)));
    let line = partners.lines().position(|line| line.contains("cfb")).unwrap() + 1;
    let trouble = Partners::read(&settings(folder.path(), &ca, &ca.identity(A), &partners)).unwrap_err();
    assert!(matches!(&trouble, Trouble::PartnerNote(_, at, word) if *at == line && word == "reads=cfb"), "{trouble}");
    assert_eq!(trouble.exit(), Exit::NOT_SET_UP);
    for lang in [Lang::Ja, Lang::En] {
        let words = trouble.words(lang);
        assert!(words.what.contains("reads=cfb") && words.next.contains("reads=cbc"), "{words:?}");
    }
}

#[test]
fn one_unreadable_certificate_costs_nobody_else_s() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let good = ca.identity(B);
    let broken = pem(&good).replacen("MII", "AAA", 1);
    assert_eq!(readers(&ca, &format!("{broken}{}", pem(&good))).unwrap(), [good.certificate().clone()]);
    for nothing in ["", "no PEM", &broken] {
        let read = Partners::read(&settings(folder.path(), &ca, &good, nothing));
        assert!(matches!(&read, Err(Trouble::Partners(path)) if path.ends_with("partners.pem")), "{read:?}");
        assert_eq!(read.unwrap_err().exit(), Exit::NOT_SET_UP);
    }
}

/// Profile §4.6
#[test]
fn without_a_file_nothing_is_encrypted_and_signed_only_needs_none() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let mut settings = settings(folder.path(), &ca, &ca.identity(A), "");
    settings.partners_file = std::path::PathBuf::new();
    let trouble = Closing::of(&settings, false).unwrap().form(&address(B), now()).unwrap_err();
    assert!(matches!(trouble, Trouble::NoPartner { why: NoPartner::NoFile, .. }));
    assert!(matches!(Closing::of(&settings, true).unwrap().form(&address(B), now()), Ok(Form::Signed)));
    settings.seal = false;
    assert!(matches!(Closing::of(&settings, false).unwrap(), Closing::Signed));
}

#[test]
fn a_file_of_64_mib_is_the_largest() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &ca, &ca.identity(A), &pem(&ca.identity(B)));
    let file = fs::File::options().write(true).open(&settings.partners_file).unwrap();
    file.set_len(FILE_BYTES).unwrap();
    assert!(Partners::read(&settings).unwrap().readers(&address(B), now()).is_ok());
    file.set_len(FILE_BYTES + 1).unwrap();
    assert!(matches!(Partners::read(&settings), Err(Trouble::CannotRead(..))));
}

// Profile §4.20
#[test]
fn signatures_and_encryption_may_have_certificates_of_their_own() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let until = now() + jiff::SignedDuration::from_hours(24);
    let [signing, receiving] = [Purpose::MailSigning, Purpose::MailEncryption];
    let (own, copies) = (ca.identity_for(A, signing, until), ca.identity_for(A, receiving, until));
    let (theirs, sealed) = (ca.identity_for(B, signing, until), ca.identity_for(B, receiving, until));
    let partners = theirs.certificate().to_pem() + &sealed.certificate().to_pem();
    let mut settings = settings(folder.path(), &ca, &own, &partners);
    settings.old_identity_files = vec![folder.path().join("receiving.pem")];
    std::fs::write(&settings.old_identity_files[0], copies.to_pem().as_bytes()).unwrap();
    let found = Partners::read(&settings).unwrap().readers(&address(B), now()).unwrap();
    assert_eq!(found, [sealed.certificate().clone(), copies.certificate().clone()]);
    assert_eq!(settings.signer(now()).unwrap().certificate(), own.certificate());
    assert_eq!(settings.reading_keys().unwrap().len(), 2);
    // A partner with a certificate for signing alone receives nothing.
    std::fs::write(&settings.partners_file, theirs.certificate().to_pem()).unwrap();
    let alone = Partners::read(&settings).unwrap().readers(&address(B), now());
    assert!(matches!(alone, Err(Trouble::NoPartner { why: NoPartner::Unusable, .. })), "{alone:?}");
}

/// Profile §9.11: that a gateway which does not answer knows no certificate cannot be said, though it told some of others before.
#[test]
fn of_a_partner_never_asked_about_nothing_is_said_while_the_gateway_is_away() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
    let own = ca.identity(A);
    let settings = Settings {
        partners_file: std::path::PathBuf::new(),
        data_folder: folder.path().into(),
        gateway: "127.0.0.1".into(),
        https_port: 0,
        ..settings(folder.path(), &ca, &own, "")
    };
    fs::create_dir(folder.path().join("readers")).unwrap();
    let remember = |of: &Identity, at: &str| {
        let office = address(at).office_number().unwrap();
        let certificate = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, of.certificate().der());
        let readers = fumibako_model::Readers { office, certificates: vec![certificate], agents: Vec::new() };
        let kept = serde_json::json!({ "at": now(), "readers": readers });
        fs::write(folder.path().join(format!("readers/{office}.json")), kept.to_string()).unwrap();
    };
    let form = || {
        let (drafts, mut closing) = ([crate::testing::draft()], Closing::of(&settings, false)?);
        closing.ask(&drafts, &settings, now())?;
        closing.form_of(&drafts[0], &address(B), now())
    };
    assert!(matches!(form(), Err(Trouble::Unreachable { .. })));
    remember(&own, A);
    assert!(matches!(form(), Err(Trouble::Unreachable { .. })), "ours alone was told before");
    remember(&ca.identity(B), B);
    assert_eq!(form().unwrap().readers().len(), 2);
}
