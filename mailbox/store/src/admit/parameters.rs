//! The parameters of a field as they were written (RFC 2045 §5.1, RFC 2231): where one stands twice, one reader takes the
//! first and another the last.

use fumibako_model::{Refusal, Refused};

/// A parameter: its name without what RFC 2231 adds, what that is, and its value if it stands there plainly.
#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    /// `*` (encoded), `*0` or `*0*` (a piece); empty for a plain one.
    mark: String,
    value: String,
}

/// The parameters in a field's value.
fn parameters(value: &str) -> Vec<Parameter> {
    let (mut pieces, mut piece, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in value.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => {
                escaped = true;
                continue;
            }
            '"' => {
                quoted = !quoted;
                continue;
            }
            ';' if !quoted => {
                pieces.push(std::mem::take(&mut piece));
                continue;
            }
            _ => {}
        }
        piece.push(letter);
    }
    pieces.push(piece);
    let read = |piece: &String| {
        let (name, value) = piece.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let at = name.find('*').unwrap_or(name.len());
        let (name, mark) = name.split_at(at);
        Some(Parameter { name: name.to_owned(), mark: mark.to_owned(), value: value.trim().to_owned() })
    };
    pieces.iter().skip(1).filter_map(read).collect()
}

/// The names a field plainly gives to a file. Refuses what two readers could read differently: a parameter that stands
/// twice, an encoded one beside its pieces, and a boundary in any form but the plain one.
pub(super) fn plain_names(value: &str) -> Result<Vec<String>, Refused> {
    let all = parameters(value);
    for (at, one) in all.iter().enumerate() {
        let again = all[..at].iter().any(|before| before.name == one.name && before.clashes(one));
        if again || (one.name == "boundary" && !one.mark.is_empty()) {
            return Err(Refusal::MessageMalformed.about(format_args!("a parameter {} stands twice", one.name)));
        }
    }
    let is_name = |one: &Parameter| matches!(one.name.as_str(), "name" | "filename") && one.mark.is_empty();
    Ok(all.into_iter().filter(is_name).map(|one| one.value).collect())
}

impl Parameter {
    /// Two of one name: only pieces of different numbers, or a plain one beside an encoded one, go together.
    fn clashes(&self, other: &Self) -> bool {
        let number = |mark: &str| mark.trim_matches('*').to_owned();
        match (self.mark.is_empty(), other.mark.is_empty()) {
            (true, true) => true,
            (true, false) | (false, true) => false,
            (false, false) => {
                let (one, two) = (number(&self.mark), number(&other.mark));
                one.is_empty() || two.is_empty() || one == two
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plain_name_is_found() {
        let names = |value: &str| plain_names(value).unwrap();
        assert_eq!(names("text/csv; charset=Shift_JIS; name=\"a;b\\\".csv\""), ["a;b\".csv"]);
        assert_eq!(names("attachment; FileName = x.csv ; filename*=utf-8''%E8%A8%88.csv"), ["x.csv"]);
        assert_eq!(names("attachment; filename*0=\"a\"; filename*1=\"b\""), [""; 0]);
        assert_eq!(names("attachment"), [""; 0]);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for value in [
            "text/csv; name=a; name=b",
            "text/csv; name=a; NAME=\"a\"",
            "text/csv; name*=utf-8''a; name*=utf-8''b",
            "text/csv; name*0=a; name*0=b",
            "text/csv; name*0=a; name*0*=b",
            "text/csv; name*0=a; name*=utf-8''b",
            "multipart/mixed; boundary=a; boundary=b",
            "multipart/mixed; boundary*=utf-8''b",
            "multipart/mixed; boundary*0=a",
        ] {
            assert_eq!(plain_names(value).unwrap_err().why, Refusal::MessageMalformed, "{value}");
        }
    }
}
