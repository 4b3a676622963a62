//! The conformance kit: plays the transcripts against any server, and says where it differs.
//!
//! Start at [`Target::play`]; `player` holds the sockets, a judge for each protocol hears what another server may say in
//! other words, `world` sets up what a transcript takes for granted.

mod imap;
mod listed;
mod player;
mod reply;
mod report;
mod script;
mod value;
mod world;

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::imap::quoted;
use crate::line::{Door, Line, Upgrade};

pub use listed::Listed;
pub use player::{Doors, Heard};
pub(crate) use report::escaped;
pub use report::{Format, report};
pub use script::Script;
pub(crate) use world::World;

use player::{Arrange, Exact, Judge, Player};

/// How long a server may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// The protocols of the transcripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321, RFC 6409.
    Smtp,
    /// RFC 3501, RFC 9051.
    Imap,
    /// RFC 1939.
    Pop3,
}

/// A server, and an account on it.
#[derive(Clone)]
pub struct Target {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where.
    pub doors: Doors,
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: String,
    /// SMTP: the account's address, and one that may be written to.
    pub addresses: Option<[String; 2]>,
    /// POP3: an IMAP door of the same account, by which messages come into `INBOX`. All that is there is removed.
    pub fill: Option<Door>,
}

/// What became of a transcript.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The server says what it expects.
    Holds,
    /// It says something else here.
    Differs(Vec<Heard>),
    /// It cannot be played here: why.
    NotHere(String),
}

/// A transcript, played.
#[derive(Clone, Debug)]
pub struct Played {
    /// The transcript.
    pub script: Script,
    /// What became of it.
    pub verdict: Verdict,
}

impl Protocol {
    /// The folder of its transcripts.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
        }
    }

    /// How a connection in clear comes under TLS.
    pub fn upgrade(self) -> Upgrade {
        match self {
            Self::Smtp => Upgrade { ask: "STARTTLS", yes: "220", before: Some(("EHLO kit.example", "250 ")) },
            Self::Imap => Upgrade { ask: "t STARTTLS", yes: "t OK", before: None },
            Self::Pop3 => Upgrade { ask: "STLS", yes: "+OK", before: None },
        }
    }
}

/// A server nothing is arranged at.
struct Nothing;

