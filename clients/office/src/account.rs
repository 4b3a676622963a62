//! Our user ID at the gateway (Profile §19): how it stands, a new password, application passwords.
//!
//! A new password is written beside the old one before the gateway hears of it, and takes its place when the gateway has
//! taken it (Profile §19.9).

use std::collections::BTreeSet;
use std::path::PathBuf;

use fumibako_model::{AccountView, AppView, Door, NewApp, Private, Refusal};
use serde_json::json;

use crate::disk;
use crate::https::{Question, ask, asked};
use crate::settings::{Settings, first_line};
use crate::trouble::Trouble;

const ACCOUNT: &str = "/v1/account";
const PASSWORD: &str = "/v1/password";
const APPS: &str = "/v1/app-passwords";

/// How it stands.
pub(crate) async fn view(settings: &Settings) -> Result<AccountView, Trouble> {
    ask(settings, Question::get(ACCOUNT)).await
}

/// Takes a new password in place of the old one: the one of the settings, unless another is given.
///
/// | a crash after step          | finds on the next run                                     |
/// |-----------------------------|-----------------------------------------------------------|
/// | 1 the new one written aside | the old one counts: what lies aside goes                  |
/// | 2 the gateway took it       | the new one counts: it takes the old one's place          |
///
/// Profile §19.14: the application passwords go with it where that is said.
pub(crate) fn change(
    settings: &Settings,
    old: Option<Private<String>>,
    (new, withdraws): (&Private<String>, bool),
) -> Result<(), Trouble> {
    settle(settings)?;
    let (place, aside) = places(settings);
    let old = old.map_or_else(|| settings.password(), Ok)?;
    let line = format!("{}\n", new.0);
    disk::replace(&aside, line.as_bytes()).map_err(Trouble::writing(&aside))?; // 1
    let body = if withdraws { json!({ "new": new.0, "withdraw_apps": true }) } else { json!({ "new": new.0 }) };
    let body = body.to_string();
    let answer: Result<(), Trouble> = asked(settings, Question::put(PASSWORD, body.into_bytes()).knowing(old)); // 2
    match answer {
        Ok(()) => {
            disk::replace(&place, line.as_bytes()).map_err(Trouble::writing(&place))?;
            tracing::info!("password.changed");
        }
        // It said no: nothing has changed there.
        Err(Trouble::Refused { .. }) => {}
        // Nobody knows whether it heard of it: both stay.
        Err(_) => return answer,
    }
    disk::remove(&aside).map_err(Trouble::writing(&aside))?;
    answer
}

/// Finds out which password counts, where a run ended between the two.
fn settle(settings: &Settings) -> Result<(), Trouble> {
    let (place, aside) = places(settings);
    if !aside.exists() {
        return Ok(());
    }
    let new = first_line(&aside)?;
    let known: Result<AccountView, Trouble> = asked(settings, Question::get(ACCOUNT).knowing(new.clone()));
    match known {
        Ok(_) => {
            let line = format!("{}\n", new.0);
            disk::replace(&place, line.as_bytes()).map_err(Trouble::writing(&place))?;
        }
        Err(why) if why.refusal() == Some(Refusal::WrongPassword) => {}
        Err(other) => return Err(other),
    }
    disk::remove(&aside).map_err(Trouble::writing(&aside))
}

fn places(settings: &Settings) -> (PathBuf, PathBuf) {
    let mut aside = settings.password_file.clone().into_os_string();
    aside.push(".new");
    (settings.password_file.clone(), aside.into())
}

/// The application passwords, without their secrets.
pub(crate) fn apps(settings: &Settings) -> Result<Vec<AppView>, Trouble> {
    asked(settings, Question::get(APPS))
}

/// A new one; the answer is the only place where its password stands.
pub(crate) fn add_app(settings: &Settings, name: &str, doors: BTreeSet<Door>) -> Result<AppView, Trouble> {
    let body = json!(NewApp { name: name.to_owned(), doors }).to_string();
    asked(settings, Question::post(APPS, body.into_bytes()))
}

/// It opens nothing any more.
pub(crate) fn remove_app(settings: &Settings, name: &str) -> Result<(), Trouble> {
    // Whatever was typed is one step of the path, so that it names nothing else.
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if plain != name || plain.is_empty() {
        let refused = Refusal::LoginUnknown.about(name);
        return Err(Trouble::Refused { refused, reference: None });
    }
    asked(settings, Question::delete(&format!("{APPS}/{plain}")))
}
