//! Names of received files: what a stranger calls a file must not choose where it goes or what it does.

use std::collections::HashSet;

use fumibako_careplan::bare;

/// Longest file name written, in bytes; Linux allows 255, and Windows needs room for the folders before it.
pub const NAME_BYTES: usize = 200;

/// Names that Windows takes for devices, with any extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Names already given in one folder. Case does not tell files apart on Windows, so it does not here.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// A safe name for a file that was called `wanted`, different from all given before.
    pub fn give(&mut self, wanted: &str) -> String {
        let safe = safe(wanted);
        let numbered = (2..).map(|n| with_number(&safe, n));
        let mut names = std::iter::once(safe.clone()).chain(numbered);
        // The numbers do not end, so neither do the names.
        names.find(|name| self.0.insert(name.to_lowercase())).unwrap_or(safe)
    }
}

/// Characters of an office's name in the name of a folder.
pub const PART_CHARACTERS: usize = 24;

/// An office's name as the middle of a folder's: nothing in it parts folders or names, or could be taken for something else.
pub fn part(name: &str) -> String {
    let plain =
        |c: char| if is_special(c) || matches!(c, '/' | '\\' | '_' | '.') || c.is_whitespace() { '-' } else { c };
    let name: String = name.trim().chars().map(plain).collect();
    bare(&name).chars().take(PART_CHARACTERS).collect()
}

/// The last part of the name, without anything that a file system, a shell or an eye could take for something else.
pub fn safe(wanted: &str) -> String {
    let name: String = bare(wanted).chars().map(|c| if is_special(c) { '_' } else { c }).collect();
    let name = if name.is_empty() { "file" } else { &name };
    let marked = if name.starts_with('.') || is_device(name) { format!("_{name}") } else { name.to_owned() };
    shortened(&marked, NAME_BYTES)
}

fn is_special(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered =
        |port: &str| stem.strip_prefix(port).is_some_and(|n| "123456789¹²³".split("").any(|d| !d.is_empty() && d == n));
    DEVICES.contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

/// Cuts the stem, not the extension, at a character.
fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let room = most.saturating_sub(extension.len());
    format!("{}{extension}", &stem[..stem.floor_char_boundary(room)])
}

fn with_number(name: &str, n: u32) -> String {
    let (stem, extension) = split(name);
    let number = format!(" ({n})");
    let stem = shortened(stem, NAME_BYTES.saturating_sub(extension.len() + number.len()));
    format!("{stem}{number}{extension}")
}

/// Stem and extension with its dot. A very long extension is none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(wanted: &str, expected: Expect) {
        expected.assert_eq(&safe(wanted));
    }

    #[test]
    fn a_name_of_the_standard_is_kept_as_it_is() {
        let name = "UPHOSOKU_000000_9970000011_43_9970000029_11_20250920101600.CSV";
        assert_eq!(safe(name), name);
        check("計画書（山田）.pdf", expect!["計画書（山田）.pdf"]);
    }

    #[test]
    fn a_name_does_not_choose_the_folder() {
        check("../../etc/passwd", expect!["passwd"]);
        check("..\\..\\Windows\\win.ini", expect!["win.ini"]);
        check("C:plan.csv", expect!["C_plan.csv"]);
        check("..", expect!["file"]);
        check("", expect!["file"]);
        check("/", expect!["file"]);
    }

    #[test]
    fn a_name_does_not_deceive() {
        check("plan\u{202E}fdp.exe", expect!["planfdp.exe"]);
        check("plan\r\n\0.csv", expect!["plan.csv"]);
        check(".bashrc", expect!["_.bashrc"]);
        check("plan.csv. . ", expect!["plan.csv"]);
        check("a<b>|?*\".csv", expect!["a_b_____.csv"]);
    }

    #[test]
    fn an_office_s_name_chooses_no_folder() {
        assert_eq!(part("ひまわり訪問介護"), "ひまわり訪問介護");
        assert_eq!(part(" 社会福祉法人　見本_会 "), "社会福祉法人-見本-会");
        for (name, safe) in [("../..\\evil", "------evil"), ("a\u{202E}b\r\n\0", "ab--"), ("", ""), ("CON:", "CON-")] {
            assert_eq!(part(name), safe, "{name:?}");
        }
        assert_eq!(part(&"あ".repeat(100)).chars().count(), PART_CHARACTERS);
    }

    #[test]
    fn devices_of_windows_are_not_files() {
        check("CON", expect!["_CON"]);
        check("nul.csv", expect!["_nul.csv"]);
        check("Com1.tar.gz", expect!["_Com1.tar.gz"]);
        check("LPT³", expect!["_LPT³"]);
        check("COM10.csv", expect!["COM10.csv"]);
        check("console.csv", expect!["console.csv"]);
    }

    #[test]
    fn a_name_of_200_bytes_is_the_longest() {
        let longest = format!("{}.csv", "a".repeat(NAME_BYTES - 4));
        assert_eq!(safe(&longest), longest);
        let longer = safe(&format!("{}.csv", "あ".repeat(100)));
        assert!(longer.len() <= NAME_BYTES && longer.ends_with("あ.csv"), "{longer}");
    }

    #[test]
    fn equal_names_are_numbered_also_where_only_the_case_differs() {
        let mut names = Names::default();
        let given: Vec<String> = ["a.csv", "A.CSV", "a.csv", "a (2).csv"].iter().map(|name| names.give(name)).collect();
        assert_eq!(given, ["a.csv", "A (2).CSV", "a (3).csv", "a (2) (2).csv"]);
        let long = "x".repeat(300);
        assert!((0..20).all(|_| names.give(&long).len() <= NAME_BYTES));
    }
}
