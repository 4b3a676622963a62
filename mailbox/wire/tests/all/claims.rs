//! How the servers in memory answer a login, whatever the protocol.

use fumibako_model::{Party, Private, Refusal, Refused};
use fumibako_wire::sasl::{Claim, Offer, Secrets};
use fumibako_wire::{Cover, Credentials};

use crate::player::Settings;

/// What a login comes to.
pub(crate) enum Judged {
    /// It is this one.
    Party(Party),
    /// Go on with these.
    Secrets(Box<Secrets>),
}

/// The cover of a connection opened now: `! set cover clear` leaves out TLS, `! set certificate yes` shows one to it.
pub(crate) fn cover(set: &Settings) -> Cover {
    let external = set.contains_key("certificate");
    match set.get("cover").map(String::as_str) {
        Some("clear") => Cover::ClearOffersTls,
        _ => Cover::Tls(Offer { external, ..OFFER }),
    }
}

/// What TLS allows after STARTTLS.
pub(crate) const OFFER: Offer = Offer { external: false, binding: true };

/// How a `?` line writes a claim.
pub(crate) fn write(claim: &Claim) -> String {
    match claim {
        Claim::Password(Credentials { authorization, login, password: Private(password) }) => {
            format!("login {login} {password} as {authorization}")
        }
        Claim::Certificate { authorization } => format!("login by certificate as {authorization}"),
        Claim::Secrets { login } => format!("secrets of {login}"),
        Claim::Proof { authorization, login, right } => {
            format!("login {login} by {} proof as {authorization}", if *right { "right" } else { "wrong" })
        }
    }
}

/// Everybody has the password `only`, if one is given; everybody proves that of the example in RFC 7677 §3.
pub(crate) fn judge(claim: Claim, only: Option<&str>) -> Result<Judged, Refused> {
    let (authorization, login) = match claim {
        Claim::Password(Credentials { authorization, login, password: Private(password) }) => {
            if only.is_some_and(|only| only != password) {
                return Err(Refusal::WrongPassword.into());
            }
            (authorization, login)
        }
        Claim::Certificate { authorization } => (authorization, "9970000011".to_owned()),
        Claim::Secrets { .. } => return Ok(Judged::Secrets(Box::new(secrets()))),
        Claim::Proof { right: false, .. } => return Err(Refusal::WrongPassword.into()),
        Claim::Proof { authorization, login, .. } => (authorization, login),
    };
    let name = if authorization.is_empty() { login } else { authorization };
    name.parse().map(Judged::Party).map_err(|_| Refusal::WrongPassword.into())
}

/// RFC 7677 §3.
fn secrets() -> Secrets {
    let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                    wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    let (verifier, nonce) = (verifier.parse().unwrap(), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".into());
    Secrets { verifier, nonce, binding: Some(Private(b"exported".to_vec())) }
}
