use super::*;
use crate::bundle::seal::at_most;
use crate::bundle::{Contents, MESSAGE_BYTES, Reader, open};
use crate::exit::Exit;
use crate::testing::{A, B, Ca, address, attached, draft, draft_of, many_files, now, openssl_decrypt, openssl_verify};

fn composed(draft: &Draft, ca: &Ca) -> Result<Composed, Trouble> {
    compose(draft, (address(A), address(B)), &Form::Signed, &ca.identity(A), now())
}

/// Sealed to B and to A itself.
fn sealed(draft: &Draft, ca: &Ca, [a, b]: [&Identity; 2]) -> Composed {
    let readers = [a, b].map(|reader| reader.certificate().clone()).to_vec();
    assert!(ca.trust().check_certificate(b.certificate(), &[], now()).is_ok());
    compose(draft, (address(A), address(B)), &Form::Sealed(readers), a, now()).unwrap()
}

fn files(contents: &Contents) -> Vec<(&str, &[u8])> {
    contents.files.iter().map(|(name, bytes)| (name.0.as_str(), bytes.0.as_slice())).collect()
}

fn text(composed: &Composed) -> &str {
    std::str::from_utf8(&composed.octets.0).expect("ASCII")
}

/// Profile §2.3, §4.1
#[test]
fn openssl_verifies_what_is_composed_and_the_files_inside_are_the_originals() {
    let (ca, mut draft) = (Ca::new(), draft());
    draft.cover = Some(Private("お世話になっております。\n計画書を送ります。".into()));
    draft.attached.push(attached("計画書（山田）.pdf", b"%PDF-1.7\n\r\0\xFF"));
    let composed = composed(&draft, &ca).unwrap();
    let part = openssl_verify(&composed.octets.0, &ca).unwrap();
    let contents = Contents::read(&part).unwrap();
    let mut sent: Vec<(&str, &[u8])> = draft.files().collect();
    sent.push(("計画書（山田）.pdf", b"%PDF-1.7\n\r\0\xFF"));
    assert_eq!(files(&contents), sent);
    assert_eq!(contents.cover.unwrap().0, "お世話になっております。\r\n計画書を送ります。\r\n");
}

#[test]
fn openssl_refuses_a_flipped_byte() {
    let ca = Ca::new();
    let mut octets = composed(&draft(), &ca).unwrap().octets.0;
    let at = octets.windows(8).position(|window| window == b"filename").unwrap();
    octets[at + 20] ^= 1;
    assert!(openssl_verify(&octets, &ca).is_err());
}

#[test]
fn every_sample_arrives_byte_identical() {
    let ca = Ca::new();
    for sample in ["v41-plan-hard-text", "v41-use-one-person", "v41-plan-one-person", "v41-delete-two-persons"] {
        let draft = draft_of(sample);
        let message = composed(&draft, &ca).unwrap();
        let reader = Reader { us: &address(B), trust: &ca.trust(), keys: &[], now: now() };
        let opened = open(&message.octets.0, &reader).unwrap();
        assert!(!opened.is_sealed());
        assert!(files(&Contents::read(opened.entity()).unwrap()).into_iter().eq(draft.files()), "{sample}");
    }
}

/// Profile §2.3, §4.5
#[test]
fn a_sealed_bundle_opens_for_both_offices_and_shows_nothing_on_the_way() {
    let (ca, mut draft) = (Ca::new(), draft());
    let (a, b) = (ca.identity(A), ca.identity(B));
    draft.attached.push(attached("計画書（山田）.pdf", b"%PDF-1.7\n\r\0\xFF"));
    for cover in [None, Some("お世話になっております。\n\n計画書を送ります。")] {
        draft.cover = cover.map(|text| Private(text.to_owned()));
        let composed = sealed(&draft, &ca, [&a, &b]);
        for key in [&a, &b] {
            let keys = std::slice::from_ref(key);
            let opened = open(&composed.octets.0, &Reader { us: &address(B), trust: &ca.trust(), keys, now: now() });
            let opened = opened.unwrap();
            assert!(opened.is_sealed());
            assert_eq!(opened.subject(), Some("ケアプランデータ 2026-11 居宅サービス計画（1～3表） [Fumibako]"));
            let contents = Contents::read(opened.entity()).unwrap();
            let mut sent: Vec<(&str, &[u8])> = draft.files().collect();
            sent.push(("計画書（山田）.pdf", b"%PDF-1.7\n\r\0\xFF"));
            assert_eq!(files(&contents), sent);
            let expected = cover.map(|text| text.replace('\n', "\r\n") + "\r\n");
            assert_eq!(contents.cover.map(|cover| cover.0), expected, "the display of the subject is taken away");
            assert_eq!(Draft::sum_in(&composed.octets.0, keys), Some(draft.sum()));
            assert_ne!(draft_of("v41-use-one-person").sum(), draft.sum());
        }
        assert_eq!(Draft::sum_in(&composed.octets.0, &[ca.identity(A)]), None, "another key cannot tell");
        for hidden in ["UP1KYO", "=UTF-8''", "text/csv", "hp=\"cipher\"", "HP-Outer"] {
            assert!(!text(&composed).contains(hidden), "{hidden} shows");
        }
    }
}

