//! Connections of this computer's browsers: so many at once, none that rests for ever, and none that outlives the screens.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Connections at once; a browser opens six, and one more waits until another ends.
const MOST: usize = 256;
/// A connection on which nothing goes either way for so long is closed. News of a page have a sign of life every 15 seconds.
const SILENCE: Duration = Duration::from_mins(1);

/// The door of the screens.
pub(super) struct Connections {
    listener: TcpListener,
    places: Arc<Semaphore>,
    silence: Duration,
    end: End,
}

/// Ends all connections of a door at once. Nothing is ever taken from it; it is closed.
#[derive(Clone, Debug)]
pub(super) struct End(Arc<Semaphore>);

impl End {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub(super) fn now(&self) {
        self.0.close();
    }

    async fn came(self) {
        let _ = self.0.acquire().await;
    }
}

impl Connections {
    pub(super) fn of(listener: TcpListener, end: End) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(MOST)), silence: SILENCE, end }
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Nobody closes the semaphore.
        let place = self.places.clone().acquire_owned().await.ok();
        let (stream, from) = Listener::accept(&mut self.listener).await;
        let (silence, rest) = (self.silence, Box::pin(tokio::time::sleep(self.silence)));
        let end: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(self.end.clone().came());
        (Connection { stream, silence, rest, end: Some(end), _place: place }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One of them, with its place.
pub(super) struct Connection {
    stream: TcpStream,
    silence: Duration,
    rest: Pin<Box<Sleep>>,
    /// `None`: it came.
    end: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Something went one way or the other, or it has rested too long, or everything ends.
    fn stirred<T>(&mut self, done: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.end.as_mut().is_none_or(|end| end.as_mut().poll(cx).is_ready()) {
            self.end = None;
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if done.is_ready() {
            let until = Instant::now() + self.silence;
            self.rest.as_mut().reset(until);
            return done;
        }
        self.rest.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.stirred(done, cx)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.stirred(done, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// Profile §15.1: whoever connects and says nothing is not waited for, and one too many waits for a place.
    #[tokio::test]
    async fn a_silent_connection_ends_and_gives_its_place_to_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silence = Duration::from_millis(30);
        let mut door = Connections { listener, places: Arc::new(Semaphore::new(1)), silence, end: End::new() };
        let (_silent, _next) = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let (mut first, _) = door.accept().await;
        assert!(tokio::time::timeout(silence, door.accept()).await.is_err(), "no place is free");
        assert_eq!(first.read(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(first);
        tokio::time::timeout(Duration::from_secs(5), door.accept()).await.unwrap();
    }

    /// Nobody talks to a program that has ended, and the next one has the folder at once.
    #[tokio::test]
    async fn all_connections_end_with_the_screens() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, end) = (listener.local_addr().unwrap(), End::new());
        let mut door = Connections::of(listener, end.clone());
        let _browser = TcpStream::connect(address).await.unwrap();
        let (mut open, _) = door.accept().await;
        let reading = tokio::spawn(async move { (open.read(&mut [0; 8]).await, open.read(&mut [0; 8]).await) });
        tokio::task::yield_now().await;
        end.now();
        let (first, again) = tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
        let aborted = io::ErrorKind::ConnectionAborted;
        assert_eq!((first.unwrap_err().kind(), again.unwrap_err().kind()), (aborted, aborted));
    }
}
