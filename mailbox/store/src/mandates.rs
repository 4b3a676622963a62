//! What the store is asked to do with mandates (Profile §9).

use fumibako_model::{Deed, MandateId, Registered};
use fumibako_signer::Signed;
use jiff::Timestamp;

/// A change of mandates. Asked again it changes nothing, and succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MandateOrder {
    /// Onto the roll, with the deed its office signed; one from paper has none.
    Register(Box<Registered>, Option<Vec<u8>>),
    /// The agent confirmed it, with this deed.
    Confirm {
        /// Which.
        id: MandateId,
        /// What the agent signed.
        signed: Vec<u8>,
        /// When it came.
        at: Timestamp,
    },
    /// It ends: for whatever is committed after this.
    Revoke {
        /// Which.
        id: MandateId,
        /// What was signed, unless the operator does it.
        signed: Option<Vec<u8>>,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
}

/// What was signed of a mandate, as it came: an S/MIME entity for each deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDeed {
    /// `grant`, `confirm` or `revoke`.
    pub kind: String,
    /// When it came.
    pub at: Timestamp,
    /// The octets.
    pub octets: Vec<u8>,
}

/// What was signed, if a signature holds over it. Whose signature that is, whoever verifies the evidence asks (Profile §8.26).
pub fn deed_in(octets: &[u8]) -> Option<Deed> {
    let signed = Signed::read(octets).ok()?;
    signed.verify().ok()?;
    Deed::in_entity(signed.part()).ok()
}
