//! Any key file is answered.
#![no_main]

use fumibako_signer::Identity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Identity::read(bytes, Some("password"));
});
