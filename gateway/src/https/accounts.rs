//! A person's own user ID over HTTPS (Profile §19.4 to §19.7): how it stands, a new password, application passwords.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use fumibako_model::{AppPassword, AppView, Done, Door, NewApp, Private, Refusal, Refused, What};
use fumibako_store::{Store, StoreError};
use fumibako_wire::Credentials;
use serde::Deserialize;

use super::mandates::{Office, answer, credentials, problem};
/// Octets of a request: a password and a few words.
const BODY_BYTES: usize = 8 << 10;

/// A new password, in place of the one that the request logs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    new: String,
    /// Do the application passwords go, too (Profile §19.14)?
    #[serde(default)]
    withdraw_apps: bool,
}

/// The routes.
pub(super) fn routes<S: Store>(office: Office<S>) -> Router {
    Router::new()
        .route("/v1/account", get(account::<S>))
        .route("/v1/password", put(password::<S>).post(password::<S>))
        .route("/v1/app-passwords", get(list::<S>).post(add::<S>))
        .route("/v1/app-passwords/{name}", delete(remove::<S>))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(office)
}

/// What was said of who it is; whether it is true is not looked at yet.
fn claimed(header: &HeaderMap) -> Result<Credentials, Refused> {
    credentials(header).ok_or_else(|| Refusal::LoginNeeded.into())
}

async fn account<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let house = &office.house;
    let view = match claimed(&header) {
        Ok(given) => house.account_view(&given, office.address).await,
        Err(refused) => Err(refused),
    };
    view.map_or_else(|refused| problem(house, &refused, None), |view| answer(&view))
}

/// Profile §19.4.
async fn password<S: Store>(State(office): State<Office<S>>, header: HeaderMap, octets: Bytes) -> Response {
    match changed(&office, &header, &octets).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => problem(&office.house, &office.house.refusal_of(error), None),
    }
}

async fn changed<S: Store>(office: &Office<S>, header: &HeaderMap, octets: &[u8]) -> Result<(), StoreError> {
    let given = claimed(header)?;
    let New { new, withdraw_apps } = read(octets, "{\"new\": the new password}")?;
    office.house.change_password(&given, office.address, (Private(new), withdraw_apps)).await?;
    tracing::info!(login = given.login, "password.changed");
    Ok(())
}

fn read<'o, T: Deserialize<'o>>(octets: &'o [u8], expected: &str) -> Result<T, Refused> {
    serde_json::from_slice(octets).map_err(|_| Refusal::ValueUnfit.about(expected))
}

async fn list<S: Store>(State(office): State<Office<S>>, header: HeaderMap) -> Response {
    let house = &office.house;
    match person(&office, &header).await {
        Ok(Person { user: login, .. }) => {
            let roll = house.store.roll();
            answer(&roll.app_passwords_of(&login).into_iter().map(AppPassword::view).collect::<Vec<_>>())
        }
        Err(refused) => problem(house, &refused, None),
    }
}

async fn add<S: Store>(State(office): State<Office<S>>, header: HeaderMap, octets: Bytes) -> Response {
    match added(&office, &header, &octets).await {
        Ok(view) => (StatusCode::CREATED, answer(&view)).into_response(),
        Err(error) => problem(&office.house, &office.house.refusal_of(error), None),
    }
}

async fn added<S: Store>(office: &Office<S>, header: &HeaderMap, octets: &[u8]) -> Result<AppView, StoreError> {
    let Person { user, hash, done } = person(office, header).await?;
    let NewApp { name, doors } = read(octets, "{\"name\", \"doors\"}")?;
    let told = Done { what: What::AppPasswordMade, ..done };
    let (app, secret) = office.house.add_app_password((&user, &name, Some(hash)), doors, told).await?;
    Ok(AppView { password: Some(secret.0), ..app.view() })
}

async fn remove<S: Store>(State(office): State<Office<S>>, Path(name): Path<String>, header: HeaderMap) -> Response {
    let removed = match person(&office, &header).await {
        Ok(Person { user, done, .. }) => office.house.remove_app_password(&user, &name, done).await,
        Err(refused) => Err(refused.into()),
    };
    match removed {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => problem(&office.house, &office.house.refusal_of(error), None),
    }
}

/// Who logs in.
struct Person {
    /// ユーザID.
    user: String,
    /// Of the password that logged in.
    hash: String,
    /// What the audit says of a withdrawal.
    done: Done,
}

async fn person<S: Store>(office: &Office<S>, header: &HeaderMap) -> Result<Person, Refused> {
    let (given, house) = (claimed(header)?, &office.house);
    let (login, hash) = house.counts.login(house.login_with(&given, (office.address, Door::Https)).await)?;
    let done = Done::new(house.clock.now(), login.party(), What::AppPasswordRemoved);
    Ok(Person { user: given.login, hash, done })
}
