//! Which bundle a report is about, as people know it (Profile §8.17): what its outer header says to everybody, and what the register
//! calls both offices. Nothing else of a message is read here.

use fumibako_careplan::{Lang, UnitKind};
use fumibako_model::{BundleFacts, Domain, Evidence, OfficeNumber};
use fumibako_store::{Due, Store, StoreError};
use fumibako_wire::mime::Header;
use jiff::Timestamp;

use super::date;
use crate::house::House;

/// Octets of a header that are looked at.
const HEADER: u64 = 64 << 10;

/// A bundle as people tell it from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    /// What the register calls the sender; empty where it is on it no more.
    pub(super) from: String,
    /// What it calls the recipient.
    pub(super) to: String,
    /// When the sender says it was written (`Date`).
    pub(super) sent: Option<Timestamp>,
    /// What it says it holds (`Fumibako-Bundle`); of kinds those of the standard, since any other word could be about a person.
    pub(super) facts: Option<BundleFacts>,
    /// Whether its sender wants to hear what becomes of it (`Disposition-Notification-To`, which names nobody else: Profile §5.2).
    pub(super) asks: bool,
}

impl About {
    /// What is known of it. Its content may be gone, and then nothing but the offices is.
    pub(super) async fn of<S: Store>(house: &House<S>, due: &Due) -> Result<Self, StoreError> {
        let Evidence { from, to, .. } = due.recorded.evidence;
        let roll = house.store.roll();
        let name = |number: OfficeNumber| roll.office(number).map(|office| office.name.clone()).unwrap_or_default();
        let mut about = Self { from: name(from), to: name(to), ..Self::default() };
        // One of the two may have removed its copy.
        for office in [from, to] {
            let found = match house.store.heads(office, vec![due.key.message], HEADER).await {
                // A body that cannot be read any more keeps no letter back.
                Err(error @ (StoreError::Failed(_) | StoreError::Refused(_))) => {
                    house.refusal_of(error);
                    Vec::new()
                }
                found => found?,
            };
            if let Some(header) = found.into_iter().flatten().next() {
                about.read(Header::of(&header.0));
                break;
            }
        }
        Ok(about)
    }

    pub(super) fn read(&mut self, header: Header<'_>) {
        let text = |name| header.get(name).map(|field| String::from_utf8_lossy(&field.unfolded()).into_owned());
        self.asks = header.get("Disposition-Notification-To").is_some();
        self.sent = text("Date").and_then(|at| jiff::fmt::rfc2822::parse(&at).ok()).map(|at| at.timestamp());
        self.facts = text("Fumibako-Bundle").and_then(|facts| facts.parse().ok());
        if let Some(facts) = &mut self.facts {
            facts.units.retain(|unit| unit.parse::<UnitKind>().is_ok());
        }
    }

    /// The kinds by the names people know, if it says any.
    pub(super) fn kinds(&self, lang: Lang) -> Option<String> {
        self.facts.as_ref().map(|facts| facts.kinds(lang)).filter(|kinds| !kinds.is_empty())
    }

    /// RFC 6522 §4: its header, as far as nobody can write into it what is about a person. A subject is such a text, and programs other
    /// than ours put what they like there.
    pub(super) fn header(&self, evidence: &Evidence, domain: &Domain) -> String {
        let Evidence { from, to, message_id, .. } = evidence;
        let sent = self.sent.map(|sent| format!("Date: {}\r\n", date(sent)));
        let facts = self.facts.as_ref().filter(|facts| !facts.units.is_empty());
        let facts = facts.map(|facts| format!("Fumibako-Bundle: {facts}\r\n"));
        format!(
            "From: {from}@{domain}\r\nTo: {to}@{domain}\r\n{}Message-ID: <{message_id}>\r\n{}",
            sent.unwrap_or_default(),
            facts.unwrap_or_default()
        )
    }
}
