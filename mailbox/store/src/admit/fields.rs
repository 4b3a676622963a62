//! The header fields that admission reads, each at most once, and their signed repetition.

use fumibako_model::{
    Address, AgentId, Domain, OfficeNumber, Party, Refusal, Refused, THE_OFFICE, is_routing, message_id, read_section,
    routing_agrees, speaks_alone,
};
use mail_parser::{Message, MessageParser};

/// RFC 5322 §3.6: fields that stand at most once. A second one could show another reader another sender.
const AT_MOST_ONCE: [&str; 9] = [
    "from",
    "to",
    "sender",
    "date",
    "message-id",
    "subject",
    "content-type",
    "reply-to",
    "disposition-notification-to",
];
/// Profile §5.1: fields that would show a reader people this gateway never checked.
const NOBODY_ELSE: [&str; 3] = ["cc", "bcc", "resent-"];

/// One message's header section: names in lower case, values unfolded.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Vec<(String, String)>,
}

impl Fields {
    /// Reads the header section of a message within limits.
    pub(super) fn read(octets: &[u8]) -> Result<Self, Refused> {
        let fields = Self { fields: read_section(octets)? };
        for name in AT_MOST_ONCE {
            if fields.fields.iter().filter(|(known, _)| known == name).nth(1).is_some() {
                return Err(Refusal::MessageMalformed.about(format_args!("{name} stands twice")));
            }
        }
        if let Some((name, _)) = fields.fields.iter().find(|(name, _)| NOBODY_ELSE.iter().any(|n| name.starts_with(n)))
        {
            return Err(Refusal::EnvelopeDiffers.about(name));
        }
        if fields.get("date").is_none() {
            return Err(Refusal::MessageMalformed.about("date is missing"));
        }
        Ok(fields)
    }

    /// Profile §5.1: whoever answers, or sends a receipt, writes to the office in `From:`; no name shown beside its
    /// address is another office's number.
    pub(super) fn speak_of(&self, from: &Address) -> Result<(), Refused> {
        let others = THE_OFFICE.into_iter().filter(|name| self.get(name).is_some());
        let shown = self.get("from").and_then(shown_name);
        speaks_alone(from, shown.as_deref(), others.map(|name| (name, self.address(name).ok())))
    }

