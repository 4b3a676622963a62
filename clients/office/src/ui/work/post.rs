//! Sending letters: checked, composed, put into the outbox, posted. From the outbox on a crash only delays.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use fumibako_careplan::{Lang, Report, gather};
use fumibako_model::Private;
use jiff::Timestamp;

use super::aside;
use super::mandated::covered;
use super::stand::ended;
use crate::bundle::{Attached, Draft, Source};
use crate::dispatch::{Dispatch, judged};
use crate::licence::{is_about_ours, ours};
use crate::mandates::Mandates;
use crate::outbox::{self, Fate as Posted, Outbox};
use crate::partners::{Closing, NoPartner};
use crate::post::Post;
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};
use crate::ui::letters::{Fate, Letter};
use crate::ui::state::{App, both, held};

/// What the checker says of a letter, and whether it goes (NW-17).
fn judge(letter: &Letter) -> (Report, bool) {
    judged(letter.files.iter().map(|file| (file.name.as_str(), file.bytes.0.as_slice())), letter.anyway)
}

/// Profile §2.6: with errors it goes only if somebody said so.
pub(in crate::ui) fn goes(letter: &Letter) -> bool {
    letter.anyway || judge(letter).1
}

/// What the checker found, counted and told (NW-17).
pub(in crate::ui) fn checked(letter: &Letter, lang: Lang) -> Option<(usize, Vec<String>)> {
    let (report, _) = judge(letter);
    if report.findings.is_empty() {
        None
    } else {
        Some((usize::try_from(report.errors() + report.warnings()).unwrap_or(usize::MAX), report.found(lang)))
    }
}

/// The letter as bundles: one, or one for each service of the recipient. The attachments go with the first.
pub(super) fn drafts(letter: &Letter) -> Result<Vec<Draft>, (fumibako_careplan::WhyLeftOut, String)> {
    let pile = letter
        .files
        .iter()
        .map(|file| (file.name.clone(), Source { path: file.name.clone().into(), bytes: file.bytes.clone() }));
    let mut sorted = gather(pile);
    if let Some(left) = sorted.left_out.pop() {
        return Err((left.why, left.written));
    }
    let attached = sorted.attachments.into_iter();
    let mut attached: Vec<Attached> =
        attached.map(|file| Attached { name: Private(file.written), bytes: file.payload.bytes }).collect();
    let cover = Some(letter.message.clone()).filter(|text| !text.trim().is_empty()).map(Private);
    let with = |bundle| Draft { bundle, cover: cover.clone(), attached: std::mem::take(&mut attached) };
    Ok(sorted.bundles.into_iter().map(with).collect())
}

/// CF-01: tells what was confirmed from what became of the letter since: whom it goes to, every file, the message. `None`: it goes
/// nowhere as it is.
pub(in crate::ui) fn sum(letter: &Letter) -> Option<String> {
    let drafts = drafts(letter).ok().filter(|drafts| !drafts.is_empty())?;
    let of = |draft: &Draft| {
        let (from, to) = (draft.bundle.sender.office, draft.bundle.recipient.office);
        [from.as_str().as_bytes(), to.as_str().as_bytes(), &draft.sum()].concat()
    };
    let all: Vec<u8> = drafts.iter().flat_map(of).collect();
    Some(fumibako_signer::hex(digest(&SHA256, &all).as_ref()))
}

/// Why the files of a letter are no whole send unit, in both languages.
pub(in crate::ui) fn incomplete(
    letter: &Letter,
) -> Option<Box<(fumibako_web::part::Words, fumibako_web::part::Words)>> {
    let (why, name) = drafts(letter).err()?;
    let of = |lang: Lang| fumibako_web::part::Words {
        what: format!("{name}: {}", why.sentence(lang)),
        next: why.what_to_do(lang).into(),
        code: why.code().map(|code| code.as_str().to_owned()),
    };
    Some(Box::new((of(Lang::Ja), of(Lang::En))))
}

