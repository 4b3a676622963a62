//! Field values with parameters: `Content-Type`, `Content-Disposition` and the like (RFC 2045 §5.1).

/// A value and its parameters, as written: quoting and comments are gone, nothing is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `text/plain`, `attachment`.
    pub value: Vec<u8>,
    /// Name and value of each parameter, in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Parameters {
    /// The first parameter of a name; case does not matter.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let named = |(known, _): &&(Vec<u8>, Vec<u8>)| known.eq_ignore_ascii_case(name.as_bytes());
        self.parameters.iter().find(named).map(|(_, value)| value.as_slice())
    }

    /// The part before the slash: `text`.
    pub fn kind(&self) -> &[u8] {
        self.value.split(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The part after the slash: `plain`.
    pub fn subtype(&self) -> &[u8] {
        self.value.splitn(2, |byte| *byte == b'/').nth(1).unwrap_or_default()
    }

    /// Is it this type? Case does not matter.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind().eq_ignore_ascii_case(kind.as_bytes()) && self.subtype().eq_ignore_ascii_case(subtype.as_bytes())
    }

    /// Its parameters, those written in pieces put together: `name*0` and `name*1` are `name`, or `name*` where one of them is
    /// encoded (RFC 2231 §3, §6). Those of RFC 2231 stand behind the others, by name.
    pub fn joined(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut joined = Vec::with_capacity(self.parameters.len());
        let mut pieces = Vec::new();
        for (name, value) in &self.parameters {
            match Piece::of(name, value) {
                Some(piece) => pieces.push(piece),
                None => joined.push((name.clone(), value.clone())),
            }
        }
        pieces.sort_by_cached_key(|piece| (piece.name.to_ascii_lowercase(), piece.number));
        for group in pieces.chunk_by(|one, other| one.name.eq_ignore_ascii_case(other.name)) {
            let whole = group.iter().zip(0..).all(|(piece, number)| piece.number == number);
            match group {
                [first, ..] if whole => joined.push(first.with(group)),
                // A piece is missing, or stands there twice: they are shown as they are.
                _ => joined.extend(group.iter().map(|piece| (piece.written.to_vec(), piece.value.to_vec()))),
            }
        }
        joined
    }

    pub(super) fn is_media_type(&self) -> bool {
        !self.kind().is_empty() && !self.subtype().is_empty()
    }
}

/// A parameter of RFC 2231: encoded, or one piece of several.
struct Piece<'p> {
    written: &'p [u8],
    name: &'p [u8],
    number: u32,
    encoded: bool,
    value: &'p [u8],
}

impl<'p> Piece<'p> {
    /// ```text
    /// attribute "*" [number] ["*"]
    /// ```
    fn of(written: &'p [u8], value: &'p [u8]) -> Option<Self> {
        let star = memchr::memchr(b'*', written)?;
        let (name, section) = (&written[..star], &written[star + 1..]);
        let (digits, encoded) = match section.strip_suffix(b"*") {
            Some(digits) => (digits, true),
            None => (section, section.is_empty()),
        };
        let number = match digits {
            [] => 0,
            digits => std::str::from_utf8(digits).ok().filter(|_| digits[0].is_ascii_digit())?.parse().ok()?,
        };
        Some(Self { written, name, number, encoded, value })
    }

    /// This piece and those behind it as one parameter.
    fn with(&self, pieces: &[Self]) -> (Vec<u8>, Vec<u8>) {
        let encoded = pieces.iter().any(|piece| piece.encoded);
        let mut value = Vec::new();
        if encoded && !self.encoded {
            // No charset is named.
            value.extend_from_slice(b"''");
        }
        for piece in pieces {
            // Beside encoded pieces a percent sign that encodes nothing must not look like one that does.
            let plain = encoded && !piece.encoded;
            for &byte in piece.value {
                match byte {
                    b'%' if plain => value.extend_from_slice(b"%25"),
                    byte => value.push(byte),
                }
            }
        }
        let star: &[u8] = if encoded { b"*" } else { b"" };
        ([self.name, star].concat(), value)
    }
}

