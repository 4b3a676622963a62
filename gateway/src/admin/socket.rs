//! The local socket: one JSON request a line, one JSON reply a line. Its mode, 0600, is its only guard.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use fumibako_store::Store;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::{Admin, Reply, Request};

/// Longest request or reply, in bytes: 250,000 offices fit.
const LINE_BYTES: u64 = 256 << 20;

/// Serves the socket until the gateway stops.
pub(crate) async fn serve<S: Store>(listener: UnixListener, admin: Admin<S>, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let admin = admin.clone();
                tokio::spawn(async move {
                    if let Err(why) = converse(stream, &admin).await {
                        tracing::debug!(%why, "admin.ended");
                    }
                });
            }
            Err(why) => {
                // Out of file descriptors, mostly: others will be closed soon.
                tracing::warn!(%why, "admin.accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Binds the socket; a file left by an earlier life is replaced, a living gateway's is not.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.exists() {
        match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another gateway answers at this socket")),
            Err(_) => std::fs::remove_file(path)?,
        }
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn converse<S: Store>(stream: UnixStream, admin: &Admin<S>) -> io::Result<()> {
    // Who may connect is root or the gateway's user; which of them it was, the system says.
    let admin = &admin.known_as(stream.peer_cred()?.uid());
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_BYTES)).lines();
    while let Some(line) = lines.next_line().await? {
        let request: Request = serde_json::from_str(&line)?;
        let (name, about) = (request.name(), request.about());
        let answer = admin.answer(request).await;
        let refused = if let Reply::No { code, .. } = &answer { code.row().code } else { "" };
        tracing::info!(request = name, about, refused, "admin.asked");
        let mut reply = serde_json::to_vec(&answer)?;
        reply.push(b'\n');
        writer.write_all(&reply).await?;
    }
    Ok(())
}

/// Why the gateway could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody answers at the socket.
    #[error("the gateway is not running ({0}). Start it with `fumibako-gateway serve`")]
    NotRunning(io::Error),
    /// The conversation broke off.
    #[error("the gateway did not answer: {0}")]
    Broken(io::Error),
}

/// Asks the running gateway.
pub async fn call(socket: &Path, request: &Request) -> Result<Reply, CallError> {
    let mut stream = UnixStream::connect(socket).await.map_err(CallError::NotRunning)?;
    let exchange = async {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut reply = String::new();
        BufReader::new(stream.take(LINE_BYTES)).read_line(&mut reply).await?;
        serde_json::from_str(&reply).map_err(io::Error::from)
    };
    exchange.await.map_err(CallError::Broken)
}
