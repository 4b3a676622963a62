//! Signed receipts both ways with openssl: it asks or we ask, it signs or we sign, it compares or we compare.

use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{
    Cipher, DecryptError, Extras, Identity, OpenError, ReceiptError, Receipts, ReceiptsFrom, SealError, Sealing,
    SignError, Signature, SignatureError, Signed, SignedReceipt, Signing, Trust, encrypt, limits, open, open_receipt,
    seal_receipt, seal_with, sign, sign_receipt, sign_with,
};

use crate::openssl::Openssl;
use crate::people::{AT, ENTITY, as_sent, authority, message, office};

const READER: &str = "9912345678@example.jp";
const SENDER: &str = "9987654321@plans.example";

/// A sender, a reader, and openssl with the files of both.
struct Two {
    openssl: Openssl,
    ca: Authority,
    sender: Identity,
    reader: Identity,
}

impl Two {
    fn new(key: KeyKind) -> Self {
        let (openssl, ca) = (Openssl::new(), authority());
        let (sender, reader) = (office(&ca, key), office(&ca, key));
        openssl.put("ca.pem", ca.certificate().to_pem());
        openssl.put("sender.pem", sender.to_pem().as_bytes());
        openssl.put("reader.pem", reader.to_pem().as_bytes());
        openssl.put("entity", ENTITY);
        Self { openssl, ca, sender, reader }
    }

    fn asked_by_us(&self, receipts: Receipts<'_>) -> Vec<u8> {
        let signing = Signing { receipts: Some(receipts), ..Signing::default() };
        sign_with(ENTITY, &self.sender, &signing, AT).unwrap()
    }

    fn asked_by_openssl(&self, options: &str) -> Vec<u8> {
        self.openssl.run(&format!("cms -sign -in entity -signer sender.pem -out asked {options}"));
        as_sent(&self.openssl.get("asked"))
    }

    fn receipt_by_openssl(&self, message: &[u8]) -> Vec<u8> {
        self.openssl.put("message", message);
        self.openssl.run("cms -sign_receipt -in message -signer reader.pem -out receipt");
        as_sent(&self.openssl.get("receipt"))
    }

    fn openssl_confirms(&self, receipt: &[u8], message: &[u8]) -> bool {
        self.openssl.put("receipt", receipt);
        self.openssl.put("message", message);
        let verify = "cms -verify_receipt receipt -in message -CAfile ca.pem -purpose smimesign -attime";
        self.openssl.try_run(&format!("{verify} {}", AT.as_second())).ok
    }

    /// Both sign receipts for the message, and both take both.
    #[track_caller]
    fn check(&self, message: &[u8]) {
        let original = signature(message);
        let other = signature(&self.asked_by_us(Receipts { from: None, to: &[SENDER] }));
        let trust = Trust::new([self.ca.certificate().clone()]).unwrap();
        for receipt in [sign_receipt(&original, &self.reader, AT).unwrap(), self.receipt_by_openssl(message)] {
            let read = SignedReceipt::read(&receipt).unwrap();
            assert_eq!(read.confirms(&original), Ok(()));
            assert_eq!(read.identifier(), original.receipt_request().unwrap().unwrap().identifier());
            assert_eq!(read.signature().signer(), self.reader.certificate());
            trust.check(read.signature(), AT).unwrap();
            assert_eq!(read.confirms(&other), Err(ReceiptError::OtherIdentifier));
            assert!(self.openssl_confirms(&receipt, message));
        }
    }
}

#[track_caller]
fn signature(message: &[u8]) -> Signature {
    Signed::read(message).unwrap().verify().unwrap()
}

#[test]
fn receipts_we_ask_for_agree_with_openssl() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let two = Two::new(key);
        two.check(&two.asked_by_us(Receipts { from: None, to: &[SENDER] }));
        two.check(&two.asked_by_us(Receipts { from: Some(&["b@example.jp", READER]), to: &[SENDER, "a@example.jp"] }));
    }
}

#[test]
fn receipts_openssl_asks_for_agree_with_us() {
    let two = Two::new(KeyKind::EcP256);
    let to = format!("-receipt_request_to {SENDER}");
    two.check(&two.asked_by_openssl(&format!("-receipt_request_all {to}")));
    two.check(&two.asked_by_openssl(&format!("-receipt_request_first {to} -stream")));
    two.check(&two.asked_by_openssl(&format!("-receipt_request_from {READER} {to} -md sha512")));
}

