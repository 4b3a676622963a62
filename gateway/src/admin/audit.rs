//! The audit (Profile §16): told with every change, signed soon after, listed and looked through.

use fumibako_model::{Done, Party, What};
use fumibako_store::{ActsFault, ActsHead, ActsWrong, Amend, Amendment, Store, StoreError, WhichActs};

use super::words::{ActsReport, Reply};
use super::{Admin, House};
use crate::witness;

/// Who the administrator is in what the roll and the audit keep.
pub(super) const OPERATOR: &str = "operator";

/// The administrator as this user of the machine.
pub(crate) fn operator(user: u32) -> String {
    format!("{OPERATOR} uid {user}")
}

impl<S: Store> Admin<S> {
    /// The same, asked by this user of the machine.
    pub(super) fn known_as(&self, user: u32) -> Self {
        Self(self.0.clone(), operator(user))
    }

    /// Whoever asks did this now.
    pub(super) fn did(&self, what: What) -> Done {
        Done::new(self.0.clock.now(), &self.1, what)
    }

    /// Makes a change and tells it.
    pub(super) async fn change(&self, change: Amendment, told: Done) -> Result<Reply, StoreError> {
        self.0.store.amend(Amend { changes: vec![change], done: vec![told] }).await?;
        Ok(Reply::Done)
    }

    /// Tells what was done beside the roll.
    pub(super) async fn tell(&self, told: Done) -> Result<Reply, StoreError> {
        self.0.store.amend(Amend { changes: Vec::new(), done: vec![told] }).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn list_acts(&self, which: WhichActs) -> Result<Reply, StoreError> {
        Ok(Reply::Acts { rows: self.0.store.acts(which).await? })
    }

    /// Rows against their hashes, hashes against the signed heads; the first row that does not hold is named.
    pub(super) async fn verify_acts(&self) -> Result<Reply, StoreError> {
        let unsigned = match witness::attest_acts(&self.0).await {
            Ok(()) => None,
            // That is what is to be found out.
            Err(StoreError::Failed(_)) => Some("does not go on from what this gateway signed"),
            Err(other) => return Err(other),
        };
        let not_ours = self.0.witnessing.lock().await.acts.not_ours();
        let audit = self.0.store.audit_acts().await?;
        let mut newest = usize::MAX;
        let mut broken = audit.broken.map(|ActsFault { n, what }| (n, fault(what).to_owned()));
        let mut good = 0;
        for (head, hash) in &audit.heads {
            match judged(&self.0, head, hash.as_deref(), &mut newest) {
                Ok(()) => good = head.rows,
                // Between the last head that holds and this one.
                Err(why) if broken.as_ref().is_none_or(|(n, _)| *n > good) => broken = Some((good, why)),
                Err(_) => {}
            }
        }
        // Rows may agree with each other, and with no head beside them, and be others than were signed.
        let not_ours = not_ours.map(|n| (n, "was not written by this gateway, or does not follow the row before it"));
        let unsigned = not_ours.or(unsigned.map(|why| (good, why)));
        let (broken, what) = broken.or(unsigned.map(|(n, why)| (n, why.to_owned()))).unzip();
        let heads = audit.heads.len() as u64;
        Ok(Reply::ActsAudited(ActsReport { rows: audit.rows, heads, broken, what: what.unwrap_or_default() }))
    }
}

/// Is this head signed by this gateway, and about the row that is there now? After a key that took the place of another (`newest`, by how
/// many came after it) that one signs no more.
fn judged<S>(house: &House<S>, kept: &ActsHead, hash: Option<&str>, newest: &mut usize) -> Result<(), String> {
    let about = format!("the head of {}", kept.day);
    let (head, rank) = house.keys.acts_head(&kept.signed).map_err(|said| format!("{about}: {}", said.en))?;
    if rank > *newest {
        return Err(format!("{about} is signed by a key that had been replaced before"));
    }
    if head.audit != house.config.domain.to_string() || head.rows != kept.rows {
        return Err(format!("{about} is another's"));
    }
    if hash != Some(&head.hash) {
        return Err(format!("{about} is over other rows than are there now"));
    }
    *newest = rank;
    Ok(())
}

fn fault(what: ActsWrong) -> &'static str {
    match what {
        ActsWrong::Removed => "was removed",
        ActsWrong::Changed => "was changed",
        ActsWrong::Unchained => "does not follow the row before it",
    }
}

/// It is of this office, or about this agent.
pub(crate) fn of_party(told: Done, party: &Party) -> Done {
    match party {
        Party::Office(number) => told.of(*number),
        Party::Agent(agent) => told.noting(agent),
    }
}
