//! Bad input: each kind gets its own reply, and nothing is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use fumibako_conformance::{
    Deadline, Gateway, Holdings, Letter, Limit, Line, Mailbox, Office, Reply, Submission, flip_in_content,
    flip_in_signature, now,
};
use fumibako_model::Refusal;
use fumibako_signer::Identity;
use fumibako_signer::authority::{Authority, KeyKind, Purpose, Request};
use jiff::{SignedDuration, Timestamp};

/// The size limit of these tests, in bytes; the plan is well below it.
const LIMIT: u64 = 128 << 10;

/// A gateway with every kind of office.
struct World {
    gateway: Gateway,
    /// 居宅介護支援: sends the plan.
    sender: Office,
    /// 訪問介護: may receive it.
    recipient: Office,
    /// Registered and licensed, but suspended.
    suspended: Office,
    /// Registered; its licence is over.
    lapsed: Office,
}

/// One thing that is wrong: who sends what to whom.
struct Bad {
    name: &'static str,
    why: Refusal,
    by: Office,
    envelope: (String, Vec<String>),
    octets: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let gateway = Gateway::start_with(&[Limit("message_bytes", LIMIT)]);
        let [sender, recipient, suspended, lapsed] =
            ["9970000011", "9970000029", "9970000037", "9970000045"].map(|number| gateway.office(number));
        gateway.admin(["office", "suspend", &suspended.number, "--reason", "訓練"]);
        gateway.admin(["licence", "grant", &lapsed.number, "--from", "2024-04-01", "--until", "2025-03-31"]);
        Self { gateway, sender, recipient, suspended, lapsed }
    }

    fn plan(&self) -> Letter {
        Letter::plan(&self.sender, &self.recipient)
    }

    /// From the sender to the recipient.
    fn bad(&self, name: &'static str, why: Refusal, octets: Vec<u8>) -> Bad {
        let envelope = (self.sender.address(), vec![self.recipient.address()]);
        Bad { name, why, by: self.sender.clone(), envelope, octets }
    }

    /// The good plan under another envelope.
    fn misdirected(&self, name: &'static str, why: Refusal, from: String, to: &[&str]) -> Bad {
        let octets = self.plan().signed(&self.sender.identity);
        let envelope = (from, to.iter().map(|to| (*to).to_owned()).collect());
        Bad { name, why, by: self.sender.clone(), envelope, octets }
    }

    /// The sender's plan for another office: whether that may have it is asked once the kind of message is known.
    fn sent_to(&self, name: &'static str, why: Refusal, to: &Office) -> Bad {
        let octets = Letter::plan(&self.sender, to).signed(&self.sender.identity);
        Bad { octets, ..self.misdirected(name, why, self.sender.address(), &[&to.address()]) }
    }

    /// Another office sends a plan of its own to the recipient.
    fn sent_by(&self, name: &'static str, why: Refusal, by: &Office) -> Bad {
        let octets = Letter::plan(by, &self.recipient).signed(&by.identity);
        Bad { name, why, by: by.clone(), envelope: (by.address(), vec![self.recipient.address()]), octets }
    }

    /// What both offices and the gateway hold.
    fn held(&self) -> (Holdings, BTreeMap<(String, &'static str), u64>) {
        let mut counts = BTreeMap::new();
        for office in [&self.sender, &self.recipient] {
            let mut mailbox = Mailbox::of(&self.gateway.mailboxes(), office).expect("the mailbox opens");
            for folder in ["INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash"] {
                counts.insert((office.number.clone(), folder), mailbox.count(folder).expect("the folder is there"));
            }
        }
        (self.gateway.holdings(), counts)
    }

    fn send(&self, bad: &Bad) -> Reply {
        let mut session = Submission::of(&self.gateway.submission(), &bad.by).expect("the office logs in");
        let to: Vec<&str> = bad.envelope.1.iter().map(String::as_str).collect();
        session.send(&bad.envelope.0, &to, &bad.octets).expect("the gateway answers")
    }
}

