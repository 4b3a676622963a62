//! Fetching: verify, open, save, and only then acknowledge (Profile §8.5). What does not open stays where it is (Profile §8.7).
//!
//! | a crash after step       | the next fetch                                                     |
//! |--------------------------|--------------------------------------------------------------------|
//! | 1 intention recorded     | finds no folder there, and saves                                   |
//! | 2 folder renamed         | finds the folder it had intended, syncs it, and does not save again |
//! | 3 record says saved      | composes the receipt under the Message-ID chosen in 1              |
//! | 4 receipt in the outbox  | posts it                                                           |
//! | 5 receipt posted         | marks the message                                                  |
//!
//! What is on the disk is marked whatever becomes of its receipt: the gateway then tells that it was handed over (Profile §8.10), and the
//! receipt is owed.

mod failed;
mod owed;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use fumibako_model::{ACKNOWLEDGED, Act, Address, AgentId, FOUND, Fault, OfficeNumber, Party, Refusal, Refused, Scope};
use fumibako_signer::{Identity, Trust};
use jiff::Timestamp;

use crate::bundle::unpack::{Saved, place};
use crate::bundle::{Contents, Opened, Reader, believe};
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::mandates::Mandates;
use crate::outbox::{Fate, Outbox, Outcome, REFUSED};
use crate::post::Post;
use crate::receipt::Receipt;
use crate::received::{Received, Record};
use crate::register;
use crate::settings::Settings;
use crate::signatory::Signatory;
use crate::trouble::Trouble;

pub use owed::Settled;

/// What became of one message.
#[derive(Debug)]
pub struct Fetched {
    /// Whom it is for.
    pub office: OfficeNumber,
    /// Its number in that office's INBOX.
    pub uid: u32,
    /// How it went.
    pub end: End,
}

/// How it went with one message.
#[derive(Debug)]
pub enum End {
    /// On disk, and the receipt on its way.
    Saved(Arrival),
    /// Not believed, and left where it is.
    Distrusted {
        /// Who claims to have sent it, if that can be read.
        from: Option<OfficeNumber>,
        /// Why.
        why: Refused,
        /// What its sender is told, by this run or was by an earlier one (Profile §8.22), and the Message-ID of that word.
        told: Option<(Fault, String)>,
    },
}

/// A bundle on disk.
#[derive(Debug)]
pub struct Arrival {
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// The office it is from.
    pub from: OfficeNumber,
    /// The agent that sent it for that office.
    pub by: Option<AgentId>,
    /// When the gateway took it in.
    pub arrived: Timestamp,
    /// Where its files are.
    pub folder: PathBuf,
    /// Its files; empty if an earlier run had saved them.
    pub files: Vec<Saved>,
    /// Was it saved by an earlier run that broke off before the receipt?
    pub again: bool,
    /// The receipt's Message-ID.
    pub receipt: String,
    /// Why the receipt waits, if it does.
    pub receipt_trouble: Option<Trouble>,
    /// Does the gateway know that the files are here?
    pub marked: bool,
    /// Why the receipt is not ours to return, if it is not: the office itself does (Profile §9.13).
    pub withheld: Option<Refusal>,
}

/// What became of a whole run.
#[derive(Debug, Default)]
pub struct Run {
    /// Message by message.
    pub fetched: Vec<Fetched>,
    /// Offices whose mailbox an agent was not let into, and why.
    pub closed: Vec<(OfficeNumber, Trouble)>,
    /// Receipts that earlier runs owed, of what lies in `INBOX` no more.
    pub settled: Vec<Settled>,
    /// Why the run stopped before the last message, if it did.
    pub stopped: Option<Trouble>,
}

/// What is told while it happens.
#[derive(Debug)]
pub enum Told<'t> {
    /// So many messages are new.
    Found(usize),
    /// One was looked at.
    One(&'t Fetched),
}

