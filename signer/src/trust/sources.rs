//! What is known about revoked certificates, from wherever it came.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::WithoutList;
use super::verdicts::Window;
use crate::certificate::Certificate;
use crate::error::RevocationError;
use crate::revocation::{Reason, RevocationList, Revoked, Standing, has_freshest};

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Sources {
    lists: Arc<[RevocationList]>,
    without_list: WithoutList,
}

/// The lists that speak about one certificate.
struct Words<'s> {
    complete: Option<&'s RevocationList>,
    /// The newest delta, of the same scope if there is a complete list.
    delta: Option<(&'s RevocationList, Standing)>,
}

impl Sources {
    pub(super) fn new(mut lists: Vec<RevocationList>, without_list: WithoutList) -> Self {
        // The newest of an authority is found first.
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        Self { lists: lists.into(), without_list }
    }

    /// RFC 5280 §6.3: how long the certificate is known not to be revoked, by the newest lists of the authority right
    /// above it. `above` are all on the path: some may be the same authority with another key.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        above: &[&Certificate],
        at: Timestamp,
    ) -> Result<Window, RevocationError> {
        let words = self.words(certificate, above);
        let found = words.find(certificate);
        if let Some(revoked) = found.filter(|revoked| revoked.since <= at) {
            return Err(RevocationError::Revoked { subject: certificate.subject(), revoked });
        }
        let mut known = found.map_or(Window::ALWAYS, |revoked| before(revoked.since));
        for list in words.lists() {
            if at > list.next_update() {
                let (issuer, next_update) = (list.issuer(), list.next_update());
                return Err(RevocationError::Stale { issuer, next_update });
            }
            known = known.and(Window::until(list.next_update()));
        }
        // RFC 5280 §5.2.6: where deltas are published, the complete list alone may be weeks behind.
        let awaited = |complete: &RevocationList| complete.has_deltas() || has_freshest(certificate);
        let whole = match (words.complete, words.delta) {
            (None, _) | (_, Some((_, Standing::Gap))) => false,
            (Some(complete), None) => !awaited(complete),
            (Some(_), Some(_)) => true,
        };
        if !whole && self.without_list == WithoutList::Refuse {
            return Err(RevocationError::NoList { issuer: certificate.issuer() });
        }
        Ok(known)
    }

    fn words(&self, certificate: &Certificate, above: &[&Certificate]) -> Words<'_> {
        let speaks = |list: &&RevocationList| above.iter().any(|authority| list.speaks_about(certificate, authority));
        let mine = || self.lists.iter().filter(speaks);
        let complete = mine().find(|list| !list.is_delta());
        let standing =
            |list: &RevocationList| complete.map_or(Some(Standing::Gap), |complete| list.continues(complete));
        let delta = mine().filter(|list| list.is_delta()).find_map(|list| Some((list, standing(list)?)));
        Words { complete, delta }
    }
}

impl<'s> Words<'s> {
    fn lists(&self) -> impl Iterator<Item = &'s RevocationList> {
        self.complete.into_iter().chain(self.delta.map(|(delta, _)| delta))
    }

    /// RFC 5280 §6.3.3 (i) to (k): the delta has the last word, if it is the newer one. Across a gap it can revoke, not
    /// restore.
    fn find(&self, certificate: &Certificate) -> Option<Revoked> {
        let complete = || self.complete.and_then(|list| list.find(certificate));
        let Some((delta, standing)) = self.delta else { return complete() };
        let found = delta.find(certificate);
        let restored = found.is_some_and(|revoked| revoked.reason == Some(Reason::RemovedFromList));
        match standing {
            Standing::Older => complete(),
            Standing::Continues if restored => None,
            Standing::Gap if restored => complete(),
            Standing::Continues | Standing::Gap => found.or_else(complete),
        }
    }
}

/// A revocation that is announced and has not begun.
fn before(since: Timestamp) -> Window {
    Window::until(since.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN))
}
