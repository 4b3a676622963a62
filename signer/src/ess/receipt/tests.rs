//! Receipts with one thing wrong each, which no honest program writes.

use std::sync::LazyLock;

use super::*;
use crate::authority::{Authority, KeyKind, Purpose, Request};
use crate::ess::Receipts;
use crate::sign::{Signing, sign_with};
use crate::signed::Signed;

const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);

static SENDER: LazyLock<Identity> = LazyLock::new(|| identity("9912345678@plans.example"));
static READER: LazyLock<Identity> = LazyLock::new(|| identity("9987654321@plans.example"));
static ORIGINAL: LazyLock<Signature> = LazyLock::new(|| {
    asking(Some(Receipts { from: Some(&["9987654321@PLANS.example"]), to: &["9912345678@plans.example"] }))
});

fn identity(address: &str) -> Identity {
    let (not_before, not_after) = (AT, AT + jiff::SignedDuration::from_hours(1));
    let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
    let request = Request { common_name: "x", rfc822_name: address, key, purpose, not_before, not_after };
    Authority::create("検証用認証局", AT).unwrap().issue(&request).unwrap()
}

/// A verified signature with this attribute as its request.
fn requesting(request: Attribute) -> Signature {
    let (octets, kind) = (b"c".as_slice(), ID_DATA);
    let content = Content { kind, octets, attached: true, beside: vec![request], certificates: true };
    verified_around(&signed_data(content, &SENDER, RsaPadding::default(), AT).unwrap(), kind).unwrap().0
}

fn asking(receipts: Option<Receipts<'_>>) -> Signature {
    let signed = sign_with(b"A: b\r\n\r\nc", &SENDER, &Signing { receipts, ..Signing::default() }, AT).unwrap();
    Signed::read(&signed).unwrap().verify().unwrap()
}

/// The right receipt and its attributes.
fn good() -> (Receipt, Vec<Attribute>) {
    let request = ORIGINAL.receipt_request().unwrap().unwrap();
    let (identifier, signature) = (octets(request.identifier()).unwrap(), octets(ORIGINAL.value()).unwrap());
    let receipt = Receipt { version: 1, content_type: ID_DATA, identifier, signature };
    (receipt, vec![digest(ORIGINAL.attributes_digest().as_ref())])
}

fn digest(value: &[u8]) -> Attribute {
    attribute(MESSAGE_SIGNATURE_DIGEST, &octets(value).unwrap()).unwrap()
}

/// What is said of a receipt that differs from the right one by `change`.
#[track_caller]
fn check(change: impl FnOnce(&mut Receipt, &mut Vec<Attribute>), expected: Result<(), ReceiptError>) {
    let (mut receipt, mut beside) = good();
    change(&mut receipt, &mut beside);
    let entity = signed(&receipt, beside, &READER, AT).unwrap();
    assert_eq!(SignedReceipt::read(&entity).and_then(|read| read.confirms(&ORIGINAL)), expected);
}

#[test]
fn every_difference_has_its_name() {
    check(|_, _| {}, Ok(()));
    check(|receipt, _| receipt.content_type = RECEIPT, Err(ReceiptError::OtherContentType));
    check(|receipt, _| receipt.identifier = octets(b"other").unwrap(), Err(ReceiptError::OtherIdentifier));
    check(|receipt, _| receipt.signature = octets(b"other").unwrap(), Err(ReceiptError::OtherSignature));
    check(|_, beside| *beside = vec![digest(&[7; 32])], Err(ReceiptError::OtherDigest));
    let missing = ReceiptError::Malformed("the message signature digest is missing");
    check(|_, beside| beside.clear(), Err(missing));
    check(|receipt, _| receipt.version = 2, Err(ReceiptError::Malformed("its version is unknown")));
}

#[test]
fn a_receipt_asks_for_no_receipt() {
    let asks = |_: &mut Receipt, beside: &mut Vec<Attribute>| {
        beside.push(Receipts { from: None, to: &["a@b"] }.attribute(SENDER.certificate(), AT).unwrap());
    };
    check(asks, Err(ReceiptError::Requests));
    let unreadable = |_: &mut Receipt, beside: &mut Vec<Attribute>| {
        beside.push(attribute(RECEIPT_REQUEST, &der::Any::null()).unwrap());
    };
    check(unreadable, Err(ReceiptError::Requests));
}

