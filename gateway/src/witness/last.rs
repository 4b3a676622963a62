//! The last head that was signed, held in memory and beside the key, outside the store: a log that does not continue it has lost its
//! end (Profile §8.20). Nothing that whoever edits the rows can write explains that away: what does is signed, and lies beside the key.

use std::collections::BTreeSet;
use std::path::Path;

use fumibako_model::log::{FormerKey, Growth, Head, HeadBefore, SetBack, TookOver};
use fumibako_model::{AuditHead, Domain, EvidenceId, Witnesses};
use fumibako_signer::{Identity, enclose};
use fumibako_store::{LogState, Loss, SealKey, Store, StoreError, hex};
use jiff::Timestamp;

use super::acts::{self, Acts};
use super::beside::{Aside, Beside, ToPut, keep_aside, last_acts_file, last_file};
use super::keys::{self, Keys, Signed};
use super::restored;
use super::{Doubt, Over, Seals, over};
use crate::config::Config;

/// What the gateway knows of its log and does not read from the rows.
#[derive(Debug)]
pub(crate) struct Witnessing {
    /// Where the log went on from an older state, if it did. Every head from then on says it.
    pub(crate) set_back: Option<SetBack>,
    /// The last piece beside which what a recipient said may be missing (Profile §8.18). Every head says it, and what the first one said
    /// stands.
    pub(crate) words_from: EvidenceId,
    /// From this piece on all evidence bears the gateway's seal until it is signed for (Profile §8.20). Every head says it, and what the first
    /// one said stands, as far as the log is as long.
    pub(super) sealed_from: u64,
    /// Notes of what went out are sealed, and those that stood there before are, too (Profile §8.10). Every head says it from then on.
    pub(super) notes_sealed: bool,
    /// Whose seals are believed; without any nobody asks for one.
    pub(super) seals: Option<Seals>,
    /// What is not signed before the operator says so.
    pub(crate) doubt: Doubt,
    pub(super) last: Option<Last>,
    /// What is known of the audit.
    pub(crate) acts: Acts,
    /// Why evidence is not signed, as long as that is so: the sentence in Japanese, then in English.
    pub(crate) stopped: Option<String>,
    /// What the key takes over from those before it.
    pub(crate) over: Over,
    /// The notes were sealed by this start, and no head says so yet: until one does, the next start seals what it finds.
    notes_untold: bool,
    /// Heads that are to be kept beside the key before anything is signed.
    to_keep: Vec<(Aside, Vec<u8>)>,
    /// The last head that was signed, where it does not lie beside the key yet.
    pub(super) to_put: ToPut,
}

/// The newest head that the log is known to have had, as it was signed: whoever changed the hashes since is not believed.
#[derive(Debug)]
pub(super) struct Last {
    size: u64,
    root: String,
    /// When the latest head was signed that is known of, be it lost since.
    at: Timestamp,
    /// None where the log lost all of them.
    head: Option<Vec<u8>>,
}

impl Last {
    pub(super) fn of(Head { size, root, at, .. }: &Head, signed: Vec<u8>) -> Self {
        Self { size: *size, root: root.clone(), at: *at, head: Some(signed) }
    }
}

