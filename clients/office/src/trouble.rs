//! Everything that can stop the office's program, once: what happened, what to do next, how the program ends.

mod words;

use std::path::{Path, PathBuf};

use fumibako_model::{MandateId, NotADeed, OfficeNumber, Party, Refusal, Refused};
use fumibako_signer::{CertificateError, IdentityError, ListError, SealError, SignError};
use jiff::Timestamp;

use crate::bundle::NotAttached;
use crate::exit::Exit;
use crate::partners::NoPartner;
use crate::verify::NotWhole;

pub use words::Words;

/// Why something was not done. [`Trouble::words`] says it to people, [`Trouble::exit`] to scripts.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no settings file.
    #[error("no settings at {0}")]
    NoSettings(PathBuf),
    /// The settings file is not as it must be.
    #[error("the settings in {0} cannot be read: {1}")]
    BadSettings(PathBuf, String),
    /// A setting that this command needs is empty.
    #[error("the setting {0} is missing")]
    SettingMissing(&'static str),
    /// The key file does not open.
    #[error("the key file {0}: {1}")]
    Identity(PathBuf, IdentityError),
    /// Our own certificate is not one to send with.
    #[error("the certificate in {0}: {1:?}")]
    OwnCertificate(PathBuf, Unfit),
    /// The key on a token is not at hand.
    #[error("the token {label} of {module}: {why:?}")]
    Token {
        /// The maker's library.
        module: PathBuf,
        /// The token's name.
        label: String,
        /// Why.
        why: NoToken,
    },
    /// A key file named on the command line does not open.
    #[error("the key file {0}: {1}")]
    KeyFile(PathBuf, IdentityError),
    /// A file of an old key does not open.
    #[error("the old key file {0}: {1}")]
    OldIdentity(PathBuf, IdentityError),
    /// The file of partners' certificates holds none.
    #[error("no certificate of a partner in {0}")]
    Partners(PathBuf),
    /// A line above a certificate of that file says something nobody knows.
    #[error("line {1} of {0}: {2}")]
    PartnerNote(PathBuf, usize, String),
    /// Nothing can be encrypted to an office.
    #[error("no certificate to encrypt to {office}: {why:?}")]
    NoPartner {
        /// The office addressed.
        office: OfficeNumber,
        /// What is missing.
        why: NoPartner,
    },
    /// The message could not be sealed.
    #[error("the message could not be sealed: {0}")]
    Seal(#[from] SealError),
    /// The file of trusted authorities is not one.
    #[error("the trusted authorities in {0}: {1}")]
    Trust(PathBuf, CertificateError),
    /// A revocation list is not one of a trusted authority.
    #[error("the revocation list {0}: {1}")]
    Revocation(PathBuf, ListError),
    /// The TLS anchors cannot be read.
    #[error("the TLS authorities in {0} cannot be read")]
    TlsAnchors(PathBuf),
    /// A file or folder cannot be read.
    #[error("{0} cannot be read: {1}")]
    CannotRead(PathBuf, std::io::Error),
    /// A file that is to be verified is no message.
    #[error("{0} is no message: {1:?}")]
    NotAMessage(PathBuf, NotWhole),
    /// Nobody said whom to believe.
    #[error("no trusted authorities are named")]
    NobodyTrusted,
    /// Nobody said whom to believe of what the gateway signed.
    #[error("no authority of the gateway's evidence is named")]
    NoGatewayTrusted,
    /// There is no such file, and no file fits such a pattern.
    #[error("no file {0}")]
    NoSuchFile(PathBuf),
    /// The folders named hold no file.
    #[error("no file to check")]
    NothingToCheck,
    /// A file is there already, and is not replaced.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// A file or folder cannot be written.
    #[error("{0} cannot be written: {1}")]
    CannotWrite(PathBuf, std::io::Error),
    /// The same, where no option replaces it.
    #[error("{0} is taken")]
    Taken(PathBuf),
    /// Standard output went away or is full.
    #[error("output: {0}")]
    Output(#[from] std::io::Error),
    /// Another run of this program holds the data folder.
    #[error("another run holds {0}")]
    Busy(PathBuf),
    /// The run that serves the screens of this data folder does not answer the next one.
    #[error("the screens of {0} do not answer")]
    Deaf(PathBuf),
    /// The command line asks for something that does not fit together.
    #[error("usage: {0:?}")]
    Usage(Usage),
    /// What is to be sent is past a limit of Profile §12.1.
    #[error("limit: {0:?}")]
    Limit(Limit),
    /// A file is none that may travel beside those of the standard (Profile §2.9).
    #[error("a file is not attached: {1:?}")]
    NotAttached(PathBuf, NotAttached),
    /// The message could not be signed.
    #[error("the message could not be signed: {0}")]
    Sign(#[from] SignError),
    /// Nobody answers at the gateway's address.
    #[error("the gateway {host} does not answer: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said.
        why: String,
    },
    /// Somebody answers, but cannot prove to be the gateway.
    #[error("{host} did not prove to be the gateway: {why}")]
    NotTheGateway {
        /// Host and port.
        host: String,
        /// What TLS said.
        why: String,
    },
    /// The gateway says something unexpected.
    #[error("the gateway's answer is not understood: {0}")]
    Garbled(String),
    /// The gateway says no.
    #[error("{refused}")]
    Refused {
        /// The row of the catalogue and what it is about.
        refused: Refused,
        /// The reference number, found again in the gateway's log.
        reference: Option<String>,
    },
    /// A received message does not hold what it claims.
    #[error("message not trusted: {0}")]
    Distrust(Refused),
    /// The demo's own gateway does not run.
    #[error("the demo's gateway: {0}")]
    NoGateway(String),
    /// There is no such message.
    #[error("no message {0}")]
    NoMessage(String),
    /// A bundle that is to be kept as it came is in no folder any more; was it erased at its time?
    #[error("no original (erased: {0})")]
    NoOriginal(bool),
    /// What is kept between two runs does not open.
    #[error("{0} does not open: {1:?}")]
    Kept(PathBuf, NotKept),
    /// There is no such mandate of ours.
    #[error("no mandate {0}")]
    NoMandate(MandateId),
    /// Somebody else has to do that, and nobody can in his place.
    #[error("not ours to do: {0:?}")]
    Alone(Alone),
}

/// Why what is kept between two runs does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It is not as it was written.
    Damaged,
    /// It was encrypted to a certificate whose key is not among ours.
    Key,
    /// It is a message of the outbox, and what it was nobody can say.
    Message,
}

/// What one party does alone (Profile §9.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// Offices grant mandates.
    OfficesGrant,
    /// Agents confirm them.
    AgentsConfirm,
}

