//! 委任, as this end knows them: what the gateway says of ours, and what of it our own signatures prove.

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_model::{DEED_TYPE, Deed, Mandate, MandateId, MandateRow};
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;

use crate::https::{Question, asked};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Where deeds go, and the list comes from (Profile §9.5).
const PATH: &str = "/v1/mandates";

/// The mandates of an office or an agent.
#[derive(Debug)]
pub(crate) struct Mandates(Vec<MandateRow>);

impl Mandates {
    /// Ours, as the gateway has them now. One whose words do not make its id is not believed to be any.
    pub(crate) fn ours(settings: &Settings) -> Result<Self, Trouble> {
        let mut rows: Vec<MandateRow> = asked(settings, Question::get(PATH))?;
        rows.retain(|row| id_of(&row.registered.mandate) == row.registered.id);
        rows.sort_by_key(|row| (row.registered.mandate.office, row.registered.mandate.granted, row.registered.id));
        Ok(Self(rows))
    }

    /// All of them, by office and age.
    pub(crate) fn rows(&self) -> &[MandateRow] {
        &self.0
    }

    /// One by its id.
    pub(crate) fn find(&self, id: MandateId) -> Option<&MandateRow> {
        self.0.iter().find(|row| row.registered.id == id)
    }
}

/// Its id: what the mandate says makes it.
pub(crate) fn id_of(mandate: &Mandate) -> MandateId {
    let deed = Deed::Grant(Box::new(mandate.clone()));
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, deed.canonical().as_bytes()).as_ref());
    mandate.clone().registered(sum).id
}

/// Signs a deed and hands it to the gateway; what comes back is the mandate as it then stands.
pub(crate) fn hand_in(
    deed: &Deed,
    identity: &Identity,
    settings: &Settings,
    now: Timestamp,
) -> Result<MandateRow, Trouble> {
    let entity = format!("Content-Type: {DEED_TYPE}\r\n\r\n{}\r\n", deed.canonical());
    asked(settings, Question::signed(PATH, sign(entity.as_bytes(), identity, now)?))
}
