//! Whom we believe: the anchors, and whether a signer's certificate leads to one of them at a given moment.

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::ext::pkix::BasicConstraints;

use crate::allowed;
use crate::certificate::Certificate;
use crate::error::{CertificateError, ListError, RevocationError, Usage};
use crate::names::Holder;
use crate::practice::Practice;
use crate::profile;
use crate::revocation::{RevocationList, Revoked};
use crate::signed::Signature;
use crate::status::StatusAnswer;
use crate::timestamp;

mod news;
mod path;
mod sources;
mod verdicts;

pub use news::RevocationNews;
use sources::Sources;
use verdicts::{Verdict, Verdicts, Window};

/// The trusted authorities and what they revoked. Cheap to clone; a changed list is a new `Trust`.
///
/// A chain once believed is not judged again until something in it ends, or another `Trust` is asked.
#[derive(Clone)]
pub struct Trust {
    anchors: Arc<[Certificate]>,
    /// One for each anchor.
    practices: Arc<[Practice]>,
    /// Authorities that may stand between a signer and an anchor, whoever forgot to send them.
    helpers: Arc<[Certificate]>,
    sources: Sources,
    validator: Arc<path::Validator>,
    verdicts: Arc<Verdicts>,
}

/// What it means that nothing here tells what an authority revoked.
/// The stricter of two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithoutList {
    /// Its certificates are believed.
    #[default]
    Accept,
    /// They are not.
    Refuse,
}

impl Trust {
    /// Trusts these authorities. A certificate that is no authority's is refused, for it could vouch for nobody.
    pub fn new(anchors: impl IntoIterator<Item = Certificate>) -> Result<Self, CertificateError> {
        Self::with_practices(anchors.into_iter().map(|anchor| (anchor, Practice::default())))
    }

    /// Trusts these authorities, each with its own way to write certificates.
    pub fn with_practices(
        anchors: impl IntoIterator<Item = (Certificate, Practice)>,
    ) -> Result<Self, CertificateError> {
        let (anchors, practices): (Vec<Certificate>, Vec<Practice>) = anchors.into_iter().unzip();
        anchors.iter().try_for_each(Self::check_authority)?;
        Ok(Self {
            anchors: anchors.into(),
            practices: practices.into(),
            helpers: Arc::default(),
            sources: Sources::default(),
            validator: Arc::new(path::Validator::new()),
            verdicts: Arc::default(),
        })
    }

    /// Whether a certificate may be trusted as an authority's, an anchor or a lower one: its key is strong enough, and is there
    /// to sign certificates.
    pub fn check_authority(certificate: &Certificate) -> Result<(), CertificateError> {
        profile::anchor(certificate)?;
        match certificate.decoded().tbs_certificate().get_extension::<BasicConstraints>() {
            Ok(Some((_, constraints))) if constraints.ca => Ok(()),
            _ => Err(CertificateError::BadChain("a trusted certificate is not an authority's")),
        }
    }

    /// The same anchors with these revocation lists in place of the former. What was believed before is judged again.
    #[must_use]
    pub fn with_lists(&self, lists: impl IntoIterator<Item = RevocationList>, without_list: WithoutList) -> Self {
        let sources = self.sources.with_lists(lists.into_iter().collect(), without_list);
        Self { sources, verdicts: Arc::default(), ..self.clone() }
    }

    /// The same with the same lists and answers; whoever none of them speaks about is not believed, or is.
    #[must_use]
    pub fn without_list(&self, without_list: WithoutList) -> Self {
        let sources = self.sources.clone().without_list(without_list);
        Self { sources, verdicts: Arc::default(), ..self.clone() }
    }

    /// The same with these answers of responders in place of the former; of several about one certificate the
    /// newest counts that has begun, and of two made at once the one that says "revoked".
    #[must_use]
    pub fn with_answers(&self, answers: impl IntoIterator<Item = StatusAnswer>) -> Self {
        let sources = self.sources.with_answers(answers);
        Self { sources, verdicts: Arc::default(), ..self.clone() }
    }

    /// The same with these lower authorities at hand. They are not trusted for being here: each must lead to an anchor.
    #[must_use]
    pub fn with_helpers(&self, helpers: impl IntoIterator<Item = Certificate>) -> Self {
        Self { helpers: helpers.into_iter().collect(), verdicts: Arc::default(), ..self.clone() }
    }

    /// The same authorities, with all that is known of what they revoked, asked about time stamps and nothing else (RFC 3161
    /// §2.3).
    #[must_use]
    pub fn stamping(&self) -> Self {
        let stamping = |own: &Practice| timestamp::practice().without_list(own.when_unlisted());
        let practices = self.practices.iter().map(stamping).collect();
        Self { practices, verdicts: Arc::default(), ..self.clone() }
    }

    /// Reads a revocation list of an anchor, or of a lower authority given to [`Trust::with_helpers`]. It counts for whoever
    /// stands below that authority on a path that holds.
    pub fn read_list(&self, bytes: &[u8]) -> Result<RevocationList, ListError> {
        RevocationList::read(bytes, &[&*self.anchors, &*self.helpers].concat())
    }

    /// The anchors.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// Whether the signature's certificate is one to believe at `at`. Whether it was revoked is another question, with
    /// other answers: [`Trust::check_revocation`].
    pub fn check(&self, signature: &Signature, at: Timestamp) -> Result<(), CertificateError> {
        self.check_certificate(signature.signer(), signature.chain(), at)?;
        signs(signature, at)
    }

