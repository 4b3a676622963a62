//! このパソコンの点検: looks at everything that sending and receiving need, in the order in which one needs the other, and says
//! of each what was seen, or what is wrong and what to do. It changes nothing, sends nothing and acknowledges nothing.

use std::io::Write as _;
use std::path::Path;

use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, Party};
use fumibako_web::text::{say, say_with};
use jiff::{SignedDuration, Timestamp};

use crate::bundle::MESSAGE_BYTES;
use crate::exit::Exit;
use crate::keep::Keep;
use crate::licence::{Advice, At, advice, ours};
use crate::mailbox::Mailbox;
use crate::settings::Settings;
use crate::trouble::{Trouble, Words};
use crate::{https, tls};

/// How far this computer's clock may be from the gateway's: past it signatures are dated wrong.
const CLOCK: SignedDuration = SignedDuration::from_mins(5);
/// HM-09: from so many days before its end on a certificate is worth a word.
const WARN_DAYS: i64 = 60;

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    /// The texts: what was looked at, and that it is well.
    says: [&'static str; 2],
    seen: Seen,
}

#[derive(Debug)]
enum Seen {
    /// All is well; the value is what was seen.
    Well(String),
    /// All is well yet: a certificate that ends soon.
    Ends(Timestamp, i64),
    /// The clock differs by so many seconds from the gateway's.
    Clock(i64),
    /// Nothing can be sent or received, and why.
    Licence(Advice),
    Wrong(Trouble),
}

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is to be done.
    Good,
    /// It works yet.
    Soon,
    /// It does not work.
    Bad,
}

/// Profile §15.8: looks at everything. It waits for the gateway, at most as long as the settings say, a few times.
pub fn examine(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new(
            ["check-settings", "seen-settings"],
            settings.party().and(settings.domain().map(ToString::to_string)),
        ),
        Finding::new(
            ["check-login", "seen-login"],
            settings.login().and_then(|login| settings.password().map(|_| login.to_owned())),
        ),
        certificate(settings, now),
        Finding::new(["check-kept", "seen-kept"], kept(settings, now)),
        Finding::new(["check-folder", "seen-folder"], writable(&settings.save_folder)),
        Finding::new(["check-space", "seen-space"], space(&settings.save_folder)),
        Finding::new(["check-gateway", "seen-gateway"], reached(settings, settings.https_port)),
        clock(settings, now),
        Finding::new(["check-submission", "seen-submission"], reached(settings, settings.submission_port)),
        Finding::new(["check-mailbox", "seen-mailbox"], mailbox(settings)),
    ];
    // Agents have none of their own.
    if !matches!(settings.party(), Ok(Party::Agent(_))) {
        findings.push(Finding { says: ["check-licence", "seen-licence"], seen: licence(settings) });
    }
    findings
}

/// How a program ends that found this.
pub fn exit(findings: &[Finding]) -> Exit {
    let mut wrong = findings.iter().filter_map(|finding| match &finding.seen {
        Seen::Wrong(trouble) => Some(trouble.exit()),
        Seen::Clock(_) => Some(Exit::NOT_SET_UP),
        Seen::Licence(_) => Some(Exit::PARTLY),
        Seen::Well(_) | Seen::Ends(..) => None,
    });
    // What stands first is what the others need.
    wrong.next().unwrap_or(Exit::OK)
}

impl Finding {
    fn new(says: [&'static str; 2], seen: Result<String, Trouble>) -> Self {
        Self { says, seen: seen.map_or_else(Seen::Wrong, Seen::Well) }
    }

    /// The name that programs know it by.
    pub fn id(&self) -> &'static str {
        self.says[0].trim_start_matches("check-")
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match &self.seen {
            Seen::Well(_) => Standing::Good,
            Seen::Ends(..) => Standing::Soon,
            Seen::Clock(_) | Seen::Licence(_) | Seen::Wrong(_) => Standing::Bad,
        }
    }

    /// What was looked at.
    pub fn what(&self, lang: Lang) -> String {
        say(lang, self.says[0]).into_owned()
    }

    /// What was seen, if it works.
    pub fn seen(&self, lang: Lang) -> String {
        match &self.seen {
            Seen::Well(value) => say_with(lang, self.says[1], &[("seen", value.as_str().into())]).into_owned(),
            _ => String::new(),
        }
    }

