//! 一括送信 (BT), its 編集 (BE) and its progress (BP).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_web::page::{self, Batch, BatchRow, Manner, Progress, ProgressRow, RowState};
use fumibako_web::part::{FileLine, Party};
use fumibako_web::text::count;

use super::compose::{id_of, kept, may_send_for, part_or, reached, remove_from, take, view};
use super::{Answer, Here, Shared, html, see, unkept};
use crate::random;
use crate::ui::form::{Sent, Upload};
use crate::ui::letters::{Fate, Letter, NotAdded, Route, Why, route, stayed};
use crate::ui::paint::{party, party_line, pick, refusal};
use crate::ui::state::{App, Letters, Run, held};
use crate::ui::work::mandated::barred;
use crate::ui::work::post::{Reaches, batch as send_all, checked, goes};

/// Most rows of the list; a folder of files for more offices is sent in parts.
const ROWS: usize = 1_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/batch", get(list))
        .route("/batch/files", post(files))
        .route("/batch/move", post(moved))
        .route("/batch/remove", post(remove))
        .route("/batch/message", post(message))
        .route("/batch/send", post(send))
        .route("/batch/anyway", post(anyway))
        .route("/batch/stop", post(stop))
        .route("/batch/ok", post(ok))
        .route("/batch/{id}", get(edit))
        .route("/batch/{id}/files", post(edit_files))
        .route("/batch/{id}/remove", post(edit_remove))
        .route("/batch/{id}/save", post(edit_save))
        .route("/batch/{id}/update", post(update))
        .route("/batch/{id}/discard", post(discard))
}

async fn list(State(app): Shared, here: Here, Query(fields): Query<Vec<(String, String)>>) -> Response {
    let lang = here.lang();
    let ticked: Vec<&String> = fields.iter().filter(|(name, _)| name == "row").map(|(_, id)| id).collect();
    let (rows, left) = {
        let letters = held(&app.letters);
        (letters.rows.values().map(Letter::listed).collect::<Vec<_>>(), letters.left.clone())
    };
    let reaches = Reaches::of(&app.settings, (app.clock)());
    let shown = rows.iter().filter(|row| here.shows(row.route().map(|(from, _)| from)));
    let rows: Vec<BatchRow> = shown.map(|row| row_of(&app, row, &ticked, lang, &reaches)).collect();
    let told = left.iter().enumerate();
    let left = told.map(|(at, left)| left.told(at, lang, &|office| party_line(&app, office))).map(|mut left| {
        left.to_batch = None;
        left
    });
    let left = left.collect();
    let progress = held(&app.run).clone().map(|run| progress_of(&app, &run, lang));
    let (trouble, stop) = (here.trouble(&app).or_else(|| unkept(&app, lang)), super::home::stop(&app, lang));
    let view = Batch { rows: sorted(rows), left, trouble, progress, stop };
    html(page::batch(&here.frame(&app), &view))
}

/// By name, as people look for it.
fn sorted(mut rows: Vec<BatchRow>) -> Vec<BatchRow> {
    let from = |row: &BatchRow| row.from.as_ref().map(|from| from.number.clone());
    rows.sort_by(|a, b| (from(a), &a.to.number, &a.id).cmp(&(from(b), &b.to.number, &b.id)));
    rows
}

fn row_of(app: &App, row: &Letter, ticked: &[&String], lang: Lang, reaches: &Reaches<'_>) -> BatchRow {
    let route = row.route();
    let to = route.map_or_else(Party::default, |(_, to)| party(app, to));
    let reach = route.map(|(_, to)| reached(reaches, to, lang));
    BatchRow {
        id: row.id.clone(),
        to,
        from: for_whom(app, row),
        written: row.written().unwrap_or_default(),
        message: row.message.clone(),
        files: row.files.iter().enumerate().map(|(at, file)| FileLine::of(at.to_string(), &file.name, lang)).collect(),
        state: match barred(app, row).filter(|_| row.fate.is_open()) {
            Some(words) => RowState::Barred(pick(&words, lang)),
            None => state_of(app, row, lang),
        },
        reach: reach.unwrap_or_default(),
        ticked: ticked.contains(&&row.id),
    }
}

/// The office that an agent sends it for.
fn for_whom(app: &App, row: &Letter) -> Option<Party> {
    row.route().filter(|(from, _)| Some(*from) != app.settings.office).map(|(from, _)| party(app, from))
}

