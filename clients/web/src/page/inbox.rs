//! 受信一覧 (RX): one row a message.

use maud::{Markup, html};

use super::batch::because;
use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{
    FileLine, Mood, Party, Words, by_agent, chip, days_left, files, on_behalf, panel, party, reason_row, title, trouble,
};
use crate::text::say_with;

/// データ取得状況.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// 未: only at the gateway, or here but in no folder.
    New,
    /// 済: every file is on disk.
    Done,
    /// 済, by another computer of the office: what it holds this one cannot show.
    Elsewhere,
    /// 保存済み: the gateway has not taken the receipt; why it refused it, or none where it waits.
    Owed(Option<Words>),
    /// An agent saved it, and the office returns the receipt.
    Withheld,
    /// 期限切れ: it went before anybody fetched it.
    Gone,
    /// Its signature does not hold (RX-12).
    Distrusted(Words),
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRow {
    /// What names it in addresses.
    pub id: String,
    /// 受信日時.
    pub at: String,
    /// Whose it is, where an agent looks (PX-04).
    pub of: Option<Party>,
    /// Who sent it.
    pub from: Party,
    /// The agent that acted for them, if one did (PX-06).
    pub by: Option<String>,
    /// メッセージ.
    pub message: String,
    /// Its files.
    pub files: Vec<FileLine>,
    /// 未 or 済.
    pub taken: Taken,
    /// Days until the server deletes it; none once it is fetched.
    pub days: Option<i64>,
    /// Can its files be had, at the gateway? What cannot is not chosen.
    pub there: bool,
    /// Is it chosen?
    pub ticked: bool,
}

/// What is shown of the list (RX-10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// 未のみ.
    pub only_new: bool,
    /// Part of an office's name or number.
    pub office: String,
    /// `2026-11`, or empty.
    pub month: String,
}

/// データ取得: what would be saved, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveDialog {
    /// The rows that would be saved.
    pub rows: Vec<String>,
    /// Those that were shown as saved already: they are saved once more, and no other is.
    pub again: Vec<String>,
    /// How many files they hold.
    pub files: usize,
    /// 保存先フォルダ, the whole path.
    pub folder: String,
    /// Would it have to be made?
    pub missing: bool,
    /// Why it did not go last time.
    pub trouble: Option<Words>,
    /// Where キャンセル leads.
    pub back: String,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// The rows, newest first.
    pub rows: Vec<ReceivedRow>,
    /// What is left out of them.
    pub filter: Filter,
    /// Why 更新 did not go.
    pub trouble: Option<Words>,
    /// Where files were saved just now, for the next step (EN-05).
    pub saved: Option<String>,
    /// The dialog, if it is open.
    pub dialog: Option<SaveDialog>,
    /// Days that the gateway keeps what arrived, if it says so.
    pub keeps: Option<usize>,
}

/// How long the gateway keeps things.
pub(super) fn keeps(frame: &Frame, id: &'static str, days: Option<usize>) -> Markup {
    html! { @if let Some(days) = days { " " (crate::text::count(frame.lang, id, days)) } }
}

/// The page.
pub fn inbox(frame: &Frame, inbox: &Inbox) -> Markup {
    let main = html! {
        (title(&frame.say("inbox"), &html! { (frame.say("inbox-hint")) (keeps(frame, "keeps-inbox", inbox.keeps)) }))
        div #inbox-trouble data-live="inbox all" { @if let Some(words) = &inbox.trouble { (trouble("trouble", words)) } }
        @if let Some(folder) = &inbox.saved { (saved(frame, folder)) }
        (filter(frame, &inbox.filter, inbox.rows.len()))
        form #list method="post" action="/inbox/save" data-swap {
            (frame.token())
            div.row {
                button formaction="/inbox/refresh" { (Icon::Refresh.draw()) (frame.say("refresh")) }
                button.primary { (Icon::Down.draw()) (frame.say("fetch")) }
                button formaction="/inbox/save-all" { (frame.say("fetch-all")) }
                span.right.row data-scripted hidden {
                    button.plain type="button" data-tick="all" { (frame.say("tick-all")) }
                    button.plain type="button" data-tick="none" { (frame.say("tick-none")) }
                }
            }
            (table(frame, inbox))
        }
        @if let Some(dialog) = &inbox.dialog { (save_dialog(frame, dialog)) }
    };
    page(frame, Tab::Inbox, &frame.say("inbox"), main)
}

