//! What the gateway takes and how long it keeps it, as it tells itself: APPENDLIMIT (RFC 7889), which is what SIZE says in EHLO
//! (RFC 1870), and the days of Profile §8.25.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bundle::MESSAGE_BYTES;
use crate::bundle::seal::at_most;
use crate::disk;
use crate::post::Post;
use crate::settings::{Settings, read_small};

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

/// So long an answer is waited for that is only wished for: without it, what was heard before counts.
pub(crate) const SOON: u32 = 5;

impl Terms {
    /// What was heard last, by whichever run; nothing where nobody was told yet.
    pub(crate) fn remembered(data_folder: &Path) -> Self {
        let kept = read_small(&place(data_folder)).ok();
        kept.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Remembers what was heard just now; of what nobody spoke, what was heard before. That it could not be kept stops nothing.
    pub(crate) fn remember(self, data_folder: &Path) {
        let before = Self::remembered(data_folder);
        let now = Self {
            message_bytes: self.message_bytes.or(before.message_bytes),
            retention_days: self.retention_days.or(before.retention_days),
        };
        let json = serde_json::to_vec(&now).unwrap_or_default();
        let kept = || disk::private_folder(data_folder).and_then(|()| disk::replace(&place(data_folder), &json));
        if now != before
            && let Err(why) = kept()
        {
            tracing::warn!(%why, "terms.not-kept");
        }
    }

    /// Asks the gateway what it takes, and waits no longer than [`SOON`], whatever the network does. `None`: it did not say.
    pub(crate) fn asked_soon(settings: &Settings) -> Option<usize> {
        let settings = Settings { patience_seconds: settings.patience_seconds.min(SOON), ..settings.clone() };
        let (tell, told) = channel();
        // Looking a name up knows no limit of time.
        std::thread::spawn(move || tell.send(Post::new(&settings).and_then(|mut post| post.takes())));
        told.recv_timeout(Duration::from_secs(SOON.into())).ok()?.ok()?
    }

    /// May so many octets of files fit into one message, whatever is in them?
    pub(crate) fn may_hold(self, octets: u64) -> bool {
        octets <= (files_mebibytes(self.most()) as u64) << 20
    }

    /// Largest message that is made for it.
    pub(crate) fn most(self) -> usize {
        self.message_bytes.map_or(MESSAGE_BYTES, |told| told.min(MOST))
    }
}

fn place(data_folder: &Path) -> PathBuf {
    data_folder.join("gateway.json")
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
    fn what_was_heard_last_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert_eq!(Terms::remembered(&data), Terms::default());
        let heard = |message_bytes, retention_days| Terms { message_bytes, retention_days };
        heard(Some(40 << 20), None).remember(&data);
        heard(None, Some(30)).remember(&data);
        assert_eq!(Terms::remembered(&data), heard(Some(40 << 20), Some(30)));
        heard(Some(4 << 20), None).remember(&data);
        let known = Terms::remembered(&data);
        assert_eq!((known.most(), known.may_hold(1 << 20), known.may_hold(2 << 20)), (4 << 20, true, false));
        std::fs::write(place(&data), "no JSON").unwrap();
        assert_eq!(Terms::remembered(&data), Terms::default());
    }

    // Profile §12.1
    #[test]
    fn what_fits_follows_what_the_gateway_takes() {
        let of = |told: Option<usize>| files_mebibytes(Terms { message_bytes: told, ..Terms::default() }.most());
        let told = [None, Some(25 << 20), Some(1 << 20), Some(4 << 20), Some(150 << 20), Some(usize::MAX)];
        assert_eq!(told.map(of), [13, 13, 0, 1, 79, 79]);
    }
}
