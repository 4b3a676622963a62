//! `fumibako ui`: the screens of the office or agent in this computer's browser, until Ctrl-C. Where there are no settings yet,
//! their page comes first.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::{Options, Ui as Screens};

#[derive(Debug, Args)]
pub(super) struct Ui {
    /// ポート（0: 空いているもの） / port; 0: any that is free
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
            let options = Options { port: self.port, ..Options::default() };
            let screens = match settings {
                // EN-02: nothing is set up yet.
                Err(Trouble::NoSettings(_)) => Screens::start_first(place, clock, options).await?,
                settings => Screens::start(settings?, clock, options).await?,
            };
            let link = screens.link();
            screen.data(&json!({ "kind": "ui", "link": link }), |lang| {
                let words = lang.pick(
                    "ブラウザーでこのリンクを開いてください（1回だけ使えます）。終わるには Ctrl-C を押してください。",
                    "Open this link in the browser (it works once). Press Ctrl-C to end.",
                );
                format!("{words}\n{link}")
            })?;
            tokio::signal::ctrl_c().await?;
            screens.stop();
            Ok(Exit::OK)
        })
    }
}
