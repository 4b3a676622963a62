//! `fumibako config`: where the settings are, and a commented sample. Exit 0.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::screen::Screen;
use crate::exit::Exit;
use crate::settings::SAMPLE;
use crate::trouble::Trouble;

/// Prints the sample on standard output, so that `fumibako config > FILE` makes a settings file.
#[derive(Debug, Args)]
pub(super) struct Config {}

impl Config {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(&self, place: &Path, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        let there = place.is_file();
        let found = if there {
            screen.pick("あります", "found")
        } else {
            screen.pick("まだありません。下の見本を保存してください", "not there yet; save the sample below")
        };
        let label = screen.pick("設定ファイル", "settings file");
        screen.say(&format!("{label}: {}（{found}）", place.display()));
        let object = json!({ "settings": place, "exists": there, "sample": SAMPLE });
        screen.data(&object, |_| SAMPLE.trim_end().to_owned())?;
        Ok(Exit::OK)
    }
}
