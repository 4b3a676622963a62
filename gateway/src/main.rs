//! `fumibako-gateway`: the door to [`fumibako_gateway::cli`].

use std::process::ExitCode;

use clap::Parser;
use fumibako_gateway::cli::Cli;

fn main() -> ExitCode {
    ExitCode::from(Cli::parse().run(&mut std::io::stdout().lock(), &mut std::io::stderr()))
}
