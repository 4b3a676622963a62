//! NOTIFY (RFC 5465, Profile §7.17): a client hears of what happens in any folder, as it happens.
//!
//! Of other folders it is told what makes the difference between two listings, so that whatever happened in between costs
//! one question; a connection keeps a line for each folder, and nothing for each message.

use std::collections::BTreeSet;

use fumibako_model::{Access, Changes, FolderName, Listing, Refused, Uid};

use super::command::By;
use super::list::Names;
use super::news::Done;
use super::session::{Phase, Session, Work};
use super::status::Counter;
use super::{Ask, reply};

mod known;
mod rules;
use known::{Known, News};
pub(super) use rules::Order;
use rules::{Events, Rules};

/// Changes of its own a connection remembers, so that it is not told of them.
const OWN: usize = 100;
/// What is told of a folder in which something happened, and of each when a watch begins.
const COUNTERS: [Counter; 5] =
    [Counter::Messages, Counter::UidNext, Counter::UidValidity, Counter::Unseen, Counter::HighestModSeq];

/// What a connection listens for. Without one it hears of its open folder, at its commands (RFC 5465 §3.1).
#[derive(Debug, Default)]
pub(super) struct Notify {
    rules: Rules,
    /// `None`: only the open folder is watched.
    known: Option<Known>,
    /// Something happened in other folders.
    pub(super) stirred: bool,
    /// New messages in the open folder that are still to be told of.
    fresh: Vec<Uid>,
    /// Names this connection changed something about.
    own: Vec<FolderName>,
    /// Messages this connection put into the open folder.
    own_messages: Vec<Uid>,
}

/// Where a connection rests and may be told something: between commands, or in an IDLE.
#[derive(Debug)]
pub(super) enum Rest {
    Nothing,
    Idle(String),
}

/// A NOTIFY that waits for the listing.
#[derive(Debug)]
pub(super) struct Setting {
    tag: String,
    rules: Rules,
    status: bool,
}

impl Setting {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl Rest {
    pub(super) fn tag(&self) -> &str {
        match self {
            Self::Nothing => "*",
            Self::Idle(tag) => tag,
        }
    }
}

impl Session {
    pub(super) fn notify_order(&mut self, tag: String, order: Order) {
        match order {
            Order::BadEvent => self.no(
                &tag,
                "[BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange \
                 ServerMetadataChange)] Not all of these events are known here.",
            ),
            Order::Set { rules, .. } if rules.are_too_many() => {
                self.no(&tag, "[NOTIFICATIONOVERFLOW] These are too many folders to be watched by name.");
            }
            Order::Set { rules, status } if rules.watch_others() => {
                self.ask(Ask::Watch, Work::Notify(Setting { tag, rules, status }));
            }
            Order::Set { rules, .. } => {
                self.ask(Ask::Unwatch, Work::Notify(Setting { tag, rules, status: false }));
            }
            Order::None => {
                self.ask(Ask::Unwatch, Work::Notify(Setting { tag, rules: Rules::default(), status: false }));
            }
        }
    }

    /// The watch begins, or has ended.
    pub(super) fn notify_set(&mut self, Setting { tag, rules, status }: Setting, listing: Option<&Listing>) {
        if let Some(listing) = listing.filter(|_| status) {
            for folder in &listing.folders {
                let wanted = rules.events(&folder.name, listing);
                if wanted.of_messages() && !self.is_open(folder.folder) {
                    self.tell_status(counters(wanted), folder);
                }
            }
        }
        // RFC 5465 §3.1: what came together until now is told once more as it always was.
        self.all_told = true;
        self.notify = Some(Box::new(Notify { rules, known: listing.map(Known::of), ..Notify::default() }));
        self.finish(Done::ok(tag, "NOTIFY done."), true);
    }

    /// The events of the open folder that are wanted: all, unless NOTIFY said otherwise.
    pub(super) fn wants(&self) -> Wants {
        match &self.notify {
            Some(notify) if !self.all_told => {
                let events = notify.rules.selected.events;
                Wants { messages: events.has(Events::MESSAGES), flags: events.has(Events::FLAGS) }
            }
            _ => Wants { messages: true, flags: true },
        }
    }

    /// FETCH responses that nobody asked for name the UID (RFC 5465 §5.1).
    pub(super) fn names_uids(&self) -> bool {
        self.notify.is_some()
    }

