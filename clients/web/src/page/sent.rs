//! 送信一覧 (TX): how far each came; and the 受領証 of one.

use maud::{Markup, html};

use super::inbox::keeps;
use crate::frame::{Frame, Tab, page};
use crate::icon::Icon;
use crate::part::{Party, Words, by_agent, on_behalf, party, title, trouble};

/// 届き具合.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It waits here for the gateway.
    Waiting,
    /// The gateway said no.
    Refused(Words),
    /// So many of 受付, お届け, 取得 are done.
    Reached(u8),
    /// The gateway handed it over, and no receipt came.
    HandedOver,
    /// 期限切れ.
    Expired,
    /// The other side could not open it, and says why in the note.
    Failed,
    /// The gateway answered for it, and has no record of it any more.
    Missing,
}

/// What the page of one letter proves: a 受領証 is of what somebody received, and of nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// 受領証: the other side fetched it and said so.
    Receipt,
    /// 受け渡しの記録: handed over without a receipt.
    HandedOver,
    /// 開封できなかったことの証明: its recipient says that it does not open.
    NotOpened,
    /// 期限切れの証明: nobody fetched it in time.
    Expired,
    /// 受付・お届けの記録: how far it came until now.
    #[default]
    Record,
}

impl Proof {
    fn title(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::HandedOver => "proof-handed-over",
            Self::NotOpened => "proof-not-opened",
            Self::Expired => "proof-expired",
            Self::Record => "proof-record",
        }
    }
}

impl Way {
    /// What its page is to prove, as the list has it; the evidence has the last word.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Reached(3..) => Proof::Receipt,
            Self::HandedOver => Proof::HandedOver,
            Self::Expired => Proof::Expired,
            Self::Failed => Proof::NotOpened,
            Self::Waiting | Self::Refused(_) | Self::Reached(_) | Self::Missing => Proof::Record,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRow {
    /// What names it in addresses.
    pub id: String,
    /// 送信日時.
    pub at: String,
    /// For whom it was sent: where an agent looks, and where an agent acted (PX-04, PX-06).
    pub of: Option<Party>,
    /// Where it went.
    pub to: Party,
    /// The agent that acted (PX-06).
    pub by: Option<String>,
    /// メッセージ, if this computer knows it.
    pub message: String,
    /// How many files.
    pub files: usize,
    /// What they are.
    pub units: String,
    /// 届き具合.
    pub way: Way,
    /// A line below it, such as how long it waits.
    pub note: String,
    /// Does it wait too long (TX-07)?
    pub late: bool,
    /// Does the gateway still keep our copy, from which it is sent again or withdrawn?
    pub there: bool,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The rows, newest first.
    pub rows: Vec<SentRow>,
    /// Why the gateway's part is missing.
    pub trouble: Option<Words>,
    /// Days that the gateway keeps what was sent, if it says so.
    pub keeps: Option<usize>,
}

/// The page.
pub fn sent(frame: &Frame, sent: &Sent) -> Markup {
    let mut heads = vec![
        ("at", "sent-at"),
        ("party", "to-office"),
        ("", "message"),
        ("at", "file"),
        ("many", "way"),
        ("at", "receipt"),
    ];
    if frame.agent {
        heads.insert(1, ("party", "principal"));
    }
    let main = html! {
        (title(&frame.say("sent"), &html! { (frame.say("sent-hint")) (keeps(frame, "keeps-sent", sent.keeps)) }))
        div #sent-trouble data-live="sent all" { @if let Some(words) = &sent.trouble { (trouble("trouble", words)) } }
        form method="post" action="/sent/refresh" data-swap {
            (frame.token())
            div.row { button { (Icon::Refresh.draw()) (frame.say("refresh")) } }
        }
        div #rows data-live="sent all" {
            @if sent.rows.is_empty() { p.empty { (frame.say("sent-empty")) } } @else {
                div.scroll tabindex="0" role="group" aria-label=(frame.say("sent")) {
                    table.cards {
                        thead { tr { (crate::part::heads(frame, &heads)) } }
                        tbody { @for row in &sent.rows { (one(frame, row)) } }
                    }
                }
            }
        }
    };
    page(frame, Tab::Sent, &frame.say("sent"), main)
}

fn one(frame: &Frame, row: &SentRow) -> Markup {
    let class = matches!(row.way, Way::Refused(_) | Way::Failed | Way::Missing).then_some("failed");
    html! {
        tr id={ "row-" (row.id) } class=[class] {
            td data-label=(frame.say("sent-at")) { time { (row.at) } }
            @if frame.agent { td data-label=(frame.say("principal")) { (sender(frame, row)) } }
            td data-label=(frame.say("to-office")) {
                (party(frame, &row.to))
                @if !frame.agent && row.by.is_some() { p.small { (frame.say("sent-for")) " " (sender(frame, row)) } }
            }
            td.message data-label=(frame.say("message")) { (row.message) }
            td data-label=(frame.say("file")) { (crate::text::count(frame.lang, "files", row.files)) span.second.small { (whole(&row.units)) } }
            td data-label=(frame.say("way")) { (way(frame, row)) p.small { @if row.late || matches!(row.way, Way::Failed | Way::Missing) { (Icon::Warning.draw()) } (row.note) } }
            td.acts {
                @if row.there && matches!(row.way, Way::Reached(_) | Way::HandedOver | Way::Failed) && frame.may_send {
                    form.right method="post" action={ "/sent/" (row.id) "/again" } data-swap {
                        (frame.token())
                        button.plain { (frame.say("send-again")) span.vh { " " (row.at) } }
                        button.plain formaction={ "/sent/" (row.id) "/withdraw" } { (frame.say("withdraw")) span.vh { " " (row.at) } }
                    }
                }
                a href={ "/sent/" (row.id) } { (frame.say(row.way.proof().title())) span.vh { " " (row.at) } } }
        }
    }
}

