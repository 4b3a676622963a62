//! The transcripts again, this time against the built gateway over sockets: those that ask of the server only what a
//! client can.

#[path = "../../../mailbox/wire/tests/all/transcript.rs"]
mod transcript;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use fumibako_conformance::{Door, Gateway, Limit, Line, repository};

use transcript::{Step, Turn, fits, read};

/// How long a silent server is listened to.
const SILENCE: Duration = Duration::from_millis(100);
/// The one act a client can bring about: it knocks at the other door.
const CLEAR: &str = "set cover clear";

/// Transcripts whose server in memory is another than the gateway: the first line that the gateway does not say, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("imap/append.txt", "a1 OK [APPENDUID 1002 1] APPEND done.", "a UIDVALIDITY is made when its folder is"),
    ("imap/authenticate.txt", "a5 OK [CAPABILITY …] Logged in as kawara.", "agents come with mandates (Profile §9)"),
    ("imap/authenticate-scram.txt", SCRAM_IMAP, "salt and nonce are random"),
    ("pop3/auth-scram.txt", SCRAM_IMAP, "salt and nonce are random"),
    ("smtp/auth-scram.txt", SCRAM_SMTP, "salt and nonce are random"),
    ("smtp/bad-commands.txt", "250 …", "its message is not signed, and refused"),
    ("smtp/chunking.txt", "250 2.0.0 …", "its messages are not signed, and refused"),
    ("smtp/dsn.txt", "250 2.0.0 …", "its messages are not signed, and refused"),
    ("smtp/whole-way.txt", "250 2.0.0 EV00000000000001 accepted and kept", "its messages are not signed, and refused"),
];
/// The server's first message in the example of RFC 7677 §3.
const SCRAM_IMAP: &str = "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=";
const SCRAM_SMTP: &str = "334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=";
/// What stands in transcripts for something that each server and connection has of its own.
const OWN: [(&str, &str); 3] = [("mail.plans.example", "plans.example"), ("C0FFEE", "…"), ("3FA2B1", "…")];

/// The doors of a protocol.
struct Protocol {
    tls: Door,
    clear: Door,
}

/// One connection of a transcript.
struct Talk {
    line: Line,
    /// STARTTLS was said and not yet answered.
    securing: bool,
    /// What the client says until it listens again.
    breath: Vec<u8>,
}

fn gateway(password: &str) -> Gateway {
    let gateway = Gateway::start_with(&[Limit("login_failures", 1000)]);
    let file = gateway.folder().join("password");
    fs::write(&file, password).expect("the folder is writable");
    for number in ["9970000011", "9970000029"] {
        gateway.admin(["office", "add", number, "架空事業所"]);
        gateway.admin(["licence", "grant", number]);
    }
    for login in ["9970000011", "kawara"] {
        let file = file.to_string_lossy();
        gateway.admin(["account", "add", login, "--office", "9970000011", "--password-file", &file]);
    }
    gateway
}

fn is_for_a_client(steps: &[Step]) -> bool {
    steps.iter().all(|step| match &step.turn {
        Turn::Act(words) => words == CLEAR,
        Turn::Pass(_) => false,
        _ => true,
    })
}

impl Protocol {
    fn of(folder: &str, gateway: &Gateway) -> Self {
        let (tls, clear) = match folder {
            "smtp" => (gateway.submission(), gateway.submission_clear()),
            "pop3" => (gateway.maildrops(), gateway.maildrops_clear()),
            _ => (gateway.mailboxes(), gateway.mailboxes_clear()),
        };
        Self { tls, clear }
    }

    /// Plays it all, or says at which line it does not hold.
    fn play(&self, steps: &[Step]) -> Result<(), (usize, String)> {
        let (mut talks, mut door) = (BTreeMap::new(), &self.tls);
        for step in steps {
            let told = |why: io::Error| (step.line, why.to_string());
            if step.turn == Turn::Act(CLEAR.to_owned()) {
                door = &self.clear;
                continue;
            }
            let talk = match talks.entry(step.connection) {
                Entry::Occupied(talk) => talk.into_mut(),
                Entry::Vacant(place) => place.insert(Talk::open(door, &self.tls).map_err(told)?),
            };
            talk.play(&step.turn).map_err(told)?;
        }
        Ok(())
    }
}

