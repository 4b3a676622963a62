//! はじめの設定: writes the settings of one office or agent, with its key and passwords beside them, for nobody's eyes but this user's.
//! The command line and the first screen call [`Answers::settle`]; [`crate::doctor`] then looks whether it all works.
//!
//! The files are called after the settings, so that several offices have theirs in one folder. They are written first and the
//! settings that name them last: a crash before that leaves files that nothing names, and the next try with the same answers
//! goes on from there.

use std::path::{Path, PathBuf};

use fumibako_model::{Domain, Party, Private};
use fumibako_signer::{Identity, IdentityError};
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

    /// Does this open it, as a certificate with its key?
    pub fn opens(&self, pin: Option<&Private<String>>) -> Result<(), Trouble> {
        let read = Identity::read(&self.octets.0, pin.map(|Private(pin)| pin.as_str()));
        read.map(|_| ()).map_err(|why| Trouble::Identity(self.name.clone(), why))
    }

    /// Does it open with a password only? An error: it is none, with any.
    pub fn needs_password(&self) -> Result<bool, Trouble> {
        use IdentityError::{PasswordNeeded, WrongPassword};
        match self.opens(None) {
            // Without a password nobody looked into it yet.
            Err(Trouble::Identity(_, PasswordNeeded | WrongPassword)) => match self.opens(Some(&Private::default())) {
                Ok(()) | Err(Trouble::Identity(_, PasswordNeeded | WrongPassword)) => Ok(true),
                Err(why) => Err(why),
            },
            opened => opened.map(|()| false),
        }
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
    password_file: String,
    identity_file: String,
    identity_password_file: String,
    trust_file: String,
    tls_ca_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    save_folder: Option<PathBuf>,
}

/// How the files end whose names begin as that of the settings.
const KEY: &str = "key";
const PASSWORD: &str = "password";
const PIN: &str = "pin";
const TRUST: &str = "trust.pem";
const TLS: &str = "gateway-ca.pem";

impl Answers {
    /// Writes the settings, and reads them as every other command does. Settings that are there already, and a file of theirs
    /// that holds something else, are replaced only if that was said. A key that does not open with its password changes nothing.
    pub fn settle(&self, place: &Path, overwrite: bool) -> Result<Settings, Trouble> {
        if place.exists() && !overwrite {
            return Err(Trouble::Exists(place.to_owned()));
        }
        let Private(key) = &self.identity.octets;
        self.identity.opens(self.pin.as_ref())?;
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
        let files = files.map(|(end, octets)| octets.map(|octets| (folder.join(beside(place, end)), octets)));
        let mut known = files.iter().flatten();
        if let Some((path, _)) = known.find(|(path, octets)| !overwrite && holds_another(path, octets)) {
            return Err(Trouble::Exists(path.clone()));
        }
        for (path, octets) in files.iter().flatten() {
            disk::replace(path, octets).map_err(Trouble::writing(path))?;
        }
        let written = self.written(place, [pin.is_some(), trust.is_some(), tls.is_some()]);
        let text = toml::to_string(&written).map_err(|why| Trouble::BadSettings(place.to_owned(), why.to_string()))?;
        disk::replace(place, text.as_bytes()).map_err(Trouble::writing(place))?;
        Settings::load(place)
    }

    fn written(&self, place: &Path, [pin, trust, tls]: [bool; 3]) -> Written {
        let (office, agent) = match &self.party {
            Party::Office(office) => (Some(office), None),
            Party::Agent(agent) => (None, Some(agent)),
        };
        let [submission_port, imap_port, https_port] = self.ports;
        let name = |there: bool, end| if there { beside(place, end) } else { String::new() };
        Written {
            office: office.map(ToString::to_string),
            agent: agent.map(ToString::to_string),
            domain: self.domain.to_string(),
            gateway: self.gateway.clone(),
            submission_port,
            imap_port,
            https_port,
            login: self.login.clone(),
            password_file: name(true, PASSWORD),
            identity_file: name(true, KEY),
            identity_password_file: name(pin, PIN),
            trust_file: name(trust, TRUST),
            tls_ca_file: name(tls, TLS),
            save_folder: self.save_folder.clone(),
        }
    }
}

/// What a file of these settings is called: `a.key` for `a.toml`.
fn beside(place: &Path, end: &str) -> String {
    let toml = place.extension().is_some_and(|extension| extension == "toml");
    let name = if toml { place.file_stem() } else { place.file_name() };
    format!("{}.{end}", name.unwrap_or_default().to_string_lossy())
}

/// Is there a file that is not just this one?
fn holds_another(path: &Path, octets: &[u8]) -> bool {
    path.symlink_metadata().is_ok() && !read_small(path).is_ok_and(|there| there == octets)
}

/// Secrets stand in the first line of their files.
fn line(Private(secret): &Private<String>) -> Private<String> {
    Private(format!("{secret}\n"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use super::*;
    use crate::testing::{A, B, Ca, now};

    fn answers(ca: &Ca, address: &str) -> Answers {
        let (number, domain) = address.split_once('@').unwrap();
        Answers {
            gateway: "gateway.example".into(),
            domain: domain.parse().unwrap(),
            party: number.parse().unwrap(),
            login: format!("KJ{number}"),
            password: Private(format!("password of {number}")),
            identity: Given {
                name: "key.pem".into(),
                octets: Private(ca.identity(address).to_pem().as_bytes().to_vec()),
            },
            pin: None,
            trust: Some(Given { name: "trust.pem".into(), octets: Private(ca.pem().into_bytes()) }),
            tls_ca: None,
            ports: [465, 993, 443],
            save_folder: None,
        }
    }

    // Profile §15.8
    #[test]
    fn two_offices_in_one_folder_keep_their_own_keys() {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
        let [a, b] = ["a.toml", "b.toml"].map(|name| folder.path().join(name));
        answers(&ca, A).settle(&a, false).unwrap();
        answers(&ca, B).settle(&b, false).unwrap();
        for (place, address) in [(&a, A), (&b, B)] {
            let settings = Settings::load(place).unwrap();
            assert_eq!(settings.signer(now()).unwrap().certificate().rfc822_names(), [address]);
            assert!(settings.password().unwrap().0.ends_with(&address[..10]), "{address}");
        }
    }

    // Profile §15.8
    #[test]
    fn a_file_that_holds_something_else_is_not_replaced_without_a_word() {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
        let (place, answers) = (folder.path().join("a.toml"), answers(&ca, A));
        let key = folder.path().join("a.key");
        std::fs::write(&key, "another key").unwrap();
        assert!(matches!(answers.settle(&place, false), Err(Trouble::Exists(path)) if path == key));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
        answers.settle(&place, true).unwrap();
        // What a crash before the settings left is gone on from.
        std::fs::remove_file(&place).unwrap();
        answers.settle(&place, false).unwrap();
    }
}
