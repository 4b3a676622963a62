//! Revocation lists: ours judged by openssl, openssl's by us, and what they say about a signer.

use der::{Any, Tag};
use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{
    Certificate, Identity, ListError, Reason, RevocationError, RevocationList, Revoked, Signature, Signed, Trust,
    WithoutList, limits,
};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, authority, days, message, office};
use crate::twin::twin;

fn signed_by(identity: &Identity) -> Signature {
    Signed::read(&message(ENTITY, identity)).unwrap().verify().unwrap()
}

fn list(ca: &Authority, revoked: &[(&Certificate, Timestamp)]) -> RevocationList {
    let der = ca.revoke(revoked, AT - days(1), AT + days(7)).unwrap();
    RevocationList::read(&der, &[ca.certificate().clone()]).unwrap()
}

fn trusting(ca: &Authority, lists: Vec<RevocationList>, without: WithoutList) -> Trust {
    Trust::new([ca.certificate().clone()]).unwrap().with_lists(lists, without)
}

#[test]
fn a_revoked_certificate_is_not_believed_from_its_moment_on() {
    let ca = authority();
    let (office, other) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    let since = AT - SignedDuration::from_hours(1);
    let trust = trusting(&ca, vec![list(&ca, &[(office.certificate(), since)])], WithoutList::Refuse);
    let revoked = Revoked { since, reason: Some(Reason::KeyCompromise) };
    let error = RevocationError::Revoked { subject: office.certificate().subject(), revoked };
    let signature = signed_by(&office);
    assert_eq!(trust.check_revocation(&signature, AT), Err(error.clone()));
    assert_eq!(trust.check_revocation(&signature, since), Err(error));
    assert_eq!(trust.check_revocation(&signature, since - SignedDuration::from_secs(1)), Ok(()));
    assert_eq!(trust.check_revocation(&signed_by(&other), AT), Ok(()));
}

#[test]
fn a_path_that_does_not_hold_is_not_asked_about() {
    let ca = authority();
    let stranger = office(&Authority::create("別の認証局", AT - days(2)).unwrap(), KeyKind::EcP256);
    let error = trusting(&ca, vec![list(&ca, &[])], WithoutList::Accept).check_revocation(&signed_by(&stranger), AT);
    assert!(matches!(error, Err(RevocationError::Certificate(_))));
}

#[test]
fn a_list_answers_until_its_next_update() {
    let ca = authority();
    let der = ca.revoke(&[], AT - days(9), AT).unwrap();
    let old = RevocationList::read(&der, &[ca.certificate().clone()]).unwrap();
    assert_eq!((old.this_update(), old.next_update(), old.len(), old.is_empty()), (AT - days(9), AT, 0, true));
    let signature = signed_by(&office(&ca, KeyKind::EcP256));
    let trust = trusting(&ca, vec![old.clone()], WithoutList::Accept);
    let stale = RevocationError::Stale { issuer: "CN=検証用認証局".to_owned(), next_update: AT };
    assert_eq!(trust.check_revocation(&signature, AT), Ok(()));
    assert_eq!(trust.check_revocation(&signature, AT + SignedDuration::from_secs(1)), Err(stale));
    // The newest list of an authority counts, in whatever order they came.
    let trust = trusting(&ca, vec![old, list(&ca, &[])], WithoutList::Accept);
    assert_eq!(trust.check_revocation(&signature, AT + SignedDuration::from_secs(1)), Ok(()));
}

#[test]
fn without_a_list_the_policy_decides() {
    let ca = authority();
    let signature = signed_by(&office(&ca, KeyKind::EcP256));
    let ask = |without| trusting(&ca, vec![list(&authority(), &[])], without).check_revocation(&signature, AT);
    assert_eq!(ask(WithoutList::Accept), Ok(()));
    assert_eq!(ask(WithoutList::Refuse), Err(RevocationError::NoList { issuer: "CN=検証用認証局".to_owned() }));
}

#[test]
fn an_authority_can_be_revoked_too() {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let signature = signed_by(&office(&lower, KeyKind::EcP256));
    let good = trusting(&root, vec![list(&root, &[]), list(&lower, &[])], WithoutList::Refuse);
    assert_eq!(good.check_revocation(&signature, AT), Ok(()));
    let lists = vec![list(&root, &[(lower.certificate(), AT)]), list(&lower, &[])];
    let verdict = trusting(&root, lists, WithoutList::Refuse).check_revocation(&signature, AT);
    assert!(matches!(verdict, Err(RevocationError::Revoked { subject, .. }) if subject == "CN=下位認証局"));
}

