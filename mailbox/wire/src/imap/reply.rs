//! What the server says: tagged and untagged lines, strings, refusals (RFC 3501 §7).

use fumibako_model::{FolderName, Refusal, Refused};

use super::cursor::is_astring_char;
use super::enable::Enabled;
use super::session::Session;
use super::utf7;
use crate::Effect;

impl Session {
    /// Are names spelt in UTF-8 here? (Profile §7.24, §7.25)
    pub(super) fn speaks_utf8(&self) -> bool {
        self.enabled.has(Enabled::UTF8) || self.enabled.has(Enabled::REV2)
    }

    /// A folder's name as this client reads it.
    pub(super) fn spell(&self, name: &FolderName) -> String {
        mailbox(name, self.speaks_utf8())
    }

    /// Says an untagged line.
    pub(super) fn untagged(&mut self, text: &str) {
        self.say(format!("* {text}\r\n").as_bytes());
    }

    /// Says a tagged line: the command is over.
    pub(super) fn tagged(&mut self, tag: &str, text: &str) {
        self.say(format!("{tag} {text}\r\n").as_bytes());
    }

    pub(super) fn no(&mut self, tag: &str, text: &str) {
        self.tagged(tag, &format!("NO {text}"));
    }

    pub(super) fn bad(&mut self, tag: &str, text: &str) {
        self.tagged(tag, &format!("BAD {text}"));
        self.count_bad();
    }

    /// A refusal made here.
    pub(super) fn refuse_here(&mut self, tag: &str, refused: impl Into<Refused>) {
        let refused = refused.into();
        self.effect(Effect::Refused(refused.clone()));
        self.refuse(tag, &refused, &self.reference.clone());
    }

    pub(super) fn refuse(&mut self, tag: &str, refused: &Refused, reference: &str) {
        self.no(tag, &refusal(refused, refused.why.row().imap, reference));
    }

    /// The refusal of a command that puts something into a folder.
    pub(super) fn refuse_target(&mut self, tag: &str, refused: &Refused, reference: &str) {
        self.no(tag, &refusal(refused, code_of_target(refused.why), reference));
    }
}

/// A string on the wire: quoted if it can be, else a literal.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    let plain = |byte: &u8| matches!(byte, 0x20..=0x7e | b'\t');
    if text.len() > 1_000 || !text.iter().all(plain) {
        return literal(out, text);
    }
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// ```text
/// nstring = string / nil
/// ```
pub(super) fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// A literal's announcement; its octets follow.
pub(super) fn literal_head(out: &mut Vec<u8>, size: usize) {
    out.extend_from_slice(format!("{{{size}}}\r\n").as_bytes());
}

fn literal(out: &mut Vec<u8>, text: &[u8]) {
    literal_head(out, text.len());
    let from = out.len();
    out.extend_from_slice(text);
    without_nul(&mut out[from..]);
}

/// Profile §7.46, RFC 3501 §9 CHAR8: in a literal there is no NUL.
pub(super) fn without_nul(mut octets: &mut [u8]) {
    while let Some(at) = memchr::memchr(0, octets) {
        octets[at] = 0x80;
        octets = &mut octets[at + 1..];
    }
}

/// An astring: bare if it can be.
pub(super) fn astring(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && text.iter().copied().all(is_astring_char) && !text.eq_ignore_ascii_case(b"nil") {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// A folder's name on the wire: in modified UTF-7 (RFC 3501 §5.1.3), or as it is (RFC 6855 §3, RFC 9051 §5.1).
pub(super) fn mailbox(name: &FolderName, in_utf8: bool) -> String {
    let mut out = Vec::new();
    if in_utf8 && !name.as_str().is_ascii() {
        return format!("\"{}\"", name.as_str().replace('\\', "\\\\").replace('"', "\\\""));
    }
    if in_utf8 {
        astring(&mut out, name.as_str().as_bytes());
        return String::from_utf8_lossy(&out).into_owned();
    }
    astring(&mut out, utf7::encode(name.as_str()).as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// `[CODE] E-XXX-NNN sentence (ref …)`, from the catalogue's row (Profile §6.1, §6.2).
pub(super) fn refusal(refused: &Refused, code: &str, reference: &str) -> String {
    let reference = if reference.is_empty() { String::new() } else { format!(" (ref {reference})") };
    line(&format!("[{code}] {refused}{reference}"))
}

/// The response code of a refusal of COPY or APPEND: a folder that is missing could be made (RFC 3501 §6.3.11).
pub(super) fn code_of_target(why: Refusal) -> &'static str {
    match why {
        Refusal::NoSuchFolder => "TRYCREATE",
        _ => why.row().imap,
    }
}

/// RFC 9051 §9 text: one line of UTF-8, whatever was told.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// resp-text stays one line of ASCII, whatever was told.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|char| if matches!(char, ' '..='~') { char } else { '?' }).collect()
}
