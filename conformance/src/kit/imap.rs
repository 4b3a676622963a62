//! What another IMAP server may say in other words, in another order or besides, and what it may not.

use std::collections::BTreeSet;
use std::io;

use crate::imap::{Said, literal};
use crate::line::Line;
use crate::transcript::fits;

use super::player::{Heard, Judge, Pattern};
use super::value::{Value, all_fit, values};

/// Response codes that RFC 3501 and its extensions demand; others only help (RFC 5530 §2).
const TELLING: [&str; 7] = ["READ-WRITE", "READ-ONLY", "APPENDUID", "COPYUID", "MODIFIED", "BADCHARSET", "TRYCREATE"];
/// Codes that belong to one server's choice of extensions.
const OF_EXTENSIONS: [&str; 4] = ["MAILBOXID", "HIGHESTMODSEQ", "NOMODSEQ", "CLOSED"];
/// What STATUS and FETCH tell in numbers of the server's own.
const OWN_NUMBERS: [&str; 7] =
    ["UIDVALIDITY", "HIGHESTMODSEQ", "MAILBOXID", "RECENT", "MODSEQ", "EMAILID", "APPENDLIMIT"];
/// Attributes of LIST that depend on what the server knows besides.
const HINTS: [&str; 6] = ["\\Marked", "\\UnMarked", "\\Sent", "\\Drafts", "\\Archive", "\\Trash"];
/// What a server may tell at any command.
const NEWS: [&str; 8] = ["EXISTS", "RECENT", "FLAGS", "OK", "CAPABILITY", "ID", "NAMESPACE", "ENABLED"];

/// Hears a server as RFC 3501 lets it speak.
pub(crate) struct Imap {
    /// Folders that were there before; LIST may name them.
    pub(crate) others: BTreeSet<String>,
    /// News that came before the transcript asked for them.
    early: Vec<Said>,
}

impl Imap {
    pub(crate) fn new(others: BTreeSet<String>) -> Self {
        Self { others, early: Vec::new() }
    }
}

/// A response as the transcript has it.
struct Wanted {
    text: String,
    literals: Vec<Vec<u8>>,
}

impl Wanted {
    fn values(&self) -> Vec<Value> {
        values(&self.text, &self.literals)
    }
}

impl Judge for Imap {
    fn hear(&mut self, line: &mut Line, patterns: &[Pattern<'_>]) -> io::Result<Vec<Heard>> {
        let mut heard = Vec::new();
        let mut untagged = Vec::new();
        for wanted in joined(patterns) {
            if wanted.text.starts_with('*') {
                untagged.push(wanted);
                continue;
            }
            let wanted_untagged = std::mem::take(&mut untagged);
            heard.extend(self.command(line, wanted_untagged, &wanted)?);
        }
        if !untagged.is_empty() {
            heard.extend(self.news(line, &untagged));
        }
        Ok(heard)
    }
}

impl Imap {
    /// Up to a tagged response, or the wish for more.
    fn command(&mut self, line: &mut Line, untagged: Vec<Wanted>, end: &Wanted) -> io::Result<Option<Heard>> {
        let tag = end.text.split(' ').next().unwrap_or_default();
        let mut said = Vec::new();
        let last = loop {
            let response = Said::hear(line)?;
            if response.text.starts_with('*') {
                said.push(response);
            } else {
                break response;
            }
        };
        let mut heard = self.compare(tag, &untagged, said);
        let word = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let is_in_step = word(&last.text) == tag;
        let told = last.text.clone();
        if !(is_in_step && (tag == "+" || tagged_fits(&end.text, &last.text))) {
            heard.push(Heard { at: tag.to_owned(), expected: end.text.clone(), actual: last.text, lost: !is_in_step });
        }
        Ok(merged(heard, &told))
    }

