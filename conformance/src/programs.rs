//! Where the built programs are, and which of other people's programs the suites need.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::tool::Tool;

/// Our two programs, built from this tree.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `fumibako-gateway`.
    pub gateway: PathBuf,
    /// `fumibako`.
    pub office: PathBuf,
}

/// Longest build waited for; it includes waiting for another build in the same folder.
const BUILD: Duration = Duration::from_mins(20);

/// Other people's programs, and the Debian package of each; `.ci/packages` reads the same list.
const PACKAGES: &str = include_str!("../programs/packages");

impl Programs {
    /// Builds both programs once, with the cargo and the profile that built this test.
    pub fn built() -> &'static Self {
        static BUILT: OnceLock<Programs> = OnceLock::new();
        BUILT.get_or_init(|| match std::env::var("NEXTEST_RUN_ID") {
            // There each test is a process of its own, and cargo would look at every source file for each of them.
            Ok(run) => Self::noted(&run).unwrap_or_else(|| Self::build().note(&run)),
            Err(_) => Self::build(),
        })
    }

    fn build() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let ran = Tool::at(Path::new(&cargo))
            .args(["build", "--locked", "-p", "fumibako-gateway", "-p", "fumibako"])
            .args(["--message-format", "json-render-diagnostics", "--profile", &profile()])
            .inside(&repository())
            .within(BUILD)
            .run();
        assert!(ran.succeeded(), "the programs do not build:\n{}", ran.messages());
        let executables = ran.output();
        Self { gateway: executable(&executables, "fumibako-gateway"), office: executable(&executables, "fumibako") }
    }

    /// What an earlier test of the same run built.
    fn noted(run: &str) -> Option<Self> {
        let note: Value = serde_json::from_slice(&fs::read(note()).ok()?).ok()?;
        let path = |name: &str| note[name].as_str().map(PathBuf::from);
        if note["run"] == run { Some(Self { gateway: path("gateway")?, office: path("office")? }) } else { None }
    }

    /// Tells the later tests of this run. Half a note is none: it comes to its name whole.
    fn note(self, run: &str) -> Self {
        let text = json!({ "run": run, "gateway": self.gateway, "office": self.office }).to_string();
        let folder = note().parent().map(Path::to_owned).expect("the note lies in a folder");
        let mut file = NamedTempFile::new_in(folder).expect("the build's folder is writable");
        file.write_all(text.as_bytes()).expect("the build's folder is writable");
        file.persist(note()).expect("the build's folder is writable");
        self
    }

    /// Fails, with the Debian packages to install, unless all these programs of the list are there.
    #[track_caller]
    pub fn need(names: &[&str]) {
        let rows = || PACKAGES.lines().filter_map(|row| row.split_once(' '));
        let package = |name: &str| rows().find(|(program, _)| *program == name).map(|(_, package)| package);
        let missing: Vec<&str> = names
            .iter()
            .map(|name| (name, package(name).unwrap_or_else(|| panic!("{name} is missing in programs/packages"))))
            .filter(|(name, _)| !is_installed(name))
            .map(|(_, package)| package)
            .collect();
        assert!(missing.is_empty(), "install Debian's packages: apt-get install {}", missing.join(" "));
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("conformance stands in the repository").to_owned()
}

/// The profile of this test.
fn profile() -> String {
    match built_in().file_name().expect("it is a profile's folder").to_string_lossy().as_ref() {
        "debug" => "dev".into(),
        other => other.into(),
    }
}

/// Where this test's executable lies in `deps`: `target/<profile's folder>`.
fn built_in() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has an executable");
    this.ancestors().nth(2).expect("it lies in target/<profile>/deps").to_owned()
}

/// Where a run of nextest notes what it built.
fn note() -> PathBuf {
    built_in().join("programs.json")
}

/// The executable in cargo's messages, one JSON object a line.
fn executable(messages: &str, name: &str) -> PathBuf {
    let objects = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut artifacts = objects.filter(|object| object["target"]["name"] == name);
    let path = artifacts.find_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    path.unwrap_or_else(|| panic!("cargo built no {name}:\n{messages}"))
}

fn is_installed(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(name).is_file())
}
