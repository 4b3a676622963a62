//! Reading a name: tolerant where official texts themselves slip, exact about everything that routes a file.

use super::{FileName, NameFault, NameProblem, NamedMonth, Parts, Party, Recognised, Service, Slip};
use crate::time::NotASerial;
use crate::{Kind, OfficeNumber, Serial};

/// Longest name worth looking at, in bytes. A standard name has at most 80; file systems stop at 255 characters.
const LONGEST_NAME: usize = 1024;

/// Says what a file is by its name (without folders). Content is never read to route a file.
///
/// ```text
/// name     = csv-kind "_" [month "_"] party "_" party "_" serial ".CSV"       ; party: sender, then recipient
///          / "UPKIHON_IMAGE_" party "_" party "_" serial "_" branch ".jpg"
/// month    = 6DIGIT                 ; YYYYMM; 000000 for a supplement to tables 1-3
/// party    = office                 ; edition 3
///          / office "_" 2character  ; edition 4.1: サービス種類
///          / office "_" 3character  ; edition 4.0
/// office   = 10character            ; 0-9 A-Z
/// serial   = 14DIGIT                ; YYYYMMDDHHMMSS
/// branch   = 4DIGIT
/// ```
/// Profile §2.1. The extension is compared without case, and a month is read past where none belongs: both occur in official texts.
pub fn recognise(file_name: &str) -> Recognised {
    let Some((stem, extension)) = file_name.rsplit_once('.').filter(|_| file_name.len() <= LONGEST_NAME) else {
        return Recognised::Attachment;
    };
    let Some(kind) = resembles(stem).filter(|kind| could_be(*kind, extension)) else {
        return Recognised::Attachment;
    };
    let near_miss = |fault, parts| Recognised::NearMiss(NameProblem { kind, fault, parts });
    let Some(rest) = stem.strip_prefix(kind.code()).and_then(|rest| rest.strip_prefix('_')) else {
        return near_miss(unlike_kind(stem, kind), None);
    };
    if is_picture_in_csv(kind, extension) {
        return near_miss(NameFault::PictureExtension, None);
    }
    if let Some(fault) = copy_mark(stem) {
        return near_miss(fault, None);
    }
    let (parts, serial, mut slips) = match read(kind, rest) {
        Ok(read) => read,
        Err(fault) => return near_miss(fault, None),
    };
    if extension != "CSV" && extension != "jpg" && extension != "JPG" {
        slips.push(Slip::Extension);
    }
    match serial.parse::<Serial>() {
        Ok(serial) => Recognised::Standard { name: FileName { parts, serial }, slips },
        Err(NotASerial::NoSuchMoment) => near_miss(NameFault::SerialIsNoDate, Some(parts)),
        Err(NotASerial::Shape) => near_miss(NameFault::SerialShape(serial.chars().count()), None),
    }
}

/// The kind that the name was probably meant to be: capitals, full width and `I` or `l` for `1` aside.
fn resembles(stem: &str) -> Option<Kind> {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    let plain: String = stem.trim_start().chars().take(16).map(|c| narrow(c).to_ascii_uppercase()).collect();
    let found = Kind::at_start_of(&plain);
    // The official client's first guide prints UPIKYO; DLTIKYO is the same slip.
    found.or_else(|| match plain {
        p if p.starts_with("UPIKYO") || p.starts_with("UPLKYO") => Some(Kind::Table1),
        p if p.starts_with("DLTIKYO") || p.starts_with("DLTLKYO") => Some(Kind::DeletePlan),
        _ => None,
    })
}

/// Names that begin like a kind are common among PDFs, so the extension decides with the kind.
fn could_be(kind: Kind, extension: &str) -> bool {
    let is = |wanted: &str| extension.eq_ignore_ascii_case(wanted);
    match kind {
        Kind::PreventionBasicImage => is("jpg") || is("jpeg") || is("csv"),
        _ => is("csv"),
    }
}

/// A picture is JPEG; the standard has no other.
fn is_picture_in_csv(kind: Kind, extension: &str) -> bool {
    kind == Kind::PreventionBasicImage && extension.eq_ignore_ascii_case("csv")
}

fn unlike_kind(stem: &str, kind: Kind) -> NameFault {
    if stem.starts_with(kind.code()) { NameFault::Shape } else { NameFault::KindSpelling }
}

/// What browsers and Windows add to the name of a second copy.
fn copy_mark(stem: &str) -> Option<NameFault> {
    // macOS hands names over decomposed: ヒ and a combining mark.
    let copy = stem.contains("コピー") || stem.contains("コヒ\u{309A}ー");
    let marked = copy || stem.contains(" - Copy") || stem.ends_with(')') || stem.ends_with('）');
    marked.then_some(NameFault::CopyMark)
}

type Read<'a> = (Parts, &'a str, Vec<Slip>);

fn read(kind: Kind, rest: &str) -> Result<Read<'_>, NameFault> {
    let mut fields: Vec<&str> = rest.split('_').take(8).collect();
    let mut slips = Vec::new();
    let mut month = NamedMonth::Absent;
    if let Some(digits) = fields.first().copied().filter(|first| first.len() == 6) {
        month = named_month(digits)?;
        fields.remove(0);
    }
    if !kind.has_month() && month != NamedMonth::Absent {
        month = NamedMonth::Absent;
        slips.push(Slip::Month);
    }
    month.is_for(kind)?;
    let branch = match kind {
        Kind::PreventionBasicImage => Some(branch(&mut fields)?),
        _ => None,
    };
    let (sender, recipient, serial) = match fields[..] {
        [from, to, serial] => (party(from, None, End::Sender)?, party(to, None, End::Recipient)?, serial),
        [from, from_kind, to, to_kind, serial] => {
            (party(from, Some(from_kind), End::Sender)?, party(to, Some(to_kind), End::Recipient)?, serial)
        }
        _ => return Err(NameFault::Shape),
    };
    if sender.form() != recipient.form() {
        return Err(NameFault::Forms);
    }
    Ok((Parts { kind, month, sender, recipient, branch }, serial, slips))
}

fn named_month(digits: &str) -> Result<NamedMonth, NameFault> {
    match digits {
        "000000" => Ok(NamedMonth::Zero),
        digits => digits.parse().map(NamedMonth::Service).map_err(|_| NameFault::MonthUnknown),
    }
}

fn branch(fields: &mut Vec<&str>) -> Result<u16, NameFault> {
    let branch = fields.pop().filter(|text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
    branch.and_then(|text| text.parse().ok()).ok_or(NameFault::Branch)
}

/// Which of the two parties is meant.
#[derive(Clone, Copy)]
enum End {
    Sender,
    Recipient,
}

fn party(office: &str, service: Option<&str>, end: End) -> Result<Party, NameFault> {
    let length = office.chars().count();
    let office: OfficeNumber = office.parse().map_err(|_| match end {
        End::Sender => NameFault::SenderOffice(length),
        End::Recipient => NameFault::RecipientOffice(length),
    })?;
    let service = match service {
        None => None,
        Some(text) if text.len() == 3 => Some(Service::Code(text.parse().map_err(|_| NameFault::Service)?)),
        Some(text) => Some(Service::Kind(text.parse().map_err(|_| NameFault::Service)?)),
    };
    Ok(Party { office, service })
}
