//! Annotations (RFC 5464): short notes on a folder, or on none.

use fumibako_model::{ANNOTATIONS, Annotation, FolderName, ModSeq, OfficeNumber, Private, Refusal};
use fumibako_store::StoreError;
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{Stop, store_error, unreadable};
use crate::ledger::Wake;
use crate::tree::Tree;

/// Most entries of one folder that are remembered as removed.
const REMOVED: i64 = 50;

/// The annotations of a folder, or of none, by name.
pub(crate) async fn read(
    readers: &SqlitePool,
    office: OfficeNumber,
    folder: Option<&FolderName>,
) -> Result<Vec<Annotation>, StoreError> {
    let (number, name) = (office.as_str(), folder.map(FolderName::as_str));
    let found = sqlx::query!(
        r#"SELECT o.id, CASE WHEN ? IS NULL THEN 0 ELSE m.id END AS "mailbox?: i64"
           FROM office o LEFT JOIN mailbox m ON m.office = o.id AND m.name = ? WHERE o.number = ?"#,
        name,
        name,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)?
    .ok_or_else(|| Refusal::OfficeUnknown.about(office))?;
    let mailbox = found.mailbox.ok_or_else(|| Refusal::NoSuchFolder.about(name.unwrap_or_default()))?;
    let rows = sqlx::query!(
        r#"SELECT name, value AS "value!: Vec<u8>" FROM annotation
           WHERE office = ? AND mailbox = ? AND value IS NOT NULL ORDER BY name"#,
        found.id,
        mailbox
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    Ok(rows.into_iter().map(|row| Annotation { name: row.name, value: Some(Private(row.value)) }).collect())
}

/// What was set or removed after `since`.
pub(crate) async fn since(
    readers: &SqlitePool,
    office: OfficeNumber,
    since: ModSeq,
) -> Result<Vec<(Option<FolderName>, String)>, StoreError> {
    let (number, since) = (office.as_str(), since.0.cast_signed());
    let rows = sqlx::query!(
        r#"SELECT a.mailbox, m.name AS "folder: String", a.name FROM office o JOIN annotation a ON a.office = o.id
           LEFT JOIN mailbox m ON m.id = a.mailbox WHERE o.number = ? AND a.modseq > ? ORDER BY a.mailbox, a.name"#,
        number,
        since
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    let told = rows.into_iter().map(|row| {
        let folder = row.folder.map(|name| name.parse()).transpose().map_err(unreadable)?;
        Ok((folder, row.name))
    });
    told.collect::<Result<Vec<_>, sqlx::Error>>().map_err(store_error)
}

/// Sets annotations, or removes those without a value; all of them or none.
pub(crate) async fn annotate(
    rows: &mut SqliteConnection,
    office: OfficeNumber,
    folder: Option<&FolderName>,
    entries: &[Annotation],
) -> Result<((), Vec<Wake>), Stop> {
    let tree = Tree::read(rows, office).await?;
    let mailbox = match folder {
        Some(name) => tree.folders.get(name).ok_or_else(|| Refusal::NoSuchFolder.about(name))?.0,
        None => 0,
    };
    too_many(rows, (tree.office, mailbox), entries).await?;
    let wake = tree.wake(rows, None).await?;
    let modseq = wake.modseq.0.cast_signed();
    for Annotation { name, value } in entries {
        let value = value.as_ref().map(|Private(value)| value);
        sqlx::query!(
            "INSERT INTO annotation (office, mailbox, name, value, modseq) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET value = excluded.value, modseq = excluded.modseq",
            tree.office,
            mailbox,
            name,
            value,
            modseq
        )
        .execute(&mut *rows)
        .await?;
    }
    sqlx::query!(
        "DELETE FROM annotation WHERE office = ? AND mailbox = ? AND value IS NULL AND name NOT IN (
             SELECT name FROM annotation WHERE office = ? AND mailbox = ? AND value IS NULL
             ORDER BY modseq DESC LIMIT ?)",
        tree.office,
        mailbox,
        tree.office,
        mailbox,
        REMOVED
    )
    .execute(rows)
    .await?;
    Ok(((), vec![wake]))
}

/// Would there be more than a folder may have? Counted before anything is written: a refusal leaves no row.
async fn too_many(
    rows: &mut SqliteConnection,
    (office, mailbox): (i64, i64),
    entries: &[Annotation],
) -> Result<(), Stop> {
    let names = sqlx::query_scalar!(
        "SELECT name FROM annotation WHERE office = ? AND mailbox = ? AND value IS NOT NULL",
        office,
        mailbox
    );
    let mut names: std::collections::BTreeSet<String> = names.fetch_all(rows).await?.into_iter().collect();
    for Annotation { name, value } in entries {
        if value.is_some() {
            names.insert(name.clone());
        } else {
            names.remove(name);
        }
    }
    if names.len() > ANNOTATIONS {
        return Err(Refusal::TooManyFolders.about(format_args!("{ANNOTATIONS} annotations")).into());
    }
    Ok(())
}
