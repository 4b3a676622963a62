//! `GET /metrics`: what is counted, for monitoring (OpenMetrics; Profile §8.27). Only where the operator says so, and only at an address
//! of this machine; it needs no log-in and tells nothing of anybody.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fumibako_store::Store;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::house::House;
use crate::https::speak;

/// Connections at a time. One more waits.
const CONNECTIONS: usize = 4;
/// The media type of OpenMetrics 1.0.
const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until the gateway stops.
pub(crate) async fn run<S: Store>(listener: TcpListener, house: Arc<House<S>>, mut stopping: watch::Receiver<bool>) {
    let routes = Router::new().route("/metrics", get(give::<S>)).with_state(house);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let taken = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            taken = taken => taken,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((socket, _)) => {
                let (routes, stopping) = (routes.clone(), stopping.clone());
                tokio::spawn(async move {
                    if let Err(why) = speak(socket, routes, stopping).await {
                        tracing::debug!(%why, "metrics.ended");
                    }
                    drop(place);
                });
            }
            Err(why) => {
                tracing::warn!(%why, "metrics.accept");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn give<S: Store>(State(house): State<Arc<House<S>>>) -> Response {
    match house.metrics().await {
        Ok(text) => ([(CONTENT_TYPE, FORM)], text).into_response(),
        Err(error) => {
            house.refusal_of(error);
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
