//! What the gateway tells the sender of a bundle: delivered, handed over, nobody came, too late (Profile §8.17). Each is a letter of
//! the gateway in the sender's `Receipts`: Japanese first, then English, then what machines read, with the evidence and its proof.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{Domain, Event, Fault, JAPAN, Promised, ProofFile, Reason, Recorded, Reminding, Report};
use fumibako_store::{Due, DueKey, Letter, Store, StoreError, Told};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::config::Config;
use crate::house::House;
use crate::proof;

mod about;
mod letter;
mod words;

use about::About;
pub(crate) use letter::signed;

/// Letters of base64 in a line (RFC 2045 §6.8).
const LINE: usize = 76;
/// Octets in a word of a subject, before they are encoded: with what stands around it a line has at most 76 (RFC 2047 §2).
const WORD: usize = 39;
/// What the gateway is called where mail programs show who wrote.
const NAME: &str = "文箱ゲートウェイ";
/// Letters that are written in one turn: between them heads are signed (Profile §8.13).
const AT_ONCE: usize = 20;

/// Profile §8.14: where other settings count than before, every bundle that waits is looked at by them.
pub(crate) async fn remind_by<S: Store>(
    store: &S,
    (promised, config): (&Promised, &Config),
    now: Timestamp,
) -> Result<(), StoreError> {
    let settings = format!("{promised:?} {:?}", config.reminders());
    let digest = digest(&SHA256, settings.as_bytes());
    let number = digest.as_ref().iter().take(8).fold(0, |number, octet| (number << 8) | i64::from(*octet));
    store.remind_by(number, now).await
}

/// How far the list of what is due was gone through.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// What was looked at last.
    after: Option<DueKey>,
    /// Why some could not be written in the last round through the list, and in this one: that is said once, as long as it is so.
    said: [BTreeSet<String>; 2],
}

impl Round {
    /// Says it if the last round did not.
    fn say<S: Store>(&mut self, house: &House<S>, error: StoreError) {
        let [last, this] = &mut self.said;
        if this.insert(error.to_string()) && !last.contains(&error.to_string()) {
            house.refusal_of(error);
        }
    }
}

/// Tells what is due by now, each once: so much of it, after what was looked at in the turn before. Says whether to go on at once. What
/// cannot be told yet stays on the list, and keeps nothing else waiting; a turn in which nothing could be told is the last for now, and the
/// next goes on behind it: while signatures wait nobody goes through a long list again and again (Profile §8.14).
pub(crate) async fn tell<S: Store>(house: &House<S>, round: &mut Round) -> Result<bool, StoreError> {
    let now = house.clock.now();
    let due = house.store.due(now, round.after.take(), AT_ONCE).await?;
    let promised = house.promised();
    let mut told = false;
    for due in &due {
        match one(house, (due, &promised), now).await {
            // One report that cannot be written keeps none of the others.
            Err(error @ (StoreError::Full(_) | StoreError::Failed(_) | StoreError::Refused(_))) => {
                round.say(house, error);
            }
            other => told |= other?,
        }
    }
    round.after = due.last().filter(|_| due.len() >= AT_ONCE).map(|due| due.key);
    if round.after.is_none() {
        let [_, this] = &mut round.said;
        round.said = [std::mem::take(this), BTreeSet::new()];
    }
    Ok(told && round.after.is_some())
}

