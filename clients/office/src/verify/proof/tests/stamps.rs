//! Profile §8.21: time stamps in a file of evidence, and whom they are believed of.

use std::fs;
use std::process::Command;

use fumibako_signer::TimeStamper;
use fumibako_signer::authority::Purpose;

use super::*;

/// A log under a head of the gateway's.
struct Given {
    evidence: Ca,
    file: ProofFile,
}

impl Given {
    fn new() -> Self {
        let evidence = Ca::of_evidence();
        let file = file(&evidence.identity("gateway@plans.example"), [now(), now()], None);
        Self { evidence, file }
    }

    /// What a stamp of the head is about.
    fn digest(&self) -> [u8; 32] {
        hash_of(&self.file.head)
    }

    fn with(&self, stamp: &[u8]) -> ProofFile {
        ProofFile { stamp: Some(STANDARD.encode(stamp)), ..self.file.clone() }
    }

    /// The layer of the stamp, and whether all holds.
    fn judged(&self, file: &ProofFile, stampers: Option<&Stampers>) -> (layer::Layer, bool) {
        self.judged_at(file, stampers, now())
    }

    fn judged_at(&self, file: &ProofFile, stampers: Option<&Stampers>, at: Timestamp) -> (layer::Layer, bool) {
        let gateway = Witnesses::read(self.evidence.pem().as_bytes()).unwrap();
        let (report, _) = verify_proof(file, Vouchers { gateway: &gateway, offices: None, stampers }, (None, &[]), at);
        let holds = report.holds();
        (report.layers.into_iter().find(|layer| layer.what == What::TimeStamp).unwrap(), holds)
    }
}

fn hash_of(head: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(fumibako_signer::Hash::Sha256.of(&STANDARD.decode(head).unwrap()).as_ref());
    digest
}

fn value(layer: &layer::Layer, key: &str) -> serde_json::Value {
    told(layer, key).unwrap_or_else(|| panic!("{key}: {layer:?}")).value.clone()
}

#[test]
fn a_stamp_is_believed_of_an_authority_for_stamps_and_of_no_other() {
    let (given, tsa) = (Given::new(), Ca::new());
    let file = given.with(&tsa.stamp(&given.digest(), now()));
    let (stamp, holds) = given.judged(&file, Some(&tsa.stampers()));
    assert_eq!((stamp.state.clone(), holds), (State::Holds, true));
    assert_eq!(value(&stamp, "time"), serde_json::json!(now()));
    assert_eq!(value(&stamp, "stamper_revocation"), "not-looked-at", "nothing in the file tells");
    assert!(told(&stamp, "stamper_revocation").unwrap().shown(Lang::Ja).contains("失効は確かめていません"));

    // Whom nobody named is told, with what he says and how to have it looked at.
    for (stampers, why) in [(None, Unseen::NoStampers), (Some(Ca::new().stampers()), Unseen::OtherClock)] {
        let (stamp, holds) = given.judged(&file, stampers.as_ref());
        assert_eq!((stamp.state.clone(), holds), (State::Unseen(why), true));
        assert_eq!(value(&stamp, "time"), serde_json::json!(now()));
        for lang in [Lang::Ja, Lang::En] {
            let next = stamp.words(lang).next;
            assert!(next.contains("--stamp-authority") && !next.contains("--trust"), "{next}");
        }
    }
    // The authority of the evidence vouches for evidence alone.
    let own = given.with(&given.evidence.stamp(&given.digest(), now()));
    assert_eq!(given.judged(&own, None).0.state, State::Unseen(Unseen::NoStampers));
}

#[test]
fn a_stamp_of_something_else_or_by_a_certificate_for_something_else_does_not_hold() {
    let (given, tsa) = (Given::new(), Ca::new());
    let fails = |stamp: &[u8]| {
        let (layer, holds) = given.judged(&given.with(stamp), Some(&tsa.stampers()));
        let State::Fails(why) = layer.state else { panic!("{layer:?}") };
        assert!(!holds);
        why.about
    };
    assert!(fails(&tsa.stamp(&[7; 32], now())).contains("other content"));
    // RFC 3161 §2.3: its extended key usage is timeStamping, critically, and nothing else.
    let until = now() + SignedDuration::from_hours(24);
    let clock = tsa.identity_for("clock@plans.example", Purpose::TimeStamping, until);
    let good = TimeStamper::new(clock, "1.2.3").unwrap().stamp(&given.digest(), now()).unwrap();
    assert!(
        given
            .judged(
                &given.with(&resigned(&good, &tsa.identity_for(A, Purpose::TimeStamping, until))),
                Some(&tsa.stampers())
            )
            .1
    );
    assert!(fails(&resigned(&good, &tsa.identity(A))).contains("not for time stamps"));
}

