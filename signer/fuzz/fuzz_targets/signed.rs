//! Any message is answered, and cutting it into pieces changes nothing about what is believed.
#![no_main]

use fumibako_signer::{Signed, SignedStream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let whole = Signed::read(message).and_then(|signed| signed.verify());
    let mut stream = SignedStream::new();
    let cut = message.first().map_or(7, |octet| usize::from(*octet % 64) + 1);
    for piece in message.chunks(cut) {
        if stream.receive(piece).is_err() {
            break;
        }
    }
    if let Ok(signature) = stream.finish() {
        assert_eq!(Some(signature.digest()), whole.as_ref().ok().map(|whole| whole.digest()));
    }
});
