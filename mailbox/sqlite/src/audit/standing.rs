//! What rows and marks say of bundles, held against the evidence about them (Profile §8.15): 済 is what evidence proves.

use std::collections::{BTreeSet, HashMap};

use fumibako_model::{
    ACKNOWLEDGED, Event, Evidence, EvidenceId, Fault, KEYWORDS, Reason, Recorded, ShownBundle, State, hash,
};
use fumibako_store::{LISTED, LogFault, StoreError, Wrong};
use serde::Deserialize;
use sqlx::SqlitePool;

use crate::error::{store_error, unpacked, unreadable};
use crate::said::Row;

/// Bundles that are read at once.
const AT_ONCE: i64 = 500;

/// A bundle's row, with its evidence and its copies.
#[derive(Deserialize)]
struct Bundle {
    #[serde(flatten)]
    row: Row,
    received: Option<i64>,
    answer: Option<i64>,
    /// The bundle that the piece it was answered with is filed under, the offices of that, and its document.
    accepted: Option<(i64, (i64, i64), String)>,
    /// Pieces of evidence before it that are left.
    before: u64,
    /// What came of it: pieces about a handover, and about one that failed.
    ended: Vec<(i64, String)>,
    copies: Vec<Shown>,
}

/// (folder, office, keywords, saved at)
type Shown = (i64, i64, i64, i64);

/// The marks that a folder knows, by their bits.
#[derive(Default)]
struct Folder {
    marks: Vec<(u32, String)>,
    full: bool,
}

impl Folder {
    fn bears(&self, keywords: i64, mark: &str) -> bool {
        let bit = self.marks.iter().find(|(_, name)| name.eq_ignore_ascii_case(mark));
        bit.is_some_and(|(bit, _)| keywords >> bit & 1 == 1)
    }
}

/// What evidence says of a bundle.
#[derive(Default)]
struct Proved {
    /// What it came to, beyond its delivery.
    reached: BTreeSet<State>,
    /// The first piece that names a receipt.
    receipt: Option<i64>,
    failed: Vec<Fault>,
}

/// What is known of the evidence itself.
pub(super) struct Known<'a> {
    /// Pieces are missing: a bundle whose acceptance is among them is not named once more for that.
    pub(super) missing: bool,
    /// Those that are missing, as far as they are known.
    pub(super) removed: BTreeSet<EvidenceId>,
    /// How many of them no other piece names as the one before it: each may have told what came of some bundle.
    pub(super) loose: usize,
    /// Pieces in which something is wrong.
    pub(super) named: BTreeSet<EvidenceId>,
    /// Bundles of which a piece is named that told, or may have told, what came of them.
    pub(super) touched: BTreeSet<i64>,
    /// What the operator accepted, by the number of the bundle; of several times the latest.
    pub(super) accepted: HashMap<i64, &'a ShownBundle>,
}

/// What is said of bundles.
#[derive(Default)]
pub(super) struct Standing {
    /// Bundles of which something else is said than the evidence about them says, so many at most.
    pub(super) faults: Vec<LogFault>,
    /// Those of them that are shown as further than evidence says.
    pub(super) unproved: Vec<(ShownBundle, LogFault)>,
    /// Those that the operator accepted as they are shown.
    pub(super) accepted: Vec<(i64, LogFault)>,
}

/// Looks at every bundle.
pub(super) async fn look(readers: &SqlitePool, known: &Known<'_>) -> Result<Standing, StoreError> {
    let (mut standing, mut after) = (Standing::default(), i64::MIN);
    let (mut loose, mut lacking) = (known.loose, Vec::new());
    while standing.faults.len() + lacking.len() <= LISTED {
        let bundles = bundles(readers, after).await?;
        let Some(last) = bundles.last() else { break };
        after = last.row.id;
        // Folders learn marks and never forget one: read after the copies, everything that those bear is known.
        let folders = folders(readers, &bundles).await?;
        for bundle in &bundles {
            let what = match bundle.wrong(known, &folders, None) {
                Some(Found::Sure(what)) => what,
                Some(Found::Lacking(office)) if !may_lack(readers, office).await? => Wrong::Hidden,
                _ => continue,
            };
            let accepted = known.accepted.get(&bundle.row.id).filter(|one| one.row == bundle.digest());
            if what == Wrong::Unproved && accepted.is_some_and(|one| bundle.wrong(known, &folders, Some(one)).is_none())
            {
                standing.accepted.push((bundle.row.id, bundle.fault(what)));
                continue;
            }
            match bundle.why(known, what) {
                Some(Why::Touched) => {}
                Some(Why::Removed) => loose = loose.saturating_sub(1),
                None if what == Wrong::Unproved => lacking.push((bundle.shown(&folders), bundle.fault(what))),
                None => standing.faults.push(bundle.fault(what)),
            }
        }
    }
    // Each piece that is not there may be what one of them lacks; of more than that nobody can tell which.
    if lacking.len() > loose {
        standing.faults.extend(lacking.iter().map(|(_, fault)| fault.clone()));
        standing.unproved = lacking;
    }
    Ok(standing)
}

