//! What a readable signed part may hold, and a receipt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::Fault;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Receipts, Signed, Signing, sign_receipt, sign_with};

use super::receipt::receipt;
use super::*;

const REPORT: &str = "Reporting-UA: fumibako\r\nFinal-Recipient: rfc822; 9970000029@plans.example\r\n\
    Original-Message-ID: <a@plans.example>\r\n\
    Disposition: manual-action/MDN-sent-manually; processed\r\n\
    Received-content-MIC: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=, sha-256\r\n";

fn signer() -> Address {
    "9970000029@plans.example".parse().unwrap()
}

#[test]
fn a_receipt_speaks_for_its_signer_only() {
    let other = REPORT.replace("0029@", "0037@");
    assert_eq!(receipt(other.as_bytes(), &signer()).unwrap_err().why, Refusal::ReceiptNotByRecipient);
}

/// SHA-256 of nothing.
fn nothing() -> [u8; 32] {
    fumibako_signer::Hash::Sha256.of(b"").as_ref().try_into().unwrap()
}

#[test]
fn a_receipt_names_a_message_and_its_digest() {
    for text in [REPORT.to_owned(), format!("{REPORT}\r\n"), REPORT.trim_end().to_owned()] {
        let receipt = receipt(text.as_bytes(), &signer()).unwrap();
        assert_eq!(receipt.original_message_id, "a@plans.example");
        assert_eq!(receipt.word, Word::Processed(nothing()));
    }
}

#[test]
fn errors_deletions_and_other_digests_acknowledge_nothing() {
    for (from, to) in [
        ("; processed", "; processed/warning"),
        ("; processed", "; processed/error: the plan of Ms. A."),
        ("; processed", "; failed/error: decryption-failed"),
        ("; processed", "; deleted"),
        (", sha-256", ", md5"),
        ("47DEQ", "47DE"),
        ("<a@plans.example>", "a"),
        ("Original-Message-ID", "X-Message-ID"),
        ("Reporting-UA: fumibako", "Disposition: manual-action; processed"),
    ] {
        let refused = receipt(REPORT.replace(from, to).as_bytes(), &signer()).unwrap_err();
        assert_eq!(refused.why, Refusal::MessageMalformed, "{to}");
    }
}

// Profile §8.22
#[test]
fn an_error_says_its_class_and_needs_no_digest() {
    let word = |from: &str, to: &str| receipt(REPORT.replace(from, to).as_bytes(), &signer()).map(|said| said.word);
    let failed = |fault| Ok(Word::Failed(fault, Some(nothing())));
    for (said, fault) in [
        ("; processed/error: decryption-failed", Fault::DecryptionFailed),
        ("; Processed / Error:Integrity-Check-Failed", Fault::IntegrityCheckFailed),
        ("; processed/error\r\nError: authentication-failed", Fault::AuthenticationFailed),
        ("; processed/error", Fault::UnexpectedProcessingError),
    ] {
        assert_eq!(word("; processed", said), failed(fault), "{said}");
    }
    let mic = REPORT.lines().last().unwrap();
    let bare = REPORT.replace("; processed", "; processed/error: decryption-failed").replace(&format!("{mic}\r\n"), "");
    let said = receipt(bare.as_bytes(), &signer()).map(|said| said.word);
    assert_eq!(said, Ok(Word::Failed(Fault::DecryptionFailed, None)));
    assert_eq!(word(mic, "X: y").unwrap_err().why, Refusal::MessageMalformed, "a receipt has one");
}

/// The notification of somebody who could not open it.
fn failure() -> String {
    notification().replace("; processed", "; processed/error: decryption-failed")
}

// Profile §8.23
#[test]
fn a_receipt_of_a_time_to_come_is_refused() {
    let report = report_of(&[WORDS, &notification()]);
    let signed = |at: &str| judge_at(&report, &[0; 32], "Wed, 25 Nov 2026 21:00:00 +0900", at);
    assert!(matches!(signed("2026-11-25T12:15:00Z"), Ok(Kind::Receipt(_))));
    assert_eq!(signed("2026-11-25T12:15:01Z"), Err(Refusal::ReceiptFromTheFuture));
    let dated = |date: &str| judge_at(&report, &[0; 32], date, "2026-11-25T12:00:00Z");
    assert!(matches!(dated("Wed, 25 Nov 2026 21:15:00 +0900"), Ok(Kind::Receipt(_))));
    assert_eq!(dated("Wed, 25 Nov 2026 21:15:01 +0900"), Err(Refusal::ReceiptFromTheFuture));
    assert_eq!(dated("Mon, 25 Nov 2999 21:00:00 +0900"), Err(Refusal::ReceiptFromTheFuture));
    assert!(matches!(dated("Fri, 25 Nov 1994 21:00:00 +0900"), Ok(Kind::Receipt(_))), "it may be late");
    for date in ["soon", "", "99 Nov 2026 21:00:00 +0900"] {
        assert_eq!(dated(date), Err(Refusal::MessageMalformed), "{date}");
    }
}

