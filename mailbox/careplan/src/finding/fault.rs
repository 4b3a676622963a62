//! Everything that can be wrong, each with its code. Sentences and advice stand in the files beside this one.

use crate::layout::Codes;
use crate::layout::Form;
use crate::table::QuoteFault;
use crate::{Code, Edition, Kind, NameForm, NameProblem, OfficeNumber, ServiceMonth, Severity, Slip, UnitFault};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Name(NameProblem),
    Slip(Slip),
    Unit(UnitFault),
    NotMs932,
    Utf16,
    Utf8 { mark: bool },
    PrivateUse,
    Control,
    Quotes(QuoteFault),
    Columns { found: usize, expected: usize },
    BlankLine,
    NoRecord,
    LineEnds,
    Header,
    Unquoted,
    Form(Form),
    TooLong { longest: usize, found: usize },
    Fixed { length: usize, found: usize },
    Required,
    RequiredUnsure,
    RequiredWhen { other: &'static str },
    Date,
    Month,
    Time,
    Value(Codes),
    MixedVersions,
    UnknownVersion,
    VersionMonth { edition: Edition, month: ServiceMonth },
    VersionForm { edition: Edition, form: NameForm },
    WrongVersion,
    NotInEdition { kind: Kind, edition: Edition },
    LayoutUnknown(Edition),
    MonthDiffers(ServiceMonth),
    SenderDiffers { sender: OfficeNumber, stated: bool },
    PlannerDiffers(OfficeNumber),
    Link,
    Duplicate { first: u64 },
    Equipment,
    NoTotal,
    DateOutside,
    NotServed(OfficeNumber),
    NoSupplement,
    SupplementAlone,
    NoParent(Kind),
    NoPicture,
    NotJpeg,
}

impl Fault {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Name(problem) => problem.code(),
            Self::Slip(slip) => slip.code(),
            Self::Unit(_) | Self::NoPicture => Code::B001,
            Self::NotMs932 | Self::Utf16 => Code::E001,
            Self::PrivateUse => Code::E002,
            Self::Utf8 { .. } => Code::E003,
            Self::Control => Code::E004,
            Self::Quotes(_) => Code::C001,
            Self::Columns { .. } | Self::BlankLine => Code::C002,
            Self::NoRecord => Code::C003,
            Self::LineEnds => Code::N001,
            Self::Header => Code::N002,
            Self::Form(_) => Code::N003,
            Self::Unquoted => Code::Q001,
            Self::TooLong { .. } => Code::L001,
            Self::Fixed { .. } => Code::L002,
            Self::Required | Self::RequiredWhen { .. } => Code::R001,
            Self::RequiredUnsure => Code::R002,
            Self::Date => Code::D001,
            Self::Month => Code::M001,
            Self::Time => Code::T001,
            Self::Value(_) => Code::K001,
            Self::MixedVersions => Code::V001,
            Self::UnknownVersion => Code::V002,
            Self::VersionMonth { .. } => Code::V003,
            Self::VersionForm { .. } => Code::V004,
            Self::WrongVersion => Code::V005,
            Self::NotInEdition { .. } => Code::V006,
            Self::LayoutUnknown(_) => Code::V007,
            Self::MonthDiffers(_) => Code::X001,
            Self::SenderDiffers { .. } => Code::X002,
            Self::Link => Code::X003,
            Self::Duplicate { .. } => Code::X004,
            Self::Equipment => Code::X006,
            Self::NoTotal => Code::X007,
            Self::DateOutside => Code::X008,
            Self::NotServed(_) => Code::X009,
            Self::PlannerDiffers(_) => Code::X010,
            Self::NoSupplement | Self::SupplementAlone => Code::B002,
            Self::NoParent(_) => Code::B003,
            Self::NotJpeg => Code::I001,
        }
    }

    /// A warning is what receivers read all the same, or what the standard does not say plainly: it rules neither
    /// line ends nor headings.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Slip(_)
            | Self::LineEnds
            | Self::Header
            | Self::Unquoted
            | Self::RequiredUnsure
            | Self::VersionMonth { .. }
            | Self::WrongVersion
            | Self::LayoutUnknown(_)
            | Self::NotServed(_)
            | Self::PlannerDiffers(_)
            | Self::SenderDiffers { stated: false, .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
