//! What is due to be told, and what was (Profile §8.14, §10.7): one list that survives restarts; a letter is filed in the commit that
//! takes its reason from the list.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use fumibako_model::{
    Done, EvidenceId, Flags, FolderId, Happening, MessageId, OfficeNumber, Recorded, Refusal, Report, State, outcome,
};
use fumibako_store::bodies::{Day, Place};
use fumibako_store::{Amend, Amendment, Due, DueKey, LISTED, Letter, LicenceChange, StoreError, Told};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqlitePool};

use crate::command::{Command, Octets};
use crate::error::{Stop, damaged, store_error, unpacked};
use crate::expire::dates;
use crate::ledger::{Body, Ledger, Wake};
use crate::store::SqliteStore;
use crate::{acts, licence};

/// A letter about something due, but for its octets.
pub(crate) struct Order {
    offices: Vec<OfficeNumber>,
    message_id: String,
    why: Why,
}

/// What a letter is about: in the commit that files it, it is done, and due no more.
enum Why {
    Settled(Settled),
    Licence(Box<LicenceChange>, Box<Done>),
}

impl Order {
    /// Does it change the roll?
    pub(crate) fn is_of_the_roll(&self) -> bool {
        matches!(self.why, Why::Licence(..))
    }
}

/// Something due, and when it is due again.
#[derive(Clone, Copy)]
pub(crate) struct Settled {
    key: DueKey,
    again: Option<Timestamp>,
    moment: Option<Timestamp>,
}

/// A row of the list.
#[derive(Deserialize)]
struct Row {
    at: i64,
    message: i64,
    what: i64,
    wishes: Option<String>,
    reminded: Option<i64>,
    state: Option<i64>,
    day: Option<i64>,
    evidence: i64,
    doc: String,
}

/// Evidence that cannot be read and about which something is due: what was said once in the log is not said every second.
pub(crate) type Unreadable = Mutex<BTreeSet<i64>>;

/// What is due by now, the oldest first. What cannot be read keeps nothing else waiting (Profile §8.15). Profile §11.5: by a date that expiry would not believe nobody is reminded. What is held is told
/// of by the day it came (Profile §8.14), and stands elsewhere meanwhile.
pub(crate) async fn due(
    (readers, unreadable): (&SqlitePool, &Unreadable),
    now: Timestamp,
    (after, most): (Option<DueKey>, usize),
) -> Result<Vec<Due>, StoreError> {
    let dates = dates(readers).await.map_err(store_error)?;
    let but = dates.doubts_reminders(Day::of(now).0).then(|| Report::Uncollected.code());
    let mut after = after.map_or((i64::MIN, 0, 0), |key| {
        let DueKey { at, message, report } = key;
        (at.as_millisecond(), message.0, report.code())
    });
    let mut due = Vec::new();
    while due.len() < most {
        let rows = rows(readers, (now, but), (after, most - due.len())).await?;
        let Some(last) = rows.last() else { break };
        after = (last.at, last.message, last.what);
        for row in rows {
            let evidence = row.evidence;
            match row.read() {
                Some(one) => due.push(one),
                None if is_new(unreadable, evidence) => {
                    tracing::error!(why = %damaged(EvidenceId(evidence)), "report.unreadable");
                }
                None => {}
            }
        }
    }
    Ok(due)
}

/// Was this not said before? Past so many nothing more is said: who looks at any of them sees all.
fn is_new(said: &Unreadable, evidence: i64) -> bool {
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    said.len() < LISTED && said.insert(evidence)
}

/// So many rows of the list after this one.
async fn rows(
    readers: &SqlitePool,
    (now, but): (Timestamp, Option<i64>),
    ((at, message, what), most): ((i64, i64, i64), usize),
) -> Result<Vec<Row>, StoreError> {
    let (now, most) = (now.as_millisecond(), i64::try_from(most).unwrap_or(i64::MAX));
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json(row)) AS BLOB) AS "found!: Vec<u8>" FROM (
               SELECT json_object('at', d.at, 'message', d.message, 'what', d.what, 'state', m.state, 'evidence', e.id, 'doc', e.doc, 'reminded', d.reminded,
                          'day', coalesce((SELECT h.segment FROM hold h WHERE h.message = d.message AND h.released_at IS NULL), m.segment) >> 24,
                          'wishes', coalesce(d.wishes, m.wishes)) AS row
               FROM due d JOIN evidence e ON e.id = d.evidence LEFT JOIN message m ON m.id = d.message
               WHERE d.at <= ? AND (d.at, d.message, d.what) > (?, ?, ?) AND d.what IS NOT ?
               ORDER BY d.at, d.message, d.what LIMIT ?)"#,
        now,
        at,
        message,
        what,
        but,
        most
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    unpacked(&found).map_err(store_error)
}

