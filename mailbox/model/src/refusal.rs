//! Every way to say no, once, with how each protocol spells it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest text that says what a refusal is about, in bytes.
pub const ABOUT_BYTES: usize = 160;

/// Why something is refused. [`Refusal::row`] says it in words and in every protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the sentence of each stands in the catalogue below")]
pub enum Refusal {
    NotSigned,
    SignatureBroken,
    SignatureMalformed,
    AlgorithmNotAllowed,
    SignedFieldsDiffer,
    FormNotAccepted,
    SealBroken,
    UnknownAuthority,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateUnfit,
    NotItsCertificate,
    CertificateNamesNobody,
    NotSealedToRecipient,
    SealedForOthers,
    CertificateRemoved,
    CertificateUnknown,
    LastCertificate,
    ChallengeUnfit,
    CertificateWordUnfit,
    TooManyCertificates,
    CertificateOfAProxy,
    CertificateForDisability,
    CertificateRevoked,
    RevocationUnknown,
    SenderNotLicensed,
    RecipientNotLicensed,
    SenderSuspended,
    RecipientSuspended,
    LicenceUnread,
    LicenceNotByIt,
    TermsNotCurrent,
    LicenceNotRenewable,
    LicenceHeld,
    LicenceNone,
    LicenceStale,
    NotMandated,
    MandateRevoked,
    MandateExpired,
    MandateUnconfirmed,
    MandateNotYet,
    MandateScope,
    MandateCounterparty,
    MandateKinds,
    MandateMonth,
    MandateUnread,
    MandateNotSignedByIt,
    MandateUnknown,
    TooManyMandates,
    TooManyUnconfirmed,
    MandateMisdated,
    AgentNotNamed,
    AgentUnknown,
    AgentSuspended,
    RecipientUnknown,
    SenderUnknown,
    OtherDomain,
    RecipientIsSender,
    EnvelopeDiffers,
    OneRecipientOnly,
    NoSuchFolder,
    FolderExists,
    FolderIsProtected,
    NoSuchMessage,
    OfficeUnknown,
    LoginExists,
    LoginUnknown,
    ValueUnfit,
    ContentExpired,
    FolderIsStandard,
    EvidenceUnknown,
    EvidencePruned,
    EvidenceSeveral,
    NoticeUnknown,
    NothingToHold,
    AlreadyHeld,
    NotHeld,
    EvidenceBroken,
    EvidenceKeyReplaced,
    MessageMalformed,
    FileNotForRecipient,
    FileNotFromSender,
    NotASendUnit,
    NoFiles,
    ReceiptUnknownMessage,
    ReceiptNotByRecipient,
    ReceiptDigestDiffers,
    ReceiptFromTheFuture,
    MessageTooLarge,
    HeadersTooLarge,
    TooManyParts,
    TooManyRecipients,
    QuotaFull,
    TooManyKeywords,
    TooManyFolders,
    TooManyNotices,
    TooManyHolds,
    MessageIdReused,
    WrongPassword,
    LoginNeeded,
    TlsNeeded,
    TooManyFailures,
    PasswordTemporary,
    PasswordExpired,
    PasswordLapsed,
    AccountSuspended,
    AppPasswordElsewhere,
    PasswordUnfit,
    RoleForbids,
    TooManyConnections,
    TooManyQuestions,
    StoreBusy,
    StorageFull,
    ShuttingDown,
    Internal,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `E-SIG-001`: stable, quoted in logs, replies and manuals.
    pub code: &'static str,
    /// SMTP reply code.
    pub smtp: u16,
    /// RFC 3463 enhanced status code.
    pub enhanced: &'static str,
    /// RFC 5530 response code.
    pub imap: &'static str,
    /// HTTP status; the problem type (RFC 9457) is `urn:fumibako:problem:<code>`.
    pub http: u16,
    /// The office program's exit code.
    pub exit: u8,
    /// What happened, in Japanese.
    pub ja: &'static str,
    /// What to do next, in Japanese.
    pub next_ja: &'static str,
    /// What happened, in English (ASCII: SMTP replies carry it).
    pub en: &'static str,
    /// What to do next, in English.
    pub next_en: &'static str,
}

impl Row {
    /// May the same message simply be tried again later?
    pub fn retryable(&self) -> bool {
        self.smtp < 500
    }

    /// The problem type of an HTTP answer (RFC 9457 §3.1.1).
    pub fn problem_type(&self) -> String {
        format!("urn:fumibako:problem:{}", self.code)
    }
}

/// A refusal, and what it was about: a number, a date, a limit; never a name of a person or content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refused {
    /// The row of the catalogue.
    pub why: Refusal,
    /// ASCII, short, may be empty.
    pub about: String,
}

impl Refusal {
    /// This refusal, said of something. SMTP replies carry it (RFC 5321 §4.2: printable ASCII), so other characters
    /// become `?` and what is longer than [`ABOUT_BYTES`] is cut.
    pub fn about(self, about: impl fmt::Display) -> Refused {
        let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
        Refused { why: self, about: about.to_string().chars().take(ABOUT_BYTES).map(printable).collect() }
    }

