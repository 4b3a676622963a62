//! Agents and mandates in rows (Profile §9). A mandate's row is never removed, and its words never change.

use fumibako_model::{
    Agent, MANDATES_A_DAY, MANDATES_OF_OFFICE, Mandate, MandateId, Refusal, Registered, UNCONFIRMED_AT_AGENT,
    japanese_day,
};
use fumibako_store::{MandateOrder, SignedDeed};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::often;

/// Puts an agent on the roll, or replaces its row.
pub(crate) async fn put_agent(rows: &mut SqliteConnection, agent: &Agent) -> Result<(), Stop> {
    let id = agent.id.as_str();
    sqlx::query!(
        "INSERT INTO agent (id, name, suspended) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, suspended = excluded.suspended",
        id,
        agent.name,
        agent.suspended
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Registers, confirms or revokes. Says whether that changed anything.
pub(crate) async fn run(
    rows: &mut SqliteConnection,
    order: &MandateOrder,
    at: Option<Timestamp>,
) -> Result<bool, Stop> {
    match order {
        MandateOrder::Register(one, signed) => register(rows, one, signed.as_deref(), at).await,
        MandateOrder::Confirm { id, signed, at } => confirm(rows, *id, signed, *at).await,
        MandateOrder::Revoke { id, signed, by, at } => revoke(rows, *id, signed.as_deref(), (by, *at)).await,
    }
}

async fn register(
    rows: &mut SqliteConnection,
    one: &Registered,
    signed: Option<&[u8]>,
    at: Option<Timestamp>,
) -> Result<bool, Stop> {
    let (id, doc) = (one.id.to_string(), serde_json::to_string(&one.mandate)?);
    let confirmed = one.confirmed.map(Timestamp::as_millisecond);
    let agent = one.mandate.agent.as_str();
    let known = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM agent WHERE id = ?) AS "known!: bool""#, agent)
        .fetch_one(&mut *rows)
        .await?;
    if !known {
        return Err(Refusal::AgentUnknown.about(agent).into());
    }
    room(rows, one, &id, at.map_or(Date::MIN, japanese_day)).await?;
    let put = sqlx::query!(
        "INSERT INTO mandate (id, digest, doc, paper, confirmed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        id,
        one.digest,
        doc,
        one.paper,
        confirmed
    )
    .execute(&mut *rows)
    .await?;
    let new = put.rows_affected() == 1;
    if let (true, Some(at), Some(_)) = (new, at, signed) {
        let most = i64::try_from(MANDATES_A_DAY).unwrap_or(i64::MAX);
        often::at_most(rows, (one.mandate.office.as_str(), "mandate"), (most, often::DAY), at).await?;
    }
    if let Some(signed) = signed {
        keep(rows, (&id, "grant"), signed, one.mandate.granted).await?;
    }
    Ok(new)
}

/// Profile §9.15: an office has so many mandates that are not over, and so many wait for one agent. One that is there is no more; what
/// is over already would count for nothing.
async fn room(rows: &mut SqliteConnection, one: &Registered, id: &str, today: Date) -> Result<(), Stop> {
    let over = one.mandate.until < today;
    let (office, agent, today) = (one.mandate.office.as_str(), one.mandate.agent.as_str(), today.to_string());
    let found = sqlx::query!(
        r#"SELECT EXISTS (SELECT 1 FROM mandate WHERE id = ?) AS "known!: bool",
                  (SELECT count(*) FROM mandate WHERE doc ->> 'office' = ? AND revoked_at IS NULL
                      AND doc ->> 'until' >= ?) AS "held!: i64",
                  (SELECT count(*) FROM mandate WHERE doc ->> 'agent' = ? AND revoked_at IS NULL AND confirmed_at IS NULL
                      AND doc ->> 'until' >= ?) AS "waiting!: i64""#,
        id,
        office,
        today,
        agent,
        today
    )
    .fetch_one(rows)
    .await?;
    let full = |count: i64, most: usize| usize::try_from(count).is_ok_and(|count| count >= most);
    if found.known {
        return Ok(());
    }
    if over {
        return Err(Refusal::MandateExpired.about(one.mandate.until).into());
    }
    if full(found.held, MANDATES_OF_OFFICE) {
        return Err(Refusal::TooManyMandates.about(format_args!("{MANDATES_OF_OFFICE} mandates")).into());
    }
    if one.confirmed.is_none() && full(found.waiting, UNCONFIRMED_AT_AGENT) {
        return Err(Refusal::TooManyUnconfirmed.about(format_args!("{UNCONFIRMED_AT_AGENT} mandates")).into());
    }
    Ok(())
}

async fn confirm(rows: &mut SqliteConnection, id: MandateId, signed: &[u8], at: Timestamp) -> Result<bool, Stop> {
    let (id, millis) = (id.to_string(), at.as_millisecond());
    let found = sqlx::query!("SELECT confirmed_at, revoked_at FROM mandate WHERE id = ?", id)
        .fetch_optional(&mut *rows)
        .await?
        .ok_or_else(|| Refusal::MandateUnknown.about(&id))?;
    if found.revoked_at.is_some() {
        return Err(Refusal::MandateRevoked.about(&id).into());
    }
    if found.confirmed_at.is_some() {
        return Ok(false);
    }
    sqlx::query!("UPDATE mandate SET confirmed_at = ? WHERE id = ?", millis, id).execute(&mut *rows).await?;
    keep(rows, (&id, "confirm"), signed, at).await?;
    Ok(true)
}

async fn revoke(
    rows: &mut SqliteConnection,
    id: MandateId,
    signed: Option<&[u8]>,
    (by, at): (&str, Timestamp),
) -> Result<bool, Stop> {
    let (id, millis) = (id.to_string(), at.as_millisecond());
    let known = sqlx::query!("SELECT revoked_at FROM mandate WHERE id = ?", id).fetch_optional(&mut *rows).await?;
    let known = known.ok_or_else(|| Refusal::MandateUnknown.about(&id))?;
    // The first revocation counts.
    sqlx::query!(
        "UPDATE mandate SET revoked_at = coalesce(revoked_at, ?), revoked_by = coalesce(revoked_by, ?) WHERE id = ?",
        millis,
        by,
        id
    )
    .execute(&mut *rows)
    .await?;
    if let Some(signed) = signed {
        keep(rows, (&id, "revoke"), signed, at).await?;
    }
    Ok(known.revoked_at.is_none())
}

/// Keeps what was signed; the first of a kind stays.
async fn keep(rows: &mut SqliteConnection, (id, kind): (&str, &str), signed: &[u8], at: Timestamp) -> Result<(), Stop> {
    let at = at.as_millisecond();
    sqlx::query!(
        "INSERT INTO deed (mandate, kind, at, signed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        id,
        kind,
        at,
        signed
    )
    .execute(rows)
    .await?;
    Ok(())
}

#[derive(Deserialize)]
struct Row {
    id: MandateId,
    digest: String,
    doc: Mandate,
    paper: u8,
    confirmed: Option<i64>,
    revoked: Option<i64>,
}

/// All agents and mandates, for the roll.
pub(crate) async fn load(rows: &mut SqliteConnection) -> Result<(Vec<Agent>, Vec<Registered>), sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT (SELECT json_group_array(json_object('id', id, 'name', name, 'suspended', suspended)) FROM agent)
                  AS "agents!: String",
                  (SELECT json_group_array(json_object('id', id, 'digest', digest, 'doc', json(doc), 'paper', paper,
                          'confirmed', confirmed_at, 'revoked', revoked_at)) FROM mandate) AS "mandates!: String""#
    )
    .fetch_one(rows)
    .await?;
    let agents = serde_json::from_str(&found.agents).map_err(unreadable)?;
    let mandates: Vec<Row> = serde_json::from_str(&found.mandates).map_err(unreadable)?;
    Ok((agents, mandates.into_iter().map(Row::registered).collect::<Result<_, _>>()?))
}

impl Row {
    fn registered(self) -> Result<Registered, sqlx::Error> {
        let moment = |at: Option<i64>| at.map(Timestamp::from_millisecond).transpose().map_err(unreadable);
        let (confirmed, revoked) = (moment(self.confirmed)?, moment(self.revoked)?);
        let (id, digest, mandate) = (self.id, self.digest, self.doc);
        Ok(Registered { id, digest, mandate, paper: self.paper != 0, confirmed, revoked })
    }
}

/// What was signed of a mandate, in the order it came.
pub(crate) async fn deeds(readers: &SqlitePool, id: MandateId) -> Result<Vec<SignedDeed>, fumibako_store::StoreError> {
    let id = id.to_string();
    let found = sqlx::query!("SELECT kind, at, signed FROM deed WHERE mandate = ? ORDER BY at, kind", id)
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    let deed = |at: i64| Timestamp::from_millisecond(at).map_err(|why| store_error(unreadable(why)));
    found.into_iter().map(|row| Ok(SignedDeed { kind: row.kind, at: deed(row.at)?, octets: row.signed })).collect()
}
