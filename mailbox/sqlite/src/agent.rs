//! What an agent keeps of its own: the list of its subscriptions (Profile §9.16).

use std::collections::BTreeMap;

use fumibako_model::{AgentId, FolderName, OFFICES, OfficeNumber, Refusal, Roll, begins_subscribed};
use fumibako_store::{AGENT_SUBSCRIPTIONS, AGENT_SUBSCRIPTIONS_OF_OFFICE, StoreError};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error};
use crate::read::unpack;

/// Of how many names an agent may say whether it subscribes to them.
pub(crate) fn most(roll: &Roll, agent: &AgentId) -> usize {
    AGENT_SUBSCRIPTIONS + AGENT_SUBSCRIPTIONS_OF_OFFICE * roll.served_by(agent)
}

/// Subscribes to a name, or no longer; `most` names are kept. That it does not is kept of what begins subscribed. Says whether that
/// changed anything. Nothing here takes longer the more names there are: everybody's mail waits meanwhile.
pub(crate) async fn subscribe(
    rows: &mut SqliteConnection,
    agent: &AgentId,
    (folder, wanted): (&FolderName, bool),
    most: usize,
) -> Result<bool, Stop> {
    let (agent, name) = (agent.as_str(), folder.as_str());
    let said = sqlx::query_scalar!("SELECT wanted FROM agent_subscription WHERE agent = ? AND name = ?", agent, name);
    let said = said.fetch_optional(&mut *rows).await?.map(|said| said != 0);
    let says = (wanted || begins_subscribed(folder)).then_some(wanted);
    if said == says {
        return Ok(false);
    }
    if says.is_none() {
        sqlx::query!("DELETE FROM agent_subscription WHERE agent = ? AND name = ?", agent, name)
            .execute(&mut *rows)
            .await?;
        sqlx::query!("UPDATE agent SET subscriptions = subscriptions - 1 WHERE id = ?", agent).execute(rows).await?;
        return Ok(true);
    }
    if said.is_none() {
        let bound = i64::try_from(most).unwrap_or(i64::MAX);
        let counted = sqlx::query!(
            "UPDATE agent SET subscriptions = subscriptions + 1 WHERE id = ? AND subscriptions < ?",
            agent,
            bound
        );
        if counted.execute(&mut *rows).await?.rows_affected() == 0 {
            return Err(Refusal::TooManyFolders.about(format_args!("{most} subscriptions")).into());
        }
    }
    sqlx::query!(
        "INSERT INTO agent_subscription (agent, name, wanted) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET wanted = excluded.wanted",
        agent,
        name,
        wanted
    )
    .execute(rows)
    .await?;
    Ok(true)
}

/// All that it said, or what of it is about one office's folders and the notices.
pub(crate) async fn said(
    readers: &SqlitePool,
    agent: &AgentId,
    office: Option<OfficeNumber>,
) -> Result<BTreeMap<FolderName, bool>, StoreError> {
    let agent = agent.as_str();
    let found = if let Some(office) = office {
        // What begins with the office's level stands between this and that: `0` comes after `/`.
        let (from, to) = (format!("{OFFICES}/{office}/"), format!("{OFFICES}/{office}0"));
        let notices = FolderName::notices();
        let notices = notices.as_str();
        sqlx::query_scalar!(
            r#"SELECT json_group_array(json_array(name, wanted)) AS "said!: String" FROM (
                   SELECT name, wanted FROM agent_subscription WHERE agent = ?1 AND name > ?2 AND name < ?3
                   UNION ALL SELECT name, wanted FROM agent_subscription WHERE agent = ?1 AND name = ?4)"#,
            agent,
            from,
            to,
            notices
        )
        .fetch_one(readers)
        .await
    } else {
        sqlx::query_scalar!(
            r#"SELECT json_group_array(json_array(name, wanted)) AS "said!: String" FROM agent_subscription WHERE agent = ?"#,
            agent
        )
        .fetch_one(readers)
        .await
    };
    let said: Vec<(FolderName, u8)> = unpack(&found.map_err(store_error)?)?;
    Ok(said.into_iter().map(|(name, wanted)| (name, wanted != 0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_store::suite::mandates::sending;
    use fumibako_store::suite::{domain, himawari, kaede, kawara};
    use sqlx::Connection;

    // Profile §9.16
    #[tokio::test]
    async fn so_many_names_are_the_most() {
        let mut rows = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql(include_str!("../migrations/0001_rows.sql")).execute(&mut rows).await.unwrap();
        sqlx::raw_sql("INSERT INTO agent (id, name) VALUES ('kawara', 'かわら'), ('tsuta', 'つた')")
            .execute(&mut rows)
            .await
            .unwrap();
        let mut says = async |agent: &str, name: &str, wanted: bool| {
            let (agent, name) = (agent.parse().unwrap(), name.parse().unwrap());
            match subscribe(&mut rows, &agent, (&name, wanted), 2).await {
                Ok(changed) => Some(changed),
                Err(Stop::Refused(refused)) if refused.why == Refusal::TooManyFolders => None,
                Err(stop) => panic!("{stop:?}"),
            }
        };
        let (new, same, refused) = (Some(true), Some(false), None);
        for (agent, name, wanted, expected) in [
            ("kawara", "own/1", true, new),
            ("kawara", "own/2", true, new),
            // What stands there may be said again; one more may not, be it that it is not wanted; what is never kept costs nothing.
            ("kawara", "own/1", true, same),
            ("kawara", "other", false, same),
            ("kawara", "other", true, refused),
            ("kawara", "Notices", false, refused),
            // Each has its own.
            ("tsuta", "other", true, new),
            ("kawara", "own/1", false, new),
            ("kawara", "own/1", false, same),
            ("kawara", "Notices", false, new),
            ("kawara", "Notices", true, new),
            ("kawara", "other", true, refused),
        ] {
            assert_eq!(says(agent, name, wanted).await, expected, "{agent} {name} {wanted}");
        }
    }

    // Profile §9.16
    #[test]
    fn who_serves_more_offices_has_more_names() {
        let roll = Roll::new(domain(), [], [], []).delegating([], [himawari(), kaede(), kaede()].map(sending));
        let most = |agent: &str| super::most(&roll, &agent.parse().unwrap());
        assert_eq!(["tsuta", kawara().as_str()].map(most), [1_000, 1_020]);
    }
}