#[test]
fn a_list_is_signed_by_the_authority_it_names() {
    let ca = authority();
    let der = ca.revoke(&[], AT, AT + days(1)).unwrap();
    let read = |authorities: &[Certificate]| RevocationList::read(&der, authorities).map(|_| ());
    let other = Authority::create("別の認証局", AT).unwrap().certificate().clone();
    let twin = authority().certificate().clone();
    assert_eq!(read(&[other, twin.clone(), ca.certificate().clone()]), Ok(()));
    assert_eq!(read(&[twin]), Err(ListError::BadSignature));
    assert_eq!(read(&[]), Err(ListError::UnknownIssuer { issuer: "CN=検証用認証局".to_owned() }));
    for at in 0..der.len() {
        let mut bad = der.clone();
        bad[at] ^= 1;
        assert!(RevocationList::read(&bad, &[ca.certificate().clone()]).is_err(), "octet {at}");
    }
}

#[test]
fn a_list_ends_at_its_limit() {
    let sized = |size: usize| RevocationList::read(&vec![0; size], &[]).map(|_| ());
    let limit = limits::REVOCATION_LIST_BYTES_MAX;
    assert_eq!(sized(limit), Err(ListError::Malformed("it does not decode")));
    assert_eq!(sized(limit + 1), Err(ListError::TooLarge { what: "revocation list", limit }));
}

#[test]
fn openssl_believes_our_lists() {
    let (openssl, ca) = (Openssl::new(), authority());
    let (good, bad) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    openssl.put("crl.der", ca.revoke(&[(bad.certificate(), AT)], AT - days(1), AT + days(7)).unwrap());
    openssl.run("crl -in crl.der -inform DER -out crl.pem");
    openssl.put("ca.pem", ca.certificate().to_pem());
    openssl.put("good.pem", good.certificate().to_pem());
    openssl.put("bad.pem", bad.certificate().to_pem());
    let verify = format!("verify -crl_check -x509_strict -CAfile ca.pem -CRLfile crl.pem -attime {}", AT.as_second());
    openssl.run(&format!("{verify} good.pem"));
    assert!(openssl.try_run(&format!("{verify} bad.pem")).text.contains("certificate revoked"));
}

/// A list that openssl writes with these extensions, over the serial number 4660.
fn written_by_openssl(ca_pem: &[u8], authority: &Certificate, extensions: &str) -> Result<RevocationList, ListError> {
    let list = over(["1234".to_owned()], ca_pem, extensions);
    RevocationList::read(&list, std::slice::from_ref(authority))
}

/// The same over these serial numbers, as they stand in openssl's index.
fn over(serials: impl IntoIterator<Item = String>, ca_pem: &[u8], extensions: &str) -> Vec<u8> {
    let openssl = Openssl::new();
    openssl.put("ca.pem", ca_pem);
    let line = |serial| format!("R\t271105000000Z\t261105000000Z,superseded\t{serial}\tunknown\t/CN=x\n");
    openssl.put("index.txt", serials.into_iter().map(line).collect::<String>());
    let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n[x]\n";
    openssl.put("config", format!("{config}{extensions}\n"));
    openssl.run(
        "ca -config config -gencrl -keyfile ca.pem -cert ca.pem -crlexts x -out crl.pem \
         -crl_lastupdate 261101000000Z -crl_nextupdate 261201000000Z",
    );
    openssl.get("crl.pem")
}

/// Every second number from a million on, so that as many are absent as are listed.
#[test]
fn of_a_hundred_thousand_numbers_each_is_found_and_no_other() {
    const COUNT: u32 = 100_000;
    let ca = authority();
    let number = |place: u32| 0x0010_0000 + 2 * place;
    let octets = over((0..COUNT).map(|place| format!("{:06X}", number(place))), ca.to_pem().as_bytes(), "");
    // Read once, for every question.
    let list = RevocationList::read(&octets, &[ca.certificate().clone()]).unwrap();
    assert_eq!(list.len(), usize::try_from(COUNT).unwrap());
    let trust = trusting(&ca, vec![list], WithoutList::Refuse);
    let office = office(&ca, KeyKind::EcP256);
    let ask = |serial: u32| {
        let [_, octets @ ..] = serial.to_be_bytes();
        let asked = twin(office.certificate(), &ca, |tbs| tbs.serial = Any::new(Tag::Integer, octets).unwrap());
        trust.check_revocation_of(&asked, &[], AT)
    };
    let revoked = Revoked { since: "2026-11-05T00:00:00Z".parse().unwrap(), reason: Some(Reason::Superseded) };
    let revoked = Err(RevocationError::Revoked { subject: office.certificate().subject(), revoked });
    let (lowest, highest) = (number(0), number(COUNT - 1));
    for listed in [lowest, number(1), number(COUNT / 2), number(COUNT - 2), highest] {
        assert_eq!(ask(listed), revoked, "{listed}");
    }
    for absent in [lowest - 1, lowest + 1, number(COUNT / 2) + 1, highest - 1, highest + 1] {
        assert_eq!(ask(absent), Ok(()), "{absent}");
    }
}

