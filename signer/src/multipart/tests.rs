use super::*;

#[track_caller]
fn check(body: &str, expected: Result<(&str, &str), &str>) {
    let expected = expected.map(|(one, two)| (one.as_bytes(), two.as_bytes()));
    let boundary = Boundary::new("b").unwrap();
    assert_eq!(two_parts(body.as_bytes(), &boundary), expected);
}

#[test]
fn the_line_end_before_a_delimiter_belongs_to_it() {
    check("--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n", Ok(("one", "two")));
    check("--b\r\none\r\n\r\n--b\r\ntwo\r\n--b--", Ok(("one\r\n", "two")));
    check("--b \t\r\n\r\n--b\r\n\r\n--b--\r\n", Ok(("", "")));
}

#[test]
fn a_preamble_is_short_and_nothing_follows() {
    let message =
        |before: usize, after: &str| format!("{}\r\n--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n{after}", "x".repeat(before));
    check(&message(PREAMBLE_BYTES_MAX, "\r\n \r\n"), Ok(("one", "two")));
    check(&message(PREAMBLE_BYTES_MAX + 1, ""), Err("unsigned text stands in front of the parts"));
    let words = |words: &str| format!("{words}\r\n--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n");
    for usual in
        ["This is an S/MIME signed message\r\n", "\r\nThis is a multi-part message (RFC 2046): read on.\r\n \r\n"]
    {
        check(&words(usual), Ok(("one", "two")));
    }
    let content = ["Content-Type: text/plain", "<p>pay", "&lt;", "one\r\ntwo", "caf\u{e9}", "a\0b", "a: b", ".x{}"];
    for content in content {
        check(&words(content), Err("unsigned text stands in front of the parts"));
    }
    check(&message(0, "x"), Err("unsigned text follows the parts"));
}

#[test]
fn there_are_exactly_two_parts() {
    let wrong = Err("there are not exactly two parts");
    check("", wrong);
    check("--b\r\none\r\n--b--\r\n", wrong);
    check("--b\r\none\r\n--b\r\ntwo\r\n", wrong);
    check("--b\r\none\r\n--b\r\ntwo\r\n--b\r\nthree\r\n--b--\r\n", wrong);
    check("--b\r\none\r\n--b--\r\n--b\r\ntwo\r\n--b--\r\n", wrong);
    check("--b\r\n--b\r\ntwo\r\n--b--\r\n", Err("a part is empty"));
}

#[test]
fn a_delimiter_that_only_some_readers_see_is_refused() {
    let bare = Err("a delimiter follows a line that does not end with CRLF");
    check("--b\r\none\n--b\r\ntwo\r\n--b--\r\n", bare);
    check("--b\r\none\r--b\r\ntwo\r\n--b--\r\n", bare);
    let similar = Err("a line begins like a delimiter and is none");
    check("--b\r\none\r\n--bc\r\n--b\r\ntwo\r\n--b--\r\n", similar);
    check("--b\none\r\n--b\r\ntwo\r\n--b--\r\n", similar);
    check("--b\r\none --b\r\n--b\r\ntwo\r\n--b--\r\n", Ok(("one --b", "two")));
}

#[test]
fn a_boundary_keeps_to_its_alphabet() {
    for good in ["b", "=_'()+,-./:? x", &"b".repeat(70)] {
        assert!(Boundary::new(good).is_ok(), "{good}");
    }
    for bad in ["", "b ", "b;", "b\"", &"b".repeat(71)] {
        assert!(Boundary::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_delimiter_is_padded_within_its_limit() {
    let body = |size: usize| format!("--b{0}\r\none\r\n--b\r\ntwo\r\n--b--{0}", " ".repeat(size));
    check(&body(DELIMITER_PADDING_MAX), Ok(("one", "two")));
    check(&body(DELIMITER_PADDING_MAX + 1), Err("a line begins like a delimiter and is none"));
}

#[test]
fn an_unfinished_delimiter_waits_for_the_rest() {
    let boundary = Boundary::new("bc").unwrap();
    let find = |section: &str| boundary.find(section.as_bytes(), Begins::Part, false);
    for unfinished in ["x\r\n--bc", "x\r\n--bc-", "x\r\n--bc--", "x\r\n--bc \t", "x\r\n--bc-- \r"] {
        assert_eq!(find(unfinished), Found::NotBefore(1), "{unfinished}");
    }
    assert_eq!(find("x\r\n--bc\r\n"), Found::Delimiter { start: 1, end: 9, closes: false });
    assert_eq!(find("x\r\n--b"), Found::NotBefore(1));
    assert_eq!(find("xyz\r\n"), Found::NotBefore(0));
    let within = boundary.find(b"--bc\r\n", Begins::Within, false);
    assert_eq!(within, Found::NotBefore(1), "in the middle of a line");
}
