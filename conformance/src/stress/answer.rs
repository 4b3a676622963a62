//! A server's response, read strictly: whatever RFC 3501 §9 and RFC 9051 §9 do not allow there is a fault. Nothing of the
//! gateway's is used for it.

use std::iter::Peekable;
use std::str::Chars;

use crate::imap::Said;

/// One value in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Nil,
    /// An atom, a number, a flag, or the name of a FETCH item.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    List(Vec<Node>),
}

/// `[COPYUID 1 2:3 4:5]`: its name in capitals, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) name: String,
    pub(super) rest: String,
}

/// A response, by what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The end of a command.
    Tagged {
        tag: String,
        word: String,
        code: Option<Code>,
    },
    /// `+`: the server wants more.
    More,
    /// `* OK`, `* NO`, `* BAD`, `* BYE`.
    Status {
        word: String,
        code: Option<Code>,
    },
    Exists(usize),
    Recent,
    Expunge(usize),
    Fetch(usize, Vec<(String, Node)>),
    Vanished {
        earlier: bool,
        uids: Vec<u32>,
    },
    /// Everything else: its name in capitals, and its values.
    Data(String, Vec<Node>),
}

/// Longest set that is written out.
const SET: u32 = 1_000_000;

impl Node {
    pub(super) fn atom(&self) -> &str {
        match self {
            Self::Atom(text) => text,
            _ => "",
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        self.atom().parse().ok()
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// An atom or a string, as a name of a folder may be either (RFC 3501 §9 astring).
    pub(super) fn name(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Text(octets) => String::from_utf8_lossy(octets).into_owned(),
            _ => String::new(),
        }
    }

    /// The numbers in it, however deep.
    pub(super) fn numbers(&self, into: &mut Vec<u32>) {
        match self {
            Self::List(nodes) => {
                for node in nodes {
                    node.numbers(into);
                }
            }
            node => into.extend(node.number().and_then(|number| u32::try_from(number).ok())),
        }
    }
}

/// The members of a set of numbers, in its order (RFC 3501 §9 sequence-set, without `*`).
pub(super) fn members(set: &str) -> Result<Vec<u32>, String> {
    let wrong = || format!("{set:?} is no set of numbers");
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    let mut all = Vec::new();
    for part in set.split(',') {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to) = (number(from)?, number(to)?);
        if from.abs_diff(to) > SET {
            return Err(format!("{set:?} names more than a million"));
        }
        // RFC 4315 §3: a range in either order names the same, rising.
        all.extend(from.min(to)..=from.max(to));
    }
    Ok(all)
}

/// Reads a response.
pub(super) fn answer(said: &Said) -> Result<Answer, String> {
    if let Some(wrong) = said.text.chars().find(|next| matches!(next, '\r' | '\n' | '\0' | '\u{fffd}')) {
        return Err(format!("{wrong:?} stands in a line"));
    }
    let Some((first, rest)) = said.text.split_once(' ') else {
        // RFC 3501 §9 continue-req: the space is due, and some leave it out.
        return if said.text == "+" { Ok(Answer::More) } else { Err("a line of one word".into()) };
    };
    match first {
        "+" => Ok(Answer::More),
        "*" => untagged(rest, said),
        tag => {
            let (word, code) = state(rest)?;
            match word.as_str() {
                "OK" | "NO" | "BAD" => Ok(Answer::Tagged { tag: tag.to_owned(), word, code }),
                _ => Err("no OK, NO or BAD behind the tag".into()),
            }
        }
    }
}

