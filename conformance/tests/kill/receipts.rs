//! Receipts: after every kill, one that was answered 250 has its state and exactly one piece of evidence (Profile §8.3, §8.6).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fumibako_conformance::{Deadline, Gateway, Letter, Mailbox, Office, Programs, Random, Receipt, Submission, Tool};
use fumibako_model::{Event, EvidenceId, Recorded};

use crate::post::{AbandonOnPanic, Answered, Post, message_id};
use crate::{CONNECTIONS, SEED, kill_again_and_again, seed};

const BUNDLES: usize = 160;
const KILLS: u64 = 12;
/// Most answers given in one life: the receipts last for all kills.
const ANSWERS: u64 = 10;
/// So many bundles are acknowledged twice, by two receipts on two connections.
const TWICE: usize = 40;
const WITHIN: Duration = Duration::from_mins(4);
/// Pieces of evidence that one command shows.
const LISTED: usize = 1_000;

/// What the gateway says of each bundle, by its Message-ID.
#[derive(Debug, Default)]
struct Said {
    /// Evidence that the recipient has it, and the receipt it names.
    handovers: BTreeMap<String, Vec<(EvidenceId, String)>>,
    /// The flags of both copies.
    flags: [BTreeMap<String, String>; 2],
    /// Receipts in the sender's folder, by the bundle that they are for.
    filed: BTreeMap<String, usize>,
}

fn said(gateway: &Gateway, [from, to]: [&Office; 2]) -> Said {
    let mut said = Said::default();
    let rows = gateway.admin(["evidence", "list", "--format", "ndjson"]).output();
    assert!(rows.lines().count() < LISTED, "the command shows no more at once");
    for row in rows.lines() {
        let Recorded { id, evidence, .. } = serde_json::from_str(row).expect("a row is evidence");
        if evidence.event == Event::ContentHandover {
            let named = (id, evidence.receipt.unwrap_or_default());
            said.handovers.entry(format!("<{}>", evidence.message_id)).or_default().push(named);
        }
    }
    said.flags = [flags(gateway, from, "Sent"), flags(gateway, to, "INBOX")];
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), from).expect("the mailbox opens");
    for octets in mailbox.messages("Receipts").expect("the folder is readable") {
        let text = String::from_utf8_lossy(&octets);
        let original = text.lines().find_map(|line| line.strip_prefix("Original-Message-ID: "));
        *said.filed.entry(original.expect("a receipt names a bundle").to_owned()).or_default() += 1;
    }
    said
}

fn flags(gateway: &Gateway, office: &Office, folder: &str) -> BTreeMap<String, String> {
    let mut mailbox = Mailbox::of(&gateway.mailboxes(), office).expect("the mailbox opens");
    mailbox.command(&format!("EXAMINE {folder}")).expect("the folder is there");
    let rows = mailbox.command("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (Message-ID)])").expect("it is fetched");
    let fetched = rows.into_iter().filter(|row| !row.literals.is_empty());
    fetched.map(|row| (message_id(&row.literals[0]), row.text)).collect()
}

