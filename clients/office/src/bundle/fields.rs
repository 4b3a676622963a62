//! The routing fields: on the message for the mail system, and once more under each signature (RFC 9788).

use std::borrow::Cow;

use fumibako_model::Address;
use jiff::Timestamp;
use mail_builder::headers::address::Address as Mailbox;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::{Header as _, HeaderType};

/// Who writes to whom, when, and about what. Both copies are written by the same lines, so they cannot differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The office that sends.
    pub from: Address,
    /// The agent that acts for it, if one does.
    pub sender: Option<Address>,
    /// The office addressed.
    pub to: Address,
    /// When it was composed.
    pub at: Timestamp,
    /// Without angle brackets.
    pub message_id: String,
    /// Constant words; never a person's name.
    pub subject: String,
    /// Fields of this kind of message, ASCII.
    pub more: Vec<(&'static str, String)>,
}

/// Names the offices addressed, inside the seal (Profile §4.7).
pub const RECIPIENTS_FIELD: &str = "Fumibako-Recipients";
/// Says inside the seal what stands outside (RFC 9788 §2.2).
pub const HP_OUTER_FIELD: &str = "HP-Outer";

type Field = (Cow<'static, str>, HeaderType<'static>);

impl Fields {
    /// The fields for [`mail_builder`].
    pub fn headers(&self) -> Vec<Field> {
        let mailbox = |address: &Address| Mailbox::new_address(None::<String>, address.to_string());
        let mut fields: Vec<Field> = vec![("From".into(), mailbox(&self.from).into())];
        fields.extend(self.sender.iter().map(|sender| ("Sender".into(), mailbox(sender).into())));
        let others: [Field; 4] = [
            ("To".into(), mailbox(&self.to).into()),
            ("Date".into(), Date::new(self.at.as_second()).into()),
            ("Message-ID".into(), MessageId::new(self.message_id.clone()).into()),
            ("Subject".into(), Text::new(self.subject.clone()).into()),
        ];
        fields.extend(others);
        fields.extend(self.more.iter().map(|(name, value)| ((*name).into(), Raw::new(value.clone()).into())));
        fields
    }

    /// The fields inside a seal: the same with the subject that only readers see, the office addressed, and what stands
    /// outside (Profile §4.7).
    pub fn within(&self, subject: &str) -> Vec<Field> {
        let mut fields = Self { subject: subject.to_owned(), ..self.clone() }.headers();
        fields.push((RECIPIENTS_FIELD.into(), Raw::new(self.to.to_string()).into()));
        let outer = self.headers().into_iter().map(|(name, value)| {
            let line = String::from_utf8_lossy(&line(&name, &value)).into_owned();
            // RFC 5322 §2.2.3: where the line is folded means nothing.
            let unfolded = line.split_whitespace().collect::<Vec<_>>().join(" ");
            (HP_OUTER_FIELD.into(), Raw::new(unfolded).into())
        });
        fields.extend(outer);
        fields
    }

    /// The fields as octets, each line ending with CRLF.
    pub fn octets(&self) -> Vec<u8> {
        self.headers().iter().flat_map(|(name, value)| line(name, value)).collect()
    }
}

fn line(name: &str, value: &HeaderType<'_>) -> Vec<u8> {
    let mut octets = format!("{name}: ").into_bytes();
    // Writing to a `Vec` cannot fail.
    let _ = value.write_header(&mut octets, name.len() + 2);
    octets
}

/// A parameter of a MIME field: quoted where it is plain ASCII, else as RFC 2231 §4 spells it.
pub(crate) fn parameter(name: &str, value: &str) -> String {
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\');
    if value.chars().all(plain) {
        return format!("{name}=\"{value}\"");
    }
    let mut text = format!("{name}*=UTF-8''");
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => text.push(char::from(byte)),
            _ => text.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    text
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn fields() -> Fields {
        Fields {
            from: "9970000011@plans.example".parse().unwrap(),
            sender: None,
            to: "9970000029@plans.example".parse().unwrap(),
            at: "2026-11-05T01:10:10Z".parse().unwrap(),
            message_id: "abc@plans.example".into(),
            subject: "ケアプランデータ 2026-11 [Fumibako]".into(),
            more: vec![("Fumibako-Bundle", "v=1; units=use-table; files=3; size=48211".into())],
        }
    }

    #[test]
    fn fields_are_written_as_mail_writes_them() {
        expect![[r"
            From: <9970000011@plans.example>
            To: <9970000029@plans.example>
            Date: Thu, 5 Nov 2026 01:10:10 +0000
            Message-ID: <abc@plans.example>
            Subject: =?utf-8?B?44Kx44Ki44OX44Op44Oz44OH44O844K/IDIwMjYtMTEgW0Z1bWliYQ==?=
            	=?utf-8?B?a29d?=
            Fumibako-Bundle: v=1; units=use-table; files=3; size=48211
        "]]
        .assert_eq(&String::from_utf8(fields().octets()).unwrap().replace('\r', ""));
    }

    // Profile §9.12
    #[test]
    fn an_agent_is_named_beside_the_office_it_acts_for() {
        let octets = Fields { sender: Some("kawara@plans.example".parse().unwrap()), ..fields() }.octets();
        let text = String::from_utf8(octets).unwrap();
        assert!(
            text.starts_with("From: <9970000011@plans.example>\r\nSender: <kawara@plans.example>\r\nTo: "),
            "{text}"
        );
    }

    /// Profile §4.7
    #[test]
    fn inside_a_seal_they_say_what_stands_outside() {
        let within: Vec<u8> = fields().within("inside").iter().flat_map(|(name, value)| line(name, value)).collect();
        expect![[r"
            From: <9970000011@plans.example>
            To: <9970000029@plans.example>
            Date: Thu, 5 Nov 2026 01:10:10 +0000
            Message-ID: <abc@plans.example>
            Subject: inside
            Fumibako-Bundle: v=1; units=use-table; files=3; size=48211
            Fumibako-Recipients: 9970000029@plans.example
            HP-Outer: From: <9970000011@plans.example>
            HP-Outer: To: <9970000029@plans.example>
            HP-Outer: Date: Thu, 5 Nov 2026 01:10:10 +0000
            HP-Outer: Message-ID: <abc@plans.example>
            HP-Outer: Subject: =?utf-8?B?44Kx44Ki44OX44Op44Oz44OH44O844K/IDIwMjYtMTEgW0Z1bWliYQ==?=
            	 =?utf-8?B?a29d?=
            HP-Outer: Fumibako-Bundle: v=1; units=use-table; files=3; size=48211
        "]]
        .assert_eq(&String::from_utf8(within).unwrap().replace('\r', ""));
    }

    #[test]
    fn a_japanese_file_name_is_spelt_by_rfc_2231() {
        assert_eq!(parameter("name", "UP1KYO_1.CSV"), "name=\"UP1KYO_1.CSV\"");
        assert_eq!(parameter("name", "計画.pdf"), "name*=UTF-8''%E8%A8%88%E7%94%BB.pdf");
        assert_eq!(parameter("name", "a\"\r\nX: y"), "name*=UTF-8''a%22%0D%0AX%3A%20y");
    }
}
