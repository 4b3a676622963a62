//! Looking at the gateway: what arrived, how far what was sent came, and whether it answers at all. Nothing is marked as read,
//! saved or acknowledged by it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fumibako_careplan::Lang;
use fumibako_model::{BundleFacts, Fault, OfficeNumber, Refused, State};
use fumibako_web::part::Words;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::read::{Found, Known, read};
use super::aside;
use crate::bundle::Contents;
use crate::bundle::open::own;
use crate::lost::Went;
use crate::mailbox::{Folder, Mailbox};
use crate::nights::whole_days;
use crate::outbox::{self, Fate};
use crate::register::{Notice, Office};
use crate::settings::Settings;
use crate::terms::Terms;
use crate::trouble::{self, Trouble};
use crate::ui::paint;
use crate::ui::spot::Spot;
use crate::ui::state::{App, both, held};
use crate::wait;

/// Bodies read in one look, the newest first; what is left comes with the next.
const BODIES: usize = 200;

/// So many times longer is the pause between two looks while somebody listens.
const PATIENT: u32 = 15;
/// So far behind the gateway's clock ours may be.
const SKEW: SignedDuration = SignedDuration::from_hours(1);
/// So long after its end the gateway has deleted what nothing keeps.
const LINGERS: SignedDuration = SignedDuration::from_hours(48);
/// Rows kept of what the gateway deleted; the oldest go.
const GONE: usize = 1_000;

/// What is known of the gateway.
#[derive(Debug, Default)]
pub(in crate::ui) struct Mail {
    pub(in crate::ui) inbox: BTreeMap<Spot, Arrived>,
    pub(in crate::ui) sent: BTreeMap<Spot, Gone>,
    /// UIDVALIDITY of the folders that were looked at: their UIDs are theirs.
    pub(in crate::ui) validity: Validity,
    /// An agent's rights and an office's agents, as the gateway told last.
    pub(in crate::ui) mandates: super::rights::Held,
    /// What agents did for the office, as it was told last, and when.
    pub(in crate::ui) acts: Option<(Timestamp, Arc<fumibako_model::ToldActs>)>,
    /// None: nobody asked yet.
    pub(in crate::ui) link: Option<Result<(), Box<NoLink>>>,
    /// Offices as the directory tells them. Of one that is not there nobody could be asked.
    pub(in crate::ui) offices: HashMap<OfficeNumber, Office>,
    /// What agents are called, by their id; whoever acts for others is in no mandate of ours.
    pub(in crate::ui) agents: HashMap<String, String>,
    /// When the register was asked about them, known or not.
    pub(in crate::ui) asked_agents: HashMap<String, Timestamp>,
    /// The same of offices.
    pub(in crate::ui) asked_about: HashMap<OfficeNumber, Timestamp>,
    pub(in crate::ui) licence: Option<fumibako_model::LicenceView>,
    /// What the evidence said of what the gateway's letters name.
    pub(in crate::ui) asked_of_lost: crate::lost::Asked,
    /// Our user ID.
    pub(in crate::ui) ours: crate::ui::account::Ours,
    pub(in crate::ui) notices: Vec<Notice>,
    /// When licence and notices were asked for.
    pub(in crate::ui) asked: Option<Timestamp>,
    pub(in crate::ui) checked: Option<Timestamp>,
    /// When receipts that were refused were last looked through.
    pub(in crate::ui) settled: Option<Timestamp>,
    /// What it takes, and how long it keeps it.
    pub(in crate::ui) terms: Terms,
    /// Where files were saved last.
    pub(in crate::ui) folder: Option<PathBuf>,
}

/// Why the gateway cannot be used.
#[derive(Clone, Debug)]
pub(in crate::ui) struct NoLink {
    /// In both languages.
    pub(in crate::ui) words: (Words, Words),
    /// Is it the network? Then what is sent waits.
    pub(in crate::ui) network: bool,
}

