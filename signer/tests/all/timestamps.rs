//! Time stamps both ways with openssl: it asks or we ask, it stamps or we stamp, it verifies or we verify.

use std::time::Duration;

use fumibako_signer::authority::{Authority, KeyKind, Purpose};
use fumibako_signer::{
    Algorithm, Certificate, CertificateError, Identity, RevocationError, RevocationList, SignatureError, TimeStamp,
    TimeStampError, TimeStampRequest, TimeStamper, Trust, WithoutList, limits,
};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, request};

const CONTENT: &[u8] = b"evidence";
const POLICY: &str = "1.3.6.1.4.1.99999.1";

/// A time-stamping authority, and openssl ready to be one with the same key.
struct Stamping {
    openssl: Openssl,
    ca: Authority,
    identity: Identity,
    trust: Trust,
}

impl Stamping {
    fn new(key: KeyKind) -> Self {
        let ca = authority();
        let identity = ca.issue(&request(key, Purpose::TimeStamping)).unwrap();
        Self::with(ca, identity)
    }

    fn with(ca: Authority, identity: Identity) -> Self {
        let (openssl, trust) = (Openssl::new(), Trust::for_time_stamps([ca.certificate().clone()]).unwrap());
        openssl.put("ca.pem", ca.certificate().to_pem());
        openssl.put("id.pem", identity.to_pem().as_bytes());
        openssl.put("content", CONTENT);
        Self { openssl, ca, identity, trust }
    }

    fn stamper(&self) -> TimeStamper {
        TimeStamper::new(self.identity.clone(), POLICY).unwrap()
    }

    /// openssl answers the request in the file `query`. Its time is the clock's, so ours has to be too.
    fn answered_by_openssl(&self, settings: &str) -> Vec<u8> {
        self.openssl.put("serial", "01\n");
        self.openssl.put(
            "conf",
            format!(
                "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy={POLICY}\ndigests=sha256,sha512\n{settings}\n"
            ),
        );
        let signer = "-signer id.pem -inkey id.pem -chain ca.pem";
        self.openssl.run(&format!("ts -reply -config conf -section tsa -queryfile query {signer} -out reply"));
        self.openssl.get("reply")
    }

    fn openssl_verifies(&self, reply: &[u8], options: &str) -> bool {
        self.openssl.put("reply", reply);
        let at = AT.as_second();
        self.openssl.try_run(&format!("ts -verify -in reply -CAfile ca.pem -attime {at} {options}")).ok
    }
}

/// An authority for openssl, whose clock nobody sets: valid now, whenever that is.
fn stamping_now(key: KeyKind) -> (Stamping, Timestamp) {
    let openssl = Openssl::new();
    openssl.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k -subj /CN=now -out c.pem");
    let now = Certificate::from_pem(&openssl.get("c.pem")).unwrap().not_before();
    let ca = Authority::create("検証用認証局", now - days(30)).unwrap();
    let (not_before, not_after) = (now - days(1), now + days(1));
    let wish = fumibako_signer::authority::Request { not_before, not_after, ..request(key, Purpose::TimeStamping) };
    let identity = ca.issue(&wish).unwrap();
    (Stamping::with(ca, identity), now)
}

#[test]
fn openssl_verifies_what_we_stamp() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let stamping = Stamping::new(key);
        for options in
            ["-sha256 -cert", "-sha384 -cert", "-sha512 -cert -no_nonce", &format!("-sha256 -cert -tspolicy {POLICY}")]
        {
            stamping.openssl.run(&format!("ts -query -data content -out query {options}"));
            let reply = stamping.stamper().answer(&stamping.openssl.get("query"), AT).unwrap();
            assert!(stamping.openssl_verifies(&reply, "-queryfile query"), "{options}");
            assert!(stamping.openssl_verifies(&reply, "-data content"), "{options}");
        }
        let text = stamping.openssl.run("ts -reply -in reply -text");
        assert!(text.contains("Nov  5 10:10:10 2026 GMT") && text.contains("Status: Granted."), "{text}");
        stamping.openssl.run("ts -query -data id.pem -cert -out query");
        let other = stamping.stamper().answer(&stamping.openssl.get("query"), AT).unwrap();
        assert!(!stamping.openssl_verifies(&other, "-data content"));
    }
}