    /// Its row of the catalogue.
    pub fn row(self) -> &'static Row {
        CATALOGUE.iter().find(|(refusal, _)| *refusal == self).map_or(&CATALOGUE[CATALOGUE.len() - 1].1, |(_, row)| row)
    }

    /// All refusals with their rows, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = (Self, &'static Row)> {
        CATALOGUE.iter().map(|(refusal, row)| (*refusal, row))
    }
}

impl From<Refusal> for Refused {
    fn from(why: Refusal) -> Self {
        Self { why, about: String::new() }
    }
}

impl fmt::Display for Refused {
    /// `E-CRT-005 The certificate belongs to another office (9970000029). Sign with …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.why.row();
        write!(f, "{} {}", row.code, row.en)?;
        if !self.about.is_empty() {
            write!(f, " ({})", self.about)?;
        }
        write!(f, ". {}.", row.next_en)
    }
}

/// The text is no code of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of the catalogue")]
pub struct NotACode;

impl FromStr for Refusal {
    type Err = NotACode;
    fn from_str(code: &str) -> Result<Self, NotACode> {
        CATALOGUE.iter().find(|(_, row)| row.code == code).map(|(refusal, _)| *refusal).ok_or(NotACode)
    }
}

impl Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.row().code)
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

const fn row(
    code: &'static str,
    (smtp, enhanced, imap, http, exit): (u16, &'static str, &'static str, u16, u8),
    ja: [&'static str; 2],
    en: [&'static str; 2],
) -> Row {
    Row { code, smtp, enhanced, imap, http, exit, ja: ja[0], next_ja: ja[1], en: en[0], next_en: en[1] }
}

mod catalogue;
mod kind;
mod proof;
mod spoken;

use catalogue::CATALOGUE;
pub use kind::right_kind;
pub use proof::{not_signed, not_trusted, revoked};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_column_of_the_catalogue_is_filled_and_says_one_thing() {
        let mut codes = BTreeSet::new();
        for (refusal, row) in Refusal::all() {
            assert!(codes.insert(row.code), "{} stands twice", row.code);
            assert_eq!(row.code.parse::<Refusal>(), Ok(refusal));
            for text in [row.ja, row.next_ja, row.en, row.next_en, row.imap] {
                assert!(!text.is_empty(), "{} has an empty column", row.code);
            }
            assert!(row.ja.ends_with('。') && row.next_ja.ends_with('。'), "{}", row.code);
            assert!(!row.en.ends_with('.') && !row.next_en.ends_with('.'), "{}", row.code);
            assert!(row.en.is_ascii() && row.next_en.is_ascii(), "{} cannot stand in an SMTP reply", row.code);
        }
    }

    // Profile §10.10
    #[test]
    fn an_agent_reads_that_the_office_renews() {
        let row = Refusal::SenderNotLicensed.row();
        assert!(row.next_ja.starts_with("事業所が") && row.next_ja.contains("代行業者にはできません"));
        assert!(row.next_en.starts_with("The office ") && row.next_en.contains("an agent cannot"));
    }

    #[test]
    fn classes_agree_across_protocols() {
        for (_, row) in Refusal::all() {
            let class = row.smtp / 100;
            assert!(row.enhanced.starts_with(&format!("{class}.")), "{}: RFC 3463 §2", row.code);
            match class {
                4 => assert!(matches!(row.http, 429 | 503 | 507) && row.exit == 75, "{}: may be tried again", row.code),
                5 => assert!((400..500).contains(&row.http) && row.exit != 75, "{}: is final", row.code),
                _ => panic!("{} is no refusal", row.code),
            }
            assert_eq!(row.retryable(), class == 4);
        }
    }

    #[test]
    fn families_are_those_of_the_profile() {
        const FAMILIES: [&str; 12] =
            ["SIG", "CRT", "REV", "LIC", "DLG", "DIR", "STD", "SIZ", "DUP", "AUT", "TMP", "SYS"];
        for (_, row) in Refusal::all() {
            let mut parts = row.code.split('-');
            assert_eq!(parts.next(), Some("E"));
            assert!(parts.next().is_some_and(|family| FAMILIES.contains(&family)), "{}", row.code);
            assert!(
                parts.next().is_some_and(|n| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit())),
                "{}",
                row.code
            );
        }
    }

    #[test]
    fn every_refusal_has_a_row_of_its_own() {
        // `row` falls back to the last row; only `Internal` may reach it.
        assert_eq!(Refusal::Internal.row().code, CATALOGUE[CATALOGUE.len() - 1].1.code);
        assert_eq!(CATALOGUE.len(), Refusal::Internal as usize + 1);
        for (at, (refusal, _)) in CATALOGUE.iter().enumerate() {
            assert_eq!(*refusal as usize, at, "the catalogue stands in the order of the enum");
        }
    }

    #[test]
    fn what_it_is_about_can_stand_in_a_reply() {
        assert_eq!(Refusal::UnknownAuthority.about("CN=認証局\r\n250 ok").about, "CN=?????250 ok");
        assert_eq!(Refusal::UnknownAuthority.about("x".repeat(ABOUT_BYTES + 1)).about.len(), ABOUT_BYTES);
    }

    #[test]
    fn a_refusal_names_what_it_is_about() {
        assert_eq!(
            Refusal::NotItsCertificate.about("9970000029").to_string(),
            "E-CRT-005 The certificate belongs to another office (9970000029). \
             Sign with the certificate of the office in From."
        );
    }
}
