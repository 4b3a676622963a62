//! A content's key that reaches its reader through an encapsulated secret: ML-KEM (RFC 9936) in a `KEMRecipientInfo`
//! (RFC 9629). The secret derives the key that wraps the content's key.

use aws_lc_rs::kem::EncapsulationKey;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::enveloped_data::{OtherRecipientInfo, RecipientIdentifier, RecipientInfo};
use cms::kemri::{CmsOriForKemOtherInfo, ID_ORI_KEM, KemRecipientInfo};
use const_oid::db::rfc5911::ID_AES_256_WRAP;
use der::asn1::OctetString;
use der::{Any, Encode as _};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::unwrap::{key_wrap, unwrapped};
use crate::algorithm::{KeyKind, MlKem, Refused};
use crate::allowed::{self, KeyWrap, Means};
use crate::derived::derived;
use crate::identity::Identity;

/// One recipient's encapsulated secret, its algorithms known.
pub(crate) struct Encapsulation {
    pub(super) set: MlKem,
    pub(super) wrap: KeyWrap,
    info: KemRecipientInfo,
}

/// RFC 9629 §3, if that is what it is.
pub(super) fn kem_info(info: &OtherRecipientInfo) -> Option<KemRecipientInfo> {
    if info.ori_type != ID_ORI_KEM {
        return None;
    }
    info.ori_value.decode_as().ok()
}

impl Encapsulation {
    pub(super) fn read(info: &OtherRecipientInfo) -> Result<Self, Refused> {
        let other = || Refused::Unknown("a key that was not wrapped for a certificate".to_owned());
        let info = kem_info(info).ok_or_else(other)?;
        let set = allowed::find(info.kem.oid, |means| match means {
            Means::Key(KeyKind::MlKem(set)) => Some(set),
            _ => None,
        })?;
        allowed::find(info.kdf.oid, |means| (means == Means::Hkdf).then_some(()))?;
        let wrap = key_wrap(&info.wrap)?;
        // RFC 9936 §2.2, RFC 8619 §2: no parameters; RFC 9629 §3: the length of the key that wraps.
        let bare = info.kem.parameters.is_none() && info.kdf.parameters.is_none();
        if !bare || info.version != CmsVersion::V0 || usize::from(info.kek_length) != wrap.key_bytes() {
            return Err(Refused::Mismatch("the parameters of ML-KEM"));
        }
        Ok(Self { set, wrap, info })
    }

    /// Whether its parts have the sizes of a key of `key_bytes` for a key of this kind.
    pub(super) fn fits(&self, kind: KeyKind, key_bytes: usize) -> bool {
        kind == KeyKind::MlKem(self.set)
            && self.info.kem_ct.as_bytes().len() == self.set.ciphertext_bytes()
            && self.info.encrypted_key.as_bytes().len() == key_bytes + super::recipient::WRAP_BYTES
    }

    /// FIPS 203 §6.3: a wrong ciphertext gives another secret, and the wrap then does not open.
    pub(super) fn open(&self, identity: &Identity) -> Option<Zeroizing<Vec<u8>>> {
        let secret = identity.key().decapsulated(self.set, self.info.kem_ct.as_bytes())?;
        let info = other_info(&self.info.wrap, self.wrap, self.info.ukm.as_ref())?;
        // RFC 9936 §2.2.1
        let kek = derived(&secret, self.wrap.key_bytes(), &info)?;
        unwrapped(self.wrap, &kek, self.info.encrypted_key.as_bytes())
    }
}

/// RFC 9629 §5: what the derivation is bound to.
fn other_info(wrap: &AlgorithmIdentifierOwned, key: KeyWrap, ukm: Option<&OctetString>) -> Option<Vec<u8>> {
    let kek_length = u16::try_from(key.key_bytes()).ok()?;
    CmsOriForKemOtherInfo { wrap: wrap.clone(), kek_length, ukm: ukm.cloned() }.to_der().ok()
}

/// The key wrapped for an ML-KEM key.
pub(super) fn encapsulated(key: &[u8], id: IssuerAndSerialNumber, public: &[u8], set: MlKem) -> Option<RecipientInfo> {
    let plain = |oid| AlgorithmIdentifierOwned { oid, parameters: None };
    let (ciphertext, secret) = EncapsulationKey::new(set.provider(), public).ok()?.encapsulate().ok()?;
    let wrap = plain(ID_AES_256_WRAP);
    let info = other_info(&wrap, KeyWrap::Aes256, None)?;
    let kek = derived(secret.as_ref(), KeyWrap::Aes256.key_bytes(), &info)?;
    let mut wrapped = vec![0; key.len() + super::recipient::WRAP_BYTES];
    AesKek::new(&AES_256, &kek).ok()?.wrap(key, &mut wrapped).ok()?;
    let info = KemRecipientInfo {
        version: CmsVersion::V0,
        rid: RecipientIdentifier::IssuerAndSerialNumber(id),
        kem: plain(set.oid()),
        kem_ct: OctetString::new(ciphertext.as_ref()).ok()?,
        kdf: plain(allowed::HKDF_SHA256),
        kek_length: u16::try_from(KeyWrap::Aes256.key_bytes()).ok()?,
        ukm: None,
        wrap,
        encrypted_key: OctetString::new(wrapped).ok()?,
    };
    Some(RecipientInfo::Ori(OtherRecipientInfo { ori_type: ID_ORI_KEM, ori_value: Any::encode_from(&info).ok()? }))
}

#[cfg(test)]
mod tests {
    use const_oid::db::rfc5911::ID_AES_128_WRAP;

    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        crate::unhex(hex).unwrap()
    }

    /// The numbers that the authors of RFC 9936 published with a draft of it.
    #[test]
    fn a_published_secret_derives_its_key_and_opens_its_wrap() {
        let secret = octets("7DF12D412AE299A24FDE6D7C3BB8E3194C80AD3C733DCF2775E09FE8BEDB86D8");
        let named = AlgorithmIdentifierOwned { oid: ID_AES_128_WRAP, parameters: None };
        let info = other_info(&named, KeyWrap::Aes128, None).unwrap();
        assert_eq!(info, octets("3010300B0609608648016503040105020110"));
        let kek = derived(&secret, KeyWrap::Aes128.key_bytes(), &info).unwrap();
        assert_eq!(*kek, octets("CF453A3E2BAE0A78701B8206C185A008"));
        let wrapped = octets("C050E4392F9C14DD0AC2220203F317D701F94F9DD92778F5");
        assert_eq!(unwrapped(KeyWrap::Aes128, &kek, &wrapped).unwrap().len(), 16);
    }
}
