//! A message body on its way in, in memory that was granted for it.

use std::sync::Arc;

use fumibako_model::{Refusal, Refused};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is granted in pieces of this many KiB.
const GRANT_KIB: usize = 256;

/// The pieces so far. The memory is given back when this is dropped.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) octets: Vec<u8>,
    granted: Vec<OwnedSemaphorePermit>,
    no_memory: bool,
}

impl Body {
    /// Keeps a piece if memory is granted for it; a body without memory is forgotten, and answered so at its end.
    pub(crate) fn add(&mut self, piece: &[u8], memory: &Arc<Semaphore>) {
        if self.no_memory {
            return;
        }
        let held: usize = self.granted.iter().map(OwnedSemaphorePermit::num_permits).sum();
        let needed = (self.octets.len() + piece.len()).div_ceil(1024).saturating_sub(held);
        if needed > 0 {
            let wanted = u32::try_from(needed.max(GRANT_KIB)).unwrap_or(u32::MAX);
            let Ok(permit) = memory.clone().try_acquire_many_owned(wanted) else {
                *self = Self { no_memory: true, ..Self::default() };
                return;
            };
            self.granted.push(permit);
        }
        self.octets.extend_from_slice(piece);
    }

    /// The whole body, if there was memory for it.
    pub(crate) fn finish(self) -> Result<Self, Refused> {
        if self.no_memory { Err(Refusal::StoreBusy.about("memory for messages")) } else { Ok(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_beyond_the_memory_granted_is_answered_try_again_and_gives_all_back() {
        let memory = Arc::new(Semaphore::new(1024));
        let mut body = Body::default();
        for _ in 0..16 {
            body.add(&vec![0; 64 << 10], &memory);
        }
        assert_eq!(memory.available_permits(), 0, "one MiB fits");
        body.add(b"x", &memory);
        assert_eq!(memory.available_permits(), 1024);
        assert_eq!(body.finish().err().map(|refused| refused.why), Some(Refusal::StoreBusy));
    }

    #[test]
    fn a_finished_body_is_what_came_in_and_holds_its_memory_until_dropped() {
        let memory = Arc::new(Semaphore::new(1024));
        let mut body = Body::default();
        body.add(b"one ", &memory);
        body.add(b"two", &memory);
        let body = body.finish().unwrap();
        assert_eq!((body.octets.as_slice(), memory.available_permits()), (b"one two".as_slice(), 1024 - GRANT_KIB));
        drop(body);
        assert_eq!(memory.available_permits(), 1024);
    }
}