/// What is not as the answers promised, bundle by bundle; `of` tells which each receipt is for, answered or not.
fn faults(said: &Said, answered: &[Answered], of: &BTreeMap<String, String>) -> Vec<String> {
    let mut faults = Vec::new();
    for Answered { id, reply, .. } in answered {
        let bundle = &of[id];
        let handovers = said.handovers.get(bundle).map_or(&[][..], Vec::as_slice);
        let [(evidence, receipt)] = handovers else {
            faults.push(format!("{bundle}: {} pieces of evidence", handovers.len()));
            continue;
        };
        if !reply.text.contains(&evidence.to_string()) || of.get(&format!("<{receipt}>")) != Some(bundle) {
            faults.push(format!("{bundle}: {id} was answered {reply} and {evidence} names {receipt}"));
        }
        for (flags, wanted) in said.flags.iter().zip(["$Retrieved", "$Acknowledged"]) {
            if !flags.get(bundle).is_some_and(|flags| flags.contains(wanted)) {
                faults.push(format!("{bundle}: no {wanted}"));
            }
        }
        if said.filed.get(bundle) != Some(&1) {
            faults.push(format!("{bundle}: {:?} receipts are filed", said.filed.get(bundle)));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

/// Bundles that are delivered, by several connections.
fn delivered(gateway: &Gateway, [from, to]: [&Office; 2]) -> Vec<Letter> {
    let send = |_| {
        let mut session = Submission::of(&gateway.submission(), from).expect("the office logs in");
        let one = |_| {
            let letter = Letter::plan(from, to);
            let reply = session.send(&from.address(), &[&to.address()], &letter.signed(&from.identity));
            assert_eq!(reply.expect("the gateway answers").code, 250);
            letter
        };
        (0..BUNDLES / CONNECTIONS).map(one).collect::<Vec<_>>()
    };
    thread::scope(|threads| {
        let sending: Vec<_> = (0..CONNECTIONS).map(|at| threads.spawn(move || send(at))).collect();
        sending.into_iter().flat_map(|sent| sent.join().expect("it sends")).collect()
    })
}

/// One line of SQL, on a store that no gateway has open.
fn edit(gateway: &Gateway, statement: &str) {
    Programs::need(&["python3"]);
    let script = "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1])\nd.executescript(sys.argv[2])\nd.close()";
    let store = gateway.folder().join("store/store.sqlite3");
    Tool::named("python3").args(["-c", script]).arg(store).arg(statement).run().well();
}

// Profile §8.3, §8.6, §11.1
#[test]
fn every_receipt_that_was_answered_has_its_state_and_its_evidence_once_after_a_dozen_kills() {
    let seed = seed();
    println!("{SEED}={seed}");
    let mut gateway = Gateway::start();
    let [from, to] = ["9970000011", "9970000029"].map(|number| gateway.office(number));
    let letters = delivered(&gateway, [&from, &to]);
    let receipt = |letter: &Letter| (letter.message_id().to_owned(), Receipt::of(letter, &to, &from));
    let times = |at: usize| if at < TWICE { 2 } else { 1 };
    let all = letters.iter().enumerate().flat_map(|(at, letter)| std::iter::repeat_n(letter, times(at)));
    let receipts: Vec<_> = all.map(receipt).collect();
    let of: BTreeMap<String, String> =
        receipts.iter().map(|(bundle, one)| (one.fields[3].1.clone(), bundle.clone())).collect();
    assert_eq!(of.len(), BUNDLES + TWICE);
    let receipts = Mutex::new(receipts);
    let post = Post::new(gateway.submission(), Deadline::after(WITHIN));
    let way = [&from, &to];
    let answered = thread::scope(|threads| {
        let _end = AbandonOnPanic(&post);
        let (receipts, post, back) = (&receipts, &post, [&to, &from]);
        let next = move || Some(receipts.lock().ok()?.pop()?.1.signed(&back[0].identity));
        let sending = [(); CONNECTIONS].map(|()| threads.spawn(move || post.send(back, next)));
        // What was answered stands, before whatever is sent again could mend it.
        kill_again_and_again(&mut gateway, (KILLS, ANSWERS), post, Random::from_seed(seed), |gateway, answers| {
            assert!(answers < BUNDLES + TWICE, "the kill came when all had been answered");
            let said = said(gateway, way);
            assert_eq!(faults(&said, &post.first(answers), &of), Vec::<String>::new());
            assert!(said.handovers.values().all(|all| all.len() == 1), "nor is there more for what was not: {said:?}");
            gateway.admin(["evidence", "verify"]);
        });
        sending.into_iter().flat_map(|sent| sent.join().expect("it sends to its end")).collect::<Vec<_>>()
    });
    println!("{} receipts answered 250, {} sent again after a kill", answered.len(), post.repeated());
    assert!(post.repeated() > KILLS, "the kills came while receipts were sent");
    assert_eq!(answered.len(), BUNDLES + TWICE);
    assert_eq!(faults(&said(&gateway, way), &answered, &of), Vec::<String>::new());
    assert_eq!(gateway.holdings().evidence, 3 * BUNDLES as u64);
    gateway.admin(["evidence", "verify"]);

    // What this looks for it would find.
    gateway.kill();
    let [lost, twice, unmarked] = [0, 1, 2].map(|at| letters[at].message_id().trim_matches(['<', '>']).to_owned());
    let about = |id: &str| format!("kind = 'ContentHandover' AND doc ->> 'message_id' = '{id}'");
    edit(
        &gateway,
        &format!(
            "DELETE FROM evidence WHERE {};
         INSERT INTO evidence SELECT id + 100000, message, kind, at, from_office, to_office, doc FROM evidence WHERE {};
         UPDATE entry SET keywords = 0 WHERE message = (SELECT id FROM message WHERE message_id = '{unmarked}')",
            about(&lost),
            about(&twice),
        ),
    );
    gateway.restart();
    let mut expected = vec![
        format!("<{lost}>: 0 pieces of evidence"),
        format!("<{twice}>: 2 pieces of evidence"),
        format!("<{unmarked}>: no $Acknowledged"),
        format!("<{unmarked}>: no $Retrieved"),
    ];
    expected.sort();
    assert_eq!(faults(&said(&gateway, way), &answered, &of), expected);
}
