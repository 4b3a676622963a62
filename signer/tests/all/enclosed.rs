//! Statements with their signature around them.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{SignatureError, Trust, enclose, enclosed};
use jiff::{SignedDuration, Timestamp};

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);

#[test]
fn a_statement_comes_out_as_it_went_in_and_no_other_does() {
    let authority = Authority::create("evidence CA", AT).unwrap();
    let request = Request {
        common_name: "gateway",
        rfc822_name: "gateway@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::Evidence,
        not_before: AT,
        not_after: AT + SignedDuration::from_hours(24),
    };
    let identity = authority.issue(&request).unwrap();
    let der = enclose(b"so it was", &identity, AT).unwrap();
    let (signature, octets) = enclosed(&der).unwrap();
    assert_eq!((octets.as_slice(), signature.signing_time()), (b"so it was".as_slice(), Some(AT)));
    let trust = Trust::new([authority.certificate().clone()]).unwrap();
    assert!(trust.check(&signature, AT).is_ok());
    assert!(trust.check(&signature, AT + SignedDuration::from_hours(48)).is_err(), "the certificate has ended");
    let other = Trust::new([Authority::create("another", AT).unwrap().certificate().clone()]).unwrap();
    assert!(other.check(&signature, AT).is_err());

    let at = der.windows(9).position(|window| window == b"so it was").unwrap();
    let mut changed = der.clone();
    changed[at] ^= 1;
    assert_eq!(enclosed(&changed).unwrap_err(), SignatureError::ContentChanged);
    assert!(enclosed(&der[..der.len() - 1]).is_err() && enclosed(b"").is_err());
    assert!(matches!(enclosed(&vec![0; 1 << 20]).unwrap_err(), SignatureError::TooLarge { .. }));
}
