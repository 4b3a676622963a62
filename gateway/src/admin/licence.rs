//! Administration of licences and terms (Profile §10).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Licence, LicenceOrder, LicenceTerms, LicenceView, Licensing, Office, OfficeNumber, Refusal, What, japanese_day,
    last_day,
};
use fumibako_store::{Amendment, LicenceChange, Published, Store, StoreError};
use jiff::civil::Date;

use super::{Admin, DeedRow, LicenceAsk, NAME_CHARACTERS, Reply, TermsRow, short};

impl<S: Store> Admin<S> {
    /// Profile §10.1: from today and for a year, where nothing else is said.
    pub(super) async fn grant(
        &self,
        number: OfficeNumber,
        from: Option<Date>,
        until: Option<Date>,
    ) -> Result<Reply, StoreError> {
        let from = from.unwrap_or_else(|| japanese_day(self.0.clock.now()));
        let until = until.or_else(|| last_day(from)).ok_or_else(|| Refusal::ValueUnfit.about("licence dates"))?;
        let order = LicenceOrder::Grant(Licence { from, until });
        self.order(number, order, What::LicenceGranted, format!("{from} {until}")).await
    }

    pub(super) async fn licence(&self, ask: LicenceAsk) -> Result<Reply, StoreError> {
        match ask {
            LicenceAsk::Suspend { number, reason: Some(reason) } => {
                let reason = short(reason, NAME_CHARACTERS)?;
                let order = LicenceOrder::Suspend { reason: reason.clone() };
                self.order(number, order, What::LicenceSuspended, reason).await
            }
            LicenceAsk::Suspend { number, reason: None } => {
                self.order(number, LicenceOrder::Resume, What::LicenceResumed, String::new()).await
            }
            LicenceAsk::Payment { number, from, payment, pay_by } => {
                let by = pay_by.map_or_else(String::new, |by| format!(" {}", by.word_en()));
                let year = from.map_or_else(String::new, |from| format!(" {from}"));
                let note = format!("{}{year}{by}", payment.word_en());
                let order = LicenceOrder::Pay { from, payment, pay_by };
                self.order(number, order, What::LicencePayment, note).await
            }
            LicenceAsk::List => Ok(self.licences()),
            LicenceAsk::Show { number } => self.show_licence(number).await,
            LicenceAsk::TermsPublish { version, text } => self.publish(&version, &text).await,
            LicenceAsk::TermsList => {
                let mut terms = self.terms().await?;
                for row in &mut terms {
                    row.text = None;
                }
                Ok(Reply::Terms { terms })
            }
            LicenceAsk::TermsShow { version } => {
                let mut terms = self.terms().await?;
                terms.retain(|row| row.version == version);
                if terms.is_empty() {
                    return Err(Refusal::LicenceNone.about(version).into());
                }
                Ok(Reply::Terms { terms })
            }
        }
    }

    async fn order(
        &self,
        office: OfficeNumber,
        order: LicenceOrder,
        what: What,
        note: String,
    ) -> Result<Reply, StoreError> {
        let told = self.did(what).of(office).noting(note);
        let change = LicenceChange { office, order, at: self.0.clock.now(), signed: None };
        self.change(Amendment::Licence(Box::new(change)), told).await
    }

    fn view(&self, office: &Office) -> LicenceView {
        let (roll, now) = (self.0.store.roll(), self.0.clock.now());
        let none = Licensing::default();
        LicenceView::of(office, roll.licence(office.number).unwrap_or(&none), roll.terms(), now)
    }

    fn licences(&self) -> Reply {
        let roll = self.0.store.roll();
        let held = roll.offices().filter(|office| office.licence.is_some());
        let mut licences: Vec<_> = held.map(|office| LicenceView { terms: None, ..self.view(office) }).collect();
        licences.sort_by_key(|row| row.office);
        Reply::Licences { licences }
    }

    async fn show_licence(&self, number: OfficeNumber) -> Result<Reply, StoreError> {
        let licence = Box::new(self.view(&self.office(number)?));
        let deeds = self.0.store.licence_deeds(number).await?.into_iter();
        let deeds = deeds.map(|deed| DeedRow { kind: deed.kind, at: deed.at, signed: STANDARD.encode(deed.octets) });
        Ok(Reply::Licence { licence, deeds: deeds.collect() })
    }

    async fn publish(&self, version: &str, text: &str) -> Result<Reply, StoreError> {
        let terms = LicenceTerms::new(version, text).map_err(|why| Refusal::ValueUnfit.about(why))?;
        let told = self.did(What::TermsPublished).about(version).noting(&terms.digest);
        self.change(Amendment::Terms(terms, self.0.clock.now()), told).await
    }

    async fn terms(&self) -> Result<Vec<TermsRow>, StoreError> {
        let all = self.0.store.terms().await?;
        let last = all.len();
        let row = |(n, Published { terms, at }): (usize, Published)| {
            let LicenceTerms { version, digest, text } = terms;
            TermsRow { version, digest, at, current: n + 1 == last, text: Some(text) }
        };
        Ok(all.into_iter().enumerate().map(row).collect())
    }
}
