//! パスワードの変更 (LG-08): said as what it is, with the way to a new one.

use fumibako_careplan::Lang;
use maud::{Markup, html};

use crate::frame::{TextSize, bare};
use crate::icon::Icon;
use crate::text::{count, say};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Password {
    /// The language.
    pub lang: Lang,
    /// The size of letters.
    pub size: TextSize,
    /// Why it has to be changed now; nothing else opens before. None: somebody wants to.
    pub why: Option<String>,
    /// Characters of a new one, at least.
    pub shortest: u16,
    /// Application passwords that went when the operator set the present one.
    pub withdrawn: usize,
    /// Why the last try was not enough.
    pub trouble: Option<String>,
    /// Can it be changed at all? If not, what to do stands in `why`.
    pub closed: bool,
    /// What the form repeats.
    pub csrf: String,
}

/// The page.
pub fn password(view: &Password) -> Markup {
    let t = |id: &str| say(view.lang, id);
    let wrong = view.trouble.is_some().then_some("true");
    let field = |name: &str, label: &str, complete: &str, first: bool| {
        html! {
            div.field {
                label for=(name) { (t(label)) }
                div.beside {
                    input id=(name) type="password" name=(name) autocomplete=(complete) required aria-invalid=[wrong]
                        aria-describedby=[wrong.map(|_| "trouble")] autofocus[first];
                    button type="button" data-reveal=(name) data-show=(t("reveal")) data-hide=(t("conceal")) data-scripted hidden
                        aria-pressed="false" { (t("reveal")) }
                }
            }
        }
    };
    let main = html! {
        form #door.card method="post" action="/password" {
            h1 { (t("password-change")) }
            @if let Some(why) = &view.why { p #why.chip.warn { (Icon::Warning.draw()) (why) } }
            @if let Some(trouble) = &view.trouble { p #trouble.chip.bad role="alert" { (Icon::Cross.draw()) (trouble) } }
            @if view.withdrawn > 0 {
                p #withdrawn.hint { (count(view.lang, "apps-withdrawn", view.withdrawn)) (gap(view.lang)) (t("apps-withdrawn-next")) }
            }
            input type="hidden" name="csrf" value=(view.csrf);
            @if !view.closed {
                (field("old", "password-old", "current-password", true))
                (field("new", "password-new", "new-password", false))
                (field("again", "password-again", "new-password", false))
                ul.hint.small {
                    li { (count(view.lang, "password-rule-long", view.shortest.into())) }
                    li { (t("password-rule-name")) }
                    li { (t("password-rule-simple")) }
                }
                p { label { input type="checkbox" name="withdraw" value="yes"; " " (t("password-withdraw")) } }
                button.primary { (t("password-change")) }
            }
            @if view.why.is_none() { p { a href="/" { (t("to-home")) } } }
        }
        form method="post" action="/logout" {
            input type="hidden" name="csrf" value=(view.csrf);
            button { (Icon::Lock.draw()) (t("logout")) }
        }
    };
    bare(view.lang, view.size, &t("password-change"), main)
}

/// Between two sentences.
fn gap(lang: Lang) -> &'static str {
    lang.pick("", " ")
}