/// Did the log lose its end, by a backup that was restored or by a hand in its folder? Asked at the start; from then on every head
/// says it. What no head tells yet is taken from the rows. A backup explains it only as `backup restore` signed for it: the log continues
/// what was put back, and nothing was signed since.
pub(crate) async fn begin<S: Store>(
    store: &S,
    config: &Config,
    (own, believed): (&Identity, Witnesses),
    now: Timestamp,
) -> Result<(Witnessing, Keys), StoreError> {
    let identity_file = &config.evidence.identity_file;
    let LogState { size, head, .. } = store.log_state().await?;
    let (given, given_acts) = beside(identity_file, &believed)?;
    let restored = restored::of_this_store(config, given.as_ref(), &believed)?;
    let known: Vec<_> =
        head.iter().chain(given.iter().chain(&restored).map(|one| &one.octets)).map(Vec::as_slice).collect();
    let told = Told::by(store, own, (&known, given_acts.as_ref(), &believed), now).await?;
    let acts_head = acts::newest(store, given_acts.as_ref(), &believed).await?;
    let over = Over::begin(store, &told, acts_head.map_or(0, |(_, head)| head.rows)).await?;
    let Told { words_from, mut former, sealed_from, notes_sealed, .. } = told;
    let [goes_on, explained] =
        [continued(store, size, given.as_ref()).await?, continued(store, size, restored.as_ref()).await?];
    let root = root(store, size).await?;
    let signed = |head: &[u8]| Signed::read(head, &believed).is_some_and(|one| one.head.size == size);
    // Of a head that anybody may have put there no key's end is learnt.
    if given.is_some() && !goes_on && head.as_deref().is_none_or(signed) {
        end_at(&mut former, (size, &root));
    }
    let acts = Acts::begin(store, identity_file, (given_acts, restored.is_some(), &believed), now).await?;
    acts.end(&mut former);
    let keys = Keys::new(own.certificate().fingerprint_hex(), believed, former);
    // What a head says beside the log counts if it was signed here, whoever put it into the rows.
    let newest = head.as_deref().and_then(|head| keys.head(head).ok()).map(|(said, _)| said);
    if !goes_on && !explained {
        jump(store, newest.as_ref(), ([given.as_ref(), restored.as_ref()], 1), now).await?;
    }
    let readable = newest.is_some() || head.is_none();
    let said = newest.as_ref().and_then(|head| head.set_back.clone());
    let later = given.as_ref().filter(|given| given.stands_after(newest.as_ref(), head.as_deref()));
    let tells = later.and_then(|given| given.head.set_back.clone());
    // A crash came between a head and its place beside the key, or that could not be written.
    let newer =
        given.as_ref().filter(|_| goes_on).zip(newest.as_ref()).is_some_and(|(old, new)| new.size > old.head.size);
    let to_put = head.clone().filter(|_| newer);
    let last = last_known(newest.zip(head), readable, (given.as_ref(), restored.as_ref()));
    let mut witnessing = Witnessing::new((said, words_from), Doubt::default(), last);
    (witnessing.acts, witnessing.over, witnessing.notes_sealed) = (acts, over, notes_sealed);
    if let Some(head) = to_put {
        witnessing.to_put.set(head);
    }
    witnessing.sealed_from = match sealed_from {
        Some(told) => told,
        // Not what a counter says, which stays true for ever once it stands in a head.
        None => store.untold().await?.pieces,
    };
    let ended = lost_since(store, size, identity_file).await?;
    // What it explains, it explains once.
    let spent = restored.is_some() && readable && (goes_on || explained);
    let put_back = restored.as_ref().filter(|_| explained && !goes_on).map(|restored| restored.octets.clone());
    witnessing.begins(Found { given, restored, goes_on, explained, readable, tells, ended }, (size, root), now);
    store.covered(witnessing.covered());
    let kept = witnessing.keep(identity_file, now);
    let kept = kept.and_then(|()| if spent { restored::spend(identity_file, put_back) } else { Ok(()) });
    kept.unwrap_or_else(|why| tracing::warn!(%why, "evidence.last_head"));
    Ok((witnessing, keys))
}

/// The same, and from then on what is not signed for is asked for its seal, under this key or, where it has just taken the place of another,
/// under that one.
pub(crate) async fn begin_sealed<S: Store>(
    store: &S,
    config: &Config,
    (own, believed, seal): (&Identity, Witnesses, SealKey),
    now: Timestamp,
) -> Result<(Witnessing, Keys), StoreError> {
    let (mut witnessing, keys) = begin(store, config, (own, believed), now).await?;
    let seals = if witnessing.over.goes_on() {
        Seals::after_a_former_one(seal, (&keys, witnessing.over.waits), &config.evidence.identity_file)
    } else {
        Seals::under(seal)
    };
    store.seal_notes(seals.notes(!witnessing.notes_sealed, witnessing.over.is_new)).await?;
    // Where nothing was ever signed, the first piece there is to tell of is signed for in the second it comes.
    witnessing.notes_untold = !witnessing.notes_sealed && witnessing.last.is_some();
    (witnessing.seals, witnessing.notes_sealed) = (Some(seals), true);
    Ok((witnessing, keys))
}