/// It leaves the list, or moves on it; what cannot be proved yet stays. Says whether it did.
async fn one<S: Store>(
    house: &House<S>,
    (due, promised): (&Due, &Promised),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let evidence = &due.recorded.evidence;
    let ends = promised.end_of(due.day.0).unwrap_or(Timestamp::MAX);
    let reminds = due.key.report == Report::Uncollected;
    let look = || house.config.reminders().look((evidence.at, ends), (due.key.at, due.reminded, now), due.open);
    let (moment, again) = match if reminds { look() } else { Reminding::Over } {
        Reminding::Leave => return Ok(false),
        Reminding::Over => (None, None),
        // Of what the gateway alone saw handed over nothing is told, unless its recipient says that it does not open.
        Reminding::Look { tell, again } => (tell.filter(|_| due.waiting), again),
    };
    let tells = !reminds || moment.is_some();
    let wanted = match due.key.report {
        Report::Uncollected => due.wishes.notifies("DELAY"),
        Report::Expired => due.wishes.notifies("FAILURE"),
        Report::Delivered => due.wishes.notifies("SUCCESS"),
        Report::HandedOver => true,
    };
    // Profile §8.14: the recipient is told as well, whatever the sender wants to hear.
    let offices: Vec<_> = wanted.then_some(evidence.from).into_iter().chain(reminds.then_some(evidence.to)).collect();
    let letter = if !tells || offices.is_empty() {
        None
    } else {
        let life = house.store.prove_life(due.recorded.id).await?;
        let read = |entry: &str| serde_json::from_str::<Recorded>(entry).ok();
        let pieces: Vec<_> = life.iter().filter_map(|one| read(&one.entry)).collect();
        if !pieces.iter().any(|one| one.id == due.recorded.id) {
            return Ok(false);
        }
        let about = About::of(house, due).await?;
        let told = Telling { due, domain: &house.config.domain, about, pieces, ends, now };
        let octets = told.letter(&proof::bare(life), house).map_err(|why| StoreError::Failed(why.to_string()))?;
        let mut body = house.store.spool(now);
        body.write(&octets)?;
        Some(Letter { offices, message_id: told.message_id(), body })
    };
    let filed = letter.is_some();
    let new = house.store.told(Told { key: due.key, again, moment, letter }, now).await?;
    if filed && new {
        house.counts.reported(due.key.report);
        tracing::info!(evidence = %due.recorded.id, report = ?due.key.report, to = %evidence.from, "report.filed");
    }
    Ok(true)
}

/// One report, being written.
struct Telling<'t> {
    due: &'t Due,
    domain: &'t Domain,
    /// What people know the bundle by.
    about: About,
    /// All evidence about it that is signed for, the oldest first.
    pieces: Vec<Recorded>,
    /// When the content of the bundle goes.
    ends: Timestamp,
    now: Timestamp,
}

