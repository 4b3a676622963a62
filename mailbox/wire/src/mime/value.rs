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

    pub(super) fn is_media_type(&self) -> bool {
        !self.kind().is_empty() && !self.subtype().is_empty()
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