fn untagged(rest: &str, said: &Said) -> Result<Answer, String> {
    let word = rest.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    if matches!(word.as_str(), "OK" | "NO" | "BAD" | "BYE" | "PREAUTH") {
        return state(rest).map(|(word, code)| Answer::Status { word, code });
    }
    if rest == "THREAD " {
        // RFC 5256 §5 has no space there; Dovecot has, and nobody is misled.
        return Ok(Answer::Data(word, Vec::new()));
    }
    let mut nodes = Reader::new(rest, &said.literals).all()?.into_iter();
    let Some(first) = nodes.next() else { return Err("nothing behind the asterisk".into()) };
    if let Some(number) = first.number() {
        let number = usize::try_from(number).map_err(|_| "a number past all numbers")?;
        let kind = nodes.next().ok_or("a number of nothing")?;
        let more: Vec<Node> = nodes.collect();
        return match (kind.atom().to_ascii_uppercase().as_str(), more.as_slice()) {
            ("EXISTS", []) => Ok(Answer::Exists(number)),
            ("RECENT", []) => Ok(Answer::Recent),
            ("EXPUNGE", []) => Ok(Answer::Expunge(number)),
            ("FETCH", [Node::List(items)]) => Ok(Answer::Fetch(number, pairs(items)?)),
            (kind, _) => Err(format!("{kind} with a number")),
        };
    }
    let data: Vec<Node> = nodes.collect();
    if word != "VANISHED" {
        return Ok(Answer::Data(word, data));
    }
    match data.as_slice() {
        [uids] => Ok(Answer::Vanished { earlier: false, uids: members(uids.atom())? }),
        [Node::List(mark), uids] if mark.len() == 1 && mark[0].atom() == "EARLIER" => {
            Ok(Answer::Vanished { earlier: true, uids: members(uids.atom())? })
        }
        _ => Err("VANISHED without a set".into()),
    }
}

/// Names and values that follow each other.
pub(super) fn pairs(items: &[Node]) -> Result<Vec<(String, Node)>, String> {
    let mut all: Vec<(String, Node)> = Vec::new();
    for pair in items.chunks(2) {
        let [name, value] = pair else { return Err("a name without a value".into()) };
        let name = name.atom().to_ascii_uppercase().replace('"', "");
        if name.is_empty() || all.iter().any(|(other, _)| *other == name) {
            return Err(format!("the item {name:?} twice, or without a name"));
        }
        all.push((name, value.clone()));
    }
    Ok(all)
}

/// `OK [code] text` (RFC 3501 §9 resp-cond-state): the text is no option.
fn state(rest: &str) -> Result<(String, Option<Code>), String> {
    let (word, text) = rest.split_once(' ').ok_or("a state without a text")?;
    let word = word.to_ascii_uppercase();
    let Some(inside) = text.strip_prefix('[') else {
        return if text.is_empty() { Err("a state without a text".into()) } else { Ok((word, None)) };
    };
    let (code, text) = inside.split_once(']').ok_or("a code that does not end")?;
    if text.strip_prefix(' ').is_none_or(str::is_empty) {
        return Err("a code without a text".into());
    }
    let (name, rest) = code.split_once(' ').unwrap_or((code, ""));
    Ok((word, Some(Code { name: name.to_ascii_uppercase(), rest: rest.to_owned() })))
}

