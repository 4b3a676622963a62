//! What expired before anybody fetched it: how long people are told of it, and what ends that (HM-08). The gateway's letters in `Receipts`
//! name it (Profile §8.14, §8.17), its evidence says what became of it; `list` and the screens look alike.

mod letter;
mod life;
mod missing;

use std::collections::HashMap;

use fumibako_model::{BundleFacts, EvidenceId, Fault, OfficeNumber, Refusal, Report};
use jiff::{SignedDuration, Timestamp};

use crate::mailbox::{Folder, Mailbox};
use crate::nights::days;
use crate::outbox::{Entry, Fate};
use crate::proof::{self, About};
use crate::received::Received;
use crate::settings::Settings;
use crate::trouble::Trouble;

pub(crate) use letter::Letter;
use life::Life;
pub(crate) use missing::{Missing, There, missing};

/// So many questions about evidence in one look, fewer than the gateway answers in a minute; the others follow with the next.
const ASKED: usize = 50;
/// What did not end yet, or ended and may be acknowledged still, is asked about again after this.
const GOOD: SignedDuration = SignedDuration::from_hours(1);
/// Bundles of which is remembered what was asked; past it, all is asked anew.
const REMEMBERED: usize = 10_000;

/// It is told for so many days after its end.
pub(crate) const LOST_DAYS: i64 = 30;

/// Is what ended then still told of?
pub(crate) fn is_told(end: Timestamp, now: Timestamp) -> bool {
    (0..LOST_DAYS).contains(&days(end, now))
}

/// What was sent, as far as it tells whether the same data went once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Went<'a> {
    /// When.
    pub(crate) at: Timestamp,
    /// Whom it was for.
    pub(crate) to: Option<OfficeNumber>,
    /// What it says of itself.
    pub(crate) facts: Option<&'a BundleFacts>,
}

impl Went<'_> {
    /// Is this the same data once more: later, to the same office, of the same kinds, month, serial, number of files and size? A plan has no
    /// month, and of one month several bundles may go to one office: what has no serial to tell it by is nobody's repetition. Where that is
    /// in doubt it stays told, for a look too many costs less than somebody's plan.
    pub(crate) fn repeats(&self, earlier: &Went<'_>) -> bool {
        let same = self.facts.zip(earlier.facts).is_some_and(|(now, then)| now.serial.is_some() && now == then);
        self.at > earlier.at && self.to == earlier.to && same
    }
}

/// Did this computer post the same once more?
pub(crate) fn went_again(local: &[Entry], earlier: &Entry) -> bool {
    let facts = earlier.facts();
    let went = earlier.went(facts.as_ref());
    let from = |entry: &Entry| entry.from().and_then(|from| from.office_number());
    let posted = local.iter().filter(|entry| matches!(entry.fate, Fate::Posted { .. }) && from(entry) == from(earlier));
    posted.map(|entry| (entry, entry.facts())).any(|(entry, facts)| entry.went(facts.as_ref()).repeats(&went))
}

/// Whose loss it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What we sent.
    Sent,
    /// What came to us.
    Inbox,
}

impl Side {
    /// The letters that tell of it: of the end itself only the sender hears.
    fn report(self) -> Report {
        match self {
            Self::Sent => Report::Expired,
            Self::Inbox => Report::Uncollected,
        }
    }
}

/// A bundle that expired before anybody fetched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Whose folder, where an agent looks.
    pub(crate) office: Option<OfficeNumber>,
    /// A piece of evidence about it.
    pub(crate) evidence: EvidenceId,
    pub(crate) from: OfficeNumber,
    /// Unknown where nothing but the letter could be asked.
    pub(crate) to: Option<OfficeNumber>,
    /// Without angle brackets.
    pub(crate) message_id: String,
    /// When the gateway took it in; the letter, where that is unknown.
    pub(crate) at: Timestamp,
    /// When it was erased.
    pub(crate) ended: Timestamp,
    /// Why its recipient could not open it before.
    pub(crate) fault: Option<Fault>,
    /// Did its recipient acknowledge it all the same, afterwards? Then nobody needs a word more.
    pub(crate) late: bool,
    /// What it says of itself, where it was sent from this computer.
    pub(crate) bundle: Option<String>,
    /// The agent that sent it, likewise.
    pub(crate) agent: Option<String>,
}

