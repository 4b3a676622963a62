//! IMAP responses as values, so that two servers' ways of writing the same thing are the same thing: `Archive` and
//! `"Archive"`, a literal and a quoted string, flags and items in any order.

use crate::imap::literal;
use crate::transcript::fits;

/// One value of a response, or of the pattern for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// An atom, a string or a literal. In a pattern each `…` in it stands for anything.
    Text(String),
    /// What stands in parentheses.
    List(Vec<Value>),
    /// In a pattern: a `…` of its own, any further values.
    Rest,
}

impl Value {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(values) => values,
            _ => &[],
        }
    }

    /// Does it fit this pattern?
    pub(crate) fn fits(&self, pattern: &Self) -> bool {
        match (pattern, self) {
            (Self::Rest, _) => true,
            (Self::Text(pattern), Self::Text(text)) => fits(pattern, text) || pattern.eq_ignore_ascii_case(text),
            (Self::List(pattern), Self::List(values)) => all_fit(pattern, values),
            _ => false,
        }
    }
}

/// Do the values fit, one by one, up to a `…`?
pub(crate) fn all_fit(pattern: &[Value], values: &[Value]) -> bool {
    match pattern.split_first() {
        None => values.is_empty(),
        Some((Value::Rest, [])) => true,
        Some((Value::Rest, rest)) => (0..=values.len()).any(|skip| all_fit(rest, &values[skip..])),
        Some((first, rest)) => {
            values.split_first().is_some_and(|(value, more)| value.fits(first) && all_fit(rest, more))
        }
    }
}

/// The values of a response: its text as [`Said`](crate::Said) has it, with its literals.
pub(crate) fn values(text: &str, literals: &[Vec<u8>]) -> Vec<Value> {
    let mut reader = Reader { text: text.chars().collect(), at: 0, literals: literals.iter() };
    let mut all = Vec::new();
    while reader.at < reader.text.len() {
        all.extend(reader.list());
        // A parenthesis nobody opened is left by a pattern that names the end of a response only.
        reader.at += 1;
    }
    all
}

struct Reader<'a> {
    text: Vec<char>,
    at: usize,
    literals: std::slice::Iter<'a, Vec<u8>>,
}

impl Reader<'_> {
    /// Up to a `)` or the end.
    fn list(&mut self) -> Vec<Value> {
        let mut values = Vec::new();
        while let Some(&next) = self.text.get(self.at) {
            match next {
                ')' => break,
                ' ' => self.at += 1,
                '(' => {
                    self.at += 1;
                    values.push(Value::List(self.list()));
                    self.at += 1;
                }
                '"' => values.push(Value::Text(self.string())),
                _ => values.push(self.atom()),
            }
        }
        values
    }

    /// RFC 3501 §4.3: a quoted string.
    fn string(&mut self) -> String {
        let mut text = String::new();
        self.at += 1;
        while let Some(&next) = self.text.get(self.at) {
            self.at += 1;
            match next {
                '"' => break,
                '\\' => {
                    text.extend(self.text.get(self.at));
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        text
    }

    /// An atom, in which brackets hold together what stands between them: `BODY[HEADER.FIELDS (TO)]`, `[UIDNEXT 3]`.
    fn atom(&mut self) -> Value {
        let (from, mut depth) = (self.at, 0_usize);
        while let Some(&next) = self.text.get(self.at) {
            match next {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                ' ' | '(' | ')' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        let text: String = self.text[from..self.at].iter().collect();
        match literal(&text) {
            _ if text == "…" => Value::Rest,
            Some(_) => {
                let octets = self.literals.next().map(Vec::as_slice).unwrap_or_default();
                Value::Text(String::from_utf8_lossy(octets).into_owned())
            }
            None => Value::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{all_fit, values};

    #[track_caller]
    fn check(pattern: &str, said: &str, expected: bool) {
        let said = values(said, &[b"a b".to_vec()]);
        assert_eq!(all_fit(&values(pattern, &[]), &said), expected, "{pattern} and {said:?}");
    }

    #[test]
    fn the_same_in_other_words_fits() {
        check("* STATUS Archive (MESSAGES 2)", "* STATUS \"Archive\" (MESSAGES 2)", true);
        check("* STATUS Archive (MESSAGES 2)", "* STATUS Archive (MESSAGES 3)", false);
        check("* 1 FETCH (BODY[HEADER.FIELDS (TO)] \"a b\")", "* 1 FETCH (BODY[HEADER.FIELDS (TO)] {3})", true);
        check("a …", "a", true);
        check("a (b …) c", "a (b (d) e) c", true);
        check("a (b …", "a (b (d) e)", true);
        check("a … c", "a b", false);
        check("* SORT 1 2", "* SORT 1 2 3", false);
        check("* X (\"\\\"\")", "* X (\"\\\"\")", true);
    }
}
