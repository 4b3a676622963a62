//! The elements of a SET, left together until somebody takes no more than so many: a sender may write millions.

use der::asn1::SetOfVec;
use der::{Any, Decode as _, DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, SliceReader, Tag, Writer};

/// The octets between a SET's head and its end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The elements of an encoded SET.
    pub(crate) fn of(set: &'a [u8]) -> der::Result<Self> {
        Self::from_der(set)
    }

    /// Each of them, as it is encoded. `None`: there are more than `most`.
    pub(crate) fn up_to(self, most: usize) -> der::Result<Option<Vec<&'a [u8]>>> {
        let (mut reader, mut found) = (SliceReader::new(self.0)?, Vec::new());
        while !reader.is_finished() {
            if found.len() == most {
                return Ok(None);
            }
            found.push(reader.tlv_bytes()?);
        }
        Ok(Some(found))
    }

    /// As a SET of their own, in DER's order.
    pub(crate) fn set(elements: &[&[u8]]) -> der::Result<SetOfVec<Any>> {
        SetOfVec::try_from(elements.iter().map(|element| Any::from_der(element)).collect::<der::Result<Vec<_>>>()?)
    }
}

impl FixedTag for Elements<'_> {
    const TAG: Tag = Tag::Set;
}

impl<'a> DecodeValue<'a> for Elements<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        reader.read_slice(header.length()).map(Self)
    }
}

impl EncodeValue for Elements<'_> {
    fn value_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0)
    }
}
