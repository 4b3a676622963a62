use fumibako_signer::{Naming, Practice, Purposes};
use jiff::SignedDuration;

use super::*;
use crate::bundle::{Form, compose};
use crate::testing::{A, B, Ca, address, draft, now};

fn message(ca: &Ca, signer: &str) -> Vec<u8> {
    compose(&draft(), (address(A), address(B)), &Form::Signed, &ca.identity(signer), now()).unwrap().octets.0
}

/// Read without a key.
fn read(message: &[u8], us: &str, trust: &Trust, now: Timestamp) -> Result<Opened, Refused> {
    open(message, &Reader { us: &address(us), trust, keys: &[], now })
}

#[track_caller]
fn refused(message: &[u8], trust: &Trust, expected: Refusal) {
    assert_eq!(read(message, B, trust, now()).unwrap_err().why, expected);
}

/// The message with the first `from` outside the signed part replaced.
fn with(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(message.to_vec()).unwrap().replacen(from, to, 1).into_bytes()
}

#[test]
fn a_message_from_its_office_to_us_opens() {
    let ca = Ca::new();
    let message = message(&ca, A);
    let opened = read(&message, B, &ca.trust(), now()).unwrap();
    assert_eq!(opened.from().as_str(), "9970000011");
    assert_eq!(opened.signature().signing_time(), Some(now()));
    // A service kind is a sub-address of the same office.
    assert!(read(&message, "9970000029+11@plans.example", &ca.trust(), now()).is_ok());
}

/// Profile §4.1, §4.2, §5.2, §5.3, §5.4: a reader checks what the gateway checked.
#[test]
fn each_departure_has_its_refusal() {
    let ca = Ca::new();
    let good = message(&ca, A);
    refused(b"From: <9970000011@plans.example>\r\n\r\nhello", &ca.trust(), Refusal::NotSigned);
    refused(&with(&good, "UP1KYO", "UP1KYX"), &ca.trust(), Refusal::SignatureBroken);
    refused(&good, &Ca::new().trust(), Refusal::UnknownAuthority);
    refused(&message(&ca, B), &ca.trust(), Refusal::NotItsCertificate);
    // An agent that `Sender` does not name.
    refused(&message(&ca, "kawara@plans.example"), &ca.trust(), Refusal::NotItsCertificate);
    refused(&message(&ca, "9970000011@elsewhere.example"), &ca.trust(), Refusal::CertificateNamesNobody);
    refused(&with(&good, "Message-ID: <", "Message-ID: <x"), &ca.trust(), Refusal::SignedFieldsDiffer);
    refused(&with(&good, "Subject: ", "Subject: Re: "), &ca.trust(), Refusal::SignedFieldsDiffer);
    refused(&with(&good, "To: <9970000029", "To: <9970000037"), &ca.trust(), Refusal::SignedFieldsDiffer);
    refused(
        &with(&good, "Fumibako-Bundle: v=1", "Fumibako-Bundle: v=1; x=2"),
        &ca.trust(),
        Refusal::SignedFieldsDiffer,
    );
    refused(
        &with(&good, "From: ", "Sender: <9970000011@plans.example>\r\nFrom: "),
        &ca.trust(),
        Refusal::SignedFieldsDiffer,
    );
    refused(&with(&good, "From: <", "From: <9970000037@plans.example>, <"), &ca.trust(), Refusal::MessageMalformed);
    refused(&with(&good, "Date: ", "Date: x\r\nDate: "), &ca.trust(), Refusal::MessageMalformed);
}

// Profile §9.10
#[test]
fn an_agent_signs_for_the_office_where_sender_names_it() {
    let ca = Ca::new();
    let head = format!(
        "From: <{A}>\r\nTo: <{B}>\r\nDate: Fri, 20 Nov 2026 09:15:00 +0900\r\nMessage-ID: <x@plans.example>\r\n"
    );
    let part = "Content-Type: text/plain\r\n\r\nplan\r\n";
    let letter = |sender: &str, signer: &str| {
        let entity = fumibako_signer::sign(part.as_bytes(), &ca.identity(signer), now()).unwrap();
        [head.as_bytes(), sender.as_bytes(), b"MIME-Version: 1.0\r\n", &entity].concat()
    };
    let by = |sender: &str, signer: &str| {
        let opened = read(&letter(sender, signer), B, &ca.trust(), now()).map_err(|refused| refused.why)?;
        Ok(opened.by().map(ToString::to_string))
    };
    let (kawara, sender) = ("kawara@plans.example", "Sender: kawara@plans.example\r\n");
    assert_eq!(by(sender, kawara), Ok(Some("kawara".into())));
    assert_eq!(by(sender, A), Ok(Some("kawara".into())), "or with the office's own certificate");
    assert_eq!(by("", A), Ok(None));
    for (sender, signer) in [("", kawara), ("Sender: tsuta@plans.example\r\n", kawara), (sender, B)] {
        assert_eq!(by(sender, signer), Err(Refusal::NotItsCertificate), "{sender} {signer}");
    }
}

