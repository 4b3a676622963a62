//! 送信一覧 (TX) and the 受領証 of what was sent.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::{Lang, Serial, recognise, withdrawal};
use fumibako_model::{Fault, JAPAN, OfficeNumber, Private, Refused, State as How};
use fumibako_web::page::{self, SentRow, Way};
use fumibako_web::part::{Party, Words};
use fumibako_web::text::{count, say, say_with};
use jiff::{SignedDuration, Timestamp};

use super::compose::may_send_for;
use super::home::party_or;
use super::inbox::unreached;
use super::record::{self, Told};
use super::{Answer, Here, Shared, download, html, see};
use crate::outbox::Entry;
use crate::proof::{About, Proof};
use crate::random;
use crate::trouble::Trouble;
use crate::ui::form::{Sent, Upload};
use crate::ui::letters::Letter;
use crate::ui::paint::party;
use crate::ui::paint::{by_name, days, moment, pick, refusal};
use crate::ui::spot::Spot;
use crate::ui::state::{App, both, held};
use crate::ui::work::look::{Content, Gone, here as waiting_here, look, own_copy};
use crate::ui::work::prove::{self, about};

/// After so many days without the other side fetching it, somebody should telephone (TX-07); earlier where half of the time that the
/// gateway keeps it is over before.
const LATE_DAYS: i64 = 7;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sent", get(list))
        .route("/sent/refresh", post(refresh))
        .route("/sent/{id}", get(receipt))
        .route("/sent/{id}/proof", get(proof))
        .route("/sent/{id}/again", post(again))
        .route("/sent/{id}/withdraw", post(withdraw))
}

async fn list(State(app): Shared, here: Here) -> Result<Response, Answer> {
    let lang = here.lang();
    let rows = all(&app, &here)?;
    let trouble = here.trouble(&app).or_else(|| unreached(&app, lang));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(html(page::sent(&here.frame(&app), &page::Sent { rows, trouble, keeps: app.keeps() })))
}

async fn refresh(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    look(&app).await;
    Ok(here.done(&app, "/sent", ""))
}

/// What the gateway keeps, and what waits here; newest first. Beside each row, its Message-ID.
fn all(app: &App, here: &Here) -> Result<Vec<(String, SentRow)>, Trouble> {
    let (now, lang) = ((app.clock)(), here.lang());
    let (gone, entries) = (held(&app.mail).sent.clone(), waiting_here(&app.settings)?);
    let known = |entry: &&Entry| gone.values().any(|one| one.message_id == entry.message_id);
    let shown = gone.iter().filter(|(spot, _)| here.shows(spot.of));
    let mut rows: Vec<(Timestamp, String, SentRow)> =
        shown.map(|(spot, one)| (one.at, one.message_id.clone(), of_gateway(app, *spot, one, now, lang))).collect();
    let waiting = entries.iter().enumerate().filter(|(_, entry)| !known(entry) && here.shows(from_of(entry)));
    rows.extend(waiting.map(|(at, entry)| (entry.composed, entry.message_id.clone(), of_outbox(app, at, entry, lang))));
    let spoilt = crate::outbox::spoilt(&app.settings.data_folder)?;
    rows.extend(spoilt.iter().enumerate().map(|(at, one)| (one.0, String::new(), of_spoilt(at, one, lang))));
    rows.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    Ok(rows.into_iter().map(|(_, id, row)| (id, row)).collect())
}

/// The office that it is from.
fn from_of(entry: &Entry) -> Option<OfficeNumber> {
    entry.from().and_then(|from| from.office_number())
}

fn of_gateway(app: &App, spot: Spot, one: &Gone, now: Timestamp, lang: Lang) -> SentRow {
    let waits = days(one.at, now);
    let half = app.keeps().and_then(|days| i64::try_from(days / 2).ok());
    let late = waits >= half.map_or(LATE_DAYS, |half| half.clamp(1, LATE_DAYS));
    let many = usize::try_from(waits).unwrap_or_default();
    let to = party_or(app, one.to);
    let (way, note) = match one.state {
        _ if one.content == Content::Missing => (Way::Missing, say(lang, "note-missing")),
        Some(How::Expired) if one.fault.is_some() => {
            (Way::Expired, format!("{}{}", say(lang, "note-expired-unopened"), fault_words(one.fault, lang)).into())
        }
        _ if one.fault.is_some() => (Way::Failed, fault_words(one.fault, lang)),
        Some(How::Retrieved) => (Way::Reached(3), say(lang, "note-taken")),
        Some(How::HandedOver) if to.regional => (Way::HandedOver, say(lang, "note-handed-over-regional")),
        Some(How::HandedOver) => (Way::HandedOver, say(lang, "note-handed-over")),
        Some(How::Expired | How::Late) => (Way::Expired, say(lang, "note-expired")),
        // The gateway keeps it no more, and nobody could say what became of it.
        state if !one.is_there() => {
            (Way::Reached(if state == Some(How::Delivered) { 2 } else { 1 }), say(lang, "note-gone"))
        }
        Some(How::Delivered) => {
            (Way::Reached(2), count(lang, if late { "note-waits-long" } else { "note-waits" }, many))
        }
        Some(How::Accepted) | None => {
            (Way::Reached(1), count(lang, if late { "note-waits-long" } else { "note-waits" }, many))
        }
    };
    let open = matches!(way, Way::Reached(1 | 2)) && one.is_there();
    let note = one.days_left(now).map_or(note.clone(), |days| format!("{note} {}", left(days, lang)).into());
    SentRow {
        id: spot.to_string(),
        at: moment(one.at),
        of: spot.of.or(app.settings.office).map(|office| party(app, office)),
        to,
        by: by_name(app, one.by.as_ref()),
        message: one.cover.0.clone(),
        files: one.facts.as_ref().map_or(0, |facts| facts.files as usize),
        units: one.facts.as_ref().map(|facts| facts.kinds(lang)).unwrap_or_default(),
        way,
        note: note.into_owned(),
        late: late && open,
        there: one.is_there(),
    }
}

