//! Any revocation list is answered; none is believed without its authority's signature.
#![no_main]

use fumibako_signer::RevocationList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    assert!(RevocationList::read(bytes, &[]).is_err());
});
