//! One look into the folders: what is there, and what of it was not known before.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{Address, BUNDLE_FIELD, BundleFacts, OfficeNumber, Refusal};
use jiff::Timestamp;
use mail_parser::MessageParser;

use super::{Arrived, BODIES, Content, Gone, Mail, Seal, Validity, Way, Wrong};
use crate::bundle::open::{agent_of, own};
use crate::bundle::{Reader, believe};
use crate::lost::{self, Letter, Lost, Missing, Side, There};
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::outbox::{self, Entry};
use crate::received::Received;
use crate::settings::Settings;
use crate::terms::Terms;
use crate::trouble::Trouble;
use crate::ui::spot::Spot;

/// What need not be read again.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) validity: Validity,
    pub(super) inbox: BTreeSet<Spot>,
    sent: BTreeSet<Spot>,
    /// What lay in INBOX: who sent it, and under which Message-ID.
    names: BTreeMap<Spot, (Option<OfficeNumber>, String)>,
    /// What lay in Sent, by its Message-ID.
    sent_names: BTreeMap<Spot, String>,
    /// What the evidence said of what ended.
    asked: lost::Asked,
}

impl Known {
    pub(super) fn of(mail: &mut Mail) -> Self {
        let there = mail
            .inbox
            .iter()
            .filter(|(_, one)| !one.gone && !one.wrong.as_ref().is_some_and(|wrong| wrong.again))
            .map(|(uid, _)| *uid);
        let sent = mail.sent.iter().filter(|(_, one)| one.is_there()).map(|(uid, _)| *uid);
        let lay = mail.sent.iter().filter(|(_, one)| one.is_there());
        let sent_names = lay.map(|(spot, one)| (*spot, one.message_id.clone())).collect();
        let names = mail.inbox.iter().filter(|(_, one)| !one.gone).map(|(spot, one)| (*spot, name_of(one)));
        Self {
            validity: mail.validity.clone(),
            inbox: there.collect(),
            sent: sent.collect(),
            names: names.collect(),
            sent_names,
            asked: std::mem::take(&mut mail.asked_of_lost),
        }
    }
}

/// What one look found: everything there is, with the parts that were not known before.
#[derive(Default)]
pub(super) struct Found {
    pub(super) terms: Terms,
    pub(super) validity: Validity,
    pub(super) inbox: Vec<(Spot, bool)>,
    pub(super) sent: Vec<(Spot, Way)>,
    pub(super) arrived: Vec<(Spot, Arrived)>,
    pub(super) gone: Vec<(Spot, Gone)>,
    /// What expired, as the gateway's letters tell it.
    pub(super) lost: Vec<(Side, Lost)>,
    /// What went from here, and of which the gateway has no record.
    pub(super) missing: Vec<Missing>,
    pub(super) asked: lost::Asked,
}

/// Who sent it, and under which Message-ID.
fn name_of(one: &Arrived) -> (Option<OfficeNumber>, String) {
    (one.from, one.message_id.clone())
}

/// Looks into the folders of everybody we act for.
pub(super) async fn read(settings: &Settings, mut known: Known, now: Timestamp) -> Result<Found, Trouble> {
    let (mut mailbox, party) = (Mailbox::open(settings).await?, settings.party()?);
    let mut found = Found { terms: mailbox.terms().await?, ..Found::default() };
    for folder in [Folder::Inbox, Folder::Sent] {
        for place in mailbox.places(&party, folder).await? {
            let read = found.look_into(place, settings, &known, &mut mailbox).await;
            match read {
                // An agent's mandate ended meanwhile; the other offices go on.
                Err(Trouble::Refused { .. }) if place.office.is_some() => {}
                // This folder is not for this person (Profile §19.1).
                Err(why) if why.refusal() == Some(Refusal::RoleForbids) => {}
                read => read?,
            }
        }
    }
    found.asked = std::mem::take(&mut known.asked);
    found.look_for_lost(&mut mailbox, settings, &known, now).await?;
    mailbox.close().await;
    Ok(found)
}

