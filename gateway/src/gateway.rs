//! A running gateway: everything started in order, everything stopped in order.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fumibako_sqlite::SqliteStore;
use fumibako_store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Admin};
use crate::clock::Clock;
use crate::config::Config;
use crate::drive::Line;
use crate::expire;
use crate::house::House;
use crate::listen::{Door, Speech, listen};
use crate::tls::{self, TlsError};
use crate::trust::{self, TrustError};

/// Starts gateways.
pub struct Gateway;

/// A gateway that runs until [`stop`](Self::stop). Dropped without it, its connections break off; nothing that was
/// answered 250 is lost.
pub struct Running {
    addresses: Addresses,
    house: Arc<House<SqliteStore>>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    expiry: JoinHandle<()>,
    connections: TaskTracker,
    stop_within: Duration,
    admin_socket: PathBuf,
}

/// Where a running gateway listens, with the ports it really has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Submission over TLS.
    pub submission_tls: SocketAddr,
    /// Submission with STARTTLS.
    pub submission_starttls: SocketAddr,
    /// IMAP over TLS.
    pub imap_tls: SocketAddr,
    /// IMAP with STARTTLS.
    pub imap_starttls: SocketAddr,
}

/// The gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store does not open.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The TLS files cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The authorities cannot be read.
    #[error("trusted authorities: {0}")]
    Trust(#[from] TrustError),
    /// An address is taken or not allowed.
    #[error("cannot listen at {0}: {1}")]
    Listen(String, io::Error),
}

impl Gateway {
    /// Opens the store, then the doors. Must be called inside a Tokio runtime.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let acceptor = tls::acceptor(&config.tls)?;
        let nobody = tls::salt_of_nobody(&config.tls)?;
        let authorities = trust::load(&config.trust_folder)?;
        let store = SqliteStore::open(&config.store_folder, config.domain.clone()).await?;
        raise_descriptors(config.limits.connections);
        let (stop, stopping) = watch::channel(false);
        let write_within = Duration::from_secs(u64::from(config.limits.write_seconds));
        let line = Line { clock: Clock, tls: acceptor, stopping: stopping.clone(), write_within };
        let doors = [
            (config.listen.submission_tls, Door { speech: Speech::Smtp, tls: true }),
            (config.listen.submission_starttls, Door { speech: Speech::Smtp, tls: false }),
            (config.listen.imap_tls, Door { speech: Speech::Imap, tls: true }),
            (config.listen.imap_starttls, Door { speech: Speech::Imap, tls: false }),
        ];
        let mut bound = Vec::new();
        for (address, door) in doors {
            bound.push((bind(address).await?, door));
        }
        let at = |n: usize| bound[n].0.local_addr().map_err(|why| StartError::Listen(doors[n].0.to_string(), why));
        let addresses =
            Addresses { submission_tls: at(0)?, submission_starttls: at(1)?, imap_tls: at(2)?, imap_starttls: at(3)? };
        let admin_socket = config.admin_socket.clone();
        let socket = admin::bind_socket(&admin_socket)
            .map_err(|why| StartError::Listen(admin_socket.display().to_string(), why))?;
        let stop_within = Duration::from_secs(u64::from(config.limits.stop_seconds));
        let house = Arc::new(House::new(store, config, authorities, nobody));
        let connections = TaskTracker::new();
        let door =
            |(listener, door)| tokio::spawn(listen(listener, door, house.clone(), line.clone(), connections.clone()));
        let mut listeners: Vec<_> = bound.into_iter().map(door).collect();
        let expiry = tokio::spawn(expire::run(house.clone(), stopping.clone()));
        listeners.push(tokio::spawn(admin::serve(socket, Admin::new(house.clone()), stopping)));
        tracing::info!(?addresses, "gateway.started");
        Ok(Running { addresses, house, stop, listeners, expiry, connections, stop_within, admin_socket })
    }
}

/// Every connection takes a file descriptor, and the usual limit of a process is far below what is promised.
fn raise_descriptors(connections: usize) {
    let wanted = connections as u64 + 64;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(granted) if granted >= wanted => {}
        Ok(granted) => tracing::warn!(granted, wanted, "descriptors.few"),
        Err(why) => tracing::warn!(%why, wanted, "descriptors.few"),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|why| StartError::Listen(address.to_string(), why))
}

impl Running {
    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Administration, without the socket.
    pub fn admin(&self) -> Admin<SqliteStore> {
        Admin::new(self.house.clone())
    }

    /// Returns when the store can no longer be trusted: stop the process, and look at what the log says.
    pub async fn broken(&self) {
        // The sender lives as long as `self`.
        let _ = self.house.broken.subscribe().wait_for(|broken| *broken).await;
    }

    /// Closes the doors, tells the connections, waits for work in hand, and closes the store.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for listener in self.listeners {
            if let Err(why) = listener.await {
                tracing::warn!(%why, "listener.stopped");
            }
        }
        self.connections.close();
        if tokio::time::timeout(self.stop_within, self.connections.wait()).await.is_err() {
            tracing::warn!(left = self.connections.len(), "connections.cut");
        }
        if let Err(why) = self.house.store.close().await {
            tracing::warn!(%why, "store.closed");
        }
        if let Err(why) = self.expiry.await {
            tracing::warn!(%why, "expiry.stopped");
        }
        if let Err(why) = std::fs::remove_file(&self.admin_socket) {
            tracing::debug!(%why, "admin.socket");
        }
        tracing::info!("gateway.stopped");
    }
}
