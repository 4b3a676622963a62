//! Answers of responders: ours read by openssl, openssl's by us, and what they mean for a signer.

use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{
    Certificate, Identity, Naming, Practice, Purposes, RevocationError, RevocationList, StatusAnswer, StatusError,
    StatusQuestion, Trust, WithoutList, limits,
};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, office};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn answer(ca: &Authority, office: &Certificate, revoked: &[(&Certificate, Timestamp)]) -> StatusAnswer {
    let question = StatusQuestion::new(office, ca.certificate()).unwrap();
    let der = ca.answer(question.der(), revoked, AT, AT + days(1)).unwrap();
    StatusAnswer::to(&question, &der, ca.certificate()).unwrap()
}

fn trusting(ca: &Authority, answers: &[StatusAnswer], without: WithoutList) -> Trust {
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    trust.with_lists([], without).with_answers(answers.iter().cloned())
}

fn ask(trust: &Trust, identity: &Identity, at: Timestamp) -> Result<(), RevocationError> {
    trust.check_revocation_of(identity.certificate(), identity.chain(), at)
}

#[test]
fn a_good_answer_stands_for_a_list() {
    let ca = authority();
    let (asked, other) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    let good = answer(&ca, asked.certificate(), &[]);
    assert_eq!((good.produced_at(), good.until(asked.certificate())), (AT, Some(AT + days(1))));
    assert_eq!(good.until(other.certificate()), None);
    let trust = trusting(&ca, &[good], WithoutList::Refuse);
    assert_eq!(ask(&trust, &asked, AT), Ok(()));
    assert!(matches!(ask(&trust, &other, AT), Err(RevocationError::NoList { .. })));
}

#[test]
fn an_answer_counts_from_its_beginning_to_its_end() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let (strict, lenient) = (WithoutList::Refuse, WithoutList::Accept);
    let at = |moment, without| {
        let trust = trusting(&ca, &[answer(&ca, identity.certificate(), &[])], without);
        ask(&trust, &identity, AT).unwrap();
        ask(&trust, &identity, moment)
    };
    let (begin, end) = (AT - SignedDuration::from_mins(limits::STATUS_MINUTES_AHEAD_MAX), AT + days(1));
    assert_eq!((at(begin, strict), at(end, strict)), (Ok(()), Ok(())));
    assert!(matches!(at(begin - SECOND, strict), Err(RevocationError::NoList { .. })));
    assert_eq!(at(begin - SECOND, lenient), Ok(()));
    let stale = trusting(&ca, &[answer(&ca, identity.certificate(), &[])], lenient);
    let verdict = stale.check_revocation_of(identity.certificate(), identity.chain(), end + SECOND);
    // The certificate ends with the answer, and says so first.
    assert!(matches!(verdict, Err(RevocationError::Certificate(_))), "{verdict:?}");
}

#[test]
fn a_revoked_certificate_is_not_believed_from_its_moment_on() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let since = AT - SECOND;
    let trust =
        trusting(&ca, &[answer(&ca, identity.certificate(), &[(identity.certificate(), since)])], WithoutList::Accept);
    assert_eq!(ask(&trust, &identity, since - SECOND), Ok(()));
    for at in [since, AT, AT + SECOND] {
        assert!(matches!(ask(&trust, &identity, at), Err(RevocationError::Revoked { .. })));
    }
}

#[test]
fn list_and_answer_each_can_revoke() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let list = |revoked: &[(&Certificate, Timestamp)]| {
        let der = ca.revoke(revoked, AT - days(1), AT + days(1)).unwrap();
        RevocationList::read(&der, &[ca.certificate().clone()]).unwrap()
    };
    let revoked = [(identity.certificate(), AT)];
    let both = |listed: &[(&Certificate, Timestamp)], answered: &[(&Certificate, Timestamp)]| {
        let trust = trusting(&ca, &[answer(&ca, identity.certificate(), answered)], WithoutList::Refuse);
        ask(&trust.with_lists([list(listed)], WithoutList::Refuse), &identity, AT).is_ok()
    };
    assert!(both(&[], &[]));
    assert!(!both(&revoked, &[]) && !both(&[], &revoked) && !both(&revoked, &revoked));
}

