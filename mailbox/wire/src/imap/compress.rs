//! COMPRESS (RFC 4978, Profile §7.28). What carries the bytes compresses them; the conversation only says from where on.

use super::enable::Enabled;
use super::session::Session;
use crate::Effect;

impl Session {
    pub(super) fn compress(&mut self, tag: &str) {
        if self.enabled.has(Enabled::DEFLATE) {
            // RFC 4978 §3
            return self.no(tag, "[COMPRESSIONACTIVE] It is compressed already.");
        }
        self.enabled.add(Enabled::DEFLATE);
        // The answer itself is not compressed, so no news may come between it and what is.
        self.tagged(tag, "OK From here on it is compressed.");
        self.effect(Effect::Compress(true));
    }
}
