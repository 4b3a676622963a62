//! Plays a transcript against a server over sockets. One player for all: how strictly the answers are heard is the judge's.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::time::Duration;

use crate::line::{Door, Line};
use crate::transcript::{Step, Turn, fits};

/// How long a silent server is listened to.
const SILENCE: Duration = Duration::from_millis(100);
/// The one act that needs no arrangement: the client knocks at the other door.
pub(crate) const CLEAR: &str = "set cover clear";

/// Where a server is reached: under TLS, and without it.
#[derive(Clone)]
pub struct Doors {
    /// Connections that are under TLS when the conversation begins.
    pub tls: Door,
    /// Connections in clear, for transcripts of STARTTLS.
    pub clear: Option<Door>,
}

/// A line the server should say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
    /// What the client said last.
    pub(crate) after: &'a str,
}

/// Something the server said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The command it answers: a tag, or the client's line.
    pub at: String,
    /// What the transcript expects.
    pub expected: String,
    /// What the server said.
    pub actual: String,
    /// Nothing that follows can be played any more.
    pub lost: bool,
}

impl Heard {
    pub(crate) fn at(at: &str, expected: &str, actual: &str) -> Self {
        Self { at: at.to_owned(), expected: expected.to_owned(), actual: actual.to_owned(), lost: false }
    }

    /// The same in other words; of a long line its beginning.
    pub(crate) fn with(self, words: impl Fn(&str) -> String) -> Self {
        const SHOWN: usize = 300;
        let shown = |text: &str| words(text).chars().take(SHOWN).collect();
        Self { at: shown(&self.at), expected: shown(&self.expected), actual: shown(&self.actual), ..self }
    }
}

/// Hears what a server says where a transcript has lines for it.
pub(crate) trait Judge {
    /// What differs. An error ends the connection.
    fn hear(&mut self, line: &mut Line, patterns: &[Pattern<'_>]) -> io::Result<Vec<Heard>>;
}

/// Does what a transcript arranges at the server (`! …`).
pub(crate) trait Arrange {
    fn act(&mut self, words: &str) -> io::Result<()>;
}

/// One connection of a transcript.
struct Talk {
    line: Line,
    /// STARTTLS was said and not yet answered.
    securing: bool,
    /// What the client says until it listens again.
    breath: Vec<u8>,
    /// Its last line.
    said: String,
}

/// A transcript being played.
pub(crate) struct Player<'a> {
    pub(crate) doors: &'a Doors,
    pub(crate) judge: &'a mut dyn Judge,
    pub(crate) arrange: &'a mut dyn Arrange,
    /// How long a server that should speak may be silent.
    pub(crate) patience: Duration,
}

impl Player<'_> {
    /// Plays it all; what the server said otherwise.
    pub(crate) fn play(&mut self, steps: &[Step]) -> Vec<Heard> {
        let (mut talks, mut clear, mut heard) = (BTreeMap::new(), false, Vec::new());
        let mut rest = steps;
        while let Some((step, after)) = rest.split_first() {
            let block = match &step.turn {
                Turn::Server(_) => 1 + after.iter().take_while(|next| follows(step, next)).count(),
                _ => 1,
            };
            let (now, later) = rest.split_at(block);
            rest = later;
            if step.turn == Turn::Act(CLEAR.to_owned()) {
                clear = true;
                continue;
            }
            match self.turn(&mut talks, clear, now) {
                Ok(more) => heard.extend(more),
                Err(why) => {
                    let at = told(&talks, step);
                    heard.push(Heard { lost: true, ..Heard::at(&at, "an answer", &broken(&why)) });
                }
            }
            if heard.last().is_some_and(|last| last.lost) {
                break;
            }
        }
        heard
    }

    fn turn(&mut self, talks: &mut BTreeMap<u32, Talk>, clear: bool, steps: &[Step]) -> io::Result<Vec<Heard>> {
        let step = &steps[0];
        if let Turn::Act(words) = &step.turn {
            for talk in talks.values_mut() {
                talk.exhale()?;
            }
            return self.arrange.act(words).map(|()| Vec::new());
        }
        let talk = match talks.entry(step.connection) {
            Entry::Occupied(talk) => talk.into_mut(),
            Entry::Vacant(place) => place.insert(Talk::open(self.doors, clear, self.patience)?),
        };
        if let Turn::Client(octets) = &step.turn {
            talk.inhale(octets);
            return Ok(Vec::new());
        }
        talk.exhale()?;
        match &step.turn {
            Turn::Server(_) => talk.hear(self.judge, steps),
            Turn::Silent => match talk.line.overheard(SILENCE)? {
                said if said.is_empty() => Ok(Vec::new()),
                said => Ok(vec![Heard::at(&talk.said, "silence", String::from_utf8_lossy(&said).trim_end())]),
            },
            Turn::Closed => match talk.line.line() {
                Err(_) => Ok(Vec::new()),
                Ok(said) => Ok(vec![Heard::at(&talk.said, "the end of the connection", &said)]),
            },
            // A client does not see what the conversation asks its server.
            Turn::Asked(_) | Turn::Act(_) | Turn::Pass(_) | Turn::Client(_) => Ok(Vec::new()),
        }
    }
}

