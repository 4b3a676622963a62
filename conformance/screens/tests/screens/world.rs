//! A gateway, offices, their screens, and a browser that looks at them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::axe::{Axe, FLAT};
use fumibako::demo::{Stage, sample};
use fumibako::ui::{Options, Ui};
use fumibako::{Settings, Trouble};
use fumibako_gateway::{Addresses, Request, development_authority, issue_office};
use fumibako_model::{Domain, OfficeNumber, Party};
use fumibako_signer::authority::KeyKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// What a scenario ends with.
pub(crate) type Done = Result<(), Problem>;
/// What may go wrong.
pub(crate) type Problem = Box<dyn Error + Send + Sync>;

/// The two offices.
pub(crate) const A: &str = sample::SENDER.0;
pub(crate) const B: &str = sample::RECIPIENT.0;

/// An office whose program ends and begins again.
pub(crate) const C: (&str, &str) = ("9970000037", "見本通所介護事業所");

/// How long the browser may take for anything: longer than the program waits for a gateway that does not answer.
const PATIENCE: Duration = Duration::from_secs(90);
pub(crate) const LOOK: Duration = Duration::from_millis(25);

/// The clock of the screens may run ahead, so that nobody waits for a lock.
static AHEAD: AtomicI64 = AtomicI64::new(0);

#[expect(clippy::disallowed_methods, reason = "the gateway beside us reads the computer's clock too")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(AHEAD.load(Ordering::Relaxed))
}

/// Lets the clock run ahead by so many seconds.
pub(crate) fn ahead(seconds: i64) {
    AHEAD.store(seconds, Ordering::Relaxed);
}

/// Everything a scenario needs.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    /// Gone once the gateway was stopped.
    stage: Mutex<Option<Stage>>,
    pub(crate) addresses: Addresses,
    pub(crate) tls_authority: PathBuf,
    pub(crate) a: Ui,
    pub(crate) b: Ui,
    pub(crate) driver: WebDriver,
    pub(crate) axe: Axe,
    chromedriver: Child,
    seen: Mutex<BTreeMap<String, BTreeSet<String>>>,
    wrong: Mutex<Vec<String>>,
    /// What was waited for last and did not come, and what stood there instead.
    never: Mutex<Option<String>>,
    shots: Option<PathBuf>,
}

impl World {
    pub(crate) async fn new(folder: tempfile::TempDir, stage: Stage, shots: Option<PathBuf>) -> Result<Self, Problem> {
        let parts = async {
            let (a, b) = (served(folder.path(), A, |_| ()).await?, served(folder.path(), B, |_| ()).await?);
            let (chromedriver, port) = chromedriver().await?;
            let driver = browser(port, folder.path()).await?;
            let axe = Axe::take(&driver).await?;
            Ok::<_, Problem>((a, b, chromedriver, driver, axe))
        };
        let (a, b, chromedriver, driver, axe) = match parts.await {
            Ok(parts) => parts,
            Err(why) => {
                // It waits for itself.
                tokio::task::block_in_place(|| drop(stage));
                return Err(why);
            }
        };
        let (addresses, tls_authority, stage) = (stage.addresses(), stage.tls_authority(), Mutex::new(Some(stage)));
        let (seen, wrong, never) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(Self { folder, stage, addresses, tls_authority, a, b, driver, axe, chromedriver, seen, wrong, never, shots })
    }

    /// Serves the screens of an office once more, with other settings.
    pub(crate) async fn serve(&self, number: &str, change: impl FnOnce(&mut Settings)) -> Result<Ui, Problem> {
        served(self.folder.path(), number, change).await
    }

    /// Asks the gateway as its operator.
    pub(crate) fn ask(&self, request: Request) {
        // It waits for itself.
        tokio::task::block_in_place(|| self.stage.lock().unwrap().as_ref().map(|stage| stage.ask(request).unwrap()));
    }

    /// The gateway goes away. It waits for itself, so that is done beside.
    pub(crate) async fn stop_gateway(&self) {
        let stage = self.stage.lock().unwrap().take();
        let stopped = tokio::task::spawn_blocking(move || stage.into_iter().for_each(|mut stage| stage.stop()));
        stopped.await.unwrap();
    }

