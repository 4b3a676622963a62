use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, RevocationError, StatusQuestion};
use jiff::{SignedDuration, Timestamp};

use super::*;

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn office(ca: &Authority) -> Identity {
    let (not_before, not_after) = (AT - DAY, AT + DAY);
    let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
    let (common_name, rfc822_name) = ("やまと", "9912345678@example.jp");
    ca.issue(&Request { common_name, rfc822_name, key, purpose, not_before, not_after }).unwrap()
}

/// A root, an authority below it, and a folder that trusts the root.
struct Stage {
    folder: tempfile::TempDir,
    root: Authority,
    lower: Authority,
}

impl Stage {
    fn new() -> Self {
        let root = Authority::create("root", AT - DAY * 30).unwrap();
        let lower = root.issue_authority("lower", AT - DAY * 20, 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), root.certificate()).unwrap();
        Self { folder, root, lower }
    }

    fn check(&self, office: &Identity) -> Result<(), RevocationError> {
        let trust = load(self.folder.path()).unwrap();
        trust.check_revocation_of(office.certificate(), office.chain(), AT)
    }

    /// Every file in the folder, by name.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let paths = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
        all.sort();
        all
    }

    fn add_list(&self, ca: &Authority, revoked: &[&Identity], at: Timestamp) -> Result<Trust, TrustError> {
        let revoked: Vec<_> = revoked.iter().map(|office| (office.certificate(), AT - DAY)).collect();
        add_list(self.folder.path(), &ca.revoke(&revoked, at, AT + DAY).unwrap())
    }
}

/// Profile §5.3
#[test]
fn a_lower_authority_has_a_list_too() {
    let stage = Stage::new();
    let (office, other) = (office(&stage.lower), office(&stage.lower));
    let revoked = [&office];
    assert!(matches!(
        stage.add_list(&stage.lower, &revoked, AT - DAY),
        Err(TrustError::List(_, ListError::UnknownIssuer { .. }))
    ));
    add(stage.folder.path(), stage.lower.certificate()).unwrap();
    assert_eq!(load(stage.folder.path()).unwrap().anchors().len(), 1, "it is no anchor");
    stage.add_list(&stage.lower, &revoked, AT - DAY).unwrap();
    assert!(matches!(stage.check(&office), Err(RevocationError::Revoked { .. })));
    assert_eq!(stage.check(&other), Ok(()));
    // At hand also where the sender left it out.
    let trust = load(stage.folder.path()).unwrap();
    assert_eq!(trust.check_certificate(other.certificate(), &[], AT), Ok(()));
}

#[test]
fn a_list_of_somebody_unknown_stops_nothing() {
    let stage = Stage::new();
    let stranger = Authority::create("stranger", AT - DAY).unwrap();
    std::fs::write(stage.folder.path().join("x.crl"), stranger.revoke(&[], AT, AT + DAY).unwrap()).unwrap();
    assert_eq!(stage.check(&office(&stage.root)), Ok(()));
    std::fs::write(stage.folder.path().join("y.crl"), b"no list").unwrap();
    assert!(matches!(load(stage.folder.path()), Err(TrustError::List(..))));
}

#[test]
fn an_authority_may_be_believed_only_with_its_list() {
    let stage = Stage::new();
    let office = office(&stage.root);
    assert_eq!(stage.check(&office), Ok(()));
    let practice = stage.folder.path().join(format!("{}.toml", stage.root.certificate().fingerprint_hex()));
    std::fs::write(&practice, "without-list = \"refuse\"\n").unwrap();
    assert!(matches!(stage.check(&office), Err(RevocationError::NoList { .. })));
    stage.add_list(&stage.root, &[], AT - DAY).unwrap();
    assert_eq!(stage.check(&office), Ok(()));
    std::fs::write(&practice, "without-list = \"sometimes\"\n").unwrap();
    assert!(matches!(load(stage.folder.path()), Err(TrustError::Practice(..))));
}

#[test]
fn no_list_takes_the_place_of_another_series() {
    let stage = Stage::new();
    add(stage.folder.path(), stage.lower.certificate()).unwrap();
    // The authority's next certificate, of the same name and another key.
    let next = stage.root.issue_authority("lower", AT - DAY * 2, 0).unwrap();
    add(stage.folder.path(), next.certificate()).unwrap();
    let office = office(&stage.lower);
    stage.add_list(&stage.lower, &[&office], AT - DAY).unwrap();
    stage.add_list(&next, &[], AT).unwrap();
    assert!(matches!(stage.check(&office), Err(RevocationError::Revoked { .. })));
    assert_eq!(files(stage.folder.path(), "crl").unwrap().len(), 2);
}

