//! The sentences about keys and certificates: our own, the partners', the authorities', and what cannot be sealed.

use std::path::Path;

use fumibako_careplan::Lang;
use fumibako_model::{Party, Refusal};
use fumibako_signer::{CertificateError, IdentityError, ListError, SealError, SignError};

use super::Trouble;
use crate::trouble::Unfit;

/// What this program's user can do, where the catalogue's own words know no settings.
pub(super) fn next(why: Refusal, lang: Lang) -> Option<&'static str> {
    match why {
        Refusal::NotSealedToRecipient => Some(lang.pick(
            "送信先の証明書が新しくなっています。運用者から新しい証明書のファイルを受け取り、設定 partners_file の\
             ファイルと置き換えて、もう一度送ってください。",
            "That office has a newer certificate. Get the current file of certificates from the operator, put it in \
             place of the one that partners_file names, and send again.",
        )),
        _ => None,
    }
}

fn nobody_trusted(lang: Lang) -> (String, &'static str) {
    (
        lang.pick("どの発行元の証明書を信頼するか、指定がありません。", "Nothing says which authorities to believe.")
            .into(),
        lang.pick(
            "--trust で発行元の証明書のファイル（PEM）を指定するか、設定 trust_file に書いてください。",
            "Name a PEM file of authorities with --trust, or in the setting trust_file.",
        ),
    )
}

fn no_gateway_trusted(lang: Lang) -> (String, &'static str) {
    (
        lang.pick(
            "ゲートウェイの署名を、どの発行元で確かめるか、指定がありません。",
            "Nothing says which authority to believe of what the gateway signed.",
        )
        .into(),
        lang.pick(
            "ゲートウェイの運用者から受け取った証跡の発行元のファイル（PEM）を --evidence-authority で指定するか、\
             設定 evidence_authority_file に書いてください。",
            "Name the PEM file of the authority of its evidence, which the operator gives out, with --evidence-authority, \
             or in the setting evidence_authority_file.",
        ),
    )
}

/// Profile §8.16
fn no_evidence_authority(path: &Path, subject: &str, lang: Lang) -> (String, &'static str) {
    let path = path.display();
    (
        lang.pick(
            format!("証跡の発行元のファイル {path} に、証跡の発行元ではない証明書があります（{subject}）。"),
            format!("The file of the authorities of evidence {path} has a certificate that is none of them ({subject})."),
        ),
        lang.pick(
            "ゲートウェイの運用者から受け取ったファイルを、そのまま指定してください。タイムスタンプ局の発行元は、--stamp-authority（または設定 stamp_authority_file）の\
             ファイルに分けてください。",
            "Name the file as the operator of the gateway gave it out. Authorities of time stamps belong into the file of --stamp-authority (or \
             stamp_authority_file).",
        ),
    )
}

impl Trouble {
    /// What happened and what to do next, of a trouble with keys, certificates or seals.
    pub(super) fn about_keys(&self, lang: Lang) -> (String, String) {
        let (what, next) = match (self, lang) {
            (Self::Identity(path, why), Lang::Ja) => {
                (format!("証明書のファイル {} を開けません。", path.display()), identity_next(why, lang))
            }
            (Self::Identity(path, why), Lang::En) => {
                (format!("The key file {} does not open.", path.display()), identity_next(why, lang))
            }
            (Self::Trust(path, CertificateError::Unlimited { subject }), _) => {
                no_evidence_authority(path, subject, lang)
            }
            (Self::Trust(path, _), Lang::Ja) => (
                format!("信頼する発行元のファイル {} を読み取れません。", path.display()),
                "発行元の証明書を PEM 形式で置いてください。",
            ),
            (Self::Trust(path, _), Lang::En) => (
                format!("The trusted authorities in {} cannot be read.", path.display()),
                "Put the authorities' certificates there as PEM.",
            ),
            (Self::Revocation(path, why), Lang::Ja) => {
                (format!("失効リスト {} を使えません（{}）。", path.display(), japanese(why)), list_next(why, lang))
            }
            (Self::Revocation(path, why), Lang::En) => {
                (format!("The revocation list {} cannot be used ({why}).", path.display()), list_next(why, lang))
            }
            (Self::NobodyTrusted, _) => nobody_trusted(lang),
            (Self::NoGatewayTrusted, _) => no_gateway_trusted(lang),
            (Self::TlsAnchors(path), Lang::Ja) => (
                format!("接続先を確かめるための証明書 {} を読み取れません。", path.display()),
                "ゲートウェイの運用者から受け取った PEM ファイルを置いてください。",
            ),
            (Self::TlsAnchors(path), Lang::En) => (
                format!("The TLS authorities in {} cannot be read.", path.display()),
                "Put the PEM file there that the gateway's operator gave you.",
            ),
            (Self::OwnCertificate(_, why), _) => own(why, lang),
            (Self::KeyFile(path, why), Lang::Ja) => {
                (format!("鍵のファイル {} を開けません。", path.display()), key_next(why, lang))
            }
            (Self::KeyFile(path, why), Lang::En) => {
                (format!("The key file {} does not open.", path.display()), key_next(why, lang))
            }
            (Self::OldIdentity(path, why), Lang::Ja) => {
                (format!("前の証明書のファイル {} を開けません。", path.display()), old_next(why, lang))
            }
            (Self::OldIdentity(path, why), Lang::En) => {
                (format!("The old key file {} does not open.", path.display()), old_next(why, lang))
            }
            (Self::Partners(path), Lang::Ja) => (
                format!("{} に、相手の事業所の証明書が一つもありません。", path.display()),
                "ゲートウェイの運用者から証明書のファイル（PEM）を受け取り、置き換えてください。",
            ),
            (Self::Partners(path), Lang::En) => (
                format!("There is no certificate of a partner in {}.", path.display()),
                "Get the file of certificates (PEM) from the gateway's operator and put it there.",
            ),
            (Self::PartnerNote(path, line, word), _) => note(path, *line, word, lang),
            (Self::Token { module, label, why }, _) => return why.words((module, label), lang),
            (Self::Sign(why), Lang::Ja) => (format!("署名できませんでした（{why}）。"), sign_next(why, lang)),
            (Self::Sign(why), Lang::En) => (format!("Signing failed ({why})."), sign_next(why, lang)),
            (Self::NoPartner { office, why }, _) => return why.words(*office, lang),
            (Self::Seal(why), Lang::Ja) => (format!("暗号化できませんでした（{why}）。"), seal_next(why, lang)),
            (Self::Seal(why), Lang::En) => (format!("Sealing failed ({why})."), seal_next(why, lang)),
            _ => (String::new(), ""),
        };
        (what, next.into())
    }
}