    /// Ends the browser and its driver.
    pub(crate) async fn end(mut self) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
        self.stop_gateway().await;
        self.audited();
        let _ = self.driver.clone().quit().await;
        let _ = self.chromedriver.kill().await;
        self.a.stop();
        self.b.stop();
        (self.seen.into_inner().unwrap(), self.wrong.into_inner().unwrap())
    }

    /// Notes what a line was seen to hold, or not to.
    pub(crate) fn see(&self, lines: &str, what: &str, holds: bool) {
        for line in lines.split(' ') {
            self.seen.lock().unwrap().entry(line.to_owned()).or_default().insert(what.to_owned());
        }
        if !holds {
            self.wrong(format!("{lines}: {what}"));
        }
    }

    /// Something that does not hold, or is no line of a screen; the list at the end tells what the page showed, too, where something
    /// was waited for: whoever reads it may have nothing else.
    pub(crate) fn wrong(&self, what: String) {
        eprintln!("  WRONG {what}");
        let never = self.never.lock().unwrap().take();
        self.wrong.lock().unwrap().push(never.map_or(what.clone(), |never| format!("{what}\n{never}")));
    }

    pub(crate) fn url(ui: &Ui, path: &str) -> String {
        format!("http://{}{path}", ui.host())
    }

    pub(crate) async fn go(&self, ui: &Ui, path: &str) -> Done {
        self.driver.goto(Self::url(ui, path)).await?;
        self.audit().await;
        Ok(())
    }

    pub(crate) async fn js(&self, script: &str) -> Result<Value, Problem> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    /// Is this so in the page?
    pub(crate) async fn holds(&self, expression: &str) -> bool {
        self.js(&format!("return Boolean({expression})")).await.is_ok_and(|value| value == Value::Bool(true))
    }

    /// Waits until it is so, and looks at the state the page is in then.
    pub(crate) async fn until(&self, expression: &str) -> bool {
        let there = self.soon(expression).await;
        self.audit().await;
        there
    }

    /// Waits until it is so, and loses no time by looking.
    pub(crate) async fn soon(&self, expression: &str) -> bool {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if self.holds(expression).await {
                // What did not come before has nothing to do with what is wrong later.
                *self.never.lock().unwrap() = None;
                return true;
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        let there = self.js("return location.href + ' ' + (document.querySelector('main') ?? document.body).innerText.slice(0, 900)").await;
        let never = format!("  never: {expression}\n  on {there:?}");
        eprintln!("{never}");
        *self.never.lock().unwrap() = Some(never);
        false
    }

    /// The text people see, or of one element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let script = format!("return document.querySelector({})?.innerText ?? ''", json!(css));
        self.js(&script).await.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Do these words stand there, in this order?
    pub(crate) async fn in_order(&self, css: &str, words: &[&str]) -> bool {
        let text = self.text(css).await;
        let mut at = 0;
        for word in words {
            let Some(found) = text[at..].find(word) else {
                eprintln!("  {word} does not follow in {css}: {text}");
                return false;
            };
            at += found + word.len();
        }
        true
    }

    pub(crate) async fn click(&self, css: &str) -> Done {
        let element = self.driver.query(By::Css(css)).first().await?;
        element.scroll_into_view().await?;
        Ok(element.click().await?)
    }

    /// Clicks a button or link by its words.
    pub(crate) async fn press(&self, words: &str) -> Done {
        let script = "const shown = [...document.querySelectorAll('dialog:modal button, dialog:modal a, main button, main a')]\
            .filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && (!document.querySelector('dialog:modal') || e.closest('dialog:modal')));\
            const found = shown.find(e => e.innerText.trim() === arguments[0]) ?? shown.find(e => e.innerText.trim().startsWith(arguments[0]));\
            found?.scrollIntoView({block: 'center'}); return found;";
        let found = self.driver.execute(script, vec![json!(words)]).await?;
        let element = found.element().map_err(|why| format!("no button {words}: {why}"))?;
        Ok(element.click().await?)
    }

    /// Types over what stands in a field, as people do: in it all the while. The driver's own clearing leaves the field, and tells the
    /// page of no key: what another window wrote might be told into it before the first letter.
    pub(crate) async fn fill(&self, css: &str, text: &str) -> Done {
        let element = self.driver.query(By::Css(css)).first().await?;
        element.send_keys(Key::Control + "a").await?;
        if text.is_empty() {
            return Ok(element.send_keys(Key::Delete.value().to_string()).await?);
        }
        Ok(element.send_keys(text).await?)
    }

    /// Chooses files as people do in the dialog of the system.
    pub(crate) async fn choose(&self, paths: &[PathBuf]) -> Done {
        let joined: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        Ok(self.driver.find(By::Css("input[type=file]")).await?.send_keys(joined.join("\n")).await?)
    }

    /// Drops files from outside of the browser on an element.
    pub(crate) async fn drop_on(&self, css: &str, paths: &[PathBuf]) -> Done {
        let script = format!(
            "const e = document.querySelector({}); e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]",
            json!(css)
        );
        let place = self.js(&script).await?;
        let files: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1],
                "data": { "items": [], "files": files, "dragOperationsMask": 1 } });
            self.driver.cdp().send_raw("Input.dispatchDragEvent", event).await?;
            if kind == "dragOver" {
                self.shot("compose-dragover").await?;
            }
        }
        Ok(())
    }

    /// Opens a second tab, in which axe-core looks as in the first. [`World::home`] leads back to the first.
    pub(crate) async fn tab(&self) -> Result<WindowHandle, Problem> {
        let first = self.driver.window().await?;
        let other = self.driver.new_tab().await?;
        self.driver.switch_to_window(other).await?;
        Axe::take(&self.driver).await?;
        Ok(first)
    }

    /// Closes the second tab.
    pub(crate) async fn home(&self, first: WindowHandle) -> Done {
        self.driver.close_window().await?;
        Ok(self.driver.switch_to_window(first).await?)
    }

    /// Logs in by a fresh link.
    pub(crate) async fn enter(&self, ui: &Ui, number: &str) -> Done {
        self.driver.goto(ui.link()).await?;
        self.fill("#user", number).await?;
        self.fill("#password", &self.password(number)).await?;
        self.click("#door button.primary").await?;
        self.until("document.querySelector('#tabs')").await;
        Ok(())
    }

    pub(crate) fn password(&self, number: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(number).join("password")).unwrap().trim().to_owned()
    }

    /// A picture of the page, if pictures are wanted.
    pub(crate) async fn shot(&self, name: &str) -> Done {
        if let Some(folder) = &self.shots {
            // The whole page, however far it scrolls; nothing sticks in its middle. Of a dialog what the window shows.
            self.js(&format!("{FLAT} flatten()")).await?;
            let metrics = self.driver.cdp().send_raw("Page.getLayoutMetrics", json!({})).await?;
            let (width, height) = (&metrics["cssContentSize"]["width"], &metrics["cssContentSize"]["height"]);
            let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
            let modal = self.holds("document.querySelector('dialog:modal')").await;
            let how = if modal { json!({}) } else { json!({ "captureBeyondViewport": true, "clip": clip }) };
            let shot = self.driver.cdp().send_raw("Page.captureScreenshot", how).await?;
            let png =
                base64::Engine::decode(&base64::prelude::BASE64_STANDARD, shot["data"].as_str().unwrap_or_default())?;
            let path = folder.join(format!("{name}.png"));
            std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            std::fs::write(path, png)?;
            self.js("document.adoptedStyleSheets = []").await?;
        }
        Ok(())
    }

    /// Writes a file where care software would.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let folder = self.folder.path().join("written");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The files of a sample, written where care software would.
    pub(crate) fn sample(&self, sample: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/valid").join(sample);
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")));
        paths.sort();
        paths
            .iter()
            .map(|path| self.write(path.file_name().unwrap().to_str().unwrap(), &std::fs::read(path).unwrap()))
            .collect()
    }
}