/// What the start found of the log.
struct Found {
    /// The last head beside the key.
    given: Option<Beside>,
    /// What `backup restore` signed since, of this store.
    restored: Option<Beside>,
    /// Does the log continue the last head?
    goes_on: bool,
    /// Does it continue what was put back?
    explained: bool,
    /// Have the rows no head, or a newest one that was signed here?
    readable: bool,
    /// What the head beside the key tells, if it was signed after that one.
    tells: Option<SetBack>,
    /// When the latest head was signed that the log lost its end under before.
    ended: Option<Timestamp>,
}

/// What was given from these rows before they were put back is not given again: ids and UIDs go on above all of it, where they were put back
/// so often more. Of two that lie beside the key the later one names the loss.
pub(super) async fn jump<S: Store>(
    store: &S,
    newest: Option<&Head>,
    (beside, more): ([Option<&Beside>; 2], usize),
    now: Timestamp,
) -> Result<(), StoreError> {
    let beside = || beside.into_iter().flatten();
    let told = |head: &Head| head.set_back.iter().flat_map(SetBack::all).map(|one| (one.at, one.size)).collect();
    let known: BTreeSet<_> = newest.map(told).unwrap_or_default();
    let since: BTreeSet<_> = beside().flat_map(|one| told(&one.head)).filter(|one| !known.contains(one)).collect();
    let times = u32::try_from(since.len() + more).unwrap_or(u32::MAX);
    if let (Some(last), 1..) = (beside().next_back(), times) {
        let head = last.octets.clone();
        if store.jump(Loss { head, times }, now).await? {
            tracing::warn!(times, "store.jumped");
        }
    }
    Ok(())
}

/// The last heads that lie beside the key, of the log and of the audit. Of a key that nobody made known to this one they stop the start.
fn beside(
    identity_file: &Path,
    believed: &Witnesses,
) -> Result<(Option<Beside>, Option<Beside<AuditHead>>), StoreError> {
    let (file, acts_file) = (last_file(identity_file), last_acts_file(identity_file));
    let (given, given_acts) = (Beside::read(&file)?, Beside::read(&acts_file)?);
    keys::knows(believed, given.as_ref(), &file)?;
    keys::knows(believed, given_acts.as_ref(), &acts_file)?;
    Ok((given, given_acts))
}

/// When the latest head was signed that the log lost its end under, and of which the operator does not know yet.
async fn lost_since<S: Store>(store: &S, size: u64, identity_file: &Path) -> Result<Option<Timestamp>, StoreError> {
    let mut since = None;
    for one in Aside::Lost.all(&last_file(identity_file))? {
        if !continues(store, size, (one.head.size, &one.head.root)).await? {
            since = since.max(Some(one.head.at));
        }
    }
    Ok(since)
}

/// What the log has to go on from: its newest head, if it was signed here; where the rows have one that was not, what lies beside the key
/// says how long the log was. None: no head is known.
fn last_known(
    newest: Option<(Head, Vec<u8>)>,
    readable: bool,
    (given, restored): (Option<&Beside>, Option<&Beside>),
) -> Option<Last> {
    let beside = restored.or(given).map(|one| Last::of(&one.head, one.octets.clone()));
    let last = match newest {
        Some((said, head)) => Last::of(&said, head),
        None if readable => Last { size: 0, root: nothing(), head: None, ..beside? },
        None => beside?,
    };
    let at = given.into_iter().chain(restored).map(|one| one.head.at).fold(last.at, Timestamp::max);
    Some(Last { at, ..last })
}

