//! `check`: are settings, certificates and authorities usable? Nothing is started.

use super::{Context, Failure};
use crate::gateway::StartError;

#[derive(Debug, clap::Args)]
pub(super) struct Check {}

impl Check {
    #[expect(clippy::unused_self, reason = "every command has the same shape")]
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let config = context.load()?;
        crate::tls::acceptor(&config.tls).map_err(StartError::from)?;
        let trusted = crate::trust::load(&config.trust_folder).map_err(StartError::from)?.anchors().len();
        context.say(
            &format!("設定は正しく、信頼する認証局は {trusted} 件です。"),
            &format!("The settings are usable; {trusted} authorities are trusted."),
        )
    }
}
