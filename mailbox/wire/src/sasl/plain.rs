//! Reads the one message of SASL PLAIN (RFC 4616).

use fumibako_model::Private;

use crate::Credentials;

/// The response to PLAIN; `None` when it is none.
///
/// ```text
/// message = [authzid] NUL authcid NUL passwd          ; RFC 4616 §2, UTF-8 without NUL
/// ```
pub(super) fn credentials(response: Vec<u8>) -> Option<Credentials> {
    let message = String::from_utf8(response).ok()?;
    let mut parts = message.split('\0');
    let (authorization, login, password) = (parts.next()?, parts.next()?, parts.next()?);
    if login.is_empty() || password.is_empty() || parts.next().is_some() {
        return None;
    }
    Some(Credentials {
        authorization: authorization.to_owned(),
        login: login.to_owned(),
        password: Private(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Option<(String, String, String)> {
        credentials(message.into()).map(|read| (read.authorization, read.login, read.password.0))
    }

    #[test]
    fn a_login_may_act_for_another() {
        let expected = |parts: [&str; 3]| Some(parts.map(str::to_owned).into());
        assert_eq!(read("9970000011\0kawara\0ひみつ"), expected(["9970000011", "kawara", "ひみつ"]));
        assert_eq!(read("\0kawara\0a b"), expected(["", "kawara", "a b"]));
    }

    #[test]
    fn other_messages_are_none() {
        for bad in ["", "a", "a\0b", "\0\0b", "\0a\0", "\0a\0b\0c"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert!(credentials(b"\0a\0\xff".to_vec()).is_none(), "UTF-8 only");
    }
}
