//! Any time stamp, answer and request is answered; nothing is believed that a trusted authority did not sign.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{TimeStamp, TimeStampRequest, TimeStamper, Trust};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);

static BOTH: LazyLock<(TimeStamper, Trust)> = LazyLock::new(|| {
    let (not_before, not_after) = (Timestamp::UNIX_EPOCH, Timestamp::constant(2_000_000_000, 0));
    let (key, purpose) = (KeyKind::EcP256, Purpose::TimeStamping);
    let request = Request { common_name: "x", rfc822_name: "a@b", key, purpose, not_before, not_after };
    let ca = Authority::create("CA", not_before).unwrap();
    let trust = Trust::for_time_stamps([ca.certificate().clone()]).unwrap();
    (TimeStamper::new(ca.issue(&request).unwrap(), "1.2.3").unwrap(), trust)
});

fuzz_target!(|bytes: &[u8]| {
    let (stamper, trust) = &*BOTH;
    assert!(TimeStamp::verify(bytes, &[7; 32], trust, AT).is_err());
    assert!(TimeStampRequest::for_digest([7; 32]).unwrap().verify(bytes, trust, AT).is_err());
    assert!(stamper.answer(bytes, AT).is_ok());
});
