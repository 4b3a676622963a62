//! Verdicts already given. A chain is judged once; the same chain afterwards costs a digest, until something in it ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::algorithm::{Algorithm, sha256};
use crate::allowed;
use crate::certificate::Certificate;
use crate::limits::{VERDICT_HOURS_MAX, VERDICTS_MAX};

/// The moments for which something holds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// A certificate that was believed. Refusals are not kept: whoever sends them pays for them each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    /// Which anchor it leads to.
    pub(super) anchor: usize,
    /// When the path holds.
    pub(super) holds: Window,
    /// When nothing on it is revoked, as far as anybody asked.
    pub(super) clear: Option<Window>,
}

/// What a verdict is about: SHA-256 over the digests of the certificate and of those that came with it, in order.
pub(super) type Subject = [u8; 32];

/// At most [`VERDICTS_MAX`] of them. The younger half is `young`; when it is full the older half is forgotten.
#[derive(Default)]
pub(super) struct Verdicts(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<Subject, Verdict>,
    old: HashMap<Subject, Verdict>,
}

impl Window {
    /// RFC 5280 §4.1.2.5: the last second of a certificate belongs to it, to its end. Its key, and the way it was signed, may
    /// end before (Profile §4.16).
    pub(super) fn of(certificate: &Certificate) -> Self {
        let rest = SignedDuration::from_nanos(999_999_999);
        let until = certificate.not_after().checked_add(rest).unwrap_or(Timestamp::MAX);
        let key = allowed::end(certificate.decoded().tbs_certificate().subject_public_key_info()).ok().flatten();
        let signed = Algorithm::read(certificate.decoded().signature_algorithm(), None).ok().and_then(Algorithm::end);
        let ends = key.into_iter().chain(signed).map(|(end, _)| end);
        Self { from: certificate.not_before(), until: ends.fold(until, Timestamp::min) }
    }

    /// Up to this moment and no further.
    pub(crate) fn until(until: Timestamp) -> Self {
        Self { from: Timestamp::MIN, until }
    }

    /// Always.
    pub(crate) const ALWAYS: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };

    /// When both hold.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    pub(crate) fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

impl Verdicts {
    /// The longest time a verdict given at `at` is kept, whatever its certificates say.
    pub(super) fn kept(at: Timestamp) -> Window {
        let most = SignedDuration::from_hours(VERDICT_HOURS_MAX);
        Window::until(at.checked_add(most).unwrap_or(Timestamp::MAX))
    }

    pub(super) fn subject(certificate: &Certificate, helpers: &[Certificate]) -> Subject {
        let digests: Vec<[u8; 32]> =
            std::iter::once(certificate).chain(helpers).map(Certificate::fingerprint).collect();
        sha256(digests.as_flattened())
    }

    /// What was said about this chain, if it still holds at `at`.
    pub(super) fn find(&self, subject: &Subject, at: Timestamp) -> Option<Verdict> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verdict) = halves.young.get(subject) {
            return Some(*verdict).filter(|verdict| verdict.holds.contains(at));
        }
        let verdict = halves.old.remove(subject).filter(|verdict| verdict.holds.contains(at))?;
        halves.keep(*subject, verdict);
        Some(verdict)
    }

    pub(super) fn keep(&self, subject: Subject, verdict: Verdict) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(subject, verdict);
    }
}

impl Halves {
    fn keep(&mut self, subject: Subject, verdict: Verdict) {
        self.young.insert(subject, verdict);
        if self.young.len() >= VERDICTS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: usize) -> Subject {
        sha256(&number.to_be_bytes())
    }

    fn kept(verdicts: &Verdicts) -> usize {
        let halves = verdicts.0.lock().unwrap();
        halves.young.len() + halves.old.len()
    }

    #[test]
    fn verdicts_end_at_their_limit_and_the_asked_ones_stay() {
        let verdicts = Verdicts::default();
        let verdict = Verdict { anchor: 7, holds: Window::ALWAYS, clear: None };
        let at = Timestamp::UNIX_EPOCH;
        for number in 0..3 * VERDICTS_MAX {
            verdicts.keep(subject(number), verdict);
            assert!(verdicts.find(&subject(0), at).is_some(), "asked every time, forgotten after {number}");
        }
        assert!(kept(&verdicts) <= VERDICTS_MAX);
        assert!(verdicts.find(&subject(1), at).is_none());
        assert_eq!(verdicts.find(&subject(3 * VERDICTS_MAX - 1), at).unwrap().anchor, 7);
    }

    #[test]
    fn a_window_includes_both_ends() {
        let second = |count| Timestamp::from_second(count).unwrap();
        let window = Window { from: second(10), until: second(20) }.and(Window::until(second(15)));
        assert!(window.contains(second(10)) && window.contains(second(15)));
        assert!(!window.contains(second(9)) && !window.contains(second(16)));
    }

    #[test]
    fn a_chain_is_judged_again_after_a_day() {
        use crate::authority::{Authority, KeyKind, Purpose, Request};
        let at = Timestamp::constant(1_793_873_410, 0);
        let day = SignedDuration::from_hours(VERDICT_HOURS_MAX);
        let ca = Authority::create("CA", at).unwrap();
        let (not_before, not_after) = (at, at + day * 9);
        let (key, purpose) = (KeyKind::EcP256, Purpose::Mail);
        let wish = Request { common_name: "x", rfc822_name: "a@b", key, purpose, not_before, not_after };
        let office = ca.issue(&wish).unwrap();
        let trust = crate::Trust::new([ca.certificate().clone()]).unwrap();
        let subject = Verdicts::subject(office.certificate(), &[]);
        trust.check_certificate(office.certificate(), &[], at).unwrap();
        let is_known = |at| trust.verdicts.find(&subject, at).is_some();
        assert!(is_known(at + day) && !is_known(at + day + SignedDuration::from_nanos(1)));
        trust.check_revocation_of(office.certificate(), &[], at).unwrap();
        assert!(is_known(at + day) && !is_known(at + day + SignedDuration::from_nanos(1)));
    }

    #[test]
    fn a_verdict_is_kept_for_a_day_at_most() {
        let at = Timestamp::UNIX_EPOCH;
        let end = at + SignedDuration::from_hours(VERDICT_HOURS_MAX);
        assert!(Verdicts::kept(at).contains(end));
        assert!(!Verdicts::kept(at).contains(end + SignedDuration::from_nanos(1)));
    }
}