/// What heads tell beside the log; of what none of them tells yet, what the rows do.
pub(super) struct Told {
    pub(super) words_from: EvidenceId,
    pub(super) former: Vec<FormerKey>,
    /// None: no head was signed since there are seals.
    pub(super) sealed_from: Option<u64>,
    /// Did one say that notes are sealed?
    pub(super) notes_sealed: bool,
    /// What the key's newest head says that it took over.
    pub(super) took_over: Option<TookOver>,
    /// The key took the place of another, and no head of it says so.
    pub(super) is_new: bool,
    /// May keys before it have left what the operator accepted as former ones signed it?
    pub(super) left: bool,
    /// Pieces under the largest head.
    pub(super) covered: u64,
}

impl Told {
    /// By the newest head of the log, and those that lie beside the key.
    pub(super) async fn by<S: Store>(
        store: &S,
        own: &Identity,
        (heads, acts, believed): (&[&[u8]], Option<&Beside<AuditHead>>, &Witnesses),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let signed = |head: &&[u8]| Signed::read(head, believed);
        let known: Vec<_> = heads.iter().filter_map(signed).collect();
        let key = own.certificate().fingerprint_hex();
        let words_from = known.iter().filter_map(|one| one.head.words_from).min();
        let sealed_from = known.iter().filter_map(|one| one.head.sealed_from).min();
        let notes_sealed = known.iter().any(|one| one.head.notes_sealed);
        let told = known.iter().filter(|one| one.key == key).max_by_key(|one| one.head.size);
        let took_over = told.and_then(|one| one.head.took_over);
        let told = told.and_then(|one| one.head.former.clone());
        let covered = known.iter().map(|one| one.head.size).max().unwrap_or(0);
        let by = |words_from: EvidenceId, former: Vec<FormerKey>| {
            let left = !former.is_empty() && took_over.is_none();
            Self { words_from, former, sealed_from, notes_sealed, took_over, is_new: false, left, covered }
        };
        if let (Some(words_from), Some(former)) = (words_from, &told) {
            return Ok(by(words_from, former.clone()));
        }
        let untold = store.untold().await?;
        let mut all: Vec<_> = untold.heads.iter().filter_map(|head| signed(&head.as_slice())).chain(known).collect();
        all.sort_by_key(|one| one.head.size);
        // What the first head said of it stands; the rows are asked where none says anything.
        let words_from = all.iter().filter_map(|one| one.head.words_from).min().unwrap_or(untold.words_from);
        if let Some(former) = told {
            return Ok(by(words_from, former));
        }
        let left = all.last().is_none_or(|one| over::may_have_left(&one.head));
        let mut former = keys::before(own, all.into_iter(), now);
        keys::ended_in_audit(&mut former, own, (acts::newest(store, acts, believed).await?, nothing()), now);
        let is_new = !former.is_empty();
        Ok(Self { is_new, left, ..by(words_from, former) })
    }
}

/// What a key signed of an end that is gone is not signed by it again.
pub(super) fn end_at(former: &mut [FormerKey], (size, root): (u64, &str)) {
    former.iter_mut().filter(|one| one.size > size).for_each(|one| (one.size, one.root) = (size, root.to_owned()));
}

pub(super) async fn continued<S: Store>(store: &S, size: u64, one: Option<&Beside>) -> Result<bool, StoreError> {
    match one {
        Some(one) => continues(store, size, (one.head.size, &one.head.root)).await,
        None => Ok(false),
    }
}

impl Witnessing {
    /// Of a log of which this is known.
    pub(super) fn new((set_back, words_from): (Option<SetBack>, EvidenceId), doubt: Doubt, last: Option<Last>) -> Self {
        let (sealed_from, seals, acts, over) = (0, None, Acts::default(), Over::default());
        let (to_keep, to_put, stopped) = (Vec::new(), ToPut::default(), None);
        let (notes_sealed, notes_untold) = (false, false);
        Self {
            set_back,
            words_from,
            sealed_from,
            notes_sealed,
            seals,
            doubt,
            last,
            acts,
            stopped,
            over,
            notes_untold,
            to_keep,
            to_put,
        }
    }

