//! The tree of an office's folders: CREATE, DELETE, RENAME, and the names it subscribed to.

use std::collections::BTreeMap;

use fumibako_model::{FolderId, FolderName, ModSeq, OfficeNumber, Refusal, Roll};
use fumibako_store::{Doer, FOLDERS, SUBSCRIPTIONS};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::change::{forget, standing, transfer};
use crate::error::Stop;
use crate::folder::make;
use crate::handover::{self, HandedOver};
use crate::ledger::Wake;

/// Most names whose last UIDVALIDITY is remembered; the others are remembered as one.
const VACATED: i64 = 1_000;

/// An office's folders by name.
pub(crate) struct Tree {
    /// The office's row.
    pub(crate) office: i64,
    number: OfficeNumber,
    pub(crate) folders: BTreeMap<FolderName, FolderId>,
}

/// Makes a folder and the levels above it that are not there (RFC 3501 §6.3.3).
pub(crate) async fn create(
    rows: &mut SqliteConnection,
    office: OfficeNumber,
    folder: &FolderName,
) -> Result<(FolderId, Vec<Wake>), Stop> {
    let tree = Tree::read(rows, office).await?;
    tree.make_with_levels(rows, folder, true).await?;
    let made = Tree::read(rows, office).await?;
    let id = made.folders.get(folder).copied().ok_or(Refusal::Internal)?;
    Ok((id, vec![made.wake(rows, None).await?]))
}

/// Removes a folder with its messages. Its name lives on as a level while folders stand below it (RFC 3501 §6.3.4). Says which bundles
/// were handed over by it.
pub(crate) async fn delete(
    rows: &mut SqliteConnection,
    roll: &Roll,
    doer: &Doer,
    folder: &FolderName,
) -> Result<HandedOver, Stop> {
    if folder.is_standard() {
        return Err(Refusal::FolderIsStandard.about(folder).into());
    }
    let tree = Tree::read(rows, doer.office).await?;
    let id = *tree.folders.get(folder).ok_or_else(|| Refusal::NoSuchFolder.about(folder))?;
    let gone = standing(rows, id, None).await?;
    sqlx::query!(
        "UPDATE office SET used_bytes = used_bytes - (SELECT bytes FROM mailbox WHERE id = ?) WHERE id = ?",
        id.0,
        tree.office
    )
    .execute(&mut *rows)
    .await?;
    tree.vacate(rows, id).await?;
    sqlx::query!("DELETE FROM entry WHERE mailbox = ?", id.0).execute(&mut *rows).await?;
    sqlx::query!("DELETE FROM vanished WHERE mailbox = ?", id.0).execute(&mut *rows).await?;
    sqlx::query!("DELETE FROM keyword WHERE mailbox = ?", id.0).execute(&mut *rows).await?;
    sqlx::query!("DELETE FROM annotation WHERE office = ? AND mailbox = ?", tree.office, id.0)
        .execute(&mut *rows)
        .await?;
    sqlx::query!("DELETE FROM mailbox WHERE id = ?", id.0).execute(&mut *rows).await?;
    let (handed_over, mut wakes) = handover::take(rows, roll, doer, &gone).await?;
    forget(rows, &gone).await?;
    wakes.push(tree.wake(rows, Some(id)).await?);
    Ok((handed_over, wakes))
}