#[test]
fn an_authority_two_steps_down_is_no_anchor_either() {
    let stage = Stage::new();
    let lowest = stage.lower.issue_authority("lowest", AT - DAY * 10, 0).unwrap();
    for authority in [&stage.lower, &lowest, &stage.root, &lowest] {
        add(stage.folder.path(), authority.certificate()).unwrap();
        assert_eq!(load(stage.folder.path()).unwrap().anchors(), [stage.root.certificate().clone()]);
    }
}

/// Or the gateway would not start again.
#[test]
fn a_refused_authority_leaves_the_folder_as_it_was() {
    let stage = Stage::new();
    let before = stage.files();
    let stranger = office(&Authority::create("stranger", AT - DAY).unwrap());
    let weak = include_bytes!("weak.pem");
    for refused in [
        // An office of somebody unknown, offices of an anchor and of a lower authority, and an authority with a weak key.
        stranger.certificate(),
        office(&stage.root).certificate(),
        office(&stage.lower).certificate(),
        &Certificate::from_pem(weak).unwrap(),
    ] {
        let answer = add(stage.folder.path(), refused);
        assert!(matches!(answer, Err(TrustError::Certificate(..))), "{}: {answer:?}", refused.subject());
        assert_eq!(stage.files(), before, "{}", refused.subject());
    }
    load(stage.folder.path()).unwrap();
    // Nor is a list taken in where the folder cannot be read.
    std::fs::write(stage.folder.path().join("y.crl"), b"no list").unwrap();
    let before = stage.files();
    assert!(matches!(stage.add_list(&stage.root, &[], AT), Err(TrustError::List(..))));
    assert!(matches!(add(stage.folder.path(), stage.lower.certificate()), Err(TrustError::List(..))));
    assert_eq!(stage.files(), before);
}

/// What an addition answers with is what the next start reads.
#[test]
fn an_addition_answers_with_what_the_folder_says() {
    let stage = Stage::new();
    let office = office(&stage.lower);
    let told = |trust: &Trust| trust.check_revocation_of(office.certificate(), office.chain(), AT);
    let added = add(stage.folder.path(), stage.lower.certificate()).unwrap();
    assert_eq!((told(&added), stage.check(&office)), (Ok(()), Ok(())));
    for _ in 0..2 {
        let added = stage.add_list(&stage.lower, &[&office], AT - DAY).unwrap();
        assert!(matches!(told(&added), Err(RevocationError::Revoked { .. })));
    }
    let added = stage.add_list(&stage.lower, &[], AT).unwrap();
    assert_eq!((told(&added), stage.check(&office)), (Ok(()), Ok(())), "the former list is gone from both");
}

// Profile §5.3, §4.18
#[test]
fn an_answer_of_a_responder_counts_as_a_list_does() {
    let stage = Stage::new();
    let (office, other) = (office(&stage.root), office(&stage.root));
    let answer = |revoked: bool, at: Timestamp| {
        let question = StatusQuestion::new(office.certificate(), stage.root.certificate()).unwrap();
        let revoked = if revoked { vec![(office.certificate(), AT - DAY)] } else { Vec::new() };
        add_list(stage.folder.path(), &stage.root.answer(question.der(), &revoked, at, at + DAY * 2).unwrap())
    };
    answer(false, AT - DAY).unwrap();
    assert_eq!(stage.check(&office), Ok(()));
    answer(true, AT).unwrap();
    assert!(matches!(stage.check(&office), Err(RevocationError::Revoked { .. })));
    assert_eq!(stage.check(&other), Ok(()), "it says nothing about others");
    // The older one comes again.
    assert!(matches!(answer(false, AT - DAY), Err(TrustError::OlderList(at)) if at == AT));
    assert!(matches!(stage.check(&office), Err(RevocationError::Revoked { .. })));
    assert_eq!(
        (files(stage.folder.path(), LIST).unwrap().len(), files(stage.folder.path(), ANSWER).unwrap().len()),
        (0, 1)
    );
    // One of somebody unknown stops nothing, and is not taken in.
    let stranger = Authority::create("stranger", AT - DAY).unwrap();
    let question = StatusQuestion::new(office.certificate(), stage.root.certificate()).unwrap();
    let foreign = stranger.answer(question.der(), &[], AT, AT + DAY).unwrap();
    let refused = add_list(stage.folder.path(), &foreign);
    assert!(matches!(refused, Err(TrustError::List(_, ListError::Answer(_)))), "{refused:?}");
    std::fs::write(stage.folder.path().join("x.ocsp"), foreign).unwrap();
    assert_eq!(stage.check(&other), Ok(()));
}