    /// Did this start do what no head says yet, so that one is to be signed even if nothing comes? Asked once.
    pub(super) fn take_untold(&mut self) -> bool {
        let notes = std::mem::take(&mut self.notes_untold);
        std::mem::take(&mut self.over.of) > 0 || notes
    }

    /// What is said, and what waits, from the start on.
    fn begins(&mut self, found: Found, (size, root): (u64, String), now: Timestamp) {
        let Found { given, restored, goes_on, explained, readable, tells, ended } = found;
        let since = |beside: &[&Beside]| beside.iter().map(|one| one.head.at).chain(ended).max();
        match (given, restored) {
            (Some(_), _) if goes_on => {
                self.doubt = ended.map_or_else(Doubt::default, Doubt::before);
                // It stands over the same, and tells what the operator accepted since.
                self.set_back = tells.or(self.set_back.take());
            }
            (None, None) => {
                self.doubt = ended.map_or_else(Doubt::apart, Doubt::before);
                if size > 0 && readable {
                    // Nobody can tell any more that it was not longer.
                    self.went_on_from((size, root), None, now, &[]);
                }
            }
            // The rows tell nothing: they are looked at again before anything is signed.
            (given, restored) if !readable => {
                let beside: Vec<_> = given.iter().chain(&restored).collect();
                self.doubt = since(&beside).map_or_else(Doubt::default, Doubt::before);
                self.set_back = beside.into_iter().rev().find_map(|one| one.head.set_back.clone());
            }
            (given, Some(restored)) if explained => {
                self.doubt = since(&[&restored]).map_or_else(Doubt::default, Doubt::before);
                self.sealed_from = self.sealed_from.min(restored.head.size);
                self.to_keep.extend(given.map(|gone| (Aside::Known, gone.octets)));
                self.set_back = restored.head.set_back.or(self.set_back.take());
            }
            (given, restored) => {
                let all: Vec<_> = given.iter().chain(&restored).collect();
                self.went_on_from((size, root), all.iter().map(|one| one.head.size).max(), now, &all);
                self.doubt = since(&all).map_or_else(Doubt::default, Doubt::before);
                self.to_keep.extend(given.into_iter().chain(restored).map(|one| (Aside::Lost, one.octets)));
            }
        }
    }

    /// Is the newest head the last one that was signed, or one that continues it? If not, the log lost its end under the running
    /// gateway: that is remembered, and every head from now on says it. What stands under a head that was not signed here is never
    /// signed for.
    pub(super) async fn look<S: Store>(
        &mut self,
        store: &S,
        (identity_file, keys): (&Path, &Keys),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.keep(identity_file, now)?;
        let LogState { size, head, .. } = store.log_state().await?;
        if self.last.as_ref().is_some_and(|last| last.size == size && last.head == head) {
            return Ok(());
        }
        let said = match head.as_deref().map(|head| keys.head(head)) {
            None => None,
            Some(Ok((said, _))) if said.size == size => Some(said),
            Some(_) => return Err(failed(NOT_SIGNED_HERE)),
        };
        let root = root(store, size).await?;
        if said.as_ref().is_some_and(|said| said.root != root) {
            return Err(failed(OTHER_HASHES));
        }
        let Some(last) = &self.last else {
            self.last = said.zip(head).map(|(said, head)| Last::of(&said, head));
            store.covered(self.covered());
            return Ok(());
        };
        let at = said.as_ref().map_or(last.at, |said| said.at.max(last.at));
        if !continues(store, size, (last.size, &last.root)).await? {
            let (longer, at) = (last.size, last.at);
            self.to_keep.extend(last.head.clone().map(|head| (Aside::Lost, head)));
            self.went_on_from((size, root.clone()), Some(longer), now, &[]);
            self.doubt = Doubt::before(at);
        }
        self.last = Some(Last { size, root, at, head });
        store.covered(size);
        self.keep(identity_file, now)
    }

