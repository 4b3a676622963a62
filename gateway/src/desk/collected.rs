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
    told: bool,
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

    /// These octets of a message went out.
    pub(super) fn sent(&mut self, going: Outgoing, from: u64, octets: usize) {
        if octets == 0 {
            return;
        }
        let sent = self.messages.entry(going.message).or_default();
        (sent.size, sent.seen) = (going.size, going.seen);
        let mut piece = from..from.saturating_add(octets as u64);
        sent.pieces.retain(|other| {
            let apart = other.end < piece.start || piece.end < other.start;
            if !apart {
                piece = piece.start.min(other.start)..piece.end.max(other.end);
            }
            apart
        });
        if sent.pieces.len() < PIECES {
            let at = sent.pieces.partition_point(|other| other.start < piece.start);
            sent.pieces.insert(at, piece);
        }
    }

    /// Those that went out whole, are seen, and were not told before.
    pub(super) fn whole(&mut self) -> Vec<MessageId> {
        let whole =
            |sent: &Sent| sent.seen && !sent.told && matches!(&sent.pieces[..], [all] if *all == (0..sent.size));
        let fresh = self.messages.iter_mut().filter(|(_, sent)| whole(sent));
        fresh
            .map(|(message, sent)| {
                sent.told = true;
                *message
            })
            .collect()
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
        let going = |seen| Outgoing::from(&entry(seen));
        collected.know(&[entry(true)]);
        assert!(collected.messages.is_empty(), "what was not handed out is not remembered");
        for (from, octets) in [(60, 40), (0, 30), (10, 25), (36, 24)] {
            collected.sent(going(false), from, octets);
        }
        collected.know(&[entry(true)]);
        assert!(collected.whole().is_empty(), "one octet is missing");
        collected.sent(going(false), 35, 1);
        assert!(collected.whole().is_empty(), "a look without a mark is none");
        collected.know(&[entry(true)]);
        assert_eq!((collected.whole(), collected.whole()), (vec![MessageId(7)], vec![]));
    }
}
