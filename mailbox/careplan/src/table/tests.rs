use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn cut(bytes: &[u8]) -> String {
    let mut rows = Rows::new(bytes);
    let mut lines = Vec::new();
    while let Some(row) = rows.next_row() {
        let fields = row.fields.iter().map(|field| {
            let text = String::from_utf8_lossy(&bytes[field.start..field.end]).into_owned();
            if field.quoted { format!("“{text}”") } else { text }
        });
        let fault = row.fault.map_or(String::new(), |(fault, at)| format!(" {fault:?} in {}", at + 1));
        lines.push(format!("{} {:?}{fault}", fields.collect::<Vec<_>>().join("|"), row.ended));
    }
    lines.join("\n")
}

#[track_caller]
fn check(bytes: &str, expected: Expect) {
    expected.assert_eq(&cut(bytes.as_bytes()));
}

#[test]
fn rows_end_with_a_line_break_or_with_the_file() {
    check("a,b\r\nc,", expect![["a|b CrLf\nc| File"]]);
    check("a\nb\rc", expect![["a Bare\nb Bare\nc File"]]);
    check("", expect![[""]]);
    assert_eq!(cut(b"\r\n\r\n"), " CrLf\n CrLf");
}

#[test]
fn commas_and_line_breaks_inside_quotes_belong_to_the_field() {
    check("\"a,b\r\nc\",\"\"\r\n", expect![["“a,b\r\nc”|“” CrLf"]]);
    check("\"say \"\"x\"\"\",1", expect![["“say \"\"x\"\"”|1 File"]]);
}

#[test]
fn quotes_that_cannot_be_are_named() {
    check("a,\"b,c\r\nd", expect![["a|“b,c\r\nd” File Unclosed in 2"]]);
    check("\"a\"b,c\r\nd", expect![["“a\"b”|c CrLf AfterClosing in 1\nd File"]]);
    check("a\"b,c\r\n", expect![["a\"b|c CrLf Inside in 1"]]);
    check("\"", expect![["“” File Unclosed in 1"]]);
    check("\"\"\"", expect![["“\"\"” File Unclosed in 1"]]);
}

#[test]
fn a_million_commas_keep_a_bounded_number_of_fields() {
    let bytes = vec![b','; 1_000_000];
    let mut rows = Rows::new(&bytes);
    let row = rows.next_row().unwrap();
    assert_eq!((row.count, row.fields.len()), (1_000_001, MOST_FIELDS));
}

proptest! {
    #[test]
    fn every_byte_is_cut_once_and_in_order(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut rows = Rows::new(&bytes);
        let mut last = 0;
        while let Some(row) = rows.next_row() {
            for field in row.fields {
                prop_assert!(last <= field.start && field.start <= field.end && field.end <= bytes.len());
                last = field.end;
            }
        }
    }

    #[test]
    fn quoted_fields_are_found_again(fields in proptest::collection::vec("[a-z\",\r\n]{0,6}", 1..6)) {
        let line = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
        let mut rows = Rows::new(line.as_bytes());
        let row = rows.next_row().unwrap();
        prop_assert_eq!(row.fault, None);
        let found: Vec<String> =
            row.fields.iter().map(|field| line[field.start..field.end].replace("\"\"", "\"")).collect();
        prop_assert_eq!(found, fields);
    }
}