#[test]
fn certificates_travel_only_when_asked_for() {
    let stamping = Stamping::new(KeyKind::EcP256);
    stamping.openssl.run("ts -query -data content -out query");
    let reply = stamping.stamper().answer(&stamping.openssl.get("query"), AT).unwrap();
    assert!(!stamping.openssl_verifies(&reply, "-queryfile query"));
    assert!(stamping.openssl_verifies(&reply, "-queryfile query -untrusted id.pem"));
    let asked = TimeStampRequest::new(CONTENT).unwrap();
    let refused = asked.verify(&reply, &stamping.trust, AT).map(|_| ());
    assert_eq!(refused, Err(SignatureError::NoCertificate.into()));
}

#[test]
fn we_verify_what_openssl_stamps() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let (stamping, now) = stamping_now(key);
        for settings in [
            "",
            "ess_cert_id_chain=yes",
            "ess_cert_id_alg=sha1",
            "ess_cert_id_alg=sha512",
            "accuracy=secs:1, millisecs:500, microsecs:100\nclock_precision_digits=3\nordering=yes\ntsa_name=yes",
        ] {
            let asked = TimeStampRequest::new(CONTENT).unwrap();
            stamping.openssl.put("query", asked.to_der().unwrap());
            let reply = stamping.answered_by_openssl(settings);
            let stamp = asked.verify(&reply, &stamping.trust, now).unwrap();
            assert!(stamp.time().duration_since(now).abs() < SignedDuration::from_mins(5), "{settings}");
            assert_eq!((stamp.policy().as_str(), stamp.serial_hex().as_str()), (POLICY, "02"));
            let exact = settings.contains("accuracy").then_some(Duration::from_micros(1_500_100));
            assert_eq!(stamp.accuracy(), exact);
            assert_eq!(stamp.signature().signer(), stamping.identity.certificate());
            let again = TimeStamp::verify(stamp.token(), &sha256(CONTENT), &stamping.trust, now).unwrap();
            assert_eq!(again.time(), stamp.time());
        }
    }
}

fn sha256(content: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content).as_ref().try_into().unwrap()
}

#[test]
fn openssl_reads_our_request() {
    let openssl = Openssl::new();
    openssl.put("query", TimeStampRequest::new(CONTENT).unwrap().to_der().unwrap());
    let text = openssl.run("ts -query -in query -text");
    for line in ["Version: 1", "Hash Algorithm: sha256", "Certificate required: yes", "Nonce: 0x"] {
        assert!(text.contains(line), "{line} is missing from {text}");
    }
}

#[test]
fn what_we_stamp_we_believe() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let asked = TimeStampRequest::new(CONTENT).unwrap();
    let reply = stamping.stamper().answer(&asked.to_der().unwrap(), AT).unwrap();
    let stamp = asked.verify(&reply, &stamping.trust, AT).unwrap();
    assert_eq!((stamp.time(), stamp.accuracy()), (AT, None));
    assert!(matches!(stamp.signature().algorithm(), Algorithm::Ecdsa(_)));

    let token = stamping.stamper().stamp(&sha256(CONTENT), AT).unwrap();
    let verify = |digest: &[u8], at| TimeStamp::verify(&token, &sha256(digest), &stamping.trust, at).map(|_| ());
    assert_eq!(verify(CONTENT, AT), Ok(()));
    assert_eq!(verify(b"other", AT), Err(TimeStampError::OtherImprint));
    // The certificate ended long ago: it counts what it was when it signed.
    assert_eq!(verify(CONTENT, AT + days(4000)), Ok(()));
    let ahead = SignedDuration::from_mins(5);
    assert_eq!(verify(CONTENT, AT - ahead), Ok(()));
    assert_eq!(verify(CONTENT, AT - ahead - SignedDuration::from_secs(1)), Err(TimeStampError::Future { time: AT }));
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let asked = TimeStampRequest::new(CONTENT).unwrap();
    let verify = |reply: &[u8]| asked.verify(reply, &stamping.trust, AT).map(|_| ());
    let twin = TimeStampRequest::new(CONTENT).unwrap().to_der().unwrap();
    assert_eq!(verify(&stamping.stamper().answer(&twin, AT).unwrap()), Err(TimeStampError::OtherNonce));
    stamping.openssl.run("ts -query -data content -sha256 -cert -no_nonce -out query");
    let none = stamping.stamper().answer(&stamping.openssl.get("query"), AT).unwrap();
    assert_eq!(verify(&none), Err(TimeStampError::OtherNonce));
    let other = TimeStampRequest::new(b"other").unwrap().to_der().unwrap();
    assert_eq!(verify(&stamping.stamper().answer(&other, AT).unwrap()), Err(TimeStampError::OtherImprint));
    stamping.openssl.run("ts -query -data content -sha512 -cert -out query");
    let longer = stamping.stamper().answer(&stamping.openssl.get("query"), AT).unwrap();
    assert_eq!(verify(&longer), Err(TimeStampError::OtherImprint));
}

