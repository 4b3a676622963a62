//! The limits of a POP3 conversation.

use jiff::SignedDuration;

/// Longest command line with its CR LF (RFC 2449 §4). PASS may be longer, as passwords may; AUTH, as responses may.
pub(super) const COMMAND_BYTES: usize = 255;
/// Longest PASS.
pub(super) const PASS_BYTES: usize = 1_100;
/// Commands in a row that make no sense, before the connection ends.
pub(super) const BAD_COMMANDS: u32 = 20;
/// Failed logins of one connection before it ends.
pub(super) const LOGIN_FAILURES: u32 = 3;
/// Bytes that may wait while the server thinks. Past it the peer floods, and the connection ends.
pub(super) const WAITING_BYTES: usize = 256 * 1024;
/// Octets of a message that are read at a time (Profile §13.6).
pub(super) const PIECE_BYTES: u64 = 128 * 1024;
/// Bytes of one step of a long list.
pub(super) const STEP_BYTES: usize = 32 * 1024;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Days a message is kept, as EXPIRE says them (RFC 2449 §6.7). Default 90.
    pub retention_days: u16,
    /// Silence after which a logged-in connection is closed. Default 10 minutes, the least RFC 1939 §3 allows.
    pub idle: SignedDuration,
    /// Time to log in. Default 3 minutes. A connection that has not logged in by then is closed.
    pub login_within: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        let (idle, login_within) = (SignedDuration::from_mins(10), SignedDuration::from_mins(3));
        Self { retention_days: 90, idle, login_within }
    }
}
