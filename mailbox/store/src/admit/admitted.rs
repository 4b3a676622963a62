//! What passed admission. Private fields and no other constructor: what nobody checked cannot be stored.

use fumibako_model::{Act, CertificateKey, Delegate, End, OfficeNumber, Refused, Roll, Wishes};
use fumibako_signer::Certificate;
use jiff::Timestamp;
use serde_json::json;

use super::arriving::{Announced, Sums};
use super::content::{Receipt, Word};
use crate::bodies::{BodyError, Day, Spool, Spooled};
use crate::hex;

/// A message that passed every check, with its body.
#[derive(Debug)]
pub struct Admitted {
    facts: Facts,
    announced: Announced,
    body: Spool,
}

/// An admitted message whose body is ready to be kept: in memory, or synced in a segment of its own.
#[derive(Debug)]
pub struct Kept {
    facts: Facts,
    body: Spooled,
}

/// What is known of an admitted message.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(super) sums: Sums,
    pub(super) signed_digest: Option<[u8; 32]>,
    pub(super) content_digest: [u8; 32],
    pub(super) message_id: String,
    pub(super) from: OfficeNumber,
    pub(super) to: OfficeNumber,
    pub(super) signer: [u8; 32],
    pub(super) by: Option<Box<Delegate>>,
    pub(super) kind: Kind,
    /// What a mandate's limits are held against.
    pub(super) units: Box<Units>,
    pub(super) beside: Box<Beside>,
}

/// What goes with a message and is no part of it.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// What names the signer's certificate in the roll.
    pub(super) key: CertificateKey,
    /// What its sender asked for beside delivery.
    pub(super) wishes: Wishes,
    /// The signer's certificate, and those that came with it.
    pub(super) papers: Vec<Certificate>,
    /// Under which authorities and lists it was judged.
    pub(super) trust: Option<String>,
}

/// The kinds and the month of a bundle's send units; nothing of a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) kinds: Vec<String>,
    pub(super) month: Option<String>,
}

/// What kind of message it is; the kinds differ in one `match` in admission and in one in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 送信データ.
    Bundle,
    /// 受領証: the signed receipt for an earlier bundle.
    Receipt(Receipt),
}

impl Admitted {
    pub(super) fn new(facts: Facts, (announced, body): (Announced, Spool)) -> Self {
        Self { facts, announced, body }
    }

    /// The same, with what its sender asked for beside delivery.
    #[must_use]
    pub fn with_wishes(mut self, wishes: Wishes) -> Self {
        self.facts = self.facts.with_wishes(wishes);
        self
    }

    /// The same, judged under the authorities and lists of this name ([`fumibako_model::TrustState`]).
    #[must_use]
    pub fn under(mut self, trust: String) -> Self {
        self.facts.beside.trust = Some(trust);
        self
    }

    /// What is known of it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Is its body too large to be kept in memory?
    pub fn is_filed(&self) -> bool {
        self.body.is_filed()
    }

    /// Makes its body ready; a large one is synced here. Waits for the disk.
    pub fn keep(mut self, now: Timestamp) -> Result<Kept, BodyError> {
        self.announced.say_again(&mut self.body, Day::of(now));
        let body = self.body.finish(&self.facts.envelope(now))?;
        Ok(Kept { facts: self.facts, body })
    }
}

impl Kept {
    /// What is known of it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its octets as kept: as received, under the gateway's trace field.
    pub fn body(&self) -> &Spooled {
        &self.body
    }

    /// The facts and the body, each on its own.
    pub fn into_parts(self) -> (Facts, Spooled) {
        (self.facts, self.body)
    }
}

impl Facts {
    /// The same, with what its sender asked for beside delivery.
    #[must_use]
    pub fn with_wishes(mut self, wishes: Wishes) -> Self {
        self.beside.wishes = wishes;
        self
    }

    /// What its sender asked for beside delivery.
    pub fn wishes(&self) -> &Wishes {
        &self.beside.wishes
    }