impl Telling<'_> {
    /// The same for the same report, whoever writes it; of reminders each has its own.
    fn message_id(&self) -> String {
        let (id, at) = (self.due.recorded.id, self.due.key.at.as_second());
        format!("{id}.{}.{at}@{}", self.due.key.report.code(), self.domain)
    }

    /// Why the recipient could not open it, as the recipient said (Profile §8.22): the last word counts, and a receipt more.
    fn fault(&self) -> Option<Fault> {
        let is_receipt =
            |one: &Recorded| one.evidence.event == Event::ContentHandover && one.evidence.receipt.is_some();
        if self.pieces.iter().any(is_receipt) {
            return None;
        }
        let said = self.pieces.iter().rev().find(|one| one.evidence.reason == Some(Reason::CheckFailed));
        said.map(|one| one.evidence.fault.unwrap_or(Fault::UnexpectedProcessingError))
    }

    /// The whole message, signed by the gateway. RFC 3834 §3.1.5: mail programs show it with the bundle it is about.
    fn letter<S: Store>(&self, proof: &ProofFile, house: &House<S>) -> Result<Vec<u8>, fumibako_signer::SignError> {
        let (domain, evidence) = (self.domain, &self.due.recorded.evidence);
        let (from, to, about) = (evidence.from, evidence.to, &evidence.message_id);
        let reminds = self.due.key.report == Report::Uncollected;
        let also = if reminds { format!("Cc: {to}@{domain}\r\n") } else { String::new() };
        let fields = format!(
            "{}To: {from}@{domain}\r\n{also}Date: {}\r\nMessage-ID: <{}>\r\n\
             In-Reply-To: <{about}>\r\nReferences: <{about}>\r\nSubject: {}\r\nAuto-Submitted: auto-replied\r\n",
            written_by(domain),
            date(self.now),
            self.message_id(),
            encoded_words(&self.subject())
        );
        let kind = format!("multipart/mixed; boundary=\"{}.all\"", self.due.recorded.id);
        signed(&fields, (&kind, &self.entity(proof)), &house.witness, self.now)
    }

    /// What people read, what machines read, which message it is about (RFC 6522); beside it the evidence.
    fn entity(&self, proof: &ProofFile) -> String {
        let id = self.due.recorded.id;
        let evidence = serde_json::to_string_pretty(proof).unwrap_or_default();
        // The parts are base64 or one line a field, and hold no line that begins with a hyphen.
        let text = format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            lines(&self.text())
        );
        let header = self.about.header(&self.due.recorded.evidence, self.domain);
        let header = format!("Content-Type: text/rfc822-headers\r\n\r\n{header}\r\n");
        let told = match self.for_machines() {
            None => format!("{text}--{id}.all\r\n{header}"),
            Some((kind, fields)) => format!(
                "Content-Type: multipart/report; report-type={kind}; boundary=\"{id}.report\"\r\n\r\n\
                 --{id}.report\r\n{text}--{id}.report\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n\
                 --{id}.report\r\n{header}--{id}.report--\r\n"
            ),
        };
        format!(
            "\r\n--{id}.all\r\n{told}--{id}.all\r\n\
             Content-Type: application/json; name=\"{id}.json\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{id}.json\"\r\n\r\n{}--{id}.all--\r\n",
            lines(&evidence)
        )
    }

    /// The part that programs read, and its kind. RFC 8098 §2.1: nobody gets a disposition notification that he did not ask for.
    fn for_machines(&self) -> Option<(&'static str, String)> {
        match self.due.key.report {
            Report::HandedOver => self.about.asks.then(|| ("disposition-notification", self.disposition())),
            Report::Delivered | Report::Uncollected | Report::Expired => Some(("delivery-status", self.status())),
        }
    }

    fn recipient(&self) -> String {
        let original = self.due.wishes.recipients.first().and_then(|recipient| recipient.original.as_deref());
        let original = original.map_or_else(String::new, |original| format!("Original-Recipient: {original}\r\n"));
        format!("{original}Final-Recipient: rfc822; {}@{}\r\n", self.due.recorded.evidence.to, self.domain)
    }

    /// RFC 3464 §2
    fn status(&self) -> String {
        let (action, status) = match self.due.key.report {
            Report::Uncollected => ("delayed", "4.4.7"),
            Report::Expired => ("failed", "5.4.7"),
            Report::Delivered | Report::HandedOver => ("delivered", "2.0.0"),
        };
        let envelope = self.due.wishes.envelope_id.as_deref();
        let envelope = envelope.map_or_else(String::new, |id| format!("Original-Envelope-Id: {id}\r\n"));
        let until =
            if action == "delayed" { format!("Will-Retry-Until: {}\r\n", date(self.ends)) } else { String::new() };
        format!(
            "Reporting-MTA: dns; {}\r\n{envelope}\r\n{}Action: {action}\r\nStatus: {status}\r\nLast-Attempt-Date: {}\r\n{until}",
            self.domain,
            self.recipient(),
            date(self.due.recorded.evidence.at)
        )
    }

    /// RFC 8098 §3.2: the gateway saw it go, and nobody is said to have read it.
    fn disposition(&self) -> String {
        format!(
            "Reporting-UA: {}; Fumibako\r\n{}Original-Message-ID: <{}>\r\n\
             Disposition: automatic-action/MDN-sent-automatically; dispatched\r\n",
            self.domain,
            self.recipient(),
            self.due.recorded.evidence.message_id
        )
    }
}

/// RFC 2047 §2, §5: a text as encoded words, one in a line, none of which cuts a character; the first line has its field's name.
pub(crate) fn encoded_words(text: &str) -> String {
    let mut words = vec![String::new()];
    for character in text.chars() {
        if let Some(last) = words.last_mut().filter(|last| last.len() + character.len_utf8() <= WORD) {
            last.push(character);
        } else {
            words.push(character.to_string());
        }
    }
    let words: Vec<_> = words.into_iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

/// The field that says who writes: in front of the address the name that mail programs show (RFC 5322 §3.4, RFC 2047 §5).
pub(crate) fn written_by(domain: &Domain) -> String {
    format!("From: {}\r\n <gateway@{domain}>\r\n", encoded_words(NAME))
}

/// RFC 5322 §3.3
pub(crate) fn date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_string(&at).unwrap_or_else(|_| at.to_string())
}

