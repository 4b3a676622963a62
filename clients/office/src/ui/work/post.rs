//! Sending letters: checked, composed, put into the outbox, posted. From the outbox on a crash only delays.

use std::sync::Arc;

use fumibako_careplan::{Lang, Report, check, gather};
use fumibako_model::Private;
use jiff::Timestamp;

use super::aside;
use crate::bundle::{Attached, Draft, Source, compose};
use crate::outbox::{Fate as Posted, Outbox};
use crate::partners::{Closing, NoPartner};
use crate::post::Post;
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};
use crate::ui::letters::{Fate, Letter};
use crate::ui::state::{App, both, held};

/// What became of a letter.
#[derive(Debug)]
pub(in crate::ui) enum End {
    /// Durable at the gateway.
    Sent,
    /// In the outbox under these Message-IDs, for when the way is free.
    Waits(Vec<String>),
}

/// What the checker says of a letter (NW-17).
pub(in crate::ui) fn checked(letter: &Letter, lang: Lang) -> Option<(usize, Vec<String>)> {
    let files: Vec<(&str, &[u8])> =
        letter.files.iter().map(|file| (file.name.as_str(), file.bytes.0.as_slice())).collect();
    let report: Report = check(&files);
    if report.findings.is_empty() {
        None
    } else {
        Some((usize::try_from(report.errors() + report.warnings()).unwrap_or(usize::MAX), report.found(lang)))
    }
}

