//! はじめの設定: writes the settings of one office or agent, with its key and passwords beside them, for nobody's eyes but this user's.
//! The command line and the first screen call [`Answers::settle`]; [`crate::doctor`] then looks whether it all works.
//!
//! Files are written first and the settings that name them last: a crash before that leaves files that nothing names, and the
//! next try replaces them.

use std::path::{Path, PathBuf};

use fumibako_model::{Domain, Party, Private};
use fumibako_signer::Identity;
use serde::Serialize;

use crate::disk;
use crate::settings::{Settings, read_small};
use crate::trouble::Trouble;

/// What has to be known.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The gateway's host name.
    pub gateway: String,
    /// What stands after the `@` of all addresses.
    pub domain: Domain,
    /// 事業所番号, or 代行業者 ID
    pub party: Party,
    /// ユーザID
    pub login: String,
    /// パスワード
    pub password: Private<String>,
    /// The office's certificate and key: PKCS#12 or PEM.
    pub identity: Given,
    /// The password of that file; none: it is not encrypted.
    pub pin: Option<Private<String>>,
    /// The authorities of office certificates, PEM.
    pub trust: Option<Given>,
    /// The authorities of the gateway's own certificate, PEM; none: those this computer trusts.
    pub tls_ca: Option<Given>,
    /// Ports of submission, IMAP and HTTPS.
    pub ports: [u16; 3],
    /// Where received files go.
    pub save_folder: Option<PathBuf>,
}

/// A file as it was given: chosen in a browser, or named on the command line.
#[derive(Clone, Debug)]
pub struct Given {
    /// What it is called.
    pub name: PathBuf,
    /// What is in it.
    pub octets: Private<Vec<u8>>,
}

impl Given {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        Ok(Self { name: path.to_owned(), octets: Private(read_small(path)?) })
    }
}

/// The settings as they are written. What is not named here has its default.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    domain: String,
    gateway: String,
    submission_port: u16,
    imap_port: u16,
    https_port: u16,
    login: String,
    password_file: &'static str,
    identity_file: &'static str,
    identity_password_file: &'static str,
    trust_file: &'static str,
    tls_ca_file: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    save_folder: Option<PathBuf>,
}

const PASSWORD: &str = "password";
const KEY: &str = "office.key";
const PIN: &str = "office.pin";
const TRUST: &str = "trust.pem";
const TLS: &str = "gateway-ca.pem";

impl Answers {
    /// Writes the settings, and reads them as every other command does. Settings that are there already are replaced only if
    /// that was said. A key that does not open with its password changes nothing.
    pub fn settle(&self, place: &Path, overwrite: bool) -> Result<Settings, Trouble> {
        if place.exists() && !overwrite {
            return Err(Trouble::Exists(place.to_owned()));
        }
        let Private(key) = &self.identity.octets;
        let pin = self.pin.as_ref().map(|Private(pin)| pin.as_str());
        Identity::read(key, pin).map_err(|why| Trouble::Identity(self.identity.name.clone(), why))?;
        let [trust, tls] = [&self.trust, &self.tls_ca].map(|file| file.as_ref().map(|file| file.octets.0.as_slice()));
        let folder = place.parent().unwrap_or(Path::new("."));
        disk::private_folder(folder).map_err(Trouble::writing(folder))?;
        let (password, pin) = (line(&self.password), self.pin.as_ref().map(line));
        let files = [
            (KEY, Some(key.as_slice())),
            (PASSWORD, Some(password.0.as_bytes())),
            (PIN, pin.as_ref().map(|Private(line)| line.as_bytes())),
            (TRUST, trust),
            (TLS, tls),
        ];
        for (name, octets) in files {
            let path = folder.join(name);
            octets.map_or(Ok(()), |octets| disk::replace(&path, octets)).map_err(Trouble::writing(&path))?;
        }
        let written = self.written([pin.is_some(), trust.is_some(), tls.is_some()]);
        let text = toml::to_string(&written).map_err(|why| Trouble::BadSettings(place.to_owned(), why.to_string()))?;
        disk::replace(place, text.as_bytes()).map_err(Trouble::writing(place))?;
        Settings::load(place)
    }

    fn written(&self, [pin, trust, tls]: [bool; 3]) -> Written {
        let (office, agent) = match &self.party {
            Party::Office(office) => (Some(office), None),
            Party::Agent(agent) => (None, Some(agent)),
        };
        let [submission_port, imap_port, https_port] = self.ports;
        let name = |there: bool, name| if there { name } else { "" };
        Written {
            office: office.map(ToString::to_string),
            agent: agent.map(ToString::to_string),
            domain: self.domain.to_string(),
            gateway: self.gateway.clone(),
            submission_port,
            imap_port,
            https_port,
            login: self.login.clone(),
            password_file: PASSWORD,
            identity_file: KEY,
            identity_password_file: name(pin, PIN),
            trust_file: name(trust, TRUST),
            tls_ca_file: name(tls, TLS),
            save_folder: self.save_folder.clone(),
        }
    }
}

/// Secrets stand in the first line of their files.
fn line(Private(secret): &Private<String>) -> Private<String> {
    Private(format!("{secret}\n"))
}