/// Gives a folder and those below it other names; `INBOX` only gives its messages away (RFC 3501 §6.3.5, RFC 9051 §6.3.6), and
/// what of them was handed over by it is said.
pub(crate) async fn rename(
    rows: &mut SqliteConnection,
    roll: &Roll,
    (doer, now): (&Doer, Timestamp),
    (from, to): (&FolderName, &FolderName),
) -> Result<HandedOver, Stop> {
    let office = doer.office;
    let tree = Tree::read(rows, office).await?;
    if *from == FolderName::inbox() {
        return tree.empty_inbox(rows, roll, (doer, now), to).await;
    }
    if from.is_standard() {
        return Err(Refusal::FolderIsStandard.about(from).into());
    }
    let (names, stay): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tree.folders.iter().partition(|(name, _)| *name == from || name.is_below(from));
    if names.is_empty() {
        return Err(Refusal::NoSuchFolder.about(from).into());
    }
    if to.is_below(from) {
        return Err(Refusal::ValueUnfit.about("a folder cannot stand below itself").into());
    }
    let mut renamed: Vec<(FolderId, FolderName)> = Vec::with_capacity(names.len());
    for (name, id) in names {
        let below = name.as_str().strip_prefix(from.as_str()).unwrap_or_default();
        let new = format!("{to}{below}").parse::<FolderName>();
        let new = new.map_err(|why| Refusal::ValueUnfit.about(why))?;
        if stay.contains_key(&new) || new.looks_standard() || to == from {
            return Err(Refusal::FolderExists.about(&new).into());
        }
        renamed.push((*id, new));
    }
    // A refusal comes before the first change.
    tree.missing(to, false)?;
    let mut wakes = Vec::with_capacity(renamed.len() + 1);
    // In the order of the names: one that moves up takes a name only after its folder has left it.
    for (id, name) in renamed {
        tree.vacate(rows, id).await?;
        let text = name.as_str();
        sqlx::query!("UPDATE mailbox SET name = ? WHERE id = ?", text, id.0).execute(&mut *rows).await?;
        tree.keep_validity_rising(rows, id, &name).await?;
        wakes.push(tree.wake(rows, Some(id)).await?);
    }
    Tree::read(rows, office).await?.make_with_levels(rows, to, false).await?;
    // They stand in the folder they stood in.
    Ok((Vec::new(), wakes))
}

/// Subscribes to a name, or no longer (RFC 3501 §6.3.6, §6.3.7).
pub(crate) async fn subscribe(
    rows: &mut SqliteConnection,
    office: OfficeNumber,
    folder: &FolderName,
    wanted: bool,
) -> Result<((), Vec<Wake>), Stop> {
    let tree = Tree::read(rows, office).await?;
    let name = folder.as_str();
    let done = if wanted {
        let held =
            sqlx::query_scalar!("SELECT count(*) FROM subscription WHERE office = ? AND name <> ?", tree.office, name);
        let held = held.fetch_one(&mut *rows).await?;
        if usize::try_from(held).is_ok_and(|held| held >= SUBSCRIPTIONS) {
            return Err(Refusal::TooManyFolders.about(format_args!("{SUBSCRIPTIONS} subscriptions")).into());
        }
        sqlx::query!("INSERT OR IGNORE INTO subscription (office, name) VALUES (?, ?)", tree.office, name)
            .execute(&mut *rows)
            .await?
    } else {
        sqlx::query!("DELETE FROM subscription WHERE office = ? AND name = ?", tree.office, name)
            .execute(&mut *rows)
            .await?
    };
    let wakes = if done.rows_affected() > 0 { vec![tree.wake(rows, None).await?] } else { Vec::new() };
    Ok(((), wakes))
}

impl Tree {
    pub(crate) async fn read(rows: &mut SqliteConnection, office: OfficeNumber) -> Result<Self, Stop> {
        let number = office.as_str();
        let found = sqlx::query!(
            r#"SELECT o.id, (SELECT json_group_array(json_array(m.name, m.id)) FROM mailbox m WHERE m.office = o.id)
                      AS "folders!: String"
               FROM office o WHERE o.number = ?"#,
            number
        )
        .fetch_optional(rows)
        .await?
        .ok_or_else(|| Refusal::SenderUnknown.about(office))?;
        let folders = serde_json::from_str::<Vec<(FolderName, FolderId)>>(&found.folders)?;
        Ok(Self { office: found.id, number: office, folders: folders.into_iter().collect() })
    }

    /// Makes what is missing of the levels above a folder, and the folder itself if it is asked for.
    async fn make_with_levels(&self, rows: &mut SqliteConnection, name: &FolderName, whole: bool) -> Result<(), Stop> {
        let missing = self.missing(name, whole)?;
        let missing: Vec<&str> = missing.iter().map(FolderName::as_str).collect();
        if missing.is_empty() { Ok(()) } else { make(rows, &[self.office], &missing).await }
    }

    /// What that would make, if it may be made.
    fn missing(&self, name: &FolderName, whole: bool) -> Result<Vec<FolderName>, Stop> {
        if whole && (self.folders.contains_key(name) || name.looks_standard()) {
            return Err(Refusal::FolderExists.about(name).into());
        }
        let missing: Vec<FolderName> =
            name.above().chain(whole.then(|| name.clone())).filter(|level| !self.folders.contains_key(level)).collect();
        if let Some(alike) = missing.iter().find(|level| level.looks_standard()) {
            return Err(Refusal::FolderExists.about(alike).into());
        }
        if self.folders.len() + missing.len() > FOLDERS {
            return Err(Refusal::TooManyFolders.about(format_args!("{FOLDERS} folders")).into());
        }
        Ok(missing)
    }

