//! Who a file is from and for: office numbers and service kinds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::as_text;

/// 事業所番号: the ten characters that name a care office. Characters, not a number: leading zeros count.
///
/// Profile §1.1. The standard prints digits; offices of the general programme are known to carry a letter, so `[0-9A-Z]` is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OfficeNumber([u8; 10]);

/// The text is not ten characters of `0-9` and `A-Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an office number: ten characters of 0-9 and A-Z are expected")]
pub struct NotAnOfficeNumber;

/// サービス種類: the two characters of a service kind, such as `43` (care management) or `11` (home visits).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceKind([u8; 2]);

/// The text is not two characters of `0-9` and `A-Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a service kind: two characters of 0-9 and A-Z are expected")]
pub struct NotAServiceKind;

impl OfficeNumber {
    /// The ten characters.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

impl ServiceKind {
    /// The two characters.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

/// Both types are built only from `[0-9A-Z]`, so the bytes are always text.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn characters<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()).then_some(bytes)
}

impl FromStr for OfficeNumber {
    type Err = NotAnOfficeNumber;
    fn from_str(text: &str) -> Result<Self, NotAnOfficeNumber> {
        characters(text).map(Self).ok_or(NotAnOfficeNumber)
    }
}

impl FromStr for ServiceKind {
    type Err = NotAServiceKind;
    fn from_str(text: &str) -> Result<Self, NotAServiceKind> {
        characters(text).map(Self).ok_or(NotAServiceKind)
    }
}

impl fmt::Display for OfficeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

as_text!(OfficeNumber, NotAnOfficeNumber);
as_text!(ServiceKind, NotAServiceKind);

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §1.1
    #[test]
    fn ten_characters_name_an_office() {
        for good in ["9970000011", "0000000001", "13A0000001"] {
            assert_eq!(good.parse::<OfficeNumber>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn nine_eleven_lower_case_and_full_width_name_nobody() {
        for bad in ["997000001", "99700000110", "99a0000011", "９９７", ""] {
            assert_eq!(bad.parse::<OfficeNumber>(), Err(NotAnOfficeNumber), "{bad}");
        }
    }

    #[test]
    fn two_characters_name_a_service_kind() {
        assert_eq!("43".parse::<ServiceKind>().unwrap().as_str(), "43");
        for bad in ["4", "430", "4a"] {
            assert_eq!(bad.parse::<ServiceKind>(), Err(NotAServiceKind), "{bad}");
        }
    }
}
