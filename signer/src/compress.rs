//! Compressed content (RFC 3274, RFC 8551 §3.6): zlib inside the seal, where it pays. What arrives compressed may be a
//! bomb, so its size is measured within limits before a single octet of it is kept.

use std::io::Write as _;

use cms::compressed_data::CompressedData;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::EncapsulatedContentInfo;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::ID_DATA;
use der::asn1::OctetString;
use der::{Any, Decode as _, Encode as _, Tag};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::algorithm::Refused;
use crate::ber;
use crate::error::{CompressError, Layer};
use crate::limits::{ENVELOPE_BYTES_MAX, EXPANDED_BYTES_MAX, EXPANDED_FREE_BYTES, EXPANSION_RATIO_MAX};
use crate::mime::Entity;

/// RFC 3274 §1.1, §2.
const COMPRESSED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.9");
pub(crate) const ZLIB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.8");
const KIND: &str = "compressed-data";

/// Compresses an entity, if the result is below nine tenths of it and [`expand`] would take it; otherwise `None`.
///
/// The result has the transfer encoding `binary`: it belongs inside an envelope, where no transport changes it
/// (RFC 8551 §3.1.2), and a third is not lost again.
pub fn compress(entity: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(entity).ok()?;
    let octets = encoder.finish().ok()?;
    if entity.len() > LIMITS.most(octets.len()) {
        return None;
    }
    let der = compressed_data(octets).ok()?;
    let head = format!(
        "Content-Type: application/pkcs7-mime; smime-type={KIND}; name=\"smime.p7z\"\r\n\
         Content-Transfer-Encoding: binary\r\nContent-Disposition: attachment; filename=\"smime.p7z\"\r\n\r\n"
    );
    let whole = [head.as_bytes(), &der].concat();
    (whole.len() < entity.len() - entity.len() / 10).then_some(whole)
}

fn compressed_data(octets: Vec<u8>) -> der::Result<Vec<u8>> {
    let data = CompressedData {
        version: CmsVersion::V0,
        // RFC 3274 §2: no parameters.
        compression_alg: AlgorithmIdentifierOwned { oid: ZLIB, parameters: None },
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_DATA,
            econtent: Some(Any::new(Tag::OctetString, octets)?),
        },
    };
    ContentInfo { content_type: COMPRESSED_DATA, content: Any::encode_from(&data)? }.to_der()
}

/// Whether an entity says of itself that it is compressed.
pub(crate) fn is_compressed(entity: &[u8]) -> bool {
    let media = Entity::read(entity, Layer::Parts).and_then(|entity| entity.media_type(Layer::Parts));
    matches!(media, Ok(Some(media)) if media.is_pkcs7_mime(KIND))
}

/// Expands an `application/pkcs7-mime; smime-type=compressed-data` entity to the entity inside.
pub fn expand(entity: &[u8]) -> Result<Zeroizing<Vec<u8>>, CompressError> {
    if !is_compressed(entity) {
        return Err(CompressError::NotCompressed);
    }
    let entity = Entity::read(entity, Layer::Parts)?;
    if entity.body.len() > ENVELOPE_BYTES_MAX {
        return Err(CompressError::TooLarge { what: "compressed content", limit: ENVELOPE_BYTES_MAX });
    }
    let octets = entity.decoded(Layer::Parts)?;
    let der = ber::definite(&octets).map_err(|error| CompressError::Malformed(error.reason()))?;
    let broken = |_| CompressError::Malformed("it does not decode");
    let info = ContentInfo::from_der(&der).map_err(broken)?;
    if info.content_type != COMPRESSED_DATA {
        return Err(CompressError::NotCompressed);
    }
    let data: CompressedData = info.content.decode_as().map_err(broken)?;
    if data.compression_alg.oid != ZLIB {
        return Err(Refused::Unknown(data.compression_alg.oid.to_string()).into());
    }
    let content = data.encap_content_info;
    if content.econtent_type != ID_DATA {
        return Err(CompressError::Malformed("it does not hold data"));
    }
    let content = content.econtent.ok_or(CompressError::Malformed("it has no content"))?;
    let content: OctetString = content.decode_as().map_err(broken)?;
    inflate(content.as_bytes(), LIMITS)
}

/// How far content may grow.
#[derive(Clone, Copy)]
struct Limits {
    bytes: usize,
    ratio: usize,
    /// Up to here the ratio does not matter.
    free: usize,
}

const LIMITS: Limits = Limits { bytes: EXPANDED_BYTES_MAX, ratio: EXPANSION_RATIO_MAX, free: EXPANDED_FREE_BYTES };

impl Limits {
    /// The most that so many compressed octets may become.
    fn most(self, octets: usize) -> usize {
        self.bytes.min(self.free.max(octets.saturating_mul(self.ratio)))
    }

    fn passed(self, most: usize) -> CompressError {
        if most == self.bytes {
            CompressError::TooLarge { what: "expanded content", limit: self.bytes }
        } else {
            CompressError::Bomb { limit: self.ratio }
        }
    }
}

/// Expands twice: once to measure, once to keep, in a buffer that never moves and leaves no copy behind.
fn inflate(octets: &[u8], limits: Limits) -> Result<Zeroizing<Vec<u8>>, CompressError> {
    let most = limits.most(octets.len());
    let mut size = 0;
    pieces(octets, |piece| {
        size += piece.len();
        if size > most { Err(limits.passed(most)) } else { Ok(()) }
    })?;
    let mut clear = Zeroizing::new(Vec::with_capacity(size));
    pieces(octets, |piece| {
        clear.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(clear)
}

const PIECE_BYTES: usize = 16 * 1024;

/// Hands out what a zlib stream (RFC 1950) holds, piece by piece. The stream must end, and with the octets.
fn pieces(mut octets: &[u8], mut take: impl FnMut(&[u8]) -> Result<(), CompressError>) -> Result<(), CompressError> {
    const BROKEN: CompressError = CompressError::Malformed("the zlib stream is broken");
    let mut stream = Decompress::new(true);
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(octets, &mut piece, FlushDecompress::None).map_err(|_| BROKEN)?;
        let count = |before: u64, after: u64| usize::try_from(after - before).map_err(|_| BROKEN);
        let (read, written) = (count(read, stream.total_in())?, count(written, stream.total_out())?);
        octets = &octets[read..];
        take(&piece[..written])?;
        match status {
            Status::StreamEnd if octets.is_empty() => return Ok(()),
            Status::StreamEnd => return Err(CompressError::Malformed("something follows the zlib stream")),
            // No octet in, no octet out: more of the stream would be needed.
            _ if read == 0 && written == 0 => return Err(BROKEN),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