fn saved(frame: &Frame, folder: &str) -> Markup {
    let body = html! { p { (frame.say("saved-where")) " " b { (folder) } } p { (frame.say("saved-next")) } };
    panel(Mood::Good, "saved-files", &frame.say("saved-title"), &body)
}

fn filter(frame: &Frame, filter: &Filter, shown: usize) -> Markup {
    let some = *filter != Filter::default();
    html! {
        form #filter.row method="get" action="/inbox" role="search" aria-label=(frame.say("filter")) data-swap {
            label.row { input type="checkbox" name="show" value="new" checked[filter.only_new]; (frame.say("only-new")) }
            div { label for="office" { (frame.say("filter-office")) } input #office type="search" name="office" value=(filter.office); }
            div { label for="month" { (frame.say("filter-month")) } input #month type="month" name="month" value=(filter.month); }
            button.small { (Icon::Search.draw()) (frame.say("filter")) }
            @if some { a.button.small href="/inbox" { (frame.say("filter-off")) } }
            // How many are left of it is heard without looking.
            span.right role="status" { @if some { (crate::text::count(frame.lang, "filter-shown", shown)) } }
        }
    }
}

fn table(frame: &Frame, inbox: &Inbox) -> Markup {
    let mut heads = vec![
        ("few", "taken-state"),
        ("at", "received-at"),
        ("party", "from-office"),
        ("", "message"),
        ("many", "kinds-and-names"),
        ("few", "kept-at-server"),
    ];
    if frame.agent {
        heads.insert(2, ("party", "principal-short"));
    }
    html! {
        div #rows data-live="inbox all" {
            @if inbox.rows.is_empty() { p.empty { (frame.say(if inbox.filter == Filter::default() { "inbox-empty" } else { "filter-none" })) } } @else {
                div.scroll tabindex="0" role="group" aria-label=(frame.say("inbox")) {
                    table.cards {
                        thead { tr { th.tick scope="col" { span.vh { (frame.say("choose")) } } (crate::part::heads(frame, &heads)) } }
                        tbody { @for row in &inbox.rows { (one(frame, row)) } }
                    }
                }
            }
        }
    }
}

fn one(frame: &Frame, row: &ReceivedRow) -> Markup {
    let class = match row.taken {
        Taken::New => "new",
        Taken::Distrusted(_) => "failed",
        Taken::Done | Taken::Elsewhere | Taken::Owed(_) | Taken::Withheld | Taken::Gone => "",
    };
    let name = row.from.name.as_ref().unwrap_or(&row.from.number);
    let label = say_with(frame.lang, "choose-row", &[("name", name.clone().into()), ("at", row.at.clone().into())]);
    let why = reason(frame, &row.taken).map(|why| (format!("why-{}", row.id), why));
    let described = why.as_ref().map(|(id, _)| id);
    html! {
        tr id={ "row-" (row.id) } class=(class) {
            td.tick { @if row.there { label { input type="checkbox" name="row" value=(row.id) aria-label=(label) aria-describedby=[described] checked[row.ticked]; } } }
            td data-label=(frame.say("taken-state")) { (taken(frame, &row.taken)) }
            td data-label=(frame.say("received-at")) { a.number href={ "/inbox/" (row.id) } { time { (row.at) } } }
            @if let Some(of) = &row.of { td data-label=(frame.say("principal-short")) { (on_behalf(frame, of)) } }
            td data-label=(frame.say("from-office")) {
                (party(frame, &row.from))
                @if let Some(by) = &row.by { (by_agent(frame, by)) }
            }
            td.message data-label=(frame.say("message")) { (row.message) }
            td data-label=(frame.say("kinds-and-names")) { (files(frame, &row.files, None)) }
            td data-label=(frame.say("kept-at-server")) class=(if row.days.is_none() { "none" } else { "short" }) {
                @if let Some(days) = row.days { (days_left(days, frame.lang)) }
            }
        }
        @if let Some((id, words)) = &why { (reason_row(id, if frame.agent { AGENT_COLUMNS } else { OFFICE_COLUMNS }, words)) }
    }
}

