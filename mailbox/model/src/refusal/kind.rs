//! Certificates of claims that offices also hold, and take for the one they need.

use fumibako_signer::Certificate;

use super::{Refusal, Refused};

/// What such certificates are called, whole: an office may well have a part of it in its own name.
const KINDS: [(&str, Refusal); 3] = [
    ("代理人証明書", Refusal::CertificateOfAProxy),
    ("障害者総合支援", Refusal::CertificateForDisability),
    ("障害総合支援", Refusal::CertificateForDisability),
];

/// Profile §10.9: a certificate of another kind is refused by its name. The name of the holder's organisation says nothing.
pub fn right_kind(certificate: &Certificate) -> Result<(), Refused> {
    let (subject, issuer) = (certificate.subject_titles(), certificate.issuer_texts());
    named(subject.iter().chain(&issuer).map(String::as_str)).map_or(Ok(()), |why| Err(why.into()))
}

fn named<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<Refusal> {
    names.find_map(|name| KINDS.into_iter().find(|(word, _)| name.contains(word)).map(|(_, why)| why))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §10.9
    #[test]
    fn what_another_kind_is_called_says_why_it_is_refused() {
        for (names, expected) in [
            (["9970000011", "見本認証局"], None),
            (["社会福祉法人見本障害者福祉会", "見本認証局"], None),
            (["代理人・後見の会", "見本認証局"], None),
            (["代理人証明書", "見本認証局"], Some(Refusal::CertificateOfAProxy)),
            (["9970000011", "代理人証明書 認証局"], Some(Refusal::CertificateOfAProxy)),
            (["障害総合支援証明書", "見本認証局"], Some(Refusal::CertificateForDisability)),
            (["9970000011", "障害者総合支援 認証局"], Some(Refusal::CertificateForDisability)),
        ] {
            assert_eq!(named(names.into_iter()), expected, "{names:?}");
        }
    }
}
