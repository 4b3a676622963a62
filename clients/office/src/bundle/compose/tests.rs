use super::*;
use crate::bundle::{Contents, MESSAGE_BYTES, open};
use crate::exit::Exit;
use crate::testing::{A, B, Ca, address, attached, draft, draft_of, many_files, now, openssl_verify};

fn composed(draft: &Draft, ca: &Ca) -> Result<Composed, Trouble> {
    compose(draft, (address(A), address(B)), &ca.identity(A), now())
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
    let files: Vec<(&str, &[u8])> = contents.files.iter().map(|(n, b)| (n.0.as_str(), b.0.as_slice())).collect();
    let mut sent: Vec<(&str, &[u8])> = draft.files().collect();
    sent.push(("計画書（山田）.pdf", b"%PDF-1.7\n\r\0\xFF"));
    assert_eq!(files, sent);
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
        let opened = open(&message.octets.0, &address(B), &ca.trust(), now()).unwrap();
        let contents = Contents::read(opened.part()).unwrap();
        assert!(contents.files.iter().map(|(n, b)| (n.0.as_str(), b.0.as_slice())).eq(draft.files()), "{sample}");
    }
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
    let composed = compose(&draft(), (address(A), address(B)), &ca.identity(A), at).unwrap();
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
}

#[test]
fn as_many_units_as_the_field_can_name() {
    let ca = Ca::new();
    assert!(composed(&many_files(50), &ca).is_ok());
    assert!(matches!(composed(&many_files(60), &ca), Err(Trouble::Limit(Limit::Units(60)))));
}
