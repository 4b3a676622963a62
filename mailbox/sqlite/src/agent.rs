//! What an agent keeps of its own: the list of its subscriptions (Profile §9.16).

use std::collections::BTreeMap;

use fumibako_model::{AgentId, FolderName, Refusal, begins_subscribed};
use fumibako_store::{AGENT_SUBSCRIPTIONS, StoreError};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error};
use crate::read::unpack;

/// Subscribes to a name, or no longer. That it does not is kept of what begins subscribed.
pub(crate) async fn subscribe(
    rows: &mut SqliteConnection,
    agent: &AgentId,
    folder: &FolderName,
    wanted: bool,
) -> Result<(), Stop> {
    let (agent, name) = (agent.as_str(), folder.as_str());
    if !wanted && !begins_subscribed(folder) {
        sqlx::query!("DELETE FROM agent_subscription WHERE agent = ? AND name = ?", agent, name).execute(rows).await?;
        return Ok(());
    }
    let held =
        sqlx::query_scalar!("SELECT count(*) FROM agent_subscription WHERE agent = ? AND name <> ?", agent, name);
    if usize::try_from(held.fetch_one(&mut *rows).await?).is_ok_and(|held| held >= AGENT_SUBSCRIPTIONS) {
        return Err(Refusal::TooManyFolders.about(format_args!("{AGENT_SUBSCRIPTIONS} subscriptions")).into());
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
    Ok(())
}

/// All that it said.
pub(crate) async fn said(readers: &SqlitePool, agent: &AgentId) -> Result<BTreeMap<FolderName, bool>, StoreError> {
    let agent = agent.as_str();
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(name, wanted)) AS "said!: String" FROM agent_subscription WHERE agent = ?"#,
        agent
    );
    let said: Vec<(FolderName, u8)> = unpack(&found.fetch_one(readers).await.map_err(store_error)?)?;
    Ok(said.into_iter().map(|(name, wanted)| (name, wanted != 0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection;

    // Profile §9.16
    #[tokio::test]
    async fn fifty_thousand_names_are_the_most() {
        let mut rows = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql(include_str!("../migrations/0001_rows.sql")).execute(&mut rows).await.unwrap();
        let most = i64::try_from(AGENT_SUBSCRIPTIONS).unwrap();
        sqlx::raw_sql("INSERT INTO agent (id, name) VALUES ('kawara', 'かわら'), ('tsuta', 'つた')")
            .execute(&mut rows)
            .await
            .unwrap();
        sqlx::query(
            "WITH RECURSIVE n (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM n WHERE n < ?)
             INSERT INTO agent_subscription SELECT 'kawara', 'own/' || n, 1 FROM n",
        )
        .bind(most)
        .execute(&mut rows)
        .await
        .unwrap();
        let (kawara, tsuta) = ("kawara".parse().unwrap(), "tsuta".parse().unwrap());
        let name = |text: &str| text.parse::<FolderName>().unwrap();
        subscribe(&mut rows, &kawara, &name("own/1"), true).await.unwrap();
        // What stands there may be said again; one more may not, be it that it is not wanted; what is never kept costs nothing.
        subscribe(&mut rows, &kawara, &name("own/1"), true).await.unwrap();
        subscribe(&mut rows, &kawara, &name("other"), false).await.unwrap();
        for (folder, wanted) in [("other", true), ("Notices", false)] {
            let refused = subscribe(&mut rows, &kawara, &name(folder), wanted).await.unwrap_err();
            assert!(matches!(refused, Stop::Refused(refused) if refused.why == Refusal::TooManyFolders));
        }
        subscribe(&mut rows, &tsuta, &name("other"), true).await.unwrap();
        subscribe(&mut rows, &kawara, &name("own/1"), false).await.unwrap();
        subscribe(&mut rows, &kawara, &name("Notices"), false).await.unwrap();
    }
}
