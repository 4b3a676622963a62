//! What expired before anybody took it. Its copy in `Sent` is gone; the gateway's letter about it lies in `Receipts` (Profile §8.17), and
//! what it was this computer may know still, from when it was sent.

use fumibako_careplan::Lang;
use fumibako_model::{Address, EvidenceId, JAPAN, Local, OfficeNumber, Report, State, message_id};
use jiff::{SignedDuration, Timestamp};
use mail_parser::{Message, MessageParser};

use super::Line;
use crate::bundle::open::announced_in;
use crate::lost::{LOST_DAYS, Went, is_told};
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::outbox::{Entry, Fate};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// So many of an office's are told, the latest.
const MOST: usize = 200;

/// By what is known now, some of what expired needs no more word.
pub(super) struct Since<'a> {
    /// What this computer sent.
    pub(super) local: &'a [Entry],
    /// What lies in `Sent`.
    pub(super) sent: &'a [(Option<OfficeNumber>, Kept)],
    pub(super) now: Timestamp,
}

/// A letter that a bundle expired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whose list, where an agent looks.
    office: Option<OfficeNumber>,
    /// The letter's number in `Receipts`.
    uid: u32,
    /// Who sent it.
    from: OfficeNumber,
    /// Whom it was for, where the letter had to be asked.
    to: Option<OfficeNumber>,
    /// When the letter came, or the bundle was written, where the letter had to be asked.
    at: Timestamp,
    message_id: String,
    evidence: EvidenceId,
}

/// Those of every office whose receipts are open to us: what ended lately, nobody acknowledged all the same, and was not sent again.
pub(super) async fn read(
    mailbox: &mut Mailbox,
    settings: &Settings,
    only: Option<OfficeNumber>,
    since: &Since<'_>,
) -> Result<Vec<Ended>, Trouble> {
    let mut all = Vec::new();
    for place in mailbox.places(&settings.party()?, Folder::Receipts).await? {
        if place.office.is_some() && only.is_some() && place.office != only {
            continue;
        }
        mailbox.select(place).await?;
        let code = Report::Expired.code();
        let query = format!("SINCE {} FROM \"gateway@\" HEADER \"Message-ID\" \".{code}.\"", since.first_day());
        let uids = mailbox.search(&query).await?;
        let kept = mailbox.headers(uids.get(uids.len().saturating_sub(MOST)..).unwrap_or_default()).await?;
        let mut open: Vec<Ended> = kept.iter().filter_map(|one| letter(place, one)).collect();
        open.retain(|ended| since.tells(ended));
        let Some(first) = open.first().map(|ended| ended.uid) else { continue };
        let receipts = mailbox.search(&format!("UID {first}:* NOT FROM \"gateway@\"")).await?;
        let receipts: Vec<_> = mailbox.headers(&receipts).await?.iter().filter_map(Answer::of).collect();
        open.retain(|ended| !receipts.iter().any(|one| one.acknowledges(ended, since.local)));
        for mut ended in open {
            if known(since.local, &ended).is_none()
                && let Some(whole) = mailbox.message(ended.uid).await?
            {
                ended.ask(&whole);
            }
            all.push(ended);
        }
    }
    Ok(all)
}

impl Since<'_> {
    /// RFC 9051 §6.4.4: the dates of SINCE know no time zone, so a day more is asked for, and the letters say the rest.
    fn first_day(&self) -> String {
        let back = SignedDuration::from_hours(24 * (LOST_DAYS + 1));
        JAPAN.to_datetime(self.now.saturating_sub(back).unwrap_or(self.now)).strftime("%d-%b-%Y").to_string()
    }

    /// As ホーム does: for some days, until the same was sent once more. Of what nobody knows here, nobody can say that it was.
    fn tells(&self, ended: &Ended) -> bool {
        let again = || {
            let Some(entry) = known(self.local, ended) else { return false };
            let facts = entry.facts();
            let went = Went { at: entry.composed, to: office_of(entry.to()), facts: facts.as_ref() };
            facts.is_some() && (self.here(ended, &went) || self.there(ended, &went))
        };
        is_told(ended.at, self.now) && !again()
    }

    fn here(&self, ended: &Ended, went: &Went<'_>) -> bool {
        let posted = self.local.iter().filter(|entry| matches!(entry.fate, Fate::Posted { .. }));
        posted.filter(|entry| office_of(entry.from()) == Some(ended.from)).any(|entry| {
            Went { at: entry.composed, to: office_of(entry.to()), facts: entry.facts().as_ref() }.repeats(went)
        })
    }

    /// Another computer of the office may have sent it.
    fn there(&self, ended: &Ended, went: &Went<'_>) -> bool {
        self.sent.iter().filter(|(office, _)| *office == ended.office).any(|(_, kept)| {
            let Some(header) = MessageParser::default().parse_headers(&kept.octets.0) else { return false };
            let to = header.to().and_then(|list| list.first()?.address()?.parse().ok());
            let facts = announced_in(&header);
            let other = Went { at: kept.arrived, to: office_of(to), facts: facts.as_ref() };
            // Its own copy, where the gateway holds it still, came after it was composed.
            header.message_id() != Some(&*ended.message_id) && other.repeats(went)
        })
    }
}

