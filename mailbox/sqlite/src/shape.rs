//! The shape of the database held against the one that the migrations make (Profile §8.30). A trigger of another hand edits what the gateway
//! writes, in the very commit; an index that was taken away lets a thing happen twice.

use std::collections::BTreeMap;

use fumibako_store::{Foreign, Odd, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteExecutor};
use tokio::sync::OnceCell;

use crate::error::{store_error, unreadable};
use crate::open::MIGRATIONS;

/// (kind, name), and what it is on with its text; of two under one name, which SQLite takes for damage, both.
type Shape = BTreeMap<(String, String), Vec<(String, Option<String>)>>;

/// It is the same for every store.
static MADE: OnceCell<Shape> = OnceCell::const_new();

/// What is more, missing or other, in the order of kinds and names.
pub(crate) async fn foreign(rows: impl SqliteExecutor<'_>) -> Result<Vec<Foreign>, StoreError> {
    let made = MADE.get_or_try_init(made).await?;
    let found = read(rows).await?;
    let odd = |(kind, name): &(String, String), is: &[(String, Option<String>)], what| Foreign {
        kind: kind.clone(),
        name: name.clone(),
        on: is.first().map_or_else(|| name.clone(), |(on, _)| on.clone()),
        what,
    };
    let there = found.iter().filter_map(|(key, is)| match made.get(key) {
        None => Some(odd(key, is, Odd::More)),
        Some(made) if made != is => Some(odd(key, is, Odd::Other)),
        Some(_) => None,
    });
    let missing = made.iter().filter(|(key, _)| !found.contains_key(*key)).map(|(key, is)| odd(key, is, Odd::Missing));
    let mut foreign: Vec<_> = there.chain(missing).collect();
    foreign.sort();
    Ok(foreign)
}

/// The log of events names each.
pub(crate) async fn tell(rows: impl SqliteExecutor<'_>) -> Result<(), StoreError> {
    for one in foreign(rows).await? {
        tracing::warn!(object = %one, what = ?one.what, "store.foreign");
    }
    Ok(())
}

/// The same beside other work, which goes on where the shape cannot be read.
pub(crate) async fn tell_beside(rows: impl SqliteExecutor<'_>) {
    if let Err(why) = tell(rows).await {
        tracing::warn!(%why, "store.shape_unread");
    }
}

/// What the migrations make, by running them: whatever SQLite writes down of a statement, it writes down here as it did there.
async fn made() -> Result<Shape, StoreError> {
    let broken = |why: &dyn std::fmt::Display| StoreError::Broken(format!("the shape of the rows: {why}"));
    let options = SqliteConnectOptions::new().filename(":memory:").disable_statement_logging();
    let mut rows = options.connect().await.map_err(|why| broken(&why))?;
    for migration in MIGRATIONS.iter() {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut rows).await.map_err(|why| broken(&why))?;
    }
    let made = read(&mut rows).await?;
    rows.close().await.map_err(|why| broken(&why))?;
    Ok(made)
}

/// All objects but the figures of ANALYZE, which somebody may have made and nothing goes by, and the table of migrations, which is of the
/// library that runs them.
async fn read(rows: impl SqliteExecutor<'_>) -> Result<Shape, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(type, name, tbl_name, sql)) AS "found!: String" FROM sqlite_schema
           WHERE NOT (type = 'table' AND name IN ('_sqlx_migrations', 'sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4'))
             AND NOT (type = 'index' AND name = 'sqlite_autoindex__sqlx_migrations_1')"#
    );
    let found = found.fetch_one(rows).await.map_err(store_error)?;
    let found: Vec<(String, String, String, Option<String>)> =
        serde_json::from_str(&found).map_err(|why| store_error(unreadable(why)))?;
    let mut shape = Shape::new();
    for (kind, name, on, text) in found {
        shape.entry((kind, name)).or_default().push((on, text));
    }
    for is in shape.values_mut() {
        is.sort_unstable();
    }
    Ok(shape)
}