impl Talk {
    fn open(door: &Door, tls: &Door) -> io::Result<Self> {
        let line = if std::ptr::eq(door, tls) { Line::open(door)? } else { Line::open_clear(door)? };
        Ok(Self { line, securing: false, breath: Vec::new() })
    }

    fn play(&mut self, turn: &Turn) -> io::Result<()> {
        if !matches!(turn, Turn::Client(_)) {
            self.line.send(&std::mem::take(&mut self.breath))?;
        }
        match turn {
            Turn::Client(octets) => {
                let said = String::from_utf8_lossy(octets).to_ascii_uppercase();
                let asks = ["STARTTLS", "STLS"].iter().any(|verb| said.trim_end().ends_with(verb));
                self.securing |= asks && !self.line.is_secure();
                // What is said after STARTTLS goes out in clear with it, in one piece: said later it would be taken for
                // the first octets of the handshake, and say nothing about the server.
                self.breath.extend(octets);
                Ok(())
            }
            Turn::Server(pattern) => self.hear(pattern),
            Turn::Silent => match self.line.overheard(SILENCE)? {
                said if said.is_empty() => Ok(()),
                said => Err(io::Error::other(format!("not silent: {}", String::from_utf8_lossy(&said)))),
            },
            Turn::Closed => match self.line.line() {
                Err(_) => Ok(()),
                Ok(said) => Err(io::Error::other(format!("not closed: {said}"))),
            },
            // A client does not see what the conversation asks its server.
            Turn::Asked(_) | Turn::Act(_) | Turn::Pass(_) => Ok(()),
        }
    }

    fn hear(&mut self, pattern: &str) -> io::Result<()> {
        let said = self.line.line()?;
        let pattern = OWN.iter().fold(pattern.to_owned(), |text, (known, own)| text.replace(known, own));
        if !fits(&pattern, &said) {
            return Err(io::Error::other(format!("expected {pattern}\n     got {said}")));
        }
        let is_yes = said.starts_with("220 ") || said.starts_with("+OK ") || said.split(' ').nth(1) == Some("OK");
        if std::mem::take(&mut self.securing) && is_yes { self.line.secure() } else { Ok(()) }
    }
}

/// Plays a folder; fails with all that does not hold.
fn play_folder(folder: &str, password: &str) {
    let listed = fs::read_dir(repository().join("conformance/transcripts").join(folder)).expect("the folder is there");
    let paths: BTreeSet<_> = listed.map(|entry| entry.expect("it is readable").path()).collect();
    let name = |path: &Path| format!("{folder}/{}", path.file_name().expect("a file").to_string_lossy());
    let (mut played, mut wrong) = (0, Vec::new());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "txt")) {
        let steps = read(&fs::read_to_string(path).expect("it is readable")).expect("it is a transcript");
        if !is_for_a_client(&steps) {
            continue;
        }
        played += 1;
        let gateway = gateway(password);
        let broken = Protocol::of(folder, &gateway).play(&steps).err();
        let known = OTHERWISE.iter().find(|(otherwise, ..)| *otherwise == name(path)).map(|(_, line, _)| *line);
        match (broken, known) {
            (Some((_, why)), Some(line)) if why.contains(&format!("expected {line}\n")) => {}
            (Some((line, why)), _) => wrong.push(format!("{}:{line}: {why}", name(path))),
            (None, Some(_)) => wrong.push(format!("{} holds now; take it out of the list", name(path))),
            (None, None) => {}
        }
    }
    assert!(wrong.is_empty() && played > 5, "of {played} transcripts:\n{}", wrong.join("\n"));
}

#[test]
fn transcripts_of_smtp_hold_over_sockets() {
    play_folder("smtp", "secret");
}

#[test]
fn transcripts_of_imap_hold_over_sockets() {
    play_folder("imap", "himitsu");
}

#[test]
fn transcripts_of_pop3_hold_over_sockets() {
    play_folder("pop3", "secret");
}
