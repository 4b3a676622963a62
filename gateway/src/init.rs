//! `init`: a fresh folder with everything a gateway needs to start.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fumibako_model::{Domain, OfficeNumber, Party};
use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, AuthorityError, KeyKind, Purpose, Request};
use jiff::{SignedDuration, Timestamp};

use crate::config::{Config, ConfigError};
use crate::trust::{self, TrustError};

/// The settings file's name.
pub const CONFIG_FILE: &str = "gateway.toml";
/// The development authority for offices: certificate and key, mode 0600.
const OFFICE_AUTHORITY: &str = "dev-ca/offices.pem";
/// Its certificate alone: what an office trusts.
const OFFICE_AUTHORITY_CERTIFICATE: &str = "dev-ca/offices-ca.pem";
/// The development authority for TLS: its certificate only; its key is not kept.
const TLS_AUTHORITY: &str = "dev-ca/tls.pem";
/// The key that signs evidence, its certificate, and the authority above it; mode 0600. The authority's own key is not kept.
const EVIDENCE_IDENTITY: &str = "evidence/identity.pem";
/// That authority's certificate alone: what offices verify evidence with.
const EVIDENCE_AUTHORITY: &str = "evidence/authority.pem";
/// Days the evidence certificate is valid: evidence is kept for seven years.
const EVIDENCE_DAYS: i64 = 3_650;
/// Days a development certificate is valid.
const DEVELOPMENT_DAYS: i64 = 397;

/// What to make.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// The folder; made if missing. One that holds a gateway already is left alone.
    pub dir: PathBuf,
    /// The mail domain.
    pub domain: Domain,
    /// Also make authorities for office certificates and TLS. For development only: their keys lie in the folder.
    pub dev_ca: bool,
    /// Where it will listen.
    pub ports: Ports,
}

/// Where a new gateway listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// 10465, 10587, 10993, 10143, 10995, 10443 on this machine.
    Development,
    /// Free ports on this machine.
    Ephemeral,
}

/// The folder could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error(
        "{0} には、ゲートウェイまたはその一部がすでにあります。別のフォルダーを指定してください / {0} holds a gateway, or a part of one, already; choose another folder"
    )]
    Exists(PathBuf),
    /// The file system says no.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A certificate could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The trust folder could not be written.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// What was written does not load.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Makes the folder and returns its settings, ready for [`Gateway::start`](crate::Gateway::start).
pub fn init(options: &InitOptions, now: Timestamp) -> Result<Config, InitError> {
    let dir = &options.dir;
    let config = dir.join(CONFIG_FILE);
    if [CONFIG_FILE, "store", "trust", "tls", "evidence", "dev-ca"].iter().any(|part| dir.join(part).exists()) {
        return Err(InitError::Exists(dir.clone()));
    }
    for folder in ["", "store", "trust", "tls", "evidence"] {
        make_folder(&dir.join(folder))?;
    }
    make_evidence_key(dir, &options.domain, now)?;
    if options.dev_ca {
        make_authorities(dir, &options.domain, now)?;
    }
    // Last: a folder without settings does not start.
    write_private(&config, settings(options).as_bytes())?;
    Ok(Config::load(&config)?)
}

fn settings(options: &InitOptions) -> String {
    let mut text = Config::SAMPLE.replace("plans.example", options.domain.as_str());
    if options.ports == Ports::Ephemeral {
        for port in [10465, 10587, 10993, 10143, 10995, 10443] {
            text = text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:0");
        }
    }
    text
}

/// Profile §8.16: ECDSA P-256, marked for signing documents and mail, under an authority that vouches for nothing else.
fn make_evidence_key(dir: &Path, domain: &Domain, now: Timestamp) -> Result<(), InitError> {
    let authority = Authority::create_for_domain(&format!("{domain} evidence CA"), domain.as_str(), now)?;
    let identity = authority.issue(&Request {
        common_name: &format!("{domain} evidence"),
        rfc822_name: &format!("gateway@{domain}"),
        key: KeyKind::EcP256,
        purpose: Purpose::Evidence,
        not_before: now,
        not_after: days(now, EVIDENCE_DAYS),
    })?;
    write_private(&dir.join(EVIDENCE_AUTHORITY), authority.certificate().to_pem().as_bytes())?;
    write_private(&dir.join(EVIDENCE_IDENTITY), identity.to_pem().as_bytes())
}

