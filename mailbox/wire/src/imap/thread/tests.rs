use super::*;
use crate::imap::settings::{REFERENCES, REFERRED};
use fumibako_model::{Flags, MessageId, ModSeq, Uid};
use jiff::Timestamp;
use proptest::prelude::*;

/// Headers as `subject|date|id|references`, the date in seconds; INTERNALDATE is the place.
fn threads(algorithm: Algorithm, messages: &[&str]) -> String {
    let mut threading = Threading::new(algorithm);
    for (place, message) in messages.iter().enumerate() {
        let [subject, date, id, references] = message.split('|').collect::<Vec<_>>()[..] else { panic!("{message}") };
        let field = |name: &str, value: &str| {
            if value.is_empty() { String::new() } else { format!("{name}: {value}\r\n") }
        };
        let date = if date.is_empty() { String::new() } else { format!("1 Jan 2026 00:00:{date} +0000") };
        let (name, references) =
            references.strip_prefix("irt ").map_or(("References", references), |value| ("In-Reply-To", value));
        let header =
            [field("Subject", subject), field("Date", &date), field("Message-ID", id), field(name, references)]
                .concat();
        let entry = Entry {
            uid: Uid::new(u32::try_from(place).unwrap() + 1).unwrap(),
            flags: Flags::default(),
            modseq: ModSeq(1),
            message: MessageId(1),
            size: 1,
            received_at: Timestamp::UNIX_EPOCH,
            saved_at: Timestamp::UNIX_EPOCH,
        };
        threading.add(place, &entry, Header::of(header.as_bytes()));
    }
    threading.written(|place| u32::try_from(place).unwrap() + 1).trim_start().to_owned()
}

#[track_caller]
fn check(messages: &[&str], expected: &str) {
    assert_eq!(threads(Algorithm::References, messages), expected);
}

// Profile §7.44
#[test]
fn messages_of_one_subject_are_a_thread_and_all_are_children_of_the_first() {
    let messages = ["b|05||", "a|03||", "Re: B|04||", "c|01||", "re: b (fwd)|06||", "Fwd: c|02||"];
    assert_eq!(threads(Algorithm::OrderedSubject, &messages), "(4 6)(2)(3 (1)(5))");
    assert_eq!(threads(Algorithm::OrderedSubject, &[]), "");
}

#[test]
fn references_make_chains_and_branches() {
    check(&["a|01|<a@x>|", "b|02|<b@x>|<a@x>", "c|03|<c@x>|<a@x> <b@x>"], "(1 2 3)");
    check(&["a|01|<a@x>|", "b|02|<b@x>|<a@x>", "c|03|<c@x>|<a@x>", "d|04|<d@x>|<a@x> <c@x>"], "(1 (2)(3 4))");
    // In whatever order they stand in the folder; siblings stand by date.
    check(&["d|04|<d@x>|<a@x> <c@x>", "c|03|<c@x>|<a@x>", "b|02|<b@x>|<a@x>", "a|01|<a@x>|"], "(4 (3)(2 1))");
    // In-Reply-To counts where there are no References, and only its first.
    check(&["a|01|<a@x>|", "b|02|<b@x>|", "c|03|<c@x>|irt <a@x> <b@x>"], "(1 3)(2)");
    check(&["a|01|<a@x>|", "b|02|<b@x>|irt none <a@x>"], "(1 2)");
}

#[test]
fn a_parent_that_is_not_there_holds_its_children_together() {
    check(&["a|02|<a@x>|<gone@x>", "b|01|<b@x>|<gone@x>"], "((2)(1))");
    // An only child takes its place.
    check(&["a|01|<a@x>|<gone@x>", "b|02|<b@x>|<gone@x> <a@x>"], "(1 2)");
    // Inside a thread one that is not there leaves no trace.
    check(&["a|01|<a@x>|", "b|02|<b@x>|<a@x> <gone@x>", "c|03|<c@x>|<a@x> <gone@x>"], "(1 (2)(3))");
    check(&["a|01|<a@x>|<g1@x> <g2@x> <g3@x>"], "(1)");
}

#[test]
fn a_message_id_that_comes_twice_belongs_to_the_first() {
    check(&["a|01|<a@x>|", "b|02|<a@x>|", "c|03|<c@x>|<a@x>"], "(1 3)(2)");
    // Without a Message-ID none refers to it.
    check(&["a|01||", "b|02|nonsense|", "c|03|<c@x>|<nonsense>"], "(1)(2)(3)");
    // How an ID is quoted does not matter.
    check(&["a|01|<\"a\\b\"@x>|", "b|02|<b@x>|<ab@x>"], "(1 2)");
    check(&["a|01|<A@x>|", "b|02|<b@x>|<a@x>"], "(1)(2)");
}

