//! The office's mailbox at the gateway: IMAP over TLS (RFC 8314 §3.2).

use std::collections::HashSet;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use async_imap::error::Error;
use async_imap::extensions::idle::IdleResponse;
use async_imap::types::{Capability, Fetch, Flag};
use async_imap::{Client, Session};
use fumibako_model::{
    ACKNOWLEDGED, Fault, NOTICES, OFFICES, OfficeNumber, Party, Private, State, delegated, kept_until,
};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mail_parser::{DateTime, MessageParser};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::reply;
use crate::settings::Settings;
use crate::terms::Terms;
use crate::tls::{self, network, unreachable};
use crate::trouble::Trouble;

/// UIDs in one FETCH: a command line of IMAP holds 64 KiB (Profile §12.1), and a UID has ten digits at most.
const HEADERS_AT_ONCE: usize = 1_000;

/// Profile §8.25.
const RETENTION: &str = "/shared/vendor/fumibako/retention-days";

/// How many times longer than any other answer a message may take.
const BODIES_TAKE: u32 = 20;

/// A folder of the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// 受信.
    Inbox,
    /// 送信: the gateway keeps the sender's copy here.
    Sent,
    /// 受領証.
    Receipts,
}

/// A folder, and whose: an agent sees those of several offices (Profile §9.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The office, where an agent looks; none: our own.
    pub office: Option<OfficeNumber>,
    /// The folder.
    pub folder: Folder,
}

impl From<Folder> for Place {
    fn from(folder: Folder) -> Self {
        Self { office: None, folder }
    }
}

impl Place {
    fn name(self) -> String {
        match self.office {
            Some(office) => format!("{OFFICES}/{office}/{}", self.folder.name()),
            None => self.folder.name().to_owned(),
        }
    }
}

/// A message as the gateway keeps it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its number in the folder.
    pub uid: u32,
    /// When the gateway took it in.
    pub arrived: Timestamp,
    /// Its size in bytes.
    pub size: u32,
    /// Its keywords and system flags.
    pub flags: Vec<String>,
    /// Its header, or the whole of it, as asked.
    pub octets: Private<Vec<u8>>,
}

/// A logged-in connection.
#[derive(Debug)]
pub struct Mailbox {
    host: String,
    patience: Duration,
    session: Session<TlsStream<TcpStream>>,
}

impl Folder {
    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Sent => "Sent",
            Self::Receipts => "Receipts",
        }
    }
}

impl Kept {
    /// How far the bundle came, on the sender's copy (Profile §8.1, §8.3).
    pub fn state(&self) -> Option<State> {
        State::from_keywords(self.flags.iter().map(String::as_str))
    }

    /// Why the recipient could not open it, as it says; not where a receipt came all the same, or the time is over (Profile §8.22).
    pub fn fault(&self) -> Option<Fault> {
        let open = self.state().is_none_or(|state| state < State::Retrieved);
        open.then(|| Fault::from_keywords(self.flags.iter().map(String::as_str))).flatten()
    }

    /// Until when the gateway keeps it, as the gateway says (Profile §8.25).
    pub fn until(&self) -> Option<Timestamp> {
        let date = DateTime::parse_rfc822(kept_until(&self.octets.0)?).filter(DateTime::is_valid)?;
        Timestamp::from_second(date.to_timestamp()).ok()
    }

    /// Has the gateway taken the receipt, on the recipient's copy (Profile §8.3)? `$MDNSent` says less: any mail tool sets it.
    pub fn is_acknowledged(&self) -> bool {
        self.flags.iter().any(|flag| flag.eq_ignore_ascii_case(ACKNOWLEDGED))
    }
}

