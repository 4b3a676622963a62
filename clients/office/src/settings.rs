//! The settings of one office: a TOML file that names files, never secrets.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_model::{Address, AgentId, Domain, OfficeNumber, Party, Private, right_kind};
use fumibako_signer::{Identity, IdentityError, Keyring, RevocationError, Trust};
use jiff::Timestamp;
use serde::Deserialize;

use crate::owner::holder;
use crate::trouble::{Trouble, Unfit};

mod authority;
mod token;

pub use authority::{Authority, Place, Stated};
pub use token::TokenPlace;

/// The sample that `fumibako config` prints. It equals the defaults; a test says so.
pub const SAMPLE: &str = include_str!("settings/sample.toml");

/// The settings. Paths are relative to the settings file; after [`Settings::load`] they are whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// 事業所番号: ten characters `[0-9A-Z]`. No default; without it nothing is sent or fetched.
    pub office: Option<OfficeNumber>,
    /// 代行業者 ID, in place of `office`: this program acts for whichever offices gave it a mandate. Default none.
    pub agent: Option<AgentId>,
    /// What stands after the `@` of all addresses. No default; without it nothing is sent or fetched.
    pub domain: Option<Domain>,
    /// The gateway's host name or address. No default. Its TLS certificate must be for this name.
    pub gateway: String,
    /// TCP port of mail submission over TLS. Default 465.
    pub submission_port: u16,
    /// TCP port of IMAP over TLS. Default 993.
    pub imap_port: u16,
    /// TCP port of HTTPS: mandates, licences, the directory, evidence. Default 443.
    pub https_port: u16,
    /// PEM file of the authorities that may vouch for the gateway, instead of those the computer trusts.
    /// Default empty: those the computer trusts.
    pub tls_ca_file: PathBuf,
    /// ユーザID at the gateway. No default.
    pub login: String,
    /// File whose first line is the password at the gateway. No default. Only you should be able to read it.
    pub password_file: PathBuf,
    /// The office's certificate and private key, PKCS#12 or PEM. No default; without it nothing is sent or acknowledged.
    pub identity_file: PathBuf,
    /// File whose first line is the password of `identity_file`. Default empty: that file is not encrypted.
    pub identity_password_file: PathBuf,
    /// The PKCS#11 token that holds the office's key, in place of `identity_file`. Default none.
    pub token: Option<TokenPlace>,
    /// Files with earlier certificates and keys of the office, PKCS#12 or PEM, one or several in a file, for reading
    /// what was encrypted to them. Default none: only what is encrypted to `identity_file` opens.
    pub old_identity_files: Vec<PathBuf>,
    /// File with the passwords of `old_identity_files`, one a line; each is tried on each file. Default empty: none of
    /// those files is encrypted.
    pub old_identity_password_file: PathBuf,
    /// PEM file of the authorities that issue office certificates with `emailProtection` and one mail address. No default;
    /// a message signed under another, here or in `authority`, is refused.
    pub trust_file: PathBuf,
    /// More files of authorities, each with its way to write certificates. Default none.
    pub authority: Vec<Authority>,
    /// PEM file of the authority that vouches for the gateway's evidence. No default; without it evidence cannot be verified.
    pub evidence_authority_file: PathBuf,
    /// PEM file of the authorities above those who stamp times (RFC 3161), believed about time and nothing else. Default none: what is stamped
    /// is shown, and not verified.
    pub stamp_authority_file: PathBuf,
    /// Revocation lists of those authorities, DER or PEM, or answers of their OCSP responders, one a file, each at most 64 MiB.
    /// Default none: nothing tells what
    /// was revoked, and every certificate of a trusted authority is believed. An authority that has a list here is believed
    /// only while the list is fresh: past its end nothing under it is sent or received until a newer one stands there.
    pub revocation_files: Vec<PathBuf>,
    /// PEM file of the partner offices' certificates, at most 64 MiB; a line `# 9970000029` above one that names no office
    /// says whose it is. Default empty: they are asked of the gateway.
    pub partners_file: PathBuf,
    /// Days for which the gateway's last word about an office's readers (its certificates, its agents) is used while the gateway
    /// does not answer. Default 7; after them nothing is encrypted by it until the gateway answers.
    pub readers_days: u16,
    /// Encrypt also to agents whose mandate is on paper, which only the gateway's operator vouches for. Default false:
    /// only to those whose mandate the addressed office signed itself.
    pub paper_mandates: bool,
    /// Encrypt bundles to their recipients. Default true; false sends all of them `signed`, which the gateway can read.
    pub seal: bool,
    /// How bundles are encrypted. Default `auto`: AES-256-GCM, but AES-256-CBC to a partner whose entry in `partners_file`
    /// says `reads=cbc`; `gcm` or `cbc`: always that, whatever the entries say.
    pub cipher: CipherChoice,
    /// Compress what is encrypted with AES-256-GCM, if that saves a quarter or more. Default true; false sends it as it is, for partners
    /// whose program does not read compressed content (RFC 3274).
    pub compress: bool,
    /// Folder for the outbox and what this program remembers. Default `data`. Only you should be able to read it.
    pub data_folder: PathBuf,
    /// Folder for received files, one folder a month below it. Default `受信`. Nothing there is ever overwritten.
    pub save_folder: PathBuf,
    /// Seconds to wait for the gateway's answer (a message may take 20 times as long). Default 60; after them it counts
    /// as not reachable.
    pub patience_seconds: u32,
    /// Seconds without a click after which the screens of `fumibako ui` are locked. Default 900; 1 to 86400, past it the settings are
    /// refused.
    pub idle_seconds: u32,
}

