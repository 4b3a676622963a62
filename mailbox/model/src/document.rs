//! What is signed of a document in JSON: a MIME entity whose one field says what kind it is (Profile §9.5, §19.10).

/// The entity around a document's canonical form.
pub(crate) fn entity(media_type: &str, canonical: &str) -> String {
    format!("Content-Type: {media_type}\r\n\r\n{canonical}\r\n")
}

/// The document in an entity; none, if it is of another kind.
pub(crate) fn content<'e>(media_type: &str, entity: &'e [u8]) -> Option<&'e [u8]> {
    let head = format!("Content-Type: {media_type}\r\n\r\n");
    let octets = entity.strip_prefix(head.as_bytes())?;
    Some(octets.strip_suffix(b"\r\n").unwrap_or(octets))
}
