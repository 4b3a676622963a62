//! `terms publish|list|show`: what offices agree to when they apply for a licence (Profile §10.3).

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Failure, unexpected};
use crate::admin::{LicenceAsk, Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Terms {
    /// 公開する（この版が以後の規約になる） / publish: this version is in force from now on
    Publish {
        /// 版（2026-04 など） / name of the version
        #[arg(value_name = "VERSION")]
        named: String,
        /// 本文のファイル（UTF-8、64 KiB まで） / file with the text: UTF-8, up to 64 KiB
        file: PathBuf,
    },
    /// 一覧 / list
    List,
    /// 本文を見る / show one
    Show {
        /// 版 / name of the version
        #[arg(value_name = "VERSION")]
        named: String,
    },
}

impl Terms {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let (ask, publishes, shows) = match self {
            Self::Publish { named: version, file } => {
                let text = std::fs::read_to_string(&file).map_err(|why| Failure::Read(file, why))?;
                (LicenceAsk::TermsPublish { version, text }, true, false)
            }
            Self::List => (LicenceAsk::TermsList, false, false),
            Self::Show { named: version } => (LicenceAsk::TermsShow { version }, false, true),
        };
        match context.ask(&Request::Licence(ask))? {
            Reply::Done if publishes => context.say(
                "利用規約を公開しました。これからの申請と更新は、この版への同意が必要です。",
                "The terms are published: who applies or renews agrees to them from now on.",
            ),
            Reply::Terms { terms } if shows => {
                context.rows(&terms, |row| row.text.as_deref().unwrap_or_default().trim_end().to_owned())
            }
            Reply::Terms { terms } => context.rows(&terms, |row| {
                let current = if row.current { "current" } else { "" };
                format!("{}\t{}\t{}\t{current}", row.version, row.at, row.digest)
            }),
            _ => Err(unexpected()),
        }
    }
}