impl Found {
    /// Lists what is in a folder, the oldest first, and reads the newest of what was not known.
    async fn look_into(
        &mut self,
        place: Place,
        settings: &Settings,
        known: &Known,
        mailbox: &mut Mailbox,
    ) -> Result<(), Trouble> {
        let is_inbox = place.folder == Folder::Inbox;
        let validity = mailbox.select(place).await?;
        self.validity.extend(validity.map(|validity| ((is_inbox, place.office), validity)));
        let uids = mailbox.search("ALL").await?;
        let headers = mailbox.headers(&uids).await?;
        for kept in &headers {
            let spot = Spot::new(place, kept.uid);
            if is_inbox {
                self.inbox.push((spot, kept.is_acknowledged()));
            } else {
                self.sent.push((spot, (kept.state(), kept.fault())));
            }
        }
        // RFC 3501 §2.3.1.1: under another UIDVALIDITY the UIDs name other messages, and none of them is known.
        let same = validity == known.validity.get(&(is_inbox, place.office)).copied();
        let read_before = if is_inbox { &known.inbox } else { &known.sent };
        let is_new = |kept: &&Kept| !same || !read_before.contains(&Spot::new(place, kept.uid));
        for kept in headers.iter().rev().filter(is_new).take(BODIES) {
            if is_inbox {
                self.read_arrived(place, kept, settings, mailbox).await?;
            } else {
                self.read_gone(place, kept, settings, mailbox).await?;
            }
        }
        Ok(())
    }

    /// What expired while nobody looked: `list` tells it by the same letters.
    async fn look_for_lost(
        &mut self,
        mailbox: &mut Mailbox,
        settings: &Settings,
        known: &Known,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let (local, there) = (outbox::look(&settings.data_folder)?, self.in_the_inbox(known));
        let (at, mut asked) = (lost::At { settings, only: None, local: &local, now }, std::mem::take(&mut self.asked));
        for side in [Side::Sent, Side::Inbox] {
            let open = |letter: &Letter| {
                side == Side::Sent || !there.contains(&(letter.office, letter.from, letter.message_id.clone()))
            };
            let lost = lost::look(mailbox, at, side, &mut asked, &open).await?;
            self.lost.extend(lost.into_iter().map(|one| (side, one)));
        }
        let (sent, open) =
            (self.in_sent(known), |_: Option<OfficeNumber>, entry: &Entry| !lost::went_again(&local, entry));
        self.missing = lost::missing(mailbox, at, &sent, &mut asked, &open).await?;
        self.asked = asked;
        Ok(())
    }

    /// What lies in Sent: whose, and under which Message-ID.
    fn in_sent(&self, known: &Known) -> There {
        let there: BTreeSet<Spot> = self.sent.iter().map(|(spot, _)| *spot).collect();
        let before = known.sent_names.iter().filter(|(spot, _)| there.contains(spot));
        let fresh = self.gone.iter().map(|(spot, one)| (spot, &one.message_id));
        before.chain(fresh).map(|(spot, id)| (spot.of, id.clone())).collect()
    }

    /// What lies in INBOX: whose, who sent it, and under which Message-ID.
    fn in_the_inbox(&self, known: &Known) -> BTreeSet<(Option<OfficeNumber>, OfficeNumber, String)> {
        let there: BTreeSet<Spot> = self.inbox.iter().map(|(spot, _)| *spot).collect();
        let before =
            known.names.iter().filter(|(spot, _)| there.contains(spot)).map(|(spot, name)| (spot, name.clone()));
        let all = before.chain(self.arrived.iter().map(|(spot, one)| (spot, name_of(one))));
        all.filter_map(|(spot, (from, id))| Some((spot.of, from?, id))).collect()
    }

    async fn read_arrived(
        &mut self,
        place: Place,
        head: &Kept,
        settings: &Settings,
        mailbox: &mut Mailbox,
    ) -> Result<(), Trouble> {
        if let Some(seen) = mailbox.look(head).await? {
            self.arrived.push((Spot::new(place, head.uid), arrived(settings, place, &seen)?));
        }
        Ok(())
    }

