//! `expire [--dry-run]`: lets the content go whose retention is over, or says what will go and when.

use fumibako_careplan::Lang;
use fumibako_model::{DayState, Goes, JAPAN};
use fumibako_store::StoreError;
use jiff::Timestamp;

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
        if dry_run {
            foreseen(context, &days)?;
        } else {
            match days.len() {
                0 if failed.is_some() => {}
                0 => context.say("消去するものはありませんでした。", "There was nothing to erase.")?,
                gone => context.say(
                    &format!("{gone} 日分の内容を消去しました。証跡は残っています。"),
                    &format!("Erased: the content of {gone} day(s). The evidence stays."),
                )?,
            }
        }
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

/// What goes by itself, and what only when somebody asks for it, and why.
fn foreseen(context: &mut Context<'_>, days: &[DayRow]) -> Result<(), Failure> {
    let count = |goes: Goes| days.iter().filter(|day| day.goes == goes).count();
    let (by_itself, asked, clock) = (count(Goes::ByItself), count(Goes::WhenAsked), count(Goes::WhenTheClockIsSeenTo));
    if by_itself + asked + clock == 0 {
        context.say("いま消去の時期になったものはありません。", "Nothing is due now.")?;
    }
    if by_itself > 0 {
        context.say(
            &format!("{by_itself} 日分は、次の午前 9 時（日本時間）すぎに、自動で消去されます。すぐに消去するには --dry-run なしで実行してください。"),
            &format!("{by_itself} day(s) go by themselves shortly after 09:00 in Japan (midnight UTC); run without --dry-run to erase them now."),
        )?;
    }
    if asked > 0 {
        context.say(
            &format!("{asked} 日分は、設定の保管期間を過ぎましたが、届いたときにもっと長く保管すると知らせてあるので、自動では消去されません。いま消去するには --dry-run なしで実行してください。"),
            &format!("{asked} day(s) are past the retention of the settings, but offices were told of a longer one when they came: they do not go by themselves yet. Run without --dry-run to erase them now."),
        )?;
    }
    if clock > 0 {
        context.say(
            &format!("{clock} 日分は、日付が一度に 30 日より多く進んで時計の狂いが疑われるので、自動では消去されません。時計を確かめ、正しければ --dry-run なしで実行してください。"),
            &format!("{clock} day(s) wait, for the date has leapt by more than 30 days and the clock may be wrong: look at it, and if it is right run without --dry-run."),
        )?;
    }
    Ok(())
}

