//! One blocking connection, in clear or under TLS, read line by line.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// Longest silence of a server that should speak.
const SILENCE: Duration = Duration::from_secs(30);

/// How a connection comes under TLS before the conversation is begun, where that is not from the first octet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// What the client says (`a STARTTLS`).
    pub ask: &'static str,
    /// How the server's yes begins.
    pub yes: &'static str,
    /// What is said before it, and how the last line of its answer begins; SMTP wants EHLO first (RFC 3207 §4).
    pub before: Option<(&'static str, &'static str)>,
}

/// Where a server listens, and the authority that vouches for it.
#[derive(Clone)]
pub struct Door {
    host: String,
    port: u16,
    upgrade: Option<Upgrade>,
    tls: Arc<ClientConfig>,
}

impl Door {
    /// A port of this machine whose TLS certificate leads to the authority in this PEM text.
    pub fn new(port: u16, authority: &[u8]) -> Self {
        let authority = CertificateDer::from_pem_slice(authority).expect("the authority is a PEM certificate");
        Self::to("localhost", port, None, [authority]).expect("the authority's certificate is readable")
    }

    /// A port of any machine, and whoever may vouch for its TLS certificate.
    pub fn to(
        host: &str,
        port: u16,
        upgrade: Option<Upgrade>,
        authorities: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(io::Error::other)?;
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { host: host.to_owned(), port, upgrade, tls: Arc::new(tls) })
    }
}

/// One connection. What breaks it is an [`io::Error`]; the end of the stream is one too.
pub struct Line {
    tcp: TcpStream,
    tls: Option<ClientConnection>,
    door: Door,
    patience: Duration,
    read: Vec<u8>,
}

impl Line {
    /// Connects, under TLS before anything else is said. A greeting that came in clear is heard again afterwards.
    pub fn open(door: &Door) -> io::Result<Self> {
        let mut line = Self::open_clear(door)?;
        let Some(upgrade) = door.upgrade else {
            line.secure()?;
            return Ok(line);
        };
        let greeting = line.line()?;
        for (ask, yes) in upgrade.before.into_iter().chain([(upgrade.ask, upgrade.yes)]) {
            line.send(format!("{ask}\r\n").as_bytes())?;
            line.until(yes)?;
        }
        line.secure()?;
        line.read.splice(0..0, format!("{greeting}\r\n").into_bytes());
        Ok(line)
    }

    /// Hears lines up to one that begins so.
    fn until(&mut self, begin: &str) -> io::Result<()> {
        const LINES: usize = 100;
        for _ in 0..LINES {
            if self.line()?.starts_with(begin) {
                return Ok(());
            }
        }
        Err(io::Error::other(format!("the server does not say {begin:?}")))
    }

    /// Connects, in clear.
    pub fn open_clear(door: &Door) -> io::Result<Self> {
        let tcp = TcpStream::connect((door.host.as_str(), door.port))?;
        tcp.set_read_timeout(Some(SILENCE))?;
        tcp.set_write_timeout(Some(SILENCE))?;
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, tls: None, door: door.clone(), patience: SILENCE, read: Vec::new() })
    }

    /// TLS from now on.
    pub fn secure(&mut self) -> io::Result<()> {
        let name = ServerName::try_from(self.door.host.clone()).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(self.door.tls.clone(), name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.tcp)?;
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Is it under TLS?
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends octets.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            None => self.tcp.write_all(octets),
            Some(tls) => {
                let mut stream = Stream::new(tls, &mut self.tcp);
                stream.write_all(octets)?;
                stream.flush()
            }
        }
    }

    /// The next line, without its CR LF.
    pub fn line(&mut self) -> io::Result<String> {
        let end = loop {
            match self.read.windows(2).position(|pair| pair == b"\r\n") {
                Some(at) => break at,
                None => self.more()?,
            }
        };
        let line = self.octets(end + 2)?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    /// The next so many octets.
    pub fn octets(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.read.len() < count {
            self.more()?;
        }
        Ok(self.read.drain(..count).collect())
    }

    /// Lets everything go by up to the line that begins with this tag and says OK; how many octets.
    pub fn through(&mut self, tag: &str) -> io::Result<u64> {
        const END: usize = 4096;
        let mut passed = 0;
        loop {
            // The last line stands at the end: nothing is said after it until another command comes.
            if self.read.ends_with(b"\r\n") {
                let head = &self.read[..self.read.len() - 2];
                let start = head.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
                if let Some(said) = head[start..].strip_prefix(tag.as_bytes()) {
                    let (count, yes) = (passed + self.read.len() as u64, said.starts_with(b"OK"));
                    let said = String::from_utf8_lossy(said).into_owned();
                    self.read.clear();
                    return if yes { Ok(count) } else { Err(io::Error::other(said)) };
                }
            }
            if self.read.len() > END {
                let surplus = self.read.len() - END;
                passed += surplus as u64;
                self.read.drain(..surplus);
            }
            self.more()?;
        }
    }

    /// What the server says within this time; nothing, if it is silent.
    pub fn overheard(&mut self, within: Duration) -> io::Result<Vec<u8>> {
        self.tcp.set_read_timeout(Some(within))?;
        let more = self.more();
        self.tcp.set_read_timeout(Some(self.patience))?;
        match more {
            Err(why) if !matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Err(why),
            _ => Ok(std::mem::take(&mut self.read)),
        }
    }

    /// How long a server that should speak may be silent; 30 seconds unless this says otherwise.
    pub fn patience(&mut self, wait: Duration) -> io::Result<()> {
        self.patience = wait;
        self.tcp.set_read_timeout(Some(wait))
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        let read = match &mut self.tls {
            None => self.tcp.read(&mut buffer)?,
            Some(tls) => Stream::new(tls, &mut self.tcp).read(&mut buffer)?,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read.extend_from_slice(&buffer[..read]);
        Ok(())
    }
}
