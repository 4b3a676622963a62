//! `cert add|remove|list|issue`: the certificates of offices, and new ones from the development authority.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use fumibako_model::{Party, Refusal};
use fumibako_signer::Certificate;
use fumibako_signer::authority::KeyKind;

use super::{Context, Failure, unexpected};
use crate::admin::{CertificateRow, Reply, Request};
use crate::clock::Clock;
use crate::init::{InitError, development_authority, issue_to, write_private};

#[derive(Debug, Subcommand)]
pub(super) enum Cert {
    /// 登録簿に加える（送信側がこの証明書で暗号化する） / put on the roll: senders encrypt to it
    Add {
        /// 事業所番号または代行業者 ID / office number or agent id
        party: Party,
        /// 証明書のファイル（PEM。鍵が入っていても読まない） / certificate file (PEM; a key in it is not read)
        file: PathBuf,
    },
    /// 登録簿から外す（以後、暗号化の宛先にも署名の確認にも使わない。記録には残る） / take off the roll: no more sealing to it nor
    /// accepting from it; it stays in the history
    Remove {
        /// 事業所番号または代行業者 ID / office number or agent id
        party: Party,
        /// 指紋（SHA-256、cert list に出る） / fingerprint, as the list shows it
        fingerprint: String,
        /// 理由 / why
        #[arg(long)]
        reason: String,
        /// ほかに使える証明書が残らなくても外す / even if no other is left to encrypt to
        #[arg(long)]
        last: bool,
    },
    /// 一覧（--pem で、事業所のプログラムが使う証明書の束） / list (--pem: the bundle that office programs use)
    List {
        /// 事業所番号または代行業者 ID / office number or agent id
        party: Option<Party>,
        /// PEM で出力する / as PEM
        #[arg(long)]
        pem: bool,
    },
    /// 開発用に発行する（鍵と証明書を一つの PEM ファイルに） / issue: key and certificate in one PEM file
    Issue {
        /// 事業所番号または代行業者 ID / office number or agent id
        party: Party,
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
        match self {
            Self::Add { party, file } => add(context, party, file),
            Self::Remove { party, fingerprint, reason, last } => {
                context.ask(&Request::CertRemove { party, fingerprint, reason, last })?;
                context.say("証明書を登録簿から外しました。", "The certificate is off the roll.")
            }
            Self::List { party, pem } => list(context, party, pem),
            Self::Issue { party, out, key } => issue(context, party, out, key),
        }
    }
}

fn add(context: &mut Context<'_>, party: Party, file: PathBuf) -> Result<(), Failure> {
    let pem = std::fs::read(&file).map_err(|why| Failure::Read(file, why))?;
    // The gateway needs the certificates alone; a private key beside them stays here.
    let chain = Certificate::many_from_pem(&pem).map_err(|why| Refusal::ValueUnfit.about(why))?;
    let pem = chain.iter().map(Certificate::to_pem).collect();
    context.ask(&Request::CertAdd { party, pem })?;
    context.say("証明書を登録しました。", "The certificate is on the roll.")
}

fn list(context: &mut Context<'_>, party: Option<Party>, pem: bool) -> Result<(), Failure> {
    let Reply::Certificates { certificates } = context.ask(&Request::CertList { party })? else {
        return Err(unexpected());
    };
    if pem {
        // Nobody encrypts to one that was revoked or removed.
        let good = |row: &CertificateRow| row.revoked.is_none() && row.removed.is_none();
        let good: Vec<_> = certificates.into_iter().filter(good).collect();
        return context.rows(&good, |row| row.pem.trim_end().to_owned());
    }
    context.rows(&certificates, |row| {
        let revoked = row.revoked.map(|since| format!("\t失効 / revoked {since}")).unwrap_or_default();
        let removed = row.removed.map(|since| format!("\t登録から外した / removed {since}")).unwrap_or_default();
        let uses = row.uses.join("+");
        let CertificateRow { party, from, until, fingerprint, subject, .. } = row;
        format!("{party}\t{from}\t{until}\t{uses}\t{fingerprint}\t{subject}{revoked}{removed}")
    })
}

fn issue(context: &mut Context<'_>, party: Party, out: PathBuf, key: Key) -> Result<(), Failure> {
    let config = context.load()?;
    let folder = context.config.parent().unwrap_or(std::path::Path::new(".")).to_owned();
    let kind = match key {
        Key::P256 => KeyKind::EcP256,
        Key::Rsa2048 => KeyKind::Rsa2048,
    };
    let authority = development_authority(&folder)?;
    let identity = issue_to(&authority, &party, &config.domain, kind, Clock.now()).map_err(InitError::from)?;
    write_private(&out, identity.to_pem().as_bytes())?;
    let shown = out.display();
    context.say(
        &format!("{party} の開発用証明書を {shown} に書きました。"),
        &format!("Wrote a development certificate for {party} to {shown}."),
    )
}
