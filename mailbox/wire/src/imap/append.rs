//! APPEND (RFC 3501 §6.3.11), with APPENDUID (RFC 4315 §3) and LITERAL+ (RFC 7888).
//!
//! The message is never kept here: its octets go out as pieces while they come in, and only then is the server asked
//! to file it.

use fumibako_model::{FolderName, NamedFlags, Private, Refusal, Refused, Uid, UidValidity};
use jiff::Timestamp;

use super::command::{self, Unreadable};
use super::cursor::{Cursor, Mailbox, Parsed};
use super::input::{Literal, Read};
use super::news::Done;
use super::session::{Phase, Session, Work};
use super::settings::{COMMAND_BYTES, PASSED_BYTES, STEP_BYTES};
use super::{Ask, date};
use crate::Effect;
use crate::mime::{HEADER_BYTES, Measure};

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Append {
    tag: String,
    folder: FolderName,
    flags: NamedFlags,
    date: Option<Timestamp>,
    /// Octets still to come.
    left: u64,
    header: Measure,
}

impl Append {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

/// What stands before a message literal.
struct Head {
    mailbox: Mailbox,
    flags: NamedFlags,
    date: Option<Timestamp>,
}

/// ```text
/// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal
/// ```
///
/// Reads a command up to the literal it ends with. `None`: the literal is no message but an argument.
fn head(command: &[u8]) -> Option<(&str, Parsed<Head>)> {
    let mut cursor = Cursor::new(command);
    let tag = cursor.tag().ok()?;
    if !cursor.take_word(" APPEND ") || ends_with_this_literal(&cursor) {
        return None;
    }
    Some((tag, arguments(&mut cursor)))
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed<Head> {
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let mut head = Head { mailbox, flags: NamedFlags::default(), date: None };
    if cursor.peek() == Some(b'(') {
        head.flags = command::flag_list(cursor)?;
        cursor.space()?;
    }
    if cursor.peek() == Some(b'"') {
        head.date = Some(date::date_time(cursor)?);
        cursor.space()?;
    }
    if ends_with_this_literal(cursor) { Ok(head) } else { cursor.bad("the message as a literal") }
}

/// The rest is one literal's announcement.
fn ends_with_this_literal(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == Some(b'{') && memchr::memchr(b'\n', cursor.rest()) == Some(cursor.rest().len() - 1)
}

impl Session {
    /// A literal is announced: a message to stream, an argument to take in, or something to refuse before it comes.
    pub(super) fn literal(&mut self, literal: Literal) {
        let known = !matches!(self.phase, Phase::Greeted);
        if !literal.waits && literal.size > if known { PASSED_BYTES } else { COMMAND_BYTES as u64 } {
            return self.bye_saying("[TOOBIG] The literal is too large.");
        }
        let command = self.input.command().to_vec();
        match head(&command) {
            Some((tag, Ok(head))) => self.append(tag.to_owned(), head, literal),
            Some((tag, Err(bad))) => {
                self.input.refuse(literal);
                self.not_understood(&Unreadable { tag: Some(tag.to_owned()), why: bad.into() });
            }
            None => match usize::try_from(literal.size) {
                Ok(size) if command.len().saturating_add(size) <= COMMAND_BYTES => {
                    self.input.accept(size);
                    if literal.waits {
                        self.say(b"+ Go on.\r\n");
                    }
                }
                _ => {
                    self.input.refuse(literal);
                    self.unreadable(&command, "The literal is too large here.");
                }
            },
        }
    }

    fn append(&mut self, tag: String, Head { mailbox, flags, date }: Head, literal: Literal) {
        match self.appendable(mailbox, literal.size) {
            Ok(folder) => {
                self.input.stream();
                if literal.waits {
                    self.say(b"+ Go on.\r\n");
                }
                self.go_on(Work::Append(Append {
                    tag,
                    folder,
                    flags,
                    date,
                    left: literal.size,
                    header: Measure::default(),
                }));
            }
            Err(why) => {
                self.input.refuse(literal);
                match why {
                    Some(refused) => self.refuse_here(&tag, refused),
                    None => self.bad(&tag, "Log in first."),
                }
            }
        }
    }

    /// What can be refused before the message comes.
    fn appendable(&self, mailbox: Mailbox, size: u64) -> Result<FolderName, Option<Refused>> {
        if matches!(self.phase, Phase::Greeted) {
            return Err(None);
        }
        let folder = mailbox.ok_or(Some(Refusal::NoSuchFolder.into()))?;
        if folder.is_incoming() {
            // Profile §7.3: incoming content is the gateway's alone.
            return Err(Some(Refusal::FolderIsProtected.about(folder.as_str())));
        }
        if size > self.settings.message_bytes {
            return Err(Some(
                Refusal::MessageTooLarge.about(format!("at most {} octets", self.settings.message_bytes)),
            ));
        }
        if size == 0 {
            return Err(Some(Refusal::MessageMalformed.about("it is empty")));
        }
        Ok(folder)
    }

    /// Octets of the message, then the end of the line.
    pub(super) fn append_more(&mut self, mut append: Append) -> bool {
        if append.left == 0 {
            return self.append_end(append);
        }
        let piece = self.input.take(append.left.min(2 * STEP_BYTES as u64));
        let came = !piece.is_empty();
        append.left -= piece.len() as u64;
        append.header.read(&piece);
        // Profile §12.1: of a message with too long a header nothing more is passed on; its end is awaited.
        if came && append.header.over().is_none() {
            self.effect(Effect::Body(Private(piece)));
        }
        self.go_on(Work::Append(append));
        came
    }

    fn append_end(&mut self, append: Append) -> bool {
        let bad = match self.input.read() {
            Read::More => {
                self.go_on(Work::Append(append));
                return false;
            }
            Read::Command(line) if line == b"\r\n" => {
                if let Some(over) = append.header.over() {
                    let refused = Refusal::from(over).about(format_args!("at most {HEADER_BYTES} octets"));
                    self.refuse_here(&append.tag, refused);
                    self.ask(Ask::Discard, Work::Discard);
                    return true;
                }
                let Append { folder, flags, date, .. } = &append;
                let ask = Ask::Append { folder: folder.clone(), flags: flags.clone(), date: *date };
                self.ask(ask, Work::Append(append));
                return true;
            }
            Read::Literal(literal) => {
                self.input.refuse(literal);
                "One message at a time."
            }
            Read::Command(_) | Read::BareLineFeed(_) | Read::Passed => "Expected the end of the line.",
            Read::TooLong => {
                self.go_on(Work::Append(append));
                self.bye_saying("[TOOBIG] The line is too long.");
                return true;
            }
        };
        self.bad(&append.tag, bad);
        self.ask(Ask::Discard, Work::Discard);
        true
    }

    pub(super) fn appended(&mut self, Append { tag, folder, .. }: Append, validity: UidValidity, uid: Uid) {
        // RFC 3501 §6.3.11: a client that has this folder open is told at once.
        let here = self.view().is_some_and(|view| view.name == folder);
        self.finish(Done::ok(tag, &format!("[APPENDUID {} {uid}] APPEND done.", validity.0)), here);
    }
}