/// UIDVALIDITY of folders: INBOX (true) or Sent, and whose (nobody: our own).
pub(in crate::ui) type Validity = BTreeMap<(bool, Option<OfficeNumber>), u32>;
/// What a page would show differently if it changed.
type Shape = (Vec<(Spot, bool, bool)>, Vec<(Spot, Way, bool)>);
/// How far what was sent came, and why it could not be opened there.
type Way = (Option<State>, Option<Fault>);

/// A message in INBOX.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Arrived {
    pub(in crate::ui) at: Timestamp,
    /// Until when the gateway keeps it.
    pub(in crate::ui) until: Option<Timestamp>,
    pub(in crate::ui) from: Option<OfficeNumber>,
    pub(in crate::ui) by: Option<String>,
    pub(in crate::ui) cover: fumibako_model::Private<String>,
    pub(in crate::ui) files: Vec<fumibako_model::Private<String>>,
    /// Was its receipt accepted?
    pub(in crate::ui) done: bool,
    /// Its files are saved; its receipt is not with the gateway.
    pub(in crate::ui) owed: Option<Owed>,
    /// Saved by an agent that may not return its receipt (Profile §9.13).
    pub(in crate::ui) withheld: bool,
    /// Did the gateway delete it at its time (RX-14)?
    pub(in crate::ui) gone: bool,
    /// Why it is not believed.
    pub(in crate::ui) wrong: Option<Box<Wrong>>,
    pub(in crate::ui) seal: Option<Seal>,
    pub(in crate::ui) message_id: String,
    /// Where its files were saved.
    pub(in crate::ui) folder: Option<PathBuf>,
}

/// A receipt that the gateway has not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Owed {
    /// Its Message-ID.
    pub(in crate::ui) receipt: String,
    /// Why it was refused, in both languages; none: it waits in the outbox.
    pub(in crate::ui) refused: Option<Box<(Words, Words)>>,
}

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Wrong {
    /// In both languages.
    pub(in crate::ui) words: (Words, Words),
    /// Was its sender told so (Profile §8.22)? None: nobody tried yet.
    pub(in crate::ui) told: Option<bool>,
    /// May it be believed by now, because a key or a list came since?
    pub(in crate::ui) again: bool,
}

/// Who signed a message.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Seal {
    pub(in crate::ui) subject: String,
    pub(in crate::ui) issuer: String,
    pub(in crate::ui) at: Option<Timestamp>,
    pub(in crate::ui) sealed: bool,
}

/// A message in Sent.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Gone {
    pub(in crate::ui) at: Timestamp,
    pub(in crate::ui) to: Option<OfficeNumber>,
    pub(in crate::ui) by: Option<String>,
    pub(in crate::ui) cover: fumibako_model::Private<String>,
    pub(in crate::ui) facts: Option<BundleFacts>,
    pub(in crate::ui) state: Option<State>,
    /// Why the other side could not open it.
    pub(in crate::ui) fault: Option<Fault>,
    pub(in crate::ui) message_id: String,
    /// Until when the gateway keeps it.
    pub(in crate::ui) until: Option<Timestamp>,
    pub(in crate::ui) content: Content,
}

/// Does the gateway still keep what was sent (TX-03)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ui) enum Content {
    #[default]
    There,
    /// It deleted it at its time; what became of it before is still to be asked.
    Gone,
    /// It deleted it, and nothing more is to be asked.
    Settled,
    /// It answered for it, and has no record of it any more (Profile §15.9).
    Missing,
}

impl Mail {
    /// Nobody was refused: the gateway let us in, or could not be asked.
    fn let_in(&self) -> bool {
        !matches!(&self.link, Some(Err(why)) if !why.network)
    }

    /// 未取得, and what the other side has not fetched.
    pub(in crate::ui) fn counts(&self) -> (usize, usize) {
        let open = |gone: &&Gone| gone.is_there() && gone.state.is_none_or(|state| state < State::HandedOver);
        (self.inbox.values().filter(|one| one.is_new()).count(), self.sent.values().filter(open).count())
    }
}