/// What is answered to a request that openssl writes with these options, and what openssl reads in it.
#[track_caller]
fn check_refusal(request: &[u8], failure: &str, theirs: &str) {
    let stamping = Stamping::new(KeyKind::EcP256);
    let reply = stamping.stamper().answer(request, AT).unwrap();
    let read = TimeStampRequest::new(CONTENT).unwrap().verify(&reply, &stamping.trust, AT).map(|_| ()).unwrap_err();
    assert_eq!(read.to_string(), format!("the time-stamping authority refused (status 2): {failure}"));
    stamping.openssl.put("reply", reply);
    let text = stamping.openssl.run("ts -reply -in reply -text");
    assert!(text.contains("Status: Rejected.") && text.contains(theirs), "{text}");
}

#[test]
fn a_request_that_cannot_be_granted_is_answered() {
    let openssl = Openssl::new();
    openssl.put("content", CONTENT);
    let query = |options: &str| {
        openssl.run(&format!("ts -query -data content -out query {options}"));
        openssl.get("query")
    };
    let algorithm = ("it does not know the digest", "unrecognized or unsupported algorithm");
    check_refusal(&query("-sha1"), algorithm.0, algorithm.1);
    check_refusal(&query("-sha3-256"), algorithm.0, algorithm.1);
    check_refusal(&query("-tspolicy 1.2.3"), "it does not follow the policy asked for", "policy is not supported");
    check_refusal(b"?", "it could not read the request", "data submitted has the wrong format");
    let mut short = query("-sha256 -no_nonce");
    let digest = short.len() - 33;
    // A digest one octet shorter than its algorithm says: the lengths of the three structures around it, too.
    assert_eq!(short[digest], 32);
    short.truncate(short.len() - 1);
    for at in [1, 6, digest] {
        short[at] -= 1;
    }
    check_refusal(&short, "it could not read the request", "data submitted has the wrong format");
}

#[test]
fn a_request_ends_at_its_limit() {
    let sized = |size: usize| vec![0; size];
    let most = limits::TIME_STAMP_REQUEST_BYTES_MAX;
    check_refusal(&sized(most), "it could not read the request", "data submitted has the wrong format");
    check_refusal(&sized(most + 1), "it does not support the request", "transaction not permitted or supported");
}

#[test]
fn a_token_and_an_answer_end_at_their_limit() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let (limit, asked) = (limits::TIME_STAMP_BYTES_MAX, TimeStampRequest::new(CONTENT).unwrap());
    let both = |size: usize| {
        let token = TimeStamp::verify(&vec![0; size], &[0; 32], &stamping.trust, AT).map(|_| ()).unwrap_err();
        let answer = asked.verify(&vec![0; size], &stamping.trust, AT).map(|_| ()).unwrap_err();
        [token, answer]
    };
    let [token, answer] = both(limit);
    assert!(matches!(token, TimeStampError::Signature(SignatureError::Malformed { .. })), "{token}");
    assert!(matches!(answer, TimeStampError::Malformed(_)), "{answer}");
    assert_eq!(both(limit + 1), [(); 2].map(|()| TimeStampError::TooLarge { what: "time stamp", limit }));
}

/// A certificate of our authority with these extensions, written by openssl.
fn certified(extensions: &str) -> (Authority, Identity) {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.put("ext", extensions);
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key");
    openssl.run("req -new -key key -subj /CN=x -out csr");
    openssl.run("x509 -req -in csr -CA ca.pem -CAkey ca.pem -extfile ext -days 3650 -out cert");
    let identity = Identity::read(&[openssl.get("key"), openssl.get("cert")].concat(), None).unwrap();
    (ca, identity)
}

