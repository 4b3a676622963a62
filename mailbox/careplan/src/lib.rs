//! The ministry's care-plan data standard (ケアプランデータ連携標準仕様): file names, send units, layouts, checks.
//!
//! Bytes and names go in, plain values come out. Where to start:
//!
//! - [`recognise`]: what is this file? A name of the standard, an attachment, or a near miss with the reason.
//! - [`gather`]: a pile of files becomes bundles per sender and recipient, in serial order; the rest is named.
//! - [`check`]: files that lie together against the standard. Its [`Report`] is lines, JSON or a page to print;
//!   [`check_file`] and [`check_unit`] give the bare [`Finding`]s.
//! - [`Sheet`]: files written from typed rows, and read back; [`withdrawal`] makes the delete of a file.
//!
//! How it hangs together: `name` → `check` (`ms932`, `table`, `check/value`, `check/rules`, `check/unit`) → `finding`
//! (codes, sentences, what to do) → `report`. The facts of the standard are data in `layouts/`, compiled in; the code
//! knows rules, not columns. A body of another form (edition 5.0 is JSON) would be another reader beside
//! `check/content`, behind the same names, findings and bundles.
//!
//! # A report in four lines
//!
//! One call per folder, since files of one name in two folders are two different files; [`Report::within`] and
//! [`Report::add`] make one report of many:
//!
//! ```
//! use fumibako_careplan::{Lang, check};
//!
//! let name = "DLTPLAN_202510_9970000011_43_9970000029_11_20251002120100.CSV";
//! let report = check(&[(name, b"202407,999903,9900000011,202513\r\n".as_slice())]);
//! assert!(!report.holds(false));
//! assert_eq!(report.findings[0].code.as_str(), "M001");
//! assert!(report.lines(Lang::Ja).concat().contains("削除対象年月"));
//! assert!(report.page(Lang::Ja, "").starts_with("<!DOCTYPE html>"));
//! ```
//!
//! A report serialises to one JSON object, and a finding alone to one line of NDJSON. Fields may be added; `v` rises only
//! when one goes away or changes its meaning:
//!
//! | member | what it is |
//! |---|---|
//! | `v` | 1 |
//! | `errors`, `warnings` | how many places, those counted in `more` included |
//! | `files[]` | every file given: `folder` (if told), `file`, `what` (`standard`, `near-miss`, `attachment`), `kind`, `edition`, `rows`, `bytes` |
//! | `findings[]` | `code`, `severity` (`error`, `warning`), `folder` (if told), `file`, `row`, `column` (`number`, `id`, `name`), `text` (shortened), `more`, `sentence` and `what_to_do` (each `ja`, `en`) |
//! | `unchecked[]` | what could not be read: `folder` (if told), `file`, `reason` (a stable word), `sentence`, `what_to_do` |
//!
//! `row` and `column` are counted from 1 and are `null` for the file as a whole; `more` counts further places of the file
//! with the same code in the same column that are not listed.
//!
//! # What may be said aloud
//!
//! Findings quote the text they complain about, shortened, for the office whose data it is. That text, and names
//! outside the standard, are [`Private`]: `Debug` prints their length. [`Finding::without_care_data`] is fit for a log.
//!
//! Never here: a clock, a file, a socket. Never possible: a panic, unbounded memory or more than linear time, on any
//! bytes; original bytes changed or encoded anew.

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
mod sheet;
mod table;
mod text;
mod time;
mod unit;
mod withdraw;

pub use check::{check, check_file, check_unit};
pub use code::{Code, Severity};
pub use edition::Edition;
pub use finding::{Finding, Place};
pub use gather::{Attachment, Bundle, Gathered, LeftOut, Member, Unit, WhyLeftOut, gather};
pub use kind::{Kind, NotAKind};
pub use lang::{Both, Lang};
pub use layout::Layout;
pub use ms932::spreadsheet_text;
pub use name::{
    CannotName, FileName, NameFault, NameForm, NameProblem, NamedMonth, NotAFileName, NotAServiceCode, Party,
    Recognised, Service, ServiceCode, Slip, bare, recognise,
};
pub use office::{NotAServiceKind, NotAnOfficeNumber, OfficeNumber, ServiceKind};
pub use private::Private;
pub use report::{Checked, Report, Unchecked, What};
pub use sheet::{CannotWrite, Sheet};
#[doc(hidden)]
pub use table::fields_in;
pub use time::{NotAMonth, NotASerial, Serial, ServiceMonth};
pub use unit::{NotAUnit, UnitFault, UnitKind};
pub use withdraw::withdrawal;
