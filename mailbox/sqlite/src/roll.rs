//! 登録簿 in rows: changed one row at a time, read whole.

use fumibako_model::{Account, CertificateKey, Domain, Enrolled, Office, OfficeNumber, Party, Refusal, Roll};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::{Stop, unreadable};
use crate::folder::make_standard;
use crate::{licence, mandate};

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

/// Puts a login on the roll, or replaces it.
pub(crate) async fn put_account(rows: &mut SqliteConnection, account: &Account) -> Result<(), Stop> {
    let party = account.party.to_string();
    sqlx::query!(
        "INSERT INTO account (login, party, password_hash, scram) VALUES (?, ?, ?, ?)
         ON CONFLICT (login) DO UPDATE SET party = excluded.party, password_hash = excluded.password_hash,
                                  scram = excluded.scram",
        account.login,
        party,
        account.password_hash,
        account.scram
    )
    .execute(rows)
    .await?;
    Ok(())
}

/// Puts a certificate on the roll, or replaces its row.
pub(crate) async fn enrol(rows: &mut SqliteConnection, certificate: &Enrolled) -> Result<(), Stop> {
    let party = certificate.party.to_string();
    let (from, until) = (certificate.from.as_second(), certificate.until.as_second());
    sqlx::query!(
        "INSERT INTO certificate (issuer, serial, party, der, valid_from, valid_until) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (issuer, serial) DO UPDATE SET party = excluded.party, der = excluded.der,
                                  valid_from = excluded.valid_from, valid_until = excluded.valid_until",
        certificate.key.issuer,
        certificate.key.serial,
        party,
        certificate.der,
        from,
        until
    )
    .execute(rows)
    .await?;
    Ok(())
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
    let accounts = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(login, party, password_hash, scram)) AS "accounts!: String" FROM account"#
    )
    .fetch_one(&mut *rows)
    .await?;
    let certificates = sqlx::query!(
        r#"SELECT issuer, serial, party, der AS "der!: Vec<u8>", valid_from, valid_until FROM certificate"#
    )
    .fetch_all(&mut *rows)
    .await?;
    let (agents, mandates) = mandate::load(rows).await?;
    let (licences, terms) = licence::load(rows).await?;
    let offices: Vec<OfficeRow> = serde_json::from_str(&offices).map_err(unreadable)?;
    let accounts: Vec<(String, String, String, String)> = serde_json::from_str(&accounts).map_err(unreadable)?;
    let roll = Roll::new(
        domain.clone(),
        offices.into_iter().map(OfficeRow::office),
        accounts
            .into_iter()
            .map(|(login, party, password_hash, scram)| {
                Ok(Account { login, party: self::party(&party)?, password_hash, scram })
            })
            .collect::<Result<Vec<_>, sqlx::Error>>()?,
        certificates
            .into_iter()
            .map(|row| {
                Ok(Enrolled {
                    key: CertificateKey { issuer: row.issuer, serial: row.serial },
                    party: self::party(&row.party)?,
                    der: row.der,
                    from: Timestamp::from_second(row.valid_from).map_err(unreadable)?,
                    until: Timestamp::from_second(row.valid_until).map_err(unreadable)?,
                })
            })
            .collect::<Result<Vec<_>, sqlx::Error>>()?,
    );
    Ok(roll.delegating(agents, mandates).licensing(licences, terms))
}

impl OfficeRow {
    fn office(self) -> Office {
        Office { number: self.number, name: self.name, licence: None, suspended: self.suspended }
    }
}

/// An office number has no lower-case letter and an agent id begins with one, so the text says which it is.
fn party(text: &str) -> Result<Party, sqlx::Error> {
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
