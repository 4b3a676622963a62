//! A copy looked at, and a copy made a store again, with counters that nothing given since can meet.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fumibako_store::bodies::{Bodies, Day};
use fumibako_store::{Restored, StoreError, Verified};
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::files::{Manifest, copy, digest, empty_folder, sync};
use super::{day_of, on_thread};
use crate::ahead;
use crate::error::store_error;
use crate::inspect;
use crate::open::DATABASE_FILE;

/// Is every file as it was written? With the keys: does every body open, and does everything hold together?
pub(crate) async fn verify(folder: &Path, keys: Option<&Path>) -> Result<Verified, StoreError> {
    let also = folder.to_owned();
    let mut verified = on_thread(move || files_of(&also)).await?;
    if let (Some(keys), true) = (keys, verified.wrong.is_empty()) {
        verified.inside = Some(inspect::look_through(folder, keys).await?);
    }
    Ok(verified)
}

fn files_of(folder: &Path) -> Result<Verified, StoreError> {
    let listed = Manifest::read(folder)?;
    let mut found = Verified { made: listed.made, files: 0, bytes: 0, wrong: Vec::new(), inside: None };
    for file in listed.files {
        let path = folder.join(&file.path);
        if !path.is_file() {
            found.wrong.push(format!("{} is missing", path.display()));
            continue;
        }
        let now = digest(folder, &path)?;
        if now == file {
            found.files += 1;
            found.bytes += file.bytes;
        } else {
            let (bytes, then) = (now.bytes, file.bytes);
            found.wrong.push(format!("{} is not what was written ({bytes} bytes, {then} then)", path.display()));
        }
    }
    Ok(found)
}

/// Makes a copy a store again, in a folder that is new or empty. What the keys do not open is left out.
///
/// | a crash             | leaves                                                                     |
/// |---------------------|----------------------------------------------------------------------------|
/// | before the key ring | a folder that no gateway opens: bodies without a ring. Remove it, try again|
/// | after it            | the store                                                                  |
pub(crate) async fn restore(folder: &Path, keys: &Path, to: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let verified = verify(folder, None).await?;
    if let Some(wrong) = verified.wrong.first() {
        return Err(StoreError::Failed(format!(
            "この控えは完全ではありません。別の控えを使ってください / {wrong}: this backup is not whole; take another one"
        )));
    }
    let (from, own, target) = (folder.to_owned(), keys.to_owned(), to.to_owned());
    let (known, restored) = on_thread(move || bodies_of(&from, &own, &target)).await?;
    advance(&to.join(DATABASE_FILE), now).await?;
    let target = to.to_owned();
    on_thread(move || {
        sync(&target.join(DATABASE_FILE))?;
        sync(&target)?;
        // Last: until then no gateway opens the folder.
        known.copy_keys(&target.join("keys"))?;
        sync(&target)
    })
    .await?;
    Ok(restored)
}

/// Puts the bodies that can be read and the rows into the folder.
fn bodies_of(folder: &Path, keys: &Path, to: &Path) -> Result<(Bodies, Restored), StoreError> {
    let (listed, list) = (Manifest::read(folder)?, Manifest::sum(folder)?);
    let known = Bodies::look(&folder.join("bodies"), keys)?;
    empty_folder(to)?;
    empty_folder(&to.join("bodies"))?;
    empty_folder(&to.join("keys"))?;
    let with_key: BTreeSet<Day> = known.days().into_iter().chain(known.holds()).collect();
    let gone: BTreeSet<Day> = known.erased().into_iter().collect();
    let (mut erased, mut without_key, mut files) = (BTreeSet::new(), BTreeSet::new(), 0);
    for file in &listed.files {
        match day_of(file) {
            Some(day) if gone.contains(&day) => {
                erased.insert(day);
                continue;
            }
            Some(day) if !with_key.contains(&day) => drop(without_key.insert(day)),
            _ => {}
        }
        let name = PathBuf::from(&file.path);
        if copy(&folder.join(&name), to, &name)? != *file {
            return Err(StoreError::Failed(format!(
                "{0} が読んでいる間に変わりました。もう一度実行してください / {0} changed while it was read; try again",
                file.path
            )));
        }
        files += u64::from(day_of(file).is_some());
    }
    let (erased, without_key) = (erased.into_iter().collect(), without_key.into_iter().collect());
    Ok((known, Restored { made: listed.made, list, files, erased, without_key }))
}

/// Profile §11.9: nothing that was given after the copy was made is given again.
async fn advance(rows: &Path, now: Timestamp) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(rows).synchronous(SqliteSynchronous::Full);
    let mut connection = options.disable_statement_logging().connect().await.map_err(store_error)?;
    let mut change = connection.begin().await.map_err(store_error)?;
    ahead::jump(&mut change, 1, now).await.map_err(store_error)?;
    // An operator is here: the date is looked at.
    sqlx::query("UPDATE counter SET value = 0 WHERE name IN ('expired_on', 'believed_on')")
        .execute(&mut *change)
        .await
        .map_err(store_error)?;
    change.commit().await.map_err(store_error)?;
    connection.close().await.map_err(store_error)
}