/// Sends one letter, and says how it stands then; what went of it is off the letter.
pub(in crate::ui) async fn send(app: &Arc<App>, letter: Letter) -> (Letter, Fate) {
    if !goes(&letter) {
        return (letter, Fate::Doubted);
    }
    let turn = app.turn.lock().await;
    let (settings, clock, kept, mut sent) = (app.settings.clone(), app.clock, app.clone(), letter.clone());
    let known = held(&app.mail).mandates.all.clone();
    let most = app.most();
    let end = aside(move || {
        let trouble = match Outbox::open(&settings.data_folder) {
            Err(why) => Some(why),
            Ok(outbox) => {
                let put = put((&settings, known, most), &outbox, &mut sent, clock(), &|letter| {
                    kept.leaves(&letter.id, &letter.ids)
                });
                put.and_then(|()| outbox.post_all(&mut Post::new(&settings)?, clock, &mut |_| ())).err()
            }
        };
        let fate = match outbox::look(&settings.data_folder) {
            Ok(entries) => ended(&mut sent, &entries, trouble.as_ref()),
            // What cannot be looked at may be on its way: it must not go a second time.
            Err(_) if !sent.ids.is_empty() => Fate::Offline(sent.ids.clone()),
            Err(why) => Fate::Failed(Box::new(both(&why))),
        };
        Ok((sent, fate))
    })
    .await;
    drop(turn);
    if let Ok((_, Fate::Failed(words))) = &end {
        ask_about_ours(app, &words.0).await;
    }
    app.tell("sent");
    // The next look tries again what nobody could be asked about; one at once would try without end.
    if !matches!(&end, Ok((_, Fate::Unasked))) {
        app.look.notify_one();
    }
    end.unwrap_or_else(|why| (letter, Fate::Failed(Box::new(both(&why)))))
}

/// Where a refusal is about our own licence, how that stands is asked anew before anybody is told.
async fn ask_about_ours(app: &App, words: &fumibako_web::part::Words) {
    let code = words.code.as_deref().and_then(|code| code.split(' ').next());
    if !code.is_some_and(is_about_ours) {
        return;
    }
    let settings = app.settings.clone();
    if let Ok(view) = aside(move || ours(&settings)).await {
        held(&app.mail).licence = Some(view);
    }
}

/// Sends a draft that left its list; refused, it is a draft again, and without a network a row of 一括送信 that waits. It goes on when the window is closed meanwhile.
pub(in crate::ui) async fn send_draft(app: &Arc<App>, letter: Letter) -> Fate {
    let app = app.clone();
    let sending = tokio::spawn(async move {
        let (letter, fate) = send(&app, letter).await;
        {
            let mut letters = held(&app.letters);
            letters.leaving.remove(&letter.id);
            if !matches!(fate, Fate::Failed(_) | Fate::Doubted) {
                letters.gone(&letter.id);
            }
            match fate {
                Fate::Failed(_) | Fate::Doubted => drop(letters.drafts.insert(letter.id.clone(), letter)),
                Fate::Unasked => {
                    let row = Letter { fate: Fate::Unasked, left: Vec::new(), trouble: None, ..letter };
                    letters.rows.insert(row.id.clone(), row);
                }
                _ => {}
            }
        }
        app.tell("drafts");
        app.tell("batch");
        app.look.notify_one();
        fate
    });
    sending.await.unwrap_or_else(|why| Fate::Failed(Box::new(both(&Trouble::Output(std::io::Error::other(why))))))
}

/// Composes and keeps; after `Ok` the power may fail. `first` hears the Message-IDs before a message is in the outbox.
fn put(
    (settings, known, most): (&Settings, Option<Arc<Mandates>>, usize),
    outbox: &Outbox,
    letter: &mut Letter,
    now: Timestamp,
    first: &dyn Fn(&Letter) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    letter.ids.clear();
    let drafts = drafts(letter).map_err(|(_, name)| Trouble::NoSuchFile(name.into()))?;
    if drafts.is_empty() {
        // Nothing that was put into the outbox would look like everything sent.
        return Err(Trouble::Usage(Usage::NothingToSend));
    }
    covered(settings, &drafts, known, now)?;
    let mut closing = Closing::of(settings, false)?;
    // Profile §9.11: agents that receive for the addressed office read it, too.
    closing.ask(&drafts, settings, now)?;
    let dispatch = Dispatch::new((settings, &closing, most), outbox, now)?;
    let ready = drafts.iter().map(|draft| dispatch.ready(draft, now)).collect::<Result<Vec<_>, _>>()?;
    letter.ids = ready.iter().map(|one| one.message_id().to_owned()).collect();
    first(letter)?;
    ready.iter().try_for_each(|one| one.put(outbox))
}

/// Posts what waits from before, once the way is free (BP-11).
pub(in crate::ui) async fn what_waits(app: &Arc<App>) {
    if !matches!(held(&app.mail).link, Some(Ok(()))) {
        return;
    }
    let entries = outbox::look(&app.settings.data_folder).unwrap_or_default();
    let waiting = entries.iter().any(|entry| entry.fate == Posted::Waiting);
    let posted = waiting && post_waiting(app).await;
    super::look::settle_receipts(app);
    // Also what ended before this program began, or before something came between.
    if settle_offline(app) || posted {
        app.tell("sent");
        app.tell("batch");
        app.look.notify_one();
    }
    if turns_come(app) {
        app.tell("batch");
        tokio::spawn(batch(app.clone()));
    }
}

