//! The one place where the gateway reads the clock.

use std::time::Duration;

use jiff::Timestamp;

/// Tells the time. Everything else gets it as an argument.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(self) -> Timestamp {
        Timestamp::now()
    }

    /// Sleeps until `when`; returns at once when that is past.
    pub async fn until(self, when: Timestamp) {
        let wait = when.duration_since(self.now());
        tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
    }
}
