//! `init [--dir D] [--domain D] [--dev-ca]`: the folder of a new gateway.

use std::path::PathBuf;

use fumibako_model::Domain;

use super::{Context, Failure};
use crate::clock::Clock;
use crate::config::Config;
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
        let options = InitOptions { dir, domain, dev_ca, ports: Ports::Development };
        let config = init(&options, Clock.now())?;
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
        let records = service_records(&config);
        context.say(
            &format!("メールソフトが自動で設定できるように、DNS に次の行を加えてください（本番のポートに改めて）。\n{records}"),
            &format!("For mail programs to set themselves up, add these lines to the DNS (with the ports of production).\n{records}"),
        )?;
        context.say(
            &format!("起動: fumibako-gateway serve --config {shown}/gateway.toml"),
            &format!("Start it: fumibako-gateway serve --config {shown}/gateway.toml"),
        )
    }
}

/// What stands in the DNS so that a mail program finds the doors (RFC 6186 §3, RFC 8314 §5.1). What is not offered, or better not
/// used, has the target `.`.
fn service_records(config: &Config) -> String {
    let (listen, domain) = (&config.listen, &config.domain);
    let rows = [
        ("_submissions", 0, listen.submission_tls.port(), true),
        ("_submission", 10, listen.submission_starttls.port(), true),
        ("_imaps", 0, listen.imap_tls.port(), true),
        ("_imap", 10, listen.imap_starttls.port(), true),
        ("_pop3s", 20, listen.pop3_tls.port(), true),
        ("_pop3", 30, listen.pop3_starttls.map_or(0, |address| address.port()), listen.pop3_starttls.is_some()),
        ("_autodiscover", 0, listen.https.port(), true),
    ];
    let line = |(service, priority, port, offered): (&str, u16, u16, bool)| {
        if offered {
            format!("{service}._tcp.{domain}. SRV {priority} 1 {port} {domain}.\n")
        } else {
            format!("{service}._tcp.{domain}. SRV 0 0 0 .\n")
        }
    };
    rows.into_iter().map(line).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §13.13
    #[test]
    fn the_records_name_every_door_and_say_which_is_shut() {
        let records = service_records(&Config::default());
        assert_eq!(records.lines().count(), 7);
        assert!(records.starts_with("_submissions._tcp.plans.example. SRV 0 1 10465 plans.example.\n"), "{records}");
        assert!(records.contains("\n_pop3s._tcp.plans.example. SRV 20 1 10995 plans.example.\n"), "{records}");
        assert!(records.contains("\n_pop3._tcp.plans.example. SRV 0 0 0 .\n"), "{records}");
    }
}