/// The letter as bundles: one, or one for each service of the recipient. The attachments go with the first.
fn drafts(letter: &Letter) -> Result<Vec<Draft>, (fumibako_careplan::WhyLeftOut, String)> {
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

/// Sends one letter.
pub(in crate::ui) async fn send(app: &Arc<App>, letter: Letter) -> Result<End, Trouble> {
    let turn = app.turn.lock().await;
    let (settings, clock, kept) = (app.settings.clone(), app.clock, app.clone());
    let end = aside(move || {
        let outbox = Outbox::open(&settings.data_folder)?;
        let ids = put(&settings, &outbox, &letter, clock(), &|ids| kept.leaves(&letter.id, ids))?;
        posted(&settings, &outbox, &ids, clock)
    })
    .await;
    drop(turn);
    app.tell("sent");
    app.look.notify_one();
    end
}

/// Sends a draft that left its list; refused, it is a draft again. It goes on when the window is closed meanwhile.
pub(in crate::ui) async fn send_draft(app: &Arc<App>, letter: Letter) -> Result<End, Trouble> {
    let app = app.clone();
    let sending = tokio::spawn(async move {
        let end = send(&app, letter.clone()).await;
        {
            let mut letters = held(&app.letters);
            letters.leaving.remove(&letter.id);
            if end.is_err() {
                letters.drafts.insert(letter.id.clone(), letter);
            }
        }
        app.tell("drafts");
        end
    });
    sending.await.unwrap_or_else(|why| Err(Trouble::Output(std::io::Error::other(why))))
}

/// Composes and keeps; after `Ok` the power may fail. `first` hears the Message-IDs before a message is in the outbox.
fn put(
    settings: &Settings,
    outbox: &Outbox,
    letter: &Letter,
    now: Timestamp,
    first: &dyn Fn(&[String]) -> Result<(), Trouble>,
) -> Result<Vec<String>, Trouble> {
    let drafts = drafts(letter).map_err(|(_, name)| Trouble::NoSuchFile(name.into()))?;
    if drafts.is_empty() {
        // Nothing that was put into the outbox would look like everything sent.
        return Err(Trouble::Usage(Usage::NothingToSend));
    }
    let (identity, mut closing) = (settings.signer(now)?, Closing::of(settings, false)?);
    // Profile §9.11: agents that receive for the addressed office read it, too.
    closing.ask(&drafts, settings, now)?;
    let from = settings.address_of(settings.office()?)?;
    let mut composed = Vec::new();
    for draft in &drafts {
        let to = settings.address_of(draft.bundle.recipient.office)?;
        composed.push(compose(draft, (from.clone(), to.clone()), &closing.form_of(draft, &to, now)?, &identity, now)?);
    }
    let ids: Vec<String> = composed.iter().map(|one| one.fields.message_id.clone()).collect();
    first(&ids)?;
    for one in &composed {
        outbox.put(&one.fields.message_id, one.fields.at, &one.octets)?;
    }
    Ok(ids)
}

/// Posts what waits and says what became of these.
fn posted(settings: &Settings, outbox: &Outbox, ids: &[String], clock: fn() -> Timestamp) -> Result<End, Trouble> {
    let mut post = Post::new(settings)?;
    let outcomes = outbox.post_all(&mut post, clock, &mut |_| ())?;
    let mut waits = Vec::new();
    for outcome in outcomes.into_iter().filter(|outcome| ids.contains(&outcome.entry.message_id)) {
        match outcome.trouble {
            None => {}
            Some(trouble) if trouble.is_on_the_way() => waits.push(outcome.entry.message_id),
            Some(trouble) => return Err(trouble),
        }
    }
    Ok(if waits.is_empty() { End::Sent } else { End::Waits(waits) })
}

/// Posts what waits from before, once the way is free (BP-11).
pub(in crate::ui) async fn what_waits(app: &Arc<App>) {
    let online = matches!(held(&app.mail).link, Some(Ok(())));
    let entries = crate::outbox::look(&app.settings.data_folder).unwrap_or_default();
    if !online || !entries.iter().any(|entry| entry.fate == Posted::Waiting) {
        return;
    }
    let Ok(turn) = app.turn.try_lock() else { return };
    let (settings, clock) = (app.settings.clone(), app.clock);
    let done = aside(move || {
        let outbox = Outbox::open(&settings.data_folder)?;
        outbox.post_all(&mut Post::new(&settings)?, clock, &mut |_| ())
    })
    .await;
    drop(turn);
    if done.is_ok_and(|outcomes| outcomes.iter().any(|outcome| outcome.trouble.is_none())) {
        settle_offline(app);
        app.tell("sent");
        app.tell("batch");
        app.look.notify_one();
    }
}

/// Rows of 一括送信 whose messages went out meanwhile leave the list; refused ones say why.
fn settle_offline(app: &Arc<App>) {
    let entries = crate::outbox::look(&app.settings.data_folder).unwrap_or_default();
    let mut letters = held(&app.letters);
    letters.rows.retain(|_, row| {
        let Fate::Offline(ids) = &row.fate else { return true };
        let of_row = || entries.iter().filter(|entry| ids.contains(&entry.message_id));
        if let Some((refused, reference)) = of_row().find_map(crate::outbox::Entry::refusal) {
            row.fate = Fate::Failed(Box::new(both(&Trouble::Refused { refused, reference })));
            return true;
        }
        !of_row().all(|entry| matches!(entry.fate, Posted::Posted { .. }))
    });
}

/// Sends the rows of the run that were chosen, one after the other, until somebody says stop (BP-02, BP-04, BP-07).
pub(in crate::ui) async fn batch(app: Arc<App>) {
    let rows = held(&app.run).as_ref().map(|run| run.rows.clone()).unwrap_or_default();
    for id in rows {
        let stopping = held(&app.run).as_ref().is_none_or(|run| run.stopping);
        let letter = held(&app.letters).rows.get(&id).cloned();
        let Some(letter) = letter else { continue };
        if stopping {
            set(&app, &id, Fate::Stopped);
            continue;
        }
        set(&app, &id, Fate::Sending);
        let fate = match incomplete(&letter) {
            Some(words) => Fate::Failed(words),
            None => match send(&app, letter).await {
                Ok(End::Sent) => Fate::Done,
                Ok(End::Waits(ids)) => Fate::Offline(ids),
                Err(trouble) => Fate::Failed(Box::new(both(&trouble))),
            },
        };
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
