//! What the operator decides about submission, and the limits nobody needs to change.

use fumibako_model::Domain;
use jiff::SignedDuration;

/// Bad commands of one connection before it is closed with 421.
pub const BAD_COMMANDS: u32 = 20;
/// Failed logins of one connection before it is closed with 421 (RFC 4954 §4 asks for a limit).
pub const LOGIN_FAILURES: u32 = 3;
/// Bytes kept while the server answers a question. A driver that obeys effects in order reads nothing meanwhile, so
/// TCP holds the client back; one that reads on loses the connection past this.
pub const WAITING_BYTES: usize = 256 * 1024;

/// How a conversation behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name the gateway greets with.
    pub host: Domain,
    /// The domain of the addresses here; `<postmaster>` without one is at this one.
    pub domain: Domain,
    /// Largest message, in bytes, as SIZE announces it. Default 25 MiB. A larger one is refused with
    /// `Refusal::MessageTooLarge`, at MAIL when its size is declared, else after its end.
    pub message_bytes: u64,
    /// Recipients of one message. Default 100, the least RFC 5321 §4.5.3.1.8 allows. The next is refused with
    /// `Refusal::TooManyRecipients`.
    pub recipients: usize,
    /// Messages of one connection. Default 1,000. The next is answered 421; a client that has more comes again (RFC 9422).
    pub mails: u32,
    /// How long a client may be silent. Default 5 minutes (RFC 5321 §4.5.3.2.7). Then the connection is closed with 421.
    pub idle: SignedDuration,
    /// Time to log in. Default 3 minutes. Whoever has not by then is told 421 and closed, whatever it said meanwhile.
    pub login_within: SignedDuration,
}

impl Settings {
    /// The defaults, under these names.
    pub fn new(host: Domain, domain: Domain) -> Self {
        let (idle, login_within) = (SignedDuration::from_mins(5), SignedDuration::from_mins(3));
        Self { host, domain, message_bytes: 25 << 20, recipients: 100, mails: 1000, idle, login_within }
    }
}
