//! Settings of the gateway: one struct, every field with unit, default and what happens past it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fumibako_model::{Domain, EvidenceTerm, FIRST_REMINDER_HOURS, Promised, Reminders, Retention};
use fumibako_sqlite::LOG_BYTES;
use fumibako_store::Rules;
use serde::Deserialize;

mod passwords;

pub use passwords::Passwords;

/// The settings file, `gateway.toml`. Unknown keys are errors; relative paths count from its folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The mail domain: what stands after the `@` of every office's address.
    pub domain: Domain,
    /// Folder of the store: mailboxes, roll, evidence. Made on first start.
    pub store_folder: PathBuf,
    /// Folder of `*.pem` files: the authorities whose office certificates are trusted.
    pub trust_folder: PathBuf,
    /// Folder of what offices write to `postmaster@`: a Maildir, made when the first message comes. One of more than 1 MiB is
    /// refused (E-SIZ-001), and while 1,000 lie there every one is (E-SIZ-005).
    pub postmaster_folder: PathBuf,
    /// Socket for administration, mode 0600: who can open it can administer the gateway. At most about 100 bytes long.
    pub admin_socket: PathBuf,
    /// Where to listen.
    pub listen: Listen,
    /// The TLS certificate and key.
    pub tls: Tls,
    /// What is accepted.
    pub submission: Submission,
    /// The key that signs evidence.
    pub evidence: Evidence,
    /// When it is told that nobody has collected a bundle.
    pub reminders: Moments,
    /// What passwords have to be, and how long they last.
    pub passwords: Passwords,
    /// What is refused beyond which size or number.
    pub limits: Limits,
}

/// When sender and recipient are told that nobody has collected a bundle (Profile §8.14).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Moments {
    /// Hours after the acceptance, 24 or more each. Default 24 and 72.
    pub after_hours: Vec<u16>,
    /// When half the time of the retention has gone by. Default true.
    pub half_time: bool,
    /// Days before the content is erased. Default 3.
    pub days_before_end: Vec<u16>,
}

impl Default for Moments {
    fn default() -> Self {
        let Reminders { after_hours, half_time, days_before_end } = Reminders::default();
        Self { after_hours, half_time, days_before_end }
    }
}

/// Most moments of one kind.
const MOMENTS: usize = 20;

/// The key that signs evidence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// PEM: private key, certificate, and the authority above it; should have mode 0600. Made by `init`. Without it the gateway
    /// does not start.
    pub identity_file: PathBuf,
    /// PEM: the authorities above the keys that signed before this one, whose signatures are believed up to then. Default empty: there
    /// was none.
    /// A file that is named and not there, or holds anything else, keeps the gateway from starting.
    pub former_authorities_file: PathBuf,
    /// `http://` address of a time-stamping authority (RFC 3161). Default empty: heads have no stamp. While it does not answer, heads
    /// wait for their stamps, and nothing else does.
    pub stamp_url: String,
    /// PEM: the authority above its certificate. Default `evidence/tsa.pem`; a stamp under another is not kept.
    pub stamp_authority_file: PathBuf,
    /// Years that evidence is kept, 2 to 100. Default 7. Then it goes, a month at a time, and what proves the rest stays.
    pub keep_years: u16,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            identity_file: "evidence/identity.pem".into(),
            former_authorities_file: PathBuf::new(),
            stamp_url: String::new(),
            stamp_authority_file: "evidence/tsa.pem".into(),
            keep_years: EvidenceTerm::default().years(),
        }
    }
}

/// What is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submission {
    /// Forms of bundles. Default both. Without `signed`, bundles the gateway could read are refused (E-SIG-006);
    /// `sealed` cannot be left out.
    pub accept: Vec<Form>,
}

/// A form of bundle (Profile §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Signed and encrypted to the recipient.
    Sealed,
    /// Signed only.
    Signed,
}

impl Default for Submission {
    fn default() -> Self {
        Self { accept: vec![Form::Sealed, Form::Signed] }
    }
}

