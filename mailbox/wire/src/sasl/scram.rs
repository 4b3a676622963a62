//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, 7677): pure computing over what the server keeps.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::Private;

/// The one kind of channel binding (RFC 9266).
const BINDING: &str = "tls-exporter";
/// The scheme's name in the written form.
const SCHEME: &str = "SCRAM-SHA-256";
/// Octets of a salt.
const SALT: usize = 16;
/// Rounds of PBKDF2 for a new password: RFC 7677 §4 asks for 4,096 or more, and time has gone by. Some tens of
/// milliseconds of a client's time.
pub const ROUNDS: NonZeroU32 = NonZeroU32::new(120_000).unwrap();

/// What is kept of a password: enough to check a proof of it, not enough to make one (RFC 5802 §3).
///
/// ```text
/// SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>          ; RFC 5803 §2, base64
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: NonZeroU32,
    salt: [u8; SALT],
    stored_key: [u8; 32],
    server_key: [u8; 32],
}

impl Verifier {
    /// Of a new password, in so many rounds of PBKDF2 (RFC 5802 §3). [`ROUNDS`] of them take some tens of milliseconds: call it
    /// off the runtime.
    pub fn new(password: &str, salt: [u8; SALT], iterations: NonZeroU32) -> Self {
        // RFC 5802 §2.2: SASLprep, so that the client's keyboard does not matter. A password it forbids counts as typed.
        let prepared = stringprep::saslprep(password);
        let password = prepared.as_deref().unwrap_or(password).as_bytes();
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password, &mut salted);
        let (client_key, server_key) = (mac(&salted, b"Client Key"), mac(&salted, b"Server Key"));
        Self { iterations, salt, stored_key: sum(&client_key), server_key }
    }

    /// Of a user ID that nobody has, in the rounds of all others: as good as one, always the same, and no password fits. Who asks
    /// learns nothing (RFC 5802 §9, Profile §13.3).
    pub fn of_nobody(login: &str, secret: &[u8], iterations: NonZeroU32) -> Self {
        let of = |what: &str| mac(secret, format!("{what} of {login}").as_bytes());
        let mut salt = [0; SALT];
        salt.copy_from_slice(&of("salt")[..SALT]);
        Self { iterations, salt, stored_key: of("stored key"), server_key: of("server key") }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { iterations, salt, stored_key, server_key } = self;
        let b64 = |octets: &[u8]| STANDARD.encode(octets);
        write!(f, "{SCHEME}${iterations}:{}${}:{}", b64(salt), b64(stored_key), b64(server_key))
    }
}

/// It prints no secrets.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

/// A text is no verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SCRAM-SHA-256 verifier")]
pub struct NotAVerifier;

impl FromStr for Verifier {
    type Err = NotAVerifier;

    fn from_str(text: &str) -> Result<Self, NotAVerifier> {
        let mut parts = text.split('$');
        let (Some(SCHEME), Some(salted), Some(keys), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAVerifier);
        };
        let (iterations, salt) = salted.split_once(':').ok_or(NotAVerifier)?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(NotAVerifier)?;
        Ok(Self {
            iterations: iterations.parse().map_err(|_| NotAVerifier)?,
            salt: octets(salt)?,
            stored_key: octets(stored_key)?,
            server_key: octets(server_key)?,
        })
    }
}

fn octets<const N: usize>(text: &str) -> Result<[u8; N], NotAVerifier> {
    STANDARD.decode(text).ok().and_then(|octets| octets.try_into().ok()).ok_or(NotAVerifier)
}

/// What the server brings to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// What it keeps of the password.
    pub verifier: Verifier,
    /// Random printable characters, without a comma, new for every exchange (RFC 5802 §5.1).
    pub nonce: String,
    /// The exported key of this TLS connection (RFC 9266 §2).
    pub binding: Option<Private<Vec<u8>>>,
}

/// The client's first message.
#[derive(Debug)]
pub(super) struct First {
    pub(super) authorization: String,
    pub(super) login: String,
    /// The GS2 header, which the last message repeats.
    header: String,
    /// What follows it.
    bare: String,
    nonce: String,
    plus: bool,
}

/// The server waits for the client's proof.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) first: First,
    /// The server's first message.
    pub(super) said: String,
    nonce: String,
    secrets: Secrets,
}

/// A proof, judged.
pub(super) struct Proof {
    pub(super) right: bool,
    /// The server's last message: its own proof.
    pub(super) answer: String,
}

const FIRST: &str = "Expected the first message of SCRAM (RFC 5802)";
const LAST: &str = "Expected the last message of SCRAM (RFC 5802)";
const UNBOUND: &str = "The login is not bound to this TLS connection by tls-exporter (RFC 9266)";

