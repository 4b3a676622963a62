//! Evidence that stands alone: one file with all that it takes to judge it, offline and years later (Profile §8.18).

use fumibako_signer::{Hash as Digest, hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mandate::MandateId;

/// Letters of hex in the name of a state of trust: 128 bits, which nobody finds a second time.
const NAME_LETTERS: usize = 32;

/// The form of evidence that stands alone, and of what shows that a log continues.
pub const PROOF_FORM: u8 = 1;
/// Fields that whoever takes a message in puts before it (RFC 5321 §4.4, RFC 9228, Profile §8.25, and what mail programs do); they
/// are no part of what was signed or hashed.
const TRACE: [&[u8]; 5] = [b"received", EXPIRES, b"return-path", b"delivered-to", b"x-original-to"];
const EXPIRES: &[u8] = b"expires";
/// Most of them before one message.
const TRACE_FIELDS: usize = 32;

/// All evidence about one bundle, or some of it, with what proves it. Octets stand in base64, hashes in hex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFile {
    /// The form of this: [`PROOF_FORM`].
    pub v: u8,
    /// The evidence, the oldest first.
    pub entries: Vec<Proven>,
    /// The signed head of the log they stand in: CMS `SignedData` around its JSON.
    pub head: String,
    /// A time stamp over the head (RFC 3161).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stamp: Option<String>,
    /// The certificates of those who signed bundle and receipt, and of the authorities above them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub certificates: Vec<String>,
    /// What the gateway believed when it judged them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub trust: Vec<TrustState>,
    /// Revocation lists and answers of responders: of those it believed then, the ones about these certificates.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub revocation: Vec<String>,
    /// What was signed of the mandates under which agents acted: an office's grant, the agent's confirmation.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deeds: Vec<MandateDeed>,
    /// The receipt that proves the handover, octet for octet as it was accepted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipt: Option<String>,
    /// The recipient's word that it could not open the bundle (Profile §8.22), likewise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<String>,
    /// That the content is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub erased: Option<ErasureProof>,
}

/// A piece of evidence with its way to the root of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// The piece, octet for octet (Profile §8.12).
    pub entry: String,
    /// The hashes beside its way to the root (RFC 9162 §2.1.3).
    pub path: Vec<String>,
}

/// The evidence that the content of some messages was erased, and that this bundle was among them (Profile §8.28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureProof {
    /// The piece, in the same log under the same head.
    pub piece: Proven,
    /// The number of the bundle's digest in the tree of the erasure.
    pub index: u64,
    /// The hashes beside its way to that root.
    pub beside: Vec<String>,
}

/// A deed about a mandate, as it was signed (Profile §9.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateDeed {
    /// Which mandate.
    pub mandate: MandateId,
    /// When it came onto the roll.
    pub at: Timestamp,
    /// The S/MIME entity, in base64.
    pub signed: String,
}

/// Two signed heads of one log, and what shows that the later continues the earlier (RFC 9162 §2.1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continuation {
    /// The form of this: [`PROOF_FORM`].
    pub v: u8,
    /// The earlier head.
    pub earlier: String,
    /// The later head.
    pub later: String,
    /// The hashes between.
    pub between: Vec<String>,
}

/// The authorities, and the lists and answers about what they revoked: the SHA-256 of each in hex, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustState(Vec<String>);

impl TrustState {
    /// Of these, in whatever order.
    pub fn new(mut members: Vec<String>) -> Self {
        members.sort_unstable();
        members.dedup();
        Self(members)
    }

    /// How evidence names it: the beginning of the SHA-256 over its members.
    pub fn name(&self) -> String {
        let mut name = hash(self.0.concat().as_bytes());
        name.truncate(NAME_LETTERS);
        name
    }

    /// The SHA-256 of each.
    pub fn members(&self) -> &[String] {
        &self.0
    }

    /// Is this, by its SHA-256, one of its members?
    pub fn has(&self, member: &str) -> bool {
        self.0.iter().any(|known| known == member)
    }
}

/// SHA-256 in hex.
pub fn hash(octets: &[u8]) -> String {
    hex(Digest::Sha256.of(octets).as_ref())
}

/// The message of this digest, without the trace that was put before it where it was kept. Nothing else may stand there: whatever
/// is read above a message would pass for a part of it.
pub fn as_it_came<'o>(kept: &'o [u8], digest: &str) -> Option<&'o [u8]> {
    behind_traces(kept).find(|octets| hash(octets) == digest)
}