#[test]
fn we_believe_the_lists_of_openssl() {
    let ca = authority();
    let read = |extensions: &str| written_by_openssl(ca.to_pem().as_bytes(), ca.certificate(), extensions);
    let list = read("authorityKeyIdentifier=keyid").unwrap();
    assert_eq!((list.len(), list.issuer().as_str()), (1, "CN=検証用認証局"));
    assert_eq!(list.next_update(), "2026-12-01T00:00:00Z".parse().unwrap());
    let point = |field: &str| read(&format!("issuingDistributionPoint=critical,@p\n[p]\n{field}=TRUE"));
    assert!(point("onlyuser").is_ok() && point("onlyCA").is_ok());
    assert!(matches!(point("indirectCRL"), Err(ListError::Unsupported(_))));
    assert!(matches!(point("onlyAA"), Err(ListError::Unsupported(_))));
    let unknown = read("1.2.3.4=critical,ASN1:NULL");
    assert_eq!(unknown.map(|_| ()), Err(ListError::Unsupported("a critical extension")));
}

#[test]
fn a_list_about_authorities_says_nothing_about_an_office() {
    let ca = authority();
    let signature = signed_by(&office(&ca, KeyKind::EcP256));
    let ask = |field: &str| {
        let extensions = format!("issuingDistributionPoint=critical,@p\n[p]\n{field}=TRUE");
        let list = written_by_openssl(ca.to_pem().as_bytes(), ca.certificate(), &extensions).unwrap();
        trusting(&ca, vec![list], WithoutList::Refuse).check_revocation(&signature, AT)
    };
    assert_eq!(ask("onlyuser"), Ok(()));
    assert!(matches!(ask("onlyCA"), Err(RevocationError::NoList { .. })));
}

#[test]
fn a_piece_of_a_list_speaks_about_its_own_certificates_only() {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -subj /CN=x -out csr");
    let point = "crlDistributionPoints=URI:http://example.jp/1.crl";
    let usage = "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:a@b";
    openssl.put("ext", format!("{usage}\n{point}\n"));
    openssl.run("x509 -req -in csr -CA ca.pem -CAkey ca.pem -set_serial 0x1234 -days 9999 -extfile ext -out cert");
    let certificate = Certificate::from_pem(&openssl.get("cert")).unwrap();
    let identity = Identity::from_pem(&[openssl.get("key.pem"), openssl.get("cert")].concat(), None).unwrap();
    let signature = signed_by(&identity);
    let ask = |number: u8| {
        let name = format!("fullname=URI:http://example.jp/{number}.crl");
        let extensions = format!("issuingDistributionPoint=critical,@p\n[p]\n{name}");
        let piece = written_by_openssl(ca.to_pem().as_bytes(), ca.certificate(), &extensions).unwrap();
        trusting(&ca, vec![piece], WithoutList::Refuse).check_revocation(&signature, AT.max(certificate.not_before()))
    };
    assert!(matches!(ask(1), Err(RevocationError::Revoked { .. })));
    assert!(matches!(ask(2), Err(RevocationError::NoList { .. })));
}

#[test]
fn an_authority_must_be_allowed_to_sign_lists() {
    let openssl = Openssl::new();
    for (usage, allowed) in [("keyCertSign", false), ("keyCertSign,cRLSign", true)] {
        openssl.run(&format!(
            "req -x509 -newkey rsa:2048 -noenc -keyout key -subj /CN=ca -addext keyUsage=critical,{usage} -out cert"
        ));
        let certificate = Certificate::from_pem(&openssl.get("cert")).unwrap();
        let pem = [openssl.get("key"), openssl.get("cert")].concat();
        let read = written_by_openssl(&pem, &certificate, "").map(|list| list.len());
        assert_eq!(read, if allowed { Ok(1) } else { Err(ListError::NotAllowed) });
    }
}

