//! What the directory says of offices, in rows, and the copy of it in memory that is searched (Profile §17).

use std::collections::HashMap;
use std::sync::Arc;

use fumibako_model::{Description, Details, Directory, Indexed, OfficeNumber, Refusal};
use fumibako_store::{DescribeOrder, Described, StoreError};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};
use tokio::sync::Mutex;

use crate::acts;
use crate::error::{Stop, store_error, unreadable};
use crate::folder::make_standard;

/// Between offices, and between what is said of one: no text of an office has such characters.
const RECORD: char = '\u{1e}';
const UNIT: char = '\u{1f}';

/// Holds what is said of offices against what was said, writes what differs, and makes those that are new. The audit tells each
/// that becomes another. Nothing is written before all of them are looked at.
pub(crate) async fn describe(rows: &mut SqliteConnection, order: &DescribeOrder) -> Result<Described, Stop> {
    let numbers: Vec<OfficeNumber> = order.offices.iter().map(|office| office.number).collect();
    let known = said_of(&mut *rows, &numbers).await?;
    let (mut described, mut written, mut told) = (Described::default(), Vec::new(), Vec::new());
    for office in &order.offices {
        let note = match (known.get(&office.number), &office.name) {
            (Some((name, details)), _) => office.changes(name, details).join(" "),
            (None, Some(_)) => "new".to_owned(),
            (None, None) => return Err(Refusal::OfficeUnknown.about(office.number).into()),
        };
        let count = match note.as_str() {
            "" => &mut described.unchanged,
            "new" => &mut described.added,
            _ => &mut described.changed,
        };
        *count += 1;
        if !note.is_empty() {
            let name = office.name.as_ref().or(known.get(&office.number).map(|(name, _)| name));
            let told_of = order.told.clone().of(office.number);
            told.push(told_of.about(name.map_or("", String::as_str)).noting(note));
            written.push(office);
        }
    }
    if !order.dry_run && !written.is_empty() {
        write(rows, &written).await?;
        acts::write(rows, &told).await?;
    }
    Ok(described)
}

async fn write(rows: &mut SqliteConnection, offices: &[&Description]) -> Result<(), Stop> {
    let json = serde_json::to_string(offices)?;
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
                kinds = coalesce(value -> 'kinds', kinds), editions = coalesce(value -> 'editions', editions),
                regional = coalesce(value ->> 'regional', regional)
         FROM json_each(?) WHERE number = value ->> 'number'",
        json
    )
    .execute(&mut *rows)
    .await?;
    if made.is_empty() { Ok(()) } else { make_standard(rows, &made).await }
}

/// The names of these offices and what is said of them.
async fn said_of(
    rows: impl SqliteExecutor<'_>,
    offices: &[OfficeNumber],
) -> Result<HashMap<OfficeNumber, (String, Details)>, Stop> {
    let numbers = serde_json::to_string(offices)?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(number, json_array(name, json_object('kana', kana,
                  'municipality', municipality, 'kinds', json(kinds), 'editions', json(editions),
                  'regional', json(iif(regional, 'true', 'false')))))) AS "found!: String"
           FROM json_each(?) JOIN office ON number = value"#,
        numbers
    );
    let found: Vec<(OfficeNumber, (String, Details))> = serde_json::from_str(&found.fetch_one(rows).await?)?;
    Ok(found.into_iter().collect())
}

/// What is said of these offices, or of all.
pub(crate) async fn details(
    readers: &SqlitePool,
    offices: Option<&[OfficeNumber]>,
) -> Result<HashMap<OfficeNumber, Details>, StoreError> {
    if let Some(offices) = offices {
        let said = said_of(readers, offices).await.map_err(|stop| match stop {
            Stop::Refused(refused) => StoreError::Refused(refused),
            Stop::Failed(error) => store_error(error),
        })?;
        return Ok(said.into_iter().map(|(office, (_, details))| (office, details)).collect());
    }
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(number, json_object('kana', kana, 'municipality', municipality,
                  'kinds', json(kinds), 'editions', json(editions),
                  'regional', json(iif(regional, 'true', 'false'))))) AS "found!: String" FROM office"#
    );
    let found = found.fetch_one(readers).await.map_err(store_error)?;
    let found: Vec<(OfficeNumber, Details)> =
        serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))?;
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
