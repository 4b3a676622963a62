//! Looking at the gateway: what arrived, how far what was sent came, and whether it answers at all. Nothing is marked as read,
//! saved or acknowledged by it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fumibako_model::{Address, BUNDLE_FIELD, BundleFacts, Fault, OfficeNumber, Refusal, State};
use fumibako_web::part::Words;
use jiff::Timestamp;
use mail_parser::MessageParser;

use super::aside;
use crate::bundle::open::{agent_of, own};
use crate::bundle::{Contents, Reader, open};
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::outbox::{self, Fate};
use crate::received::Received;
use crate::register::{Notice, Office};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::spot::Spot;
use crate::ui::state::{App, both, held};
use crate::wait;

/// Bodies read in one look, the newest first; what is left comes with the next.
const BODIES: usize = 200;

/// The folders that are listened to.
pub(in crate::ui) const FOLDERS: [Folder; 2] = [Folder::Inbox, Folder::Sent];
/// So many times longer is the pause between two looks while somebody listens.
const PATIENT: u32 = 15;
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
    /// None: nobody asked yet.
    pub(in crate::ui) link: Option<Result<(), Box<NoLink>>>,
    /// Offices as the directory tells them. Of one that is not there nobody could be asked.
    pub(in crate::ui) offices: HashMap<OfficeNumber, Office>,
    /// When the register was asked about them, known or not.
    pub(in crate::ui) asked_about: HashMap<OfficeNumber, Timestamp>,
    pub(in crate::ui) licence: Option<fumibako_model::LicenceView>,
    /// Our user ID.
    pub(in crate::ui) ours: crate::ui::account::Ours,
    pub(in crate::ui) notices: Vec<Notice>,
    /// When licence and notices were asked for.
    pub(in crate::ui) asked: Option<Timestamp>,
    pub(in crate::ui) checked: Option<Timestamp>,
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
type Shape = (Vec<(Spot, bool, bool)>, Vec<(Spot, Way)>);
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
    /// Saved by an agent that may not return its receipt (Profile §9.13).
    pub(in crate::ui) withheld: bool,
    /// Did the gateway delete it at its time (RX-14)?
    pub(in crate::ui) gone: bool,
    /// Why it is not believed.
    pub(in crate::ui) wrong: Option<Box<(Words, Words)>>,
    pub(in crate::ui) seal: Option<Seal>,
    pub(in crate::ui) message_id: String,
    /// Where its files were saved.
    pub(in crate::ui) folder: Option<PathBuf>,
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
}

impl Mail {
    /// 未取得, and what the other side has not fetched.
    pub(in crate::ui) fn counts(&self) -> (usize, usize) {
        let open = |gone: &&Gone| gone.state.is_none_or(|state| state < State::HandedOver);
        (self.inbox.values().filter(|one| one.is_new()).count(), self.sent.values().filter(open).count())
    }
}

impl Arrived {
    /// 未
    pub(in crate::ui) fn is_new(&self) -> bool {
        !self.done && !self.gone && !self.withheld && self.wrong.is_none()
    }

    /// When the gateway deletes it, as it says.
    pub(in crate::ui) fn end(&self) -> Option<Timestamp> {
        self.until
    }

