use expect_test::{Expect, expect};
use fumibako_careplan::Lang;
use fumibako_signer::authority::Purpose;
use fumibako_signer::{Sealing, TimeStamper, WithoutList, encrypt, seal, sign};
use jiff::SignedDuration;

use super::*;
use crate::bundle::{Form as Closing, Reader, compose, open};
use crate::partners::CIPHER;
use crate::receipt::{Receipt, signed_receipt};
use crate::testing::{A, B, Ca, address, draft, now};

/// Two offices with keys, and what one sent the other.
struct Pair {
    ca: Ca,
    a: Identity,
    b: Identity,
}

impl Pair {
    fn new() -> Self {
        let ca = Ca::new();
        let (a, b) = (ca.identity(A), ca.identity(B));
        Self { ca, a, b }
    }

    fn composed(&self, form: &Closing) -> Vec<u8> {
        compose(&draft(), (address(A), address(B)), form, &self.a, now()).unwrap().octets.0
    }

    fn sealed(&self) -> Vec<u8> {
        self.composed(&Closing::Sealed(vec![self.b.certificate().clone(), self.a.certificate().clone()]))
    }

    /// The receipt of B for what A sent, signed by whomever.
    fn receipt(&self, sent: &[u8], by: &Identity) -> Vec<u8> {
        let innermost = rules::innermost(sent, std::slice::from_ref(&self.b)).unwrap();
        let header = rules::headers_of(sent).unwrap();
        let receipt = Receipt {
            message_id: "r@x.example".into(),
            original: header.message_id().unwrap().into(),
            digest: *Signed::read(sent).unwrap().verify().unwrap().digest(),
            saved_at: now(),
        };
        receipt.compose(&address(B), &address(A), by, &innermost).unwrap().0
    }

    fn report(&self, message: &[u8], keys: &[Identity]) -> Report {
        let trust = self.ca.trust().with_lists([], WithoutList::Refuse);
        verify(message, &Judge { trust: &trust, stampers: None, keys, domain: None, original: None, at: now() })
    }

    /// What the layers say, and that [`open`] says the same of the whole.
    #[track_caller]
    fn check(&self, message: &[u8], expected: Expect) {
        let keys = std::slice::from_ref(&self.b);
        let report = self.report(message, keys);
        let reader = Reader { us: &address(B), trust: &self.ca.trust(), keys, now: now() };
        let opened = open(message, &reader);
        assert_eq!(report.holds(), opened.is_ok(), "{report:?} but {opened:?}");
        if let Err(why) = &opened {
            assert!(report.layers.iter().any(|layer| matches!(&layer.state, State::Fails(w) if w.why == why.why)));
        }
        expected.assert_eq(&states(&report));
    }
}

fn states(report: &Report) -> String {
    let line = |layer: &Layer| match &layer.state {
        State::Holds => format!("{}: holds\n", layer.what.id()),
        State::Fails(why) => format!("{}: {}\n", layer.what.id(), why.why.row().code),
        State::Unseen(why) => format!("{}: {}\n", layer.what.id(), why.id()),
    };
    report.layers.iter().map(line).collect()
}