fn identity_next(why: &IdentityError, lang: Lang) -> &'static str {
    match why {
        IdentityError::PasswordNeeded => lang.pick(
            "証明書のパスワードを書いたファイルを、設定 identity_password_file に指定してください。",
            "Name a file with its password in the setting identity_password_file.",
        ),
        IdentityError::WrongPassword => lang.pick(
            "証明書のパスワードが違います。identity_password_file の中身を確かめてください。",
            "The password is wrong; check the file named by identity_password_file.",
        ),
        IdentityError::NoCertificate => lang.pick(
            "秘密鍵と対になる証明書がファイルにありません。発行元から受け取った証明書と秘密鍵の組を指定してください。",
            "It has no certificate that belongs to its private key. Name the file with the pair the issuer gave you.",
        ),
        _ => lang.pick(
            "事業所の証明書と秘密鍵が入った PKCS#12 または PEM のファイルを指定してください。",
            "Name a PKCS#12 or PEM file with the office's certificate and private key.",
        ),
    }
}

/// Nothing was signed with it, so nothing was sent.
fn own(why: &Unfit, lang: Lang) -> (String, &'static str) {
    let day = crate::cli::screen::moment;
    let what = match (why, lang) {
        (Unfit::Ended(at), Lang::Ja) => {
            format!("事業所の証明書は {} に期限が切れています。何も送っていません。", day(*at))
        }
        (Unfit::Ended(at), Lang::En) => format!("The office's certificate ended at {}. Nothing was sent.", day(*at)),
        (Unfit::Early(at), Lang::Ja) => {
            format!("事業所の証明書が使えるのは {} からです。何も送っていません。", day(*at))
        }
        (Unfit::Early(at), Lang::En) => {
            format!("The office's certificate begins at {}. Nothing was sent.", day(*at))
        }
        (Unfit::Other(other), Lang::Ja) => {
            let other = match other {
                Party::Office(office) => format!("別の事業所 {office}"),
                Party::Agent(agent) => format!("代行業者 {agent}"),
            };
            format!("設定 identity_file（または token）の証明書は、{other} のものです。何も送っていません。")
        }
        (Unfit::Other(other), Lang::En) => {
            format!("The certificate of identity_file (or token) belongs to somebody else, {other}. Nothing was sent.")
        }
        (Unfit::Revoked(at), Lang::Ja) => {
            format!("事業所の証明書は {} に失効しています。何も送っていません。", day(*at))
        }
        (Unfit::Revoked(at), Lang::En) => {
            format!("The office's certificate was revoked at {}. Nothing was sent.", day(*at))
        }
    };
    let next = match why {
        Unfit::Ended(_) | Unfit::Revoked(_) => lang.pick(
            "新しい証明書の発行を受けて設定 identity_file に指定し、前のファイルは old_identity_files に移してください。\
             鍵がトークンにあるときは、新しい証明書をトークンに加えてください。",
            "Obtain a new certificate, name it in identity_file, and move the former file to old_identity_files; on a \
             token, add it beside the former one.",
        ),
        Unfit::Early(_) => lang.pick(
            "パソコンの日付を確かめ、正しければその日時以降に送ってください。",
            "Check this computer's date; if it is right, send from that moment on.",
        ),
        Unfit::Other(_) => lang.pick(
            "設定 office（代行業者は agent）と identity_file を、同じ相手のものにしてください。",
            "Make office (or agent) and identity_file those of one party.",
        ),
    };
    (what, next)
}

