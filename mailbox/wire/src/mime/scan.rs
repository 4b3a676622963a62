//! Where header, body and parts of a message lie.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::{DEPTH, HEADER_BYTES, Header, OverLimit, PARTS, Parameters, parameters};

/// One entity: its ranges in the whole message.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The header, with its blank line.
    pub(super) header: Range<usize>,
    /// What follows it.
    pub(super) body: Range<usize>,
    /// Of a multipart its parts, of a `message/rfc822` the one message.
    pub(super) children: Vec<usize>,
    pub(super) multipart: bool,
    pub(super) message: bool,
    /// A part of a `multipart/digest` is a message unless it says otherwise (RFC 2046 §5.1.5).
    pub(super) in_digest: bool,
}

/// All entities of a message, parents before children; and the limit that stopped the search, if one did.
pub(super) fn scan(bytes: &[u8]) -> (Vec<Node>, Option<OverLimit>) {
    let mut scan = Scan { bytes, nodes: Vec::new(), over: None };
    scan.entity(0..bytes.len(), false, 0);
    (scan.nodes, scan.over)
}

/// `Content-Type`, or its default: RFC 2045 §5.2, and RFC 2046 §5.1.5 inside a digest.
pub(super) fn content_type(header: Header<'_>, in_digest: bool) -> Parameters {
    let default: &[u8] = if in_digest { b"message/rfc822" } else { b"text/plain" };
    match header.get("Content-Type") {
        None => parameters(default),
        Some(field) => Some(parameters(field.value())).filter(Parameters::is_media_type).unwrap_or_else(|| {
            // RFC 2045 §5.2: what cannot be read as a type is plain text.
            parameters(b"text/plain")
        }),
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    nodes: Vec<Node>,
    over: Option<OverLimit>,
}

impl Scan<'_> {
    fn entity(&mut self, range: Range<usize>, in_digest: bool, depth: usize) -> usize {
        let at = self.nodes.len();
        let (length, whole) = header_length(&self.bytes[range.clone()]);
        if !whole {
            self.over.get_or_insert(OverLimit::Header);
        }
        let header = range.start..range.start + length;
        let kind = content_type(Header(&self.bytes[header.clone()]), in_digest);
        let multipart = kind.kind().eq_ignore_ascii_case(b"multipart");
        let message = kind.is("message", "rfc822");
        let body = header.end..range.end;
        self.nodes.push(Node { header, body: body.clone(), multipart, message, in_digest, ..Node::default() });
        if depth == DEPTH && (multipart || message) {
            self.over.get_or_insert(OverLimit::Depth);
        } else if message {
            self.child(at, body, false, depth);
        } else if let Some(boundary) = kind.get("boundary").filter(|boundary| multipart && !boundary.is_empty()) {
            let digest = kind.is("multipart", "digest");
            for part in Delimited::new(self.bytes, body, boundary) {
                if !self.child(at, part, digest, depth) {
                    break;
                }
            }
        }
        at
    }

    fn child(&mut self, parent: usize, range: Range<usize>, in_digest: bool, depth: usize) -> bool {
        if self.nodes.len() == PARTS {
            self.over.get_or_insert(OverLimit::Parts);
            return false;
        }
        let child = self.entity(range, in_digest, depth + 1);
        self.nodes[parent].children.push(child);
        true
    }
}

/// Length of the header at the start of an entity, with the blank line; everything if there is none. Of one past the
/// limit only the lines before it, and `false`.
fn header_length(entity: &[u8]) -> (usize, bool) {
    let start = &entity[..entity.len().min(HEADER_BYTES)];
    let mut at = 0;
    while let Some(end) = memchr(b'\n', &start[at..]) {
        let line = &start[at..=at + end];
        at += line.len();
        if matches!(line, b"\r\n" | b"\n") {
            return (at, true);
        }
    }
    if start.len() == entity.len() {
        return (entity.len(), true);
    }
    (if at == 0 { start.len() } else { at }, false)
}

