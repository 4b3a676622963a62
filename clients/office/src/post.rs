//! Posting: mail submission over TLS (RFC 8314 §3.3). One connection for a whole run.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use fumibako_model::{Address, EvidenceId, Private};
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response::Response};

use crate::reply;
use crate::settings::Settings;
use crate::terms::Terms;
use crate::tls;
use crate::trouble::Trouble;

/// Whoever takes a message to the gateway.
pub trait Carry {
    /// The host of the gateway that it goes to.
    fn gateway(&self) -> &str;

    /// Posts a message under this envelope; a notification is from nobody (RFC 8098 §3). `Ok` means it is durable at the gateway; posting it
    /// again gives the same evidence id.
    fn post(&mut self, from: Option<&Address>, to: &Address, message: &[u8]) -> Result<EvidenceId, Trouble>;
}

/// The way to the gateway's submission port.
pub struct Post {
    host: String,
    port: u16,
    patience: Duration,
    tls: TlsParameters,
    data_folder: PathBuf,
    login: String,
    password: Private<String>,
    connection: Option<SmtpConnection>,
    /// Messages that went over it.
    posted: usize,
}

/// A name of the computer would tell the mail's readers about the office's network.
const HELLO: ClientId = ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);

/// Messages for one connection; a gateway may take no more than 1,000 (RFC 9422, Profile §13.4).
const AT_ONCE: usize = 500;

impl Post {
    /// Reads what is needed for posting; connects with the first message.
    pub fn new(settings: &Settings) -> Result<Self, Trouble> {
        Ok(Self {
            host: settings.gateway()?.to_owned(),
            port: settings.submission_port,
            patience: tls::patience(settings),
            tls: tls::smtp(settings)?,
            data_folder: settings.data_folder.clone(),
            login: settings.login()?.to_owned(),
            password: settings.password()?,
            connection: None,
            posted: 0,
        })
    }

    /// Octets of a message that the gateway takes, as it says with SIZE (RFC 1870 §4); `None`: it does not say.
    pub(crate) fn takes(&mut self) -> Result<Option<usize>, Trouble> {
        let mut connection = self.reach()?;
        let told = self.hear(&mut connection);
        let _ = connection.quit();
        told
    }

    /// The same, over a connection that is there, and remembered for the next run.
    fn hear(&self, connection: &mut SmtpConnection) -> Result<Option<usize>, Trouble> {
        let reply = connection.command(Ehlo::new(HELLO)).map_err(|error| self.trouble(&error))?;
        let message_bytes = size_in(reply.message());
        Terms { message_bytes, ..Terms::default() }.remember(&self.data_folder);
        Ok(message_bytes)
    }

    fn reach(&self) -> Result<SmtpConnection, Trouble> {
        let server = (self.host.as_str(), self.port);
        SmtpConnection::connect(server, Some(self.patience), &HELLO, Some(&self.tls), None)
            .map_err(|error| self.trouble(&error))
    }

    fn connect(&self) -> Result<SmtpConnection, Trouble> {
        let mut connection = self.reach()?;
        self.hear(&mut connection)?;
        let credentials = Credentials::new(self.login.clone(), self.password.0.clone());
        connection.auth(&[Mechanism::Plain], &credentials).map_err(|error| self.trouble(&error))?;
        Ok(connection)
    }

    fn trouble(&self, error: &Error) -> Trouble {
        let host = format!("{}:{}", self.host, self.port);
        if error.status().is_some() {
            return reply::trouble(&error.source().map(ToString::to_string).unwrap_or_default());
        }
        if error.is_tls() || is_invalid_data(error) {
            return Trouble::NotTheGateway { host, why: error.to_string() };
        }
        if error.is_response() || error.is_client() {
            return Trouble::Garbled(error.to_string());
        }
        tls::unreachable(&host, &error.to_string())
    }
}

impl Carry for Post {
    fn gateway(&self) -> &str {
        &self.host
    }

    fn post(&mut self, from: Option<&Address>, to: &Address, message: &[u8]) -> Result<EvidenceId, Trouble> {
        let envelope = envelope(from, to)?;
        // The client ends the data with CRLF of its own (RFC 5321 §4.1.1.4).
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let mut connection = match self.connection.take() {
            Some(connection) if self.posted < AT_ONCE => connection,
            spent => {
                spent.map(|mut spent| spent.quit());
                self.posted = 0;
                self.connect()?
            }
        };
        self.posted += 1;
        let reply = connection.send(&envelope, message).map_err(|error| self.trouble(&error))?;
        self.connection = Some(connection);
        evidence(&reply)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = connection.quit();
        }
    }
}

/// RFC 1870 §4: without a number, or with 0, nothing is said.
fn size_in<'l>(lines: impl Iterator<Item = &'l str>) -> Option<usize> {
    let told = lines.filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case("SIZE")).and(words.next())
    });
    told.filter_map(|word| word.parse().ok()).find(|most| *most > 0)
}

fn envelope(from: Option<&Address>, to: &Address) -> Result<Envelope, Trouble> {
    let address = |of: &Address| of.to_string().parse::<lettre::Address>();
    let (Ok(from), Ok(to)) = (from.map(address).transpose(), address(to)) else {
        return Err(Trouble::Garbled("an address of the outbox cannot be written in SMTP".into()));
    };
    Envelope::new(from, vec![to]).map_err(|why| Trouble::Garbled(why.to_string()))
}

/// Profile §5.9: `250 2.0.0 <evidence id>`.
fn evidence(reply: &Response) -> Result<EvidenceId, Trouble> {
    let mut words = reply.message().flat_map(str::split_whitespace);
    let id = words.find_map(|word| word.parse().ok());
    id.ok_or_else(|| Trouble::Garbled("accepted, but without an evidence id".into()))
}

/// rustls reports a certificate it does not believe as invalid data of the stream.
fn is_invalid_data(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 1870 §4
    #[test]
    fn the_size_is_what_a_line_of_its_own_says() {
        let of = |lines: &[&str]| size_in(lines.iter().copied());
        assert_eq!(of(&["localhost", "PIPELINING", "SIZE 26214400", "AUTH PLAIN"]), Some(26_214_400));
        assert_eq!(of(&["size 7"]), Some(7));
        for silent in [&["SIZE"][..], &["SIZE 0"], &["SIZE many"], &["8BITMIME"], &["x SIZE 7"]] {
            assert_eq!(of(silent), None, "{silent:?}");
        }
    }
}
