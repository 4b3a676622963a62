//! Another program, run to its end or to the end of our patience.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::acts::Acts;
use crate::clock::{Deadline, MovedClock};

/// A program about to run.
#[derive(Debug)]
#[must_use]
pub struct Tool {
    command: Command,
    input: Vec<u8>,
    within: Duration,
}

/// What became of it.
#[derive(Debug)]
pub struct Ran {
    /// `None`: it did not end in time and was killed.
    status: Option<ExitStatus>,
    /// Its standard output.
    pub octets: Vec<u8>,
    said: Vec<u8>,
}

impl Tool {
    /// A program of the search path.
    pub fn named(name: &str) -> Self {
        Self::at(Path::new(name))
    }

    /// A program at a path. It has a minute.
    pub fn at(program: &Path) -> Self {
        Self { command: Command::new(program), input: Vec::new(), within: Duration::from_mins(1) }
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs in this folder.
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Finds this in its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Looks at this clock, if there is one.
    pub fn under(mut self, clock: Option<&MovedClock>) -> Self {
        self.command.envs(clock.into_iter().flat_map(MovedClock::environment));
        self
    }

    /// What it does to files is noted there.
    pub fn watched(mut self, acts: &Acts) -> Self {
        self.command.envs(acts.environment());
        self
    }

    /// Reads this from standard input.
    pub fn reads(mut self, input: &[u8]) -> Self {
        input.clone_into(&mut self.input);
        self
    }

    /// Has this long.
    pub fn within(mut self, wait: Duration) -> Self {
        self.within = wait;
        self
    }

    /// Runs it.
    #[track_caller]
    pub fn run(mut self) -> Ran {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap_or_else(|why| panic!("{:?} does not run: {why}", self.command));
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        let input = self.input;
        // A program may end before it has read everything; what it says then is what counts.
        let feeding = std::thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
        let octets = collect(child.stdout.take().expect("its output is a pipe"));
        let said = collect(child.stderr.take().expect("its messages are a pipe"));
        let status = Deadline::after(self.within).until(|| child.try_wait().expect("it is our child"));
        if status.is_none() {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
        }
        feeding.join().expect("feeding does not panic");
        let all = |reader: JoinHandle<Vec<u8>>| reader.join().expect("reading does not panic");
        Ran { status, octets: all(octets), said: all(said) }
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        pipe.read_to_end(&mut all).expect("a pipe is readable");
        all
    })
}

impl Ran {
    /// Did it end well?
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Its exit code, if it ended by itself.
    pub fn exit(&self) -> Option<i32> {
        self.status?.code()
    }

    /// Its standard output as text.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    /// Its standard error as text.
    pub fn messages(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }

    /// Fails with everything it said unless it ended well.
    #[track_caller]
    pub fn well(&self) -> &Self {
        let (status, output, messages) = (self.status, self.output(), self.messages());
        assert!(self.succeeded(), "it ended with {status:?} (none: not in time)\n{output}\n{messages}");
        self
    }
}
