//! Who may read a bundle besides those whose certificates are at hand: what the gateway tells, and what of it is believed
//! (Profile §9.11).
//!
//! The gateway's word alone makes no reader. An office's certificate leads to a trusted authority and names that office; an
//! agent's does, too, and a deed signed by the office says that this agent receives for it. So a gateway that lies can leave
//! somebody out, and let nobody in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Act, AgentReader, Deed, Domain, Granted, OfficeNumber, Party, READERS_AT_ONCE, Readers, Registered,
};
use fumibako_signer::{Certificate, Signed, Trust};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::https::{Question, asked};
use crate::mandates::id_of;
use crate::owner::holder;
use crate::settings::{Settings, read_small};
use crate::terms::SOON;
use crate::trouble::Trouble;

/// What the gateway told of some offices.
#[derive(Debug, Default)]
pub(crate) struct Told {
    offices: BTreeMap<OfficeNumber, Readers>,
    /// Why it told nothing, or nothing new.
    trouble: Option<Trouble>,
}

/// What it told of one office, on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    readers: Readers,
}

/// Whom to believe, and in whose domain.
pub(crate) struct Belief<'b> {
    pub(crate) trust: &'b Trust,
    /// Those between offices and authorities.
    pub(crate) helpers: &'b [Certificate],
    pub(crate) domain: &'b Domain,
    /// Is a mandate from paper one, which only the gateway vouches for?
    pub(crate) paper: bool,
}

impl Told {
    /// Asks the gateway. Where it does not answer, what it said before counts for as long as the settings say.
    pub(crate) fn of(settings: &Settings, offices: &BTreeSet<OfficeNumber>, now: Timestamp) -> Result<Self, Trouble> {
        let all: Vec<OfficeNumber> = offices.iter().copied().collect();
        let mut told = Self::default();
        // Profile §9.11: where all of it is remembered, nobody waits long for news of it.
        let soon = Settings { patience_seconds: settings.patience_seconds.min(SOON), ..settings.clone() };
        for some in all.chunks(READERS_AT_ONCE) {
            let numbers: Vec<&str> = some.iter().map(OfficeNumber::as_str).collect();
            let path = format!("/v1/readers/{}", numbers.join(","));
            let known = some.iter().all(|office| remembered(settings, *office, now).is_some());
            match asked::<Vec<Readers>>(if known { &soon } else { settings }, Question::get(&path)) {
                Ok(found) => told.keep(settings, some, found, now)?,
                Err(trouble) => {
                    tracing::warn!(%trouble, "readers.unknown");
                    told.recall(settings, some, now);
                    told.trouble = Some(trouble);
                }
            }
        }
        Ok(told)
    }

    /// What it said before, and nothing new: nobody is asked.
    pub(crate) fn before(settings: &Settings, offices: &BTreeSet<OfficeNumber>, now: Timestamp) -> Self {
        let mut told = Self::default();
        told.recall(settings, &offices.iter().copied().collect::<Vec<_>>(), now);
        told
    }

    /// Nobody but the office asked about is taken from an answer.
    fn keep(
        &mut self,
        settings: &Settings,
        asked: &[OfficeNumber],
        found: Vec<Readers>,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        for readers in found.into_iter().filter(|readers| asked.contains(&readers.office)) {
            let path = place(settings, readers.office);
            let folder = path.parent().unwrap_or(Path::new("."));
            disk::private_folder(folder).map_err(Trouble::writing(folder))?;
            let kept = Kept { at: now, readers };
            let json = serde_json::to_vec(&kept).map_err(std::io::Error::from).map_err(Trouble::writing(&path))?;
            disk::replace(&path, &json).map_err(Trouble::writing(&path))?;
            self.offices.insert(kept.readers.office, kept.readers);
        }
        // Who is not on the roll any more is not remembered either.
        for gone in asked.iter().filter(|office| !self.offices.contains_key(office)) {
            let _ = fs::remove_file(place(settings, *gone));
        }
        Ok(())
    }

