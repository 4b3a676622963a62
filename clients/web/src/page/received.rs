//! 受信詳細 (RD): one message. Nothing is printed or changed here.

use maud::{Markup, html};

use super::inbox::{SaveDialog, Taken, reason, save_dialog, taken};
use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{FileKind, FileLine, Party, by_agent, chip, days_left, files, on_behalf, party, title};

/// Who signed (RD-08).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Whose certificate it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// When it was signed.
    pub at: String,
    /// Was it sealed, or could the gateway read it?
    pub sealed: bool,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Received {
    /// What names it in addresses.
    pub id: String,
    /// 受信日時.
    pub at: String,
    /// Whose it is, where an agent looks (PX-04).
    pub of: Option<Party>,
    /// Who sent it.
    pub from: Party,
    /// The agent that acted for them.
    pub by: Option<String>,
    /// 未 or 済.
    pub taken: Taken,
    /// メッセージ.
    pub message: String,
    /// Its files.
    pub files: Vec<FileLine>,
    /// Days until the server deletes it.
    pub days: Option<i64>,
    /// Who signed it, if that holds.
    pub signer: Option<Signer>,
    /// Where it was saved.
    pub folder: Option<String>,
    /// Can its files be had, at the gateway?
    pub there: bool,
    /// When it was acknowledged, or that it went, for the way to the 受領証 or the record of that.
    pub receipt: Option<String>,
    /// The dialog, if it is open.
    pub dialog: Option<SaveDialog>,
}

/// The page.
pub fn received(frame: &Frame, one: &Received) -> Markup {
    let (other, csv): (Vec<FileLine>, Vec<FileLine>) =
        one.files.iter().cloned().partition(|file| file.kind == FileKind::Other);
    let trusted = !matches!(one.taken, Taken::Distrusted(_) | Taken::Elsewhere);
    let main = html! {
        (title(&frame.say("received-detail"), &html! {}))
        dl #facts.facts data-live="inbox all" {
            div { dt { (frame.say("received-at")) } dd { time { (one.at) } } }
            div {
                dt { (frame.say("from-office-id")) }
                dd {
                    (party(frame, &one.from))
                    @if let Some(by) = &one.by { (by_agent(frame, by)) }
                    " " @if one.signer.is_some() { (chip("good", Some(Icon::Check), &frame.say("signature-holds"))) }
                }
            }
            @if let Some(of) = &one.of { div { dt { (frame.say("principal-short")) } dd { (on_behalf(frame, of)) } } }
            div { dt { (frame.say("taken-state")) } dd { (taken(frame, &one.taken)) @if let Some(why) = reason(frame, &one.taken) { (why) } } }
            div { dt { (frame.say("message")) } dd.message { (one.message) } }
            div { dt { (frame.say("attached-csv")) } dd { (list(frame, &csv)) } }
            div { dt { (frame.say("attached-other")) } dd { (list(frame, &other)) } }
            @if let Some(days) = one.days { div { dt { (frame.say("kept-until")) } dd { (days_left(days, frame.lang)) } } }
            @if let Some(folder) = &one.folder { div { dt { (frame.say("save-folder")) } dd { (folder) } } }
            @if let Some(signer) = &one.signer { (signed(frame, signer)) }
            @if let Some(at) = &one.receipt {
                @let name = frame.say(if one.taken == Taken::Gone { "proof-expired" } else { "receipt" });
                div { dt { (name) } dd { time { (at) } " " a href={ "/inbox/" (one.id) "/receipt" } { (name) } } }
            }
        }
        form method="post" action="/inbox/save" data-swap {
            (frame.token())
            input type="hidden" name="row" value=(one.id);
            input type="hidden" name="back" value={ "/inbox/" (one.id) };
            div.row.end.sticky {
                a.button href="/inbox" { (frame.say("back")) }
                @if trusted && one.there { button.primary { (Icon::Down.draw()) (frame.say("fetch")) } }
            }
        }
        p.hint.small { (frame.say("not-here")) }
        @if let Some(dialog) = &one.dialog { (save_dialog(frame, dialog)) }
    };
    page(frame, Tab::Inbox, &frame.say("received-detail"), main)
}

fn signed(frame: &Frame, signer: &Signer) -> Markup {
    html! {
        div {
            dt { (frame.say("signature")) }
            dd {
                (signer.subject)
                span.second.small { (frame.say("issued-by")) (signer.issuer) } " "
                span.second.small { (frame.say("signed-at")) (signer.at) } " "
                span.second.small { (frame.say(if signer.sealed { "was-sealed" } else { "was-signed-only" })) }
            }
        }
    }
}

pub(super) fn list(frame: &Frame, lines: &[FileLine]) -> Markup {
    html! { @if lines.is_empty() { span.hint { (frame.say("none")) } } @else { (files(frame, lines, None)) } }
}
