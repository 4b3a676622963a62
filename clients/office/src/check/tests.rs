use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use fumibako_careplan::{Lang, What};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const GOOD: &[u8] = b"202407,999903,9900000011,202510\r\n";
const BAD: &[u8] = b"202407,999903,9900000011,202513\r\n";

/// A file that travels alone, one a minute.
fn delete(minute: usize) -> String {
    format!("DLTPLAN_202510_9970000011_43_9970000029_11_2025100212{minute:02}00.CSV")
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn checked(path: impl AsRef<Path>, limits: &Limits) -> Report {
    check(&[path.as_ref().to_owned()], limits, &mut |_| {}).unwrap()
}

/// Codes, and the reasons of what was not checked.
fn words(report: &Report) -> String {
    let codes = report.findings.iter().map(|finding| finding.code.to_string());
    codes.chain(report.unchecked.iter().map(|file| file.reason.to_owned())).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn gives(files: &[(&str, &[u8])], limits: &Limits, expected: &str) -> Report {
    let folder = folder(files);
    let report = checked(folder.path(), limits);
    assert_eq!(words(&report), expected, "{:?}", report.lines(Lang::En));
    report
}

/// A ZIP archive; names are bytes, as programs of all ages write them.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same archive with a name in other bytes of the same length, and without the flag for UTF-8.
fn renamed(mut zip: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let found = |zip: &[u8], what: &[u8]| -> Vec<usize> {
        zip.windows(what.len()).enumerate().filter(|(_, at)| *at == what).map(|(at, _)| at).collect()
    };
    for at in found(&zip, from) {
        zip[at..at + to.len()].copy_from_slice(to);
    }
    // Bit 11 of the flags, at byte 6 of a local header and 8 of a central one.
    for (signature, flags) in [(b"PK\x03\x04", 7), (b"PK\x01\x02", 9)] {
        for at in found(&zip, signature) {
            zip[at + flags] &= !0x08;
        }
    }
    zip
}

/// Profile §2.4
#[test]
fn each_folder_is_judged_by_itself() {
    let name = delete(1);
    let (here, there) = (format!("10月/{name}"), format!("11月/深い/{name}"));
    let report = gives(&[(&here, GOOD), (&there, BAD), ("memo.pdf", b"12345")], &Limits::default(), "M001");
    assert_eq!((report.files.len(), report.findings[0].folder.show().ends_with("11月/深い")), (3, true));
    let memo = report.files.iter().find(|file| file.what == What::Attachment).unwrap();
    assert_eq!(memo.bytes, 5, "it was not read, but its size is known");
    // In one folder the two would be two files of one kind under one serial.
    assert_eq!(words(&fumibako_careplan::check(&[(&name, GOOD), (&name, GOOD)])), "B001");
}

#[test]
fn folders_are_shown_as_they_were_typed() {
    let shown = |path: &str| find::folder_of(Path::new(path));
    assert_eq!(["a/b.csv", "./a/b.csv", "./b.csv", "b.csv", "/a/b.csv"].map(shown), ["a", "a", ".", ".", "/a"]);
    assert_eq!([find::below(".", "a.zip"), find::below("a", "b"), find::below("/", "b")], ["a.zip", "a/b", "/b"]);
}

#[test]
fn what_is_named_twice_is_checked_once() {
    let folder = folder(&[(&delete(1), GOOD)]);
    let file = folder.path().join(delete(1));
    let again = folder.path().join("..").join(folder.path().file_name().unwrap());
    let report = check(&[file, folder.path().to_owned(), again], &Limits::default(), &mut |_| {}).unwrap();
    assert_eq!((report.files.len(), words(&report).as_str()), (1, ""));
}

#[test]
fn what_systems_put_into_folders_is_passed_over() {
    let (mac, hidden) = (format!("._{}", delete(1)), format!(".git/{}", delete(1)));
    let files: &[(&str, &[u8])] = &[(&mac, b"x"), (&hidden, b"x"), ("Thumbs.db", b"x"), (&delete(2), GOOD)];
    assert_eq!(gives(files, &Limits::default(), "").files.len(), 1);
    let mac = format!("__MACOSX/{}", delete(1));
    let archive = zip(&[(&mac, b"x"), (&delete(2), GOOD)]);
    assert_eq!(gives(&[("a.zip", &archive)], &Limits::default(), "").files.len(), 1);
}

#[test]
fn patterns_are_expanded_and_one_that_fits_nothing_is_a_slip() {
    let folder = folder(&[(&format!("[2025] 10月/{}", delete(1)), GOOD), ("[2025] 10月/memo.pdf", b"x")]);
    let found = |pattern: &str| check(&[folder.path().join(pattern)], &Limits::default(), &mut |_| {});
    assert_eq!(found("[2025] 10月/*.csv").unwrap().files.len(), 1, "CSV and csv are one ending");
    assert_eq!(found("*10月").unwrap().files.len(), 2, "a folder that fits is looked into");
    assert_eq!(found("**/*.CSV").unwrap().files.len(), 1);
    for none in ["*.txt", "nowhere/*.CSV", "[", "nowhere"] {
        assert!(matches!(found(none), Err(Trouble::NoSuchFile(path)) if path.ends_with(none)), "{none}");
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(matches!(found("empty"), Err(Trouble::NothingToCheck)));
}

/// Profile §2.7: files, depth, sizes; each limit from both sides.
#[test]
fn past_a_limit_a_file_is_named_and_the_rest_is_checked() {
    let (one, two) = (delete(1), delete(2));
    let files: &[(&str, &[u8])] = &[(&one, GOOD), (&two, GOOD)];
    let limits = Limits::default();
    gives(files, &Limits { files: 2, ..limits }, "");
    assert_eq!(gives(files, &Limits { files: 1, ..limits }, "too-many-files").files.len(), 1);
    gives(files, &Limits { file_bytes: 33, ..limits }, "");
    gives(files, &Limits { file_bytes: 32, ..limits }, "too-large too-large");
    gives(files, &Limits { folder_bytes: 66, ..limits }, "");
    assert_eq!(gives(files, &Limits { folder_bytes: 65, ..limits }, "folder-too-large").files.len(), 1);
    let deep = format!("a/b/{one}");
    gives(&[(&deep, GOOD)], &Limits { depth: 2, ..limits }, "");
    gives(&[(&deep, GOOD)], &Limits { depth: 1, ..limits }, "too-deep");
    // What is outside the standard is not read, so it may be as large as it likes.
    gives(&[("film.mp4", &[0; 100]), (&one, GOOD)], &Limits { file_bytes: 33, folder_bytes: 33, ..limits }, "");
}

#[test]
fn a_zip_gives_what_its_folders_would() {
    let (one, two) = (delete(1), delete(2));
    let (inside, windows) = (format!("10月/{one}"), format!("11月\\{two}"));
    let archive = zip(&[(&one, GOOD), (&inside, BAD), (&windows, BAD), ("memo.pdf", b"x")]);
    let report = gives(&[("送る.ZIP", &archive)], &Limits::default(), "M001 M001");
    let folders: Vec<&str> = report.findings.iter().map(|finding| finding.folder.show()).collect();
    assert!(folders[0].ends_with("/送る.ZIP/10月") && folders[1].ends_with("/送る.ZIP/11月"), "{folders:?}");
}

#[test]
fn names_in_a_zip_are_read_as_their_makers_wrote_them() {
    let folder_of = |archive: &[u8]| {
        let report = gives(&[("a.zip", archive)], &Limits::default(), "M001");
        report.findings[0].folder.show().rsplit_once("a.zip/").unwrap().1.to_owned()
    };
    let with = |folder: &str| zip(&[(&format!("{folder}/{}", delete(1)), BAD)]);
    // CP932, as Windows writes it. 表 is 0x95 0x5C: its second byte is also a backslash.
    assert_eq!(folder_of(&renamed(with("abcd"), b"abcd", b"\x91\xE6\x95\x5C")), "第表");
    assert_eq!(folder_of(&renamed(with("ab"), b"ab", b"\xCC\xDF")), "ﾌﾟ");
    // Two half-width kana that could be one character of UTF-8.
    assert_eq!(folder_of(&renamed(with("ab"), b"ab", b"\xC3\xB0")), "ﾃｰ");
    // A Mac writes UTF-8 without saying so.
    assert_eq!(folder_of(&renamed(with("計画"), "計画".as_bytes(), "計画".as_bytes())), "計画");
    assert_eq!(folder_of(&with("計画é")), "計画é");
}

/// Profile §2.7: what a ZIP may do to its reader; each limit from both sides.
#[test]
fn a_zip_unfolds_within_limits() {
    let limits = Limits::default();
    let (one, two) = (delete(1), delete(2));
    let archive = zip(&[(&one, GOOD), (&two, GOOD)]);
    let zipped: &[(&str, &[u8])] = &[("a.zip", &archive)];
    gives(zipped, &Limits { unfolded_bytes: 66, ..limits }, "");
    assert_eq!(gives(zipped, &Limits { unfolded_bytes: 65, ..limits }, "zip-too-large").files.len(), 1);
    gives(zipped, &Limits { files: 3, ..limits }, "");
    gives(zipped, &Limits { files: 2, ..limits }, "too-many-files");
    gives(zipped, &Limits { file_bytes: archive.len() as u64, ..limits }, "");
    gives(zipped, &Limits { file_bytes: archive.len() as u64 - 1, ..limits }, "too-large");
    // Row upon row of the same text is packed very small.
    let bomb = zip(&[(&one, &GOOD.repeat(5_000))]);
    let bomb: &[(&str, &[u8])] = &[("a.zip", &bomb)];
    gives(
        bomb,
        &Limits { ratio: 5, ratio_from: 1 << 20, ..limits },
        "X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004 X004",
    );
    gives(bomb, &Limits { ratio: 5, ratio_from: 1 << 10, ..limits }, "zip-bomb");
}

#[test]
fn a_zip_that_cannot_be_read_is_named_with_the_reason() {
    let limits = Limits::default();
    let nested = zip(&[("inner.zip", b"PK"), (&delete(1), GOOD)]);
    assert_eq!(gives(&[("a.zip", &nested)], &limits, "zip-in-zip").files.len(), 1);
    gives(&[("a.zip", b"not a ZIP")], &limits, "not-a-zip");
    gives(&[("a.zip", b"")], &limits, "not-a-zip");
    let whole = zip(&[(&delete(1), GOOD)]);
    gives(&[("a.zip", &whole[..whole.len() - 1])], &limits, "not-a-zip");
    // The content does not have the checksum promised.
    let mut broken = whole.clone();
    let content = 30 + delete(1).len() + 4;
    broken[content] ^= 1;
    gives(&[("a.zip", &broken)], &limits, "not-a-zip");
    let same = renamed(zip(&[(&delete(1), GOOD), (&delete(2), GOOD)]), delete(2).as_bytes(), delete(1).as_bytes());
    gives(&[("a.zip", &same)], &limits, "zip-same-names");
    let mut secret = whole;
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = secret.windows(4).position(|window| window == signature).unwrap();
        secret[at + flags] |= 1;
    }
    let report = gives(&[("a.zip", &secret)], &limits, "zip-encrypted");
    assert!(report.unchecked[0].what_to_do.ja.contains("展開"), "{:?}", report.unchecked);
}

#[test]
fn any_bytes_called_a_zip_give_an_answer() {
    let whole = zip(&[(&delete(1), GOOD), ("10月/memo.pdf", b"x")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xFF;
        fs::write(&path, changed).unwrap();
        checked(&path, &Limits::default());
        fs::write(&path, &whole[..at]).unwrap();
        checked(&path, &Limits::default());
    }
}
