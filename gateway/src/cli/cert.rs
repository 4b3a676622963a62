//! `cert issue`: an office certificate from the development authority. For development only.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use fumibako_model::OfficeNumber;
use fumibako_signer::authority::KeyKind;

use super::{Context, Failure};
use crate::clock::Clock;
use crate::init::{InitError, development_authority, issue_office, write_private};

#[derive(Debug, Subcommand)]
pub(super) enum Cert {
    /// 発行する（鍵と証明書を一つの PEM ファイルに） / issue: key and certificate in one PEM file
    Issue {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 書き出すファイル（上書きしない） / the file to write (never overwritten)
        #[arg(long)]
        out: PathBuf,
        /// 鍵の種類 / kind of key
        #[arg(long, value_enum, default_value_t = Key::P256)]
        key: Key,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Key {
    P256,
    Rsa2048,
}

impl Cert {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self::Issue { number, out, key } = self;
        let config = context.load()?;
        let folder = context.config.parent().unwrap_or(std::path::Path::new(".")).to_owned();
        let kind = match key {
            Key::P256 => KeyKind::EcP256,
            Key::Rsa2048 => KeyKind::Rsa2048,
        };
        let authority = development_authority(&folder)?;
        let identity = issue_office(&authority, number, &config.domain, kind, Clock.now()).map_err(InitError::from)?;
        write_private(&out, identity.to_pem().as_bytes())?;
        let shown = out.display();
        context.say(
            &format!("{number} の開発用証明書を {shown} に書きました。"),
            &format!("Wrote a development certificate for {number} to {shown}."),
        )
    }
}