impl Wrong {
    /// As `fumibako fetch` says it, but for what only settings mend.
    pub(in crate::ui) fn new(why: &Refused) -> Self {
        let words = |lang| paint::words(&trouble::Words::distrusted_on_screen(why, lang));
        Self { words: (words(Lang::Ja), words(Lang::En)), told: None, again: why.why.row().retryable() }
    }
}

impl Arrived {
    /// 未
    pub(in crate::ui) fn is_new(&self) -> bool {
        !self.done && !self.gone && !self.withheld && self.owed.is_none() && self.wrong.is_none()
    }

    /// Was it deleted before anybody of this office saved it?
    pub(in crate::ui) fn is_lost(&self) -> bool {
        self.gone && !self.done && !self.withheld && self.owed.is_none()
    }

    /// The receipt that is owed, as the outbox knows it by now (RD-04). Did that change?
    fn settle(&mut self, entries: &[outbox::Entry]) -> bool {
        let Some(owed) = &mut self.owed else { return false };
        let Some(entry) = entries.iter().find(|entry| entry.message_id == owed.receipt) else { return false };
        match (&entry.fate, entry.refusal()) {
            (Fate::Posted { .. }, _) => (self.done, self.owed) = (true, None),
            (_, Some((refused, reference))) => {
                let words = Some(Box::new(both(&Trouble::Refused { refused, reference })));
                if owed.refused == words {
                    return false;
                }
                owed.refused = words;
            }
            _ => return false,
        }
        true
    }

    /// When the gateway deletes it, as it says.
    pub(in crate::ui) fn end(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whole days until the gateway deletes it, if it says when.
    pub(in crate::ui) fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.until.map(|until| whole_days(now, until))
    }
}

impl Gone {
    /// Whole days until the gateway deletes what nobody took so far, if it says when; of what is settled, or gone, nothing.
    pub(in crate::ui) fn days_left(&self, now: Timestamp) -> Option<i64> {
        let waits = self.fault.is_some() || self.state.is_none_or(|state| state < State::HandedOver);
        self.until.filter(|_| waits && self.is_there()).map(|until| whole_days(now, until))
    }

    /// What tells whether the same went once more.
    pub(in crate::ui) fn went(&self) -> Went<'_> {
        Went { at: self.at, to: self.to, facts: self.facts.as_ref() }
    }

    /// Does the gateway still keep our copy?
    pub(in crate::ui) fn is_there(&self) -> bool {
        self.content == Content::There
    }

    /// What the gateway deletes at its time stays in the list; further than this nothing comes by itself.
    fn leave(&mut self) {
        if self.is_there() {
            let ended = self.state.is_some_and(|state| state >= State::Retrieved);
            self.content = if ended { Content::Settled } else { Content::Gone };
        }
    }
}

/// Looks when there is news, at once when somebody asks, and now and then; and posts what waits.
pub(in crate::ui) async fn for_ever(app: Arc<App>) {
    loop {
        look(&app).await;
        if app.open_kept().unwrap_or_default() {
            tokio::spawn(super::post::batch(app.clone()));
        }
        super::post::what_waits(&app).await;
        super::ask::register(&app).await;
        let mut pause = std::pin::pin!(tokio::time::sleep(until_next(&app)));
        loop {
            tokio::select! {
                () = &mut pause => break,
                () = app.look.notified() => break,
                () = app.ask.notified() => super::ask::register(&app).await,
            }
        }
    }
}

/// Profile §15.9: while all there is is listened to, and where the gateway lets nobody in, a look has time.
fn until_next(app: &App) -> Duration {
    let heard = app.listening.load(Ordering::Relaxed) >= super::listen::ears(&app.settings).len();
    let refused = !held(&app.mail).let_in();
    Duration::from_secs(app.look_seconds.into()) * if heard || refused { PATIENT } else { 1 }
}

