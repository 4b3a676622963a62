//! A client that speaks in lines, in clear or under TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use fumibako_signer::Identity;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::trusting::trusting;

/// No answer in this time is a hung gateway.
const PATIENCE: Duration = Duration::from_secs(20);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    /// What compresses and expands (RFC 4978), once the client says so.
    deflate: Option<(Compress, Decompress)>,
    /// What a login can be bound to (RFC 9266).
    pub(crate) exported: Option<Vec<u8>>,
}

impl Client {
    pub(crate) async fn clear(address: SocketAddr) -> Self {
        Self {
            stream: Box::new(TcpStream::connect(address).await.unwrap()),
            read: Vec::new(),
            deflate: None,
            exported: None,
        }
    }

    pub(crate) async fn tls(address: SocketAddr, authority: &Path) -> Self {
        Self::clear(address).await.secure(authority).await
    }

    /// Begins TLS; what was read in clear and not yet looked at must not exist.
    pub(crate) async fn secure(self, authority: &Path) -> Self {
        self.secure_as(authority, None).await
    }

    /// Under TLS, showing an office's certificate.
    pub(crate) async fn showing(address: SocketAddr, authority: &Path, identity: &Identity) -> Self {
        Self::clear(address).await.secure_as(authority, Some(identity)).await
    }

    async fn secure_as(self, authority: &Path, identity: Option<&Identity>) -> Self {
        assert!(self.read.is_empty(), "the gateway spoke on in clear");
        let config = trusting(authority);
        let config = match identity.map(|identity| identity.to_pem().as_bytes().to_vec()) {
            None => config.with_no_client_auth(),
            Some(pem) => {
                let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().unwrap();
                config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&pem).unwrap()).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.stream).await.unwrap();
        let exported = stream.get_ref().1.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(b""));
        Self { stream: Box::new(stream), read: Vec::new(), deflate: None, exported: exported.ok() }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let bytes = match &mut self.deflate {
            Some((deflate, _)) => {
                let mut out = Vec::with_capacity(text.len() + 1024);
                deflate.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
                out
            }
            None => text.as_bytes().to_vec(),
        };
        self.say_octets(&bytes).await;
    }

    pub(crate) async fn say_octets(&mut self, octets: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(octets)).await.unwrap().unwrap();
        self.stream.flush().await.unwrap();
    }

    /// From here on both sides compress, or no longer.
    pub(crate) fn compress(&mut self, on: bool) {
        assert!(self.read.is_empty(), "the gateway spoke on");
        self.deflate = on.then(|| (Compress::new(Compression::best(), false), Decompress::new(false)));
    }

    /// Bytes came.
    fn heard(&mut self, bytes: &[u8]) {
        let Some((_, inflate)) = &mut self.deflate else { return self.read.extend_from_slice(bytes) };
        let begin = inflate.total_in();
        loop {
            let taken = usize::try_from(inflate.total_in() - begin).unwrap();
            self.read.reserve(4096);
            inflate.decompress_vec(&bytes[taken..], &mut self.read, FlushDecompress::None).unwrap();
            if self.read.len() < self.read.capacity() {
                return;
            }
        }
    }

    /// The next line without its CR LF; `None` when the gateway closed.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            let mut buffer = [0; 4096];
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("an answer in time") {
                Ok(n) if n > 0 => self.heard(&buffer[..n]),
                _ => return None,
            }
        }
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut buffer = [0; 4096];
        while let Ok(n) = timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("an answer in time")
            && n > 0
        {
            self.heard(&buffer[..n]);
        }
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }

    /// Says a line and reads the reply's last line: `250 …`, not `250-…`.
    pub(crate) async fn smtp(&mut self, line: &str) -> String {
        self.say(&format!("{line}\r\n")).await;
        self.reply().await
    }

    pub(crate) async fn reply(&mut self) -> String {
        loop {
            let line = self.line().await.expect("a reply");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    /// Says a command and reads up to its tagged answer.
    pub(crate) async fn imap(&mut self, tag: &str, command: &str) -> Vec<String> {
        self.say(&format!("{tag} {command}\r\n")).await;
        let mut lines = Vec::new();
        loop {
            let line = self.line().await.expect("an answer");
            let last = line.starts_with(&format!("{tag} "));
            lines.push(line);
            if last {
                return lines;
            }
        }
    }
}
