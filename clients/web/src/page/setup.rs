//! はじめの設定 (EN-02): before there is any menu. The steps of getting ready, the fields, and what was found when they were tried.

use fumibako_careplan::Lang;
use maud::{Markup, html};

use super::doctor::{Finding, findings};
use crate::frame::{NAME, TextSize, bare};
use crate::icon::Icon;
use crate::part::{Words, trouble};
use crate::text::say;

/// A text field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupField {
    /// What names it, in the form and among the texts.
    pub name: &'static str,
    /// The text of a line below it.
    pub hint: Option<&'static str>,
    /// What was typed; of a secret nothing is shown.
    pub value: String,
    /// Is it a secret?
    pub secret: bool,
    /// Was it given before, though it does not show?
    pub given: bool,
    /// May it stay empty?
    pub optional: bool,
}

/// A file that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupFile {
    /// What names it, in the form and among the texts.
    pub name: &'static str,
    /// The file that was chosen before.
    pub chosen: Option<String>,
    /// May it stay empty?
    pub optional: bool,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The language.
    pub lang: Lang,
    /// What the form repeats.
    pub csrf: String,
    /// Fields that everybody fills in, and those that few change.
    pub fields: Vec<SetupField>,
    /// Fields with a usual value.
    pub usual: Vec<SetupField>,
    /// Files, the certificate first.
    pub files: Vec<SetupFile>,
    /// The password of the certificate, asked for behind it.
    pub pin: SetupField,
    /// Why the settings were not written.
    pub trouble: Option<Words>,
    /// What was found with the settings that were written; none: not yet.
    pub found: Option<Vec<Finding>>,
}

/// The page.
pub fn setup(view: &Setup) -> Markup {
    let t = |id: &str| say(view.lang, id);
    let main = html! {
        div #setup.card.wide {
            h1 { (NAME) " " (t("setup")) }
            (steps(view))
            @if let Some(words) = &view.trouble { (trouble("trouble", words)) }
            @match &view.found {
                Some(found) => { (found_so(view, found)) }
                None => { (form(view)) }
            }
        }
    };
    bare(view.lang, TextSize::Standard, &t("setup"), main)
}

fn steps(view: &Setup) -> Markup {
    let steps = known(view.found.as_deref());
    // Of what the page does itself, the first that is not done.
    let now = steps.iter().skip(3).find(|(_, done)| !done).map(|(id, _)| *id);
    html! {
        ol.way.steps {
            @for (id, done) in steps {
                @if done { li.done { (Icon::Check.draw()) (say(view.lang, id)) span.vh { (say(view.lang, "step-done")) } } }
                @else { li aria-current=[(now == Some(id)).then_some("step")] { (Icon::Clock.draw()) (say(view.lang, id)) span.vh { (say(view.lang, "step-open")) } } }
            }
        }
    }
}

/// The steps, and whether each is known to be done: a tick says that it was looked at. Only this program's presence is known
/// before that.
fn known(found: Option<&[Finding]>) -> [(&'static str, bool); 5] {
    let well = |ids: &[&str]| {
        let asked = |one: &&Finding| ids.is_empty() || ids.contains(&one.id);
        found.is_some_and(|found| found.iter().filter(asked).all(|one| one.wrong.is_none()))
    };
    [
        // An office has a licence; of an agent's application only the login tells.
        ("setup-step-apply", well(&["mailbox", "licence"])),
        ("setup-step-install", true),
        ("setup-step-certificate", well(&["certificate"])),
        ("setup-step-fill", found.is_some()),
        ("setup-step-test", well(&[])),
    ]
}

fn form(view: &Setup) -> Markup {
    let t = |id: &str| say(view.lang, id);
    html! {
        p { (t("setup-hint")) }
        form.stack method="post" action="/setup" enctype="multipart/form-data" {
            input type="hidden" name="csrf" value=(view.csrf);
            @for one in &view.fields { (field(view, one)) }
            @for (at, one) in view.files.iter().enumerate() {
                (file(view, one))
                @if at == 0 { (field(view, &view.pin)) }
            }
            details {
                summary { (t("setup-more")) }
                div.stack { @for one in &view.usual { (field(view, one)) } }
            }
            div.row.end { button.primary { (Icon::Check.draw()) (t("setup-go")) } }
        }
    }
}

fn field(view: &Setup, one: &SetupField) -> Markup {
    let place = (one.secret && one.given).then(|| say(view.lang, "setup-kept"));
    html! {
        div.field {
            label for=(one.name) { (say(view.lang, one.name)) @if one.optional { " " span.second.small { (say(view.lang, "setup-optional")) } } }
            input id=(one.name) type=(if one.secret { "password" } else { "text" }) name=(one.name) value=(one.value) placeholder=[place]
                autocomplete="off" spellcheck="false" autocapitalize="none" required[!one.optional && !one.given]
                aria-describedby=[one.hint];
            @if let Some(hint) = one.hint { p.hint.small id=(hint) { (say(view.lang, hint)) } }
        }
    }
}

fn file(view: &Setup, one: &SetupFile) -> Markup {
    html! {
        div.field {
            label for=(one.name) { (say(view.lang, one.name)) @if one.optional { " " span.second.small { (say(view.lang, "setup-optional")) } } }
            input id=(one.name) type="file" name=(one.name) required[!one.optional && one.chosen.is_none()];
            @if let Some(chosen) = &one.chosen { p.hint.small { (say(view.lang, "setup-chosen")) " " (chosen) } }
        }
    }
}

fn found_so(view: &Setup, found: &[Finding]) -> Markup {
    let t = |id: &str| say(view.lang, id);
    let good = found.iter().all(|one| one.wrong.is_none());
    html! {
        p role="status" { (t(if good { "setup-good" } else { "setup-bad" })) }
        (findings(view.lang, found))
        form.row.end method="post" action="/setup/start" {
            input type="hidden" name="csrf" value=(view.csrf);
            button formaction="/setup/mend" class=[(!good).then_some("primary")] { (t("setup-mend")) }
            button class=[good.then_some("primary")] { (t("setup-start")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(found: Option<&[Finding]>) -> [bool; 5] {
        known(found).map(|(_, done)| done)
    }

    /// EN-02. Profile §15.11
    #[test]
    fn a_step_is_ticked_once_it_was_looked_at() {
        let finding = |id, bad: bool| Finding {
            id,
            what: id.into(),
            seen: String::new(),
            wrong: bad.then(|| Words { what: "w".into(), next: "n".into(), code: None }),
        };
        let found = |bad: &str| ["certificate", "mailbox", "licence"].map(|id| finding(id, id == bad));
        assert_eq!(ticks(None), [false, true, false, false, false]);
        assert_eq!(ticks(Some(&found(""))), [true; 5]);
        assert_eq!(ticks(Some(&found("licence"))), [false, true, true, true, false]);
        assert_eq!(ticks(Some(&found("certificate"))), [true, true, false, true, false]);
    }
}