    async fn read_gone(
        &mut self,
        place: Place,
        kept: &Kept,
        settings: &Settings,
        mailbox: &mut Mailbox,
    ) -> Result<(), Trouble> {
        let Some(mut one) = gone(kept) else { return Ok(()) };
        if let Some(whole) = mailbox.message(kept.uid).await? {
            let contents = own(&whole.octets.0, &settings.reading_keys()?);
            one.cover = contents.and_then(|contents| contents.cover).unwrap_or_default();
        }
        self.gone.push((Spot::new(place, kept.uid), one));
        Ok(())
    }
}

/// Profile §15.5: opens a message to show whose it is and what is in it; its files stay where they are.
fn arrived(settings: &Settings, place: Place, kept: &Kept) -> Result<Arrived, Trouble> {
    let office = place.office.map_or_else(|| settings.office(), Ok)?;
    let (us, trust, keys) = (settings.address_of(office)?, settings.trust()?, settings.reading_keys()?);
    // Profile §5.3: a certificate is judged as of the arrival at the gateway.
    let reader = Reader { us: &us, trust: &trust, keys: &keys, now: kept.arrived };
    let opened = believe(&kept.octets.0, &reader, office);
    let header = MessageParser::default().parse_headers(&kept.octets.0);
    let claimed = header.as_ref().and_then(|message| address(message.from())).and_then(|from| from.office_number());
    let message_id = header.as_ref().and_then(|message| message.message_id()).unwrap_or_default().to_owned();
    let blank = Arrived {
        at: kept.arrived,
        until: kept.until(),
        from: claimed,
        by: None,
        cover: fumibako_model::Private::default(),
        files: Vec::new(),
        done: kept.is_acknowledged(),
        owed: None,
        withheld: withheld(settings, place, claimed, &message_id),
        gone: false,
        wrong: None,
        seal: None,
        message_id,
        folder: None,
    };
    Ok(match opened {
        Ok((opened, contents)) => {
            let signature = opened.innermost();
            let seal = Seal {
                subject: signature.signer().subject(),
                issuer: signature.signer().issuer(),
                at: signature.signing_time(),
                sealed: opened.is_sealed(),
            };
            Arrived {
                from: Some(opened.from()),
                by: opened.by().map(ToString::to_string),
                cover: contents.cover.unwrap_or_default(),
                files: contents.files.into_iter().map(|(name, _)| name).collect(),
                seal: Some(seal),
                ..blank
            }
        }
        Err(why) => Arrived { wrong: Some(Box::new(Wrong::new(&why))), ..blank },
    })
}

/// Was it saved before, by an agent that left the receipt to the office?
fn withheld(settings: &Settings, place: Place, from: Option<OfficeNumber>, message_id: &str) -> bool {
    let (Some(office), Some(from)) = (place.office, from) else { return false };
    let received = Received::open(&settings.data_folder);
    received.is_ok_and(|received| received.is_withheld(office, from, message_id))
}

/// None: not a bundle, such as a receipt of ours.
fn gone(kept: &Kept) -> Option<Gone> {
    let message = MessageParser::default().parse_headers(&kept.octets.0)?;
    let facts = message.header_raw(BUNDLE_FIELD).and_then(|value| value.trim().parse::<BundleFacts>().ok());
    if facts.is_none() && kept.state().is_none() {
        return None;
    }
    Some(Gone {
        at: kept.arrived,
        to: address(message.to()).and_then(|to| to.office_number()),
        by: agent_of(&message),
        cover: fumibako_model::Private::default(),
        facts,
        state: kept.state(),
        fault: kept.fault(),
        message_id: message.message_id().unwrap_or_default().to_owned(),
        until: kept.until(),
        content: Content::There,
    })
}

fn address(list: Option<&mail_parser::Address<'_>>) -> Option<Address> {
    list?.first()?.address()?.parse().ok()
}
