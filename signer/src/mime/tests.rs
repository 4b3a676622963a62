use super::*;

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
