//! ENVELOPE (RFC 3501 §7.4.2).

use super::reply::{nstring, string};
use super::settings::ADDRESSES;
use crate::mime::{Address, Field, Header, addresses};

/// ```text
/// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
///            env-in-reply-to SP env-message-id ")"
/// ```
///
/// Values are unfolded; encoded words stay as they are. `None` is the envelope of a message that cannot be read.
pub(super) fn write(out: &mut Vec<u8>, header: Option<Header<'_>>) {
    let get = |name: &str| header.and_then(|header| header.get(name));
    let text = |out: &mut Vec<u8>, name: &str| nstring(out, get(name).map(Field::unfolded).as_deref());
    let list = |name: &str| get(name).map(|field| addresses(&field.unfolded(), ADDRESSES)).unwrap_or_default();
    let from = list("From");
    // Absent or empty Sender and Reply-To are those of From.
    let or_from = |list: Vec<Address>| if list.is_empty() { from.clone() } else { list };
    out.push(b'(');
    text(out, "Date");
    out.push(b' ');
    text(out, "Subject");
    for list in [from.clone(), or_from(list("Sender")), or_from(list("Reply-To")), list("To"), list("Cc"), list("Bcc")]
    {
        out.push(b' ');
        write_list(out, &list);
    }
    out.push(b' ');
    text(out, "In-Reply-To");
    out.push(b' ');
    text(out, "Message-ID");
    out.push(b')');
}

fn write_list(out: &mut Vec<u8>, list: &[Address]) {
    if list.is_empty() {
        return nstring(out, None);
    }
    out.push(b'(');
    for address in list {
        write_address(out, address);
    }
    out.push(b')');
}

/// ```text
/// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/// ```
fn write_address(out: &mut Vec<u8>, address: &Address) {
    match address {
        Address::Mailbox { name, route, local, host } => {
            out.push(b'(');
            nstring(out, name.as_deref());
            out.push(b' ');
            nstring(out, route.as_deref());
            out.push(b' ');
            string(out, local);
            out.push(b' ');
            // NIL would mean a group.
            string(out, host);
            out.push(b')');
        }
        Address::Group(name) => {
            out.extend_from_slice(b"(NIL NIL ");
            string(out, name);
            out.extend_from_slice(b" NIL)");
        }
        Address::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// Checks the fields from From to Bcc; the others are NIL here.
    #[track_caller]
    fn check(header: &str, expected: Expect) {
        let mut out = Vec::new();
        write(&mut out, Some(Header::of(header.replace('\n', "\r\n").as_bytes())));
        expected.assert_eq(&String::from_utf8_lossy(&out).replace("\r\n", "\n"));
    }

    #[test]
    fn sender_and_reply_to_are_from_unless_they_say_otherwise() {
        check(
            "From: a@plans.example\nSender:\nReply-To: b@plans.example\n",
            expect![[
                r#"(NIL NIL ((NIL NIL "a" "plans.example")) ((NIL NIL "a" "plans.example")) ((NIL NIL "b" "plans.example")) NIL NIL NIL NIL NIL)"#
            ]],
        );
    }

    #[test]
    fn absent_is_nil_and_empty_is_empty() {
        check("Subject:\nDate: \n", expect![[r#"("" "" NIL NIL NIL NIL NIL NIL NIL NIL)"#]]);
    }

    #[test]
    fn quoting_and_comments_go_and_encoded_words_stay() {
        check(
            "To: \"Sakura, \\\"S\\\"\" <\"a b\"@plans.example>, c@plans.example (The (inner) desk), =?UTF-8?B?44GC?=\n =?UTF-8?B?44GE?= <d@plans.example>\n",
            expect![[
                r#"(NIL NIL NIL NIL NIL (("Sakura, \"S\"" NIL "a b" "plans.example")("The (inner) desk" NIL "c" "plans.example")("=?UTF-8?B?44GC?= =?UTF-8?B?44GE?=" NIL "d" "plans.example")) NIL NIL NIL NIL)"#
            ]],
        );
    }

    #[test]
    fn groups_open_and_close_and_routes_are_kept_apart() {
        check(
            "To: Team: a@x.example, B <b@x.example>; , c@x.example\nCc: <@r.example,@s.example:d@x.example>\nBcc: none:;\n",
            expect![[
                r#"(NIL NIL NIL NIL NIL ((NIL NIL "Team" NIL)(NIL NIL "a" "x.example")("B" NIL "b" "x.example")(NIL NIL NIL NIL)(NIL NIL "c" "x.example")) ((NIL "@r.example,@s.example" "d" "x.example")) ((NIL NIL "none" NIL)(NIL NIL NIL NIL)) NIL NIL)"#
            ]],
        );
    }

    #[test]
    fn what_is_no_address_is_shown_and_does_not_look_like_a_group() {
        check(
            "From: nobody\nTo: , ,\nCc: A <a@x.example\nBcc: \"open\n",
            expect![[
                r#"(NIL NIL ((NIL NIL "nobody" "")) ((NIL NIL "nobody" "")) ((NIL NIL "nobody" "")) NIL (("A" NIL "a" "x.example")) ((NIL NIL "open" "")) NIL NIL)"#
            ]],
        );
    }

    #[test]
    fn eight_bit_text_is_a_literal() {
        check(
            "Subject: 計画\nMessage-ID:\n <1@x.example>\nIn-Reply-To: a \"b\" \\\n",
            expect![[r#"
                (NIL {6}
                計画 NIL NIL NIL NIL NIL NIL "a \"b\" \\" "<1@x.example>")"#]],
        );
    }

    #[test]
    fn a_thousand_addresses_are_shown_and_no_more() {
        let header = format!("To: {}\r\n", "a,".repeat(ADDRESSES + 1));
        let mut out = Vec::new();
        write(&mut out, Some(Header::of(header.as_bytes())));
        assert_eq!(String::from_utf8(out).unwrap().matches("(NIL NIL \"a\" \"\")").count(), ADDRESSES);
    }
}
