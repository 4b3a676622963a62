//! `fumibako ui` as its user and the computer treat it: killed while a batch goes out, on a full disk, and with news from the gateway.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fumibako::Settings;
use fumibako::ui::{Options, Ui};
use fumibako_gateway::Request;
use fumibako_signer::authority::{Authority, KeyKind};

use crate::house::{A, B, House, now, set, type_in};

const ROW: &[u8] = b"202407,999903,9900000011,202510\r\n";
const PATIENCE: Duration = Duration::from_secs(40);

/// A browser with a session of its own, as far as a test needs one.
pub(crate) struct Browser {
    host: String,
    cookie: String,
    csrf: String,
}

/// Octets of a file that is dropped, and its name.
type File = (String, Vec<u8>);

impl Browser {
    /// Opens the link and logs in.
    fn enter(link: &str, settings: &Path) -> Self {
        let (host, path) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut browser = Self { host: host.into(), cookie: String::new(), csrf: String::new() };
        let opened = browser.ask("GET", &format!("/{path}"), "", b"");
        let cookie =
            opened.lines().find_map(|line| line.to_lowercase().starts_with("set-cookie: ").then(|| &line[12..]));
        cookie.unwrap().split(';').next().unwrap().clone_into(&mut browser.cookie);
        let page = browser.ask("GET", "/login", "", b"");
        browser.csrf = after(&page, "name=\"csrf\" value=\"").next().unwrap();
        let settings = Settings::load(settings).unwrap();
        let password = settings.password().unwrap().0;
        let hex: Vec<String> = password.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let entered = browser.post("/login", &format!("user={}&password={}", settings.login, hex.concat()));
        assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
        browser
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> String {
        let port = self.host.rsplit(':').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {1}\r\nContent-Type: {kind}\r\n\
             Content-Length: {2}\r\nConnection: close\r\n\r\n",
            self.host,
            self.cookie,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        // A program that is killed meanwhile answers half.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "", b"")
    }

    fn post(&self, path: &str, fields: &str) -> String {
        let body = format!("csrf={}&{fields}", self.csrf);
        self.ask("POST", path, "application/x-www-form-urlencoded", body.as_bytes())
    }

    fn drop_files(&self, path: &str, files: &[File]) -> String {
        let mut body =
            format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n", self.csrf).into_bytes();
        for (name, octets) in files {
            let head = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
            body.extend([head.as_bytes(), octets, b"\r\n"].concat());
        }
        body.extend(b"--x--\r\n");
        self.ask("POST", path, "multipart/form-data; boundary=x", &body)
    }

    /// Ticks every row and presses 一括送信.
    fn send_all(&self) {
        let rows: Vec<String> =
            after(&self.get("/batch"), "name=\"row\" value=\"").map(|id| format!("row={id}")).collect();
        self.post("/batch/send", &rows.join("&"));
    }
}

/// What stands behind each of these words, up to the next quotation mark.
fn after<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = String> + 't {
    text.split(words).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
}

/// The program, and its window. With a limit, no file grows beyond so many blocks of 512 octets: the disk is full for what is larger.
pub(crate) fn start(settings: &Path, blocks: Option<u32>) -> (Child, Browser) {
    let mut command = limited(blocks);
    command.arg("--config").arg(settings).arg("ui").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let browser = Browser::enter(told["link"].as_str().unwrap(), settings);
    (child, browser)
}

fn limited(blocks: Option<u32>) -> Command {
    let program = env!("CARGO_BIN_EXE_fumibako");
    let Some(blocks) = blocks else { return Command::new(program) };
    let mut command = Command::new("sh");
    // Without the signal a write says so, as on a full disk.
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")).arg(program);
    command
}

#[expect(clippy::disallowed_methods, reason = "a test has patience, not more")]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A delete for a service of an office.
fn file(office: &str, service: usize) -> File {
    (format!("DLTPLAN_202510_{A}_43_{office}_{service}_202509201015{:02}.CSV", service % 60), ROW.to_vec())
}

