//! What every conversation owes any bytes, whatever the server answers. The fuzz targets hold it for hours, a test for a moment.

use fumibako_model::Private;
use fumibako_wire::{Conversation, Effect};
use jiff::Timestamp;

use crate::claims::OFFER;
use crate::player::{Desk, Settings};

/// Bytes said at once, at most.
const SAID_AT_ONCE: usize = 512 << 10;
/// Effects of one piece received, at most: a conversation comes to rest.
const EFFECTS: usize = 100_000;

/// How many lines the client says in a breath, before it has the answers.
const LINES: [usize; 4] = [usize::MAX, 1, 2, 5];

/// Plays an input: its first octet says which questions the server refuses, how many lines are said in a breath, and how these are
/// cut. Panics where the law does not hold: a conversation comes to rest, says nothing after its end, a bounded amount at once,
/// whole lines, and the same however the network cuts what it hears.
pub(crate) fn hold<D: Desk>(desk: impl Fn() -> D, input: &[u8]) -> Vec<u8> {
    let Some((dice, bytes)) = input.split_first() else { return Vec::new() };
    let whole = played(desk(), *dice, bytes, 4096);
    let cut = played(desk(), *dice, bytes, 1 + usize::from(*dice) % 16);
    let [said, otherwise] = [&whole, &cut].map(|said| String::from_utf8_lossy(said));
    // RFC 5465 §3: what NOTIFY asks for comes when nothing else waits, so where it stands is the network's to decide.
    let unasked = bytes.to_ascii_uppercase().windows(6).any(|word| word == b"NOTIFY");
    assert!(unasked || whole == cut, "cut otherwise it says otherwise:\n{said}\nand\n{otherwise}");
    assert!(whole.is_empty() || whole.ends_with(b"\r\n"), "half a line: {}", String::from_utf8_lossy(&whole));
    whole
}

/// What is said and handed on.
fn played<D: Desk>(mut desk: D, dice: u8, bytes: &[u8], cut: usize) -> Vec<u8> {
    let now = Timestamp::UNIX_EPOCH;
    let mut session = desk.open(now, &Settings::new());
    let (mut said, mut body, mut asked) = (Vec::new(), Vec::new(), 0_u8);
    for (goes_on, piece) in std::iter::once((false, &b""[..])).chain(pieces(dice, bytes, cut)) {
        if goes_on {
            session.goes_on();
        }
        session.receive(now, piece);
        for count in 0.. {
            assert!(count < EFFECTS, "it never rests");
            match session.next() {
                None => break,
                Some(Effect::Send(bytes)) => {
                    assert!(bytes.len() <= SAID_AT_ONCE, "{} octets at once", bytes.len());
                    said.extend(bytes);
                }
                Some(Effect::Body(Private(piece))) => body.extend(piece),
                Some(Effect::Refused(_) | Effect::Ponder | Effect::Compress(_)) => {}
                Some(Effect::StartTls) => session.secured(now, OFFER),
                Some(Effect::Ask(ask)) => {
                    asked = asked.wrapping_add(1);
                    // A third of the questions is refused by some of the dice.
                    let refuses = dice >= 128 && (asked ^ dice).is_multiple_of(3);
                    let script = refuses.then_some("no E-TMP-002");
                    let answer = desk.answer(ask, std::mem::take(&mut body), script);
                    session.answer(now, answer.unwrap_or_else(|why| panic!("{why}")));
                }
                Some(Effect::Close) => {
                    assert!(session.next().is_none(), "something is wanted after the end");
                    session.receive(now, b"NOOP\r\n");
                    assert!(session.next().is_none(), "something is said after the end");
                    return said;
                }
            }
        }
    }
    said
}

/// What arrives at once, and whether a breath begins with it.
fn pieces(dice: u8, bytes: &[u8], cut: usize) -> impl Iterator<Item = (bool, &[u8])> {
    let (lines, mut ends) = (LINES[usize::from(dice >> 5) % LINES.len()], 0_usize);
    let breaths = bytes.split_inclusive(move |octet| {
        ends += usize::from(*octet == b'\n');
        *octet == b'\n' && ends.is_multiple_of(lines)
    });
    breaths.flat_map(move |breath| breath.chunks(cut).enumerate().map(|(at, piece)| (at == 0, piece)))
}

/// Every line of SMTP is a reply (RFC 5321 §4.2), of at most 512 octets; a challenge may be longer (RFC 4954 §4).
pub(crate) fn are_replies(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said);
    said.split_terminator("\r\n").all(|line| {
        let (code, rest) = line.split_at_checked(3).unwrap_or_default();
        let numbered = code.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with([' ', '-']);
        let plain = line.bytes().all(|b| matches!(b, b' '..=b'~'));
        numbered && plain && (line.len() <= 510 || code == "334")
    })
}
