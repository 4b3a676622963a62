//! The messages of one session, as they stood at the login: their numbers never slip.

use fumibako_model::{MessageId, Uid, UidValidity};

use super::Inbox;

/// The maildrop of one session (RFC 1939 §4).
#[derive(Debug)]
pub(super) struct Maildrop {
    validity: UidValidity,
    messages: Vec<Message>,
}

/// One message of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) size: u64,
    uid: Uid,
    /// DELE; it goes at QUIT.
    deleted: bool,
    went: Went,
}

/// How far a message was retrieved (Profile §13.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Went {
    /// Not to its end.
    No,
    /// Its last octet was said. What the client says by then it may have said before it had any of it.
    Out,
    /// The client went on after that: it is seen at QUIT.
    Arrived,
}

impl Message {
    fn is_under_way(&self) -> bool {
        self.went == Went::Out
    }
}

impl Maildrop {
    pub(super) fn new(inbox: &Inbox) -> Self {
        let message = |entry: &fumibako_model::Entry| Message {
            id: entry.message,
            size: entry.size,
            uid: entry.uid,
            deleted: false,
            went: Went::No,
        };
        Self { validity: inbox.validity, messages: inbox.entries.iter().map(message).collect() }
    }

    /// Those that are not deleted: how many, and their octets.
    pub(super) fn total(&self) -> (usize, u64) {
        let kept = self.messages.iter().filter(|message| !message.deleted);
        kept.fold((0, 0), |(count, octets), message| (count + 1, octets + message.size))
    }

    /// The message of this number, unless it is deleted.
    pub(super) fn get(&self, number: usize) -> Option<&Message> {
        number.checked_sub(1).and_then(|at| self.messages.get(at)).filter(|message| !message.deleted)
    }

    /// The highest number.
    pub(super) fn last(&self) -> usize {
        self.messages.len()
    }

    /// Marks it to go; false if it is not there.
    pub(super) fn delete(&mut self, number: usize) -> bool {
        self.change(number, |message| message.deleted = true)
    }

    /// Its last octet was said.
    pub(super) fn retrieved(&mut self, number: usize) {
        self.change(number, |message| {
            if message.went == Went::No {
                message.went = Went::Out;
            }
        });
    }

    /// The client said something after all that was said to it had left.
    pub(super) fn heard(&mut self) {
        let out = self.messages.iter_mut().filter(|message| message.went == Went::Out);
        out.for_each(|message| message.went = Went::Arrived);
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Message)) -> bool {
        let message = number.checked_sub(1).and_then(|at| self.messages.get_mut(at));
        message.filter(|message| !message.deleted).map(change).is_some()
    }

    /// RFC 1939 §5 RSET.
    pub(super) fn undelete(&mut self) {
        self.messages.iter_mut().for_each(|message| message.deleted = false);
    }

    /// What QUIT brings about: those that are seen and stay, and those that go.
    pub(super) fn ended(&self) -> (Vec<Uid>, Vec<Uid>) {
        let uids = |fits: fn(&Message) -> bool| self.messages.iter().filter(|m| fits(m)).map(|m| m.uid).collect();
        let seen = uids(|message| message.went == Went::Arrived && !message.deleted);
        (seen, uids(|message| message.deleted && !message.is_under_way()))
    }

    /// Is there something that was to go, and may still be on its way to the client?
    pub(super) fn holds_back(&self) -> bool {
        self.messages.iter().any(|message| message.deleted && message.is_under_way())
    }

    /// What was retrieved to its end, whether it stays or not.
    pub(super) fn collected(&self) -> Vec<MessageId> {
        self.messages.iter().filter(|message| message.went == Went::Arrived).map(|message| message.id).collect()
    }

    /// The unique id (RFC 1939 §7): the folder's UIDVALIDITY and the message's UID, which IMAP shows too. Both never come again
    /// together (Profile §7.3), so it is the same in every session and never another's.
    pub(super) fn unique_id(&self, message: &Message) -> String {
        format!("{}.{}", self.validity.0, message.uid)
    }
}
