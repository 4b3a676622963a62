//! 監査記録 in rows (Profile §16): each written in the commit it tells of, chained to the one before, and never changed.

use fumibako_model::{AUDIT_CHARACTERS, AuditRow, Done, OfficeNumber, Uid, UidSet, What};
use fumibako_store::bodies::Day;
use fumibako_store::{
    ActsAudit, ActsFault, ActsHead, ActsState, ActsWrong, Amend, Amendment, Doer, Facts, LISTED, SealedAct, StoreError,
    Sum, ToldTo, WhichActs, hex,
};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error};
use crate::log::{Known, REPLACED, replaced};
use crate::{account, certificate, licence, mandate, notice, often, roll, seal};

/// Rows that are read at once.
const AT_ONCE: i64 = 1_000;
/// What an agent changes in one office's folders in an hour.
const CHANGES_AN_HOUR: i64 = 1_000;

/// Changes the roll and tells it. Of several changes none is made where one is refused; where nothing changed nothing is told.
pub(crate) async fn amend(rows: &mut SqliteConnection, amend: &Amend) -> Result<(), Stop> {
    // A refusal leaves the rest of the batch standing, but nothing of this.
    sqlx::query("SAVEPOINT amend").execute(&mut *rows).await?;
    let made = changes(rows, amend).await;
    if matches!(made, Err(Stop::Refused(_))) {
        sqlx::query("ROLLBACK TO amend").execute(&mut *rows).await?;
    }
    sqlx::query("RELEASE amend").execute(rows).await?;
    made
}

async fn changes(rows: &mut SqliteConnection, amend: &Amend) -> Result<(), Stop> {
    let mut changed = amend.changes.is_empty();
    // The moment of the change, as it is told.
    let at = amend.done.first().map(|done| done.at);
    let mut withdrawn = Vec::new();
    for change in &amend.changes {
        changed |= match change {
            Amendment::Office(office) => roll::put_office(rows, office).await.map(|()| true)?,
            Amendment::Account(order) => account::run(rows, order, &mut withdrawn).await?,
            Amendment::Enrol(one) => certificate::enrol(rows, one).await?,
            Amendment::EnrolOwn(one) => certificate::enrol_own(rows, one).await?,
            Amendment::SignedBy(key) => certificate::still_signs(rows, key).await.map(|()| false)?,
            Amendment::Remove(removal) => certificate::remove(rows, removal).await?,
            Amendment::Agent(agent) => mandate::put_agent(rows, agent).await.map(|()| true)?,
            Amendment::Mandate(order) => mandate::run(rows, order, at).await?,
            Amendment::Licence(change) => licence::run(rows, change).await?,
            Amendment::Terms(terms, at) => licence::publish(rows, terms, *at).await?,
            Amendment::Notice(order) => notice::run(rows, order).await?,
        };
    }
    if !changed {
        return Ok(());
    }
    // Profile §19.14: each that went with a password, by whom and when that was set.
    let went = |(login, told): (String, &Done)| {
        Done { what: What::AppPasswordRemoved, note: String::new(), ..told.clone() }.about(login)
    };
    let went = withdrawn.into_iter().zip(amend.done.first().into_iter().cycle()).map(went);
    let done: Vec<Done> = amend.done.iter().cloned().chain(went).collect();
    write(rows, &done).await
}