/// How bundles are encrypted (Profile §4.15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CipherChoice {
    /// With what every reader is known to read.
    #[default]
    Auto,
    /// With the cipher of our own programs.
    Gcm,
    /// With the one that plain mail programs read.
    Cbc,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            office: None,
            agent: None,
            domain: None,
            gateway: String::new(),
            submission_port: 465,
            imap_port: 993,
            https_port: 443,
            tls_ca_file: PathBuf::new(),
            login: String::new(),
            password_file: PathBuf::new(),
            identity_file: PathBuf::new(),
            identity_password_file: PathBuf::new(),
            token: None,
            old_identity_files: Vec::new(),
            old_identity_password_file: PathBuf::new(),
            trust_file: PathBuf::new(),
            authority: Vec::new(),
            evidence_authority_file: PathBuf::new(),
            stamp_authority_file: PathBuf::new(),
            revocation_files: Vec::new(),
            partners_file: PathBuf::new(),
            readers_days: 7,
            paper_mandates: false,
            seal: true,
            cipher: CipherChoice::Auto,
            compress: true,
            data_folder: "data".into(),
            save_folder: "受信".into(),
            patience_seconds: 60,
            idle_seconds: 15 * 60,
        }
    }
}

/// Largest settings, password or key file read, in bytes.
const FILE_BYTES: u64 = 1 << 20;

/// Seconds without a click that may pass before the screens are locked: at most a day.
const IDLE_SECONDS: std::ops::RangeInclusive<u32> = 1..=86_400;

