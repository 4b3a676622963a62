//! What this computer posted and of which the gateway has no record: a store that was put back from a backup has nothing of what came after the
//! copy was taken (Profile §11.9). The outbox alone knows of it then, and its sender believes that it went.

use std::collections::BTreeSet;

use fumibako_model::{Act, EvidenceId, OfficeNumber, Scope};
use jiff::{SignedDuration, Timestamp};

use super::{ASKED, Asked, At, GOOD};
use crate::mailbox::{Folder, Mailbox, Place};
use crate::mandates::Mandates;
use crate::outbox::{Entry, Fate};
use crate::proof::{self, About};
use crate::trouble::Trouble;

/// So many days it is told where the gateway does not say how long it keeps what is sent.
const KEPT_DAYS: u32 = 90;
/// Of what the gateway has a record, it is asked again after this.
const KNOWN: SignedDuration = SignedDuration::from_hours(24);

/// A bundle that was posted here, and of which the gateway has no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Whose folder it would be in, where an agent looks.
    pub(crate) office: Option<OfficeNumber>,
    /// As it was posted.
    pub(crate) entry: Entry,
}

/// What lies in `Sent`: whose, and under which Message-ID.
pub(crate) type There = BTreeSet<(Option<OfficeNumber>, String)>;

/// What was posted from this computer to this gateway, lies in no `Sent` that is open to us, and has no evidence, as far as it is `open`: until
/// the day on which it would have been erased. Whoever removed it from `Sent` himself has its evidence still.
pub(crate) async fn missing(
    mailbox: &mut Mailbox,
    at: At<'_>,
    there: &There,
    asked: &mut Asked,
    open: &dyn Fn(Option<OfficeNumber>, &Entry) -> bool,
) -> Result<Vec<Missing>, Trouble> {
    let mut missing = Vec::new();
    if !at.local.iter().any(|entry| matches!(entry.fate, Fate::Posted { .. })) {
        return Ok(missing);
    }
    let days = mailbox.terms().await?.retention_days.unwrap_or(KEPT_DAYS);
    let kept = |then| at.now.duration_since(then) < SignedDuration::from_hours(24 * i64::from(days));
    for place in mailbox.places(&at.settings.party()?, Folder::Sent).await? {
        if place.office.is_some() && at.only.is_some() && place.office != at.only {
            continue;
        }
        let Some(us) = place.office.or(at.settings.office) else { continue };
        let lies = |entry: &Entry| there.contains(&(place.office, entry.message_id.clone()));
        // The latest first: what a gateway lost is what came last, and not all may be asked about in one look.
        let posted = at.local.iter().rev().filter_map(|entry| Some((entry, posted_to_it(at, us, entry)?)));
        let absent = posted.filter(|(entry, (_, then))| kept(*then) && !lies(entry) && open(place.office, entry));
        let absent: Vec<_> = absent.map(|(entry, (evidence, _))| (entry, evidence)).collect();
        // Most often nothing is.
        if absent.is_empty() || !may_ask(mailbox, at, place).await? {
            continue;
        }
        let mut lacking = Vec::new();
        for (entry, evidence) in absent {
            if asked.lacks(at, us, (entry, evidence)).await == Some(true) {
                lacking.push(Missing { office: place.office, entry: entry.clone() });
            }
        }
        // Where that ended meanwhile, the answers say nothing.
        if lacking.is_empty() || may_ask(mailbox, at, place).await? {
            missing.append(&mut lacking);
        }
        for one in &lacking {
            asked.records.remove(&one.entry.message_id);
        }
    }
    Ok(missing)
}

/// With which evidence, and when, this gateway took it in. None: it is no bundle, did not go, is another office's or domain's, or went to
/// another gateway, or by a program that did not note to which.
fn posted_to_it(at: At<'_>, us: OfficeNumber, entry: &Entry) -> Option<(EvidenceId, Timestamp)> {
    let Fate::Posted { evidence, at: then, gateway } = &entry.fate else { return None };
    let ours = entry.bundle.is_some() && entry.from() == at.settings.address_of(us).ok();
    let here = gateway.as_ref().is_some_and(|gateway| *gateway == at.settings.gateway);
    Some((evidence.parse().ok().filter(|_| ours && here)?, *then))
}