fn state_of(app: &App, row: &Letter, lang: Lang) -> RowState {
    match &row.fate {
        Fate::Unsent => RowState::Unsent,
        Fate::Waiting => RowState::Waiting,
        Fate::Offline(_) | Fate::Unasked => RowState::Offline,
        Fate::Sending => RowState::Sending,
        Fate::Done => RowState::Done,
        Fate::Failed(words) => RowState::Failed(refusal(app, words, lang)),
        Fate::Stopped => RowState::Stopped,
        Fate::Doubted => {
            let (many, lines) = checked(row, lang).unwrap_or_default();
            RowState::Doubted { heading: count(lang, "check-found", many).into_owned(), lines }
        }
    }
}

fn progress_of(app: &App, run: &Run, lang: Lang) -> Progress {
    let letters: BTreeMap<String, Letter> =
        held(&app.letters).rows.iter().map(|(id, row)| (id.clone(), row.listed())).collect();
    let row = |id: &String| {
        let letter = letters.get(id)?;
        let to = letter.route().map_or_else(Party::default, |(_, to)| party(app, to));
        let written = letter.written().unwrap_or_default();
        Some(ProgressRow {
            id: id.clone(),
            to,
            from: for_whom(app, letter),
            written,
            state: state_of(app, letter, lang),
        })
    };
    Progress { rows: run.rows.iter().filter_map(row).collect(), running: run.running, stopping: run.stopping }
}

/// BT-01 to BT-03: sorted as they come, one row a destination.
async fn files(State(app): Shared, here: Here, headers: HeaderMap, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let mut letters = held(&app.letters);
    if sent.get("first").is_some() || !headers.contains_key("x-fumibako") {
        letters.left.clear();
    }
    letters.left.extend(stayed(&sent));
    for file in sent.files {
        add(&app, &mut letters, file);
    }
    drop(letters);
    app.tell("batch");
    Ok(part_or(&headers, "/batch"))
}

/// Puts a file into the row of its sender and recipient (PX-02), or says why not.
fn add(app: &App, letters: &mut Letters, file: Upload) {
    let why = match route(&file.name) {
        Err(why) => why,
        Ok(None) => Why::NotCsv,
        Ok(Some(route)) => return add_to_row(app, letters, file, route),
    };
    letters.left.push(NotAdded { name: file.name, why, bytes: None });
}

fn add_to_row(app: &App, letters: &mut Letters, file: Upload, wanted: Route) {
    // What is being sent takes no more files, nor does what goes by itself: a row of its own then.
    let open = |row: &&Letter| row.fate.is_open() && row.fate != Fate::Unasked && row.route() == Some(wanted);
    let known = letters.rows.values().find(open).map(|row| row.id.clone());
    let id = known.unwrap_or_else(random::hex);
    if letters.rows.len() >= ROWS && !letters.rows.contains_key(&id) {
        letters.left.push(NotAdded { name: file.name, why: Why::Many, bytes: None });
        return;
    }
    let row = letters.rows.entry(id.clone()).or_insert_with(|| Letter::new(&id, (app.clock)()));
    row.add(vec![file], &may_send_for(app), app.most());
    let mut left = std::mem::take(&mut row.left);
    if row.files.is_empty() {
        letters.rows.remove(&id);
    }
    letters.left.append(&mut left);
}

/// NW-07: a file that goes to another office, from 新規作成 or from 編集.
async fn moved(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let (id, at) = sent.get("move").and_then(|key| key.split_once('/')).ok_or(Answer::Missing)?;
    let at: usize = at.parse().map_err(|_| Answer::Missing)?;
    let (id, message) = (id_of(id)?.to_owned(), sent.message());
    let mut letters = held(&app.letters);
    let Letters { drafts, offered, edits, .. } = &mut *letters;
    let (letter, back) = match drafts.get_mut(&id).or_else(|| offered.get_mut(&id)) {
        Some(draft) => (draft, format!("/compose/{id}")),
        None => (edits.get_mut(&id).ok_or(Answer::Missing)?, format!("/batch/{id}")),
    };
    if at >= letter.left.len() {
        return Err(Answer::Missing);
    }
    letter.message = message.unwrap_or_else(|| letter.message.clone());
    let left = letter.left.remove(at);
    if let Some(bytes) = left.bytes {
        add(&app, &mut letters, Upload { name: left.name, bytes });
    }
    drop(letters);
    app.tell("batch");
    Ok(here.done(&app, &back, here.say("moved-toast")))
}

