//! A submission client that shows every reply (RFC 6409, RFC 5321).

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::gateway::Office;
use crate::line::{Door, Line};

/// One connection for submission over TLS, greeted.
pub struct Submission {
    line: Line,
    /// What EHLO offered.
    pub offered: Vec<String>,
}

/// A reply, its lines joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// RFC 5321 §4.2.
    pub code: u16,
    /// RFC 3463; empty where there is none.
    pub enhanced: String,
    /// The sentence.
    pub text: String,
}

impl Reply {
    /// Did the server say yes?
    pub fn is_yes(&self) -> bool {
        self.code < 400
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.enhanced, self.text)
    }
}

impl Submission {
    /// Connects, reads the greeting and says EHLO.
    pub fn open(door: &Door) -> io::Result<Self> {
        let mut session = Self { line: Line::open(door)?, offered: Vec::new() };
        let (greeting, _) = session.reply()?;
        if greeting.code != 220 {
            return Err(io::Error::other(greeting.to_string()));
        }
        session.line.send(b"EHLO pc.example\r\n")?;
        session.offered = session.reply()?.1;
        Ok(session)
    }

    /// Connects and logs in as an office, which must be allowed.
    pub fn of(door: &Door, office: &Office) -> io::Result<Self> {
        let mut session = Self::open(door)?;
        match session.login(&office.login, &office.password)? {
            reply if reply.is_yes() => Ok(session),
            reply => Err(io::Error::other(reply.to_string())),
        }
    }

    /// AUTH PLAIN (RFC 4954, RFC 4616).
    pub fn login(&mut self, login: &str, password: &str) -> io::Result<Reply> {
        let proof = STANDARD.encode(format!("\0{login}\0{password}"));
        self.command(&format!("AUTH PLAIN {proof}"))
    }

    /// One command and its reply.
    pub fn command(&mut self, command: &str) -> io::Result<Reply> {
        self.line.send(format!("{command}\r\n").as_bytes())?;
        Ok(self.reply()?.0)
    }

    /// The whole way of one message. The first refusal ends it, and the connection is ready for the next.
    pub fn send(&mut self, from: &str, to: &[&str], octets: &[u8]) -> io::Result<Reply> {
        self.send_pieces(from, to, &[&stuffed(octets)])
    }

    /// The same for one recipient, of whom reports are asked for (RFC 3461 §4).
    pub fn send_asking(&mut self, from: &str, (to, parameters): (&str, &str), octets: &[u8]) -> io::Result<Reply> {
        self.transaction(from, [format!("<{to}> {parameters}")].into_iter(), &[&stuffed(octets)])
    }

    /// The same with a message in pieces, as it travels: dots are stuffed, and it ends with CR LF, without the last dot.
    pub fn send_pieces(&mut self, from: &str, to: &[&str], pieces: &[&[u8]]) -> io::Result<Reply> {
        self.transaction(from, to.iter().map(|to| format!("<{to}>")), pieces)
    }

    fn transaction(&mut self, from: &str, to: impl Iterator<Item = String>, pieces: &[&[u8]]) -> io::Result<Reply> {
        let envelope = std::iter::once(format!("MAIL FROM:<{from}>"));
        for command in envelope.chain(to.map(|to| format!("RCPT TO:{to}"))).chain(["DATA".to_owned()]) {
            let reply = self.command(&command)?;
            if !reply.is_yes() {
                self.command("RSET")?;
                return Ok(reply);
            }
        }
        for piece in pieces {
            self.line.send(piece)?;
        }
        self.line.send(b".\r\n")?;
        Ok(self.reply()?.0)
    }

    /// The reply, and the text of each of its lines.
    fn reply(&mut self) -> io::Result<(Reply, Vec<String>)> {
        let crooked = |line: &str| io::Error::other(format!("not a reply: {line:?}"));
        let mut texts = Vec::new();
        loop {
            let line = self.line.line()?;
            let code = line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(|| crooked(&line))?;
            texts.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok((joined(code, &texts), texts));
            }
        }
    }
}

/// RFC 2034 §4: every line repeats the enhanced code.
fn joined(code: u16, texts: &[String]) -> Reply {
    let is_enhanced =
        |word: &str| word.split('.').count() == 3 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let enhanced = texts[0].split(' ').next().filter(|word| is_enhanced(word)).unwrap_or_default();
    let plain: Vec<&str> = texts.iter().map(|text| text.strip_prefix(enhanced).unwrap_or(text).trim()).collect();
    Reply { code, enhanced: enhanced.to_owned(), text: plain.join(" ") }
}

/// RFC 5321 §4.5.2: a dot in front of every dot that begins a line.
fn stuffed(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(octets.len() + 16);
    for line in octets.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !octets.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}