/// Why a token's key is not at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// This program was built without tokens.
    Unsupported,
    /// The maker's library does not load.
    Module(String),
    /// No token of that name is connected.
    Missing,
    /// The PIN is wrong.
    WrongPin,
    /// The PIN was wrong too often.
    Locked,
    /// No certificate that may sign has its key there.
    NoKey,
    /// It said something else.
    Failed(String),
}

/// Why our own certificate is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It ended then.
    Ended(Timestamp),
    /// It begins then.
    Early(Timestamp),
    /// It is that office's or agent's.
    Other(Party),
    /// It was revoked then.
    Revoked(Timestamp),
}

/// What does not fit together on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `send` without a path and without `--resume`.
    NothingToSend,
    /// `--attach` or `--message` where the files make up more than one bundle, or none.
    AttachNeedsOneBundle(usize),
    /// `receipt` into a file that has the name of its page, or of the message beside it.
    NameOfThePage(PathBuf),
    /// Both `--message` and `--message-file`.
    TwoMessages,
    /// This cannot be delegated.
    Undelegable(String),
    /// There is no such scope.
    NoScope(String),
    /// `setup` needs this flag where nobody can be asked, or what was answered is none.
    Unanswered(&'static str),
    /// `office search` for nothing, or for too much.
    Search(String),
    /// A new password was not typed twice alike.
    TypedDifferently,
    /// A mandate that would allow nothing.
    Mandate(NotADeed),
    /// A Message-ID that several messages bear: which, how many, and the numbers of the first in the lists.
    Several(String, usize, Vec<String>),
    /// Begins as a number of evidence does, and is none.
    EvidenceNumber(String),
}

/// Limits of Profile §12.1 that this end keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Characters of the cover message: found, allowed.
    Cover(usize, usize),
    /// Files of one bundle: found, allowed.
    Files(usize, usize),
    /// Send units of one bundle: more than the `Fumibako-Bundle` field can name.
    Units(usize),
    /// Bytes of the message: found, allowed.
    Message(usize, usize),
    /// Bytes of a file to be verified: allowed.
    File(usize),
}

impl Trouble {
    /// For `map_err`: this path could not be read.
    pub fn reading(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        move |why| Self::CannotRead(path.as_ref().to_owned(), why)
    }

    /// For `map_err`: this path could not be written.
    pub fn writing(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        move |why| Self::CannotWrite(path.as_ref().to_owned(), why)
    }