impl Arrange for Nothing {
    fn act(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

impl Script {
    /// Plays it exactly as it stands, but for what each server has of its own. The first thing said otherwise.
    pub fn play_exactly(&self, doors: &Doors, own: &[(&str, &str)]) -> Option<Heard> {
        let patience = Duration::from_secs(30);
        let mut player = Player { doors, judge: &mut Exact { own }, arrange: &mut Nothing, patience };
        player.play(&script::steps(self.text)).into_iter().next()
    }
}

impl Target {
    /// Plays every transcript of its protocol whose name holds this (Profile §14.1).
    pub fn play(&self, only: &str) -> io::Result<Vec<Played>> {
        let door = if self.protocol == Protocol::Imap { Some(&self.doors.tls) } else { self.fill.as_ref() };
        let mut world = door.map(|door| world::World::open(door, &self.user, &self.password)).transpose()?;
        let offered = match (&world, self.protocol) {
            (Some(world), Protocol::Imap) => world.offered.clone(),
            _ => self.offered()?,
        };
        let scripts = Script::of(self.protocol.folder()).filter(|script| script.name.contains(only));
        let mut all = Vec::new();
        for script in scripts {
            let verdict = match self.hindrance(script, &offered) {
                Some(why) => Verdict::NotHere(why),
                None if self.protocol == Protocol::Imap => self.play_imap(script, world.as_mut())?,
                None => self.play_plain(script, world.as_mut()),
            };
            all.push(Played { script, verdict });
        }
        Ok(all)
    }

    /// Why a transcript says nothing about this server.
    fn hindrance(&self, script: Script, offered: &BTreeSet<String>) -> Option<String> {
        let Some(needs) = script.needs() else { return Some("it is about Fumibako's own gateway".into()) };
        if let Some(missing) = needs.iter().find(|name| !offered.contains(&name.to_ascii_uppercase())) {
            return Some(format!("the server does not offer {missing}"));
        }
        let can = |act: &String| match self.protocol {
            Protocol::Imap => world::can(act),
            _ => act.starts_with("deliver ") && self.fill.is_some(),
        };
        if let Some(act) = script.acts().iter().find(|act| !can(act)) {
            return Some(format!("nothing arranges this here: {act}"));
        }
        let fails = [
            (script.passes_time(), "it lets time pass"),
            (
                script.is_clear() && self.doors.clear.is_none(),
                "it begins in clear, and the target is under TLS at once",
            ),
            (self.protocol == Protocol::Smtp && self.addresses.is_none(), "it needs --from and --to"),
        ];
        fails.iter().find(|(is_so, _)| *is_so).map(|(_, why)| (*why).into())
    }

    fn play_imap(&self, script: Script, world: Option<&mut world::World>) -> io::Result<Verdict> {
        let world = world.ok_or_else(|| io::Error::other("there is no mailbox"))?;
        let text = self.personal(&world.prepare(script.text)?);
        let mut judge = imap::Imap::new(world.before.clone());
        let heard = self.heard(&text, &mut judge, world);
        let heard = heard.into_iter().map(|heard| heard.with(|text| world.restored(text))).collect();
        world.clean()?;
        Ok(verdict(heard))
    }

    fn play_plain(&self, script: Script, world: Option<&mut world::World>) -> Verdict {
        let folder = self.protocol.folder();
        let file = |act: &String| script::message(folder, act.strip_prefix("deliver ")?);
        let messages: Vec<Vec<u8>> = script.acts().iter().filter_map(file).collect();
        if let Some(world) = world
            && let Err(why) = world.fill(&messages)
        {
            return Verdict::NotHere(format!("messages do not come into INBOX by APPEND: {why}"));
        }
        let text = self.personal(script.text);
        verdict(match self.protocol {
            Protocol::Smtp => self.heard(&text, &mut reply::Smtp, &mut Nothing),
            _ => self.heard(&text, &mut reply::Pop3, &mut Nothing),
        })
    }

    fn heard(&self, text: &str, judge: &mut dyn Judge, arrange: &mut dyn Arrange) -> Vec<Heard> {
        let heard = Player { doors: &self.doors, judge, arrange, patience: PATIENCE }.play(&script::steps(text));
        // A password is in no report.
        let example =
            |text: &str| self.own().iter().fold(text.to_owned(), |text, (known, own)| text.replace(own, known));
        heard.into_iter().map(|heard| heard.with(example)).collect()
    }

    /// The transcript with this account's login and addresses in place of the example's.
    fn personal(&self, text: &str) -> String {
        self.own().iter().fold(text.to_owned(), |text, (known, own)| text.replace(known, own))
    }

    /// What the transcripts say of the example's account, and what that is here.
    fn own(&self) -> Vec<(String, String)> {
        let login = format!("LOGIN {} {}", quoted(&self.user), quoted(&self.password));
        let proof = |user: &str, password: &str| STANDARD.encode(format!("\0{user}\0{password}"));
        let mut own = match self.protocol {
            Protocol::Imap => vec![("LOGIN 9970000011 himitsu".to_owned(), login)],
            Protocol::Smtp => vec![(proof("kawara", "secret"), proof(&self.user, &self.password))],
            Protocol::Pop3 => vec![
                ("USER 9970000011".to_owned(), format!("USER {}", self.user)),
                ("PASS secret".to_owned(), format!("PASS {}", self.password)),
            ],
        };
        if let Some([from, to]) = &self.addresses {
            own.push(("9970000011@plans.example".to_owned(), from.clone()));
            own.push(("9970000029@plans.example".to_owned(), to.clone()));
        }
        own
    }

    /// What an SMTP or POP3 server says it offers.
    fn offered(&self) -> io::Result<BTreeSet<String>> {
        let mut line = Line::open(&self.doors.tls)?;
        line.line()?;
        let ask = if self.protocol == Protocol::Smtp { "EHLO kit.example" } else { "CAPA" };
        line.send(format!("{ask}\r\n").as_bytes())?;
        let mut offered = BTreeSet::new();
        loop {
            let said = line.line()?;
            let name = said.trim_start_matches(|mark: char| mark.is_ascii_digit() || mark == '-');
            offered.extend(name.split_whitespace().next().map(str::to_ascii_uppercase));
            if said == "."
                || said.starts_with("-ERR")
                || said.starts_with(|first: char| first.is_ascii_digit()) && said.as_bytes().get(3) == Some(&b' ')
            {
                return Ok(offered);
            }
        }
    }
}

fn verdict(heard: Vec<Heard>) -> Verdict {
    if heard.is_empty() { Verdict::Holds } else { Verdict::Differs(heard) }
}
