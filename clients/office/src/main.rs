//! The door: arguments in, exit code out. The clock is read here and nowhere else.

use std::io::{IsTerminal as _, stderr, stdout};
use std::process::ExitCode;

use fumibako::cli::{World, run, verbosity};
use jiff::Timestamp;
use tracing_subscriber::EnvFilter;

#[expect(clippy::disallowed_methods, reason = "this is where the office's program reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let level = ["warn,fumibako=off", "fumibako=info", "fumibako=debug,info"][usize::from(verbosity(&args).min(2))];
    let filter = EnvFilter::try_from_env("FUMIBAKO_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(false).init();
    let (mut out, mut err) = (stdout().lock(), stderr());
    let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
    let world = World { out: &mut out, err: &mut err, out_is_terminal, err_is_terminal, clock: now };
    ExitCode::from(run(&args, world).0)
}
