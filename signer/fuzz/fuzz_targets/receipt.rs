//! Any receipt is answered; none confirms a message that it was not made for.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Receipts, Signature, Signed, SignedReceipt, Signing, expand, sign_with};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static ORIGINAL: LazyLock<Signature> = LazyLock::new(|| {
    let (not_before, not_after) = (Timestamp::UNIX_EPOCH, Timestamp::constant(2_000_000_000, 0));
    let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
    let request = Request { common_name: "x", rfc822_name: "a@b", key, purpose, not_before, not_after };
    let identity = Authority::create("CA", not_before).unwrap().issue(&request).unwrap();
    let signing = Signing { receipts: Some(Receipts { from: None, to: &["a@b"] }), ..Signing::default() };
    let message = sign_with(b"A: b\r\n\r\nc", &identity, &signing, not_before).unwrap();
    Signed::read(&message).unwrap().verify().unwrap()
});

fuzz_target!(|entity: &[u8]| {
    if let Ok(receipt) = SignedReceipt::read(entity) {
        assert!(receipt.confirms(&ORIGINAL).is_err());
    }
    let _ = expand(entity);
});
