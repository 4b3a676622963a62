//! 新規作成 (NW) and its 送信確認 (CF). Each letter has an address from its first second on; it is kept with its first word.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_model::OfficeNumber;
use fumibako_web::page::{self, Confirm, Manner};
use fumibako_web::part::{FileKind, FileLine, Left, Reach, Words};
use fumibako_web::text::{count, say};

use super::{Answer, Here, Shared, html, see, unkept};
use crate::random;
use crate::ui::form::Sent;
use crate::ui::letters::{Fate, Letter, stayed};
use crate::ui::paint::{moment, party, party_line, pick, refusal};
use crate::ui::state::{App, both, held};
use crate::ui::work::mandated::barred;
use crate::ui::work::post::{Reaches, checked, incomplete, send_draft, sum};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/compose", get(begin))
        .route("/compose/{id}", get(show))
        .route("/compose/{id}/files", post(files))
        .route("/compose/{id}/remove", post(remove))
        .route("/compose/{id}/save", post(save))
        .route("/compose/{id}/keep", post(keep))
        .route("/compose/{id}/confirm", post(confirm))
        .route("/compose/{id}/send", post(go))
}

async fn begin(_here: Here) -> Response {
    see(&format!("/compose/{}", random::hex()))
}

/// An id that we made, or one that looks like it: it names nothing but a draft.
pub(super) fn id_of(text: &str) -> Result<&str, Answer> {
    let good = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if good { Ok(text) } else { Err(Answer::Missing) }
}

async fn show(
    State(app): Shared,
    here: Here,
    Path(id): Path<String>,
    Query(fields): Query<Vec<(String, String)>>,
) -> Result<Response, Answer> {
    let id = id_of(&id)?;
    let (known, kept, left) = {
        let letters = held(&app.letters);
        (letters.open(id).cloned(), letters.drafts.contains_key(id), letters.has_left(id))
    };
    let how = fields.iter().find(|(name, _)| name == "confirm").map(|(_, how)| how.as_str());
    let asked = how.is_some();
    // Somebody went back to 送信確認 after it was sent: an empty letter would look as if everything were lost.
    if asked && known.is_none() && !here.live {
        return Ok(here.done(&app, "/sent", here.say("no-draft-toast")));
    }
    let saved = known.as_ref().filter(|_| kept).map(|letter| moment(letter.saved));
    let letter = known.unwrap_or_else(|| Letter::new(id, (app.clock)()));
    let mut view = view(&app, &here, &letter, (Manner::New, format!("/compose/{id}")));
    if left {
        view.trouble.get_or_insert_with(|| went(&here, false));
    }
    // What is on no disk is not said to be.
    let saved = saved.filter(|_| app.keep_letters().is_ok());
    view.saved = saved.map(|at| format!("{} {at}", here.say("saved-draft")));
    if let (true, None, Some(seen)) = (asked, &view.trouble, sum(&letter)) {
        let warning = checked(&letter, here.lang());
        view.confirm = Some(Confirm {
            seen,
            changed: how == Some("changed"),
            warning: warning.map(|(many, lines)| (count(here.lang(), "check-found", many).into_owned(), lines)),
        });
    }
    // Files that were not added are told once; the files themselves are where they were.
    if !here.live && !asked {
        let mut letters = held(&app.letters);
        if let Some(letter) = letters.drafts.get_mut(id) {
            letter.left.retain(|left| left.bytes.is_some());
        }
        // A letter of which nothing but that was left is none any more.
        letters.drafts.retain(|known, letter| known != id || !letter.is_blank());
    }
    Ok(html(page::letter(&here.frame(&app), &view)))
}

/// A letter as its page shows it.
pub(super) fn view(app: &App, here: &Here, letter: &Letter, (manner, base): (Manner, String)) -> page::Letter {
    let lang = here.lang();
    let lines = letter.files.iter().enumerate().map(|(at, file)| FileLine::of(at.to_string(), &file.name, lang));
    let (other, csv): (Vec<FileLine>, Vec<FileLine>) = lines.partition(|line| line.kind == FileKind::Other);
    let route = letter.route().or(letter.bound);
    let own = letter.trouble.as_ref().map(|words| refusal(app, words, lang));
    page::Letter {
        manner,
        base,
        to: route.map(|(_, to)| party(app, to)),
        from: route.filter(|(from, _)| Some(*from) != app.settings.office).map(|(from, _)| party(app, from)),
        reach: route.map(|(_, to)| reached(&Reaches::of(&app.settings, (app.clock)()), to, lang)).unwrap_or_default(),
        csv,
        other,
        message: letter.message.clone(),
        left: left(app, letter, lang),
        trouble: here
            .trouble(app)
            .or_else(|| barred(app, letter).map(|words| pick(&words, lang)))
            .or(own)
            .or_else(|| unkept(app, lang)),
        saved: None,
        stop: super::home::stop(app, lang),
        confirm: None,
    }
}