/// As people in Japan read it.
pub(crate) fn shown(at: Timestamp) -> String {
    JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A text in base64, in lines.
pub(crate) fn lines(text: &str) -> String {
    let letters = STANDARD.encode(text);
    let mut rows = String::with_capacity(letters.len() + letters.len() / LINE * 2 + 2);
    for row in letters.as_bytes().chunks(LINE) {
        rows.push_str(&String::from_utf8_lossy(row));
        rows.push_str("\r\n");
    }
    rows
}

#[cfg(test)]
mod tests {
    use fumibako_model::{RecipientWishes, Wishes};
    use fumibako_store::suite::{World, himawari, sakura, view};
    use jiff::SignedDuration;

    use super::*;
    use crate::house::fresh::house;
    use crate::witness;

    // Profile §8.14: a head may be signed after each turn.
    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_letters_are_written_in_a_turn_and_what_stays_keeps_none_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let world = World::with(&house.store).await;
        let asked = RecipientWishes { notify: Some("SUCCESS".into()), ..RecipientWishes::default() };
        // Their end is over and they were not expired, so that their reminders stay on the list.
        let then = house.clock.now() - SignedDuration::from_hours(24 * 92);
        for n in 0..=AT_ONCE {
            let bundle = world.bundle(&house.store, (himawari(), sakura()), &format!("{n}@x.example"), "one");
            let bundle = bundle.with_wishes(Wishes { recipients: vec![asked.clone()], ..Wishes::default() });
            house.store.deliver(bundle, then).await.unwrap();
        }
        witness::attest(&house).await.unwrap();
        let letters = async || view(&house.store, himawari(), "Receipts").await.entries.len();
        let (mut round, mut turns) = (Round::default(), 1);
        assert!(tell(&house, &mut round).await.unwrap(), "there is more");
        assert_eq!(letters().await, AT_ONCE);
        while tell(&house, &mut round).await.unwrap() {
            turns += 1;
        }
        assert_eq!((letters().await, turns), (AT_ONCE + 1, 2));
        let left = house.store.due(house.clock.now(), None, 3 * AT_ONCE).await.unwrap();
        assert!(left.len() == AT_ONCE + 1 && left.iter().all(|due| due.key.report == Report::Uncollected));
        house.store.close().await.unwrap();
    }

    // Profile §8.14: while heads are not signed a turn looks at so many, and is the last for now; nothing is looked at twice in a round.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_proved_yet_is_not_gone_through_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let world = World::with(&house.store).await;
        let asked = RecipientWishes { notify: Some("SUCCESS".into()), ..RecipientWishes::default() };
        for n in 0..=2 * AT_ONCE {
            let bundle = world.bundle(&house.store, (himawari(), sakura()), &format!("{n}@x.example"), "one");
            let bundle = bundle.with_wishes(Wishes { recipients: vec![asked.clone()], ..Wishes::default() });
            house.store.deliver(bundle, house.clock.now()).await.unwrap();
        }
        let letters = async || view(&house.store, himawari(), "Receipts").await.entries.len();
        let (mut round, mut looked_at) = (Round::default(), Vec::new());
        for _ in 0..4 {
            assert!(!tell(&house, &mut round).await.unwrap(), "nothing is signed, and nobody hurries");
            looked_at.push(round.after.map(|key| key.message));
        }
        assert_eq!((letters().await, looked_at[2]), (0, None), "the list has an end");
        assert!(looked_at[0].is_some() && looked_at[0] < looked_at[1] && looked_at[0] == looked_at[3], "{looked_at:?}");
        witness::attest(&house).await.unwrap();
        let mut round = Round::default();
        while tell(&house, &mut round).await.unwrap() {}
        assert_eq!(letters().await, 2 * AT_ONCE + 1);
        house.store.close().await.unwrap();
    }

    // RFC 2047 §2: a line that has an encoded word in it has at most 76 letters, an encoded word at most 75.
    #[test]
    fn no_line_of_a_subject_is_too_long_and_no_character_is_cut() {
        for text in ["", "a", "まだ取得されていません", &"題".repeat(100), &"aé題𠮷".repeat(30), &"a".repeat(200)]
        {
            let subject = format!("Subject: {}", encoded_words(text));
            let mut read = String::new();
            for line in subject.split("\r\n") {
                assert!(line.is_ascii() && line.len() <= 76, "{line}");
                let word = line.trim_start_matches("Subject:").strip_prefix(' ').unwrap();
                let word = word.strip_prefix("=?utf-8?B?").unwrap().strip_suffix("?=").unwrap();
                read += &String::from_utf8(STANDARD.decode(word).unwrap()).unwrap();
            }
            assert_eq!(read, text);
        }
    }
}
