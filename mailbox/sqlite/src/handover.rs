//! 受け渡し: the gateway saw all of a bundle go to a terminal of its recipient (Profile §8.10).

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{
    Act, AgentId, Delegate, Done, Evidence, EvidenceId, FolderId, Happening, MandateId, MessageId, OfficeNumber,
    Outcome, Registered, Roll, Scope, State, What, outcome,
};
use fumibako_store::{Doer, Notes, hex};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::acts;
use crate::error::{Stop, unpacked, unreadable};
use crate::ledger::{Ledger, Standing, Wake};
use crate::receipt::{copies, mark};
use crate::said::{Said, offices, said};
use crate::seal;

/// What was handed over now, and which folders show it.
pub(crate) type HandedOver = (Vec<MessageId>, Vec<Wake>);

/// These went to a terminal, which went on. Says what of it was new: another message, another office's, or one that has come further is
/// none of it, and nothing is if the agent's mandate has ended meanwhile.
pub(crate) async fn hand_over(
    rows: &mut SqliteConnection,
    roll: &Roll,
    (recipient, by, now): (OfficeNumber, Option<&Delegate>, Timestamp),
    messages: &[MessageId],
) -> Result<HandedOver, Stop> {
    let by = match by {
        None => None,
        Some(by) => match in_force(roll, (recipient, &by.agent), by.mandate, now) {
            Some(by) => Some(by),
            None => return Ok((Vec::new(), Vec::new())),
        },
    };
    if let Some(by) = &by {
        tell(rows, (recipient, &by.agent, now), messages).await?;
    }
    let went = messages.iter().map(|message| (message.0, by.clone())).collect();
    write_down(rows, recipient, went, now).await
}

/// Somebody marks these as seen, or removes them: what of them went to him whole before is handed over. An agent got it under a
/// mandate, and as long as that one is in force it counts.
pub(crate) async fn take(
    rows: &mut SqliteConnection,
    roll: &Roll,
    doer: &Doer,
    touched: &[Standing],
) -> Result<HandedOver, Stop> {
    let Some(now) = doer.takes.filter(|_| !touched.is_empty()) else { return Ok((Vec::new(), Vec::new())) };
    let messages = serde_json::to_string(&touched.iter().map(|entry| entry.message).collect::<BTreeSet<_>>())?;
    let sent = sqlx::query!(
        r#"SELECT s.message AS "message!", s.mandate AS "mandate!", s.seal
           FROM json_each(?) asked CROSS JOIN sent_out s ON s.message = asked.value"#,
        messages
    )
    .fetch_all(&mut *rows)
    .await?;
    let mut went = BTreeMap::new();
    for row in sent {
        if !seal::holds_sent((row.message, &row.mandate), row.seal.as_deref()) {
            tracing::warn!(message = row.message, "sent_out.not_ours");
            continue;
        }
        match &doer.agent {
            None if row.mandate.is_empty() => drop(went.insert(row.message, None)),
            Some((agent, _)) if !row.mandate.is_empty() => {
                let mandate = row.mandate.parse::<MandateId>().map_err(unreadable)?;
                if let Some(by) = in_force(roll, (doer.office, agent), mandate, now) {
                    went.insert(row.message, Some(by));
                }
            }
            _ => {}
        }
    }
    let (new, wakes) = write_down(rows, doer.office, went, now).await?;
    if let Some((agent, _)) = &doer.agent {
        tell(rows, (doer.office, agent, now), &new).await?;
    }
    Ok((new, wakes))
}

/// The mandate by which this agent, and no other, may receive for the office now.
fn in_force(
    roll: &Roll,
    (office, agent): (OfficeNumber, &AgentId),
    mandate: MandateId,
    now: Timestamp,
) -> Option<Delegate> {
    roll.agent_in_order(agent).ok()?;
    let allows = |one: &&Registered| one.id == mandate && one.allows(Act::Any(Scope::Receive), now).is_ok();
    roll.between(office, agent).find(allows).map(Registered::delegate)
}

