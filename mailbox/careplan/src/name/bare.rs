//! A name without what a file system, a mail program or an eye may take away again.

/// The name that remains of a written one: no folders, no invisible characters, no spaces and dots at its ends. Whoever
/// judges a file by its name judges this one, for it is the one that will stand on the recipient's disk (Profile §2.4).
pub fn bare(written: &str) -> String {
    let last = written.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| !is_invisible(*c)).collect();
    // Windows drops dots and spaces at the end, so two names could become one.
    seen.trim().trim_end_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// Control characters, and those that turn or hide the text after them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §2.4
    #[test]
    fn what_disappears_on_a_disk_is_gone_before_the_name_is_judged() {
        for written in [
            "a.CSV",
            "x/a.CSV",
            "..\\a.CSV",
            " a.CSV",
            "a.CSV ",
            "a.CSV.",
            "a.CSV . ",
            "\u{202E}a.CSV",
            "a.\u{200B}CSV",
            "a.CSV\u{3000}",
        ] {
            assert_eq!(bare(written), "a.CSV", "{written:?}");
        }
        assert_eq!(bare("../"), "");
    }
}
