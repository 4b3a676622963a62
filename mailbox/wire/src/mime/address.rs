//! Address lists (RFC 5322 §3.4), read for ENVELOPE: quoting and comments go, encoded words stay.

use super::unstructured;

/// One element of an address list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A mailbox.
    Mailbox {
        /// The phrase before it, or the comment after it (RFC 822 style).
        name: Option<Vec<u8>>,
        /// A source route (RFC 5322 §4.4), `@a,@b`.
        route: Option<Vec<u8>>,
        /// Before the `@`.
        local: Vec<u8>,
        /// After it; empty if there is none.
        host: Vec<u8>,
    },
    /// `name:` begins a group.
    Group(Vec<u8>),
    /// `;` ends it.
    GroupEnd,
}

/// Reads at most `limit` elements of an address list.
pub fn addresses(value: &[u8], limit: usize) -> Vec<Address> {
    let mut list = List { rest: value, found: Vec::new(), in_group: false };
    while !list.rest.is_empty() && list.found.len() < limit {
        list.element();
    }
    if list.in_group {
        list.found.push(Address::GroupEnd);
    }
    list.found
}

struct List<'a> {
    rest: &'a [u8],
    found: Vec<Address>,
    in_group: bool,
}

/// The words read so far of one element.
#[derive(Default)]
struct Words {
    text: Vec<u8>,
    /// Where the first `@` outside quotation marks stands in `text`.
    at: Option<usize>,
    comment: Option<Vec<u8>>,
    /// White space came after the last word.
    gap: bool,
}

impl List<'_> {
    /// Reads up to and including the next `,` or `;`, or the `:` of a group.
    fn element(&mut self) {
        let mut words = Words::default();
        let mut angle = None;
        while let Some((&byte, rest)) = self.rest.split_first() {
            match byte {
                b',' | b';' => break,
                b':' if !self.in_group && angle.is_none() && words.at.is_none() => {
                    self.rest = rest;
                    self.in_group = true;
                    return self.found.push(Address::Group(words.text));
                }
                b'<' if angle.is_none() => {
                    self.rest = rest;
                    angle = Some(self.angle());
                }
                _ => self.word(&mut words),
            }
        }
        match angle {
            Some((route, local, host)) => {
                let name = Some(words.text).filter(|name| !name.is_empty()).or(words.comment);
                self.found.push(Address::Mailbox { name, route, local, host });
            }
            None if words.text.is_empty() => {}
            None => {
                let (local, host) = split(words.text, words.at);
                self.found.push(Address::Mailbox { name: words.comment, route: None, local, host });
            }
        }
        if self.rest.first() == Some(&b';') && self.in_group {
            self.in_group = false;
            self.found.push(Address::GroupEnd);
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// angle-addr = "<" [obs-route] addr-spec ">"
    fn angle(&mut self) -> (Option<Vec<u8>>, Vec<u8>, Vec<u8>) {
        let mut words = Words::default();
        let mut route = None;
        while let Some((&byte, rest)) = self.rest.split_first() {
            match byte {
                b'>' => {
                    self.rest = rest;
                    break;
                }
                b':' if words.text.starts_with(b"@") => {
                    self.rest = rest;
                    route = Some(std::mem::take(&mut words).text);
                }
                b',' if words.text.starts_with(b"@") => {
                    self.rest = rest;
                    words.text.push(b',');
                }
                _ => {
                    words.gap = false;
                    self.word(&mut words);
                }
            }
        }
        let (local, host) = split(words.text, words.at);
        (route, local, host)
    }

    /// Takes one token into `words`.
    fn word(&mut self, words: &mut Words) {
        let Some((&byte, rest)) = self.rest.split_first() else { return };
        self.rest = rest;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => words.gap = !words.text.is_empty(),
            b'(' => words.comment = Some(self.comment()),
            b'"' => {
                words.space();
                self.quoted(&mut words.text);
            }
            b'@' | b'.' => {
                if byte == b'@' {
                    words.at.get_or_insert(words.text.len());
                }
                words.gap = false;
                words.text.push(byte);
            }
            _ => {
                let after_at = words.at.is_some_and(|at| at + 1 == words.text.len());
                if !after_at {
                    words.space();
                }
                words.gap = false;
                words.text.push(byte);
            }
        }
    }

    fn quoted(&mut self, text: &mut Vec<u8>) {
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match (byte, rest.split_first()) {
                (b'"', _) => return,
                (b'\\', Some((&escaped, rest))) => {
                    text.push(escaped);
                    self.rest = rest;
                }
                (b'\r' | b'\n', _) => {}
                _ => text.push(byte),
            }
        }
    }

    /// RFC 5322 §3.2.2: comments nest.
    fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 1_usize;
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match (byte, rest.split_first()) {
                (b'(', _) => depth += 1,
                (b')', _) if depth == 1 => break,
                (b')', _) => depth -= 1,
                (b'\\', Some((&escaped, rest))) => {
                    text.push(escaped);
                    self.rest = rest;
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        text.trim_ascii().to_vec()
    }
}

impl Words {
    /// Words of a phrase stand one space apart.
    fn space(&mut self) {
        if self.gap && !self.text.ends_with(b".") {
            self.text.push(b' ');
        }
        self.gap = false;
    }
}

fn split(mut text: Vec<u8>, at: Option<usize>) -> (Vec<u8>, Vec<u8>) {
    let Some(at) = at else { return (text, Vec::new()) };
    let host = text.split_off(at);
    (text, host[1..].to_vec())
}

/// An address list as people read it: one space after each comma, names decoded, in quotation marks where they need them.
pub(crate) fn written(addresses: &[Address]) -> String {
    let mut text = String::new();
    for address in addresses {
        let words = match address {
            Address::Mailbox { name, local, host, .. } => {
                let at = if host.is_empty() { "" } else { "@" };
                let address = format!("{}{at}{}", String::from_utf8_lossy(local), String::from_utf8_lossy(host));
                match name {
                    Some(name) => format!("{} <{address}>", phrase(&unstructured(name))),
                    None => address,
                }
            }
            Address::Group(name) => format!("{}:", phrase(&unstructured(name))),
            Address::GroupEnd => ";".into(),
        };
        match text.chars().last() {
            None => {}
            _ if *address == Address::GroupEnd => {}
            Some(':') => text.push(' '),
            Some(_) => text.push_str(", "),
        }
        text.push_str(&words);
    }
    text
}

/// RFC 5322 §3.2.3, §3.2.4
fn phrase(name: &str) -> String {
    if !name.contains(['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"']) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_people_read_it() {
        for (value, text) in [
            ("a@x.example", "a@x.example"),
            ("c@x.example (The desk),B<b@x.example>", "The desk <c@x.example>, B <b@x.example>"),
            ("(comment) a@x.example, nobody", "comment <a@x.example>, nobody"),
            ("\"Sakura, \\\"S\\\"\" <a@x.example>", "\"Sakura, \\\"S\\\"\" <a@x.example>"),
            ("=?UTF-8?B?44GC?= <a@x.example>", "あ <a@x.example>"),
            ("Team: a@x.example, b@x.example;, c@x.example", "Team: a@x.example, b@x.example;, c@x.example"),
            ("undisclosed-recipients:;", "undisclosed-recipients:;"),
            ("", ""),
        ] {
            assert_eq!(written(&addresses(value.as_bytes(), 100)), text, "{value}");
        }
    }
}
