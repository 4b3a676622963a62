//! User IDs in rows (Profile §19): each order changes its own columns.

use fumibako_model::{APP_PASSWORDS, Account, AccountChange, AppPassword, Refusal, Role};
use fumibako_store::{AccountOrder, NewPassword};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::error::{Stop, unreadable};
use crate::often;
use crate::roll::party;

/// How often a person changes the password in a day.
const PASSWORDS_A_DAY: i64 = 20;
/// Application passwords that are made for one user ID in a day.
const APP_PASSWORDS_A_DAY: i64 = 40;

/// Does it, and says whether that changed anything. `gone` is told which application passwords a new password withdrew.
pub(crate) async fn run(
    rows: &mut SqliteConnection,
    order: &AccountOrder,
    gone: &mut Vec<String>,
) -> Result<bool, Stop> {
    match order {
        AccountOrder::Make(account) => make(rows, account).await,
        AccountOrder::Password(new) => {
            gone.append(&mut password(rows, new).await?);
            Ok(true)
        }
        AccountOrder::Change(how) => change(rows, how).await,
        AccountOrder::AddApp { app, was } => add_app(rows, app, was.as_deref()).await,
        AccountOrder::RemoveApp { login } => {
            let done = sqlx::query!("DELETE FROM app_password WHERE login = ?", login).execute(rows).await?;
            there(done.rows_affected(), login)
        }
        AccountOrder::UsedApp { login, at } => {
            let at = at.as_millisecond();
            let done = sqlx::query!("UPDATE app_password SET used = ? WHERE login = ?", at, login).execute(rows);
            Ok(done.await?.rows_affected() == 1)
        }
    }
}

async fn change(rows: &mut SqliteConnection, how: &AccountChange) -> Result<bool, Stop> {
    match how {
        AccountChange::Role { login, role } => {
            let role = role.to_string();
            let done = sqlx::query!("UPDATE account SET role = ? WHERE login = ?", role, login).execute(rows).await?;
            there(done.rows_affected(), login)
        }
        AccountChange::Suspend { login, reason } => {
            let done = sqlx::query!("UPDATE account SET suspended = ? WHERE login = ?", reason, login).execute(rows);
            there(done.await?.rows_affected(), login)
        }
        AccountChange::Remove { login } => {
            withdraw(&mut *rows, login).await?;
            let done = sqlx::query!("DELETE FROM account WHERE login = ?", login).execute(rows).await?;
            there(done.rows_affected(), login)
        }
    }
}