/// Rows that nobody could be asked about have their turn, in the order of the list, as part of the batch whose end nobody has seen
/// yet. True: a batch is to go on.
fn turns_come(app: &App) -> bool {
    // In the order in which everybody locks them; what comes while a batch runs waits for the next look.
    let (mut run, mut letters) = (held(&app.run), held(&app.letters));
    if run.as_ref().is_some_and(|run| run.running) {
        return false;
    }
    let mut rows: Vec<&mut Letter> = letters.rows.values_mut().filter(|row| row.fate == Fate::Unasked).collect();
    if rows.is_empty() {
        return false;
    }
    rows.sort_by_key(|row| row.route());
    let run = run.get_or_insert_default();
    for row in rows {
        row.fate = Fate::Waiting;
        if !run.rows.contains(&row.id) {
            run.rows.push(row.id.clone());
        }
    }
    (run.running, run.stopping) = (true, false);
    true
}

/// Was anything posted?
async fn post_waiting(app: &Arc<App>) -> bool {
    let Ok(_turn) = app.turn.try_lock() else { return false };
    let (settings, clock) = (app.settings.clone(), app.clock);
    let done = aside(move || {
        let outbox = Outbox::open(&settings.data_folder)?;
        outbox.post_all(&mut Post::new(&settings)?, clock, &mut |_| ())
    })
    .await;
    done.is_ok_and(|outcomes| outcomes.iter().any(|outcome| outcome.trouble.is_none()))
}

/// Rows of 一括送信 whose messages have their end meanwhile leave the list; refused ones say why. Did any change?
fn settle_offline(app: &Arc<App>) -> bool {
    // What cannot be looked at stays bound.
    let Ok(entries) = outbox::look(&app.settings.data_folder) else { return false };
    let mut changed = false;
    held(&app.letters).rows.retain(|_, row| {
        if !matches!(row.fate, Fate::Offline(_)) {
            return true;
        }
        let fate = ended(row, &entries, None);
        changed |= fate != row.fate;
        row.fate = fate;
        row.fate != Fate::Done
    });
    changed
}

/// Sends the rows of the run that were chosen, one after the other, until somebody says stop (BP-02, BP-04, BP-07).
pub(in crate::ui) async fn batch(app: Arc<App>) {
    let rows = held(&app.run).as_ref().map(|run| run.rows.clone()).unwrap_or_default();
    let stopping = || held(&app.run).as_ref().is_none_or(|run| run.stopping);
    for id in rows {
        // Of a batch that goes on some rows have their end already.
        let letter = held(&app.letters).rows.get(&id).filter(|row| row.fate == Fate::Waiting).cloned();
        let Some(letter) = letter else { continue };
        if stopping() {
            set(&app, &id, Fate::Stopped);
            continue;
        }
        set(&app, &id, Fate::Sending);
        let files = letter.files.len();
        let (letter, mut fate) = match incomplete(&letter) {
            Some(words) => (letter, Fate::Failed(words)),
            None => send(&app, letter).await,
        };
        if stopping() {
            // The one in flight that could not be composed does not go by itself after 中断.
            fate.stop();
        }
        if letter.files.len() < files {
            let mut letters = held(&app.letters);
            // A copy that was being edited still has the files that went.
            letters.edits.remove(&id);
            if let Some(row) = letters.rows.get_mut(&id) {
                (row.files, row.ids) = (letter.files, letter.ids);
            }
        }
        set(&app, &id, fate);
    }
    if let Some(run) = held(&app.run).as_mut() {
        run.running = false;
    }
    app.tell("progress");
    app.tell("batch");
}

fn set(app: &App, id: &str, fate: Fate) {
    if let Some(row) = held(&app.letters).rows.get_mut(id) {
        row.fate = fate;
    }
    app.tell("progress");
}

/// Can something be sent to an office (NW-18, BT-13)? Asked of what is here: whether there is a certificate to encrypt to.
pub(in crate::ui) struct Reaches<'s> {
    settings: &'s Settings,
    closing: Result<Closing, Trouble>,
    now: Timestamp,
}

impl<'s> Reaches<'s> {
    /// Reads the certificates once, for all the offices of a page.
    pub(in crate::ui) fn of(settings: &'s Settings, now: Timestamp) -> Self {
        Self { settings, closing: Closing::of(settings, false), now }
    }

    /// `None`: it cannot be told.
    pub(in crate::ui) fn can(&self, to: fumibako_model::OfficeNumber) -> Option<bool> {
        let (closing, address) = (self.closing.as_ref().ok()?, self.settings.address_of(to).ok()?);
        match closing.form(&address, self.now) {
            Ok(_) => Some(true),
            // Without a file of certificates the gateway is asked, when something is sent (Profile §9.11).
            Err(Trouble::NoPartner { why: NoPartner::NoFile, .. }) => None,
            Err(Trouble::NoPartner { .. }) => Some(false),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
