//! Rules of the house as tests (style §19): what a program can check, nobody needs to remember.

mod floors;
mod packages;
mod profile;
mod texts;
mod tree;