impl Lost {
    /// What it says of itself.
    pub(crate) fn facts(&self) -> Option<BundleFacts> {
        self.bundle.as_ref()?.parse().ok()
    }
}

/// What was asked before, so that looks that follow each other ask little.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    lives: HashMap<EvidenceId, (Timestamp, Option<Life>)>,
    /// Until when, by a letter, the content is kept.
    ends: HashMap<(EvidenceId, u32), Option<Timestamp>>,
    /// By Message-ID: when it was asked, and whether the gateway had no record of it.
    records: HashMap<String, (Timestamp, bool)>,
    /// Questions in this look.
    questions: usize,
}

/// Where we look, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) settings: &'a Settings,
    /// Of this office only, for an agent.
    pub(crate) only: Option<OfficeNumber>,
    /// What was sent from this computer.
    pub(crate) local: &'a [Entry],
    pub(crate) now: Timestamp,
}

/// What the letters in the `Receipts` that are open to us tell, as far as they are `open`: what ended lately before anybody acknowledged it.
pub(crate) async fn look(
    mailbox: &mut Mailbox,
    at: At<'_>,
    side: Side,
    asked: &mut Asked,
    open: &dyn Fn(&Letter) -> bool,
) -> Result<Vec<Lost>, Trouble> {
    asked.begin();
    let mut lost = Vec::new();
    for place in mailbox.places(&at.settings.party()?, Folder::Receipts).await? {
        if place.office.is_some() && at.only.is_some() && place.office != at.only {
            continue;
        }
        match mailbox.select(place).await {
            // An agent's mandate ended meanwhile, or this folder is not for this person (Profile §19.1): the rest is told all the same.
            Err(Trouble::Refused { .. }) if place.office.is_some() => continue,
            Err(why) if why.refusal() == Some(Refusal::RoleForbids) => continue,
            selected => drop(selected?),
        }
        let us = place.office.or(at.settings.office);
        for letter in letter::letters(mailbox, place, (side, us), at.now).await? {
            // A letter that nobody came lies with both offices.
            let is_ours = side == Side::Sent || (letter.to.is_some() && letter.to == us);
            let saved = |letter: &Letter| {
                let received = Received::open(&at.settings.data_folder);
                us.zip(received.ok()).is_some_and(|(us, all)| all.has_saved(us, letter.from, &letter.message_id))
            };
            let end = match side {
                Side::Sent => Some(letter.at),
                Side::Inbox if is_ours && open(&letter) && !saved(&letter) => asked.end(mailbox, &letter).await?,
                Side::Inbox => None,
            };
            if is_ours && end.is_some_and(|end| is_told(end, at.now)) && open(&letter) {
                lost.extend(asked.lost(mailbox, at, side, letter).await?);
            }
        }
    }
    Ok(lost)
}

/// What was sent from this computer under this Message-ID.
pub(crate) fn known<'e>(local: &'e [Entry], from: OfficeNumber, message_id: &str) -> Option<&'e Entry> {
    let ours = |entry: &&Entry| entry.from().and_then(|from| from.office_number()) == Some(from);
    local.iter().filter(ours).find(|entry| entry.bundle.is_some() && entry.message_id == message_id)
}

impl Asked {
    fn begin(&mut self) {
        self.questions = 0;
        if self.lives.len().max(self.ends.len()).max(self.records.len()) > REMEMBERED {
            *self = Self::default();
        }
    }

    /// The end of which a letter tells that nobody came.
    async fn end(&mut self, mailbox: &mut Mailbox, letter: &Letter) -> Result<Option<Timestamp>, Trouble> {
        let key = (letter.evidence, letter.uid);
        if let Some(end) = self.ends.get(&key) {
            return Ok(*end);
        }
        let end = mailbox.message(letter.uid).await?.and_then(|whole| life::kept_until(&whole.octets.0));
        self.ends.insert(key, end);
        Ok(end)
    }

