//! What the operator may ask and what the gateway answers.

mod account;
mod audit;
mod directory;
mod evidence;
mod keeping;
mod licence;
mod notices;
mod status;

use std::path::PathBuf;

use fumibako_model::{
    Agent, AgentId, AppView, Continuation, Description, EvidenceId, LicenceView, Mandate, MandateId, MandateRow,
    OfficeNumber, Party, ProofFile, Refusal,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use account::{AccountRequest, AccountRow};
pub use audit::ActsReport;
pub use directory::{OfficeRow, PutReport};
pub use evidence::{
    AcceptedBundle, AcceptedNow, AcceptedRow, Audited, NotContinued, PruneView, RefusedMore, RefusedRow, Remedy,
    Tampered,
};
pub use keeping::{BackupReport, DayRow, FaultRow, HoldRow, PlaceRow, RestoreReport, StoreReport, VerifyReport};
pub use licence::{DeedRow, LicenceAsk, TermsRow};
pub use notices::{NoticeAsk, NoticeRow, NoticeState};
pub use status::{ExpiryView, Status};

/// A question of the operator.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Puts an office on the roll.
    OfficeAdd {
        /// 事業所番号.
        number: OfficeNumber,
        /// 事業所名.
        name: String,
    },
    /// Says something else of an office that is there.
    OfficeDescribe(Box<Description>),
    /// Puts offices on the roll, or says something else of them; all of them or none.
    OfficePut {
        /// What is said; what is not given stays as it is.
        offices: Vec<Description>,
        /// Change nothing.
        dry_run: bool,
    },
    /// All offices.
    OfficeList,
    /// One office.
    OfficeShow {
        /// 事業所番号.
        number: OfficeNumber,
    },
    /// Stops an office from sending and being sent to.
    OfficeSuspend {
        /// 事業所番号.
        number: OfficeNumber,
        /// Why; shown to the operator.
        reason: String,
    },
    /// Ends a suspension.
    OfficeResume {
        /// 事業所番号.
        number: OfficeNumber,
    },
    /// How much an office's folders hold, and may hold.
    OfficeQuota {
        /// 事業所番号.
        number: OfficeNumber,
        /// From now on, so many bytes.
        bytes: Option<u64>,
    },
    /// Grants a licence, or replaces it.
    LicenceGrant {
        /// 事業所番号.
        number: OfficeNumber,
        /// First day; today in Japan when absent.
        from: Option<Date>,
        /// Last day; a year from the first when absent.
        until: Option<Date>,
    },
    /// Of licences and terms, all else.
    Licence(LicenceAsk),
    /// All logins.
    AccountList,
    /// Something about logins.
    Account(AccountRequest),
    /// Puts a certificate of an office or agent on the roll: senders encrypt to it.
    CertAdd {
        /// Whose.
        party: Party,
        /// The certificate, PEM.
        pem: String,
    },
    /// Takes a certificate off the roll: nobody encrypts to it any more, and no signature by it is accepted.
    CertRemove {
        /// Whose.
        party: Party,
        /// SHA-256 of it, in hex.
        fingerprint: String,
        /// Why.
        reason: String,
        /// Even if no other is left that can be encrypted to.
        last: bool,
    },
    /// The certificates on the roll.
    CertList {
        /// Of this office or agent only.
        party: Option<Party>,
    },
    /// Puts an agent on the roll, or renames it.
    AgentAdd {
        /// 代行業者 id.
        id: AgentId,
        /// 名称.
        name: String,
    },
    /// All agents, or this one.
    AgentList {
        /// 代行業者 id.
        id: Option<AgentId>,
    },
    /// Stops an agent from acting for anybody, or lets it again.
    AgentSuspend {
        /// 代行業者 id.
        id: AgentId,
        /// Why; none ends a suspension.
        reason: Option<String>,
    },
    /// Registers a mandate that the operator has on paper.
    MandateAdd {
        /// What it says.
        mandate: Box<Mandate>,
    },
    /// The mandates, with how they stand.
    MandateList {
        /// Of this office only.
        office: Option<OfficeNumber>,
        /// To this agent only.
        agent: Option<AgentId>,
    },
    /// One mandate.
    MandateShow {
        /// Which.
        id: MandateId,
    },
    /// Ends a mandate now.
    MandateRevoke {
        /// Which.
        id: MandateId,
    },
    /// Takes a revocation list into the trusted folder.
    TrustAddCrl {
        /// The list, DER in base64.
        der: String,
    },
    /// Trusts an authority from now on.
    TrustAddCa {
        /// Its certificate, PEM.
        pem: String,
    },
    /// The trusted authorities.
    TrustList,
    /// What expires, and when; without `dry_run` what is due goes now.
    Expire {
        /// Change nothing.
        dry_run: bool,
    },
    /// Keeps a message over its expiry.
    HoldAdd {
        /// An office that has it.
        number: OfficeNumber,
        /// Its Message-ID, without angle brackets.
        message_id: String,
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Ends a hold.
    HoldRemove {
        /// The office for which it was placed.
        number: OfficeNumber,
        /// The Message-ID.
        message_id: String,
        /// Who.
        by: String,
    },
    /// All holds.
    HoldList,
    /// Destroys the keys of holds that no row knows.
    HoldClear {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Looks through the whole store.
    Inspect,
    /// Copies the store.
    Backup {
        /// Into this folder, an absolute path.
        to: PathBuf,
        /// The keys into this one.
        keys: Option<PathBuf>,
    },
    /// Evidence, the oldest first.
    EvidenceList {
        /// From or to this office.
        office: Option<OfficeNumber>,
        /// About this Message-ID, without angle brackets.
        message_id: Option<String>,
        /// After this piece.
        after: Option<EvidenceId>,
    },
    /// One piece, with what proves it.
    EvidenceExport {
        /// Which.
        id: EvidenceId,
    },
    /// Holds all evidence against the log.
    EvidenceVerify,
    /// Signs what waits, and takes a log that lost its end for what it is.
    EvidenceAccept {
        /// Why, as it is recorded.
        reason: String,
    },
    /// Lets the evidence go whose years are over.
    EvidencePrune {
        /// Tells what would go, and lets nothing go.
        dry_run: bool,
    },
    /// Receipts that changed nothing, the latest first.
    EvidenceRefused {
        /// Those that only came second, in place of those that were refused.
        repeated: bool,
        /// Brought by this office, in its name, or for its bundle.
        office: Option<OfficeNumber>,
        /// Older than the one of this number.
        before: Option<u64>,
    },
    /// The authorities that offices verify evidence with, and until when former keys signed.
    EvidenceAuthority,
    /// Does the log continue this head, which somebody was given?
    EvidenceContinues {
        /// The head, in base64.
        head: String,
    },
    /// Rows of the audit, the oldest first.
    AuditList {
        /// Of this office only.
        office: Option<OfficeNumber>,
        /// After this row.
        after: Option<u64>,
    },
    /// Holds the audit against itself and its signed heads.
    AuditVerify,
    /// About notices.
    Notice(NoticeAsk),
    /// How the gateway is.
    Status,
    /// What is counted, as OpenMetrics text.
    Metrics,
}

impl Request {
    /// The word in logs: never what was asked about a person, never a password.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OfficeAdd { .. } => "office-add",
            Self::OfficeDescribe(_) => "office-describe",
            Self::OfficePut { .. } => "office-put",
            Self::OfficeList => "office-list",
            Self::OfficeShow { .. } => "office-show",
            Self::OfficeSuspend { .. } => "office-suspend",
            Self::OfficeResume { .. } => "office-resume",
            Self::OfficeQuota { .. } => "office-quota",
            Self::LicenceGrant { .. } => "licence-grant",
            Self::Licence(ask) => ask.name(),
            Self::AccountList => "account-list",
            Self::Account(request) => request.name(),
            Self::CertRemove { .. } => "cert-remove",
            Self::CertAdd { .. } => "cert-add",
            Self::CertList { .. } => "cert-list",
            Self::AgentAdd { .. } => "agent-add",
            Self::AgentList { .. } => "agent-list",
            Self::AgentSuspend { .. } => "agent-suspend",
            Self::MandateAdd { .. } => "mandate-add",
            Self::MandateList { .. } => "mandate-list",
            Self::MandateShow { .. } => "mandate-show",
            Self::MandateRevoke { .. } => "mandate-revoke",
            Self::TrustAddCrl { .. } => "trust-add-crl",
            Self::TrustAddCa { .. } => "trust-add-ca",
            Self::TrustList => "trust-list",
            Self::Expire { .. } => "expire",
            Self::HoldAdd { .. } => "hold-add",
            Self::HoldRemove { .. } => "hold-remove",
            Self::HoldList => "hold-list",
            Self::HoldClear { .. } => "hold-clear",
            Self::Inspect => "inspect",
            Self::Backup { .. } => "backup",
            Self::EvidenceList { .. } => "evidence-list",
            Self::EvidenceExport { .. } => "evidence-export",
            Self::EvidenceVerify => "evidence-verify",
            Self::EvidenceAccept { .. } => "evidence-accept",
            Self::EvidencePrune { .. } => "evidence-prune",
            Self::EvidenceRefused { .. } => "evidence-refused",
            Self::EvidenceAuthority => "evidence-authority",
            Self::EvidenceContinues { .. } => "evidence-continues",
            Self::AuditList { .. } => "audit-list",
            Self::AuditVerify => "audit-verify",
            Self::Notice(_) => "notice",
            Self::Status => "status",
            Self::Metrics => "metrics",
        }
    }
}