const UNIT: &str = "UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV";

/// The signed part read as one from 9970000029 to 9970000011.
fn judge(part: &str) -> Result<Kind, Refusal> {
    judge_by(part, &[0; 32])
}

/// The same, its message signed with the certificate of this fingerprint.
fn judge_by(part: &str, signer: &[u8; 32]) -> Result<Kind, Refusal> {
    judge_at(part, signer, "Wed, 25 Nov 2026 21:00:00 +0900", "2026-11-25T12:00:00Z")
}

/// The same, dated and signed then, at noon (UTC).
fn judge_at(part: &str, signer: &[u8; 32], date: &str, at: &str) -> Result<Kind, Refusal> {
    let header = format!("From: 9970000029@plans.example\r\nDate: {date}\r\n\r\n");
    let fields = Fields::read(header.as_bytes()).unwrap();
    let ends = ("9970000029".parse().unwrap(), "9970000011".parse().unwrap());
    let rules = Rules::new("plans.example".parse().unwrap());
    let by = SignedBy { fingerprint: signer, at: at.parse().ok() };
    let noon = "2026-11-25T12:00:00Z".parse().unwrap();
    read(part.replace('\n', "\r\n").as_bytes(), &fields, ends, &by, (&rules, noon))
        .map(|(kind, _)| kind)
        .map_err(|refused| refused.why)
}

fn mixed(parts: &[&str]) -> String {
    format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n{}\n--b--\n", parts.join("\n--b\n"))
}

fn file(name: &str) -> String {
    format!("Content-Type: text/csv\nContent-Disposition: attachment; filename=\"{name}\"\n\nplan")
}

fn report_of(parts: &[&str]) -> String {
    mixed(parts).replace("multipart/mixed", "multipart/report; report-type=disposition-notification")
}

fn notification() -> String {
    format!("Content-Type: message/disposition-notification\n\n{}", REPORT.replace('\r', ""))
}

const WORDS: &str = "Content-Type: text/plain\n\nreceived";

// Profile §5.7
#[test]
fn a_file_is_judged_by_the_name_that_will_stand_on_the_disk() {
    assert_eq!(judge(&mixed(&[&file(UNIT)])), Ok(Kind::Bundle));
    let (other, foreign) = (UNIT.replace("0011_", "0037_"), UNIT.replace("_9970000029", "_9970000037"));
    for name in [other.clone(), format!("x/{other}"), format!("{other} "), format!("{other}."), format!("x\\\\{other}")]
    {
        assert_eq!(judge(&mixed(&[&file(UNIT), &file(&name)])), Err(Refusal::FileNotForRecipient), "{name:?}");
    }
    assert_eq!(judge(&mixed(&[&file(&foreign)])), Err(Refusal::FileNotFromSender));
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let two_names = file(UNIT).replace("text/csv", "text/csv; name=letter.csv");
    let twice = file(UNIT).replace("\n\n", "\nContent-Disposition: attachment; filename=letter.csv\n\n");
    let inside = format!("Content-Type: message/rfc822\n\n{}", mixed(&[&file(UNIT)]));
    let encodings =
        file(UNIT).replace("\n\n", "\nContent-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n\n");
    let beside = file(UNIT).replace("; filename=", "; filename*=utf-8''letter.csv; filename=");
    let second = file(UNIT).replace("; filename=", "; filename=letter.csv; filename=");
    for part in [two_names, twice, inside, notification(), encodings, beside, second] {
        assert_eq!(judge(&mixed(&[&file(UNIT), &part])), Err(Refusal::MessageMalformed), "{part}");
    }
    let photo = "Content-Type: image/png\nContent-Disposition: attachment; filename=photo.png; filename*=utf-8''%E5%86%99%E7%9C%9F.png\n\nx";
    assert_eq!(judge(&mixed(&[&file(UNIT), photo])), Ok(Kind::Bundle), "an attachment may have a plain name too");
    let same_name = file(UNIT).replace("text/csv", &format!("text/csv; name={UNIT}"));
    assert_eq!(judge(&mixed(&[&same_name])), Ok(Kind::Bundle));
}

// Profile §8.2
#[test]
fn a_receipt_is_the_whole_message_and_carries_nothing_else() {
    let notification = notification();
    assert!(matches!(judge(&report_of(&[WORDS, &notification])), Ok(Kind::Receipt(_))));
    let headers = "Content-Type: text/rfc822-headers\n\nSubject: x";
    assert!(matches!(judge(&report_of(&[WORDS, &notification, headers])), Ok(Kind::Receipt(_))));
    let plan = file(UNIT);
    for parts in [
        vec![WORDS, &plan],
        vec![WORDS, &notification, &plan],
        vec![&plan, &notification],
        vec![WORDS, &notification, headers, headers],
        vec![&notification],
    ] {
        assert_eq!(judge(&report_of(&parts)), Err(Refusal::MessageMalformed), "{parts:?}");
    }
    // A notification beside a plan makes the plan no receipt, and is refused rather than kept nowhere.
    assert_eq!(judge(&mixed(&[&plan, &notification])), Err(Refusal::MessageMalformed));
}