struct Reader<'a> {
    text: Peekable<Chars<'a>>,
    literals: std::slice::Iter<'a, Vec<u8>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, literals: &'a [Vec<u8>]) -> Self {
        Self { text: text.chars().peekable(), literals: literals.iter() }
    }

    fn all(mut self) -> Result<Vec<Node>, String> {
        let nodes = self.nodes()?;
        match self.text.next() {
            None => Ok(nodes),
            Some(more) => Err(format!("{more:?} where the response should end")),
        }
    }

    /// Up to a `)` or the end; one space between two, and none between two lists that follow each other.
    fn nodes(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            match self.text.peek() {
                None | Some(')') => return Ok(nodes),
                Some('(') => {
                    self.text.next();
                    nodes.push(Node::List(self.nodes()?));
                    if self.text.next() != Some(')') {
                        return Err("a list that does not end".into());
                    }
                }
                Some('"') => nodes.push(self.quoted()?),
                Some(_) => nodes.push(self.bare()?),
            }
            match self.text.peek() {
                Some(' ') => {
                    self.text.next();
                    if matches!(self.text.peek(), None | Some(' ' | ')')) {
                        return Err("a space too many".into());
                    }
                }
                Some('(') if matches!(nodes.last(), Some(Node::List(_))) => {}
                None | Some(')') => {}
                Some(next) => return Err(format!("no space before {next:?}")),
            }
        }
    }

    /// RFC 3501 §9 quoted.
    fn quoted(&mut self) -> Result<Node, String> {
        let mut text = String::new();
        self.text.next();
        loop {
            match self.text.next().ok_or("a string that does not end")? {
                '"' => return Ok(Node::Text(text.into_bytes())),
                '\\' => match self.text.next() {
                    Some(next @ ('"' | '\\')) => text.push(next),
                    _ => return Err("a backslash before something else than a quote in a string".into()),
                },
                next => text.push(next),
            }
        }
    }

    /// An atom, a flag, NIL, the length of a literal, or the name of an item with what stands in its brackets.
    fn bare(&mut self) -> Result<Node, String> {
        let (mut text, mut depth) = (String::new(), 0_usize);
        while let Some(&next) = self.text.peek() {
            match next {
                '[' => depth += 1,
                ']' => depth = depth.checked_sub(1).ok_or("a bracket too many")?,
                ' ' | '(' | ')' if depth == 0 => break,
                '"' if depth == 0 => return Err("a quote in an atom".into()),
                next if next.is_control() || !next.is_ascii() => return Err(format!("{next:?} in an atom")),
                _ => {}
            }
            text.push(next);
            self.text.next();
        }
        if let Some(length) = text.strip_prefix('~').unwrap_or(&text).strip_prefix('{') {
            let octets = self.literals.next().ok_or("a literal that is not there")?;
            return if length.strip_suffix('}').and_then(|length| length.parse().ok()) == Some(octets.len()) {
                Ok(Node::Text(octets.clone()))
            } else {
                Err("a literal of another length".into())
            };
        }
        match text.as_str() {
            "" => Err("nothing where a value should be".into()),
            nil if nil.eq_ignore_ascii_case("NIL") => Ok(Node::Nil),
            _ => Ok(Node::Atom(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Code, Node, answer};
    use crate::imap::Said;

    fn read(text: &str) -> Result<Answer, String> {
        answer(&Said { text: text.to_owned(), literals: vec![b"ab".to_vec()] })
    }

    #[test]
    fn what_the_grammar_has_is_read() {
        let item = |name: &str, value| (name.to_owned(), value);
        let text = |text: &str| Node::Text(text.as_bytes().to_vec());
        for (said, expected) in [
            ("* 3 EXISTS", Answer::Exists(3)),
            ("* VANISHED (EARLIER) 2:3,7", Answer::Vanished { earlier: true, uids: vec![2, 3, 7] }),
            (
                "a1 OK [COPYUID 1 2 3] Done.",
                Answer::Tagged {
                    tag: "a1".into(),
                    word: "OK".into(),
                    code: Some(Code { name: "COPYUID".into(), rest: "1 2 3".into() }),
                },
            ),
            (
                "* 1 FETCH (BODY[HEADER.FIELDS (\"to\")]<0> {2} FLAGS (\\Seen))",
                Answer::Fetch(
                    1,
                    vec![
                        item("BODY[HEADER.FIELDS (TO)]<0>", text("ab")),
                        item("FLAGS", Node::List(vec![Node::Atom("\\Seen".into())])),
                    ],
                ),
            ),
            (
                "* THREAD (1)(2 (3)(4))",
                Answer::Data(
                    "THREAD".into(),
                    vec![
                        Node::List(vec![Node::Atom("1".into())]),
                        Node::List(vec![
                            Node::Atom("2".into()),
                            Node::List(vec![Node::Atom("3".into())]),
                            Node::List(vec![Node::Atom("4".into())]),
                        ]),
                    ],
                ),
            ),
            ("* SEARCH", Answer::Data("SEARCH".into(), vec![])),
        ] {
            assert_eq!(read(said), Ok(expected), "{said}");
        }
    }

    #[test]
    fn what_the_grammar_has_not_is_a_fault() {
        for said in [
            "* 1 FETCH (FLAGS (\\Seen)",
            "* 1 FETCH (FLAGS (\\Seen) )",
            "* 1 FETCH (UID 1  FLAGS ())",
            "* 1 FETCH (UID 1 UID 1)",
            "* 1 FETCH (UID)",
            "* 1 FETCH (BODY[] {3})",
            "* SEARCH 1 ",
            "* VANISHED 0",
            "* 1 SEARCH",
            "a1 OK",
            "a1 FINE all is well",
            "a1 OK [COPYUID 1 2 3]",
            "* LIST () \"\\x\" a",
            "* LIST () \"/\"a",
        ] {
            assert!(read(said).is_err(), "{said}: {:?}", read(said));
        }
    }
}