/// Addresses to listen at. Port 0 takes a free one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Submission over TLS (RFC 8314).
    pub submission_tls: SocketAddr,
    /// Submission with STARTTLS (RFC 6409).
    pub submission_starttls: SocketAddr,
    /// IMAP over TLS.
    pub imap_tls: SocketAddr,
    /// IMAP with STARTTLS.
    pub imap_starttls: SocketAddr,
    /// POP3 over TLS.
    pub pop3_tls: SocketAddr,
    /// POP3 with STLS. Default none: every program that knows STLS knows the other way as well (RFC 8314).
    pub pop3_starttls: Option<SocketAddr>,
    /// HTTPS: how mail programs set themselves up.
    pub https: SocketAddr,
    /// Figures for monitoring, by HTTP in clear, at an address of this machine only. Default none; `status --metrics` says the
    /// same.
    pub metrics: Option<SocketAddr>,
}

/// TLS files, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificate, then its chain.
    pub certificate_file: PathBuf,
    /// Its private key; should have mode 0600.
    pub key_file: PathBuf,
    /// Ask clients for a certificate, so that an office can log in with its own (SASL EXTERNAL). Default true. Clients without
    /// one go on without. Some mail programs then ask their user to choose a certificate; `false` spares them that.
    pub client_certificates: bool,
}

/// Limits. Each names what happens past it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest message, in bytes. Default 25 MiB, at most 150 MiB. A larger one is refused (E-SIZ-001).
    pub message_bytes: usize,
    /// Memory for messages on their way in, in bytes, all connections together. Default 256 MiB. Past it a message is
    /// answered «try again» (E-TMP-002).
    pub body_memory_bytes: usize,
    /// Connections in all. Default 10,000. One more is answered «too many» (E-TMP-001) and closed.
    pub connections: usize,
    /// Connections from one address. Default 50. One more is answered «too many» (E-TMP-001) and closed.
    pub connections_per_address: usize,
    /// Connections of one login. Default 20. One more login is refused (E-TMP-001).
    pub connections_per_account: usize,
    /// Full UTC days a message is kept after the day it came. Default 90, 10 to 365. Then the key of its day is destroyed, and
    /// nobody can read it any more; evidence stays. A longer setting counts for all that is kept, and brings nothing back; a shorter one
    /// counts for what comes on the days after, and for what came before once `expire` was run.
    pub retention_days: u16,
    /// Failed logins of one user ID from one address before it is locked. Default 10 (E-AUT-004).
    pub login_failures: u32,
    /// Failed logins from one address within the minutes of a lock, whatever the user IDs, before the address is locked. Default
    /// 100 (E-AUT-004).
    pub login_failures_per_address: u32,
    /// Minutes such a lock lasts. Default 15.
    pub login_lock_minutes: u32,
    /// Searches of one office or agent in a minute (Profile §17.6). Default 60. One more is refused (E-TMP-005).
    pub searches_per_minute: u32,
    /// How often it may ask in a minute whom to encrypt to: before each of many bundles it sends. Default 1,200 (E-TMP-005).
    pub readings_per_minute: u32,
    /// Seconds a TLS handshake may take. Default 30. Past it the connection is closed.
    pub handshake_seconds: u32,
    /// Seconds a peer may take to accept what is sent to it. Default 60. Past it the connection is closed.
    pub write_seconds: u32,
    /// Seconds the gateway waits, when it stops, for work in hand. Default 10. Past it connections are cut.
    pub stop_seconds: u32,
    /// Room on the disk made at the start for the log of the store's rows, in bytes. Default and most 66 MiB. With less the log
    /// grows as it is needed, and commits wait for that.
    pub log_room_bytes: u64,
}

/// Largest `message_bytes` an operator may set.
pub const MESSAGE_BYTES_MOST: usize = 150 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            domain: EXAMPLE_DOMAIN.to_owned().try_into().unwrap_or_else(|_| unreachable!("a test parses it")),
            store_folder: "store".into(),
            trust_folder: "trust".into(),
            postmaster_folder: "postmaster".into(),
            admin_socket: "admin.sock".into(),
            listen: Listen::default(),
            tls: Tls::default(),
            submission: Submission::default(),
            evidence: Evidence::default(),
            reminders: Moments::default(),
            passwords: Passwords::default(),
            limits: Limits::default(),
        }
    }
}

const EXAMPLE_DOMAIN: &str = "plans.example";

impl Default for Listen {
    /// The development ports of `init`, on this machine only.
    fn default() -> Self {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            submission_tls: at(10465),
            submission_starttls: at(10587),
            imap_tls: at(10993),
            imap_starttls: at(10143),
            pop3_tls: at(10995),
            pop3_starttls: None,
            https: at(10443),
            metrics: None,
        }
    }
}

