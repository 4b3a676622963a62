//! A time-stamping authority: `openssl ts` behind a door of this machine, as RFC 3161 §3.4 has it, under the clock of the test.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use fumibako_conformance::{MovedClock, Programs, Tool, now};
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use jiff::SignedDuration;
use tempfile::TempDir;

/// Stamps it gives.
const STAMPS: usize = 100;
/// Octets of a question.
const QUESTION: usize = 4096;

/// It answers until it has given its stamps.
pub(super) struct Stamps {
    pub(super) url: String,
    /// Its authority, PEM.
    pub(super) authority: String,
}

impl Stamps {
    pub(super) fn open(clock: Arc<MovedClock>) -> Self {
        Programs::need(&["openssl"]);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("the folder is writable");
        let authority = Authority::create("検証用認証局", now()).expect("it can be made");
        let request = Request {
            common_name: "TSA",
            rfc822_name: "tsa@plans.example",
            key: KeyKind::EcP256,
            purpose: Purpose::TimeStamping,
            not_before: now() - SignedDuration::from_hours(1),
            not_after: now() + SignedDuration::from_hours(24 * 3_000),
        };
        put("id.pem", &authority.issue(&request).expect("it can be issued").to_pem());
        put("serial", "01\n");
        put("conf", "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.3.6.1.4.1.99999.1\ndigests=sha256\n");
        let authority = authority.certificate().to_pem();
        put("ca.pem", &authority);
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let url = format!("http://{}/ts", door.local_addr().expect("it has an address"));
        thread::spawn(move || serve(&door, &folder, &clock));
        Self { url, authority }
    }
}

fn serve(door: &TcpListener, folder: &TempDir, clock: &MovedClock) {
    for stream in door.incoming().take(STAMPS) {
        // A gateway that is killed breaks off, and asks again; what else goes wrong stands in its log.
        drop(stream.and_then(|stream| stamp(&stream, folder.path(), clock)));
    }
}

fn stamp(stream: &TcpStream, folder: &Path, clock: &MovedClock) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut query = vec![0; QUESTION.min(length)];
    reader.read_exact(&mut query)?;
    fs::write(folder.join("query"), query)?;
    let line =
        "ts -reply -config conf -section tsa -queryfile query -signer id.pem -inkey id.pem -chain ca.pem -out reply";
    Tool::named("openssl").args(line.split(' ')).inside(folder).under(Some(clock)).run().well();
    let reply = fs::read(folder.join("reply"))?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply";
    let mut stream = stream;
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n", reply.len())?;
    stream.write_all(&reply)
}
