//! The nouns of Fumibako, and their rules as pure functions.
//!
//! Start at [`Roll`] (who may do what), [`Refusal`] (every way to say no), [`Evidence`] (what is written down).
//!
//! Never here: a clock, a file, a socket; nothing waits. Never printed: care data (see [`Private`]).

mod accepted;
mod account;
mod address;
mod audit;
mod bundle;
mod certificate;
mod directory;
mod document;
mod entry;
mod evidence;
mod expiry;
mod fault;
pub mod happened;
mod licence;
mod life;
pub mod log;
mod login;
mod mailbox;
mod mandate;
mod notice;
mod notification;
mod private;
mod promised;
mod proof;
mod refusal;
mod remind;
mod roll;
mod routing;
mod section;
mod speaker;
mod state;
mod term;
mod text;
mod uid_set;
mod wishes;
mod witnesses;

pub use accepted::{Acceptance, ShownBundle};
pub use account::{
    APP_PASSWORDS, Account, AccountChange, AccountView, AppPassword, AppView, Door, NewApp, NoSuchWord, OfficeView,
    PASSWORD_BYTES, PasswordRules, PasswordState, PasswordView, Role, Unfit,
};
pub use address::{AGENT_ID_BYTES, Address, AgentId, DOMAIN_BYTES, Domain, Local, NotAnAddress, Party};
pub use audit::{ACTS_TOLD, AUDIT_CHARACTERS, AuditHead, AuditRow, Done, ToldAct, ToldActs, What};
pub use bundle::{BUNDLE_FIELD, BUNDLE_FIELD_BYTES, BundleFacts, NotBundleFacts};
pub use certificate::{
    CERTIFICATE_TYPE, CERTIFICATE_WORD_BYTES, CERTIFICATES, CertificateWord, Challenge, Enrol, OwnCertificate, Remove,
};
pub use directory::{
    DETAIL_CHARACTERS, Description, Details, Directory, FOUND, Found, Indexed, KINDS, Listed, ListedAgent,
    ListedCertificate, OFFICE_NAME_CHARACTERS, SEARCHED_CHARACTERS, Search, Shown, Sought,
};
pub use entry::{Erased, Keeping, LogEntry, NotAnEntry, Pruned, Pruning, erased_leaves};
pub use evidence::{Event, Evidence, EvidenceId, NotAnEvidenceId, Reason, Recorded};
pub use expiry::{
    Dates, DayState, Goes, LEAP_DAYS, NotADayState, NotARetention, Retention, Standing, Step, goes, leapt,
    next_midnight, steps,
};
pub use fault::Fault;
pub use fumibako_careplan::{
    Edition, NotAServiceKind, NotAnOfficeNumber, OfficeNumber, ServiceKind, ServiceMonth, UnitKind,
};
pub use licence::{
    Asked, Consent, DEED_MINUTES, ENDING_DAYS, FEE_YEN, LICENCE_DEED_TYPE, LicenceDeed, LicenceDue, LicenceOrder,
    LicenceState, LicenceTerms, LicenceView, Licensing, NotALicenceDeed, NotAWord, NotTerms, PERIODS, PayBy, Payment,
    Period, Switch, TERMS_BYTES, TERMS_VERSION_BYTES, USER_CHARACTERS, WARNING_DAYS, last_day,
};
pub use life::{Happening, Life, Outcome, Report, outcome};
pub use login::Login;
pub use mailbox::{
    ANNOTATION_BYTES, ANNOTATIONS, Annotation, Changes, Entry, FOLDER_NAME_BYTES, FlagChange, Flags, FolderId,
    FolderName, FolderStatus, FolderView, KEYWORD_BYTES, KEYWORDS, Keywords, Listing, MessageId, ModSeq, NamedFlags,
    NotAFolderName, STANDARD_FOLDERS, SpecialUse, Uid, UidValidity,
};
pub use mandate::{
    Access, Act, AgentReader, COUNTERPARTIES, DEED_BYTES, DEED_TYPE, Deed, Delegate, Granted, MANDATES_A_DAY,
    MANDATES_OF_OFFICE, Mandate, MandateId, MandateRow, MandateState, NotADeed, NotAMandateId, OFFICES,
    READERS_AT_ONCE, Readers, Registered, Said, Scope, Terms, UNCONFIRMED_AT_AGENT, agent_rights, agent_subscriptions,
    allowing, begins_subscribed, delegated, seen_by_agents,
};
pub use notice::{
    NOTICE_BODY, NOTICE_DAYS, NOTICE_TITLE, NOTICES, NOTICES_AT_ONCE, NOTICES_FOLDER, NotANotice, NotANoticeKind,
    Notice, NoticeKind, Stop, notice_message, notice_uid,
};
pub use notification::{Became, CLOCK_SKEW, Notification, original_message_id};
pub use private::Private;
pub use promised::Promised;
pub use proof::{
    Continuation, ErasureProof, MandateDeed, PROOF_FORM, ProofFile, Proven, TrustState, as_it_came, hash, kept_until,
};
pub use refusal::{ABOUT_BYTES, NotACode, Refusal, Refused, Row, not_signed, not_trusted, revoked, right_kind};
pub use remind::{FIRST_REMINDER_HOURS, Reminders, Reminding, first_reminder};
pub use roll::{Agent, CertificateKey, End, Enrolled, JAPAN, Licence, Office, Roll, japanese_day};
pub use routing::{ROUTING_FIELDS, is_routing, routing_agrees};
pub use section::{HEADER_BYTES, message_id, read_section};
pub use speaker::{THE_OFFICE, speaks_alone};
pub use state::{ACKNOWLEDGED, MDN_SENT, REFUSED, State, is_mark, marks};
pub use term::{EvidenceTerm, NotAnEvidenceTerm};
pub use text::steers;
pub use uid_set::UidSet;
pub use wishes::{RecipientWishes, Wishes};
pub use witnesses::{KeyStanding, Witnesses};
