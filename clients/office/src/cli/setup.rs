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
use crate::trouble::{Trouble, Usage, Words};

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

    /// One thing after the other, as one has them at hand: who we are and our password, then the certificate, which has to be there and
    /// to be one before its password is asked for.
    fn answers(&self, asking: &impl Asks, screen: &mut Screen<'_>) -> Result<Answers, Trouble> {
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
        let password = match &self.password_file {
            Some(file) => first_line(file)?,
            None => asking.secret("--password-file", screen.pick("ユーザIDのパスワード", "password of that login"))?,
        };
        let (identity, pin) = self.certificate(asking, screen)?;
        Ok(Answers {
            gateway,
            domain: domain.parse().map_err(|_| missing("--domain"))?,
            party: party.parse().map_err(|_| missing("--office"))?,
            login,
            password,
            identity,
            pin,
            trust: self.trust.as_deref().map(Given::read).transpose()?,
            tls_ca: self.tls_ca.as_deref().map(Given::read).transpose()?,
            ports: [self.submission_port, self.imap_port, self.https_port],
            save_folder: self.save_folder.clone(),
        })
    }
}

impl Setup {
    /// The certificate's file, and its password if it has one. At a terminal what is wrong is said at once, and asked for again.
    fn certificate(
        &self,
        asking: &impl Asks,
        screen: &mut Screen<'_>,
    ) -> Result<(Given, Option<Private<String>>), Trouble> {
        let label = screen.pick("証明書のファイル（PKCS#12）", "file with certificate and key (PKCS#12)");
        let identity = match &self.identity {
            Some(path) => Given::read(path)?,
            None => again(screen, |screen| {
                let path = asking.line("--identity", || screen.say(&format!("{label}:")))?;
                let given = Given::read(path.as_ref())?;
                given.needs_password().map(|_| given)
            })?,
        };
        let pin = match &self.pin_file {
            Some(file) => Some(first_line(file)?),
            None if asking.may_ask() && identity.needs_password()? => Some(again(screen, |screen| {
                let label = screen.pick("証明書ファイルのパスワード", "password of that file");
                let pin = asking.secret("--pin-file", label)?;
                identity.opens(Some(&pin)).map(|()| pin)
            })?),
            None => None,
        };
        Ok((identity, pin))
    }
}

/// Answers that cannot be right, before it is given up.
const TRIES: usize = 3;

fn again<T>(screen: &mut Screen<'_>, mut ask: impl FnMut(&mut Screen<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
    for _ in 1..TRIES {
        match ask(screen) {
            // There is nobody, or nothing was typed.
            Err(why @ (Trouble::Usage(_) | Trouble::Output(_))) => return Err(why),
            Err(why) => {
                let next = screen.pick(
                    "ファイルとパスワードを確かめて、もう一度入力してください。",
                    "Check the file and its password, and type it again.",
                );
                screen.words(&Words { next: next.into(), ..why.words(screen.lang()) });
            }
            Ok(answer) => return Ok(answer),
        }
    }
    ask(screen)
}

/// Whoever answers.
trait Asks {
    fn may_ask(&self) -> bool;
    fn line(&self, flag: &'static str, show: impl FnOnce()) -> Result<String, Trouble>;
    fn secret(&self, flag: &'static str, label: &str) -> Result<Private<String>, Trouble>;
}

impl Asks for Asking {
    fn may_ask(&self) -> bool {
        Self::may_ask(self)
    }

    fn line(&self, flag: &'static str, show: impl FnOnce()) -> Result<String, Trouble> {
        Self::line(self, flag, show)
    }

    fn secret(&self, flag: &'static str, label: &str) -> Result<Private<String>, Trouble> {
        Self::secret(self, flag, label)
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use clap::Parser;
    use fumibako_careplan::Lang;

    use super::*;
    use crate::cli::screen::Format;
    use crate::testing::{A, Ca};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        setup: Setup,
    }

    /// Answers in turn, and notes what was asked for.
    struct Scripted {
        answers: RefCell<VecDeque<String>>,
        asked: RefCell<Vec<&'static str>>,
    }

    impl Scripted {
        fn answer(&self, flag: &'static str) -> String {
            self.asked.borrow_mut().push(flag);
            self.answers.borrow_mut().pop_front().unwrap()
        }
    }

    impl Asks for Scripted {
        fn may_ask(&self) -> bool {
            true
        }

        fn line(&self, flag: &'static str, show: impl FnOnce()) -> Result<String, Trouble> {
            show();
            Ok(self.answer(flag))
        }

        fn secret(&self, flag: &'static str, _: &str) -> Result<Private<String>, Trouble> {
            Ok(Private(self.answer(flag)))
        }
    }

    /// What was asked for, whether it was answered in the end, and what was said meanwhile.
    fn asked(answers: &[&str]) -> (Vec<&'static str>, Result<Answers, Trouble>, String) {
        let script = Scripted {
            answers: RefCell::new(answers.iter().map(|answer| (*answer).to_owned()).collect()),
            asked: RefCell::default(),
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let given = Line::parse_from(["setup", "--gateway", "gateway.example", "--domain", "plans.example"])
            .setup
            .answers(&script, &mut Screen::new(&mut out, &mut err, Format::Text, Lang::Ja, false, false));
        (script.asked.into_inner(), given, String::from_utf8(err).unwrap())
    }

    // Profile §15.8
    #[test]
    fn a_certificate_is_there_before_its_password_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Ca::new().identity(A);
        let place = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(place("locked.p12"), identity.to_pkcs12("geheim").unwrap()).unwrap();
        std::fs::write(place("open.pem"), identity.to_pem().as_bytes()).unwrap();
        std::fs::write(place("memo.txt"), "no key").unwrap();
        let (none, memo, locked, open) = (place("none.p12"), place("memo.txt"), place("locked.p12"), place("open.pem"));
        let who = ["9970000011", "KJ01", "password"];
        let first = ["--office", "--login", "--password-file"];

        let (flags, given, said) = asked(&[&who[..], &[&none, &memo, &locked, "falsch", "geheim"]].concat());
        let then = ["--identity", "--identity", "--identity", "--pin-file", "--pin-file"];
        assert_eq!(flags, [&first[..], &then].concat());
        assert_eq!(given.unwrap().pin, Some(Private("geheim".to_owned())));
        assert!(said.contains("none.p12") && said.contains("もう一度入力してください"), "{said}");

        let (flags, given, _) = asked(&[&who[..], &[&open]].concat());
        assert_eq!(flags, [&first[..], &["--identity"]].concat(), "one without a password is not asked for one");
        assert_eq!(given.unwrap().pin, None);

        let (flags, given, _) = asked(&[&who[..], &[&none, &none, &none]].concat());
        assert_eq!((flags.len(), given.unwrap_err().exit()), (6, Exit::NO_FILE), "it is given up at the third time");
    }
}
