use super::*;

#[track_caller]
fn check(body: &str, expected: Result<(&str, &str), &str>) {
    let expected = expected.map(|(one, two)| (one.as_bytes(), two.as_bytes()));
    assert_eq!(two_parts(body.as_bytes(), "b"), expected);
}

#[test]
fn the_line_end_before_a_delimiter_belongs_to_it() {
    check("--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n", Ok(("one", "two")));
    check("--b\r\none\r\n\r\n--b\r\ntwo\r\n--b--", Ok(("one\r\n", "two")));
    check("--b \t\r\n--b\r\n\r\n--b\r\n\r\n--b--\r\n", Err("there are not exactly two parts"));
}

#[test]
fn a_preamble_is_short_and_nothing_follows() {
    let message =
        |before: usize, after: &str| format!("{}\r\n--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n{after}", "x".repeat(before));
    check(&message(PREAMBLE_BYTES_MAX, "\r\n \r\n"), Ok(("one", "two")));
    check(&message(PREAMBLE_BYTES_MAX + 1, ""), Err("unsigned text stands in front of the parts"));
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
    let body = |boundary: &str| format!("--{boundary}\r\n1\r\n--{boundary}\r\n2\r\n--{boundary}--");
    for good in ["b", "=_'()+,-./:? x", &"b".repeat(70)] {
        assert!(two_parts(body(good).as_bytes(), good).is_ok(), "{good}");
    }
    for bad in ["", "b ", "b;", "b\"", &"b".repeat(71)] {
        assert!(two_parts(body(bad).as_bytes(), bad).is_err(), "{bad}");
    }
}

#[track_caller]
fn check_type(value: &str, expected: Option<(&str, &[(&str, &str)])>) {
    let read = MediaType::read(value);
    let read = read.as_ref().map(|media| {
        let pairs: Vec<_> = media.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        (media.name.as_str(), pairs)
    });
    assert_eq!(read, expected.map(|(name, pairs)| (name, pairs.to_vec())));
}

#[test]
fn media_types_are_read_with_comments_and_quotes() {
    check_type("Text/Plain", Some(("text/plain", &[])));
    check_type("a/b; X=1; y=\"a;\\\"b\"", Some(("a/b", &[("x", "1"), ("y", "a;\"b")])));
    check_type("a (what (is)) / b (this\\)) ; x = 1 (end)", Some(("a/b", &[("x", "1")])));
    check_type("a/b;", Some(("a/b", &[])));
}

#[test]
fn media_types_that_can_be_read_twice_are_refused() {
    for bad in ["", "a", "a/", "a/b c", "a/b; x", "a/b; x=", "a/b; x=1; X=2", "a/b; x=\"1", "a/b (", "a/b; x=1;;"] {
        check_type(bad, None);
    }
}

#[track_caller]
fn check_header(message: &str, expected: Result<Option<&str>, &str>) {
    let read = Entity::read(message.as_bytes(), Layer::Header)
        .and_then(|entity| Ok(entity.field("Content-Type", Layer::Header)?.map(str::to_owned)));
    let read = read.map_err(|error| error.to_string());
    assert_eq!(read, expected.map(|value| value.map(str::to_owned)).map_err(str::to_owned));
}

#[test]
fn a_structural_field_stands_once() {
    check_header("content-type: a/b;\r\n\tx=1\r\n\r\n", Ok(Some("a/b;\tx=1")));
    check_header("\r\nContent-Type: a/b\r\n\r\n", Ok(None));
    check_header(
        "Content-Type: a/b\r\nCONTENT-TYPE: c/d\r\n\r\n",
        Err("malformed header: a Content field stands twice"),
    );
}

#[test]
fn header_lines_end_with_crlf() {
    check_header("A: 1\nContent-Type: a/b\r\n\r\n", Err("malformed header: a header line does not end with CRLF"));
    check_header("A: 1\n\nb", Err("malformed header: no empty line ends the header"));
    check_header(" folded\r\n\r\n", Err("malformed header: the header begins with a folded line"));
    check_header("no field\r\n\r\n", Err("malformed header: a header line is not a field"));
}

#[test]
fn a_header_ends_within_its_limit() {
    let header = |size: usize| format!("A: {}\r\n\r\nbody", "x".repeat(size - 7));
    check_header(&header(HEADER_BYTES_MAX), Ok(None));
    check_header(&header(HEADER_BYTES_MAX + 1), Err("header larger than 65536"));
}
