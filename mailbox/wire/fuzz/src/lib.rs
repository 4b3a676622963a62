//! What the targets share with the tests: the servers in memory, and the law that a conversation owes any bytes.
//!
//! Start at [`smtp`], [`imap`] and [`pop3`]. Never here: a law of its own; a quick test holds the same one.
#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/all/claims.rs"]
mod claims;
#[path = "../../tests/all/imap_office.rs"]
mod imap_office;
#[path = "../../tests/all/imap_tree.rs"]
mod imap_tree;
#[path = "../../tests/all/law.rs"]
mod law;
#[path = "../../tests/all/player.rs"]
mod player;
#[path = "../../tests/all/pop3_maildrop.rs"]
mod pop3_maildrop;
#[path = "../../tests/all/smtp_gateway.rs"]
mod smtp_gateway;
#[path = "../../tests/all/transcript.rs"]
mod transcript;

/// A login, so that most inputs get behind it; others begin with `!`.
fn behind<'a>(login: &'a [u8], input: &'a [u8]) -> Vec<u8> {
    match input {
        [dice, b'!', rest @ ..] => [&[*dice], rest].concat(),
        [dice, rest @ ..] => [&[*dice], login, rest].concat(),
        [] => Vec::new(),
    }
}

/// An SMTP conversation.
pub fn smtp(input: &[u8]) {
    let input = behind(b"EHLO pc\r\nAUTH PLAIN AGthd2FyYQBzZWNyZXQ=\r\n", input);
    assert!(law::are_replies(&law::hold(smtp_gateway::Gateway::default, &input)));
}

/// An IMAP conversation over a draft.
pub fn imap(input: &[u8]) {
    const DRAFT: &[u8] =
        b"a LOGIN 9970000011 himitsu\r\nb APPEND Drafts {31+}\r\nFrom: a@b\r\nSubject: x\r\n\r\nbody\r\n\r\n\
                           c SELECT Drafts\r\n";
    law::hold(imap_office::Office::default, &behind(DRAFT, input));
}

/// A POP3 conversation over two messages.
pub fn pop3(input: &[u8]) {
    let drop = || pop3_maildrop::Maildrop::of(&[b"A: b\r\n\r\n.c\r\n", b"\r\nd"]);
    law::hold(drop, &behind(b"USER 9970000011\r\nPASS secret\r\n", input));
}
