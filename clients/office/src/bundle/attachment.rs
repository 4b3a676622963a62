//! Which files may travel beside those of the standard (Profile §2.9): papers and pictures, told by the ending of the name and by
//! how the content begins. What a computer would run is none, whatever it is called.

use fumibako_careplan::Lang;

/// Why a file is not attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAttached {
    /// A computer would run it, or show a page with scripts.
    Program,
    /// Nobody said that such files may travel.
    Unknown,
    /// Its content is not what its name says.
    Other,
}

/// Octets of a PDF before its first line, as readers of PDF allow.
const PDF_BEFORE: usize = 1024;

/// How a compound file begins (MS-CFB §2.2): documents of older programs, and newer ones with a password.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Endings of what is run: only that the sentence is a clearer one, since nothing travels that is not in [`begins`].
const PROGRAMS: [&str; 35] = [
    "app", "bat", "cmd", "com", "cpl", "dll", "dmg", "docm", "exe", "hta", "htm", "html", "iso", "jar", "js", "jse",
    "lnk", "mjs", "msi", "pif", "pptm", "ps1", "py", "reg", "scr", "sh", "svg", "url", "vbe", "vbs", "wsf", "wsh",
    "xhtml", "xlsb", "xlsm",
];

/// May this file be attached? One without octets is for others to name.
pub fn fits(name: &str, octets: &[u8]) -> Result<(), NotAttached> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    if PROGRAMS.contains(&ending.as_str()) || is_program(octets) {
        return Err(NotAttached::Program);
    }
    match begins(&ending, octets) {
        None => Err(NotAttached::Unknown),
        Some(false) if !octets.is_empty() => Err(NotAttached::Other),
        Some(_) => Ok(()),
    }
}

/// Programs of Windows, Linux and macOS, and scripts.
fn is_program(octets: &[u8]) -> bool {
    let machine: [&[u8]; 5] = [b"MZ", b"\x7FELF", b"\xCF\xFA\xED\xFE", b"\xCA\xFE\xBA\xBE", b"#!"];
    machine.iter().any(|magic| octets.starts_with(magic))
}

/// Does the content begin as such a file does? `None`: such files do not travel.
fn begins(ending: &str, octets: &[u8]) -> Option<bool> {
    let with = |magic: &[u8]| octets.starts_with(magic);
    Some(match ending {
        "pdf" => octets[..octets.len().min(PDF_BEFORE)].windows(5).any(|five| five == b"%PDF-"),
        "jpg" | "jpeg" => with(b"\xFF\xD8\xFF"),
        "png" => with(b"\x89PNG\r\n\x1A\n"),
        "gif" => with(b"GIF8"),
        "bmp" => with(b"BM"),
        "tif" | "tiff" => with(b"II*\0") || with(b"MM\0*"),
        "heic" => octets.get(4..8) == Some(b"ftyp"),
        // Office Open XML is a ZIP archive, and with a password a compound file that holds one (MS-OFFCRYPTO §1.3.1).
        "docx" | "xlsx" | "pptx" => with(b"PK\x03\x04") || with(COMPOUND),
        "odt" | "ods" | "odp" => with(b"PK\x03\x04"),
        "doc" | "xls" | "ppt" | "jtd" => with(COMPOUND),
        // UTF-16 has octets of zero, and says so.
        "txt" => with(b"\xFF\xFE") || with(b"\xFE\xFF") || !octets.contains(&0),
        // DocuWorks
        "xdw" => true,
        _ => return None,
    })
}