/// Why a revocation list is not used; the signer says it in English.
fn japanese(why: &ListError) -> String {
    match why {
        ListError::UnknownIssuer { issuer } => return format!("{issuer} は信頼する発行元ではありません"),
        ListError::BadSignature => "発行元の署名が正しくありません",
        ListError::NotAllowed => "発行元の証明書が、失効リストに署名するものではありません",
        ListError::Algorithm(_) => "安全でない方式で署名されています",
        ListError::Unsupported(_) => "対応していない形式です",
        ListError::TooLarge { .. } => "大きすぎます",
        ListError::Malformed(_) | ListError::Answer(_) => "失効リストとして読めません",
    }
    .into()
}

fn list_next(why: &ListError, lang: Lang) -> &'static str {
    match why {
        ListError::UnknownIssuer { .. } | ListError::BadSignature => lang.pick(
            "信頼する発行元（設定 trust_file か --trust）のリストを置いてください。",
            "Put a list of a trusted authority there (trust_file or --trust).",
        ),
        _ => lang.pick(
            "発行元が公開している失効リスト（CRL）をもう一度取得して、置き換えてください。",
            "Fetch the list that the authority publishes once more and put it there.",
        ),
    }
}

fn key_next(why: &IdentityError, lang: Lang) -> &'static str {
    match why {
        IdentityError::PasswordNeeded | IdentityError::WrongPassword => lang.pick(
            "そのパスワードを書いたファイルを --key-password-file で指定してください。",
            "Name a file with its password with --key-password-file.",
        ),
        _ => lang.pick(
            "証明書と秘密鍵が入った PKCS#12 または PEM のファイルを指定してください。",
            "Name a PKCS#12 or PEM file with a certificate and its private key.",
        ),
    }
}

fn old_next(why: &IdentityError, lang: Lang) -> &'static str {
    match why {
        IdentityError::PasswordNeeded | IdentityError::WrongPassword => lang.pick(
            "そのパスワードを、設定 old_identity_password_file のファイルに 1 行加えてください。",
            "Add a line with its password to the file that old_identity_password_file names.",
        ),
        _ => lang.pick(
            "前の証明書と秘密鍵が入った PKCS#12 または PEM のファイルを、設定 old_identity_files に指定してください。",
            "Name PKCS#12 or PEM files with former certificates and private keys in old_identity_files.",
        ),
    }
}

fn note(path: &Path, line: usize, word: &str, lang: Lang) -> (String, &'static str) {
    let what = match lang {
        Lang::Ja => format!("{} の {line} 行目の「{word}」は意味がわかりません。", path.display()),
        Lang::En => format!("\"{word}\" in line {line} of {} means nothing.", path.display()),
    };
    (what, lang.pick("reads=cbc か reads=gcm に直してください。", "Make it reads=cbc or reads=gcm."))
}

fn sign_next(why: &SignError, lang: Lang) -> &'static str {
    match why {
        SignError::Provider => lang.pick(
            "鍵がトークンにあるときは、つながっているか確かめて、もう一度実行してください。",
            "If the key is on a token, check that it is connected, and run it again.",
        ),
        _ => lang.pick("プログラムの提供元に知らせてください。", "Tell the maker of the program."),
    }
}

fn seal_next(why: &SealError, lang: Lang) -> &'static str {
    match why {
        SealError::Encrypt(_) => lang.pick(
            "設定 identity_file（または token）の証明書が暗号化にも使えるものか、発行元に確かめてください。",
            "Ask its issuer whether the certificate of identity_file (or token) is for encryption too.",
        ),
        SealError::Sign(why) => sign_next(why, lang),
        _ => lang.pick("プログラムの提供元に知らせてください。", "Tell the maker of the program."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_used_says_why_in_the_reader_s_language() {
        let words = |why: ListError| Trouble::Revocation("lists/ca.crl".into(), why).words(Lang::Ja).what;
        let named = words(ListError::UnknownIssuer { issuer: "CN=Other CA".into() });
        assert_eq!(named, "失効リスト lists/ca.crl を使えません（CN=Other CA は信頼する発行元ではありません）。");
        for why in
            [ListError::BadSignature, ListError::NotAllowed, ListError::Malformed("x"), ListError::Unsupported("x")]
        {
            let said = words(why.clone());
            let cause = said.rsplit_once("（").expect("the cause in brackets").1;
            assert!(!cause.contains(|c: char| c.is_ascii_alphabetic()), "{why:?}: {said}");
        }
    }
}