/// These octets, and what of them is left behind each trace field.
fn behind_traces<'o>(kept: &'o [u8]) -> impl Iterator<Item = &'o [u8]> {
    let without = |octets: &&'o [u8]| trace_field(octets).and_then(|end| octets.get(end..));
    std::iter::successors(Some(kept), without).take(TRACE_FIELDS + 1)
}

/// Until when the gateway keeps this message, as its field above the message says (Profile §8.25); one that came with the message
/// stands lower. As it is written there (RFC 5322 §3.3).
pub fn kept_until(kept: &[u8]) -> Option<&str> {
    let mut fields = behind_traces(kept);
    let field =
        fields.find(|octets| octets.get(..EXPIRES.len()).is_some_and(|name| name.eq_ignore_ascii_case(EXPIRES)))?;
    let value = field.get(EXPIRES.len() + 1..trace_field(field)?)?;
    std::str::from_utf8(value).ok().map(str::trim)
}

/// Where the trace field ends that stands here, with the lines it is folded into (RFC 5322 §2.2.3).
fn trace_field(octets: &[u8]) -> Option<usize> {
    let name = octets.get(..octets.iter().position(|octet| *octet == b':')?)?;
    TRACE.iter().find(|known| name.eq_ignore_ascii_case(known))?;
    let mut ends = octets.windows(2).enumerate().filter(|(_, pair)| *pair == b"\r\n").map(|(at, _)| at + 2);
    ends.find(|end| !matches!(octets.get(*end), Some(b' ' | b'\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.19
    #[test]
    fn nothing_but_a_trace_stands_before_a_message() {
        let message = b"From: <a@x.example>\r\n\r\nplan\r\n".as_slice();
        let digest = hash(message);
        let under = |head: &str| {
            let kept = [head.as_bytes(), message].concat();
            as_it_came(&kept, &digest).map(<[u8]>::to_vec)
        };
        for trace in [
            "",
            "Received: from x\r\n by y;\r\n\tFri, 20 Nov 2026 09:15:00 +0900\r\n",
            "Return-Path: <a@x.example>\r\nDelivered-To: b\r\nX-ORIGINAL-TO: b\r\nreceived: z\r\n",
            &"Received: x\r\n".repeat(TRACE_FIELDS),
        ] {
            assert_eq!(under(trace).as_deref(), Some(message), "{trace}");
        }
        for other in [
            "Subject: other\r\n",
            "From: <b@x.example>\r\n\r\nother plan\r\n",
            "Received: x\r\n\r\n",
            "Received: x\r\nSubject: other\r\n",
            "Received: x\r\n\r\nReceived: y\r\n",
            "other\r\nReceived: x\r\n",
            "\r\n",
            " Received: x\r\n",
            &"Received: x\r\n".repeat(TRACE_FIELDS + 1),
        ] {
            assert_eq!(under(other), None, "{other}");
        }
        assert_eq!(as_it_came(b"Received: x", &digest), None, "a field that never ends");
        let announced =
            b"Received: x\r\n y\r\nExpires: Wed, 24 Feb 2027 00:00:00 +0000\r\nExpires: never\r\nFrom: a\r\n\r\n";
        assert_eq!(kept_until(announced), Some("Wed, 24 Feb 2027 00:00:00 +0000"));
        for other in ["From: a\r\nExpires: never\r\n\r\n", "Expires: never", "Expires", "", "Expiresx: never\r\n"] {
            assert_eq!(kept_until(other.as_bytes()), None, "{other}");
        }
        assert_eq!(as_it_came(&message[1..], &digest), None);
    }

    // Profile §8.18
    #[test]
    fn a_state_of_trust_has_one_name_in_whatever_order_it_is_read() {
        let (a, b) = (hash(b"a"), hash(b"b"));
        let state = TrustState::new(vec![b.clone(), a.clone(), b.clone()]);
        assert_eq!(state, TrustState::new(vec![a.clone(), b.clone()]));
        assert_eq!(state.name().len(), NAME_LETTERS);
        assert_ne!(state.name(), TrustState::new(vec![a.clone()]).name());
        assert!(state.has(&a) && state.has(&b) && !state.has(&hash(b"c")));
        assert_eq!(a, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let entries = vec![Proven { entry: "{}".into(), path: Vec::new() }];
        let file = ProofFile { v: 1, entries, head: "MAA=".into(), ..ProofFile::default() };
        let written = serde_json::to_string(&file).unwrap();
        assert_eq!(written, "{\"v\":1,\"entries\":[{\"entry\":\"{}\",\"path\":[]}],\"head\":\"MAA=\"}");
        assert_eq!(serde_json::from_str::<ProofFile>(&written).unwrap(), file);
    }
}
