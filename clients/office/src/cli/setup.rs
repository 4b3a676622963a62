//! `fumibako setup`: asks what has to be known, writes the settings, and looks whether everything works. Exit: as `doctor`;
//! 73: there are settings already.

use std::io::{BufRead as _, IsTerminal as _, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_model::{AgentId, Domain, OfficeNumber, Private};
use jiff::Timestamp;

use super::doctor;
use super::screen::Screen;
use crate::exit::Exit;
use crate::settings::first_line;
use crate::setup::{Answers, Given};
use crate::trouble::{Trouble, Usage};

#[derive(Debug, Args)]
pub(super) struct Setup {
    /// ゲートウェイの名前 / host of the gateway
    #[arg(long, value_name = "HOST")]
    gateway: Option<String>,
    /// メールアドレスの @ より後ろ / domain of all addresses
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<Domain>,
    /// 事業所番号 / office number
    #[arg(long, value_name = "NUMBER", conflicts_with = "agent")]
    office: Option<OfficeNumber>,
    /// 代行業者 ID（事業所番号の代わりに） / the agent's ID, in place of the office number
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// ユーザID / login
    #[arg(long, value_name = "ID")]
    login: Option<String>,
    /// パスワードを 1 行目に書いたファイル（なければ尋ねます） / file whose first line is the password; without it you are asked
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// 証明書と秘密鍵のファイル（PKCS#12 または PEM） / certificate and private key
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// 証明書ファイルのパスワードを 1 行目に書いたファイル（なければ尋ねます） / file with its password; without it you are asked
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// 事業所の証明書の発行元（PEM） / authorities of office certificates
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// ゲートウェイの証明書の発行元（PEM）。なければこのパソコンが信頼するもの / authorities of the gateway's certificate
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// 送信のポート / port of submission
    #[arg(long, value_name = "PORT", default_value_t = 465)]
    submission_port: u16,
    /// 受信のポート / port of IMAP
    #[arg(long, value_name = "PORT", default_value_t = 993)]
    imap_port: u16,
    /// HTTPS のポート / port of HTTPS
    #[arg(long, value_name = "PORT", default_value_t = 443)]
    https_port: u16,
    /// 受信したファイルの保存先 / folder for received files
    #[arg(long, value_name = "FOLDER")]
    save_folder: Option<PathBuf>,
    /// すでにある設定を置き換えます / replace the settings if they are there already
    #[arg(long)]
    overwrite: bool,
}

impl Setup {
    pub(super) fn run(
        &self,
        (place, may_ask): (&Path, bool),
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        // Nobody answers ten questions to hear at the end that the settings are there.
        if place.exists() && !self.overwrite {
            return Err(Trouble::Exists(place.to_owned()));
        }
        let asking = Asking::at_a_terminal(may_ask);
        let settings = self.answers(&asking, screen)?.settle(place, self.overwrite)?;
        let saved = screen.pick("設定を保存しました", "settings saved");
        screen.say(&format!("{saved}: {}", place.display()));
        doctor::tell(&settings, screen, clock)
    }

    fn answers(&self, asking: &Asking, screen: &mut Screen<'_>) -> Result<Answers, Trouble> {
        let mut ask = |given: Option<String>, flag, ja: &str, en: &str| {
            let label = screen.pick(ja, en);
            given.map_or_else(|| asking.line(flag, || screen.say(&format!("{label}:"))), Ok)
        };
        let text = |value: &Option<String>| value.clone();
        let gateway = ask(text(&self.gateway), "--gateway", "ゲートウェイの名前", "host of the gateway")?;
        let domain = ask(
            self.domain.as_ref().map(ToString::to_string),
            "--domain",
            "メールアドレスの @ より後ろ",
            "domain of all addresses",
        )?;
        let party =
            self.office.map(|office| office.to_string()).or_else(|| self.agent.as_ref().map(ToString::to_string));
        let party = ask(party, "--office", "事業所番号（代行業者は代行業者ID）", "office number (agents: their ID)")?;
        let login = ask(text(&self.login), "--login", "ユーザID", "login")?;
        let identity = self.identity.as_ref().map(|path| path.display().to_string());
        let identity =
            ask(identity, "--identity", "証明書のファイル（PKCS#12）", "file with certificate and key (PKCS#12)")?;
        let password = match &self.password_file {
            Some(file) => first_line(file)?,
            None => asking.secret("--password-file", screen.pick("パスワード", "password"))?,
        };
        let pin = match &self.pin_file {
            Some(file) => Some(first_line(file)?),
            None if asking.may_ask => {
                let label =
                    screen.pick("証明書ファイルのパスワード（なければ空）", "password of that file (empty: none)");
                Some(asking.secret("--pin-file", label)?).filter(|Private(pin)| !pin.is_empty())
            }
            None => None,
        };
        Ok(Answers {
            gateway,
            domain: domain.parse().map_err(|_| missing("--domain"))?,
            party: party.parse().map_err(|_| missing("--office"))?,
            login,
            password,
            identity: Given::read(&self.identity.clone().unwrap_or_else(|| identity.into()))?,
            pin,
            trust: self.trust.as_deref().map(Given::read).transpose()?,
            tls_ca: self.tls_ca.as_deref().map(Given::read).transpose()?,
            ports: [self.submission_port, self.imap_port, self.https_port],
            save_folder: self.save_folder.clone(),
        })
    }
}

/// Whoever sits at the terminal, if somebody does.
pub(super) struct Asking {
    may_ask: bool,
}

impl Asking {
    pub(super) fn at_a_terminal(may_ask: bool) -> Self {
        Self { may_ask: may_ask && stdin().is_terminal() }
    }

    pub(super) fn may_ask(&self) -> bool {
        self.may_ask
    }

    pub(super) fn line(&self, flag: &'static str, show: impl FnOnce()) -> Result<String, Trouble> {
        if !self.may_ask {
            return Err(missing(flag));
        }
        show();
        let mut line = String::new();
        stdin().lock().read_line(&mut line)?;
        Some(line.trim().to_owned()).filter(|line| !line.is_empty()).ok_or_else(|| missing(flag))
    }

    pub(super) fn secret(&self, flag: &'static str, label: &str) -> Result<Private<String>, Trouble> {
        if !self.may_ask {
            return Err(missing(flag));
        }
        Ok(Private(rpassword::prompt_password(format!("{label}: "))?))
    }
}

fn missing(flag: &'static str) -> Trouble {
    Trouble::Usage(Usage::Unanswered(flag))
}
