//! What is known about revoked certificates, from wherever it came: revocation lists, and answers of responders.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::WithoutList;
use super::news::RevocationNews;
use super::verdicts::Window;
use crate::certificate::Certificate;
use crate::error::RevocationError;
use crate::limits::STATUS_ANSWERS_MAX;
use crate::revocation::{Reason, RevocationList, Revoked, Standing, has_freshest, key_of};
use crate::status::{Known, StatusAnswer, Word};

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Sources {
    lists: Arc<[RevocationList]>,
    without_list: WithoutList,
    /// The newest first, of one moment whoever says "revoked".
    answers: Arc<HashMap<Asked, Vec<Arc<StatusAnswer>>>>,
}

/// What an answer is about: the digest of an authority's key, and a serial number.
type Asked = ([u8; 32], Box<[u8]>);

/// The lists that speak about one certificate.
struct Lists<'s> {
    complete: Option<&'s RevocationList>,
    /// The newest delta, of the same scope if there is a complete list.
    delta: Option<(&'s RevocationList, Standing)>,
    /// Those that are not yet to begin. What they revoke is believed; that they do not name somebody says nothing.
    coming: Vec<&'s RevocationList>,
}

impl Sources {
    pub(super) fn with_lists(&self, mut lists: Vec<RevocationList>, without_list: WithoutList) -> Self {
        // The newest of an authority is found first.
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        Self { lists: lists.into(), without_list, answers: Arc::clone(&self.answers) }
    }

    pub(super) fn without_list(self, without_list: WithoutList) -> Self {
        Self { without_list, ..self }
    }

    pub(super) fn with_answers(&self, answers: impl IntoIterator<Item = StatusAnswer>) -> Self {
        let mut all = HashMap::<Asked, Vec<Arc<StatusAnswer>>>::new();
        for answer in answers.into_iter().map(Arc::new) {
            for (serial, word) in &answer.words {
                let known = all.entry((answer.authority(), serial.clone())).or_default();
                let place = known.partition_point(|former| former.words[serial].rank() >= word.rank());
                known.insert(place, Arc::clone(&answer));
                known.truncate(STATUS_ANSWERS_MAX);
            }
        }
        Self { answers: Arc::new(all), ..self.clone() }
    }

    /// All that is known. An answer about several certificates comes once for each.
    pub(super) fn news(&self) -> Vec<RevocationNews> {
        let answers = self.answers.values().flatten().map(|answer| RevocationNews::Answer(StatusAnswer::clone(answer)));
        self.lists.iter().cloned().map(RevocationNews::List).chain(answers).collect()
    }

