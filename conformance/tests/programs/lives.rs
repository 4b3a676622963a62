//! Whole lives of bundles, by the built programs, under a clock that the test moves: nobody comes; everybody comes.

mod collected;
mod licences;
mod proof;
mod pruned;
mod stamps;
mod told;

use std::sync::Arc;

use fumibako_conformance::{Gateway, Mailbox, MovedClock, Office};
use fumibako_model::{Erased, Event, LogEntry, Reason, Recorded};
use jiff::{SignedDuration, Timestamp};

use crate::office::{Desk, enrol, sample};
use crate::world::{SOON, World};

/// Further than this the date is not believed unasked (Profile §11.5).
const HOP: SignedDuration = SignedDuration::from_hours(24 * 29);

/// Two offices, a gateway, and a clock for all of them.
struct Life {
    clock: Arc<MovedClock>,
    world: World,
    sender: Desk,
    recipient: Desk,
}

impl Life {
    fn under(clock: Arc<MovedClock>, settings: impl Fn(String) -> String) -> Self {
        let world = World::with(Gateway::start_under(Some(clock.clone()), settings));
        enrol(&world, &world.recipient);
        let [sender, recipient] =
            [&world.sender, &world.recipient].map(|office| Desk::new(&world, office, &office.password));
        Self { clock, world, sender, recipient }
    }

    /// Our program sends the sample; its Message-ID.
    fn send(&self) -> String {
        self.sender.run(&["send", &sample().to_string_lossy()]).well();
        let sent = self.evidence(|one| one.evidence.event == Event::SubmissionAcceptance);
        sent.last().expect("it is accepted").evidence.message_id.clone()
    }

    /// The power fails, and comes back at this moment.
    fn cut(&mut self, until: Timestamp) {
        self.world.gateway.kill();
        self.clock.set(until);
        self.world.gateway.restart();
    }

    /// Time goes by, with a power cut every month.
    fn pass(&mut self, until: Timestamp) {
        while until.duration_since(self.clock.now()) > HOP {
            self.cut(self.clock.now() + HOP);
            self.world.gateway.admin(["expire"]);
        }
        self.clock.set(until);
    }

    /// All evidence of which this is true.
    fn evidence(&self, wanted: impl Fn(&Recorded) -> bool) -> Vec<Recorded> {
        let about = |entry| if let LogEntry::Bundle(one) = entry { Some(*one) } else { None };
        self.entries().into_iter().filter_map(about).filter(|one| wanted(one)).collect()
    }

    /// The whole log.
    fn entries(&self) -> Vec<LogEntry> {
        let said = self.world.gateway.admin(["evidence", "list", "--format", "ndjson"]).output();
        said.lines().map(|row| row.parse().expect("a row is evidence")).collect()
    }

    /// What was erased: when, of which day, how many messages.
    fn erased(&self) -> Vec<Erased> {
        let of_it = |entry| if let LogEntry::Erased(one) = entry { Some(one) } else { None };
        self.entries().into_iter().filter_map(of_it).collect()
    }

    /// What was written down about one bundle, each piece after the one before.
    fn happened(&self, message_id: &str) -> Vec<(Event, Option<Reason>)> {
        let pieces = self.evidence(|one| one.evidence.message_id == message_id);
        let before = [None].into_iter().chain(pieces.iter().map(|one| Some(one.id)));
        assert!(pieces.iter().map(|one| one.previous).eq(before.take(pieces.len())), "{pieces:?}");
        pieces.into_iter().map(|one| (one.evidence.event, one.evidence.reason)).collect()
    }

    fn folder(&self, office: &Office, folder: &str) -> Vec<String> {
        let mut mailbox = Mailbox::of(&self.world.gateway.mailboxes(), office).expect("the mailbox opens");
        let text = |octets| String::from_utf8(octets).expect("a message is text");
        mailbox.messages(folder).expect("the folder is readable").into_iter().map(text).collect()
    }

    /// What the gateway told an office about one bundle.
    fn told(&self, office: &Office, message_id: &str) -> Vec<String> {
        let about = format!("<{message_id}>");
        let mut all = self.folder(office, "Receipts");
        all.retain(|one| one.contains("<gateway@") && one.contains(&about));
        all
    }

    /// Waits until the gateway has told so much about the only bundle, and no more.
    fn has_told(&self, office: &Office, message_id: &str, count: u64) -> Vec<String> {
        assert_eq!(self.world.waits_for_letters(office, count), count);
        let told = self.told(office, message_id);
        assert_eq!(told.len() as u64, count);
        told
    }
}

