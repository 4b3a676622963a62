//! What a refusal is about, for people: in their language and in Japan's time. The signer says it in English and in UTC.

use fumibako_careplan::Lang;
use jiff::Timestamp;

use super::{Refusal, Refused};
use crate::JAPAN;

impl Refused {
    /// When a certificate or a revocation list ends, begins or was revoked, and whose it is. None where the refusal is about something
    /// else, or does not say it in the signer's words.
    pub fn about_in(&self, lang: Lang) -> Option<String> {
        let (before, last) = self.about.rsplit_once(' ').unwrap_or(("", &self.about));
        let at = last.parse::<Timestamp>().map(|at| JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string());
        let at = at.ok();
        match self.why {
            Refusal::CertificateExpired => {
                at.map(|at| lang.pick(format!("{at} まで有効"), format!("valid until {at}, Japan time")))
            }
            Refusal::CertificateNotYetValid => {
                at.map(|at| lang.pick(format!("{at} から有効"), format!("valid from {at}, Japan time")))
            }
            Refusal::CertificateRevoked => {
                let subject = before.strip_prefix("the certificate of ")?.strip_suffix(" was revoked at")?;
                at.map(|at| {
                    lang.pick(format!("{subject}、{at} に失効"), format!("{subject}, revoked {at}, Japan time"))
                })
            }
            Refusal::RevocationUnknown => of_a_list(&self.about, before, at.as_deref(), lang),
            _ => None,
        }
    }
}

/// Why nobody knows whether a certificate was revoked.
fn of_a_list(about: &str, before: &str, at: Option<&str>, lang: Lang) -> Option<String> {
    if let Some(issuer) = about.strip_prefix("there is no complete revocation list of ") {
        return Some(lang.pick(format!("{issuer} の失効リストがそろっていません"), about.to_owned()));
    }
    if let Some(issuer) = about.strip_suffix(" says that it does not know the certificate") {
        return Some(lang.pick(format!("{issuer} は、その証明書を知らないと答えています"), about.to_owned()));
    }
    let (issuer, at) = (before.strip_prefix("the revocation list of ")?.strip_suffix(" ended at")?, at?);
    Some(lang.pick(
        format!("{issuer} の失効リストの期限は {at} まで"),
        format!("the revocation list of {issuer} ended {at}, Japan time"),
    ))
}

#[cfg(test)]
mod tests {
    use fumibako_signer::{CertificateError, RevocationError, Revoked};

    use super::*;
    use crate::{not_trusted, revoked};

    #[test]
    fn what_the_signer_says_is_told_in_japanese_and_in_japan_s_time() {
        let at: Timestamp = "2026-11-30T05:48:16Z".parse().unwrap();
        let (subject, issuer) = ("CN=Himawari".to_owned(), "CN=Test CA".to_owned());
        let since = Revoked { since: at, reason: None };
        for (refused, ja, en) in [
            (
                not_trusted(CertificateError::Expired { not_after: at }),
                "2026-11-30 14:48 まで有効",
                "valid until 2026-11-30 14:48, Japan time",
            ),
            (
                not_trusted(CertificateError::NotYetValid { not_before: at }),
                "2026-11-30 14:48 から有効",
                "valid from 2026-11-30 14:48, Japan time",
            ),
            (
                revoked(RevocationError::Revoked { subject, revoked: since }),
                "CN=Himawari、2026-11-30 14:48 に失効",
                "CN=Himawari, revoked 2026-11-30 14:48, Japan time",
            ),
            (
                revoked(RevocationError::Stale { issuer: issuer.clone(), next_update: at }),
                "CN=Test CA の失効リストの期限は 2026-11-30 14:48 まで",
                "the revocation list of CN=Test CA ended 2026-11-30 14:48, Japan time",
            ),
            (
                revoked(RevocationError::NoList { issuer: issuer.clone() }),
                "CN=Test CA の失効リストがそろっていません",
                "there is no complete revocation list of CN=Test CA",
            ),
            (
                revoked(RevocationError::UnknownToAuthority { issuer }),
                "CN=Test CA は、その証明書を知らないと答えています",
                "CN=Test CA says that it does not know the certificate",
            ),
        ] {
            assert_eq!(refused.about_in(Lang::Ja).as_deref(), Some(ja));
            assert_eq!(refused.about_in(Lang::En).as_deref(), Some(en));
        }
        assert_eq!(Refusal::CertificateExpired.about("who knows").about_in(Lang::Ja), None);
        assert_eq!(Refusal::CertificateRevoked.about(at).about_in(Lang::Ja), None);
        assert_eq!(Refusal::MessageTooLarge.about(at).about_in(Lang::Ja), None);
    }
}
