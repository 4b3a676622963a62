//! 送信確認 of a batch (BP): every row's state, live. 中断 is never swapped while it may be pressed.

use maud::{Markup, html};

use super::batch::{RowState, because, reason, state};
use crate::frame::Frame;
use crate::part::{Party, reason_row};
use crate::text::say_with;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressRow {
    /// What names it.
    pub id: String,
    /// Where it goes.
    pub to: Party,
    /// For whom an agent sends it.
    pub from: Option<Party>,
    /// ファイル出力日時.
    pub written: String,
    /// 送信状況.
    pub state: RowState,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The rows that were chosen.
    pub rows: Vec<ProgressRow>,
    /// Does it still send?
    pub running: bool,
    /// Was 中断 pressed?
    pub stopping: bool,
}

impl Progress {
    /// Done in any way, well, in vain, and stopped.
    pub fn tally(&self) -> (usize, usize, usize, usize) {
        let count = |is: fn(&RowState) -> bool| self.rows.iter().filter(|row| is(&row.state)).count();
        let (good, bad) =
            (count(|s| *s == RowState::Done), count(|s| matches!(s, RowState::Failed(_) | RowState::Doubted { .. })));
        let stopped = count(|s| *s == RowState::Stopped);
        (good + bad + stopped, good, bad, stopped)
    }
}

/// The dialog.
pub fn progress(frame: &Frame, how: &Progress) -> Markup {
    let (done, good, bad, stopped) = how.tally();
    let values = [
        ("all", how.rows.len().into()),
        ("done", done.into()),
        ("good", good.into()),
        ("bad", bad.into()),
        ("stopped", stopped.into()),
    ];
    let line = say_with(frame.lang, if stopped > 0 { "progress-stopped" } else { "progress" }, &values);
    html! {
        dialog #progress open data-modal aria-labelledby="progress-title" {
            form method="post" action="/batch/stop" data-swap {
                (frame.token())
                h2 #progress-title tabindex="-1" { (frame.say("confirm")) }
                div #progress-rows.scroll tabindex="0" role="group" aria-labelledby="progress-title" data-live="progress all" {
                    table.cards.progress {
                        thead { tr {
                            @if frame.agent { th scope="col" { (frame.say("principal")) } }
                            @for id in ["to-name", "written-at", "progress-state"] { th scope="col" { (frame.say(id)) } }
                        } }
                        tbody { @for row in &how.rows { (one(frame, row)) } }
                    }
                }
                div #progress-bar data-live="progress all" { progress max=(how.rows.len()) value=(done) aria-label=(frame.say("progress-state")) {} }
                // BP-09: one sentence is told, not each row.
                p #progress-said role="status" data-live="progress all" {
                    @if !how.running { b { (frame.say("progress-ended")) } } @else if how.stopping { b { (frame.say("progress-stopping")) } }
                    (line)
                }
                p.hint.small #progress-more data-live="progress all" { @if !how.running && bad + stopped > 0 { (frame.say("progress-kept")) } }
                div #progress-buttons.row.end data-live="progress all" {
                    button #stop disabled[!how.running || how.stopping] { (frame.say("stop")) }
                    button #ok.primary formaction="/batch/ok" disabled[how.running] data-cancel { "OK" }
                }
            }
        }
    }
}

/// A row, and below it why it did not go: beside the other columns two sentences would push them aside.
fn one(frame: &Frame, row: &ProgressRow) -> Markup {
    let why = reason(&row.state);
    html! {
        tr id={ "progress-" (row.id) } class=[why.map(|_| "failed")] {
            @if frame.agent { td data-label=(frame.say("principal")) { @if let Some(from) = &row.from { (from.name.as_ref().unwrap_or(&from.number)) } } }
            td data-label=(frame.say("to-name")) { (row.to.name.as_ref().unwrap_or(&row.to.number)) }
            td data-label=(frame.say("written-at")) { time { (row.written) } }
            td data-label=(frame.say("progress-state")) { (state(frame, &row.state)) }
        }
        @if let Some(words) = why { (reason_row(&format!("progress-why-{}", row.id), if frame.agent { 4 } else { 3 }, &because(frame, words))) }
    }
}