impl Listen {
    /// Free ports, on this machine only.
    pub fn ephemeral() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            submission_tls: free,
            submission_starttls: free,
            imap_tls: free,
            imap_starttls: free,
            pop3_tls: free,
            pop3_starttls: None,
            https: free,
            metrics: None,
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate_file: "tls/certificate.pem".into(),
            key_file: "tls/key.pem".into(),
            client_certificates: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 25 << 20,
            body_memory_bytes: 256 << 20,
            connections: 10_000,
            connections_per_address: 50,
            connections_per_account: 20,
            retention_days: 90,
            login_failures: 10,
            login_failures_per_address: 100,
            searches_per_minute: 60,
            readings_per_minute: 1_200,
            handshake_seconds: 30,
            login_lock_minutes: 15,
            write_seconds: 60,
            stop_seconds: 10,
            log_room_bytes: LOG_BYTES,
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}. Make one with `fumibako-gateway init`")]
    Unreadable(PathBuf, std::io::Error),
    /// The file is not TOML, has an unknown key or a value of the wrong kind.
    #[error("{0}: {1}")]
    Malformed(PathBuf, Box<toml::de::Error>),
    /// A value is out of its range.
    #[error("{0}: {1}")]
    OutOfRange(&'static str, &'static str),
}

impl Config {
    /// Reads a settings file.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Unreadable(file.into(), why))?;
        let mut config: Self =
            toml::from_str(&text).map_err(|why| ConfigError::Malformed(file.into(), Box::new(why)))?;
        config.check()?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for path in [
            &mut config.store_folder,
            &mut config.trust_folder,
            &mut config.postmaster_folder,
            &mut config.admin_socket,
            &mut config.tls.certificate_file,
            &mut config.tls.key_file,
            &mut config.evidence.identity_file,
            &mut config.evidence.stamp_authority_file,
        ] {
            *path = folder.join(&path);
        }
        let former = &mut config.evidence.former_authorities_file;
        if !former.as_os_str().is_empty() {
            *former = folder.join(&former);
        }
        Ok(config)
    }

    /// The rules of admission that these settings make, where content is kept for so long.
    pub(crate) fn rules(&self, keep: Promised) -> Rules {
        Rules {
            most_bytes: self.limits.message_bytes,
            accept_signed: self.submission.accept.contains(&Form::Signed),
            keep,
            ..Rules::new(self.domain.clone())
        }
    }

    /// When it is told that nobody has collected a bundle.
    pub fn reminders(&self) -> Reminders {
        let Moments { after_hours, half_time, days_before_end } = self.reminders.clone();
        Reminders { after_hours, half_time, days_before_end }
    }

    /// How long content is kept.
    pub fn retention(&self) -> Retention {
        Retention::new(self.limits.retention_days).unwrap_or_default()
    }

    /// How long evidence is kept.
    pub fn evidence_term(&self) -> EvidenceTerm {
        EvidenceTerm::new(self.evidence.keep_years).unwrap_or_default()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        self.passwords.check()?;
        if !self.submission.accept.contains(&Form::Sealed) {
            return Err(ConfigError::OutOfRange("submission.accept", "sealed bundles are always accepted"));
        }
        if !(1..=MESSAGE_BYTES_MOST).contains(&limits.message_bytes) {
            return Err(ConfigError::OutOfRange("limits.message_bytes", "1 to 157286400 bytes"));
        }
        if limits.log_room_bytes > LOG_BYTES {
            return Err(ConfigError::OutOfRange("limits.log_room_bytes", "at most 69206016 bytes"));
        }
        if limits.body_memory_bytes < limits.message_bytes {
            return Err(ConfigError::OutOfRange("limits.body_memory_bytes", "at least limits.message_bytes"));
        }
        if Retention::new(limits.retention_days).is_err() {
            return Err(ConfigError::OutOfRange("limits.retention_days", "10 to 365 days"));
        }
        if EvidenceTerm::new(self.evidence.keep_years).is_err() {
            return Err(ConfigError::OutOfRange("evidence.keep_years", "2 to 100 years"));
        }
        if self.listen.metrics.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::OutOfRange("listen.metrics", "an address of this machine: 127.0.0.1 or [::1]"));
        }
        let moments = &self.reminders;
        if moments.after_hours.iter().any(|hours| *hours < FIRST_REMINDER_HOURS) {
            return Err(ConfigError::OutOfRange("reminders.after_hours", "24 hours or more"));
        }
        if moments.after_hours.len().max(moments.days_before_end.len()) > MOMENTS {
            return Err(ConfigError::OutOfRange("reminders", "at most 20 moments of a kind"));
        }
        if limits.connections == 0 || limits.connections_per_address == 0 || limits.connections_per_account == 0 {
            return Err(ConfigError::OutOfRange("limits.connections", "at least 1"));
        }
        if limits.searches_per_minute == 0 || limits.readings_per_minute == 0 {
            return Err(ConfigError::OutOfRange(
                "limits.searches_per_minute, limits.readings_per_minute",
                "at least 1",
            ));
        }
        Ok(())
    }

    /// The sample file: every key with its default and its meaning.
    pub const SAMPLE: &str = include_str!("config/sample.toml");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|why| why.message().to_owned())?;
        config.check().map_err(|why| why.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_sample_file_is_the_default_and_names_every_key() {
        assert_eq!(parse(Config::SAMPLE), Ok(Config::default()));
        let written: toml::Table = toml::from_str(Config::SAMPLE).unwrap();
        let keys = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
        assert_eq!(written.len(), 12, "{:?}", keys(&written));
        assert_eq!(written["submission"].as_table().unwrap().len(), 1);
        assert_eq!(written["evidence"].as_table().unwrap().len(), 5);
        assert_eq!(written["listen"].as_table().unwrap().len(), 6);
        assert_eq!(written["tls"].as_table().unwrap().len(), 3);
        assert_eq!(written["limits"].as_table().unwrap().len(), 15);
        assert_eq!(written["passwords"].as_table().unwrap().len(), 4);
    }

    // Profile §8.27
    #[test]
    fn figures_are_for_this_machine_alone() {
        let at = |address: &str| parse(&format!("[listen]\nmetrics = '{address}'"));
        assert_eq!(Config::default().listen.metrics, None);
        assert!(at("127.0.0.1:9464").is_ok() && at("[::1]:9464").is_ok());
        for open in ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464"] {
            assert!(at(open).unwrap_err().contains("listen.metrics"), "{open}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(parse("colour = 'green'").unwrap_err().contains("unknown field `colour`"));
        assert!(parse("[limits]\nmessage_byte = 1").unwrap_err().contains("unknown field `message_byte`"));
    }

    #[test]
    fn signed_only_can_be_left_out_but_not_sealed() {
        let accept = |forms: &str| parse(&format!("[submission]\naccept = {forms}"));
        assert!(!accept("['sealed']").unwrap().rules(Promised::always(Retention::default())).accept_signed);
        assert!(accept("['signed']").unwrap_err().contains("always accepted"));
        assert!(accept("['plain']").is_err());
    }

    #[test]
    fn limits_hold_on_each_side() {
        let bytes = |n: usize| parse(&format!("[limits]\nmessage_bytes = {n}\nbody_memory_bytes = 200000000"));
        assert!(bytes(MESSAGE_BYTES_MOST).is_ok());
        assert!(bytes(MESSAGE_BYTES_MOST + 1).unwrap_err().contains("157286400"));
        assert!(bytes(0).is_err());
        assert!(parse("[limits]\nbody_memory_bytes = 1").is_err());
        let room = |n: u64| parse(&format!("[limits]\nlog_room_bytes = {n}"));
        assert!(room(0).is_ok() && room(LOG_BYTES).is_ok() && room(LOG_BYTES + 1).unwrap_err().contains("69206016"));
        let days = |n: u16| parse(&format!("[limits]\nretention_days = {n}"));
        assert_eq!(days(10).unwrap().retention().days(), 10);
        let years = |n: u16| parse(&format!("[evidence]\nkeep_years = {n}"));
        assert_eq!(years(2).unwrap().evidence_term().years(), 2);
        assert!(years(1).unwrap_err().contains("2 to 100") && years(100).is_ok() && years(101).is_err());
        let hours = |n: u16| parse(&format!("[reminders]\nafter_hours = [{n}]"));
        assert!(hours(23).unwrap_err().contains("24 hours") && hours(24).is_ok());
        let many = |n: usize| parse(&format!("[reminders]\ndays_before_end = {:?}", vec![1; n]));
        assert!(many(20).is_ok() && many(21).unwrap_err().contains("at most 20"));
        assert!(days(9).is_err() && days(365).is_ok() && days(366).unwrap_err().contains("10 to 365"));
    }
}
