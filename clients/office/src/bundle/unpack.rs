//! Unpacking: the files of an opened message reach the disk whole, in a new folder, or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fumibako_careplan::{Gathered, Recognised, UnitKind, gather, recognise};
use fumibako_model::{BUNDLE_FIELD, BundleFacts, JAPAN, OfficeNumber, Private, Refusal, Refused};
use jiff::Timestamp;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::name::{Names, part, safe};
use crate::disk;
use crate::trouble::Trouble;

/// What the cover message is called on disk.
pub const COVER_NAME: &str = "メッセージ.txt";
/// Most parts looked at (Profile §12.1).
pub const PARTS: usize = 1_000;

/// What is inside a message.
#[derive(Debug)]
pub struct Contents {
    /// メッセージ, if there is one.
    pub cover: Option<Private<String>>,
    /// Its files under the names they came with, which may be anything.
    pub files: Vec<(Private<String>, Private<Vec<u8>>)>,
}

/// A file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its safe name.
    pub name: Private<String>,
    /// Its bytes.
    pub size: usize,
}

impl Contents {
    /// Takes a signed entity apart. Nothing in it is lost: what has no name gets one.
    pub fn read(part: &[u8]) -> Result<Self, Refused> {
        let message = MessageParser::default().parse(part).ok_or(Refusal::MessageMalformed)?;
        if message.parts.len() > PARTS {
            return Err(Refusal::TooManyParts.about(message.parts.len()));
        }
        let mut contents = Self { cover: None, files: Vec::new() };
        for (at, leaf) in message.parts.iter().enumerate().filter(|(_, leaf)| !leaf.is_multipart()) {
            let bytes = octets(&message, leaf)?;
            if contents.cover.is_none() && is_cover(leaf) {
                let text = without_display(leaf, leaf.text_contents().unwrap_or_default());
                contents.cover = Some(Private(text.to_owned())).filter(|Private(text)| !text.trim().is_empty());
                continue;
            }
            let name = leaf.attachment_name().map_or_else(|| nameless(at, leaf), str::to_owned);
            contents.files.push((Private(name), Private(bytes)));
        }
        Ok(contents)
    }

    /// Every care-plan file names this sender and this recipient, by the name it will have on disk (Profile §5.7). Of a
    /// sealed bundle nobody on the way could look.
    pub fn are_between(&self, from: OfficeNumber, to: OfficeNumber) -> Result<(), Refused> {
        for (name, _) in &self.files {
            let Recognised::Standard { name, .. } = recognise(&safe(&name.0)) else { continue };
            if name.sender().office != from {
                return Err(Refusal::FileNotFromSender.about(name.sender().office));
            }
            if name.recipient().office != to {
                return Err(Refusal::FileNotForRecipient.about(name.recipient().office));
            }
        }
        Ok(())
    }

    /// The kinds and the month that were announced outside the seal are those of the files inside (Profile §9.14): a mandate's
    /// limits were held against the announcement, since nobody on the way could look.
    pub fn are_as_announced(&self, announced: &BundleFacts) -> Result<(), Refused> {
        let sorted: Gathered<()> = gather(self.files.iter().map(|(name, _)| (safe(&name.0), ())));
        let kinds: Vec<&str> = sorted.kinds().into_iter().map(UnitKind::id).collect();
        let month = sorted.month().map(|month| month.to_string());
        if kinds == announced.units && month == announced.month && sorted.left_out.is_empty() {
            return Ok(());
        }
        Err(Refusal::SignedFieldsDiffer.about(BUNDLE_FIELD))
    }

    /// Is exactly this what stands in a folder? Only then was it saved there. Whoever moved it there may have broken off before that was
    /// durable: after `Ok(true)` it is.
    pub fn stands_in(&self, folder: &Path) -> Result<bool, Trouble> {
        let wanted = self.named();
        let held = fs::read_dir(folder).map(Iterator::count).unwrap_or_default();
        let stands = held == wanted.len()
            && wanted.iter().all(|(name, bytes)| fs::read(folder.join(name)).is_ok_and(|held| held == *bytes));
        if stands {
            disk::sync_folder(folder).and_then(|()| sync_above(folder)).map_err(Trouble::writing(folder))?;
        }
        Ok(stands)
    }

    /// Everything under its safe name, in the order it is written.
    fn named(&self) -> Vec<(String, &[u8])> {
        let mut names = Names::default();
        let files = self.files.iter().map(|(name, bytes)| (name.0.as_str(), bytes.0.as_slice()));
        let cover = self.cover.iter().map(|Private(text)| (COVER_NAME, text.as_bytes()));
        files.chain(cover).map(|(wanted, bytes)| (names.give(wanted), bytes)).collect()
    }

    /// Saves everything in a new folder at `target`, readable by this user alone. `token` is this message's own: what a crash left half-written under
    /// it is cleared first. After `Ok` the power may fail.
    ///
    /// | a crash after step    | finds on restart                                  |
    /// |-----------------------|---------------------------------------------------|
    /// | 1 files synced aside  | an unfinished folder that the next `save` clears  |
    /// | 2 folder renamed      | every file under its name                         |
    pub fn save(&self, target: &Path, token: &str) -> Result<Vec<Saved>, Trouble> {
        let month = target.parent().unwrap_or(Path::new("."));
        disk::private_folder(month).map_err(Trouble::writing(month))?;
        let aside = month.join(format!("{}{token}", disk::UNFINISHED));
        let saved = self.write_into(&aside).map_err(Trouble::writing(target)); // 1
        let saved = saved.and_then(|saved| move_into_place(&aside, target).map(|()| saved)); // 2
        if saved.is_err() {
            // A full disk should not stay full because of us; if this fails too, the next `save` clears it.
            let _ = fs::remove_dir_all(&aside);
        }
        saved
    }

