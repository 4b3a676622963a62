//! From a password to a key, and what it decrypts: PBES2 (RFC 8018 §6.2) and the schemes of RFC 7292 Appendix B and C,
//! which are only read.

use std::cell::Cell;

use aws_lc_rs::digest;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit as _};
use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use der::{Encode as _, Sequence};
use pkcs5::EncryptionScheme;
use pkcs5::pbes2;
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::error::IdentityError;
use crate::limits::{PASSWORD_ROUNDS_MAX, PASSWORD_ROUNDS_PER_FILE_MAX};

const PBE_SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const PBE_SHA1_RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
const PBE_SHA1_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
/// scrypt takes 128 · N · r octets of memory (RFC 7914 §6).
const SCRYPT_BYTES_MAX: u64 = 64 * 1024 * 1024;
const SCRYPT_LANES_MAX: u16 = 4;

/// RFC 7292 Appendix C.
#[derive(Sequence)]
struct PbeParameters {
    salt: OctetString,
    rounds: u32,
}

/// A password as text, and as RFC 7292 wants it; with the work that may still be done for the file it opens.
pub(crate) struct Password<'p> {
    text: &'p str,
    octets: Zeroizing<Vec<u8>>,
    rounds_left: Cell<u64>,
}

impl<'p> Password<'p> {
    /// RFC 7292 §B.1: a `BMPString`, big-endian, with a zero at its end.
    pub(crate) fn new(text: &'p str) -> Self {
        // Room for all of it, so that it never moves and leaves a copy behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        octets.extend(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
        Self { text, octets, rounds_left: Cell::new(PASSWORD_ROUNDS_PER_FILE_MAX) }
    }

    /// No password, which some programs tell from an empty one: not even the zero.
    pub(super) fn absent(&self) -> Self {
        Self { text: "", octets: Zeroizing::default(), rounds_left: self.rounds_left.clone() }
    }

    /// Takes the rounds of so many derivations from what the file may cost, before they are computed.
    pub(super) fn spend(&self, rounds: u32, times: u64) -> Result<(), IdentityError> {
        if rounds > PASSWORD_ROUNDS_MAX {
            return Err(IdentityError::Encryption(format!("{rounds} rounds")));
        }
        self.spend_work(u64::from(rounds) * times)
    }

    fn spend_work(&self, rounds: u64) -> Result<(), IdentityError> {
        let left = self.rounds_left.get().checked_sub(rounds);
        let most = PASSWORD_ROUNDS_PER_FILE_MAX;
        let left = left.ok_or_else(|| IdentityError::Encryption(format!("more than {most} rounds in one file")))?;
        self.rounds_left.set(left);
        Ok(())
    }

    pub(super) fn text(&self) -> &str {
        self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// Decrypts what the algorithm names; a failure of the padding is a wrong password.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    data: &[u8],
    password: &Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    match algorithm.oid {
        pbes2::PBES2_OID => decrypt_pbes2(algorithm, data, password),
        PBE_SHA1_3DES | PBE_SHA1_RC2_128 | PBE_SHA1_RC2_40 => decrypt_legacy(algorithm, data, password),
        oid => Err(IdentityError::Encryption(oid.to_string())),
    }
}

fn decrypt_pbes2(
    algorithm: &AlgorithmIdentifierOwned,
    data: &[u8],
    password: &Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let unreadable = || IdentityError::Encryption("PBES2 with unknown parameters".to_owned());
    let der = algorithm.to_der().map_err(|_| unreadable())?;
    let scheme = EncryptionScheme::try_from(der.as_slice()).map_err(|_| unreadable())?;
    let kdf = scheme.pbes2().map(|parameters| &parameters.kdf);
    if let Some(pbkdf2) = kdf.and_then(pbes2::Kdf::pbkdf2) {
        password.spend(pbkdf2.iteration_count, 1)?;
    }
    if let Some(scrypt) = kdf.and_then(pbes2::Kdf::scrypt) {
        password.spend_work(scrypt_rounds(scrypt)?)?;
    }
    let mut buffer = Zeroizing::new(data.to_vec());
    let clear = match scheme.decrypt_in_place(password.text, &mut buffer) {
        Ok(clear) => clear.len(),
        Err(pkcs5::Error::UnsupportedAlgorithm { oid } | pkcs5::Error::AlgorithmParametersInvalid { oid }) => {
            return Err(IdentityError::Encryption(oid.to_string()));
        }
        Err(_) => return Err(IdentityError::WrongPassword),
    };
    buffer.truncate(clear);
    Ok(buffer)
}

/// The work of scrypt (RFC 7914 §2) in rounds of a digest: one of its blocks takes the time of about three.
fn scrypt_rounds(scrypt: &pbes2::ScryptParams) -> Result<u64, IdentityError> {
    let (cost, block, lanes) = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    // RFC 7914 §2: a power of two greater than 1; the library is not to be asked about another.
    if cost < 2 || !cost.is_power_of_two() || block == 0 || lanes == 0 {
        return Err(IdentityError::Encryption("scrypt with parameters that are none".to_owned()));
    }
    if cost.saturating_mul(128 * u64::from(block)) > SCRYPT_BYTES_MAX || lanes > SCRYPT_LANES_MAX {
        return Err(IdentityError::Encryption("scrypt beyond 64 MiB".to_owned()));
    }
    Ok(3 * cost * u64::from(block) * u64::from(lanes))
}

fn decrypt_legacy(
    algorithm: &AlgorithmIdentifierOwned,
    data: &[u8],
    password: &Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let unreadable = || IdentityError::Encryption(algorithm.oid.to_string());
    let parameters = algorithm.parameters.as_ref().ok_or_else(unreadable)?;
    let PbeParameters { salt, rounds } = parameters.decode_as().map_err(|_| unreadable())?;
    // Two digests make the longest key, another the vector.
    password.spend(rounds, 3)?;
    let derive = |purpose, size| Kdf::SHA_1.derive(purpose, password, salt.as_bytes(), rounds, size);
    let iv = derive(Purpose::Iv, 8);
    let rc2 = |octets: usize| rc2::Rc2::new_with_eff_key_len(&derive(Purpose::Key, octets), octets * 8);
    match algorithm.oid {
        PBE_SHA1_3DES => {
            decrypt_cbc(des::TdesEde3::new_from_slice(&derive(Purpose::Key, 24)).map_err(|_| unreadable())?, &iv, data)
        }
        PBE_SHA1_RC2_128 => decrypt_cbc(rc2(16), &iv, data),
        _ => decrypt_cbc(rc2(5), &iv, data),
    }
}

fn decrypt_cbc<C: BlockCipherDecrypt>(cipher: C, iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let decryptor = cbc::Decryptor::<C>::inner_iv_slice_init(cipher, iv).map_err(|_| IdentityError::WrongPassword)?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let clear = decryptor.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| IdentityError::WrongPassword)?.len();
    buffer.truncate(clear);
    Ok(buffer)
}