impl Row {
    /// None if it does not read as it was written.
    fn read(self) -> Option<Due> {
        let report = Report::from_code(self.what)?;
        let at = Timestamp::from_millisecond(self.at).ok()?;
        let recorded: Recorded = serde_json::from_str(&self.doc).ok()?;
        let day = self.day.and_then(|day| i32::try_from(day).ok());
        // Of wishes that cannot be read it is not known that the sender wants to hear less.
        let wishes = self.wishes.as_deref().and_then(|wishes| serde_json::from_str(wishes).ok());
        Some(Due {
            key: DueKey { at, message: MessageId(self.message), report },
            day: day.map_or_else(|| Day::of(recorded.evidence.at), Day),
            recorded,
            wishes: wishes.unwrap_or_default(),
            waiting: reminds(self.state),
            open: is_open(self.state),
            reminded: self.reminded.map(Timestamp::from_millisecond).transpose().ok()?,
        })
    }
}

/// Files the letter, if there is one, and takes its reason from the list.
pub(crate) async fn told(store: &SqliteStore, told: Told, now: Timestamp) -> Result<bool, StoreError> {
    let settled = Settled { key: told.key, again: told.again, moment: told.moment };
    let Some(letter) = told.letter else {
        return store.change(|reply| Command::Settle(settled, reply)).await;
    };
    post(store, letter, Why::Settled(settled), now).await
}

/// Does what is due to a licence, and files the letter about it, if there is one.
pub(crate) async fn happens(
    store: &SqliteStore,
    change: LicenceChange,
    told: Done,
    letter: Option<Letter>,
) -> Result<bool, StoreError> {
    let at = change.at;
    let Some(letter) = letter else {
        let changes = vec![Amendment::Licence(Box::new(change))];
        let amend = Amend { changes, done: vec![told] };
        return store.change(|reply| Command::Amend(Box::new(amend), reply)).await.map(|()| false);
    };
    post(store, letter, Why::Licence(Box::new(change), Box::new(told)), at).await
}

async fn post(store: &SqliteStore, letter: Letter, why: Why, now: Timestamp) -> Result<bool, StoreError> {
    let Letter { offices, message_id, body } = letter;
    let envelope = serde_json::json!({ "v": 1, "kind": "report", "offices": offices, "at": now.to_string() });
    let envelope = envelope.to_string().into_bytes();
    let also = envelope.clone();
    let body = store.disk.wait(move || body.finish(&also)).await?;
    let filed = body.filed();
    let (order, octets) = (Order { offices, message_id, why }, Octets::new(body, || envelope));
    let answer = store.change(|reply| Command::Report(Box::new(order), octets, now, reply)).await;
    if !matches!(answer, Ok(true)) {
        store.give_up(filed).await;
    }
    answer
}

/// Takes it from the list, or sets it later. Says whether it was on it, and whether there is still something to tell.
pub(crate) async fn settle(rows: &mut SqliteConnection, settled: Settled) -> Result<(bool, bool), Stop> {
    let DueKey { at, message, report } = settled.key;
    let (at, what) = (at.as_millisecond(), report.code());
    let (holds, stays) = holds(rows, message, report).await?;
    let gone = match settled.again.filter(|_| stays).map(Timestamp::as_millisecond) {
        Some(again) => {
            let told = settled.moment.map(Timestamp::as_millisecond);
            sqlx::query!(
                "UPDATE due SET at = ?, reminded = coalesce(?, reminded) WHERE at = ? AND message = ? AND what = ?",
                again,
                told,
                at,
                message.0,
                what
            )
        }
        None => sqlx::query!("DELETE FROM due WHERE at = ? AND message = ? AND what = ?", at, message.0, what),
    };
    Ok((gone.execute(rows).await?.rows_affected() > 0, holds))
}