/// Profile §8.18: evidence that is not ours to read is answered as what is nowhere. A mandate to send opens `Sent` (§9.9), and no evidence.
async fn may_ask(mailbox: &mut Mailbox, at: At<'_>, place: Place) -> Result<bool, Trouble> {
    if let Some(office) = place.office {
        match Mandates::of(at.settings).await {
            Ok(mandates) if mandates.allow(office, Act::Any(Scope::Status), at.now).is_ok() => {}
            _ => return Ok(false),
        }
    }
    match mailbox.select(place).await {
        Err(Trouble::Refused { .. }) => Ok(false),
        selected => selected.map(|_| true),
    }
}

impl Asked {
    /// Has the gateway no record of it, under its number and under its Message-ID? None: it cannot be asked now.
    async fn lacks(
        &mut self,
        At { settings, now, .. }: At<'_>,
        from: OfficeNumber,
        (entry, evidence): (&Entry, EvidenceId),
    ) -> Option<bool> {
        let before = self.records.get(&entry.message_id).copied();
        let good = |then: Timestamp, lacks| {
            (SignedDuration::ZERO..if lacks { GOOD } else { KNOWN }).contains(&now.duration_since(then))
        };
        if let Some((_, lacks)) = before.filter(|(then, lacks)| good(*then, *lacks)) {
            return Some(lacks);
        }
        let mut lacks = true;
        let by_name = About::Message { id: entry.message_id.clone(), from, at: None };
        for about in [About::Piece(evidence), by_name] {
            if self.questions >= ASKED {
                return before.map(|(_, lacks)| lacks);
            }
            self.questions += 1;
            match proof::is_recorded(settings, &about, (from, &entry.message_id)).await {
                Ok(true) => {
                    lacks = false;
                    break;
                }
                Ok(false) => {}
                Err(why) => {
                    tracing::debug!(%evidence, %why, "lost.unasked");
                    // Who does not answer is not asked fifty times.
                    if matches!(why, Trouble::Unreachable { .. }) {
                        self.questions = ASKED;
                    }
                    return before.map(|(_, lacks)| lacks);
                }
            }
        }
        self.records.insert(entry.message_id.clone(), (now, lacks));
        Some(lacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::testing::now;

    const EVIDENCE: &str = "EV512E0000000013";

    fn entry() -> Entry {
        let gateway = Some("gateway.example".into());
        Entry {
            message_id: "a@x.example".into(),
            from: "9970000011@plans.example".into(),
            agent: None,
            to: "9970000029@plans.example".into(),
            composed: now(),
            bundle: Some("v=1; units=plan; serial=20261105101010; files=1; size=9".into()),
            fate: Fate::Posted { evidence: EVIDENCE.into(), at: now(), gateway },
        }
    }

    // Profile §15.9
    #[test]
    fn only_what_this_gateway_answered_for_is_asked_of_it() {
        let settings =
            Settings { gateway: "gateway.example".into(), domain: "plans.example".parse().ok(), ..Settings::default() };
        let at = At { settings: &settings, only: None, local: &[], now: now() };
        let posted = |entry: &Entry| posted_to_it(at, "9970000011".parse().unwrap(), entry);
        assert_eq!(posted(&entry()), Some((EVIDENCE.parse().unwrap(), now())));
        let with = |gateway: Option<&str>| {
            let gateway = gateway.map(str::to_owned);
            Entry { fate: Fate::Posted { evidence: EVIDENCE.into(), at: now(), gateway }, ..entry() }
        };
        for (other, why) in [
            (with(Some("other.example")), "it went to another gateway"),
            (with(None), "nobody noted to which it went"),
            (Entry { fate: Fate::Waiting, ..entry() }, "it did not go"),
            (Entry { bundle: None, ..entry() }, "a receipt"),
            (Entry { from: "9970000037@plans.example".into(), ..entry() }, "another office's"),
            (Entry { from: "9970000011@other.example".into(), ..entry() }, "another domain's"),
        ] {
            assert_eq!(posted(&other), None, "{why}");
        }
    }
}
