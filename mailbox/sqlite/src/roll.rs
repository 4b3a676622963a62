//! 登録簿 in rows: changed one row at a time, read whole.

use fumibako_model::{Domain, Office, OfficeNumber, Party, Refusal, Roll};
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::{Stop, unreadable};
use crate::folder::make_standard;
use crate::{account, certificate, licence, mandate};

/// Puts an office on the roll, or replaces its row; a new one gets its standard folders. Its licence stays as it is.
pub(crate) async fn put_office(rows: &mut SqliteConnection, office: &Office) -> Result<(), Stop> {
    let number = office.number.as_str();
    let put = sqlx::query!(
        r#"INSERT INTO office (number, name, suspended, modseq) VALUES (?, ?, ?, 0)
           ON CONFLICT (number) DO UPDATE SET name = excluded.name, suspended = excluded.suspended
           RETURNING id AS "id!: i64", EXISTS (SELECT 1 FROM mailbox WHERE office = office.id) AS "old!: bool""#,
        number,
        office.name,
        office.suspended
    )
    .fetch_one(&mut *rows)
    .await?;
    if put.old { Ok(()) } else { make_standard(rows, &[put.id]).await }
}

#[derive(Deserialize)]
struct OfficeRow {
    number: OfficeNumber,
    name: String,
    suspended: Option<String>,
}

/// The whole roll as the rows stand.
pub(crate) async fn load(rows: &mut SqliteConnection, domain: &Domain) -> Result<Roll, sqlx::Error> {
    let offices = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('number', number, 'name', name, 'suspended', suspended))
                  AS "offices!: String"
           FROM office"#
    )
    .fetch_one(&mut *rows)
    .await?;
    let (accounts, app_passwords) = account::load(rows).await?;
    let certificates = certificate::load(rows).await?;
    let (agents, mandates) = mandate::load(rows).await?;
    let (licences, terms) = licence::load(rows).await?;
    let offices: Vec<OfficeRow> = serde_json::from_str(&offices).map_err(unreadable)?;
    let roll = Roll::new(domain.clone(), offices.into_iter().map(OfficeRow::office), accounts, certificates);
    Ok(roll.with_app_passwords(app_passwords).delegating(agents, mandates).licensing(licences, terms))
}

impl OfficeRow {
    fn office(self) -> Office {
        Office { number: self.number, name: self.name, licence: None, suspended: self.suspended }
    }
}

/// An office number has no lower-case letter and an agent id begins with one, so the text says which it is.
pub(crate) fn party(text: &str) -> Result<Party, sqlx::Error> {
    match text.parse() {
        Ok(number) => Ok(Party::Office(number)),
        Err(_) => text.parse().map(Party::Agent).map_err(unreadable),
    }
}

/// From now on an office's folders may hold so many bytes.
pub(crate) async fn set_quota(rows: &mut SqliteConnection, office: OfficeNumber, bytes: u64) -> Result<(), Stop> {
    let (number, bytes) = (office.as_str(), i64::try_from(bytes).unwrap_or(i64::MAX));
    let done = sqlx::query!("UPDATE office SET quota_bytes = ? WHERE number = ?", bytes, number).execute(rows).await?;
    if done.rows_affected() == 0 { Err(Refusal::OfficeUnknown.about(office).into()) } else { Ok(()) }
}
