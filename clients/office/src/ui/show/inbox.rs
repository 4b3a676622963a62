//! 受信一覧 (RX), 受信詳細 (RD) and データ取得.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as At, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use fumibako_careplan::Lang;
use fumibako_web::page::{self, Filter, Inbox, ReceivedRow, SaveDialog, Signer, Taken};
use fumibako_web::part::{FileLine, Words};
use fumibako_web::text::{count, say, say_with};

use super::home::party_or;
use super::record::{self, Told};
use super::sent::proven;
use super::{Answer, Here, Shared, html, own_address, see};
use crate::proof::About;
use crate::trouble::Trouble;
use crate::ui::form::Sent;
use crate::ui::paint::{by_name, by_name_and_id, moment, party, pick, refusal, words};
use crate::ui::spot::Spot;
use crate::ui::state::{App, held};
use crate::ui::work::look::{Arrived, look};
use crate::ui::work::save::{Saved, save};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/inbox", get(list))
        .route("/inbox/refresh", post(refresh))
        .route("/inbox/save", post(ask))
        .route("/inbox/save-all", post(ask_all))
        .route("/inbox/fetch", post(fetch))
        .route("/inbox/{uid}", get(one))
        .route("/inbox/{uid}/receipt", get(receipt))
        .route("/inbox/{uid}/proof", get(proof))
}

type Fields = Query<Vec<(String, String)>>;

async fn list(State(app): Shared, here: Here, Query(fields): Fields) -> Response {
    let of =
        |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let filter = Filter { only_new: of("show") == "new", office: of("office"), month: of("month") };
    let chosen: Vec<String> = fields.iter().filter(|(name, _)| name == "save").map(|(_, uid)| uid.clone()).collect();
    let trouble = here.trouble(&app);
    let lang = here.lang();
    let rows: Vec<ReceivedRow> = rows(&app, &here, &chosen).into_iter().filter(|row| passes(row, &filter)).collect();
    let dialog = dialog(&app, &here, &chosen, ("/inbox", trouble.clone()));
    let view = Inbox {
        trouble: if dialog.is_some() { None } else { trouble.or_else(|| unreached(&app, lang)) },
        saved: here.session.saved.clone(),
        rows,
        filter,
        dialog,
        keeps: app.keeps(),
    };
    if !here.live {
        app.sessions.with(&here.id, |session| session.saved = None);
    }
    html(page::inbox(&here.frame(&app), &view))
}

/// The list is only as new as the last answer of the gateway, and says so.
pub(super) fn unreached(app: &App, lang: Lang) -> Option<Words> {
    let mail = held(&app.mail);
    let mut words = pick(&mail.link.as_ref()?.as_ref().err()?.words, lang);
    if let Some(at) = mail.checked {
        words.next.push_str(lang.pick("", " "));
        words.next.push_str(&say_with(lang, "as-of", &[("at", moment(at).into())]));
    }
    Some(words)
}

fn passes(row: &ReceivedRow, filter: &Filter) -> bool {
    let office = filter.office.trim();
    let named = row.from.name.as_deref().unwrap_or_default();
    (!filter.only_new || row.taken == Taken::New)
        && (office.is_empty() || row.from.number.contains(office) || named.contains(office))
        && (filter.month.is_empty() || row.at.starts_with(&filter.month.replace('-', "/")))
}

fn rows(app: &App, here: &Here, chosen: &[String]) -> Vec<ReceivedRow> {
    let (inbox, lang) = (held(&app.mail).inbox.clone(), here.lang());
    let now = (app.clock)();
    let row = |(spot, one): (&Spot, &Arrived)| ReceivedRow {
        id: spot.to_string(),
        at: moment(one.at),
        of: spot.of.map(|office| party(app, office)),
        from: party_or(app, one.from),
        by: by_name(app, one.by.as_ref()),
        message: one.cover.0.clone(),
        files: files(one, lang),
        taken: taken(app, one, lang),
        days: one.days_left(now).filter(|_| one.is_new()),
        there: !one.gone,
        ticked: chosen.contains(&spot.to_string()),
    };
    let mut shown: Vec<(&Spot, &Arrived)> = inbox.iter().filter(|(spot, _)| here.shows(spot.of)).collect();
    // Newest first, whosever it is; each folder counts for itself.
    shown.sort_by_key(|(spot, one)| std::cmp::Reverse((one.at, spot.uid)));
    shown.into_iter().map(row).collect()
}

