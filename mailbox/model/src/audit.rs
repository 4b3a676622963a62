//! 監査記録: who changed which right, and what an agent did for an office (Profile §16). One row for each, chained to the one before.
//!
//! Never here: content, names of people, passwords.

mod told;

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::AgentId;
use crate::text::steers;

pub use told::{ACTS_TOLD, ToldAct, ToldActs};

/// Longest text in a row of the audit, in characters; what is longer is cut.
pub const AUDIT_CHARACTERS: usize = 200;

/// Something was done that the audit tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// Who: `operator`, perhaps with the user of its machine, `gateway`, an office number or an agent id.
    pub by: String,
    /// What.
    pub what: What,
    /// The office whose right or mailbox it is, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub office: Option<OfficeNumber>,
    /// A login, an agent, a mandate, a certificate, a Message-ID.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub about: String,
    /// A reason, a limit, a day.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub note: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words are the values")]
pub enum What {
    OfficePut,
    OfficeSuspended,
    OfficeResumed,
    AgentPut,
    AgentSuspended,
    AgentResumed,
    AccountMade,
    PasswordSet,
    AccountRemoved,
    AccountSuspended,
    AccountResumed,
    RoleSet,
    AppPasswordMade,
    AppPasswordRemoved,
    CertificateEnrolled,
    CertificateRemoved,
    LicenceGranted,
    LicenceApplied,
    LicenceRenewed,
    LicenceRenewal,
    LicencePayment,
    LicenceSuspended,
    LicenceResumed,
    LicenceWarned,
    TermsPublished,
    MandateRegistered,
    MandateConfirmed,
    MandateRevoked,
    AuthorityTrusted,
    RevocationsTaken,
    NoticePosted,
    NoticeWithdrawn,
    HoldPlaced,
    HoldReleased,
    ExpiryAsked,
    EvidencePruned,
    /// The operator accepted a log that does not continue what was signed.
    EvidenceAccepted,
    BackupMade,
    /// A copy was made this store again: what was written after the copy is not here.
    BackupRestored,
    /// An agent logged in as an office.
    AgentActs,
    /// An agent opened a folder of an office.
    AgentOpened,
    /// An agent sent a bundle for an office.
    AgentSent,
    /// An agent acknowledged a bundle for an office.
    AgentAcknowledged,
    /// An agent said for an office that a bundle could not be opened.
    AgentCouldNotOpen,
    /// A whole message went to an agent's terminal.
    AgentCollected,
    /// An agent filed, copied, moved or removed messages of an office.
    AgentChanged,
}

/// A row of the audit, as it is hashed and exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The form of this: 1.
    pub v: u8,
    /// Its number, from 0.
    pub n: u64,
    /// SHA-256 of the row before, in hex; of the first 64 zeros.
    pub previous: String,
    /// What was done.
    #[serde(flatten)]
    pub done: Done,
}

/// What the gateway signs: the audit as it stood at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The form of this: 1.
    pub v: u8,
    /// Whose audit: the gateway's mail domain.
    pub audit: String,
    /// Rows in it.
    pub rows: u64,
    /// SHA-256 of the last of them, in hex.
    pub hash: String,
    /// When it was signed.
    pub at: Timestamp,
    /// From this row on all bear the gateway's seal until they are signed for; none said it before there were any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sealed_from: Option<u64>,
}

impl Done {
    /// Somebody did this; about whom, and why, is added.
    pub fn new(at: Timestamp, by: impl ToString, what: What) -> Self {
        Self { at, by: cut(by), what, office: None, about: String::new(), note: String::new() }
    }

    /// An agent did this for an office.
    pub fn by_agent(at: Timestamp, agent: &AgentId, what: What, office: OfficeNumber) -> Self {
        Self::new(at, agent, what).of(office)
    }

    /// It is of this office.
    #[must_use]
    pub fn of(self, office: OfficeNumber) -> Self {
        Self { office: Some(office), ..self }
    }

    /// It is about this.
    #[must_use]
    pub fn about(self, about: impl ToString) -> Self {
        Self { about: cut(about), ..self }
    }

    /// With this reason or limit.
    #[must_use]
    pub fn noting(self, note: impl ToString) -> Self {
        Self { note: cut(note), ..self }
    }

    /// As a row of the audit, after this one.
    pub fn row(&self, n: u64, previous: String) -> AuditRow {
        AuditRow { v: 1, n, previous, done: self.clone() }
    }
}

/// One line, not a long one, and nothing in it that makes it look like another: some of it an agent may have named.
fn cut(text: impl ToString) -> String {
    let plain = |c: char| if steers(c) { ' ' } else { c };
    text.to_string().chars().take(AUDIT_CHARACTERS).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §16.1
    #[test]
    fn a_row_is_one_line_of_json_and_reads_back() {
        let done = Done::new(Timestamp::UNIX_EPOCH, "operator uid 0", What::OfficeSuspended)
            .of("9970000011".parse().unwrap())
            .noting("届出の\n確認");
        let row = done.row(7, "00".into());
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(
            text,
            "{\"v\":1,\"n\":7,\"previous\":\"00\",\"at\":\"1970-01-01T00:00:00Z\",\"by\":\"operator uid 0\",\
             \"what\":\"office-suspended\",\"office\":\"9970000011\",\"note\":\"届出の 確認\"}"
        );
        assert_eq!(serde_json::from_str::<AuditRow>(&text).unwrap(), row);
        let long = Done::new(Timestamp::UNIX_EPOCH, "x".repeat(AUDIT_CHARACTERS + 1), What::AgentActs);
        assert_eq!(long.by.len(), AUDIT_CHARACTERS);
        // What an agent names is not what it looks like.
        let named = row.done.about("copy 1 from INBOX to 運用\u{202E}者\u{2066}\u{200F}\u{7}より");
        assert_eq!(named.about, "copy 1 from INBOX to 運用 者   より");
    }
}