/// A certificate for this local part, from this authority, for this time.
fn identity(authority: &Authority, name: &str, (from, until): (Timestamp, Timestamp)) -> Identity {
    let request = Request {
        common_name: name,
        rfc822_name: &format!("{name}@plans.example"),
        key: KeyKind::EcP256,
        purpose: Purpose::Mail,
        not_before: from,
        not_after: until,
    };
    authority.issue(&request).expect("the authority issues it")
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Wrong signatures and certificates (Profile §5.2, §5.3, §5.4).
fn signatures(world: &World) -> Vec<Bad> {
    let (plan, good) = (world.plan(), world.sender.identity.clone());
    let (own, foreign) =
        (world.gateway.office_authority(), Authority::create("another CA", now()).expect("an authority is made"));
    let (today, number) = ((now() - DAY, now() + DAY), world.sender.number.as_str());
    let unknown = identity(&foreign, number, today);
    let expired = identity(&own, number, (now() - DAY * 30, now() - DAY));
    let early = identity(&own, number, (now() + DAY, now() + DAY * 30));
    let unregistered = identity(&own, "9970009999", today);
    let nobody = identity(&own, "postmaster", today);
    let signed = plan.signed(&good);
    vec![
        world.bad("no signature", Refusal::NotSigned, plan.unsigned()),
        world.bad("content changed", Refusal::SignatureBroken, flip_in_content(&signed)),
        world.bad("signature changed", Refusal::SignatureBroken, flip_in_signature(&signed)),
        world.bad("unknown authority", Refusal::UnknownAuthority, plan.signed(&unknown)),
        world.bad("expired certificate", Refusal::CertificateExpired, plan.signed(&expired)),
        world.bad("certificate of tomorrow", Refusal::CertificateNotYetValid, plan.signed(&early)),
        world.bad("another office's certificate", Refusal::NotItsCertificate, plan.signed(&world.recipient.identity)),
        world.bad("unregistered office's certificate", Refusal::NotItsCertificate, plan.signed(&unregistered)),
        world.bad("certificate of no office", Refusal::CertificateNamesNobody, plan.signed(&nobody)),
    ]
}

/// Wrong ends (Profile §5.1, §5.4, §5.5, §5.6).
fn ends(world: &World) -> Vec<Bad> {
    let (sender, recipient) = (world.sender.address(), world.recipient.address());
    let mut to_itself = Letter::plan(&world.sender, &world.sender);
    to_itself.put("To", &sender);
    let to_itself = to_itself.signed(&world.sender.identity);
    let of_another = Letter::plan(&world.recipient, &world.recipient).signed(&world.recipient.identity);
    vec![
        world.misdirected("unregistered", Refusal::RecipientUnknown, sender.clone(), &["9970008888@plans.example"]),
        world.misdirected("no office", Refusal::RecipientUnknown, sender.clone(), &["someone@plans.example"]),
        world.sent_to("unlicensed", Refusal::RecipientNotLicensed, &world.lapsed),
        world.sent_to("suspended", Refusal::RecipientSuspended, &world.suspended),
        world.sent_by("suspended sender", Refusal::SenderSuspended, &world.suspended),
        world.sent_by("unlicensed sender", Refusal::SenderNotLicensed, &world.lapsed),
        world.misdirected("other domain", Refusal::OtherDomain, sender.clone(), &["9970000029@other.example"]),
        world.misdirected("another's address", Refusal::NotMandated, recipient.clone(), &[&recipient]),
        Bad {
            octets: of_another,
            ..world.misdirected("From", Refusal::EnvelopeDiffers, sender.clone(), &[&recipient])
        },
        world.misdirected("To", Refusal::EnvelopeDiffers, sender.clone(), &[&sender]),
        Bad {
            octets: to_itself,
            ..world.misdirected("itself", Refusal::RecipientIsSender, sender.clone(), &[&sender])
        },
        world.misdirected("two", Refusal::OneRecipientOnly, sender.clone(), &[&recipient, &sender]),
    ]
}

/// Wrong content (Profile §5.1, §5.7, §4.2, §4.3).
fn contents(world: &World) -> Vec<Bad> {
    let with = |change: fn(&mut Letter)| {
        let mut letter = world.plan();
        change(&mut letter);
        letter.signed(&world.sender.identity)
    };
    let renamed = |from: &str, to: &str| {
        let mut letter = world.plan();
        letter.files.iter_mut().for_each(|(name, _)| *name = name.replace(from, to));
        letter.signed(&world.sender.identity)
    };
    let two_senders = with(|letter| letter.fields.push(("From", letter.get("From").to_owned())));
    let moved = with(|letter| letter.put_outside("Date", "Wed, 25 Nov 2026 00:00:00 +0000"));
    let reworded = with(|letter| letter.put("Fumibako-Bundle", "v=1; units=results; files=4; size=3520"));
    let huge = with(|letter| letter.cover = "あ".repeat(usize::try_from(LIMIT).expect("it is small") / 3));
    let header = with(|letter| letter.fields.extend(std::iter::repeat_n(("X-Filler", "x".repeat(900)), 80)));
    vec![
        world.bad("another recipient's files", Refusal::FileNotForRecipient, renamed("9970000029", "9970000037")),
        world.bad("another sender's files", Refusal::FileNotFromSender, renamed("9970000011", "9970000037")),
        world.bad("a file is missing", Refusal::NotASendUnit, with(|letter| drop(letter.files.remove(1)))),
        world.bad("no files", Refusal::NoFiles, with(|letter| letter.files.clear())),
        world.bad("two From fields", Refusal::MessageMalformed, two_senders),
        world.bad("signed fields differ", Refusal::SignedFieldsDiffer, moved),
        world.bad("the bundle field lies", Refusal::MessageMalformed, reworded),
        world.bad("too large", Refusal::MessageTooLarge, huge),
        world.bad("long header", Refusal::HeadersTooLarge, header),
    ]
}

/// The reply is the catalogue's row; its reference is in the log too (Profile §6.1, §6.2).
fn check(world: &World, name: &str, why: Refusal, reply: &Reply) -> Option<String> {
    let row = why.row();
    let same = (reply.code, reply.enhanced.as_str()) == (row.smtp, row.enhanced)
        && reply.text.starts_with(&format!("{} {}", row.code, row.en))
        && reply.text.contains(&format!(". {}.", row.next_en));
    if !same {
        return Some(format!("{name}: said «{reply}», expected {} {} {} {}", row.smtp, row.enhanced, row.code, row.en));
    }
    let reference = reply.text.rsplit_once("(ref ").and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or_default();
    let logged = |line: &str| !reference.is_empty() && line.contains(reference) && line.contains(row.code);
    let unlogged = !world.gateway.log().lines().any(logged);
    unlogged.then(|| format!("{name}: the log does not know the reference of «{reply}»"))
}

#[test]
fn each_kind_of_bad_input_gets_its_own_reply_and_leaves_nothing() {
    let world = World::new();
    let before = world.held();
    let cases: Vec<Bad> = [signatures(&world), ends(&world), contents(&world)].into_iter().flatten().collect();
    let wrong: Vec<String> =
        cases.iter().filter_map(|bad| check(&world, bad.name, bad.why, &world.send(bad))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    // Profile §5: nothing refused is stored.
    assert_eq!(world.held(), before);
    assert_eq!(world.gateway.status()["refused"].as_u64(), Some(cases.len() as u64));
}

#[test]
fn who_does_not_log_in_sends_nothing() {
    let world = World::new();
    let (door, sender) = (world.gateway.submission(), &world.sender);
    let open = || Submission::open(&door).expect("the gateway greets");
    let from = format!("MAIL FROM:<{}>", sender.address());
    let mut said = vec![
        ("no login", Refusal::LoginNeeded, open().command(&from)),
        ("wrong password", Refusal::WrongPassword, open().login(&sender.login, "guess")),
        ("unknown user", Refusal::WrongPassword, open().login("nobody", "guess")),
        ("another's password", Refusal::WrongPassword, open().login(&sender.login, &world.recipient.password)),
    ];
    // Profile §12.1: the tenth failure locks the user ID at this address; the right password comes too late then.
    for _ in 0..8 {
        said.push(("guessing on", Refusal::WrongPassword, open().login(&sender.login, "guess")));
    }
    said.push(("locked", Refusal::TooManyFailures, open().login(&sender.login, &sender.password)));
    let said = said.into_iter().map(|(name, why, reply)| (name, why, reply.expect("the gateway answers")));
    let wrong: Vec<String> = said.filter_map(|(name, why, reply)| check(&world, name, why, &reply)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let other = Submission::of(&door, &world.recipient);
    assert!(other.is_ok(), "another user ID is not locked: {:?}", other.err());
}

#[test]
fn one_connection_more_than_allowed_is_turned_away() {
    // Profile §12.1
    let gateway = Gateway::start_with(&[Limit("connections_per_account", 2), Limit("connections_per_address", 4)]);
    let (office, door) = (gateway.office("9970000011"), gateway.submission());
    let mut held: Vec<Submission> = (0..2).map(|_| Submission::of(&door, &office).expect("it logs in")).collect();
    let mut third = Submission::open(&door).expect("it is greeted");
    let said = third.login(&office.login, &office.password).expect("the gateway answers");
    assert!(said.to_string().starts_with("421 4.7.0 E-TMP-001 "), "{said}");
    drop(third);
    // Its place is given back a moment later.
    let soon = || Deadline::after(Duration::from_secs(10)).until(|| Submission::open(&door).ok());
    held.extend((0..2).map(|_| soon().expect("it is greeted")));
    let said = Line::open_clear(&gateway.submission_clear()).and_then(|mut line| line.line()).expect("it is told");
    assert!(said.starts_with("421 4.7.0 E-TMP-001 "), "{said}");
    assert!(Submission::open(&door).is_err(), "under TLS nothing can be said; it is closed");
    held.clear();
    let again = Deadline::after(Duration::from_secs(10)).until(|| Submission::of(&door, &office).ok());
    assert!(again.is_some(), "a place is given back when its connection ends");
}

#[test]
fn a_size_that_is_declared_too_large_is_refused_before_the_message() {
    let world = World::new();
    let mut session = Submission::of(&world.gateway.submission(), &world.sender).expect("the sender logs in");
    assert!(session.offered.contains(&format!("SIZE {LIMIT}")), "{:?}", session.offered);
    let mut mail = |size| {
        let reply = session.command(&format!("MAIL FROM:<{}> SIZE={size}", world.sender.address()));
        session.command("RSET").expect("the gateway answers");
        reply.expect("the gateway answers")
    };
    assert_eq!(mail(LIMIT).code, 250);
    assert_eq!(check(&world, "declared", Refusal::MessageTooLarge, &mail(LIMIT + 1)), None);
}

#[test]
fn the_same_message_again_is_stored_once_and_another_under_its_name_never() {
    let world = World::new();
    let mut plan = world.plan();
    let octets = plan.signed(&world.sender.identity);
    let good = |octets: &[u8]| world.send(&world.bad("", Refusal::Internal, octets.to_vec()));
    // Profile §5.8, §5.9: the reply names the evidence.
    let first = good(&octets);
    assert_eq!((first.code, first.enhanced.as_str()), (250, "2.0.0"), "{first}");
    let held = world.held();
    assert_eq!(held.0.messages, 1);
    assert_eq!(held.1[&(world.recipient.number.clone(), "INBOX")], 1);
    assert_eq!(held.1[&(world.sender.number.clone(), "Sent")], 1);
    assert_eq!(good(&octets), first);
    plan.cover.push_str("追伸\r\n");
    let other = good(&plan.signed(&world.sender.identity));
    assert_eq!(check(&world, "other content", Refusal::MessageIdReused, &other), None);
    assert_eq!(world.held(), held);
}
