//! PREVIEW (RFC 8970, Profile §7.47): the first words of a message.

use mail_parser::decoders::html::html_to_text;

use super::settings::PREVIEW_CHARS;
use crate::mime::{Entity, Tree};

/// Octets of a text that are read for its first words; before HTML shows some, much may stand.
const TEXT_BYTES: usize = 64 * 1024;

/// The first words of what a message says in its own MIME text; nothing of what is sealed, and nothing of attachments.
pub(super) fn of(tree: &Tree<'_>) -> String {
    first_text(tree.root()).map(|text| first_words(&text)).unwrap_or_default()
}

fn first_text(entity: Entity<'_>) -> Option<String> {
    let kind = entity.content_type();
    if entity.disposition().is_some_and(|disposition| disposition.value.eq_ignore_ascii_case(b"attachment")) {
        return None;
    }
    if entity.is_multipart() {
        // RFC 2046 §5.1.4: of alternatives the plainest comes first.
        return entity.parts().find_map(first_text);
    }
    if kind.is("text", "plain") {
        return text(entity);
    }
    if kind.is("text", "html") {
        return text(entity).map(|html| html_to_text(&html));
    }
    None
}

/// The beginning of a text. What cannot be decoded says nothing, and neither does what is empty.
fn text(entity: Entity<'_>) -> Option<String> {
    entity.text_in(entity.body_start(TEXT_BYTES)).ok().filter(|text| !text.trim().is_empty())
}

/// One space between words, no control characters, so many characters at most.
fn first_words(text: &str) -> String {
    let mut words = String::new();
    let plain = |char: &char| !char.is_control();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().filter(plain).take(PREVIEW_CHARS));
        if words.chars().count() >= PREVIEW_CHARS {
            break;
        }
    }
    words.chars().take(PREVIEW_CHARS).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(message: &str, preview: &str) {
        let message = message.replace('\n', "\r\n");
        assert_eq!(of(&Tree::view(message.as_bytes())), preview);
    }

    // Profile §7.47
    #[test]
    fn a_preview_is_the_beginning_of_the_text() {
        check("Subject: x\n\nHello,\n\n  the  plan\tis here.\n", "Hello, the plan is here.");
        check("Content-Type: text/plain; charset=ISO-2022-JP\n\n\u{1b}$B7W2h\u{1b}(B\n", "計画");
        check("Content-Type: text/html\n\n<style>p {}</style><p>One &amp; <b>two</b></p>", "One & two");
        check("Content-Transfer-Encoding: base64\n\n44GC\n", "あ");
        check("\n", "");
        check(&format!("\n{}", "あ".repeat(300)), &"あ".repeat(PREVIEW_CHARS));
        check(&format!("\n{} b", "a ".repeat(300)), "a ".repeat(PREVIEW_CHARS / 2).trim_end());
    }

    #[test]
    fn a_preview_shows_nothing_sealed_nor_attached() {
        let multipart = |kind: &str, parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
            format!("Content-Type: multipart/{kind}; boundary=b\n\n{}--b--\n", parts.concat())
        };
        let sealed = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB";
        let signature = "Content-Type: application/pkcs7-signature\n\nMIIB";
        check(&multipart("signed", &[sealed, signature]), "");
        check(&multipart("signed", &["\nplain\n", signature]), "plain");
        let attached = "Content-Disposition: attachment; filename=a.txt\n\nsecret";
        check(&multipart("mixed", &[attached, "Content-Type: text/csv\n\n1,2", "\nlast"]), "last");
        check(&multipart("alternative", &["\n", "Content-Type: text/html\n\n<i>rich</i>"]), "rich");
        check("Content-Type: message/rfc822\n\nSubject: x\n\ninner", "");
    }

    proptest! {
        #[test]
        fn any_message_has_a_preview_of_one_short_line(html in any::<bool>(), body in "\\PC{0,40}[<>&;#a-z \n]{0,300}") {
            let kind = if html { "html" } else { "plain" };
            let message = format!("Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}");
            let preview = of(&Tree::view(message.as_bytes()));
            prop_assert!(preview.chars().count() <= PREVIEW_CHARS);
            prop_assert!(!preview.contains(['\r', '\n', '\t']));
        }
    }
}