fn files(one: &Arrived, lang: Lang) -> Vec<FileLine> {
    one.files.iter().enumerate().map(|(at, name)| FileLine::of(at.to_string(), &name.0, lang)).collect()
}

fn taken(app: &App, one: &Arrived, lang: Lang) -> Taken {
    if let Some(owed) = one.owed.as_ref().filter(|_| one.wrong.is_none()) {
        return Taken::Owed(owed.refused.as_ref().map(|words| refusal(app, words, lang)));
    }
    match &one.wrong {
        _ if one.gone && !one.done => Taken::Gone,
        // Another computer of the office fetched it, with a key or a list that is not here.
        Some(_) if one.done => Taken::Elsewhere,
        Some(wrong) => {
            let mut words = pick(&wrong.words, lang);
            if wrong.told == Some(true) {
                words.next.push_str(lang.pick("", " "));
                words.next.push_str(&say(lang, "told-sender"));
            }
            Taken::Distrusted(words)
        }
        None if one.done => Taken::Done,
        None if one.withheld => Taken::Withheld,
        None => Taken::New,
    }
}

/// RX-03.
async fn refresh(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let fresh = look(&app).await;
    let failed = unreached(&app, here.lang()).is_some();
    let word = match fresh {
        _ if failed => String::new(),
        0 => here.say("nothing-new"),
        many => count(here.lang(), "new-arrived", many).into_owned(),
    };
    Ok(here.done(&app, "/inbox", word))
}

/// Opens the dialog for what was ticked.
async fn ask(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    Ok(asked(&app, &here, sent.all("row"), own_address(sent.get("back").unwrap_or("/inbox"))))
}

/// RX-11: for everything that is new.
async fn ask_all(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let mail = held(&app.mail);
    let new = mail.inbox.iter().filter(|(spot, one)| one.is_new() && here.shows(spot.of));
    let all = new.map(|(spot, _)| spot.to_string()).collect();
    drop(mail);
    Ok(asked(&app, &here, all, "/inbox"))
}

fn asked(app: &App, here: &Here, rows: Vec<String>, back: &str) -> Response {
    app.sessions.with(&here.id, |session| session.folder = None);
    if rows.is_empty() {
        return here.failed(app, back, here.words("choose-first", "choose-first-next"));
    }
    let query: Vec<String> =
        rows.iter().filter(|spot| spot.parse::<Spot>().is_ok()).map(|spot| format!("save={spot}")).collect();
    see(&format!("{back}?{}", query.join("&")))
}

fn dialog(app: &App, here: &Here, chosen: &[String], (back, trouble): (&str, Option<Words>)) -> Option<SaveDialog> {
    let mail = held(&app.mail);
    let known: Vec<(Spot, usize, bool)> = chosen
        .iter()
        .filter_map(|spot| spot.parse().ok())
        .filter_map(|spot| {
            let one = mail.inbox.get(&spot).filter(|one| one.wrong.is_none() && !one.gone)?;
            Some((spot, one.files.len(), one.done || one.withheld))
        })
        .collect();
    drop(mail);
    if known.is_empty() {
        return None;
    }
    let seen: Vec<String> = known.iter().filter(|(_, _, saved)| *saved).map(|(spot, ..)| spot.to_string()).collect();
    let folder = here.session.folder.clone().unwrap_or_else(|| app.save_folder().display().to_string());
    Some(SaveDialog {
        missing: is_missing(Path::new(&folder)),
        again: seen,
        files: known.iter().map(|(_, files, _)| files).sum(),
        rows: known.iter().map(|(spot, ..)| spot.to_string()).collect(),
        folder,
        trouble,
        back: back.to_owned(),
    })
}