/// Profile §16.3: the audit tells what an agent collected, each message once, however often the agent fetches it.
async fn tell(
    rows: &mut SqliteConnection,
    (office, agent, now): (OfficeNumber, &AgentId, Timestamp),
    messages: &[MessageId],
) -> Result<(), Stop> {
    let asked = serde_json::to_string(&messages.iter().map(|message| message.0).collect::<Vec<_>>())?;
    let (number, name) = (office.as_str(), agent.as_str());
    let new = sqlx::query_scalar!(
        r#"INSERT OR IGNORE INTO collected (message, office, agent)
           SELECT m.id, ?, ? FROM json_each(?) asked CROSS JOIN message m ON m.id = asked.value
           RETURNING message AS "message!: i64""#,
        number,
        name,
        asked
    )
    .fetch_all(&mut *rows)
    .await?;
    let collected =
        |message: i64| Done::by_agent(now, agent, What::AgentCollected, office).about(format_args!("M{message}"));
    acts::write(rows, &new.into_iter().map(collected).collect::<Vec<_>>()).await
}

/// A bundle of which nobody knew up to now that its recipient took it.
struct Waiting {
    id: MessageId,
    ends: (i64, i64),
    accepted: Evidence,
    /// The evidence about it before.
    previous: EvidenceId,
    wishes: Option<String>,
    step: Outcome,
}

/// A message with all evidence that is filed under it; of what is no bundle there is none.
#[derive(Deserialize)]
struct Found {
    id: i64,
    wishes: Option<String>,
    pieces: Vec<(i64, String)>,
}

impl Found {
    /// What its evidence says, if that says that this office is the recipient: what is written down of it takes its words from there.
    fn said(&self, by: OfficeNumber) -> Option<Said> {
        let known = said(&self.pieces)?;
        let known =
            known.and_then(|said| if said.accepted.evidence.to == by { Ok(said) } else { Err(said.accepted.id) });
        known.inspect_err(|piece| tracing::error!(evidence = %piece, "bundle.not_as_its_evidence")).ok()
    }
}

/// Those of these messages. Of what its recipient could not open the gateway says nothing, whatever it sees (Profile §8.22).
async fn waiting(
    rows: &mut SqliteConnection,
    recipient: OfficeNumber,
    messages: impl Iterator<Item = &i64>,
) -> Result<Vec<Waiting>, Stop> {
    let (number, asked) = (recipient.as_str(), serde_json::to_string(&messages.collect::<Vec<_>>())?);
    let found = sqlx::query_scalar!(
        r#"SELECT CAST(json_group_array(json(row)) AS BLOB) AS "found!: Vec<u8>" FROM (
           SELECT json_object('id', m.id, 'wishes', m.wishes,
                  'pieces', (SELECT json_group_array(json_array(id, doc)) FROM (
                      SELECT e.id, e.doc FROM evidence e WHERE e.message = m.id ORDER BY e.id))) AS row
           FROM json_each(?) asked CROSS JOIN message m ON m.id = asked.value
           CROSS JOIN office r ON r.id = m.recipient AND r.number = ?
           WHERE m.sender IS NOT NULL)"#,
        asked,
        number
    )
    .fetch_one(&mut *rows)
    .await?;
    let found = unpacked::<Vec<Found>>(&found)?.into_iter();
    let known = found.filter_map(|found| found.said(recipient).map(|said| (found, said)));
    let known: Vec<_> = known.filter(|(_, said)| said.failed.is_none()).collect();
    let offices = offices(rows, known.iter().map(|(_, said)| said)).await?;
    let waits = |(found, said): (Found, Said)| {
        let Evidence { from, to, .. } = said.accepted.evidence;
        Some(Waiting {
            id: MessageId(found.id),
            ends: (*offices.get(&from)?, *offices.get(&to)?),
            step: outcome(Some(said.state), Happening::HandOver)?,
            accepted: said.accepted.evidence,
            previous: said.last,
            wishes: found.wishes,
        })
    };
    Ok(known.into_iter().filter_map(waits).collect())
}

