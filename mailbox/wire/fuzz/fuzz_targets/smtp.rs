//! Whatever a client says over SMTP, and whatever the server answers, the law of conversations holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fumibako_wire_fuzz::smtp(input));
