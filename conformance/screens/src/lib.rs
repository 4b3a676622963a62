//! The screens in a real browser: everything here is the test binary `screens`.
//!
//! It is a crate of its own, since the driver's client is large and nothing else needs it: `cargo test -p fumibako-screens`.
//!
//! Never here: anything another crate could lean on.
