//! What may stand in a file.

use crate::tree::{none, rust, tracked};

/// The wall (style, "Sizes").
const LINES: usize = 600;

/// Crates that never wait and never open a file or a socket (design §1): clippy keeps them from the clock.
const PURE: [&str; 4] = ["mailbox/careplan/src/", "mailbox/model/src/", "mailbox/wire/src/", "signer/src/"];
/// Where sockets are (style, "The house"); the suites are clients.
const SOCKETS: [&str; 3] = ["gateway/", "clients/office/", "conformance/"];

/// Words that say "not finished", put together so that this file does not hold them.
fn unfinished() -> [String; 4] {
    [("to", "do!"), ("unimple", "mented!"), ("#[ign", "ore"), ("FIX", "ME")].map(|(head, tail)| format!("{head}{tail}"))
}

/// Folders of somebody's computer.
fn places() -> [String; 3] {
    ["home", "work", "root"].map(|place| format!("/{place}/"))
}

/// `path:line: word` for every line that holds one of the words.
fn found(path: &str, text: &str, words: &[String]) -> Vec<String> {
    let lines = text.lines().enumerate();
    let hits = lines.filter_map(|(at, line)| Some((at, words.iter().find(|word| line.contains(word.as_str()))?)));
    hits.map(|(at, word)| format!("{path}:{}: {word}", at + 1)).collect()
}

/// A source file without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

#[test]
fn no_file_of_rust_is_longer_than_600_lines() {
    let long = rust().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LINES);
    none("a file has one subject", long.map(|(path, lines)| format!("{path}: {lines} lines")));
}

#[test]
fn a_crate_opens_with_a_map_and_its_never() {
    let is_root = |path: &str| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let (roots, others): (Vec<_>, Vec<_>) = rust().partition(|(path, _)| is_root(path));
    assert!(roots.len() > 5 && !others.is_empty(), "the roots of the crates are found");
    let purpose = roots.iter().filter(|(_, text)| !text.starts_with("//! "));
    none("a crate opens with its purpose", purpose.map(|(path, _)| (*path).to_owned()));
    // A program's `main` is a door; the map is the library's.
    let map = |text: &str| text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("Never"));
    let lost = roots.iter().filter(|(path, text)| path.ends_with("lib.rs") && !map(text));
    none("a crate says what is never in it", lost.map(|(path, _)| (*path).to_owned()));
}

#[test]
fn nothing_is_left_unfinished_or_passed_over() {
    let words = unfinished();
    // A test that only another test runs, in a process of its own, says whose child it is.
    let child = format!("{} = \"the child of ", words[2]);
    let texts = rust().map(|(path, text)| (path, text.replace(&child, "")));
    none("finish it, or leave it out", texts.flat_map(|(path, text)| found(path, &text, &words)));
}

#[test]
fn no_file_knows_where_it_was_written() {
    let places = places();
    let texts = tracked().iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)));
    none("a path of one computer", texts.flat_map(|(path, text)| found(path, text, &places)));
}

#[test]
fn what_is_pure_never_waits_and_opens_nothing() {
    let words = ["std::fs", "std::net::Tcp", "tokio::", "async fn", ".await", "thread::sleep"].map(str::to_owned);
    let is_code = |path: &str| !path.contains("/tests/") && !path.ends_with("/tests.rs");
    let pure = rust().filter(|(path, _)| PURE.iter().any(|crate_| path.starts_with(crate_)) && is_code(path));
    none("design §1: bytes in, bytes out", pure.flat_map(|(path, text)| found(path, code(text), &words)));
}

#[test]
fn sql_is_only_in_the_database_and_sockets_only_at_the_ends() {
    let sql = ["sqlx::".to_owned()];
    let elsewhere =
        rust().filter(|(path, _)| !path.starts_with("mailbox/sqlite/") && !path.starts_with("conformance/"));
    none("SQL is in mailbox/sqlite", elsewhere.flat_map(|(path, text)| found(path, text, &sql)));
    let sockets = ["TcpStream", "TcpListener", "UnixStream", "UnixListener"].map(str::to_owned);
    let inside = rust().filter(|(path, _)| !SOCKETS.iter().any(|end| path.starts_with(end)));
    none("sockets are at the ends", inside.flat_map(|(path, text)| found(path, text, &sockets)));
}

#[test]
fn a_word_is_found_with_its_line() {
    let text = format!("fn a() {{}}\nfn b() {{ {}() }}\n#[cfg(test)]\n", unfinished()[0]);
    assert_eq!(found("x.rs", &text, &unfinished()), [format!("x.rs:2: {}", unfinished()[0])]);
    assert_eq!(code("one #[cfg(test)] two"), "one ");
}