    /// New messages were told of; more of each is told when the connection rests.
    pub(super) fn came(&mut self, uids: impl Iterator<Item = Uid>) {
        if let Some(notify) = &mut self.notify
            && notify.rules.selected.items.is_some()
        {
            // RFC 5465 §5.2: but not of those it put there itself.
            let own = std::mem::take(&mut notify.own_messages);
            notify.fresh.extend(uids.filter(|uid| !own.contains(uid)));
        }
    }

    /// This connection puts these into the open folder.
    pub(super) fn own_messages(&mut self, uids: impl Iterator<Item = Uid>) {
        if let Some(notify) = &mut self.notify {
            notify.own_messages = uids.collect();
        }
    }

    /// This connection changes something about this name (RFC 5465 §5: it need not hear of that).
    pub(super) fn own_change(&mut self, name: &FolderName) {
        if let Some(notify) = &mut self.notify
            && notify.known.is_some()
            && notify.own.len() < OWN
        {
            notify.own.push(name.clone());
        }
    }

    /// The open folder is another.
    pub(super) fn forget_fresh(&mut self) {
        if let Some(notify) = &mut self.notify {
            (notify.fresh, notify.own_messages) = (Vec::new(), Vec::new());
        }
    }

    /// Something happened, in the open folder or in another.
    pub(super) fn stir(&mut self) {
        if let Some(notify) = &mut self.notify {
            notify.stirred = notify.known.is_some();
        }
    }

    /// The connection has nothing to do: does it hear of something now?
    pub(super) fn rest(&mut self, at: Rest) -> Result<(), Rest> {
        let Some(notify) = &mut self.notify else { return Err(at) };
        let selected = matches!(self.phase, Phase::Selected(_));
        if selected
            && !notify.fresh.is_empty()
            && let Some(items) = notify.rules.selected.items.clone()
        {
            let fresh = std::mem::take(&mut notify.fresh);
            self.fetch_fresh(at, &fresh, items);
            return Ok(());
        }
        if let (Rest::Nothing, true) = (&at, self.news && notify.rules.selected.events.of_messages())
            && let Some(view) = self.view()
        {
            let since = view.asks();
            self.news = false;
            self.ask(since, Work::Push);
            return Ok(());
        }
        let Some(notify) = self.notify.as_mut().filter(|notify| notify.stirred) else { return Err(at) };
        notify.stirred = false;
        self.ask(Ask::Folders { subscribed: true }, Work::Stir(at));
        Ok(())
    }

    /// Goes back to where it rested.
    pub(super) fn resume(&mut self, at: Rest) {
        match at {
            Rest::Nothing => self.go_on(Work::Nothing),
            Rest::Idle(tag) => self.go_on(Work::Idle(tag)),
        }
    }

    /// What happened in the open folder, told between commands.
    pub(super) fn pushed(&mut self, changes: Changes) {
        // RFC 5465 §6.1: SELECTED hears of all at once, SELECTED-DELAYED of removals only where RFC 3501 §7.4.1 allows it.
        let delayed = self.notify.as_ref().is_some_and(|notify| notify.rules.selected.delayed);
        self.tell(changes, !delayed, By::Uid);
    }

    /// What happened elsewhere.
    pub(super) fn stirred(&mut self, at: Rest, listing: &Listing) {
        let Some(mut notify) = self.notify.take() else { return self.resume(at) };
        let own = std::mem::take(&mut notify.own);
        let known = notify.known.take().unwrap_or_default();
        let names = Names::of(listing);
        let all = known.news(listing);
        let came_or_went: BTreeSet<&FolderName> = all.iter().filter_map(News::came_or_went).collect();
        for news in &all {
            // RFC 5465 §5.4: one line says of a folder that came, or went, whether it is subscribed to.
            if let News::Subscription(name) = news
                && came_or_went.contains(name)
                && notify.rules.events(name, listing).has(Events::NAMES)
            {
                continue;
            }
            self.tell_of(news, &notify.rules, (&known, listing), &names, &own);
        }
        let since = known.modseq;
        notify.known = Some(Known::of(listing));
        let notes = notify.rules.listen_for(Events::NOTES) || notify.rules.listen_for(Events::SERVER_NOTES);
        self.notify = Some(notify);
        if notes {
            return self.ask(Ask::AnnotatedSince(since), Work::Notes(at, Box::new(listing.clone()), own));
        }
        self.resume(at);
    }