/// What broke a connection, in one word for what differs from run to run.
fn broken(why: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock};
    match why.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => "the end of the connection".to_owned(),
        TimedOut | WouldBlock => "nothing in time".to_owned(),
        _ => why.to_string(),
    }
}

/// A further line of the server's on the same connection; what is asked behind the scene stands between them.
fn follows(first: &Step, next: &Step) -> bool {
    first.connection == next.connection && matches!(next.turn, Turn::Server(_) | Turn::Asked(_))
}

fn told(talks: &BTreeMap<u32, Talk>, step: &Step) -> String {
    talks.get(&step.connection).map_or_else(|| "the connection".to_owned(), |talk| talk.said.clone())
}

impl Talk {
    fn open(doors: &Doors, clear: bool, patience: Duration) -> io::Result<Self> {
        let no_door = || io::Error::other("there is no door without TLS");
        let mut line =
            if clear { Line::open_clear(doors.clear.as_ref().ok_or_else(no_door)?)? } else { Line::open(&doors.tls)? };
        line.patience(patience)?;
        Ok(Self { line, securing: false, breath: Vec::new(), said: String::new() })
    }

    fn inhale(&mut self, octets: &[u8]) {
        let said = String::from_utf8_lossy(octets).trim_end().to_owned();
        let asks = ["STARTTLS", "STLS"].iter().any(|verb| said.to_ascii_uppercase().ends_with(verb));
        self.securing |= asks && !self.line.is_secure();
        self.said = said.chars().take_while(|next| !next.is_control()).collect();
        // What is said after STARTTLS goes out in clear with it, in one piece: said later it would be taken for the
        // first octets of the handshake, and say nothing about the server.
        self.breath.extend(octets);
    }

    fn exhale(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.breath) {
            breath if breath.is_empty() => Ok(()),
            breath => self.line.send(&breath),
        }
    }

    fn hear(&mut self, judge: &mut dyn Judge, steps: &[Step]) -> io::Result<Vec<Heard>> {
        let pattern = |step: &'_ Step| match &step.turn {
            Turn::Server(text) => Some((step.line, text.clone())),
            _ => None,
        };
        let texts: Vec<(usize, String)> = steps.iter().filter_map(pattern).collect();
        let patterns: Vec<Pattern<'_>> =
            texts.iter().map(|(line, text)| Pattern { line: *line, text, after: &self.said }).collect();
        let heard = judge.hear(&mut self.line, &patterns)?;
        if std::mem::take(&mut self.securing) && heard.is_empty() && texts.iter().any(|(_, text)| is_yes(text)) {
            self.line.secure()?;
        }
        Ok(heard)
    }
}

fn is_yes(text: &str) -> bool {
    text.starts_with("220 ") || text.starts_with("+OK ") || text.split(' ').nth(1) == Some("OK")
}

/// Hears every line exactly as it stands, but for what each server has of its own.
pub(crate) struct Exact<'a> {
    pub(crate) own: &'a [(&'a str, &'a str)],
}

impl Judge for Exact<'_> {
    fn hear(&mut self, line: &mut Line, patterns: &[Pattern<'_>]) -> io::Result<Vec<Heard>> {
        for Pattern { line: at, text, .. } in patterns {
            let mut said = line.line()?;
            // RFC 3501 §2.3.2: what is recent depends on who looked before; a transcript that does not name it leaves it open.
            while said.ends_with(" RECENT") && !text.ends_with("RECENT") {
                said = line.line()?;
            }
            if !text.contains("\\Recent") {
                said = said.replace("\\Recent ", "").replace("\\Recent)", ")");
            }
            let text = self.own.iter().fold((*text).to_owned(), |text, (known, own)| text.replace(known, own));
            if !fits(&text, &said) {
                return Ok(vec![Heard { lost: true, ..Heard::at(&format!("line {at}"), &text, &said) }]);
            }
        }
        Ok(Vec::new())
    }
}
