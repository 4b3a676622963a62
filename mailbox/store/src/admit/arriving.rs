//! A message on its way in: its body goes to where it is kept, and admission keeps what it needs to judge. What that takes
//! in memory does not grow with the message.

use std::net::IpAddr;
use std::ops::Range;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use fumibako_model::{Domain, HEADER_BYTES, OfficeNumber, Private, Promised, Refusal};
use fumibako_signer::{Signature, SignatureError, SignedStream};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use memchr::memmem;

use super::Rules;
use super::content::{Part, PartStream, claimed};
use super::fields::Fields;
use crate::bodies::{Day, Spool, Spooled};
use crate::keep::StoreError;

/// A message that is being received. Give it every piece, then ask with [`Arriving::finish`].
pub struct Arriving {
    body: Spool,
    /// Where the field stands that says how long it is kept.
    announced: Range<usize>,
    keep: Promised,
    most_bytes: usize,
    size: usize,
    header: Vec<u8>,
    header_ended: bool,
    stream: SignedStream,
    part: PartStream,
    all: Context,
}

/// A message that has come whole. Nothing of it is judged yet.
pub struct Arrived {
    announced: Announced,
    header: Vec<u8>,
    signature: Result<Signature, SignatureError>,
    part: Part,
    sums: Sums,
    body: Spool,
}

/// What a message that says it is a receipt says of itself; nothing vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The Message-ID of what it is about; empty where it cannot be read.
    pub original: String,
    /// The office in its `From`.
    pub from: Option<OfficeNumber>,
    /// SHA-256 of the message.
    pub sha256: [u8; 32],
}

/// The size and digest of what was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) size: u64,
    /// Of all octets.
    pub(super) sha256: [u8; 32],
}

/// How a message came here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// From this address.
    pub peer: IpAddr,
    /// What the client called itself, where that is a name.
    pub greeted: Option<Domain>,
    /// Its addresses or fields may be UTF-8 (RFC 6531).
    pub utf8: bool,
    /// What the log knows the connection by.
    pub reference: String,
}

impl Via {
    /// As most messages come, under some reference.
    pub fn of(peer: impl Into<IpAddr>) -> Self {
        Self { peer: peer.into(), greeted: None, utf8: false, reference: "7QX4KD".into() }
    }
}

/// Where a body says until when it is kept, and how long that is.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    at: Range<usize>,
    keep: Promised,
}

impl Announced {
    /// Profile §8.25: a body that is still in memory goes by the day of its commit, which may be another than that on which it began.
    pub(super) fn say_again(self, body: &mut Spool, day: Day) {
        body.replace(self.at, expires(&self.keep, day).as_bytes());
    }
}

impl Arriving {
    /// Before the first octet. The body begins with the gateway's trace field (RFC 5321 §4.4).
    pub fn new(mut body: Spool, via: Via, rules: &Rules, now: Timestamp) -> Result<Self, StoreError> {
        let (trace, expires) = (trace(via, rules, now), expires(&rules.keep, Day::of(now)));
        body.write(trace.as_bytes())?;
        body.write(expires.as_bytes())?;
        Ok(Self {
            body,
            announced: trace.len()..trace.len() + expires.len(),
            keep: rules.keep.clone(),
            most_bytes: rules.most_bytes,
            size: 0,
            header: Vec::new(),
            header_ended: false,
            stream: SignedStream::new(),
            part: PartStream::new(),
            all: Context::new(&SHA256),
        })
    }

    /// The next octets, as received. After an error the message is lost; drop it.
    pub fn receive(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        self.size += piece.len();
        if self.size > self.most_bytes {
            return Err(Refusal::MessageTooLarge.about(format_args!("limit {} bytes", self.most_bytes)).into());
        }
        self.body.write(piece)?;
        self.all.update(piece);
        self.take_header(piece);
        // Why a signature does not hold is asked at the end, when it is its turn.
        let part = &mut self.part;
        let _ = self.stream.receive_with(piece, &mut |octets| part.receive(octets));
        Ok(())
    }

    /// Keeps the header section.
    fn take_header(&mut self, piece: &[u8]) {
        if self.header_ended {
            return;
        }
        let before = self.header.len();
        // One octet more than a header may have, so that a longer one is seen.
        let room = (HEADER_BYTES + 1).saturating_sub(before);
        self.header.extend_from_slice(&piece[..piece.len().min(room)]);
        let looked_at = before.saturating_sub(3);
        if let Some(found) = memmem::find(&self.header[looked_at..], b"\r\n\r\n") {
            self.header.truncate(looked_at + found + 4);
            self.header_ended = true;
        }
    }

    /// Do its octets go to the disk as they come?
    pub fn is_filed(&self) -> bool {
        self.body.is_filed()
    }