    fn recall(&mut self, settings: &Settings, offices: &[OfficeNumber], now: Timestamp) {
        let known = |office: &OfficeNumber| Some((*office, remembered(settings, *office, now)?));
        self.offices.extend(offices.iter().filter_map(known));
    }

    /// Why nothing, or nothing new, is known.
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Is this office on the roll?
    pub(crate) fn knows(&self, office: OfficeNumber) -> bool {
        self.offices.contains_key(&office)
    }

    /// The certificates told of an office; whose they are is judged by who asks.
    pub(crate) fn certificates(&self, office: OfficeNumber) -> Vec<Certificate> {
        self.offices.get(&office).map(|readers| read(&readers.certificates)).unwrap_or_default()
    }

    /// The certificates of the agents that receive this for an office, as far as that is proven.
    pub(crate) fn agents(
        &self,
        office: OfficeNumber,
        act: Act<'_>,
        belief: &Belief<'_>,
        now: Timestamp,
    ) -> Vec<Certificate> {
        let agents = self.offices.get(&office).map(|readers| readers.agents.as_slice()).unwrap_or_default();
        let may = |one: &&AgentReader| {
            one.mandates.iter().any(|granted| {
                let mandate = belief.mandate(office, granted, now);
                mandate.is_some_and(|it| it.mandate.agent == one.agent && it.allows(act, now).is_ok())
            })
        };
        let its = |one: &AgentReader| {
            let party = Party::Agent(one.agent.clone());
            let names = |certificate: &Certificate| {
                let held = (certificate, belief.helpers);
                // Whom one under no trusted authority names, only it says itself.
                let trusted = belief.trust.check_certificate(certificate, belief.helpers, now).is_ok();
                trusted && matches!(holder(held, belief.trust, belief.domain, now), Ok(Some(found)) if found == party)
            };
            read(&one.certificates).into_iter().filter(names).collect::<Vec<_>>()
        };
        agents.iter().filter(may).flat_map(its).collect()
    }
}

impl Belief<'_> {
    /// The mandate, in the words that its office signed. How it stands, confirmed or revoked, only the gateway can tell.
    fn mandate(&self, office: OfficeNumber, granted: &Granted, now: Timestamp) -> Option<Registered> {
        let told = &granted.row.registered;
        let mandate = match &granted.grant {
            None => Some(told.mandate.clone()).filter(|_| told.paper && self.paper)?,
            Some(text) => {
                let octets = STANDARD.decode(text).ok()?;
                let signed = Signed::read(&octets).ok()?;
                let signature = signed.verify().ok()?;
                let Deed::Grant(mandate) = Deed::in_entity(signed.part()).ok()? else { return None };
                // Judged as of its writing: a certificate that has ended since then was good.
                let at = mandate.granted.min(now);
                self.trust.check(&signature, at).ok()?;
                self.trust.check_revocation(&signature, now).ok()?;
                let held = (signature.signer(), signature.chain());
                let by = holder(held, self.trust, self.domain, at).ok()??;
                Some(*mandate).filter(|_| by == Party::Office(office))?
            }
        };
        let same = mandate.office == office && id_of(&mandate) == told.id;
        same.then(|| Registered { mandate, ..told.clone() })
    }
}

/// What it told of an office not too long ago.
fn remembered(settings: &Settings, office: OfficeNumber, now: Timestamp) -> Option<Readers> {
    let age = SignedDuration::from_hours(24 * i64::from(settings.readers_days));
    let kept: Kept = serde_json::from_slice(&read_small(&place(settings, office)).ok()?).ok()?;
    // A clock that was set back makes nothing last longer.
    let fresh = (kept.at..=kept.at.saturating_add(age).unwrap_or(kept.at)).contains(&now);
    (fresh && kept.readers.office == office).then_some(kept.readers)
}

fn read(certificates: &[String]) -> Vec<Certificate> {
    let der = certificates.iter().filter_map(|text| STANDARD.decode(text).ok());
    der.filter_map(|der| Certificate::from_der(&der).ok()).collect()
}

fn place(settings: &Settings, office: OfficeNumber) -> PathBuf {
    settings.data_folder.join("readers").join(format!("{office}.json"))
}

#[cfg(test)]
mod tests;
