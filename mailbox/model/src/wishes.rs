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
}
