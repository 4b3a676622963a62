//! The crate from outside, on files as offices have them.

#[cfg(test)]
mod samples;
