//! Receipts that the gateway refused, for bundles that lie in `INBOX` no more (Profile §8.11): signed anew and sent once that may help. What
//! lies there still is acknowledged by fetching it once more.

use std::collections::BTreeSet;

use fumibako_model::{Address, EvidenceId, OfficeNumber, Refusal};
use fumibako_signer::Signed;
use jiff::{SignedDuration, Timestamp};

use super::{Desk, Fetch, Run};
use crate::outbox::{Entry, Fate, Outcome, POSTED};
use crate::receipt::{Receipt, notification};
use crate::received::Record;
use crate::signatory::Signatory;
use crate::trouble::Trouble;

/// Under the certificate it was refused with, a receipt goes out once more after so long.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);
/// So long after the files were saved it goes out once more under that certificate. Under another one it does later, too.
const OWED: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A receipt that an earlier run owed, and how it went now.
#[derive(Debug)]
pub struct Settled {
    /// Whose receipt it is.
    pub office: OfficeNumber,
    /// Who sent the bundle.
    pub to: OfficeNumber,
    /// The bundle's Message-ID, without angle brackets.
    pub original: String,
    /// The receipt's own.
    pub receipt: String,
    /// When the files were on disk.
    pub saved_at: Timestamp,
    /// Why the gateway has not taken it, if it has not.
    pub trouble: Option<Trouble>,
    /// Is it sent no more then?
    pub last: bool,
}

impl Fetch<'_> {
    /// Sends what is owed and may be taken by now, and nothing else is done; of what is `there`, in INBOX, by Message-ID, a run sends it that
    /// fetches it.
    pub async fn settle(&self, there: &BTreeSet<String>) -> Result<Vec<Settled>, Trouble> {
        let mandates = self.mandates().await?;
        let desks = self.desks(mandates.as_ref())?;
        let mut run = Run { settled: self.renew_owed(desks.iter(), there)?, ..Run::default() };
        if !run.settled.is_empty() {
            self.acknowledge(&mut run)?;
        }
        Ok(run.settled)
    }

    /// Signs anew what was refused and may be taken now: it waits in the outbox then.
    pub(super) fn renew_owed<'d>(
        &self,
        desks: impl Iterator<Item = &'d Desk<'d>>,
        there: &BTreeSet<String>,
    ) -> Result<Vec<Settled>, Trouble> {
        let (now, desks): (_, Vec<_>) = ((self.clock)(), desks.collect());
        let mut owed = Vec::new();
        for (key, entry) in self.outbox.refused_words()? {
            let both = (office_of(entry.from()), entry.to());
            let (Some(office), Some(sender)) = both else { continue };
            let Some(desk) = desks.iter().find(|desk| desk.office == office) else { continue };
            let Some(to) = sender.office_number().filter(|to| desk.may_acknowledge(*to, now).is_ok()) else { continue };
            // One that cannot be read keeps none of the others waiting.
            let Ok(octets) = self.outbox.octets(&key) else { continue };
            let due = self.due(&entry, &octets, now).filter(|receipt| !there.contains(&receipt.original));
            let Some(receipt) = due else { continue };
            let signatory = Signatory::of(&self.identity, &self.party);
            // Profile §8.8: a signed receipt is made from the bundle, which is gone; the notification counts without it.
            let anew = receipt.compose(&desk.us, &sender, signatory, None)?;
            self.outbox.renew(&key, &anew)?;
            let Receipt { message_id, original, saved_at, .. } = receipt;
            let last = saved_at.duration_until(now) > OWED;
            owed.push(Settled { office, to, original, receipt: message_id, saved_at, trouble: None, last });
        }
        Ok(owed)
    }

    /// A receipt that went, and of which the gateway shows nothing: its key, and the evidence it was answered with. It went with what came after
    /// the copy that the gateway was restored from (Profile §11.9), perhaps; or the mark has no place in the folder, and then who asks once
    /// more is answered with the evidence he knows, and does not ask again.
    pub(super) fn lost(&self, record: &Record) -> Result<Option<(String, Option<EvidenceId>)>, Trouble> {
        let Some(key) = self.outbox.key_of(&record.receipt, POSTED)? else { return Ok(None) };
        let entries = self.outbox.entries()?;
        let evidence = entries.iter().find(|entry| entry.message_id == record.receipt).and_then(Entry::evidence);
        let is_known = evidence.is_some() && evidence == record.asked_after;
        Ok((!is_known).then_some((key, evidence)))
    }

    /// The receipt in a message that was refused, if it is one, and may be taken by now.
    fn due(&self, entry: &Entry, octets: &[u8], now: Timestamp) -> Option<Receipt> {
        let Fate::Refused { code, at, .. } = &entry.fate else { return None };
        let signed = Signed::read(octets).ok()?;
        let said = notification(signed.part()).filter(|said| said.is_processed().is_ok())?;
        let signature = signed.verify().ok()?;
        let same = signature.signer().fingerprint() == self.identity.certificate().fingerprint();
        let due = !is_for_good(*code) && (!same || is_rested(entry.composed, *at, now));
        let saved_at = entry.composed.min(now);
        due.then_some(())?;
        Some(Receipt { message_id: entry.message_id.clone(), original: said.original?, digest: said.digest?, saved_at })
    }
}

