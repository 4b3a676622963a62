//! Why a signature or certificate is not believed, as the catalogue says it: in the same words at the gateway's door and on
//! the office's screen.

use fumibako_signer::{CertificateError, RevocationError, SignatureError};

use super::{Refusal, Refused};

/// Why a signature is not believed.
pub fn not_signed(error: &SignatureError) -> Refused {
    use SignatureError as E;
    let why = match error {
        E::NotSigned | E::Opaque => Refusal::NotSigned,
        E::ContentChanged | E::BadSignature | E::OtherCertificate => Refusal::SignatureBroken,
        E::Algorithm(_) => Refusal::AlgorithmNotAllowed,
        E::Malformed { .. } | E::TooLarge { .. } | E::ContentAttached | E::Signers(_) | E::NoCertificate => {
            Refusal::SignatureMalformed
        }
    };
    why.about(error)
}

/// Why a certificate is not believed.
pub fn not_trusted(error: CertificateError) -> Refused {
    use CertificateError as E;
    let why = match &error {
        // Whatever is wrong on the way: it leads to nobody who is trusted.
        E::UnknownIssuer { .. } | E::BadChain(_) | E::Unlimited { .. } => Refusal::UnknownAuthority,
        E::Expired { .. } => Refusal::CertificateExpired,
        E::NotYetValid { .. } => Refusal::CertificateNotYetValid,
        E::WeakKey(_) => Refusal::AlgorithmNotAllowed,
        E::WrongUsage(_) | E::Malformed(_) | E::Authority | E::MailAddresses(_) | E::TooLarge { .. } => {
            Refusal::CertificateUnfit
        }
    };
    why.about(error)
}

/// Whether a certificate was revoked.
pub fn revoked(error: RevocationError) -> Refused {
    use RevocationError as E;
    match error {
        E::Certificate(error) => not_trusted(error),
        E::Revoked { .. } => Refusal::CertificateRevoked.about(error),
        E::Stale { .. } | E::NoList { .. } | E::UnknownToAuthority { .. } => Refusal::RevocationUnknown.about(error),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_holds_no_proof_is_said_in_the_words_of_the_catalogue() {
        let at = Timestamp::UNIX_EPOCH;
        let signed = [
            (SignatureError::NotSigned, Refusal::NotSigned),
            (SignatureError::Opaque, Refusal::NotSigned),
            (SignatureError::ContentChanged, Refusal::SignatureBroken),
            (SignatureError::OtherCertificate, Refusal::SignatureBroken),
            (SignatureError::Signers(2), Refusal::SignatureMalformed),
        ];
        for (error, refusal) in signed {
            assert_eq!(not_signed(&error).why, refusal, "{error}");
        }
        let trusted = [
            (CertificateError::Expired { not_after: at }, Refusal::CertificateExpired),
            (CertificateError::NotYetValid { not_before: at }, Refusal::CertificateNotYetValid),
            (CertificateError::UnknownIssuer { issuer: "CN=x".to_owned() }, Refusal::UnknownAuthority),
            (CertificateError::BadChain("x"), Refusal::UnknownAuthority),
            (CertificateError::MailAddresses(2), Refusal::CertificateUnfit),
        ];
        for (error, refusal) in trusted {
            let through = revoked(RevocationError::Certificate(error.clone()));
            assert_eq!((not_trusted(error).why, through.why), (refusal, refusal));
        }
        let stale = RevocationError::Stale { issuer: "CN=x".to_owned(), next_update: at };
        assert_eq!(revoked(stale).why, Refusal::RevocationUnknown);
    }
}