impl First {
    /// ```text
    /// first  = flag "," [ "a=" saslname ] "," bare         ; RFC 5802 §7; an "m=" in front of bare is refused
    /// flag   = "p=" name / "n" / "y"
    /// bare   = "n=" saslname "," "r=" nonce *( "," extension )
    /// ```
    pub(super) fn read(message: &[u8], plus: bool, binding_offered: bool) -> Result<Self, &'static str> {
        let message = str::from_utf8(message).map_err(|_| FIRST)?;
        let (flag, rest) = message.split_once(',').ok_or(FIRST)?;
        let (authorization, bare) = rest.split_once(',').ok_or(FIRST)?;
        match (flag, plus) {
            // RFC 5802 §6: whoever could bind and was told that it cannot was deceived.
            ("y", false) if binding_offered => return Err(UNBOUND),
            ("n" | "y", false) => {}
            (flag, true) if flag.strip_prefix("p=") == Some(BINDING) => {}
            _ => return Err(UNBOUND),
        }
        let authorization = match authorization.strip_prefix("a=") {
            Some(name) => name_of(name)?,
            None if authorization.is_empty() => String::new(),
            None => return Err(FIRST),
        };
        let mut fields = bare.split(',');
        let login = fields.next().and_then(|field| field.strip_prefix("n=")).ok_or(FIRST).and_then(name_of)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(FIRST)?;
        if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic()) || login.is_empty() {
            return Err(FIRST);
        }
        let header = message[..message.len() - bare.len()].to_owned();
        Ok(Self { authorization, login, header, bare: bare.to_owned(), nonce: nonce.to_owned(), plus })
    }

    /// ```text
    /// server-first = "r=" nonce ",s=" base64 ",i=" number        ; RFC 5802 §7
    /// ```
    pub(super) fn challenge(self, secrets: Secrets) -> Waiting {
        let nonce = format!("{}{}", self.nonce, secrets.nonce);
        let Verifier { salt, iterations, .. } = &secrets.verifier;
        let said = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        Waiting { first: self, said, nonce, secrets }
    }
}

impl Waiting {
    /// ```text
    /// last = "c=" base64 "," "r=" nonce *( "," extension ) "," "p=" base64     ; RFC 5802 §7
    /// ```
    pub(super) fn judge(&self, message: &[u8]) -> Result<Proof, &'static str> {
        let message = str::from_utf8(message).map_err(|_| LAST)?;
        let (unproved, proof) = message.rsplit_once(",p=").ok_or(LAST)?;
        let mut fields = unproved.split(',');
        let bound = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(LAST)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(LAST)?;
        let proof: [u8; 32] = octets(proof).map_err(|_| LAST)?;
        if nonce != self.nonce {
            return Err(LAST);
        }
        let mut expected = self.first.header.clone().into_bytes();
        if self.first.plus {
            expected.extend(self.secrets.binding.as_ref().map(|Private(key)| key.as_slice()).ok_or(UNBOUND)?);
        }
        if STANDARD.decode(bound).ok().as_deref() != Some(expected.as_slice()) {
            return Err(UNBOUND);
        }
        let Verifier { stored_key, server_key, .. } = &self.secrets.verifier;
        let both = format!("{},{},{unproved}", self.first.bare, self.said);
        let signature = mac(stored_key, both.as_bytes());
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let right = verify_slices_are_equal(&sum(&client_key), stored_key).is_ok();
        let answer = format!("v={}", STANDARD.encode(mac(server_key, both.as_bytes())));
        Ok(Proof { right, answer })
    }
}

/// ```text
/// saslname = 1*( value-safe-char / "=2C" / "=3D" )       ; RFC 5802 §7
/// ```
fn name_of(text: &str) -> Result<String, &'static str> {
    let mut pieces = text.split('=');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (character, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(FIRST),
        };
        name.push(character);
        name.push_str(rest);
    }
    if name.contains('\0') { Err(FIRST) } else { Ok(name) }
}

fn mac(key: &[u8], octets: &[u8]) -> [u8; 32] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), octets).as_ref())
}

fn sum(octets: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, octets).as_ref())
}

/// SHA-256 has 32 octets.
fn fixed(octets: &[u8]) -> [u8; 32] {
    let mut fixed = [0; 32];
    fixed.copy_from_slice(octets);
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let verifier = Verifier::new("ひまわり-2026", *b"0123456789abcdef", ROUNDS);
        let text = verifier.to_string();
        assert!(text.starts_with("SCRAM-SHA-256$120000:MDEyMzQ1Njc4OWFiY2RlZg==$"), "{text}");
        assert_eq!(text.parse(), Ok(verifier));
        for bad in ["", "SCRAM-SHA-1$1:x$y:z", "SCRAM-SHA-256$0:$:", &format!("{text}$"), &text[..90]] {
            assert_eq!(bad.parse::<Verifier>(), Err(NotAVerifier), "{bad}");
        }
    }

    #[test]
    fn a_password_counts_however_its_characters_are_composed() {
        // RFC 4013 §2.2, RFC 5802 §2.2: half-width and decomposed characters are the same password.
        let of = |password: &str| Verifier::new(password, [7; SALT], NonZeroU32::MIN);
        assert_eq!(of("ﾋﾟｱﾉ"), of("ピアノ"));
        assert_ne!(of("ピアノ"), of("ピアノ2"));
        assert_eq!(of("\u{7}bell").to_string(), of("\u{7}bell").to_string(), "what SASLprep forbids counts as typed");
    }

    #[test]
    fn nobody_has_a_salt_of_his_own_that_stays() {
        let of = |login: &str| Verifier::of_nobody(login, b"secret", ROUNDS);
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a").salt, of("b").salt);
        assert_ne!(Verifier::of_nobody("a", b"other", ROUNDS).salt, of("a").salt);
    }

    #[test]
    fn names_may_hold_commas_and_equal_signs() {
        assert_eq!(name_of("a=2Cb=3D2C"), Ok("a,b=2C".to_owned()));
        assert!(name_of("a=2cb").is_err() && name_of("a=").is_err());
    }
}
