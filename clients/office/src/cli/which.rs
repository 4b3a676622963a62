//! Which message somebody means who types the number of a list, or a Message-ID. Several may bear one Message-ID: those of different
//! offices, and of one office that used it again when the content was gone (Profile §5.8). Then none of them is taken for the other.

use std::collections::BTreeMap;

use fumibako_model::{Address, OfficeNumber, Party};
use jiff::Timestamp;
use mail_parser::MessageParser;

use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::trouble::{Trouble, Usage};

/// Of several, so many are named.
const NAMED: usize = 5;

/// The message that is meant.
pub(super) struct Meant {
    /// Its folder, which is open.
    pub(super) place: Place,
    /// All of it: looked at, and not handed over by that (Profile §15.5).
    pub(super) kept: Kept,
    /// Was it said by its number? Then it is this one and no other.
    pub(super) by_number: bool,
}

/// Who sent a message, and under which Message-ID, as its header says.
pub(super) fn named(kept: &Kept) -> (Option<OfficeNumber>, String) {
    let header = MessageParser::default().parse_headers(&kept.octets.0);
    let from = header.as_ref().and_then(|header| header.from()?.first()?.address()?.parse::<Address>().ok());
    let id = header.as_ref().and_then(|header| header.message_id()).unwrap_or_default().to_owned();
    (from.and_then(|from| from.office_number()), id)
}

/// Looks for it in the folders that `party` sees.
pub(super) async fn open(mailbox: &mut Mailbox, party: &Party, which: &str) -> Result<Meant, Trouble> {
    let mut fitting: Vec<(Place, Kept)> = Vec::new();
    let mut by_number = false;
    for (folder, office, query) in queries(which) {
        by_number = query.starts_with("UID ");
        for place in mailbox.places(party, folder).await? {
            // A number counts within one office's folder.
            if (office.is_some() || by_number) && place.office != office {
                continue;
            }
            match mailbox.select(place).await {
                // Who found it need not be one who may look everywhere.
                Err(Trouble::Refused { .. }) if !fitting.is_empty() => continue,
                selected => drop(selected?),
            }
            let uids = mailbox.search(&query).await?;
            fitting.extend(mailbox.headers(&uids).await?.into_iter().map(|kept| (place, kept)));
        }
    }
    let missing = || Trouble::NoMessage(which.to_owned());
    let (place, uid) = only(which, &fitting)?.ok_or_else(missing)?;
    mailbox.select(place).await?;
    let (_, head) = fitting.iter().find(|(at, head)| (*at, head.uid) == (place, uid)).ok_or_else(missing)?;
    let kept = mailbox.look(head).await?.ok_or_else(missing)?;
    Ok(Meant { place, kept, by_number })
}

/// The first place of the only one. What one office sent and another has is one message: it has one sender and came at one time.
fn only(which: &str, fitting: &[(Place, Kept)]) -> Result<Option<(Place, u32)>, Trouble> {
    let mut found: BTreeMap<(Option<OfficeNumber>, Timestamp), (Place, u32)> = BTreeMap::new();
    for (place, kept) in fitting {
        found.entry((named(kept).0, kept.arrived)).or_insert((*place, kept.uid));
    }
    if found.len() > 1 {
        let numbers = found.values().take(NAMED).map(|(place, uid)| number(*place, *uid)).collect();
        return Err(Trouble::Usage(Usage::Several(which.to_owned(), found.len(), numbers)));
    }
    Ok(found.into_values().next())
}

/// The number by which a list shows it, as it is typed.
pub(super) fn number(place: Place, uid: u32) -> String {
    let folder = if place.folder == Folder::Sent { "sent:" } else { "" };
    place.office.map_or_else(|| format!("{folder}{uid}"), |office| format!("{folder}{office}:{uid}"))
}

/// Can it stand in a search for a Message-ID? What cannot stand in an IMAP string names no message.
pub(super) fn is_searchable(id: &str) -> bool {
    !id.is_empty() && !id.chars().any(|c| !c.is_ascii_graphic() || matches!(c, '"' | '\\'))
}

