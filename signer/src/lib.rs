//! CMS, S/MIME, certificates and keys: bytes in, bytes out.
//!
//! Start at [`seal`] (signed, encrypted, signed again) and [`open`]; or at one layer: [`sign`] (an entity becomes
//! `multipart/signed`), [`Signed::verify`] (whose words are these? [`SignedStream`] asks while they pass by), [`Trust::check`] (and is that certificate to be
//! believed?), [`encrypt`], [`Enveloped`]. [`Identity`] is a key with its certificate. Around them: [`sign_receipt`] and
//! [`SignedReceipt`] (it was read), [`TimeStampRequest`] and [`TimeStamper`] (it existed by then).
//!
//! Never here: a clock (time is an argument), a file (but the library of a token, with the feature `token`), a socket, a
//! care office. Which office a certificate belongs to is decided by whoever admits the message. Never possible: a
//! [`Signature`] whose bytes were not verified, an [`Opened`] whose layers did not all hold, a private key in a `Debug` line,
//! a certificate encoded anew (what arrived is kept octet for octet).

mod algorithm;
mod allowed;
#[cfg(feature = "authority")]
pub mod authority;
mod ber;
mod capabilities;
mod certificate;
mod cms;
mod compress;
mod decrypt;
mod derived;
mod elsewhere;
mod enclosed;
mod encrypt;
mod envelope;
mod error;
mod ess;
mod hex;
mod identity;
mod key;
mod keyfile;
mod keyring;
pub mod limits;
mod mime;
mod multipart;
mod names;
mod open;
mod pem;
mod pkcs12;
mod practice;
mod profile;
mod revocation;
mod seal;
mod sign;
mod signed;
mod status;
mod stream;
mod timestamp;
#[cfg(feature = "token")]
mod token;
mod trust;

pub use algorithm::{Algorithm, Hash, MlDsa, Refused, RsaPadding};
pub use capabilities::Capabilities;
pub use certificate::Certificate;
pub use compress::{compress, expand};
pub use const_oid::ObjectIdentifier;
pub use decrypt::Enveloped;
pub use elsewhere::{KeyElsewhere, SigningWay, UnwrappingWay};
pub use enclosed::{enclose, enclosed};
pub use encrypt::encrypt;
pub use envelope::Cipher;
pub use envelope::passing::{Addressed, EnvelopedStream};
#[cfg(feature = "token")]
pub use error::TokenError;
pub use error::{
    CertificateError, CompressError, DecryptError, EncryptError, IdentityError, Layer, ListError, OpenError,
    ReceiptError, RevocationError, SealError, SignError, SignatureError, StatusError, TimeStampError, Usage,
};
pub use ess::{ReceiptRequest, Receipts, ReceiptsFrom, SignedReceipt, sign_receipt};
pub use hex::{hex, unhex};
pub use identity::Identity;
pub use keyring::Keyring;
pub use names::{Holder, Names, Naming};
pub use open::{Opened, open, open_receipt};
pub use practice::{Practice, Purposes};
pub use revocation::{Reason, RevocationList, Revoked};
pub use seal::{Extras, Sealing, seal, seal_receipt, seal_with};
pub use sign::{Signing, sign, sign_with};
pub use signed::{Signature, Signed};
pub use status::{StatusAnswer, StatusQuestion};
pub use stream::SignedStream;
pub use timestamp::{ClaimedStamp, TimeStamp, TimeStampRequest, TimeStamper};
#[cfg(feature = "token")]
pub use token::Token;
pub use trust::{RevocationNews, Trust, WithoutList};

#[cfg(test)]
mod vectors {
    mod tests;
}