    /// What is wrong, or will be soon, as it is read there.
    pub(crate) fn words(&self, at: At, lang: Lang) -> Option<Words> {
        let (id, value) = match &self.seen {
            Seen::Well(_) => return None,
            Seen::Wrong(trouble) => {
                return Some(match at {
                    At::Screen => trouble.on_screen(lang),
                    At::Terminal => trouble.words(lang),
                });
            }
            Seen::Licence(advice) => {
                let (what, next) = (advice.what(lang), advice.next(at, lang));
                return Some(Words { what, next, code: None, reference: None });
            }
            Seen::Ends(end, days) => (["wrong-ends", "wrong-ends-next"], format!("{} ({days})", day(*end))),
            Seen::Clock(seconds) => (["wrong-clock", "wrong-clock-next"], seconds.to_string()),
        };
        let [what, next] = id.map(|id| say_with(lang, id, &[("seen", value.as_str().into())]).into_owned());
        Some(Words { what, next, code: None, reference: None })
    }
}

fn certificate(settings: &Settings, now: Timestamp) -> Finding {
    let end = settings.signer(now).map(|signer| signer.certificate().not_after());
    let seen = match end {
        Err(trouble) => Seen::Wrong(trouble),
        Ok(end) => match end.duration_since(now).as_hours() / 24 {
            days if days <= WARN_DAYS => Seen::Ends(end, days),
            _ => Seen::Well(day(end)),
        },
    };
    Finding { says: ["check-certificate", "seen-certificate"], seen }
}

/// Does what is kept open? While the screens are open they hold it, and would have said so.
fn kept(settings: &Settings, now: Timestamp) -> Result<String, Trouble> {
    match Keep::open(settings, now) {
        Err(Trouble::Busy(_)) => Ok(String::new()),
        kept => kept.map(|_| String::new()),
    }
}

fn writable(folder: &Path) -> Result<String, Trouble> {
    let tried = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    tried.map(|_| folder.display().to_string()).map_err(Trouble::writing(folder))
}

/// Is there room for the largest message? Only writing it tells, whatever the disk says of itself.
fn space(folder: &Path) -> Result<String, Trouble> {
    const PIECE: usize = 1 << 20;
    let write = || {
        let (mut file, piece) = (tempfile::tempfile_in(folder)?, vec![0x5A; PIECE]);
        (0..MESSAGE_BYTES.div_ceil(PIECE)).try_for_each(|_| file.write_all(&piece))?;
        file.sync_all()
    };
    write().map(|()| (MESSAGE_BYTES >> 20).to_string()).map_err(Trouble::writing(folder))
}

fn reached(settings: &Settings, port: u16) -> Result<String, Trouble> {
    crate::wait(async { tls::connect(settings, port).await.map(|(host, _)| host) })
}

/// Who cannot reach the gateway was told so a line above.
fn clock(settings: &Settings, now: Timestamp) -> Finding {
    let seen = match crate::wait(https::date(settings)) {
        Err(trouble) => Seen::Wrong(trouble),
        Ok(theirs) => match now.duration_since(theirs) {
            apart if apart.abs() > CLOCK => Seen::Clock(apart.as_secs()),
            apart => Seen::Well(apart.as_secs().abs().to_string()),
        },
    };
    Finding { says: ["check-clock", "seen-clock"], seen }
}

fn mailbox(settings: &Settings) -> Result<String, Trouble> {
    crate::wait(async {
        Mailbox::open(settings).await?.close().await;
        Ok(String::new())
    })
}

/// Without it nothing can be sent or received, though all the rest is well (Profile §10.8).
fn licence(settings: &Settings) -> Seen {
    let view = match ours(settings) {
        Ok(view) => view,
        Err(trouble) => return Seen::Wrong(trouble),
    };
    match advice(&view).into_iter().find(Advice::stops) {
        Some(advice) => Seen::Licence(advice),
        None => Seen::Well(view.until.map_or_else(String::new, |until| until.strftime("%Y/%m/%d").to_string())),
    }
}

fn day(at: Timestamp) -> String {
    JAPAN.to_datetime(at).strftime("%Y/%m/%d").to_string()
}
