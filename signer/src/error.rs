//! Every way to say no. Each variant tells the caller what differs, so that each can get its own reply.

use jiff::Timestamp;

use crate::algorithm::Refused;
use crate::revocation::Revoked;

mod compress;
mod receipt;
mod status;
mod timestamp;
#[cfg(feature = "token")]
mod token;

pub use compress::CompressError;
pub use receipt::ReceiptError;
pub use status::StatusError;
pub use timestamp::TimeStampError;
#[cfg(feature = "token")]
pub use token::TokenError;

/// Where in a message something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The message's own header fields.
    Header,
    /// The division of `multipart/signed` into two parts.
    Parts,
    /// The encoding (BER, DER) of the signature.
    Encoding,
    /// The structure of the CMS signature (RFC 5652).
    Cms,
    /// The signature's attributes.
    Attributes,
    /// A certificate inside the signature.
    Certificate,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Parts => "parts",
            Self::Encoding => "signature encoding",
            Self::Cms => "signature structure",
            Self::Attributes => "signature attributes",
            Self::Certificate => "signer's certificate",
        })
    }
}

/// Why a message's signature is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The message has no signature as its outer layer.
    #[error("the message is not signed")]
    NotSigned,
    /// The signature wraps the content (`application/pkcs7-mime`) where it must stand beside it.
    #[error("the signature must stand beside the content (multipart/signed), not around it")]
    Opaque,
    /// The structure is broken.
    #[error("malformed {layer}: {reason}")]
    Malformed {
        /// Where.
        layer: Layer,
        /// What.
        reason: &'static str,
    },
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The algorithm is not allowed.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// A detached signature carries content of its own, which a reader might take for the signed one.
    #[error("the signature carries a second content of its own")]
    ContentAttached,
    /// Exactly one signer is expected.
    #[error("expected one signer, found {0}")]
    Signers(usize),
    /// The signer's certificate is not inside the signature.
    #[error("the signer's certificate is missing from the signature")]
    NoCertificate,
    /// The signature says that another certificate made it.
    #[error("the signature was made for another certificate")]
    OtherCertificate,
    /// The content is not the content that was signed.
    #[error("the content was changed after it was signed")]
    ContentChanged,
    /// The signature does not fit the signer's key.
    #[error("the signature does not match the signer's key")]
    BadSignature,
}

