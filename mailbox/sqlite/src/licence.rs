//! Licences in rows (Profile §10): decided by `model` over the row as it stands inside the commit.

use fumibako_model::{LicenceDeed, LicenceOrder, LicenceTerms, Licensing, OfficeNumber, Refusal, hash};
use fumibako_store::{LicenceChange, Published, SignedDeed, StoreError};
use jiff::{SignedDuration, Timestamp};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};

/// What the list of what is due calls a licence; below it stand the numbers of reports. `message` is the office's row there.
pub(crate) const LICENCE: i64 = 100;
/// Offices that are handed out at once.
const AT_ONCE: i64 = 100;
/// Deeds of one office that are kept in 24 hours.
const DEEDS_A_DAY: i64 = 20;

/// Does what is ordered; says whether that changed anything.
pub(crate) async fn run(rows: &mut SqliteConnection, change: &LicenceChange) -> Result<bool, Stop> {
    let number = change.office.as_str();
    let found = sqlx::query!(
        r#"SELECT o.id AS "id!: i64", o.suspended, l.doc AS "doc?", l.look_at AS "look_at?"
           FROM office o LEFT JOIN licence l ON l.office = o.number WHERE o.number = ?"#,
        number
    )
    .fetch_optional(&mut *rows)
    .await?
    .ok_or_else(|| Refusal::OfficeUnknown.about(number))?;
    let mut before: Licensing = found.doc.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
    before.office_stopped = found.suspended.is_some();
    let deed = match &change.order {
        LicenceOrder::Signed(deed) => Some((deed, hash(deed.canonical().as_bytes()))),
        _ => None,
    };
    if let Some((_, sum)) = &deed {
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM licence_deed WHERE sha256 = ?) AS "known!: bool""#,
            sum
        );
        if known.fetch_one(&mut *rows).await? {
            return Ok(false);
        }
    }
    if let LicenceOrder::Signed(LicenceDeed::Apply(asked) | LicenceDeed::Renew(asked)) = &change.order {
        user(rows, number, &asked.user).await?;
    }
    let terms = current(rows).await?;
    let after = before.decide(&change.order, terms.as_ref(), change.at)?;
    let now = after.as_ref().unwrap_or(&before);
    let look = now.look(terms.as_ref(), change.at).map(Timestamp::as_millisecond);
    if after.is_some() || look != found.look_at {
        put(rows, number, (now, look)).await?;
        due(rows, found.id, (found.look_at, look)).await?;
    }
    // Where only the time of the last deed is new, nothing was done.
    let changed = after.is_some_and(|after| Licensing { said: before.said, ..after } != before);
    if let (true, Some((deed, sum)), Some(signed)) = (changed, deed, &change.signed) {
        few(rows, number, change.at).await?;
        keep(rows, (number, &sum, deed), signed, change.at).await?;
    }
    Ok(changed)
}

/// Profile §10.5: who agreed is a user ID of the office, or an application password of one, that is not suspended.
async fn user(rows: &mut SqliteConnection, office: &str, login: &str) -> Result<(), Stop> {
    let found = sqlx::query!(
        "SELECT suspended FROM account
         WHERE party = ? AND login IN (?, (SELECT account FROM app_password WHERE login = ?))",
        office,
        login,
        login
    )
    .fetch_optional(rows)
    .await?
    .ok_or_else(|| Refusal::LoginUnknown.about(login))?;
    if found.suspended.is_some() { Err(Refusal::AccountSuspended.about(login).into()) } else { Ok(()) }
}

/// Profile §10.4: so many deeds of an office are kept in a day; of one more it is said how long to wait.
async fn few(rows: &mut SqliteConnection, office: &str, now: Timestamp) -> Result<(), Stop> {
    let day = now - SignedDuration::from_hours(24);
    let since = day.as_millisecond();
    let found = sqlx::query!(
        r#"SELECT count(*) AS "count!: i64", min(at) AS "first?: i64" FROM licence_deed WHERE office = ? AND at > ?"#,
        office,
        since
    )
    .fetch_one(rows)
    .await?;
    if found.count < DEEDS_A_DAY {
        return Ok(());
    }
    Err(Refusal::TooManyQuestions.about((found.first.unwrap_or(since) - since) / 1000 + 1).into())
}

