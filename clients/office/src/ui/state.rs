//! What the screens know, kept while the program runs.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fumibako_model::OfficeNumber;
use fumibako_web::Link;
use fumibako_web::part::Words;
use jiff::Timestamp;
use tokio::sync::{Mutex as Turn, Notify, broadcast};

use super::Options;
use super::kept::Kept;
use super::letters::Letter;
use super::session::Sessions;
use super::work::look::Mail;
use crate::disk;
use crate::random;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Pages that may lag behind by so many news before they are told to look at everything.
const NEWS: usize = 64;

/// Everything that requests share.
#[derive(Debug)]
pub(super) struct App {
    pub(super) settings: Settings,
    pub(super) clock: fn() -> Timestamp,
    /// The one host and port that is answered.
    pub(super) host: String,
    pub(super) sessions: Arc<Sessions>,
    pub(super) letters: Mutex<Letters>,
    /// Where letters are kept; it is locked before `letters`, never after.
    pub(super) kept: Mutex<Kept>,
    pub(super) mail: Mutex<Mail>,
    /// The batch that is being sent, or whose end nobody has seen yet.
    pub(super) run: Mutex<Option<Run>>,
    /// What changed, for pages that are open.
    pub(super) news: broadcast::Sender<&'static str>,
    /// Wakes the one who looks at the gateway.
    pub(super) look: Notify,
    /// Wakes the one who asks the register.
    pub(super) ask: Notify,
    /// Wakes those who listen, once the gateway is there.
    pub(super) online: Notify,
    /// So many connections listen.
    pub(super) listening: AtomicUsize,
    pub(super) look_seconds: u32,
    /// One at a time may use the outbox and the keys.
    pub(super) turn: Turn<()>,
}

/// Letters by their id.
#[derive(Default)]
pub(super) struct Letters {
    pub(super) drafts: BTreeMap<String, Letter>,
    pub(super) rows: BTreeMap<String, Letter>,
    /// Letters that 再送 or 取消 made and nobody changed yet: no drafts, and forgotten with the program.
    pub(super) offered: BTreeMap<String, Letter>,
    /// Ids of letters that went: nothing is written under them any more.
    pub(super) went: VecDeque<String>,
    /// Drafts that are on their way into the outbox.
    pub(super) leaving: BTreeMap<String, Letter>,
    /// Rows that are being edited: 戻る throws these away (BE-04).
    pub(super) edits: BTreeMap<String, Letter>,
    /// Files that 一括送信 did not take.
    pub(super) left: Vec<super::letters::NotAdded>,
}

/// A batch that is being sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The rows that were chosen, in their order.
    pub(super) rows: Vec<String>,
    pub(super) running: bool,
    pub(super) stopping: bool,
}

impl App {
    pub(super) fn new(
        settings: Settings,
        clock: fn() -> Timestamp,
        options: &Options,
        port: u16,
    ) -> Result<Self, Trouble> {
        settings.party()?;
        let host = format!("{}.localhost:{port}", installation(&settings.data_folder)?);
        let sessions = Arc::new(Sessions::new(settings.idle_seconds));
        Ok(Self {
            settings,
            clock,
            host,
            sessions,
            letters: Mutex::default(),
            kept: Mutex::default(),
            mail: Mutex::default(),
            run: Mutex::default(),
            news: broadcast::channel(NEWS).0,
            look: Notify::new(),
            ask: Notify::new(),
            online: Notify::new(),
            listening: AtomicUsize::new(0),
            look_seconds: options.look_seconds,
            turn: Turn::new(()),
        })
    }

    /// Tells open pages that something changed; that nobody listens is no matter. What changed of the letters is on disk
    /// first.
    pub(super) fn tell(&self, area: &'static str) {
        if let Err(why) = self.keep_letters() {
            tracing::warn!(%why, "ui.not-kept");
        }
        if matches!(area, "drafts" | "batch") {
            // There may be an office whose name nobody knows yet.
            self.ask.notify_one();
        }
        let _ = self.news.send(area);
    }

    /// 事業所名, if it is known.
    pub(super) fn name_of(&self, office: OfficeNumber) -> Option<String> {
        held(&self.mail).name_of(office)
    }

    /// Is the gateway there?
    pub(super) fn link(&self, lang: fumibako_careplan::Lang) -> Link {
        match &held(&self.mail).link {
            None => Link::Unknown,
            Some(Ok(())) => Link::Online,
            Some(Err(why)) if why.network => Link::Offline,
            Some(Err(why)) => Link::Refused(super::paint::pick(&why.words, lang).what),
        }
    }

    /// Octets of a message that the gateway takes.
    pub(super) fn most(&self) -> usize {
        held(&self.mail).terms.most()
    }

    /// Days that it keeps content, if it says so.
    pub(super) fn keeps(&self) -> Option<usize> {
        held(&self.mail).terms.retention_days.and_then(|days| usize::try_from(days).ok())
    }

    /// Where files are saved unless somebody says otherwise: the whole path.
    pub(super) fn save_folder(&self) -> PathBuf {
        let folder = held(&self.mail).folder.clone().unwrap_or_else(|| self.settings.save_folder.clone());
        std::path::absolute(&folder).unwrap_or(folder)
    }
}

/// A trouble in both languages, as the language of a page may change.
pub(super) fn both(trouble: &Trouble) -> (Words, Words) {
    use fumibako_careplan::Lang::{En, Ja};
    let of = |lang| super::paint::words(&trouble.on_screen(lang));
    (of(Ja), of(En))
}

/// Where the name is remembered.
const NAME: &str = "ui-name";

/// A cookie goes to every port of its host name, so the name is this installation's own and nobody can guess it.
pub(super) fn installation(data_folder: &Path) -> Result<String, Trouble> {
    let place = data_folder.join(NAME);
    disk::private_folder(data_folder).map_err(Trouble::writing(data_folder))?;
    match std::fs::read_to_string(&place) {
        Ok(name) if name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(name),
        _ => {
            let name = random::hex()[..16].to_owned();
            disk::replace(&place, name.as_bytes()).map_err(Trouble::writing(&place))?;
            Ok(name)
        }
    }
}

/// Gives the name up; the next one is drawn when it is asked for.
pub(super) fn forget_installation(data_folder: &Path) -> Result<(), Trouble> {
    let place = data_folder.join(NAME);
    disk::remove(&place).map_err(Trouble::writing(&place))
}

/// The content of a lock. A request that panicked while it held one left values that are whole: each change is one step.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Letters hold care data.
impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} drafts, {} rows", self.drafts.len(), self.rows.len())
    }
}