    /// How many octets were received.
    pub fn size(&self) -> u64 {
        self.sums.size
    }
    /// SHA-256 of the octets as received.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sums.sha256
    }
    /// SHA-256 of what was signed, and by whom, where its Message-ID is not signed with it: the same again is no new
    /// message, whatever its header says.
    pub fn signed_digest(&self) -> Option<&[u8; 32]> {
        self.signed_digest.as_ref()
    }
    /// SHA-256 of the signed part, which a receipt must name.
    pub fn content_digest(&self) -> &[u8; 32] {
        &self.content_digest
    }
    /// The Message-ID, without angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }
    /// The sending office.
    pub fn from(&self) -> OfficeNumber {
        self.from
    }
    /// The receiving office.
    pub fn to(&self) -> OfficeNumber {
        self.to
    }
    /// SHA-256 of the signer's certificate.
    pub fn signer(&self) -> &[u8; 32] {
        &self.signer
    }
    /// The signer's certificate, and those that came with it.
    pub fn papers(&self) -> &[Certificate] {
        &self.beside.papers
    }
    /// Under which authorities and lists it was judged, if somebody said so.
    pub fn trust(&self) -> Option<&str> {
        self.beside.trust.as_deref()
    }
    /// The agent that sent it for the office, and the mandate it had.
    pub fn by(&self) -> Option<&Delegate> {
        self.by.as_deref()
    }
    /// What kind of message it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Profile §5.11: asked again inside the commit, of the roll as it stands there. What the roll took back meanwhile,
    /// a certificate, a mandate, a licence, is not used any more; what was committed before stands.
    pub fn still_allowed(&self, roll: &Roll, now: Timestamp) -> Result<(), Refused> {
        roll.not_removed(&self.beside.key)?; // Profile §19.12
        self.kind.may_go((self.from, self.to), roll, now)?;
        match &self.by {
            Some(by) => roll.mandate(self.from, &by.agent, act(&self.kind, self.to, &self.units), now).map(|_| ()),
            None => Ok(()),
        }
    }

    /// What stands beside the body in its record, so that rows that were lost can be made again.
    pub fn envelope(&self, now: Timestamp) -> Vec<u8> {
        let envelope = json!({
            "v": 1, "kind": self.kind.name(), "at": now.to_string(), "message_id": self.message_id, "size": self.sums.size,
            "from": self.from.as_str(), "to": self.to.as_str(), "sha256": hex(&self.sums.sha256),
            "signed_digest": self.signed_digest.as_ref().map(|digest| hex(digest)), "content_digest": hex(&self.content_digest),
            "signer": hex(&self.signer), "by": self.by,
        });
        envelope.to_string().into_bytes()
    }
}

/// What an agent does that sends this for an office.
pub(super) fn act<'a>(kind: &Kind, to: OfficeNumber, units: &'a Units) -> Act<'a> {
    match kind {
        Kind::Bundle => Act::Send { to, units: &units.kinds, month: units.month.as_deref() },
        Kind::Receipt(_) => Act::Acknowledge { to },
    }
}

impl Kind {
    /// Profile §5.6: whoever sends, and whom it is sent to, holds a licence. What was sent is collected and acknowledged without
    /// one (Profile §10); only whom the operator suspended gives no word that counts, while a word that is for one comes to it.
    pub(super) fn may_go(
        &self,
        (from, to): (OfficeNumber, OfficeNumber),
        roll: &Roll,
        now: Timestamp,
    ) -> Result<(), Refused> {
        match self {
            Self::Bundle => {
                roll.licensed(from, End::Sender, now)?;
                roll.licensed(to, End::Recipient, now)?;
            }
            Self::Receipt(_) => {
                roll.in_order(from, End::Sender)?;
                roll.registered(to, End::Recipient)?;
            }
        }
        Ok(())
    }

    /// The word in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Receipt(receipt) if matches!(receipt.word, Word::Failed(..)) => "failure",
            Self::Receipt(_) => "receipt",
        }
    }
}
