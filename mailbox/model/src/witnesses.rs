//! Whose signatures over the log of evidence are believed, and until when (Profile §8.16).

use std::collections::BTreeMap;

use fumibako_signer::{Certificate, CertificateError, Signature, Trust};
use jiff::Timestamp;

use crate::refusal::{Refusal, Refused, not_trusted};

/// What a line begins with that says until when a key signed. It stands in a file of authorities, outside of the certificates.
///
/// replaced = "Fumibako-Key-Replaced:" SP key SP until   ; key: SHA-256 of its certificate, in hex; until: RFC 3339
const REPLACED: &str = "Fumibako-Key-Replaced:";

/// The authorities of the keys that sign the log, and which of these keys another took the place of.
#[derive(Clone, Debug)]
pub struct Witnesses {
    trust: Trust,
    /// Until when keys signed, by the SHA-256 of their certificates.
    replaced: BTreeMap<String, Timestamp>,
}

/// How the key stands that a signature was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// It signs today, as far as is known here.
    Present,
    /// Another took its place; none: nobody said when.
    Replaced(Option<Timestamp>),
}

impl Witnesses {
    /// Believes the keys under these authorities, each until another took its place.
    pub fn new(authorities: Vec<Certificate>, replaced: BTreeMap<String, Timestamp>) -> Result<Self, CertificateError> {
        Ok(Self { trust: Trust::new(authorities)?, replaced })
    }

    /// Those of a file: certificates as PEM, and lines that tell of keys that were replaced.
    pub fn read(text: &[u8]) -> Result<Self, CertificateError> {
        Self::new(Certificate::many_from_pem(text)?, replaced(text))
    }

    /// The same, with what else is known of keys that were replaced: of two moments the earlier counts.
    #[must_use]
    pub fn until<'k>(mut self, keys: impl IntoIterator<Item = (&'k str, Timestamp)>) -> Self {
        for (key, until) in keys {
            let known = self.replaced.entry(key.to_owned()).or_insert(until);
            *known = until.min(*known);
        }
        self
    }

    /// The file that offices verify with: the authorities, and what tells of keys that were replaced.
    pub fn file(&self) -> String {
        let line = |(key, until): (&String, &Timestamp)| format!("{REPLACED} {key} {until}\n");
        let lines: String = self.replaced.iter().map(line).collect();
        self.trust.anchors().iter().fold(lines, |text, authority| text + &authority.to_pem())
    }

    /// The authorities.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Until when this key signed, as far as anybody said.
    pub fn replaced(&self, key: &str) -> Option<Timestamp> {
        self.replaced.get(key).copied()
    }

    /// Is it a signature to believe, of this moment as it says itself? A key signs nothing after another took its place.
    pub fn judge(&self, signature: &Signature, at: Timestamp) -> Result<KeyStanding, Refused> {
        self.trust.check(signature, at).map_err(not_trusted)?;
        match self.replaced(&signature.signer().fingerprint_hex()) {
            Some(until) if at > until => {
                Err(Refusal::EvidenceKeyReplaced.about(format_args!("replaced {until}, signed {at}")))
            }
            Some(until) => Ok(KeyStanding::Replaced(Some(until))),
            None if self.has_a_later_authority(signature.signer()) => Ok(KeyStanding::Replaced(None)),
            None => Ok(KeyStanding::Present),
        }
    }

    /// Each key of ours has an authority of its own: where a later one is known as well, it has taken the place of this one.
    fn has_a_later_authority(&self, signer: &Certificate) -> bool {
        let anchors = self.trust.anchors();
        if anchors.len() < 2 {
            return false;
        }
        let own = anchors.iter().filter(|anchor| signer.is_signed_by(anchor)).map(Certificate::not_before).max();
        own.is_some_and(|own| anchors.iter().any(|anchor| anchor.not_before() > own))
    }
}

impl From<Trust> for Witnesses {
    /// Nothing is known of keys that were replaced.
    fn from(trust: Trust) -> Self {
        Self { trust, replaced: BTreeMap::new() }
    }
}

/// Keys that were replaced, as the lines of such a file tell it; a line that cannot be read tells nothing.
fn replaced(text: &[u8]) -> BTreeMap<String, Timestamp> {
    let text = String::from_utf8_lossy(text);
    let read = |line: &str| {
        let (key, until) = line.strip_prefix(REPLACED)?.trim().split_once(' ')?;
        Some((key.to_lowercase(), until.trim().parse().ok()?))
    };
    text.lines().filter_map(read).collect()
}
