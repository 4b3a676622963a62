//! BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use memchr::memchr_iter;

use super::envelope;
use super::reply::{nstring, string};
use crate::mime::{Entity, Field, Tree, parameters};

/// A structure being written, one entity at a time: of a large message it can be longer than the message.
///
/// ```text
/// body = "(" (body-type-1part / body-type-mpart) ")"
/// ```
#[derive(Debug)]
pub(super) struct Outline {
    /// What is still to be written, the next last.
    rest: Vec<Rest>,
    /// With the extension data of BODYSTRUCTURE.
    extended: bool,
}

/// An entity by its place, and what of it.
#[derive(Debug)]
enum Rest {
    All(usize),
    /// What follows the parts of a multipart.
    AfterParts(usize),
    /// What follows the message inside a `message/rfc822`.
    AfterMessage(usize),
}

impl Outline {
    pub(super) fn new(extended: bool) -> Self {
        Self { rest: vec![Rest::All(0)], extended }
    }

    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.rest.capacity() * size_of::<Rest>()
    }

    /// Writes what comes next, at most what the header of one entity and that of a message inside it say. `false` when
    /// all is written.
    pub(super) fn more(&mut self, out: &mut Vec<u8>, tree: &Tree<'_>) -> bool {
        match self.rest.pop() {
            None => return false,
            Some(Rest::All(at)) => self.begin(out, tree.entity(at)),
            Some(Rest::AfterParts(at)) => self.after_parts(out, tree.entity(at)),
            Some(Rest::AfterMessage(at)) => self.after_single(out, tree.entity(at)),
        }
        true
    }

    fn begin(&mut self, out: &mut Vec<u8>, entity: Entity<'_>) {
        out.push(b'(');
        if !entity.is_multipart() {
            return self.single(out, entity);
        }
        if entity.parts().len() == 0 {
            // The grammar wants one; a multipart without parts is broken.
            empty(out, self.extended);
        }
        self.rest.push(Rest::AfterParts(entity.place()));
        self.rest.extend(entity.parts().rev().map(|part| Rest::All(part.place())));
    }

    /// ```text
    /// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    /// ```
    fn after_parts(&self, out: &mut Vec<u8>, entity: Entity<'_>) {
        let kind = entity.content_type();
        out.push(b' ');
        string(out, kind.subtype());
        if self.extended {
            out.push(b' ');
            parameter_list(out, &kind.joined());
            extension(out, entity);
        }
        out.push(b')');
    }

    /// ```text
    /// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
    /// ```
    fn single(&mut self, out: &mut Vec<u8>, entity: Entity<'_>) {
        fields(out, entity);
        if !entity.is_message() {
            return self.after_single(out, entity);
        }
        out.push(b' ');
        envelope::write(out, entity.inner().map(Entity::header));
        out.push(b' ');
        self.rest.push(Rest::AfterMessage(entity.place()));
        match entity.inner() {
            Some(inner) => self.rest.push(Rest::All(inner.place())),
            None => empty(out, self.extended),
        }
    }

    fn after_single(&self, out: &mut Vec<u8>, entity: Entity<'_>) {
        if entity.is_message() || entity.content_type().kind().eq_ignore_ascii_case(b"text") {
            out.extend_from_slice(format!(" {}", memchr_iter(b'\n', entity.body()).count()).as_bytes());
        }
        if self.extended {
            out.push(b' ');
            nstring(out, entity.header().get("Content-MD5").map(Field::unfolded).as_deref());
            extension(out, entity);
        }
        out.push(b')');
    }
}

/// ```text
/// media-type SP body-fields
/// body-fields     = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
/// ```
fn fields(out: &mut Vec<u8>, entity: Entity<'_>) {
    let header = entity.header();
    let mut kind = entity.content_type();
    if kind.kind().eq_ignore_ascii_case(b"text") && kind.get("charset").is_none() {
        // RFC 2045 §5.2
        kind.parameters.push((b"charset".to_vec(), b"us-ascii".to_vec()));
    }
    string(out, kind.kind());
    out.push(b' ');
    string(out, kind.subtype());
    out.push(b' ');
    parameter_list(out, &kind.joined());
    for name in ["Content-ID", "Content-Description"] {
        out.push(b' ');
        nstring(out, header.get(name).map(Field::unfolded).as_deref());
    }
    out.push(b' ');
    let encoding = header.get("Content-Transfer-Encoding").map(|field| parameters(field.value()).value);
    string(out, encoding.filter(|encoding| !encoding.is_empty()).as_deref().unwrap_or(b"7bit"));
    out.extend_from_slice(format!(" {}", entity.body().len()).as_bytes());
}

/// [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]
fn extension(out: &mut Vec<u8>, entity: Entity<'_>) {
    out.push(b' ');
    match entity.disposition().filter(|disposition| !disposition.value.is_empty()) {
        None => nstring(out, None),
        Some(disposition) => {
            out.push(b'(');
            string(out, &disposition.value);
            out.push(b' ');
            parameter_list(out, &disposition.joined());
            out.push(b')');
        }
    }
    out.push(b' ');
    let language = entity.header().get("Content-Language").map(Field::unfolded).unwrap_or_default();
    let tags: Vec<&[u8]> = language.split(|byte| *byte == b',').map(bare).collect();
    match &tags[..] {
        [tag] => nstring(out, Some(*tag).filter(|tag| !tag.is_empty())),
        tags => {
            out.push(b'(');
            for (at, tag) in tags.iter().enumerate() {
                out.extend_from_slice(if at == 0 { b"" } else { b" " });
                string(out, tag);
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(out, entity.header().get("Content-Location").map(Field::unfolded).as_deref());
}

/// RFC 3282 §2: language tags are bare; some programs write them as strings.
fn bare(tag: &[u8]) -> &[u8] {
    let tag = tag.trim_ascii();
    tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\"")).unwrap_or(tag)
}

/// ```text
/// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil ; RFC 2231 §6: in one piece, decoding is the client's
/// ```
fn parameter_list(out: &mut Vec<u8>, parameters: &[(Vec<u8>, Vec<u8>)]) {
    if parameters.is_empty() {
        return nstring(out, None);
    }
    for (at, (name, value)) in parameters.iter().enumerate() {
        out.push(if at == 0 { b'(' } else { b' ' });
        string(out, name);
        out.push(b' ');
        string(out, value);
    }
    out.push(b')');
}

/// A part that is not there.
fn empty(out: &mut Vec<u8>, extended: bool) {
    out.extend_from_slice(br#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0"#);
    out.extend_from_slice(if extended { b" NIL NIL NIL NIL)" } else { b")" });
}

#[cfg(test)]
mod tests;
