//! A running gateway: everything started in order, everything stopped in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::{Store as _, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Admin};
use crate::clock::Clock;
use crate::config::{Config, Listen};
use crate::drive::Line;
use crate::expire;
use crate::house::{Believed, House, Own};
use crate::listen::{Door, Speech, listen};
use crate::metrics;
use crate::report;
use crate::stamp;
use crate::tls::{self, TlsError};
use crate::trust::{self, TrustError};
use crate::witness::{self, Loaded, WitnessError};

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
    witness: JoinHandle<()>,
    /// Becomes true when no connection is left and the last evidence may be signed.
    last_word: watch::Sender<bool>,
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
    /// POP3 over TLS.
    pub pop3_tls: SocketAddr,
    /// POP3 with STLS, if it is spoken.
    pub pop3_starttls: Option<SocketAddr>,
    /// HTTPS.
    pub https: SocketAddr,
    /// Figures for monitoring, if they are given.
    pub metrics: Option<SocketAddr>,
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            submission_tls,
            submission_starttls,
            imap_tls,
            imap_starttls,
            pop3_tls,
            pop3_starttls,
            https,
            metrics,
        } = self;
        write!(f, "smtps {submission_tls}, submission {submission_starttls}, ")?;
        write!(f, "imaps {imap_tls}, imap {imap_starttls}, pop3s {pop3_tls}, https {https}")?;
        pop3_starttls.iter().try_for_each(|address| write!(f, ", pop3 {address}"))?;
        metrics.iter().try_for_each(|address| write!(f, ", metrics {address}"))
    }
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
    /// The evidence key cannot be used.
    #[error("evidence: {0}")]
    Witness(#[from] WitnessError),
    /// What lies beside the evidence key, or the log, cannot be read.
    #[error("evidence: {0}")]
    Log(StoreError),
    /// An address is taken or not allowed.
    #[error("cannot listen at {0}: {1}")]
    Listen(String, io::Error),
}

impl Gateway {
    /// Opens the store, then the doors. Must be called inside a Tokio runtime.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let acceptor = tls::acceptor(&config.tls)?;
        let nobody = tls::salt_of_nobody(&config.tls)?;
        let trust = Arc::new(trust::load(&config.trust_folder)?);
        let served_before = config.store_folder.join(DATABASE_FILE).is_file();
        let key = if served_before { witness::load_again } else { witness::load };
        let Loaded { witness, believed, seal } = key(&config.evidence)?;
        let serving = (config.limits.log_room_bytes, Some(seal.clone()));
        let store = SqliteStore::open_to_serve(&config.store_folder, config.domain.clone(), serving).await?;
        let (name, papers) = trust::papers(&config.trust_folder)?;
        store.keep_papers(papers).await?;
        store.promise(config.retention()).await?;
        let promised = store.promised(config.retention()).await?;
        report::remind_by(&store, (&promised, &config), Clock.now()).await?;
        let begun = witness::begin_sealed(&store, &config, (&witness, believed, seal), Clock.now());
        let (witnessing, keys) = match begun.await {
            Ok(begun) => begun,
            Err(why) => {
                if let Err(why) = store.close().await {
                    tracing::warn!(%why, "store.closed");
                }
                return Err(StartError::Log(why));
            }
        };
        raise_descriptors(config.limits.connections);
        let (stop, stopping) = watch::channel(false);
        let write_within = Duration::from_secs(u64::from(config.limits.write_seconds));
        let handshake_within = Duration::from_secs(u64::from(config.limits.handshake_seconds));
        let line = Line {
            clock: Clock,
            tls: acceptor,
            stopping: stopping.clone(),
            handshake_within,
            write_within,
            pondering: Arc::new(Semaphore::new(half_of_the_cores())),
        };
        let (bound, mut addresses) = open_doors(&config.listen).await?;
        let figures = open_figures(&config.listen, &mut addresses).await?;
        let admin_socket = config.admin_socket.clone();
        let socket = admin::bind_socket(&admin_socket)
            .map_err(|why| StartError::Listen(admin_socket.display().to_string(), why))?;
        let stop_within = Duration::from_secs(u64::from(config.limits.stop_seconds));
        let own = Own { addresses, nobody, witness, keys, witnessing, promised };
        let house = Arc::new(House::new(store, config, Believed { trust, name }, own));
        let connections = TaskTracker::new();
        let door =
            |(listener, door)| tokio::spawn(listen(listener, door, house.clone(), line.clone(), connections.clone()));
        let mut listeners: Vec<_> = bound.into_iter().map(door).collect();
        let expiry = tokio::spawn(expire::run(house.clone(), stopping.clone()));
        if let Some(listener) = figures {
            listeners.push(tokio::spawn(metrics::run(listener, house.clone(), stopping.clone())));
        }
        listeners.push(tokio::spawn(stamp::run(house.clone(), stopping.clone())));
        let (last_word, until_last) = watch::channel(false);
        let witness = tokio::spawn(witness::run(house.clone(), until_last));
        listeners.push(tokio::spawn(admin::serve(socket, Admin::new(house.clone()), stopping)));
        tracing::info!(?addresses, "gateway.started");
        Ok(Running {
            addresses,
            house,
            stop,
            listeners,
            expiry,
            witness,
            last_word,
            connections,
            stop_within,
            admin_socket,
        })
    }
}

/// The other half serves those who wait.
fn half_of_the_cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
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

/// Binds every address of the settings.
async fn open_doors(wanted: &Listen) -> Result<(Vec<(TcpListener, Door)>, Addresses), StartError> {
    let mut bound = Vec::new();
    let mut open = async |address: SocketAddr, speech, tls| {
        let listener = bind(address).await?;
        let real = listener.local_addr().map_err(|why| StartError::Listen(address.to_string(), why))?;
        bound.push((listener, Door { speech, tls }));
        Ok::<SocketAddr, StartError>(real)
    };
    let addresses = Addresses {
        submission_tls: open(wanted.submission_tls, Speech::Smtp, true).await?,
        submission_starttls: open(wanted.submission_starttls, Speech::Smtp, false).await?,
        imap_tls: open(wanted.imap_tls, Speech::Imap, true).await?,
        imap_starttls: open(wanted.imap_starttls, Speech::Imap, false).await?,
        pop3_tls: open(wanted.pop3_tls, Speech::Pop3, true).await?,
        pop3_starttls: match wanted.pop3_starttls {
            Some(address) => Some(open(address, Speech::Pop3, false).await?),
            None => None,
        },
        https: open(wanted.https, Speech::Https, true).await?,
        metrics: None,
    };
    Ok((bound, addresses))
}

/// Binds the address for figures, if there is one.
async fn open_figures(wanted: &Listen, addresses: &mut Addresses) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = wanted.metrics else { return Ok(None) };
    let listener = bind(address).await?;
    addresses.metrics = Some(listener.local_addr().map_err(|why| StartError::Listen(address.to_string(), why))?);
    Ok(Some(listener))
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
        self.last_word.send_replace(true);
        if let Err(why) = self.witness.await {
            tracing::warn!(%why, "witness.stopped");
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