/// Profile §4.2, §4.7: the fields stand outside, in the signed part, and inside, where they say what stands outside.
#[test]
fn the_fields_of_a_sealed_bundle_stand_in_three_places() {
    let (ca, draft) = (Ca::new(), draft());
    let (a, b) = (ca.identity(A), ca.identity(B));
    let composed = sealed(&draft, &ca, [&a, &b]);
    let fields = String::from_utf8(composed.fields.octets()).unwrap();
    assert_eq!(text(&composed).matches(&fields).count(), 2, "outside, and under the outer signature");
    assert!(text(&composed).split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    let keys = std::slice::from_ref(&b);
    let opened = open(&composed.octets.0, &Reader { us: &address(B), trust: &ca.trust(), keys, now: now() }).unwrap();
    let entity = String::from_utf8_lossy(opened.entity()).into_owned();
    let header = entity.split("\r\n\r\n").next().unwrap();
    assert!(
        header.contains("hp=\"cipher\"") && header.contains("\r\nFumibako-Recipients: 9970000029@plans.example\r\n")
    );
    let unfolded = header.replace("\r\n\t", " ").replace("  ", " ");
    for line in fields.replace("\r\n\t", " ").lines() {
        assert!(unfolded.contains(&format!("HP-Outer: {line}")), "{line} is not in {unfolded}");
        assert!(line.starts_with("Subject: ") || unfolded.contains(&format!("\r\n{line}")), "{line}");
    }
    assert!(entity.contains("hp-legacy-display=\"1\""));
}

/// Profile §4.5: verify, decrypt, verify, by a program that knows nothing of ours.
#[test]
fn openssl_opens_what_is_sealed_step_by_step() {
    let (ca, draft) = (Ca::new(), draft());
    let (a, b) = (ca.identity(A), ca.identity(B));
    let composed = sealed(&draft, &ca, [&a, &b]);
    let envelope = openssl_verify(&composed.octets.0, &ca).unwrap();
    let clear = openssl_decrypt(&envelope, &b).unwrap();
    let entity = openssl_verify(&clear, &ca).unwrap();
    assert!(files(&Contents::read(&entity).unwrap()).into_iter().eq(draft.files()));
    assert!(openssl_decrypt(&envelope, &ca.identity(B)).is_err(), "another key of the same office");
}

/// Profile §4.2
#[test]
fn the_message_is_ascii_with_short_lines_and_repeats_its_fields() {
    let (ca, mut draft) = (Ca::new(), draft());
    draft.attached.push(attached(&"あ".repeat(80), b"x"));
    let composed = composed(&draft, &ca).unwrap();
    // RFC 5322 §2.1.1
    assert!(text(&composed).split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    let fields = String::from_utf8(composed.fields.octets()).unwrap();
    assert_eq!(text(&composed).matches(&fields).count(), 2, "once outside, once under the signature");
    assert_eq!(text(&composed).matches("hp=\"clear\"").count(), 1);
    assert!(text(&composed).contains("Content-Type: text/csv; charset=Shift_JIS;\r\n name=\"UP1KYO_"));
}

/// Profile §4.3, §4.4
#[test]
fn the_field_says_kinds_and_counts_and_never_a_name() {
    let (ca, mut draft) = (Ca::new(), draft_of("v41-use-one-person"));
    draft.attached.push(attached("山田.pdf", b"12345"));
    let composed = composed(&draft, &ca).unwrap();
    let bytes: usize = draft.files().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(
        composed.facts.to_string(),
        format!("v=1; units=use-table; month=202510; serial=20250925173000; files=4; size={}", bytes + 5)
    );
    assert_eq!(composed.fields.subject, "ケアプランデータ 2025-10 [Fumibako]");
    assert!(composed.fields.message_id.len() >= 32 && composed.fields.message_id.ends_with("@plans.example"));
}

#[test]
fn a_plan_without_service_month_is_called_by_the_month_of_sending() {
    let at = "2026-11-30T15:00:00Z".parse().unwrap();
    let ca = Ca::new();
    let composed = compose(&draft(), (address(A), address(B)), &Form::Signed, &ca.identity(A), at).unwrap();
    assert_eq!(composed.fields.subject, "ケアプランデータ 2026-12 [Fumibako]", "it is December in Japan");
}

/// Profile §12.1
#[test]
fn limits_hold_on_both_sides() {
    let (ca, mut draft) = (Ca::new(), draft());
    draft.cover = Some(Private("あ".repeat(COVER_CHARACTERS)));
    assert!(composed(&draft, &ca).is_ok());
    draft.cover = Some(Private("あ".repeat(COVER_CHARACTERS + 1)));
    let trouble = composed(&draft, &ca).unwrap_err();
    assert!(matches!(trouble, Trouble::Limit(Limit::Cover(found, _)) if found == COVER_CHARACTERS + 1));
    assert_eq!(trouble.exit(), Exit::BAD_FILE);

    draft.cover = None;
    draft.attached = vec![attached("a.pdf", b"x"); FILES - 4];
    assert!(composed(&draft, &ca).is_ok());
    draft.attached.push(attached("a.pdf", b"x"));
    assert!(matches!(composed(&draft, &ca), Err(Trouble::Limit(Limit::Files(101, FILES)))));

    draft.attached = vec![attached("a.pdf", &vec![b'x'; 18_000_000])];
    assert!(composed(&draft, &ca).unwrap().octets.0.len() <= MESSAGE_BYTES);
    draft.attached = vec![attached("a.pdf", &vec![b'x'; 20_000_000])];
    assert!(matches!(composed(&draft, &ca), Err(Trouble::Limit(Limit::Message(..)))));

    // Sealed, the content is in base64 twice.
    let (identity, form) = (ca.identity(A), Form::Sealed(vec![ca.identity(B).certificate().clone()]));
    let composed = |draft: &Draft| compose(draft, (address(A), address(B)), &form, &identity, now());
    draft.attached = vec![attached("a.pdf", &vec![b'x'; 13 << 20])];
    assert!(composed(&draft).unwrap().octets.0.len() <= MESSAGE_BYTES);
    draft.attached = vec![attached("a.pdf", &vec![b'x'; 14 << 20])];
    assert!(matches!(composed(&draft), Err(Trouble::Limit(Limit::Message(..)))));
}

/// Profile §12.1: what is reckoned before a seal is no less than what comes of it, and hardly more.
#[test]
fn a_sealed_message_is_no_larger_than_was_reckoned() {
    let ca = Ca::new();
    let (identity, reader) = (ca.identity(A), ca.identity(B).certificate().clone());
    let form = Form::Sealed(vec![reader; 16]);
    let name = |n: usize| format!("{n}{}.pdf", "計".repeat(80));
    for (files, bytes) in [(1, 12 << 20), (1, 0), (90, 1), (7, 1_000_003)] {
        let mut draft = draft();
        draft.cover = Some(Private("あ".repeat(COVER_CHARACTERS)));
        draft.attached = (0..files).map(|n| attached(&name(n), &vec![0xFF; bytes])).collect();
        let all = draft.files().map(|(name, bytes)| (name, bytes.len()));
        let reckoned = at_most(all.chain(draft.attached.iter().map(|file| (file.name.0.as_str(), file.bytes.0.len()))));
        let real = compose(&draft, (address(A), address(B)), &form, &identity, now()).unwrap().octets.0.len();
        assert!(real <= reckoned && reckoned - real < 512 << 10, "{files} files of {bytes}: {real}, {reckoned}");
    }
}

#[test]
fn as_many_units_as_the_field_can_name() {
    let ca = Ca::new();
    assert!(composed(&many_files(50), &ca).is_ok());
    assert!(matches!(composed(&many_files(60), &ca), Err(Trouble::Limit(Limit::Units(60)))));
}

/// Profile §4.10, §12.1
#[test]
fn what_shrinks_by_a_quarter_is_compressed_inside_the_seal_and_opens_as_it_was() {
    let ca = Ca::new();
    let (a, b) = (ca.identity(A), ca.identity(B));
    let readers = || vec![b.certificate().clone(), a.certificate().clone()];
    let compose = |draft: &Draft, form| compose(draft, (address(A), address(B)), &form, &a, now());
    let mut noise = vec![0; 1 << 20];
    aws_lc_rs::rand::fill(&mut noise).unwrap();
    let with = |bytes: &[u8]| Draft { attached: vec![attached("計画.pdf", bytes)], ..draft() };
    let (plain, packed) = (with(&vec![b' '; 1 << 20]), with(&noise));
    let size = |draft: &Draft, form: Form| {
        let composed = compose(draft, form).unwrap();
        let reader = Reader { us: &address(B), trust: &ca.trust(), keys: std::slice::from_ref(&b), now: now() };
        let opened = open(&composed.octets.0, &reader).unwrap();
        let contents = Contents::read(opened.entity()).unwrap();
        assert_eq!(contents.files.last().unwrap().1.0, draft.attached[0].bytes.0);
        let ours = Draft::sum_in(&composed.octets.0, std::slice::from_ref(&a));
        assert_eq!(ours, Some(draft.sum()), "our own copy is recognised");
        composed.octets.0.len()
    };
    assert!(size(&plain, Form::Compressed(readers())) < size(&plain, Form::Sealed(readers())) / 20);
    let (compressed, sealed) = (size(&packed, Form::Compressed(readers())), size(&packed, Form::Sealed(readers())));
    assert!(compressed.abs_diff(sealed) < 4096, "what is packed already stays as it is: {compressed}, {sealed}");
    // More fits into one message.
    let large = with(&b"0123456789,".repeat((20 << 20) / 11));
    assert!(matches!(compose(&large, Form::Sealed(readers())), Err(Trouble::Limit(Limit::Message(..)))));
    assert!(compose(&large, Form::Compressed(readers())).is_ok());
}
