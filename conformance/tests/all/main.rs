//! Rules of the house as tests (style §19): what a program can check, nobody needs to remember.

#![allow(clippy::expect_used, reason = "a test says no by a panic")]

mod check;
mod floors;
mod packages;
mod profile;
mod texts;
mod tree;