/// Looks once and tells the pages what changed. Returns how many new messages came.
pub(in crate::ui) async fn look(app: &Arc<App>) -> usize {
    super::super::account::ask(app).await;
    super::rights::ask(app).await;
    let (settings, known, now) = (app.settings.clone(), Known::of(&mut held(&app.mail)), (app.clock)());
    let looked = aside(move || wait(read(&settings, known, now))).await;
    let was_let_in = held(&app.mail).let_in();
    let (fresh, there) = take_in(app, looked);
    if there {
        super::unopened::tell_senders(app).await;
        super::owed::settle(app).await;
        super::ended::ask(app).await;
    } else if was_let_in && !held(&app.mail).let_in() {
        // Why it lets us in no more (a suspension, another password) is said at once, and not with the next look.
        super::super::account::ask(app).await;
    }
    fresh
}

/// How many messages are new, and whether the gateway is there.
fn take_in(app: &App, looked: Result<Found, Trouble>) -> (usize, bool) {
    let now = (app.clock)();
    let mut mail = held(&app.mail);
    let before = (mail.link.as_ref().map(Result::is_ok), mail.shape());
    let fresh = match looked {
        Ok(found) => {
            mail.link = Some(Ok(()));
            if found.terms != mail.terms {
                found.terms.remember(&app.settings.data_folder);
            }
            let fresh = mail.take(found, now);
            mail.checked = Some(now);
            // What ended while we looked is not shown.
            mail.forget(now);
            fresh
        }
        Err(trouble) => {
            let network = matches!(trouble, Trouble::Unreachable { .. });
            mail.link = Some(Err(Box::new(NoLink { words: both(&trouble), network })));
            0
        }
    };
    let after = (mail.link.as_ref().map(Result::is_ok), mail.shape());
    drop(mail);
    if before.0 != after.0 {
        app.tell("link");
    }
    if after.0 == Some(true) {
        app.online.notify_waiters();
    }
    // Also that nothing is new since: how old the lists are is said where the gateway does not answer.
    if after.0 == Some(true) {
        app.keep_mail();
    }
    if before.1 != after.1 {
        app.tell("inbox");
        app.tell("sent");
    }
    (fresh, after.0 == Some(true))
}

impl Mail {
    /// Takes in what was found; returns how many messages are new.
    fn take(&mut self, found: Found, now: Timestamp) -> usize {
        self.terms = found.terms;
        for (folder, validity) in &found.validity {
            let Some(before) = self.validity.insert(*folder, *validity).filter(|before| before != validity) else {
                continue;
            };
            tracing::info!(before, validity, "ui.folder-anew");
            match folder {
                (true, of) => self.inbox.retain(|spot, one| spot.of != *of || one.gone),
                (false, of) => self.sent.retain(|spot, one| spot.of != *of || !one.is_there()),
            }
        }
        let there: BTreeMap<Spot, bool> = found.inbox.into_iter().collect();
        let fresh = found.arrived.iter().filter(|(_, one)| one.is_new()).count();
        for (spot, mut one) in found.arrived {
            let before = self.inbox.get(&spot).and_then(|before| before.wrong.as_ref());
            if let (Some(wrong), Some(before)) = (&mut one.wrong, before)
                && wrong.words == before.words
            {
                wrong.told = before.told;
            }
            self.inbox.insert(spot, one);
        }
        for (uid, one) in &mut self.inbox {
            match there.get(uid) {
                Some(done) => {
                    one.done |= *done;
                    if one.done {
                        one.owed = None;
                    }
                }
                // RX-14: what went at its time stays; what went before it, or long after, was moved by hand, and stands elsewhere.
                None => one.gone |= is_over(one.end(), now) && !stayed(one.end(), self.checked, now),
            }
        }
        self.inbox.retain(|uid, one| there.contains_key(uid) || one.gone);
        forget_oldest(&mut self.inbox, |one| one.gone.then_some(one.at));
        self.take_sent(found.gone, &found.sent.into_iter().collect(), now);
        self.asked_of_lost = found.asked;
        found.lost.into_iter().for_each(|(side, one)| self.take_lost(side, one));
        self.take_missing(found.missing);
        fresh
    }