impl Settings {
    /// Reads a settings file.
    pub fn load(path: &Path) -> Result<Self, Trouble> {
        let text = match read_small(path) {
            Err(Trouble::CannotRead(_, why)) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(Trouble::NoSettings(path.to_owned()));
            }
            text => text?,
        };
        let bad = |why: String| Trouble::BadSettings(path.to_owned(), why);
        let text = String::from_utf8(text).map_err(|_| bad("UTF-8 ではありません / not UTF-8".into()))?;
        let mut settings: Self = toml::from_str(&text).map_err(|why| bad(one_line(&why, &text)))?;
        if settings.token.is_some() && !settings.identity_file.as_os_str().is_empty() {
            return Err(bad(
                "token と identity_file はどちらか一つです / token and identity_file: only one of them".into()
            ));
        }
        if settings.agent.is_some() && settings.office.is_some() {
            return Err(bad("office と agent はどちらか一つです / office and agent: only one of them".into()));
        }
        if !IDLE_SECONDS.contains(&settings.idle_seconds) {
            return Err(bad("idle_seconds は 1 から 86400 までです / idle_seconds: from 1 to 86400".into()));
        }
        let base = path.parent().unwrap_or(Path::new("."));
        for setting in settings.paths_mut() {
            if !setting.as_os_str().is_empty() {
                *setting = base.join(&setting);
            }
        }
        Ok(settings)
    }

    fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let single = [
            &mut self.tls_ca_file,
            &mut self.password_file,
            &mut self.identity_file,
            &mut self.identity_password_file,
            &mut self.old_identity_password_file,
            &mut self.trust_file,
            &mut self.evidence_authority_file,
            &mut self.stamp_authority_file,
            &mut self.partners_file,
            &mut self.data_folder,
            &mut self.save_folder,
        ];
        let authorities = self.authority.iter_mut().map(|authority| &mut authority.file);
        single
            .into_iter()
            .chain(&mut self.old_identity_files)
            .chain(&mut self.revocation_files)
            .chain(authorities)
            .chain(self.token.iter_mut().flat_map(TokenPlace::paths_mut))
    }

    /// Our office's number.
    pub fn office(&self) -> Result<OfficeNumber, Trouble> {
        self.office.ok_or(Trouble::SettingMissing("office"))
    }

    /// Who we are: an office, or an agent that acts for offices.
    pub fn party(&self) -> Result<Party, Trouble> {
        match &self.agent {
            Some(agent) => Ok(Party::Agent(agent.clone())),
            None => self.office().map(Party::Office),
        }
    }

    /// The domain of all addresses.
    pub fn domain(&self) -> Result<&Domain, Trouble> {
        self.domain.as_ref().ok_or(Trouble::SettingMissing("domain"))
    }

    /// The address of an office of this system.
    pub fn address_of(&self, office: OfficeNumber) -> Result<Address, Trouble> {
        Ok(Address::office(office, self.domain()?))
    }

    /// The gateway's host.
    pub fn gateway(&self) -> Result<&str, Trouble> {
        filled("gateway", &self.gateway)
    }

    /// ユーザID.
    pub fn login(&self) -> Result<&str, Trouble> {
        filled("login", &self.login)
    }

    /// The password at the gateway.
    pub fn password(&self) -> Result<Private<String>, Trouble> {
        first_line(named("password_file", &self.password_file)?)
    }

    /// Is there a key of the office, in a file or on a token?
    pub fn names_a_key(&self) -> bool {
        self.token.is_some() || !self.identity_file.as_os_str().is_empty()
    }

    /// The office's key and certificate.
    pub fn identity(&self) -> Result<Identity, Trouble> {
        Ok(self.current()?.0)
    }

    /// The key in use, and what else lies beside it on a token.
    fn current(&self) -> Result<(Identity, Vec<Identity>), Trouble> {
        let Some(token) = &self.token else { return Ok((self.identity_in_file()?, Vec::new())) };
        let mut keys = token.keys()?;
        Ok((keys.remove(0), keys))
    }

    fn identity_in_file(&self) -> Result<Identity, Trouble> {
        let path = named("identity_file", &self.identity_file)?;
        let password_file = Some(&self.identity_password_file).filter(|file| !file.as_os_str().is_empty());
        let password = password_file.map(|file| first_line(file)).transpose()?;
        Identity::read(&read_small(path)?, password.as_ref().map(|Private(text)| text.as_str()))
            .map_err(|why| Trouble::Identity(path.to_owned(), why))
    }

    /// The office's key and certificate, fit to sign at this moment (Profile §4.11): a gateway would refuse any other, after
    /// the message had waited in the outbox.
    pub fn signer(&self, now: Timestamp) -> Result<Identity, Trouble> {
        let identity = self.identity()?;
        let certificate = identity.certificate();
        right_kind(certificate).map_err(|refused| Trouble::Refused { refused, reference: None })?;
        // Without an authority named here nobody is believed, and the certificate says itself whose it is.
        let trust = if self.authorities().is_empty() { nobody()? } else { self.trust()? };
        let held = (certificate, identity.chain());
        let named = self.domain.as_ref().and_then(|domain| holder(held, &trust, domain, now).ok().flatten());
        let us = self.party().ok();
        let revoked = || match trust.check_revocation_of(certificate, identity.chain(), now) {
            Err(RevocationError::Revoked { revoked, .. }) => Some(Unfit::Revoked(revoked.since)),
            _ => None,
        };
        let unfit = if now.as_second() > certificate.not_after().as_second() {
            Some(Unfit::Ended(certificate.not_after()))
        } else if now < certificate.not_before() {
            Some(Unfit::Early(certificate.not_before()))
        } else {
            // One that names nobody may be on the gateway's roll (Profile §5.4).
            match named.filter(|named| us.as_ref().is_some_and(|us| us != named)) {
                Some(other) => Some(Unfit::Other(other)),
                None => revoked(),
            }
        };
        match unfit {
            None => Ok(identity),
            Some(why) => {
                let place = self.token.as_ref().map_or(&self.identity_file, |token| &token.module);
                Err(Trouble::OwnCertificate(place.clone(), why))
            }
        }
    }

    /// Every key that can open what is encrypted to the office: the one in use first, then the old ones.
    pub fn reading_keys(&self) -> Result<Vec<Identity>, Trouble> {
        let file = Some(self.old_identity_password_file.as_path()).filter(|file| !file.as_os_str().is_empty());
        let (current, beside) = self.current()?;
        let mut keys = vec![current];
        keys.extend(beside);
        keys.extend(Self::keys_in(&self.old_identity_files, file).map_err(|why| match why {
            Trouble::KeyFile(path, why) => Trouble::OldIdentity(path, why),
            other => other,
        })?);
        Ok(keys)
    }

    /// Every key of these files, some of them under one of the passwords.
    pub fn keys_in(paths: &[PathBuf], password_file: Option<&Path>) -> Result<Vec<Identity>, Trouble> {
        let passwords = password_file.map(lines).transpose()?.unwrap_or_default();
        let mut keys = Vec::new();
        for path in paths {
            let opened = open_with(path, &passwords)?;
            keys.extend_from_slice(opened.map_err(|why| Trouble::KeyFile(path.clone(), why))?.all());
        }
        Ok(keys)
    }
}