/// `1～3表` and `6・7表` are read as one, and so no line ends in them.
fn whole(units: &str) -> String {
    units.replace('～', "\u{2060}～\u{2060}").replace('・', "\u{2060}・\u{2060}")
}

/// PX-06: 「A事業所（代行: B社）」
fn sender(frame: &Frame, row: &SentRow) -> Markup {
    html! {
        @if let Some(of) = &row.of { @if frame.agent && row.by.is_some() { (on_behalf(frame, of)) } @else { (party(frame, of)) } }
        @if let Some(by) = &row.by { (by_agent(frame, by)) }
    }
}

/// RG-02: behind the door of a regional service others receive, and its states say so.
fn way(frame: &Frame, row: &SentRow) -> Markup {
    let (way, regional) = (&row.way, row.to.regional);
    let steps = ["way-accepted", "way-delivered", if regional { "way-taken-regional" } else { "way-taken" }];
    let done = match way {
        Way::Reached(done) => *done,
        Way::HandedOver | Way::Expired | Way::Failed => 2,
        Way::Waiting | Way::Refused(_) | Way::Missing => 0,
    };
    let last = match way {
        Way::Expired => Some(("gone", Icon::Cross, "gone")),
        Way::HandedOver if regional => Some(("done", Icon::Check, "way-handed-over-regional")),
        Way::HandedOver => Some(("done", Icon::Check, "way-handed-over")),
        Way::Failed => Some(("gone", Icon::Cross, "way-failed")),
        _ => None,
    };
    if let Way::Refused(words) = way {
        return html! { (crate::part::chip("bad", Some(Icon::Cross), &frame.say("refused"))) span.why.small { (words.line(frame.lang)) } };
    }
    html! {
        @if *way == Way::Missing { (crate::part::chip("bad", Some(Icon::Cross), &frame.say("way-missing"))) }
        @else if *way == Way::Waiting { (crate::part::chip("warn", Some(Icon::Clock), &frame.say("waiting"))) }
        @else {
            ol.way {
                @for (at, id) in (0u8..).zip(steps) {
                    @match last.filter(|_| at == 2) {
                        Some((class, icon, id)) => { li class=(class) { (icon.draw()) (frame.say(id)) } }
                        None if at < done => { li.done { (Icon::Check.draw()) (frame.say(id)) span.vh { (frame.say("step-done")) } } }
                        None => { li { (Icon::Clock.draw()) (frame.say(id)) span.vh { (frame.say("step-open")) } } }
                    }
                }
            }
        }
    }
}

/// What the page of a 受領証, or of another record, shows: facts, each with its term, and the proof as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Received here, or sent from here?
    pub inbox: bool,
    /// What it proves.
    pub proof: Proof,
    /// Terms and values.
    pub facts: Vec<(String, String)>,
    /// What the evidence does not say, so that nobody takes the page for more.
    pub lacks: Option<String>,
    /// Where the proof can be had as a file, and the options of `fumibako verify` that name its authorities.
    pub file: Option<(String, String)>,
    /// Why it could not be had just now.
    pub trouble: Option<Words>,
}

/// The page, fit to print.
pub fn receipt(frame: &Frame, receipt: &Receipt) -> Markup {
    let (tab, back) = if receipt.inbox { (Tab::Inbox, "/inbox") } else { (Tab::Sent, "/sent") };
    let name = frame.say(receipt.proof.title());
    let main = html! {
        (title(&name, &html! { @if receipt.proof == Proof::Receipt { (frame.say("receipt-hint")) } }))
        @if let Some(words) = &receipt.trouble { (trouble("trouble", words)) }
        @if let Some(lacks) = &receipt.lacks { p.lacks { (Icon::Warning.draw()) (lacks) } }
        dl.facts { @for (term, value) in &receipt.facts { div { dt { (term) } dd { (value) } } } }
        // Profile §8.19: what proves is the file, and not this page.
        @if let Some((_, options)) = &receipt.file {
            p.second { (frame.say("proof-hint")) }
            p.hint.small { (frame.say("proof-verify")) " " code { "fumibako verify fumibako-proof-….json" (options) } }
        }
        div.row.end {
            a.button href=(back) { (frame.say("back")) }
            @if let Some((file, _)) = &receipt.file { a.button href=(file) { (Icon::Down.draw()) (frame.say("proof-file")) } }
            button.primary type="button" data-print data-scripted hidden { (frame.say("print")) }
        }
    };
    page(frame, tab, &name, main)
}
