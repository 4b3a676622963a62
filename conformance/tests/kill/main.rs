//! `kill -9` of the gateway while eight connections send: what was answered 250 is there, and nothing is there twice
//! (Profile §5.8, §5.9, §11.1). Bundles here, receipts in `receipts`.

#![allow(clippy::expect_used, reason = "a test says no by a panic")]

mod post;
mod receipts;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fumibako_conformance::{Deadline, Gateway, Letter, Mailbox, Office, Random};

use post::{AbandonOnPanic, Answered, Post};

const KILLS: u64 = 50;
const CONNECTIONS: usize = 8;
/// Longest run of the whole test.
const WITHIN: Duration = Duration::from_mins(4);
/// Longest life of the gateway between two kills.
const LIFE: Duration = Duration::from_secs(3);
/// Most answers given in one life.
const ANSWERS: u64 = 80;
/// `FUMIBAKO_SEED=… cargo test` repeats a run's choice of moments.
const SEED: &str = "FUMIBAKO_SEED";

#[test]
fn what_was_answered_survives_fifty_kills_and_nothing_comes_twice() {
    let seed = seed();
    println!("{SEED}={seed}");
    let mut gateway = Gateway::start();
    let offices = ["9970000011", "9970000029"].map(|number| gateway.office(number));
    let [one, other] = &offices;
    let ways = [[one, other], [other, one]];
    let post = Post::new(gateway.submission(), Deadline::after(WITHIN));
    let stop = AtomicBool::new(false);
    let answered = std::thread::scope(|threads| {
        let _end = AbandonOnPanic(&post);
        // Half of the connections send one way, half the other.
        let start = |way: [_; 2]| {
            let [from, to] = way;
            let letter = move || Letter::plan(from, to).signed(&from.identity);
            let (post, stop) = (&post, &stop);
            threads.spawn(move || post.send(way, || (!stop.load(Ordering::Relaxed)).then(letter)))
        };
        let sending = ways.map(|way| [(); CONNECTIONS / 2].map(|()| start(way)));
        kill_again_and_again(&mut gateway, (KILLS, ANSWERS), &post, Random::from_seed(seed), |_, _| {});
        stop.store(true, Ordering::Relaxed);
        let all = |sent: std::thread::ScopedJoinHandle<'_, Vec<Answered>>| sent.join().expect("it sends to its end");
        sending.map(|sending| sending.into_iter().flat_map(all).collect::<Vec<_>>())
    });
    let count = answered.iter().map(Vec::len).sum::<usize>();
    println!("{count} messages answered 250, {} sent again after a kill", post.repeated());
    assert!(post.repeated() > KILLS, "the kills came while messages were sent");
    for (way, answered) in ways.into_iter().zip(&answered) {
        every_message_is_there_once(&gateway, way, answered);
    }
    let holdings = gateway.holdings();
    // Profile §8.6: of each message one acceptance and one delivery.
    assert_eq!((holdings.messages, holdings.evidence), (count as u64, 2 * count as u64));
    for (way, answered) in ways.into_iter().zip(&answered) {
        the_same_again_gets_the_same_answer(&gateway, (way, &post), answered);
    }
}

/// Of the choice of moments; a run that says it may be had again.
fn seed() -> u64 {
    std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(Random::any_seed)
}

/// Kills after some answers and some milliseconds more, so at any step of the way, also while starting up; then looks, before anything
/// more is sent, with so many answers given before the kill.
fn kill_again_and_again(
    gateway: &mut Gateway,
    (kills, most): (u64, u64),
    post: &Post,
    mut random: Random,
    mut look: impl FnMut(&Gateway, usize),
) {
    for _ in 0..kills {
        let (before, wanted) = (post.answers(), random.below(most));
        let after = Duration::from_micros(random.below(20_000));
        Deadline::after(LIFE).until(|| (post.answers() >= before + wanted).then_some(()));
        std::thread::sleep(after);
        gateway.kill();
        post.pause(true);
        gateway.restart();
        look(gateway, usize::try_from(post.answers()).expect("they are few"));
        post.pause(false);
    }
}

/// In the recipient's `INBOX` and in the sender's `Sent`, octet for octet, and in no other number than once.
fn every_message_is_there_once(gateway: &Gateway, [from, to]: [&Office; 2], answered: &[Answered]) {
    let sent: BTreeMap<&str, &[u8]> =
        answered.iter().map(|message| (message.id.as_str(), message.octets.as_slice())).collect();
    for (office, folder) in [(to, "INBOX"), (from, "Sent")] {
        let held = held(gateway, office, folder);
        let lost: Vec<_> = sent.keys().filter(|id| !held.contains_key(**id)).collect();
        let strange: Vec<_> = held.keys().filter(|id| !sent.contains_key(id.as_str())).collect();
        assert!(lost.is_empty() && strange.is_empty(), "{folder}: lost {lost:?}, never sent {strange:?}");
        let changed: Vec<_> = held.iter().filter(|(id, octets)| !octets.ends_with(sent[id.as_str()])).collect();
        assert!(changed.is_empty(), "{folder}: {} messages are not what was sent", changed.len());
    }
}

/// The folder's messages by Message-ID; none may stand there twice. Its UIDs rise (Profile §7.4).
fn held(gateway: &Gateway, office: &Office, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), office).expect("the mailbox opens");
    let mut all = BTreeMap::new();
    for octets in mailbox.messages(folder).expect("the folder is readable") {
        let id = post::message_id(&octets);
        assert!(all.insert(id.clone(), octets).is_none(), "{folder}: {id} is there twice");
    }
    let uids = mailbox.uids(folder).expect("the folder is readable");
    assert!(uids.len() == all.len() && uids.is_sorted_by(|one, next| one < next), "{folder}: UIDs rise");
    all
}

fn the_same_again_gets_the_same_answer(gateway: &Gateway, (way, post): ([&Office; 2], &Post), answered: &[Answered]) {
    let before = gateway.holdings();
    for message in answered.iter().step_by(1 + answered.len() / 10) {
        assert_eq!(post.again(way, message), message.reply, "{}", message.id);
    }
    assert_eq!(gateway.holdings(), before);
}
