//! Evidence whose years are over goes (Profile §8.29): what a head of ours covers that was signed before that, and nothing else.

use fumibako_model::log::Head;
use fumibako_model::{Done, Pruning, What};
use fumibako_store::{Prunable, PruneOrder, Store, StoreError, hex};

use crate::house::House;
use crate::witness;

/// What would go now.
pub(crate) async fn plan<S: Store>(house: &House<S>) -> Result<Option<Pruning>, StoreError> {
    let term = house.config.evidence_term();
    let now = house.clock.now();
    let before = term.ends(now);
    let Some(Prunable { from, until, head }) = house.store.prunable(before, now).await? else { return Ok(None) };
    let broken = |why: String| StoreError::Failed(format!("no evidence goes: {why}; see `evidence verify`"));
    let (Head { size, root, at, .. }, _) = house.keys.head(&head).map_err(|said| broken(said.en))?;
    let known = house.store.continuation(until, until).await?.map(|(root, _)| hex(&root));
    if size != until || known.as_ref() != Some(&root) {
        return Err(broken(format!("the first {until} pieces are not those that were signed for")));
    }
    // A clock that was set back may have signed later what stands before.
    Ok((at < before).then(|| Pruning { from, until, root, signed: at, years: term.years() }))
}

/// Lets it go, and what an earlier run did not end. `by` is whom the audit names.
pub(crate) async fn run<S: Store>(house: &House<S>, by: &str) -> Result<Option<Pruning>, StoreError> {
    let (now, plan) = (house.clock.now(), plan(house).await?);
    let order = plan.clone().map(|pruned| {
        let about = format!("evidence {}-{}", pruned.from, pruned.until - 1);
        let told = Done::new(now, by, What::EvidencePruned).about(about);
        PruneOrder { told: told.noting(format_args!("{} years", pruned.years)), pruned }
    });
    let rows = house.store.prune(order, now).await?;
    let papers = house.forget_papers().await?;
    if let Some(Pruning { from, until, years, .. }) = &plan {
        house.counts.evidence_pruned.inc_by(until - from);
        tracing::info!(from, until, years, rows, papers, "evidence.pruned");
        // The record of it is signed for like all else, and no later.
        witness::attest(house).await?;
    }
    Ok(plan)
}
