//! `fumibako-conformance`: plays the transcripts against a server, ours or another.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use clap::{Parser, ValueEnum};
use fumibako_conformance::kit::{Doors, Format, Listed, Protocol, Script, Target, report};
use fumibako_conformance::{Door, Random, stress};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// 通信手順の適合試験：記録した会話を SMTP・IMAP・POP3 サーバーに対して再生し、違いを表示します。
///
/// Plays recorded conversations (RFC 5321, 3501, 9051, 1939) against any server, ours or another, and says where it
/// differs; or lets many IMAP clients loose on it at once (`--stress`), and says what it told one of them that cannot be. IMAP:
/// folders of its own are made and removed afterwards; nothing else is touched. Exit status: 0 everything holds or differs
/// as listed, 1 something else differs or was found, 2 it could not be tried.
#[derive(Parser)]
#[command(name = "fumibako-conformance", version)]
struct Kit {
    #[arg(long, required_unless_present = "list", help = TARGETS)]
    target: Option<String>,
    /// The account's name
    #[arg(long, required_unless_present = "list")]
    user: Option<String>,
    /// A file whose first line is the password
    #[arg(long, env = "FUMIBAKO_CONFORMANCE_PASSWORD_FILE", required_unless_present = "list")]
    password_file: Option<PathBuf>,
    /// PEM file of the authorities to believe, in place of this computer's
    #[arg(long)]
    ca: Option<PathBuf>,
    /// SMTP: the account's address
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// SMTP: an address that may be written to; nothing is sent to it
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// POP3: an IMAP door of the same account, to put messages into INBOX. Everything in that INBOX is DELETED
    #[arg(long)]
    fill: Option<String>,
    /// Differences that are known (TOML); one that is listed and does not show counts as one that is not listed
    #[arg(long)]
    differences: Option<PathBuf>,
    /// Only transcripts whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    /// IMAP: in place of the transcripts, many clients at once give random commands for so many seconds, and hold whatever the
    /// server tells each of them against what it told before
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["list", "only", "differences", "fill", "from"])]
    stress: Option<u64>,
    /// How many clients there are at once
    #[arg(long, requires = "stress", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=100))]
    clients: u64,
    /// What the server offers and is not to be tried, such as NOTIFY
    #[arg(long, requires = "stress", value_name = "CAPABILITY", value_delimiter = ',')]
    without: Vec<String>,
    /// What the clients draw by; the same again tries the same again, as far as they do not come in each other's way
    #[arg(long, requires = "stress")]
    seed: Option<u64>,
    /// At most so many rounds; each is 40 commands of every client, and a pause in which all must know the same
    #[arg(long, requires = "stress", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: Option<u64>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Written::Table)]
    format: Written,
    /// List the transcripts and what they need; nothing is played
    #[arg(long)]
    list: bool,
}

/// The addresses of servers.
const TARGETS: &str = "The server: imaps://host:993, imap://host:143 (STARTTLS), smtps:// or smtp:// (STARTTLS), \
    pop3s:// or pop3:// (STLS)";

#[derive(Clone, Copy, ValueEnum)]
enum Written {
    Table,
    Json,
    Junit,
}

fn main() -> ExitCode {
    let kit = Kit::parse();
    match kit.run(&mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            writeln!(io::stderr(), "fumibako-conformance: {why}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}

impl Kit {
    fn run(&self, out: &mut impl Write) -> io::Result<bool> {
        if self.list {
            return list(&self.only, out).map(|()| true);
        }
        let format = match self.format {
            Written::Table => Format::Table,
            Written::Json => Format::Json,
            Written::Junit => Format::Junit,
        };
        if let Some(seconds) = self.stress {
            return self.strain(seconds)?.run()?.report(format, out);
        }
        let listed = match &self.differences {
            Some(file) => Listed::read(&fs::read_to_string(file)?).map_err(io::Error::other)?,
            None => Listed::default(),
        };
        let played = self.target()?.play(&self.only)?;
        report(&played, &listed, format, out)
    }

    /// The target, for many clients at once.
    fn strain(&self, seconds: u64) -> io::Result<stress::Target> {
        let Target { protocol, doors, user, password, .. } = self.target()?;
        if protocol != Protocol::Imap {
            return Err(io::Error::other("--stress is for imaps:// and imap://"));
        }
        Ok(stress::Target {
            door: doors.tls,
            user,
            password,
            without: self.without.iter().map(|name| name.to_ascii_uppercase()).collect(),
            clients: usize::try_from(self.clients).map_err(io::Error::other)?,
            seed: self.seed.unwrap_or_else(Random::any_seed),
            time: Duration::from_secs(seconds),
            rounds: self.rounds.unwrap_or(u64::MAX),
        })
    }

    fn target(&self) -> io::Result<Target> {
        let missing = || io::Error::other("target, user and password file are needed");
        let (protocol, doors) = self.doors(self.target.as_deref().ok_or_else(missing)?)?;
        let password = fs::read_to_string(self.password_file.as_ref().ok_or_else(missing)?)?;
        Ok(Target {
            protocol,
            doors,
            user: self.user.clone().ok_or_else(missing)?,
            password: password.lines().next().unwrap_or_default().to_owned(),
            addresses: self.from.clone().zip(self.to.clone()).map(|(from, to)| [from, to]),
            fill: self.fill.as_deref().map(|url| self.doors(url)).transpose()?.map(|(_, doors)| doors.tls),
        })
    }

    /// The doors of an address such as `imaps://host:993`.
    fn doors(&self, url: &str) -> io::Result<(Protocol, Doors)> {
        let wrong =
            || io::Error::other(format!("{url}: expected imaps://host:port, or imap, smtps, smtp, pop3s, pop3"));
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let protocol = match scheme.trim_end_matches('s') {
            "imap" => Protocol::Imap,
            "smtp" => Protocol::Smtp,
            "pop3" => Protocol::Pop3,
            _ => return Err(wrong()),
        };
        let authorities = self.authorities()?;
        let clear = !scheme.ends_with('s');
        let tls = Door::to(host, port, clear.then(|| protocol.upgrade()), authorities)?;
        Ok((protocol, Doors { clear: clear.then(|| tls.clone()), tls }))
    }

    fn authorities(&self) -> io::Result<Vec<CertificateDer<'static>>> {
        match &self.ca {
            Some(file) => {
                let text = fs::read(file)?;
                let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
                read.map_err(io::Error::other)
            }
            None => Ok(rustls_native_certs::load_native_certs().certs),
        }
    }
}

fn list(only: &str, out: &mut impl Write) -> io::Result<()> {
    let all = ["imap", "pop3", "smtp"].into_iter().flat_map(Script::of).filter(|script| script.name.contains(only));
    for script in all {
        let needs = match script.needs() {
            None => "our gateway".to_owned(),
            Some(needs) if needs.is_empty() => "any server".to_owned(),
            Some(needs) => needs.join(" "),
        };
        writeln!(out, "{:<32} {needs:<24} {}", script.name, script.subject())?;
    }
    Ok(())
}