#[test]
fn references_do_not_lead_in_a_circle() {
    check(&["a|01|<a@x>|<a@x>"], "(1)");
    check(&["a|01|<a@x>|<b@x>", "b|02|<b@x>|<a@x>"], "(2 1)");
    check(&["a|01|<a@x>|<c@x>", "b|02|<b@x>|<a@x>", "c|03|<c@x>|<b@x>"], "(3 1 2)");
    // What a message says of its own parent counts more than what others said.
    check(&["x|01|<x@x>|<a@x> <b@x>", "a|02|<a@x>|", "b|03|<b@x>|<c@x>", "c|04|<c@x>|"], "(2)(4 3 1)");
}

#[test]
fn threads_of_one_subject_become_one() {
    // A reply goes below the original, and so does each further one.
    check(&["a|01|<a@x>|", "Re: a|02|<b@x>|", "Re: a|03|<c@x>|"], "(1 (2)(3))");
    // Also where the reply is the older one.
    check(&["Re: a|01|<b@x>|", "a|02|<a@x>|"], "(2 1)");
    // Two originals, or two replies, are siblings of one that is not there.
    check(&["a|01|<a@x>|", "a|02|<b@x>|"], "((1)(2))");
    check(&["Re: a|01|<a@x>|", "Re: a|02|<b@x>|", "Re: a|03|<c@x>|"], "((1)(2)(3))");
    // What stands in a thread that lost its head is taken in there.
    check(&["a|01|<a@x>|<g@x>", "x|02|<b@x>|<g@x>", "a|03|<c@x>|"], "((1)(2)(3))");
    check(&["a|01|<a@x>|<g@x>", "x|02|<b@x>|<g@x>", "a|03|<c@x>|<h@x>", "y|04|<d@x>|<h@x>"], "((1)(2)(3)(4))");
    // No subject is nobody's.
    check(&["|01|<a@x>|", "|02|<b@x>|", "Re:|03|<c@x>|"], "(1)(2)(3)");
}

#[test]
fn threads_stand_by_the_date_of_their_first_message() {
    check(
        &["a|05|<a@x>|", "b|02|<b@x>|<a@x>", "c|03|<c@x>|", "d|04|<d@x>|<g@x>", "e|01|<e@x>|<g@x>"],
        "((5)(4))(3)(1 2)",
    );
    // Without a date it is INTERNALDATE that counts; of the same moment the order of the folder.
    check(&["a|01|<a@x>|", "b||<b@x>|", "c||<c@x>|"], "(2)(3)(1)");
}

#[test]
fn the_last_200_references_count() {
    for (others, expected) in [(REFERENCES - 1, "(1 2)"), (REFERENCES, "(1)(2)")] {
        let others: Vec<String> = (0..others).map(|at| format!("<{at}@x>")).collect();
        let reply = format!("b|02|<b@x>|<a@x> {}", others.join(" "));
        check(&["a|01|<a@x>|", &reply], expected);
    }
}

#[test]
fn so_many_messages_that_are_not_there_are_kept_in_mind_and_no_more() {
    let mut links = Links::default();
    for message in 0..=REFERRED / REFERENCES {
        let ids: String = (0..REFERENCES).map(|at| format!("<{message}.{at}@x>")).collect::<Vec<_>>().concat();
        links.add(message, Header::of(format!("References: {ids}\r\n").as_bytes()));
    }
    assert_eq!(links.referred(), REFERRED);
}

#[test]
fn a_chain_of_any_length_is_written() {
    let messages: Vec<String> = (0..5_000).map(|at| format!("s{at}|01|<{}@x>|<{at}@x>", at + 1)).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let written = threads(Algorithm::References, &messages);
    assert!(written.starts_with("(1 2 3 ") && written.ends_with(" 4999 5000)"));
    let turned: Vec<&str> = messages.iter().rev().copied().collect();
    assert!(threads(Algorithm::References, &turned).starts_with("(5000 4999 "));
}

proptest! {
    #[test]
    fn every_message_stands_in_one_thread_whatever_the_references_say(
        links in prop::collection::vec((0..12_u8, prop::collection::vec(0..14_u8, 0..4), "(Re: )?[ab]?"), 0..12)
    ) {
        let messages: Vec<String> = links.iter().map(|(id, references, subject)| {
            let references = references.iter().map(|id| format!("<{id}@x> ")).collect::<Vec<_>>().concat();
            format!("{subject}|0{}|<{id}@x>|{references}", id % 10)
        }).collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        for algorithm in [Algorithm::References, Algorithm::OrderedSubject] {
            let written = threads(algorithm, &messages);
            let mut numbers: Vec<usize> =
                written.split(['(', ')', ' ']).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=messages.len()).collect::<Vec<_>>(), "{}", written);
            let opened = written.matches('(').count();
            prop_assert_eq!(opened, written.matches(')').count());
        }
    }
}