async fn served(folder: &Path, number: &str, change: impl FnOnce(&mut Settings)) -> Result<Ui, Problem> {
    let mut settings = Settings::load(&folder.join(number).join("fumibako.toml"))?;
    change(&mut settings);
    // Only the first run is told a port; the next ones are to know it.
    let is_known = settings.data_folder.join("ui-port").exists();
    let port = if is_known { 0 } else { free_port().ok_or("no port is free")? };
    let mut waited = Duration::ZERO;
    loop {
        match Ui::start(settings.clone(), now, Options { port, look_seconds: 1 }).await {
            // The last run in this process ends with its last connection, not with the process.
            Err(Trouble::Busy(_)) if waited < PATIENCE => tokio::time::sleep(LOOK).await,
            started => return Ok(started?),
        }
        waited += LOOK;
    }
}

/// A port nobody listens at, below those that the system gives to whoever asks for any: nobody is given it while its screens are
/// down, so that they find it again.
fn free_port() -> Option<u16> {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 10_000;
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).ok()?;
    let mut ports = (0..COUNT).map(|step| FIRST + (begin + step) % COUNT);
    ports.find(|port| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, *port)).is_ok())
}

/// An office that receives and never looks: on the roll, licensed, with a certificate.
pub(crate) fn quiet_office(stage: &Stage, number: &str) -> Done {
    let office: OfficeNumber = number.parse().map_err(|_| "no office number")?;
    let domain: Domain = fumibako::demo::stage::DOMAIN.parse().map_err(|_| "no domain")?;
    stage.ask(Request::OfficeAdd { number: office, name: format!("見本事業所{}", &number[8..]) })?;
    stage.ask(Request::LicenceGrant { number: office, from: None, until: None })?;
    let authority = development_authority(&stage.gateway_folder()).map_err(|why| why.to_string())?;
    let identity = issue_office(&authority, office, &domain, KeyKind::EcP256, now()).map_err(|why| why.to_string())?;
    stage.ask(Request::CertAdd { party: Party::Office(office), pem: identity.certificate().to_pem() })?;
    Ok(())
}

async fn chromedriver() -> Result<(Child, u16), Problem> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| format!("chromedriver: {why}; see conformance/programs/packages"))?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(port) = line.split("started successfully on port ").nth(1) {
            let port = port.trim_end_matches('.').trim().parse()?;
            return Ok((child, port));
        }
    }
    Err("chromedriver said no port".into())
}

async fn browser(port: u16, folder: &Path) -> Result<WebDriver, Problem> {
    let mut capabilities = DesiredCapabilities::chrome();
    for flag in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1366,900",
        "--lang=ja",
        "--accept-lang=ja",
        "--force-color-profile=srgb",
    ] {
        capabilities.add_arg(flag)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", folder.join("profile").display()))?;
    Ok(WebDriver::new(&format!("http://127.0.0.1:{port}"), capabilities).await?)
}
