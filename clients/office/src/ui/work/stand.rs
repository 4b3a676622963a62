//! How a letter stands, by the outbox. One to several services of an office is several messages, and each has an end of its own:
//! while one of them waits, nobody changes the letter; what went is off it, so that sending the rest sends nothing twice.

use std::collections::BTreeSet;

use fumibako_web::part::Words;

use super::post::drafts;
use crate::outbox::{Entry, Fate as Posted};
use crate::trouble::Trouble;
use crate::ui::letters::{Fate, Letter};
use crate::ui::state::both;

/// How a letter stands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Stand {
    /// Nothing of it is in the outbox.
    Here,
    /// A part went into the outbox, and its files are off the letter.
    Partly,
    /// All of it is in the outbox, and something of it waits for the gateway.
    Waits,
    /// All of it is durable at the gateway.
    Sent,
    /// Nothing waits, and this was said of a part; the files of the rest are off the letter.
    Refused(Box<(Words, Words)>),
}

/// Profile §15.7: reads how a letter stands, and takes off it what needs no sending any more.
pub(in crate::ui) fn stand(letter: &mut Letter, entries: &[Entry]) -> Stand {
    let all = letter.ids.iter().map(|id| entries.iter().find(|entry| entry.message_id == *id));
    let all: Vec<Option<&Entry>> = all.collect();
    if all.iter().all(Option::is_none) {
        letter.ids.clear();
        return Stand::Here;
    }
    if all.iter().any(Option::is_none) {
        take_off(letter, &|at| all.get(at).is_some_and(|entry| entry.is_some_and(|entry| entry.refusal().is_none())));
        return Stand::Partly;
    }
    if all.iter().flatten().any(|entry| entry.fate == Posted::Waiting) {
        return Stand::Waits;
    }
    let Some((refused, reference)) = all.iter().flatten().find_map(|entry| entry.refusal()) else { return Stand::Sent };
    let before = letter.files.len();
    take_off(letter, &|at| all.get(at).is_some_and(|entry| entry.is_some_and(|entry| entry.refusal().is_none())));
    let (mut ja, mut en) = both(&Trouble::Refused { refused, reference });
    if letter.files.len() < before {
        ja.next.push_str("ほかのファイルは送信済みです。残っているファイルだけを送ります。");
        en.next.push_str(" The other files were sent; what is left here goes alone.");
    }
    Stand::Refused(Box::new((ja, en)))
}

/// How a letter ended whose messages were to be put into the outbox and posted.
pub(in crate::ui) fn ended(letter: &mut Letter, entries: &[Entry], trouble: Option<&Trouble>) -> Fate {
    match (stand(letter, entries), trouble) {
        (Stand::Sent, _) => Fate::Done,
        (Stand::Waits, _) => Fate::Offline(letter.ids.clone()),
        (Stand::Refused(words), _) => Fate::Failed(words),
        // BP-11: nothing is composed while the gateway cannot be asked who reads it.
        (Stand::Here, Some(trouble)) if trouble.passes() => Fate::Unasked,
        (Stand::Here, Some(trouble)) => Fate::Failed(Box::new(both(trouble))),
        (Stand::Here | Stand::Partly, None) => Fate::Failed(partly()),
        (Stand::Partly, Some(trouble)) => {
            let (mut words, rest) = (both(trouble), *partly());
            (words.0.next, words.1.next) = (rest.0.next, rest.1.next);
            Fate::Failed(Box::new(words))
        }
    }
}

/// Takes the files of some messages off a letter, by their number; what is left was never given a Message-ID.
fn take_off(letter: &mut Letter, gone: &dyn Fn(usize) -> bool) {
    let messages = drafts(letter).unwrap_or_default();
    let names = messages.iter().enumerate().filter(|(at, _)| gone(*at)).flat_map(|(_, draft)| {
        draft.files().map(|(name, _)| name.to_owned()).chain(draft.attached.iter().map(|file| file.name.0.clone()))
    });
    let names: BTreeSet<String> = names.collect();
    letter.files.retain(|file| !names.contains(&file.name));
    letter.ids.clear();
}