/// Where to look, in order, and of which office alone.
fn queries(which: &str) -> Vec<(Folder, Option<OfficeNumber>, String)> {
    let (folder, number) = which.strip_prefix("sent:").map_or((Folder::Inbox, which), |number| (Folder::Sent, number));
    let (office, uid) = match number.split_once(':') {
        Some((office, uid)) => (office.parse().ok(), uid),
        None => (None, number),
    };
    if let Ok(uid) = uid.parse::<u32>() {
        return vec![(folder, office, format!("UID {uid}"))];
    }
    let id = which.trim().trim_start_matches('<').trim_end_matches('>');
    if !is_searchable(id) {
        return Vec::new();
    }
    let query = format!("HEADER Message-ID \"<{id}>\"");
    vec![(Folder::Inbox, None, query.clone()), (Folder::Sent, None, query)]
}

#[cfg(test)]
mod tests {
    use fumibako_model::Private;

    use super::*;
    use crate::exit::Exit;
    use crate::testing::now;

    fn kept(uid: u32, from: &str, arrived: Timestamp) -> Kept {
        let octets = format!("From: {from}@plans.example\r\nMessage-ID: <a@x.example>\r\n\r\n").into_bytes();
        Kept { uid, arrived, size: 100, flags: Vec::new(), octets: Private(octets) }
    }

    // Profile §8.19
    #[test]
    fn of_several_messages_none_is_taken_for_the_other() {
        let at = |office: Option<&str>, folder| Place { office: office.map(|office| office.parse().unwrap()), folder };
        let (mine, sent) = (at(None, Folder::Inbox), at(None, Folder::Sent));
        let check = |fitting: &[(Place, Kept)]| match only("a@x.example", fitting) {
            Ok(found) => Ok(found.map(|(place, uid)| number(place, uid))),
            Err(Trouble::Usage(Usage::Several(_, count, numbers))) => Err((count, numbers.join(" "))),
            Err(other) => panic!("{other}"),
        };
        let (one, other) = ("9970000011", "9970000029");
        let later = now() + jiff::SignedDuration::from_secs(1);
        assert_eq!(check(&[]), Ok(None));
        assert_eq!(check(&[(mine, kept(4, one, now()))]), Ok(Some("4".into())));
        let both = [(mine, kept(4, one, now())), (mine, kept(7, other, now()))];
        assert_eq!(check(&both), Err((2, "4 7".into())), "of two senders");
        let both = [(mine, kept(4, one, now())), (sent, kept(2, other, now()))];
        assert_eq!(check(&both), Err((2, "4 sent:2".into())), "received and sent");
        let both = [(mine, kept(4, one, later)), (mine, kept(7, one, now()))];
        assert_eq!(check(&both), Err((2, "7 4".into())), "one after the other");
        // An agent of both ends sees it twice.
        let ends = [at(Some(other), Folder::Inbox), at(Some(one), Folder::Sent)];
        let both = ends.map(|place| (place, kept(3, one, now())));
        assert_eq!(check(&both), Ok(Some(format!("{other}:3"))));
        assert_eq!(check(&both[1..]), Ok(Some(format!("sent:{one}:3"))));
        let many: Vec<_> = (0..9).map(|n| (mine, kept(n, &format!("997000000{n}"), now()))).collect();
        assert_eq!(check(&many), Err((9, "0 1 2 3 4".into())));

        let trouble = Trouble::Usage(Usage::Several("a@x.example".into(), 9, vec!["0".into(), "sent:1".into()]));
        assert_eq!(trouble.exit(), Exit::USAGE);
        for lang in [fumibako_careplan::Lang::Ja, fumibako_careplan::Lang::En] {
            let line = trouble.words(lang).line(lang);
            assert!(line.contains("a@x.example") && line.contains("0, sent:1") && line.contains('9'), "{line}");
        }
    }
}