#[test]
fn the_newer_of_two_answers_counts() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let question = StatusQuestion::new(identity.certificate(), ca.certificate()).unwrap();
    let revoked = [(identity.certificate(), AT)];
    let newer = ca.answer(question.der(), &revoked, AT + SECOND, AT + days(1)).unwrap();
    let newer = StatusAnswer::to(&question, &newer, ca.certificate()).unwrap();
    let older = answer(&ca, identity.certificate(), &[]);
    for answers in [[older.clone(), newer.clone()], [newer, older]] {
        let trust = trusting(&ca, &answers, WithoutList::Refuse);
        assert!(matches!(ask(&trust, &identity, AT + SECOND), Err(RevocationError::Revoked { .. })));
    }
}

// Profile §4.18
#[test]
fn of_two_answers_made_at_once_the_one_that_says_revoked_counts() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let question = StatusQuestion::new(identity.certificate(), ca.certificate()).unwrap();
    let said = |revoked: &[(&Certificate, Timestamp)], at: Timestamp| {
        let der = ca.answer(question.der(), revoked, at, AT + days(1)).unwrap();
        (der.clone(), StatusAnswer::to(&question, &der, ca.certificate()).unwrap())
    };
    let (good, bad) = (said(&[], AT), said(&[(identity.certificate(), AT)], AT));
    for answers in [[good.1.clone(), bad.1.clone()], [bad.1.clone(), good.1.clone()]] {
        let trust = trusting(&ca, &answers, WithoutList::Refuse);
        assert!(matches!(ask(&trust, &identity, AT), Err(RevocationError::Revoked { .. })));
    }
    // The one that says so is not put aside for the other either.
    let trust = trusting(&ca, &[], WithoutList::Refuse);
    let news = |der: &[u8]| trust.read_news(der).unwrap();
    assert!(news(&good.0).is_older_than(&news(&bad.0)) && !news(&bad.0).is_older_than(&news(&good.0)));
    let later = said(&[], AT + SECOND);
    assert!(news(&bad.0).is_older_than(&news(&later.0)));
}

// Profile §4.18
#[test]
fn an_answer_counts_until_the_next_one_begins() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let question = StatusQuestion::new(identity.certificate(), ca.certificate()).unwrap();
    let hour = SignedDuration::from_hours(1);
    let said = |revoked: &[(&Certificate, Timestamp)], at: Timestamp| {
        let der = ca.answer(question.der(), revoked, at, AT + hour * 9).unwrap();
        StatusAnswer::to(&question, &der, ca.certificate()).unwrap()
    };
    // Put on hold, and taken off it again.
    let hold = said(&[(identity.certificate(), AT)], AT);
    let free = said(&[], AT + hour * 2);
    let trust = || trusting(&ca, &[free.clone(), hold.clone()], WithoutList::Refuse);
    let shared = trust();
    for (at, good) in [(AT - SECOND, true), (AT, false), (AT + hour, false), (AT + hour * 2, true), (AT + hour, false)]
    {
        assert_eq!(ask(&trust(), &identity, at).is_ok(), good, "{at}");
        assert_eq!(ask(&shared, &identity, at).is_ok(), good, "{at}, whatever was asked before");
    }
    // Of a great many the newest are kept.
    let early = AT - SignedDuration::from_mins(limits::STATUS_MINUTES_AHEAD_MAX);
    let hold = said(&[(identity.certificate(), AT - hour)], AT);
    let with = |others: usize| {
        let others = (1_i32..).take(others).map(|number| said(&[], AT + SECOND * number));
        let trust = trusting(&ca, &others.chain([hold.clone()]).collect::<Vec<_>>(), WithoutList::Refuse);
        ask(&trust, &identity, early)
    };
    assert!(matches!(with(limits::STATUS_ANSWERS_MAX - 1), Err(RevocationError::Revoked { .. })));
    assert!(matches!(with(limits::STATUS_ANSWERS_MAX), Err(RevocationError::NoList { .. })));
}

