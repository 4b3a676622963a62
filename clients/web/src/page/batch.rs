//! 一括送信 (BT), and for agents 代行送信 (PX): many files at once, one row a destination.

use maud::{Markup, html};

use super::progress::{Progress, progress};
use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{
    Drop, FileKind, FileLine, Left, Mood, Party, Reach, Words, chip, drop_zone, files, found, heads, japanese,
    left_out, on_behalf, panel, party, reason_row, title, trouble,
};
use crate::text::say_with;

/// 送信結果, and 送信状況 while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowState {
    /// 未送信
    #[default]
    Unsent,
    /// 送信待ち
    Waiting,
    /// 送信待ち, as the network is gone (BP-11).
    Offline,
    /// 送信中...
    Sending,
    /// 成功
    Done,
    /// 送れません: no mandate covers it (PX-05).
    Barred(Words),
    /// 失敗, with reason and code (BP-08).
    Failed(Words),
    /// 中断
    Stopped,
    /// 要確認: what the checker found in it; it goes once somebody says so (NW-17).
    Doubted {
        /// How many places, and what may come of it.
        heading: String,
        /// File by file.
        lines: Vec<String>,
    },
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// What names it.
    pub id: String,
    /// Where it goes.
    pub to: Party,
    /// For whom an agent sends it.
    pub from: Option<Party>,
    /// ファイル出力日時, from the names.
    pub written: String,
    /// メッセージ.
    pub message: String,
    /// All its files.
    pub files: Vec<FileLine>,
    /// 送信結果.
    pub state: RowState,
    /// Can that office receive (BT-13)?
    pub reach: Reach,
    /// Is it chosen?
    pub ticked: bool,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One row a destination.
    pub rows: Vec<BatchRow>,
    /// Files that were not added.
    pub left: Vec<Left>,
    /// Why the last step was not done, such as nothing chosen (BT-09).
    pub trouble: Option<Words>,
    /// How far the sending is, if it runs or has just ended.
    pub progress: Option<Progress>,
    /// A stop of the gateway that is near (HM-06).
    pub stop: Option<String>,
}

/// The page.
pub fn batch(frame: &Frame, batch: &Batch) -> Markup {
    let agent = frame.agent;
    let (heading, hint) = if agent { ("proxy", "proxy-hint") } else { ("batch", "batch-hint") };
    let form = html! {
        form #batch method="post" action="/batch/send" enctype="multipart/form-data" data-swap {
            (frame.token())
            // Enter in a tick box would press the first button that is awake: it does nothing, as this one sleeps.
            button.vh tabindex="-1" aria-hidden="true" disabled {}
            (drop_zone(frame, Drop { upload: "/batch/files", hint: &frame.say("drop-hint-batch"), accept: ".csv,.CSV" }))
            @if let Some(stop) = &batch.stop { (panel(Mood::Warn, "stop", stop, &html! {})) }
            (left_out(frame, &batch.left))
            @if let Some(words) = &batch.trouble { (trouble("trouble", words)) }
            (tools(frame))
            (table(frame, &batch.rows))
            (same_message(frame))
            div.row.end.sticky { button.primary formaction="/batch/send" { (Icon::Sent.draw()) (frame.say(if agent { "send-proxy" } else { "send-batch" })) } }
        }
    };
    let main = html! {
        (title(&frame.say(heading), &html! { (frame.say(hint)) }))
        (form)
        div #progress-place { @if let Some(how) = &batch.progress { (progress(frame, how)) } }
    };
    page(frame, Tab::Batch, &frame.say(heading), main)
}

fn tools(frame: &Frame) -> Markup {
    html! {
        div.row {
            button.small type="button" data-tick="all" { (frame.say("tick-all")) }
            button.small type="button" data-tick="none" { (frame.say("tick-none")) }
            button.small formaction="/batch/remove" { (frame.say("remove")) }
            span.right { (frame.say("ticked")) " " b.number data-tally { "0" } " " (frame.say("ticked-unit")) }
        }
    }
}

fn table(frame: &Frame, rows: &[BatchRow]) -> Markup {
    if rows.is_empty() {
        return html! { p #rows.empty { (frame.say("batch-empty")) } };
    }
    let span = (!frame.agent).then_some("2");
    html! {
        div #rows.scroll tabindex="0" role="group" aria-label=(frame.say("batch")) data-live="batch all" {
            table.cards.batch {
                thead {
                    tr {
                        th.tick rowspan=[span] scope="col" { span.vh { (frame.say("choose")) } }
                        @if frame.agent {
                            // Beside the offices, what stands first must be seen without scrolling: may it go (PX-05)?
                            (heads(frame, &[("party", "principal"), ("party", "to-name"), ("at", "result"), ("at", "written-at")]))
                            (heads(frame, &[("", "message"), ("names", "file-name"), ("less", "edit")]))
                        } @else {
                            @for id in ["to-name", "written-at", "message", "file-name"] { th rowspan=[span] scope="col" { (frame.say(id)) } }
                            th colspan="3" scope="colgroup" { (frame.say("file-kind")) }
                            @for id in ["result", "edit"] { th rowspan=[span] scope="col" { (frame.say(id)) } }
                        }
                    }
                    // Nor is there room for the kinds, which the names tell in words.
                    @if !frame.agent { tr { @for id in ["kind-register", "kind-delete", "kind-other"] { th scope="col" { (frame.say(id)) } } } }
                }
                tbody { @for row in rows { (one(frame, row)) } }
            }
        }
    }
}

