//! Names nobody can guess.

use fumibako_model::Domain;

/// 128 random bits in hexadecimal.
#[expect(clippy::expect_used, reason = "the provider aborts rather than fail: it is seeded by the operating system")]
pub(crate) fn hex() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("random numbers");
    fumibako_signer::hex(&bytes)
}

/// A new key of 256 bits.
#[expect(clippy::expect_used, reason = "as above")]
pub(crate) fn key() -> [u8; 32] {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("random numbers");
    bytes
}

/// A new Message-ID under a domain, without angle brackets (Profile §4.4: made by the client, unguessable).
pub(crate) fn message_id(domain: &Domain) -> String {
    format!("{}@{domain}", hex())
}