/// Why a bundle is shown as another than the evidence says.
enum Why {
    /// A piece about it is named.
    Touched,
    /// Just the piece that it lacks is not there.
    Removed,
}

/// What is wrong with a bundle.
enum Found {
    Sure(Wrong),
    /// A copy that this office made lacks a mark.
    Lacking(i64),
}

impl Bundle {
    fn fault(&self, what: Wrong) -> LogFault {
        let accepted = self.acceptance();
        let n = accepted.as_ref().map_or(self.before, |one| one.n);
        let message_id = if accepted.is_none() { self.row.message_id.clone() } else { None };
        LogFault { n, id: accepted.map(|one| one.id), message_id, what }
    }

    fn acceptance(&self) -> Option<Recorded> {
        let (.., doc) = self.accepted.as_ref()?;
        let is_it = |one: &Recorded| one.evidence.event == Event::SubmissionAcceptance && Some(one.id.0) == self.answer;
        serde_json::from_str::<Recorded>(doc).ok().filter(is_it)
    }

    /// Does what is named already explain what is wrong with it?
    fn why(&self, known: &Known<'_>, what: Wrong) -> Option<Why> {
        if ![Wrong::Unproved, Wrong::Hidden].contains(&what) {
            return None;
        }
        let is_gone = |id: i64| known.removed.contains(&EvidenceId(id));
        let follows_none = |(_, doc): &(i64, String)| {
            let previous = serde_json::from_str::<Recorded>(doc).ok().and_then(|one| one.previous);
            previous.is_some_and(|id| known.removed.contains(&id))
        };
        if self.received.is_some_and(is_gone) {
            return Some(Why::Removed);
        }
        let touched = known.touched.contains(&self.row.id) || self.ended.iter().any(follows_none);
        touched.then_some(Why::Touched)
    }

    /// SHA-256 over what of it never changes.
    fn digest(&self) -> String {
        let named = (self.row.id, &self.row.message_id, self.row.sent_key, self.row.ends);
        let row = (named, &self.row.sha256, &self.row.content, self.row.size, self.row.came, self.answer);
        hash(&serde_json::to_vec(&row).unwrap_or_default())
    }

    /// As it stands, for the operator to accept.
    fn shown(&self, folders: &HashMap<i64, Folder>) -> ShownBundle {
        let copies = self.copies.iter().filter_map(|copy| Some((copy.2, folders.get(&copy.0)?)));
        let told = Proved::default().marks().map(|(mark, ..)| mark);
        let marks =
            copies.flat_map(|(keywords, folder)| told.into_iter().filter(move |mark| folder.bears(keywords, mark)));
        let marks = marks.map(ToOwned::to_owned).collect();
        ShownBundle { bundle: self.row.id, row: self.digest(), state: self.row.state, received: self.received, marks }
    }

    /// What is wrong beyond what was accepted.
    fn wrong(
        &self,
        known: &Known<'_>,
        folders: &HashMap<i64, Folder>,
        accepted: Option<&ShownBundle>,
    ) -> Option<Found> {
        // No bundle outlives its evidence: content goes after a year at most, evidence stays for three at least, and a hold keeps both.
        let read = |(_, doc): &(i64, String)| serde_json::from_str::<Recorded>(doc).ok();
        // What cannot be read is named already.
        let pieces = self.ended.iter().map(read).collect::<Option<Vec<_>>>()?;
        let mut proved = Proved::by(&pieces);
        if let Some(one) = accepted {
            proved.reached.extend(State::from_code(one.state));
            proved.receipt = one.received.or(proved.receipt);
        }
        match self.acceptance() {
            _ if accepted.is_some() => {}
            Some(accepted) if known.named.contains(&accepted.id) => {}
            // Of two rows with one acceptance one is not its own.
            Some(accepted) if !self.is_described_by(&accepted.evidence) => return Some(Found::Sure(Wrong::Described)),
            None if self.accepted.is_none() && !known.missing => return Some(Found::Sure(Wrong::Unproved)),
            _ => {}
        }
        if !proved.claims(State::from_code(self.row.state)) || (self.received.is_some() && proved.receipt.is_none()) {
            return Some(Found::Sure(Wrong::Unproved));
        }
        if State::from_code(self.row.state) != Some(proved.state()) || self.received != proved.receipt {
            return Some(Found::Sure(Wrong::Hidden));
        }
        let copies = self.copies.iter().filter_map(|copy| Some((copy, folders.get(&copy.0)?)));
        let found: Vec<_> =
            copies.filter_map(|(copy, folder)| self.copy_wrong(copy, folder, (&proved, accepted))).collect();
        let sure = found.iter().position(|one| matches!(one, Found::Sure(_))).unwrap_or(0);
        found.into_iter().nth(sure)
    }

