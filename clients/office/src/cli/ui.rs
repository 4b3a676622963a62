//! `fumibako ui`: the screens of the office or agent in this computer's browser, until Ctrl-C. Where there are no settings yet,
//! their page comes first. Where it runs already, the next run only hands out a link. Who sits at a terminal with a display finds the
//! browser open.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::{Door, Found, Options, Ui as Screens, first_folder, open};

#[derive(Debug, Args)]
pub(super) struct Ui {
    /// ポート（0: 前回と同じか、空いているもの） / port; 0: that of the last time, or any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// ブラウザーを開かず、リンクを表示するだけにします / open no browser: print the link alone
    #[arg(long)]
    no_browser: bool,
}

/// How the link came to whoever started the program.
#[derive(Clone, Copy)]
struct Handed {
    /// Another run serves the screens.
    running: bool,
    /// The browser was opened.
    opened: bool,
}

impl Ui {
    /// `terminal`: somebody sits there, and no program reads the link.
    pub(super) fn run(
        &self,
        settings: Result<Settings, Trouble>,
        (place, terminal): (PathBuf, bool),
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
            let opened = |link: &str| if self.no_browser || !terminal { Ok(false) } else { open(&folder, link) };
            let door = match Door::find(&folder).await? {
                Found::Running(link) => {
                    told(screen, &link, Handed { running: true, opened: opened(&link)? })?;
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
            let link = screens.link();
            told(screen, &link, Handed { running: false, opened: opened(&link)? })?;
            tokio::signal::ctrl_c().await?;
            screens.stop();
            Ok(Exit::OK)
        })
    }
}

/// Where the screens are.
fn told(screen: &mut Screen<'_>, link: &str, how: Handed) -> Result<(), Trouble> {
    screen.data(&json!({ "kind": "ui", "link": link, "running": how.running, "opened": how.opened }), |lang| {
        let runs = lang.pick("文箱はすでに動いています。", "Fumibako runs already. ");
        let open = if how.opened {
            lang.pick(
                "ブラウザーで画面を開きました。開かないときは、このリンクを開いてください（1回だけ使えます）。",
                "The screens open in the browser. If they do not, open this link (it works once).",
            )
        } else {
            lang.pick(
                "ブラウザーでこのリンクを開いてください（1回だけ使えます）。",
                "Open this link in the browser (it works once).",
            )
        };
        let end = lang.pick("終わるには Ctrl-C を押してください。", " Press Ctrl-C to end.");
        format!("{}{open}{}\n{link}", if how.running { runs } else { "" }, if how.running { "" } else { end })
    })?;
    Ok(())
}