#[test]
fn openssl_reads_what_we_ask_for() {
    let two = Two::new(KeyKind::EcP256);
    two.openssl.put("message", two.asked_by_us(Receipts { from: Some(&[READER]), to: &[SENDER] }));
    let said = two.openssl.run("cms -verify -noverify -in message -receipt_request_print -out content");
    for line in [READER, SENDER, "Receipts From"] {
        assert!(said.contains(line), "{line} is missing from {said}");
    }
}

#[test]
fn we_read_what_openssl_asks_for() {
    let two = Two::new(KeyKind::EcP256);
    let read = |options: &str| {
        let message = two.asked_by_openssl(&format!("{options} -receipt_request_to a@b -receipt_request_to c@d"));
        let request = signature(&message).receipt_request().unwrap().unwrap();
        assert_eq!(request.to(), ["a@b", "c@d"]);
        request
    };
    assert_eq!(read("-receipt_request_all").from(), &ReceiptsFrom::All);
    assert_eq!(read("-receipt_request_first").from(), &ReceiptsFrom::FirstTier);
    let some = read("-receipt_request_from x@y -receipt_request_from z@y");
    assert_eq!(some.from(), &ReceiptsFrom::List(vec!["x@y".to_owned(), "z@y".to_owned()]));
    assert!(some.asks("Z@y") && !some.asks("a@b") && read("-receipt_request_all").asks("a@b"));
    assert_eq!(signature(&two.asked_by_openssl("")).receipt_request(), Ok(None));
}

#[test]
fn both_refuse_the_receipt_of_another_message() {
    let two = Two::new(KeyKind::EcP256);
    let everybody = Receipts { from: None, to: &[SENDER] };
    let (message, other) = (two.asked_by_us(everybody), two.asked_by_us(everybody));
    let receipt = sign_receipt(&signature(&message), &two.reader, AT).unwrap();
    assert!(!two.openssl_confirms(&receipt, &other));
    let read = SignedReceipt::read(&receipt).unwrap();
    assert_eq!(read.confirms(&signature(&other)), Err(ReceiptError::OtherIdentifier));
}

#[test]
fn a_sealed_message_asks_inside() {
    let two = Two::new(KeyKind::EcP256);
    let recipients = [two.reader.certificate().clone()];
    let sealing = Sealing { routing: b"", signer: &two.sender, recipients: &recipients, cipher: Cipher::Aes256Gcm };
    let receipts = Some(Receipts { from: None, to: &[SENDER] });
    let extras = Extras { signing: Signing { receipts, ..Signing::default() }, ..Extras::default() };
    let message = seal_with(ENTITY, &sealing, &extras, AT).unwrap();
    let trust = Trust::new([two.ca.certificate().clone()]).unwrap();
    let opened = open(&message, &trust, std::slice::from_ref(&two.reader), AT).unwrap();
    assert_eq!(opened.outer().receipt_request(), Ok(None));
    let receipt = sign_receipt(opened.inner(), &two.reader, AT).unwrap();
    assert_eq!(SignedReceipt::read(&receipt).unwrap().confirms(opened.inner()), Ok(()));
    let outer = sign_receipt(opened.outer(), &two.reader, AT);
    assert_eq!(outer, Err(ReceiptError::NotRequested));
}

#[test]
fn a_receipt_travels_sealed() {
    let two = Two::new(KeyKind::Rsa2048);
    let original = signature(&two.asked_by_us(Receipts { from: None, to: &[SENDER] }));
    let receipt = sign_receipt(&original, &two.reader, AT).unwrap();
    let recipients = [two.sender.certificate().clone()];
    let (routing, cipher) = (b"From: a@example.jp\r\n".as_slice(), Cipher::Aes256Cbc);
    let sealing = Sealing { routing, signer: &two.reader, recipients: &recipients, cipher };
    let message = seal_receipt(&receipt, &sealing, AT).unwrap();
    assert_eq!(signature(&message).holds_receipt(), Ok(true));
    assert_eq!(original.holds_receipt(), Ok(false));
    let trust = Trust::new([two.ca.certificate().clone()]).unwrap();
    let opened = open_receipt(&message, &trust, std::slice::from_ref(&two.sender), AT).unwrap();
    assert_eq!(opened.confirms(&original), Ok(()));

    // openssl sees the hint, and opens the same layer by layer.
    two.openssl.put("message", &message);
    let print = two.openssl.run("cms -cmsout -print -noout -in message");
    assert!(print.contains("id-smime-aa-contentHint") && print.contains("id-smime-ct-receipt"), "{print}");
    two.openssl.run("cms -verify -noverify -in message -out envelope");
    two.openssl.run("cms -decrypt -in envelope -recip sender.pem -out receipt");
    assert_eq!(two.openssl.get("receipt"), receipt);

    let by_another = Sealing { signer: &two.sender, ..sealing };
    assert_eq!(seal_receipt(&receipt, &by_another, AT), Err(SealError::OtherSigner));
    let none = seal_receipt(ENTITY, &sealing, AT);
    assert_eq!(none, Err(SealError::Receipt(ReceiptError::NotAReceipt)));
    let envelope = encrypt(&receipt, &recipients, cipher).unwrap();
    let taken = sign(&envelope, &two.sender, AT).unwrap();
    let open = |message: &[u8]| open_receipt(message, &trust, std::slice::from_ref(&two.sender), AT).map(|_| ());
    assert_eq!(open(&taken), Err(OpenError::OtherSigner));
    let other = sign(&encrypt(ENTITY, &recipients, cipher).unwrap(), &two.reader, AT).unwrap();
    assert_eq!(open(&other), Err(OpenError::Envelope(DecryptError::Undecryptable)));
}

