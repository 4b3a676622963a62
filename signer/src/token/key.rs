//! One private key on a token. What the token cannot do itself (RSA-OAEP with SHA-256, DER of an elliptic signature) is done
//! around it.

use std::sync::{Arc, Mutex};

use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{OctetStringRef, UintRef};
use der::{Any, Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::{lock, oaep, value};
use crate::algorithm::Hash;
use crate::elsewhere::{KeyElsewhere, SigningWay, UnwrappingWay};

pub(super) struct TokenKey {
    session: Arc<Mutex<Session>>,
    key: ObjectHandle,
}

/// RFC 8017 §9.2.
#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifierOwned,
    digest: &'a OctetStringRef,
}

/// RFC 3279 §2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl TokenKey {
    pub(super) fn new(session: Arc<Mutex<Session>>, key: ObjectHandle) -> Self {
        Self { session, key }
    }

    fn sign_with(&self, mechanism: &Mechanism<'_>, octets: &[u8]) -> Option<Vec<u8>> {
        lock(&self.session).sign(mechanism, self.key, octets).ok()
    }

    fn decrypt_with(&self, mechanism: &Mechanism<'_>, octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        lock(&self.session).decrypt(mechanism, self.key, octets).ok().map(Zeroizing::new)
    }

    /// The token's own way, or else the bare RSA operation with the padding taken off here.
    fn decrypt_oaep(&self, wrapped: &[u8], hash: MechanismType, mask: PkcsMgfType) -> Option<Zeroizing<Vec<u8>>> {
        let parameters = PkcsOaepParams::new(hash, mask, PkcsOaepSource::empty());
        if let Some(clear) = self.decrypt_with(&Mechanism::RsaPkcsOaep(parameters), wrapped) {
            return Some(clear);
        }
        let hash = if hash == MechanismType::SHA256 { oaep::SHA_256 } else { oaep::SHA_1 };
        oaep::unpadded(&self.decrypt_with(&Mechanism::RsaX509, wrapped)?, wrapped.len(), hash)
    }
}

impl KeyElsewhere for TokenKey {
    fn sign(&self, digest: &[u8], way: SigningWay) -> Option<Vec<u8>> {
        match way {
            SigningWay::RsaPkcs1(hash) => {
                let algorithm = AlgorithmIdentifierOwned { parameters: Some(Any::null()), ..hash.identifier() };
                let info = DigestInfo { algorithm, digest: OctetStringRef::new(digest).ok()? };
                self.sign_with(&Mechanism::RsaPkcs, &info.to_der().ok()?)
            }
            SigningWay::RsaPss(hash) => {
                let (hash_alg, mgf) = match hash {
                    Hash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
                    Hash::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
                    Hash::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
                };
                let s_len = digest.len().try_into().ok()?;
                self.sign_with(&Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len }), digest)
            }
            SigningWay::Ecdsa => {
                // PKCS#11 §6.3.1: r and s side by side, each as long as the curve's order.
                let both = self.sign_with(&Mechanism::Ecdsa, digest)?;
                let (r, s) = both.split_at(both.len() / 2);
                let (r, s) = (UintRef::new(r).ok()?, UintRef::new(s).ok()?);
                EcdsaSignature { r, s }.to_der().ok()
            }
        }
    }

    fn decrypt(&self, wrapped: &[u8], way: UnwrappingWay) -> Option<Zeroizing<Vec<u8>>> {
        match way {
            UnwrappingWay::Pkcs1 => self.decrypt_with(&Mechanism::RsaPkcs, wrapped),
            UnwrappingWay::OaepSha1 => self.decrypt_oaep(wrapped, MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
            UnwrappingWay::OaepSha256 => self.decrypt_oaep(wrapped, MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        }
    }

    /// The secret leaves the token as an object of this session, and goes with it.
    fn agree(&self, point: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let parameters = Ecdh1DeriveParams::new(EcKdf::null(), point);
        // The field of the curve: half of an uncompressed point without its first octet.
        let size = (point.len() / 2).try_into().ok()?;
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::ValueLen(size),
        ];
        let session = lock(&self.session);
        let secret = session.derive_key(&Mechanism::Ecdh1Derive(parameters), self.key, &template).ok()?;
        let octets = value(&session, secret, AttributeType::Value).ok().flatten().map(Zeroizing::new);
        session.destroy_object(secret).ok()?;
        octets
    }
}
