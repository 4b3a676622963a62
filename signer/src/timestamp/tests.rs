//! Tokens with one thing wrong each, which no honest authority writes.

use std::sync::LazyLock;

use der::Encode as _;
use der::asn1::{Ia5String, Int};
use x509_cert::ext::Extension;

use super::*;
use crate::algorithm::RsaPadding;
use crate::authority::{Authority, KeyKind, Purpose, Request};
use crate::identity::Identity;
use crate::limits::TIME_STAMP_SERIAL_BYTES_MAX;
use crate::sign::{Content, signed_data};

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);
const DIGEST: [u8; 32] = [7; 32];

static STAMPER: LazyLock<Identity> = LazyLock::new(|| {
    let (key, purpose) = (KeyKind::EcP256, Purpose::TimeStamping);
    let (not_before, not_after) = (AT, AT + SignedDuration::from_hours(1));
    let (common_name, rfc822_name) = ("時刻認証局", "time@plans.example");
    let request = Request { common_name, rfc822_name, key, purpose, not_before, not_after };
    Authority::create("検証用認証局", AT).unwrap().issue(&request).unwrap()
});

/// What is said of a token that differs from the right one by `change`.
#[track_caller]
fn check(change: impl FnOnce(&mut Info), expected: Result<(), TimeStampError>) {
    let token = TimeStamper::new(STAMPER.clone(), "1.2.3").unwrap().stamp(&DIGEST, AT).unwrap();
    let (_, content) = verified_around(&token, TST_INFO).unwrap();
    let mut info = Info::from_der(&content).unwrap();
    change(&mut info);
    let octets = &info.to_der().unwrap();
    let content = Content { kind: TST_INFO, octets, attached: true, beside: Vec::new(), certificates: true };
    let token = signed_data(content, &STAMPER, RsaPadding::default(), AT).unwrap();
    let trust = Trust::for_time_stamps(STAMPER.chain().to_vec()).unwrap();
    assert_eq!(TimeStamp::verify(&token, &DIGEST, &trust, AT).map(|_| ()), expected);
}

#[test]
fn the_token_as_it_is_made_holds() {
    check(|_| {}, Ok(()));
    check(|info| info.ordering = true, Ok(()));
}

#[test]
fn what_nobody_knows_is_refused() {
    check(|info| info.version = 2, Err(TimeStampError::Malformed("its version is unknown")));
    let time = TimeStampError::Malformed("its time is not readable");
    check(|info| info.time = der::Any::null(), Err(time));
    let extension = |critical| {
        move |info: &mut Info| {
            let (extn_id, extn_value) = (TST_INFO, OctetString::new([]).unwrap());
            info.extensions = Some(vec![Extension { extn_id, critical, extn_value }]);
        }
    };
    check(extension(false), Ok(()));
    check(extension(true), Err(TimeStampError::Malformed("a critical extension is unknown")));
}

#[test]
fn a_serial_number_ends_at_its_limit() {
    let sized = |size: usize| move |info: &mut Info| info.serial = Int::new(&vec![1; size]).unwrap();
    let limit = TIME_STAMP_SERIAL_BYTES_MAX;
    check(sized(limit), Ok(()));
    check(sized(limit + 1), Err(TimeStampError::TooLarge { what: "serial number of the time stamp", limit }));
}

#[test]
fn the_authority_named_is_the_one_that_signed() {
    let named = |name: &GeneralName| {
        let name = name.clone();
        move |info: &mut Info| info.authority = Some(name)
    };
    let tbs = STAMPER.certificate().decoded().tbs_certificate();
    let mail = |address: &str| GeneralName::Rfc822Name(Ia5String::new(address).unwrap());
    check(named(&GeneralName::DirectoryName(tbs.subject().clone())), Ok(()));
    check(named(&mail("time@plans.example")), Ok(()));
    let other = || Err(TimeStampError::OtherAuthority);
    check(named(&GeneralName::DirectoryName(tbs.issuer().clone())), other());
    check(named(&mail("other@plans.example")), other());
}

#[test]
fn the_imprint_is_of_the_same_digest() {
    let algorithm = |info: &mut Info| info.imprint.algorithm = Hash::Sha384.identifier();
    check(algorithm, Err(TimeStampError::OtherImprint));
    let digest = |info: &mut Info| info.imprint.digest = OctetString::new([8; 32]).unwrap();
    check(digest, Err(TimeStampError::OtherImprint));
    let null = |info: &mut Info| info.imprint.algorithm.parameters = Some(der::Any::null());
    check(null, Ok(()));
}
