//! What a token says (RFC 3161 §2.4.2).

use std::time::Duration;

use const_oid::ObjectIdentifier;
use der::asn1::Int;
use der::{Any, Sequence, Tag, Tagged as _};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;

use super::Imprint;
use crate::error::TimeStampError;
use crate::limits::TIME_STAMP_SERIAL_BYTES_MAX;

/// RFC 3161 §2.4.2.
pub(super) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// RFC 3161 §2.4.2:
/// ```text
/// TSTInfo ::= SEQUENCE  {
///   version INTEGER  { v1(1) },  policy TSAPolicyId,  messageImprint MessageImprint,
///   serialNumber INTEGER,  genTime GeneralizedTime,  accuracy Accuracy OPTIONAL,
///   ordering BOOLEAN DEFAULT FALSE,  nonce INTEGER OPTIONAL,
///   tsa [0] GeneralName OPTIONAL,  extensions [1] IMPLICIT Extensions OPTIONAL }
/// ```
#[derive(Clone, Sequence)]
pub(super) struct Info {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) imprint: Imprint,
    pub(super) serial: Int,
    /// A `GeneralizedTime`, but with fractions of a second, which the decoder's own type refuses.
    pub(super) time: Any,
    #[asn1(optional = "true")]
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(super) ordering: bool,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) authority: Option<GeneralName>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// RFC 3161 §2.4.2; what is absent is zero.
#[derive(Clone, Copy, Sequence)]
pub(super) struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

impl Info {
    /// What must hold whatever it is about; the moment stamped.
    pub(super) fn check(&self) -> Result<Timestamp, TimeStampError> {
        if self.version != 1 {
            return Err(TimeStampError::Malformed("its version is unknown"));
        }
        if self.serial.as_bytes().len() > TIME_STAMP_SERIAL_BYTES_MAX {
            let limit = TIME_STAMP_SERIAL_BYTES_MAX;
            return Err(TimeStampError::TooLarge { what: "serial number of the time stamp", limit });
        }
        // RFC 5280 §4.2: what is critical and unknown is not passed over.
        if self.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(TimeStampError::Malformed("a critical extension is unknown"));
        }
        moment(&self.time).ok_or(TimeStampError::Malformed("its time is not readable"))
    }

    pub(super) fn accuracy(&self) -> Option<Duration> {
        let Accuracy { seconds, millis, micros } = self.accuracy?;
        let [seconds, millis, micros] =
            [seconds, millis.map(u32::from), micros.map(u32::from)].map(Option::unwrap_or_default);
        Some(
            Duration::from_secs(seconds.into())
                + Duration::from_millis(millis.into())
                + Duration::from_micros(micros.into()),
        )
    }
}

/// RFC 3161 §2.4.2: `YYYYMMDDhhmmss[.s...]Z`, to the nanosecond.
fn moment(time: &Any) -> Option<Timestamp> {
    let text = std::str::from_utf8(time.value()).ok().filter(|_| time.tag() == Tag::GeneralizedTime)?;
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !(1..=9).contains(&fraction.len()) || !digits(fraction) {
        return None;
    }
    let two = |at: usize| whole[at..at + 2].parse::<i8>().ok();
    let (year, nanos) = (whole[..4].parse().ok()?, format!("{fraction:0<9}").parse().ok()?);
    let civil = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, nanos).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// RFC 3161 §2.4.2, whole seconds.
pub(super) fn encoded(moment: Timestamp) -> der::Result<Any> {
    Any::new(Tag::GeneralizedTime, moment.strftime("%Y%m%d%H%M%SZ").to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = moment(&Any::new(Tag::GeneralizedTime, text.as_bytes()).unwrap());
        assert_eq!(read.map(|moment| moment.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_moment_is_read_to_the_nanosecond() {
        check("20261105101010Z", Some("2026-11-05T10:10:10Z"));
        check("20261105101010.5Z", Some("2026-11-05T10:10:10.5Z"));
        check("20261105101010.123456789Z", Some("2026-11-05T10:10:10.123456789Z"));
        check("99991231235959Z", None);
        check("20240229000000Z", Some("2024-02-29T00:00:00Z"));
    }

    #[test]
    fn other_moments_are_not_read() {
        for wrong in [
            "",
            "Z",
            "20261105101010",
            "202611051010Z",
            "20261105101010.Z",
            "20261105101010.1234567890Z",
            "20261105101010+0900",
            "20261305101010Z",
            "20260229000000Z",
            "20261105101060Z",
            "2026110510101 Z",
            "20261105101010.-1Z",
            "２0261105101010Z",
        ] {
            check(wrong, None);
        }
        assert_eq!(moment(&Any::new(Tag::UtcTime, b"20261105101010Z".as_slice()).unwrap()), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let at: Timestamp = "2026-11-05T10:10:10.987Z".parse().unwrap();
        assert_eq!(moment(&encoded(at).unwrap()), Some("2026-11-05T10:10:10Z".parse().unwrap()));
    }
}
