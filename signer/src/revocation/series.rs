//! The place of a list in its series (RFC 5280 §5.2.3, §5.2.4, §5.2.6): its number, and whether it only tells what changed
//! since an earlier one.

use const_oid::ObjectIdentifier;
use der::Decode as _;
use der::asn1::UintRef;
use x509_cert::ext::Extension;

use crate::certificate::Certificate;
use crate::error::ListError;

const NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
pub(super) const DELTA_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const FRESHEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");

/// Read from a list's extensions.
#[derive(Clone)]
pub(super) struct Series {
    number: Option<Number>,
    /// A delta: the earliest complete list it continues.
    base: Option<Number>,
    /// Deltas are published beside this list.
    pub(super) has_freshest: bool,
}

/// An integer of up to twenty octets, without leading zeros; the longer one is the larger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(usize, Box<[u8]>);

/// How a delta stands to a complete list of the same scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It tells what changed since the list.
    Continues,
    /// The list knows all of it.
    Older,
    /// Something between the two is missing.
    Gap,
}

impl Series {
    pub(super) fn read(extensions: &[Extension]) -> Result<Self, ListError> {
        let find = |oid| extensions.iter().find(|extension| extension.extn_id == oid);
        let number = |oid| find(oid).map(|extension| Number::read(extension.extn_value.as_bytes())).transpose();
        let series =
            Self { number: number(NUMBER)?, base: number(DELTA_INDICATOR)?, has_freshest: find(FRESHEST).is_some() };
        if series.base.is_some() && series.number.is_none() {
            return Err(ListError::Malformed("what changed has no number"));
        }
        Ok(series)
    }

    pub(super) fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }

    pub(super) fn is_delta(&self) -> bool {
        self.base.is_some()
    }

    /// RFC 5280 §5.2.4 (c), (d).
    pub(super) fn continues(&self, complete: &Self) -> Standing {
        match (&self.base, &self.number, &complete.number) {
            (Some(_), Some(own), Some(other)) if own <= other => Standing::Older,
            (Some(base), Some(_), Some(other)) if base <= other => Standing::Continues,
            _ => Standing::Gap,
        }
    }
}

impl Number {
    fn read(der: &[u8]) -> Result<Self, ListError> {
        let number = UintRef::from_der(der).map_err(|_| ListError::Malformed("a number does not decode"))?;
        let octets = number.as_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        Ok(Self(octets.len() - zeros, octets[zeros..].into()))
    }
}

/// RFC 5280 §4.2.1.15: whether the certificate says that deltas are published.
pub(crate) fn has_freshest(certificate: &Certificate) -> bool {
    let extensions = certificate.decoded().tbs_certificate().extensions();
    extensions.into_iter().flatten().any(|extension| extension.extn_id == FRESHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DER: no zeros in front, but one where the first bit would make it negative.
    fn number(value: u64) -> Number {
        let octets: Vec<u8> = [&[0], &value.to_be_bytes()[..]].concat();
        let needless = octets.windows(2).take_while(|pair| pair[0] == 0 && pair[1] < 128).count();
        let octets = &octets[needless..];
        Number::read(&[&[2, u8::try_from(octets.len()).unwrap()], octets].concat()).unwrap()
    }

    #[track_caller]
    fn check(base: u64, own: u64, complete: u64, expected: Standing) {
        let series = |number, base| Series { number: Some(number), base, has_freshest: false };
        let delta = series(number(own), Some(number(base)));
        assert_eq!(delta.continues(&series(number(complete), None)), expected);
    }

    #[test]
    fn a_delta_continues_the_lists_between_its_base_and_itself() {
        check(5, 9, 4, Standing::Gap);
        check(5, 9, 5, Standing::Continues);
        check(5, 9, 8, Standing::Continues);
        check(5, 9, 9, Standing::Older);
        check(255, 256, 255, Standing::Continues);
        check(0, 65_536, 65_535, Standing::Continues);
    }
}
