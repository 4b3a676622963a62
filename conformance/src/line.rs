//! One blocking connection over TLS, read line by line.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

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
    stream: StreamOwned<ClientConnection, TcpStream>,
    read: Vec<u8>,
}

impl Line {
    /// Connects, TLS from the first byte.
    pub fn open(door: &Door) -> io::Result<Self> {
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, door.port))?;
        tcp.set_read_timeout(Some(SILENCE))?;
        tcp.set_write_timeout(Some(SILENCE))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = ClientConnection::new(door.tls.clone(), name).map_err(io::Error::other)?;
        Ok(Self { stream: StreamOwned::new(tls, tcp), read: Vec::new() })
    }

    /// Sends octets.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)?;
        self.stream.flush()
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
        String::from_utf8(line[..end].to_vec()).map_err(io::Error::other)
    }

    /// The next so many octets.
    pub fn octets(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.read.len() < count {
            self.more()?;
        }
        Ok(self.read.drain(..count).collect())
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.read.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}
