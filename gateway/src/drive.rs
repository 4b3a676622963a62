//! The one loop: bytes ↔ effects. No other function sees both a socket and a conversation.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::{Private, Refused};
use fumibako_wire::sasl::Offer;
use fumibako_wire::{Alert, Conversation, Effect};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::sync::{Semaphore, watch};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::desk::Shown;
use crate::peer::Peer;

mod deflate;
use deflate::{Inflating, deflated};

/// Bytes read from a socket at a time.
const READ_BYTES: usize = 32 << 10;

/// Answers what a conversation asks.
pub(crate) trait Desk<C: Conversation>: Send {
    /// The server's word on a question.
    fn answer(&mut self, ask: C::Ask) -> impl Future<Output = C::Answer> + Send;
    /// The conversation refused something by itself.
    fn refused(&mut self, refused: &Refused);
    /// TLS came up, and the client showed this: what it allows.
    fn secured(&mut self, shown: Shown) -> Offer;
    /// One piece of the body that belongs to the next question.
    fn body(&mut self, piece: Private<Vec<u8>>) -> impl Future<Output = ()> + Send;
    /// The client goes on: something was read that was said after all that was sent to it had left. By default that means nothing.
    fn heard(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }
    /// What is to be told to who is logged in at once, and was not yet.
    fn alerts(&mut self) -> Vec<Alert> {
        Vec::new()
    }
    /// Returns when there is something to tell: `true`, of a folder that is watched, `false`, an alert. May be dropped at any time.
    fn news(&mut self) -> impl Future<Output = bool> + Send;
}

/// What a connection needs besides its peer.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) clock: Clock,
    pub(crate) tls: TlsAcceptor,
    /// Becomes true when the gateway stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// How long a TLS handshake may take.
    pub(crate) handshake_within: Duration,
    /// How long a peer may take to accept bytes.
    pub(crate) write_within: Duration,
    /// Those that may ponder at the same time, of all connections.
    pub(crate) pondering: Arc<Semaphore>,
}

/// Runs one conversation to its end.
pub(crate) async fn drive<C: Conversation + Send + 'static>(
    mut peer: Peer,
    mut session: C,
    mut desk: impl Desk<C>,
    mut line: Line,
) -> io::Result<()> {
    let mut told_to_stop = false;
    let mut inflating: Option<Box<Inflating>> = None;
    loop {
        let mut pondered = None;
        while let Some(effect) = pondered.take().or_else(|| session.next()) {
            match effect {
                Effect::Send(bytes) if inflating.is_some() => {
                    send(&mut peer, &deflated(&bytes)?, line.write_within).await?;
                }
                Effect::Send(bytes) => send(&mut peer, &bytes, line.write_within).await?,
                Effect::Body(piece) => desk.body(piece).await,
                Effect::Refused(refused) => desk.refused(&refused),
                Effect::Ask(ask) => {
                    let answer = desk.answer(ask).await;
                    session.answer(line.clock.now(), answer);
                    tell(&mut session, &mut desk, line.clock.now());
                }
                Effect::StartTls => {
                    peer = timeout(line.handshake_within, peer.secure(&line.tls)).await??;
                    let offer = desk.secured(peer.shown());
                    session.secured(line.clock.now(), offer);
                }
                Effect::Compress(true) => inflating = Some(Box::default()),
                Effect::Compress(false) => {
                    let clear = inflating.take().map(|inflating| inflating.rest()).unwrap_or_default();
                    hear(&peer, &mut session, &mut desk, (line.clock.now(), &clear)).await;
                }
                Effect::Ponder => (session, pondered) = ponder(session, &line.pondering).await?,
                Effect::Close => return timeout(line.write_within, peer.shutdown()).await?,
            }
        }
        let mut heard = Vec::new();
        if let Some(inflating) = &mut inflating {
            heard = inflating.next(READ_BYTES)?;
        }
        if !heard.is_empty() {
            // What few octets expand to is heard piece by piece.
            hear(&peer, &mut session, &mut desk, (line.clock.now(), &heard)).await;
            yield_now().await;
            continue;
        }
        // Every branch may be dropped without losing a byte: `read` may, `read_exact` may not.
        tokio::select! {
            read = receive(&mut peer) => match (read?, &mut inflating) {
                (bytes, _) if bytes.is_empty() => return Ok(()),
                (bytes, Some(inflating)) => inflating.feed(bytes),
                (bytes, None) => heard = bytes,
            },
            of_a_folder = desk.news() => if of_a_folder {
                session.news(line.clock.now());
            } else {
                tell(&mut session, &mut desk, line.clock.now());
            },
            _ = line.stopping.wait_for(|stop| *stop), if !told_to_stop => {
                told_to_stop = true;
                session.shutdown(line.clock.now());
            }
            () = line.clock.until(session.wake_at()) => session.tick(line.clock.now()),
        }
        if !heard.is_empty() {
            hear(&peer, &mut session, &mut desk, (line.clock.now(), &heard)).await;
        }
    }
}

/// The client said this. Both are told where it was said after all that had been said to the client (Profile §8.10): here is known
/// what has left, and nowhere else.
async fn hear<C: Conversation>(
    peer: &Peer,
    session: &mut C,
    desk: &mut impl Desk<C>,
    (now, bytes): (Timestamp, &[u8]),
) {
    if peer.goes_on() {
        session.goes_on();
        desk.heard().await;
    }
    session.receive(now, bytes);
}

/// Profile §18.5: after every answer, a login's among them, and when something comes up.
fn tell<C: Conversation>(session: &mut C, desk: &mut impl Desk<C>, now: Timestamp) {
    for alert in desk.alerts() {
        session.alert(now, &alert);
    }
}

/// Profile §7.49: the next step takes long. Few are made at a time, and on threads of their own, so that the others who are
/// served do not wait. A step whose connection ends meanwhile keeps its turn until it is done.
async fn ponder<C: Conversation + Send + 'static>(
    mut session: C,
    turns: &Arc<Semaphore>,
) -> io::Result<(C, Option<Effect<C::Ask>>)> {
    let turn = turns.clone().acquire_owned().await.map_err(io::Error::other)?;
    let step = move || {
        let effect = session.next();
        drop(turn);
        (session, effect)
    };
    spawn_blocking(step).await.map_err(io::Error::other)
}

/// What the peer sent, nothing at its end. While nothing comes no buffer is kept: a quiet connection is to be small.
async fn receive(peer: &mut Peer) -> io::Result<Vec<u8>> {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
    }
    poll_fn(|context| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            Pin::new(&mut *peer).poll_read(context, &mut buffer).map_ok(|()| buffer.filled().to_vec())
        })
    })
    .await
}

async fn send(peer: &mut Peer, bytes: &[u8], within: Duration) -> io::Result<()> {
    timeout(within, async {
        peer.write_all(bytes).await?;
        peer.flush().await
    })
    .await?
}

#[cfg(test)]
mod tests;
