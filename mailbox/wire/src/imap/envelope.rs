//! ENVELOPE (RFC 3501 §7.4.2).

use super::reply::{nstring, string};
use super::settings::ADDRESSES;
use crate::mime::{Address, Field, HEADER_BYTES, Header, addresses};

/// ```text
/// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
///            env-in-reply-to SP env-message-id ")"
/// ```
///
/// Values are unfolded; encoded words stay as they are. `None` is the envelope of a message that cannot be read.
pub(super) fn write(out: &mut Vec<u8>, header: Option<Header<'_>>) {
    let header = header.map(|header| Header::of(&header.octets()[..header.octets().len().min(HEADER_BYTES)]));
    let get = |name: &str| header.and_then(|header| header.get(name));
    let text = |out: &mut Vec<u8>, name: &str| nstring(out, get(name).map(Field::unfolded).as_deref());
    let list = |name: &str| get(name).map(|field| addresses(&field.unfolded(), ADDRESSES)).unwrap_or_default();
    let from = list("From");
    // Absent or empty Sender and Reply-To are those of From.
    let or_from = |list: Vec<Address>| if list.is_empty() { from.clone() } else { list };
    out.push(b'(');
    text(out, "Date");
    out.push(b' ');
    text(out, "Subject");
    for list in [from.clone(), or_from(list("Sender")), or_from(list("Reply-To")), list("To"), list("Cc"), list("Bcc")]
    {
        out.push(b' ');
        write_list(out, &list);
    }
    out.push(b' ');
    text(out, "In-Reply-To");
    out.push(b' ');
    text(out, "Message-ID");
    out.push(b')');
}

fn write_list(out: &mut Vec<u8>, list: &[Address]) {
    if list.is_empty() {
        return nstring(out, None);
    }
    out.push(b'(');
    for address in list {
        write_address(out, address);
    }
    out.push(b')');
}

/// ```text
/// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/// ```
fn write_address(out: &mut Vec<u8>, address: &Address) {
    match address {
        Address::Mailbox { name, route, local, host } => {
            out.push(b'(');
            nstring(out, name.as_deref());
            out.push(b' ');
            nstring(out, route.as_deref());
            out.push(b' ');
            string(out, local);
            out.push(b' ');
            // NIL would mean a group.
            string(out, host);
            out.push(b')');
        }
        Address::Group(name) => {
            out.extend_from_slice(b"(NIL NIL ");
            string(out, name);
            out.extend_from_slice(b" NIL)");
        }
        Address::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
    }
}
