//! What expired before anybody took it. Its copy in `Sent` is gone; the gateway's letter about it lies in `Receipts` (Profile §8.17), and
//! what it was this computer may know still, from when it was sent.

use fumibako_careplan::Lang;
use fumibako_model::{Address, EvidenceId, Local, OfficeNumber, Report, State, message_id};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser};

use super::Line;
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::outbox::Entry;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// So many of an office's are told, the latest; older ones are to be found by the letters themselves.
const MOST: usize = 200;

/// A letter that a bundle expired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whose list, where an agent looks.
    office: Option<OfficeNumber>,
    /// Who sent it.
    from: OfficeNumber,
    /// Whom it was for, where the letter had to be asked.
    to: Option<OfficeNumber>,
    /// When the letter came, or the bundle was written, where the letter had to be asked.
    at: Timestamp,
    message_id: String,
    evidence: EvidenceId,
}

/// Those of every office whose receipts are open to us.
pub(super) async fn read(
    mailbox: &mut Mailbox,
    settings: &Settings,
    (only, local): (Option<OfficeNumber>, &[Entry]),
) -> Result<Vec<Ended>, Trouble> {
    let mut all = Vec::new();
    for place in mailbox.places(&settings.party()?, Folder::Receipts).await? {
        if place.office.is_some() && only.is_some() && place.office != only {
            continue;
        }
        mailbox.select(place).await?;
        let code = Report::Expired.code();
        let uids = mailbox.search(&format!("FROM \"gateway@\" HEADER \"Message-ID\" \".{code}.\"")).await?;
        let kept = mailbox.headers(uids.get(uids.len().saturating_sub(MOST)..).unwrap_or_default()).await?;
        for one in kept {
            let Some(mut ended) = letter(place, &one) else { continue };
            if known(local, &ended).is_none()
                && let Some(whole) = mailbox.message(one.uid).await?
            {
                ended.ask(&whole);
            }
            all.push(ended);
        }
    }
    Ok(all)
}

/// Profile §8.17: its Message-ID is the number of the evidence, the kind of the report and when it was due.
fn letter(place: Place, kept: &Kept) -> Option<Ended> {
    let header = MessageParser::default().parse_headers(&kept.octets.0)?;
    let from = header.from()?.first()?.address()?.parse::<Address>().ok()?;
    let (evidence, rest) = header.message_id()?.split_once('.')?;
    let kind = rest.split_once('.')?.0.parse().ok().and_then(Report::from_code)?;
    if from.local != Local::Gateway || kind != Report::Expired {
        return None;
    }
    let about = header.header_raw("In-Reply-To").and_then(message_id)?;
    let sender = header.to()?.first()?.address()?.parse::<Address>().ok()?.office_number()?;
    Some(Ended {
        office: place.office,
        from: sender,
        to: None,
        at: kept.arrived,
        message_id: about,
        evidence: evidence.parse().ok()?,
    })
}

fn known<'e>(local: &'e [Entry], ended: &Ended) -> Option<&'e Entry> {
    let ours = |entry: &&Entry| entry.from().and_then(|from| from.office_number()) == Some(ended.from);
    local.iter().filter(ours).find(|entry| entry.bundle.is_some() && entry.message_id == ended.message_id)
}

impl Ended {
    /// RFC 6522 §4: the header of the bundle, as far as it is known, stands in the letter.
    fn ask(&mut self, letter: &Kept) {
        let message = MessageParser::default().parse(&letter.octets.0);
        let part = message
            .as_ref()
            .and_then(|message| message.parts.iter().find(|part| crate::receipt::is(part, "text", "rfc822-headers")));
        let header = part.and_then(|part| MessageParser::default().parse_headers(part.contents()));
        let to = |header: &Message<'_>| header.to()?.first()?.address()?.parse::<Address>().ok()?.office_number();
        self.to = header.as_ref().and_then(to);
    }