/// RFC 7292 §B.3: what a derived value is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// RFC 7292 §B.2: one of its digests with its block size.
#[derive(Clone, Copy)]
pub(super) struct Kdf {
    digest: &'static digest::Algorithm,
    block: usize,
}

impl Kdf {
    pub(super) const SHA_1: Self = Self { digest: &digest::SHA1_FOR_LEGACY_USE_ONLY, block: 64 };
    pub(super) const SHA_256: Self = Self { digest: &digest::SHA256, block: 64 };
    pub(super) const SHA_384: Self = Self { digest: &digest::SHA384, block: 128 };
    pub(super) const SHA_512: Self = Self { digest: &digest::SHA512, block: 128 };

    /// Octets of the digest.
    pub(super) fn size(self) -> usize {
        self.digest.output_len()
    }

    pub(super) fn derive(
        self,
        purpose: Purpose,
        password: &Password<'_>,
        salt: &[u8],
        rounds: u32,
        size: usize,
    ) -> Zeroizing<Vec<u8>> {
        let diversifier = vec![purpose as u8; self.block];
        let salt = self.stretched(salt);
        let mut mixed = Zeroizing::new([salt.as_slice(), &self.stretched(&password.octets)].concat());
        let mut out = Zeroizing::new(Vec::with_capacity(size + self.size()));
        while out.len() < size {
            let first = [diversifier.as_slice(), &mixed].concat();
            let mut digest = digest::digest(self.digest, &Zeroizing::new(first));
            for _ in 1..rounds {
                digest = digest::digest(self.digest, digest.as_ref());
            }
            out.extend_from_slice(digest.as_ref());
            let addend = self.stretched(digest.as_ref());
            for block in mixed.chunks_exact_mut(self.block) {
                add_one_more(block, &addend);
            }
        }
        out.truncate(size);
        out
    }

    /// Repeated until it fills whole blocks; nothing stays nothing.
    fn stretched(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let size = bytes.len().div_ceil(self.block) * self.block;
        let mut stretched = Zeroizing::new(Vec::with_capacity(size));
        stretched.extend(bytes.iter().copied().cycle().take(size));
        stretched
    }
}

/// `block = block + addend + 1`, as big-endian numbers that wrap (RFC 7292 §B.2 step 6C).
fn add_one_more(block: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (digit, more) in block.iter_mut().zip(addend).rev() {
        let sum = u16::from(*digit) + u16::from(*more) + carry;
        let [high, low] = sum.to_be_bytes();
        *digit = low;
        carry = u16::from(high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounds_of_one_file_end_at_their_limit() {
        let password = Password::new("");
        for _ in 0..PASSWORD_ROUNDS_PER_FILE_MAX / u64::from(PASSWORD_ROUNDS_MAX) {
            assert_eq!(password.spend(PASSWORD_ROUNDS_MAX, 1), Ok(()));
        }
        assert!(matches!(password.spend(1, 1), Err(IdentityError::Encryption(_))));
        assert!(password.absent().spend(1, 1).is_err(), "the same file under no password");
        assert!(Password::new("").spend(PASSWORD_ROUNDS_MAX + 1, 1).is_err());
        assert!(Password::new("").spend(PASSWORD_ROUNDS_MAX, 13).is_err());
    }

    #[test]
    fn scrypt_is_asked_within_its_limits_only() {
        let rounds = |cost, block, lanes| {
            let salt = [0; 16].as_slice().try_into().unwrap();
            let (cost_parameter, block_size, parallelization) = (cost, block, lanes);
            scrypt_rounds(&pbes2::ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None })
        };
        for (cost, block, lanes) in [(0, 8, 1), (1, 8, 1), (3, 8, 1), (16, 0, 1), (16, 8, 0), (u64::MAX, 8, 1)] {
            assert!(rounds(cost, block, lanes).is_err(), "{cost} {block} {lanes}");
        }
        assert!(rounds(2, 8, 1).is_ok());
        assert!(rounds(1 << 16, 8, 4).unwrap() < PASSWORD_ROUNDS_PER_FILE_MAX);
        assert!(rounds(1 << 16, 8, 5).is_err() && rounds(1 << 17, 8, 1).is_err());
        assert!(rounds(1 << 63, u16::MAX, 1).is_err());
    }
}
