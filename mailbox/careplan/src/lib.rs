//! The ministry's care-plan data standard: file names, send units, layouts, checks.
//!
//! Start at [`recognise`] (what is this file?) and [`gather`] (a pile of files becomes bundles).
//!
//! Never here: a clock, a file, a socket.

mod check;
mod code;
mod edition;
mod finding;
mod gather;
mod kind;
mod lang;
mod layout;
mod ms932;
mod name;
mod office;
mod private;
mod report;
mod table;
mod time;
mod unit;

pub use check::{check, check_file, check_unit};
pub use code::{Code, Severity};
pub use edition::Edition;
pub use finding::{Finding, Place};
pub use gather::{Attachment, Bundle, Gathered, LeftOut, Member, Unit, WhyLeftOut, gather};
pub use kind::{Kind, NotAKind};
pub use lang::Lang;
pub use layout::{Column, Layout};
pub use name::{
    CannotName, FileName, NameFault, NameForm, NameProblem, NamedMonth, NotAFileName, NotAServiceCode, Party,
    Recognised, Service, ServiceCode, Slip, recognise,
};
pub use office::{NotAServiceKind, NotAnOfficeNumber, OfficeNumber, ServiceKind};
pub use private::Private;
pub use report::{Checked, Report, What};
pub use time::{NotAMonth, NotASerial, Serial, ServiceMonth};
pub use unit::{NotAUnit, UnitFault, UnitKind};
