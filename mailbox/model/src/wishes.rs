//! What a sender asked for beside delivery, in the words of SMTP.

use serde::{Deserialize, Serialize};

/// What a submission asks of reports (RFC 3461) and of the way (RFC 8689). Kept with it for whoever makes the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// RET: the whole message in a report of failure, or its header. `None`: not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<bool>,
    /// ENVID: what the sender calls this submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope_id: Option<String>,
    /// REQUIRETLS: never to be passed on in clear.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_tls: bool,
    /// Those recipients that something is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<RecipientWishes>,
}

/// What is asked for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecipientWishes {
    /// Its address.
    pub address: String,
    /// NOTIFY: `NEVER`, or some of `SUCCESS`, `FAILURE`, `DELAY`, with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
    /// ORCPT: the address that the sender began with, `type;address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

impl Wishes {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Is a report of this event wanted: `SUCCESS`, `DELAY`, `FAILURE`? Who said nothing hears of delays and failures
    /// (RFC 3461 §4.1). A bundle has one recipient.
    pub fn notifies(&self, event: &str) -> bool {
        match self.recipients.first().and_then(|recipient| recipient.notify.as_deref()) {
            None => event != "SUCCESS",
            Some(events) => events.split(',').any(|asked| asked.trim() == event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 3461 §4.1
    #[test]
    fn who_says_nothing_hears_of_failures_and_who_says_never_of_nothing() {
        let asked = |notify: Option<&str>| {
            let recipient = RecipientWishes { notify: notify.map(Into::into), ..RecipientWishes::default() };
            let wishes = Wishes { recipients: vec![recipient], ..Wishes::default() };
            ["SUCCESS", "DELAY", "FAILURE"].map(|event| wishes.notifies(event))
        };
        assert_eq!(asked(None), [false, true, true]);
        assert_eq!(asked(Some("NEVER")), [false, false, false]);
        assert_eq!(asked(Some("SUCCESS,FAILURE")), [true, false, true]);
        assert!(Wishes::default().notifies("FAILURE"));
    }
}