/// TX-07: who sent it is the one who must telephone, and by then.
fn left(days: i64, lang: Lang) -> Cow<'static, str> {
    match usize::try_from(days) {
        Ok(0) => say(lang, "sent-days-soon"),
        Ok(days) => count(lang, "sent-days-left", days),
        Err(_) => say(lang, "sent-days-kept"),
    }
}

/// What happened there, and what to do.
fn fault_words(fault: Option<Fault>, lang: Lang) -> Cow<'static, str> {
    fault.map_or(Cow::Borrowed(""), |fault| format!("{}{}", fault.sentence(lang), fault.next(lang)).into())
}

fn of_outbox(app: &App, at: usize, entry: &Entry, lang: Lang) -> SentRow {
    let facts = entry.facts();
    let (way, note) = match entry.refusal() {
        Some((refused, reference)) => (Way::Refused(refused_words(app, refused, reference, lang)), String::new()),
        None => (Way::Waiting, say(lang, "note-here").into_owned()),
    };
    SentRow {
        id: format!("w{at}"),
        at: moment(entry.composed),
        of: from_of(entry).map(|office| party(app, office)),
        to: party_or(app, entry.to().and_then(|to| to.office_number())),
        by: by_name(app, entry.agent.as_ref()),
        message: String::new(),
        files: facts.as_ref().map_or(0, |facts| facts.files as usize),
        units: facts.as_ref().map(|facts| facts.kinds(lang)).unwrap_or_default(),
        way,
        note,
        late: false,
        there: false,
    }
}

/// What was spoilt while it waited: nobody can say what it was.
fn of_spoilt(at: usize, (composed, why): &(Timestamp, Trouble), lang: Lang) -> SentRow {
    SentRow {
        id: format!("x{at}"),
        at: moment(*composed),
        of: None,
        to: Party { number: "?".into(), ..Party::default() },
        by: None,
        message: String::new(),
        files: 0,
        units: String::new(),
        way: Way::Refused(pick(&both(why), lang)),
        note: String::new(),
        late: false,
        there: false,
    }
}

fn refused_words(app: &App, refused: Refused, reference: Option<String>, lang: Lang) -> Words {
    refusal(app, &both(&Trouble::Refused { refused, reference }), lang)
}

/// TX-06, 再送: what was sent becomes a new letter, to be looked at before it goes once more.
async fn again(State(app): Shared, here: Here, Path(spot): Path<Spot>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let contents = match own_copy(&app, spot).await {
        Ok(contents) => contents.ok_or(Answer::Missing)?,
        Err(why) => return Ok(here.failed(&app, "/sent", pick(&both(&why), here.lang()))),
    };
    let files = contents.files.into_iter().map(|(name, bytes)| Upload { name: name.0, bytes });
    Ok(draft_of(&app, files.collect(), contents.cover.unwrap_or_default().0))
}

/// TX-06, 取消: a new letter with the deletes that withdraw what was sent. What left this computer cannot be taken back, and the
/// other side may have imported it: a delete is how the standard says so.
async fn withdraw(State(app): Shared, here: Here, Path(spot): Path<Spot>, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let contents = match own_copy(&app, spot).await {
        Ok(contents) => contents.ok_or(Answer::Missing)?,
        Err(why) => return Ok(here.failed(&app, "/sent", pick(&both(&why), here.lang()))),
    };
    let (now, at) = ((app.clock)(), held(&app.mail).sent.get(&spot).map(|one| moment(one.at)));
    let mut files: Vec<Upload> = Vec::new();
    for (name, bytes) in &contents.files {
        let Some(standard) = recognise(&name.0).standard() else { continue };
        // Each delete is a send unit of its own, so no two have one serial.
        let serial =
            Serial::at(JAPAN.to_datetime(now + SignedDuration::from_secs(files.len().try_into().unwrap_or(0))));
        if let Some((name, bytes)) = withdrawal(&standard, &bytes.0, serial) {
            files.push(Upload { name: name.to_string(), bytes: Private(bytes) });
        }
    }
    if files.is_empty() {
        return Ok(here.failed(&app, "/sent", here.words("withdraw-none", "withdraw-none-next")));
    }
    // To the other office, in its language.
    let message = say_with(Lang::Ja, "withdraw-message", &[("at", at.unwrap_or_default().into())]);
    Ok(draft_of(&app, files, message.into_owned()))
}