fn one(frame: &Frame, row: &BatchRow) -> Markup {
    let name = row.to.name.as_ref().unwrap_or(&row.to.number);
    let label =
        say_with(frame.lang, "choose-row", &[("name", name.clone().into()), ("at", row.written.clone().into())]);
    let has = |kind| row.files.iter().any(|file| file.kind == kind);
    let mark = |kind, id: &str| {
        let there = has(kind);
        html! { td.mark data-label=(frame.say(id)) class=[(!there).then_some("none")] { @if there { "●" span.vh { (frame.say("has-kind")) } } } }
    };
    let why = below(frame, row).map(|words| (format!("why-{}", row.id), words));
    let described = why.as_ref().map(|(id, _)| id);
    let doubted = matches!(row.state, RowState::Doubted { .. });
    html! {
        tr id={ "row-" (row.id) } class=[why.as_ref().map(|_| if doubted { "doubted" } else { "failed" })] {
            td.tick { label { input type="checkbox" name="row" value=(row.id) aria-label=(label) aria-describedby=[described] checked[row.ticked]; } }
            @if frame.agent {
                td data-label=(frame.say("principal")) { @if let Some(from) = &row.from { (on_behalf(frame, from)) } }
            }
            td data-label=(frame.say("to-name")) {
                (party(frame, &row.to))
                @if let Reach::No(why) = &row.reach { div.reach { (chip("bad", Some(Icon::Cross), why)) } }
            }
            @if frame.agent { td data-label=(frame.say("result")) { (state(frame, &row.state)) } }
            td data-label=(frame.say("written-at")) { time { (row.written) } }
            td.message data-label=(frame.say("message")) { (row.message) }
            td data-label=(frame.say("file-name")) { (files(frame, &row.files, None)) }
            @if !frame.agent {
                (mark(FileKind::Register, "kind-register"))
                (mark(FileKind::Delete, "kind-delete"))
                (mark(FileKind::Other, "kind-other"))
                td data-label=(frame.say("result")) { (state(frame, &row.state)) }
            }
            td { a.button.small href={ "/batch/" (row.id) } { (frame.say("edit")) span.vh lang=[japanese(frame)] { " " (name) } } }
        }
        @if let Some((id, words)) = &why { (reason_row(id, if frame.agent { AGENT_COLUMNS } else { OFFICE_COLUMNS }, words)) }
    }
}

/// The columns of the list, which the reason of a row stretches across.
const OFFICE_COLUMNS: u8 = 10;
const AGENT_COLUMNS: u8 = 8;

/// What a row says in the line below it.
fn below(frame: &Frame, row: &BatchRow) -> Option<Markup> {
    match &row.state {
        RowState::Doubted { heading, lines } => Some(html! {
            p { b { (heading) } }
            (found(lines))
            button.small formaction="/batch/anyway" name="anyway" value=(row.id) { (frame.say("send-anyway")) }
        }),
        state => reason(state).map(|words| because(frame, words)),
    }
}

/// Why a row was not sent, or cannot be.
pub(super) fn reason(state: &RowState) -> Option<&Words> {
    match state {
        RowState::Failed(words) | RowState::Barred(words) => Some(words),
        _ => None,
    }
}

/// That reason, as it is read.
pub(super) fn because(frame: &Frame, words: &Words) -> Markup {
    html! { span.why.small { (words.line(frame.lang)) } }
}

/// A state in colour, picture and word.
pub(super) fn state(frame: &Frame, state: &RowState) -> Markup {
    let (class, icon, id) = match state {
        RowState::Unsent => ("", None, "unsent"),
        RowState::Waiting | RowState::Offline => ("", Some(Icon::Clock), "waiting"),
        RowState::Sending => ("busy", Some(Icon::Up), "sending"),
        RowState::Done => ("good", Some(Icon::Check), "done"),
        RowState::Barred(_) => ("bad", Some(Icon::Cross), "barred"),
        RowState::Failed(_) => ("bad", Some(Icon::Cross), "failed"),
        RowState::Stopped => ("warn", Some(Icon::Warning), "stopped-row"),
        RowState::Doubted { .. } => ("warn", Some(Icon::Warning), "doubted"),
    };
    html! {
        (chip(class, icon, &frame.say(id)))
        @if *state == RowState::Offline { span.second.small { (frame.say("sends-later")) } }
    }
}

/// BE-05: one message for all that is chosen.
fn same_message(frame: &Frame) -> Markup {
    html! {
        details {
            summary { (frame.say("same-message")) }
            div.field {
                label for="all-message" { (frame.say("message")) }
                textarea #all-message name="message" maxlength="10000" {}
                div.row { button.small formaction="/batch/message" { (frame.say("same-message-set")) } }
            }
        }
    }
}