/// What is said of a letter of which a part went into the outbox before something came between.
pub(in crate::ui) fn partly() -> Box<(Words, Words)> {
    let words = |what: &str, next: &str| Words { what: what.into(), next: next.into(), code: None };
    Box::new((
        words(
            "送信の途中で止まり、一部だけが送信に回りました。",
            "その分は送信一覧に出ます。残っているファイルだけを、もう一度送ってください。",
        ),
        words(
            "Sending stopped, and a part is on its way.",
            "That part is in the list of what was sent. Send what is left here once more.",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use fumibako_model::{Private, Refusal};
    use jiff::Timestamp;

    use super::*;
    use crate::ui::form::Upload;

    const NAMES: [&str; 3] = [
        "DLTPLAN_202510_9970000011_43_9970000029_11_20250920101500.CSV",
        "DLTPLAN_202510_9970000011_43_9970000029_15_20250920101501.CSV",
        "note.pdf",
    ];

    /// To two services of an office, with an attachment that goes with the first.
    fn letter() -> Letter {
        let mut letter = Letter::new("1", Timestamp::UNIX_EPOCH);
        let file = |name: &&str| Upload { name: (*name).into(), bytes: Private(b"%PDF-1.7".to_vec()) };
        letter.add(NAMES.iter().map(file).collect(), &|_| true, crate::bundle::MESSAGE_BYTES);
        letter.ids = vec!["a@x".into(), "b@x".into()];
        letter
    }

    fn entry(id: &str, fate: Posted) -> Entry {
        let (from, to) = ("9970000011@x".into(), "9970000029@x".into());
        Entry { message_id: id.into(), from, agent: None, to, composed: Timestamp::UNIX_EPOCH, bundle: None, fate }
    }

    fn posted() -> Posted {
        Posted::Posted { evidence: "e".into(), at: Timestamp::UNIX_EPOCH, gateway: None }
    }

    fn refused() -> Posted {
        let (about, at) = (String::new(), Timestamp::UNIX_EPOCH);
        Posted::Refused { code: Refusal::RecipientUnknown, about, reference: None, at }
    }

    fn stood(first: Option<Posted>, second: Option<Posted>) -> (Stand, Vec<String>, usize) {
        let mut letter = letter();
        let first = first.map(|fate| entry("a@x", fate));
        let entries: Vec<Entry> = first.into_iter().chain(second.map(|fate| entry("b@x", fate))).collect();
        let stand = stand(&mut letter, &entries);
        (stand, letter.files.into_iter().map(|file| file.name).collect(), letter.ids.len())
    }

    /// Profile §15.7: while one part waits nobody changes the row, whatever was said of another.
    #[test]
    fn a_letter_is_bound_until_its_last_message_has_its_end() {
        for first in [Posted::Waiting, posted(), refused()] {
            assert_eq!(stood(Some(first), Some(Posted::Waiting)), (Stand::Waits, NAMES.map(String::from).to_vec(), 2));
        }
        assert_eq!(stood(Some(posted()), Some(posted())).0, Stand::Sent);
        assert_eq!(stood(None, None), (Stand::Here, NAMES.map(String::from).to_vec(), 0));
    }

    /// Profile §15.7: what went is not sent once more with what did not.
    #[test]
    fn what_went_is_off_the_letter() {
        let (stand, left, ids) = stood(Some(posted()), Some(refused()));
        assert!(matches!(stand, Stand::Refused(words) if words.0.next.contains("残っているファイルだけ")));
        assert_eq!((left, ids), (vec![NAMES[1].to_owned()], 0));
        let (stand, left, _) = stood(Some(refused()), Some(posted()));
        assert!(matches!(stand, Stand::Refused(_)));
        assert_eq!(left, [NAMES[0], NAMES[2]], "the attachment goes with the first");
        let (stand, left, _) = stood(Some(refused()), Some(refused()));
        assert!(matches!(stand, Stand::Refused(words) if !words.0.next.contains("残っているファイルだけ")));
        assert_eq!(left, NAMES);
        assert_eq!(stood(Some(Posted::Waiting), None), (Stand::Partly, vec![NAMES[1].to_owned()], 0));
    }

    #[test]
    fn a_full_disk_between_two_messages_is_said_with_what_to_do() {
        let full = Trouble::writing("outbox")(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let fate = ended(&mut letter(), &[entry("a@x", Posted::Waiting)], Some(&full));
        assert!(matches!(fate, Fate::Failed(words) if words.0.next.contains("残っているファイルだけ")));
        assert_eq!(ended(&mut letter(), &[], Some(&full)), Fate::Failed(Box::new(both(&full))));
    }

    /// BP-11: what passes by itself is waited for; of what does not, somebody has to be told.
    #[test]
    fn without_a_network_nothing_has_failed() {
        let refused = |why: Refusal| Trouble::Refused { refused: why.about(""), reference: None };
        let (host, why) = ("plans.example:443".to_owned(), String::new());
        let gone = Trouble::Unreachable { host: host.clone(), why: why.clone() };
        // The login page of somebody's network answers in the gateway's place.
        let portal = Trouble::NotTheGateway { host, why };
        for passes in [gone, portal, refused(Refusal::StoreBusy), refused(Refusal::ShuttingDown)] {
            assert_eq!(ended(&mut letter(), &[], Some(&passes)), Fate::Unasked, "{passes}");
            let bound = ended(&mut letter(), &["a@x", "b@x"].map(|id| entry(id, Posted::Waiting)), Some(&passes));
            assert_eq!(bound, Fate::Offline(vec!["a@x".into(), "b@x".into()]), "it is in the outbox");
        }
        for stays in [refused(Refusal::WrongPassword), refused(Refusal::RecipientUnknown)] {
            assert!(matches!(ended(&mut letter(), &[], Some(&stays)), Fate::Failed(_)), "{stays}");
        }
    }
}