#[test]
fn an_answer_is_to_its_question_and_of_its_authority() {
    let ca = authority();
    let (one, two) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    let ask = |office: &Identity| StatusQuestion::new(office.certificate(), ca.certificate()).unwrap();
    let (first, second, again) = (ask(&one), ask(&two), ask(&one));
    let der = ca.answer(first.der(), &[], AT, AT + days(1)).unwrap();
    let read = |question, authority: &Authority| StatusAnswer::to(question, &der, authority.certificate()).map(|_| ());
    assert_eq!(read(&first, &ca), Ok(()));
    assert_eq!(read(&second, &ca), Err(StatusError::OtherQuestion));
    assert_eq!(read(&again, &ca), Err(StatusError::OtherQuestion), "another number");
    assert_eq!(read(&first, &authority()), Err(StatusError::BadSignature), "another key of the same name");
    let stranger = Authority::create("別の認証局", AT).unwrap();
    assert_eq!(read(&first, &stranger), Err(StatusError::OtherResponder));
    for at in 0..der.len() {
        let mut bad = der.clone();
        bad[at] ^= 1;
        assert!(StatusAnswer::to(&first, &bad, ca.certificate()).is_err(), "octet {at}");
    }
}

#[test]
fn an_answer_ends_at_its_limit() {
    let ca = authority();
    let sized = |size: usize| StatusAnswer::read(&vec![0; size], ca.certificate()).unwrap_err();
    let limit = limits::STATUS_BYTES_MAX;
    assert_eq!(sized(limit), StatusError::Malformed("it does not decode"));
    assert_eq!(sized(limit + 1), StatusError::TooLarge { what: "status answer", limit });
}

#[test]
fn a_responder_that_declines_says_why() {
    let ca = authority();
    for (outcome, reason) in [
        (1, "it cannot read the question"),
        (2, "it has a fault"),
        (3, "it is busy, ask later"),
        (5, "it wants the question signed"),
        (6, "it does not know the authority"),
    ] {
        let read = StatusAnswer::read(&[0x30, 3, 0x0a, 1, outcome], ca.certificate()).map(|_| ());
        assert_eq!(read, Err(StatusError::Declined(reason)));
    }
    let empty = StatusAnswer::read(&[0x30, 3, 0x0a, 1, 0], ca.certificate()).map(|_| ());
    assert_eq!(empty, Err(StatusError::Malformed("it is no basic answer")));
}

#[test]
fn openssl_reads_our_questions_and_answers() {
    let (openssl, ca) = (Openssl::new(), authority());
    let (good, bad) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::Rsa2048));
    openssl.put("ca.pem", ca.certificate().to_pem());
    for (identity, expected) in [(&good, "c.pem: good"), (&bad, "c.pem: revoked")] {
        let question = StatusQuestion::new(identity.certificate(), ca.certificate()).unwrap();
        openssl.put("c.pem", identity.certificate().to_pem());
        openssl.put("q.der", question.der());
        let shown = openssl.run("ocsp -reqin q.der -req_text");
        assert!(shown.to_lowercase().contains(&identity.certificate().serial_hex()), "{shown}");
        openssl.put("a.der", ca.answer(question.der(), &[(bad.certificate(), AT)], AT, AT + days(1)).unwrap());
        let said = openssl.run(&format!(
            "ocsp -no_nonce -issuer ca.pem -cert c.pem -respin a.der -CAfile ca.pem -attime {} -validity_period 9999999999",
            AT.as_second()
        ));
        assert!(said.contains("Response verify OK") && said.contains(expected), "{said}");
    }
}

/// openssl as the responder of an authority that issued number 1234.
struct Responder {
    openssl: Openssl,
    ca: Authority,
    office: Certificate,
}

impl Responder {
    fn new() -> Self {
        let (openssl, ca) = (Openssl::new(), authority());
        openssl.put("ca.pem", ca.to_pem().as_bytes());
        openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key -subj /CN=x -out csr");
        let place = "authorityInfoAccess=OCSP;URI:http://ocsp.example.jp/,caIssuers;URI:http://example.jp/ca";
        openssl.put("ext", format!("keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n{place}\n"));
        openssl.run("x509 -req -in csr -CA ca.pem -CAkey ca.pem -set_serial 0x1234 -days 9999 -extfile ext -out cert");
        let office = Certificate::from_pem(&openssl.get("cert")).unwrap();
        Self { openssl, ca, office }
    }

    /// A certificate for the responder with these extensions, below the authority or, for want of one, another.
    fn delegate(&self, extensions: &str, authority: &Authority) {
        self.delegate_named("responder", extensions, authority);
    }

