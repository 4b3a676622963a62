//! `fumibako ui`: the screens of the office, served to this computer's browser and to nobody else.
//!
//! Start at [`Ui::start`]. A request passes `guard` (is it meant for us, and from our own pages?), then `session` (who is
//! it?), then a screen in `show`, which does its work through `work` and paints what `fumibako_web` draws.
//!
//! Never here: HTML, a private key in an answer, another way of sending or fetching than the commands have. Never possible:
//! an answer to another host name, a change without the token of the session, a script or a style that is not ours.

mod account;
mod again;
mod browser;
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

use crate::disk;
use crate::settings::Settings;
use crate::trouble::Trouble;
pub use again::{Door, Found};
pub use browser::open;
use connections::End;
use first::First;
use session::Sessions;
use state::{App, held, installation};

/// How the screens are served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on this computer; 0: that of the last time, or any that is free.
    pub port: u16,
    /// Seconds between two looks at the gateway; 15 times as long while it says itself that something happened (RFC 2177).
    pub look_seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, look_seconds: 20 }
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
    end: End,
}

/// What runs beside the requests.
type Tasks = Arc<Mutex<Vec<JoinHandle<()>>>>;

impl Ui {
    /// Binds to this computer alone and serves until [`Ui::stop`].
    pub async fn start(settings: Settings, clock: fn() -> Timestamp, options: Options) -> Result<Self, Trouble> {
        let listener = listen(options.port, &settings.data_folder).await?;
        let address = listener.local_addr()?;
        let app = App::new(settings, clock, &options, address.port())?;
        let (host, sessions, tasks) = (app.host.clone(), app.sessions.clone(), Tasks::default());
        let routes = screens(app, &tasks)?;
        let end = serve(listener, routes, &tasks);
        Ok(Self { host, sessions, clock, address, tasks, end })
    }

    /// EN-02: where there are no settings yet, the page that makes them; the screens take its place when somebody begins.
    pub async fn start_first(place: PathBuf, clock: fn() -> Timestamp, options: Options) -> Result<Self, Trouble> {
        let data = first_folder(&place);
        let listener = listen(options.port, &data).await?;
        let address = listener.local_addr()?;
        let host = format!("{}.localhost:{}", installation(&data)?, address.port());
        let (sessions, tasks) = (Arc::new(Sessions::new(Settings::default().idle_seconds)), Tasks::default());
        let current = Arc::new(Mutex::new(Router::new()));
        let begin = {
            let (sessions, tasks, current) = (sessions.clone(), tasks.clone(), current.clone());
            move |settings: Settings| {
                let mut app = App::new(settings, clock, &options, address.port())?;
                sessions.lock_after(app.settings.idle_seconds);
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
        let end = serve(listener, dispatch, &tasks);
        Ok(Self { host, sessions, clock, address, tasks, end })
    }

    /// A new link that opens the screens once.
    pub fn link(&self) -> String {
        link(&self.host, &self.sessions, self.clock)
    }

    /// From now on whoever starts the program once more gets a link there.
    pub fn answer_at(&self, door: Door) {
        let (host, sessions, clock) = (self.host.clone(), self.sessions.clone(), self.clock);
        held(&self.tasks).push(tokio::spawn(door.answer(move || link(&host, &sessions, clock))));
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
        self.end.now();
    }
}

/// Where settings that do not exist yet will keep theirs, so that the host name stays what it is.
pub(crate) fn first_folder(place: &Path) -> PathBuf {
    place.parent().unwrap_or(Path::new(".")).join(Settings::default().data_folder)
}

fn link(host: &str, sessions: &Sessions, clock: fn() -> Timestamp) -> String {
    format!("http://{host}/open?t={}", sessions.new_link(clock()))
}

/// The port that was asked for; else that of the last time, so that the address stays what it was; else any that is free. A browser
/// sends a session's cookie to every port of the host name, so the name that was known at another port is given up with it.
async fn listen(port: u16, data_folder: &Path) -> Result<TcpListener, Trouble> {
    let place = data_folder.join("ui-port");
    let last = std::fs::read_to_string(&place).ok().and_then(|text| text.trim().parse().ok());
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match last.filter(|_| port == 0) {
        Some(last) => match bind(last).await {
            Ok(listener) => listener,
            Err(_) => bind(0).await?,
        },
        None => bind(port).await?,
    };
    let bound = listener.local_addr()?.port();
    if last != Some(bound) {
        disk::private_folder(data_folder).map_err(Trouble::writing(data_folder))?;
        if last.is_some() {
            state::forget_installation(data_folder)?;
        }
        disk::replace(&place, bound.to_string().as_bytes()).map_err(Trouble::writing(&place))?;
    }
    Ok(listener)
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

fn serve(listener: TcpListener, routes: Router, tasks: &Tasks) -> End {
    let end = End::new();
    let door = connections::Connections::of(listener, end.clone());
    let serving = tokio::spawn(async move {
        if let Err(why) = axum::serve(door, routes).await {
            tracing::warn!(%why, "ui.stopped");
        }
    });
    held(tasks).push(serving);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Profile §15.3.
    #[tokio::test]
    async fn the_name_is_another_where_the_port_is() {
        let folder = tempfile::tempdir().unwrap();
        let listened = || async {
            let listener = listen(0, folder.path()).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            (listener, port, installation(folder.path()).unwrap())
        };
        let (taken, port, name) = listened().await;
        let (second, another, new) = listened().await;
        assert!(port != another && name != new, "whoever holds the port hears nothing of what the new name is told");
        drop((taken, second));
        // Nobody promises that a port stays free.
        let (_, again, kept) = listened().await;
        assert_eq!(again == another, kept == new);
    }
}