    /// Days until the gateway deletes it, if it says when.
    pub(in crate::ui) fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.until.map(|until| crate::nights::days(now, until))
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

/// Profile §15.9: while both folders are listened to, and where the gateway lets nobody in, a look has time.
fn until_next(app: &App) -> Duration {
    let heard = app.listening.load(Ordering::Relaxed) >= FOLDERS.len();
    let refused = matches!(&held(&app.mail).link, Some(Err(why)) if !why.network);
    Duration::from_secs(app.look_seconds.into()) * if heard || refused { PATIENT } else { 1 }
}

/// Looks once and tells the pages what changed. Returns how many new messages came.
pub(in crate::ui) async fn look(app: &Arc<App>) -> usize {
    super::super::account::ask(app).await;
    super::rights::ask(app).await;
    let (settings, known) = (app.settings.clone(), Known::of(&held(&app.mail)));
    let looked = aside(move || wait(read(&settings, &known))).await;
    let now = (app.clock)();
    let mut mail = held(&app.mail);
    let before = (mail.link.as_ref().map(Result::is_ok), mail.shape());
    let fresh = match looked {
        Ok(found) => {
            mail.link = Some(Ok(()));
            mail.checked = Some(now);
            let fresh = mail.take(found, now);
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
    fresh
}

/// What need not be read again.
#[derive(Debug)]
struct Known {
    validity: Validity,
    inbox: BTreeSet<Spot>,
    sent: BTreeSet<Spot>,
}

impl Known {
    fn of(mail: &Mail) -> Self {
        let there = mail.inbox.iter().filter(|(_, one)| !one.gone).map(|(uid, _)| *uid);
        Self { validity: mail.validity.clone(), inbox: there.collect(), sent: mail.sent.keys().copied().collect() }
    }
}

/// What one look found: everything there is, with the parts that were not known before.
#[derive(Default)]
struct Found {
    validity: Validity,
    inbox: Vec<(Spot, bool)>,
    sent: Vec<(Spot, Way)>,
    arrived: Vec<(Spot, Arrived)>,
    gone: Vec<(Spot, Gone)>,
}

async fn read(settings: &Settings, known: &Known) -> Result<Found, Trouble> {
    let (mut mailbox, party) = (Mailbox::open(settings).await?, settings.party()?);
    let mut found = Found::default();
    for folder in [Folder::Inbox, Folder::Sent] {
        for place in mailbox.places(&party, folder).await? {
            let read = match folder {
                Folder::Inbox => found.inbox_of(place, settings, known, &mut mailbox).await,
                _ => found.sent_of(place, settings, known, &mut mailbox).await,
            };
            match read {
                // An agent's mandate ended meanwhile; the other offices go on.
                Err(Trouble::Refused { .. }) if place.office.is_some() => {}
                // This folder is not for this person (Profile §19.1).
                Err(why) if why.refusal() == Some(Refusal::RoleForbids) => {}
                read => read?,
            }
        }
    }
    mailbox.close().await;
    Ok(found)
}

impl Found {
    /// Opens a folder and lists what is in it, the oldest first. True: its UIDs name what they named before.
    async fn opened(
        &mut self,
        mailbox: &mut Mailbox,
        place: Place,
        known: &Known,
    ) -> Result<(bool, Vec<Kept>), Trouble> {
        let folder = (place.folder == Folder::Inbox, place.office);
        let validity = mailbox.select(place).await?;
        self.validity.extend(validity.map(|validity| (folder, validity)));
        let uids = mailbox.search("ALL").await?;
        Ok((validity == known.validity.get(&folder).copied(), mailbox.headers(&uids).await?))
    }

    async fn inbox_of(
        &mut self,
        place: Place,
        settings: &Settings,
        known: &Known,
        mailbox: &mut Mailbox,
    ) -> Result<(), Trouble> {
        let (same, headers) = self.opened(mailbox, place, known).await?;
        self.inbox.extend(headers.iter().map(|kept| (Spot::new(place, kept.uid), kept.is_acknowledged())));
        let is_new = |kept: &&Kept| !same || !known.inbox.contains(&Spot::new(place, kept.uid));
        for Kept { uid, .. } in headers.iter().rev().filter(is_new).take(BODIES) {
            if let Some(kept) = mailbox.message(*uid).await? {
                self.arrived.push((Spot::new(place, *uid), arrived(settings, place, &kept)?));
            }
        }
        Ok(())
    }

    async fn sent_of(
        &mut self,
        place: Place,
        settings: &Settings,
        known: &Known,
        mailbox: &mut Mailbox,
    ) -> Result<(), Trouble> {
        let (same, headers) = self.opened(mailbox, place, known).await?;
        self.sent.extend(headers.iter().map(|kept| (Spot::new(place, kept.uid), (kept.state(), kept.fault()))));
        let is_new = |kept: &&Kept| !same || !known.sent.contains(&Spot::new(place, kept.uid));
        for kept in headers.iter().rev().filter(is_new).take(BODIES) {
            let Some(mut one) = gone(kept) else { continue };
            if let Some(whole) = mailbox.message(kept.uid).await? {
                let contents = own(&whole.octets.0, &settings.reading_keys()?);
                one.cover = contents.and_then(|contents| contents.cover).unwrap_or_default();
            }
            self.gone.push((Spot::new(place, kept.uid), one));
        }
        Ok(())
    }
}

/// Profile §15.5: opens a message to show whose it is and what is in it; its files stay where they are.
fn arrived(settings: &Settings, place: Place, kept: &Kept) -> Result<Arrived, Trouble> {
    let office = place.office.map_or_else(|| settings.office(), Ok)?;
    let (us, trust, keys) = (settings.address_of(office)?, settings.trust()?, settings.reading_keys()?);
    // Profile §5.3: a certificate is judged as of the arrival at the gateway.
    let reader = Reader { us: &us, trust: &trust, keys: &keys, now: kept.arrived };
    let opened = open(&kept.octets.0, &reader).and_then(|opened| {
        let contents = Contents::read(opened.entity())?;
        contents.are_between(opened.from(), office)?;
        Ok((opened, contents))
    });
    let header = MessageParser::default().parse_headers(&kept.octets.0);
    let claimed = header.as_ref().and_then(|message| address(message.from())).and_then(|from| from.office_number());
    let message_id = header.as_ref().and_then(|message| message.message_id()).unwrap_or_default().to_owned();
    let blank = Arrived {
        at: kept.arrived,
        until: kept.until(),
        from: claimed,
        by: None,
        cover: fumibako_model::Private::default(),
        files: Vec::new(),
        done: kept.is_acknowledged(),
        withheld: withheld(settings, place, claimed, &message_id),
        gone: false,
        wrong: None,
        seal: None,
        message_id,
        folder: None,
    };
    Ok(match opened {
        Ok((opened, contents)) => {
            let signature = opened.innermost();
            let seal = Seal {
                subject: signature.signer().subject(),
                issuer: signature.signer().issuer(),
                at: signature.signing_time(),
                sealed: opened.is_sealed(),
            };
            Arrived {
                from: Some(opened.from()),
                by: opened.by().map(ToString::to_string),
                cover: contents.cover.unwrap_or_default(),
                files: contents.files.into_iter().map(|(name, _)| name).collect(),
                seal: Some(seal),
                ..blank
            }
        }
        Err(why) => Arrived { wrong: Some(Box::new(both(&Trouble::Distrust(why)))), ..blank },
    })
}

/// Was it saved before, by an agent that left the receipt to the office?
fn withheld(settings: &Settings, place: Place, from: Option<OfficeNumber>, message_id: &str) -> bool {
    let (Some(office), Some(from)) = (place.office, from) else { return false };
    let received = Received::open(&settings.data_folder);
    received.is_ok_and(|received| received.is_withheld(office, from, message_id))
}

/// None: not a bundle, such as a receipt of ours.
fn gone(kept: &Kept) -> Option<Gone> {
    let message = MessageParser::default().parse_headers(&kept.octets.0)?;
    let facts = message.header_raw(BUNDLE_FIELD).and_then(|value| value.trim().parse::<BundleFacts>().ok());
    if facts.is_none() && kept.state().is_none() {
        return None;
    }
    Some(Gone {
        at: kept.arrived,
        to: address(message.to()).and_then(|to| to.office_number()),
        by: agent_of(&message),
        cover: fumibako_model::Private::default(),
        facts,
        state: kept.state(),
        fault: kept.fault(),
        message_id: message.message_id().unwrap_or_default().to_owned(),
    })
}

fn address(list: Option<&mail_parser::Address<'_>>) -> Option<Address> {
    list?.first()?.address()?.parse().ok()
}

impl Mail {
    /// Takes in what was found; returns how many messages are new.
    fn take(&mut self, found: Found, now: Timestamp) -> usize {
        for (folder, validity) in &found.validity {
            let Some(before) = self.validity.insert(*folder, *validity).filter(|before| before != validity) else {
                continue;
            };
            tracing::info!(before, validity, "ui.folder-anew");
            match folder {
                (true, of) => self.inbox.retain(|spot, one| spot.of != *of || one.gone),
                (false, of) => self.sent.retain(|spot, _| spot.of != *of),
            }
        }
        let there: BTreeMap<Spot, bool> = found.inbox.into_iter().collect();
        let fresh = found.arrived.iter().filter(|(_, one)| one.is_new()).count();
        self.inbox.extend(found.arrived);
        for (uid, one) in &mut self.inbox {
            match there.get(uid) {
                Some(done) => one.done |= *done,
                // RX-14: what went at its time stays; what went before it was moved by hand, and stands elsewhere.
                None => one.gone |= one.end().is_some_and(|end| end <= now),
            }
        }
        self.inbox.retain(|uid, one| there.contains_key(uid) || one.gone);
        while self.inbox.values().filter(|one| one.gone).count() > GONE {
            let oldest = self.inbox.iter().filter(|(_, one)| one.gone).min_by_key(|(_, one)| one.at);
            let Some(oldest) = oldest.map(|(uid, _)| *uid) else { break };
            self.inbox.remove(&oldest);
        }
        let states: BTreeMap<Spot, Way> = found.sent.into_iter().collect();
        self.sent.extend(found.gone);
        self.sent.retain(|uid, _| states.contains_key(uid));
        for (uid, one) in &mut self.sent {
            let (state, fault) = states.get(uid).copied().unwrap_or_default();
            (one.state, one.fault) = (state.or(one.state), fault);
        }
        fresh
    }

    fn shape(&self) -> Shape {
        let inbox = self.inbox.iter().map(|(uid, one)| (*uid, one.done, one.gone)).collect();
        (inbox, self.sent.iter().map(|(uid, one)| (*uid, (one.state, one.fault))).collect())
    }
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

#[cfg(test)]
pub(in crate::ui) mod tests;