#[test]
fn a_certificate_is_for_time_stamps_alone() {
    let check = |extensions: &str, expected: Result<(), TimeStampError>| {
        let made = TimeStamper::new(certified(extensions).1, POLICY).map(|_| ());
        assert_eq!(made, expected, "{extensions}");
    };
    let refused = |reason| Err(TimeStampError::Usage(reason));
    check("extendedKeyUsage=critical,timeStamping", Ok(()));
    check("extendedKeyUsage=critical,timeStamping\nkeyUsage=nonRepudiation", Ok(()));
    check("extendedKeyUsage=timeStamping", refused("its extended key usage is not critical"));
    check("subjectKeyIdentifier=hash", refused("it has no extended key usage"));
    let alone = "its extended key usage is not timeStamping alone";
    check("extendedKeyUsage=critical,timeStamping,emailProtection", refused(alone));
    check("extendedKeyUsage=critical,emailProtection", refused(alone));
    check("extendedKeyUsage=critical,anyExtendedKeyUsage", refused(alone));
    let key_usage = "extendedKeyUsage=critical,timeStamping\nkeyUsage=keyAgreement";
    check(key_usage, refused("its key usage lacks digitalSignature"));
    let authority = "extendedKeyUsage=critical,timeStamping\nbasicConstraints=critical,CA:TRUE";
    check(authority, refused("it is an authority's"));
    let policy = TimeStamper::new(Stamping::new(KeyKind::EcP256).identity, "no number").map(|_| ());
    assert_eq!(policy, Err(TimeStampError::Policy("no number".to_owned())));
}

#[test]
fn only_trusted_authorities_are_believed() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let token = stamping.stamper().stamp(&sha256(CONTENT), AT).unwrap();
    let verify = |trust: &Trust| TimeStamp::verify(&token, &sha256(CONTENT), trust, AT).map(|_| ()).unwrap_err();
    let other = Trust::for_time_stamps([Authority::create("別の認証局", AT).unwrap().certificate().clone()]).unwrap();
    let issuer = "CN=検証用認証局".to_owned();
    assert_eq!(verify(&other), CertificateError::UnknownIssuer { issuer }.into());
    // Whom we believe about mail we do not believe about time, and the other way round.
    let mail = Trust::new([stamping.ca.certificate().clone()]).unwrap();
    assert!(matches!(verify(&mail), TimeStampError::Certificate(_)));
    let office = crate::people::office(&stamping.ca, KeyKind::EcP256);
    assert!(stamping.trust.check_certificate(office.certificate(), &[], AT).is_err());
    let early = stamping.stamper().stamp(&sha256(CONTENT), AT - days(2)).unwrap();
    let read = TimeStamp::verify(&early, &sha256(CONTENT), &stamping.trust, AT).map(|_| ()).unwrap_err();
    assert!(matches!(read, TimeStampError::Certificate(CertificateError::NotYetValid { .. })));
}

#[test]
fn a_revoked_authority_is_found() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let token = stamping.stamper().stamp(&sha256(CONTENT), AT).unwrap();
    let stamp = TimeStamp::verify(&token, &sha256(CONTENT), &stamping.trust, AT).unwrap();
    let list = |since| {
        let revoked = [(stamping.identity.certificate(), since)];
        let der = stamping.ca.revoke(&revoked, AT, AT + days(1)).unwrap();
        let list = RevocationList::read(&der, &[stamping.ca.certificate().clone()]).unwrap();
        let trust = stamping.trust.with_lists([list], WithoutList::Refuse);
        trust.check_revocation(stamp.signature(), stamp.time())
    };
    assert!(matches!(list(AT - days(1)), Err(RevocationError::Revoked { .. })));
    assert_eq!(list(AT + SignedDuration::from_hours(1)), Ok(()));
}

#[test]
fn a_token_names_the_certificate_that_signed_it() {
    let stamping = Stamping::new(KeyKind::EcP256);
    stamping.openssl.put("token", stamping.stamper().stamp(&sha256(CONTENT), AT).unwrap());
    stamping.openssl.run("cms -verify -noverify -inform DER -in token -out info");
    // openssl signs the same once more, and names its certificate only when told to.
    let signed = |options: &str| {
        let kind = "-econtent_type 1.2.840.113549.1.9.16.1.4 -nodetach -binary -outform DER";
        stamping.openssl.run(&format!("cms -sign -in info -signer id.pem {kind} -out token {options}"));
        TimeStamp::verify(&stamping.openssl.get("token"), &sha256(CONTENT), &stamping.trust, AT).map(|_| ())
    };
    assert_eq!(signed("-cades"), Ok(()));
    assert_eq!(signed("-cades -stream"), Ok(()));
    assert_eq!(signed(""), Err(TimeStampError::Nameless));
}

