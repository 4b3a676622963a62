//! What the targets share: an authority with an office below it, and content that it signed with a piece of it changed. So
//! what stands behind the signature is fuzzed too.
//!
//! Start at [`authority_and_office`] and [`spliced`]. Never here: a key or a certificate in a file; they are made at each run.

use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use jiff::Timestamp;

/// The moment every target stands at.
pub const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);

/// An authority, and an office below it.
pub fn authority_and_office() -> (Authority, Identity) {
    let (not_before, not_after) = (Timestamp::UNIX_EPOCH, Timestamp::constant(2_000_000_000, 0));
    let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
    let request = Request { common_name: "x", rfc822_name: "a@b", key, purpose, not_before, not_after };
    let ca = Authority::create("CA", not_before).unwrap();
    let office = ca.issue(&request).unwrap();
    (ca, office)
}

/// Good content with the fuzzer's octets over a piece of it: the first two say where, the third how much goes for them.
pub fn spliced(good: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let (&[high, low, gone], piece) = bytes.split_first_chunk::<3>()?;
    let at = usize::from(u16::from_be_bytes([high, low])) % (good.len() + 1);
    let end = (at + usize::from(gone)).min(good.len());
    Some([&good[..at], piece, &good[end..]].concat())
}

/// The first element of a DER sequence, which is what is signed of a list, and of an answer.
pub fn first_element(sequence: &[u8]) -> Option<&[u8]> {
    let inside = &sequence[header(sequence)?.0..];
    let (begin, length) = header(inside)?;
    inside.get(..begin + length)
}

/// Octets of an element's header, and of its content.
pub fn header(element: &[u8]) -> Option<(usize, usize)> {
    match *element.get(1)? {
        short @ 0..=127 => Some((2, usize::from(short))),
        long => {
            let octets = element.get(2..2 + usize::from(long & 0x7f))?;
            Some((2 + octets.len(), octets.iter().fold(0, |size, octet| size << 8 | usize::from(*octet))))
        }
    }
}