/// BT-11, BP-10, Profile §15.7: six rows, one of them of six messages, and the program killed again and again.
#[test]
fn killing_the_screens_while_a_batch_goes_out_loses_nothing_and_sends_nothing_twice() {
    const OTHERS: [&str; 5] = ["9970000037", "9970000045", "9970000053", "9970000061", "9970000079"];
    let house = House::new();
    for number in OTHERS {
        house.stage.add_office(number.parse().unwrap(), "見本", KeyKind::EcP256, now()).unwrap();
    }
    let mut files: Vec<File> = (61..=66).map(|service| file(B, service)).collect();
    files.extend(OTHERS.map(|office| file(office, 15)));
    let (program, browser) = start(&house.a, None);
    browser.drop_files("/batch/files", &files);
    assert_eq!(after(&browser.get("/batch"), "name=\"row\" value=\"").count(), 6);
    browser.send_all();
    end(program);
    for life in 0..6 {
        let (program, _) = start(&house.a, None);
        std::thread::sleep(Duration::from_millis(15 * life));
        end(program);
    }
    let (program, browser) = start(&house.a, None);
    let posted = || {
        let entries = fumibako::outbox::look(&house.a.with_file_name("data")).unwrap();
        entries.into_iter().filter_map(|entry| entry.evidence().map(|id| id.to_string())).collect::<BTreeSet<_>>().len()
    };
    until("all are sent", || posted() == files.len());
    until("the rows say so", || {
        let page = browser.get("/batch");
        // What a row is, not a sentence about it.
        [">送信中...", ">送信待ち"].iter().all(|state| !page.contains(state))
    });
    assert_eq!((posted(), house.messages_at_the_gateway()), (files.len(), files.len() as u64));
    end(program);
}

/// Profile §8.5, NW-12: on a full disk nothing is sent, acknowledged or forgotten in silence.
#[test]
fn a_full_disk_is_said_in_plain_words_and_nothing_is_half_done() {
    const BLOCKS: u32 = 96;
    let house = House::new();
    let large = house.folder.path().join("計画.pdf");
    let noise = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
    let noise: Vec<u8> = b"%PDF-1.7\n".iter().copied().chain(noise).collect();
    std::fs::write(&large, &noise).unwrap();
    let (program, browser) = start(&house.a, Some(BLOCKS));
    browser.drop_files("/batch/files", &[file(B, 61)]);
    let id = "0123456789abcdef0123456789abcdef";
    browser.drop_files(&format!("/compose/{id}/files"), &[file(B, 62), ("plan.pdf".into(), noise)]);
    let kept = browser.post(&format!("/compose/{id}/keep"), "message=x");
    assert!(kept.contains(&format!("location: /compose/{id}")), "{kept}");
    for (page, shown) in [(format!("/compose/{id}"), "plan.pdf"), ("/batch".into(), "DLTPLAN")] {
        let text = browser.get(&page);
        assert!(text.contains("に書き込めません") && text.contains(shown), "{page}: {text}");
        assert!(!text.contains("os error"), "{page}");
    }
    let seen = after(&browser.get(&format!("/compose/{id}?confirm=yes")), "name=\"seen\" value=\"").next();
    browser.post(&format!("/compose/{id}/send"), &format!("seen={}", seen.unwrap_or_default()));
    assert!(browser.get(&format!("/compose/{id}")).contains("plan.pdf"), "it is a draft as before");
    assert_eq!(house.messages_at_the_gateway(), 0);
    end(program);
    let sample = house.sample();
    type_in(&house.a, ["send", sample.to_str().unwrap(), "--attach", large.to_str().unwrap()]).ended(0);
    let fetched = limited(Some(BLOCKS)).arg("--config").arg(&house.b).args(["--lang", "ja", "fetch"]).output().unwrap();
    let said = String::from_utf8_lossy(&fetched.stderr);
    assert!(
        fetched.status.code() == Some(73) && said.contains("書き込めません") && !said.contains("os error"),
        "{fetched:?}"
    );
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "未");
    type_in(&house.b, ["fetch"]).ended(0);
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済");
}

/// Profile §15.3: whoever closed the browser gets in again while the program runs, and finds the same address after it ended.
#[test]
fn a_second_start_hands_out_another_link_and_the_address_stays() {
    let house = House::new();
    let (program, browser) = start(&house.a, None);
    let again = || limited(None).arg("--config").arg(&house.a).arg("ui").output().unwrap();
    let mut links = BTreeSet::new();
    for _ in 0..2 {
        let second = again();
        assert_eq!(second.status.code(), Some(0), "{second:?}");
        let told: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
        assert_eq!(told["running"], true);
        let link = told["link"].as_str().unwrap().to_owned();
        let other = Browser::enter(&link, &house.a);
        assert!(other.host == browser.host && other.cookie != browser.cookie && other.get("/sent").contains("200 OK"));
        links.insert(link);
    }
    assert!(links.len() == 2 && browser.get("/sent").contains("200 OK"), "the first browser stays logged in");
    end(program);
    let (program, next) = start(&house.a, None);
    let of = |host: &str| host.split_once(':').map(|(name, port)| (name.to_owned(), port.to_owned())).unwrap();
    let (before, after) = (of(&browser.host), of(&next.host));
    // Another program may have taken the port meanwhile; then the name is another, too (Profile §15.3).
    assert_eq!(before.0 == after.0, before.1 == after.1, "{before:?} {after:?}");
    end(program);
}