/// The rows that are ticked; none: nothing is (BT-09).
fn ticked(app: &App, sent: &Sent) -> Option<Vec<String>> {
    let rows: Vec<String> = sent.all("row").into_iter().filter(|id| held(&app.letters).rows.contains_key(id)).collect();
    if rows.is_empty() { None } else { Some(rows) }
}

fn nothing_ticked(app: &App, here: &Here) -> Response {
    here.failed(app, "/batch", here.words("choose-first", "choose-first-next"))
}

/// BT-07.
async fn remove(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let Some(rows) = ticked(&app, &sent) else { return Ok(nothing_ticked(&app, &here)) };
    // What waits for its turn or in the outbox goes out: it must not look as if it did not.
    let mut bound = false;
    held(&app.letters).rows.retain(|id, row| {
        let goes = row.fate.is_open() || row.fate == Fate::Done;
        let ticked = rows.contains(id);
        bound |= ticked && !goes;
        !ticked || !goes
    });
    app.tell("batch");
    if bound {
        return Ok(here.failed(&app, "/batch", here.words("bound-remove", "bound-next")));
    }
    Ok(here.done(&app, "/batch", here.say("removed-toast")))
}

/// BE-05.
async fn message(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let Some(rows) = ticked(&app, &sent) else { return Ok(nothing_ticked(&app, &here)) };
    let text = sent.message().unwrap_or_default();
    if text.trim().is_empty() {
        // Who wants none takes it off a row in 編集; here an empty field is one that was not filled in.
        return Ok(here.failed(&app, "/batch", here.words("message-empty", "message-empty-next")));
    }
    let mut bound = false;
    for (_, row) in held(&app.letters).rows.iter_mut().filter(|(id, _)| rows.contains(id)) {
        if row.fate.is_open() {
            row.message.clone_from(&text);
        } else {
            bound = true;
        }
    }
    app.tell("batch");
    Ok(if bound { bound_row(&app, &here) } else { see("/batch") })
}

/// BT-08: sends the ticked rows.
async fn send(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let Some(rows) = ticked(&app, &sent) else { return Ok(nothing_ticked(&app, &here)) };
    let doubted = begin(&app, rows);
    Ok(if doubted {
        here.failed(&app, "/batch", here.words("doubted-rows", "doubted-rows-next"))
    } else {
        see("/batch")
    })
}

/// NW-17: somebody read what was found in a row, and sends it all the same.
async fn anyway(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let id = sent.get("anyway").unwrap_or_default().to_owned();
    if let Some(row) = held(&app.letters).rows.get_mut(&id).filter(|row| row.fate == Fate::Doubted) {
        row.anyway = true;
    }
    begin(&app, vec![id]);
    Ok(see("/batch"))
}

/// Sends rows beside the requests; closing the window stops nothing (BP-10). True: with errors in them, some do not go unasked.
fn begin(app: &Arc<App>, rows: Vec<String>) -> bool {
    let doubted = {
        let mut run = held(&app.run);
        if run.as_ref().is_some_and(|run| run.running) {
            return false;
        }
        let (rows, doubted) = order(app, rows);
        if rows.is_empty() && doubted {
            drop(run);
            app.tell("batch");
            return true;
        }
        *run = Some(Run { rows, running: true, stopping: false });
        doubted
    };
    let sending = app.clone();
    tokio::spawn(async move {
        send_all(sending.clone()).await;
        // Whether the network is there, if a row waits for it.
        sending.look.notify_one();
    });
    app.tell("progress");
    doubted
}

/// In the order of the list, each waiting for its turn; what has errors waits for a word instead.
fn order(app: &App, rows: Vec<String>) -> (Vec<String>, bool) {
    let (mut letters, mut doubted) = (held(&app.letters), false);
    let mut keyed: Vec<(String, String)> = Vec::new();
    for id in rows {
        // A row that went, or is in the outbox, would go twice.
        let may = |row: &&mut Letter| row.fate.is_open() || row.fate == Fate::Waiting;
        if let Some(row) = letters.rows.get_mut(&id).filter(may) {
            if !goes(row) {
                (row.fate, doubted) = (Fate::Doubted, true);
                continue;
            }
            row.fate = Fate::Waiting;
            keyed.push((row.route().map(|(from, to)| format!("{from} {to}")).unwrap_or_default(), id));
        }
    }
    keyed.sort();
    (keyed.into_iter().map(|(_, id)| id).collect(), doubted)
}