/// Profile §8.14: where these are other settings than before, every bundle that waits is looked at now, for its next moment may come
/// before that of which its row knows. What came before this moment is not told by that; and where the clock is behind, the row knows
/// what was told.
pub(crate) async fn remind_by(rows: &mut SqliteConnection, rule: i64, now: Timestamp) -> Result<(), Stop> {
    let known = sqlx::query!("UPDATE counter SET value = ? WHERE name = 'reminded_by' AND value IS NOT ?", rule, rule);
    if known.execute(&mut *rows).await?.rows_affected() > 0 {
        let (now, what) = (now.as_millisecond(), Report::Uncollected.code());
        sqlx::query!("UPDATE due SET at = ? WHERE at > ? AND what = ?", now, now, what).execute(rows).await?;
    }
    Ok(())
}

/// Has nobody collected the bundle in this state, so that it is told? Profile §8.9: the table knows.
fn reminds(state: Option<i64>) -> bool {
    outcome(state.and_then(State::from_code), Happening::Remind).is_some()
}

/// Could its recipient still say that it does not open (Profile §8.22)? Then nobody has collected it.
fn is_open(state: Option<i64>) -> bool {
    let failed = outcome(state.and_then(State::from_code), Happening::Fail);
    failed.is_some_and(|failed| outcome(Some(failed.state), Happening::Remind).is_some())
}

/// Is it so in this moment, and may it be later? What was collected while the letter was written is not told to lie there; and where the recipient's receipt was
/// quicker than the gateway's word of a handover or an end, there is no receipt to ask for and nothing to send again (Profile §8.17).
async fn holds(rows: &mut SqliteConnection, message: MessageId, report: Report) -> Result<(bool, bool), Stop> {
    let found =
        sqlx::query!("SELECT state, handover FROM message WHERE id = ?", message.0).fetch_optional(&mut *rows).await?;
    let holds = match report {
        Report::Uncollected => reminds(found.as_ref().map(|row| row.state)),
        Report::HandedOver => found.as_ref().is_none_or(|row| row.handover.is_none()),
        Report::Expired => !received(rows, message).await?,
        Report::Delivered => true,
    };
    Ok((holds, holds || report == Report::Uncollected && is_open(found.map(|row| row.state))))
}

/// Does the evidence know a receipt? The row went with the content.
async fn received(rows: &mut SqliteConnection, message: MessageId) -> Result<bool, Stop> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM evidence WHERE message = ? AND kind = 'ContentHandover'
               AND CASE WHEN json_valid(doc) THEN doc ->> 'receipt' IS NOT NULL END) AS "found!: bool""#,
        message.0
    );
    Ok(found.fetch_one(rows).await?)
}

/// The letter into its offices' `Receipts`, in the same commit; an office's receipts always fit (Profile §12.4).
pub(crate) async fn file(
    rows: &mut SqliteConnection,
    order: &Order,
    body: Place,
    now: Timestamp,
) -> Result<(bool, Vec<Wake>), Stop> {
    let still = match &order.why {
        Why::Settled(settled) => settle(rows, *settled).await? == (true, true),
        Why::Licence(change, told) => {
            let changed = licence::run(rows, change).await?;
            acts::write(rows, if changed { std::slice::from_ref(told) } else { &[] }).await?;
            changed
        }
    };
    if !still {
        return Ok((false, Vec::new()));
    }
    let mut ledger = Ledger::begin(rows).await?;
    ledger.load_named(rows, &order.offices.iter().map(|office| (*office, "Receipts")).collect()).await?;
    let message = ledger.add(Body::own(body, Some(&order.message_id), now), now);
    for office in &order.offices {
        let folder = ledger.named(*office, "Receipts").ok_or(Refusal::NoSuchFolder)?.id;
        ledger.enter(FolderId(folder), (message, body.size), Flags::default(), now)?;
    }
    Ok((true, ledger.write(rows).await?))
}