/// The columns of the list, which the reason of a row stretches across.
const OFFICE_COLUMNS: u8 = 7;
const AGENT_COLUMNS: u8 = 8;

/// Why a row is neither 未 nor 済, where that takes a sentence.
pub(super) fn reason(frame: &Frame, taken: &Taken) -> Option<Markup> {
    match taken {
        Taken::Distrusted(words) => Some(because(frame, words)),
        Taken::Owed(Some(words)) => {
            Some(html! { span.why.small { (words.line(frame.lang)) " " (frame.say("owed-next")) } })
        }
        _ => None,
    }
}

pub(super) fn taken(frame: &Frame, taken: &Taken) -> Markup {
    html! {
        @match taken {
            Taken::New => { (chip("fresh", None, &frame.say("not-taken"))) " " span.word { (frame.say("fresh")) } }
            Taken::Done => { (chip("", Some(Icon::Check), &frame.say("taken"))) }
            Taken::Elsewhere => {
                (chip("", Some(Icon::Check), &frame.say("taken")))
                span.second.small { (frame.say("elsewhere-why")) }
            }
            Taken::Owed(None) => {
                (chip("warn", Some(Icon::Clock), &frame.say("owed-waits")))
                span.second.small { (frame.say("owed-waits-why")) }
            }
            Taken::Owed(Some(_)) => { (chip("warn", Some(Icon::Warning), &frame.say("owed"))) }
            Taken::Withheld => {
                (chip("warn", Some(Icon::Check), &frame.say("withheld")))
                span.second.small { (frame.say("withheld-why")) }
            }
            Taken::Gone => { (chip("bad", Some(Icon::Cross), &frame.say("gone"))) }
            Taken::Distrusted(_) => { (chip("bad", Some(Icon::Cross), &frame.say("distrusted"))) }
        }
    }
}

/// RX-06, RD-02: what would be saved, and where.
pub(super) fn save_dialog(frame: &Frame, dialog: &SaveDialog) -> Markup {
    let values = [("count", dialog.rows.len().into()), ("files", dialog.files.into())];
    html! {
        dialog open data-modal aria-labelledby="save-title" {
            form method="post" action="/inbox/fetch" data-swap {
                (frame.token())
                @for row in &dialog.rows { input type="hidden" name="row" value=(row); }
                @for row in &dialog.again { input type="hidden" name="again" value=(row); }
                input type="hidden" name="back" value=(dialog.back);
                h2 #save-title { (frame.say("fetch")) }
                @if let Some(words) = &dialog.trouble { (trouble("save-trouble", words)) }
                p { (say_with(frame.lang, "save-what", &values)) }
                div.field {
                    label for="folder" { (frame.say("save-folder")) }
                    input #folder type="text" name="folder" value=(dialog.folder) spellcheck="false" required
                        aria-invalid=[dialog.trouble.is_some().then_some("true")]
                        aria-describedby=(if dialog.trouble.is_some() { "save-trouble save-hint" } else { "save-hint" });
                }
                @if dialog.missing {
                    input type="hidden" name="create" value=(dialog.folder);
                    (panel(Mood::Warn, "create", &frame.say("folder-make"), &html! { p { (dialog.folder) } }))
                }
                p #save-hint.hint.small { (frame.say("save-hint")) }
                div.row.end {
                    a.button href=(dialog.back) data-cancel { (frame.say("cancel")) }
                    button.primary autofocus { (Icon::Down.draw()) (frame.say(if dialog.missing { "save-now-make" } else { "save-now" })) }
                }
            }
        }
    }
}
