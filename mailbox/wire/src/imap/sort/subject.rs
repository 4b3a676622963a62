//! The base subject (RFC 5256 §2.1, Profile §7.43): a subject without the marks of replies and forwards.

use crate::imap::casemap::one_space;

/// The base subject, and whether the message is a reply or a forward (RFC 5256 §3 REFERENCES). Its encoded words are
/// decoded already.
pub(in crate::imap) fn base_subject(subject: &str) -> (String, bool) {
    // (1)
    let spaced = one_space(subject);
    let (mut rest, mut reply) = (spaced.as_str(), false);
    loop {
        // (2)
        while let Some(before) = trailer(rest) {
            reply |= !rest.ends_with(' ');
            rest = before;
        }
        // (3) to (5)
        loop {
            if let Some(after) = rest.strip_prefix(' ') {
                rest = after;
            } else if let Some(after) = leader(rest) {
                (rest, reply) = (after, true);
            } else if let Some(after) = blob(rest).filter(|after| !after.is_empty()) {
                rest = after;
            } else {
                break;
            }
        }
        // (6)
        match word(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => (rest, reply) = (inner, true),
            None => return (rest.to_owned(), reply),
        }
    }
}

/// What stands before a subj-trailer.
///
/// ```text
/// subj-trailer = "(fwd)" / WSP
/// ```
fn trailer(text: &str) -> Option<&str> {
    let fwd = || {
        let at = text.len().checked_sub("(fwd)".len())?;
        text.get(at..).filter(|end| end.eq_ignore_ascii_case("(fwd)")).map(|_| &text[..at])
    };
    text.strip_suffix(' ').or_else(fwd)
}

/// What follows a subj-leader that is no space.
///
/// ```text
/// subj-leader = (*subj-blob subj-refwd) / WSP
/// ```
fn leader(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        if let Some(after) = refwd(rest) {
            return Some(after);
        }
        rest = blob(rest)?;
    }
}

/// ```text
/// subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
/// ```
fn refwd(text: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].iter().find_map(|mark| word(text, mark))?.trim_start_matches(' ');
    blob(rest).unwrap_or(rest).strip_prefix(':')
}

/// ```text
/// subj-blob = "[" *BLOBCHAR "]" *WSP ; BLOBCHAR is neither "[" nor "]"
/// ```
fn blob(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    Some(inside[end..].strip_prefix(']')?.trim_start_matches(' '))
}

/// What follows this word, in any case.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).map(|_| &text[word.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Profile §7.43
    #[test]
    fn marks_of_replies_and_forwards_are_no_part_of_a_subject() {
        for (subject, base, reply) in [
            ("計画書", "計画書", false),
            ("Re: 計画書", "計画書", true),
            ("RE : FW[2]: fwd:  a\tb ", "a b", true),
            ("re [x] : a", "a", true),
            ("re [x][y]: a", "re [x][y]: a", false),
            ("[list] [other] Re: [list] a", "a", true),
            ("[list] a", "a", false),
            ("[list]", "[list]", false),
            ("[list] [other]", "[other]", false),
            ("Re: [list]", "[list]", true),
            ("[list] (fwd)", "[list]", true),
            ("a (fwd) (FWD) ", "a", true),
            ("[Fwd: a]", "a", true),
            ("[fwd: [fwd: re: a (fwd)]]", "a", true),
            ("[fwd: a] b", "b", false),
            ("Re:", "", true),
            ("(fwd)", "", true),
            ("", "", false),
            ("  ", "", false),
            ("Reply: a", "Reply: a", false),
            ("Fwd a", "Fwd a", false),
            ("[[x] Re: a", "[[x] Re: a", false),
            ("あ(fwd)", "あ", true),
            ("転送", "転送", false),
        ] {
            assert_eq!(base_subject(subject), (base.to_owned(), reply), "{subject:?}");
        }
    }

    proptest! {
        #[test]
        fn of_a_base_subject_nothing_more_goes(subject in "(\\[|\\]|re|fwd|:| |\\(fwd\\)|あ|x){0,12}") {
            let (base, _) = base_subject(&subject);
            prop_assert_eq!(base_subject(&base), (base, false));
        }
    }
}