fn left(app: &App, letter: &Letter, lang: Lang) -> Vec<Left> {
    let told = letter.left.iter().enumerate();
    told.map(|(at, left)| {
        let mut told = left.told(at, lang, &|office| party_line(app, office));
        told.to_batch = told.to_batch.map(|at| format!("{}/{at}", letter.id));
        told
    })
    .collect()
}

/// NW-18.
pub(super) fn reached(reaches: &Reaches<'_>, to: OfficeNumber, lang: Lang) -> Reach {
    match reaches.can(to) {
        Some(true) => Reach::Yes,
        Some(false) => Reach::No(say(lang, "reach-no").into_owned()),
        None => Reach::Unknown,
    }
}

/// Does this office send for that one?
pub(super) fn may_send_for(app: &App) -> impl Fn(OfficeNumber) -> bool + '_ {
    // Profile §15.10: an agent's row says itself what its mandates do not cover.
    |from| app.settings.agent.is_some() || app.settings.office == Some(from)
}

/// Changes a draft, which is made with the first thing that is in it. One that was only offered becomes a draft with the first change,
/// or when somebody keeps it. A letter that went is changed no more (Profile §15.6): then what was sent comes back.
fn change(app: &App, id: &str, sent: Sent, kept: bool, more: impl FnOnce(&mut Letter)) -> Result<(), Sent> {
    let mut letters = held(&app.letters);
    if letters.has_left(id) {
        return Err(sent);
    }
    let offered = letters.offered.remove(id);
    let before = offered.clone().filter(|_| !kept);
    let made = || offered.unwrap_or_else(|| Letter::new(id, (app.clock)()));
    let letter = letters.drafts.entry(id.to_owned()).or_insert_with(made);
    take(app, letter, sent);
    more(letter);
    let nothing = letter.is_blank();
    let same = before.is_some_and(|before| before.message == letter.message && before.files == letter.files);
    if nothing || same {
        let letter = letters.drafts.remove(id);
        letter.filter(|_| same).into_iter().for_each(|letter| letters.offer(letter));
    }
    drop(letters);
    app.tell("drafts");
    Ok(())
}

/// What was typed or dropped on a letter that went becomes a new draft: nothing typed is lost, and nothing that went comes back.
fn anew(app: &App, here: &Here, id: &str, sent: Sent) -> Response {
    let empty = sent.files.is_empty() && sent.message().is_none_or(|text| text.trim().is_empty());
    let fresh = if empty { id.to_owned() } else { random::hex() };
    if !empty {
        let _ = change(app, &fresh, sent, true, |_| ());
    }
    here.failed(app, &format!("/compose/{fresh}"), went(here, !empty))
}

fn went(here: &Here, moved: bool) -> Words {
    here.words("letter-went", if moved { "letter-went-moved" } else { "letter-went-next" })
}

/// What a form of the letter carries: whatever button was pressed, nothing typed and no file is lost.
pub(super) fn take(app: &App, letter: &mut Letter, sent: Sent) {
    if let Some(message) = sent.message().filter(|_| letter.typed.take(sent.get("typed").unwrap_or_default())) {
        letter.message = message.chars().take(crate::bundle::COVER_CHARACTERS).collect();
    }
    letter.saved = (app.clock)();
    letter.trouble = None;
    if sent.get("first").is_some() || !sent.files.is_empty() && sent.get("first").is_none() && letter.left.len() > 200 {
        letter.left.clear();
    }
    letter.left.extend(stayed(&sent));
    letter.add(sent.files, &may_send_for(app), app.most());
}

/// Removes the file that a button named, if it did.
pub(super) fn remove_from(letter: &mut Letter, key: Option<usize>) {
    if let Some(at) = key.filter(|at| *at < letter.files.len()) {
        letter.files.remove(at);
        letter.anyway = false;
    }
}

/// The script posts files in parts and shows the page itself.
pub(super) fn part_or(headers: &HeaderMap, to: &str) -> Response {
    if headers.contains_key("x-fumibako") { StatusCode::NO_CONTENT.into_response() } else { see(to) }
}

