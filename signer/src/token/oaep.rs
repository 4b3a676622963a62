//! RSA-OAEP taken off by hand (RFC 8017 §7.1.2), for tokens that do bare RSA only or know SHA-1 alone. Where it fails is told
//! to nobody, and every octet is looked at in any case.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, digest};
use zeroize::Zeroizing;

pub(super) const SHA_1: &digest::Algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;
pub(super) const SHA_256: &digest::Algorithm = &digest::SHA256;

/// The message inside a block of the bare RSA operation; `size` octets has the modulus. The label is empty.
pub(super) fn unpadded(block: &[u8], size: usize, hash: &'static digest::Algorithm) -> Option<Zeroizing<Vec<u8>>> {
    let length = hash.output_len();
    if block.len() > size || size < 2 * length + 2 {
        return None;
    }
    // Some tokens leave zeros in front away.
    let mut padded = Zeroizing::new(vec![0; size - block.len()]);
    padded.extend_from_slice(block);
    let (first, rest) = padded.split_first_mut()?;
    let (seed, data) = rest.split_at_mut(length);
    mask(seed, data, hash);
    mask(data, seed, hash);
    let label = verify_slices_are_equal(digest(hash, b"").as_ref(), &data[..length]).is_ok();
    let (mut start, mut waiting, mut sound) = (0, true, true);
    for (at, octet) in data.iter().enumerate().skip(length) {
        let (zero, one) = (*octet == 0, *octet == 1);
        start = if waiting & one { at + 1 } else { start };
        sound &= !waiting | zero | one;
        waiting &= !one;
    }
    let holds = [label, sound, !waiting, *first == 0].into_iter().fold(true, |all, one| all & one);
    holds.then(|| Zeroizing::new(data[start..].to_vec()))
}

/// RFC 8017 §B.2.1: `octets` masked with what `seed` grows into.
fn mask(octets: &mut [u8], seed: &[u8], hash: &'static digest::Algorithm) {
    for (counter, piece) in (0_u32..).zip(octets.chunks_mut(hash.output_len())) {
        let mut context = digest::Context::new(hash);
        context.update(seed);
        context.update(&counter.to_be_bytes());
        piece.iter_mut().zip(context.finish().as_ref()).for_each(|(octet, mask)| *octet ^= mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8017 §7.1.1.
    fn padded(message: &[u8], size: usize, hash: &'static digest::Algorithm) -> Vec<u8> {
        let length = hash.output_len();
        let mut data =
            [digest(hash, b"").as_ref(), &vec![0; size - message.len() - 2 * length - 2], &[1], message].concat();
        let mut seed = vec![0x5a; length];
        mask(&mut data, &seed, hash);
        mask(&mut seed, &data, hash);
        [&[0], &seed[..], &data[..]].concat()
    }

    #[test]
    fn what_was_padded_comes_back() {
        for hash in [SHA_1, SHA_256] {
            for message in [&b""[..], b"k", &[7; 32], &[0; 16], &[1; 16]] {
                let block = padded(message, 256, hash);
                assert_eq!(unpadded(&block, 256, hash).unwrap().as_slice(), message);
                assert_eq!(unpadded(&block[1..], 256, hash).unwrap().as_slice(), message, "without its first zero");
            }
        }
    }

    #[test]
    fn any_damage_is_refused_or_changes_nothing_but_the_message() {
        let block = padded(&[7; 32], 256, SHA_256);
        for at in 0..block.len() {
            let mut bad = block.clone();
            bad[at] ^= 0x80;
            assert_ne!(unpadded(&bad, 256, SHA_256).as_deref().map(Vec::as_slice), Some(&[7; 32][..]), "octet {at}");
        }
        assert!(unpadded(&block, 255, SHA_256).is_none() && unpadded(&block, 65, SHA_256).is_none());
        assert!(unpadded(&padded(b"k", 256, SHA_1), 256, SHA_256).is_none());
        assert!(unpadded(&[], 256, SHA_256).is_none());
    }
}