    /// Untagged responses that belong to no command's end.
    fn news(&mut self, line: &mut Line, wanted: &[Wanted]) -> Vec<Heard> {
        let mut said = Vec::new();
        loop {
            let fit = |wanted: &Wanted| {
                let pattern = wanted.values();
                self.early.iter().chain(&said).any(|said: &Said| untagged_fits(&pattern, &said.values()))
            };
            if wanted.iter().all(fit) {
                break;
            }
            match Said::hear(line) {
                Ok(response) => said.push(response),
                Err(_) => break,
            }
        }
        self.compare("news", wanted, said)
    }

    fn compare(&mut self, at: &str, wanted: &[Wanted], mut said: Vec<Said>) -> Vec<Heard> {
        let mut heard = Vec::new();
        let told = |said: &[Said]| said.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join(" ; ");
        let (gone, missing) = (vanished(said.iter().map(|said| said.text.as_str())), told(&said));
        let expected = vanished(wanted.iter().map(|wanted| wanted.text.as_str()));
        if gone != expected {
            heard.push(Heard::at(at, &format!("gone: {expected:?}"), &format!("gone: {gone:?}")));
        }
        said.retain(|said| expunged(&said.text).is_none());
        for wanted in wanted.iter().filter(|wanted| expunged(&wanted.text).is_none()) {
            let pattern = wanted.values();
            let fit = |said: &Said| untagged_fits(&pattern, &said.values());
            if let Some(place) = said.iter().position(fit) {
                said.remove(place);
            } else if let Some(place) = self.early.iter().position(fit) {
                self.early.remove(place);
            } else if !is_of_extension(&pattern) {
                heard.push(Heard::at(at, &wanted.text, &missing));
            }
        }
        for extra in said {
            let values = extra.values();
            if is_news(&values) {
                self.early.push(extra);
            } else if !(is_list(&values) && values.last().is_some_and(|name| self.others.contains(name.text()))) {
                heard.push(Heard::at(at, "nothing more", &extra.text));
            }
        }
        heard
    }
}

/// A command differs once, whatever differs in its responses.
fn merged(heard: Vec<Heard>, last: &str) -> Option<Heard> {
    let mut heard = heard.into_iter();
    let first = heard.next()?;
    let join = |all: String, more: &str| if all.contains(more) { all } else { format!("{all} ; {more}") };
    let all = heard.fold(first, |all, more| Heard {
        at: all.at,
        expected: join(all.expected, &more.expected),
        actual: join(all.actual, &more.actual),
        lost: all.lost || more.lost,
    });
    Some(Heard { actual: join(all.actual.clone(), last), ..all })
}

impl Said {
    fn values(&self) -> Vec<Value> {
        values(&self.text, &self.literals)
    }
}

/// Lines that belong together: a literal goes on in the lines that follow it.
fn joined(patterns: &[Pattern<'_>]) -> Vec<Wanted> {
    let mut lines = patterns.iter().map(|pattern| pattern.text);
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        let mut wanted = Wanted { text: line.to_owned(), literals: Vec::new() };
        let mut last = line;
        let mut after;
        while let Some(length) = literal(last) {
            let mut octets = Vec::new();
            // The literal may end in the middle of a line.
            while octets.len() <= length {
                let Some(line) = lines.next() else { break };
                octets.extend(line.as_bytes());
                octets.extend(b"\r\n");
            }
            let rest = octets.split_off(length.min(octets.len()));
            wanted.literals.push(octets);
            after = String::from_utf8_lossy(&rest).trim_end_matches("\r\n").to_owned();
            wanted.text.push_str(&after);
            last = &after;
        }
        all.push(wanted);
    }
    all
}

/// A message number that vanished.
fn expunged(text: &str) -> Option<usize> {
    text.strip_prefix("* ")?.strip_suffix(" EXPUNGE")?.parse().ok()
}

/// Which messages vanished, by the numbers they had at first: RFC 3501 §7.4.1 lets a server begin at either end.
fn vanished<'a>(responses: impl Iterator<Item = &'a str>) -> BTreeSet<usize> {
    let mut gone = BTreeSet::new();
    for number in responses.filter_map(expunged) {
        let mut at = number;
        for earlier in &gone {
            at += usize::from(*earlier <= at);
        }
        gone.insert(at);
    }
    gone
}

