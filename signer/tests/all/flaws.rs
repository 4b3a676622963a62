//! Certificates with one flaw that RFC 5280 forbids, and their twin without it: made by openssl, which writes them all.

use fumibako_signer::{Certificate, CertificateError, RevocationError, RevocationList, Trust, WithoutList};
use jiff::SignedDuration;

use crate::openssl::Openssl;
use crate::people::{AT, authority};

/// A world in which openssl issues under our authority.
struct World {
    openssl: Openssl,
    trust: Trust,
}

impl World {
    fn new() -> Self {
        let (openssl, ca) = (Openssl::new(), authority());
        openssl.put("ca.pem", ca.to_pem().as_bytes());
        openssl.run(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=office -out req.pem",
        );
        Self { openssl, trust: Trust::new([ca.certificate().clone()]).unwrap() }
    }

    /// What is said of a certificate with these extensions, an hour into its life.
    fn verdict(&self, serial: &str, extensions: &str) -> Result<(), CertificateError> {
        let usual = "extendedKeyUsage=emailProtection\nsubjectAltName=email:9912345678@example.jp\n";
        self.openssl.put("extensions", format!("{usual}{extensions}"));
        self.openssl.run(&format!(
            "x509 -req -in req.pem -CA ca.pem -CAkey ca.pem -set_serial {serial} -days 30 -extfile extensions -out office.pem"
        ));
        let certificate = Certificate::from_pem(&self.openssl.get("office.pem")).unwrap();
        let at = certificate.not_before() + SignedDuration::from_hours(1);
        self.trust.check_certificate(&certificate, &[], at)
    }
}

const USAGE: &str = "keyUsage=digitalSignature\nbasicConstraints=critical,CA:FALSE\n";

#[test]
fn what_rfc_5280_forbids_is_refused_and_its_twin_is_not() {
    let world = World::new();
    assert_eq!(world.verdict("1", USAGE), Ok(()));
    assert_eq!(world.verdict("0x7fffffffffffffffffffffffffffffffffffffff", USAGE), Ok(()), "twenty octets");
    for serial in ["0", "-5", "0x8fffffffffffffffffffffffffffffffffffffff"] {
        let verdict = world.verdict(serial, USAGE);
        assert!(
            matches!(verdict, Err(CertificateError::Malformed(why)) if why.contains("serial")),
            "{serial}: {verdict:?}"
        );
    }
    for (flaw, why) in [
        ("keyUsage=digitalSignature,keyCertSign\n", "signs certificates"),
        ("keyUsage=digitalSignature\nbasicConstraints=CA:FALSE,pathlen:3\n", "limits a path"),
        ("keyUsage=digitalSignature\nnameConstraints=permitted;email:example.jp\n", "constrains names"),
        ("keyUsage=digitalSignature\nauthorityKeyIdentifier=DER:3000ff\n", "does not decode"),
    ] {
        let verdict = world.verdict("2", flaw);
        assert!(
            matches!(&verdict, Err(CertificateError::Malformed(told)) if told.contains(why)),
            "{flaw}: {verdict:?}"
        );
    }
}

#[test]
fn of_a_serial_that_stands_twice_the_earlier_revocation_counts() {
    let ca = authority();
    let office = crate::people::office(&ca, fumibako_signer::authority::KeyKind::EcP256);
    let hours = SignedDuration::from_hours;
    let certificate = office.certificate();
    let message = crate::people::message(crate::people::ENTITY, &office);
    let signature = fumibako_signer::Signed::read(&message).unwrap().verify().unwrap();
    for order in [[AT - hours(5), AT + hours(5)], [AT + hours(5), AT - hours(5)]] {
        let entries = order.map(|since| (certificate, since));
        let der = ca.revoke(&entries, AT - hours(6), AT + hours(99)).unwrap();
        let list = RevocationList::read(&der, &[ca.certificate().clone()]).unwrap();
        let trust = Trust::new([ca.certificate().clone()]).unwrap().with_lists(vec![list], WithoutList::Refuse);
        assert!(matches!(trust.check_revocation(&signature, AT), Err(RevocationError::Revoked { .. })));
    }
}