/// A new letter in 新規作成, sent by nobody yet, and a draft only once somebody changes or keeps it.
fn draft_of(app: &App, files: Vec<Upload>, message: String) -> Response {
    let id = random::hex();
    let mut letter = Letter::new(&id, (app.clock)());
    letter.message = message;
    letter.add(files, &may_send_for(app), app.most());
    held(&app.letters).offer(letter);
    see(&format!("/compose/{id}"))
}

async fn receipt(State(app): Shared, here: Here, Path(id): Path<String>) -> Result<Response, Answer> {
    let lang = here.lang();
    let (message_id, row) = all(&app, &here)?.into_iter().find(|(_, row)| row.id == id).ok_or(Answer::Missing)?;
    let fact = |id: &str, value: String| (here.say(id), value);
    let state = match &row.way {
        Way::Waiting => here.say("waiting"),
        Way::Refused(words) => format!("{}: {}", here.say("refused"), words.line(lang)),
        Way::Reached(1) => here.say("way-accepted"),
        Way::Reached(2) => here.say("way-delivered"),
        Way::Reached(_) => here.say(if row.to.regional { "way-taken-regional" } else { "way-taken" }),
        Way::HandedOver if row.to.regional => here.say("way-handed-over-regional"),
        Way::HandedOver => here.say("way-handed-over"),
        Way::Expired => here.say("gone"),
        Way::Failed => here.say("way-failed"),
        Way::Missing => here.say("way-missing"),
    };
    // Of what waits here, was refused, or is lost to it, the gateway has no evidence.
    let spot = id.parse::<Spot>().ok().filter(|_| row.way != Way::Missing);
    let one = spot.and_then(|spot| Some((spot, held(&app.mail).sent.get(&spot).cloned()?)));
    let told = match one.and_then(|(spot, one)| about(&app, spot, &one)) {
        Some(about) => Some(record::told(&app, about, lang).await),
        None => None,
    };
    let has_file = told.is_some();
    // The number that the gateway answered with: all that is in hand where its evidence is not.
    let (entries, to) = (crate::outbox::look(&app.settings.data_folder)?, row.to.number.parse().ok());
    let answered = entries.iter().find(|entry| entry.is(&message_id, to)).and_then(Entry::evidence);
    let Told { title, lacks, number, facts: evidence, trouble } = told.unwrap_or_default();
    let mut facts = vec![
        fact("to-office", format!("{} {}", row.to.number, row.to.name.clone().unwrap_or_default())),
        fact("sent-at", row.at.clone()),
        fact("file", format!("{} {}", count(lang, "files", row.files), row.units)),
        fact(
            "fact-evidence",
            number
                .or(answered.map(|id| id.to_string()))
                .unwrap_or_else(|| here.say(if has_file { "evidence-in-file" } else { "evidence-none" })),
        ),
        fact("fact-message-id", message_id),
    ];
    // Where the evidence says otherwise than the list, the list is wrong.
    if title == row.way.proof() || evidence.is_empty() {
        facts.insert(3, fact("fact-state", told_once(&state, &row.note, lang)));
    }
    facts.extend(evidence);
    let file = has_file.then(|| (format!("/sent/{id}/proof"), record::options(&app.settings)));
    let trouble = trouble.or(here.trouble(&app));
    let view = page::Receipt { inbox: false, proof: title, facts, lacks, file, trouble };
    Ok(html(page::receipt(&here.frame(&app), &view)))
}

/// A state and the note on it; a note that says the state needs none before it, as 「取得済」 and 「取得されず期限切れ」.
fn told_once(state: &str, note: &str, lang: Lang) -> String {
    let repeats = note.to_lowercase().contains(&state.to_lowercase());
    match note {
        "" => state.to_owned(),
        note if repeats => note.to_owned(),
        note => format!("{state}{}{note}", lang.pick("。", ". ")),
    }
}

/// TX-05: the file that proves it.
async fn proof(State(app): Shared, here: Here, Path(spot): Path<Spot>) -> Result<Response, Answer> {
    let one = held(&app.mail).sent.get(&spot).cloned().ok_or(Answer::Missing)?;
    let about = about(&app, spot, &one).ok_or(Answer::Missing)?;
    Ok(proven(&app, &here, &format!("/sent/{spot}"), (one.at, about)).await)
}

/// The file to save, or the page with why there is none.
pub(super) async fn proven(app: &Arc<App>, here: &Here, page: &str, (at, about): (Timestamp, About)) -> Response {
    match prove::proof(app, about).await {
        Ok(Proof { octets, .. }) => {
            download(&format!("fumibako-proof-{}.json", JAPAN.to_datetime(at).strftime("%Y%m%d-%H%M%S")), octets)
        }
        Err(why) => here.failed(app, page, pick(&both(&why), here.lang())),
    }
}
