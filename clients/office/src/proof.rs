//! The evidence about a bundle with all that proves it, asked of the gateway and verified before anybody gets it (Profile §8.19). The
//! command writes it to a file, the screens hand it to the browser: it is the same file.

use fumibako_model::{EvidenceId, PROOF_FORM, ProofFile};
use jiff::Timestamp;

use crate::https::{self, Question};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::verify::{NotWhole, Report, Witnessed, verify_proof};

/// What the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A bundle of which this is one piece.
    Piece(EvidenceId),
    /// A bundle under its Message-ID, and the office that sent it: while its content is kept, and when it ended.
    Message {
        /// Without angle brackets.
        id: String,
        /// An office number, as it claims.
        from: String,
    },
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

/// Asks for it, and judges it as `fumibako verify` will years later.
pub(crate) async fn ask(settings: &Settings, about: &About, now: Timestamp) -> Result<Proof, Trouble> {
    let gateway = settings.evidence_trust(None)?;
    let offices = settings.trust()?;
    let path = match about {
        About::Piece(id) => format!("/v1/evidence/{id}"),
        About::Message { id, from } => format!("/v1/evidence/{}?from={}", encoded(id), encoded(from)),
    };
    let file: ProofFile = https::ask(settings, Question::get(&path)).await?;
    if file.v != PROOF_FORM {
        return Err(Trouble::NotAMessage(path.into(), NotWhole::LaterProof));
    }
    let (report, witnessed) = verify_proof(&file, (&gateway, Some(&offices)), None, now);
    let octets = serde_json::to_vec_pretty(&file).map_err(std::io::Error::from)?;
    Ok(Proof { octets, report, witnessed })
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

    #[test]
    fn what_stands_in_a_path_ends_no_path() {
        assert_eq!(encoded("a.b-1@plans.example"), "a.b-1%40plans.example");
        assert_eq!(encoded("../?x=1&y#あ"), "..%2F%3Fx%3D1%26y%23%E3%81%82");
    }
}
