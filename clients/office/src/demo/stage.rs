//! A throw-away gateway with a development CA, and offices that can use it at once.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use fumibako_gateway::{
    AccountRequest, Addresses, Config, Gateway, InitOptions, Ports, Reply, Request, Running, Secret,
    development_authority, init, issue_to, tls_authority_file, write_private,
};
use fumibako_model::{AgentId, Description, Domain, OfficeNumber, Party};
use fumibako_signer::Certificate;
use fumibako_signer::authority::KeyKind;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::disk;
use crate::random;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::{Options, Ui};

/// The domain of everything in the demo.
pub const DOMAIN: &str = "plans.example";
/// The file with the certificates of all offices.
const PARTNERS: &str = "partners.pem";

/// A running gateway in a folder of its own.
pub struct Stage {
    dir: PathBuf,
    domain: Domain,
    runtime: Runtime,
    running: Option<Running>,
    addresses: Addresses,
}

impl Stage {
    /// Makes the folder, the CA and the gateway, and starts it on free ports of this computer.
    pub fn set_up(dir: &Path, now: Timestamp) -> Result<Self, Trouble> {
        Self::set_up_with(dir, now, |_| ())
    }

    /// The same with other settings of the gateway.
    pub fn set_up_with(dir: &Path, now: Timestamp, change: impl FnOnce(&mut Config)) -> Result<Self, Trouble> {
        let domain: Domain = DOMAIN.parse().map_err(|_| Trouble::SettingMissing("domain"))?;
        let gateway = dir.join("gateway");
        disk::private_folder(&gateway).map_err(Trouble::writing(&gateway))?;
        let options = InitOptions { dir: gateway, domain: domain.clone(), dev_ca: true, ports: Ports::Ephemeral };
        let mut config = init(&options, now).map_err(no_gateway)?;
        change(&mut config);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let running = runtime.block_on(Gateway::start(config)).map_err(no_gateway)?;
        let addresses = running.addresses();
        Ok(Self { dir: dir.to_owned(), domain, runtime, running: Some(running), addresses })
    }

    /// Where the gateway listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The PEM file of the authority that vouches for the gateway's TLS certificate.
    pub fn tls_authority(&self) -> PathBuf {
        tls_authority_file(&self.gateway_folder())
    }

    /// Asks the running gateway as its operator.
    pub fn ask(&self, request: Request) -> Result<Reply, Trouble> {
        let running = self.running.as_ref().ok_or_else(|| no_gateway("it has stopped"))?;
        match self.runtime.block_on(running.admin().answer(request)) {
            Reply::No { code, about } => Err(no_gateway(code.about(about))),
            reply => Ok(reply),
        }
    }

    /// Registers and licenses an office and makes everything it needs: login, certificate and settings file. Every office
    /// then knows its certificate.
    pub fn add_office(
        &self,
        number: OfficeNumber,
        name: &str,
        key: KeyKind,
        now: Timestamp,
    ) -> Result<PathBuf, Trouble> {
        let settings = self.introduce(Description { name: Some(name.into()), ..Description::of(number) }, key, now)?;
        self.ask(Request::LicenceGrant { number, from: None, until: None })?;
        Ok(settings)
    }

    /// The same without a licence, and with whatever else is known of it.
    pub fn introduce(&self, office: Description, key: KeyKind, now: Timestamp) -> Result<PathBuf, Trouble> {
        let party = Party::Office(office.number);
        self.ask(Request::OfficePut { offices: vec![office], dry_run: false })?;
        self.register(party, key, now)
    }

    /// A login, a certificate and a settings file; then everybody has the file of all certificates.
    fn register(&self, party: Party, key: KeyKind, now: Timestamp) -> Result<PathBuf, Trouble> {
        let password = random::hex();
        let secret = Secret(password.clone());
        self.ask(Request::Account(AccountRequest::make(party.to_string(), party.clone(), secret)))?;
        let settings = self.equip(&party, &password, key, now)?;
        self.hand_out_certificates()?;
        Ok(settings)
    }

    /// The gateway's folder, with everything it keeps.
    pub fn gateway_folder(&self) -> PathBuf {
        self.dir.join("gateway")
    }