    /// Profile §5.4, RFC 5322 §3.6.2: `Sender` names the agent that acts; where the office acts itself it names nobody else.
    pub(super) fn name_sender(
        &self,
        from: OfficeNumber,
        agent: Option<&AgentId>,
        domain: &Domain,
    ) -> Result<(), Refused> {
        let written = self.get("sender").map(|_| self.address("sender")).transpose()?;
        match (agent, written) {
            (None, None) => Ok(()),
            (None, Some(sender)) if sender.party() == Some(Party::Office(from)) => Ok(()),
            (None, Some(_)) => Err(Refusal::EnvelopeDiffers.about("sender")),
            (Some(agent), Some(sender))
                if sender.domain == *domain && sender.party() == Some(Party::Agent(agent.clone())) =>
            {
                Ok(())
            }
            (Some(agent), _) => Err(Refusal::AgentNotNamed.about(agent)),
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The one address in `From:`.
    pub(super) fn from(&self) -> Result<Address, Refused> {
        self.address("from")
    }

    /// The one address in `To:`.
    pub(super) fn to(&self) -> Result<Address, Refused> {
        self.address("to")
    }

    fn address(&self, name: &'static str) -> Result<Address, Refused> {
        let value = self.get(name).ok_or_else(|| Refusal::MessageMalformed.about(format_args!("{name} is missing")))?;
        let text = as_from(value);
        let parsed = MessageParser::new().with_address_headers().parse_headers(text.as_bytes());
        // RFC 5322 §3.4: a group shows a name of its own above its addresses.
        let list = parsed.as_ref().and_then(Message::from).and_then(mail_parser::Address::as_list).unwrap_or_default();
        let mut addresses = list.iter();
        match (addresses.next().and_then(|one| one.address.as_deref()), addresses.next()) {
            (Some(one), None) => one.parse().map_err(|_| Refusal::EnvelopeDiffers.about(name)),
            _ => Err(Refusal::EnvelopeDiffers.about(name)),
        }
    }

    /// The Message-ID, without angle brackets (RFC 5322 §3.6.4).
    pub(super) fn message_id(&self) -> Result<String, Refused> {
        let value = self.get("message-id").ok_or_else(|| Refusal::MessageMalformed.about("message-id is missing"))?;
        message_id(value).ok_or_else(|| Refusal::MessageMalformed.about("message-id"))
    }

    /// Profile §4.2: what the signed part repeats is what stands outside. Does it repeat the fields, and so its Message-ID?
    pub(super) fn agree_with(&self, part: &[u8]) -> Result<bool, Refused> {
        let signed = routing(&read_section(part)?);
        routing_agrees(&routing(&self.fields), &signed)?;
        Ok(!signed.is_empty())
    }
}

/// Does the signed part repeat the routing fields?
pub(super) fn repeats_routing(part: &[u8]) -> Result<bool, Refused> {
    Ok(!routing(&read_section(part)?).is_empty())
}

/// The parser knows only some fields as addresses, so each is read as if it were `From`.
fn as_from(value: &str) -> String {
    format!("From: {value}\r\n\r\n")
}

/// The name beside an address as a mail program shows it, encoded words decoded (RFC 2047).
fn shown_name(value: &str) -> Option<String> {
    let text = as_from(value);
    let parsed = MessageParser::new().with_address_headers().parse_headers(text.as_bytes())?;
    Some(parsed.from()?.first()?.name.as_deref()?.to_owned())
}

/// The routing fields among these, in one order.
fn routing(fields: &[(String, String)]) -> Vec<(String, String)> {
    let mut routing: Vec<_> = fields.iter().filter(|(name, _)| is_routing(name)).cloned().collect();
    routing.sort();
    routing
}

/// The Message-ID of any message, if it has a well-formed one: an office's own drafts need not be admissible.
pub fn message_id_of(octets: &[u8]) -> Option<String> {
    let fields = read_section(octets).ok()?;
    fields.iter().find(|(name, _)| name == "message-id").and_then(|(_, value)| message_id(value))
}

#[cfg(test)]
mod tests {
    use fumibako_model::HEADER_BYTES;

    use super::*;

    const HEADER: &str = "Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nFrom: 9970000011@plans.example\r\nTo: <9970000029@plans.example>\r\n\
        Message-ID:\r\n <a@plans.example>\r\nFumibako-Bundle: v=1\r\n\r\nbody";

    fn fields(text: &str) -> Result<Fields, Refusal> {
        Fields::read(text.as_bytes()).map_err(|refused| refused.why)
    }

    #[test]
    fn folded_fields_are_read_whole_and_addresses_with_or_without_brackets() {
        let fields = fields(HEADER).unwrap();
        assert_eq!(fields.message_id().as_deref(), Ok("a@plans.example"));
        assert_eq!(fields.from().unwrap().to_string(), "9970000011@plans.example");
        assert_eq!(fields.to().unwrap().to_string(), "9970000029@plans.example");
    }

    #[test]
    fn two_senders_are_no_sender() {
        assert_eq!(
            fields(&format!("From: 9970000029@plans.example\r\n{HEADER}")).unwrap_err(),
            Refusal::MessageMalformed
        );
        let two = HEADER.replace("From: ", "From: 9970000029@plans.example, ");
        assert_eq!(fields(&two).unwrap().from().unwrap_err().why, Refusal::EnvelopeDiffers);
    }

    // Profile §5.1
    #[test]
    fn nobody_but_the_sender_is_shown_to_the_reader() {
        let from = "9970000011@plans.example".parse().unwrap();
        let speak = |more: &str| fields(&format!("{more}{HEADER}")).and_then(|f| f.speak_of(&from).map_err(|r| r.why));
        for own in [
            "Reply-To: <9970000011@plans.example>\r\n",
            "Disposition-Notification-To: <9970000011@plans.example>\r\n",
            "",
        ] {
            assert_eq!(speak(own), Ok(()), "{own}");
        }
        for other in [
            "Reply-To: x@elsewhere.example\r\n",
            "Disposition-Notification-To: 9970000029@plans.example\r\n",
            "Cc: 9970000029@plans.example\r\n",
            "Bcc: 9970000029@plans.example\r\n",
            "Resent-From: 9970000029@plans.example\r\n",
        ] {
            assert_eq!(speak(other), Err(Refusal::EnvelopeDiffers), "{other}");
        }
        let named = |name: &str| {
            HEADER
                .replace("From: 9970000011@", &format!("From: {name} <9970000011@"))
                .replace("@plans.example\r\nTo", "@plans.example>\r\nTo")
        };
        let shown =
            |name: &str| Fields::read(named(name).as_bytes()).and_then(|f| f.speak_of(&from)).map_err(|r| r.why);
        assert_eq!(shown("Aozora"), Ok(()));
        assert_eq!(shown("\"9970000011 Aozora\""), Ok(()), "its own number may stand there");
        assert_eq!(shown("\"Aozora 2 (1-2-3)\""), Ok(()), "a few digits are no office number");
        // 9970000037 in base64, in full-width digits, in ISO-2022-JP, in kanji, in Arabic-Indic digits.
        for other in [
            "\"9970000037 Himawari\"",
            "=?utf-8?B?OTk3MDAwMDAzNw==?=",
            "=?utf-8?B?77yZ77yZ77yX77yQ77yQ77yQ77yQ77yQ77yT77yX?=",
            "=?iso-2022-jp?B?GyRCIzkjOSM3IzAjMCMwIzAjMCMzIzcbKEI=?=",
            "=?utf-8?B?5Lmd5Lmd5LiD44CH44CH44CH44CH44CH5LiJ5LiD?=",
            "=?utf-8?B?2anZqdmn2aDZoNmg2aDZoNmj2ac=?=",
            "\"997-000-0037\"",
            "\"9 9 7 0 0 0 0 0 3 7\"",
            "=?utf-8?B?OTk3MOKAizAwMDAzNw==?=",
            "\"99700000371\"",
            "\"9970000011 9970000037\"",
        ] {
            assert_eq!(shown(other), Err(Refusal::EnvelopeDiffers), "{other}");
        }
        let group = HEADER.replace("From: 9970000011@plans.example", "From: 9970000037: 9970000011@plans.example;");
        assert_eq!(fields(&group).unwrap().from().unwrap_err().why, Refusal::EnvelopeDiffers, "a group is nobody");
        assert_eq!(fields(&HEADER.replace("Date", "X-Date")).unwrap_err(), Refusal::MessageMalformed);
    }

    // Profile §5.4
    #[test]
    fn sender_names_the_agent_that_acts_and_nobody_else() {
        let (from, agent) = ("9970000011".parse().unwrap(), "kawara".parse().unwrap());
        let domain = "plans.example".parse().unwrap();
        let names = |more: &str, agent: Option<&AgentId>| {
            fields(&format!("{more}{HEADER}")).and_then(|f| f.name_sender(from, agent, &domain).map_err(|r| r.why))
        };
        let (own, kawara) = ("Sender: 9970000011@plans.example\r\n", "Sender: kawara@plans.example\r\n");
        for (sender, itself, by_agent) in [
            ("", Ok(()), Err(Refusal::AgentNotNamed)),
            (own, Ok(()), Err(Refusal::AgentNotNamed)),
            (kawara, Err(Refusal::EnvelopeDiffers), Ok(())),
            ("Sender: 9970000029@plans.example\r\n", Err(Refusal::EnvelopeDiffers), Err(Refusal::AgentNotNamed)),
            ("Sender: kawara@other.example\r\n", Err(Refusal::EnvelopeDiffers), Err(Refusal::AgentNotNamed)),
            ("Sender: nobody at all\r\n", Err(Refusal::EnvelopeDiffers), Err(Refusal::EnvelopeDiffers)),
        ] {
            assert_eq!((names(sender, None), names(sender, Some(&agent))), (itself, by_agent), "{sender}");
        }
    }

    #[test]
    fn a_part_that_repeats_one_routing_field_must_repeat_all() {
        let outer = fields(HEADER).unwrap();
        let agree = |part: &str| outer.agree_with(part.as_bytes()).map_err(|refused| refused.why);
        assert_eq!(agree("Content-Type: text/plain\r\n\r\n"), Ok(false));
        assert_eq!(agree(&format!("Content-Type: text/plain\r\n{HEADER}")), Ok(true));
        assert_eq!(agree("From: 9970000011@plans.example\r\n\r\n"), Err(Refusal::SignedFieldsDiffer));
        assert_eq!(agree(&HEADER.replace("0029", "0037")), Err(Refusal::SignedFieldsDiffer));
        assert_eq!(agree(&HEADER.replace("v=1", "v=2")), Err(Refusal::SignedFieldsDiffer));
        assert_eq!(agree(&format!("Sender: kawara@plans.example\r\n{HEADER}")), Err(Refusal::SignedFieldsDiffer));
    }

    #[test]
    fn a_header_of_64_kib_is_the_longest() {
        let with = |filler: usize| format!("{}{HEADER}", "X: y\r\n".repeat(filler));
        let room = (HEADER_BYTES - (HEADER.len() - "body".len())) / "X: y\r\n".len();
        assert!(fields(&with(room)).is_ok());
        assert_eq!(fields(&with(room + 1)).unwrap_err(), Refusal::HeadersTooLarge);
    }

    #[test]
    fn crooked_headers_are_named() {
        for bad in
            ["From a\r\n\r\n", " folded\r\n\r\n", "From: a\n\r\n", "From: a\r\n", ": a\r\n\r\n", "Fr om: a\r\n\r\n"]
        {
            assert_eq!(fields(bad).unwrap_err(), Refusal::MessageMalformed, "{bad:?}");
        }
        for bad in ["a@b", "<a>", "<a@b", "<a @b>", "<<a@b>>"] {
            assert_eq!(message_id(bad), None, "{bad}");
        }
    }
}
