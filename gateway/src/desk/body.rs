//! A message body on its way in: what of it stays in memory has memory granted for it; the rest goes to the store's disk.

use std::sync::Arc;

use fumibako_model::{Private, Refusal};
use fumibako_store::bodies::Spool;
use fumibako_store::{Arriving, StoreError, message_id_of};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is granted in pieces of this many KiB.
const GRANT_KIB: usize = 256;
/// Pieces of a body that holds more than this wait for the disk, on a thread made for that.
const QUICK_BYTES: usize = 512 << 10;
/// Of an office's own message, the header is read for its Message-ID.
const HEADER_BYTES: usize = 64 << 10;

/// What takes the pieces of a body.
pub(crate) trait Intake: Sized + Send + 'static {
    /// The next octets.
    fn receive(&mut self, piece: &[u8]) -> Result<(), StoreError>;
    /// Octets held in memory.
    fn held(&self) -> usize;
    /// Do its octets go to the disk as they come?
    fn is_filed(&self) -> bool;
}

impl Intake for Arriving {
    fn receive(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        self.receive(piece)
    }

    fn held(&self) -> usize {
        self.held()
    }

    fn is_filed(&self) -> bool {
        self.is_filed()
    }
}

/// An office's own message on its way in.
pub(crate) struct Own {
    pub(crate) spool: Spool,
    header: Vec<u8>,
}

impl Own {
    pub(crate) fn new(spool: Spool) -> Self {
        Self { spool, header: Vec::new() }
    }

    /// Its Message-ID, if it has one.
    pub(crate) fn message_id(&self) -> Option<String> {
        message_id_of(&self.header)
    }
}

impl Intake for Own {
    fn receive(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        let room = HEADER_BYTES.saturating_sub(self.header.len()).min(piece.len());
        self.header.extend_from_slice(&piece[..room]);
        Ok(self.spool.write(piece)?)
    }

    fn held(&self) -> usize {
        self.header.len() + self.spool.held()
    }

    fn is_filed(&self) -> bool {
        self.spool.is_filed()
    }
}

/// The body so far. Its memory is given back when this is dropped.
pub(crate) struct Body<I> {
    intake: Option<I>,
    granted: Vec<OwnedSemaphorePermit>,
    trouble: Option<StoreError>,
}

/// Memory in use.
pub(crate) type Grant = Vec<OwnedSemaphorePermit>;

impl<I> Default for Body<I> {
    fn default() -> Self {
        Self { intake: None, granted: Vec::new(), trouble: None }
    }
}

impl<I: Intake> Body<I> {
    /// Takes a piece if memory is granted for it. After a failure the rest is forgotten, and answered so at its end.
    pub(crate) async fn add(
        &mut self,
        piece: Private<Vec<u8>>,
        (memory, filing): (&Arc<Semaphore>, &Semaphore),
        begin: impl FnOnce() -> Result<I, StoreError>,
    ) {
        if self.trouble.is_some() {
            return;
        }
        if let Err(trouble) = self.try_add(piece, (memory, filing), begin).await {
            *self = Self { trouble: Some(trouble), ..Self::default() };
        }
    }

    async fn try_add(
        &mut self,
        Private(piece): Private<Vec<u8>>,
        (memory, filing): (&Arc<Semaphore>, &Semaphore),
        begin: impl FnOnce() -> Result<I, StoreError>,
    ) -> Result<(), StoreError> {
        let mut intake = match self.intake.take() {
            Some(intake) => intake,
            None => begin()?,
        };
        self.cover(intake.held() + piece.len(), memory)?;
        let intake = if intake.held() < QUICK_BYTES && !intake.is_filed() {
            intake.receive(&piece)?;
            intake
        } else {
            // A few threads do for the disk, and every thread more keeps memory of its own.
            let _turn = filing.acquire().await;
            let work = tokio::task::spawn_blocking(move || intake.receive(&piece).map(|()| intake));
            work.await.map_err(|why| StoreError::Busy(why.to_string()))??
        };
        self.intake = Some(intake);
        Ok(())
    }

    fn cover(&mut self, bytes: usize, memory: &Arc<Semaphore>) -> Result<(), StoreError> {
        let granted: usize = self.granted.iter().map(OwnedSemaphorePermit::num_permits).sum();
        let needed = bytes.div_ceil(1024).saturating_sub(granted);
        if needed > 0 {
            let wanted = u32::try_from(needed.max(GRANT_KIB)).unwrap_or(u32::MAX);
            let permit = memory.clone().try_acquire_many_owned(wanted);
            self.granted.push(permit.map_err(|_| Refusal::StoreBusy.about("memory for messages"))?);
        }
        Ok(())
    }

    /// The whole body with its memory, or what went wrong with it.
    pub(crate) fn finish(self, begin: impl FnOnce() -> Result<I, StoreError>) -> Result<(I, Grant), StoreError> {
        match (self.trouble, self.intake) {
            (Some(trouble), _) => Err(trouble),
            (None, Some(intake)) => Ok((intake, self.granted)),
            (None, None) => Ok((begin()?, self.granted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heap(Vec<u8>);

    impl Intake for Heap {
        fn receive(&mut self, piece: &[u8]) -> Result<(), StoreError> {
            self.0.extend_from_slice(piece);
            Ok(())
        }

        fn held(&self) -> usize {
            self.0.len()
        }

        fn is_filed(&self) -> bool {
            false
        }
    }

    const BEGIN: fn() -> Result<Heap, StoreError> = || Ok(Heap::default());

    #[tokio::test]
    async fn a_body_beyond_the_memory_granted_is_answered_try_again_and_gives_all_back() {
        let memory = Arc::new(Semaphore::new(1024));
        let mut body = Body::default();
        for _ in 0..16 {
            body.add(Private(vec![0; 64 << 10]), (&memory, &Semaphore::new(1)), BEGIN).await;
        }
        assert_eq!(memory.available_permits(), 0, "one MiB fits");
        body.add(Private(b"x".to_vec()), (&memory, &Semaphore::new(1)), BEGIN).await;
        assert_eq!(memory.available_permits(), 1024);
        body.add(Private(b"x".to_vec()), (&memory, &Semaphore::new(1)), BEGIN).await;
        let answer = body.finish(BEGIN).err();
        assert!(matches!(answer, Some(StoreError::Refused(refused)) if refused.why == Refusal::StoreBusy));
    }

    #[tokio::test]
    async fn a_finished_body_is_what_came_in_and_holds_its_memory_until_dropped() {
        let memory = Arc::new(Semaphore::new(1024));
        let mut body = Body::default();
        body.add(Private(b"one ".to_vec()), (&memory, &Semaphore::new(1)), BEGIN).await;
        body.add(Private(b"two".to_vec()), (&memory, &Semaphore::new(1)), BEGIN).await;
        let (heap, grant) = body.finish(BEGIN).unwrap();
        assert_eq!((heap.0.as_slice(), memory.available_permits()), (b"one two".as_slice(), 1024 - GRANT_KIB));
        drop(grant);
        assert_eq!(memory.available_permits(), 1024);
    }

    #[tokio::test]
    async fn an_empty_body_is_a_body() {
        assert!(Body::default().finish(BEGIN).is_ok_and(|(heap, _)| heap.0.is_empty()));
    }
}
