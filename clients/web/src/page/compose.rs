//! 新規作成 (NW), its 送信確認 (CF), and 一括送信の編集 (BE): the same letter, with other buttons.

use maud::{Markup, html};

use super::received::list;
use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{
    Drop, FileLine, Left, Mood, Party, Reach, Words, drop_zone, files, found, japanese, left_out, panel, party, reach,
    regional, title, trouble,
};

/// Which of the two screens it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// 新規作成: 戻る, 一時保存, 送信.
    New,
    /// 一括送信の編集: 戻る, 更新.
    Edit,
}

/// 送信確認: shown over the letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirm {
    /// What tells this letter from what it may become before OK is pressed.
    pub seen: String,
    /// Did it become another since it was confirmed?
    pub changed: bool,
    /// What the checker found: headline and lines (NW-17).
    pub warning: Option<(String, Vec<String>)>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Which screen it is.
    pub manner: Manner,
    /// Where it is posted: `/compose/…` or `/batch/…`.
    pub base: String,
    /// Filled from the names of the CSV files (NW-03).
    pub to: Option<Party>,
    /// For whom an agent sends (PX-04).
    pub from: Option<Party>,
    /// Can that office receive?
    pub reach: Reach,
    /// Files of the standard.
    pub csv: Vec<FileLine>,
    /// PDFs and the like.
    pub other: Vec<FileLine>,
    /// メッセージ.
    pub message: String,
    /// Files that were not added.
    pub left: Vec<Left>,
    /// Why the last step was not done.
    pub trouble: Option<Words>,
    /// When it was last kept.
    pub saved: Option<String>,
    /// A notice of a stop that is near (HM-06).
    pub stop: Option<String>,
    /// 送信確認, if it is open.
    pub confirm: Option<Confirm>,
}

/// The page.
pub fn letter(frame: &Frame, letter: &Letter) -> Markup {
    let new = letter.manner == Manner::New;
    let (heading, tab) = if new { ("compose", Tab::New) } else { ("batch-edit", Tab::Batch) };
    let at = |verb: &str| format!("{}/{verb}", letter.base);
    let upload = at("files");
    let hint = frame.say(if new { "drop-hint-new" } else { "drop-hint-edit" });
    let main = html! {
        (title(&frame.say(heading), &html! {
            @if new { (frame.say("compose-hint-1")) a href="/batch" { (frame.say("batch")) } (frame.say("compose-hint-2")) }
        }))
        @if let Some(stop) = &letter.stop { (panel(Mood::Warn, "stop", stop, &html! {})) }
        form #letter method="post" action=(at(if new { "confirm" } else { "update" })) enctype="multipart/form-data" data-swap
            data-autosave=(at("save")) {
            (frame.token())
            // Which page typed the message, and how much it had typed then: of what overtook it on the way the later counts (NW-12).
            input type="hidden" name="typed" value="";
            // Enter in a field does what the last button does, not what the first one does.
            button.vh tabindex="-1" aria-hidden="true" { (frame.say(if new { "send" } else { "update" })) }
            (drop_zone(frame, Drop { upload: &upload, hint: &hint, accept: "" }))
            (left_out(frame, &letter.left))
            @if let Some(words) = &letter.trouble { (trouble("trouble", words)) }
            (facts(frame, letter, &at("remove")))
            div.field {
                label for="message" { (frame.say("message")) }
                span.hint.small { (frame.say("message-hint")) }
                // Changed elsewhere, or kept by a page that was just left: shown here too, where nobody types.
                textarea #message name="message" maxlength="10000" rows="5" data-live="drafts all" { "\n" (letter.message) }
            }
            p.hint.small #saved role="status" data-saved=(frame.say("saved-draft")) data-unsaved=(frame.say("unsaved-draft")) { (letter.saved.as_deref().unwrap_or_default()) }
            div.row.end.sticky {
                @if new {
                    a.button href="/" { (frame.say("back")) }
                    button formaction=(at("keep")) { (frame.say("keep-draft")) }
                    button.primary formaction=(at("confirm")) { (Icon::Sent.draw()) (frame.say("send")) }
                } @else {
                    button formaction=(at("discard")) { (frame.say("back")) }
                    button.primary formaction=(at("update")) { (frame.say("update")) }
                }
            }
        }
        @if let Some(confirm) = &letter.confirm { (dialog(frame, letter, confirm)) }
    };
    page(frame, tab, &frame.say(heading), main)
}

fn facts(frame: &Frame, letter: &Letter, remove: &str) -> Markup {
    html! {
        dl #facts.facts {
            @if let Some(from) = &letter.from { div { dt { (frame.say("principal")) } dd { (party(frame, from)) } } }
            div {
                dt { (frame.say("to-number")) }
                // The name comes a moment after the number.
                dd #to data-live="all" {
                    @if let Some(to) = &letter.to {
                        span.big.number { (to.number) } " "
                        @if let Some(name) = &to.name { span lang=[japanese(frame)] { (name) } " " }
                        (reach(&letter.reach, frame.lang)) (regional(frame, to))
                    } @else { span.hint { (frame.say("to-by-csv")) } }
                }
            }
            div { dt { (frame.say("attached-csv")) } dd #csv { (own(frame, &letter.csv, remove)) } }
            div { dt { (frame.say("attached-other")) } dd #other { (own(frame, &letter.other, remove)) } }
        }
    }
}

fn own(frame: &Frame, lines: &[FileLine], remove: &str) -> Markup {
    html! { @if lines.is_empty() { span.hint { (frame.say("none")) } } @else { (files(frame, lines, Some(remove))) } }
}

/// What 送信確認 says of a letter (CF-01), the name large as the guard against a wrong address (CF-03).
pub fn confirm_rows(frame: &Frame, letter: &Letter) -> Markup {
    html! {
        dl.facts {
            @if let Some(to) = &letter.to {
                div {
                    dt { (frame.say("partner-number")) }
                    dd { span.big { @if let Some(name) = &to.name { span lang=[japanese(frame)] { (name) } " " } span.number { (to.number) } } (regional(frame, to)) }
                }
            }
            @if let Some(from) = &letter.from { div { dt { (frame.say("principal")) } dd { (party(frame, from)) } } }
            div { dt { (frame.say("attached-csv")) } dd { (list(frame, &letter.csv)) } }
            div { dt { (frame.say("attached-other")) } dd { (list(frame, &letter.other)) } }
            div { dt { (frame.say("message")) } dd.message { @if letter.message.is_empty() { (frame.say("none")) } @else { (letter.message) } } }
        }
    }
}

fn dialog(frame: &Frame, letter: &Letter, confirm: &Confirm) -> Markup {
    html! {
        dialog open data-modal aria-labelledby="confirm-title" {
            form method="post" action={ (letter.base) "/send" } data-swap {
                (frame.token())
                input type="hidden" name="seen" value=(confirm.seen);
                h2 #confirm-title { (frame.say("confirm")) }
                @if confirm.changed { (panel(Mood::Warn, "changed", &frame.say("confirm-changed"), &html! {})) }
                @if let Some((heading, lines)) = &confirm.warning {
                    (panel(Mood::Warn, "check", heading, &found(lines)))
                    input type="hidden" name="anyway" value="yes";
                }
                (confirm_rows(frame, letter))
                p { (frame.say("confirm-question")) }
                div.row.end {
                    a.button href=(letter.base) data-cancel { (frame.say("cancel")) }
                    button.primary autofocus { @if confirm.warning.is_some() { (frame.say("send-anyway")) } @else { "OK" } }
                }
            }
        }
    }
}
