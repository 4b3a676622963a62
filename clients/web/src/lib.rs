//! Screens as pure functions: plain values go in, HTML comes out.
//!
//! Start at [`frame::page`] (what stands around every screen) and [`page`] (one file a screen). Small pieces that several
//! screens share are in [`part`]; texts in both languages are Fluent files behind [`text::say`]; the style sheet, the script
//! and the mark are [`asset`]s.
//!
//! Never here: a clock, a file, a socket, a session. Never possible: text of a stranger that becomes markup, for `maud`
//! escapes every value; a style or a script inside a page.

pub mod asset;
pub mod frame;
mod icon;
pub mod page;
pub mod part;
pub mod text;

pub use frame::{Counts, Frame, Link, Tab, TextSize};
pub use icon::Icon;
pub use maud::Markup;
