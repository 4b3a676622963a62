//! The tests' clock: they drive other processes, whose time is the real one.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The moment at which something is signed or issued.
#[expect(clippy::disallowed_methods, reason = "the one place where the suites read the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// How long something takes, and what comes of it.
#[expect(clippy::disallowed_methods, reason = "the one place where the suites read the clock")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// The end of a wait. Every wait of the suites has one.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much from now on.
    #[expect(clippy::disallowed_methods, reason = "the one place where the suites read the clock")]
    pub fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    /// Is it over?
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// What is left.
    #[expect(clippy::disallowed_methods, reason = "the one place where the suites read the clock")]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Tries again, at short distances, until there is something or the wait is over.
    pub fn until<T>(self, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
        const PAUSE: Duration = Duration::from_millis(10);
        loop {
            if let Some(found) = attempt() {
                return Some(found);
            }
            if self.is_over() {
                return None;
            }
            std::thread::sleep(PAUSE);
        }
    }
}