/// Everything one fetch needs.
pub struct Fetch<'s> {
    settings: &'s Settings,
    party: Party,
    identity: Identity,
    keys: Vec<Identity>,
    trust: Trust,
    outbox: Outbox,
    received: Received,
    clock: fn() -> Timestamp,
    /// The messages that were chosen, by whose they are; none: all that are new.
    only: Option<BTreeSet<(OfficeNumber, u32)>>,
    /// Of these, such as somebody knows to be saved and wants once more.
    again: BTreeSet<(OfficeNumber, u32)>,
    /// Nothing is saved or acknowledged.
    only_tells: bool,
    /// What senders are called, for the names of folders.
    names: Names,
    /// Questions about evidence that were asked.
    questions: Cell<usize>,
}

/// Offices, and what they are called.
pub type Names = BTreeMap<OfficeNumber, String>;

/// So long the register is waited for: what an office is called stands in the name of a folder or on a page, and nothing
/// depends on it.
pub(crate) const NAMES_WAIT: Duration = Duration::from_secs(5);

/// One office's mailbox, as we may use it.
struct Desk<'d> {
    office: OfficeNumber,
    us: Address,
    /// An agent's; an office needs none for itself.
    mandates: Option<&'d Mandates>,
}

impl Desk<'_> {
    fn place(&self) -> Place {
        Place { office: self.mandates.map(|_| self.office), folder: Folder::Inbox }
    }

    /// May we return the receipt to this office?
    fn may_acknowledge(&self, to: OfficeNumber, now: Timestamp) -> Result<(), Refused> {
        let allowed = self.mandates.map(|mandates| mandates.allow(self.office, Act::Acknowledge { to }, now));
        allowed.map_or(Ok(()), |allowed| allowed.map(|_| ()))
    }
}

impl<'s> Fetch<'s> {
    /// Reads keys and opens the data folder; nothing is fetched yet.
    pub fn new(settings: &'s Settings, clock: fn() -> Timestamp) -> Result<Self, Trouble> {
        Ok(Self {
            party: settings.party()?,
            identity: settings.identity()?,
            keys: settings.reading_keys()?,
            trust: settings.trust()?,
            outbox: Outbox::open(&settings.data_folder)?,
            received: Received::open(&settings.data_folder)?,
            settings,
            clock,
            only: None,
            again: BTreeSet::new(),
            only_tells: false,
            names: Names::new(),
            questions: Cell::default(),
        })
    }

    /// Only these messages of our own INBOX, or of the offices an agent acts for, also such as were fetched before: what an earlier run saved
    /// is not saved twice while its folder is there (Profile §15.5).
    #[must_use]
    pub fn only(mut self, chosen: BTreeSet<(OfficeNumber, u32)>) -> Self {
        self.only = Some(chosen);
        self
    }

    /// Of those, the files of these are saved once more, and no second receipt goes out (Profile §15.5).
    #[must_use]
    pub fn again(self, again: BTreeSet<(OfficeNumber, u32)>) -> Self {
        Self { again, ..self }
    }

    /// What senders are called; of others the register is asked.
    #[must_use]
    pub fn with_names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Saves and acknowledges nothing: of those messages that do not open their senders are told (Profile §8.22).
    #[must_use]
    pub fn only_telling(self) -> Self {
        Self { only_tells: true, ..self }
    }

