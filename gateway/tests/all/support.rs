//! A gateway in a fresh folder, with two offices.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fumibako_gateway::{
    AccountRequest, Clock, Config, Cost, Gateway, InitOptions, Limits, Ports, Reply, Request, Running, Secret, init,
    seal_key,
};
use fumibako_model::Party;
use fumibako_signer::authority::{self, Authority, KeyKind, Purpose};
use fumibako_signer::{Certificate, Identity, Trust};
use fumibako_sqlite::SqliteStore;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub(crate) const SENDER: &str = "9970000011";
pub(crate) const RECIPIENT: &str = "9970000029";
pub(crate) const PASSWORD: &str = "hana-to-ki";

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    pub(crate) running: Running,
    /// Goes with the fixture, and not before.
    pub(crate) kept: Option<TempDir>,
}

/// The store of a gateway that does not run, as it would write in it itself.
pub(crate) async fn store_of(config: &Config) -> SqliteStore {
    let seal = seal_key(&config.evidence).ok();
    Box::pin(SqliteStore::open_to_serve(&config.store_folder, config.domain.clone(), (0, seal))).await.unwrap()
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Limits)) -> Self {
        Self::with_config(|config| adjust(&mut config.limits)).await
    }

    pub(crate) async fn with_config(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::made(adjust, |_| {}).await
    }

    pub(crate) async fn with_folder(prepare: impl FnOnce(&Path)) -> Self {
        Self::made(|_| {}, prepare).await
    }

    pub(crate) fn keeping(self, folder: TempDir) -> Self {
        Self { kept: Some(folder), ..self }
    }

    async fn made(adjust: impl FnOnce(&mut Config), prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = InitOptions {
            dir: folder.path().into(),
            domain: "plans.example".parse().unwrap(),
            dev_ca: true,
            ports: Ports::Ephemeral,
        };
        let mut config = init(&options, Clock.now()).unwrap();
        // Zeros for a log that few rows fill would be most of what the disk has to do.
        config.limits.log_room_bytes = 0;
        // What passwords cost whoever guesses is shown where they are made.
        config.passwords.cost = Cost::least();
        adjust(&mut config);
        prepare(folder.path());
        let running = Gateway::start(config.clone()).await.unwrap();
        let fixture = Self { folder, config, running, kept: None };
        for (number, name) in [(SENDER, "あおぞら居宅介護支援事業所"), (RECIPIENT, "ひまわり訪問介護")]
        {
            let (office, name) = (number.parse().unwrap(), name.to_owned());
            fixture.done(Request::OfficeAdd { number: office, name }).await;
            fixture.done(Request::LicenceGrant { number: office, from: None, until: None }).await;
            let make = AccountRequest::make(number, Party::Office(office), Secret(PASSWORD.into()));
            fixture.done(Request::Account(make)).await;
        }
        fixture
    }

    pub(crate) async fn ask(&self, request: Request) -> Reply {
        self.running.admin().answer(request).await
    }

    pub(crate) async fn done(&self, request: Request) {
        assert_eq!(self.ask(request).await, Reply::Done);
    }

    /// The offices' authorities, as an office trusts them.
    pub(crate) fn trust(&self) -> Trust {
        let pem = std::fs::read(self.folder.path().join("dev-ca/offices-ca.pem")).unwrap();
        Trust::new(Certificate::many_from_pem(&pem).unwrap()).unwrap()
    }

    /// The authority of the gateway's TLS certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        fumibako_gateway::tls_authority_file(self.folder.path())
    }
}

/// So many days before this moment: these gateways go by the machine's clock, and would tell and erase what is older.
pub(crate) fn ago(days: i64) -> Timestamp {
    Clock.now() - SignedDuration::from_hours(24 * days)
}

/// A key that signs a log for a month already, as `init` would have made it then, and its authority.
pub(crate) fn old_key() -> (Authority, Identity) {
    key_since(30)
}

/// The same for so many days.
pub(crate) fn key_since(days: i64) -> (Authority, Identity) {
    let from = ago(days);
    let authority = Authority::create_for_domain("Evidence", "plans.example", from).unwrap();
    let request = authority::Request {
        common_name: "gateway",
        rfc822_name: "gateway@plans.example",
        key: KeyKind::EcP256,
        purpose: Purpose::Evidence,
        not_before: from,
        not_after: from + SignedDuration::from_hours(24 * 3_650),
    };
    let key = authority.issue(&request).unwrap();
    (authority, key)
}

/// SASL PLAIN (RFC 4616) for a login.
pub(crate) fn plain(login: &str, password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("\0{login}\0{password}"))
}

/// Waits until it is so. Five minutes are enough for any machine.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Clock.now();
    while !so().await {
        assert!(Clock.now() < began + SignedDuration::from_mins(5), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
