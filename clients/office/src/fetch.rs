//! Fetching: verify, open, save, and only then acknowledge (Profile §8.5). What does not open stays where it is (Profile §8.7).
//!
//! | a crash after step       | the next fetch                                                     |
//! |--------------------------|--------------------------------------------------------------------|
//! | 1 intention recorded     | finds no folder there, and saves                                   |
//! | 2 folder renamed         | finds the folder it had intended, and does not save again          |
//! | 3 record says saved      | composes the receipt under the Message-ID chosen in 1              |
//! | 4 receipt in the outbox  | posts it                                                           |
//! | 5 receipt posted         | marks the message                                                  |

use std::path::PathBuf;

use fumibako_model::{Address, MDN_SENT, OfficeNumber, Refusal, Refused};
use fumibako_signer::{Identity, Trust};
use jiff::Timestamp;

use crate::bundle::unpack::{Saved, place};
use crate::bundle::{Contents, Opened, Reader, open};
use crate::mailbox::{Folder, Kept, Mailbox};
use crate::outbox::{Fate, Outbox, Outcome};
use crate::post::Post;
use crate::receipt::Receipt;
use crate::received::{Received, Record};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// What became of one message.
#[derive(Debug)]
pub struct Fetched {
    /// Its number in INBOX.
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
    },
}

/// A bundle on disk.
#[derive(Debug)]
pub struct Arrival {
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Who signed it.
    pub from: OfficeNumber,
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
}

/// What became of a whole run.
#[derive(Debug)]
pub struct Run {
    /// Message by message.
    pub fetched: Vec<Fetched>,
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
    us: Address,
    identity: Identity,
    keys: Vec<Identity>,
    trust: Trust,
    outbox: Outbox,
    received: Received,
    clock: fn() -> Timestamp,
}

impl<'s> Fetch<'s> {
    /// Reads keys and opens the data folder; nothing is fetched yet.
    pub fn new(settings: &'s Settings, clock: fn() -> Timestamp) -> Result<Self, Trouble> {
        Ok(Self {
            us: settings.address_of(settings.office()?)?,
            identity: settings.identity()?,
            keys: settings.reading_keys()?,
            trust: settings.trust()?,
            outbox: Outbox::open(&settings.data_folder)?,
            received: Received::open(&settings.data_folder)?,
            settings,
            clock,
        })
    }

