//! The evidence about a bundle with all that proves it, asked of the gateway and verified before anybody gets it (Profile §8.19). The
//! command writes it to a file, the screens hand it to the browser: it is the same file.

use fumibako_model::{EvidenceId, LogEntry, OfficeNumber, PROOF_FORM, ProofFile, Refusal, Witnesses};
use fumibako_signer::Trust;
use jiff::Timestamp;

use crate::https::{self, Question};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::verify::{NotWhole, Report, Stampers, Vouchers, Witnessed, verify_proof};

/// What the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A bundle of which this is one piece.
    Piece(EvidenceId),
    /// A bundle under its Message-ID, and the office that sent it: while its content is kept, and when it ended.
    Message {
        /// Without angle brackets.
        id: String,
        /// Who sent it.
        from: OfficeNumber,
        /// When it came, as a list tells it, which tells apart what came under one Message-ID; none where nobody knows.
        at: Option<Timestamp>,
    },
}

impl About {
    fn path(&self) -> String {
        match self {
            Self::Piece(id) => format!("/v1/evidence/{id}"),
            Self::Message { id, from, at } => {
                let at = at.map(|at| format!("&at={}", encoded(&at.to_string()))).unwrap_or_default();
                format!("/v1/evidence/{}?from={from}{at}", encoded(id))
            }
        }
    }
}

/// What the gateway gave, and what was found in it.
pub(crate) struct Proof {
    /// The file, as it is written.
    pub(crate) octets: Vec<u8>,
    /// Whether it holds.
    pub(crate) report: Report,
    /// What it says.
    pub(crate) witnessed: Witnessed,
}

/// Whom the settings believe of what.
struct Believed {
    gateway: Witnesses,
    offices: Trust,
    stampers: Option<Stampers>,
}

impl Believed {
    fn of(settings: &Settings) -> Result<Self, Trouble> {
        let (gateway, offices) = (settings.evidence_trust(None)?, settings.trust()?);
        Ok(Self { gateway, offices, stampers: settings.stampers(None, &settings.revocation_files)? })
    }

    fn vouchers(&self) -> Vouchers<'_> {
        Vouchers { gateway: &self.gateway, offices: Some(&self.offices), stampers: self.stampers.as_ref() }
    }
}

/// Asks for it, and judges it as `fumibako verify` will years later.
pub(crate) async fn ask(settings: &Settings, about: &About, now: Timestamp) -> Result<Proof, Trouble> {
    let believed = Believed::of(settings)?;
    let path = about.path();
    let file: ProofFile = https::ask(settings, Question::get(&path)).await?;
    if file.v != PROOF_FORM {
        return Err(Trouble::NotAMessage(path.into(), NotWhole::LaterProof));
    }
    let (report, witnessed) = verify_proof(&file, believed.vouchers(), (None, &[]), now);
    let octets = serde_json::to_vec_pretty(&file).map_err(std::io::Error::from)?;
    Ok(Proof { octets, report, witnessed })
}

/// What the gateway says, judged by nobody: for a list, which proves nothing.
pub(crate) async fn told(settings: &Settings, about: &About) -> Result<ProofFile, Trouble> {
    https::ask(settings, Question::get(&about.path())).await
}

/// Has the gateway a record of what this office sent under this Message-ID? Err: it cannot be asked now. A store that was put back by hand
/// gave its numbers once more, to other bundles: theirs is no record of it.
pub(crate) async fn is_recorded(
    settings: &Settings,
    about: &About,
    (from, message_id): (OfficeNumber, &str),
) -> Result<bool, Trouble> {
    match told(settings, about).await {
        Ok(file) => Ok(is_about(&file, from, message_id)),
        Err(why) if why.refusal() == Some(Refusal::EvidenceUnknown) => Ok(false),
        Err(why) => Err(why),
    }
}

fn is_about(file: &ProofFile, from: OfficeNumber, message_id: &str) -> bool {
    file.entries.iter().any(|one| match one.entry.parse() {
        Ok(LogEntry::Bundle(one)) => one.evidence.from == from && one.evidence.message_id == message_id,
        _ => false,
    })
}

/// The number of the first piece, that of 受付, to be shown beside other words.
pub(crate) async fn number(settings: &Settings, about: &About) -> Result<EvidenceId, Trouble> {
    let file = told(settings, about).await?;
    let first = file.entries.first().and_then(|first| first.entry.parse::<LogEntry>().ok());
    first.map(|first| first.id()).ok_or_else(|| Trouble::Garbled("evidence without a piece".into()))
}

impl Proof {
    /// Judges it once more, with the message that it is about: whether it is that one, and what opens of it.
    pub(crate) fn held_against(self, settings: &Settings, original: &[u8], now: Timestamp) -> Result<Self, Trouble> {
        let believed = Believed::of(settings)?;
        let file: ProofFile = serde_json::from_slice(&self.octets).map_err(std::io::Error::from)?;
        let keys = settings.reading_keys()?;
        let (report, witnessed) = verify_proof(&file, believed.vouchers(), (Some(original), &keys), now);
        Ok(Self { report, witnessed, ..self })
    }
}

/// RFC 3986 §2.1, §2.3: a segment of a path, or a value of a query.
fn encoded(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
    let letters =
        text.bytes().map(|octet| if plain(octet) { char::from(octet).into() } else { format!("%{octet:02X}") });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.18
    #[test]
    fn a_message_is_asked_for_by_its_sender_and_when_it_came() {
        let from: OfficeNumber = "9970000011".parse().unwrap();
        let about = |at: Option<&str>| {
            About::Message { id: "a@x.example".into(), from, at: at.map(|at| at.parse().unwrap()) }.path()
        };
        assert_eq!(about(None), "/v1/evidence/a%40x.example?from=9970000011");
        let dated = "/v1/evidence/a%40x.example?from=9970000011&at=2026-11-20T00%3A15%3A00Z";
        assert_eq!(about(Some("2026-11-20T09:15:00+09:00")), dated);
    }

    #[test]
    fn evidence_under_a_number_that_was_given_again_is_no_record_of_it() {
        let (file, from) = (crate::lost::evidence_of(&[]), "9970000011".parse().unwrap());
        assert!(is_about(&file, from, "a@x.example"));
        assert!(!is_about(&file, from, "b@x.example"));
        assert!(!is_about(&file, "9970000037".parse().unwrap(), "a@x.example"));
        assert!(!is_about(&ProofFile::default(), from, "a@x.example"));
    }

    #[test]
    fn what_stands_in_a_path_ends_no_path() {
        assert_eq!(encoded("a.b-1@plans.example"), "a.b-1%40plans.example");
        assert_eq!(encoded("../?x=1&y#あ"), "..%2F%3Fx%3D1%26y%23%E3%81%82");
    }
}
