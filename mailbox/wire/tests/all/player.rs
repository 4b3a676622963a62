//! Plays a transcript against conversations in memory, with a scripted server behind them.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use fumibako_model::{Private, Refusal, Refused};
use fumibako_wire::{Alert, Conversation, Effect};
use jiff::{SignedDuration, Timestamp};

use crate::claims::OFFER;
use crate::transcript::{Step, Turn, fits, read};

/// The network cuts where it likes; every transcript holds at each of these.
pub(crate) const CUTS: [usize; 5] = [1, 2, 3, 7, 4096];

/// What `! set NAME VALUE` arranged before a connection was opened.
pub(crate) type Settings = BTreeMap<String, String>;

/// Stands in for the gateway.
pub(crate) trait Desk {
    /// The conversation under test.
    type Session: Conversation;
    /// A new connection.
    fn open(&mut self, now: Timestamp, settings: &Settings) -> Self::Session;
    /// How a `?` line writes this question, and the body that went by before it.
    fn write(&self, ask: &<Self::Session as Conversation>::Ask, body: &[u8]) -> String;
    /// The answer: as `! answer WORDS` scripted it, or the desk's own.
    fn answer(
        &mut self,
        ask: <Self::Session as Conversation>::Ask,
        body: Vec<u8>,
        script: Option<&str>,
    ) -> Result<<Self::Session as Conversation>::Answer, String>;
    /// An act of this protocol's own (`! deliver …`). All connections get news afterwards.
    fn act(&mut self, words: &str) -> Result<(), String> {
        Err(format!("no such act: {words}"))
    }
}

/// `no CODE [about]` as a scripted refusal, with the reference `3FA2B1`.
pub(crate) fn refusal(script: &str) -> Option<(Refused, String)> {
    let mut words = script.strip_prefix("no ")?.splitn(2, ' ');
    let why: Refusal = words.next()?.parse().ok()?;
    Some((why.about(words.next().unwrap_or_default()), "3FA2B1".to_owned()))
}

/// Plays every `.txt` of a folder below `conformance/transcripts` at all cuts; panics with all that does not hold.
pub(crate) fn play_folder<D: Desk>(folder: &str, desk: impl Fn() -> D) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/transcripts").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "txt"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no transcript", folder.display());
    let mut broken = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.starts_with("# RFC") && !text.starts_with("# Profile") {
            broken.push(format!("{name}:1: the first line names the rules shown"));
        }
        let played =
            CUTS.iter().map(|cut| play(&text, *cut, desk()).map_err(|why| format!("{name}:{why} (cut {cut})")));
        broken.extend(played.filter_map(Result::err).take(1));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Plays one transcript, the client's bytes cut into pieces of `cut`.
pub(crate) fn play<D: Desk>(text: &str, cut: usize, desk: D) -> Result<(), String> {
    let steps = read(text).map_err(|why| why.to_string())?;
    let now: Timestamp = "2026-11-05T01:00:00Z".parse().unwrap();
    let mut stage = Stage { desk, now, cut, settings: Settings::new(), lines: BTreeMap::new() };
    let mut steps = steps.into_iter().peekable();
    while let Some(Step { line, connection, turn }) = steps.next() {
        let told = |why: String| format!("{line}: {why}");
        // Lines of the client that follow each other go out together: the cut decides how they arrive.
        let mut turn = turn;
        while let Turn::Client(bytes) = &mut turn
            && let Some(Step { turn: Turn::Client(more), .. }) =
                steps.next_if(|step| step.connection == connection && matches!(step.turn, Turn::Client(_)))
        {
            bytes.extend(more);
        }
        stage.play(connection, turn).map_err(told)?;
    }
    stage.end().map_err(|why| format!("at the end: {why}"))
}

/// The connections of a transcript, and the server behind them.
struct Stage<D: Desk> {
    desk: D,
    now: Timestamp,
    cut: usize,
    settings: Settings,
    lines: BTreeMap<u32, Line<D::Session>>,
}

/// One connection.
struct Line<S: Conversation> {
    session: S,
    said: Vec<u8>,
    body: Vec<u8>,
    asked: VecDeque<String>,
    script: VecDeque<String>,
    /// `! hold`: questions wait for `! release`.
    hold: bool,
    held: Option<(S::Ask, Vec<u8>)>,
    closed: bool,
    /// TLS just came up: what else the client sends in this turn was sent in clear, and no server ever reads it.
    secured: bool,
}

impl<D: Desk> Stage<D> {
    fn play(&mut self, connection: u32, turn: Turn) -> Result<(), String> {
        match turn {
            Turn::Client(bytes) => {
                self.line(connection)?.quiet()?;
                self.line(connection)?.asked.clear();
                self.send(connection, &bytes)
            }
            Turn::Server(pattern) => {
                let line = self.line(connection)?;
                if !pattern.contains("RECENT") {
                    line.pass_recent();
                }
                let line = line.take_line()?;
                // `\Recent` stands in a pattern only where it matters.
                let plain = line.replace("\\Recent ", "").replace("\\Recent", "");
                if fits(&pattern, &line) || fits(&pattern, &plain) {
                    Ok(())
                } else {
                    Err(format!("expected {pattern}\n     got {line}"))
                }
            }
            Turn::Silent => self.line(connection)?.quiet(),
            Turn::Closed => {
                let line = self.line(connection)?;
                line.quiet()?;
                if line.closed { Ok(()) } else { Err("the connection is still open".to_owned()) }
            }
            Turn::Asked(pattern) => {
                let asked = self.line(connection)?.asked.pop_front().unwrap_or_else(|| "nothing".to_owned());
                if fits(&pattern, &asked) { Ok(()) } else { Err(format!("expected {pattern}\n   asked {asked}")) }
            }
            Turn::Pass(seconds) => {
                self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
                self.each(|now, line| {
                    if !line.closed && line.session.wake_at() <= now {
                        line.session.tick(now);
                    }
                })
            }
            Turn::Act(words) => self.act(connection, &words),
        }
    }

