//! What happens to licences by themselves (Profile §10.6, §10.7): offices are warned before the end, and what is to be renewed is
//! renewed. Each is done, told to the audit and written to the office in one commit, so nothing is done or said twice.

use fumibako_model::{Done, LicenceDue, LicenceOrder, Licensing, OfficeNumber, Roll, What, japanese_day, last_day};
use fumibako_store::{Amend, Amendment, Letter, LicenceChange, Store, StoreError};
use jiff::Timestamp;

use crate::house::House;
use crate::report::{date, encoded_words, lines, signed, written_by};

mod words;

/// Licences that are looked at in one commit.
const AT_ONCE: usize = 100;

/// Does what is due by now, so much of it in one turn; says whether there may be more. `last` is the time of the look before, `None` at
/// the start.
pub(crate) async fn tell<S: Store>(house: &House<S>, last: &mut Option<Timestamp>) -> Result<bool, StoreError> {
    let now = house.clock.now();
    if last.is_none_or(|last| now < last) {
        look_anew(house, now).await?;
    }
    *last = Some(now);
    let mut done = false;
    for office in house.store.licences_due(now).await? {
        done |= match one(house, office, now).await {
            // One letter that cannot be written keeps none of the others.
            Err(error @ (StoreError::Full(_) | StoreError::Failed(_) | StoreError::Refused(_))) => {
                house.refusal_of(error);
                false
            }
            other => other?,
        };
    }
    Ok(done)
}

/// Profile §10.7: by a clock that was wrong, licences may have been over that are not. At the start, and once it is set back, it is
/// found anew of each when to look at it.
async fn look_anew<S: Store>(house: &House<S>, now: Timestamp) -> Result<(), StoreError> {
    let roll = house.store.roll();
    let held: Vec<_> =
        roll.offices().map(|office| office.number).filter(|number| roll.licence(*number).is_some()).collect();
    for some in held.chunks(AT_ONCE) {
        let look = |office: &OfficeNumber| {
            let change = LicenceChange { office: *office, order: LicenceOrder::Look, at: now, signed: None };
            Amendment::Licence(Box::new(change))
        };
        house.store.amend(Amend { changes: some.iter().map(look).collect(), done: Vec::new() }).await?;
    }
    Ok(())
}

/// Says whether it was done.
async fn one<S: Store>(house: &House<S>, office: OfficeNumber, now: Timestamp) -> Result<bool, StoreError> {
    let (roll, today) = (house.store.roll(), japanese_day(now));
    let mut licensing = roll.licence(office).cloned().unwrap_or_default();
    licensing.office_stopped = roll.office(office).is_some_and(|office| office.suspended.is_some());
    let due = licensing.due(roll.terms(), today);
    let order = due.map_or(LicenceOrder::Look, LicenceOrder::Due);
    let change = LicenceChange { office, order, at: now, signed: None };
    let told = Done::new(now, "gateway", What::LicenceWarned).of(office);
    let Some(due) = due else {
        return house.store.licence_happens(change, told, None).await;
    };
    let told = match due {
        LicenceDue::Warn(days) => told.noting(days),
        LicenceDue::Renew => Done { what: What::LicenceRenewed, ..told }.noting("automatic"),
        LicenceDue::Lapse => Done { what: What::LicenceRenewal, ..told }.noting("off"),
    };
    let Some(telling) = Telling::of(&roll, &licensing, due, (office, now)) else { return Ok(false) };
    let octets = telling.letter(house).map_err(|why| StoreError::Failed(why.to_string()))?;
    let mut body = house.store.spool(now);
    body.write(&octets)?;
    let letter = Letter { offices: vec![office], message_id: telling.message_id(), body };
    let new = house.store.licence_happens(change, told, Some(letter)).await?;
    if new {
        tracing::info!(%office, ?due, "licence.told");
    }
    Ok(new)
}

/// One letter, being written.
struct Telling<'t> {
    roll: &'t Roll,
    licensing: &'t Licensing,
    office: OfficeNumber,
    /// The last day it is about.
    until: jiff::civil::Date,
    due: LicenceDue,
    now: Timestamp,
}

impl<'t> Telling<'t> {
    fn of(
        roll: &'t Roll,
        licensing: &'t Licensing,
        due: LicenceDue,
        (office, now): (OfficeNumber, Timestamp),
    ) -> Option<Self> {
        let ends = licensing.run()?.until;
        let until = match due {
            LicenceDue::Warn(_) | LicenceDue::Lapse => ends,
            LicenceDue::Renew => last_day(ends.tomorrow().ok()?)?,
        };
        Some(Self { roll, licensing, office, until, due, now })
    }

    /// The same for the same warning, whoever writes it.
    fn message_id(&self) -> String {
        let what = match self.due {
            LicenceDue::Warn(days) => days.to_string(),
            LicenceDue::Renew => "renewed".into(),
            LicenceDue::Lapse => "lapsed".into(),
        };
        format!("licence.{}.{}.{what}@{}", self.office, self.until, self.roll.domain())
    }

    /// The whole message, signed by the gateway.
    fn letter<S: Store>(&self, house: &House<S>) -> Result<Vec<u8>, fumibako_signer::SignError> {
        let domain = self.roll.domain();
        let fields = format!(
            "{}To: {}@{domain}\r\nDate: {}\r\nMessage-ID: <{}>\r\nSubject: {}\r\n\
             Auto-Submitted: auto-generated\r\n",
            written_by(domain),
            self.office,
            date(self.now),
            self.message_id(),
            encoded_words(self.subject())
        );
        let text = format!("Content-Transfer-Encoding: base64\r\n\r\n{}", lines(&self.text()));
        signed(&fields, ("text/plain; charset=utf-8", &text), &house.witness, self.now)
    }
}
