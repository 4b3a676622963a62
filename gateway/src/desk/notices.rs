//! The mailbox `Notices` at the desk (Profile §18.3): the same for every office and agent but for `\Seen`, which is the party's own.

use std::ops::Range;
use std::sync::Arc;

use fumibako_model::{
    FlagChange, FolderName, Listing, NOTICES_FOLDER, NamedFlags, Party, Private, Refusal, Refused, Uid, notice_uid,
};
use fumibako_store::{Deposit, Draft, Heads, MarkNotices, NoticeBoard, Store, StoreError, message_id_of};
use fumibako_wire::Alert;
use fumibako_wire::imap::{Answer, Ask, QuotaOf};
use tokio::sync::watch;

use crate::house::House;
use crate::notices::{Notices, Urgent};

/// Messages in one answer; the rest is asked for again.
const AT_ONCE: usize = 8;

/// What one connection hears of notices.
pub(super) struct Watching {
    urgent: watch::Receiver<Arc<[Urgent]>>,
    news: watch::Receiver<()>,
    /// Marks of whoever logged in, which are nobody else's.
    own: Option<(Party, watch::Receiver<()>)>,
    /// The mailbox is open.
    pub(super) open: bool,
    /// Whoever logged in was told of those up to this UID; `None`: of none so far.
    told: Option<u32>,
    /// There may be something to tell.
    fresh: bool,
}

impl Watching {
    pub(super) fn new(notices: &Notices) -> Self {
        Self {
            urgent: notices.urgent.subscribe(),
            news: notices.news.subscribe(),
            own: None,
            open: false,
            told: None,
            fresh: false,
        }
    }

    /// Nothing of the login is left.
    pub(super) fn forget(&mut self) {
        (self.open, self.told, self.own) = (false, None, None);
    }

    /// Marks of this party are heard of from now on.
    pub(super) fn is_of(&mut self, notices: &Notices, party: &Party) {
        if self.own.as_ref().is_none_or(|(known, _)| known != party) {
            self.own = Some((party.clone(), notices.marked.watch(party)));
        }
    }

    /// Profile §18.5: what stands and was not told here, once each.
    pub(super) fn alerts(&mut self) -> Vec<Alert> {
        if self.told.is_some() && !std::mem::take(&mut self.fresh) && !self.urgent.has_changed().unwrap_or_default() {
            return Vec::new();
        }
        let told = self.told.unwrap_or_default();
        let standing = self.urgent.borrow_and_update();
        let new: Vec<_> = standing.iter().filter(|one| one.uid.get() > told).cloned().collect();
        self.told = Some(new.iter().map(|one| one.uid.get()).fold(told, u32::max));
        new.into_iter().map(|one| one.alert).collect()
    }

    /// Returns when there is something to tell: `true`, of the mailbox, if that is listened to.
    pub(super) async fn heard(&mut self, listens: bool) -> bool {
        let listens = listens || self.open;
        tokio::select! {
            () = changed(&mut self.urgent), if self.told.is_some() => {
                self.fresh = true;
                false
            }
            () = changed(&mut self.news), if listens => true,
            () = marked(&mut self.own), if listens => true,
            else => std::future::pending().await,
        }
    }
}

/// Returns when what is watched has changed. The sender lives in the house; should it go, there is no news any more.
pub(super) async fn changed<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn marked(own: &mut Option<(Party, watch::Receiver<()>)>) {
    match own {
        Some((_, marks)) => changed(marks).await,
        None => std::future::pending().await,
    }
}

/// Is it a question about the notices? Their folder and messages have numbers that no other has.
pub(super) fn concerns(ask: &Ask) -> bool {
    let shows = |message| notice_uid(message).is_some();
    match ask {
        Ask::Status(name)
        | Ask::Open { name, .. }
        | Ask::Annotations(Some(name))
        | Ask::Annotate(Some(name), _)
        | Ask::Quota(QuotaOf::Folder(name)) => name.is_notices(),
        Ask::Since { folder, .. }
        | Ask::Flag { folder, .. }
        | Ask::Expunge { folder, .. }
        | Ask::Copy { folder, .. } => *folder == NOTICES_FOLDER,
        Ask::Read(message, _) => shows(*message),
        Ask::Sent(all) => all.first().is_some_and(|(going, _)| shows(going.message)),
        Ask::Bodies(all) | Ask::Heads { messages: all, .. } => all.first().is_some_and(|message| shows(*message)),
        _ => false,
    }
}