    fn tell_of(
        &mut self,
        news: &News,
        rules: &Rules,
        (known, listing): (&Known, &Listing),
        names: &Names<'_>,
        own: &[FolderName],
    ) {
        let is_own =
            |name: &FolderName| own.iter().any(|mine| name == mine || name.is_below(mine) || mine.is_below(name));
        let wants = |name: &FolderName| rules.events(name, listing);
        match news {
            News::Messages(id) | News::Flags(id) => {
                let Some(folder) = listing.folders.iter().find(|folder| folder.folder == *id) else { return };
                let events = wants(&folder.name);
                let meant = if matches!(news, News::Flags(_)) { Events::FLAGS } else { Events::MESSAGES };
                // RFC 5465 §3.1: what happens in the open folder is told as SELECTED says.
                if events.has(meant) && !self.is_open(*id) {
                    self.tell_status(&COUNTERS, folder);
                }
            }
            News::Created(name) | News::Deleted(name) if wants(name).has(Events::NAMES) && !is_own(name) => {
                self.tell_name(name, names, None);
            }
            News::Renamed { from, to }
                if (wants(from).has(Events::NAMES) || wants(to).has(Events::NAMES)) && !is_own(to) =>
            {
                self.tell_name(to, names, Some(from));
            }
            News::Subscription(name) => {
                // RFC 5465 §6.4: the list of what is subscribed is another one now.
                let left = known.was_subscribed(name).then(|| rules.events(name, &with(listing, name)));
                let wanted = wants(name).has(Events::SUBSCRIPTIONS)
                    || left.is_some_and(|events| events.has(Events::SUBSCRIPTIONS));
                if wanted && !is_own(name) {
                    self.tell_name(name, names, None);
                }
            }
            _ => {}
        }
    }

    /// RFC 5465 §5.4, §5.5.
    fn tell_name(&mut self, name: &FolderName, names: &Names<'_>, old: Option<&FolderName>) {
        let old = old.map(|old| format!(" (\"OLDNAME\" ({}))", self.spell(old))).unwrap_or_default();
        let mut attributes = names.all_attributes(name).join(" ");
        if names.is_withheld(name) {
            // RFC 5465 §5.9
            attributes.push_str(r" \NoAccess");
        }
        self.untagged(&format!("LIST ({attributes}) \"/\" {}{old}", self.spell(name)));
    }

    /// RFC 5465 §5.6, §5.7: names of annotations that changed, by folder.
    pub(super) fn noted(
        &mut self,
        at: Rest,
        listing: &Listing,
        own: &[FolderName],
        notes: &[(Option<FolderName>, String)],
    ) {
        for place in notes.chunk_by(|one, next| one.0 == next.0) {
            let Some(rules) = self.notify.as_ref().map(|notify| &notify.rules) else { break };
            let folder = place[0].0.as_ref();
            let wanted = match folder {
                Some(name) => rules.events(name, listing).has(Events::NOTES) && !own.contains(name),
                None => rules.listen_for(Events::SERVER_NOTES),
            };
            if wanted {
                let mut line = b"* METADATA ".to_vec();
                line.extend(folder.map_or_else(|| "\"\"".to_owned(), |name| self.spell(name)).into_bytes());
                for (_, entry) in place {
                    line.push(b' ');
                    reply::astring(&mut line, entry.as_bytes());
                }
                line.extend_from_slice(b"\r\n");
                self.say(&line);
            }
        }
        self.resume(at);
    }

    /// RFC 5465 §5.8: what cannot be told now is not told later either, and the client knows.
    pub(super) fn notify_overflow(&mut self, at: Rest, refused: &Refused, reference: &str) {
        let why = reply::refusal(refused, "NOTIFICATIONOVERFLOW", reference);
        self.untagged(&format!("OK {why}"));
        self.notify = Some(Box::default());
        self.resume(at);
    }

    fn is_open(&self, id: fumibako_model::FolderId) -> bool {
        matches!(&self.phase, Phase::Selected(view) if view.folder == id)
    }
}

/// Which events of the open folder are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wants {
    pub(super) messages: bool,
    pub(super) flags: bool,
}

/// RFC 5465 §3.1: what is told when a watch begins.
fn counters(wanted: Events) -> &'static [Counter] {
    const FLAGS: [Counter; 4] = [Counter::Messages, Counter::UidNext, Counter::UidValidity, Counter::HighestModSeq];
    if wanted.has(Events::FLAGS) { &FLAGS } else { &FLAGS[..3] }
}

/// As much of the listing as rules look at, as if this name were still subscribed to.
fn with(listing: &Listing, name: &FolderName) -> Listing {
    Listing {
        folders: Vec::new(),
        subscribed: [name.clone()].into(),
        modseq: listing.modseq,
        access: Access { viewer: listing.access.viewer.clone(), agents: Vec::new() },
    }
}