    /// How long the certificate is known not to be revoked. `above` are all on the path, the authority that issued it
    /// first: some may be the same authority with another key.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        above: &[&Certificate],
        at: Timestamp,
        without_list: WithoutList,
    ) -> Result<Window, RevocationError> {
        let lists = self.lists(certificate, above, at);
        // An answer that is not yet to begin can revoke, as a list can.
        let (mut coming, begun): (Vec<_>, Vec<_>) =
            self.answers(certificate, above).partition(|(_, word)| at < word.from());
        let answer = begun.first().copied();
        let without_list = self.without_list.max(without_list);
        // Whoever says "revoked" is believed, also before it begins.
        let mut announced = Window::ALWAYS;
        let said = answer.iter().chain(&coming).filter_map(|(_, word)| word.revoked());
        for revoked in lists.find(certificate).into_iter().chain(said) {
            if revoked.since <= at {
                return Err(RevocationError::Revoked { subject: certificate.subject(), revoked });
            }
            announced = announced.and(before(revoked.since));
        }
        // What comes next has a word then.
        let next = coming.pop().map_or(Window::ALWAYS, |(_, word)| before(word.from()));
        announced = announced.and(next);
        let listed = || listed(&lists, certificate, at, without_list).map(|known| known.and(announced));
        let Some((answer, word)) = answer else { return listed() };
        if at > word.until {
            let stale = RevocationError::Stale { issuer: certificate.issuer(), next_update: word.until };
            return if lists.complete.is_some() { listed() } else { Err(stale) };
        }
        if word.status == Known::Unknown {
            // RFC 6960 §2.2: a certificate that its own authority does not know is not one to believe.
            return Err(RevocationError::UnknownToAuthority { issuer: certificate.issuer() });
        }
        match self.entitled(answer, above, at, without_list) {
            Some(entitled) => Ok(Window { from: word.from(), until: word.until }.and(entitled).and(announced)),
            None => listed(),
        }
    }

    /// RFC 6960 §4.2.2.2.1: how long whoever answered may; asked of the lists, unless the authority says that nobody need.
    fn entitled(
        &self,
        answer: &StatusAnswer,
        above: &[&Certificate],
        at: Timestamp,
        without_list: WithoutList,
    ) -> Option<Window> {
        let Some(delegate) = &answer.delegate else { return Some(Window::ALWAYS) };
        let valid = Some(Window::of(&delegate.certificate)).filter(|valid| valid.contains(at))?;
        if delegate.unquestioned {
            return Some(valid);
        }
        let lists = self.lists(&delegate.certificate, above, at);
        let announced = match lists.find(&delegate.certificate) {
            Some(revoked) if revoked.since <= at => return None,
            found => found.map_or(Window::ALWAYS, |revoked| before(revoked.since)),
        };
        let listed = listed(&lists, &delegate.certificate, at, without_list).ok()?;
        Some(valid.and(announced).and(listed))
    }

    fn lists(&self, certificate: &Certificate, above: &[&Certificate], at: Timestamp) -> Lists<'_> {
        let speaks = |list: &&RevocationList| above.iter().any(|authority| list.speaks_about(certificate, authority));
        let all = || self.lists.iter().filter(speaks);
        let coming = all().filter(|list| at < list.from());
        let mine = || {
            all().filter(|list| list.from() <= at && !all().any(|other| other.from() <= at && list.gave_way_to(other)))
        };
        let complete = mine().find(|list| !list.is_delta());
        let standing =
            |list: &RevocationList| complete.map_or(Some(Standing::Gap), |complete| list.continues(complete));
        let delta = mine().filter(|list| list.is_delta()).find_map(|list| Some((list, standing(list)?)));
        Lists { complete, delta, coming: coming.collect() }
    }

    /// All answers about a certificate, in the order in which they count.
    fn answers<'s>(
        &'s self,
        certificate: &'s Certificate,
        above: &[&Certificate],
    ) -> impl Iterator<Item = (&'s StatusAnswer, Word)> {
        let serial = certificate.decoded().tbs_certificate().serial_number().as_bytes();
        let authority = above.first().filter(|_| !self.answers.is_empty());
        let known = authority.and_then(|authority| self.answers.get(&(key_of(authority), serial.into())));
        known.into_iter().flatten().map(move |answer| (&**answer, answer.words[serial]))
    }
}

impl Lists<'_> {
    /// RFC 5280 §6.3.3 (i) to (k): the delta has the last word, if it is the newer one. Across a gap it can revoke, not
    /// restore.
    fn find(&self, certificate: &Certificate) -> Option<Revoked> {
        let is_revoked = |revoked: &Revoked| revoked.reason != Some(Reason::RemovedFromList);
        let coming = self.coming.iter().filter_map(|list| list.find(certificate)).filter(is_revoked);
        self.begun(certificate).into_iter().chain(coming).min_by_key(|revoked| revoked.since)
    }

    fn begun(&self, certificate: &Certificate) -> Option<Revoked> {
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

    /// RFC 5280 §5.2.6: where deltas are published, the complete list alone may be weeks behind.
    fn are_whole(&self, certificate: &Certificate) -> bool {
        match (self.complete, self.delta) {
            (None, _) | (_, Some((_, Standing::Gap))) => false,
            (Some(complete), None) => !complete.has_deltas() && !has_freshest(certificate),
            (Some(_), Some(_)) => true,
        }
    }
}

/// RFC 5280 §6.3: whether the lists are all there and fresh, and until when.
fn listed(
    lists: &Lists<'_>,
    certificate: &Certificate,
    at: Timestamp,
    without_list: WithoutList,
) -> Result<Window, RevocationError> {
    let mut known = Window::ALWAYS;
    for list in lists.complete.into_iter().chain(lists.delta.map(|(delta, _)| delta)) {
        if at > list.next_update() {
            let (issuer, next_update) = (list.issuer(), list.next_update());
            return Err(RevocationError::Stale { issuer, next_update });
        }
        known = known.and(Window::until(list.next_update()));
    }
    for list in &lists.coming {
        known = known.and(before(list.from()));
    }
    if !lists.are_whole(certificate) && without_list == WithoutList::Refuse {
        return Err(RevocationError::NoList { issuer: certificate.issuer() });
    }
    Ok(known)
}

/// Something that is announced and has not begun.
fn before(moment: Timestamp) -> Window {
    Window::until(moment.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN))
}
