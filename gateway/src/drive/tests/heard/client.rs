//! A client that knows what of its words has come to the other end's kernel.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};
use rustix::io::ioctl_fionread;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::ClientConnection;

use super::super::super::deflate::Inflating;
use super::trusting::trusting;

/// What has not come by then does not come.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const STEP: Duration = Duration::from_millis(1);
/// Octets read at a time.
const READ_BYTES: usize = 32 << 10;

pub(super) struct Client {
    socket: TcpStream,
    /// The same, to be written without asking the runtime.
    mouth: std::net::TcpStream,
    /// The gateway's end of it.
    other_end: std::net::TcpStream,
    tls: Option<ClientConnection>,
    deflate: Option<(Compress, Inflating)>,
    heard: Vec<u8>,
}

impl Client {
    pub(super) fn new(socket: std::net::TcpStream, other_end: std::net::TcpStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        let mouth = socket.try_clone().unwrap();
        let socket = TcpStream::from_std(socket).unwrap();
        Self { socket, mouth, other_end, tls: None, deflate: None, heard: Vec::new() }
    }

    pub(super) async fn secure(&mut self, authority: &Path) {
        let config = trusting(authority).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        self.tls = Some(ClientConnection::new(Arc::new(config), name).unwrap());
        let hello = self.wrapped(b"");
        self.write(&hello);
        while self.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            assert!(self.more().await, "the handshake broke off");
            let words = self.wrapped(b"");
            self.write(&words);
        }
    }

    /// From here on both compress.
    pub(super) fn compress(&mut self) {
        self.deflate = Some((Compress::new(Compression::best(), false), Inflating::default()));
    }

    /// Says these words, each as a TLS record or more of its own, and returns when all of them lie in the gateway's kernel. Nobody
    /// else runs meanwhile.
    pub(super) fn say(&mut self, words: &[&str]) {
        let mut sent = 0;
        for word in words {
            let octets = match &mut self.deflate {
                Some((deflate, _)) => {
                    let mut octets = Vec::with_capacity(word.len() + 1024);
                    deflate.compress_vec(word.as_bytes(), &mut octets, FlushCompress::Sync).unwrap();
                    octets
                }
                None => word.as_bytes().to_vec(),
            };
            let octets = self.wrapped(&octets);
            self.write(&octets);
            sent += octets.len() as u64;
        }
        wait_for("the octets arrive", || ioctl_fionread(&self.other_end).unwrap() >= sent);
    }

    /// Returns when the gateway has read all that was said.
    pub(super) async fn is_read(&self) {
        let read = async {
            while ioctl_fionread(&self.other_end).unwrap() > 0 {
                sleep(STEP).await;
            }
        };
        timeout(PATIENCE, read).await.expect("what was said is read");
    }

    /// Says this and waits for the line that begins so.
    pub(super) async fn ask(&mut self, words: &str, line: &str) -> String {
        self.say(&[words]);
        self.hear(line).await
    }

    /// What comes up to the end of the line in which this stands.
    pub(super) async fn hear(&mut self, end: &str) -> String {
        loop {
            let came = self.heard.windows(end.len()).any(|octets| octets == end.as_bytes());
            if came && self.heard.ends_with(b"\r\n") {
                return String::from_utf8(std::mem::take(&mut self.heard)).unwrap();
            }
            assert!(self.more().await, "no {end} came, but {}", String::from_utf8_lossy(&self.heard));
        }
    }

    /// What comes until the gateway closes.
    pub(super) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    /// As it goes to the socket.
    fn wrapped(&mut self, octets: &[u8]) -> Vec<u8> {
        let Some(tls) = &mut self.tls else { return octets.to_vec() };
        let mut out = Vec::new();
        let mut left = octets;
        while !left.is_empty() || tls.wants_write() {
            let taken = tls.writer().write(left).unwrap();
            left = &left[taken..];
            while tls.wants_write() {
                tls.write_tls(&mut out).unwrap();
            }
        }
        out
    }

    fn write(&self, octets: &[u8]) {
        let mut left = octets;
        wait_for("the socket takes octets", || {
            match (&self.mouth).write(left) {
                Ok(taken) => left = &left[taken..],
                Err(why) => assert_eq!(why.kind(), ErrorKind::WouldBlock),
            }
            left.is_empty()
        });
    }

    /// Hears more; false at the end.
    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; READ_BYTES];
        let read = loop {
            timeout(PATIENCE, self.socket.readable()).await.unwrap().unwrap();
            match self.socket.try_read(&mut buffer) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                read => break read.unwrap_or(0),
            }
        };
        let mut octets = buffer[..read].to_vec();
        if let Some(tls) = &mut self.tls {
            let (mut raw, mut clear) = (&octets[..], Vec::new());
            while !raw.is_empty() {
                tls.read_tls(&mut raw).unwrap();
                tls.process_new_packets().unwrap();
                if let Err(why) = tls.reader().read_to_end(&mut clear) {
                    assert_eq!(why.kind(), ErrorKind::WouldBlock);
                }
            }
            octets = clear;
        }
        if let Some((_, inflating)) = &mut self.deflate {
            inflating.feed(octets);
            while let piece = inflating.next(READ_BYTES).unwrap()
                && !piece.is_empty()
            {
                self.heard.extend(piece);
            }
        } else {
            self.heard.extend(octets);
        }
        read > 0
    }
}

/// Waits without letting any other task run.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let steps = PATIENCE.as_millis() / STEP.as_millis();
    for _ in 0..steps {
        if is_so() {
            return;
        }
        std::thread::sleep(STEP);
    }
    panic!("waited in vain: {what}");
}
