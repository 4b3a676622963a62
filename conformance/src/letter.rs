//! What is sent: the sample plan as a message (Profile §4), whole or with one thing wrong. It is composed by hand, so that
//! a mistake of the office program cannot hide here too.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::BundleFacts;
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::clock::now;
use crate::gateway::{DOMAIN, Office};
use crate::programs::repository;
use crate::random::Random;

/// The sample's offices, as they stand in its file names and rows.
const SAMPLE_FROM: &str = "9970000011";
const SAMPLE_TO: &str = "9970000029";

/// A message that is not signed yet. Change a field, and the message has that one thing wrong.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The outer header's fields, in order.
    pub fields: Vec<(&'static str, String)>,
    /// The fields repeated under the signature; a plain mail tool repeats none.
    pub repeated: Vec<(&'static str, String)>,
    /// The cover message.
    pub cover: String,
    /// File names and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// The moment of signing.
    pub at: Timestamp,
}

impl Letter {
    /// The sample plan between these two offices: good in every way.
    pub fn plan(from: &Office, to: &Office) -> Self {
        let files = sample(&from.number, &to.number);
        let mut letter = Self {
            fields: Vec::new(),
            repeated: Vec::new(),
            cover: "ケアプランをお送りします。\r\n".into(),
            files,
            at: now(),
        };
        letter.fields = vec![
            ("From", from.address()),
            ("To", to.address()),
            ("Date", date(letter.at)),
            ("Message-ID", new_message_id()),
            ("Fumibako-Bundle", letter.facts()),
        ];
        letter.repeated.clone_from(&letter.fields);
        letter
    }

    /// Adds a file, and says so in the bundle's field.
    pub fn attach(&mut self, name: &str, octets: &[u8]) {
        self.files.push((name.to_owned(), octets.to_vec()));
        let facts = self.facts();
        self.put("Fumibako-Bundle", &facts);
    }

    /// Gives a field another value, in the outer header and under the signature.
    pub fn put(&mut self, name: &str, value: &str) {
        self.put_outside(name, value);
        replace(&mut self.repeated, name, value);
    }

    /// Gives a field another value in the outer header only.
    pub fn put_outside(&mut self, name: &str, value: &str) {
        replace(&mut self.fields, name, value);
    }

    /// The value of a field of the outer header.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Its Message-ID, with angle brackets.
    pub fn message_id(&self) -> &str {
        self.get("Message-ID")
    }

    /// The message, signed.
    pub fn signed(&self, by: &Identity) -> Vec<u8> {
        let signed = sign(&self.part(), by, self.at).expect("the entity can be signed");
        [self.header().as_bytes(), b"MIME-Version: 1.0\r\n", &signed].concat()
    }

    /// The part that is signed.
    pub fn part(&self) -> Vec<u8> {
        self.entity(&self.repeated).into_bytes()
    }

    /// The message without a signature.
    pub fn unsigned(&self) -> Vec<u8> {
        format!("{}MIME-Version: 1.0\r\n{}", self.header(), self.entity(&[])).into_bytes()
    }

    fn header(&self) -> String {
        // Profile §4.4: constant words and the month, here as an encoded word.
        let subject = STANDARD.encode("ケアプランデータ 2025-09");
        lines(&self.fields) + &format!("Subject: =?UTF-8?B?{subject}?= [Fumibako]\r\n")
    }

    fn entity(&self, repeated: &[(&str, String)]) -> String {
        const BOUNDARY: &str = "files-of-one-bundle";
        let mut text = lines(repeated);
        let mut add = |part: std::fmt::Arguments<'_>| text.write_fmt(part).expect("a String takes everything");
        add(format_args!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n"));
        add(format_args!("--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n"));
        add(format_args!("Content-Transfer-Encoding: base64\r\n\r\n{}", folded(self.cover.as_bytes())));
        for (name, octets) in &self.files {
            add(format_args!("\r\n--{BOUNDARY}\r\nContent-Type: text/csv; charset=Shift_JIS; name=\"{name}\"\r\n"));
            add(format_args!("Content-Disposition: attachment; filename=\"{name}\"\r\n"));
            add(format_args!("Content-Transfer-Encoding: base64\r\n\r\n{}", folded(octets)));
        }
        add(format_args!("\r\n--{BOUNDARY}--\r\n"));
        text
    }

    fn facts(&self) -> String {
        let facts = BundleFacts {
            units: vec!["plan".into()],
            month: None,
            serial: Some("20250920101600".into()),
            files: u32::try_from(self.files.len()).expect("there are few"),
            size: self.files.iter().map(|(_, octets)| octets.len() as u64).sum(),
        };
        facts.to_string()
    }
}

pub(crate) fn date(at: Timestamp) -> String {
    rfc2822::DateTimePrinter::new().timestamp_to_string(&at).expect("the year has four digits")
}

fn replace(fields: &mut [(&'static str, String)], name: &str, value: &str) {
    let mut named = fields.iter_mut().filter(|(known, _)| *known == name);
    value.clone_into(&mut named.next().expect("the field is there").1);
}

pub(crate) fn lines(fields: &[(&str, String)]) -> String {
    fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect()
}

/// Base64 in lines of 76 characters, the last without its CR LF: that belongs to the delimiter (RFC 2046 §5.1.1).
fn folded(octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join("\r\n")
}

/// The files of the sample, between other offices where need be.
fn sample(from: &str, to: &str) -> Vec<(String, Vec<u8>)> {
    static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        let folder = repository().join("conformance/samples/valid/v41-plan-two-persons");
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the sample is there")
            .map(|entry| entry.expect("it is readable").path())
            .collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "CSV"));
        paths.sort();
        let name = |path: &PathBuf| path.file_name().expect("it is a file").to_string_lossy().into_owned();
        paths.iter().map(|path| (name(path), fs::read(path).expect("the sample is readable"))).collect()
    });
    // The numbers are digits in CP932 too, and as long as those they replace.
    let mark = "\0".repeat(SAMPLE_TO.len());
    let swap = |text: &[u8]| {
        let marked = replaced(text, SAMPLE_TO.as_bytes(), mark.as_bytes());
        let sent = replaced(&marked, SAMPLE_FROM.as_bytes(), from.as_bytes());
        replaced(&sent, mark.as_bytes(), to.as_bytes())
    };
    let name = |name: &str| String::from_utf8(swap(name.as_bytes())).expect("names are ASCII");
    FILES.iter().map(|(written, octets)| (name(written), swap(octets))).collect()
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// Profile §4.4: unguessable and never used before.
pub(crate) fn new_message_id() -> String {
    static FAMILY: LazyLock<u64> = LazyLock::new(Random::any_seed);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("<{:016x}.{}@{DOMAIN}>", *FAMILY, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The message with one letter of its first file changed on the way.
pub fn flip_in_content(message: &[u8]) -> Vec<u8> {
    let file = find(message, b"filename=\"UP1KYO").expect("the plan has a first table");
    let body = file + find(&message[file..], b"\r\n\r\n").expect("the part has a body") + 4;
    flipped(message, body + 10)
}

/// The message with one letter of its signature's value changed on the way.
pub fn flip_in_signature(message: &[u8]) -> Vec<u8> {
    let end = message.windows(4).rposition(|window| window == b"\r\n--").expect("the signature's part ends");
    // The signature's value ends the structure; sixteen letters in front of the end are well inside it.
    let letters = (0..end).rev().filter(|at| message[*at].is_ascii_alphanumeric() || b"+/".contains(&message[*at]));
    flipped(message, letters.take(16).last().expect("it is long enough"))
}

fn flipped(message: &[u8], at: usize) -> Vec<u8> {
    let mut message = message.to_vec();
    message[at] = if message[at] == b'A' { b'B' } else { b'A' };
    message
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
