//! BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use memchr::memchr_iter;

use super::envelope;
use super::reply::{nstring, string};
use crate::mime::{Entity, Field, Parameters, parameters};

/// ```text
/// body = "(" (body-type-1part / body-type-mpart) ")" ; `extended`: with the extension data of BODYSTRUCTURE
/// ```
pub(super) fn write(out: &mut Vec<u8>, entity: Entity<'_>, extended: bool) {
    out.push(b'(');
    if entity.is_multipart() {
        multipart(out, entity, extended);
    } else {
        single(out, entity, extended);
    }
    out.push(b')');
}

/// ```text
/// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
/// ```
fn multipart(out: &mut Vec<u8>, entity: Entity<'_>, extended: bool) {
    for part in entity.parts() {
        write(out, part, extended);
    }
    if entity.parts().len() == 0 {
        // The grammar wants one; a multipart without parts is broken.
        empty(out);
    }
    let kind = entity.content_type();
    out.push(b' ');
    string(out, kind.subtype());
    if extended {
        out.push(b' ');
        parameter_list(out, &kind.parameters);
        extension(out, entity);
    }
}

/// ```text
/// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
/// body-fields     = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
/// ```
fn single(out: &mut Vec<u8>, entity: Entity<'_>, extended: bool) {
    let header = entity.header();
    let mut kind = entity.content_type();
    let is_text = kind.kind().eq_ignore_ascii_case(b"text");
    if is_text && kind.get("charset").is_none() {
        // RFC 2045 §5.2
        kind.parameters.push((b"charset".to_vec(), b"us-ascii".to_vec()));
    }
    string(out, kind.kind());
    out.push(b' ');
    string(out, kind.subtype());
    out.push(b' ');
    parameter_list(out, &kind.parameters);
    for name in ["Content-ID", "Content-Description"] {
        out.push(b' ');
        nstring(out, header.get(name).map(Field::unfolded).as_deref());
    }
    out.push(b' ');
    let encoding = header.get("Content-Transfer-Encoding").map(|field| parameters(field.value()).value);
    string(out, encoding.filter(|encoding| !encoding.is_empty()).as_deref().unwrap_or(b"7bit"));
    out.extend_from_slice(format!(" {}", entity.body().len()).as_bytes());
    let lines = || format!(" {}", memchr_iter(b'\n', entity.body()).count());
    if entity.is_message() {
        out.push(b' ');
        envelope::write(out, entity.inner().map(Entity::header));
        out.push(b' ');
        match entity.inner() {
            Some(inner) => write(out, inner, extended),
            None => empty(out),
        }
    }
    if is_text || entity.is_message() {
        out.extend_from_slice(lines().as_bytes());
    }
    if extended {
        out.push(b' ');
        nstring(out, header.get("Content-MD5").map(Field::unfolded).as_deref());
        extension(out, entity);
    }
}

/// [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]
fn extension(out: &mut Vec<u8>, entity: Entity<'_>) {
    out.push(b' ');
    match entity.disposition().filter(|disposition| !disposition.value.is_empty()) {
        None => nstring(out, None),
        Some(Parameters { value, parameters }) => {
            out.push(b'(');
            string(out, &value);
            out.push(b' ');
            parameter_list(out, &parameters);
            out.push(b')');
        }
    }
    out.push(b' ');
    let language = entity.header().get("Content-Language").map(Field::unfolded).unwrap_or_default();
    let tags: Vec<&[u8]> = language.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
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

/// ```text
/// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil ; as written: RFC 2231 is the client's to read
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
fn empty(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)"#);
}

#[cfg(test)]
mod tests;
