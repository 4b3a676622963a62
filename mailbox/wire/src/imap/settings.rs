//! The limits of an IMAP conversation.

use jiff::SignedDuration;

/// Longest command, with its literals (APPEND's message aside), in bytes. Past it the connection ends: where the next
/// command begins can no longer be known.
pub(super) const COMMAND_BYTES: usize = 64 * 1024;
/// Bytes that may wait while the server thinks. Past it the peer floods, and the connection ends.
pub(super) const WAITING_BYTES: usize = 1024 * 1024;
/// A refused literal that comes unasked (LITERAL+) is let go by up to this many bytes; past it the connection ends.
pub(super) const PASSED_BYTES: u64 = 256 * 1024 * 1024;
/// Commands in a row that make no sense, before the connection ends.
pub(super) const BAD_COMMANDS: u32 = 20;
/// Items of one FETCH.
pub(super) const FETCH_ITEMS: usize = 100;
/// Field names of one HEADER.FIELDS.
pub(super) const FIELD_NAMES: usize = 100;
/// Keys of one SEARCH that need the message's octets.
pub(super) const TEXT_KEYS: usize = 100;
/// Those of them that look through the texts of its parts: BODY and TEXT.
pub(super) const BODY_KEYS: usize = 10;
/// Octets of one message that BODY and TEXT look through: headers and text parts, in order, before decoding. All of it
/// is done in one step, beside those who wait; SEARCH says so when it passed over what lies behind.
pub(super) const SEARCHED_BYTES: usize = 4 * 1024 * 1024;
/// Keys, times messages, that are judged in one step while others wait.
pub(super) const JUDGED_KEYS: usize = 1_000_000;
/// Headers that SEARCH, SORT and THREAD ask for at a time.
pub(super) const HEADS: usize = 256;
/// Headers that FETCH asks for at a time: it holds them until they are said.
pub(super) const FETCHED_HEADS: usize = 64;
/// Small messages asked for at once, at most, and the octets they may have together.
pub(super) const FETCHED_BODIES: usize = 16;
pub(super) const FETCHED_BYTES: u64 = 256 << 10;
/// Messages of which the server is told together that their octets went out, at most.
pub(super) const SENT_TOGETHER: usize = 256;
/// Octets of headers whose references THREAD follows in one step while others wait.
pub(super) const LINKED_BYTES: u64 = 16 << 10;
/// Octets of a message, behind its header, in which FETCH looks for the words of a PREVIEW.
pub(super) const PREVIEW_BYTES: usize = 128 * 1024;
/// Characters of a PREVIEW (RFC 8970 §3.3).
pub(super) const PREVIEW_CHARS: usize = 200;
/// So often a client hears how far its search is (RFC 9585 §4: not before 10 seconds went by).
pub(super) const PROGRESS: SignedDuration = SignedDuration::from_secs(10);
/// Criteria of one SORT.
pub(super) const CRITERIA: usize = 20;
/// Octets of a text by which SORT orders messages; what differs behind them does not count.
pub(super) const SORTED_BYTES: usize = 256;
/// References of one message that THREAD follows: the last ones.
pub(super) const REFERENCES: usize = 200;
/// Messages that are not there and that one THREAD keeps in mind; references to others are not followed.
pub(super) const REFERRED: usize = 500_000;
/// Levels that THREAD climbs to see that a reference does not lead in a circle. Deeper down it follows none that might.
pub(super) const ANCESTORS: usize = 1_000;
/// Levels of parentheses, NOT and OR in one SEARCH; ORs that stand in one another are one.
pub(super) const SEARCH_DEPTH: usize = 50;
/// Addresses of one field shown in an ENVELOPE.
pub(super) const ADDRESSES: usize = 1_000;
/// Room a quiet connection keeps for what comes next, in bytes.
pub(super) const IDLE_BYTES: usize = 4 * 1024;
/// Octets of a message that are read at a time, where it goes out as it is.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// Octets in which every header ends; what stands behind is no header.
pub(super) const HEAD_BYTES: usize = crate::mime::HEADER_BYTES + 1024;
/// Bytes of one step of a long answer.
pub(super) const STEP_BYTES: usize = 32 * 1024;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Largest message APPEND takes, in bytes. Default 25 MiB. A larger one is refused before its literal is asked for.
    pub message_bytes: u64,
    /// Silence after which a logged-in connection is closed. Default 30 minutes, the least RFC 3501 §5.4 allows.
    pub idle: SignedDuration,
    /// Time to log in. Default 3 minutes. A connection that has not logged in by then is closed.
    pub login_within: SignedDuration,
    /// Failed logins of one connection. Default 3. At the last one it is closed.
    pub login_failures: u32,
    /// Days that content is kept, as METADATA tells it (Profile §8.25). Default 90.
    pub retention_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes: 25 * 1024 * 1024,
            idle: SignedDuration::from_mins(30),
            login_within: SignedDuration::from_mins(3),
            login_failures: 3,
            retention_days: 90,
        }
    }
}
