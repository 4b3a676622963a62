//! The segments that are open for reading, with their keys: the ones used last, so many and no more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::day::{Day, Segment};
use super::segment::Reading;

/// Most segments that are open for reading.
pub(super) const OPEN: usize = 64;

#[derive(Default)]
pub(super) struct Cache(Mutex<Open>);

#[derive(Default)]
struct Open {
    /// Counts the uses, to know which was the last.
    uses: u64,
    segments: HashMap<Segment, (u64, Arc<Reading>)>,
}

impl Cache {
    pub(super) fn get(&self, segment: Segment) -> Option<Arc<Reading>> {
        let mut open = self.lock();
        open.uses += 1;
        let now = open.uses;
        let (used, reading) = open.segments.get_mut(&segment)?;
        *used = now;
        Some(Arc::clone(reading))
    }

    /// Keeps it, unless its day was erased meanwhile: `erased` is asked when no forgetting can come between.
    pub(super) fn keep(&self, segment: Segment, reading: &Arc<Reading>, erased: impl FnOnce() -> bool) {
        let mut open = self.lock();
        if erased() {
            return;
        }
        if open.segments.len() >= OPEN
            && let Some((oldest, _)) = open.segments.iter().min_by_key(|(_, (used, _))| *used)
        {
            let oldest = *oldest;
            open.segments.remove(&oldest);
        }
        open.uses += 1;
        let now = open.uses;
        open.segments.insert(segment, (now, Arc::clone(reading)));
    }

    pub(super) fn forget(&self, segment: Segment) {
        self.lock().segments.remove(&segment);
    }

    pub(super) fn forget_day(&self, day: Day) {
        self.lock().segments.retain(|segment, _| segment.day() != day);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().segments.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
