//! Recordings: lives of `examples/work_until_cut.rs` on one folder, each call of theirs written down by shim.c.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use fumibako_signer::authority::Authority;

use crate::disk::Disk;
use crate::random::Random;
use crate::trace::{Event, events};

/// Where recordings are made: `disk` is what the recorded programs work on.
pub(crate) struct Studio {
    outer: tempfile::TempDir,
    pub(crate) authority: Authority,
}

/// What was on the disk, and what was asked of it since.
pub(crate) struct Recording {
    pub(crate) before: PathBuf,
    pub(crate) trace: Vec<u8>,
}

/// How a process whose time was up ends: the shim ends it.
const CUT_SHORT: i32 = 9;

impl Studio {
    pub(crate) fn new() -> Self {
        let outer = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(outer.path().join("sent")).unwrap();
        let authority = Authority::create("Power CA", "2026-04-01T00:00:00Z".parse().unwrap()).unwrap();
        fs::write(outer.path().join("authority.pem"), &*authority.to_pem()).unwrap();
        Self { outer, authority }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.outer.path().canonicalize().unwrap().join(name)
    }

    /// Everything that was sent, a file each.
    pub(crate) fn sent(&self) -> PathBuf {
        self.path("sent")
    }

    /// Three lives: two are killed between two calls, the last comes to its end. They begin with `base`, or nothing.
    /// Every life has two days for itself.
    pub(crate) fn record(
        &self,
        name: &str,
        number: usize,
        base: Option<&Path>,
        bundles: u64,
        random: &mut Random,
    ) -> Recording {
        let (disk, before, trace) = (self.path("disk"), self.path(&format!("{name}.before")), self.path(name));
        if disk.exists() {
            fs::remove_dir_all(&disk).unwrap();
        }
        match base {
            Some(base) => copy(base, &disk),
            None => fs::create_dir(&disk).unwrap(),
        }
        copy(&disk, &before);
        let end = bundles * RECORDS_PER_BUNDLE;
        for (life, end) in [1 + random.below(end / 2), end / 4 + random.below(end), 0].into_iter().enumerate() {
            let day = 2 * (3 * number + life);
            let status = Command::new(example("work_until_cut"))
                .arg(self.outer.path())
                .args([format!("{name}.{life}"), bundles.to_string(), day.to_string()])
                .env("LD_PRELOAD", shim())
                .env("FUMIBAKO_TRACE", &trace)
                .env("FUMIBAKO_TRACE_DISK", &disk)
                .env("FUMIBAKO_TRACE_END", end.to_string())
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success() || status.code() == Some(CUT_SHORT) && end > 0, "life {life}: {status}");
        }
        let recording = Recording { before, trace: fs::read(&trace).unwrap() };
        // Nothing was missed: the whole recording makes the disk as it is, octet for octet.
        let mut replayed = Disk::load(&recording.before, None);
        for event in events(&recording.trace) {
            replayed.take(event);
        }
        assert_eq!(replayed.differs(&disk), Vec::<String>::new());
        shows_everything(&events(&recording.trace));
        recording
    }
}

/// A recording that leaves out a kind of work would prove less than it says.
fn shows_everything(events: &[Event<'_>]) {
    let (mut logs, mut begun, mut most) = (BTreeSet::new(), 0, 0);
    for event in events {
        match event {
            Event::Life => (logs, begun) = (BTreeSet::new(), 0),
            Event::Open { fd, path, .. } if path.ends_with("-wal") => drop(logs.insert(*fd)),
            Event::Open { fd, .. } => drop(logs.remove(fd)),
            Event::Write { fd, at: 0, .. } if logs.contains(fd) => (begun, most) = (begun + 1, most.max(begun + 1)),
            _ => {}
        }
    }
    assert!(most > 1, "the log of the database is begun anew after a checkpoint");
    let large = |event: &&Event<'_>| matches!(event, Event::Write { octets, .. } if octets.len() > 128 << 10);
    assert!(events.iter().filter(large).count() > 3, "bundles are filed while they come in");
    for line in ["answered ", "drafted ", "seen Sent ", "flagged ", "expunged "] {
        assert!(events.iter().any(|event| matches!(event, Event::Said(said) if said.starts_with(line))), "{line}");
    }
}

/// About so many calls are one bundle's.
const RECORDS_PER_BUNDLE: u64 = 40;

/// Compiles shim.c, once.
fn shim() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let build = || {
        let folder = tempfile::tempdir().unwrap();
        let (source, built) = (folder.path().join("shim.c"), folder.path().join("shim.so"));
        fs::write(&source, include_str!("shim.c")).unwrap();
        let options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-U_FORTIFY_SOURCE", "-pthread", "-o"];
        let status = Command::new("cc").args(options).arg(&built).arg(&source).status();
        assert!(status.is_ok_and(|status| status.success()), "shim.c needs a C compiler: cc");
        (folder, built)
    };
    &BUILT.get_or_init(build).1
}

/// Cargo builds examples with all tests of a crate, into a folder beside theirs; not with `--test power` alone.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples").join(name)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
