//! What became of a bundle, as the gateway's evidence says: it stands in the log, and in the letters about the bundle.

use fumibako_model::{Event, EvidenceId, Fault, LogEntry, OfficeNumber, ProofFile, Reason};
use jiff::Timestamp;
use mail_parser::{DateTime, Message, MessageParser, MessagePart};

use crate::receipt::is;

/// How it went with one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// The first piece about it.
    pub(crate) first: EvidenceId,
    pub(crate) from: OfficeNumber,
    pub(crate) to: OfficeNumber,
    /// When the gateway took it in.
    pub(crate) accepted: Timestamp,
    /// Did its receipt come in time?
    pub(crate) acknowledged: bool,
    /// When it was erased before its recipient acknowledged it.
    pub(crate) ended: Option<Timestamp>,
    /// Did its receipt come after that (Profile §8.11)?
    pub(crate) late: bool,
    /// Why its recipient could not open it (Profile §8.22); the last word counts.
    pub(crate) fault: Option<Fault>,
}

impl Life {
    /// None: the file has no evidence about a bundle.
    pub(crate) fn of(file: &ProofFile) -> Option<Self> {
        let mut life: Option<Self> = None;
        for one in &file.entries {
            let Ok(LogEntry::Bundle(one)) = one.entry.parse() else { continue };
            let told = &one.evidence;
            let life = life.get_or_insert(Self {
                first: one.id,
                from: told.from,
                to: told.to,
                accepted: told.at,
                acknowledged: false,
                ended: None,
                late: false,
                fault: None,
            });
            match (told.event, told.reason) {
                (Event::ContentHandoverFailure, Some(Reason::CheckFailed)) => {
                    life.fault = Some(told.fault.unwrap_or(Fault::UnexpectedProcessingError));
                }
                (Event::ContentHandoverFailure, _) => life.ended = Some(told.at),
                (Event::ContentHandover, Some(Reason::AfterExpiry)) => life.late = true,
                (Event::ContentHandover, None) => life.acknowledged = true,
                (Event::ContentHandover | Event::SubmissionAcceptance | Event::ContentConsignment, _) => {}
            }
        }
        life
    }

    /// Does nothing more come?
    pub(crate) fn is_settled(&self) -> bool {
        self.acknowledged || self.late
    }
}

/// The evidence that is attached to a letter: what was known when it was written.
pub(crate) fn attached(letter: &[u8]) -> Option<ProofFile> {
    let message = MessageParser::default().parse(letter)?;
    serde_json::from_slice(part(&message, ("application", "json"))?.contents()).ok()
}

/// Until when, by a letter that nobody came, the content is kept (RFC 3464 §2.3.9).
pub(crate) fn kept_until(letter: &[u8]) -> Option<Timestamp> {
    let message = MessageParser::default().parse(letter)?;
    let fields = std::str::from_utf8(part(&message, ("message", "delivery-status"))?.contents()).ok()?;
    let (_, until) = fields
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("Will-Retry-Until"))?;
    let date = DateTime::parse_rfc822(until.trim()).filter(DateTime::is_valid)?;
    Timestamp::from_second(date.to_timestamp()).ok()
}

fn part<'m, 'x>(message: &'m Message<'x>, (kind, sub): (&str, &str)) -> Option<&'m MessagePart<'x>> {
    message.parts.iter().find(|part| is(part, kind, sub))
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use fumibako_model::Proven;

    use super::*;

    /// The evidence of a bundle, of which this happened after it was delivered.
    pub(crate) fn file(happened: &[(&str, &str)]) -> ProofFile {
        let piece = |n: usize, event: &str, rest: &str| {
            let entry = format!(
                r#"{{"v":1,"id":"EV512E00000000{n:02}","n":{n},"event":"{event}","at":"2026-11-{:02}T00:00:00Z","message_id":"a@x.example","from":"9970000011","to":"9970000029"{rest}}}"#,
                n + 1
            );
            Proven { entry, path: Vec::new() }
        };
        let begun = [("SubmissionAcceptance", ""), ("ContentConsignment", "")];
        let all = begun.iter().chain(happened).enumerate();
        ProofFile { entries: all.map(|(n, (event, rest))| piece(n, event, rest)).collect(), ..ProofFile::default() }
    }

    const EXPIRED: (&str, &str) = ("ContentHandoverFailure", r#","reason":"expired""#);
    const FAILED: (&str, &str) = ("ContentHandoverFailure", r#","reason":"check-failed","fault":"decryption-failed""#);
    const LATE: (&str, &str) = ("ContentHandover", r#","reason":"after-expiry""#);

    // Profile §8.9, §8.11, §8.22
    #[test]
    fn evidence_says_whether_it_was_lost_and_whether_it_had_been_collected() {
        let life = |happened: &[_]| Life::of(&file(happened)).unwrap();
        let day = |day: u32| format!("2026-11-{day:02}T00:00:00Z").parse::<Timestamp>().ok();
        let waits = life(&[]);
        assert_eq!((waits.ended, waits.fault, waits.to.to_string()), (None, None, "9970000029".into()));
        assert_eq!((Some(waits.accepted), waits.first.to_string()), (day(1), "EV512E0000000000".into()));
        assert_eq!((life(&[EXPIRED]).ended, life(&[EXPIRED]).late), (day(3), false));
        let had = life(&[("ContentHandover", "")]);
        assert_eq!((had.ended, had.is_settled(), life(&[EXPIRED]).is_settled()), (None, true, false));
        let late = life(&[EXPIRED, LATE]);
        assert_eq!((late.late, late.is_settled()), (true, true), "a receipt came all the same");
        let seen = life(&[("ContentHandover", r#","reason":"seen-by-the-gateway""#)]);
        assert!(!seen.is_settled(), "the recipient may say that it does not open");
        let failed = life(&[FAILED, EXPIRED]);
        assert_eq!((failed.ended, failed.fault), (day(4), Some(Fault::DecryptionFailed)));
        assert_eq!(Life::of(&ProofFile::default()), None);
    }

    // Profile §8.17
    #[test]
    fn a_letter_has_the_evidence_and_the_end() {
        let json = serde_json::to_string(&file(&[EXPIRED])).unwrap();
        let letter = format!(
            "From: gateway@plans.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n\
             --r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; plans.example\r\n\r\n\
             Action: delayed\r\nWill-Retry-Until: Thu, 25 Feb 2027 00:00:00 +0000\r\n\r\n--r--\r\n\
             --b\r\nContent-Type: application/json; name=a.json\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            STANDARD.encode(json)
        );
        assert_eq!(attached(letter.as_bytes()).as_ref().and_then(Life::of), Life::of(&file(&[EXPIRED])));
        assert_eq!(kept_until(letter.as_bytes()), "2027-02-25T00:00:00Z".parse().ok());
        let other = letter.replace("Will-Retry-Until", "Last-Attempt-Date").replace("application/json", "text/csv");
        assert_eq!((attached(other.as_bytes()), kept_until(other.as_bytes())), (None, None));
    }
}
