//! What stands around every screen: the bar with the office, the menu, the place for a word about what was just done.

use fumibako_careplan::Lang;
use maud::{DOCTYPE, Markup, html};

use crate::asset;
use crate::icon::Icon;
use crate::part::{Principals, column, japanese};
use crate::text::say;

/// The name on every screen.
pub const NAME: &str = "文箱";

/// How large letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextSize {
    /// 標準
    #[default]
    Standard,
    /// 大
    Large,
    /// 特大
    Largest,
}

/// Where in the menu a screen stands, in the menu's order (HM-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// ホーム
    Home,
    /// 受信一覧
    Inbox,
    /// 送信一覧
    Sent,
    /// 新規作成
    New,
    /// 下書き一覧
    Drafts,
    /// 一括送信
    Batch,
    /// In none of them.
    Elsewhere,
}

/// Is the gateway there?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nobody asked yet.
    #[default]
    Unknown,
    /// It answered last time.
    Online,
    /// It did not; what is sent waits.
    Offline,
    /// It says no, or cannot be asked: the sentence.
    Refused(String),
}

/// Numbers beside the menu's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// 未取得
    pub inbox: usize,
    /// Drafts.
    pub drafts: usize,
    /// Rows of 一括送信.
    pub batch: usize,
    /// 済 is missing: sent, and not fetched by the other side.
    pub sent: usize,
    /// Sent in vain.
    pub failed: usize,
}

/// What every screen knows.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language.
    pub lang: Lang,
    /// The size of letters.
    pub size: TextSize,
    /// 事業所番号.
    pub number: String,
    /// 事業所名, if it is known.
    pub name: Option<String>,
    /// Is the gateway there?
    pub link: Link,
    /// Numbers in the menu.
    pub counts: Counts,
    /// What every form repeats, so that no other page can send one.
    pub csrf: String,
    /// A word about what was just done.
    pub toast: Option<String>,
    /// May this account send? Without, the menu has no entries for it (LG-06).
    pub may_send: bool,
    /// May it receive?
    pub may_receive: bool,
    /// Does an agent work here (PX)?
    pub agent: bool,
    /// The offices it acts for, beside the lists (PX-03).
    pub principals: Option<Principals>,
    /// Where the page is, for the way back.
    pub here: String,
    /// Seconds without a click after which the page is covered (LG-10).
    pub idle_seconds: u32,
}

impl TextSize {
    /// All of them, with the word in the address and the text's id.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Standard, "standard", "size-standard"),
        (Self::Large, "large", "size-large"),
        (Self::Largest, "largest", "size-largest"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(size, ..)| *size == self).map_or("standard", |(_, word, _)| word)
    }

    /// The size of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == word).map(|(size, ..)| *size)
    }
}

impl Tab {
    /// The menu in its order: address, text, picture, whether it is for sending.
    pub const MENU: [(Self, &'static str, &'static str, Icon, bool); 6] = [
        (Self::Home, "/", "home", Icon::Home, false),
        (Self::Inbox, "/inbox", "inbox", Icon::Inbox, false),
        (Self::Sent, "/sent", "sent", Icon::Sent, true),
        (Self::New, "/compose", "compose", Icon::New, true),
        (Self::Drafts, "/drafts", "drafts", Icon::Draft, true),
        (Self::Batch, "/batch", "batch", Icon::Batch, true),
    ];

    /// The number beside its word, and what that number counts.
    fn count(self, counts: Counts) -> (usize, &'static str) {
        match self {
            Self::Inbox => (counts.inbox, "count-inbox"),
            Self::Drafts => (counts.drafts, "count-drafts"),
            Self::Batch => (counts.batch, "count-batch"),
            _ => (0, "count-inbox"),
        }
    }
}

impl Frame {
    /// A text in its language.
    pub fn say(&self, id: &str) -> String {
        say(self.lang, id).into_owned()
    }

    /// LG-06: is this entry of the menu for the account that works here?
    pub(crate) fn offers(&self, tab: Tab, sends: bool) -> bool {
        (self.may_send || !sends) && (self.may_receive || tab != Tab::Inbox)
    }

    /// The field that every form repeats.
    pub fn token(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }
}

/// A whole page. `main` begins with its heading.
pub fn page(frame: &Frame, tab: Tab, title: &str, main: Markup) -> Markup {
    let count = frame.counts.inbox;
    let mark = if count > 0 { format!("({count}) ") } else { String::new() };
    let body = html! {
        a.skip href="#main" { (frame.say("skip")) }
        (bar(frame))
        (menu(frame, tab))
        div #stopped role="alert" hidden { (frame.say("stopped")) }
        // What a request that was refused without a page says; the script knows the status alone.
        div #answered role="alert" hidden data-s401=(frame.say("answer-401")) data-s403=(frame.say("answer-403")) data-s409=(frame.say("answer-409"))
            data-s413=(frame.say("answer-413"))
            data-s507=(frame.say("answer-507")) data-other=(frame.say("answer-other")) {}
        main #main tabindex="-1" { (beside(frame, tab, main)) }
        (foot(frame))
        // New mail, to those who listen: the script says it when the count rises, and only then.
        div #heard.vh role="status" data-arrived=(crate::text::count(frame.lang, "arrived", count)) {}
        div #toast role="status" aria-live="polite" { @if let Some(toast) = &frame.toast { p { (Icon::Check.draw()) (toast) } } }
    };
    whole(frame.lang, frame.size, &format!("{mark}{title} - {NAME}"), Some(frame.idle_seconds), &body)
}