    /// Registers an agent and makes everything it needs, as [`Stage::add_office`] does.
    pub fn add_agent(&self, id: &str, name: &str, now: Timestamp) -> Result<PathBuf, Trouble> {
        let id: AgentId = id.parse().map_err(no_gateway)?;
        self.ask(Request::AgentAdd { id: id.clone(), name: name.into() })?;
        self.register(Party::Agent(id), KeyKind::EcP256, now)
    }

    /// Puts a certificate of an office on the roll.
    pub fn enrol(&self, number: OfficeNumber, certificate: &Certificate) -> Result<(), Trouble> {
        self.put_on_the_roll(Party::Office(number), certificate)
    }

    fn put_on_the_roll(&self, party: Party, certificate: &Certificate) -> Result<(), Trouble> {
        self.ask(Request::CertAdd { party, pem: certificate.to_pem() }).map(|_| ())
    }

    /// The file of certificates that an operator gives to the offices: everything on the roll.
    pub fn hand_out_certificates(&self) -> Result<(), Trouble> {
        let Reply::Certificates { certificates } = self.ask(Request::CertList { party: None })? else {
            return Err(no_gateway("it answered something else"));
        };
        let all: String = certificates.iter().map(|row| row.pem.as_str()).collect();
        let path = self.dir.join(PARTNERS);
        disk::replace(&path, all.as_bytes()).map_err(Trouble::writing(&path))
    }

    /// The folder of an office or agent: password, certificate and key, the office authority, settings.
    fn equip(&self, party: &Party, password: &str, key: KeyKind, now: Timestamp) -> Result<PathBuf, Trouble> {
        let folder = self.dir.join(party.to_string());
        fs::create_dir_all(&folder).map_err(Trouble::writing(&folder))?;
        let authority = development_authority(&self.gateway_folder()).map_err(no_gateway)?;
        let identity = issue_to(&authority, party, &self.domain, key, now).map_err(no_gateway)?;
        let (key, anchor, settings) = (identity.to_pem(), authority.certificate().to_pem(), self.settings(party));
        let files: [(&str, &[u8]); 4] = [
            ("password", password.as_bytes()),
            ("office.pem", key.as_bytes()),
            ("office-ca.pem", anchor.as_bytes()),
            ("fumibako.toml", settings.as_bytes()),
        ];
        for (name, bytes) in files {
            write_private(&folder.join(name), bytes).map_err(no_gateway)?;
        }
        self.put_on_the_roll(party.clone(), identity.certificate())?;
        Ok(folder.join("fumibako.toml"))
    }

    fn settings(&self, party: &Party) -> String {
        let Addresses { submission_tls, imap_tls, https, .. } = self.addresses;
        let (submission, imap, https) = (submission_tls.port(), imap_tls.port(), https.port());
        let what = if let Party::Office(_) = party { "office" } else { "agent" };
        format!(
            "{what} = \"{party}\"\ndomain = \"{}\"\ngateway = \"localhost\"\nsubmission_port = {submission}\n\
             imap_port = {imap}\nhttps_port = {https}\ntls_ca_file = \"../gateway/dev-ca/tls.pem\"\n\
             login = \"{party}\"\npassword_file = \"password\"\nidentity_file = \"office.pem\"\n\
             trust_file = \"office-ca.pem\"\n\
             evidence_authority_file = \"../gateway/evidence/authority.pem\"\npartners_file = \"../{PARTNERS}\"\n",
            self.domain
        )
    }

    /// Serves the screens of an office that was added before.
    pub fn screens(&self, number: &str, clock: fn() -> Timestamp) -> Result<Ui, Trouble> {
        let settings = Settings::load(&self.dir.join(number).join("fumibako.toml"))?;
        self.runtime.block_on(Ui::start(settings, clock, Options { look_seconds: 3, ..Options::default() }))
    }

    /// Waits until somebody presses Ctrl-C.
    pub fn until_interrupted(&self) -> Result<(), Trouble> {
        Ok(self.runtime.block_on(tokio::signal::ctrl_c())?)
    }

    /// Stops the gateway; what it answered 250 is on disk.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

fn no_gateway(why: impl Display) -> Trouble {
    Trouble::NoGateway(why.to_string())
}