#[test]
fn a_request_ends_at_its_limits() {
    let two = Two::new(KeyKind::EcP256);
    let check = |from: Option<usize>, to: usize, expected: Result<(), SignError>| {
        let (from, to) = (from.map(|count| vec![READER; count]), vec![SENDER; to]);
        let receipts = Some(Receipts { from: from.as_deref(), to: &to });
        let signed = sign_with(ENTITY, &two.sender, &Signing { receipts, ..Signing::default() }, AT);
        assert_eq!(signed.as_ref().map(|_| ()).map_err(Clone::clone), expected);
        if let Ok(message) = signed {
            assert!(signature(&message).receipt_request().unwrap().is_some());
        }
    };
    let (most_from, most_to) = (limits::RECEIPTS_FROM_MAX, limits::RECEIPTS_TO_MAX);
    check(Some(most_from), most_to, Ok(()));
    let too_large = |what, limit| Err(SignError::TooLarge { what, limit });
    check(None, most_to + 1, too_large("list of addresses for receipts", most_to));
    check(Some(most_from + 1), 1, too_large("list of those asked for receipts", most_from));
    check(None, 0, Err(SignError::Receipts("there is no address to send them to")));
    check(Some(0), 1, Err(SignError::Receipts("nobody is asked for one")));
    let receipts = Some(Receipts { from: None, to: &["居宅@plans.example"] });
    let signed = sign_with(ENTITY, &two.sender, &Signing { receipts, ..Signing::default() }, AT);
    assert_eq!(signed, Err(SignError::Receipts("an address is not ASCII")));
}

#[test]
fn requests_of_others_end_at_the_same_limits() {
    let two = Two::new(KeyKind::EcP256);
    let read = |from: usize, to: usize| {
        let options = "-receipt_request_from a@b ".repeat(from) + &"-receipt_request_to c@d ".repeat(to);
        signature(&two.asked_by_openssl(&options)).receipt_request().map(|request| request.is_some())
    };
    let (most_from, most_to) = (limits::RECEIPTS_FROM_MAX, limits::RECEIPTS_TO_MAX);
    assert_eq!(read(most_from, most_to), Ok(true));
    let too_large = |what, limit| Err(ReceiptError::TooLarge { what, limit });
    assert_eq!(read(1, most_to + 1), too_large("list of addresses for receipts", most_to));
    assert_eq!(read(most_from + 1, 1), too_large("list of those asked for receipts", most_from));
}

#[test]
fn other_entities_are_no_receipts() {
    let two = Two::new(KeyKind::EcP256);
    let read = |entity: &[u8]| SignedReceipt::read(entity).map(|_| ()).unwrap_err();
    assert_eq!(read(&message(ENTITY, &two.sender)), ReceiptError::NotAReceipt);
    assert_eq!(read(ENTITY), ReceiptError::NotAReceipt);
    assert_eq!(read(b"A: b\r\n\r\n"), ReceiptError::NotAReceipt);
    let sized = |size: usize| {
        let head = "Content-Type: application/pkcs7-mime; smime-type=signed-receipt\r\n\r\n";
        read(&[head.as_bytes(), &vec![0; size]].concat())
    };
    let limit = limits::SIGNATURE_BYTES_MAX;
    assert!(matches!(sized(limit), ReceiptError::Signature(SignatureError::Malformed { .. })));
    assert_eq!(sized(limit + 1), SignatureError::TooLarge { what: "signature", limit }.into());
}