    /// Does its row say what was accepted?
    fn is_described_by(&self, accepted: &Evidence) -> bool {
        let filed = self.accepted.as_ref();
        filed.is_some_and(|(message, ends, _)| *message == self.row.id && self.row.is_of(*ends, accepted))
    }

    fn copy_wrong(
        &self,
        (_, office, keywords, saved): &Shown,
        folder: &Folder,
        (proved, accepted): (&Proved, Option<&ShownBundle>),
    ) -> Option<Found> {
        let [sender, recipient] = self.row.ends.map(|end| end == Some(*office));
        let bears = |mark: &str| folder.bears(*keywords, mark);
        let marks = proved.marks();
        let known = |mark: &str| accepted.is_some_and(|one| one.marks.contains(mark));
        let beyond = |(mark, said, is_senders): &(&str, bool, bool)| {
            bears(mark) && !known(mark) && !(*said && if *is_senders { sender } else { recipient })
        };
        if marks.iter().any(beyond) {
            return Some(Found::Sure(Wrong::Unproved));
        }
        // Which marks should stand there, no evidence says any more.
        if accepted.is_some() {
            return None;
        }
        let lacks = |(mark, said, is_senders): &(&str, bool, bool)| {
            let here = if *is_senders { sender } else { recipient };
            let known = folder.marks.iter().any(|(_, name)| name.eq_ignore_ascii_case(mark));
            here && *said && is_set_on_every_copy(mark) && !bears(mark) && (known || !folder.full)
        };
        if !marks.iter().any(lacks) {
            return None;
        }
        // Where it was delivered it stood when the mark came. What was copied may come from a folder that had no room for it.
        Some(if *saved == self.row.came { Found::Sure(Wrong::Hidden) } else { Found::Lacking(*office) })
    }
}

impl Proved {
    fn by(pieces: &[Recorded]) -> Self {
        let mut proved = Self::default();
        for Recorded { id, evidence, .. } in pieces {
            match (evidence.event, evidence.reason) {
                (Event::ContentHandover, Some(Reason::SeenByTheGateway)) => {
                    proved.reached.insert(State::HandedOver);
                }
                (Event::ContentHandover, reason) if evidence.receipt.is_some() => {
                    proved.receipt = Some(proved.receipt.map_or(id.0, |first| first.min(id.0)));
                    let late = reason == Some(Reason::AfterExpiry);
                    proved.reached.insert(if late { State::Late } else { State::Retrieved });
                }
                (Event::ContentHandoverFailure, Some(Reason::Expired)) => {
                    proved.reached.insert(State::Expired);
                }
                (Event::ContentHandoverFailure, Some(Reason::CheckFailed)) => proved.failed.extend(evidence.fault),
                _ => {}
            }
        }
        proved
    }

    /// How far it has come (Profile §8.9). What its recipient could not open waits, whatever the gateway saw (Profile §8.22).
    fn state(&self) -> State {
        let furthest = self.reached.last().copied().unwrap_or(State::Delivered);
        if furthest == State::HandedOver && !self.failed.is_empty() { State::Delivered } else { furthest }
    }

    /// Is there evidence that it came this far?
    fn claims(&self, state: Option<State>) -> bool {
        state.is_some_and(|state| state <= State::Delivered || self.reached.contains(&state))
    }