    /// The same of what was sent: its row outlives the gateway's copy (TX-03).
    fn take_sent(&mut self, fresh: Vec<(Spot, Gone)>, there: &BTreeMap<Spot, Way>, now: Timestamp) {
        self.sent.extend(fresh);
        for (uid, one) in &mut self.sent {
            match there.get(uid) {
                Some((state, fault)) => (one.state, one.fault) = (state.or(one.state), *fault),
                None if is_over(one.until, now) && !stayed(one.until, self.checked, now) => one.leave(),
                None => {}
            }
        }
        self.sent.retain(|uid, one| there.contains_key(uid) || !one.is_there());
        forget_oldest(&mut self.sent, |one| (!one.is_there()).then_some(one.at));
    }

    fn shape(&self) -> Shape {
        let inbox = self.inbox.iter().map(|(uid, one)| (*uid, one.done, one.gone)).collect();
        (inbox, self.sent.iter().map(|(uid, one)| (*uid, (one.state, one.fault), one.is_there())).collect())
    }
}

/// Receipts that waited have their end by now, or were refused: the rows say so (Profile §15.5).
pub(in crate::ui) fn settle_receipts(app: &App) {
    if held(&app.mail).inbox.values().all(|one| one.owed.is_none()) {
        return;
    }
    // What cannot be looked at is looked at later.
    let Ok(entries) = outbox::look(&app.settings.data_folder) else { return };
    let mut changed = false;
    held(&app.mail).inbox.values_mut().for_each(|one| changed |= one.settle(&entries));
    if changed {
        app.keep_mail();
        app.tell("inbox");
    }
}

/// Has the gateway deleted it at its time? Its clock and ours may differ.
fn is_over(end: Option<Timestamp>, now: Timestamp) -> bool {
    end.is_some_and(|end| end.duration_since(now) <= SKEW)
}

/// Was it there so long after its end, at the last look, that something keeps it (Profile §11.6)? The gateway deletes nothing then by itself.
/// A look by a clock that was ahead says nothing of it.
fn stayed(end: Option<Timestamp>, looked: Option<Timestamp>, now: Timestamp) -> bool {
    let looked = looked.filter(|looked| *looked <= now);
    end.zip(looked).is_some_and(|(end, looked)| looked.duration_since(end) >= LINGERS)
}

/// Keeps so many rows of what the gateway deleted: those for which it tells when they came.
fn forget_oldest<T>(rows: &mut BTreeMap<Spot, T>, gone: impl Fn(&T) -> Option<Timestamp>) {
    let mut all: Vec<(Timestamp, Spot)> = rows.iter().filter_map(|(spot, one)| Some((gone(one)?, *spot))).collect();
    let over = all.len().saturating_sub(GONE);
    all.sort_unstable();
    all.into_iter().take(over).for_each(|(_, spot)| drop(rows.remove(&spot)));
}

/// Our own copy of what was sent, opened: its message and files.
pub(in crate::ui) async fn own_copy(app: &App, spot: Spot) -> Result<Option<Contents>, Trouble> {
    let settings = app.settings.clone();
    aside(move || {
        wait(async {
            let mut mailbox = Mailbox::open(&settings).await?;
            mailbox.select(spot.place(Folder::Sent)).await?;
            let kept = mailbox.message(spot.uid).await?;
            mailbox.close().await;
            let keys = settings.reading_keys()?;
            Ok(kept.and_then(|kept| own(&kept.octets.0, &keys)))
        })
    })
    .await
}

/// What waits here or was refused, and is in no folder of the gateway.
pub(in crate::ui) fn here(settings: &Settings) -> Result<Vec<outbox::Entry>, Trouble> {
    let mut entries = outbox::look(&settings.data_folder)?;
    entries.retain(|entry| entry.bundle.is_some() && !matches!(entry.fate, Fate::Posted { .. }));
    Ok(entries)
}

mod lost;
mod read;
#[cfg(test)]
pub(in crate::ui) mod tests;