/// Profile §15.3: at a terminal with a display the browser opens, and what it is started with, which everybody on the computer may
/// read, is no link.
#[cfg(target_os = "linux")]
#[test]
fn the_browser_is_opened_by_a_page_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let place = tempfile::tempdir().unwrap();
    let (told, opener) = (place.path().join("told"), place.path().join("xdg-open"));
    std::fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n", told.display())).unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o700)).unwrap();
    // `script` gives the program a terminal, as somebody who sits there has one.
    let begin = |more: &str, typescript: &Path| {
        let line = format!("exec '{}' --config '{}' ui{more}", env!("CARGO_BIN_EXE_fumibako"), house.a.display());
        let path = format!("{}:{}", place.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("script");
        command.args(["-q", "-f", "-c", &line]).arg(typescript).env("PATH", path).env("DISPLAY", ":99");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let said = |typescript: &Path| std::fs::read_to_string(typescript).unwrap_or_default();
    let quiet = place.path().join("quiet");
    let first = begin(" --no-browser", &quiet);
    until("the link is printed", || said(&quiet).contains("/open?t="));
    let loud = place.path().join("loud");
    // The run that serves gives this one its link.
    let mut second = begin("", &loud);
    until("the second run says how it went", || said(&loud).contains("/open?t="));
    assert!(said(&loud).contains("ブラウザーで画面を開きました"), "{}", said(&loud));
    until("the browser is told of a page", || said(&told).ends_with('\n'));
    assert!(second.wait().unwrap().success() && said(&loud).contains("ブラウザーで画面を開きました"));
    let told = said(&told);
    assert!(told.lines().count() == 1 && !told.contains("t=") && !told.contains("http"), "{told}");
    let page = std::fs::read_to_string(told.trim()).unwrap();
    let link = after(&page, "<a href=\"").next().unwrap();
    assert!(said(&loud).contains(&link) && !said(&quiet).contains("開きました"));
    assert_eq!(std::fs::metadata(told.trim()).unwrap().permissions().mode() & 0o777, 0o600);
    let browser = Browser::enter(&link, &house.a);
    assert!(browser.get("/sent").contains("200 OK"));
    end(first);
}

/// RX-13, TX-04, Profile §15.9: the gateway says that something came, and nobody asks it every few seconds.
#[test]
fn what_comes_is_shown_without_asking() {
    let house = House::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = Options { look_seconds: 3_600, ..Options::default() };
    let [a, b] = [&house.a, &house.b].map(|settings| {
        let ui = runtime.block_on(Ui::start(Settings::load(settings).unwrap(), now, options.clone())).unwrap();
        let browser = Browser::enter(&ui.link(), settings);
        (ui, browser)
    });
    let shows =
        |count: usize| until("it is shown", || after(&b.1.get("/inbox"), "name=\"row\" value=\"").count() == count);
    // The first may be seen by the look with which listening begins.
    for (at, service) in [(1, "61"), (2, "62"), (3, "63")] {
        send_for(&house, service);
        shows(at);
    }
    type_in(&house.b, ["fetch"]).ended(0);
    // Once in the hint, and in every row.
    until("the sender sees it", || a.1.get("/sent").matches("取得済").count() > 3);
    // Profile §15.9: it says itself how long it keeps things.
    assert!(a.1.get("/sent").contains("90日以内に取得されないと"));
    proofs_are_saved(&house, [&a.1, &b.1]);
    what_does_not_open_is_told(&house, b);
    // Without the gateway: the lists of before, and from when they are.
    for port in ["imap_port", "https_port"] {
        set(&house.b, port, "1");
    }
    let (program, browser) = start(&house.b, None);
    let refused = browser.get("/inbox/1/proof");
    assert!(refused.contains("location: /inbox/1/receipt") && !refused.contains("attachment"), "{refused}");
    // Profile §8.19: what a list says makes no 受領証.
    let unseen = browser.get("/inbox/1/receipt");
    assert!(unseen.contains("確かめられません") && !unseen.contains("<h1>受領証"), "{unseen}");
    until("it says from when", || browser.get("/inbox").contains("に確かめたものです"));
    assert_eq!(after(&browser.get("/inbox"), "name=\"row\" value=\"").count(), 4);
    assert!(browser.get("/inbox").contains("届いてから90日間"), "what the gateway told is known without it, too");
    end(program);
    a.0.stop();
}

fn send_for(house: &House, service: &str) {
    let folder = house.renamed("9970000029_11", &format!("9970000029_{service}"));
    type_in(&house.a, ["send", folder.to_str().unwrap()]).ended(0);
    std::fs::remove_dir_all(folder).unwrap();
}

/// RX-12, Profile §8.22: the screens tell the sender what `fetch` would; once the reason is mended, the next run believes it.
fn what_does_not_open_is_told(house: &House, (ui, browser): (Ui, Browser)) {
    let trust = house.b.with_file_name("office-ca.pem");
    let right = std::fs::read(&trust).unwrap();
    std::fs::write(&trust, Authority::create("Other", now()).unwrap().certificate().to_pem()).unwrap();
    send_for(house, "64");
    until("its sender was told", || browser.get("/inbox").contains("送信元に自動で知らせてあります"));
    let listed = type_in(&house.a, ["list", "sent"]).ended(0).objects();
    let word = |row: &serde_json::Value| row["fault"] == "authentication-failed";
    assert_eq!(listed.iter().filter(|row| word(row)).count(), 1, "{listed:#?}");
    ui.stop();
    std::fs::write(&trust, right).unwrap();
    let (program, browser) = start(&house.b, None);
    until("it is believed", || {
        let page = browser.get("/inbox");
        !page.contains("E-CRT-001") && page.contains("_64_")
    });
    end(program);
}

/// TX-05, RD-08, Profile §8.19: both sides save the file that proves it, and it stands without the gateway.
fn proofs_are_saved(house: &House, [a, b]: [&Browser; 2]) {
    for (browser, page, settings) in [(a, "/sent/1", &house.a), (b, "/inbox/1/receipt", &house.b)] {
        let shown = browser.get(page);
        for words in [
            "<h1>受領証</h1>",
            "<dt>受付</dt>",
            "<dt>お届け</dt>",
            "<dt>取得</dt>",
            "署名した日時",
            "--evidence-authority ",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let link = after(&shown, "href=\"").find(|link| link.ends_with("/proof")).unwrap();
        let answer = browser.get(&link);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.to_lowercase().contains("content-disposition: attachment; filename=\"fumibako-proof-"), "{head}");
        let file = house.folder.path().join("proof.json");
        std::fs::write(&file, body).unwrap();
        let said = type_in(settings, ["verify", file.to_str().unwrap()]).ended(0);
        assert!(said.out.contains("\"form\":\"proof\"") && said.out.contains("\"holds\":true"), "{said:#?}");
    }
    assert!(a.get("/sent/4711/proof").contains("location: /\r\n"), "there is no such letter");
}

/// Profile §15.9, §15.10: an agent that begins without a network sees what its mandates showed it last.
pub(crate) fn an_agents_lists_are_there_without_a_network(agent: &Path, rows: usize) {
    let settings = std::fs::read(agent).unwrap();
    let shown = |browser: &Browser| after(&browser.get("/inbox"), "name=\"row\" value=\"").count();
    let (program, browser) = start(agent, None);
    // It is answered once what was found is kept.
    browser.post("/inbox/refresh", "");
    assert_eq!(shown(&browser), rows);
    end(program);
    for port in ["imap_port", "https_port"] {
        set(agent, port, "1");
    }
    let (program, browser) = start(agent, None);
    until("it says from when", || browser.get("/inbox").contains("に確かめたものです"));
    assert_eq!(shown(&browser), rows);
    end(program);
    std::fs::write(agent, settings).unwrap();
}

/// RX-13, Profile §15.9: in the folders of its offices, too, and nobody asks every few seconds.
pub(crate) fn an_agent_hears_of_news_at_once(agent: &Path, send: impl Fn()) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = Options { look_seconds: 3_600, ..Options::default() };
    let ui = runtime.block_on(Ui::start(Settings::load(agent).unwrap(), now, options)).unwrap();
    let browser = Browser::enter(&ui.link(), agent);
    let shown = || after(&browser.get("/inbox"), "name=\"row\" value=\"").count();
    until("what is there is shown", || shown() == 1);
    // The first may be seen by the look with which listening begins.
    for rows in [2, 3] {
        send();
        until("what came is shown", || shown() == rows);
    }
    ui.stop();
}

