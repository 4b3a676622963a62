//! CONDSTORE and QRESYNC (RFC 7162, Profile §7.21, §7.22, §7.23): what a client that was away missed.

use fumibako_model::{Changes, ModSeq, UidSet};

use super::Ask;
use super::command::By;
use super::cursor::{Cursor, Parsed};
use super::enable::Enabled;
use super::fetch::Fetch;
use super::select::opened_saying;
use super::session::{Session, Work};
use super::set::{Set, set};

/// Ranges of UIDs that one VANISHED names.
const RANGES: usize = 500;
/// Pairs of message number and UID that a client names to show how far it knows the folder. What is past them is passed over.
const PAIRS: usize = 10_000;

/// What stands behind the name in SELECT and EXAMINE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// RFC 7162 §3.1.8
    condstore: bool,
    known: Option<Known>,
}

/// RFC 7162 §3.2.5: what the client knew when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    uid_validity: u32,
    since: u64,
    uids: Option<Set>,
    /// Message numbers, and their UIDs.
    pairs: Option<(Set, Set)>,
}

/// What went is told before anything else.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Of these alone.
    uids: UidSet,
    /// Then this is.
    fetch: Box<Fetch>,
}

impl Earlier {
    pub(super) fn tag(&self) -> &str {
        self.fetch.tag()
    }
}

impl Parameters {
    /// ```text
    /// select-params = SP "(" select-param *(SP select-param) ")" ; RFC 4466 §2.1
    /// select-param  = "CONDSTORE" / "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids]
    ///                 [SP "(" sequence-set SP sequence-set ")"] ")"
    /// ```
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut parameters = Self::default();
        if cursor.take(b' ') {
            cursor.list(|cursor| match &*cursor.word()? {
                "CONDSTORE" => {
                    parameters.condstore = true;
                    Ok(())
                }
                "QRESYNC" if parameters.known.is_none() => {
                    cursor.space()?;
                    parameters.known = Some(known(cursor)?);
                    Ok(())
                }
                _ => cursor.bad("CONDSTORE or QRESYNC before"),
            })?;
        }
        Ok(parameters)
    }
}

fn known(cursor: &mut Cursor<'_>) -> Parsed<Known> {
    cursor.need(b'(', "(")?;
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let since = cursor.number()?;
    let mut known = Known { uid_validity, since, uids: None, pairs: None };
    let mut more = cursor.take(b' ');
    if more && cursor.peek() != Some(b'(') {
        known.uids = Some(set(cursor)?);
        more = cursor.take(b' ');
    }
    if more {
        cursor.need(b'(', "(")?;
        let numbers = set(cursor)?;
        cursor.space()?;
        known.pairs = Some((numbers, set(cursor)?));
        cursor.need(b')', ")")?;
    }
    cursor.need(b')', ")")?;
    Ok(known)
}

impl Session {
    /// RFC 7162 §3.1: from now on the client hears of MODSEQ, beginning with that of the open folder.
    pub(super) fn condstore(&mut self) {
        if self.enabled.has(Enabled::CONDSTORE) {
            return;
        }
        self.enabled.add(Enabled::CONDSTORE);
        if let Some(ModSeq(modseq)) = self.view().map(|view| view.told_up_to()) {
            self.untagged(&format!("OK [HIGHESTMODSEQ {modseq}] Changes up to here are told."));
        }
    }

    /// What the parameters of SELECT ask for may be asked for; `false` if BAD was said.
    pub(super) fn may_resync(&mut self, tag: &str, with: &Parameters) -> bool {
        let unasked = with.known.is_some() && !self.enabled.has(Enabled::QRESYNC);
        if unasked {
            // RFC 7162 §3.2.5
            self.bad(tag, "ENABLE QRESYNC first.");
        }
        !unasked
    }

