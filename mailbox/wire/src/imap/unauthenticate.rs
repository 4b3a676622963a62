//! UNAUTHENTICATE (RFC 8437, Profile §7.18): the connection stays, and belongs to nobody again.

use super::Ask;
use super::enable::Enabled;
use super::session::{Phase, Session, Work};
use crate::Effect;

impl Session {
    /// RFC 8437 §2: the open folder is left, nothing in it is expunged.
    pub(super) fn unauthenticate(&mut self, tag: String) {
        self.ask(Ask::Forget, Work::Unauthenticate(tag));
    }

    /// What was arranged since the login is gone, but for TLS. The compression ends behind the answer.
    pub(super) fn unauthenticated(&mut self, tag: &str) {
        self.phase = Phase::Greeted;
        self.party = None;
        self.news = false;
        self.notify = None;
        self.forget_alerts();
        let compressed = std::mem::take(&mut self.enabled).has(Enabled::DEFLATE);
        self.log_in_anew();
        self.tagged(tag, &format!("OK [CAPABILITY {}] UNAUTHENTICATE done.", self.capabilities()));
        if compressed {
            // RFC 8437 §3
            self.effect(Effect::Compress(false));
        }
    }
}
