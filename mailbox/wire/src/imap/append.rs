//! APPEND of one message or several (RFC 3501 §6.3.11, RFC 3502), REPLACE (RFC 8508), with APPENDUID (RFC 4315 §3) and
//! LITERAL+ (RFC 7888) (Profile §7.13).
//!
//! The messages are never kept here: their octets go out as pieces while they come in, and only then is the server asked
//! to file them, all together.

use fumibako_model::{FolderId, FolderName, Private, Refusal, Refused, Uid, UidValidity};

use super::Ask;
use super::command::{By, Unreadable};
use super::cursor::{Cursor, Mailbox};
use super::input::{Literal, Read};
use super::news::Done;
use super::session::{Phase, Session, Work};
use super::set::{self, Set};
use super::settings::{COMMAND_BYTES, PASSED_BYTES, STEP_BYTES};
use crate::Effect;
use crate::mime::{HEADER_BYTES, Measure};

mod head;
use head::{Head, Marks, head, marks};

/// Most messages of one APPEND. Together they are no larger than one may be.
const MESSAGES: usize = 100;
const NUL: &str = "A NUL stands only in a literal8.";

/// Messages on their way in.
#[derive(Debug)]
pub(super) struct Append {
    tag: String,
    folder: FolderName,
    /// The message that goes when this one comes.
    replaces: Option<(FolderId, Uid)>,
    marks: Marks,
    /// Octets of this message still to come.
    left: u64,
    header: Measure,
    /// NUL came where none may.
    nul: bool,
    /// Messages so far, this one included, and their octets.
    messages: usize,
    octets: u64,
    /// Another is announced; it comes when the server has put the last one aside.
    next: Option<(Marks, Literal)>,
}

impl Append {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// How the line ends behind the last message.
    fn end(&self) -> &'static [u8] {
        if self.marks.in_utf8 { b")\r\n" } else { b"\r\n" }
    }

    /// The next message begins.
    fn begin(&mut self, marks: Marks, size: u64) {
        self.marks = marks;
        self.left = size;
        self.header = Measure::default();
        self.nul = false;
        self.messages += 1;
        self.octets += size;
    }
}

