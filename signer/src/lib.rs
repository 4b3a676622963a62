//! CMS, S/MIME, certificates and keys: bytes in, bytes out.
//!
//! Start at [`sign`] (an entity becomes `multipart/signed`), [`Signed::read`] and [`Signed::verify`] (whose words are
//! these?), [`Trust::check`] (and is that certificate ours to believe?). [`Identity`] is the signer's key and certificate.
//!
//! Never here: a clock (time is an argument), a file, a socket, a care office. Which office a certificate belongs to is
//! decided by whoever admits the message. Never possible: a [`Signature`] whose bytes were not verified, a private key
//! in a `Debug` line, a certificate encoded anew (what arrived is kept octet for octet).

mod algorithm;
#[cfg(feature = "authority")]
pub mod authority;
mod ber;
mod certificate;
mod cms;
mod decrypt;
mod encrypt;
mod envelope;
mod error;
mod identity;
mod key;
pub mod limits;
mod mime;
mod pem;
mod pkcs12;
mod profile;
mod sign;
mod signed;
mod trust;

pub use algorithm::{Algorithm, Hash, Refused};
pub use certificate::Certificate;
pub use decrypt::Enveloped;
pub use encrypt::encrypt;
pub use envelope::Cipher;
pub use error::{CertificateError, DecryptError, EncryptError, IdentityError, Layer, SignError, SignatureError, Usage};
pub use identity::Identity;
pub use sign::sign;
pub use signed::{Signature, Signed};
pub use trust::Trust;
