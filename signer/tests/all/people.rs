//! Who takes part: an authority and offices, on one fixed day.

use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use fumibako_signer::{Identity, sign};
use jiff::{SignedDuration, Timestamp};

/// The moment every test stands at: 2026-11-05 10:10:10 UTC.
pub(crate) const AT: Timestamp = Timestamp::constant(1_793_873_410, 0);
/// An entity as the office program writes it.
pub(crate) const ENTITY: &[u8] =
    b"Content-Type: text/csv; charset=Shift_JIS\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    ODNYgs2DT4OJg2KDVA==\r\n\r\n";

pub(crate) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(crate) fn authority() -> Authority {
    Authority::create("検証用認証局", AT - days(30)).unwrap()
}

pub(crate) fn request(key: KeyKind, purpose: Purpose) -> Request<'static> {
    Request {
        common_name: "居宅介護支援 やまと",
        rfc822_name: "9912345678@example.jp",
        key,
        purpose,
        not_before: AT - days(1),
        not_after: AT + days(1),
    }
}

/// An office with a key for mail.
pub(crate) fn office(ca: &Authority, key: KeyKind) -> Identity {
    ca.issue(&request(key, Purpose::Mail)).unwrap()
}

/// A whole message: the field a mail needs above, the signed entity below.
pub(crate) fn message(entity: &[u8], identity: &Identity) -> Vec<u8> {
    [b"MIME-Version: 1.0\r\n", sign(entity, identity, AT).unwrap().as_slice()].concat()
}

/// openssl writes lines that end with LF around a content with CRLF; on its way every line gets CRLF.
pub(crate) fn as_sent(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}
