//! Evidence whose years are over goes (Profile §8.29): what a head of ours covers that was signed before that, and nothing else.

use fumibako_model::log::{Hash, Head, included, leaf};
use fumibako_model::{AuditRow, Done, EvidenceTerm, LogEntry, Pruned, Pruning, What};
use fumibako_store::{LISTED, Proof, Prunable, PruneOrder, Store, StoreError, WhichActs, hex};
use jiff::{SignedDuration, Timestamp};

use crate::house::House;
use crate::witness::{self, Said};

/// The head that takes a piece into the log is signed soon after it; by so much a clock is put right between them.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// What would go now.
pub(crate) async fn plan<S: Store>(house: &House<S>) -> Result<Option<Pruning>, StoreError> {
    let term = house.config.evidence_term();
    let now = house.clock.now();
    let before = term.ends(now);
    let Some(Prunable { from, until, head, last }) = house.store.prunable(before, now).await? else { return Ok(None) };
    let broken = |why: String| StoreError::Failed(format!("no evidence goes: {why}; see `evidence verify`"));
    let (Head { size, root, at, .. }, _) = house.keys.head_in_place(&head).map_err(|said| broken(said.en))?;
    let known = house.store.continuation(until, until).await?.map(|(root, _)| root);
    let Some(known) = known.filter(|known| size == until && hex(known) == root) else {
        return Err(broken(format!("the first {until} pieces are not those that were signed for")));
    };
    let Some(last) = last.and_then(|last| written(&last, (until, &known))) else {
        return Err(broken(format!("number {} is not the piece that was signed for", until.max(1) - 1)));
    };
    // A clock that was set back may have signed later what stands before; and who stole a former key may date back what he signs, not what
    // the pieces say.
    Ok((at < before && last < before).then(|| Pruning { from, until, root, signed: at, years: term.years() }))
}

/// When the last piece of a log of this size and root says that it was written down; none if it is another.
fn written(last: &Proof, (size, root): (u64, &Hash)) -> Option<Timestamp> {
    let n = size.checked_sub(1)?;
    let piece: LogEntry = last.entry.parse().ok()?;
    let is_it = included(&leaf(last.entry.as_bytes()), n, (size, root), &last.path);
    (is_it && piece.n() == n).then(|| piece.at())
}

