//! `expire [--dry-run]`: lets the content go whose retention is over, or says what will go and when.

use fumibako_careplan::Lang;
use fumibako_model::{DayState, JAPAN};

use super::{Context, Failure, unexpected};
use crate::admin::{DayRow, Reply, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Expire {
    /// 消去せず、日ごとの予定を表示する / erase nothing, show what goes on which day
    #[arg(long)]
    dry_run: bool,
}

impl Expire {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let dry_run = self.dry_run;
        let Reply::Expiry { days, files, file_bytes } = context.ask(&Request::Expire { dry_run })? else {
            return Err(unexpected());
        };
        let lang = context.lang;
        context.rows(&days, |day| line(day, lang))?;
        if files > 0 {
            context.say(
                &format!(
                    "どのフォルダーにも残っていないメールのファイル {files} 個（{file_bytes} バイト）を片付けました。"
                ),
                &format!("{files} files ({file_bytes} bytes) of messages that no folder shows any more are removed."),
            )?;
        }
        let due = days.iter().filter(|day| day.due).count();
        match (dry_run, due) {
            (true, 0) => context.say("いま消去の時期になったものはありません。", "Nothing is due now."),
            (true, _) => context.say(
                &format!("{due} 日分が消去の時期です。次の世界時 0 時すぎに消去されます。すぐに消去するには --dry-run なしで実行してください。"),
                &format!("{due} days are due. They go shortly after the next midnight UTC; run without --dry-run to erase them now."),
            ),
            (false, 0) => context.say("消去するものはありませんでした。", "There was nothing to erase."),
            (false, _) => context.say(
                &format!("{due} 日分の内容を消去しました。証跡は残っています。"),
                &format!("The content of {due} days is erased; the evidence stays."),
            ),
        }
    }
}

fn line(day: &DayRow, lang: Lang) -> String {
    let moment = day.expires.map(|moment| JAPAN.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string());
    let moment = moment.unwrap_or_default();
    let when = match (day.state, day.due) {
        (DayState::Swept, _) => lang.pick("消去済み".to_owned(), "erased".to_owned()),
        (_, true) => lang.pick(format!("{moment}（日本時間）に期限切れ"), format!("due since {moment} (Japan)")),
        (_, false) => lang.pick(format!("{moment}（日本時間）まで保管"), format!("kept until {moment} (Japan)")),
    };
    let DayRow { day, messages, bytes, uncollected, held, .. } = day;
    lang.pick(
        format!("{day}\tメール {messages} 通（{bytes} バイト）\t未取得 {uncollected} 件\t保全 {held} 件\t{when}"),
        format!("{day}\t{messages} messages ({bytes} bytes)\t{uncollected} uncollected\t{held} held\t{when}"),
    )
}