    /// Each mark that tells of an end, whether evidence says it, and whether it is on the sender's copies.
    fn marks(&self) -> [(&'static str, bool, bool); 8] {
        let failed = Fault::ALL.map(|fault| (fault.keyword(), self.failed.contains(&fault), true));
        let [a, b, c, d] = failed;
        let came = |state| self.reached.contains(&state);
        [
            (State::HandedOver.keyword(), came(State::HandedOver), true),
            (State::Retrieved.keyword(), came(State::Retrieved), true),
            (State::Expired.keyword(), came(State::Expired) || came(State::Late), true),
            (ACKNOWLEDGED, self.receipt.is_some(), false),
            a,
            b,
            c,
            d,
        ]
    }
}

/// An expired bundle's copies leave their folders; of what failed the recipient may say something else later.
fn is_set_on_every_copy(mark: &str) -> bool {
    [State::HandedOver.keyword(), State::Retrieved.keyword(), ACKNOWLEDGED].contains(&mark)
}

/// Bundles after this one, some of them, as they all stood at one moment.
async fn bundles(readers: &SqlitePool, after: i64) -> Result<Vec<Bundle>, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_object(
               'id', bundle, 'state', reached, 'received', received, 'answer', answered, 'message_id', named,
               'ends', json_array(sent_by, sent_to), 'sha256', lower(hex(digest)), 'content', lower(hex(content)),
               'size', octets, 'sent_key', found_by, 'came', came,
               'accepted', (SELECT json_array(e.message, json_array(e.from_office, e.to_office), e.doc) FROM evidence e WHERE e.id = answered),
               'before', iif(EXISTS (SELECT 1 FROM evidence e WHERE e.id = answered), 0,
                             (SELECT count(*) FROM evidence e WHERE e.id < coalesce(answered, 0))),
               'ended', (SELECT json_group_array(json_array(e.id, e.doc)) FROM evidence e
                         WHERE e.message = bundle AND e.kind IN ('ContentHandover', 'ContentHandoverFailure')),
               'copies', (SELECT json_group_array(json_array(c.mailbox, b.office, c.keywords, c.saved_at))
                          FROM entry c JOIN mailbox b ON b.id = c.mailbox WHERE c.message = bundle))) AS BLOB) AS "found!: Vec<u8>"
           FROM (SELECT id AS bundle, state AS reached, handover AS received, answer AS answered, message_id AS named,
                        sender AS sent_by, recipient AS sent_to, sha256 AS digest, content_digest AS content,
                        received_size AS octets, sent_key AS found_by, received_at AS came
                 FROM message WHERE id > ? AND (content_digest IS NOT NULL OR EXISTS (
                     SELECT 1 FROM evidence a WHERE a.message = message.id AND a.kind = 'SubmissionAcceptance')
                     OR EXISTS (SELECT 1 FROM evidence a WHERE a.id = message.answer AND a.kind = 'SubmissionAcceptance'))
                 ORDER BY id LIMIT ?)"#,
        after,
        AT_ONCE
    );
    let found = found.fetch_one(readers).await.map_err(store_error)?;
    unpacked(&found).map_err(store_error)
}

/// The folders that have copies of these bundles, with their marks.
async fn folders(readers: &SqlitePool, bundles: &[Bundle]) -> Result<HashMap<i64, Folder>, StoreError> {
    let asked: BTreeSet<i64> = bundles.iter().flat_map(|bundle| bundle.copies.iter().map(|copy| copy.0)).collect();
    let mut folders: HashMap<i64, Folder> = asked.iter().map(|id| (*id, Folder::default())).collect();
    let asked = serde_json::to_string(&asked).map_err(|why| store_error(unreadable(why)))?;
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json_array(k.mailbox, k.bit, k.name)) AS BLOB) AS "found!: Vec<u8>"
           FROM json_each(?) asked CROSS JOIN keyword k ON k.mailbox = asked.value"#,
        asked
    );
    let found = found.fetch_one(readers).await.map_err(store_error)?;
    let found: Vec<(i64, u32, String)> = unpacked(&found).map_err(store_error)?;
    for (mailbox, bit, name) in found {
        let Some(folder) = folders.get_mut(&mailbox) else { continue };
        folder.full |= bit as usize + 1 >= KEYWORDS;
        folder.marks.push((bit, name));
    }
    Ok(folders)
}

/// Has this office, or had it, a folder that could learn no more keywords? What is copied from there has no mark that came later.
async fn may_lack(readers: &SqlitePool, office: i64) -> Result<bool, StoreError> {
    let last = i64::try_from(KEYWORDS - 1).unwrap_or(i64::MAX);
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM vacated WHERE office = ?)
               OR EXISTS (SELECT 1 FROM mailbox b JOIN keyword k ON k.mailbox = b.id WHERE b.office = ? AND k.bit = ?)
                  AS "may!: bool""#,
        office,
        office,
        last
    );
    found.fetch_one(readers).await.map_err(store_error)
}
