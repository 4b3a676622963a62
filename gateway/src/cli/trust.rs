//! `trust add-ca|list`: the authorities whose office certificates are trusted.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Trust {
    /// 認証局を加える / trust an authority
    AddCa {
        /// 証明書のファイル（PEM） / certificate file (PEM)
        file: PathBuf,
    },
    /// 一覧 / list
    List,
}

impl Trust {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::AddCa { file } => {
                let pem = std::fs::read_to_string(&file).map_err(|why| Failure::Read(file, why))?;
                Request::TrustAddCa { pem }
            }
            Self::List => Request::TrustList,
        };
        match context.ask(&request)? {
            Reply::Done => context.say("認証局を加えました。", "The authority is trusted now."),
            Reply::Authorities { authorities } => context.rows(&authorities, |authority| {
                format!("{}\t{}\t{}", authority.subject, authority.until, authority.fingerprint)
            }),
            _ => Err(unexpected()),
        }
    }
}
