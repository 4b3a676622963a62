//! The tokens of RFC 3501 §9, read from one whole command.

use fumibako_model::FolderName;

use super::utf7;

/// A place in a command.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How names of folders are spelt.
    decode: Decode,
}

/// A folder's name off the wire; `None` if it is spelt wrongly.
pub(super) type Decode = fn(&[u8]) -> Option<String>;

/// The command does not follow the grammar here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub(super) expected: &'static str,
    pub(super) at: usize,
}

pub(super) type Parsed<T> = Result<T, Bad>;

/// A mailbox name; `None` if no folder can have it.
pub(super) type Mailbox = Option<FolderName>;

/// ```text
/// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
/// ```
pub(super) fn is_atom_char(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// ```text
/// ASTRING-CHAR = ATOM-CHAR / resp-specials
/// ```
pub(super) fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']'
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, decode: utf7::decode }
    }

    /// RFC 6855 §3, RFC 9051 §5.1: names are UTF-8 as they stand, once the client said so.
    pub(super) fn spelt(self, in_utf8: bool) -> Self {
        Self { decode: if in_utf8 { |name| String::from_utf8(name.to_vec()).ok() } else { utf7::decode }, ..self }
    }

    pub(super) fn decode(&self) -> Decode {
        self.decode
    }

    pub(super) fn bad<T>(&self, expected: &'static str) -> Parsed<T> {
        Err(Bad { expected, at: self.at })
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Takes `byte` if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    pub(super) fn need(&mut self, byte: u8, expected: &'static str) -> Parsed<()> {
        if self.take(byte) { Ok(()) } else { self.bad(expected) }
    }

    /// SP: exactly one space.
    pub(super) fn space(&mut self) -> Parsed<()> {
        self.need(b' ', "a space")
    }

    /// Takes `word` if it is next, in any case.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let next = self.rest().get(..word.len()).is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()));
        self.at += if next { word.len() } else { 0 };
        next
    }

    /// CRLF, and nothing after it.
    pub(super) fn end(&self) -> Parsed<()> {
        if self.rest() == b"\r\n" { Ok(()) } else { self.bad("the end of the line") }
    }

    pub(super) fn run(&mut self, of: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !of(*byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn ascii(&mut self, of: impl Fn(u8) -> bool, expected: &'static str) -> Parsed<&'a str> {
        match std::str::from_utf8(self.run(of)) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => self.bad(expected),
        }
    }

    /// ```text
    /// tag = 1*<any ASTRING-CHAR except "+">
    /// ```
    pub(super) fn tag(&mut self) -> Parsed<&'a str> {
        self.ascii(|byte| is_astring_char(byte) && byte != b'+', "a tag")
    }

    pub(super) fn atom(&mut self) -> Parsed<&'a str> {
        self.ascii(is_atom_char, "an atom")
    }

    /// Letters, digits, `.`, `-`: a keyword of the grammar, in upper case.
    pub(super) fn word(&mut self) -> Parsed<String> {
        let word = self.ascii(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'), "a word")?;
        Ok(word.to_ascii_uppercase())
    }

    /// ```text
    /// number = 1*DIGIT ; 32 bits in RFC 3501, 63 in RFC 9051
    /// ```
    pub(super) fn number(&mut self) -> Parsed<u64> {
        let digits = self.ascii(|byte| byte.is_ascii_digit(), "a number")?;
        digits.parse().ok().filter(|number| *number < 1 << 63).map_or_else(|| self.bad("a smaller number"), Ok)
    }

    /// nz-number, of 32 bits
    pub(super) fn nz_number(&mut self) -> Parsed<u32> {
        match u32::try_from(self.number()?) {
            Ok(number) if number > 0 => Ok(number),
            _ => self.bad("a number from 1 to 4294967295"),
        }
    }

    /// ```text
    /// string = quoted / literal
    /// ```
    pub(super) fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => self.bad("a string"),
        }
    }

    /// ```text
    /// quoted = DQUOTE *QUOTED-CHAR DQUOTE ; UTF-8 is let through, as RFC 9051 does, and so is the ESC of ISO-2022-JP
    /// ```
    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        self.need(b'"', "a quoted string")?;
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.run(|byte| !matches!(byte, 0 | b'\r' | b'\n' | b'"' | b'\\')));
            if self.take(b'"') {
                return if std::str::from_utf8(&text).is_ok() { Ok(text) } else { self.bad("UTF-8") };
            }
            self.need(b'\\', "the end of the quoted string")?;
            match self.peek() {
                Some(byte @ (b'"' | b'\\')) => text.push(byte),
                _ => return self.bad("\\ or \" after \\"),
            }
            self.at += 1;
        }
    }

    /// ```text
    /// literal = "{" number ["+"] "}" CRLF *CHAR8 ; the "+" is RFC 7888
    /// ```
    fn literal(&mut self) -> Parsed<Vec<u8>> {
        self.need(b'{', "a literal")?;
        let size = self.number()?;
        self.take(b'+');
        if !self.take_word("}\r\n") {
            return self.bad("} at the end of the line");
        }
        let content = usize::try_from(size).ok().and_then(|size| self.rest().get(..size));
        match content {
            Some(content) if !content.contains(&0) => {
                self.at += content.len();
                Ok(content.to_vec())
            }
            // RFC 3501 §9 (3): the NUL character must not be used.
            _ => self.bad("the octets of the literal, none of them NUL"),
        }
    }

    /// ```text
    /// astring = 1*ASTRING-CHAR / string
    /// ```
    pub(super) fn astring(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => Ok(self.ascii(is_astring_char, "a string")?.as_bytes().to_vec()),
        }
    }

    /// ```text
    /// nstring = string / nil
    /// ```
    pub(super) fn nstring(&mut self) -> Parsed<Option<Vec<u8>>> {
        if self.take_word("NIL") { Ok(None) } else { self.string().map(Some) }
    }

    /// ```text
    /// mailbox = "INBOX" / astring ; in modified UTF-7 (§5.1.3), or UTF-8
    /// ```
    pub(super) fn mailbox(&mut self) -> Parsed<Mailbox> {
        let name = self.astring()?;
        Ok((self.decode)(&name).and_then(|name| name.parse().ok()))
    }

    /// ```text
    /// list-mailbox = 1*list-char / string
    /// ```
    pub(super) fn list_mailbox(&mut self) -> Parsed<Vec<u8>> {
        let of = |byte| is_astring_char(byte) || matches!(byte, b'%' | b'*');
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => Ok(self.ascii(of, "a mailbox name or pattern")?.as_bytes().to_vec()),
        }
    }

    /// `(` item *(SP item) `)`, perhaps empty.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.need(b'(', "(")?;
        let mut items = Vec::new();
        if self.take(b')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(b')') {
                return Ok(items);
            }
            self.space()?;
        }
    }
}
