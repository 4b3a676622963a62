//! `trust add-ca|add-crl|list`: the authorities whose office certificates are trusted.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Trust {
    /// 認証局を加える（登録済みの認証局が発行したものは下位の認証局として） / trust an authority; one below another there is kept as lower
    AddCa {
        /// 証明書のファイル（PEM） / certificate file (PEM)
        file: PathBuf,
    },
    /// 失効リスト（CRL）またはOCSP応答を取り込む（同じ種類の前のものと入れ替える。古いものは断る） / take in a revocation list or an OCSP response, in place of the last of its kind
    AddCrl {
        /// 失効リストまたはOCSP応答のファイル（DER） / file of the list or response (DER)
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
            Self::AddCrl { file } => {
                let der = std::fs::read(&file).map_err(|why| Failure::Read(file, why))?;
                Request::TrustAddCrl { der: STANDARD.encode(der) }
            }
            Self::List => Request::TrustList,
        };
        match context.ask(&request)? {
            Reply::Done => context.say("信頼の設定を更新しました。", "Trust is updated."),
            Reply::Authorities { authorities } => context.rows(&authorities, |authority| {
                format!("{}\t{}\t{}", authority.subject, authority.until, authority.fingerprint)
            }),
            _ => Err(unexpected()),
        }
    }
}