fn office_of(address: Option<Address>) -> Option<OfficeNumber> {
    address?.office_number()
}

/// What an office said of a bundle.
struct Answer {
    uid: u32,
    from: OfficeNumber,
    about: String,
}

impl Answer {
    fn of(kept: &Kept) -> Option<Self> {
        let header = MessageParser::default().parse_headers(&kept.octets.0)?;
        let from = header.from()?.first()?.address()?.parse::<Address>().ok()?.office_number()?;
        Some(Self { uid: kept.uid, from, about: header.header_raw("In-Reply-To").and_then(message_id)? })
    }

    /// Profile §8.11, §8.22: of what expired the gateway takes receipts, and no word that it does not open. What came before the end was
    /// such a word.
    fn acknowledges(&self, ended: &Ended, local: &[Entry]) -> bool {
        let by = known(local, ended).and_then(|entry| office_of(entry.to()));
        let theirs = by.map_or(self.from != ended.from, |by| self.from == by);
        theirs && self.uid > ended.uid && self.about == ended.message_id
    }
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
        uid: kept.uid,
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
    use crate::testing::now;

    const EVIDENCE: &str = "EV512E0000000013";
    const SENT: &str = "v=1; units=plan; month=202611; serial=20261105101010; files=1; size=9";

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

    fn entry(from: &str) -> Entry {
        Entry {
            message_id: "a@x.example".into(),
            from: format!("{from}@plans.example"),
            agent: None,
            to: "9970000029@plans.example".into(),
            composed: now(),
            bundle: Some(SENT.into()),
            fate: Fate::Waiting,
        }
    }

    // HM-08
    #[test]
    fn it_is_told_for_thirty_days_and_not_once_the_same_was_sent_again() {
        let ended = read(&header("gateway@plans.example", "3")).unwrap();
        let later = |days: i64| now() + SignedDuration::from_hours(24 * days);
        let tells = |local: &[Entry], sent: &[(Option<OfficeNumber>, Kept)], days| {
            Since { local, sent, now: later(days) }.tells(&ended)
        };
        assert_eq!([0, 29, 30].map(|days| tells(&[], &[], days)), [true, true, false]);
        assert_eq!(Since { local: &[], sent: &[], now: now() }.first_day(), "20-Oct-2026");

        let posted = Fate::Posted { evidence: EVIDENCE.into(), at: later(2) };
        let again = |from: &str, bundle: &str, fate: &Fate| Entry {
            message_id: "b@x.example".into(),
            composed: later(1),
            bundle: Some(bundle.into()),
            fate: fate.clone(),
            ..entry(from)
        };
        let (us, same) = ("9970000011", SENT);
        let with = |other: Entry| tells(&[entry(us), other], &[], 3);
        assert!(!with(again(us, same, &posted)));
        assert!(with(again(us, same, &Fate::Waiting)), "not sent yet");
        assert!(with(again("9970000037", same, &posted)), "another office's");
        let other = "v=1; units=plan; month=202611; serial=20261106101010; files=2; size=20";
        assert!(with(again(us, other, &posted)), "another person's plan of that month");

        let fields = |id: &str| {
            format!(
                "From: {us}@plans.example\r\nTo: 9970000029@plans.example\r\nMessage-ID: <{id}>\r\nFumibako-Bundle: {same}\r\n"
            )
        };
        let there = |id: &str, office| [(office, Kept { arrived: later(1), ..kept(&fields(id), "") })];
        assert!(!tells(&[entry(us)], &there("c@y.example", None), 3), "from another computer");
        assert!(tells(&[entry(us)], &there("a@x.example", None), 3), "itself, which is held");
        assert!(tells(&[entry(us)], &there("c@y.example", us.parse().ok()), 3), "another office's folder");
    }

    // Profile §8.11
    #[test]
    fn a_receipt_that_came_after_the_end_says_that_it_is_there() {
        let ended = Ended { uid: 5, ..read(&header("gateway@plans.example", "3")).unwrap() };
        let answers = |uid, from: &str, about: &str, local: &[Entry]| {
            let fields = format!("From: {from}@plans.example\r\nIn-Reply-To: <{about}>\r\n");
            Answer::of(&Kept { uid, ..kept(&fields, "") }).unwrap().acknowledges(&ended, local)
        };
        let (them, local) = ("9970000029", [entry("9970000011")]);
        assert!(answers(6, them, "a@x.example", &local) && answers(6, them, "a@x.example", &[]));
        assert!(!answers(4, them, "a@x.example", &local), "that it does not open, before the end");
        assert!(!answers(6, them, "b@x.example", &local), "another bundle's");
        assert!(!answers(6, "9970000045", "a@x.example", &local), "another office's");
        assert!(!answers(6, "9970000011", "a@x.example", &[]), "our own");
    }

    #[test]
    fn what_it_was_this_computer_knows_if_it_was_sent_here_and_else_the_letter_whom_it_was_for() {
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
