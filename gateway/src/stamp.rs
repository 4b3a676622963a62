//! Time stamps over the heads that no other takes the place of any more, from an authority that the operator names (RFC 3161; Profile §8.21).

use std::sync::Arc;
use std::time::Duration;

use fumibako_signer::{Certificate, TimeStampRequest, Trust};
use fumibako_store::bodies::Day;
use fumibako_store::{Store, StoreError};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::house::House;

/// From one look for heads without a stamp to the next.
const LOOK: Duration = Duration::from_mins(10);
/// How long the authority may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets of its answer.
const ANSWER_BYTES: usize = fumibako_signer::limits::TIME_STAMP_BYTES_MAX;

/// Why there is no stamp. It is tried again.
#[derive(Debug, thiserror::Error)]
enum StampError {
    #[error("{0}")]
    Network(String),
    #[error(transparent)]
    Stamp(#[from] fumibako_signer::TimeStampError),
    #[error("{0}")]
    Authority(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs until the gateway stops; returns at once if no authority is named.
pub(crate) async fn run<S: Store>(house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    if house.config.evidence.stamp_url.is_empty() {
        return;
    }
    while !*stopping.borrow() {
        if let Err(why) = stamp(&house).await {
            tracing::warn!(%why, "evidence.not_stamped");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Has every head stamped whose day is over or that has another after it, the shortest first.
async fn stamp<S: Store>(house: &House<S>) -> Result<(), StampError> {
    let settings = &house.config.evidence;
    let file = &settings.stamp_authority_file;
    let pem = std::fs::read(file).map_err(|why| StampError::Authority(format!("{}: {why}", file.display())))?;
    let anchors = Certificate::many_from_pem(&pem).map_err(|why| StampError::Authority(why.to_string()))?;
    let trust = Trust::for_time_stamps(anchors).map_err(|why| StampError::Authority(why.to_string()))?;
    while let Some((size, head)) = house.store.unstamped(Day::of(house.clock.now())).await? {
        let asked = TimeStampRequest::new(&head)?;
        let answer = tokio::time::timeout(PATIENCE, ask(&settings.stamp_url, asked.to_der()?)).await;
        let answer = answer.map_err(|_| StampError::Network("it does not answer in time".into()))??;
        let stamp = asked.verify(&answer, &trust, house.clock.now())?;
        house.store.keep_stamp((size, head), stamp.token().to_vec()).await?;
        house.counts.heads_stamped.inc();
        tracing::info!(size, time = %stamp.time(), "evidence.stamped");
    }
    Ok(())
}

/// RFC 3161 §3.4. Without TLS: the answer is signed, and the question is a digest.
async fn ask(url: &str, query: Vec<u8>) -> Result<Bytes, StampError> {
    let broken = |why: &dyn std::fmt::Display| StampError::Network(why.to_string());
    let (host, path) = place(url).ok_or_else(|| StampError::Authority(format!("{url}: http://HOST[:PORT]/PATH")))?;
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let stream = TcpStream::connect(address).await.map_err(|why| broken(&why))?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|why| broken(&why))?;
    let request = Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/timestamp-query")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(query)))
        .map_err(|why| broken(&why))?;
    // It carries the answer, and goes with it.
    let carried = AbortOnDrop(tokio::spawn(connection));
    let response = sender.send_request(request).await.map_err(|why| broken(&why))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|why| broken(&why))?.to_bytes();
    drop(carried);
    if status.is_success() { Ok(body) } else { Err(broken(&status)) }
}

/// A task that nobody needs any longer than this.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Host with port, and path, of an address without TLS.
fn place(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    (!host.is_empty() && !host.contains(['@', ' '])).then_some((host, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_path() {
        assert_eq!(place("http://tsa.example/ts?a"), Some(("tsa.example", "/ts?a")));
        assert_eq!(place("http://127.0.0.1:3161"), Some(("127.0.0.1:3161", "/")));
        for wrong in ["https://tsa.example/", "tsa.example", "http:///x", "http://a@b/"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
