//! What the screens do, through what the commands call. It waits for disks and networks, so it runs beside the requests.

pub(super) mod ask;
mod ended;
pub(super) mod listen;
pub(super) mod look;
pub(super) mod mandated;
mod owed;
pub(super) mod post;
pub(super) mod prove;
pub(super) mod rights;
pub(super) mod save;
pub(super) mod stand;
mod unopened;

use crate::trouble::Trouble;

/// Runs what blocks on a thread of its own.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(why) => Err(Trouble::Output(std::io::Error::other(why))),
    }
}