    /// The log went on from here, with less than was signed for or nobody knows with how much: every head says so from now on, after all
    /// that it and these tell of.
    fn went_on_from(&mut self, (size, root): (u64, String), lost: Option<u64>, now: Timestamp, beside: &[&Beside]) {
        tracing::error!(size, lost, "evidence.set_back");
        self.sealed_from = self.sealed_from.min(size);
        self.over.no_more_waits();
        let this = SetBack { size, root, at: now, lost, earlier: Vec::new() };
        let told = beside.iter().filter_map(|one| one.head.set_back.as_ref()).chain(&self.set_back);
        self.set_back = Some(this.after(told));
    }

    /// Keeps what proves what was there; before that nothing is signed, for the last head would take its place.
    fn keep(&mut self, identity_file: &Path, now: Timestamp) -> Result<(), StoreError> {
        while let Some((kind, octets)) = self.to_keep.last() {
            keep_aside(&last_file(identity_file), octets, *kind, now)?;
            self.to_keep.pop();
        }
        Ok(())
    }

    /// So many pieces are under the newest head that counts.
    pub(crate) fn covered(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.size)
    }

    /// So many pieces are under a head that was signed and does not lie beside the key.
    pub(crate) fn not_put(&self) -> Option<u64> {
        self.last.as_ref().filter(|_| self.to_put.waits()).map(|last| last.size)
    }

    /// Heads that the log does not continue wait to be kept beside the key, and nothing is signed before.
    pub(crate) fn not_kept(&self) -> bool {
        !self.to_keep.is_empty()
    }

    /// The hashes that new evidence is put to are those that were signed, and as many: over others nothing is, whoever wrote into the
    /// rows since they were looked at.
    pub(super) fn goes_on(&self, growth: &Growth) -> Result<(), StoreError> {
        let (size, root) = self.last.as_ref().map_or_else(|| (0, nothing()), |last| (last.size, last.root.clone()));
        if size != growth.size() || root != hex(&growth.root()) {
            return Err(failed(OTHER_HASHES));
        }
        Ok(())
    }

    /// Where a former key would end if the newest head counts, which is of that key and beyond the end that is known.
    pub(super) async fn beyond<S: Store>(&self, store: &S, keys: &Keys) -> Result<Option<FormerKey>, StoreError> {
        let LogState { size, head, .. } = store.log_state().await?;
        let Some(head) = head else { return Ok(None) };
        Ok(keys.beyond(&head, (size, &root(store, size).await?)))
    }

    /// What waits now may be signed, and nothing that is put in later; every head says where from.
    pub(super) async fn accept<S: Store>(&mut self, store: &S, now: Timestamp) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.doubt).keeps_something();
        if held {
            self.doubt = Doubt::accepted(store.untold().await?.pieces);
        }
        let said =
            self.set_back.as_ref().is_some_and(|said| self.last.as_ref().is_none_or(|last| said.size == last.size));
        if held && !said {
            let size = store.log_state().await?.size;
            let root = root(store, size).await?;
            self.went_on_from((size, root), None, now, &[]);
        }
        Ok(())
    }

    /// A head over just the log as it was signed last, which tells beside the key all that is known now: a restart before the next
    /// evidence forgets nothing of it.
    pub(super) async fn stand<S: Store>(
        &mut self,
        store: &S,
        keys: &Keys,
        (log, witness): (&Domain, &Identity),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (_, signed) = self.sign(over_all(store, log, now).await?, keys, witness)?;
        self.to_put.set(signed);
        Ok(())
    }

    /// Signs it, and tells what every head does.
    pub(super) fn sign(&self, over: Head, keys: &Keys, witness: &Identity) -> Result<(Head, Vec<u8>), StoreError> {
        let head = Head {
            set_back: self.set_back.clone(),
            words_from: Some(self.words_from),
            former: Some(keys.former()),
            sealed_from: self.seals.as_ref().map(|_| self.sealed_from),
            took_over: self.over.said,
            notes_sealed: self.notes_sealed,
            ..over
        };
        let failed = |why: &dyn std::fmt::Display| StoreError::Failed(why.to_string());
        let octets = serde_json::to_vec(&head).map_err(|why| failed(&why))?;
        let signed = enclose(&octets, witness, head.at).map_err(|why| failed(&why))?;
        Ok((head, signed))
    }

    pub(super) fn signed(&mut self, head: &Head, signed: Vec<u8>) {
        self.to_put.set(signed.clone());
        (self.over.of, self.notes_untold) = (0, false);
        let at = self.last.as_ref().map_or(head.at, |last| last.at.max(head.at));
        self.last = Some(Last { at, ..Last::of(head, signed) });
    }
}

