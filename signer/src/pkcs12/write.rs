//! Writing PKCS#12 for mail programs: PBES2 with AES-256 (RFC 8018 §6.2) and an HMAC of SHA-256, as OpenSSL 3 does.

use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode, Tag};
use pkcs5::pbes2;
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use super::{
    Any, CERTIFICATE_BAG, CertBag, Certificate, CmsVersion, ContentInfo, DigestInfo, EncryptedContent, EncryptedData,
    EncryptedKey, ID_DATA, ID_ENCRYPTED_DATA, IdentityError, Kdf, MacData, OctetString, Password, Pfx, Purpose,
    SHROUDED_KEY_BAG, SafeBag, SetOfVec, X509_CERTIFICATE, hmac,
};
use crate::algorithm::Hash;
use crate::envelope::tagged_octets;

/// Rounds of each password derivation: what OWASP's Password Storage Cheat Sheet asks of PBKDF2 with SHA-256 in 2023, and
/// about half a second for a file with one key, which is opened when a mail program is set up and not again. The MAC has
/// as many, for who guesses a password tries it on the cheapest of them.
const ROUNDS: u32 = 600_000;
/// RFC 2985 §5.5.2: the same value on a key and on its certificate.
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// Keys (PKCS#8), each with its certificate, and the certificates of authorities, under a password.
pub(crate) fn write(
    keys: &[(&[u8], &Certificate)],
    authorities: &[&Certificate],
    password: &str,
) -> Result<Vec<u8>, IdentityError> {
    encode(keys, authorities, password).map_err(|_| IdentityError::Malformed("the PKCS#12 file could not be written"))
}

fn encode(keys: &[(&[u8], &Certificate)], authorities: &[&Certificate], password: &str) -> der::Result<Vec<u8>> {
    let (mut shrouded, mut held) = (Vec::new(), Vec::new());
    let certificate_bag = |certificate: &Certificate, id: Option<&[u8; 32]>| {
        let value = CertBag { kind: X509_CERTIFICATE, value: OctetString::new(certificate.der())? };
        bag(CERTIFICATE_BAG, &value, id)
    };
    for (key, certificate) in keys {
        let id = certificate.fingerprint();
        let (algorithm, data) = encrypt(key, password)?;
        shrouded.push(bag(SHROUDED_KEY_BAG, &EncryptedKey { algorithm, data }, Some(&id))?);
        held.push(certificate_bag(certificate, Some(&id))?);
    }
    for certificate in authorities {
        held.push(certificate_bag(certificate, None)?);
    }
    let safe = vec![encrypted(&held.to_der()?, password)?, plain(&shrouded.to_der()?)?].to_der()?;
    Pfx { version: 3, mac: Some(mac(&safe, password)?), safe: plain(&safe)? }.to_der()
}

fn bag<T: Encode>(kind: ObjectIdentifier, value: &T, id: Option<&[u8; 32]>) -> der::Result<SafeBag> {
    let value = Any::from_der(&value.to_der()?)?;
    let attributes = id.map(|id| {
        let values = SetOfVec::try_from(vec![Any::new(Tag::OctetString, id.as_slice())?])?;
        Any::from_der(&SetOfVec::try_from(vec![Attribute { oid: LOCAL_KEY_ID, values }])?.to_der()?)
    });
    Ok(SafeBag { kind, value, attributes: attributes.transpose()? })
}

fn plain(content: &[u8]) -> der::Result<ContentInfo> {
    Ok(ContentInfo { content_type: ID_DATA, content: Any::new(Tag::OctetString, content)? })
}

fn encrypted(content: &[u8], password: &str) -> der::Result<ContentInfo> {
    let (algorithm, data) = encrypt(content, password)?;
    let octets = Some(tagged_octets(data.into_bytes().into())?);
    let content = EncryptedContent { kind: ID_DATA, algorithm, octets };
    let data = EncryptedData { version: CmsVersion::V0, content, attributes: None };
    Ok(ContentInfo { content_type: ID_ENCRYPTED_DATA, content: Any::encode_from(&data)? })
}

fn encrypt(clear: &[u8], password: &str) -> der::Result<(AlgorithmIdentifierOwned, OctetString)> {
    let failed = |_| der::Error::from(der::ErrorKind::Failed);
    let kdf = pbes2::Pbkdf2Params::hmac_sha256(ROUNDS, &random::<16>()?).map_err(failed)?;
    let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: random()? };
    let scheme = pbes2::Parameters { kdf: pbes2::Kdf::Pbkdf2(kdf), encryption };
    let data = scheme.encrypt(password, clear).map_err(failed)?;
    let parameters = Some(Any::from_der(&scheme.to_der()?)?);
    Ok((AlgorithmIdentifierOwned { oid: pbes2::PBES2_OID, parameters }, OctetString::new(data)?))
}

/// RFC 7292 §5.1.
fn mac(safe: &[u8], password: &str) -> der::Result<MacData> {
    let salt = random::<16>()?;
    let kdf = Kdf::SHA_256;
    let key = hmac::Key::new(
        hmac::HMAC_SHA256,
        &kdf.derive(Purpose::Mac, &Password::new(password), &salt, ROUNDS, kdf.size()),
    );
    let digest = OctetString::new(hmac::sign(&key, safe).as_ref())?;
    let algorithm = Hash::Sha256.identifier();
    Ok(MacData { mac: DigestInfo { algorithm, digest }, salt: OctetString::new(salt)?, rounds: ROUNDS })
}

fn random<const N: usize>() -> der::Result<[u8; N]> {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| der::Error::from(der::ErrorKind::Failed))?;
    Ok(octets)
}
