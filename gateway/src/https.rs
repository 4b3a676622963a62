//! The HTTPS door. It tells mail programs how to set themselves up (Profile §13.13), takes deeds about mandates (Profile §9.5) and
//! licences (Profile §10.4), and hands out evidence (Profile §8.18); later steps put more behind it.
//!
//! Its connections take a place as all others do, have a few seconds for each request, and small bodies only.

mod accounts;
mod acts;
mod autoconfig;
mod certificates;
mod directory;
mod evidence;
mod licence;
mod mandates;
mod notices;
mod questions;
mod readers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use fumibako_store::Store;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::desk::Entry;
use crate::peer::Peer;
use autoconfig::Doors;

/// How long a client may take for the header of a request.
const HEADER: Duration = Duration::from_secs(10);
/// How long a connection lasts, whatever is said in it.
const CONNECTION: Duration = Duration::from_mins(1);
/// Octets of a request's header.
const HEADER_BYTES: usize = 16 << 10;
/// Octets of a request's body.
const BODY_BYTES: usize = 16 << 10;

/// Serves one connection to its end.
pub(crate) async fn serve<S: Store>(peer: Peer, entry: Entry<S>, stopping: watch::Receiver<bool>) -> io::Result<()> {
    let house = &entry.house;
    let doors = Doors { host: house.config.domain.to_string(), addresses: house.addresses };
    let office = mandates::Office { house: house.clone(), address: entry.address };
    let routes = routes(doors).merge(mandates::routes(office.clone()));
    let routes = routes.merge(licence::routes(office.clone()));
    let routes = routes.merge(readers::routes(office.clone())).merge(directory::routes(office.clone()));
    let routes = routes.merge(notices::routes(office.clone())).merge(evidence::routes(office.clone()));
    let routes = routes
        .merge(acts::routes(office.clone()))
        .merge(accounts::routes(office.clone()))
        .merge(certificates::routes(office));
    speak(peer, routes, stopping).await
}

/// HTTP over a connection, to its end.
pub(crate) async fn speak(
    peer: impl AsyncRead + AsyncWrite + Unpin,
    routes: Router,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(HEADER_BYTES);
    let connection = builder.serve_connection(TokioIo::new(peer), TowerToHyperService::new(routes));
    tokio::select! {
        served = timeout(CONNECTION, connection) => served?.map_err(io::Error::other),
        _ = stopping.wait_for(|stop| *stop) => Ok(()),
    }
}

/// What is answered; everything else is 404.
fn routes(doors: Doors) -> Router {
    Router::new()
        .route("/.well-known/autoconfig/mail/config-v1.1.xml", get(configuration))
        .route("/mail/config-v1.1.xml", get(configuration))
        .route("/autodiscover/autodiscover.xml", post(discovery))
        .route("/Autodiscover/Autodiscover.xml", post(discovery))
        .route("/AutoDiscover/AutoDiscover.xml", post(discovery))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Arc::new(doors))
}

const XML: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "application/xml; charset=utf-8")];

async fn configuration(State(doors): State<Arc<Doors>>) -> impl IntoResponse {
    (XML, doors.configuration())
}

async fn discovery(State(doors): State<Arc<Doors>>, asked: String) -> impl IntoResponse {
    (XML, doors.discovery(&asked))
}
