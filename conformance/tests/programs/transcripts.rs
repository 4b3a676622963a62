//! The transcripts again, this time against the built gateway over sockets: those that ask of the server only what a
//! client can.

use std::fs;

use fumibako_conformance::kit::{Doors, Script};
use fumibako_conformance::{Gateway, Limit};

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

fn doors(folder: &str, gateway: &Gateway) -> Doors {
    let (tls, clear) = match folder {
        "smtp" => (gateway.submission(), gateway.submission_clear()),
        "pop3" => (gateway.maildrops(), gateway.maildrops_clear()),
        _ => (gateway.mailboxes(), gateway.mailboxes_clear()),
    };
    Doors { tls, clear: Some(clear) }
}

/// Plays a folder; fails with all that does not hold.
fn play_folder(folder: &str, password: &str) {
    let (mut played, mut wrong) = (0, Vec::new());
    for script in Script::of(folder).filter(Script::is_for_a_client) {
        played += 1;
        let gateway = gateway(password);
        let heard = script.play_exactly(&doors(folder, &gateway), &OWN);
        let known = OTHERWISE.iter().find(|(otherwise, ..)| *otherwise == script.name).map(|(_, line, _)| *line);
        match (heard, known) {
            (Some(heard), Some(line)) if heard.expected == line => {}
            (Some(heard), _) => wrong.push(format!("{}: {heard:?}", script.name)),
            (None, Some(_)) => wrong.push(format!("{} holds now; take it out of the list", script.name)),
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