fn line(day: &DayRow, lang: Lang) -> String {
    let shown = |at: Option<Timestamp>| {
        at.map(|at| JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
    };
    let (moment, sooner) = (shown(day.expires), shown(day.sooner));
    let when = match (day.state, day.goes) {
        (DayState::Swept, _) => lang.pick("消去済み".to_owned(), "erased".to_owned()),
        (_, Goes::ByItself) => lang.pick(
            format!("{moment}（日本時間）に期限切れ。自動で消去"),
            format!("due since {moment} (Japan): goes by itself"),
        ),
        (_, Goes::WhenAsked) => lang.pick(
            format!("{moment}（日本時間）まで保管と案内済み。expire を実行したときだけ消去"),
            format!("said to be kept until {moment} (Japan): goes only by `expire`"),
        ),
        (_, Goes::WhenTheClockIsSeenTo) => lang.pick(
            format!("{moment}（日本時間）に期限切れ。時計を確かめるまで自動では消去しない"),
            format!("due since {moment} (Japan): waits until somebody has looked at the clock"),
        ),
        (_, Goes::Later) if day.sooner.is_some() => lang.pick(
            format!("{moment}（日本時間）まで保管（expire を実行すると {sooner} まで）"),
            format!("kept until {moment} (Japan), or, once `expire` is run, {sooner}"),
        ),
        (_, Goes::Later) => lang.pick(format!("{moment}（日本時間）まで保管"), format!("kept until {moment} (Japan)")),
    };
    let held = match day.held {
        0 => String::new(),
        _ if day.messages > 0 => lang.pick("（保全中のものは残る）", " (what is held stays)").to_owned(),
        _ => lang
            .pick("（すべて保全中。hold remove まで残る）", " (all of it is held, and stays until `hold remove`)")
            .to_owned(),
    };
    let DayRow { day, messages, bytes, uncollected, held: count, .. } = day;
    lang.pick(
        format!(
            "{day}\tメール {messages} 通（{bytes} バイト）\t未取得 {uncollected} 件\t保全 {count} 件\t{when}{held}"
        ),
        format!("{day}\t{messages} message(s) ({bytes} bytes)\t{uncollected} uncollected\t{count} held\t{when}{held}"),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(goes: Goes, (sooner, messages, held): (bool, u64, u64), expected: Expect) {
        let at = |text: &str| text.parse().ok();
        let day = DayRow {
            day: "2026-11-25".into(),
            state: DayState::Live,
            due: goes != Goes::Later,
            goes,
            expires: at("2027-02-24T00:00:00Z"),
            sooner: at("2026-12-26T00:00:00Z").filter(|_| sooner),
            messages,
            bytes: 2000,
            uncollected: 1,
            held,
        };
        expected.assert_eq(&format!("{}\n{}", line(&day, Lang::Ja), line(&day, Lang::En)));
    }

    // Profile §11.5
    #[test]
    fn each_day_says_whether_it_goes_by_itself() {
        check(
            Goes::Later,
            (false, 2, 0),
            expect![[r"
                2026-11-25	メール 2 通（2000 バイト）	未取得 1 件	保全 0 件	2027-02-24 09:00（日本時間）まで保管
                2026-11-25	2 message(s) (2000 bytes)	1 uncollected	0 held	kept until 2027-02-24 09:00 (Japan)"]],
        );
        check(
            Goes::Later,
            (true, 0, 1),
            expect![[r"
                2026-11-25	メール 0 通（2000 バイト）	未取得 1 件	保全 1 件	2027-02-24 09:00（日本時間）まで保管（expire を実行すると 2026-12-26 09:00 まで）（すべて保全中。hold remove まで残る）
                2026-11-25	0 message(s) (2000 bytes)	1 uncollected	1 held	kept until 2027-02-24 09:00 (Japan), or, once `expire` is run, 2026-12-26 09:00 (all of it is held, and stays until `hold remove`)"]],
        );
        check(
            Goes::ByItself,
            (false, 2, 1),
            expect![[r"
                2026-11-25	メール 2 通（2000 バイト）	未取得 1 件	保全 1 件	2027-02-24 09:00（日本時間）に期限切れ。自動で消去（保全中のものは残る）
                2026-11-25	2 message(s) (2000 bytes)	1 uncollected	1 held	due since 2027-02-24 09:00 (Japan): goes by itself (what is held stays)"]],
        );
        check(
            Goes::WhenAsked,
            (true, 2, 0),
            expect![[r"
                2026-11-25	メール 2 通（2000 バイト）	未取得 1 件	保全 0 件	2027-02-24 09:00（日本時間）まで保管と案内済み。expire を実行したときだけ消去
                2026-11-25	2 message(s) (2000 bytes)	1 uncollected	0 held	said to be kept until 2027-02-24 09:00 (Japan): goes only by `expire`"]],
        );
        check(
            Goes::WhenTheClockIsSeenTo,
            (false, 2, 0),
            expect![[r"
                2026-11-25	メール 2 通（2000 バイト）	未取得 1 件	保全 0 件	2027-02-24 09:00（日本時間）に期限切れ。時計を確かめるまで自動では消去しない
                2026-11-25	2 message(s) (2000 bytes)	1 uncollected	0 held	due since 2027-02-24 09:00 (Japan): waits until somebody has looked at the clock"]],
        );
    }
}