    fn delegate_named(&self, name: &str, extensions: &str, authority: &Authority) {
        self.openssl.put("other.pem", authority.to_pem().as_bytes());
        self.openssl.put("ext", format!("{extensions}\n"));
        self.openssl.run(&format!("req -new -newkey rsa:2048 -noenc -keyout r.key -utf8 -subj /CN={name} -out r.csr"));
        self.openssl.run(
            "x509 -req -in r.csr -CA other.pem -CAkey other.pem -set_serial 0x99 -days 9999 -extfile ext -out r.pem",
        );
    }

    /// Answers our question; the row of the index begins with `row`.
    fn answer(&self, row: &str, options: &str) -> Result<StatusAnswer, StatusError> {
        let question = StatusQuestion::new(&self.office, self.ca.certificate()).unwrap();
        self.openssl.put("q.der", question.der());
        self.openssl.put("index", format!("{row}\t1234\tunknown\t/CN=x\n"));
        self.openssl.run(&format!("ocsp -index index -CA ca.pem -reqin q.der -respout a.der -ndays 7 {options}"));
        StatusAnswer::to(&question, &self.openssl.get("a.der"), self.ca.certificate())
    }

    /// What the answer means where the policy is to refuse; nothing but the answer is known.
    fn verdict(&self, answer: StatusAnswer) -> Result<(), RevocationError> {
        let practice = Practice::new(Purposes::Mail, Naming::Roll);
        let trust = Trust::with_practices([(self.ca.certificate().clone(), practice)]).unwrap();
        let at = answer.produced_at().max(self.office.not_before());
        let trust = trust.with_lists([], WithoutList::Refuse).with_answers([answer]);
        trust.check_revocation_of(&self.office, &[], at)
    }
}

const GOOD: &str = "V\t491105000000Z\t";
const REVOKED: &str = "R\t491105000000Z\t260105000000Z,keyCompromise";
const ITSELF: &str = "-rsigner ca.pem -rkey ca.pem";
const DELEGATE: &str = "-rsigner r.pem -rkey r.key";

#[test]
fn a_certificate_says_where_its_status_is_asked() {
    assert_eq!(Responder::new().office.responders(), ["http://ocsp.example.jp/"]);
    assert!(office(&authority(), KeyKind::EcP256).certificate().responders().is_empty());
}

#[test]
fn we_read_the_answers_of_openssl() {
    let responder = Responder::new();
    let verdict = |row: &str, options: &str| responder.verdict(responder.answer(row, options).unwrap());
    for options in [ITSELF, "-rsigner ca.pem -rkey ca.pem -resp_key_id", "-rsigner ca.pem -rkey ca.pem -rmd sha384"] {
        assert_eq!(verdict(GOOD, options), Ok(()), "{options}");
        assert!(matches!(verdict(REVOKED, options), Err(RevocationError::Revoked { .. })), "{options}");
    }
}

#[test]
fn a_certificate_its_authority_does_not_know_is_not_believed() {
    let responder = Responder::new();
    let question = StatusQuestion::new(&responder.office, responder.ca.certificate()).unwrap();
    responder.openssl.put("q.der", question.der());
    responder.openssl.put("index", "");
    responder.openssl.run(&format!("ocsp -index index -CA ca.pem -reqin q.der -respout a.der -ndays 7 {ITSELF}"));
    let read = StatusAnswer::to(&question, &responder.openssl.get("a.der"), responder.ca.certificate()).unwrap();
    assert!(matches!(responder.verdict(read), Err(RevocationError::UnknownToAuthority { .. })), "no want of a list");
}

#[test]
fn an_authority_may_charge_somebody_with_answers() {
    let responder = Responder::new();
    let charge = "extendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\nnoCheck=ignored";
    responder.delegate(charge, &responder.ca);
    for options in [DELEGATE.to_owned(), format!("{DELEGATE} -resp_key_id")] {
        assert_eq!(responder.verdict(responder.answer(GOOD, &options).unwrap()), Ok(()));
        let revoked = responder.verdict(responder.answer(REVOKED, &options).unwrap());
        assert!(matches!(revoked, Err(RevocationError::Revoked { .. })));
    }
}