fn nobody() -> Result<Trust, Trouble> {
    Trust::new([]).map_err(|why| Trouble::Trust(PathBuf::new(), why))
}

fn filled<'s>(name: &'static str, value: &'s str) -> Result<&'s str, Trouble> {
    if value.is_empty() { Err(Trouble::SettingMissing(name)) } else { Ok(value) }
}

fn named<'s>(name: &'static str, path: &'s Path) -> Result<&'s Path, Trouble> {
    if path.as_os_str().is_empty() { Err(Trouble::SettingMissing(name)) } else { Ok(path) }
}

/// A file that no setting lets grow past [`FILE_BYTES`].
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>, Trouble> {
    read_up_to(path, FILE_BYTES)
}

/// A file of at most so many bytes.
pub(crate) fn read_up_to(path: &Path, most: u64) -> Result<Vec<u8>, Trouble> {
    let size = fs::metadata(path).map_err(Trouble::reading(path))?.len();
    if size > most {
        return Err(Trouble::reading(path)(std::io::Error::from(std::io::ErrorKind::FileTooLarge)));
    }
    fs::read(path).map_err(Trouble::reading(path))
}

pub(crate) fn first_line(path: &Path) -> Result<Private<String>, Trouble> {
    Ok(lines(path)?.into_iter().next().unwrap_or(Private(String::new())))
}

fn lines(path: &Path) -> Result<Vec<Private<String>>, Trouble> {
    let not_text = || Trouble::reading(path)(std::io::Error::from(std::io::ErrorKind::InvalidData));
    let text = String::from_utf8(read_small(path)?).map_err(|_| not_text())?;
    Ok(text.lines().map(|line| Private(line.to_owned())).collect())
}

/// Nobody remembers which of the passwords belongs to which of the files.
fn open_with(path: &Path, passwords: &[Private<String>]) -> Result<Result<Keyring, IdentityError>, Trouble> {
    let bytes = read_small(path)?;
    let mut opened = Keyring::read(&bytes, None);
    for Private(password) in passwords {
        if opened.is_ok() {
            break;
        }
        opened = Keyring::read(&bytes, Some(password));
    }
    Ok(opened)
}

/// `toml`'s error without its picture of the file: the line number, and what is wrong.
fn one_line(why: &toml::de::Error, text: &str) -> String {
    let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("{line} 行目 / line {line}: {}", why.message().replace('\n', " "))
}

/// Where the settings are if nobody says otherwise: the user's configuration folder.
pub fn usual_place() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::home_dir().unwrap_or_default();
    let folder = if cfg!(windows) {
        variable("APPDATA").unwrap_or_else(home)
    } else if cfg!(target_os = "macos") {
        home().join("Library/Application Support")
    } else {
        variable("XDG_CONFIG_HOME").unwrap_or_else(|| home().join(".config"))
    };
    folder.join("fumibako").join("fumibako.toml")
}

#[cfg(test)]
mod tests;
