//! Any answer of a responder is answered; none is believed without its authority's signature.
#![no_main]

use std::sync::LazyLock;

use fumibako_signer::authority::Authority;
use fumibako_signer::{Certificate, StatusAnswer};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static AUTHORITY: LazyLock<Certificate> =
    LazyLock::new(|| Authority::create("CA", Timestamp::UNIX_EPOCH).unwrap().certificate().clone());

fuzz_target!(|bytes: &[u8]| {
    assert!(StatusAnswer::read(bytes, &AUTHORITY).is_err());
});
