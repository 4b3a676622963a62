//! A message and its parts.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use fumibako_model::Refusal;

use super::scan::{self, Node};
use super::{Header, Parameters, Undecodable, charset_text, parameters, transfer_decode};

/// The structure of a message: ranges of its bytes.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    bytes: &'a [u8],
    nodes: Cow<'a, [Node]>,
}

/// A message and its structure, kept from one step to the next.
pub(crate) struct Kept {
    bytes: Arc<[u8]>,
    nodes: Vec<Node>,
}

impl Kept {
    pub(crate) fn new(bytes: Arc<[u8]>) -> Self {
        Self { nodes: scan::scan(&bytes).0, bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As [`Tree::view`].
    pub(crate) fn tree(&self) -> Tree<'_> {
        Tree { bytes: &self.bytes, nodes: Cow::Borrowed(&self.nodes) }
    }
}

/// A message larger in some direction than this system reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    /// More than [`DEPTH`](super::DEPTH) levels.
    #[error("parts nest deeper than 16 levels")]
    Depth,
    /// More than [`PARTS`](super::PARTS).
    #[error("more than 1000 parts")]
    Parts,
    /// A header of more than [`HEADER_BYTES`](super::HEADER_BYTES).
    #[error("a header of more than 64 KiB")]
    Header,
}

impl From<OverLimit> for Refusal {
    fn from(over: OverLimit) -> Self {
        match over {
            OverLimit::Depth | OverLimit::Parts => Self::TooManyParts,
            OverLimit::Header => Self::HeadersTooLarge,
        }
    }
}

impl<'a> Tree<'a> {
    /// Finds the parts of a message. Any bytes are a message; only the limits refuse one.
    pub fn read(bytes: &'a [u8]) -> Result<Self, OverLimit> {
        match scan::scan(bytes) {
            (nodes, None) => Ok(Self { bytes, nodes: Cow::Owned(nodes) }),
            (_, Some(over)) => Err(over),
        }
    }

    /// The same for a message that is already kept: what lies past a limit is left unread inside its part. What follows
    /// the first [`HEADER_BYTES`](super::HEADER_BYTES) of a header counts as body.
    pub fn view(bytes: &'a [u8]) -> Self {
        Self { bytes, nodes: Cow::Owned(scan::scan(bytes).0) }
    }

    /// The message itself.
    pub fn root(&self) -> Entity<'_> {
        Entity { tree: self, at: 0 }
    }

    /// The entity that stands at this place among [`entities`](Self::entities).
    pub(crate) fn entity(&self, at: usize) -> Entity<'_> {
        Entity { tree: self, at }
    }

    /// The message and all its parts, in the order they stand.
    pub fn entities(&self) -> impl Iterator<Item = Entity<'_>> {
        (0..self.nodes.len()).map(|at| Entity { tree: self, at })
    }
}

/// A message, or a part of one: a header and a body.
#[derive(Clone, Copy, Debug)]
pub struct Entity<'t> {
    tree: &'t Tree<'t>,
    at: usize,
}