/// RX-05, RX-06, RD-02: saves, and only then acknowledges.
async fn fetch(State(app): Shared, here: Here, sent: Sent) -> Result<Response, Answer> {
    here.checked(&sent)?;
    let spots = |name: &str| sent.all(name).iter().filter_map(|spot| spot.parse().ok()).collect::<Vec<Spot>>();
    let (rows, again) = (spots("row"), spots("again"));
    let back = own_address(sent.get("back").unwrap_or("/inbox")).to_owned();
    let typed = sent.get("folder").map(str::trim).filter(|typed| !typed.is_empty());
    let folder = typed.map_or_else(|| app.save_folder(), Into::into);
    // What was typed stays: the dialog opens once more, with the reason in it, for what is not saved.
    app.sessions.with(&here.id, |session| session.folder = Some(folder.display().to_string()));
    let reopen = |app: &App, rows: &[Spot], words: Words| {
        let asked: Vec<String> = rows.iter().map(|spot| format!("save={spot}")).collect();
        let to = if rows.is_empty() { "/inbox".into() } else { format!("{back}?{}", asked.join("&")) };
        here.failed(app, &to, words)
    };
    // A folder below wherever this program happens to run would be found by nobody.
    if !folder.is_absolute() {
        return Ok(reopen(&app, &rows, here.words("folder-relative", "folder-relative-next")));
    }
    if is_missing(&folder) && sent.get("create") != folder.to_str() {
        return Ok(reopen(&app, &rows, here.words("folder-missing", "folder-missing-next")));
    }
    let saved = match save(&app, [&rows, &again], folder.clone()).await {
        Ok(saved) => saved,
        Err(trouble) => return Ok(reopen(&app, &rows, words(&trouble.on_screen(here.lang())))),
    };
    if let Some(trouble) = &saved.stopped {
        let left: Vec<Spot> = rows.into_iter().filter(|spot| !saved.rows.contains(spot)).collect();
        return Ok(reopen(&app, &left, stopped(trouble, saved.rows.len(), here.lang())));
    }
    let written = saved.rows.len() - saved.before.len();
    app.sessions.with(&here.id, |session| {
        (session.saved, session.folder) = ((written > 0).then(|| folder.display().to_string()), None);
    });
    Ok(here.done(&app, &back, became(&saved, written, here.lang())))
}

/// What was saved, what had been and where, and whose receipt was refused.
fn became(saved: &Saved, written: usize, lang: Lang) -> String {
    let mut words = Vec::new();
    if written > 0 || saved.before.is_empty() {
        words.push(count(lang, "saved-toast", written));
    }
    if let Some(folder) = saved.before.first() {
        let (many, folder) = (saved.before.len(), folder.display().to_string());
        words.push(say_with(lang, "saved-earlier", &[("count", many.into()), ("folder", folder.into())]));
    }
    if saved.owed > 0 {
        words.push(count(lang, "saved-owed", saved.owed));
    }
    words.join(lang.pick("", " "))
}

/// Would this folder have to be made? One that was mistyped, or whose drive is not there, is not made unasked.
fn is_missing(folder: &Path) -> bool {
    folder.is_absolute() && !folder.exists()
}

/// Why not everything was saved, and that the rest was.
fn stopped(trouble: &Trouble, saved: usize, lang: Lang) -> Words {
    let mut words = words(&trouble.on_screen(lang));
    if saved > 0 {
        words.next.push_str(lang.pick("", " "));
        words.next.push_str(&count(lang, "saved-before", saved));
    }
    words
}