    /// Whether a certificate is one to believe at `at`, to sign or to receive with, such as one an office enrols (Profile
    /// §4.20); `helpers` may lead to an anchor.
    pub fn check_certificate(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<(), CertificateError> {
        self.judge(certificate, helpers, at).map(|_| ())
    }

    /// Whom the signature's certificate names, in the way of the authority it leads to at `at`. `None`: it names nobody,
    /// which is that authority's way; ask the roll.
    pub fn holder(&self, signature: &Signature, at: Timestamp) -> Result<Option<Holder>, CertificateError> {
        let holder = self.signer_of(signature.signer(), signature.chain(), at)?;
        signs(signature, at).map(|()| holder)
    }

    /// The same for a certificate whose holder signed something else with its key, such as a login.
    pub fn signer_of(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<Option<Holder>, CertificateError> {
        let holder = self.holder_of(certificate, helpers, at)?;
        must_sign(certificate).map(|()| holder)
    }

    /// The same for a certificate without a signature.
    pub fn holder_of(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<Option<Holder>, CertificateError> {
        let verdict = self.judge(certificate, helpers, at)?;
        self.practices[verdict.anchor].names().holder(certificate)
    }

    /// Whether the signature's certificate leads to an anchor at `at` and nothing on the way was revoked by then.
    pub fn check_revocation(&self, signature: &Signature, at: Timestamp) -> Result<(), RevocationError> {
        self.check_revocation_of(signature.signer(), signature.chain(), at)
    }

    /// Whether anything was revoked, as far as is known at `at`, on the way on which the signature led to an anchor at `then`, and is not
    /// excused. Whoever says "revoked" is heard before whoever says nothing.
    pub(crate) fn check_revocation_since(
        &self,
        signature: &Signature,
        (then, at): (Timestamp, Timestamp),
        excused: impl Fn(&Revoked) -> bool,
    ) -> Result<(), RevocationError> {
        let path = self.path(signature.signer(), signature.chain(), then)?;
        let (all, without_list) = (path.all().collect::<Vec<_>>(), self.practices[path.place].when_unlisted());
        let asked = (1..all.len()).map(|above| self.sources.check(all[above - 1], &all[above..], at, without_list));
        let excused =
            |why: &RevocationError| matches!(why, RevocationError::Revoked { revoked, .. } if excused(revoked));
        let mut wrong: Vec<RevocationError> = asked.filter_map(Result::err).filter(|why| !excused(why)).collect();
        let worst = wrong.iter().position(|why| matches!(why, RevocationError::Revoked { .. })).unwrap_or(0);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.swap_remove(worst)) }
    }

    /// The same for a certificate without a signature.
    pub fn check_revocation_of(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<(), RevocationError> {
        let subject = Verdicts::subject(certificate, helpers);
        let known = self.verdicts.find(&subject, at).and_then(|verdict| verdict.clear);
        if known.is_some_and(|clear| clear.contains(at)) {
            return Ok(());
        }
        let path = self.path(certificate, helpers, at)?;
        let (mut clear, all) = (Window::ALWAYS, path.all().collect::<Vec<_>>());
        let mut rest = all.as_slice();
        let without_list = self.practices[path.place].when_unlisted();
        while let [certificate, above @ ..] = rest
            && !above.is_empty()
        {
            clear = clear.and(self.sources.check(certificate, above, at, without_list)?);
            rest = above;
        }
        self.verdicts.keep(subject, Verdict { clear: Some(clear), ..verdict_on(&path, at) });
        Ok(())
    }

    fn judge(
        &self,
        certificate: &Certificate,
        helpers: &[Certificate],
        at: Timestamp,
    ) -> Result<Verdict, CertificateError> {
        let subject = Verdicts::subject(certificate, helpers);
        if let Some(verdict) = self.verdicts.find(&subject, at) {
            return Ok(verdict);
        }
        let verdict = verdict_on(&self.path(certificate, helpers, at)?, at);
        self.verdicts.keep(subject, verdict);
        Ok(verdict)
    }

    /// The certificate, the authorities above it and the anchor, when all rules hold.
    fn path<'c>(
        &'c self,
        certificate: &'c Certificate,
        helpers: &'c [Certificate],
        at: Timestamp,
    ) -> Result<path::Path<'c>, CertificateError> {
        if self.anchors.contains(certificate) {
            return Err(CertificateError::Authority);
        }
        is_in_force(certificate, at)?;
        profile::subscriber(certificate)?;
        let helpers = helpers.iter().chain(&*self.helpers).collect();
        self.validator.validate(certificate, helpers, (&self.anchors, &self.practices), at)
    }
}

/// Profile §4.16, §4.20: a way to sign is allowed until its day, and a certificate for encryption signs nothing.
fn signs(signature: &Signature, at: Timestamp) -> Result<(), CertificateError> {
    allowed::by(signature.algorithm().end(), at)?;
    must_sign(signature.signer())
}

fn must_sign(certificate: &Certificate) -> Result<(), CertificateError> {
    let wrong = CertificateError::WrongUsage(Usage::KeyUsageOther);
    if profile::signs(certificate)? { Ok(()) } else { Err(wrong) }
}

/// Of all the rules only the times change by themselves.
fn verdict_on(path: &path::Path<'_>, at: Timestamp) -> Verdict {
    let holds = path.all().map(Window::of).fold(Verdicts::kept(at), Window::and);
    Verdict { anchor: path.place, holds, clear: None }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.anchors.iter()).finish()
    }
}

/// RFC 5280 §4.1.2.5: both ends belong to the validity.
fn is_in_force(certificate: &Certificate, at: Timestamp) -> Result<(), CertificateError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if at < not_before {
        return Err(CertificateError::NotYetValid { not_before });
    }
    if at.as_second() > not_after.as_second() {
        return Err(CertificateError::Expired { not_after });
    }
    path::lasts(certificate, at)
}