    fn write_into(&self, folder: &Path) -> io::Result<Vec<Saved>> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        disk::private_folder(folder)?;
        let mut saved = Vec::new();
        for (name, bytes) in self.named() {
            let mut file = disk::private_file(&folder.join(&name))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            saved.push(Saved { name: Private(name), size: bytes.len() });
        }
        disk::sync_folder(folder)?;
        Ok(saved)
    }
}

fn move_into_place(aside: &Path, target: &Path) -> Result<(), Trouble> {
    // Renaming would replace an empty folder of that name, and nothing is ever overwritten.
    if target.exists() {
        return Err(Trouble::writing(target)(io::ErrorKind::AlreadyExists.into()));
    }
    fs::rename(aside, target).and_then(|()| sync_above(target)).map_err(Trouble::writing(target))
}

/// The month that has the folder, and what has the month, which an earlier run may have made.
fn sync_above(target: &Path) -> io::Result<()> {
    target.ancestors().skip(1).take(2).filter(|folder| *folder != Path::new("")).try_for_each(disk::sync_folder)
}

/// `受信/2026-11/20261120-091530-000042_ひまわり訪問介護_9970000011`: folders sort as their messages arrived, in Japan's time, since care
/// software wants bundles in the order in which they were sent. The six digits are the message's UID, which rises with every arrival
/// (RFC 3501 §2.3.1.1): so they sort what came within one second, whichever was saved first. What is saved once more has its number
/// behind them, `000042-2`: no name is taken twice.
pub fn place(save_folder: &Path, (arrived, uid): (Timestamp, u32), from: OfficeNumber, name: Option<&str>) -> PathBuf {
    let time = JAPAN.to_datetime(arrived);
    let month = save_folder.join(time.strftime("%Y-%m").to_string());
    let stem = format!("{}-{uid:06}", time.strftime("%Y%m%d-%H%M%S"));
    let taken = fs::read_dir(&month).into_iter().flatten().filter_map(Result::ok).filter_map(|entry| {
        let name = entry.file_name();
        let times = name.to_str()?.strip_prefix(&stem)?.split('_').next()?;
        if times.is_empty() { Some(1) } else { times.strip_prefix('-')?.parse::<u32>().ok() }
    });
    let again = taken.max().map_or_else(String::new, |times| format!("-{}", times.saturating_add(1)));
    let whose = name.map(part).filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!("_{name}"));
    month.join(format!("{stem}{again}{whose}_{from}"))
}

/// The first text that is not a file.
fn is_cover(leaf: &MessagePart<'_>) -> bool {
    let plain = leaf.content_type().is_none_or(|kind| kind.ctype() == "text" && kind.subtype() == Some("plain"));
    plain
        && leaf.attachment_name().is_none()
        && !leaf.content_disposition().is_some_and(mail_parser::ContentType::is_attachment)
}

/// RFC 9788, legacy display: what stands above the first empty line repeats fields for other mail tools.
fn without_display<'t>(leaf: &MessagePart<'_>, text: &'t str) -> &'t str {
    let displays = leaf.content_type().and_then(|kind| kind.attribute("hp-legacy-display")) == Some("1");
    let end = ["\r\n\r\n", "\n\n"].iter().find_map(|gap| text.find(gap).map(|at| at + gap.len()));
    end.filter(|_| displays).map_or(text, |end| &text[end..])
}

/// The part's own bytes: decoded from their transfer encoding, and from nothing else (Profile §2.3).
fn octets(message: &Message<'_>, leaf: &MessagePart<'_>) -> Result<Vec<u8>, Refused> {
    let broken = || Refusal::MessageMalformed.about("transfer encoding");
    let range = leaf.offset_body as usize..leaf.offset_end as usize;
    let raw = message.raw_message.get(range).ok_or_else(broken)?;
    match leaf.encoding {
        Encoding::Base64 => base64_decode(raw).ok_or_else(broken),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).ok_or_else(broken),
        // The parser gave up on the encoding that the part names.
        Encoding::None if is_encoded(leaf) => Err(broken()),
        Encoding::None => Ok(raw.to_vec()),
    }
}

fn is_encoded(leaf: &MessagePart<'_>) -> bool {
    let named = leaf.content_transfer_encoding().unwrap_or_default();
    ["base64", "quoted-printable"].iter().any(|encoding| named.eq_ignore_ascii_case(encoding))
}

fn nameless(at: usize, leaf: &MessagePart<'_>) -> String {
    let subtype = leaf.content_type().and_then(|kind| kind.subtype());
    let extension = match (&leaf.body, subtype) {
        (PartType::Message(_), _) => "eml",
        (PartType::Html(_), _) => "html",
        (PartType::Text(_), Some("csv")) => "csv",
        (PartType::Text(_), _) => "txt",
        (_, Some("pdf")) => "pdf",
        _ => "bin",
    };
    format!("part-{at}.{extension}")
}

#[cfg(test)]
mod tests;