impl Session {
    /// A literal is announced: a message to stream, an argument to take in, or something to refuse before it comes.
    pub(super) fn literal(&mut self, literal: Literal) {
        let known = !matches!(self.phase, Phase::Greeted);
        if !literal.waits && literal.size > if known { PASSED_BYTES } else { COMMAND_BYTES as u64 } {
            return self.bye_saying("[TOOBIG] The literal is too large.");
        }
        let command = self.input.command().to_vec();
        match head(&command, self.speaks_utf8()) {
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

    fn append(&mut self, tag: String, Head { mailbox, replaces, marks }: Head, literal: Literal) {
        let appendable = self.appendable(mailbox, literal.size);
        let old = replaces.map(|(by, number)| self.replaced(by, number)).transpose();
        match (appendable, old) {
            (Ok(folder), Ok(replaces)) => {
                let (marked, header) = (Marks::default(), Measure::default());
                let mut append = Append {
                    tag,
                    folder,
                    replaces,
                    marks: marked,
                    left: 0,
                    header,
                    nul: false,
                    messages: 0,
                    octets: 0,
                    next: None,
                };
                append.begin(marks, literal.size);
                self.stream(append, literal);
            }
            (Err(None), _) => {
                self.input.refuse(literal);
                self.bad(&tag, "Log in first.");
            }
            (_, Err(why)) => {
                self.input.refuse(literal);
                if why.starts_with('[') { self.no(&tag, why) } else { self.bad(&tag, why) }
            }
            (Err(Some(refused)), _) => {
                self.input.refuse(literal);
                self.refuse_here(&tag, refused);
            }
        }
    }

    /// The octets of a message come now.
    fn stream(&mut self, append: Append, literal: Literal) {
        self.input.stream();
        if literal.waits {
            self.say(b"+ Go on.\r\n");
        }
        self.go_on(Work::Append(append));
    }

    /// The message a REPLACE names, or why it cannot be.
    fn replaced(&mut self, by: By, number: set::Num) -> Result<(FolderId, Uid), &'static str> {
        let Some(view) = self.view() else { return Err("Select a folder first.") };
        if view.read_only {
            return Err("[READ-ONLY] The folder is open read-only.");
        }
        if view.is_notices() {
            return Err("[NOPERM] Notices go when their time is over.");
        }
        let place = view.places(by, &Set(vec![(number, number)])).and_then(|mut places| places.next());
        match place.and_then(|place| view.entry(place)) {
            Some(entry) => Ok((view.folder, entry.uid)),
            None if by == By::Uid => Err("[NONEXISTENT] There is no message of that UID."),
            None => Err("There is no message of that number."),
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
        self.fitting(size, 0)?;
        Ok(folder)
    }

    /// Does a message of this size fit behind so many octets? RFC 3502 §6.3.11: an empty one calls the command off.
    fn fitting(&self, size: u64, behind: u64) -> Result<(), Refused> {
        let limit = self.settings.message_bytes;
        if size.saturating_add(behind) > limit {
            let what = if behind > 0 { " together" } else { "" };
            return Err(Refusal::MessageTooLarge.about(format!("at most {limit} octets{what}")));
        }
        if size == 0 { Err(Refusal::MessageMalformed.about("it is empty")) } else { Ok(()) }
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
        // Profile §7.46, RFC 3501 §9 CHAR8
        append.nul |= !append.marks.binary && memchr::memchr(0, &piece).is_some();
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
            Read::Command(_) if append.nul => NUL,
            Read::Command(_) if append.header.is_utf8() && !self.speaks_utf8() => {
                self.append_called_off(&append.tag);
                return true;
            }
            Read::Command(line) if line == append.end() => {
                self.append_whole(append);
                return true;
            }
            Read::Literal(literal) if append.nul => {
                self.input.refuse(literal);
                NUL
            }
            Read::Literal(literal) if append.header.is_utf8() && !self.speaks_utf8() => {
                self.input.refuse(literal);
                self.append_called_off(&append.tag);
                return true;
            }
            Read::Literal(literal) => {
                let line = self.input.command().to_vec();
                let mut cursor = Cursor::new(&line);
                let closed = !append.marks.in_utf8 || cursor.take(b')');
                match marks(&mut cursor).and_then(|marks| if closed { Ok(marks) } else { cursor.bad(")") }) {
                    Ok(marks) if append.replaces.is_none() => {
                        self.append_another(append, marks, literal);
                        return true;
                    }
                    Ok(_) => {
                        self.input.refuse(literal);
                        "One message replaces one."
                    }
                    Err(_) => {
                        self.input.refuse(literal);
                        "Expected another message or the end of the line."
                    }
                }
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

    /// The messages are all here.
    fn append_whole(&mut self, append: Append) {
        if let Some(refused) = too_long(&append) {
            return self.append_refused(&append.tag, refused);
        }
        let Append { folder, marks: Marks { flags, date, .. }, replaces, .. } = &append;
        let (folder, flags) = (folder.clone(), flags.clone());
        self.ask(Ask::Append { folder, flags, date: *date, replaces: *replaces }, Work::Append(append));
    }

    /// RFC 3502 §6.3.11: another message follows. The server puts the last one aside first.
    fn append_another(&mut self, mut append: Append, marks: Marks, literal: Literal) {
        let refused = if append.messages == MESSAGES {
            Some(Refusal::MessageTooLarge.about(format_args!("at most {MESSAGES} messages together")))
        } else {
            too_long(&append).or_else(|| self.fitting(literal.size, append.octets).err())
        };
        if let Some(refused) = refused {
            self.input.refuse(literal);
            return self.append_refused(&append.tag, refused);
        }
        let Marks { flags, date, .. } = append.marks.clone();
        append.next = Some((marks, literal));
        self.ask(Ask::PutAside { flags, date }, Work::Append(append));
    }

    /// Profile §7.25, RFC 6855 §4: who does not read headers in UTF-8 does not file them.
    fn append_called_off(&mut self, tag: &str) {
        self.no(tag, "[CANNOT] Its header is in UTF-8; say ENABLE UTF8=ACCEPT first.");
        self.ask(Ask::Discard, Work::Discard);
    }

    fn append_refused(&mut self, tag: &str, refused: Refused) {
        self.refuse_here(tag, refused);
        self.ask(Ask::Discard, Work::Discard);
    }

    /// The last message is put aside; the next one may come.
    pub(super) fn append_goes_on(&mut self, mut append: Append) {
        let Some((marks, literal)) = append.next.take() else { return self.bye(Refusal::Internal) };
        append.begin(marks, literal.size);
        self.stream(append, literal);
    }

    /// The server does not take the messages. One that was announced goes by.
    pub(super) fn append_failed(&mut self, append: &Append, refused: &Refused, reference: &str) {
        if let Some((_, literal)) = append.next {
            self.input.refuse(literal);
        }
        self.refuse_target(&append.tag, refused, reference);
    }

    pub(super) fn appended(&mut self, append: Append, validity: UidValidity, uids: &[Uid]) {
        let Append { tag, folder, replaces, .. } = append;
        // RFC 4315 §4: of several messages the UIDs stand in their order.
        let code = format!("[APPENDUID {} {}]", validity.0, set::write(uids.iter().map(|uid| uid.get())));
        // RFC 3501 §6.3.11: a client that has this folder open is told at once.
        let here = self.view().is_some_and(|view| view.name == folder);
        if here {
            self.own_messages(uids.iter().copied());
        }
        if replaces.is_some() {
            self.all_told = true;
            // RFC 8508 §3.2: the new message is told of before the old one goes.
            self.untagged(&format!("OK {code} It is filed."));
            return self.finish(Done::ok(tag, "REPLACE done.").removing(), true);
        }
        self.finish(Done::ok(tag, &format!("{code} APPEND done.")), here);
    }
}

fn too_long(append: &Append) -> Option<Refused> {
    let over = append.header.over()?;
    Some(Refusal::from(over).about(format_args!("at most {HEADER_BYTES} octets")))
}
