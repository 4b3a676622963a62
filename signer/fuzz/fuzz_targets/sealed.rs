//! Any envelope is answered, whoever opens it, and who can is seen alike while it passes by.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Enveloped, EnvelopedStream, Identity};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let (not_before, not_after) = (AT, Timestamp::constant(2_000_000_000, 0));
    let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
    let request = Request { common_name: "x", rfc822_name: "a@b", key, purpose, not_before, not_after };
    Authority::create("CA", not_before).unwrap().issue(&request).unwrap()
});

fuzz_target!(|entity: &[u8]| {
    let mut stream = EnvelopedStream::default();
    entity.chunks(7).for_each(|piece| stream.receive(piece));
    let addressed = stream.finish();
    if let Ok(envelope) = Enveloped::read(entity) {
        let is_for = envelope.is_for(IDENTITY.certificate(), AT);
        assert!(!is_for || addressed.is_ok_and(|addressed| addressed.is_for(IDENTITY.certificate(), AT)));
        let _ = envelope.decrypt(std::slice::from_ref(&*IDENTITY));
    }
});
