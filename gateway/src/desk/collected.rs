//! What went to a client whole (Profile §8.10): in one piece or in several, in any order.

use std::collections::HashMap;
use std::ops::Range;

use fumibako_model::{Entry, Flags, MessageId};
use fumibako_wire::imap::Outgoing;

use crate::house::Terminal;

/// Most pieces of one message that are not side by side; of one in more, nothing is said.
const PIECES: usize = 1_000;

/// The messages of a connection, as far as their octets went out.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// To whom. What went to another before is forgotten: half to this one and half to that one is whole to nobody.
    pub(super) to: Option<Terminal>,
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
pub(super) enum Told {
    #[default]
    Nothing,
    /// That it went out whole.
    Whole,
    /// That it was handed over.
    Seen,
}

impl Collected {
    /// This message was marked by whoever they went to, or is not marked any more.
    pub(super) fn know<'e>(&mut self, entries: impl Iterator<Item = &'e Entry>) {
        for entry in entries {
            if let Some(sent) = self.messages.get_mut(&entry.message) {
                sent.seen = entry.flags.has(Flags::SEEN);
            }
        }
    }

    /// These octets of these messages went out to this terminal. Profile §8.10: a `\Seen` from before is its own where it says so again,
    /// and where it was always alone with its mail; else nobody knows whose it was.
    pub(super) fn sent(&mut self, to: Terminal, is_alone: bool, all: &[(Outgoing, Vec<Range<u64>>)]) {
        if self.to.as_ref() != Some(&to) {
            *self = Self { to: Some(to), ..Self::default() };
        }
        for (going, pieces) in all {
            let sent = self.messages.entry(going.message).or_default();
            (sent.size, sent.seen) = (going.size, going.seen && (going.marks || is_alone || sent.seen));
            for piece in pieces {
                sent.add(piece.clone());
            }
        }
    }

    /// Those that went out whole, and the store does not know it yet: the seen ones, and those that nobody has marked as seen.
    pub(super) fn whole(&self) -> (Vec<MessageId>, Vec<MessageId>) {
        let (mut seen, mut unseen) = (Vec::new(), Vec::new());
        for (message, sent) in &self.messages {
            let told = if sent.seen { Told::Seen } else { Told::Whole };
            if told > sent.told && matches!(&sent.pieces[..], [all] if *all == (0..sent.size)) {
                if sent.seen { seen.push(*message) } else { unseen.push(*message) }
            }
        }
        (seen, unseen)
    }

    /// The store knows that now. What it could not write down it is told again when the terminal is heard next.
    pub(super) fn told(&mut self, messages: &[MessageId], what: Told) {
        for message in messages {
            if let Some(sent) = self.messages.get_mut(message) {
                sent.told = what;
            }
        }
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
    use fumibako_model::{Delegate, ModSeq, Uid};

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

    fn office() -> Terminal {
        Terminal { office: "9970000029".parse().unwrap(), by: None }
    }

    fn piece(seen: bool, range: Range<u64>) -> [(Outgoing, Vec<Range<u64>>); 1] {
        [(Outgoing { message: MessageId(7), size: 100, seen, marks: false }, vec![range])]
    }

    const NONE: (Vec<MessageId>, Vec<MessageId>) = (Vec::new(), Vec::new());

    // Profile §8.10
    #[test]
    fn pieces_add_up_in_any_order_and_only_the_whole_counts_until_it_is_told_and_only_when_seen() {
        let mut collected = Collected::default();
        let know = |collected: &mut Collected| collected.know([entry(true)].iter());
        know(&mut collected);
        assert!(collected.messages.is_empty(), "what was not handed out is not remembered");
        for range in [60..100, 0..30, 10..35, 36..60] {
            collected.sent(office(), false, &piece(false, range));
        }
        know(&mut collected);
        assert_eq!(collected.whole(), NONE, "one octet is missing");
        collected.sent(office(), false, &piece(false, 35..36));
        for _ in 0..2 {
            assert_eq!(collected.whole(), (vec![], vec![MessageId(7)]), "a look without a mark is none");
        }
        collected.told(&[MessageId(7)], Told::Whole);
        assert_eq!(collected.whole(), NONE, "once");
        know(&mut collected);
        for _ in 0..2 {
            assert_eq!(collected.whole(), (vec![MessageId(7)], vec![]), "what could not be written down");
        }
        collected.told(&[MessageId(7)], Told::Seen);
        assert_eq!(collected.whole(), NONE, "once");
    }

    // Profile §8.10
    #[test]
    fn a_mark_from_before_is_nobodys_unless_it_is_said_again_or_there_was_never_anybody_else() {
        let all = |seen, marks| piece(seen, 0..100).map(|(going, pieces)| (Outgoing { marks, ..going }, pieces));
        let taken = (vec![MessageId(7)], vec![]);
        for (is_alone, seen, marks, takes) in [
            (false, true, false, false),
            (true, true, false, true),
            (false, true, true, true),
            (true, false, false, false),
            // It is becoming seen, and counts once that is kept.
            (false, false, true, false),
        ] {
            let mut collected = Collected::default();
            collected.sent(office(), is_alone, &all(seen, marks));
            let expected = if takes { taken.clone() } else { (vec![], vec![MessageId(7)]) };
            assert_eq!(collected.whole(), expected, "{is_alone} {seen} {marks}");
            // Its own mark stays its own over a look, and goes with the mark.
            collected.know([entry(true)].iter());
            collected.sent(office(), false, &all(true, false));
            assert_eq!(collected.whole(), taken);
            collected.sent(office(), false, &all(false, false));
            assert_eq!(collected.whole(), (vec![], vec![MessageId(7)]));
        }
    }

    // Profile §8.10
    #[test]
    fn half_to_one_and_half_to_another_is_whole_to_nobody() {
        let mandate = |digit: &str| Delegate {
            agent: "kawara".parse().unwrap(),
            mandate: format!("MD{}", digit.repeat(32)).parse().unwrap(),
            digest: digit.repeat(64),
        };
        let agent = |digit: &str| Terminal { by: Some(mandate(digit)), ..office() };
        for (one, other) in [(office(), agent("1")), (agent("1"), office()), (agent("1"), agent("2"))] {
            let mut collected = Collected::default();
            collected.sent(one, true, &piece(true, 0..50));
            collected.sent(other.clone(), true, &piece(true, 50..100));
            assert_eq!(collected.whole(), NONE);
            collected.sent(other.clone(), true, &piece(true, 0..50));
            assert_eq!((collected.whole(), &collected.to), ((vec![MessageId(7)], vec![]), &Some(other)));
        }
    }
}
