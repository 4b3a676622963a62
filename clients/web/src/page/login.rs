//! ログイン (LG).

use fumibako_careplan::Lang;
use maud::{Markup, html};

use crate::frame::{NAME, TextSize, bare};
use crate::icon::Icon;
use crate::text::say;

/// What the login page shows.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The language.
    pub lang: Lang,
    /// The size of letters.
    pub size: TextSize,
    /// What was typed as ユーザID.
    pub user: String,
    /// Why it was not enough, in one message for both fields (LG-07).
    pub trouble: Option<String>,
    /// Is the session only locked (LG-10)?
    pub locked: bool,
    /// Where to go afterwards.
    pub back: String,
    /// What the form repeats.
    pub csrf: String,
}

/// The page.
pub fn login(login: &Login) -> Markup {
    let t = |id: &str| say(login.lang, id);
    let wrong = login.trouble.is_some().then_some("true");
    let main = html! {
        form #door.card method="post" action="/login" {
            h1 #door-title { (NAME) " " (t("system-name")) }
            p { @if login.locked { (t("locked")) } @else { (t("login-why")) } }
            @if let Some(trouble) = &login.trouble {
                p #trouble.chip.bad role="alert" { (Icon::Cross.draw()) (trouble) }
            }
            input type="hidden" name="csrf" value=(login.csrf);
            input type="hidden" name="back" value=(login.back);
            div.field {
                label for="user" { (t("user-id")) }
                input #user type="text" name="user" value=(login.user) placeholder=(t("user-id-hint")) autocomplete="username"
                    spellcheck="false" autocapitalize="none" required aria-invalid=[wrong] aria-describedby=[wrong.map(|_| "trouble")]
                    autofocus[login.user.is_empty()];
            }
            div.field {
                label for="password" { (t("password")) }
                div.beside {
                    input #password type="password" name="password" placeholder=(t("password-hint")) autocomplete="current-password"
                        required aria-invalid=[wrong] aria-describedby=[wrong.map(|_| "trouble")] autofocus[!login.user.is_empty()];
                    button type="button" data-reveal="password" data-show=(t("reveal")) data-hide=(t("conceal")) data-scripted hidden
                        aria-pressed="false" { (t("reveal")) }
                }
            }
            button.primary { (t("login")) }
            p.hint.small { (t("login-hint")) }
        }
    };
    bare(login.lang, login.size, &t("login"), main)
}