impl Request {
    /// What it is about, for the log: an office or a login, never a password.
    pub(crate) fn about(&self) -> String {
        match self {
            Self::OfficeAdd { number, .. }
            | Self::OfficeShow { number }
            | Self::OfficeSuspend { number, .. }
            | Self::OfficeResume { number }
            | Self::OfficeQuota { number, .. }
            | Self::LicenceGrant { number, .. } => number.to_string(),
            Self::OfficeDescribe(office) => office.number.to_string(),
            Self::OfficePut { offices, .. } => match offices.as_slice() {
                [one] => one.number.to_string(),
                many => format!("{} offices", many.len()),
            },
            Self::Licence(ask) => ask.about(),
            Self::CertAdd { party, .. } => party.to_string(),
            Self::AgentAdd { id, .. } | Self::AgentSuspend { id, .. } => id.to_string(),
            Self::MandateAdd { mandate } => format!("{} for {}", mandate.agent, mandate.office),
            Self::MandateShow { id } | Self::MandateRevoke { id } => id.to_string(),
            Self::Account(request) => request.about(),
            Self::CertRemove { party, fingerprint, .. } => format!("{party} {fingerprint}"),
            Self::HoldAdd { number, message_id, .. } | Self::HoldRemove { number, message_id, .. } => {
                format!("{message_id} of {number}")
            }
            Self::Backup { to, keys } => {
                format!("{}{}", to.display(), if keys.is_some() { " with keys" } else { "" })
            }
            Self::Expire { dry_run } | Self::EvidencePrune { dry_run } => if *dry_run { "dry run" } else { "" }.into(),
            Self::CertList { party } => party.as_ref().map(ToString::to_string).unwrap_or_default(),
            Self::OfficeList
            | Self::AccountList
            | Self::AgentList { .. }
            | Self::MandateList { .. }
            | Self::TrustAddCrl { .. }
            | Self::TrustAddCa { .. }
            | Self::TrustList
            | Self::HoldList
            | Self::HoldClear { .. }
            | Self::Inspect
            | Self::EvidenceVerify
            | Self::EvidenceAccept { .. }
            | Self::EvidenceRefused { .. }
            | Self::EvidenceAuthority
            | Self::EvidenceContinues { .. }
            | Self::AuditVerify
            | Self::Status
            | Self::Metrics
            | Self::Notice(NoticeAsk::List { .. }) => String::new(),
            Self::EvidenceList { office, .. } | Self::AuditList { office, .. } => {
                office.map(|number| number.to_string()).unwrap_or_default()
            }
            Self::EvidenceExport { id } => id.to_string(),
            Self::Notice(NoticeAsk::Show { id } | NoticeAsk::Withdraw { id }) => id.to_string(),
            Self::Notice(NoticeAsk::Post { kind, .. }) => kind.to_string(),
        }
    }
}

