//! A chain is judged once. What is remembered changes no answer, at no moment, whatever was asked before.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Certificate, Identity, RevocationError, RevocationList, Trust, WithoutList, limits};
use jiff::{SignedDuration, Timestamp};

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

#[test]
fn a_verdict_outlives_no_day() {
    // Nothing but the clock could tell: the answer is the same on both sides of the limit.
    let ca = authority();
    let wish = Request { not_after: AT + days(9), ..request(KeyKind::EcP256, Purpose::Mail) };
    let identity = ca.issue(&wish).unwrap();
    let trust = Trust::new([ca.certificate().clone()]).unwrap();
    let day = SignedDuration::from_hours(limits::VERDICT_HOURS_MAX);
    for at in [AT, AT + day, AT + day + NANOSECOND] {
        assert_eq!(answers(&trust, &identity, at), (true, Ok(())));
    }
}
