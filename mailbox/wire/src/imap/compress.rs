//! COMPRESS (RFC 4978, Profile §7.28). What carries the bytes compresses them; the conversation only says from where on.

use super::session::Session;
use crate::Effect;

impl Session {
    pub(super) fn compress(&mut self, tag: &str) {
        if self.compressed {
            // RFC 4978 §3
            return self.no(tag, "[COMPRESSIONACTIVE] It is compressed already.");
        }
        self.compressed = true;
        // The answer itself is not compressed, so no news may come between it and what is.
        self.tagged(tag, "OK From here on it is compressed.");
        self.effect(Effect::Compress(true));
    }

    /// RFC 8437 §3: the compression ends behind the answer to UNAUTHENTICATE.
    pub(super) fn decompress(&mut self) {
        if std::mem::take(&mut self.compressed) {
            self.effect(Effect::Compress(false));
        }
    }
}