    fn act(&mut self, connection: u32, words: &str) -> Result<(), String> {
        let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
        match verb {
            "set" => {
                let (name, value) = rest.split_once(' ').ok_or("expected: ! set NAME VALUE")?;
                self.settings.insert(name.to_owned(), value.to_owned());
                Ok(())
            }
            "answer" => {
                self.line(connection)?.script.push_back(rest.to_owned());
                Ok(())
            }
            "hold" => {
                self.line(connection)?.hold = true;
                Ok(())
            }
            "release" => {
                self.line(connection)?.hold = false;
                self.pump(connection)
            }
            "alert" => {
                let alert = Alert { plain: rest.to_owned(), full: rest.to_owned() };
                self.each(|now, line| line.session.alert(now, &alert))
            }
            "shutdown" => self.each(|now, line| line.session.shutdown(now)),
            _ => {
                self.desk.act(words)?;
                self.each(|now, line| line.session.news(now))
            }
        }
    }

    /// The connection of this number, opened when it is first named.
    fn line(&mut self, connection: u32) -> Result<&mut Line<D::Session>, String> {
        if !self.lines.contains_key(&connection) {
            let session = self.desk.open(self.now, &self.settings);
            self.lines.insert(connection, Line::new(session));
            self.pump(connection)?;
        }
        self.lines.get_mut(&connection).ok_or_else(|| "no such connection".to_owned())
    }

    /// The client says this in one breath, having all that was said to it.
    fn send(&mut self, connection: u32, bytes: &[u8]) -> Result<(), String> {
        let line = self.line(connection)?;
        if line.held.is_none() {
            line.session.goes_on();
        }
        for piece in bytes.chunks(self.cut) {
            let now = self.now;
            let line = self.line(connection)?;
            if line.closed {
                return Err("the connection is closed".to_owned());
            }
            line.session.receive(now, piece);
            self.pump(connection)?;
            let line = self.line(connection)?;
            if line.closed || std::mem::take(&mut line.secured) {
                break;
            }
        }
        Ok(())
    }

    fn each(&mut self, act: impl Fn(Timestamp, &mut Line<D::Session>)) -> Result<(), String> {
        let numbers: Vec<u32> = self.lines.keys().copied().collect();
        for number in numbers {
            let now = self.now;
            act(now, self.line(number)?);
            self.pump(number)?;
        }
        Ok(())
    }

    /// Carries out what the conversation wants, as the gateway's loop does.
    fn pump(&mut self, connection: u32) -> Result<(), String> {
        let Some(line) = self.lines.get_mut(&connection) else { return Ok(()) };
        if !line.hold
            && let Some((ask, body)) = line.held.take()
        {
            let answer = self.desk.answer(ask, body, line.script.pop_front().as_deref())?;
            line.session.answer(self.now, answer);
        }
        while line.held.is_none()
            && let Some(effect) = line.session.next()
        {
            match effect {
                _ if line.closed => return Err("something was said after Close".to_owned()),
                Effect::Send(bytes) => line.said.extend(bytes),
                Effect::Refused(_) | Effect::Ponder | Effect::Compress(_) => {}
                Effect::Body(Private(piece)) => line.body.extend(piece),
                Effect::Ask(ask) => {
                    let body = std::mem::take(&mut line.body);
                    let told = self.desk.write(&ask, &body);
                    line.asked.extend((!told.is_empty()).then_some(told));
                    if line.hold {
                        line.held = Some((ask, body));
                        break;
                    }
                    let answer = self.desk.answer(ask, body, line.script.pop_front().as_deref())?;
                    line.session.answer(self.now, answer);
                }
                Effect::StartTls => {
                    line.session.secured(self.now, OFFER);
                    line.secured = true;
                }
                Effect::Close => line.closed = true,
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), String> {
        for (number, mut line) in self.lines {
            line.quiet().map_err(|why| format!("connection {number}: {why}"))?;
            if !line.script.is_empty() {
                return Err(format!("connection {number}: nothing asked for: ! answer {}", line.script[0]));
            }
        }
        Ok(())
    }
}

impl<S: Conversation> Line<S> {
    fn new(session: S) -> Self {
        Self {
            session,
            said: Vec::new(),
            body: Vec::new(),
            asked: VecDeque::new(),
            script: VecDeque::new(),
            hold: false,
            held: None,
            closed: false,
            secured: false,
        }
    }

    /// The next line the server said.
    fn take_line(&mut self) -> Result<String, String> {
        let end = self.said.windows(2).position(|pair| pair == b"\r\n");
        let end = end.ok_or_else(|| format!("the server said nothing more (asked: {:?})", self.asked))?;
        let line: Vec<u8> = self.said.drain(..end + 2).collect();
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    /// `* n RECENT` is passed over where no pattern names it.
    fn pass_recent(&mut self) {
        let is_recent = |line: &[u8]| line.starts_with(b"* ") && line.ends_with(b" RECENT");
        while let Some(end) = self.said.windows(2).position(|pair| pair == b"\r\n")
            && is_recent(&self.said[..end])
        {
            self.said.drain(..end + 2);
        }
    }

    /// Nothing is left unread.
    fn quiet(&mut self) -> Result<(), String> {
        self.pass_recent();
        match self.take_line() {
            Err(_) if self.said.is_empty() => Ok(()),
            Err(_) => Err(format!("half a line: {}", String::from_utf8_lossy(&self.said))),
            Ok(line) => Err(format!("also said: {line}")),
        }
    }
}
