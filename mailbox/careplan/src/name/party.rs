//! The two ends of a file: an office, and from edition 4 the service it runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::NameForm;
use crate::{OfficeNumber, ServiceKind};

/// Who sends or receives a file. One office number can run several services, so edition 4 addresses both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Party {
    /// 事業所番号
    pub office: OfficeNumber,
    /// Which of the office's services; not written in edition 3.
    pub service: Option<Service>,
}

/// How a service stands in a file name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Service {
    /// Edition 4.1: サービス種類, two characters.
    Kind(ServiceKind),
    /// Edition 4.0: three characters.
    Code(ServiceCode),
}

/// The three-character service code of edition 4.0, kept as written: its table was never part of the standard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceCode([u8; 3]);

/// The text is not three characters of `0-9` and `A-Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a service code: three characters of 0-9 and A-Z are expected")]
pub struct NotAServiceCode;

impl Party {
    /// A party as edition 4.1 writes it.
    pub fn new(office: OfficeNumber, kind: ServiceKind) -> Self {
        Self { office, service: Some(Service::Kind(kind)) }
    }

    /// A party as edition 3 writes it.
    pub fn edition3(office: OfficeNumber) -> Self {
        Self { office, service: None }
    }

    /// The service kind, where edition 4.1 gives it.
    pub fn kind(self) -> Option<ServiceKind> {
        match self.service {
            Some(Service::Kind(kind)) => Some(kind),
            Some(Service::Code(_)) | None => None,
        }
    }

    pub(crate) fn form(self) -> NameForm {
        match self.service {
            None => NameForm::Edition3,
            Some(Service::Code(_)) => NameForm::Edition40,
            Some(Service::Kind(_)) => NameForm::Edition41,
        }
    }
}

impl ServiceCode {
    /// The three characters.
    pub fn as_str(&self) -> &str {
        // Built only from `[0-9A-Z]`, so the bytes are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ServiceCode {
    type Err = NotAServiceCode;
    fn from_str(text: &str) -> Result<Self, NotAServiceCode> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotAServiceCode)?;
        let good = bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        good.then_some(Self(bytes)).ok_or(NotAServiceCode)
    }
}

impl TryFrom<String> for ServiceCode {
    type Error = NotAServiceCode;
    fn try_from(text: String) -> Result<Self, NotAServiceCode> {
        text.parse()
    }
}

impl From<ServiceCode> for String {
    fn from(code: ServiceCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.pad(kind.as_str()),
            Self::Code(code) => f.pad(code.as_str()),
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `9970000011-43`: for people, not for file names.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service {
            Some(service) => write!(f, "{}-{service}", self.office),
            None => write!(f, "{}", self.office),
        }
    }
}