/// All application passwords of a user ID go; says which.
async fn withdraw(rows: &mut SqliteConnection, login: &str) -> Result<Vec<String>, sqlx::Error> {
    let gone = sqlx::query_scalar!(r#"DELETE FROM app_password WHERE account = ? RETURNING login AS "login!""#, login);
    let mut gone = gone.fetch_all(rows).await?;
    gone.sort();
    Ok(gone)
}

fn there(rows: u64, login: &str) -> Result<bool, Stop> {
    if rows == 0 { Err(Refusal::LoginUnknown.about(login).into()) } else { Ok(true) }
}

async fn make(rows: &mut SqliteConnection, account: &Account) -> Result<bool, Stop> {
    let (party, set, role) =
        (account.party.to_string(), account.password_set.as_millisecond(), account.role.to_string());
    let put = sqlx::query!(
        "INSERT INTO account (login, party, password_hash, scram, password_set, temporary, role, suspended, withdrawn)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
        account.login,
        party,
        account.password_hash,
        account.scram,
        set,
        account.temporary,
        role,
        account.suspended,
        account.withdrawn
    )
    .execute(rows)
    .await?;
    if put.rows_affected() == 0 { Err(Refusal::LoginExists.about(&account.login).into()) } else { Ok(true) }
}

/// Profile §19.4: of two that change the same password at once, the second knew one that was no longer it. Says which application
/// passwords went.
async fn password(rows: &mut SqliteConnection, new: &NewPassword) -> Result<Vec<String>, Stop> {
    let at = new.at.as_millisecond();
    let done = sqlx::query!(
        "UPDATE account SET password_hash = ?2, scram = ?3, temporary = ?4, password_set = ?5
         WHERE login = ?1 AND password_hash = coalesce(?6, password_hash)",
        new.login,
        new.password_hash,
        new.scram,
        new.temporary,
        at,
        new.was
    )
    .execute(&mut *rows)
    .await?;
    match done.rows_affected() {
        0 if new.was.is_some() => return Err(Refusal::WrongPassword.into()),
        // Profile §16.1: each has its row in the audit, for ever.
        1 if new.was.is_some() => {
            often::at_most(&mut *rows, (&new.login, "password"), (PASSWORDS_A_DAY, often::DAY), new.at).await?;
        }
        changed => _ = there(changed, &new.login)?,
    }
    if !new.withdraws {
        return Ok(Vec::new());
    }
    // Profile §19.14: in the same commit. What the old password asked for and is made later, `add_app` refuses.
    let gone = withdraw(&mut *rows, &new.login).await?;
    let told = if new.was.is_none() { i64::try_from(gone.len()).unwrap_or(i64::MAX) } else { 0 };
    sqlx::query!("UPDATE account SET withdrawn = withdrawn + ?2 WHERE login = ?1", new.login, told)
        .execute(rows)
        .await?;
    Ok(gone)
}

/// Profile §19.14: making its verifiers takes a while. If the password that asked for it was replaced meanwhile, it asks for nothing.
async fn add_app(rows: &mut SqliteConnection, app: &AppPassword, was: Option<&str>) -> Result<bool, Stop> {
    let (account, doors, made) = (app.parts().0, serde_json::to_string(&app.doors)?, app.made.as_millisecond());
    let hash = sqlx::query_scalar!("SELECT password_hash FROM account WHERE login = ?", account);
    match (hash.fetch_optional(&mut *rows).await?, was) {
        (None, None) => return Err(Refusal::LoginUnknown.about(account).into()),
        (stands, Some(was)) if stands.as_deref() != Some(was) => return Err(Refusal::WrongPassword.into()),
        _ => {}
    }
    let count = sqlx::query_scalar!("SELECT count(*) FROM app_password WHERE account = ?", account)
        .fetch_one(&mut *rows)
        .await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= APP_PASSWORDS {
        return Err(Refusal::ValueUnfit.about(format_args!("at most {APP_PASSWORDS} application passwords")).into());
    }
    let put = sqlx::query!(
        "INSERT INTO app_password (login, account, password_hash, scram, doors, made) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (login) DO NOTHING",
        app.login,
        account,
        app.password_hash,
        app.scram,
        doors,
        made
    )
    .execute(&mut *rows)
    .await?;
    if put.rows_affected() == 0 {
        return Err(Refusal::LoginExists.about(&app.login).into());
    }
    often::at_most(&mut *rows, (account, "app-password"), (APP_PASSWORDS_A_DAY, often::DAY), app.made).await?;
    sqlx::query!("UPDATE account SET withdrawn = 0 WHERE login = ?", account).execute(rows).await?;
    Ok(true)
}

#[derive(Deserialize)]
struct AccountRow {
    login: String,
    party: String,
    password_hash: String,
    scram: String,
    set: i64,
    temporary: u8,
    role: Role,
    suspended: Option<String>,
    withdrawn: u32,
}

#[derive(Deserialize)]
struct AppRow {
    login: String,
    password_hash: String,
    scram: String,
    doors: String,
    made: i64,
    used: Option<i64>,
}

/// All user IDs and application passwords.
pub(crate) async fn load(rows: &mut SqliteConnection) -> Result<(Vec<Account>, Vec<AppPassword>), sqlx::Error> {
    let accounts = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('login', login, 'party', party, 'password_hash', password_hash, 'scram', scram,
                  'set', password_set, 'temporary', temporary, 'role', role, 'suspended', suspended, 'withdrawn', withdrawn)) AS "accounts!: String"
           FROM account"#
    )
    .fetch_one(&mut *rows)
    .await?;
    let apps = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_object('login', login, 'password_hash', password_hash, 'scram', scram, 'doors', doors,
                  'made', made, 'used', used)) AS "apps!: String"
           FROM app_password"#
    )
    .fetch_one(rows)
    .await?;
    let accounts: Vec<AccountRow> = serde_json::from_str(&accounts).map_err(unreadable)?;
    let apps: Vec<AppRow> = serde_json::from_str(&apps).map_err(unreadable)?;
    let accounts = accounts.into_iter().map(AccountRow::account).collect::<Result<_, sqlx::Error>>()?;
    Ok((accounts, apps.into_iter().map(AppRow::app).collect::<Result<_, sqlx::Error>>()?))
}

fn moment(millis: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_millisecond(millis).map_err(unreadable)
}

impl AccountRow {
    fn account(self) -> Result<Account, sqlx::Error> {
        Ok(Account {
            party: party(&self.party)?,
            login: self.login,
            password_hash: self.password_hash,
            scram: self.scram,
            password_set: moment(self.set)?,
            temporary: self.temporary == 1,
            role: self.role,
            suspended: self.suspended,
            withdrawn: self.withdrawn,
        })
    }
}

impl AppRow {
    fn app(self) -> Result<AppPassword, sqlx::Error> {
        Ok(AppPassword {
            login: self.login,
            password_hash: self.password_hash,
            scram: self.scram,
            doors: serde_json::from_str(&self.doors).map_err(unreadable)?,
            made: moment(self.made)?,
            used: self.used.map(moment).transpose()?,
        })
    }
}
