//! The gateway: it accepts signed bundles, keeps them, hands them to their recipients, and writes down what happened.
//!
//! Start at [`Gateway::start`]; a connection is accepted in `listen`, driven in `drive`, and answered at the `desk`.
//!
//! Never here: the rules (they are in `model` and `store`), the protocols (`wire`), SQL (`sqlite`). The clock is read
//! in `clock` alone.

mod accepted;
mod admin;
pub mod cli;
mod clock;
mod config;
mod counts;
mod desk;
mod drive;
mod expire;
mod gateway;
mod house;
mod https;
mod init;
mod licence;
mod listen;
mod metrics;
mod notices;
mod password;
mod peer;
mod proof;
mod prune;
mod report;
mod stamp;
mod tls;
mod trust;
mod witness;

pub use admin::{
    AcceptedBundle, AcceptedNow, AcceptedRow, AccountRequest, AccountRow, ActsReport, Admin, Audited, AuthorityRow,
    BackupReport, CallError, CertificateRow, DayRow, DeedRow, ExpiryView, FaultRow, HoldRow, LicenceAsk, NotContinued,
    NoticeAsk, NoticeRow, NoticeState, OFFICES_AT_ONCE, OfficeRow, PlaceRow, PruneView, PutReport, RefusedMore,
    RefusedRow, Remedy, Reply, Request, RestoreReport, Secret, Status, StoreReport, Tampered, TermsRow, VerifyReport,
    call,
};
pub use clock::Clock;
pub use config::{
    Config, ConfigError, Evidence, Form, Limits, Listen, MESSAGE_BYTES_MOST, Moments, Passwords, Submission, Tls,
};
pub use gateway::{Addresses, Gateway, Running, StartError};
pub use init::{
    CONFIG_FILE, InitError, InitOptions, Ports, development_authority, evidence_authority_file, init, issue_office,
    issue_to, tls_authority_file, write_private,
};
pub use password::Cost;
pub use witness::seal_key;