/// Writes rows behind the last one.
pub(crate) async fn write(rows: &mut SqliteConnection, done: &[Done]) -> Result<(), Stop> {
    let mut new = Vec::with_capacity(done.len());
    for one in done {
        if is_news(rows, one).await? {
            new.push(one);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    // Another hand may have put rows behind the last one: they keep their numbers, are named, and stop nobody's command.
    let count = sqlx::query_scalar!(
        r#"SELECT max(value, coalesce((SELECT max(n) + 1 FROM act WHERE n < value + 1000), 0)) AS "count!: i64"
           FROM counter WHERE name = 'acts'"#
    );
    let count = count.fetch_one(&mut *rows).await?;
    let last = sqlx::query_scalar!("SELECT hash FROM act WHERE n = ? - 1", count).fetch_optional(&mut *rows).await?;
    // Where the last row was taken away the chain begins anew, and whoever looks through it finds where.
    let mut hash = last.unwrap_or_else(beginning);
    let mut written = Vec::with_capacity(new.len());
    for (one, n) in new.into_iter().zip(count..) {
        let doc = serde_json::to_string(&one.row(n.cast_unsigned(), hash))?;
        hash = sum(&doc);
        let sealed = seal::of_act(&doc).map(|seal| hex(&seal));
        written.push((n, one.office, doc, hash.clone(), sealed));
    }
    let next = written.last().map_or(count, |(n, ..)| n + 1);
    let written = serde_json::to_string(&written)?;
    sqlx::query!(
        "INSERT INTO act (n, office, doc, hash)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each(?)",
        written
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!(
        "INSERT OR REPLACE INTO act_seal (n, octets)
         SELECT value ->> 0, unhex(value ->> 4) FROM jsonb_each(?) WHERE value ->> 4 IS NOT NULL",
        written
    )
    .execute(&mut *rows)
    .await?;
    sqlx::query!("UPDATE counter SET value = ? WHERE name = 'acts'", next).execute(rows).await?;
    Ok(())
}

/// Profile §16.3: logging in and looking at the same are told once in an hour, however often a terminal does it. Every
/// change is told, and past so many it is not made.
async fn is_news(rows: &mut SqliteConnection, done: &Done) -> Result<bool, Stop> {
    let Some(office) = done.office else { return Ok(true) };
    match done.what {
        What::AgentActs | What::AgentOpened => {}
        What::AgentChanged => {
            let what = format!("{:?} {office}", done.what);
            let most = (CHANGES_AN_HOUR, often::HOUR);
            return often::at_most(rows, (&done.by, &what), most, done.at).await.map(|()| true);
        }
        _ => return Ok(true),
    }
    let what = format!("{:?} {office} {}", done.what, done.about);
    Ok(often::count(rows, (&done.by, &what), often::HOUR, done.at).await? == 1)
}

/// Profile §16.3: what the audit tells of a message that an agent sent.
pub(crate) fn by_agent(message: &Facts, what: What, now: Timestamp) -> Option<Done> {
    let by = message.by()?;
    let done = Done::by_agent(now, &by.agent, what, message.from());
    Some(done.about(message.message_id()).noting(by.mandate))
}

/// Profile §16.1: an agent changes something now, so that the audit tells it. Asked before anything of the change is written, as it
/// may be one too many, and after everything else that can refuse it.
pub(crate) async fn changed(rows: &mut SqliteConnection, doer: &Doer, what: String, which: String) -> Result<(), Stop> {
    let Some((agent, at)) = &doer.agent else { return Ok(()) };
    let done = Done::by_agent(*at, agent, What::AgentChanged, doer.office).about(what).noting(which);
    write(rows, &[done]).await
}

/// Which UIDs it was about, as many as a row has room for.
pub(crate) fn named(uids: impl Iterator<Item = Uid>) -> String {
    let (set, mut text) = (uids.collect::<UidSet>(), String::from("UID"));
    for (at, (lo, hi)) in set.ranges().iter().enumerate() {
        let before = if at == 0 { ' ' } else { ',' };
        let range = if lo == hi { format!("{before}{lo}") } else { format!("{before}{lo}:{hi}") };
        if text.len() + range.len() > AUDIT_CHARACTERS - 20 {
            return text + ",…";
        }
        text += &range;
    }
    text
}

/// What the first row names as the one before.
fn beginning() -> String {
    "0".repeat(64)
}

fn sum(doc: &str) -> String {
    let mut sum = Sum::default();
    sum.add(doc.as_bytes());
    hex(&sum.finish())
}

/// Rows, the oldest first.
pub(crate) async fn list(readers: &SqlitePool, which: WhichActs) -> Result<Vec<String>, StoreError> {
    let after = which.after.map_or(-1, u64::cast_signed);
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    match which.office {
        None => {
            sqlx::query_scalar!("SELECT doc FROM act WHERE n > ? ORDER BY n LIMIT ?", after, most)
                .fetch_all(readers)
                .await
        }
        Some(office) => {
            let office = office.as_str();
            sqlx::query_scalar!(
                "SELECT doc FROM act WHERE office = ? AND n > ? ORDER BY n LIMIT ?",
                office,
                after,
                most
            )
            .fetch_all(readers)
            .await
        }
    }
    .map_err(store_error)
}

/// What an office is told, the newest first.
pub(crate) async fn told(readers: &SqlitePool, which: ToldTo) -> Result<Vec<String>, StoreError> {
    let (office, before) = (which.office.as_str(), which.before.map_or(i64::MAX, u64::cast_signed));
    let told = serde_json::to_string(&What::TOLD).map_err(|why| StoreError::Failed(why.to_string()))?;
    let most = i64::try_from(which.most).unwrap_or(i64::MAX);
    sqlx::query_scalar!(
        "SELECT doc FROM act WHERE office = ? AND n < ? AND doc ->> 'what' IN (SELECT value FROM json_each(?))
         ORDER BY n DESC LIMIT ?",
        office,
        before,
        told,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)
}

/// The last row, and the newest head.
pub(crate) async fn state(readers: &SqlitePool) -> Result<ActsState, StoreError> {
    let last = sqlx::query!("SELECT n, hash FROM act ORDER BY n DESC LIMIT 1").fetch_optional(readers);
    let (rows, hash) =
        last.await.map_err(store_error)?.map_or((0, beginning()), |last| (last.n.cast_unsigned() + 1, last.hash));
    Ok(ActsState { rows, hash, head: heads(readers, 1).await?.pop() })
}

/// Rows from this one on, the oldest first, with their seals.
pub(crate) async fn sealed(readers: &SqlitePool, from: u64) -> Result<Vec<SealedAct>, StoreError> {
    let from = from.cast_signed();
    let found = sqlx::query!(
        "SELECT a.n, a.doc, s.octets AS \"octets?\" FROM act a LEFT JOIN act_seal s ON s.n = a.n WHERE a.n >= ? ORDER BY a.n LIMIT ?",
        from,
        AT_ONCE
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    Ok(found.into_iter().map(|row| SealedAct { n: row.n.cast_unsigned(), row: row.doc, seal: row.octets }).collect())
}

/// Keeps a head, in the place that one of the evidence would have (Profile §8.13).
pub(crate) async fn keep_head(rows: &mut SqliteConnection, head: &ActsHead) -> Result<(), Stop> {
    let newest = sqlx::query!(r#"SELECT rows, day AS "day!: i32" FROM act_head ORDER BY rows DESC LIMIT ?"#, REPLACED);
    let newest = newest.fetch_all(&mut *rows).await?;
    let known = newest.into_iter().map(|row| Known { size: row.rows, day: Day(row.day), stays: false });
    if let Some(first) = replaced(head.day, &known.collect::<Vec<_>>()) {
        sqlx::query!("DELETE FROM act_head WHERE rows >= ?", first).execute(&mut *rows).await?;
    }
    let size = head.rows.cast_signed();
    if let Some(stays) = head.beyond.map(u64::cast_signed) {
        sqlx::query!("DELETE FROM act_head WHERE rows > ?", stays).execute(&mut *rows).await?;
    }
    sqlx::query!("INSERT INTO act_head (rows, day, signed) VALUES (?, ?, ?)", size, head.day.0, head.signed)
        .execute(&mut *rows)
        .await?;
    seal::acts_covered(rows, size).await
}

/// What is known while the rows go by.
struct Look {
    next: u64,
    hash: String,
    broken: Option<ActsFault>,
}

/// Holds every row against its hash and the row before it, and tells the hash under each head.
pub(crate) async fn audit(readers: &SqlitePool) -> Result<ActsAudit, StoreError> {
    let count = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'acts'");
    let count = count.fetch_one(readers).await.map_err(store_error)?.cast_unsigned();
    let mut look = Look { next: 0, hash: beginning(), broken: None };
    let (mut after, mut rows) = (-1, 0);
    loop {
        let found = sqlx::query!("SELECT n, office, doc, hash FROM act WHERE n > ? ORDER BY n LIMIT ?", after, AT_ONCE)
            .fetch_all(readers)
            .await
            .map_err(store_error)?;
        let Some(last) = found.last() else { break };
        (after, rows) = (last.n, rows + found.len() as u64);
        for row in &found {
            look.at(row.n.cast_unsigned(), row.office.as_deref(), &row.doc, &row.hash);
        }
    }
    if look.next < count {
        look.wrong(look.next, ActsWrong::Removed);
    }
    Ok(ActsAudit { rows, broken: look.broken, heads: heads(readers, i64::MAX).await? })
}

impl Look {
    /// The first counts; what comes after it follows from it.
    fn wrong(&mut self, n: u64, what: ActsWrong) {
        self.broken.get_or_insert(ActsFault { n, what });
    }

    fn at(&mut self, n: u64, office: Option<&str>, doc: &str, hash: &str) {
        if n > self.next {
            self.wrong(self.next, ActsWrong::Removed);
        }
        let known = serde_json::from_str::<AuditRow>(doc).ok().filter(|known| known.n == n);
        let own = known.as_ref().and_then(|known| known.done.office);
        let whole = known.is_some() && own.as_ref().map(OfficeNumber::as_str) == office && sum(doc) == hash;
        if !whole {
            self.wrong(n, ActsWrong::Changed);
        } else if known.is_some_and(|known| known.previous != self.hash) {
            self.wrong(n, ActsWrong::Unchained);
        }
        (self.next, self.hash) = (n + 1, hash.to_owned());
    }
}

/// The newest heads, the oldest of them first.
async fn heads(readers: &SqlitePool, most: i64) -> Result<Vec<(ActsHead, Option<String>)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT h.day AS "day!: i32", h.rows, h.signed, a.hash AS "hash?"
           FROM act_head h LEFT JOIN act a ON a.n = h.rows - 1 ORDER BY h.rows DESC LIMIT ?"#,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let head = |day, rows: i64, signed| ActsHead { day: Day(day), rows: rows.cast_unsigned(), signed, beyond: None };
    Ok(found.into_iter().rev().map(|row| (head(row.day, row.rows, row.signed), row.hash)).collect())
}
