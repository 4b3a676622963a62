//! The content itself: AES in GCM or CBC.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptingKey, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use const_oid::db::rfc5911::{ID_AES_256_CBC, ID_AES_256_GCM};
use der::asn1::OctetString;
use der::{Any, Sequence, Tag};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::Cipher;
use crate::algorithm::Refused;
use crate::allowed::{self, ContentCipher, End, Means};
use crate::error::{DecryptError, EncryptError};

/// RFC 5084 §3.2. The default of `tag_size` is 12, which nobody means.
#[derive(Sequence)]
pub(crate) struct GcmParameters {
    pub(crate) nonce: OctetString,
    #[asn1(default = "default_tag_size")]
    pub(crate) tag_size: u8,
}

fn default_tag_size() -> u8 {
    12
}

const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: u8 = 16;
const BLOCK_BYTES: usize = 16;
/// Octets of every key we make.
pub(crate) const KEY_BYTES: usize = 32;

/// A ciphertext with what a reader needs beside the key.
pub(crate) struct Encrypted {
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) octets: Vec<u8>,
    /// The tag of GCM.
    pub(crate) mac: Option<Vec<u8>>,
}

pub(crate) fn encrypt(cipher: Cipher, key: &[u8; KEY_BYTES], clear: &[u8]) -> Result<Encrypted, EncryptError> {
    match cipher {
        Cipher::Aes256Gcm => encrypt_gcm(key, clear),
        Cipher::Aes256Cbc => encrypt_cbc(key, clear),
    }
    .ok_or(EncryptError::Provider)
}

fn encrypt_gcm(key: &[u8; KEY_BYTES], clear: &[u8]) -> Option<Encrypted> {
    let mut nonce = [0; NONCE_BYTES];
    aws_lc_rs::rand::fill(&mut nonce).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, key).ok()?);
    let mut octets = clear.to_vec();
    // RFC 5083 §2.2: without authenticated attributes nothing else is authenticated.
    let mac = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut octets).ok()?;
    let parameters = GcmParameters { nonce: OctetString::new(nonce).ok()?, tag_size: TAG_BYTES };
    let parameters = Some(Any::encode_from(&parameters).ok()?);
    let algorithm = AlgorithmIdentifierOwned { oid: ID_AES_256_GCM, parameters };
    Some(Encrypted { algorithm, octets, mac: Some(mac.as_ref().to_vec()) })
}

fn encrypt_cbc(key: &[u8; KEY_BYTES], clear: &[u8]) -> Option<Encrypted> {
    let mut iv = [0; BLOCK_BYTES];
    aws_lc_rs::rand::fill(&mut iv).ok()?;
    let key = UnboundCipherKey::new(&cipher::AES_256, key).ok()?;
    let mut octets = clear.to_vec();
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?.less_safe_encrypt(&mut octets, context).ok()?;
    let parameters = Some(Any::new(Tag::OctetString, iv.as_slice()).ok()?);
    Some(Encrypted { algorithm: AlgorithmIdentifierOwned { oid: ID_AES_256_CBC, parameters }, octets, mac: None })
}

/// What came out of the cipher, right or wrong: whoever reads on takes the same steps with either, so that nothing but
/// the end tells which it was.
pub(crate) struct Clear {
    pub(crate) octets: Zeroizing<Vec<u8>>,
    /// Whether the cipher's own check held. Without a tag it is only its padding: no proof of anything.
    pub(crate) holds: bool,
}

/// How to undo a content's encryption: read before any key is touched, so that only the content itself can fail after.
pub(crate) struct Method {
    cipher: ContentCipher,
    way: Way,
}

