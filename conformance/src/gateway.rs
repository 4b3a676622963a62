//! The built gateway as a process of its own, in a fresh folder, on ports of its own.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fumibako_signer::Identity;
use fumibako_signer::authority::Authority;
use serde_json::Value;
use tempfile::TempDir;

use crate::clock::{Deadline, MovedClock};
use crate::line::Door;
use crate::programs::Programs;
use crate::random::Random;
use crate::tool::{Ran, Tool};

/// The mail domain of every test.
pub const DOMAIN: &str = "plans.example";
/// Longest start waited for.
const START: Duration = Duration::from_mins(1);
/// Starts tried when another program takes a port between our look and the gateway's.
const STARTS: u32 = 5;

/// A gateway that runs until it is dropped.
pub struct Gateway {
    folder: TempDir,
    ports: Ports,
    child: Option<Child>,
    clock: Option<Arc<MovedClock>>,
    events: Option<&'static str>,
}

/// A key of the `[limits]` of the settings, and its value.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub &'static str, pub u64);

/// Where it listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Submission over TLS.
    pub smtps: u16,
    /// Submission with STARTTLS.
    pub submission: u16,
    /// IMAP over TLS.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
    /// POP3 over TLS.
    pub pop3s: u16,
    /// POP3 with STLS.
    pub pop3: u16,
    /// HTTPS.
    pub https: u16,
}

/// An office on the roll, with all it needs to send.
#[derive(Clone, Debug)]
pub struct Office {
    /// 事業所番号.
    pub number: String,
    /// ユーザID.
    pub login: String,
    /// パスワード.
    pub password: String,
    /// A file whose first line is the password.
    pub password_file: PathBuf,
    /// Key and certificate.
    pub identity: Identity,
}

impl Office {
    /// Its mail address.
    pub fn address(&self) -> String {
        format!("{}@{DOMAIN}", self.number)
    }
}

/// What the gateway holds, as `status` counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Messages kept.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pieces of evidence.
    pub evidence: u64,
}

impl Gateway {
    /// A new gateway with its own authorities and no offices.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, under other limits.
    pub fn start_with(limits: &[Limit]) -> Self {
        Self::start_under(None, |settings| with_limits(settings, limits))
    }

    /// The same under a clock that the test moves, and with other settings.
    pub fn start_under(clock: Option<Arc<MovedClock>>, settings: impl Fn(String) -> String) -> Self {
        Self::start_telling(None, clock, settings)
    }

    /// The same with these events in its log, as `RUST_LOG` chooses them.
    pub fn start_telling(
        events: Option<&'static str>,
        clock: Option<Arc<MovedClock>>,
        settings: impl Fn(String) -> String,
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("fumibako-").tempdir().expect("a temporary folder can be made");
        let mut gateway = Self { folder, ports: Ports::free(), child: None, clock, events };
        let init = Tool::at(&Programs::built().gateway).args(["init", "--dev-ca", "--domain", DOMAIN, "--dir"]);
        init.arg(gateway.folder()).under(gateway.clock.as_deref()).run().well();
        let sample = fs::read_to_string(gateway.config()).expect("init writes the settings");
        for _ in 0..STARTS {
            fs::write(gateway.config(), settings(gateway.ports.settings(&sample))).expect("the settings are writable");
            if gateway.try_serve() {
                return gateway;
            }
            gateway.ports = Ports::free();
        }
        panic!("the gateway does not start:\n{}", gateway.log());
    }

