//! A gateway, two offices, and the command line as a user types it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fumibako::Settings;
use fumibako::bundle::{Draft, Form, compose, gather};
use fumibako::cli::{World, run};
use fumibako::demo::{Stage, sample};
use fumibako_gateway::{Config, Cost, Reply, Request};
use fumibako_signer::authority::KeyKind;
use jiff::Timestamp;
use serde_json::Value;

/// The office that sends in all tests.
pub(crate) const A: &str = "9970000011";
/// The office that receives.
pub(crate) const B: &str = "9970000029";

/// A running gateway with offices A and B.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) stage: Stage,
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[expect(clippy::disallowed_methods, reason = "the gateway beside us reads the computer's clock too")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// With other settings of the gateway.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cheap = |config: &mut Config| {
            config.passwords.cost = Cost::least();
            change(config);
        };
        let stage = Stage::set_up_with(folder.path(), now(), cheap).unwrap();
        let add = |number: &str| stage.add_office(number.parse().unwrap(), "見本", KeyKind::EcP256, now()).unwrap();
        let (a, b) = (add(A), add(B));
        Self { folder, stage, a, b }
    }

    /// The settings of an agent.
    pub(crate) fn agent(&self) -> PathBuf {
        self.stage.add_agent("kawara", "見本の代行", now()).unwrap()
    }

    /// A folder with the sample bundle, from A to B.
    pub(crate) fn sample(&self) -> PathBuf {
        let folder = self.folder.path().join("written");
        sample::write(&folder).unwrap();
        folder
    }

    /// The same files under other names.
    pub(crate) fn renamed(&self, from: &str, to: &str) -> PathBuf {
        let folder = self.folder.path().join("renamed");
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in sample::FILES {
            fs::write(folder.join(name.replace(from, to)), bytes).unwrap();
        }
        folder
    }

    pub(crate) fn messages_at_the_gateway(&self) -> u64 {
        match self.stage.ask(Request::Status).unwrap() {
            Reply::Status(status) => status.messages,
            other => panic!("{other:?}"),
        }
    }

    /// A message of A to an office, signed only, not posted.
    pub(crate) fn composed(&self, to: &str) -> Vec<u8> {
        let settings = Settings::load(&self.a).unwrap();
        let office = settings.office().unwrap();
        let bundle = gather(&[self.sample()], office).unwrap().bundles.pop().unwrap();
        let draft = Draft { bundle, cover: None, attached: Vec::new() };
        let addresses = (settings.address_of(office).unwrap(), settings.address_of(to.parse().unwrap()).unwrap());
        compose(&draft, addresses, &Form::Signed, &settings.identity().unwrap(), now()).unwrap().octets.0
    }

    /// Puts any octets into A's outbox, as a faulty program might.
    pub(crate) fn smuggle(&self, octets: &[u8]) {
        let outbox = self.a.parent().unwrap().join("data/outbox");
        fs::create_dir_all(&outbox).unwrap();
        fs::write(outbox.join("20261120-091500-smuggled.eml"), octets).unwrap();
    }
}

/// Types a command. Its data comes as NDJSON unless the words say otherwise.
pub(crate) fn type_in<'a>(settings: &Path, words: impl IntoIterator<Item = &'a str>) -> Ran {
    type_in_at(now, settings, words)
}

/// The same on a computer whose clock shows another time.
pub(crate) fn type_in_at<'a>(
    clock: fn() -> Timestamp,
    settings: &Path,
    words: impl IntoIterator<Item = &'a str>,
) -> Ran {
    let mut args: Vec<OsString> = vec!["fumibako".into(), "--config".into(), settings.into()];
    args.extend(words.into_iter().map(Into::into));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let world = World { out: &mut out, err: &mut err, out_is_terminal: false, err_is_terminal: false, clock };
    let exit = run(&args, world).0;
    Ran { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

impl Ran {
    /// The objects on standard output.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn ended(self, exit: u8) -> Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn only(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "{self:#?}");
        objects.pop().unwrap()
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.out.contains(words) || self.err.contains(words), "{words} is not said in {self:#?}");
        self
    }
}

/// A mail tool removes everything from a folder of an office.
pub(crate) fn empty(settings: &Path, folder: &str) {
    let settings = Settings::load(settings).unwrap();
    let script = "import imaplib, ssl, sys\n\
        c = ssl.create_default_context()\nc.check_hostname, c.verify_mode = False, ssl.CERT_NONE\n\
        m = imaplib.IMAP4_SSL('127.0.0.1', int(sys.argv[1]), ssl_context=c)\nm.login(sys.argv[2], sys.argv[3])\n\
        m.select(sys.argv[4])\nm.store('1:*', '+FLAGS', r'(\\Deleted)')\nm.expunge()\nm.logout()\n";
    let (port, password) = (settings.imap_port.to_string(), settings.password().unwrap().0);
    let words = [&*port, &*settings.login, &*password, folder];
    assert!(Command::new("python3").args(["-c", script]).args(words).status().unwrap().success());
}

/// Changes a line of an office's settings.
pub(crate) fn set(settings: &Path, name: &str, value: &str) {
    let text = fs::read_to_string(settings).unwrap();
    let others = text.lines().filter(|line| line.split(" = ").next() != Some(name));
    let text = others.collect::<Vec<_>>().join("\n");
    fs::write(settings, format!("{text}\n{name} = {value}\n")).unwrap();
}
