//! `fumibako doctor`: このパソコンの点検. Exit 0: all is well. Else the code of the first thing that is wrong.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use crate::doctor::{Standing, examine, exit};
use crate::exit::Exit;
use crate::licence::At;
use crate::settings::Settings;
use crate::trouble::Trouble;

#[derive(Debug, Args)]
pub(super) struct Doctor {}

impl Doctor {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        tell(settings, screen, clock)
    }
}

/// Looks, and tells of each thing.
pub(super) fn tell(settings: &Settings, screen: &mut Screen<'_>, clock: fn() -> Timestamp) -> Result<Exit, Trouble> {
    let (findings, lang) = (examine(settings, clock()), screen.lang());
    for finding in &findings {
        let words = finding.words(At::Terminal, lang);
        let state = match finding.standing() {
            Standing::Good => "good",
            Standing::Soon => "soon",
            Standing::Bad => "bad",
        };
        let object = json!({
            "kind": "finding", "id": finding.id(), "state": state, "seen": finding.seen(lang),
            "what": words.as_ref().map(|words| &words.what), "next": words.as_ref().map(|words| &words.next),
            "code": words.as_ref().and_then(|words| words.code),
        });
        screen.data(&object, |lang| {
            let mark = match finding.standing() {
                Standing::Good => lang.pick("良好", "good"),
                Standing::Soon => lang.pick("注意", "soon"),
                Standing::Bad => lang.pick("要確認", "bad"),
            };
            let told = words.as_ref().map_or_else(|| finding.seen(lang), |words| words.line(lang));
            format!("[{mark}] {}: {told}", finding.what(lang))
        })?;
    }
    Ok(exit(&findings))
}
