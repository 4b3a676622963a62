use super::*;
use crate::mime::DEPTH;
use expect_test::{Expect, expect};

fn body(message: &[u8], extended: bool) -> String {
    let mut out = Vec::new();
    let (tree, mut outline) = (Tree::view(message), Outline::new(extended));
    while outline.more(&mut out, &tree) {}
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check(message: &str, expected: Expect) {
    expected.assert_eq(&body(message.replace('\n', "\r\n").as_bytes(), true));
}

fn sample(name: &str) -> String {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/transcripts/imap");
    std::fs::read_to_string(format!("{samples}/{name}")).unwrap()
}

#[test]
fn a_message_without_a_type_is_plain_text() {
    check(
        "Subject: x\n\na\nb",
        expect![[r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1 NIL NIL NIL NIL)"#]],
    );
    check("", expect![[r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)"#]]);
    check(
        "Content-Type: nonsense\n\n",
        expect![[r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)"#]],
    );
}

#[test]
fn a_signed_bundle_shows_its_parts_and_their_names_as_written() {
    check(
        &sample("signed.eml"),
        expect![[
            r#"((("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 18 0 NIL NIL NIL NIL)("text" "csv" ("charset" "Shift_JIS" "name*" "utf-8''%E8%A8%88%E7%94%BB%E6%9B%B8.csv") NIL NIL "base64" 24 0 NIL ("attachment" ("filename*" "utf-8''%E8%A8%88%E7%94%BB%E6%9B%B8.csv")) NIL NIL) "mixed" ("boundary" "inner") NIL NIL NIL)("application" "pkcs7-signature" ("name" "smime.p7s") NIL "S/MIME signature" "base64" 4 NIL ("attachment" ("filename" "smime.p7s")) NIL NIL) "signed" ("protocol" "application/pkcs7-signature" "micalg" "sha-256" "boundary" "outer") NIL NIL NIL)"#
        ]],
    );
}

#[test]
fn a_message_in_a_message_shows_its_envelope_and_its_own_parts() {
    check(
        &sample("forwarded.eml"),
        expect![[
            r#"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 16 0 NIL NIL NIL NIL)("message" "rfc822" NIL NIL "forwarded" "7bit" 304 ("Thu, 5 Nov 2026 12:00:00 +0900" "inner" ((NIL NIL "a" "plans.example")) ((NIL NIL "a" "plans.example")) ((NIL NIL "a" "plans.example")) ((NIL NIL "b" "plans.example")) NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 8 1 NIL NIL NIL NIL)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 10 0 NIL NIL NIL "http://plans.example/") "alternative" ("boundary" "b2") NIL NIL NIL) 16 NIL NIL ("ja" "en") NIL)(("message" "rfc822" NIL NIL NIL "7bit" 37 (NIL "first in the digest" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) "digest" ("boundary" "b3") NIL NIL NIL) "mixed" ("boundary" "b1") NIL NIL NIL)"#
        ]],
    );
}

#[test]
fn body_is_bodystructure_without_the_extension() {
    let signed = sample("signed.eml").replace('\n', "\r\n");
    expect![[r#"((("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 18 0)("text" "csv" ("charset" "Shift_JIS" "name*" "utf-8''%E8%A8%88%E7%94%BB%E6%9B%B8.csv") NIL NIL "base64" 24 0) "mixed")("application" "pkcs7-signature" ("name" "smime.p7s") NIL "S/MIME signature" "base64" 4) "signed")"#]].assert_eq(&body(signed.as_bytes(), false));
}

#[test]
fn the_extension_of_a_part_has_md5_disposition_language_and_location() {
    check(
        "Content-Type: application/pdf; name=a.pdf\nContent-ID: <c@x.example>\nContent-Description: a\n plan\nContent-Transfer-Encoding: BASE64 (all of it)\nContent-MD5: Q2hlY2s=\nContent-Disposition: attachment; filename=\"a b.pdf\"; size=3\nContent-Language: ja\nContent-Location: a.pdf\n\nQUJD\n",
        expect![[
            r#"("application" "pdf" ("name" "a.pdf") "<c@x.example>" "a plan" "BASE64" 6 "Q2hlY2s=" ("attachment" ("filename" "a b.pdf" "size" "3")) "ja" "a.pdf")"#
        ]],
    );
}

#[test]
fn language_tags_are_told_bare() {
    let told = |field: &str| {
        let shown = body(format!("Content-Language: {field}\r\n\r\n").as_bytes(), true);
        shown.rsplit_once("NIL NIL ").unwrap().1.to_owned()
    };
    assert_eq!(told("\"ja\", en , \"de"), r#"("ja" "en" "\"de") NIL)"#);
    assert_eq!(told(" \"ja\" "), r#""ja" NIL)"#);
}

#[test]
fn a_multipart_without_parts_shows_one_that_is_empty() {
    for message in ["Content-Type: multipart/mixed; boundary=b\n\nno parts\n", "Content-Type: multipart/mixed\n\n--b\n"]
    {
        let shown = body(message.as_bytes(), false);
        assert_eq!(shown, r#"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")"#);
    }
}

#[test]
fn past_the_deepest_level_the_structure_still_follows_the_grammar() {
    let deep = "Content-Type: message/rfc822\n\n".repeat(DEPTH + 2);
    let shown = body(deep.as_bytes(), false);
    assert_eq!(shown.matches("\"message\" \"rfc822\"").count(), DEPTH + 1);
    assert!(shown.contains(r#"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain""#));
}
