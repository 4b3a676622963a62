//! `fumibako ui`: the screens of the office or agent in this computer's browser, until Ctrl-C. Where there are no settings yet,
//! their page comes first. Where it runs already, the next run only hands out a link.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::{Door, Found, Options, Ui as Screens, first_folder};

#[derive(Debug, Args)]
pub(super) struct Ui {
    /// ポート（0: 前回と同じか、空いているもの） / port; 0: that of the last time, or any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

impl Ui {
    pub(super) fn run(
        &self,
        settings: Result<Settings, Trouble>,
        place: PathBuf,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            // EN-02: nothing is set up yet.
            let settings = match settings {
                Err(Trouble::NoSettings(_)) => None,
                settings => Some(settings?),
            };
            let folder =
                settings.as_ref().map_or_else(|| first_folder(&place), |settings| settings.data_folder.clone());
            let door = match Door::find(&folder).await? {
                Found::Running(link) => {
                    told(screen, &link, true)?;
                    return Ok(Exit::OK);
                }
                Found::Nobody(door) => door,
            };
            let options = Options { port: self.port, ..Options::default() };
            let screens = match settings {
                None => Screens::start_first(place, clock, options).await?,
                Some(settings) => Screens::start(settings, clock, options).await?,
            };
            screens.answer_at(door);
            told(screen, &screens.link(), false)?;
            tokio::signal::ctrl_c().await?;
            screens.stop();
            Ok(Exit::OK)
        })
    }
}

/// Where the screens are. `running`: another run serves them.
fn told(screen: &mut Screen<'_>, link: &str, running: bool) -> Result<(), Trouble> {
    screen.data(&json!({ "kind": "ui", "link": link, "running": running }), |lang| {
        let words = if running {
            lang.pick(
                "文箱はすでに動いています。ブラウザーでこのリンクを開いてください（1回だけ使えます）。",
                "Fumibako runs already. Open this link in the browser (it works once).",
            )
        } else {
            lang.pick(
                "ブラウザーでこのリンクを開いてください（1回だけ使えます）。終わるには Ctrl-C を押してください。",
                "Open this link in the browser (it works once). Press Ctrl-C to end.",
            )
        };
        format!("{words}\n{link}")
    })?;
    Ok(())
}