/// BP-04, BP-07: the one in flight goes on to its end. What stops is written down with the same step: a start anew sends none of it.
async fn stop(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    if let Some(run) = held(&app.run).as_mut().filter(|run| run.running) {
        run.stopping = true;
        let mut letters = held(&app.letters);
        for id in &run.rows {
            if let Some(row) = letters.rows.get_mut(id) {
                row.fate.stop();
            }
        }
    }
    app.tell("progress");
    Ok(see("/batch"))
}

/// BP-05: what was sent leaves the list, the rest stays.
async fn ok(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let ended = held(&app.run).as_ref().is_some_and(|run| !run.running);
    if ended {
        *held(&app.run) = None;
        held(&app.letters).rows.retain(|_, row| row.fate != Fate::Done);
    }
    app.tell("batch");
    Ok(see("/batch"))
}

/// A row that is on its way cannot be changed any more: a second bundle would go out.
fn bound_row(app: &App, here: &Here) -> Response {
    here.failed(app, "/batch", here.words("bound-edit", "bound-next"))
}

/// BE-01: the copy that is being edited; the row itself stays as it is until 更新.
async fn edit(State(app): Shared, here: Here, Path(id): Path<String>) -> Result<Response, Answer> {
    let copy = {
        let letters = held(&app.letters);
        let row = letters.rows.get(&id).ok_or(Answer::Missing)?;
        row.fate.is_open().then(|| Letter { bound: row.route(), ..letters.edits.get(&id).unwrap_or(row).clone() })
    };
    let Some(mut copy) = copy else { return Ok(bound_row(&app, &here)) };
    if let Fate::Failed(words) = &copy.fate {
        copy.trouble.get_or_insert_with(|| words.clone());
    }
    let view = view(&app, &here, &copy, (Manner::Edit, format!("/batch/{id}")));
    Ok(html(page::letter(&here.frame(&app), &view)))
}

/// Changes the copy of a row. `Ok(false)`: the row is on its way, and nothing was changed.
fn change(app: &App, id: &str, sent: Sent, more: impl FnOnce(&mut Letter)) -> Result<bool, Answer> {
    let mut letters = held(&app.letters);
    let row = letters.rows.get_mut(id).ok_or(Answer::Missing)?;
    if !row.fate.is_open() {
        return Ok(false);
    }
    // What somebody puts right must not go as it was, only because the network comes back meanwhile.
    if row.fate == Fate::Unasked {
        row.fate = Fate::Unsent;
    }
    let (original, bound) = (row.clone(), row.route());
    let copy = letters.edits.entry(id.to_owned()).or_insert(original);
    copy.bound = bound;
    take(app, copy, sent);
    more(copy);
    Ok(true)
}

async fn edit_files(
    State(app): Shared,
    here: Here,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let changed = change(&app, &id, sent, |_| ())?;
    Ok(if changed { part_or(&headers, &format!("/batch/{id}")) } else { bound_row(&app, &here) })
}

/// NW-12, of a copy.
async fn edit_save(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let changed = change(&app, &id, sent, |_| ())?;
    Ok(if changed { kept(&app) } else { bound_row(&app, &here) })
}

async fn edit_remove(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let key = sent.get("remove").and_then(|key| key.parse().ok());
    let changed = change(&app, &id, sent, |letter| remove_from(letter, key))?;
    Ok(if changed { see(&format!("/batch/{id}")) } else { bound_row(&app, &here) })
}

/// BE-04.
async fn update(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    if !change(&app, &id, sent, |copy| {
        copy.left.clear();
        copy.fate = Fate::Unsent;
    })? {
        return Ok(bound_row(&app, &here));
    }
    let nowhere = {
        let mut letters = held(&app.letters);
        let open = letters.rows.get(&id).is_some_and(|row| row.fate.is_open());
        let nowhere = open && letters.edits.get(&id).is_some_and(|copy| copy.route().is_none());
        // Sent meanwhile, in another window: what went stays as it went.
        if let Some(edited) = (!nowhere).then(|| letters.edits.remove(&id)).flatten().filter(|_| open) {
            letters.rows.insert(id.clone(), edited);
        }
        nowhere
    };
    app.tell("batch");
    // Without a file of the standard it goes nowhere; the PDFs and the message stay, and wait for one.
    if nowhere {
        return Ok(here.failed(&app, &format!("/batch/{id}"), here.words("need-csv", "need-csv-next")));
    }
    Ok(see("/batch"))
}

async fn discard(State(app): Shared, here: Here, Path(id): Path<String>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    held(&app.letters).edits.remove(&id);
    app.tell("batch");
    Ok(see("/batch"))
}
