//! One test program for the crate.

mod player;
mod transcript;
