//! What the gateway takes and how long it keeps it, as it tells itself: APPENDLIMIT (RFC 7889), which is what SIZE says in EHLO
//! (RFC 1870), and the days of Profile §8.25.

use serde::{Deserialize, Serialize};

use crate::bundle::MESSAGE_BYTES;
use crate::bundle::seal::at_most;

/// Most that an operator may allow a message to have (Profile §12.1).
const MOST: usize = 150 << 20;

/// What is known of it; nothing, where nobody was told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Octets of a message.
    pub(crate) message_bytes: Option<usize>,
    /// Days that content is kept.
    pub(crate) retention_days: Option<u32>,
}

impl Terms {
    /// Largest message that is made for it.
    pub(crate) fn most(self) -> usize {
        self.message_bytes.map_or(MESSAGE_BYTES, |told| told.min(MOST))
    }
}

/// Mebibytes of files that go into a message of this size, whatever they are; often it is a little more.
pub(crate) fn files_mebibytes(most: usize) -> usize {
    let fits = |mebibytes: &usize| at_most([("", *mebibytes << 20)]) <= most;
    (1..=most >> 20).take_while(fits).last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §12.1
    #[test]
    fn what_fits_follows_what_the_gateway_takes() {
        let of = |told: Option<usize>| files_mebibytes(Terms { message_bytes: told, ..Terms::default() }.most());
        let told = [None, Some(25 << 20), Some(1 << 20), Some(4 << 20), Some(150 << 20), Some(usize::MAX)];
        assert_eq!(told.map(of), [13, 13, 0, 1, 79, 79]);
    }
}