/// The value of a field.
fn field<'t>(message: &'t str, name: &str) -> &'t str {
    let lines = message.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| *known == name).map(|(_, value)| value).next().unwrap_or_default()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// The moments of Profile §8.14 after an acceptance, and its end, reckoned anew.
fn moments(accepted: Timestamp) -> ([Timestamp; 4], Timestamp) {
    const DAY: i64 = 86_400;
    let day = |count: i64| SignedDuration::from_hours(24 * count);
    let ends = Timestamp::from_second((accepted.as_second() / DAY + 91) * DAY).expect("it is in the calendar");
    let half = accepted + ends.duration_since(accepted) / 2;
    ([accepted + day(1), accepted + day(3), half, ends - day(3)], ends)
}

// Profile §8.6, §8.9, §8.14, §8.17, §8.28, §8.29, §11.4
#[test]
fn nobody_comes_and_each_step_to_the_end_is_taken_once_whatever_power_and_clock_do() {
    let mut life = Life::under(Arc::new(MovedClock::new()), |settings| settings);
    let id = life.send();
    let accepted = life.evidence(|_| true)[0].evidence.at;
    let (moments, ends) = moments(accepted);
    for (count, moment) in (1..).zip(moments) {
        life.pass(moment - minutes(1));
        if count % 2 == 0 {
            // It comes while the gateway runs.
            life.clock.set(moment);
        } else {
            life.cut(moment);
        }
        life.has_told(&life.world.sender, &id, count);
        if count == 2 {
            life.cut(accepted + minutes(1));
            life.cut(moments[0] + minutes(1));
        }
    }
    let [sender, recipient] = [life.world.sender.clone(), life.world.recipient.clone()];
    assert_eq!((life.folder(&recipient, "INBOX").len(), life.folder(&sender, "Sent").len()), (1, 1));
    let day = life.world.gateway.folder().join("store/bodies").join(&accepted.to_string()[..10]);
    assert!(day.exists(), "{day:?}");
    // The power fails twice while it goes.
    for _ in 0..3 {
        life.cut(ends + minutes(2));
    }
    let told = life.has_told(&sender, &id, 5);
    life.cut(accepted + minutes(5));
    life.cut(ends + minutes(5));
    life.world.gateway.admin(["expire"]);

    assert_eq!(life.told(&sender, &id), told);
    let actions: Vec<_> = told.iter().map(|one| field(one, "Action")).collect();
    assert_eq!(actions, ["delayed", "delayed", "delayed", "delayed", "failed"]);
    for (report, moment) in told.iter().zip(moments.into_iter().chain([ends])) {
        let date = jiff::fmt::rfc2822::parse(field(report, "Date")).expect("it has a date").timestamp();
        let late = date.duration_since(moment);
        assert!(late >= -SignedDuration::from_secs(1) && late < minutes(3), "{date} and not {moment}");
        assert!(life.openssl_believes(report));
        assert_eq!(field(report, "In-Reply-To"), format!("<{id}>"));
        let kind = if field(report, "Action") == "failed" { "expired" } else { "uncollected" };
        life.our_program_believes(report, (kind, &id));
    }
    let also: Vec<_> = life.told(&recipient, &id).iter().map(|one| field(one, "Message-ID").to_owned()).collect();
    let first: Vec<_> = told[..4].iter().map(|one| field(one, "Message-ID")).collect();
    assert_eq!(also, first, "the recipient was told by the same letters, and not of the end");

    assert_eq!(
        life.happened(&id),
        [
            (Event::SubmissionAcceptance, None),
            (Event::ContentConsignment, None),
            (Event::ContentHandoverFailure, Some(Reason::Expired)),
        ]
    );
    assert_eq!((life.folder(&recipient, "INBOX").len(), life.folder(&sender, "Sent").len()), (0, 0));
    assert!(!day.exists(), "{day:?}");
    let [erased] = &life.erased()[..] else { panic!("{:?}", life.erased()) };
    assert_eq!((erased.day.to_string(), erased.count), (accepted.to_string()[..10].to_owned(), 1));
    assert!(erased.at >= ends, "{erased:?}");
    let (path, file) = life.proved(&id);
    assert!(file.receipt.is_none());
    life.says_when_it_was_erased(&path, erased);
    life.recipient_proves(&id, &file);
    life.world.gateway.admin(["evidence", "verify"]);
    life.forgets_after_its_years((&id, accepted), &path);
}
