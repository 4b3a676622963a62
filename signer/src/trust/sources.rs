//! What is known about revoked certificates, from wherever it came.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::WithoutList;
use super::verdicts::Window;
use crate::certificate::Certificate;
use crate::error::RevocationError;
use crate::revocation::RevocationList;

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Sources {
    lists: Arc<[RevocationList]>,
    without_list: WithoutList,
}

impl Sources {
    pub(super) fn new(mut lists: Vec<RevocationList>, without_list: WithoutList) -> Self {
        // The newest of an authority is found first.
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        Self { lists: lists.into(), without_list }
    }

    /// RFC 5280 §6.3: how long the certificate is known not to be revoked, by the newest list of its authority.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        authority: &Certificate,
        at: Timestamp,
    ) -> Result<Window, RevocationError> {
        let Some(list) = self.lists.iter().find(|list| list.speaks_about(certificate, authority)) else {
            return match self.without_list {
                WithoutList::Accept => Ok(Window::ALWAYS),
                WithoutList::Refuse => Err(RevocationError::NoList { issuer: authority.subject() }),
            };
        };
        let found = list.find(certificate);
        if let Some(revoked) = found.filter(|revoked| revoked.since <= at) {
            return Err(RevocationError::Revoked { subject: certificate.subject(), revoked });
        }
        if at > list.next_update() {
            let (issuer, next_update) = (list.issuer(), list.next_update());
            return Err(RevocationError::Stale { issuer, next_update });
        }
        let known = Window::until(list.next_update());
        Ok(found.map_or(known, |revoked| known.and(before(revoked.since))))
    }
}

/// A revocation that is announced and has not begun.
fn before(since: Timestamp) -> Window {
    Window::until(since.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN))
}