/// Where offices find the authority of the gateway's evidence, after `init`.
pub fn evidence_authority_file(dir: &Path) -> PathBuf {
    dir.join(EVIDENCE_AUTHORITY)
}

fn make_authorities(dir: &Path, domain: &Domain, now: Timestamp) -> Result<(), InitError> {
    make_folder(&dir.join("dev-ca"))?;
    let offices = Authority::create_for_domain(&format!("{domain} development CA"), domain.as_str(), now)?;
    write_private(&dir.join(OFFICE_AUTHORITY), offices.to_pem().as_bytes())?;
    write_private(&dir.join(OFFICE_AUTHORITY_CERTIFICATE), offices.certificate().to_pem().as_bytes())?;
    trust::add(&dir.join("trust"), offices.certificate())?;
    // A mail-only authority cannot vouch for a TLS server, so TLS has its own.
    let tls = Authority::create(&format!("{domain} development TLS CA"), now)?;
    let server = tls.issue_server(&["localhost", "127.0.0.1", domain.as_str()], now, days(now, DEVELOPMENT_DAYS))?;
    write_private(&dir.join(TLS_AUTHORITY), tls.certificate().to_pem().as_bytes())?;
    write_private(&dir.join("tls/certificate.pem"), server.chain_pem.as_bytes())?;
    write_private(&dir.join("tls/key.pem"), server.key_pem.as_bytes())
}

/// Where clients find the authority of the gateway's TLS certificate, after `init` with a development CA.
pub fn tls_authority_file(dir: &Path) -> PathBuf {
    dir.join(TLS_AUTHORITY)
}

/// The development CA of a folder made by [`init`].
pub fn development_authority(dir: &Path) -> Result<Authority, InitError> {
    let path = dir.join(OFFICE_AUTHORITY);
    let text = fs::read(&path).map_err(|why| InitError::File(path, why))?;
    Ok(Authority::from_pem(&text)?)
}

/// A development certificate and key for an office.
pub fn issue_office(
    authority: &Authority,
    office: OfficeNumber,
    domain: &Domain,
    key: KeyKind,
    now: Timestamp,
) -> Result<Identity, AuthorityError> {
    issue_to(authority, &Party::Office(office), domain, key, now)
}

/// A new key with a certificate that names an office or agent, from the development authority.
pub fn issue_to(
    authority: &Authority,
    party: &Party,
    domain: &Domain,
    key: KeyKind,
    now: Timestamp,
) -> Result<Identity, AuthorityError> {
    let (name, address) = (party.to_string(), format!("{party}@{domain}"));
    authority.issue(&Request {
        common_name: &name,
        rfc822_name: &address,
        key,
        purpose: Purpose::Mail,
        not_before: now,
        not_after: days(now, DEVELOPMENT_DAYS),
    })
}

fn days(now: Timestamp, days: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
}

fn make_folder(path: &Path) -> Result<(), InitError> {
    let failed = |why| InitError::File(path.into(), why);
    // A folder that is there already belongs to somebody, who chose its mode.
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)
}

/// Writes a file that only its owner may read. One that is there is not overwritten.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), InitError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|why| InitError::File(path.into(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(dir: &Path) -> InitOptions {
        let domain = "plans.example".parse().unwrap();
        InitOptions { dir: dir.into(), domain, dev_ca: true, ports: Ports::Ephemeral }
    }

    #[test]
    fn a_new_folder_is_complete_private_and_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        let config = init(&options(dir.path()), now).unwrap();
        assert_eq!(config.listen, crate::config::Listen::ephemeral());
        for secret in [OFFICE_AUTHORITY, EVIDENCE_IDENTITY, "tls/key.pem", CONFIG_FILE] {
            let mode = fs::metadata(dir.path().join(secret)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
        assert_eq!(trust::load(&config.trust_folder).unwrap().anchors().len(), 1);
        crate::tls::acceptor(&config.tls).unwrap();
        assert!(matches!(init(&options(dir.path()), now), Err(InitError::Exists(_))));
    }
}