    /// Octets held in memory.
    pub fn held(&self) -> usize {
        self.header.len() + self.part.held() + self.body.held()
    }

    /// The whole message with its trace field, for somebody who keeps it as long as he likes; `None` if it is not in memory any more.
    pub fn into_octets(self) -> Result<Option<Private<Vec<u8>>>, StoreError> {
        if self.body.is_filed() {
            return Ok(None);
        }
        match self.body.finish(b"")? {
            Spooled::Memory(mut octets) => {
                octets.drain(self.announced);
                Ok(Some(Private(octets)))
            }
            Spooled::Filed(_) => Ok(None),
        }
    }

    /// After the last octet.
    pub fn finish(self) -> Arrived {
        Arrived {
            announced: Announced { at: self.announced, keep: self.keep },
            header: self.header,
            signature: self.stream.finish(),
            part: self.part.finish(),
            sums: Sums { size: self.size as u64, sha256: octets(self.all.finish()) },
            body: self.body,
        }
    }
}

#[cfg(test)]
impl Arrived {
    /// The same once more, if it is not sealed: a table of many rows reads and verifies each message once.
    pub(super) fn again(&self, body: Spool) -> Self {
        let part = match &self.part {
            Part::Readable(part) => Part::Readable(part.clone()),
            Part::Unread(header) => Part::Unread(header.clone()),
            Part::Sealed(_) => panic!("a sealed part passes by once"),
        };
        let announced = self.announced.clone();
        Self { announced, header: self.header.clone(), signature: self.signature.clone(), part, sums: self.sums, body }
    }
}

impl Arrived {
    /// The header section, its empty line included.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// The verified signature, or why there is none.
    pub(super) fn signature(&self) -> Result<&Signature, &SignatureError> {
        self.signature.as_ref()
    }

    /// Does it say that it is a receipt? Asked before it is judged, for what is written down should it be refused.
    pub fn as_receipt(&self) -> Option<Claimed> {
        let original = claimed(&self.part, &self.header)?;
        let from =
            Fields::read(&self.header).and_then(|fields| fields.from()).ok().and_then(|from| from.office_number());
        Some(Claimed { original, from, sha256: self.sums.sha256 })
    }

    /// The signed part, the sums, and the body.
    pub(super) fn into_parts(self) -> (Part, Sums, (Announced, Spool)) {
        (self.part, self.sums, (self.announced, self.body))
    }
}

fn octets(sum: Digest) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(sum.as_ref());
    octets
}

