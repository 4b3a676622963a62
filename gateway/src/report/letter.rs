//! The form of every letter that the gateway signs.

use fumibako_signer::{Identity, SignError, sign};
use jiff::Timestamp;

/// A message of these fields and this entity, signed. The signed part repeats the fields (RFC 9788, `hp="clear"`), so that whom it is
/// from and to, when, and about what is under the signature as well. `kind` is the value of the entity's `Content-Type`, `rest` its
/// other MIME fields, an empty line and its body.
pub(crate) fn signed(
    fields: &str,
    (kind, rest): (&str, &str),
    witness: &Identity,
    at: Timestamp,
) -> Result<Vec<u8>, SignError> {
    let entity = format!("{fields}Content-Type: {kind}; hp=\"clear\"\r\n{rest}");
    let signed = sign(entity.as_bytes(), witness, at)?;
    Ok([fields.as_bytes(), b"MIME-Version: 1.0\r\n", &signed].concat())
}
