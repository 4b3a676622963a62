//! `status`: how the running gateway is.

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Status {}

impl Status {
    #[expect(clippy::unused_self, reason = "every command has the same shape")]
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Reply::Status(status) = context.ask(&Request::Status)? else { return Err(unexpected()) };
        let lang = context.lang;
        context.rows(&[*status], |s| {
            let rows = [
                (lang.pick("ドメイン", "domain"), s.domain.clone()),
                (lang.pick("版", "version"), s.version.clone()),
                (lang.pick("事業所", "offices"), s.offices.to_string()),
                (lang.pick("ログイン", "logins"), s.accounts.to_string()),
                (lang.pick("保管中のメール", "messages kept"), format!("{} ({} bytes)", s.messages, s.bytes)),
                (lang.pick("証跡", "evidence"), s.evidence.to_string()),
                (lang.pick("容量が 8 割を超えた事業所", "offices nearly full"), s.nearly_full.to_string()),
                (lang.pick("起動後の受付", "accepted since start"), s.accepted.to_string()),
                (lang.pick("起動後の拒否", "refused since start"), s.refused.to_string()),
                (lang.pick("起動後の接続", "connections since start"), s.connections.to_string()),
            ];
            rows.map(|(name, value)| format!("{name}: {value}")).join("\n")
        })
    }
}