/// Lets it go, and what an earlier run did not end. `by` is whom the audit names.
pub(crate) async fn run<S: Store>(house: &House<S>, by: &str) -> Result<Option<Pruning>, StoreError> {
    let (now, plan) = (house.clock.now(), plan(house).await?);
    let order = plan.clone().map(|pruned| PruneOrder { told: as_told(&pruned, now, by), pruned });
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

/// What the audit tells of it.
fn as_told(pruned: &Pruning, now: Timestamp, by: &str) -> Done {
    let about = format!("evidence {}-{}", pruned.from, pruned.until.max(1) - 1);
    Done::new(now, by, What::EvidencePruned).about(about).noting(format_args!("{} years", pruned.years))
}

/// Profile §8.29: why it did not go by right, if it did not. `counted` are the heads that count, the oldest first.
pub(crate) async fn wrongly<S: Store>(
    house: &House<S>,
    one: &Pruned,
    counted: &[Head],
) -> Result<Option<Said>, StoreError> {
    if !after_its_years(one, counted, house.clock.now()) {
        let ja = "保存期間が終わる前に整理されたことになっています";
        return Ok(Some(Said::new(ja, "went before its years were over")));
    }
    if one.pruning.years < house.config.evidence_term().years() && !is_told(house, &one.pruning).await? {
        return Ok(Some(Said::new(
            "設定より短い保存年数で整理されたことになっていますが、監査記録にありません",
            "went after fewer years than the settings say, and the audit tells nothing of it",
        )));
    }
    Ok(None)
}

/// A head that counts was signed over just this, and the years before it went. Whoever can write into the rows, and not sign, can let
/// nothing go that is younger: of its own moment a piece is believed no more than the head that took it into the log, or the clock now.
fn after_its_years(one: &Pruned, counted: &[Head], now: Timestamp) -> bool {
    let Pruned { n, at, pruning: Pruning { until, root, signed, years, .. }, .. } = one;
    let Ok(term) = EvidenceTerm::new(*years) else { return false };
    let taken = counted.iter().find(|head| head.size > *n).map_or(now, |head| head.at);
    let latest = taken.checked_add(SOON).unwrap_or(taken);
    let signed_then = |head: &Head| head.size == *until && head.at == *signed && head.root == *root;
    *signed < term.ends(latest.min(*at)) && counted.iter().any(signed_then)
}

/// Settings may have said less once; the audit tells what went then.
async fn is_told<S: Store>(house: &House<S>, pruned: &Pruning) -> Result<bool, StoreError> {
    let wanted = as_told(pruned, Timestamp::UNIX_EPOCH, "");
    let mut after = None;
    loop {
        let rows = house.store.acts(WhichActs { office: None, after }).await?;
        let read: Vec<AuditRow> = rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
        let is_it = |done: &Done| (done.what, &done.about, &done.note) == (wanted.what, &wanted.about, &wanted.note);
        if read.iter().any(|row| is_it(&row.done)) {
            return Ok(true);
        }
        match read.last() {
            Some(last) if rows.len() == LISTED => after = Some(last.n),
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use fumibako_model::{EvidenceId, Keeping};

    use super::*;

    // Profile §8.29
    #[test]
    fn a_piece_is_not_believed_to_be_of_later_than_the_head_that_took_it_into_the_log() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let head = |size: u64, day: &str| Head::over("plans.example", (size, format!("root{size}")), at(day));
        let check = |signed: &str, said: &str, taken: Option<&str>, now: &str| {
            let root = String::from("root6");
            let pruning = Pruning { from: 0, until: 6, root, signed: at(signed), years: 2 };
            let (id, event) = (EvidenceId(7), Keeping::EvidencePruning);
            let one = Pruned { v: 1, id, n: 8, event, at: at(said), pruning };
            let counted: Vec<_> = [head(6, signed)].into_iter().chain(taken.map(|day| head(9, day))).collect();
            after_its_years(&one, &counted, at(now))
        };
        let (old, new, now) = ("2020-01-10T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-26T00:00:00Z");
        assert!(check(old, now, Some(now), now), "as it should be");
        assert!(check(old, now, None, now), "no head covers it yet");
        assert!(!check(new, "2040-01-01T00:00:00Z", None, now), "it says itself that it is of later");
        assert!(!check(new, "2040-01-01T00:00:00Z", Some(now), now), "and a head says when it came");
        assert!(!check(new, "2040-01-01T00:00:00Z", Some(now), "2041-01-01T00:00:00Z"), "as long as there is a log");
    }

    // Profile §8.29: the settings may have said fewer years once, and then the audit tells of it; what rows alone say is named.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_went_after_fewer_years_than_the_settings_say_is_named_unless_the_audit_tells_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut house = crate::house::fresh::house(folder.path()).await;
        let now = house.clock.now();
        // Three years and more ago: long enough by two, and not by seven.
        let signed = now - SignedDuration::from_hours(24 * 366 * 4);
        let head = Head::over("plans.example", (6, "root".to_owned()), signed);
        let went = |years| Pruned {
            v: 1,
            id: EvidenceId(7),
            n: 8,
            event: Keeping::EvidencePruning,
            at: now,
            pruning: Pruning { from: 0, until: 6, root: "root".into(), signed, years },
        };
        let heads = [head];
        let why = async |house: &House<fumibako_sqlite::SqliteStore>, years| {
            wrongly(house, &went(years), &heads).await.unwrap().map(|said| said.en.clone())
        };
        assert!(why(&house, 7).await.is_some_and(|why| why.contains("before its years were over")));
        assert!(why(&house, 2).await.is_some_and(|why| why.contains("fewer years than the settings say")));
        // Another range, or other years, is not what the audit tells of.
        let tell = async |house: &House<fumibako_sqlite::SqliteStore>, until: u64, years| {
            let told = Pruning { until, ..went(years).pruning };
            let done = vec![as_told(&told, now, "operator")];
            house.store.amend(fumibako_store::Amend { changes: Vec::new(), done }).await.unwrap();
        };
        tell(&house, 5, 2).await;
        tell(&house, 6, 3).await;
        assert!(why(&house, 2).await.is_some());
        tell(&house, 6, 2).await;
        assert_eq!(why(&house, 2).await, None);
        // By the settings of today it went by right, whatever is told.
        house.config.evidence.keep_years = 2;
        assert_eq!(why(&house, 2).await, None);
        let fresh = tempfile::tempdir().unwrap();
        let mut other = crate::house::fresh::house(fresh.path()).await;
        other.config.evidence.keep_years = 2;
        assert_eq!(why(&other, 2).await, None);
        for house in [house, other] {
            house.store.close().await.unwrap();
        }
    }
}