fn kind(values: &[Value]) -> (&str, &str) {
    let word = |at: usize| values.get(at).map(Value::text).unwrap_or_default();
    match values.get(1) {
        // A pattern may leave the number open: `* … RECENT`.
        Some(Value::Rest) if values.len() > 2 => ("…", word(2)),
        _ if word(1).parse::<u32>().is_ok() => (word(1), word(2)),
        _ => ("", word(1)),
    }
}

fn code(values: &[Value]) -> Option<&str> {
    values.get(2).map(Value::text).filter(|text| text.starts_with('['))
}

fn is_list(values: &[Value]) -> bool {
    matches!(kind(values).1, "LIST" | "LSUB")
}

/// May be told at any time.
fn is_news(values: &[Value]) -> bool {
    let (_, kind) = kind(values);
    let plain = |items: &[Value]| items.chunks(2).all(|item| ["FLAGS", "UID", "MODSEQ"].contains(&item[0].text()));
    NEWS.contains(&kind) || kind == "FETCH" && values.get(3).is_some_and(|items| plain(items.list()))
}

fn is_of_extension(pattern: &[Value]) -> bool {
    code(pattern).is_some_and(|code| OF_EXTENSIONS.contains(&name_of(code)))
}

/// `[UIDNEXT 3] …`: the name of a response code.
fn name_of(code: &str) -> &str {
    code.trim_start_matches('[').split([' ', ']']).next().unwrap_or_default()
}

fn tagged_fits(pattern: &str, said: &str) -> bool {
    let words = |text: &str| text.splitn(3, ' ').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, said) = (words(pattern), words(said));
    let rest = |words: &[String]| words.get(2).cloned().unwrap_or_default();
    let (wanted, told) = (rest(&pattern), rest(&said));
    pattern.get(1) == said.get(1)
        && match wanted.starts_with('[').then(|| name_of(&wanted)) {
            None => true,
            Some(name) if !TELLING.contains(&name) => true,
            Some(name) => told.starts_with('[') && name == name_of(&told) && code_fits(&wanted, &told),
        }
}

/// Numbers that the server chooses may be any; UIDs of a folder that was just made may not.
fn code_fits(pattern: &str, said: &str) -> bool {
    let words = |text: &str| {
        let inside = text.trim_start_matches('[').split(']').next().unwrap_or_default();
        inside.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let (wanted, told) = (words(pattern), words(said));
    match name_of(pattern) {
        "APPENDUID" | "COPYUID" => {
            let sets = |words: &[String]| words.iter().skip(2).map(|set| numbers(set)).collect::<Vec<_>>();
            wanted.len() == told.len() && (sets(&wanted) == sets(&told) || pattern.contains('…'))
        }
        "UIDNEXT" | "UNSEEN" => all_fit(&values(&wanted.join(" "), &[]), &values(&told.join(" "), &[])),
        _ => true,
    }
}

/// The members of a set of numbers.
fn numbers(set: &str) -> BTreeSet<u32> {
    let range = |part: &str| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to) = (from.parse::<u32>().unwrap_or(0), to.parse::<u32>().unwrap_or(0));
        from.min(to)..=from.max(to).min(from.min(to).saturating_add(100_000))
    };
    set.split(',').flat_map(range).collect()
}

fn untagged_fits(pattern: &[Value], said: &[Value]) -> bool {
    let ((number, kind_wanted), (told, kind_told)) = (kind(pattern), kind(said));
    if !kind_wanted.eq_ignore_ascii_case(kind_told) {
        return false;
    }
    let at = |values: &[Value], place: usize| values.get(place).cloned().unwrap_or(Value::Rest);
    match kind_wanted.to_ascii_uppercase().as_str() {
        "OK" | "NO" | "BAD" | "BYE" => match (code(pattern), code(said)) {
            (None, _) => true,
            (Some(wanted), Some(told)) => name_of(wanted) == name_of(told) && code_fits(wanted, told),
            (Some(_), None) => false,
        },
        "RECENT" | "CAPABILITY" | "NAMESPACE" | "ID" => true,
        "FLAGS" => flags_fit(&at(pattern, 2), &at(said, 2), true),
        "FETCH" => fits(number, told) && items_fit(at(pattern, 3).list(), at(said, 3).list()),
        "STATUS" => at(said, 2).fits(&at(pattern, 2)) && items_fit(at(pattern, 3).list(), at(said, 3).list()),
        "LIST" | "LSUB" => at(said, 4).fits(&at(pattern, 4)) && list_flags_fit(&at(pattern, 2), &at(said, 2)),
        "SEARCH" => {
            let set =
                |values: &[Value]| values[2..].iter().map(Value::text).map(str::to_owned).collect::<BTreeSet<_>>();
            set(pattern) == set(said)
        }
        _ => fits(number, told) && all_fit(&pattern[2..], &said[2.min(said.len())..]),
    }
}

