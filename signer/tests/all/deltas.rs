//! Lists that only tell what changed (RFC 5280 §5.2.4), and what it means that they are published and not here (§5.2.6).

use fumibako_signer::authority::Authority;
use fumibako_signer::{
    Certificate, ListError, Naming, Practice, Purposes, RevocationError, RevocationList, Trust, WithoutList,
};

use crate::openssl::Openssl;
use crate::people::authority;

const FRESHEST: &str = "2.5.29.46=DER:30:12:30:10:A0:0E:A0:0C:86:0A:68:74:74:70:3A:2F:2F:64:2E:78";

struct Stage {
    openssl: Openssl,
    ca: Authority,
    /// Number 1234.
    office: Certificate,
}

impl Stage {
    fn new() -> Self {
        Self::with("")
    }

    /// The office's certificate has these extensions too.
    fn with(extensions: &str) -> Self {
        let (openssl, ca) = (Openssl::new(), authority());
        openssl.put("ca.pem", ca.to_pem().as_bytes());
        openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key -subj /CN=x -out csr");
        let usage = "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n";
        openssl.put("ext", format!("{usage}{extensions}\n"));
        openssl.run("x509 -req -in csr -CA ca.pem -CAkey ca.pem -set_serial 0x1234 -days 9999 -extfile ext -out cert");
        let office = Certificate::from_pem(&openssl.get("cert")).unwrap();
        Self { openssl, ca, office }
    }

    /// A list over the number 1234 for this reason, or over nothing.
    fn read(&self, extensions: &str, reason: Option<&str>, written: &str) -> Result<RevocationList, ListError> {
        let row = |reason| format!("R\t491105000000Z\t261105000000Z,{reason}\t1234\tunknown\t/CN=x\n");
        self.openssl.put("index", reason.map(row).unwrap_or_default());
        let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n[x]\n";
        self.openssl.put("config", format!("{config}{extensions}\n"));
        self.openssl.run(&format!(
            "ca -config config -gencrl -keyfile ca.pem -cert ca.pem -crlexts x -out crl \
             -crl_lastupdate {written} -crl_nextupdate 491201000000Z"
        ));
        RevocationList::read(&self.openssl.get("crl"), &[self.ca.certificate().clone()])
    }

    fn complete(&self, number: u32, reason: Option<&str>, more: &str) -> RevocationList {
        self.read(&format!("2.5.29.20=ASN1:INTEGER:{number}\n{more}"), reason, "261101000000Z").unwrap()
    }

    fn delta(&self, base: u32, number: u32, reason: Option<&str>) -> RevocationList {
        let indicator = format!("2.5.29.27=critical,ASN1:INTEGER:{base}\n2.5.29.20=ASN1:INTEGER:{number}");
        let delta = self.read(&indicator, reason, "261102000000Z").unwrap();
        assert!(delta.is_delta());
        delta
    }

    fn ask(&self, lists: &[&RevocationList], without: WithoutList) -> Answer {
        let practice = Practice::new(Purposes::Mail, Naming::Roll);
        let trust = Trust::with_practices([(self.ca.certificate().clone(), practice)]).unwrap();
        let trust = trust.with_lists(lists.iter().copied().cloned(), without);
        // The day the test runs on: `openssl x509` lets a certificate begin there.
        match trust.check_revocation_of(&self.office, &[], self.office.not_before()) {
            Ok(()) => Answer::Clear,
            Err(RevocationError::Revoked { .. }) => Answer::Revoked,
            Err(RevocationError::NoList { .. } | RevocationError::UnknownToAuthority { .. }) => Answer::Unknown,
            Err(other) => panic!("{other}"),
        }
    }

    /// The answer where lists are required.
    #[track_caller]
    fn check(&self, lists: &[&RevocationList], expected: Answer) {
        assert_eq!(self.ask(lists, WithoutList::Refuse), expected);
    }
}

#[derive(Debug, PartialEq)]
enum Answer {
    Clear,
    Revoked,
    Unknown,
}