    /// Fetches every message that has no accepted receipt yet, saves it and acknowledges it. An agent does so for every office
    /// that lets it (Profile §9.13).
    pub async fn run(&self, tell: &mut dyn FnMut(Told<'_>)) -> Result<Run, Trouble> {
        let mandates = self.mandates().await?;
        let desks = self.desks(mandates.as_ref())?;
        let mut run = Run { closed: self.closed(mandates.as_ref()), ..Run::default() };
        let mut mailbox = Mailbox::open(self.settings).await?;
        for desk in &desks {
            match self.collect(desk, &mut mailbox, &mut run, tell).await {
                // One office's mandate may have ended meanwhile; the others go on.
                Err(why @ Trouble::Refused { .. }) if desk.mandates.is_some() => run.closed.push((desk.office, why)),
                // Of what is saved by then somebody is told, and it is acknowledged; the rest is for another run.
                Err(why) if !run.fetched.is_empty() => run.stopped = Some(why),
                collected => collected?,
            }
            if run.stopped.is_some() {
                break;
            }
        }
        // A run that looked at everything knows what lies in INBOX no more.
        if self.only.is_none() && run.stopped.is_none() {
            match self.renew_owed(owed::open(&desks, &run.closed), &BTreeSet::new()) {
                Ok(settled) => run.settled = settled,
                Err(why) => run.stopped = Some(why),
            }
        }
        if let Err(why) = self.acknowledge(&mut run) {
            run.stopped.get_or_insert(why);
        }
        for desk in &desks {
            match self.mark(desk, &mut mailbox, &mut run.fetched).await {
                Err(why @ Trouble::Refused { .. }) if desk.mandates.is_some() => run.closed.push((desk.office, why)),
                // The next run finds it saved, and marks it, or the receipt accepted, which says more.
                Err(why) => {
                    run.stopped.get_or_insert(why);
                    return Ok(run);
                }
                Ok(()) => {}
            }
        }
        mailbox.close().await;
        Ok(run)
    }

    /// An agent's; an office needs none for itself.
    async fn mandates(&self) -> Result<Option<Mandates>, Trouble> {
        match self.party {
            Party::Office(_) => Ok(None),
            Party::Agent(_) => Mandates::of(self.settings).await.map(Some),
        }
    }

    fn desks<'d>(&self, mandates: Option<&'d Mandates>) -> Result<Vec<Desk<'d>>, Trouble> {
        let offices = match (&self.party, mandates) {
            (Party::Office(office), _) => [*office].into(),
            (Party::Agent(_), mandates) => {
                mandates.map(|all| all.offices(Scope::Receive, (self.clock)())).unwrap_or_default()
            }
        };
        let desk = |office| Ok(Desk { office, us: self.settings.address_of(office)?, mandates });
        offices
            .into_iter()
            .filter(|office| self.chosen_of(*office).is_none_or(|uids| !uids.is_empty()))
            .map(desk)
            .collect()
    }

    /// What was chosen of this office; none: nothing was chosen anywhere, so all that is new.
    fn chosen_of(&self, office: OfficeNumber) -> Option<Vec<u32>> {
        let chosen = self.only.as_ref()?;
        Some(chosen.iter().filter(|(of, _)| *of == office).map(|(_, uid)| *uid).collect())
    }

    /// Offices of which an agent was asked to fetch something and that let it in no more.
    fn closed(&self, mandates: Option<&Mandates>) -> Vec<(OfficeNumber, Trouble)> {
        let Some((mandates, chosen)) = mandates.zip(self.only.as_ref()) else { return Vec::new() };
        let offices: BTreeSet<OfficeNumber> = chosen.iter().map(|(office, _)| *office).collect();
        let refused = |office: OfficeNumber| {
            let refused = mandates.allow(office, Act::Any(Scope::Receive), (self.clock)()).err()?;
            Some((office, Trouble::Refused { refused, reference: None }))
        };
        offices.into_iter().filter_map(refused).collect()
    }

    /// Saves what is new in one office's INBOX.
    async fn collect(
        &self,
        desk: &Desk<'_>,
        mailbox: &mut Mailbox,
        run: &mut Run,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Trouble> {
        mailbox.select(desk.place()).await?;
        let chosen = self.chosen_of(desk.office);
        let all = chosen.is_none();
        let uids = match chosen {
            Some(uids) => uids,
            // Profile §8.3: the gateway's own word, which no mail tool sets.
            None => mailbox.search(&format!("UNKEYWORD {ACKNOWLEDGED}")).await?,
        };
        // By UID, and so in the order of arrival, which the names of folders tell (RFC 3501 §2.3.1.1).
        let mut heads = mailbox.headers(&uids).await?;
        if all && desk.mandates.is_some() {
            heads.retain(|head| !self.was_withheld(desk, head));
        }
        tell(Told::Found(heads.len()));
        let names = self.names_of(&heads).await;
        for head in heads {
            let Some(kept) = mailbox.look(&head).await? else { continue };
            match self.take(desk, &kept, &names).await {
                Ok(end) => {
                    let saved = matches!(end, Some(End::Saved(_)));
                    run.fetched.extend(end.map(|end| Fetched { office: desk.office, uid: kept.uid, end }));
                    // Profile §8.10: what is not on the disk did not go out whole.
                    if saved {
                        mailbox.take(&kept).await?;
                    }
                }
                // A full disk stops the saving; what is saved is acknowledged all the same.
                Err(why) => {
                    run.stopped = Some(why);
                    break;
                }
            }
            run.fetched.last().into_iter().for_each(|one| tell(Told::One(one)));
        }
        Ok(())
    }

    /// What the senders of these are called, as far as it is known or the register says it.
    async fn names_of(&self, heads: &[Kept]) -> Names {
        let mut names = self.names.clone();
        if self.only_tells {
            return names;
        }
        let senders = heads.iter().filter_map(|head| claimed_sender(&head.octets.0));
        let strange: BTreeSet<OfficeNumber> = senders.filter(|from| !names.contains_key(from)).take(FOUND).collect();
        if !strange.is_empty() {
            let asked = tokio::time::timeout(NAMES_WAIT, register::offices(self.settings, &strange)).await;
            let told = asked.into_iter().flatten().flatten();
            names.extend(told.map(|office| (office.number, office.name)));
        }
        names
    }

    /// Saved by an earlier run, and still not ours to acknowledge.
    fn was_withheld(&self, desk: &Desk<'_>, head: &Kept) -> bool {
        let Some(message) = mail_parser::MessageParser::default().parse_headers(&head.octets.0) else { return false };
        let (Some(from), Some(id)) = (claimed_sender(&head.octets.0), message.message_id()) else { return false };
        self.received.is_withheld(desk.office, from, id) && desk.may_acknowledge(from, (self.clock)()).is_err()
    }

    /// Step 5: what is saved has been seen, whatever became of its receipt. That this was taken, the gateway marks itself.
    async fn mark(&self, desk: &Desk<'_>, mailbox: &mut Mailbox, fetched: &mut [Fetched]) -> Result<(), Trouble> {
        let own = fetched.iter_mut().filter(|one| one.office == desk.office);
        let mut selected = desk.mandates.is_none();
        for one in own {
            let End::Saved(arrival) = &mut one.end else { continue };
            if !std::mem::replace(&mut selected, true) {
                mailbox.select(desk.place()).await?;
            }
            mailbox.mark(one.uid, "\\Seen").await?; // 5 → done
            arrival.marked = true;
        }
        Ok(())
    }

    /// Steps 1 to 4 for one message.
    async fn take(&self, desk: &Desk<'_>, kept: &Kept, names: &Names) -> Result<Option<End>, Trouble> {
        // Profile §5.3: a certificate is judged as of the arrival at the gateway. One that ended since then was good.
        let reader = Reader { us: &desk.us, trust: &self.trust, keys: &self.keys, now: kept.arrived };
        let (opened, contents) = match believe(&kept.octets.0, &reader, desk.office) {
            // It opens by now: somebody will fetch it.
            Ok(_) if self.only_tells => return Ok(None),
            Ok(believed) => believed,
            Err(why) => {
                tracing::warn!(uid = kept.uid, code = why.why.row().code, "bundle.distrusted");
                let told = self.tell_sender(desk, &reader, (kept, why.why)).await?;
                return Ok(Some(End::Distrusted { from: claimed_sender(&kept.octets.0), why, told }));
            }
        };
        let (record, files, again) = self.save(desk, &opened, &contents, (kept, names))?;
        let withheld = desk.may_acknowledge(opened.from(), (self.clock)()).err().map(|refused| refused.why);
        match &withheld {
            None => self.write_receipt(desk, &opened, (&record, kept.is_acknowledged()))?,
            Some(_) => self.received.withhold(desk.office, opened.from(), opened.message_id())?,
        }
        Ok(Some(End::Saved(Arrival {
            message_id: record.message_id,
            from: record.from,
            by: opened.by().cloned(),
            arrived: kept.arrived,
            folder: record.folder,
            files,
            again,
            receipt: record.receipt,
            receipt_trouble: None,
            marked: false,
            withheld,
        })))
    }

    fn save(
        &self,
        desk: &Desk<'_>,
        opened: &Opened,
        contents: &Contents,
        (kept, names): (&Kept, &Names),
    ) -> Result<(Record, Vec<Saved>, bool), Trouble> {
        let (arrived, name) = ((kept.arrived, kept.uid), names.get(&opened.from()).map(String::as_str));
        // An agent keeps what is for one office apart from what is for another.
        let root = match desk.mandates {
            Some(_) => self.settings.save_folder.join(desk.office.as_str()),
            None => self.settings.save_folder.clone(),
        };
        let found = self.received.find(opened)?;
        let stands = match &found {
            Some(record) if record.saved_at.is_none() => contents.stands_in(&record.folder)?,
            _ => false,
        };
        let mut record = match found {
            Some(record) if record.saved_at.is_some() && !self.is_wanted_again(desk, kept.uid, &record) => {
                return Ok((record, Vec::new(), true));
            }
            // Somebody asks for the files once more: into a new folder, and with the receipt there was.
            Some(mut record) if record.saved_at.is_some() => {
                record.folder = place(&root, arrived, opened.from(), name);
                let files = contents.save(&record.folder, record.token())?;
                self.received.keep(opened, &record)?;
                return Ok((record, files, true));
            }
            // A crash came between 2 and 3, if the folder holds exactly this; else the folder is somebody else's.
            Some(record) if stands => {
                return Ok((self.saved(opened, record)?, Vec::new(), true));
            }
            // Nothing was saved yet, and the place may be another by now: that one could not be written, perhaps.
            Some(mut record) => {
                if !record.folder.starts_with(&root) {
                    record.folder = place(&root, arrived, opened.from(), name);
                }
                record
            }
            None => Record::intend(opened, place(&root, arrived, opened.from(), name), &desk.us.domain),
        };
        if record.folder.exists() {
            record.folder = place(&root, arrived, opened.from(), name);
        }
        self.received.keep(opened, &record)?; // 1
        let files = contents.save(&record.folder, record.token())?; // 2
        let bytes: usize = files.iter().map(|file| file.size).sum();
        tracing::info!(message = record.message_id, from = %record.from, files = files.len(), bytes, "bundle.saved");
        Ok((self.saved(opened, record)?, files, false))
    }

    /// Only who saw it saved asks for its files once more; a run that broke off before anybody saw it is gone on with. Where the folder
    /// is gone, whoever chooses the message wants it.
    fn is_wanted_again(&self, desk: &Desk<'_>, uid: u32, record: &Record) -> bool {
        self.again.contains(&(desk.office, uid)) || self.only.is_some() && !record.folder.exists()
    }

    fn saved(&self, opened: &Opened, mut record: Record) -> Result<Record, Trouble> {
        record.saved_at = Some((self.clock)());
        self.received.keep(opened, &record)?; // 3
        Ok(record)
    }

    /// `has`: the gateway says that it has a receipt (Profile §8.3).
    fn write_receipt(&self, desk: &Desk<'_>, opened: &Opened, (record, has): (&Record, bool)) -> Result<(), Trouble> {
        let lost = if has { None } else { self.lost(record)? };
        // What stood in the way of a refused receipt, such as an expired certificate, may have been mended.
        let refused = self.outbox.key_of(&record.receipt, REFUSED)?;
        let anew = refused.or(lost.as_ref().map(|(key, _)| key.clone()));
        if anew.is_none() && self.outbox.knows(&record.receipt)? {
            return Ok(());
        }
        // A clock that was ahead when the files were saved may be right by now; the gateway takes no receipt of a time to come.
        let now = (self.clock)();
        let saved_at = record.saved_at.unwrap_or(now).min(now);
        let receipt = Receipt {
            message_id: record.receipt.clone(),
            original: record.message_id.clone(),
            digest: *opened.signature().digest(),
            saved_at,
        };
        let sender = self.settings.address_of(record.from)?;
        let signatory = Signatory::of(&self.identity, &self.party);
        let octets = receipt.compose(&desk.us, &sender, signatory, opened.innermost())?;
        match anew {
            Some(key) => self.outbox.renew(&key, &octets)?,
            None => self.outbox.put(&receipt.message_id, saved_at, &octets)?, // 4
        }
        // A crash before this line sends it twice more; the gateway answers with what it has.
        let asked = lost.map(|(_, evidence)| Record { asked_after: evidence, ..record.clone() });
        asked.map_or(Ok(()), |record| self.received.keep(opened, &record))
    }

    /// Posts the receipts, and whatever else waits, and notes which receipts did not get through.
    fn acknowledge(&self, run: &mut Run) -> Result<(), Trouble> {
        let fetched = &mut run.fetched;
        let waits = self.outbox.entries()?.iter().any(|entry| entry.fate == Fate::Waiting);
        let posted = if waits { self.post_all() } else { Ok(Vec::new()) };
        let mut outcomes = match posted {
            Ok(outcomes) => outcomes,
            Err(why) => {
                // Which of them went nobody knows now; the outbox will.
                let saved = fetched.iter_mut().filter_map(|one| match &mut one.end {
                    End::Saved(arrival) => Some(arrival),
                    End::Distrusted { .. } => None,
                });
                saved.for_each(|arrival| arrival.receipt_trouble = Some(why.again()));
                run.settled.iter_mut().for_each(|one| one.trouble = Some(why.again()));
                return Err(why);
            }
        };
        for one in fetched {
            let arrival = match &mut one.end {
                End::Saved(arrival) => arrival,
                End::Distrusted { told, .. } => {
                    // A word that was refused tells nobody anything.
                    let refused = |outcome: &Outcome| matches!(outcome.entry.fate, Fate::Refused { .. });
                    let of_it = |word: &str| outcomes.iter().any(|one| one.entry.message_id == word && refused(one));
                    told.take_if(|(_, word)| of_it(word));
                    continue;
                }
            };
            let outcome = outcomes.iter().position(|outcome| outcome.entry.message_id == arrival.receipt);
            arrival.receipt_trouble = outcome.and_then(|at| outcomes.swap_remove(at).trouble);
        }
        run.settled.iter_mut().for_each(|one| one.take(&mut outcomes));
        Ok(())
    }

    fn post_all(&self) -> Result<Vec<Outcome>, Trouble> {
        let mut post = Post::new(self.settings)?;
        // Posting waits for the network on this thread; nothing else runs meanwhile, and the mailbox may idle.
        self.outbox.post_all(&mut post, self.clock, &mut |_| ())
    }
}

/// For the report only; nothing vouches for it.
fn claimed_sender(message: &[u8]) -> Option<OfficeNumber> {
    let message = mail_parser::MessageParser::default().parse_headers(message)?;
    let address: Address = message.from()?.first()?.address()?.parse().ok()?;
    address.office_number()
}