    /// Fetches every message that has no accepted receipt yet, saves it and acknowledges it.
    pub async fn run(&self, tell: &mut dyn FnMut(Told<'_>)) -> Result<Run, Trouble> {
        let mut mailbox = Mailbox::open(self.settings).await?;
        mailbox.select(Folder::Inbox).await?;
        let uids = mailbox.search(&format!("UNKEYWORD {MDN_SENT}")).await?;
        tell(Told::Found(uids.len()));
        let (mut fetched, mut stopped) = (Vec::new(), None);
        for uid in uids {
            let Some(kept) = mailbox.message(uid).await? else { continue };
            match self.take(&kept) {
                Ok(end) => fetched.push(Fetched { uid, end }),
                // A full disk stops the saving; what is saved is acknowledged all the same.
                Err(why) => {
                    stopped = Some(why);
                    break;
                }
            }
            fetched.last().into_iter().for_each(|one| tell(Told::One(one)));
        }
        self.acknowledge(&mut fetched)?;
        for one in &fetched {
            if let End::Saved(Arrival { receipt_trouble: None, .. }) = &one.end {
                mailbox.mark(one.uid, &format!("\\Seen {MDN_SENT}")).await?; // 5 → done
            }
        }
        mailbox.close().await;
        Ok(Run { fetched, stopped })
    }

    /// Steps 1 to 4 for one message.
    fn take(&self, kept: &Kept) -> Result<End, Trouble> {
        // Profile §5.3: a certificate is judged as of the arrival at the gateway. One that ended since then was good.
        let reader = Reader { us: &self.us, trust: &self.trust, keys: &self.keys, now: kept.arrived };
        let believed = open(&kept.octets.0, &reader).and_then(|opened| {
            let contents = Contents::read(opened.entity())?;
            contents.are_between(opened.from(), self.us.office_number().ok_or(Refusal::RecipientUnknown)?)?;
            Ok((opened, contents))
        });
        let (opened, contents) = match believed {
            Ok(believed) => believed,
            Err(why) => {
                tracing::warn!(uid = kept.uid, code = why.why.row().code, "bundle.distrusted");
                return Ok(End::Distrusted { from: claimed_sender(&kept.octets.0), why });
            }
        };
        let (record, files, again) = self.save(&opened, &contents, kept.arrived)?;
        self.write_receipt(&opened, &record)?;
        Ok(End::Saved(Arrival {
            message_id: record.message_id,
            from: record.from,
            arrived: kept.arrived,
            folder: record.folder,
            files,
            again,
            receipt: record.receipt,
            receipt_trouble: None,
        }))
    }

    fn save(
        &self,
        opened: &Opened,
        contents: &Contents,
        arrived: Timestamp,
    ) -> Result<(Record, Vec<Saved>, bool), Trouble> {
        let mut record = match self.received.find(opened)? {
            Some(record) if record.saved_at.is_some() => return Ok((record, Vec::new(), true)),
            // A crash came between 2 and 3, if the folder holds exactly this; else the folder is somebody else's.
            Some(record) if contents.stands_in(&record.folder) => {
                return Ok((self.saved(opened, record)?, Vec::new(), true));
            }
            Some(record) => record,
            None => {
                let place = place(&self.settings.save_folder, arrived, opened.from());
                Record::intend(opened, place, &self.us.domain)
            }
        };
        if record.folder.exists() {
            record.folder = place(&self.settings.save_folder, arrived, opened.from());
        }
        self.received.keep(opened, &record)?; // 1
        let files = contents.save(&record.folder, record.token())?; // 2
        let bytes: usize = files.iter().map(|file| file.size).sum();
        tracing::info!(message = record.message_id, from = %record.from, files = files.len(), bytes, "bundle.saved");
        Ok((self.saved(opened, record)?, files, false))
    }

    fn saved(&self, opened: &Opened, mut record: Record) -> Result<Record, Trouble> {
        record.saved_at = Some((self.clock)());
        self.received.keep(opened, &record)?; // 3
        Ok(record)
    }

    fn write_receipt(&self, opened: &Opened, record: &Record) -> Result<(), Trouble> {
        // What stood in the way of a refused receipt, such as an expired certificate, may have been mended.
        if !self.outbox.forget_refused(&record.receipt)? && self.outbox.knows(&record.receipt)? {
            return Ok(());
        }
        let saved_at = record.saved_at.unwrap_or_else(|| (self.clock)());
        let receipt = Receipt {
            message_id: record.receipt.clone(),
            original: record.message_id.clone(),
            digest: *opened.signature().digest(),
            saved_at,
        };
        let sender = self.settings.address_of(record.from)?;
        let octets = receipt.compose(&self.us, &sender, &self.identity, opened.innermost())?;
        self.outbox.put(&receipt.message_id, saved_at, &octets) // 4
    }

    /// Posts the receipts, and whatever else waits, and notes which receipts did not get through.
    fn acknowledge(&self, fetched: &mut [Fetched]) -> Result<(), Trouble> {
        let waits = self.outbox.entries()?.iter().any(|entry| entry.fate == Fate::Waiting);
        let mut outcomes = if waits { self.post_all()? } else { Vec::new() };
        for one in fetched {
            let End::Saved(arrival) = &mut one.end else { continue };
            let outcome = outcomes.iter().position(|outcome| outcome.entry.message_id == arrival.receipt);
            arrival.receipt_trouble = outcome.and_then(|at| outcomes.swap_remove(at).trouble);
        }
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