/// The ranges between the delimiter lines of a multipart.
///
/// ```text
/// delimiter       := CRLF "--" boundary
/// close-delimiter := delimiter "--"
/// multipart-body  := [preamble CRLF] dash-boundary transport-padding CRLF body-part
///                    *(delimiter transport-padding CRLF body-part)
///                    close-delimiter transport-padding [CRLF epilogue]
/// ```
/// RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter, not to the part.
struct Delimited<'a> {
    bytes: &'a [u8],
    body: Range<usize>,
    finder: memmem::Finder<'static>,
    /// Where the part now open begins.
    open: Option<usize>,
}

impl<'a> Delimited<'a> {
    fn new(bytes: &'a [u8], body: Range<usize>, boundary: &[u8]) -> Self {
        let needle = [b"--", boundary].concat();
        let mut parts = Self { bytes, body, finder: memmem::Finder::new(&needle).into_owned(), open: None };
        // What stands before the first delimiter is the preamble.
        if let Some(first) = parts.delimiter() {
            parts.open = (!first.closes).then_some(first.after);
        }
        parts
    }

    /// Finds the next delimiter line and moves past it.
    fn delimiter(&mut self) -> Option<Delimiter> {
        let start = self.body.start;
        let mut from = start;
        loop {
            let at = from + self.finder.find(&self.bytes[from..self.body.end])?;
            let mut rest = &self.bytes[at + self.finder.needle().len()..self.body.end];
            let closes = rest.starts_with(b"--");
            if closes {
                rest = &rest[2..];
            }
            let line = memchr(b'\n', rest).map_or(rest, |end| &rest[..=end]);
            let begins = at == start || self.bytes[at - 1] == b'\n';
            if begins && line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
                let after = self.body.end - rest.len() + line.len();
                // The next search begins on the line end that may belong to the next delimiter.
                self.body.start = after;
                return Some(Delimiter { before: before_line_end(self.bytes, at), after, closes });
            }
            from = at + self.finder.needle().len();
        }
    }
}

struct Delimiter {
    before: usize,
    after: usize,
    closes: bool,
}

impl Iterator for Delimited<'_> {
    type Item = Range<usize>;
    fn next(&mut self) -> Option<Range<usize>> {
        let open = self.open.take()?;
        let Some(next) = self.delimiter() else {
            // No closing delimiter: the last part goes to the end.
            return Some(open..self.body.end);
        };
        self.open = (!next.closes).then_some(next.after);
        Some(open..next.before.max(open))
    }
}