#[test]
fn a_delta_revokes_what_the_complete_list_did_not() {
    let stage = Stage::new();
    let (complete, delta) = (stage.complete(5, None, FRESHEST), stage.delta(5, 6, Some("superseded")));
    stage.check(&[&complete, &delta], Answer::Revoked);
    stage.check(&[&delta, &complete], Answer::Revoked);
    stage.check(&[&complete, &stage.delta(5, 6, None)], Answer::Clear);
}

#[test]
fn a_delta_takes_off_a_hold() {
    let stage = Stage::new();
    let complete = stage.complete(5, Some("certificateHold"), FRESHEST);
    stage.check(&[&complete, &stage.delta(5, 6, None)], Answer::Revoked);
    stage.check(&[&complete, &stage.delta(5, 6, Some("removeFromCRL"))], Answer::Clear);
}

#[test]
fn an_older_delta_changes_nothing() {
    let stage = Stage::new();
    let complete = stage.complete(6, None, FRESHEST);
    stage.check(&[&complete, &stage.delta(5, 6, Some("superseded"))], Answer::Clear);
    let revoked = stage.complete(6, Some("superseded"), FRESHEST);
    stage.check(&[&revoked, &stage.delta(5, 6, Some("removeFromCRL"))], Answer::Revoked);
}

#[test]
fn across_a_gap_a_delta_can_revoke_and_not_clear() {
    let stage = Stage::new();
    let complete = stage.complete(4, None, FRESHEST);
    stage.check(&[&complete, &stage.delta(5, 6, None)], Answer::Unknown);
    stage.check(&[&complete, &stage.delta(5, 6, Some("superseded"))], Answer::Revoked);
    let held = stage.complete(4, Some("certificateHold"), FRESHEST);
    stage.check(&[&held, &stage.delta(5, 6, Some("removeFromCRL"))], Answer::Revoked);
    // The same without any complete list, however lenient we are.
    stage.check(&[&stage.delta(5, 6, None)], Answer::Unknown);
    assert_eq!(stage.ask(&[&stage.delta(5, 6, None)], WithoutList::Accept), Answer::Clear);
    assert_eq!(stage.ask(&[&stage.delta(5, 6, Some("superseded"))], WithoutList::Accept), Answer::Revoked);
}

#[test]
fn a_published_delta_that_is_not_here_leaves_it_open() {
    let stage = Stage::new();
    let complete = stage.complete(5, None, FRESHEST);
    stage.check(&[&complete], Answer::Unknown);
    assert_eq!(stage.ask(&[&complete], WithoutList::Accept), Answer::Clear);
    stage.check(&[&stage.complete(5, None, "")], Answer::Clear);
    let pointing = Stage::with(FRESHEST);
    pointing.check(&[&pointing.complete(5, None, "")], Answer::Unknown);
    pointing.check(&[&pointing.complete(5, None, ""), &pointing.delta(5, 6, None)], Answer::Clear);
}

#[test]
fn a_delta_of_another_scope_is_no_delta_of_this_list() {
    let stage = Stage::new();
    let point = "issuingDistributionPoint=critical,@p\n[p]\nonlyuser=TRUE";
    let complete = stage.complete(5, None, &format!("{FRESHEST}\n{point}"));
    stage.check(&[&complete, &stage.delta(5, 6, None)], Answer::Unknown);
}

#[test]
fn a_delta_has_a_number() {
    let stage = Stage::new();
    let read = stage.read("2.5.29.27=critical,ASN1:INTEGER:5", None, "261102000000Z").map(|_| ());
    assert_eq!(read, Err(ListError::Malformed("what changed has no number")));
    let negative = stage.read("2.5.29.20=ASN1:INTEGER:-5", None, "261102000000Z").map(|_| ());
    assert_eq!(negative, Err(ListError::Malformed("a number does not decode")));
}

#[test]
fn a_delta_and_its_complete_list_are_two_series() {
    let stage = Stage::new();
    assert_ne!(stage.complete(5, None, "").series(), stage.delta(5, 6, None).series());
    let doubled = stage.read(&format!("{FRESHEST}\nfreshestCRL=URI:http://d.y"), None, "261101000000Z");
    assert_eq!(doubled.map(|_| ()), Err(ListError::Malformed("an extension stands twice")));
}
