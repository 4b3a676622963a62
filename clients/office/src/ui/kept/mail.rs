//! What the last look at the gateway found, kept for the time until the next one succeeds: lists are there at once, and without a
//! network. Marks are with them: what was fetched and where to, how far what was sent came.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use fumibako_model::{Fault, OfficeNumber, Private, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keep, Said};
use crate::mandates::Mandates;
use crate::register::Office;
use crate::terms::Terms;
use crate::trouble::{NotKept, Trouble};
use crate::ui::spot::Spot;
use crate::ui::state::{App, held};
use crate::ui::work::look::{Arrived, Content, Gone, Mail, Owed, Seal, Wrong};

/// The record that holds the lists.
const LISTS: &str = "mail";

#[derive(Default, Serialize, Deserialize)]
struct Lists {
    v: u8,
    validity: Vec<(bool, Option<OfficeNumber>, u32)>,
    inbox: Vec<In>,
    sent: Vec<Out>,
    offices: Vec<Office>,
    #[serde(default)]
    agents: HashMap<String, String>,
    #[serde(default)]
    terms: Terms,
    /// What lets an agent look at the lists.
    #[serde(default)]
    mandates: Option<Mandates>,
    checked: Option<Timestamp>,
    folder: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct In {
    uid: u32,
    of: Option<OfficeNumber>,
    at: Timestamp,
    #[serde(default)]
    until: Option<Timestamp>,
    from: Option<OfficeNumber>,
    by: Option<String>,
    cover: String,
    files: Vec<String>,
    done: bool,
    #[serde(default)]
    owed: Option<Owes>,
    withheld: bool,
    gone: bool,
    wrong: Option<Box<[Said; 2]>>,
    seal: Option<Signed>,
    message_id: String,
    folder: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Owes {
    receipt: String,
    refused: Option<Box<[Said; 2]>>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    subject: String,
    issuer: String,
    at: Option<Timestamp>,
    sealed: bool,
}

#[derive(Serialize, Deserialize)]
struct Out {
    uid: u32,
    of: Option<OfficeNumber>,
    at: Timestamp,
    to: Option<OfficeNumber>,
    by: Option<String>,
    cover: String,
    facts: Option<String>,
    state: Option<State>,
    #[serde(default)]
    fault: Option<Fault>,
    message_id: String,
    #[serde(default)]
    until: Option<Timestamp>,
    #[serde(default)]
    content: Content,
}

impl App {
    /// Profile §15.9: keeps what is known of the gateway. What cannot be kept now is asked for again.
    pub(in crate::ui) fn keep_mail(&self) {
        let lists = Lists::of(&held(&self.mail));
        let octets = Zeroizing::new(serde_json::to_vec(&lists).unwrap_or_default());
        if let Some(Err(why)) = held(&self.kept).keep.as_ref().map(|keep| keep.write(LISTS, &octets)) {
            tracing::warn!(%why, "ui.lists-not-kept");
        }
    }

    /// Takes up what the last run knew. Lists that do not open are asked for again: the gateway has them.
    pub(super) fn take_up_mail(&self, keep: &Keep) {
        match read(keep) {
            Ok(Some(lists)) => lists.into_mail(&mut held(&self.mail)),
            Ok(None) => {}
            Err(why) => tracing::warn!(%why, "ui.lists-not-read"),
        }
    }
}

fn read(keep: &Keep) -> Result<Option<Lists>, Trouble> {
    let Some(octets) = keep.read(LISTS)? else { return Ok(None) };
    let lists = serde_json::from_slice(&octets);
    lists.map(Some).map_err(|_| Trouble::Kept(keep.place(LISTS), NotKept::Damaged))
}

impl Lists {
    fn of(mail: &Mail) -> Self {
        Self {
            v: 1,
            validity: mail.validity.iter().map(|((inbox, of), validity)| (*inbox, *of, *validity)).collect(),
            inbox: mail.inbox.iter().map(|(spot, one)| In::of(*spot, one)).collect(),
            sent: mail.sent.iter().map(|(spot, one)| Out::of(*spot, one)).collect(),
            offices: mail.offices.values().cloned().collect(),
            agents: mail.agents.clone(),
            terms: mail.terms,
            mandates: mail.mandates.all.as_deref().cloned(),
            checked: mail.checked,
            folder: mail.folder.clone(),
        }
    }

    /// What this run has learnt already counts for more.
    fn into_mail(self, mail: &mut Mail) {
        if mail.checked.is_some() {
            return;
        }
        mail.validity = self.validity.into_iter().map(|(inbox, of, validity)| ((inbox, of), validity)).collect();
        mail.inbox = self.inbox.into_iter().map(In::into_arrived).collect();
        mail.sent = self.sent.into_iter().map(Out::into_gone).collect();
        mail.offices.extend(self.offices.into_iter().map(|office| (office.number, office)));
        mail.agents.extend(self.agents);
        if mail.mandates.all.is_none() {
            mail.mandates.all = self.mandates.map(Arc::new);
        }
        (mail.checked, mail.folder, mail.terms) = (self.checked, self.folder, self.terms);
    }
}

impl In {
    fn of(spot: Spot, one: &Arrived) -> Self {
        Self {
            uid: spot.uid,
            of: spot.of,
            at: one.at,
            until: one.until,
            from: one.from,
            by: one.by.clone(),
            cover: one.cover.0.clone(),
            files: one.files.iter().map(|name| name.0.clone()).collect(),
            done: one.done,
            owed: one.owed.as_ref().map(|owed| Owes {
                receipt: owed.receipt.clone(),
                refused: owed.refused.as_ref().map(|words| Box::new([Said::of(&words.0), Said::of(&words.1)])),
            }),
            withheld: one.withheld,
            gone: one.gone,
            wrong: one.wrong.as_ref().map(|wrong| Box::new([Said::of(&wrong.words.0), Said::of(&wrong.words.1)])),
            seal: one.seal.as_ref().map(|seal| Signed {
                subject: seal.subject.clone(),
                issuer: seal.issuer.clone(),
                at: seal.at,
                sealed: seal.sealed,
            }),
            message_id: one.message_id.clone(),
            folder: one.folder.clone(),
        }
    }

    fn into_arrived(self) -> (Spot, Arrived) {
        let seal = |one: Signed| Seal { subject: one.subject, issuer: one.issuer, at: one.at, sealed: one.sealed };
        let arrived = Arrived {
            at: self.at,
            until: self.until,
            from: self.from,
            by: self.by,
            cover: Private(self.cover),
            files: self.files.into_iter().map(Private).collect(),
            done: self.done,
            owed: self.owed.map(|owed| Owed {
                receipt: owed.receipt,
                refused: owed.refused.map(|words| Box::new((*words).map(Said::words).into())),
            }),
            withheld: self.withheld,
            gone: self.gone,
            // The settings may have another key or list since, and the gateway may have lost the word to its sender (Profile §8.22).
            wrong: self
                .wrong
                .map(|words| Box::new(Wrong { words: (*words).map(Said::words).into(), told: None, again: true })),
            seal: self.seal.map(seal),
            message_id: self.message_id,
            folder: self.folder,
        };
        (Spot { of: self.of, uid: self.uid }, arrived)
    }
}

impl Out {
    fn of(spot: Spot, one: &Gone) -> Self {
        Self {
            uid: spot.uid,
            of: spot.of,
            at: one.at,
            to: one.to,
            by: one.by.clone(),
            cover: one.cover.0.clone(),
            facts: one.facts.as_ref().map(ToString::to_string),
            state: one.state,
            fault: one.fault,
            message_id: one.message_id.clone(),
            until: one.until,
            content: one.content,
        }
    }

    fn into_gone(self) -> (Spot, Gone) {
        let gone = Gone {
            at: self.at,
            to: self.to,
            by: self.by,
            cover: Private(self.cover),
            facts: self.facts.and_then(|facts| facts.parse().ok()),
            state: self.state,
            fault: self.fault,
            message_id: self.message_id,
            until: self.until,
            content: self.content,
        };
        (Spot { of: self.of, uid: self.uid }, gone)
    }
}