    /// A receipt that came all the same is asked of the evidence, not of what its header says it answers. Where that cannot be asked, what
    /// was sent stays told, by what the letter says; of what came, only evidence says that it is gone.
    async fn lost(
        &mut self,
        mailbox: &mut Mailbox,
        at: At<'_>,
        side: Side,
        letter: Letter,
    ) -> Result<Option<Lost>, Trouble> {
        let mut life = self.life(at, &letter).await;
        if life.is_none() && side == Side::Sent {
            let whole = mailbox.message(letter.uid).await?;
            life = whole.and_then(|whole| life::attached(&whole.octets.0)).as_ref().and_then(Life::of);
            self.lives.insert(letter.evidence, (at.now, life.clone()));
        }
        let ended = match (&life, side) {
            (Some(life), _) => life.ended,
            (None, Side::Sent) => Some(letter.at),
            (None, Side::Inbox) => None,
        };
        let entry = known(at.local, letter.from, &letter.message_id).filter(|_| side == Side::Sent);
        Ok(ended.map(|ended| Lost {
            bundle: entry.and_then(|entry| entry.bundle.clone()),
            agent: entry.and_then(|entry| entry.agent.clone()),
            office: letter.office,
            evidence: letter.evidence,
            from: letter.from,
            to: life.as_ref().map(|life| life.to).or(letter.to),
            message_id: letter.message_id,
            at: life.as_ref().map_or(letter.at, |life| life.accepted),
            ended,
            late: life.as_ref().is_some_and(|life| life.late),
            fault: life.and_then(|life| life.fault),
        }))
    }

    /// None: it cannot be asked now.
    async fn life(&mut self, At { settings, now, .. }: At<'_>, letter: &Letter) -> Option<Life> {
        let known = self.lives.get(&letter.evidence);
        let settled = |life: &Option<Life>| life.as_ref().is_some_and(Life::is_settled);
        let good = |then: Timestamp| (SignedDuration::ZERO..GOOD).contains(&now.duration_since(then));
        if let Some((_, life)) = known.filter(|(then, life)| good(*then) || settled(life)) {
            return life.clone();
        }
        if self.questions < ASKED {
            self.questions += 1;
            match proof::told(settings, &About::Piece(letter.evidence)).await {
                Ok(file) => {
                    let life = Life::of(&file);
                    self.lives.insert(letter.evidence, (now, life.clone()));
                    return life;
                }
                // Who does not answer is not asked fifty times.
                Err(why) => {
                    tracing::debug!(evidence = %letter.evidence, %why, "lost.unasked");
                    if matches!(why, Trouble::Unreachable { .. }) {
                        self.questions = ASKED;
                    }
                }
            }
        }
        self.lives.get(&letter.evidence).and_then(|(_, life)| life.clone())
    }
}

#[cfg(test)]
pub(crate) use life::tests::file as evidence_of;

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::now;

    // HM-08
    #[test]
    fn only_the_same_data_is_the_same_sent_again() {
        let facts = |text: &str| text.parse::<BundleFacts>().ok();
        let (plan, to) = ("v=1; units=plan; serial=20261105101010; files=3; size=900", "9970000029");
        let sent = |days: i64, to: &str, text: &str, earlier: &str| {
            let (now_facts, then_facts) = (facts(text), facts(earlier));
            let at = now() + SignedDuration::from_hours(24 * days);
            let went = Went { at, to: to.parse().ok(), facts: now_facts.as_ref() };
            went.repeats(&Went { at: now(), to: "9970000029".parse().ok(), facts: then_facts.as_ref() })
        };
        assert!(sent(1, to, plan, plan));
        assert!(!sent(-1, to, plan, plan), "before");
        assert!(!sent(1, "9970000037", plan, plan), "to another");
        for other in [
            "v=1; units=use-table; serial=20261105101010; files=3; size=900",
            "v=1; units=plan; month=202611; serial=20261105101010; files=3; size=900",
            "v=1; units=plan; serial=20261106101010; files=3; size=900",
            "v=1; units=plan; serial=20261105101010; files=2; size=900",
            "v=1; units=plan; serial=20261105101010; files=3; size=901",
        ] {
            assert!(!sent(1, to, other, plan), "{other}");
        }
        let without = "v=1; units=plan; files=3; size=900";
        assert!(!sent(1, to, without, without), "nothing tells whether it is that plan or another");
        assert!(!sent(1, to, "", ""), "nothing is known of either");
    }
}
