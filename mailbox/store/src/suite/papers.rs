//! What judgements rested on is kept as long as evidence leads to it (Profile §8.29).

use std::collections::BTreeSet;
use std::sync::Arc;

use fumibako_model::{Done, EvidenceId, OfficeNumber, Pruning, TrustState, What, hash};

use super::evidence::log_at;
use super::expire::ago;
use super::{World, himawari, kaede, now, sakura};
use crate::{LogFault, Paper, PaperKind, PruneOrder, Store, Wrong};

fn paper(kind: PaperKind, text: &str) -> Paper {
    Paper::new(kind, text.as_bytes().to_vec())
}

/// Which of these counted.
fn state(members: &[&Paper]) -> Paper {
    let state = TrustState::new(members.iter().map(|paper| hash(&paper.octets)).collect());
    Paper { name: state.name(), ..Paper::new(PaperKind::Trust, serde_json::to_vec(&state).unwrap()) }
}

/// An office's certificate, as it comes with the authority's above it.
fn signer(world: &World, office: OfficeNumber, above: &Paper) -> Paper {
    let beside = vec![above.name.clone()];
    Paper { beside, ..Paper::new(PaperKind::Certificate, world.enrolled(office).der) }
}

async fn keep<S: Store>(store: &S, papers: &[&Paper]) {
    store.keep_papers(papers.iter().map(|paper| (*paper).clone()).collect()).await.unwrap();
}

/// Those that are there.
async fn kept<'p, S: Store>(store: &S, papers: &[(&'p str, &Paper)]) -> BTreeSet<&'p str> {
    let all = papers.iter().map(|(_, paper)| paper.name.clone()).collect();
    let found: BTreeSet<String> = store.papers(all).await.unwrap().into_iter().map(|paper| paper.name).collect();
    papers.iter().filter(|(_, paper)| found.contains(&paper.name)).map(|(name, _)| *name).collect()
}

/// A bundle that is judged under a state of trust, and signed for on its day.
async fn judged<S: Store>(store: &S, world: &World, from: OfficeNumber, (under, days): (&Paper, i64)) {
    let bundle = world.bundle(store, (from, sakura()), &format!("{from}-{days}@x.example"), &format!("{days}"));
    store.deliver(bundle.under(under.name.clone()), ago(days)).await.unwrap();
    log_at(store, ago(days)).await.unwrap();
}

// Profile §8.18, §8.29
pub async fn papers_go_with_the_last_evidence_that_leads_to_them<S: Store>(store: Arc<S>) {
    use PaperKind::{Certificate, Revocation};
    let world = World::with(&*store).await;
    let [authority, former] = ["authority", "former authority"].map(|text| paper(Certificate, text));
    let [first, second, idle] = ["first", "second", "idle"].map(|text| paper(Revocation, text));
    let [before, after, believed] = [&[&authority, &former, &first][..], &[&authority, &second], &[&idle]].map(state);
    let [above, other] = ["above himawari", "above kaede"].map(|text| paper(Certificate, text));
    let (stays, goes) = (signer(&world, himawari(), &above), signer(&world, kaede(), &other));
    let all = [
        ("authority", &authority),
        ("former", &former),
        ("first", &first),
        ("second", &second),
        ("idle", &idle),
        ("before", &before),
        ("after", &after),
        ("believed", &believed),
        ("above", &above),
        ("other", &other),
        ("stays", &stays),
        ("goes", &goes),
    ];
    let everything: BTreeSet<&str> = all.iter().map(|(name, _)| *name).collect();
    keep(&*store, &all.map(|(_, paper)| paper)).await;
    judged(&*store, &world, himawari(), (&before, 103)).await;
    judged(&*store, &world, kaede(), (&before, 102)).await;
    let old = store.log_state().await.unwrap().size;
    judged(&*store, &world, himawari(), (&after, 2)).await;
    let forget = async || store.forget_papers(&believed.name).await.unwrap();
    assert_eq!((forget().await, kept(&*store, &all).await), (0, everything), "all evidence is there");

    let pruned = Pruning { from: 0, until: old, root: String::new(), signed: ago(102), years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    assert_eq!(store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap(), old);
    assert_eq!(forget().await, 5);
    let left = ["above", "after", "authority", "believed", "idle", "second", "stays"];
    assert_eq!(kept(&*store, &all).await, BTreeSet::from(left));
    // The bundles themselves outlive their evidence here, and are named.
    let of_papers = |fault: &LogFault| fault.what != Wrong::Unproved;
    let faults =
        async || store.audit(EvidenceId(0)).await.unwrap().faults.into_iter().filter(of_papers).collect::<Vec<_>>();
    assert_eq!(faults().await, [], "what went with its evidence is not missed");

    // Whoever is judged again has his papers kept again, before evidence names them: they stay, and what belongs to them.
    assert_eq!(forget().await, 0);
    keep(&*store, &[&goes, &other]).await;
    let size = store.log_state().await.unwrap().size;
    judged(&*store, &world, himawari(), (&after, 1)).await;
    let until = store.log_state().await.unwrap().size;
    assert!(size > old && until > size);
    let pruned = Pruning { from: old, until: size, root: String::new(), signed: ago(2), years: 7 };
    let told = Done::new(now(), "gateway", What::EvidencePruned);
    assert!(store.prune(Some(PruneOrder { pruned, told }), now()).await.unwrap() > 0);
    assert_eq!(forget().await, 0);
    assert_eq!(kept(&*store, &all).await, left.into_iter().chain(["goes", "other"]).collect());
    assert_eq!(faults().await, []);
}
