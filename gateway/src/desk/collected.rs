//! What went to a client whole (Profile §8.10): in one piece or in several, in any order.

use std::collections::HashMap;
use std::ops::Range;

use fumibako_model::{Entry, Flags, MessageId};
use fumibako_wire::imap::Outgoing;

/// Most pieces of one message that are not side by side; of one in more, nothing is said.
const PIECES: usize = 1_000;

/// The messages of a connection, as far as their octets went out.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Only those of which octets went out: a connection that waits holds nothing here, whatever its folder holds.
    messages: HashMap<MessageId, Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    size: u64,
    seen: bool,
    /// Octets that went out, apart from each other and in order.
    pieces: Vec<Range<u64>>,
    told: Told,
}

/// What the store knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    #[default]
    Nothing,
    /// That it went out whole.
    Whole,
    /// That it was handed over.
    Seen,
}

impl Collected {
    /// What changed of messages.
    pub(super) fn know(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Some(sent) = self.messages.get_mut(&entry.message) {
                sent.seen = entry.flags.has(Flags::SEEN);
            }
        }
    }

    /// These octets of these messages went out.
    pub(super) fn sent(&mut self, all: &[(Outgoing, Vec<Range<u64>>)]) {
        for (going, pieces) in all {
            let sent = self.messages.entry(going.message).or_default();
            (sent.size, sent.seen) = (going.size, going.seen);
            for piece in pieces {
                sent.add(piece.clone());
            }
        }
    }

    /// Those that went out whole and were not told before: the seen ones, and those that nobody has marked as seen.
    pub(super) fn whole(&mut self) -> (Vec<MessageId>, Vec<MessageId>) {
        let (mut seen, mut unseen) = (Vec::new(), Vec::new());
        for (message, sent) in &mut self.messages {
            let told = if sent.seen { Told::Seen } else { Told::Whole };
            if told > sent.told && matches!(&sent.pieces[..], [all] if *all == (0..sent.size)) {
                sent.told = told;
                if sent.seen { seen.push(*message) } else { unseen.push(*message) }
            }
        }
        (seen, unseen)
    }
}

impl Sent {
    fn add(&mut self, mut piece: Range<u64>) {
        self.pieces.retain(|other| {
            let apart = other.end < piece.start || piece.end < other.start;
            if !apart {
                piece = piece.start.min(other.start)..piece.end.max(other.end);
            }
            apart
        });
        if self.pieces.len() < PIECES {
            let at = self.pieces.partition_point(|other| other.start < piece.start);
            self.pieces.insert(at, piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use fumibako_model::{ModSeq, Uid};

    use super::*;

    fn entry(seen: bool) -> Entry {
        Entry {
            uid: Uid::new(1).unwrap(),
            flags: if seen { Flags::SEEN } else { Flags::default() },
            modseq: ModSeq(1),
            message: MessageId(7),
            size: 100,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            saved_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    // Profile §8.10
    #[test]
    fn pieces_add_up_in_any_order_and_only_the_whole_counts_once_and_only_when_seen() {
        let mut collected = Collected::default();
        let piece = |from: u64, octets| std::iter::once(from..from + octets).collect();
        let going = |seen| Outgoing { message: MessageId(7), size: 100, seen };
        collected.know(&[entry(true)]);
        assert!(collected.messages.is_empty(), "what was not handed out is not remembered");
        for (from, octets) in [(60, 40), (0, 30), (10, 25), (36, 24)] {
            collected.sent(&[(going(false), piece(from, octets))]);
        }
        collected.know(&[entry(true)]);
        assert_eq!(collected.whole(), (vec![], vec![]), "one octet is missing");
        collected.sent(&[(going(false), piece(35, 1))]);
        assert_eq!(collected.whole(), (vec![], vec![MessageId(7)]), "a look without a mark is none");
        assert_eq!(collected.whole(), (vec![], vec![]), "once");
        collected.know(&[entry(true)]);
        assert_eq!(collected.whole(), (vec![MessageId(7)], vec![]));
        assert_eq!(collected.whole(), (vec![], vec![]), "once");
    }
}
