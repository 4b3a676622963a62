//! One blocking connection, in clear or under TLS, read line by line.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// Longest silence of a server that should speak.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a server listens on this machine, and the authority that vouches for it.
#[derive(Clone)]
pub struct Door {
    port: u16,
    tls: Arc<ClientConfig>,
}

impl Door {
    /// A port whose TLS certificate leads to the authority in this PEM text.
    pub fn new(port: u16, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority).expect("the authority is a PEM certificate");
        roots.add(authority).expect("the authority's certificate is readable");
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self { port, tls: Arc::new(tls) }
    }
}

/// One connection. What breaks it is an [`io::Error`]; the end of the stream is one too.
pub struct Line {
    tcp: TcpStream,
    tls: Option<ClientConnection>,
    config: Arc<ClientConfig>,
    read: Vec<u8>,
}

impl Line {
    /// Connects, TLS from the first byte.
    pub fn open(door: &Door) -> io::Result<Self> {
        let mut line = Self::open_clear(door)?;
        line.secure()?;
        Ok(line)
    }

    /// Connects, in clear.
    pub fn open_clear(door: &Door) -> io::Result<Self> {
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, door.port))?;
        tcp.set_read_timeout(Some(SILENCE))?;
        tcp.set_write_timeout(Some(SILENCE))?;
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, tls: None, config: door.tls.clone(), read: Vec::new() })
    }

    /// TLS from now on.
    pub fn secure(&mut self) -> io::Result<()> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
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

    /// What the server says within this time; nothing, if it is silent.
    pub fn overheard(&mut self, within: Duration) -> io::Result<Vec<u8>> {
        self.tcp.set_read_timeout(Some(within))?;
        let more = self.more();
        self.tcp.set_read_timeout(Some(SILENCE))?;
        match more {
            Err(why) if !matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Err(why),
            _ => Ok(std::mem::take(&mut self.read)),
        }
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
