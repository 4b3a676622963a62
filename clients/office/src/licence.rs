//! ライセンス, as this end deals with it: what the gateway says of ours, and what we sign about it (Profile §10).

mod advice;

use fumibako_model::{
    Asked, LicenceDeed, LicenceTerms, LicenceView, OfficeNumber, Party, PayBy, Refusal, Refused, Switch,
};
use fumibako_signer::sign;
use jiff::Timestamp;

use crate::https::{Question, asked};
use crate::register;
use crate::settings::Settings;
use crate::trouble::Trouble;

pub(crate) use advice::{Advice, At, Behind, advice, is_about_ours};

/// Where deeds go, and the view comes from (Profile §10.4, §10.8).
pub(crate) const PATH: &str = "/v1/licence";

/// A year that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Year {
    /// The first, or one after a gap.
    First,
    /// The next.
    Next,
}

/// How it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) pay_by: PayBy,
    /// Renewed by itself from then on?
    pub(crate) automatic: bool,
}

/// Our licence, as the gateway has it now. Terms that are not what their digest says are not shown to anybody.
pub(crate) fn ours(settings: &Settings) -> Result<LicenceView, Trouble> {
    own(settings)?;
    let view = crate::wait(register::licence(settings))?;
    if view.terms.as_ref().is_some_and(|terms| !terms.hold()) {
        return Err(Trouble::Garbled("HTTPS".into()));
    }
    Ok(view)
}

/// Profile §10.4: no agent deals with licences, whatever its mandates.
fn own(settings: &Settings) -> Result<OfficeNumber, Trouble> {
    match settings.party()? {
        Party::Office(office) => Ok(office),
        Party::Agent(agent) => Err(refused(Refusal::LicenceNotByIt.about(agent))),
    }
}

fn refused(refused: Refused) -> Trouble {
    Trouble::Refused { refused, reference: None }
}

/// The terms in force, if they are those that somebody agreed to: what was given is their version or digest, each of it.
pub(crate) fn agreed(view: &LicenceView, given: &[&str]) -> Result<LicenceTerms, Trouble> {
    let is_theirs = |terms: &LicenceTerms, one: &str| terms.version == one || terms.digest == one;
    let current = view.terms.as_ref().filter(|terms| given.iter().all(|one| is_theirs(terms, one)));
    let known = || view.terms.as_ref().map_or("none is published", |terms| terms.version.as_str());
    current.cloned().ok_or_else(|| refused(Refusal::TermsNotCurrent.about(known())))
}

/// Asks for a year, with the consent to these terms.
pub(crate) fn ask_for(
    settings: &Settings,
    year: Year,
    (terms, manner): (&LicenceTerms, Manner),
    now: Timestamp,
) -> Result<LicenceView, Trouble> {
    let asked = Asked {
        v: 1,
        office: own(settings)?,
        terms: terms.version.clone(),
        digest: terms.digest.clone(),
        pay_by: manner.pay_by,
        automatic: manner.automatic,
        user: settings.login()?.to_owned(),
        at: now,
    };
    let deed = match year {
        Year::First => LicenceDeed::Apply(asked),
        Year::Next => LicenceDeed::Renew(asked),
    };
    hand_in(settings, &deed, now)
}

/// From now on it is renewed by itself, or no longer.
pub(crate) fn renews_itself(settings: &Settings, on: bool, now: Timestamp) -> Result<LicenceView, Trouble> {
    let deed = LicenceDeed::Automatic(Switch { v: 1, office: own(settings)?, on, at: now });
    hand_in(settings, &deed, now)
}

/// Signs a deed and hands it to the gateway; what comes back is the licence as it then stands.
fn hand_in(settings: &Settings, deed: &LicenceDeed, now: Timestamp) -> Result<LicenceView, Trouble> {
    let signed = sign(deed.entity().as_bytes(), &settings.signer(now)?, now)?;
    let view = asked(settings, Question::signed(PATH, signed))?;
    tracing::info!(office = %deed.office(), "licence.signed");
    Ok(view)
}