fn flags_fit(pattern: &Value, said: &Value, more: bool) -> bool {
    let set = |value: &Value| {
        let flags = value.list().iter().map(|flag| flag.text().to_ascii_lowercase());
        flags.filter(|flag| flag != "\\recent").collect::<BTreeSet<_>>()
    };
    let (wanted, told) = (set(pattern), set(said));
    pattern.list().contains(&Value::Rest) || wanted == told || more && wanted.is_subset(&told)
}

fn list_flags_fit(pattern: &Value, said: &Value) -> bool {
    let strip = |value: &Value| {
        let is_hint = |value: &Value| HINTS.iter().any(|hint| hint.eq_ignore_ascii_case(value.text()));
        Value::List(value.list().iter().filter(|value| !is_hint(value)).cloned().collect())
    };
    // RFC 5258 §3: \NonExistent says \Noselect too.
    let known = |value: &Value| {
        let mut flags = strip(value).list().to_vec();
        if flags.iter().any(|flag| flag.text().eq_ignore_ascii_case("\\NonExistent")) {
            flags.retain(|flag| !flag.text().eq_ignore_ascii_case("\\NonExistent"));
            flags.push(Value::Text("\\Noselect".to_owned()));
        }
        Value::List(flags)
    };
    // RFC 5258 §4: whether others stand below is told to who asks, and to others if it costs nothing.
    let (wanted, told) = (known(pattern), known(said));
    let of_children = |flag: &Value| flag.text().to_ascii_lowercase().ends_with("children");
    let silent = !told.list().iter().any(of_children);
    let asked = wanted.list().iter().filter(|flag| !(silent && of_children(flag)));
    flags_fit(&Value::List(asked.cloned().collect()), &told, false)
}

/// Pairs of name and value, in any order; the server may add what it tells of itself.
fn items_fit(pattern: &[Value], said: &[Value]) -> bool {
    let open = pattern.contains(&Value::Rest);
    let pairs = |values: &[Value]| {
        let plain: Vec<Value> = values.iter().filter(|value| **value != Value::Rest).cloned().collect();
        plain.chunks(2).map(<[Value]>::to_vec).collect::<Vec<_>>()
    };
    let (wanted, mut told) = (pairs(pattern), pairs(said));
    for pair in wanted {
        let same = |other: &Vec<Value>| other[0].text().eq_ignore_ascii_case(pair[0].text());
        let Some(place) = told.iter().position(same) else {
            // RFC 7162 §3.2.4: with a MODSEQ the UID is told if QRESYNC is enabled, else if the server likes.
            if pair[0].text() == "UID" && pattern.iter().any(|item| item.text() == "MODSEQ") {
                continue;
            }
            return false;
        };
        let other = told.remove(place);
        if let (Some(wanted), Some(told)) = (pair.get(1), other.get(1))
            && !item_fits(pair[0].text(), wanted, told)
        {
            return false;
        }
    }
    open || told.iter().all(|pair| ["FLAGS", "UID", "MODSEQ"].contains(&pair[0].text()))
}

fn item_fits(name: &str, wanted: &Value, told: &Value) -> bool {
    match name {
        _ if OWN_NUMBERS.contains(&name) => true,
        "FLAGS" => flags_fit(wanted, told, false),
        "INTERNALDATE" | "SAVEDATE" => fits(wanted.text(), told.text()) || moment(wanted) == moment(told),
        _ => told.fits(wanted),
    }
}

