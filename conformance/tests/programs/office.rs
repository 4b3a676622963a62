//! Our two programs as processes: the whole way of a plan, and how a refusal reaches the office.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fumibako_conformance::{MovedClock, Office, Programs, Ran, Tool, repository};
use fumibako_model::Refusal;
use serde_json::Value;

use crate::curl::{fetch, openssl_verifies};
use crate::world::World;

/// One office's computer: its settings, its files.
pub(crate) struct Desk {
    pub(crate) folder: PathBuf,
    clock: Option<Arc<MovedClock>>,
}

impl Desk {
    pub(crate) fn new(world: &World, office: &Office, password: &str) -> Self {
        Self::named(&format!("desk-{}", office.number), world, office, password)
    }

    /// One more of the same office.
    pub(crate) fn named(name: &str, world: &World, office: &Office, password: &str) -> Self {
        let folder = world.gateway.folder().join(name);
        fs::create_dir(&folder).expect("the folder is writable");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("the folder is writable");
        write("password", password);
        write("office.pem", &office.identity.to_pem());
        write("office-ca.pem", &world.gateway.office_authority().certificate().to_pem());
        let ports = world.gateway.ports();
        let settings = format!(
            "office = \"{}\"\ndomain = \"plans.example\"\ngateway = \"localhost\"\nsubmission_port = {}\n\
             imap_port = {}\nhttps_port = {}\ntls_ca_file = \"{}\"\nlogin = \"{}\"\npassword_file = \"password\"\n\
             identity_file = \"office.pem\"\ntrust_file = \"office-ca.pem\"\n\
             evidence_authority_file = \"../evidence/authority.pem\"\npartners_file = \"../partners.pem\"\n",
            office.number,
            ports.smtps,
            ports.imaps,
            ports.https,
            world.gateway.tls_authority().display(),
            office.login,
        );
        write("fumibako.toml", &settings);
        Self { folder, clock: world.gateway.clock() }
    }

    /// More settings.
    pub(crate) fn set(&self, line: &str) {
        let path = self.folder.join("fumibako.toml");
        let settings = fs::read_to_string(&path).expect("the settings are there");
        fs::write(&path, format!("{settings}{line}\n")).expect("the folder is writable");
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.tool(arguments).run()
    }

    /// The office's program about to run.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Tool {
        let command = Tool::at(&Programs::built().office).args(arguments);
        command.args(["--no-input", "--config"]).arg(self.folder.join("fumibako.toml")).under(self.clock.as_deref())
    }

    /// The rows of a list.
    pub(crate) fn list(&self, which: &str) -> Vec<Value> {
        let ran = self.run(&["list", which, "--format", "ndjson"]);
        ran.well().output().lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect()
    }
}

pub(crate) fn sample() -> PathBuf {
    repository().join("conformance/samples/valid/v41-plan-two-persons")
}

/// Puts an office's certificate on the roll, and hands out the file of all.
pub(crate) fn enrol(world: &World, office: &Office) {
    let key = world.gateway.folder().join(format!("{}.pem", office.number));
    world.gateway.admin(["cert", "add", &office.number, &key.to_string_lossy()]);
    let all = world.gateway.admin(["cert", "list", "--pem"]).octets;
    fs::write(world.gateway.folder().join("partners.pem"), all).expect("the folder is writable");
}

/// Every file below a folder: name and octets.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            all.insert(name, fs::read(&path).expect("the file is readable"));
        }
    }
    all
}

#[test]
fn a_plan_goes_the_whole_way_and_comes_back_as_a_receipt() {
    let world = World::new();
    enrol(&world, &world.recipient);
    let sender = Desk::new(&world, &world.sender, &world.sender.password);
    let recipient = Desk::new(&world, &world.recipient, &world.recipient.password);
    let plan = sample();
    sender.run(&["send", &plan.to_string_lossy()]).well();
    let state = |desk: &Desk| desk.list("sent").iter().map(|row| row["state"].clone()).collect::<Vec<_>>();
    assert_eq!(state(&sender), ["未"]);
    openssl_verifies(&world, &fetch(&world, 1)).expect("OpenSSL accepts what our program signed");
    recipient.run(&["fetch"]).well();
    // Profile §2.3: what is collected is what was sent, byte for byte.
    assert!(files(&recipient.folder.join("受信")) == files(&plan), "the files differ");
    // Profile §8.3: the receipt turned 未 into 済.
    assert_eq!(state(&sender), ["済"]);
}

#[test]
fn a_refusal_reaches_the_office_in_plain_words() {
    let world = World::new();
    let plan = sample();
    enrol(&world, &world.recipient);
    let check = |desk: &Desk, why: Refusal, exit: i32| {
        let ran = desk.run(&["send", &plan.to_string_lossy()]);
        let (row, said) = (why.row(), ran.output() + &ran.messages());
        assert_eq!(ran.exit(), Some(exit), "{said}");
        assert!(said.contains(row.ja) && said.contains(row.next_ja), "{} «{}»\n{said}", row.code, row.ja);
    };
    let guessing = Desk::new(&world, &Office { number: "9970000011".into(), ..world.sender.clone() }, "a guess");
    check(&guessing, Refusal::WrongPassword, 3);
    fs::remove_dir_all(&guessing.folder).expect("the folder is ours");
    let desk = Desk::new(&world, &world.sender, &world.sender.password);
    world.gateway.admin(["office", "suspend", &world.recipient.number, "--reason", "訓練"]);
    check(&desk, Refusal::RecipientSuspended, 3);
    assert_eq!(world.gateway.holdings().messages, 0);
}

#[test]
fn the_demo_ends_with_the_receipt() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let demo = Tool::at(&Programs::built().office).args(["demo", "--once", "--format", "ndjson", "--dir"]);
    let ran = demo.arg(folder.path().join("demo")).run();
    let steps = ran.well().output();
    let steps: Vec<Value> = steps.lines().map(|step| serde_json::from_str(step).expect("a step is JSON")).collect();
    for step in &steps {
        assert!(step["v"] == 1 && step["step"].is_string(), "{step}");
        assert!(step["checked"].as_array().is_some_and(|checked| !checked.is_empty()), "{step}");
    }
    let listed = steps.iter().rfind(|step| step["step"] == "list").expect("it lists what was sent");
    assert_eq!(listed["state"], "済");
}
