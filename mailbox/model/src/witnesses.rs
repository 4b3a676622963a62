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
    /// Believes the keys under these authorities, each until another took its place. An authority that is not limited to the mail addresses of
    /// one domain is none of evidence (Profile §8.16), and is refused: whoever has any certificate of it with the gateway's address could write
    /// evidence, as those of an authority that stands above time stamps.
    pub fn new(authorities: Vec<Certificate>, replaced: BTreeMap<String, Timestamp>) -> Result<Self, CertificateError> {
        if let Some(other) = authorities.iter().find(|one| !one.is_limited_to_a_mail_domain()) {
            return Err(CertificateError::Unlimited { subject: other.subject() });
        }
        Ok(Self { trust: Trust::new(authorities)?, replaced })
    }

    /// Those of a file: certificates as PEM, and lines that tell of keys that were replaced.
    pub fn read(text: &[u8]) -> Result<Self, CertificateError> {
        Self::new(Certificate::many_from_pem(text)?, replaced(text))
    }

    /// Those that a gateway names for its own log, of such a file. Its operator answers for them, limited to its domain or not; what is for time
    /// stamps alone, or `stamps`, is left out.
    pub fn of_ones_own(text: &[u8], stamps: impl Fn(&Certificate) -> bool) -> Result<Self, CertificateError> {
        let all = Certificate::many_from_pem(text)?;
        let (others, own): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.is_for_stamps_alone() || stamps(one));
        match others.first() {
            Some(other) if own.is_empty() => Err(CertificateError::Unlimited { subject: other.subject() }),
            _ => Ok(Self { trust: Trust::new(own)?, replaced: replaced(text) }),
        }
    }

    /// The same, with what else is known of keys that were replaced: of two moments the earlier counts.
    #[must_use]
    pub fn until<'k>(mut self, keys: impl IntoIterator<Item = (&'k str, Timestamp)>) -> Self {
        for (key, until) in keys {
            earlier(&mut self.replaced, key.to_owned(), until);
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

/// Keys that were replaced, as the lines of such a file tell it; a line that cannot be read tells nothing. Of two about one key the earlier
/// moment counts. An editor may have put a byte order mark before what was the first line.
fn replaced(text: &[u8]) -> BTreeMap<String, Timestamp> {
    let text = String::from_utf8_lossy(text);
    let read = |line: &str| {
        let (key, until) = line.trim_start_matches('\u{FEFF}').strip_prefix(REPLACED)?.trim().split_once(' ')?;
        Some((key.to_lowercase(), until.trim().parse().ok()?))
    };
    let mut replaced = BTreeMap::new();
    for (key, until) in text.lines().filter_map(read) {
        earlier(&mut replaced, key, until);
    }
    replaced
}

/// Of two moments at which a key was replaced the earlier counts.
fn earlier(replaced: &mut BTreeMap<String, Timestamp>, key: String, until: Timestamp) {
    let known = replaced.entry(key).or_insert(until);
    *known = until.min(*known);
}

#[cfg(test)]
mod tests {
    use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};

    use super::*;

    // Profile §8.16
    #[test]
    fn only_an_authority_of_one_mail_domain_is_one_of_evidence() {
        let at = "2026-11-20T00:15:00Z".parse().unwrap();
        let evidence = Authority::create_for_domain("evidence CA", "plans.example", at).unwrap().certificate().to_pem();
        let read = |authorities: &str| Witnesses::read(authorities.as_bytes()).map(|_| ());
        assert_eq!(read(&evidence), Ok(()));
        let stamps = Authority::create("stamps CA", at).unwrap();
        let hosts = Authority::create_for_domain("hosts CA", ".example", at).unwrap();
        for other in [stamps, hosts] {
            let subject = other.certificate().subject();
            let refused = Err(CertificateError::Unlimited { subject });
            assert_eq!(read(&other.certificate().to_pem()), refused);
            assert_eq!(read(&(evidence.clone() + &other.certificate().to_pem())), refused);
        }
    }

    // Profile §8.16
    #[test]
    fn a_gateway_believes_its_own_authority_whatever_that_is_limited_to_and_none_of_stamps() {
        let at: Timestamp = "2026-11-20T00:15:00Z".parse().unwrap();
        let (own, stamps) = (Authority::create("own CA", at).unwrap(), Authority::create("stamps CA", at).unwrap());
        let request = Request {
            common_name: "clock",
            rfc822_name: "clock@plans.example",
            key: KeyKind::EcP256,
            purpose: Purpose::TimeStamping,
            not_before: at,
            not_after: at + jiff::SignedDuration::from_hours(24),
        };
        let clock = stamps.issue(&request).unwrap();
        let read = |certificates: &[&Certificate]| {
            let text: String = certificates.iter().map(|one| one.to_pem()).collect();
            Witnesses::of_ones_own(text.as_bytes(), |one| one == stamps.certificate())
                .map(|found| found.trust().anchors().to_vec())
        };
        let (own, stamps) = (own.certificate(), stamps.certificate());
        assert_eq!(read(&[own]), Ok(vec![own.clone()]));
        assert_eq!(read(&[own, stamps, clock.certificate()]), Ok(vec![own.clone()]));
        for none in [stamps, clock.certificate()] {
            assert_eq!(read(&[none]), Err(CertificateError::Unlimited { subject: none.subject() }));
        }
    }

    // Profile §8.16
    #[test]
    fn of_two_lines_about_one_key_the_earlier_counts_and_a_byte_order_mark_hides_none() {
        let line = |key: &str, day: u8| format!("{REPLACED} {key} 2026-11-{day:02}T00:00:00Z\n");
        let first = line("AA", 20);
        for text in [
            [first.clone(), line("aa", 25), line("bb", 1)],
            [line("aa", 25), first.clone(), line("bb", 1)],
            [format!("\u{FEFF}{first}"), format!("\u{FEFF}{}", line("bb", 1)), "no line\n".into()],
        ] {
            let found: Vec<_> = replaced(text.concat().as_bytes()).into_iter().collect();
            let at = |day: u8| format!("2026-11-{day:02}T00:00:00Z").parse::<Timestamp>().unwrap();
            assert_eq!(found, [("aa".to_owned(), at(20)), ("bb".to_owned(), at(1))], "{text:?}");
        }
    }
}
