//! `init [--dir D] [--domain D] [--dev-ca]`: the folder of a new gateway.

use std::path::PathBuf;

use fumibako_model::Domain;

use super::{Context, Failure};
use crate::clock::Clock;
use crate::init::{InitOptions, Ports, init};

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// フォルダー / the folder
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// メールのドメイン / the mail domain
    #[arg(long, default_value = "plans.example")]
    domain: Domain,
    /// 開発用の認証局も作る（本番では使わない） / also make development authorities (never in production)
    #[arg(long)]
    dev_ca: bool,
}

impl Init {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self { dir, domain, dev_ca } = self;
        let shown = dir.display().to_string();
        init(&InitOptions { dir, domain, dev_ca, ports: Ports::Development }, Clock.now())?;
        context.say(
            &format!("{shown} にゲートウェイのフォルダーを作りました。"),
            &format!("Made the folder of a gateway: {shown}."),
        )?;
        if !dev_ca {
            context.say(
                "次に、tls/certificate.pem と tls/key.pem に TLS の証明書と鍵を、trust/ に事業所証明書の認証局 (*.pem) を置いてください。",
                "Next, put the TLS certificate and key into tls/certificate.pem and tls/key.pem, and the authorities of office certificates (*.pem) into trust/.",
            )?;
        }
        context.say(
            &format!("起動: fumibako-gateway serve --config {shown}/gateway.toml"),
            &format!("Start it: fumibako-gateway serve --config {shown}/gateway.toml"),
        )
    }
}
