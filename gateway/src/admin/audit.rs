//! The audit (Profile §16): told with every change, signed soon after, listed and looked through.

use fumibako_model::{Done, Party, What};
use fumibako_store::{ActsFault, ActsHead, ActsWrong, Amend, Amendment, Store, StoreError, WhichActs};

use super::words::{ActsReport, Remedy, Reply};
use super::{Admin, House};
use crate::witness::{self, Said};

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
            Ok(()) => false,
            // That is what is to be found out.
            Err(StoreError::Failed(_)) => true,
            Err(other) => return Err(other),
        };
        let not_ours = self.0.witnessing.lock().await.acts.not_ours();
        let audit = self.0.store.audit_acts().await?;
        let mut newest = usize::MAX;
        let mut broken = audit.broken.map(|ActsFault { n, what }| (n, fault(what)));
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
        let waits = not_ours.map(|n| (n, not_written_here())).or(unsigned.then(|| (good, apart())));
        // What is signed again once the operator accepts it; of anything else his word mends nothing.
        let next = match (not_ours, unsigned) {
            (Some(n), _) if broken.as_ref().is_none_or(|(first, _)| *first >= n) => Remedy::DeleteOrAccept,
            (None, true) => Remedy::Accept,
            _ => Remedy::Restore,
        };
        let (broken, said) = broken.or(waits).unzip();
        let Said { ja: what_ja, en: what } = said.unwrap_or_else(|| Said::new("", ""));
        let heads = audit.heads.len() as u64;
        Ok(Reply::ActsAudited(ActsReport { rows: audit.rows, heads, broken, what, what_ja, next }))
    }
}

/// Is this head signed by this gateway, and about the row that is there now? After a key that took the place of another (`newest`, by how
/// many came after it) that one signs no more.
fn judged<S>(house: &House<S>, kept: &ActsHead, hash: Option<&str>, newest: &mut usize) -> Result<(), Said> {
    let day = kept.day;
    let about = |ja: &str, en: &str| Said::new(format!("{day} の署名が{ja}"), format!("the head of {day} {en}"));
    let broken =
        |said: Said| Said::new(format!("{day} の署名: {}", said.ja), format!("the head of {day}: {}", said.en));
    let (head, rank) = house.keys.acts_head(&kept.signed).map_err(broken)?;
    if rank > *newest {
        return Err(about(
            "、そのときすでに交代していた鍵のものです",
            "is signed by a key that had been replaced before",
        ));
    }
    if head.audit != house.config.domain.to_string() || head.rows != kept.rows {
        return Err(about("、この監査記録のものではありません", "is another's"));
    }
    if hash != Some(&head.hash) {
        return Err(about("、いまの行に対するものではありません", "is over other rows than are there now"));
    }
    *newest = rank;
    Ok(())
}

fn fault(what: ActsWrong) -> Said {
    match what {
        ActsWrong::Removed => Said::new("なくなっています", "was removed"),
        ActsWrong::Changed => Said::new("書き換えられています", "was changed"),
        ActsWrong::Unchained => Said::new("前の行に続いていません", "does not follow the row before it"),
    }
}

fn not_written_here() -> Said {
    Said::new(
        "このゲートウェイが書いた行でないか、前の行に続いていません。署名を止めています",
        "was not written by this gateway, or does not follow the row before it; nothing is signed",
    )
}

fn apart() -> Said {
    Said::new(
        "このゲートウェイが署名した記録に続いていません。署名を止めています",
        "does not go on from what this gateway signed; nothing is signed",
    )
}

/// It is of this office, or about this agent.
pub(crate) fn of_party(told: Done, party: &Party) -> Done {
    match party {
        Party::Office(number) => told.of(*number),
        Party::Agent(agent) => told.noting(agent),
    }
}