/// Reads such a value. What does not follow the grammar is passed over up to the next `;`.
///
/// ```text
/// content   := type "/" subtype *(";" parameter)
/// parameter := attribute "=" (token / quoted-string)
/// ```
pub fn parameters(value: &[u8]) -> Parameters {
    let mut reader = Reader { rest: value };
    let mut read = Parameters { value: reader.word(b";"), parameters: Vec::new() };
    while reader.take(b';') {
        let name = reader.word(b"=;");
        if reader.take(b'=') {
            let value = reader.word(b";");
            if !name.is_empty() {
                read.parameters.push((name, value));
            }
        }
    }
    read
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let taken = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(taken)..];
        taken
    }

    /// Everything up to one of `stops`, without white space, comments and quotation marks; a quoted string keeps its
    /// white space. After one word, further words are passed over: `7bit (see below) x` is `7bit`.
    fn word(&mut self, stops: &[u8]) -> Vec<u8> {
        let mut word = Vec::new();
        self.skip_space();
        while let Some((&byte, rest)) = self.rest.split_first() {
            if stops.contains(&byte) {
                return word;
            }
            match byte {
                b'"' => self.quoted(&mut word),
                b' ' | b'\t' | b'\r' | b'\n' | b'(' => {
                    let slash = word.last() == Some(&b'/');
                    self.skip_space();
                    if !slash && self.rest.first() != Some(&b'/') {
                        break;
                    }
                }
                _ => {
                    word.push(byte);
                    self.rest = rest;
                }
            }
        }
        let mut beyond = Vec::new();
        while let Some((&byte, rest)) = self.rest.split_first() {
            match byte {
                _ if stops.contains(&byte) => break,
                b'"' => self.quoted(&mut beyond),
                b'(' => self.skip_space(),
                _ => self.rest = rest,
            }
        }
        word
    }

    fn quoted(&mut self, word: &mut Vec<u8>) {
        self.rest = &self.rest[1..];
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'"' => return,
                b'\\' if !rest.is_empty() => {
                    word.push(rest[0]);
                    self.rest = &rest[1..];
                }
                b'\r' | b'\n' => {}
                _ => word.push(byte),
            }
        }
    }

    /// RFC 822 §3.4.3: comments nest.
    fn skip_space(&mut self) {
        let mut depth = 0_usize;
        while let Some((&byte, rest)) = self.rest.split_first() {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b'\\' if depth > 0 && !rest.is_empty() => self.rest = rest,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if depth > 0 => {}
                _ => return,
            }
            self.rest = &self.rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_is_one_parameter() {
        let joined = |value: &str| {
            let pairs = parameters(format!("a/b; {value}").as_bytes()).joined();
            let text = |(name, value): (Vec<u8>, Vec<u8>)| {
                [name, value].map(|part| String::from_utf8(part).unwrap()).join("=")
            };
            pairs.into_iter().map(text).collect::<Vec<_>>().join("; ")
        };
        for (written, read) in [
            ("x=1; y=2", "x=1; y=2"),
            ("name*=utf-8''%E8; x=1", "x=1; name*=utf-8''%E8"),
            ("name*0=a; name*1=b; x=1", "x=1; name=ab"),
            ("Name*1=b; NAME*0=a", "NAME=ab"),
            ("n*0*=utf-8''%E8; n*1=\"50% b\"; n*2*=%41", "n*=utf-8''%E850%25 b%41"),
            ("n*0=a; n*1*=%41", "n*=''a%41"),
            ("b*0=1; a*0=2; b*1=3", "a=2; b=13"),
            ("n*0=a; n*2=c", "n*0=a; n*2=c"),
            ("n*1=b", "n*1=b"),
            ("n*0=a; n*0=b", "n*0=a; n*0=b"),
            ("n*x=a; n*+1=b; n**=c", "n*x=a; n*+1=b; n*=c"),
        ] {
            assert_eq!(joined(written), read, "{written}");
        }
    }
}
