//! A socket that counts what it reads, so that what was said before octets left is told from what was said after.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::ioctl_fionread;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A client's socket.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Octets read from it.
    read: u64,
    /// So many had come, read or not, just before octets left last.
    before: u64,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, read: 0, before: 0 }
    }

    /// Was something read that had not come yet when octets left last? An answer to these always is such a thing. What was still on
    /// its way here when they left is one, too: nothing tells it from an answer.
    pub(super) fn goes_on(&self) -> bool {
        self.read > self.before
    }

    /// Octets leave now. What waits unread was said before them.
    fn leave(&mut self) -> io::Result<()> {
        self.before = self.read + ioctl_fionread(&self.stream)?;
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        let filled = buffer.filled().len();
        let polled = Pin::new(&mut socket.stream).poll_read(cx, buffer);
        socket.read += (buffer.filled().len() - filled) as u64;
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        socket.leave()?;
        Pin::new(&mut socket.stream).poll_write(cx, bytes)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        socket.leave()?;
        Pin::new(&mut socket.stream).poll_write_vectored(cx, pieces)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
