//! `fumibako completions SHELL`: what the shell needs to complete our commands. Exit 0.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::Cli;
use super::screen::Screen;
use crate::exit::Exit;
use crate::trouble::Trouble;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// シェル / shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "fumibako", &mut script);
        screen.text(String::from_utf8_lossy(&script).trim_end())?;
        Ok(Exit::OK)
    }
}
