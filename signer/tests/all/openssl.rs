//! The `openssl` program in a folder of its own. A machine without it fails the tests; nothing is skipped.

use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

/// A folder to run in.
pub(crate) struct Openssl {
    folder: TempDir,
}

/// What a run said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

impl Openssl {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    /// Octets as a PEM block.
    pub(crate) fn pem(label: &str, octets: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(octets))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a writable folder");
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("openssl wrote the file")
    }

    /// Runs one command line; words are split at spaces.
    pub(crate) fn try_run(&self, line: &str) -> Said {
        self.try_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn try_words(&self, words: &[&str]) -> Said {
        let out = Command::new("openssl")
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .expect("the openssl program is needed: apt-get install openssl");
        let text = [out.stdout, out.stderr].concat();
        Said { ok: out.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let said = self.try_run(line);
        assert!(said.ok, "openssl {line}: {}", said.text);
        said.text
    }
}
