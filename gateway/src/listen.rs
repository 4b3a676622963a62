//! The listeners: each accepts, counts, and gives every connection its conversation and desk.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fumibako_model::Refused;
use fumibako_store::Store;
use fumibako_wire::{Conversation, Cover, Effect, imap, pop3, smtp};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::desk::{Entry, ImapDesk, Pop3Desk, SmtpDesk};
use crate::drive::{Line, drive};
use crate::house::{House, Place, reference};
use crate::https;
use crate::peer::Peer;

/// What is spoken at an address.
pub(crate) use fumibako_model::Door as Speech;

/// What stands behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) speech: Speech,
    /// TLS comes first; else STARTTLS brings it.
    pub(crate) tls: bool,
}

/// Accepts until the gateway stops.
pub(crate) async fn listen<S: Store>(
    listener: TcpListener,
    door: Door,
    house: Arc<House<S>>,
    line: Line,
    connections: TaskTracker,
) {
    let mut stopping = line.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((socket, address)) => {
                connections.spawn(serve(socket, address, door, house.clone(), line.clone()));
            }
            Err(why) => {
                // Out of file descriptors, mostly: others will be closed soon.
                tracing::warn!(%why, ?door, "listener.accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve<S: Store>(socket: TcpStream, address: SocketAddr, door: Door, house: Arc<House<S>>, line: Line) {
    // Small replies go out at once; a delayed one costs 40 ms a command.
    if let Err(why) = socket.set_nodelay(true) {
        tracing::debug!(%why, "socket.nodelay");
    }
    if let Err(why) = converse(socket, address, door, house, line).await {
        tracing::debug!(%address, ?door, %why, "connection.ended");
    }
}

async fn converse<S: Store>(
    mut socket: TcpStream,
    address: SocketAddr,
    door: Door,
    house: Arc<House<S>>,
    line: Line,
) -> io::Result<()> {
    let (now, ip) = (line.clock.now(), address.ip());
    let place = match Place::take(&house, ip) {
        Ok(place) => place,
        Err(refused) => {
            let reference = house.refuse("connection", None, &refused);
            let words = farewell(&house, door, &refused, reference, now);
            return timeout(Duration::from_secs(1), socket.write_all(&words)).await?;
        }
    };
    house.counts.connections.one("door", door.speech.word());
    let mut peer = Peer::new(socket);
    if door.tls {
        peer = timeout(line.handshake_within, peer.secure(&line.tls)).await??;
    }
    // The conversation's own refusals carry this number; here it is found again.
    let reference = reference();
    tracing::debug!(reference, %address, ?door, "connection.opened");
    let shown = peer.shown();
    let cover = if door.tls { Cover::Tls(shown.offer()) } else { Cover::ClearOffersTls };
    let entry = Entry::new(house.clone(), place, (ip, door.speech), reference.clone(), shown);
    match door.speech {
        Speech::Smtp => {
            let session = smtp::Session::open(now, cover, house.smtp.clone(), reference);
            drive(peer, session, SmtpDesk::new(entry), line).await
        }
        Speech::Imap => {
            let session = imap::Session::open(now, cover, house.imap.clone(), reference);
            drive(peer, session, ImapDesk::new(entry), line).await
        }
        Speech::Pop3 => {
            let session = pop3::Session::open(now, cover, house.pop3.clone(), reference);
            drive(peer, session, Pop3Desk::new(entry), line).await
        }
        Speech::Https => https::serve(peer, entry, line.stopping).await,
    }
}

/// What one connection too many is told before it is closed. Where TLS comes first nothing can be said without the
/// handshake that a crowd must not cost; such a connection is just closed.
fn farewell<S>(house: &House<S>, door: Door, refused: &Refused, reference: String, now: Timestamp) -> Vec<u8> {
    match door.speech {
        _ if door.tls => Vec::new(),
        // Nothing is said over HTTP that was not asked.
        Speech::Https => Vec::new(),
        Speech::Smtp => said(smtp::Session::turned_away(now, house.smtp.clone(), refused, reference)),
        Speech::Imap => said(imap::Session::turned_away(now, house.imap.clone(), refused, reference)),
        Speech::Pop3 => said(pop3::Session::turned_away(now, house.pop3.clone(), refused, reference)),
    }
}

fn said(mut session: impl Conversation) -> Vec<u8> {
    let mut words = Vec::new();
    while let Some(effect) = session.next() {
        if let Effect::Send(bytes) = effect {
            words.extend(bytes);
        }
    }
    words
}
