use super::*;
use crate::testing::{A, Ca, now};

/// An office with a key, and a data folder of its own.
fn office(ca: &Ca) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let identity_file = folder.path().join("office.pem");
    fs::write(&identity_file, ca.identity(A).to_pem().as_bytes()).unwrap();
    let settings = Settings { data_folder: folder.path().join("data"), identity_file, ..Settings::default() };
    (folder, settings)
}

/// Profile §15.6.
#[test]
fn a_record_comes_back_and_nothing_of_it_is_on_the_disk_in_the_clear() {
    let (_folder, settings) = office(&Ca::new());
    let keep = Keep::open(&settings, now()).unwrap();
    assert!(keep.read("letters").unwrap().is_none());
    keep.write("letters", "要介護三の計画".as_bytes()).unwrap();
    drop(keep);
    let keep = Keep::open(&settings, now()).unwrap();
    assert_eq!(&*keep.read("letters").unwrap().unwrap(), "要介護三の計画".as_bytes());
    assert_eq!(keep.names().unwrap(), ["letters"]);
    for entry in fs::read_dir(settings.data_folder.join("kept")).unwrap() {
        let octets = fs::read(entry.unwrap().path()).unwrap();
        assert!(!octets.windows(9).any(|window| window == "要介護".as_bytes()));
    }
    keep.remove("letters").unwrap();
    assert!(keep.read("letters").unwrap().is_none() && keep.names().unwrap().is_empty());
}

/// Profile §15.6.
#[test]
fn a_damaged_record_or_one_of_another_name_is_not_believed_and_not_touched() {
    let (_folder, settings) = office(&Ca::new());
    let keep = Keep::open(&settings, now()).unwrap();
    keep.write("letters", b"ours").unwrap();
    let place = settings.data_folder.join("kept/letters.kept");
    let good = fs::read(&place).unwrap();
    fs::write(settings.data_folder.join("kept/other.kept"), &good).unwrap();
    assert!(matches!(keep.read("other"), Err(Trouble::Kept(_, NotKept::Damaged))));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&place, &bad).unwrap();
        assert!(matches!(keep.read("letters"), Err(Trouble::Kept(_, NotKept::Damaged))), "octet {at}");
        assert_eq!(fs::read(&place).unwrap(), bad);
    }
    fs::write(&place, &good[..10]).unwrap();
    assert!(matches!(keep.read("letters"), Err(Trouble::Kept(_, NotKept::Damaged))));
}

/// Two terminals.
#[test]
fn only_one_run_at_a_time_writes() {
    let (_folder, settings) = office(&Ca::new());
    let keep = Keep::open(&settings, now()).unwrap();
    assert!(matches!(Keep::open(&settings, now()), Err(Trouble::Busy(_))));
    drop(keep);
    Keep::open(&settings, now()).unwrap();
}

/// Profile §15.6: a new certificate opens what the old one kept; a stranger's opens nothing and destroys nothing.
#[test]
fn records_go_on_under_the_office_s_next_certificate() {
    let ca = Ca::new();
    let (folder, mut settings) = office(&ca);
    Keep::open(&settings, now()).unwrap().write("letters", b"draft").unwrap();
    let old = std::mem::replace(&mut settings.identity_file, folder.path().join("next.pem"));
    fs::write(&settings.identity_file, ca.identity(A).to_pem().as_bytes()).unwrap();
    assert!(matches!(Keep::open(&settings, now()), Err(Trouble::Kept(_, NotKept::Key))));
    settings.old_identity_files = vec![old];
    assert_eq!(&*Keep::open(&settings, now()).unwrap().read("letters").unwrap().unwrap(), b"draft");
    settings.old_identity_files.clear();
    assert_eq!(&*Keep::open(&settings, now()).unwrap().read("letters").unwrap().unwrap(), b"draft");
}

/// A crash while writing leaves the record as it was.
#[test]
fn half_a_record_is_swept() {
    let (_folder, settings) = office(&Ca::new());
    Keep::open(&settings, now()).unwrap().write("letters", b"whole").unwrap();
    let half = settings.data_folder.join("kept").join(format!("{}abc", disk::UNFINISHED));
    fs::write(&half, b"FBK1half").unwrap();
    let keep = Keep::open(&settings, now()).unwrap();
    assert!(!half.exists());
    assert_eq!(&*keep.read("letters").unwrap().unwrap(), b"whole");
}