/// A password on its way to the gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("‹secret›")
    }
}

/// The gateway's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Reply {
    /// Done.
    Done,
    /// One office.
    Office(Box<OfficeRow>),
    /// Offices, by number.
    Offices {
        /// The rows.
        offices: Vec<OfficeRow>,
    },
    /// What became of offices that were put on the roll.
    OfficesPut(PutReport),
    /// How much an office's folders hold, and may hold.
    Quota {
        /// 事業所番号.
        number: OfficeNumber,
        /// Bytes now.
        used: u64,
        /// Bytes at most.
        limit: u64,
    },
    /// Licences, by office.
    Licences {
        /// The rows, without the text of the terms.
        licences: Vec<LicenceView>,
    },
    /// One licence, with what the office signed of it.
    Licence {
        /// How it stands.
        licence: Box<LicenceView>,
        /// What was signed, in the order it came.
        deeds: Vec<DeedRow>,
    },
    /// Versions of the terms, the oldest first; the last is in force.
    Terms {
        /// The rows.
        terms: Vec<TermsRow>,
    },
    /// Logins, by user ID.
    Accounts {
        /// The rows.
        accounts: Vec<AccountRow>,
    },
    /// Application passwords, by name.
    Apps {
        /// The rows; one that was made just now with its password.
        apps: Vec<AppView>,
    },
    /// Certificates, by party and first day.
    Certificates {
        /// The rows.
        certificates: Vec<CertificateRow>,
    },
    /// Agents, by id.
    Agents {
        /// The rows.
        agents: Vec<Agent>,
    },
    /// Mandates, by office and agent.
    Mandates {
        /// The rows.
        mandates: Vec<MandateRow>,
    },
    /// Notices, by number.
    Notices {
        /// The rows.
        notices: Vec<NoticeRow>,
    },
    /// Trusted authorities.
    Authorities {
        /// Their subjects and ends.
        authorities: Vec<AuthorityRow>,
    },
    /// Days of mail, the oldest first.
    Expiry {
        /// The rows.
        days: Vec<DayRow>,
        /// Files removed because nobody needed them any more.
        files: u64,
        /// Their bytes.
        file_bytes: u64,
        /// Why some of what is due could not go, and what to do.
        #[serde(default)]
        failed: Option<String>,
    },
    /// Legal holds, the oldest first.
    Holds {
        /// The rows.
        holds: Vec<HoldRow>,
        /// Those of which there is a key and no row; with `HoldClear` those whose key is destroyed now.
        #[serde(default)]
        strays: Vec<String>,
    },
    /// What the look through the store found.
    Inspected(Box<StoreReport>),
    /// Evidence, octet for octet.
    Evidence {
        /// The pieces.
        entries: Vec<String>,
    },
    /// A piece of evidence with what proves it.
    Proof(Box<ProofFile>),
    /// Receipts that changed nothing, the latest first.
    RefusedReceipts {
        /// The rows.
        receipts: Vec<RefusedRow>,
        /// Numbers of rows that cannot be read.
        #[serde(default)]
        damaged: Vec<u64>,
        /// How many more there were.
        more: Vec<RefusedMore>,
    },
    /// The authorities of evidence.
    Authority {
        /// As PEM, with a line for each key that was replaced.
        pem: String,
    },
    /// The log continues a head.
    Continues(Continuation),
    /// It does not.
    NotContinued(NotContinued),
    /// Evidence that went, or would go.
    Pruned(PruneView),
    /// What the look through the evidence found.
    Audited(Box<Audited>),
    /// What the operator accepted now.
    Accepted(AcceptedNow),
    /// There was nothing that the operator could accept.
    NothingToAccept,
    /// Rows of the audit, octet for octet.
    Acts {
        /// The rows.
        rows: Vec<String>,
    },
    /// What the look through the audit found.
    ActsAudited(ActsReport),
    /// The copy that was made.
    BackedUp(BackupReport),
    /// It could not be done; the sentence says why and what to do.
    Failed {
        /// Why.
        why: String,
    },
    /// How the gateway is.
    Status(Box<Status>),
    /// What is counted, as OpenMetrics text.
    Metrics {
        /// It.
        text: String,
    },
    /// No, and why.
    No {
        /// The row of the catalogue.
        code: Refusal,
        /// What it is about.
        about: String,
    },
}

/// A certificate on the roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRow {
    /// Whose it is.
    pub party: String,
    /// Its subject.
    pub subject: String,
    /// Its first moment.
    pub from: jiff::Timestamp,
    /// Its last moment.
    pub until: jiff::Timestamp,
    /// Since when it, or an authority above it, is revoked, as far as lists and answers say.
    pub revoked: Option<jiff::Timestamp>,
    /// Since when it is off the roll.
    pub removed: Option<jiff::Timestamp>,
    /// `sign`, `encrypt` or both.
    pub uses: Vec<String>,
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// The certificate.
    pub pem: String,
}

/// A trusted authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityRow {
    /// Its name.
    pub subject: String,
    /// Its last moment.
    pub until: jiff::Timestamp,
    /// SHA-256 of its certificate, in hex.
    pub fingerprint: String,
}
