//! 下書き一覧 (DR).

use maud::{Markup, html};

use crate::frame::{Frame, Tab, page};
use crate::part::{Party, party, title};
use crate::text::count;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// What names it in addresses.
    pub id: String,
    /// 保存日時.
    pub saved: String,
    /// 送信先, once there is a CSV.
    pub to: Option<Party>,
    /// メッセージ.
    pub message: String,
    /// ファイル数.
    pub files: usize,
}

/// The page.
pub fn drafts(frame: &Frame, rows: &[DraftRow]) -> Markup {
    let heads = ["saved-at", "to-office", "message", "file", "actions"];
    let main = html! {
        (title(&frame.say("drafts"), &html! { (frame.say("drafts-hint")) }))
        form #rows method="post" action="/drafts/remove" data-swap data-live="drafts all" {
            (frame.token())
            @if rows.is_empty() { p.empty { (frame.say("drafts-empty")) } } @else {
                div.scroll tabindex="0" role="group" aria-label=(frame.say("drafts")) {
                    table.cards {
                        thead { tr { @for id in heads { th scope="col" { (frame.say(id)) } } } }
                        tbody {
                            @for row in rows {
                                tr id={ "row-" (row.id) } {
                                    td data-label=(frame.say("saved-at")) { time { (row.saved) } }
                                    td data-label=(frame.say("to-office")) { @if let Some(to) = &row.to { (party(frame, to)) } @else { (frame.say("none")) } }
                                    td.message data-label=(frame.say("message")) { (row.message) }
                                    td data-label=(frame.say("file")) { (count(frame.lang, "files", row.files)) }
                                    td {
                                        div.row {
                                            a.button.small href={ "/compose/" (row.id) } { (frame.say("edit")) span.vh { " " (row.saved) } }
                                            button.plain name="row" value=(row.id) { (frame.say("remove")) span.vh { " " (row.saved) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    page(frame, Tab::Drafts, &frame.say("drafts"), main)
}
