//! A chain is judged once. What is remembered changes no answer, at no moment, whatever was asked before.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Certificate, Identity, RevocationError, RevocationList, Trust, WithoutList};
use jiff::{SignedDuration, Timestamp};

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, office, request};

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn list(ca: &Authority, revoked: &[(&Certificate, Timestamp)], next: Timestamp) -> RevocationList {
    let der = ca.revoke(revoked, AT - days(1), next).unwrap();
    RevocationList::read(&der, &[ca.certificate().clone()]).unwrap()
}

/// A trust that remembers nothing, each time it is called.
type Fresh<'f> = &'f dyn Fn() -> Trust;

fn answers(trust: &Trust, identity: &Identity, at: Timestamp) -> (bool, Result<(), RevocationError>) {
    let (certificate, helpers) = (identity.certificate(), identity.chain());
    let path = trust.check_certificate(certificate, helpers, at).is_ok();
    (path, trust.check_revocation_of(certificate, helpers, at))
}

/// Asks at every moment after every other, and compares with somebody who was never asked before.
#[track_caller]
fn check(fresh: Fresh<'_>, identity: &Identity, edges: &[Timestamp]) {
    let around = |edge: &Timestamp| [*edge - SECOND, *edge - NANOSECOND, *edge, *edge + NANOSECOND, *edge + SECOND];
    let moments: Vec<Timestamp> = edges.iter().flat_map(around).chain([AT]).collect();
    let expected: Vec<_> = moments.iter().map(|at| answers(&fresh(), identity, *at)).collect();
    assert!(expected.iter().any(|(_, answer)| answer.is_ok()) && expected.iter().any(|(_, answer)| answer.is_err()));
    for (first, _) in moments.iter().zip(&expected).filter(|(_, (_, answer))| answer.is_ok()) {
        for (then, expected) in moments.iter().zip(&expected) {
            let trust = fresh();
            assert!(answers(&trust, identity, *first).1.is_ok());
            assert_eq!(&answers(&trust, identity, *then), expected, "{then} after {first}");
        }
    }
}

#[test]
fn a_verdict_ends_with_the_certificate_and_its_authorities() {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(1), 0).unwrap();
    let wish = Request { not_after: AT + days(2), ..request(KeyKind::EcP256, Purpose::Mail) };
    let identity = lower.issue(&wish).unwrap();
    let fresh = || Trust::new([root.certificate().clone()]).unwrap();
    check(&fresh, &identity, &[AT - days(1), AT + days(2)]);
    // The authority ends before its subscriber.
    let end = lower.certificate().not_after();
    let wish = Request { not_after: end + days(9), ..wish };
    check(&fresh, &lower.issue(&wish).unwrap(), &[end]);
}

#[test]
fn a_verdict_ends_with_the_list_and_with_a_revocation() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let next = AT + SignedDuration::from_hours(5);
    let trusting = |list: &RevocationList| {
        Trust::new([ca.certificate().clone()]).unwrap().with_lists([list.clone()], WithoutList::Refuse)
    };
    let clear = list(&ca, &[], next);
    check(&|| trusting(&clear), &identity, &[next]);
    let since = AT + SignedDuration::from_hours(1);
    let announced = list(&ca, &[(identity.certificate(), since)], next);
    check(&|| trusting(&announced), &identity, &[since, next]);
}

#[test]
fn a_new_list_is_asked_at_once() {
    let ca = authority();
    let identity = office(&ca, KeyKind::EcP256);
    let before = Trust::new([ca.certificate().clone()]).unwrap();
    assert_eq!(answers(&before, &identity, AT), (true, Ok(())));
    let after = before.with_lists([list(&ca, &[(identity.certificate(), AT)], AT + days(1))], WithoutList::Refuse);
    assert!(matches!(answers(&after, &identity, AT), (true, Err(RevocationError::Revoked { .. }))));
    assert_eq!(answers(&before, &identity, AT), (true, Ok(())));
}

#[test]
fn other_helpers_are_another_chain() {
    let root = authority();
    let lower = root.issue_authority("下位認証局", AT - days(2), 0).unwrap();
    let identity = office(&lower, KeyKind::EcP256);
    let trust = Trust::new([root.certificate().clone()]).unwrap();
    let ask = |helpers: &[Certificate]| trust.check_certificate(identity.certificate(), helpers, AT).is_ok();
    assert!(ask(&[lower.certificate().clone()]));
    assert!(!ask(&[]));
    assert!(ask(&[lower.certificate().clone(), root.certificate().clone()]));
}

#[test]
fn many_threads_share_one_memory() {
    let ca = authority();
    let (good, stranger) = (office(&ca, KeyKind::EcP256), office(&authority(), KeyKind::EcP256));
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(answers(&trust, &good, AT), (true, Ok(())));
                    assert!(!answers(&trust, &stranger, AT).0);
                }
            });
        }
    });
}

// Profile §4.16
#[test]
fn a_verdict_ends_with_the_kind_of_key_of_any_authority() {
    let last: Timestamp = "2030-12-31T23:59:59+09:00".parse().unwrap();
    let openssl = Openssl::new();
    let make = |bits: u32| {
        openssl.run(&format!("req -x509 -newkey rsa:{bits} -noenc -keyout key -out cert -days 9999 -subj /CN=RSA -addext keyUsage=critical,keyCertSign,cRLSign"));
        Authority::from_pem([openssl.get("cert"), openssl.get("key")].concat().as_slice()).unwrap()
    };
    let wish =
        Request { not_before: last - days(9), not_after: last + days(9), ..request(KeyKind::EcP256, Purpose::Mail) };
    // A short key above a P-256 one, as the anchor and below another one.
    let (short, long) = (make(2048), make(3072));
    let office = short.issue(&wish).unwrap();
    check(&|| Trust::new([short.certificate().clone()]).unwrap(), &office, &[last]);
    let lower = short.issue_authority("lower", last - days(30), 0).unwrap();
    let office = lower.issue(&wish).unwrap();
    check(&|| Trust::new([short.certificate().clone()]).unwrap(), &office, &[last]);
    let trust = Trust::new([long.certificate().clone()]).unwrap();
    let office = long.issue(&wish).unwrap();
    assert_eq!(answers(&trust, &office, last + days(1)), (true, Ok(())), "a long one goes on");
}
