//! A mailbox client that reads just enough (RFC 3501): how many messages there are, and each of them whole.

use std::io;

use crate::gateway::Office;
use crate::line::{Door, Line};

/// One logged-in connection to an office's mailbox, over TLS.
pub struct Mailbox {
    line: Line,
    commands: u32,
}

/// One response: its text, and the literals that stood in it.
#[derive(Clone, Debug)]
pub struct Said {
    /// The line; where a literal stood, only its length is left.
    pub text: String,
    /// The literals, in order.
    pub literals: Vec<Vec<u8>>,
}

impl Mailbox {
    /// Connects and logs in.
    pub fn of(door: &Door, office: &Office) -> io::Result<Self> {
        Self::login(door, &office.login, &office.password)
    }

    /// The same with any login.
    pub fn login(door: &Door, login: &str, password: &str) -> io::Result<Self> {
        let mut mailbox = Self { line: Line::open(door)?, commands: 0 };
        Said::hear(&mut mailbox.line)?;
        // The words of a refused command are told; these are not.
        mailbox.line.send(format!("a0 LOGIN {} {}\r\n", quoted(login), quoted(password)).as_bytes())?;
        mailbox.finish("a0", "LOGIN")?;
        Ok(mailbox)
    }

    /// One command; its untagged responses. Everything but OK is an error.
    pub fn command(&mut self, command: &str) -> io::Result<Vec<Said>> {
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        self.line.send(format!("{tag} {command}\r\n").as_bytes())?;
        self.finish(&tag, command)
    }

    /// APPEND: files a message with a date and flags as they stand in the command, `(\Seen) "…"`.
    pub fn file(&mut self, folder: &str, how: &str, octets: &[u8]) -> io::Result<Vec<Said>> {
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        self.line.send(format!("{tag} APPEND {folder} {how} {{{}}}\r\n", octets.len()).as_bytes())?;
        let said = Said::hear(&mut self.line)?;
        if !said.text.starts_with('+') {
            return Err(io::Error::other(format!("APPEND {folder}: {}", said.text)));
        }
        self.line.send(octets)?;
        self.line.send(b"\r\n")?;
        self.finish(&tag, "APPEND")
    }

    /// The responses up to the one of this tag.
    fn finish(&mut self, tag: &str, command: &str) -> io::Result<Vec<Said>> {
        let mut responses = Vec::new();
        loop {
            let said = Said::hear(&mut self.line)?;
            match said.text.strip_prefix(tag) {
                Some(done) if done.starts_with(" OK") => return Ok(responses),
                Some(_) => return Err(io::Error::other(format!("{command}: {}", said.text))),
                None => responses.push(said),
            }
        }
    }

    /// How many messages the folder holds.
    pub fn count(&mut self, folder: &str) -> io::Result<u64> {
        let said = self.command(&format!("STATUS {folder} (MESSAGES)"))?;
        let number = |said: &Said| said.text.split_once("(MESSAGES ")?.1.split_once(')')?.0.parse().ok();
        said.iter().find_map(number).ok_or_else(|| io::Error::other(format!("{said:?}")))
    }

    /// Every message of the folder, whole, in order; nothing is marked as seen.
    pub fn messages(&mut self, folder: &str) -> io::Result<Vec<Vec<u8>>> {
        if self.count(folder)? == 0 {
            return Ok(Vec::new());
        }
        self.command(&format!("EXAMINE {folder}"))?;
        let said = self.command("FETCH 1:* (BODY.PEEK[])")?;
        Ok(said.into_iter().filter_map(|said| said.literals.into_iter().next()).collect())
    }

    /// The UIDs of the folder's messages, in its order.
    pub fn uids(&mut self, folder: &str) -> io::Result<Vec<u32>> {
        self.command(&format!("EXAMINE {folder}"))?;
        let said = self.command("FETCH 1:* (UID)")?;
        let number = |said: &Said| said.text.split_once("(UID ")?.1.split_once(')')?.0.parse().ok();
        Ok(said.iter().filter_map(number).collect())
    }
}

impl Said {
    /// The next response, with its literals.
    pub fn hear(from: &mut Line) -> io::Result<Self> {
        let mut said = Self { text: String::new(), literals: Vec::new() };
        loop {
            let line = from.line()?;
            said.text.push_str(&line);
            let Some(length) = literal(&line) else { return Ok(said) };
            said.literals.push(from.octets(length)?);
        }
    }
}

/// RFC 3501 §4.3: `{` length `}` at the end of a line.
pub(crate) fn literal(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// RFC 3501 §4.3: a quoted string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
