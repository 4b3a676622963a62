//! The gateway's letters in `Receipts` about what nobody collected (Profile §8.17), by their headers.

use fumibako_model::{Address, EvidenceId, JAPAN, Local, OfficeNumber, Report, message_id};
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;

use super::{LOST_DAYS, Side};
use crate::mailbox::{Kept, Mailbox, Place};
use crate::trouble::Trouble;

/// So many letters of a folder are read, the latest.
const MOST: usize = 200;

/// A letter about a bundle that nobody collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Whose folder, where an agent looks.
    pub(crate) office: Option<OfficeNumber>,
    /// Its number in `Receipts`.
    pub(crate) uid: u32,
    /// The piece of evidence that it is about.
    pub(crate) evidence: EvidenceId,
    /// Who sent the bundle.
    pub(crate) from: OfficeNumber,
    /// Whom it was for, where the letter went to both.
    pub(crate) to: Option<OfficeNumber>,
    /// When the letter came.
    pub(crate) at: Timestamp,
    /// The bundle's, without angle brackets.
    pub(crate) message_id: String,
}

/// Of the folder that is open: of what was sent the letters that it expired; of what came, of each bundle the last that nobody has
/// collected it, for of its end only the sender hears. The latest first.
pub(super) async fn letters(
    mailbox: &mut Mailbox,
    place: Place,
    (side, us): (Side, Option<OfficeNumber>),
    now: Timestamp,
) -> Result<Vec<Letter>, Trouble> {
    let uids = mailbox.search(&query((side, us), now)).await?;
    let kept = mailbox.headers(uids.get(uids.len().saturating_sub(MOST)..).unwrap_or_default()).await?;
    let mut letters: Vec<Letter> = Vec::new();
    for letter in kept.iter().rev().filter_map(|kept| letter(place, side.report(), kept)) {
        if letters.iter().all(|later| later.evidence != letter.evidence) {
            letters.push(letter);
        }
    }
    Ok(letters)
}

/// A letter that nobody came lies with both offices: of what came to us only those are asked for that name us beside its sender, or who sends
/// much would not see them among the others.
fn query((side, us): (Side, Option<OfficeNumber>), now: Timestamp) -> String {
    let which = match (side, us) {
        (Side::Sent, _) => format!("SINCE {} ", first_day(now)),
        (Side::Inbox, Some(us)) => format!("CC \"{us}@\" "),
        (Side::Inbox, None) => String::new(),
    };
    format!("{which}FROM \"gateway@\" HEADER \"Message-ID\" \".{}.\"", side.report().code())
}

/// RFC 9051 §6.4.4: the dates of SINCE know no time zone, so a day more is asked for, and the letters say the rest.
fn first_day(now: Timestamp) -> String {
    let back = SignedDuration::from_hours(24 * (LOST_DAYS + 1));
    JAPAN.to_datetime(now.saturating_sub(back).unwrap_or(now)).strftime("%d-%b-%Y").to_string()
}

/// Profile §8.17: its Message-ID is the number of the evidence, the kind of the report and when it was due.
fn letter(place: Place, report: Report, kept: &Kept) -> Option<Letter> {
    let header = MessageParser::default().parse_headers(&kept.octets.0)?;
    let first = |list: Option<&mail_parser::Address<'_>>| list?.first()?.address()?.parse::<Address>().ok();
    let (evidence, rest) = header.message_id()?.split_once('.')?;
    let kind = rest.split_once('.')?.0.parse().ok().and_then(Report::from_code)?;
    if first(header.from())?.local != Local::Gateway || kind != report {
        return None;
    }
    Some(Letter {
        office: place.office,
        uid: kept.uid,
        evidence: evidence.parse().ok()?,
        from: first(header.to())?.office_number()?,
        to: first(header.cc()).and_then(|to| to.office_number()),
        at: kept.arrived,
        message_id: header.header_raw("In-Reply-To").and_then(message_id)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use fumibako_model::Private;

    use super::*;
    use crate::mailbox::Folder;
    use crate::testing::now;

    pub(crate) const EVIDENCE: &str = "EV512E0000000013";

    fn read(from: &str, report: &str, wanted: Report) -> Option<Letter> {
        let fields = format!(
            "From: {from}\r\nTo: 9970000011@plans.example\r\nCc: 9970000029@plans.example\r\nIn-Reply-To: <a@x.example>\r\n\
             Message-ID: <{EVIDENCE}.{report}.1700000000@plans.example>\r\n\r\n"
        );
        let octets = Private(fields.into_bytes());
        letter(Folder::Receipts.into(), wanted, &Kept { uid: 1, arrived: now(), size: 1, flags: Vec::new(), octets })
    }

    /// A letter about what 9970000011 sent.
    pub(crate) fn expired() -> Letter {
        read("gateway@plans.example", "3", Report::Expired).unwrap()
    }

    // Profile §8.17
    #[test]
    fn only_a_letter_of_the_gateway_says_so_and_only_of_what_is_asked() {
        assert_eq!(read("9970000029@plans.example", "3", Report::Expired), None);
        for other in ["0", "1", "2", "4", "x"] {
            assert_eq!(read("gateway@plans.example", other, Report::Expired), None, "{other}");
        }
        let told = expired();
        assert_eq!((&*told.message_id, told.evidence.to_string()), ("a@x.example", EVIDENCE.to_owned()));
        let told = read("gateway@plans.example", "2", Report::Uncollected).unwrap();
        assert_eq!((told.from.to_string(), told.to), ("9970000011".into(), "9970000029".parse().ok()));
        assert_eq!(first_day(now()), "20-Oct-2026");
        let asked = |side| query((side, "9970000029".parse().ok()), now());
        let gateways = "FROM \"gateway@\" HEADER \"Message-ID\"";
        assert_eq!(asked(Side::Sent), format!("SINCE 20-Oct-2026 {gateways} \".3.\""));
        assert_eq!(asked(Side::Inbox), format!("CC \"9970000029@\" {gateways} \".2.\""));
    }
}