#[test]
fn a_list_of_the_future_revokes_and_vouches_for_nobody() {
    let ca = authority();
    let (office, other) = (office(&ca, KeyKind::EcP256), office(&ca, KeyKind::EcP256));
    let ahead = |minutes: i64, since: Timestamp| {
        let begins = AT + SignedDuration::from_mins(minutes);
        let der = ca.revoke(&[(office.certificate(), since)], begins, AT + days(7)).unwrap();
        RevocationList::read(&der, &[ca.certificate().clone()]).unwrap()
    };
    let most = limits::STATUS_MINUTES_AHEAD_MAX;
    let ask = |list: RevocationList, identity: &Identity| {
        trusting(&ca, vec![list], WithoutList::Refuse).check_revocation(&signed_by(identity), AT)
    };
    assert_eq!(ask(ahead(most, AT), &other), Ok(()));
    assert!(matches!(ask(ahead(most + 1, AT), &other), Err(RevocationError::NoList { .. })));
    assert!(matches!(ask(ahead(most + 1, AT), &office), Err(RevocationError::Revoked { .. })));
    // Until it begins the one before it counts.
    let both = trusting(&ca, vec![ahead(most + 1, AT - days(1)), list(&ca, &[])], WithoutList::Refuse);
    assert_eq!(both.check_revocation(&signed_by(&other), AT), Ok(()));
    assert!(matches!(both.check_revocation(&signed_by(&office), AT), Err(RevocationError::Revoked { .. })));
}

#[test]
fn of_two_dates_of_one_certificate_the_earlier_counts() {
    let ca = authority();
    let office = office(&ca, KeyKind::EcP256);
    let (before, after) = ((office.certificate(), AT - days(1)), (office.certificate(), AT + days(3)));
    for twice in [[before, after], [after, before]] {
        let trust = trusting(&ca, vec![list(&ca, &twice)], WithoutList::Refuse);
        let verdict = trust.check_revocation(&signed_by(&office), AT);
        assert!(matches!(verdict, Err(RevocationError::Revoked { revoked, .. }) if revoked.since == AT - days(1)));
    }
}

#[test]
fn a_list_takes_the_place_of_its_own_series() {
    let (ca, other) = (authority(), authority());
    let at = |ca: &Authority, hours: i64| {
        let der = ca.revoke(&[], AT + SignedDuration::from_hours(hours), AT + days(7)).unwrap();
        RevocationList::read(&der, &[ca.certificate().clone()]).unwrap()
    };
    assert_eq!(at(&ca, 0).series(), at(&ca, 1).series());
    assert_ne!(at(&ca, 0).series(), at(&other, 0).series(), "of one name, of another key");
    assert!(at(&ca, 0).is_older_than(&at(&ca, 1)));
    assert!(!at(&ca, 1).is_older_than(&at(&ca, 0)) && !at(&ca, 1).is_older_than(&at(&ca, 1)));
}

/// A list that openssl writes at this moment, with this number.
fn numbered(ca: &Authority, number: &str, revoked: &Certificate, at: Timestamp) -> RevocationList {
    let openssl = Openssl::new();
    let short = |at: Timestamp| at.strftime("%y%m%d%H%M%SZ").to_string();
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.put("conf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n");
    openssl.put("number", format!("{number}\n"));
    let serial = revoked.serial_hex().to_uppercase();
    let (ends, since) = (short(revoked.not_after()), short(at - days(1)));
    let line = if number == "05" { format!("R\t{ends}\t{since}\t{serial}\tunknown\t/CN=x\n") } else { String::new() };
    openssl.put("index", line);
    let (last, next) = (short(at), short(AT + days(7)));
    openssl.run(&format!(
        "ca -gencrl -config conf -cert ca.pem -keyfile ca.pem -crl_lastupdate {last} -crl_nextupdate {next} -out crl"
    ));
    RevocationList::read(&openssl.get("crl"), &[ca.certificate().clone()]).unwrap()
}

/// RFC 5280 §5.2.3: the number decides, also against the dates.
#[test]
fn of_two_lists_the_higher_number_counts() {
    let ca = authority();
    let office = office(&ca, KeyKind::EcP256);
    // The fifth names the office and was dated too early; the fourth does not.
    let fourth = numbered(&ca, "04", office.certificate(), AT - days(1));
    let fifth = numbered(&ca, "05", office.certificate(), AT - days(2));
    assert!(fourth.is_older_than(&fifth) && !fifth.is_older_than(&fourth));
    for both in [[fourth.clone(), fifth.clone()], [fifth, fourth]] {
        let verdict = trusting(&ca, both.to_vec(), WithoutList::Refuse).check_revocation(&signed_by(&office), AT);
        assert!(matches!(verdict, Err(RevocationError::Revoked { .. })), "{verdict:?}");
    }
}
