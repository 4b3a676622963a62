//! THREAD (RFC 5256 §3, Profile §7.44).

use aws_lc_rs::digest;
use fumibako_model::Entry;

use super::casemap::fold;
use super::cursor::{Cursor, Parsed};
use super::sort::{base_subject, sent};
use crate::mime::{Field, Header};

mod forest;
mod references;
use forest::Forest;
use references::Links;

/// How messages become threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    OrderedSubject,
    References,
}

impl Algorithm {
    /// ```text
    /// thread-alg = "ORDEREDSUBJECT" / "REFERENCES"
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match &*cursor.word()? {
            "ORDEREDSUBJECT" => Ok(Self::OrderedSubject),
            "REFERENCES" => Ok(Self::References),
            _ => cursor.bad("ORDEREDSUBJECT or REFERENCES before"),
        }
    }
}

/// What a text is known by where it is only compared: it may be long, and there are many.
type Digest = [u8; 16];

fn digest_of(text: &[u8]) -> Digest {
    let digest = digest::digest(&digest::SHA256, text);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

/// A message as threads see it.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    place: usize,
    sent: i64,
    /// Of the base subject, folded; `None` if that is empty.
    subject: Option<Digest>,
    is_reply: bool,
}

/// A THREAD under way: the messages found so far.
#[derive(Debug)]
pub(super) struct Threading {
    messages: Vec<Message>,
    /// Only REFERENCES has them.
    links: Option<Links>,
}

impl Threading {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let links = (algorithm == Algorithm::References).then(Links::default);
        Self { messages: Vec::new(), links }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn add(&mut self, place: usize, entry: &Entry, header: Header<'_>) {
        let subject = header.get("Subject").map(Field::text).unwrap_or_default();
        let (base, is_reply) = base_subject(&subject);
        if let Some(links) = &mut self.links {
            links.add(self.messages.len(), header);
        }
        let subject = Some(fold(&base)).filter(|folded| !folded.is_empty()).map(|folded| digest_of(folded.as_bytes()));
        self.messages.push(Message { place, sent: sent(entry, header), subject, is_reply });
    }

    /// The threads as they are said.
    ///
    /// ```text
    /// thread-data = "THREAD" [SP 1*thread-list]
    /// ```
    pub(super) fn written(self, number: impl Fn(usize) -> u32) -> String {
        let Self { messages, links } = self;
        let forest = match links {
            Some(links) => links.forest(&messages),
            None => ordered_subject(&messages),
        };
        forest.written(|message| number(messages[message].place))
    }
}

/// RFC 5256 §3 ORDEREDSUBJECT: messages of one base subject are a thread; the first is the parent of the others.
fn ordered_subject(messages: &[Message]) -> Forest {
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.sort_unstable_by_key(|at| {
        let Message { subject, sent, place, .. } = &messages[*at];
        (*subject, *sent, *place)
    });
    let mut threads: Vec<&[usize]> =
        order.chunk_by(|one, other| messages[*one].subject == messages[*other].subject).collect();
    threads.sort_unstable_by_key(|thread| (messages[thread[0]].sent, messages[thread[0]].place));
    let mut forest = Forest::of(messages.len());
    for thread in threads {
        forest.roots.push(thread[0]);
        forest.children[thread[0]] = thread[1..].to_vec();
    }
    forest
}

#[cfg(test)]
mod tests;
