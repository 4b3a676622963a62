//! ライセンス (LC): how it stands, and what the office signs about it: applying, renewing, renewing by itself.

use maud::{Markup, html};

use super::home::State;
use crate::frame::{Frame, Tab, page};
use crate::part::{Mood, Words, chip, panel, title, trouble};
use crate::text::say_with;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Licence {
    /// How it stands.
    pub rows: Vec<State>,
    /// Its years, the latest first.
    pub years: Vec<Year>,
    /// What the office has to know, the gravest first: heading and what to do.
    pub advice: Vec<(Mood, String, String)>,
    /// What can be asked for now.
    pub ask: Option<Ask>,
    /// Is it renewed by itself? `None`: there is nothing to renew.
    pub automatic: Option<bool>,
    /// Why the gateway could not be asked, or the last step was not done.
    pub trouble: Option<Words>,
}

/// 利用期間.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Year {
    /// Its first and last day.
    pub days: String,
    /// How far it is paid: a chip's class and word.
    pub paid: (&'static str, String),
    /// How.
    pub way: String,
    /// Which terms it rests on, and who agreed.
    pub consent: String,
}

/// A year that can be asked for, and the terms to agree to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The next year, or the first?
    pub renew: bool,
    /// The terms' version, digest and words; `None`: none are published.
    pub terms: Option<[String; 3]>,
    /// Paid on an invoice, as it is now?
    pub invoice: bool,
    /// Renewed by itself, as it is now?
    pub automatic: bool,
}

/// The page.
pub fn licence(frame: &Frame, licence: &Licence) -> Markup {
    let main = html! {
        (title(&frame.say("licence"), &html! { (frame.say("licence-hint")) }))
        @if let Some(words) = &licence.trouble { (trouble("trouble", words)) }
        @for (at, (mood, heading, next)) in licence.advice.iter().enumerate() {
            (panel(*mood, &format!("licence-advice-{at}"), heading, &html! { p { (next) } }))
        }
        dl #licence-facts.facts {
            @for State { term, value, mark } in &licence.rows {
                div { dt { (term) } dd { (value) " " @if let Some((class, word)) = mark { (chip(class, None, word)) } } }
            }
        }
        @if let Some(automatic) = licence.automatic { (switch(frame, automatic)) }
        @if !licence.years.is_empty() { (years(frame, &licence.years)) }
        @if let Some(ask) = &licence.ask { (form(frame, ask)) }
        ul.small {
            @for id in ["licence-price", "licence-each", "licence-pay", "licence-both", "licence-certificate"] { li { (frame.say(id)) } }
        }
    };
    page(frame, Tab::Elsewhere, &frame.say("licence"), main)
}

/// LC-09: renewed by itself, or not.
fn switch(frame: &Frame, automatic: bool) -> Markup {
    let (on, id) = if automatic { ("no", "licence-turn-off") } else { ("yes", "licence-turn-on") };
    html! {
        form #licence-switch method="post" action="/licence/automatic" {
            (frame.token())
            input type="hidden" name="on" value=(on);
            div.row { button { (frame.say(id)) } }
        }
    }
}

fn years(frame: &Frame, years: &[Year]) -> Markup {
    html! {
        h2 { (frame.say("licence-years")) }
        dl #licence-years.facts {
            @for year in years {
                div { dt { (year.days) } dd { (chip(year.paid.0, None, &year.paid.1)) " " (year.way) " " span.second { (year.consent) } } }
            }
        }
    }
}

/// LC-09: the terms stand above the tick that agrees to them.
fn form(frame: &Frame, ask: &Ask) -> Markup {
    let heading = frame.say(if ask.renew { "licence-renew" } else { "licence-apply" });
    let Some([version, digest, text]) = &ask.terms else {
        return panel(Mood::News, "licence-no-terms", &heading, &html! { p { (frame.say("licence-no-terms")) } });
    };
    let with = |id: &str| say_with(frame.lang, id, &[("version", version.as_str().into())]).into_owned();
    let ways = [("deduction", "licence-by-deduction", !ask.invoice), ("invoice", "licence-by-invoice", ask.invoice)];
    html! {
        h2 { (heading) }
        form #licence-ask method="post" action="/licence/ask" {
            (frame.token())
            input type="hidden" name="what" value=(if ask.renew { "renew" } else { "apply" });
            input type="hidden" name="version" value=(version);
            input type="hidden" name="digest" value=(digest);
            div.field {
                label for="terms" { (with("licence-terms")) }
                textarea #terms readonly rows="10" { "\n" (text) }
            }
            fieldset {
                legend { (frame.say("licence-pay-by")) }
                @for (value, id, checked) in ways {
                    p { label { input type="radio" name="pay_by" value=(value) checked[checked]; " " (frame.say(id)) } }
                }
            }
            p { label { input type="checkbox" name="automatic" value="yes" checked[ask.automatic]; " " (frame.say("licence-make-automatic")) } }
            p { label { input #agree type="checkbox" name="agree" value="yes" required; " " (with("licence-agree")) } }
            div.row.end { button.primary { (heading) } }
        }
    }
}