/// What the token says, signed by another.
fn resigned(token: &[u8], by: &Identity) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |line: &str| {
        let ran = Command::new("openssl").args(line.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    fs::write(folder.path().join("token"), token).unwrap();
    fs::write(folder.path().join("id.pem"), by.to_pem().as_bytes()).unwrap();
    openssl("cms -verify -noverify -inform DER -in token -out info -binary");
    let kind = "-econtent_type 1.2.840.113549.1.9.16.1.4 -nodetach -binary -outform DER";
    openssl(&format!("cms -sign -cades -in info -signer id.pem {kind} -out again"));
    fs::read(folder.path().join("again")).unwrap()
}

// Profile §8.21: the file has lists of the offices' authorities alone, as a rule.
#[test]
fn whoever_has_a_list_of_the_stampers_is_heard_and_a_file_that_cannot_be_read_costs_that_layer_alone() {
    let (given, tsa) = (Given::new(), Ca::new());
    let until = now() + SignedDuration::from_hours(24);
    let clock = tsa.identity_for("clock@plans.example", Purpose::TimeStamping, until);
    let stamp = TimeStamper::new(clock.clone(), "1.2.3").unwrap().stamp(&given.digest(), now()).unwrap();
    let other = STANDARD.encode(Ca::new().list(&[], until));
    for file in [given.with(&stamp), ProofFile { revocation: vec![other], ..given.with(&stamp) }] {
        let judged = |lists: &[Vec<u8>]| given.judged(&file, Some(&tsa.stampers_with(lists))).0;
        assert_eq!(value(&judged(&[]), "stamper_revocation"), "not-looked-at");
        assert_eq!(value(&judged(&[tsa.list(&[], until)]), "stamper_revocation"), "good");
        let State::Fails(why) = judged(&[tsa.list(&[&clock], until)]).state else { panic!("it was revoked") };
        assert_eq!(why.why, Refusal::CertificateRevoked);
    }
    let unread = Stampers::Unread("tsa.pem".into());
    let (layer, holds) = given.judged(&given.with(&stamp), Some(&unread));
    assert_eq!((layer.state.clone(), holds), (State::Unseen(Unseen::UnreadStampers), true));
    assert_eq!(value(&layer, "unread"), "tsa.pem");
}

// RFC 3161 §4
#[test]
fn whether_the_stamper_was_revoked_is_judged_as_of_now_by_what_the_file_has() {
    let (given, tsa) = (Given::new(), Ca::new());
    let day = SignedDuration::from_hours(24);
    let clock = tsa.identity_for("clock@plans.example", Purpose::TimeStamping, now() + day * 30);
    // Good until tomorrow, and, should it revoke, from now on and without a reason.
    let list = |revoked: &[&Identity]| tsa.list(revoked, now() + day);
    let judged = |stamped: Timestamp, list: Vec<u8>, at: Timestamp| {
        let stamp = TimeStamper::new(clock.clone(), "1.2.3").unwrap().stamp(&given.digest(), stamped).unwrap();
        let file = ProofFile { revocation: vec![STANDARD.encode(list)], ..given.with(&stamp) };
        given.judged_at(&file, Some(&tsa.stampers()), at).0
    };
    let before = now() - SignedDuration::from_mins(1);
    for at in [now(), now() + day * 3, now() + day * 300] {
        let good = judged(before, list(&[]), at);
        assert_eq!((good.state.clone(), value(&good, "stamper_revocation")), (State::Holds, "good".into()), "{at}");
        // Whoever has the key dates a stamp as he likes.
        for stamped in [before, now()] {
            let layer = judged(stamped, list(&[&clock]), at);
            let State::Fails(why) = layer.state else { panic!("{stamped} {at}: {layer:?}") };
            assert_eq!(why.why, Refusal::CertificateRevoked);
        }
    }
}

#[test]
fn what_stands_above_time_stamps_vouches_for_no_evidence() {
    let (given, tsa) = (Given::new(), Ca::new());
    // Somebody has a certificate of that authority that names the gateway, and writes evidence of his own.
    let forged = file(&tsa.identity("gateway@plans.example"), [now(), now()], None);
    let gateway = Witnesses::read(given.evidence.pem().as_bytes()).unwrap();
    let judged = |gateway: &Witnesses, stampers: &Stampers| {
        let by = Vouchers { gateway, offices: None, stampers: Some(stampers) };
        let (report, _) = verify_proof(&forged, by, (None, &[]), now());
        let Some(State::Fails(why)) = report.state(What::Gateway) else { panic!("{report:?}") };
        why.why
    };
    assert_eq!(judged(&gateway, &tsa.stampers()), Refusal::UnknownAuthority);
    // Both in one file is refused; and should one be named as both, it counts for stamps.
    assert!(Witnesses::read((given.evidence.pem() + &tsa.pem()).as_bytes()).is_err());
    let both = Witnesses::from(tsa.trust());
    assert_eq!(judged(&both, &tsa.stampers()), Refusal::UnknownAuthority);
}

#[test]
fn a_stamp_of_before_shows_that_a_former_key_had_signed_by_then() {
    let (given, tsa) = (Given::new(), Ca::new());
    let key = STANDARD.decode(&given.file.head).unwrap();
    let key = enclosed(&key).unwrap().0.signer().fingerprint_hex();
    let text = format!("Fumibako-Key-Replaced: {key} {}\n{}", now(), given.evidence.pem());
    let gateway = Witnesses::read(text.as_bytes()).unwrap();
    let file = given.with(&tsa.stamp(&given.digest(), now()));
    let former = |file: &ProofFile, stampers: Option<&Stampers>| {
        let by = Vouchers { gateway: &gateway, offices: None, stampers };
        verify_proof(file, by, (None, &[]), now()).0.state(What::FormerKey).cloned()
    };
    let state = |stampers: Option<&Stampers>| former(&file, stampers);
    assert_eq!(state(Some(&tsa.stampers())), Some(State::Holds));
    assert_eq!(state(None), Some(State::Unseen(Unseen::KeyReplaced)));
    // Who stole both keys writes a head and a stamp of any moment.
    let until = now() + SignedDuration::from_hours(24);
    let clock = tsa.identity_for("clock@plans.example", Purpose::TimeStamping, until);
    let before = now() - SignedDuration::from_mins(1);
    let stamp = TimeStamper::new(clock.clone(), "1.2.3").unwrap().stamp(&given.digest(), before).unwrap();
    let stolen = ProofFile { revocation: vec![STANDARD.encode(tsa.list(&[&clock], until))], ..given.with(&stamp) };
    assert_eq!(former(&stolen, Some(&tsa.stampers())), Some(State::Unseen(Unseen::KeyReplaced)));
}
