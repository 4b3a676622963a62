//! `status`: how the running gateway is.

use fumibako_model::JAPAN;

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// 監視用の数値（OpenMetrics） / the figures for monitoring, as OpenMetrics text
    #[arg(long)]
    metrics: bool,
}

impl Status {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        if self.metrics {
            let Reply::Metrics { text } = context.ask(&Request::Metrics)? else { return Err(unexpected()) };
            return Ok(write!(context.out, "{text}")?);
        }
        let Reply::Status(status) = context.ask(&Request::Status)? else { return Err(unexpected()) };
        let lang = context.lang;
        context.rows(&[*status], |s| {
            let rows = [
                (lang.pick("ドメイン", "domain"), s.domain.clone()),
                (lang.pick("版", "version"), s.version.clone()),
                (lang.pick("事業所", "offices"), s.offices.to_string()),
                (lang.pick("ログイン", "logins"), s.accounts.to_string()),
                (
                    lang.pick("保管中のメール", "messages kept"),
                    lang.pick(
                        format!("{} 通（{} バイト）", s.messages, s.bytes),
                        format!("{} ({} bytes)", s.messages, s.bytes),
                    ),
                ),
                (
                    lang.pick("証跡", "evidence"),
                    lang.pick(
                        format!("{} 件（署名済み {} 件）", s.evidence, s.evidence_logged),
                        format!("{} ({} signed for)", s.evidence, s.evidence_logged),
                    ),
                ),
                (
                    lang.pick("保存期間を過ぎて整理した証跡", "evidence that went after its years"),
                    s.evidence_pruned.to_string(),
                ),
                (
                    lang.pick("証跡に署名する鍵の期限", "the evidence key ends"),
                    JAPAN.to_datetime(s.evidence_key_until).date().to_string(),
                ),
                (lang.pick("予定の報告", "reports due"), s.reports_due.to_string()),
                (lang.pick("何も変えなかった受領証", "receipts that changed nothing"), s.receipts_refused.to_string()),
                (lang.pick("起動後の受け渡し", "handed over since start"), s.handed_over.to_string()),
                (lang.pick("起動後の報告", "reports since start"), s.reported.to_string()),
                (lang.pick("起動後の記録の署名", "heads signed since start"), s.heads_signed.to_string()),
                (lang.pick("起動後のタイムスタンプ", "heads stamped since start"), s.heads_stamped.to_string()),
                (lang.pick("容量が 8 割を超えた事業所", "offices nearly full"), s.nearly_full.to_string()),
                (lang.pick("起動後の受付", "accepted since start"), s.accepted.to_string()),
                (lang.pick("起動後の拒否", "refused since start"), s.refused.to_string()),
                (lang.pick("起動後の接続", "connections since start"), s.connections.to_string()),
            ];
            rows.map(|(name, value)| format!("{name}: {value}")).join("\n")
        })
    }
}