/// Heads of this gateway beside the key that the log does not continue and no backup explains; how many pieces each had.
pub(crate) async fn lost_heads<S: Store>(
    store: &S,
    identity_file: &Path,
    believed: &Witnesses,
) -> Result<BTreeSet<u64>, StoreError> {
    let file = last_file(identity_file);
    // In the order in which a head goes from one to the next, so that none is overlooked on its way.
    let read = move || {
        let newest = Beside::read(&file)?;
        let given: Vec<_> = newest.into_iter().chain(Aside::Lost.all(&file)?).collect();
        Ok::<_, StoreError>((given, Aside::Known.all(&file)?))
    };
    let (given, explained) = tokio::task::spawn_blocking(read).await.map_err(|why| failed(&why.to_string()))??;
    // Only then the log, which goes on meanwhile: whatever was signed before has its place in it now.
    let LogState { size, .. } = store.log_state().await?;
    let mut lost = BTreeSet::new();
    for one in given.iter().filter(|one| explained.iter().all(|known| known.octets != one.octets)) {
        let Some(Signed { head, .. }) = Signed::read(&one.octets, believed) else { continue };
        if !continues(store, size, (head.size, &head.root)).await? {
            lost.insert(head.size);
        }
    }
    Ok(lost)
}

/// Does the log of this size begin with what was signed?
async fn continues<S: Store>(store: &S, size: u64, (signed, root): (u64, &str)) -> Result<bool, StoreError> {
    if signed == 0 {
        return Ok(true);
    }
    if signed > size {
        return Ok(false);
    }
    Ok(store.continuation(signed, size).await?.is_some_and(|(known, _)| hex(&known) == root))
}

pub(super) async fn root<S: Store>(store: &S, size: u64) -> Result<String, StoreError> {
    let root = if size == 0 { None } else { store.continuation(size, size).await?.map(|(root, _)| root) };
    Ok(root.map_or_else(nothing, |root| hex(&root)))
}

/// A head over all that stands in the log, after its newest one.
pub(super) async fn over_all<S: Store>(store: &S, log: &Domain, now: Timestamp) -> Result<Head, StoreError> {
    let LogState { size, head, .. } = store.log_state().await?;
    let before = head.map(|head| HeadBefore { size, sha256: fumibako_model::hash(&head) });
    Ok(Head { before, ..Head::over(log.to_string(), (size, root(store, size).await?), now) })
}

/// The root of a log without evidence.
fn nothing() -> String {
    hex(&Growth::default().root())
}

const NOT_SIGNED_HERE: &str = "最新の署名が、このゲートウェイのものではありません。evidence verify で確かめてください / \
    the newest head of the log was not signed by this gateway; see `evidence verify`";
const OTHER_HASHES: &str = "証跡の記録のハッシュが、署名したときのものと違います。evidence verify で確かめてください / \
    the hashes of the log are not those that were signed; see `evidence verify`";

fn failed(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}