    /// The messages of `INBOX` go to a new folder, which has UIDs of its own; what stands below `INBOX` stays.
    async fn empty_inbox(
        &self,
        rows: &mut SqliteConnection,
        roll: &Roll,
        (doer, now): (&Doer, Timestamp),
        to: &FolderName,
    ) -> Result<HandedOver, Stop> {
        self.make_with_levels(rows, to, true).await?;
        let inbox = *self.folders.get(&FolderName::inbox()).ok_or(Refusal::NoSuchFolder)?;
        let entries = standing(rows, inbox, None).await?;
        // RFC 5464 §4.1: the notes stay, and go along.
        let name = to.as_str();
        sqlx::query!(
            "INSERT INTO annotation (office, mailbox, name, value, modseq)
             SELECT a.office, m.id, a.name, a.value, a.modseq FROM annotation a JOIN mailbox m ON m.office = a.office
             WHERE a.office = ? AND a.mailbox = ? AND a.value IS NOT NULL AND m.name = ?",
            self.office,
            inbox.0,
            name
        )
        .execute(&mut *rows)
        .await?;
        let (_, mut wakes) = transfer(rows, doer, (inbox, &entries, true), to, now).await?;
        let (handed_over, more) = handover::take(rows, roll, doer, &entries).await?;
        wakes.extend(more);
        wakes.push(self.wake(rows, None).await?);
        Ok((handed_over, wakes))
    }

    /// A folder leaves its name: its UIDVALIDITY stays known there.
    async fn vacate(&self, rows: &mut SqliteConnection, id: FolderId) -> Result<(), Stop> {
        sqlx::query!(
            "INSERT INTO vacated (office, name, uid_validity)
             SELECT office, name, uid_validity FROM mailbox WHERE id = ?
             ON CONFLICT DO UPDATE SET uid_validity = max(uid_validity, excluded.uid_validity)",
            id.0
        )
        .execute(&mut *rows)
        .await?;
        // Beyond so many names the oldest are remembered as one.
        sqlx::query!(
            "INSERT INTO vacated (office, name, uid_validity)
             SELECT office, '', uid_validity FROM vacated WHERE office = ? ORDER BY uid_validity DESC LIMIT 1 OFFSET ?
             ON CONFLICT DO UPDATE SET uid_validity = max(uid_validity, excluded.uid_validity)",
            self.office,
            VACATED
        )
        .execute(&mut *rows)
        .await?;
        sqlx::query!(
            "DELETE FROM vacated WHERE office = ? AND name <> '' AND uid_validity <=
                 (SELECT uid_validity FROM vacated WHERE office = ? AND name = '')",
            self.office,
            self.office
        )
        .execute(rows)
        .await?;
        Ok(())
    }

    /// Profile §7.9: who knew another folder under this name must see that its UIDs mean nothing any more. The folder
    /// that comes back to its own name keeps its UIDVALIDITY.
    async fn keep_validity_rising(
        &self,
        rows: &mut SqliteConnection,
        id: FolderId,
        name: &FolderName,
    ) -> Result<(), Stop> {
        let name = name.as_str();
        let stale = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM vacated v JOIN mailbox m ON m.office = v.office
                              WHERE m.id = ? AND v.name IN (?, '') AND v.uid_validity > m.uid_validity) AS "stale!: bool""#,
            id.0,
            name
        )
        .fetch_one(&mut *rows)
        .await?;
        if stale {
            sqlx::query!("UPDATE counter SET value = value + 1 WHERE name = 'uid_validity'")
                .execute(&mut *rows)
                .await?;
            sqlx::query!(
                "UPDATE mailbox SET uid_validity = (SELECT value FROM counter WHERE name = 'uid_validity') WHERE id = ?",
                id.0
            )
            .execute(rows)
            .await?;
        }
        Ok(())
    }

    /// Raises the office's counter: the tree changed.
    pub(crate) async fn wake(&self, rows: &mut SqliteConnection, folder: Option<FolderId>) -> Result<Wake, Stop> {
        let modseq =
            sqlx::query_scalar!("UPDATE office SET modseq = modseq + 1 WHERE id = ? RETURNING modseq", self.office)
                .fetch_one(rows)
                .await?;
        Ok(Wake { office: self.number, folder, modseq: ModSeq(modseq.cast_unsigned()) })
    }
}