/// What stands around a page, for one that refreshes itself and in which nothing else is live.
pub fn around(frame: &Frame, title: &str) -> Markup {
    page(frame, Tab::Elsewhere, &frame.say(title), html! {})
}

/// PX-03: an agent's lists stand beside the offices they are of.
fn beside(frame: &Frame, tab: Tab, main: Markup) -> Markup {
    let path = Tab::MENU.iter().find(|(known, ..)| *known == tab).map_or("/", |(_, path, ..)| *path);
    match &frame.principals {
        Some(all) if matches!(tab, Tab::Inbox | Tab::Sent | Tab::Batch) => {
            html! { div.aside { (column(frame, all, path)) div.beside-column { (main) } } }
        }
        _ => main,
    }
}

/// A page without menu: before the login, and where nothing else can be shown.
pub fn bare(lang: Lang, size: TextSize, title: &str, main: Markup) -> Markup {
    let body = html! { main #main.door tabindex="-1" { (main) } };
    whole(lang, size, &format!("{title} - {NAME}"), None, &body)
}

fn whole(lang: Lang, size: TextSize, title: &str, idle: Option<u32>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.pick("ja", "en")) data-size=(size.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="icon" href=(asset::MARK.path);
                link rel="stylesheet" href=(asset::STYLE.path);
                script type="module" src=(asset::SCRIPT.path) {}
            }
            body data-events=[idle.map(|_| "/events")] data-idle=[idle] { (body) }
        }
    }
}

fn bar(frame: &Frame) -> Markup {
    let other = frame.lang.pick(("en", "English"), ("ja", "日本語"));
    html! {
        header #bar.bar {
            div.brand lang=[japanese(frame)] { b aria-hidden="true" { "文" } span { (NAME) } }
            div.who {
                @if let Some(name) = &frame.name { b lang=[japanese(frame)] { (name) } }
                span { (frame.say(if frame.agent { "agent-id" } else { "office-number" })) " " span.number { (frame.number) } }
            }
            div.tools {
                (link_chip(frame))
                form.sizes method="post" action="/settings" data-swap {
                    (frame.token())
                    input type="hidden" name="back" value=(frame.here);
                    span #size-label { (frame.say("letters")) }
                    @for (size, word, id) in TextSize::ALL {
                        button name="size" value=(word) aria-pressed=(if size == frame.size { "true" } else { "false" }) { (frame.say(id)) }
                    }
                    button name="lang" value=(other.0) lang=(other.0) { (other.1) }
                }
            }
        }
    }
}

fn link_chip(frame: &Frame) -> Markup {
    let (class, icon, id) = match &frame.link {
        Link::Unknown => ("chip", Icon::Clock, "link-unknown"),
        Link::Online => ("chip good", Icon::Check, "link-online"),
        Link::Offline => ("chip warn", Icon::Warning, "link-offline"),
        Link::Refused(_) => ("chip bad", Icon::Cross, "link-refused"),
    };
    html! { span #link data-live="link all" { span class=(class) { (icon.draw()) (frame.say(id)) } } }
}

fn menu(frame: &Frame, tab: Tab) -> Markup {
    html! {
        nav #tabs.tabs data-live="counts inbox sent drafts batch all" aria-label=(frame.say("menu")) {
            ul {
                @for (entry, address, id, icon, sends) in Tab::MENU {
                    @if frame.offers(entry, sends) {
                        @let (count, what) = entry.count(frame.counts);
                        li {
                            a href=(address) aria-current=[(entry == tab).then_some("page")] {
                                (icon.draw()) (frame.say(id))
                                @if count > 0 { span.count { (count) span.vh { (frame.say(what)) } } }
                            }
                        }
                    }
                }
                li.last {
                    form method="post" action="/logout" {
                        (frame.token())
                        button { (Icon::Lock.draw()) (frame.say("logout")) }
                    }
                }
            }
        }
    }
}

fn foot(frame: &Frame) -> Markup {
    html! {
        footer #foot {
            nav aria-label=(frame.say("more")) {
                ul {
                    li { a href="/directory" { (frame.say("directory")) } }
                    li { a href="/proxy" { (frame.say("mandates")) } }
                    li { a href="/licence" { (frame.say("licence")) } }
                    li { a href="/password" { (frame.say("password-change")) } }
                    li { a href="/doctor" { (frame.say("doctor")) } }
                }
            }
        }
    }
}