async fn one(State(app): Shared, here: Here, At(uid): At<Spot>, Query(fields): Fields) -> Result<Response, Answer> {
    let one = held(&app.mail).inbox.get(&uid).cloned().ok_or(Answer::Missing)?;
    let lang = here.lang();
    let trouble = here.trouble(&app);
    let asked = fields.iter().any(|(name, _)| name == "save");
    let signer = one.seal.as_ref().map(|seal| Signer {
        subject: seal.subject.clone(),
        issuer: seal.issuer.clone(),
        at: seal.at.map_or_else(|| "-".into(), moment),
        sealed: seal.sealed,
    });
    let view = page::Received {
        id: uid.to_string(),
        at: moment(one.at),
        of: uid.of.map(|office| party(&app, office)),
        from: party_or(&app, one.from),
        by: by_name_and_id(&app, one.by.as_ref(), lang),
        taken: taken(&app, &one, lang),
        message: one.cover.0.clone(),
        files: files(&one, lang),
        days: one.days_left((app.clock)()).filter(|_| one.is_new()),
        signer,
        folder: one.folder.as_ref().map(|folder| folder.display().to_string()),
        there: !one.gone,
        receipt: has_page(&one).then(|| say(lang, if one.done { "taken" } else { "gone" }).into_owned()),
        dialog: if asked { dialog(&app, &here, &[uid.to_string()], (&format!("/inbox/{uid}"), trouble)) } else { None },
    };
    Ok(html(page::received(&here.frame(&app), &view)))
}

/// Is there something to print? Of a receipt that the gateway has not taken there is not.
fn has_page(one: &Arrived) -> bool {
    one.done || one.gone && one.owed.is_none()
}

/// The page to print about one message: 受領証 of what was fetched, and of what went before (RX-14) the record that it did.
async fn receipt(State(app): Shared, here: Here, At(uid): At<Spot>) -> Result<Response, Answer> {
    let one = held(&app.mail).inbox.get(&uid).filter(|one| has_page(one)).cloned().ok_or(Answer::Missing)?;
    let from = party_or(&app, one.from);
    let fact = |id: &str, value: String| (here.say(id), value);
    let mut facts = vec![
        fact("from-office", format!("{} {}", from.number, from.name.unwrap_or_default())),
        fact("received-at", moment(one.at)),
    ];
    if let Some(end) = one.end().filter(|_| !one.done) {
        facts.push(fact("kept-until", moment(end)));
    }
    facts.push(fact("fact-message-id", one.message_id.clone()));
    facts.push(fact("file", count(here.lang(), "files", one.files.len()).into_owned()));
    let expected = if one.done { page::Proof::Receipt } else { page::Proof::Expired };
    let about = one.from.map(|from| About::Message { id: one.message_id.clone(), from, at: Some(one.at) });
    let has_file = about.is_some();
    let told = match about {
        Some(about) => record::told(&app, about, here.lang()).await,
        None => Told::default(),
    };
    // Where the evidence says otherwise than the list, the list is wrong.
    if told.title == expected || told.facts.is_empty() {
        facts.insert(2, fact("fact-state", here.say(if one.done { "taken" } else { "gone-unfetched" })));
    }
    facts.extend(told.facts);
    let file = has_file.then(|| (format!("/inbox/{uid}/proof"), record::options(&app.settings)));
    let trouble = told.trouble.or(here.trouble(&app));
    let view = page::Receipt { inbox: true, proof: told.title, facts, lacks: told.lacks, file, trouble };
    Ok(html(page::receipt(&here.frame(&app), &view)))
}

/// RD-08: the file that proves it.
async fn proof(State(app): Shared, here: Here, At(uid): At<Spot>) -> Result<Response, Answer> {
    let one = held(&app.mail).inbox.get(&uid).cloned().ok_or(Answer::Missing)?;
    let from = one.from.ok_or(Answer::Missing)?;
    let about = About::Message { id: one.message_id, from, at: Some(one.at) };
    Ok(proven(&app, &here, &format!("/inbox/{uid}/receipt"), (one.at, about)).await)
}