/// The end of the text before the line that begins `at`.
fn before_line_end(bytes: &[u8], at: usize) -> usize {
    match &bytes[..at] {
        [.., b'\r', b'\n'] => at - 2,
        [.., b'\n'] => at - 1,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    /// Shows each body, parts set in.
    #[track_caller]
    fn check(message: &str, expected: Expect) {
        fn show(out: &mut String, entity: super::super::Entity<'_>, depth: usize) {
            let text = String::from_utf8_lossy(entity.body()).into_owned();
            let shown = if entity.is_multipart() || entity.is_message() { "…".into() } else { format!("{text:?}") };
            let kind = entity.content_type();
            let kind = String::from_utf8_lossy(&kind.value).into_owned();
            out.push_str(&["  ".repeat(depth).as_str(), &kind, " ", &shown, "\n"].concat());
            entity.parts().chain(entity.inner()).for_each(|part| show(out, part, depth + 1));
        }
        let message = message.replace('\n', "\r\n");
        let mut out = String::new();
        show(&mut out, Tree::read(message.as_bytes()).unwrap().root(), 0);
        expected.assert_eq(&out);
    }

    #[test]
    fn the_line_end_before_a_delimiter_is_not_content() {
        check(
            "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n\n--b \t\n\ntwo\n--b--\nepilogue\n--b\n\nthree\n",
            expect![[r#"
                multipart/mixed …
                  text/plain "one\r\n"
                  text/plain "two"
            "#]],
        );
    }

    #[test]
    fn delimiters_stand_at_the_start_of_a_line_and_alone_on_it() {
        check(
            "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\n\none --b\n--bb\n--b x\n--b\n\n--b\n--b--",
            expect![[r#"
                multipart/mixed …
                  text/plain "one --b\r\n--bb\r\n--b x"
                  text/plain ""
                  text/plain ""
            "#]],
        );
    }

    #[test]
    fn an_outer_delimiter_ends_what_is_left_open_inside() {
        check(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\n\none\n--a\n\ntwo",
            expect![[r#"
                multipart/mixed …
                  multipart/mixed …
                    text/plain "one"
                  text/plain "two"
            "#]],
        );
    }

    #[test]
    fn a_digest_holds_messages_unless_it_says_otherwise() {
        check(
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nhello\n--b\nContent-Type: text/csv\n\n1\n--b--\n",
            expect![[r#"
                multipart/digest …
                  message/rfc822 …
                    text/plain "hello"
                  text/csv "1"
            "#]],
        );
    }

    #[test]
    fn lines_may_end_with_lf_alone() {
        let message = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n";
        let tree = Tree::read(message).unwrap();
        assert_eq!(tree.root().parts().map(super::super::Entity::body).collect::<Vec<_>>(), [b"one"]);
    }

    fn nested(levels: usize) -> Vec<u8> {
        b"Content-Type: message/rfc822\r\n\r\n".repeat(levels)
    }

    fn many(parts: usize) -> Vec<u8> {
        [b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".as_slice(), &b"--b\r\n\r\n".repeat(parts)].concat()
    }

    #[test]
    fn each_limit_holds_on_both_its_sides() {
        let read = |message: &[u8]| Tree::read(message).map(|tree| tree.entities().count());
        assert_eq!(read(&nested(DEPTH)), Ok(DEPTH + 1));
        assert_eq!(read(&nested(DEPTH + 1)).unwrap_err(), OverLimit::Depth);
        assert_eq!(read(&many(PARTS - 1)), Ok(PARTS));
        assert_eq!(read(&many(PARTS)).unwrap_err(), OverLimit::Parts);
        let header = |bytes: usize| [b"A: ".as_slice(), &vec![b'x'; bytes - 7], b"\r\n\r\n"].concat();
        assert_eq!(read(&header(HEADER_BYTES)), Ok(1));
        assert_eq!(read(&header(HEADER_BYTES + 1)).unwrap_err(), OverLimit::Header);
        let long = [b"a: b\r\n".as_slice(), &header(HEADER_BYTES)].concat();
        for (message, seen) in
            [(header(HEADER_BYTES), HEADER_BYTES), (long, 6), (vec![b'x'; HEADER_BYTES + 1], HEADER_BYTES)]
        {
            assert_eq!(Tree::view(&message).root().header().octets().len(), seen);
        }
        assert_eq!(Tree::view(&many(PARTS + 5)).entities().count(), PARTS);
    }

    proptest! {
        #[test]
        fn parts_lie_inside_their_parents_in_order(
            scraps in prop::collection::vec(prop_oneof![
                Just("Content-Type: multipart/mixed; boundary=b\r\n"), Just("Content-Type: multipart/digest; boundary=bb\n"),
                Just("Content-Type: message/rfc822\r\n"), Just("--b\r\n"), Just("--b--\r\n"), Just("--bb\n"),
                Just("\r\n"), Just("\n"), Just("--b"), Just("x: y\r\n z\r\n"), Just("text"), Just("="),
            ], 0..60)
        ) {
            let message = scraps.concat();
            let tree = Tree::view(message.as_bytes());
            prop_assert_eq!(tree.root().range(), 0..message.len());
            for entity in tree.entities() {
                let mut at = entity.body_range().start;
                for part in entity.parts().chain(entity.inner()) {
                    prop_assert!(at <= part.range().start && part.range().end <= entity.body_range().end);
                    at = part.range().end;
                }
                let fields: usize = entity.header().fields().map(|field| field.octets().len()).sum();
                prop_assert!(fields + entity.header().blank_line().len() <= entity.header_range().len());
                let _ = (entity.file_name(), entity.text(), entity.disposition());
            }
        }
    }
}
