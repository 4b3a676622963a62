//! `fumibako ui`: the screens of the office, served to this computer's browser and to nobody else.
//!
//! Start at [`Ui::start`]. A request passes `guard` (is it meant for us, and from our own pages?), then `session` (who is
//! it?), then a screen in `show`, which does its work through `work` and paints what `fumibako_web` draws.
//!
//! Never here: HTML, a private key in an answer, another way of sending or fetching than the commands have. Never possible:
//! an answer to another host name, a change without the token of the session, a script or a style that is not ours.

mod account;
mod connections;
mod first;
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
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::settings::Settings;
use crate::trouble::Trouble;
use first::First;
use session::Sessions;
use state::{App, held, installation};

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
    host: String,
    sessions: Arc<Sessions>,
    clock: fn() -> Timestamp,
    address: SocketAddr,
    tasks: Tasks,
}

/// What runs beside the requests.
type Tasks = Arc<Mutex<Vec<JoinHandle<()>>>>;

impl Ui {
    /// Binds to this computer alone and serves until [`Ui::stop`].
    pub async fn start(settings: Settings, clock: fn() -> Timestamp, options: Options) -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let app = App::new(settings, clock, &options, address.port())?;
        let (host, sessions, tasks) = (app.host.clone(), app.sessions.clone(), Tasks::default());
        let routes = screens(app, &tasks)?;
        serve(listener, routes, &tasks);
        Ok(Self { host, sessions, clock, address, tasks })
    }

    /// EN-02: where there are no settings yet, the page that makes them; the screens take its place when somebody begins.
    pub async fn start_first(place: PathBuf, clock: fn() -> Timestamp, options: Options) -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        // Where the settings will keep theirs, so that the host name stays what it is.
        let data = place.parent().unwrap_or(Path::new(".")).join(Settings::default().data_folder);
        let host = format!("{}.localhost:{}", installation(&data)?, address.port());
        let (sessions, tasks) = (Arc::new(Sessions::new(options.idle_seconds)), Tasks::default());
        let current = Arc::new(Mutex::new(Router::new()));
        let begin = {
            let (sessions, tasks, current) = (sessions.clone(), tasks.clone(), current.clone());
            move |settings: Settings| {
                let mut app = App::new(settings, clock, &options, address.port())?;
                app.sessions = sessions.clone();
                *held(&current) = screens(app, &tasks)?;
                Ok(())
            }
        };
        let first = First::new(place, clock, sessions.clone(), Box::new(begin));
        *held(&current) = first::routes(Arc::new(first), &host);
        let dispatch = Router::new().fallback(move |request: Request| {
            let routes = held(&current).clone();
            async move { TowerToHyperService::new(routes).call(request).await }
        });
        serve(listener, dispatch, &tasks);
        Ok(Self { host, sessions, clock, address, tasks })
    }

    /// A new link that opens the screens once.
    pub fn link(&self) -> String {
        format!("http://{}/open?t={}", self.host, self.sessions.new_link((self.clock)()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The host name and port that it answers to, and to no other.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Ends at once; what was promised is on disk.
    pub fn stop(self) {
        held(&self.tasks).iter().for_each(JoinHandle::abort);
    }
}

/// Takes up what was kept, begins to look at the gateway, and gives the addresses of all screens.
fn screens(app: App, tasks: &Tasks) -> Result<Router, Trouble> {
    let app = Arc::new(app);
    let goes_on = app.open_kept()?;
    let mut running = held(tasks);
    running.push(tokio::spawn(work::look::for_ever(app.clone())));
    let ears = work::listen::ears(&app.settings).iter();
    running.extend(ears.map(|ear| tokio::spawn(work::listen::for_ever(app.clone(), *ear))));
    drop(running);
    if goes_on {
        tokio::spawn(work::post::batch(app.clone()));
    }
    Ok(show::routes(app))
}

fn serve(listener: TcpListener, routes: Router, tasks: &Tasks) {
    let serving = tokio::spawn(async move {
        if let Err(why) = axum::serve(connections::Connections::of(listener), routes).await {
            tracing::warn!(%why, "ui.stopped");
        }
    });
    held(tasks).push(serving);
}