    /// Starts it again on the same folder and ports, after [`kill`](Self::kill).
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        // Another test may look at the ports meanwhile, and hold one for a moment.
        let started = Deadline::after(START).until(|| self.try_serve().then_some(()));
        assert!(started.is_some(), "the gateway does not start again:\n{}", self.log());
    }

    /// `kill -9`: no warning, no farewell.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
        }
    }

    /// Its exit code, once it has ended by itself.
    pub fn ended(&mut self) -> Option<Option<i32>> {
        let child = self.child.as_mut()?;
        child.try_wait().expect("it is our child").map(|status| status.code())
    }

    /// `false`: it ended by itself, as it does when a port is taken.
    fn try_serve(&mut self) -> bool {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log"));
        let log: File = log.expect("the log is writable");
        let mut serve = Command::new(&Programs::built().gateway);
        serve.args(["serve", "--lang", "en", "--config"]).arg(self.config());
        serve.envs(self.clock.iter().flat_map(|clock| clock.environment()));
        serve.envs(self.events.map(|events| ("RUST_LOG", events)));
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = serve.spawn().expect("the gateway runs");
        let socket = self.folder.path().join("admin.sock");
        let started = Deadline::after(START).until(|| match child.try_wait().expect("it is our child") {
            Some(_) => Some(false),
            // The last door it opens, after all ports.
            None => UnixStream::connect(&socket).is_ok().then_some(true),
        });
        self.child = Some(child);
        if started != Some(true) {
            self.kill();
        }
        started.unwrap_or_else(|| panic!("the gateway does not answer:\n{}", self.log()))
    }

    /// The clock it looks at, if the test moves it.
    pub fn clock(&self) -> Option<Arc<MovedClock>> {
        self.clock.clone()
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its settings file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("gateway.toml")
    }

    /// Its folder; a test may put files of its own there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The authority of its TLS certificate, for other programs.
    pub fn tls_authority(&self) -> PathBuf {
        self.folder.path().join("dev-ca/tls.pem")
    }

    /// Submission over TLS.
    pub fn submission(&self) -> Door {
        self.door(self.ports.smtps)
    }

    /// Mailboxes over TLS.
    pub fn mailboxes(&self) -> Door {
        self.door(self.ports.imaps)
    }

    /// Submission with STARTTLS.
    pub fn submission_clear(&self) -> Door {
        self.door(self.ports.submission)
    }

    /// Mailboxes with STARTTLS.
    pub fn mailboxes_clear(&self) -> Door {
        self.door(self.ports.imap)
    }

    /// Maildrops over TLS.
    pub fn maildrops(&self) -> Door {
        self.door(self.ports.pop3s)
    }

    /// Maildrops with STLS.
    pub fn maildrops_clear(&self) -> Door {
        self.door(self.ports.pop3)
    }

    fn door(&self, port: u16) -> Door {
        Door::new(port, &fs::read(self.tls_authority()).expect("init makes the authority"))
    }

    /// The authority of office certificates, to issue others than good ones.
    pub fn office_authority(&self) -> Authority {
        let pem = fs::read(self.folder.path().join("dev-ca/offices.pem")).expect("init makes the authority");
        Authority::from_pem(&pem).expect("the authority is readable")
    }

    /// One of the gateway's own commands, which must succeed.
    pub fn admin<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        let command = Tool::at(&Programs::built().gateway).args(arguments);
        let ran = command.args(["--lang", "en", "--config"]).arg(self.config()).under(self.clock.as_deref()).run();
        ran.well();
        ran
    }

    /// Registers an office, licenses it, and gives it a login and a certificate.
    pub fn office(&self, number: &str) -> Office {
        let (login, password) = (format!("user-{number}"), format!("password of {number}"));
        let password_file = self.folder().join(number);
        let key = self.folder().join(format!("{number}.pem"));
        let path = |path: &Path| path.to_str().expect("the path is UTF-8").to_owned();
        fs::write(&password_file, format!("{password}\n")).expect("the folder is writable");
        self.admin(["office", "add", number, "架空事業所"]);
        self.admin(["licence", "grant", number]);
        self.admin(["account", "add", &login, "--office", number, "--password-file", &path(&password_file)]);
        self.admin(["cert", "issue", number, "--out", &path(&key)]);
        let identity = Identity::from_pem(&fs::read(key).expect("cert issue writes it"), None).expect("it is readable");
        Office { number: number.into(), login, password, password_file, identity }
    }

    /// What it holds.
    pub fn holdings(&self) -> Holdings {
        let status = self.status();
        let number = |name: &str| status[name].as_u64().unwrap_or_else(|| panic!("{name} is missing in {status}"));
        Holdings { messages: number("messages"), bytes: number("bytes"), evidence: number("evidence") }
    }

    /// What `status` says.
    pub fn status(&self) -> Value {
        let said = self.admin(["status", "--format", "ndjson"]).output();
        serde_json::from_str(&said).expect("status is JSON")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the gateway ---\n{}", self.log());
        }
        self.kill();
    }
}

/// Ports nobody listens at. They lie below those the system gives to clients: a client that calls while a server is down
/// must never be given the server's own port.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    const FIRST: u64 = 20_000;
    const LAST: u64 = 32_000;
    let mut random = Random::from_seed(Random::any_seed());
    let mut next = || {
        let draw = || u16::try_from(FIRST + random.below(LAST - FIRST)).expect("it is below 65536");
        std::iter::repeat_with(draw).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
    };
    std::array::from_fn(|_| next().expect("there are free ports"))
}

impl Ports {
    fn free() -> Self {
        let [smtps, submission, imaps, imap, pop3s, pop3, https] = free_ports();
        Self { smtps, submission, imaps, imap, pop3s, pop3, https }
    }

    fn all(self) -> [u16; 7] {
        [self.smtps, self.submission, self.imaps, self.imap, self.pop3s, self.pop3, self.https]
    }

    /// The sample settings with these ports.
    fn settings(self, sample: &str) -> String {
        let mut text = sample.replace("# pop3_starttls", "pop3_starttls");
        // Of measurements the log is as long as it is by default; tests would mostly write zeros.
        if cfg!(debug_assertions) {
            text = text.replace("\nlog_room_bytes = 69206016\n", "\nlog_room_bytes = 0\n");
        }
        for (written, port) in [10465, 10587, 10993, 10143, 10995, 10110, 10443].into_iter().zip(self.all()) {
            text = text.replace(&format!("127.0.0.1:{written}"), &format!("127.0.0.1:{port}"));
        }
        text
    }
}

/// Settings with these limits.
fn with_limits(settings: String, limits: &[Limit]) -> String {
    let mut text = settings;
    for Limit(key, value) in limits {
        let set = |line: &str| match line.split_once(" = ") {
            Some((name, _)) if name == *key => format!("{key} = {value}\n"),
            _ => format!("{line}\n"),
        };
        assert!(text.contains(&format!("\n{key} = ")), "the settings have no {key}");
        text = text.lines().map(set).collect();
    }
    text
}