impl Mailbox {
    /// Connects and logs in.
    pub async fn open(settings: &Settings) -> Result<Self, Trouble> {
        let (patience, password) = (tls::patience(settings), settings.password()?);
        let (host, stream) = tls::connect(settings, settings.imap_port).await?;
        let mut client = Client::new(stream);
        let greeting = waited(&host, patience, async { Ok(client.read_response().await?) }).await?;
        if greeting.is_none() {
            return Err(unreachable(&host, "closed before the greeting"));
        }
        let login = async { client.login(settings.login()?, &password.0).await.map_err(|(why, _)| said(&host, why)) };
        let session = tokio::time::timeout(patience, login).await.map_err(|_| unreachable(&host, "timeout"))??;
        Ok(Self { host, patience, session })
    }

    /// Opens a folder for changing flags. Returns its UIDVALIDITY: under another one, UIDs name other messages
    /// (RFC 3501 §2.3.1.1).
    pub async fn select(&mut self, place: impl Into<Place>) -> Result<Option<u32>, Trouble> {
        let name = place.into().name();
        waited(&self.host, self.patience, self.session.select(name)).await.map(|folder| folder.uid_validity)
    }

    /// Waits until something happens in the open folder, or in what is watched (RFC 2177), and no longer than this. It is told at once, too, what
    /// happened since the folder was looked at. True: something did.
    pub async fn idle(self, most: Duration) -> Result<(Self, bool), Trouble> {
        let (host, patience) = (self.host, self.patience);
        let mut resting = self.session.idle();
        waited(&host, patience, resting.init()).await?;
        // The gateway's signs of life in between are no news, and must not keep us here for ever.
        let heard = {
            // Whoever drops the second half interrupts the first.
            let (heard, _stop) = resting.wait_with_timeout(most);
            tokio::time::timeout(most, heard).await
        };
        let news = match heard {
            Err(_) | Ok(Ok(IdleResponse::Timeout)) => false,
            Ok(Ok(IdleResponse::NewData(_))) => true,
            // RFC 3501 §7.1.5: what ends the stream is a connection that is gone.
            Ok(Ok(IdleResponse::ManualInterrupt)) => return Err(unreachable(&host, "connection lost")),
            Ok(Err(why)) => return Err(said(&host, why)),
        };
        let session = waited(&host, patience, resting.done()).await?;
        Ok((Self { host, patience, session }, news))
    }

    /// From now on [`Mailbox::idle`] hears what happens in any folder of the offices an agent acts for, and of folders that a mandate
    /// opens or shuts (RFC 5465 §3.1, Profile §7.17).
    pub async fn watch_offices(&mut self) -> Result<(), Trouble> {
        let order = format!("NOTIFY SET (subtree {OFFICES} (MessageNew MessageExpunge FlagChange MailboxName))");
        waited(&self.host, self.patience, self.session.run_command_and_check_ok(order)).await
    }

    /// What the gateway takes, and how long it keeps it. Where it does not say one of them, that stays unknown.
    pub(crate) async fn terms(&mut self) -> Result<Terms, Trouble> {
        let limit = |told: &Capability| match told {
            Capability::Atom(word) => word.strip_prefix("APPENDLIMIT=")?.parse().ok(),
            _ => None,
        };
        let asking = async { Ok(self.session.capabilities().await?.iter().find_map(limit)) };
        let limit = waited(&self.host, self.patience, asking).await?;
        let asking = self.session.get_metadata("", "", RETENTION);
        let days = match waited(&self.host, self.patience, asking).await {
            Ok(entries) => entries.into_iter().find_map(|entry| entry.value?.parse().ok()),
            Err(Trouble::Refused { .. } | Trouble::Garbled(_)) => None,
            Err(why) => return Err(why),
        };
        Ok(Terms { message_bytes: limit, retention_days: days })
    }

    /// Where we find this folder: our own, or those of the offices that let an agent look into theirs, by number.
    pub async fn places(&mut self, party: &Party, folder: Folder) -> Result<Vec<Place>, Trouble> {
        if let Party::Office(_) = party {
            return Ok(vec![folder.into()]);
        }
        let pattern = format!("{OFFICES}/%/{}", folder.name());
        let listing = async { self.session.list(Some(""), Some(&pattern)).await?.try_collect::<Vec<_>>().await };
        let listed = waited(&self.host, self.patience, listing).await?;
        let named = listed.iter().filter_map(|name| delegated(&name.name().parse().ok()?));
        let mut offices: Vec<OfficeNumber> = named.map(|(office, _)| office).collect();
        offices.sort_unstable();
        Ok(offices.into_iter().map(|office| Place { office: Some(office), folder }).collect())
    }

