//! From a bundle to the message in the outbox, whoever sends it: at the screens, or at the command line.

use fumibako_careplan::{Report, check};
use fumibako_model::Party;
use fumibako_signer::Identity;
use jiff::Timestamp;

use crate::bundle::{Composed, Draft, compose_within};
use crate::outbox::{Entry, Outbox};
use crate::partners::Closing;
use crate::settings::Settings;
use crate::signatory::Signatory;
use crate::trouble::Trouble;

/// What the checker says of files that go together, and whether they go.
///
/// Profile §2.6: with errors only if the user says so; a warning hinders nothing.
pub(crate) fn judged<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>, anyway: bool) -> (Report, bool) {
    let report = check(&files.collect::<Vec<_>>());
    let goes = anyway || report.holds(false);
    (report, goes)
}

/// What the bundles of one run are composed with.
pub(crate) struct Dispatch<'s> {
    settings: &'s Settings,
    closing: &'s Closing,
    /// Octets of a message that the gateway takes.
    most: usize,
    outbox: &'s Outbox,
    party: Party,
    identity: Identity,
    /// What waited before this run.
    waiting: Vec<(String, Entry)>,
}

/// A bundle that may go into the outbox.
pub(crate) enum Ready {
    /// It is composed.
    Composed(Box<Composed>),
    /// The same data waits there already, under this Message-ID: a second message would arrive as a second bundle.
    Waits(String),
}

impl<'s> Dispatch<'s> {
    /// Reads the key in use, and what waits.
    pub(crate) fn new(
        (settings, closing, most): (&'s Settings, &'s Closing, usize),
        outbox: &'s Outbox,
        now: Timestamp,
    ) -> Result<Self, Trouble> {
        let (identity, party) = (settings.signer(now)?, settings.party()?);
        Ok(Self { settings, closing, most, outbox, party, identity, waiting: outbox.waiting()? })
    }

    /// Composes a bundle, unless the same waits.
    pub(crate) fn ready(&self, draft: &Draft, now: Timestamp) -> Result<Ready, Trouble> {
        if let Some(id) = self.waits(draft)? {
            return Ok(Ready::Waits(id));
        }
        let from = self.settings.address_of(draft.bundle.sender.office)?;
        let to = self.settings.address_of(draft.bundle.recipient.office)?;
        let form = self.closing.form_of(draft, &to, now)?;
        let signatory = Signatory::of(&self.identity, &self.party);
        let composed = compose_within(self.most, draft, (from, to), (&form, signatory), now)?;
        Ok(Ready::Composed(Box::new(composed)))
    }

    /// What a message says of itself outside is compared first, so that few have to be opened.
    fn waits(&self, draft: &Draft) -> Result<Option<String>, Trouble> {
        let (facts, sum) = (draft.facts(), draft.sum());
        let alike: Vec<_> = self.waiting.iter().filter(|(_, entry)| entry.facts().as_ref() == Some(&facts)).collect();
        if alike.is_empty() {
            return Ok(None);
        }
        let keys = self.settings.reading_keys()?;
        for (key, entry) in alike {
            if Draft::sum_in(&self.outbox.octets(key)?, &keys) == Some(sum) {
                return Ok(Some(entry.message_id.clone()));
            }
        }
        Ok(None)
    }
}

impl Ready {
    /// The Message-ID under which the bundle travels.
    pub(crate) fn message_id(&self) -> &str {
        match self {
            Self::Composed(composed) => &composed.fields.message_id,
            Self::Waits(id) => id,
        }
    }

    /// Puts it into the outbox, where it is not there yet.
    pub(crate) fn put(&self, outbox: &Outbox) -> Result<(), Trouble> {
        match self {
            Self::Composed(one) => outbox.put(&one.fields.message_id, one.fields.at, &one.octets),
            Self::Waits(_) => Ok(()),
        }
    }
}