/// What データ取得 answers to these fields, and how B's list stands then.
fn fetched(browser: &Browser, folder: &Path, fields: &str) -> String {
    let folder: Vec<String> = folder.to_str().unwrap().bytes().map(|octet| format!("%{octet:02X}")).collect();
    browser.post("/inbox/fetch", &format!("back=/inbox&folder={}&{fields}", folder.concat()))
}

fn folders(below: &Path) -> Vec<std::path::PathBuf> {
    let inside = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    inside(below).flat_map(|month| inside(&month).collect::<Vec<_>>()).collect()
}

/// RX-05, Profile §15.5: a refused receipt is no 済; fetched again, it alone is sent anew, and nothing is saved twice.
#[test]
fn a_refused_receipt_is_shown_and_sent_anew_without_saving_twice() {
    let house = House::new();
    type_in(&house.a, ["send", house.sample().to_str().unwrap()]).ended(0);
    let (program, browser) = start(&house.b, None);
    let place = house.folder.path().join("saved");
    std::fs::create_dir(&place).unwrap();
    until("it arrived", || browser.get("/inbox").contains("id=\"row-1\""));
    let number = B.parse().unwrap();
    house.stage.ask(Request::OfficeSuspend { number, reason: "test".into() }).unwrap();
    for _ in 0..2 {
        fetched(&browser, &place, "row=1");
        let list = browser.get("/inbox");
        assert!(list.contains("受領証は送れていません") && list.contains("E-LIC-003"), "{list}");
        assert!(!browser.get("/inbox/1").contains("/inbox/1/receipt"));
    }
    assert_eq!(type_in(&house.a, ["list", "sent"]).only()["state"], "済（受け渡し）");
    house.stage.ask(Request::OfficeResume { number }).unwrap();
    // Nothing is written there now, and nobody is sent there to look for it.
    let other = house.folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    fetched(&browser, &other, "row=1");
    let list = browser.get("/inbox");
    assert!(list.contains("前に保存したデータ") && list.contains(place.to_str().unwrap()), "{list}");
    assert!(!list.contains(other.to_str().unwrap()) && folders(&other).is_empty(), "{list}");
    assert!(browser.get("/inbox/1").contains("/inbox/1/receipt"));
    assert_eq!((type_in(&house.a, ["list", "sent"]).only()["state"].clone(), folders(&place).len()), ("済".into(), 1));
    // RD-04: whoever sees it saved may have it once more; a second click of the first form does nothing.
    fetched(&browser, &place, "row=1");
    assert_eq!(folders(&place).len(), 1);
    fetched(&browser, &place, "row=1&again=1");
    assert_eq!(folders(&place).len(), 2);
    end(program);
}