// RFC 3161 §4
#[test]
fn a_stamp_of_a_revoked_authority_does_not_hold() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let digest = [7; 32];
    let stamper = TimeStamper::new(stamping.identity.clone(), POLICY).unwrap();
    let token = stamper.stamp(&digest, AT).unwrap();
    let hour = SignedDuration::from_hours(1);
    let told = |since: Timestamp, at: Timestamp| {
        let der = stamping.ca.revoke(&[(stamping.identity.certificate(), since)], AT - days(1), AT + days(1)).unwrap();
        let list = RevocationList::read(&der, &[stamping.ca.certificate().clone()]).unwrap();
        // What mail is judged by, carried over to its stamps.
        let trust = Trust::new([stamping.ca.certificate().clone()]).unwrap().with_lists([list], WithoutList::Refuse);
        let trust = trust.stamping();
        let stamp = TimeStamp::verify(&token, &digest, &trust, at).unwrap();
        stamp.check_revocation(&trust, at)
    };
    assert!(matches!(told(AT - hour, AT), Err(RevocationError::Revoked { .. })));
    assert_eq!(told(AT + hour, AT), Ok(()), "nobody had said so by then");
    // Whoever has the key may put back the clock; the list gives a reason that does not say otherwise.
    assert!(matches!(told(AT + hour, AT + hour * 2), Err(RevocationError::Revoked { .. })));
}

// RFC 3161 §4: the one who has a stolen key dates a stamp as he likes.
#[test]
fn a_stamp_from_before_a_revocation_holds_only_where_the_reason_clears_the_key() {
    let stamping = Stamping::new(KeyKind::EcP256);
    let digest = [7; 32];
    let token = TimeStamper::new(stamping.identity.clone(), POLICY).unwrap().stamp(&digest, AT).unwrap();
    let openssl = &stamping.openssl;
    openssl.put("ca.pem", stamping.ca.to_pem().as_bytes());
    openssl
        .put("config", "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n[x]\n2.5.29.20=ASN1:INTEGER:1\n");
    let told = |reason: &str, hours: i64| {
        let since = (AT + SignedDuration::from_hours(hours)).strftime("%y%m%d%H%M%SZ").to_string();
        let serial = stamping.identity.certificate().serial_hex();
        let serial = if serial.len().is_multiple_of(2) { serial } else { format!("0{serial}") }.to_uppercase();
        openssl.put("index", format!("R\t491105000000Z\t{since}{reason}\t{serial}\tunknown\t/CN=x\n"));
        let dates = [AT - days(1), AT + days(1)].map(|at| at.strftime("%y%m%d%H%M%SZ").to_string());
        openssl.run(&format!(
            "ca -config config -gencrl -keyfile ca.pem -cert ca.pem -crlexts x -out crl \
             -crl_lastupdate {} -crl_nextupdate {}",
            dates[0], dates[1]
        ));
        let list = RevocationList::read(&openssl.get("crl"), &[stamping.ca.certificate().clone()]).unwrap();
        let trust = stamping.trust.with_lists([list], WithoutList::Refuse);
        let stamp = TimeStamp::verify(&token, &digest, &trust, AT).unwrap();
        // Now, and when the list and the certificate have long ended.
        [AT + SignedDuration::from_hours(3), AT + days(9999)].map(|at| match stamp.check_revocation(&trust, at) {
            Ok(()) => "good",
            Err(RevocationError::Revoked { .. }) => "revoked",
            Err(RevocationError::Stale { .. }) => "stale",
            Err(other) => panic!("{reason}: {other}"),
        })
    };
    for reason in ["", ",keyCompromise", ",CACompromise", ",certificateHold"] {
        assert_eq!(told(reason, 1)[0], "revoked", "{reason}");
        assert_eq!(told(reason, 1)[1], "revoked", "{reason}: also when its certificate has ended");
        assert_eq!(told(reason, -1), ["revoked"; 2], "{reason}");
    }
    for reason in [",superseded", ",cessationOfOperation", ",affiliationChanged"] {
        assert_eq!(told(reason, 1)[0], "good", "{reason}: it had stamped before");
        assert_eq!(told(reason, -1), ["revoked"; 2], "{reason}");
    }
}
