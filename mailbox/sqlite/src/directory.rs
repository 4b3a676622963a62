//! What the directory says of offices, in rows, and the copy of it in memory that is searched (Profile §17).

use std::collections::HashMap;
use std::sync::Arc;

use fumibako_model::{Description, Details, Directory, Indexed, OfficeNumber, Refusal};
use fumibako_store::StoreError;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use crate::error::{Stop, store_error, unreadable};
use crate::folder::make_standard;

/// Between offices, and between what is said of one: no text of an office has such characters.
const RECORD: char = '\u{1e}';
const UNIT: char = '\u{1f}';

/// Writes what is said of offices, and makes those that are new.
pub(crate) async fn describe(rows: &mut SqliteConnection, offices: &[Description]) -> Result<(), Stop> {
    let json = serde_json::to_string(offices)?;
    let nameless = sqlx::query_scalar!(
        r#"SELECT value ->> 'number' AS "number!: String" FROM json_each(?)
           WHERE value ->> 'name' IS NULL AND NOT EXISTS (SELECT 1 FROM office WHERE number = value ->> 'number')
           LIMIT 1"#,
        json
    )
    .fetch_optional(&mut *rows)
    .await?;
    if let Some(number) = nameless {
        return Err(Refusal::OfficeUnknown.about(number).into());
    }
    let made = sqlx::query_scalar!(
        r#"INSERT INTO office (number, name, modseq) SELECT value ->> 'number', value ->> 'name', 0 FROM json_each(?)
           WHERE value ->> 'name' IS NOT NULL ON CONFLICT (number) DO NOTHING RETURNING id AS "id!: i64""#,
        json
    )
    .fetch_all(&mut *rows)
    .await?;
    sqlx::query!(
        "UPDATE office SET name = coalesce(value ->> 'name', name), kana = coalesce(value ->> 'kana', kana),
                municipality = coalesce(value ->> 'municipality', municipality),
                kinds = coalesce(value -> 'kinds', kinds), editions = coalesce(value -> 'editions', editions)
         FROM json_each(?) WHERE number = value ->> 'number'",
        json
    )
    .execute(&mut *rows)
    .await?;
    if made.is_empty() { Ok(()) } else { make_standard(rows, &made).await }
}

/// What is said of these offices, or of all.
pub(crate) async fn details(
    readers: &SqlitePool,
    offices: Option<&[OfficeNumber]>,
) -> Result<HashMap<OfficeNumber, Details>, StoreError> {
    let found =
        match offices {
            None => sqlx::query_scalar!(
                r#"SELECT json_group_array(json_array(number, json_object('kana', kana, 'municipality', municipality,
                          'kinds', json(kinds), 'editions', json(editions)))) AS "found!: String" FROM office"#
            )
            .fetch_one(readers)
            .await,
            Some(offices) => {
                let numbers = serde_json::to_string(offices).map_err(|why| store_error(unreadable(why)))?;
                sqlx::query_scalar!(
                r#"SELECT json_group_array(json_array(number, json_object('kana', kana, 'municipality', municipality,
                          'kinds', json(kinds), 'editions', json(editions)))) AS "found!: String"
                   FROM json_each(?) JOIN office ON number = value"#,
                numbers
            )
            .fetch_one(readers)
            .await
            }
        };
    let found: Vec<(OfficeNumber, Details)> =
        serde_json::from_str(&found.map_err(store_error)?).map_err(|why| store_error(unreadable(why)))?;
    Ok(found.into_iter().collect())
}

/// The copy that is searched, and the value of the counter when it was made.
#[derive(Debug, Default)]
pub(crate) struct Index(Mutex<Option<(i64, Arc<Directory>)>>);

impl Index {
    /// The copy, made anew where something was said since. Who asks meanwhile waits for it; nobody makes a second.
    pub(crate) async fn current(&self, readers: &SqlitePool) -> Result<Arc<Directory>, StoreError> {
        let mut kept = self.0.lock().await;
        let said = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'directory'");
        // Read before the rows: what is said between the two makes a copy once more, and is missed by none.
        let said = said.fetch_one(readers).await.map_err(store_error)?;
        if let Some((_, directory)) = kept.as_ref().filter(|(at, _)| *at == said) {
            return Ok(Arc::clone(directory));
        }
        let all = sqlx::query_scalar!(
            r#"SELECT group_concat(number || char(31) || name || char(31) || kana || char(31) || municipality || char(31) || kinds,
                                   char(30) ORDER BY number) AS "all: String" FROM office"#
        );
        let all = all.fetch_one(readers).await.map_err(store_error)?.unwrap_or_default();
        let made = tokio::task::spawn_blocking(move || Directory::of(all.split(RECORD).filter_map(indexed))).await;
        let made = Arc::new(made.map_err(|why| StoreError::Failed(why.to_string()))?);
        *kept = Some((said, Arc::clone(&made)));
        Ok(made)
    }
}

fn indexed(record: &str) -> Option<Indexed<'_>> {
    let mut parts = record.split(UNIT);
    let mut next = || parts.next();
    Some(Indexed { number: next()?, name: next()?, kana: next()?, municipality: next()?, kinds: next()? })
}