#[test]
fn a_responder_that_could_be_revoked_is_asked_about() {
    let responder = Responder::new();
    responder.delegate("extendedKeyUsage=OCSPSigning", &responder.ca);
    let answer = responder.answer(GOOD, DELEGATE).unwrap();
    let unknown = responder.verdict(answer.clone());
    assert!(matches!(unknown, Err(RevocationError::NoList { .. })), "{unknown:?}");

    let at = answer.produced_at();
    let delegate = Certificate::from_pem(&responder.openssl.get("r.pem")).unwrap();
    let trust =
        Trust::with_practices([(responder.ca.certificate().clone(), Practice::new(Purposes::Mail, Naming::Roll))]);
    let trust = trust.unwrap().with_answers([answer]);
    let listing = |revoked: &[(&Certificate, Timestamp)], next: Timestamp| {
        let der = responder.ca.revoke(revoked, at - days(1), next).unwrap();
        let list = RevocationList::read(&der, &[responder.ca.certificate().clone()]).unwrap();
        trust.with_lists([list], WithoutList::Refuse).check_revocation_of(&responder.office, &[], at)
    };
    assert_eq!(listing(&[], at + days(1)), Ok(()));
    // With the responder's word gone, what is left is the list; and that one has ended.
    assert!(matches!(listing(&[(&delegate, at)], at - SECOND), Err(RevocationError::Stale { .. })));
}

#[test]
fn nobody_else_answers() {
    let responder = Responder::new();
    let answer = |extensions: &str, authority: &Authority| {
        responder.delegate(extensions, authority);
        responder.answer(GOOD, DELEGATE).map(|_| ())
    };
    let ca = &responder.ca;
    assert_eq!(answer("extendedKeyUsage=OCSPSigning", ca), Ok(()));
    assert_eq!(answer("extendedKeyUsage=emailProtection", ca), Err(StatusError::NotAllowed));
    assert_eq!(answer("keyUsage=digitalSignature", ca), Err(StatusError::NotAllowed));
    let critical = "extendedKeyUsage=OCSPSigning\n1.2.3=critical,DER:05:00";
    assert_eq!(answer(critical, ca), Err(StatusError::NotAllowed));
    assert_eq!(answer("extendedKeyUsage=OCSPSigning\nkeyUsage=keyEncipherment", ca), Err(StatusError::NotAllowed));
    let twin = authority();
    assert_eq!(answer("extendedKeyUsage=OCSPSigning", &twin), Err(StatusError::OtherResponder));
    // The responder's certificate is left out of the answer.
    responder.delegate("extendedKeyUsage=OCSPSigning", ca);
    let without = responder.answer(GOOD, &format!("{DELEGATE} -resp_no_certs")).map(|_| ());
    assert_eq!(without, Err(StatusError::OtherResponder));
}

/// RFC 6960 §4.2.1: a responder is named by its subject, which its authority may share.
#[test]
fn a_responder_may_be_called_like_its_authority() {
    let responder = Responder::new();
    let name = responder.ca.certificate().common_name().unwrap();
    responder.delegate_named(&name, "extendedKeyUsage=OCSPSigning\nnoCheck=ignored", &responder.ca);
    assert_eq!(responder.verdict(responder.answer(GOOD, DELEGATE).unwrap()), Ok(()));
}

#[test]
fn an_answer_without_an_end_counts_for_an_hour() {
    let responder = Responder::new();
    let question = StatusQuestion::new(&responder.office, responder.ca.certificate()).unwrap();
    responder.openssl.put("q.der", question.der());
    responder.openssl.put("index", format!("{GOOD}\t1234\tunknown\t/CN=x\n"));
    responder.openssl.run(&format!("ocsp -index index -CA ca.pem -reqin q.der -respout a.der {ITSELF}"));
    let answer = StatusAnswer::to(&question, &responder.openssl.get("a.der"), responder.ca.certificate()).unwrap();
    let hour = SignedDuration::from_mins(limits::STATUS_MINUTES_WITHOUT_END_MAX);
    let end = answer.until(&responder.office).unwrap();
    assert!(end >= answer.produced_at() + hour - SignedDuration::from_secs(5) && end <= answer.produced_at() + hour);
}