    /// UIDs that match, oldest first.
    pub async fn search(&mut self, query: &str) -> Result<Vec<u32>, Trouble> {
        let found = waited(&self.host, self.patience, self.session.uid_search(query)).await?;
        let mut uids: Vec<u32> = found.into_iter().collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// Headers and flags of messages; nothing is marked as seen.
    pub async fn headers(&mut self, uids: &[u32]) -> Result<Vec<Kept>, Trouble> {
        let mut kept = Vec::new();
        for some in uids.chunks(HEADERS_AT_ONCE) {
            let set: Vec<String> = some.iter().map(u32::to_string).collect();
            kept.extend(self.fetch(&set.join(","), "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])").await?);
        }
        kept.sort_by_key(|kept| kept.uid);
        Ok(kept)
    }

    /// A whole message; it is not marked as seen (RFC 3501 §6.4.5: PEEK). None: it is gone.
    pub async fn message(&mut self, uid: u32) -> Result<Option<Kept>, Trouble> {
        let whole = self.fetch(&uid.to_string(), "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])").await?;
        Ok(whole.into_iter().next())
    }

    /// A message to look at: all of it but its last octet (RFC 3501 §6.4.5), so that it did not go out whole, and is not handed over when
    /// somebody removes it (Profile §8.10, §15.5). That octet ends the last line, or the last boundary, and is put back here; what ends
    /// otherwise only the whole of it shows. None: it is gone.
    pub async fn look(&mut self, head: &Kept) -> Result<Option<Kept>, Trouble> {
        let most = head.size.saturating_sub(1).max(1);
        let what = format!("(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{most}>)");
        let Some(mut kept) = self.fetch(&head.uid.to_string(), &what).await?.into_iter().next() else {
            return Ok(None);
        };
        let octets = &mut kept.octets.0;
        match octets.last() {
            Some(b'\r') => octets.push(b'\n'),
            Some(b'-') => octets.push(b'-'),
            _ => return self.message(head.uid).await,
        }
        Ok(Some(kept))
    }

    /// The octet that [`Mailbox::look`] left: now it went out whole, over this connection.
    pub async fn take(&mut self, kept: &Kept) -> Result<(), Trouble> {
        let what = format!("(UID BODY.PEEK[]<{}.1>)", kept.size.saturating_sub(1));
        self.fetch(&kept.uid.to_string(), &what).await.map(|_| ())
    }

    /// Sets flags on a message (RFC 3501 §6.4.6).
    pub async fn mark(&mut self, uid: u32, flags: &str) -> Result<(), Trouble> {
        self.store(uid.to_string(), flags).await
    }

    async fn store(&mut self, uids: String, flags: &str) -> Result<(), Trouble> {
        let change = format!("+FLAGS.SILENT ({flags})");
        let storing = async {
            let answers = self.session.uid_store(uids, change).await?;
            answers.try_collect::<Vec<_>>().await
        };
        waited(&self.host, self.patience, storing).await.map(|_| ())
    }

    /// Profile §18.4: we have seen these notices, by their numbers. What came to stand meanwhile, nobody was shown.
    pub async fn see_notices(&mut self, shown: &HashSet<u64>) -> Result<(), Trouble> {
        waited(&self.host, self.patience, self.session.select(NOTICES)).await?;
        let standing = self.search("UNSEEN").await?;
        let headers = self.headers(&standing).await?;
        match uids_of(&headers, shown) {
            Some(seen) => self.store(seen, "\\Seen").await,
            None => Ok(()),
        }
    }

    /// Says good-bye; a gateway that does not answer is left all the same.
    pub async fn close(mut self) {
        let _ = waited(&self.host, Duration::from_secs(2), self.session.logout()).await;
    }

    async fn fetch(&mut self, set: &str, what: &str) -> Result<Vec<Kept>, Trouble> {
        let fetching = async { self.session.uid_fetch(set, what).await?.try_collect::<Vec<_>>().await };
        // The whole answer is waited for, and 25 MiB take minutes on a slow line.
        let fetched = waited(&self.host, self.patience * BODIES_TAKE, fetching).await?;
        Ok(fetched.iter().filter_map(kept).collect())
    }
}

/// None: an answer about something else, such as a flag that changed meanwhile.
fn kept(fetch: &Fetch) -> Option<Kept> {
    Some(Kept {
        uid: fetch.uid?,
        arrived: Timestamp::from_second(fetch.internal_date()?.timestamp()).ok()?,
        size: fetch.size?,
        flags: fetch.flags().map(flag).collect(),
        octets: Private(fetch.body().or_else(|| fetch.header()).unwrap_or_default().to_vec()),
    })
}

/// The UIDs of the messages that show these notices: a notice's number is not its message's UID (RFC 3501 §2.3.1.1). `None`: of none, as a
/// set of none cannot be written (RFC 3501 §9).
fn uids_of(headers: &[Kept], shown: &HashSet<u64>) -> Option<String> {
    let seen = headers.iter().filter(|kept| notice_number(&kept.octets.0).is_some_and(|id| shown.contains(&id)));
    let seen: Vec<String> = seen.map(|kept| kept.uid.to_string()).collect();
    (!seen.is_empty()).then(|| seen.join(","))
}

/// The number of the notice that a message shows (Profile §18.2).
fn notice_number(header: &[u8]) -> Option<u64> {
    let message = MessageParser::default().parse_headers(header)?;
    let mut facts = message.header_raw("Fumibako-Notice")?.split(';');
    facts.find_map(|fact| fact.trim().strip_prefix("id=")?.parse().ok())
}

fn flag(flag: Flag<'_>) -> String {
    match flag {
        Flag::Custom(keyword) => keyword.into_owned(),
        system => format!("\\{system:?}"),
    }
}

async fn waited<T: Debug>(
    host: &str,
    patience: Duration,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(patience, command).await {
        Err(_) => Err(unreachable(host, "timeout")),
        Ok(answer) => answer.map_err(|why| said(host, why)),
    }
}

fn said(host: &str, why: Error) -> Trouble {
    match why {
        Error::No(text) | Error::Bad(text) => reply::trouble(&text),
        Error::Io(why) => network(host, &why),
        Error::ConnectionLost => unreachable(host, "connection lost"),
        // Anything else may quote what was received, so only its kind is kept.
        Error::Parse(_) => Trouble::Garbled("IMAP grammar".into()),
        Error::Validate(_) => Trouble::Garbled("a character that IMAP cannot carry".into()),
        _ => Trouble::Garbled("IMAP".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §18.4
    #[test]
    fn a_notice_is_marked_by_the_uid_of_its_message() {
        let message = |uid, header: &str| Kept {
            uid,
            arrived: Timestamp::UNIX_EPOCH,
            size: 1,
            flags: Vec::new(),
            octets: Private(format!("{header}\r\n\r\n").into_bytes()),
        };
        let headers = [
            message(11, "Fumibako-Notice: v=1; id=3; kind=info"),
            message(3, "Fumibako-Notice: v=1; id=11; kind=info"),
            message(7, "Subject: no notice"),
            message(12, "Fumibako-Notice: v=1; id=5; kind=info"),
        ];
        let of = |shown: &[u64]| uids_of(&headers, &shown.iter().copied().collect());
        assert_eq!(of(&[3]).as_deref(), Some("11"));
        assert_eq!(of(&[11, 5]).as_deref(), Some("3,12"));
        assert_eq!([of(&[7]), of(&[12]), of(&[])], [None, None, None]);
    }
}
