//! Certificates of claims that offices also hold, and take for the one they need.

use fumibako_signer::Certificate;

use super::{Refusal, Refused};

/// What such certificates are for. A certificate for both care and disability (介護・障害共通証明書) is none of them.
const KINDS: [(&str, Refusal); 3] = [
    ("代理人", Refusal::CertificateOfAProxy),
    ("障害者総合支援", Refusal::CertificateForDisability),
    ("障害総合支援", Refusal::CertificateForDisability),
];
/// What stands behind it in the name of a certificate, or of an authority that issues no others.
const ENDS: [&str; 5] = ["証明書認証局", "電子証明書", "証明書", "認証局", ""];

/// Profile §10.9: a certificate of another kind is refused by its name, which stands in a common name or a unit of its holder or of its
/// authority and is all that stands there, but for a number. An organisation's own name says nothing.
pub fn right_kind(certificate: &Certificate) -> Result<(), Refused> {
    let (subject, issuer) = (certificate.subject_titles(), certificate.issuer_titles());
    let why = subject.iter().chain(&issuer).find_map(|name| kind(name));
    why.map_or(Ok(()), |why| Err(why.into()))
}

fn kind(name: &str) -> Option<Refusal> {
    // A number or a user ID beside it is whose it is.
    let words = name.split(|c: char| c.is_whitespace() || is_mark(c)).filter(|word| !is_id(word));
    let bare: String = words.collect();
    let bare = bare.trim_matches(char::is_numeric);
    let is = |what: &str| bare.strip_prefix(what).is_some_and(|end| ENDS.contains(&end));
    // 代理人 alone may be the beginning of anybody's name for a person; the certificate says so in full.
    KINDS.into_iter().find(|(what, _)| is(what) && bare != "代理人").map(|(_, why)| why)
}

fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation() || matches!(c, '・' | '（' | '）' | '「' | '」' | '：' | '－')
}

fn is_id(word: &str) -> bool {
    word.is_ascii() && word.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §10.9
    #[test]
    fn what_another_kind_is_called_says_why_it_is_refused() {
        let (proxy, disability) = (Some(Refusal::CertificateOfAProxy), Some(Refusal::CertificateForDisability));
        for (name, expected) in [
            ("代理人証明書", proxy),
            ("代理人証明書 9970000011", proxy),
            ("KJ9970000011（代理人電子証明書）", proxy),
            ("代理人証明書　認証局", proxy),
            ("障害総合支援証明書", disability),
            ("障害者総合支援 9970000011", disability),
            ("９９７００００１１１障害者総合支援", disability),
            ("障害者総合支援認証局", disability),
            ("9970000011", None),
            ("代理人", None),
            ("代理人・後見の会", None),
            ("介護保険証明書", None),
            ("介護・障害共通証明書", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }

    // Profile §10.9
    #[test]
    fn a_corporation_may_have_such_words_in_its_name() {
        for name in [
            "社会福祉法人見本障害者福祉会",
            "社会福祉法人障害者総合支援見本会",
            "障害者総合支援センターひまわり 9970000011",
            "特定非営利活動法人 障害者総合支援",
            "ABC 障害者総合支援",
            "障害者総合支援・介護保険 認証局",
            "代理人証明書作成の見本行政書士法人",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }
}