async fn files(
    State(app): Shared,
    here: Here,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Answer> {
    here.checked(&sent)?;
    Ok(match change(&app, id_of(&id)?, sent, true, |_| ()) {
        // The script says so on the page, which keeps what was typed.
        Err(_) if headers.contains_key("x-fumibako") => StatusCode::CONFLICT.into_response(),
        Err(sent) => anew(&app, &here, &id, sent),
        Ok(()) => part_or(&headers, &format!("/compose/{id}")),
    })
}

async fn remove(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let key = sent.get("remove").and_then(|key| key.parse().ok());
    Ok(match change(&app, id_of(&id)?, sent, false, |letter| remove_from(letter, key)) {
        Err(sent) => anew(&app, &here, &id, sent),
        Ok(()) => see(&format!("/compose/{id}")),
    })
}

/// NW-12: by itself, while somebody types.
async fn save(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    if change(&app, id_of(&id)?, sent, false, |_| ()).is_err() {
        // The page says so, and keeps what was typed.
        return Ok(StatusCode::CONFLICT.into_response());
    }
    Ok(kept(&app))
}

/// Answers a page that keeps what is typed: a full disk, or a key that is not at hand, must not look like a saved draft.
pub(super) fn kept(app: &App) -> Response {
    let kept = app.keep_letters().is_ok();
    if kept { StatusCode::NO_CONTENT } else { StatusCode::INSUFFICIENT_STORAGE }.into_response()
}

/// NW-11.
async fn keep(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    if let Err(sent) = change(&app, id_of(&id)?, sent, true, |_| ()) {
        return Ok(anew(&app, &here, &id, sent));
    }
    if let Err(why) = app.keep_letters() {
        return Ok(here.failed(&app, &format!("/compose/{id}"), pick(&both(&why), here.lang())));
    }
    Ok(here.done(&app, "/drafts", here.say("kept-toast")))
}

/// NW-13: opens 送信確認 and sends nothing.
async fn confirm(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let place = format!("/compose/{}", id_of(&id)?);
    if let Err(sent) = change(&app, &id, sent, false, |_| ()) {
        return Ok(anew(&app, &here, &id, sent));
    }
    let letter = held(&app.letters).open(&id).cloned();
    match unfit(&app, &here, letter.as_ref()) {
        Some(words) => Ok(here.failed(&app, &place, words)),
        None => Ok(see(&format!("{place}?confirm=yes"))),
    }
}

/// Why a letter cannot be sent as it is: it goes nowhere without a CSV, and only whole.
fn unfit(app: &App, here: &Here, letter: Option<&Letter>) -> Option<Words> {
    match letter.filter(|letter| letter.route().is_some()) {
        None => Some(here.words("need-csv", "need-csv-next")),
        Some(letter) => incomplete(letter).or_else(|| barred(app, letter)).map(|words| pick(&words, here.lang())),
    }
}

/// CF-02, CF-05: the draft leaves the list before it is sent, so a second click finds nothing to send. What was confirmed may
/// have changed since, in another window: what is not fit stays a draft, and what is another letter is confirmed anew.
async fn go(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let place = format!("/compose/{}", id_of(&id)?);
    let left = {
        let mut letters = held(&app.letters);
        let draft = letters.open(&id);
        match draft.map(|letter| unfit(&app, &here, Some(letter))) {
            Some(Some(words)) => Err(words),
            Some(None) if sent.get("seen") != draft.and_then(sum).as_deref() => {
                return Ok(see(&format!("{place}?confirm=changed")));
            }
            Some(None) => Ok(letters.leave(&id, sent.get("anyway").is_some())),
            None => Ok(None),
        }
    };
    let letter = match left {
        Ok(Some(letter)) => letter,
        Ok(None) => return Ok(see("/sent")),
        Err(words) => return Ok(here.failed(&app, &place, words)),
    };
    match send_draft(&app, letter).await {
        Fate::Failed(words) => Ok(here.failed(&app, &place, refusal(&app, &words, here.lang()))),
        Fate::Doubted => Ok(see(&format!("{place}?confirm=yes"))),
        Fate::Unasked => Ok(here.done(&app, "/batch", here.say("waits-listed-toast"))),
        Fate::Offline(_) => Ok(here.done(&app, "/sent", here.say("waits-toast"))),
        _ => Ok(here.done(&app, "/sent", here.say("sent-toast"))),
    }
}

/// The drafts, newest first.
pub(in crate::ui) fn newest(drafts: &BTreeMap<String, Letter>) -> Vec<&Letter> {
    let mut all: Vec<&Letter> = drafts.values().filter(|letter| !letter.is_empty()).collect();
    all.sort_by_key(|letter| std::cmp::Reverse(letter.saved));
    all
}