    /// How the program ends if this stops it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoSettings(_)
            | Self::BadSettings(..)
            | Self::SettingMissing(_)
            | Self::Identity(..)
            | Self::OldIdentity(..)
            | Self::KeyFile(..)
            | Self::OwnCertificate(..)
            | Self::Partners(_)
            | Self::PartnerNote(..)
            | Self::NoPartner { why: NoPartner::NoFile | NoPartner::Stale(_), .. }
            | Self::Seal(SealError::Encrypt(_))
            | Self::Trust(..)
            | Self::NobodyTrusted
            | Self::NoGatewayTrusted
            | Self::Kept(_, NotKept::Key)
            | Self::Revocation(..)
            | Self::TlsAnchors(_) => Exit::NOT_SET_UP,
            // Profile §4.14
            Self::Token { why, .. } => match why {
                NoToken::WrongPin | NoToken::Locked => Exit::NOT_ALLOWED,
                NoToken::Failed(_) => Exit::TRY_AGAIN,
                NoToken::Unsupported | NoToken::Module(_) | NoToken::Missing | NoToken::NoKey => Exit::NOT_SET_UP,
            },
            Self::CannotRead(..)
            | Self::NoSuchFile(_)
            | Self::NothingToCheck
            | Self::NoMessage(_)
            | Self::NoOriginal(_) => Exit::NO_FILE,
            Self::CannotWrite(..) | Self::Exists(_) | Self::Taken(_) | Self::Output(_) => Exit::CANNOT_WRITE,
            // A key in a file always signs; a token may have been taken away meanwhile.
            Self::Busy(_)
            | Self::Deaf(_)
            | Self::Sign(SignError::Provider)
            | Self::Seal(SealError::Sign(SignError::Provider)) => Exit::TRY_AGAIN,
            Self::Usage(_) => Exit::USAGE,
            Self::NoMandate(_) => Exit(Refusal::MandateUnknown.row().exit),
            Self::Alone(_) => Exit::NOT_ALLOWED,
            Self::Limit(_)
            | Self::NotAMessage(..)
            | Self::NotAttached(..)
            | Self::Kept(_, NotKept::Damaged | NotKept::Message) => Exit::BAD_FILE,
            // The other bundles of the run go on.
            Self::NoPartner { .. } => Exit::PARTLY,
            Self::Sign(_) | Self::Seal(_) => Exit::BUG,
            Self::Unreachable { .. } | Self::Garbled(_) | Self::NoGateway(_) => Exit::UNAVAILABLE,
            Self::NotTheGateway { .. } | Self::Distrust(_) => Exit::NO_PROOF,
            Self::Refused { refused, .. } => Exit(refused.why.row().exit),
        }
    }

    /// The refusal behind it, if it is one of the catalogue.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refused, .. } | Self::Distrust(refused) => Some(refused.why),
            _ => None,
        }
    }

    /// Is it about the way to the gateway and not about this message? Then the message stays in the outbox for a later
    /// run, and the next one would meet the same trouble.
    pub fn is_on_the_way(&self) -> bool {
        match self {
            // A refused login says nothing about the message that waits behind it.
            Self::Refused { refused, .. } => refused.why.row().retryable() || is_about_the_login(refused.why),
            Self::Garbled(_) => false,
            _ => true,
        }
    }

    /// Is it about the office that sends, or its recipient, and not about the connection? Other offices' messages then go on.
    pub fn is_one_office_s(&self) -> bool {
        matches!(self, Self::Refused { refused, .. }
            if !is_about_the_login(refused.why) && !is_for_now(refused.why))
    }

    /// Does it pass while nobody does anything: the gateway is not reached, somebody else answers in its place, or it cannot answer now?
    /// What it stops is tried again by itself.
    pub fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NotTheGateway { .. } => true,
            Self::Refused { refused, .. } => is_for_now(refused.why),
            _ => false,
        }
    }

    /// The same once more: for the messages behind the one that met it, and for every page that tells it.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::Refused { refused, reference } => {
                Self::Refused { refused: refused.clone(), reference: reference.clone() }
            }
            Self::Unreachable { host, why } => Self::Unreachable { host: host.clone(), why: why.clone() },
            Self::NotTheGateway { host, why } => Self::NotTheGateway { host: host.clone(), why: why.clone() },
            Self::CannotWrite(path, why) => Self::CannotWrite(path.clone(), same(why)),
            Self::CannotRead(path, why) => Self::CannotRead(path.clone(), same(why)),
            Self::Identity(path, why) => Self::Identity(path.clone(), why.clone()),
            Self::OldIdentity(path, why) => Self::OldIdentity(path.clone(), why.clone()),
            Self::SettingMissing(name) => Self::SettingMissing(name),
            Self::Kept(path, why) => Self::Kept(path.clone(), *why),
            Self::Busy(path) => Self::Busy(path.clone()),
            Self::Token { module, label, why } => {
                Self::Token { module: module.clone(), label: label.clone(), why: why.clone() }
            }
            other => Self::Garbled(other.to_string()),
        }
    }
}

/// An error of the system by its number, or by its kind and words.
fn same(why: &std::io::Error) -> std::io::Error {
    let known = why.raw_os_error().map(std::io::Error::from_raw_os_error);
    known.unwrap_or_else(|| std::io::Error::new(why.kind(), why.to_string()))
}

/// Is it about the gateway at this moment, and about nobody's message?
fn is_for_now(why: Refusal) -> bool {
    why.row().code.starts_with("E-TMP-")
}

fn is_about_the_login(why: Refusal) -> bool {
    use Refusal::{
        AccountSuspended, AppPasswordElsewhere, LoginNeeded, PasswordExpired, PasswordLapsed, PasswordTemporary,
        TlsNeeded, TooManyFailures, WrongPassword,
    };
    matches!(
        why,
        WrongPassword
            | LoginNeeded
            | TlsNeeded
            | TooManyFailures
            | PasswordTemporary
            | PasswordExpired
            | PasswordLapsed
            | AccountSuspended
            | AppPasswordElsewhere
    )
}