/// Answers a question that [`concerns`] the notices. `office`: whose folders a copy goes to.
pub(super) async fn serve<S: Store>(
    house: &House<S>,
    (party, office): (&Party, Option<fumibako_model::OfficeNumber>),
    ask: Ask,
) -> Result<Answer, StoreError> {
    let store = &house.store;
    let board = || store.notice_board(party);
    Ok(match ask {
        Ask::Status(_) => Answer::Status(board().await?.status()),
        Ask::Open { .. } => Answer::Folder(Box::new(board().await?.view())),
        // What a client may not remove stays (RFC 4314 §4).
        Ask::Since { since, .. } | Ask::Expunge { since, .. } => Answer::Changes(board().await?.since(since, &[])),
        Ask::Flag { uids, change, flags, unchanged_since, since, .. } => {
            let seen = seen_by(change, &flags);
            let marks = MarkNotices { uids: uids.clone(), seen, unchanged_since };
            let marked = store.mark_notices(party.clone(), marks).await?;
            if marked.changed {
                house.notices.marked.wake(party);
            }
            let mut changes = board().await?.since(since, &uids);
            changes.modified = marked.modified;
            Answer::Changes(changes)
        }
        Ask::Read(message, range) => Answer::Message(part(store, message, range).await?),
        // They are nobody's to collect.
        Ask::Sent(_) => Answer::Done,
        Ask::Bodies(messages) => Answer::Heads(whole(store, messages.into_iter()).await?),
        Ask::Heads { messages, longest } => {
            let all = whole(store, messages.into_iter()).await?;
            Answer::Heads(all.into_iter().map(|one| one.map(|one| head(&one.0, longest))).collect())
        }
        Ask::Copy { uids, to, moves: false, .. } => copy(house, office, (&board().await?, uids), to).await?,
        Ask::Annotations(_) => Answer::Annotations(Vec::new()),
        // Profile §18.3: it counts for none.
        Ask::Quota(_) => Answer::Quota(None),
        _ => return Err(Refused::from(Refusal::FolderIsProtected).into()),
    })
}

/// The wire lets no other flag through.
fn seen_by(change: FlagChange, flags: &NamedFlags) -> bool {
    let named = flags.system & fumibako_model::Flags::SEEN.system != 0;
    named && change != FlagChange::Remove
}

/// Lists the mailbox, behind the folders that every office has.
pub(super) async fn list<S: Store>(house: &House<S>, party: &Party, listing: &mut Listing) -> Result<(), StoreError> {
    let status = house.store.notice_board(party).await?.status();
    let place = listing.folders.iter().position(|folder| !folder.name.is_standard());
    listing.folders.insert(place.unwrap_or(listing.folders.len()), status);
    Ok(())
}

async fn whole<S: Store>(
    store: &S,
    messages: impl Iterator<Item = fumibako_model::MessageId>,
) -> Result<Heads, StoreError> {
    let uids: Vec<Uid> = messages.filter_map(notice_uid).take(AT_ONCE).collect();
    store.notice_messages(uids).await
}

async fn part<S: Store>(
    store: &S,
    message: fumibako_model::MessageId,
    range: Range<u64>,
) -> Result<Private<Arc<[u8]>>, StoreError> {
    let found = whole(store, std::iter::once(message)).await?.pop().flatten();
    let octets = found.ok_or_else(|| StoreError::from(Refused::from(Refusal::NoSuchMessage)))?.0;
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(octets.len());
    let (from, to) = (place(range.start), place(range.end));
    Ok(Private(octets[from.min(to)..to].into()))
}

/// The header with its blank line, or so many octets.
fn head(octets: &[u8], longest: u64) -> Private<Arc<[u8]>> {
    let end = octets.windows(4).position(|end| end == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let end = end.min(usize::try_from(longest).unwrap_or(usize::MAX));
    Private(octets[..end].into())
}

/// A copy is a message of the office's own. Agents take nothing into an office's folders from elsewhere (Profile §9.9).
async fn copy<S: Store>(
    house: &House<S>,
    office: Option<fumibako_model::OfficeNumber>,
    (board, uids): (&NoticeBoard, Vec<Uid>),
    to: FolderName,
) -> Result<Answer, StoreError> {
    let office = office.ok_or_else(|| Refused::from(Refusal::MandateScope))?;
    let (now, octets) = (house.clock.now(), house.store.notice_messages(uids.clone()).await?);
    let (mut copied, mut drafts) = (Vec::new(), Vec::new());
    for (uid, octets) in uids.into_iter().zip(octets) {
        let entry = board.entries.iter().find(|entry| entry.uid == uid);
        let (Some(entry), Some(Private(octets))) = (entry, octets) else { continue };
        let mut body = house.store.spool(now);
        body.write(&octets)?;
        let flags = NamedFlags { system: entry.flags.system, keywords: Vec::new() };
        drafts.push(Draft { flags, date: entry.received_at, message_id: message_id_of(&octets), body });
        copied.push(uid);
    }
    let filed = house.store.append(office, Deposit { folder: to, drafts, replaces: None }, now).await?;
    let (validity, placed) = filed.answer;
    Ok(Answer::Copied(validity, copied.into_iter().zip(placed).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §18.4
    #[tokio::test]
    async fn a_mark_is_heard_of_by_its_party_alone() {
        let notices = Notices::default();
        let parties: [Party; 2] = ["9970000011", "9970000029"].map(|party| party.parse().unwrap());
        let mut watching = parties.clone().map(|party| {
            let mut one = Watching::new(&notices);
            one.is_of(&notices, &party);
            (one.open, one.told) = (true, Some(0));
            one
        });
        let hears = async |one: &mut Watching| {
            tokio::select! {
                biased;
                heard = one.heard(false) => Some(heard),
                () = std::future::ready(()) => None,
            }
        };
        notices.marked.wake(&parties[0]);
        assert_eq!((hears(&mut watching[0]).await, hears(&mut watching[1]).await), (Some(true), None));
        assert_eq!(hears(&mut watching[0]).await, None, "once");
        notices.news.send_replace(());
        for one in &mut watching {
            assert_eq!(hears(one).await, Some(true), "what comes is everybody's");
        }
        // Who logged out hears nothing, and is forgotten.
        watching[0].forget();
        assert_eq!(notices.marked.count(), 2);
        notices.marked.wake(&parties[0]);
        assert_eq!(notices.marked.count(), 1);
    }
}