    /// Its line in the list.
    pub(super) fn line(self, local: &[Entry], lang: Lang) -> Line {
        let entry = known(local, &self);
        let to = entry.and_then(|entry| entry.to()?.office_number()).or(self.to);
        let ja =
            format!("取得されないまま消去。必要なら、相手に連絡してから送り直してください（証跡 {}）", self.evidence);
        let en = format!(
            "erased before it was fetched: if it is needed, tell the other side and send it again (evidence {})",
            self.evidence
        );
        Line {
            office: self.office,
            uid: None,
            at: entry.map_or(self.at, |entry| entry.composed),
            party: to.map_or_else(|| "?".to_owned(), |to| to.to_string()),
            by: entry.and_then(|entry| entry.agent.clone()),
            facts: entry.and_then(Entry::facts),
            message_id: self.message_id,
            state: super::state_name(State::Expired),
            word: State::Expired.word(),
            note: lang.pick(ja, en),
            until: None,
            fault: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use fumibako_model::Private;

    use super::*;
    use crate::outbox::Fate;
    use crate::testing::now;

    const EVIDENCE: &str = "EV512E0000000013";

    fn kept(header: &str, rest: &str) -> Kept {
        let octets = format!("{header}\r\n{rest}").into_bytes();
        Kept { uid: 1, arrived: now(), size: 1, flags: Vec::new(), octets: Private(octets) }
    }

    fn header(from: &str, code: &str) -> String {
        format!(
            "From: {from}\r\nTo: 9970000011@plans.example\r\nIn-Reply-To: <a@x.example>\r\n\
             Message-ID: <{EVIDENCE}.{code}.1700000000@plans.example>\r\n"
        )
    }

    fn read(header: &str) -> Option<Ended> {
        letter(Folder::Receipts.into(), &kept(header, ""))
    }

    // Profile §8.17
    #[test]
    fn only_a_letter_of_the_gateway_that_it_expired_says_so() {
        assert_eq!(read(&header("9970000029@plans.example", "3")), None);
        for other in ["0", "1", "2", "4", "x"] {
            assert_eq!(read(&header("gateway@plans.example", other)), None, "{other}");
        }
        let ended = read(&header("gateway@plans.example", "3")).unwrap();
        assert_eq!((&*ended.message_id, ended.evidence.to_string()), ("a@x.example", EVIDENCE.to_owned()));
    }

    #[test]
    fn what_it_was_this_computer_knows_if_it_was_sent_here_and_else_the_letter_whom_it_was_for() {
        let entry = |from: &str| Entry {
            message_id: "a@x.example".into(),
            from: format!("{from}@plans.example"),
            agent: None,
            to: "9970000029@plans.example".into(),
            composed: now(),
            bundle: Some("v=1; units=plan; month=202611; files=1; size=9".into()),
            fate: Fate::Waiting,
        };
        let mut ended = read(&header("gateway@plans.example", "3")).unwrap();
        let other = [entry("9970000037")];
        assert!(known(&other, &ended).is_none(), "another office's under the same name");
        let part = "From: 9970000011@plans.example\r\nTo: 9970000045@plans.example\r\n";
        let kind = header("gateway@plans.example", "3") + "Content-Type: text/rfc822-headers\r\n";
        ended.ask(&kept(&kind, part));
        let line = ended.line(&other, Lang::Ja);
        assert_eq!((&*line.party, line.facts, line.state, line.word), ("9970000045", None, "expired", "期限切れ"));
        let local = [entry("9970000011")];
        let line = read(&header("gateway@plans.example", "3")).unwrap().line(&local, Lang::Ja);
        let month = line.facts.as_ref().and_then(fumibako_model::BundleFacts::year_month);
        assert_eq!((&*line.party, month.as_deref()), ("9970000029", Some("2026-11")));
        assert!(line.note.contains("送り直してください") && line.note.contains(EVIDENCE), "{}", line.note);
    }
}