async fn put(
    rows: &mut SqliteConnection,
    number: &str,
    (licensing, look): (&Licensing, Option<i64>),
) -> Result<(), Stop> {
    let doc = serde_json::to_string(licensing)?;
    sqlx::query!(
        "INSERT INTO licence (office, doc, look_at) VALUES (?, ?, ?)
         ON CONFLICT (office) DO UPDATE SET doc = excluded.doc, look_at = excluded.look_at",
        number,
        doc,
        look
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Its one row in the list of what is due.
async fn due(rows: &mut SqliteConnection, office: i64, (before, look): (Option<i64>, Option<i64>)) -> Result<(), Stop> {
    if let Some(before) = before {
        sqlx::query!("DELETE FROM due WHERE at = ? AND message = ? AND what = ?", before, office, LICENCE)
            .execute(&mut *rows)
            .await?;
    }
    if let Some(look) = look {
        sqlx::query!("INSERT INTO due (at, message, what, evidence) VALUES (?, ?, ?, 0)", look, office, LICENCE)
            .execute(rows)
            .await?;
    }
    Ok(())
}

async fn keep(
    rows: &mut SqliteConnection,
    (office, sum, deed): (&str, &str, &LicenceDeed),
    signed: &[u8],
    at: Timestamp,
) -> Result<(), Stop> {
    let at = at.as_millisecond();
    let kind = match deed {
        LicenceDeed::Apply(_) => "apply",
        LicenceDeed::Renew(_) => "renew",
        LicenceDeed::Automatic(_) => "automatic",
    };
    sqlx::query!(
        "INSERT INTO licence_deed (sha256, office, kind, at, signed) VALUES (?, ?, ?, ?, ?)",
        sum,
        office,
        kind,
        at,
        signed
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Publishes terms; says whether they are new. A version that is there keeps its words.
pub(crate) async fn publish(rows: &mut SqliteConnection, terms: &LicenceTerms, at: Timestamp) -> Result<bool, Stop> {
    let LicenceTerms { version, digest, text } = terms;
    let known = sqlx::query_scalar!("SELECT digest FROM terms WHERE version = ?", version).fetch_optional(&mut *rows);
    if let Some(known) = known.await? {
        let same = known == *digest;
        return if same { Ok(false) } else { Err(Refusal::ValueUnfit.about("the version has other words").into()) };
    }
    let at = at.as_millisecond();
    sqlx::query!("INSERT INTO terms (version, digest, text, at) VALUES (?, ?, ?, ?)", version, digest, text, at)
        .execute(rows)
        .await?;
    Ok(true)
}

/// The terms in force: those that were published last.
async fn current(rows: &mut SqliteConnection) -> Result<Option<LicenceTerms>, sqlx::Error> {
    let found = sqlx::query!("SELECT version, digest, text FROM terms ORDER BY n DESC LIMIT 1").fetch_optional(rows);
    Ok(found.await?.map(|row| LicenceTerms { version: row.version, digest: row.digest, text: row.text }))
}

/// All licences, and the terms in force, for the roll.
pub(crate) async fn load(
    rows: &mut SqliteConnection,
) -> Result<(Vec<(OfficeNumber, Licensing)>, Option<LicenceTerms>), sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(office, json(doc))) AS "licences!: String" FROM licence"#
    )
    .fetch_one(&mut *rows)
    .await?;
    Ok((serde_json::from_str(&found).map_err(unreadable)?, current(rows).await?))
}

/// The offices whose licence is to be looked at by now.
pub(crate) async fn to_look_at(readers: &SqlitePool, now: Timestamp) -> Result<Vec<OfficeNumber>, StoreError> {
    let now = now.as_millisecond();
    let found = sqlx::query_scalar!(
        "SELECT o.number FROM due d JOIN office o ON o.id = d.message WHERE d.at <= ? AND d.what = ? ORDER BY d.at LIMIT ?",
        now,
        LICENCE,
        AT_ONCE
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    found.into_iter().map(|number| number.parse().map_err(|why| store_error(unreadable(why)))).collect()
}

/// All versions of the terms, the oldest first.
pub(crate) async fn terms(readers: &SqlitePool) -> Result<Vec<Published>, StoreError> {
    let found = sqlx::query!("SELECT version, digest, text, at FROM terms ORDER BY n").fetch_all(readers);
    let found = found.await.map_err(store_error)?.into_iter().map(|row| {
        let terms = LicenceTerms { version: row.version, digest: row.digest, text: row.text };
        Ok(Published { terms, at: Timestamp::from_millisecond(row.at).map_err(unreadable)? })
    });
    found.collect::<Result<_, sqlx::Error>>().map_err(store_error)
}

/// What an office signed of its licence, in the order it came.
pub(crate) async fn deeds(readers: &SqlitePool, office: OfficeNumber) -> Result<Vec<SignedDeed>, StoreError> {
    let number = office.as_str();
    let found = sqlx::query!("SELECT kind, at, signed FROM licence_deed WHERE office = ? ORDER BY at, sha256", number)
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    let deed = |at: i64| Timestamp::from_millisecond(at).map_err(|why| store_error(unreadable(why)));
    found.into_iter().map(|row| Ok(SignedDeed { kind: row.kind, at: deed(row.at)?, octets: row.signed })).collect()
}