impl NotAttached {
    /// What is wrong, in one sentence.
    pub fn sentence(self, lang: Lang) -> &'static str {
        match self {
            Self::Program => lang.pick(
                "プログラムやWebページのファイルは、安全のため送れません。",
                "Programs and Web pages are not sent, for everybody's safety.",
            ),
            Self::Unknown => {
                lang.pick("この種類のファイルは添付できません。", "Files of this kind cannot be attached.")
            }
            Self::Other => lang.pick(
                "中身が、名前の示す種類のファイルではありません（壊れているか、名前だけ変えられています）。",
                "Its content is not what its name says: it is damaged, or was only renamed.",
            ),
        }
    }

    /// What to do next.
    pub fn what_to_do(self, lang: Lang) -> &'static str {
        match self {
            Self::Program | Self::Unknown => lang.pick(
                "送りたい書類は、PDFか画像にして添付してください（Word・Excel・PowerPoint・一太郎などの文書も送れます）。",
                "Make a PDF or a picture of what you want to send; documents of Word, Excel, PowerPoint and the like go, too.",
            ),
            Self::Other => lang.pick(
                "元のソフトで開けるか確かめ、PDFとして保存し直して添付してください。",
                "Check that it opens, save it anew as a PDF, and attach that.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, octets: &[u8], expected: Result<(), NotAttached>) {
        assert_eq!(fits(name, octets), expected, "{name}");
    }

    // Profile §2.9
    #[test]
    fn papers_and_pictures_travel() {
        for (name, octets) in [
            ("第3表.pdf", &b"%PDF-1.7\n"[..]),
            ("scan.PDF", b"\r\n\r\n%PDF-1.4\n"),
            ("photo.JPG", b"\xFF\xD8\xFF\xE0"),
            ("photo.jpeg", b"\xFF\xD8\xFF\xE1"),
            ("map.png", b"\x89PNG\r\n\x1A\n"),
            ("a.gif", b"GIF89a"),
            ("a.bmp", b"BM6"),
            ("fax.tif", b"II*\0"),
            ("fax.tiff", b"MM\0*"),
            ("phone.heic", b"\0\0\0\x18ftypheic"),
            ("退院時情報.docx", b"PK\x03\x04"),
            ("表.xlsx", b"PK\x03\x04"),
            ("古い表.xls", COMPOUND),
            ("文書.jtd", COMPOUND),
            ("暗号化.docx", COMPOUND),
            ("暗号化.xlsx", COMPOUND),
            ("暗号化.pptx", COMPOUND),
            ("メモ.txt", b"\xFF\xFEA\0"),
            ("メモ2.txt", b"\xFE\xFF\0A"),
            ("連絡.txt", "連絡事項\r\n".as_bytes()),
            ("連絡.xdw", b"whatever"),
        ] {
            check(name, octets, Ok(()));
        }
    }

    // Profile §2.9
    #[test]
    fn what_a_computer_runs_does_not_travel_whatever_it_is_called() {
        for name in PROGRAMS {
            check(&format!("plan.pdf.{name}"), b"%PDF-1.7", Err(NotAttached::Program));
            check(&format!("PLAN.{}", name.to_uppercase()), b"x", Err(NotAttached::Program));
        }
        for octets in [&b"MZ\x90"[..], b"\x7FELF", b"#!/bin/sh\n"] {
            for name in ["plan.pdf", "plan.txt", "plan.xdw", "plan"] {
                check(name, octets, Err(NotAttached::Program));
            }
        }
    }

    // Profile §2.9
    #[test]
    fn what_nobody_named_does_not_travel() {
        for name in [
            "plan",
            "plan.",
            "plan.zip",
            "plan.7z",
            "plan.xyz",
            "plan.csv.lzh",
            "plan.pdf ",
            "plan.eml",
            "plan.\u{202E}fdp",
        ] {
            check(name, b"%PDF-1.7", Err(NotAttached::Unknown));
        }
    }

    // Profile §2.9
    #[test]
    fn the_content_is_what_the_name_says() {
        for name in ["a.pdf", "a.jpg", "a.png", "a.gif", "a.bmp", "a.tif", "a.heic", "a.docx", "a.xls"] {
            check(name, b"<html><script>", Err(NotAttached::Other));
            check(name, b"", Ok(()));
        }
        check("a.txt", b"a\0b", Err(NotAttached::Other));
        check("a.odt", COMPOUND, Err(NotAttached::Other));
        let late = |before: usize| [vec![b' '; before], b"%PDF-1.7".to_vec()].concat();
        check("a.pdf", &late(PDF_BEFORE - 5), Ok(()));
        check("a.pdf", &late(PDF_BEFORE - 4), Err(NotAttached::Other));
    }

    #[test]
    fn each_reason_says_what_to_do_in_both_languages() {
        for why in [NotAttached::Program, NotAttached::Unknown, NotAttached::Other] {
            assert!(why.sentence(Lang::Ja).ends_with('。') && why.what_to_do(Lang::Ja).ends_with('。'));
            assert!(why.sentence(Lang::En).is_ascii() && why.what_to_do(Lang::En).is_ascii());
        }
    }
}