impl<'t> Entity<'t> {
    fn node(self) -> &'t Node {
        &self.tree.nodes[self.at]
    }

    fn slice(self, range: &Range<usize>) -> &'t [u8] {
        &self.tree.bytes[range.clone()]
    }

    /// Its place among all entities.
    pub(crate) fn place(self) -> usize {
        self.at
    }

    /// Where the header lies, with the blank line that ends it.
    pub fn header_range(self) -> Range<usize> {
        self.node().header.clone()
    }

    /// Where the body lies.
    pub fn body_range(self) -> Range<usize> {
        self.node().body.clone()
    }

    /// Where header and body lie.
    pub fn range(self) -> Range<usize> {
        self.node().header.start..self.node().body.end
    }

    /// Header and body, the octets an enclosing signature covers.
    pub fn octets(self) -> &'t [u8] {
        self.slice(&self.range())
    }

    /// So much of the body, and no half line of it if that can be: it is to be decoded.
    pub(crate) fn body_start(self, length: usize) -> &'t [u8] {
        lines_within(self.body(), length)
    }

    /// The body as it stands, not decoded.
    pub fn body(self) -> &'t [u8] {
        self.slice(&self.node().body)
    }

    /// The header.
    pub fn header(self) -> Header<'t> {
        Header(self.slice(&self.node().header))
    }

    /// `Content-Type`, or what RFC 2045 §5.2 and RFC 2046 §5.1.5 put in its place.
    pub fn content_type(self) -> Parameters {
        scan::content_type(self.header(), self.node().in_digest)
    }

    /// Is it of this type? Case does not matter.
    pub fn is(self, kind: &str, subtype: &str) -> bool {
        self.content_type().is(kind, subtype)
    }

    /// Is it a `multipart`?
    pub fn is_multipart(self) -> bool {
        self.node().multipart
    }

    /// Does it carry a whole message (`message/rfc822`)?
    pub fn is_message(self) -> bool {
        self.node().message
    }

    /// The parts of a multipart; none for everything else.
    pub fn parts(self) -> impl DoubleEndedIterator<Item = Entity<'t>> + ExactSizeIterator {
        let parts: &[usize] = if self.node().multipart { &self.node().children } else { &[] };
        parts.iter().map(move |&at| Entity { tree: self.tree, at })
    }

    /// The message inside a `message/rfc822`.
    pub fn inner(self) -> Option<Entity<'t>> {
        let at = *self.node().children.first().filter(|_| self.node().message)?;
        Some(Entity { tree: self.tree, at })
    }

    /// `Content-Disposition`, if it has one.
    pub fn disposition(self) -> Option<Parameters> {
        Some(parameters(self.header().get("Content-Disposition")?.value()))
    }

    /// The file name, decoded (RFC 2183 §2.3, RFC 2231, and encoded words as many programs write them).
    pub fn file_name(self) -> Option<String> {
        let named = |field, parameter| super::decode::parameter(self.header().get(field)?.value(), parameter);
        named("Content-Disposition", "filename").or_else(|| named("Content-Type", "name"))
    }

    /// `Content-Transfer-Encoding` in lower case; `7bit` if it has none (RFC 2045 §6.1).
    pub fn transfer_encoding(self) -> String {
        let field = self.header().get("Content-Transfer-Encoding");
        field.map_or_else(|| "7bit".into(), |field| value_token(field.value()))
    }

    /// The body with its transfer encoding undone.
    pub fn content(self) -> Result<Cow<'t, [u8]>, Undecodable> {
        transfer_decode(&self.transfer_encoding(), self.body())
    }

    /// The body of a text part as Unicode, by its `charset`.
    pub fn text(self) -> Result<String, Undecodable> {
        self.text_in(self.body())
    }

    /// The same of some of the body.
    pub(crate) fn text_in(self, body: &[u8]) -> Result<String, Undecodable> {
        let content = transfer_decode(&self.transfer_encoding(), body)?;
        Ok(charset_text(self.content_type().get("charset").unwrap_or(b"utf-8"), &content))
    }
}

fn lines_within(text: &[u8], length: usize) -> &[u8] {
    let Some(start) = text.get(..length) else { return text };
    match memchr::memrchr(b'\n', start) {
        Some(end) if start.len() < text.len() => &start[..=end],
        _ => start,
    }
}

/// The first word of a field's value, in lower case, comments left out.
fn value_token(value: &[u8]) -> String {
    String::from_utf8_lossy(&parameters(value).value).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_lines() {
        for (length, kept) in [
            (0, ""),
            (1, "a"),
            (2, "ab"),
            (3, "ab\n"),
            (5, "ab\n"),
            (6, "ab\ncd\n"),
            (7, "ab\ncd\ne"),
            (9, "ab\ncd\ne"),
        ] {
            assert_eq!(lines_within(b"ab\ncd\ne", length), kept.as_bytes());
        }
    }
}