    /// RFC 7162 §3.1.8: the folder is about to be opened, and its MODSEQ is told with the rest.
    pub(super) fn heed_parameters(&mut self, with: &Parameters) {
        if with.condstore || with.known.is_some() {
            self.enabled.add(Enabled::CONDSTORE);
        }
    }

    /// The folder is open and all was said of it but that. RFC 7162 §3.2.5.1: what the client missed is told first.
    pub(super) fn resync(&mut self, tag: String, read_only: bool, uid_validity: u32, with: Parameters) {
        // RFC 4314 §5.2: of what is shared, a client of the notices changes nothing.
        let notices = self.view().is_some_and(|view| view.is_notices());
        let says = opened_saying(read_only, notices);
        let known = with.known.filter(|known| known.uid_validity == uid_validity);
        let (Some(known), Some(view)) = (known, self.view()) else { return self.tagged(&tag, &format!("OK {says}")) };
        let since = ModSeq(known.since);
        let last = view.last_uid();
        let uids = known.uids.unwrap_or_else(|| Set(vec![(Some(1), Some(u32::MAX))]));
        let places = view.changed_since(view.by_uid(&uids).into_iter().flatten(), since);
        let floor = known.pairs.map_or(0, |(numbers, uids)| {
            let each = |set: Set| set.resolve(last).flat_map(|(from, to)| from..=to).take(PAIRS).collect::<Vec<_>>();
            let pairs = each(numbers).into_iter().zip(each(uids));
            // §3.2.5.2: the client knows of all that went up to the last message it knows to stand where it stands.
            pairs.take_while(|(number, uid)| view.uid_at(*number) == Some(*uid)).last().map_or(0, |(_, uid)| uid)
        });
        let above = uids.resolve(last).map(|(from, to)| (from.max(floor.saturating_add(1)), to)).collect();
        let ask = Ask::Since { folder: view.folder, since, read_only: true };
        let fetch = Fetch::told(tag, places, says);
        self.ask(ask, Work::Earlier(Earlier { uids: UidSet::of_ranges(above), fetch: Box::new(fetch) }));
    }

    /// RFC 7162 §3.2.6: UID FETCH … (CHANGEDSINCE … VANISHED).
    pub(super) fn fetch_after(&mut self, fetch: Box<Fetch>, set: &Set, since: ModSeq) {
        let Some(view) = self.view() else { return };
        let uids = UidSet::of_ranges(set.resolve(view.last_uid()).collect());
        let ask = Ask::Since { folder: view.folder, since, read_only: true };
        self.ask(ask, Work::Earlier(Earlier { uids, fetch }));
    }

    /// RFC 7162 §3.2.10.1
    pub(super) fn tell_earlier(&mut self, Earlier { uids, fetch }: Earlier, changes: &Changes) {
        let Some(view) = self.view() else { return };
        // What went only now is still counted here, and told as news.
        let gone = changes.vanished.and(&uids).and(&view.absent());
        self.tell_vanished(" (EARLIER)", &gone);
        self.go_on(Work::Fetch(fetch));
    }

    /// ```text
    /// expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids
    /// ```
    pub(super) fn tell_vanished(&mut self, earlier: &str, gone: &UidSet) {
        for some in gone.ranges().chunks(RANGES) {
            let write = |(lo, hi): &(u32, u32)| if lo == hi { lo.to_string() } else { format!("{lo}:{hi}") };
            let uids = some.iter().map(write).collect::<Vec<_>>().join(",");
            self.untagged(&format!("VANISHED{earlier} {uids}"));
        }
    }

    /// May a UID FETCH ask for what went? `false` if BAD was said.
    pub(super) fn may_ask_vanished(&mut self, tag: &str, (by, since): (By, Option<ModSeq>)) -> bool {
        let may = by == By::Uid && since.is_some() && self.enabled.has(Enabled::QRESYNC);
        if !may {
            self.bad(tag, "VANISHED goes with UID FETCH, CHANGEDSINCE and ENABLE QRESYNC.");
        }
        may
    }
}