/// RD-05, RD-06: what a full disk stopped is saved once, whoever repeats it; the rows that are saved are 済 and not asked about again.
#[test]
fn a_fetch_that_broke_off_saves_nothing_twice() {
    let house = House::new();
    let large = house.folder.path().join("計画.pdf");
    std::fs::write(&large, [b"%PDF-1.7\n".to_vec(), vec![7; 200_000]].concat()).unwrap();
    let sample = house.sample();
    type_in(&house.a, ["send", sample.to_str().unwrap()]).ended(0);
    type_in(&house.a, ["send", sample.to_str().unwrap(), "--attach", large.to_str().unwrap()]).ended(0);
    let place = house.folder.path().join("saved");
    std::fs::create_dir(&place).unwrap();
    let (program, browser) = start(&house.b, Some(96));
    until("both arrived", || browser.get("/inbox").contains("id=\"row-2\""));
    let answer = fetched(&browser, &place, "row=1&row=2");
    assert!(answer.contains("location: /inbox?save=2\r\n"), "only what is not saved: {answer}");
    let dialog = browser.get("/inbox?save=2");
    assert!(dialog.contains("ほかの1件は保存済みです") && dialog.contains("に書き込めません"), "{dialog}");
    assert!(browser.get("/inbox/1").contains("/inbox/1/receipt"), "it is 済");
    fetched(&browser, &place, "row=1&row=2");
    assert_eq!(folders(&place).len(), 1);
    end(program);
    let (program, browser) = start(&house.b, None);
    until("it is there", || browser.get("/inbox").contains("id=\"row-2\""));
    fetched(&browser, &place, "row=1&row=2");
    assert_eq!(folders(&place).len(), 2);
    end(program);
}