enum Way {
    Gcm { algorithm: &'static aead::Algorithm, nonce: [u8; NONCE_BYTES] },
    Cbc { algorithm: &'static cipher::Algorithm, iv: [u8; BLOCK_BYTES], key_bytes: usize },
}

impl Method {
    pub(crate) fn read(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, DecryptError> {
        let is_cipher = |means| if let Means::Content(cipher) = means { Some(cipher) } else { None };
        let cipher = allowed::find(algorithm.oid, is_cipher)?;
        let way = match cipher {
            ContentCipher::Aes128Gcm => gcm(&aead::AES_128_GCM, algorithm),
            ContentCipher::Aes256Gcm => gcm(&aead::AES_256_GCM, algorithm),
            ContentCipher::Aes128Cbc => cbc(&cipher::AES_128, 16, algorithm),
            ContentCipher::Aes192Cbc => cbc(&cipher::AES_192, 24, algorithm),
            ContentCipher::Aes256Cbc => cbc(&cipher::AES_256, 32, algorithm),
        }?;
        Ok(Self { cipher, way })
    }

    /// Until when such content is opened.
    pub(crate) fn end(&self) -> End {
        allowed::end_of(Means::Content(self.cipher))
    }

    pub(crate) fn is_authenticated(&self) -> bool {
        matches!(self.way, Way::Gcm { .. })
    }

    pub(crate) fn name(&self) -> &'static str {
        allowed::name_of(Means::Content(self.cipher))
    }

    pub(crate) fn key_bytes(&self) -> usize {
        match &self.way {
            Way::Gcm { algorithm, .. } => algorithm.key_len(),
            Way::Cbc { key_bytes, .. } => *key_bytes,
        }
    }

    /// Whether a ciphertext can have so many octets (RFC 5652 §6.3: whole blocks). Everybody sees how many there are.
    pub(crate) fn takes(&self, octets: usize) -> Result<(), DecryptError> {
        match self.way {
            _ if octets == 0 => Err(DecryptError::Malformed("there is no encrypted content")),
            Way::Cbc { .. } if !octets.is_multiple_of(BLOCK_BYTES) => {
                Err(DecryptError::Malformed("the encrypted content has no whole blocks"))
            }
            _ => Ok(()),
        }
    }

    /// No reason is given whatever went wrong: it would help only who tries keys or ciphertexts.
    pub(crate) fn decrypt(&self, key: &[u8], octets: Vec<u8>, mac: &[u8], aad: &[u8]) -> Clear {
        let mut octets = Zeroizing::new(octets);
        let size = match &self.way {
            Way::Gcm { algorithm, nonce } => opened_gcm(algorithm, *nonce, (key, mac, aad), &mut octets),
            Way::Cbc { algorithm, iv, .. } => opened_cbc(algorithm, *iv, key, &mut octets),
        };
        let holds = size.is_some();
        let size = size.unwrap_or(octets.len());
        octets.truncate(size);
        Clear { octets, holds }
    }
}

fn opened_gcm(
    algorithm: &'static aead::Algorithm,
    nonce: [u8; NONCE_BYTES],
    (key, mac, aad): (&[u8], &[u8], &[u8]),
    octets: &mut [u8],
) -> Option<usize> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.open_in_place_separate_tag(nonce, Aad::from(aad), mac, octets).ok().map(|clear| clear.len())
}

fn opened_cbc(
    algorithm: &'static cipher::Algorithm,
    iv: [u8; BLOCK_BYTES],
    key: &[u8],
    octets: &mut [u8],
) -> Option<usize> {
    let key = DecryptingKey::cbc(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
    key.decrypt(octets, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
    unpadded(octets)
}

/// The size without padding (RFC 5652 §6.3). Its octets are compared all, whichever of them is wrong.
fn unpadded(octets: &[u8]) -> Option<usize> {
    let pad = *octets.last()?;
    let last = octets.last_chunk::<BLOCK_BYTES>()?;
    let wrong = (0..).zip(last.iter().rev()).fold(0, |wrong, (place, octet)| {
        let counts = u8::from(place < pad).wrapping_neg();
        wrong | ((octet ^ pad) & counts)
    });
    let fits = (1..=16).contains(&pad) && wrong == 0;
    fits.then(|| octets.len() - usize::from(pad))
}

const BROKEN: DecryptError = DecryptError::Malformed("the cipher's parameters do not decode");

fn gcm(algorithm: &'static aead::Algorithm, read: &AlgorithmIdentifierOwned) -> Result<Way, DecryptError> {
    let parameters = read.parameters.as_ref().ok_or(BROKEN)?;
    let GcmParameters { nonce, tag_size } = parameters.decode_as().map_err(|_| BROKEN)?;
    if tag_size != TAG_BYTES {
        return Err(Refused::Weak("an AES-GCM tag of other than 16 octets").into());
    }
    Ok(Way::Gcm { algorithm, nonce: nonce.as_bytes().try_into().map_err(|_| BROKEN)? })
}

fn cbc(
    algorithm: &'static cipher::Algorithm,
    key_bytes: usize,
    read: &AlgorithmIdentifierOwned,
) -> Result<Way, DecryptError> {
    let iv: OctetString = read.parameters.as_ref().ok_or(BROKEN)?.decode_as().map_err(|_| BROKEN)?;
    Ok(Way::Cbc { algorithm, iv: iv.as_bytes().try_into().map_err(|_| BROKEN)?, key_bytes })
}
