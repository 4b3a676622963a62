//! Before anything is sent, the whole checker reads it: what the other side's software would refuse is not sent unasked.

use fumibako_careplan::{Lang, Report};

use super::{line_of, object_of};
use crate::bundle::Draft;
use crate::cli::screen::{Screen, harmless};
use crate::dispatch::judged;
use crate::exit::Exit;

/// Keeps the bundles that may go, and tells what was found in any of them.
///
/// Profile §2.6: one with errors goes only if the user says so; a warning hinders nothing.
pub(super) fn checked(
    drafts: Vec<Draft>,
    anyway: bool,
    screen: &mut Screen<'_>,
) -> std::io::Result<(Vec<Draft>, Vec<Exit>)> {
    let (mut going, mut ends) = (Vec::new(), Vec::new());
    for draft in drafts {
        let (report, goes) = judged(draft.files(), anyway);
        if !report.findings.is_empty() {
            tell(&draft, &report, goes, screen)?;
        }
        if goes {
            going.push(draft);
        } else {
            ends.push(Exit::BAD_FILE);
        }
    }
    Ok((going, ends))
}

fn tell(draft: &Draft, report: &Report, goes: bool, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let (sentence, next) = words(report, goes, screen.lang());
    let mut object = object_of(draft, if goes { "checked" } else { "not-sent" });
    object["sentence"] = sentence.clone().into();
    object["next"] = next.into();
    object["errors"] = report.errors().into();
    object["warnings"] = report.warnings().into();
    object["findings"] = serde_json::to_value(&report.findings)?;
    screen.data(&object, |lang| {
        let head = if goes {
            lang.pick("確認しました", "checked")
        } else {
            lang.pick("送っていません", "not sent")
        };
        let first = format!("{head}: {}", line_of(draft, lang));
        let last = format!("{sentence}{}{next}", lang.pick("", " "));
        let found = report.found(lang).into_iter().map(|line| harmless(&line));
        std::iter::once(first).chain(found).chain([last]).collect::<Vec<_>>().join("\n  ")
    })
}

/// What it comes to, and what to do next.
fn words(report: &Report, goes: bool, lang: Lang) -> (String, &'static str) {
    let (errors, warnings) = (report.errors(), report.warnings());
    match (errors, goes, lang) {
        (0, _, Lang::Ja) => (
            format!("警告が {warnings} 件ありますが、送信の妨げにはなりません。"),
            "次に出力するときに直してください。",
        ),
        (0, _, Lang::En) => {
            (format!("There are {warnings} warnings, which hinder nothing."), "Mend them at the next export.")
        }
        (_, true, Lang::Ja) => (
            format!("エラーが {errors} 件ありますが、--send-anyway が指定されているので、このまま送ります。"),
            "相手の介護ソフトで取り込めないことがあります。相手に伝えてください。",
        ),
        (_, true, Lang::En) => (
            format!("There are {errors} errors; it is sent all the same, as --send-anyway says."),
            "The recipient's software may not import it: tell them.",
        ),
        (_, false, Lang::Ja) => (
            format!("エラーが {errors} 件あるので、送っていません。"),
            "介護ソフトで直してもう一度出力してください。このまま送るときは --send-anyway を付けて実行してください。",
        ),
        (_, false, Lang::En) => (
            format!("There are {errors} errors, so it was not sent."),
            "Mend it in the care software and export again. To send it as it is, say --send-anyway.",
        ),
    }
}
