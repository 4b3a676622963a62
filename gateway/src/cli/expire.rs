//! `expire [--dry-run]`: lets the content go whose retention is over, or says what will go and when.

use fumibako_careplan::Lang;
use fumibako_model::{DayState, JAPAN};
use fumibako_store::StoreError;

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
        let Reply::Expiry { days, files, file_bytes, failed } = context.ask(&Request::Expire { dry_run })? else {
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
                &format!(
                    "{due} 日分が消去の時期です。次の午前 9 時（日本時間）すぎに、自動で消去されます。すぐに消去するには --dry-run なしで実行してください。\n\
                     日付が一度に 30 日より多く進んだときは時計の狂いかもしれず、保管期間を短くしたときは届いた時の期限より早いので、どちらも自動では消去されません。"
                ),
                &format!(
                    "Due: the mail of {due} day(s). It goes by itself shortly after 09:00 in Japan (midnight UTC); run without --dry-run to erase it now.\n\
                     Where the date has leapt by more than 30 days (the clock may be wrong), or a shorter retention makes it due, nothing goes by itself."
                ),
            ),
            (false, 0) if failed.is_some() => Ok(()),
            (false, 0) => context.say("消去するものはありませんでした。", "There was nothing to erase."),
            (false, _) => context.say(
                &format!("{due} 日分の内容を消去しました。証跡は残っています。"),
                &format!("Erased: the content of {due} day(s). The evidence stays."),
            ),
        }?;
        match (days.iter().map(|day| day.held).sum::<u64>(), dry_run) {
            (0, _) => {}
            (held, true) => context.say(
                &format!("保全中の {held} 通は、期限が来ても消去されません（上の通数には入っていません）。hold list で見られます。"),
                &format!("Held: {held}, which stay past their expiry and are not among the messages counted above; see `hold list`."),
            )?,
            (held, false) => context.say(
                &format!("保全中の {held} 通は残しました。hold list で見られます。"),
                &format!("Held, and still there: {held}; see `hold list`."),
            )?,
        }
        failed.map_or(Ok(()), |why| Err(StoreError::Failed(why).into()))
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
        format!("{day}\t{messages} message(s) ({bytes} bytes)\t{uncollected} uncollected\t{held} held\t{when}"),
    )
}
