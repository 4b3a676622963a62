//! The tests' clock: they drive other processes, whose time is the real one, or one that a test moves.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::acts::preloaded;

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

/// A clock that programs look at in place of the system's, without knowing (`Tool::under`), and that the test moves, also while
/// they run.
#[derive(Debug)]
pub struct MovedClock {
    library: PathBuf,
    hands: File,
    moved: AtomicI64,
    folder: TempDir,
}

impl MovedClock {
    /// One that is right so far.
    pub fn new() -> Self {
        let (folder, library) = preloaded("clock", include_str!("clock.c"));
        let hands = File::create_new(folder.path().join(HANDS)).expect("the folder is writable");
        let clock = Self { library, hands, moved: AtomicI64::new(0), folder };
        clock.turn(0);
        clock
    }

    /// The moment it shows.
    pub fn now(&self) -> Timestamp {
        now() + SignedDuration::from_secs(self.moved.load(Ordering::Relaxed))
    }

    /// It shows this moment now, and goes on from there.
    pub fn set(&self, to: Timestamp) {
        self.turn(to.duration_since(now()).as_secs());
    }

    fn turn(&self, seconds: i64) {
        self.hands.write_all_at(&seconds.to_ne_bytes(), 0).expect("the hands can be turned");
        self.moved.store(seconds, Ordering::Relaxed);
    }

    /// The environment of a program that looks at it.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", self.library.clone()), ("FUMIBAKO_HANDS", self.folder.path().join(HANDS))]
    }
}

impl Default for MovedClock {
    fn default() -> Self {
        Self::new()
    }
}

const HANDS: &str = "hands";