/// The signed receipt that an office signs for a message that asked for one, and the fingerprint of its certificate.
fn word() -> (String, [u8; 32]) {
    let at = "2026-11-20T00:15:00Z".parse().unwrap();
    let ca = Authority::create("Test CA", at).unwrap();
    let request = Request {
        common_name: "office",
        rfc822_name: "9970000029@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::Mail,
        not_before: at,
        not_after: at,
    };
    let office = ca.issue(&request).unwrap();
    let receipts = Some(Receipts { from: None, to: &["9970000011@plans.example"] });
    let signing = Signing { receipts, ..Signing::default() };
    let message = sign_with(b"Content-Type: text/plain\r\n\r\nplan\r\n", &office, &signing, at).unwrap();
    let receipt = sign_receipt(&Signed::read(&message).unwrap().verify().unwrap(), &office, at).unwrap();
    (String::from_utf8(receipt).unwrap().replace('\r', ""), office.certificate().fingerprint())
}

// Profile §8.8
#[test]
fn a_signed_receipt_may_stand_in_a_receipt_and_nothing_that_only_looks_like_one() {
    let (notification, (word, signer)) = (notification(), word());
    let whole = report_of(&[WORDS, &notification, &word]);
    assert!(matches!(judge_by(&whole, &signer), Ok(Kind::Receipt(_))));
    assert_eq!(judge(&whole), Err(Refusal::NotItsCertificate), "another office's word is none");
    let (head, body) = word.split_once("\n\n").unwrap();
    let letters: String = body.split_whitespace().collect();
    let mut octets = STANDARD.decode(letters).unwrap();
    let last = octets.len() - 1;
    octets[last] ^= 1;
    let changed = format!("{head}\n\n{}\n", STANDARD.encode(&octets));
    assert_eq!(judge(&report_of(&[WORDS, &notification, &changed])), Err(Refusal::SignatureBroken));
    let headers = "Content-Type: text/rfc822-headers\n\nSubject: x";
    let plan = format!("{head}\n\n{}\n", STANDARD.encode("plan"));
    let envelope = word.replace("signed-receipt", "enveloped-data");
    for parts in [
        vec![WORDS, &notification, &plan],
        vec![WORDS, &notification, &envelope],
        vec![WORDS, &notification, &word, &word],
        vec![WORDS, &notification, headers, &word],
        vec![WORDS, &word, &notification],
        vec![&word, &notification],
        vec![WORDS, &failure(), &word],
    ] {
        assert_eq!(judge(&report_of(&parts)), Err(Refusal::MessageMalformed), "{parts:?}");
    }
}

// Profile §12.1
#[test]
fn a_thousand_parts_and_sixteen_levels_are_the_most() {
    // The multipart itself is a part, too.
    let many = |files: usize| judge(&mixed(&vec![WORDS; files]));
    assert_eq!(many(PARTS - 1), Err(Refusal::NoFiles));
    assert_eq!(many(PARTS), Err(Refusal::TooManyParts));
    assert_eq!(many(3 * PARTS), Err(Refusal::TooManyParts), "before anything is built of them");
    let deep = |levels: usize| {
        let nest = |inner: String, level: usize| {
            format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n{inner}\n--b{level}--\n")
        };
        judge(&(0..levels).fold(file(UNIT), nest))
    };
    assert_eq!(deep(DEPTH), Ok(Kind::Bundle));
    assert_eq!(deep(DEPTH + 1), Err(Refusal::TooManyParts));
}

// Profile §8.2
#[test]
fn a_receipt_has_an_end_and_a_bundle_another() {
    let receipt = Kind::Receipt(Receipt { original_message_id: "a@x.example".into(), word: Word::Processed([7; 32]) });
    assert_eq!(within_its_size(&receipt, RECEIPT_BYTES), Ok(()));
    assert_eq!(within_its_size(&receipt, RECEIPT_BYTES + 1).unwrap_err().why, Refusal::MessageTooLarge);
    assert_eq!(within_its_size(&Kind::Bundle, RECEIPT_BYTES + 1), Ok(()));
}

// Profile §8.2: as the office reads them whose bundle it is about.
#[test]
fn a_receipt_with_folded_fields_is_the_same_receipt() {
    let folded = REPORT.replace("; ", ";\r\n ").replace("ID: ", "ID:\r\n\t");
    let read = |text: &str| receipt(text.as_bytes(), &signer());
    assert!(folded != REPORT && read(REPORT).is_ok());
    assert_eq!(read(&folded), read(REPORT));
}