/// Writes it down, once for each bundle, with the agent that got it, and puts the reports on the list.
async fn write_down(
    rows: &mut SqliteConnection,
    recipient: OfficeNumber,
    mut went: BTreeMap<i64, Option<Delegate>>,
    now: Timestamp,
) -> Result<HandedOver, Stop> {
    if went.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let waiting = waiting(rows, recipient, went.keys()).await?;
    let Some(state) = waiting.first().map(|one| one.step.state.code()) else { return Ok((Vec::new(), Vec::new())) };
    let new: Vec<_> = waiting.iter().map(|one| one.id).collect();
    let mut copied: BTreeMap<i64, Vec<Standing>> = BTreeMap::new();
    for copy in copies(rows, &new).await? {
        copied.entry(copy.message).or_default().push(copy);
    }
    let mut ledger = Ledger::begin(rows).await?;
    let folders = copied.values().flatten().map(|copy| FolderId(copy.folder)).collect();
    ledger.load(rows, &folders).await?;
    for Waiting { id, ends, accepted, previous, wishes, step } in waiting {
        mark(&mut ledger, copied.get(&id.0).map_or(&[], Vec::as_slice), ends.0, (step.state.keyword(), &[]));
        let Some((event, reason)) = step.evidence else { continue };
        // Who collected is not who sent (Profile §9.6).
        let by = went.remove(&id.0).flatten();
        let evidence = Evidence { event, reason, at: now, by, ..accepted.after_acceptance() };
        let evidence = ledger.witness(id, ends, (Some(previous), evidence))?;
        if let Some(report) = step.report {
            ledger.due(id, report, now, (evidence, wishes));
        }
    }
    let wakes = ledger.write(rows).await?;
    let done = serde_json::to_string(&new)?;
    sqlx::query!("DELETE FROM sent_out WHERE message IN (SELECT value FROM json_each(?))", done)
        .execute(&mut *rows)
        .await?;
    // From the one state in which a bundle waits there is one way on (Profile §8.9).
    sqlx::query!("UPDATE message SET state = ? WHERE id IN (SELECT value FROM json_each(?))", state, done)
        .execute(rows)
        .await?;
    Ok((new, wakes))
}

/// Writes down that these bundles went to their recipient whole, under this mandate or to the office itself; other messages, and what has
/// come further, are none of it.
pub(crate) async fn note_sent(
    rows: &mut SqliteConnection,
    recipient: OfficeNumber,
    messages: &[MessageId],
    mandate: Option<MandateId>,
) -> Result<(), Stop> {
    let mandate = mandate.map(|mandate| mandate.to_string()).unwrap_or_default();
    let sealed = |message: &MessageId| (message.0, seal::of_sent(message.0, &mandate).map(|seal| hex(&seal)));
    let messages = serde_json::to_string(&messages.iter().map(sealed).collect::<Vec<_>>())?;
    let (number, waits) = (recipient.as_str(), State::Delivered.code());
    sqlx::query!(
        "INSERT OR REPLACE INTO sent_out (message, mandate, seal)
         SELECT m.id, ?, unhex(asked.value ->> 1) FROM json_each(?) asked CROSS JOIN message m ON m.id = asked.value ->> 0
         CROSS JOIN office r ON r.id = m.recipient AND r.number = ?
         WHERE m.content_digest IS NOT NULL AND m.state = ?",
        mandate,
        messages,
        number,
        waits
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Seals these notes: whoever takes what they tell of has it handed over from now on.
pub(crate) async fn seal_notes(rows: &mut SqliteConnection, which: &Notes) -> Result<(), Stop> {
    let notes =
        sqlx::query!(r#"SELECT message AS "message!", mandate, seal FROM sent_out"#).fetch_all(&mut *rows).await?;
    let theirs = notes.into_iter().filter(|note| which.have((note.message, &note.mandate), note.seal.as_deref()));
    let sealed = theirs.filter_map(|note| {
        let seal = seal::of_sent(note.message, &note.mandate)?;
        Some((note.message, note.mandate, hex(&seal)))
    });
    let sealed = serde_json::to_string(&sealed.collect::<Vec<_>>())?;
    sqlx::query!(
        "UPDATE sent_out SET seal = unhex(asked.value ->> 2) FROM json_each(?) asked
         WHERE message = asked.value ->> 0 AND mandate = asked.value ->> 1",
        sealed
    )
    .execute(rows)
    .await?;
    Ok(())
}
