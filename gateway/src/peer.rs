//! The other end of a connection: a socket, in clear or under TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use fumibako_model::Private;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::server::TlsStream;

use crate::desk::Shown;

mod socket;
use socket::Socket;

/// A connected client.
pub(crate) enum Peer {
    /// Nothing protects it.
    Clear(Socket),
    /// TLS does.
    Tls(Box<TlsStream<Socket>>),
}

impl Peer {
    /// A client that just connected.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self::Clear(Socket::new(stream))
    }

    /// Does what was read last show that the client went on after all that was sent to it had left (Profile §8.10)? Octets that
    /// wait in TLS, or compressed, count as they were read from the socket.
    pub(crate) fn goes_on(&self) -> bool {
        match self {
            Self::Clear(socket) => socket.goes_on(),
            Self::Tls(stream) => stream.get_ref().0.goes_on(),
        }
    }

    /// Begins TLS. A peer that has it already keeps it.
    pub(crate) async fn secure(self, tls: &TlsAcceptor) -> io::Result<Self> {
        match self {
            Self::Clear(socket) => Ok(Self::Tls(Box::new(tls.accept(socket).await?))),
            secured @ Self::Tls(_) => Ok(secured),
        }
    }

    /// What the client showed of itself in the handshake.
    pub(crate) fn shown(&self) -> Shown {
        let Self::Tls(stream) = self else { return Shown::default() };
        let (_, tls) = stream.get_ref();
        let certificates = tls.peer_certificates().unwrap_or_default().iter().map(|one| one.to_vec()).collect();
        // RFC 9266 §2, §4.2: before TLS 1.3 the exported key is a connection's own only with an extension of it.
        let own = tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let exported = || tls.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok();
        Shown { certificates, binding: own.then(exported).flatten().map(Private) }
    }
}

impl AsyncRead for Peer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