fn with(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn every_layer_of_a_sealed_message_holds() {
    let pair = Pair::new();
    pair.check(
        &pair.sealed(),
        expect![[r"
            outer-signature: holds
            authority: holds
            revocation: no-revocation-list
            holder: holds
            routing-fields: holds
            envelope: holds
            inner-signature: holds
            same-signer: holds
            fields-inside: holds
            addressed-to: holds
            files: holds
        "]],
    );
}

/// Profile §4.9
#[test]
fn without_a_key_the_outside_is_verified_all_the_same() {
    let pair = Pair::new();
    let sealed = pair.sealed();
    let report = pair.report(&sealed, &[]);
    assert!(report.holds());
    assert_eq!(report.unseen(), 1 + What::inside(Form::Sealed).len(), "revocation, and what is inside");
    let envelope = report.layers.iter().find(|layer| layer.what == What::Envelope).unwrap();
    assert_eq!(envelope.state, State::Unseen(Unseen::NoKey));
    assert_eq!((&envelope.facts[0].value, envelope.facts[1].value.as_str()), (&2.into(), Some("AES-256-GCM")));
    let stranger = pair.ca.identity(B);
    assert!(states(&pair.report(&sealed, &[stranger])).contains("envelope: other-key"));
}

#[test]
fn a_signed_bundle_and_a_receipt_have_layers_of_their_own() {
    let pair = Pair::new();
    pair.check(
        &pair.composed(&Closing::Signed),
        expect![[r"
            outer-signature: holds
            authority: holds
            revocation: no-revocation-list
            holder: holds
            routing-fields: holds
            addressed-to: holds
            files: holds
        "]],
    );
    let report = pair.report(&pair.receipt(&pair.sealed(), &pair.b), &[]);
    assert_eq!((report.form, report.holds()), (Form::Receipt, true));
    assert!(states(&report).ends_with("notification: holds\noriginal: no-original\nsigned-receipt: no-original\n"));
    assert!(states(&pair.report(&pair.receipt(&pair.sealed(), &pair.a), &[])).contains("holder: E-CRT-005"));
}

/// Profile §8.4, §8.8
#[test]
fn a_receipt_is_held_against_what_was_sent() {
    let pair = Pair::new();
    let (trust, keys) = (pair.ca.trust(), std::slice::from_ref(&pair.a));
    let against = |receipt: &[u8], original: &[u8], keys: &[Identity]| {
        let judge = Judge { trust: &trust, stampers: None, keys, domain: None, original: Some(original), at: now() };
        states(&verify(receipt, &judge))
    };
    for sent in [pair.sealed(), pair.composed(&Closing::Signed)] {
        let receipt = pair.receipt(&sent, &pair.b);
        let good = against(&receipt, &sent, keys);
        assert!(good.ends_with("notification: holds\noriginal: holds\nsigned-receipt: holds\n"), "{good}");
        let other = against(&receipt, &pair.sealed(), keys);
        assert!(other.ends_with("original: E-STD-106\nsigned-receipt: E-STD-108\n"), "{other}");
        let changed = against(&receipt, &with(&sent, "To: <9970000029", "To: <9970000037"), keys);
        assert!(changed.contains("original: E-STD-107\n"), "{changed}");
        // The receipt alone, as other programs send it.
        let alone = signed_receipt(Signed::read(&receipt).unwrap().part()).unwrap();
        let found = against(&alone, &sent, keys);
        assert!(found.ends_with("holder: no-header\nsigned-receipt: holds\n"), "{found}");
        assert!(against(&with(&alone, "MII", "MIJ"), &sent, keys).starts_with("outer-signature: E-SIG-003\n"));
    }
    let sent = pair.sealed();
    assert!(against(&pair.receipt(&sent, &pair.b), &sent, &[]).ends_with("signed-receipt: no-key\n"));
    // Somebody else's word, in a receipt of the office's own.
    let word = signed_receipt(Signed::read(&pair.receipt(&sent, &pair.a)).unwrap().part()).unwrap();
    let receipt = pair.receipt(&sent, &pair.b);
    let own = signed_receipt(Signed::read(&receipt).unwrap().part()).unwrap();
    let part = String::from_utf8(Signed::read(&receipt).unwrap().part().to_vec()).unwrap();
    let part = part.replace(std::str::from_utf8(&own).unwrap(), std::str::from_utf8(&word).unwrap());
    let header = part[..part.find("Content-Type").unwrap()].to_owned();
    let message = [header.as_bytes(), &sign(part.as_bytes(), &pair.b, now()).unwrap()].concat();
    assert!(against(&message, &sent, keys).ends_with("original: holds\nsigned-receipt: E-CRT-005\n"));
}

/// Profile §4.1, §4.2, §4.5, §5.2, §5.3, §5.4
#[test]
fn each_kind_of_damage_is_named_at_its_layer() {
    let pair = Pair::new();
    let sealed = pair.sealed();
    let outer = |message: &[u8]| states(&pair.report(message, std::slice::from_ref(&pair.b)));
    pair.check(
        &with(&sealed, "MII", "MIJ"),
        expect![[r"
            outer-signature: E-SIG-002
            authority: rests-on-another
            revocation: rests-on-another
            holder: rests-on-another
            routing-fields: rests-on-another
            envelope: rests-on-another
            inner-signature: rests-on-another
            same-signer: rests-on-another
            fields-inside: rests-on-another
            addressed-to: rests-on-another
            files: rests-on-another
        "]],
    );
    let stripped = [b"From: <9970000011@plans.example>\r\n".as_slice(), Signed::read(&sealed).unwrap().part()].concat();
    assert!(outer(&stripped).starts_with("outer-signature: E-SIG-001\n"));
    assert!(outer(&with(&sealed, "From: <9970000011", "From: <9970000037")).contains("holder: E-CRT-005\n"));
    assert!(outer(&with(&sealed, "Subject: ", "Subject: Re: ")).contains("routing-fields: E-SIG-005\n"));
    assert!(outer(&with(&sealed, "To: <9970000029", "To: <9970000037")).contains("routing-fields: E-SIG-005\n"));
    let foreign = Pair::new();
    let report = outer(&foreign.sealed());
    assert!(report.contains("authority: E-CRT-001\n") && report.contains("holder: rests-on-another\n"), "{report}");
    assert!(report.contains("envelope: rests-on-another\n"), "nothing is decrypted for a stranger: {report}");
}

/// An office that signs and seals again what another signed.
#[test]
fn a_seal_wrapped_again_by_another_is_seen_inside() {
    let pair = Pair::new();
    let sealed = pair.sealed();
    let part = Signed::read(&sealed).unwrap().part().to_vec();
    let clear = Enveloped::read(&part).unwrap().decrypt(std::slice::from_ref(&pair.b)).unwrap();
    let header = String::from_utf8(part.clone()).unwrap();
    let header = header[..header.find("Content-Type").unwrap()].replace("<9970000011", "<9970000037");
    let c = pair.ca.identity("9970000037@plans.example");
    let envelope = encrypt(&clear, &[pair.b.certificate().clone()], CIPHER).unwrap();
    let outer = sign(&[header.as_bytes(), &envelope].concat(), &c, now()).unwrap();
    let message = [header.as_bytes(), b"MIME-Version: 1.0\r\n", &outer].concat();
    pair.check(
        &message,
        expect![[r"
            outer-signature: holds
            authority: holds
            revocation: no-revocation-list
            holder: holds
            routing-fields: holds
            envelope: holds
            inner-signature: holds
            same-signer: E-CRT-005
            fields-inside: E-SIG-005
            addressed-to: holds
            files: E-STD-103
        "]],
    );
}

/// A signer whose inside says something else than its outside.
#[test]
fn a_subject_and_a_reader_that_differ_inside_are_seen() {
    let pair = Pair::new();
    let header = "From: <9970000011@plans.example>\r\nTo: <9970000029@plans.example>\r\n\
        Date: Fri, 20 Nov 2026 09:15:00 +0900\r\nMessage-ID: <m@plans.example>\r\nSubject: outside\r\n";
    let sealed = |inside: &str| {
        let body = "Content-Type: text/plain; hp=\"cipher\"\r\n\r\nplan\r\n";
        let entity = format!("{}{inside}{body}", header.replace("outside", "inside"));
        let readers = [pair.b.certificate().clone()];
        let sealing = Sealing { routing: header.as_bytes(), signer: &pair.a, recipients: &readers, cipher: CIPHER };
        let closed = seal(entity.as_bytes(), &sealing, now()).unwrap();
        let message = [header.as_bytes(), b"MIME-Version: 1.0\r\n", &closed].concat();
        states(&pair.report(&message, std::slice::from_ref(&pair.b)))
    };
    let good = "Fumibako-Recipients: 9970000029@plans.example\r\nHP-Outer: Subject: outside\r\n";
    assert!(!sealed(good).contains("E-"), "{}", sealed(good));
    assert!(sealed(&good.replace("outside", "other")).contains("fields-inside: E-SIG-005\n"));
    assert!(sealed(&good.replace("0029", "0037")).contains("addressed-to: E-DIR-005\n"));
}

#[test]
fn certificates_are_judged_as_of_the_moment_asked_for() {
    let pair = Pair::new();
    let trust = pair.ca.trust();
    let message = pair.sealed();
    let at = |hours| {
        let at = now() + SignedDuration::from_hours(hours);
        states(&verify(&message, &Judge { trust: &trust, stampers: None, keys: &[], domain: None, original: None, at }))
    };
    assert!(at(0).contains("authority: holds"));
    assert!(at(25).contains("authority: E-CRT-002"));
    assert!(at(-13).contains("authority: E-CRT-003"));
}

#[test]
fn revocation_is_said_of_where_a_list_tells() {
    let pair = Pair::new();
    let end = now() + SignedDuration::from_hours(2);
    let message = pair.sealed();
    let states = |revoked: &[&Identity], at| {
        let list = pair.ca.list(revoked, end);
        let list = fumibako_signer::RevocationList::read(&list, pair.ca.trust().anchors()).unwrap();
        let trust = pair.ca.trust().with_lists([list], WithoutList::Refuse);
        states(&verify(
            &message,
            &Judge {
                trust: &trust,
                stampers: None,
                keys: std::slice::from_ref(&pair.b),
                domain: None,
                original: None,
                at,
            },
        ))
    };
    assert!(!states(&[], now()).contains("unseen") && states(&[], now()).contains("revocation: holds"));
    let revoked = states(&[&pair.a], now());
    assert!(
        revoked.contains("revocation: E-REV-001\n") && revoked.contains("envelope: rests-on-another\n"),
        "{revoked}"
    );
    assert!(states(&[], end + SignedDuration::from_secs(1)).contains("revocation: E-REV-002\n"));
}

#[test]
fn another_domain_than_ours_is_not_believed() {
    let pair = Pair::new();
    let (trust, domain) = (pair.ca.trust(), "elsewhere.example".parse().unwrap());
    let judge = Judge { trust: &trust, stampers: None, keys: &[], domain: Some(&domain), original: None, at: now() };
    assert!(states(&verify(&pair.sealed(), &judge)).contains("holder: E-CRT-006"));
}

// Profile §9.10
#[test]
fn of_an_agent_s_message_the_mandate_is_not_said_to_hold() {
    let pair = Pair::new();
    let kawara = "kawara@plans.example";
    let header = format!(
        "From: <{A}>\r\nSender: <{kawara}>\r\nTo: <{B}>\r\nDate: Fri, 20 Nov 2026 09:15:00 +0900\r\n\
         Message-ID: <m@plans.example>\r\n"
    );
    let report = |signer: &str| {
        let part = format!("{header}Content-Type: text/plain\r\n\r\nplan\r\n");
        let entity = sign(part.as_bytes(), &pair.ca.identity(signer), now()).unwrap();
        pair.report(&[header.as_bytes(), b"MIME-Version: 1.0\r\n", &entity].concat(), &[])
    };
    let of_agent = report(kawara);
    let found = states(&of_agent);
    assert!(of_agent.holds() && found.contains("holder: holds\nmandate: no-mandate-in-file\n"), "{found}");
    let words = |what: What, lang| {
        of_agent.layers.iter().find(|layer| layer.what == what).map(|layer| layer.words(lang).what).unwrap()
    };
    let (ja, en) = (words(What::Holder, Lang::Ja), words(What::Holder, Lang::En));
    assert!(ja.starts_with("代行業者 kawara の証明書です") && en.contains("the agent kawara, not"), "{ja} {en}");
    assert!(words(What::Mandate, Lang::Ja).ends_with("このファイルだけでは分かりません。"));
    // The office's own certificate is its own word, whoever acted.
    let of_office = report(A);
    assert!(of_office.holds() && !states(&of_office).contains("mandate"), "{}", states(&of_office));
}

/// The last element of the last element, and so on, with these octets at its end: the tail of a CMS signature is its signer.
fn grown(der: &[u8], depth: usize, more: &[u8]) -> Vec<u8> {
    let (begin, end) = element(der);
    let content = &der[begin..end];
    let mut last = 0;
    while last + element(&content[last..]).1 < content.len() {
        last += element(&content[last..]).1;
    }
    let content = match depth {
        0 => [content, more].concat(),
        _ => [&content[..last], &grown(&content[last..], depth - 1, more)].concat(),
    };
    wrapped(der[0], &content)
}

/// Where an element's content begins and ends.
fn element(der: &[u8]) -> (usize, usize) {
    let long = usize::from(der[1]);
    let (begin, length) = match long {
        0..=127 => (2, long),
        _ => (2 + long - 128, der[2..2 + long - 128].iter().fold(0, |size, octet| size << 8 | usize::from(*octet))),
    };
    (begin, begin + length)
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

/// The message with a time stamp of its signature beside it (RFC 3161 Appendix A).
fn stamped(message: &[u8], token: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let text = String::from_utf8(message.to_vec()).unwrap();
    let head = text.rfind("smime.p7s\"\r\n\r\n").unwrap() + "smime.p7s\"\r\n\r\n".len();
    let tail = head + text[head..].find("\r\n--").unwrap();
    let der = STANDARD.decode(text[head..tail].replace("\r\n", "")).unwrap();
    let kind = [6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 16, 2, 14];
    let attribute = wrapped(0x30, &[&kind[..], &wrapped(0x31, token)].concat());
    let attributes = wrapped(0xa1, &attribute);
    // ContentInfo, [0], SignedData, its signers, the one signer.
    let lines: Vec<String> = STANDARD
        .encode(grown(&der, 4, &attributes))
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    [&text[..head], &lines.join("\r\n"), &text[tail..]].concat().into_bytes()
}

// Profile §4.21
#[test]
fn a_time_stamp_beside_the_signature_is_told() {
    let (pair, other) = (Pair::new(), Ca::new());
    let message = pair.sealed();
    let digest = Signed::read(&message).unwrap().verify().unwrap().value_digest();
    let told = |token: &[u8]| {
        let report = pair.report(&stamped(&message, token), std::slice::from_ref(&pair.b));
        let layer = report.layers.iter().find(|layer| layer.what == What::TimeStamp).unwrap();
        (states(&report), layer.facts.iter().map(|fact| fact.value.to_string()).collect::<Vec<_>>())
    };
    let (good, facts) = told(&pair.ca.stamp(&digest, now()));
    assert!(good.contains("time-stamp: holds\n") && !good.contains("E-"), "{good}");
    assert_eq!(facts[0], format!("\"{}\"", now()));
    let of_others = told(&pair.ca.stamp(&[7; 32], now())).0;
    assert!(of_others.contains("time-stamp: E-SIG-"), "{of_others}");
    // One of an archive, which came later than the moment as of which all is judged.
    let of_the_future = told(&pair.ca.stamp(&digest, now() + SignedDuration::from_hours(1))).0;
    assert!(of_the_future.contains("time-stamp: stamped-later\n") && !of_the_future.contains("E-"), "{of_the_future}");
    let unknown = told(&other.stamp(&digest, now())).0;
    assert!(!unknown.contains("time-stamp: holds"), "{unknown}");
    let junk = told(&[0x30, 0]).0;
    assert!(junk.contains("time-stamp: E-SIG-") && junk.contains("outer-signature: holds"), "{junk}");
    // Without one nothing is said of it.
    assert!(!states(&pair.report(&message, &[])).contains("time-stamp"));
}

/// A message with a stamp of now, and who stamped it.
fn stamped_by_a_clock(pair: &Pair) -> (Vec<u8>, Identity) {
    let message = pair.sealed();
    let digest = Signed::read(&message).unwrap().verify().unwrap().value_digest();
    let clock =
        pair.ca.identity_for("clock@plans.example", Purpose::TimeStamping, now() + SignedDuration::from_hours(24));
    let token = TimeStamper::new(clock.clone(), "1.3.6.1.4.1.99999.1").unwrap().stamp(&digest, now()).unwrap();
    (stamped(&message, &token), clock)
}

// Profile §4.21
#[test]
fn a_stamp_of_a_revoked_authority_is_not_believed() {
    let pair = Pair::new();
    let (message, clock) = stamped_by_a_clock(&pair);
    let told = |revoked: &[&Identity], at: Timestamp| {
        let list = pair.ca.list(revoked, now() + SignedDuration::from_hours(2));
        let list = fumibako_signer::RevocationList::read(&list, pair.ca.trust().anchors()).unwrap();
        let trust = pair.ca.trust().with_lists([list], WithoutList::Refuse);
        states(&verify(&message, &Judge { trust: &trust, stampers: None, keys: &[], domain: None, original: None, at }))
    };
    assert!(told(&[], now()).contains("time-stamp: holds\n"));
    let revoked = told(&[&clock], now());
    assert!(revoked.contains("time-stamp: E-REV-001\n") && revoked.contains("\nrevocation: holds\n"), "{revoked}");
}

// Profile §4.21, §8.21
#[test]
fn a_stamper_of_whom_no_list_speaks_is_not_said_to_be_in_force() {
    let pair = Pair::new();
    let (message, clock) = stamped_by_a_clock(&pair);
    let list = |revoked: &[&Identity]| {
        let list = pair.ca.list(revoked, now() + SignedDuration::from_hours(2));
        fumibako_signer::RevocationList::read(&list, pair.ca.trust().anchors()).unwrap()
    };
    let told = |trust: &Trust, stampers: Option<&Stampers>| {
        let judge = Judge { trust, stampers, keys: &[], domain: None, original: None, at: now() };
        let report = verify(&message, &judge);
        let layer = report.layers.into_iter().find(|layer| layer.what == What::TimeStamp).unwrap();
        let fact = layer.facts.iter().find(|fact| fact.key == "stamper_revocation");
        (layer.state.clone(), fact.map(|fact| fact.value.as_str().unwrap_or_default().to_owned()))
    };
    // As the settings believe an authority, which is without asking for a list.
    let (ours, stampers) = (pair.ca.trust(), pair.ca.stampers());
    let unseen = (State::Holds, Some("not-looked-at".to_owned()));
    assert_eq!(told(&ours, None), unseen);
    assert_eq!(told(&Ca::new().trust(), Some(&stampers)), unseen);
    assert_eq!(told(&ours.with_lists([list(&[])], WithoutList::Accept), None), (State::Holds, Some("good".to_owned())));
    // Of one that is named as both, the list counts that one of them has.
    let revoked = ours.with_lists([list(&[&clock])], WithoutList::Accept);
    let (state, _) = told(&revoked, Some(&stampers));
    assert!(matches!(&state, State::Fails(why) if why.why == Refusal::CertificateRevoked), "{state:?}");
}

// Profile §5.1: as at the gateway's door.
#[test]
fn nobody_else_is_shown_as_the_sender() {
    let pair = Pair::new();
    let signed = pair.composed(&Closing::Signed);
    for (from, to) in [
        ("From: <9970000011@", "From: \"9970000037\" <9970000011@"),
        ("Subject: ", "Reply-To: <x@elsewhere.example>\r\nSubject: "),
        ("Subject: ", "Reply-To: <9970000011@plans.example>, <x@elsewhere.example>\r\nSubject: "),
        ("Disposition-Notification-To: <9970000011@", "Disposition-Notification-To: <9970000029@"),
    ] {
        let changed = with(&signed, from, to);
        let found = states(&pair.report(&changed, &[]));
        assert!(found.contains("holder: E-DIR-005\n"), "{to}: {found}");
        let reader = Reader { us: &address(B), trust: &pair.ca.trust(), keys: &[], now: now() };
        assert_eq!(open(&changed, &reader).unwrap_err().why, Refusal::EnvelopeDiffers, "{to}");
    }
    let own = with(&signed, "Subject: ", "Reply-To: <9970000011@plans.example>\r\nSubject: ");
    assert!(pair.report(&own, &[]).holds());
}

#[test]
fn where_there_are_no_files_nothing_is_said_of_their_names() {
    let pair = Pair::new();
    let header = "From: <9970000011@plans.example>\r\nTo: <9970000029@plans.example>\r\n\
        Date: Fri, 20 Nov 2026 09:15:00 +0900\r\nMessage-ID: <m@plans.example>\r\n";
    let part = format!("{header}Content-Type: text/plain\r\n\r\nhello\r\n");
    let message =
        [header.as_bytes(), b"MIME-Version: 1.0\r\n", &sign(part.as_bytes(), &pair.a, now()).unwrap()].concat();
    let report = pair.report(&message, &[]);
    assert!(states(&report).ends_with("files: no-files\n") && report.holds(), "{}", states(&report));
}

// Profile §4.16
#[test]
fn a_way_that_ended_is_told_with_what_to_do_about_it() {
    let pair = Pair::new();
    let years = now() + SignedDuration::from_hours(24 * 2000);
    let (a, b) = (pair.ca.identity_until(A, years), pair.ca.identity_until(B, years));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reader.pem"), b.certificate().to_pem()).unwrap();
    std::fs::write(folder.path().join("entity"), "Content-Type: text/plain\r\n\r\nplan\r\n").unwrap();
    let words =
        "cms -encrypt -binary -aes256 -outform DER -in entity -out der -recip reader.pem -keyopt ecdh_kdf_md:sha1";
    let openssl = std::process::Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output();
    assert!(openssl.unwrap().status.success());
    let envelope = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(std::fs::read(folder.path().join("der")).unwrap())
    };
    let header = "From: <9970000011@plans.example>\r\nTo: <9970000029@plans.example>\r\n\
        Date: Fri, 20 Nov 2026 09:15:00 +0900\r\nMessage-ID: <m@plans.example>\r\n";
    let kind = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let part = format!("{header}{kind}{envelope}\r\n");
    let message = [header.as_bytes(), b"MIME-Version: 1.0\r\n", &sign(part.as_bytes(), &a, now()).unwrap()].concat();
    let trust = pair.ca.trust();
    let at = |at: &str| {
        let (keys, at) = (std::slice::from_ref(&b), at.parse().unwrap());
        let report = verify(&message, &Judge { trust: &trust, stampers: None, keys, domain: None, original: None, at });
        report.layers.into_iter().find(|layer| layer.what == What::Envelope).unwrap()
    };
    // Nothing in it is signed, which is said before that day.
    assert!(matches!(at("2030-12-31T23:59:59+09:00").state, State::Fails(why) if why.why == Refusal::SealBroken));
    let ended = at("2031-01-01T00:00:00+09:00");
    assert!(matches!(&ended.state, State::Fails(why) if why.why == Refusal::AlgorithmNotAllowed), "{ended:?}");
    assert!(ended.words(fumibako_careplan::Lang::En).next.contains("--at"));
}
