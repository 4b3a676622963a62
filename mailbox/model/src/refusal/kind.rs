//! Certificates of claims that offices also hold, and take for the one they need.

use fumibako_signer::Certificate;

use super::{Refusal, Refused};

/// Words in the name of the holder or of the authority, and what they say.
const KINDS: [(&str, Refusal); 2] =
    [("代理人", Refusal::CertificateOfAProxy), ("障害", Refusal::CertificateForDisability)];

/// Profile §10.9: a certificate of another kind is refused by its name.
pub fn right_kind(certificate: &Certificate) -> Result<(), Refused> {
    named([&certificate.subject(), &certificate.issuer()]).map_or(Ok(()), |why| Err(why.into()))
}

fn named(names: [&str; 2]) -> Option<Refusal> {
    KINDS.into_iter().find(|(word, _)| names.iter().any(|name| name.contains(word))).map(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §10.9
    #[test]
    fn what_another_kind_is_called_says_why_it_is_refused() {
        for (subject, issuer, expected) in [
            ("CN=9970000011,O=見本法人", "CN=見本認証局", None),
            ("CN=9970000011,OU=代理人証明書", "CN=見本認証局", Some(Refusal::CertificateOfAProxy)),
            ("CN=9970000011", "CN=障害者総合支援 認証局", Some(Refusal::CertificateForDisability)),
        ] {
            assert_eq!(named([subject, issuer]), expected);
        }
    }
}
