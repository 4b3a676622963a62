//! `fumibako ui`: the screens of the office, served to this computer's browser and to nobody else.
//!
//! Start at [`Ui::start`]. A request passes `guard` (is it meant for us, and from our own pages?), then `session` (who is
//! it?), then a screen in `show`, which does its work through `work` and paints what `fumibako_web` draws.
//!
//! Never here: HTML, a private key in an answer, another way of sending or fetching than the commands have. Never possible:
//! an answer to another host name, a change without the token of the session, a script or a style that is not ours.

mod form;
mod guard;
mod kept;
mod letters;
mod offices;
mod paint;
mod session;
mod show;
mod spot;
mod state;
mod work;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::settings::Settings;
use crate::trouble::Trouble;
use state::App;

/// How the screens are served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on this computer; 0: any that is free.
    pub port: u16,
    /// Seconds without a click after which the screen is locked (LG-10).
    pub idle_seconds: u32,
    /// Seconds between two looks at the gateway; 15 times as long while it says itself that something happened (RFC 2177).
    pub look_seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, idle_seconds: 15 * 60, look_seconds: 20 }
    }
}

/// Screens that are being served.
#[derive(Debug)]
pub struct Ui {
    app: Arc<App>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Ui {
    /// Binds to this computer alone and serves until [`Ui::stop`].
    pub async fn start(settings: Settings, clock: fn() -> Timestamp, options: Options) -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let app = Arc::new(App::new(settings, clock, &options, address.port())?);
        let goes_on = app.open_kept()?;
        let routes = show::routes(app.clone());
        let serving = tokio::spawn(async move {
            if let Err(why) = axum::serve(listener, routes).await {
                tracing::warn!(%why, "ui.stopped");
            }
        });
        let mut tasks = vec![serving, tokio::spawn(work::look::for_ever(app.clone()))];
        // An agent looks into several offices' folders, and does so now and then.
        if app.settings.office.is_some() {
            tasks.extend(work::look::FOLDERS.map(|folder| tokio::spawn(work::listen::for_ever(app.clone(), folder))));
        }
        if goes_on {
            tokio::spawn(work::post::batch(app.clone()));
        }
        Ok(Self { app, address, tasks })
    }

    /// A new link that opens the screens once.
    pub fn link(&self) -> String {
        format!("http://{}/open?t={}", self.app.host, self.app.sessions.new_link((self.app.clock)()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The host name and port that it answers to, and to no other.
    pub fn host(&self) -> &str {
        &self.app.host
    }

    /// Ends at once; what was promised is on disk.
    pub fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