#[test]
fn a_message_for_another_office_is_not_for_us() {
    let ca = Ca::new();
    let other = "9970000037@plans.example";
    assert_eq!(read(&message(&ca, A), other, &ca.trust(), now()).unwrap_err().why, Refusal::EnvelopeDiffers);
}

#[test]
fn a_certificate_counts_at_the_time_of_reading() {
    let ca = Ca::new();
    let message = message(&ca, A);
    let read = |at| read(&message, B, &ca.trust(), at).map(|_| ()).map_err(|refused| refused.why);
    assert_eq!(read(now() + SignedDuration::from_hours(23)), Ok(()));
    assert_eq!(read(now() + SignedDuration::from_hours(25)), Err(Refusal::CertificateExpired));
    assert_eq!(read(now() - SignedDuration::from_hours(13)), Err(Refusal::CertificateNotYetValid));
}

/// Profile §5.3: a revoked signer is not believed, nor anybody under an authority whose list is past its end.
#[test]
fn a_message_by_a_revoked_signer_is_not_believed() {
    let ca = Ca::new();
    let (gone, good) = (ca.identity(A), ca.identity(A));
    let end = now() + SignedDuration::from_hours(2);
    let list = ca.list(&[&gone], end);
    let list = fumibako_signer::RevocationList::read(&list, ca.trust().anchors()).unwrap();
    let trust = ca.trust().with_lists([list], fumibako_signer::WithoutList::Accept);
    let by =
        |signer: &Identity| compose(&draft(), (address(A), address(B)), &Form::Signed, signer, now()).unwrap().octets.0;
    let why = |message: &[u8], at| read(message, B, &trust, at).map(|_| ()).map_err(|refused| refused.why);
    assert_eq!(why(&by(&gone), now()), Err(Refusal::CertificateRevoked));
    // What had arrived before the revocation was good.
    assert_eq!(why(&by(&gone), now() - SignedDuration::from_secs(1)), Ok(()));
    assert_eq!(why(&by(&good), end), Ok(()));
    assert_eq!(why(&by(&good), end + SignedDuration::from_secs(1)), Err(Refusal::RevocationUnknown));
}

mod sealed;

/// Profile §5.4, §4.13: whose certificate it is, is read where its authority writes it.
#[test]
fn the_signer_is_found_where_its_authority_writes_it() {
    let ca = Ca::new();
    let signed = |identity: &Identity| {
        compose(&draft(), (address(A), address(B)), &Form::Signed, identity, now()).unwrap().octets.0
    };
    let trust = |naming| {
        let practice = Practice::new(Purposes::Mail, naming);
        Trust::with_practices([(ca.trust().anchors()[0].clone(), practice)]).unwrap()
    };
    let why = |message: &[u8], trust: &Trust| read(message, B, trust, now()).map(|_| ()).map_err(|refused| refused.why);
    let bare = signed(&ca.numbered(None, "9970000011"));
    assert_eq!(why(&bare, &trust(Naming::SubjectSerialNumber)), Ok(()));
    assert_eq!(why(&bare, &ca.trust()), Err(Refusal::CertificateUnfit), "where a mail address is the rule");
    assert_eq!(why(&bare, &trust(Naming::Roll)), Err(Refusal::CertificateNamesNobody));
    let both = signed(&ca.numbered(Some(A), "9970000029"));
    assert_eq!(why(&both, &ca.trust()), Ok(()));
    assert_eq!(why(&both, &trust(Naming::SubjectSerialNumber)), Err(Refusal::NotItsCertificate));
}
