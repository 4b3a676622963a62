//! One connection of a client: commands go out with their literals, responses come in, and the last lines are kept for
//! whoever has to find a fault by them.

use std::collections::{BTreeSet, VecDeque};

use crate::imap::{Said, quoted};
use crate::line::Line;

use super::Target;
use super::answer::{Answer, answer};

/// Lines kept.
const LAST: usize = 60;
/// Characters kept of each.
const WIDTH: usize = 400;

/// A part of a command.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    /// RFC 3501 §4.3
    Literal(Vec<u8>),
}

/// A logged-in connection.
pub(super) struct Wire {
    line: Line,
    tags: u32,
    last: VecDeque<String>,
    /// What the server offers after the login, and is to be tried.
    pub(super) offers: BTreeSet<String>,
}

impl Wire {
    pub(super) fn open(target: &Target) -> Result<Self, String> {
        let broken = |why| format!("no connection: {why}");
        let line = Line::open(&target.door).map_err(broken)?;
        let mut wire = Self { line, tags: 0, last: VecDeque::new(), offers: BTreeSet::new() };
        match wire.hear()? {
            Answer::Status { word, .. } if word == "OK" => {}
            other => return Err(format!("no greeting: {other:?}")),
        }
        // A password is kept nowhere.
        let login = format!("a0 LOGIN {} {}\r\n", quoted(&target.user), quoted(&target.password));
        wire.line.send(login.as_bytes()).map_err(broken)?;
        wire.until("a0")?;
        let tag = wire.command("CAPABILITY")?;
        for answer in wire.until(&tag)? {
            if let Answer::Data(_, names) = answer {
                let names = names.iter().map(|name| name.atom().to_ascii_uppercase());
                wire.offers = names.filter(|name| !target.without.contains(name)).collect();
            }
        }
        Ok(wire)
    }

    pub(super) fn can(&self, name: &str) -> bool {
        self.offers.contains(name)
    }

    /// Sends a command without literals; its tag.
    pub(super) fn command(&mut self, text: &str) -> Result<String, String> {
        let tag = self.tag();
        self.say(&format!("{tag} {text}\r\n"))?;
        Ok(tag)
    }

    pub(super) fn tag(&mut self) -> String {
        self.tags += 1;
        format!("a{}", self.tags)
    }

    pub(super) fn say(&mut self, text: &str) -> Result<(), String> {
        self.keep("C", text.trim_end());
        self.octets(text.as_bytes())
    }

    /// Octets of a literal.
    pub(super) fn octets(&mut self, octets: &[u8]) -> Result<(), String> {
        self.line.send(octets).map_err(|why| format!("the connection broke while the client spoke: {why}"))
    }

    pub(super) fn hear(&mut self) -> Result<Answer, String> {
        let said = Said::hear(&mut self.line).map_err(|why| match why.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "the server says nothing more".to_owned(),
            _ => format!("the connection broke while the server spoke: {why}"),
        })?;
        self.keep("S", &said.text);
        answer(&said).map_err(|why| format!("against the grammar: {why}: {}", said.text))
    }

    /// Everything up to the end of a command, which must be OK.
    fn until(&mut self, tag: &str) -> Result<Vec<Answer>, String> {
        let mut all = Vec::new();
        loop {
            match self.hear()? {
                Answer::Tagged { tag: told, word, .. } if told == tag && word == "OK" => return Ok(all),
                Answer::Tagged { .. } => return Err("it was refused".into()),
                other => all.push(other),
            }
        }
    }

    fn keep(&mut self, who: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        while self.last.len() >= LAST {
            self.last.pop_front();
        }
        let mut line: String = text.chars().take(WIDTH).collect();
        if line.len() < text.len() {
            line.push('…');
        }
        self.last.push_back(format!("{who}: {line}"));
    }

    /// Another connection in place of this one; its lines stand before the new ones.
    pub(super) fn again(&mut self, target: &Target) -> Result<(), String> {
        let last = std::mem::take(&mut self.last);
        *self = Self::open(target)?;
        self.last = last.into_iter().chain(std::mem::take(&mut self.last)).collect();
        Ok(())
    }

    /// The last lines, the oldest first.
    pub(super) fn last(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }
}
