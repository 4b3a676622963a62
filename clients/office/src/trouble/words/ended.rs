//! When a certificate ends or begins, for people: in their language and in Japan's time. The signer says it in English and in UTC.

use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, Refusal, Refused};
use jiff::Timestamp;

/// None: the refusal is about something else, or names no moment.
pub(super) fn about(refused: &Refused, lang: Lang) -> Option<String> {
    let (ja, en) = match refused.why {
        Refusal::CertificateExpired => ("まで有効", "valid until"),
        Refusal::CertificateNotYetValid => ("から有効", "valid from"),
        _ => return None,
    };
    let at: Timestamp = refused.about.rsplit(' ').next()?.parse().ok()?;
    let at = JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    Some(lang.pick(format!("{at} {ja}"), format!("{en} {at}, Japan time")))
}

#[cfg(test)]
mod tests {
    use fumibako_model::not_trusted;
    use fumibako_signer::CertificateError;

    use super::*;
    use crate::trouble::Words;

    #[test]
    fn the_end_of_a_certificate_is_told_in_japanese_and_in_japan_s_time() {
        let at: Timestamp = "2026-11-30T05:48:16Z".parse().unwrap();
        let ended = not_trusted(CertificateError::Expired { not_after: at });
        let line = Words::of(&ended, None, Lang::Ja).line(Lang::Ja);
        assert!(line.contains("（2026-11-30 14:48 まで有効）") && !line.contains("ended"), "{line}");
        let line = Words::of(&ended, None, Lang::En).line(Lang::En);
        assert!(line.contains("(valid until 2026-11-30 14:48, Japan time)"), "{line}");
        let begins = not_trusted(CertificateError::NotYetValid { not_before: at });
        assert_eq!(about(&begins, Lang::Ja).as_deref(), Some("2026-11-30 14:48 から有効"));
        assert_eq!(about(&Refusal::CertificateExpired.about("who knows"), Lang::Ja), None);
        assert_eq!(about(&Refusal::CertificateRevoked.about(at), Lang::Ja), None);
    }
}
