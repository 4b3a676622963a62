//! Certificates in rows: enrolled, taken off the roll (Profile §19.10 to §19.13), and kept for what was signed before.

use fumibako_model::{CERTIFICATES, CertificateKey, Enrolled, Refusal};
use fumibako_store::Removal;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::error::{Stop, unreadable};
use crate::roll::party;

/// Puts a certificate on the roll, or back onto it. Says whether it was not so already.
pub(crate) async fn enrol(rows: &mut SqliteConnection, certificate: &Enrolled) -> Result<bool, Stop> {
    let party = certificate.party.to_string();
    let (from, until) = (certificate.from.as_second(), certificate.until.as_second());
    let put = sqlx::query!(
        "INSERT INTO certificate (issuer, serial, party, der, valid_from, valid_until) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (issuer, serial) DO UPDATE SET party = excluded.party, der = excluded.der,
                                  valid_from = excluded.valid_from, valid_until = excluded.valid_until, removed = NULL
         WHERE removed IS NOT NULL OR party <> excluded.party OR der <> excluded.der",
        certificate.key.issuer,
        certificate.key.serial,
        party,
        certificate.der,
        from,
        until
    )
    .execute(&mut *rows)
    .await?;
    let count = sqlx::query_scalar!(
        "SELECT count(*) FROM certificate WHERE party = ? AND removed IS NULL AND valid_until >= ?",
        party,
        from
    )
    .fetch_one(rows)
    .await?;
    if usize::try_from(count).unwrap_or(usize::MAX) > CERTIFICATES {
        return Err(Refusal::TooManyCertificates.about(format_args!("at most {CERTIFICATES}")).into());
    }
    Ok(put.rows_affected() == 1)
}

/// Profile §19.12: a holder brings none back. It was judged against a roll that may be another by now.
pub(crate) async fn enrol_own(rows: &mut SqliteConnection, certificate: &Enrolled) -> Result<bool, Stop> {
    let key = &certificate.key;
    let known =
        sqlx::query!("SELECT party, removed FROM certificate WHERE issuer = ? AND serial = ?", key.issuer, key.serial);
    if let Some(known) = known.fetch_optional(&mut *rows).await? {
        if known.removed.is_some() {
            return Err(Refusal::CertificateRemoved.about(format_args!("serial {}", key.serial)).into());
        }
        if known.party != certificate.party.to_string() {
            return Err(Refusal::NotItsCertificate.about(known.party).into());
        }
    }
    enrol(rows, certificate).await
}

/// Takes a certificate off the roll. Profile §19.13: of two that would each take the other's away, the second finds its own gone.
pub(crate) async fn remove(rows: &mut SqliteConnection, removal: &Removal) -> Result<bool, Stop> {
    let Removal { key, party, by, leaving, at } = removal;
    let (party, at) = (party.to_string(), at.as_second());
    if let Some(by) = by
        && !any(rows, std::slice::from_ref(by)).await?
    {
        return Err(Refusal::CertificateRemoved.about(format_args!("serial {}", by.serial)).into());
    }
    let known = sqlx::query!(
        "SELECT removed FROM certificate WHERE issuer = ? AND serial = ? AND party = ?",
        key.issuer,
        key.serial,
        party
    )
    .fetch_optional(&mut *rows)
    .await?;
    let known = known.ok_or_else(|| Refusal::CertificateUnknown.about(format_args!("serial {}", key.serial)))?;
    if known.removed.is_some() {
        return Ok(false);
    }
    if let Some(leaving) = leaving
        && !any(rows, leaving).await?
    {
        return Err(Refusal::LastCertificate.into());
    }
    sqlx::query!("UPDATE certificate SET removed = ? WHERE issuer = ? AND serial = ?", at, key.issuer, key.serial)
        .execute(rows)
        .await?;
    Ok(true)
}

/// Profile §19.12: one that went off the roll signs nothing. One that the roll never named may.
pub(crate) async fn still_signs(rows: &mut SqliteConnection, key: &CertificateKey) -> Result<(), Stop> {
    let gone = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM certificate WHERE issuer = ? AND serial = ? AND removed IS NOT NULL) AS "gone!: bool""#,
        key.issuer,
        key.serial
    );
    if gone.fetch_one(rows).await? {
        return Err(Refusal::CertificateRemoved.about(format_args!("serial {}", key.serial)).into());
    }
    Ok(())
}

/// Is one of these on the roll and not removed?
async fn any(rows: &mut SqliteConnection, keys: &[CertificateKey]) -> Result<bool, Stop> {
    let keys = serde_json::to_string(&keys.iter().map(|key| (&key.issuer, &key.serial)).collect::<Vec<_>>())?;
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM json_each(?) given JOIN certificate ON issuer = given.value ->> 0
                          AND serial = given.value ->> 1 WHERE removed IS NULL) AS "found!: bool""#,
        keys
    )
    .fetch_one(rows)
    .await?;
    Ok(found)
}

/// All of them, those that were removed, too.
pub(crate) async fn load(rows: &mut SqliteConnection) -> Result<Vec<Enrolled>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT issuer, serial, party, der AS "der!: Vec<u8>", valid_from, valid_until, removed FROM certificate"#
    )
    .fetch_all(rows)
    .await?;
    let moment = |seconds| Timestamp::from_second(seconds).map_err(unreadable);
    let enrolled = found.into_iter().map(|row| {
        Ok(Enrolled {
            key: CertificateKey { issuer: row.issuer, serial: row.serial },
            party: party(&row.party)?,
            der: row.der,
            from: moment(row.valid_from)?,
            until: moment(row.valid_until)?,
            removed: row.removed.map(moment).transpose()?,
        })
    });
    enrolled.collect()
}