/// RFC 3501 §6.4.5 INTERNALDATE: the moment it names, in whatever zone.
fn moment(value: &Value) -> Option<i64> {
    let text = value.text().trim_start();
    Some(jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text).ok()?.to_timestamp().ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::{tagged_fits, untagged_fits, vanished};
    use crate::kit::value::values;

    #[test]
    fn other_words_and_orders_fit_and_other_facts_do_not() {
        for (pattern, said, expected) in [
            ("* 1 FETCH (FLAGS (\\Seen) UID 2)", "* 1 FETCH (UID 2 FLAGS (\\Recent \\Seen))", true),
            ("* 1 FETCH (FLAGS (\\Seen))", "* 1 FETCH (FLAGS ())", false),
            ("* 1 FETCH (UID 2)", "* 2 FETCH (UID 2)", false),
            ("* 1 FETCH (RFC822.SIZE 5 …", "* 1 FETCH (RFC822.SIZE 5 ENVELOPE NIL)", true),
            (
                "* 1 FETCH (INTERNALDATE \" 5-Nov-2026 12:00:00 +0900\")",
                "* 1 FETCH (INTERNALDATE \"05-Nov-2026 03:00:00 +0000\")",
                true,
            ),
            ("* … RECENT", "* 3 RECENT", true),
            ("* … EXISTS", "* 3 RECENT", false),
            ("* 2 FETCH (UID 2 MODSEQ (…))", "* 2 FETCH (MODSEQ (5))", true),
            ("* SEARCH 1 2", "* SEARCH 2 1", true),
            ("* SEARCH 1 2", "* SEARCH 1", false),
            ("* OK [UIDNEXT 3] The next UID.", "* OK [UIDNEXT 3] Predicted", true),
            ("* OK [UIDNEXT 3] The next UID.", "* OK [UIDNEXT 4] Predicted", false),
            ("* OK [UIDVALIDITY 1000] …", "* OK [UIDVALIDITY 7] x", true),
            ("* STATUS a (MESSAGES 1 UIDVALIDITY 1000)", "* STATUS \"a\" (UIDVALIDITY 3 MESSAGES 1)", true),
            ("* LIST (\\HasNoChildren) \"/\" a", "* LIST (\\UnMarked \\HasNoChildren) \"/\" a", true),
            ("* LIST (\\Noselect) \"/\" a", "* LIST (\\NonExistent) \"/\" a", true),
            ("* LIST (\\HasChildren) \"/\" a", "* LIST (\\HasNoChildren) \"/\" a", false),
        ] {
            assert_eq!(untagged_fits(&values(pattern, &[]), &values(said, &[])), expected, "{pattern} | {said}");
        }
    }

    #[test]
    fn the_words_of_a_yes_are_free_and_its_facts_are_not() {
        for (pattern, said, expected) in [
            ("a OK STORE done.", "a OK Store completed", true),
            ("a OK STORE done.", "a NO no", false),
            ("a OK [APPENDUID 1002 1:2] done.", "a OK [APPENDUID 9 1,2] x", true),
            ("a OK [APPENDUID 1002 1] done.", "a OK [APPENDUID 9 2] x", false),
            ("a NO [TRYCREATE] …", "a NO [TRYCREATE] x", true),
            ("a NO [TRYCREATE] …", "a NO x", false),
            ("a OK [CAPABILITY x] …", "a OK in", true),
        ] {
            assert_eq!(tagged_fits(pattern, said), expected, "{pattern} | {said}");
        }
    }

    #[test]
    fn what_vanished_is_counted_from_either_end() {
        let upward = vanished(["* 1 EXPUNGE", "* 1 EXPUNGE", "* 2 EXPUNGE"].into_iter());
        let downward = vanished(["* 4 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"].into_iter());
        assert_eq!(upward, downward);
        assert_eq!(upward.into_iter().collect::<Vec<_>>(), [1, 2, 4]);
    }
}
