//! Any bytes under any name of the standard give findings: no panic, and the same ones twice.
//!
//! The first byte chooses the kind, the second the form of the name; the rest is the file.
#![no_main]

use fumibako_careplan::{FileName, Kind, Lang, Sheet, check, check_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [kind, form, bytes @ ..] = data else { return };
    let kind = Kind::ALL[usize::from(*kind) % Kind::ALL.len()];
    let (from, to) = [("", ""), ("_43", "_11"), ("_430", "_110")][usize::from(*form) % 3];
    let month = match kind {
        Kind::Supplement if form & 0x80 != 0 => "000000_",
        kind if kind.has_month() => "202510_",
        _ => "",
    };
    let (branch, extension) = if kind == Kind::PreventionBasicImage { ("_0001", "jpg") } else { ("", "CSV") };
    let name = format!("{kind}_{month}9970000011{from}_9970000029{to}_20250925173000{branch}.{extension}");

    let findings = check_file(&name, bytes);
    assert_eq!(findings, check_file(&name, bytes));
    let report = check(&[(name.as_str(), bytes)]);
    assert!(report.findings.len() >= findings.len());
    for lang in [Lang::Ja, Lang::En] {
        assert!(!report.lines(lang).is_empty());
        assert!(!report.page(lang, "").contains("<script"));
    }
    // What is read without an error can be written, and is read the same again.
    let name: FileName = name.parse().expect("built above");
    if let Ok(sheet) = Sheet::read(&name, bytes) {
        assert_eq!(Sheet::read(&name, &sheet.to_bytes()).as_ref(), Ok(&sheet));
    }
});