/// What a certificate must be usable for, and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// There is no extended key usage.
    PurposeMissing,
    /// The extended key usage lacks `emailProtection`.
    PurposeOther,
    /// There is no key usage.
    KeyUsageMissing,
    /// The key usage lacks `digitalSignature` and `nonRepudiation`.
    KeyUsageOther,
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PurposeMissing => "it has no extended key usage, emailProtection is needed",
            Self::PurposeOther => "its extended key usage lacks emailProtection",
            Self::KeyUsageMissing => "it has no key usage, digitalSignature is needed",
            Self::KeyUsageOther => "its key usage lacks digitalSignature",
        })
    }
}

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No trusted authority issued it.
    #[error("issued by an authority that is not trusted here: {issuer}")]
    UnknownIssuer {
        /// The issuer it names.
        issuer: String,
    },
    /// It has ended.
    #[error("the certificate ended at {not_after}")]
    Expired {
        /// Its last second.
        not_after: Timestamp,
    },
    /// It has not begun.
    #[error("the certificate begins at {not_before}")]
    NotYetValid {
        /// Its first second.
        not_before: Timestamp,
    },
    /// It is not for signing mail.
    #[error("the certificate is not for signing mail: {0}")]
    WrongUsage(Usage),
    /// Its key, or the signature of an authority on the way, is too weak or unknown.
    #[error("{0}")]
    WeakKey(#[from] Refused),
    /// It does not decode, or contradicts itself.
    #[error("malformed certificate: {0}")]
    Malformed(&'static str),
    /// It, or something on the way to the anchor, breaks a rule of RFC 5280.
    #[error("the chain to the trusted authority does not hold: {0}")]
    BadChain(&'static str),
    /// An authority that may vouch for any mail address, where only one that is limited to a domain may stand (RFC 5280 §4.2.1.10).
    #[error("{subject} is not limited to the mail addresses of one domain, as an authority of evidence is")]
    Unlimited {
        /// The authority.
        subject: String,
    },
    /// An authority's certificate where a subscriber's is expected.
    #[error("an authority's certificate cannot sign mail")]
    Authority,
    /// Exactly one mail address is expected.
    #[error("expected one mail address in the certificate, found {0}")]
    MailAddresses(usize),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
}

/// Why a file does not give a key and its certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Neither PEM nor PKCS#12, or broken.
    #[error("malformed key file: {0}")]
    Malformed(&'static str),
    /// The key is encrypted; ask for the password.
    #[error("the key file needs a password")]
    PasswordNeeded,
    /// The password does not open the file.
    #[error("wrong password")]
    WrongPassword,
    /// Encrypted in a way this crate does not read.
    #[error("the key file is encrypted with an unsupported algorithm ({0})")]
    Encryption(String),
    /// No private key inside.
    #[error("no private key in the file")]
    NoKey,
    /// No certificate inside that belongs to the key.
    #[error("no certificate for the private key in the file")]
    NoCertificate,
    /// The key's kind or size is not allowed.
    #[error("{0}")]
    Key(#[from] Refused),
    /// A certificate beside the key is broken.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// Larger than any key file.
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
}

/// Why an entity was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Lines must end with CRLF, or the content changes on its way (RFC 8551 §3.1.1).
    #[error("a line of the entity does not end with CRLF")]
    BareLineEnd,
    /// The entity has no header block that ends with an empty line.
    #[error("the entity is not MIME: header fields and an empty line are missing")]
    NotMime,
    /// The provider refused to compute the signature.
    #[error("the signature could not be computed")]
    Provider,
    /// The signing time cannot be written down (RFC 5652 §11.3: 1950 to 9999).
    #[error("the signing time cannot be encoded")]
    Time,
    /// The receipts cannot be asked for.
    #[error("receipts cannot be asked for: {0}")]
    Receipts(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
}

/// Why an entity was not encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// Nobody to encrypt to.
    #[error("there is no recipient to encrypt to")]
    NoRecipient,
    /// The certificate's key may not receive.
    #[error("the certificate is not for encryption: {0}")]
    Usage(String),
    /// The recipient's key is too weak or of an unknown kind.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The provider refused to encrypt.
    #[error("the content could not be encrypted")]
    Provider,
}

/// Why an encrypted entity stays closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// The entity is not encrypted.
    #[error("the content is not encrypted")]
    NotEncrypted,
    /// The envelope is broken.
    #[error("malformed envelope: {0}")]
    Malformed(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// The cipher is not allowed.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// None of our certificates is among the recipients.
    #[error("the content is encrypted to somebody else")]
    NotForUs,
    /// It does not open. The reason is kept from everybody, since it would help to guess at keys.
    #[error("the content cannot be decrypted")]
    Undecryptable,
}

/// Why an entity was not sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The routing fields are not a block of header fields, or speak about the content.
    #[error("the routing fields are not header fields, or describe the content")]
    Routing,
    /// One of the two signatures failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The envelope failed.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// What was to be sealed as a receipt is none.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The receipt was signed by somebody else than is to seal it.
    #[error("the receipt was signed by somebody else")]
    OtherSigner,
}

/// Why a sealed message stays closed, and at which layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The outer signature.
    #[error("outer signature: {0}")]
    Outer(SignatureError),
    /// The signer's certificate.
    #[error("signer's certificate: {0}")]
    Signer(#[from] CertificateError),
    /// The envelope. Whatever is wrong inside it is [`DecryptError::Undecryptable`] too.
    #[error("envelope: {0}")]
    Envelope(#[from] DecryptError),
    /// Both signatures hold, and the two signatures are of different signers.
    #[error("the content was signed by somebody other than its sender")]
    OtherSigner,
}

/// Why a revocation list is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It does not decode, or contradicts itself.
    #[error("malformed revocation list: {0}")]
    Malformed(&'static str),
    /// Something exceeds a limit of [`crate::limits`].
    #[error("{what} larger than {limit}")]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// None of the authorities given issued it.
    #[error("revocation list of an unknown authority: {issuer}")]
    UnknownIssuer {
        /// The issuer it names.
        issuer: String,
    },
    /// Its authority's certificate does not allow signing lists.
    #[error("the authority may not sign revocation lists")]
    NotAllowed,
    /// It was not signed by the authority it names.
    #[error("the revocation list was not signed by the authority it names")]
    BadSignature,
    /// The algorithm is not allowed.
    #[error("{0}")]
    Algorithm(#[from] Refused),
    /// It is of a kind this crate does not read.
    #[error("the revocation list has {0}, which is not supported")]
    Unsupported(&'static str),
    /// It is a responder's answer, and not used.
    #[error(transparent)]
    Answer(#[from] StatusError),
}

/// Why a certificate whose path holds is not believed all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// The path does not hold in the first place.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// It, or an authority on its way, was revoked.
    #[error("the certificate of {subject} was revoked at {}", revoked.since)]
    Revoked {
        /// Whose certificate.
        subject: String,
        /// Since when, and why.
        revoked: Revoked,
    },
    /// The newest list of the authority is too old to tell.
    #[error("the revocation list of {issuer} ended at {next_update}")]
    Stale {
        /// The authority.
        issuer: String,
        /// When its next list was due.
        next_update: Timestamp,
    },
    /// The authority says that it does not know the certificate, as it would of one that somebody else made in its name.
    #[error("{issuer} says that it does not know the certificate")]
    UnknownToAuthority {
        /// The authority.
        issuer: String,
    },
    /// Nothing here tells what the authority revoked, at least not all of it; and that is required.
    #[error("there is no complete revocation list of {issuer}")]
    NoList {
        /// The authority.
        issuer: String,
    },
}