/// RFC 5321 §4.4: the trace field of a message that comes in here.
///
/// ```text
/// from = (domain / address-literal) SP "(" address-literal ")"
/// ```
fn trace(via: Via, rules: &Rules, now: Timestamp) -> String {
    let peer = match via.peer {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let date = DateTimePrinter::new().timestamp_to_string(&now).unwrap_or_default();
    // Profile §13.4, RFC 3848, RFC 6531 §4.3
    let protocol = if via.utf8 { "UTF8SMTPSA" } else { "ESMTPSA" };
    let name = via.greeted.map_or(peer.clone(), |name| name.to_string());
    let (host, id) = (&rules.domain, via.reference);
    format!("Received: from {name} ({peer})\r\n by {host} with {protocol} id {id};\r\n {date}\r\n")
}

/// Profile §8.25, RFC 4021: until when content that comes now is kept. Behind the trace field, before all that was signed;
/// hashes and signatures are over what came.
fn expires(keep: &Promised, day: Day) -> String {
    let end = keep.end_of(day.0);
    let date = end.and_then(|end| DateTimePrinter::new().timestamp_to_string(&end).ok());
    date.map_or_else(String::new, |date| format!("Expires: {date}\r\n"))
}

#[cfg(test)]
mod tests {
    use fumibako_model::Retention;
    use jiff::fmt::rfc2822::DateTimeParser;

    use super::*;
    use crate::bodies::Bodies;

    const MESSAGE: &[u8] = b"From: a@b\r\nTo: c@d\r\n\r\nbody\r\n";

    fn arriving(folder: &tempfile::TempDir, most_bytes: usize) -> Arriving {
        arriving_by(folder, most_bytes, Promised::always(Retention::default()))
    }

    fn arriving_by(folder: &tempfile::TempDir, most_bytes: usize, keep: Promised) -> Arriving {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let rules = Rules { most_bytes, keep, ..Rules::new("plans.example".parse().unwrap()) };
        let spool = Bodies::open(folder.path()).unwrap().spool(Day::of(now));
        Arriving::new(spool, Via::of(std::net::Ipv4Addr::LOCALHOST), &rules, now).unwrap()
    }

    #[test]
    fn the_size_limit_holds_on_each_side() {
        let folder = tempfile::tempdir().unwrap();
        assert!(arriving(&folder, MESSAGE.len()).receive(MESSAGE).is_ok());
        let refused = arriving(&folder, MESSAGE.len() - 1).receive(MESSAGE);
        let Err(StoreError::Refused(refused)) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.why, Refusal::MessageTooLarge);
    }

    #[test]
    fn however_it_is_cut_the_header_and_the_sums_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for cut in 1..MESSAGE.len() {
            let mut arriving = arriving(&folder, 1 << 20);
            MESSAGE.chunks(cut).for_each(|piece| arriving.receive(piece).unwrap());
            let arrived = arriving.finish();
            assert_eq!(arrived.header(), b"From: a@b\r\nTo: c@d\r\n\r\n", "cut at {cut}");
            let sum = aws_lc_rs::digest::digest(&SHA256, MESSAGE);
            assert_eq!((arrived.sums.size, arrived.sums.sha256.as_slice()), (MESSAGE.len() as u64, sum.as_ref()));
        }
    }

    // Profile §8.25
    #[test]
    fn until_when_it_is_kept_stands_above_the_message_and_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = arriving(&folder, 1 << 20);
        kept.receive(MESSAGE).unwrap();
        let sums = arriving(&folder, 1 << 20);
        assert_eq!(sums.finish().sums.size, 0);
        let Spooled::Memory(octets) = kept.body.finish(b"").unwrap() else { panic!("a small body") };
        let said =
            fumibako_model::kept_until(&octets).and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        assert_eq!(said, "2027-02-24T00:00:00Z".parse().ok(), "90 full days after the day it came");
        assert_eq!(fumibako_model::as_it_came(&octets, &fumibako_model::hash(MESSAGE)), Some(MESSAGE));
        let mut read = arriving(&folder, 1 << 20);
        read.receive(MESSAGE).unwrap();
        let Private(octets) = read.into_octets().unwrap().unwrap();
        assert_eq!(fumibako_model::kept_until(&octets), None, "who keeps it longer does not say so");
        assert!(octets.starts_with(b"Received: ") && octets.ends_with(MESSAGE));
    }

    // Profile §8.25, §11.4
    #[test]
    fn a_message_over_midnight_says_the_end_of_the_day_that_it_is_kept_by() {
        let folder = tempfile::tempdir().unwrap();
        let said = |announced: Announced, mut body: Spool| {
            announced.say_again(&mut body, Day::of("2026-11-26T00:00:10Z".parse().unwrap()));
            let Spooled::Memory(octets) = body.finish(b"").unwrap() else { return None };
            assert_eq!(fumibako_model::as_it_came(&octets, &fumibako_model::hash(MESSAGE)), Some(MESSAGE));
            fumibako_model::kept_until(&octets).map(str::to_owned)
        };
        let mut small = arriving(&folder, 1 << 20);
        small.receive(MESSAGE).unwrap();
        let (_, _, (announced, body)) = small.finish().into_parts();
        assert_eq!(said(announced, body).unwrap(), "Thu, 25 Feb 2027 00:00:00 -0000");
        // What is in a file already stays in the day whose file it is.
        let mut large = arriving(&folder, 4 << 20);
        large.receive(MESSAGE).unwrap();
        large.receive(&vec![b'x'; 2 << 20]).unwrap();
        let (_, _, (announced, body)) = large.finish().into_parts();
        assert!(body.is_filed() && said(announced, body).is_none());
    }

    // Profile §8.25, §11.5
    #[test]
    fn on_the_day_of_a_shorter_retention_the_end_is_still_the_longer_one() {
        let folder = tempfile::tempdir().unwrap();
        let (today, shorter) = (Day::of("2026-11-25T12:00:00Z".parse().unwrap()), Retention::new(30).unwrap());
        for (day, end) in [(today, "Wed, 24 Feb 2027"), (Day(today.0 + 1), "Sun, 27 Dec 2026")] {
            let keep = Promised::always(Retention::default()).from_now_on(shorter, Some(today.0));
            let mut arriving = arriving_by(&folder, 1 << 20, keep);
            arriving.receive(MESSAGE).unwrap();
            let (_, _, (announced, mut body)) = arriving.finish().into_parts();
            announced.say_again(&mut body, day);
            let Spooled::Memory(octets) = body.finish(b"").unwrap() else { panic!("it is small") };
            assert_eq!(fumibako_model::kept_until(&octets), Some(format!("{end} 00:00:00 -0000").as_str()));
        }
    }

    #[test]
    fn of_a_header_without_an_end_one_octet_too_many_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut arriving = arriving(&folder, 1 << 20);
        (0..3).for_each(|_| arriving.receive(&vec![b'x'; HEADER_BYTES]).unwrap());
        assert_eq!(arriving.finish().header().len(), HEADER_BYTES + 1);
    }
}
