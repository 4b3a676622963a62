//! Keys on PKCS#11 tokens: smart cards, sticks, security modules. The token's maker provides a library; the PIN is given by
//! the caller and not kept.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::Encode as _;
use der::asn1::OctetStringRef;

use crate::algorithm::{KeyKind, rsa_modulus};
use crate::certificate::Certificate;
use crate::error::{IdentityError, TokenError};
use crate::identity::Identity;
use crate::keyring::authorities_above;

mod key;
mod oaep;

use key::TokenKey;

/// A token, logged in. Its identities go on working as long as it stays connected.
#[derive(Clone)]
pub struct Token {
    session: Arc<Mutex<Session>>,
    label: String,
}

impl Token {
    /// Loads the maker's library and logs in to the token of this name.
    pub fn open(library: &Path, label: &str, pin: &str) -> Result<Self, TokenError> {
        let provider = Pkcs11::new(library).map_err(|error| TokenError::Library(error.to_string()))?;
        match provider.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another token of the same maker is open in this process.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(TokenError::Library(error.to_string())),
        }
        let slot = slot_of(&provider, label)?.ok_or_else(|| TokenError::NoToken(label.to_owned()))?;
        let session = provider.open_ro_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&AuthPin::from(pin))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(RvError::PinLocked, _)) => return Err(TokenError::Locked),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _)) => {
                return Err(TokenError::WrongPin);
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(Self { session: Arc::new(Mutex::new(session)), label: label.to_owned() })
    }

    /// Every certificate on the token whose private key is there too, with the authorities that lie beside it.
    pub fn identities(&self) -> Result<Vec<Identity>, TokenError> {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for certificate in self.certificates()? {
            match self.key_of(&certificate) {
                Ok(key) => own.push((key, certificate)),
                Err(TokenError::NoKey) => others.push(certificate),
                Err(error) => return Err(error),
            }
        }
        let identity = |(key, certificate)| {
            let chain = authorities_above(&certificate, &others)?;
            Identity::elsewhere(Arc::new(key), certificate, chain)
        };
        Ok(own.into_iter().map(identity).collect::<Result<_, IdentityError>>()?)
    }

    /// The identity of a certificate that came another way: many tokens hold the key only.
    pub fn identity(&self, certificate: &Certificate, chain: &[Certificate]) -> Result<Identity, TokenError> {
        let key = self.key_of(certificate)?;
        Ok(Identity::elsewhere(Arc::new(key), certificate.clone(), chain.to_vec())?)
    }

    fn certificates(&self) -> Result<Vec<Certificate>, TokenError> {
        let session = lock(&self.session);
        let mut certificates = Vec::new();
        for object in session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)]).map_err(failed)? {
            if let Some(der) = value(&session, object, AttributeType::Value)? {
                // A certificate that does not decode is of a kind for others.
                certificates.extend(Certificate::from_der(&der));
            }
        }
        Ok(certificates)
    }

    /// By the public half, which tells more than names and ids that anybody may choose.
    fn key_of(&self, certificate: &Certificate) -> Result<TokenKey, TokenError> {
        let public = certificate.decoded().tbs_certificate().subject_public_key_info();
        let octets = public.subject_public_key.raw_bytes();
        let kind = KeyKind::of(public).map_err(IdentityError::from)?;
        let session = lock(&self.session);
        let first = |found: Vec<ObjectHandle>| found.into_iter().next();
        let only = |template: &[Attribute]| session.find_objects(template).map(first).map_err(failed);
        let private = Attribute::Class(ObjectClass::PRIVATE_KEY);
        let found = if kind == KeyKind::Rsa {
            only(&[private, Attribute::Modulus(rsa_modulus(octets).map_err(IdentityError::from)?)])?
        } else {
            let point = OctetStringRef::new(octets).and_then(|point| point.to_der());
            let point = Attribute::EcPoint(point.map_err(|_| TokenError::NoKey)?);
            let public = only(&[Attribute::Class(ObjectClass::PUBLIC_KEY), point])?.ok_or(TokenError::NoKey)?;
            let id = value(&session, public, AttributeType::Id)?.ok_or(TokenError::NoKey)?;
            only(&[private, Attribute::Id(id)])?
        };
        let handle = found.ok_or(TokenError::NoKey)?;
        drop(session);
        Ok(TokenKey::new(Arc::clone(&self.session), handle))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({})", self.label)
    }
}

fn slot_of(provider: &Pkcs11, label: &str) -> Result<Option<Slot>, TokenError> {
    for slot in provider.get_slots_with_token().map_err(failed)? {
        if provider.get_token_info(slot).map_err(failed)?.label() == label {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

fn value(session: &Session, object: ObjectHandle, kind: AttributeType) -> Result<Option<Vec<u8>>, TokenError> {
    let found = session.get_attributes(object, &[kind]).map_err(failed)?;
    Ok(found.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(octets) | Attribute::Id(octets) => Some(octets),
        _ => None,
    }))
}

/// One command at a time: a session holds the state of its last one (PKCS#11 §5.6).
fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: Error) -> TokenError {
    TokenError::Failed(error.to_string())
}
