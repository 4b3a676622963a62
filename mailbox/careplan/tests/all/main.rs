//! The crate from outside, on files as offices have them.

mod samples;