#[test]
fn only_who_was_asked_confirms() {
    let (receipt, beside) = good();
    let entity = signed(&receipt, beside, &SENDER, AT).unwrap();
    let read = SignedReceipt::read(&entity).unwrap();
    assert_eq!(read.confirms(&ORIGINAL), Err(ReceiptError::NotAsked));
    assert_eq!(sign_receipt(&ORIGINAL, &SENDER, AT), Err(ReceiptError::NotAsked));
    assert_eq!(read.confirms(&asking(None)), Err(ReceiptError::NotRequested));
    assert_eq!(sign_receipt(&asking(None), &READER, AT), Err(ReceiptError::NotRequested));
}

#[test]
fn a_signature_over_something_else_is_no_receipt() {
    let receipt = good().0.to_der().unwrap();
    let (octets, beside) = (receipt.as_slice(), good().1);
    let content = Content { kind: ID_DATA, octets, attached: true, beside, certificates: true };
    let der = signed_data(content, &READER, RsaPadding::default(), AT).unwrap();
    let other = SignedReceipt::read(&pkcs7_mime(KIND, "x", &der)).map(|_| ());
    let malformed = crate::cms::malformed(Layer::Cms, "what it signs is of another type");
    assert_eq!(other, Err(malformed.into()));
    let opaque = SignedReceipt::read(&pkcs7_mime("signed-data", "x", &der)).map(|_| ());
    assert_eq!(opaque, Err(ReceiptError::NotAReceipt));
    let content = Content { kind: RECEIPT, octets, attached: false, beside: good().1, certificates: true };
    let der = signed_data(content, &READER, RsaPadding::default(), AT).unwrap();
    let empty = SignedReceipt::read(&pkcs7_mime(KIND, "x", &der)).map(|_| ());
    assert_eq!(empty, Err(crate::cms::malformed(Layer::Cms, "it has no content").into()));
}

#[test]
fn a_request_is_complete() {
    let check = |octets: &[u8], expected: Result<bool, ReceiptError>| {
        let request = attribute(RECEIPT_REQUEST, &der::Any::from_der(octets).unwrap()).unwrap();
        assert_eq!(requesting(request).receipt_request().map(|request| request.is_some()), expected);
    };
    let malformed = |reason| Err(ReceiptError::Malformed(reason));
    check(&[0x30, 13, 4, 1, 7, 0x80, 1, 0, 0x30, 5, 0x30, 3, 0x81, 1, b'a'], Ok(true));
    check(
        &[0x30, 13, 4, 1, 7, 0x80, 1, 2, 0x30, 5, 0x30, 3, 0x81, 1, b'a'],
        malformed("the request asks nobody known"),
    );
    check(&[0x30, 8, 4, 1, 7, 0x80, 1, 0, 0x30, 0], malformed("the request has no address for receipts"));
    let broken = crate::cms::malformed(Layer::Attributes, "one does not decode");
    check(&[0x30, 6, 4, 1, 7, 0x80, 1, 0], Err(broken.into()));
}

#[test]
fn a_content_identifier_ends_at_its_limit() {
    let sized = |size: usize| {
        let mut value = vec![0x30, 0x82, 0, 0, 4, 0x82];
        value.extend(u16::try_from(size).unwrap().to_be_bytes());
        value.extend(vec![7; size]);
        value.extend([0x80, 1, 0, 0x30, 5, 0x30, 3, 0x81, 1, b'a']);
        let length = u16::try_from(value.len() - 4).unwrap().to_be_bytes();
        value[2..4].copy_from_slice(&length);
        requesting(attribute(RECEIPT_REQUEST, &der::Any::from_der(&value).unwrap()).unwrap()).receipt_request()
    };
    let limit = crate::limits::CONTENT_IDENTIFIER_BYTES_MAX;
    assert_eq!(sized(limit).unwrap().unwrap().identifier().len(), limit);
    assert_eq!(sized(limit + 1), Err(ReceiptError::TooLarge { what: "content identifier", limit }));
}
