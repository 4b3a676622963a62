//! Administration of offices and of what the directory says of them (Profile §17.1, §17.2).

use std::collections::BTreeSet;

use fumibako_model::{Description, Office, OfficeNumber, Refusal, What};
use fumibako_store::{DescribeOrder, Described, Store, StoreError};

use super::words::{OfficeRow, PutReport};
use super::{Admin, Reply};

/// Most offices that are put on the roll at once (Profile §17.3). The whole gateway waits while they are written.
pub const OFFICES_AT_ONCE: usize = 20_000;

impl<S: Store> Admin<S> {
    /// Adding an office that is there renames it.
    pub(super) async fn add_office(&self, number: OfficeNumber, name: String) -> Result<Reply, StoreError> {
        self.put_offices(vec![Description { name: Some(name), ..Description::of(number) }], false).await?;
        Ok(Reply::Done)
    }

    /// Says something else of an office that is there.
    pub(super) async fn describe(&self, office: Description) -> Result<Reply, StoreError> {
        self.office(office.number)?;
        self.put_offices(vec![office], false).await
    }

    /// Profile §17.2: all of them or none; licences and suspensions stay. Each office that becomes another is told by the audit.
    pub(super) async fn put_offices(&self, offices: Vec<Description>, dry_run: bool) -> Result<Reply, StoreError> {
        if offices.len() > OFFICES_AT_ONCE {
            return Err(Refusal::ValueUnfit.about(format_args!("at most {OFFICES_AT_ONCE} offices at once")).into());
        }
        let numbers: BTreeSet<OfficeNumber> = offices.iter().map(|office| office.number).collect();
        if numbers.len() < offices.len() {
            return Err(Refusal::ValueUnfit.about("an office stands twice").into());
        }
        for office in &offices {
            office.sound()?;
        }
        // What becomes of each is found in the commit: another list may be on its way.
        let order = DescribeOrder { offices, told: self.did(What::OfficePut), dry_run };
        let Described { added, changed, unchanged } = self.0.store.describe(order).await?;
        Ok(Reply::OfficesPut(PutReport { added, changed, unchanged, dry_run }))
    }

    /// All offices, by number.
    pub(super) async fn offices(&self) -> Result<Reply, StoreError> {
        let (roll, mut details) = (self.0.store.roll(), self.0.store.details(None).await?);
        let row = |office: &Office| OfficeRow {
            office: office.clone(),
            details: details.remove(&office.number).unwrap_or_default(),
        };
        let mut offices: Vec<_> = roll.offices().map(row).collect();
        offices.sort_by_key(|row| row.office.number);
        Ok(Reply::Offices { offices })
    }

    /// One of them.
    pub(super) async fn show_office(&self, number: OfficeNumber) -> Result<Reply, StoreError> {
        let office = self.office(number)?;
        let details = self.0.store.details(Some(vec![number])).await?.remove(&number).unwrap_or_default();
        Ok(Reply::Office(Box::new(OfficeRow { office, details })))
    }
}