/// Offices whose INBOX a run looked into. In the others there may lie still what a receipt is for, which is signed with it (Profile §8.8).
pub(super) fn open<'d>(
    desks: &'d [Desk<'d>],
    closed: &[(OfficeNumber, Trouble)],
) -> impl Iterator<Item = &'d Desk<'d>> {
    desks.iter().filter(|desk| closed.iter().all(|(office, _)| *office != desk.office))
}

impl Settled {
    /// How it went, where it was sent in this run.
    pub(super) fn take(&mut self, outcomes: &mut Vec<Outcome>) {
        let at = outcomes.iter().position(|outcome| outcome.entry.message_id == self.receipt);
        self.trouble = at.and_then(|at| outcomes.swap_remove(at).trouble);
        self.last |= self.trouble.as_ref().and_then(Trouble::refusal).is_some_and(is_for_good);
    }
}

/// Is it the bundle, or the words about it, that the gateway does not know so? No certificate and no day mends that.
fn is_for_good(why: Refusal) -> bool {
    matches!(
        why,
        Refusal::ReceiptUnknownMessage
            | Refusal::ReceiptNotByRecipient
            | Refusal::ReceiptDigestDiffers
            | Refusal::MessageIdReused
            | Refusal::MessageMalformed
            | Refusal::MessageTooLarge
    )
}

/// May it go once more under the certificate that it was refused with? Once after the year, too, whenever somebody fetches next: only then it
/// is told that this was the last time. A clock that was set back keeps nothing waiting for longer.
fn is_rested(saved: Timestamp, refused: Timestamp, now: Timestamp) -> bool {
    refused.duration_until(now).abs() >= PAUSE && saved.duration_until(refused) <= OWED
}

fn office_of(address: Option<Address>) -> Option<OfficeNumber> {
    address?.office_number()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    /// Profile §8.11: whoever fetches seldom is told of the last time, too.
    #[test]
    fn a_receipt_goes_once_a_day_for_a_year_and_once_after_it() {
        let day = |days: i64| now() + SignedDuration::from_hours(24 * days);
        let rested = |refused, then| is_rested(now(), day(refused), day(then));
        for (refused, then) in [(0, 1), (300, 364), (364, 365), (300, 400), (365, 366)] {
            assert!(rested(refused, then), "{refused} {then}");
        }
        assert!(!is_rested(now(), day(3), day(3) + SignedDuration::from_hours(23)), "within the day");
        assert!(rested(3, 1), "a clock that was set back");
        assert!(!rested(366, 367) && !rested(400, 500), "that was the last time");
    }

    #[test]
    fn where_nobody_was_let_in_nothing_is_known_to_be_gone() {
        let desk = |office: &str| Desk {
            office: office.parse().unwrap(),
            us: format!("{office}@plans.example").parse().unwrap(),
            mandates: None,
        };
        let desks = ["9970000011", "9970000029"].map(desk);
        let refused = || Trouble::Refused { refused: Refusal::MandateRevoked.into(), reference: None };
        let offices =
            |closed: &[(OfficeNumber, Trouble)]| open(&desks, closed).map(|desk| desk.office).collect::<Vec<_>>();
        assert_eq!(offices(&[]).len(), 2);
        assert_eq!(offices(&[(desks[0].office, refused())]), [desks[1].office]);
    }
}
